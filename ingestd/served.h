/* SPDX-License-Identifier: GPL-2.0-or-later */
/* served: the files that the desk lets terminals fetch, below CONF_SERVED. Each is named by its
 * SHA-256, so a name never stands for other bytes. */
#ifndef PUNCHD_INGESTD_SERVED_H
#define PUNCHD_INGESTD_SERVED_H

#include "ingestd/http.h"
#include "ingestd/range.h"
#include "lib/file_target.h"

/* Holds the state directory; what is below it may come to be later. A descriptor or a negative
 * errno. */
must_check int served_open(const char *state_dir);

/* What a request for this file is answered with; the descriptor in it belongs to the caller. 0;
 * -ENOENT when there is no such regular file, -ESTALE when it is not of the size that the desk
 * said; another negative errno. `etag` is for ret->etag to point to. */
#define SERVED_ETAG_BYTES (FILE_SHA256_BYTES + 3) /* quotes and NUL */
must_check int served_find(int state_fd, const struct file_grant *grant,
	const struct range_request *wanted, char etag[static SERVED_ETAG_BYTES],
	struct http_file *ret);

#endif

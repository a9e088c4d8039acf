/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file: the files that an administrator has laid out for terminals, CONF_FILES. */
#ifndef PUNCHD_CTL_FILE_H
#define PUNCHD_CTL_FILE_H

#include "ctl/ask.h"
#include "lib/sha256.h"

struct file_seen {
	uint64_t bytes;
	char sha256[SHA256_HEX_BYTES];
};

/* The directory, held. An exit code, said. */
int file_open_dir(const struct ask *a, int *ret_dir);
/* What put-file would send under that name. 0; -EINVAL when it cannot be ordered, with the reason;
 * another negative errno when it cannot be read. */
must_check int file_look(int dir, const char *name, struct file_seen *ret, const char **ret_why);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* served: the files that the desk lets terminals fetch. */
#include "ingestd/served.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/io.h"

int served_open(const char *state_dir)
{
	int fd = open(state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int check(int fd, uint64_t bytes)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOENT;
	return (uint64_t)st.st_size == bytes ? 0 : -ESTALE;
}

static int open_file(int state_fd, const struct file_grant *grant)
{
	char path[sizeof(CONF_SERVED "/") + FILE_SHA256_BYTES];

	snprintf(path, sizeof(path), CONF_SERVED "/%.*s", SPAN_ARG(grant->sha256));
	int fd = io_open_beneath(state_fd, path);
	int rc = fd < 0 ? fd : check(fd, grant->bytes);
	if (rc < 0)
		io_close(fd);
	return rc < 0 ? rc : fd;
}

int served_find(int state_fd, const struct file_grant *grant, const struct range_request *wanted,
	char etag[static SERVED_ETAG_BYTES], struct http_file *ret)
{
	snprintf(etag, SERVED_ETAG_BYTES, "\"%.*s\"", SPAN_ARG(grant->sha256));
	int fd = open_file(state_fd, grant);
	if (fd < 0)
		return fd;
	struct range r = range_decide(wanted, grant->bytes, etag);
	if (r.status == 304 || r.status == 416) {
		io_close(fd);
		fd = -1;
	}
	*ret = (struct http_file){.status = r.status,
		.fd = fd,
		.size = grant->bytes,
		.from = r.from,
		.length = r.length,
		.etag = etag};
	return 0;
}

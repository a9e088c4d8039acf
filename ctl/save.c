/* SPDX-License-Identifier: GPL-2.0-or-later */
/* save: names that are made of what terminals say reach the disk through names of ours only. */
#include "ctl/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/fail.h"
#include "lib/io.h"

#define PHOTO_MAX_BYTES ((size_t)256 * 1024 * 1024)
#define PATH_MAX_BYTES  ((size_t)4096)

int save_open(const char *path, int *ret_dir)
{
	int rc = io_make_dir(path, 0700);
	int dir = rc < 0 ? rc : io_open_dir(AT_FDCWD, path);
	if (dir < 0)
		return fail_at(dir, "write into", path);
	*ret_dir = dir;
	return EX_OK;
}

/* The directory `name` in `at`, made if need be; `at` is closed. A descriptor or a negative errno.
 */
static int enter(int at, const char *name)
{
	int rc = mkdirat(at, name, 0700) < 0 && errno != EEXIST ? -errno : 0;
	int dir = rc < 0 ? rc : openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (rc == 0 && dir < 0)
		dir = -errno;
	io_close(at);
	return dir;
}

int save_file(int dir, const char *path, struct span bytes)
{
	char part[256];
	const char *slash;
	int at = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	if (at < 0)
		return -errno;
	while (at >= 0 && (slash = strchr(path, '/'))) {
		if ((size_t)(slash - path) >= sizeof(part)) {
			io_close(at);
			return -ENAMETOOLONG;
		}
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		at = enter(at, part);
		path = slash + 1;
	}
	if (at < 0)
		return at;
	int rc = io_replace_file(at, path, bytes, 0600);
	io_close(at);
	return rc;
}

bool save_left_out(int rc, const char *path)
{
	if (rc == -ENAMETOOLONG)
		fail_note("left out, for its name is too long: %s", path);
	return rc == -ENAMETOOLONG;
}

int save_open_photos(const struct ask *a, int *ret_dir)
{
	char *path = conf_join(a->conf.state_dir, CONF_PHOTOS);
	int dir = path ? io_open_dir(AT_FDCWD, path) : -ENOMEM;
	int code = EX_OK;
	if (dir < 0 && dir != -ENOENT)
		code = fail_at(dir, "read", path ? path : "the photos");
	free(path);
	*ret_dir = dir < 0 ? -1 : dir;
	return code;
}

static int read_photo(int photos, const char *path, struct buf *into)
{
	int fd = openat(photos, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : io_read_all(fd, into);
	io_close(fd);
	return rc;
}

int save_photo(int photos, const struct photo *p, int dir)
{
	struct buf path = buf_with_max(PATH_MAX_BYTES), bytes = buf_with_max(PHOTO_MAX_BYTES);
	int rc = photos < 0 ? -ENOENT : photo_path(p, &path);
	if (rc == 0)
		rc = buf_add(&path, "", 1);
	if (rc == 0)
		rc = read_photo(photos, path.ptr, &bytes);
	if (rc == 0)
		rc = save_file(dir, path.ptr, buf_span(&bytes));
	buf_free(&path);
	buf_free(&bytes);
	return rc;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* admit: the admission list in memory, sorted. */
#include "ingestd/admit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/io.h"
#include "lib/serial.h"

#define LIST_MAX_BYTES (64u * 1024 * 1024)
#define LIST_MAGIC     "punchd-admission 1"

struct serial {
	char text[SERIAL_MAX + 1];
};

struct admit {
	bool any;
	int dir_fd; /* held: after the sandbox only openat beneath it */
	char name[64];
	struct stat seen; /* of the list in memory; zero when none was ever read */
	struct serial *serials;
	size_t count;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct serial *)a)->text, ((const struct serial *)b)->text);
}

/* The list's bytes as a sorted array. Anything odd makes the whole list unbelievable. */
static int parse(struct span text, struct serial **ret_serials, size_t *ret_count)
{
	struct span line;
	size_t count = 0, room = 0;
	struct serial *list = NULL;
	if (!span_next_line(&text, &line) || !span_is(line, LIST_MAGIC))
		return -EBADMSG;
	while (span_next_line(&text, &line)) {
		if (count == room) {
			room = room ? room * 2 : 256;
			struct serial *more = reallocarray(list, room, sizeof(*list));
			if (!more) {
				free(list);
				return -ENOMEM;
			}
			list = more;
		}
		if (!serial_valid(line)) {
			free(list);
			return -EBADMSG;
		}
		memset(&list[count], 0, sizeof(list[count]));
		memcpy(list[count++].text, line.ptr, line.len);
	}
	if (count)
		qsort(list, count, sizeof(*list), by_text);
	*ret_serials = list;
	*ret_count = count;
	return 0;
}

static bool unchanged(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int read_list(struct admit *a, int fd)
{
	struct serial *serials = NULL;
	size_t count = 0;
	struct buf text = buf_with_max(LIST_MAX_BYTES);
	int rc = io_read_all(fd, &text);
	if (rc == 0)
		rc = parse(buf_span(&text), &serials, &count);
	buf_free(&text);
	if (rc < 0)
		return rc;
	free(a->serials);
	a->serials = serials;
	a->count = count;
	return 1;
}

int admit_refresh(struct admit *a)
{
	struct stat st;
	if (a->any)
		return 0;
	int fd = openat(a->dir_fd, a->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	int rc = fstat(fd, &st) < 0 ? -errno : 0;
	if (rc == 0 && !unchanged(&st, &a->seen)) {
		rc = read_list(a, fd);
		/* A bad list is complained of once; one that could not be read is tried again. */
		if (rc > 0 || rc == -EBADMSG || rc == -EMSGSIZE)
			a->seen = st;
	}
	io_close(fd);
	return rc;
}

int admit_open(const char *path, bool any, struct admit **ret)
{
	struct admit *a = calloc(1, sizeof(*a));
	const char *slash = strrchr(path, '/');
	if (!a)
		return -ENOMEM;
	a->any = any;
	a->dir_fd = -1;
	if (any) {
		*ret = a;
		return 0;
	}
	char *dir = strndup(path, (size_t)(slash - path));
	a->dir_fd = dir ? open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	int rc = a->dir_fd < 0 ? (dir ? -errno : -ENOMEM) : 0;
	free(dir);
	if (rc == 0 && strlen(slash + 1) >= sizeof(a->name))
		rc = -ENAMETOOLONG;
	if (rc == 0) {
		strncpy(a->name, slash + 1, sizeof(a->name) - 1);
		rc = admit_refresh(a);
		/* A bad list lets nobody in; the next look at it tells so. */
		if (rc == -EBADMSG || rc == -EMSGSIZE) {
			a->seen = (struct stat){0};
			rc = 0;
		}
	}
	if (rc < 0) {
		admit_close(a);
		return rc;
	}
	*ret = a;
	return 0;
}

bool admit_has(const struct admit *a, const char *serial)
{
	struct serial key = {{0}};
	if (a->any)
		return true;
	if (strlen(serial) > SERIAL_MAX)
		return false;
	strncpy(key.text, serial, SERIAL_MAX);
	return a->count && bsearch(&key, a->serials, a->count, sizeof(key), by_text);
}

size_t admit_count(const struct admit *a)
{
	return a->count;
}

void admit_close(struct admit *a)
{
	io_close(a->dir_fd);
	free(a->serials);
	free(a);
}

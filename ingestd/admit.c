/* SPDX-License-Identifier: GPL-2.0-or-later */
/* admit: the admission list in memory, sorted. */
#include "ingestd/admit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/io.h"
#include "lib/network.h"
#include "lib/serial.h"

#define LIST_MAX_BYTES (64u * 1024 * 1024)
#define MAGIC_SERIALS  "punchd-admission 1" /* nothing but serials */
#define MAGIC_NETWORKS "punchd-admission 2"

struct entry {
	uint32_t
		networks; /* where its list begins in the list's networks; 0: none, from anywhere */
	char serial[SERIAL_MAX + 1];
};

struct list {
	struct entry *entries; /* sorted */
	size_t count, room;
	struct buf networks; /* the lists of those who have one, each with a NUL; one more before
				them */
};

struct admit {
	bool any;
	int dir_fd; /* held: after the sandbox only openat beneath it */
	char name[64];
	struct stat seen; /* of the list in memory; zero when none was ever read */
	struct list list;
};

/* ---- from bytes to a list ---- */

static int by_serial(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->serial, ((const struct entry *)b)->serial);
}

static void list_free(struct list *l)
{
	buf_free(&l->networks);
	free(l->entries);
}

static int make_room(struct list *l)
{
	size_t room = l->room ? l->room * 2 : 256;
	struct entry *more;

	if (l->count < l->room)
		return 0;
	more = reallocarray(l->entries, room, sizeof(*more));
	if (!more)
		return -ENOMEM;
	l->entries = more;
	l->room = room;
	return 0;
}

static int keep_networks(struct list *l, struct span networks, uint32_t *ret_at)
{
	int rc = l->networks.len ? 0 : buf_add(&l->networks, "", 1);
	size_t at = l->networks.len;

	if (rc == 0)
		rc = buf_add_span(&l->networks, networks);
	if (rc == 0)
		rc = buf_add(&l->networks, "", 1);
	if (rc == 0)
		*ret_at = (uint32_t)at;
	return rc;
}

/* "SERIAL", and where `may_have_networks` also "SERIAL NETWORK,NETWORK". */
static int parse_line(struct list *l, struct span line, bool may_have_networks)
{
	struct entry e = {0};
	struct span serial;

	if (!span_next(&line, ' ', &serial) || !serial_valid(serial))
		return -EBADMSG;
	if (line.ptr && (!may_have_networks || span_has(line, ' ') || !network_list_valid(line)))
		return -EBADMSG;
	memcpy(e.serial, serial.ptr, serial.len);
	int rc = line.ptr ? keep_networks(l, line, &e.networks) : 0;
	if (rc == 0)
		rc = make_room(l);
	if (rc == 0)
		l->entries[l->count++] = e;
	return rc;
}

/* Of two lines for one serial nobody could say which holds. */
static bool says_twice(const struct list *l)
{
	for (size_t i = 1; i < l->count; i++)
		if (by_serial(&l->entries[i - 1], &l->entries[i]) == 0)
			return true;
	return false;
}

/* Anything odd makes the whole list unbelievable. */
static int parse(struct span text, struct list *l)
{
	struct span line = {NULL, 0};
	bool networks, head = span_next_line(&text, &line);
	int rc = 0;

	networks = span_is(line, MAGIC_NETWORKS);
	if (!head || (!networks && !span_is(line, MAGIC_SERIALS)))
		return -EBADMSG;
	while (rc == 0 && span_next_line(&text, &line))
		rc = parse_line(l, line, networks);
	if (rc < 0)
		return rc;
	if (l->count)
		qsort(l->entries, l->count, sizeof(*l->entries), by_serial);
	return networks && says_twice(l) ? -EBADMSG : 0;
}

/* ---- from the file ---- */

static bool unchanged(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int read_list(struct admit *a, int fd)
{
	struct list fresh = {.networks = buf_with_max(2 * LIST_MAX_BYTES)};
	struct buf text = buf_with_max(LIST_MAX_BYTES);
	int rc = io_read_all(fd, &text);
	if (rc == 0)
		rc = parse(buf_span(&text), &fresh);
	buf_free(&text);
	if (rc < 0) {
		list_free(&fresh);
		return rc;
	}
	list_free(&a->list);
	a->list = fresh;
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

/* ---- asking ---- */

static const struct entry *find(const struct list *l, const char *serial)
{
	struct entry key = {0};

	if (strlen(serial) > SERIAL_MAX || l->count == 0)
		return NULL;
	memcpy(key.serial, serial, strlen(serial));
	return bsearch(&key, l->entries, l->count, sizeof(key), by_serial);
}

enum admit_verdict admit_ask(const struct admit *a, const char *serial, const char *peer)
{
	const struct entry *e = a->any ? NULL : find(&a->list, serial);

	if (a->any)
		return ADMIT_IN;
	if (!e)
		return ADMIT_UNKNOWN;
	if (e->networks &&
		!network_list_has(span_str(a->list.networks.ptr + e->networks), span_str(peer)))
		return ADMIT_ELSEWHERE;
	return ADMIT_IN;
}

size_t admit_count(const struct admit *a)
{
	return a->list.count;
}

void admit_close(struct admit *a)
{
	io_close(a->dir_fd);
	list_free(&a->list);
	free(a);
}

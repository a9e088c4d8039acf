/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scan: the directory is the truth. It may hold millions of files; the list holds the first ones in
 * order. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/io.h"
#include "spool/spool.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(
		((const struct spool_listed *)a)->name, ((const struct spool_listed *)b)->name);
}

static void cut(struct spool_list *l, size_t most)
{
	if (l->count)
		qsort(l->items, l->count, sizeof(*l->items), by_name);
	for (; l->count > most; l->count--)
		free(l->items[l->count - 1].name);
}

/* What the consumer itself keeps beside its files. */
static bool is_beside(enum spool_state state, const char *name)
{
	const char *suffix = state == SPOOL_BAD ? ".why" : state == SPOOL_CUR ? ".try" : NULL;
	size_t len = strlen(name);
	if (!suffix || len <= strlen(suffix) || strcmp(name + len - strlen(suffix), suffix) != 0)
		return false;
	return spool_name_valid(span_of(name, len - strlen(suffix)), NULL);
}

/* File systems that do not tell the type are asked. */
static bool is_dir(int dir_fd, const struct dirent *d)
{
	struct stat st;
	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_DIR;
	return fstatat(dir_fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Directories where others may make them: so many are listed, and no more. */
static size_t dirs_to_list(enum spool_state state, size_t most)
{
	bool others_may = state == SPOOL_TMP || state == SPOOL_NEW;
	return others_may && most < SPOOL_SCAN_ALL ? SPOOL_SCAN_DIRS : SIZE_MAX;
}

/* Room for twice as many as are wanted: it is sorted and cut only when it is full. */
static int add(struct spool_list *l, size_t *room, size_t most, const char *name)
{
	if (l->count == *room && *room >= 2 * most)
		cut(l, most);
	if (l->count == *room) {
		size_t more = *room ? *room * 2 : 64;
		struct spool_listed *items = realloc(l->items, more * sizeof(*items));
		if (!items)
			return -ENOMEM;
		l->items = items;
		*room = more;
	}
	char *copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	l->items[l->count++].name = copy;
	return 0;
}

int spool_scan(const struct spool *s, enum spool_state state, size_t most, struct spool_list *ret)
{
	struct spool_list l = {0};
	size_t room = 0;
	if (s->dirs[state] < 0)
		return -EACCES;
	/* A descriptor of its own: the one that is held keeps no reading position. */
	int fd = io_open_dir(s->dirs[state], ".");
	if (fd < 0)
		return fd;
	DIR *dir = fdopendir(fd);
	if (!dir) {
		int rc = -errno;
		io_close(fd);
		return rc;
	}
	int rc = 0;
	size_t dirs_left = dirs_to_list(state, most);
	struct dirent *d;
	while (rc == 0 && (errno = 0, d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
			is_beside(state, d->d_name))
			continue;
		l.total++;
		if (dirs_left < SIZE_MAX && is_dir(fd, d)) {
			if (dirs_left == 0)
				continue;
			dirs_left--;
		}
		rc = add(&l, &room, most, d->d_name);
	}
	if (rc == 0 && errno)
		rc = -errno;
	closedir(dir);
	if (rc < 0) {
		spool_list_free(&l);
		return rc;
	}
	cut(&l, most);
	*ret = l;
	return 0;
}

void spool_list_free(struct spool_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->items[i].name);
	free(l->items);
	*l = (struct spool_list){0};
}

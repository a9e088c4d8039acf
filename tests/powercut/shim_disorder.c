/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shim_disorder: preloaded into a daemon while it is recorded, it breaks the order of durability,
 * so that it can be seen that the power cuts find it. PUNCHD_DISORDER says how. In ingestd:
 *   no-file-sync    a file is not synced before it is renamed to new/
 *   no-dir-sync     new/ is not synced before the answer
 *   rename-first    the file is renamed to new/, and synced a moment later
 *   ok-first        the answer goes out, and the file is renamed a moment later
 * In parserd and cmdqd:
 *   no-commit-sync  LMDB syncs no commit, as with MDB_NOSYNC
 *   retire-first    the file goes to done/, and the commit is synced a moment later
 *   unsynced-birth  a new environment bears its name before it is synced */
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOMENT_MS 60 /* long enough for others to sync what they have */

static const char *fault = "";
static int postponed_fd = -1;
static bool birth; /* from the first opening of a new environment until it has its name */

__attribute__((constructor)) static void read_fault(void)
{
	fault = getenv("PUNCHD_DISORDER");
	if (!fault)
		abort();
}

static bool is(const char *name)
{
	return strcmp(fault, name) == 0;
}

static bool is_dir(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_birth_path(const char *path)
{
	return strstr(path, ".birth-") != NULL;
}

static void wait_a_moment(void)
{
	(void)poll(NULL, 0, MOMENT_MS);
}

static void postpone(int fd)
{
	if (postponed_fd < 0)
		postponed_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* what the sandbox lets it call */
}

static void make_up(void)
{
	if (postponed_fd < 0)
		return;
	wait_a_moment();
	(void)syscall(SYS_fsync, postponed_fd);
	close(postponed_fd);
	postponed_fd = -1;
}

int fsync(int fd)
{
	if ((is("no-file-sync") && !is_dir(fd)) || (is("no-dir-sync") && is_dir(fd)) ||
		(is("unsynced-birth") && birth))
		return 0;
	if (is("rename-first") && !is_dir(fd)) {
		postpone(fd);
		return 0;
	}
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	if (birth ? is("unsynced-birth") : is("no-commit-sync"))
		return 0;
	/* The pages, but not yet the meta page, which makes a commit of them. */
	if (is("retire-first") && !birth)
		postpone(fd);
	return (int)syscall(SYS_fdatasync, fd);
}

/* LMDB writes its meta pages through a descriptor that syncs by itself. */
static int without_sync(const char *path, int flags)
{
	bool newborn = is_birth_path(path);

	birth |= newborn;
	if (newborn ? is("unsynced-birth") : is("no-commit-sync") || is("retire-first"))
		flags &= ~(O_DSYNC | O_SYNC);
	return flags;
}

int open64(const char *path, int flags, ...)
{
	va_list args;

	va_start(args, flags);
	int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, int) : 0;
	va_end(args);
	return (int)syscall(SYS_openat, AT_FDCWD, path, without_sync(path, flags), mode);
}

int open(const char *path, int flags, ...) __attribute__((alias("open64")));

int rename(const char *old, const char *new)
{
	if (is_birth_path(old))
		birth = false;
	return (int)syscall(SYS_rename, old, new);
}

struct rename {
	int from, to;
	char old[128], new[128];
	unsigned flags;
};

static int do_rename(const struct rename *r)
{
	return (int)syscall(SYS_renameat2, r->from, r->old, r->to, r->new, r->flags);
}

static void *rename_later(void *context)
{
	wait_a_moment();
	(void)do_rename(context);
	free(context);
	return NULL;
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
	struct rename r = {.from = from, .to = to, .flags = flags};
	struct rename *copy;
	pthread_t thread;

	snprintf(r.old, sizeof(r.old), "%s", old);
	snprintf(r.new, sizeof(r.new), "%s", new);
	if (is("ok-first")) {
		copy = malloc(sizeof(*copy));
		if (!copy)
			abort();
		*copy = r;
		if (pthread_create(&thread, NULL, rename_later, copy) != 0)
			abort();
		pthread_detach(thread);
		return 0;
	}
	int rc = do_rename(&r);
	make_up();
	return rc;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shim_fault: preloaded into a daemon, it lets some of its system calls fail. The file PUNCHD_FAULT
 * is a struct plan, shared with the test, which arms it at any moment: of the calls of one kind
 * that come then (DISK: of all that need one) the `first` one and as many as `times` says from it
 * on fail with `error`, and nothing of them is done.
 *
 * It also watches for what must never be: that a file whose sync has failed is synced again as if
 * nothing had been, with nothing written to it in between. The kernel may have dropped its pages.
 * Of a directory that is no fault: whoever waited for the failed one is told so, and the next sync
 * is for other names. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
	NONE,
	OPENAT,
	WRITE,
	PWRITE,
	FSYNC,
	FDATASYNC,
	RENAME,
	MKDIR,
	LAST_OF_DISK = MKDIR,
	MMAP,
	ACCEPT,
	SOCKETPAIR,
	FORK,
	PIDFD_OPEN,
	DISK,
};

struct plan {
	/* of the test */
	_Atomic int64_t kind; /* NONE: nothing fails */
	_Atomic int64_t error, first, times;
	/* of the daemon */
	_Atomic int64_t seen, failed, resynced;
};

static struct plan *plan;

__attribute__((constructor)) static void open_plan(void)
{
	const char *path = getenv("PUNCHD_FAULT");
	int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
	void *at = MAP_FAILED;

	if (fd >= 0)
		at = (void *)syscall(
			SYS_mmap, NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		abort();
	close(fd);
	plan = at;
}

static bool is_meant(enum kind kind)
{
	return plan->kind == kind || (plan->kind == DISK && kind <= LAST_OF_DISK);
}

static bool fails(enum kind kind)
{
	if (!plan || !is_meant(kind))
		return false;
	int64_t number = ++plan->seen;
	if (number < plan->first || number >= plan->first + plan->times)
		return false;
	plan->failed++;
	errno = (int)plan->error;
	return true;
}

/* ---- files whose sync has failed ---- */

#define UNSYNCED_MAX 4096

static struct unsynced {
	dev_t dev;
	ino_t ino;
} unsynced[UNSYNCED_MAX];
static unsigned unsynced_count;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static int find(const struct stat *st)
{
	for (unsigned i = 0; i < unsynced_count; i++)
		if (unsynced[i].dev == st->st_dev && unsynced[i].ino == st->st_ino)
			return (int)i;
	return -1;
}

static bool is_file(int fd, struct stat *ret)
{
	return fstat(fd, ret) == 0 && S_ISREG(ret->st_mode);
}

/* The sync of it has failed: after the last of them nobody is watched over, so there must be room.
 */
static void remember(int fd)
{
	struct stat st;

	pthread_mutex_lock(&mutex);
	if (is_file(fd, &st) && find(&st) < 0) {
		if (unsynced_count == UNSYNCED_MAX)
			abort();
		unsynced[unsynced_count++] = (struct unsynced){st.st_dev, st.st_ino};
	}
	pthread_mutex_unlock(&mutex);
}

/* True when it was one of them. Its number may be that of a new file later. */
static bool forget(int fd)
{
	struct stat st;
	int i = -1;

	pthread_mutex_lock(&mutex);
	if (unsynced_count > 0 && is_file(fd, &st) && (i = find(&st)) >= 0)
		unsynced[i] = unsynced[--unsynced_count];
	pthread_mutex_unlock(&mutex);
	return i >= 0;
}

static int sync_by(enum kind kind, long number, int fd)
{
	int rc = fails(kind) ? -1 : (int)syscall(number, fd);
	int error = errno;

	if (rc < 0)
		remember(fd);
	else if (forget(fd))
		plan->resynced++;
	errno = error;
	return rc;
}

int fsync(int fd)
{
	return sync_by(FSYNC, SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return sync_by(FDATASYNC, SYS_fdatasync, fd);
}

/* ---- opening and making ---- */

static int open_by(int at, const char *name, int flags, mode_t mode)
{
	if (fails(OPENAT))
		return -1;
	int fd = (int)syscall(SYS_openat, at, name, flags, mode);
	int error = errno;

	if (fd >= 0 && flags & O_EXCL)
		(void)forget(fd);
	errno = error;
	return fd;
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

#define OPENS(name, parameters, at, path)                                \
	int name parameters                                              \
	{                                                                \
		va_list args;                                            \
                                                                         \
		va_start(args, flags);                                   \
		int fd = open_by(at, path, flags, mode_of(flags, args)); \
		va_end(args);                                            \
		return fd;                                               \
	}

OPENS(open, (const char *path, int flags, ...), AT_FDCWD, path)
OPENS(open64, (const char *path, int flags, ...), AT_FDCWD, path)
OPENS(openat, (int at, const char *path, int flags, ...), at, path)
OPENS(openat64, (int at, const char *path, int flags, ...), at, path)

int mkdir(const char *path, mode_t mode)
{
	return fails(MKDIR) ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int mkdirat(int at, const char *path, mode_t mode)
{
	return fails(MKDIR) ? -1 : (int)syscall(SYS_mkdirat, at, path, mode);
}

/* ---- writing; what goes to the log does not count ---- */

static bool write_fails(enum kind kind, int fd)
{
	if (fd == STDERR_FILENO)
		return false;
	if (fails(kind))
		return true;
	(void)forget(fd);
	return false;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	return write_fails(WRITE, fd) ? -1 : syscall(SYS_write, fd, bytes, len);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	return write_fails(WRITE, fd) ? -1 : syscall(SYS_writev, fd, parts, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	return write_fails(PWRITE, fd) ? -1 : syscall(SYS_pwrite64, fd, bytes, len, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
	return write_fails(PWRITE, fd) ? -1 : syscall(SYS_pwrite64, fd, bytes, len, at);
}

/* ---- renaming ---- */

int rename(const char *old, const char *new)
{
	return fails(RENAME) ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, old, AT_FDCWD, new, 0);
}

int renameat(int from, const char *old, int to, const char *new)
{
	return fails(RENAME) ? -1 : (int)syscall(SYS_renameat2, from, old, to, new, 0);
}

int renameat2(int from, const char *old, int to, const char *new, unsigned int flags)
{
	return fails(RENAME) ? -1 : (int)syscall(SYS_renameat2, from, old, to, new, flags);
}

/* ---- memory and connections ---- */

static void *map(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
	if (fails(MMAP))
		return MAP_FAILED;
	return (void *)syscall(SYS_mmap, at, len, protection, flags, fd, offset);
}

void *mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
	return map(at, len, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t len, int protection, int flags, int fd, off64_t offset)
{
	return map(at, len, protection, flags, fd, offset);
}

int accept(int fd, struct sockaddr *from, socklen_t *len)
{
	return fails(ACCEPT) ? -1 : (int)syscall(SYS_accept4, fd, from, len, 0);
}

int accept4(int fd, struct sockaddr *from, socklen_t *len, int flags)
{
	return fails(ACCEPT) ? -1 : (int)syscall(SYS_accept4, fd, from, len, flags);
}

int socketpair(int family, int type, int protocol, int ret[2])
{
	return fails(SOCKETPAIR) ? -1 : (int)syscall(SYS_socketpair, family, type, protocol, ret);
}

/* ---- processes ---- */

/* Not by its number: the C library has things to do on both sides. */
pid_t fork(void)
{
	pid_t (*real)(void) = (pid_t(*)(void))(uintptr_t)dlsym(RTLD_NEXT, "fork");

	return fails(FORK) ? -1 : real();
}

int pidfd_open(pid_t pid, unsigned int flags)
{
	return fails(PIDFD_OPEN) ? -1 : (int)syscall(SYS_pidfd_open, pid, flags);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shim_sync: preloaded into a daemon, it breaks the order of durability on purpose, so that it can
 * be seen that the tests notice. PUNCHD_SHIM says how:
 *   skip-file  the fsync of a file is not done
 *   skip-dir   the fsync of a directory is not done
 *   late-file  the fsync of a file returns at once and is done later
 *   late-dir   the same for a directory: the answer goes out before
 *   slow       every fsync takes half a second longer; nothing is broken
 * Here too only what ingestd's sandbox knows may be called. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int real_fsync(int fd)
{
	return (int)syscall(SYS_fsync, fd);
}

static void wait_ms(long ms)
{
	(void)poll(NULL, 0, (int)ms);
}

static void *sync_later(void *arg)
{
	int fd = (int)(intptr_t)arg;

	wait_ms(700);
	(void)!real_fsync(fd);
	close(fd);
	return NULL;
}

static int later(int fd)
{
	pthread_t thread;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy < 0 || pthread_create(&thread, NULL, sync_later, (void *)(intptr_t)copy) != 0)
		return real_fsync(fd);
	pthread_detach(thread);
	return 0;
}

int fsync(int fd)
{
	const char *how = getenv("PUNCHD_SHIM");
	struct stat st;
	const char *what;

	if (!how || fstat(fd, &st) < 0)
		return real_fsync(fd);
	what = S_ISDIR(st.st_mode) ? "-dir" : "-file";
	if (strcmp(how, "slow") == 0)
		wait_ms(500);
	else if (strncmp(how, "skip", 4) == 0 && strcmp(how + 4, what) == 0)
		return 0;
	else if (strncmp(how, "late", 4) == 0 && strcmp(how + 4, what) == 0)
		return later(fd);
	return real_fsync(fd);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shim_kill: preloaded into cmdqd, it kills it with SIGKILL at one step of its work, and always at
 * the same. PUNCHD_KILL says at which, as "STEP INODE":
 *   before-rename, after-rename  of the first file that goes into the directory INODE
 *   before-commit, after-commit  of the first transaction behind such a rename
 *   before-send, after-send      of the first answer with commands in it; the inode does not count
 * The rename is done but not synced when its after- comes, as with any kill -9. */
#include <dlfcn.h>
#include <lmdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char step[32];
static unsigned long long inode;
static bool renamed;

__attribute__((constructor)) static void read_step(void)
{
	const char *how = getenv("PUNCHD_KILL");

	if (!how || sscanf(how, "%31s %llu", step, &inode) != 2)
		abort();
}

static void die_at(const char *here)
{
	if (strcmp(step, here) == 0)
		raise(SIGKILL); /* and not kill(), which the sandbox does not know */
}

static bool is_the_directory(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_ino == inode;
}

int renameat2(int from, const char *old, int to, const char *new, unsigned int flags)
{
	bool here = is_the_directory(to);

	if (here)
		die_at("before-rename");
	int rc = (int)syscall(SYS_renameat2, from, old, to, new, flags);
	if (rc == 0 && here) {
		renamed = true;
		die_at("after-rename");
	}
	return rc;
}

int mdb_txn_commit(MDB_txn *txn)
{
	int (*real)(MDB_txn *) = (int (*)(MDB_txn *))dlsym(RTLD_NEXT, "mdb_txn_commit");

	if (renamed)
		die_at("before-commit");
	int rc = real(txn);
	if (renamed)
		die_at("after-commit");
	return rc;
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	bool commands = memmem(bytes, len, "C:", 2) != NULL;

	if (commands)
		die_at("before-send");
	ssize_t sent = sendto(fd, bytes, len, flags, NULL, 0);
	if (sent >= 0 && commands)
		die_at("after-send");
	return sent;
}

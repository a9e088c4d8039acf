/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shim_step: preloaded into parserd, it kills it with SIGKILL before one step of its work that a
 * disk could notice. PUNCHD_STEP says before which, counted from 1 and from the start: an fsync, a
 * commit, or the making, renaming or removing of a name. */
#include <dlfcn.h>
#include <lmdb.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void step(void)
{
	static unsigned long done, last;

	if (last == 0) {
		const char *how = getenv("PUNCHD_STEP");
		last = how ? strtoul(how, NULL, 10) : 0;
		if (last == 0)
			abort();
	}
	if (++done == last)
		raise(SIGKILL); /* and not kill(), which the sandbox does not know */
}

int fsync(int fd)
{
	step();
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	step();
	return (int)syscall(SYS_fdatasync, fd);
}

int mkdirat(int at, const char *name, mode_t mode)
{
	step();
	return (int)syscall(SYS_mkdirat, at, name, mode);
}

int renameat(int from, const char *old, int to, const char *new)
{
	step();
	return (int)syscall(SYS_renameat2, from, old, to, new, 0);
}

int renameat2(int from, const char *old, int to, const char *new, unsigned int flags)
{
	step();
	return (int)syscall(SYS_renameat2, from, old, to, new, flags);
}

int unlinkat(int at, const char *name, int flags)
{
	step();
	return (int)syscall(SYS_unlinkat, at, name, flags);
}

int mdb_txn_commit(MDB_txn *txn)
{
	int (*real)(MDB_txn *) = (int (*)(MDB_txn *))dlsym(RTLD_NEXT, "mdb_txn_commit");

	step();
	return real(txn);
}

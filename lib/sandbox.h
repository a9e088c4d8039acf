/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sandbox: what a daemon gives up before it says that it is ready. docs/TRUST.md
 *
 * daemon_confine() (lib/daemon.h) does all of it in the right order; the pieces are for a child
 * that is to be another program's process. Nothing here can be taken back, and there is no switch.
 */
#ifndef PUNCHD_LIB_SANDBOX_H
#define PUNCHD_LIB_SANDBOX_H

#include <stdint.h>

#include "lib/span.h"

/* ---- sandbox.c: privileges and limits ---- */

/* Gives up all capabilities and the way back to any (no_new_privs, empty bounding set where
 * allowed), core dumps, being traced by others, raising the limit of descriptors, and, where the
 * kernel can, making any memory executable that was not. 0 or a negative errno: then the daemon
 * must not go on. */
must_check int sandbox_enter(void);

/* For a daemon of one thread: no further one and no process. 0 or a negative errno. */
must_check int sandbox_stay_alone(void);

/* For a daemon that has all it will ever need: alone, no more descriptors but one, and no byte into
 * any file. The one descriptor is what libsystemd opens, and closes again, to tell the service
 * manager something. Files may be written to while stderr is one, for the log's sake. 0 or a
 * negative errno. */
must_check int sandbox_open_nothing(void);

/* Raises the limit of open descriptors as far as it may go, up to `wanted`; gives the limit that
 * holds now. Only before sandbox_enter. */
unsigned sandbox_raise_descriptors(unsigned wanted);

/* ---- sandbox_reach.c: which files, by Landlock ---- */

enum sandbox_may {
	SANDBOX_LIST = 1,      /* read lists of names */
	SANDBOX_READ = 2,      /* files */
	SANDBOX_WRITE = 4,     /* to files that are there */
	SANDBOX_MAKE = 8,      /* files, or rename them to here */
	SANDBOX_REMOVE = 16,   /* files, or rename them away from here */
	SANDBOX_MAKE_DIR = 32, /* directories, and remove them */
	SANDBOX_MAKE_ANY = 64, /* links, sockets and the like: to move what others left */
	SANDBOX_MOVE = 128,    /* to or from another directory that has this too; what is moved may
				  not gain anything by it */
	SANDBOX_EXECUTE = 256, /* programs */
	/* What the consumer of a spool needs of it. */
	SANDBOX_CONSUME = 255,
};

/* A directory with all that is beneath it, or a file: where `path` is, or else what `fd` holds. One
 * with neither (NULL, -1) is passed over, so that what could not be opened needs no case of its
 * own.
 */
struct sandbox_place {
	const char *path;
	int fd;
	unsigned may; /* enum sandbox_may, added up */
};

/* From now on this thread, and what it starts, opens nothing but what is in one of the places,
 * whatever it holds; binds and connects no TCP socket; reaches no abstract socket and signals no
 * process of others. What is open stays open. The last two need newer kernels and are left out
 * where they are not offered.
 *
 * 1; 0 when the kernel offers no Landlock with which files can be moved between directories (ABI
 * 2): then nothing was given up; or a negative errno, -ENOENT when a path is not there. */
must_check int sandbox_reach(const struct sandbox_place *places, size_t place_count);

/* ---- sandbox_filter.c: which system calls, by seccomp ---- */

/* A condition on an argument, by its low 32 bits: those of `mask` are `value`. */
struct sandbox_arg {
	unsigned char index;
	uint32_t mask, value;
};

/* One system call; lib/sandbox_table.h writes it down. It stands several times when one of several
 * conditions is enough. */
struct sandbox_call {
	const char *name;
	int refuse; /* 0: it may be called. Else the errno that it hears, instead of the end */
	unsigned char arg_count;
	struct sandbox_arg args[2]; /* all must hold */
};

/* Tables that several daemons share; each ends with a NULL name. sandbox_tables.c */
extern const struct sandbox_call
	sandbox_program[];                        /* memory, time, log, service manager, the end */
extern const struct sandbox_call sandbox_files[]; /* beneath held directories: a spool's */
extern const struct sandbox_call sandbox_store[]; /* an LMDB environment that is open */

/* From now on this process calls nothing but what stands in one of the tables, in all of its
 * threads; `tables` ends with NULL. Anything else ends it at once with SIGSYS. A name that this
 * machine's architecture lacks is passed over, so tables may name the calls of several. Needs
 * no_new_privs, so sandbox_enter comes first. 0; -EINVAL for a name that no architecture has, or a
 * negative errno.
 *
 * A build with -DSANDBOX_TRAP (make TRAP=1) names the call on stderr and aborts instead. */
must_check int sandbox_filter(const struct sandbox_call *const tables[]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confine: see the header. */
#include "cmdqd/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmdqd/zone.h"
#include "lib/daemon.h"
#include "lib/sandbox_table.h"

/* clang-format off */
static const struct sandbox_call own[] = {
	/* the desk, who wakes, and who matches */
	CALL("accept4"),
	CALL("connect"),
	CALL("epoll_ctl"), CALL("epoll_wait"), CALL("epoll_pwait"),
	CALL("recvfrom"), CALL("recvmsg"),
	CALL("sendto"),
	CALL_IF_BOTH("setsockopt", 1, SOL_SOCKET, 2, SO_RCVBUF),
	/* files for terminals: their source, and when a copy was wanted last */
	CALL("openat2"),
	CALL("utimensat"),
	/* the records, which may be opened late: LMDB looks at the file system */
	CALL("access"),
	CALL("fstatfs"),
	CALL("uname"),
	/* the directory of content, when somebody removed it */
	CALL("mkdirat"),
	CALLS_END,
};
/* clang-format on */

const struct sandbox_call *const confine_cmdqd_calls[] = {
	sandbox_program, sandbox_files, sandbox_store, own, NULL};

/* A reader writes lock.mdb; data.mdb is parserd's, which its mode says. */
#define READ_A_STORE (SANDBOX_READ | SANDBOX_WRITE)
#define REPLACE      (SANDBOX_WRITE | SANDBOX_MAKE | SANDBOX_REMOVE)

/* parserd makes the directories of the stores when no package did, and perhaps later than this. */
static struct sandbox_place store_place(const char *dir, const char *state_dir)
{
	return (struct sandbox_place){
		.path = access(dir, F_OK) == 0 ? dir : state_dir, .may = READ_A_STORE};
}

static int reach(const struct cmdqd *c, const char *parserd_dir, const char *private_dir)
{
	const struct sandbox_place places[] = {
		{.fd = c->orders.spool.root, .may = SANDBOX_CONSUME},
		{.fd = c->results.spool.root, .may = SANDBOX_CONSUME},
		/* Directories too: that of content may have to be made again. */
		{.fd = c->state_fd, .may = REPLACE | SANDBOX_LIST | SANDBOX_MAKE_DIR},
		store_place(parserd_dir, c->conf.state_dir),
		{.path = zone_dir(), .may = SANDBOX_READ},
		{.fd = c->shelf.from, .may = SANDBOX_LIST | SANDBOX_READ},
		/* Last: only who tells terminals of people reads it. */
		store_place(private_dir, c->conf.state_dir),
	};
	size_t count = sizeof(places) / sizeof(*places);

	return daemon_confine(places, c->private_path ? count : count - 1, confine_cmdqd_calls);
}

int confine_cmdqd(const struct cmdqd *c)
{
	char *parserd_dir = conf_join(c->conf.state_dir, CONF_PARSERD_DIR);
	char *private_dir = conf_join(c->conf.state_dir, CONF_PRIVATE_DIR);
	int rc = parserd_dir && private_dir ? sandbox_stay_alone() : -ENOMEM;

	if (rc == 0)
		rc = reach(c, parserd_dir, private_dir);
	free(parserd_dir);
	free(private_dir);
	return rc;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confine: see the header. */
#include "ingestd/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>

#include "lib/conf.h"
#include "lib/daemon.h"
#include "lib/io.h"
#include "lib/sandbox_table.h"

/* What pthread_create asks for and nothing besides: no process, no namespace. */
#define THREAD                                                                              \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SIGHAND | CLONE_THREAD | \
		CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
#define SIGSETXID (__SIGRTMIN + 1) /* libc's own, which it takes for itself with a first thread */

/* clang-format off */
static const struct sandbox_call own[] = {
	/* drafts and their way to new/; the admission list */
	CALL("openat"),
	CALL("fchmod"),
	CALL("fstatfs"),
	CALL("fsync"), CALL("sync_file_range"),
	CALL("pwrite64"),
	CALL("renameat2"),
	CALL("unlinkat"),
	/* files that a terminal is to fetch */
	CALL("openat2"),
	CALL("lseek"),
	CALL("pread64"),
	CALL("sendfile"),
	/* connections, and the desk */
	CALL("accept4"),
	CALL("connect"),
	CALL("epoll_create1"), CALL("epoll_ctl"), CALL("epoll_wait"), CALL("epoll_pwait"),
	CALL_IF("fcntl", 1, F_GETFL), CALL_IF("fcntl", 1, F_SETFL), /* of one that came by the proxy */
	CALL_IF("fcntl", 1, F_GETFD), CALL_IF("fcntl", 1, F_SETFD),
	CALL("getsockname"),
	CALL("recvfrom"),
	CALL("sendto"),
	CALL_IF_BOTH("setsockopt", 1, SOL_SOCKET, 2, SO_RCVBUF),
	CALL_IF_BOTH("setsockopt", 1, IPPROTO_TCP, 2, TCP_NODELAY),
	CALL_IF_BOTH("setsockopt", 1, IPPROTO_TCP, 2, TCP_CORK), /* tried where TCP_NODELAY failed */
	CALL("shutdown"),
	/* the committers: threads, which are started after this */
	CALL_IF("clone", 0, THREAD),
	CALL_REFUSED("clone3", ENOSYS), /* its flags cannot be looked at; libc takes clone then */
	CALL("rseq"),
	CALL("set_robust_list"),
	CALL_IF("rt_sigaction", 0, SIGSETXID),
	CALLS_END,
};
/* clang-format on */

const struct sandbox_call *const confine_ingestd_calls[] = {sandbox_program, own, NULL};

/* What is in new/ can be neither read nor changed nor taken away any more, not even one's own. */
#define IN_TMP (SANDBOX_WRITE | SANDBOX_MAKE | SANDBOX_REMOVE | SANDBOX_MOVE)
#define IN_NEW (SANDBOX_LIST | SANDBOX_MAKE | SANDBOX_MOVE)

static int reach(const struct serve *s, int files_fd)
{
	const struct sandbox_place places[] = {
		{.fd = s->upload_spool.dirs[SPOOL_TMP], .may = IN_TMP},
		{.fd = s->upload_spool.dirs[SPOOL_NEW], .may = IN_NEW},
		{.fd = s->result_spool.dirs[SPOOL_TMP], .may = IN_TMP},
		{.fd = s->result_spool.dirs[SPOOL_NEW], .may = IN_NEW},
		{.fd = files_fd, .may = SANDBOX_READ},
	};

	return daemon_confine(places, sizeof(places) / sizeof(*places), confine_ingestd_calls);
}

/* cmdqd's directory holds the admission list and the files to serve. It may make it later: then
 * all that is made beside it is kept from ingestd by its mode alone. */
int confine_ingestd(const struct serve *s)
{
	int cmdqd_fd = openat(s->state_fd, CONF_CMDQD_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int rc = reach(s, cmdqd_fd < 0 ? s->state_fd : cmdqd_fd);

	io_close(cmdqd_fd);
	return rc;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon: signals, and the service manager's protocol. A build without libsystemd tells nobody and
 * is handed nothing. */
#include "lib/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/log.h"

#ifdef PUNCHD_NO_SYSTEMD
static void sd_forget(const char *status, const char *remark)
{
	(void)status;
	(void)remark;
}
#define sd_notify(unset, state)              ((void)(state))
#define sd_notifyf(unset, format, ...)       sd_forget(__VA_ARGS__)
#define sd_listen_fds_with_names(unset, ret) (*(ret) = NULL, 0)
#define sd_watchdog_enabled(unset, ret_usec) (*(ret_usec) = 0)
#else
#include <systemd/sd-daemon.h>
_Static_assert(DAEMON_FIRST_SOCKET == SD_LISTEN_FDS_START, "the number is systemd's");
#endif

void daemon_refuse_root(void)
{
	if (geteuid() != 0 && getuid() != 0)
		return;
	log_error("will not run as root: start it as the user made for it, as its unit file does");
	exit(EX_NOPERM);
}

/* It comes of an access to the map, so the log is not in the midst of anything. */
static void on_lost_page(int number)
{
	(void)number;
	/* NOLINTNEXTLINE(bugprone-signal-handler) */
	log_error("the disk does not give back a part of what is open; ending");
	_exit(EX_IOERR);
}

void daemon_end_on_lost_page(void)
{
	(void)signal(SIGBUS, on_lost_page);
}

/* What every status ends with. */
static const char *remark = "";

int daemon_confine(const struct sandbox_place *places, size_t place_count,
	const struct sandbox_call *const tables[])
{
	int rc = sandbox_enter();

	if (rc == 0)
		rc = sandbox_reach(places, place_count);
	if (rc == 0) {
		log_warning("the kernel has no Landlock: files are kept safe by their owners and "
			    "modes alone");
		remark = "; without Landlock";
	}
	return rc < 0 ? rc : sandbox_filter(tables);
}

int daemon_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int daemon_next_signal(int signal_fd)
{
	struct signalfd_siginfo info;

	return read(signal_fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}

static char **socket_names; /* ends with NULL; kept as long as the sockets */

unsigned daemon_sockets(void)
{
	int count = sd_listen_fds_with_names(1, &socket_names);

	return count > 0 ? (unsigned)count : 0;
}

bool daemon_socket_is(int fd, const char *name)
{
	return socket_names && strcmp(socket_names[fd - DAEMON_FIRST_SOCKET], name) == 0;
}

/* Where no service manager listens these do nothing, and where it cannot be told there is nothing
 * better to do. */
void daemon_ready(const char *status)
{
	sd_notifyf(0, "READY=1\nSTATUS=%s%s", status, remark);
}

void daemon_status(const char *status)
{
	sd_notifyf(0, "STATUS=%s%s", status, remark);
}

void daemon_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

void daemon_alive(void)
{
	sd_notify(0, "WATCHDOG=1");
}

uint64_t daemon_watchdog_ms(void)
{
	uint64_t period_us = 0;

	return sd_watchdog_enabled(0, &period_us) > 0 ? period_us / 1000 : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --sent-log, --ack-log and --exec-log: what was sent, what was promised and what was done, written
 * with plain write(2) at the moment itself, so that a test which kills the server can compare. A
 * ledger that cannot be written ends the program.
 */
#include "tests/devsim/devsim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static int sent_fd = -1, ack_fd = -1, exec_fd = -1;

static int open_one(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0) {
		die(EX_CANTCREAT, "%s: %s", path, strerror(errno));
	}
	return fd;
}

void ledger_open(void)
{
	if (settings.sent_path) {
		sent_fd = open_one(settings.sent_path);
	}
	if (settings.ack_path) {
		ack_fd = open_one(settings.ack_path);
	}
	if (settings.exec_path) {
		exec_fd = open_one(settings.exec_path);
	}
}

bool ledger_wanted(void)
{
	return sent_fd >= 0 || ack_fd >= 0;
}

static void write_all(int fd, const char *path, const struct bytes *lines)
{
	size_t done = 0;

	while (fd >= 0 && done < lines->len) {
		ssize_t got = write(fd, lines->data + done, lines->len - done);

		if (got < 0 && errno != EINTR) {
			die(EX_IOERR, "%s: %s", path, strerror(errno));
		}
		done += got > 0 ? (size_t)got : 0;
	}
}

void ledger_sent(const struct bytes *lines)
{
	write_all(sent_fd, settings.sent_path, lines);
}

void ledger_acked(const struct bytes *lines)
{
	write_all(ack_fd, settings.ack_path, lines);
}

void ledger_executed(const struct bytes *line)
{
	write_all(exec_fd, settings.exec_path, line);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* opening: all that parserd holds, opened before the sandbox in the one order that works. */
#ifndef PUNCHD_PARSERD_OPENING_H
#define PUNCHD_PARSERD_OPENING_H

#include "lib/conf.h"
#include "lib/log.h"
#include "parserd/erase.h"
#include "parserd/inbox.h"

struct parserd {
	struct conf conf;
	bool once, stopping;
	int watch_fd, signal_fd;
	struct spool spool;
	struct records_writer *records;
	struct photos photos;
	struct batch batch;
	struct inbox inbox;
	struct erase erase;
	uint64_t next_sweep_ms, retry_ms;
	struct log_limit trouble, erase_trouble;
};

/* Says in the log what failed, with `rc`, a negative errno. The exit code for the service manager:
 * what will not be mended by starting again has one of its own. */
must_check int opening_fail(const char *event, const char *path, int rc);

/* Opens what p->conf says. EX_OK or an exit code, and it was logged why: then the process ends, and
 * nothing has to be closed. */
must_check int opening_all(struct parserd *p);
/* Closes it, and p->conf. */
void opening_close(struct parserd *p);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* log: what the recorder writes and the replayer reads: one head after another, each followed by
 * its bytes, in the order in which they reached the disk. */
#ifndef PUNCHD_TESTS_POWERCUT_LOG_H
#define PUNCHD_TESTS_POWERCUT_LOG_H

#include <stdint.h>

enum log_kind {
	LOG_WRITE = 'w', /* `bytes` at `offset`: in the disk's cache now */
	LOG_FLUSH = 'f', /* all that was written before is on the platter */
	LOG_MARK = 'm',  /* a client's line: README.md "Marks" */
};

struct log_head {
	uint32_t kind;
	uint32_t bytes;
	uint64_t offset;
};

#endif

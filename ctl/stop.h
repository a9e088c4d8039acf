/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stop: to be interrupted is no failure for what would go on for ever, or can be resumed. */
#ifndef PUNCHD_CTL_STOP_H
#define PUNCHD_CTL_STOP_H

#include <stdbool.h>

/* From now on SIGINT, SIGTERM and SIGHUP do not end the program; whatever waits is interrupted. */
void stop_on_signals(void);
/* Did one of them come? */
bool stop_asked(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stop: to be interrupted is no failure for what would go on for ever, or can be resumed. */
#ifndef PUNCHD_CTL_STOP_H
#define PUNCHD_CTL_STOP_H

#include <stdbool.h>

void stop_on_signals(void);
bool stop_asked(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device: what the files of the noun "device" share. */
#ifndef PUNCHD_CTL_DEVICE_H
#define PUNCHD_CTL_DEVICE_H

#include "ctl/ask.h"
#include "store/control.h"

/* Opens the control store. An exit code, said; EX_UNAVAILABLE while cmdqd has never run. */
int device_open(const struct ask *a, struct control_reader **ret);

/* The verbs that have files of their own. */
int device_verb_show(struct ask *a);
int device_verb_approve(struct ask *a);
int device_verb_refuse(struct ask *a);
int device_verb_set(struct ask *a);

#endif

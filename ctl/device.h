/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device: the terminals as cmdqd knows them, and what is ordered of them. */
#ifndef PUNCHD_CTL_DEVICE_H
#define PUNCHD_CTL_DEVICE_H

#include "ctl/ask.h"
#include "store/control.h"

/* Opens what cmdqd knows, for reading. An exit code, said: EX_UNAVAILABLE while cmdqd has never
 * run. */
int device_open(const struct ask *a, struct control_reader **ret);

/* How long a device is told to wait between two polls. */
uint64_t device_delay_s(const struct conf *c, const struct device *d);

/* The verbs that have a file of their own. Each gives the exit code. */
int device_verb_ls(struct ask *a);
int device_verb_show(struct ask *a);
int device_verb_approve(struct ask *a);
int device_verb_refuse(struct ask *a);
int device_verb_set(struct ask *a);
int device_verb_rename(struct ask *a);
int device_verb_rm(struct ask *a);
int device_verb_resend(struct ask *a);

#endif

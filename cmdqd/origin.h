/* SPDX-License-Identifier: GPL-2.0-or-later */
/* origin: is a device one that somebody comes from, or does it know him from others? */
#ifndef PUNCHD_CMDQD_ORIGIN_H
#define PUNCHD_CMDQD_ORIGIN_H

#include "cmdqd/people.h"

/* 1 when this device knows him by itself: it has him still, and was the first of all devices that
 * said anything of him, or has a template that no other device ever had. What a terminal uploads of
 * somebody whom we told it of is neither: the user came from elsewhere, and its templates are byte
 * for byte those that it was told. 0; -EACCES, -EAGAIN and others as people_by_pin. */
must_check int origin_is(struct people *p, struct span serial, struct span pin);

#endif

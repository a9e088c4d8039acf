/* SPDX-License-Identifier: GPL-2.0-or-later */
/* people: what the nouns about users, templates and pictures share: the records with their private
 * part, a device after the other. */
#ifndef PUNCHD_CTL_PEOPLE_H
#define PUNCHD_CTL_PEOPLE_H

#include "ctl/ask.h"
#include "ctl/pile.h"
#include "store/item.h"

/* Opens the records, and their private part where this operator may. An exit code, said;
 * EX_UNAVAILABLE while parserd has never run. */
int people_open(const struct ask *a, struct records_reader **ret);

/* The PIN that is the first word: as it is, or as a table shows it, with \xNN and a pair of
 * backslashes, since terminals send control characters in PINs too. An exit code, said. */
int people_take_pin(struct ask *a, struct buf *room);

/* May what is private be read? EX_OK; else it is said who may: EX_NOPERM. */
int people_check_private(const struct ask *a, struct records_reader *r);

/* Calls `each` for every device that has items of `kind` (ask->serial: for that one alone), with
 * those of ask->pin, or all, in their order; nothing is being read meanwhile. 0, what `each`
 * returned, or a negative errno. */
typedef int people_device(void *context, struct span serial, const struct pile *items);
must_check int people_each_device(const struct ask *a, struct records_reader *r,
	enum item_kind kind, enum pile_part part, people_device *each, void *context);

/* The items of one kind of one device and PIN (empty: all), deleted ones too. 0 or a negative
 * errno; free the pile after a failure too. */
must_check int people_items(struct records_reader *r, enum item_kind kind, struct span serial,
	struct span pin, enum pile_part part, struct pile *ret);

#endif

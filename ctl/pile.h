/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pile: items that outlive the transaction in which they were read. Pure. */
#ifndef PUNCHD_CTL_PILE_H
#define PUNCHD_CTL_PILE_H

#include "store/item.h"

struct pile_block;

/* A fresh one is all zeros. */
struct pile {
	struct item *items;      /* in the order in which they came; their spans are ours */
	uint64_t *content_bytes; /* of each, even when its content was left out */
	size_t count;
	/* private */
	size_t room;
	struct pile_block *blocks;
};

enum pile_part {
	PILE_ALL,
	PILE_HEAD, /* the lines alone; the content is left out */
};

/* 0 or -ENOMEM. */
must_check int pile_add(struct pile *p, const struct item *i, enum pile_part part);
/* Of items that came in the order of a store, all of one kind: the one of that serial and first id;
 * NULL when there is none. */
const struct item *pile_find(const struct pile *p, struct span serial, struct span pin);
void pile_free(struct pile *p);

#endif

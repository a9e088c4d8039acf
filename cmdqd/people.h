/* SPDX-License-Identifier: GPL-2.0-or-later */
/* people: whom the devices of a site know, as both environments of the records have it. What a
 * device uploaded of somebody is known to all devices of its site that are approved. Of what
 * several of them say, what was received last holds; one that deleted somebody, or his password or
 * his card, says nothing of it. */
#ifndef PUNCHD_CMDQD_PEOPLE_H
#define PUNCHD_CMDQD_PEOPLE_H

#include "cmdqd/devices.h"
#include "cmdqd/library.h"
#include "lib/buf.h"
#include "store/item.h"

/* Both borrowed. */
struct people {
	struct devices *devices;
	struct library *library; /* with the private environment */
};

/* Somebody. Texts are UTF-8, and empty where nothing was said, or more than PERSON_TEXT_MAX bytes.
 * A password and a card may be the word of another device than the user. */
struct person {
	struct span pin, name, privilege, group, timezones;
	struct span start, end; /* from when until when he is valid: cmdqd/validity.h */
	struct span password;   /* secret */
	uint64_t card;      /* 0: none; by the order of bytes of the device that said it; secret */
	uint64_t vice_card; /* the second one of newer terminals; the same */
	struct span serial; /* the device whose word the user is */
	struct buf text;    /* what the spans point into */
};
#define PERSON_TEXT_MAX  512
#define PERSON_BYTES_MAX 4096
/* What was secret in it is no longer in memory then. */
void person_free(struct person *p);

/* 0; -ENOENT when no device of the site knows them; -EACCES when the private records may not be
 * read, -EAGAIN while there are none, or while parserd makes the index of them; other negative
 * errno. `site` is a device's setting, "" being the site of those that have none. */
must_check int people_by_pin(
	struct people *p, struct span site, struct span pin, struct person *ret);
/* By a card's number (lib/card.h), which is one of his two. -ENOTUNIQ when several PINs have it:
 * then nobody is meant. The same when more than PEOPLE_CARD_PINS were ever said to have it. */
#define PEOPLE_CARD_PINS 64
must_check int people_by_card(
	struct people *p, struct span site, uint64_t number, struct person *ret);

/* A template, face or picture of the PIN: the item (ITEM_TEMPLATE, ITEM_PICTURE) whose version was
 * received last among the devices of the site, one for each modality, number, index and algorithm
 * (the item's fields "version" and "minor", and the format that the bytes have: lib/matching.h). In
 * no order. 0, also when there is none; what `visit` returned; -E2BIG when there are more than
 * PEOPLE_TEMPLATES_MAX; or as above. `visit` must neither wait nor ask `p`. */
#define PEOPLE_TEMPLATES_MAX 256
must_check int people_templates(
	struct people *p, struct span site, struct span pin, item_visit *visit, void *context);
/* Has any device, whatever its site, ever uploaded a template of exactly these bytes (not in
 * base64)? One that was deleted may be replayed too. PEOPLE_OF_PIN when it was for this PIN, which
 * is not empty, PEOPLE_OF_ANOTHER when it was for others alone, 0 or as above. */
#define PEOPLE_OF_PIN     1
#define PEOPLE_OF_ANOTHER 2
must_check int people_has_template(struct people *p, struct span pin, struct span bytes);

#endif

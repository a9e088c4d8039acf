/* SPDX-License-Identifier: GPL-2.0-or-later */
/* people: whom the devices of a site know, as both environments of the records have it. What a
 * device uploaded of somebody is known to all devices of its site that are approved. Of what
 * several of them say, what was received last holds. */
#ifndef PUNCHD_CMDQD_PEOPLE_H
#define PUNCHD_CMDQD_PEOPLE_H

#include "cmdqd/devices.h"
#include "lib/buf.h"
#include "store/item.h"

struct people {
	struct devices *devices;
	struct records_reader *records; /* with the private environment; borrowed; NULL: none yet */
};

/* Somebody. Texts are UTF-8, and empty where nothing was said. */
struct person {
	struct span pin, name, privilege, group, timezones;
	struct span password; /* secret */
	uint64_t card;        /* 0: none; secret */
	struct span serial;   /* the device whose word the user is */
	struct buf text; /* what the spans point into; begins as buf_with_max(PERSON_BYTES_MAX) */
};
#define PERSON_BYTES_MAX 4096
void person_free(struct person *p);

/* 0; -ENOENT when no device of the site knows them; -EACCES when the private records may not be
 * read, -EAGAIN while there are none; other negative errno. `site` is a device's setting, "" being
 * the site of those that have none. */
must_check int people_by_pin(
	struct people *p, struct span site, struct span pin, struct person *ret);
/* By a card's number (lib/card.h). -ENOTUNIQ when several PINs have it: then nobody is meant. */
must_check int people_by_card(
	struct people *p, struct span site, uint64_t number, struct person *ret);
/* Has this device itself uploaded this user, so that it knows him without us? 1, 0 or as above. */
must_check int people_at_device(struct people *p, struct span serial, struct span pin);

/* A template, face or picture of the PIN: the item (ITEM_TEMPLATE, ITEM_PICTURE) whose version was
 * received last among the devices of the site, one for each modality, number, index and algorithm
 * (the item's fields say which: docs/PROTOCOL.md 3). In no order. 0, what `visit` returned, or as
 * above. `visit` must neither wait nor ask `p`. */
must_check int people_templates(
	struct people *p, struct span site, struct span pin, item_visit *visit, void *context);
/* Does anybody on this device or any other have a template of exactly these bytes? It is looked for
 * among those of the PIN on all devices, whatever their site. 1, 0 or as above. */
must_check int people_has_template(struct people *p, struct span pin, struct span bytes);

#endif

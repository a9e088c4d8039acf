/* SPDX-License-Identifier: GPL-2.0-or-later */
/* known: who is known where, as an index in the private environment. Its database `known`:
 *
 *   'p' pin serial       -> nothing: this device has said something of this PIN
 *   'c' card pin serial  -> nothing: and that it has this card
 *   't' digest pin serial modality number index
 *                        -> nothing: this device has sent a template of these bytes for this PIN;
 *                           digest: the first 16 bytes of their SHA-256
 *
 * There is an entry as long as there is a version of one of the items it is made of (known_of):
 * so the index follows from the set of all uploads and erasures, as the items do. It says where to
 * look and no more: a version may have been overtaken, deleted, or read by the other order of a
 * card's bytes. What holds is what the items say. Of templates alone more is not asked: nobody
 * finds two whose 128 bits are the same, so an entry is proof that those bytes were sent. */
#ifndef PUNCHD_STORE_KNOWN_H
#define PUNCHD_STORE_KNOWN_H

#include "lib/card.h"
#include "store/item.h"

/* In the private meta: KNOWN_FORM, and behind which key the index is being made of what an older
 * parserd kept; or KNOWN_WHOLE when all of it is there. What begins otherwise is of an index that
 * had less in it: it is made anew. The form is another one whenever there are more entries. */
#define KNOWN_META  "known"
#define KNOWN_FORM  "2"
#define KNOWN_END   "whole"
#define KNOWN_WHOLE KNOWN_FORM KNOWN_END

/* ---- keys; pure ---- */

/* Do versions of this kind make entries: users, credentials, templates, pictures? */
bool known_of(enum item_kind kind);

void known_pack_pin(struct pack *k, struct span pin, struct span serial);
void known_pack_card(struct pack *k, uint64_t card, struct span pin, struct span serial);
/* Of an item with its text. */
void known_pack_template(struct pack *k, const struct item *i);
/* Their beginnings: of a PIN, of a card, of a template's bytes. */
void known_pack_pin_only(struct pack *k, struct span pin);
void known_pack_card_only(struct pack *k, uint64_t card);
void known_pack_template_only(struct pack *k, struct span bytes);
/* Of the first two: what is behind the letter and the card. 0 or -EUCLEAN. */
must_check int known_unpack(struct span key, struct span *ret_pin, struct span *ret_serial);

/* A card of a credential in the form that the device has (lib/card.h): the one, and the
 * second one that newer terminals have. 0 when there is none, or when what was sent is no number.
 * 0 or -ENOMEM. */
enum known_card { KNOWN_CARD, KNOWN_VICE_CARD };
must_check int known_card_of(
	const struct item *credential, enum known_card which, enum card_form form, uint64_t *ret);
/* All that it may mean: each by both orders when it came in brackets, a decimal as it stands. How
 * many are in `ret`, none of them twice and none 0; or -ENOMEM. */
#define KNOWN_CARDS_MAX 4
must_check int known_cards_of(const struct item *credential, uint64_t ret[static KNOWN_CARDS_MAX]);

/* ---- the readers' side ---- */

/* Both environments at one moment. While one is open, nobody may ask the reader anything else; what
 * a visit below gets lives until known_end, and a visit may ask the same moment again. */
struct known;

/* 0; -EACCES when the private records may not be read; -EAGAIN while there are none, or while
 * parserd has not made the index of them; other negative errno. */
must_check int known_begin(struct records_reader *r, struct known **ret);
void known_end(struct known *k);

/* 0 goes on, anything else ends the walk and is given back. */
typedef int known_visit(void *context, struct span pin, struct span serial);
/* The devices that have said something of a PIN, by serial; who is said to have a card, by PIN and
 * serial. 0, what `visit` returned, or a negative errno. */
must_check int known_by_pin(struct known *k, struct span pin, known_visit *visit, void *context);
must_check int known_by_card(struct known *k, uint64_t card, known_visit *visit, void *context);
/* Has any device ever sent a template of these bytes for this PIN (empty: for anybody)? What was
 * deleted since counts, what was erased does not. 1, 0 or a negative errno. */
must_check int known_template(struct known *k, struct span bytes, struct span pin);

/* The items of a kind that a device has of a PIN, as their rows say: without text, and without what
 * marks say and who came too early. Then known_complete gives the version that holds (item.h) with
 * its text and flags. 0, what `visit` returned, or a negative errno. */
must_check int known_items(struct known *k, enum item_kind kind, struct span serial,
	struct span pin, item_visit *visit, void *context);
must_check int known_complete(const struct known *k, struct item *i);
/* Was it received more than a day after now? */
bool known_is_ahead(const struct known *k, const struct item *i);
/* The same with all their versions, the oldest first, each with its text. */
must_check int known_versions(struct known *k, enum item_kind kind, struct span serial,
	struct span pin, item_visit *visit, void *context);

#endif

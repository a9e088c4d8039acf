/* SPDX-License-Identifier: GPL-2.0-or-later */
/* item: what holds now and what held before: users, templates, pictures, messages, work codes,
 * options. Each upload of an item is a version, by time of receipt, then by entry, then by its
 * place in the body; the latest one holds. So the records are made of the set of all uploads,
 * whatever the order in which they are worked on.
 *
 * A clock that was wrong for a while must not hold an item for years: readers pass over versions
 * and marks that were received more than a day after now, by their own clock. So these count only
 * where there is no other: a version when its item has no older one, a mark against such versions.
 * The history shows all.
 *
 * Two environments have the same databases: STATE/parserd/records for those who may read punches,
 * and STATE/private/records for those who may see passwords, cards, templates and faces:
 *
 *   item     kind serial ids                  -> seq, received entry place, flags, digest: the
 *                                                version that holds
 *   version  kind serial ids received entry place  -> seq, flags, digest
 *   content  BLAKE2b-128 of a text            -> the text, once for all versions that have it
 *   uses     the same                         -> u64: how many versions have it
 *   raw, refused  as in records.h, which says which are private
 *   erased   pin                              -> received entry: nothing of this PIN that was
 *                                                received until then is kept (private only)
 *   ahead    pin received entry               -> nothing: this was erased though its receipt says
 *                                                that it is still to come (private only)
 *   known    pin, card, template              -> nothing: which devices know them, known.h (private
 *                                                only)
 *   meta     "seq"                            -> u64: the highest number given to a fact of this
 *                                                environment (private only)
 *            "known"                          -> how far that index is made (private only)
 */
#ifndef PUNCHD_STORE_ITEM_H
#define PUNCHD_STORE_ITEM_H

#include "store/records.h"

#define ITEM_DIGEST_BYTES 16
#define ITEM_IDS_MAX      5
#define ITEM_ID_MAX       160 /* bytes of all ids with their NULs */

enum item_kind {
	ITEM_USER = 'u',         /* pin: name, privilege, group, … */
	ITEM_CREDENTIAL = 'c',   /* pin: password, card, … (private) */
	ITEM_TEMPLATE = 't',     /* pin, modality, number, index (private) */
	ITEM_PICTURE = 'p',      /* pin, "user" or "face" (private) */
	ITEM_MESSAGE = 'm',      /* uid */
	ITEM_MESSAGE_USER = 'n', /* pin, uid */
	ITEM_WORKCODE = 'w',     /* pin, code: that PIN is not a user's */
	ITEM_IDCARD = 'i',       /* pin (private) */
	ITEM_OPTION = 'o',       /* name */
	ITEM_SECRET = 's', /* kind's letter, its first id, its second or empty: what is secret of an
			    * item that is not private, of all kinds but ITEM_USER (private) */
	ITEM_IMAGE = 'f',  /* pin, number (private) */
	/* what, pin (empty: of all), why: the terminal erased these. `what` is a word that
	 * item_cleared_by knows; `why` tells one deletion from another, by item_why. The same
	 * deletion may be told again years later, when a terminal sends its log once more: of this
	 * kind the *earliest* version holds. */
	ITEM_CLEARED = 'x',
};
bool item_private(enum item_kind kind);
/* How many ids an item of this kind has; 0: there is no such kind. */
size_t item_id_count(enum item_kind kind);

enum item_flag {
	ITEM_DELETED = 1 << 0, /* the terminal said so: OPLOG 9, 10, 11, 12, 13 … */
	ITEM_SIZE_WRONG = 1 << 1,
	ITEM_NOT_BASE64 = 1 << 2,
	/* Only on reading, of a credential: an operation said so later. */
	ITEM_NO_PASSWORD = 1 << 3,
	ITEM_NO_CARD = 1 << 4,
};

struct item {
	enum item_kind kind;
	struct span serial;
	struct span ids[ITEM_IDS_MAX];
	size_t id_count;
	uint64_t seq, received_us; /* of this version */
	struct entry_ref entry;
	uint32_t place; /* in the body: where its row begins, in bytes */
	uint32_t flags;
	unsigned char digest[ITEM_DIGEST_BYTES]; /* of the text */
	/* Lines "name=value", control characters and '%' escaped as %XX (lines_put_text), sorted by
	 * name; a text that is not ASCII stands in UTF-8 as "name" and, when the bytes that came
	 * differ, in hex as "name.raw". Behind a blank line the content's bytes, if it has any. */
	struct span text;
};

/* Empty when it belongs to nobody: a work code, a message, an option, a mark of ITEM_CLEARED. */
struct span item_pin(const struct item *i);

/* Does a mark with this word mean this item? The flag that it sets, 0 when it does not.
 *   "all"       everything but options and marks        "users"     everything of a PIN
 *   "fingers"   templates and images of fingers         "finger 3"  of the finger with this number
 *   "templates" of all modalities, and images           "pictures"  "messages"  "workcodes"
 *   "password"  "card"                                  of a credential */
uint32_t item_cleared_by(struct span what, const struct item *i);
/* The words that may mean it, one after the other; NULL behind the last one. */
#define ITEM_WORD_BYTES (ITEM_ID_MAX + 8)
const char *item_cleared_word(const struct item *i, size_t n, char room[static ITEM_WORD_BYTES]);
#define ITEM_WHY_BYTES 44 /* with NUL */
/* The `why` of a mark: digest and ordinal of the operation's line. */
void item_why(const unsigned char digest[static KEPT_DIGEST_BYTES], uint32_t ordinal,
	char ret_why[static ITEM_WHY_BYTES]);

/* Keys; k->failed is set for what is none: another number of ids, a NUL, too long a text. */
void item_pack_key(struct pack *k, const struct item *i);
void item_pack_version_key(struct pack *k, const struct item *i);
/* Received, entry and place, which sort by arrival: the last bytes of a version's key. */
#define ITEM_ARRIVAL_BYTES 36
void item_pack_arrival(struct pack *p, const struct item *i);
/* Without the text, which is in content. */
void item_pack_value(struct pack *v, const struct item *i);
void item_pack_version_value(struct pack *v, const struct item *i);
/* 0 or -EUCLEAN. The text is left empty. */
must_check int item_unpack(struct span key, struct span value, struct item *ret);
must_check int item_unpack_version(struct span key, struct span value, struct item *ret);

/* One line of an item's text, unescaped into `into` (emptied first). 0; -ENOENT; -EUCLEAN; -ENOMEM,
 * -EMSGSIZE. */
must_check int item_field(const struct item *i, const char *name, struct buf *into);
/* The lines of its text, and what is behind the blank line. */
struct span item_head(const struct item *i);
struct span item_content(const struct item *i);

/* ---- the readers' side ---- */

/* As records_open, and the private environment with it when this reader may open it
 * (records_open_private). One process opens an environment once only: this reader answers all
 * questions of records.h, logbook.h and follow.h as well. It is closed with records_close. */
must_check int items_open(
	const char *records_path, const char *private_path, struct records_reader **ret);

struct item_query {
	enum item_kind kind;
	struct span serial; /* empty: all devices */
	struct span pin;    /* empty: all */
	bool deleted;       /* those as well that are deleted or cleared */
};
/* As punch_visit: it must neither wait nor ask the same reader. */
typedef int item_visit(void *context, const struct item *i);
/* Those that hold, by serial and ids; one that was cleared later has ITEM_DELETED set. 0, what
 * `visit` returned, -EACCES for a private kind that may not be read (-ENOENT: there is no private
 * environment), other negative errno. */
must_check int items_each(
	struct records_reader *r, const struct item_query *q, item_visit *visit, void *context);
/* All versions of one item (kind, serial and ids count), the oldest first, as they came. */
must_check int items_history(
	struct records_reader *r, const struct item *which, item_visit *visit, void *context);

#endif

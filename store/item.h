/* SPDX-License-Identifier: GPL-2.0-or-later */
/* item: what holds now and what held before: users, templates, pictures, messages, work codes,
 * options. Each upload of an item is a version, by time of receipt and then by entry; the latest
 * one holds. So the records are made of the set of all uploads, whatever the order in which they
 * are worked on.
 *
 * Two environments have the same databases: STATE/parserd/records for those who may read punches,
 * and STATE/parserd/private for those who may see passwords, cards, templates and faces:
 *
 *   item     kind serial ids           -> its latest version: struct item
 *   version  kind serial ids received entry -> seq, flags, digest
 *   content  BLAKE2b-128 of the text   -> the text
 *   raw, refused  as in records.h; those of every table but ATTLOG are private
 *   erased   pin                       -> received, entry: nothing of this PIN that was received
 * before is kept (private only)
 */
#ifndef PUNCHD_STORE_ITEM_H
#define PUNCHD_STORE_ITEM_H

#include "store/records.h"

#define ITEM_DIGEST_BYTES 16
#define ITEM_ID_MAX       160 /* bytes of all ids with their NULs */

enum item_kind {
	ITEM_USER = 'u',         /* pin: name, privilege, group, … */
	ITEM_CREDENTIAL = 'c',   /* pin: password, card, … (private) */
	ITEM_TEMPLATE = 't',     /* pin, modality, number, index (private) */
	ITEM_PICTURE = 'p',      /* pin, "user" or "face" (private) */
	ITEM_MESSAGE = 'm',      /* uid */
	ITEM_MESSAGE_USER = 'n', /* pin, uid */
	ITEM_WORKCODE = 'w',     /* pin, code */
	ITEM_IDCARD = 'i',       /* pin (private) */
	ITEM_OPTION = 'o',       /* name */
	ITEM_IMAGE = 'f',        /* pin, number (private) */
	ITEM_CLEARED = 'x', /* what: "users", "templates", …: the terminal erased all of these */
};
bool item_private(enum item_kind kind);

enum item_flag {
	ITEM_DELETED = 1 << 0, /* the terminal said so: OPLOG 9, 10, 11, 12, 13 … */
	ITEM_SIZE_WRONG = 1 << 1,
	ITEM_NOT_BASE64 = 1 << 2,
};

struct item {
	enum item_kind kind;
	struct span serial;
	struct span ids[5];
	size_t id_count;
	uint64_t seq, received_us; /* of this version */
	struct entry_ref entry;
	uint32_t flags;
	unsigned char digest[ITEM_DIGEST_BYTES];
	/* Lines "name=value", control characters and '%' escaped as %XX, sorted by name; a text
	 * that is not ASCII stands in UTF-8 as "name" and, when the bytes that came differ, in hex
	 * as "name.raw". Behind a blank line the content's bytes, if it has any. */
	struct span text;
};

void item_pack_key(struct pack *k, const struct item *i);
void item_pack_version_key(struct pack *k, const struct item *i);
/* Everything but the text, which follows it in the value. */
void item_pack_head(struct pack *v, const struct item *i);
must_check int item_unpack(struct span key, struct span value, struct item *ret);

/* One line of an item's text, unescaped into `into` (emptied first). 0, -ENOENT, -EUCLEAN, … */
must_check int item_field(const struct item *i, const char *name, struct buf *into);
/* What is behind the blank line. */
struct span item_content(const struct item *i);

/* ---- the readers' side ---- */

/* Both environments; the private one is NULL when the reader may not open it. */
struct item_reader;
must_check int items_open(
	const char *records_path, const char *private_path, struct item_reader **ret);
bool items_has_private(const struct item_reader *r);
void items_close(struct item_reader *r);

struct item_query {
	enum item_kind kind;
	struct span serial; /* empty: all devices */
	struct span pin;    /* empty: all */
	bool deleted;       /* those as well that are deleted or cleared */
};
typedef int item_visit(void *context, const struct item *i);
/* The latest versions, by serial and ids. 0, what `visit` returned, -EACCES for a private kind that
 * may not be read, other negative errno. */
must_check int items_each(
	struct item_reader *r, const struct item_query *q, item_visit *visit, void *context);
/* All versions of one item, the oldest first. */
must_check int items_history(
	struct item_reader *r, const struct item *which, item_visit *visit, void *context);

#endif

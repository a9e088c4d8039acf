/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records: what the terminals said, as parserd keeps it. This is the schema and the side for
 * readers; the side that writes is parserd/records.h. Databases of the environment
 * STATE/parserd/records:
 *
 *   punch    time serial PIN status verify workcode  -> seq received entry flags extra
 *   journal  seq                                     -> what kind of fact, and its key
 *   raw      serial table BLAKE2b-128 of the body    -> seq received entry target body
 *   refused  serial table BLAKE2b-128 of the line    -> seq received entry reason line
 *   stamp    serial table                            -> received entry stamp
 *   item, version, content, uses                     -> item.h
 *   log, photo                                       -> logbook.h
 *   meta     "schema"                                -> 1
 *
 * raw and refused are here for ATTLOG only, and only what has no '=': what other tables bring, and
 * a line of theirs in a body of ATTLOG, may hold passwords and cards, and is in the private
 * environment, whose databases stand in item.h.
 *
 * Punches are keyed by time first: an index that starts with serial or PIN makes inserts many
 * times slower, and every question is a scan of a span of time. Identity is the key, so taking
 * the same fact in twice changes nothing. */
#ifndef PUNCHD_STORE_RECORDS_H
#define PUNCHD_STORE_RECORDS_H

#include <stdint.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/span.h"
#include "store/pack.h"

#define RECORDS_SCHEMA 1

/* ---- entry_ref.c: which spool entry a fact was first seen in ---- */

struct entry_ref {
	char name[48]; /* SPOOL_NAME_BYTES */
	uint32_t number;
};

/* 24 bytes, which sort by arrival. Sets p->failed for a name that is not of the spool's form. */
void entry_ref_pack(struct pack *p, const struct entry_ref *entry);
void entry_ref_unpack(struct unpack *u, struct entry_ref *ret);

/* ---- punch.c ---- */

/* Longest texts of a punch that are taken; a line with a longer one is refused. */
#define PUNCH_PIN_MAX      64
#define PUNCH_CODE_MAX     16 /* status, verify */
#define PUNCH_WORKCODE_MAX 64
#define PUNCH_EXTRA_MAX    256

enum punch_flag {
	/* No calendar has the day or time, or it is before 2000 or more than 26 hours ahead of
	 * receipt. */
	PUNCH_TIME_ABSURD = 1,
};

struct punch {
	struct clock_local time; /* the terminal's wall clock, as written */
	struct span serial;
	struct span pin, status, verify, workcode; /* as sent, trimmed of nothing; may be empty */
	struct span extra; /* the fields behind workcode, with their TABs; may be empty */
	uint64_t seq;      /* of the journal */
	uint64_t received_us;
	struct entry_ref entry;
	uint8_t flags;
};

/* One that a terminal can have sent: 1 to PUNCH_PIN_MAX bytes, none of them NUL. */
bool punch_pin_valid(struct span pin);

/* A punch's key starts with its time: so many bytes, which sort as times do, absurd ones too. */
#define PUNCH_TIME_BYTES 7
void punch_pack_time(struct pack *k, const struct clock_local *time);
struct clock_local punch_unpack_time(struct unpack *k);

/* docs/PROTOCOL.md 2: the identity of a punch is its key. Sets k->failed when a text is too
 * long or holds NUL. */
void punch_pack_key(struct pack *k, const struct punch *p);
void punch_pack_value(struct pack *v, const struct punch *p);
/* 0 or -EUCLEAN. The spans point into key and value. */
must_check int punch_unpack(struct span key, struct span value, struct punch *ret);

/* ---- kept.c: bodies kept whole, lines refused, stamps, and the journal ---- */

#define KEPT_DIGEST_BYTES 16

/* In hex, as people and names of files say a digest. */
#define KEPT_HEX_BYTES (2 * KEPT_DIGEST_BYTES + 1) /* with NUL */
void kept_hex(
	const unsigned char digest[static KEPT_DIGEST_BYTES], char ret_hex[static KEPT_HEX_BYTES]);

/* A body kept whole (raw), or a line that was refused. */
struct kept {
	struct span serial, table;
	unsigned char digest[KEPT_DIGEST_BYTES]; /* BLAKE2b-128 of `bytes` */
	uint64_t seq;
	uint64_t received_us;
	struct entry_ref entry;
	struct span note;  /* raw: the request target; refused: the reason in words */
	struct span bytes; /* raw: the body; refused: the line */
};

/* May it hold a password or a card? Then it belongs into the private environment. Of ATTLOG only
 * what has an '=' may: no punch has one, but a line of another table in its body has. */
bool kept_is_private(const struct kept *k);

void kept_pack_key(struct pack *k, const struct kept *f);
/* Everything but `note` and `bytes`, which may be long and follow it in the value in this
 * order. A note has at most 65535 bytes. */
void kept_pack_head(struct pack *v, const struct kept *f);
must_check int kept_unpack(struct span key, struct span value, struct kept *ret);

/* The last stamp of a device's table. docs/PROTOCOL.md 2 */
struct stamp {
	struct span text;
	uint64_t received_us;
	struct entry_ref entry;
};

void stamp_pack_key(struct pack *k, struct span serial, struct span table);
void stamp_pack_value(struct pack *v, const struct stamp *s);
must_check int stamp_unpack(struct span value, struct stamp *ret);

enum fact_kind {
	FACT_PUNCH = 'p',
	FACT_RAW = 'r',
	FACT_REFUSED = 'b',
	FACT_ITEM = 'i', /* its key is that of the item, not of the version; of every new version */
	FACT_LOG = 'l',
	FACT_PHOTO = 'f',
};

/* A journal entry: `key` is the fact's key in the database of its kind. Of a private FACT_RAW or
 * FACT_REFUSED it is without the digest: by it, a reader of the journal could guess at a password.
 */
struct fact {
	uint64_t seq;
	enum fact_kind kind;
	struct span key;
};

void fact_pack_key(struct pack *k, uint64_t seq);
void fact_pack_value(struct pack *v, enum fact_kind kind, struct span key);
must_check int fact_unpack(struct span key, struct span value, struct fact *ret);

/* ---- records_read.c: the readers' side ---- */

struct records_reader;

/* 0; -ENOENT while parserd has never run; -EPROTONOSUPPORT for another schema; other negative
 * errno. */
must_check int records_open(const char *path, struct records_reader **ret);
void records_close(struct records_reader *r);

/* Opens the private environment beside it. 0; -EACCES when this reader may not; -ENOENT while there
 * is none; other negative errno. After a failure the reader answers what it can without. */
must_check int records_open_private(struct records_reader *r, const char *private_path);
bool records_has_private(const struct records_reader *r);
/* False when one of its environments was moved away or is another one now: then open it anew. */
bool records_is_current(const struct records_reader *r);

/* What a question asks for. Zero values ask for everything. */
struct punch_query {
	struct clock_local since; /* first moment taken; a zero month means from the beginning */
	struct clock_local until; /* first moment not taken; a zero month means to the end */
	struct span serial;       /* exactly this serial */
	struct span pin;          /* exactly this PIN */
	uint64_t limit;           /* at most so many; 0 for all */
};

/* Called for each; the spans live until it returns. Anything but 0 ends the scan and is given
 * back. It must not wait for anyone and must not ask the same reader: while it runs, the writer
 * cannot use a page again. */
typedef int punch_visit(void *context, const struct punch *p);

/* In order of time. 0, what `visit` returned, or a negative errno (-EINVAL for a serial or PIN
 * that none can have). One read transaction: a consistent picture. */
must_check int records_punches(
	struct records_reader *r, const struct punch_query *q, punch_visit *visit, void *context);
/* In order of the journal, from the first sequence number above `after`; only punches; since
 * and until apply as well. A follower calls it again with the last one it saw. */
must_check int records_follow(struct records_reader *r, uint64_t after, const struct punch_query *q,
	punch_visit *visit, void *context);
/* The highest sequence number given out; 0 when there is none. */
must_check int records_last_seq(struct records_reader *r, uint64_t *ret_seq);

/* FACT_RAW or FACT_REFUSED, of one serial or (when it is empty) of all: those that every reader may
 * see and then, when records_has_private, the others; each in order of serial and
 * table. */
typedef int kept_visit(void *context, const struct kept *k);
must_check int records_kept(struct records_reader *r, enum fact_kind kind, struct span serial,
	kept_visit *visit, void *context);

struct records_counts {
	uint64_t punches, raw, refused, journal; /* raw, refused: without the private ones */
	uint64_t items, logged, photos;          /* items: without the private ones */
	uint64_t map_bytes, used_bytes;
	bool has_private; /* else these are not known, and 0 */
	uint64_t private_items, private_raw, private_refused;
	uint64_t private_map_bytes, private_used_bytes;
};
must_check int records_count(struct records_reader *r, struct records_counts *ret);

/* The last stamp that came with stored data, into `into` (emptied first). 0, -ENOENT for first
 * contact, other errno. */
must_check int records_stamp(
	struct records_reader *r, struct span serial, const char *table, struct buf *into);

/* Every stamp of a device, in the order of the tables' names. */
typedef int stamp_visit(void *context, struct span table, struct span stamp, uint64_t received_us);
must_check int records_stamps(
	struct records_reader *r, struct span serial, stamp_visit *visit, void *context);

#endif

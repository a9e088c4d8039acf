/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records_writer: what the files behind records.h share: both environments in their transactions,
 * and facts that get a number in the journal. */
#ifndef PUNCHD_PARSERD_RECORDS_WRITER_H
#define PUNCHD_PARSERD_RECORDS_WRITER_H

#include "parserd/records.h"
#include "store/env.h"
#include "store/schema.h"

/* One environment. Whoever puts or deletes something sets `changed`. */
struct records_shelf {
	MDB_env *env;
	MDB_txn *txn; /* NULL while none is begun */
	bool changed, full;
	MDB_dbi item, version, content, uses, raw, refused;
};

struct records_writer {
	struct records_shelf shared, private;
	MDB_dbi dbs[RECORDS_DBS], private_dbs[PRIVATE_DBS];
	uint64_t last_seq; /* given out, within the transactions */
};

static inline struct records_shelf *records_shelf(struct records_writer *w, bool private)
{
	return private ? &w->private : &w->shared;
}

/* All of these: 0 or a negative errno. records_errno remembers which environment is full. */
int records_errno(struct records_shelf *s, int mdb_code);
must_check int records_put(
	struct records_shelf *s, MDB_dbi db, struct span key, const struct pack *value);
/* 1, or 0 when it was not there. */
must_check int records_delete(struct records_shelf *s, MDB_dbi db, struct span key);
/* 1, or 0 when it is not there. It points into the environment until something is put there. */
must_check int records_get(struct records_shelf *s, MDB_dbi db, struct span key, struct span *ret);

/* Gives the next number to a fact: 1. Is it in the journal with this number? 1 or 0. */
must_check int records_enter(struct records_writer *w, enum fact_kind kind, struct span key);
must_check int records_is_entered(
	struct records_writer *w, uint64_t seq, enum fact_kind kind, struct span key);

/* A fact that is what its key says, whose value starts with seq, received, entry. */
#define RECORDS_SEQ_BYTES     8
#define RECORDS_ARRIVAL_BYTES 32
struct records_fact {
	struct records_shelf *shelf;
	MDB_dbi db;
	enum fact_kind kind;
	const struct pack *key, *journal_key;
	const struct pack *head; /* its seq is not looked at */
	struct span more[2];     /* behind it in the value */
	bool last_stands;        /* of several uploads; else the first one */
};
/* 1 when it is new, 0 when it was known. */
must_check int records_add_fact(struct records_writer *w, const struct records_fact *f);

/* Moves a cursor to the first key that is not below `from` (empty: to the
 * first). 1, or 0 at the end. */
must_check int records_seek(struct records_shelf *s, MDB_cursor *cursor, struct span from,
	struct span *ret_key, struct span *ret_value);

/* The key behind `at` (empty: the first), which it becomes. The same. */
must_check int records_next(
	struct records_shelf *s, MDB_cursor *cursor, struct pack *at, struct span *ret_value);

/* records_item.c: one version less has this text. */
must_check int records_release(
	struct records_shelf *s, const unsigned char digest[static ITEM_DIGEST_BYTES]);

/* records_known.c. All: 0 or a negative errno. What this version with its text says of who is known
 * is entered. */
must_check int records_know(struct records_writer *w, const struct item *i);
/* This version goes: its cards, or its template, are taken out. Others of its item may need some of
 * them: when all that go have gone, records_know_versions enters those that stay. */
must_check int records_forget_text(struct records_writer *w, const struct item *version);
must_check int records_know_versions(struct records_writer *w, const struct pack *item);
/* Takes out what says that a device knows this PIN where no item says so any more. */
must_check int records_forget_pin(struct records_writer *w, struct span pin);

#endif

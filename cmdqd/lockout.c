/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lockout: see the header. */
#include "cmdqd/lockout.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "lib/hash.h"
#include "lib/serial.h"

#define BUCKETS (1u << 14)

struct row {
	LIST_ENTRY(row) chain;
	TAILQ_ENTRY(row) order; /* by last_ms */
	uint64_t last_ms;       /* when it was counted last */
	uint64_t failures, looked_at, turned_away;
	char where[SERIAL_MAX + 1];
	size_t len;
	char who[LOCKOUT_WHO_MAX];
};
TAILQ_HEAD(rows, row);

struct lockout {
	struct lockout_rules rules;
	uint64_t seed;
	size_t count;
	struct rows rows; /* the one that ends first is the first one */
	struct row *told; /* taken out by lockout_next_over: its name is still read */
	LIST_HEAD(, row) buckets[BUCKETS];
};

int lockout_open(const struct lockout_rules *rules, uint64_t seed, struct lockout **ret)
{
	struct lockout *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->rules = *rules;
	l->seed = seed;
	TAILQ_INIT(&l->rows);
	*ret = l;
	return 0;
}

/* ---- rows ---- */

static struct span name_of(const struct row *row)
{
	return span_of(row->who, row->len);
}

static struct span cut(struct span who)
{
	return who.len > LOCKOUT_WHO_MAX ? span_of(who.ptr, LOCKOUT_WHO_MAX) : who;
}

static struct row *find(struct lockout *l, struct span who)
{
	struct row *row;

	who = cut(who);
	LIST_FOREACH(row, &l->buckets[hash_bucket(l->seed, who, BUCKETS)], chain)
	{
		if (span_eq(name_of(row), who))
			break;
	}
	return row;
}

static void take_out(struct lockout *l, struct row *row)
{
	LIST_REMOVE(row, chain);
	TAILQ_REMOVE(&l->rows, row, order);
	l->count--;
}

static void drop(struct lockout *l, struct row *row)
{
	take_out(l, row);
	free(row);
}

static bool is_over(const struct lockout *l, const struct row *row, uint64_t now_ms)
{
	return row->looked_at == 0 && now_ms >= row->last_ms + l->rules.lockout_ms;
}

/* Those that have ended and that nobody has to hear of. */
static void make_room(struct lockout *l, uint64_t now_ms)
{
	struct row *row, *next;

	for (row = TAILQ_FIRST(&l->rows); row && is_over(l, row, now_ms); row = next) {
		next = TAILQ_NEXT(row, order);
		if (row->turned_away == 0)
			drop(l, row);
	}
}

static struct row *add(struct lockout *l, struct span who, uint64_t now_ms)
{
	struct row *row = calloc(1, sizeof(*row));

	if (!row)
		return NULL;
	who = cut(who);
	row->last_ms = now_ms;
	row->len = who.len;
	if (who.len > 0)
		memcpy(row->who, who.ptr, who.len);
	LIST_INSERT_HEAD(&l->buckets[hash_bucket(l->seed, who, BUCKETS)], row, chain);
	TAILQ_INSERT_TAIL(&l->rows, row, order);
	l->count++;
	return row;
}

/* What is over begins anew. */
static int need(struct lockout *l, struct span who, uint64_t now_ms, struct row **ret)
{
	struct row *row = find(l, who);

	if (row && is_over(l, row, now_ms))
		row->failures = 0;
	if (!row && l->count >= l->rules.rows_max)
		make_room(l, now_ms);
	if (!row && l->count >= l->rules.rows_max)
		return -ENOSPC;
	if (!row)
		row = add(l, who, now_ms);
	*ret = row;
	return row ? 0 : -ENOMEM;
}

static void count_failure(struct lockout *l, struct row *row, uint64_t at_ms)
{
	row->failures++;
	row->last_ms = at_ms;
	TAILQ_REMOVE(&l->rows, row, order);
	TAILQ_INSERT_TAIL(&l->rows, row, order);
}

/* ---- attempts ---- */

static void turn_away(struct row *row, struct span where)
{
	size_t len = where.len < SERIAL_MAX ? where.len : SERIAL_MAX;

	row->turned_away++;
	memset(row->where, '\0', sizeof(row->where));
	if (len > 0)
		memcpy(row->where, where.ptr, len);
}

int lockout_begin(struct lockout *l, struct span who, struct span where, uint64_t now_ms)
{
	struct row *row;
	int rc = need(l, who, now_ms, &row);

	if (rc < 0)
		return rc;
	if (row->failures + row->looked_at >= l->rules.failures) {
		turn_away(row, where);
		return -EPERM;
	}
	row->looked_at++;
	return 0;
}

bool lockout_failed(struct lockout *l, struct span who, uint64_t now_ms)
{
	struct row *row = find(l, who);

	if (!row)
		return false;
	row->looked_at--;
	count_failure(l, row, now_ms);
	return row->failures == l->rules.failures;
}

void lockout_undecided(struct lockout *l, struct span who)
{
	struct row *row = find(l, who);

	if (!row)
		return;
	row->looked_at--;
	if (row->looked_at + row->failures + row->turned_away == 0)
		drop(l, row);
}

void lockout_succeeded(struct lockout *l, struct span who)
{
	struct row *row = find(l, who);

	if (!row)
		return;
	row->failures = 0;
	lockout_undecided(l, who);
}

void lockout_recall(struct lockout *l, struct span who, bool failed, uint64_t at_ms)
{
	struct row *row = find(l, who);

	if (!failed && row)
		drop(l, row);
	else if (failed && need(l, who, at_ms, &row) == 0)
		count_failure(l, row, at_ms);
}

/* ---- what is over ---- */

bool lockout_next_over(struct lockout *l, uint64_t now_ms, struct lockout_over *ret)
{
	struct row *row, *next;

	free(l->told);
	l->told = NULL;
	for (row = TAILQ_FIRST(&l->rows); row && is_over(l, row, now_ms); row = next) {
		next = TAILQ_NEXT(row, order);
		if (row->turned_away == 0) {
			drop(l, row);
			continue;
		}
		take_out(l, row);
		l->told = row;
		*ret = (struct lockout_over){name_of(row), span_str(row->where), row->turned_away};
		return true;
	}
	return false;
}

size_t lockout_rows(const struct lockout *l)
{
	return l->count;
}

void lockout_close(struct lockout *l)
{
	struct row *row, *next;

	if (!l)
		return;
	for (row = TAILQ_FIRST(&l->rows); row; row = next) {
		next = TAILQ_NEXT(row, order);
		drop(l, row);
	}
	free(l->told);
	free(l);
}

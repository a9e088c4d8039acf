/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pace: a table of those who are to be woken, a heap of when each is due, and how lately each
 * address and everybody together was sent something. */
#include "notifyd/pace.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "lib/hash.h"
#include "lib/serial.h"

#define SLOTS (1u << 16) /* of both tables that are looked up by a hash */

/* A terminal that is to be woken. */
struct sleeper {
	LIST_ENTRY(sleeper) chain;
	TAILQ_ENTRY(sleeper) age;
	unsigned place; /* in the heap */
	unsigned pokes; /* since it was woken */
	uint64_t woken_ms, due_ms;
	struct in6_addr address;
	char serial[SERIAL_MAX + 1];
};

/* The last datagram to an address. Addresses that fall into one lane share its one datagram a
 * second: that is rare, and only delays. */
struct lane {
	uint64_t sent_ms; /* 0: never */
	struct in6_addr address;
};

struct pace {
	struct pace_limits limits;
	unsigned count;
	struct sleeper *sleepers;
	struct sleeper **heap; /* the first `count` by due_ms, behind them those not in use */
	TAILQ_HEAD(, sleeper) by_age; /* who was woken longest ago comes first */
	LIST_HEAD(, sleeper) buckets[SLOTS];
	struct lane lanes[SLOTS];
	uint64_t *sent_ms; /* of the last `rate` datagrams, in a ring; 0: none yet */
	unsigned oldest;   /* of them */
};

/* ---- making and finding ---- */

int pace_open(const struct pace_limits *limits, struct pace **ret)
{
	struct pace *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->limits = *limits;
	TAILQ_INIT(&p->by_age);
	p->sleepers = calloc(limits->serials, sizeof(*p->sleepers));
	p->heap = calloc(limits->serials, sizeof(struct sleeper *));
	p->sent_ms = calloc(limits->rate, sizeof(*p->sent_ms));
	if (!p->sleepers || !p->heap || !p->sent_ms) {
		pace_close(p);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < limits->serials; i++)
		p->heap[i] = &p->sleepers[i];
	*ret = p;
	return 0;
}

void pace_close(struct pace *p)
{
	free(p->sent_ms);
	free(p->heap);
	free(p->sleepers);
	free(p);
}

static unsigned slot_of(const struct pace *p, struct span bytes)
{
	return hash_bucket(p->limits.seed, bytes, SLOTS);
}

static struct sleeper *find(const struct pace *p, struct span serial)
{
	struct sleeper *s;

	LIST_FOREACH(s, &p->buckets[slot_of(p, serial)], chain)
	if (span_is(serial, s->serial))
		return s;
	return NULL;
}

/* ---- the heap ---- */

static void put(struct pace *p, unsigned place, struct sleeper *s)
{
	p->heap[place] = s;
	s->place = place;
}

/* Moves it to where its due_ms belongs. */
static void settle(struct pace *p, struct sleeper *s)
{
	unsigned place = s->place, child;

	for (; place > 0 && s->due_ms < p->heap[(place - 1) / 2]->due_ms; place = (place - 1) / 2)
		put(p, place, p->heap[(place - 1) / 2]);
	for (; (child = 2 * place + 1) < p->count; place = child) {
		if (child + 1 < p->count && p->heap[child + 1]->due_ms < p->heap[child]->due_ms)
			child++;
		if (s->due_ms <= p->heap[child]->due_ms)
			break;
		put(p, place, p->heap[child]);
	}
	put(p, place, s);
}

/* ---- coming and going ---- */

static void leave_alone(struct pace *p, struct sleeper *s)
{
	unsigned place = s->place;
	struct sleeper *last = p->heap[--p->count];

	LIST_REMOVE(s, chain);
	TAILQ_REMOVE(&p->by_age, s, age);
	p->heap[p->count] = s;
	if (last == s)
		return;
	put(p, place, last);
	settle(p, last);
}

/* begin() puts it in its place. */
static struct sleeper *add(struct pace *p, struct span serial)
{
	struct sleeper *s = p->heap[p->count];

	memset(s, 0, sizeof(*s));
	memcpy(s->serial, serial.ptr, serial.len);
	s->place = p->count++;
	LIST_INSERT_HEAD(&p->buckets[slot_of(p, serial)], s, chain);
	TAILQ_INSERT_TAIL(&p->by_age, s, age);
	return s;
}

static void begin(struct pace *p, struct sleeper *s, uint64_t now_ms)
{
	s->pokes = 0;
	s->woken_ms = s->due_ms = now_ms;
	TAILQ_REMOVE(&p->by_age, s, age);
	TAILQ_INSERT_TAIL(&p->by_age, s, age);
	settle(p, s);
}

bool pace_wake(struct pace *p, struct span serial, const struct in6_addr *address, uint64_t now_ms)
{
	struct sleeper *s = find(p, serial);
	bool anew = !s || now_ms - s->woken_ms >= PACE_ANEW_MS;
	bool full = !s && p->count == p->limits.serials;

	if (full)
		leave_alone(p, TAILQ_FIRST(&p->by_age));
	if (!s)
		s = add(p, serial);
	s->address = *address;
	if (anew)
		begin(p, s, now_ms);
	return !full;
}

void pace_seen(struct pace *p, struct span serial)
{
	struct sleeper *s = find(p, serial);

	if (s)
		leave_alone(p, s);
}

unsigned pace_count(const struct pace *p)
{
	return p->count;
}

/* ---- poking ---- */

static struct lane *lane_of(struct pace *p, const struct in6_addr *address)
{
	return &p->lanes[slot_of(p, span_of(address, sizeof(*address)))];
}

/* When everybody together may be sent the next: a second after the one `rate` before it. */
static uint64_t rate_allows_ms(const struct pace *p)
{
	uint64_t sent_ms = p->sent_ms[p->oldest];

	return sent_ms ? sent_ms + 1000 : 0;
}

static void note_sent(struct pace *p, struct lane *lane, const struct sleeper *s, uint64_t now_ms)
{
	*lane = (struct lane){now_ms, s->address};
	p->sent_ms[p->oldest] = now_ms;
	p->oldest = (p->oldest + 1) % p->limits.rate;
}

/* It was poked: when it is due again, or that it was often enough. */
static void count_poke(struct pace *p, struct sleeper *s, uint64_t now_ms)
{
	unsigned doubled = s->pokes < 16 ? s->pokes : 16;
	uint64_t pause_ms = (uint64_t)PACE_FIRST_PAUSE_MS << doubled;

	if (++s->pokes >= p->limits.pokes) {
		leave_alone(p, s);
		return;
	}
	s->due_ms = now_ms + (pause_ms < PACE_LONGEST_PAUSE_MS ? pause_ms : PACE_LONGEST_PAUSE_MS);
	settle(p, s);
}

/* The address had its datagram of this second. One that left after the terminal was to be woken is
 * this one's poke too; else it comes when the address is free again. */
static void share_or_wait(struct pace *p, struct sleeper *s, struct lane *lane, uint64_t now_ms)
{
	if (s->woken_ms < lane->sent_ms && IN6_ARE_ADDR_EQUAL(&s->address, &lane->address)) {
		count_poke(p, s, now_ms);
		return;
	}
	s->due_ms = lane->sent_ms + PACE_ADDRESS_MS;
	settle(p, s);
}

bool pace_next(struct pace *p, uint64_t now_ms, struct in6_addr *ret_address)
{
	while (p->count > 0 && p->heap[0]->due_ms <= now_ms && rate_allows_ms(p) <= now_ms) {
		struct sleeper *s = p->heap[0];
		struct lane *lane = lane_of(p, &s->address);

		if (lane->sent_ms && now_ms - lane->sent_ms < PACE_ADDRESS_MS) {
			share_or_wait(p, s, lane, now_ms);
			continue;
		}
		*ret_address = s->address;
		note_sent(p, lane, s, now_ms);
		count_poke(p, s, now_ms);
		return true;
	}
	return false;
}

uint64_t pace_wait_ms(const struct pace *p, uint64_t now_ms)
{
	uint64_t due_ms, allowed_ms = rate_allows_ms(p);

	if (p->count == 0)
		return UINT64_MAX;
	due_ms = p->heap[0]->due_ms > allowed_ms ? p->heap[0]->due_ms : allowed_ms;
	return due_ms > now_ms ? due_ms - now_ms : 0;
}

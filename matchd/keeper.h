/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keeper: what the matcher may say when, and when it is begun anew. docs/MATCHER.md "What ends a
 * matcher". Pure: times and lines come in; who calls it starts and ends the process. */
#ifndef PUNCHD_MATCHD_KEEPER_H
#define PUNCHD_MATCHD_KEEPER_H

#include "lib/matching.h"

#define KEEPER_HELLO_MS         5000 /* until hello must be said */
#define KEEPER_FIRST_PAUSE_MS   250  /* before the second new start; each further one is twice */
#define KEEPER_LONGEST_PAUSE_MS 5000 /* as long, but never longer than this */

enum keeper_state {
	KEEPER_DOWN,     /* there is none */
	KEEPER_GREETING, /* it was started and has not said hello */
	KEEPER_READY,    /* it waits for a request */
	KEEPER_BUSY,     /* it has one */
};

struct keeper {
	enum keeper_state state;
	uint64_t timeout_ms; /* from a request to its answer */
	/* When it is to be started, when it must have said hello or answered; UINT64_MAX while it
	 * is ready. */
	uint64_t due_ms;
	uint64_t asked;    /* the ID of the last request of this life; 0 before the first */
	unsigned failures; /* without a good answer in between */
	struct matching_hello hello; /* no formats unless it is ready or busy */
};

/* It is to be started at once. */
struct keeper keeper_make(uint64_t timeout_ms);

void keeper_started(struct keeper *k, uint64_t now_ms);
/* It has ended, or was ended. */
void keeper_ended(struct keeper *k, uint64_t now_ms);
/* A request goes to it, which is ready: the ID for it. */
uint64_t keeper_ask(struct keeper *k, uint64_t now_ms);

enum keeper_heard {
	KEEPER_NOTHING, /* no whole line yet */
	KEEPER_HELLO,
	KEEPER_ANSWER, /* to the request that it has */
	KEEPER_LIE,    /* it must be ended */
};

/* All that it has said since its last whole line. `*ret_answer` gets an answer, whose word points
 * into `said`; `*ret_why` in words why it is a lie. */
enum keeper_heard keeper_hear(struct keeper *k, struct span said,
	struct matching_answer *ret_answer, const char **ret_why);

/* It has had its time; NULL, or in words for what. */
const char *keeper_late(const struct keeper *k, uint64_t now_ms);

/* Is it at work, or may it be soon? Else requests need not wait for it. */
bool keeper_hopeful(const struct keeper *k);

#endif

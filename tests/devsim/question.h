/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions: what a terminal asks beside commands. docs/PROTOCOL.md 6 */
#ifndef PUNCHD_TESTS_DEVSIM_QUESTION_H
#define PUNCHD_TESTS_DEVSIM_QUESTION_H

#include "tests/devsim/model.h"

struct question {
	enum ask kind;
	struct text pin, value; /* value: a card's number, a password, a template in base64 */
};

/* "attendance:PIN", "card:NUMBER", "pwd:PIN:PASSWORD", "fp:PIN:BASE64", "face:PIN:BASE64", "ping",
 * "time" or "exchange". The parts stay the caller's. */
bool question_read(const char *words, struct question *ret);
void question_make(struct upload *upload, struct device *device, const struct question *q);
/* Of attendance or a card, about this one of the people of the benchmarks, from 0. */
void question_made(struct upload *upload, struct device *device, enum ask kind, uint64_t person);

enum verdict {
	VERDICT_YES,
	VERDICT_NO,
	VERDICT_ODD /* another status, or words that no terminal reads */
};
enum verdict question_verdict(enum ask kind, const struct reply *reply);

#endif

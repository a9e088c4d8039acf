/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conf_key: every key of the configuration with its default and its range. Pure; conf.c reads the
 * file by it. */
#ifndef PUNCHD_LIB_CONF_KEY_H
#define PUNCHD_LIB_CONF_KEY_H

#include <stdint.h>

#include "lib/span.h"

enum conf_form {
	CONF_TEXT,
	CONF_LIST,   /* of texts */
	CONF_CHOICE, /* one of two words; the field is a bool, all others below are uint64_t */
	CONF_COUNT,
	CONF_BYTES,
	CONF_MS, /* times, whole ones of the unit that the field has */
	CONF_S,
	CONF_MIN,
};

struct conf_key {
	const char *name;
	enum conf_form form;
	const char *preset;
	/* Text and list: in words what is allowed, and NULL. Choice: the words for false and true.
	 * Else the range, spelled as in the file. */
	const char *least, *most;
	size_t field;                   /* offset in struct conf */
	bool (*fits)(struct span text); /* of text and list */
};

/* All keys; the name of the last is NULL. */
extern const struct conf_key conf_keys[];

/* NULL when there is no such key. */
const struct conf_key *conf_key_find(const char *name);

bool conf_key_allows(const struct conf_key *k, struct span text);
/* The value of an amount in the unit of its field; false when it is not allowed. */
must_check bool conf_key_amount(const struct conf_key *k, struct span text, uint64_t *ret_value);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* setting: the table of what a device may have of its own: the one place that knows the names, the
 * ranges and where each is kept. Orders, punchctl and the stored record are all made of it. Pure.
 */
#ifndef PUNCHD_STORE_SETTING_H
#define PUNCHD_STORE_SETTING_H

#include "lib/buf.h"
#include "lib/conf.h"
#include "store/control.h"

enum setting_kind {
	SETTING_AMOUNT, /* uint64_t, a key of punchd.conf with its unit and range; 0 not set */
	SETTING_BYTES,  /* uint64_t, "10 KiB" */
	SETTING_TEXT,   /* char[], "" not set */
	SETTING_WORD,   /* char[], one of `words` */
	SETTING_TRUTH,  /* int8_t 1, -1, 0 not set; yes, no, true, false */
	SETTING_SECRET, /* char[], shown as "(set)" */
};

struct setting {
	const char *key; /* "time_zone" */
	enum setting_kind kind;
	size_t at, room;                 /* in struct device_settings */
	const char *words;               /* of SETTING_WORD: "utf-8 gb18030" */
	const char *brief;               /* what it is, for people */
	const char *allowed;             /* what a value may be, in words */
	bool (*fits)(struct span value); /* of a text, or NULL */
};

extern const struct setting settings_table[];
extern const size_t settings_count;

/* NULL when there is none. */
const struct setting *setting_find(struct span key);
/* Sets it; an empty value goes back to the default. 0; -EINVAL: say setting->allowed; `own` is
 * untouched then. Whether a time zone exists is not looked at. */
must_check int setting_set(const struct setting *s, struct device_settings *own, struct span value);
bool setting_is_set(const struct setting *s, const struct device_settings *own);
/* Appends the value as setting_set takes it; nothing when it is not set. A secret as "(set)". */
must_check int setting_put(
	const struct setting *s, const struct device_settings *own, struct buf *b);
/* The value of SETTING_SECRET for the store: salted, so that nobody reads it there. "<32 hex of
 * salt>:<64 hex of BLAKE2b-256 over salt and key>" */
#define COMM_KEY_BYTES 98 /* with NUL */
must_check int comm_key_hash(struct span key, char ret_text[static COMM_KEY_BYTES]);
/* In constant time. */
bool comm_key_is(const char *stored, struct span key);

#endif

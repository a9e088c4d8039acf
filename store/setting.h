/* SPDX-License-Identifier: GPL-2.0-or-later */
/* setting: the table of what a device may have of its own: the one place that knows the names, the
 * ranges and where each is kept. Orders and punchctl are made of it. Pure, but for the salt of a
 * comm key. */
#ifndef PUNCHD_STORE_SETTING_H
#define PUNCHD_STORE_SETTING_H

#include "lib/buf.h"
#include "lib/conf.h"
#include "store/control.h"

enum setting_kind {
	SETTING_AMOUNT, /* uint64_t, a key of punchd.conf with its unit and range; 0 not set,
			   SETTING_ZERO 0 */
	SETTING_TEXT,   /* char[], "" not set */
	SETTING_WORD,   /* char[], one of `words` */
	SETTING_TRUTH,  /* int8_t 1, -1, 0 not set; yes, no, true, false */
	SETTING_SECRET, /* char[], kept as comm_key_hash made it, shown as "(set)" */
};

struct setting {
	const char *key; /* "time_zone" */
	enum setting_kind kind;
	size_t at, room;                 /* in struct device_settings */
	const char *conf;                /* the key of punchd.conf that is its default, or NULL */
	const char *words;               /* of SETTING_WORD: "utf-8 gb18030" */
	bool (*fits)(struct span value); /* of a text that has no `conf` */
	const char *brief;               /* what it is, for people */
	const char *allowed;             /* what a value may be, in words */
};

extern const struct setting settings_table[];
extern const size_t settings_count;

/* NULL when there is none. */
const struct setting *setting_find(struct span key);
/* Sets it; an empty value goes back to the default. Of SETTING_SECRET both the secret and its
 * stored form are taken. 0; -EINVAL: say setting->allowed; `own` is untouched on failure. Whether a
 * time zone exists is not looked at. */
must_check int setting_set(const struct setting *s, struct device_settings *own, struct span value);
bool setting_is_set(const struct setting *s, const struct device_settings *own);
/* Appends the value for people, in the form that setting_set takes, but a secret as "(set)";
 * nothing when it is not set. 0, -ENOMEM, -EMSGSIZE. */
must_check int setting_put(
	const struct setting *s, const struct device_settings *own, struct buf *b);
/* The same for an order: a secret in its stored form, so that no spool file tells it. */
must_check int setting_put_stored(
	const struct setting *s, const struct device_settings *own, struct buf *b);

/* What holds: an amount of a device's own, or the configuration's. */
static inline uint64_t setting_amount(uint64_t own, uint64_t preset)
{
	return own == 0 ? preset : own == SETTING_ZERO ? 0 : own;
}

/* ---- comm_key.c ---- */

/* The value of SETTING_SECRET for the store: salted, so that nobody reads it there. "<32 hex of
 * salt>:<64 hex of BLAKE2b-256 over salt and key>" */
#define COMM_KEY_BYTES 98 /* with NUL */
#define COMM_KEY_MAX   64 /* bytes of the key itself: none can be taken for its stored form */
/* 0 or a negative errno. */
must_check int comm_key_hash(struct span key, char ret_text[static COMM_KEY_BYTES]);
/* Is it of that form? */
bool comm_key_is_hash(struct span text);
/* Is it the key that was hashed? In constant time; false for what is of no such form. */
bool comm_key_is(const char *stored, struct span key);

#endif

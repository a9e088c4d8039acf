/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verb: the table of all that can be ordered of a terminal: each command of docs/PROTOCOL.md 5 with
 * its fields, what each field may hold, how it is spelled on the wire, and how the command is to be
 * treated. The one place that knows; punchctl makes its words of it and cmdqd its lines. Pure. */
#ifndef PUNCHD_COMMAND_VERB_H
#define PUNCHD_COMMAND_VERB_H

#include <stdint.h>

#include "lib/conf.h"
#include "lib/span.h"

#define VERB_FIELDS_MAX 12
#define VERB_WHY_BYTES  192 /* room for a reason in words, with NUL */

/* How a command is treated; bits. */
enum verb_trait {
	VERB_NEVER_TWICE = 1 << 0, /* never offered again by our own decision: section 4 */
	VERB_ENDS_BATCH = 1 << 1,  /* nothing may follow it in a reply */
	VERB_URGENT =
		1 << 2, /* does not wait for those that were offered before and have no result */
	VERB_COUNTS = 1 << 3,  /* every Return from 0 up means that it worked */
	VERB_CONTENT = 1 << 4, /* its result may bring content to be kept as a file */
	VERB_FACTS = 1 << 5,   /* its content is lines "key=value" about the device */
};

/* What the configuration has to allow first; bits. */
enum verb_allowance {
	ALLOW_SHELL = 1 << 0,
	ALLOW_PUT_FILE = 1 << 1,
	ALLOW_CLEAR = 1 << 2,
	ALLOW_SERVER_OPTIONS = 1 << 3,
	ALLOW_RAW = 1 << 4, /* a raw line that spells no command known here: it may do anything */
};
#define ALLOWANCES 5
/* The key in punchd.conf that grants the allowance of one bit: "allow_shell", … */
const char *verb_allowance_key(enum verb_allowance allowance);
/* The allowances that the configuration grants; bits. */
unsigned verb_granted(const struct conf *conf);

/* What a device has to be able to do; unknown counts as able. */
enum verb_need { NEED_NOTHING, NEED_FINGER, NEED_FACE, NEED_USERPIC, NEED_BIOPHOTO, NEED_BIODATA };

enum field_kind {
	FIELD_PIN,      /* 1 to `max` of A-Z a-z 0-9 - _ . */
	FIELD_TEXT,     /* UTF-8; refused above `max` bytes in the device's charset */
	FIELD_NAME,     /* the same, cut there between two characters */
	FIELD_NUMBER,   /* `min` to `max`, decimal */
	FIELD_DIGITS,   /* at most `max` digits, or empty */
	FIELD_CARD,     /* a card's decimal number, or empty: lib/card.h */
	FIELD_TIME,     /* "YYYY-MM-DD HH:MM:SS"; an existing moment */
	FIELD_DAY,      /* the same, or "YYYY-MM-DD" */
	FIELD_BASE64,   /* whole base64 */
	FIELD_TEMPLATE, /* the same, of a finger: its algorithm version is held against the device's
			 */
	FIELD_SIZE,   /* nobody gives it: the number of base64 characters of the verb's base64 field
		       */
	FIELD_OPTION, /* KEY=VALUE of SET OPTION */
	FIELD_FILE,   /* the name of a file, without a path */
	FIELD_SERVED, /* the name of a file of ours; sent as the address that it has for this
			 command: lib/file_target.h */
	FIELD_SHA256, /* of that file, in hex; never sent */
	FIELD_LINE,   /* the rest of the command as it is; TAB may stand in it and in no other */
};

struct verb_field {
	const char *name; /* in orders and for operators: "pin"; "" when nobody gives it */
	const char *key;  /* on the wire: "PIN"; "" when the value stands alone */
	enum field_kind kind;
	const char *old_key; /* for terminals without pushver or below 2; NULL: the same */
	bool required;
	bool clears; /* an empty value may be given and is sent: it clears what is there */
	bool secret; /* a template, picture, password, card or shell line: never logged, masked when
			shown */
	uint64_t min, max;
	const char *preset; /* what is sent when it is not given, "<pin>" being the PIN in it; NULL:
			       the field is left out */
	const char *brief;  /* for people */
};

struct verb {
	const char *name;     /* in orders: "user.add" */
	const char *wire;     /* "DATA UPDATE USERINFO" */
	const char *old_wire; /* for terminals without pushver or below 2; NULL: the same */
	const struct verb_field *fields;
	size_t field_count;
	unsigned traits, allowances; /* bits */
	enum verb_need need;
	uint64_t expires_ms; /* by default; 0: never */
	const char *brief;
};

/* All of them; raw is "raw", with one FIELD_LINE "line". */
extern const struct verb verbs[];
extern const size_t verb_count;

/* NULL when there is none of that name. */
const struct verb *verb_find(struct span name);
/* The index of a field, or -1. */
int verb_field_find(const struct verb *v, struct span name);

/* Is the value right for the field, whatever the device? Only a field that `clears` may be empty.
 * Every value is UTF-8 without control characters (TAB: FIELD_LINE). 0, or -EINVAL with the reason,
 * naming the field and never the value. */
must_check int verb_field_check(
	const struct verb_field *f, struct span value, char ret_why[static VERB_WHY_BYTES]);

/* The verb that a raw line spells with its first words, in any case and with any blanks between;
 * NULL for none of ours. */
const struct verb *verb_of_raw(struct span line);
/* What a raw line is: the traits and allowances of the verb that it spells; VERB_NEVER_TWICE and
 * VERB_CONTENT alone for one that is not known. What only begins like SHELL, PutFile, CLEAR or SET
 * OPTION needs their allowance too. */
void verb_classify_raw(struct span line, unsigned *ret_traits, unsigned *ret_allowances);
/* Does a raw line set an option that begins with '~'? */
bool verb_raw_reserved(struct span line);

/* Options of SET OPTION: those that begin with '~' are refused always, those that say which server
 * a terminal speaks to need ALLOW_SERVER_OPTIONS. */
bool verb_option_reserved(struct span key);
bool verb_option_of_server(struct span key);
/* Does such an option stand before any '=' of the text, whatever parts them? */
bool verb_keys_of_server(struct span text);
bool verb_keys_reserved(struct span text);
/* Is the value of such an option a secret: a password or a key? */
bool verb_option_secret(struct span key);

#endif

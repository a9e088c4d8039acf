/* SPDX-License-Identifier: GPL-2.0-or-later */
/* typed: a command as an operator meant it: a verb and the values of its fields. Its text is the
 * lines "verb: NAME" and then "FIELD: VALUE" in the order of the verb's table; it stands in orders
 * and in the store. Pure. */
#ifndef PUNCHD_COMMAND_TYPED_H
#define PUNCHD_COMMAND_TYPED_H

#include "command/verb.h"
#include "lib/buf.h"

#define TYPED_MAX (48 * 1024) /* bytes of the text; more would fit into no poll's reply */

struct typed {
	const struct verb *verb;
	struct span values[VERB_FIELDS_MAX]; /* in the order of verb->fields */
	bool given[VERB_FIELDS_MAX];
	struct span token; /* of the address of a FIELD_SERVED; not part of the text */
};

/* Takes one "field: value" in. 0; -EINVAL with the reason: no such field, given twice, or a value
 * that verb_field_check refuses. The span is kept. */
must_check int typed_set(
	struct typed *t, struct span field, struct span value, char ret_why[static VERB_WHY_BYTES]);
/* Is it whole: every required field given, and what only together makes sense? 0 or -EINVAL. */
must_check int typed_check(const struct typed *t, char ret_why[static VERB_WHY_BYTES]);

/* From and to its text. The spans point into `text`. typed_get checks all of the above. 0; -EINVAL
 * with the reason. typed_put: 0, -ENOMEM, -EMSGSIZE. */
must_check int typed_get(struct span text, struct typed *ret, char ret_why[static VERB_WHY_BYTES]);
must_check int typed_put(struct buf *b, const struct typed *t);

/* The text without what is secret: a secret value that is not empty becomes "(N bytes)". For logs,
 * for people, and for the history of what is over. 0, -ENOMEM, -EMSGSIZE. */
must_check int typed_put_masked(struct buf *b, const struct typed *t);
/* The same of a stored text, whatever it is: of one that cannot be understood nobody knows what in
 * it is secret, so only its first line stays. */
must_check int typed_mask(struct buf *b, struct span text);
/* The name that its first line has, known or not; empty when it names none. */
struct span typed_name(struct span text);
#define TYPED_MASKED_MAX (TYPED_MAX + VERB_FIELDS_MAX * 32) /* bytes of a masked text */
/* The same on one line for people: "user.add pin=1001 name=Anna card=(10 bytes)". */
must_check int typed_put_line(struct buf *b, const struct typed *t);

/* Traits and allowances of this very command: those of its verb; of the line for raw;
 * ALLOW_SERVER_OPTIONS for such an option. */
unsigned typed_traits(const struct typed *t);
unsigned typed_allowances(const struct typed *t);
/* After how long it expires by default, 0: never; a raw AC_UNLOCK as soon as an unlock. */
uint64_t typed_expires_ms(const struct typed *t);

#endif

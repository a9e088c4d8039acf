/* SPDX-License-Identifier: GPL-2.0-or-later */
/* erase_order: every line is known and stands once, or nothing is erased. */
#include "parserd/erase_order.h"

#include <errno.h>

#include "store/lines.h"

static const char *const names[ERASE_WHATS] = {
	[ERASE_PIN] = "pin", [ERASE_PHOTOS] = "photos", [ERASE_OPLOG] = "oplog"};

const char *erase_what_name(enum erase_what what)
{
	return names[what];
}

/* Takes "KEY: VALUE" off the front; a blank at the end of a PIN is part of it. */
static bool take_line(struct span *rest, const char *key, struct span *ret_value)
{
	struct span line, word;
	if (!span_next_line(rest, &line) || !span_next(&line, ':', &word) || !span_is(word, key) ||
		!span_starts(line, " "))
		return false;
	*ret_value = span_from(line, 1);
	return true;
}

static bool take_what(struct span *rest, enum erase_what *ret)
{
	struct span value;
	if (!take_line(rest, "erase", &value))
		return false;
	for (unsigned i = 0; i < ERASE_WHATS; i++)
		if (span_is(value, names[i])) {
			*ret = (enum erase_what)i;
			return true;
		}
	return false;
}

static bool get_pin(struct span value, struct erase_order *o)
{
	static const struct lines_fact pin = LINES_FACT("pin", LINES_TEXT, erase_order, pin);
	return lines_get(&pin, 1, span_str(pin.key), value, o) == 0 &&
	       punch_pin_valid(span_str(o->pin));
}

static const char *read_rest(struct span rest, struct erase_order *o)
{
	struct span value;
	if (!take_line(&rest, o->what == ERASE_PIN ? "pin" : "before", &value))
		return o->what == ERASE_PIN ? "which pin is not said" : "before when is not said";
	if (o->what == ERASE_PIN && !get_pin(value, o))
		return "the pin is none";
	if (o->what != ERASE_PIN &&
		(clock_parse_local(value, &o->before) < 0 || !clock_local_exists(&o->before)))
		return "before is no time like 2026-01-05 08:00:00";
	return rest.len > 0 ? "there are more lines than it takes" : NULL;
}

int erase_order_parse(struct span body, struct erase_order *ret, const char **ret_why)
{
	struct erase_order o = {.what = ERASE_PIN};
	const char *why = "what is to be erased is not said, or it is none of pin, photos, oplog";
	if (take_what(&body, &o.what))
		why = read_rest(body, &o);
	if (why) {
		*ret_why = why;
		return -EBADMSG;
	}
	*ret = o;
	return 0;
}

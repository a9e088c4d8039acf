/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keep_mark: see the header. */
#include "parserd/keep_mark.h"

#include <stdio.h>

static const struct deletion {
	const char *code, *what;
	bool of_a_pin; /* which o1 says */
} deletions[] = {
	{"9", "users", true},
	{"10", "fingers", true},
	{"11", "password", true},
	{"12", "card", true},
	{"13", "all", false},
	{"22", "all", false},
	{"35", "pictures", false},
};

static const struct deletion *find(struct span code)
{
	for (size_t i = 0; i < sizeof(deletions) / sizeof(*deletions); i++)
		if (span_is(code, deletions[i].code))
			return &deletions[i];
	return NULL;
}

bool keep_mark_of(const struct row *operation, struct keep_mark *ret)
{
	const struct deletion *d = find(row_field(operation, "code"));
	struct span pin = row_field(operation, "o1");
	struct span finger = row_field(operation, "o2");

	if (d == NULL || (d->of_a_pin && (pin.len == 0 || pin.len > ROW_PIN_MAX)))
		return false;
	ret->pin = d->of_a_pin ? pin : span_of(NULL, 0);
	snprintf(ret->what, sizeof(ret->what), "%s", d->what);
	/* One finger, where it says which. */
	if (span_is(span_str(d->code), "10") && finger.len > 0 && finger.len <= ROW_NUMBER_MAX)
		snprintf(ret->what, sizeof(ret->what), "finger %.*s", SPAN_ARG(finger));
	return true;
}

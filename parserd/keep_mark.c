/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keep_mark: see the header. */
#include "parserd/keep_mark.h"

static const struct {
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

static struct span field_of(const struct row *row, const char *name)
{
	for (size_t i = 0; i < row->field_count; i++)
		if (span_is(row->fields[i].name, name))
			return row->fields[i].value;
	return span_of(NULL, 0);
}

bool keep_mark_of(const struct row *operation, struct keep_mark *ret)
{
	struct span code = field_of(operation, "code");
	struct span pin = field_of(operation, "o1");
	size_t i = 0;

	while (i < sizeof(deletions) / sizeof(*deletions) && !span_is(code, deletions[i].code))
		i++;
	if (i == sizeof(deletions) / sizeof(*deletions))
		return false;
	if (deletions[i].of_a_pin && (pin.len == 0 || pin.len > ROW_PIN_MAX))
		return false;
	*ret = (struct keep_mark){.what = deletions[i].what};
	if (deletions[i].of_a_pin)
		ret->pin = pin;
	if (span_is(code, "10"))
		ret->finger = field_of(operation, "o2");
	if (ret->finger.len > ROW_NUMBER_MAX)
		ret->finger = span_of(NULL, 0);
	return true;
}

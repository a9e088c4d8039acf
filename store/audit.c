/* SPDX-License-Identifier: GPL-2.0-or-later */
/* audit: keys and values of what the store holds of questions about people. */
#include "store/audit.h"

#include <errno.h>

#include "store/lines.h"

static const char *const what_words[AUDIT_KINDS + 1] = {
	[AUDIT_LOOKUP] = "lookup",
	[AUDIT_VERIFY] = "verify",
	[AUDIT_FILE] = "file",
	[AUDIT_WITHDRAW] = "withdraw",
	[AUDIT_ALARM] = "alarm",
};

const char *audit_what_name(enum audit_what what)
{
	return (unsigned)what < AUDIT_KINDS ? what_words[what] : "unknown";
}

/* ---- values ---- */

static const struct lines_fact facts[] = {
	LINES_FACT("what", LINES_WORD, audit, what, .words = what_words),
	LINES_FACT("serial", LINES_TEXT, audit, serial),
	LINES_FACT("address", LINES_CUT, audit, address),
	LINES_FACT("pin", LINES_CUT, audit, pin),
	LINES_FACT("method", LINES_CUT, audit, method),
	LINES_FACT("format", LINES_CUT, audit, format),
	LINES_FACT("granted", LINES_TRUTH, audit, granted),
	LINES_FACT("why", LINES_CUT, audit, why),
	LINES_FACT("count", LINES_NUMBER, audit, count),
};
#define COUNT (sizeof(facts) / sizeof(*facts))

int control_put_audit(struct buf *b, const struct audit *a)
{
	return lines_put(b, facts, COUNT, a);
}

int control_get_audit(uint64_t at_us, uint32_t number, struct span text, struct audit *ret)
{
	/* No word of `what`: a record that does not say what it is of is none. */
	struct audit a = {.at_us = at_us, .number = number, .what = AUDIT_KINDS};
	int rc = lines_get_all(facts, COUNT, text, &a);

	if (rc == 0 && (a.what == AUDIT_KINDS || !serial_valid(span_str(a.serial))))
		rc = -EUCLEAN;
	if (rc == 0)
		*ret = a;
	return rc;
}

/* ---- keys ---- */

void audit_pack_key(struct pack *k, uint64_t at_us, uint32_t number)
{
	pack_u64(k, at_us);
	pack_u32(k, number);
}

int audit_unpack_key(struct span key, uint64_t *ret_at_us, uint32_t *ret_number)
{
	struct unpack u = {.rest = key};
	uint64_t at_us = unpack_u64(&u);
	uint32_t number = unpack_u32(&u);

	if (u.failed || u.rest.len > 0)
		return -EUCLEAN;
	*ret_at_us = at_us;
	*ret_number = number;
	return 0;
}

void audit_pack_lent(struct pack *k, struct span serial, struct span pin)
{
	if (!serial_valid(serial) || !punch_pin_valid(pin))
		k->failed = true;
	pack_text(k, serial);
	pack_text(k, pin);
}

int audit_unpack_due(
	struct span key, uint64_t *ret_due_us, struct span *ret_serial, struct span *ret_pin)
{
	struct unpack u = {.rest = key};
	uint64_t due_us = unpack_u64(&u);
	struct span serial = unpack_text(&u), pin = unpack_text(&u);

	if (u.failed || u.rest.len > 0 || !serial_valid(serial) || !punch_pin_valid(pin))
		return -EUCLEAN;
	*ret_due_us = due_us;
	*ret_serial = serial;
	*ret_pin = pin;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a terminal shows of somebody: nothing of it is read in two ways. The input is the body, or
 * the target that it comes with. */
#include "cmdqd/probe.h"
#include "store/records.h"
#include "tests/fuzz/fuzz.h"

static void check_probe(struct span body)
{
	struct probe p = {.pin = span_str("before")}, again;
	const char *why = probe_read(body, &p);

	if (why) {
		CHECK(why[0] != '\0' && span_is(p.pin, "before"));
		return;
	}
	CHECK(fuzz_inside(p.pin, body) && fuzz_inside(p.sample, body));
	CHECK(p.sample.len > 0 && !fuzz_has_control(p.pin) && !fuzz_has_control(p.sample));
	CHECK(p.pin.len == 0 || (punch_pin_valid(p.pin) && !span_is(p.pin, "0")));
	/* What was read, in the terminals' own spelling, is read as the same. */
	struct buf b = buf_with_max(2 * body.len + 64);
	CHECK(buf_printf(&b, "PIN=%.*s\tSize=%zu\tTMP=%.*s", SPAN_ARG(p.pin), p.sample.len,
		      SPAN_ARG(p.sample)) == 0);
	CHECK(!probe_read(buf_span(&b), &again));
	CHECK(span_eq(again.pin, p.pin) && span_eq(again.sample, p.sample));
	buf_free(&b);
}

static void check_method(struct span text)
{
	static struct target t;
	struct span said = {NULL, 0};
	enum probe_method method;

	if (target_parse(text, &t) != 0)
		return;
	method = probe_method_of(&t);
	CHECK(method <= PROBE_OTHER);
	(void)target_param(&t, "AuthType", &said);
	CHECK((method != PROBE_OTHER) == (said.len > 0 && span_is_nocase(span_trim(said),
								  probe_method_name(method))) ||
		span_is_nocase(span_trim(said), "other"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_probe(span_of(data, size));
	check_method(span_of(data, size));
	return 0;
}

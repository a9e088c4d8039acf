/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe: every spelling that a terminal has, and nothing that could be read in two ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmdqd/probe.h"
#include "store/records.h"

/* ---- the method ---- */

static enum probe_method method(const char *target)
{
	static struct target t;

	assert_int_equal(target_parse(span_str(target), &t), 0);
	return probe_method_of(&t);
}

static void test_method(void **state)
{
	(void)state;
	assert_int_equal(method("/iclock/cdata?SN=A&AuthType=CARD"), PROBE_CARD);
	assert_int_equal(method("/iclock/cdata?SN=A&AuthType=PWD"), PROBE_PASSWORD);
	assert_int_equal(method("/iclock/cdata?AuthType=FP&SN=A"), PROBE_FINGER);
	assert_int_equal(method("/iclock/cdata?SN=A&AuthType=FACE"), PROBE_FACE);
	assert_int_equal(method("/iclock/cdata?SN=A&authtype=fp%20"), PROBE_FINGER);
	assert_int_equal(method("/iclock/cdata?SN=A&AuthType=PALM"), PROBE_OTHER);
	assert_int_equal(method("/iclock/cdata?SN=A&AuthType=FPX"), PROBE_OTHER);
	assert_int_equal(method("/iclock/cdata?SN=A&AuthType=other"), PROBE_OTHER);
	assert_int_equal(method("/iclock/cdata?SN=A&AuthType="), PROBE_OTHER);
	assert_int_equal(method("/iclock/cdata?SN=A"), PROBE_OTHER);
	assert_string_equal(probe_method_name(PROBE_PASSWORD), "pwd");
	assert_string_equal(probe_method_name(PROBE_OTHER), "other");
}

/* ---- the body ---- */

static void reads_span(struct span body, const char *pin, const char *sample)
{
	struct probe p;

	assert_null(probe_read(body, &p));
	assert_true(span_is(p.pin, pin));
	assert_true(span_is(p.sample, sample));
}

static void reads(const char *body, const char *pin, const char *sample)
{
	reads_span(span_str(body), pin, sample);
}

static void refuses_span(struct span body, const char *why)
{
	struct probe p = {.pin = span_str("before"), .sample = span_str("before")};

	assert_string_equal(probe_read(body, &p), why);
	assert_true(span_is(p.pin, "before") && span_is(p.sample, "before"));
}

static void refuses(const char *body, const char *why)
{
	refuses_span(span_str(body), why);
}

static void test_spellings(void **state)
{
	(void)state;
	reads("PIN=147\tSize=9\tTMP=123456789", "147", "123456789");
	reads("PIN=0\tSize=9\tTMP=123456789", "", "123456789");
	reads("PIN=\tSize=9\tTMP=123456789", "", "123456789");
	reads("Size=9\tTMP=123456789", "", "123456789");
	reads("TMP=123456789", "", "123456789");
	reads("Pin=147\tsize=9\ttmp=123456789\n", "147", "123456789");
	reads("PIN = 147\t Size = 9\t TMP = 123456789 \r\n", "147", "123456789");
	reads("TMP=QUJD\tPIN=147\tSize=4\t", "147", "QUJD");
	/* Of a template its bytes, too. */
	reads("PIN=147\tSize=4\tTMP=QUJDRA==", "147", "QUJDRA==");
	reads("PIN=147\tSize=\tTMP=QUJDRA==", "147", "QUJDRA==");
	reads("PIN=147\tFID=3\tValid=1\tTMP=QUJD", "147", "QUJD");
	reads("PIN=007\tTMP=1", "007", "1");
}

static void test_what_is_no_probe(void **state)
{
	static char pin[PUNCH_PIN_MAX + 16];

	(void)state;
	refuses("", "nothing was shown");
	refuses_span((struct span){NULL, 0}, "nothing was shown");
	refuses("PIN=147\tSize=0\tTMP=", "nothing was shown");
	refuses("PIN=147\tSize=0\tTMP= ", "nothing was shown");
	refuses("PIN=147", "nothing was shown");
	refuses("PIN=147\tTMP", "the body has a field without '='");
	refuses("PIN=147\tPIN=148\tTMP=1", "the body has a field twice");
	refuses("PIN=147\tTMP=1\ttmp=1", "the body has a field twice");
	refuses("PIN=\tPIN=148\tTMP=1", "the body has a field twice");
	refuses("PIN=147\nPIN=148\tTMP=1", "the body has control characters");
	refuses_span(span_of("PIN=1\0\tTMP=1", 12), "the body has control characters");
	refuses_span(span_of("PIN=1\tTMP=1\0", 12), "the body has control characters");
	refuses("PIN=147\tSize=5\tTMP=1234", "another size than it says");
	refuses("PIN=147\tSize=-4\tTMP=1234", "another size than it says");
	refuses("PIN=147\tSize=4x\tTMP=1234", "another size than it says");
	refuses("PIN=147\tSize=5000000000\tTMP=1234", "another size than it says");
	memset(pin, '7', sizeof(pin));
	memcpy(pin, "TMP=1\tPIN=", 10);
	refuses_span(span_of(pin, 10 + PUNCH_PIN_MAX + 1), "the PIN is too long");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_method),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_what_is_no_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* audit: what is written comes back in order of time, is purged from its old end, and whom a device
 * was told of comes due once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "cmdqd/audit.h"
#include "cmdqd/ledger_private.h"
#include "scratch.h"

static struct ledger *l;

static int set_up(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	return ledger_open(scratch_path(state, "control"), &l);
}

static int tear_down(void **state)
{
	ledger_close(l);
	l = NULL;
	return scratch_remove(state);
}

static void commit(void)
{
	assert_int_equal(ledger_commit(l), 0);
}

/* ---- values ---- */

static struct audit full_audit(void)
{
	return (struct audit){.at_us = 7,
		.number = 3,
		.what = AUDIT_VERIFY,
		.serial = "ABCD250100001",
		.address = "2001:db8::1",
		.pin = "10\t=%\n",
		.method = "fp",
		.format = "zkfinger-10",
		.granted = true,
		.why = "100%\nof it",
		.count = UINT64_MAX};
}

static void assert_audit(const struct audit *a, const struct audit *b)
{
	assert_true(a->at_us == b->at_us && a->number == b->number && a->count == b->count);
	assert_int_equal(a->what, b->what);
	assert_string_equal(a->serial, b->serial);
	assert_string_equal(a->address, b->address);
	assert_string_equal(a->pin, b->pin);
	assert_string_equal(a->method, b->method);
	assert_string_equal(a->format, b->format);
	assert_int_equal(a->granted, b->granted);
	assert_string_equal(a->why, b->why);
}

static void round_trip(const struct audit *a)
{
	struct buf b = buf_with_max(4096);
	struct audit got;

	assert_int_equal(control_put_audit(&b, a), 0);
	assert_int_equal(control_get_audit(a->at_us, a->number, buf_span(&b), &got), 0);
	assert_audit(&got, a);
	buf_free(&b);
}

static void test_a_value_comes_back(void **state)
{
	struct audit full = full_audit(), bare = {.serial = "S"};

	(void)state;
	round_trip(&bare);
	for (full.what = 0; full.what < AUDIT_KINDS; full.what++)
		round_trip(&full);
}

static void test_other_texts(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} cases[] = {
		{"what=file\nserial=S\n", 0},
		{"what=file\nserial=S\nof.a.newer.version=1\n", 0},
		{"what=file\nserial=S\ngranted=0\n", 0},
		{"", -EUCLEAN},
		{"serial=S\n", -EUCLEAN},
		{"what=file\n", -EUCLEAN},
		{"what=neither\nserial=S\n", -EUCLEAN},
		{"what=file\nserial=no/serial\n", -EUCLEAN},
		{"what=file\nserial=S\ngranted=2\n", -EUCLEAN},
		{"what=file\nserial=S\ngranted=\n", -EUCLEAN},
		{"what=file\nserial=S\ncount=x\n", -EUCLEAN},
		{"what=file\nserial=S\nno equals sign\n", -EUCLEAN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct audit a = {.at_us = 99};
		int rc = control_get_audit(5, 6, span_str(cases[i].text), &a);
		assert_int_equal(rc, cases[i].rc);
		assert_int_equal(a.at_us, rc == 0 ? 5 : 99);
	}
	assert_string_equal(audit_what_name(AUDIT_WITHDRAW), "withdraw");
	assert_string_equal(audit_what_name(AUDIT_KINDS), "unknown");
}

/* ---- the audit ---- */

static void add(uint64_t at_us, enum audit_what what, const char *pin, bool granted)
{
	struct audit a = {.at_us = at_us, .what = what, .serial = "A", .granted = granted};

	snprintf(a.pin, sizeof(a.pin), "%s", pin);
	assert_int_equal(audit_add(l, &a), 0);
}

static char seen[256];
static int note(void *context, const struct audit *a)
{
	size_t len = strlen(seen);
	(void)context;

	snprintf(
		seen + len, sizeof(seen) - len, "%u.%u:%s ", (unsigned)a->at_us, a->number, a->pin);
	return 0;
}

static int stop(void *context, const struct audit *a)
{
	(void)note(context, a);
	return 5;
}

static void assert_since(uint64_t since_us, const char *want)
{
	seen[0] = '\0';
	assert_int_equal(audit_since(l, since_us, note, NULL), 0);
	assert_string_equal(seen, want);
}

static void add_some(void)
{
	add(10, AUDIT_LOOKUP, "a", true);
	add(30, AUDIT_VERIFY, "b", false);
	add(20, AUDIT_LOOKUP, "a", false);
	add(30, AUDIT_FILE, "", true);
	add(30, AUDIT_LOOKUP, "c", true);
}

static void test_since(void **state)
{
	struct audit bad = {.serial = "no/serial"};

	(void)state;
	assert_since(0, "");
	add_some();
	assert_since(0, "10.0:a 20.0:a 30.0:b 30.1: 30.2:c ");
	assert_since(20, "20.0:a 30.0:b 30.1: 30.2:c ");
	assert_since(31, "");
	seen[0] = '\0';
	assert_int_equal(audit_since(l, 11, stop, NULL), 5);
	assert_string_equal(seen, "20.0:a ");
	assert_int_equal(audit_add(l, &bad), -EINVAL);
	ledger_abort(l);
	assert_since(0, "");
}

static void test_purge(void **state)
{
	(void)state;
	assert_int_equal(audit_purge(l, 100, 10), 0);
	add_some();
	assert_int_equal(audit_purge(l, 10, 10), 0);
	assert_int_equal(audit_purge(l, 30, 1), 1);
	assert_since(0, "20.0:a 30.0:b 30.1: 30.2:c ");
	assert_int_equal(audit_purge(l, 31, 2), 2);
	assert_since(0, "30.1: 30.2:c ");
	assert_int_equal(audit_purge(l, 31, 10), 2);
	assert_since(0, "");
}

static void assert_read(struct control_reader *r, const struct audit_query *q, const char *want)
{
	seen[0] = '\0';
	assert_int_equal(control_audits(r, q, note, NULL), 0);
	assert_string_equal(seen, want);
}

static void test_readers(void **state)
{
	struct control_reader *r;

	add_some();
	commit();
	assert_int_equal(control_open(scratch_path(state, "control"), &r), 0);
	assert_read(r, &(struct audit_query){0}, "30.2:c 30.1: 30.0:b 20.0:a 10.0:a ");
	assert_read(r, &(struct audit_query){.limit = 2}, "30.2:c 30.1: ");
	assert_read(r, &(struct audit_query){.until_us = 30}, "20.0:a 10.0:a ");
	assert_read(
		r, &(struct audit_query){.until_us = 31, .since_us = 30}, "30.2:c 30.1: 30.0:b ");
	assert_read(r, &(struct audit_query){.until_us = 10}, "");
	assert_read(r, &(struct audit_query){.pin = span_str("a"), .refused = true}, "20.0:a ");
	assert_read(r, &(struct audit_query){.pin = span_str("a"), .limit = 1}, "20.0:a ");
	assert_read(r, &(struct audit_query){.kinds = 1 << AUDIT_VERIFY | 1 << AUDIT_FILE},
		"30.1: 30.0:b ");
	assert_read(r, &(struct audit_query){.serial = span_str("B")}, "");
	assert_int_equal(control_audits(r, &(struct audit_query){0}, stop, NULL), 5);
	control_close(r);
}

/* ---- who was lent ---- */

static void lend(const char *serial, const char *pin, uint64_t due_us)
{
	assert_int_equal(audit_lend(l, span_str(serial), span_str(pin), due_us), 0);
}

static void over(const char *serial, const char *pin)
{
	assert_int_equal(audit_lent_over(l, span_str(serial), span_str(pin)), 0);
}

static void assert_due(uint64_t now_us, const char *serial, const char *pin, uint64_t due_us)
{
	struct lent lent;

	assert_int_equal(audit_next_due(l, now_us, &lent), 1);
	assert_string_equal(lent.serial, serial);
	assert_string_equal(lent.pin, pin);
	assert_int_equal(lent.due_us, due_us);
}

static void assert_none_due(uint64_t now_us)
{
	struct lent lent;

	assert_int_equal(audit_next_due(l, now_us, &lent), 0);
}

static void test_lent(void **state)
{
	(void)state;
	assert_none_due(UINT64_MAX);
	lend("B", "1", 20);
	lend("A", "11", 10);
	assert_none_due(9);
	assert_due(10, "A", "11", 10);
	/* Told again: the later time holds, whichever comes first. */
	lend("A", "11", 30);
	assert_due(100, "B", "1", 20);
	lend("A", "11", 25);
	over("B", "1");
	assert_none_due(29);
	assert_due(30, "A", "11", 30);
	over("A", "1");
	assert_due(30, "A", "11", 30);
	over("A", "11");
	over("A", "11");
	assert_none_due(UINT64_MAX);
}

static void test_lent_is_kept(void **state)
{
	lend("A", "x", 10);
	commit();
	ledger_close(l);
	l = NULL;
	assert_int_equal(ledger_open(scratch_path(state, "control"), &l), 0);
	assert_due(10, "A", "x", 10);
	over("A", "x");
	ledger_abort(l);
	assert_due(10, "A", "x", 10);
}

static void test_lent_to_nobody(void **state)
{
	static const char long_pin[] =
		"12345678901234567890123456789012345678901234567890123456789012345";

	(void)state;
	assert_int_equal(audit_lend(l, span_str("no/serial"), span_str("1"), 1), -EINVAL);
	assert_int_equal(audit_lend(l, span_str("A"), span_str(""), 1), -EINVAL);
	assert_int_equal(audit_lend(l, span_str("A"), span_of("1\0", 2), 1), -EINVAL);
	assert_int_equal(audit_lend(l, span_str("A"), span_str(long_pin), 1), -EINVAL);
	assert_int_equal(audit_lent_over(l, span_str("A"), span_str("")), -EINVAL);
}

int main(void)
{
#define WITH_LEDGER(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_value_comes_back),
		cmocka_unit_test(test_other_texts),
		WITH_LEDGER(test_since),
		WITH_LEDGER(test_purge),
		WITH_LEDGER(test_readers),
		WITH_LEDGER(test_lent),
		WITH_LEDGER(test_lent_is_kept),
		WITH_LEDGER(test_lent_to_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

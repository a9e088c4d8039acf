/* SPDX-License-Identifier: GPL-2.0-or-later */
/* introduce: what each kind of terminal is told of the same person, byte for byte, and what it is
 * not told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmdqd/introduce.h"

#define TEN  "\x4a\x9bSS21 made up"     /* of algorithm 10 */
#define NINE "\xa1\xca\x01\x02 made up" /* of algorithm 9 */

static struct introduction n;
static struct buf reply;

static void begin(const struct dialect *d)
{
	n = (struct introduction){.dialect = d};
	reply = buf_with_max(64 * 1024);
}

static void end(const char *wanted, int lines)
{
	assert_int_equal(introduce_put(&n, &reply), lines);
	assert_int_equal(buf_add(&reply, "", 1), 0);
	assert_string_equal(reply.ptr, wanted);
	introduce_free(&n);
	buf_free(&reply);
}

static struct person anna(void)
{
	return (struct person){.pin = span_str("147"),
		.name = span_str("J\xc3\xb6rg"),
		.privilege = span_str("14"),
		.group = span_str("2"),
		.timezones = span_str("0001000200000000"),
		.password = span_str("pw12"),
		.card = 123456789};
}

static void tell_user(const struct dialect *d, const struct person *p, const char *wanted)
{
	begin(d);
	assert_int_equal(introduce_user(&n, p), 0);
	end(wanted, 1);
}

static void test_a_user(void **state)
{
	const struct dialect new = {0}, hex = {.card = CARD_HEX_LOW},
			     old = {.old = true, .card = CARD_HEX_HIGH},
			     chinese = {.charset = CHARSET_GB18030};
	struct person p = anna();

	(void)state;
	/* Who administers a terminal is a user on another one. */
	tell_user(&new, &p,
		"DATA UPDATE USERINFO PIN=147\tName=J\xc3\xb6rg\tPri=0\tPasswd=pw12\t"
		"Card=123456789\tGrp=2\tTZ=0001000200000000\n");
	tell_user(&hex, &p,
		"DATA UPDATE USERINFO PIN=147\tName=J\xc3\xb6rg\tPri=0\tPasswd=pw12\t"
		"Card=[15CD5B0700]\tGrp=2\tTZ=0001000200000000\n");
	tell_user(&old, &p,
		"DATA USER PIN=147\tName=J\xc3\xb6rg\tPri=0\tPasswd=pw12\t"
		"Card=[00075BCD15]\tGrp=2\tTZ=0001000200000000\n");
	tell_user(&chinese, &p,
		"DATA UPDATE USERINFO PIN=147\tName=J\x81\x30\x8b\x32rg\tPri=0\tPasswd=pw12\t"
		"Card=123456789\tGrp=2\tTZ=0001000200000000\n");
	p = (struct person){.pin = span_str("1")};
	tell_user(&new, &p, "DATA UPDATE USERINFO PIN=1\tName=\tPri=0\tPasswd=\tCard=\n");
}

/* What this terminal cannot take is left out, and the rest is told. */
static void test_fields_that_do_not_fit(void **state)
{
	const struct dialect hex = {.card = CARD_HEX_LOW};
	struct person p = anna();

	(void)state;
	p.card = UINT64_C(1) << 40;
	p.name = span_str("a\tPri=14");
	p.password = span_str("123456789");
	p.group = span_str("x");
	p.timezones = span_str("1;2");
	tell_user(&hex, &p, "DATA UPDATE USERINFO PIN=147\tPri=0\n");
}

static void test_pins_that_none_takes(void **state)
{
	static const char *const pins[] = {"", "1\t2", "1 2", "1234567890123456789012345"};
	const struct dialect d = {0};
	struct person p = anna();

	(void)state;
	for (size_t i = 0; i < sizeof(pins) / sizeof(*pins); i++) {
		begin(&d);
		p.pin = span_str(pins[i]);
		assert_int_equal(introduce_user(&n, &p), -EINVAL);
		end("", 0);
	}
}

/* ---- templates and pictures ---- */

static struct item template_of(const char *modality, const char *number, const char *text)
{
	return (struct item){.kind = ITEM_TEMPLATE,
		.ids = {span_str("147"), span_str(modality), span_str(number), span_str("0")},
		.id_count = 4,
		.text = span_str(text)};
}

static struct item picture_of(const char *of, const char *text)
{
	return (struct item){.kind = ITEM_PICTURE,
		.ids = {span_str("147"), span_str(of)},
		.id_count = 2,
		.text = span_str(text)};
}

static void tell(const struct dialect *d, struct item i, const char *wanted)
{
	begin(d);
	assert_int_equal(introduce_item(&n, &i), 0);
	end(wanted, wanted[0] != '\0');
}

static void test_fingers(void **state)
{
	const struct dialect any = {0}, old = {.old = true}, ten = {.finger_version = 10},
			     none = {.finger = ABLE_NO},
			     bio = {.biodata = ABLE_YES, .finger_version = 10};
	const char *as_bio = "format=0\nminor=0\ntype=1\nvalid=1\nversion=10\n\n" TEN;

	(void)state;
	tell(&any, template_of("finger", "6", "valid=3\n\n" TEN),
		"DATA UPDATE FINGERTMP "
		"PIN=147\tFID=6\tSize=20\tValid=3\tTMP=SptTUzIxIG1hZGUgdXA=\n");
	tell(&old, template_of("finger", "6", "\n" NINE),
		"DATA FP PIN=147\tFID=6\tSize=16\tValid=1\tTMP=ocoBAiBtYWRlIHVw\n");
	tell(&ten, template_of("finger", "6", "\n" NINE), "");
	tell(&ten, template_of("finger", "6", "\n" TEN),
		"DATA UPDATE FINGERTMP "
		"PIN=147\tFID=6\tSize=20\tValid=1\tTMP=SptTUzIxIG1hZGUgdXA=\n");
	tell(&none, template_of("finger", "6", "\n" TEN), "");
	tell(&ten, template_of("finger", "17", "\n" TEN), "");
	tell(&ten, template_of("finger", "6", as_bio),
		"DATA UPDATE FINGERTMP "
		"PIN=147\tFID=6\tSize=20\tValid=1\tTMP=SptTUzIxIG1hZGUgdXA=\n");
	tell(&bio, template_of("finger", "6", as_bio),
		"DATA UPDATE BIODATA "
		"Pin=147\tNo=6\tIndex=0\tValid=1\tDuress=0\tType=1\tMajorVer=10\t"
		"MinorVer=0\tFormat=0\tTmp=SptTUzIxIG1hZGUgdXA=\n");
	tell(&bio, template_of("finger", "6", "type=1\nversion=9\n\n" NINE), "");
}

static void test_others(void **state)
{
	const struct dialect unknown = {0}, all = {.face = ABLE_YES,
						    .userpic = ABLE_YES,
						    .biophoto = ABLE_YES,
						    .biodata = ABLE_YES};

	(void)state;
	tell(&all, template_of("face", "2", "valid=1\n\nabc"),
		"DATA UPDATE FACE PIN=147\tFID=2\tSIZE=4\tVALID=1\tTMP=YWJj\n");
	tell(&all, template_of("visible-face", "0", "minor=4\ntype=9\nversion=35\n\nabc"),
		"DATA UPDATE BIODATA "
		"Pin=147\tNo=0\tIndex=0\tValid=1\tDuress=0\tType=9\tMajorVer=35\t"
		"MinorVer=4\tFormat=0\tTmp=YWJj\n");
	/* Whose algorithm's version nobody said. */
	tell(&all, template_of("fingervein", "0", "\nabc"), "");
	tell(&all, template_of("palm", "0", "type=10\n\nabc"), "");
	tell(&all, picture_of("user", "file=x.jpg\n\nabc"),
		"DATA UPDATE USERPIC PIN=147\tSize=4\tContent=YWJj\n");
	tell(&all, picture_of("face", "\nabc"),
		"DATA UPDATE BIOPHOTO PIN=147\tFileName=147.jpg\tType=9\tSize=4\tContent=YWJj\n");
	/* It did not say that it takes them. */
	tell(&unknown, template_of("face", "2", "\nabc"), "");
	tell(&unknown, template_of("visible-face", "0", "type=9\nversion=35\n\nabc"), "");
	tell(&unknown, picture_of("user", "\nabc"), "");
	tell(&unknown, picture_of("face", "\nabc"), "");
}

static void test_damaged(void **state)
{
	static const uint32_t flags[] = {ITEM_DELETED, ITEM_SIZE_WRONG, ITEM_NOT_BASE64};
	const struct dialect d = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		struct item damaged = template_of("finger", "6", "\n" TEN);
		damaged.flags = flags[i];
		tell(&d, damaged, "");
	}
	tell(&d, template_of("finger", "6", "valid=1\n\n"), "");
	tell(&d, template_of("finger", "6", "valid=7\n\n" TEN), "");
	tell(&d, template_of("finger", "6", "valid=%31\n\n" TEN), "");
}

/* ---- sizes ---- */

static char *long_text(size_t bytes)
{
	char *text = malloc(bytes + 2);

	assert_non_null(text);
	memset(text, 'x', bytes + 1);
	text[0] = '\n';
	text[bytes + 1] = '\0';
	return text;
}

static int lines_of(size_t bytes, size_t *ret_len)
{
	const struct dialect d = {0};
	char *text = long_text(bytes);
	struct item i = template_of("finger", "6", text);

	begin(&d);
	assert_int_equal(introduce_item(&n, &i), 0);
	int lines = introduce_put(&n, &reply);
	*ret_len = reply.len;
	introduce_free(&n);
	buf_free(&reply);
	free(text);
	return lines;
}

static void test_the_longest_line(void **state)
{
	size_t bytes = 7000, len = 0, longest = 0;

	(void)state;
	while (lines_of(bytes, &len) == 1) {
		longest = len;
		bytes++;
	}
	assert_int_equal(len, 0);
	assert_true(longest <= INTRODUCE_LINE_MAX && longest > INTRODUCE_LINE_MAX - 4);
}

/* What is told first is what there is room for. */
static void test_a_small_reply(void **state)
{
	const struct dialect d = {.userpic = ABLE_YES};
	char *text = long_text(6000);
	struct item picture = picture_of("user", text),
		    finger = template_of("finger", "6", "\n" TEN);
	struct person p = anna();

	(void)state;
	begin(&d);
	reply.max = 8100;
	assert_int_equal(introduce_item(&n, &picture), 0);
	assert_int_equal(introduce_item(&n, &finger), 0);
	assert_int_equal(introduce_user(&n, &p), 0);
	end("DATA UPDATE USERINFO PIN=147\tName=J\xc3\xb6rg\tPri=0\tPasswd=pw12\t"
	    "Card=123456789\tGrp=2\tTZ=0001000200000000\n"
	    "DATA UPDATE FINGERTMP PIN=147\tFID=6\tSize=20\tValid=1\tTMP=SptTUzIxIG1hZGUgdXA=\n",
		2);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_user),
		cmocka_unit_test(test_fields_that_do_not_fit),
		cmocka_unit_test(test_pins_that_none_takes),
		cmocka_unit_test(test_fingers),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_the_longest_line),
		cmocka_unit_test(test_a_small_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

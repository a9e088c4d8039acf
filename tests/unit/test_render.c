/* SPDX-License-Identifier: GPL-2.0-or-later */
/* render: what a terminal gets, and what it cannot get. The bytes of every verb: tests/golden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "command/render.h"

#define ZHANG "\xE5\xBC\xA0"     /* U+5F20: 2 bytes in GB18030 */
#define SMILE "\xF0\x9F\x98\x80" /* U+1F600: 4 bytes */

/* Base64 of "\xA1\xCA..." and of "M.SS21..": made up but for those. */
#define FINGER_9  "ocoAAAAAAAAA"
#define FINGER_10 "TQBTUzIxAAAA"

static struct span token; /* of the address of a file */

static int render(struct buf *b, const char *text, const struct dialect *d, char *ret_why)
{
	struct typed t;

	if (typed_get(span_str(text), &t, ret_why) < 0)
		fail_msg("%s: %s", text, ret_why);
	t.token = token;
	return render_put(b, &t, d, ret_why);
}

static void assert_line(const char *text, struct dialect d, const char *expected)
{
	struct buf b = buf_with_max(4096);
	char why[VERB_WHY_BYTES] = "";

	if (render(&b, text, &d, why) < 0)
		fail_msg("%s: %s", text, why);
	assert_int_equal(buf_add(&b, "", 1), 0);
	assert_string_equal(b.ptr, expected);
	buf_free(&b);
}

static void assert_refused(const char *text, struct dialect d, const char *expected)
{
	struct buf b = buf_with_max(4096);
	char why[VERB_WHY_BYTES] = "";

	assert_int_equal(buf_add_str(&b, "kept"), 0);
	assert_int_equal(render(&b, text, &d, why), -EINVAL);
	assert_string_equal(why, expected);
	assert_true(span_is(buf_span(&b), "kept"));
	buf_free(&b);
}

static const struct dialect modern, gb = {.charset = CHARSET_GB18030};

static void test_a_file_by_its_address(void **state)
{
	(void)state;
	token = span_str("00112233445566778899aabbccddeeff");
	assert_line("verb: put-file\nfile: a.tgz\n", modern,
		"PutFile file/00112233445566778899aabbccddeeff/a.tgz");
	assert_line("verb: put-file\nfile: a\npath: /b\nsha256: "
		    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n",
		modern, "PutFile file/00112233445566778899aabbccddeeff/a\t/b");
	token = (struct span){0};
	assert_refused("verb: put-file\nfile: a.tgz\n", modern, "file: it was given no address");
}

static void test_only_what_is_given(void **state)
{
	(void)state;
	assert_line("verb: user.add\npin: 1\n", modern, "DATA UPDATE USERINFO PIN=1");
	assert_line("verb: user.add\npin: 1\ncard:\ngroup: 2\n", modern,
		"DATA UPDATE USERINFO PIN=1\tCard=\tGrp=2");
	assert_line("verb: user.query\n", modern, "DATA QUERY USERINFO");
	assert_line("verb: finger.rm\npin: 1\n", modern, "DATA DELETE FINGERTMP PIN=1");
}

static void test_presets(void **state)
{
	(void)state;
	assert_line("verb: biophoto.add\npin: L1005M\ncontent: AAAA\n", modern,
		"DATA UPDATE BIOPHOTO PIN=L1005M\tFileName=L1005M.jpg\tType=9\tSize=4\tContent="
		"AAAA");
	assert_line("verb: enroll\npin: 1\nfid: 6\nretry: 1\n", modern,
		"ENROLL_FP PIN=1\tFID=6\tRETRY=1\tOVERWRITE=1");
}

static void test_cards(void **state)
{
	const char *text = "verb: user.add\npin: 1\ncard: 0123456789\n";
	const char *large = "verb: user.add\npin: 1\ncard: 1099511627776\n";

	(void)state;
	assert_line(text, modern, "DATA UPDATE USERINFO PIN=1\tCard=123456789");
	assert_line(text, (struct dialect){.card = CARD_HEX_LOW},
		"DATA UPDATE USERINFO PIN=1\tCard=[15CD5B0700]");
	assert_line(text, (struct dialect){.old = true, .card = CARD_HEX_HIGH},
		"DATA USER PIN=1\tCard=[00075BCD15]");
	assert_line(large, modern, "DATA UPDATE USERINFO PIN=1\tCard=1099511627776");
	assert_refused(large, (struct dialect){.card = CARD_HEX_LOW},
		"card: more than the ten hex digits that the terminal takes");
}

#define NAME "verb: user.add\npin: 1\nname: "

/* 24 bytes fall within a character of 2, 3 and 4 bytes. */
static void test_names_are_cut_between_characters(void **state)
{
	(void)state;
	assert_line(NAME "aaaaaaaaaaaaaaaaaaaaaaaa", modern,
		"DATA UPDATE USERINFO PIN=1\tName=aaaaaaaaaaaaaaaaaaaaaaaa");
	assert_line(NAME "aaaaaaaaaaaaaaaaaaaaaaaab", modern,
		"DATA UPDATE USERINFO PIN=1\tName=aaaaaaaaaaaaaaaaaaaaaaaa");
	assert_line(NAME "aaaaaaaaaaaaaaaaaaaaaaa\xC3\xA9", modern,
		"DATA UPDATE USERINFO PIN=1\tName=aaaaaaaaaaaaaaaaaaaaaaa");
	assert_line(NAME "aaaaaaaaaaaaaaaaaaaaaa" ZHANG, modern,
		"DATA UPDATE USERINFO PIN=1\tName=aaaaaaaaaaaaaaaaaaaaaa");
	assert_line(NAME "aaaaaaaaaaaaaaaaaaaaa" ZHANG "b", modern,
		"DATA UPDATE USERINFO PIN=1\tName=aaaaaaaaaaaaaaaaaaaaa" ZHANG);
	assert_line(NAME "aaaaaaaaaaaaaaaaaaaaa" SMILE, modern,
		"DATA UPDATE USERINFO PIN=1\tName=aaaaaaaaaaaaaaaaaaaaa");
	/* And in the other charset, where U+5F20 has 2 bytes. */
	assert_line(NAME "aaaaaaaaaaaaaaaaaaaaaa" ZHANG, gb,
		"DATA UPDATE USERINFO PIN=1\tName=aaaaaaaaaaaaaaaaaaaaaa\xD5\xC5");
	assert_line(NAME "aaaaaaaaaaaaaaaaaaaaaaa" ZHANG, gb,
		"DATA UPDATE USERINFO PIN=1\tName=aaaaaaaaaaaaaaaaaaaaaaa");
	assert_line(NAME "aaaaaaaaaaaaaaaaaaaaa" SMILE, gb,
		"DATA UPDATE USERINFO PIN=1\tName=aaaaaaaaaaaaaaaaaaaaa");
	assert_line(NAME "aaaaaaaaaaaaaaaaaaaa" SMILE "b", gb,
		"DATA UPDATE USERINFO PIN=1\tName=aaaaaaaaaaaaaaaaaaaa\x94\x39\xFC\x36");
}

static void test_texts_are_not_cut(void **state)
{
	const char *four = "verb: user.add\npin: 1\npassword: " ZHANG ZHANG ZHANG ZHANG;

	(void)state;
	assert_line(
		four, gb, "DATA UPDATE USERINFO PIN=1\tPasswd=\xD5\xC5\xD5\xC5\xD5\xC5\xD5\xC5");
	assert_refused(four, modern, "password: more than 8 bytes in UTF-8");
	assert_refused("verb: user.add\npin: 1\npassword: " SMILE SMILE SMILE, gb,
		"password: more than 8 bytes in GB18030");
}

static void test_every_text_is_converted(void **state)
{
	(void)state;
	assert_line("verb: get-file\npath: /mnt/" ZHANG, gb, "GetFile /mnt/\xD5\xC5");
	assert_line("verb: option.set\noption: Title=" ZHANG, gb, "SET OPTION Title=\xD5\xC5");
	assert_line("verb: shell\nline: echo " ZHANG, gb, "SHELL echo \xD5\xC5");
	assert_line("verb: raw\nline: DATA USER PIN=1\tName=" ZHANG, gb,
		"DATA USER PIN=1\tName=\xD5\xC5");
}

static void test_what_a_device_is_not_able_to(void **state)
{
	const char *finger = "verb: finger.add\npin: 1\nfid: 1\ntemplate: AAAA\n";
	const char *face = "verb: face.add\npin: 1\nfid: 0\ntemplate: AAAA\n";

	(void)state;
	assert_refused(
		finger, (struct dialect){.finger = ABLE_NO}, "the terminal takes no fingerprints");
	assert_refused("verb: enroll\npin: 1\nfid: 1\n", (struct dialect){.finger = ABLE_NO},
		"the terminal takes no fingerprints");
	assert_refused(face, (struct dialect){.face = ABLE_NO}, "the terminal takes no faces");
	assert_refused("verb: photo.add\npin: 1\ncontent: AAAA\n",
		(struct dialect){.userpic = ABLE_NO}, "the terminal takes no pictures of users");
	assert_refused("verb: biophoto.add\npin: 1\ncontent: AAAA\n",
		(struct dialect){.biophoto = ABLE_NO},
		"the terminal takes no photos to make templates of");
	assert_refused("verb: bio.add\npin: 1\ntype: 9\nmajor: 35\ntemplate: AAAA\n",
		(struct dialect){.biodata = ABLE_NO}, "the terminal takes no templates as BIODATA");
	assert_line(face, (struct dialect){.face = ABLE_YES, .finger = ABLE_NO},
		"DATA UPDATE FACE PIN=1\tFID=0\tSIZE=4\tVALID=1\tTMP=AAAA");
	/* Taking away needs nothing. */
	assert_line("verb: face.rm\npin: 1\n", (struct dialect){.face = ABLE_NO},
		"DATA DELETE FACE PIN=1");
}

static void test_template_versions(void **state)
{
	(void)state;
	assert_int_equal(render_template_version(span_str(FINGER_9)), 9);
	assert_int_equal(render_template_version(span_str(FINGER_10)), 10);
	assert_int_equal(render_template_version(span_str("AAAAAAAAAAAA")), 0);
	assert_int_equal(render_template_version(span_str("oco=")), 0);
	assert_int_equal(render_template_version(span_str("ocoAA===")), 0);
	assert_int_equal(render_template_version(span_str("")), 0);
}

#define FINGER "verb: finger.add\npin: 1\nfid: 1\ntemplate: "
#define BIO    "verb: bio.add\npin: 1\ntemplate: AAAA\n"

static void test_another_algorithm(void **state)
{
	const struct dialect ten = {.finger_version = 10}, nine = {.finger_version = 9};

	(void)state;
	assert_refused(FINGER FINGER_9, ten,
		"template: of fingerprint algorithm 9, and the terminal has 10");
	assert_refused(FINGER FINGER_10, nine,
		"template: of fingerprint algorithm 10, and the terminal has 9");
	assert_line(FINGER FINGER_10, ten,
		"DATA UPDATE FINGERTMP PIN=1\tFID=1\tSize=12\tValid=1\tTMP=" FINGER_10);
	assert_line(FINGER FINGER_9, modern,
		"DATA UPDATE FINGERTMP PIN=1\tFID=1\tSize=12\tValid=1\tTMP=" FINGER_9);
	assert_line(FINGER "AAAA", ten,
		"DATA UPDATE FINGERTMP PIN=1\tFID=1\tSize=4\tValid=1\tTMP=AAAA");
	assert_refused(BIO "type: 1\nmajor: 9\n", ten,
		"major: of fingerprint algorithm 9, and the terminal has 10");
	assert_line(BIO "type: 9\nmajor: 9\n", ten,
		"DATA UPDATE BIODATA "
		"Pin=1\tNo=0\tIndex=0\tValid=1\tDuress=0\tType=9\tMajorVer=9\tMinorVer=0\t"
		"Format=0\tTmp=AAAA");
}

static void test_longest_line(void **state)
{
	struct buf text = buf_with_max(TYPED_MAX), line = buf_with_max(2 * RENDER_MAX);
	char why[VERB_WHY_BYTES];
	struct typed t;

	(void)state;
	assert_int_equal(buf_add_str(&text, "verb: raw\nline: "), 0);
	while (text.len < RENDER_MAX - RENDER_FRAME + 16)
		assert_int_equal(buf_add_str(&text, "x"), 0);
	assert_int_equal(typed_get(buf_span(&text), &t, why), 0);
	assert_int_equal(render_put(&line, &t, &modern, why), 0);
	assert_int_equal(line.len, 40940);

	assert_int_equal(buf_add_str(&text, "x"), 0);
	assert_int_equal(typed_get(buf_span(&text), &t, why), 0);
	assert_int_equal(render_put(&line, &t, &modern, why), -EINVAL);
	assert_string_equal(why, "the command has 40941 bytes, at most 40940 go to a terminal");
	assert_int_equal(line.len, 40940);
	buf_free(&text);
	buf_free(&line);
}

static void test_no_room(void **state)
{
	struct buf b = buf_with_max(8);
	char why[VERB_WHY_BYTES];

	(void)state;
	assert_int_equal(buf_add_str(&b, "kept"), 0);
	assert_int_equal(render(&b, "verb: reboot\n", &modern, why), -EMSGSIZE);
	assert_true(span_is(buf_span(&b), "kept"));
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_by_its_address),
		cmocka_unit_test(test_only_what_is_given),
		cmocka_unit_test(test_presets),
		cmocka_unit_test(test_cards),
		cmocka_unit_test(test_names_are_cut_between_characters),
		cmocka_unit_test(test_texts_are_not_cut),
		cmocka_unit_test(test_every_text_is_converted),
		cmocka_unit_test(test_what_a_device_is_not_able_to),
		cmocka_unit_test(test_template_versions),
		cmocka_unit_test(test_another_algorithm),
		cmocka_unit_test(test_longest_line),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* body_photo: photos in every shape, and pictures of fingers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

#define BODY(text) span_of("" text, sizeof(text) - 1)
#define NAME       "20260731103012-123.jpg"
#define TIME       "@2026-7-31 10:30:12"

static struct body_source source_of(const char *table, struct span pin, const char *number)
{
	return (struct body_source){
		.table = span_str(table),
		.pin = pin,
		.number = span_str(number),
		.received_us = ROWS_RECEIVED_US,
	};
}

static void parsed(struct span body, const char *wanted)
{
	struct body_source source = source_of("ATTPHOTO", span_str(NULL), NULL);

	rows_assert(body, &source, wanted);
}

static void test_photo(void **state)
{
	(void)state;
	parsed(BODY("PIN=" NAME "\nSN=x\nsize=4\nCMD=uploadphoto\0\xff\xd8\0\xff"),
		"PHOTO 123 " TIME " file=" NAME " serial=x size=4 command=uploadphoto {4}\n");
	parsed(BODY("PIN=" NAME "\nSN=x\nsize=2\nCMD=realupload\0\xff\xd8"),
		"PHOTO 123 " TIME " file=" NAME " serial=x size=2 command=realupload {2} +live\n");
	/* CR, case, order, a line more, a last LF, no size. */
	parsed(BODY("cmd=uploadphoto\r\npin=" NAME "\r\nTemp=36\r\n\0\n\0"),
		"PHOTO 123 " TIME " command=uploadphoto file=" NAME " *Temp=36 {2}\n");
}

static void test_name(void **state)
{
	(void)state;
	parsed(BODY("PIN=20260731103012-R001\0x"),
		"PHOTO R001 " TIME " file=20260731103012-R001 {1}\n");
	parsed(BODY("PIN=20260731103012-7.JPEG\0x"),
		"PHOTO 7 " TIME " file=20260731103012-7.JPEG {1}\n");
	parsed(BODY("PIN=20260731103012.jpg\0x"),
		"PHOTO  " TIME " file=20260731103012.jpg {1} +face\n");
	parsed(BODY("PIN=20260731103012\0x"), "PHOTO  " TIME " file=20260731103012 {1} +face\n");
	parsed(BODY("PIN=20260731103012-\0x"), "PHOTO  " TIME " file=20260731103012- {1} +face\n");
	parsed(BODY("PIN=20260731103012-a-b.c\0x"),
		"PHOTO a-b.c " TIME " file=20260731103012-a-b.c {1}\n");
	parsed(BODY("PIN=20261331103012-1\0x"),
		"PHOTO 1 @2026-13-31 10:30:12 file=20261331103012-1 {1} +absurd\n");
	parsed(BODY("PIN=19991231103012-1\0x"),
		"PHOTO 1 @1999-12-31 10:30:12 file=19991231103012-1 {1} +absurd\n");
}

static void test_name_refused(void **state)
{
	char body[128];

	(void)state;
	parsed(BODY("PIN=2026073110301-1.jpg\0x"),
		"! the photo's name does not begin with its time (25)\n");
	parsed(BODY("PIN=.jpg\0x"), "! the photo's name does not begin with its time (10)\n");
	parsed(BODY("SN=1\0x"), "! the photo's name does not begin with its time (6)\n");
	parsed(BODY("PIN=20260731103012x.jpg\0x"), "! the photo's name is not time-PIN (25)\n");
	int len = snprintf(body, sizeof(body), "PIN=20260731103012-%065d", 1);
	parsed(span_of(body, (size_t)len + 1), "! PIN is too long (85)\n");
}

static void test_size(void **state)
{
	(void)state;
	parsed(BODY("PIN=" NAME "\nsize=9512\0abc"),
		"PHOTO 123 " TIME " file=" NAME " size=9512 {3} +short\n");
	parsed(BODY("PIN=" NAME "\nsize=1\0"),
		"PHOTO 123 " TIME " file=" NAME " size=1 {0} +short\n");
	parsed(BODY("PIN=" NAME "\nsize=2\0abc"),
		"PHOTO 123 " TIME " file=" NAME " size=2 {3} +size\n");
	parsed(BODY("PIN=" NAME "\nsize=big\0abc"),
		"PHOTO 123 " TIME " file=" NAME " size=big {3} +size\n");
}

static void test_base64(void **state)
{
	(void)state;
	parsed(BODY("PIN=" NAME "\nsize=8\0/9j/4AA="),
		"PHOTO 123 " TIME " file=" NAME " size=8 {8 base64}\n");
	parsed(BODY("PIN=" NAME "\nsize=5\0/9j/4AA="),
		"PHOTO 123 " TIME " file=" NAME " size=5 {8 base64}\n");
	/* Bytes that look like it and are no JPEG, and those that begin like it. */
	parsed(BODY("PIN=" NAME "\0QUJD"), "PHOTO 123 " TIME " file=" NAME " {4}\n");
	parsed(BODY("PIN=" NAME "\0/9j/!!!!"), "PHOTO 123 " TIME " file=" NAME " {8}\n");
	parsed(BODY("ATTPHOTO PIN=" NAME "\tSize=4\tContent=QUJD\nATTPHOTO PIN=" NAME
		    "\tContent=Q\nATTPHOTO PIN=" NAME "\n"),
		"PHOTO 123 " TIME " file=" NAME " size=4 {4 base64}\n"
		"PHOTO 123 " TIME " file=" NAME " {1} +not64\n"
		"! the template or picture is missing (35)\n");
}

static void test_head_refused(void **state)
{
	(void)state;
	parsed(BODY("PIN=" NAME "\nSN=x\nsi"), "! no NUL behind the photo's head (34)\n");
	parsed(BODY("PIN=" NAME "\nCMD\0x"), "! a field is not key=value (32)\n");
	parsed(BODY("PIN=" NAME "\nPIN=" NAME "\0x"), "! a key stands twice (55)\n");
	parsed(BODY("PIN=" NAME "\nContent=QUJD\0x"), "! the photo comes twice (41)\n");
	parsed(BODY("\xff\xd8\0\xff"), "! the photo's name does not begin with its time (4)\n");
	parsed(BODY(""), "");
}

static void test_oldest(void **state)
{
	struct body_source source = source_of("ATTPHOTO", span_str(NAME), NULL);

	(void)state;
	rows_assert(BODY("\xff\xd8\0\n\xff"), &source, "PHOTO 123 " TIME " file=" NAME " {5}\n");
	/* A head says more than the target. */
	rows_assert(BODY("PIN=20260101000000-9\0x"), &source,
		"PHOTO 9 @2026-1-1 0:0:0 file=20260101000000-9 {1}\n");
	rows_assert(BODY("size=1\0x"), &source, "PHOTO 123 " TIME " size=1 file=" NAME " {1}\n");
	source.pin = BODY("20260731103012-1\n2");
	rows_assert(BODY("\xff\xd8"), &source, "! a control character in the target's PIN (2)\n");
	source.pin = BODY("20260731103012-1\0");
	rows_assert(BODY("\xff\xd8"), &source, "! a control character in the target's PIN (2)\n");
}

static void test_image(void **state)
{
	struct body_source source = source_of("FPIMAGE", span_str("7"), "3");

	(void)state;
	rows_assert(BODY("BM\0\n\xff"), &source, "IMAGE 7,3 {5}\n");
	rows_assert(BODY(""), &source, "");
	source = source_of("FPIMAG", BODY("7\0"), "3");
	rows_assert(BODY("BM"), &source, "! a control character in the target's PIN or FID (2)\n");
	source = source_of("FPIMAGE", span_str(NULL), "3");
	rows_assert(BODY("BM"), &source, "! no PIN or no FID in the target (2)\n");
	source = source_of("FPIMAGE", span_str("7"), NULL);
	rows_assert(BODY("BM"), &source, "! no PIN or no FID in the target (2)\n");
	source = source_of("FPIMAGE", span_str("7"), "12345678901234567");
	rows_assert(BODY("BM"), &source, "! PIN or FID in the target is too long (2)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_photo),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_name_refused),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_head_refused),
		cmocka_unit_test(test_oldest),
		cmocka_unit_test(test_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* body_lines: every line of every generation, and those that none should send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "tests/unit/rows.h"

static struct body_source source_of(const char *table)
{
	return (struct body_source){.table = span_str(table), .received_us = ROWS_RECEIVED_US};
}

static void parsed(const char *table, const char *body, const char *wanted)
{
	struct body_source source = source_of(table);

	rows_assert(span_str(body), &source, wanted);
}

static void test_user(void **state)
{
	(void)state;
	parsed("OPERLOG",
		"USER PIN=982\tName=T R\tPri=0\tPasswd=1\tCard=[09E4832E00]\tGrp=1\tTZ=0\n",
		"USER 982 name=T R privilege=0 *password=1 *card=780395529 "
		"*card.sent=[09E4832E00] group=1 time_zones=0\n");
	parsed("OPERLOG", "USER PIN=1\tVerify=-1\tViceCard=7\tStartDatetime=0\tEndDatetime=0\n",
		"USER 1 verify=-1 *vice_card=7 *vice_card.sent=7 start=0 end=0\n");
}

static void test_spelling(void **state)
{
	(void)state;
	/* Any case, any order, CR, TABs at the end, no last LF, our own words. */
	parsed("OPERLOG", "user nAME=a\tpin=1\t\t\r\n", "USER 1 name=a\n");
	parsed("OPERLOG", "USER privilege=14\tPIN=1", "USER 1 privilege=14\n");
	parsed("OPERLOG", "USER PIN=1\tName=", "USER 1 name=\n");
	parsed("OPERLOG", "USER PIN=1\tName=a=b c=d", "USER 1 name=a=b c=d\n");
	parsed("OPERLOG", "USER PIN= 1 \tname= x ", "USER  1  name= x \n");
	parsed("OPERLOG", "USER PIN=1\tName=\xd5\xc5\xff", "USER 1 name=\xd5\xc5\xff\n");
}

static void test_unknown_keys_are_secret(void **state)
{
	(void)state;
	parsed("OPERLOG", "USER PIN=1\tFoo=x\tcategory=\n", "USER 1 *Foo=x *category=\n");
	parsed("OPERLOG", "FP PIN=1\tFID=2\tPwd2=x\tTMP=QUJD\n",
		"TEMPLATE 1,finger,2,0 *Pwd2=x {4 base64}\n");
}

static void test_cards(void **state)
{
	(void)state;
	parsed("USERINFO", "PIN=1\tCard=\n", "USER 1 *card= *card.sent=\n");
	parsed("USERINFO", "PIN=1\tCard=0\n", "USER 1 *card= *card.sent=0\n");
	parsed("USERINFO", "PIN=1\tCard=[0000000000]\n", "USER 1 *card= *card.sent=[0000000000]\n");
	parsed("USERINFO", "PIN=1\tCard=0042\n", "USER 1 *card=42 *card.sent=0042\n");
	parsed("USERINFO", "PIN=1\tCard=[15cd5b07]\n",
		"USER 1 *card=123456789 *card.sent=[15cd5b07]\n");
	parsed("USERINFO", "PIN=1\tCard=18446744073709551615\n",
		"USER 1 *card=18446744073709551615 *card.sent=18446744073709551615\n");
	parsed("USERINFO", "PIN=1\tCard=18446744073709551616\n",
		"USER 1 *card.sent=18446744073709551616\n");
	parsed("USERINFO", "PIN=1\tCard=[123]\tViceCard=[\n",
		"USER 1 *card.sent=[123] *vice_card.sent=[\n");
}

static void test_templates(void **state)
{
	(void)state;
	parsed("OPERLOG", "FP PIN=1\tFID=6\tSize=8\tValid=1\tTMP=QUJDRA==\n",
		"TEMPLATE 1,finger,6,0 size=8 valid=1 {8 base64}\n");
	parsed("OPERLOG", "FACE PIN=1\tFID=0\tSIZE=4\tVALID=1\tTMP=QUJD\n",
		"TEMPLATE 1,face,0,0 size=4 valid=1 {4 base64}\n");
	parsed("OPERLOG", "FVEIN Pin=1\tFID=0\tIndex=2\tSize=4\tValid=1\tTmp=QUJD\n",
		"TEMPLATE 1,fingervein,0,2 size=4 valid=1 {4 base64}\n");
	parsed("BIODATA",
		"BIODATA Pin=1\tNo=3\tIndex=1\tValid=1\tDuress=0\tType=8\tMajorVer=12\tMinorVer=0\t"
		"Format=0\tTmp=QUJD\n",
		"TEMPLATE 1,palmvein,3,1 valid=1 duress=0 type=8 version=12 minor=0 format=0 "
		"{4 base64}\n");
}

static void test_modalities(void **state)
{
	(void)state;
	parsed("BIODATA",
		"Pin=1\tNo=0\tType=1\tTmp=\nPin=1\tNo=0\tType=2\tTmp=\nPin=1\tNo=0\tType=7\tTmp=\n"
		"Pin=1\tNo=0\tType=9\tTmp=\nPin=1\tNo=0\tType=10\tTmp=\nPin=1\tNo=0\tType=3\tTmp="
		"\n",
		"TEMPLATE 1,finger,0,0 type=1 {0}\nTEMPLATE 1,face,0,0 type=2 {0}\n"
		"TEMPLATE 1,fingervein,0,0 type=7 {0}\nTEMPLATE 1,visible-face,0,0 type=9 {0}\n"
		"TEMPLATE 1,palm,0,0 type=10 {0}\nTEMPLATE 1,3,0,0 type=3 {0}\n");
	parsed("BIODATA", "Pin=1\tNo=0\tTmp=\nPin=1\tNo=0\tType=finger\tTmp=\n",
		"! Type is missing or no number (15)\n! Type is missing or no number (27)\n");
	/* The keyword says it, whatever Type does. */
	parsed("FINGERTMP", "PIN=1\tFID=0\tType=9\tTMP=\n", "TEMPLATE 1,finger,0,0 type=9 {0}\n");
}

static void test_duress(void **state)
{
	(void)state;
	parsed("FINGERTMP", "PIN=1\tFID=0\tValid=3\tTMP=\n",
		"TEMPLATE 1,finger,0,0 valid=3 duress=1 {0}\n");
	parsed("FINGERTMP", "PIN=1\tFID=0\tValid=3\tDuress=0\tTMP=\n",
		"TEMPLATE 1,finger,0,0 valid=3 duress=0 {0}\n");
}

static void test_size(void **state)
{
	(void)state;
	/* Characters, or the bytes they stand for; a wrong one is kept and flagged. */
	parsed("FACE", "PIN=1\tFID=0\tSize=4\tTMP=QUI=\n",
		"TEMPLATE 1,face,0,0 size=4 {4 base64}\n");
	parsed("FACE", "PIN=1\tFID=0\tSize=2\tTMP=QUI=\n",
		"TEMPLATE 1,face,0,0 size=2 {4 base64}\n");
	parsed("FACE", "PIN=1\tFID=0\tSize=3\tTMP=QUI=\n",
		"TEMPLATE 1,face,0,0 size=3 {4 base64} +size\n");
	parsed("FACE", "PIN=1\tFID=0\tSize=-4\tTMP=QUI=\n",
		"TEMPLATE 1,face,0,0 size=-4 {4 base64} +size\n");
	parsed("FACE", "PIN=1\tFID=0\tSize=\tTMP=QUI=\n", "TEMPLATE 1,face,0,0 size= {4 base64}\n");
	parsed("FACE", "PIN=1\tFID=0\tTMP=QUI=\n", "TEMPLATE 1,face,0,0 {4 base64}\n");
}

static void test_base64(void **state)
{
	(void)state;
	parsed("FACE", "PIN=1\tFID=0\tTMP=ab+/\n", "TEMPLATE 1,face,0,0 {4 base64}\n");
	parsed("FACE", "PIN=1\tFID=0\tTMP=abc\n", "TEMPLATE 1,face,0,0 {3} +not64\n");
	parsed("FACE", "PIN=1\tFID=0\tTMP=a===\n", "TEMPLATE 1,face,0,0 {4} +not64\n");
	parsed("FACE", "PIN=1\tFID=0\tTMP=a=bc\n", "TEMPLATE 1,face,0,0 {4} +not64\n");
	parsed("FACE", "PIN=1\tFID=0\tSize=4\tTMP=ab-_\n",
		"TEMPLATE 1,face,0,0 size=4 {4} +not64\n");
}

static void test_pictures(void **state)
{
	(void)state;
	parsed("OPERLOG", "USERPIC PIN=1\tFileName=1.jpg\tSize=4\tContent=QUJD\n",
		"PICTURE 1,user file=1.jpg size=4 {4 base64}\n");
	parsed("OPERLOG", "BIOPHOTO PIN=1\tFileName=1.jpg\tType=9\tSize=4\tContent=QUJD\n",
		"PICTURE 1,face file=1.jpg type=9 size=4 {4 base64}\n");
	parsed("BIOPHOTO", "PIN=1\tContent=QUJD\nPIN=1\tType=8\tContent=QUJD\n",
		"PICTURE 1,face {4 base64}\nPICTURE 1,palmvein type=8 {4 base64}\n");
	parsed("USERPIC", "PIN=1\tContent=\nPIN=1\tSize=4\n",
		"PICTURE 1,user {0}\n! the template or picture is missing (12)\n");
}

static void test_operations(void **state)
{
	(void)state;
	parsed("OPERLOG", "OPLOG 4\t14\t2014-10-21 15:34:33\t0\tx y\t0\t0\n",
		"OPERATION @2014-10-21 15:34:33 code=4 admin=14 o1=0 o2=x y o3=0 o4=0\n");
	parsed("OPERLOG", "OPLOG 4\t\t2014-1-2 5:3:1\n",
		"OPERATION @2014-1-2 5:3:1 code=4 admin=\n");
	parsed("OPERLOG", "OPLOG 4\t0\t2014-10-21 15:34:33\t1\t2\t3\t4\t5\t6\n",
		"OPERATION @2014-10-21 15:34:33 code=4 admin=0 o1=1 o2=2 o3=3 o4=4 *extra=5\t6\n");
	parsed("OPERLOG", "OPLOG 4\t0\t2026-11-24 10:00:01\nOPLOG 4\t0\t1999-12-31 00:00:00\n",
		"OPERATION @2026-11-24 10:0:1 code=4 admin=0 +absurd\n"
		"OPERATION @1999-12-31 0:0:0 code=4 admin=0 +absurd\n");
	parsed("OPERLOG",
		"OPLOG\nOPLOG 4\nOPLOG 4\t0\nOPLOG \t0\t2014-10-21 15:34:33\nOPLOG 4\t0\tx\n",
		"! no field (5)\n! fewer than three fields (7)\n"
		"! fewer than three fields (9)\n! code is empty (28)\n"
		"! time is not YYYY-MM-DD HH:MM:SS (11)\n");
}

#define OP1  "OPLOG 3\t0\t2025-11-07 16:08:37\t54\n"
#define OP2  "OPLOG 3\t0\t2025-11-07 16:08:38\t54\n"
#define ROW1 "OPERATION @2025-11-7 16:8:37 code=3 admin=0 o1=54"
#define ROW2 "OPERATION @2025-11-7 16:8:38 code=3 admin=0 o1=54"

static void test_ordinals(void **state)
{
	(void)state;
	parsed("OPERLOG", OP1 OP1 OP2 OP1 OP2,
		ROW1 "\n" ROW1 " #1\n" ROW2 "\n" ROW1 " #2\n" ROW2 " #1\n");
	/* The end of the line and the keyword's spelling make no difference. */
	parsed("OPERLOG",
		"OPLOG 3\t0\t2025-11-07 16:08:37\t54\r\n" OP1
		"oplog  3\t0\t2025-11-07 16:08:37\t54",
		ROW1 "\n" ROW1 " #1\n" ROW1 " #2\n");
	parsed("ERRORLOG", "ERRORLOG ErrCode=1\nErrCode=1\nErrCode=2\nEVENT ErrCode=1\n",
		"ERROR code=1\nERROR code=1 #1\nERROR code=2\nEVENT *ErrCode=1\n");
	/* No other line is counted: the later one holds. */
	parsed("USERINFO", "PIN=1\nPIN=1\n", "USER 1\nUSER 1\n");
}

/* Many different ones, then each again: the table grew in between, and some have the hash of
 * another. */
static void test_many_ordinals(void **state)
{
	enum { LINES = 150000 };
	struct buf body = buf_with_max((size_t)32 << 20);
	struct body_source source = source_of("OPERLOG");
	struct rows_text t = {.rows = 0};
	size_t first = 0, second = 0;

	(void)state;
	for (unsigned i = 0; i < 2 * LINES; i++)
		assert_int_equal(
			buf_printf(&body, "OPLOG 3\t0\t2025-11-07 16:08:37\t%06u\n", i % LINES), 0);
	assert_int_equal(rows_read(buf_span(&body), &source, &t), 0);
	assert_int_equal(t.rows, 2 * LINES);
	for (char *line = t.out.ptr, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		first += strstr(line, " #") == NULL;
		second += strstr(line, " #1") != NULL;
	}
	assert_int_equal(first, LINES);
	assert_int_equal(second, LINES);
	buf_free(&t.out);
	buf_free(&body);
}

static void test_other_tables(void **state)
{
	(void)state;
	parsed("SMS", "SMS MSG=a=b\tTAG=253\tUID=1\tMIN=60\tStartTime=2026-01-01 00:00:00\n",
		"MESSAGE 1 text=a=b tag=253 minutes=60 start=2026-01-01 00:00:00\n");
	parsed("USER_SMS", "USER_SMS PIN=1\tUID=2\nUID=2\n",
		"MESSAGE_USER 1,2\n! PIN is missing or empty (5)\n");
	parsed("WORKCODE", "WORKCODE PIN=1\tCODE=2\tNAME=x\nCODE=3\nPIN=1\n",
		"WORKCODE 1,2 name=x\nWORKCODE ,3\n! CODE is missing or empty (5)\n");
	parsed("ERRORLOG",
		"ERRORLOG ErrCode=D01E0001\tErrMsg=\tDataOrigin=cmd\tCmdId=123\tAdditional=\n",
		"ERROR code=D01E0001 message= origin=cmd command=123 additional=\n");
	parsed("IDCARD", "IDCARD PIN=1\tIDNum=11\tPhhoto=QUJD\tNew=x\n",
		"IDCARD 1 *id_number=11 *New=x {4 base64}\n");
	parsed("IDCARD", "IDCARD PIN=1\tPhhoto=QUJD\tPhoto=QUJD\n", "! a key stands twice (35)\n");
	parsed("EVENT", "Event=Unlock\tObject=Button\tTime=2026-01-02 03:04:05\n",
		"EVENT @2026-1-2 3:4:5 event=Unlock object=Button time=2026-01-02 03:04:05\n");
	parsed("EVENT", "Event=Unlock\tTime=soon\n", "EVENT event=Unlock time=soon\n");
}

static void test_keywords(void **state)
{
	(void)state;
	/* Mixed kinds in any table; without a keyword it is the table's kind, if it has one. */
	parsed("USERINFO", "FP PIN=1\tFID=1\tTMP=\nPIN=2\nUSERINFO PIN=3\n",
		"TEMPLATE 1,finger,1,0 {0}\nUSER 2\nUSER 3\n");
	parsed("OPERLOG", "PIN=2\nDOOR ID=1\nDOOR\n   \n\n\r\n", "? (5)\n? (9)\n? (4)\n? (3)\n");
	parsed("USERINFO", "DOOR ID=1\n  \n", "? (9)\n! no field (2)\n");
	parsed("OPERLOG", "USER\nUSER \t\n", "! no field (4)\n! no field (6)\n");
}

static void test_refused(void **state)
{
	struct body_source source = source_of("OPERLOG");

	(void)state;
	parsed("OPERLOG", "USER Name=a\nUSER PIN=\n",
		"! PIN is missing or empty (11)\n! PIN is missing or empty (9)\n");
	parsed("OPERLOG", "USER PIN=1\tpin=1\nUSER PIN=1\tName=\tNAME=\nUSER PIN=1\tX=\tx=\n",
		"! a key stands twice (16)\n! a key stands twice (22)\n! a key stands twice "
		"(16)\n");
	parsed("OPERLOG", "USER PIN=1\tName=a\tb\nUSER PIN=1\tcard.sent=2\n",
		"! a field is not key=value (19)\n! a field is not key=value (22)\n");
	parsed("OPERLOG", "FP PIN=1\tTMP=\nFP PIN=1\tFID=1\n",
		"! FID or No is missing or empty (13)\n! the template or picture is missing "
		"(14)\n");
	rows_assert(span_of("USER PIN=1\0\nX\0 y\nUSER PIN=2", 27), &source,
		"! NUL in the line (11)\n? (4)\nUSER 2\n");
}

static void test_lengths(void **state)
{
	char body[256], wanted[256];

	(void)state;
	snprintf(body, sizeof(body), "PIN=%064d", 7);
	snprintf(wanted, sizeof(wanted), "USER %064d\n", 7);
	parsed("USERINFO", body, wanted);
	snprintf(body, sizeof(body), "PIN=%065d", 7);
	parsed("USERINFO", body, "! PIN is too long (69)\n");
	parsed("FINGERTMP", "PIN=1\tFID=12345678901234567\tTMP=\n",
		"! FID or No is too long (32)\n");
	parsed("FINGERTMP", "PIN=1\tFID=1\tIndex=12345678901234567\tTMP=\n",
		"! Index is too long (40)\n");
	snprintf(body, sizeof(body), "UID=%065d", 7);
	parsed("SMS", body, "! UID is too long (69)\n");
	snprintf(body, sizeof(body), "CODE=%065d", 7);
	parsed("WORKCODE", body, "! CODE is too long (70)\n");
}

static void test_fields_max(void **state)
{
	struct body_source source = source_of("USERINFO");

	(void)state;
	for (unsigned count = ROW_FIELDS_MAX; count <= ROW_FIELDS_MAX + 1; count++) {
		struct buf body = buf_with_max(4096);
		struct rows_text t = {.rows = 0};

		assert_int_equal(buf_add_str(&body, "PIN=1"), 0);
		for (unsigned i = 0; i < count; i++)
			assert_int_equal(buf_printf(&body, "\tk%u=", i), 0);
		assert_int_equal(rows_read(buf_span(&body), &source, &t), 0);
		assert_int_equal(t.rows, count == ROW_FIELDS_MAX);
		assert_int_equal(t.refused, count != ROW_FIELDS_MAX);
		if (t.refused > 0)
			assert_non_null(strstr(t.out.ptr, "! more than 48 fields"));
		buf_free(&t.out);
		buf_free(&body);
	}
}

/* Every line that is not empty is a row, refused or unknown; nothing is dropped in silence. */
static void test_every_line_counts(void **state)
{
	static const char *const lines[] = {"USER PIN=1", "USER", "", "\r", " ", "\t", "OPLOG", "=",
		"FOO", "FOO a=1", "OPLOG 1\t1\t2026-01-01 00:00:00", "FP PIN=1\tFID=1\tTMP=QUJD",
		"BIODATA", "PIN=1", "EVENT Event=", "SMS UID=1", "ATTPHOTO PIN=1\tContent="};
	static const char *const tables[] = {"OPERLOG", "USERINFO", "FINGERTMP", "FACE", "USERPIC",
		"BIOPHOTO", "BIODATA", "SMS", "USER_SMS", "WORKCODE", "ERRORLOG", "IDCARD",
		"EVENT"};
	enum { LINES = sizeof(lines) / sizeof(lines[0]), EMPTY = 2 };
	struct buf body = buf_with_max(4096);

	(void)state;
	for (unsigned i = 0; i < LINES; i++)
		assert_int_equal(buf_printf(&body, "%s\n", lines[i]), 0);
	for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct body_source source = source_of(tables[i]);
		struct rows_text t = {.rows = 0};

		assert_int_equal(rows_read(buf_span(&body), &source, &t), 0);
		assert_int_equal(t.rows + t.refused + t.unknown, LINES - EMPTY);
		assert_true(t.rows >= 4 && t.refused > 0 && t.unknown > 0);
		buf_free(&t.out);
	}
	buf_free(&body);
}

static void test_visitor_ends_it(void **state)
{
	struct body_source source = source_of("OPERLOG");

	(void)state;
	for (unsigned after = 1; after <= 3; after++) {
		struct rows_text t = {.stop_after = after};

		assert_int_equal(
			rows_read(span_str("OPLOG\nFOO\nUSER PIN=1\nUSER PIN=2\n"), &source, &t),
			7);
		assert_int_equal(t.rows + t.refused + t.unknown, after);
		buf_free(&t.out);
	}
}

static void test_tables(void **state)
{
	static const char *const known[] = {"OPERLOG", "USERINFO", "FINGERTMP", "FACE", "USERPIC",
		"BIOPHOTO", "BIODATA", "FVEIN", "SMS", "USER_SMS", "WORKCODE", "ERRORLOG", "IDCARD",
		"OPTIONS", "EVENT", "ATTPHOTO", "FPIMAGE", "FPIMAG"};
	static const char *const others[] = {
		"", "ATTLOG", "RTLOG", "TABLEDATA", "OPERLO", "OPERLOGS"};
	struct body_source source;

	(void)state;
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		assert_true(body_knows(span_str(known[i])));
		parsed(known[i], "", "");
	}
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct rows_text t = {.rows = 0};

		source = source_of(others[i]);
		assert_false(body_knows(source.table));
		assert_int_equal(rows_read(span_str("USER PIN=1\n"), &source, &t), -ENOENT);
		assert_string_equal(t.out.ptr, "");
		buf_free(&t.out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_spelling),
		cmocka_unit_test(test_unknown_keys_are_secret),
		cmocka_unit_test(test_cards),
		cmocka_unit_test(test_templates),
		cmocka_unit_test(test_modalities),
		cmocka_unit_test(test_duress),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_pictures),
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_ordinals),
		cmocka_unit_test(test_many_ordinals),
		cmocka_unit_test(test_other_tables),
		cmocka_unit_test(test_keywords),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_fields_max),
		cmocka_unit_test(test_every_line_counts),
		cmocka_unit_test(test_visitor_ends_it),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keep, keep_text, keep_mark, and upload's half of them: a body becomes records, and each of its
 * lines counts once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "parserd/keep.h"
#include "parserd/upload.h"
#include "tests/unit/scratch.h"

#define NOW_US  ((uint64_t)1767600000 * 1000000)
#define TIME    "2026-01-05 08:00:00"
#define OPLOG   "/iclock/cdata?SN=A&table=OPERLOG"
#define PHOTOS  "/iclock/fdata?SN=A&table=ATTPHOTO"
#define OPTIONS "/iclock/cdata?SN=A&table=options"

struct bench {
	struct records_writer *w;
	struct photos photos;
	char records[SCRATCH_BYTES + 128], private[SCRATCH_BYTES + 128];
};

static void open_bench(void **state, struct bench *t)
{
	snprintf(t->records, sizeof(t->records), "%s", scratch_path(state, "records"));
	snprintf(t->private, sizeof(t->private), "%s", scratch_path(state, "private"));
	assert_int_equal(photos_open(scratch_path(state, "photos"), &t->photos), 0);
	assert_int_equal(records_writer_open(t->records, t->private, 1 << 20, &t->w), 0);
}

static void close_bench(struct bench *t)
{
	records_writer_close(t->w);
	t->w = NULL;
	photos_close(&t->photos);
}

static bool given_up; /* what is stored, instead of committed */

/* The nth upload: received n seconds after the first. */
static struct tally store_bytes(struct bench *t, unsigned nth, const char *target, struct span body)
{
	struct spool_entry e = {
		.number = 1,
		.received_us = NOW_US + nth * (uint64_t)1000000,
		.serial = span_str("A"),
		.target = span_str(target),
		.body = body,
	};
	struct tally tally = {.punches = 0};
	struct upload u;
	char name[SPOOL_NAME_BYTES];
	const char *why = "";

	snprintf(name, sizeof(name), "%016x-0123456789abcdef", nth + 1);
	assert_int_equal(upload_read(&e, name, &u, &why), 0);
	assert_int_equal(records_begin(t->w), 0);
	assert_int_equal(upload_store(t->w, &t->photos, &u, e.received_us, &tally), 0);
	assert_int_equal(photos_settle(&t->photos), 0);
	if (given_up)
		records_abort(t->w);
	else
		assert_int_equal(records_commit(t->w), 0);
	return tally;
}

static struct tally store(struct bench *t, unsigned nth, const char *target, const char *body)
{
	return store_bytes(t, nth, target, span_str(body));
}

/* ---- what is there, as text ---- */

static void put_text(struct buf *b, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		assert_int_equal(buf_printf(b,
					 c == '\n'            ? "|"
					 : c < ' ' || c > '~' ? "\\%02x"
							      : "%c",
					 c),
			0);
	}
}

static int show_item(void *context, const struct item *i)
{
	struct buf *b = context;

	assert_int_equal(buf_printf(b, "%c", (char)i->kind), 0);
	for (size_t n = 0; n < i->id_count; n++) {
		/* The `why` of a mark is only shown to be one. */
		bool why = i->kind == ITEM_CLEARED && n == 2;
		assert_int_equal(buf_add_str(b, " "), 0);
		put_text(b, why ? span_str(i->ids[n].len > 33 ? "why" : "?") : i->ids[n]);
	}
	if (i->flags != 0)
		assert_int_equal(buf_printf(b, " flags=%u", i->flags), 0);
	assert_int_equal(buf_add_str(b, ": "), 0);
	put_text(b, i->text);
	return buf_add_str(b, "\n");
}

static int show_log(void *context, const struct logged *l)
{
	struct buf *b = context;

	assert_int_equal(
		buf_printf(b, "%c %04u-%02u-%02u %02u:%02u:%02u.%u flags=%u ", (char)l->kind,
			l->time.year, l->time.month, l->time.day, l->time.hour, l->time.minute,
			l->time.second, l->ordinal, l->flags),
		0);
	put_text(b, l->line);
	return buf_add_str(b, "\n");
}

static int show_photo(void *context, const struct photo *p)
{
	return buf_printf(context, "photo %02u:%02u:%02u '%.*s' flags=%u bytes=%llu\n",
		p->time.hour, p->time.minute, p->time.second, SPAN_ARG(p->pin), p->flags,
		(unsigned long long)p->bytes);
}

static int show_kept(void *context, const struct kept *k)
{
	struct buf *b = context;

	assert_int_equal(buf_printf(b, "%.*s %.*s: ", SPAN_ARG(k->table), SPAN_ARG(k->note)), 0);
	put_text(b, k->bytes);
	return buf_add_str(b, "\n");
}

static void show_all(struct records_reader *r, struct buf *b)
{
	const struct punch_query all = {.limit = 0};

	for (const char *kind = "uctpmnwiosfx"; *kind; kind++)
		assert_int_equal(items_each(r,
					 &(struct item_query){
						 .kind = (enum item_kind) * kind, .deleted = true},
					 show_item, b),
			0);
	for (const char *kind = "oev"; *kind; kind++)
		assert_int_equal(records_log(r, (enum logged_kind) * kind, &all, show_log, b), 0);
	assert_int_equal(records_photos(r, &all, show_photo, b), 0);
	for (int kind = 0; kind < 2; kind++)
		assert_int_equal(records_kept(r, kind ? FACT_REFUSED : FACT_RAW, span_of(NULL, 0),
					 show_kept, b),
			0);
}

/* Closes the bench. */
static void assert_all(struct bench *t, const char *wanted)
{
	struct buf b = buf_with_max(1 << 20);
	struct records_reader *r;

	close_bench(t);
	assert_int_equal(items_open(t->records, t->private, &r), 0);
	show_all(r, &b);
	records_close(r);
	assert_int_equal(buf_add(&b, "", 1), 0);
	assert_string_equal(b.ptr, wanted);
	buf_free(&b);
}

/* ---- items ---- */

static void test_a_user_and_its_secrets(void **state)
{
	struct bench t;

	open_bench(state, &t);
	store(&t, 0, OPLOG,
		"USER "
		"PIN=7\tName=Ada\tPri=14\tPasswd=sesame\tCard=[0A00000000]\tGrp=1\tTZ=\tNew=x\n");
	store(&t, 1, OPLOG, "USER PIN=8\tName=a%b\n");
	assert_all(&t, "u 7: group=1|name=Ada|privilege=14|time_zones=|\n"
		       "u 8: name=a%25b|\n"
		       "c 7: New=x|card=10|card.sent=[0A00000000]|password=sesame|\n");
}

static void test_names_in_three_readings(void **state)
{
	struct bench t;

	open_bench(state, &t);
	store(&t, 0, OPLOG,
		"USER PIN=1\tName=J\xc3\xb6rg\n"
		"USER PIN=2\tName=\xd5\xc5\xc8\xfd\n" /* GB18030 */
		"USER PIN=3\tName=a\xff\xc3\xb6\n");
	assert_all(&t, "u 1: name=J\\c3\\b6rg|\n"
		       "u 2: name=\\e5\\bc\\a0\\e4\\b8\\89|name.raw=d5c5c8fd|\n"
		       "u 3: name=a\\ef\\bf\\bd\\c3\\b6|name.raw=61ffc3b6|\n");
}

static void test_templates_are_bytes(void **state)
{
	struct bench t;

	open_bench(state, &t);
	store(&t, 0, OPLOG,
		"FP PIN=1\tFID=3\tSize=8\tValid=1\tTMP=AAEKDQ==\n"
		"FP PIN=1\tFID=4\tSize=9\tValid=1\tTMP=AAEKDQ==\n"
		"FP PIN=1\tFID=5\tSize=5\tValid=1\tTMP=A*EKD\n"
		"FP PIN=1\tFID=6\tSize=4\tValid=1\tTMP=AAF=\n" /* bits that no byte has */
		"FP PIN=1\tFID=7\tSize=0\tValid=0\tTMP=\n"
		"USERPIC PIN=1\tFileName=1.jpg\tSize=4\tContent=AAEC\n");
	assert_all(&t, "t 1 finger 3 0: size=8|valid=1||\\00\\01|\\0d\n"
		       "t 1 finger 4 0 flags=2: size=9|valid=1||\\00\\01|\\0d\n"
		       "t 1 finger 5 0 flags=4: size=5|valid=1||A*EKD\n"
		       "t 1 finger 6 0 flags=4: size=4|valid=1||AAF=\n"
		       "t 1 finger 7 0: size=0|valid=0|\n"
		       "p 1 user: file=1.jpg|size=4||\\00\\01\\02\n");
}

static void test_the_picture_of_a_finger(void **state)
{
	struct bench t;

	open_bench(state, &t);
	store(&t, 0, "/iclock/cdata?SN=A&FPImage=1&PIN=7&FID=3", "BM raw\nbytes");
	assert_all(&t, "f 7 3: |BM raw|bytes\n");
}

static void test_other_items(void **state)
{
	struct bench t;

	open_bench(state, &t);
	store(&t, 0, OPTIONS, "FWVersion=Ver 8,~OEMVendor=X CO., LTD.,ComKey=1234");
	store(&t, 1, OPLOG,
		"SMS MSG=hello\tTAG=253\tUID=4\tMIN=60\tSecret=y\n"
		"USER_SMS PIN=7\tUID=4\tOther=z\n"
		"WORKCODE PIN=1\tCODE=12\tNAME=welding\n"
		"IDCARD PIN=1\tName=Ada\tPhoto=AAEC\n");
	assert_all(&t, "m 4: minutes=60|tag=253|text=hello|\n"
		       "n 7 4: \n"
		       "w 1 12: name=welding|\n"
		       "i 1: name=Ada||\\00\\01\\02\n"
		       "o ComKey: \n"
		       "o FWVersion: value=Ver 8|\n"
		       "o ~OEMVendor: value=X CO., LTD.|\n"
		       "s m 4 : Secret=y|\n"
		       "s n 7 4: Other=z|\n"
		       "s o ComKey : value=1234|\n");
}

/* ---- logs ---- */

static void test_logs(void **state)
{
	struct bench t;
	struct tally tally;

	open_bench(state, &t);
	tally = store(&t, 0, OPLOG,
		"OPLOG 4\t0\t" TIME "\t50\t0\t0\t0\nOPLOG 4\t0\t" TIME "\t50\t0\t0\t0\n"
		"OPLOG 4\t0\t2026-00-05 08:00:00\t0\t0\t0\t0\n");
	assert_int_equal(tally.rows[ROW_OPERATION], 3);
	store(&t, 1, "/iclock/cdata?SN=A&table=ERRORLOG", "ERRORLOG ErrCode=D01E0001\tErrMsg=\n");
	store(&t, 2, "/iclock/event?SN=A", "Event=Unlock\tObject=Button\tTime=" TIME "\n");
	store(&t, 3, "/iclock/event?SN=A", "Event=Lock\tObject=Button\tTime=soon\n");
	/* A log is no private place. */
	tally = store(&t, 4, "/iclock/event?SN=A", "Event=Unlock\tCard=123456\tTime=" TIME "\n");
	assert_int_equal(tally.raw, 1);
	assert_int_equal(tally.rows[ROW_EVENT], 0);
	assert_all(&t, "o 2026-00-05 08:00:00.0 flags=1 4\\090\\092026-00-05 "
		       "08:00:00\\090\\090\\090\\090\n"
		       "o " TIME ".0 flags=0 4\\090\\09" TIME "\\0950\\090\\090\\090\n"
		       "o " TIME ".1 flags=0 4\\090\\09" TIME "\\0950\\090\\090\\090\n"
		       "e 2026-01-05 08:00:01.0 flags=0 ErrCode=D01E0001\\09ErrMsg=\n"
		       "v " TIME ".0 flags=0 Event=Unlock\\09Object=Button\\09Time=" TIME "\n"
		       "v 2026-01-05 08:00:03.0 flags=0 Event=Lock\\09Object=Button\\09Time=soon\n"
		       "EVENT /iclock/event?SN=A: Event=Unlock\\09Card=123456\\09Time=" TIME "\n");
}

/* ---- deletions ---- */

static void test_what_marks_which(void **state)
{
	static const struct {
		const char *line, *what, *pin;
	} cases[] = {
		{"9\t0\t" TIME "\t7\t0\t0\t0", "users", "7"},
		{"10\t0\t" TIME "\t7", "fingers", "7"},
		{"10\t0\t" TIME "\t7\t\t0\t0", "fingers", "7"},
		{"10\t0\t" TIME "\t7\t3\t0\t0", "finger 3", "7"},
		{"11\t0\t" TIME "\tR001\t0", "password", "R001"},
		{"12\t0\t" TIME "\t7", "card", "7"},
		{"13\t0\t" TIME "\t7", "all", ""},
		{"22\t0\t" TIME, "all", ""},
		{"35\t0\t" TIME "\t7", "pictures", ""},
		{"9\t0\t" TIME, NULL, NULL},
		{"9\t0\t" TIME "\t\t1", NULL, NULL},
		{"24\t0\t" TIME "\t7", NULL, NULL},
		{"6\t0\t" TIME "\t7\t3", NULL, NULL},
		{"99\t0\t" TIME "\t7\t3", NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bench t;
		struct buf b = buf_with_max(1024);
		char body[128];

		assert_int_equal(scratch_make(state), 0);
		open_bench(state, &t);
		snprintf(body, sizeof(body), "OPLOG %s\n", cases[i].line);
		store(&t, 0, OPLOG, body);
		if (cases[i].what != NULL)
			assert_int_equal(
				buf_printf(&b, "x %s %s why: \n", cases[i].what, cases[i].pin), 0);
		assert_int_equal(buf_add_str(&b, "o " TIME ".0 flags=0 "), 0);
		put_text(&b, span_str(cases[i].line));
		assert_int_equal(buf_add(&b, "\n", 2), 0);
		assert_all(&t, b.ptr);
		buf_free(&b);
		scratch_remove(state);
	}
}

/* A mark takes what stood before it and nothing that came later, and a log that is sent again
 * years later changes nothing. */
static void test_a_log_that_is_sent_again(void **state)
{
	struct bench t;

	open_bench(state, &t);
	store(&t, 0, OPLOG, "USER PIN=7\tName=Ada\nFP PIN=7\tFID=3\tTMP=AAEC\n");
	store(&t, 1, OPLOG, "OPLOG 9\t0\t" TIME "\t7\n");
	store(&t, 2, OPLOG, "USER PIN=7\tName=Bob\n");
	store(&t, 3, OPLOG, "OPLOG 9\t0\t" TIME "\t7\n");
	assert_all(&t, "u 7: name=Bob|\n"
		       "t 7 finger 3 0 flags=1: |\\00\\01\\02\n"
		       "x users 7 why: \n"
		       "o " TIME ".0 flags=0 9\\090\\09" TIME "\\097\n");
}

/* ---- photos ---- */

#define PHOTO(name, size, command, bytes)                                     \
	span_of("PIN=" name "\nSN=A\nsize=" size "\nCMD=" command "\0" bytes, \
		sizeof("PIN=" name "\nSN=A\nsize=" size "\nCMD=" command "\0" bytes) - 1)

static void test_photos(void **state)
{
	struct bench t;
	struct tally tally;

	open_bench(state, &t);
	tally = store_bytes(&t, 0, PHOTOS,
		PHOTO("20260105080000-7.jpg", "5", "uploadphoto", "\xff\xd8\xff\0x"));
	assert_int_equal(tally.rows[ROW_PHOTO], 1);
	tally = store_bytes(&t, 1, PHOTOS,
		PHOTO("20260105080000-7.jpg", "5", "uploadphoto", "\xff\xd8\xff\0x"));
	assert_int_equal(tally.duplicates, 1);
	store_bytes(&t, 2, PHOTOS, PHOTO("20260105080001", "9", "realupload", "\xff\xd8"));
	store_bytes(&t, 3, PHOTOS, PHOTO("20260105080002-8", "12", "uploadphoto", "/9j/AAECAwQF"));
	store_bytes(&t, 4, PHOTOS, PHOTO("x", "1", "uploadphoto", "x"));
	store_bytes(&t, 5, PHOTOS, PHOTO("20260105080003-9", "1", "uploadphoto", "\xff\xd8"));
	assert_all(&t, "photo 08:00:00 '7' flags=0 bytes=5\n"
		       "photo 08:00:01 '' flags=14 bytes=2\n"
		       "photo 08:00:02 '8' flags=0 bytes=9\n"
		       "photo 08:00:03 '9' flags=16 bytes=2\n"
		       "ATTPHOTO the photo's name does not begin with its time: "
		       "PIN=x|SN=A|size=1|CMD=uploadphoto\\00x\n");
}

static int remove_photo(void *context, const struct photo *p)
{
	return photos_remove(context, p);
}

/* No file comes back of one who was erased, and what came later is kept. */
static void test_a_photo_of_one_who_was_erased(void **state)
{
	const struct entry_ref entry = {"0000000000000100-0123456789abcdef", 1};
	const struct span photo = PHOTO("20260105080000-7.jpg", "1", "uploadphoto", "x");
	struct bench t;

	open_bench(state, &t);
	store_bytes(&t, 0, PHOTOS, photo);
	assert_int_equal(records_begin(t.w), 0);
	assert_int_equal(records_erase_pin(t.w, span_str("7"), NOW_US + 10000000, &entry,
				 UINT64_MAX, remove_photo, &t.photos),
		1);
	assert_int_equal(records_commit(t.w), 0);
	assert_int_equal(store_bytes(&t, 0, PHOTOS, photo).duplicates, 1);
	assert_int_not_equal(access(scratch_path(state, "photos/A/2026-01-05"), F_OK), 0);
	assert_int_equal(store_bytes(&t, 20, PHOTOS, photo).rows[ROW_PHOTO], 1);
	assert_int_equal(access(scratch_path(state, "photos/A/2026-01-05"), F_OK), 0);
	assert_all(&t, "photo 08:00:00 '7' flags=0 bytes=1\n");
}

/* A transaction is given up, and the PIN erased before the upload is worked on again: the erasure
 * knows nothing of the file. */
static void test_a_file_that_no_record_names(void **state)
{
	const struct entry_ref entry = {"0000000000000100-0123456789abcdef", 1};
	const struct span mine = PHOTO("20260105080000-7.jpg", "1", "uploadphoto", "x");
	const struct span other = PHOTO("20260106080000-8.jpg", "1", "uploadphoto", "x");
	struct bench t;

	open_bench(state, &t);
	given_up = true;
	store_bytes(&t, 0, PHOTOS, mine);
	store_bytes(&t, 1, PHOTOS, other);
	given_up = false;
	assert_int_equal(access(scratch_path(state, "photos/A/2026-01-05"), F_OK), 0);
	assert_int_equal(records_begin(t.w), 0);
	assert_int_equal(records_erase_pin(t.w, span_str("7"), NOW_US + 10000000, &entry,
				 UINT64_MAX, remove_photo, &t.photos),
		0);
	assert_int_equal(records_commit(t.w), 0);
	assert_int_equal(store_bytes(&t, 0, PHOTOS, mine).duplicates, 1);
	assert_int_not_equal(access(scratch_path(state, "photos/A/2026-01-05"), F_OK), 0);
	assert_int_equal(store_bytes(&t, 1, PHOTOS, other).rows[ROW_PHOTO], 1);
	/* What came after the erasure has a record, and keeps its file when the old one is worked
	 * on again. */
	assert_int_equal(store_bytes(&t, 20, PHOTOS, mine).rows[ROW_PHOTO], 1);
	assert_int_equal(store_bytes(&t, 0, PHOTOS, mine).duplicates, 1);
	assert_int_equal(access(scratch_path(state, "photos/A/2026-01-05"), F_OK), 0);
	assert_all(&t, "photo 08:00:00 '7' flags=0 bytes=1\n"
		       "photo 08:00:00 '8' flags=0 bytes=1\n");
}

/* ---- the tally, raw bodies, and the order ---- */

static uint64_t sum(const struct tally *t)
{
	return tally_records(t) + t->duplicates + t->raw + t->refused + t->empty;
}

static const struct {
	const char *target, *body;
	unsigned shown; /* lines that are not empty, options, or the body */
} uploads[] = {
	{"/iclock/cdata?SN=A&table=ATTLOG&Stamp=5", "1\t" TIME "\t0\t1\n\nno punch\r\n", 2},
	{OPLOG "&OpStamp=7",
		"OPLOG 9\t0\t" TIME
		"\t7\nUSER PIN=7\tName=Ada\tPasswd=x\n\nUSER Name=y\nNEW a=b\r\n"
		"FP PIN=7\tFID=1\tTMP=AAEC\nOPLOG 9\t0\t" TIME "\t7\nNEW a=b\n",
		7},
	{OPLOG, "NEW a=b", 1},
	{OPLOG, "USER PIN=7\tName=Bob", 1},
	{"/iclock/cdata?SN=A&table=USERINFO", "USER PIN=7\tName=Bob\nPIN=9\tName=Eve\n", 2},
	{OPTIONS, "a=1,ComKey=2,x\n\nb=,c=3,", 4},
	{PHOTOS, "PIN=x", 1},
	{"/iclock/cdata?SN=A&table=NEWTABLE", "a\nb\n", 1},
	{"/iclock/cdata?SN=A", "of no table", 1},
	{"/iclock/cdata?SN=A&table=BIODATA", "", 1},
	{"/iclock/cdata?SN=A&table=BIODATA",
		"BIODATA Pin=7\tNo=0\tIndex=0\tType=9\tTmp=AAEC\nBIODATA Pin=7\n", 2},
	{"/iclock/event?SN=A", "Event=a\tCard=1\tTime=" TIME "\nEvent=b\tTime=" TIME "\n", 2},
};
#define UPLOADS (sizeof(uploads) / sizeof(*uploads))

static void test_each_line_counts_once(void **state)
{
	struct bench t;

	open_bench(state, &t);
	for (int again = 0; again < 3; again++)
		for (unsigned i = 0; i < UPLOADS; i++) {
			struct tally tally = store(&t, i, uploads[i].target, uploads[i].body);
			assert_int_equal(sum(&tally), uploads[i].shown);
			if (again == 0)
				continue;
			assert_int_equal(tally_records(&tally), 0);
			assert_int_equal(tally.raw, 0);
		}
	close_bench(&t);
}

/* All of it as text: but for the numbers of the journal, it is a function of the set. */
static struct buf end_of(void **state, const unsigned *order, size_t count)
{
	struct buf b = buf_with_max(1 << 20);
	struct records_reader *r;
	struct bench t;

	assert_int_equal(scratch_make(state), 0);
	open_bench(state, &t);
	for (size_t i = 0; i < count; i++)
		store(&t, order[i], uploads[order[i]].target, uploads[order[i]].body);
	close_bench(&t);
	assert_int_equal(items_open(t.records, t.private, &r), 0);
	show_all(r, &b);
	records_close(r);
	scratch_remove(state);
	return b;
}

static void test_the_order_does_not_count(void **state)
{
	unsigned order[2 * UPLOADS];

	for (unsigned i = 0; i < 2 * UPLOADS; i++)
		order[i] = i % UPLOADS;
	struct buf wanted = end_of(state, order, UPLOADS);
	srandom(4);
	for (int turn = 0; turn < 12; turn++) {
		for (size_t i = 2 * UPLOADS - 1; i > 0; i--) {
			size_t other = (size_t)random() % (i + 1);
			unsigned kept = order[i];
			order[i] = order[other];
			order[other] = kept;
		}
		struct buf got = end_of(state, order, 2 * UPLOADS);
		assert_true(span_eq(buf_span(&got), buf_span(&wanted)));
		buf_free(&got);
	}
	buf_free(&wanted);
}

/* What a version without a parser kept whole is worked off by a replay, and so is a line. */
static void test_raw_is_worked_off(void **state)
{
	static const char body[] = "USER PIN=7\tName=Ada\nUSER PIN=8\tName=Bob\n";
	static const char line[] = "USER PIN=8\tName=Bob";
	struct kept k = {
		.serial = span_str("A"),
		.table = span_str("OPERLOG"),
		.received_us = NOW_US,
		.entry = {"0000000000000001-0123456789abcdef", 1},
		.note = span_str(OPLOG),
		.bytes = span_str(body),
	};
	struct bench t;

	open_bench(state, &t);
	assert_int_equal(records_begin(t.w), 0);
	assert_int_equal(records_add_raw(t.w, &k), 1);
	k.bytes = span_str(line);
	assert_int_equal(records_add_raw(t.w, &k), 1);
	assert_int_equal(records_commit(t.w), 0);
	store(&t, 0, OPLOG, body);
	assert_all(&t, "u 7: name=Ada|\nu 8: name=Bob|\n");
}

/* So is a line that such a version refused: of the upload that it came with, and of no other. */
static void test_refused_is_worked_off(void **state)
{
	static const struct {
		const char *target, *table, *line;
	} cases[] = {
		{"/iclock/cdata?SN=A&table=ATTLOG", "ATTLOG", "1\t" TIME "\t0\t1"},
		{OPLOG, "OPERLOG", "USER PIN=7\tName=Ada"},
		{OPLOG, "OPERLOG", "NEW a=b"},
		{OPTIONS, "OPTIONS", "a=1"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct records_counts c;
		struct records_reader *r;
		struct bench t;
		struct kept k = {
			.serial = span_str("A"),
			.table = span_str(cases[i].table),
			.received_us = NOW_US,
			.entry = {"0000000000000001-0123456789abcdef", 1},
			.note = span_str("nobody can read it"),
			.bytes = span_str(cases[i].line),
		};

		assert_int_equal(scratch_make(state), 0);
		open_bench(state, &t);
		assert_int_equal(records_begin(t.w), 0);
		assert_int_equal(records_add_refused(t.w, &k), 1);
		k.bytes = span_str("another line");
		assert_int_equal(records_add_refused(t.w, &k), 1);
		assert_int_equal(records_commit(t.w), 0);
		for (unsigned nth = 2; nth > 0; nth--) {
			store(&t, nth - 1, cases[i].target, cases[i].line);
			close_bench(&t);
			assert_int_equal(items_open(t.records, t.private, &r), 0);
			assert_int_equal(records_count(r, &c), 0);
			records_close(r);
			assert_int_equal(c.refused + c.private_refused, nth);
			open_bench(state, &t);
		}
		close_bench(&t);
		scratch_remove(state);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_user_and_its_secrets),
		TEST(test_names_in_three_readings),
		TEST(test_templates_are_bytes),
		TEST(test_the_picture_of_a_finger),
		TEST(test_other_items),
		TEST(test_logs),
		cmocka_unit_test(test_what_marks_which),
		TEST(test_a_log_that_is_sent_again),
		TEST(test_photos),
		TEST(test_a_photo_of_one_who_was_erased),
		TEST(test_a_file_that_no_record_names),
		TEST(test_each_line_counts_once),
		cmocka_unit_test(test_the_order_does_not_count),
		TEST(test_raw_is_worked_off),
		cmocka_unit_test(test_refused_is_worked_off),
	};

	return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}

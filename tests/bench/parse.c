/* SPDX-License-Identifier: GPL-2.0-or-later */
/* parse [MILLISECONDS]: how fast the body parsers are on one core: each of them reads made-up
 * bodies for so long (300 if it is not said), whose rows are looked at no further. One JSON line
 * each. */
#include "parserd/body.h"
#include "parserd/body_attlog.h"
#include "tests/bench/bench.h"

#define RECEIVED_US  1795341600000000 /* 2026-11-22 10:00 */
#define BODY_MAX     ((size_t)16 << 20)
#define TEMPLATE     1500   /* base64 characters of a finger */
#define PICTURE      136000 /* of a face: 100 KB */
#define PHOTO        100000 /* bytes */
#define OPTION_PAIRS 45

static void made(int rc)
{
	if (rc == 0)
		return;
	errno = -rc;
	bench_die("body");
}

static void add_base64(struct buf *b, size_t characters)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint64_t state = b->len + 1;

	made(buf_reserve(b, characters));
	for (size_t i = 0; i < characters; i++) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		made(buf_add(b, &alphabet[state >> 58], 1));
	}
}

/* ---- lines, the n-th of a body ---- */

static void time_text(unsigned n, char ret[static 24])
{
	snprintf(ret, 24, "2026-%02u-%02u %02u:%02u:%02u", n / 2419200 % 12 + 1, n / 86400 % 28 + 1,
		n / 3600 % 24, n / 60 % 60, n % 60);
}

static void add_punch(struct buf *b, unsigned n)
{
	char time[24];

	time_text(n, time);
	made(buf_printf(b, "%u\t%s\t0\t15\t0\t0\t0\t255\t0\t0\t\n", n % 1000, time));
}

static void add_operation(struct buf *b, unsigned n)
{
	char time[24];

	time_text(n, time);
	made(buf_printf(b, "OPLOG 3\t0\t%s\t54\t0\t0\t0\n", time));
}

/* Every line stands a hundred times, far apart. */
static void add_repeated(struct buf *b, unsigned n)
{
	add_operation(b, n % 4000);
}

static void add_user(struct buf *b, unsigned n)
{
	made(buf_printf(b,
		"USER PIN=%u\tName=Name of %u\tPri=0\tPasswd=\tCard=[%02X%02X830000]\tGrp=1\t"
		"TZ=0000000100000000\tVerify=-1\tViceCard=\tStartDatetime=0\tEndDatetime=0\n",
		n, n, n & 255, n >> 8 & 255));
}

static void add_finger(struct buf *b, unsigned n)
{
	made(buf_printf(b, "FP PIN=%u\tFID=%u\tSize=%d\tValid=1\tTMP=", n / 10, n % 10, TEMPLATE));
	add_base64(b, TEMPLATE);
	made(buf_add_str(b, "\n"));
}

static void add_biodata(struct buf *b, unsigned n)
{
	made(buf_printf(b,
		"BIODATA Pin=%u\tNo=0\tIndex=0\tValid=1\tDuress=0\tType=9\tMajorVer=35\t"
		"MinorVer=4\tFormat=0\tTmp=",
		n));
	add_base64(b, TEMPLATE);
	made(buf_add_str(b, "\n"));
}

static void add_face(struct buf *b, unsigned n)
{
	made(buf_printf(
		b, "BIOPHOTO PIN=%u\tFileName=%u.jpg\tType=9\tSize=%d\tContent=", n, n, PICTURE));
	add_base64(b, PICTURE);
	made(buf_add_str(b, "\n"));
}

static void add_error(struct buf *b, unsigned n)
{
	made(buf_printf(b,
		"ERRORLOG ErrCode=D01E%04u\tErrMsg=\tDataOrigin=cmd\tCmdId=%u\tAdditional=\n",
		n % 10000, n));
}

static void add_event(struct buf *b, unsigned n)
{
	char time[24];

	time_text(n, time);
	made(buf_printf(b, "Event=Unlock\tObject=Button\tTime=%s\n", time));
}

/* As hostile as a line can be: all the fields there may be, none of them known. */
static void add_strange(struct buf *b, unsigned n)
{
	made(buf_printf(b, "USER PIN=%u", n));
	for (unsigned i = 0; i < ROW_FIELDS_MAX; i++)
		made(buf_printf(b, "\tk%u=", i));
	made(buf_add_str(b, "\n"));
}

/* ---- bodies that are small or one ---- */

static void add_option(struct buf *b, unsigned n)
{
	made(buf_printf(b, "%s~Option%u=Value of %u, Ltd.", n > 0 ? "," : "", n, n));
}

static void add_photo(struct buf *b, unsigned n)
{
	made(buf_printf(
		b, "PIN=20261122100000-%u.jpg\nSN=SIM000001\nsize=%d\nCMD=uploadphoto", n, PHOTO));
	made(buf_add(b, "\0\xff\xd8\xff\xe0", 5));
	made(buf_reserve(b, PHOTO - 4));
	memset(b->ptr + b->len, 'x', PHOTO - 4);
	b->len += PHOTO - 4;
}

/* ---- measuring ---- */

static int on_punch(void *context, struct span line, struct punch *p)
{
	(void)line;
	(void)p;
	++*(uint64_t *)context;
	return 0;
}

static int on_row(void *context, const struct row *row)
{
	(void)row;
	++*(uint64_t *)context;
	return 0;
}

static int on_refused(void *context, struct span line, const char *why)
{
	(void)context, (void)line, (void)why;
	return -EINVAL;
}

static int on_unknown(void *context, struct span line)
{
	(void)context, (void)line;
	return -EINVAL;
}

/* The rows of one body. */
static uint64_t parse(const char *table, struct span body)
{
	uint64_t rows = 0;
	struct attlog_visitor punches = {&rows, on_punch, on_refused};
	struct body_visitor v = {&rows, on_row, on_refused, on_unknown};
	struct body_source source = {.table = span_str(table), .received_us = RECEIVED_US};

	made(strcmp(table, "ATTLOG") == 0 ? body_attlog_parse(body, RECEIVED_US, &punches)
					  : body_parse(body, &source, &v));
	return rows;
}

static void measure(const char *name, const char *table, struct span body, uint64_t wait_us)
{
	uint64_t rows = 0, bodies = 0, from_us = bench_cpu_us(), took_us;

	do {
		rows += parse(table, body);
		bodies++;
		took_us = bench_cpu_us() - from_us;
	} while (took_us < wait_us);
	double seconds = (double)took_us / 1e6;
	printf("{\"body\": \"%s\", \"bytes\": %zu, \"rows\": %lu, \"mb_per_s\": %.1f, "
	       "\"rows_per_s\": %.0f, \"ns_per_row\": %.0f}\n",
		name, body.len, (unsigned long)(rows / bodies),
		(double)(body.len * bodies) / 1e6 / seconds, (double)rows / seconds,
		seconds * 1e9 / (double)rows);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name, *table;
		void (*add)(struct buf *b, unsigned n);
		unsigned count; /* 0: as many as there is room for in the longest body */
	} bodies[] = {
		{"attlog", "ATTLOG", add_punch, 0},
		{"oplog", "OPERLOG", add_operation, 0},
		{"oplog repeated", "OPERLOG", add_repeated, 0},
		{"user", "OPERLOG", add_user, 0},
		{"user of unknown keys", "OPERLOG", add_strange, 0},
		{"finger", "FINGERTMP", add_finger, 0},
		{"biodata", "BIODATA", add_biodata, 0},
		{"biophoto", "BIOPHOTO", add_face, 0},
		{"errorlog", "ERRORLOG", add_error, 0},
		{"event", "EVENT", add_event, 0},
		{"options", "OPTIONS", add_option, OPTION_PAIRS},
		{"options, 16 MiB", "OPTIONS", add_option, 0},
		{"attphoto", "ATTPHOTO", add_photo, 1},
	};
	uint64_t wait_ms = argc > 1 ? bench_number(argv[1]) : 300;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct buf body = buf_with_max(2 * BODY_MAX);

		for (unsigned n = 0; bodies[i].count ? n < bodies[i].count : body.len < BODY_MAX;
			n++)
			bodies[i].add(&body, n);
		measure(bodies[i].name, bodies[i].table, buf_span(&body), wait_ms * 1000);
		buf_free(&body);
	}
	return EX_OK;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mixed load: one upload after the other of every table, with rows of every kind, and some that
 * no server can read. In a form '#' is a number that is used once for each terminal, '@' a time and
 * '$' base64. So no two rows of a terminal are the same.
 */
#include "tests/devsim/devsim.h"

#include <string.h>

static const char *const attlog[] = {"#\t@\t0\t1\t0", "#\t@\t1\t15\t0", "this is no punch #", NULL};
static const char *const operlog[] = {
	"OPLOG 4\t0\t@\t#\t0\t0\t0",
	"USER PIN=#\tName=MADE UP #\tPri=0\tPasswd=\tCard=#\tGrp=1\tTZ=",
	"FP PIN=#\tFID=1\tSize=744\tValid=1\tTMP=$",
	"FACE PIN=#\tFID=0\tSIZE=744\tVALID=1\tTMP=$",
	"FVEIN Pin=#\tFID=0\tIndex=2\tSize=744\tValid=1\tTmp=$",
	"USERPIC PIN=#\tFileName=#.jpg\tSize=744\tContent=$",
	"BIOPHOTO PIN=#\tFileName=#.jpg\tType=9\tSize=744\tContent=$",
	"OPLOG 9\t0\t@\t#\t0\t0\t0",
	"NOSUCHWORD a=#",
	"USER Name=without a PIN #",
	"OPLOG 3\t#",
	NULL,
};
static const char *const userinfo[] = {"USER PIN=#\tName=MADE UP #", "PIN=#\tName=MADE UP #", NULL};
static const char *const fingertmp[] = {"FP PIN=#\tFID=2\tTMP=$", NULL};
static const char *const face[] = {"FACE PIN=#\tFID=3\tTMP=$", NULL};
static const char *const userpic[] = {"USERPIC PIN=#\tFileName=#.jpg\tContent=$", NULL};
static const char *const biodata[] = {
	"BIODATA Pin=#\tNo=0\tIndex=0\tValid=1\tDuress=0\tType=9\tMajorVer=35\tMinorVer=4\tFormat=0"
	"\tTmp=$",
	"BIODATA Pin=#\tNo=1\tIndex=0\tType=1\tTmp=$",
	NULL,
};
static const char *const sms[] = {"SMS MSG=hello #\tTAG=253\tUID=#\tMIN=60\tStartTime=@", NULL};
static const char *const user_sms[] = {"USER_SMS PIN=#\tUID=1", NULL};
static const char *const workcode[] = {"WORKCODE PIN=1\tCODE=#\tNAME=MADE UP", NULL};
static const char *const errorlog[] = {
	"ERRORLOG ErrCode=D01E0001\tErrMsg=\tDataOrigin=cmd\tCmdId=#\tAdditional=", NULL};
static const char *const idcard[] = {"IDCARD PIN=#\tName=MADE UP\tIDNum=#\tPhoto=$", NULL};
static const char *const event[] = {"Event=Unlock#\tObject=Button\tTime=@", NULL};
static const char *const options[] = {"FWVersion=Ver #,Name#=one, two,ComKey=#", NULL};
static const char *const unknown[] = {"this is nobody's #", NULL};
static const char *const picture[] = {"BM #", NULL};
static const char *const photo[] = {"", NULL}; /* its head is made by itself */

/* A body that is not made of lines has one row. */
static const struct table {
	const char *name;
	const char *const *forms;
	bool whole;
} tables[] = {
	{"ATTLOG", attlog, false},
	{"OPERLOG", operlog, false},
	{"USERINFO", userinfo, false},
	{"FINGERTMP", fingertmp, false},
	{"FACE", face, false},
	{"USERPIC", userpic, false},
	{"BIODATA", biodata, false},
	{"ATTPHOTO", photo, true},
	{"SMS", sms, false},
	{"USER_SMS", user_sms, false},
	{"WORKCODE", workcode, false},
	{"ERRORLOG", errorlog, false},
	{"IDCARD", idcard, false},
	{"event", event, false},
	{"options", options, true},
	{"NEWTABLE", unknown, true},
	{"FPImage&PIN=9&FID=3", picture, true},
};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

static uint32_t when_of(uint64_t nth)
{
	return settings.start_when + (uint32_t)nth;
}

static void add_form(struct bytes *out, const char *form, uint64_t nth)
{
	for (; *form; form++) {
		if (*form == '#') {
			bytes_number(out, nth, 1);
		} else if (*form == '@') {
			when_text(when_of(nth), bytes_reserve(out, WHEN_LEN));
			out->len += WHEN_LEN;
		} else if (*form == '$') {
			made_template(out, nth, 10);
		} else {
			bytes_char(out, *form);
		}
	}
}

/* "20260105080000-7.jpg" */
static void add_photo_name(struct bytes *out, uint64_t nth)
{
	char when[WHEN_LEN];

	when_text(when_of(nth), when);
	for (size_t i = 0; i < WHEN_LEN; i++) {
		if (when[i] >= '0' && when[i] <= '9') {
			bytes_char(out, when[i]);
		}
	}
	bytes_format(out, "-%llu.jpg", (unsigned long long)nth);
}

static void add_photo_head(struct bytes *out, uint64_t nth)
{
	bytes_text(out, "PIN=");
	add_photo_name(out, nth);
	bytes_format(out, "\nSN=x\nsize=%u\nCMD=uploadphoto", settings.photo_bytes);
	bytes_char(out, 0);
}

/* The ledger's line of a row: serial, table, and the row as it was sent, of a photo its name. */
static void add_log(
	struct bytes *log, const char *serial, const char *table, const char *row, size_t row_len)
{
	bytes_text(log, serial);
	bytes_char(log, '\t');
	bytes_add(log, table, strcspn(table, "&"));
	bytes_char(log, '\t');
	bytes_add(log, row, row_len);
	bytes_char(log, '\n');
}

/* One after the other. */
static const char *form_of(const struct table *table, uint64_t nth)
{
	uint64_t count = 1; /* none is empty */

	while (table->forms[count]) {
		count++;
	}
	return table->forms[nth % count];
}

static void add_row(struct bytes *body, struct bytes *log, struct device *device,
	const struct table *table, uint64_t nth)
{
	char serial[SERIAL_MAX + 1];
	struct bytes row = {0};

	device_serial(device, serial);
	if (table->forms == photo) {
		add_photo_head(body, nth);
		add_photo_name(&row, nth);
	} else {
		add_form(&row, form_of(table, nth), nth);
		bytes_add(body, row.data, row.len);
	}
	if (log) {
		add_log(log, serial, table->name, row.data, row.len);
	}
	bytes_free(&row);
}

void mixed_make(struct upload *upload, struct device *device, uint32_t records)
{
	static struct bytes body, log;
	const struct table *table = &tables[device->punches++ % TABLES];
	struct parcel parcel = {KIND_ROWS, table->name, false, &body, &log, NULL, 0, records};

	body.len = log.len = 0;
	if (table->whole) {
		parcel.records = 1;
	}
	for (uint32_t i = 0; i < parcel.records; i++) {
		add_row(&body, ledger_wanted() ? &log : NULL, device, table, ++device->extras);
		if (!table->whole) {
			bytes_char(&body, '\n');
		}
	}
	if (table->forms == photo) {
		parcel.tail = made_picture();
		parcel.tail_len = settings.photo_bytes;
	}
	upload_parcel(upload, device, &parcel);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device_show: one device with the settings that hold for it and the stamps that its data came
 * with. */
#include <errno.h>
#include <stdlib.h>

#include "ctl/device.h"
#include "ctl/fail.h"
#include "store/records.h"

enum {
	SERIAL,
	STATE,
	CLASS,
	ADDRESS,
	FIRST_SEEN,
	LAST_SEEN,
	VERSION,
	LANGUAGE,
	FIRMWARE,
	INFO,
	HANDSHAKES,
	POLLS,
	ERROR_DELAY,
	DELAY,
	TRANS_INTERVAL,
	TRANS_TIMES,
	TRANS_FLAGS,
	TIME_ZONE,
	REALTIME,
	OWN,
	STAMPS,
	COLUMNS
};

static const struct out_column columns[COLUMNS] = {
	[SERIAL] = {"serial", "serial", 0, false},
	[STATE] = {"state", "state", 0, false},
	[CLASS] = {"class", "class", 0, false},
	[ADDRESS] = {"address", "address", 0, false},
	[FIRST_SEEN] = {"first_seen", "first seen", 0, false},
	[LAST_SEEN] = {"last_seen", "last seen", 0, false},
	[VERSION] = {"push_version", "push version", 0, false},
	[LANGUAGE] = {"language", "language", 0, false},
	[FIRMWARE] = {"firmware", "firmware", 0, false},
	[INFO] = {"info", "info", 0, false},
	[HANDSHAKES] = {"handshakes", "handshakes", 0, true},
	[POLLS] = {"polls", "polls", 0, true},
	[ERROR_DELAY] = {"error_delay_s", "error_delay", 0, true},
	[DELAY] = {"delay_s", "delay", 0, true},
	[TRANS_INTERVAL] = {"trans_interval_min", "trans_interval", 0, true},
	[TRANS_TIMES] = {"trans_times", "trans_times", 0, false},
	[TRANS_FLAGS] = {"trans_flags", "trans_flags", 0, false},
	[TIME_ZONE] = {"time_zone", "time_zone", 0, false},
	[REALTIME] = {"realtime", "realtime", 0, false},
	[OWN] = {"own_settings", NULL, 0, false},
	[STAMPS] = {"stamps", NULL, 0, false},
};

/* Room for the texts of a card. */
struct texts {
	char shown[COLUMNS][512];
	char own[256];
	char first_seen[CLOCK_UTC_BYTES], last_seen[CLOCK_UTC_BYTES];
};

/* ---- settings: a device's own, else the configuration's ---- */

static void note_own(struct texts *t, const char *key, bool own)
{
	size_t len = strlen(t->own);
	if (own)
		snprintf(t->own + len, sizeof(t->own) - len, "%s%s", len ? " " : "", key);
}

static const char *origin(bool own)
{
	return own ? "its own" : "default";
}

static struct out_cell number_setting(
	struct texts *t, unsigned column, const char *unit, uint64_t own, uint64_t preset)
{
	struct out_cell cell = out_number(own ? own : preset);
	snprintf(t->shown[column], sizeof(t->shown[column]), "%llu %s (%s)",
		(unsigned long long)cell.number, unit, origin(own));
	cell.shown = span_str(t->shown[column]);
	note_own(t, columns[column].heading, own);
	return cell;
}

static struct out_cell text_setting(
	struct texts *t, unsigned column, const char *own, const char *preset)
{
	const char *text = own[0] ? own : preset;
	struct out_cell cell = out_text(span_str(text));
	snprintf(t->shown[column], sizeof(t->shown[column]), "%s (%s)", text, origin(own[0]));
	cell.shown = span_str(t->shown[column]);
	note_own(t, columns[column].heading, own[0]);
	return cell;
}

static struct out_cell truth_setting(struct texts *t, unsigned column, int own, bool preset)
{
	struct out_cell cell = out_truth(own ? own > 0 : preset);
	snprintf(t->shown[column], sizeof(t->shown[column]), "%s (%s)", cell.number ? "yes" : "no",
		origin(own != 0));
	cell.shown = span_str(t->shown[column]);
	note_own(t, columns[column].heading, own != 0);
	return cell;
}

static void setting_cells(const struct conf *c, const struct device_settings *own, struct texts *t,
	struct out_cell *cells)
{
	cells[ERROR_DELAY] =
		number_setting(t, ERROR_DELAY, "s", own->error_delay_s, c->error_delay_s);
	cells[DELAY] = number_setting(t, DELAY, "s", own->delay_s, c->delay_s);
	cells[TRANS_INTERVAL] = number_setting(
		t, TRANS_INTERVAL, "min", own->trans_interval_min, c->trans_interval_min);
	cells[TRANS_TIMES] = text_setting(t, TRANS_TIMES, own->trans_times, c->trans_times);
	cells[TRANS_FLAGS] = text_setting(t, TRANS_FLAGS, own->trans_flags, c->trans_flags);
	cells[TIME_ZONE] = text_setting(t, TIME_ZONE, own->time_zone, c->time_zone);
	cells[REALTIME] = truth_setting(t, REALTIME, own->realtime, c->realtime);
	cells[OWN] = (struct out_cell){.kind = OUT_WORDS, .text = span_str(t->own)};
}

/* ---- the device ---- */

static struct out_cell moment(uint64_t wall_us, char utc[static CLOCK_UTC_BYTES])
{
	if (wall_us == 0)
		return (struct out_cell){.kind = OUT_NONE};
	clock_format_utc(wall_us, utc);
	return out_text(span_str(utc));
}

static void make_cells(
	const struct conf *c, const struct device *d, struct texts *t, struct out_cell *cells)
{
	cells[SERIAL] = out_text(span_str(d->serial));
	cells[STATE] = out_text(span_str(device_state_name(d->state)));
	cells[CLASS] = out_text(span_str(d->class));
	cells[ADDRESS] = out_text(span_str(d->address));
	cells[FIRST_SEEN] = moment(d->first_seen_us, t->first_seen);
	cells[LAST_SEEN] = moment(d->last_seen_us, t->last_seen);
	cells[VERSION] = out_text(span_str(d->push_version));
	cells[LANGUAGE] = out_text(span_str(d->language));
	cells[FIRMWARE] = out_text(span_str(d->firmware));
	cells[INFO] = out_text(span_str(d->info));
	cells[HANDSHAKES] = out_number(d->handshakes);
	cells[POLLS] = out_number(d->polls);
	setting_cells(c, &d->set, t, cells);
}

/* ---- stamps, from the records; where those may not be read the rest is shown without them ---- */

enum { STAMP_TABLE, STAMP_TEXT, STAMP_RECEIVED, STAMP_COLUMNS };

static const struct out_column stamp_columns[STAMP_COLUMNS] = {
	[STAMP_TABLE] = {"table", "LAST STAMP OF", 0, false},
	[STAMP_TEXT] = {"stamp", "STAMP", 0, false},
	[STAMP_RECEIVED] = {"received", "RECEIVED", 0, false},
};

struct stamps {
	struct out_cell (*rows)[STAMP_COLUMNS];
	size_t count;
	struct buf *texts; /* of each row */
};

static int note_stamp(void *context, struct span table, struct span stamp, uint64_t received_us)
{
	struct stamps *l = context;
	char utc[CLOCK_UTC_BYTES];
	struct out_cell(*rows)[STAMP_COLUMNS] = reallocarray(l->rows, l->count + 1, sizeof(*rows));
	l->rows = rows ? rows : l->rows;
	struct buf *texts = reallocarray(l->texts, l->count + 1, sizeof(*texts));
	l->texts = texts ? texts : l->texts;
	if (!rows || !texts)
		return -ENOMEM;

	struct buf *b = &texts[l->count];
	*b = buf_with_max(table.len + stamp.len + sizeof(utc));
	clock_format_utc(received_us, utc);
	int rc = buf_reserve(b, table.len + stamp.len + strlen(utc));
	if (rc == 0)
		rc = buf_add_span(b, table);
	if (rc == 0)
		rc = buf_add_span(b, stamp);
	if (rc == 0)
		rc = buf_add_str(b, utc);
	l->count++;
	struct out_cell *row = rows[l->count - 1];
	row[STAMP_TABLE] = out_text(span_of(b->ptr, table.len));
	row[STAMP_TEXT] = out_text(span_of(b->ptr + table.len, stamp.len));
	row[STAMP_RECEIVED] = out_text(span_of(b->ptr + table.len + stamp.len, strlen(utc)));
	return rc;
}

static void free_stamps(struct stamps *l)
{
	for (size_t i = 0; i < l->count; i++)
		buf_free(&l->texts[i]);
	free(l->texts);
	free(l->rows);
}

static void read_stamps(const struct ask *a, struct span serial, struct stamps *l)
{
	struct records_reader *r = NULL;
	char *path = conf_join(a->conf.state_dir, CONF_RECORDS);
	int rc = path ? records_open(path, &r) : -ENOMEM;
	if (rc == 0) {
		rc = records_stamps(r, serial, note_stamp, l);
		records_close(r);
	}
	if (rc < 0 && rc != -ENOENT)
		(void)fail_at(rc, "read", path ? path : "the records");
	free(path);
}

static int print_stamps(const struct stamps *l)
{
	struct out o;
	int rc = 0;
	if (l->count == 0)
		return 0;
	putchar('\n');
	out_begin(&o, stdout, OUT_TABLE, stamp_columns, STAMP_COLUMNS);
	for (size_t i = 0; rc == 0 && i < l->count; i++)
		rc = out_row(&o, l->rows[i]);
	int end_rc = out_end(&o);
	return rc < 0 ? rc : end_rc;
}

static int show(const struct ask *a, const struct device *d)
{
	static struct texts texts;
	struct out_cell cells[COLUMNS] = {{.kind = OUT_NONE}};
	struct out o;
	struct stamps stamps = {.count = 0};
	read_stamps(a, span_str(d->serial), &stamps);
	make_cells(&a->conf, d, &texts, cells);
	struct out_rows rows = {
		stamp_columns, STAMP_COLUMNS, stamps.count ? stamps.rows[0] : NULL, stamps.count};
	cells[STAMPS] = (struct out_cell){.kind = OUT_LIST, .rows = &rows};

	out_begin(&o, stdout, a->format, columns, COLUMNS);
	int rc = out_card(&o, cells);
	int end_rc = out_end(&o);
	if (rc == 0 && a->format == OUT_TABLE)
		rc = print_stamps(&stamps);
	free_stamps(&stamps);
	return rc < 0 ? rc : end_rc;
}

int device_verb_show(struct ask *a)
{
	struct control_reader *r = NULL;
	struct device d;
	struct span serial = span_str(a->words[0]);
	if (!serial_valid(serial))
		return fail(EX_USAGE, "'%s' is no serial number: 1 to 32 of A-Z a-z 0-9 _ -",
			a->words[0]);
	int code = device_open(a, &r);
	if (code != EX_OK)
		return code;
	int rc = control_device(r, serial, &d);
	control_close(r);
	if (rc == -ENOENT)
		return fail(EX_NOINPUT, "no device %s has been heard of; see 'punchctl device ls'",
			a->words[0]);
	if (rc == 0)
		rc = show(a, &d);
	return rc < 0 ? fail_at(rc, "show", a->words[0]) : EX_OK;
}

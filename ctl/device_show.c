/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device_show: one device with the settings that hold for it and the stamps that its data came
 * with. */
#include <errno.h>
#include <stdlib.h>

#include "ctl/device.h"
#include "ctl/fail.h"
#include "ctl/text.h"
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
	cell.text = span_str(t->shown[column]);
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

static int note_stamp(void *context, struct span table, struct span stamp, uint64_t received_us)
{
	char key[128], utc[CLOCK_UTC_BYTES];
	json_t *one = json_object();
	snprintf(key, sizeof(key), "%.*s", SPAN_ARG(table));
	int rc = one ? out_json_text(one, "stamp", stamp) : -ENOMEM;
	clock_format_utc(received_us, utc);
	if (rc == 0)
		rc = out_json_text(one, "received", span_str(utc));
	if (rc < 0 || !text_is_utf8(span_str(key))) {
		json_decref(one);
		return rc;
	}
	return json_object_set_new(context, key, one) < 0 ? -ENOMEM : 0;
}

static json_t *read_stamps(const struct ask *a, struct span serial)
{
	struct records_reader *r;
	json_t *stamps = json_object();
	char *path = conf_join(a->conf.state_dir, CONF_RECORDS);
	int rc = stamps && path ? records_open(path, &r) : -ENOMEM;
	if (rc == 0) {
		rc = records_stamps(r, serial, note_stamp, stamps);
		records_close(r);
	}
	if (rc < 0 && rc != -ENOENT)
		(void)fail_at(rc, "read", path ? path : "the records");
	free(path);
	return stamps;
}

static void print_stamps(json_t *stamps)
{
	const char *table;
	json_t *one;
	if (json_object_size(stamps) > 0)
		printf("last stamps\n");
	json_object_foreach(stamps, table, one)
		out_say("  %-12s  %s, %s", table, json_string_value(json_object_get(one, "stamp")),
			json_string_value(json_object_get(one, "received")));
}

static int show(const struct ask *a, const struct device *d)
{
	static struct texts texts;
	struct out_cell cells[COLUMNS];
	struct out o;
	json_t *stamps = read_stamps(a, span_str(d->serial));
	if (!stamps)
		return -ENOMEM;
	make_cells(&a->conf, d, &texts, cells);
	if (a->format == OUT_JSON) {
		json_t *object = out_json_cells(columns, COLUMNS, cells);
		if (object && json_object_set(object, "stamps", stamps) < 0) {
			json_decref(object);
			object = NULL;
		}
		json_decref(stamps);
		return out_json(stdout, object);
	}
	out_begin(&o, stdout, a->format, columns, COLUMNS);
	int rc = out_card(&o, cells);
	print_stamps(stamps);
	json_decref(stamps);
	int end_rc = out_end(&o);
	return rc < 0 ? rc : end_rc;
}

int device_verb_show(struct ask *a)
{
	struct control_reader *r;
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

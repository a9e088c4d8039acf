/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device_show: one device: what it said of itself, what was refused, the settings that hold for it,
 * and the stamps that its data came with. */
#include <errno.h>
#include <stdlib.h>

#include "ctl/cell.h"
#include "ctl/device.h"
#include "ctl/device_records.h"
#include "ctl/device_settings.h"
#include "ctl/fail.h"
#include "lib/info.h"
#include "lib/num.h"
#include "store/command.h"
#include "store/lines.h"

#define FACTS_MAX ((size_t)1024 * 1024) /* bytes */

enum {
	SERIAL,
	STATE,
	ALIAS,
	SITE,
	ONLINE,
	CLASS,
	ADDRESS,
	FIRST_SEEN,
	LAST_SEEN,
	LAST_HELLO,
	LAST_POLL,
	HANDSHAKES,
	POLLS,
	VERSION,
	LANGUAGE,
	FIRMWARE,
	USERS,
	FINGERS,
	PUNCHES,
	IP,
	FINGER_VERSION,
	FACE_VERSION,
	FACE_TEMPLATES,
	FACES,
	ABILITIES,
	INFO,
	SKEW,
	RESEND,
	KEY_GOOD,
	KEY_REFUSED,
	KEY_REFUSED_FROM,
	NETWORK_REFUSED,
	NETWORK_REFUSED_FROM,
	SETTINGS,
	OWN,
	STAMPS,
	OPTIONS,
	FACTS,
	COLUMNS
};

static const struct out_column columns[COLUMNS] = {
	[SERIAL] = {"serial", "serial", 0, false},
	[STATE] = {"state", "state", 0, false},
	[ALIAS] = {"alias", "alias", 0, false},
	[SITE] = {"site", "site", 0, false},
	[ONLINE] = {"online", "online", 0, false},
	[CLASS] = {"class", "class", 0, false},
	[ADDRESS] = {"address", "address", 0, false},
	[FIRST_SEEN] = {"first_seen", "first seen", 0, false},
	[LAST_SEEN] = {"last_seen", "last seen", 0, false},
	[LAST_HELLO] = {"last_handshake", "last handshake", 0, false},
	[LAST_POLL] = {"last_poll", "last poll", 0, false},
	[HANDSHAKES] = {"handshakes", "handshakes", 0, true},
	[POLLS] = {"polls", "polls", 0, true},
	[VERSION] = {"push_version", "push version", 0, false},
	[LANGUAGE] = {"language", "language", 0, false},
	[FIRMWARE] = {"firmware", "firmware", 0, false},
	[USERS] = {"users", "users", 0, true},
	[FINGERS] = {"fingerprints", "fingerprints", 0, true},
	[PUNCHES] = {"punches", "punches", 0, true},
	[IP] = {"ip", "its own address", 0, false},
	[FINGER_VERSION] = {"finger_version", "finger algorithm", 0, false},
	[FACE_VERSION] = {"face_version", "face algorithm", 0, false},
	[FACE_TEMPLATES] = {"face_templates", "templates a face", 0, true},
	[FACES] = {"faces", "faces", 0, true},
	[ABILITIES] = {"abilities", "abilities", 0, false},
	[INFO] = {"info", NULL, 0, false},
	[SKEW] = {"clock_skew_s", "clock", 0, true},
	[RESEND] = {"resend", "sends again", 0, false},
	[KEY_GOOD] = {"key_good", "comm key right", 0, false},
	[KEY_REFUSED] = {"key_refused", "comm key wrong", 0, false},
	[KEY_REFUSED_FROM] = {"key_refused_address", "  from", 0, false},
	[NETWORK_REFUSED] = {"network_refused", "network refused", 0, false},
	[NETWORK_REFUSED_FROM] = {"network_refused_address", "  from", 0, false},
	[SETTINGS] = {"settings", NULL, 0, false},
	[OWN] = {"own_settings", NULL, 0, false},
	[STAMPS] = {"stamps", NULL, 0, false},
	[OPTIONS] = {"options", NULL, 0, false},
	[FACTS] = {"facts", NULL, 0, false},
};

/* Room for the texts of a card. */
struct texts {
	struct cell_moment first, last, hello, poll, key_good, key_refused, network_refused;
	struct buf abilities, resend;
	char skew[SKEW_TEXT_BYTES];
};

/* ---- what it said with its polls ---- */

/* A count that is none is shown as it came. */
static struct out_cell count_cell(struct span s)
{
	int64_t count;
	return num_i64(s, INT64_MIN, INT64_MAX, &count) == 0 ? out_signed(count)
							     : out_text_if_any(s);
}

static int info_cells(const struct device *d, struct texts *t, struct out_cell *cells)
{
	const struct info info = info_read(span_str(d->info));
	const struct span *f = info.fields;
	cells[USERS] = count_cell(f[INFO_USERS]);
	cells[FINGERS] = count_cell(f[INFO_FINGERS]);
	cells[PUNCHES] = count_cell(f[INFO_PUNCHES]);
	cells[IP] = out_text_if_any(f[INFO_IP]);
	cells[FINGER_VERSION] = out_text_if_any(f[INFO_FINGER_VERSION]);
	cells[FACE_VERSION] = out_text_if_any(f[INFO_FACE_VERSION]);
	cells[FACE_TEMPLATES] = count_cell(f[INFO_FACE_TEMPLATES]);
	cells[FACES] = count_cell(f[INFO_FACES]);
	cells[INFO] = cell_text(d->info);
	if (f[INFO_FLAGS].len == 0)
		return 0;
	int rc = info_put_abilities(&t->abilities, f[INFO_FLAGS]);
	cells[ABILITIES] = (struct out_cell){.kind = OUT_WORDS, .text = buf_span(&t->abilities)};
	return rc;
}

/* ---- what cmdqd noted ---- */

static struct out_cell skew_cell(const struct skew *s, struct texts *t)
{
	if (!s->known)
		return (struct out_cell){.kind = OUT_NONE};
	struct out_cell cell = out_signed(s->seconds);
	skew_text(s, t->skew);
	cell.shown = span_str(t->skew);
	return cell;
}

static int noted_cells(
	const struct conf *c, const struct device *d, struct texts *t, struct out_cell *cells)
{
	cells[SERIAL] = out_text(span_str(d->serial));
	cells[STATE] = out_text(span_str(device_state_name(d->state)));
	cells[ALIAS] = cell_text(d->set.alias);
	cells[SITE] = cell_text(d->set.site);
	cells[ONLINE] = out_truth(device_online(d, device_delay_s(c, d), clock_wall_us()));
	cells[CLASS] = cell_text(d->class);
	cells[ADDRESS] = cell_text(d->address);
	cells[FIRST_SEEN] = cell_moment(d->first_seen_us, &t->first);
	cells[LAST_SEEN] = cell_moment(d->last_seen_us, &t->last);
	cells[LAST_HELLO] = cell_moment(d->last_hello_us, &t->hello);
	cells[LAST_POLL] = cell_moment(d->last_poll_us, &t->poll);
	cells[HANDSHAKES] = out_number(d->handshakes);
	cells[POLLS] = out_number(d->polls);
	cells[VERSION] = cell_text(d->push_version);
	cells[LANGUAGE] = cell_text(d->language);
	cells[FIRMWARE] = cell_text(d->firmware);
	cells[KEY_GOOD] = cell_moment(d->key_good_us, &t->key_good);
	cells[KEY_REFUSED] = cell_moment(d->key_refused_us, &t->key_refused);
	cells[KEY_REFUSED_FROM] = cell_text(d->key_refused_address);
	cells[NETWORK_REFUSED] = cell_moment(d->network_refused_us, &t->network_refused);
	cells[NETWORK_REFUSED_FROM] = cell_text(d->network_refused_address);
	if (d->resend == 0)
		return 0;
	int rc = resend_put_words(&t->resend, d->resend);
	cells[RESEND] = (struct out_cell){.kind = OUT_WORDS, .text = buf_span(&t->resend)};
	return rc;
}

/* ---- the facts of its last INFO ---- */

static const struct out_column fact_columns[2] = {
	{"fact", "FACT", 0, false}, {"value", "VALUE", 0, false}};

struct facts {
	struct buf stored; /* as the store has them */
	struct buf values; /* as the terminal said them */
	struct out_cell (*rows)[2];
	size_t count;
};

static int add_fact(struct facts *f, struct span key, struct span value)
{
	size_t at = f->values.len;
	struct out_cell(*rows)[2] = reallocarray(f->rows, f->count + 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	f->rows = rows;
	int rc = lines_get_text(value, &f->values);
	if (rc < 0)
		return rc;
	rows[f->count][0] = out_text(key);
	rows[f->count++][1] = out_text_if_any(span_of(f->values.ptr + at, f->values.len - at));
	return 0;
}

static int make_facts(struct facts *f)
{
	struct span rest = buf_span(&f->stored), key, value;
	/* What is escaped is longer, so the values never move. */
	int rc = buf_reserve(&f->values, f->stored.len);
	if (rc < 0)
		return rc;
	while ((rc = lines_next(&rest, &key, &value)) > 0) {
		rc = add_fact(f, key, value);
		if (rc < 0)
			return rc;
	}
	return rc;
}

/* ---- all of it ---- */

struct shown {
	const struct device *device;
	struct texts texts;
	struct device_settings_shown settings;
	struct device_records records;
	struct facts facts;
};

static int print_rows(const struct out_column *heads, size_t column_count,
	const struct out_cell *cells, size_t count)
{
	struct out o;
	int rc = 0;
	if (count == 0)
		return 0;
	putchar('\n');
	out_begin(&o, stdout, OUT_TABLE, heads, column_count);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = out_row(&o, cells + i * column_count);
	int end_rc = out_end(&o);
	return rc < 0 ? rc : end_rc;
}

static int print_tables(const struct shown *s)
{
	const struct device_records *r = &s->records;
	int rc = print_rows(device_settings_columns, 3, s->settings.rows[0], s->settings.count);
	if (rc == 0)
		rc = print_rows(device_stamp_columns, DEVICE_STAMP_COLUMNS,
			r->count ? r->stamps[0] : NULL, r->count);
	if (rc == 0)
		rc = print_rows(device_option_columns, DEVICE_OPTION_COLUMNS,
			r->option_count ? r->options[0] : NULL, r->option_count);
	if (rc == 0)
		rc = print_rows(
			fact_columns, 2, s->facts.count ? s->facts.rows[0] : NULL, s->facts.count);
	return rc;
}

static int print(const struct ask *a, struct shown *s)
{
	struct out_cell cells[COLUMNS] = {{.kind = OUT_NONE}};
	const struct out_rows settings = {
		s->settings.keys, s->settings.count, s->settings.values, 1};
	const struct out_rows stamps = {device_stamp_columns, DEVICE_STAMP_COLUMNS,
		s->records.count ? s->records.stamps[0] : NULL, s->records.count};
	const struct out_rows options = {device_option_columns, DEVICE_OPTION_COLUMNS,
		s->records.option_count ? s->records.options[0] : NULL, s->records.option_count};
	const struct out_rows facts = {
		fact_columns, 2, s->facts.count ? s->facts.rows[0] : NULL, s->facts.count};
	struct out o;
	s->texts.abilities = s->texts.resend = buf_with_max(256);
	int rc = noted_cells(&a->conf, s->device, &s->texts, cells);
	rc = rc < 0 ? rc : info_cells(s->device, &s->texts, cells);
	cells[SKEW] = skew_cell(&s->records.skew, &s->texts);
	cells[SETTINGS] = (struct out_cell){.kind = OUT_OBJECT, .rows = &settings};
	cells[OWN] = (struct out_cell){.kind = OUT_WORDS, .text = buf_span(&s->settings.own)};
	cells[STAMPS] = (struct out_cell){.kind = OUT_LIST, .rows = &stamps};
	cells[OPTIONS] = (struct out_cell){.kind = OUT_LIST, .rows = &options};
	cells[FACTS] = (struct out_cell){.kind = OUT_LIST, .rows = &facts};
	out_begin(&o, stdout, a->format, columns, COLUMNS);
	rc = rc < 0 ? rc : out_card(&o, cells);
	int end_rc = out_end(&o);
	rc = rc < 0 ? rc : end_rc;
	if (rc == 0 && a->format == OUT_TABLE)
		rc = print_tables(s);
	buf_free(&s->texts.abilities);
	buf_free(&s->texts.resend);
	return rc;
}

static int show(const struct ask *a, const struct device *d, struct control_reader *r)
{
	static struct shown s;
	s = (struct shown){.device = d,
		.facts.stored = buf_with_max(FACTS_MAX),
		.facts.values = buf_with_max(FACTS_MAX)};
	int rc = control_facts(r, span_str(d->serial), &s.facts.stored);
	if (rc == 0)
		rc = make_facts(&s.facts);
	device_records_read(a, d, &s.records);
	if (rc == 0 || rc == -ENOENT)
		rc = device_settings_make(&a->conf, &d->set, &s.settings);
	if (rc == 0)
		rc = print(a, &s);
	device_settings_free(&s.settings);
	device_records_free(&s.records);
	free(s.facts.rows);
	buf_free(&s.facts.stored);
	buf_free(&s.facts.values);
	return rc;
}

/* ---- the verb ---- */

struct search {
	struct span word;
	struct device found;
	bool any;
};

static int compare_alias(void *context, const struct device *d)
{
	struct search *s = context;
	if (!span_is(s->word, d->set.alias))
		return 0;
	s->found = *d;
	s->any = true;
	return 1;
}

/* By serial, else by alias. 0, -ENOENT, another negative errno. */
static int find(struct control_reader *r, const char *word, struct device *ret)
{
	struct search s = {.word = span_str(word)};
	int rc = serial_valid(s.word) ? control_device(r, s.word, ret) : -ENOENT;
	if (rc != -ENOENT || s.word.len == 0)
		return rc;
	rc = control_devices(r, compare_alias, &s);
	if (rc < 0)
		return rc;
	*ret = s.found;
	return s.any ? 0 : -ENOENT;
}

int device_verb_show(struct ask *a)
{
	struct control_reader *r = NULL;
	struct device d;
	int code = device_open(a, &r);
	if (code != EX_OK)
		return code;
	int rc = find(r, a->words[0], &d);
	if (rc == -ENOENT)
		code = fail(EX_NOINPUT, "no device %s has been heard of; see 'punchctl device ls'",
			a->words[0]);
	else if (rc == 0)
		rc = show(a, &d, r);
	control_close(r);
	return rc < 0 && rc != -ENOENT ? fail_at(rc, "show", a->words[0]) : code;
}

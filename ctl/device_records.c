/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device_records: what the records say of a device; where they may not be read the rest is shown
 * without them. */
#include "ctl/device_records.h"

#include <errno.h>
#include <stdlib.h>

#include "ctl/fail.h"
#include "store/records.h"

#define OPTION_MAX   ((size_t)64 * 1024)
#define DAY_US       ((uint64_t)24 * 3600 * 1000000)
#define JOURNAL_BACK 100000 /* entries that are looked through for punches of the device */

enum { STAMP_TABLE, STAMP_TEXT, STAMP_RECEIVED };

const struct out_column device_stamp_columns[DEVICE_STAMP_COLUMNS] = {
	[STAMP_TABLE] = {"table", "LAST STAMP OF", 0, false},
	[STAMP_TEXT] = {"stamp", "STAMP", 0, false},
	[STAMP_RECEIVED] = {"received", "RECEIVED", 0, false},
};

const struct out_column device_option_columns[DEVICE_OPTION_COLUMNS] = {
	{"option", "OPTION", 0, false}, {"value", "VALUE", 0, false}};

/* ---- stamps ---- */

static int note_stamp(void *context, struct span table, struct span stamp, uint64_t received_us)
{
	struct device_records *l = context;
	char utc[CLOCK_UTC_BYTES];
	struct out_cell(*rows)[DEVICE_STAMP_COLUMNS] =
		reallocarray(l->stamps, l->count + 1, sizeof(*rows));
	l->stamps = rows ? rows : l->stamps;
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

/* ---- options ---- */

static int note_option(void *context, const struct item *i)
{
	struct device_records *l = context;
	return pile_add(&l->option_items, i, PILE_HEAD);
}

static int make_options(struct device_records *l)
{
	size_t count = l->option_items.count;
	l->options = calloc(count + 1, sizeof(*l->options));
	l->option_values = calloc(count + 1, sizeof(*l->option_values));
	int rc = l->options && l->option_values ? 0 : -ENOMEM;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct buf *value = &l->option_values[i];
		*value = buf_with_max(OPTION_MAX);
		rc = item_field(&l->option_items.items[i], "value", value);
		rc = rc == -ENOENT ? 0 : rc;
		l->options[i][0] = out_text(l->option_items.items[i].ids[0]);
		l->options[i][1] = out_text(buf_span(value));
		l->option_count++;
	}
	return rc;
}

/* What it said of itself with table=options. */
static int read_options(struct records_reader *r, const struct device *d, struct device_records *l)
{
	const struct item_query q = {.kind = ITEM_OPTION, .serial = span_str(d->serial)};
	int rc = items_each(r, &q, note_option, l);
	return rc < 0 ? rc : make_options(l);
}

/* ---- the clock ---- */

struct clock_search {
	struct skew *skew;
	int64_t east_min;
	uint64_t oldest_us;
};

static int take_punch(void *context, const struct punch *p)
{
	struct clock_search *s = context;
	if (p->received_us >= s->oldest_us)
		skew_take(s->skew, &p->time, s->east_min, p->received_us);
	return 0;
}

/* Its zone is what it was told, daylight saving included; before the first handshake it is not
 * known. */
static int read_skew(struct records_reader *r, const struct device *d, struct skew *skew)
{
	uint64_t last, now_us = clock_wall_us();
	struct punch_query q = {.serial = span_str(d->serial)};
	struct clock_search s = {.skew = skew,
		.east_min = (int64_t)d->zone_told - ZONE_TOLD_BASE,
		.oldest_us = now_us - DAY_US};
	if (d->zone_told == 0)
		return 0;
	int rc = records_last_seq(r, &last);
	if (rc < 0)
		return rc;
	return records_follow(r, last > JOURNAL_BACK ? last - JOURNAL_BACK : 0, &q, take_punch, &s);
}

/* ---- all of it ---- */

void device_records_read(const struct ask *a, const struct device *d, struct device_records *ret)
{
	struct records_reader *r = NULL;
	char *path = conf_join(a->conf.state_dir, CONF_RECORDS);
	int rc = path ? records_open(path, &r) : -ENOMEM;
	if (rc == 0)
		rc = records_stamps(r, span_str(d->serial), note_stamp, ret);
	if (rc == 0)
		rc = read_options(r, d, ret);
	if (rc == 0)
		rc = read_skew(r, d, &ret->skew);
	records_close(r);
	if (rc < 0 && rc != -ENOENT)
		(void)fail_at(rc, "read", path ? path : "the records");
	free(path);
}

void device_records_free(struct device_records *l)
{
	for (size_t i = 0; i < l->count; i++)
		buf_free(&l->texts[i]);
	free(l->texts);
	free(l->stamps);
	for (size_t i = 0; i < l->option_count; i++)
		buf_free(&l->option_values[i]);
	free(l->option_values);
	free(l->options);
	pile_free(&l->option_items);
}

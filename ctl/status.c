/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status: everything on one screen. Looks at locks, directories and stores only; asks no daemon. */
#include <errno.h>
#include <stdlib.h>

#include "ctl/ask.h"
#include "ctl/fail.h"
#include "ctl/place.h"
#include "ctl/summary.h"
#include "ctl/text.h"
#include "lib/clock.h"
#include "store/control.h"
#include "store/records.h"

enum daemon { INGESTD, PARSERD, CMDQD, DAEMONS };

static const char *const daemon_names[DAEMONS] = {"ingestd", "parserd", "cmdqd"};

enum known { NOT_YET, KNOWN, NOT_READABLE };

struct status {
	int at_work[DAEMONS]; /* 1, 0, or negative when it cannot be told */
	struct summary spools[PLACES];
	size_t spool_count;
	bool free_known;
	uint64_t free_bytes, free_files;
	enum known records_known, devices_known;
	struct records_counts records;
	uint64_t devices[DEVICE_REFUSED + 1];
};

/* ---- looking ---- */

/* Whose spool was never made has never been at work. */
static void look_at_daemons(struct status *s, const struct places *ps)
{
	const struct place *upload = &ps->at[PLACE_UPLOAD], *order = &ps->at[PLACE_ORDER];
	s->at_work[INGESTD] = s->at_work[PARSERD] = upload->missing ? 0 : -1;
	s->at_work[CMDQD] = order->missing ? 0 : -1;
	if (upload->open) {
		s->at_work[INGESTD] = spool_has_writer(&upload->spool);
		s->at_work[PARSERD] = spool_has_consumer(&upload->spool);
	}
	if (order->open)
		s->at_work[CMDQD] = spool_has_consumer(&order->spool);
}

/* What cannot be opened is said; the rest of the screen is still worth having. */
static void look_at_spools(const struct ask *a, struct status *s, struct places *ps)
{
	const struct place *upload = &ps->at[PLACE_UPLOAD];
	(void)places_open(a, NULL, ps);
	for (unsigned i = 0; i < PLACES; i++)
		if (ps->at[i].open &&
			summary_make(&ps->at[i], clock_wall_us(), &s->spools[s->spool_count]) == 0)
			s->spool_count++;
	s->free_known = place_may(upload, SPOOL_NEW) &&
			spool_free(&upload->spool, &s->free_bytes, &s->free_files) == 0;
	look_at_daemons(s, ps);
}

static enum known known_by(int rc, const char *path)
{
	if (rc < 0 && rc != -ENOENT)
		(void)fail_at(rc, "read", path ? path : "a store");
	return rc == 0 ? KNOWN : rc == -ENOENT ? NOT_YET : NOT_READABLE;
}

static void look_at_records(const struct ask *a, struct status *s)
{
	struct records_reader *r;
	char *path = conf_join(a->conf.state_dir, CONF_RECORDS);
	int rc = path ? records_open(path, &r) : -ENOMEM;
	if (rc == 0) {
		rc = records_count(r, &s->records);
		records_close(r);
	}
	s->records_known = known_by(rc, path);
	free(path);
}

static int count_device(void *context, const struct device *d)
{
	struct status *s = context;
	if (d->state <= DEVICE_REFUSED)
		s->devices[d->state]++;
	return 0;
}

static void look_at_devices(const struct ask *a, struct status *s)
{
	struct control_reader *r;
	char *path = conf_join(a->conf.state_dir, CONF_CONTROL);
	int rc = path ? control_open(path, &r) : -ENOMEM;
	if (rc == 0) {
		rc = control_devices(r, count_device, s);
		control_close(r);
	}
	s->devices_known = known_by(rc, path);
	free(path);
}

/* ---- telling people ---- */

static const char *at_work_text(int at_work)
{
	if (at_work < 0)
		return "cannot be told";
	return at_work ? "at work" : "NOT at work";
}

static const char *unknown_text(enum known known)
{
	return known == NOT_YET ? "none yet" : "cannot be read";
}

static unsigned long long percent(uint64_t part, uint64_t whole)
{
	return whole ? (unsigned long long)(part / (whole / 100 ? whole / 100 : 1)) : 0;
}

static void print_records(const struct status *s)
{
	char used[TEXT_SIZE_BYTES], map[TEXT_SIZE_BYTES];
	const struct records_counts *c = &s->records;
	if (s->records_known != KNOWN) {
		printf("records  %s\n", unknown_text(s->records_known));
		return;
	}
	text_size(c->used_bytes, used);
	text_size(c->map_bytes, map);
	printf("records  %llu punches, %llu bodies kept whole, %llu lines refused\n",
		(unsigned long long)c->punches, (unsigned long long)c->raw,
		(unsigned long long)c->refused);
	printf("map      %s of %s, %llu%%; it grows by itself\n", used, map,
		percent(c->used_bytes, c->map_bytes));
}

static void print_devices(const struct status *s)
{
	if (s->devices_known == KNOWN)
		printf("devices  %llu approved, %llu pending, %llu refused\n",
			(unsigned long long)s->devices[DEVICE_APPROVED],
			(unsigned long long)s->devices[DEVICE_PENDING],
			(unsigned long long)s->devices[DEVICE_REFUSED]);
	else
		printf("devices  %s\n", unknown_text(s->devices_known));
}

static void print_free(const struct status *s, const struct conf *c)
{
	char bytes[TEXT_SIZE_BYTES];
	if (!s->free_known)
		return;
	text_size(s->free_bytes, bytes);
	printf("free     %s for the spools%s\n", bytes,
		s->free_bytes < c->free_floor_bytes ? ": BELOW free_floor, uploads are refused"
						    : "");
}

static int print(const struct status *s, const struct conf *c)
{
	for (unsigned i = 0; i < DAEMONS; i++)
		printf("%-8s %s\n", daemon_names[i], at_work_text(s->at_work[i]));
	printf("\n");
	if (s->spool_count == 0)
		printf("spools   cannot be read, or none yet\n");
	int rc = s->spool_count > 0 ? summary_write(stdout, OUT_TABLE, s->spools, s->spool_count)
				    : 0;
	printf("\n");
	print_records(s);
	print_devices(s);
	print_free(s, c);
	return rc;
}

/* ---- telling programs ---- */

static json_t *daemons_json(const struct status *s)
{
	json_t *o = json_object();
	for (unsigned i = 0; o && i < DAEMONS; i++)
		if (json_object_set_new(o, daemon_names[i],
			    s->at_work[i] < 0 ? json_null() : json_boolean(s->at_work[i])) < 0) {
			json_decref(o);
			return NULL;
		}
	return o;
}

static json_t *spools_json(const struct status *s)
{
	json_t *list = json_array();
	for (size_t i = 0; list && i < s->spool_count; i++)
		if (json_array_append_new(list, summary_json(&s->spools[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *records_json(const struct records_counts *c)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "punches", (json_int_t)c->punches, "raw",
		(json_int_t)c->raw, "refused", (json_int_t)c->refused, "journal",
		(json_int_t)c->journal, "map_bytes", (json_int_t)c->map_bytes, "used_bytes",
		(json_int_t)c->used_bytes);
}

static json_t *devices_json(const struct status *s)
{
	return json_pack("{s:I, s:I, s:I}", "approved", (json_int_t)s->devices[DEVICE_APPROVED],
		"pending", (json_int_t)s->devices[DEVICE_PENDING], "refused",
		(json_int_t)s->devices[DEVICE_REFUSED]);
}

static int print_json(const struct status *s)
{
	json_t *o = json_object();
	int rc = o ? 0 : -1;
	if (rc == 0)
		rc = json_object_set_new(o, "daemons", daemons_json(s));
	if (rc == 0)
		rc = json_object_set_new(o, "spools", spools_json(s));
	if (rc == 0 && s->records_known == KNOWN)
		rc = json_object_set_new(o, "records", records_json(&s->records));
	if (rc == 0 && s->devices_known == KNOWN)
		rc = json_object_set_new(o, "devices", devices_json(s));
	if (rc == 0 && s->free_known)
		rc = json_object_set_new(o, "free_bytes", json_integer((json_int_t)s->free_bytes));
	if (rc == 0)
		return out_json(stdout, o);
	json_decref(o);
	return -ENOMEM;
}

/* ---- the verb ---- */

static int verdict(const struct status *s)
{
	bool unknown = false;
	for (unsigned i = 0; i < DAEMONS; i++) {
		if (s->at_work[i] == 0)
			return EX_TEMPFAIL;
		unknown |= s->at_work[i] < 0;
	}
	return unknown ? EX_NOPERM : EX_OK;
}

static int status_run(struct ask *a)
{
	static struct status s;
	struct places ps = {.dir = NULL};
	look_at_spools(a, &s, &ps);
	look_at_records(a, &s);
	look_at_devices(a, &s);
	int rc = a->format == OUT_JSON ? print_json(&s) : print(&s, &a->conf);
	places_close(&ps);
	return rc < 0 ? fail_at(rc, "write", "to standard output") : verdict(&s);
}

static const struct argp_option options[] = {ASK_OPTION_JSON, ASK_OPTION_CONF, {0}};

static const struct verb verbs[] = {
	{NULL, NULL, "Show everything on one screen",
		"Exits with 0 when all daemons are at work, with 75 when one is not, with 77 when "
		"it cannot be told.\n\n"
		"Example: punchctl status",
		options, 0, 0, status_run},
	{0},
};

const struct noun noun_status = {"status", "Everything on one screen", verbs, "punchctl status"};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status: everything on one screen. Looks at locks, directories and stores only; asks no daemon. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "ctl/device.h"
#include "ctl/fail.h"
#include "ctl/place.h"
#include "ctl/summary.h"
#include "ctl/text.h"
#include "lib/clock.h"
#include "lib/local.h"
#include "store/audit.h"
#include "store/command.h"
#include "store/item.h"

#define ALARM_US (UINT64_C(24) * 3600 * 1000000)

enum daemon { INGESTD, PARSERD, CMDQD, NOTIFYD, MATCHD, DAEMONS };

static const char *const daemon_names[DAEMONS] = {
	"ingestd", "parserd", "cmdqd", "notifyd", "matchd"};

enum known { NOT_YET, KNOWN, NOT_READABLE };

struct status {
	int at_work[DAEMONS]; /* 1, 0, or negative when it cannot be told */
	bool no_matcher;      /* none is configured, and matchd is not seen at work */
	struct summary spools[PLACES];
	size_t spool_count;
	bool free_known;
	uint64_t free_bytes, free_files;
	enum known records_known, devices_known;
	struct records_counts records;
	uint64_t devices[DEVICE_REFUSED + 1];
	uint64_t online; /* of the approved */
	uint64_t queued, offered;
	uint64_t alarms; /* of the last day */
	const struct conf *conf;
	uint64_t now_us;
};

/* ---- looking ---- */

/* Those that have no spool: by their sockets, without their noticing. */
static int look_at_socket(const struct conf *c, const char *name, int type)
{
	char *path = conf_join(c->run_dir, name);
	int rc = path ? local_is_there(path, type) : -ENOMEM;
	free(path);
	return rc;
}

/* Whose spool was never made has never been at work. */
static void look_at_daemons(struct status *s, const struct places *ps)
{
	s->at_work[NOTIFYD] = look_at_socket(s->conf, CONF_WAKE, SOCK_DGRAM);
	s->at_work[MATCHD] = look_at_socket(s->conf, CONF_MATCH, SOCK_SEQPACKET);
	s->no_matcher = s->at_work[MATCHD] <= 0 && s->conf->matcher[0] == '\0';
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
	struct records_reader *r = NULL;
	char *path = conf_join(a->conf.state_dir, CONF_RECORDS);
	char *private_path = conf_join(a->conf.state_dir, CONF_PRIVATE);
	int rc = path && private_path ? items_open(path, private_path, &r) : -ENOMEM;
	free(private_path);
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
	if (d->state == DEVICE_APPROVED && device_online(d, device_delay_s(s->conf, d), s->now_us))
		s->online++;
	return 0;
}

static int count_command(void *context, const struct command *c)
{
	struct status *s = context;
	if (c->state == COMMAND_QUEUED)
		s->queued++;
	else
		s->offered++;
	return 0;
}

static int count_alarm(void *context, const struct audit *a)
{
	struct status *s = context;
	(void)a;
	s->alarms++;
	return 0;
}

static int count_all(struct control_reader *r, struct status *s)
{
	const struct command_query open = {.states = 1u << COMMAND_QUEUED | 1u << COMMAND_OFFERED};
	int rc = control_devices(r, count_device, s);
	const struct audit_query alarms = {
		.kinds = 1u << AUDIT_ALARM, .since_us = s->now_us - ALARM_US};
	if (rc == 0)
		rc = control_commands(r, &open, count_command, s);
	return rc < 0 ? rc : control_audits(r, &alarms, count_alarm, s);
}

static void look_at_devices(const struct ask *a, struct status *s)
{
	struct control_reader *r = NULL;
	char *path = conf_join(a->conf.state_dir, CONF_CONTROL);
	int rc = path ? control_open(path, &r) : -ENOMEM;
	if (rc == 0) {
		rc = count_all(r, s);
		control_close(r);
	}
	s->devices_known = known_by(rc, path);
	free(path);
}

/* ---- telling people ---- */

static const char *at_work_text(const struct status *s, enum daemon d)
{
	if (d == MATCHD && s->no_matcher)
		return "off";
	if (s->at_work[d] < 0)
		return "cannot be told";
	return s->at_work[d] ? "at work" : "NOT at work";
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
	printf("         %llu users and other items, %llu operations, errors and events, %llu "
	       "photos\n",
		(unsigned long long)c->items, (unsigned long long)c->logged,
		(unsigned long long)c->photos);
	if (c->has_private)
		printf("private  %llu items, %llu bodies kept whole, %llu lines refused\n",
			(unsigned long long)c->private_items, (unsigned long long)c->private_raw,
			(unsigned long long)c->private_refused);
	printf("map      %s of %s, %llu%%; it grows by itself\n", used, map,
		percent(c->used_bytes, c->map_bytes));
}

static void print_devices(const struct status *s)
{
	uint64_t approved = s->devices[DEVICE_APPROVED];
	if (s->devices_known != KNOWN) {
		printf("devices  %s\n", unknown_text(s->devices_known));
		return;
	}
	printf("devices  %llu approved (%llu online, %llu offline), %llu pending, %llu refused\n",
		(unsigned long long)approved, (unsigned long long)s->online,
		(unsigned long long)(approved - s->online),
		(unsigned long long)s->devices[DEVICE_PENDING],
		(unsigned long long)s->devices[DEVICE_REFUSED]);
	printf("commands %llu queued, %llu offered\n", (unsigned long long)s->queued,
		(unsigned long long)s->offered);
	if (s->alarms > 0)
		printf("ALARMS   %llu in the last day; punchctl audit --kind alarm says more\n",
			(unsigned long long)s->alarms);
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
		printf("%-8s %s\n", daemon_names[i], at_work_text(s, i));
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

static struct out_cell known_number(bool known, uint64_t number)
{
	return (struct out_cell){.kind = known ? OUT_NUMBER : OUT_NONE, .number = number};
}

static struct out_cell known_rows(bool known, enum out_kind kind, const struct out_rows *rows)
{
	return (struct out_cell){.kind = known ? kind : OUT_NONE, .rows = rows};
}

enum { ONLINE = DEVICE_REFUSED + 1, DEVICE_COLUMNS };

static const struct out_column all_columns[] = {{.key = "daemons"}, {.key = "spools"},
	{.key = "records"}, {.key = "devices"}, {.key = "commands"}, {.key = "free_bytes"},
	{.key = "alarms"}};
static const struct out_column daemon_columns[DAEMONS] = {[INGESTD] = {.key = "ingestd"},
	[PARSERD] = {.key = "parserd"},
	[CMDQD] = {.key = "cmdqd"},
	[NOTIFYD] = {.key = "notifyd"},
	[MATCHD] = {.key = "matchd"}};
static const struct out_column record_columns[] = {{.key = "punches"}, {.key = "raw"},
	{.key = "refused"}, {.key = "journal"}, {.key = "map_bytes"}, {.key = "used_bytes"},
	{.key = "items"}, {.key = "logged"}, {.key = "photos"}, {.key = "private_items"},
	{.key = "private_raw"}, {.key = "private_refused"}, {.key = "private_map_bytes"},
	{.key = "private_used_bytes"}};
static const struct out_column device_columns[] = {
	[DEVICE_PENDING] = {.key = "pending"},
	[DEVICE_APPROVED] = {.key = "approved"},
	[DEVICE_REFUSED] = {.key = "refused"},
	[ONLINE] = {.key = "online"},
};
static const struct out_column command_columns[] = {{.key = "queued"}, {.key = "offered"}};

static int print_json(const struct status *s)
{
	const struct records_counts *c = &s->records;
	const struct out_cell command_cells[] = {out_number(s->queued), out_number(s->offered)};
	const struct out_cell record_cells[] = {out_number(c->punches), out_number(c->raw),
		out_number(c->refused), out_number(c->journal), out_number(c->map_bytes),
		out_number(c->used_bytes), out_number(c->items), out_number(c->logged),
		out_number(c->photos), known_number(c->has_private, c->private_items),
		known_number(c->has_private, c->private_raw),
		known_number(c->has_private, c->private_refused),
		known_number(c->has_private, c->private_map_bytes),
		known_number(c->has_private, c->private_used_bytes)};
	struct out_cell daemon_cells[DAEMONS], device_cells[DEVICE_COLUMNS];
	struct out_cell spool_cells[PLACES][SUMMARY_COLUMNS];
	char ages[PLACES][TEXT_AGE_BYTES];

	for (unsigned i = 0; i < DAEMONS; i++)
		daemon_cells[i] = s->at_work[i] < 0 ? (struct out_cell){.kind = OUT_UNKNOWN}
						    : out_truth(s->at_work[i]);
	if (s->no_matcher)
		daemon_cells[MATCHD] = (struct out_cell){.kind = OUT_NONE};
	for (unsigned i = 0; i <= DEVICE_REFUSED; i++)
		device_cells[i] = out_number(s->devices[i]);
	device_cells[ONLINE] = out_number(s->online);
	for (size_t i = 0; i < s->spool_count; i++)
		summary_cells(&s->spools[i], ages[i], spool_cells[i]);

	const struct out_rows daemons = {daemon_columns, DAEMONS, daemon_cells, 1};
	const struct out_rows spools = {
		summary_columns, SUMMARY_COLUMNS, spool_cells[0], s->spool_count};
	const struct out_rows records = {
		record_columns, sizeof(record_columns) / sizeof(*record_columns), record_cells, 1};
	const struct out_rows devices = {device_columns, DEVICE_COLUMNS, device_cells, 1};
	const struct out_rows commands = {command_columns, 2, command_cells, 1};
	const struct out_cell cells[] = {
		known_rows(true, OUT_OBJECT, &daemons),
		known_rows(true, OUT_LIST, &spools),
		known_rows(s->records_known == KNOWN, OUT_OBJECT, &records),
		known_rows(s->devices_known == KNOWN, OUT_OBJECT, &devices),
		known_rows(s->devices_known == KNOWN, OUT_OBJECT, &commands),
		known_number(s->free_known, s->free_bytes),
		known_number(s->devices_known == KNOWN, s->alarms),
	};
	return out_one(
		stdout, OUT_JSON, all_columns, sizeof(all_columns) / sizeof(*all_columns), cells);
}

/* ---- the verb ---- */

/* Without notifyd all goes on, a little later; without matchd all but fingers at the server. */
static int verdict(const struct status *s)
{
	bool unknown = false;
	for (unsigned i = 0; i < NOTIFYD; i++) {
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
	s.conf = &a->conf;
	s.now_us = clock_wall_us();
	look_at_spools(a, &s, &ps);
	look_at_records(a, &s);
	look_at_devices(a, &s);
	int rc = a->format == OUT_JSON ? print_json(&s) : print(&s, &a->conf);
	places_close(&ps);
	return rc < 0 ? fail_at(rc, "write", "to standard output") : verdict(&s);
}

static const struct argp_option options[] = {ASK_OPTION_JSON, ASK_OPTION_CONF, {0}};

static const struct ask_verb verbs[] = {
	{NULL, NULL, "Show everything on one screen",
		"Exits with 0 when ingestd, parserd and cmdqd are at work, with 75 when one "
		"is not, with 77 when it cannot be told. notifyd and matchd do not count; "
		"matchd is off when no matcher is configured and it is not at work.\n\n"
		"Example: punchctl status",
		options, 0, 0, status_run},
	{0},
};

const struct noun noun_status = {"status", "Everything on one screen", verbs, "punchctl status"};

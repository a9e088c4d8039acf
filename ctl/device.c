/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device: the terminals as cmdqd knows them. Here: the table of verbs, "ls" and "wait". */
#include "ctl/device.h"

#include <errno.h>
#include <stdlib.h>

#include "ctl/fail.h"
#include "ctl/when.h"

#define POLL_MS 250

int device_open(const struct ask *a, struct control_reader **ret)
{
	char *path = conf_join(a->conf.state_dir, CONF_CONTROL);
	if (!path)
		return fail(EX_OSERR, "out of memory");
	int rc = control_open(path, ret);
	int code = EX_OK;
	if (rc == -ENOENT)
		code = fail(EX_UNAVAILABLE, "there are no devices yet: cmdqd has never run with %s",
			path);
	else if (rc < 0)
		code = fail_at(rc, "read", path);
	free(path);
	return code;
}

/* ---- ls ---- */

enum {
	SERIAL,
	STATE,
	CLASS,
	ADDRESS,
	FIRST_SEEN,
	LAST_SEEN,
	VERSION,
	FIRMWARE,
	HANDSHAKES,
	POLLS,
	COLUMNS
};

static const struct out_column columns[COLUMNS] = {
	[SERIAL] = {"serial", "SERIAL", 13, false},
	[STATE] = {"state", "STATE", 0, false},
	[CLASS] = {"class", "CLASS", 0, false},
	[ADDRESS] = {"address", "ADDRESS", 0, false},
	[FIRST_SEEN] = {"first_seen", NULL, 0, false},
	[LAST_SEEN] = {"last_seen", "LAST SEEN", 20, false},
	[VERSION] = {"push_version", "PUSH", 0, false},
	[FIRMWARE] = {"firmware", "FIRMWARE", 0, false},
	[HANDSHAKES] = {"handshakes", "HANDSHAKES", 0, true},
	[POLLS] = {"polls", "POLLS", 0, true},
};

struct listing {
	const struct ask *ask;
	struct device *items;
	size_t count, room;
};

/* Only taken note of: the store must not wait for whoever reads our output. */
static int note(void *context, const struct device *d)
{
	struct listing *l = context;
	if (l->ask->device_states && !(l->ask->device_states & 1u << d->state))
		return 0;
	if (l->count == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		struct device *items = reallocarray(l->items, room, sizeof(*items));
		if (!items)
			return -ENOMEM;
		l->items = items;
		l->room = room;
	}
	l->items[l->count++] = *d;
	return 0;
}

static struct out_cell moment(
	uint64_t wall_us, char utc[static CLOCK_UTC_BYTES], char shown[static WHEN_LOCAL_BYTES])
{
	struct out_cell cell = {.kind = OUT_NONE};
	if (wall_us == 0)
		return cell;
	clock_format_utc(wall_us, utc);
	when_format_short(wall_us, shown);
	cell = out_text(span_str(utc));
	cell.shown = span_str(shown);
	return cell;
}

static int put_device(struct out *o, const struct device *d)
{
	char first[CLOCK_UTC_BYTES], last[CLOCK_UTC_BYTES], first_short[WHEN_LOCAL_BYTES],
		last_short[WHEN_LOCAL_BYTES];
	struct out_cell cells[COLUMNS] = {
		[SERIAL] = out_text(span_str(d->serial)),
		[STATE] = out_text(span_str(device_state_name(d->state))),
		[CLASS] = out_text(span_str(d->class)),
		[ADDRESS] = out_text(span_str(d->address)),
		[FIRST_SEEN] = moment(d->first_seen_us, first, first_short),
		[LAST_SEEN] = moment(d->last_seen_us, last, last_short),
		[VERSION] = out_text(span_str(d->push_version)),
		[FIRMWARE] = out_text(span_str(d->firmware)),
		[HANDSHAKES] = out_number(d->handshakes),
		[POLLS] = out_number(d->polls),
	};
	return out_row(o, cells);
}

static int device_verb_ls(struct ask *a)
{
	struct control_reader *r = NULL;
	struct listing l = {.ask = a};
	struct out o;
	int code = device_open(a, &r);
	if (code != EX_OK)
		return code;
	int rc = control_devices(r, note, &l);
	control_close(r);
	out_begin(&o, stdout, a->format, columns, COLUMNS);
	for (size_t i = 0; rc == 0 && i < l.count; i++)
		rc = put_device(&o, &l.items[i]);
	int end_rc = out_end(&o);
	free(l.items);
	return rc < 0 || end_rc < 0 ? fail_at(rc < 0 ? rc : end_rc, "list", "the devices") : EX_OK;
}

/* ---- wait ---- */

/* 1 when the device was seen, 0 when it was not, or a negative errno. */
static int was_seen(const char *path, struct control_reader **reader, struct span serial)
{
	struct device d = {.last_seen_us = 0};
	int rc = *reader ? 0 : control_open(path, reader);
	if (rc == 0)
		rc = control_device(*reader, serial, &d);
	if (rc == -ENOENT)
		return 0;
	return rc < 0 ? rc : d.last_seen_us > 0;
}

static int device_verb_wait(struct ask *a)
{
	struct span serial = span_str(a->words[0]);
	struct control_reader *r = NULL;
	uint64_t deadline_ms = clock_mono_ms() + a->timeout_ms;
	if (!serial_valid(serial))
		return fail(EX_USAGE, "'%s' is no serial number: 1 to 32 of A-Z a-z 0-9 _ -",
			a->words[0]);
	char *path = conf_join(a->conf.state_dir, CONF_CONTROL);
	int seen = path ? was_seen(path, &r, serial) : -ENOMEM;
	while (seen == 0 && (!a->has_timeout || clock_mono_ms() < deadline_ms)) {
		clock_sleep_ms(POLL_MS);
		seen = was_seen(path, &r, serial);
	}
	control_close(r);
	int code = EX_OK;
	if (seen < 0)
		code = fail_at(seen, "read", path ? path : "the devices");
	else if (seen == 0)
		code = fail(EX_TEMPFAIL, "%s has not been seen in this time", a->words[0]);
	free(path);
	return code;
}

/* ---- the verbs ---- */

#define ORDER_OPTIONS                                                                             \
	{"no-wait", ASK_NO_WAIT, NULL, 0, "Return when the order is durable", 10},                \
		{"wait", ASK_WAIT, NULL, 0,                                                       \
			"Exit with 75 when the order is not done in time, cmdqd up or down", 10}, \
		{"timeout", ASK_TIMEOUT, "TIME", 0, "Wait so long for the order to be done (5s)", \
			10},                                                                      \
		ASK_OPTION_CONF,                                                                  \
	{                                                                                         \
		0                                                                                 \
	}

static const struct argp_option ls_options[] = {
	{"state", ASK_DEVICE_STATE, "STATE[,STATE]", 0, "Only pending, approved or refused ones",
		10},
	ASK_OPTION_JSON,
	ASK_OPTION_CSV,
	ASK_OPTION_CONF,
	{0},
};
static const struct argp_option show_options[] = {ASK_OPTION_JSON, ASK_OPTION_CONF, {0}};
static const struct argp_option order_options[] = {ORDER_OPTIONS};
static const struct argp_option wait_options[] = {
	{"timeout", ASK_TIMEOUT, "TIME", 0,
		"Exit with 75 when it was not seen for so long; else wait for ever", 10},
	ASK_OPTION_CONF,
	{0},
};

#define ORDERED                                                                                   \
	"The order is durable before it is answered; cmdqd carries it out, now or when it is up " \
	"again.\n\n"

static const struct verb verbs[] = {
	{"ls", NULL, "List the devices", "Example: punchctl device ls --state pending", ls_options,
		0, 0, device_verb_ls},
	{"show", "SERIAL", "Show all that is known of a device, with its settings",
		"Example: punchctl device show ABCD250100001", show_options, 1, 1,
		device_verb_show},
	{"wait", "SERIAL", "Wait until a device has been seen",
		"Example: punchctl device wait ABCD250100001 --timeout 10min", wait_options, 1, 1,
		device_verb_wait},
	{"approve", "SERIAL…", "Serve devices from now on",
		ORDERED "Example: punchctl device approve ABCD250100001", order_options, 1,
		UINT32_MAX, device_verb_approve},
	{"refuse", "SERIAL…", "Do not serve devices any more",
		ORDERED "Example: punchctl device refuse ABCD250100001", order_options, 1,
		UINT32_MAX, device_verb_refuse},
	{"set", "SERIAL KEY=VALUE…", "Give a device settings of its own",
		ORDERED
		"KEY is error_delay, delay, trans_interval, trans_times, trans_flags, time_zone or "
		"realtime, as in "
		"punchd.conf(5); an empty VALUE goes back to the default there.\n\n"
		"Example: punchctl device set ABCD250100001 time_zone=Asia/Kolkata delay=5s",
		order_options, 2, 8, device_verb_set},
	{0},
};

const struct noun noun_device = {"device", "The terminals, and what is ordered of them", verbs,
	"punchctl device approve ABCD250100001"};

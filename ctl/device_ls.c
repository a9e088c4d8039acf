/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device_ls: all devices, and how to approve those that wait. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/cell.h"
#include "ctl/device.h"
#include "ctl/fail.h"

enum {
	SERIAL,
	ALIAS,
	SITE,
	STATE,
	ONLINE,
	LAST_POLL,
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
	[ALIAS] = {"alias", "ALIAS", 0, false},
	[SITE] = {"site", "SITE", 0, false},
	[STATE] = {"state", "STATE", 0, false},
	[ONLINE] = {"online", "ONLINE", 0, false},
	[LAST_POLL] = {"last_poll", "LAST POLL", 20, false},
	[CLASS] = {"class", NULL, 0, false},
	[ADDRESS] = {"address", "ADDRESS", 0, false},
	[FIRST_SEEN] = {"first_seen", NULL, 0, false},
	[LAST_SEEN] = {"last_seen", "LAST SEEN", 20, false},
	[VERSION] = {"push_version", NULL, 0, false},
	[FIRMWARE] = {"firmware", "FIRMWARE", 0, false},
	[HANDSHAKES] = {"handshakes", NULL, 0, true},
	[POLLS] = {"polls", NULL, 0, true},
};

struct listing {
	const struct ask *ask;
	uint64_t now_us;
	struct device *items;
	size_t count, room;
};

static bool is_online(const struct listing *l, const struct device *d)
{
	return device_online(d, device_delay_s(&l->ask->conf, d), l->now_us);
}

static bool is_wanted(const struct listing *l, const struct device *d)
{
	const struct ask *a = l->ask;
	if (a->device_states && !(a->device_states & 1u << d->state))
		return false;
	if (a->site.len > 0 && !span_is(a->site, d->set.site))
		return false;
	if (a->online)
		return is_online(l, d);
	return !a->offline || (d->state == DEVICE_APPROVED && !is_online(l, d));
}

/* Only taken note of: the store must not wait for whoever reads our output. */
static int note(void *context, const struct device *d)
{
	struct listing *l = context;
	if (!is_wanted(l, d))
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

static int put_device(struct out *o, const struct listing *l, const struct device *d)
{
	struct cell_moment first, last, poll;
	struct out_cell cells[COLUMNS] = {
		[SERIAL] = out_text(span_str(d->serial)),
		[ALIAS] = cell_text(d->set.alias),
		[SITE] = cell_text(d->set.site),
		[STATE] = out_text(span_str(device_state_name(d->state))),
		[ONLINE] = out_truth(is_online(l, d)),
		[LAST_POLL] = cell_moment(d->last_poll_us, &poll),
		[CLASS] = out_text(span_str(d->class)),
		[ADDRESS] = out_text(span_str(d->address)),
		[FIRST_SEEN] = cell_moment(d->first_seen_us, &first),
		[LAST_SEEN] = cell_moment(d->last_seen_us, &last),
		[VERSION] = out_text(span_str(d->push_version)),
		[FIRMWARE] = out_text(span_str(d->firmware)),
		[HANDSHAKES] = out_number(d->handshakes),
		[POLLS] = out_number(d->polls),
	};
	return out_row(o, cells);
}

/* A serial needs no quoting. Ten lines are read; a thousand only push the table off the screen. */
#define HINTS_MAX 10
static void say_how_to_approve(const struct listing *l)
{
	size_t said = 0, waiting = 0;
	for (size_t i = 0; i < l->count; i++) {
		if (l->items[i].state != DEVICE_PENDING)
			continue;
		if (waiting++ == 0)
			out_say("\nTo serve one that is pending:");
		if (said++ < HINTS_MAX)
			out_say("  punchctl device approve %s", l->items[i].serial);
	}
	if (waiting > HINTS_MAX)
		out_say("  and %zu more", waiting - HINTS_MAX);
}

int device_verb_ls(struct ask *a)
{
	struct control_reader *r = NULL;
	struct listing l = {.ask = a, .now_us = clock_wall_us()};
	struct out o;
	int code = device_open(a, &r);
	if (code != EX_OK)
		return code;
	int rc = control_devices(r, note, &l);
	control_close(r);
	out_begin(&o, stdout, a->format, columns, COLUMNS);
	for (size_t i = 0; rc == 0 && i < l.count; i++)
		rc = put_device(&o, &l, &l.items[i]);
	int end_rc = out_end(&o);
	if (rc == 0 && a->format == OUT_TABLE && isatty(STDOUT_FILENO))
		say_how_to_approve(&l);
	free(l.items);
	return rc < 0 || end_rc < 0 ? fail_at(rc < 0 ? rc : end_rc, "list", "the devices") : EX_OK;
}

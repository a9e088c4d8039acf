/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device_order: approve, refuse and set. An order is an entry of the spool "order", durable before
 * anything is said; then one can wait and see what cmdqd makes of it. */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>

#include "ctl/device.h"
#include "ctl/fail.h"
#include "ctl/place.h"
#include "lib/clock.h"
#include "lib/conf_key.h"
#include "lib/num.h"
#include "lib/serial.h"

#define WAIT_MS        5000
#define POLL_MS        50
#define ORDER_MAX      ((size_t)16 * 1024) /* bytes of an order's file */
#define SETTINGS_COUNT 7

/* ---- settings ---- */

static const struct setting {
	const char *key;
	size_t at; /* in struct device_settings */
	uint64_t unit_ms;
} settings[SETTINGS_COUNT] = {
	{"error_delay", offsetof(struct device_settings, error_delay_s), 1000},
	{"delay", offsetof(struct device_settings, delay_s), 1000},
	{"trans_interval", offsetof(struct device_settings, trans_interval_min), 60000},
	{"trans_times", offsetof(struct device_settings, trans_times), 0},
	{"trans_flags", offsetof(struct device_settings, trans_flags), 0},
	{"time_zone", offsetof(struct device_settings, time_zone), 0},
	{"realtime", offsetof(struct device_settings, realtime), 0},
};

static bool is_realtime(const struct setting *s)
{
	return s->at == offsetof(struct device_settings, realtime);
}

static const struct setting *find_setting(struct span key)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if (span_is(key, settings[i].key))
			return &settings[i];
	return NULL;
}

/* An exit code, said, for a value that cmdqd would refuse. An empty one goes back to the default.
 */
static int check_value(const struct setting *s, struct span value)
{
	const struct conf_key *k = conf_key_find(s->key);
	if (value.len == 0)
		return EX_OK;
	if (is_realtime(s))
		return span_is(value, "yes") || span_is(value, "no")
			       ? EX_OK
			       : fail(EX_USAGE, "realtime '%.*s' is neither yes nor no",
					 SPAN_ARG(value));
	if (!k || conf_key_allows(k, value))
		return EX_OK;
	return fail(EX_USAGE, "%s cannot be '%.*s'; allowed: %s%s%s", s->key, SPAN_ARG(value),
		k->least, k->most ? " to " : "", k->most ? k->most : "");
}

/* Does the device have what "KEY: VALUE" says? */
static bool has_setting(
	const struct device_settings *own, const struct setting *s, struct span value)
{
	const char *field = (const char *)own + s->at;
	uint64_t ms = 0, number;
	if (is_realtime(s))
		return own->realtime == (value.len == 0 ? 0 : span_is(value, "yes") ? 1 : -1);
	if (s->unit_ms == 0)
		return span_is(value, field);
	memcpy(&number, field, sizeof(number));
	if (value.len > 0 && num_duration_ms(value, 0, UINT64_MAX, &ms) < 0)
		return false;
	return number == ms / s->unit_ms;
}

/* ---- an order ---- */

enum what { APPROVE, REFUSE, SET };

static const struct {
	const char *order, *done;
} whats[] = {
	[APPROVE] = {"device.approve", "approved"},
	[REFUSE] = {"device.refuse", "refused"},
	[SET] = {"device.set", "set"},
};

struct order {
	const struct ask *ask;
	enum what what;
	const char *serial;
	struct {
		const struct setting *setting;
		struct span value;
	} set[SETTINGS_COUNT];
	size_t set_count;
	char name[SPOOL_NAME_BYTES]; /* of its file, once it is posted */
};

/* Takes "KEY=VALUE" into the order. An exit code, said. */
static int add_setting(struct order *o, const char *word)
{
	struct span rest = span_str(word), key;
	if (!span_has(rest, '=') || !span_next(&rest, '=', &key))
		return fail(EX_USAGE, "'%s' is not KEY=VALUE, such as delay=5s", word);
	const struct setting *s = find_setting(span_trim(key));
	struct span value = span_trim(rest);
	if (!s)
		return fail(EX_USAGE,
			"'%.*s' is no setting of a device; there are error_delay, delay, "
			"trans_interval, trans_times, trans_flags, time_zone and realtime",
			SPAN_ARG(key));
	for (size_t i = 0; i < o->set_count; i++)
		if (o->set[i].setting == s)
			return fail(EX_USAGE, "%s is given twice", s->key);
	if (span_has(value, '\n') || span_has(value, '\r'))
		return fail(EX_USAGE, "the value of %s has more than one line", s->key);
	/* No key twice and only known ones: there is always room. */
	o->set[o->set_count].setting = s;
	o->set[o->set_count++].value = value;
	return check_value(s, value);
}

static int put_order(const struct order *o, struct buf *file)
{
	struct buf body = buf_with_max(ORDER_MAX);
	int rc = buf_printf(&body, "order: %s\nserial: %s\n", whats[o->what].order, o->serial);
	for (size_t i = 0; rc == 0 && i < o->set_count; i++)
		rc = buf_printf(
			&body, "%s: %.*s\n", o->set[i].setting->key, SPAN_ARG(o->set[i].value));
	struct spool_entry e = {
		.received_us = clock_wall_us(),
		.kind = span_str("order"),
		.serial = span_str(o->serial),
		.peer = span_str("local"),
		.body = buf_span(&body),
	};
	if (rc == 0)
		rc = spool_entry_put(file, &e);
	buf_free(&body);
	return rc;
}

/* Durability: spool_post returns when the order would survive a power cut. An exit code, said. */
static int post(struct order *o, const struct places *ps)
{
	const struct spool *s = &ps->at[PLACE_ORDER].spool;
	struct buf file = buf_with_max(ORDER_MAX);
	int rc = s->dirs[SPOOL_TMP] < 0 || s->dirs[SPOOL_NEW] < 0 ? -EACCES : put_order(o, &file);
	if (rc == 0)
		rc = spool_post(s, buf_span(&file), o->name);
	buf_free(&file);
	if (rc == -EACCES || rc == -EPERM) {
		struct stat st;
		const struct group *group = fstat(s->root, &st) == 0 ? getgrgid(st.st_gid) : NULL;
		return fail(EX_NOPERM,
			"may not give orders: run as root or as a member of the group %s",
			group ? group->gr_name : "of the spool order");
	}
	return rc < 0 ? fail_at(rc, "write an order into", ps->dir) : EX_OK;
}

/* ---- what became of it ---- */

enum fate { WAITING, TAKEN, DONE, REFUSED };

/* Does the store show what was ordered? For those who may not look into done/. */
static bool shows(const struct order *o)
{
	struct control_reader *r = NULL;
	struct device d = {.state = DEVICE_PENDING};
	char *path = conf_join(o->ask->conf.state_dir, CONF_CONTROL);
	int rc = path ? control_open(path, &r) : -ENOMEM;
	if (rc == 0) {
		rc = control_device(r, span_str(o->serial), &d);
		control_close(r);
	}
	free(path);
	if (rc < 0)
		return false;
	if (o->what != SET)
		return d.state == (o->what == APPROVE ? DEVICE_APPROVED : DEVICE_REFUSED);
	for (size_t i = 0; i < o->set_count; i++)
		if (!has_setting(&d.set, o->set[i].setting, o->set[i].value))
			return false;
	return true;
}

static enum fate look(const struct order *o, const struct place *p)
{
	struct stat st;
	if (place_look(p, SPOOL_NEW, o->name, &st) == 0)
		return WAITING;
	/* bad before done: a refusal is written before its file is done. */
	if (place_look(p, SPOOL_BAD, o->name, &st) == 0)
		return REFUSED;
	if (place_look(p, SPOOL_DONE, o->name, &st) == 0)
		return DONE;
	if (!place_may(p, SPOOL_DONE) && shows(o))
		return DONE;
	return TAKEN;
}

static int say_refused(const struct order *o, const struct place *p)
{
	struct buf reason = buf_with_max(4096);
	if (place_reason(p, o->name, &reason) < 0)
		(void)!buf_add_str(&reason, "no reason was written");
	int code = fail(EX_DATAERR, "%s: cmdqd refused the order %s: %.*s", o->serial, o->name,
		SPAN_ARG(buf_span(&reason)));
	buf_free(&reason);
	return code;
}

static int say_late(const struct order *o, const struct place *p, enum fate fate)
{
	if (fate == WAITING)
		return fail(EX_TEMPFAIL,
			"%s: the order %s still waits for cmdqd; it will be carried out", o->serial,
			o->name);
	if (place_may(p, SPOOL_DONE))
		return fail(EX_TEMPFAIL, "%s: cmdqd is still at work on the order %s", o->serial,
			o->name);
	return fail(EX_TEMPFAIL,
		"%s: cmdqd has taken the order %s; what became of it only root and cmdqd's user "
		"may see",
		o->serial, o->name);
}

static int await(const struct order *o, const struct place *p)
{
	const struct ask *a = o->ask;
	uint64_t deadline_ms = clock_mono_ms() + (a->has_timeout ? a->timeout_ms : WAIT_MS);
	enum fate fate = look(o, p);

	if (fate == WAITING && spool_has_consumer(&p->spool) == 0 && !a->wait) {
		out_say("%s: the order %s waits: cmdqd is not at work", o->serial, o->name);
		return EX_OK;
	}
	while ((fate == WAITING || fate == TAKEN) && clock_mono_ms() < deadline_ms) {
		clock_sleep_ms(POLL_MS);
		fate = look(o, p);
	}
	if (fate == REFUSED)
		return say_refused(o, p);
	if (fate != DONE)
		return say_late(o, p, fate);
	out_say("%s %s", o->serial, whats[o->what].done);
	return EX_OK;
}

/* ---- the verbs ---- */

static int give(const struct order *o, const struct places *ps)
{
	struct order posted = *o;
	int code = post(&posted, ps);
	if (code != EX_OK)
		return code;
	if (!posted.ask->no_wait)
		return await(&posted, &ps->at[PLACE_ORDER]);
	out_say("%s: the order %s was given", posted.serial, posted.name);
	return EX_OK;
}

static int give_all(const struct order *orders, size_t count)
{
	enum place_kind kind = PLACE_ORDER;
	struct places ps;
	/* All are looked at before the first is given. */
	for (size_t i = 0; i < count; i++)
		if (!serial_valid(span_str(orders[i].serial)))
			return fail(EX_USAGE,
				"'%s' is no serial number: 1 to 32 of A-Z a-z 0-9 _ -",
				orders[i].serial);
	int code = places_open(orders[0].ask, &kind, &ps);
	if (code != EX_OK)
		return code;
	for (size_t i = 0; i < count; i++) {
		int one = give(&orders[i], &ps);
		code = code == EX_OK ? one : code;
	}
	places_close(&ps);
	return code;
}

static int decide(const struct ask *a, enum what what)
{
	struct order *orders = calloc(a->word_count, sizeof(*orders));
	if (!orders)
		return fail(EX_OSERR, "out of memory");
	for (size_t i = 0; i < a->word_count; i++)
		orders[i] = (struct order){.ask = a, .what = what, .serial = a->words[i]};
	int code = give_all(orders, a->word_count);
	free(orders);
	return code;
}

int device_verb_approve(struct ask *a)
{
	return decide(a, APPROVE);
}

int device_verb_refuse(struct ask *a)
{
	return decide(a, REFUSE);
}

int device_verb_set(struct ask *a)
{
	struct order o = {.ask = a, .what = SET, .serial = a->words[0]};
	int code = EX_OK;
	for (size_t i = 1; code == EX_OK && i < a->word_count; i++)
		code = add_setting(&o, a->words[i]);
	return code == EX_OK ? give_all(&o, 1) : code;
}

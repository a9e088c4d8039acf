/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settings: a device's settings, and how they are written in an order. Pure. */
#include "cmdqd/settings.h"

#include <errno.h>
#include <stddef.h>

#include "lib/conf_key.h"

struct settings settings_effective(const struct conf *defaults, const struct device_settings *own)
{
	return (struct settings){
		.error_delay_s = own->error_delay_s ? own->error_delay_s : defaults->error_delay_s,
		.delay_s = own->delay_s ? own->delay_s : defaults->delay_s,
		.trans_interval_min = own->trans_interval_min ? own->trans_interval_min
							      : defaults->trans_interval_min,
		.trans_times = own->trans_times[0] ? own->trans_times : defaults->trans_times,
		.trans_flags = own->trans_flags[0] ? own->trans_flags : defaults->trans_flags,
		.time_zone = own->time_zone[0] ? own->time_zone : defaults->time_zone,
		.realtime = own->realtime ? own->realtime > 0 : defaults->realtime,
	};
}

static const char *const flag_names[SETTINGS_FLAGS] = {"AttLog", "OpLog", "AttPhoto", "EnrollFP",
	"EnrollUser", "FPImag", "ChgUser", "ChgFP", "FACE", "UserPic", "WORKCODE", "BioPhoto"};

bool settings_next_flag(struct span *rest, struct span *ret_word)
{
	do {
		if (!span_next(rest, ' ', ret_word))
			return false;
	} while (ret_word->len == 0);
	return true;
}

enum settings_flag settings_flag_of(struct span name)
{
	for (int i = 0; i < SETTINGS_FLAGS; i++)
		if (span_is_nocase(name, flag_names[i]))
			return (enum settings_flag)i;
	return SETTINGS_NO_FLAG;
}

const char *settings_flag_name(enum settings_flag flag)
{
	return flag_names[flag];
}

/* ---- a device's own ---- */

#define OWN(member)  offsetof(struct device_settings, member)
#define ROOM(member) sizeof(((struct device_settings *)NULL)->member)

/* Each is a key of punchd.conf too, and has its range; a text has room for so many bytes. */
static const struct setting {
	const char *key;
	size_t at, room;
	const char *why;
} known[SETTINGS_KEYS] = {
	{"error_delay", OWN(error_delay_s), 0, "error_delay is not a time of 30 s to 300 s"},
	{"delay", OWN(delay_s), 0, "delay is not a time of 2 s to 60 s"},
	{"trans_interval", OWN(trans_interval_min), 0,
		"trans_interval is not a time of 1 min to 1440 min"},
	{"trans_times", OWN(trans_times), ROOM(trans_times),
		"trans_times is not a list HH:MM;HH:MM of at most ten times"},
	{"trans_flags", OWN(trans_flags), ROOM(trans_flags),
		"trans_flags has a name that is no flag"},
	{"time_zone", OWN(time_zone), ROOM(time_zone), "time_zone is not the name of a zone"},
	{"realtime", OWN(realtime), 0, "realtime is neither yes nor no"},
};

/* 0 stands for "not set" in a device, so it cannot be set. */
static int set_amount(struct device_settings *own, const struct setting *s, struct span value)
{
	uint64_t amount = 0;

	if (value.len > 0 &&
		(!conf_key_amount(conf_key_find(s->key), value, &amount) || amount == 0))
		return -EINVAL;
	memcpy((char *)own + s->at, &amount, sizeof(amount));
	return 0;
}

static int set_text(struct device_settings *own, const struct setting *s, struct span value)
{
	char *text = (char *)own + s->at;

	if (value.len >= s->room ||
		(value.len > 0 && !conf_key_allows(conf_key_find(s->key), value)))
		return -EINVAL;
	memset(text, 0, s->room);
	if (value.len > 0)
		memcpy(text, value.ptr, value.len);
	return 0;
}

static int set_realtime(struct device_settings *own, struct span value)
{
	if (value.len == 0)
		own->realtime = 0;
	else if (span_is(value, "yes"))
		own->realtime = 1;
	else if (span_is(value, "no"))
		own->realtime = -1;
	else
		return -EINVAL;
	return 0;
}

static int set(struct device_settings *own, const struct setting *s, struct span value)
{
	if (s->at == OWN(realtime))
		return set_realtime(own, value);
	return s->room > 0 ? set_text(own, s, value) : set_amount(own, s, value);
}

int settings_set(
	struct device_settings *own, struct span key, struct span value, const char **ret_why)
{
	for (size_t i = 0; i < SETTINGS_KEYS; i++) {
		if (!span_is(key, known[i].key))
			continue;
		int rc = set(own, &known[i], value);
		if (rc < 0)
			*ret_why = known[i].why;
		return rc;
	}
	*ret_why = "a key is not known";
	return -EINVAL;
}

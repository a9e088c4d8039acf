/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settings: a device's settings, and how they are written in an order. Pure. */
#include "cmdqd/settings.h"

#include <errno.h>
#include <stddef.h>

#include "lib/num.h"

#define TIMES_MAX 10 /* docs/PROTOCOL.md 1.3 */

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

static bool flags_valid(struct span text)
{
	struct span word;

	while (settings_next_flag(&text, &word))
		if (settings_flag_of(word) == SETTINGS_NO_FLAG)
			return false;
	return true;
}

static bool time_of_day_valid(struct span text)
{
	uint64_t number;

	return text.len == 5 && text.ptr[2] == ':' &&
	       num_u64(span_of(text.ptr, 2), 0, 23, &number) == 0 &&
	       num_u64(span_from(text, 3), 0, 59, &number) == 0;
}

static bool times_valid(struct span text)
{
	struct span piece;
	size_t count = 0;

	while (span_next(&text, ';', &piece))
		if (!time_of_day_valid(piece) || ++count > TIMES_MAX)
			return false;
	return true;
}

static bool zone_name_valid(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
			return false;
	return true;
}

#define OWN(member)  offsetof(struct device_settings, member)
#define ROOM(member) sizeof(((struct device_settings *)NULL)->member)

static const struct number_key {
	const char *key;
	size_t at;
	uint64_t unit_ms, min, max;
	const char *why;
} number_keys[] = {
	{"error_delay", OWN(error_delay_s), 1000, 30, 300,
		"error_delay is not a time of 30 s to 300 s"},
	{"delay", OWN(delay_s), 1000, 2, 60, "delay is not a time of 2 s to 60 s"},
	{"trans_interval", OWN(trans_interval_min), 60000, 1, 1440,
		"trans_interval is not a time of 1 min to 1440 min"},
};

static const struct text_key {
	const char *key;
	size_t at, room;
	bool (*valid)(struct span text);
	const char *why;
} text_keys[] = {
	{"trans_times", OWN(trans_times), ROOM(trans_times), times_valid,
		"trans_times is not a list HH:MM;HH:MM of at most ten times"},
	{"trans_flags", OWN(trans_flags), ROOM(trans_flags), flags_valid,
		"trans_flags has a name that is no flag"},
	{"time_zone", OWN(time_zone), ROOM(time_zone), zone_name_valid,
		"time_zone is not the name of a zone"},
};

/* Whole units only: a device would not hear of the rest. */
static int set_number(struct device_settings *own, const struct number_key *k, struct span value)
{
	uint64_t ms = 0;

	if (value.len > 0) {
		int rc = num_duration_ms(value, k->min * k->unit_ms, k->max * k->unit_ms, &ms);
		if (rc < 0 || ms % k->unit_ms != 0)
			return -EINVAL;
	}
	ms /= k->unit_ms;
	memcpy((char *)own + k->at, &ms, sizeof(ms));
	return 0;
}

static int set_text(struct device_settings *own, const struct text_key *k, struct span value)
{
	char *text = (char *)own + k->at;

	if (value.len >= k->room || (value.len > 0 && !k->valid(value)))
		return -EINVAL;
	memset(text, 0, k->room);
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

static int refuse(const char *why, const char **ret_why)
{
	*ret_why = why;
	return -EINVAL;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int settings_set(
	struct device_settings *own, struct span key, struct span value, const char **ret_why)
{
	for (size_t i = 0; i < COUNT(number_keys); i++)
		if (span_is(key, number_keys[i].key))
			return set_number(own, &number_keys[i], value) < 0
				       ? refuse(number_keys[i].why, ret_why)
				       : 0;
	for (size_t i = 0; i < COUNT(text_keys); i++)
		if (span_is(key, text_keys[i].key))
			return set_text(own, &text_keys[i], value) < 0
				       ? refuse(text_keys[i].why, ret_why)
				       : 0;
	if (!span_is(key, "realtime"))
		return refuse("a key is not known", ret_why);
	return set_realtime(own, value) < 0 ? refuse("realtime is neither yes nor no", ret_why) : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conf_key: the table of keys, and what their values may be. */
#include "lib/conf_key.h"

#include "lib/conf.h"
#include "lib/network.h"
#include "lib/num.h"
#include "lib/site.h"
#include "lib/trans_flag.h"
#include "lib/zone_name.h"

#define TRANS_TIMES_MAX 10

/* ---- what a text may be ---- */

static bool is_path(struct span text)
{
	return span_starts(text, "/");
}

static bool is_path_or_nothing(struct span text)
{
	return text.len == 0 || is_path(text);
}

/* "192.0.2.7:8081" or "[2001:db8::7]:8081". */
static bool is_listen(struct span text)
{
	const char *colon = text.len > 0 ? memrchr(text.ptr, ':', text.len) : NULL;
	size_t host_len = colon ? (size_t)(colon - text.ptr) : 0;
	bool brackets = host_len > 2 && text.ptr[0] == '[' && colon[-1] == ']';
	struct span host =
		brackets ? span_of(text.ptr + 1, host_len - 2) : span_of(text.ptr, host_len);
	uint64_t port;

	return colon && num_u64(span_from(text, host_len + 1), 1, 65535, &port) == 0 &&
	       network_is_address(host) && span_has(host, ':') == brackets;
}

/* "HH:MM". */
static bool is_time_of_day(struct span text)
{
	uint64_t hour, minute;

	return text.len == 5 && text.ptr[2] == ':' &&
	       num_u64(span_of(text.ptr, 2), 0, 23, &hour) == 0 &&
	       num_u64(span_from(text, 3), 0, 59, &minute) == 0;
}

static bool is_trans_times(struct span text)
{
	struct span piece;
	size_t count = 0;

	while (span_next(&text, ';', &piece))
		if (++count > TRANS_TIMES_MAX || !is_time_of_day(piece))
			return false;
	return true;
}

/* ---- the keys ---- */

#define FIELD(name) offsetof(struct conf, name)
#define ROOTED      "a path from the root"

/* clang-format off */
const struct conf_key conf_keys[] = {
	{"spool_dir", CONF_TEXT, "/var/spool/punchd", ROOTED, NULL, FIELD(spool_dir), is_path},
	{"state_dir", CONF_TEXT, "/var/lib/punchd", ROOTED, NULL, FIELD(state_dir), is_path},
	{"run_dir", CONF_TEXT, "/run/punchd", ROOTED, NULL, FIELD(run_dir), is_path},
	/* ingestd */
	{"listen", CONF_LIST, "{\"[::]:8081\"}", "1 to 8 of \"192.0.2.7:8081\" or \"[::]:8081\"", NULL,
		FIELD(listen), is_listen},
	{"listen_proxy", CONF_TEXT, "", "a path from the root, or nothing", NULL, FIELD(listen_proxy),
		is_path_or_nothing},
	{"admit", CONF_CHOICE, "approved", "approved", "any", FIELD(admit_any), NULL},
	{"body_max", CONF_BYTES, "16 MiB", "64 KiB", "1 GiB", FIELD(body_max_bytes), NULL},
	{"body_lines_max", CONF_COUNT, "1000000", "1", "100000000", FIELD(body_lines_max), NULL},
	{"body_memory", CONF_BYTES, "32 MiB", "1 MiB", "64 GiB", FIELD(body_memory_bytes), NULL},
	{"connections_max", CONF_COUNT, "10240", "16", "100000", FIELD(connections_max), NULL},
	{"connections_per_address", CONF_COUNT, "256", "0", "100000", FIELD(connections_per_address),
		NULL},
	{"request_deadline", CONF_MS, "30 s", "1 s", "1 h", FIELD(request_deadline_ms), NULL},
	{"body_rate_min", CONF_BYTES, "2 KiB", "0 B", "1 GiB", FIELD(body_rate_min), NULL},
	{"idle_timeout", CONF_MS, "30 s", "1 s", "1 h", FIELD(idle_timeout_ms), NULL},
	{"free_floor", CONF_BYTES, "256 MiB", "0 B", "16 TiB", FIELD(free_floor_bytes), NULL},
	{"desk_timeout", CONF_MS, "2 s", "50 ms", "60 s", FIELD(desk_timeout_ms), NULL},
	/* parserd */
	{"file_max", CONF_BYTES, "64 MiB", "128 KiB", "4 GiB", FIELD(file_max_bytes), NULL},
	{"records_map", CONF_BYTES, "1 GiB", "1 MiB", "16 TiB", FIELD(records_map_bytes), NULL},
	/* both consumers */
	{"rescan", CONF_MS, "5 s", "100 ms", "10 min", FIELD(rescan_ms), NULL},
	{"draft_stale", CONF_MS, "24 h", "1 min", "365 days", FIELD(draft_stale_ms), NULL},
	/* cmdqd */
	{"error_delay", CONF_S, "30 s", "30 s", "300 s", FIELD(error_delay_s), NULL},
	{"delay", CONF_S, "10 s", "2 s", "60 s", FIELD(delay_s), NULL},
	{"trans_interval", CONF_MIN, "1 min", "0 min", "1440 min", FIELD(trans_interval_min), NULL},
	{"trans_times", CONF_TEXT, "00:00;14:05", "1 to 10 of HH:MM with ';' between them", NULL,
		FIELD(trans_times), is_trans_times},
	{"trans_flags", CONF_TEXT, TRANS_FLAG_NAMES, TRANS_FLAG_NAMES " with blanks between them", NULL,
		FIELD(trans_flags), trans_flag_list_valid},
	{"time_zone", CONF_TEXT, "UTC", "the name of a zone, such as Asia/Kolkata", NULL,
		FIELD(time_zone), zone_name_valid},
	{"realtime", CONF_CHOICE, "true", "false", "true", FIELD(realtime), NULL},
	{"batch_max", CONF_BYTES, "40 KiB", "1 KiB", "40 KiB", FIELD(batch_bytes), NULL},
	{"command_lease", CONF_MS, "2 min", "10 s", "24 h", FIELD(command_lease_ms), NULL},
	{"command_offers", CONF_COUNT, "5", "1", "20", FIELD(command_offers), NULL},
	{"allow_shell", CONF_CHOICE, "false", "false", "true", FIELD(allow_shell), NULL},
	{"allow_put_file", CONF_CHOICE, "false", "false", "true", FIELD(allow_put_file), NULL},
	{"allow_clear", CONF_CHOICE, "false", "false", "true", FIELD(allow_clear), NULL},
	{"allow_server_options", CONF_CHOICE, "false", "false", "true", FIELD(allow_server_options),
		NULL},
	{"allow_raw", CONF_CHOICE, "false", "false", "true", FIELD(allow_raw), NULL},
	{"allow_remote", CONF_CHOICE, "false", "false", "true", FIELD(allow_remote), NULL},
	{"allow_verify", CONF_CHOICE, "false", "false", "true", FIELD(allow_verify), NULL},
	{"remote_sites", CONF_TEXT, "", "names of sites with blanks between them, or *", NULL,
		FIELD(remote_sites), site_list_valid},
	{"remote_withdraw", CONF_MS, "0 days", "0 days", "3650 days", FIELD(remote_withdraw_ms), NULL},
	{"verify_failures", CONF_COUNT, "5", "1", "1000", FIELD(verify_failures), NULL},
	{"verify_lockout", CONF_MS, "5 min", "1 s", "24 h", FIELD(verify_lockout_ms), NULL},
	{"verify_device_failures", CONF_COUNT, "100", "1", "10000", FIELD(verify_device_failures), NULL},
	{"audit_keep", CONF_MS, "400 days", "1 days", "36500 days", FIELD(audit_keep_ms), NULL},
	/* notifyd */
	{"wake_port", CONF_COUNT, "4374", "1", "65535", FIELD(wake_port), NULL},
	{"wake_rate", CONF_COUNT, "200", "1", "10000", FIELD(wake_rate), NULL},
	{"wake_pokes", CONF_COUNT, "4", "1", "20", FIELD(wake_pokes), NULL},
	/* matchd */
	{"matcher", CONF_TEXT, "", "a program's path from the root, or \"\"", NULL, FIELD(matcher),
		is_path_or_nothing},
	{"matcher_memory", CONF_BYTES, "256 MiB", "16 MiB", "64 GiB", FIELD(matcher_memory_bytes), NULL},
	{"matcher_timeout", CONF_MS, "800 ms", "50 ms", "1 s", FIELD(matcher_timeout_ms), NULL},
	{NULL, CONF_COUNT, NULL, NULL, NULL, 0, NULL},
};
/* clang-format on */

const struct conf_key *conf_key_find(const char *name)
{
	const struct conf_key *k = conf_keys;

	while (k->name && strcmp(k->name, name) != 0)
		k++;
	return k->name ? k : NULL;
}

/* ---- amounts and choices ---- */

static int read_plain(enum conf_form form, struct span text, uint64_t *ret)
{
	if (form == CONF_COUNT)
		return num_u64(text, 0, UINT64_MAX, ret);
	if (form == CONF_BYTES)
		return num_bytes(text, 0, UINT64_MAX, ret);
	return num_duration_ms(text, 0, UINT64_MAX, ret);
}

/* How many of what read_plain() counts make one of the field's. */
static uint64_t step_of(enum conf_form form)
{
	return form == CONF_S ? 1000 : form == CONF_MIN ? 60000 : 1;
}

bool conf_key_amount(const struct conf_key *k, struct span text, uint64_t *ret_value)
{
	uint64_t value, least, most, step = step_of(k->form);

	if (read_plain(k->form, text, &value) < 0 ||
		read_plain(k->form, span_str(k->least), &least) < 0 ||
		read_plain(k->form, span_str(k->most), &most) < 0)
		return false;
	if (value < least || value > most || value % step != 0)
		return false;
	*ret_value = value / step;
	return true;
}

bool conf_key_allows(const struct conf_key *k, struct span text)
{
	uint64_t unused;

	if (k->form == CONF_TEXT || k->form == CONF_LIST)
		return k->fits(text);
	if (k->form == CONF_CHOICE)
		return span_is(text, k->least) || span_is(text, k->most);
	return conf_key_amount(k, text, &unused);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conf: defaults, values at and beside their limits, and what is said of a file that is wrong. */
#include "lib/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/io.h"

static char path[] = "/tmp/test_conf.XXXXXX";
static char said[8192]; /* what conf_load wrote to stderr, without the path */

static void write_conf(const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, span_str(text)), 0);
	io_close(fd);
}

/* Loads the file and catches what is said. */
static int load_file(const char *file, struct conf *ret)
{
	int kept = dup(STDERR_FILENO), fd = memfd_create("said", MFD_CLOEXEC), rc;
	ssize_t n;

	assert_true(fd >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	rc = conf_load(file, ret);
	n = pread(fd, said, sizeof(said) - 1, 0);
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(fd);
	said[n > 0 ? n : 0] = '\0';
	return rc;
}

static int load(const char *text, struct conf *ret)
{
	write_conf(text);
	return load_file(path, ret);
}

static void assert_defaults(const struct conf *c)
{
	assert_string_equal(c->spool_dir, "/var/spool/punchd");
	assert_string_equal(c->state_dir, "/var/lib/punchd");
	assert_string_equal(c->run_dir, "/run/punchd");
	assert_int_equal(c->listen_count, 1);
	assert_string_equal(c->listen[0], "[::]:8081");
	assert_false(c->admit_any);
	assert_int_equal(c->body_max_bytes, 16 << 20);
	assert_int_equal(c->body_lines_max, 1000000);
	assert_int_equal(c->body_memory_bytes, 32 << 20);
	assert_int_equal(c->connections_max, 10240);
	assert_int_equal(c->connections_per_address, 256);
	assert_int_equal(c->request_deadline_ms, 30000);
	assert_int_equal(c->body_rate_min, 2048);
	assert_int_equal(c->idle_timeout_ms, 30000);
	assert_int_equal(c->free_floor_bytes, 256 << 20);
	assert_int_equal(c->desk_timeout_ms, 2000);
	assert_int_equal(c->file_max_bytes, 64 << 20);
	assert_int_equal(c->records_map_bytes, 1 << 30);
	assert_int_equal(c->rescan_ms, 5000);
	assert_int_equal(c->draft_stale_ms, 86400000);
	assert_int_equal(c->error_delay_s, 30);
	assert_int_equal(c->delay_s, 10);
	assert_int_equal(c->trans_interval_min, 1);
	assert_string_equal(c->trans_times, "00:00;14:05");
	assert_string_equal(c->trans_flags,
		"AttLog OpLog AttPhoto EnrollUser ChgUser EnrollFP ChgFP FPImag FACE UserPic "
		"WORKCODE BioPhoto");
	assert_string_equal(c->time_zone, "UTC");
	assert_true(c->realtime);
	assert_int_equal(c->batch_bytes, 40 << 10);
	assert_int_equal(c->command_lease_ms, 120000);
	assert_int_equal(c->command_offers, 5);
	assert_false(c->allow_shell);
	assert_false(c->allow_put_file);
	assert_false(c->allow_clear);
	assert_false(c->allow_server_options);
	assert_false(c->allow_raw);
	assert_false(c->allow_remote);
	assert_false(c->allow_verify);
	assert_string_equal(c->remote_sites, "");
	assert_int_equal(c->remote_withdraw_ms, 0);
	assert_int_equal(c->verify_failures, 5);
	assert_int_equal(c->verify_lockout_ms, 300000);
	assert_int_equal(c->verify_device_failures, 100);
	assert_int_equal(c->audit_keep_ms, UINT64_C(400) * 86400 * 1000);
	assert_int_equal(c->wake_port, 4374);
	assert_int_equal(c->wake_rate, 200);
	assert_int_equal(c->wake_pokes, 4);
	assert_string_equal(c->matcher, "");
	assert_int_equal(c->matcher_memory_bytes, 256 << 20);
	assert_int_equal(c->matcher_timeout_ms, 800);
}

static void has_a_default_for_everything(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(load("", &c), 0);
	assert_string_equal(said, "");
	assert_defaults(&c);
	conf_free(&c);
	assert_null(c.spool_dir);
}

/* Each key once, with a value that is not its default. */
static void reads_every_key(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(
		load("spool_dir = /s\nstate_dir=/t\nrun_dir = \"/r d\"\nlisten = "
		     "{\"192.0.2.7:80\", '[::1]:81',\n"
		     "	0.0.0.0:65535} # three\nadmit = any\nbody_max = \"1 MiB\"\nbody_lines_max "
		     "= 7\n"
		     "body_memory = 1MiB\nconnections_max = 16\nconnections_per_address = 0\n"
		     "request_deadline = 1s\nbody_rate_min = \"0 B\"\nidle_timeout = \"1 "
		     "h\"\nfree_floor = 0\n"
		     "desk_timeout = 50ms\nfile_max = \"2 MiB\"\nrecords_map = 1MiB\nrescan = "
		     "100ms\n"
		     "draft_stale = 1min\nerror_delay = \"5 min\"\ndelay = 2s\ntrans_interval = "
		     "\"24 h\"\n"
		     "trans_times = 23:59\ntrans_flags = \"AttLog FACE\"\ntime_zone = "
		     "America/Port-au-Prince\n"
		     "realtime = false\nbatch_max = \"10 KiB\"\ncommand_lease = \"10 s\"\n"
		     "command_offers = 20\nallow_shell = true\nwake_port = 65535\nwake_rate = 1\n"
		     "wake_pokes = 20\nmatcher = \"/usr/lib/m/m\"\nmatcher_memory = 64MiB\n"
		     "matcher_timeout = 50ms\n",
			&c),
		0);
	assert_string_equal(said, "");
	assert_string_equal(c.spool_dir, "/s");
	assert_string_equal(c.state_dir, "/t");
	assert_string_equal(c.run_dir, "/r d");
	assert_int_equal(c.listen_count, 3);
	assert_string_equal(c.listen[1], "[::1]:81");
	assert_string_equal(c.listen[2], "0.0.0.0:65535");
	assert_true(c.admit_any);
	assert_int_equal(c.body_max_bytes, 1 << 20);
	assert_int_equal(c.body_lines_max, 7);
	assert_int_equal(c.body_memory_bytes, 1 << 20);
	assert_int_equal(c.connections_max, 16);
	assert_int_equal(c.connections_per_address, 0);
	assert_int_equal(c.request_deadline_ms, 1000);
	assert_int_equal(c.body_rate_min, 0);
	assert_int_equal(c.idle_timeout_ms, 3600000);
	assert_int_equal(c.free_floor_bytes, 0);
	assert_int_equal(c.desk_timeout_ms, 50);
	assert_int_equal(c.file_max_bytes, 2 << 20);
	assert_int_equal(c.records_map_bytes, 1 << 20);
	assert_int_equal(c.rescan_ms, 100);
	assert_int_equal(c.draft_stale_ms, 60000);
	assert_int_equal(c.error_delay_s, 300);
	assert_int_equal(c.delay_s, 2);
	assert_int_equal(c.trans_interval_min, 1440);
	assert_string_equal(c.trans_times, "23:59");
	assert_string_equal(c.trans_flags, "AttLog FACE");
	assert_string_equal(c.time_zone, "America/Port-au-Prince");
	assert_false(c.realtime);
	assert_int_equal(c.batch_bytes, 10 << 10);
	assert_int_equal(c.command_lease_ms, 10000);
	assert_int_equal(c.command_offers, 20);
	assert_true(c.allow_shell && !c.allow_put_file && !c.allow_clear);
	assert_int_equal(c.wake_port, 65535);
	assert_int_equal(c.wake_rate, 1);
	assert_int_equal(c.wake_pokes, 20);
	assert_string_equal(c.matcher, "/usr/lib/m/m");
	assert_int_equal(c.matcher_memory_bytes, 64 << 20);
	assert_int_equal(c.matcher_timeout_ms, 50);
	conf_free(&c);
}

/* Allowing one thing allows no other. */
static void allows_one_thing_at_a_time(void **state)
{
	static const char *const keys[] = {"allow_shell", "allow_put_file", "allow_clear",
		"allow_server_options", "allow_raw"};
	struct conf c;
	char text[64];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "%s = true\n", keys[i]);
		assert_int_equal(load(text, &c), 0);
		unsigned allowed = (unsigned)c.allow_shell | (unsigned)c.allow_put_file << 1 |
				   (unsigned)c.allow_clear << 2 |
				   (unsigned)c.allow_server_options << 3 |
				   (unsigned)c.allow_raw << 4;
		assert_int_equal(allowed, 1u << i);
		conf_free(&c);
	}
}

/* The value is refused by a sentence that names the key and the value. */
static void assert_refused(const char *key, const char *value)
{
	struct conf c = {.listen_count = 99};
	char text[256], expected[256];

	snprintf(text, sizeof(text), "%s = \"%s\"\n", key, value);
	snprintf(expected, sizeof(expected), "%s:1: %s cannot be \"%s\"; allowed: ", path, key,
		value);
	if (load(text, &c) != -EINVAL || strncmp(said, expected, strlen(expected)) != 0)
		fail_msg("%s = \"%s\" was answered by: %s", key, value, said);
	assert_int_equal(c.listen_count, 99);
}

static void refuses_values_out_of_range(void **state)
{
	static const char *const bad[][2] = {{"body_max", "65535"}, {"body_max", "1073741825"},
		{"body_max", "16 MB"}, {"body_max", ""}, {"body_lines_max", "0"},
		{"body_lines_max", "100000001"}, {"body_lines_max", "1e6"},
		{"connections_max", "15"}, {"connections_max", "100001"},
		{"connections_per_address", "-1"}, {"request_deadline", "999 ms"},
		{"request_deadline", "61 min"}, {"request_deadline", "30"}, {"idle_timeout", "0 s"},
		{"desk_timeout", "49 ms"}, {"desk_timeout", "61 s"}, {"records_map", "1 KiB"},
		{"rescan", "99 ms"}, {"rescan", "11 min"}, {"draft_stale", "59 s"},
		{"error_delay", "29 s"}, {"error_delay", "301 s"}, {"error_delay", "30500 ms"},
		{"delay", "1 s"}, {"delay", "61 s"}, {"trans_interval", "1441 min"},
		{"trans_interval", "30 s"}, {"admit", "all"}, {"realtime", "1"},
		{"realtime", "True"}, {"batch_max", "1023"}, {"batch_max", "41 KiB"},
		{"command_lease", "9 s"}, {"command_lease", "25 h"}, {"command_lease", "120"},
		{"command_offers", "0"}, {"command_offers", "21"}, {"allow_shell", "yes"},
		{"allow_put_file", ""}, {"allow_clear", "TRUE"}, {"allow_server_options", "1"},
		{"wake_port", "0"}, {"wake_port", "65536"}, {"wake_rate", "0"},
		{"wake_rate", "10001"}, {"wake_pokes", "0"}, {"wake_pokes", "21"},
		{"matcher", "matcher"}, {"matcher", "./m"}, {"matcher_memory", "15MiB"},
		{"matcher_memory", "65GiB"}, {"matcher_timeout", "49ms"},
		{"matcher_timeout", "1001ms"}, {"matcher_timeout", "800"}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_refused(bad[i][0], bad[i][1]);
}

static void refuses_texts_of_another_shape(void **state)
{
	static const char *const bad[][2] = {{"spool_dir", "var/spool"}, {"spool_dir", ""},
		{"listen", "8081"}, {"listen", ":8081"}, {"listen", "::1:8081"},
		{"listen", "[::1]"}, {"listen", "[::1]:0"}, {"listen", "[::1]:65536"},
		{"listen", "[192.0.2.7]:1"}, {"listen", "[]:1"}, {"listen", "localhost:1"},
		{"listen", "192.0.2.256:1"}, {"listen", ""}, {"trans_times", ""},
		{"trans_times", "24:00"}, {"trans_times", "00:60"}, {"trans_times", "0:00"},
		{"trans_times", "00:00;"}, {"trans_times", "00:00,01:00"},
		{"trans_times",
			"00:00;01:00;02:00;03:00;04:00;05:00;06:00;07:00;08:00;09:00;10:00"},
		{"trans_flags", "attlog"}, {"trans_flags", "AttLog,OpLog"}, {"time_zone", ""},
		{"time_zone", "/etc/passwd"}, {"time_zone", "../etc/passwd"},
		{"time_zone", "Asia/Kol kata"}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_refused(bad[i][0], bad[i][1]);
}

static void assert_said(const char *text, const char *expected)
{
	struct conf c;
	char whole[512];

	assert_int_equal(load(text, &c), -EINVAL);
	snprintf(whole, sizeof(whole), "%s%s", path, expected);
	if (strncmp(said, whole, strlen(whole)) != 0)
		fail_msg("expected %s, but: %s", whole, said);
}

/* libconfuse itself counts wrongly over comments. */
static void names_the_right_line(void **state)
{
	(void)state;
	assert_said("# one\n\n  # three # ' \"\n\ndelay = 2s # five\nnothing = 1\n",
		":6: no such option 'nothing'");
	assert_said("# a\nadmit = any # b\nlisten = {\"[::]:1\",\n # c\n \"x\"}\n",
		":5: listen cannot be \"x\"");
	assert_said("delay = 2s\ndelay = 3s\n", ":2: delay was set before");
	assert_said("\ndelay = 10 s\n",
		":2: delay cannot be \"10\"; allowed: 2 s to 60 s, whole seconds");
	assert_said("\nadmit = any\"\ndelay = 2s", ":2: the quote is not closed on its line");
	assert_said("spool_dir = \"/#\n\"", ":1: the quote is not closed on its line");
}

static void tells_every_bad_value(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(load("delay = 1s\nadmit = all\nbody_max = 1\n", &c), -EINVAL);
	assert_non_null(strstr(said, ":1: delay"));
	assert_non_null(strstr(said, ":2: admit"));
	assert_non_null(strstr(said, ":3: body_max"));
}

static void wants_keys_to_agree(void **state)
{
	struct conf c;

	(void)state;
	assert_said("body_max = 1MiB\nfile_max = \"1088 KiB\"\n",
		": file_max must be more than body_max");
	assert_int_equal(load("body_max = 1MiB\nfile_max = 1114113\n", &c), 0);
	conf_free(&c);
}

static void counts_the_addresses(void **state)
{
	struct conf c;
	struct buf text = buf_with_max(1000);

	(void)state;
	assert_said("listen = {}\n", ": listen cannot have 0 values; allowed: 1 to 8");
	assert_int_equal(buf_add_str(&text, "listen = {"), 0);
	for (int i = 1; i <= CONF_LISTEN_MAX; i++)
		assert_int_equal(buf_printf(&text, "\"[::]:%d\",", i), 0);
	assert_int_equal(buf_add(&text, "}", 2), 0);
	assert_int_equal(load(text.ptr, &c), 0);
	assert_int_equal(c.listen_count, CONF_LISTEN_MAX);
	conf_free(&c);
	text.len -= 2;
	assert_int_equal(buf_add(&text, "\"[::]:9\"}", 10), 0);
	assert_said(text.ptr, ": listen cannot have 9 values");
	buf_free(&text);
}

static void tells_a_file_that_is_not_there(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(load_file("/nonexistent/punchd.conf", &c), -ENOENT);
	assert_string_equal(
		said, "/nonexistent/punchd.conf: cannot be read: No such file or directory\n");
	assert_int_equal(load_file("/tmp", &c), -EISDIR);
	assert_string_equal(said, "/tmp: cannot be read: Is a directory\n");
}

static void the_example_is_the_default(void **state)
{
	struct conf c;

	(void)state;
	if (access("punchd.conf.example", R_OK) < 0)
		skip(); /* not started from the top of the tree */
	assert_int_equal(load_file("punchd.conf.example", &c), 0);
	assert_string_equal(said, "");
	assert_defaults(&c);
	conf_free(&c);
}

static void finds_the_file(void **state)
{
	char *joined = conf_join("/run/punchd", "desk.sock");

	(void)state;
	unsetenv("PUNCHD_CONF");
	assert_string_equal(conf_path(NULL), "/etc/punchd/punchd.conf");
	setenv("PUNCHD_CONF", "/from/environment", 1);
	assert_string_equal(conf_path(NULL), "/from/environment");
	assert_string_equal(conf_path("/from/option"), "/from/option");
	unsetenv("PUNCHD_CONF");
	assert_string_equal(joined, "/run/punchd/desk.sock");
	free(joined);
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	io_close(fd);
	return fd < 0 ? -1 : 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_a_default_for_everything),
		cmocka_unit_test(reads_every_key),
		cmocka_unit_test(allows_one_thing_at_a_time),
		cmocka_unit_test(refuses_values_out_of_range),
		cmocka_unit_test(refuses_texts_of_another_shape),
		cmocka_unit_test(names_the_right_line),
		cmocka_unit_test(tells_every_bad_value),
		cmocka_unit_test(wants_keys_to_agree),
		cmocka_unit_test(counts_the_addresses),
		cmocka_unit_test(tells_a_file_that_is_not_there),
		cmocka_unit_test(the_example_is_the_default),
		cmocka_unit_test(finds_the_file),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}

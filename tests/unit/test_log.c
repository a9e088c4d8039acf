/* SPDX-License-Identifier: GPL-2.0-or-later */
/* log: the line as it stands on stderr, the entry as the journal gets it, and the rate limit. */
#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/unit/caught.h"

static const char *line; /* what was written since begin_catch */

static void begin_catch(void)
{
	caught_begin();
}

static void end_catch(void)
{
	line = caught_end();
}

static void writes_one_line(void **state)
{
	(void)state;
	begin_catch();
	log_notice("batch committed", LOG_TEXT("serial", "ABCD250100001"), LOG_NUM("records", 12),
		LOG_NUM("delta", -3));
	log_error("commit failed", LOG_ERR(-ENOSPC));
	log_warning("no fields");
	end_catch();
	assert_string_equal(line,
		"parserd: batch committed serial=ABCD250100001 records=12 delta=-3\n"
		"parserd: error: commit failed error=\"No space left on device\"\n"
		"parserd: warning: no fields\n");
}

static void drops_what_is_not_asked_for(void **state)
{
	(void)state;
	begin_catch();
	log_at(LOG_LEVEL_DEBUG, "debug");
	log_info("info");
	end_catch();
	assert_string_equal(line, "parserd: info\n");
}

static void check_value(struct span value, const char *expected)
{
	char whole[2048];

	snprintf(whole, sizeof(whole), "parserd: e v=%s\n", expected);
	begin_catch();
	log_info("e", LOG_SPAN("v", value));
	end_catch();
	assert_string_equal(line, whole);
}

static void escapes_what_came_from_outside(void **state)
{
	(void)state;
	check_value(span_str("a=b&c/d"), "a=b&c/d");
	check_value(span_str("a b"), "\"a b\"");
	check_value(span_str(""), "\"\"");
	check_value(span_str("say \"x\\\""), "\"say \\\"x\\\\\\\"\"");
	check_value(span_of("a\0b", 3), "a\\x00b");
	check_value(span_str("x\nparserd: forged"), "\"x\\x0Aparserd: forged\"");
	check_value(span_str("\033[2J\177"), "\\x1B[2J\\x7F");
}

static void keeps_only_sound_utf8(void **state)
{
	(void)state;
	check_value(span_str("Zo\u00eb\u4e2d\U0001f600"), "Zo\u00eb\u4e2d\U0001f600");
	check_value(span_str("\xff\x80"), "\\xFF\\x80");
	check_value(span_str("\xc3"), "\\xC3");          /* cut short */
	check_value(span_str("\xc3("), "\\xC3(");        /* no continuation */
	check_value(span_str("\xc0\xaf"), "\\xC0\\xAF"); /* '/' in disguise */
	check_value(span_str("\xe0\x80\xaf"), "\\xE0\\x80\\xAF");
	check_value(span_str("\xe0\x83\xa9"), "\\xE0\\x83\\xA9"); /* an e acute, too long */
	check_value(span_str("\xed\xa0\x80"), "\\xED\\xA0\\x80"); /* a surrogate */
	check_value(span_str("\xf4\x90\x80\x80"), "\\xF4\\x90\\x80\\x80");
	check_value(span_str("\xc2\x9b"), "\\xC2\\x9B");    /* a control character */
	check_value(span_str("\u202e"), "\\xE2\\x80\\xAE"); /* turns the text round */
}

static void cuts_long_values(void **state)
{
	char text[300], expected[300];

	(void)state;
	memset(text, 'x', sizeof(text));
	snprintf(expected, sizeof(expected), "%.256s...", text);
	check_value(span_of(text, 256), (expected[256] = '\0', expected));
	expected[256] = '.';
	check_value(span_of(text, 257), expected);
}

static void stays_one_line_when_it_is_full(void **state)
{
	char text[256];

	(void)state;
	memset(text, 1, sizeof(text));
	begin_catch();
	log_info("e", LOG_SPAN("a", span_of(text, 256)), LOG_SPAN("b", span_of(text, 256)),
		LOG_SPAN("c", span_of(text, 256)), LOG_SPAN("d", span_of(text, 256)),
		LOG_SPAN("e", span_of(text, 256)));
	end_catch();
	assert_int_equal(strlen(line), 4096);
	assert_ptr_equal(strchr(line, '\n'), line + 4095);
}

static void keeps_errno(void **state)
{
	(void)state;
	begin_catch();
	errno = EXDEV;
	close(STDERR_FILENO);
	errno = EXDEV;
	log_info("nobody hears it");
	assert_int_equal(errno, EXDEV);
	end_catch();
}

/* ---- the journal ---- */

static char entry[4096];
static int journal_answer;

/* Stands in for libsystemd's: field after field, LF behind each. */
int sd_journal_sendv(const struct iovec *fields, int count);
int sd_journal_sendv(const struct iovec *fields, int count)
{
	char *end = entry;

	for (int i = 0; i < count; i++) {
		end = mempcpy(end, fields[i].iov_base, fields[i].iov_len);
		*end++ = '\n';
	}
	*end = '\0';
	return journal_answer;
}

/* Says in the environment that what is caught is the journal's stream. */
static void begin_journal(int answer, ino_t off_by)
{
	struct stat st;
	char stream[64];

	begin_catch();
	journal_answer = answer;
	entry[0] = '\0';
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
		(uintmax_t)st.st_ino + off_by);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open("parserd", LOG_LEVEL_INFO);
}

static void end_journal(void)
{
	end_catch();
	unsetenv("JOURNAL_STREAM");
	log_open("parserd", LOG_LEVEL_INFO);
}

static void tells_the_journal(void **state)
{
	(void)state;
	begin_journal(0, 0);
	log_warning("entry refused", LOG_TEXT("reason", "no \"end\" line\n"), LOG_NUM("records", 3),
		LOG_ERR(-EBADMSG));
	end_journal();
	assert_string_equal(line, "");
	assert_string_equal(entry, "PRIORITY=4\nSYSLOG_IDENTIFIER=parserd\n"
				   "MESSAGE=entry refused reason=\"no \\\"end\\\" line\\x0A\" "
				   "records=3 error=\"Bad message\"\n"
				   "PUNCHD_REASON=no \\\"end\\\" "
				   "line\\x0A\nPUNCHD_RECORDS=3\nPUNCHD_ERROR=Bad message\n");
}

/* As many as parserd has to say of what it stored. */
static void tells_the_journal_all(void **state)
{
	struct log_field fields[21];
	char text[32];

	(void)state;
	for (unsigned i = 0; i < 21; i++)
		fields[i] = (struct log_field)LOG_NUM("records", i);
	begin_journal(0, 0);
	log_event(LOG_LEVEL_INFO, "stored", fields, 21);
	end_journal();
	for (unsigned i = 0; i < 21; i++) {
		snprintf(text, sizeof(text), "\nPUNCHD_RECORDS=%u\n", i);
		assert_non_null(strstr(entry, text));
	}
}

static void falls_back_to_stderr(void **state)
{
	(void)state;
	begin_journal(-ENOBUFS, 0);
	log_info("better here than nowhere");
	end_journal();
	assert_string_equal(line, "parserd: better here than nowhere\n");
	begin_journal(0, 1); /* stderr was pointed elsewhere since */
	log_info("to stderr");
	end_journal();
	assert_string_equal(entry, "");
	assert_string_equal(line, "parserd: to stderr\n");
}

/* ---- the limit ---- */

static void lets_a_burst_through(void **state)
{
	struct log_limit limit = {.burst = 2, .window_ms = 1000};
	uint64_t dropped = 99;

	(void)state;
	assert_true(log_allow(&limit, 5000, &dropped));
	assert_int_equal(dropped, 0);
	assert_true(log_allow(&limit, 5100, &dropped));
	dropped = 99;
	assert_false(log_allow(&limit, 5200, &dropped));
	assert_false(log_allow(&limit, 5999, &dropped));
	assert_int_equal(dropped, 99);
	assert_true(log_allow(&limit, 6000, &dropped));
	assert_int_equal(dropped, 2);
	assert_true(log_allow(&limit, 6001, &dropped));
	assert_int_equal(dropped, 0);
	assert_false(log_allow(&limit, 6002, &dropped));
}

static int open_log(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	log_open("parserd", LOG_LEVEL_INFO);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_one_line),
		cmocka_unit_test(drops_what_is_not_asked_for),
		cmocka_unit_test(escapes_what_came_from_outside),
		cmocka_unit_test(keeps_only_sound_utf8),
		cmocka_unit_test(cuts_long_values),
		cmocka_unit_test(stays_one_line_when_it_is_full),
		cmocka_unit_test(keeps_errno),
		cmocka_unit_test(tells_the_journal),
		cmocka_unit_test(tells_the_journal_all),
		cmocka_unit_test(falls_back_to_stderr),
		cmocka_unit_test(lets_a_burst_through),
	};

	return cmocka_run_group_tests(tests, open_log, NULL);
}

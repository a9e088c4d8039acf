/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hello: the bytes of the handshake's reply, and that nothing brings a line of its own into it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmdqd/hello.h"
#include "cmdqd/learn.h"
#include "lib/io.h"

#define SAMPLES "tests/golden/samples/"
#define ALL_FLAGS                                                                               \
	"AttLog OpLog AttPhoto EnrollUser ChgUser EnrollFP ChgFP FPImag FACE UserPic WORKCODE " \
	"BioPhoto"

/* A terminal of today that last sent 9999 everywhere. */
static struct hello usual(void)
{
	struct hello h = {
		.serial = span_str("ABCD250100001"),
		.push_version = span_str("2.4.1"),
		.class = span_str("att"),
		.settings = {.error_delay_s = 30,
			.delay_s = 10,
			.trans_interval_min = 1,
			.trans_times = "00:00;14:05",
			.trans_flags = ALL_FLAGS,
			.time_zone = "Asia/Kolkata",
			.realtime = true},
		.zone_minutes = 330,
	};
	for (enum hello_table t = 0; t < HELLO_TABLES; t++)
		h.stamps[t] = span_str("9999");
	return h;
}

/* The reply as a C string in new memory. */
static char *reply(const struct hello *h)
{
	struct buf b = buf_with_max(4096);

	assert_int_equal(hello_put(&b, h), 0);
	assert_int_equal(buf_add(&b, "", 1), 0);
	return b.ptr;
}

static void assert_reply(const struct hello *h, const char *expected)
{
	char *got = reply(h);

	assert_string_equal(got, expected);
	free(got);
}

static void assert_has(const struct hello *h, const char *piece)
{
	char *got = reply(h);

	if (!strstr(got, piece))
		fail_msg("no \"%s\" in \"%s\"", piece, got);
	free(got);
}

static void assert_lacks(const struct hello *h, const char *piece)
{
	char *got = reply(h);

	if (strstr(got, piece))
		fail_msg("\"%s\" in \"%s\"", piece, got);
	free(got);
}

static char *sample(const char *path)
{
	struct buf b = buf_with_max(4096);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(io_read_all(fd, &b), 0);
	assert_int_equal(buf_add(&b, "", 1), 0);
	io_close(fd);
	return b.ptr;
}

static void test_recommended_bytes(void **state)
{
	struct hello h = usual();
	char *expected = sample(SAMPLES "server_handshake_recommended.bin");

	(void)state;
	assert_reply(&h, expected);
	free(expected);
}

/* The sample's shape without the blank line that its server put at the end. */
static void test_old_style_bytes(void **state)
{
	struct hello h = usual();
	char *expected = sample(SAMPLES "server_handshake_old_style.bin");

	(void)state;
	h.push_version = span_of(NULL, 0);
	h.stamps[HELLO_ATTLOG] = h.stamps[HELLO_OPERLOG] = span_str("583050990");
	h.stamps[HELLO_ATTPHOTO] = span_of(NULL, 0);
	h.settings.error_delay_s = 60;
	h.settings.delay_s = 30;
	h.zone_minutes = 480;
	expected[strlen(expected) - 1] = '\0';
	assert_reply(&h, expected);
	free(expected);
}

static void test_which_versions_speak_tokens(void **state)
{
	static const char *const old[] = {"", "1.9.9", "0", "1", "x.2", "-2.0", "2x", ".2"};
	static const char *const new[] = {"2.0", "2", "2.4.1", "3.1.2", "10.0"};
	struct hello h = usual();

	(void)state;
	for (size_t i = 0; i < sizeof(old) / sizeof(*old); i++) {
		h.push_version = span_str(old[i]);
		assert_lacks(&h, "ServerVer");
		assert_lacks(&h, "ATTLOGStamp");
		assert_has(&h, "TransFlag=111111111111\n");
	}
	for (size_t i = 0; i < sizeof(new) / sizeof(*new); i++) {
		h.push_version = span_str(new[i]);
		assert_has(&h, "\nServerVer=2.2.14\nPushProtVer=2.2.14\nPushOptionsFlag=1\n");
	}
}

static void test_access_control_hears_ok(void **state)
{
	struct hello h = usual();

	(void)state;
	h.class = span_str("acc");
	assert_reply(&h, "OK");
}

static void test_unknown_class_is_attendance(void **state)
{
	struct hello h = usual();

	(void)state;
	h.class = span_of(NULL, 0);
	assert_has(&h, "GET OPTION FROM: ABCD250100001\nATTLOGStamp=9999\n");
}

static void test_first_contact_is_zero(void **state)
{
	struct hello h = usual();

	(void)state;
	memset(h.stamps, 0, sizeof(h.stamps));
	assert_has(&h,
		"\nATTLOGStamp=0\nOPERLOGStamp=0\nATTPHOTOStamp=0\nBIODATAStamp=0\nIDCARDStamp=0\n"
		"ERRORLOGStamp=0\nStamp=0\nOpStamp=0\nPhotoStamp=0\nErrorDelay=");
}

static void test_each_table_has_its_own_stamp(void **state)
{
	static const char *const stamps[HELLO_TABLES] = {"1", "2", "3", "4", "5", "6"};
	struct hello h = usual();

	(void)state;
	for (enum hello_table t = 0; t < HELLO_TABLES; t++)
		h.stamps[t] = span_str(stamps[t]);
	assert_has(&h,
		"\nATTLOGStamp=1\nOPERLOGStamp=2\nATTPHOTOStamp=3\nBIODATAStamp=4\nIDCARDStamp=5\n"
		"ERRORLOGStamp=6\nStamp=1\nOpStamp=2\nPhotoStamp=3\n");
}

static void test_stamps_that_are_not_given_back(void **state)
{
	static char longest[HELLO_STAMP_MAX + 2];
	memset(longest, '9', HELLO_STAMP_MAX + 1);
	const struct span bad[] = {span_str("1\nICLOCKSVRURL=http://x"), span_str("1\rX"),
		span_str("1\t2"), span_of("1\0002", 3), span_str("\x7f"), span_str("\xe2\x80\xa8"),
		span_str("None"), span_str("none"), span_str(longest)};
	struct hello h = usual();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		h.stamps[HELLO_ATTLOG] = bad[i];
		assert_has(&h, "\nATTLOGStamp=0\n");
		assert_has(&h, "\nStamp=0\n");
	}
	h.stamps[HELLO_ATTLOG] = span_of(longest, HELLO_STAMP_MAX);
	assert_lacks(&h, "\nATTLOGStamp=0\n");
}

static void test_zone_forms(void **state)
{
	static const struct {
		int minutes;
		const char *line;
	} forms[] = {{330, "330"}, {345, "345"}, {570, "570"}, {-210, "-210"}, {720, "720"},
		{780, "780"}, {480, "8"}, {-300, "-5"}, {660, "11"}, {-660, "-11"}, {-720, "-720"},
		{0, "0"}};
	struct hello h = usual();
	char line[32];

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		h.zone_minutes = forms[i].minutes;
		snprintf(line, sizeof(line), "\nTimeZone=%s\n", forms[i].line);
		assert_has(&h, line);
	}
}

static void test_flags(void **state)
{
	struct hello h = usual();

	(void)state;
	h.settings.trans_flags = "  biophoto  AttLog ";
	assert_has(&h, "\nTransFlag=TransData BioPhoto\tAttLog\n");
	h.push_version = span_str("1.0");
	assert_has(&h, "\nTransFlag=100000000001\n");
	h.settings.trans_flags = "OpLog";
	assert_has(&h, "\nTransFlag=010000000000\n");
}

/* Each of these would be a fault of ours, so there is no reply rather than a bent one. */
static void test_nothing_brings_in_a_line(void **state)
{
	struct buf b = buf_with_max(4096);
	struct hello h = usual();

	(void)state;
	assert_int_equal(buf_add_str(&b, "before"), 0);
	h.serial = span_str("A\nICLOCKSVRURL=http://x");
	assert_int_equal(hello_put(&b, &h), -EINVAL);
	h = usual();
	h.settings.trans_times = "00:00\nICLOCKSVRURL=http://x";
	assert_int_equal(hello_put(&b, &h), -EINVAL);
	h = usual();
	h.settings.trans_flags = "AttLog OpLog\nICLOCKSVRURL=http://x";
	assert_int_equal(hello_put(&b, &h), -EINVAL);
	h.push_version = span_of(NULL, 0);
	assert_int_equal(hello_put(&b, &h), -EINVAL);
	assert_true(span_is(buf_span(&b), "before"));
	buf_free(&b);
}

static void test_no_room_leaves_the_buffer(void **state)
{
	struct buf b = buf_with_max(100);
	struct hello h = usual();

	(void)state;
	assert_int_equal(hello_put(&b, &h), -EMSGSIZE);
	assert_int_equal(b.len, 0);
	buf_free(&b);
}

static void test_own_settings_override(void **state)
{
	static char times[] = "00:00", flags[] = "AttLog", zone[] = "UTC";
	const struct conf conf = {.error_delay_s = 30,
		.delay_s = 10,
		.trans_interval_min = 1,
		.trans_times = times,
		.trans_flags = flags,
		.time_zone = zone,
		.realtime = true};
	struct device_settings own = {0};
	struct hello h = usual();

	(void)state;
	h.settings = settings_effective(&conf, &own);
	assert_has(&h, "\nErrorDelay=30\nDelay=10\nTransTimes=00:00\nTransInterval=1\n"
		       "TransFlag=TransData AttLog\nTimeZone=330\nRealtime=1\nEncrypt=0\n");
	assert_string_equal(h.settings.time_zone, "UTC");
	own = (struct device_settings){.error_delay_s = 300,
		.delay_s = 60,
		.trans_interval_min = 5,
		.trans_times = "12:00;13:00",
		.trans_flags = "OpLog",
		.time_zone = "Asia/Kolkata",
		.realtime = -1};
	h.settings = settings_effective(&conf, &own);
	assert_has(&h, "\nErrorDelay=300\nDelay=60\nTransTimes=12:00;13:00\nTransInterval=5\n"
		       "TransFlag=TransData OpLog\nTimeZone=330\nRealtime=0\nEncrypt=0\n");
	assert_string_equal(h.settings.time_zone, "Asia/Kolkata");
}

static void learn(struct device *d, const char *hello, const char *poll)
{
	static struct target t;

	if (hello) {
		assert_int_equal(target_parse(span_str(hello), &t), 0);
		learn_from_hello(d, &t);
	}
	if (poll) {
		assert_int_equal(target_parse(span_str(poll), &t), 0);
		learn_from_poll(d, &t);
	}
}

static void test_what_is_learnt(void **state)
{
	struct device d = {0};

	(void)state;
	learn(&d,
		"/iclock/"
		"cdata?SN=A&options=all&language=69&pushver=2.4.1&DeviceType=att&PushOptionsFlag=1",
		"/iclock/getrequest?SN=A&INFO=ZMM510 NF-Ver1.3,4,0,113,192.168.192.186,10");
	assert_string_equal(d.push_version, "2.4.1");
	assert_string_equal(d.language, "69");
	assert_string_equal(d.class, "att");
	assert_string_equal(d.firmware, "ZMM510 NF-Ver1.3");
	assert_string_equal(d.info, "ZMM510 NF-Ver1.3,4,0,113,192.168.192.186,10");
	/* Saying nothing of the class keeps it; sending no pushver is a fact. */
	learn(&d, "/iclock/cdata?SN=A&options=all", "/iclock/getrequest?SN=A&INFO=");
	assert_string_equal(d.push_version, "");
	assert_string_equal(d.class, "att");
	assert_string_equal(d.language, "69");
	assert_string_equal(d.firmware, "ZMM510 NF-Ver1.3");
	learn(&d, "/iclock/cdata?SN=A&devicetype=ACC&pushver=3.1.2%0aX=1", NULL);
	assert_string_equal(d.class, "acc");
	assert_string_equal(d.push_version, "3.1.2?X=1");
}

static void test_learnt_text_fits(void **state)
{
	char to[4] = "xyz";

	(void)state;
	learn_text(to, sizeof(to), span_str("abcdef"));
	assert_string_equal(to, "abc");
	learn_text(to, sizeof(to), span_str("wxyz"));
	assert_string_equal(to, "wxy");
	learn_text(to, sizeof(to), span_of("\0\n", 2));
	assert_string_equal(to, "??");
	learn_text(to, sizeof(to), span_of(NULL, 0));
	assert_string_equal(to, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recommended_bytes),
		cmocka_unit_test(test_old_style_bytes),
		cmocka_unit_test(test_which_versions_speak_tokens),
		cmocka_unit_test(test_access_control_hears_ok),
		cmocka_unit_test(test_unknown_class_is_attendance),
		cmocka_unit_test(test_first_contact_is_zero),
		cmocka_unit_test(test_each_table_has_its_own_stamp),
		cmocka_unit_test(test_stamps_that_are_not_given_back),
		cmocka_unit_test(test_zone_forms),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_nothing_brings_in_a_line),
		cmocka_unit_test(test_no_room_leaves_the_buffer),
		cmocka_unit_test(test_own_settings_override),
		cmocka_unit_test(test_what_is_learnt),
		cmocka_unit_test(test_learnt_text_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

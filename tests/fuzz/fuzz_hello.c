/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A handshake or poll by any target: what is learned of it can be kept, and nothing that a terminal
 * says, now or as a stamp, adds a line to a reply. docs/PROTOCOL.md 1.2 */
#include <errno.h>

#include "cmdqd/hello.h"
#include "cmdqd/learn.h"
#include "lib/target.h"
#include "tests/fuzz/fuzz.h"

#define REPLY_MAX 8192

static const char *const reply_keys[] = {"ATTLOGStamp", "OPERLOGStamp", "ATTPHOTOStamp",
	"BIODATAStamp", "IDCARDStamp", "ERRORLOGStamp", "Stamp", "OpStamp", "PhotoStamp",
	"ErrorDelay", "Delay", "TransTimes", "TransInterval", "TransFlag", "TimeZone", "Realtime",
	"Encrypt", "ServerVer", "PushProtVer", "PushOptionsFlag"};
#define REPLY_KEYS (sizeof(reply_keys) / sizeof(*reply_keys))

static bool is_text(const char *text, size_t room)
{
	size_t len = strnlen(text, room);

	return len < room && !fuzz_has_control(span_of(text, len));
}

static void check_learned(const struct device *d)
{
	struct buf b = buf_with_max(REPLY_MAX);
	struct device back;

	CHECK(is_text(d->push_version, sizeof(d->push_version)));
	CHECK(is_text(d->language, sizeof(d->language)));
	CHECK(is_text(d->firmware, sizeof(d->firmware)) && is_text(d->info, sizeof(d->info)));
	CHECK(!*d->class || strcmp(d->class, "att") == 0 || strcmp(d->class, "acc") == 0);
	CHECK(control_put_device(&b, d) == 0);
	CHECK(control_get_device(span_str(d->serial), buf_span(&b), &back) == 0);
	CHECK(strcmp(back.info, d->info) == 0 && strcmp(back.firmware, d->firmware) == 0);
	CHECK(strcmp(back.push_version, d->push_version) == 0);
	buf_free(&b);
}

static size_t key_index(struct span key)
{
	size_t i = 0;

	while (i < REPLY_KEYS && !span_is(key, reply_keys[i]))
		i++;
	return i;
}

static void check_line(struct span line, bool seen[static REPLY_KEYS])
{
	struct span key;
	size_t index;

	CHECK(span_next(&line, '=', &key) && line.len > 0);
	index = key_index(key);
	CHECK(index < REPLY_KEYS && !seen[index]);
	seen[index] = true;
	/* Only TransFlag has TABs, and only ours. */
	for (size_t i = 0; i < line.len; i++)
		CHECK(((unsigned char)line.ptr[i] >= 0x20 && (unsigned char)line.ptr[i] < 0x7f) ||
			(line.ptr[i] == '\t' && span_is(key, "TransFlag")));
}

static void check_reply(struct span reply, const struct hello *h)
{
	bool seen[REPLY_KEYS] = {false};
	size_t lines = 0;
	struct span line, rest = reply;

	if (span_is(h->class, "acc")) {
		CHECK(span_is(reply, "OK"));
		return;
	}
	CHECK(reply.len > 0 && reply.ptr[reply.len - 1] == '\n' && !span_has(reply, '\r'));
	CHECK(span_next_line(&rest, &line) && span_starts(line, "GET OPTION FROM: "));
	CHECK(span_eq(span_from(line, 17), h->serial));
	for (; span_next_line(&rest, &line); lines++)
		check_line(line, seen);
	CHECK(lines == 11 || lines == REPLY_KEYS);
	CHECK(seen[key_index(span_str("Stamp"))]);
	CHECK(seen[key_index(span_str("ServerVer"))] == (lines == REPLY_KEYS));
}

static void answer(const struct device *d, struct span stamp, int zone_minutes)
{
	struct buf b = buf_with_max(REPLY_MAX);
	struct hello h = {.serial = span_str(d->serial),
		.push_version = span_str(d->push_version),
		.class = span_str(d->class),
		.zone_minutes = zone_minutes};

	h.settings = (struct settings){.error_delay_s = 30,
		.delay_s = 10,
		.trans_interval_min = 1,
		.trans_times = "00:00;14:05",
		.trans_flags = "AttLog OpLog BioPhoto",
		.time_zone = "UTC"};
	for (int i = 0; i < HELLO_TABLES; i++)
		h.stamps[i] = stamp;
	CHECK(hello_put(&b, &h) == 0);
	check_reply(buf_span(&b), &h);
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct target t;
	struct device d = {.serial = "GATE_7-a", .state = DEVICE_APPROVED};
	struct target_upload u = {.stamp = {NULL, 0}};

	answer(&d, span_of(data, size), (int)(size % 1500) - 750);
	if (target_parse(span_of(data, size), &t) != 0)
		return 0;
	learn_from_hello(&d, &t);
	learn_from_poll(&d, &t);
	check_learned(&d);
	(void)!target_upload(&t, &u);
	answer(&d, u.stamp, 330);
	d.class[0] = '\0';
	answer(&d, u.stamp, -210);
	return 0;
}

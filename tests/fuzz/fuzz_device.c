/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device's record as text: read and written again it says the same; and no word of a terminal
 * becomes a line of it. */
#include <errno.h>

#include "store/control.h"
#include "tests/fuzz/fuzz.h"

#define RECORD_MAX (16 * 1024)

#define TEXT(member)                                                                     \
	{                                                                                \
		offsetof(struct device, member), sizeof(((struct device *)NULL)->member) \
	}
static const struct {
	size_t at, room;
} texts[] = {
	TEXT(address),
	TEXT(class),
	TEXT(push_version),
	TEXT(language),
	TEXT(firmware),
	TEXT(info),
	TEXT(set.trans_times),
	TEXT(set.trans_flags),
	TEXT(set.time_zone),
	TEXT(set.alias),
	TEXT(set.site),
	TEXT(set.comm_key),
	TEXT(set.networks),
	TEXT(set.charset),
	TEXT(set.direction),
	TEXT(set.card_form),
	TEXT(set.card_order),
	TEXT(set.wake),
	TEXT(set.zone_change),
	TEXT(key_refused_address),
	TEXT(network_refused_address),
};
static const size_t numbers[] = {
	offsetof(struct device, first_seen_us),
	offsetof(struct device, last_seen_us),
	offsetof(struct device, handshakes),
	offsetof(struct device, polls),
	offsetof(struct device, set.error_delay_s),
	offsetof(struct device, set.delay_s),
	offsetof(struct device, set.trans_interval_min),
	offsetof(struct device, set.batch_bytes),
	offsetof(struct device, last_hello_us),
	offsetof(struct device, last_poll_us),
	offsetof(struct device, key_refused_us),
	offsetof(struct device, key_good_us),
	offsetof(struct device, network_refused_us),
	offsetof(struct device, resend),
	offsetof(struct device, zone_told),
	offsetof(struct device, zone_queued),
};
#define TEXTS   (sizeof(texts) / sizeof(*texts))
#define NUMBERS (sizeof(numbers) / sizeof(*numbers))

static char *text_of(const struct device *d, size_t i)
{
	return (char *)(uintptr_t)d + texts[i].at;
}

static uint64_t *number_of(const struct device *d, size_t i)
{
	return (uint64_t *)(void *)((char *)(uintptr_t)d + numbers[i]);
}

static void check_same(const struct device *a, const struct device *b)
{
	CHECK(strcmp(a->serial, b->serial) == 0 && a->state == b->state);
	CHECK(a->set.realtime == b->set.realtime);
	for (size_t i = 0; i < TEXTS; i++)
		CHECK(strcmp(text_of(a, i), text_of(b, i)) == 0);
	for (size_t i = 0; i < NUMBERS; i++)
		CHECK(*number_of(a, i) == *number_of(b, i));
}

/* Every line is "key=value" of ours, and no key stands twice. */
static void check_lines(struct span text)
{
	struct span keys[64], line, key;
	size_t count = 0;

	CHECK(text.len > 0 && text.ptr[text.len - 1] == '\n');
	while (span_next_line(&text, &line)) {
		CHECK(!fuzz_has_control(line) && span_has(line, '='));
		CHECK(span_next(&line, '=', &key) && line.len > 0 && count < 64);
		for (size_t i = 0; i < count; i++)
			CHECK(!span_eq(keys[i], key));
		keys[count++] = key;
	}
}

static void check_written(const struct device *d)
{
	struct buf b = buf_with_max(RECORD_MAX), small = buf_with_max(1);
	struct device back;

	CHECK(control_put_device(&b, d) == 0);
	check_lines(buf_span(&b));
	CHECK(control_get_device(span_str(d->serial), buf_span(&b), &back) == 0);
	check_same(d, &back);
	small.max = b.len - 1;
	CHECK(control_put_device(&small, d) == -EMSGSIZE && small.len == 0);
	buf_free(&small);
	buf_free(&b);
}

static void check_ends(const struct device *d)
{
	for (size_t i = 0; i < TEXTS; i++)
		CHECK(memchr(text_of(d, i), '\0', texts[i].room) != NULL);
}

static void check_read(struct span text)
{
	struct device d;
	int rc = control_get_device(span_str("GATE_7-a"), text, &d);

	CHECK(rc == 0 || rc == -EUCLEAN);
	if (rc == 0) {
		CHECK(strcmp(d.serial, "GATE_7-a") == 0);
		check_ends(&d);
		CHECK(d.state <= DEVICE_REFUSED && d.set.realtime >= -1 && d.set.realtime <= 1);
		check_written(&d);
	}
	CHECK(control_get_device(span_of("A/B", 3), text, &d) == -EUCLEAN);
}

/* ---- a device of any words ---- */

static void take_text(struct span *rest, char *to, size_t room)
{
	struct span piece = fuzz_piece(rest);
	size_t len = 0;

	for (size_t i = 0; i < piece.len && len + 1 < room; i++)
		if (piece.ptr[i] != '\0')
			to[len++] = piece.ptr[i];
}

static uint64_t take_number(struct span *rest)
{
	struct span piece = fuzz_piece(rest);

	return piece.len ? fuzz_hash(piece) >> (piece.len * 7 & 63) : 0;
}

static void check_anything(struct span rest)
{
	struct device d = {.state = rest.len % 3, .serial = "A"};

	d.set.realtime = (int8_t)(rest.len / 3 % 3 - 1);
	for (size_t i = 0; i < TEXTS; i++)
		take_text(&rest, text_of(&d, i), texts[i].room);
	for (size_t i = 0; i < NUMBERS; i++)
		*number_of(&d, i) = take_number(&rest);
	check_written(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_read(span_of(data, size));
	check_anything(span_of(data, size));
	return 0;
}

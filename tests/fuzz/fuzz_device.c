/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device's record as text: read and written again it says the same; and no word of a terminal
 * becomes a line of it. */
#include <errno.h>

#include "store/control.h"
#include "tests/fuzz/fuzz.h"

#define RECORD_MAX (16 * 1024)

static void check_same(const struct device *a, const struct device *b)
{
	const struct device_settings *s = &a->set, *t = &b->set;

	CHECK(strcmp(a->serial, b->serial) == 0 && a->state == b->state);
	CHECK(a->first_seen_us == b->first_seen_us && a->last_seen_us == b->last_seen_us);
	CHECK(strcmp(a->address, b->address) == 0 && strcmp(a->class, b->class) == 0);
	CHECK(strcmp(a->push_version, b->push_version) == 0);
	CHECK(strcmp(a->language, b->language) == 0);
	CHECK(strcmp(a->firmware, b->firmware) == 0 && strcmp(a->info, b->info) == 0);
	CHECK(a->handshakes == b->handshakes && a->polls == b->polls);
	CHECK(s->error_delay_s == t->error_delay_s && s->delay_s == t->delay_s);
	CHECK(s->trans_interval_min == t->trans_interval_min && s->realtime == t->realtime);
	CHECK(strcmp(s->trans_times, t->trans_times) == 0);
	CHECK(strcmp(s->trans_flags, t->trans_flags) == 0);
	CHECK(strcmp(s->time_zone, t->time_zone) == 0);
}

/* Every line is "key=value" of ours, and no key stands twice. */
static void check_lines(struct span text)
{
	struct span keys[32], line, key;
	size_t count = 0;

	CHECK(text.len > 0 && text.ptr[text.len - 1] == '\n');
	while (span_next_line(&text, &line)) {
		CHECK(!fuzz_has_control(line) && span_has(line, '='));
		CHECK(span_next(&line, '=', &key) && line.len > 0 && count < 32);
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

#define ENDS(text) (memchr(text, '\0', sizeof(text)) != NULL)

static void check_ends(const struct device *d)
{
	CHECK(ENDS(d->address) && ENDS(d->class) && ENDS(d->push_version));
	CHECK(ENDS(d->language) && ENDS(d->firmware) && ENDS(d->info));
	CHECK(ENDS(d->set.trans_times) && ENDS(d->set.trans_flags) && ENDS(d->set.time_zone));
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
	take_text(&rest, d.address, sizeof(d.address));
	take_text(&rest, d.class, sizeof(d.class));
	take_text(&rest, d.push_version, sizeof(d.push_version));
	take_text(&rest, d.language, sizeof(d.language));
	take_text(&rest, d.firmware, sizeof(d.firmware));
	take_text(&rest, d.info, sizeof(d.info));
	take_text(&rest, d.set.trans_times, sizeof(d.set.trans_times));
	take_text(&rest, d.set.trans_flags, sizeof(d.set.trans_flags));
	take_text(&rest, d.set.time_zone, sizeof(d.set.time_zone));
	d.first_seen_us = take_number(&rest);
	d.last_seen_us = take_number(&rest);
	d.handshakes = take_number(&rest);
	d.polls = take_number(&rest);
	d.set.error_delay_s = take_number(&rest);
	d.set.delay_s = take_number(&rest);
	d.set.trans_interval_min = take_number(&rest);
	check_written(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_read(span_of(data, size));
	check_anything(span_of(data, size));
	return 0;
}

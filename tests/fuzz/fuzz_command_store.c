/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stored texts of a command, of a stray result and of an order's fate: read and written again
 * they say the same, and no word that came from outside becomes a line of them. */
#include <errno.h>

#include "store/command.h"
#include "tests/fuzz/fuzz.h"

#define RECORD_MAX (256 * 1024)

static bool ends(const char *text, size_t room)
{
	return memchr(text, '\0', room) != NULL;
}
#define ENDS(text) ends(text, sizeof(text))

/* Every line is "key=value", and no key stands twice. */
static void check_lines(struct span text)
{
	struct span keys[32], line, key;
	size_t count = 0;

	while (span_next_line(&text, &line)) {
		CHECK(!fuzz_has_control(line) && span_has(line, '='));
		CHECK(span_next(&line, '=', &key) && count < 32);
		for (size_t i = 0; i < count; i++)
			CHECK(!span_eq(keys[i], key));
		keys[count++] = key;
	}
}

/* ---- a command ---- */

static void check_same_command(const struct command *a, const struct command *b)
{
	CHECK(a->id == b->id && strcmp(a->serial, b->serial) == 0 && a->state == b->state);
	CHECK(strcmp(a->order, b->order) == 0 && strcmp(a->result, b->result) == 0);
	CHECK(strcmp(a->why, b->why) == 0 && a->owner_uid == b->owner_uid);
	CHECK(a->queued_us == b->queued_us && a->offered_us == b->offered_us);
	CHECK(a->ended_us == b->ended_us && a->expires_us == b->expires_us);
	CHECK(a->offers == b->offers && a->content_bytes == b->content_bytes);
	CHECK(a->has_return == b->has_return && a->return_code == b->return_code);
	CHECK(span_eq(a->text, b->text));
}

static void write_command(const struct command *c)
{
	struct buf b = buf_with_max(RECORD_MAX), into = buf_with_max(RECORD_MAX);
	struct buf small = buf_with_max(1);
	struct command back;

	CHECK(control_put_command(&b, c) == 0);
	check_lines(buf_span(&b));
	CHECK(control_get_command(c->id, buf_span(&b), &into, &back) == 0);
	check_same_command(c, &back);
	small.max = b.len - 1;
	CHECK(control_put_command(&small, c) == -EMSGSIZE && small.len == 0);
	buf_free(&small);
	buf_free(&into);
	buf_free(&b);
}

static void read_command(struct span text)
{
	struct buf into = buf_with_max(RECORD_MAX);
	struct command c;
	int rc = control_get_command(5, text, &into, &c);

	CHECK(rc == 0 || rc == -EUCLEAN);
	if (rc == 0) {
		CHECK(c.id == 5 && serial_valid(span_str(c.serial)) && c.state < COMMAND_STATES);
		CHECK(ENDS(c.order) && ENDS(c.result) && ENDS(c.why));
		CHECK(fuzz_inside(c.text, buf_span(&into)) && !span_has(c.text, '\0'));
		CHECK(c.has_return || c.return_code == 0);
		write_command(&c);
	}
	buf_free(&into);
}

/* ---- a stray, an order ---- */

static void read_stray(struct span text)
{
	struct buf b = buf_with_max(RECORD_MAX);
	struct stray s, back;
	int rc = control_get_stray(text, &s);

	CHECK(rc == 0 || rc == -EUCLEAN);
	if (rc == 0) {
		CHECK(serial_valid(span_str(s.serial)));
		CHECK(ENDS(s.entry) && ENDS(s.id) && ENDS(s.name) && ENDS(s.why));
		CHECK(control_put_stray(&b, &s) == 0);
		check_lines(buf_span(&b));
		CHECK(control_get_stray(buf_span(&b), &back) == 0);
		CHECK(strcmp(s.serial, back.serial) == 0 && strcmp(s.entry, back.entry) == 0);
		CHECK(strcmp(s.id, back.id) == 0 && strcmp(s.name, back.name) == 0);
		CHECK(strcmp(s.why, back.why) == 0 && s.received_us == back.received_us);
		CHECK(s.has_return == back.has_return && s.return_code == back.return_code);
	}
	buf_free(&b);
}

static void read_ordered(struct span text)
{
	struct buf b = buf_with_max(RECORD_MAX);
	struct ordered o, back;
	int rc = control_get_ordered(text, &o);

	CHECK(rc == 0 || rc == -EUCLEAN);
	if (rc == 0) {
		CHECK(ENDS(o.why) && control_put_ordered(&b, &o) == 0);
		check_lines(buf_span(&b));
		CHECK(control_get_ordered(buf_span(&b), &back) == 0);
		CHECK(o.id == back.id && strcmp(o.why, back.why) == 0);
	}
	buf_free(&b);
}

/* ---- of any words, and keys of any bytes ---- */

static void take_text(struct span *rest, char *to, size_t room)
{
	struct span piece = fuzz_piece(rest);
	size_t len = 0;

	for (size_t i = 0; i < piece.len && len + 1 < room; i++)
		if (piece.ptr[i] != '\0')
			to[len++] = piece.ptr[i];
}

static void write_anything(struct span rest)
{
	struct command c = {.id = rest.len, .serial = "A", .state = rest.len % COMMAND_STATES};

	take_text(&rest, c.order, sizeof(c.order));
	take_text(&rest, c.result, sizeof(c.result));
	take_text(&rest, c.why, sizeof(c.why));
	c.has_return = rest.len % 2;
	c.return_code = c.has_return ? (int64_t)fuzz_hash(rest) : 0;
	c.offers = rest.len;
	c.ended_us = fuzz_hash(rest);
	c.text = span_has(rest, '\0') ? span_of(NULL, 0) : rest;
	write_command(&c);
}

static void check_keys(struct span bytes)
{
	struct pack k = {.len = 0};
	struct span serial;
	uint64_t id;

	if (command_unpack_key(bytes, &serial, &id) == 0) {
		command_pack_key(&k, serial, id);
		CHECK(!k.failed && span_eq(pack_span(&k), bytes));
	}
	char entry[COMMAND_ORDER_BYTES * 2] = {0};
	take_text(&bytes, entry, sizeof(entry));
	pack_clear(&k);
	stray_pack_key(&k, entry, 7);
	CHECK(k.failed || k.len == 28);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);

	read_command(text);
	read_stray(text);
	read_ordered(text);
	write_anything(text);
	check_keys(text);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one terminal uploaded of somebody, told to another one: no name, password or template of the
 * first becomes a field or a line of ours. The input is
 * pin|name|privilege|group|timezones|password|kind|id|number|index|text of an item. */
#include <errno.h>

#include "cmdqd/introduce.h"
#include "lib/charset.h"
#include "lib/utf8.h"
#include "tests/fuzz/fuzz.h"

#define REPLY_MAX (256u * 1024)

static struct dialect dialect_of(uint64_t hash)
{
	static const enum able ables[] = {ABLE_YES, ABLE_UNKNOWN, ABLE_YES, ABLE_NO};

	return (struct dialect){
		.old = hash & 1,
		.charset = hash & 2 ? CHARSET_GB18030 : CHARSET_UTF_8,
		.card = (enum card_form)(hash / 4 % 4),
		.finger = ables[hash >> 8 & 3],
		.face = ables[hash >> 10 & 3],
		.userpic = ables[hash >> 12 & 3],
		.biophoto = ables[hash >> 14 & 3],
		.biodata = ables[hash >> 16 & 3],
	};
}

static struct span key_of(struct span pair)
{
	struct span key = {NULL, 0};

	CHECK(span_has(pair, '=') && span_next(&pair, '=', &key));
	return key;
}

/* Every field once: a second Pri= would make an administrator. */
static void check_fields(struct span fields, struct span pin)
{
	struct span keys[64], pair, key;
	size_t count = 0;

	while (span_next(&fields, '\t', &pair)) {
		key = key_of(pair);
		CHECK(key.len > 0 && count < 64);
		for (size_t i = 0; i < count; i++)
			CHECK(!span_eq_nocase(keys[i], key));
		keys[count++] = key;
		if (span_is_nocase(key, "PIN"))
			CHECK(span_eq(span_from(pair, key.len + 1), pin));
		if (span_is_nocase(key, "Pri"))
			CHECK(span_is(span_from(pair, key.len + 1), "0"));
	}
	CHECK(count > 1);
}

static void check_line(struct span line, struct span pin)
{
	struct span word;

	CHECK(line.len < INTRODUCE_LINE_MAX);
	for (size_t i = 0; i < line.len; i++)
		CHECK((unsigned char)line.ptr[i] >= 0x20 || line.ptr[i] == '\t');
	CHECK(span_next(&line, ' ', &word) && span_is(word, "DATA"));
	/* "UPDATE USERINFO", or of an old one "USER": the fields begin at PIN=. */
	while (!span_starts(line, "PIN=") && !span_starts(line, "Pin="))
		CHECK(line.len > 0 && span_next(&line, ' ', &word));
	check_fields(line, pin);
}

static int check_reply(struct introduction *n, struct span pin)
{
	struct buf reply = buf_with_max(REPLY_MAX);
	struct span rest, line;
	int told = introduce_put(n, &reply), lines = 0;

	CHECK(told >= 0);
	for (rest = buf_span(&reply); span_next_line(&rest, &line); lines++)
		check_line(line, pin);
	CHECK(lines == told);
	buf_free(&reply);
	return told;
}

/* A small reply has fewer lines, and each of them whole. */
static void check_small(const struct introduction *n, int most)
{
	struct buf reply = buf_with_max(300);
	int told = introduce_put(n, &reply);

	CHECK(told >= 0 && told <= most);
	CHECK(told == 0 || reply.ptr[reply.len - 1] == '\n');
	buf_free(&reply);
}

static struct person take_person(struct span *rest)
{
	struct person p = {.serial = span_str("GATE_7-a")};

	p.pin = fuzz_piece(rest);
	p.name = fuzz_piece(rest);
	p.privilege = fuzz_piece(rest);
	p.group = fuzz_piece(rest);
	p.timezones = fuzz_piece(rest);
	p.password = fuzz_piece(rest);
	p.card = p.password.len % 2 ? fuzz_hash(p.password) >> (p.password.len & 31) : 0;
	return p;
}

static struct item take_item(struct span *rest, struct span pin)
{
	struct item i = {.serial = span_str("GATE_7-a"), .ids[0] = pin};

	i.kind = span_is(fuzz_piece(rest), "picture") ? ITEM_PICTURE : ITEM_TEMPLATE;
	i.ids[1] = fuzz_piece(rest);
	i.ids[2] = fuzz_piece(rest);
	i.ids[3] = fuzz_piece(rest);
	i.id_count = item_id_count(i.kind);
	i.text = *rest;
	return i;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	const struct dialect d = dialect_of(fuzz_hash(rest));
	struct introduction n = {.dialect = &d};
	const struct person p = take_person(&rest);
	const struct item i = take_item(&rest, p.pin);
	int rc = introduce_user(&n, &p);

	CHECK(rc == 0 || rc == -EINVAL);
	CHECK(introduce_item(&n, &i) == 0);
	int told = check_reply(&n, p.pin);
	CHECK(told <= 2 && (rc < 0 || told >= 1));
	check_small(&n, told);
	introduce_free(&n);
	return 0;
}

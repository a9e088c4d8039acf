/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command: keys, values, and the readers' side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "store/command.h"
#include "store/env.h"
#include "store/schema.h"
#include "tests/unit/scratch.h"

#define NAME "0006000000000001-00000000000000aa"

static struct command full_command(void)
{
	return (struct command){.id = 17,
		.serial = "ABCD250100001",
		.state = COMMAND_FAILED,
		.order = NAME ".1",
		.owner_uid = 1000,
		.queued_us = 1,
		.offered_us = 2,
		.ended_us = UINT64_MAX,
		.expires_us = 4,
		.offers = 5,
		.has_return = true,
		.return_code = -1002,
		.result = NAME ".2",
		.why = "100%\nof it",
		.content_bytes = 6,
		.text = span_str("verb: user.add\npin: 1\nname: A\xc3\xa9 %41\n")};
}

static void assert_command(const struct command *a, const struct command *b)
{
	assert_true(a->id == b->id);
	assert_string_equal(a->serial, b->serial);
	assert_int_equal(a->state, b->state);
	assert_string_equal(a->order, b->order);
	assert_true(a->owner_uid == b->owner_uid && a->queued_us == b->queued_us);
	assert_true(a->offered_us == b->offered_us && a->ended_us == b->ended_us);
	assert_true(a->expires_us == b->expires_us && a->offers == b->offers);
	assert_int_equal(a->has_return, b->has_return);
	assert_true(a->return_code == b->return_code);
	assert_string_equal(a->result, b->result);
	assert_string_equal(a->why, b->why);
	assert_true(a->content_bytes == b->content_bytes);
	assert_true(span_eq(a->text, b->text));
}

static void round_trip(const struct command *c)
{
	struct buf b = buf_with_max(4096), into = buf_with_max(4096);
	struct command got;

	assert_int_equal(buf_add_str(&into, "of before"), 0);
	assert_int_equal(control_put_command(&b, c), 0);
	assert_int_equal(control_get_command(c->id, buf_span(&b), &into, &got), 0);
	assert_command(&got, c);
	buf_free(&into);
	buf_free(&b);
}

static void test_a_command_comes_back(void **state)
{
	struct command full = full_command();
	struct command bare = {.id = 1, .serial = "S"};
	struct command zero = {.serial = "S", .has_return = true, .text = span_of("\x01\x7f", 2)};

	(void)state;
	round_trip(&full);
	round_trip(&bare);
	round_trip(&zero);
	for (unsigned s = 0; s < COMMAND_STATES; s++) {
		full.state = s;
		round_trip(&full);
	}
	full.return_code = INT64_MIN;
	round_trip(&full);
}

static void test_its_text(void **state)
{
	struct command c = {.id = 1,
		.serial = "S",
		.has_return = true,
		.text = span_str("verb: raw\nline: x\nstate=done\n")};
	struct buf b = buf_with_max(4096);

	(void)state;
	assert_int_equal(control_put_command(&b, &c), 0);
	assert_true(span_is(buf_span(&b), "serial=S\nstate=queued\nreturn=0\n"
					  "text=verb: raw%0aline: x%0astate=done%0a\n"));
	buf_free(&b);
}

static void test_other_texts(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} cases[] = {
		{"serial=S\n", 0},
		{"serial=S\nof.a.newer.version=1\nstate=done\n", 0},
		{"serial=S\nstate=done", 0},
		{"", -EUCLEAN},
		{"state=done\n", -EUCLEAN},
		{"serial=no/serial\n", -EUCLEAN},
		{"serial=S\nno equals sign\n", -EUCLEAN},
		{"serial=S\nstate=neither\n", -EUCLEAN},
		{"serial=S\nstate=\n", -EUCLEAN},
		{"serial=S\noffers=x\n", -EUCLEAN},
		{"serial=S\noffers=-1\n", -EUCLEAN},
		{"serial=S\nreturn=9223372036854775808\n", -EUCLEAN},
		{"serial=S\nreturn=\n", -EUCLEAN},
		{"serial=S\ntext=%\n", -EUCLEAN},
		{"serial=S\ntext=%00\n", -EUCLEAN},
		{"serial=S\nwhy=%zz\n", -EUCLEAN},
		{"serial=123456789012345678901234567890123\n", -EUCLEAN},
	};
	struct buf into = buf_with_max(64);
	struct command c = {.id = 99};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		c.id = 99;
		int rc = control_get_command(5, span_str(cases[i].text), &into, &c);
		assert_int_equal(rc, cases[i].rc);
		assert_int_equal(c.id, rc == 0 ? 5 : 99);
	}
	buf_free(&into);
}

static void test_limits(void **state)
{
	struct command c = full_command();
	struct buf small = buf_with_max(64), b = buf_with_max(4096), into = buf_with_max(8);

	(void)state;
	assert_int_equal(buf_add_str(&small, "before"), 0);
	assert_int_equal(control_put_command(&small, &c), -EMSGSIZE);
	assert_int_equal(small.len, 6);
	assert_int_equal(control_put_command(&b, &c), 0);
	small.max = b.len - 1;
	small.len = 0;
	assert_int_equal(control_put_command(&small, &c), -EMSGSIZE);
	assert_int_equal(small.len, 0);
	assert_int_equal(control_get_command(1, buf_span(&b), &into, &c), -EMSGSIZE);
	buf_free(&into);
	buf_free(&b);
	buf_free(&small);
}

static void test_a_stray_comes_back(void **state)
{
	struct stray s = {.serial = "S",
		.entry = NAME ".1",
		.id = "12\n",
		.name = "DATA",
		.has_return = true,
		.return_code = -1,
		.received_us = 7,
		.why = "nobody asked"};
	struct stray got;
	struct buf b = buf_with_max(512);

	(void)state;
	assert_int_equal(control_put_stray(&b, &s), 0);
	assert_int_equal(control_get_stray(buf_span(&b), &got), 0);
	assert_string_equal(got.serial, s.serial);
	assert_string_equal(got.entry, s.entry);
	assert_string_equal(got.id, s.id);
	assert_string_equal(got.name, s.name);
	assert_true(got.has_return && got.return_code == -1 && got.received_us == 7);
	assert_string_equal(got.why, s.why);
	assert_int_equal(control_get_stray(span_str("entry=x\n"), &got), -EUCLEAN);
	assert_int_equal(control_get_stray(span_str("serial=T\nreturn=x\n"), &got), -EUCLEAN);
	assert_string_equal(got.serial, "S");
	buf_free(&b);
}

static void test_an_order_comes_back(void **state)
{
	struct ordered o = {.id = 12, .why = "no such\nverb"}, nothing = {.id = 0}, got = {.id = 5};
	struct buf b = buf_with_max(512);

	(void)state;
	assert_int_equal(control_put_ordered(&b, &o), 0);
	assert_int_equal(control_get_ordered(buf_span(&b), &got), 0);
	assert_int_equal(got.id, 12);
	assert_string_equal(got.why, o.why);
	assert_int_equal(control_get_ordered(span_str("id=x\n"), &got), -EUCLEAN);
	assert_int_equal(got.id, 12);
	buf_clear(&b);
	assert_int_equal(control_put_ordered(&b, &nothing), 0);
	assert_int_equal(control_get_ordered(buf_span(&b), &got), 0);
	assert_int_equal(got.id, 0);
	assert_string_equal(got.why, "");
	buf_free(&b);
}

static void test_states(void **state)
{
	static const char *const names[] = {
		"queued", "offered", "done", "failed", "expired", "cancelled"};

	(void)state;
	for (unsigned s = 0; s < COMMAND_STATES; s++)
		assert_string_equal(command_state_name(s), names[s]);
	assert_string_equal(command_state_name(COMMAND_STATES), "unknown");
}

/* ---- keys ---- */

static void test_keys(void **state)
{
	struct pack k = {.len = 0}, longer = {.len = 0}, id = {.len = 0};
	struct span serial;
	uint64_t got = 0;

	(void)state;
	command_pack_key(&k, span_str("AB"), 258);
	assert_false(k.failed);
	assert_int_equal(k.len, 11);
	assert_memory_equal(k.bytes, "AB\0\0\0\0\0\0\0\1\2", 11);
	assert_int_equal(command_unpack_key(pack_span(&k), &serial, &got), 0);
	assert_true(span_is(serial, "AB") && got == 258);
	/* A device's keys stand together: "AB" is before "ABC", whatever the ids. */
	command_pack_key(&longer, span_str("ABC"), 1);
	assert_true(memcmp(k.bytes, longer.bytes, k.len) < 0);
	command_pack_id(&id, 258);
	assert_int_equal(command_unpack_id(pack_span(&id), &got), 0);
	assert_int_equal(got, 258);
}

static void test_no_keys(void **state)
{
	struct pack k = {.len = 0};
	struct span serial;
	uint64_t id = 7;

	(void)state;
	command_pack_key(&k, span_str("no/serial"), 1);
	assert_true(k.failed);
	k = (struct pack){.len = 0};
	command_pack_key(&k, span_of(NULL, 0), 1);
	assert_true(k.failed);
	assert_int_equal(
		command_unpack_key(span_of("AB\0\0\0\0\0\0\0\1", 10), &serial, &id), -EUCLEAN);
	assert_int_equal(
		command_unpack_key(span_of("AB\0\0\0\0\0\0\0\1\2\3", 12), &serial, &id), -EUCLEAN);
	assert_int_equal(
		command_unpack_key(span_of("A/\0\0\0\0\0\0\0\1\2", 11), &serial, &id), -EUCLEAN);
	assert_int_equal(command_unpack_key(span_of("AB", 2), &serial, &id), -EUCLEAN);
	assert_int_equal(command_unpack_id(span_of("\0\0\0\0\0\0\1", 7), &id), -EUCLEAN);
	assert_int_equal(command_unpack_id(span_of("\0\0\0\0\0\0\0\1\0", 9), &id), -EUCLEAN);
	assert_int_equal(id, 7);
}

static bool stray_key(const char *entry, uint32_t ordinal, struct pack *ret)
{
	*ret = (struct pack){.len = 0};
	stray_pack_key(ret, entry, ordinal);
	return !ret->failed;
}

static void test_keys_of_strays(void **state)
{
	static const char *const bad[] = {"", "cmdqd", NAME, NAME ".", NAME ".0", NAME ".x",
		NAME ".4294967296", ".1", "x.1", NAME ".1.2.3", NAME "-and-so-on-and-on-and-on.1"};
	struct pack first, second, part;

	(void)state;
	assert_true(stray_key(NAME ".1", 0, &first));
	assert_int_equal(first.len, 28);
	assert_true(stray_key(NAME ".1", 1, &second));
	assert_true(memcmp(first.bytes, second.bytes, first.len) < 0);
	assert_true(stray_key(NAME ".2", 0, &first));
	assert_true(memcmp(second.bytes, first.bytes, first.len) < 0);
	assert_true(stray_key(NAME ".4.2", 0, &part)); /* a part that was set aside */
	assert_true(memcmp(part.bytes, first.bytes, first.len) > 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (stray_key(bad[i], 0, &part))
			fail_msg("'%s' made a key", bad[i]);
}

/* ---- the readers' side ---- */

struct room {
	const char *path;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbs[CONTROL_DBS];
};

static void put(struct room *r, enum control_db db, struct span key, struct span value)
{
	MDB_val k = env_val(key), v = env_val(value);

	assert_int_equal(mdb_put(r->txn, r->dbs[db], &k, &v, 0), 0);
}

static void put_history(struct room *r, uint64_t id, const char *serial)
{
	struct pack key = {.len = 0};

	command_pack_key(&key, span_str(serial), id);
	put(r, CONTROL_HISTORY, pack_span(&key), span_of(NULL, 0));
}

static void put_command(struct room *r, uint64_t id, const char *serial, enum command_state is)
{
	struct pack key = {.len = 0};
	struct buf b = buf_with_max(512);
	struct command c = {.id = id, .state = is, .text = span_str("verb: check\n")};

	memcpy(c.serial, serial, strlen(serial));
	command_pack_id(&key, id);
	assert_int_equal(control_put_command(&b, &c), 0);
	put(r, CONTROL_COMMAND, pack_span(&key), buf_span(&b));
	put_history(r, id, serial);
	buf_free(&b);
}

static void begin(struct room *r, const char *path)
{
	r->path = path;
	assert_int_equal(env_make(path), 0);
	assert_int_equal(env_open_writer(path, 1 << 20, CONTROL_DBS, &r->env), 0);
	assert_int_equal(mdb_txn_begin(r->env, NULL, 0, &r->txn), 0);
	assert_int_equal(control_open_dbs(r->txn, true, r->dbs), 0);
}

static struct control_reader *end(struct room *r)
{
	struct control_reader *reader;

	assert_int_equal(mdb_txn_commit(r->txn), 0);
	mdb_env_close(r->env);
	assert_int_equal(control_open(r->path, &reader), 0);
	return reader;
}

static int add_id(void *context, const struct command *c)
{
	assert_true(span_is(c->text, "verb: check\n"));
	return buf_printf(context, "%llu%c ", (unsigned long long)c->id, c->serial[0]);
}

static void assert_ids(struct control_reader *r, struct command_query q, const char *expected)
{
	struct buf seen = buf_with_max(256);

	assert_int_equal(control_commands(r, &q, add_id, &seen), 0);
	if (!span_is(buf_span(&seen), expected))
		fail_msg("'%.*s', not '%s'", (int)seen.len, seen.ptr, expected);
	buf_free(&seen);
}

#define Q(...) ((struct command_query){__VA_ARGS__})
#define OF(s)  .serial = span_str(s)

static void test_commands(void **state)
{
	struct room room;

	begin(&room, scratch_path(state, "control"));
	put_command(&room, 1, "A", COMMAND_DONE);
	put_command(&room, 2, "B", COMMAND_QUEUED);
	put_command(&room, 3, "A", COMMAND_OFFERED);
	put_command(&room, 255, "A", COMMAND_QUEUED);
	put_command(&room, 256, "C", COMMAND_FAILED);
	put_command(&room, 257, "AB", COMMAND_DONE);
	struct control_reader *r = end(&room);

	assert_ids(r, Q(.limit = 0), "257A 256C 255A 3A 2B 1A ");
	assert_ids(r, Q(.limit = 2), "257A 256C ");
	assert_ids(r, Q(.after = 3), "257A 256C 255A ");
	assert_ids(r, Q(.states = 1u << COMMAND_QUEUED), "255A 2B ");
	assert_ids(r, Q(.states = 1u << COMMAND_QUEUED | 1u << COMMAND_FAILED, .limit = 2),
		"256C 255A ");
	assert_ids(r, Q(OF("A")), "255A 3A 1A ");
	assert_ids(r, Q(OF("A"), .limit = 1), "255A ");
	assert_ids(r, Q(OF("A"), .after = 1), "255A 3A ");
	assert_ids(r, Q(OF("A"), .after = 255), "");
	assert_ids(r, Q(OF("A"), .states = 1u << COMMAND_DONE, .limit = 1), "1A ");
	assert_ids(r, Q(OF("AB")), "257A ");
	assert_ids(r, Q(OF("B")), "2B ");
	assert_ids(r, Q(OF("C")), "256C "); /* the last key of all */
	assert_ids(r, Q(OF("0")), "");      /* before the first */
	assert_ids(r, Q(OF("AA")), "");
	assert_ids(r, Q(OF("Z")), "");
	control_close(r);
}

static int stop_at_once(void *context, const struct command *c)
{
	(void)c;
	++*(int *)context;
	return 1;
}

static void test_a_visit_may_end_it(void **state)
{
	struct room room;
	struct command_query all = {.limit = 0}, none = {OF("no/serial")};
	int seen = 0;

	begin(&room, scratch_path(state, "control"));
	put_command(&room, 1, "A", COMMAND_DONE);
	put_command(&room, 2, "A", COMMAND_DONE);
	struct control_reader *r = end(&room);
	assert_int_equal(control_commands(r, &all, stop_at_once, &seen), 1);
	assert_int_equal(seen, 1);
	assert_int_equal(control_commands(r, &none, stop_at_once, &seen), -EINVAL);
	control_close(r);
}

static void test_damage(void **state)
{
	struct room room;
	struct command_query all = {.limit = 0}, a = {OF("A")}, b = {OF("B")};
	struct pack key = {.len = 0};
	struct buf seen = buf_with_max(64);

	begin(&room, scratch_path(state, "control"));
	put_command(&room, 1, "A", COMMAND_DONE);
	put_history(&room, 2, "B");
	command_pack_id(&key, 3);
	put(&room, CONTROL_COMMAND, pack_span(&key), span_str("of another form"));
	struct control_reader *r = end(&room);
	assert_int_equal(control_commands(r, &all, add_id, &seen), -EUCLEAN);
	assert_int_equal(control_commands(r, &b, add_id, &seen), -EUCLEAN);
	assert_int_equal(control_commands(r, &a, add_id, &seen), 0);
	control_close(r);
	buf_free(&seen);
}

static void test_one_command(void **state)
{
	struct room room;
	struct buf into = buf_with_max(64);
	struct command c;

	begin(&room, scratch_path(state, "control"));
	put_command(&room, 7, "A", COMMAND_OFFERED);
	struct control_reader *r = end(&room);
	assert_int_equal(control_command(r, 7, &into, &c), 0);
	assert_int_equal(c.state, COMMAND_OFFERED);
	assert_int_equal(c.id, 7);
	assert_true(span_is(c.text, "verb: check\n"));
	assert_int_equal(control_command(r, 8, &into, &c), -ENOENT);
	control_close(r);
	buf_free(&into);
}

static int add_stray(void *context, const struct stray *s)
{
	return buf_printf(context, "%s ", s->id);
}

static void put_stray(struct room *r, const char *entry, uint32_t ordinal, const char *id)
{
	struct stray s = {.serial = "A"};
	struct pack key;
	struct buf b = buf_with_max(512);

	memcpy(s.id, id, strlen(id));
	assert_true(stray_key(entry, ordinal, &key));
	assert_int_equal(control_put_stray(&b, &s), 0);
	put(r, CONTROL_STRAY, pack_span(&key), buf_span(&b));
	buf_free(&b);
}

static void test_beside_them(void **state)
{
	struct room room;
	struct buf b = buf_with_max(64);
	struct ordered o;

	begin(&room, scratch_path(state, "control"));
	put_stray(&room, NAME ".2", 0, "third");
	put_stray(&room, NAME ".1", 1, "second");
	put_stray(&room, NAME ".1", 0, "first");
	put(&room, CONTROL_ORDER, span_str(NAME ".1"), span_str("id=9\n"));
	put(&room, CONTROL_FACT, span_str("A"), span_str("UserCount=3\n"));
	struct control_reader *r = end(&room);

	assert_int_equal(control_strays(r, add_stray, &b), 0);
	assert_true(span_is(buf_span(&b), "first second third "));
	assert_int_equal(control_facts(r, span_str("A"), &b), 0);
	assert_true(span_is(buf_span(&b), "UserCount=3\n"));
	assert_int_equal(control_facts(r, span_str("B"), &b), -ENOENT);
	assert_int_equal(control_facts(r, span_of(NULL, 0), &b), -ENOENT);
	assert_int_equal(control_ordered(r, NAME ".1", &o), 0);
	assert_int_equal(o.id, 9);
	assert_int_equal(control_ordered(r, NAME ".2", &o), -ENOENT);
	assert_int_equal(control_ordered(r, "", &o), -ENOENT);
	control_close(r);
	buf_free(&b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_command_comes_back),
		cmocka_unit_test(test_its_text),
		cmocka_unit_test(test_other_texts),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_a_stray_comes_back),
		cmocka_unit_test(test_an_order_comes_back),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_no_keys),
		cmocka_unit_test(test_keys_of_strays),
		TEST(test_commands),
		TEST(test_a_visit_may_end_it),
		TEST(test_damage),
		TEST(test_one_command),
		TEST(test_beside_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records_item: the state is a function of the set of what was put. Random sets, in any order,
 * twice, with aborts, reopenings and a power cut between the two commits, end byte for byte the
 * same but for the numbers; and what the readers find is what a model in memory says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parserd/records.h"
#include "store/follow.h"
#include "store/known.h"
#include "tests/unit/scratch.h"

#define ENTRY     "0006478f9d5e0040-0123456789abcdef"
#define SET_MAX   120
#define LONG_TEXT 150000

/* ---- opening ---- */

static struct records_writer *open_writer(void **state)
{
	struct records_writer *w;
	char private_path[SCRATCH_BYTES + 128];

	snprintf(private_path, sizeof(private_path), "%s", scratch_path(state, "private"));
	assert_int_equal(
		records_writer_open(scratch_path(state, "records"), private_path, 1 << 20, &w), 0);
	return w;
}

static struct records_reader *open_reader(void **state)
{
	struct records_reader *r;
	char private_path[SCRATCH_BYTES + 128];

	snprintf(private_path, sizeof(private_path), "%s", scratch_path(state, "private"));
	assert_int_equal(items_open(scratch_path(state, "records"), private_path, &r), 0);
	assert_true(records_has_private(r));
	return r;
}

/* ---- what can be put ---- */

enum what { PUT_ITEM, ADD_LOG, ADD_PHOTO, ADD_RAW, ERASE };

struct thing {
	enum what what;
	struct item item;
	struct logged logged;
	struct photo photo;
	struct kept kept;
	char ids[5][16], text[32];
	uint64_t received_us;
	struct entry_ref entry;
};

static char long_text[LONG_TEXT];

static unsigned pick(unsigned below)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 32) % below;
}

static const char *const pins[] = {"1", "12", "2"};
static const char *const serials[] = {"A", "AB"};

/* As terminals send them, and what numbers they may be. */
#define CARDS 5
static const struct card {
	const char *sent;
	uint64_t numbers[2];
} cards[CARDS] = {{"1", {1}}, {"[0100]", {1, 256}}, {"[0001]", {256, 1}}, {"[]", {0}}, {"", {0}}};

static void make_item(struct thing *t, unsigned number)
{
	static const enum item_kind kinds[] = {ITEM_USER, ITEM_CREDENTIAL, ITEM_TEMPLATE,
		ITEM_MESSAGE, ITEM_SECRET, ITEM_CLEARED, ITEM_WORKCODE, ITEM_CLEARED};
	static const char *const words[] = {"all", "users", "fingers", "finger 6", "password"};
	struct item *i = &t->item;

	i->kind = kinds[pick(8)];
	i->id_count = item_id_count(i->kind);
	for (size_t n = 0; n < i->id_count; n++)
		snprintf(t->ids[n], sizeof(t->ids[n]), "%s", pins[pick(3)]);
	if (i->kind == ITEM_TEMPLATE) {
		snprintf(t->ids[1], sizeof(t->ids[1]), "%s", pick(2) ? "finger" : "face");
		snprintf(t->ids[2], sizeof(t->ids[2]), "%u", 6 + pick(2));
	}
	if (i->kind == ITEM_SECRET)
		snprintf(t->ids[0], sizeof(t->ids[0]), "%s", pick(2) ? "n" : "o");
	if (i->kind == ITEM_CLEARED) {
		snprintf(t->ids[0], sizeof(t->ids[0]), "%s", words[pick(5)]);
		snprintf(t->ids[1], sizeof(t->ids[1]), "%s", pick(2) ? pins[pick(3)] : "");
	}
	snprintf(t->text, sizeof(t->text), "name=%u\n", pick(4));
	if (i->kind == ITEM_CREDENTIAL)
		snprintf(t->text, sizeof(t->text), "card.sent=%s\n", cards[pick(CARDS)].sent);
	/* Several texts with the same bytes, and some without. */
	if (i->kind == ITEM_TEMPLATE && pick(4) > 0)
		snprintf(t->text, sizeof(t->text), "valid=%u\n\nbytes%u", pick(2), pick(3));
	i->place = number; /* a version is one text */
	i->flags = pick(4) == 0 ? ITEM_DELETED : 0;
}

static void make_thing(struct thing *t, unsigned number)
{
	static const enum what whats[] = {PUT_ITEM, PUT_ITEM, PUT_ITEM, PUT_ITEM, PUT_ITEM,
		PUT_ITEM, ADD_LOG, ADD_PHOTO, ADD_RAW, ERASE};

	*t = (struct thing){.what = whats[pick(10)], .received_us = 1000 + pick(20)};
	snprintf(t->entry.name, sizeof(t->entry.name), "%s", ENTRY);
	t->entry.name[15] = (char)('0' + pick(3));
	t->entry.number = 1 + pick(3);
	if (t->what == ERASE && pick(3) > 0)
		t->what = PUT_ITEM;
	snprintf(t->text, sizeof(t->text), "line %u", pick(3));
	snprintf(t->ids[0], sizeof(t->ids[0]), "%s", pins[pick(3)]);
	if (t->what == PUT_ITEM)
		make_item(t, number);
	t->logged.kind = pick(2) ? LOG_OPERATION : LOG_ERROR;
	t->photo.bytes = pick(2);
	t->photo.digest[0] = (unsigned char)t->photo.bytes;
	if (pick(4) == 0)
		t->text[0] = '\0'; /* the long text */
}

/* The structs point into the thing, so they are filled when it has its place. */
static void settle_thing(struct thing *t)
{
	struct clock_local time = {2026, 1, 5, 8, 0, 0};
	struct span serial = span_str(serials[t->received_us % 2]);
	struct span text = t->text[0] ? span_str(t->text)
				      : span_of(long_text, sizeof(long_text) - t->item.place);

	for (size_t n = 0; n < ITEM_IDS_MAX; n++)
		t->item.ids[n] = span_str(t->ids[n]);
	t->item.serial = t->logged.serial = t->photo.serial = t->kept.serial = serial;
	t->item.received_us = t->logged.received_us = t->photo.received_us = t->kept.received_us =
		t->received_us;
	t->item.entry = t->logged.entry = t->photo.entry = t->kept.entry = t->entry;
	t->item.text = t->logged.line = t->kept.bytes = text;
	t->logged.time = t->photo.time = time;
	t->photo.pin = span_str(t->ids[0]);
	snprintf(t->photo.name, sizeof(t->photo.name), "%s-%u.jpg", t->ids[0],
		(unsigned)t->photo.bytes);
	t->kept.table = span_str(t->logged.kind == LOG_ERROR ? "ATTLOG" : "OPERLOG");
	t->kept.note = span_str("note");
}

static int ignore_photo(void *context, const struct photo *p)
{
	(void)context, (void)p;
	return 0;
}

static int put(struct records_writer *w, const struct thing *t)
{
	switch (t->what) {
	case PUT_ITEM:
		return records_put_item(w, &t->item);
	case ADD_LOG:
		return records_add_log(w, &t->logged);
	case ADD_PHOTO:
		return records_add_photo(w, &t->photo);
	case ADD_RAW:
		return records_add_raw(w, &t->kept);
	case ERASE:
		return records_erase_pin(w, span_str(t->ids[0]), t->received_us, &t->entry,
			UINT64_MAX, ignore_photo, NULL);
	}
	return -EINVAL;
}

/* ---- putting a set ---- */

struct set {
	struct thing things[SET_MAX];
	unsigned count;
	unsigned order[2 * SET_MAX];
};

static void make_set(struct set *s, unsigned count)
{
	s->count = count;
	for (unsigned i = 0; i < count; i++) {
		make_thing(&s->things[i], i);
		settle_thing(&s->things[i]);
	}
}

static void shuffle(struct set *s)
{
	for (unsigned i = 0; i < 2 * s->count; i++)
		s->order[i] = i % s->count;
	for (unsigned i = 2 * s->count; i > 1; i--) {
		unsigned other = pick(i), kept = s->order[i - 1];
		s->order[i - 1] = s->order[other];
		s->order[other] = kept;
	}
}

/* Things [from, end) of the order in one transaction. */
static int put_some(struct records_writer *w, const struct set *s, unsigned from, unsigned end)
{
	int rc = records_begin(w);

	for (; rc >= 0 && from < end; from++)
		rc = put(w, &s->things[s->order[from]]);
	return rc;
}

static unsigned grown;

static void must_put(struct records_writer *w, const struct set *s, unsigned from, unsigned end)
{
	int rc;

	for (;;) {
		rc = put_some(w, s, from, end);
		if (rc >= 0)
			rc = records_commit(w);
		if (rc != -EXFULL)
			break;
		records_abort(w);
		assert_int_equal(records_grow(w), 0);
		grown++;
	}
	assert_int_equal(rc, 0);
}

static void copy_file(const char *from, const char *to)
{
	char bytes[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC),
	    out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t len;

	assert_true(in >= 0 && out >= 0);
	while ((len = read(in, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(out, bytes, (size_t)len), len);
	assert_int_equal(len, 0);
	close(in);
	close(out);
}

/* A power cut between the two commits: the private environment has it and the other one has not.
 * No writer may be open. */
static void copy_records(void **state, bool back)
{
	char data[SCRATCH_BYTES + 128], saved[SCRATCH_BYTES + 128];

	snprintf(data, sizeof(data), "%s", scratch_path(state, "records/data.mdb"));
	snprintf(saved, sizeof(saved), "%s", scratch_path(state, "saved"));
	copy_file(back ? saved : data, back ? data : saved);
}

static struct records_writer *cut_power_between(
	void **state, struct records_writer *w, const struct set *s, unsigned from, unsigned end)
{
	records_writer_close(w);
	copy_records(state, false);
	w = open_writer(state);
	must_put(w, s, from, end);
	records_writer_close(w);
	copy_records(state, true);
	return open_writer(state);
}

static void put_set(void **state, const struct set *s)
{
	struct records_writer *w = open_writer(state);
	unsigned end;

	for (unsigned from = 0; from < 2 * s->count; from = end) {
		end = from + 1 + pick(12);
		end = end < 2 * s->count ? end : 2 * s->count;
		if (pick(3) == 0) {
			(void)put_some(w, s, from, end);
			records_abort(w);
		}
		if (pick(6) == 0) {
			records_writer_close(w);
			w = open_writer(state);
		}
		/* After it other uploads may come first. */
		if (pick(4) == 0)
			w = cut_power_between(state, w, s, pick(2) ? from : pick(end), end);
		must_put(w, s, from, end);
	}
	records_writer_close(w);
}

/* ---- what is in the environments, but for the numbers ---- */

static bool starts_with_seq(const char *name)
{
	static const char *const those[] = {
		"item", "version", "raw", "refused", "log", "photo", "punch"};

	for (size_t i = 0; i < sizeof(those) / sizeof(*those); i++)
		if (strcmp(name, those[i]) == 0)
			return true;
	return false;
}

static void dump_db(MDB_txn *txn, const char *name, struct buf *out)
{
	MDB_dbi db;
	MDB_cursor *cursor;
	MDB_val key, value;
	size_t skip = starts_with_seq(name) ? 8 : 0;

	assert_int_equal(mdb_dbi_open(txn, name, 0, &db), 0);
	assert_int_equal(mdb_cursor_open(txn, db, &cursor), 0);
	assert_int_equal(buf_printf(out, "[%s]", name), 0);
	while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
		if (strcmp(name, "meta") == 0 && key.mv_size == 3)
			continue;
		assert_int_equal(buf_printf(out, "%zu %zu ", key.mv_size, value.mv_size), 0);
		assert_int_equal(buf_add(out, key.mv_data, key.mv_size), 0);
		assert_int_equal(
			buf_add(out, (const char *)value.mv_data + skip, value.mv_size - skip), 0);
	}
	mdb_cursor_close(cursor);
}

static void dump_env(const char *path, const char *const *names, struct buf *out)
{
	MDB_env *env;
	MDB_txn *txn;

	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, 16), 0);
	assert_int_equal(mdb_env_open(env, path, MDB_RDONLY, 0), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
	for (; *names != NULL; names++)
		dump_db(txn, *names, out);
	mdb_txn_abort(txn);
	mdb_env_close(env);
}

static struct buf dump(void **state)
{
	static const char *const shared[] = {"punch", "raw", "refused", "stamp", "item", "version",
		"content", "uses", "log", "photo", "meta", NULL};
	static const char *const private[] = {"item", "version", "content", "uses", "raw",
		"refused", "erased", "ahead", "known", "meta", NULL};
	struct buf out = buf_with_max(64 << 20);

	dump_env(scratch_path(state, "records"), shared, &out);
	dump_env(scratch_path(state, "private"), private, &out);
	return out;
}

/* ---- the model ---- */

static int compare_arrival(const struct thing *a, const struct thing *b)
{
	if (a->received_us != b->received_us)
		return a->received_us < b->received_us ? -1 : 1;
	int order = strcmp(a->entry.name, b->entry.name);
	if (order != 0)
		return order;
	if (a->entry.number != b->entry.number)
		return a->entry.number < b->entry.number ? -1 : 1;
	return 0;
}

static int compare_versions(const struct thing *a, const struct thing *b)
{
	int order = compare_arrival(a, b);

	return order != 0 ? order
			  : (a->item.place > b->item.place) - (a->item.place < b->item.place);
}

static bool is_gone(const struct set *s, const struct thing *t, struct span pin)
{
	for (unsigned i = 0; i < s->count; i++) {
		const struct thing *e = &s->things[i];
		if (e->what == ERASE && span_is(pin, e->ids[0]) && compare_arrival(t, e) <= 0)
			return true;
	}
	return false;
}

static bool is_version(const struct set *s, const struct thing *t)
{
	return t->what == PUT_ITEM && !is_gone(s, t, item_pin(&t->item));
}

static bool is_same_item(const struct item *a, const struct item *b)
{
	if (a->kind != b->kind || !span_eq(a->serial, b->serial))
		return false;
	for (size_t n = 0; n < a->id_count; n++)
		if (!span_eq(a->ids[n], b->ids[n]))
			return false;
	return true;
}

static bool model_holds(const struct set *s, const struct thing *t)
{
	for (unsigned i = 0; i < s->count; i++) {
		const struct thing *o = &s->things[i];
		if (!is_version(s, o) || !is_same_item(&o->item, &t->item))
			continue;
		int order = compare_versions(o, t);
		if (t->item.kind == ITEM_CLEARED ? order < 0 : order > 0)
			return false;
	}
	return true;
}

static uint32_t model_flags(const struct set *s, const struct thing *t)
{
	uint32_t flags = t->item.flags;

	for (unsigned i = 0; i < s->count; i++) {
		const struct thing *m = &s->things[i];
		if (m->what != PUT_ITEM || m->item.kind != ITEM_CLEARED || !model_holds(s, m) ||
			!span_eq(m->item.serial, t->item.serial) || compare_versions(m, t) <= 0)
			continue;
		if (m->ids[1][0] != '\0' && !span_is(item_pin(&t->item), m->ids[1]))
			continue;
		flags |= item_cleared_by(m->item.ids[0], &t->item);
	}
	return flags;
}

/* ---- the readers against the model ---- */

struct seen {
	const struct set *set;
	unsigned items, versions;
	uint32_t place; /* of the last version */
};

static const struct thing *thing_of(const struct set *s, const struct item *i)
{
	const struct thing *t = &s->things[i->place];

	assert_true(i->place < s->count && t->what == PUT_ITEM);
	assert_true(is_same_item(&t->item, i));
	assert_int_equal(i->received_us, t->received_us);
	assert_string_equal(i->entry.name, t->entry.name);
	assert_true(span_eq(i->text, t->item.text));
	assert_true(is_version(s, t));
	return t;
}

static int see_item(void *context, const struct item *i)
{
	struct seen *seen = context;
	const struct thing *t = thing_of(seen->set, i);

	assert_true(model_holds(seen->set, t));
	assert_int_equal(i->flags, model_flags(seen->set, t));
	seen->items++;
	return 0;
}

static int see_version(void *context, const struct item *i)
{
	struct seen *seen = context;
	const struct thing *t = thing_of(seen->set, i);

	assert_int_equal(i->flags, t->item.flags);
	if (seen->versions++ > 0)
		assert_true(compare_versions(&seen->set->things[seen->place], t) < 0);
	seen->place = i->place;
	return 0;
}

static unsigned see_items(struct records_reader *r, const struct set *s, const struct item_query *q)
{
	struct seen seen = {.set = s};

	assert_int_equal(items_each(r, q, see_item, &seen), 0);
	return seen.items;
}

static void assert_kind(struct records_reader *r, const struct set *s, enum item_kind kind)
{
	unsigned all = 0, not_deleted = 0, of_one = 0, at_one = 0;

	for (unsigned i = 0; i < s->count; i++) {
		const struct thing *t = &s->things[i];
		if (!is_version(s, t) || t->item.kind != kind || !model_holds(s, t))
			continue;
		all++;
		not_deleted += (model_flags(s, t) & ITEM_DELETED) == 0;
		of_one += span_is(item_pin(&t->item), "1");
		at_one += span_is(t->item.serial, "A");
	}
	assert_int_equal(see_items(r, s, &(struct item_query){.kind = kind, .deleted = true}), all);
	assert_int_equal(see_items(r, s, &(struct item_query){.kind = kind}), not_deleted);
	assert_int_equal(
		see_items(r, s,
			&(struct item_query){.kind = kind, .deleted = true, .pin = span_str("1")}),
		of_one);
	assert_int_equal(see_items(r, s,
				 &(struct item_query){
					 .kind = kind, .deleted = true, .serial = span_str("A")}),
		at_one);
}

static void assert_history(struct records_reader *r, const struct set *s, const struct thing *t)
{
	struct seen seen = {.set = s};
	unsigned wanted = 0;

	for (unsigned i = 0; i < s->count; i++)
		wanted +=
			is_version(s, &s->things[i]) && is_same_item(&s->things[i].item, &t->item);
	assert_int_equal(items_history(r, &t->item, see_version, &seen), 0);
	assert_int_equal(seen.versions, wanted);
}

static void assert_readers(struct records_reader *r, const struct set *s)
{
	static const enum item_kind kinds[] = {ITEM_USER, ITEM_CREDENTIAL, ITEM_TEMPLATE,
		ITEM_MESSAGE, ITEM_SECRET, ITEM_WORKCODE};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		assert_kind(r, s, kinds[i]);
	for (unsigned i = 0; i < s->count; i++)
		if (s->things[i].what == PUT_ITEM)
			assert_history(r, s, &s->things[i]);
}

/* ---- logs and photos against the model ---- */

struct found {
	const struct set *set;
	unsigned count;
};

static int find_line(void *context, const struct logged *l)
{
	struct found *f = context;
	unsigned same = 0, first = 0;

	f->count++;
	for (unsigned i = 0; i < f->set->count; i++) {
		const struct thing *t = &f->set->things[i];
		if (t->what != ADD_LOG || t->logged.kind != l->kind ||
			!span_eq(t->logged.serial, l->serial) || !span_eq(t->logged.line, l->line))
			continue;
		same++;
		first += t->received_us == l->received_us && t->entry.number == l->entry.number;
		assert_true(t->received_us >= l->received_us);
	}
	assert_true(same > 0 && first > 0);
	return 0;
}

static int find_photo(void *context, const struct photo *p)
{
	struct found *f = context;
	unsigned last = 0;

	f->count++;
	for (unsigned i = 0; i < f->set->count; i++) {
		const struct thing *t = &f->set->things[i];
		if (t->what != ADD_PHOTO || t->photo.bytes != p->bytes ||
			!span_eq(t->photo.serial, p->serial) || !span_eq(t->photo.pin, p->pin) ||
			is_gone(f->set, t, t->photo.pin))
			continue;
		last += t->received_us == p->received_us && t->entry.number == p->entry.number;
		assert_true(t->received_us <= p->received_us);
	}
	assert_true(last > 0);
	return 0;
}

static bool is_first_like_it(const struct set *s, unsigned at)
{
	const struct thing *t = &s->things[at];

	for (unsigned i = 0; i < at; i++) {
		const struct thing *o = &s->things[i];
		if (o->what != t->what || !span_eq(o->logged.serial, t->logged.serial))
			continue;
		if (t->what == ADD_LOG && o->logged.kind == t->logged.kind &&
			span_eq(o->logged.line, t->logged.line))
			return false;
		if (t->what == ADD_PHOTO && o->photo.bytes == t->photo.bytes &&
			span_eq(o->photo.pin, t->photo.pin) && !is_gone(s, o, o->photo.pin))
			return false;
	}
	return t->what != ADD_PHOTO || !is_gone(s, t, t->photo.pin);
}

static void assert_logbook(struct records_reader *r, const struct set *s)
{
	struct found lines = {.set = s}, photos = {.set = s};
	struct punch_query all = {.limit = 0};
	unsigned wanted_lines = 0, wanted_photos = 0;

	for (unsigned i = 0; i < s->count; i++) {
		wanted_lines += s->things[i].what == ADD_LOG && is_first_like_it(s, i);
		wanted_photos += s->things[i].what == ADD_PHOTO && is_first_like_it(s, i);
	}
	assert_int_equal(records_log(r, LOG_OPERATION, &all, find_line, &lines), 0);
	assert_int_equal(records_log(r, LOG_ERROR, &all, find_line, &lines), 0);
	assert_int_equal(records_photos(r, &all, find_photo, &photos), 0);
	assert_int_equal(lines.count, wanted_lines);
	assert_int_equal(photos.count, wanted_photos);
}

/* ---- the journal: every fact has a number in it, and no number two facts ---- */

static void assert_entered(
	MDB_txn *txn, MDB_dbi journal, MDB_val key, MDB_val value, char kind, size_t cut)
{
	MDB_val seq = {.mv_size = 8, .mv_data = value.mv_data};
	MDB_val entry;

	assert_int_equal(mdb_get(txn, journal, &seq, &entry), 0);
	assert_int_equal(entry.mv_size, key.mv_size - cut + 1);
	assert_int_equal(*(const char *)entry.mv_data, kind);
	assert_memory_equal((const char *)entry.mv_data + 1, key.mv_data, key.mv_size - cut);
}

static MDB_env *open_env(const char *path, MDB_txn **ret_txn)
{
	MDB_env *env;

	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, 16), 0);
	assert_int_equal(mdb_env_open(env, path, MDB_RDONLY, 0), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, ret_txn), 0);
	return env;
}

static void assert_all_entered(
	MDB_txn *shared, MDB_txn *txn, const char *name, char kind, size_t cut)
{
	MDB_dbi db, journal;
	MDB_cursor *cursor;
	MDB_val key, value;

	assert_int_equal(mdb_dbi_open(shared, "journal", 0, &journal), 0);
	assert_int_equal(mdb_dbi_open(txn, name, 0, &db), 0);
	assert_int_equal(mdb_cursor_open(txn, db, &cursor), 0);
	while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0)
		assert_entered(shared, journal, key, value, kind, cut);
	mdb_cursor_close(cursor);
}

/* The item's own row has the number of the version that holds. */
static void assert_given_once(MDB_txn *txn, const char *name, unsigned char *given, size_t room)
{
	MDB_dbi db;
	MDB_cursor *cursor;
	MDB_val key, value;

	assert_int_equal(mdb_dbi_open(txn, name, 0, &db), 0);
	assert_int_equal(mdb_cursor_open(txn, db, &cursor), 0);
	while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
		struct unpack u = {.rest = span_of(value.mv_data, value.mv_size)};
		uint64_t seq = unpack_u64(&u);
		assert_true(seq > 0 && seq < room);
		assert_int_equal(given[seq]++, 0);
	}
	mdb_cursor_close(cursor);
}

static void assert_numbers(MDB_txn *shared, MDB_txn *private)
{
	static const char *const names[] = {"version", "raw", "log", "photo"};
	unsigned char given[4096] = {0};

	for (size_t i = 0; i < 4; i++)
		assert_given_once(shared, names[i], given, sizeof(given));
	for (size_t i = 0; i < 2; i++)
		assert_given_once(private, names[i], given, sizeof(given));
}

static void assert_journal(void **state)
{
	MDB_txn *shared, *private;
	MDB_env *shared_env = open_env(scratch_path(state, "records"), &shared);
	MDB_env *private_env = open_env(scratch_path(state, "private"), &private);

	assert_numbers(shared, private);
	assert_all_entered(shared, shared, "item", 'i', 0);
	assert_all_entered(shared, shared, "version", 'i', 36);
	assert_all_entered(shared, shared, "log", 'l', 0);
	assert_all_entered(shared, shared, "photo", 'f', 0);
	assert_all_entered(shared, shared, "raw", 'r', 0);
	assert_all_entered(shared, private, "item", 'i', 0);
	assert_all_entered(shared, private, "version", 'i', 36);
	assert_all_entered(shared, private, "raw", 'r', KEPT_DIGEST_BYTES);
	mdb_txn_abort(shared);
	mdb_txn_abort(private);
	mdb_env_close(shared_env);
	mdb_env_close(private_env);
}

/* ---- the index of who is known ---- */

struct entries {
	struct pack keys[4 * SET_MAX];
	size_t count;
};

static void add_entries(struct entries *e, const struct thing *t)
{
	const struct item *i = &t->item;
	struct span sent = span_from(i->text, strlen("card.sent="));

	e->keys[e->count].len = 0;
	known_pack_pin(&e->keys[e->count++], item_pin(i), i->serial);
	if (i->kind == ITEM_TEMPLATE && item_content(i).len > 0) {
		e->keys[e->count].len = 0;
		known_pack_template(&e->keys[e->count++], i);
	}
	for (size_t c = 0; i->kind == ITEM_CREDENTIAL && t->text[0] && c < CARDS; c++)
		for (size_t n = 0; span_is(span_trim(sent), cards[c].sent) && n < 2; n++)
			if (cards[c].numbers[n] != 0) {
				e->keys[e->count].len = 0;
				known_pack_card(&e->keys[e->count++], cards[c].numbers[n],
					item_pin(i), i->serial);
			}
}

static int compare_keys(const void *a, const void *b)
{
	return span_order(pack_span(a), pack_span(b));
}

/* Each wanted entry is there once, and no other one. */
static void assert_entries(void **state, struct entries *e)
{
	MDB_txn *txn;
	MDB_env *env = open_env(scratch_path(state, "private"), &txn);
	MDB_dbi db;
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = 0;

	qsort(e->keys, e->count, sizeof(e->keys[0]), compare_keys);
	assert_int_equal(mdb_dbi_open(txn, "known", 0, &db), 0);
	assert_int_equal(mdb_cursor_open(txn, db, &cursor), 0);
	for (size_t n = 0; n < e->count; n++) {
		if (n > 0 && compare_keys(&e->keys[n], &e->keys[n - 1]) == 0)
			continue;
		rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
		assert_int_equal(rc, 0);
		assert_int_equal(key.mv_size, e->keys[n].len);
		assert_memory_equal(key.mv_data, e->keys[n].bytes, key.mv_size);
	}
	assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_NEXT), MDB_NOTFOUND);
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	mdb_env_close(env);
}

static void assert_known(void **state, const struct set *s)
{
	static struct entries e;

	e.count = 0;
	for (unsigned i = 0; i < s->count; i++)
		if (is_version(s, &s->things[i]) && known_of(s->things[i].item.kind))
			add_entries(&e, &s->things[i]);
	assert_entries(state, &e);
}

static void test_any_order_ends_the_same(void **state)
{
	static struct set set;

	memset(long_text, 'x', sizeof(long_text));
	for (unsigned round = 0; round < 12; round++) {
		struct buf first = buf_with_max(0);
		make_set(&set, 10 + pick(SET_MAX - 10));
		for (unsigned turn = 0; turn < 3; turn++) {
			shuffle(&set);
			put_set(state, &set);
			assert_journal(state);
			assert_known(state, &set);
			struct buf now = dump(state);
			struct records_reader *r = open_reader(state);
			assert_readers(r, &set);
			assert_logbook(r, &set);
			records_close(r);
			(void)scratch_remove(state);
			assert_int_equal(scratch_make(state), 0);
			if (turn > 0) {
				assert_int_equal(now.len, first.len);
				assert_memory_equal(now.ptr, first.ptr, now.len);
				buf_free(&now);
			} else {
				first = now;
			}
		}
		buf_free(&first);
	}
	assert_true(grown > 0); /* or it shows less than it says */
}

/* ---- one thing at a time ---- */

static struct item user_at(const char *pin, uint64_t received_us, const char *text)
{
	return (struct item){
		.kind = ITEM_USER,
		.serial = span_str("A"),
		.ids = {span_str(pin)},
		.id_count = 1,
		.received_us = received_us,
		.entry = {ENTRY, 1},
		.text = span_str(text),
	};
}

static struct item credential_at(const char *pin, uint64_t received_us, const char *text)
{
	struct item i = user_at(pin, received_us, text);

	i.kind = ITEM_CREDENTIAL;
	return i;
}

static struct item mark_at(const char *what, const char *pin, uint64_t received_us)
{
	struct item i = user_at(what, received_us, "");

	i.kind = ITEM_CLEARED;
	i.ids[1] = span_str(pin);
	i.ids[2] = span_str("why");
	i.id_count = 3;
	return i;
}

static void put_all(void **state, const struct item *items, size_t count)
{
	struct records_writer *w = open_writer(state);

	assert_int_equal(records_begin(w), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(records_put_item(w, &items[i]), 1);
	assert_int_equal(records_commit(w), 0);
	records_writer_close(w);
}
#define PUT(...)                                           \
	put_all(state, (const struct item[]){__VA_ARGS__}, \
		sizeof((const struct item[]){__VA_ARGS__}) / sizeof(struct item))

static int write_item(void *context, const struct item *i)
{
	return buf_printf(context, "%.*s@%llu!%x:%.*s ", SPAN_ARG(i->ids[0]),
		(unsigned long long)i->received_us, i->flags, SPAN_ARG(i->text));
}

static void assert_items(void **state, enum item_kind kind, const char *wanted)
{
	struct records_reader *r = open_reader(state);
	struct item_query q = {.kind = kind, .deleted = true};
	struct buf out = buf_with_max(4096);

	assert_int_equal(items_each(r, &q, write_item, &out), 0);
	assert_int_equal(buf_add(&out, "", 1), 0);
	assert_string_equal(out.ptr, wanted);
	buf_free(&out);
	records_close(r);
}

/* The number of what the journal missed goes to nobody else. */
static void test_a_power_cut_between_the_commits(void **state)
{
	struct item missed = credential_at("1", 10, "a");

	records_writer_close(open_writer(state));
	copy_records(state, false);
	PUT(missed);
	copy_records(state, true);
	PUT(credential_at("1", 11, "b"), missed);
	assert_journal(state);
	assert_items(state, ITEM_CREDENTIAL, "1@11!0:b ");
	struct records_writer *w = open_writer(state);
	assert_int_equal(records_begin(w), 0);
	assert_int_equal(records_put_item(w, &missed), 0);
	records_writer_close(w);
}

/* A log that is sent again tells old deletions again: the first telling counts. */
static void test_a_deletion_told_again(void **state)
{
	PUT(user_at("1", 10, "old"), mark_at("users", "1", 20), user_at("1", 30, "new"),
		mark_at("users", "1", 40));
	assert_items(state, ITEM_USER, "1@30!0:new ");
	PUT(mark_at("users", "2", 50), user_at("2", 50, "same moment"), user_at("2", 49, "x"));
	assert_items(state, ITEM_USER, "1@30!0:new 2@50!0:same moment ");
	PUT(mark_at("all", "", 60));
	assert_items(state, ITEM_USER, "1@30!1:new 2@50!1:same moment ");
}

static void test_one_of_several_deletions(void **state)
{
	struct item late = mark_at("users", "1", 20), early = mark_at("users", "1", 5);

	late.ids[2] = span_str("a");
	early.ids[2] = span_str("b");
	PUT(user_at("1", 10, "x"), late, early);
	assert_items(state, ITEM_USER, "1@10!1:x ");
}

static void test_a_password_that_was_deleted(void **state)
{
	PUT(credential_at("1", 10, "password=1\n"), mark_at("password", "1", 20),
		mark_at("card", "2", 20));
	assert_items(state, ITEM_CREDENTIAL, "1@10!8:password=1\n ");
	PUT(credential_at("1", 30, "password=2\n"), mark_at("card", "", 40));
	assert_items(state, ITEM_CREDENTIAL, "1@30!10:password=2\n ");
}

static size_t count_texts(void **state)
{
	MDB_txn *txn;
	MDB_env *env = open_env(scratch_path(state, "records"), &txn);
	MDB_dbi content, uses;
	MDB_stat texts, used;

	assert_int_equal(mdb_dbi_open(txn, "content", 0, &content), 0);
	assert_int_equal(mdb_dbi_open(txn, "uses", 0, &uses), 0);
	assert_int_equal(mdb_stat(txn, content, &texts), 0);
	assert_int_equal(mdb_stat(txn, uses, &used), 0);
	assert_int_equal(texts.ms_entries, used.ms_entries);
	mdb_txn_abort(txn);
	mdb_env_close(env);
	return texts.ms_entries;
}

/* A later parserd reads the same upload better. */
static void test_the_same_version_with_another_text(void **state)
{
	PUT(user_at("1", 10, "a"), user_at("1", 10, "b"), user_at("2", 10, "b"));
	assert_items(state, ITEM_USER, "1@10!0:b 2@10!0:b ");
	assert_int_equal(count_texts(state), 1);
	PUT(user_at("2", 10, "a"), user_at("1", 10, "a"));
	assert_items(state, ITEM_USER, "1@10!0:a 2@10!0:a ");
	assert_int_equal(count_texts(state), 1);
	struct records_writer *w = open_writer(state);
	struct item i = user_at("1", 10, "a");
	assert_int_equal(records_begin(w), 0);
	assert_int_equal(records_put_item(w, &i), 0);
	i.flags = ITEM_NO_CARD; /* is found on reading, and is no flag of a version */
	assert_int_equal(records_put_item(w, &i), 0);
	i.id_count = 2;
	assert_int_equal(records_put_item(w, &i), -EINVAL);
	records_writer_close(w);
}

static int note_photo(void *context, const struct photo *p)
{
	struct buf path = buf_with_max(256);
	int rc = photo_path(p, &path);

	if (rc == 0)
		rc = buf_printf(context, "%.*s ", SPAN_ARG(buf_span(&path)));
	buf_free(&path);
	return rc;
}

static struct photo photo_at(const char *pin, uint8_t day, const char *name)
{
	struct photo p = {
		.time = {2026, 1, day, 8, 0, 0},
		.serial = span_str("A"),
		.pin = span_str(pin),
		.received_us = day,
		.entry = {ENTRY, 1},
	};

	snprintf(p.name, sizeof(p.name), "%s", name);
	return p;
}

static void assert_noted(struct buf *out, const char *wanted)
{
	assert_int_equal(buf_add(out, "", 1), 0);
	assert_string_equal(out->ptr, wanted);
	buf_free(out);
}

static void test_erasing_gives_the_photos(void **state)
{
	struct photo photos[] = {photo_at("1", 1, "a"), photo_at("12", 1, "b"),
		photo_at("1", 3, "c"), photo_at("1", 9, "d"), photo_at("", 1, "e")};
	struct item user = user_at("1", 2, "a"), younger = user_at("1", 9, "b"),
		    other = user_at("2", 2, "c");
	struct entry_ref entry = {ENTRY, 1};
	struct buf gone = buf_with_max(256);
	struct records_writer *w = open_writer(state);

	assert_int_equal(records_begin(w), 0);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(records_add_photo(w, &photos[i]), 1);
	assert_int_equal(records_put_item(w, &user), 1);
	assert_int_equal(records_put_item(w, &younger), 1);
	assert_int_equal(records_put_item(w, &other), 1);
	assert_int_equal(records_is_erased(w, span_str("1"), 3, &entry), 0);
	assert_int_equal(
		records_erase_pin(w, span_str("1"), 3, &entry, UINT64_MAX, note_photo, &gone), 3);
	assert_noted(&gone, "A/2026-01-01/a A/2026-01-03/c ");
	assert_int_equal(records_is_erased(w, span_str("1"), 3, &entry), 1);
	assert_int_equal(records_is_erased(w, span_str("1"), 4, &entry), 0);
	assert_int_equal(records_is_erased(w, span_str("12"), 3, &entry), 0);
	assert_int_equal(records_add_photo(w, &photos[0]), 0);
	assert_int_equal(records_put_item(w, &user), 0);
	/* An earlier mark takes nothing back. */
	assert_int_equal(
		records_erase_pin(w, span_str("1"), 1, &entry, UINT64_MAX, note_photo, &gone), 0);
	assert_int_equal(records_is_erased(w, span_str("1"), 3, &entry), 1);
	assert_int_equal(
		records_erase_pin(w, span_str(""), 1, &entry, UINT64_MAX, note_photo, &gone),
		-EINVAL);
	records_abort(w);
	assert_int_equal(records_begin(w), 0);
	assert_int_equal(records_is_erased(w, span_str("1"), 3, &entry), 0);
	assert_int_equal(records_put_item(w, &user), 1);
	assert_int_equal(records_commit(w), 0);
	records_writer_close(w);
	buf_free(&gone);
}

#define AHEAD_US ((uint64_t)1 << 62)

static void test_what_is_ahead_is_passed_over(void **state)
{
	PUT(user_at("1", 10, "old"), user_at("1", AHEAD_US, "ahead"), user_at("2", AHEAD_US, "a"),
		user_at("2", AHEAD_US + 1, "b"), user_at("3", AHEAD_US + 9, "c"));
	assert_items(state, ITEM_USER,
		"1@10!0:old 2@4611686018427387905!0:b 3@4611686018427387913!0:c ");
	PUT(user_at("1", 20, "new"), user_at("2", 20, "new"), mark_at("all", "", AHEAD_US + 5));
	assert_items(state, ITEM_USER, "1@20!0:new 2@20!0:new 3@4611686018427387913!0:c ");
	PUT(mark_at("users", "3", AHEAD_US + 10), mark_at("users", "2", 30));
	assert_items(state, ITEM_USER, "1@20!0:new 2@20!1:new 3@4611686018427387913!1:c ");
}

/* At 10, an order of 5: what came at 7 stays, what says 20 goes too, and a real 20 is taken. */
static void test_erasing_what_is_ahead(void **state)
{
	struct photo photos[] = {photo_at("1", 7, "a"), photo_at("1", 20, "b")};
	struct item between = user_at("1", 7, "b"), ahead = user_at("1", 20, "c"),
		    later = user_at("1", 21, "d");
	struct entry_ref entry = {ENTRY, 1}, other = {ENTRY, 2};
	struct buf gone = buf_with_max(256);
	struct records_writer *w = open_writer(state);

	assert_int_equal(records_begin(w), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(records_add_photo(w, &photos[i]), 1);
	assert_int_equal(records_put_item(w, &between), 1);
	assert_int_equal(records_put_item(w, &ahead), 1);
	assert_int_equal(records_erase_pin(w, span_str("1"), 5, &entry, 10, note_photo, &gone), 2);
	assert_noted(&gone, "A/2026-01-20/b ");
	assert_int_equal(records_put_item(w, &ahead), 0);
	assert_int_equal(records_add_photo(w, &photos[1]), 0);
	assert_int_equal(records_is_erased(w, span_str("1"), 7, &entry), 0);
	assert_int_equal(records_is_erased(w, span_str("1"), 20, &entry), 1);
	assert_int_equal(records_is_erased(w, span_str("1"), 20, &other), 0);
	assert_int_equal(records_is_erased(w, span_str("2"), 20, &entry), 0);
	assert_int_equal(records_commit(w), 0);
	records_writer_close(w);
	assert_items(state, ITEM_USER, "1@7!0:b ");
	put_all(state, &later, 1);
	assert_items(state, ITEM_USER, "1@21!0:d ");
}

static int refuse_photo(void *context, const struct photo *p)
{
	(void)context, (void)p;
	return -EBUSY;
}

static void test_purging(void **state)
{
	struct records_writer *w = open_writer(state);
	struct clock_local before = {2026, 1, 4, 8, 0, 0}, never = {.month = 0};
	struct buf gone = buf_with_max(256);

	assert_int_equal(records_begin(w), 0);
	for (uint8_t day = 1; day <= 5; day++) {
		struct photo p = photo_at("1", day, "x");
		struct logged l = {.time = {2026, 1, day, 8, 0, 0},
			.kind = LOG_OPERATION,
			.serial = span_str("A"),
			.entry = {ENTRY, 1}};
		assert_int_equal(records_add_photo(w, &p), 1);
		assert_int_equal(records_add_log(w, &l), 1);
	}
	assert_int_equal(records_purge_log(w, &never, 9), -EINVAL);
	assert_int_equal(records_purge_log(w, &before, 0), 0);
	assert_int_equal(records_purge_log(w, &before, 2), 2);
	assert_int_equal(records_purge_log(w, &before, 2), 1);
	assert_int_equal(records_purge_log(w, &before, 2), 0);
	assert_int_equal(records_purge_photos(w, &before, 9, refuse_photo, NULL), -EBUSY);
	assert_int_equal(records_purge_photos(w, &before, 2, note_photo, &gone), 2);
	assert_int_equal(records_purge_photos(w, &before, 9, note_photo, &gone), 1);
	assert_noted(&gone, "A/2026-01-01/x A/2026-01-02/x A/2026-01-03/x ");
	assert_int_equal(records_commit(w), 0);
	records_writer_close(w);
	struct records_reader *r = open_reader(state);
	struct records_counts c;
	assert_int_equal(records_count(r, &c), 0);
	assert_true(c.logged == 2 && c.photos == 2 && c.items == 0);
	records_close(r);
}

/* ---- following everything ---- */

static int tell_punch(void *context, uint64_t seq, const struct punch *p)
{
	return buf_printf(context, "%llu=punch %.*s ", (unsigned long long)seq, SPAN_ARG(p->pin));
}

static int tell_item(void *context, uint64_t seq, const struct item *i)
{
	return buf_printf(context, "%llu=%c%.*s:%.*s ", (unsigned long long)seq, i->kind,
		SPAN_ARG(i->ids[0]), SPAN_ARG(i->text));
}

static int tell_line(void *context, uint64_t seq, const struct logged *l)
{
	return buf_printf(context, "%llu=log %.*s ", (unsigned long long)seq, SPAN_ARG(l->line));
}

static int tell_photo(void *context, uint64_t seq, const struct photo *p)
{
	return buf_printf(context, "%llu=photo %s ", (unsigned long long)seq, p->name);
}

static int tell_other(void *context, const struct fact *f)
{
	return buf_printf(context, "%llu=other %c ", (unsigned long long)f->seq, f->kind);
}

static void assert_told(struct records_reader *r, uint64_t after, uint64_t limit,
	const char *wanted, uint64_t wanted_last)
{
	struct buf out = buf_with_max(1024);
	struct follower f = {&out, tell_punch, tell_item, tell_line, tell_photo, tell_other};
	uint64_t last = 99;

	assert_int_equal(records_follow_all(r, after, limit, &f, &last), 0);
	assert_int_equal(last, wanted_last);
	assert_noted(&out, wanted);
}

static int end_it(void *context, uint64_t seq, const struct punch *p)
{
	(void)context, (void)seq, (void)p;
	return -ENOENT;
}

/* Of a time that is absurd the receipt counts: nothing stays for ever, nothing goes at once. */
static void test_purging_absurd_times(void **state)
{
	static const uint64_t before_us = 1767513600000000; /* 2026-01-04 08:00:00 */
	struct clock_local before = {2026, 1, 4, 8, 0, 0};
	struct buf gone = buf_with_max(256);
	struct records_writer *w = open_writer(state);

	assert_int_equal(records_begin(w), 0);
	for (unsigned i = 0; i < 8; i++) {
		struct photo p = photo_at("1", 1, (const char *[]){"a", "b", "c", "d"}[i % 4]);
		p.time.year = i % 2 == 0 ? 1999 : 2099;
		p.received_us = i % 4 < 2 ? before_us - 1 : before_us;
		p.flags = i < 4 ? PUNCH_TIME_ABSURD : 0;
		if (i >= 4)
			p.time.year = 2099;
		struct logged l = {.time = p.time,
			.kind = LOG_OPERATION,
			.serial = p.serial,
			.entry = p.entry,
			.received_us = p.received_us,
			.flags = p.flags,
			.line = span_of("01234567", i + 1)};
		p.digest[0] = (unsigned char)i;
		assert_int_equal(records_add_photo(w, &p), 1);
		assert_int_equal(records_add_log(w, &l), 1);
	}
	assert_int_equal(records_purge_log(w, &before, 9), 2);
	assert_int_equal(records_purge_photos(w, &before, 1, note_photo, &gone), 1);
	assert_int_equal(records_purge_photos(w, &before, 9, note_photo, &gone), 1);
	assert_noted(&gone, "A/1999-01-01/a A/2099-01-01/b ");
	records_writer_close(w);
}

static void test_following_everything(void **state)
{
	struct records_writer *w = open_writer(state);
	struct item user = user_at("1", 10, "a"), newer = user_at("1", 11, "b"),
		    secret = credential_at("1", 10, "p");
	struct photo photo = photo_at("1", 1, "x");
	struct punch punch = {.time = {2026, 1, 5, 8, 0, 0},
		.serial = span_str("A"),
		.pin = span_str("1"),
		.entry = {ENTRY, 1}};
	struct logged line = {.time = {2026, 1, 5, 8, 0, 0},
		.kind = LOG_OPERATION,
		.serial = span_str("A"),
		.entry = {ENTRY, 1},
		.line = span_str("4")};
	struct kept raw = {.serial = span_str("A"),
		.table = span_str("NEW"),
		.entry = {ENTRY, 1},
		.bytes = span_str("x")};
	uint64_t last;

	assert_int_equal(records_begin(w), 0);
	assert_int_equal(records_put_item(w, &user), 1);
	assert_int_equal(records_add_punch(w, &punch), 1);
	assert_int_equal(records_put_item(w, &secret), 1);
	assert_int_equal(records_add_log(w, &line), 1);
	assert_int_equal(records_add_photo(w, &photo), 1);
	assert_int_equal(records_add_raw(w, &raw), 1);
	assert_int_equal(records_put_item(w, &newer), 1);
	assert_int_equal(records_commit(w), 0);
	records_writer_close(w);

	struct records_reader *r = open_reader(state);
	assert_told(r, 0, 0, "1=u1:b 2=punch 1 3=c1:p 4=log 4 5=photo x 6=other r 7=u1:b ", 7);
	assert_told(r, 2, 2, "3=c1:p 4=log 4 ", 4);
	assert_told(r, 7, 0, "", 7);
	assert_told(r, UINT64_MAX, 0, "", UINT64_MAX);
	struct follower f = {.punch = end_it};
	assert_int_equal(records_follow_all(r, 0, 0, &f, &last), -ENOENT);
	assert_int_equal(last, 1);
	f = (struct follower){.context = NULL};
	assert_int_equal(records_follow_all(r, 0, 0, &f, &last), 0);
	assert_int_equal(last, 7);
	records_close(r);

	assert_int_equal(records_open(scratch_path(state, "records"), &r), 0);
	assert_told(r, 2, 0, "3=other i 4=log 4 5=photo x 6=other r 7=u1:b ", 7);
	struct item_query q = {.kind = ITEM_CREDENTIAL};
	assert_int_equal(items_each(r, &q, write_item, NULL), -EACCES);
	assert_int_equal(items_history(r, &secret, write_item, NULL), -EACCES);
	q.kind = (enum item_kind)'?';
	assert_int_equal(items_each(r, &q, write_item, NULL), -EINVAL);
	records_close(r);
}

/* As somebody who may read punches alone. Root may read everything, and becomes nobody for it. */
static int open_as_nobody(void **state, struct records_reader **ret)
{
	const char *path = *state;
	char records[SCRATCH_BYTES + 128], private_path[SCRATCH_BYTES + 128];
	bool root = geteuid() == 0;

	snprintf(records, sizeof(records), "%s/records", path);
	snprintf(private_path, sizeof(private_path), "%s/private", path);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(chmod(records, 0755), 0);
	assert_int_equal(chmod(scratch_path(state, "records/data.mdb"), 0644), 0);
	assert_int_equal(chmod(scratch_path(state, "records/lock.mdb"), 0666), 0);
	assert_int_equal(chmod(private_path, root ? 0700 : 0), 0);
	if (root)
		assert_int_equal(setresuid(65534, 65534, 0), 0);
	int rc = items_open(records, private_path, ret);
	if (root)
		assert_int_equal(setresuid(0, 0, 0), 0);
	assert_int_equal(chmod(private_path, 0750), 0);
	return rc;
}

static void test_who_may_not_see_what_is_private(void **state)
{
	struct item secret = credential_at("1", 10, "p");
	struct item_query q = {.kind = ITEM_CREDENTIAL};
	struct buf out = buf_with_max(64);
	struct records_reader *r;
	struct records_counts c;

	PUT(user_at("1", 10, "a"), secret);
	assert_int_equal(open_as_nobody(state, &r), 0);
	assert_false(records_has_private(r));
	assert_int_equal(items_each(r, &q, write_item, &out), -EACCES);
	assert_int_equal(items_history(r, &secret, write_item, &out), -EACCES);
	q.kind = ITEM_USER;
	assert_int_equal(items_each(r, &q, write_item, &out), 0);
	assert_noted(&out, "1@10!0:a ");
	assert_int_equal(records_count(r, &c), 0);
	assert_false(c.has_private);
	records_close(r);
}

/* What the first parserd kept where everybody may read it moves when it is seen again. */
/* As a version did that kept everything where all may read it. */
static void put_old(MDB_txn *txn, const char *db, enum fact_kind kind, struct kept *old)
{
	struct pack key = {.len = 0}, head = {.len = 0}, seq = {.len = 0}, fact = {.len = 0};
	unsigned char value[1024];
	MDB_dbi facts, journal;

	records_digest(old->bytes, old->digest);
	kept_pack_key(&key, old);
	kept_pack_head(&head, old);
	memcpy(value, head.bytes, head.len);
	memcpy(value + head.len, old->note.ptr, old->note.len);
	memcpy(value + head.len + old->note.len, old->bytes.ptr, old->bytes.len);
	fact_pack_key(&seq, old->seq);
	fact_pack_value(&fact, kind, pack_span(&key));
	MDB_val k = {key.len, key.bytes};
	MDB_val v = {head.len + old->note.len + old->bytes.len, value};
	MDB_val s = {seq.len, seq.bytes}, f = {fact.len, fact.bytes};
	assert_int_equal(mdb_dbi_open(txn, db, 0, &facts), 0);
	assert_int_equal(mdb_dbi_open(txn, "journal", 0, &journal), 0);
	assert_int_equal(mdb_put(txn, facts, &k, &v, 0), 0);
	assert_int_equal(mdb_put(txn, journal, &s, &f, 0), 0);
}

static int write_kept(void *context, const struct kept *k)
{
	return buf_printf(context, "%.*s@%llu:%.*s:%.*s ", SPAN_ARG(k->table),
		(unsigned long long)k->received_us, SPAN_ARG(k->note), SPAN_ARG(k->bytes));
}

static void assert_old(struct records_reader *r, enum fact_kind kind, const char *wanted)
{
	struct buf out = buf_with_max(4096);

	assert_int_equal(records_kept(r, kind, span_str(""), write_kept, &out), 0);
	assert_noted(&out, wanted);
}

static int count_digests(void *context, const struct fact *fact)
{
	static const char tail[] = "OPERLOG";

	*(unsigned *)context += fact->key.len > 2 + sizeof(tail) &&
				memcmp(fact->key.ptr + 2, tail, sizeof(tail)) == 0;
	return 0;
}

/* All at once, in portions; and no digest of theirs is left where all may read. */
static void test_old_bodies_are_hidden(void **state)
{
	struct kept old[5];
	static const char *const tables[] = {"OPERLOG", "ATTLOG", "OPERLOG", "ATTLOG", "OPERLOG"};
	static const char *const bytes[] = {"a", "b", "c", "Passwd=d", "e"};
	struct records_counts c;
	unsigned digests = 0;
	uint64_t last;
	MDB_env *env;
	MDB_txn *txn;

	records_writer_close(open_writer(state));
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, 16), 0);
	assert_int_equal(mdb_env_open(env, scratch_path(state, "records"), 0, 0), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	for (unsigned i = 0; i < 5; i++) {
		old[i] = (struct kept){.serial = span_str("A"),
			.table = span_str(tables[i]),
			.seq = i + 1,
			.received_us = 10 + i,
			.entry = {ENTRY, 1},
			.note = span_str("why"),
			.bytes = span_str(bytes[i])};
		put_old(txn, i < 3 ? "raw" : "refused", i < 3 ? FACT_RAW : FACT_REFUSED, &old[i]);
	}
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);

	struct records_writer *w = open_writer(state);
	/* One came again meanwhile, and the first one stands. */
	struct kept again = old[4];
	again.received_us = 99;
	assert_int_equal(records_begin(w), 0);
	assert_int_equal(records_add_refused(w, &again), 1);
	records_abort(w);
	assert_int_equal(records_hide_old(w, 2), 2);
	assert_int_equal(records_hide_old(w, 2), 2);
	assert_int_equal(records_hide_old(w, 2), 0);
	assert_int_equal(records_begin(w), 0);
	assert_int_equal(records_add_raw(w, &old[0]), 0);
	records_writer_close(w);

	struct records_reader *r = open_reader(state);
	const struct follower f = {.context = &digests, .other = count_digests};
	assert_int_equal(records_count(r, &c), 0);
	assert_true(c.raw == 1 && c.refused == 0 && c.private_raw == 2 && c.private_refused == 2);
	assert_old(r, FACT_RAW, "ATTLOG@11:why:b OPERLOG@10:why:a OPERLOG@12:why:c ");
	assert_old(r, FACT_REFUSED, "ATTLOG@13:why:Passwd=d OPERLOG@14:why:e ");
	assert_int_equal(records_follow_all(r, 0, 0, &f, &last), 0);
	assert_int_equal(digests, 0);
	records_close(r);
}

/* ---- the index, one thing at a time ---- */

/* "p1A c256:1A": PIN 1 at device A, and card 256 of that. */
static void assert_index(void **state, const char *wanted)
{
	struct buf out = buf_with_max(4096);
	struct span pin, serial;
	MDB_txn *txn;
	MDB_env *env = open_env(scratch_path(state, "private"), &txn);
	MDB_dbi db;
	MDB_cursor *cursor;
	MDB_val key, value;

	assert_int_equal(mdb_dbi_open(txn, "known", 0, &db), 0);
	assert_int_equal(mdb_cursor_open(txn, db, &cursor), 0);
	while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
		struct unpack u = {.rest = span_of(key.mv_data, key.mv_size)};
		uint8_t letter = unpack_u8(&u);
		assert_int_equal(value.mv_size, 0);
		assert_int_equal(known_unpack(span_of(key.mv_data, key.mv_size), &pin, &serial), 0);
		assert_int_equal(buf_printf(&out, "%c", letter), 0);
		if (letter == 'c')
			assert_int_equal(
				buf_printf(&out, "%llu:", (unsigned long long)unpack_u64(&u)), 0);
		assert_int_equal(buf_printf(&out, "%.*s%.*s ", SPAN_ARG(pin), SPAN_ARG(serial)), 0);
	}
	assert_noted(&out, wanted);
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	mdb_env_close(env);
}

static void erase_at(void **state, const char *pin, uint64_t received_us)
{
	struct entry_ref entry = {ENTRY, 1};
	struct records_writer *w = open_writer(state);

	assert_int_equal(records_begin(w), 0);
	assert_true(records_erase_pin(w, span_str(pin), received_us, &entry, UINT64_MAX,
			    ignore_photo, NULL) >= 0);
	assert_int_equal(records_commit(w), 0);
	records_writer_close(w);
}

static struct item template_at(
	const char *pin, const char *number, uint64_t received_us, const char *text)
{
	struct item i = user_at(pin, received_us, text);

	i.kind = ITEM_TEMPLATE, i.id_count = 4;
	i.ids[1] = span_str("finger"), i.ids[2] = span_str(number), i.ids[3] = span_str("0");
	return i;
}

/* All of these and no other one. */
static void assert_templates(void **state, const struct item *items, size_t count)
{
	static struct entries e;

	e.count = 0;
	for (size_t n = 0; n < count; n++) {
		e.keys[e.count].len = 0;
		known_pack_pin(&e.keys[e.count++], item_pin(&items[n]), items[n].serial);
		e.keys[e.count].len = 0;
		known_pack_template(&e.keys[e.count++], &items[n]);
	}
	assert_entries(state, &e);
}

/* Fingers may have the same bytes, and versions of a finger: what one loses the other keeps. */
static void test_the_index_of_templates(void **state)
{
	struct item first = template_at("1", "6", 10, "valid=1\n\none"),
		    again = template_at("1", "6", 30, "valid=0\n\none"),
		    second = template_at("1", "6", 20, "valid=1\n\ntwo"),
		    same = template_at("1", "7", 30, "valid=1\n\ntwo"),
		    other = template_at("2", "6", 10, "valid=1\n\ntwo");

	PUT(first, second, again, same, other, template_at("1", "6", 40, "valid=1\n"));
	assert_templates(state, (struct item[]){first, second, same, other}, 4);
	erase_at(state, "1", 20);
	assert_templates(state, (struct item[]){again, same, other}, 3);
	other.text = span_str("valid=1\n\nthree"); /* a later parserd reads it better */
	PUT(other);
	assert_templates(state, (struct item[]){again, same, other}, 3);
	erase_at(state, "1", 50);
	assert_templates(state, (struct item[]){other}, 1);
}

/* A later parserd reads the card of the same upload better; another version needs one of them. */
static void test_the_index_follows_another_text(void **state)
{
	PUT(credential_at("1", 10, "card=1\ncard.sent=[0100]\nvice_card=5\nvice_card.sent=5\n"),
		credential_at("1", 20, "card=5\n"));
	assert_index(state, "c1:1A c5:1A c256:1A p1A ");
	PUT(credential_at("1", 10, "card.sent=7\n"));
	assert_index(state, "c5:1A c7:1A p1A ");
	PUT(credential_at("1", 20, "password=9\n"));
	assert_index(state, "c7:1A p1A ");
}

static void test_the_index_forgets_whom_it_must(void **state)
{
	PUT(user_at("1", 10, "a"), credential_at("1", 10, "card.sent=4\n"),
		credential_at("1", 11, "card.sent=5\n"), credential_at("1", 30, "card.sent=4\n"),
		user_at("12", 10, "b"), credential_at("12", 10, "card.sent=4\n"));
	assert_index(state, "c4:1A c4:12A c5:1A p1A p12A ");
	erase_at(state, "1", 20);
	assert_index(state, "c4:1A c4:12A p1A p12A ");
	erase_at(state, "1", 40);
	assert_index(state, "c4:12A p12A ");
}

/* Whose user was not committed when the power went, and who was erased before it came again. */
static void test_the_index_after_a_power_cut(void **state)
{
	struct item missed = user_at("1", 10, "a");

	records_writer_close(open_writer(state));
	copy_records(state, false);
	PUT(missed);
	copy_records(state, true);
	assert_index(state, "p1A ");
	erase_at(state, "1", 20);
	assert_index(state, "");
}

/* As a version did that knew of no index, or whose note of it was `note`. */
static void drop_index(void **state, const char *note)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi db, meta;
	MDB_val key = {5, (void *)(uintptr_t) "known"};

	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, 16), 0);
	assert_int_equal(mdb_env_open(env, scratch_path(state, "private"), 0, 0), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "known", 0, &db), 0);
	assert_int_equal(mdb_dbi_open(txn, "meta", 0, &meta), 0);
	assert_int_equal(mdb_drop(txn, db, 1), 0);
	(void)mdb_del(txn, meta, &key, NULL);
	MDB_val value = {strlen(note), (void *)(uintptr_t)note};
	if (note[0])
		assert_int_equal(mdb_put(txn, meta, &key, &value, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

static int know_old(void **state, unsigned most)
{
	struct records_writer *w = open_writer(state);
	int rc = records_know_old(w, most);

	records_writer_close(w);
	return rc;
}

/* In portions, with a new start after each, each but once. */
static void test_the_index_of_an_older_store(void **state)
{
	struct item picture = user_at("3", 10, "x"), template = user_at("4", 10, "x"),
		    idcard = user_at("5", 10, "x");
	unsigned done = 0;
	int rc;

	picture.kind = ITEM_PICTURE, picture.id_count = 2, picture.ids[1] = span_str("user");
	template.kind = ITEM_TEMPLATE, template.id_count = 4;
	template.ids[1] = template.ids[2] = template.ids[3] = span_str("0");
	idcard.kind = ITEM_IDCARD;
	PUT(user_at("1", 10, "a"), user_at("1", 11, "b"), credential_at("1", 10, "card.sent=4\n"),
		credential_at("1", 11, "card.sent=[0500]\n"), user_at("2", 10, "a"), picture,
		template, idcard, mark_at("all", "", 20));
	drop_index(state, "");
	while ((rc = know_old(state, 2)) == 2)
		done += 2;
	assert_int_equal(done + (unsigned)rc, 7);
	assert_index(state, "c4:1A c5:1A c1280:1A p1A p2A p3A p4A ");
	assert_int_equal(know_old(state, 2), 0);
	PUT(user_at("6", 10, "a"));
	assert_int_equal(know_old(state, 2), 0);
	assert_index(state, "c4:1A c5:1A c1280:1A p1A p2A p3A p4A p6A ");
}

static void make_anew(void **state, const char *note)
{
	static struct set set;
	struct records_writer *w;

	make_set(&set, SET_MAX);
	shuffle(&set);
	put_set(state, &set);
	drop_index(state, note);
	w = open_writer(state);
	for (int rc = 1; rc > 0;) {
		rc = records_know_old(w, 1 + pick(20));
		assert_true(rc >= 0);
		if (pick(3) == 0) {
			records_writer_close(w);
			w = open_writer(state);
		}
	}
	records_writer_close(w);
	assert_known(state, &set);
}

/* Made of the same, it is the same, wherever making it was broken off. */
static void test_the_index_made_anew_is_the_same(void **state)
{
	make_anew(state, "");
}

/* An index without templates was whole, or on its way. */
static void test_the_index_without_templates_is_made_anew(void **state)
{
	make_anew(state, "whole");
	(void)scratch_remove(state);
	assert_int_equal(scratch_make(state), 0);
	make_anew(state, "uA");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_any_order_ends_the_same),
		TEST(test_a_power_cut_between_the_commits),
		TEST(test_a_deletion_told_again),
		TEST(test_one_of_several_deletions),
		TEST(test_a_password_that_was_deleted),
		TEST(test_the_same_version_with_another_text),
		TEST(test_erasing_gives_the_photos),
		TEST(test_what_is_ahead_is_passed_over),
		TEST(test_erasing_what_is_ahead),
		TEST(test_purging),
		TEST(test_purging_absurd_times),
		TEST(test_following_everything),
		TEST(test_who_may_not_see_what_is_private),
		TEST(test_old_bodies_are_hidden),
		TEST(test_the_index_of_templates),
		TEST(test_the_index_follows_another_text),
		TEST(test_the_index_forgets_whom_it_must),
		TEST(test_the_index_after_a_power_cut),
		TEST(test_the_index_of_an_older_store),
		TEST(test_the_index_made_anew_is_the_same),
		TEST(test_the_index_without_templates_is_made_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

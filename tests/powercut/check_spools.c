/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_spools: what a power cut left in the spools. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <zlib.h>

#include "lib/io.h"
#include "tests/powercut/promise.h"

#define FILE_MAX ((size_t)64 << 20)

static const char *const kinds[] = {"upload", "result", "order", "erase"};

struct check {
	const struct promises *promises;
	size_t made;
	const char *kind;
	enum spool_state state;
};

/* ---- one entry ---- */

static bool is_promised(const struct promise *p, const struct spool_entry *e, const char *id)
{
	if (p->kind == PROMISE_APPROVAL)
		return false;
	if (p->kind == PROMISE_ORDER)
		return span_is(e->kind, "order") && strcmp(p->entry, id) == 0;
	return span_is(e->kind, p->kind == PROMISE_RESULT ? "result" : "upload") &&
	       p->body_bytes == e->body.len && span_is(e->serial, p->serial) &&
	       p->body_crc == crc32(0, (const Bytef *)e->body.ptr, (uInt)e->body.len);
}

static void take_entry(const struct check *c, const struct spool_entry *e, const char *name)
{
	char id[SPOOL_ENTRY_ID_BYTES];

	spool_entry_id(name, e->number, id);
	for (size_t i = 0; i < c->made; i++)
		c->promises->list[i].found += is_promised(&c->promises->list[i], e, id);
}

/* ---- one file ---- */

static void read_file(
	const struct spool *s, const struct check *c, const char *name, struct buf *into)
{
	int fd = openat(s->dirs[c->state], name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int rc = fd < 0 ? -errno : io_read_all(fd, into);

	if (rc < 0)
		objection("torn: %s/%s/%s cannot be read: %s", c->kind, spool_state_name(c->state),
			name, strerror(-rc));
	io_close(fd);
}

static void check_file(const struct spool *s, const struct check *c, const char *name)
{
	struct buf bytes = buf_with_max(FILE_MAX);
	struct spool_entry e;
	struct span part;
	size_t offset = 0;
	unsigned number = 0;
	const char *why = "no entry in it";
	enum spool_verdict verdict;

	read_file(s, c, name, &bytes);
	while ((verdict = spool_entry_next(buf_span(&bytes), span_str(c->kind), &offset, &number,
			&e, &part, &why)) == SPOOL_ENTRY)
		take_entry(c, &e, name);
	if (verdict != SPOOL_FILE_ENDED || number == 0)
		objection("torn: %s/%s/%s, %zu bytes: %s", c->kind, spool_state_name(c->state),
			name, bytes.len, why);
	buf_free(&bytes);
}

/* ---- all of them ---- */

/* Before its consumer's first start there is no spool, and nothing that was promised. */
static bool open_spool(const char *spool_dir, const char *kind, struct spool *ret)
{
	int rc = spool_open(spool_dir, kind, SPOOL_FOR_OPERATING, ret);

	if (rc < 0 && rc != -ENOENT)
		objection("unreadable: spool/%s: %s", kind, strerror(-rc));
	return rc == 0;
}

static struct spool_list list_of(const struct spool *s, const char *kind, enum spool_state state)
{
	struct spool_list l = {.count = 0};
	int rc = s->dirs[state] < 0 ? 0 : spool_scan(s, state, SPOOL_SCAN_ALL, &l);

	if (rc < 0)
		objection("unreadable: spool/%s/%s: %s", kind, spool_state_name(state),
			strerror(-rc));
	return l;
}

static void check_spool(struct check *c, const char *spool_dir)
{
	static const enum spool_state states[] = {SPOOL_NEW, SPOOL_CUR, SPOOL_DONE};
	struct spool s;

	if (!open_spool(spool_dir, c->kind, &s))
		return;
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		c->state = states[i];
		struct spool_list l = list_of(&s, c->kind, c->state);
		for (size_t k = 0; k < l.count; k++)
			check_file(&s, c, l.items[k].name);
		spool_list_free(&l);
	}
	spool_close(&s);
}

void check_spools(const struct promises *p, size_t made, const char *spool_dir)
{
	struct check c = {.promises = p, .made = made};

	for (size_t i = 0; i < made; i++)
		p->list[i].found = 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		c.kind = kinds[i];
		check_spool(&c, spool_dir);
	}
	for (size_t i = 0; i < made; i++)
		if (p->list[i].found != 1 && p->list[i].kind != PROMISE_APPROVAL)
			objection("%s: what event %zu promised (%s%s) is %u times in its spool",
				p->list[i].found == 0 ? "lost" : "double", p->list[i].event,
				p->list[i].serial, p->list[i].entry, p->list[i].found);
}

static void check_empty(const struct spool *s, const char *kind, enum spool_state state)
{
	struct spool_list l = list_of(s, kind, state);

	if (l.count > 0)
		objection("%s: spool/%s/%s holds %s", state == SPOOL_BAD ? "refused" : "left", kind,
			spool_state_name(state), l.items[0].name);
	spool_list_free(&l);
}

void check_worked_off(const char *spool_dir)
{
	struct spool s;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (!open_spool(spool_dir, kinds[i], &s))
			objection("left: there is no spool/%s yet", kinds[i]);
		check_empty(&s, kinds[i], SPOOL_NEW);
		check_empty(&s, kinds[i], SPOOL_CUR);
		check_empty(&s, kinds[i], SPOOL_BAD);
		spool_close(&s);
	}
}

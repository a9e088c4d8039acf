/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records_item: versions of items. What is stored follows from the set of the versions that were
 * put, and from nothing else: a version is under its arrival, the item is the version that holds, a
 * text is there as long as a version has it. */
#include <errno.h>

#include "parserd/records_writer.h"

/* What is found on reading is not stored. */
#define FLAGS_STORED (ITEM_DELETED | ITEM_SIZE_WRONG | ITEM_NOT_BASE64)

/* ---- texts ---- */

static int get_uses(struct records_shelf *s, struct span digest, uint64_t *ret)
{
	struct span value;
	int rc = records_get(s, s->uses, digest, &value);
	struct unpack u = {.rest = value};

	*ret = 0;
	if (rc <= 0)
		return rc;
	*ret = unpack_u64(&u);
	return u.failed || u.rest.len > 0 || *ret == 0 ? -EUCLEAN : 0;
}

static int put_uses(struct records_shelf *s, struct span digest, uint64_t uses)
{
	struct pack value;

	pack_clear(&value);
	pack_u64(&value, uses);
	return records_put(s, s->uses, digest, &value);
}

static int use(struct records_shelf *s, const struct item *i)
{
	struct span digest = span_of(i->digest, sizeof(i->digest));
	MDB_val key = env_val(digest);
	MDB_val text = env_val(i->text);
	uint64_t uses;
	int rc = get_uses(s, digest, &uses);

	if (rc == 0 && uses == 0)
		rc = records_errno(s, mdb_put(s->txn, s->content, &key, &text, 0));
	return rc == 0 ? put_uses(s, digest, uses + 1) : rc;
}

int records_release(struct records_shelf *s, const unsigned char digest[static ITEM_DIGEST_BYTES])
{
	struct span key = span_of(digest, ITEM_DIGEST_BYTES);
	uint64_t uses;
	int rc = get_uses(s, key, &uses);

	if (rc == 0 && uses == 0)
		rc = -EUCLEAN;
	if (rc != 0)
		return rc;
	if (uses > 1)
		return put_uses(s, key, uses - 1);
	rc = records_delete(s, s->content, key);
	if (rc == 1)
		rc = records_delete(s, s->uses, key);
	if (rc == 1)
		return 0;
	return rc == 0 ? -EUCLEAN : rc;
}

/* ---- versions ---- */

/* Where a version is on its way into an environment. */
struct putting {
	struct records_writer *w;
	struct records_shelf *s;
	struct pack key, version_key; /* of the item, of the version */
	struct item i;                /* with its number and digest */
};

/* Does this version hold, now that it is there? 1, 0 or a negative errno. */
static int holds(const struct putting *p)
{
	struct span value;
	int rc = records_get(p->s, p->s->item, pack_span(&p->key), &value);
	struct unpack u = {.rest = value};

	if (rc <= 0)
		return rc == 0 ? 1 : rc;
	(void)unpack_u64(&u);
	struct span stored = unpack_bytes(&u, ITEM_ARRIVAL_BYTES);
	if (u.failed)
		return -EUCLEAN;
	int order = memcmp(p->version_key.bytes + p->key.len, stored.ptr, ITEM_ARRIVAL_BYTES);
	return p->i.kind == ITEM_CLEARED ? order <= 0 : order >= 0;
}

static int put_version(struct putting *p)
{
	struct pack value, version_value;

	p->i.seq = p->w->last_seq + 1;
	pack_clear(&value);
	pack_clear(&version_value);
	item_pack_value(&value, &p->i);
	item_pack_version_value(&version_value, &p->i);
	int rc = records_put(p->s, p->s->version, pack_span(&p->version_key), &version_value);
	if (rc == 0)
		rc = holds(p);
	if (rc == 1)
		rc = records_put(p->s, p->s->item, pack_span(&p->key), &value);
	return rc == 0 ? records_enter(p->w, FACT_ITEM, pack_span(&p->key)) : rc;
}

static int put_new(struct putting *p)
{
	int rc = use(p->s, &p->i);

	if (rc == 0)
		rc = records_know(p->w, &p->i);
	return rc == 0 ? put_version(p) : rc;
}

/* The version that is there had another text. */
static int put_another(struct putting *p, const struct item *stored)
{
	int rc = use(p->s, &p->i);

	if (rc == 0)
		rc = records_forget_text(p->w, stored);
	if (rc == 0)
		rc = records_release(p->s, stored->digest);
	if (rc == 0)
		rc = put_version(p);
	int known = rc < 0 ? rc : records_know_versions(p->w, &p->key);
	return known < 0 ? known : rc;
}

static int put_known(struct putting *p, struct span value)
{
	struct item stored;
	int entered = 1;
	int rc = item_unpack_version(pack_span(&p->version_key), value, &stored);

	if (rc != 0)
		return rc;
	bool same = memcmp(stored.digest, p->i.digest, sizeof(stored.digest)) == 0;
	if (p->s == &p->w->private)
		entered = records_is_entered(p->w, stored.seq, FACT_ITEM, pack_span(&p->key));
	if (entered < 0 || (entered == 1 && same && stored.flags == p->i.flags))
		return entered < 0 ? entered : 0;
	return same ? put_version(p) : put_another(p, &stored);
}

static int is_erased(struct records_writer *w, const struct item *i)
{
	struct span pin = item_pin(i);

	return pin.len > 0 ? records_is_erased(w, pin, i->received_us, &i->entry) : 0;
}

int records_put_item(struct records_writer *w, const struct item *i)
{
	struct putting p = {.w = w, .s = records_shelf(w, item_private(i->kind)), .i = *i};
	struct span value;

	p.i.flags &= FLAGS_STORED;
	records_digest(i->text, p.i.digest);
	item_pack_key(&p.key, i);
	item_pack_version_key(&p.version_key, i);
	if (p.version_key.failed)
		return -EINVAL;
	int rc = is_erased(w, i);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = records_get(p.s, p.s->version, pack_span(&p.version_key), &value);
	if (rc < 0)
		return rc;
	return rc == 0 ? put_new(&p) : put_known(&p, value);
}

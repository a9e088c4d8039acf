/* SPDX-License-Identifier: GPL-2.0-or-later */
/* people_templates: what the devices of a site have of somebody's fingers and faces. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmdqd/people_private.h"
#include "lib/matching.h"

/* ---- the latest of each ---- */

#define ALGORITHM_BYTES 80 /* what is longer is cut */

struct template
{
	struct item item;
	char algorithm[ALGORITHM_BYTES];
};

struct gathering {
	struct asking *a;
	struct template *all;
	size_t count;
};

static int put_algorithm(const struct item *i, char ret[static ALGORITHM_BYTES])
{
	static const char *const names[] = {"version", "minor"};
	struct buf field = buf_with_max(ALGORITHM_BYTES / 2 - 4);
	size_t len = 1;
	int rc = 0;

	memset(ret, 0, ALGORITHM_BYTES);
	ret[0] = (char)('0' + matching_format_of(item_content(i)));
	for (size_t n = 0; rc == 0 && n < 2; n++) {
		rc = item_field(i, names[n], &field);
		if (rc == 0) {
			memcpy(ret + len, field.ptr, field.len);
			len += field.len;
		}
		ret[len++] = '\n';
		rc = rc == -ENOENT || rc == -EMSGSIZE ? 0 : rc;
	}
	buf_free(&field);
	return rc;
}

static bool has_same_ids(const struct item *a, const struct item *b)
{
	bool same = a->kind == b->kind;

	for (size_t n = 1; same && n < a->id_count; n++)
		same = span_eq(a->ids[n], b->ids[n]);
	return same;
}

/* The very same as one that was received later: all devices of a site mostly have the same. */
static bool is_overtaken(const struct gathering *g, const struct item *i)
{
	for (size_t n = 0; n < g->count; n++) {
		const struct item *o = &g->all[n].item;

		if (has_same_ids(o, i) && memcmp(o->digest, i->digest, sizeof(i->digest)) == 0 &&
			i->received_us <= o->received_us)
			return true;
	}
	return false;
}

/* The place of those that are like it; a new one when there is none. */
static int place_of(struct gathering *g, const struct template *t, struct template **ret)
{
	for (size_t n = 0; n < g->count; n++)
		if (has_same_ids(&g->all[n].item, &t->item) &&
			strcmp(g->all[n].algorithm, t->algorithm) == 0) {
			*ret = &g->all[n];
			return 0;
		}
	if (g->count == PEOPLE_TEMPLATES_MAX)
		return -E2BIG;
	if (g->all == NULL)
		g->all = calloc(PEOPLE_TEMPLATES_MAX, sizeof(*g->all));
	if (g->all == NULL)
		return -ENOMEM;
	*ret = &g->all[g->count++];
	**ret = *t;
	return 0;
}

static int see_template(void *context, const struct item *row)
{
	struct gathering *g = context;
	struct template t = {.item = *row}, *place = NULL;

	if (is_overtaken(g, row))
		return 0;
	int rc = known_complete(g->a->known, &t.item);
	if (rc < 0 || (t.item.flags & ITEM_DELETED) != 0)
		return rc;
	rc = put_algorithm(&t.item, t.algorithm);
	if (rc == 0)
		rc = place_of(g, &t, &place);
	if (rc == 0 && people_is_later(g->a->known, &t.item, &place->item))
		*place = t;
	return rc;
}

static int gather_at(void *context, struct span pin, struct span serial)
{
	struct gathering *g = context;

	if (!people_is_of_site(g->a, serial))
		return 0;
	int rc = known_items(g->a->known, ITEM_TEMPLATE, serial, pin, see_template, g);
	return rc == 0 ? known_items(g->a->known, ITEM_PICTURE, serial, pin, see_template, g) : rc;
}

int people_templates(
	struct people *p, struct span site, struct span pin, item_visit *visit, void *context)
{
	struct asking a;
	struct gathering g = {.a = &a};
	int rc = people_begin(p, site, pin, &a);

	if (rc != 0)
		return rc;
	rc = people_each_device(a.known, pin, gather_at, &g);
	for (size_t n = 0; rc == 0 && n < g.count; n++)
		rc = visit(context, &g.all[n].item);
	free(g.all);
	known_end(a.known);
	return rc;
}

/* ---- has it been seen before ---- */

static int whose(struct known *k, struct span pin, struct span bytes)
{
	int any = known_template(k, bytes, span_of(NULL, 0));

	if (any <= 0)
		return any;
	int own = known_template(k, bytes, pin);
	return own == 0 ? PEOPLE_OF_ANOTHER : own;
}

int people_has_template(struct people *p, struct span pin, struct span bytes)
{
	struct known *known;
	int rc = library_look(p->library, &known);

	if (rc != 0)
		return rc;
	rc = whose(known, pin, bytes);
	known_end(known);
	return rc;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* changes: both texts are sorted by name, so one walk along both finds them. */
#include "ctl/changes.h"

#include <errno.h>

#include "store/lines.h"

struct side {
	struct span rest, key, value;
	bool left;
};

static int step(struct side *s)
{
	int rc = lines_next(&s->rest, &s->key, &s->value);
	s->left = rc > 0;
	return rc < 0 ? rc : 0;
}

static int put_name(struct buf *b, size_t begin, struct span key)
{
	if (span_has(key, '.'))
		return 0;
	int rc = b->len > begin ? buf_add_str(b, " ") : 0;
	return rc < 0 ? rc : buf_add_span(b, key);
}

static bool same(const struct side *x, const struct side *y, int order)
{
	if (order == 0)
		return span_eq(x->value, y->value);
	return (order < 0 ? x : y)->value.len == 0;
}

int changes_put(struct buf *b, const struct item *before, const struct item *after)
{
	struct side x = {.rest = before ? item_head(before) : span_of(NULL, 0)};
	struct side y = {.rest = item_head(after)};
	size_t begin = b->len;
	int rc = step(&x);
	if (rc == 0)
		rc = step(&y);
	while (rc == 0 && (x.left || y.left)) {
		int order = !x.left ? 1 : !y.left ? -1 : span_order(x.key, y.key);
		if (!same(&x, &y, order))
			rc = put_name(b, begin, order < 0 ? x.key : y.key);
		if (rc == 0 && order <= 0)
			rc = step(&x);
		if (rc == 0 && order >= 0)
			rc = step(&y);
	}
	return rc;
}

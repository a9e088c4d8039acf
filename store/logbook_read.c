/* SPDX-License-Identifier: GPL-2.0-or-later */
/* logbook_read: questions about log lines and photos, in order of time. */
#include <errno.h>

#include "store/filter.h"
#include "store/logbook.h"
#include "store/scan.h"

/* ---- log lines ---- */

static int show_line(
	struct filter *f, MDB_val key, MDB_val value, logged_visit *visit, void *context)
{
	struct logged l;
	int rc = logged_unpack(env_span(key), env_span(value), &l);

	f->left--;
	return rc == 0 ? visit(context, &l) : rc;
}

/* Behind the time stands the kind, and then the serial. */
static bool takes_line(const struct filter *f, struct span key, enum logged_kind kind)
{
	return key.len <= PUNCH_TIME_BYTES || (key.ptr[PUNCH_TIME_BYTES] == (char)kind &&
						      filter_takes(f, key, PUNCH_TIME_BYTES + 1));
}

int records_log(struct records_reader *r, enum logged_kind kind, const struct punch_query *q,
	logged_visit *visit, void *context)
{
	struct punch_query without_pin = *q;
	struct filter f;
	struct scan s;
	MDB_val key, value;

	without_pin.pin = span_of(NULL, 0);
	int rc = filter_make(&without_pin, &f);
	if (rc == 0)
		rc = scan_begin(r, RECORDS_LOG, &s);
	if (rc != 0)
		return rc;
	rc = scan_to(&s, pack_span(&f.since), &key, &value);
	while (rc == 0 && f.left > 0 && !filter_past(&f, env_span(key))) {
		if (takes_line(&f, env_span(key), kind))
			rc = show_line(&f, key, value, visit, context);
		if (rc == 0)
			rc = scan_next(&s, &key, &value);
	}
	return scan_end(&s, rc);
}

/* ---- photos ---- */

static int show_photo(
	struct filter *f, MDB_val key, MDB_val value, photo_visit *visit, void *context)
{
	struct photo p;
	int rc = photo_unpack(env_span(key), env_span(value), &p);

	f->left--;
	return rc == 0 ? visit(context, &p) : rc;
}

int records_photos(
	struct records_reader *r, const struct punch_query *q, photo_visit *visit, void *context)
{
	struct filter f;
	struct scan s;
	MDB_val key, value;
	int rc = filter_make(q, &f);

	if (rc == 0)
		rc = scan_begin(r, RECORDS_PHOTO, &s);
	if (rc != 0)
		return rc;
	rc = scan_to(&s, pack_span(&f.since), &key, &value);
	while (rc == 0 && f.left > 0 && !filter_past(&f, env_span(key))) {
		if (filter_takes(&f, env_span(key), PUNCH_TIME_BYTES))
			rc = show_photo(&f, key, value, visit, context);
		if (rc == 0)
			rc = scan_next(&s, &key, &value);
	}
	return scan_end(&s, rc);
}

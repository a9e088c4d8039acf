/* SPDX-License-Identifier: GPL-2.0-or-later */
/* upload: see the header. A table whose form is known is taken apart; any other body, and a line
 * whose keyword is not known, is kept as it is, so that a later version can take it apart then. */
#include "parserd/upload.h"

#include <errno.h>
#include <stdio.h>

#include "parserd/body.h"
#include "parserd/body_attlog.h"
#include "parserd/keep.h"

static const char *target_fault(int rc)
{
	if (rc == -EMSGSIZE)
		return "target is too long or has too many parameters";
	return "target is not a request target, or its table's name is not a name";
}

int upload_read(
	const struct spool_entry *e, const char *name, struct upload *ret, const char **ret_why)
{
	int rc = target_parse(e->target, &ret->target);

	if (rc == 0)
		rc = target_upload(&ret->target, &ret->says);
	if (rc != 0) {
		*ret_why = target_fault(rc);
		return -EBADMSG;
	}
	ret->serial = e->serial;
	ret->request = e->target;
	ret->body = e->body;
	ret->received_us = e->received_us;
	/* The name was given when the upload came. */
	if (ret->received_us == 0)
		(void)spool_name_valid(span_str(name), &ret->received_us);
	ret->entry.number = e->number;
	snprintf(ret->entry.name, sizeof(ret->entry.name), "%s", name);
	return 0;
}

static int count(int added, uint64_t *known, uint64_t *fresh)
{
	*known += added == 0;
	*fresh += added == 1;
	return added < 0 ? added : 0;
}

/* ---- what it says ---- */

struct storing {
	struct records_writer *w;
	struct photos *photos;
	const struct upload *u;
	struct tally *tally;
	bool refused_before; /* lines of this table, by this version or an older one */
	bool whole_is_raw;   /* all of the body is one line that nobody can read */
};

static struct kept kept_of(const struct upload *u, struct span note, struct span bytes)
{
	return (struct kept){
		.serial = u->serial,
		.table = span_str(u->says.table),
		.received_us = u->received_us,
		.entry = u->entry,
		.note = note,
		.bytes = bytes,
	};
}

/* An older version kept it because it could not read it. */
static int drop_raw(struct storing *s, struct span bytes)
{
	struct kept k = kept_of(s->u, span_of(NULL, 0), bytes);
	int rc = records_drop_raw(s->w, &k);

	return rc < 0 ? rc : 0;
}

static int drop_refused(struct storing *s, struct span line)
{
	struct kept k = kept_of(s->u, span_of(NULL, 0), line);
	int rc = s->refused_before ? records_drop_refused(s->w, &k) : 0;

	return rc < 0 ? rc : 0;
}

static int store_punch(void *context, struct span line, struct punch *p)
{
	struct storing *s = context;
	int rc = drop_refused(s, line);

	if (rc < 0)
		return rc;
	p->serial = s->u->serial;
	p->received_us = s->u->received_us;
	p->entry = s->u->entry;
	return count(records_add_punch(s->w, p), &s->tally->duplicates, &s->tally->punches);
}

static int store_refused(void *context, struct span line, const char *why)
{
	struct storing *s = context;
	struct kept k = kept_of(s->u, span_str(why), line);
	int rc = drop_raw(s, line);

	return rc < 0 ? rc
		      : count(records_add_refused(s->w, &k), &s->tally->refused,
				&s->tally->refused);
}

static int store_raw(struct storing *s, struct span bytes)
{
	struct kept k = kept_of(s->u, s->u->request, bytes);

	return count(records_add_raw(s->w, &k), &s->tally->duplicates, &s->tally->raw);
}

static int store_unknown(void *context, struct span line)
{
	struct storing *s = context;
	int rc = drop_refused(s, line);

	s->whole_is_raw |= line.len == s->u->body.len;
	return rc < 0 ? rc : store_raw(s, line);
}

static struct keep_source source_of(const struct upload *u)
{
	return (struct keep_source){
		.serial = u->serial,
		.received_us = u->received_us,
		.entry = u->entry,
		.body = u->body,
	};
}

static int store_row(void *context, const struct row *row)
{
	struct storing *s = context;
	const struct keep_source from = source_of(s->u);

	if (!keep_takes(row))
		return store_unknown(s, row->line);
	int rc = row->line.len < s->u->body.len ? drop_raw(s, row->line) : 0;
	if (rc == 0)
		rc = drop_refused(s, row->line);
	if (rc == 0)
		rc = count(keep_row(s->w, s->photos, &from, row), &s->tally->duplicates,
			&s->tally->rows[row->kind]);
	return rc;
}

static struct span param_of(const struct upload *u, const char *name)
{
	struct span value = span_of(NULL, 0);

	(void)target_param(&u->target, name, &value);
	return value;
}

static int parse(const struct upload *u, const struct body_visitor *v)
{
	const struct body_source source = {
		.table = span_str(u->says.table),
		.pin = param_of(u, "PIN"),
		.number = param_of(u, "FID"),
		.received_us = u->received_us,
	};

	return body_parse(u->body, &source, v);
}

static int store_rows(struct storing *s)
{
	const struct upload *u = s->u;
	const struct body_visitor v = {s, store_row, store_refused, store_unknown};
	int rc = parse(u, &v);

	return rc == 0 && !s->whole_is_raw ? drop_raw(s, u->body) : rc;
}

static int store_body(struct storing *s)
{
	const struct attlog_visitor punches = {s, store_punch, store_refused};
	const struct upload *u = s->u;

	if (strcmp(u->says.table, "ATTLOG") == 0)
		return body_attlog_parse(u->body, u->received_us, &punches);
	return body_knows(span_str(u->says.table)) ? store_rows(s) : store_raw(s, u->body);
}

static int store_stamp(struct records_writer *w, const struct upload *u, uint64_t now_us)
{
	struct stamp stamp = {
		.text = u->says.stamp,
		.received_us = u->received_us,
		.entry = u->entry,
	};
	int rc = records_set_stamp(w, u->serial, span_str(u->says.table), &stamp, now_us);

	return rc < 0 ? rc : 0;
}

int upload_store(struct records_writer *w, struct photos *photos, const struct upload *u,
	uint64_t now_us, struct tally *tally)
{
	struct storing s = {.w = w, .photos = photos, .u = u, .tally = tally};

	if (u->body.len == 0) {
		tally->empty++;
		return 0; /* and no stamp: it would vouch for data that never came */
	}
	int rc = records_has_refused(w, u->serial, span_str(u->says.table));
	s.refused_before = rc == 1;
	if (rc >= 0)
		rc = store_body(&s);
	return rc == 0 ? store_stamp(w, u, now_us) : rc;
}

/* ---- giving up ---- */

static int give_up_row(void *context, const struct row *row)
{
	struct storing *s = context;
	const struct keep_source from = source_of(s->u);

	return keep_give_up(s->w, s->photos, &from, row);
}

static int pass_refused(void *context, struct span line, const char *why)
{
	(void)context, (void)line, (void)why;
	return 0;
}

static int pass_unknown(void *context, struct span line)
{
	(void)context, (void)line;
	return 0;
}

int upload_give_up(struct records_writer *w, struct photos *photos, const struct upload *u)
{
	struct storing s = {.w = w, .photos = photos, .u = u};
	const struct body_visitor v = {&s, give_up_row, pass_refused, pass_unknown};

	return body_knows(span_str(u->says.table)) ? parse(u, &v) : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* upload: see the header. A table whose form is known is taken apart; any other body is kept whole,
 * so that a later version can take it apart then. */
#include "parserd/upload.h"

#include <errno.h>
#include <stdio.h>

#include "parserd/body_attlog.h"

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

struct storing {
	struct records_writer *w;
	const struct upload *u;
	struct upload_tally *tally;
};

static void count(int added, uint64_t *known, uint64_t *fresh)
{
	*known += added == 0;
	*fresh += added == 1;
}

static int store_punch(void *context, struct punch *p)
{
	struct storing *s = context;

	p->serial = s->u->serial;
	p->received_us = s->u->received_us;
	p->entry = s->u->entry;
	int added = records_add_punch(s->w, p);
	count(added, &s->tally->duplicates, &s->tally->punches);
	return added < 0 ? added : 0;
}

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

static int store_refused(void *context, struct span line, const char *why)
{
	struct storing *s = context;
	struct kept k = kept_of(s->u, span_str(why), line);
	int added = records_add_refused(s->w, &k);

	count(added, &s->tally->refused, &s->tally->refused);
	return added < 0 ? added : 0;
}

static int store_whole(struct storing *s)
{
	struct kept k = kept_of(s->u, s->u->request, s->u->body);
	int added = records_add_raw(s->w, &k);

	count(added, &s->tally->duplicates, &s->tally->raw);
	return added < 0 ? added : 0;
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

int upload_store(struct records_writer *w, const struct upload *u, uint64_t now_us,
	struct upload_tally *tally)
{
	struct storing s = {.w = w, .u = u, .tally = tally};
	struct attlog_visitor v = {&s, store_punch, store_refused};

	if (u->body.len == 0) {
		tally->empty++;
		return 0; /* and no stamp: it would vouch for data that never came */
	}
	int rc = strcmp(u->says.table, "ATTLOG") == 0
			 ? body_attlog_parse(u->body, u->received_us, &v)
			 : store_whole(&s);
	return rc == 0 ? store_stamp(w, u, now_us) : rc;
}

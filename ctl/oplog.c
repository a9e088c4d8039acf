/* SPDX-License-Identifier: GPL-2.0-or-later */
/* oplog: what was done at the terminals, what went wrong there, and what happened. */
#include <errno.h>

#include "ctl/fail.h"
#include "ctl/flow.h"
#include "ctl/oplog_row.h"
#include "ctl/people.h"
#include "ctl/punch.h"
#include "ctl/stop.h"
#include "store/follow.h"

#define POLL_MS 250

struct work {
	const struct ask *ask;
	enum logged_kind kind;
	struct records_reader *records;
	struct flow flow;
	uint64_t left, seq;
	size_t batch;
	bool any;
	struct pack last_key;
	struct clock_local last_time;
};

static int put_line(struct work *w, const struct logged *l)
{
	struct out_cell cells[OPLOG_COLUMNS];
	struct oplog_texts texts;
	oplog_cells(l, &texts, cells);
	int rc = out_row(&w->flow.out, cells);
	w->batch++;
	w->left--;
	return rc < 0 ? rc : w->batch == FLOW_BATCH_ROWS || w->left == 0;
}

static int write_batch(struct work *w, int rc)
{
	int write_rc = flow_write(&w->flow);
	w->batch = 0;
	return rc < 0 || write_rc == 0 ? rc : write_rc;
}

/* ---- in order of time ---- */

/* A batch begins in the second in which the last one ended; what was written of it is passed over.
 */
static bool is_behind(const struct work *w, const struct pack *key)
{
	return span_order(pack_span(key), pack_span(&w->last_key)) > 0;
}

static int visit(void *context, const struct logged *l)
{
	struct work *w = context;
	struct pack key = {.len = 0};
	logged_pack_key(&key, l);
	if (w->any && !is_behind(w, &key))
		return 0;
	w->last_key = key;
	w->last_time = l->time;
	w->any = true;
	return put_line(w, l);
}

static int list(struct work *w)
{
	const struct ask *a = w->ask;
	int rc;
	do {
		struct punch_query q = {.since = a->since, .until = a->until, .serial = a->serial};
		if (w->any)
			q.since = w->last_time;
		rc = write_batch(w, records_log(w->records, w->kind, &q, visit, w));
	} while (rc > 0 && w->left > 0);
	return rc < 0 ? rc : 0;
}

/* ---- in the order of the journal ---- */

static int visit_fact(void *context, uint64_t seq, const struct logged *l)
{
	struct work *w = context;
	w->seq = seq;
	if (l->kind != w->kind || (w->ask->serial.len && !span_eq(w->ask->serial, l->serial)))
		return 0;
	return put_line(w, l);
}

static int read_on(struct work *w)
{
	const struct follower f = {.context = w, .logged = visit_fact};
	uint64_t last = w->seq, from;
	int rc;
	do {
		from = w->seq;
		rc = records_follow_all(w->records, from, 16 * FLOW_BATCH_ROWS, &f, &last);
		rc = write_batch(w, rc);
		if (rc == 0)
			w->seq = last;
	} while (rc >= 0 && w->left > 0 && w->seq > from);
	return rc < 0 ? rc : 0;
}

static int follow(struct work *w)
{
	int rc = 0;
	w->seq = w->ask->after;
	if (!w->ask->has_after)
		rc = records_last_seq(w->records, &w->seq);
	while (rc == 0 && !stop_asked() && w->left > 0) {
		rc = read_on(w);
		if (rc == 0 && out_unread(stdout))
			rc = -EPIPE;
		if (rc == 0 && !stop_asked() && w->left > 0)
			clock_sleep_ms(POLL_MS);
	}
	return rc;
}

/* ---- both ---- */

static int run(struct ask *a, int (*how)(struct work *w), bool at_once)
{
	struct out_column columns[OPLOG_COLUMNS];
	struct work w = {.ask = a, .kind = LOG_OPERATION, .left = a->limit ? a->limit : UINT64_MAX};
	int rc = 0;
	if (a->kind.len > 0 && !oplog_kind_of(a->kind, &w.kind))
		return fail(EX_USAGE, "--kind '%.*s' is none of operation, error, event",
			SPAN_ARG(a->kind));
	int code = punch_open(a, &w.records);
	if (code == EX_OK)
		code = punch_check_after(w.records, a);
	oplog_columns_of(w.kind, columns);
	if (code == EX_OK)
		rc = flow_begin(&w.flow, a->format, columns, OPLOG_COLUMNS, at_once);
	if (code == EX_OK && rc == 0) {
		rc = how(&w);
		int end_rc = flow_end(&w.flow);
		rc = rc < 0 ? rc : end_rc;
	}
	records_close(w.records);
	return rc < 0 ? fail_at(rc, "list", "the log") : code;
}

static int oplog_verb_ls(struct ask *a)
{
	return run(a, list, false);
}

static int oplog_verb_follow(struct ask *a)
{
	stop_on_signals();
	return run(a, follow, true);
}

/* ---- the verbs ---- */

#define OPTION_KIND                                                                        \
	{                                                                                  \
		"kind", ASK_KIND, "KIND", 0, "operation (the default), error or event", 10 \
	}

static const struct argp_option ls_options[] = {
	OPTION_KIND,
	ASK_OPTION_SERIAL,
	ASK_OPTION_SINCE,
	ASK_OPTION_UNTIL,
	{"limit", ASK_LIMIT, "N", 0, "N lines at most", 10},
	ASK_OPTION_JSON,
	ASK_OPTION_CSV,
	ASK_OPTION_CONF,
	{0},
};
static const struct argp_option follow_options[] = {
	OPTION_KIND,
	ASK_OPTION_SERIAL,
	{"limit", ASK_LIMIT, "N", 0, "End after N lines", 10},
	{"after", ASK_AFTER, "SEQ", 0, "Begin behind SEQ, not at the end of the journal", 10},
	ASK_OPTION_JSON,
	ASK_OPTION_CSV,
	ASK_OPTION_CONF,
	{0},
};

static const struct ask_verb verbs[] = {
	{"ls", NULL, "List what was done at the terminals, in the order of its time",
		ASK_TIMES "The time of an error is that of its receipt, in UTC.\n\n"
			  "Example: punchctl oplog ls --since yesterday\n"
			  "         punchctl oplog ls --kind error --json",
		ls_options, 0, 0, oplog_verb_ls},
	{"follow", NULL, "Print new lines as they are committed",
		"Example: punchctl oplog follow --json --after 4711", follow_options, 0, 0,
		oplog_verb_follow},
	{0},
};

const struct noun noun_oplog = {
	"oplog", "What was done at the terminals", verbs, "punchctl oplog ls --since yesterday"};

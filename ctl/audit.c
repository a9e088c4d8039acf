/* SPDX-License-Identifier: GPL-2.0-or-later */
/* audit: what terminals asked about people or fetched, and what they were answered. */
#include "store/audit.h"

#include "ctl/cell.h"
#include "ctl/cmd.h"
#include "ctl/fail.h"
#include "ctl/flow.h"

enum { TIME, KIND, SERIAL, PIN, GRANTED, METHOD, FORMAT, COUNT, WHY, ADDRESS, COLUMNS };

static const struct out_column columns[COLUMNS] = {
	[TIME] = {"time", "TIME", 20, false},
	[KIND] = {"kind", "KIND", 8, false},
	[SERIAL] = {"serial", "SERIAL", 13, false},
	[PIN] = {"pin", "PIN", 0, false},
	[GRANTED] = {"granted", "GRANTED", 0, false},
	[METHOD] = {"method", "METHOD", 0, false},
	[FORMAT] = {"format", NULL, 0, false},
	[COUNT] = {"count", "COUNT", 0, true},
	[WHY] = {"why", "WHY", 0, false},
	[ADDRESS] = {"address", "ADDRESS", 0, false},
};

/* The store is read in batches, each from where the last one ended, so that no pager keeps it
 * waiting. */
struct listing {
	struct flow flow;
	struct audit_query query;
	uint64_t left;
	size_t batch;
	bool any;
	uint64_t last_us;
	uint32_t last_number;
};

static bool was_listed(const struct listing *l, const struct audit *a)
{
	return l->any && a->at_us == l->last_us && a->number >= l->last_number;
}

static int put_row(void *context, const struct audit *a)
{
	struct listing *l = context;
	struct cell_moment time;
	if (was_listed(l, a))
		return 0;
	const struct out_cell cells[COLUMNS] = {
		[TIME] = cell_moment(a->at_us, &time),
		[KIND] = out_text(span_str(audit_what_name(a->what))),
		[SERIAL] = out_text(span_str(a->serial)),
		[PIN] = cell_text(a->pin),
		[GRANTED] = out_truth(a->granted),
		[METHOD] = cell_text(a->method),
		[FORMAT] = cell_text(a->format),
		[COUNT] = out_number(a->count),
		[WHY] = cell_text(a->why),
		[ADDRESS] = cell_text(a->address),
	};
	int rc = out_row(&l->flow.out, cells);
	l->any = true;
	l->last_us = a->at_us;
	l->last_number = a->number;
	return rc < 0 ? rc : --l->left == 0 || ++l->batch == FLOW_BATCH_ROWS;
}

static int list(struct listing *l, struct control_reader *r)
{
	int rc;
	do {
		l->batch = 0;
		if (l->any)
			l->query.until_us = l->last_us + 1;
		rc = control_audits(r, &l->query, put_row, l);
		int write_rc = flow_write(&l->flow);
		rc = rc < 0 || write_rc == 0 ? rc : write_rc;
	} while (rc > 0 && l->left > 0);
	return rc < 0 ? rc : 0;
}

/* ---- what is asked for ---- */

static bool kind_of(struct span word, unsigned *ret_bits)
{
	for (unsigned what = 0; what < AUDIT_KINDS; what++)
		if (span_is(word, audit_what_name(what))) {
			*ret_bits = 1u << what;
			return true;
		}
	return word.len == 0;
}

static uint64_t moment(const struct clock_local *local)
{
	return local->month ? when_wall_us(local) : 0;
}

static int audit_run(struct ask *a)
{
	struct control_reader *r = NULL;
	struct listing l = {.left = a->limit ? a->limit : UINT64_MAX,
		.query = {.since_us = moment(&a->since),
			.until_us = moment(&a->until),
			.serial = a->serial,
			.pin = a->pin,
			.refused = a->refused}};
	if (!kind_of(a->kind, &l.query.kinds))
		return fail(EX_USAGE,
			"--kind '%.*s' is none of lookup, verify, file, withdraw, alarm",
			SPAN_ARG(a->kind));
	int code = cmd_open(a, &r);
	if (code != EX_OK)
		return code;
	int rc = flow_begin(&l.flow, a->format, columns, COLUMNS, false);
	if (rc == 0) {
		rc = list(&l, r);
		int end_rc = flow_end(&l.flow);
		rc = rc < 0 ? rc : end_rc;
	}
	control_close(r);
	return rc < 0 ? fail_at(rc, "list", "the audit") : EX_OK;
}

static const struct argp_option options[] = {
	{"kind", ASK_KIND, "KIND", 0, "lookup, verify, file, withdraw or alarm", 10},
	ASK_OPTION_SERIAL,
	ASK_OPTION_PIN,
	ASK_OPTION_SINCE,
	ASK_OPTION_UNTIL,
	{"refused", ASK_REFUSED, NULL, 0, "Only what was not granted", 10},
	{"limit", ASK_LIMIT, "N", 0, "The N newest at most", 10},
	ASK_OPTION_JSON,
	ASK_OPTION_CSV,
	ASK_OPTION_CONF,
	{0},
};

static const struct ask_verb audit_verbs[] = {
	{NULL, NULL, "List what terminals asked about people, the newest first",
		ASK_TIMES "Example: punchctl audit --since today --refused\n"
			  "         punchctl audit --pin 1001 --json",
		options, 0, 0, audit_run},
	{0},
};

const struct noun noun_audit = {"audit", "What terminals asked about people", audit_verbs,
	"punchctl audit --since today --refused"};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* punch: what the terminals recorded. Reads the records; writes nothing. */
#include "ctl/punch.h"

#include <errno.h>
#include <stdlib.h>

#include "ctl/fail.h"
#include "ctl/rows.h"

int punch_open(const struct ask *a, struct records_reader **ret)
{
	char *path = conf_join(a->conf.state_dir, CONF_RECORDS);
	if (!path)
		return fail(EX_OSERR, "out of memory");
	int rc = records_open(path, ret);
	int code = EX_OK;
	if (rc == -ENOENT)
		code = fail(EX_UNAVAILABLE,
			"there are no records yet: parserd has never run with %s", path);
	else if (rc < 0)
		code = fail_at(rc, "read", path);
	free(path);
	return code;
}

int punch_check_after(struct records_reader *r, const struct ask *a)
{
	uint64_t last = 0;
	int rc = a->after ? records_last_seq(r, &last) : 0;
	if (rc < 0)
		return fail_at(rc, "read", "the journal");
	if (a->after > last)
		return fail(EX_DATAERR,
			"--after %llu: the journal ends at %llu; these are not the records that "
			"you read before",
			(unsigned long long)a->after, (unsigned long long)last);
	return EX_OK;
}

static int punch_ls(struct ask *a)
{
	struct records_reader *r = NULL;
	struct rows w;
	int code = punch_open(a, &r);
	if (code != EX_OK)
		return code;
	code = punch_check_after(r, a);
	int rc = 0;
	if (code == EX_OK) {
		rc = rows_begin(&w, a, r, false);
		if (rc == 0)
			rc = a->has_after ? rows_by_journal(&w) : rows_by_time(&w);
		int end_rc = rows_end(&w);
		rc = rc < 0 ? rc : end_rc;
	}
	records_close(r);
	return rc < 0 ? fail_at(rc, "list", "the records") : code;
}

static int count_one(void *context, const struct punch *p)
{
	(void)p;
	++*(uint64_t *)context;
	return 0;
}

static int count(struct records_reader *r, const struct ask *a, uint64_t *ret)
{
	struct punch_query q = {
		.since = a->since, .until = a->until, .serial = a->serial, .pin = a->pin};
	*ret = 0;
	if (a->has_after)
		return records_follow(r, a->after, &q, count_one, ret);
	return records_punches(r, &q, count_one, ret);
}

static int punch_count(struct ask *a)
{
	static const struct out_column one[] = {{"punches", "PUNCHES", 0, false}};
	struct records_reader *r = NULL;
	uint64_t total = 0;
	int code = punch_open(a, &r);
	if (code != EX_OK)
		return code;
	code = punch_check_after(r, a);
	int rc = code == EX_OK ? count(r, a, &total) : 0;
	records_close(r);
	if (rc < 0)
		return fail_at(rc, "count", "the records");
	if (code != EX_OK)
		return code;
	if (a->format == OUT_TABLE) {
		printf("%llu\n", (unsigned long long)total);
		return EX_OK;
	}
	struct out o;
	struct out_cell cell = out_number(total);
	out_begin(&o, stdout, a->format, one, 1);
	rc = out_row(&o, &cell);
	int end_rc = out_end(&o);
	return rc < 0 || end_rc < 0 ? fail_at(rc < 0 ? rc : end_rc, "write", "to standard output")
				    : EX_OK;
}

/* ---- the verbs ---- */

#define FILTERS                                                                       \
	{"serial", ASK_SERIAL, "SN", 0, "Of this terminal only", 10},                 \
		{"pin", ASK_PIN, "PIN", 0, "Of this PIN only", 10}, ASK_OPTION_SINCE, \
		ASK_OPTION_UNTIL

static const struct argp_option ls_options[] = {
	FILTERS,
	{"limit", ASK_LIMIT, "N", 0, "N punches at most", 10},
	{"after", ASK_AFTER, "SEQ", 0, "In the order of the journal, from behind SEQ on", 10},
	{"no-names", ASK_NO_NAMES, NULL, 0, "Without the names of users: quicker", 20},
	ASK_OPTION_JSON,
	ASK_OPTION_CSV,
	ASK_OPTION_CONF,
	{0},
};
static const struct argp_option count_options[] = {
	FILTERS,
	{"after", ASK_AFTER, "SEQ", 0, "Behind SEQ in the journal only", 10},
	ASK_OPTION_JSON,
	ASK_OPTION_CSV,
	ASK_OPTION_CONF,
	{0},
};
static const struct argp_option follow_options[] = {
	FILTERS,
	{"limit", ASK_LIMIT, "N", 0, "End after N punches", 10},
	{"after", ASK_AFTER, "SEQ", 0, "Begin behind SEQ, not at the end of the journal", 10},
	{"no-names", ASK_NO_NAMES, NULL, 0, "Without the names of users: quicker", 20},
	ASK_OPTION_JSON,
	ASK_OPTION_CSV,
	ASK_OPTION_CONF,
	{0},
};

static const struct ask_verb verbs[] = {
	{"ls", NULL, "List punches in the order of their time",
		ASK_TIMES "Example: punchctl punch ls --since yesterday --pin 1001\n"
			  "         punchctl punch ls --after 4711 --json",
		ls_options, 0, 0, punch_ls},
	{"count", NULL, "Count punches",
		ASK_TIMES "Example: punchctl punch count --serial ABCD250100001 --since -7d",
		count_options, 0, 0, punch_count},
	{"follow", NULL, "Print new punches as they are committed",
		ASK_TIMES "A program that stops keeps the seq of the last line it dealt with and "
			  "resumes with --after.\n\n"
			  "Example: punchctl punch follow --json --after 4711",
		follow_options, 0, 0, punch_follow},
	{0},
};

const struct noun noun_punch = {
	"punch", "What the terminals recorded", verbs, "punchctl punch ls --since today"};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* body_attlog: see the header. Terminals of fifteen years write 2 to 11 fields, with and without
 * CR, with any number of TABs at the end. What the fields mean is not looked at, but for the time.
 */
#include "parserd/body_attlog.h"

#include "parserd/reading.h"

/* PIN, time, status, verify, workcode; behind them comes the extra. */
#define FIELDS 5

static struct span without_last_tabs(struct span s)
{
	while (s.len > 0 && s.ptr[s.len - 1] == '\t')
		s.len--;
	return s;
}

static void split(struct span line, struct span fields[static FIELDS], struct span *ret_extra)
{
	for (int i = 0; i < FIELDS; i++)
		if (!span_next(&line, '\t', &fields[i]))
			fields[i] = span_of(NULL, 0);
	*ret_extra = without_last_tabs(line);
}

/* What is wrong with a punch's texts, or NULL. */
static const char *fault_of(const struct punch *p)
{
	if (p->pin.len == 0)
		return "PIN is empty";
	if (p->pin.len > PUNCH_PIN_MAX)
		return "PIN is too long";
	if (p->status.len > PUNCH_CODE_MAX)
		return "status is too long";
	if (p->verify.len > PUNCH_CODE_MAX)
		return "verify is too long";
	if (p->workcode.len > PUNCH_WORKCODE_MAX)
		return "workcode is too long";
	if (p->extra.len > PUNCH_EXTRA_MAX)
		return "fields behind workcode are too long";
	return NULL;
}

/* NULL, or why the line is no punch. */
static const char *read_line(struct span line, uint64_t received_us, struct punch *ret)
{
	struct span fields[FIELDS];
	struct punch p = {.seq = 0};

	if (span_has(line, '\0'))
		return "NUL in the line";
	if (!span_has(line, '\t'))
		return "only one field";
	split(line, fields, &p.extra);
	p.pin = fields[0];
	p.status = fields[2];
	p.verify = fields[3];
	p.workcode = fields[4];
	const char *why = fault_of(&p);
	if (why == NULL && clock_parse_local(fields[1], &p.time) != 0)
		why = "time is not YYYY-MM-DD HH:MM:SS";
	if (why != NULL)
		return why;
	if (reading_is_absurd(&p.time, received_us))
		p.flags |= PUNCH_TIME_ABSURD;
	*ret = p;
	return NULL;
}

int body_attlog_parse(struct span body, uint64_t received_us, const struct attlog_visitor *visitor)
{
	struct span line;
	struct punch p;
	int rc = 0;

	while (rc == 0 && span_next_line(&body, &line)) {
		if (line.len == 0)
			continue;
		const char *why = read_line(line, received_us, &p);
		rc = why == NULL ? visitor->punch(visitor->context, line, &p)
				 : visitor->refused(visitor->context, line, why);
	}
	return rc;
}

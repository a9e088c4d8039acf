/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attlog_json: a body of ATTLOG on standard input, what parserd makes of it on standard output, one
 * JSON object a line. For run.sh. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/io.h"
#include "parserd/body_attlog.h"

#define BODY_MAX    ((size_t)1 << 20)
#define RECEIVED_US ((uint64_t)1798761600 * 1000000) /* 2027-01-01: the same on every day */

/* Bytes that are no UTF-8 cannot stand in JSON; they are shown as text of hex digits. */
static json_t *text(struct span s)
{
	json_t *value = json_stringn(s.len ? s.ptr : "", s.len);
	char hex[3];

	if (value != NULL)
		return value;
	value = json_string("hex:");
	for (size_t i = 0; i < s.len; i++) {
		snprintf(hex, sizeof(hex), "%02x", (unsigned char)s.ptr[i]);
		json_t *longer = json_sprintf("%s%s", json_string_value(value), hex);
		json_decref(value);
		value = longer;
	}
	return value;
}

static int print_object(json_t *object)
{
	int rc = json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);

	putchar('\n');
	json_decref(object);
	return rc;
}

static int print_punch(void *context, struct span line, struct punch *p)
{
	(void)line;
	const struct clock_local *t = &p->time;

	(void)context;
	return print_object(json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "pin", text(p->pin),
		"time",
		json_sprintf("%04u-%02u-%02u %02u:%02u:%02u", t->year, t->month, t->day, t->hour,
			t->minute, t->second),
		"status", text(p->status), "verify", text(p->verify), "workcode", text(p->workcode),
		"extra", text(p->extra), "absurd", p->flags & PUNCH_TIME_ABSURD));
}

static int print_refused(void *context, struct span line, const char *why)
{
	(void)context;
	return print_object(json_pack("{s:s, s:o}", "refused", why, "line", text(line)));
}

int main(void)
{
	struct buf body = buf_with_max(BODY_MAX);
	struct attlog_visitor v = {NULL, print_punch, print_refused};

	if (io_read_all(STDIN_FILENO, &body) != 0)
		return 1;
	int rc = body_attlog_parse(buf_span(&body), RECEIVED_US, &v);
	buf_free(&body);
	return rc == 0 ? 0 : 1;
}

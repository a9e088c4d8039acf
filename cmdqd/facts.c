/* SPDX-License-Identifier: GPL-2.0-or-later */
/* facts: the lines of an INFO as they are kept. */
#include "cmdqd/facts.h"

#include <errno.h>

#include "store/lines.h"

#define FACT_KEY_MAX 64

static bool is_fact_key(struct span key)
{
	for (size_t i = 0; i < key.len; i++)
		if (key.ptr[i] <= ' ' || key.ptr[i] > '~' || key.ptr[i] == '%')
			return false;
	return key.len > 0 && key.len <= FACT_KEY_MAX;
}

static int put_fact(struct buf *b, struct span line)
{
	char name[FACT_KEY_MAX + 1];
	struct span key;

	if (!span_has(line, '=') || !span_next(&line, '=', &key) || !is_fact_key(key) ||
		span_has(line, '\0'))
		return 0;
	memcpy(name, key.ptr, key.len);
	name[key.len] = '\0';
	return lines_put_text(b, name, line);
}

int facts_put(struct buf *b, struct span lines)
{
	struct span line;
	int rc = 0;

	while (rc == 0 && span_next_line(&lines, &line))
		rc = put_fact(b, line);
	return rc == -EMSGSIZE ? 0 : rc;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The body of a devicecmd: what is found stands in it, in its order and without an overlap, every
 * call takes something off, and the facts of an INFO become lines that can be read again. */
#include <errno.h>

#include "cmdqd/facts.h"
#include "cmdqd/result.h"
#include "store/lines.h"
#include "tests/fuzz/fuzz.h"

static void check_id(struct span text)
{
	uint64_t id = 0;

	if (!result_id_number(text, &id))
		return;
	char again[24];
	snprintf(again, sizeof(again), "%llu", (unsigned long long)id);
	CHECK(id > 0 && span_is(text, again));
}

static void check_facts(struct span lines)
{
	struct buf facts = buf_with_max(FACTS_MAX), value = buf_with_max(FACTS_MAX);
	struct span key, escaped;
	int rc;

	CHECK(facts_put(&facts, lines) == 0);
	struct span rest = buf_span(&facts);
	CHECK(facts.len == 0 || facts.ptr[facts.len - 1] == '\n');
	while ((rc = lines_next(&rest, &key, &escaped)) > 0) {
		CHECK(key.len > 0 && !fuzz_has_control(key) && !fuzz_has_control(escaped));
		buf_clear(&value);
		CHECK(lines_get_text(escaped, &value) == 0);
	}
	CHECK(rc == 0);
	buf_free(&facts);
	buf_free(&value);
}

static void check_result(const struct result *r)
{
	CHECK(fuzz_inside(r->id, r->text) && fuzz_inside(r->serial, r->text));
	CHECK(fuzz_inside(r->name, r->text) && fuzz_inside(r->file, r->text));
	CHECK(fuzz_inside(r->content, r->text));
	CHECK(r->has_content || r->content.len == 0);
	/* What ends a line cannot be a part of a value. */
	CHECK(!span_has(r->id, '\n') && !span_has(r->serial, '\n'));
	CHECK(!span_has(r->name, '\n') && !span_has(r->file, '\n'));
	check_id(r->id);
	check_facts(r->content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span body = span_of(data, size), rest = body;
	const char *end = body.ptr;
	const char *why = NULL;
	struct result r;
	int rc;

	while ((rc = result_next(&rest, &r, &why)) != 0) {
		CHECK(rc == 1 || (rc == -EBADMSG && why));
		CHECK(r.text.len > 0 && fuzz_inside(r.text, body) && r.text.ptr >= end);
		end = r.text.ptr + r.text.len;
		CHECK(rest.len == 0 || rest.ptr >= end);
		if (rc == 1)
			check_result(&r);
	}
	CHECK(rest.len == 0);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* range: which part of a file a request wants. */
#include "ingestd/range.h"

#include "lib/num.h"

/* "*", or a list of tags; a weak one of the same name is the same file. */
static bool is_named(struct span list, const char *etag)
{
	struct span tag;

	while (span_next(&list, ',', &tag)) {
		tag = span_trim(tag);
		if (span_starts(tag, "W/"))
			tag = span_from(tag, 2);
		if (span_is(tag, "*") || span_is(tag, etag))
			return true;
	}
	return false;
}

static struct range part(uint64_t from, uint64_t last, uint64_t size)
{
	if (from >= size)
		return (struct range){.status = 416};
	if (last >= size)
		last = size - 1;
	return (struct range){206, from, last - from + 1};
}

/* "-n": the last n bytes. */
static struct range tail(uint64_t bytes, uint64_t size)
{
	if (bytes == 0)
		return (struct range){.status = 416};
	return part(bytes < size ? size - bytes : 0, UINT64_MAX, size);
}

/* "a-b", "a-" or "-n". */
static struct range read_part(struct span text, uint64_t size)
{
	const struct range whole = {200, 0, size};
	struct span first;
	uint64_t from, last = UINT64_MAX;

	if (!span_next(&text, '-', &first) || !text.ptr)
		return whole;
	if (first.len == 0)
		return num_u64(text, 0, UINT64_MAX, &last) < 0 ? whole : tail(last, size);
	if (num_u64(first, 0, UINT64_MAX, &from) < 0 ||
		(text.len > 0 && num_u64(text, from, UINT64_MAX, &last) < 0))
		return whole;
	return part(from, last, size);
}

struct range range_decide(const struct range_request *r, uint64_t size, const char *etag)
{
	static const char unit[] = "bytes=";
	struct span text = span_trim(r->range);

	if (is_named(r->if_none_match, etag))
		return (struct range){.status = 304};
	if (r->if_range.ptr && !span_is(span_trim(r->if_range), etag))
		return (struct range){200, 0, size};
	if (!span_starts(text, unit) || span_has(text, ','))
		return (struct range){200, 0, size};
	return read_part(span_trim(span_from(text, strlen(unit))), size);
}

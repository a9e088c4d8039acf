/* SPDX-License-Identifier: GPL-2.0-or-later */
/* matching: the lines of docs/MATCHER.md, written and read. */
#include "lib/matching.h"

#include <errno.h>
#include <inttypes.h>

#include "lib/base64.h"
#include "lib/num.h"

static const char *const verdicts[] = {
	[MATCHING_MATCH] = "match", [MATCHING_NOMATCH] = "nomatch", [MATCHING_ERROR] = "error"};

/* ---- what may be said ---- */

static bool hello_valid(const struct matching_hello *h)
{
	const unsigned all = (1u << MATCHING_FORMATS) - (2u << MATCHING_UNKNOWN);

	if (h->formats == 0)
		return h->probe_bytes == 0 && h->references == 0;
	return (h->formats & ~all) == 0 && h->probe_bytes >= 1 &&
	       h->probe_bytes <= MATCHING_PROBE_MAX && h->references >= 1 &&
	       h->references <= MATCHING_REFERENCES_MAX;
}

static bool template_valid(struct span text)
{
	return text.len > 0 && base64_valid(text);
}

/* How many there are; 0 when one of them is none or there are too many. */
static size_t count_references(struct span references)
{
	struct span reference;
	size_t count = 0;

	while (span_next(&references, ' ', &reference))
		if (++count > MATCHING_REFERENCES_MAX || !template_valid(reference))
			return 0;
	return count;
}

static bool request_valid(const struct matching_request *r)
{
	return r->id != 0 && matching_format_name(r->format) && template_valid(r->probe) &&
	       count_references(r->references) > 0;
}

static bool word_valid(struct span word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!(word.ptr[i] >= 'a' && word.ptr[i] <= 'z') &&
			!(word.ptr[i] >= '0' && word.ptr[i] <= '9') && word.ptr[i] != '-')
			return false;
	return word.len >= 1 && word.len <= MATCHING_WORD_MAX;
}

static bool answer_valid(const struct matching_answer *a)
{
	return a->id != 0 && a->verdict <= MATCHING_ERROR &&
	       (a->verdict == MATCHING_ERROR ? word_valid(a->word) : a->word.len == 0);
}

/* ---- writing ---- */

static int put_formats(struct buf *b, unsigned formats)
{
	const char *comma = "";
	int rc = 0;

	for (enum matching_format f = 0; f < MATCHING_FORMATS && rc == 0; f++) {
		if (!(formats & 1u << f))
			continue;
		rc = buf_printf(b, "%s%s", comma, matching_format_name(f));
		comma = ",";
	}
	return rc;
}

int matching_put_hello(struct buf *b, const struct matching_hello *hello)
{
	int rc;

	buf_clear(b);
	if (!hello_valid(hello))
		return -EINVAL;
	rc = buf_add_str(b, "hello 1 formats=");
	if (rc == 0)
		rc = put_formats(b, hello->formats);
	return rc < 0 ? rc
		      : buf_printf(b, " probe_bytes=%" PRIu64 " references=%" PRIu64 "\n",
				hello->probe_bytes, hello->references);
}

int matching_put_request(struct buf *b, const struct matching_request *request)
{
	int rc;

	buf_clear(b);
	if (!request_valid(request))
		return -EINVAL;
	rc = buf_printf(
		b, "verify %" PRIu64 " %s ", request->id, matching_format_name(request->format));
	if (rc == 0)
		rc = buf_add_span(b, request->probe);
	if (rc == 0)
		rc = buf_add_str(b, " ");
	if (rc == 0)
		rc = buf_add_span(b, request->references);
	if (rc == 0)
		rc = buf_add_str(b, "\n");
	return rc == 0 && b->len > MATCHING_REQUEST_MAX ? -EMSGSIZE : rc;
}

int matching_put_answer(struct buf *b, const struct matching_answer *answer)
{
	buf_clear(b);
	if (!answer_valid(answer))
		return -EINVAL;
	return buf_printf(b, "%s %" PRIu64 "%s%.*s\n", verdicts[answer->verdict], answer->id,
		answer->word.len > 0 ? " " : "", SPAN_ARG(answer->word));
}

/* ---- reading ---- */

/* Takes the LF off; false for what is not one whole line of at most `most` bytes. */
static bool take_line(struct span *line, size_t most)
{
	if (line->len == 0 || line->len > most || line->ptr[line->len - 1] != '\n')
		return false;
	line->len--;
	return !span_has(*line, '\n');
}

/* The next word, which is `name` and what it gives behind that. */
static bool take_value(struct span *rest, const char *name, struct span *ret_value)
{
	struct span word;

	if (!span_next(rest, ' ', &word) || !span_starts(word, name))
		return false;
	*ret_value = span_from(word, strlen(name));
	return true;
}

/* A number has one spelling: none begins with 0 but 0 itself. */
static bool read_number(struct span text, uint64_t *ret)
{
	return num_u64(text, 0, UINT64_MAX, ret) == 0 && (text.len == 1 || text.ptr[0] != '0');
}

static bool read_formats(struct span list, unsigned *ret)
{
	unsigned formats = 0;
	struct span name;

	while (list.len > 0 && span_next(&list, ',', &name)) {
		unsigned bit = 1u << matching_format_named(name);

		if (bit == 1u << MATCHING_UNKNOWN || formats & bit || (list.ptr && list.len == 0))
			return false;
		formats |= bit;
	}
	*ret = formats;
	return true;
}

int matching_get_hello(struct span line, struct matching_hello *ret)
{
	struct matching_hello h;
	struct span hello, version, formats, bytes, references;

	if (!take_line(&line, MATCHING_ANSWER_MAX) || !take_value(&line, "hello", &hello) ||
		hello.len > 0 || !take_value(&line, "1", &version) || version.len > 0 ||
		!take_value(&line, "formats=", &formats) ||
		!take_value(&line, "probe_bytes=", &bytes) ||
		!take_value(&line, "references=", &references) || line.ptr)
		return -EBADMSG;
	if (!read_formats(formats, &h.formats) || !read_number(bytes, &h.probe_bytes) ||
		!read_number(references, &h.references) || !hello_valid(&h))
		return -EBADMSG;
	*ret = h;
	return 0;
}

int matching_get_request(struct span line, struct matching_request *ret)
{
	struct matching_request r;
	struct span verb, id, format;

	if (!take_line(&line, MATCHING_REQUEST_MAX) || !span_next(&line, ' ', &verb) ||
		!span_is(verb, "verify") || !span_next(&line, ' ', &id) ||
		!read_number(id, &r.id) || !span_next(&line, ' ', &format) ||
		!span_next(&line, ' ', &r.probe))
		return -EBADMSG;
	r.format = matching_format_named(format);
	r.references = line;
	if (!request_valid(&r))
		return -EBADMSG;
	*ret = r;
	return 0;
}

static bool read_verdict(struct span word, enum matching_verdict *ret)
{
	for (enum matching_verdict v = MATCHING_MATCH; v <= MATCHING_ERROR; v++) {
		if (!span_is(word, verdicts[v]))
			continue;
		*ret = v;
		return true;
	}
	return false;
}

int matching_get_answer(struct span line, struct matching_answer *ret)
{
	struct matching_answer a = {.word = {NULL, 0}};
	struct span verdict, id;

	if (!take_line(&line, MATCHING_ANSWER_MAX) || !span_next(&line, ' ', &verdict) ||
		!read_verdict(verdict, &a.verdict) || !span_next(&line, ' ', &id) ||
		!read_number(id, &a.id))
		return -EBADMSG;
	/* A blank behind the ID, with nothing or something behind that, begins a word. */
	if (line.ptr &&
		(a.verdict != MATCHING_ERROR || !span_next(&line, ' ', &a.word) || line.ptr))
		return -EBADMSG;
	if (!answer_valid(&a))
		return -EBADMSG;
	*ret = a;
	return 0;
}

/* ---- a request against a hello ---- */

const char *matching_objection(
	const struct matching_hello *hello, const struct matching_request *request)
{
	struct span rest = request->references, reference;

	if (!(hello->formats & 1u << request->format))
		return MATCHING_FORMAT;
	if (base64_bytes(request->probe) > hello->probe_bytes ||
		count_references(rest) > hello->references)
		return MATCHING_SIZE;
	while (span_next(&rest, ' ', &reference))
		if (base64_bytes(reference) > hello->probe_bytes)
			return MATCHING_SIZE;
	return NULL;
}

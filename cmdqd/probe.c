/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe: see the header. */
#include "cmdqd/probe.h"

#include "lib/base64.h"
#include "lib/num.h"
#include "store/records.h"

/* ---- the method ---- */

static const char *const method_names[] = {
	[PROBE_CARD] = "card",
	[PROBE_PASSWORD] = "pwd",
	[PROBE_FINGER] = "fp",
	[PROBE_FACE] = "face",
	[PROBE_OTHER] = "other",
};

const char *probe_method_name(enum probe_method method)
{
	return method_names[method];
}

enum probe_method probe_method_of(const struct target *t)
{
	enum probe_method method = PROBE_CARD;
	struct span said = {NULL, 0};

	(void)target_param(t, "AuthType", &said);
	while (method < PROBE_OTHER && !span_is_nocase(span_trim(said), method_names[method]))
		method++;
	return method;
}

/* ---- the body ---- */

/* Each key once; one with a NULL ptr did not come. */
struct fields {
	struct span pin, size, sample;
};

static struct span *field_named(struct fields *fields, struct span name)
{
	if (span_is_nocase(name, "PIN"))
		return &fields->pin;
	if (span_is_nocase(name, "Size"))
		return &fields->size;
	return span_is_nocase(name, "TMP") ? &fields->sample : NULL;
}

static const char *take_field(struct fields *fields, struct span piece)
{
	struct span name;

	if (!span_has(piece, '=') || !span_next(&piece, '=', &name))
		return "the body has a field without '='";
	struct span *field = field_named(fields, span_trim(name));
	if (!field)
		return NULL;
	if (field->ptr)
		return "the body has a field twice";
	*field = span_trim(piece);
	return span_has_control(piece) ? "the body has control characters" : NULL;
}

static struct span without_line_end(struct span body)
{
	while (body.len > 0 && (body.ptr[body.len - 1] == '\n' || body.ptr[body.len - 1] == '\r'))
		body.len--;
	return body;
}

/* It counts characters; of a template in base64 some count its bytes. */
static bool size_right(struct span size, struct span sample)
{
	uint64_t count;

	if (size.len == 0)
		return true;
	return num_u64(size, 0, UINT32_MAX, &count) == 0 &&
	       (count == sample.len || (base64_valid(sample) && count == base64_bytes(sample)));
}

const char *probe_read(struct span body, struct probe *ret)
{
	struct fields fields = {.pin = {NULL, 0}};
	struct span rest = without_line_end(body), piece;
	const char *why = NULL;

	while (!why && span_next(&rest, '\t', &piece))
		why = piece.len > 0 ? take_field(&fields, piece) : NULL;
	if (why)
		return why;
	if (fields.sample.len == 0)
		return "nothing was shown";
	if (!size_right(fields.size, fields.sample))
		return "another size than it says";
	if (span_is(fields.pin, "0"))
		fields.pin.len = 0;
	if (fields.pin.len > 0 && !punch_pin_valid(fields.pin))
		return "the PIN is too long";
	*ret = (struct probe){fields.pin, fields.sample};
	return NULL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* body_photo: the photo of a punch, and the picture of a finger. A photo is lines "key=value", NUL,
 * bytes; with the oldest firmware bytes alone, and PIN= in the target. docs/PROTOCOL.md 1.4, 3.3 */
#include "lib/num.h"
#include "parserd/body_parsers.h"
#include "parserd/pairs.h"
#include "parserd/reading.h"

#define NAME_TIME_DIGITS 14

/* ---- "20150731103012-123.jpg" ---- */

static unsigned two_digits(const char *at)
{
	return (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
}

static bool read_time(struct span digits, struct clock_local *ret)
{
	uint64_t number;
	const char *at = digits.ptr;

	if (num_u64(digits, 0, UINT64_MAX, &number) != 0)
		return false;
	*ret = (struct clock_local){
		.year = (uint16_t)(two_digits(at) * 100 + two_digits(at + 2)),
		.month = (uint8_t)two_digits(at + 4),
		.day = (uint8_t)two_digits(at + 6),
		.hour = (uint8_t)two_digits(at + 8),
		.minute = (uint8_t)two_digits(at + 10),
		.second = (uint8_t)two_digits(at + 12),
	};
	return true;
}

static struct span without_extension(struct span name)
{
	static const char *const extensions[] = {".jpg", ".jpeg"};

	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(extensions[i]);

		if (name.len >= len &&
			span_is_nocase(span_from(name, name.len - len), extensions[i]))
			return span_of(name.ptr, name.len - len);
	}
	return name;
}

static const char *read_name(struct row *row, struct span name, uint64_t received_us)
{
	name = without_extension(name);
	struct span pin = span_from(name, NAME_TIME_DIGITS);

	if (name.len < NAME_TIME_DIGITS ||
		!read_time(span_of(name.ptr, NAME_TIME_DIGITS), &row->time))
		return "the photo's name does not begin with its time";
	if (pin.len > 0 && pin.ptr[0] != '-')
		return "the photo's name is not time-PIN";
	pin = span_from(pin, 1);
	if (pin.len > ROW_PIN_MAX)
		return "PIN is too long";
	row->ids[0] = pin;
	row->id_count = 1;
	row->flags |= pin.len == 0 ? ROW_REFUSED_FACE : 0;
	row->flags |= reading_is_absurd(&row->time, received_us) ? ROW_TIME_ABSURD : 0;
	return NULL;
}

const char *body_photo_end(struct row_filling *f)
{
	struct row *row = f->row;
	const char *why = row_fill_end(f);

	if (why != NULL)
		return why;
	if (span_is_nocase(row_field(row, "command"), "realupload"))
		row->flags |= ROW_LIVE;
	return read_name(row, row_field(row, "file"), f->received_us);
}

/* ---- the body ---- */

/* A line could not hold one; a target can, as %0A. */
static bool has_control(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < ' ')
			return true;
	return false;
}

static const char *take_name_of_target(struct row *row, struct span name)
{
	if (has_control(name))
		return "a control character in the target's PIN";
	return row_fill_field(row, span_str("file"), name, false);
}

static struct span without_returns(struct span line)
{
	return line.len > 0 && line.ptr[line.len - 1] == '\r' ? span_of(line.ptr, line.len - 1)
							      : line;
}

static const char *read_head(struct row_filling *f, struct span head)
{
	struct span line;
	const char *why = NULL;

	while (why == NULL && span_next(&head, '\n', &line))
		why = row_fill_pairs(f, without_returns(line), '\0');
	return why;
}

static const char *read_photo(
	struct row_filling *f, struct span body, const struct body_source *source)
{
	bool headed = pairs_key_len(body) > 0;
	const char *end = headed ? memchr(body.ptr, '\0', body.len) : NULL;
	const char *why = NULL;

	if (headed && end == NULL)
		return "no NUL behind the photo's head";
	if (headed)
		why = read_head(f, span_of(body.ptr, (size_t)(end - body.ptr)));
	if (why == NULL && row_field(f->row, "file").ptr == NULL && source->pin.len > 0)
		why = take_name_of_target(f->row, source->pin);
	if (why != NULL)
		return why;
	if (f->row->content.ptr != NULL)
		return "the photo comes twice";
	f->row->content = headed ? span_from(body, (size_t)(end - body.ptr) + 1) : body;
	f->raw = true;
	return body_photo_end(f);
}

int body_photo_parse(
	struct span body, const struct body_source *source, const struct body_visitor *visitor)
{
	struct span first = body, keyword = pairs_take_keyword(&first);
	struct row_filling f;
	struct row row;

	if (span_is_nocase(keyword, "ATTPHOTO"))
		return body_lines_parse(body, source, visitor);
	row_fill_begin(&f, &row, row_form_of_keyword(span_str("ATTPHOTO")), source->received_us);
	row.line = row.text = body;
	const char *why = read_photo(&f, body, source);
	return why == NULL ? visitor->row(visitor->context, &row)
			   : visitor->refused(visitor->context, body, why);
}

/* ---- FPImag ---- */

static const char *image_fault(const struct body_source *source)
{
	if (source->pin.len == 0 || source->number.len == 0)
		return "no PIN or no FID in the target";
	if (source->pin.len > ROW_PIN_MAX || source->number.len > ROW_NUMBER_MAX)
		return "PIN or FID in the target is too long";
	if (has_control(source->pin) || has_control(source->number))
		return "a control character in the target's PIN or FID";
	return NULL;
}

int body_image_parse(
	struct span body, const struct body_source *source, const struct body_visitor *visitor)
{
	const char *why = image_fault(source);
	struct row row = {
		.kind = ROW_IMAGE,
		.ids = {source->pin, source->number},
		.id_count = 2,
		.content = body,
		.line = body,
		.text = body,
	};

	return why == NULL ? visitor->row(visitor->context, &row)
			   : visitor->refused(visitor->context, body, why);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* body_options: what a terminal says of itself, "k=v,k=v" in one line or in several. Values hold
 * commas, so one ends a value only where a key follows. docs/PROTOCOL.md 3.3 */
#include "parserd/body_parsers.h"
#include "parserd/pairs.h"

/* No terminal has so many; each costs a row of the records. What is behind them is kept raw. */
#define OPTIONS_MAX 4096

/* Where the next pair begins: behind a comma that a key follows. */
static size_t next_pair(struct span text)
{
	for (size_t at = 0; at < text.len; at++) {
		const char *comma = memchr(text.ptr + at, ',', text.len - at);

		if (comma == NULL)
			break;
		at = (size_t)(comma - text.ptr);
		if (pairs_key_len(span_from(text, at + 1)) > 0)
			return at + 1;
	}
	return text.len + 1;
}

static bool span_holds(struct span text, const char *word)
{
	size_t len = strlen(word);

	for (size_t at = 0; at + len <= text.len; at++)
		if (span_is_nocase(span_of(text.ptr + at, len), word))
			return true;
	return false;
}

/* Rather one too many: what it costs is that a reader needs the private part. */
static bool is_secret(struct span name)
{
	static const char *const words[] = {"pwd", "pass", "psk", "wpa", "pin", "key", "secret",
		"token", "auth", "credential", "login"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (span_holds(name, words[i]))
			return true;
	return false;
}

static int show(struct span piece, const struct body_visitor *v)
{
	struct pair pair;

	if (span_has(piece, '\0'))
		return v->refused(v->context, piece, "NUL in the option");
	if (pairs_split(piece, &pair) != 0)
		return v->refused(v->context, piece, "an option is not name=value");
	struct row row = {
		.kind = ROW_OPTION,
		.ids = {pair.key},
		.id_count = 1,
		.field_count = 1,
		.line = piece,
		.text = piece,
	};
	row.fields[0] = (struct row_field){span_str("value"), pair.value, is_secret(pair.key)};
	return v->row(v->context, &row);
}

/* What of the line is left when the options are too many. */
static int one_line(struct span *line, unsigned *room, const struct body_visitor *v)
{
	int rc = 0;

	while (rc == 0 && line->len > 0 && *room > 0) {
		size_t next = next_pair(*line);

		if (next > 1) {
			rc = show(span_of(line->ptr, next - 1), v);
			(*room)--;
		}
		*line = span_from(*line, next);
	}
	return rc;
}

int body_options_parse(
	struct span body, const struct body_source *source, const struct body_visitor *visitor)
{
	const char *end = body.ptr + body.len;
	struct span line = {NULL, 0};
	unsigned room = OPTIONS_MAX;
	int rc = 0;

	(void)source;
	while (rc == 0 && line.len == 0 && span_next_line(&body, &line))
		rc = one_line(&line, &room, visitor);
	if (rc != 0 || line.len == 0)
		return rc;
	return visitor->unknown(visitor->context, span_of(line.ptr, (size_t)(end - line.ptr)));
}

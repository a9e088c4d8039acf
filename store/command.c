/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command: keys and values of what the store holds of commands. */
#include "store/command.h"

#include <errno.h>

#include "lib/num.h"
#include "store/lines.h"
#include "store/records.h"

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static const char *const state_words[COMMAND_STATES + 1] = {
	[COMMAND_QUEUED] = "queued",
	[COMMAND_OFFERED] = "offered",
	[COMMAND_DONE] = "done",
	[COMMAND_FAILED] = "failed",
	[COMMAND_EXPIRED] = "expired",
	[COMMAND_CANCELLED] = "cancelled",
};

const char *command_state_name(enum command_state state)
{
	return (unsigned)state < COMMAND_STATES ? state_words[state] : "unknown";
}

/* ---- values ---- */

/* Its own text is not in the table: it has no longest length, and is of the record's end. */
static const struct lines_fact command_facts[] = {
	LINES_FACT("serial", LINES_TEXT, command, serial),
	LINES_FACT("state", LINES_WORD, command, state, .words = state_words),
	LINES_FACT("order", LINES_TEXT, command, order),
	LINES_FACT("owner_uid", LINES_NUMBER, command, owner_uid),
	LINES_FACT("queued_us", LINES_NUMBER, command, queued_us),
	LINES_FACT("offered_us", LINES_NUMBER, command, offered_us),
	LINES_FACT("ended_us", LINES_NUMBER, command, ended_us),
	LINES_FACT("expires_us", LINES_NUMBER, command, expires_us),
	LINES_FACT("offers", LINES_NUMBER, command, offers),
	LINES_FACT("return", LINES_CODE, command, return_code,
		.has_at = offsetof(struct command, has_return)),
	LINES_FACT("result", LINES_TEXT, command, result),
	LINES_FACT("why", LINES_CUT, command, why),
	LINES_FACT("content_bytes", LINES_NUMBER, command, content_bytes),
	LINES_FACT("token", LINES_TEXT, command, file.token),
	LINES_FACT("sha256", LINES_TEXT, command, file.sha256),
	LINES_FACT("file_bytes", LINES_NUMBER, command, file.bytes),
	LINES_FACT("fetched_us", LINES_NUMBER, command, file.fetched_us),
};

int control_put_command(struct buf *b, const struct command *c)
{
	size_t len = b->len;
	int rc = lines_put(b, command_facts, COUNT(command_facts), c);

	if (rc == 0 && c->text.len > 0)
		rc = lines_put_text(b, "text", c->text);
	if (rc < 0)
		b->len = len;
	return rc;
}

static int get_command(struct span text, struct buf *into, struct command *c)
{
	struct span key, value;
	int rc;

	while ((rc = lines_next(&text, &key, &value)) > 0) {
		if (span_is(key, "text")) {
			buf_clear(into); /* should it stand there twice: the last, as of any fact */
			rc = lines_get_text(value, into);
		} else {
			rc = lines_get(command_facts, COUNT(command_facts), key, value, c);
		}
		if (rc < 0)
			return rc;
	}
	return rc;
}

int control_get_command(uint64_t id, struct span text, struct buf *into, struct command *ret)
{
	struct command c = {.id = id};

	buf_clear(into);
	int rc = get_command(text, into, &c);
	if (rc == 0 && !serial_valid(span_str(c.serial)))
		rc = -EUCLEAN;
	if (rc < 0)
		return rc;
	c.text = buf_span(into);
	*ret = c;
	return 0;
}

static const struct lines_fact stray_facts[] = {
	LINES_FACT("serial", LINES_TEXT, stray, serial),
	LINES_FACT("entry", LINES_TEXT, stray, entry),
	LINES_FACT("id", LINES_CUT, stray, id),
	LINES_FACT("name", LINES_CUT, stray, name),
	LINES_FACT("return", LINES_CODE, stray, return_code,
		.has_at = offsetof(struct stray, has_return)),
	LINES_FACT("received_us", LINES_NUMBER, stray, received_us),
	LINES_FACT("why", LINES_CUT, stray, why),
};

int control_put_stray(struct buf *b, const struct stray *s)
{
	return lines_put(b, stray_facts, COUNT(stray_facts), s);
}

int control_get_stray(struct span text, struct stray *ret)
{
	struct stray s = {.has_return = false};
	int rc = lines_get_all(stray_facts, COUNT(stray_facts), text, &s);

	if (rc == 0 && !serial_valid(span_str(s.serial)))
		rc = -EUCLEAN;
	if (rc == 0)
		*ret = s;
	return rc;
}

static const struct lines_fact ordered_facts[] = {
	LINES_FACT("id", LINES_NUMBER, ordered, id),
	LINES_FACT("why", LINES_CUT, ordered, why),
};

int control_put_ordered(struct buf *b, const struct ordered *o)
{
	return lines_put(b, ordered_facts, COUNT(ordered_facts), o);
}

int control_get_ordered(struct span text, struct ordered *ret)
{
	struct ordered o = {.id = 0};
	int rc = lines_get_all(ordered_facts, COUNT(ordered_facts), text, &o);

	if (rc == 0)
		*ret = o;
	return rc;
}

/* ---- keys ---- */

void command_pack_id(struct pack *k, uint64_t id)
{
	pack_u64(k, id);
}

int command_unpack_id(struct span key, uint64_t *ret_id)
{
	struct unpack u = {.rest = key};
	uint64_t id = unpack_u64(&u);

	if (u.failed || u.rest.len > 0)
		return -EUCLEAN;
	*ret_id = id;
	return 0;
}

void command_pack_serial(struct pack *k, struct span serial)
{
	if (!serial_valid(serial))
		k->failed = true;
	pack_text(k, serial);
}

void command_pack_key(struct pack *k, struct span serial, uint64_t id)
{
	command_pack_serial(k, serial);
	pack_u64(k, id);
}

int command_unpack_key(struct span key, struct span *ret_serial, uint64_t *ret_id)
{
	struct unpack u = {.rest = key};
	struct span serial = unpack_text(&u);
	uint64_t id = unpack_u64(&u);

	if (u.failed || u.rest.len > 0 || !serial_valid(serial))
		return -EUCLEAN;
	*ret_serial = serial;
	*ret_id = id;
	return 0;
}

void command_pack_sha256(struct pack *k, struct span sha256)
{
	if (!file_hex_valid(sha256, FILE_SHA256_BYTES))
		k->failed = true;
	pack_text(k, sha256);
}

void command_pack_wanted(struct pack *k, struct span sha256, uint64_t id)
{
	command_pack_sha256(k, sha256);
	pack_u64(k, id);
}

/* "NAME.3", where NAME may hold a dot of its own. */
void stray_pack_key(struct pack *k, const char *entry, uint32_t ordinal)
{
	const char *dot = strrchr(entry, '.');
	struct entry_ref ref = {.number = 0};
	size_t len = dot ? (size_t)(dot - entry) : 0;
	uint64_t number;

	if (!dot || len >= sizeof(ref.name) ||
		num_u64(span_str(dot + 1), 1, UINT32_MAX, &number) < 0) {
		k->failed = true;
		return;
	}
	memcpy(ref.name, entry, len);
	ref.number = (uint32_t)number;
	entry_ref_pack(k, &ref);
	pack_u32(k, ordinal);
}

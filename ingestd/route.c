/* SPDX-License-Identifier: GPL-2.0-or-later */
/* route: one table of pages; everything that a terminal may ask for is in it. */
#include "ingestd/route.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/file_target.h"
#include "lib/num.h"

enum method { GET, POST };

static const struct page {
	const char *name;
	enum method method;
	enum route_kind kind;
} pages[] = {
	{"cdata", GET, ROUTE_HELLO},
	{"cdata", POST, ROUTE_UPLOAD},
	{"fdata", POST, ROUTE_UPLOAD},
	{"event", POST, ROUTE_UPLOAD},
	{"querydata", POST, ROUTE_UPLOAD},
	{"getrequest", GET, ROUTE_POLL},
	{"devicecmd", POST, ROUTE_RESULT},
	{"ping", GET, ROUTE_PING},
	{"rtdata", GET, ROUTE_TIME},
};

/* docs/PROTOCOL.md 3: tables whose acknowledgement carries the count. */
static const char *const counted[] = {
	"ATTLOG",
	"OPERLOG",
	"BIODATA",
	"IDCARD",
	"USERINFO",
	"FINGERTMP",
	"FACE",
	"USERPIC",
	"WORKCODE",
};

static enum route_reply reply_style(const char *table)
{
	for (size_t i = 0; i < sizeof(counted) / sizeof(*counted); i++)
		if (strcmp(table, counted[i]) == 0)
			return ROUTE_REPLY_COUNT;
	if (strcmp(table, "TABLEDATA") == 0 || strcmp(table, "QUERYDATA") == 0)
		return ROUTE_REPLY_TABLE;
	return ROUTE_REPLY_PLAIN;
}

static unsigned find_page(const char *method, const struct target *t, enum route_kind *ret_kind)
{
	bool known = false;
	if (!t->rooted)
		return 404;
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
		if (!span_is(t->page, pages[i].name))
			continue;
		known = true;
		if (strcmp(method, pages[i].method == GET ? "GET" : "POST") == 0) {
			*ret_kind = pages[i].kind;
			return 0;
		}
	}
	return known ? 405 : 404;
}

static bool is_table_name(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!letter && !(c >= '0' && c <= '9') && c != '_')
			return false;
	}
	return s.len > 0 && s.len <= TARGET_TABLE_MAX;
}

/* docs/PROTOCOL.md 3: tabledata and querydata are acknowledged with the table's name and the count
 * of the target. */
static void take_tablename(const struct target *t, struct route *r)
{
	struct span name, count;
	uint64_t n;
	if (!target_param(t, "tablename", &name) || !is_table_name(name)) {
		r->reply = ROUTE_REPLY_PLAIN;
		return;
	}
	memcpy(r->tablename, name.ptr, name.len);
	r->count = -1;
	if (target_param(t, "count", &count) && num_u64(count, 0, INT64_MAX, &n) == 0)
		r->count = (int64_t)n;
}

static unsigned take_upload(const struct target *t, struct route *r)
{
	struct target_upload u;
	if (target_upload(t, &u) < 0)
		return 400;
	memcpy(r->table, u.table, sizeof(r->table));
	r->reply = reply_style(r->table);
	if (r->reply == ROUTE_REPLY_TABLE)
		take_tablename(t, r);
	return 0;
}

/* docs/PROTOCOL.md 6: the newer spelling names a table. The handshake may say a PIN too. */
static bool is_lookup(const struct target *t)
{
	struct span value;

	if (target_param(t, "options", &value))
		return false;
	return target_param(t, "PIN", &value) ||
	       (target_param(t, "table", &value) && span_is_nocase(span_trim(value), "RemoteAtt"));
}

/* The two questions that share the page of the handshake and of the uploads. docs/PROTOCOL.md 6 */
static enum route_kind narrow(enum route_kind kind, const struct target *t)
{
	struct span value;

	if (kind == ROUTE_UPLOAD && target_param(t, "AuthType", &value))
		return ROUTE_VERIFY;
	return kind == ROUTE_HELLO && is_lookup(t) ? ROUTE_LOOKUP : kind;
}

/* What this kind needs besides. */
static unsigned check_rest(const struct target *t, struct route *r)
{
	struct span value;

	if (r->kind == ROUTE_UPLOAD)
		return take_upload(t, r);
	if (r->kind == ROUTE_TIME && !(target_param(t, "type", &value) && span_is(value, "time")))
		return 404;
	if (r->kind == ROUTE_LOOKUP && !(target_param(t, "PIN", &value) && value.len > 0))
		return 400;
	return 0;
}

unsigned route_decide(const char *method, const struct target *t, struct route *ret)
{
	struct route r = {.count = -1};
	struct span serial;
	unsigned status = find_page(method, t, &r.kind);
	if (status)
		return status;
	if (!target_param(t, "SN", &serial) || !serial_valid(serial))
		return 400;
	memcpy(r.serial, serial.ptr, serial.len);
	r.kind = narrow(r.kind, t);
	status = check_rest(t, &r);
	if (status == 0)
		*ret = r;
	return status;
}

unsigned route_decide_file(const char *method, struct span target, struct route *ret)
{
	struct route r = {.kind = ROUTE_FILE, .count = -1};
	struct file_target t;

	if (file_target_read(target, &t) < 0)
		return 404;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return 405;
	if (t.serial.len > 0)
		memcpy(r.serial, t.serial.ptr, t.serial.len);
	*ret = r;
	return 0;
}

int route_put_reply(struct buf *b, const struct route *r, uint64_t lines)
{
	if (r->kind == ROUTE_UPLOAD && r->reply == ROUTE_REPLY_COUNT)
		return buf_printf(b, "OK: %" PRIu64 "\n", lines);
	if (r->kind == ROUTE_UPLOAD && r->reply == ROUTE_REPLY_TABLE)
		return buf_printf(b, "%s=%" PRIu64 "\n", r->tablename,
			r->count < 0 ? lines : (uint64_t)r->count);
	return buf_add_str(b, "OK\n");
}

void route_count(struct route_lines *l, struct span piece)
{
	for (size_t i = 0; i < piece.len; i++) {
		char c = piece.ptr[i];
		if (c == '\n') {
			l->in_line = false;
		} else if (!l->in_line && c != '\r' && c != '\t' && c != ' ') {
			l->in_line = true;
			l->count++;
		}
	}
}

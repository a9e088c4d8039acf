/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request target: taken apart, decided upon by ingestd, carried through the spool, and decided
 * upon by parserd. */
#include <errno.h>

#include "ingestd/route.h"
#include "lib/target.h"
#include "spool/spool.h"
#include "tests/fuzz/fuzz.h"

static const char *const methods[] = {"GET", "POST", "PUT"};
#define METHODS (sizeof(methods) / sizeof(*methods))

static struct target target, other;

static bool is_name(const char *text, bool upper_only)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		bool letter = (c >= 'A' && c <= 'Z') || (!upper_only && c >= 'a' && c <= 'z');

		if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '-')
			return false;
	}
	return true;
}

static void check_parts(const struct target *t, size_t len)
{
	struct span whole = span_of(t->text, len);
	size_t sum = 0;

	CHECK(fuzz_inside(t->page, whole) && !span_has(t->page, '/'));
	CHECK(!span_has(t->page, '?'));
	for (size_t i = 0; i < t->page.len; i++)
		CHECK(t->page.ptr[i] < 'A' || t->page.ptr[i] > 'Z');
	CHECK(t->param_count <= TARGET_PARAMS_MAX);
	for (size_t i = 0; i < t->param_count; i++) {
		struct span name = t->params[i].name, value = t->params[i].value, found;
		char name_text[TARGET_MAX + 1];

		CHECK(fuzz_inside(name, whole) && fuzz_inside(value, whole));
		CHECK(!span_has(name, '=') && !span_has(name, '&'));
		sum += name.len + value.len;
		memcpy(name_text, name.ptr, name.len);
		name_text[name.len] = '\0';
		if (!span_has(name, '\0'))
			CHECK(target_param(t, name_text, &found) && found.ptr <= value.ptr);
	}
	CHECK(sum + t->page.len <= len);
}

static void check_reply(const struct route *r)
{
	struct buf b = buf_with_max(128);
	struct span text;

	CHECK(route_put_reply(&b, r, 7) == 0);
	text = buf_span(&b);
	CHECK(text.len > 0 && text.ptr[text.len - 1] == '\n');
	text.len--;
	CHECK(!fuzz_has_control(text) && !span_has(text, ' ') == !span_starts(text, "OK:"));
	buf_free(&b);
}

static void check_route(const struct target *t, const struct route *r)
{
	CHECK(serial_valid(span_str(r->serial)));
	CHECK(is_name(r->table, true) && is_name(r->tablename, false));
	CHECK(r->count >= -1);
	CHECK((r->reply == ROUTE_REPLY_TABLE) == (r->tablename[0] != '\0'));
	CHECK(t->rooted);
	if (r->kind == ROUTE_UPLOAD || r->kind == ROUTE_RESULT)
		check_reply(r);
}

static bool same_route(const struct route *a, const struct route *b)
{
	return a->kind == b->kind && a->reply == b->reply && a->count == b->count &&
	       strcmp(a->serial, b->serial) == 0 && strcmp(a->table, b->table) == 0 &&
	       strcmp(a->tablename, b->tablename) == 0;
}

/* The same target behind a prefix that changes nothing. docs/PROTOCOL.md 0 */
static void check_prefixed(const char *prefix, struct span text, const char *method,
	unsigned status, const struct route *r)
{
	struct buf b = buf_with_max(TARGET_MAX);
	struct route again;

	if (buf_add_str(&b, prefix) == 0 && buf_add_span(&b, text) == 0) {
		CHECK(target_parse(buf_span(&b), &other) == 0);
		CHECK(route_decide(method, &other, &again) == status);
		CHECK(status || same_route(r, &again));
	}
	buf_free(&b);
}

/* Names of parameters compare without case. */
static void check_case(const char *method, unsigned status, const struct route *r, struct span text)
{
	struct route again;

	CHECK(target_parse(text, &other) == 0);
	for (size_t i = 0; i < other.param_count; i++) {
		char *name = other.text + (other.params[i].name.ptr - other.text);

		for (size_t k = 0; k < other.params[i].name.len; k++)
			if ((name[k] >= 'a' && name[k] <= 'z') ||
				(name[k] >= 'A' && name[k] <= 'Z'))
				name[k] = (char)(name[k] ^ 0x20);
	}
	CHECK(route_decide(method, &other, &again) == status);
	CHECK(status || same_route(r, &again));
}

/* parserd reads in the spool what ingestd took: the same table, the same stamp. A target that the
 * spool cannot carry is refused before anything is promised. */
static void check_through_spool(struct span text, const struct route *r)
{
	struct spool_entry e = {.target = text}, back;
	struct buf b = buf_with_max(SPOOL_HEAD_MAX + 64);
	struct target_upload before, after;
	struct span part;
	size_t offset = 0;
	unsigned number = 0;
	const char *why;
	int rc;

	e.kind = span_str("upload");
	e.serial = span_str(r->serial);
	CHECK(target_upload(&target, &before) == 0);
	CHECK(strcmp(before.table, r->table) == 0);
	rc = spool_entry_put(&b, &e);
	CHECK(rc == (fuzz_has_control(text) ? -EINVAL : 0));
	if (rc == 0) {
		CHECK(spool_entry_next(buf_span(&b), e.kind, &offset, &number, &back, &part,
			      &why) == SPOOL_ENTRY);
		CHECK(span_eq(back.target, text));
		CHECK(target_parse(back.target, &other) == 0);
		CHECK(target_upload(&other, &after) == 0);
		CHECK(strcmp(before.table, after.table) == 0);
		CHECK(span_eq(before.stamp, after.stamp));
	}
	buf_free(&b);
}

static void check_upload(const struct target *t, size_t len)
{
	struct target_upload u;

	if (target_upload(t, &u) != 0)
		return;
	CHECK(is_name(u.table, true));
	CHECK(fuzz_inside(u.stamp, span_of(t->text, len)));
	CHECK(span_eq(u.stamp, span_trim(u.stamp)));
}

static void check_method(const char *method, struct span text)
{
	struct route r = {.count = -2};
	unsigned status = route_decide(method, &target, &r);

	CHECK(status == 0 || status == 400 || status == 404 || status == 405);
	if (status == 0)
		check_route(&target, &r);
	else
		CHECK(r.count == -2);
	if (target.page.len > 0) {
		check_prefixed("/", text, method, status, &r);
		check_prefixed("/iclock", text, method, status, &r);
		check_prefixed("//ICLOCK/iclock", text, method, status, &r);
	}
	check_case(method, status, &r, text);
	if (status == 0 && r.kind == ROUTE_UPLOAD)
		check_through_spool(text, &r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	int rc = target_parse(text, &target);

	if (size == 0 || size > TARGET_MAX || data[0] != '/')
		CHECK(rc == (size > TARGET_MAX ? -EMSGSIZE : -EINVAL));
	else
		CHECK(rc == 0 || rc == -EMSGSIZE);
	if (rc != 0)
		return 0;
	check_parts(&target, size);
	check_upload(&target, size);
	for (size_t i = 0; i < METHODS; i++)
		check_method(methods[i], text);
	return 0;
}

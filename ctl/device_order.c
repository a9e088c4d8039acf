/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device_order: what is decided about devices and set for them. */
#include <errno.h>
#include <stdlib.h>

#include "ctl/command.h"
#include "ctl/device.h"
#include "ctl/fail.h"
#include "ctl/orders.h"
#include "ctl/secret.h"
#include "ctl/targets.h"
#include "ctl/when.h"
#include "store/setting.h"

#define LINES_MAX ((size_t)16 * 1024) /* bytes of an order's lines */

static int add_all(struct orders *o, const char *what, const struct targets *t, struct span lines)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < t->count; i++)
		rc = orders_add(o, what, span_str(t->serials[i]), lines);
	return rc;
}

/* The same order for all that the words name. An exit code. */
static int give(const struct ask *a, size_t word_count, enum targets_use use, const char *what,
	struct span lines, const char *done)
{
	struct targets t;
	struct orders o = {.ask = a};
	int code = targets_find(a, a->words, word_count, use, &t);
	if (code == EX_OK)
		code = add_all(&o, what, &t, lines) < 0 ? fail(EX_OSERR, "out of memory") : EX_OK;
	if (code == EX_OK)
		code = orders_give(&o, done);
	orders_free(&o);
	targets_free(&t);
	return code;
}

int device_verb_approve(struct ask *a)
{
	return give(a, a->word_count, TARGETS_ANY, "device.approve", span_of("", 0), "approved");
}

int device_verb_refuse(struct ask *a)
{
	return give(a, a->word_count, TARGETS_ANY, "device.refuse", span_of("", 0), "refused");
}

int device_verb_rm(struct ask *a)
{
	return give(a, a->word_count, TARGETS_KNOWN, "device.remove", span_of("", 0), "removed");
}

/* ---- resend ---- */

static int resend_whole(const struct ask *a)
{
	struct buf lines = buf_with_max(LINES_MAX);
	int code = EX_OK;
	if (buf_add_str(&lines, "tables: ") < 0 ||
		resend_put_names(&lines, a->tables ? a->tables : UINT64_MAX) < 0 ||
		buf_add_str(&lines, "\n") < 0)
		code = fail(EX_OSERR, "out of memory");
	if (code == EX_OK)
		code = give(a, a->word_count, TARGETS_KNOWN, "device.resend", buf_span(&lines),
			"sends again from its next handshake on");
	buf_free(&lines);
	return code;
}

/* A span is asked for by a command; both its ends belong to it there. */
static int query_span(struct ask *a, const char *verb, const struct targets *t)
{
	char since[64] = "since=", until[64] = "until=";
	char *words[2];
	size_t count = 0;
	if (a->since.month) {
		when_format(&a->since, since + strlen(since));
		words[count++] = since;
	}
	if (a->until.month) {
		struct clock_local last =
			clock_local_from_seconds(clock_local_seconds(&a->until) - 1);
		when_format(&last, until + strlen(until));
		words[count++] = until;
	}
	return command_give_to(a, verb_find(span_str(verb)), t, words, count);
}

static int resend_span(struct ask *a)
{
	struct targets t;
	unsigned tables = a->tables ? a->tables : RESEND_ATTLOG;
	if (tables & RESEND_OPERLOG)
		return fail(EX_USAGE, "a span of operlog cannot be asked for");
	int code = targets_find(a, a->words, a->word_count, TARGETS_KNOWN, &t);
	if (code == EX_OK && tables & RESEND_ATTLOG)
		code = query_span(a, "query.attlog", &t);
	if (code == EX_OK && tables & RESEND_ATTPHOTO)
		code = query_span(a, "query.attphoto", &t);
	targets_free(&t);
	return code;
}

int device_verb_resend(struct ask *a)
{
	return a->since.month || a->until.month ? resend_span(a) : resend_whole(a);
}

/* ---- set ---- */

/* `value` is empty when it is not to be said. An exit code. */
static int fail_setting(const struct setting *s, struct span value, int rc)
{
	if (rc == -EMSGSIZE)
		return fail(EX_USAGE, "all of it is too long");
	if (rc != -EINVAL)
		return fail(EX_OSERR, "cannot set %s: %s", s->key, strerror(-rc));
	if (value.len == 0)
		return fail(EX_USAGE, "%s cannot be that; allowed: %s", s->key, s->allowed);
	return fail(
		EX_USAGE, "%s cannot be '%.*s'; allowed: %s", s->key, SPAN_ARG(value), s->allowed);
}

static int put_stored(struct buf *lines, const struct setting *s, struct span value)
{
	struct device_settings scratch = {0};
	int rc = setting_set(s, &scratch, value);
	if (rc == 0)
		rc = buf_printf(lines, "%s: ", s->key);
	if (rc == 0)
		rc = setting_put_stored(s, &scratch, lines);
	return rc < 0 ? rc : buf_add_str(lines, "\n");
}

/* A key reaches neither the spool nor the store, only a salted digest of it; and it is not said. */
static int put_secret(struct buf *lines, const struct setting *s, struct span value)
{
	struct buf asked = buf_with_max(1024);
	int rc = 0, code = EX_OK;
	if (span_is(value, "-")) {
		code = secret_ask(s->key, &asked);
		value = buf_span(&asked);
	}
	if (code == EX_OK)
		rc = put_stored(lines, s, value);
	if (rc < 0)
		code = fail_setting(s, (struct span){0}, rc);
	buf_wipe(&asked);
	buf_free(&asked);
	return code;
}

static int put_setting(struct buf *lines, const struct setting *s, struct span value)
{
	struct device_settings scratch = {0};
	if (s->kind == SETTING_SECRET)
		return put_secret(lines, s, value);
	int rc = setting_set(s, &scratch, value);
	if (rc == 0)
		rc = buf_printf(lines, "%s: %.*s\n", s->key, SPAN_ARG(value));
	return rc < 0 ? fail_setting(s, value, rc) : EX_OK;
}

static int no_setting(struct span key)
{
	char all[512];
	size_t len = 0;
	for (size_t i = 0; i < settings_count && len < sizeof(all); i++)
		len += (size_t)snprintf(
			all + len, sizeof(all) - len, "%s%s", i ? ", " : "", settings_table[i].key);
	return fail(EX_USAGE, "'%.*s' is no setting of a device; there are %s", SPAN_ARG(key), all);
}

/* Takes "KEY=VALUE" into the order. `*given` has a bit for each setting. An exit code, said. */
static int add_setting(struct buf *lines, const char *word, uint64_t *given)
{
	struct span rest = span_str(word), key;
	if (!span_has(rest, '=') || !span_next(&rest, '=', &key))
		return fail(EX_USAGE, "'%s' is not KEY=VALUE, such as delay=5s", word);
	const struct setting *s = setting_find(span_trim(key));
	struct span value = span_trim(rest);
	if (!s)
		return no_setting(key);
	uint64_t bit = (uint64_t)1 << (s - settings_table);
	if (*given & bit)
		return fail(EX_USAGE, "%s is given twice", s->key);
	*given |= bit;
	if (span_has(value, '\n') || span_has(value, '\r'))
		return fail(EX_USAGE, "the value of %s has more than one line", s->key);
	return put_setting(lines, s, value);
}

/* How many words stand before the first KEY=VALUE. */
static size_t names_before_values(const struct ask *a)
{
	size_t i = 0;
	while (i < a->word_count && !strchr(a->words[i], '='))
		i++;
	return i;
}

int device_verb_set(struct ask *a)
{
	struct buf lines = buf_with_max(LINES_MAX);
	size_t names = names_before_values(a);
	uint64_t given = 0;
	int code = names < a->word_count ? EX_OK : fail(EX_USAGE, "which KEY=VALUE?");
	for (size_t i = names; code == EX_OK && i < a->word_count; i++)
		code = add_setting(&lines, a->words[i], &given);
	if (code == EX_OK)
		code = give(a, names, TARGETS_ANY, "device.set", buf_span(&lines), "set");
	buf_free(&lines);
	return code;
}

int device_verb_rename(struct ask *a)
{
	struct buf lines = buf_with_max(LINES_MAX);
	struct span alias = span_trim(span_str(a->words[1]));
	const struct setting *s = setting_find(span_str("alias"));
	int code = s ? put_setting(&lines, s, alias) : EX_SOFTWARE;
	if (code == EX_OK)
		code = give(a, 1, TARGETS_ANY, "device.set", buf_span(&lines),
			alias.len > 0 ? "renamed" : "has no alias any more");
	buf_free(&lines);
	return code;
}

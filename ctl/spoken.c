/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spoken: the device's setting says it, else its language: that of its last handshake, else that of
 * its options. */
#include "ctl/spoken.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/charset.h"
#include "lib/num.h"

#define LANGUAGE_GB18030 "83"
#define FIELD_MAX        ((size_t)64 * 1024)

void spoken_close(struct spoken *s)
{
	control_close(s->control);
	*s = (struct spoken){.ask = NULL};
}

/* ---- who writes what ---- */

/* Who may not look there takes what is stored. */
int spoken_device(struct spoken *s, struct span serial, struct device *ret)
{
	if (!s->opened) {
		char *path = conf_join(s->ask->conf.state_dir, CONF_CONTROL);
		if (path && control_open(path, &s->control) < 0)
			s->control = NULL;
		free(path);
		s->opened = true;
	}
	return s->control ? control_device(s->control, serial, ret) : -ENOENT;
}

struct option_search {
	struct buf value;
	bool gb18030;
};

static int look_at_option(void *context, const struct item *i)
{
	struct option_search *o = context;
	if (!span_is_nocase(i->ids[0], "Language") && !span_is_nocase(i->ids[0], "~Language"))
		return 0;
	if (item_field(i, "value", &o->value) == 0)
		o->gb18030 = span_is(span_trim(buf_span(&o->value)), LANGUAGE_GB18030);
	return 1;
}

static int look_in_options(struct spoken *s, struct span serial, bool *ret_gb18030)
{
	struct option_search o = {.value = buf_with_max(FIELD_MAX)};
	const struct item_query q = {.kind = ITEM_OPTION, .serial = serial};
	int rc = items_each(s->records, &q, look_at_option, &o);
	buf_free(&o.value);
	if (rc >= 0)
		*ret_gb18030 = o.gb18030;
	return rc < 0 ? rc : 0;
}

static int look_up(struct spoken *s, struct span serial, bool *ret_gb18030)
{
	struct device d;
	int rc = spoken_device(s, serial, &d);
	if (rc == 0 && d.set.charset[0])
		*ret_gb18030 = strcmp(d.set.charset, "gb18030") == 0;
	else if (rc == 0 && d.language[0])
		*ret_gb18030 = strcmp(d.language, LANGUAGE_GB18030) == 0;
	else
		return look_in_options(s, serial, ret_gb18030);
	return 0;
}

static int writes_gb18030(struct spoken *s, struct span serial, bool *ret)
{
	if (!s->known || !span_is(serial, s->serial)) {
		int rc = look_up(s, serial, &s->gb18030);
		s->known = rc == 0;
		if (rc < 0)
			return rc;
		snprintf(s->serial, sizeof(s->serial), "%.*s", SPAN_ARG(serial));
	}
	*ret = s->gb18030;
	return 0;
}

/* ---- a field ---- */

static int put_bytes(struct buf *b, struct span hex)
{
	int rc = hex.len % 2 ? -EUCLEAN : 0;
	for (size_t at = 0; rc == 0 && at < hex.len; at += 2) {
		uint64_t byte;
		rc = num_hex(span_of(hex.ptr + at, 2), 2, &byte) < 0
			     ? -EUCLEAN
			     : buf_add(b, &(char){(char)byte}, 1);
	}
	return rc;
}

/* The bytes as they came: kept where they differ from what is stored. */
static int raw_field(const struct item *i, const char *name, struct buf *into)
{
	char key[80];
	struct buf hex = buf_with_max(FIELD_MAX);
	snprintf(key, sizeof(key), "%s.raw", name);
	int rc = item_field(i, key, &hex);
	if (rc == 0)
		rc = put_bytes(into, buf_span(&hex));
	else if (rc == -ENOENT)
		rc = item_field(i, name, into);
	buf_free(&hex);
	return rc;
}

int spoken_field_in(const struct item *i, const char *name, bool gb18030, struct buf *into)
{
	struct buf raw = buf_with_max(FIELD_MAX);
	int rc = gb18030 ? raw_field(i, name, &raw) : -ENOENT;
	if (rc == 0) {
		buf_clear(into);
		rc = charset_put_utf8(into, buf_span(&raw));
	}
	buf_free(&raw);
	/* Not even in GB18030: what is stored is the best there is. */
	return rc == -ENOENT || rc == -EILSEQ ? item_field(i, name, into) : rc;
}

/* ASCII is the same in both. */
static bool may_differ(const struct item *i, const char *name)
{
	struct buf raw = buf_with_max(FIELD_MAX);
	bool differs = false;
	if (raw_field(i, name, &raw) < 0)
		raw.len = 0; /* there is none, or reading it says what is wrong */
	for (size_t n = 0; n < raw.len; n++)
		differs |= (unsigned char)raw.ptr[n] >= 0x80;
	buf_free(&raw);
	return differs;
}

int spoken_field(struct spoken *s, const struct item *i, const char *name, struct buf *into)
{
	bool gb18030 = false;
	int rc = may_differ(i, name) ? writes_gb18030(s, i->serial, &gb18030) : 0;
	return rc < 0 ? rc : spoken_field_in(i, name, gb18030, into);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device_settings: one table, store/setting.h, says all that there is to show. */
#include "ctl/device_settings.h"

#include <assert.h>
#include <errno.h>

#include "lib/conf_key.h"

#define TEXT_MAX 1024

const struct out_column device_settings_columns[3] = {
	{"setting", "SETTING", 0, false},
	{"value", "VALUE", 0, false},
	{"from", "FROM", 0, false},
};

/* The configuration's value as if it were a device's own. */
static void take_default(
	const struct setting *s, const struct conf *c, struct device_settings *preset)
{
	const struct conf_key *k = s->conf ? conf_key_find(s->conf) : NULL;
	const void *field = k ? (const char *)c + k->field : NULL;
	void *member = (char *)preset + s->at;
	if (!field)
		return;
	switch (s->kind) {
	case SETTING_AMOUNT: {
		uint64_t amount = *(const uint64_t *)field;
		*(uint64_t *)member = amount ? amount : SETTING_ZERO;
		break;
	}
	case SETTING_TRUTH:
		*(int8_t *)member = *(const bool *)field ? 1 : -1;
		break;
	case SETTING_TEXT:
	case SETTING_WORD:
	case SETTING_SECRET:
		snprintf(member, s->room, "%s", *(char *const *)field);
		break;
	}
}

static int add(struct device_settings_shown *l, const struct setting *s,
	const struct device_settings *own, const struct device_settings *preset)
{
	bool is_own = setting_is_set(s, own);
	struct buf *text = &l->texts[l->count];
	*text = buf_with_max(TEXT_MAX);
	int rc = setting_put(s, is_own ? own : preset, text);
	if (rc == 0 && is_own)
		rc = buf_printf(&l->own, "%s%s", l->own.len ? " " : "", s->key);
	struct out_cell value = out_text_if_any(buf_span(text));
	l->keys[l->count] = (struct out_column){.key = s->key};
	l->values[l->count] = value;
	l->rows[l->count][0] = out_text(span_str(s->key));
	l->rows[l->count][1] = value;
	if (value.kind != OUT_NONE)
		l->rows[l->count][2] = out_text(span_str(is_own ? "its own" : "default"));
	l->count++;
	return rc;
}

int device_settings_make(
	const struct conf *c, const struct device_settings *own, struct device_settings_shown *ret)
{
	struct device_settings preset = {0};
	int rc = 0;
	*ret = (struct device_settings_shown){.own = buf_with_max(TEXT_MAX)};
	assert(settings_count <= DEVICE_SETTINGS_MAX);
	for (size_t i = 0; rc == 0 && i < settings_count; i++) {
		take_default(&settings_table[i], c, &preset);
		rc = add(ret, &settings_table[i], own, &preset);
	}
	return rc;
}

void device_settings_free(struct device_settings_shown *s)
{
	for (size_t i = 0; i < s->count; i++)
		buf_free(&s->texts[i]);
	buf_free(&s->own);
}

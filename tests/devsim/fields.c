/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of text, and fields "KEY=value" with TABs between. */
#include "tests/devsim/model.h"

#include <string.h>

struct text text_of(const char *text)
{
	return (struct text){text, strlen(text)};
}

bool text_is(struct text text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

bool text_next(struct text *rest, char separator, struct text *ret_part)
{
	const char *end;

	if (rest->len == 0) {
		return false;
	}
	end = memchr(rest->at, separator, rest->len);
	*ret_part = (struct text){rest->at, end ? (size_t)(end - rest->at) : rest->len};
	rest->at += ret_part->len + (end != NULL);
	rest->len -= ret_part->len + (end != NULL);
	return true;
}

bool text_number(struct text text, uint64_t *ret_number)
{
	uint64_t number = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9' || number > UINT32_MAX) {
			return false;
		}
		number = number * 10 + (uint64_t)(text.at[i] - '0');
	}
	*ret_number = number;
	return text.len > 0;
}

bool text_base64(struct text text)
{
	size_t end = text.len;

	while (end > 0 && text.len - end < 2 && text.at[end - 1] == '=') {
		end--;
	}
	for (size_t i = 0; i < end; i++) {
		char c = text.at[i];

		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
			c != '+' && c != '/') {
			return false;
		}
	}
	return end > 0 && text.len % 4 == 0;
}

bool fields_next(struct text *rest, struct text *ret_key, struct text *ret_value)
{
	struct text part;

	if (!text_next(rest, '\t', &part)) {
		return false;
	}
	*ret_key = (struct text){part.at, 0};
	while (ret_key->len < part.len && part.at[ret_key->len] != '=') {
		ret_key->len++;
	}
	if (ret_key->len == part.len) {
		*ret_key = (struct text){part.at, 0}; /* no '=': no key */
		*ret_value = part;
	} else {
		*ret_value = (struct text){part.at + ret_key->len + 1, part.len - ret_key->len - 1};
	}
	return true;
}

static bool key_is(struct text key, const char *name, size_t len)
{
	return key.len == len && strncasecmp(key.at, name, len) == 0;
}

bool fields_get(struct text fields, const char *key, struct text *ret_value)
{
	struct text name, value;

	while (fields_next(&fields, &name, &value)) {
		if (key_is(name, key, strlen(key))) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

bool fields_valid(struct text fields)
{
	struct text key, value, other;

	if (fields.len == 0 || memchr(fields.at, 0, fields.len)) {
		return false;
	}
	while (fields_next(&fields, &key, &value)) {
		struct text rest = fields;

		if (key.len == 0) {
			return false;
		}
		while (fields_next(&rest, &other, &value)) {
			if (key_is(other, key.at, key.len)) {
				return false;
			}
		}
	}
	return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a reply says, in the words of the protocol. */
#include "tests/devsim/devsim.h"

#include <string.h>

const char *reply_body(const struct reply *reply)
{
	return reply->in.data + reply->head_len;
}

bool reply_contains(const struct reply *reply, const char *word)
{
	return reply->head_done && reply->body_len > 0 &&
	       memmem(reply_body(reply), reply->body_len, word, strlen(word)) != NULL;
}

/* 200 and OK in the body; a count after "OK:" must be ours, and must be there when it is required.
 */
bool reply_acknowledges(const struct reply *reply, uint64_t count, bool count_required)
{
	const char *at, *end;
	uint64_t number = 0;

	if (reply->status != 200 || !reply_contains(reply, "OK")) {
		return false;
	}
	end = reply_body(reply) + reply->body_len;
	at = (const char *)memmem(reply_body(reply), reply->body_len, "OK", 2) + 2;
	if (at == end || *at != ':') {
		return !count_required;
	}
	for (at++; at < end && *at == ' '; at++) {
	}
	if (at == end || *at < '0' || *at > '9') {
		return !count_required;
	}
	for (; at < end && *at >= '0' && *at <= '9' && number <= UINT32_MAX; at++) {
		number = number * 10 + (uint64_t)(*at - '0');
	}
	return number == count;
}

/* The number after a key of the handshake's reply; lines end at LF or CR. */
bool reply_number(const struct reply *reply, const char *key, uint32_t *ret_number)
{
	const char *at = reply_body(reply);
	const char *end = at + reply->body_len;
	size_t key_len = strlen(key);
	uint32_t number = 0;

	while (at && (size_t)(end - at) > key_len + 1) {
		if (memcmp(at, key, key_len) == 0 && at[key_len] == '=') {
			for (at += key_len + 1; at < end && *at >= '0' && *at <= '9'; at++) {
				number = number * 10 + (uint32_t)(*at - '0');
			}
			*ret_number = number;
			return true;
		}
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	return false;
}

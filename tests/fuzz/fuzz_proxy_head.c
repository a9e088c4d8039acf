/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A PROXY head: it is read whole or not at all, what is whole needs no more and says the same with
 * anything behind it, and what lacks a byte asks for it. */
#include <errno.h>

#include "ingestd/proxy_head.h"
#include "tests/fuzz/fuzz.h"

static bool same(const struct proxy_head *a, const struct proxy_head *b)
{
	return a->len == b->len && a->named == b->named &&
	       memcmp(&a->client, &b->client, sizeof(a->client)) == 0;
}

static void check_whole(struct span bytes, const struct proxy_head *whole)
{
	struct proxy_head h = {.len = 0};

	CHECK(whole->len > 0 && whole->len <= bytes.len && whole->len <= PROXY_HEAD_MAX);
	CHECK(!whole->named || whole->client.sin6_family == AF_INET6);
	CHECK(proxy_head_read(span_of(bytes.ptr, whole->len), &h) == 0 && same(&h, whole));
	for (size_t len = 0; len < whole->len; len++)
		CHECK(proxy_head_read(span_of(bytes.ptr, len), &h) == -EAGAIN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_of(data, size);
	struct proxy_head h = {.len = 4711};
	int rc = proxy_head_read(bytes, &h);

	CHECK(rc == 0 || ((rc == -EAGAIN || rc == -EBADMSG) && h.len == 4711));
	CHECK(rc != -EAGAIN || size < PROXY_HEAD_MAX);
	if (rc == 0)
		check_whole(bytes, &h);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of networks, then '|' and an address: what is no list has nobody in it, what is one has
 * its own bare addresses, and blanks and the order of its networks change nothing. */
#include <arpa/inet.h>

#include "lib/network.h"
#include "tests/fuzz/fuzz.h"

/* By the system's own reader, with room for no more than an address. */
static bool system_reads(struct span text)
{
	char copy[64] = {0};
	unsigned char bytes[16];

	if (text.len >= sizeof(copy) || span_has(text, '\0'))
		return false;
	if (text.len > 0)
		memcpy(copy, text.ptr, text.len);
	return inet_pton(AF_INET, copy, bytes) == 1 || inet_pton(AF_INET6, copy, bytes) == 1;
}

static void check_bare(struct span list)
{
	struct span rest = list, piece;

	while (span_next(&rest, ',', &piece)) {
		struct span bare = span_trim(piece);
		if (network_is_address(bare))
			CHECK(network_list_has(list, bare));
		else
			CHECK(span_has(bare, '/'));
	}
}

/* Backwards and with blanks. */
static void turn(struct span list, struct buf *b)
{
	for (size_t end = list.len, i = list.len + 1; i-- > 0;) {
		if (i > 0 && list.ptr[i - 1] != ',')
			continue;
		if (b->len > 0)
			CHECK(buf_add_str(b, ",") == 0);
		CHECK(buf_add(b, list.ptr + i, end - i) == 0);
		end = i > 0 ? i - 1 : 0;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size), list = fuzz_piece(&rest), address = rest;
	struct buf turned = buf_with_max(2 * NETWORK_LIST_MAX);
	bool valid = network_list_valid(list), has = network_list_has(list, address);

	CHECK(network_is_address(address) == system_reads(address));
	CHECK(!has || (valid && network_is_address(address)));
	CHECK(!valid || (list.len > 0 && list.len <= NETWORK_LIST_MAX && !fuzz_has_control(list)));
	if (!valid)
		return 0;
	check_bare(list);
	turn(list, &turned);
	CHECK(network_list_valid(buf_span(&turned)));
	CHECK(network_list_has(buf_span(&turned), address) == has);
	buf_free(&turned);
	return 0;
}

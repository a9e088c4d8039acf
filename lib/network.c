/* SPDX-License-Identifier: GPL-2.0-or-later */
/* network: see the header. */
#include "lib/network.h"

#include <arpa/inet.h>
#include <stdint.h>

#include "lib/num.h"

/* An address is a network whose prefix is all of its bits. */
struct network {
	unsigned char bytes[sizeof(struct in6_addr)];
	unsigned bits; /* of the address: 32 or 128 */
	unsigned prefix;
};

static bool read_address(struct span text, struct network *ret)
{
	bool six = span_has(text, ':');
	char copy[INET6_ADDRSTRLEN];

	if (text.len == 0 || text.len >= sizeof(copy) || span_has(text, '\0'))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	ret->bits = ret->prefix = six ? 128 : 32;
	return inet_pton(six ? AF_INET6 : AF_INET, copy, ret->bytes) == 1;
}

/* ::ffff:192.0.2.7 is 192.0.2.7, and a network of such is one of IPv4. */
static void unmap(struct network *n)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (n->bits != 128 || n->prefix < 96 || memcmp(n->bytes, mapped, sizeof(mapped)) != 0)
		return;
	memmove(n->bytes, n->bytes + sizeof(mapped), 4);
	n->bits = 32;
	n->prefix -= 96;
}

static bool bit_at(const unsigned char *bytes, unsigned i)
{
	return bytes[i / 8] >> (7 - i % 8) & 1;
}

static bool is_clear_below_prefix(const struct network *n)
{
	for (unsigned i = n->prefix; i < n->bits; i++)
		if (bit_at(n->bytes, i))
			return false;
	return true;
}

static bool read_network(struct span text, struct network *ret)
{
	struct span address;
	uint64_t prefix;

	if (!span_next(&text, '/', &address) || !read_address(address, ret))
		return false;
	if (text.ptr) { /* there was a slash */
		if (num_u64(text, 0, ret->bits, &prefix) < 0)
			return false;
		ret->prefix = (unsigned)prefix;
	}
	unmap(ret);
	return is_clear_below_prefix(ret);
}

static bool contains(const struct network *n, const struct network *address)
{
	if (n->bits != address->bits)
		return false;
	for (unsigned i = 0; i < n->prefix; i++)
		if (bit_at(n->bytes, i) != bit_at(address->bytes, i))
			return false;
	return true;
}

/* Of blanks alone; span_trim would let a line end pass. */
static struct span trim_blanks(struct span s)
{
	while (s.len > 0 && s.ptr[0] == ' ')
		s = span_from(s, 1);
	while (s.len > 0 && s.ptr[s.len - 1] == ' ')
		s.len--;
	return s;
}

/* Takes the next network off a list; false when it is none. */
static bool next_network(struct span *list, struct network *ret)
{
	struct span piece;

	return span_next(list, ',', &piece) && read_network(trim_blanks(piece), ret);
}

/* Is it a list, and if so, is the address in it? */
static bool read_list(struct span list, const struct network *address, bool *ret_has)
{
	bool has = false;
	struct network n;

	if (list.len == 0 || list.len > NETWORK_LIST_MAX)
		return false;
	while (list.ptr) {
		if (!next_network(&list, &n))
			return false;
		has = has || contains(&n, address);
	}
	*ret_has = has;
	return true;
}

bool network_is_address(struct span text)
{
	struct network n;

	return read_address(text, &n);
}

bool network_list_valid(struct span list)
{
	struct network any = {.bits = 0};
	bool unused;

	return read_list(list, &any, &unused);
}

bool network_list_has(struct span list, struct span address)
{
	struct network n;
	bool has;

	if (!read_address(address, &n))
		return false;
	unmap(&n);
	return read_list(list, &n, &has) && has;
}

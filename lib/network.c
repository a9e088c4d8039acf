/* SPDX-License-Identifier: GPL-2.0-or-later */
/* network: see the header. */
#include "lib/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>

#include "lib/num.h"

#define MAPPED_BYTES 12 /* before an IPv4 address, in its IPv6 form */

static const unsigned char mapped[MAPPED_BYTES] = {[10] = 0xff, [11] = 0xff};

/* In IPv6 form. An address is a network whose prefix is all of its bits. */
struct network {
	unsigned char bytes[NETWORK_ADDRESS_BYTES];
	unsigned prefix;
};

bool network_read_address(struct span text, unsigned char ret[static NETWORK_ADDRESS_BYTES])
{
	bool six = span_has(text, ':');
	char copy[INET6_ADDRSTRLEN];
	unsigned char bytes[NETWORK_ADDRESS_BYTES];

	if (text.len == 0 || text.len >= sizeof(copy) || span_has(text, '\0'))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	memcpy(bytes, mapped, sizeof(mapped));
	if (inet_pton(six ? AF_INET6 : AF_INET, copy, six ? bytes : bytes + MAPPED_BYTES) != 1)
		return false;
	memcpy(ret, bytes, sizeof(bytes));
	return true;
}

static bool is_four(const struct network *n)
{
	return memcmp(n->bytes, mapped, sizeof(mapped)) == 0;
}

static bool bit_at(const unsigned char *bytes, unsigned i)
{
	return bytes[i / 8] >> (7 - i % 8) & 1;
}

static bool is_clear_below_prefix(const struct network *n)
{
	for (unsigned i = n->prefix; i < 8 * NETWORK_ADDRESS_BYTES; i++)
		if (bit_at(n->bytes, i))
			return false;
	return true;
}

static bool read_network(struct span text, struct network *ret)
{
	struct span address;

	if (!span_next(&text, '/', &address) || !network_read_address(address, ret->bytes))
		return false;
	unsigned before = span_has(address, ':') ? 0 : 8 * MAPPED_BYTES;
	uint64_t prefix = 8 * NETWORK_ADDRESS_BYTES - before;
	if (text.ptr && num_u64(text, 0, prefix, &prefix) < 0) /* there was a slash */
		return false;
	ret->prefix = before + (unsigned)prefix;
	return is_clear_below_prefix(ret);
}

static bool contains(const struct network *n, const struct network *address)
{
	if (is_four(n) != is_four(address))
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
	unsigned char unused[NETWORK_ADDRESS_BYTES];

	return network_read_address(text, unused);
}

bool network_is_host(struct span text)
{
	struct in6_addr in6;

	if (!network_read_address(text, in6.s6_addr))
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&in6))
		return in6.s6_addr[12] != 0 && in6.s6_addr[12] < 224;
	return !IN6_IS_ADDR_UNSPECIFIED(&in6) && !IN6_IS_ADDR_MULTICAST(&in6);
}

bool network_list_valid(struct span list)
{
	struct network any = {.prefix = 0};
	bool unused;

	return read_list(list, &any, &unused);
}

bool network_list_has(struct span list, struct span address)
{
	struct network n;
	bool has;

	return network_read_address(address, n.bytes) && read_list(list, &n, &has) && has;
}

static void six_text(const struct in6_addr *a, char ret_text[static NETWORK_TEXT_BYTES])
{
	if (IN6_IS_ADDR_V4MAPPED(a))
		inet_ntop(AF_INET, a->s6_addr + 12, ret_text, NETWORK_TEXT_BYTES);
	else
		inet_ntop(AF_INET6, a, ret_text, NETWORK_TEXT_BYTES);
}

void network_text(const struct sockaddr *address, char ret_text[static NETWORK_TEXT_BYTES])
{
	const void *sa = address;

	ret_text[0] = '\0';
	if (!address)
		return;
	if (address->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)sa)->sin_addr, ret_text,
			NETWORK_TEXT_BYTES);
	else if (address->sa_family == AF_INET6)
		six_text(&((const struct sockaddr_in6 *)sa)->sin6_addr, ret_text);
	else if (address->sa_family == AF_UNIX)
		memcpy(ret_text, "local", sizeof("local"));
}

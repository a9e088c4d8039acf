/* SPDX-License-Identifier: GPL-2.0-or-later */
/* network: addresses and lists of networks, "192.0.2.0/24,2001:db8::/32". Pure. */
#ifndef PUNCHD_LIB_NETWORK_H
#define PUNCHD_LIB_NETWORK_H

#include <sys/socket.h>

#include "lib/span.h"

#define NETWORK_TEXT_BYTES    64
#define NETWORK_LIST_MAX      128 /* bytes of a list, without NUL */
#define NETWORK_ADDRESS_BYTES 16  /* in IPv6 form */

/* Is it an IPv4 or IPv6 address, without brackets and port? */
bool network_is_address(struct span text);
/* One that can be a single host's: neither unspecified nor for many at once (multicast, IPv4's
 * 0.0.0.0/8 and all from 224.0.0.0 up). */
bool network_is_host(struct span text);
/* Reads one, an IPv4 address into its IPv6 form (::ffff:192.0.2.7). */
must_check bool network_read_address(
	struct span text, unsigned char ret[static NETWORK_ADDRESS_BYTES]);
/* One or more networks with ',' between; a bare address is a network of one; blanks around a comma
 * do not count; bits below the prefix must be 0. */
bool network_list_valid(struct span list);
/* Is the address in one of them? An IPv4 address in its IPv6 form (::ffff:192.0.2.7) is taken as
 * IPv4. False for what is no address or no list. */
bool network_list_has(struct span list, struct span address);

/* Writes an address without its port: "192.0.2.7", "2001:db8::7"; one of IPv4 in its IPv6 form as
 * IPv4; "local" for another process of this machine; nothing for NULL and all else. */
void network_text(const struct sockaddr *address, char ret_text[static NETWORK_TEXT_BYTES]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* R-CMD by UDP, docs/PROTOCOL.md 7: one socket for each address that terminals connect from. What
 * comes to an address is for all the terminals behind it. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "tests/devsim/run.h"

struct ear {
	struct watch watch;
	int fd;
	uint32_t first; /* terminal; every --sources-th is of the same address */
};

static struct ear *ears;

static void poke_all(uint32_t first)
{
	uint32_t step = settings.sources > 0 ? settings.sources : 1;

	run_totals.pokes++;
	for (uint64_t i = first; i < settings.terminals; i += step) {
		terminal_poke((uint32_t)i);
	}
}

static void on_datagram(struct watch *watch, uint32_t events)
{
	const struct ear *ear = container(watch, struct ear, watch);
	char packet[16];
	ssize_t got;

	(void)events;
	while ((got = recv(ear->fd, packet, sizeof(packet), 0)) >= 0) {
		if (got == 5 && memcmp(packet, "R-CMD", 5) == 0) {
			poke_all(ear->first);
		}
	}
}

static void open_ear(struct ear *ear, uint32_t number)
{
	struct sockaddr_in at = {.sin_family = AF_INET};

	at.sin_port = htons((uint16_t)run_options.udp_port);
	at.sin_addr.s_addr = htonl(0x7f000000U + net_source(number));
	ear->watch.event = on_datagram;
	ear->first = number;
	ear->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (ear->fd < 0 || bind(ear->fd, (const struct sockaddr *)&at, sizeof(at)) < 0) {
		die(EX_OSERR, "UDP port %u: %s", run_options.udp_port, strerror(errno));
	}
	if (loop_watch(ear->fd, &ear->watch) < 0) {
		die(EX_OSERR, "UDP port %u cannot be watched", run_options.udp_port);
	}
}

void poke_open(void)
{
	uint32_t count = settings.sources > 0 ? settings.sources : 1;

	if (run_options.udp_port == 0) {
		return;
	}
	count = count < settings.terminals ? count : settings.terminals;
	ears = must_alloc(count, sizeof(*ears));
	for (uint32_t i = 0; i < count; i++) {
		open_ear(&ears[i], i);
	}
}

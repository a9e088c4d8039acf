/* SPDX-License-Identifier: GPL-2.0-or-later */
/* waker: the sockets of both sides. */
#include "notifyd/waker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "lib/daemon.h"
#include "lib/io.h"
#include "lib/network.h"
#include "lib/wake.h"

#define SOCKET_MODE     0660 /* its group may speak: docs/TRUST.md */
#define PACKETS_AT_ONCE 256
#define POKES_AT_ONCE   256

static const char command[] = {'R', '-', 'C', 'M', 'D'}; /* docs/PROTOCOL.md 7 */

/* ---- opening ---- */

/* Terminals do not answer, and what anybody else sends here is nothing to us: the kernel drops it.
 * The socket is never connected and IP_RECVERR is off, so that no ICMP error of one address comes
 * back as the result of sending to the next. */
static int hear_nothing(int fd)
{
	struct sock_filter drop_all = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog filter = {.len = 1, .filter = &drop_all};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ? -errno
											 : 0;
}

static int open_udp(int family)
{
	const int on = 1;
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	int rc = hear_nothing(fd);
	if (rc == 0 && family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		rc = -errno;
	if (rc == 0)
		return fd;
	io_close(fd);
	return rc;
}

/* A machine may do without one of the two. */
static int open_both(struct waker *w)
{
	w->udp4_fd = open_udp(AF_INET);
	w->udp6_fd = open_udp(AF_INET6);
	if (w->udp4_fd < 0 && (w->udp4_fd != -EAFNOSUPPORT || w->udp6_fd < 0))
		return w->udp4_fd;
	return w->udp6_fd < 0 && w->udp6_fd != -EAFNOSUPPORT ? w->udp6_fd : 0;
}

/* A socket that the service manager made: one of UDP for each of the two at most. */
static int take_over(struct waker *w, int fd)
{
	int family, type;
	socklen_t bytes = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &bytes) < 0 ||
		getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) < 0)
		return -errno;
	int *slot = family == AF_INET ? &w->udp4_fd : &w->udp6_fd;
	if (type != SOCK_DGRAM || (family != AF_INET && family != AF_INET6))
		return -EPROTOTYPE;
	if (*slot >= 0)
		return -EEXIST;
	*slot = fd;
	return hear_nothing(fd);
}

static int open_or_take_over(struct waker *w)
{
	unsigned count = daemon_sockets();
	int rc = count > 0 ? 0 : open_both(w);

	for (unsigned i = 0; i < count && rc == 0; i++)
		rc = take_over(w, DAEMON_FIRST_SOCKET + (int)i);
	return rc;
}

static int make_pace(struct waker *w, unsigned pokes, unsigned rate)
{
	struct pace_limits limits = {.serials = WAKER_SERIALS, .pokes = pokes, .rate = rate};

	if (getrandom(&limits.seed, sizeof(limits.seed), 0) != sizeof(limits.seed))
		return -EIO;
	return pace_open(&limits, &w->pace);
}

int waker_open(
	const char *socket_path, uint16_t port, unsigned pokes, unsigned rate, struct waker *ret)
{
	const struct log_limit few = {.burst = 5, .window_ms = 60000};
	struct waker w = {.udp4_fd = -EAFNOSUPPORT,
		.udp6_fd = -EAFNOSUPPORT,
		.port = port,
		.failures = few,
		.oddities = few,
		.crowds = few};
	int rc = w.wake_fd = wake_listen(socket_path, SOCKET_MODE);

	if (rc >= 0)
		rc = open_or_take_over(&w);
	if (rc >= 0)
		rc = make_pace(&w, pokes, rate);
	if (rc < 0) {
		waker_close(&w);
		return rc;
	}
	*ret = w;
	return 0;
}

void waker_close(struct waker *w)
{
	if (w->pace)
		pace_close(w->pace);
	io_close(w->udp4_fd);
	io_close(w->udp6_fd);
	io_close(w->wake_fd);
}

/* ---- hearing ---- */

/* In IPv6 form. False for what is the address of no one terminal. */
static bool read_address(struct span text, struct in6_addr *ret)
{
	return network_is_host(text) && network_read_address(text, ret->s6_addr);
}

static void tell_of_oddity(struct waker *w, uint64_t now_ms)
{
	uint64_t dropped;

	w->odd++;
	if (log_allow(&w->oddities, now_ms, &dropped))
		log_warning("a packet that is none of ours was dropped",
			LOG_NUM(dropped ? "dropped" : NULL, dropped));
}

static void tell_of_crowd(struct waker *w, uint64_t now_ms)
{
	uint64_t dropped;

	if (log_allow(&w->crowds, now_ms, &dropped))
		log_warning("too many terminals to wake: the one longest waiting is left alone",
			LOG_NUM(dropped ? "dropped" : NULL, dropped));
}

static void take(struct waker *w, struct span packet, uint64_t now_ms)
{
	struct in6_addr address;
	struct wake said;

	if (wake_get(packet, &said) < 0 ||
		(said.kind == WAKE_POKE && !read_address(said.address, &address)))
		tell_of_oddity(w, now_ms);
	else if (said.kind == WAKE_SEEN)
		pace_seen(w->pace, said.serial);
	else if (!pace_wake(w->pace, said.serial, &address, now_ms))
		tell_of_crowd(w, now_ms);
}

void waker_hear(struct waker *w, uint64_t now_ms)
{
	char packet[WAKE_MAX + 1]; /* one more, so that a longer one shows */

	for (int i = 0; i < PACKETS_AT_ONCE; i++) {
		ssize_t len = recv(w->wake_fd, packet, sizeof(packet), MSG_DONTWAIT);
		if (len < 0)
			return; /* no more wait */
		take(w, span_of(packet, (size_t)len), now_ms);
	}
}

/* ---- poking ---- */

static int send_command(const struct waker *w, const struct in6_addr *to)
{
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(w->port), .sin6_addr = *to};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(w->port)};
	bool mapped = IN6_IS_ADDR_V4MAPPED(to);
	int fd = mapped ? w->udp4_fd : w->udp6_fd;

	memcpy(&in.sin_addr, to->s6_addr + 12, sizeof(in.sin_addr));
	if (fd < 0)
		return -EAFNOSUPPORT;
	ssize_t sent = sendto(fd, command, sizeof(command), MSG_DONTWAIT | MSG_NOSIGNAL,
		mapped ? (const struct sockaddr *)&in : (const struct sockaddr *)&in6,
		mapped ? sizeof(in) : sizeof(in6));
	return sent < 0 ? -errno : 0;
}

static void tell_of_failure(struct waker *w, const struct in6_addr *to, int rc, uint64_t now_ms)
{
	char peer[INET6_ADDRSTRLEN] = "";
	uint64_t dropped;

	if (!log_allow(&w->failures, now_ms, &dropped))
		return;
	if (IN6_IS_ADDR_V4MAPPED(to))
		inet_ntop(AF_INET, to->s6_addr + 12, peer, sizeof(peer));
	else
		inet_ntop(AF_INET6, to, peer, sizeof(peer));
	log_warning("terminal not woken", LOG_TEXT("peer", peer), LOG_ERR(rc),
		LOG_NUM(dropped ? "dropped" : NULL, dropped));
}

void waker_poke(struct waker *w, uint64_t now_ms)
{
	struct in6_addr to;

	for (int i = 0; i < POKES_AT_ONCE && pace_next(w->pace, now_ms, &to); i++) {
		int rc = send_command(w, &to);
		if (rc == 0)
			w->sent++;
		else
			w->failed++;
		if (rc < 0)
			tell_of_failure(w, &to, rc, now_ms);
	}
}

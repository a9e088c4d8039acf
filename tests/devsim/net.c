/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets: where to, from which address, and how many the system lets us have. */
#include "tests/devsim/devsim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* So many connections from one address before the next one is used: TIME_WAIT holds a port for a
 * minute. */
#define PER_SOURCE 20000

static int resolve(
	const char *host, const char *port, struct target *ret_target, const char **ret_why)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list;
	int err = getaddrinfo(host, port, &hints, &list);

	if (err) {
		*ret_why = gai_strerror(err);
		return -EINVAL;
	}
	memcpy(&ret_target->addr, list->ai_addr, list->ai_addrlen);
	ret_target->addr_len = list->ai_addrlen;
	ret_target->loopback = false;
	if (list->ai_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, list->ai_addr, sizeof(in));
		ret_target->loopback = ntohl(in.sin_addr.s_addr) >> 24 == 127;
	}
	freeaddrinfo(list);
	return 0;
}

/* "http://host:port/", "host:port", "[v6]:port"; the port is 80 when left out. */
int target_parse(const char *url, struct target *ret_target, const char **ret_why)
{
	struct target target = {0};
	char host[256];
	const char *port = "80";
	char *colon;
	size_t len;

	if (strncasecmp(url, "https:", 6) == 0) {
		*ret_why = "TLS is not spoken here";
		return -EINVAL;
	}
	if (strncasecmp(url, "http://", 7) == 0) {
		url += 7;
	}
	len = strcspn(url, "/");
	if (len == 0 || len >= sizeof(host) || (url[len] && url[len + 1])) {
		*ret_why = "wanted is http://host:port or host:port, without a path";
		return -EINVAL;
	}
	memcpy(host, url, len);
	host[len] = 0;
	memcpy(target.host, host, len + 1);
	colon = strrchr(host, ':');
	if (colon && !strchr(colon, ']')) {
		*colon = 0;
		port = colon + 1;
	}
	len = strlen(host);
	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = 0;
		memmove(host, host + 1, len - 1);
	}
	if (!*host || !*port || strspn(port, "0123456789") != strlen(port) || strlen(port) > 5) {
		*ret_why = "the host or the port is missing or not a number";
		return -EINVAL;
	}
	if (resolve(host, port, &target, ret_why) < 0) {
		return -EINVAL;
	}
	*ret_target = target;
	return 0;
}

/* Raises RLIMIT_NOFILE as far as it goes and returns what it is then. */
uint64_t net_raise_limit(uint64_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
		return 1024;
	}
	if (limit.rlim_max < wanted) {
		/* Only root may, and the soft limit follows below in any case. */
		struct rlimit higher = {wanted, wanted};

		if (setrlimit(RLIMIT_NOFILE, &higher) == 0) {
			return wanted;
		}
	}
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0) {
		return 1024;
	}
	return limit.rlim_cur;
}

/* This machine ran short of something; the server is not to blame. */
bool net_is_shortage(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOBUFS || error == -ENOMEM ||
	       error == -EADDRNOTAVAIL;
}

uint32_t net_source(uint32_t source)
{
	return settings.first_source + (settings.sources > 0 ? source % settings.sources : 0);
}

static int bind_source(int fd, uint32_t source)
{
	static uint64_t opened;
	struct sockaddr_in from = {.sin_family = AF_INET};
	const int on = 1;
	uint32_t number;

	if (settings.sources > 0) {
		number = net_source(source);
	} else {
		number = settings.first_source + (uint32_t)(opened++ / PER_SOURCE % 250);
		if (number == 1) {
			return 0;
		}
	}
	from.sin_addr.s_addr = htonl(0x7f000000U + number);
	/* The port is chosen at connect, by the whole quadruple: more than 28,000 go out from one
	 * address. */
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
		bind(fd, (const struct sockaddr *)&from, sizeof(from)) < 0) {
		return -errno;
	}
	return 0;
}

/* Starts a connection that does not block; returns the descriptor. */
int net_connect(const struct target *to, uint32_t source, bool no_delay)
{
	int fd = socket(to->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int on = 1;
	int err = 0;

	if (fd < 0) {
		return -errno;
	}
	if (to->loopback) {
		err = bind_source(fd, source);
	}
	if (err == 0 && no_delay) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	if (err == 0 && connect(fd, (const struct sockaddr *)&to->addr, to->addr_len) < 0 &&
		errno != EINPROGRESS) {
		err = -errno;
	}
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

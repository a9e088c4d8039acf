/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe_sockets: whom there is to speak to, and the ways into a network. */
#include "probe.h"

#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_INHERITED = 3 /* sd_listen_fds(3) */ };

static int connect_as(const char *path, int type)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return errno;
	strncpy(at.sun_path, path, sizeof(at.sun_path) - 1);
	rc = outcome(connect(fd, (struct sockaddr *)&at, sizeof(at)));
	close(fd);
	return rc;
}

static int connect_packet(const char *path)
{
	return connect_as(path, SOCK_SEQPACKET);
}

static int connect_stream(const char *path)
{
	return connect_as(path, SOCK_STREAM);
}

static int connect_datagram(const char *path)
{
	return connect_as(path, SOCK_DGRAM);
}

static int open_socket(int family, int type)
{
	int fd = socket(family, type, 0);
	int rc = outcome(fd);

	if (fd >= 0)
		close(fd);
	return rc;
}

static int socket_inet(const char *unused)
{
	(void)unused;
	return open_socket(AF_INET, SOCK_STREAM);
}

static int socket_inet6(const char *unused)
{
	(void)unused;
	return open_socket(AF_INET6, SOCK_DGRAM);
}

static int socket_netlink(const char *unused)
{
	(void)unused;
	return open_socket(AF_NETLINK, SOCK_RAW);
}

static int socket_packet(const char *unused)
{
	(void)unused;
	return open_socket(AF_PACKET, SOCK_RAW);
}

static int socket_vsock(const char *unused)
{
	(void)unused;
	return open_socket(AF_VSOCK, SOCK_STREAM);
}

/* 127.0.0.1 and 198.51.100.7 as an IPv4 or IPv6 socket wants them. */
static socklen_t address_for(int fd, uint32_t ipv4, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_storage own = {0};
	socklen_t length = sizeof(own);

	if (getsockname(fd, (struct sockaddr *)&own, &length) < 0 ||
		(own.ss_family != AF_INET && own.ss_family != AF_INET6))
		return 0;
	memset(ret, 0, sizeof(*ret));
	ret->ss_family = own.ss_family;
	if (own.ss_family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)ret;

		in->sin_port = htons(port);
		in->sin_addr.s_addr = htonl(ipv4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

	in6->sin6_port = htons(port);
	in6->sin6_addr.s6_addr[10] = in6->sin6_addr.s6_addr[11] = 0xff;
	ipv4 = htonl(ipv4);
	memcpy(in6->sin6_addr.s6_addr + 12, &ipv4, sizeof(ipv4));
	return sizeof(*in6);
}

/* The first inherited socket of the type that has an address in a network; -1 if there is none. */
static int inherited(int type)
{
	struct sockaddr_storage at;
	int got;
	socklen_t length;

	for (int fd = FIRST_INHERITED; fd < FIRST_INHERITED + 8; fd++) {
		length = sizeof(got);
		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &got, &length) == 0 && got == type &&
			address_for(fd, INADDR_LOOPBACK, 9, &at) > 0)
			return fd;
	}
	return -1;
}

/* A listening socket that was shut down may connect: the way into the network without socket(2).
 * Port 9 has nobody, so a refusal came from the network and means that it can be reached. */
static int connect_what_listens(const char *unused)
{
	struct sockaddr_storage to;
	int fd = inherited(SOCK_STREAM), rc;
	socklen_t length;

	(void)unused;
	if (fd < 0)
		return EBADF;
	length = address_for(fd, INADDR_LOOPBACK, 9, &to);
	shutdown(fd, SHUT_RDWR);
	rc = outcome(connect(fd, (struct sockaddr *)&to, length));
	return rc == ECONNREFUSED || rc == EINPROGRESS ? 0 : rc;
}

static int send_to(uint32_t ipv4)
{
	struct sockaddr_storage to;
	int fd = inherited(SOCK_DGRAM);
	socklen_t length;

	if (fd < 0)
		return EBADF;
	length = address_for(fd, ipv4, 9, &to);
	return outcome(sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&to, length));
}

static int send_near(const char *unused)
{
	(void)unused;
	return send_to(INADDR_LOOPBACK);
}

/* 198.51.100.7 is nobody's: RFC 5737. */
static int send_far(const char *unused)
{
	(void)unused;
	return send_to(0xc6336407);
}

const struct attempt probe_sockets[] = {
	{"ask at the desk", connect_packet, RUN "desk/desk.sock"},
	{"say whom to wake", connect_datagram, RUN "wake/wake.sock"},
	{"ask whose finger it is", connect_packet, RUN "match/match.sock"},
	{"come to ingestd in another's name", connect_stream, RUN "proxy/ingestd.sock"},
	{"write a log line", connect_datagram, "/run/systemd/journal/socket"},
	{"send a datagram to a private network", send_near, NULL},
	{"send a datagram elsewhere", send_far, NULL},
	{"connect with the socket that it listens on", connect_what_listens, NULL},
	{"reach D-Bus", connect_stream, "/run/dbus/system_bus_socket"},
	{"reach the service manager", connect_stream, "/run/systemd/private"},
	{"open an IPv4 socket", socket_inet, NULL},
	{"open an IPv6 socket", socket_inet6, NULL},
	{"open a netlink socket", socket_netlink, NULL},
	{"open a packet socket", socket_packet, NULL},
	{"open a vsock socket", socket_vsock, NULL},
	{0},
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* discard PORT REPLY: libmicrohttpd on an external loop, as in ingestd, with a handler that throws
 * the body away and answers REPLY at once (G5); for polls, the answer out of memory (G10). */
#include <microhttpd.h>
#include <strings.h>
#include <sys/epoll.h>

#include "tests/bench/bench.h"

#define POOL_BYTES  (4u * 1024) /* as ingestd has */
#define CONNECTIONS 16384

static enum MHD_Result answer(struct MHD_Connection *mhd, const char *text)
{
	const char *asked =
		MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONNECTION);
	struct MHD_Response *r = MHD_create_response_from_buffer(
		strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
	if (!r)
		return MHD_NO;
	(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
	if (!asked || strcasecmp(asked, "keep-alive") != 0)
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	enum MHD_Result ok = MHD_queue_response(mhd, MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return ok;
}

static enum MHD_Result on_request(void *text, struct MHD_Connection *mhd, const char *url,
	const char *method, const char *version, const char *bytes, size_t *len, void **own)
{
	static int seen;
	(void)url;
	(void)method;
	(void)version;
	(void)bytes;
	if (!*own) {
		*own = &seen;
		return MHD_YES;
	}
	if (*len) {
		*len = 0;
		return MHD_YES;
	}
	return answer(mhd, text);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return EX_USAGE;
	int listen_fd = bench_listen(argv[1], SOCK_NONBLOCK);
	struct MHD_Daemon *d = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, argv[2],
		MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, 30u,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
		MHD_OPTION_STRICT_FOR_CLIENT, -1, MHD_OPTION_END);
	const union MHD_DaemonInfo *info =
		d ? MHD_get_daemon_info(d, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info)
		bench_die("microhttpd");
	struct epoll_event ev = {.events = EPOLLIN};
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, info->epoll_fd, &ev) < 0)
		bench_die("epoll_ctl");
	for (;;) {
		MHD_UNSIGNED_LONG_LONG wait_ms;
		int wait = MHD_get_timeout(d, &wait_ms) == MHD_YES && wait_ms < 250 ? (int)wait_ms
										    : 250;
		(void)epoll_wait(epoll_fd, &ev, 1, wait);
		(void)MHD_run(d);
	}
}

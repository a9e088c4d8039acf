/* SPDX-License-Identifier: GPL-2.0-or-later */
/* http: libmicrohttpd 0.9.75 on an external loop. Its own epoll thread can lose a wake-up with many
 * keep-alive clients in lock step; the external loop does not. Suspended connections cost no thread
 * and are resumed by http_reply. Longer than other files, because nearly every line speaks to the
 * library and no other file may: what can do without it is in connection.c and range.c. */
#include "ingestd/http.h"

#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ingestd/connection.h"
#include "lib/clock.h"
#include "lib/io.h"
#include "lib/log.h"
#include "lib/network.h"
#include "lib/num.h"

/* A connection's memory: a head of 3,000 bytes fits, and a real one has 300. The library clears all
 * of it for every further request, so what is larger costs time and stays resident. */
#define POOL_BYTES (4u * 1024)
/* A refused body up to this is read, so that the refusal is heard. */
#define SWALLOW_BYTES (64u * 1024)
/* When the library wants to be run again at once and had nothing to tell so many times:
 * http_wait_ms. A kept connection takes two such runs between its reply and its next request. */
#define STILL_RUNS 8
#define PAUSE_MS   1

enum stage { STAGE_HEAD, STAGE_BODY, STAGE_REFUSED, STAGE_WAITING, STAGE_OVER };

struct http_exchange {
	struct http *http;
	struct MHD_Connection *mhd;
	struct connection *connection;
	enum stage stage;
	char *target; /* as it came */
	void *own;
	unsigned status;               /* 0 until it is answered */
	struct MHD_Response *response; /* NULL then too when there was no memory */
};

struct http {
	struct MHD_Daemon *mhd;
	struct http_limits limits;
	const struct http_calls *calls;
	void *context;
	struct connection *connections;
	struct log_limit complaints;
	bool quiet;     /* nothing new is begun */
	unsigned still; /* runs since the library told something, or the last pause */
	int fd;
};

/* ---- replies ---- */

/* docs/PROTOCOL.md 0.7: close after the reply unless a client asks in so many words not to. */
static bool wants_keep_alive(struct MHD_Connection *mhd)
{
	const char *value =
		MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONNECTION);
	return value && strcasecmp(value, "keep-alive") == 0;
}

static enum MHD_Result queue(struct http_exchange *x)
{
	enum MHD_Result ok =
		x->response ? MHD_queue_response(x->mhd, x->status, x->response) : MHD_NO;
	if (x->response)
		MHD_destroy_response(x->response);
	x->response = NULL;
	x->stage = STAGE_OVER;
	return ok;
}

/* Gives up the wait with whatever the response is. Without memory for one the connection is closed,
 * which terminals take for "not stored". */
static void answer(
	struct http_exchange *x, unsigned status, struct MHD_Response *response, const char *type)
{
	x->status = status;
	x->response = response;
	if (response)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (response && !wants_keep_alive(x->mhd))
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	if (x->stage == STAGE_WAITING) {
		connection_begin_reply(x->connection, clock_mono_ms());
		MHD_resume_connection(x->mhd);
	}
}

void http_reply(struct http_exchange *x, unsigned status, struct span body)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		body.len, (void *)(uintptr_t)body.ptr, MHD_RESPMEM_MUST_COPY);
	answer(x, status, response, "text/plain");
}

/* The descriptor is the response's from here on, or closed. */
static struct MHD_Response *respond_with(const struct http_file *f)
{
	struct MHD_Response *response = NULL;
	if (f->fd < 0)
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (f->from <= f->size && f->length <= f->size - f->from)
		response = MHD_create_response_from_fd_at_offset64(f->length, f->fd, f->from);
	if (!response)
		io_close(f->fd);
	return response;
}

static void say_range(struct MHD_Response *response, const struct http_file *f)
{
	char text[80];
	if (f->status == MHD_HTTP_PARTIAL_CONTENT)
		snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, f->from,
			f->from + f->length - 1, f->size);
	else if (f->status == MHD_HTTP_RANGE_NOT_SATISFIABLE)
		snprintf(text, sizeof(text), "bytes */%" PRIu64, f->size);
	else
		return;
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, text);
}

void http_reply_file(struct http_exchange *x, const struct http_file *file)
{
	struct MHD_Response *response = respond_with(file);
	if (response) {
		say_range(response, file);
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
		if (file->etag)
			(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, file->etag);
	}
	x->connection->body_bytes = file->length; /* they earn their time beforehand */
	answer(x, file->status, response, "application/octet-stream");
}

/* ---- one request ---- */

static enum MHD_Result take_length(
	void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	uint64_t *length = cls;
	(void)kind;
	if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) != 0)
		return MHD_YES;
	if (*length != HTTP_LENGTH_NONE || num_u64(span_str(value), 0, INT64_MAX, length) < 0)
		*length = HTTP_LENGTH_BAD;
	return MHD_YES;
}

static uint64_t content_length(struct MHD_Connection *mhd)
{
	uint64_t length = HTTP_LENGTH_NONE;
	(void)MHD_get_connection_values(mhd, MHD_HEADER_KIND, take_length, &length);
	if (!MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING))
		return length;
	/* The library goes by the chunks then; who stands before us may go by the other. */
	return length == HTTP_LENGTH_NONE ? HTTP_LENGTH_UNKNOWN : HTTP_LENGTH_BAD;
}

static struct span header(struct MHD_Connection *mhd, const char *name)
{
	return span_str(MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, name));
}

static void peer_text(struct MHD_Connection *mhd, char ret_text[static HTTP_PEER_BYTES])
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	network_text(info ? info->client_addr : NULL, ret_text);
}

static enum MHD_Result on_head(struct http_exchange *x, const char *method)
{
	char peer[HTTP_PEER_BYTES];
	struct http_head head = {
		.method = method,
		.target = span_str(x->target),
		.peer = peer,
		.content_length = content_length(x->mhd),
		.range = header(x->mhd, MHD_HTTP_HEADER_RANGE),
		.if_range = header(x->mhd, MHD_HTTP_HEADER_IF_RANGE),
		.if_none_match = header(x->mhd, MHD_HTTP_HEADER_IF_NONE_MATCH),
	};
	peer_text(x->mhd, peer);
	x->stage = STAGE_BODY;
	x->own = x->http->calls->begin(x->http->context, x, &head);
	if (x->status == 0)
		return MHD_YES;
	/* A reply that is queued before the body was read ends the connection, so it waits for the
	 * end of what is short, and of what has no body at all. */
	if (head.content_length <= SWALLOW_BYTES || head.content_length == HTTP_LENGTH_NONE) {
		x->stage = STAGE_REFUSED;
		return MHD_YES;
	}
	return queue(x);
}

static enum MHD_Result on_body(struct http_exchange *x, const char *bytes, size_t *len)
{
	x->connection->body_bytes += *len;
	if (x->stage == STAGE_BODY)
		x->http->calls->body(x->own, span_of(bytes, *len));
	*len = 0;
	return MHD_YES;
}

static enum MHD_Result on_end(struct http_exchange *x)
{
	if (x->stage == STAGE_BODY)
		x->http->calls->end(x->own);
	if (x->status)
		return queue(x);
	x->stage = STAGE_WAITING;
	x->connection->waiting = true;
	MHD_suspend_connection(x->mhd);
	return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url,
	const char *method, const char *version, const char *bytes, size_t *len, void **own)
{
	struct http_exchange *x = *own;
	struct http *h = cls;
	(void)mhd, (void)url, (void)version;
	h->still = 0;
	if (!x)
		return MHD_NO; /* there was no memory for it */
	/* At the end kept connections may still bring requests. One that came to wait for an answer
	 * then would never get it, and the library ends the program for a connection that waits. */
	if (h->quiet && (x->stage == STAGE_HEAD || x->stage == STAGE_BODY))
		return MHD_NO;
	if (x->stage == STAGE_HEAD)
		return on_head(x, method);
	if (*len)
		return on_body(x, bytes, len);
	return on_end(x);
}

/* The first call for a request: the target before the library changes it. What it returns becomes
 * *own above. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
	struct http_exchange *x = calloc(1, sizeof(*x));
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	if (!x)
		return NULL;
	x->http = cls;
	x->mhd = mhd;
	x->connection = info ? info->socket_context : NULL;
	x->target = strdup(target);
	if (!x->target || !x->connection) {
		free(x->target);
		free(x);
		return NULL;
	}
	x->connection->exchange = x;
	connection_begin_request(x->connection, clock_mono_ms());
	return x;
}

static void end_exchange(struct http_exchange *x)
{
	if (x->own)
		x->http->calls->gone(x->own);
	if (x->response)
		MHD_destroy_response(x->response);
	connection_end_request(x->connection, clock_mono_ms());
	x->connection->exchange = NULL;
	free(x->target);
	free(x);
}

static void on_completed(
	void *cls, struct MHD_Connection *mhd, void **own, enum MHD_RequestTerminationCode how)
{
	(void)cls, (void)mhd, (void)how;
	if (*own)
		end_exchange(*own);
	*own = NULL;
}

/* ---- connections ---- */

/* The library does not say of every request that it is over: one with more fields in its target
 * than the memory of a connection can hold ends with the connection only. */
static void drop_connection(struct connection *c)
{
	if (c->exchange)
		end_exchange(c->exchange);
	connection_remove(c);
}

static void on_connection(
	void *cls, struct MHD_Connection *mhd, void **own, enum MHD_ConnectionNotificationCode what)
{
	struct http *h = cls;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	h->still = 0;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		/* Without memory for it its requests are refused. */
		*own = info ? connection_add(&h->connections, info->connect_fd, clock_mono_ms())
			    : NULL;
	} else if (*own) {
		drop_connection(*own);
		*own = NULL;
	}
}

/* Of a connection that has no room left for what it reads the library need not see that it was shut
 * down: such a one ends by the timeout. */
unsigned http_expire(struct http *h, uint64_t now_ms)
{
	unsigned expired = connection_expire(h->connections, &h->limits, now_ms);
	for (struct connection *c = expired ? h->connections : NULL; c; c = c->next)
		if (c->expired && c->exchange)
			(void)MHD_set_connection_option(
				c->exchange->mhd, MHD_CONNECTION_OPTION_TIMEOUT, 1u);
	return expired;
}

unsigned http_connections(const struct http *h)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(h->mhd, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
	return info ? info->num_connections : 0;
}

/* ---- the daemon ---- */

/* Of a unix socket the library wants what only TCP has, and complains at each reply. */
static bool is_of_tcp_alone(const char *complaint)
{
	static const char option[] = "Setting TCP_", push[] = "Failed to push the data";
	return strncmp(complaint, option, sizeof(option) - 1) == 0 ||
	       strncmp(complaint, push, sizeof(push) - 1) == 0;
}

/* What the library has to say is mostly about what clients did. */
static void on_complaint(void *cls, const char *format, va_list args)
{
	struct http *h = cls;
	char text[256];
	uint64_t dropped;
	vsnprintf(text, sizeof(text), format, args);
	if (is_of_tcp_alone(text) || !log_allow(&h->complaints, clock_mono_ms(), &dropped))
		return;
	log_notice(
		"http", LOG_SPAN("reason", span_trim(span_str(text))), LOG_NUM("dropped", dropped));
}

static struct MHD_Daemon *start(struct http *h, int listen_fd)
{
	const bool listens = listen_fd >= 0;
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME |
					MHD_USE_ERROR_LOG |
					(listens ? MHD_NO_FLAG : MHD_USE_NO_LISTEN_SOCKET),
		0, NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_complaint, h,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, h, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, h, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
		MHD_OPTION_CONNECTION_LIMIT, h->limits.connections,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, h->limits.per_address,
		MHD_OPTION_CONNECTION_TIMEOUT, h->limits.idle_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)POOL_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, -1,
		listens ? MHD_OPTION_LISTEN_SOCKET : MHD_OPTION_END, listen_fd, MHD_OPTION_END);
}

int http_open(int listen_fd, const struct http_limits *limits, const struct http_calls *calls,
	void *context, struct http **ret)
{
	struct http *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->limits = *limits;
	h->calls = calls;
	h->context = context;
	h->complaints = (struct log_limit){.burst = 10, .window_ms = 10000};
	h->mhd = start(h, listen_fd);
	const union MHD_DaemonInfo *info =
		h->mhd ? MHD_get_daemon_info(h->mhd, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info) {
		if (h->mhd)
			MHD_stop_daemon(h->mhd);
		free(h);
		return -EIO;
	}
	h->fd = info->epoll_fd;
	*ret = h;
	return 0;
}

int http_add(struct http *h, int fd, const struct sockaddr *client, socklen_t client_len)
{
	/* The library closes what it does not take. */
	return MHD_add_connection(h->mhd, fd, client, client_len) == MHD_YES ? 0 : -EBUSY;
}

int http_fd(const struct http *h)
{
	return h->fd;
}

/* The library asks to be run again at once for as long as a connection has no room left for what it
 * reads, as when the extension of a chunk fills its memory: until its deadline that would be all
 * that this processor does. */
int http_wait_ms(const struct http *h)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;
	if (MHD_get_timeout(h->mhd, &wait_ms) != MHD_YES)
		return -1;
	if (wait_ms == 0 && h->still >= STILL_RUNS)
		return PAUSE_MS;
	return wait_ms > INT32_MAX ? INT32_MAX : (int)wait_ms;
}

void http_run(struct http *h)
{
	h->still = h->still < STILL_RUNS ? h->still + 1 : 1;
	(void)MHD_run(h->mhd); /* it fails only for daemons that run by themselves */
}

void http_quiesce(struct http *h)
{
	int fd = MHD_quiesce_daemon(h->mhd);
	h->quiet = true;
	if (fd >= 0)
		close(fd);
}

void http_close(struct http *h)
{
	MHD_stop_daemon(h->mhd);
	free(h);
}

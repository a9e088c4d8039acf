/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `devsim send`: exactly one request, well formed or not, and its reply on standard output. For
 * scripts. */
#include "tests/devsim/devsim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

enum send_key {
	KEY_TARGET = 512,
	KEY_METHOD,
	KEY_BODY,
	KEY_CHUNKED,
	KEY_EXPECT,
	KEY_TYPE,
	KEY_HEADER,
	KEY_RAW,
	KEY_HALF_CLOSE,
};

#define SEND_REPLY_MAX (64U << 20)
#define CHUNK          1000U

static struct {
	const char *target, *method, *body_path, *type, *raw_path;
	struct bytes headers;
	bool chunked, expect, half_close;
} how = {.type = "none"};

static const struct argp_option options[] = {
	{"target", KEY_TARGET, "TARGET", 0, "Path and query of the request, as they are sent", 0},
	{"method", KEY_METHOD, "NAME", 0, "GET, or POST when there is a body", 0},
	{"body", KEY_BODY, "FILE", 0, "Body of the request, - for standard input", 0},
	{"content-type", KEY_TYPE, "TYPE", 0, "Content-Type, none to leave it out (none)", 0},
	{"header", KEY_HEADER, "LINE", 0, "One more header line; may be given again", 0},
	{"chunked", KEY_CHUNKED, NULL, 0, "Send the body in chunks instead of with its length", 0},
	{"expect", KEY_EXPECT, NULL, 0, "Ask for 100 Continue and wait a second for it", 0},
	{"raw", KEY_RAW, "FILE", 0, "Send the bytes of FILE instead of a request", 0},
	{"half-close", KEY_HALF_CLOSE, NULL, 0, "Close the sending side when all is sent", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_TARGET:
		how.target = arg;
		return 0;
	case KEY_METHOD:
		how.method = arg;
		return 0;
	case KEY_BODY:
		how.body_path = arg;
		return 0;
	case KEY_TYPE:
		how.type = arg;
		return 0;
	case KEY_HEADER:
		bytes_format(&how.headers, "%s\r\n", arg);
		return 0;
	case KEY_CHUNKED:
		how.chunked = true;
		return 0;
	case KEY_EXPECT:
		how.expect = true;
		return 0;
	case KEY_RAW:
		how.raw_path = arg;
		return 0;
	case KEY_HALF_CLOSE:
		how.half_close = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument \"%s\"", arg);
		return 0;
	case ARGP_KEY_END:
		settings_check(state);
		if (!how.target == !how.raw_path) {
			argp_error(state, "either --target or --raw is needed");
		}
		if (settings.http10 && how.chunked) {
			argp_error(state, "--http10 and --chunked exclude each other");
		}
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void read_file(struct bytes *out, const char *path)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : 1;

	while (got > 0) {
		char *room = bytes_reserve(out, 65536);

		got = read(fd, room, 65536);
		out->len += got > 0 ? (size_t)got : 0;
	}
	if (got < 0) {
		die(EX_NOINPUT, "%s: %s", path, strerror(errno));
	}
}

static void add_body(struct bytes *out, const struct bytes *body)
{
	for (size_t at = 0; how.chunked && at < body->len; at += CHUNK) {
		size_t len = body->len - at < CHUNK ? body->len - at : CHUNK;

		bytes_format(out, "%zx\r\n", len);
		bytes_add(out, body->data + at, len);
		bytes_text(out, "\r\n");
	}
	if (how.chunked) {
		bytes_text(out, "0\r\n\r\n");
	} else {
		bytes_add(out, body->data, body->len);
	}
}

static void build(struct bytes *head, struct bytes *rest)
{
	struct bytes body = {0};
	bool post;

	if (how.body_path) {
		read_file(&body, how.body_path);
	}
	if (!how.method) {
		how.method = how.body_path ? "POST" : "GET";
	}
	post = how.body_path || strcmp(how.method, "POST") == 0;
	bytes_format(head,
		"%s %s HTTP/1.%c\r\nHost: %s\r\nUser-Agent: iClock Proxy/1.09\r\n"
		"Connection: close\r\nAccept: */*\r\n",
		how.method, how.target, settings.http10 ? '0' : '1', settings.target.host);
	bytes_add(head, how.headers.data, how.headers.len);
	if (strcmp(how.type, "none") != 0) {
		bytes_format(head, "Content-Type: %s\r\n", how.type);
	}
	if (how.expect) {
		bytes_text(head, "Expect: 100-continue\r\n");
	}
	if (post && how.chunked) {
		bytes_text(head, "Transfer-Encoding: chunked\r\n");
	} else if (post) {
		bytes_format(head, "Content-Length: %zu\r\n", body.len);
	}
	bytes_text(head, "\r\n");
	if (post) {
		add_body(rest, &body);
	}
	bytes_free(&body);
}

int send_main(int argc, char **argv)
{
	static const struct argp_child children[] = {{&place_argp, 0, "Where:", 1}, {0}};
	static const struct argp argp = {options, parse, NULL,
		"Sends one request and prints the status line, the headers and the body of the "
		"reply.\v"
		"Exit status: 0 the status was 2xx, 1 it was another or none came, 69 no "
		"connection, "
		"64 usage.",
		children, NULL, NULL};
	struct wire wire = {0};
	struct reply reply = {0};
	bool good;
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	wire.half_close = how.half_close;
	if (how.raw_path) {
		read_file(&wire.head, how.raw_path);
	} else {
		wire.expect = how.expect;
		build(&wire.head, &wire.rest);
	}
	reply_reset(&reply, SEND_REPLY_MAX, how.method && strcmp(how.method, "HEAD") == 0);
	err = wire_exchange(&wire, &reply);
	if (err < 0) {
		die(EX_UNAVAILABLE, "%s: %s", settings.url, strerror(-err));
	}
	if (reply.in.len > 0) {
		size_t len = reply.done ? reply.head_len + reply.body_len : reply.in.len;

		fwrite(reply.in.data, 1, len, stdout);
	}
	if (fflush(stdout) != 0) {
		die(EX_IOERR, "standard output: %s", strerror(errno));
	}
	good = reply.done && reply.status >= 200 && reply.status < 300;
	bytes_free(&wire.head);
	bytes_free(&wire.rest);
	bytes_free(&reply.in);
	bytes_free(&how.headers);
	return good ? 0 : 1;
}

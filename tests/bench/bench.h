/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench: the few lines that the limit programs share. A limit program does one thing as barely as
 * it can be done; whatever goes wrong ends it. */
#ifndef PUNCHD_TESTS_BENCH_BENCH_H
#define PUNCHD_TESTS_BENCH_BENCH_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "lib/io.h"
#include "lib/num.h"

static inline __attribute__((noreturn)) void bench_die(const char *what)
{
	perror(what);
	exit(EX_OSERR);
}

static inline uint64_t bench_now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* What this process has used of the processors, all threads. */
static inline uint64_t bench_cpu_us(void)
{
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

/* A number of the command line. */
static inline uint64_t bench_number(const char *text)
{
	uint64_t value;
	if (num_u64(span_str(text), 0, UINT64_MAX, &value) == 0)
		return value;
	fprintf(stderr, "not a number: %s\n", text);
	exit(EX_USAGE);
}

static inline int bench_listen(const char *port, int flags)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)bench_number(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
		bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 1024) < 0)
		bench_die("listen");
	return fd;
}

/* DIR/NAME, made if it is not there. */
static inline int bench_dir(const char *dir, const char *name)
{
	int parent = io_open_dir(AT_FDCWD, dir);
	if (parent < 0)
		bench_die(dir);
	(void)mkdirat(parent, name, 0700);
	int fd = io_open_dir(parent, name);
	if (fd < 0)
		bench_die(name);
	close(parent);
	return fd;
}

static inline int bench_create(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		bench_die("create");
	return fd;
}

/* ---- as much HTTP as devsim speaks ---- */

/* Is a request whole? Its length, or 0. `bytes` ends with NUL. */
static inline size_t bench_request(const char *bytes, size_t len)
{
	const char *end = strstr(bytes, "\r\n\r\n");
	if (!end)
		return 0;
	const char *length = strcasestr(bytes, "\r\nContent-Length: ");
	size_t body = length && length < end ? strtoul(length + 18, NULL, 10) : 0;
	size_t whole = (size_t)(end - bytes) + 4 + body;
	return len >= whole ? whole : 0;
}

/* Answers with the count of lines in its body, and says whether the connection stays. */
static inline bool bench_answer(int fd, const char *bytes, size_t len)
{
	const char *body = strstr(bytes, "\r\n\r\n") + 4;
	bool stays = strcasestr(bytes, "\r\nConnection: keep-alive") != NULL;
	unsigned lines = 0;
	char text[32], reply[160];
	for (const char *p = body; p < bytes + len; p++)
		lines += *p == '\n';
	int body_len = snprintf(text, sizeof(text), "OK: %u\n", lines);
	int n = snprintf(reply, sizeof(reply),
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n%sContent-Length: %d\r\n\r\n%s",
		stays ? "" : "Connection: close\r\n", body_len, text);
	return send(fd, reply, (size_t)n, MSG_NOSIGNAL) == n && stays;
}

#endif

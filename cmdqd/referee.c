/* SPDX-License-Identifier: GPL-2.0-or-later */
/* referee: see the header. */
#include "cmdqd/referee.h"

#include <errno.h>
#include <sys/socket.h>

#include "lib/clock.h"
#include "lib/io.h"
#include "lib/local.h"

#define PACKETS_IN_A_ROW 64 /* so that the others get their turn */

/* ---- what is told of ---- */

static void tell(struct log_limit *limit, enum log_level level, const char *event)
{
	uint64_t dropped;

	if (log_allow(limit, clock_mono_ms(), &dropped))
		log_at(level, event, LOG_NUM(dropped ? "dropped" : NULL, dropped));
}

static void ignore(struct referee *r, const char *event)
{
	r->lies++;
	tell(&r->lie_limit, LOG_LEVEL_WARNING, event);
}

/* ---- questions that wait ---- */

static struct referee_case *find(struct referee *r, uint64_t id)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->cases[i].said.id == id)
			return &r->cases[i];
	return NULL;
}

static void decide(struct referee_case *c, enum referee_verdict verdict, struct span word)
{
	c->decided = true;
	c->said.verdict = verdict;
	if (word.len > 0 && word.len < sizeof(c->said.word))
		memcpy(c->said.word, word.ptr, word.len);
}

static void hang_up(struct referee *r)
{
	if (r->source.fd < 0)
		return;
	io_close(r->source.fd);
	r->source.fd = -1;
	r->hello = (struct matching_hello){.formats = 0};
	for (size_t i = 0; i < r->count; i++)
		if (!r->cases[i].decided)
			decide(&r->cases[i], REFEREE_GONE, span_str(""));
	tell(&r->coming_limit, LOG_LEVEL_WARNING, "matchd is gone");
}

/* ---- what matchd says ---- */

static void hear_hello(struct referee *r, const struct matching_hello *hello)
{
	r->hello = *hello;
	tell(&r->coming_limit, LOG_LEVEL_INFO,
		hello->formats ? "a matcher is at work" : "no matcher is at work");
}

static void hear_answer(struct referee *r, const struct matching_answer *a)
{
	static const enum referee_verdict verdicts[] = {[MATCHING_MATCH] = REFEREE_MATCH,
		[MATCHING_NOMATCH] = REFEREE_NOMATCH,
		[MATCHING_ERROR] = REFEREE_ERROR};
	struct referee_case *c = find(r, a->id);

	if (c && !c->decided)
		decide(c, verdicts[a->verdict], a->word);
	else if (a->id <= r->last_id)
		ignore(r, "matchd answers what is over");
	else
		ignore(r, "matchd answers what was not asked");
}

static void hear(struct referee *r, struct span packet)
{
	struct matching_hello hello;
	struct matching_answer answer;

	if (matching_get_answer(packet, &answer) == 0)
		hear_answer(r, &answer);
	else if (matching_get_hello(packet, &hello) == 0)
		hear_hello(r, &hello);
	else
		ignore(r, "packet of matchd is none");
}

/* 1 when a packet was heard, 0 when none is there, -ECONNRESET, or another negative errno. */
static int hear_one(struct referee *r)
{
	char packet[MATCHING_ANSWER_MAX + 1]; /* one that is longer is none */
	ssize_t len = recv(r->source.fd, packet, sizeof(packet), MSG_DONTWAIT);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (len == 0)
		return -ECONNRESET;
	hear(r, span_of(packet, (size_t)len));
	return 1;
}

static void ready(struct loop_source *source, uint32_t events)
{
	struct referee *r = (struct referee *)source;
	int rc = r->source.fd < 0 ? 0 : 1;
	(void)events;

	for (int i = 0; i < PACKETS_IN_A_ROW && rc == 1; i++)
		rc = hear_one(r);
	if (rc < 0)
		hang_up(r);
}

/* ---- asking ---- */

int referee_ask(struct referee *r, struct matching_request *q, uint64_t deadline_ms)
{
	if (r->source.fd < 0 || r->hello.formats == 0)
		return -ENOTCONN;
	if (r->count == REFEREE_OPEN_MAX)
		return -EAGAIN;
	q->id = r->last_id + 1;
	if (matching_objection(&r->hello, q))
		return -EINVAL;
	int rc = matching_put_request(&r->packet, q);
	if (rc == 0 &&
		send(r->source.fd, r->packet.ptr, r->packet.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		rc = -errno;
	buf_wipe(&r->packet);
	if (rc == -EPIPE || rc == -ECONNRESET)
		hang_up(r);
	if (rc < 0)
		return rc == -EPIPE || rc == -ECONNRESET ? -ENOTCONN : rc;
	r->last_id = q->id;
	r->cases[r->count++] =
		(struct referee_case){.said = {.id = q->id}, .deadline_ms = deadline_ms};
	return 0;
}

bool referee_next(struct referee *r, uint64_t now_ms, struct referee_said *ret)
{
	for (size_t i = 0; i < r->count; i++) {
		struct referee_case *c = &r->cases[i];

		if (!c->decided && now_ms >= c->deadline_ms)
			decide(c, REFEREE_LATE, span_str(""));
		if (!c->decided)
			continue;
		*ret = c->said;
		r->count--;
		memmove(c, c + 1, (r->count - i) * sizeof(*c));
		return true;
	}
	return false;
}

uint64_t referee_deadline_ms(const struct referee *r)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < r->count; i++)
		if (r->cases[i].deadline_ms < first)
			first = r->cases[i].deadline_ms;
	return first;
}

/* ---- coming and going ---- */

void referee_turn(struct referee *r, uint64_t now_ms)
{
	if (r->source.fd >= 0 || now_ms < r->retry_ms)
		return;
	r->retry_ms = now_ms + REFEREE_RETRY_MS;
	int fd = local_connect(r->path, SOCK_SEQPACKET);
	if (fd < 0)
		return;
	r->source.fd = fd;
	if (loop_add(r->loop_fd, &r->source, EPOLLIN) < 0)
		hang_up(r);
}

int referee_open(struct referee *r, int loop_fd, const char *path)
{
	const struct log_limit limit = {.burst = 5, .window_ms = 10000};

	*r = (struct referee){.source = {-1, ready},
		.loop_fd = loop_fd,
		.path = path,
		.packet = buf_with_max(MATCHING_REQUEST_MAX),
		.lie_limit = limit,
		.coming_limit = limit};
	/* Whole, so that it never grows and leaves a part of a template where it was. */
	return buf_reserve(&r->packet, MATCHING_REQUEST_MAX);
}

void referee_close(struct referee *r)
{
	if (r->source.fd >= 0)
		io_close(r->source.fd);
	r->source.fd = -1;
	buf_free(&r->packet);
}

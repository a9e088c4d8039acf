/* SPDX-License-Identifier: GPL-2.0-or-later */
/* carrier: see the header. */
#include "matchd/carrier.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#define PACKETS_AT_ONCE 16
#define DEAF_MS         250

int carrier_open(const char *socket_path, const char *program, uint64_t memory_bytes,
	uint64_t timeout_ms, struct carrier *ret)
{
	int rc = child_open(program, memory_bytes, &ret->child);

	if (rc < 0)
		return rc;
	/* Whole, so that it never grows and leaves a part of a template where it was. */
	ret->line = buf_with_max(MATCHING_REQUEST_MAX);
	rc = buf_reserve(&ret->line, MATCHING_REQUEST_MAX);
	if (rc == 0)
		rc = client_open(socket_path, &ret->client);
	if (rc < 0) {
		buf_free(&ret->line);
		child_close(&ret->child);
		return rc;
	}
	ret->keeper = keeper_make(timeout_ms);
	ret->idle = program[0] == '\0';
	ret->ends = (struct log_limit){.burst = 10, .window_ms = 60000};
	return 0;
}

void carrier_close(struct carrier *c)
{
	client_close(&c->client);
	child_close(&c->child);
	backlog_clear(&c->backlog);
	buf_free(&c->line);
}

/* ---- answers ---- */

static void fail(struct carrier *c, uint64_t id, const char *word, uint64_t now_ms)
{
	const struct matching_answer answer = {id, MATCHING_ERROR, span_str(word)};

	c->failed++;
	client_answer(&c->client, &answer, now_ms);
}

static void fail_carried(struct carrier *c, const char *word, uint64_t now_ms)
{
	if (c->carried_id == 0)
		return;
	fail(c, c->carried_id, word, now_ms);
	c->carried_id = 0;
}

static void fail_first(struct carrier *c, const char *word, uint64_t now_ms)
{
	uint64_t id = backlog_first(&c->backlog)->id;

	backlog_drop(&c->backlog);
	fail(c, id, word, now_ms);
}

/* What nobody waits for any more is not asked; what the matcher has, it goes on with. */
static void forget_client(struct carrier *c)
{
	backlog_clear(&c->backlog);
	c->carried_id = 0;
}

/* ---- the matcher's life ---- */

static void end_matcher(struct carrier *c, const char *why, uint64_t now_ms)
{
	uint64_t dropped;

	child_end(&c->child);
	keeper_ended(&c->keeper, now_ms);
	c->said_bytes = 0;
	fail_carried(c, MATCHING_GONE, now_ms);
	if (log_allow(&c->ends, now_ms, &dropped))
		log_warning("matcher ended: it is begun anew", LOG_TEXT("reason", why),
			LOG_NUM(dropped ? "dropped" : NULL, dropped));
}

static void start_matcher(struct carrier *c, uint64_t now_ms)
{
	int rc = child_start(&c->child);

	if (rc == 0) {
		keeper_started(&c->keeper, now_ms);
		return;
	}
	log_error("matcher cannot be started", LOG_TEXT("path", c->child.program), LOG_ERR(rc));
	keeper_ended(&c->keeper, now_ms);
}

/* What its last word does not say. Its ends have pauses, and so has this. */
static void tell_status(const struct carrier *c, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		log_error("matcher cannot be run", LOG_TEXT("path", c->child.program));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		log_error("matcher called the system for what it may not have",
			LOG_TEXT("path", c->child.program));
}

/* One that has ended is let go, one that is gone makes room for the next. */
static void look_after_matcher(struct carrier *c, uint64_t now_ms)
{
	int status = 0;
	bool gone = child_reap(&c->child, &status);

	tell_status(c, status);
	if (gone && c->child.fd >= 0)
		end_matcher(c, "it has ended", now_ms);
	const char *late = keeper_late(&c->keeper, now_ms);
	if (late)
		end_matcher(c, late, now_ms);
	else if (gone && !c->idle && c->keeper.state == KEEPER_DOWN && now_ms >= c->keeper.due_ms)
		start_matcher(c, now_ms);
}

/* ---- from the matcher ---- */

static void pass_answer(struct carrier *c, struct matching_answer answer, uint64_t now_ms)
{
	answer.id = c->carried_id;
	c->carried_id = 0;
	c->answered++;
	if (answer.id != 0)
		client_answer(&c->client, &answer, now_ms);
}

static void weigh(struct carrier *c, uint64_t now_ms)
{
	struct matching_answer answer;
	const char *why;
	enum keeper_heard heard =
		keeper_hear(&c->keeper, span_of(c->said, c->said_bytes), &answer, &why);

	if (heard == KEEPER_ANSWER)
		pass_answer(c, answer, now_ms);
	if (heard == KEEPER_HELLO)
		log_notice("matcher is at work", LOG_TEXT("path", c->child.program));
	if (heard == KEEPER_LIE)
		end_matcher(c, why, now_ms);
	if (heard != KEEPER_NOTHING)
		c->said_bytes = 0;
}

static void hear_matcher(struct carrier *c, uint64_t now_ms)
{
	ssize_t n = c->child.fd < 0 ? -EAGAIN
				    : child_hear(&c->child, c->said + c->said_bytes,
					      sizeof(c->said) - c->said_bytes);

	if (n == -EAGAIN)
		return;
	if (n < 0) {
		end_matcher(c, "it has ended or closed its output", now_ms);
		return;
	}
	c->said_bytes += (size_t)n;
	weigh(c, now_ms);
}

/* ---- to the matcher ---- */

static void hand_over(struct carrier *c, struct matching_request *request, uint64_t now_ms)
{
	const struct waiting *first = backlog_first(&c->backlog);

	c->carried_id = first->id;
	c->carried_until_ms = first->deadline_ms;
	request->id = keeper_ask(&c->keeper, now_ms);
	int rc = matching_put_request(&c->line, request);
	if (rc == 0)
		rc = child_say(&c->child, buf_span(&c->line));
	buf_wipe(&c->line);
	backlog_drop(&c->backlog);
	if (rc < 0)
		end_matcher(c, "it does not read", now_ms);
}

static void feed_matcher(struct carrier *c, uint64_t now_ms)
{
	const struct waiting *first;

	while (c->keeper.state == KEEPER_READY && (first = backlog_first(&c->backlog))) {
		struct matching_request request;
		const char *objection = MATCHING_SIZE;

		if (matching_get_request(buf_span(&first->line), &request) == 0)
			objection = matching_objection(&c->keeper.hello, &request);
		if (objection)
			fail_first(c, objection, now_ms);
		else
			hand_over(c, &request, now_ms);
	}
}

/* ---- the client ---- */

static void take_request(struct carrier *c, struct span packet, uint64_t now_ms)
{
	struct matching_request request;

	if (matching_get_request(packet, &request) < 0) {
		client_drop(&c->client, "a packet that is no request", now_ms);
		return;
	}
	if (backlog_add(&c->backlog, request.id, now_ms + c->keeper.timeout_ms, packet) < 0)
		fail(c, request.id, MATCHING_BUSY, now_ms);
}

static void hear_client(struct carrier *c, uint64_t now_ms)
{
	if (client_accept(&c->client, now_ms))
		forget_client(c);
	for (int i = 0; i < PACKETS_AT_ONCE && c->client.fd >= 0; i++) {
		ssize_t n = client_hear(&c->client, c->packet);
		if (n == -EAGAIN)
			break;
		if (n > 0)
			take_request(c, span_of(c->packet, (size_t)n), now_ms);
		explicit_bzero(c->packet, sizeof(c->packet));
	}
	if (c->client.fd < 0)
		forget_client(c);
}

/* Those whose time is over, and all when there is nothing to wait for. */
static void give_up_waiting(struct carrier *c, uint64_t now_ms)
{
	bool at_work = c->keeper.hello.formats != 0;
	bool hopeful = !c->idle && keeper_hopeful(&c->keeper);
	const struct waiting *first;

	if (c->carried_id != 0 && now_ms >= c->carried_until_ms)
		fail_carried(c, MATCHING_LATE, now_ms);
	while ((first = backlog_first(&c->backlog)) && (!hopeful || now_ms >= first->deadline_ms))
		fail_first(c, at_work ? MATCHING_LATE : MATCHING_GONE, now_ms);
}

/* ---- the loop's ---- */

void carrier_fds(const struct carrier *c, struct pollfd ret_fds[static CARRIER_FDS])
{
	const int fds[CARRIER_FDS] = {c->client.deaf ? -1 : c->client.listen_fd, c->client.fd,
		c->child.fd, c->child.pid_fd};

	for (size_t i = 0; i < CARRIER_FDS; i++)
		ret_fds[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t carrier_wait_ms(const struct carrier *c, uint64_t now_ms)
{
	const struct waiting *first = backlog_first(&c->backlog);
	/* Until the one before is gone, none is started: its end wakes the loop. */
	bool lingers = c->keeper.state == KEEPER_DOWN && (c->child.pid_fd >= 0 || c->idle);
	uint64_t due_ms = lingers ? UINT64_MAX : c->keeper.due_ms;

	if (first)
		due_ms = sooner(due_ms, first->deadline_ms);
	if (c->carried_id != 0)
		due_ms = sooner(due_ms, c->carried_until_ms);
	if (c->client.deaf)
		due_ms = sooner(due_ms, now_ms + DEAF_MS);
	if (due_ms == UINT64_MAX)
		return UINT64_MAX;
	return due_ms > now_ms ? due_ms - now_ms : 0;
}

void carrier_turn(struct carrier *c, uint64_t now_ms)
{
	hear_matcher(c, now_ms);
	hear_client(c, now_ms);
	/* First, so that who was late on the very last moment hears so. */
	give_up_waiting(c, now_ms);
	look_after_matcher(c, now_ms);
	feed_matcher(c, now_ms);
	client_greet(&c->client, &c->keeper.hello, now_ms);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* serve: see serve.h. Each request is a visit; a visit that waits is answered exactly once. */
#include "ingestd/serve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ingestd/serve_private.h"
#include "lib/clock.h"
#include "lib/file_target.h"

#define REPLY_BYTES    128
#define FREE_FILES_MIN 1024 /* inodes; below it a spool is as full as without bytes */

void serve_reply(struct visit *v, unsigned status, const char *text)
{
	http_reply(v->x, status, span_str(text));
}

/* ---- refusals: a word for the log, a status for the terminal, never a body with "OK" ---- */

const char *serve_words(unsigned status)
{
	switch (status) {
	case 400:
		return "bad request\n";
	case 403:
		return "not admitted\n";
	case 404:
		return "not found\n";
	case 405:
		return "method not allowed\n";
	case 411:
		return "a length is required\n";
	case 413:
		return "too large\n";
	default:
		return "try again later\n";
	}
}

static void refuse(struct serve *s, struct http_exchange *x, const struct http_head *head,
	unsigned status, const char *reason)
{
	uint64_t dropped;
	s->refused++;
	if (log_allow(&s->refusals, clock_mono_ms(), &dropped))
		log_notice("refused", LOG_NUM("status", status), LOG_TEXT("peer", head->peer),
			LOG_SPAN("target", head->target), LOG_TEXT("reason", reason),
			LOG_NUM("dropped", dropped));
	http_reply(x, status, span_str(serve_words(status)));
}

/* The same when the head is gone already. */
static void refuse_visit(struct visit *v, unsigned status, const char *reason, int error)
{
	uint64_t dropped;
	v->serve->refused++;
	if (log_allow(&v->serve->failures, clock_mono_ms(), &dropped))
		log_error("not stored", LOG_NUM("status", status),
			LOG_TEXT("serial", v->route.serial), LOG_TEXT("table", v->route.table),
			LOG_TEXT("reason", reason), LOG_ERR(error), LOG_NUM("dropped", dropped));
	serve_reply(v, status, serve_words(status));
}

/* ---- what a terminal says ---- */

static bool goes_to_result(const struct visit *v)
{
	return v->route.kind == ROUTE_RESULT;
}

static int begin_upload(struct visit *v, const struct http_head *head)
{
	struct serve *s = v->serve;
	bool result = goes_to_result(v);
	struct spool_entry entry = {
		.received_us = clock_wall_us(),
		.kind = span_str(result ? "result" : "upload"),
		.serial = span_str(v->route.serial),
		.peer = span_str(head->peer),
		.target = head->target,
	};
	v->upload.body_max_bytes = s->conf->body_max_bytes;
	v->upload.lines_max = s->conf->body_lines_max;
	v->upload.counts_lines = !result && v->route.reply != ROUTE_REPLY_PLAIN;
	int rc = upload_begin(&v->upload, result ? &s->result_spool : &s->upload_spool, &s->budget,
		&entry, head->content_length == HTTP_LENGTH_UNKNOWN ? 0 : head->content_length);
	v->uploading = rc == 0;
	return rc;
}

static void submit(struct visit *v)
{
	struct serve *s = v->serve;
	int rc = upload_end(&v->upload);
	if (rc == -EMSGSIZE) {
		refuse_visit(v, 413,
			"the body has more bytes or lines than body_max, body_lines_max", 0);
		return;
	}
	if (rc < 0) {
		refuse_visit(v, 503, "the body could not be written", rc);
		return;
	}
	s->waiting++;
	commit_submit(goes_to_result(v) ? s->result_lane : s->upload_lane, &v->upload.item);
}

/* The entry is durable (or it is not): only now may the terminal hear so. */
static void answer_upload(struct visit *v)
{
	struct buf b = buf_with_max(REPLY_BYTES);
	v->serve->waiting--;
	int rc = v->upload.item.result;
	if (rc < 0) {
		refuse_visit(v, 503, "the spool could not be written", rc);
		return;
	}
	rc = route_put_reply(&b, &v->route, v->upload.lines.count);
	v->serve->accepted++;
	http_reply(v->x, rc < 0 ? 503 : 200, buf_span(&b));
	buf_free(&b);
}

void serve_committed(struct commit_lane *lane)
{
	struct commit_item *next, *item = commit_collect(lane);
	for (; item; item = next) {
		next = item->next;
		answer_upload((struct visit *)(void *)item);
	}
}

/* ---- the calls ---- */

static bool says(const struct visit *v)
{
	return v->route.kind == ROUTE_UPLOAD || v->route.kind == ROUTE_RESULT;
}

static bool has_body(const struct visit *v)
{
	return says(v) || v->route.kind == ROUTE_VERIFY;
}

static bool admitted(const struct serve *s, const struct visit *v, const struct http_head *head,
	const char **ret_reason)
{
	enum admit_verdict verdict = admit_ask(s->admit, v->route.serial, head->peer);

	if (verdict == ADMIT_IN)
		return true;
	*ret_reason = verdict == ADMIT_UNKNOWN ? "the serial is not admitted"
					       : "the serial is not admitted from this network";
	return false;
}

/* 0, or a status with a reason: may this request go on? */
static unsigned gate(const struct serve *s, const struct visit *v, const struct http_head *head,
	const char **ret_reason)
{
	/* A handshake is let through: so the desk learns of devices that wait for approval, and it
	 * is the desk that refuses. Who fetches a file need not say who he is. */
	if (v->route.kind != ROUTE_HELLO && v->route.serial[0] && !admitted(s, v, head, ret_reason))
		return 403;
	/* Of whatever request: who stands before us may see the next one begin elsewhere. */
	if (head->content_length == HTTP_LENGTH_BAD) {
		*ret_reason = "Content-Length is said twice, beside chunks, or is no number";
		return 400;
	}
	/* What comes without a length is not read, and "OK" would make the terminal forget it. */
	if (has_body(v) && head->content_length == HTTP_LENGTH_NONE) {
		*ret_reason = "no Content-Length";
		return 411;
	}
	if (says(v) && s->disk_full) {
		*ret_reason = "less space is free than free_floor";
		return 503;
	}
	if (says(v) && head->content_length != HTTP_LENGTH_UNKNOWN &&
		head->content_length > s->conf->body_max_bytes) {
		*ret_reason = "the body is larger than body_max";
		return 413;
	}
	return 0;
}

static void start_upload(struct visit *v, const struct http_head *head)
{
	int rc = begin_upload(v, head);
	if (rc < 0)
		refuse(v->serve, v->x, head, rc == -EINVAL ? 400 : 503,
			"no entry can be made of it");
}

static unsigned decide(const struct http_head *head, struct route *ret)
{
	static struct target target; /* large, and used only within this call */

	if (file_target_is(head->target))
		return route_decide_file(head->method, head->target, ret);
	if (target_parse(head->target, &target) < 0)
		return 400;
	return route_decide(head->method, &target, ret);
}

static void begin_question(struct visit *v, const struct http_head *head)
{
	v->question = buf_with_max(SERVE_VERIFY_BYTES);
	v->wanted = (struct range_request){head->range, head->if_range, head->if_none_match};
	if (strcmp(head->method, "HEAD") == 0)
		v->wanted.range = span_of(NULL, 0); /* a part is for GET alone */
}

/* Its body need not even come. */
static bool is_too_long(const struct visit *v, const struct http_head *head)
{
	return v->route.kind == ROUTE_VERIFY && head->content_length != HTTP_LENGTH_UNKNOWN &&
	       head->content_length > SERVE_VERIFY_BYTES;
}

static void begin_visit(struct visit *v, const struct http_head *head)
{
	snprintf(v->peer, sizeof(v->peer), "%s", head->peer);
	v->target = head->target;
	if (says(v))
		start_upload(v, head);
	else
		begin_question(v, head);
	if (is_too_long(v, head))
		serve_unanswered(v);
}

static void *on_begin(void *context, struct http_exchange *x, const struct http_head *head)
{
	struct serve *s = context;
	const char *reason = "no such page, or no valid serial or table";
	struct visit *v = calloc(1, sizeof(*v));
	unsigned status = v ? decide(head, &v->route) : 503;
	if (!status)
		status = gate(s, v, head, &reason);
	if (status) {
		refuse(s, x, head, status, v ? reason : "out of memory");
		free(v);
		return NULL;
	}
	v->serve = s;
	v->x = x;
	begin_visit(v, head);
	return v;
}

static void on_body(void *own, struct span piece)
{
	struct visit *v = own;
	if (v->uploading)
		upload_add(&v->upload, piece);
	else if (v->route.kind == ROUTE_VERIFY)
		serve_ask_body(v, piece);
}

static void end_upload(struct visit *v)
{
	if (v->serve->ending)
		refuse_visit(v, 503, "ingestd is ending", 0);
	else if (v->upload.body_bytes == 0 && v->upload.error == 0)
		serve_reply(v, 200, v->route.reply == ROUTE_REPLY_COUNT ? "OK: 0\n" : "OK\n");
	else
		submit(v);
}

/* Only now may anything be asked or submitted: http suspends the connection as this returns, so
 * that the exchange lives until it is answered. */
static void on_end(void *own)
{
	struct visit *v = own;
	switch (v->route.kind) {
	case ROUTE_UPLOAD:
	case ROUTE_RESULT:
		end_upload(v);
		break;
	case ROUTE_PING:
		serve_reply(v, 200, "OK");
		break;
	case ROUTE_HELLO:
		serve_ask(v, MSG_HELLO);
		break;
	case ROUTE_POLL:
		serve_ask(v, MSG_POLL);
		break;
	case ROUTE_LOOKUP:
		serve_ask(v, MSG_LOOKUP);
		break;
	case ROUTE_VERIFY:
		serve_ask(v, MSG_VERIFY);
		break;
	case ROUTE_TIME:
		serve_ask(v, MSG_TIME);
		break;
	case ROUTE_FILE:
		serve_ask(v, MSG_FILE);
		break;
	}
}

static void on_gone(void *own)
{
	struct visit *v = own;
	if (v->uploading)
		upload_drop(&v->upload);
	serve_ask_drop(v);
	free(v);
}

const struct http_calls serve_calls = {
	.begin = on_begin,
	.body = on_body,
	.end = on_end,
	.gone = on_gone,
};

void serve_check_space(struct serve *s)
{
	uint64_t bytes = 0, files = 0;
	int rc = spool_free(&s->upload_spool, &bytes, &files);
	bool full = rc < 0 || bytes < s->conf->free_floor_bytes ||
		    (s->conf->free_floor_bytes && files < FREE_FILES_MIN);
	if (full == s->disk_full)
		return;
	s->disk_full = full;
	if (rc < 0)
		log_error("free space cannot be told: uploads hear 503", LOG_ERR(rc));
	else if (full)
		log_error("spool is full: uploads hear 503", LOG_NUM("free", bytes),
			LOG_NUM("floor", s->conf->free_floor_bytes), LOG_NUM("files", files));
	else
		log_notice("spool has room again", LOG_NUM("free", bytes));
}

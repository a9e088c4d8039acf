/* SPDX-License-Identifier: GPL-2.0-or-later */
/* serve_ask: what terminals ask, and what they hear while the desk is away: for each kind of
 * question the words that do no harm. docs/PROTOCOL.md 6, 12 */
#include <errno.h>
#include <unistd.h>

#include "ingestd/serve_private.h"
#include "ingestd/served.h"
#include "lib/clock.h"
#include "lib/file_target.h"

#define FAILED "AUTH=Failed\n"

/* ---- the body of a verification: in memory alone, and never in a log ---- */

void serve_ask_body(struct visit *v, struct span piece)
{
	struct upload_budget *budget = &v->serve->budget;
	size_t had = v->question.room;

	if (v->question_bad || budget->used_bytes + piece.len > budget->max_bytes ||
		buf_add_span(&v->question, piece) < 0) {
		v->question_bad = true;
		return;
	}
	budget->used_bytes += v->question.room - had;
}

void serve_ask_drop(struct visit *v)
{
	v->serve->budget.used_bytes -= v->question.room;
	buf_wipe(&v->question);
	buf_free(&v->question);
}

/* ---- asking ---- */

void serve_ask(struct visit *v, enum msg_kind kind)
{
	struct msg_question q = {
		.kind = kind,
		.serial = span_str(v->route.serial),
		.peer = span_str(v->peer),
		.target = v->target,
		.body = buf_span(&v->question),
	};
	v->serve->waiting++;
	if (v->question_bad || v->serve->ending || desk_ask(v->serve->desk, &q, v) < 0)
		serve_answered(v, NULL);
}

/* ---- answers ---- */

/* A name of a person, or none, would be a lie; a terminal that hears 503 goes on by what it knows.
 * Only a poll must not hear of it: it would count as a failed connection. */
void serve_unanswered(struct visit *v)
{
	if (v->route.kind == ROUTE_POLL)
		serve_reply(v, 200, "OK"); /* exactly this, without LF: docs/PROTOCOL.md 0.5 */
	else if (v->route.kind == ROUTE_VERIFY)
		serve_reply(v, 200, FAILED);
	else
		serve_reply(v, 503, serve_words(503)); /* a handshake comes again */
}

static void complain(struct visit *v, const char *event, int rc)
{
	uint64_t dropped;

	if (log_allow(&v->serve->failures, clock_mono_ms(), &dropped))
		log_error(event, LOG_TEXT("serial", v->route.serial), LOG_TEXT("peer", v->peer),
			LOG_ERR(rc), LOG_NUM("dropped", dropped));
}

static void send_file(struct visit *v, struct span words)
{
	char etag[SERVED_ETAG_BYTES];
	struct file_grant grant;
	struct http_file file;
	int rc = file_grant_read(words, &grant);

	if (rc == 0)
		rc = served_find(v->serve->state_fd, &grant, &v->wanted, etag, &file);
	if (rc == 0) {
		http_reply_file(v->x, &file);
		return;
	}
	complain(v, "file cannot be served", rc);
	serve_unanswered(v);
}

/* What is no answer to a verification must not look like an error of the network: the terminal
 * would ask again and the person would wait. */
static void refuse(struct visit *v, unsigned status)
{
	if (v->route.kind == ROUTE_VERIFY && status != 403)
		serve_reply(v, 200, FAILED);
	else
		serve_reply(v, status, serve_words(status));
}

void serve_answered(void *owner, const struct msg_answer *answer)
{
	struct visit *v = owner;

	v->serve->waiting--;
	if (!answer)
		serve_unanswered(v);
	else if (answer->status != 200)
		refuse(v, answer->status);
	else if (v->route.kind == ROUTE_FILE)
		send_file(v, answer->body);
	else
		http_reply(v->x, answer->status, answer->body);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `devsim ask`: a terminal's questions, one after the other, each answer printed; who it is told of
 * is a user of it from then on. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "tests/devsim/execute.h"
#include "tests/devsim/question.h"

static struct {
	char **list;
	int count;
} words;

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct question q;

	(void)arg;
	switch (key) {
	case ARGP_KEY_ARGS:
		words.list = state->argv + state->next;
		words.count = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		settings_check(state);
		if (words.count == 0) {
			argp_error(state, "no question");
		}
		for (int i = 0; i < words.count; i++) {
			if (!question_read(words.list[i], &q)) {
				argp_error(state, "\"%s\" is no question", words.list[i]);
			}
		}
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The lines are commands that nobody gave a number; each has to end with LF. How many were not
 * carried out. */
static uint32_t apply(struct machine *machine, const struct reply *reply)
{
	struct text rest = {reply_body(reply), reply->body_len}, line;
	uint32_t refused = rest.len == 0 || rest.at[rest.len - 1] != '\n';
	struct result result;

	while (text_next(&rest, '\n', &line)) {
		execute(machine, line, &result);
		refused += result.code < 0;
		bytes_free(&result.more);
	}
	return refused;
}

static enum verdict ask(struct device *device, const struct question *q, struct reply *reply)
{
	static struct upload upload;
	struct wire wire = {0};
	int err;

	question_make(&upload, device, q);
	wire.head = upload.bytes;
	reply_reset(reply, REPLY_MAX, false);
	err = wire_exchange(&wire, reply);
	if (err < 0) {
		die(EX_UNAVAILABLE, "%s: %s", settings.url, strerror(-err));
	}
	return reply->done ? question_verdict(q->kind, reply) : VERDICT_ODD;
}

static void show(const char *what, const struct reply *reply, enum verdict verdict)
{
	static const char *const names[] = {"yes", "no", "odd"};

	printf("%s\t%s\t%d\n", what, names[verdict], reply->head_done ? reply->status : 0);
	if (reply->head_done) {
		fwrite(reply_body(reply), 1, reply->body_len, stdout);
	}
	if (reply->body_len == 0 || reply_body(reply)[reply->body_len - 1] != '\n') {
		putchar('\n');
	}
}

int ask_main(int argc, char **argv)
{
	static const struct argp_child children[] = {{&common_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {NULL, parse, "QUESTION...",
		"Asks as one terminal does, and prints each answer.\v"
		"A QUESTION is attendance:PIN, card:NUMBER, pwd:PIN:PASSWORD, fp:PIN:BASE64, "
		"face:PIN:BASE64, ping, time or exchange.\n"
		"Exit status: 0 every answer was a good one, yes or no; 1 one was neither; 69 no "
		"connection, 64 usage.",
		children, NULL, NULL};
	static struct device device;
	static struct machine machine = {.device = &device};
	struct report report = {0};
	struct reply reply = {0};
	uint32_t counts[] = {0, 0, 0}, refused = 0;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	for (int i = 0; i < words.count; i++) {
		struct question q;

		question_read(words.list[i], &q);
		enum verdict verdict = ask(&device, &q, &reply);
		counts[verdict]++;
		show(words.list[i], &reply, verdict);
		if (q.kind == ASK_ATTENDANCE && verdict == VERDICT_YES) {
			refused += apply(&machine, &reply);
		}
	}
	report_count(&report, "yes", counts[VERDICT_YES]);
	report_count(&report, "no", counts[VERDICT_NO]);
	report_count(&report, "odd", counts[VERDICT_ODD]);
	report_count(&report, "users", machine.model.counts[TABLE_USER]);
	report_count(&report, "templates",
		machine.model.counts[TABLE_FINGER] + machine.model.counts[TABLE_FACE] +
			machine.model.counts[TABLE_BIODATA]);
	report_count(&report, "refused", refused);
	report_print(&report);
	bytes_free(&reply.in);
	return counts[VERDICT_ODD] > 0 || refused > 0;
}

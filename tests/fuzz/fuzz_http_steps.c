/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several clients do at once, while answers are late, memory is short and time passes: nobody
 * hears the answer to another one's request, nothing is left of whoever went, and the loop comes to
 * rest. The input is a list of steps with the byte 0x1e before each; its first byte says which. */
#include "lib/num.h"
#include "tests/fuzz/http_program.h"

#define STEP 0x1e

/* Goes away; of all answers it heard only its own, in their order. */
static void leave(unsigned number)
{
	struct client *c = &clients[number];
	uint64_t answer, next = 0;

	client_leave(c);
	for (struct span rest = buf_span(&c->heard), line; span_next(&rest, '\n', &line);) {
		if (!span_starts(line, "OK "))
			continue;
		CHECK(num_u64(span_from(line, 3), next, program.count - 1, &answer) == 0);
		CHECK(program.exchanges[answer].peer == number);
		CHECK(program.exchanges[answer].answered);
		next = answer + 1;
	}
	c->heard.len = 0;
}

/* ---- steps ---- */

static void step(struct http *h, struct span s)
{
	unsigned number = s.len > 1 ? (unsigned char)s.ptr[1] % 16 % CLIENTS : 0;
	struct client *c = &clients[number];

	switch (s.len > 0 ? s.ptr[0] : '\0') {
	case '0' ... '9': /* a client says the rest of the step */
		(void)client_say(h, (unsigned)(s.ptr[0] - '0'), span_from(s, 1));
		break;
	case 'a': /* the oldest that waits is answered */
		(void)program_answer_next();
		http_run(h);
		break;
	case 'r': /* time for the loop */
		clients_run(h, number + 1);
		break;
	case 'h': /* a client hears what is there, ... */
		client_listen(c);
		http_run(h);
		break;
	case 's': /* ... says that it says no more, ... */
		(void)shutdown(c->fd, SHUT_WR);
		break;
	case 'x': /* ... goes away */
		leave(number);
		break;
	case 'e': /* time passes: the deadlines of some, or of all */
		clients_pass(h, 1 + 1800 * number);
		break;
	case 'm': /* there will be no memory */
		allocations_left = number + 1;
		break;
	case 'q':
		http_quiesce(h);
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size), s;
	struct http *h = program_serve(true, fuzz_hash(rest) & 1);

	while (span_next(&rest, STEP, &s))
		step(h, s);
	allocations_left = 0;
	program_settle(h);
	for (unsigned i = 0; i < CLIENTS; i++)
		client_listen(&clients[i]);
	program_finish(h);
	for (unsigned i = 0; i < CLIENTS; i++)
		leave(i);
	clients_end();
	return 0;
}

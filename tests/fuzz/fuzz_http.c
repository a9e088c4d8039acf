/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client sends, from its first byte on, through libmicrohttpd and http: every exchange that
 * begins is told its body whole, ends once, and hears what was said to it. The input is what comes,
 * in two pieces; cut elsewhere it means the same. */
#include "tests/fuzz/http_program.h"

#define CLIENT      7
#define EASY_BYTES  1500
#define FIELD_BYTES 64

/* What was understood of an input. */
struct understood {
	size_t count;
	struct exchange exchanges[PROGRAM_OPEN_MAX];
};

static void say_all(struct http *h, struct span bytes)
{
	while (bytes.len > 0 && http_connections(h) > 0) {
		bytes = client_say(h, CLIENT, bytes);
		clients_run(h, 4);
		while (program_answer_next())
			clients_run(h, 4);
	}
}

static void take(struct span all, size_t cut, uint64_t choice, struct understood *ret)
{
	struct http *h = program_serve(choice & 1, 0);

	client_connect(h, CLIENT);
	say_all(h, span_of(all.ptr, cut));
	say_all(h, span_from(all, cut));
	clients_run(h, 4);
	/* Who says nothing more is sent away in the end, whether it goes or not. */
	if (choice & 2)
		shutdown(clients[CLIENT].fd, SHUT_WR);
	program_finish(h);
	client_leave(&clients[CLIENT]);
	clients_end();
	ret->count = program.count;
	memcpy(ret->exchanges, program.exchanges, program.count * sizeof(struct exchange));
}

/* How far a head may go that nearly fills the memory of its connection depends on how it comes:
 * each line, field and cookie needs some beside its own bytes. */
static bool fits_easily(struct span all)
{
	size_t need = all.len;

	for (size_t i = 0; i < all.len; i++)
		need += memchr("\n&;", all.ptr[i], 3) ? FIELD_BYTES : 0;
	return need < EASY_BYTES;
}

static void check_same(const struct understood *a, const struct understood *b)
{
	CHECK(a->count == b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct exchange *one = &a->exchanges[i], *other = &b->exchanges[i];

		CHECK(one->announced == other->announced && one->ended == other->ended);
		CHECK(one->body_bytes == other->body_bytes && one->body_hash == other->body_hash);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct understood whole, cut;
	struct span all = span_of(data, size);
	uint64_t hash = fuzz_hash(all);

	take(all, size > 0 ? hash % size : 0, hash >> 32, &cut);
	if (!fits_easily(all))
		return 0;
	take(all, 0, hash >> 32, &whole);
	check_same(&whole, &cut);
	return 0;
}

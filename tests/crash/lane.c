/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lane SPOOLS N: posts N entries the way of ingestd, by upload and the committer's thread: in
 * groups that share a file, and some in drafts of their own. Says "NUMBER -" for each, once it may.
 */
#include <poll.h>
#include <sys/eventfd.h>

#include "ingestd/upload.h"
#include "tests/crash/made.h"

#ifndef ACKNOWLEDGES_EARLY
#define ACKNOWLEDGES_EARLY 0
#endif

struct sending {
	struct upload upload; /* first: what commit gives back */
	unsigned number;
};

static struct upload_budget plenty = {.max_bytes = 1 << 24}, nothing = {.max_bytes = 0};

/* A body in two pieces; every third one finds no room in memory. */
static void send_one(struct commit_lane *lane, const struct spool *s, unsigned number)
{
	struct sending *x = calloc(1, sizeof(*x));
	struct buf body = made_body(number);
	struct spool_entry head = made_head();

	if (!x)
		exit(1);
	x->number = number;
	x->upload.body_max_bytes = 1 << 20;
	made_or_die(upload_begin(&x->upload, s, number % 3 == 2 ? &nothing : &plenty, &head, 0),
		"begin");
	upload_add(&x->upload, span_of(body.ptr, body.len / 2));
	upload_add(&x->upload, span_from(buf_span(&body), body.len / 2));
	made_or_die(upload_end(&x->upload), "end");
	if (ACKNOWLEDGES_EARLY)
		made_acknowledge(number, "-");
	commit_submit(lane, &x->upload.item);
	commit_kick(lane);
	buf_free(&body);
}

static unsigned take_back(struct commit_lane *lane, int done_fd)
{
	struct pollfd p = {.fd = done_fd, .events = POLLIN};
	struct commit_item *next, *i;
	eventfd_t times;
	unsigned count = 0;

	if (poll(&p, 1, -1) < 0 || eventfd_read(done_fd, &times) < 0)
		exit(1);
	for (i = commit_collect(lane); i; i = next, count++) {
		struct sending *x = (struct sending *)(void *)i;
		next = i->next;
		made_or_die(i->result, "commit");
		if (!ACKNOWLEDGES_EARLY)
			made_acknowledge(x->number, "-");
		upload_drop(&x->upload);
		free(x);
	}
	return count;
}

int main(int argc, char **argv)
{
	struct spool s;
	struct commit_lane *lane;
	unsigned sent = 0, back = 0, total = argc == 3 ? (unsigned)atoi(argv[2]) : 0;
	int done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (argc != 3)
		return 64;
	made_or_die(spool_open(argv[1], "upload", SPOOL_FOR_WRITING, &s), argv[1]);
	made_or_die(commit_open(&s, done_fd, 8 << 20, &lane), "lane");
	while (back < total) {
		/* One alone, and behind it what gathers meanwhile. */
		for (unsigned i = 0; i < 4 && sent < total; i++)
			send_one(lane, &s, sent++);
		while (back < sent)
			back += take_back(lane, done_fd);
	}
	commit_finish(lane);
	commit_free(lane);
	spool_close(&s);
	return 0;
}

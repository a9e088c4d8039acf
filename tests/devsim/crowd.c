/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections that keep the server busy with nothing: some say not a word, others send a request
 * one byte at a time and never end it. One that the server closes is opened again a second later.
 */
#include "tests/devsim/devsim.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BURST     200U
#define BURST_US  5000U
#define SETTLE_US 100000U
#define AGAIN_US  1000000U

struct member {
	struct watch watch;
	struct timer timer; /* opens it, or sends the next byte */
	int fd;
	bool trickles;
	uint32_t source;
	size_t sent;
};

struct crowd_totals crowd_totals;

static struct member *members;
static size_t members_wanted, members_tried;
static struct crowd_options crowd_options;
static struct timer opener;
static void (*crowd_ready)(void);

static void member_gone(struct member *member)
{
	close(member->fd);
	member->fd = -1;
	member->sent = 0;
	crowd_totals.closed_by_server++;
	timer_set(&member->timer, now_us() + AGAIN_US);
}

static void member_event(struct watch *watch, uint32_t events)
{
	struct member *member = container(watch, struct member, watch);
	char waste[1024];

	if (member->fd < 0) {
		return;
	}
	if (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) {
		member_gone(member);
		return;
	}
	while ((events & EPOLLIN) && recv(member->fd, waste, sizeof(waste), 0) > 0) {
	}
}

static void member_open(struct member *member)
{
	static bool warned;

	member->fd = net_connect(&settings.target, member->source, true);
	if (member->fd >= 0 && loop_watch(member->fd, &member->watch) < 0) {
		close(member->fd);
		member->fd = -1;
	}
	if (member->fd < 0) {
		warn_once(&warned, "not all --idle and --trickle connections can be opened");
		crowd_totals.refused++;
		timer_set(&member->timer, now_us() + AGAIN_US);
		return;
	}
	crowd_totals.opened++;
	if (member->trickles) {
		timer_set(&member->timer, now_us() + crowd_options.trickle_ms * 1000ULL);
	}
}

/* The head of a poll and then a header line that has no end. */
static void member_trickle(struct member *member)
{
	static const char head[] = "GET /iclock/getrequest?SN=TRICKLE HTTP/1.1\r\nX-Slow: ";
	char byte = member->sent < sizeof(head) - 1 ? head[member->sent] : 'z';

	if (send(member->fd, &byte, 1, MSG_NOSIGNAL) < 0 && errno != EAGAIN) {
		member_gone(member);
		return;
	}
	member->sent++;
	timer_set(&member->timer, now_us() + crowd_options.trickle_ms * 1000ULL);
}

static void member_timer(struct timer *timer)
{
	struct member *member = container(timer, struct member, timer);

	if (member->fd < 0) {
		member_open(member);
	} else if (member->trickles) {
		member_trickle(member);
	}
}

/* In bursts, so that the server's queue of new connections does not overflow at once. */
static void open_some(struct timer *timer)
{
	size_t end = members_tried + BURST;

	if (members_tried == members_wanted) {
		crowd_ready();
		return;
	}
	for (; members_tried < end && members_tried < members_wanted; members_tried++) {
		struct member *member = &members[members_tried];

		member->watch.event = member_event;
		member->timer.fire = member_timer;
		member->trickles = members_tried >= crowd_options.idle;
		member->source = (uint32_t)members_tried;
		member_open(member);
	}
	timer_set(timer, now_us() + (members_tried == members_wanted ? SETTLE_US : BURST_US));
}

/* Opens them all and then calls ready(), from the loop. */
void crowd_open(const struct crowd_options *options, void (*ready)(void))
{
	crowd_options = *options;
	crowd_ready = ready;
	members_wanted = (size_t)options->idle + options->trickle;
	members = must_alloc(members_wanted, sizeof(*members));
	opener.fire = open_some;
	timer_set(&opener, now_us());
}

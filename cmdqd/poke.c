/* SPDX-License-Identifier: GPL-2.0-or-later */
/* poke: tells notifyd whom to wake. */
#include "cmdqd/poke.h"

#include <errno.h>
#include <sys/socket.h>

#include "lib/io.h"
#include "lib/wake.h"

#define RETRY_MS 1000

void poke_open(struct poke *p, const char *path)
{
	*p = (struct poke){.path = path,
		.fd = -1,
		.packet = buf_with_max(WAKE_MAX + 1),
		.unsent = buf_with_max(POKE_UNSENT_MAX)};
}

static void hang_up(struct poke *p)
{
	if (p->fd >= 0)
		io_close(p->fd);
	p->fd = -1;
}

void poke_close(struct poke *p)
{
	hang_up(p);
	buf_free(&p->packet);
	buf_free(&p->unsent);
}

static bool connected(struct poke *p, uint64_t now_ms)
{
	if (p->fd >= 0)
		return true;
	if (now_ms < p->retry_ms)
		return false;
	p->retry_ms = now_ms + RETRY_MS;
	int fd = wake_connect(p->path);
	p->fd = fd < 0 ? -1 : fd;
	return fd >= 0;
}

/* 0; -EAGAIN when notifyd has more to do already than the kernel holds for it; other negative errno
 * when nobody is there any more. */
static int deliver(struct poke *p, struct span message)
{
	if (send(p->fd, message.ptr, message.len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	return errno == ENOBUFS ? -EAGAIN : -errno;
}

/* How many bytes of `unsent` are dealt with. Where nobody listens all of them are: a hint that
 * comes late helps nobody. */
static size_t deliver_all(struct poke *p, uint64_t now_ms)
{
	struct span rest = buf_span(&p->unsent), message;
	int rc = 0;

	while (span_next_line(&rest, &message)) {
		/* When it is found to be gone, it may have been started again. */
		for (int attempt = 0; attempt < 2; attempt++) {
			rc = connected(p, now_ms) ? deliver(p, message) : -ENOTCONN;
			if (rc == 0 || rc == -EAGAIN)
				break;
			hang_up(p);
		}
		if (rc == -EAGAIN)
			return (size_t)(message.ptr - p->unsent.ptr);
		if (rc < 0)
			break;
	}
	return p->unsent.len;
}

bool poke_flush(struct poke *p, uint64_t now_ms)
{
	if (p->unsent.len == 0)
		return true;
	size_t done = deliver_all(p, now_ms);
	p->unsent.len -= done;
	memmove(p->unsent.ptr, p->unsent.ptr + done, p->unsent.len);
	return p->unsent.len == 0;
}

/* What there is no room for is not sent: without it a command arrives at the next poll. */
static void tell(struct poke *p, const struct wake *w, uint64_t now_ms)
{
	if (wake_put(&p->packet, w) < 0 || buf_add_str(&p->packet, "\n") < 0)
		return;
	if (buf_add_span(&p->unsent, buf_span(&p->packet)) == 0)
		(void)poke_flush(p, now_ms);
}

static struct span address_of(const struct device *d)
{
	struct span set = span_str(d->set.wake);

	if (span_is(set, "off"))
		return (struct span){0};
	return set.len > 0 ? set : span_str(d->address);
}

void poke_wake(struct poke *p, const struct device *d, uint64_t now_ms)
{
	const struct wake w = {WAKE_POKE, span_str(d->serial), address_of(d)};

	if (d->state == DEVICE_APPROVED && w.address.len > 0)
		tell(p, &w, now_ms);
}

void poke_seen(struct poke *p, const struct device *d, uint64_t now_ms)
{
	const struct wake w = {.kind = WAKE_SEEN, .serial = span_str(d->serial)};

	tell(p, &w, now_ms);
}

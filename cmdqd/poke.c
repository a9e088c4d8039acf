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
	*p = (struct poke){.path = path, .fd = -1, .packet = buf_with_max(WAKE_MAX)};
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

/* False when nobody is there any more. A notifyd that is too busy to take it does without. */
static bool deliver(struct poke *p)
{
	ssize_t sent = send(p->fd, p->packet.ptr, p->packet.len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent >= 0 || errno == EAGAIN || errno == ENOBUFS)
		return true;
	hang_up(p);
	return false;
}

/* When the first attempt finds that notifyd is gone, it may have been started again. */
static void tell(struct poke *p, const struct wake *w, uint64_t now_ms)
{
	if (wake_put(&p->packet, w) < 0)
		return;
	if (connected(p, now_ms) && !deliver(p) && connected(p, now_ms))
		(void)deliver(p);
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

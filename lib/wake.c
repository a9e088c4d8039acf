/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wake: the packets of wake.sock and the sockets they go through. */
#include "lib/wake.h"

#include <errno.h>
#include <sys/socket.h>

#include "lib/local.h"
#include "lib/network.h"
#include "lib/serial.h"

/* ---- packets ---- */

int wake_put(struct buf *b, const struct wake *w)
{
	bool poke = w->kind == WAKE_POKE;

	buf_clear(b);
	if (!serial_valid(w->serial) || (poke && !network_is_address(w->address)))
		return -EINVAL;
	if (poke)
		return buf_printf(b, "wake %.*s %.*s", SPAN_ARG(w->serial), SPAN_ARG(w->address));
	return buf_printf(b, "seen %.*s", SPAN_ARG(w->serial));
}

int wake_get(struct span packet, struct wake *ret)
{
	struct wake w = {.kind = WAKE_SEEN};
	struct span kind;

	if (packet.len > WAKE_MAX || !span_next(&packet, ' ', &kind) ||
		!span_next(&packet, ' ', &w.serial) || !serial_valid(w.serial))
		return -EBADMSG;
	if (span_is(kind, "wake")) {
		w.kind = WAKE_POKE;
		if (!span_next(&packet, ' ', &w.address) || !network_is_address(w.address))
			return -EBADMSG;
	} else if (!span_is(kind, "seen")) {
		return -EBADMSG;
	}
	if (packet.ptr)
		return -EBADMSG;
	*ret = w;
	return 0;
}

/* ---- sockets ---- */

int wake_connect(const char *path)
{
	return local_connect(path, SOCK_DGRAM);
}

int wake_listen(const char *path, unsigned mode)
{
	return local_listen(path, SOCK_DGRAM, mode);
}

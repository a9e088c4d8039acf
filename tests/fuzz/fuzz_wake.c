/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The packets of wake.sock: what is read is what was written, and what was written is read. */
#include <errno.h>

#include "lib/network.h"
#include "lib/serial.h"
#include "lib/wake.h"
#include "tests/fuzz/fuzz.h"

static void check_read(struct span packet, struct buf *b)
{
	struct wake w = {.serial = span_str("before")};

	if (wake_get(packet, &w) != 0) {
		CHECK(span_is(w.serial, "before"));
		return;
	}
	CHECK(packet.len <= WAKE_MAX && w.kind <= WAKE_SEEN);
	CHECK(serial_valid(w.serial) && fuzz_inside(w.serial, packet));
	CHECK(fuzz_inside(w.address, packet));
	CHECK(network_is_address(w.address) == (w.kind == WAKE_POKE));
	/* There is one spelling of each. */
	CHECK(wake_put(b, &w) == 0 && span_eq(buf_span(b), packet));
}

/* Any serial and any address: none becomes a part of another. */
static void check_written(struct span input, struct buf *b)
{
	struct wake w = {.kind = input.len % 2 ? WAKE_POKE : WAKE_SEEN}, back;
	bool good;
	int rc;

	w.serial = fuzz_piece(&input);
	w.address = w.kind == WAKE_POKE ? input : (struct span){NULL, 0};
	good = serial_valid(w.serial) && (w.kind == WAKE_SEEN || network_is_address(w.address));
	rc = wake_put(b, &w);
	CHECK(rc == (good ? 0 : -EINVAL));
	if (!good)
		return;
	CHECK(wake_get(buf_span(b), &back) == 0 && back.kind == w.kind);
	CHECK(span_eq(back.serial, w.serial) && span_eq(back.address, w.address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf b = buf_with_max(WAKE_MAX);

	check_read(span_of(data, size), &b);
	check_written(span_of(data, size), &b);
	buf_free(&b);
	return 0;
}

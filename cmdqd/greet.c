/* SPDX-License-Identifier: GPL-2.0-or-later */
/* greet: the reply to a handshake, from the stamps that parserd stored, the device's settings and
 * its time zone. docs/PROTOCOL.md 1, 2 */
#include <errno.h>

#include "cmdqd/answer_private.h"
#include "cmdqd/hello.h"

#define HELLO_MAX 4096

/* ---- stamps ---- */

static int read_stamp(
	struct records_reader *r, struct span serial, enum hello_table table, struct buf *into)
{
	int rc = records_stamp(r, serial, hello_table_name(table), into);

	/* None yet, or one that is too long to be given back. */
	if (rc != -ENOENT && rc != -EMSGSIZE)
		return rc;
	buf_clear(into);
	return 0;
}

/* A stamp that could not be read must not become 0: that would make the terminal send all it has.
 */
static int read_stamps(
	struct answerer *a, struct span serial, struct buf stamps[static HELLO_TABLES])
{
	struct records_reader *r;
	int rc = library_open(a->library, &r);

	/* parserd makes them when it first runs: until then every contact is the first one. */
	if (rc == -ENOENT)
		return 0;
	for (enum hello_table t = 0; t < HELLO_TABLES && rc == 0; t++)
		rc = read_stamp(r, serial, t, &stamps[t]);
	if (rc < 0)
		library_close(a->library);
	return rc;
}

static void clear_stamps(uint64_t resend, struct buf stamps[static HELLO_TABLES])
{
	for (enum hello_table t = 0; t < HELLO_TABLES; t++)
		if (resend & resend_bit(span_str(hello_table_name(t))))
			buf_clear(&stamps[t]);
}

/* ---- the reply ---- */

static int put_hello(struct answerer *a, const struct device *d, uint64_t now_us,
	const struct buf stamps[static HELLO_TABLES], int *ret_zone)
{
	struct hello h = {
		.serial = span_str(d->serial),
		.push_version = span_str(d->push_version),
		.class = span_str(d->class),
		.settings = settings_effective(a->defaults, &d->set),
	};

	for (enum hello_table t = 0; t < HELLO_TABLES; t++)
		h.stamps[t] = buf_span(&stamps[t]);
	int rc = zone_offset_cached(
		&a->zones, h.settings.time_zone, (int64_t)(now_us / 1000000), &h.zone_minutes);
	if (rc == 0)
		rc = hello_put(&a->body, &h);
	if (rc == 0)
		*ret_zone = h.zone_minutes;
	return rc;
}

static int make(struct answerer *a, const struct device *d, uint64_t now_us, int *ret_zone)
{
	struct buf stamps[HELLO_TABLES];

	for (enum hello_table t = 0; t < HELLO_TABLES; t++)
		stamps[t] = buf_with_max(HELLO_STAMP_MAX);
	int rc = read_stamps(a, span_str(d->serial), stamps);
	clear_stamps(d->resend, stamps);
	if (rc == 0)
		rc = put_hello(a, d, now_us, stamps, ret_zone);
	for (enum hello_table t = 0; t < HELLO_TABLES; t++)
		buf_free(&stamps[t]);
	return rc;
}

/* Its offset is known to it now; what was queued for another one is of no more account. */
static void note_zone(struct device *d, int minutes)
{
	d->zone_told = (uint64_t)((int64_t)minutes + ZONE_TOLD_BASE);
	d->zone_queued = 0;
}

/* The stamps of 0 were the last ones: that must be durable before it hears them, or it would send
 * all it has again after a crash. */
static int note_resend(struct answerer *a, struct device *d)
{
	if (d->resend == 0)
		return 0;
	if (!answer_claim(a, d, d->resend))
		return -EBUSY;
	d->resend = 0;
	devices_ordered(a->devices, d);
	return 1;
}

int answer_greet(struct answerer *a, struct device *d, uint64_t now_us)
{
	int zone = 0;

	a->body.max = HELLO_MAX;
	int rc = make(a, d, now_us, &zone);
	/* An access-control terminal hears neither stamps nor zone. */
	if (rc < 0 || strcmp(d->class, "acc") == 0)
		return rc;
	rc = note_resend(a, d);
	if (rc >= 0)
		note_zone(d, zone);
	return rc;
}

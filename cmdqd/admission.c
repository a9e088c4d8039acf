/* SPDX-License-Identifier: GPL-2.0-or-later */
/* admission: the list of the approved, STATE/admission. */
#include "cmdqd/admission.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/io.h"

#define HEAD     "punchd-admission 1\n"
#define TEXT_MAX (sizeof(HEAD) + (size_t)DEVICES_MAX * (SERIAL_MAX + 1))

struct collected {
	const char **serials;
	size_t count;
};

static int collect(void *context, const struct device *d)
{
	struct collected *c = context;

	if (d->state == DEVICE_APPROVED)
		c->serials[c->count++] = d->serial;
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int put_serials(struct buf *b, const struct collected *c)
{
	int rc = buf_add_str(b, HEAD);

	for (size_t i = 0; i < c->count && rc == 0; i++) {
		rc = buf_add_str(b, c->serials[i]);
		if (rc == 0)
			rc = buf_add_str(b, "\n");
	}
	return rc;
}

int admission_text(struct devices *devices, struct buf *b)
{
	size_t room = devices_count(devices, DEVICE_APPROVED) + 1;
	struct collected c = {.serials = calloc(room, sizeof(*c.serials))};

	if (!c.serials)
		return -ENOMEM;
	(void)devices_each(devices, collect, &c);
	qsort(c.serials, c.count, sizeof(*c.serials), by_bytes);
	buf_clear(b);
	int rc = put_serials(b, &c);
	free(c.serials);
	return rc;
}

bool admission_stale(const struct admission *a)
{
	return !a->written || a->written_version != devices_approved_version(a->devices);
}

int admission_write(struct admission *a, uint64_t now_ms)
{
	struct buf text = buf_with_max(TEXT_MAX);
	uint64_t version = devices_approved_version(a->devices);

	if (!admission_stale(a))
		return 0;
	/* A failure too is followed by a pause. */
	a->written_ms = now_ms;
	int rc = admission_text(a->devices, &text);
	/* Durability: io_replace_file syncs the list and its directory. */
	if (rc == 0)
		rc = io_replace_file(a->state_fd, ADMISSION_FILE, buf_span(&text), 0644);
	buf_free(&text);
	if (rc < 0)
		return rc;
	a->written = true;
	a->written_version = version;
	return 0;
}

int admission_write_paced(struct admission *a, uint64_t now_ms)
{
	return now_ms - a->written_ms < ADMISSION_PAUSE_MS ? 0 : admission_write(a, now_ms);
}

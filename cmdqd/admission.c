/* SPDX-License-Identifier: GPL-2.0-or-later */
/* admission: the list of the approved, STATE/cmdqd/admission. */
#include "cmdqd/admission.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/io.h"
#include "lib/network.h"

/* The second form only when somebody has networks: an ingestd of before can read the first one. */
#define HEAD_SERIALS  "punchd-admission 1\n"
#define HEAD_NETWORKS "punchd-admission 2\n"
#define ENTRY_MAX     (SERIAL_MAX + 1 + NETWORK_LIST_MAX + 1)
#define TEXT_MAX      (sizeof(HEAD_NETWORKS) + (size_t)DEVICES_MAX * ENTRY_MAX)

struct collected {
	const struct device **devices;
	size_t count;
};

/* One whose networks cannot be read is let in from nowhere: its line would spoil the list for all
 * the others. */
static int collect(void *context, const struct device *d)
{
	struct collected *c = context;
	struct span networks = span_str(d->set.networks);

	if (d->state == DEVICE_APPROVED && (networks.len == 0 || network_list_valid(networks)))
		c->devices[c->count++] = d;
	return 0;
}

static int by_serial(const void *a, const void *b)
{
	const struct device *const *one = a, *const *other = b;

	return strcmp((*one)->serial, (*other)->serial);
}

/* Without the blanks that an operator may have put around a comma. */
static int put_networks(struct buf *b, struct span networks)
{
	const char *before = " ";
	struct span network;
	int rc = 0;

	while (rc == 0 && networks.len > 0 && span_next(&networks, ',', &network)) {
		rc = buf_add_str(b, before);
		if (rc == 0)
			rc = buf_add_span(b, span_trim(network));
		before = ",";
	}
	return rc;
}

static int put_device(struct buf *b, const struct device *d)
{
	int rc = buf_add_str(b, d->serial);

	if (rc == 0)
		rc = put_networks(b, span_str(d->set.networks));
	return rc < 0 ? rc : buf_add_str(b, "\n");
}

static int put_list(struct buf *b, const struct collected *c)
{
	bool networks = false;

	for (size_t i = 0; i < c->count; i++)
		networks |= c->devices[i]->set.networks[0] != '\0';
	int rc = buf_add_str(b, networks ? HEAD_NETWORKS : HEAD_SERIALS);

	for (size_t i = 0; i < c->count && rc == 0; i++)
		rc = put_device(b, c->devices[i]);
	return rc;
}

int admission_text(struct devices *devices, struct buf *b)
{
	size_t room = devices_count(devices, DEVICE_APPROVED) + 1;
	struct collected c = {.devices = calloc(room, sizeof(struct device *))};

	if (!c.devices)
		return -ENOMEM;
	(void)devices_each(devices, collect, &c);
	qsort(c.devices, c.count, sizeof(struct device *), by_serial);
	buf_clear(b);
	int rc = put_list(b, &c);
	free(c.devices);
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

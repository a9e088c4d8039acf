/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image: a recording, and the disk as a power cut at any point of it may leave it. */
#ifndef PUNCHD_TESTS_POWERCUT_IMAGE_H
#define PUNCHD_TESTS_POWERCUT_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/powercut/log.h"

struct event {
	enum log_kind kind;
	uint32_t len;
	uint64_t offset;
	const uint8_t *bytes;
};

struct recording {
	struct event *events;
	size_t count;
	uint8_t *base; /* the disk as it was before the first event */
	size_t disk_bytes;
};

/* Ends the program when the files are none. */
struct recording recording_open(const char *base_path, const char *log_path);

/* What of the writes since the last flush is on the disk. */
enum cut {
	CUT_IN_ORDER, /* all of them */
	CUT_LOST,     /* none */
	CUT_BLOCKS,   /* some, by 4 KiB blocks */
	CUT_SECTORS,  /* some, by sectors of 512 bytes */
};

struct image {
	const struct recording *recording;
	size_t next;       /* the event that image_take would take */
	uint8_t *durable;  /* what the last flush made sure of */
	bool *used;        /* for each block of it: may it hold anything but zeros? */
	size_t *unflushed; /* the writes since then */
	size_t unflushed_count;
	int fd; /* the disk that is mounted: in memory */
};

/* A process that is forked from here on has none of it but the descriptor: forking is quick. */
void image_open(struct image *i, const struct recording *r);
/* Takes the next event in. */
void image_take(struct image *i);
/* Makes the disk of a power cut here. `seed` says which writes are lost. */
void image_cut(struct image *i, enum cut cut, uint64_t seed);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* upload: a body on its way from the network into a spool entry: in memory while it is small and
 * there is room, in a draft of its own when it is large, so that memory stays bounded. */
#ifndef PUNCHD_INGESTD_UPLOAD_H
#define PUNCHD_INGESTD_UPLOAD_H

#include "ingestd/commit.h"
#include "ingestd/route.h"
#include "lib/buf.h"
#include "spool/spool.h"

/* What all uploads together may hold in memory. */
struct upload_budget {
	size_t used_bytes, max_bytes;
};

struct upload {
	struct commit_item item; /* first: what commit gives back is the upload */
	const struct spool *spool;
	struct upload_budget *budget;
	struct spool_entry entry; /* its spans point into `text` */
	struct buf text;          /* serial, peer and target */
	struct buf bytes;         /* the entry in memory, or only its head when there is a draft */
	size_t head_bytes;
	size_t charged_bytes; /* to the budget */
	uint64_t body_bytes, body_max_bytes, lines_max;
	uint32_t body_crc; /* of a body in a draft */
	bool counts_lines;
	struct route_lines lines;
	int error; /* the first one; -EMSGSIZE: more than a cap allows */
};

/* Begins one. `kind` must be a constant; the other spans are copied. `length_hint` is the body's
 * announced length, 0 when unknown. 0 or a negative errno; after 0 it must be dropped once. */
must_check int upload_begin(struct upload *u, const struct spool *s, struct upload_budget *budget,
	const struct spool_entry *head, uint64_t length_hint);
/* Takes a piece of the body. Errors are kept in u->error and the rest is thrown away. */
void upload_add(struct upload *u, struct span piece);
/* The body is whole: makes u->item ready for commit_submit. 0 or u->error. */
must_check int upload_end(struct upload *u);
/* Gives everything back; a draft that was not committed is removed. */
void upload_drop(struct upload *u);

#endif

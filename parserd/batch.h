/* SPDX-License-Identifier: GPL-2.0-or-later */
/* batch: files of cur/ that become durable together: loaded, their entries put into one
 * transaction, committed, and only then moved on. */
#ifndef PUNCHD_PARSERD_BATCH_H
#define PUNCHD_PARSERD_BATCH_H

#include "parserd/photos.h"
#include "parserd/records.h"
#include "parserd/stored.h"
#include "spool/spool.h"

#define BATCH_FILES_MAX 4096
/* It is full then; the last file may go over. */
#define BATCH_BYTES_MAX ((size_t)16 * 1024 * 1024)

struct batch_file;

struct batch {
	const struct spool *spool;
	struct records_writer *records;
	struct photos *photos;
	size_t file_max_bytes;
	struct spool_taker taker; /* `stranded`: look into cur/ again */
	/* private */
	struct batch_file *files;
	size_t file_count, bytes;
	struct stored stored; /* by the last transaction */
	bool in_file;         /* the last failure came up while a file was being stored */
};

/* 0 or -ENOMEM. */
must_check int batch_open(struct batch *b, const struct spool *spool,
	struct records_writer *records, struct photos *photos, size_t file_max_bytes);
void batch_close(struct batch *b);

/* spool_take into the batch: what is TAKEN is in it; and spool_take_up. What became of the others
 * is logged. A fate or a negative errno, as there. */
must_check int batch_take(struct batch *b, const char *name, uint64_t now_us);
must_check int batch_take_up(struct batch *b, const char *name, uint64_t now_us);
/* spool_take_refuse, logged. */
must_check int batch_refuse(struct batch *b, const char *name, const char *why, uint64_t now_us);
bool batch_full(const struct batch *b);

/* Works off what was added and logs it; the batch is empty afterwards. A file that cannot be stored
 * by its own fault is found, by halves, and refused, or left in new/ where somebody put something
 * in the way of its photos. 0; a negative errno when the surroundings are bad: what was not stored
 * is in cur/ or, with `release`, in new/. */
must_check int batch_work(struct batch *b, uint64_t now_us, bool release);
/* Forgets what was added, as after a failure. */
void batch_drop(struct batch *b, bool release);

#endif

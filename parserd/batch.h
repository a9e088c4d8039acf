/* SPDX-License-Identifier: GPL-2.0-or-later */
/* batch: files of cur/ that become durable together: loaded, their entries put into one
 * transaction, committed, and only then moved on. */
#ifndef PUNCHD_PARSERD_BATCH_H
#define PUNCHD_PARSERD_BATCH_H

#include "parserd/records.h"
#include "spool/spool.h"

#define BATCH_FILES_MAX 4096
#define BATCH_BYTES_MAX                                                          \
	((size_t)16 * 1024 * 1024) /* it is full then; the last file may go over \
				    */

struct batch_file;
struct batch_notice;

struct batch {
	const struct spool *spool;
	struct records_writer *records;
	size_t file_max_bytes;
	/* private */
	struct batch_file *files;
	struct batch_notice *notices;
	size_t file_count, notice_count, bytes;
};

/* 0 or -ENOMEM. */
must_check int batch_open(struct batch *b, const struct spool *spool,
	struct records_writer *records, size_t file_max_bytes);
void batch_close(struct batch *b);

/* Loads cur/NAME; a file that cannot be taken is refused here. 0; a negative errno when the
 * surroundings are bad: the file is in cur/ then and not in the batch. */
must_check int batch_add(struct batch *b, const char *name);
bool batch_full(const struct batch *b);

/* Works off what was added and logs it; the batch is empty afterwards. 0; a negative errno when the
 * surroundings are bad: nothing was stored, and the files are in cur/ or, with `release`, in new/.
 */
must_check int batch_work(struct batch *b, uint64_t now_us, bool release);
/* Forgets what was added, as after a failure. */
void batch_drop(struct batch *b, bool release);

/* Refuses a file and logs it. 0, or why even that failed; then it is where it was. */
must_check int batch_refuse(
	const struct spool *s, enum spool_state from, const char *name, const char *why);

#endif

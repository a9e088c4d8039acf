/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_files: the files of an export, and how far it came: DIR/last_seq has the number of the
 * journal in its first line and then, a line each, how long every file is. What an export that was
 * cut off wrote behind that is taken away by the next one, so that every fact is there once. */
#ifndef PUNCHD_CTL_EXPORT_FILES_H
#define PUNCHD_CTL_EXPORT_FILES_H

#include <stdio.h>

#include "ctl/out.h"

enum export_file {
	EXPORT_PUNCHES,
	EXPORT_USERS,
	EXPORT_ITEMS,
	EXPORT_LOG,
	EXPORT_PHOTOS,
	EXPORT_FILES
};

struct export_sink {
	struct out out; /* rows go here, and no file */
	FILE *memory;
	char *bytes;
	size_t byte_count;
	int fd;
	uint64_t length; /* of the file */
};

struct export_files {
	struct export_sink sinks[EXPORT_FILES];
	int dir; /* borrowed */
	enum out_format format;
	uint64_t seq; /* how far the files go */
};

/* Opens them for more; new ones begin at 0. Until `dir` is closed no other export may: EX_TEMPFAIL.
 * An exit code, said. Close them after a failure too. */
int export_files_open(struct export_files *f, int dir, const char *path, enum out_format format);
/* Writes what the sinks hold, durably, and then that the files go as far as `seq`. 0 or a negative
 * errno. */
must_check int export_files_write(struct export_files *f, uint64_t seq);
void export_files_close(struct export_files *f);

/* The text of last_seq, and back; `lengths` in the order of enum export_file. Pure. 0, -ENOMEM,
 * -EMSGSIZE; 0 or -EBADMSG. */
must_check int export_put_state(struct buf *b, uint64_t seq, enum out_format format,
	const uint64_t lengths[static EXPORT_FILES]);
must_check int export_get_state(struct span text, enum out_format format, uint64_t *ret_seq,
	uint64_t ret_lengths[static EXPORT_FILES]);

#endif

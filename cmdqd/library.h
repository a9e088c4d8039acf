/* SPDX-License-Identifier: GPL-2.0-or-later */
/* library: the one reader of parserd's records that all of cmdqd shares: a process opens an
 * environment once. parserd may make them later, so it is opened when it is first needed; and they
 * may be moved away and made anew while cmdqd goes on, so that nobody who was erased since is
 * answered for out of the old ones. */
#ifndef PUNCHD_CMDQD_LIBRARY_H
#define PUNCHD_CMDQD_LIBRARY_H

#include "store/known.h"
#include "store/records.h"

/* Both paths are borrowed; `private_path` NULL: what is private is not opened. The rest begins as
 * zero. */
struct library {
	const char *path, *private_path;
	struct records_reader *reader; /* NULL until it is there */
	int told;                      /* the last trouble that the log has told of */
};

/* The reader, opened if it is not. 0; -ENOENT while parserd has never run; other negative errno. It
 * belongs to the library, and holds until the next call of these. */
must_check int library_open(struct library *l, struct records_reader **ret);
/* Both environments at one moment (store/known.h), to be ended with known_end. 0; -EACCES when what
 * is private may not be read; -EAGAIN while there is none of it; other negative errno. */
must_check int library_look(struct library *l, struct known **ret);
/* The end, or after trouble: the next question opens it anew. */
void library_close(struct library *l);

#endif

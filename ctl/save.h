/* SPDX-License-Identifier: GPL-2.0-or-later */
/* save: files that are written into a directory of the operator's. */
#ifndef PUNCHD_CTL_SAVE_H
#define PUNCHD_CTL_SAVE_H

#include <stdio.h>

#include "ctl/ask.h"
#include "lib/buf.h"
#include "store/logbook.h"

/* Opens the directory, and makes it when it is missing, for its owner alone. An exit code, said. */
int save_open(const char *path, int *ret_dir);

/* Writes a file below it, for its owner alone, in one step: a reader sees all of it or the old one.
 * Directories of `path` that are missing are made. What lies there already as a link is not
 * followed. 0 or a negative errno. */
must_check int save_file(int dir, const char *path, struct span bytes);

/* Was it only that no file can have such a name? Then it is said, and the rest can go on. */
bool save_left_out(int rc, const char *path);

/* Opens the directory of photos; *ret_dir is -1 when there is none yet. An exit code, said. */
int save_open_photos(const struct ask *a, int *ret_dir);
/* Copies the file of a photo from the directory of photos to `path` below `dir`. 0; -ENOENT when it
 * is gone; other negative errno. */
must_check int save_photo(int photos, const struct photo *p, int dir);

#endif

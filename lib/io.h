/* SPDX-License-Identifier: GPL-2.0-or-later */
/* io: whole writes, whole reads, and files that are replaced in one step. */
#ifndef PUNCHD_LIB_IO_H
#define PUNCHD_LIB_IO_H

#include <sys/types.h>
#include <sys/uio.h>

#include "lib/buf.h"

/* Writes all of it or returns a negative errno; a short write goes on. */
must_check int io_write_all(int fd, struct span bytes);
/* The same for many pieces; `parts` is used up. */
must_check int io_writev_all(int fd, struct iovec *parts, size_t part_count);
/* Appends all that can be read up to the buffer's limit: 0, -EMSGSIZE when there is more, or a
 * negative errno. */
must_check int io_read_all(int fd, struct buf *into);

/* Opens a directory to hold: O_PATH is not enough, fsync needs a real descriptor. A descriptor or a
 * negative errno. */
must_check int io_open_dir(int at_fd, const char *path);

/* Opens a file for reading that is beneath the directory whatever its path says, and itself: no
 * link is followed on the way, and nothing that is opened can wait. A descriptor or a negative
 * errno; -ELOOP for a link. Whether it is a regular file is for the caller to see. */
must_check int io_open_beneath(int dir_fd, const char *path);

/* Makes a directory that may be there already; then its mode is left as it is. Its name is durable
 * from then on: the directory above it is synced in either case, unless somebody else made it and
 * the one above cannot be opened. 0 or a negative errno; then there is none that was not there
 * before. */
must_check int io_make_dir(const char *path, mode_t mode);
must_check int io_make_dir_at(int at_fd, const char *path, mode_t mode);
/* Gives a directory this very mode. Nothing is asked of the kernel where it has it already: a
 * service manager may forbid to set setgid, but what is made below a setgid directory is born with
 * it. 0 or a negative errno. */
must_check int io_set_dir_mode(int dir_fd, mode_t mode);

/* Puts `bytes` in place of `name` in the directory, in one step and durably: written aside, synced,
 * renamed, the directory synced. A reader sees the old file or the new one. 0 or a negative errno,
 * then the old file stands. */
must_check int io_replace_file(int dir_fd, const char *name, struct span bytes, mode_t mode);

/* The same without the last sync: until the directory is synced, a crash may bring the old file
 * back. For many files of one directory, which is synced once. */
must_check int io_place_file(int dir_fd, const char *name, struct span bytes, mode_t mode);

/* close() that keeps errno and accepts -1. */
void io_close(int fd);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* photos: the files below STATE/parserd/photos. Their names are made by us: the time of day and a
 * hash of whose photo it is and of its bytes, so that two photos never share a file. */
#ifndef PUNCHD_PARSERD_PHOTOS_H
#define PUNCHD_PARSERD_PHOTOS_H

#include <errno.h>

#include "store/logbook.h"

#define PHOTOS_DAYS_MAX 64 /* at one time; more are settled early */

struct photos {
	int dir; /* held */
	/* private: directories in which a name is not on the disk yet */
	int days[PHOTOS_DAYS_MAX];
	size_t day_count;
};

/* Makes the directory if it is missing; the one around it must be there. What a parserd that was
 * killed left behind is on the disk when it returns. 0 or a negative errno. */
must_check int photos_open(const char *path, struct photos *ret);
void photos_close(struct photos *p);
/* Sets the photo's digest, bytes and name. */
void photos_name(struct photo *photo, struct span bytes);
/* photos_name, and writes the file. Its bytes are on the disk when it returns, its name after
 * photos_settle, before which no record may name it. `recorded`: a record names it already, so
 * that one that is there is durable and is not written again. 0; -EINVAL for a serial that is none;
 * other negative errno. */
must_check int photos_put(struct photos *p, struct photo *photo, struct span bytes, bool recorded);
/* All that was put is durable. 0 or a negative errno: then nothing is, and it is to be put again.
 */
must_check int photos_settle(struct photos *p);
/* Removes the file of a photo that the records no longer name, and its day's directory with the
 * last one. It may be gone already. 0 or a negative errno. */
must_check int photos_remove(const struct photos *p, const struct photo *photo);

/* Did one of these fail because what stands in the place of a device's directory is none? Whoever
 * made it so can mend it, and nobody else has to wait. */
static inline bool photos_obstructed(int rc)
{
	return rc == -ENOTDIR || rc == -ELOOP;
}

#endif

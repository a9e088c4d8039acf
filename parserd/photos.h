/* SPDX-License-Identifier: GPL-2.0-or-later */
/* photos: the files below STATE/parserd/photos. Their names are made by us. */
#ifndef PUNCHD_PARSERD_PHOTOS_H
#define PUNCHD_PARSERD_PHOTOS_H

#include "store/logbook.h"

struct photos {
	int dir; /* held */
};

must_check int photos_open(const char *path, struct photos *ret);
void photos_close(struct photos *p);
/* Sets photo->name and writes the file durably before it returns; one that is there with the same
 * name is the same photo. 0 or a negative errno. */
must_check int photos_put(const struct photos *p, struct photo *photo, struct span bytes);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* site: the name of a place whose devices belong together, and lists of them. Pure. */
#ifndef PUNCHD_LIB_SITE_H
#define PUNCHD_LIB_SITE_H

#include "lib/span.h"

/* The site of devices that have none; it is one like any other. */
#define SITE_NONE "-"

/* Of A-Z a-z 0-9 _ - . and nothing else; the empty name is one. */
bool site_name_valid(struct span name);
/* Names with blanks between them, none at all, or "*" for all sites. */
bool site_list_valid(struct span list);
/* Is this site in the list? The empty name is SITE_NONE there. */
bool site_in_list(struct span name, struct span list);

#endif

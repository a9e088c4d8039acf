/* SPDX-License-Identifier: GPL-2.0-or-later */
/* template: what the files of the noun "template" share: the name of a template's file, which says
 * all that is needed to give it to a device again. Pure but for the verbs. */
#ifndef PUNCHD_CTL_TEMPLATE_H
#define PUNCHD_CTL_TEMPLATE_H

#include "ctl/ask.h"
#include "store/item.h"

/* "PIN_KIND_NUMBER_INDEX_VERSION.tpl", such as 1001_finger_6_0_10.tpl, 1001_bio9_0_0_35.4.tpl: KIND
 * is finger, face, or bio and the vendor's number of the kind, for what came as BIODATA. */
#define TEMPLATE_ENDING ".tpl"

struct template_name {
	struct span pin;
	struct span kind; /* "finger", "face", "bio9" */
	struct span number, index, major, minor;
};

/* Appends the name of a template's file. 0, -ENOMEM, -EMSGSIZE, -EUCLEAN. */
must_check int template_put_name(struct buf *b, const struct item *i);
/* Reads it, from the last part of a path on; the spans point into it. 0 or -EINVAL. */
must_check int template_get_name(struct span path, struct template_name *ret);

/* The verbs that have a file of their own. Each gives the exit code. */
int template_verb_export(struct ask *a);
int template_verb_import(struct ask *a);

#endif

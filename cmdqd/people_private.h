/* SPDX-License-Identifier: GPL-2.0-or-later */
/* people_private: what the questions of people.h share. */
#ifndef PUNCHD_CMDQD_PEOPLE_PRIVATE_H
#define PUNCHD_CMDQD_PEOPLE_PRIVATE_H

#include "cmdqd/people.h"

/* One question: where it is asked, and of whom. */
struct asking {
	struct people *p;
	struct known *known;
	struct span site, pin;
};

/* As people_by_pin; after 0 it ends with known_end(ret->known). */
must_check int people_begin(
	struct people *p, struct span site, struct span pin, struct asking *ret);

/* Is it a device of the site, and approved? */
bool people_is_of_site(const struct asking *a, struct span serial);

/* As known_by_pin; what is no PIN no device has. */
must_check int people_each_device(
	struct known *k, struct span pin, known_visit *visit, void *context);

/* Was it received later? What a clock that was wrong says was received in the future counts where
 * there is no other. */
bool people_is_later(const struct known *k, const struct item *i, const struct item *than);

#endif

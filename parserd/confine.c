/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confine: see the header. */
#include "parserd/confine.h"

#include "lib/daemon.h"
#include "lib/sandbox_table.h"

/* clang-format off */
static const struct sandbox_call own[] = {
	CALL("mkdirat"), /* of photos, for each device and day */
	CALLS_END,
};
/* clang-format on */

const struct sandbox_call *const confine_parserd_calls[] = {
	sandbox_program, sandbox_files, sandbox_store, own, NULL};

/* The stores are open, and a map grows without opening anything. */
int confine_parserd(
	const struct spool *uploads, const struct erase *erase, const struct photos *photos)
{
	const struct sandbox_place places[] = {
		{.fd = uploads->root, .may = SANDBOX_CONSUME},
		{.fd = erase->open ? erase->spool.root : -1, .may = SANDBOX_CONSUME},
		{.fd = photos->dir,
			.may = SANDBOX_LIST | SANDBOX_WRITE | SANDBOX_MAKE | SANDBOX_REMOVE |
			       SANDBOX_MAKE_DIR},
	};
	int rc = sandbox_stay_alone();

	return rc < 0 ? rc
		      : daemon_confine(
				places, sizeof(places) / sizeof(*places), confine_parserd_calls);
}

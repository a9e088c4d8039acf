/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sandbox: the only file that knows libcap-ng. */
#include "lib/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/io.h"

/* Descriptors beyond those that are open: libsystemd's; a sanitizer's runtime needs some more. */
#ifdef SANDBOX_SANITIZED
#define SPARE 8
#else
#define SPARE 1
#endif

#ifndef PR_SET_MDWE
#define PR_SET_MDWE              65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

/* The bounding set can only be emptied by who has CAP_SETPCAP. A daemon that was started without it
 * has nothing to give up there that no_new_privs does not keep shut. One that was started with
 * nothing at all, by its unit, may not even ask. */
static int drop_capabilities(void)
{
	if (capng_get_caps_process() == 0 &&
		capng_have_capabilities(CAPNG_SELECT_BOTH) == CAPNG_NONE)
		return 0;
	bool may_empty_bounds = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) == 1;

	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_apply(may_empty_bounds ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) < 0)
		return -EPERM;
	return capng_get_caps_process() < 0 ||
			       capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE
		       ? -EPERM
		       : 0;
}

/* Both limits, so that there is no way back. */
static int limit_to(__rlimit_resource_t what, rlim_t most)
{
	const struct rlimit limit = {most, most};

	return setrlimit(what, &limit) < 0 ? -errno : 0;
}

static int keep_limit(__rlimit_resource_t what)
{
	struct rlimit limit;

	return getrlimit(what, &limit) < 0 ? -errno : limit_to(what, limit.rlim_cur);
}

int sandbox_enter(void)
{
	int rc = drop_capabilities();

	if (rc == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		rc = -errno;
	/* A core would hold templates and cards; so does the memory that a tracer sees. */
	if (rc == 0)
		rc = limit_to(RLIMIT_CORE, 0);
	if (rc == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		rc = -errno;
	if (rc == 0)
		rc = keep_limit(RLIMIT_NOFILE);
	/* Linux 6.3 and later; the filters refuse it elsewhere. */
	if (rc == 0 && prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) < 0 && errno != EINVAL)
		rc = -errno;
	return rc;
}

/* A sanitizer's runtime looks for leaks with a process of its own. */
int sandbox_stay_alone(void)
{
#ifdef SANDBOX_SANITIZED
	return 0;
#else
	return limit_to(RLIMIT_NPROC, 0);
#endif
}

/* The limit is on a descriptor's number: above the lowest free one there is nothing. */
static int limit_descriptors(void)
{
	int spare = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	if (spare < 0)
		return -errno;
	io_close(spare);
	return limit_to(RLIMIT_NOFILE, (rlim_t)spare + SPARE);
}

int sandbox_open_nothing(void)
{
	struct stat st;
	bool logs_to_file = fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode);
	int rc = limit_descriptors();

	if (rc == 0)
		rc = sandbox_stay_alone();
	if (rc == 0 && !logs_to_file)
		rc = limit_to(RLIMIT_FSIZE, 0);
	return rc;
}

unsigned sandbox_raise_descriptors(unsigned wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	if (limit.rlim_cur < wanted) {
		struct rlimit raised = limit;

		raised.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
			limit = raised;
	}
	return limit.rlim_cur < UINT_MAX ? (unsigned)limit.rlim_cur : UINT_MAX;
}

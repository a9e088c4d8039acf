/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sandbox_reach: the only file that knows Landlock. libc has no calls for it, and the headers of
 * Debian 12 end with ABI 2, so the rest is spelled out here. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/io.h"
#include "lib/sandbox.h"

/* ---- what a kernel may offer ---- */

#define ABI_LEAST 2 /* 1 forbids every move between directories, and a spool is made of those */

#define FS_TRUNCATE     (UINT64_C(1) << 14) /* ABI 3 */
#define FS_IOCTL_DEV    (UINT64_C(1) << 15) /* ABI 5 */
#define NET_BIND_TCP    (UINT64_C(1) << 0)  /* ABI 4 */
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT  (UINT64_C(1) << 0) /* ABI 6 */
#define SCOPE_SIGNAL    (UINT64_C(1) << 1)

/* All that can be asked for; an older kernel takes the longer form as long as what it does not know
 * is 0. */
struct ruleset {
	uint64_t fs, net, scoped;
};

#define FS_MAKE_ANY                                                            \
	(LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK |         \
		LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | \
		LANDLOCK_ACCESS_FS_MAKE_SYM)
#define FS_OF_FILES                                                   \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
		LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)
#define FS_OF_DIRECTORIES                                                      \
	(LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |           \
		LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | \
		LANDLOCK_ACCESS_FS_REMOVE_DIR | FS_MAKE_ANY | LANDLOCK_ACCESS_FS_REFER)

static struct ruleset offered_by(int abi)
{
	struct ruleset all = {.fs = FS_OF_FILES | FS_OF_DIRECTORIES};

	if (abi < 3)
		all.fs &= ~FS_TRUNCATE;
	if (abi < 5)
		all.fs &= ~FS_IOCTL_DEV;
	if (abi >= 4)
		all.net = NET_BIND_TCP | NET_CONNECT_TCP;
	if (abi >= 6)
		all.scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
	return all;
}

/* ---- one place ---- */

static const struct {
	enum sandbox_may may;
	uint64_t fs;
} rights[] = {
	{SANDBOX_LIST, LANDLOCK_ACCESS_FS_READ_DIR},
	{SANDBOX_READ, LANDLOCK_ACCESS_FS_READ_FILE},
	{SANDBOX_WRITE, LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE},
	{SANDBOX_MAKE, LANDLOCK_ACCESS_FS_MAKE_REG},
	{SANDBOX_REMOVE, LANDLOCK_ACCESS_FS_REMOVE_FILE},
	{SANDBOX_MAKE_DIR, LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR},
	{SANDBOX_MAKE_ANY, FS_MAKE_ANY},
	{SANDBOX_MOVE, LANDLOCK_ACCESS_FS_REFER},
	{SANDBOX_EXECUTE, LANDLOCK_ACCESS_FS_EXECUTE},
};

static uint64_t rights_of(unsigned may)
{
	uint64_t fs = 0;

	for (size_t i = 0; i < sizeof(rights) / sizeof(*rights); i++)
		if (may & rights[i].may)
			fs |= rights[i].fs;
	return fs;
}

static int add_rule(int ruleset_fd, int fd, uint64_t fs)
{
	struct landlock_path_beneath_attr beneath = {.parent_fd = fd};
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	/* Rights of directories are refused for what is none. */
	beneath.allowed_access = S_ISDIR(st.st_mode) ? fs : fs & FS_OF_FILES;
	if (beneath.allowed_access == 0)
		return 0;
	return syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) <
			       0
		       ? -errno
		       : 0;
}

static int add_place(int ruleset_fd, const struct sandbox_place *place, uint64_t offered)
{
	uint64_t fs = rights_of(place->may) & offered;

	if (!place->path)
		return place->fd < 0 ? 0 : add_rule(ruleset_fd, place->fd, fs);
	int fd = open(place->path, O_PATH | O_CLOEXEC);
	int rc = fd < 0 ? -errno : add_rule(ruleset_fd, fd, fs);
	io_close(fd);
	return rc;
}

/* ---- all of them ---- */

/* A sanitizer's runtime looks for leaks in /proc, and into the program for its reports. */
static int add_runtime(int ruleset_fd, uint64_t offered)
{
#ifdef SANDBOX_SANITIZED
	const struct sandbox_place proc = {"/proc", -1, SANDBOX_READ | SANDBOX_LIST};
	const struct sandbox_place program = {"/proc/self/exe", -1, SANDBOX_READ};
	int rc = add_place(ruleset_fd, &proc, offered);

	return rc < 0 ? rc : add_place(ruleset_fd, &program, offered);
#else
	(void)ruleset_fd;
	(void)offered;
	return 0;
#endif
}

int sandbox_reach(const struct sandbox_place *places, size_t place_count)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (abi < ABI_LEAST)
		return 0;
	struct ruleset all = offered_by((int)abi);
	int fd = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (fd < 0)
		return -errno;
	int rc = add_runtime(fd, all.fs);
	for (size_t i = 0; rc == 0 && i < place_count; i++)
		rc = add_place(fd, &places[i], all.fs);
	if (rc == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		rc = -errno;
	io_close(fd);
	return rc < 0 ? rc : 1;
}

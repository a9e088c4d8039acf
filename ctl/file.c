/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file: the noun "file". */
#include "ctl/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/fail.h"
#include "lib/file_target.h"
#include "lib/io.h"

#define STEP        ((size_t)64 * 1024)
#define GROUPS_MOST 256

int file_open_dir(const struct ask *a, int *ret_dir)
{
	char *path = conf_join(a->conf.state_dir, CONF_FILES);
	int dir = path ? io_open_dir(AT_FDCWD, path) : -ENOMEM;
	int code = dir < 0 ? fail_at(dir, "open", path ? path : CONF_FILES) : EX_OK;
	free(path);
	if (code == EX_OK)
		*ret_dir = dir;
	return code;
}

static const char *why_not(const char *name, const struct stat *st)
{
	if (!file_name_valid(span_str(name)))
		return "its name: only letters, digits, . _ + and -, 64 at most";
	if (!S_ISREG(st->st_mode))
		return "it is no regular file";
	if (st->st_size == 0)
		return "it is empty";
	if ((uint64_t)st->st_size > FILE_BYTES_MAX)
		return "it is larger than 64 MiB";
	return NULL;
}

static int hash(int fd, struct file_seen *ret)
{
	char bytes[STEP];
	struct file_seen seen = {.bytes = 0};
	struct sha256 s;
	ssize_t n;
	sha256_begin(&s);
	while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
		sha256_add(&s, span_of(bytes, (size_t)n));
		seen.bytes += (size_t)n;
	}
	if (n < 0)
		return -errno;
	sha256_end(&s, seen.sha256);
	*ret = seen;
	return 0;
}

int file_look(int dir, const char *name, struct file_seen *ret, const char **ret_why)
{
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	*ret_why = why_not(name, &st);
	if (*ret_why)
		return -EINVAL;
	int fd = io_open_beneath(dir, name);
	int rc = fd < 0 ? fd : hash(fd, ret);
	io_close(fd);
	return rc;
}

/* ---- who sends them ---- */

/* cmdqd's user: who owns its directory. */
struct sender {
	uid_t uid;
	gid_t groups[GROUPS_MOST];
	int group_count; /* 0: it cannot be told */
};

static void find_sender(const struct ask *a, struct sender *ret)
{
	struct stat st;
	char *path = conf_join(a->conf.state_dir, CONF_CMDQD_DIR);
	const struct passwd *user = path && stat(path, &st) == 0 ? getpwuid(st.st_uid) : NULL;

	free(path);
	*ret = (struct sender){.group_count = GROUPS_MOST};
	if (user)
		ret->uid = user->pw_uid;
	if (!user || getgrouplist(user->pw_name, user->pw_gid, ret->groups, &ret->group_count) < 0)
		ret->group_count = 0;
}

/* Only by owner and mode: a list of access may say something else. */
static bool may_read(const struct sender *s, const struct stat *st)
{
	mode_t bit = S_IROTH;

	for (int i = 0; i < s->group_count; i++)
		if (s->groups[i] == st->st_gid)
			bit = S_IRGRP;
	if (s->uid == st->st_uid)
		bit = S_IRUSR;
	return s->group_count == 0 || st->st_mode & bit;
}

static const char *closed(const struct sender *s, int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || may_read(s, &st))
		return NULL;
	return "by its owner and mode cmdqd may not read it";
}

/* ---- ls ---- */

enum { NAME, BYTES, SHA256, WHY_NOT, COLUMNS };
static const struct out_column columns[COLUMNS] = {
	[NAME] = {"name", "name", 0, false},
	[BYTES] = {"bytes", "bytes", 0, true},
	[SHA256] = {"sha256", "sha256", 0, false},
	[WHY_NOT] = {"why_not", "why it cannot be sent", 0, false},
};

static int put_file(struct out *o, const struct sender *s, int dir, const char *name)
{
	struct file_seen seen = {0};
	const char *why = NULL;
	struct out_cell cells[COLUMNS] = {[NAME] = out_text(span_str(name))};
	int rc = file_look(dir, name, &seen, &why);
	if (rc == -ENOENT)
		return 0; /* gone meanwhile */
	if (!why)
		why = closed(s, dir, name);
	if (!why && rc < 0)
		why = strerror(-rc);
	if (why)
		cells[WHY_NOT] = out_text(span_str(why));
	if (rc == 0) {
		cells[BYTES] = out_number(seen.bytes);
		cells[SHA256] = out_text(span_str(seen.sha256));
	}
	return out_row(o, cells);
}

static int is_shown(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static int put_files(const struct ask *a, int dir)
{
	struct out o;
	struct sender sender;
	struct dirent **found = NULL;
	int rc = 0, count = scandirat(dir, ".", &found, is_shown, alphasort);
	if (count < 0)
		return -errno;
	find_sender(a, &sender);
	out_begin(&o, stdout, a->format, columns, COLUMNS);
	for (int i = 0; i < count; i++) {
		rc = rc < 0 ? rc : put_file(&o, &sender, dir, found[i]->d_name);
		free(found[i]);
	}
	free(found);
	int end_rc = out_end(&o);
	return rc < 0 ? rc : end_rc;
}

static int file_verb_ls(struct ask *a)
{
	int dir;
	int code = file_open_dir(a, &dir);
	if (code != EX_OK)
		return code;
	int rc = put_files(a, dir);
	io_close(dir);
	return rc < 0 ? fail_at(rc, "list", "the files for terminals") : EX_OK;
}

static const struct argp_option ls_options[] = {
	ASK_OPTION_JSON, ASK_OPTION_CSV, ASK_OPTION_CONF, {0}};

static const struct ask_verb verbs[] = {
	{"ls", NULL, "List the files that put-file may name, with what they hold",
		"An administrator lays them into the directory files below state_dir.\n\n"
		"Example: punchctl file ls",
		ls_options, 0, 0, file_verb_ls},
	{0},
};

const struct noun noun_file = {
	"file", "Files that terminals may be told to fetch", verbs, "punchctl file ls"};

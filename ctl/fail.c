/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fail: one line that says what, where, why, and what to do. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/fail.h"
#include "ctl/text.h"

#define LINE_MAX_BYTES 4096

static void say(const char *format, va_list arguments)
{
	char line[LINE_MAX_BYTES];
	struct buf shown = buf_with_max(4 * sizeof(line));
	int len = vsnprintf(line, sizeof(line), format, arguments);
	if (len < 0)
		return;
	size_t bytes = (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1;
	/* What goes to stdout comes first, where both are one terminal. */
	fflush(stdout);
	if (text_escape(&shown, span_of(line, bytes), "\\") == 0)
		fprintf(stderr, "punchctl: %.*s\n", SPAN_ARG(buf_span(&shown)));
	buf_free(&shown);
}

int fail(int code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
	return code;
}

void fail_note(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
}

int fail_code(int rc)
{
	switch (-rc) {
	case 0:
	case EPIPE:
		return EX_OK;
	case EACCES:
	case EPERM:
	case EROFS:
		return EX_NOPERM;
	case ENOENT:
	case ENOTDIR:
		return EX_NOINPUT;
	case EUCLEAN:
	case EPROTONOSUPPORT:
	case EBADMSG:
	case EEXIST:
	case ERANGE:
		return EX_DATAERR;
	case ENOSPC:
	case EDQUOT:
		return EX_CANTCREAT;
	case EBUSY:
	case EAGAIN:
	case ESTALE:
	case ENOMEM:
	case EMFILE:
	case ENFILE:
		return EX_TEMPFAIL;
	case EINVAL:
		return EX_SOFTWARE;
	default:
		return EX_IOERR;
	}
}

/* What there is at `path`, or the nearest directory above it that may be looked at. */
static bool nearest(const char *path, struct stat *ret)
{
	char at[LINE_MAX_BYTES];
	snprintf(at, sizeof(at), "%s", path);
	while (stat(at, ret) < 0) {
		char *slash = strrchr(at, '/');
		if (!slash || slash == at)
			return false;
		*slash = '\0';
	}
	return true;
}

int fail_permission(const char *what, const char *shown, const char *path)
{
	struct stat st;
	if (!nearest(path, &st))
		return fail(EX_NOPERM, "may not %s %s: run as root", what, shown);
	const struct group *group = st.st_mode & S_IRGRP ? getgrgid(st.st_gid) : NULL;
	const struct passwd *user = st.st_uid ? getpwuid(st.st_uid) : NULL;
	return fail(EX_NOPERM, "may not %s %s: run as root%s%s%s%s", what, shown,
		user ? " or as " : "", user ? user->pw_name : "",
		group ? ", or be in the group " : "", group ? group->gr_name : "");
}

int fail_at(int rc, const char *what, const char *path)
{
	if (rc == -EPIPE)
		return EX_OK;
	switch (-rc) {
	case EACCES:
	case EPERM:
		return fail_permission(what, path, path);
	case EUCLEAN:
		return fail(EX_DATAERR, "cannot %s %s: it is damaged", what, path);
	case EPROTONOSUPPORT:
		return fail(
			EX_DATAERR, "cannot %s %s: another version of punchd made it", what, path);
	default:
		return fail(fail_code(rc), "cannot %s %s: %s", what, path, strerror(-rc));
	}
}

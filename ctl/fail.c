/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fail: one line that says what, where, why, and what to do. */
#include <errno.h>
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

/* The owner of `path`, or of the nearest directory above it that may be looked at. */
static void owner_of(const char *path, char *ret_user, size_t room)
{
	char at[LINE_MAX_BYTES];
	struct stat st;
	snprintf(at, sizeof(at), "%s", path);
	while (stat(at, &st) < 0) {
		char *slash = strrchr(at, '/');
		if (!slash || slash == at) {
			snprintf(ret_user, room, "its owner");
			return;
		}
		*slash = '\0';
	}
	const struct passwd *pw = st.st_uid == 0 ? NULL : getpwuid(st.st_uid);
	if (pw)
		snprintf(ret_user, room, "as %s", pw->pw_name);
	else if (st.st_uid == 0)
		snprintf(ret_user, room, "as a member of its group");
	else
		snprintf(ret_user, room, "as user %u", (unsigned)st.st_uid);
}

int fail_at(int rc, const char *what, const char *path)
{
	char user[128];
	if (rc == -EPIPE)
		return EX_OK;
	switch (-rc) {
	case EACCES:
	case EPERM:
		owner_of(path, user, sizeof(user));
		return fail(EX_NOPERM, "may not %s %s: run as root or %s", what, path, user);
	case EUCLEAN:
		return fail(EX_DATAERR, "cannot %s %s: it is damaged", what, path);
	case EPROTONOSUPPORT:
		return fail(
			EX_DATAERR, "cannot %s %s: another version of punchd made it", what, path);
	default:
		return fail(fail_code(rc), "cannot %s %s: %s", what, path, strerror(-rc));
	}
}

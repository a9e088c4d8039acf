/* SPDX-License-Identifier: GPL-2.0-or-later */
/* secret: asked for without echo. */
#include "ctl/secret.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "ctl/fail.h"

#define SECRET_MAX 1024

/* Byte by byte: what follows the line belongs to whoever reads next. 0, or a negative errno. */
static int read_line(struct buf *b)
{
	char byte;
	size_t before = b->len;
	for (;;) {
		ssize_t got = read(STDIN_FILENO, &byte, 1);
		if (got < 0)
			return -errno;
		if (got == 0)
			return b->len > before ? 0 : -ENODATA;
		if (byte == '\n')
			break;
		int rc = buf_add(b, &byte, 1);
		if (rc < 0)
			return rc;
	}
	if (b->len > before && b->ptr[b->len - 1] == '\r')
		b->len--;
	return 0;
}

static volatile sig_atomic_t caught;

static void note_signal(int number)
{
	caught = number;
}

/* The terminal gets its echo back before a signal has its way: it only ends the reading at first.
 */
static int read_silently(const char *prompt, struct buf *b)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
	struct sigaction was[sizeof(signals) / sizeof(*signals)],
		note = {.sa_handler = note_signal};
	struct termios shown, silent;
	if (tcgetattr(STDIN_FILENO, &shown) < 0)
		return -errno;
	caught = 0;
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &note, &was[i]);
	silent = shown;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	fprintf(stderr, "%s: ", prompt);
	int rc = tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) < 0 ? -errno : read_line(b);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	fputc('\n', stderr);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &was[i], NULL);
	if (caught)
		raise(caught);
	return rc;
}

static int ask_twice(const char *what, struct buf *b)
{
	char prompt[128];
	struct buf again = buf_with_max(SECRET_MAX);
	size_t before = b->len;
	int rc = read_silently(what, b);
	snprintf(prompt, sizeof(prompt), "%s again", what);
	if (rc == 0)
		rc = read_silently(prompt, &again);
	if (rc == 0 && !span_eq(span_from(buf_span(b), before), buf_span(&again)))
		rc = -EKEYREJECTED;
	buf_wipe(&again);
	buf_free(&again);
	return rc;
}

int secret_ask(const char *what, struct buf *b)
{
	int rc = isatty(STDIN_FILENO) ? ask_twice(what, b) : read_line(b);
	if (rc == -EKEYREJECTED)
		return fail(EX_USAGE, "%s: the two are not the same", what);
	if (rc == -ENODATA)
		return fail(EX_NOINPUT, "%s: standard input has no line for it", what);
	if (rc == -EMSGSIZE)
		return fail(EX_USAGE, "%s is too long", what);
	return rc < 0 ? fail(EX_IOERR, "%s: cannot read it: %s", what, strerror(-rc)) : EX_OK;
}

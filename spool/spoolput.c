/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spoolput: the door for other tools. It puts what it is given into a spool, durably, or says why
 * not. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/io.h"
#include "lib/options.h"
#include "lib/serial.h"
#include "lib/target.h"
#include "spool/spool.h"

enum { OPT_SERIAL = 256, OPT_TABLE, OPT_STAMP, OPT_RECEIVED, OPT_RAW };

struct job {
	const char *conf_file, *spool, *serial, *table, *stamp;
	uint64_t received_us;
	bool raw;
	char **files;
	int file_count;
	/* worked out */
	char target[512];
	struct conf conf;
};

static __attribute__((noreturn, format(printf, 2, 3))) void fail(int code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("spoolput: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(code);
}

static int exit_code_of(int rc)
{
	switch (rc) {
	case -EACCES:
	case -EPERM:
		return EX_NOPERM;
	case -ENOENT:
		return EX_UNAVAILABLE;
	case -ENOSPC:
	case -EDQUOT:
		return EX_CANTCREAT;
	default:
		return EX_IOERR;
	}
}

/* ---- the options ---- */

static const struct argp_option options[] = {
	{"config", 'c', "FILE", 0,
		"configuration (default: $PUNCHD_CONF, else /etc/punchd/punchd.conf)", 0},
	{"serial", OPT_SERIAL, "SN", 0, "the terminal that it comes from", 0},
	{"table", OPT_TABLE, "NAME", 0, "what the lines are: ATTLOG, OPERLOG, …", 0},
	{"stamp", OPT_STAMP, "N", 0,
		"the cursor to give back to the terminal at its next handshake", 0},
	{"received", OPT_RECEIVED, "TIME", 0,
		"when it was received (default: now), as 2026-01-05T08:00:00Z", 0},
	{"raw", OPT_RAW, NULL, 0,
		"each FILE is a ready-made spool file: check it, then put it in as it is", 0},
	{0},
};

static error_t take_option(int key, char *arg, struct argp_state *state)
{
	struct job *j = state->input;
	switch (key) {
	case 'c':
		j->conf_file = arg;
		return 0;
	case OPT_SERIAL:
		j->serial = arg;
		return 0;
	case OPT_TABLE:
		j->table = arg;
		return 0;
	case OPT_STAMP:
		j->stamp = arg;
		return 0;
	case OPT_RAW:
		j->raw = true;
		return 0;
	case OPT_RECEIVED:
		if (clock_parse_utc(span_str(arg), &j->received_us) < 0)
			argp_error(
				state, "--received %s: not a time like 2026-01-05T08:00:00Z", arg);
		return 0;
	case ARGP_KEY_ARGS:
		j->files = state->argv + state->next;
		j->file_count = state->argc - state->next;
		state->next = state->argc;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {options, take_option, "[upload|result|order] [FILE…]",
	"Puts files (or standard input) into a spool of punchd: durable when it returns 0.\v"
	"Prints one line a file: its name in the spool. Logs and records speak of its entries as "
	"NAME.1, NAME.2, …\n"
	"Example: spoolput upload --serial ABCD250100001 --table ATTLOG punches.txt",
	NULL, NULL, NULL};

static bool is_stamp(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f || strchr("&#%+", text.ptr[i]))
			return false;
	return text.len <= 32;
}

/* The request target that a terminal would have sent. */
static void make_target(struct job *j)
{
	static struct target t;
	struct target_upload u;
	if (!j->serial || !serial_valid(span_str(j->serial)))
		fail(EX_USAGE, "--serial is needed: 1 to %d of A-Z a-z 0-9 _ -", SERIAL_MAX);
	if (strcmp(j->spool, "result") == 0) {
		snprintf(j->target, sizeof(j->target), "/iclock/devicecmd?SN=%s", j->serial);
		return;
	}
	if (!j->table || !*j->table)
		fail(EX_USAGE, "--table is needed: ATTLOG, OPERLOG, …");
	if (j->stamp && !is_stamp(span_str(j->stamp)))
		fail(EX_USAGE, "--stamp %s: at most 32 printable characters without blank & # %% +",
			j->stamp);
	snprintf(j->target, sizeof(j->target), "/iclock/cdata?SN=%s&table=%s%s%s", j->serial,
		j->table, j->stamp ? "&Stamp=" : "", j->stamp ? j->stamp : "");
	if (target_parse(span_str(j->target), &t) < 0 || target_upload(&t, &u) < 0 ||
		!span_is_nocase(span_str(u.table), j->table))
		fail(EX_USAGE, "--table %s: at most %d of A-Z a-z 0-9 _ -", j->table,
			TARGET_TABLE_MAX);
}

static void take_arguments(int argc, char **argv, struct job *j)
{
	argp_program_version = "spoolput (punchd) " PUNCHD_VERSION;
	argp_err_exit_status = EX_USAGE;
	argp_parse(&parser, argc, argv, 0, NULL, j);
	j->spool = "upload";
	if (j->file_count > 0 &&
		(strcmp(j->files[0], "upload") == 0 || strcmp(j->files[0], "result") == 0 ||
			strcmp(j->files[0], "order") == 0)) {
		j->spool = j->files[0];
		j->files++;
		j->file_count--;
	} else if (!j->raw) {
		fail(EX_USAGE, "which spool? upload, result or order comes first");
	}
	if (j->raw && (j->serial || j->table || j->stamp || j->received_us))
		fail(EX_USAGE, "--raw takes the file as it is: no --serial, --table, --stamp or "
			       "--received");
	if (j->serial && !serial_valid(span_str(j->serial)))
		fail(EX_USAGE, "--serial %s: 1 to %d of A-Z a-z 0-9 _ -", j->serial, SERIAL_MAX);
	if (!j->raw && strcmp(j->spool, "order") != 0)
		make_target(j);
}

/* ---- the work ---- */

static void read_file(const char *file, struct buf *into)
{
	bool standard_input = strcmp(file, "-") == 0;
	int fd = standard_input ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail(EX_NOINPUT, "%s: %s", file, strerror(errno));
	int rc = io_read_all(fd, into);
	if (rc == -EMSGSIZE)
		fail(EX_DATAERR, "%s: larger than %zu bytes, which is the most that punchd takes",
			file, into->max);
	if (rc < 0)
		fail(EX_NOINPUT, "%s: %s", file, strerror(-rc));
	if (!standard_input)
		io_close(fd);
}

static void make_entry(const struct job *j, struct span body, struct buf *into)
{
	struct spool_entry e = {
		.received_us = j->received_us ? j->received_us : clock_wall_us(),
		.kind = span_str(j->spool),
		.serial = span_str(j->serial),
		.peer = span_str("local"),
		.target = span_str(j->target),
		.body = body,
	};
	int rc = spool_entry_put(into, &e);
	if (rc < 0)
		fail(EX_SOFTWARE, "cannot make the entry: %s", strerror(-rc));
}

/* A ready-made file must be good to its last entry. */
static void check_raw(const struct job *j, const char *file, struct span bytes)
{
	struct spool_entry e;
	struct span part;
	const char *why = "it is empty";
	size_t offset = 0;
	unsigned number = 0;
	enum spool_verdict v;
	while ((v = spool_entry_next(bytes, span_str(j->spool), &offset, &number, &e, &part,
			&why)) == SPOOL_ENTRY)
		;
	if (v != SPOOL_FILE_ENDED || number == 0)
		fail(EX_DATAERR, "%s: entry %u: %s", file, number, why);
}

static void put(const struct job *j, const struct spool *s, const char *file)
{
	struct buf in = buf_with_max(j->raw ? j->conf.file_max_bytes : j->conf.body_max_bytes);
	struct buf out = buf_with_max(j->conf.file_max_bytes);
	char name[SPOOL_NAME_BYTES];
	read_file(file, &in);
	if (j->raw)
		check_raw(j, file, buf_span(&in));
	else
		make_entry(j, buf_span(&in), &out);
	int rc = spool_post(s, buf_span(j->raw ? &in : &out), name);
	if (rc < 0)
		fail(exit_code_of(rc), "%s: not stored: %s", file, strerror(-rc));
	printf("%s\n", name);
	buf_free(&in);
	buf_free(&out);
}

int main(int argc, char **argv)
{
	static char *standard_input[] = {"-"};
	struct job j = {0};
	struct spool s;
	take_arguments(argc, argv, &j);
	if (conf_load(conf_path(j.conf_file), &j.conf) < 0)
		return EX_CONFIG;
	int rc = spool_open(j.conf.spool_dir, j.spool, SPOOL_FOR_WRITING, &s);
	if (rc < 0)
		fail(exit_code_of(rc), "%s/%s: %s%s", j.conf.spool_dir, j.spool, strerror(-rc),
			rc == -EACCES ? ": you must be in the group of that spool" : "");
	if (j.file_count == 0) {
		j.files = standard_input;
		j.file_count = 1;
	}
	for (int i = 0; i < j.file_count; i++)
		put(&j, &s, j.files[i]);
	spool_close(&s);
	conf_free(&j.conf);
	if (fflush(stdout) != 0)
		fail(EX_IOERR, "standard output: %s", strerror(errno));
	return EX_OK;
}

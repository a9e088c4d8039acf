/* SPDX-License-Identifier: GPL-2.0-or-later */
/* firmware: a file to many terminals, guarded: it is what the operator says that it is, and one
 * terminal has answered that it has it before the next one is told of it. Each is a put-file like
 * any other; what this process knows of the rest is gone with it. */
#include <errno.h>
#include <unistd.h>

#include "ctl/command.h"
#include "ctl/fail.h"
#include "ctl/file.h"
#include "ctl/targets.h"
#include "ctl/text.h"
#include "lib/file_target.h"
#include "lib/io.h"

#define WORDS_MAX 3
#define REST_MAX  4096 /* bytes of what stands before the serials */

struct pushing {
	struct ask *ask;
	const char *name;
	struct file_seen seen;
	struct targets to;
};

/* ---- what is it ---- */

static int look(struct pushing *p)
{
	const char *why = NULL;
	int dir;
	int code = file_open_dir(p->ask, &dir);
	if (code != EX_OK)
		return code;
	int rc = file_look(dir, p->name, &p->seen, &why);
	io_close(dir);
	if (rc == -ENOENT)
		return fail(EX_NOINPUT, "there is no file '%s'; see 'punchctl file ls'", p->name);
	if (why)
		return fail(EX_DATAERR, "%s cannot be sent: %s", p->name, why);
	return rc < 0 ? fail_at(rc, "read", p->name) : EX_OK;
}

static int confirm(void)
{
	char line[16] = "";
	fprintf(stderr, "Type yes to go on: ");
	if (!fgets(line, sizeof(line), stdin) || strcmp(line, "yes\n") != 0)
		return fail(EX_USAGE, "nothing was ordered");
	return EX_OK;
}

/* Its checksum stands in a release's notes, or somebody looks at it now. */
static int check_sha256(const struct pushing *p)
{
	const struct ask *a = p->ask;
	out_say("%s: %llu bytes, SHA-256 %s", p->name, (unsigned long long)p->seen.bytes,
		p->seen.sha256);
	if (a->sha256.len > 0)
		return span_is(a->sha256, p->seen.sha256)
			       ? EX_OK
			       : fail(EX_DATAERR, "its SHA-256 is not that of --sha256");
	if (!isatty(STDIN_FILENO))
		return fail(EX_USAGE, "--sha256 HEX is missing, and nobody is there to be asked");
	out_say("It goes to %zu terminals as %s.", p->to.count, a->as);
	int rc = out_flushed(stdout);
	return rc < 0 ? fail_at(rc, "write", "to standard output") : confirm();
}

/* ---- sending ---- */

/* cmdqd holds the checksum against what it copies: nothing can change in between. */
static int order(const struct pushing *p, const struct targets *to)
{
	char file[FILE_NAME_MAX + 8], path[512], sha256[SHA256_HEX_BYTES + 8];
	char *words[WORDS_MAX] = {file, path, sha256};
	snprintf(file, sizeof(file), "file=%s", p->name);
	snprintf(sha256, sizeof(sha256), "sha256=%s", p->seen.sha256);
	if (snprintf(path, sizeof(path), "path=%s", p->ask->as) >= (int)sizeof(path))
		return fail(EX_USAGE, "--as is too long");
	return command_give_to(p->ask, verb_find(span_str("put-file")), to, words, WORDS_MAX);
}

/* "FILE --as PATH --sha256 HEX SERIAL…", for a shell. */
static int put_rest(struct buf *b, const struct pushing *p, size_t from)
{
	int rc = buf_printf(b, "%s --as ", p->name);
	if (rc == 0)
		rc = text_word(b, span_str(p->ask->as));
	if (rc == 0)
		rc = buf_printf(b, " --sha256 %s", p->seen.sha256);
	for (size_t i = from; rc == 0 && i < p->to.count; i++)
		rc = buf_printf(b, " %s", p->to.serials[i]);
	return rc;
}

static void say_rest(const struct pushing *p, size_t from)
{
	size_t left = p->to.count - from;
	struct buf rest = buf_with_max(REST_MAX + left * (SERIAL_MAX + 1));
	if (left == 0)
		return;
	if (put_rest(&rest, p, from) == 0)
		fail_note("stopped; not told: %zu of %zu terminals. To go on: punchctl firmware "
			  "push %.*s",
			left, p->to.count, SPAN_ARG(buf_span(&rest)));
	else
		fail_note("stopped; not told: %zu of %zu terminals", left, p->to.count);
	buf_free(&rest);
}

static int one_by_one(const struct pushing *p)
{
	int code = EX_OK;
	for (size_t i = 0; code == EX_OK && i < p->to.count; i++) {
		const struct targets one = {.serials = &p->to.serials[i], .count = 1};
		code = order(p, &one);
		if (code != EX_OK)
			say_rest(p, i + 1);
	}
	return code;
}

static int firmware_verb_push(struct ask *a)
{
	struct pushing p = {.ask = a, .name = a->words[0]};
	if (!a->as)
		return fail(EX_USAGE, "--as PATH is missing: where it goes on the terminal");
	a->wait = true;
	int code = targets_find(a, a->words + 1, a->word_count - 1, TARGETS_KNOWN, &p.to);
	if (code == EX_OK)
		code = look(&p);
	if (code == EX_OK)
		code = check_sha256(&p);
	if (code == EX_OK)
		code = a->all_at_once ? order(&p, &p.to) : one_by_one(&p);
	targets_free(&p.to);
	return code;
}

static const struct argp_option push_options[] = {
	{"as", ASK_AS, "PATH", 0, "Where it goes on the terminal; of a .tgz the folder", 10},
	{"sha256", ASK_SHA256, "HEX", 0, "What the file has to be; else it is asked", 10},
	{"all-at-once", ASK_ALL_AT_ONCE, NULL, 0, "Do not wait for one before the next", 10},
	{"all", ASK_ALL, NULL, 0, "To all approved devices, in place of names", 10},
	{"expires", ASK_EXPIRES, "TIME", 0, "No terminal that polls so much later gets it", 10},
	{"timeout", ASK_TIMEOUT, "TIME", 0, "Stop, with 75, when one takes longer", 20},
	ASK_OPTION_CONF,
	{0},
};

static const struct ask_verb firmware_verbs[] = {
	{"push", "FILE TARGET…", "Send a file to terminals, one after the other",
		"FILE is one of 'punchctl file ls'. The next terminal is told when the one before "
		"has answered that it has the file; at the first that has not, the rest is left "
		"and listed.\n\n"
		"Example: punchctl firmware push main-2.1.tgz --as /mnt/mtdblock @north",
		push_options, 1, UINT32_MAX, firmware_verb_push},
	{0},
};

const struct noun noun_firmware = {"firmware", "A new firmware, or any file, for many terminals",
	firmware_verbs, "punchctl firmware push main-2.1.tgz --as /mnt/mtdblock @north"};

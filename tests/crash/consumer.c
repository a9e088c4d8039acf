/* SPDX-License-Identifier: GPL-2.0-or-later */
/* consumer SPOOLS EFFECTS: works off what is in new/, once, as simply as the spool's contract
 * allows. The effect of an entry is a file in EFFECTS with its body, named after its first field,
 * so that a second time changes nothing. It shows that the contract holds for any consumer that
 * keeps to it, and it is what the wrong ones (faulty_*.c) are made of. */
#include <errno.h>
#include <fcntl.h>

#include "lib/io.h"
#include "tests/crash/made.h"

#ifndef STORE
#define STORE store
#endif
#ifndef FINISH
#define FINISH spool_finish
#endif
#ifndef RECOVER
#define RECOVER recover
#endif
#ifndef FINISHES_FIRST
#define FINISHES_FIRST 0
#endif
#ifndef SETS_PARTS_ASIDE
#define SETS_PARTS_ASIDE 1
#endif

static __attribute__((unused)) int store(int effects_fd, const char *key, struct span body)
{
	return io_replace_file(effects_fd, key, body, 0600);
}

/* What was in work when it died goes back. */
static __attribute__((unused)) int recover(const struct spool *s)
{
	struct spool_list l;
	int rc = spool_scan(s, SPOOL_CUR, 1000, &l);

	if (rc < 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < l.count; i++)
		rc = spool_release(s, l.items[i].name);
	spool_list_free(&l);
	return rc;
}

static int store_entry(int effects_fd, const struct spool_entry *e)
{
	struct span rest = e->body, field;
	char key[64];

	if (!span_next(&rest, '\t', &field))
		return 0;
	snprintf(key, sizeof(key), "%.*s", SPAN_ARG(field));
	return STORE(effects_fd, key, e->body);
}

struct tally {
	unsigned good, bad;
	const char *why;
};

static int work_on_entries(
	const struct spool *s, const char *name, int effects_fd, struct span file, struct tally *t)
{
	struct spool_entry e;
	struct span part;
	size_t offset = 0;
	unsigned number = 0;
	enum spool_verdict v;
	int rc = 0;

	*t = (struct tally){.why = "no entry in it"};
	while (rc == 0 && (v = spool_entry_next(file, span_str("upload"), &offset, &number, &e,
				   &part, &t->why)) != SPOOL_FILE_ENDED)
		if (v == SPOOL_ENTRY) {
			t->good++;
			rc = effects_fd < 0 ? 0 : store_entry(effects_fd, &e);
		} else {
			t->bad++;
			if (effects_fd < 0 && SETS_PARTS_ASIDE)
				rc = spool_refuse_part(s, name, number, part, t->why);
		}
	return rc;
}

static void refuse(const struct spool *s, enum spool_state from, const char *name, const char *why)
{
	char bad_name[SPOOL_NAME_BYTES];

	made_or_die(spool_refuse(s, from, name, why, bad_name), "refuse");
}

static void work_on_file(const struct spool *s, const char *name, int effects_fd)
{
	struct buf b = buf_with_max(1 << 24);
	struct tally t;
	const char *why = "";
	int rc = spool_load(s, name, &b, &why);

	if (rc == -EBADMSG) {
		refuse(s, SPOOL_CUR, name, why);
		return;
	}
	made_or_die(rc, "load");
	if (FINISHES_FIRST)
		made_or_die(FINISH(s, name), "finish");
	made_or_die(work_on_entries(s, name, effects_fd, buf_span(&b), &t), "effects");
	if (t.good > 0 && t.bad > 0)
		made_or_die(work_on_entries(s, name, -1, buf_span(&b), &t), "parts");
	if (t.good == 0)
		refuse(s, FINISHES_FIRST ? SPOOL_DONE : SPOOL_CUR, name, t.why);
	else if (!FINISHES_FIRST)
		made_or_die(FINISH(s, name), "finish");
	buf_free(&b);
}

static void take(const struct spool *s, const char *name, int effects_fd)
{
	if (!spool_name_valid(span_str(name), NULL)) {
		refuse(s, SPOOL_NEW, name, "a strange name");
		return;
	}
	int rc = spool_claim(s, name);
	if (rc == -EEXIST) {
		refuse(s, SPOOL_NEW, name, "its name is taken");
		return;
	}
	made_or_die(rc, "claim");
	work_on_file(s, name, effects_fd);
}

int main(int argc, char **argv)
{
	struct spool s;
	struct spool_list l;

	if (argc != 3)
		return 64;
	made_or_die(spool_open(argv[1], "upload", SPOOL_FOR_CONSUMING, &s), argv[1]);
	int effects_fd = io_open_dir(AT_FDCWD, argv[2]);
	made_or_die(effects_fd, argv[2]);
	made_or_die(RECOVER(&s), "recover");
	made_or_die(spool_scan(&s, SPOOL_NEW, 1000, &l), "scan");
	for (size_t i = 0; i < l.count; i++)
		take(&s, l.items[i].name, effects_fd);
	spool_list_free(&l);
	io_close(effects_fd);
	spool_close(&s);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* raw: what nobody understands yet: bodies and lines that were kept whole, and lines that were
 * refused. Of every table but ATTLOG they are private: nobody knows what is in them. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/cell.h"
#include "ctl/fail.h"
#include "ctl/people.h"
#include "ctl/text.h"
#include "spool/spool.h"

enum { ID, KIND, SERIAL, TABLE, BYTES, RECEIVED, ENTRY, NOTE, COLUMNS };

static const struct out_column columns[COLUMNS] = {
	[ID] = {"id", "ID", 0, false},
	[KIND] = {"kind", "KIND", 0, false},
	[SERIAL] = {"serial", "SERIAL", 0, false},
	[TABLE] = {"table", "TABLE", 0, false},
	[BYTES] = {"bytes", "BYTES", 0, true},
	[RECEIVED] = {"received", "RECEIVED", 0, false},
	[ENTRY] = {"entry", "ENTRY", 0, false},
	[NOTE] = {"note", "NOTE", 0, false},
};

struct work {
	const struct ask *ask;
	struct out out;
	FILE *memory;
	const char *kind;
	struct span wanted; /* an id; empty: all */
	struct buf found;
	bool any;
	bool has_private;
	uint64_t hidden;
};

/* An older parserd kept all of them where everybody may read them. */
static bool hide(struct work *w, const struct kept *k)
{
	if (w->has_private || !kept_is_private(k))
		return false;
	w->hidden++;
	return true;
}

/* ---- ls ---- */

static int put_row(void *context, const struct kept *k)
{
	struct work *w = context;
	char id[KEPT_HEX_BYTES], entry[SPOOL_ENTRY_ID_BYTES];
	struct cell_moment received;
	if (hide(w, k))
		return 0;
	kept_hex(k->digest, id);
	spool_entry_id(k->entry.name, k->entry.number, entry);
	/* The request names its device alone, and the reason is ours. */
	const struct out_cell cells[COLUMNS] = {
		[ID] = out_text(span_str(id)),
		[KIND] = out_text(span_str(w->kind)),
		[SERIAL] = out_text(k->serial),
		[TABLE] = out_text(k->table),
		[BYTES] = out_number(k->bytes.len),
		[RECEIVED] = cell_moment(k->received_us, &received),
		[ENTRY] = out_text(span_str(entry)),
		[NOTE] = out_text(k->note),
	};
	return out_row(&w->out, cells);
}

static int visit_both(struct work *w, struct records_reader *r, kept_visit *visit)
{
	w->kind = "raw";
	w->has_private = records_has_private(r);
	int rc = records_kept(r, FACT_RAW, w->ask->serial, visit, w);
	w->kind = "refused";
	return rc != 0 ? rc : records_kept(r, FACT_REFUSED, w->ask->serial, visit, w);
}

static void say_part(const struct work *w)
{
	if (w->hidden > 0)
		fail_note("%llu are left out that may hold passwords and cards: an older parserd "
			  "kept them where every reader may look",
			(unsigned long long)w->hidden);
	if (!w->has_private)
		fail_note("only those of ATTLOG are shown; the others are for those alone who may "
			  "read what is private");
}

static int raw_verb_ls(struct ask *a)
{
	struct records_reader *r = NULL;
	char *bytes = NULL;
	size_t byte_count = 0;
	struct work w = {.ask = a, .memory = open_memstream(&bytes, &byte_count)};
	int code = people_open(a, &r);
	int rc = w.memory ? 0 : -ENOMEM;
	if (code == EX_OK && rc == 0) {
		out_begin(&w.out, w.memory, a->format, columns, COLUMNS);
		w.out.ascii = isatty(STDOUT_FILENO);
		rc = visit_both(&w, r, put_row);
		int end_rc = out_end(&w.out);
		rc = rc < 0 ? rc : end_rc;
		say_part(&w);
	}
	records_close(r);
	if (w.memory)
		fclose(w.memory);
	if (rc == 0 && byte_count > 0 && fwrite(bytes, 1, byte_count, stdout) != byte_count)
		rc = errno ? -errno : -EIO;
	free(bytes);
	return rc < 0 ? fail_at(rc, "list", "what was kept whole") : code;
}

/* ---- show ---- */

static int find(void *context, const struct kept *k)
{
	struct work *w = context;
	char id[KEPT_HEX_BYTES];
	kept_hex(k->digest, id);
	if (!span_is(w->wanted, id) || hide(w, k))
		return 0;
	w->found = buf_with_max(k->bytes.len + 1);
	w->any = true;
	int rc = buf_add_span(&w->found, k->bytes);
	return rc < 0 ? rc : 1;
}

/* A person's terminal is not steered by it. */
static int write_out(struct span bytes)
{
	struct buf shown = buf_with_max(4 * bytes.len + 1);
	int rc = 0;
	if (isatty(STDOUT_FILENO)) {
		rc = text_escape(&shown, bytes, "\t\n\\");
		bytes = buf_span(&shown);
	}
	if (rc == 0 && bytes.len > 0 && fwrite(bytes.ptr, 1, bytes.len, stdout) != bytes.len)
		rc = errno ? -errno : -EIO;
	buf_free(&shown);
	return rc;
}

static int raw_verb_show(struct ask *a)
{
	struct records_reader *r = NULL;
	struct work w = {.ask = a, .wanted = span_str(a->words[0])};
	if (!a->reveal)
		return fail(EX_USAGE, "what nobody understands may hold passwords and cards; it is "
				      "shown with --reveal");
	int code = people_open(a, &r);
	int rc = code == EX_OK ? visit_both(&w, r, find) : 0;
	if (code == EX_OK && rc >= 0 && !w.any) {
		say_part(&w);
		code = fail(EX_NOINPUT, "there is none with the id %s; see 'punchctl raw ls'",
			a->words[0]);
	}
	records_close(r);
	if (rc >= 0 && w.any)
		rc = write_out(buf_span(&w.found));
	buf_free(&w.found);
	return rc < 0 ? fail_at(rc, "show", a->words[0]) : code;
}

/* ---- the verbs ---- */

static const struct argp_option ls_options[] = {
	ASK_OPTION_SERIAL, ASK_OPTION_JSON, ASK_OPTION_CSV, ASK_OPTION_CONF, {0}};
static const struct argp_option show_options[] = {ASK_OPTION_SERIAL,
	ASK_OPTION_REVEAL("Needed: it may hold passwords and cards"), ASK_OPTION_CONF, {0}};

static const struct ask_verb verbs[] = {
	{"ls", NULL, "List what was kept whole, and what was refused and why",
		"Example: punchctl raw ls --serial ABCD250100001", ls_options, 0, 0, raw_verb_ls},
	{"show", "ID", "Write the bytes of one",
		"Example: punchctl raw show 0f1e2d3c4b5a69788796a5b4c3d2e1f0 --reveal | xxd",
		show_options, 1, 1, raw_verb_show},
	{0},
};

const struct noun noun_raw = {
	"raw", "What nobody understands yet, and what was refused", verbs, "punchctl raw ls"};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spool_show: the heads of a file's entries, and the bodies only when they are asked for: they hold
 * personal data. */
#include <errno.h>

#include "ctl/fail.h"
#include "ctl/spool.h"
#include "ctl/text.h"
#include "ctl/when.h"
#include "lib/num.h"

struct showing {
	const struct ask *ask;
	const struct places *places;
	uint64_t only; /* the number of the one entry that is wanted; 0: all */
	uint64_t shown;
	int code;
};

/* Where one file is, and what was read of it. */
struct shown_file {
	const struct place *place;
	enum spool_state state;
	const char *name;
	struct stat st;
	struct buf reason; /* in bad */
	const char *fault; /* why it could not be read; NULL when it could */
	struct buf bytes;
};

/* ---- for programs ---- */

enum {
	SPOOL,
	STATE,
	FILE_NAME,
	FILE_BYTES,
	OWNER,
	REASON,
	ENTRY,
	NUMBER,
	RECEIVED,
	KIND,
	SERIAL,
	PEER,
	TARGET,
	BODY_BYTES,
	CHECKED,
	BODY,
	FAULT,
	COLUMNS
};

static const struct out_column columns[COLUMNS] = {
	[SPOOL] = {.key = "spool"},
	[STATE] = {.key = "state"},
	[FILE_NAME] = {.key = "file"},
	[FILE_BYTES] = {.key = "file_bytes"},
	[OWNER] = {.key = "owner"},
	[REASON] = {.key = "reason"},
	[ENTRY] = {.key = "entry"},
	[NUMBER] = {.key = "number"},
	[RECEIVED] = {.key = "received"},
	[KIND] = {.key = "kind"},
	[SERIAL] = {.key = "serial"},
	[PEER] = {.key = "peer"},
	[TARGET] = {.key = "target"},
	[BODY_BYTES] = {.key = "body_bytes"},
	[CHECKED] = {.key = "checked"},
	[BODY] = {.key = "body"},
	[FAULT] = {.key = "fault"},
};

static void head_cells(
	const struct spool_entry *e, char utc[static CLOCK_UTC_BYTES], struct out_cell *cells)
{
	clock_format_utc(e->received_us, utc);
	if (e->received_us > 0)
		cells[RECEIVED] = out_text(span_str(utc));
	cells[KIND] = out_text(e->kind);
	cells[SERIAL] = out_text_if_any(e->serial);
	cells[PEER] = out_text_if_any(e->peer);
	cells[TARGET] = out_text_if_any(e->target);
	cells[BODY_BYTES] = out_number(e->body.len);
	cells[CHECKED] = out_truth(e->checked);
}

/* `number` is 0 for a file that cannot be read, `e` NULL for an entry that is bad. */
static int show_json(const struct showing *s, const struct shown_file *f, unsigned number,
	const struct spool_entry *e, const char *why)
{
	char owner[64], id[SPOOL_ENTRY_ID_BYTES], utc[CLOCK_UTC_BYTES];
	place_owner(&f->st, owner, sizeof(owner));
	struct out_cell cells[COLUMNS] = {
		[SPOOL] = out_text(span_str(f->place->kind)),
		[STATE] = out_text(span_str(spool_state_name(f->state))),
		[FILE_NAME] = out_text(span_str(f->name)),
		[FILE_BYTES] = out_number((uint64_t)f->st.st_size),
		[OWNER] = out_text(span_str(owner)),
		[REASON] = out_text_if_any(buf_span(&f->reason)),
		[FAULT] = out_text_if_any(span_str(why)),
	};
	if (number > 0)
		cells[NUMBER] = out_number(number);
	if (number > 0 && spool_name_valid(span_str(f->name), NULL)) {
		spool_entry_id(f->name, number, id);
		cells[ENTRY] = out_text(span_str(id));
	}
	if (e)
		head_cells(e, utc, cells);
	if (e && s->ask->body)
		cells[BODY] = out_text(e->body);
	return out_one(stdout, OUT_JSON, columns, COLUMNS, cells);
}

/* ---- for people ---- */

static void line(const char *label, struct span value)
{
	struct buf b = buf_with_max(4 * value.len + 16);
	if (text_escape(&b, value, "") == 0)
		printf("  %-9s %.*s\n", label, SPAN_ARG(buf_span(&b)));
	buf_free(&b);
}

static void print_file(const struct shown_file *f)
{
	char owner[64], size[TEXT_SIZE_BYTES], age[TEXT_AGE_BYTES];
	place_owner(&f->st, owner, sizeof(owner));
	text_size((uint64_t)f->st.st_size, size);
	text_age(place_age_us(f->name, clock_wall_us()), age);
	out_say("%s/%s/%s: %s, %s old, of %s", f->place->kind, spool_state_name(f->state), f->name,
		size, age, owner);
	if (f->reason.len > 0)
		line("refused", buf_span(&f->reason));
	if (f->fault)
		line("fault", span_str(f->fault));
}

static void print_body(struct span body)
{
	struct span rest = body, text;
	struct buf b = buf_with_max(4 * body.len + 16);
	while (span_next_line(&rest, &text)) {
		buf_clear(&b);
		if (text_escape(&b, text, "\t") == 0)
			printf("    | %.*s\n", SPAN_ARG(buf_span(&b)));
	}
	buf_free(&b);
}

static void print_entry(
	const struct showing *s, unsigned number, const struct spool_entry *e, const char *why)
{
	char text[64];
	printf("entry %u\n", number);
	if (why) {
		line("fault", span_str(why));
		return;
	}
	if (e->received_us > 0) {
		when_format_short(e->received_us, text);
		line("received", span_str(text));
	}
	line("kind", e->kind);
	line("serial", e->serial);
	line("peer", e->peer);
	line("target", e->target);
	snprintf(text, sizeof(text), "%zu bytes, %s", e->body.len,
		e->checked ? "checksum right" : "without checksum");
	line("body", span_str(text));
	if (s->ask->body)
		print_body(e->body);
}

/* ---- a file ---- */

static int show_entry(struct showing *s, const struct shown_file *f, unsigned number,
	const struct spool_entry *e, const char *why)
{
	if (s->only && s->only != number)
		return 0;
	s->shown++;
	if (s->ask->format == OUT_JSON)
		return show_json(s, f, number, e, why);
	if (s->only)
		print_file(f);
	print_entry(s, number, e, why);
	return 0;
}

static int show_entries(struct showing *s, const struct shown_file *f)
{
	struct spool_entry e;
	struct span part;
	size_t offset = 0;
	unsigned number = 0;
	int rc = 0;
	while (rc == 0) {
		const char *why = NULL;
		switch (spool_entry_next(buf_span(&f->bytes), span_str(f->place->kind), &offset,
			&number, &e, &part, &why)) {
		case SPOOL_ENTRY:
			rc = show_entry(s, f, number, &e, NULL);
			break;
		case SPOOL_ENTRY_BAD:
			rc = show_entry(s, f, number, NULL, why);
			break;
		case SPOOL_REST_BAD:
			return show_entry(s, f, number, NULL, why);
		case SPOOL_FILE_ENDED:
			return 0;
		}
	}
	return rc;
}

/* A file that cannot be read is shown as far as it can. */
static int show_file(struct showing *s, struct shown_file *f)
{
	f->reason = buf_with_max(4096);
	f->bytes = buf_with_max(0);
	if (f->state == SPOOL_BAD)
		(void)!place_reason(f->place, f->name, &f->reason);
	int rc = place_read(s->places, f->place, f->state, f->name, &f->bytes, &f->fault);
	if (rc < 0 && !f->fault)
		f->fault = strerror(-rc);
	if (rc == -EACCES)
		s->code = fail(EX_NOPERM, "may not read %s/%s/%s: run as root or as the user of %s",
			f->place->kind, spool_state_name(f->state), f->name, f->place->consumer);
	if (s->ask->format != OUT_JSON && !s->only)
		print_file(f);
	else if (rc < 0)
		(void)!show_json(s, f, 0, NULL, f->fault);
	rc = rc < 0 ? 0 : show_entries(s, f);
	s->shown += f->fault != NULL;
	buf_free(&f->reason);
	buf_free(&f->bytes);
	return rc;
}

/* Wherever a file of that name is: more than one place would be a fault, and both are shown. */
static int show_everywhere(struct showing *s, const char *name)
{
	int rc = 0;
	for (unsigned i = 0; i < PLACES; i++)
		for (unsigned state = 0; rc == 0 && state < SPOOL_STATES; state++) {
			struct shown_file f = {.place = &s->places->at[i],
				.state = (enum spool_state)state,
				.name = name};
			if (place_look(f.place, f.state, name, &f.st) == 0)
				rc = show_file(s, &f);
		}
	return rc;
}

/* "NAME.3" is a file when a part was set aside under that name, else the third entry of the file
 * NAME. */
static int show_one(struct showing *s, const char *word)
{
	char name[256];
	const char *dot = strrchr(word, '.');
	s->only = s->shown = 0;
	if (!place_name_usable(word))
		return fail(EX_USAGE, "'%s' is no file's name", word);
	int rc = show_everywhere(s, word);
	if (rc == 0 && s->shown == 0 && dot &&
		num_u64(span_str(dot + 1), 1, UINT32_MAX, &s->only) == 0) {
		snprintf(name, sizeof(name), "%.*s", (int)(dot - word), word);
		rc = show_everywhere(s, name);
	}
	if (rc < 0)
		return fail_at(rc, "show", word);
	if (s->shown > 0)
		return s->code;
	if (places_refused(s->places, PLACE_ALL_STATES & ~(1u << SPOOL_TMP)) != EX_OK)
		return fail(EX_NOPERM, "%s is not where you may look", word);
	return fail(EX_NOINPUT, "there is no file or entry %s", word);
}

int spool_verb_show(struct ask *a)
{
	enum place_kind kind;
	struct places ps;
	bool one = spool_take_kind(a, &kind);
	if (a->word_count == 0)
		return fail(EX_USAGE, "NAME is missing; try 'punchctl spool show --help'");
	int code = places_open(a, one ? &kind : NULL, &ps);
	if (code != EX_OK)
		return code;
	struct showing s = {.ask = a, .places = &ps};
	for (size_t i = 0; i < a->word_count; i++) {
		int one_code = show_one(&s, a->words[i]);
		code = code == EX_OK ? one_code : code;
	}
	places_close(&ps);
	return code;
}

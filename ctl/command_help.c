/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command_help: what can be ordered of terminals, read from the table. */
#include <errno.h>
#include <stdlib.h>

#include "ctl/cell.h"
#include "ctl/command.h"
#include "ctl/fail.h"

#define ALLOWED_BYTES 96

/* ---- in words ---- */

/* What a field may hold: "1 to 14", "text, at most 8 bytes". */
static void put_allowed(const struct verb_field *f, char ret[static ALLOWED_BYTES])
{
	unsigned long long min = f->min, max = f->max;
	switch (f->kind) {
	case FIELD_PIN:
		snprintf(ret, ALLOWED_BYTES, "up to %llu of A-Z a-z 0-9 - _ .", max);
		return;
	case FIELD_TEXT:
		snprintf(ret, ALLOWED_BYTES, "text, at most %llu bytes", max);
		return;
	case FIELD_NAME:
		snprintf(ret, ALLOWED_BYTES, "text, cut at %llu bytes", max);
		return;
	case FIELD_NUMBER:
		snprintf(ret, ALLOWED_BYTES, "%llu to %llu", min, max);
		return;
	case FIELD_DIGITS:
		snprintf(ret, ALLOWED_BYTES, "up to %llu digits", max);
		return;
	case FIELD_CARD:
		snprintf(ret, ALLOWED_BYTES, "a decimal number");
		return;
	case FIELD_TIME:
		snprintf(ret, ALLOWED_BYTES, "YYYY-MM-DD HH:MM:SS");
		return;
	case FIELD_DAY:
		snprintf(ret, ALLOWED_BYTES, "YYYY-MM-DD[ HH:MM:SS]");
		return;
	case FIELD_BASE64:
	case FIELD_TEMPLATE:
		snprintf(ret, ALLOWED_BYTES, "base64, or @FILE");
		return;
	case FIELD_FILE:
		snprintf(ret, ALLOWED_BYTES, "a name without /, at most %llu bytes", max);
		return;
	case FIELD_SERVED:
		snprintf(ret, ALLOWED_BYTES, "a name of punchctl file ls");
		return;
	case FIELD_SHA256:
		snprintf(ret, ALLOWED_BYTES, "64 hex digits");
		return;
	case FIELD_OPTION:
		snprintf(ret, ALLOWED_BYTES, "KEY=VALUE");
		return;
	case FIELD_SIZE:
	case FIELD_LINE:
		break;
	}
	snprintf(ret, ALLOWED_BYTES, "a line");
}

/* NULL for nothing. */
static const char *words_of_need(enum verb_need need)
{
	switch (need) {
	case NEED_NOTHING:
		break;
	case NEED_FINGER:
		return "fingerprints";
	case NEED_FACE:
		return "faces";
	case NEED_USERPIC:
		return "user pictures";
	case NEED_BIOPHOTO:
		return "biophotos";
	case NEED_BIODATA:
		return "biodata";
	}
	return NULL;
}

static void list_allowances(unsigned allowances, char *ret, size_t room)
{
	size_t len = 0;
	*ret = '\0';
	for (unsigned i = 0; i < ALLOWANCES; i++)
		if (allowances & 1u << i && len < room)
			len += (size_t)snprintf(ret + len, room - len, "%s%s", len ? " " : "",
				verb_allowance_key((enum verb_allowance)(1u << i)));
}

/* ---- for people ---- */

/* Of these the table's own words say it already. */
static bool is_said(enum field_kind kind)
{
	return kind == FIELD_NAME || kind == FIELD_CARD || kind == FIELD_OPTION ||
	       kind == FIELD_LINE;
}

static int put_field(struct buf *b, const struct verb_field *f)
{
	char allowed[ALLOWED_BYTES];
	put_allowed(f, allowed);
	int rc = buf_printf(b, "  %-12s %s", f->name, f->brief);
	if (rc == 0 && !is_said(f->kind))
		rc = buf_printf(b, "; %s", allowed);
	if (rc == 0 && f->required)
		rc = buf_add_str(b, "; required");
	else if (rc == 0 && f->preset && f->preset[0])
		rc = buf_printf(b, "; else %s", f->preset);
	if (rc == 0 && f->clears)
		rc = buf_add_str(b, "; empty clears it");
	return rc < 0 ? rc : buf_add_str(b, "\n");
}

static int put_needs(struct buf *b, const struct verb *v)
{
	char keys[96];
	const char *need = words_of_need(v->need);
	int rc = need ? buf_printf(b, "Only for devices with %s.\n", need) : 0;
	list_allowances(v->allowances, keys, sizeof(keys));
	if (rc == 0 && keys[0])
		rc = buf_printf(b, "Has to be allowed in punchd.conf: %s.\n", keys);
	if (rc == 0 && v->traits & VERB_NEVER_TWICE)
		rc = buf_add_str(b, "Is never handed out twice.\n");
	if (rc == 0 && v->expires_ms > 0)
		rc = buf_printf(b, "Expires after %llu s unless --expires says otherwise.\n",
			(unsigned long long)(v->expires_ms / 1000));
	return rc;
}

int command_put_fields(struct buf *b, const struct verb *v)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < v->field_count; i++)
		if (v->fields[i].name[0])
			rc = put_field(b, &v->fields[i]);
	return rc < 0 ? rc : put_needs(b, v);
}

static int print_verbs(void)
{
	struct buf b = buf_with_max(COMMAND_MORE_BYTES);
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < verb_count; i++) {
		buf_clear(&b);
		rc = command_put_fields(&b, &verbs[i]);
		printf("%s%s: %s\n%.*s", i ? "\n" : "", verbs[i].name, verbs[i].brief,
			SPAN_ARG(buf_span(&b)));
	}
	buf_free(&b);
	return rc;
}

void command_print_noun(const char *noun)
{
	size_t len = strlen(noun);
	printf("Usage: punchctl [-c FILE] %s VERB TARGET… [FIELD=VALUE…] [OPTION…]\n\n", noun);
	for (size_t i = 0; i < verb_count; i++) {
		const char *name = verbs[i].name, *dot = strchr(name, '.');
		if (strncmp(name, noun, len) == 0 && name[len] == '.')
			printf("  %-10s %s\n", dot + 1, verbs[i].brief);
		else if (dot && strcmp(noun, "query") == 0 && strcmp(dot, ".query") == 0)
			printf("  %-10.*s %s\n", (int)(dot - name), name, verbs[i].brief);
	}
	printf("\npunchctl %s VERB --help says more.\n", noun);
}

/* ---- for programs ---- */

enum { F_NAME, F_REQUIRED, F_SECRET, F_CLEARS, F_ALLOWED, F_PRESET, F_BRIEF, F_COLUMNS };

static const struct out_column field_columns[F_COLUMNS] = {
	[F_NAME] = {.key = "name"},
	[F_REQUIRED] = {.key = "required"},
	[F_SECRET] = {.key = "secret"},
	[F_CLEARS] = {.key = "clears"},
	[F_ALLOWED] = {.key = "allowed"},
	[F_PRESET] = {.key = "preset"},
	[F_BRIEF] = {.key = "brief"},
};

enum { NAME, WORDS, NEEDS, ALLOWANCE, EXPIRES, ONCE, BRIEF, FIELDS, COLUMNS };

static const struct out_column columns[COLUMNS] = {
	[NAME] = {.key = "verb"},
	[WORDS] = {.key = "words"},
	[NEEDS] = {.key = "needs"},
	[ALLOWANCE] = {.key = "allowance"},
	[EXPIRES] = {.key = "expires_s"},
	[ONCE] = {.key = "never_twice"},
	[BRIEF] = {.key = "brief"},
	[FIELDS] = {.key = "fields"},
};

struct verb_texts {
	char words[512], allowances[96], allowed[VERB_FIELDS_MAX][ALLOWED_BYTES];
	struct out_cell fields[VERB_FIELDS_MAX][F_COLUMNS];
};

static void field_cells(const struct verb_field *f, char *allowed, struct out_cell *cells)
{
	put_allowed(f, allowed);
	cells[F_NAME] = out_text(span_str(f->name));
	cells[F_REQUIRED] = out_truth(f->required);
	cells[F_SECRET] = out_truth(f->secret);
	cells[F_CLEARS] = out_truth(f->clears);
	cells[F_ALLOWED] = out_text(span_str(allowed));
	cells[F_PRESET] = cell_text(f->preset);
	cells[F_BRIEF] = cell_text(f->brief);
}

/* The fields that an operator gives: how many. Their words are "pin= name=". */
static size_t make_fields(const struct verb *v, struct verb_texts *t)
{
	size_t count = 0, len = 0;
	t->words[0] = '\0';
	for (size_t i = 0; i < v->field_count; i++) {
		const struct verb_field *f = &v->fields[i];
		if (!f->name[0])
			continue;
		field_cells(f, t->allowed[count], t->fields[count]);
		count++;
		if (f->key[0] && len < sizeof(t->words))
			len += (size_t)snprintf(t->words + len, sizeof(t->words) - len,
				"%s%s=", len ? " " : "", f->name);
	}
	return count;
}

static int put_verb(struct out *o, const struct verb *v)
{
	struct verb_texts t;
	struct out_rows fields = {field_columns, F_COLUMNS, t.fields[0], make_fields(v, &t)};
	list_allowances(v->allowances, t.allowances, sizeof(t.allowances));
	struct out_cell cells[COLUMNS] = {
		[NAME] = out_text(span_str(v->name)),
		[WORDS] = {.kind = OUT_WORDS, .text = span_str(t.words)},
		[NEEDS] = cell_text(words_of_need(v->need)),
		[ALLOWANCE] = cell_text(t.allowances),
		[ONCE] = out_truth(v->traits & VERB_NEVER_TWICE),
		[BRIEF] = out_text(span_str(v->brief)),
		[FIELDS] = {.kind = OUT_LIST, .rows = &fields},
	};
	if (v->expires_ms > 0)
		cells[EXPIRES] = out_number(v->expires_ms / 1000);
	return out_row(o, cells);
}

int command_verb_verbs(struct ask *a)
{
	struct out o;
	int rc = 0;
	if (a->format == OUT_TABLE)
		return print_verbs() < 0 ? fail(EX_OSERR, "out of memory") : EX_OK;
	out_begin(&o, stdout, a->format, columns, a->format == OUT_CSV ? FIELDS : COLUMNS);
	for (size_t i = 0; rc == 0 && i < verb_count; i++)
		rc = put_verb(&o, &verbs[i]);
	int end_rc = out_end(&o);
	return rc < 0 || end_rc < 0 ? fail_at(rc < 0 ? rc : end_rc, "list", "the verbs") : EX_OK;
}

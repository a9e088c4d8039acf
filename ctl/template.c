/* SPDX-License-Identifier: GPL-2.0-or-later */
/* template: fingerprints, faces and the like. Here: the table of verbs, and "ls". */
#include "ctl/template.h"

#include <errno.h>

#include "ctl/command.h"
#include "ctl/fail.h"
#include "ctl/flow.h"
#include "ctl/people.h"
#include "ctl/template_row.h"

struct listing {
	const struct ask *ask;
	struct flow flow;
	struct template_texts texts;
};

static int put_template(struct listing *l, const struct item *i, uint64_t bytes)
{
	struct out_cell cells[TEMPLATE_COLUMNS];
	if (l->ask->kind.len > 0 && !span_eq(l->ask->kind, i->ids[1]))
		return 0;
	if (i->flags & ITEM_DELETED && !l->ask->deleted)
		return 0;
	int rc = template_cells(i, bytes, &l->texts, cells);
	return rc < 0 ? rc : out_row(&l->flow.out, cells);
}

static int put_device(void *context, struct span serial, const struct pile *items)
{
	struct listing *l = context;
	int rc = 0;
	(void)serial;
	for (size_t i = 0; rc == 0 && i < items->count; i++)
		rc = put_template(l, &items->items[i], items->content_bytes[i]);
	int write_rc = flow_write(&l->flow);
	return rc < 0 ? rc : write_rc;
}

static int list(struct ask *a, struct records_reader *r)
{
	struct listing l = {.ask = a};
	int rc = flow_begin(&l.flow, a->format, template_columns, TEMPLATE_FILE, false);
	if (rc < 0)
		return rc;
	rc = people_each_device(a, r, ITEM_TEMPLATE, PILE_HEAD, put_device, &l);
	int end_rc = flow_end(&l.flow);
	template_texts_free(&l.texts);
	return rc < 0 ? rc : end_rc;
}

static int template_verb_ls(struct ask *a)
{
	struct records_reader *r = NULL;
	int code = people_open(a, &r);
	if (code == EX_OK)
		code = people_check_private(a, r);
	int rc = code == EX_OK ? list(a, r) : 0;
	records_close(r);
	return rc < 0 ? fail_at(rc, "list", "the templates") : code;
}

/* ---- the verbs ---- */

#define OPTION_KIND                                                                         \
	{                                                                                   \
		"kind", ASK_KIND, "KIND", 0,                                                \
			"Only finger, face, fingervein, palmvein, visible-face or palm", 10 \
	}

static const struct argp_option ls_options[] = {
	ASK_OPTION_SERIAL,
	ASK_OPTION_PIN,
	OPTION_KIND,
	ASK_OPTION_DELETED("Those as well that terminals have deleted"),
	ASK_OPTION_JSON,
	ASK_OPTION_CSV,
	ASK_OPTION_CONF,
	{0},
};
static const struct argp_option export_options[] = {
	ASK_OPTION_SERIAL,
	ASK_OPTION_PIN,
	OPTION_KIND,
	{"to", ASK_TO, "DIR", 0, "A file for each below DIR; else JSON lines with base64", 10},
	ASK_OPTION_REVEAL("Needed: a template is as good as the finger"),
	ASK_OPTION_JSON,
	ASK_OPTION_CSV,
	ASK_OPTION_CONF,
	{0},
};

static const struct ask_verb template_verbs[] = {
	{"ls", NULL, "List the templates, without themselves",
		"Example: punchctl template ls --pin 1001", ls_options, 0, 0, template_verb_ls},
	{"export", NULL, "Write the templates out",
		"A file is DIR/SERIAL/PIN_KIND_NUMBER_INDEX_VERSION.tpl and holds the template's "
		"bytes.\n\n"
		"Example: punchctl template export --pin 1001 --to templates --reveal",
		export_options, 0, 0, template_verb_export},
	{"import", "TARGET… FILE.tpl…", "Give devices templates that were exported",
		"What a template is is read from its file's name, as 'template export' makes it: "
		"PIN_KIND_NUMBER_INDEX_VERSION.tpl, KIND being finger, face, or bio and the "
		"vendor's number. Each becomes a finger.add, face.add or bio.add.\n\n"
		"Example: punchctl template import @Pune templates/*/1001_*.tpl --wait",
		command_options, 1, UINT32_MAX, template_verb_import},
	{0},
};

const struct noun noun_template = {"template", "Fingerprints, faces and the like of users",
	template_verbs, "punchctl template ls --pin 1001"};

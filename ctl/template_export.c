/* SPDX-License-Identifier: GPL-2.0-or-later */
/* template_export: into files, or as JSON lines. */
#include <errno.h>

#include "ctl/fail.h"
#include "ctl/flow.h"
#include "ctl/people.h"
#include "ctl/save.h"
#include "ctl/template.h"
#include "ctl/template_row.h"
#include "lib/base64.h"
#include "lib/io.h"

#define TEXT_MAX       ((size_t)64 * 1024 * 1024)
#define PATH_MAX_BYTES ((size_t)1024)

/* Behind the facts: which file it is in, or itself. */
#define COLUMNS   (TEMPLATE_COLUMNS + 1)
#define IN_BASE64 TEMPLATE_COLUMNS

struct exporting {
	const struct ask *ask;
	int dir; /* -1: JSON lines */
	struct flow flow;
	struct template_texts texts;
	struct buf text; /* the path, or base64 */
};

static int write_file(struct exporting *e, const struct item *i)
{
	buf_clear(&e->text);
	int rc = buf_printf(&e->text, "%.*s/", SPAN_ARG(i->serial));
	if (rc == 0)
		rc = template_put_name(&e->text, i);
	if (rc == 0)
		rc = buf_add(&e->text, "", 1);
	return rc < 0 ? rc : save_file(e->dir, e->text.ptr, item_content(i));
}

static int put_content(struct exporting *e, const struct item *i, struct out_cell *cells)
{
	int rc;
	if (e->dir >= 0) {
		rc = write_file(e, i);
		cells[TEMPLATE_FILE] = out_text(span_str(rc == 0 ? e->text.ptr : ""));
		return rc;
	}
	buf_clear(&e->text);
	rc = base64_put(&e->text, item_content(i));
	cells[IN_BASE64] = out_text(buf_span(&e->text));
	return rc;
}

static int export_one(struct exporting *e, const struct item *i, uint64_t bytes)
{
	struct out_cell cells[COLUMNS] = {{.kind = OUT_NONE}};
	if (i->flags & ITEM_DELETED || bytes == 0)
		return 0;
	if (e->ask->kind.len > 0 && !span_eq(e->ask->kind, i->ids[1]))
		return 0;
	int rc = template_cells(i, bytes, &e->texts, cells);
	if (rc == 0)
		rc = put_content(e, i, cells);
	if (save_left_out(rc, e->text.ptr))
		return 0;
	return rc < 0 ? rc : out_row(&e->flow.out, cells);
}

static int export_device(void *context, struct span serial, const struct pile *items)
{
	struct exporting *e = context;
	int rc = 0;
	(void)serial;
	for (size_t i = 0; rc == 0 && i < items->count; i++)
		rc = export_one(e, &items->items[i], items->content_bytes[i]);
	int write_rc = flow_write(&e->flow);
	return rc < 0 ? rc : write_rc;
}

static int export_all(struct ask *a, struct records_reader *r, int dir)
{
	struct out_column columns[COLUMNS];
	struct exporting e = {.ask = a, .dir = dir, .text = buf_with_max(TEXT_MAX)};
	memcpy(columns, template_columns, sizeof(template_columns));
	columns[IN_BASE64] = (struct out_column){.key = "template"};
	int rc = flow_begin(&e.flow, dir < 0 && a->format == OUT_TABLE ? OUT_JSON : a->format,
		columns, dir < 0 ? COLUMNS : TEMPLATE_COLUMNS, false);
	if (rc < 0)
		return rc;
	rc = people_each_device(a, r, ITEM_TEMPLATE, PILE_ALL, export_device, &e);
	int end_rc = flow_end(&e.flow);
	template_texts_free(&e.texts);
	buf_wipe(&e.text);
	buf_free(&e.text);
	return rc < 0 ? rc : end_rc;
}

int template_verb_export(struct ask *a)
{
	struct records_reader *r = NULL;
	int dir = -1;
	if (!a->reveal)
		return fail(EX_USAGE, "templates are written out with --reveal only");
	int code = people_open(a, &r);
	if (code == EX_OK)
		code = people_check_private(a, r);
	if (code == EX_OK && a->to)
		code = save_open(a->to, &dir);
	int rc = code == EX_OK ? export_all(a, r, dir) : 0;
	records_close(r);
	io_close(dir);
	return rc < 0 ? fail_at(rc, "export", a->to ? a->to : "the templates") : code;
}

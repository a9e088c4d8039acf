/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command brings about beside its result: uploads of what was asked for, and the file that
 * PutFile fetches piece by piece. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "tests/devsim/execute.h"
#include "tests/devsim/run.h"

#define UPLOAD_RECORDS 100U
#define UPLOAD_BYTES   (256U << 10)
#define PIECE          (32U << 10)
#define KEEP_BYTES     (4U << 20) /* a larger file is fetched and counted, but not kept */

void errand_punches(struct machine *machine, uint64_t first, uint64_t last, bool asked)
{
	machine->errand.kind = last > first ? ERRAND_PUNCHES : ERRAND_NONE;
	machine->errand.next = first;
	machine->errand.last = last;
	machine->errand.asked = asked;
}

static bool upload_punches(struct machine *machine, struct upload *upload)
{
	static struct bytes body, log;
	struct errand *errand = &machine->errand;
	uint64_t last = errand->next + UPLOAD_RECORDS;
	struct parcel parcel = {KIND_ROWS, "ATTLOG", errand->asked, &body, &log, NULL, 0, 0};

	if (errand->next == errand->last) {
		return false;
	}
	last = last < errand->last ? last : errand->last;
	body.len = 0;
	log.len = 0;
	made_punches(&body, ledger_wanted() ? &log : NULL, machine->device, errand->next, last);
	parcel.records = (uint32_t)(last - errand->next);
	errand->next = last;
	upload_parcel(upload, machine->device, &parcel);
	return true;
}

static bool upload_photo(struct machine *machine, struct upload *upload)
{
	static struct bytes body;
	struct parcel parcel = {
		KIND_ROWS, "ATTPHOTO", true, &body, NULL, made_picture(), settings.photo_bytes, 1};

	body.len = 0;
	made_body(&body, NULL, machine->device, KIND_PHOTO, 0);
	upload_parcel(upload, machine->device, &parcel);
	machine->errand.kind = ERRAND_NONE;
	return true;
}

/* A user's line has all of the old fields, whichever he came with. */
static void add_line(struct bytes *body, const struct row *row)
{
	static const char *const always[] = {"Name=", "Pri=0", "Passwd=", "Card=", "Grp=1", "TZ="};
	struct text fields = {row->fields, row->len};
	struct text value;
	char key[8];

	bytes_text(body, table_forms[row->table].line);
	bytes_char(body, ' ');
	bytes_add(body, fields.at, fields.len);
	for (size_t i = 0; row->table == TABLE_USER && i < sizeof(always) / sizeof(always[0]);
		i++) {
		size_t len = strcspn(always[i], "=");

		memcpy(key, always[i], len);
		key[len] = 0;
		if (!fields_get(fields, key, &value)) {
			bytes_char(body, '\t');
			bytes_text(body, always[i]);
		}
	}
	bytes_char(body, '\n');
}

/* Rows of one kind in one upload, unless all go to OPERLOG. */
static bool upload_rows(struct machine *machine, struct upload *upload)
{
	static struct bytes body;
	struct model *model = &machine->model;
	bool operlog = !machine->errand.asked || faults.operlog;
	struct parcel parcel = {KIND_ROWS, NULL, machine->errand.asked, &body, NULL, NULL, 0, 0};
	enum table table = TABLES;

	body.len = 0;
	for (size_t i = 0;
		i < model->count && parcel.records < UPLOAD_RECORDS && body.len < UPLOAD_BYTES;
		i++) {
		struct row *row = &model->rows[i];

		if (!row->due || (table != TABLES && row->table != table && !operlog)) {
			continue;
		}
		table = row->table;
		row->due = false;
		add_line(&body, row);
		parcel.records++;
	}
	if (table == TABLES) {
		return false;
	}
	parcel.table = operlog ? "OPERLOG" : table_forms[table].name;
	upload_parcel(upload, machine->device, &parcel);
	return true;
}

bool errand_upload(struct machine *machine, struct upload *upload)
{
	struct errand *errand = &machine->errand;
	bool made = false;

	switch (errand->kind) {
	case ERRAND_NONE:
		break;
	case ERRAND_ROWS:
		made = upload_rows(machine, upload);
		break;
	case ERRAND_PUNCHES:
		made = upload_punches(machine, upload);
		break;
	case ERRAND_PHOTO:
		return upload_photo(machine, upload);
	case ERRAND_FILE:
		upload_fetch(upload, errand->target, errand->next, PIECE);
		return true;
	}
	if (!made) {
		errand->kind = ERRAND_NONE;
	}
	return made;
}

/* As FOLDER/SERIAL-NAME, for those who want to see whether it is whole. */
static void lay_down(const struct machine *machine)
{
	const struct errand *errand = &machine->errand;
	const char *slash = strrchr(errand->path, '/');
	char serial[SERIAL_MAX + 1], path[512];
	FILE *file;

	device_serial(machine->device, serial);
	snprintf(path, sizeof(path), "%s/%s-%s", faults.files_dir, serial,
		slash ? slash + 1 : errand->path);
	file = fopen(path, "we");
	if (!file ||
		fwrite(errand->content.data, 1, errand->content.len, file) != errand->content.len ||
		fclose(file) != 0) {
		die(EX_CANTCREAT, "%s: %s", path, strerror(errno));
	}
}

static void fetch_end(struct machine *machine, int64_t code)
{
	struct errand *errand = &machine->errand;

	if (code > 0 && errand->next == errand->content.len &&
		!model_put(&machine->model, TABLE_FILE, errand->path,
			(struct text){errand->content.data, errand->content.len})) {
		code = RETURN_FULL;
	}
	if (code > 0 && faults.files_dir) {
		lay_down(machine);
	}
	machine->result.code = code;
	free(errand->target);
	bytes_free(&errand->content);
	*errand = (struct errand){0};
}

static void take_piece(struct errand *errand, const struct reply *reply)
{
	if (errand->next == errand->content.len && errand->next < KEEP_BYTES) {
		bytes_add(&errand->content, reply_body(reply), reply->body_len);
	}
	errand->next += reply->body_len;
}

bool errand_cut(struct machine *machine, const struct reply *reply)
{
	if (!reply->head_done || reply->status != 206 || reply->body_len == 0 ||
		reply->body_len > PIECE) {
		return false;
	}
	take_piece(&machine->errand, reply);
	return true;
}

/* Only a 206 will do; a piece that is short, or no piece where one could begin, is the end. */
bool errand_fetched(struct machine *machine, const struct reply *reply)
{
	struct errand *errand = &machine->errand;

	if (reply->status == 416 && errand->next > 0) {
		fetch_end(machine, (int64_t)errand->next);
		return true;
	}
	if (reply->status != 206 || reply->body_len == 0 || reply->body_len > PIECE) {
		fetch_end(machine, RETURN_NOTHING);
		return true;
	}
	take_piece(errand, reply);
	if (reply->body_len == PIECE) {
		return false;
	}
	fetch_end(machine, (int64_t)errand->next);
	return true;
}

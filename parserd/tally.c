/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tally: see the header. */
#include "parserd/tally.h"

#include "lib/log.h"

void tally_add(struct tally *sum, const struct tally *t)
{
	sum->punches += t->punches;
	for (size_t i = 0; i < ROW_KINDS; i++)
		sum->rows[i] += t->rows[i];
	sum->raw += t->raw;
	sum->duplicates += t->duplicates;
	sum->refused += t->refused;
	sum->empty += t->empty;
}

static const char *rows_name(enum row_kind kind)
{
	static const char *const names[ROW_KINDS] = {
		[ROW_USER] = "users",
		[ROW_TEMPLATE] = "templates",
		[ROW_PICTURE] = "pictures",
		[ROW_OPERATION] = "operations",
		[ROW_ERROR] = "errors",
		[ROW_EVENT] = "events",
		[ROW_MESSAGE] = "messages",
		[ROW_MESSAGE_USER] = "message_users",
		[ROW_WORKCODE] = "workcodes",
		[ROW_IDCARD] = "idcards",
		[ROW_OPTION] = "options",
		[ROW_PHOTO] = "photos",
		[ROW_IMAGE] = "images",
	};

	return names[kind];
}

uint64_t tally_records(const struct tally *t)
{
	uint64_t records = t->punches;

	for (size_t i = 0; i < ROW_KINDS; i++)
		records += t->rows[i];
	return records;
}

#define SUM_FIELDS 7

void tally_log(const struct tally *sum, uint64_t files, uint64_t entries)
{
	struct log_field fields[SUM_FIELDS + 1 + ROW_KINDS] = {
		LOG_NUM("files", files),
		LOG_NUM("entries", entries),
		LOG_NUM("records", tally_records(sum)),
		LOG_NUM("duplicates", sum->duplicates),
		LOG_NUM("bad", sum->refused),
		LOG_NUM("raw", sum->raw),
		LOG_NUM("empty", sum->empty),
	};
	size_t count = SUM_FIELDS;

	if (sum->punches > 0)
		fields[count++] = (struct log_field)LOG_NUM("punches", sum->punches);
	for (size_t i = 0; i < ROW_KINDS; i++)
		if (sum->rows[i] > 0)
			fields[count++] = (struct log_field)LOG_NUM(
				rows_name((enum row_kind)i), sum->rows[i]);
	log_event(LOG_LEVEL_INFO, "stored", fields, count);
}

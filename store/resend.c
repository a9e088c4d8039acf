/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resend: the tables that a device can be asked to send again. */
#include "store/control.h"

const struct resend_table resend_tables[RESEND_TABLES] = {
	{RESEND_ATTLOG, "ATTLOG", "attlog"},
	{RESEND_OPERLOG, "OPERLOG", "operlog"},
	{RESEND_ATTPHOTO, "ATTPHOTO", "attphoto"},
};

unsigned resend_bit(struct span name)
{
	for (size_t i = 0; i < RESEND_TABLES; i++)
		if (span_is(name, resend_tables[i].name))
			return resend_tables[i].bit;
	return 0;
}

static int put_words(struct buf *b, uint64_t tables, bool for_people)
{
	const char *blank = "";
	int rc = 0;

	for (const struct resend_table *t = resend_tables; t < resend_tables + RESEND_TABLES; t++) {
		if (!(tables & t->bit))
			continue;
		if (rc == 0)
			rc = buf_printf(b, "%s%s", blank, for_people ? t->word : t->name);
		blank = " ";
	}
	return rc;
}

int resend_put_names(struct buf *b, uint64_t tables)
{
	return put_words(b, tables, false);
}

int resend_put_words(struct buf *b, uint64_t tables)
{
	return put_words(b, tables, true);
}

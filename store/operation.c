/* SPDX-License-Identifier: GPL-2.0-or-later */
/* operation: a line of the operation log taken apart, and what its code means.
 * docs/PROTOCOL.md 8 */
#include <stdio.h>

#include "lib/num.h"
#include "store/logbook.h"

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

bool operation_read(struct span line, struct operation *ret)
{
	struct span fields[7] = {{NULL, 0}};

	for (size_t i = 0; i < COUNT(fields) && span_next(&line, '\t', &fields[i]); i++)
		;
	fields[0] = span_trim(fields[0]);
	if (fields[0].len == 0)
		return false;
	*ret = (struct operation){
		.code = fields[0],
		.admin = fields[1],
		.time = fields[2],
		.operands = {fields[3], fields[4], fields[5], fields[6]},
	};
	return true;
}

/* ---- in words ---- */

struct meaning {
	uint32_t number;
	const char *words;
};

static const struct meaning codes[] = {
	{0, "switched on"},
	{1, "switched off"},
	{2, "verification failed"},
	{3, "alarm"},
	{4, "menu entered"},
	{5, "setting changed"},
	{6, "finger enrolled"},
	{7, "password enrolled"},
	{8, "HID card enrolled"},
	{9, "user deleted"},
	{10, "finger deleted"},
	{11, "password deleted"},
	{12, "card deleted"},
	{13, "data cleared"},
	{14, "Mifare card made"},
	{15, "Mifare card enrolled"},
	{16, "Mifare card registered"},
	{17, "Mifare card's registration removed"},
	{18, "Mifare card emptied"},
	{19, "data moved to Mifare card"},
	{20, "data copied from Mifare card"},
	{21, "clock set"},
	{22, "factory reset"},
	{23, "records deleted"},
	{24, "admins cleared"},
	{25, "access group changed"},
	{26, "user's access changed"},
	{27, "access time period changed"},
	{28, "unlock combination changed"},
	{29, "unlocked"},
	{30, "user enrolled"},
	{31, "finger's attribute changed"},
	{32, "duress alarm"},
	{34, "anti-passback"},
	{35, "photos deleted"},
	{36, "user changed"},
	{65, "face enrolled"},
	{66, "face changed"},
	{68, "photo enrolled"},
	{69, "photo changed"},
	{70, "name"},
	{71, "privilege"},
	{101, "face"},
	{114, "face"},
};

static const struct meaning alarms[] = {
	{50, "alarm: door closed"},
	{51, "alarm: door opened"},
	{53, "alarm: exit button"},
	{54, "alarm: door forced"},
	{55, "alarm: device tampered"},
	{58, "alarm: repeated failures"},
	{65535, "alarm cancelled"},
};

#define CODE_ALARM 3

static const char *find(const struct meaning *table, size_t count, uint64_t number)
{
	for (size_t i = 0; i < count; i++)
		if (table[i].number == number)
			return table[i].words;
	return NULL;
}

static const char *alarm_words(struct span o1)
{
	uint64_t number;
	const char *words = NULL;

	if (num_u64(span_trim(o1), 0, UINT32_MAX, &number) == 0)
		words = find(alarms, COUNT(alarms), number);
	return words != NULL ? words : "alarm";
}

const char *operation_words(const struct operation *o, char room[static OPERATION_WORDS_BYTES])
{
	uint64_t number;

	if (num_u64(o->code, 0, UINT32_MAX, &number) < 0)
		return "code that is no number";
	if (number == CODE_ALARM)
		return alarm_words(o->operands[0]);
	const char *words = find(codes, COUNT(codes), number);
	if (words != NULL)
		return words;
	snprintf(room, OPERATION_WORDS_BYTES, "code %u", (unsigned)number);
	return room;
}

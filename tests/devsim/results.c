/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Results: kept until the server has taken them, and written in each of the forms that terminals
 * use, or in one that they should not. docs/PROTOCOL.md 4 */
#include <stdlib.h>
#include <string.h>

#include "tests/devsim/execute.h"

#define BATCH 100U

struct faults faults;

void results_add(struct results *results, const struct result *result)
{
	if (results->count == results->cap) {
		size_t cap = results->cap ? results->cap * 2 : 2;
		struct result *list = must_alloc(cap, sizeof(*list));

		if (results->count > 0) {
			memcpy(list, results->list, results->count * sizeof(*list));
		}
		free(results->list);
		results->list = list;
		results->cap = cap;
	}
	results->list[results->count++] = *result;
}

static void add_line_end(struct bytes *body)
{
	bytes_text(body, faults.crlf ? "\r\n" : "\n");
}

/* With --wrong-id an id that was not given: the one that was named, or the next. */
static void add_id(struct bytes *body, const struct result *result)
{
	struct text id = text_of(result->id);
	uint64_t number;

	if (!faults.wrong_id || result->number == 0) {
		bytes_text(body, result->id);
	} else if (*faults.wrong_id) {
		bytes_text(body, faults.wrong_id);
	} else if (text_number(id, &number)) {
		bytes_number(body, number + 1, 1);
	} else {
		bytes_text(body, "1");
	}
}

static void add_line_form(struct bytes *body, const struct result *result)
{
	bytes_text(body, "ID=");
	add_id(body, result);
	if (faults.wrong_sn) {
		bytes_format(body, "&SN=%s", faults.wrong_sn);
	}
	bytes_format(body, "&Return=%lld", (long long)result->code);
	if (!faults.no_echo || result->form == RESULT_INFO) {
		bytes_format(body, "&CMD=%s", result->echo);
	}
	if (result->form == RESULT_LINE) {
		bytes_add(body, result->more.data, result->more.len);
	}
	add_line_end(body);
	if (result->form == RESULT_INFO) {
		bytes_add(body, result->more.data, result->more.len);
	}
}

/* The lines in the order that firmware was seen to send them in, which differs. */
static void add_block_form(struct bytes *body, const struct result *result, const char *serial)
{
	const char *filename = faults.filename ? faults.filename : result->filename;
	const char *end = faults.crlf ? "\r\n" : "\n";
	bool shell = strcmp(result->echo, "Shell") == 0;

	bytes_text(body, "ID=");
	add_id(body, result);
	bytes_format(body, "%sSN=%s%s", end, faults.wrong_sn ? faults.wrong_sn : serial, end);
	if (shell) {
		bytes_format(body, "Return=%lld%sCMD=Shell%sFILENAME=%s%s", (long long)result->code,
			end, end, filename, end);
	} else {
		bytes_format(body, "FILENAME=%s%sCMD=%s%sReturn=%lld%s", filename, end,
			result->echo, end, (long long)result->code, end);
	}
	bytes_text(body, "Content=");
	bytes_add(body, result->more.data, result->more.len);
}

/* Content of --big-result, the same for all. */
static const char *big_content(void)
{
	static char *content;

	if (!content) {
		content = must_alloc(faults.big_result, 1);
		for (uint32_t i = 0; i < faults.big_result; i++) {
			content[i] = (char)(i * 2654435761U >> 24);
		}
	}
	return content;
}

/* A result with content goes alone: nothing else could follow it. */
static size_t batch_len(const struct results *results)
{
	size_t len = 0;

	if (results->list[0].form != RESULT_LINE || !faults.together) {
		return 1;
	}
	while (len < results->count && len < BATCH && results->list[len].form == RESULT_LINE) {
		len++;
	}
	return len;
}

void results_post(struct results *results, const struct device *device, struct parcel *ret_parcel)
{
	static struct bytes body, log;
	char serial[SERIAL_MAX + 1];
	size_t count = batch_len(results);
	bool block = results->list[0].form == RESULT_BLOCK;

	device_serial(device, serial);
	body.len = 0;
	log.len = 0;
	for (size_t i = 0; i < count; i++) {
		const struct result *result = &results->list[faults.reversed ? count - 1 - i : i];

		if (block) {
			add_block_form(&body, result, serial);
		} else {
			add_line_form(&body, result);
		}
		bytes_format(&log, "%s\t%s\t%lld\n", serial, result->id, (long long)result->code);
	}
	if (!block && faults.no_last_lf) {
		body.len -= faults.crlf ? 2 : 1;
	}
	*ret_parcel = (struct parcel){
		.kind = KIND_RESULT, .body = &body, .log = &log, .records = (uint32_t)count};
	if (block && faults.big_result > 0) {
		ret_parcel->tail = big_content();
		ret_parcel->tail_len = faults.big_result;
	}
	results->in_flight = count;
}

bool results_posted(const struct results *results, uint64_t number)
{
	for (size_t i = 0; i < results->in_flight; i++) {
		if (results->list[i].number == number) {
			return true;
		}
	}
	return false;
}

void results_acked(struct results *results)
{
	for (size_t i = 0; i < results->in_flight; i++) {
		bytes_free(&results->list[i].more);
	}
	results->count -= results->in_flight;
	memmove(results->list, results->list + results->in_flight,
		results->count * sizeof(*results->list));
	results->in_flight = 0;
}

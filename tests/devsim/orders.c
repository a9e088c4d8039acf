/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: read from a poll's reply, kept until they are carried out. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tests/devsim/run.h"

static bool knows(const struct orders *orders, const struct results *results, const char *id)
{
	for (size_t i = orders->next; i < orders->count; i++) {
		if (strcmp(orders->list[i].id, id) == 0) {
			return true;
		}
	}
	for (size_t i = 0; i < results->count; i++) {
		if (strcmp(results->list[i].id, id) == 0) {
			return true;
		}
	}
	return false;
}

static struct order *add(struct orders *orders)
{
	if (orders->count == orders->cap) {
		size_t cap = orders->cap ? orders->cap * 2 : 2;
		struct order *list = must_alloc(cap, sizeof(*list));

		if (orders->count > 0) {
			memcpy(list, orders->list, orders->count * sizeof(*list));
		}
		free(orders->list);
		orders->list = list;
		orders->cap = cap;
	}
	orders->list[orders->count] = (struct order){0};
	return &orders->list[orders->count++];
}

/* C:<id>:<command> */
static bool read_line(struct text line, struct text *ret_id, struct text *ret_command)
{
	struct text id = {line.at + 2, 0};

	if (line.len < 5 || line.at[0] != 'C' || line.at[1] != ':') {
		return false;
	}
	while (id.len < line.len - 2 && isalnum((unsigned char)id.at[id.len])) {
		id.len++;
	}
	if (id.len == 0 || id.len > ID_MAX || id.len + 3 >= line.len || id.at[id.len] != ':') {
		return false;
	}
	*ret_id = id;
	*ret_command = (struct text){id.at + id.len + 1, line.len - id.len - 3};
	return true;
}

size_t orders_read(struct orders *orders, const struct results *results, struct text body,
	uint64_t received_us)
{
	struct text line, id, command;
	size_t fresh = 0;

	while (text_next(&body, '\n', &line)) {
		char name[ID_MAX + 1] = "";
		struct order *order;

		if (!read_line(line, &id, &command)) {
			continue;
		}
		memcpy(name, id.at, id.len);
		if (knows(orders, results, name)) {
			continue;
		}
		order = add(orders);
		memcpy(order->id, name, sizeof(name));
		bytes_add(&order->command, command.at, command.len);
		order->received_us = received_us;
		fresh++;
	}
	return fresh;
}

bool orders_take(struct orders *orders, struct order *ret_order)
{
	if (orders->next == orders->count) {
		return false;
	}
	*ret_order = orders->list[orders->next++];
	if (orders->next == orders->count) {
		free(orders->list);
		*orders = (struct orders){0};
	}
	return true;
}

size_t orders_left(const struct orders *orders)
{
	return orders->count - orders->next;
}

size_t orders_lose(struct orders *orders)
{
	struct order order;
	size_t lost = 0;

	while (orders_take(orders, &order)) {
		bytes_free(&order.command);
		lost++;
	}
	return lost;
}

static void add_escaped(struct bytes *out, struct text text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c == '\t') {
			bytes_text(out, "\\t");
		} else if (c == '\\') {
			bytes_text(out, "\\\\");
		} else if (c < ' ' || c >= 0x7f) {
			bytes_format(out, "\\x%02x", c);
		} else {
			bytes_char(out, (char)c);
		}
	}
}

void orders_log(const struct device *device, const struct order *order, int64_t code)
{
	static struct bytes line;
	char serial[SERIAL_MAX + 1];

	if (!settings.exec_path) {
		return;
	}
	device_serial(device, serial);
	line.len = 0;
	bytes_format(&line, "%s\t%s\t%lld\t", serial, order->id, (long long)code);
	add_escaped(&line, (struct text){order->command.data, order->command.len});
	bytes_format(&line, "\t%llu\n", (unsigned long long)order->received_us);
	ledger_executed(&line);
}

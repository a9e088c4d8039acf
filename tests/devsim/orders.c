/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: read from a poll's reply, kept until their results are acknowledged. */
#include "tests/devsim/devsim.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 100U

static const char info_text[] =
	"~DeviceName=devsim\nMAC=00:17:61:00:00:01\nTransactionCount=0\n"
	"UserCount=0\nFPCount=0\nFaceCount=0\nLanguage=69\nIPAddress=127.0.0.1\n"
	"FWVersion=ZMM510-NF24VB-Ver1.3.13\nPushVersion=Ver 2.0.33S-20220623\n";

static bool orders_know(const struct orders *orders, const char *id)
{
	for (size_t i = 0; i < orders->count; i++) {
		if (strcmp(orders->list[i].id, id) == 0) {
			return true;
		}
	}
	return false;
}

static void orders_add(struct orders *orders, const struct order *order)
{
	if (orders->count == orders->cap) {
		size_t cap = orders->cap ? orders->cap * 2 : 8;
		struct order *list = must_alloc(cap, sizeof(*list));

		if (orders->count > 0) {
			memcpy(list, orders->list, orders->count * sizeof(*list));
		}
		free(orders->list);
		orders->list = list;
		orders->cap = cap;
	}
	orders->list[orders->count++] = *order;
}

/* C:<id>:<command>; the echo of a command is its first word. */
static bool read_line(const char *line, size_t len, struct order *ret_order)
{
	struct order order = {0};
	size_t id_len = 0;
	size_t word_len = 0;

	if (len < 5 || line[0] != 'C' || line[1] != ':') {
		return false;
	}
	line += 2;
	len -= 2;
	while (id_len < len && isalnum((unsigned char)line[id_len])) {
		id_len++;
	}
	if (id_len == 0 || id_len >= sizeof(order.id) || id_len == len || line[id_len] != ':') {
		return false;
	}
	memcpy(order.id, line, id_len);
	line += id_len + 1;
	len -= id_len + 1;
	while (word_len < len && word_len < sizeof(order.word) - 1 &&
		isgraph((unsigned char)line[word_len])) {
		word_len++;
	}
	memcpy(order.word, line, word_len);
	order.info = strcmp(order.word, "INFO") == 0;
	*ret_order = order;
	return true;
}

/* Returns how many commands are new: one that waits for its result already is not taken twice. */
size_t orders_read(struct orders *orders, const char *body, size_t len)
{
	const char *end = body + len;
	size_t fresh = 0;

	while (body < end) {
		const char *lf = memchr(body, '\n', (size_t)(end - body));
		const char *line_end = lf ? lf : end;
		struct order order;

		if (read_line(body, (size_t)(line_end - body), &order) &&
			!orders_know(orders, order.id)) {
			orders_add(orders, &order);
			fresh++;
		}
		body = lf ? lf + 1 : end;
	}
	return fresh;
}

/* Writes the next POST of results and returns how many are in it. INFO's has a block and goes
 * alone. */
uint32_t orders_answer(struct orders *orders, const struct device *device, int64_t code,
	struct bytes *body, struct bytes *log)
{
	char serial[SERIAL_MAX + 1];
	size_t at = 0;

	device_serial(device, serial);
	while (at < orders->count && at < BATCH && (at == 0 || !orders->list[at].info)) {
		const struct order *order = &orders->list[at++];

		bytes_format(body, "ID=%s&Return=%lld&CMD=%s\n", order->id, (long long)code,
			order->word);
		bytes_format(log, "%s\t%s\t%lld\n", serial, order->id, (long long)code);
		if (order->info) {
			bytes_text(body, info_text);
			break;
		}
	}
	orders->in_flight = at;
	return (uint32_t)at;
}

/* The results of the last orders_answer() are the server's now. */
void orders_acked(struct orders *orders)
{
	orders->count -= orders->in_flight;
	memmove(orders->list, orders->list + orders->in_flight,
		orders->count * sizeof(*orders->list));
	orders->in_flight = 0;
}

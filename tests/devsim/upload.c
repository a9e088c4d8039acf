/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The requests of a terminal, in the words of its dialect, and what it takes for an
 * acknowledgement. */
#include "tests/devsim/question.h"

#include <stdio.h>
#include <string.h>

static bool uses_old_cursors(const struct device *device)
{
	return device->old_cursors || settings.dialect == DIALECT_OLD ||
	       settings.dialect == DIALECT_OLDEST;
}

static const char *script_of(const struct device *device, enum kind kind)
{
	switch (kind) {
	case KIND_POLL:
		return "getrequest";
	case KIND_RESULT:
		return "devicecmd";
	case KIND_REGISTRY:
		return "registry";
	case KIND_PHOTO:
		return uses_old_cursors(device) ? "fdata" : "cdata";
	default:
		return "cdata";
	}
}

/* New firmware: what the server sent, or 9999. Old firmware: the time of the newest record as a ZK
 * number. */
static void add_stamp(struct bytes *out, const struct device *device, const char *old_name)
{
	bool old = uses_old_cursors(device);
	uint32_t stamp = device->stamp ? device->stamp : 9999;

	bytes_char(out, '&');
	bytes_text(out, old ? old_name : "Stamp");
	bytes_char(out, '=');
	bytes_number(out, old ? when_zk(made_last_when(device)) : stamp, 1);
}

static void add_table(
	struct bytes *out, const struct device *device, const char *table, const char *old_name)
{
	if (settings.dialect != DIALECT_OLDEST) {
		bytes_text(out, "&table=");
		bytes_text(out, table);
	}
	add_stamp(out, device, old_name);
}

/* The oldest dialect names the picture in the target: it is the first line of the body. */
static void add_photo_target(
	struct bytes *out, const struct device *device, const struct bytes *body)
{
	if (settings.dialect == DIALECT_OLDEST && body->len > 4) {
		bytes_text(out, "&PIN=");
		bytes_add(out, body->data + 4, strcspn(body->data + 4, "\n"));
	}
	add_table(out, device, "ATTPHOTO", "PhotoStamp");
}

static void add_query(
	struct bytes *out, struct device *device, enum kind kind, const struct bytes *body)
{
	switch (kind) {
	case KIND_HANDSHAKE:
		facts_hello(out);
		break;
	case KIND_POLL:
		facts_poll(out, device);
		break;
	case KIND_ATTLOG:
		if (settings.dialect == DIALECT_ACC) {
			bytes_text(out, "&table=rtlog");
		} else {
			add_table(out, device, "ATTLOG", "Stamp");
		}
		break;
	case KIND_OPERLOG:
		add_table(out, device, "OPERLOG", "OpStamp");
		break;
	case KIND_BIODATA:
		bytes_text(out, "&table=BIODATA");
		add_stamp(out, device, "Stamp");
		break;
	case KIND_OPTIONS:
		bytes_text(out, "&table=options");
		break;
	case KIND_PHOTO:
		add_photo_target(out, device, body);
		break;
	case KIND_RESULT:
	case KIND_REGISTRY:
	case KIND_ROWS:
	case KIND_FILE:
	case KIND_QUESTION:
	case KIND_MIXED:
		break;
	}
}

/* What was asked for carries the stamp 0, which no server keeps. */
static void add_parcel_query(
	struct bytes *out, const struct device *device, const struct parcel *parcel)
{
	bytes_text(out, "&table=");
	bytes_text(out, parcel->table);
	if (parcel->stamp_0) {
		bytes_text(out, "&Stamp=0");
	} else {
		add_stamp(out, device, strcmp(parcel->table, "OPERLOG") == 0 ? "OpStamp" : "Stamp");
	}
}

static void add_headers(struct bytes *out, bool post, const char *more, uint64_t body_len)
{
	bytes_text(out, settings.http10 ? " HTTP/1.0\r\nHost: " : " HTTP/1.1\r\nHost: ");
	bytes_text(out, settings.target.host);
	bytes_text(out, "\r\nUser-Agent: iClock Proxy/1.09\r\nConnection: ");
	bytes_text(out, settings.keep_alive ? "keep-alive" : "close");
	bytes_text(out, "\r\nAccept: */*\r\n");
	bytes_text(out, more ? more : "");
	if (post) {
		if (settings.dialect == DIALECT_NEW || settings.dialect == DIALECT_ASPX) {
			bytes_text(out, "Content-Type: application/push;charset=UTF-8\r\n");
		}
		bytes_text(out, "Content-Length: ");
		bytes_number(out, body_len, 1);
		bytes_text(out, "\r\n");
	}
	bytes_text(out, "\r\n");
}

/* Up to the serial. */
static void add_target(
	struct bytes *out, const struct device *device, const char *script, bool post)
{
	char serial[SERIAL_MAX + 1];
	size_t serial_len = device_serial(device, serial);

	bytes_text(out, post ? "POST /iclock/" : "GET /iclock/");
	bytes_text(out, script);
	bytes_text(out, settings.dialect == DIALECT_ASPX ? ".aspx?SN=" : "?SN=");
	bytes_add(out, serial, serial_len);
}

static void assemble(struct upload *upload, struct device *device, const struct bytes *body,
	const struct parcel *parcel)
{
	bool post = upload->kind != KIND_POLL && upload->kind != KIND_HANDSHAKE;
	struct bytes *out = &upload->bytes;

	out->len = 0;
	add_target(out, device, script_of(device, upload->kind), post);
	if (parcel && parcel->table) {
		add_parcel_query(out, device, parcel);
	} else {
		add_query(out, device, upload->kind, body);
	}
	add_headers(out, post, NULL, body->len + upload->tail_len);
	bytes_add(out, body->data, body->len);
}

/* Makes the device's next request of this kind. It is then sent, byte for byte, until it is
 * acknowledged. */
void upload_make(struct upload *upload, struct device *device, enum kind kind, uint32_t records)
{
	static struct bytes body;
	bool has_records = kind == KIND_ATTLOG || kind == KIND_OPERLOG || kind == KIND_RESULT ||
			   kind == KIND_BIODATA;

	body.len = 0;
	upload->log.len = 0;
	upload->kind = kind;
	upload->records = has_records ? records : kind == KIND_PHOTO;
	upload->tail = kind == KIND_PHOTO ? made_picture() : NULL;
	upload->tail_len = kind == KIND_PHOTO ? settings.photo_bytes : 0;
	made_body(&body, ledger_wanted() ? &upload->log : NULL, device, kind, upload->records);
	assemble(upload, device, &body, NULL);
}

void upload_parcel(struct upload *upload, struct device *device, const struct parcel *parcel)
{
	upload->log.len = 0;
	if (parcel->log) {
		bytes_add(&upload->log, parcel->log->data, parcel->log->len);
	}
	upload->kind = parcel->kind;
	upload->records = parcel->records;
	upload->tail = parcel->tail;
	upload->tail_len = parcel->tail_len;
	assemble(upload, device, parcel->body, parcel);
}

/* Without anything that is to be kept. */
static void begin_request(struct upload *upload, enum kind kind)
{
	upload->log.len = 0;
	upload->kind = kind;
	upload->records = 0;
	upload->tail = NULL;
	upload->tail_len = 0;
	upload->bytes.len = 0;
}

void upload_question(struct upload *upload, struct device *device, const struct request *request)
{
	const struct bytes *body = request->body;

	begin_request(upload, KIND_QUESTION);
	add_target(&upload->bytes, device, request->script, body != NULL);
	bytes_add(&upload->bytes, request->query->data, request->query->len);
	add_headers(&upload->bytes, body != NULL, NULL, body ? body->len : 0);
	if (body) {
		bytes_add(&upload->bytes, body->data, body->len);
	}
}

void upload_fetch(struct upload *upload, const char *target, uint64_t from, uint64_t len)
{
	char range[64];

	snprintf(range, sizeof(range), "Range: bytes=%llu-%llu\r\n", (unsigned long long)from,
		(unsigned long long)(from + len - 1));
	begin_request(upload, KIND_FILE);
	bytes_text(&upload->bytes, "GET ");
	bytes_text(&upload->bytes, target);
	add_headers(&upload->bytes, false, range, 0);
}

static bool hello_accepted(const struct reply *reply)
{
	if (settings.dialect == DIALECT_ACC && reply->status == 200 &&
		(reply_contains(reply, "registry=ok") || reply_contains(reply, "OK"))) {
		return true;
	}
	return reply->status == 200 && reply_contains(reply, "GET OPTION FROM") &&
	       (reply_contains(reply, "Stamp") || reply_contains(reply, "ServerVer"));
}

bool upload_accepted(const struct upload *upload, const struct reply *reply)
{
	switch (upload->kind) {
	case KIND_HANDSHAKE:
		return hello_accepted(reply);
	case KIND_POLL:
		return reply->status == 200 &&
		       (reply_contains(reply, "OK") || reply_contains(reply, "C:"));
	case KIND_REGISTRY:
		return reply->status == 200;
	case KIND_FILE: /* any answer is one */
		return true;
	case KIND_QUESTION:
		return question_verdict(upload->asks, reply) == VERDICT_YES;
	case KIND_ATTLOG:
		return reply_acknowledges(reply, upload->records, settings.dialect != DIALECT_ACC);
	case KIND_OPERLOG:
	case KIND_BIODATA:
	case KIND_ROWS:
		return reply_acknowledges(reply, upload->records, false);
	default:
		return reply->status == 200 && reply_contains(reply, "OK");
	}
}

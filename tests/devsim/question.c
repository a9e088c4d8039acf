/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a terminal asks: each question in the words of its generation, and what the answer says.
 * docs/PROTOCOL.md 6 */
#include "tests/devsim/question.h"

#include <string.h>

static const struct form {
	const char *name, *script, *query;
	bool post, pin, value;
	const char *yes; /* what a good answer begins with */
} forms[] = {
	[ASK_ATTENDANCE] = {"attendance", "cdata", NULL, false, true, false,
		"DATA UPDATE USERINFO PIN="},
	[ASK_CARD] = {"card", "cdata", "&AuthType=CARD", true, false, true, "AUTH=Success\t"},
	[ASK_PWD] = {"pwd", "cdata", "&AuthType=PWD", true, true, true, "AUTH=Success\t"},
	[ASK_FP] = {"fp", "cdata", "&AuthType=FP", true, true, true, "AUTH=Success\t"},
	[ASK_FACE] = {"face", "cdata", "&AuthType=FACE", true, true, true, "AUTH=Success\t"},
	[ASK_PING] = {"ping", "ping", "", false, false, false, "OK"},
	[ASK_TIME] = {"time", "rtdata", "&type=time", false, false, false, "DateTime="},
	[ASK_EXCHANGE] = {"exchange", "exchange", "&type=publickey", true, false, false, NULL},
};

bool question_read(const char *words, struct question *ret)
{
	struct text rest = text_of(words), name;
	uint64_t number;

	if (!text_next(&rest, ':', &name)) {
		return false;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct question q = {.kind = (enum ask)i};

		if (!text_is(name, forms[i].name)) {
			continue;
		}
		if (forms[i].pin && (!text_next(&rest, ':', &q.pin) || q.pin.len == 0)) {
			return false;
		}
		q.value = rest;
		*ret = q;
		return forms[i].value == (rest.len > 0) &&
		       (q.kind != ASK_CARD || text_number(rest, &number));
	}
	return false;
}

/* docs/PROTOCOL.md 5, 12: the decimal number; that of the bytes the other way round, four of them
 * or as many as it has; or five of them in hex, the low one first or the high one. */
static void add_card(struct bytes *to, struct text decimal)
{
	uint64_t number = 0, turned = 0;

	text_number(decimal, &number);
	switch (settings.card) {
	case CARD_DECIMAL:
		bytes_add(to, decimal.at, decimal.len);
		break;
	case CARD_TURNED:
		for (size_t i = 0; i < 4 || number > 0; i++, number >>= 8) {
			turned = turned << 8 | (number & 0xFF);
		}
		bytes_number(to, turned, 1);
		break;
	case CARD_HEX:
		bytes_char(to, '[');
		for (size_t i = 0; i < 5; i++, number >>= 8) {
			bytes_format(to, "%02X", (unsigned)(number & 0xFF));
		}
		bytes_char(to, ']');
		break;
	case CARD_HEX_HIGH:
		bytes_format(to, "[%010llX]", (unsigned long long)number);
		break;
	}
}

/* A card is shown without a PIN being typed: that is 0. */
static void add_body(struct bytes *body, const struct question *q)
{
	static struct bytes value;
	struct text pin = q->pin.len > 0 ? q->pin : text_of("0");

	value.len = 0;
	if (q->kind == ASK_CARD) {
		add_card(&value, q->value);
	} else {
		bytes_add(&value, q->value.at, q->value.len);
	}
	bytes_format(body, "PIN=%.*s\tSize=%zu\tTMP=", (int)pin.len, pin.at, value.len);
	bytes_add(body, value.data, value.len);
}

void question_make(struct upload *upload, struct device *device, const struct question *q)
{
	static struct bytes query, body;
	const struct form *form = &forms[q->kind];
	bool old = settings.dialect == DIALECT_OLD || settings.dialect == DIALECT_OLDEST;

	query.len = 0;
	body.len = 0;
	bytes_text(&query, form->query ? form->query : (old ? "&PIN=" : "&table=RemoteAtt&PIN="));
	if (!form->query) {
		bytes_add(&query, q->pin.at, q->pin.len);
	}
	if (form->value) {
		add_body(&body, q);
	}
	upload_question(
		upload, device, &(struct request){form->script, &query, form->post ? &body : NULL});
	upload->asks = q->kind;
}

/* Whom tests/bench/fill_people makes, number `n` from 0. */
static uint64_t made_number(enum ask kind, uint64_t n)
{
	return kind == ASK_CARD ? (n + 1) * 2654435761U & UINT32_MAX : 1000001 + n;
}

void question_made(struct upload *upload, struct device *device, enum ask kind, uint64_t person)
{
	static struct bytes number;
	struct question q = {.kind = kind};

	number.len = 0;
	bytes_number(&number, made_number(kind, person), 1);
	*(kind == ASK_CARD ? &q.value : &q.pin) = (struct text){number.data, number.len};
	question_make(upload, device, &q);
}

enum verdict question_verdict(enum ask kind, const struct reply *reply)
{
	const char *yes = forms[kind].yes;
	struct text body = {reply_body(reply), reply->body_len};

	if (kind == ASK_EXCHANGE) {
		return reply->status == 404 ? VERDICT_NO : VERDICT_ODD;
	}
	if (reply->status != 200) {
		return VERDICT_ODD;
	}
	if (body.len >= strlen(yes) && memcmp(body.at, yes, strlen(yes)) == 0) {
		return VERDICT_YES;
	}
	/* docs/PROTOCOL.md 0.6: what does not end with LF is not read. */
	return text_is(body, "NONE\n") || text_is(body, "AUTH=Failed\n") ? VERDICT_NO : VERDICT_ODD;
}

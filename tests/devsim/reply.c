/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads an HTTP reply as it arrives: the head, then the body by length, in chunks or up to the end
 * of the stream. */
#include "tests/devsim/devsim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the next byte of a chunked body belongs to. */
enum chunk_part {
	CHUNK_SIZE,
	CHUNK_EXTENSION,
	CHUNK_DATA,
	CHUNK_DATA_END,
	CHUNK_TRAILER,
	CHUNK_LINE
};

/* Forgets the last reply and keeps its memory, unless that was large. */
void reply_reset(struct reply *reply, size_t max, bool no_body)
{
	struct bytes in = reply->in;

	if (in.cap > 16384) {
		bytes_free(&in);
	}
	in.len = 0;
	*reply = (struct reply){.in = in, .max = max, .no_body = no_body};
}

/* Length of the head with its blank line, 0 when it is not complete. Bare LF is borne with. */
static size_t find_head_end(const struct reply *reply)
{
	const char *data = reply->in.data;
	const char *end = data + reply->in.len;
	const char *at = data + (reply->next > 3 ? reply->next - 3 : 0);

	for (;;) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));

		if (!lf) {
			return 0;
		}
		if (lf + 1 < end && lf[1] == '\n') {
			return (size_t)(lf + 2 - data);
		}
		if (lf + 2 < end && lf[1] == '\r' && lf[2] == '\n') {
			return (size_t)(lf + 3 - data);
		}
		at = lf + 1;
	}
}

/* The value of a header line if it has this name. */
static const char *header_value(
	const char *line, const char *line_end, const char *name, size_t *ret_len)
{
	size_t name_len = strlen(name);

	if ((size_t)(line_end - line) <= name_len || line[name_len] != ':' ||
		strncasecmp(line, name, name_len) != 0) {
		return NULL;
	}
	line += name_len + 1;
	while (line < line_end && (*line == ' ' || *line == '\t')) {
		line++;
	}
	while (line < line_end && (line_end[-1] == '\r' || line_end[-1] == ' ')) {
		line_end--;
	}
	*ret_len = (size_t)(line_end - line);
	return line;
}

static bool value_has(const char *value, size_t len, const char *word)
{
	size_t word_len = strlen(word);

	for (size_t i = 0; i + word_len <= len; i++) {
		if (strncasecmp(value + i, word, word_len) == 0) {
			return true;
		}
	}
	return false;
}

static int read_length(struct reply *reply, const char *value, size_t len)
{
	uint64_t number = 0;

	for (size_t i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9' || number > UINT32_MAX) {
			return -EPROTO;
		}
		number = number * 10 + (uint64_t)(value[i] - '0');
	}
	if (len == 0) {
		return -EPROTO;
	}
	reply->left = number;
	reply->body = BODY_LENGTH;
	return 0;
}

static int read_header(struct reply *reply, const char *line, const char *line_end)
{
	const char *value;
	size_t len;

	value = header_value(line, line_end, "Content-Length", &len);
	if (value && reply->body != BODY_CHUNKED) {
		return read_length(reply, value, len);
	}
	value = header_value(line, line_end, "Transfer-Encoding", &len);
	if (value && value_has(value, len, "chunked")) {
		reply->body = BODY_CHUNKED;
		return 0;
	}
	value = header_value(line, line_end, "Connection", &len);
	if (value) {
		if (value_has(value, len, "close")) {
			reply->close = true;
		} else if (value_has(value, len, "keep-alive")) {
			reply->close = false;
		}
	}
	return 0;
}

static int read_status(struct reply *reply, const char *line, const char *line_end)
{
	if (line_end - line < 12 || memcmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ') {
		return -EPROTO;
	}
	reply->status = 0;
	for (int i = 9; i < 12; i++) {
		if (line[i] < '0' || line[i] > '9') {
			return -EPROTO;
		}
		reply->status = reply->status * 10 + (line[i] - '0');
	}
	reply->close = line[7] == '0';
	return 0;
}

static int read_head(struct reply *reply)
{
	const char *line = reply->in.data;
	const char *end = line + reply->head_len;
	const char *lf = memchr(line, '\n', reply->head_len);
	int err = lf ? read_status(reply, line, lf) : -EPROTO;

	reply->body = BODY_TO_EOF;
	while (err == 0 && lf && lf + 1 < end) {
		line = lf + 1;
		lf = memchr(line, '\n', (size_t)(end - line));
		if (lf) {
			err = read_header(reply, line, lf);
		}
	}
	if (reply->no_body || reply->status == 204 || reply->status == 304) {
		reply->body = BODY_NONE;
	} else if (reply->body == BODY_TO_EOF) {
		reply->close = true;
	}
	return err;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int chunk_size_byte(struct reply *reply, char c)
{
	int digit = hex_digit(c);

	if (c == '\n') {
		reply->chunk = reply->left ? CHUNK_DATA : CHUNK_LINE;
	} else if (c == ';' || c == '\r') {
		reply->chunk = CHUNK_EXTENSION;
	} else if (digit < 0 || reply->left > UINT32_MAX) {
		return -EPROTO;
	} else {
		reply->left = reply->left * 16 + (uint64_t)digit;
	}
	return 0;
}

/* Decodes in place: what is decoded is never longer than what it came from. */
static int feed_chunked(struct reply *reply)
{
	char *data = reply->in.data;
	char *out = data + reply->head_len + reply->body_len;
	size_t len = reply->in.len;
	size_t at = reply->next;
	int err = 0;

	for (; at < len && !reply->done && err == 0; at++) {
		char c = data[at];

		switch ((enum chunk_part)reply->chunk) {
		case CHUNK_SIZE:
			err = chunk_size_byte(reply, c);
			break;
		case CHUNK_EXTENSION:
			if (c == '\n') {
				reply->chunk = reply->left ? CHUNK_DATA : CHUNK_LINE;
			}
			break;
		case CHUNK_DATA:
			*out++ = c;
			if (--reply->left == 0) {
				reply->chunk = CHUNK_DATA_END;
			}
			break;
		case CHUNK_DATA_END:
			if (c == '\n') {
				reply->chunk = CHUNK_SIZE;
			}
			break;
		case CHUNK_LINE: /* the start of a trailer line, or the end */
			if (c == '\n') {
				reply->done = true;
			} else if (c != '\r') {
				reply->chunk = CHUNK_TRAILER;
			}
			break;
		case CHUNK_TRAILER:
			if (c == '\n') {
				reply->chunk = CHUNK_LINE;
			}
			break;
		}
	}
	reply->body_len = (size_t)(out - data) - reply->head_len;
	reply->in.len = reply->head_len + reply->body_len;
	reply->next = reply->in.len;
	return err;
}

static int feed_body(struct reply *reply)
{
	size_t fresh = reply->in.len - reply->next;

	switch (reply->body) {
	case BODY_NONE:
		reply->done = true;
		break;
	case BODY_LENGTH:
		if (fresh > reply->left) {
			fresh = (size_t)reply->left;
		}
		reply->left -= fresh;
		reply->done = reply->left == 0;
		reply->body_len += fresh;
		reply->next += fresh;
		break;
	case BODY_CHUNKED:
		return feed_chunked(reply);
	case BODY_TO_EOF:
		reply->body_len += fresh;
		reply->next += fresh;
		break;
	}
	return 0;
}

/* The caller has put `len` more bytes behind reply->in and made in.len include them. */
int reply_feed(struct reply *reply)
{
	int err;

	while (!reply->head_done) {
		reply->head_len = find_head_end(reply);
		if (reply->head_len == 0) {
			reply->next = reply->in.len;
			return reply->in.len > 65536 ? -EPROTO : 0;
		}
		err = read_head(reply);
		if (err < 0) {
			return err;
		}
		if (reply->status >= 200) {
			reply->head_done = true;
			reply->next = reply->head_len;
			break;
		}
		/* An interim reply, 100 Continue: the real one follows. */
		reply->saw_continue = true;
		reply->in.len -= reply->head_len;
		memmove(reply->in.data, reply->in.data + reply->head_len, reply->in.len);
		reply->next = 0;
	}
	err = feed_body(reply);
	if (err == 0 && !reply->done && reply->in.len > reply->max) {
		err = -EMSGSIZE;
	}
	return err;
}

/* The server closed: that ends a body without a length, and breaks every other. */
int reply_eof(struct reply *reply)
{
	if (!reply->done && !(reply->head_done && reply->body == BODY_TO_EOF)) {
		return reply->in.len > 0 ? -EPROTO : -ECONNRESET;
	}
	reply->done = true;
	return 0;
}

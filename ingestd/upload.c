/* SPDX-License-Identifier: GPL-2.0-or-later */
/* upload: see upload.h. */
#include "ingestd/upload.h"

#include <errno.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/io.h"

#define IN_MEMORY_MAX (256u * 1024) /* a body above this goes to disk as it arrives */
#define HEAD_ROOM     320           /* enough for most heads */
#define TRUSTED_MAX   (16u * 1024)  /* of an announced length */
#define TAIL_BYTES    16

static void charge(struct upload *u)
{
	u->budget->used_bytes += u->bytes.room - u->charged_bytes;
	u->charged_bytes = u->bytes.room;
}

/* The texts of the request live only as long as the library's buffers do. */
static int copy_texts(struct upload *u, const struct spool_entry *head)
{
	u->text = buf_with_max(SPOOL_HEAD_MAX);
	int rc = buf_reserve(&u->text, head->serial.len + head->peer.len + head->target.len);
	if (rc == 0)
		rc = buf_add_span(&u->text, head->serial);
	if (rc == 0)
		rc = buf_add_span(&u->text, head->peer);
	if (rc == 0)
		rc = buf_add_span(&u->text, head->target);
	if (rc < 0)
		return rc;
	struct span all = buf_span(&u->text);
	u->entry = *head;
	u->entry.serial = span_of(all.ptr, head->serial.len);
	u->entry.peer = span_of(all.ptr + head->serial.len, head->peer.len);
	u->entry.target = span_from(all, head->serial.len + head->peer.len);
	return 0;
}

int upload_begin(struct upload *u, const struct spool *s, struct upload_budget *budget,
	const struct spool_entry *head, uint64_t length_hint)
{
	u->spool = s;
	u->budget = budget;
	u->item.draft.fd = -1;
	u->bytes = buf_with_max(SPOOL_HEAD_MAX + IN_MEMORY_MAX + TAIL_BYTES);
	int rc = copy_texts(u, head);
	/* For most uploads the only allocation. A client only says that so much will come: more
	 * than a little is not set aside for its word. */
	size_t room = HEAD_ROOM + (length_hint < TRUSTED_MAX ? (size_t)length_hint : TRUSTED_MAX);
	if (rc == 0 && budget->used_bytes + room <= budget->max_bytes)
		rc = buf_reserve(&u->bytes, room);
	if (rc == 0)
		rc = spool_entry_put_head(&u->bytes, &u->entry);
	u->head_bytes = u->bytes.len;
	charge(u);
	if (rc < 0)
		upload_drop(u);
	return rc;
}

static bool fits_memory(const struct upload *u, size_t more)
{
	size_t len = u->bytes.len + more + TAIL_BYTES;
	if (len > u->bytes.max)
		return false;
	return len <= u->bytes.room || u->budget->used_bytes + len <= u->budget->max_bytes;
}

/* From memory to a draft: what is there is written, and only the head is kept. */
static int spill(struct upload *u)
{
	int rc = spool_draft_open(u->spool, &u->item.draft);
	if (rc < 0) {
		u->item.draft.fd = -1;
		return rc;
	}
	rc = io_write_all(u->item.draft.fd, buf_span(&u->bytes));
	if (rc < 0)
		return rc;
	struct buf head = buf_with_max(SPOOL_HEAD_MAX);
	rc = buf_add(&head, u->bytes.ptr, u->head_bytes);
	if (rc < 0)
		return rc;
	u->body_crc = (uint32_t)crc32_z(
		0, (const Bytef *)u->bytes.ptr + u->head_bytes, u->bytes.len - u->head_bytes);
	buf_free(&u->bytes);
	u->bytes = head;
	charge(u);
	return 0;
}

static int add(struct upload *u, struct span piece)
{
	if (u->body_bytes + piece.len > u->body_max_bytes)
		return -EMSGSIZE;
	if (u->counts_lines) {
		route_count(&u->lines, piece);
		if (u->lines.count > u->lines_max)
			return -EMSGSIZE;
	}
	int rc = 0;
	if (u->item.draft.fd < 0 && !fits_memory(u, piece.len))
		rc = spill(u);
	if (rc == 0 && u->item.draft.fd < 0) {
		rc = buf_add_span(&u->bytes, piece);
		charge(u);
	} else if (rc == 0) {
		rc = io_write_all(u->item.draft.fd, piece);
		u->body_crc = (uint32_t)crc32_z(u->body_crc, (const Bytef *)piece.ptr, piece.len);
	}
	u->body_bytes += piece.len;
	return rc;
}

void upload_add(struct upload *u, struct span piece)
{
	if (u->error == 0)
		u->error = add(u, piece);
	if (u->error && u->item.draft.fd >= 0)
		spool_draft_drop(u->spool, &u->item.draft);
}

static uint32_t crc_of(struct span s)
{
	return (uint32_t)crc32_z(0, (const Bytef *)s.ptr, s.len);
}

static int end_in_memory(struct upload *u)
{
	int rc = spool_entry_put_tail(&u->bytes, crc_of(buf_span(&u->bytes)));
	charge(u);
	u->item.bytes = buf_span(&u->bytes);
	return rc;
}

/* The head was written with length 0; now that it is known, it is written again. */
static int end_in_draft(struct upload *u)
{
	int fd = u->item.draft.fd;
	struct span head = buf_span(&u->bytes);
	uLong crc = crc32_combine(crc_of(head), u->body_crc, (z_off_t)u->body_bytes);
	struct buf tail = buf_with_max(TAIL_BYTES);
	int rc = spool_entry_put_tail(&tail, (uint32_t)crc);
	if (rc == 0)
		rc = io_write_all(fd, buf_span(&tail));
	if (rc == 0 && pwrite(fd, head.ptr, head.len, 0) != (ssize_t)head.len)
		rc = -EIO;
	buf_free(&tail);
	return rc;
}

int upload_end(struct upload *u)
{
	if (u->error == 0)
		u->error = spool_entry_set_length(u->bytes.ptr, u->head_bytes, u->body_bytes);
	if (u->error == 0)
		u->error = u->item.draft.fd < 0 ? end_in_memory(u) : end_in_draft(u);
	return u->error;
}

void upload_drop(struct upload *u)
{
	spool_draft_drop(u->spool, &u->item.draft);
	u->budget->used_bytes -= u->charged_bytes;
	u->charged_bytes = 0;
	buf_free(&u->bytes);
	buf_free(&u->text);
}

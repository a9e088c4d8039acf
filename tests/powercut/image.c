/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image: see the header. */
#include "tests/powercut/image.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define BLOCK  ((size_t)4096)
#define SECTOR ((size_t)512)

/* ---- the recording ---- */

static int open_or_end(const char *path, size_t *ret_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		err(EX_NOINPUT, "%s", path);
	*ret_bytes = (size_t)st.st_size;
	return fd;
}

static void *zeros(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		err(EX_OSERR, "memory");
	return at;
}

/* The image is sparse, and so is what is made of it. */
static uint8_t *read_base(const char *path, size_t *ret_bytes)
{
	int fd = open_or_end(path, ret_bytes);
	uint8_t *base = zeros(*ret_bytes);
	off_t end = 0;

	for (off_t at; (at = lseek(fd, end, SEEK_DATA)) >= 0;) {
		end = lseek(fd, at, SEEK_HOLE);
		while (at < end) {
			ssize_t got = pread(fd, base + at, (size_t)(end - at), at);
			if (got <= 0)
				err(EX_IOERR, "%s", path);
			at += got;
		}
	}
	close(fd);
	return base;
}

static size_t count_events(const uint8_t *log, size_t bytes, struct event *ret_events)
{
	size_t count = 0;
	struct log_head head;

	for (size_t at = 0; at < bytes; at += sizeof(head) + head.bytes, count++) {
		memcpy(&head, log + at, sizeof(head));
		if (ret_events)
			ret_events[count] = (struct event){
				head.kind, head.bytes, head.offset, log + at + sizeof(head)};
	}
	return count;
}

struct recording recording_open(const char *base_path, const char *log_path)
{
	struct recording r;
	size_t log_bytes;
	int fd = open_or_end(log_path, &log_bytes);
	const uint8_t *log = mmap(NULL, log_bytes, PROT_READ, MAP_SHARED, fd, 0);

	if (log == MAP_FAILED)
		err(EX_NOINPUT, "%s", log_path);
	close(fd);
	r.base = read_base(base_path, &r.disk_bytes);
	r.count = count_events(log, log_bytes, NULL);
	r.events = zeros((r.count + 1) * sizeof(*r.events));
	(void)count_events(log, log_bytes, r.events);
	return r;
}

/* ---- the disk's platter and its cache ---- */

static bool is_zero(const uint8_t *block)
{
	return block[0] == 0 && memcmp(block, block + 1, BLOCK - 1) == 0;
}

void image_open(struct image *i, const struct recording *r)
{
	*i = (struct image){.recording = r, .durable = r->base};
	i->used = zeros(r->disk_bytes / BLOCK);
	i->unflushed = zeros((r->count + 1) * sizeof(*i->unflushed));
	for (size_t b = 0; b < r->disk_bytes / BLOCK; b++)
		i->used[b] = !is_zero(i->durable + b * BLOCK);
	(void)madvise(r->base, r->disk_bytes, MADV_DONTFORK);
	(void)madvise(i->used, r->disk_bytes / BLOCK, MADV_DONTFORK);
	i->fd = memfd_create("disk", MFD_CLOEXEC);
	if (i->fd < 0 || ftruncate(i->fd, (off_t)r->disk_bytes) < 0)
		err(EX_OSERR, "a disk in memory");
}

static void flush(struct image *i)
{
	for (size_t k = 0; k < i->unflushed_count; k++) {
		const struct event *e = &i->recording->events[i->unflushed[k]];
		memcpy(i->durable + e->offset, e->bytes, e->len);
		for (size_t b = e->offset / BLOCK; b * BLOCK < e->offset + e->len; b++)
			i->used[b] = true;
	}
	i->unflushed_count = 0;
}

void image_take(struct image *i)
{
	const struct event *e = &i->recording->events[i->next];

	if (e->kind == LOG_WRITE && e->offset + e->len > i->recording->disk_bytes)
		errx(EX_DATAERR, "event %zu writes behind the disk's end", i->next);
	if (e->kind == LOG_WRITE)
		i->unflushed[i->unflushed_count++] = i->next;
	else if (e->kind == LOG_FLUSH)
		flush(i);
	i->next++;
}

/* ---- the disk that is mounted ---- */

static void put(const struct image *i, const uint8_t *bytes, size_t len, uint64_t offset)
{
	while (len > 0) {
		ssize_t n = pwrite(i->fd, bytes, len, (off_t)offset);
		if (n <= 0)
			err(EX_IOERR, "the disk in memory");
		bytes += n;
		len -= (size_t)n;
		offset += (size_t)n;
	}
}

/* The first block from `at` on of which `used` is `wanted`. */
static size_t find_block(const struct image *i, size_t at, size_t end, bool wanted)
{
	while (at < end && i->used[at] != wanted)
		at++;
	return at;
}

/* What the last mount wrote where there is nothing now becomes a hole again. */
static void clear_unused(const struct image *i)
{
	off_t end = 0;

	for (off_t at; (at = lseek(i->fd, end, SEEK_DATA)) >= 0;) {
		end = lseek(i->fd, at, SEEK_HOLE);
		size_t last = (size_t)end / BLOCK;
		for (size_t b = (size_t)at / BLOCK; b < last;) {
			size_t from = find_block(i, b, last, false);
			b = find_block(i, from, last, true);
			if (b > from &&
				fallocate(i->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					(off_t)(from * BLOCK), (off_t)((b - from) * BLOCK)) < 0)
				err(EX_IOERR, "the disk in memory");
		}
	}
}

static void put_durable(const struct image *i)
{
	size_t end = i->recording->disk_bytes / BLOCK;

	for (size_t b = 0; b < end;) {
		size_t from = find_block(i, b, end, true);
		b = find_block(i, from, end, false);
		put(i, i->durable + from * BLOCK, (b - from) * BLOCK, from * BLOCK);
	}
}

/* xorshift: the same bits for the same point, on every machine. */
static bool toss(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state >> 32 & 1) != 0;
}

static void put_some(const struct image *i, const struct event *e, size_t piece, uint64_t *state)
{
	for (size_t at = 0; at < e->len; at += piece)
		if (toss(state))
			put(i, e->bytes + at, e->len - at < piece ? e->len - at : piece,
				e->offset + at);
}

void image_cut(struct image *i, enum cut cut, uint64_t seed)
{
	uint64_t state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);

	clear_unused(i);
	put_durable(i);
	for (size_t k = 0; cut != CUT_LOST && k < i->unflushed_count; k++) {
		const struct event *e = &i->recording->events[i->unflushed[k]];
		size_t piece = cut == CUT_BLOCKS ? BLOCK : SECTOR;
		if (cut == CUT_IN_ORDER)
			put(i, e->bytes, e->len, e->offset);
		else
			put_some(i, e, piece, &state);
	}
}

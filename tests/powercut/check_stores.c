/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_stores: what the daemons made of it, when they have worked all of it off. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/conf.h"
#include "lib/io.h"
#include "lib/num.h"
#include "store/command.h"
#include "store/logbook.h"
#include "tests/powercut/promise.h"

#define PHOTO_MAX ((size_t)1 << 20)

struct seen {
	const struct promises *promises;
	size_t made;
	const char *state_dir;
	unsigned char *times; /* of each PIN, how often */
	const struct promise **owner;
	struct store_sizes sizes;
};

static void must(int rc, const char *what)
{
	if (rc < 0)
		objection("unreadable: %s: %s", what, strerror(-rc));
}

static void *room_for(size_t count, size_t bytes)
{
	void *at = calloc(count, bytes);

	must(at ? 0 : -ENOMEM, "memory");
	return at;
}

/* ---- punches ---- */

static bool same_time(const struct clock_local *a, const struct clock_local *b)
{
	return clock_local_seconds(a) == clock_local_seconds(b);
}

static int count_punch(void *context, const struct punch *p)
{
	struct seen *s = context;
	uint64_t pin;

	s->sizes.punches++;
	/* What came after the last promise is nobody's. */
	if (num_u64(p->pin, 0, s->promises->last_pin, &pin) < 0)
		return 0;
	const struct promise *owner = s->owner[pin];
	s->times[pin]++;
	if (owner && !(span_is(p->serial, owner->serial) && same_time(&p->time, &owner->time)))
		objection("wrong: the punch of PIN %llu is not as it was sent",
			(unsigned long long)pin);
	return 0;
}

static void check_punches(struct seen *s, const char *where)
{
	for (size_t i = 0; i < s->made; i++) {
		const struct promise *p = &s->promises->list[i];
		uint64_t end = p->kind == PROMISE_PUNCHES ? p->first_pin + p->pins : 0;
		for (uint64_t pin = p->first_pin; pin < end; pin++)
			if (s->times[pin] == 0)
				objection("lost: the punch of PIN %llu, promised by event %zu, is "
					  "not in %s",
					(unsigned long long)pin, p->event, where);
	}
	for (uint64_t pin = 0; pin <= s->promises->last_pin; pin++)
		if (s->times[pin] > 1)
			objection("double: the punch of PIN %llu is %u times in %s",
				(unsigned long long)pin, s->times[pin], where);
	memset(s->times, 0, s->promises->last_pin + 1);
}

static void own_pins(struct seen *s)
{
	for (size_t i = 0; i < s->made; i++) {
		const struct promise *p = &s->promises->list[i];
		uint64_t end = p->kind == PROMISE_PUNCHES ? p->first_pin + p->pins : 0;
		for (uint64_t pin = p->first_pin; pin < end; pin++)
			s->owner[pin] = p;
	}
}

static void check_all_punches(struct seen *s, struct records_reader *r)
{
	const struct punch_query all = {.limit = 0};

	own_pins(s);
	must(records_punches(r, &all, count_punch, s), "the punches");
	check_punches(s, "the records");
	s->sizes.punches = 0;
	must(records_follow(r, 0, &all, count_punch, s), "the journal");
	check_punches(s, "the journal");
}

/* ---- photos ---- */

static void check_photo_file(const struct seen *s, const struct photo *p)
{
	struct buf path = buf_with_max(4096), bytes = buf_with_max(PHOTO_MAX);
	unsigned char digest[KEPT_DIGEST_BYTES];

	must(buf_printf(&path, "%s/" CONF_PHOTOS "/", s->state_dir), "a photo's path");
	struct buf below = buf_with_max(4096);
	must(photo_path(p, &below), "a photo's path");
	must(buf_printf(&path, "%.*s%c", SPAN_ARG(buf_span(&below)), '\0'), "a photo's path");
	int fd = open(path.ptr, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int rc = fd < 0 ? -errno : io_read_all(fd, &bytes);
	if (rc < 0)
		objection("lost: the file of photo %s: %s", p->name, strerror(-rc));
	crypto_generichash(
		digest, sizeof(digest), (const unsigned char *)bytes.ptr, bytes.len, NULL, 0);
	if (memcmp(digest, p->digest, sizeof(digest)) != 0)
		objection("torn: the file of photo %s, %zu bytes", p->name, bytes.len);
	io_close(fd);
	buf_free(&bytes);
	buf_free(&below);
	buf_free(&path);
}

static int count_photo(void *context, const struct photo *photo)
{
	struct seen *s = context;
	char digest[KEPT_HEX_BYTES];

	s->sizes.photos++;
	check_photo_file(s, photo);
	kept_hex(photo->digest, digest);
	for (size_t i = 0; i < s->made; i++) {
		struct promise *p = &s->promises->list[i];
		p->found += p->kind == PROMISE_PHOTO && strcmp(p->digest, digest) == 0 &&
			    span_is(photo->serial, p->serial) && same_time(&photo->time, &p->time);
	}
	return 0;
}

/* ---- commands ---- */

/* What a result brought along is a file of its own, which its command names. */
static void check_content(const struct seen *s, const struct command *c)
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/" CONF_CONTENT "/%llu", s->state_dir,
		(unsigned long long)c->id);
	if (stat(path, &st) < 0 || (uint64_t)st.st_size != c->content_bytes)
		objection("lost: the content of command %llu", (unsigned long long)c->id);
}

static int count_command(void *context, const struct command *c)
{
	struct seen *s = context;

	s->sizes.commands++;
	if (c->content_bytes > 0)
		check_content(s, c);
	for (size_t i = 0; i < s->made; i++) {
		struct promise *p = &s->promises->list[i];
		p->found +=
			(p->kind == PROMISE_ORDER && strcmp(p->entry, c->order) == 0) ||
			(p->kind == PROMISE_RESULT && p->command == c->id && c->has_return &&
				c->return_code == p->return_code &&
				strcmp(p->serial, c->serial) == 0 && !command_is_open(c->state));
	}
	return 0;
}

static int count_device(void *context, const struct device *d)
{
	const struct seen *s = context;

	for (size_t i = 0; i < s->made; i++) {
		struct promise *p = &s->promises->list[i];
		p->found += p->kind == PROMISE_APPROVAL && strcmp(p->serial, d->serial) == 0 &&
			    d->state == DEVICE_APPROVED;
	}
	return 0;
}

static void check_found(const struct seen *s)
{
	static const char *const words[] = {"punches", "photo", "order", "result", "approval"};

	for (size_t i = 0; i < s->made; i++) {
		const struct promise *p = &s->promises->list[i];
		if (p->kind != PROMISE_PUNCHES && p->found != 1)
			objection("%s: the %s that event %zu promised is %u times in the stores",
				p->found == 0 ? "lost" : "double", words[p->kind], p->event,
				p->found);
	}
}

/* ---- both stores ---- */

static void look_into_records(struct seen *s)
{
	char path[512], private_path[512];
	const struct punch_query all = {.limit = 0};
	struct records_reader *r;
	struct records_counts counts;

	snprintf(path, sizeof(path), "%s/" CONF_RECORDS, s->state_dir);
	snprintf(private_path, sizeof(private_path), "%s/" CONF_PRIVATE, s->state_dir);
	must(records_open(path, &r), "the records");
	must(records_open_private(r, private_path), "the private records");
	check_all_punches(s, r);
	must(records_photos(r, &all, count_photo, s), "the photos");
	must(records_count(r, &counts), "the records");
	s->sizes.journal = counts.journal;
	records_close(r);
}

static void look_into_control(struct seen *s)
{
	char path[512];
	const struct command_query all = {.limit = 0};
	struct control_reader *r;

	snprintf(path, sizeof(path), "%s/" CONF_CONTROL, s->state_dir);
	must(control_open(path, &r), "the control store");
	must(control_devices(r, count_device, s), "the devices");
	must(control_commands(r, &all, count_command, s), "the commands");
	control_close(r);
}

struct store_sizes check_stores(const struct promises *p, size_t made, const char *state_dir)
{
	struct seen s = {.promises = p, .made = made, .state_dir = state_dir};

	s.times = room_for(p->last_pin + 1, 1);
	s.owner = room_for(p->last_pin + 1, sizeof(struct promise *));
	for (size_t i = 0; i < made; i++)
		p->list[i].found = 0;
	look_into_records(&s);
	look_into_control(&s);
	check_found(&s);
	free(s.times);
	free(s.owner);
	return s.sizes;
}

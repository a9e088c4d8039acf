/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration: a file is taken without a word or refused with one, no line of it is passed
 * over in silence, and what was taken can be written down and taken again. */
#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/conf_key.h"
#include "lib/io.h"
#include "tests/fuzz/fuzz.h"

#define TEXT_MAX ((size_t)1024 * 1024)

/* conf_load of a file with these bytes; whatever it said on stderr is taken away and counted. */
static int load(struct span text, struct conf *ret, size_t *ret_said)
{
	static int file_fd = -1;
	FILE *was = stderr;
	char path[32], *said = NULL;
	int rc;

	if (file_fd < 0)
		file_fd = memfd_create("conf", MFD_CLOEXEC);
	CHECK(file_fd >= 0 && ftruncate(file_fd, 0) == 0);
	CHECK(lseek(file_fd, 0, SEEK_SET) == 0 && io_write_all(file_fd, text) == 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", file_fd);
	*ret_said = 0;
	stderr = open_memstream(&said, ret_said);
	CHECK(stderr != NULL);
	rc = conf_load(path, ret);
	fclose(stderr);
	stderr = was;
	free(said);
	return rc;
}

/* ---- a configuration as text ---- */

static const void *field_of(const struct conf *c, const struct conf_key *k)
{
	return (const char *)c + k->field;
}

/* Can it stand between quotes as it is? */
static bool is_plain(const char *text)
{
	return !strpbrk(text, "\"\\$") && !fuzz_has_control(span_str(text));
}

static bool put_text(struct buf *b, const char *text)
{
	CHECK(buf_printf(b, "\"%s\"", text) == 0);
	return is_plain(text);
}

static bool put_list(struct buf *b, const struct conf *c)
{
	bool plain = true;

	for (size_t i = 0; i < c->listen_count; i++) {
		CHECK(buf_add_str(b, i ? ", " : "{") == 0);
		plain = put_text(b, c->listen[i]) && plain;
	}
	CHECK(buf_add_str(b, "}") == 0);
	return plain;
}

/* False when a text has bytes that would need more than quotes. */
static bool put_key(struct buf *b, const struct conf *c, const struct conf_key *k)
{
	static const char *const units[] = {[CONF_COUNT] = "",
		[CONF_BYTES] = " B",
		[CONF_MS] = " ms",
		[CONF_S] = " s",
		[CONF_MIN] = " min"};
	const void *field = field_of(c, k);

	CHECK(buf_printf(b, "%s = ", k->name) == 0);
	if (k->form == CONF_TEXT)
		return put_text(b, *(char *const *)field);
	if (k->form == CONF_LIST)
		return put_list(b, c);
	if (k->form == CONF_CHOICE)
		return put_text(b, *(const bool *)field ? k->most : k->least);
	CHECK(buf_printf(b, "\"%" PRIu64 "%s\"", *(const uint64_t *)field, units[k->form]) == 0);
	return true;
}

static bool put_conf(struct buf *b, const struct conf *c)
{
	bool plain = true;

	for (const struct conf_key *k = conf_keys; k->name; k++) {
		plain = put_key(b, c, k) && plain;
		CHECK(buf_add_str(b, "\n") == 0);
	}
	return plain;
}

static void check_same_key(const struct conf *a, const struct conf *b, const struct conf_key *k)
{
	const void *left = field_of(a, k), *right = field_of(b, k);

	if (k->form == CONF_TEXT)
		CHECK(strcmp(*(char *const *)left, *(char *const *)right) == 0);
	else if (k->form == CONF_CHOICE)
		CHECK(*(const bool *)left == *(const bool *)right);
	else if (k->form != CONF_LIST)
		CHECK(*(const uint64_t *)left == *(const uint64_t *)right);
}

static void check_same(const struct conf *a, const struct conf *b)
{
	for (const struct conf_key *k = conf_keys; k->name; k++)
		check_same_key(a, b, k);
	CHECK(a->listen_count == b->listen_count);
	for (size_t i = 0; i < a->listen_count; i++)
		CHECK(strcmp(a->listen[i], b->listen[i]) == 0);
}

/* ---- the promises ---- */

static void check_values(const struct conf *c)
{
	CHECK(c->spool_dir[0] == '/' && c->state_dir[0] == '/' && c->run_dir[0] == '/');
	CHECK(c->listen_count >= 1 && c->listen_count <= CONF_LISTEN_MAX);
	CHECK(c->file_max_bytes > c->body_max_bytes);
	CHECK(c->error_delay_s >= 30 && c->error_delay_s <= 300);
	CHECK(c->delay_s >= 2 && c->delay_s <= 60 && c->trans_interval_min <= 1440);
	CHECK(c->batch_bytes >= 1024 && c->batch_bytes <= 40 * 1024);
	CHECK(c->command_lease_ms >= 10000 && c->command_lease_ms <= 24 * 3600 * 1000);
	CHECK(c->command_offers >= 1 && c->command_offers <= 20);
	CHECK(c->wake_port >= 1 && c->wake_port <= 65535);
	CHECK(c->wake_rate >= 1 && c->wake_rate <= 10000);
	CHECK(c->wake_pokes >= 1 && c->wake_pokes <= 20);
	/* These three reach a terminal, one line each, or the zone database. */
	CHECK(!fuzz_has_control(span_str(c->trans_times)));
	CHECK(!fuzz_has_control(span_str(c->trans_flags)));
	CHECK(c->time_zone[0] && c->time_zone[0] != '/' && !strchr(c->time_zone, '.'));
}

/* Written down with the other one of all choices, it is that. */
static void check_again(struct conf *c)
{
	struct buf b = buf_with_max(2 * TEXT_MAX);
	struct conf again;
	size_t said;

	c->admit_any = !c->admit_any;
	c->realtime = !c->realtime;
	c->allow_shell = !c->allow_shell;
	c->allow_put_file = !c->allow_put_file;
	c->allow_clear = !c->allow_clear;
	c->allow_server_options = !c->allow_server_options;
	if (put_conf(&b, c)) {
		CHECK(load(buf_span(&b), &again, &said) == 0 && said == 0);
		check_same(c, &again);
		conf_free(&again);
	}
	buf_free(&b);
}

static void check_refused(struct span before, struct span after)
{
	struct buf b = buf_with_max(2 * TEXT_MAX);
	struct conf c;
	size_t said;

	CHECK(buf_add_span(&b, before) == 0 && buf_add_str(&b, "\n") == 0);
	CHECK(buf_add_span(&b, after) == 0);
	CHECK(load(buf_span(&b), &c, &said) < 0);
	CHECK(said > 0);
	buf_free(&b);
}

/* A line behind the others is seen, so is one before them, and no key may stand twice. */
static void check_nothing_hidden(struct span text)
{
	struct span unknown = span_str("no_such_key = 1\n");

	check_refused(text, unknown);
	check_refused(unknown, text);
	check_refused(text, span_str("delay = 5s\ndelay = 5s\n"));
	check_refused(text, span_str("listen = {\"[::]:9\"}\nlisten = {\"[::]:9\"}\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	struct conf c;
	size_t said;
	int rc = load(text, &c, &said);

	CHECK(rc <= 0 && (rc == 0) == (said == 0));
	if (rc < 0)
		return 0;
	check_values(&c);
	check_again(&c);
	if (size < TEXT_MAX - 64)
		check_nothing_hidden(text);
	conf_free(&c);
	return 0;
}

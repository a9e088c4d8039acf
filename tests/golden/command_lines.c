/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command_lines: commands on standard input, as typed.h writes them and a blank line between, each
 * in the bytes of every kind of terminal on standard output: "DIALECT TAB BYTES" with the bytes
 * escaped, the same bytes once. With --wire the lines as a poll's reply has them; each command then
 * begins with "id: N". For run.sh. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command/render.h"
#include "lib/io.h"

#define INPUT_MAX ((size_t)1 << 20)

static const struct {
	const char *name;
	struct dialect dialect;
} kinds[] = {
	{"new", {0}},
	{"new, GB18030", {.charset = CHARSET_GB18030}},
	{"new, hex card", {.card = CARD_HEX_HIGH}},
	{"old", {.old = true, .card = CARD_HEX_LOW}},
	{"old, GB18030", {.old = true, .card = CARD_HEX_LOW, .charset = CHARSET_GB18030}},
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

static void print_escaped(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c == '\t')
			fputs("\\t", stdout);
		else if (c < 0x20 || c >= 0x7F || c == '\\')
			printf("\\x%02X", c);
		else
			putchar(c);
	}
	putchar('\n');
}

static int fail(const char *why)
{
	fprintf(stderr, "command_lines: %s\n", why);
	return -1;
}

/* Is it the same as one of those before it? */
static bool is_shown(const struct buf *lines, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (span_eq(buf_span(&lines[i]), buf_span(&lines[at])))
			return true;
	return false;
}

/* What is random in a file's address, here and in the test that tries all of these. */
#define TOKEN "00112233445566778899aabbccddeeff"

static int print_kinds(const struct typed *t)
{
	struct buf lines[KINDS] = {{0}};
	char why[VERB_WHY_BYTES] = "out of memory";
	int rc = 0;

	printf("%s\n", t->verb->name);
	for (size_t i = 0; rc == 0 && i < KINDS; i++) {
		lines[i] = buf_with_max(RENDER_MAX);
		rc = render_put(&lines[i], t, &kinds[i].dialect, why);
		if (rc < 0) {
			rc = fail(why);
		} else if (!is_shown(lines, i)) {
			printf("%s\t", kinds[i].name);
			print_escaped(buf_span(&lines[i]));
		}
	}
	for (size_t i = 0; i < KINDS; i++)
		buf_free(&lines[i]);
	return rc;
}

static int print_wire(const struct typed *t, struct span id)
{
	struct buf line = buf_with_max(RENDER_MAX);
	char why[VERB_WHY_BYTES] = "out of memory";
	int rc = render_put(&line, t, &kinds[0].dialect, why);

	if (rc < 0)
		rc = fail(why);
	else
		printf("C:%.*s:%.*s\n", SPAN_ARG(id), SPAN_ARG(buf_span(&line)));
	buf_free(&line);
	return rc;
}

/* The text up to a blank line, which is dropped. */
static struct span take_block(struct span *rest)
{
	struct span all = *rest, line;

	while (span_next_line(rest, &line))
		if (line.len == 0)
			return span_of(all.ptr, (size_t)(line.ptr - all.ptr));
	return all;
}

static int print_all(struct span input, bool wire, bool *seen)
{
	char why[VERB_WHY_BYTES];
	struct span id = {0};
	struct typed t;
	int rc = 0;

	while (rc == 0 && input.len > 0) {
		struct span block = take_block(&input);

		if (wire && (!span_next_line(&block, &id) || !span_starts(id, "id: ")))
			return fail("no id");
		if (typed_get(block, &t, why) < 0)
			return fail(why);
		seen[t.verb - verbs] = true;
		t.token = span_str(TOKEN);
		rc = wire ? print_wire(&t, span_from(id, 4)) : print_kinds(&t);
	}
	return rc;
}

int main(int argc, char **argv)
{
	struct buf input = buf_with_max(INPUT_MAX);
	bool wire = argc == 2 && strcmp(argv[1], "--wire") == 0;
	bool *seen = calloc(verb_count, sizeof(*seen));
	int rc = seen ? io_read_all(STDIN_FILENO, &input) : -1;

	if (rc == 0)
		rc = print_all(buf_span(&input), wire, seen);
	for (size_t i = 0; rc == 0 && !wire && i < verb_count; i++)
		if (!seen[i])
			rc = fail(verbs[i].name);
	free(seen);
	buf_free(&input);
	return rc == 0 ? 0 : 1;
}

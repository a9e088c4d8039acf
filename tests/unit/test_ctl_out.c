/* SPDX-License-Identifier: GPL-2.0-or-later */
/* out: the same rows as a table, as CSV and as JSON. */
#include "ctl/out.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define BYTES(text) span_of(text, sizeof(text) - 1)

enum { COUNT, NAME, HIDDEN, TRUTH, WORDS, COLUMNS };

static const struct out_column columns[COLUMNS] = {
	[COUNT] = {"count", "COUNT", 0, true},
	[NAME] = {"name", "NAME", 6, false},
	[HIDDEN] = {"hidden", NULL, 0, false},
	[TRUTH] = {"truth", "TRUTH", 0, false},
	[WORDS] = {"words", "WORDS", 0, false},
};

static const struct out_cell rows[2][COLUMNS] = {
	{{.kind = OUT_NUMBER, .number = 7}, {.kind = OUT_TEXT, .text = {"a,\x1b", 3}},
		{.kind = OUT_TEXT, .text = {"h\xff", 2}}, {.kind = OUT_TRUTH, .number = 1},
		{.kind = OUT_WORDS, .text = {"one two", 7}}},
	{{.kind = OUT_NUMBER, .number = 123456, .shown = {"many", 4}},
		{.kind = OUT_TEXT, .text = {"longer than", 11}}, {.kind = OUT_NONE},
		{.kind = OUT_UNKNOWN}, {.kind = OUT_NONE}},
};

static void check(enum out_format format, size_t row_count, const char *expected)
{
	struct out o;
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);

	assert_non_null(memory);
	out_begin(&o, memory, format, columns, COLUMNS);
	for (size_t i = 0; i < row_count; i++)
		assert_int_equal(out_row(&o, rows[i]), 0);
	assert_int_equal(out_end(&o), 0);
	assert_int_equal(fclose(memory), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void writes_a_table(void **state)
{
	(void)state;
	check(OUT_TABLE, 2,
		"COUNT  NAME         TRUTH  WORDS\n"
		"    7  a,\\x1b       yes    one two\n"
		" many  longer than  -      -\n");
	check(OUT_TABLE, 0, "COUNT  NAME    TRUTH  WORDS\n");
}

static void writes_csv(void **state)
{
	(void)state;
	check(OUT_CSV, 2,
		"count,name,hidden,truth,words\r\n"
		"7,\"a,\\x1b\",h\\xff,yes,one two\r\n"
		"123456,longer than,,,\r\n");
	check(OUT_CSV, 0, "count,name,hidden,truth,words\r\n");
}

static void writes_json(void **state)
{
	(void)state;
	check(OUT_JSON, 2,
		"{\"count\":7,\"name\":\"a,\\u001B\",\"hidden\":\"h\xef\xbf\xbd\",\"hidden_hex\":"
		"\"68ff\","
		"\"truth\":true,\"words\":[\"one\",\"two\"]}\n"
		"{\"count\":123456,\"name\":\"longer than\",\"truth\":null}\n");
	check(OUT_JSON, 0, "");
}

static void keeps_nul_in_json(void **state)
{
	static const struct out_column one[] = {{.key = "pin"}};
	struct out_cell cell = out_text(BYTES("1\0002"));
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);

	(void)state;
	assert_non_null(memory);
	assert_int_equal(out_one(memory, OUT_JSON, one, 1, &cell), 0);
	assert_int_equal(fclose(memory), 0);
	assert_string_equal(text, "{\"pin\":\"1\\u00002\"}\n");
	free(text);
}

static void puts_rows_into_json(void **state)
{
	static const struct out_column inner[] = {{.key = "a"}},
				       outer[] = {{.key = "one"}, {.key = "all"}};
	struct out_cell cells[] = {out_number(1), out_number(2)};
	struct out_rows list = {inner, 1, cells, 2};
	struct out_cell row[] = {
		{.kind = OUT_OBJECT, .rows = &list}, {.kind = OUT_LIST, .rows = &list}};
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);

	(void)state;
	assert_non_null(memory);
	assert_int_equal(out_one(memory, OUT_JSON, outer, 2, row), 0);
	assert_int_equal(fclose(memory), 0);
	assert_string_equal(text, "{\"one\":{\"a\":1},\"all\":[{\"a\":1},{\"a\":2}]}\n");
	free(text);
}

static void says_that_nobody_reads(void **state)
{
	struct out o;
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	FILE *to = fdopen(ends[1], "w");
	assert_non_null(to);
	assert_false(out_unread(to));
	close(ends[0]);
	assert_true(out_unread(to));
	out_begin(&o, to, OUT_JSON, columns, COLUMNS);
	o.at_once = true;
	assert_int_equal(out_row(&o, rows[0]), -EPIPE);
	/* Asked again, when errno has long been forgotten. */
	assert_int_equal(out_end(&o), -EPIPE);
	fclose(to);
}

/* NEL, CSI, and what turns the direction: none of it comes to a terminal as it is. */
#define STEERING "\xc2\x85\xc2\x9b\xe2\x80\xaa\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9"
#define ESCAPED  "\\xc2\\x85\\xc2\\x9b\\xe2\\x80\\xaa\\xe2\\x80\\xae\\xe2\\x81\\xa6\\xe2\\x81\\xa9"

static void steers_no_terminal(void **state)
{
	static const struct out_column one[] = {{"name", "NAME", 0, false}};
	static const char *const expected[] = {
		[OUT_TABLE] = "NAME\r\n" ESCAPED "\r\n",
		[OUT_CSV] = "name\r\r\n" ESCAPED "\r\r\n",
		[OUT_JSON] = "{\"name\":\"\\u0085\\u009B\\u202A\\u202E\\u2066\\u2069\"}\r\n",
	};
	const struct out_cell cell = out_text(BYTES(STEERING));
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	(void)state;
	assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	FILE *to = fdopen(open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC), "w");
	assert_non_null(to);
	for (enum out_format f = OUT_TABLE; f <= OUT_JSON; f++) {
		char text[512] = "";
		assert_int_equal(out_one(to, f, one, 1, &cell), 0);
		for (size_t len = 0; len < strlen(expected[f]);) {
			struct pollfd more = {.fd = terminal, .events = POLLIN};
			assert_int_equal(poll(&more, 1, 60000), 1);
			ssize_t n = read(terminal, text + len, sizeof(text) - 1 - len);
			assert_true(n > 0);
			len += (size_t)n;
		}
		assert_string_equal(text, expected[f]);
	}
	fclose(to);
	close(terminal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_table),
		cmocka_unit_test(writes_csv),
		cmocka_unit_test(writes_json),
		cmocka_unit_test(keeps_nul_in_json),
		cmocka_unit_test(puts_rows_into_json),
		cmocka_unit_test(steers_no_terminal),
		cmocka_unit_test(says_that_nobody_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

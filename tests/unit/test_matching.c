/* SPDX-License-Identifier: GPL-2.0-or-later */
/* matching: the lines of docs/MATCHER.md in and out, and the formats by their bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "lib/matching.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* ---- hello ---- */

static void assert_hello(unsigned formats, uint64_t bytes, uint64_t references, const char *line)
{
	struct matching_hello h = {formats, bytes, references}, back = {0};
	struct buf b = buf_with_max(MATCHING_ANSWER_MAX);

	assert_int_equal(buf_add_str(&b, "left over"), 0);
	assert_int_equal(matching_put_hello(&b, &h), 0);
	assert_true(span_is(buf_span(&b), line));
	assert_int_equal(matching_get_hello(buf_span(&b), &back), 0);
	assert_int_equal(back.formats, formats);
	assert_int_equal(back.probe_bytes, bytes);
	assert_int_equal(back.references, references);
	buf_free(&b);
}

static void hello_comes_back(void **state)
{
	(void)state;
	assert_hello(1u << MATCHING_ISO_19794_2, 2048, 10,
		"hello 1 formats=iso19794-2 probe_bytes=2048 references=10\n");
	assert_hello(1u << MATCHING_ISO_19794_2 | 1u << MATCHING_ANSI_378 |
			     1u << MATCHING_ZKFINGER_9 | 1u << MATCHING_ZKFINGER_10,
		MATCHING_PROBE_MAX, MATCHING_REFERENCES_MAX,
		"hello 1 formats=iso19794-2,ansi378-2004,zkfinger9,zkfinger10 probe_bytes=49152 "
		"references=64\n");
	assert_hello(0, 0, 0, "hello 1 formats= probe_bytes=0 references=0\n");
}

static void the_order_of_formats_is_free(void **state)
{
	struct matching_hello h;

	(void)state;
	assert_int_equal(matching_get_hello(span_str("hello 1 formats=zkfinger10,iso19794-2 "
						     "probe_bytes=1 references=1\n"),
				 &h),
		0);
	assert_int_equal(h.formats, 1u << MATCHING_ZKFINGER_10 | 1u << MATCHING_ISO_19794_2);
}

static void bent_hellos(void **state)
{
	static const char *const bad[] = {"", "\n", "hello\n", "hello 1\n",
		"hello 1 formats=zkfinger9 probe_bytes=1 references=1",
		"hello 1 formats=zkfinger9 probe_bytes=1 references=1\n\n",
		"hello 1 formats=zkfinger9 probe_bytes=1 references=1\r\n",
		"hello 1 formats=zkfinger9 probe_bytes=1 references=1 \n",
		"hello 1 formats=zkfinger9 probe_bytes=1 references=1 more=1\n",
		"hello  1 formats=zkfinger9 probe_bytes=1 references=1\n",
		"hello1 formats=zkfinger9 probe_bytes=1 references=1\n",
		"hello 2 formats=zkfinger9 probe_bytes=1 references=1\n",
		"hello 10 formats=zkfinger9 probe_bytes=1 references=1\n",
		"Hello 1 formats=zkfinger9 probe_bytes=1 references=1\n",
		"hello 1 formats=zkfinger probe_bytes=1 references=1\n",
		"hello 1 formats=zkfinger9,zkfinger9 probe_bytes=1 references=1\n",
		"hello 1 formats=zkfinger9, probe_bytes=1 references=1\n",
		"hello 1 formats=,zkfinger9 probe_bytes=1 references=1\n",
		"hello 1 formats=, probe_bytes=1 references=1\n",
		"hello 1 formats= probe_bytes=1 references=1\n",
		"hello 1 formats=zkfinger9 probe_bytes=0 references=1\n",
		"hello 1 formats=zkfinger9 probe_bytes=1 references=0\n",
		"hello 1 formats=zkfinger9 probe_bytes=49153 references=1\n",
		"hello 1 formats=zkfinger9 probe_bytes=1 references=65\n",
		"hello 1 formats=zkfinger9 probe_bytes=01 references=1\n",
		"hello 1 formats=zkfinger9 probe_bytes=-1 references=1\n",
		"hello 1 formats=zkfinger9 probe_bytes= references=1\n",
		"hello 1 formats=zkfinger9 references=1 probe_bytes=1\n"};
	struct matching_hello h = {.references = 77};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(matching_get_hello(span_str(bad[i]), &h), -EBADMSG);
		assert_int_equal(h.references, 77);
	}
}

static void a_hello_that_may_not_be_said(void **state)
{
	static const struct matching_hello bad[] = {{0, 1, 0}, {0, 0, 1}, {1, 1, 1}, {1 << 5, 1, 1},
		{2, 0, 1}, {2, 1, 0}, {2, 49153, 1}, {2, 1, 65}};
	struct buf b = buf_with_max(MATCHING_ANSWER_MAX);

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(matching_put_hello(&b, &bad[i]), -EINVAL);
	buf_free(&b);
}

/* ---- requests ---- */

static const struct matching_request asked = {.id = 7,
	.format = MATCHING_ZKFINGER_10,
	.probe = {"QUJD", 4},
	.references = {"QUI= QQ==", 9}};

static void a_request_comes_back(void **state)
{
	struct buf b = buf_with_max(MATCHING_REQUEST_MAX);
	struct matching_request back;

	(void)state;
	assert_int_equal(matching_put_request(&b, &asked), 0);
	assert_true(span_is(buf_span(&b), "verify 7 zkfinger10 QUJD QUI= QQ==\n"));
	assert_int_equal(matching_get_request(buf_span(&b), &back), 0);
	assert_int_equal(back.id, 7);
	assert_int_equal(back.format, MATCHING_ZKFINGER_10);
	assert_true(span_is(back.probe, "QUJD"));
	assert_true(span_is(back.references, "QUI= QQ=="));
	buf_free(&b);
}

static void bent_requests(void **state)
{
	static const char *const bad[] = {
		"verify 7 zkfinger10 QUJD QUI=", "verify 7 zkfinger10 QUJD\n",
		"verify 7 zkfinger10 QUJD \n", "verify 7 zkfinger10  QUI=\n",
		"verify 7 zkfinger10 QUJD  QUI=\n", "verify 7 zkfinger10 QUJD QUI= \n",
		"verify 7 zkfinger10 QUJD QUI\n", "verify 7 zkfinger10 QUJ QUI=\n",
		"verify 0 zkfinger10 QUJD QUI=\n", "verify 07 zkfinger10 QUJD QUI=\n",
		"verify -7 zkfinger10 QUJD QUI=\n", "verify  zkfinger10 QUJD QUI=\n",
		"verify 18446744073709551616 zkfinger10 QUJD QUI=\n",
		"verify 7 zkfinger11 QUJD QUI=\n", "Verify 7 zkfinger10 QUJD QUI=\n",
		"verify 7 zkfinger10 QUJD QUI=\nverify 8 zkfinger10 QUJD QUI=\n",
		"verify 7 zkfinger10 QUJD QUI=\r\n", " verify 7 zkfinger10 QUJD QUI=\n"};
	struct matching_request r = {.id = 77};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(matching_get_request(span_str(bad[i]), &r), -EBADMSG);
		assert_int_equal(r.id, 77);
	}
}

/* A line of `total` bytes whose probe takes what is left. */
static int put_long(struct buf *b, size_t total)
{
	static const char around[] = "verify 1 zkfinger9  QQ==\n";
	size_t len = total - (sizeof(around) - 1);
	char *letters = malloc(len);
	struct matching_request r = {
		1, MATCHING_ZKFINGER_9, span_of(letters, len), span_str("QQ==")};

	memset(letters, 'A', len);
	int rc = matching_put_request(b, &r);
	free(letters);
	return rc;
}

static void a_request_has_64_kib_at_most(void **state)
{
	struct buf b = buf_with_max(2 * MATCHING_REQUEST_MAX);
	struct matching_request back;
	size_t longest = MATCHING_REQUEST_MAX; /* less 25 bytes around, a whole number of groups */

	(void)state;
	while ((longest - 25) % 4 != 0)
		longest--;
	assert_int_equal(put_long(&b, longest), 0);
	assert_int_equal(b.len, longest);
	assert_int_equal(matching_get_request(buf_span(&b), &back), 0);
	assert_int_equal(put_long(&b, longest + 4), -EMSGSIZE);
	buf_free(&b);
}

static void there_are_so_many_references(void **state)
{
	struct buf b = buf_with_max(MATCHING_REQUEST_MAX);
	struct matching_request r;

	(void)state;
	assert_int_equal(buf_add_str(&b, "verify 1 zkfinger9 QQ=="), 0);
	for (unsigned n = 1; n <= MATCHING_REFERENCES_MAX + 1; n++) {
		assert_int_equal(buf_add_str(&b, " QQ==\n"), 0);
		assert_int_equal(matching_get_request(buf_span(&b), &r),
			n <= MATCHING_REFERENCES_MAX ? 0 : -EBADMSG);
		b.len--;
	}
	buf_free(&b);
}

static void objections(void **state)
{
	const unsigned ten = 1u << MATCHING_ZKFINGER_10;
	static const char *const none;
	static const struct {
		struct matching_hello hello;
		const char *word;
	} cases[] = {
		{{1u << MATCHING_ZKFINGER_10, 3, 2}, NULL},
		{{1u << MATCHING_ZKFINGER_9, 3, 2}, MATCHING_FORMAT},
		{{0, 0, 0}, MATCHING_FORMAT},
		{{1u << MATCHING_ZKFINGER_10, 2, 2}, MATCHING_SIZE}, /* the probe has 3 bytes */
		{{1u << MATCHING_ZKFINGER_10, 3, 1}, MATCHING_SIZE},
	};
	struct matching_request r = asked;
	struct matching_hello h = {ten, 2, 2};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *word = matching_objection(&cases[i].hello, &asked);

		if (cases[i].word)
			assert_string_equal(word, cases[i].word);
		else
			assert_ptr_equal(word, none);
	}
	/* A reference that is too large. */
	r.probe = span_str("QQ==");
	assert_null(matching_objection(&h, &r));
	h.probe_bytes = 1;
	assert_string_equal(matching_objection(&h, &r), MATCHING_SIZE);
}

/* ---- answers ---- */

static void assert_answer(
	uint64_t id, enum matching_verdict verdict, const char *word, const char *line)
{
	struct matching_answer a = {id, verdict, span_str(word)}, back;
	struct buf b = buf_with_max(MATCHING_ANSWER_MAX);

	assert_int_equal(matching_put_answer(&b, &a), 0);
	assert_true(span_is(buf_span(&b), line));
	assert_int_equal(matching_get_answer(buf_span(&b), &back), 0);
	assert_int_equal(back.id, id);
	assert_int_equal(back.verdict, verdict);
	assert_true(span_eq(back.word, a.word));
	buf_free(&b);
}

static void answers_come_back(void **state)
{
	(void)state;
	assert_answer(1, MATCHING_MATCH, NULL, "match 1\n");
	assert_answer(UINT64_MAX, MATCHING_NOMATCH, NULL, "nomatch 18446744073709551615\n");
	assert_answer(12, MATCHING_ERROR, "late", "error 12 late\n");
	assert_answer(12, MATCHING_ERROR, "bad-probe-2", "error 12 bad-probe-2\n");
}

static void bent_answers(void **state)
{
	static const char *const bad[] = {"", "\n", "match\n", "match 1", "match 1 \n",
		"match 1 yes\n", "match  1\n", "match 0\n", "match 01\n", "match 1\n\n",
		"match 1\nmatch 1\n", "match 1\r\n", "MATCH 1\n", "matched 1\n", "nomatch 1 late\n",
		"error 1\n", "error 1 \n", "error 1 a b\n", "error 1 Late\n", "error 1 a_b\n",
		"error 1 a \n", "error 1  a\n", "error 1 123456789012345678901234567890123\n",
		"match -1\n", "match 1a\n", "match 18446744073709551616\n", " match 1\n"};
	struct matching_answer a = {.id = 77};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(matching_get_answer(span_str(bad[i]), &a), -EBADMSG);
		assert_int_equal(a.id, 77);
	}
	assert_int_equal(matching_get_answer(span_of("match 1\0\n", 9), &a), -EBADMSG);
}

static void answers_that_may_not_be_said(void **state)
{
	static const struct matching_answer bad[] = {{0, MATCHING_MATCH, {NULL, 0}},
		{1, MATCHING_MATCH, {"a", 1}}, {1, MATCHING_ERROR, {NULL, 0}},
		{1, MATCHING_ERROR, {"a b", 3}}, {1, MATCHING_ERROR + 1, {NULL, 0}}};
	struct buf b = buf_with_max(MATCHING_ANSWER_MAX);

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(matching_put_answer(&b, &bad[i]), -EINVAL);
	buf_free(&b);
}

/* ---- formats ---- */

static void formats_have_names(void **state)
{
	(void)state;
	for (enum matching_format f = MATCHING_UNKNOWN + 1; f < MATCHING_FORMATS; f++)
		assert_int_equal(matching_format_named(span_str(matching_format_name(f))), f);
	assert_null(matching_format_name(MATCHING_UNKNOWN));
	assert_null(matching_format_name(MATCHING_FORMATS));
	assert_int_equal(matching_format_named(span_str("")), MATCHING_UNKNOWN);
	assert_int_equal(matching_format_named(span_str("zkfinger")), MATCHING_UNKNOWN);
}

static enum matching_format format_of(const char *head, size_t head_len, size_t len)
{
	char *bytes = calloc(1, len + 1);
	enum matching_format format;

	memcpy(bytes, head, head_len < len ? head_len : len);
	format = matching_format_of(span_of(bytes, len));
	free(bytes);
	return format;
}

#define FORMAT(head, len) format_of(head, sizeof(head) - 1, len)

static void minutiae_records(void **state)
{
	(void)state;
	/* The same 30 bytes, told apart by how they say it. */
	assert_int_equal(FORMAT("FMR\0 20\0\0\0\0\x1e", 30), MATCHING_ISO_19794_2);
	assert_int_equal(FORMAT("FMR\0 20\0\0\x1e", 30), MATCHING_ANSI_378);
	assert_int_equal(FORMAT("FMR\0 20\0\0\0\0\x18", 24), MATCHING_ISO_19794_2);
	assert_int_equal(FORMAT("FMR\0 20\0\0\x1a", 26), MATCHING_ANSI_378);
	/* A length that is another. */
	assert_int_equal(FORMAT("FMR\0 20\0\0\0\0\x1e", 29), MATCHING_UNKNOWN);
	assert_int_equal(FORMAT("FMR\0 20\0\0\0\0\x1e", 31), MATCHING_UNKNOWN);
	assert_int_equal(FORMAT("FMR\0 20\0\0\x1e", 31), MATCHING_UNKNOWN);
	assert_int_equal(FORMAT("FMR\0 20\0\0\0\0\0", 30), MATCHING_UNKNOWN);
	/* Shorter than its head, whatever it says. */
	assert_int_equal(FORMAT("FMR\0 20\0\0\0\0\x17", 23), MATCHING_UNKNOWN);
	assert_int_equal(FORMAT("FMR\0 20\0\0\x19", 25), MATCHING_UNKNOWN);
	assert_int_equal(FORMAT("FMR\0 20\0", 8), MATCHING_UNKNOWN);
	/* Large ones: both lengths have four bytes then, at different places. */
	assert_int_equal(FORMAT("FMR\0 20\0\0\1\0\0", 65536), MATCHING_ISO_19794_2);
	assert_int_equal(FORMAT("FMR\0 20\0\0\0\0\1\0\0", 65536), MATCHING_ANSI_378);
	assert_int_equal(FORMAT("FMR\0 20\0\xff\xff", 65535), MATCHING_ANSI_378);
	assert_int_equal(FORMAT("FMR\0 20\0\0\0\0\0\0\x1e", 30), MATCHING_UNKNOWN);
	/* Another version is another format. */
	assert_int_equal(FORMAT("FMR\0 30\0\0\0\0\x1e", 30), MATCHING_UNKNOWN);
	assert_int_equal(FORMAT("FMR\0"
				"030\0\0\0\0\x1e",
				 30),
		MATCHING_UNKNOWN);
}

static void of_zkfinger(void **state)
{
	(void)state;
	assert_int_equal(FORMAT("MKSS21\0\0\3\xec", 1004), MATCHING_ZKFINGER_10);
	assert_int_equal(FORMAT("J\xf9SS21\0\0\0\x0a", 10), MATCHING_ZKFINGER_10);
	assert_int_equal(FORMAT("MKSS21\0\0\3\xec", 1003), MATCHING_UNKNOWN);
	assert_int_equal(FORMAT("MKSS21\0\1\3\xec", 1004), MATCHING_UNKNOWN);
	assert_int_equal(FORMAT("MKSS21\0\0\0", 9), MATCHING_UNKNOWN);
	assert_int_equal(FORMAT("\xa1\xca\x31\x81\x0e", 500), MATCHING_ZKFINGER_9);
	assert_int_equal(FORMAT("\xa1\xca", 2), MATCHING_ZKFINGER_9);
	assert_int_equal(FORMAT("\xa1", 1), MATCHING_UNKNOWN);
	/* Version 10 with the first bytes of 9: its length decides. */
	assert_int_equal(FORMAT("\xa1\xcaSS21\0\0\0\x20", 32), MATCHING_ZKFINGER_10);
	assert_int_equal(FORMAT("\xa1\xcaSS21\0\0\0\x20", 33), MATCHING_UNKNOWN);
	assert_int_equal(matching_format_of(span_of(NULL, 0)), MATCHING_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_comes_back),
		cmocka_unit_test(the_order_of_formats_is_free),
		cmocka_unit_test(bent_hellos),
		cmocka_unit_test(a_hello_that_may_not_be_said),
		cmocka_unit_test(a_request_comes_back),
		cmocka_unit_test(bent_requests),
		cmocka_unit_test(a_request_has_64_kib_at_most),
		cmocka_unit_test(there_are_so_many_references),
		cmocka_unit_test(objections),
		cmocka_unit_test(answers_come_back),
		cmocka_unit_test(bent_answers),
		cmocka_unit_test(answers_that_may_not_be_said),
		cmocka_unit_test(formats_have_names),
		cmocka_unit_test(minutiae_records),
		cmocka_unit_test(of_zkfinger),
	};

	return cmocka_run_group_tests_name("matching", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* network: what is an address, what is a list, and who is in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>

#include "lib/network.h"

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static void test_addresses(void **state)
{
	static const char *const good[] = {"192.0.2.7", "0.0.0.0", "255.255.255.255", "::", "::1",
		"2001:db8::7", "2001:DB8:0:0:0:0:0:7", "::ffff:192.0.2.7"};
	static const char *const bad[] = {"", " ", "192.0.2", "192.0.2.256", "192.0.2.7 ",
		" 192.0.2.7", "192.0.2.7:80", "192.0.2.07", "0x7f.0.0.1", "1", "192.0.2.7/32",
		"[::1]", "::1]", ":::", "2001:db8::7::", "fe80::1%eth0", "localhost",
		"2001:0db8:0000:0000:0000:0000:0000:0007:0000:0000", "1.2.3.4\n"};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(network_is_address(span_str(good[i])));
	for (size_t i = 0; i < COUNT(bad); i++)
		if (network_is_address(span_str(bad[i])))
			fail_msg("'%s' was taken for an address", bad[i]);
	assert_false(network_is_address(span_of("192.0.2.7\0", 10)));
	assert_false(network_is_address(span_of(NULL, 0)));
}

static void test_one_host_or_none_or_many(void **state)
{
	static const char *const one[] = {"192.0.2.7", "127.0.0.1", "223.255.255.255",
		"2001:db8::7", "::1", "::ffff:192.0.2.7"};
	static const char *const none[] = {"0.0.0.0", "0.1.2.3", "224.0.0.1", "239.1.2.3",
		"255.255.255.255", "::", "ff02::1", "::ffff:224.0.0.1", "", "localhost"};

	(void)state;
	for (size_t i = 0; i < COUNT(one); i++)
		assert_true(network_is_host(span_str(one[i])));
	for (size_t i = 0; i < COUNT(none); i++)
		if (network_is_host(span_str(none[i])))
			fail_msg("'%s' was taken for one host's", none[i]);
}

static void test_what_is_read(void **state)
{
	static const unsigned char six[] = {0x20, 1, 0xd, 0xb8, [15] = 7},
				   four[16] = {[10] = 0xff, 0xff, 192, 0, 2, 7};
	unsigned char got[NETWORK_ADDRESS_BYTES] = "untouched";

	(void)state;
	assert_false(network_read_address(span_str("192.0.2"), got));
	assert_false(network_read_address(span_str("2001:db8::7::"), got));
	assert_string_equal((const char *)got, "untouched");
	assert_true(network_read_address(span_str("2001:db8::7"), got));
	assert_memory_equal(got, six, sizeof(got));
	assert_true(network_read_address(span_str("192.0.2.7"), got));
	assert_memory_equal(got, four, sizeof(got));
	assert_true(network_read_address(span_str("::ffff:192.0.2.7"), got));
	assert_memory_equal(got, four, sizeof(got));
}

static void test_lists(void **state)
{
	static const char *const good[] = {"192.0.2.0/24", "192.0.2.7", "0.0.0.0/0", "192.0.2.7/32",
		"::/0", "2001:db8::/32", "2001:db8::7/128", "::ffff:192.0.2.0/120",
		"::ffff:192.0.2.7", "192.0.2.0/25,2001:db8::/33", " 192.0.2.7 , 192.0.2.8 ",
		"128.0.0.0/1", "8000::/1"};
	static const char *const bad[] = {"", " ", ",", "192.0.2.7,", ",192.0.2.7",
		"192.0.2.7,,192.0.2.8", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/", "/24",
		"192.0.2.0/24/24", "192.0.2.0/ 24", "192.0.2.0/2x", "192.0.2.1/24",
		"192.0.2.128/24", "0.0.0.1/0", "128.0.0.0/0", "::1/0", "2001:db8::1/127",
		"2001:db8::/129", "::ffff:192.0.2.1/120", "::ffff:192.0.2.0/129", "::ffff:0:0/95",
		"::ffff:192.0.2.0/80", "192.0.2.7;192.0.2.8", "192.0.2.7\n", "192.0.2.7\t",
		"anyone"};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!network_list_valid(span_str(good[i])))
			fail_msg("'%s' was refused", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (network_list_valid(span_str(bad[i])))
			fail_msg("'%s' was taken for a list", bad[i]);
	assert_false(network_list_valid(span_of(NULL, 0)));
	assert_false(network_list_valid(span_of("192.0.2.0\0/24", 13)));
}

static void test_longest_list(void **state)
{
	char list[NETWORK_LIST_MAX + 2];

	(void)state;
	memset(list, ' ', sizeof(list));
	memcpy(list, "192.0.2.7", 9);
	assert_true(network_list_valid(span_of(list, NETWORK_LIST_MAX)));
	assert_false(network_list_valid(span_of(list, NETWORK_LIST_MAX + 1)));
	assert_false(network_list_has(span_of(list, NETWORK_LIST_MAX + 1), span_str("192.0.2.7")));
}

static void test_who_is_in(void **state)
{
	static const struct {
		const char *list, *address;
		bool in;
	} cases[] = {
		{"192.0.2.0/24", "192.0.2.0", true},
		{"192.0.2.0/24", "192.0.2.255", true},
		{"192.0.2.0/24", "192.0.3.0", false},
		{"192.0.2.0/24", "192.0.1.255", false},
		{"192.0.2.128/25", "192.0.2.127", false},
		{"192.0.2.128/25", "192.0.2.128", true},
		{"192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7", "192.0.2.6", false},
		{"192.0.2.7/32", "192.0.2.7", true},
		{"192.0.2.6/31", "192.0.2.7", true},
		{"0.0.0.0/0", "203.0.113.9", true},
		{"0.0.0.0/0", "::1", false},
		{"0.0.0.0/0", "2001:db8::7", false},
		{"::/0", "2001:db8::7", true},
		{"::/0", "192.0.2.7", false},
		{"2001:db8::/32", "2001:db8:ffff::1", true},
		{"2001:db8::/32", "2001:db9::1", false},
		{"2001:db8::7/128", "2001:db8::7", true},
		{"2001:db8::7/128", "2001:db8::8", false},
		{"2001:db8:8000::/33", "2001:db8:7fff::1", false},
		{"192.0.2.0/24", "::ffff:192.0.2.9", true},
		{"192.0.2.0/24", "::ffff:192.0.3.9", false},
		{"192.0.2.0/24", "::192.0.2.9", false},
		{"::ffff:192.0.2.0/120", "192.0.2.9", true},
		{"::ffff:192.0.2.0/120", "::ffff:192.0.2.9", true},
		{"::ffff:192.0.2.0/120", "192.0.3.9", false},
		{"::ffff:0:0/96", "203.0.113.9", true},
		{"192.0.2.7, 2001:db8::/32", "2001:db8::1", true},
		{"192.0.2.7, 2001:db8::/32", "192.0.2.7", true},
		{"2001:db8::/32,192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7,192.0.2.9", "192.0.2.8", false},
		/* no address, no list */
		{"192.0.2.0/24", "192.0.2", false},
		{"192.0.2.0/24", "", false},
		{"192.0.2.0/24", "192.0.2.0/24", false},
		{"", "192.0.2.7", false},
		{"192.0.2.7,nonsense", "192.0.2.7", false},
		{"192.0.2.7/24", "192.0.2.7", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (network_list_has(span_str(cases[i].list), span_str(cases[i].address)) !=
			cases[i].in)
			fail_msg("'%s' and '%s'", cases[i].list, cases[i].address);
}

static void test_what_is_written(void **state)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = 80};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr other = {.sa_family = AF_UNIX};
	char text[NETWORK_TEXT_BYTES];

	(void)state;
	inet_pton(AF_INET, "192.0.2.7", &four.sin_addr);
	network_text((struct sockaddr *)&four, text);
	assert_string_equal(text, "192.0.2.7");
	inet_pton(AF_INET6, "2001:db8::7", &six.sin6_addr);
	network_text((struct sockaddr *)&six, text);
	assert_string_equal(text, "2001:db8::7");
	inet_pton(AF_INET6, "::ffff:192.0.2.8", &six.sin6_addr);
	network_text((struct sockaddr *)&six, text);
	assert_string_equal(text, "192.0.2.8");
	network_text(&other, text);
	assert_string_equal(text, "local");
	other.sa_family = AF_UNSPEC;
	network_text(&other, text);
	assert_string_equal(text, "");
	network_text(NULL, text);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_one_host_or_none_or_many),
		cmocka_unit_test(test_what_is_read),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_longest_list),
		cmocka_unit_test(test_who_is_in),
		cmocka_unit_test(test_what_is_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ability: what a device is taken to understand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "cmdqd/ability.h"

static struct device device(const char *push_version, const char *info)
{
	struct device d = {.serial = "A"};

	snprintf(d.push_version, sizeof(d.push_version), "%s", push_version);
	snprintf(d.info, sizeof(d.info), "%s", info);
	return d;
}

static struct dialect of_info(const char *info)
{
	struct device d = device("2.4.1", info);

	return ability_dialect(&d, (struct span){0});
}

static struct dialect of_facts(const char *facts)
{
	struct device d = device("2.4.1", "");

	return ability_dialect(&d, span_str(facts));
}

static void test_nothing_known(void **state)
{
	struct dialect d = of_info("");

	(void)state;
	assert_false(d.old);
	assert_int_equal(d.charset, CHARSET_UTF_8);
	assert_int_equal(d.card, CARD_DECIMAL);
	assert_int_equal(d.finger, ABLE_UNKNOWN);
	assert_int_equal(d.face, ABLE_UNKNOWN);
	assert_int_equal(d.userpic, ABLE_UNKNOWN);
	assert_int_equal(d.biophoto, ABLE_UNKNOWN);
	assert_int_equal(d.biodata, ABLE_UNKNOWN);
	assert_int_equal(d.finger_version, 0);
}

static void test_old(void **state)
{
	(void)state;
	assert_true(ability_old(span_str("")));
	assert_true(ability_old((struct span){0}));
	assert_true(ability_old(span_str("1.9")));
	assert_true(ability_old(span_str("x")));
	assert_true(ability_old(span_str("-2")));
	assert_false(ability_old(span_str("2")));
	assert_false(ability_old(span_str("2.0.1")));
	assert_false(ability_old(span_str("10.0")));
}

static void test_info(void **state)
{
	/* As a real terminal has it. */
	struct dialect d = of_info("ZMM510-NF24VB-Ver1.3.13,4,0,113,192.168.192.186,10,35,12,4,"
				   "11110,2,0,0");

	(void)state;
	assert_int_equal(d.finger, ABLE_YES);
	assert_int_equal(d.face, ABLE_YES);
	assert_int_equal(d.userpic, ABLE_YES);
	assert_int_equal(d.biophoto, ABLE_YES);
	assert_int_equal(d.biodata, ABLE_NO);
	assert_int_equal(d.finger_version, 10);
	d = of_info("Ver 8.0.1,1,2,3,192.0.2.7,9,-1,0,0,1");
	assert_int_equal(d.finger_version, 9);
	assert_int_equal(d.finger, ABLE_YES);
	assert_int_equal(d.face, ABLE_NO);
	assert_int_equal(d.userpic, ABLE_NO);
	assert_int_equal(d.biophoto, ABLE_UNKNOWN);
	d = of_info("V,1,2,3,192.0.2.7,9,7,0,0,01x");
	assert_int_equal(d.finger, ABLE_NO);
	assert_int_equal(d.face, ABLE_YES);
	assert_int_equal(d.userpic, ABLE_UNKNOWN);
}

/* Without faces it says -1, whatever flags are missing. */
static void test_short_info(void **state)
{
	struct dialect d = of_info("Ver,1,2,3,192.0.2.7,x,-1,0,0");

	(void)state;
	assert_int_equal(d.face, ABLE_NO);
	assert_int_equal(d.finger, ABLE_UNKNOWN);
	assert_int_equal(d.userpic, ABLE_UNKNOWN);
	assert_int_equal(d.finger_version, 0);
	d = of_info("Ver,,,,,,,,,,");
	assert_int_equal(d.face, ABLE_UNKNOWN);
	assert_int_equal(d.finger, ABLE_UNKNOWN);
}

static void test_facts(void **state)
{
	struct dialect d = of_facts("~DeviceName=X\nPhotoFunOn=0\nFingerFunOn=1\nFPVersion=10\n"
				    "FaceFunOn=0\nBioPhotoFun=1\nBioDataFun=\n");

	(void)state;
	assert_int_equal(d.finger, ABLE_YES);
	assert_int_equal(d.face, ABLE_NO);
	assert_int_equal(d.biophoto, ABLE_YES);
	assert_int_equal(d.biodata, ABLE_UNKNOWN);
	assert_int_equal(d.userpic, ABLE_UNKNOWN);
	assert_int_equal(d.finger_version, 10);
	assert_int_equal(of_facts("PhotoFunOn=1\n").userpic, ABLE_YES);
	assert_int_equal(of_facts("~AlgVer=9.0\n").finger_version, 9);
	assert_int_equal(of_facts("~ZKFPVersion= 10 \n~AlgVer=9\n").finger_version, 10);
	assert_int_equal(of_facts("FPVersion=\n~AlgVer=9\n").finger_version, 9);
	assert_int_equal(of_facts("FPVersion=-1\n").finger_version, 0);
	assert_int_equal(of_facts("XFaceFunOn=1\nnone\n=1\n").face, ABLE_UNKNOWN);
}

static void test_info_wins(void **state)
{
	struct device d = device("2.4.1", "V,1,2,3,192.0.2.7,9,35,12,0,011");
	struct span facts = span_str("FingerFunOn=1\nFaceFunOn=0\nFPVersion=10\nBioDataFun=1\n");
	struct dialect both = ability_dialect(&d, facts);

	(void)state;
	assert_int_equal(both.finger, ABLE_NO);
	assert_int_equal(both.face, ABLE_YES);
	assert_int_equal(both.finger_version, 9);
	assert_int_equal(both.biodata, ABLE_YES);
}

static void test_charset(void **state)
{
	struct device d = device("2.4.1", "");

	(void)state;
	strcpy(d.language, "83");
	assert_int_equal(ability_dialect(&d, (struct span){0}).charset, CHARSET_GB18030);
	strcpy(d.set.charset, "utf-8");
	assert_int_equal(ability_dialect(&d, (struct span){0}).charset, CHARSET_UTF_8);
	strcpy(d.language, "69");
	assert_int_equal(ability_dialect(&d, (struct span){0}).charset, CHARSET_UTF_8);
	strcpy(d.set.charset, "gb18030");
	assert_int_equal(ability_dialect(&d, (struct span){0}).charset, CHARSET_GB18030);
}

static enum card_form card(const char *push_version, const char *form, const char *order)
{
	struct device d = device(push_version, "");

	strcpy(d.set.card_form, form);
	strcpy(d.set.card_order, order);
	return ability_dialect(&d, (struct span){0}).card;
}

static void test_card(void **state)
{
	(void)state;
	assert_int_equal(card("2.4.1", "", ""), CARD_DECIMAL);
	assert_int_equal(card("2.4.1", "", "high"), CARD_DECIMAL_TURNED);
	assert_int_equal(card("1.0", "decimal", "high"), CARD_DECIMAL_TURNED);
	assert_int_equal(card("2.4.1", "hex", ""), CARD_HEX_LOW);
	assert_int_equal(card("2.4.1", "hex", "low"), CARD_HEX_LOW);
	assert_int_equal(card("2.4.1", "hex", "high"), CARD_HEX_HIGH);
	assert_int_equal(card("", "", ""), CARD_HEX_LOW);
	assert_int_equal(card("1.0", "", "high"), CARD_HEX_HIGH);
	assert_int_equal(card("", "decimal", ""), CARD_DECIMAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_known),
		cmocka_unit_test(test_old),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_short_info),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_info_wins),
		cmocka_unit_test(test_charset),
		cmocka_unit_test(test_card),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

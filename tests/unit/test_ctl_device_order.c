/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device_order: what is said of a setting that cannot be ordered, and with which exit code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

#include "ctl/device.h"
#include "store/setting.h"
#include "tests/unit/caught.h"

static int hash_fails_with;

int __real_comm_key_hash(struct span key, char ret_text[static COMM_KEY_BYTES]);
int __wrap_comm_key_hash(struct span key, char ret_text[static COMM_KEY_BYTES]);
int __wrap_comm_key_hash(struct span key, char ret_text[static COMM_KEY_BYTES])
{
	return hash_fails_with ? hash_fails_with : __real_comm_key_hash(key, ret_text);
}

static void fails(char *word, int code, const char *words)
{
	char *list[] = {"A", word};
	struct ask a = {.words = list, .word_count = 2};

	caught_begin();
	int is = device_verb_set(&a);
	const char *said = caught_end();
	if (is != code || !strstr(said, words))
		fail_msg("%s: %d, %s", word, is, said);
}

static void test_a_value_that_cannot_be(void **state)
{
	(void)state;
	fails("delay=1s", EX_USAGE, "delay cannot be '1s'; allowed: 2 s to 60 s");
	fails("comm_key=a b", EX_USAGE, "comm_key cannot be that; allowed: at most 64");
	fails("batch_bytes=1KiB", EX_USAGE, "no setting of a device");
}

/* What is no fault of the value is not blamed on it, and the key is not said. */
static void test_a_key_that_cannot_be_hashed(void **state)
{
	(void)state;
	hash_fails_with = -ENOMEM;
	fails("comm_key=swordfish", EX_OSERR, "cannot set comm_key: Cannot allocate memory");
	assert_null(strstr(caught_text, "swordfish"));
	hash_fails_with = -EIO;
	fails("comm_key=swordfish", EX_OSERR, "cannot set comm_key: Input/output error");
	hash_fails_with = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_value_that_cannot_be),
		cmocka_unit_test(test_a_key_that_cannot_be_hashed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The admission list: believed whole or not at all; who is on it is let in, nobody else. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "ingestd/admit.h"
#include "lib/io.h"
#include "lib/serial.h"
#include "tests/fuzz/fuzz.h"

#define HEAD "punchd-admission 1"

static char dir[64], path[80];

static void remove_dir(void)
{
	unlink(path);
	rmdir(dir);
}

static void make_dir(void)
{
	/* In memory where that can be had. */
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	snprintf(dir, sizeof(dir), "%s/fuzz_admit-XXXXXX", base);
	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/admission", dir);
	atexit(remove_dir);
}

static void write_list(struct span text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && io_write_all(fd, text) == 0);
	io_close(fd);
}

/* Every line but the first is a serial; how many there are. */
static bool believable(struct span text, size_t *ret_count)
{
	struct span line;

	if (!span_next_line(&text, &line) || !span_is(line, HEAD))
		return false;
	for (*ret_count = 0; span_next_line(&text, &line); ++*ret_count)
		if (!serial_valid(line))
			return false;
	return true;
}

static bool stands_in(struct span text, const char *serial)
{
	struct span line;

	(void)span_next_line(&text, &line);
	while (span_next_line(&text, &line))
		if (span_is(line, serial))
			return true;
	return false;
}

/* The serial itself, and some that are much like it. */
static void check_serial(const struct admit *a, struct span text, struct span line)
{
	char serial[SERIAL_MAX + 1] = {0};

	memcpy(serial, line.ptr, line.len);
	CHECK(admit_has(a, serial));
	serial[line.len - 1] = '\0';
	CHECK(admit_has(a, serial) == stands_in(text, serial));
	serial[line.len - 1] = line.ptr[line.len - 1] == 'Z' ? 'Y' : 'Z';
	CHECK(admit_has(a, serial) == stands_in(text, serial));
}

static void check_list(struct admit *a, struct span text)
{
	struct span rest = text, line;

	CHECK(!admit_has(a, "") && admit_refresh(a) == 0);
	(void)span_next_line(&rest, &line);
	while (span_next_line(&rest, &line))
		check_serial(a, text, line);
}

/* A list that is not believed leaves the one of before. */
static void check_replaced(struct span text, bool good)
{
	struct admit *a;
	int rc;

	write_list(span_str(HEAD "\nBEFORE\n"));
	CHECK(admit_open(path, false, &a) == 0 && admit_has(a, "BEFORE"));
	CHECK(unlink(path) == 0 && admit_refresh(a) == 0 && admit_has(a, "BEFORE"));
	write_list(text);
	rc = admit_refresh(a);
	/* A file of the same size within the same tick of the clock may look unchanged. */
	if (text.len != strlen(HEAD "\nBEFORE\n")) {
		CHECK(rc == (good ? 1 : -EBADMSG));
		CHECK(admit_has(a, "BEFORE") == (!good || stands_in(text, "BEFORE")));
	}
	admit_close(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	struct admit *a = NULL;
	size_t count = 0;
	bool good = believable(text, &count);
	int rc;

	if (!path[0])
		make_dir();
	write_list(text);
	rc = admit_open(path, false, &a);
	/* A bad list lets nobody in, and the first look at it says that it is bad. */
	CHECK(rc == 0 && admit_count(a) == (good ? count : 0));
	CHECK(admit_refresh(a) == (good ? 0 : -EBADMSG));
	if (good && count < 64)
		check_list(a, text);
	admit_close(a);
	check_replaced(text, good);
	return 0;
}

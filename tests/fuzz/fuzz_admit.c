/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The admission list: believed whole or not at all; who is on it is let in, from its networks if it
 * has some, and nobody else. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "ingestd/admit.h"
#include "lib/io.h"
#include "lib/network.h"
#include "lib/serial.h"
#include "tests/fuzz/fuzz.h"

#define HEAD  "punchd-admission 1"
#define HEAD2 "punchd-admission 2"
#define PEER  "192.0.2.7"

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

/* The serial of a line, and what follows its blank; a NULL ptr where no blank is. */
static struct span serial_of(struct span line, struct span *ret_networks)
{
	struct span serial = {line.ptr, 0};

	(void)span_next(&line, ' ', &serial);
	*ret_networks = line;
	return serial;
}

/* How many lines are for this serial; the networks of the last one. */
static size_t lines_for(struct span text, struct span serial, struct span *ret_networks)
{
	struct span line, networks;
	size_t count = 0;

	(void)span_next_line(&text, &line);
	while (span_next_line(&text, &line)) {
		if (!span_eq(serial_of(line, &networks), serial))
			continue;
		*ret_networks = networks;
		count++;
	}
	return count;
}

static bool line_good(struct span text, struct span line, bool second)
{
	struct span networks, unused, serial = serial_of(line, &networks);

	if (!serial_valid(serial) || (!second && networks.ptr))
		return false;
	if (networks.ptr && (span_has(networks, ' ') || !network_list_valid(networks)))
		return false;
	return !second || lines_for(text, serial, &unused) == 1;
}

/* Every line but the first is right; how many there are. */
static bool believable(struct span text, size_t *ret_count)
{
	struct span whole = text, line;

	if (!span_next_line(&text, &line) || (!span_is(line, HEAD) && !span_is(line, HEAD2)))
		return false;
	bool second = span_is(line, HEAD2);
	for (*ret_count = 0; span_next_line(&text, &line); ++*ret_count)
		if (!line_good(whole, line, second))
			return false;
	return true;
}

static enum admit_verdict verdict_of(struct span text, const char *serial, const char *peer)
{
	struct span networks = {NULL, 0};

	if (lines_for(text, span_str(serial), &networks) == 0)
		return ADMIT_UNKNOWN;
	return !networks.ptr || network_list_has(networks, span_str(peer)) ? ADMIT_IN
									   : ADMIT_ELSEWHERE;
}

static void check_asked(const struct admit *a, struct span text, const char *serial)
{
	static const char *const peers[] = {
		PEER, "::ffff:192.0.2.7", "2001:db8::7", "10.0.0.1", "", "x"};

	for (size_t i = 0; i < sizeof(peers) / sizeof(*peers); i++)
		CHECK(admit_ask(a, serial, peers[i]) == verdict_of(text, serial, peers[i]));
}

/* The serial itself, and some that are much like it. */
static void check_serial(const struct admit *a, struct span text, struct span name)
{
	char serial[SERIAL_MAX + 1] = {0};

	memcpy(serial, name.ptr, name.len);
	CHECK(admit_ask(a, serial, PEER) != ADMIT_UNKNOWN);
	check_asked(a, text, serial);
	serial[name.len - 1] = '\0';
	if (name.len > 1)
		check_asked(a, text, serial);
	serial[name.len - 1] = name.ptr[name.len - 1] == 'Z' ? 'Y' : 'Z';
	check_asked(a, text, serial);
}

static void check_list(struct admit *a, struct span text)
{
	struct span rest = text, line, networks;

	CHECK(admit_ask(a, "", PEER) == ADMIT_UNKNOWN && admit_refresh(a) == 0);
	(void)span_next_line(&rest, &line);
	while (span_next_line(&rest, &line))
		check_serial(a, text, serial_of(line, &networks));
}

static bool before_is_in(const struct admit *a)
{
	return admit_ask(a, "BEFORE", PEER) == ADMIT_IN;
}

/* A list that is not believed leaves the one of before. */
static void check_replaced(struct span text, bool good)
{
	struct admit *a;
	int rc;

	write_list(span_str(HEAD "\nBEFORE\n"));
	CHECK(admit_open(path, false, &a) == 0 && before_is_in(a));
	CHECK(unlink(path) == 0 && admit_refresh(a) == 0 && before_is_in(a));
	write_list(text);
	rc = admit_refresh(a);
	/* A file of the same size within the same tick of the clock may look unchanged. */
	if (text.len != strlen(HEAD "\nBEFORE\n")) {
		CHECK(rc == (good ? 1 : -EBADMSG));
		CHECK(before_is_in(a) == (!good || verdict_of(text, "BEFORE", PEER) == ADMIT_IN));
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

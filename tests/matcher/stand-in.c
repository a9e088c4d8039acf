/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stand-in: a matcher for tests, after docs/MATCHER.md and with nothing of punchd's. It knows
 * nothing of fingers: in all of its templates the last four bytes are the number of a made-up
 * finger, and two templates match when that is the same and anything else differs. Equal bytes are
 * an error, for no finger is ever captured twice with equal bytes.
 *
 * The last four bytes of a probe can be a word instead, which says how it misbehaves; and so can
 * the end of its own name, behind a dot, for what it does at its start: "stand-in.mute". */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINE_BYTES 65536
#define MARK_BYTES 4
#define HELLO      "hello 1 formats=iso19794-2,zkfinger10 probe_bytes=2048 references=10\n"

/* ---- what it says ---- */

static void say(const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, text, len);
		if (n < 0)
			exit(2);
		text += n;
		len -= (size_t)n;
	}
}

static void answer(const char *verdict, const char *id, const char *word)
{
	char line[256];

	snprintf(line, sizeof(line), "%s %s%s%s\n", verdict, id, word[0] ? " " : "", word);
	say(line);
}

/* ---- how it misbehaves ---- */

static void hang(void)
{
	for (;;)
		pause();
}

static void spin(void)
{
	for (volatile unsigned long turns = 0;; turns++)
		;
}

static void flood(void)
{
	char lines[8192];

	memset(lines, 'x', sizeof(lines));
	for (size_t i = 63; i < sizeof(lines); i += 64)
		lines[i] = '\n';
	for (;;)
		if (write(STDOUT_FILENO, lines, sizeof(lines)) < 0)
			hang();
}

/* Takes memory until it gets no more, and dies of it. */
static void hog(void)
{
	const size_t step = 1024 * 1024;

	for (;;) {
		void *more = malloc(step);
		if (!more)
			abort();
		memset(more, 1, step);
	}
}

/* What a matcher that an attacker owns would try. Each that works is told by its number. */
static const char *what_works(void)
{
	static char found[16];
	size_t count = 0;
	void *large = mmap(
		NULL, (size_t)1 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (large != MAP_FAILED)
		found[count++] = 'm';
	for (int fd = 3; fd < 1024; fd++)
		if (write(fd, "", 0) == 0 || errno != EBADF) {
			found[count++] = 'd';
			break;
		}
	if (open("/etc/passwd", O_RDONLY) >= 0 || open("/proc/self/status", O_RDONLY) >= 0)
		found[count++] = 'r';
	if (open("/tmp/stand-in-was-here", O_WRONLY | O_CREAT, 0600) >= 0)
		found[count++] = 'w';
	if (fork() >= 0)
		found[count++] = 'f';
	execl("/bin/true", "true", (char *)NULL);
	if (syscall(SYS_tgkill, getppid(), getppid(), 0) == 0)
		found[count++] = 'k';
	if (getenv("HOME") || getenv("PUNCHD_CONF") || getenv("NOTIFY_SOCKET"))
		found[count++] = 'e';
	if (getsid(0) != getpid())
		found[count++] = 's';
	return found;
}

static bool misbehaves(const char *mark, const char *id)
{
	char other[32];

	if (memcmp(mark, "hang", 4) == 0)
		hang();
	if (memcmp(mark, "spin", 4) == 0)
		spin();
	if (memcmp(mark, "die!", 4) == 0)
		exit(3);
	if (memcmp(mark, "crsh", 4) == 0)
		raise(SIGSEGV);
	if (memcmp(mark, "hog!", 4) == 0)
		hog();
	if (memcmp(mark, "flod", 4) == 0)
		flood();
	if (memcmp(mark, "inet", 4) == 0)
		(void)!socket(AF_INET, SOCK_STREAM, 0);
	if (memcmp(mark, "shut", 4) == 0) {
		shutdown(STDOUT_FILENO, SHUT_WR);
		hang();
	}
	if (memcmp(mark, "babl", 4) == 0)
		say("I think it is the same finger\n");
	else if (memcmp(mark, "long", 4) == 0)
		for (int i = 0; i < 300; i++)
			say("m");
	else if (memcmp(mark, "lies", 4) == 0) {
		snprintf(other, sizeof(other), "%llu", strtoull(id, NULL, 10) + 1);
		answer("match", other, "");
	} else if (memcmp(mark, "twic", 4) == 0) {
		char both[128];
		snprintf(both, sizeof(both), "match %s\nmatch %s\n", id, id);
		say(both);
	} else if (memcmp(mark, "agai", 4) == 0) {
		answer("nomatch", id, "");
		usleep(50000);
		answer("match", id, "");
	} else if (memcmp(mark, "refu", 4) == 0)
		answer("error", id, "bad-probe");
	else if (memcmp(mark, "cage", 4) == 0) {
		const char *works = what_works();
		answer("error", id, works[0] ? works : "none");
	} else
		return false;
	return true;
}

/* ---- how it matches ---- */

/* How many bytes; -1 when it is no base64. */
static long decode(const char *text, unsigned char *into)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned bits = 0, held = 0;
	long count = 0;

	for (; *text && *text != '='; text++) {
		const char *at = strchr(alphabet, *text);
		if (!at)
			return -1;
		held = held << 6 | (unsigned)(at - alphabet);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		into[count++] = (unsigned char)(held >> bits);
	}
	return count;
}

/* "match", "nomatch", or NULL for an error. */
static const char *compare(const unsigned char *probe, long probe_bytes, char *references)
{
	static unsigned char reference[LINE_BYTES];
	const char *verdict = "nomatch";

	for (char *text = strtok(references, " "); text; text = strtok(NULL, " ")) {
		long bytes = decode(text, reference);

		if (bytes < MARK_BYTES ||
			(bytes == probe_bytes && memcmp(probe, reference, (size_t)bytes) == 0))
			return NULL;
		if (memcmp(probe + probe_bytes - MARK_BYTES, reference + bytes - MARK_BYTES,
			    MARK_BYTES) == 0)
			verdict = "match";
	}
	return verdict;
}

static void verify(char *line)
{
	static unsigned char probe[LINE_BYTES];
	char *verb = strtok(line, " "), *id = strtok(NULL, " "), *format = strtok(NULL, " ");
	char *text = strtok(NULL, " "), *references = strtok(NULL, "");
	long bytes = text ? decode(text, probe) : -1;
	const char *verdict;

	if (!verb || strcmp(verb, "verify") != 0 || !format || bytes < MARK_BYTES || !references) {
		answer("error", id ? id : "1", "bad-request");
		return;
	}
	if (misbehaves((const char *)probe + bytes - MARK_BYTES, id))
		return;
	verdict = compare(probe, bytes, references);
	answer(verdict ? verdict : "error", id, verdict ? "" : "same-bytes");
}

/* ---- the start ---- */

static void begin(const char *name)
{
	const char *how = strrchr(name, '.');

	if (!how)
		say(HELLO);
	else if (strcmp(how, ".mute") == 0)
		hang();
	else if (strcmp(how, ".dies") == 0)
		exit(3);
	else if (strcmp(how, ".hog") == 0)
		hog();
	else if (strcmp(how, ".flood") == 0)
		flood();
	else if (strcmp(how, ".rude") == 0)
		say("hello\n");
	else if (strcmp(how, ".eager") == 0)
		say(HELLO "match 1\n");
	else if (strcmp(how, ".dieslater") == 0) {
		say(HELLO);
		exit(3);
	} else
		exit(64);
}

int main(int argc, char **argv)
{
	static char line[LINE_BYTES + 1];

	(void)argc;
	begin(argv[0]);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		verify(line);
	}
	return 0;
}

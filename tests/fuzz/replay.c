/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay: gives files, and all files of directories, to one target: for compilers without a fuzzer,
 * and for looking at a crash again. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/io.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX ((size_t)64 * 1024 * 1024)

static unsigned inputs;

static int fail(const char *path, int rc)
{
	fprintf(stderr, "%s: %s\n", path, strerror(-rc));
	return rc;
}

/* In memory of exactly its size, so that a byte too far is seen. */
static int replay_bytes(const struct buf *b)
{
	uint8_t *exact = malloc(b->len ? b->len : 1);

	if (!exact)
		return -ENOMEM;
	if (b->len > 0)
		memcpy(exact, b->ptr, b->len);
	(void)LLVMFuzzerTestOneInput(exact, b->len);
	free(exact);
	inputs++;
	return 0;
}

static int replay_file(const char *path)
{
	struct buf b = buf_with_max(INPUT_MAX);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : io_read_all(fd, &b);

	io_close(fd);
	/* Said before, for after a crash it is too late. */
	if (getenv("REPLAY_NAMES"))
		fprintf(stderr, "%s\n", path);
	if (rc == 0)
		rc = replay_bytes(&b);
	buf_free(&b);
	return rc < 0 ? fail(path, rc) : 0;
}

static int replay(const char *path);

static int replay_dir(const char *path)
{
	struct dirent **names;
	int rc = 0, count = scandir(path, &names, NULL, alphasort);

	if (count < 0)
		return fail(path, -errno);
	for (int i = 0; i < count; i++) {
		char *inner = NULL;

		if (rc == 0 && names[i]->d_name[0] != '.')
			rc = asprintf(&inner, "%s/%s", path, names[i]->d_name) < 0 ? -ENOMEM
										   : replay(inner);
		free(inner);
		free(names[i]);
	}
	free(names);
	return rc;
}

static int replay(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return fail(path, -errno);
	return S_ISDIR(st.st_mode) ? replay_dir(path) : replay_file(path);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE|DIRECTORY...\n", argv[0]);
		return 64;
	}
	for (int i = 1; i < argc; i++)
		if (replay(argv[i]) < 0)
			return 1;
	if (inputs == 0) {
		fprintf(stderr, "%s: no inputs\n", argv[0]);
		return 1;
	}
	printf("%u inputs\n", inputs);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* people STATE USERS QUESTIONS: how long cmdqd's look-ups of people take in the records that
 * fill_people made and with the devices that fill_control made: by PIN, by card, of somebody whom
 * nobody knows, and all templates; in microseconds, as p50 and p99. */
#include "cmdqd/people.h"
#include "cmdqd/ledger.h"
#include "lib/conf.h"
#include "tests/bench/bench.h"
#include "tests/bench/people.h"

typedef int question(struct people *p, uint64_t n);

static int by_pin(struct people *p, uint64_t n)
{
	char pin[24];
	struct person person;
	int len = snprintf(pin, sizeof(pin), "%lu", (unsigned long)people_pin(n));
	int rc = people_by_pin(p, span_str(""), span_of(pin, (size_t)len), &person);

	if (rc == 0)
		person_free(&person);
	return rc;
}

static int by_card(struct people *p, uint64_t n)
{
	struct person person;
	int rc = people_by_card(p, span_str(""), people_card(n), &person);

	if (rc == 0)
		person_free(&person);
	return rc;
}

static int by_no_pin(struct people *p, uint64_t n)
{
	int rc = by_pin(p, UINT64_C(1) << 40 | n);

	return rc == -ENOENT ? 0 : rc < 0 ? rc : -EEXIST;
}

static int ignore(void *context, const struct item *i)
{
	(void)context, (void)i;
	return 0;
}

static int templates(struct people *p, uint64_t n)
{
	char pin[24];
	int len = snprintf(pin, sizeof(pin), "%lu", (unsigned long)people_pin(n));

	return people_templates(p, span_str(""), span_of(pin, (size_t)len), ignore, NULL);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void measure(const char *name, question *ask, struct people *p, uint64_t users, size_t count)
{
	double *took = calloc(count, sizeof(*took));
	uint64_t bits = 1;

	if (took == NULL)
		bench_die("memory");
	for (size_t i = 0; i < count; i++) {
		bits = bits * UINT64_C(6364136223846793005) + 1442695040888963407;
		double from_us = now_us();
		int rc = ask(p, (bits >> 33) % users);
		took[i] = now_us() - from_us;
		errno = -rc;
		if (rc < 0)
			bench_die(name);
	}
	qsort(took, count, sizeof(*took), compare);
	printf("{\"question\": \"%s\", \"p50_us\": %.1f, \"p99_us\": %.1f}\n", name,
		took[count / 2], took[count * 99 / 100]);
	free(took);
}

int main(int argc, char **argv)
{
	char control[4096], path[4096], private_path[4096];
	struct devices *devices;

	if (argc != 4 || bench_number(argv[2]) == 0 || bench_number(argv[3]) == 0)
		return EX_USAGE;
	snprintf(control, sizeof(control), "%s/" CONF_CONTROL, argv[1]);
	snprintf(path, sizeof(path), "%s/" CONF_RECORDS, argv[1]);
	snprintf(private_path, sizeof(private_path), "%s/" CONF_PRIVATE, argv[1]);
	int rc = devices_open(control, false, &devices);
	errno = -rc;
	if (rc < 0)
		bench_die(control);
	struct library library = {.path = path, .private_path = private_path};
	struct people people = {.devices = devices, .library = &library};
	uint64_t users = bench_number(argv[2]), count = bench_number(argv[3]);
	measure("by PIN", by_pin, &people, users, count);
	measure("by card", by_card, &people, users, count);
	measure("by a PIN that nobody has", by_no_pin, &people, users, count);
	measure("templates", templates, &people, users, count);
	library_close(&library);
	devices_close(devices);
	return EX_OK;
}

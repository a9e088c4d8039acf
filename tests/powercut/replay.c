/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay: builds the disk of a recording as power cuts leave it, mounts it with the kernel, starts
 * punchd on it, and asks whether all is there that was promised. README.md */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "lib/num.h"
#include "tests/powercut/disk.h"
#include "tests/powercut/promise.h"
#include "tests/powercut/rig.h"

#define HANG_S       600
#define VARIANTS     1000 /* a point's number: that of its event times this, plus the variant */
#define SHARDS_MAX   64
#define TOLD_MAX     10 /* failing points that are told in words */
#define RARE         20 /* of so many cuts by sectors one may not be mountable, and two in any case */
#define EXTRA_SERIAL "AFTERCUT1"

/* ---- what is asked for ---- */

struct asked {
	const char *fs, *base, *log, *bin, *dir;
	uint64_t points, seed, shards, only, every;
	bool until_failure;
};

static uint64_t number_or_end(const char *text, uint64_t min)
{
	uint64_t value;

	if (num_u64(span_str(text), min, INT64_MAX, &value) < 0)
		errx(EX_USAGE, "\"%s\" is no number from %llu on", text, (unsigned long long)min);
	return value;
}

static struct asked read_options(int argc, char **argv)
{
	static const struct option options[] = {{"points", 1, NULL, 'p'}, {"seed", 1, NULL, 's'},
		{"shards", 1, NULL, 'n'}, {"only", 1, NULL, 'o'}, {"every", 1, NULL, 'e'},
		{"until-failure", 0, NULL, 'u'}, {NULL, 0, NULL, 0}};
	struct asked a = {.points = UINT64_MAX, .seed = 1, .shards = 1, .every = 50};

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (c) {
		case 'p':
			a.points = number_or_end(optarg, 1);
			break;
		case 's':
			a.seed = number_or_end(optarg, 0);
			break;
		case 'n':
			a.shards = number_or_end(optarg, 1);
			break;
		case 'o':
			a.only = number_or_end(optarg, 1);
			break;
		case 'e':
			a.every = number_or_end(optarg, 1);
			break;
		case 'u':
			a.until_failure = true;
			break;
		default:
			exit(EX_USAGE);
		}
	}
	if (argc - optind != 5 || a.shards > SHARDS_MAX) {
		fputs("usage: replay [--points N] [--seed N] [--shards N] [--every N] [--only "
		      "POINT]\n"
		      "              [--until-failure] FS BASE LOG BIN DIR\n",
			stderr);
		exit(EX_USAGE);
	}
	a.fs = argv[optind];
	a.base = argv[optind + 1];
	a.log = argv[optind + 2];
	a.bin = argv[optind + 3];
	a.dir = argv[optind + 4];
	return a;
}

/* ---- the points ---- */

struct points {
	uint64_t *numbers; /* ascending */
	size_t count;
};

static size_t event_of(uint64_t point)
{
	return (size_t)(point / VARIANTS);
}

/* Variants: 0 in order, 1 all is lost, then blocks and sectors in turn, each time others. */
static enum cut cut_of(uint64_t point)
{
	uint64_t variant = point % VARIANTS;

	return variant < 2 ? (enum cut)variant : variant % 2 == 0 ? CUT_BLOCKS : CUT_SECTORS;
}

static const char *const cut_words[] = {
	"cut in order", "all unflushed lost", "some blocks lost", "some sectors lost"};

/* From the mark "begin" on: what was made before is the test's own. */
static size_t first_event(const struct recording *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->events[i].kind == LOG_MARK && r->events[i].len >= 5 &&
			memcmp(r->events[i].bytes, "begin", 5) == 0)
			return i;
	errx(EX_DATAERR, "the recording has no beginning");
}

/* All points there are, with so many random ones at each flush. */
static size_t list_points(const struct recording *r, unsigned random, uint64_t *ret)
{
	size_t count = 0, unflushed = 0;

#define ADD(variant) (ret ? (void)(ret[count] = i * VARIANTS + (variant)) : (void)0, count++)
	for (size_t i = first_event(r); i < r->count; i++) {
		if (r->events[i].kind == LOG_WRITE) {
			unflushed++;
			ADD(0);
		} else if (r->events[i].kind == LOG_MARK) {
			ADD(1);
		} else if (unflushed > 0) {
			unflushed = 0;
			for (unsigned v = 1; v < 2 + random; v++)
				ADD(v);
		}
	}
#undef ADD
	return count;
}

static uint64_t stir(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* So many of all, by the seed. */
static void choose(struct points *p, uint64_t wanted, uint64_t seed)
{
	for (size_t i = 0; wanted < p->count && i < wanted; i++) {
		size_t other = i + (size_t)(stir(seed * 0x10001 + i + 1) % (p->count - i));
		uint64_t number = p->numbers[i];
		p->numbers[i] = p->numbers[other];
		p->numbers[other] = number;
	}
	if (wanted < p->count)
		p->count = (size_t)wanted;
	qsort(p->numbers, p->count, sizeof(*p->numbers), by_number);
}

static struct points points_of(const struct recording *r, const struct asked *a)
{
	struct points p = {.count = 0};
	unsigned random = 4;

	while (a->points != UINT64_MAX && random < VARIANTS - 2 &&
		list_points(r, random, NULL) < a->points)
		random += 2;
	p.numbers = calloc(list_points(r, random, NULL) + 1, sizeof(*p.numbers));
	if (!p.numbers)
		err(EX_OSERR, "memory");
	p.count = list_points(r, random, p.numbers);
	choose(&p, a->points, a->seed);
	if (a->only) {
		p.numbers[0] = a->only;
		p.count = 1;
	}
	return p;
}

/* ---- one point ---- */

struct tally {
	uint64_t points, failing, unmountable, extra, busy_us;
	uint64_t by_cut[4], failing_by_cut[4];
};

struct shard {
	struct rig rig;
	struct disk disk;
	struct image image;
	const struct promises *promises;
	const struct asked *asked;
	char *text; /* of an objection; shared with who checks */
	struct tally *tally;
	bool *stop; /* shared by all shards */
};

#define TEXT_BYTES ((size_t)1024)

static void become_user(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(RIG_USER, RIG_USER, RIG_USER) < 0 ||
		setresuid(RIG_USER, RIG_USER, RIG_USER) < 0)
		objection("dead: cannot become the daemons' user");
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)alarm(HANG_S);
}

/* ingestd serves again; and all that was done is done again, which changes nothing. */
static void check_further(const struct shard *s, size_t made)
{
	struct promise *p = &s->promises->list[made];

	*p = (struct promise){.kind = PROMISE_PUNCHES,
		.first_pin = s->promises->last_pin,
		.pins = 1,
		.serial = EXTRA_SERIAL,
		.time = {2026, 1, 5, 8, 0, 0}};
	rig_serve(&s->rig, p->serial, p->first_pin);
	rig_work_off(&s->rig);
	struct store_sizes before = check_stores(s->promises, made + 1, s->rig.state);
	rig_replay(&s->rig, "upload");
	rig_replay(&s->rig, "result");
	rig_replay(&s->rig, "order");
	rig_work_off(&s->rig);
	check_worked_off(s->rig.spool);
	struct store_sizes after = check_stores(s->promises, made + 1, s->rig.state);
	if (memcmp(&before, &after, sizeof(before)) != 0)
		objection("double: a replay of all that is done changed the stores");
}

static __attribute__((noreturn)) void check(const struct shard *s, size_t made, bool further)
{
	objection_into(s->text, TEXT_BYTES);
	become_user();
	check_spools(s->promises, made, s->rig.spool);
	rig_work_off(&s->rig);
	check_worked_off(s->rig.spool);
	(void)check_stores(s->promises, made, s->rig.state);
	if (further)
		check_further(s, made);
	_exit(0);
}

/* In a process of its own: what a torn file does to it hurts nobody else. */
static bool check_mounted(const struct shard *s, size_t made, bool further)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		err(EX_OSERR, "fork");
	if (pid == 0)
		check(s, made, further);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		snprintf(s->text, TEXT_BYTES, "%s: signal %d",
			WTERMSIG(status) == SIGALRM ? "hung" : "unreadable", WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A superblock is several sectors with one checksum, on ext4 (EBADMSG) and on btrfs (EINVAL). What
 * the file system itself does not survive says nothing of punchd; but it is told, and must be rare.
 */
static bool is_forgiven(const struct shard *s, uint64_t number, int error)
{
	bool forgiven = cut_of(number) == CUT_SECTORS &&
			(error == -EBADMSG || error == -EUCLEAN || error == -EINVAL);

	s->tally->unmountable += forgiven;
	return forgiven;
}

static bool check_point(struct shard *s, uint64_t number, bool further)
{
	size_t made = promises_made(s->promises, event_of(number));

	image_cut(&s->image, cut_of(number), stir(s->asked->seed) ^ number);
	int rc = disk_mount(&s->disk);
	if (rc < 0) {
		snprintf(s->text, TEXT_BYTES, "mount: %s", strerror(-rc));
		return is_forgiven(s, number, rc);
	}
	bool held = check_mounted(s, made, further);
	rc = disk_unmount(&s->disk);
	if (rc < 0)
		errx(EX_OSERR, "%s cannot be unmounted: %s", s->disk.where, strerror(-rc));
	return held;
}

/* ---- a shard ---- */

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void tell_failure(const struct shard *s, uint64_t number)
{
	printf("FAILED  %s, point %llu (%s at event %zu): %.*s\n", s->asked->fs,
		(unsigned long long)number, cut_words[cut_of(number)], event_of(number),
		(int)TEXT_BYTES, s->text);
	fflush(stdout);
}

static void take_point(struct shard *s, uint64_t number)
{
	uint64_t began_us = now_us();
	bool further = s->asked->only || stir(number) % s->asked->every == 0;
	struct tally *t = s->tally;

	/* The events before it, and its own but for a flush: that one is still to come. */
	while (s->image.next < event_of(number) ||
		(s->image.next == event_of(number) &&
			s->image.recording->events[s->image.next].kind != LOG_FLUSH))
		image_take(&s->image);
	bool held = check_point(s, number, further);
	t->points++;
	t->extra += further;
	t->by_cut[cut_of(number)]++;
	t->busy_us += now_us() - began_us;
	if (held)
		return;
	t->failing++;
	t->failing_by_cut[cut_of(number)]++;
	if (t->failing <= TOLD_MAX)
		tell_failure(s, number);
	if (s->asked->until_failure)
		*s->stop = true;
}

static void run_shard(struct shard *s, const struct recording *r, const struct points *p, size_t k)
{
	char dir[sizeof(s->rig.dir)];

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(dir, sizeof(dir), "%s/%zu", s->asked->dir, k);
	rig_open(&s->rig, s->asked->bin, dir);
	image_open(&s->image, r);
	int rc = disk_enter_own_world();
	if (rc == 0)
		rc = disk_open(&s->disk, s->image.fd, s->asked->fs, s->rig.mount);
	if (rc < 0)
		errx(EX_OSERR, "no loop device, or no mount namespace: %s", strerror(-rc));
	for (size_t i = k; i < p->count && !*s->stop; i += s->asked->shards)
		take_point(s, p->numbers[i]);
}

static void *shared(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		err(EX_OSERR, "memory");
	return at;
}

/* ---- all of them ---- */

static void start_shards(const struct asked *a, const struct recording *r, const struct points *p,
	struct tally *tallies)
{
	const struct promises promises = promises_read(r);
	bool *stop = shared(sizeof(*stop));

	promises.list[promises.count].found = 0;
	for (size_t k = 0; k < a->shards; k++) {
		struct shard s = {.promises = &promises,
			.asked = a,
			.text = shared(TEXT_BYTES),
			.tally = &tallies[k],
			.stop = stop};
		pid_t pid = fork();
		if (pid < 0)
			err(EX_OSERR, "fork");
		if (pid == 0) {
			run_shard(&s, r, p, k);
			exit(0);
		}
	}
	printf("%s: seed %llu, %zu events, %zu promises\n", a->fs, (unsigned long long)a->seed,
		r->count, promises.count);
}

static bool all_ended_well(void)
{
	bool well = true;
	int status;

	while (wait(&status) > 0)
		well = well && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return well;
}

static struct tally sum_of(const struct tally *tallies, size_t count)
{
	struct tally sum = {.points = 0};

	for (size_t k = 0; k < count; k++) {
		sum.points += tallies[k].points;
		sum.failing += tallies[k].failing;
		sum.unmountable += tallies[k].unmountable;
		sum.extra += tallies[k].extra;
		sum.busy_us += tallies[k].busy_us;
		for (unsigned c = 0; c < 4; c++) {
			sum.by_cut[c] += tallies[k].by_cut[c];
			sum.failing_by_cut[c] += tallies[k].failing_by_cut[c];
		}
	}
	return sum;
}

static void tell(const char *fs, const struct tally *t)
{
	for (unsigned c = 0; c < 4; c++)
		printf("%s: %-18s %6llu points, %llu failing\n", fs, cut_words[c],
			(unsigned long long)t->by_cut[c], (unsigned long long)t->failing_by_cut[c]);
	if (t->unmountable > 0)
		printf("%s: %llu of them are not to be mounted: the kernel's superblock was torn\n",
			fs, (unsigned long long)t->unmountable);
	printf("%s: %llu points, all with the daemons, %llu also served and replayed; %llu "
	       "failing; "
	       "%.1f ms a point\n",
		fs, (unsigned long long)t->points, (unsigned long long)t->extra,
		(unsigned long long)t->failing,
		t->points ? (double)t->busy_us / (double)t->points / 1000 : 0);
}

int main(int argc, char **argv)
{
	struct asked a = read_options(argc, argv);
	struct recording r = recording_open(a.base, a.log);
	struct points p = points_of(&r, &a);
	struct tally *tallies = shared(SHARDS_MAX * sizeof(*tallies));

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (p.count == 0)
		errx(EX_DATAERR, "the recording has no point");
	if (a.only)
		a.shards = 1;
	start_shards(&a, &r, &p, tallies);
	bool well = all_ended_well();
	struct tally t = sum_of(tallies, a.shards);
	tell(a.fs, &t);
	if (!well)
		errx(EX_SOFTWARE, "a shard did not come to its end");
	if (t.unmountable > 2 + t.by_cut[CUT_SECTORS] / RARE)
		errx(EX_SOFTWARE, "too many disks cannot be mounted for it to be the superblock");
	return t.failing > 0;
}

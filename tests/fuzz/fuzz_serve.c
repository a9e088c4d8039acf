/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ingestd from a client's first byte to what it hears, with a committer and a desk that the input
 * leads: nobody hears 200 for what is not stored, what is stored is the body that came, and nothing
 * is left of a request, in memory or on the disk. The input is a list of steps, as in http_steps.
 */
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "ingestd/serve_private.h"
#include "ingestd/served.h"
#include "lib/log.h"
#include "lib/num.h"
#include "tests/fuzz/http_clients.h"

#define STEP      0x1e
#define BODY_MAX  3000
#define LINES_MAX 50
#define MEMORY    6000 /* of all bodies: a second one goes to the disk */
#define FILE_SIZE 1000

static struct serve serve;
static struct http *http;

/* ---- what came: uploads that are under way, by their exchange ---- */

static struct {
	struct http_exchange *x;
	uint64_t body_bytes, body_hash;
} uploads[CLIENTS];

static uint64_t hash_on(uint64_t hash, struct span piece)
{
	for (size_t i = 0; i < piece.len; i++)
		hash = hash * 31 + (unsigned char)piece.ptr[i];
	return hash;
}

static size_t place_of(const struct http_exchange *x)
{
	size_t i = 0;

	while (i < CLIENTS && uploads[i].x != x)
		i++;
	return i;
}

/* ---- the committer: what was submitted waits for a step ---- */

static struct commit_item *submitted, *finished;
static struct http_exchange *promising; /* its upload is durable just now */

static void check_entry(const struct commit_item *item)
{
	struct buf b = buf_with_max(1024 * 1024);
	const struct upload *u = (const struct upload *)(const void *)item;
	size_t i = place_of(((const struct visit *)(const void *)u)->x);
	struct span kind = u->entry.kind, part;
	struct spool_entry e;
	size_t offset = 0;
	unsigned number = 0;
	const char *why;

	if (item->bytes.ptr) {
		CHECK(buf_add_span(&b, item->bytes) == 0);
	} else {
		int fd = openat(u->spool->dirs[SPOOL_TMP], item->draft.name, O_RDONLY | O_CLOEXEC);

		CHECK(fd >= 0 && io_read_all(fd, &b) == 0);
		io_close(fd);
	}
	CHECK(spool_entry_next(buf_span(&b), kind, &offset, &number, &e, &part, &why) ==
		SPOOL_ENTRY);
	CHECK(e.checked && offset == b.len && e.body.len == u->body_bytes);
	CHECK(i == CLIENTS || (e.body.len == uploads[i].body_bytes &&
				      hash_on(0, e.body) == uploads[i].body_hash));
	CHECK(e.body.len > 0 && e.body.len <= BODY_MAX);
	CHECK(span_eq(e.serial, u->entry.serial) && span_eq(e.target, u->entry.target));
	buf_free(&b);
}

void commit_submit(struct commit_lane *l, struct commit_item *item)
{
	struct commit_item **at = &submitted;

	(void)l;
	check_entry(item);
	while (*at)
		at = &(*at)->next;
	item->next = NULL;
	*at = item;
}

struct commit_item *commit_collect(struct commit_lane *l)
{
	struct commit_item *all = finished;

	(void)l;
	finished = NULL;
	return all;
}

static void commit_next(int result)
{
	struct commit_item *item = submitted;

	if (!item)
		return;
	submitted = item->next;
	item->next = NULL;
	item->result = result;
	finished = item;
	promising = result == 0 ? ((struct visit *)(void *)item)->x : NULL;
	serve_committed(NULL);
	promising = NULL;
	http_run(http);
}

/* ---- what is said to a client: 200 to an upload only while it is promised ---- */

void __real_http_reply(struct http_exchange *x, unsigned status, struct span body);
void __wrap_http_reply(struct http_exchange *x, unsigned status, struct span body);

void __wrap_http_reply(struct http_exchange *x, unsigned status, struct span body)
{
	size_t i = place_of(x);

	if (i < CLIENTS && status == 200)
		CHECK(promising == x || uploads[i].body_bytes == 0);
	CHECK(status == 200 || !span_starts(body, "OK"));
	__real_http_reply(x, status, body);
}

/* ---- the desk: so does what was asked ---- */

#define QUESTIONS 16

static void *questions[QUESTIONS]; /* their owners */
static size_t asked;
static bool desk_away;

int desk_ask(struct desk *d, struct msg_question *q, void *owner)
{
	struct buf b = buf_with_max(MSG_MAX);
	struct msg_question back;

	(void)d;
	q->id = 7;
	int rc = desk_away || asked == QUESTIONS ? -ENOTCONN : msg_put_question(&b, q);
	if (rc == 0) {
		CHECK(msg_get_question(buf_span(&b), &back) == 0);
		CHECK(span_eq(back.body, q->body) && span_eq(back.serial, q->serial));
		questions[asked++] = owner;
	}
	buf_free(&b);
	return rc;
}

/* "200 text"; "-": it does not answer. */
static void desk_answer(struct span text)
{
	struct msg_answer a = {.id = 7, .status = 200, .body = text};
	struct span word;
	uint64_t status;

	if (asked == 0)
		return;
	if (span_next(&a.body, ' ', &word) && num_u64(word, 200, 599, &status) == 0)
		a.status = (unsigned)status;
	void *owner = questions[0];
	memmove(questions, questions + 1, --asked * sizeof(*questions));
	serve_answered(owner, span_eq(text, span_str("-")) ? NULL : &a);
	http_run(http);
}

/* ---- who is let in ---- */

enum admit_verdict admit_ask(const struct admit *a, const char *serial, const char *peer)
{
	(void)a, (void)peer;
	if (serial[0] == 'X')
		return ADMIT_UNKNOWN;
	return serial[0] == 'Y' ? ADMIT_ELSEWHERE : ADMIT_IN;
}

/* ---- calls, looked at on their way ---- */

static void *on_begin(void *context, struct http_exchange *x, const struct http_head *head)
{
	struct visit *v = serve_calls.begin(context, x, head);
	size_t i = place_of(NULL);

	if (v && v->uploading && i < CLIENTS) {
		uploads[i].x = x;
		uploads[i].body_bytes = uploads[i].body_hash = 0;
	}
	CHECK(!v || head->content_length != HTTP_LENGTH_BAD);
	CHECK(serve.budget.used_bytes <= serve.budget.max_bytes + SPOOL_HEAD_MAX * CLIENTS);
	return v;
}

static void on_body(void *own, struct span piece)
{
	size_t i = place_of(((struct visit *)own)->x);

	if (i < CLIENTS) {
		uploads[i].body_bytes += piece.len;
		uploads[i].body_hash = hash_on(uploads[i].body_hash, piece);
	}
	serve_calls.body(own, piece);
}

static void on_end(void *own)
{
	serve_calls.end(own);
}

static void on_gone(void *own)
{
	size_t i = place_of(((struct visit *)own)->x);

	if (i < CLIENTS)
		uploads[i].x = NULL;
	serve_calls.gone(own);
}

static const struct http_calls calls = {on_begin, on_body, on_end, on_gone};

/* ---- steps ---- */

static struct conf conf = {.body_max_bytes = BODY_MAX, .body_lines_max = LINES_MAX};

static char dir[] = "/tmp/fuzz-serve-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int what, struct FTW *ftw)
{
	(void)st, (void)what, (void)ftw;
	return remove(path);
}

static void remove_state(void)
{
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Once: a spool each for what is said, and a file that may be fetched. */
static void make_state(void)
{
	static char name[64 + sizeof(CONF_SERVED "/")];

	CHECK(mkdtemp(dir) && atexit(remove_state) == 0);
	CHECK(spool_make(dir, "upload") == 0 && spool_make(dir, "result") == 0);
	CHECK(spool_open(dir, "upload", SPOOL_FOR_WRITING, &serve.upload_spool) == 0);
	CHECK(spool_open(dir, "result", SPOOL_FOR_WRITING, &serve.result_spool) == 0);
	serve.state_fd = served_open(dir);
	CHECK(mkdirat(serve.state_fd, "cmdqd", 0700) == 0);
	CHECK(mkdirat(serve.state_fd, CONF_SERVED, 0700) == 0);
	snprintf(name, sizeof(name), CONF_SERVED "/%064d", 0);
	int fd = openat(serve.state_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && ftruncate(fd, FILE_SIZE) == 0);
	io_close(fd);
}

static void step(struct span s)
{
	struct span rest = s.len > 0 ? span_from(s, 1) : s;
	unsigned number = rest.len > 0 ? (unsigned char)rest.ptr[0] % 16 % CLIENTS : 0;

	switch (s.len > 0 ? s.ptr[0] : '\0') {
	case '0' ... '9': /* a client says the rest of the step */
		(void)client_say(http, (unsigned)(s.ptr[0] - '0'), rest);
		break;
	case 'c': /* the oldest upload is durable, ... */
		commit_next(0);
		break;
	case 'f': /* ... or is not */
		commit_next(-ENOSPC);
		break;
	case 'a': /* the oldest question is answered with the rest */
		desk_answer(rest);
		break;
	case 'd':
		desk_away = !desk_away;
		break;
	case 'D':
		serve.disk_full = !serve.disk_full;
		break;
	case 'E':
		serve.ending = true;
		break;
	case 'm': /* there will be no memory */
		allocations_left = number + 1;
		break;
	case 'e': /* time passes */
		clients_pass(http, 1 + 1800 * number);
		break;
	case 'x': /* a client goes away */
		client_leave(&clients[number]);
		break;
	default:
		clients_run(http, 4);
		break;
	}
}

/* Whoever waits is answered, and all go: nothing is left. */
static void finish(void)
{
	allocations_left = 0;
	do {
		clients_settle(http);
		commit_next(0);
		desk_answer(span_str("-"));
	} while (submitted || asked > 0);
	clients_pass(http, HTTP_IDLE_S / 2);
	clients_pass(http, HTTP_IDLE_S);
	CHECK(http_connections(http) == 0);
	http_quiesce(http);
	http_close(http);
	CHECK(serve.waiting == 0 && serve.budget.used_bytes == 0);
}

static void check_spool(const struct spool *s)
{
	struct spool_list left;

	CHECK(spool_scan(s, SPOOL_TMP, 1, &left) == 0 && left.total == 0);
	spool_list_free(&left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size), s;

	log_open("fuzz", (enum log_level)0); /* each input would be one of many lines */
	if (!serve.conf)
		make_state();
	serve.conf = &conf;
	serve.budget = (struct upload_budget){.max_bytes = MEMORY};
	serve.disk_full = serve.ending = desk_away = false;
	memset(uploads, 0, sizeof(uploads));
	clients_begin();
	CHECK(http_open(-1, &http_limits, &calls, &serve, &http) == 0);
	while (span_next(&rest, STEP, &s))
		step(s);
	finish();
	for (unsigned i = 0; i < CLIENTS; i++)
		client_leave(&clients[i]);
	clients_end();
	check_spool(&serve.upload_spool);
	check_spool(&serve.result_spool);
	return 0;
}

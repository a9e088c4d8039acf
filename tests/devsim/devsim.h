/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * devsim, the simulated terminal: what its files share. One thread, one epoll; every function that
 * can fail returns 0 or a negative errno unless it says otherwise, and die() ends the program with
 * a code of sysexits.h.
 */
#ifndef PUNCHD_TESTS_DEVSIM_H
#define PUNCHD_TESTS_DEVSIM_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define SERIAL_MAX                 32
#define REPLY_MAX                  (1U << 20)
#define USEC                       1000000U
#define container(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

/* bytes.c: a growing buffer. Running out of memory ends the program. */
struct bytes {
	char *data;
	size_t len, cap;
};
char *bytes_reserve(struct bytes *b, size_t more);
void bytes_add(struct bytes *b, const void *data, size_t len);
void bytes_text(struct bytes *b, const char *text);
void bytes_char(struct bytes *b, char c);
void bytes_number(struct bytes *b, uint64_t n, unsigned int min_digits);
void bytes_format(struct bytes *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bytes_free(struct bytes *b);
void *must_alloc(size_t count, size_t size);
void die(int code, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));
void warn_once(bool *warned, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* when.c: wall clock of a terminal in seconds since 2000-01-01 00:00:00, no zone; and this
 * machine's clock. */
#define WHEN_LEN 19U
#define WHEN_END 3155760000U /* 2100-01-01 */
int when_parse(const char *text, uint32_t *ret_when);
void when_text(uint32_t when, char out[WHEN_LEN]);
uint32_t when_zk(uint32_t when);
uint32_t when_now(void);
uint64_t now_us(void);

/* option.c: what all modes are told on the command line. */
enum dialect { DIALECT_NEW, DIALECT_OLD, DIALECT_OLDEST, DIALECT_ACC, DIALECT_ASPX };
enum card { CARD_DECIMAL, CARD_TURNED, CARD_HEX, CARD_HEX_HIGH };
struct target {
	struct sockaddr_storage addr;
	socklen_t addr_len;
	bool loopback; /* 127/8: source addresses can be chosen */
	char host[256];
};
struct settings {
	const char *url, *serial_prefix, *ack_path, *sent_path, *exec_path;
	struct target target;
	enum dialect dialect;
	enum card card;
	uint32_t terminals, first_serial, records, users, per_second, sources, first_source,
		photo_bytes;
	uint32_t start_when, seed, retry_ms, timeout_ms, ramp_ms, seconds, give_up_s;
	bool keep_alive, http10, json, seconds_given;
};
extern struct settings settings;
extern const struct argp common_argp, place_argp;
uint64_t option_number(
	struct argp_state *state, const char *name, const char *arg, uint64_t min, uint64_t max);
void settings_check(struct argp_state *state);

/* net.c: sockets. */
int target_parse(const char *url, struct target *ret_target, const char **ret_why);
uint64_t net_raise_limit(uint64_t wanted);
int net_connect(const struct target *to, uint32_t source, bool no_delay);
/* Which of 127.0.0.1, .2, … this one connects from, as far as --sources says; the first one else.
 */
uint32_t net_source(uint32_t source);
bool net_is_shortage(int error);

/* loop.c: epoll and timers. A timer that is set again later stays where it is in the heap until it
 * comes up. */
struct timer {
	uint64_t due_us, want_us;
	size_t place; /* 1-based in the heap, 0 when out of it */
	void (*fire)(struct timer *timer);
};
struct watch {
	void (*event)(struct watch *watch, uint32_t events);
};
void loop_open(void);
int loop_watch(int fd, struct watch *watch);
void timer_set(struct timer *timer, uint64_t at_us);
void timer_stop(struct timer *timer);
void loop_run(void);
void loop_stop(void);

/* reply.c: reads one HTTP reply as it arrives. */
enum body_kind { BODY_NONE, BODY_LENGTH, BODY_CHUNKED, BODY_TO_EOF };
struct reply {
	struct bytes in; /* head, then the decoded body, then what was not looked at yet */
	size_t head_len, body_len, next, max;
	uint64_t left;
	int status;
	enum body_kind body;
	uint8_t chunk;
	bool head_done, done, close, no_body, saw_continue;
};
void reply_reset(struct reply *reply, size_t max, bool no_body);
int reply_feed(struct reply *reply);
int reply_eof(struct reply *reply);

/* answer.c: what it says. */
const char *reply_body(const struct reply *reply);
bool reply_contains(const struct reply *reply, const char *word);
bool reply_number(const struct reply *reply, const char *key, uint32_t *ret_number);
bool reply_acknowledges(const struct reply *reply, uint64_t count, bool count_required);

/* upload.c, made.c: requests and the made-up data in them. */
enum kind {
	KIND_ATTLOG,
	KIND_POLL,
	KIND_HANDSHAKE,
	KIND_PHOTO,
	KIND_OPERLOG,
	KIND_RESULT,
	KIND_BIODATA,
	KIND_OPTIONS,
	KIND_REGISTRY,
	KIND_ROWS, /* what a command asked for: any table */
	KIND_FILE, /* a piece of a file for PutFile */
	KIND_QUESTION,
	KIND_MIXED /* one table after the other; each upload is KIND_ROWS */
};
/* question.h has what belongs to them. */
enum ask { ASK_ATTENDANCE, ASK_CARD, ASK_PWD, ASK_FP, ASK_FACE, ASK_PING, ASK_TIME, ASK_EXCHANGE };
/* What a poll's INFO counts. */
struct counts {
	uint64_t punches;
	uint32_t users, fingers, faces;
};
struct device {
	uint32_t index;   /* 0..terminals-1 */
	uint64_t punches; /* made so far */
	uint64_t cleared; /* of them the first so many are deleted */
	uint64_t extras;  /* photos, operations and results made so far */
	uint32_t stamp;   /* what the server sent, 0 = nothing */
	bool old_cursors; /* the reply had no ServerVer */
	bool info_sent;
	struct counts now, said; /* now.punches is not kept up: facts.c */
};
struct upload {
	struct bytes bytes; /* head and body */
	const char *tail;   /* shared bytes after them: the picture */
	size_t tail_len;
	struct bytes log; /* lines for --sent-log and --ack-log */
	uint32_t records;
	enum kind kind;
	enum ask asks; /* KIND_QUESTION */
};
size_t device_serial(const struct device *device, char out[SERIAL_MAX + 1]);
void upload_make(struct upload *upload, struct device *device, enum kind kind, uint32_t records);
/* A POST whose body exists already. For KIND_ROWS `table` is what the target says, `stamp_0` that
 * the records were asked for. */
struct parcel {
	enum kind kind;
	const char *table;
	bool stamp_0;
	const struct bytes *body, *log;
	const char *tail; /* shared bytes after the body, or NULL */
	size_t tail_len;
	uint32_t records;
};
void upload_parcel(struct upload *upload, struct device *device, const struct parcel *parcel);
/* A question: a POST when it has a body, else a GET. */
struct request {
	const char *script;
	const struct bytes *query, *body;
};
void upload_question(struct upload *upload, struct device *device, const struct request *request);
/* A GET of `len` bytes of a file from `from` on. */
void upload_fetch(struct upload *upload, const char *target, uint64_t from, uint64_t len);
bool upload_accepted(const struct upload *upload, const struct reply *reply);
void made_body(struct bytes *body, struct bytes *log, struct device *device, enum kind kind,
	uint32_t records);
uint32_t made_last_when(const struct device *device);
const char *made_picture(void);
/* Punches by their number: those [first, last) of the device whose time is within the span, and the
 * first that old firmware takes for later than a stamp. */
void made_span(const struct device *device, uint32_t from_when, uint32_t to_when,
	uint64_t *ret_first, uint64_t *ret_last);
uint64_t made_after_stamp(const struct device *device, uint32_t stamp);
void made_punches(struct bytes *body, struct bytes *log, const struct device *device,
	uint64_t first, uint64_t last);
void made_template(struct bytes *out, uint64_t nth, unsigned int finger_version);

/* mixed.c: the next upload of a load that brings every table. */
void mixed_make(struct upload *upload, struct device *device, uint32_t records);

/* facts.c: what a terminal says of itself. */
struct abilities {
	uint32_t finger_version, language;
	bool no_face;
	const char *comm_key, *pushver, *flags;
};
extern struct abilities abilities;
void facts_hello(struct bytes *out);
void facts_poll(struct bytes *out, struct device *device);
void facts_list(struct bytes *out, const struct device *device, char separator);

/* ledger.c: --sent-log, --ack-log and --exec-log. */
void ledger_open(void);
bool ledger_wanted(void);
void ledger_sent(const struct bytes *lines);
void ledger_acked(const struct bytes *lines);
void ledger_executed(const struct bytes *line);

/* conn.c: one connection and the exchange it is busy with. */
enum conn_state { CONN_CLOSED, CONN_SENDING, CONN_READING, CONN_DRAINING, CONN_IDLE };
struct conn {
	struct watch watch;
	struct timer deadline;
	int fd;
	enum conn_state state;
	bool reused;
	uint32_t source;
	const struct upload *upload;
	size_t sent;
	size_t cut_body; /* the connection is cut when so much of the reply's body is here; 0: never
			  */
	uint64_t started_us, answered_us;
	struct reply reply;
	void (*answered)(struct conn *conn); /* the whole reply is here */
	void (*finished)(
		struct conn *conn, int err); /* free for the next; err < 0: no reply came */
};
struct conn_totals {
	uint64_t bytes_out, bytes_in, opened, reconnects;
};
extern struct conn_totals conn_totals;
void conn_init(struct conn *conn, uint32_t source);
void conn_start(struct conn *conn, const struct upload *upload);
void conn_close(struct conn *conn);

/* crowd.c: connections that only sit there. */
struct crowd_options {
	uint32_t idle, trickle, trickle_ms;
};
struct crowd_totals {
	uint64_t opened, closed_by_server, refused;
};
extern struct crowd_totals crowd_totals;
void crowd_open(const struct crowd_options *options, void (*ready)(void));

/* tally.c: latencies in bounded memory, and the closing line. */
struct tally {
	uint64_t slots[64 * 42];
	uint64_t count, max_us;
};
void tally_add(struct tally *tally, uint64_t us);
uint64_t tally_percentile(const struct tally *tally, double percent);
struct report {
	struct bytes line;
};
void report_count(struct report *report, const char *key, uint64_t value);
void report_real(struct report *report, const char *key, double value);
void report_print(struct report *report);
double cpu_seconds(void);

/* wire.c: one exchange for `send`, blocking; `head` is held back from `rest` when 100 Continue is
 * asked for. */
struct wire {
	struct bytes head, rest;
	bool expect, half_close;
};
int wire_exchange(const struct wire *wire, struct reply *reply);

/* The modes: each gets the rest of the command line and returns the exit code. */
int run_main(int argc, char **argv);
int load_main(int argc, char **argv);
int send_main(int argc, char **argv);
int ask_main(int argc, char **argv);
int serials_main(int argc, char **argv);

#endif

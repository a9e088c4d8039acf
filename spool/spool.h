/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spool: the directories through which everything that changes state goes. The contract for writers
 * of every kind, with the states, the guarantees G1 to G5 and the crash table, is docs/SPOOL.md. */
#ifndef PUNCHD_SPOOL_SPOOL_H
#define PUNCHD_SPOOL_SPOOL_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/span.h"

/* ---- layout.c: the directories ---- */

enum spool_state {
	SPOOL_TMP,
	SPOOL_NEW,
	SPOOL_CUR,
	SPOOL_DONE,
	SPOOL_BAD,
	SPOOL_HOLD,
	SPOOL_STATES
};

enum spool_use {
	SPOOL_FOR_WRITING,   /* tmp and new only; the others' descriptors are -1 */
	SPOOL_FOR_CONSUMING, /* all, and the consumer's lock on cur/: -EBUSY while another one holds
				it */
	SPOOL_FOR_OPERATING, /* those that permissions allow; the others' are -1 */
};

struct spool {
	int root; /* the spool's directory */
	int dirs[SPOOL_STATES];
	gid_t group; /* of new/: files of another group are refused */
};

/* "tmp", "new", … */
const char *spool_state_name(enum spool_state state);

/* Makes what is missing below DIR/KIND: tmp and new for the group to create in (3770), the rest for
 * the owner alone (0700). DIR must exist; DIR/KIND is made too (2750) when missing. What is there
 * is synced as well: who made it may have ended before that. 0 or a negative errno; then nothing is
 * left of what it made. */
must_check int spool_make(const char *dir, const char *kind);

/* Opens DIR/KIND. 0 or a negative errno; `ret` is untouched on failure. */
must_check int spool_open(const char *dir, const char *kind, enum spool_use use, struct spool *ret);
void spool_close(struct spool *s);

/* Is a consumer at work on it? Looks at the lock on cur/, which only those who may read cur/ can
 * see. 1, 0, or a negative errno (-EACCES when cur/ was not opened). */
must_check int spool_has_consumer(const struct spool *s);
/* A writer that runs for long says so by a shared lock on tmp/; it proves nothing and is for people
 * to see. */
must_check int spool_announce_writer(const struct spool *s);
must_check int spool_has_writer(const struct spool *s);

/* Bytes and files that an unprivileged writer can still create on the spool's file system. 0 or a
 * negative errno. */
must_check int spool_free(const struct spool *s, uint64_t *ret_bytes, uint64_t *ret_files);

/* ---- name.c: "<16 hex µs>-<16 hex random>", and ".<n>" for a part set aside ---- */

#define SPOOL_NAME_BYTES 48 /* with NUL */

/* A new name of time `wall_us`, but always later than the last one this process made. Safe in
 * several threads. */
void spool_name_make(uint64_t wall_us, char ret_name[static SPOOL_NAME_BYTES]);
/* Is it of that form? `ret_wall_us` may be NULL. */
bool spool_name_valid(struct span name, uint64_t *ret_wall_us);

/* ---- entry.c: the format; pure ---- */

#define SPOOL_HEAD_MAX       (16 * 1024) /* bytes of an entry's head */
#define SPOOL_HEAD_LINES_MAX 64

struct spool_entry {
	unsigned number;      /* 1 for the first of its file */
	uint64_t received_us; /* wall clock; 0 when the head does not say */
	struct span kind;     /* "upload", "result", "order", "erase" */
	struct span serial;   /* valid (lib/serial.h); empty only in an order and an erase */
	struct span peer;     /* "192.0.2.7", "local", …; may be empty */
	struct span target;   /* the request target as it came; empty only there */
	struct span body;
	bool checked; /* the entry carried a checksum, and it was right */
};

enum spool_verdict {
	SPOOL_ENTRY,      /* *ret holds it */
	SPOOL_ENTRY_BAD,  /* whole but refused; *ret_why says why, reading may go on behind it */
	SPOOL_REST_BAD,   /* broken: nothing from here on can be believed */
	SPOOL_FILE_ENDED, /* nothing left */
};

/* Reads the entry at `*offset` of a file's bytes and moves `*offset` behind it. `kind` is what this
 * spool takes. `*number` counts the entries; start with 0. `*ret_part` is all the bytes of what was
 * read or refused. */
enum spool_verdict spool_entry_next(struct span file, struct span kind, size_t *offset,
	unsigned *number, struct spool_entry *ret, struct span *ret_part, const char **ret_why);

/* Appends a whole entry with its checksum. `number` and `checked` are not looked at. 0; -EINVAL
 * when a head value holds a control character or the serial is not one; -ENOMEM, -EMSGSIZE. */
must_check int spool_entry_put(struct buf *b, const struct spool_entry *e);

/* The same in steps, for a body whose length is known only at its end: a head with length 0, then
 * the body, then the true length put into the head, which is as long as before, and the tail.
 * `crc` is zlib's crc32 over the head and the body. */
must_check int spool_entry_put_head(struct buf *b, const struct spool_entry *e);
must_check int spool_entry_set_length(char *head, size_t head_bytes, uint64_t body_bytes);
must_check int spool_entry_put_tail(struct buf *b, uint32_t crc);

/* Its text for logs and records: "NAME.3". */
#define SPOOL_ENTRY_ID_BYTES (SPOOL_NAME_BYTES + 12)
void spool_entry_id(const char *name, unsigned number, char ret_id[static SPOOL_ENTRY_ID_BYTES]);

/* ---- write.c: the writer's half ---- */

struct spool_draft {
	int fd;                      /* write to it; -1 when there is none */
	char name[SPOOL_NAME_BYTES]; /* in tmp/ now, in new/ after spool_draft_post */
};

/* Creates tmp/NAME (0640 whatever the umask). 0 or a negative errno. */
must_check int spool_draft_open(const struct spool *s, struct spool_draft *ret);
/* Syncs the file, closes it and renames it into new/. Nothing is promised before spool_sync_new. On
 * failure the draft is given up and removed: a failed fsync is never tried again. 0 or a negative
 * errno. */
must_check int spool_draft_post(const struct spool *s, struct spool_draft *d);
/* Makes all that was posted durable: now the senders may be told OK. 0 or a negative errno. */
must_check int spool_sync_new(const struct spool *s);
void spool_draft_drop(const struct spool *s, struct spool_draft *d);

/* All of it for one small file: draft, write, post, sync. */
must_check int spool_post(
	const struct spool *s, struct span bytes, char ret_name[static SPOOL_NAME_BYTES]);

/* ---- scan.c: what is there, in order, in bounded memory ---- */

struct spool_listed {
	char *name; /* at most NAME_MAX bytes; any byte but '/' and NUL */
};

struct spool_list {
	struct spool_listed *items; /* ascending */
	size_t count;
	uint64_t total; /* how many the directory held, listed or not */
};

#define SPOOL_SCAN_ALL  INT32_MAX
#define SPOOL_SCAN_DIRS 256

/* The `most` smallest names of a state, ascending, without "." and ".." and without what the
 * consumer keeps beside its files ("NAME.why" in bad/, "NAME.try" in cur/). Directories in tmp/ and
 * new/ are no files, and of another owner they cannot even be moved: unless `most` is
 * SPOOL_SCAN_ALL, no more than SPOOL_SCAN_DIRS of them are listed, lest they fill the list for
 * ever. 0 or a negative errno; give the list back with spool_list_free. */
must_check int spool_scan(
	const struct spool *s, enum spool_state state, size_t most, struct spool_list *ret);
void spool_list_free(struct spool_list *l);

/* ---- claim.c: the consumer's half ---- */

/* new/ → cur/. 0; -ENOENT when it is gone; -EEXIST when the name is in another state already (G1):
 * refuse it. */
must_check int spool_claim(const struct spool *s, const char *name);

/* Reads cur/NAME once into `into`, after looking at what it is, and removes the draft that a power
 * cut gave back beside it. 0; -EBADMSG with a reason in `*ret_why`: refuse it; any other negative
 * errno: the surroundings are bad, try later. */
must_check int spool_load(
	const struct spool *s, const char *name, struct buf *into, const char **ret_why);

/* cur/ → done/: call it after the effects are durable. */
must_check int spool_finish(const struct spool *s, const char *name);
/* cur/ → new/: not worked on after all. Whoever has taken its name in new/ meanwhile is refused. */
must_check int spool_release(const struct spool *s, const char *name);
/* cur/ or new/ → bad/, with the reason beside it in NAME.why. A name that is not of the form, or is
 * used by another file of the spool, gets a new one, and the reason says the old. `ret_name` is the
 * name in bad/. After a crash it may have to be done again. */
must_check int spool_refuse(const struct spool *s, enum spool_state from, const char *name,
	const char *why, char ret_name[static SPOOL_NAME_BYTES]);
/* Sets a part of cur/NAME aside as bad/NAME.<number> with its reason, durably. Doing it twice is as
 * good as once. */
must_check int spool_refuse_part(const struct spool *s, const char *name, unsigned number,
	struct span part, const char *why);

/* ---- tries.c: a file that kills its consumer ---- */

/* Deaths in a row after which a file is refused. A good one may be in work when its consumer is
 * killed for other reasons, so not at the third one; each costs only a restart. */
#define SPOOL_TRIES_MAX 10

/* Counts one more try at cur/NAME, durably, in the length of cur/NAME.try. How many there were
 * before it, or a negative errno. */
must_check int spool_tries_count(const struct spool *s, const char *name);
/* The file did not kill us. */
void spool_tries_forget(const struct spool *s, const char *name);

/* ---- take.c: the consumer's next file, or what becomes of one that it cannot have ---- */

#define SPOOL_LEFT_MAX 1024 /* files that stay behind at a time */
#define SPOOL_LEFT_US  ((uint64_t)30 * 1000000)

enum spool_fate {
	SPOOL_TAKEN,   /* it is in cur/ and was read */
	SPOOL_REFUSED, /* it is in bad/ */
	SPOOL_LEFT,    /* it stays; it was said before, unless `first` */
	SPOOL_PASSED,  /* an operator was faster, or it was left a moment ago */
};

struct spool_taking {
	const char *why;                 /* it was refused or left, in words */
	char bad_name[SPOOL_NAME_BYTES]; /* refused: its name in bad/ */
	int error;                       /* left: what even the moving or reading met */
	bool first;
};

/* A fresh one is `= {.spool = …}`. What it left is passed over for SPOOL_LEFT_US, by the clock of
 * `now_us`: it keeps nobody else waiting, and moving it to and fro does not raise the watch for
 * ever. */
struct spool_taker {
	const struct spool *spool;
	/* Something is in cur/ that nobody works on: it could not leave. Whoever looks there again
	 * clears this first. */
	bool stranded;
	/* private */
	struct {
		uint64_t hash, again_us; /* a clash costs a line of log and a wait */
	} left[SPOOL_LEFT_MAX];
	size_t left_next;
};

/* new/NAME → cur/NAME, read into `into`, which is emptied first. A fate; a negative errno when the
 * surroundings are bad: it stays in new/. */
must_check int spool_take(struct spool_taker *t, const char *name, uint64_t now_us,
	struct buf *into, struct spool_taking *ret);
/* The same for cur/NAME, which the last consumer left there, or this one. */
must_check int spool_take_up(struct spool_taker *t, const char *name, uint64_t now_us,
	struct buf *into, struct spool_taking *ret);
/* What was taken cannot be worked on: by its own fault, or for now, because of `error`. */
must_check int spool_take_refuse(struct spool_taker *t, const char *name, uint64_t now_us,
	const char *why, struct spool_taking *ret);
must_check int spool_take_leave(struct spool_taker *t, const char *name, uint64_t now_us,
	const char *why, int error, struct spool_taking *ret);

/* ---- entries.c: the entries of one file that is in cur/ ---- */

#define SPOOL_WHY_BYTES 192 /* room for a reason in words, with NUL */

/* What is done with each; `id` is its text, "NAME.1". Where many files share a transaction that may
 * be done over (parserd/batch.c), the file is gone through there. */
struct spool_entries {
	const char *kind; /* what the spool takes */
	uint64_t now_us;
	/* `e->received_us` is by the head or else by the file's name, and never after `now_us`: a
	 * clock that was wrong then must neither make anything live for longer nor reach what is
	 * still to come. 0: it is done. -EBADMSG with the reason: it is refused. Another negative
	 * errno: nothing more is done with this file now. */
	int (*entry)(void *context, const struct spool_entry *e, const char *id,
		char ret_why[static SPOOL_WHY_BYTES]);
	/* It is going to be set aside: by the above, or because it could not be read. 0 or a
	 * negative errno, as above. May be NULL. */
	int (*refused)(void *context, const char *id, const char *why);
	/* It has been set aside: for the log. */
	void (*aside)(void *context, const char *id, const char *why);
	void *context;
};

/* 0: every entry is done or set aside; -EBADMSG with the reason of the last one (good until the
 * next call) when none is good: refuse the file; another negative errno: try again later. */
must_check int spool_entries_do(const struct spool_entries *w, const struct spool *spool,
	const char *name, struct span bytes, const char **ret_why);

/* Who made cur/NAME; (uid_t)-1 when that cannot be told. */
uid_t spool_owner(const struct spool *s, const char *name);

/* ---- operate.c: what an operator does; durable when it returns ---- */

/* Moves NAME, and a reason file away, from one of new, done, bad, hold to another of them. 0;
 * -ENOENT; -EEXIST; … */
must_check int spool_move(
	const struct spool *s, const char *name, enum spool_state from, enum spool_state to);
/* Deletes NAME from done, bad or hold, if this program could read it (G5). */
must_check int spool_discard(const struct spool *s, const char *name, enum spool_state from);
/* For many of one state: they are gone for good when the second returned 0, after the last. */
must_check int spool_discard_unsynced(
	const struct spool *s, const char *name, enum spool_state from);
must_check int spool_sync_discarded(const struct spool *s, enum spool_state from);

/* ---- sweep.c ---- */

/* Removes files of tmp/ that nobody has written to for `stale_ms`: how many, or a negative errno.
 */
must_check int spool_sweep(const struct spool *s, uint64_t now_wall_us, uint64_t stale_ms);

/* ---- watch.c: the only file that knows libinotifytools; a hint, never the truth ---- */

/* Watches a spool's new/, of which `path` is the directory: called again, another spool's besides
 * (never the same one's), with the same descriptor. One process has one watch; open it early, while
 * few descriptors are. A descriptor to poll for reading, or a negative errno: then what was watched
 * before still is. */
must_check int spool_watch_open(const char *path);
/* Takes off all that is waiting, of whatever spool: 1 when something came or was lost by overflow,
 * 0 when nothing did, or a negative errno. */
must_check int spool_watch_drain(void);
/* No spool is watched any more; doing it twice is as good as once. */
void spool_watch_close(void);

#endif

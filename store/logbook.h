/* SPDX-License-Identifier: GPL-2.0-or-later */
/* logbook: what happened and does not change: operations, errors, events, and the photos of
 * punches. Databases of STATE/parserd/records, keyed by time first like punches:
 *
 *   log    time kind serial BLAKE2b-128 of the line ordinal -> seq received entry flags line
 *   photo  time serial pin BLAKE2b-128 of the bytes -> seq received entry flags bytes file's name
 *
 * Of a line that came in several uploads the first one stands, of a photo the last one: so a photo
 * that came again after its PIN was erased is kept, in whatever order they are worked on.
 *
 * A photo's bytes are the file STATE/parserd/photos/SERIAL/YYYY-MM-DD/NAME, written and synced
 * before the transaction that names it.
 */
#ifndef PUNCHD_STORE_LOGBOOK_H
#define PUNCHD_STORE_LOGBOOK_H

#include "store/records.h"

enum logged_kind { LOG_OPERATION = 'o', LOG_ERROR = 'e', LOG_EVENT = 'v' };

struct logged {
	struct clock_local time; /* the terminal's; of an error that of its receipt, in UTC */
	enum logged_kind kind;
	struct span serial;
	unsigned char digest[KEPT_DIGEST_BYTES];
	uint32_t ordinal;
	uint64_t seq, received_us;
	struct entry_ref entry;
	uint32_t flags;   /* PUNCH_TIME_ABSURD */
	struct span line; /* as it came, without its keyword */
};

#define PHOTO_NAME_BYTES 64

enum photo_flag {
	PHOTO_SHORT = 1 << 1, /* fewer bytes came than its size says */
	PHOTO_LIVE = 1 << 2,
	PHOTO_NO_PIN = 1 << 3,
	PHOTO_SIZE_WRONG = 1 << 4, /* more came; all are kept */
};

struct photo {
	struct clock_local time;
	struct span serial, pin; /* pin may be empty */
	unsigned char digest[KEPT_DIGEST_BYTES];
	uint64_t seq, received_us;
	struct entry_ref entry;
	uint32_t flags; /* enum photo_flag, PUNCH_TIME_ABSURD */
	uint64_t bytes;
	char name[PHOTO_NAME_BYTES]; /* of the file in its day's directory: made by us */
};

void logged_pack_key(struct pack *k, const struct logged *l);
/* Everything but the line, which follows it in the value. */
void logged_pack_head(struct pack *v, const struct logged *l);
must_check int logged_unpack(struct span key, struct span value, struct logged *ret);
void photo_pack_key(struct pack *k, const struct photo *p);
void photo_pack_value(struct pack *v, const struct photo *p);
must_check int photo_unpack(struct span key, struct span value, struct photo *ret);
/* "SERIAL/YYYY-MM-DD/NAME" below the directory of photos, into `into` (emptied first). 0; -EINVAL
 * when serial or name is none (a name: 1 to 63 of A-Z a-z 0-9 _ - and dots, none in front);
 * -ENOMEM, -EMSGSIZE. */
must_check int photo_path(const struct photo *p, struct buf *into);

/* An operation's fields out of its line, and its code in words. docs/PROTOCOL.md 8. False, and
 * `ret` untouched, when there is no code. What is missing is empty. */
struct operation {
	struct span code, admin, time, operands[4];
};
bool operation_read(struct span line, struct operation *ret);
/* "finger enrolled"; "code 77" for one that is not known; never NULL, never a byte that came.
 * Alarms say what they are by o1. `room` is for the words that are made here. */
#define OPERATION_WORDS_BYTES 64
const char *operation_words(const struct operation *o, char room[static OPERATION_WORDS_BYTES]);

/* ---- the readers' side, as punches are read (records.h) ---- */

/* `pin` of the question counts for photos only. */
typedef int logged_visit(void *context, const struct logged *l);
typedef int photo_visit(void *context, const struct photo *p);
must_check int records_log(struct records_reader *r, enum logged_kind kind,
	const struct punch_query *q, logged_visit *visit, void *context);
must_check int records_photos(
	struct records_reader *r, const struct punch_query *q, photo_visit *visit, void *context);

#endif

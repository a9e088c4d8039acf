/* SPDX-License-Identifier: GPL-2.0-or-later */
/* audit: what terminals asked about people or fetched, and what they were answered; never a
 * template, password or card. Kept in STATE/cmdqd/control, committed before the answer leaves. The
 * side that writes is cmdqd/audit.h. Databases:
 *
 *   audit  µs since 1970 (u64), number (u32)  -> lines "key=value", escaped like a device's
 *   lent   serial NUL pin NUL                 -> due (u64, µs): this user was told to this device,
 *                                               which had not known him, and is to be deleted there
 *   due    due (u64), serial NUL, pin NUL     -> nothing: the same in order of time
 */
#ifndef PUNCHD_STORE_AUDIT_H
#define PUNCHD_STORE_AUDIT_H

#include <stdint.h>

#include "lib/buf.h"
#include "lib/serial.h"
#include "store/control.h"
#include "store/records.h"

enum audit_what {
	AUDIT_LOOKUP,   /* remote attendance */
	AUDIT_VERIFY,   /* background verification */
	AUDIT_FILE,     /* a file was fetched */
	AUDIT_WITHDRAW, /* a user that was lent is deleted */
	AUDIT_ALARM,    /* somebody should look: a replayed template, a lock-out */
	AUDIT_KINDS
};
const char *audit_what_name(enum audit_what what); /* "lookup", … */

#define AUDIT_WHY_BYTES 96 /* with NUL */
struct audit {
	uint64_t at_us;
	uint32_t number; /* of those of the same µs */
	enum audit_what what;
	char serial[SERIAL_MAX + 1];
	char address[48];
	char pin[PUNCH_PIN_MAX + 1]; /* as asked, or as found by card; "" when neither */
	char method[8];              /* of AUDIT_VERIFY: "card", "pwd", "fp", "face", "other" */
	char format[24];             /* of a probe: lib/matching.h; "" when none was recognised */
	bool granted;                /* somebody was found, verified, or the file was given */
	char why[AUDIT_WHY_BYTES];   /* not granted: the reason in words; a file: its name */
	uint64_t count; /* lines that were handed out; bytes of a file; attempts to verify: 1, or
		   as many as a lock-out turned away */
};

/* The stored text appended to `b`, and back, as in control.h. 0; -EUCLEAN; -EMSGSIZE, -ENOMEM. */
must_check int control_put_audit(struct buf *b, const struct audit *a);
must_check int control_get_audit(
	uint64_t at_us, uint32_t number, struct span text, struct audit *ret);

/* ---- keys; an empty pack becomes one, with k->failed for what is none ---- */

void audit_pack_key(struct pack *k, uint64_t at_us, uint32_t number);
must_check int audit_unpack_key(struct span key, uint64_t *ret_at_us, uint32_t *ret_number);
/* Of lent, and of due behind its time. */
void audit_pack_lent(struct pack *k, struct span serial, struct span pin);
must_check int audit_unpack_due(
	struct span key, uint64_t *ret_due_us, struct span *ret_serial, struct span *ret_pin);

/* ---- the readers' side ---- */

struct audit_query {
	uint64_t since_us, until_us; /* until: exclusive, 0 for no end */
	struct span serial, pin;     /* empty: all */
	unsigned kinds;              /* bits 1 << enum audit_what; 0: all */
	bool refused;                /* only those that were not granted */
	uint64_t limit;              /* at most so many, the newest; 0: all */
};
typedef int audit_visit(void *context, const struct audit *a);
/* In order of time, the newest first. 0, what `visit` returned, or a negative errno. */
must_check int control_audits(
	struct control_reader *r, const struct audit_query *q, audit_visit *visit, void *context);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* row: one line, or one whole body, of any table but ATTLOG, in the words of punchd whatever the
 * generation of the terminal that wrote it. The parsers (body.h) make rows, keep.h keeps them. The
 * spans point into the body, the source, constants or the row itself: they hold while the visitor
 * runs, and a row is not copied. docs/PROTOCOL.md 3.2, 3.3 */
#ifndef PUNCHD_PARSERD_ROW_H
#define PUNCHD_PARSERD_ROW_H

#include "lib/clock.h"
#include "lib/span.h"

#define ROW_FIELDS_MAX 48
#define ROW_IDS_MAX    5
#define ROW_PIN_MAX    64 /* as PUNCH_PIN_MAX; of a UID, a work code, an option's name as well */
#define ROW_NUMBER_MAX 16 /* bytes of a template's number or index, or of an unknown Type */

enum row_kind {
	ROW_USER,     /* ids: pin. USER, table USERINFO */
	ROW_TEMPLATE, /* ids: pin, modality, number, index. FP, FACE, FVEIN, BIODATA */
	ROW_PICTURE,  /* ids: pin, "user" or "face" (or what row_table.c says). USERPIC, BIOPHOTO */
	ROW_OPERATION,    /* a log: OPLOG. fields: code, admin, o1 … o4, extra (with its TABs) */
	ROW_ERROR,        /* a log: ERRORLOG; its time is that of its receipt */
	ROW_EVENT,        /* a log: event; no time when its Time= is none that we can read */
	ROW_MESSAGE,      /* ids: uid. SMS */
	ROW_MESSAGE_USER, /* ids: pin, uid. USER_SMS */
	ROW_WORKCODE,     /* ids: pin (may be empty), code. WORKCODE */
	ROW_IDCARD,       /* ids: pin. IDCARD */
	ROW_OPTION,       /* ids: name. options: one row each. fields: value */
	ROW_PHOTO,        /* ATTPHOTO: time and ids: pin (may be empty: the verification failed) */
	ROW_IMAGE,        /* ids: pin, number. FPImag: the picture of a finger */
	ROW_KINDS
};

/* A log: equal lines of one body are different facts. docs/PROTOCOL.md 2 */
bool row_is_log(enum row_kind kind);

enum row_flag {
	ROW_SIZE_WRONG = 1 << 0, /* Size= is not the number of characters, or of bytes, that came */
	ROW_SHORT = 1 << 1,      /* a photo's body is shorter than its size says */
	ROW_NOT_BASE64 = 1 << 2, /* content is kept as it came */
	ROW_TIME_ABSURD = 1 << 3,  /* as PUNCH_TIME_ABSURD */
	ROW_LIVE = 1 << 4,         /* a photo sent as it was taken (realupload) */
	ROW_REFUSED_FACE = 1 << 5, /* a photo of a verification that failed: no PIN in its name */
};

/* A name is one of ours ("privilege") or, where nobody knows it, the key as it came: 1 to 64 of
 * A-Z a-z 0-9 _ ~. Ours alone may hold a dot: "card" is decimal, empty for no card, and missing
 * when what came is no number; "card.sent" is what came. No name stands twice in a row, in
 * whatever case. */
struct row_field {
	struct span name;
	struct span value; /* as it came; never a NUL or LF; a TAB only in options and photos */
	/* Password, card, whatever has an unknown name, an option that is a password: kept in the
	 * private part. */
	bool secret;
};

struct row {
	enum row_kind kind;
	struct span ids[ROW_IDS_MAX]; /* never a NUL; with one each, at most 160 bytes */
	size_t id_count;
	struct row_field fields[ROW_FIELDS_MAX];
	size_t field_count;
	struct span
		content; /* template or picture: base64 as it came, or raw bytes; may be empty */
	bool content_base64; /* strictly: padded, nothing but base64 */
	/* Of logs and photos. It said none when month is 0 and ROW_TIME_ABSURD is not set. */
	struct clock_local time;
	unsigned flags;
	struct span line; /* the whole of it as it came, without its CR and LF */
	struct span text; /* the line without its keyword: what a log keeps */
	uint32_t ordinal; /* of a log: how many of the same kind and text stand before it in the
			   * body */
	char card_text[2][24]; /* what "card" and "vice_card" point to */
};

/* The value of the field of this name; one without a ptr when there is none. */
struct span row_field(const struct row *row, const char *name);

#endif

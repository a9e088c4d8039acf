/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control: what punchd knows of the devices themselves, as cmdqd keeps it. This is the schema and
 * the side for readers; the side that writes is cmdqd/devices.h. Databases of the environment
 * STATE/cmdqd/control:
 *
 *   device   serial   -> the text of control_put_device: lines "key=value"
 *   meta     "schema" -> 1, as a 32-bit number of store/pack.h
 */
#ifndef PUNCHD_STORE_CONTROL_H
#define PUNCHD_STORE_CONTROL_H

#include <stdint.h>

#include "lib/buf.h"
#include "lib/serial.h"
#include "lib/span.h"

#define CONTROL_SCHEMA 1

enum device_state { DEVICE_PENDING, DEVICE_APPROVED, DEVICE_REFUSED };

/* Settings that override the configuration's defaults; a zero or empty one is not set. Units and
 * ranges: lib/conf.h. */
#define SETTING_ZERO UINT64_MAX /* an amount that is set, to 0; the stored text says 0 */
struct device_settings {
	uint64_t error_delay_s, delay_s, trans_interval_min;
	uint64_t batch_bytes; /* of a poll's reply: less for a device on GPRS */
	char trans_times[64];
	char trans_flags[128];
	char time_zone[40];
	int8_t realtime; /* 0 not set, 1 yes, -1 no */
	int8_t remote;   /* the same: may it ask for people whom others of its site know? */
	int8_t verify;   /* may it ask who somebody is? */

	char alias[64];      /* a name for people; UTF-8, no two devices have the same */
	char site[32];       /* of A-Z a-z 0-9 _ - . */
	char comm_key[98];   /* store/setting.h comm_key_hash */
	char networks[129];  /* lib/network.h: it may speak from these alone; "" from anywhere */
	char charset[8];     /* "utf-8", "gb18030"; "" by its language */
	char direction[4];   /* "in", "out": what its punches mean; "" as they say */
	char card_form[8];   /* "decimal", "hex"; "" by its dialect */
	char card_order[5];  /* "low", "high": which byte of a card comes first; "" low: lib/card.h
			      */
	char wake[48];       /* "off", an address; "" where it was last seen */
	char zone_change[7]; /* "none", "check", "reboot"; "" check */
};

/* Tables whose stamp is given as 0 at the next handshake, once; bits. */
enum device_resend { RESEND_ATTLOG = 1 << 0, RESEND_OPERLOG = 1 << 1, RESEND_ATTPHOTO = 1 << 2 };
#define RESEND_TABLES 3

/* resend.c: what they are called; the table at I has bit I. */
extern const struct resend_table {
	unsigned bit;
	const char *name; /* "ATTLOG", in orders and on the wire */
	const char *word; /* "attlog", for people */
} resend_tables[RESEND_TABLES];
/* By its name; 0 for another one. */
unsigned resend_bit(struct span name);
/* Appends the names, or the words, with a blank between. 0, -ENOMEM, -EMSGSIZE. */
must_check int resend_put_names(struct buf *b, uint64_t tables);
must_check int resend_put_words(struct buf *b, uint64_t tables);

struct device {
	char serial[SERIAL_MAX + 1];
	enum device_state state;
	uint64_t first_seen_us, last_seen_us;
	uint64_t last_hello_us, last_poll_us; /* answered or not */
	char address[48];                     /* where it was last seen */
	char class[8];         /* "att", "acc", or "" when it never said: docs/PROTOCOL.md 1.1 */
	char push_version[16]; /* pushver= of its last handshake; "" when it sent none */
	char language[8];
	char firmware[64]; /* first field of INFO= */
	char info[256];    /* INFO= as it came */
	uint64_t handshakes, polls;
	/* The last handshake with a wrong or missing comm key, and the last right one. */
	uint64_t key_refused_us, key_good_us;
	char key_refused_address[48];
	/* The last time that it spoke from outside of its networks. */
	uint64_t network_refused_us;
	char network_refused_address[48];
	uint64_t resend; /* bits of enum device_resend */
	/* The offset that its last handshake was told, and the one for which a command was queued:
	 * minutes east of GMT plus ZONE_TOLD_BASE; 0: none. */
	uint64_t zone_told, zone_queued;
	struct device_settings set;
};
#define ZONE_TOLD_BASE 10000

/* Has it polled lately? Not when three polls in a row are missing, and half a minute more. */
bool device_online(const struct device *d, uint64_t delay_s, uint64_t now_us);

const char *device_state_name(enum device_state state);

/* The stored text of a device, appended to `b`; and back. Control characters and '%' are written
 * as %XX, so that a terminal's words cannot become a line of ours. Unknown keys are passed over,
 * and what is 0 or empty is not written. 0; -EUCLEAN for a text of another form; -EMSGSIZE,
 * -ENOMEM. */
must_check int control_put_device(struct buf *b, const struct device *d);
must_check int control_get_device(struct span serial, struct span text, struct device *ret);

/* ---- the readers' side ---- */

struct control_reader;

/* 0; -ENOENT while cmdqd has never run; -EPROTONOSUPPORT for another schema; other negative
 * errno. */
must_check int control_open(const char *path, struct control_reader **ret);
void control_close(struct control_reader *r);

/* As punch_visit (store/records.h): it must neither wait nor ask the same reader. */
typedef int device_visit(void *context, const struct device *d);
/* In order of serial. 0, what `visit` returned, or a negative errno. */
must_check int control_devices(struct control_reader *r, device_visit *visit, void *context);
/* 0, -ENOENT, other negative errno. */
must_check int control_device(struct control_reader *r, struct span serial, struct device *ret);

#endif

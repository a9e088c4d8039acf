/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conf: the one configuration file. Every key, its default and its range stand in conf_key.c
 * and in punchd.conf(5). */
#ifndef PUNCHD_LIB_CONF_H
#define PUNCHD_LIB_CONF_H

#include <stdint.h>

#include "lib/span.h"

#define CONF_LISTEN_MAX 8
/* What a spool file needs beside a body: file_max is more than body_max and this. */
#define CONF_HEAD_ROOM_BYTES ((uint64_t)64 * 1024)

/* Where things are below state_dir and run_dir. Each daemon's state is in a directory of its own;
 * what only few may read is in another one, whose group is theirs.
 */
#define CONF_PARSERD_DIR "parserd"
#define CONF_RECORDS     "parserd/records"
#define CONF_PRIVATE_DIR "private"
#define CONF_PRIVATE     "private/records"
#define CONF_PHOTOS      "parserd/photos"
#define CONF_CMDQD_DIR   "cmdqd"
#define CONF_CONTROL     "cmdqd/control"
#define CONF_ADMISSION   "cmdqd/admission"
#define CONF_CONTENT     "cmdqd/content"
#define CONF_SERVED      "cmdqd/files" /* what terminals may fetch just now */
#define CONF_FILES       "files"       /* where an administrator lays what put-file may name */
#define CONF_DESK        "desk/desk.sock"
#define CONF_WAKE        "wake/wake.sock"
#define CONF_MATCH       "match/match.sock"

struct conf {
	char *spool_dir; /* holds upload/ erase/ result/ order/ */
	char *state_dir; /* holds parserd/ private/ and cmdqd/ */
	char *run_dir;   /* holds desk/, wake/ and match/ */

	/* ingestd */
	char *listen[CONF_LISTEN_MAX]; /* "0.0.0.0:8081", "[::]:8081"; used when no socket was
					  handed over */
	size_t listen_count;
	char *listen_proxy; /* the path of a socket whose connections begin with a PROXY head; or ""
			     */
	bool admit_any;     /* else only serials in the admission list */
	uint64_t body_max_bytes;
	uint64_t body_lines_max;
	uint64_t body_memory_bytes; /* of all bodies together; beyond it they go to disk as they
				       arrive */
	uint64_t connections_max;
	uint64_t connections_per_address;
	uint64_t request_deadline_ms; /* for a whole request without its body */
	uint64_t body_rate_min;       /* bytes a second that a body must come at, on the whole */
	uint64_t idle_timeout_ms;
	uint64_t free_floor_bytes; /* below it uploads hear 503 */
	uint64_t desk_timeout_ms;

	/* parserd */
	uint64_t file_max_bytes;    /* of a spool file */
	uint64_t records_map_bytes; /* first size of the map; it grows by itself */

	/* both consumers */
	uint64_t rescan_ms;
	uint64_t draft_stale_ms; /* when a file left in tmp/ is swept */

	/* cmdqd: what a device gets that has no setting of its own. docs/PROTOCOL.md 1.3 */
	uint64_t error_delay_s;
	uint64_t delay_s;
	uint64_t trans_interval_min;
	char *trans_times; /* "00:00;14:05" */
	char *trans_flags; /* "AttLog OpLog AttPhoto …": names of docs/PROTOCOL.md 1.5 */
	char *time_zone;   /* IANA name */
	bool realtime;
	uint64_t batch_bytes;      /* of a poll's reply: docs/PROTOCOL.md 4 */
	uint64_t command_lease_ms; /* how long a command that was handed out may be without a result
				    */
	uint64_t command_offers;   /* how often one is handed out at most */
	bool allow_shell, allow_put_file, allow_clear, allow_server_options, allow_raw;
	/* May cmdqd read STATE/private/records, to tell a terminal of people whom another one of
	 * its site knows, and to say who somebody is? Each device is switched on besides. */
	bool allow_remote, allow_verify;
	char *remote_sites;          /* whose devices may ask unless set otherwise; "*": all */
	uint64_t remote_withdraw_ms; /* after it a user that was told is deleted there; 0: never */
	uint64_t verify_failures;    /* in a row; then PIN or device is locked out for … */
	uint64_t verify_lockout_ms;
	uint64_t verify_device_failures; /* of one device in an hour, whoever succeeds meanwhile */
	uint64_t audit_keep_ms;          /* what was asked about people, and what was answered */

	/* notifyd */
	uint64_t wake_port;  /* UDP, 4374: docs/PROTOCOL.md 7 */
	uint64_t wake_rate;  /* datagrams a second over all */
	uint64_t wake_pokes; /* at most so many for one command that nobody fetches */

	/* matchd */
	char *matcher;                 /* a program, or empty: docs/MATCHER.md */
	uint64_t matcher_memory_bytes; /* of its address space */
	uint64_t matcher_timeout_ms;   /* for an answer */
};

/* Which file: `option` if not NULL, else $PUNCHD_CONF, else /etc/punchd/punchd.conf. */
const char *conf_path(const char *option);

/* Reads the file. 0; or a negative errno after every fault was written to stderr as "file:line:
 * what is wrong"; reading stops at what is no "key = value" of ours. */
must_check int conf_load(const char *path, struct conf *ret);
void conf_free(struct conf *c);

/* "DIR/NAME" in new memory, or NULL when there is none. */
char *conf_join(const char *dir, const char *name);

#endif

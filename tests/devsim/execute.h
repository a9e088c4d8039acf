/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: carried out on the model, with what they bring about. docs/PROTOCOL.md 4, 5 */
#ifndef PUNCHD_TESTS_DEVSIM_EXECUTE_H
#define PUNCHD_TESTS_DEVSIM_EXECUTE_H

#include "tests/devsim/model.h"

#define ID_MAX 16U

/* results.c: what was done, until the server has taken it. */
enum result_form { RESULT_LINE, RESULT_BLOCK, RESULT_INFO };
struct result {
	char id[ID_MAX + 1];
	char echo[32];   /* CMD= */
	uint64_t number; /* of this terminal's results, from 1; 0: of a command that nobody gave */
	int64_t code;
	enum result_form form;
	char filename[128]; /* RESULT_BLOCK */
	struct bytes more;  /* LINE: what follows CMD=; BLOCK: the content; INFO: the lines */
};
struct results {
	struct result *list;
	size_t count, cap, in_flight;
};
struct faults {
	uint32_t lose_reply, lose_result, drop_result, big_result, cut_file;
	const char *files_dir; /* where what PutFile brought is laid as well */
	const char *wrong_id, *wrong_sn, *unasked, *filename;
	bool twice, reversed, no_echo, crlf, no_last_lf, together, result_first, operlog;
};
extern struct faults faults;
extern const struct argp behave_argp;
/* Takes the result over. */
void results_add(struct results *results, const struct result *result);
/* Writes the next POST of results: its body and log stay valid until the next call. */
void results_post(struct results *results, const struct device *device, struct parcel *ret_parcel);
/* Is the result of this number in the last POST? */
bool results_posted(const struct results *results, uint64_t number);
/* Those of the last results_post() are the server's now. */
void results_acked(struct results *results);

/* What a command brings about beside its result. */
enum errand_kind { ERRAND_NONE, ERRAND_ROWS, ERRAND_PUNCHES, ERRAND_PHOTO, ERRAND_FILE };
struct errand {
	enum errand_kind kind;
	bool asked;          /* by a query: Stamp=0 and the table of the rows; else as if fresh */
	uint64_t next, last; /* PUNCHES; FILE: `next` bytes are here */
	char *target;        /* FILE */
	char path[128];
	struct bytes content;
};

/* What stands behind one terminal's protocol; made when its first command comes. */
struct machine {
	struct device *device;
	struct model model;
	struct errand errand;
	struct result result; /* of the command that waits for its file */
	bool hello_due;       /* a handshake when all is done and said */
	bool upload_due;      /* what is new, now */
	bool reboots;         /* the commands that follow are lost */
	uint64_t doors;
};

/* execute.c: carries one command out and fills in all of *ret but id and number. With ERRAND_FILE
 * the result comes later, by errand_fetched(). */
void execute(struct machine *machine, struct text command, struct result *ret);

/* The kinds of commands; each returns what Return says. execute_data.c, execute_query.c,
 * execute_file.c */
enum {
	RETURN_PARAMETER = -1,
	RETURN_NOTHING = -2,
	RETURN_SIZE = -9,
	RETURN_NO_PIN = -10,
	RETURN_MALFORMED = -11,
	RETURN_UNKNOWN = -22,
	RETURN_FULL = -1001,
	RETURN_UNSUPPORTED = -1002,
};
typedef int64_t execute_run(struct machine *machine, struct text args, struct result *result);
execute_run execute_update, execute_delete, execute_old_user, execute_old_finger,
	execute_old_del_user, execute_old_del_finger, execute_query, execute_verify,
	execute_account, execute_sync, execute_enroll, execute_shell, execute_get_file,
	execute_put_file, execute_info, execute_set_option;

/* errand.c: makes the next upload of the errand; false when it has come to its end. */
bool errand_upload(struct machine *machine, struct upload *upload);
/* Takes an answer to KIND_FILE in; true when the file is whole or there is none: then
 * machine->result is complete. */
bool errand_fetched(struct machine *machine, const struct reply *reply);
/* The connection was cut: what came of the piece counts, and the rest is asked for next. False when
 * nothing came that is of use. */
bool errand_cut(struct machine *machine, const struct reply *reply);
void errand_punches(struct machine *machine, uint64_t first, uint64_t last, bool asked);

#endif

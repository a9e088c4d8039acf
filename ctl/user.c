/* SPDX-License-Identifier: GPL-2.0-or-later */
/* user: the users of the devices. Here: the table of verbs, "ls" and "export". */
#include "ctl/user.h"

#include <errno.h>

#include "ctl/fail.h"
#include "ctl/flow.h"
#include "ctl/people.h"
#include "ctl/user_row.h"

struct listing {
	const struct ask *ask;
	struct records_reader *records;
	struct spoken spoken;
	struct flow flow;
	struct user_texts texts;
	enum user_secrets secrets;
	uint64_t left;
};

static int put_user(struct listing *l, const struct item *user, const struct pile *credentials)
{
	struct out_cell cells[USER_COLUMNS];
	const struct item *credential = pile_find(credentials, user->serial, user->ids[0]);
	if (user->flags & ITEM_DELETED && !l->ask->deleted)
		return 0;
	int rc = user_cells(&l->spoken, user, credential, l->secrets, &l->texts, cells);
	if (rc == 0)
		rc = out_row(&l->flow.out, cells);
	l->left--;
	return rc < 0 ? rc : l->left == 0;
}

static int put_device(void *context, struct span serial, const struct pile *users)
{
	struct listing *l = context;
	struct pile credentials = {.items = NULL};
	int rc = l->secrets == USER_UNKNOWN ? 0
					    : people_items(l->records, ITEM_CREDENTIAL, serial,
						      l->ask->pin, PILE_HEAD, &credentials);
	for (size_t i = 0; rc == 0 && i < users->count; i++)
		rc = put_user(l, &users->items[i], &credentials);
	pile_free(&credentials);
	int write_rc = flow_write(&l->flow);
	return rc < 0 || write_rc == 0 ? rc : write_rc;
}

static int list(struct ask *a, struct records_reader *r)
{
	struct listing l = {.ask = a,
		.records = r,
		.spoken = {.ask = a, .records = r},
		.secrets = !records_has_private(r) ? USER_UNKNOWN
			   : a->reveal             ? USER_REVEALED
						   : USER_MASKED,
		.left = a->limit ? a->limit : UINT64_MAX};
	int rc = flow_begin(&l.flow, a->format, user_columns, USER_COLUMNS, false);
	if (rc < 0)
		return rc;
	rc = people_each_device(a, r, ITEM_USER, PILE_HEAD, put_device, &l);
	int end_rc = flow_end(&l.flow);
	user_texts_free(&l.texts);
	spoken_close(&l.spoken);
	return rc < 0 ? rc : end_rc;
}

static int user_verb_ls(struct ask *a)
{
	struct records_reader *r = NULL;
	int code = people_open(a, &r);
	if (code == EX_OK && a->reveal)
		code = people_check_private(a, r);
	int rc = code == EX_OK ? list(a, r) : 0;
	records_close(r);
	return rc < 0 ? fail_at(rc, "list", "the users") : code;
}

static int user_verb_export(struct ask *a)
{
	if (a->format == OUT_TABLE)
		a->format = OUT_JSON;
	return user_verb_ls(a);
}

/* ---- the verbs ---- */

#define REVEAL ASK_OPTION_REVEAL("Passwords and cards as they are, for those who may see them")

static const struct argp_option ls_options[] = {
	ASK_OPTION_SERIAL,
	ASK_OPTION_PIN,
	{"limit", ASK_LIMIT, "N", 0, "N users at most", 10},
	ASK_OPTION_DELETED("Those as well that terminals have deleted"),
	REVEAL,
	ASK_OPTION_JSON,
	ASK_OPTION_CSV,
	ASK_OPTION_CONF,
	{0},
};
static const struct argp_option show_options[] = {
	ASK_OPTION_SERIAL, REVEAL, ASK_OPTION_JSON, ASK_OPTION_CONF, {0}};
static const struct argp_option erase_options[] = {
	{"yes", ASK_YES, NULL, 0, "Do it; without this it is only said what would go", 10},
	{"devices", ASK_DEVICES, NULL, 0,
		"Have the devices that have the user delete it too, by user.rm", 10},
	{"no-wait", ASK_NO_WAIT, NULL, 0, "Return when the order is durable", 20},
	{"timeout", ASK_TIMEOUT, "TIME", 0, "Wait so long for parserd (30s)", 20},
	ASK_OPTION_JSON,
	ASK_OPTION_CONF,
	{0},
};

static const struct ask_verb verbs[] = {
	{"ls", NULL, "List the users of the devices",
		"Whether there is a password or a card is seen by those alone who may read what is "
		"private.\n\n"
		"Example: punchctl user ls --serial ABCD250100001",
		ls_options, 0, 0, user_verb_ls},
	{"show", "PIN", "Show a PIN on every device, with its history",
		"Example: punchctl user show 1001", show_options, 1, 1, user_verb_show},
	{"export", NULL, "Write users as JSON lines or CSV",
		"The same as ls --json.\n\n"
		"Example: punchctl user export --csv >users.csv",
		ls_options, 0, 0, user_verb_export},
	{"erase", "PIN", "Take all of a PIN out of the records, on all devices",
		"Its users, cards, templates and pictures go with their history, and the photos of "
		"its punches. Punches and operations stay; they name the PIN alone. It is "
		"said at the end what may still hold something of the person: files of the spools, "
		"commands, lines that nobody understood.\n\n"
		"A PIN is written as a table shows it: \\x01 for a control character, two "
		"backslashes for one.\n\n"
		"Example: punchctl user erase 1001 --yes",
		erase_options, 1, 1, user_verb_erase},
	{0},
};

const struct noun noun_user = {
	"user", "The users of the devices", verbs, "punchctl user ls --serial ABCD250100001"};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of `run` that say what a terminal is able to do, and what it does wrong. */
#include <stdlib.h>
#include <string.h>

#include "tests/devsim/execute.h"

enum behave_key {
	KEY_FP_VERSION = 768,
	KEY_NO_FACE,
	KEY_FLAGS,
	KEY_LANGUAGE,
	KEY_COMM_KEY,
	KEY_PUSHVER,
	KEY_OPERLOG,
	KEY_LOSE_REPLY,
	KEY_LOSE_RESULT,
	KEY_DROP_RESULT,
	KEY_TWICE,
	KEY_WRONG_ID,
	KEY_WRONG_SN,
	KEY_UNASKED,
	KEY_REVERSED,
	KEY_BIG,
	KEY_FILENAME,
	KEY_NO_ECHO,
	KEY_CRLF,
	KEY_NO_LF,
	KEY_TOGETHER,
	KEY_FIRST,
	KEY_CUT,
	KEY_FILES,
};

static const struct argp_option options[] = {
	{NULL, 0, NULL, 0, "What a terminal is:", 1},
	{"fp-version", KEY_FP_VERSION, "N", 0, "Fingerprint algorithm in INFO (10)", 1},
	{"no-face", KEY_NO_FACE, NULL, 0, "It knows no faces", 1},
	{"flags", KEY_FLAGS, "DIGITS", 0, "Support flags in INFO (11111)", 1},
	{"language", KEY_LANGUAGE, "N", 0, "Language of the handshake (69; old: 83)", 1},
	{"comm-key", KEY_COMM_KEY, "KEY", 0, "pushcommkey of the handshake", 1},
	{"pushver", KEY_PUSHVER, "VERSION", 0, "pushver of the handshake, for the dialect's own",
		1},
	{"query-operlog", KEY_OPERLOG, NULL, 0, "Rows asked for come as table=OPERLOG", 1},
	{NULL, 0, NULL, 0, "How its results look:", 2},
	{"results-together", KEY_TOGETHER, NULL, 0,
		"All results of a poll in one POST (each alone)", 2},
	{"results-reversed", KEY_REVERSED, NULL, 0, "And the last one first", 2},
	{"result-first", KEY_FIRST, NULL, 0, "The result before the data that was asked for", 2},
	{"no-cmd-echo", KEY_NO_ECHO, NULL, 0, "Lines without CMD", 2},
	{"crlf", KEY_CRLF, NULL, 0, "Lines end with CR LF", 2},
	{"no-last-lf", KEY_NO_LF, NULL, 0, "The last line has no end", 2},
	{"big-result", KEY_BIG, "BYTES", 0, "Size of the content of GetFile and SHELL", 2},
	{"result-filename", KEY_FILENAME, "NAME", 0, "FILENAME of every result with content", 2},
	{"files", KEY_FILES, "DIR", 0, "What PutFile brought is laid there, as SERIAL-NAME", 2},
	{NULL, 0, NULL, 0, "What goes wrong:", 3},
	{"lose-reply", KEY_LOSE_REPLY, "N", 0,
		"The Nth reply with commands is thrown away, of every terminal", 3},
	{"lose-result", KEY_LOSE_RESULT, "N", 0,
		"The answer to the Nth result is not heard: it is sent again", 3},
	{"drop-result", KEY_DROP_RESULT, "N", 0, "The Nth result is never sent", 3},
	{"cut-file", KEY_CUT, "BYTES", 0,
		"The connection is cut once, after so many bytes of a piece of a file", 3},
	{"twice-result", KEY_TWICE, NULL, 0, "Every result is sent twice", 3},
	{"wrong-id", KEY_WRONG_ID, "ID", OPTION_ARG_OPTIONAL,
		"Results name this id, or else the one after their own", 3},
	{"wrong-sn", KEY_WRONG_SN, "SERIAL", OPTION_ARG_OPTIONAL,
		"Results name this serial (OTHER000001)", 3},
	{"unasked", KEY_UNASKED, "ID,...", 0, "Results for these ids, which nobody gave", 3},
	{0},
};

static uint32_t number(struct argp_state *state, const char *name, const char *arg, uint32_t max)
{
	return (uint32_t)option_number(state, name, arg, 1, max);
}

/* What goes into a target or a line as it is. */
static const char *word(struct argp_state *state, const char *name, const char *arg)
{
	if (strcspn(arg, " \t\r\n&?#") != strlen(arg)) {
		argp_error(state, "--%s: \"%s\" has a character that would end it", name, arg);
	}
	return arg;
}

static error_t parse_ability(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_FP_VERSION:
		abilities.finger_version = number(state, "fp-version", arg, 99);
		return 0;
	case KEY_NO_FACE:
		abilities.no_face = true;
		return 0;
	case KEY_FLAGS:
		if (arg[strspn(arg, "01")]) {
			argp_error(state, "--flags: \"%s\" is not of 0 and 1", arg);
		}
		abilities.flags = arg;
		return 0;
	case KEY_LANGUAGE:
		abilities.language = number(state, "language", arg, 127);
		return 0;
	case KEY_COMM_KEY:
		abilities.comm_key = word(state, "comm-key", arg);
		return 0;
	case KEY_PUSHVER:
		abilities.pushver = word(state, "pushver", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_form(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_OPERLOG:
		faults.operlog = true;
		return 0;
	case KEY_TOGETHER:
		faults.together = true;
		return 0;
	case KEY_REVERSED:
		faults.reversed = true;
		faults.together = true;
		return 0;
	case KEY_FIRST:
		faults.result_first = true;
		return 0;
	case KEY_NO_ECHO:
		faults.no_echo = true;
		return 0;
	case KEY_CRLF:
		faults.crlf = true;
		return 0;
	case KEY_NO_LF:
		faults.no_last_lf = true;
		return 0;
	case KEY_BIG:
		faults.big_result = number(state, "big-result", arg, 1U << 30);
		return 0;
	case KEY_FILES:
		faults.files_dir = arg;
		return 0;
	case KEY_FILENAME:
		faults.filename = arg;
		return 0;
	default:
		return parse_ability(key, arg, state);
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_LOSE_REPLY:
		faults.lose_reply = number(state, "lose-reply", arg, UINT32_MAX);
		return 0;
	case KEY_LOSE_RESULT:
		faults.lose_result = number(state, "lose-result", arg, UINT32_MAX);
		return 0;
	case KEY_DROP_RESULT:
		faults.drop_result = number(state, "drop-result", arg, UINT32_MAX);
		return 0;
	case KEY_CUT:
		faults.cut_file = number(state, "cut-file", arg, 32767);
		return 0;
	case KEY_TWICE:
		faults.twice = true;
		return 0;
	case KEY_WRONG_ID:
		faults.wrong_id = arg ? arg : "";
		return 0;
	case KEY_WRONG_SN:
		faults.wrong_sn = arg ? arg : "OTHER000001";
		return 0;
	case KEY_UNASKED:
		faults.unasked = arg;
		return 0;
	default:
		return parse_form(key, arg, state);
	}
}

const struct argp behave_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

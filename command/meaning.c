/* SPDX-License-Identifier: GPL-2.0-or-later */
/* meaning: what the Return of a result says, as docs/PROTOCOL.md 4.1 has it. */
#include "command/meaning.h"

#include <inttypes.h>
#include <stdio.h>

struct meaning {
	const char *verb; /* "" : any */
	int64_t code;
	const char *words;
};

/* A verb's own stand before those of all. */
static const struct meaning meanings[] = {
	{"enroll", 0, "enrolled"},
	{"enroll", 2, "the user has a template of this finger"},
	{"enroll", 4, "enrolling failed"},
	{"enroll", 5, "the finger is known already"},
	{"enroll", 6, "cancelled at the terminal"},
	{"face.add", -1, "failed, the terminal does not say why"},
	{"face.add", -2, "no such user"},
	{"face.rm", -1, "no such user"},
	{"face.rm", -2, "the user has no face"},
	{"photo.rm", -1, "no such user"},
	{"photo.rm", -2, "the user has no picture"},
	{"photo.add", -2, "the photo's size is wrong"},
	{"biophoto.add", -2, "the photo's size is wrong"},
	{"get-file", -2, "no such file"},
	{"put-file", -2, "no such file"},
	{"shell", -1, "the line could not be run"},
	{"get-file", 0, "0 bytes"},
	{"put-file", 0, "0 bytes"},
	{"account", 0, "0 records"},
	{"sync", 0, "0 records"},
	{"", 0, "done"}, /* queries too: the base says 0 whatever they found */
	{"", -1, "wrong parameter"},
	{"", -2, "the photo's size is wrong, or no such file"},
	{"", -3, "the terminal could not store or read it"},
	{"", -9, "the template's size is wrong"},
	{"", -10, "no such PIN"},
	{"", -11, "the template is malformed"},
	{"", -12, "the template is invalid"},
	{"", -22, "the terminal does not know the command"},
	{"", -1001, "the terminal is full, or refused the photo"},
	{"", -1002, "not supported by the terminal"},
	{"", -1003, "timed out at the terminal"},
	{"", -1004, "data and configuration of the terminal do not agree"},
	{"", -1005, "the terminal is busy"},
};

/* What the number of a verb's Return counts. */
static const struct {
	const char *verb, *one, *many;
} counts[] = {
	{"get-file", "byte", "bytes"},
	{"put-file", "byte", "bytes"},
	{"user.query", "record", "records"},
	{"finger.query", "record", "records"},
	{"bio.query", "record", "records"},
	{"query.attlog", "record", "records"},
	{"query.attphoto", "record", "records"},
	{"account", "record", "records"},
	{"sync", "record", "records"},
};

bool meaning_good(unsigned traits, int64_t code)
{
	return code == 0 || (code > 0 && (traits & VERB_COUNTS));
}

static const char *words_of(const char *verb, int64_t code)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++) {
		const struct meaning *m = &meanings[i];

		if (m->code == code && (m->verb[0] == '\0' || strcmp(m->verb, verb) == 0))
			return m->words;
	}
	return NULL;
}

static bool put_count(const char *verb, int64_t code, char *ret_words)
{
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		if (code > 0 && strcmp(counts[i].verb, verb) == 0) {
			snprintf(ret_words, VERB_WHY_BYTES, "%" PRId64 " %s", code,
				code == 1 ? counts[i].one : counts[i].many);
			return true;
		}
	return false;
}

void meaning_put(const struct verb *v, int64_t code, char ret_words[static VERB_WHY_BYTES])
{
	const char *verb = v ? v->name : "";
	const char *words = words_of(verb, code);

	if (words)
		snprintf(ret_words, VERB_WHY_BYTES, "%s", words);
	else if (put_count(verb, code, ret_words))
		return;
	else if (code > 0 && strcmp(verb, "shell") == 0)
		snprintf(ret_words, VERB_WHY_BYTES, "the line ended with %" PRId64, code);
	else if (code > 0 && v && (v->traits & VERB_COUNTS))
		snprintf(ret_words, VERB_WHY_BYTES, "done (%" PRId64 ")", code);
	else
		snprintf(ret_words, VERB_WHY_BYTES, "code %" PRId64 ", no meaning known", code);
}

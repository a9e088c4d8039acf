/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verb: finding verbs and fields, and what a line or an option is by its words. */
#include "command/verb.h"

const char *verb_allowance_key(enum verb_allowance allowance)
{
	switch (allowance) {
	case ALLOW_SHELL:
		return "allow_shell";
	case ALLOW_PUT_FILE:
		return "allow_put_file";
	case ALLOW_CLEAR:
		return "allow_clear";
	case ALLOW_SERVER_OPTIONS:
		return "allow_server_options";
	case ALLOW_RAW:
		return "allow_raw";
	}
	return "";
}

unsigned verb_granted(const struct conf *conf)
{
	return (conf->allow_shell ? ALLOW_SHELL : 0u) |
	       (conf->allow_put_file ? ALLOW_PUT_FILE : 0u) |
	       (conf->allow_clear ? ALLOW_CLEAR : 0u) |
	       (conf->allow_server_options ? ALLOW_SERVER_OPTIONS : 0u) |
	       (conf->allow_raw ? ALLOW_RAW : 0u);
}

const struct verb *verb_find(struct span name)
{
	for (size_t i = 0; i < verb_count; i++)
		if (span_is(name, verbs[i].name))
			return &verbs[i];
	return NULL;
}

int verb_field_find(const struct verb *v, struct span name)
{
	for (size_t i = 0; i < v->field_count; i++)
		if (name.len > 0 && span_is(name, v->fields[i].name))
			return (int)i;
	return -1;
}

/* ---- raw lines: whoever lets a command through must see it as the most lenient terminal does ----
 */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct span skip_blanks(struct span s)
{
	while (s.len > 0 && is_blank(s.ptr[0]))
		s = span_from(s, 1);
	return s;
}

static bool starts_nocase(struct span s, struct span word)
{
	char text[32];

	if (s.len < word.len || word.len >= sizeof(text))
		return false;
	memcpy(text, word.ptr, word.len);
	text[word.len] = '\0';
	return span_is_nocase(span_of(s.ptr, word.len), text);
}

/* Does the line begin with these words, in any case, any blanks between? `*ret_rest` is what comes
 * behind. */
static bool spells(struct span line, const char *words, struct span *ret_rest)
{
	struct span rest = span_str(words), word;
	bool first = true;

	for (; span_next(&rest, ' ', &word); first = false) {
		struct span next = skip_blanks(line);

		if ((!first && next.len == line.len) || !starts_nocase(next, word))
			return false;
		line = span_from(next, word.len);
	}
	*ret_rest = line;
	return true;
}

static bool spells_whole(struct span line, const char *words)
{
	struct span rest;

	return spells(line, words, &rest) && (rest.len == 0 || is_blank(rest.ptr[0]));
}

const struct verb *verb_of_raw(struct span line)
{
	for (size_t i = 0; i < verb_count; i++) {
		const struct verb *v = &verbs[i];

		if (v->wire[0] == '\0')
			continue;
		if (spells_whole(line, v->wire) || (v->old_wire && spells_whole(line, v->old_wire)))
			return v;
	}
	return NULL;
}

/* The next run of letters, digits, '_' and '~'. */
static bool next_word(struct span *rest, struct span *ret_word)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_~";
	size_t len = 0;

	while (rest->len > 0 && !memchr(letters, rest->ptr[0], sizeof(letters) - 1))
		*rest = span_from(*rest, 1);
	while (len < rest->len && memchr(letters, rest->ptr[len], sizeof(letters) - 1))
		len++;
	*ret_word = span_of(rest->ptr, len);
	*rest = span_from(*rest, len);
	return len > 0;
}

/* Any word of it, so that neither "a=1,b=2" nor another separator hides an option. */
static bool has_option(struct span text, bool (*is)(struct span key))
{
	struct span word;

	while (next_word(&text, &word))
		if (is(word))
			return true;
	return false;
}

bool verb_raw_reserved(struct span line)
{
	struct span rest;

	return spells(line, "SET OPTION", &rest) && has_option(rest, verb_option_reserved);
}

/* Only what stands before a '=': a value may be any word. */
static bool has_key(struct span text, bool (*is)(struct span key))
{
	struct span word;

	while (next_word(&text, &word))
		if (span_starts(text, "=") && is(word))
			return true;
	return false;
}

bool verb_keys_of_server(struct span text)
{
	return has_key(text, verb_option_of_server);
}

bool verb_keys_reserved(struct span text)
{
	return has_key(text, verb_option_reserved);
}

/* By their beginnings alone, whatever follows without a blank. */
static unsigned allowances_of(struct span line)
{
	struct span rest;

	if (spells(line, "SHELL", &rest))
		return ALLOW_SHELL;
	if (spells(line, "PutFile", &rest))
		return ALLOW_PUT_FILE;
	if (spells(line, "CLEAR", &rest))
		return ALLOW_CLEAR;
	if (spells(line, "SET OPTION", &rest) && has_option(rest, verb_option_of_server))
		return ALLOW_SERVER_OPTIONS;
	return 0;
}

void verb_classify_raw(struct span line, unsigned *ret_traits, unsigned *ret_allowances)
{
	const struct verb *v = verb_of_raw(line);

	*ret_traits = v ? v->traits : VERB_NEVER_TWICE | VERB_CONTENT;
	*ret_allowances = (v ? v->allowances : ALLOW_RAW) | allowances_of(line);
	/* A table that is none of ours: asking for it changes nothing, may be repeated, and counts.
	 */
	if (!v && spells_whole(line, "DATA QUERY")) {
		*ret_traits = VERB_COUNTS;
		*ret_allowances &= ~(unsigned)ALLOW_RAW;
	}
}

/* ---- options ---- */

static bool contains_nocase(struct span s, const char *const *parts)
{
	for (; *parts; parts++)
		for (size_t at = 0; at < s.len; at++)
			if (starts_nocase(span_from(s, at), span_str(*parts)))
				return true;
	return false;
}

bool verb_option_reserved(struct span key)
{
	return span_starts(key, "~");
}

/* By parts of names, for firmware knows more of them than any list: WebServerIP, ICLOCKSVRURL,
 * IclockSvrURL, ProxyServerPort, AuthServerEnabled, … */
bool verb_option_of_server(struct span key)
{
	static const char *const parts[] = {
		"server", "svr", "proxy", "iclock", "adms", "cloud", "dns", "domain", "url", NULL};

	return contains_nocase(key, parts);
}

bool verb_option_secret(struct span key)
{
	static const char *const parts[] = {"key", "pass", "pwd", "psk", "secret", "token", NULL};

	return contains_nocase(key, parts);
}

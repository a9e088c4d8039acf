/* SPDX-License-Identifier: GPL-2.0-or-later */
/* targets: who is meant, found before anything is written. */
#include "ctl/targets.h"

#include <errno.h>
#include <stdlib.h>

#include "ctl/fail.h"

/* Room for one more of `size` bytes each in `*items`. 0 or -ENOMEM. */
static int more(void **items, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return 0;
	size_t wanted = *room ? 2 * *room : 64;
	void *bigger = reallocarray(*items, wanted, size);
	if (!bigger)
		return -ENOMEM;
	*items = bigger;
	*room = wanted;
	return 0;
}

int targets_note(struct targets *t, const struct device *d)
{
	int rc = more((void **)&t->known, t->known_count, &t->known_room, sizeof(*t->known));
	if (rc < 0)
		return rc;
	struct targets_known *k = &t->known[t->known_count++];
	memcpy(k->serial, d->serial, sizeof(k->serial));
	memcpy(k->alias, d->set.alias, sizeof(k->alias));
	memcpy(k->site, d->set.site, sizeof(k->site));
	k->state = d->state;
	k->taken = false;
	return 0;
}

static int take(struct targets *t, const char *serial)
{
	int rc = more((void **)&t->serials, t->count, &t->room, sizeof(*t->serials));
	if (rc == 0)
		snprintf(t->serials[t->count++], sizeof(*t->serials), "%s", serial);
	return rc;
}

static int take_known(struct targets *t, struct targets_known *k)
{
	int rc = k->taken ? 0 : take(t, k->serial);
	if (rc == 0)
		k->taken = true;
	return rc;
}

/* One that the store does not know; there are only as many as words. */
static int take_unknown(struct targets *t, struct span word)
{
	char serial[SERIAL_MAX + 1];
	for (size_t i = 0; i < t->count; i++)
		if (span_is(word, t->serials[i]))
			return 0;
	snprintf(serial, sizeof(serial), "%.*s", SPAN_ARG(word));
	return take(t, serial);
}

static void because(char ret_why[static TARGETS_WHY_BYTES], const char *what, struct span word,
	const char *rest)
{
	snprintf(ret_why, TARGETS_WHY_BYTES, "%s'%.*s'%s", what,
		(int)(word.len < 100 ? word.len : 100), word.ptr ? word.ptr : "", rest);
}

static int add_site(struct targets *t, struct span site, char ret_why[static TARGETS_WHY_BYTES])
{
	bool any = false;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < t->known_count; i++) {
		struct targets_known *k = &t->known[i];
		if (k->state != DEVICE_APPROVED || !span_is(site, k->site))
			continue;
		rc = take_known(t, k);
		any = true;
	}
	if (rc < 0 || any)
		return rc;
	because(ret_why, "no approved device has the site ", site, "");
	return -ENOENT;
}

int targets_add_approved(struct targets *t, char ret_why[static TARGETS_WHY_BYTES])
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < t->known_count; i++)
		if (t->known[i].state == DEVICE_APPROVED)
			rc = take_known(t, &t->known[i]);
	if (rc < 0 || t->count > 0)
		return rc;
	snprintf(ret_why, TARGETS_WHY_BYTES, "no device is approved");
	return -ENOENT;
}

/* A device by its serial or its alias; NULL when there is none. `*ret_second` is another one that
 * the same word names. */
static struct targets_known *find(
	struct targets *t, struct span word, const struct targets_known **ret_second)
{
	struct targets_known *found = NULL;
	*ret_second = NULL;
	for (size_t i = 0; i < t->known_count; i++) {
		struct targets_known *k = &t->known[i];
		if (!span_is(word, k->serial) && !span_is(word, k->alias))
			continue;
		if (found)
			*ret_second = k;
		else
			found = k;
	}
	return found;
}

int targets_add(struct targets *t, struct span word, enum targets_use use,
	char ret_why[static TARGETS_WHY_BYTES])
{
	const struct targets_known *second;
	if (word.len > 1 && word.ptr[0] == '@')
		return add_site(t, span_from(word, 1), ret_why);
	struct targets_known *k = word.len > 0 ? find(t, word, &second) : NULL;
	if (k && second) {
		because(ret_why, "", word, " names two devices: one by serial, one by alias");
		return -ENOENT;
	}
	if (k)
		return take_known(t, k);
	if (serial_valid(word) && (use == TARGETS_ANY || !t->readable))
		return take_unknown(t, word);
	because(ret_why, "no device has the serial or alias ", word, "; see 'punchctl device ls'");
	return -ENOENT;
}

/* ---- the store ---- */

static int note(void *context, const struct device *d)
{
	return targets_note(context, d);
}

/* 0; what cannot be read leaves t->readable false. */
static int read_known(const struct ask *a, struct targets *t)
{
	struct control_reader *r = NULL;
	char *path = conf_join(a->conf.state_dir, CONF_CONTROL);
	int rc = path ? control_open(path, &r) : -ENOMEM;
	if (rc == 0) {
		rc = control_devices(r, note, t);
		control_close(r);
	}
	free(path);
	t->readable = rc == 0;
	return rc;
}

static bool needs_store(const struct ask *a, char **words, size_t word_count)
{
	for (size_t i = 0; i < word_count; i++)
		if (!serial_valid(span_str(words[i])))
			return true;
	return a->all;
}

static int check_words(const struct ask *a, size_t word_count)
{
	if (a->all && word_count > 0)
		return fail(EX_USAGE, "--all and names exclude each other");
	if (!a->all && word_count == 0)
		return fail(EX_USAGE, "which device? A serial, an alias, @SITE or --all");
	return EX_OK;
}

int targets_find(const struct ask *a, char **words, size_t word_count, enum targets_use use,
	struct targets *ret)
{
	char why[TARGETS_WHY_BYTES];
	*ret = (struct targets){0};
	int code = check_words(a, word_count);
	if (code != EX_OK)
		return code;
	int rc = read_known(a, ret);
	if (!ret->readable && needs_store(a, words, word_count))
		return fail(fail_code(rc),
			"without reading the devices in %s/" CONF_CONTROL
			" (%s) only serials can be named",
			a->conf.state_dir, strerror(-rc));
	rc = a->all ? targets_add_approved(ret, why) : 0;
	for (size_t i = 0; rc == 0 && i < word_count; i++)
		rc = targets_add(ret, span_str(words[i]), use, why);
	if (rc == -ENOENT)
		return fail(EX_NOINPUT, "%s", why);
	return rc < 0 ? fail(EX_OSERR, "out of memory") : EX_OK;
}

void targets_free(struct targets *t)
{
	free(t->serials);
	free(t->known);
	*t = (struct targets){0};
}

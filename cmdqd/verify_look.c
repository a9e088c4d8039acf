/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify_look: is it the one whom the records know? A card and a password are compared here; a
 * finger never is: its bytes only tell a replay, and the rest is the referee's. */
#include <errno.h>

#include "cmdqd/ability.h"
#include "cmdqd/answer_private.h"
#include "cmdqd/verdict.h"
#include "cmdqd/verify_private.h"
#include "lib/base64.h"
#include "lib/card.h"
#include "lib/secret.h"

/* ---- whom the records know ---- */

static enum outcome unread(struct attempt *a)
{
	return attempt_ends(a, UNDECIDED, "the records cannot be read now");
}

/* GRANTED when there is somebody, who is not locked out; `rc` is what the records said. */
static enum outcome is_somebody(
	struct verify *v, struct attempt *a, int rc, const struct person *person)
{
	if (rc == -ENOENT)
		return attempt_ends(a, REFUSED, "nobody is known by it");
	if (rc == -ENOTUNIQ)
		return attempt_ends(a, REFUSED, "several people are known by it");
	if (rc < 0)
		return unread(a);
	return attempt_begin_pin(v, a, person->pin) < 0 ? TURNED_AWAY : GRANTED;
}

static int find_pin(struct verify *v, const struct attempt *a, struct span pin, struct person *ret)
{
	return pin.len > 0 ? people_by_pin(v->people, span_str(a->site), pin, ret) : -ENOENT;
}

/* ---- cards and passwords ---- */

static enum outcome look_at_card(
	struct verify *v, struct attempt *a, const struct device *d, const struct probe *p)
{
	struct person person = {.card = 0};
	uint64_t number;

	if (card_get(p->sample, ability_card(d), &number) < 0 || number == 0)
		return attempt_ends(a, REFUSED, "not the number of a card");
	int rc = p->pin.len > 0 ? find_pin(v, a, p->pin, &person)
				: people_by_card(v->people, span_str(a->site), number, &person);
	enum outcome outcome = is_somebody(v, a, rc, &person);
	if (outcome == GRANTED && number != person.card && number != person.vice_card)
		outcome = attempt_ends(a, REFUSED, "another card");
	person_free(&person);
	return outcome;
}

static enum outcome look_at_password(struct verify *v, struct attempt *a, const struct probe *p)
{
	struct person person = {.card = 0};
	int rc = find_pin(v, a, p->pin, &person);
	enum outcome outcome = is_somebody(v, a, rc, &person);

	if (outcome == GRANTED && !secret_is(person.password, p->sample))
		outcome = attempt_ends(a, REFUSED, "another password");
	person_free(&person);
	return outcome;
}

/* ---- fingers ---- */

struct gathering {
	struct verify *v;
	enum matching_format format;
	uint64_t count;
};

/* Some terminals upload those too that they take no more. docs/PROTOCOL.md 3.2 */
static int is_in_use(const struct item *i, bool *ret)
{
	struct buf valid = buf_with_max(8);
	int rc = item_field(i, "valid", &valid);

	*ret = rc < 0 || !span_is(buf_span(&valid), "0");
	buf_free(&valid);
	return rc == -ENOMEM ? rc : 0;
}

/* One that does not fit is left out: the others may do. */
static int gather(void *context, const struct item *i)
{
	struct gathering *g = context;
	const struct matching_hello *hello = &g->v->referee->hello;
	struct buf *b = &g->v->references;
	struct span bytes = item_content(i);
	const size_t before = b->len;
	bool in_use;

	if (i->kind != ITEM_TEMPLATE || g->count == hello->references ||
		bytes.len > hello->probe_bytes || matching_format_of(bytes) != g->format)
		return 0;
	int rc = is_in_use(i, &in_use);
	if (rc < 0 || !in_use)
		return rc;
	if (before > 0)
		rc = buf_add_str(b, " ");
	if (rc == 0)
		rc = base64_put(b, bytes);
	if (rc == 0)
		g->count++;
	else
		b->len = before;
	return rc == -EMSGSIZE ? 0 : rc;
}

static enum outcome ask_referee(struct verify *v, struct attempt *a, const struct probe *p)
{
	struct matching_request q = {.format = a->format, .probe = p->sample};

	q.references = buf_span(&v->references);
	if (referee_ask(v->referee, &q, a->deadline_ms) < 0)
		return attempt_ends(a, UNDECIDED, "the matcher cannot be asked");
	a->id = q.id;
	return WAITING;
}

static enum outcome match(struct verify *v, struct attempt *a, const struct probe *p)
{
	struct gathering g = {.v = v, .format = a->format};

	if (a->format == MATCHING_UNKNOWN)
		return attempt_ends(a, UNDECIDED, "a template of no format that is known");
	if (!(v->referee->hello.formats & 1u << a->format))
		return attempt_ends(a, UNDECIDED, "no matcher for this format");
	buf_clear(&v->references);
	v->references.max = MATCHING_REQUEST_MAX - MATCHING_ANSWER_MAX;
	v->references.max -= p->sample.len < v->references.max ? p->sample.len : 0;
	int rc = people_templates(v->people, span_str(a->site), span_str(a->pin), gather, &g);
	if (rc < 0)
		return unread(a);
	if (g.count == 0)
		return attempt_ends(a, UNDECIDED, "no finger of this format is known");
	return ask_referee(v, a, p);
}

/* A capture is never the same twice: what is has been stolen, from a disk or from the wire. */
static enum outcome look_at_bytes(struct verify *v, struct attempt *a, const struct probe *p)
{
	struct span bytes = buf_span(&v->sample);
	int rc = people_has_template(v->people, span_str(a->pin), bytes);

	a->format = matching_format_of(bytes);
	if (rc < 0)
		return unread(a);
	if (rc == PEOPLE_OF_ANOTHER)
		return attempt_ends(a, REPLAYED, "the very bytes of a template of another PIN");
	return rc > 0 ? attempt_ends(a, REPLAYED, "the very bytes of a stored template")
		      : match(v, a, p);
}

static enum outcome look_at_finger(struct verify *v, struct attempt *a, const struct probe *p)
{
	struct person person = {.card = 0};

	buf_clear(&v->sample);
	if (base64_get(&v->sample, p->sample) < 0)
		return attempt_ends(a, REFUSED, "a template that is no base64");
	int rc = find_pin(v, a, p->pin, &person);
	enum outcome outcome = is_somebody(v, a, rc, &person);
	person_free(&person);
	if (outcome == GRANTED)
		outcome = look_at_bytes(v, a, p);
	return outcome;
}

enum outcome verify_look(
	struct verify *v, struct attempt *a, const struct device *d, const struct probe *p)
{
	switch (a->method) {
	case PROBE_CARD:
		return look_at_card(v, a, d, p);
	case PROBE_PASSWORD:
		return look_at_password(v, a, p);
	case PROBE_FINGER:
		return look_at_finger(v, a, p);
	case PROBE_FACE:
	case PROBE_OTHER:
		break;
	}
	return attempt_ends(a, UNDECIDED, "no way to verify that is known");
}

/* ---- the line that lets him in ---- */

static int take_photo(void *context, const struct item *i)
{
	struct buf *photo = context;

	if (i->kind != ITEM_PICTURE || i->id_count < 2 || !span_is(i->ids[1], "user"))
		return 0;
	buf_clear(photo);
	int rc = buf_add_span(photo, item_content(i));
	return rc == -EMSGSIZE ? 0 : rc;
}

/* Nothing is left of it when the records cannot be read, and the terminal can do without. */
static void read_photo(struct verify *v, const struct attempt *a, const struct device *d)
{
	buf_clear(&v->sample);
	if (ability_dialect(d, span_str("")).userpic == ABLE_NO)
		return;
	v->sample.max = VERDICT_PHOTO_MAX;
	if (people_templates(
		    v->people, span_str(a->site), span_str(a->pin), take_photo, &v->sample) != 0)
		buf_clear(&v->sample);
}

enum outcome verify_put_line(
	struct verify *v, struct attempt *a, const struct device *d, uint64_t now_us)
{
	struct person person = {.card = 0};
	int rc = find_pin(v, a, span_str(a->pin), &person);
	const char *why = rc == 0 ? answer_objection(v->answerer, d, &person, now_us) : NULL;

	if (rc == 0 && !why) {
		read_photo(v, a, d);
		rc = verdict_put(&v->line, &person, ability_charset(d), buf_span(&v->sample));
	}
	person_free(&person);
	v->sample.max = MSG_MAX;
	if (why)
		return attempt_ends(a, REFUSED, why);
	return rc < 0 ? unread(a) : GRANTED;
}

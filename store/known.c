/* SPDX-License-Identifier: GPL-2.0-or-later */
/* known: keys of the index, and the cards of a credential. */
#include "store/known.h"

#include <errno.h>

#include "lib/card.h"
#include "lib/sha256.h"

#define CARD_TEXT_MAX 64 /* what is longer is no number */
#define DIGEST_BYTES  16

bool known_of(enum item_kind kind)
{
	return kind == ITEM_USER || kind == ITEM_CREDENTIAL || kind == ITEM_TEMPLATE ||
	       kind == ITEM_PICTURE;
}

/* ---- keys ---- */

void known_pack_pin_only(struct pack *k, struct span pin)
{
	pack_u8(k, 'p');
	pack_text(k, pin);
}

void known_pack_card_only(struct pack *k, uint64_t card)
{
	pack_u8(k, 'c');
	pack_u64(k, card);
}

void known_pack_template_only(struct pack *k, struct span bytes)
{
	unsigned char digest[SHA256_BYTES];

	sha256_of(bytes, digest);
	pack_u8(k, 't');
	pack_bytes(k, span_of(digest, DIGEST_BYTES));
}

void known_pack_pin(struct pack *k, struct span pin, struct span serial)
{
	known_pack_pin_only(k, pin);
	pack_text(k, serial);
}

void known_pack_card(struct pack *k, uint64_t card, struct span pin, struct span serial)
{
	known_pack_card_only(k, card);
	pack_text(k, pin);
	pack_text(k, serial);
}

/* With all ids, so that each entry is of one item, as a card's is. */
void known_pack_template(struct pack *k, const struct item *i)
{
	known_pack_template_only(k, item_content(i));
	pack_text(k, item_pin(i));
	pack_text(k, i->serial);
	for (size_t n = 1; n < i->id_count; n++)
		pack_text(k, i->ids[n]);
}

int known_unpack(struct span key, struct span *ret_pin, struct span *ret_serial)
{
	struct unpack u = {.rest = key};
	uint8_t letter = unpack_u8(&u);

	if (letter == 'c')
		(void)unpack_u64(&u);
	struct span pin = unpack_text(&u);
	struct span serial = unpack_text(&u);
	if (u.failed || u.rest.len > 0 || (letter != 'c' && letter != 'p'))
		return -EUCLEAN;
	*ret_pin = pin;
	*ret_serial = serial;
	return 0;
}

/* ---- cards ---- */

/* As the terminal sent it; what an older parserd kept has the number alone. */
static int get_sent(const struct item *i, enum known_card which, struct buf *into)
{
	static const char *const names[][2] = {
		[KNOWN_CARD] = {"card.sent", "card"},
		[KNOWN_VICE_CARD] = {"vice_card.sent", "vice_card"},
	};
	int rc = item_field(i, names[which][0], into);

	if (rc == -ENOENT)
		rc = item_field(i, names[which][1], into);
	if (rc == 0 || rc == -ENOMEM)
		return rc;
	buf_clear(into);
	return 0;
}

static uint64_t number_of(struct span sent, enum card_form form)
{
	uint64_t number;
	int rc = card_get(sent, form, &number);

	return rc == 0 ? number : 0;
}

int known_card_of(const struct item *i, enum known_card which, enum card_form form, uint64_t *ret)
{
	struct buf sent = buf_with_max(CARD_TEXT_MAX);
	int rc = get_sent(i, which, &sent);

	if (rc == 0)
		*ret = number_of(buf_span(&sent), form);
	buf_free(&sent);
	return rc;
}

static int add_once(uint64_t *cards, int count, uint64_t card)
{
	for (int n = 0; n < count; n++)
		if (cards[n] == card)
			return count;
	if (card != 0)
		cards[count++] = card;
	return count;
}

int known_cards_of(const struct item *i, uint64_t ret[static KNOWN_CARDS_MAX])
{
	struct buf sent = buf_with_max(CARD_TEXT_MAX);
	uint64_t cards[KNOWN_CARDS_MAX];
	int count = 0, rc = 0;

	for (enum known_card which = KNOWN_CARD; rc == 0 && which <= KNOWN_VICE_CARD; which++) {
		rc = get_sent(i, which, &sent);
		count = add_once(
			cards, count, rc < 0 ? 0 : number_of(buf_span(&sent), CARD_HEX_LOW));
		count = add_once(
			cards, count, rc < 0 ? 0 : number_of(buf_span(&sent), CARD_HEX_HIGH));
	}
	buf_free(&sent);
	if (rc < 0)
		return rc;
	memcpy(ret, cards, (size_t)count * sizeof(*ret));
	return count;
}

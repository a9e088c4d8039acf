/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ability: the dialect of a device. Pure. docs/PROTOCOL.md 4, 5 */
#include "cmdqd/ability.h"

#include "lib/info.h"
#include "lib/num.h"

bool ability_old(struct span push_version)
{
	struct span major;
	uint64_t number;

	return !span_next(&push_version, '.', &major) || num_u64(major, 2, UINT32_MAX, &number) < 0;
}

/* ---- INFO= of a poll ---- */

/* No flags at all say nothing. */
static enum able able(struct span flags, enum info_ability ability)
{
	return flags.len > 0 ? (enum able)info_able(flags, ability) : ABLE_UNKNOWN;
}

static void from_info(struct dialect *d, const struct info *info)
{
	struct span flags = info->fields[INFO_FLAGS];

	d->finger = able(flags, INFO_ABLE_FINGER);
	d->face = able(flags, INFO_ABLE_FACE);
	d->userpic = able(flags, INFO_ABLE_USERPIC);
	d->biophoto = able(flags, INFO_ABLE_BIOPHOTO);
	d->biodata = able(flags, INFO_ABLE_BIODATA);
	if (span_is(info->fields[INFO_FACE_VERSION], "-1"))
		d->face = ABLE_NO;
}

/* "10", or "10.0"; 0 for what is none. */
static unsigned version_of(struct span text)
{
	struct span major = {0};
	uint64_t number = 0;

	(void)span_next(&text, '.', &major);
	return num_u64(span_trim(major), 1, UINT16_MAX, &number) == 0 ? (unsigned)number : 0;
}

/* ---- facts ---- */

static struct span fact(struct span facts, const char *key)
{
	struct span line, word;

	while (span_next_line(&facts, &line))
		if (span_next(&line, '=', &word) && span_is(span_trim(word), key))
			return span_trim(line);
	return (struct span){0};
}

static enum able known(enum able able, struct span facts, const char *key)
{
	struct span value = fact(facts, key);

	if (able != ABLE_UNKNOWN || value.len == 0)
		return able;
	return value.ptr[0] == '1' ? ABLE_YES : value.ptr[0] == '0' ? ABLE_NO : ABLE_UNKNOWN;
}

static void from_facts(struct dialect *d, struct span facts)
{
	static const char *const versions[] = {"FPVersion", "~ZKFPVersion", "~AlgVer"};

	d->finger = known(d->finger, facts, "FingerFunOn");
	d->face = known(d->face, facts, "FaceFunOn");
	d->biophoto = known(d->biophoto, facts, "BioPhotoFun");
	d->biodata = known(d->biodata, facts, "BioDataFun");
	/* A terminal that takes pictures of users, as its INFO= says, may have PhotoFunOn=0. */
	if (d->userpic == ABLE_UNKNOWN && span_is(fact(facts, "PhotoFunOn"), "1"))
		d->userpic = ABLE_YES;
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions) && !d->finger_version; i++)
		d->finger_version = version_of(fact(facts, versions[i]));
}

/* ---- settings ---- */

/* Language 83 is Chinese in its own charset. */
enum charset ability_charset(const struct device *d)
{
	if (d->set.charset[0] != '\0')
		return strcmp(d->set.charset, "gb18030") == 0 ? CHARSET_GB18030 : CHARSET_UTF_8;
	return strcmp(d->language, "83") == 0 ? CHARSET_GB18030 : CHARSET_UTF_8;
}

enum card_form ability_card(const struct device *d)
{
	bool hex = d->set.card_form[0] != '\0' ? strcmp(d->set.card_form, "hex") == 0
					       : ability_old(span_str(d->push_version));
	bool high = strcmp(d->set.card_order, "high") == 0;

	if (hex)
		return high ? CARD_HEX_HIGH : CARD_HEX_LOW;
	return high ? CARD_DECIMAL_TURNED : CARD_DECIMAL;
}

struct dialect ability_dialect(const struct device *d, struct span facts)
{
	const struct info info = info_read(span_str(d->info));
	struct dialect dialect = {.old = ability_old(span_str(d->push_version)),
		.charset = ability_charset(d),
		.card = ability_card(d),
		.finger_version = version_of(info.fields[INFO_FINGER_VERSION])};

	from_info(&dialect, &info);
	from_facts(&dialect, facts);
	return dialect;
}

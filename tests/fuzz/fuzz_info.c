/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a terminal says it can do: INFO= of its polls and the lines of its last INFO make a dialect
 * in which a command can be written. The input is pushver|language|INFO=|lines. */
#include "cmdqd/ability.h"
#include "cmdqd/learn.h"
#include "lib/info.h"
#include "tests/fuzz/fuzz.h"

static void check_able(enum able able)
{
	CHECK(able == ABLE_UNKNOWN || able == ABLE_YES || able == ABLE_NO);
}

static void check_dialect(const struct dialect *d, const struct device *device)
{
	check_able(d->finger);
	check_able(d->face);
	check_able(d->userpic);
	check_able(d->biophoto);
	check_able(d->biodata);
	CHECK(d->finger_version <= UINT16_MAX);
	CHECK(d->charset == ability_charset(device) && d->card == ability_card(device));
	CHECK(d->charset == CHARSET_UTF_8 || d->charset == CHARSET_GB18030);
	CHECK(d->card <= CARD_DECIMAL_TURNED);
	CHECK(d->old == ability_old(span_str(device->push_version)));
}

/* INFO= goes before the lines: what it says they do not change. */
static void check_order(const struct device *device, const struct dialect *with)
{
	const struct dialect without = ability_dialect(device, span_of(NULL, 0));

	CHECK(without.finger == ABLE_UNKNOWN || without.finger == with->finger);
	CHECK(without.face == ABLE_UNKNOWN || without.face == with->face);
	CHECK(without.biophoto == ABLE_UNKNOWN || without.biophoto == with->biophoto);
	CHECK(without.biodata == ABLE_UNKNOWN || without.biodata == with->biodata);
	CHECK(without.finger_version == 0 || without.finger_version == with->finger_version);
}

static void check_words(struct span flags)
{
	struct buf b = buf_with_max(64);
	struct span rest, word;
	size_t words = 0, able = 0;

	CHECK(info_put_abilities(&b, flags) == 0);
	for (rest = buf_span(&b); span_next(&rest, ' ', &word); words++)
		CHECK(word.len > 0);
	for (enum info_ability a = 0; a < INFO_ABILITIES; a++)
		able += info_able(flags, a) > 0;
	CHECK(words == able);
	buf_free(&b);
}

static void check_info(struct span text)
{
	const struct info info = info_read(text);

	for (size_t i = 0; i < INFO_FIELDS; i++) {
		CHECK(fuzz_inside(info.fields[i], text) && !span_has(info.fields[i], ','));
		CHECK(span_eq(span_trim(info.fields[i]), info.fields[i]));
	}
	check_words(info.fields[INFO_FLAGS]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	struct device device = {.serial = "GATE_7-a"};

	learn_text(device.push_version, sizeof(device.push_version), fuzz_piece(&rest));
	learn_text(device.language, sizeof(device.language), fuzz_piece(&rest));
	struct span info = fuzz_piece(&rest);
	check_info(info);
	learn_text(device.info, sizeof(device.info), info);
	const struct dialect d = ability_dialect(&device, rest);
	check_dialect(&d, &device);
	check_order(&device, &d);
	return 0;
}

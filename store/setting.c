/* SPDX-License-Identifier: GPL-2.0-or-later */
/* setting: see the header. */
#include "store/setting.h"

#include <assert.h>
#include <errno.h>

#include "lib/conf_key.h"
#include "lib/network.h"
#include "lib/site.h"
#include "lib/trans_flag.h"
#include "lib/utf8.h"

static_assert(sizeof(((struct device_settings *)NULL)->comm_key) == COMM_KEY_BYTES,
	"a stored key fits exactly");
static_assert(sizeof(((struct device_settings *)NULL)->networks) == NETWORK_LIST_MAX + 1,
	"the longest list fits exactly");
static_assert(sizeof(((struct device_settings *)NULL)->trans_flags) >= sizeof(TRANS_FLAG_NAMES),
	"all flags at once fit");

/* ---- what a text may be ---- */

/* With '@' begins a site, and with '-' an option: such a name would lead to other devices. */
static bool is_alias(struct span text)
{
	return utf8_plain(text) && !strchr(" @-", text.ptr[0]) && text.ptr[text.len - 1] != ' ';
}

static bool is_wake(struct span text)
{
	return span_is(text, "off") || network_is_host(text);
}

static bool is_comm_key(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
			return false;
	return text.len <= COMM_KEY_MAX;
}

/* ---- the table ---- */

#define IN(member)                                      \
	.at = offsetof(struct device_settings, member), \
	.room = sizeof(((struct device_settings *)NULL)->member)

/* clang-format off */
const struct setting settings_table[] = {
	{"error_delay", SETTING_AMOUNT, IN(error_delay_s), .conf = "error_delay",
		.brief = "pause after a failed connection",
		.allowed = "30 s to 300 s, whole seconds"},
	{"delay", SETTING_AMOUNT, IN(delay_s), .conf = "delay",
		.brief = "pause between two polls",
		.allowed = "2 s to 60 s, whole seconds"},
	{"trans_interval", SETTING_AMOUNT, IN(trans_interval_min), .conf = "trans_interval",
		.brief = "pause between two checks for new data",
		.allowed = "0 min to 1440 min, whole minutes; 0 min is no checks"},
	{"trans_times", SETTING_TEXT, IN(trans_times), .conf = "trans_times",
		.brief = "times of day for a check",
		.allowed = "1 to 10 of HH:MM with ';' between them"},
	{"trans_flags", SETTING_TEXT, IN(trans_flags), .conf = "trans_flags",
		.brief = "what it uploads unasked",
		.allowed = TRANS_FLAG_NAMES " with blanks between them"},
	{"time_zone", SETTING_TEXT, IN(time_zone), .conf = "time_zone",
		.brief = "where it stands",
		.allowed = "the name of a zone, such as Asia/Kolkata"},
	{"realtime", SETTING_TRUTH, IN(realtime), .conf = "realtime",
		.brief = "whether it uploads data as it happens",
		.allowed = "yes or no"},
	{"batch_max", SETTING_AMOUNT, IN(batch_bytes), .conf = "batch_max",
		.brief = "size of a reply with commands, at most; less on GPRS",
		.allowed = "1 KiB to 40 KiB"},
	{"alias", SETTING_TEXT, IN(alias), .fits = is_alias,
		.brief = "a name for people",
		.allowed = "at most 63 bytes of text, no blank at either end, no @ or - in front"},
	{"site", SETTING_TEXT, IN(site), .fits = site_name_valid,
		.brief = "the site that it belongs to",
		.allowed = "at most 31 of A-Z a-z 0-9 _ - ."},
	{"comm_key", SETTING_SECRET, IN(comm_key), .fits = is_comm_key,
		.brief = "the key that it has to show",
		.allowed = "at most 64 letters, digits and signs, no blanks"},
	{"networks", SETTING_TEXT, IN(networks), .fits = network_list_valid,
		.brief = "the networks that it may speak from",
		.allowed = "at most 128 bytes of 192.0.2.0/24 or 2001:db8::/32 with ',' between them"},
	{"charset", SETTING_WORD, IN(charset), .words = "utf-8 gb18030",
		.brief = "how its texts are coded; else by its language",
		.allowed = "utf-8 or gb18030"},
	{"direction", SETTING_WORD, IN(direction), .words = "in out",
		.brief = "what its punches mean; else as they say",
		.allowed = "in or out"},
	{"card_form", SETTING_WORD, IN(card_form), .words = "decimal hex",
		.brief = "how it takes card numbers; else by its dialect",
		.allowed = "decimal or hex"},
	{"card_order", SETTING_WORD, IN(card_order), .words = "low high",
		.brief = "which byte of a card it takes for the first one; else low",
		.allowed = "low or high"},
	{"wake", SETTING_TEXT, IN(wake), .fits = is_wake,
		.brief = "where it is woken; else where it was last seen",
		.allowed = "off, or one host's IPv4 or IPv6 address"},
	{"remote", SETTING_TRUTH, IN(remote),
		.brief = "whether it is told of people whom others of its site know; else by remote_sites",
		.allowed = "yes or no"},
	{"verify", SETTING_TRUTH, IN(verify),
		.brief = "whether it may ask who somebody is; else no",
		.allowed = "yes or no"},
	{"zone_change", SETTING_WORD, IN(zone_change), .words = "none check reboot",
		.brief = "how it learns of a new offset from GMT; else check",
		.allowed = "none, check or reboot"},
};
/* clang-format on */
const size_t settings_count = sizeof(settings_table) / sizeof(*settings_table);

const struct setting *setting_find(struct span key)
{
	for (size_t i = 0; i < settings_count; i++)
		if (span_is(key, settings_table[i].key))
			return &settings_table[i];
	return NULL;
}

/* ---- setting ---- */

static int set_amount(const struct setting *s, void *member, struct span value)
{
	uint64_t amount = 0;

	if (value.len > 0) {
		if (!conf_key_amount(conf_key_find(s->conf), value, &amount))
			return -EINVAL;
		if (amount == 0)
			amount = SETTING_ZERO;
	}
	*(uint64_t *)member = amount;
	return 0;
}

static void store_text(const struct setting *s, char *member, struct span value)
{
	memset(member, '\0', s->room);
	if (value.len > 0)
		memcpy(member, value.ptr, value.len);
}

static bool is_one_of(struct span value, struct span words)
{
	struct span word;

	while (span_next(&words, ' ', &word))
		if (span_eq(value, word))
			return true;
	return false;
}

static bool text_fits(const struct setting *s, struct span value)
{
	if (value.len >= s->room)
		return false;
	if (s->kind == SETTING_WORD)
		return is_one_of(value, span_str(s->words));
	return s->conf ? conf_key_allows(conf_key_find(s->conf), value) : s->fits(value);
}

static int set_text(const struct setting *s, void *member, struct span value)
{
	if (value.len > 0 && !text_fits(s, value))
		return -EINVAL;
	store_text(s, member, value);
	return 0;
}

static int set_truth(void *member, struct span value)
{
	if (value.len > 0 && !is_one_of(value, span_str("yes no true false")))
		return -EINVAL;
	*(int8_t *)member = value.len == 0 ? 0 : is_one_of(value, span_str("yes true")) ? 1 : -1;
	return 0;
}

static int set_secret(const struct setting *s, void *member, struct span value)
{
	char stored[COMM_KEY_BYTES];

	if (value.len == 0 || comm_key_is_hash(value)) {
		store_text(s, member, value);
		return 0;
	}
	if (!text_fits(s, value))
		return -EINVAL;
	int rc = comm_key_hash(value, stored);
	if (rc == 0)
		store_text(s, member, span_str(stored));
	return rc;
}

int setting_set(const struct setting *s, struct device_settings *own, struct span value)
{
	void *member = (char *)own + s->at;

	switch (s->kind) {
	case SETTING_AMOUNT:
		return set_amount(s, member, value);
	case SETTING_TEXT:
	case SETTING_WORD:
		return set_text(s, member, value);
	case SETTING_TRUTH:
		return set_truth(member, value);
	case SETTING_SECRET:
		return set_secret(s, member, value);
	}
	return -EINVAL;
}

/* ---- and back ---- */

bool setting_is_set(const struct setting *s, const struct device_settings *own)
{
	const void *member = (const char *)own + s->at;

	return s->kind == SETTING_AMOUNT ? *(const uint64_t *)member != 0
					 : *(const char *)member != 0;
}

static int put_amount(const struct setting *s, uint64_t amount, struct buf *b)
{
	enum conf_form form = conf_key_find(s->conf)->form;
	bool kib = form == CONF_BYTES && amount % 1024 == 0;
	const char *unit = kib ? "KiB" : form == CONF_BYTES ? "B" : form == CONF_S ? "s" : "min";

	return buf_printf(b, "%llu %s", (unsigned long long)(kib ? amount / 1024 : amount), unit);
}

int setting_put_stored(const struct setting *s, const struct device_settings *own, struct buf *b)
{
	const void *member = (const char *)own + s->at;

	if (!setting_is_set(s, own))
		return 0;
	if (s->kind == SETTING_AMOUNT)
		return put_amount(s, setting_amount(*(const uint64_t *)member, 0), b);
	if (s->kind == SETTING_TRUTH)
		return buf_add_str(b, *(const int8_t *)member > 0 ? "yes" : "no");
	return buf_add_str(b, member);
}

int setting_put(const struct setting *s, const struct device_settings *own, struct buf *b)
{
	if (s->kind == SETTING_SECRET && setting_is_set(s, own))
		return buf_add_str(b, "(set)");
	return setting_put_stored(s, own, b);
}

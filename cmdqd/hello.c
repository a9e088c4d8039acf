/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hello: the reply to a handshake. Pure. docs/PROTOCOL.md 1.2 to 1.6 */
#include "cmdqd/hello.h"

#include <errno.h>
#include <stdlib.h>

#include "cmdqd/ability.h"
#include "lib/serial.h"
#include "lib/trans_flag.h"

const char *hello_table_name(enum hello_table table)
{
	static const char *const names[HELLO_TABLES] = {
		[HELLO_ATTLOG] = "ATTLOG",
		[HELLO_OPERLOG] = "OPERLOG",
		[HELLO_ATTPHOTO] = "ATTPHOTO",
		[HELLO_BIODATA] = "BIODATA",
		[HELLO_IDCARD] = "IDCARD",
		[HELLO_ERRORLOG] = "ERRORLOG",
	};

	return names[table];
}

/* Nothing that could end a line early or begin another one. */
static bool one_line(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < 0x20 || s.ptr[i] > 0x7e)
			return false;
	return true;
}

/* A stamp came from the device once, so it is looked at again; `None` is never sent
 * (docs/PROTOCOL.md 2). */
static struct span stamp_or_zero(struct span stamp)
{
	if (stamp.len == 0 || stamp.len > HELLO_STAMP_MAX || !one_line(stamp))
		return span_str("0");
	return span_is_nocase(stamp, "None") ? span_str("0") : stamp;
}

static int put_stamp(struct buf *b, const char *prefix, const char *key, struct span stamp)
{
	struct span s = stamp_or_zero(stamp);

	return buf_printf(b, "%s%s=%.*s\n", prefix, key, SPAN_ARG(s));
}

/* Stamps of newer firmware, one a table. */
static int put_table_stamps(struct buf *b, const struct hello *h)
{
	int rc = 0;

	for (enum hello_table t = 0; t < HELLO_TABLES && rc == 0; t++)
		rc = put_stamp(b, hello_table_name(t), "Stamp", h->stamps[t]);
	return rc;
}

static int put_old_stamps(struct buf *b, const struct hello *h)
{
	int rc = put_stamp(b, "", "Stamp", h->stamps[HELLO_ATTLOG]);

	if (rc == 0)
		rc = put_stamp(b, "", "OpStamp", h->stamps[HELLO_OPERLOG]);
	return rc < 0 ? rc : put_stamp(b, "", "PhotoStamp", h->stamps[HELLO_ATTPHOTO]);
}

static int put_times(struct buf *b, const struct settings *s)
{
	return buf_printf(b, "ErrorDelay=%llu\nDelay=%llu\nTransTimes=%s\nTransInterval=%llu\n",
		(unsigned long long)s->error_delay_s, (unsigned long long)s->delay_s,
		s->trans_times, (unsigned long long)s->trans_interval_min);
}

/* "TransData AttLog\tOpLog", in the order in which the setting names them. */
static int put_flag_tokens(struct buf *b, struct span flags)
{
	const char *separator = "";
	struct span word;
	int rc = buf_add_str(b, "TransFlag=TransData ");

	while (rc == 0 && trans_flag_next(&flags, &word)) {
		enum trans_flag flag = trans_flag_of(word);
		if (flag == TRANS_FLAG_NONE)
			return -EINVAL;
		rc = buf_printf(b, "%s%s", separator, trans_flag_name(flag));
		separator = "\t";
	}
	return rc < 0 ? rc : buf_add_str(b, "\n");
}

/* "110000000000", one place a flag. */
static int put_flag_digits(struct buf *b, struct span flags)
{
	char digits[TRANS_FLAGS + 1] = "000000000000";
	struct span word;

	while (trans_flag_next(&flags, &word)) {
		enum trans_flag flag = trans_flag_of(word);
		if (flag == TRANS_FLAG_NONE)
			return -EINVAL;
		digits[flag] = '1';
	}
	return buf_printf(b, "TransFlag=%s\n", digits);
}

/* Whole hours up to 11 either way and minutes for all else: any firmware reads these two alike.
 * docs/PROTOCOL.md 1.6 */
static int put_zone(struct buf *b, int minutes)
{
	bool hours = minutes % 60 == 0 && abs(minutes / 60) <= 11;

	return buf_printf(b, "TimeZone=%d\n", hours ? minutes / 60 : minutes);
}

static int put_options(struct buf *b, const struct hello *h, bool tokens)
{
	struct span flags = span_str(h->settings.trans_flags);
	int rc = put_times(b, &h->settings);

	if (rc == 0)
		rc = tokens ? put_flag_tokens(b, flags) : put_flag_digits(b, flags);
	if (rc == 0)
		rc = put_zone(b, h->zone_minutes);
	return rc < 0 ? rc
		      : buf_printf(b, "Realtime=%d\nEncrypt=0\n", h->settings.realtime ? 1 : 0);
}

static int put_all(struct buf *b, const struct hello *h)
{
	bool tokens = !ability_old(h->push_version);
	int rc = buf_printf(b, "GET OPTION FROM: %.*s\n", SPAN_ARG(h->serial));

	if (rc == 0 && tokens)
		rc = put_table_stamps(b, h);
	if (rc == 0)
		rc = put_old_stamps(b, h);
	if (rc == 0)
		rc = put_options(b, h, tokens);
	if (rc == 0 && tokens)
		rc = buf_add_str(b, "ServerVer=2.2.14\nPushProtVer=2.2.14\nPushOptionsFlag=1\n");
	return rc;
}

int hello_put(struct buf *b, const struct hello *h)
{
	size_t was = b->len;

	if (!serial_valid(h->serial) || !one_line(span_str(h->settings.trans_times)))
		return -EINVAL;
	if (span_is(h->class, "acc"))
		return buf_add_str(b, "OK");
	int rc = put_all(b, h);
	if (rc < 0)
		b->len = was;
	return rc;
}

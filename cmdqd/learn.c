/* SPDX-License-Identifier: GPL-2.0-or-later */
/* learn: what a terminal says of itself in a request target. Pure. */
#include "cmdqd/learn.h"

void learn_text(char *to, size_t room, struct span from)
{
	size_t len = from.len < room ? from.len : room - 1;

	for (size_t i = 0; i < len; i++)
		to[i] = (unsigned char)from.ptr[i] < 0x20 || from.ptr[i] == 0x7f ? '?'
										 : from.ptr[i];
	memset(to + len, 0, room - len);
}

/* An explicit DeviceType wins, and once known a class stays. docs/PROTOCOL.md 1.1 */
static void learn_class(struct device *d, const struct target *t)
{
	struct span type;

	if (!target_param(t, "DeviceType", &type))
		return;
	if (span_is_nocase(type, "acc"))
		learn_text(d->class, sizeof(d->class), span_str("acc"));
	else if (span_is_nocase(type, "att"))
		learn_text(d->class, sizeof(d->class), span_str("att"));
}

void learn_from_hello(struct device *d, const struct target *t)
{
	struct span value = {0};

	(void)target_param(t, "pushver", &value);
	learn_text(d->push_version, sizeof(d->push_version), span_trim(value));
	if (target_param(t, "language", &value))
		learn_text(d->language, sizeof(d->language), value);
	learn_class(d, t);
}

void learn_from_poll(struct device *d, const struct target *t)
{
	struct span info, firmware;

	if (!target_param(t, "INFO", &info) || info.len == 0)
		return;
	learn_text(d->info, sizeof(d->info), info);
	if (span_next(&info, ',', &firmware))
		learn_text(d->firmware, sizeof(d->firmware), firmware);
}

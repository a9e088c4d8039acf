/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settings: a device's settings, and the defaults for what it has none of. Pure. */
#include "cmdqd/settings.h"

#include "store/setting.h"

struct settings settings_effective(const struct conf *defaults, const struct device_settings *own)
{
	return (struct settings){
		.error_delay_s = setting_amount(own->error_delay_s, defaults->error_delay_s),
		.delay_s = setting_amount(own->delay_s, defaults->delay_s),
		.trans_interval_min =
			setting_amount(own->trans_interval_min, defaults->trans_interval_min),
		.batch_bytes = setting_amount(own->batch_bytes, defaults->batch_bytes),
		.trans_times = own->trans_times[0] ? own->trans_times : defaults->trans_times,
		.trans_flags = own->trans_flags[0] ? own->trans_flags : defaults->trans_flags,
		.time_zone = own->time_zone[0] ? own->time_zone : defaults->time_zone,
		.realtime = own->realtime ? own->realtime > 0 : defaults->realtime,
	};
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a terminal says of itself: in the handshake, in a poll's INFO, in its options and in the
 * result of INFO. */
#include "tests/devsim/devsim.h"

#include <string.h>

struct abilities abilities = {.finger_version = 10, .flags = "11111"};

static bool is_old(void)
{
	return settings.dialect == DIALECT_OLD || settings.dialect == DIALECT_OLDEST;
}

static uint32_t language(void)
{
	return abilities.language ? abilities.language : is_old() ? 83 : 69;
}

static struct counts device_counts(const struct device *device)
{
	struct counts counts = device->now;

	counts.punches = device->punches - device->cleared;
	return counts;
}

void facts_hello(struct bytes *out)
{
	static const char *const versions[] = {
		[DIALECT_NEW] = "2.4.1",
		[DIALECT_OLD] = "2.1.1",
		[DIALECT_OLDEST] = NULL,
		[DIALECT_ACC] = "3.1.2",
		[DIALECT_ASPX] = "2.4.1",
	};
	const char *version = abilities.pushver ? abilities.pushver : versions[settings.dialect];
	bool new = settings.dialect == DIALECT_NEW || settings.dialect == DIALECT_ASPX;

	bytes_text(out, "&options=all");
	if (new) {
		bytes_format(out, "&language=%u", language());
	}
	if (version) {
		bytes_format(out, "&pushver=%s", version);
	}
	if (!new && (settings.dialect == DIALECT_OLD || abilities.language)) {
		bytes_format(out, "&language=%u", language());
	}
	if (!is_old()) {
		bytes_text(out, new ? "&DeviceType=att" : "&DeviceType=acc");
	}
	if (settings.dialect == DIALECT_NEW || settings.dialect == DIALECT_ACC) {
		bytes_text(out, "&PushOptionsFlag=1");
	}
	if (abilities.comm_key) {
		bytes_format(out, "&pushcommkey=%s", abilities.comm_key);
	}
}

/* One digit for each kind of data; the second is that of faces. */
static void add_flags(struct bytes *out)
{
	for (size_t i = 0; abilities.flags[i]; i++) {
		bytes_char(out, i == 1 && abilities.no_face ? '0' : abilities.flags[i]);
	}
}

static void add_address(struct bytes *out, const struct device *device)
{
	uint32_t address = 0x7f000000U + net_source(device->index);

	bytes_format(out, "127.%u.%u.%u", address >> 16 & 255, address >> 8 & 255, address & 255);
}

/* With the first poll, and again when one of its counts has changed. */
void facts_poll(struct bytes *out, struct device *device)
{
	struct counts now = device_counts(device);
	const struct counts *said = &device->said;

	if (device->info_sent && now.users == said->users && now.fingers == said->fingers &&
		now.faces == said->faces && now.punches == said->punches) {
		return;
	}
	bytes_format(out, "&INFO=%s,%u,%u,%llu,",
		is_old() ? "Ver%206.39%20Apr%2028%202008" : "ZMM510-NF24VB-Ver1.3.13", now.users,
		now.fingers, (unsigned long long)now.punches);
	add_address(out, device);
	bytes_format(out, ",%u", abilities.finger_version);
	if (!is_old()) {
		bytes_format(out, abilities.no_face ? ",-1,0,0," : ",35,12,%u,", now.faces);
		add_flags(out);
		bytes_text(out, ",2,0,0");
	}
	device->said = now;
	device->info_sent = true;
}

/* "key=value" with the separator between: ',' in the upload of options, LF in INFO's result. */
void facts_list(struct bytes *out, const struct device *device, char separator)
{
	struct counts now = device_counts(device);
	size_t start = out->len;

	bytes_format(out,
		"~DeviceName=devsim\nMAC=00:17:61:00:00:01\nTransactionCount=%llu\n"
		"~MaxAttLogCount=20\nUserCount=%u\n~MaxUserCount=30\nPhotoFunOn=1\nFingerFunOn=1\n"
		"FPVersion=%u\n~MaxFingerCount=30\nFPCount=%u\nFaceFunOn=%c\nFaceVersion=35\n"
		"~MaxFaceCount=500\nFaceCount=%u\nLanguage=%u\nIPAddress=",
		(unsigned long long)now.punches, now.users, abilities.finger_version, now.fingers,
		abilities.no_face ? '0' : '1', now.faces, language());
	add_address(out, device);
	bytes_text(out, "\n~Platform=ZMM510_TFT\n~OEMVendor=ZKTECO CO., LTD.\n"
			"FWVersion=ZMM510-NF24VB-Ver1.3.13\nPushVersion=Ver 2.0.33S-20220623\n"
			"MultiBioDataSupport=0:1:0:0:0:0:0:0:0:1");
	for (size_t i = start; i < out->len; i++) {
		if (out->data[i] == '\n') {
			out->data[i] = separator;
		}
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The made-up data. Punch n of a terminal has the time start + n / per_second and a PIN that does
 * not repeat within that second; seed and start time are part of the PIN unless they are the
 * default. So no two punches are the same, neither in a run nor between runs that differ in prefix,
 * seed or start time.
 */
#include "tests/devsim/devsim.h"

#include <string.h>
#include <sysexits.h>

#define TEMPLATE_CHARS 744

static uint32_t default_start;

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

size_t device_serial(const struct device *device, char out[SERIAL_MAX + 1])
{
	static size_t prefix_len;
	uint32_t number = settings.first_serial + device->index;
	char digits[10];
	size_t at = sizeof(digits);

	if (prefix_len == 0) {
		prefix_len = strlen(settings.serial_prefix);
	}
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0 || sizeof(digits) - at < 6);
	memcpy(out, settings.serial_prefix, prefix_len);
	memcpy(out + prefix_len, digits + at, sizeof(digits) - at);
	out[prefix_len + sizeof(digits) - at] = 0;
	return prefix_len + sizeof(digits) - at;
}

static void add_when(struct bytes *body, uint32_t when)
{
	when_text(when, bytes_reserve(body, WHEN_LEN));
	body->len += WHEN_LEN;
}

/* [start code] [seed] user: each part has a fixed width as soon as one stands before it; at most 24
 * characters. */
static void add_pin(struct bytes *body, uint64_t nth)
{
	uint64_t pin = settings.seed * 100000ULL + 1 + nth % settings.users;

	if (default_start == 0) {
		when_parse("2026-01-05 08:00:00", &default_start);
	}
	if (settings.start_when == default_start) {
		bytes_number(body, pin, 1);
	} else {
		bytes_number(body, settings.start_when, 1);
		bytes_number(body, pin, 14);
	}
}

static uint32_t when_of(uint64_t nth, uint32_t per_second)
{
	uint64_t when = settings.start_when + nth / per_second;

	if (when >= WHEN_END) {
		die(EX_USAGE, "a terminal's clock ran past 2099: take more --terminals, a higher "
			      "--per-second or an earlier --start-time");
	}
	return (uint32_t)when;
}

/* The time of the last punch made. */
uint32_t made_last_when(const struct device *device)
{
	return when_of(device->punches ? device->punches - 1 : 0, settings.per_second);
}

static uint64_t clamp(uint64_t nth, const struct device *device)
{
	return nth < device->cleared ? device->cleared
				     : (nth > device->punches ? device->punches : nth);
}

void made_span(const struct device *device, uint32_t from_when, uint32_t to_when,
	uint64_t *ret_first, uint64_t *ret_last)
{
	uint64_t from = from_when > settings.start_when ? from_when - settings.start_when : 0;
	uint64_t to = to_when >= settings.start_when ? to_when - settings.start_when + 1ULL : 0;

	*ret_first = clamp(from * settings.per_second, device);
	*ret_last = clamp(to * settings.per_second, device);
	if (*ret_last < *ret_first) {
		*ret_last = *ret_first;
	}
}

uint64_t made_after_stamp(const struct device *device, uint32_t stamp)
{
	uint64_t low = device->cleared;
	uint64_t high = device->punches;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (when_zk(when_of(middle, settings.per_second)) > stamp) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return low;
}

static void add_log(
	struct bytes *log, const char *serial, size_t serial_len, const char *line, size_t line_len)
{
	bytes_add(log, serial, serial_len);
	bytes_char(log, '\t');
	bytes_add(log, line, line_len);
	bytes_text(log, settings.dialect == DIALECT_OLDEST ? "\t\n" : "\t0\n");
}

/* PIN, time, status, verify; and what the dialect has after them. Workcode is 0 where there is one.
 */
static void add_punch(struct bytes *body, struct bytes *log, const struct device *device,
	uint64_t nth, const char *serial, size_t serial_len)
{
	static const char *const verify[4] = {"1", "15", "4", "1"};
	uint64_t dice = mix(nth ^ ((uint64_t)device->index << 40) ^ settings.seed);
	size_t start = body->len;

	add_pin(body, nth + device->index * 31ULL);
	bytes_char(body, '\t');
	add_when(body, when_of(nth, settings.per_second));
	bytes_text(body, (dice & 1) ? "\t0\t" : "\t1\t");
	bytes_text(body, verify[dice >> 1 & 3]);
	if (log) {
		add_log(log, serial, serial_len, body->data + start, body->len - start);
	}
	if (settings.dialect == DIALECT_OLDEST) {
		bytes_char(body, '\n');
	} else if (settings.dialect == DIALECT_OLD) {
		bytes_text(body, "\t0\t0\t0\n");
	} else {
		bytes_text(body, "\t0\t0\t0\t0\t0\t0\t\n");
	}
}

/* The access-control dialect: the same punch as a line of rtlog. */
static void add_event(struct bytes *body, struct bytes *log, struct device *device,
	const char *serial, size_t serial_len)
{
	uint64_t nth = device->punches++;
	struct bytes line = {0};

	add_pin(&line, nth + device->index * 31ULL);
	bytes_text(body, "time=");
	add_when(body, when_of(nth, settings.per_second));
	bytes_text(body, "\tpin=");
	bytes_add(body, line.data, line.len);
	bytes_text(body, "\tcardno=0\teventaddr=1\tevent=0\tinoutstatus=0\tverifytype=1\tindex=");
	bytes_number(body, nth + 1, 1);
	bytes_text(body, "\n");
	if (log) {
		bytes_char(&line, '\t');
		add_when(&line, when_of(nth, settings.per_second));
		bytes_text(&line, "\t0\t1");
		add_log(log, serial, serial_len, line.data, line.len);
	}
	bytes_free(&line);
}

static void add_operation(struct bytes *body, uint64_t nth, bool user)
{
	if (user) {
		bytes_text(body, "USER PIN=");
		add_pin(body, nth);
		bytes_text(body, "\tName=MADE UP\tPri=0\tPasswd=\tCard=\tGrp=1\tTZ=0000000100000000"
				 "\tVerify=-1\tViceCard=\tStartDatetime=0\tEndDatetime=0\n");
		return;
	}
	bytes_text(body, "OPLOG 4\t0\t");
	add_when(body, when_of(nth, 1));
	bytes_text(body, "\t0\t0\t0\t0\n");
}

static void add_letters(struct bytes *out, uint64_t nth, uint64_t count)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (uint64_t i = 0; i < count; i++) {
		bytes_char(out, letters[mix(i ^ (nth << 16) ^ settings.seed) & 63]);
	}
}

/* A fingerprint in base64 that begins as those of this algorithm do; in those of version 10 the
 * length of the whole follows, 558 bytes. */
void made_template(struct bytes *out, uint64_t nth, unsigned int finger_version)
{
	const char *head = finger_version == 9 ? "ocoxgQ5D" : "TAFTUzIxAAACLg";

	bytes_text(out, head);
	add_letters(out, nth, TEMPLATE_CHARS - strlen(head));
}

static void add_face(struct bytes *body, uint64_t nth)
{
	bytes_text(body, "BIODATA Pin=");
	add_pin(body, nth);
	bytes_text(body, "\tNo=0\tIndex=0\tValid=1\tDuress=0\tType=9\tMajorVer=35\tMinorVer=4"
			 "\tFormat=0\tTmp=");
	add_letters(body, nth, TEMPLATE_CHARS);
	bytes_char(body, '\n');
}

/* The head of a picture's body; the JPEG itself is the upload's tail. */
static void add_photo_head(struct bytes *body, uint64_t nth, const char *serial)
{
	char when[WHEN_LEN];

	when_text(when_of(nth, 1), when);
	bytes_text(body, "PIN=");
	for (size_t i = 0; i < WHEN_LEN; i++) {
		if (when[i] >= '0' && when[i] <= '9') {
			bytes_char(body, when[i]);
		}
	}
	bytes_char(body, '-');
	add_pin(body, nth);
	bytes_format(body, ".jpg\nSN=%s\nsize=%u\nCMD=uploadphoto", serial, settings.photo_bytes);
	bytes_char(body, 0);
}

static void add_result(struct bytes *body, struct bytes *log, uint64_t nth, const char *serial)
{
	bytes_format(body, "ID=%llu&Return=0&CMD=DATA\n", (unsigned long long)nth + 1);
	if (log) {
		bytes_format(log, "%s\t%llu\t0\n", serial, (unsigned long long)nth + 1);
	}
}

/* Appends the body for `records` new records; `log` (or NULL) gets the ledger's lines. */
void made_body(struct bytes *body, struct bytes *log, struct device *device, enum kind kind,
	uint32_t records)
{
	char serial[SERIAL_MAX + 1];
	size_t serial_len = device_serial(device, serial);

	for (uint32_t i = 0; i < records; i++) {
		if (kind == KIND_ATTLOG && settings.dialect == DIALECT_ACC) {
			add_event(body, log, device, serial, serial_len);
		} else if (kind == KIND_ATTLOG) {
			add_punch(body, log, device, device->punches++, serial, serial_len);
		} else if (kind == KIND_OPERLOG) {
			add_operation(body, device->extras++, i % 4 == 0);
		} else if (kind == KIND_BIODATA) {
			add_face(body, device->extras++);
		} else if (kind == KIND_RESULT) {
			add_result(body, log, device->extras++, serial);
		}
	}
	if (kind == KIND_PHOTO) {
		add_photo_head(body, device->extras++, serial);
	} else if (kind == KIND_OPTIONS || kind == KIND_REGISTRY) {
		bytes_text(body, kind == KIND_REGISTRY ? "DeviceType=acc," : "");
		facts_list(body, device, ',');
	}
}

void made_punches(struct bytes *body, struct bytes *log, const struct device *device,
	uint64_t first, uint64_t last)
{
	char serial[SERIAL_MAX + 1];
	size_t serial_len = device_serial(device, serial);

	for (uint64_t nth = first; nth < last; nth++) {
		add_punch(body, log, device, nth, serial, serial_len);
	}
}

/* --photo-bytes bytes that begin and end like a JPEG file. */
const char *made_picture(void)
{
	static const unsigned char head[] = {0xff, 0xd8, 0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0};
	static char *picture;
	size_t len = settings.photo_bytes;

	if (!picture) {
		picture = must_alloc(len, 1);
		for (size_t i = 0; i < len; i++) {
			picture[i] = (char)mix(i ^ settings.seed);
		}
		memcpy(picture, head, sizeof(head));
		picture[len - 2] = (char)0xff;
		picture[len - 1] = (char)0xd9;
	}
	return picture;
}

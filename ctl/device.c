/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device: the terminals as cmdqd knows them. Here: the table of verbs, and "wait". */
#include "ctl/device.h"

#include <errno.h>
#include <stdlib.h>

#include "ctl/fail.h"
#include "store/setting.h"

#define POLL_MS 250

int device_open(const struct ask *a, struct control_reader **ret)
{
	char *path = conf_join(a->conf.state_dir, CONF_CONTROL);
	if (!path)
		return fail(EX_OSERR, "out of memory");
	int rc = control_open(path, ret);
	int code = EX_OK;
	if (rc == -ENOENT)
		code = fail(EX_UNAVAILABLE, "there are no devices yet: cmdqd has never run with %s",
			path);
	else if (rc < 0)
		code = fail_at(rc, "read", path);
	free(path);
	return code;
}

uint64_t device_delay_s(const struct conf *c, const struct device *d)
{
	return setting_amount(d->set.delay_s, c->delay_s);
}

/* ---- wait ---- */

/* 1 when the device was seen, 0 when it was not, or a negative errno. */
static int was_seen(const char *path, struct control_reader **reader, struct span serial)
{
	struct device d = {.last_seen_us = 0};
	int rc = *reader ? 0 : control_open(path, reader);
	if (rc == 0)
		rc = control_device(*reader, serial, &d);
	if (rc == -ENOENT)
		return 0;
	return rc < 0 ? rc : d.last_seen_us > 0;
}

static int device_verb_wait(struct ask *a)
{
	struct span serial = span_str(a->words[0]);
	struct control_reader *r = NULL;
	uint64_t deadline_ms = clock_mono_ms() + a->timeout_ms;
	if (!serial_valid(serial))
		return fail(EX_USAGE, "'%s' is no serial number: 1 to 32 of A-Z a-z 0-9 _ -",
			a->words[0]);
	char *path = conf_join(a->conf.state_dir, CONF_CONTROL);
	int seen = path ? was_seen(path, &r, serial) : -ENOMEM;
	while (seen == 0 && (!a->has_timeout || clock_mono_ms() < deadline_ms)) {
		clock_sleep_ms(POLL_MS);
		seen = was_seen(path, &r, serial);
	}
	control_close(r);
	int code = EX_OK;
	if (seen < 0)
		code = fail_at(seen, "read", path ? path : "the devices");
	else if (seen == 0)
		code = fail(EX_TEMPFAIL, "%s has not been seen in this time", a->words[0]);
	free(path);
	return code;
}

/* ---- the verbs ---- */

#define ORDER_OPTIONS                                                                             \
	{"no-wait", ASK_NO_WAIT, NULL, 0, "Return when the order is durable", 20},                \
		{"wait", ASK_WAIT, NULL, 0,                                                       \
			"Exit with 75 when the order is not done in time, cmdqd up or down", 20}, \
		{"timeout", ASK_TIMEOUT, "TIME", 0, "Wait so long for the order to be done (5s)", \
			20},                                                                      \
		ASK_OPTION_CONF,                                                                  \
	{                                                                                         \
		0                                                                                 \
	}
#define ALL_OPTION                                                                     \
	{                                                                              \
		"all", ASK_ALL, NULL, 0, "All approved devices, in place of names", 10 \
	}

static const struct argp_option ls_options[] = {
	{"state", ASK_DEVICE_STATE, "STATE[,STATE]", 0, "Only pending, approved or refused ones",
		10},
	{"site", ASK_SITE, "SITE", 0, "Only those of SITE", 10},
	{"online", ASK_ONLINE, NULL, 0, "Only those that poll", 10},
	{"offline", ASK_OFFLINE, NULL, 0, "Only approved ones that do not", 10},
	ASK_OPTION_JSON,
	ASK_OPTION_CSV,
	ASK_OPTION_CONF,
	{0},
};
static const struct argp_option show_options[] = {ASK_OPTION_JSON, ASK_OPTION_CONF, {0}};
static const struct argp_option order_options[] = {ORDER_OPTIONS};
static const struct argp_option resend_options[] = {
	{"table", ASK_TABLES, "TABLE[,TABLE]", 0,
		"attlog, operlog, attphoto; all three unless given", 10},
	{"since", ASK_SINCE, "TIME", 0, "Ask for what was punched from TIME on, and no other table",
		10},
	{"until", ASK_UNTIL, "TIME", 0, "The same, before TIME; a day alone is taken in whole", 10},
	ALL_OPTION,
	ORDER_OPTIONS,
};
static const struct argp_option wait_options[] = {
	{"timeout", ASK_TIMEOUT, "TIME", 0,
		"Exit with 75 when it was not seen for so long; else wait for ever", 10},
	ASK_OPTION_CONF,
	{0},
};

#define ORDERED                                                                                   \
	"The order is durable before it is answered; cmdqd carries it out, now or when it is up " \
	"again.\n\n"

static const struct ask_verb verbs[] = {
	{"ls", NULL, "List the devices", "Example: punchctl device ls --state pending", ls_options,
		0, 0, device_verb_ls},
	{"show", "DEVICE", "Show all that is known of a device, with its settings",
		"Example: punchctl device show ABCD250100001", show_options, 1, 1,
		device_verb_show},
	{"wait", "SERIAL", "Wait until a device has been seen",
		"Example: punchctl device wait ABCD250100001 --timeout 10min", wait_options, 1, 1,
		device_verb_wait},
	{"approve", "DEVICE…", "Serve devices from now on",
		ORDERED "Example: punchctl device approve ABCD250100001", order_options, 1,
		UINT32_MAX, device_verb_approve},
	{"refuse", "DEVICE…", "Do not serve devices any more",
		ORDERED "Example: punchctl device refuse ABCD250100001", order_options, 1,
		UINT32_MAX, device_verb_refuse},
	{"set", "DEVICE… KEY=VALUE…", "Give devices settings of their own",
		ORDERED
		"An empty VALUE goes back to the default. comm_key=- asks for the key on the "
		"terminal, or reads it from standard input. The keys and what they may be stand "
		"in punchctl(1); 'punchctl device show' has them all.\n\n"
		"Example: punchctl device set ABCD250100001 time_zone=Asia/Kolkata delay=5s",
		order_options, 2, UINT32_MAX, device_verb_set},
	{"rename", "DEVICE ALIAS", "Give a device a name for people; '' takes it away",
		ORDERED "Example: punchctl device rename ABCD250100001 'Main gate'", order_options,
		2, 2, device_verb_rename},
	{"rm", "DEVICE…", "Forget devices; their open commands are cancelled",
		ORDERED "Example: punchctl device rm ABCD250100001", order_options, 1, UINT32_MAX,
		device_verb_rm},
	{"resend", "[DEVICE…]", "Have devices send again what they have stored",
		ASK_TIMES "Example: punchctl device resend ABCD250100001 --since 2026-01-01",
		resend_options, 0, UINT32_MAX, device_verb_resend},
	{0},
};

const struct noun noun_device = {"device", "The terminals, and what is ordered of them", verbs,
	"punchctl device approve ABCD250100001"};

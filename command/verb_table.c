/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verb_table: all verbs and their fields, in the order of docs/PROTOCOL.md 5. A flat table: its
 * length is the protocol's. Ranges that the protocol does not give are as wide as terminals were
 * built. */
#include "command/verb.h"

#define PIN_MAX    24
#define CARD_MAX   UINT64_MAX
#define FID_MAX    9
#define NUMBER_MAX 65535

#define FIRST_TIME "2000-01-01 00:00:00"
#define LAST_TIME  "2099-12-31 23:59:59"
#define FIRST_DAY  "2000-01-01"
#define LAST_DAY   "2099-12-31"

#define TIME_BRIEF "YYYY-MM-DD HH:MM:SS"
#define DAY_BRIEF  "YYYY-MM-DD [HH:MM:SS]"

/* What stands between the braces of a field that several verbs have. */
#define PIN_AS(wire)                                                        \
	"pin", wire, FIELD_PIN, .required = true, .min = 1, .max = PIN_MAX, \
				.brief = "the user's PIN"
#define SIZE_AS(wire) "", wire, FIELD_SIZE, .required = false
#define SINCE_TIME \
	"since", "StartTime", FIELD_TIME, .preset = FIRST_TIME, .brief = "from then on, " TIME_BRIEF
#define UNTIL_TIME \
	"until", "EndTime", FIELD_TIME, .preset = LAST_TIME, .brief = "up to then, " TIME_BRIEF
#define SMS_UID                                                                    \
	"uid", "UID", FIELD_NUMBER, .required = true, .min = 1, .max = NUMBER_MAX, \
				    .brief = "the message's number"
#define TZID                                                                  \
	"tzid", "TZID", FIELD_NUMBER, .required = true, .min = 1, .max = 255, \
				      .brief = "the time zone's number"
#define GLID                                                                  \
	"glid", "GLID", FIELD_NUMBER, .required = true, .min = 1, .max = 255, \
				      .brief = "the combination's number"

static const struct verb_field user_add[] = {
	{PIN_AS("PIN")},
	{"name", "Name", FIELD_NAME, .clears = true, .max = 24, .brief = "cut at 24 bytes"},
	{"privilege", "Pri", FIELD_NUMBER, .clears = true, .max = 14,
		.brief = "0 user, 2 registrar, 6 admin, 10 custom, 14 super"},
	{"password", "Passwd", FIELD_TEXT, .clears = true, .secret = true, .max = 8,
		.brief = "at most 8 bytes"},
	{"card", "Card", FIELD_CARD, .clears = true, .secret = true, .max = CARD_MAX,
		.brief = "the card's decimal number"},
	{"group", "Grp", FIELD_NUMBER, .clears = true, .max = 255, .brief = "access group"},
	{"timezones", "TZ", FIELD_DIGITS, .clears = true, .max = 16,
		.brief = "access time zones, up to 16 digits"},
};

static const struct verb_field finger_add[] = {
	{PIN_AS("PIN")},
	{"fid", "FID", FIELD_NUMBER, .required = true, .max = FID_MAX, .brief = "finger, 0 to 9"},
	{SIZE_AS("Size")},
	{"valid", "Valid", FIELD_NUMBER, .max = 3, .preset = "1",
		.brief = "0 no, 1 yes, 3 under duress"},
	{"template", "TMP", FIELD_TEMPLATE, .required = true, .secret = true,
		.brief = "the template in base64"},
};

static const struct verb_field face_add[] = {
	{PIN_AS("PIN")},
	{"fid", "FID", FIELD_NUMBER, .required = true, .max = 99,
		.brief = "the template's number within the face"},
	{SIZE_AS("SIZE")},
	{"valid", "VALID", FIELD_NUMBER, .max = 3, .preset = "1", .brief = "0 no, 1 yes"},
	{"template", "TMP", FIELD_BASE64, .required = true, .secret = true,
		.brief = "the template in base64"},
};

static const struct verb_field photo_add[] = {
	{PIN_AS("PIN")},
	{SIZE_AS("Size")},
	{"content", "Content", FIELD_BASE64, .required = true, .secret = true,
		.brief = "the JPEG in base64"},
};

static const struct verb_field biophoto_add[] = {
	{PIN_AS("PIN")},
	{"filename", "FileName", FIELD_FILE, .max = 64, .preset = "<pin>.jpg",
		.brief = "the photo's name on the terminal"},
	{"", "Type", FIELD_NUMBER, .preset = "9"},
	{SIZE_AS("Size")},
	{"content", "Content", FIELD_BASE64, .required = true, .secret = true,
		.brief = "the JPEG in base64"},
};

#define BIO_TYPE_BRIEF "1 finger, 2 infrared face, 7 finger vein, 8 palm vein, 9 face, 10 palm"
static const struct verb_field bio_add[] = {
	{PIN_AS("Pin")},
	{"no", "No", FIELD_NUMBER, .max = 99, .preset = "0", .brief = "which finger or hand"},
	{"index", "Index", FIELD_NUMBER, .max = 99, .preset = "0",
		.brief = "the template's number"},
	{"valid", "Valid", FIELD_NUMBER, .max = 1, .preset = "1", .brief = "0 no, 1 yes"},
	{"duress", "Duress", FIELD_NUMBER, .max = 1, .preset = "0", .brief = "0 no, 1 yes"},
	{"type", "Type", FIELD_NUMBER, .required = true, .min = 1, .max = 10,
		.brief = BIO_TYPE_BRIEF},
	{"major", "MajorVer", FIELD_NUMBER, .required = true, .max = 999,
		.brief = "the algorithm's version"},
	{"minor", "MinorVer", FIELD_NUMBER, .max = 999, .preset = "0",
		.brief = "the second number of the algorithm's version"},
	{"format", "Format", FIELD_NUMBER, .max = 255, .preset = "0",
		.brief = "the template's format"},
	{"template", "Tmp", FIELD_BASE64, .required = true, .secret = true,
		.brief = "the template in base64"},
};

static const struct verb_field timezone_add[] = {
	{TZID},
	{"times", "ITIME", FIELD_TEXT, .required = true, .max = 256,
		.brief = "its times, as the terminal writes them"},
	{"reserve", "RESERVE", FIELD_TEXT, .clears = true, .max = 64, .preset = "",
		.brief = "no meaning known"},
};

static const struct verb_field glock_add[] = {
	{GLID},
	{"groups", "GROUPIDS", FIELD_TEXT, .required = true, .max = 64,
		.brief = "its groups, as the terminal writes them"},
	{"members", "MEMBERCOUNT", FIELD_NUMBER, .required = true, .max = 255,
		.brief = "how many have to come together"},
	{"reserve", "RESERVE", FIELD_TEXT, .clears = true, .max = 64, .preset = "",
		.brief = "no meaning known"},
};

static const struct verb_field sms_add[] = {
	{"text", "MSG", FIELD_TEXT, .required = true, .max = 320, .brief = "the message"},
	{"tag", "TAG", FIELD_NUMBER, .min = 253, .max = 254, .preset = "253",
		.brief = "253 to all, 254 to those who are given it"},
	{SMS_UID},
	{"minutes", "MIN", FIELD_NUMBER, .required = true, .max = NUMBER_MAX,
		.brief = "for how long it is shown"},
	{"start", "StartTime", FIELD_TIME, .required = true, .brief = "from when on, " TIME_BRIEF},
};
static const struct verb_field sms_give[] = {{PIN_AS("PIN")}, {SMS_UID}};

static const struct verb_field workcode_add[] = {
	{"pin", "PIN", FIELD_PIN, .required = true, .min = 1, .max = PIN_MAX,
		.brief = "the entry's number"},
	{"code", "CODE", FIELD_DIGITS, .required = true, .max = 8, .brief = "the work code"},
	{"name", "NAME", FIELD_NAME, .required = true, .max = 24, .brief = "cut at 24 bytes"},
};

static const struct verb_field one_pin[] = {{PIN_AS("PIN")}};
static const struct verb_field finger_rm[] = {
	{PIN_AS("PIN")},
	{"fid", "FID", FIELD_NUMBER, .max = FID_MAX, .brief = "finger, 0 to 9; else all of them"},
};
static const struct verb_field timezone_rm[] = {
	{TZID},
};
static const struct verb_field glock_rm[] = {
	{GLID},
};
static const struct verb_field sms_rm[] = {{SMS_UID}};
static const struct verb_field bio_rm[] = {
	{PIN_AS("Pin")},
	{"type", "Type", FIELD_NUMBER, .min = 1, .max = 10, .brief = BIO_TYPE_BRIEF},
};

static const struct verb_field user_query[] = {
	{"pin", "PIN", FIELD_PIN, .min = 1, .max = PIN_MAX, .brief = "one user; else all"},
};
static const struct verb_field finger_query[] = {
	{PIN_AS("PIN")},
	{"fid", "FID", FIELD_NUMBER, .old_key = "FingerID", .required = true, .max = FID_MAX,
		.brief = "finger, 0 to 9"},
};
static const struct verb_field bio_query[] = {
	{"type", "Type", FIELD_NUMBER, .required = true, .min = 1, .max = 10,
		.brief = BIO_TYPE_BRIEF},
	{"pin", "PIN", FIELD_PIN, .min = 1, .max = PIN_MAX, .brief = "one user; else all"},
};
static const struct verb_field times[] = {{SINCE_TIME}, {UNTIL_TIME}};

static const struct verb_field option_set[] = {
	{"option", "", FIELD_OPTION, .required = true, .max = 1024, .brief = "KEY=VALUE"},
};

static const struct verb_field enroll[] = {
	{PIN_AS("PIN")},
	{"fid", "FID", FIELD_NUMBER, .required = true, .max = FID_MAX, .brief = "finger, 0 to 9"},
	{"retry", "RETRY", FIELD_NUMBER, .min = 1, .max = 10, .preset = "3",
		.brief = "how often it is tried again"},
	{"overwrite", "OVERWRITE", FIELD_NUMBER, .max = 2, .preset = "1",
		.brief = "1 replace; 0, or 2 on old terminals, keep"},
};

static const struct verb_field shell[] = {
	{"line", "", FIELD_LINE, .required = true, .secret = true,
		.brief = "the line for the terminal's shell"},
};
static const struct verb_field get_file[] = {
	{"path", "", FIELD_TEXT, .required = true, .max = 255,
		.brief = "the file's path on the terminal"},
};
static const struct verb_field put_file[] = {
	{"file", "", FIELD_SERVED, .required = true,
		.brief = "its name among those of punchctl file ls"},
	{"path", "", FIELD_TEXT, .max = 255,
		.brief = "where it goes on the terminal; for a .tgz the folder"},
	{"sha256", "", FIELD_SHA256, .brief = "what it has to be, in hex; any other is refused"},
};

static const struct verb_field account[] = {
	{"since", "Start", FIELD_DAY, .required = true, .brief = "from then on, " DAY_BRIEF},
	{"until", "End", FIELD_DAY, .required = true, .brief = "up to then, " DAY_BRIEF},
	{"count", "Count", FIELD_NUMBER, .max = UINT32_MAX,
		.brief = "how many we have; the terminal uploads all when it has more"},
};
static const struct verb_field sync_fields[] = {
	{"since", "Start", FIELD_DAY, .preset = FIRST_DAY, .brief = "from then on, " DAY_BRIEF},
	{"until", "End", FIELD_DAY, .preset = LAST_DAY, .brief = "up to then, " DAY_BRIEF},
};

static const struct verb_field raw[] = {
	{"line", "", FIELD_LINE, .required = true, .secret = true,
		.brief = "the whole command, TAB between its fields"},
};

#define FIELDS(array) .fields = (array), .field_count = sizeof(array) / sizeof(*(array))

const struct verb verbs[] = {
	{"user.add", "DATA UPDATE USERINFO", "DATA USER", FIELDS(user_add),
		.brief = "add a user, or change what is given"},
	{"user.rm", "DATA DELETE USERINFO", "DATA DEL_USER", FIELDS(one_pin),
		.brief = "remove a user and the fingerprints"},
	{"user.query", "DATA QUERY USERINFO", NULL, FIELDS(user_query), .traits = VERB_COUNTS,
		.brief = "have users uploaded, without templates"},
	{"finger.add", "DATA UPDATE FINGERTMP", "DATA FP", FIELDS(finger_add), .need = NEED_FINGER,
		.brief = "add a fingerprint"},
	{"finger.rm", "DATA DELETE FINGERTMP", "DATA DEL_FP", FIELDS(finger_rm),
		.brief = "remove fingerprints"},
	{"finger.query", "DATA QUERY FINGERTMP", NULL, FIELDS(finger_query), .traits = VERB_COUNTS,
		.brief = "have a fingerprint uploaded"},
	{"face.add", "DATA UPDATE FACE", NULL, FIELDS(face_add), .need = NEED_FACE,
		.brief = "add a template of a face"},
	{"face.rm", "DATA DELETE FACE", NULL, FIELDS(one_pin), .brief = "remove a face"},
	{"photo.add", "DATA UPDATE USERPIC", NULL, FIELDS(photo_add), .need = NEED_USERPIC,
		.brief = "add a user's picture"},
	{"photo.rm", "DATA DELETE USERPIC", NULL, FIELDS(one_pin),
		.brief = "remove a user's picture"},
	{"biophoto.add", "DATA UPDATE BIOPHOTO", NULL, FIELDS(biophoto_add), .need = NEED_BIOPHOTO,
		.brief = "add a photo of which the terminal makes a template"},
	{"bio.add", "DATA UPDATE BIODATA", NULL, FIELDS(bio_add), .need = NEED_BIODATA,
		.brief = "add a template of any kind"},
	{"bio.rm", "DATA DELETE BIODATA", NULL, FIELDS(bio_rm),
		.brief = "remove templates of any kind"},
	{"bio.query", "DATA QUERY BIODATA", NULL, FIELDS(bio_query), .traits = VERB_COUNTS,
		.brief = "have templates of a kind uploaded"},
	{"sms.add", "DATA UPDATE SMS", NULL, FIELDS(sms_add), .brief = "add a short message"},
	{"sms.rm", "DATA DELETE SMS", NULL, FIELDS(sms_rm), .brief = "remove a short message"},
	{"sms.give", "DATA UPDATE USER_SMS", NULL, FIELDS(sms_give),
		.brief = "give a short message to a user"},
	{"timezone.add", "DATA UPDATE TIMEZONE", NULL, FIELDS(timezone_add),
		.brief = "add an access time zone"},
	{"timezone.rm", "DATA DELETE TIMEZONE", NULL, FIELDS(timezone_rm),
		.brief = "remove an access time zone"},
	{"glock.add", "DATA UPDATE GLOCK", NULL, FIELDS(glock_add),
		.brief = "add a combination of groups that unlocks"},
	{"glock.rm", "DATA DELETE GLOCK", NULL, FIELDS(glock_rm),
		.brief = "remove a combination that unlocks"},
	{"workcode.add", "DATA UPDATE WORKCODE", NULL, FIELDS(workcode_add),
		.brief = "add a work code"},
	{"option.set", "SET OPTION", NULL, FIELDS(option_set), .brief = "set an option"},
	{"unlock", "AC_UNLOCK", .traits = VERB_NEVER_TWICE | VERB_URGENT, .expires_ms = 15 * 1000,
		.brief = "open the door"},
	{"unalarm", "AC_UNALARM", .traits = VERB_URGENT, .expires_ms = 60 * 1000,
		.brief = "end the alarm"},
	{"reboot", "REBOOT", .traits = VERB_NEVER_TWICE | VERB_ENDS_BATCH,
		.brief = "start the terminal anew"},
	{"check", "CHECK", .traits = VERB_ENDS_BATCH,
		.brief = "have it shake hands and upload what is new"},
	{"log", "LOG", .brief = "have it upload what is new, now"},
	{"info", "INFO", .traits = VERB_CONTENT | VERB_FACTS,
		.brief = "ask for its versions, counts and options"},
	{"clear.log", "CLEAR LOG", .traits = VERB_NEVER_TWICE, .allowances = ALLOW_CLEAR,
		.brief = "erase all punches"},
	{"clear.data", "CLEAR DATA", .traits = VERB_NEVER_TWICE | VERB_ENDS_BATCH,
		.allowances = ALLOW_CLEAR, .brief = "erase everything"},
	{"clear.photo", "CLEAR PHOTO", .traits = VERB_NEVER_TWICE, .allowances = ALLOW_CLEAR,
		.brief = "erase the photos of punches"},
	{"enroll", "ENROLL_FP", NULL, FIELDS(enroll), .traits = VERB_NEVER_TWICE,
		.need = NEED_FINGER, .brief = "have a user's finger taken at the terminal"},
	{"get-file", "GetFile", NULL, FIELDS(get_file), .traits = VERB_COUNTS | VERB_CONTENT,
		.brief = "fetch a file from the terminal"},
	{"put-file", "PutFile", NULL, FIELDS(put_file), .traits = VERB_NEVER_TWICE | VERB_COUNTS,
		.allowances = ALLOW_PUT_FILE, .brief = "have the terminal download a file"},
	{"shell", "SHELL", NULL, FIELDS(shell), .traits = VERB_NEVER_TWICE | VERB_CONTENT,
		.allowances = ALLOW_SHELL, .brief = "run a line in the terminal's shell"},
	{"query.attlog", "DATA QUERY ATTLOG", NULL, FIELDS(times), .traits = VERB_COUNTS,
		.brief = "have the punches of a span uploaded"},
	{"query.attphoto", "DATA QUERY ATTPHOTO", NULL, FIELDS(times), .traits = VERB_COUNTS,
		.brief = "have the photos of a span uploaded"},
	{"verify-sum", "VERIFY SUM ATTLOG", NULL, FIELDS(times),
		.traits = VERB_COUNTS | VERB_CONTENT,
		.brief = "ask how many punches it has of a span"},
	{"account", "ACCOUNT", NULL, FIELDS(account), .traits = VERB_COUNTS,
		.brief = "have a span uploaded when the terminal has more of it than we"},
	{"sync", "SYNC", NULL, FIELDS(sync_fields), .traits = VERB_COUNTS,
		.brief = "have users uploaded that changed on the terminal in a span"},
	{"reload-options", "RELOAD OPTIONS", .brief = "make options take effect"},
	{"raw", "", NULL, FIELDS(raw), .brief = "a command in the protocol's own words"},
};

const size_t verb_count = sizeof(verbs) / sizeof(*verbs);

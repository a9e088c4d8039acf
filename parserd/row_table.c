/* SPDX-License-Identifier: GPL-2.0-or-later */
/* row_table: see the header. Flat tables; their order is that in which terminals write the keys,
 * which is where row_key_find looks first. */
#include "parserd/row_table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- keys ---- */

static const struct row_key user_keys[] = {
	{"PIN", "pin", ROLE_ID, 0, false},
	{"Name", "name", ROLE_FIELD, 0, false},
	{"Pri", "privilege", ROLE_FIELD, 0, false},
	{"Passwd", "password", ROLE_FIELD, 0, true},
	{"Card", "card", ROLE_CARD, 0, true},
	{"Grp", "group", ROLE_FIELD, 0, false},
	{"TZ", "time_zones", ROLE_FIELD, 0, false},
	{"Verify", "verify", ROLE_FIELD, 0, false},
	{"ViceCard", "vice_card", ROLE_CARD, 0, true},
	{"StartDatetime", "start", ROLE_FIELD, 0, false},
	{"EndDatetime", "end", ROLE_FIELD, 0, false},
	{.key = NULL},
};

static const struct row_key template_keys[] = {
	{"PIN", "pin", ROLE_ID, 0, false},
	{"FID", "number", ROLE_ID, 2, false},
	{"No", "number", ROLE_ID, 2, false},
	{"Index", "index", ROLE_ID, 3, false},
	{"Size", "size", ROLE_SIZE, 0, false},
	{"Valid", "valid", ROLE_FIELD, 0, false},
	{"Duress", "duress", ROLE_FIELD, 0, false},
	{"Type", "type", ROLE_TYPE, 0, false},
	{"MajorVer", "version", ROLE_FIELD, 0, false},
	{"MinorVer", "minor", ROLE_FIELD, 0, false},
	{"Format", "format", ROLE_FIELD, 0, false},
	{"TMP", "template", ROLE_CONTENT, 0, true},
	{.key = NULL},
};

static const struct row_key picture_keys[] = {
	{"PIN", "pin", ROLE_ID, 0, false},
	{"No", "number", ROLE_FIELD, 0, false},
	{"Index", "index", ROLE_FIELD, 0, false},
	{"FileName", "file", ROLE_FIELD, 0, false},
	{"Type", "type", ROLE_TYPE, 0, false},
	{"Size", "size", ROLE_SIZE, 0, false},
	{"Content", "content", ROLE_CONTENT, 0, true},
	{.key = NULL},
};

static const struct row_key message_keys[] = {
	{"MSG", "text", ROLE_FIELD, 0, false},
	{"TAG", "tag", ROLE_FIELD, 0, false},
	{"UID", "uid", ROLE_ID, 0, false},
	{"MIN", "minutes", ROLE_FIELD, 0, false},
	{"StartTime", "start", ROLE_FIELD, 0, false},
	{.key = NULL},
};

static const struct row_key message_user_keys[] = {
	{"PIN", "pin", ROLE_ID, 0, false},
	{"UID", "uid", ROLE_ID, 1, false},
	{.key = NULL},
};

static const struct row_key workcode_keys[] = {
	{"PIN", "pin", ROLE_ID, 0, false},
	{"CODE", "code", ROLE_ID, 1, false},
	{"NAME", "name", ROLE_FIELD, 0, false},
	{.key = NULL},
};

static const struct row_key error_keys[] = {
	{"ErrCode", "code", ROLE_FIELD, 0, false},
	{"ErrMsg", "message", ROLE_FIELD, 0, false},
	{"DataOrigin", "origin", ROLE_FIELD, 0, false},
	{"CmdId", "command", ROLE_FIELD, 0, false},
	{"Additional", "additional", ROLE_FIELD, 0, false},
	{.key = NULL},
};

static const struct row_key idcard_keys[] = {
	{"PIN", "pin", ROLE_ID, 0, false},
	{"SNNum", "serial_number", ROLE_FIELD, 0, true},
	{"IDNum", "id_number", ROLE_FIELD, 0, true},
	{"DNNum", "dn_number", ROLE_FIELD, 0, true},
	{"Name", "name", ROLE_FIELD, 0, true},
	{"Gender", "gender", ROLE_FIELD, 0, true},
	{"Nation", "nation", ROLE_FIELD, 0, true},
	{"Birthday", "birthday", ROLE_FIELD, 0, true},
	{"ValidInfo", "valid_dates", ROLE_FIELD, 0, true},
	{"Address", "address", ROLE_FIELD, 0, true},
	{"AdditionalInfo", "additional", ROLE_FIELD, 0, true},
	{"Issuer", "issuer", ROLE_FIELD, 0, true},
	{"Photo", "photo", ROLE_CONTENT, 0, true},
	{"Phhoto", "photo", ROLE_CONTENT, 0, true}, /* so the vendor spells it */
	{"FPTemplate1", "template1", ROLE_FIELD, 0, true},
	{"FPTemplate2", "template2", ROLE_FIELD, 0, true},
	{"Reserve", "reserve", ROLE_FIELD, 0, true},
	{"Notice", "notice", ROLE_FIELD, 0, true},
	{.key = NULL},
};

static const struct row_key event_keys[] = {
	{"Event", "event", ROLE_FIELD, 0, false},
	{"Object", "object", ROLE_FIELD, 0, false},
	{"Time", "time", ROLE_TIME, 0, false},
	{.key = NULL},
};

/* The head of a photo: its PIN is a name, which body_photo.c takes apart. */
static const struct row_key photo_keys[] = {
	{"PIN", "file", ROLE_FIELD, 0, false},
	{"SN", "serial", ROLE_FIELD, 0, false},
	{"Size", "size", ROLE_SIZE, 0, false},
	{"CMD", "command", ROLE_FIELD, 0, false},
	{"Content", "content", ROLE_CONTENT, 0, true},
	{.key = NULL},
};

static const struct row_key no_keys[] = {{.key = NULL}};

/* ---- ids ---- */

#define PIN_RULE                                                                \
	{                                                                       \
		ROW_PIN_MAX, NULL, "PIN is missing or empty", "PIN is too long" \
	}
#define UID_RULE                                                                \
	{                                                                       \
		ROW_PIN_MAX, NULL, "UID is missing or empty", "UID is too long" \
	}

static const struct row_id_rule pin_ids[] = {PIN_RULE};
static const struct row_id_rule uid_ids[] = {UID_RULE};
static const struct row_id_rule message_user_ids[] = {PIN_RULE, UID_RULE};
static const struct row_id_rule workcode_ids[] = {
	{ROW_PIN_MAX, "", NULL, "PIN is too long"},
	{ROW_PIN_MAX, NULL, "CODE is missing or empty", "CODE is too long"},
};
static const struct row_id_rule template_ids[] = {
	PIN_RULE,
	{ROW_NUMBER_MAX, NULL, "Type is missing or no number", "Type is too long"},
	{ROW_NUMBER_MAX, NULL, "FID or No is missing or empty", "FID or No is too long"},
	{ROW_NUMBER_MAX, "0", NULL, "Index is too long"},
};
static const struct row_id_rule picture_ids[] = {
	PIN_RULE,
	{ROW_NUMBER_MAX, NULL, "Type is no number", "Type is too long"},
};

/* ---- lines ---- */

#define IDS(rules) COUNT(rules), (rules)

static const struct row_form forms[] = {
	{"USER", ROW_USER, NULL, user_keys, IDS(pin_ids)},
	{"USERINFO", ROW_USER, NULL, user_keys, IDS(pin_ids)},
	{"FP", ROW_TEMPLATE, "finger", template_keys, IDS(template_ids)},
	{"FINGERTMP", ROW_TEMPLATE, "finger", template_keys, IDS(template_ids)},
	{"FACE", ROW_TEMPLATE, "face", template_keys, IDS(template_ids)},
	{"FVEIN", ROW_TEMPLATE, "fingervein", template_keys, IDS(template_ids)},
	{"BIODATA", ROW_TEMPLATE, NULL, template_keys, IDS(template_ids)},
	{"USERPIC", ROW_PICTURE, "user", picture_keys, IDS(picture_ids)},
	{"BIOPHOTO", ROW_PICTURE, NULL, picture_keys, IDS(picture_ids)},
	{"OPLOG", ROW_OPERATION, NULL, no_keys, 0, NULL},
	{"ERRORLOG", ROW_ERROR, NULL, error_keys, 0, NULL},
	{"SMS", ROW_MESSAGE, NULL, message_keys, IDS(uid_ids)},
	{"USER_SMS", ROW_MESSAGE_USER, NULL, message_user_keys, IDS(message_user_ids)},
	{"WORKCODE", ROW_WORKCODE, NULL, workcode_keys, IDS(workcode_ids)},
	{"IDCARD", ROW_IDCARD, NULL, idcard_keys, IDS(pin_ids)},
	{"ATTPHOTO", ROW_PHOTO, NULL, photo_keys, 0, NULL},
	{"EVENT", ROW_EVENT, NULL, event_keys, 0, NULL},
};

/* Tables whose lines are of one kind have their keyword's name. */
const struct row_form *row_form_of_keyword(struct span keyword)
{
	for (size_t i = 0; i < COUNT(forms); i++)
		if (span_is_nocase(keyword, forms[i].keyword))
			return &forms[i];
	return NULL;
}

const struct row_form *row_form_of_table(struct span table)
{
	return row_form_of_keyword(table);
}

const struct row_key *row_key_find(const struct row_form *form, struct span key, size_t *hint)
{
	const struct row_key *keys = form->keys;

	if (keys[*hint].key != NULL && span_is_nocase(key, keys[*hint].key))
		return &keys[(*hint)++];
	for (size_t i = 0; keys[i].key != NULL; i++) {
		if (!span_is_nocase(key, keys[i].key) && !span_is_nocase(key, keys[i].name))
			continue;
		*hint = i + 1;
		return &keys[i];
	}
	return NULL;
}

const char *row_modality(uint64_t type)
{
	static const char *const words[] = {
		[1] = "finger",
		[2] = "face",
		[7] = "fingervein",
		[8] = "palmvein",
		[9] = "visible-face",
		[10] = "palm",
	};

	return type < COUNT(words) ? words[type] : NULL;
}

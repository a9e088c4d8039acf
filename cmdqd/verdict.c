/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verdict: see the header. */
#include "cmdqd/verdict.h"

#include <errno.h>

#include "cmdqd/people.h"
#include "lib/base64.h"
#include "lib/charset.h"
#include "lib/utf8.h"

/* Of nobody in particular, as the terminals' own users have it. */
#define PRIVILEGE_OF_A_USER "0"
#define GROUP_OF_A_USER     "1"

static int put_text(struct buf *b, const char *name, struct span text, const char *otherwise)
{
	int rc = buf_add_str(b, name);

	if (rc < 0)
		return rc;
	if (text.len > 0 && !span_has_control(text))
		return buf_add_span(b, text);
	return buf_add_str(b, otherwise);
}

static int put_name(struct buf *b, struct span name, enum charset charset)
{
	bool cut;
	int rc = buf_add_str(b, "\tName=");

	if (rc < 0 || !utf8_plain(name))
		return rc;
	if (charset == CHARSET_UTF_8)
		return buf_add_span(b, charset_cut_utf8(name, VERDICT_NAME_MAX));
	rc = charset_put_gb18030(b, name, VERDICT_NAME_MAX, &cut);
	return rc == -EILSEQ ? 0 : rc;
}

/* All of it or nothing: a terminal can do without. */
static int put_photo(struct buf *b, struct span photo)
{
	const size_t before = b->len, letters = (photo.len + 2) / 3 * 4;

	if (photo.len == 0 || photo.len > VERDICT_PHOTO_MAX)
		return 0;
	int rc = buf_printf(b, "\tPhotoSize=%zu\tPhoto=", letters);
	if (rc == 0 && b->len + letters + 1 > VERDICT_MAX)
		rc = -EMSGSIZE;
	if (rc == 0)
		rc = base64_put(b, photo);
	if (rc == -EMSGSIZE) {
		b->len = before;
		return 0;
	}
	return rc;
}

static int put(struct buf *b, const struct person *p, enum charset charset, struct span photo)
{
	int rc = put_text(b, "AUTH=Success\tPIN=", p->pin, "");

	if (rc == 0)
		rc = put_name(b, p->name, charset);
	if (rc == 0)
		rc = put_text(b, "\tPri=", p->privilege, PRIVILEGE_OF_A_USER);
	if (rc == 0)
		rc = put_text(b, "\tGrp=", p->group, GROUP_OF_A_USER);
	if (rc == 0)
		rc = put_text(b, "\tTZ=", p->timezones, "");
	if (rc == 0)
		rc = put_photo(b, photo);
	return rc < 0 ? rc : buf_add_str(b, "\n");
}

int verdict_put(struct buf *b, const struct person *p, enum charset charset, struct span photo)
{
	buf_wipe(b);
	if (p->pin.len == 0 || span_has_control(p->pin))
		return -EINVAL;
	int rc = put(b, p, charset, photo);
	if (rc < 0)
		buf_wipe(b);
	return rc;
}

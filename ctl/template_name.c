/* SPDX-License-Identifier: GPL-2.0-or-later */
/* template_name: read from its end, because a PIN may hold what stands between the parts. */
#include <errno.h>

#include "ctl/template.h"
#include "ctl/text.h"
#include "lib/num.h"

#define FIELD_MAX ((size_t)4096)

/* ---- writing ---- */

/* What came as a line of its own kind goes back as such. */
static int put_kind(struct buf *b, const struct item *i, struct span type)
{
	static const struct {
		const char *modality, *kind;
	} words[] = {{"finger", "finger"}, {"face", "face"}, {"fingervein", "bio7"}};
	if (type.len > 0) {
		int rc = buf_add_str(b, "bio");
		return rc < 0 ? rc : text_file_part(b, type);
	}
	for (size_t n = 0; n < sizeof(words) / sizeof(*words); n++)
		if (span_is(i->ids[1], words[n].modality))
			return buf_add_str(b, words[n].kind);
	return text_file_part(b, i->ids[1]);
}

static bool is_number(struct span s)
{
	uint64_t number;
	return num_u64(s, 0, UINT32_MAX, &number) == 0;
}

/* The field, or "0" when it is no number. */
static int put_field(struct buf *b, const struct item *i, const char *name)
{
	struct buf value = buf_with_max(FIELD_MAX);
	int rc = item_field(i, name, &value);
	if (rc == 0 || rc == -ENOENT)
		rc = is_number(buf_span(&value)) ? buf_add_span(b, buf_span(&value))
						 : buf_add_str(b, "0");
	buf_free(&value);
	return rc;
}

static int put_id(struct buf *b, struct span id)
{
	int rc = buf_add_str(b, "_");
	return rc < 0 ? rc : text_file_part(b, id);
}

int template_put_name(struct buf *b, const struct item *i)
{
	struct buf type = buf_with_max(FIELD_MAX);
	int rc = item_field(i, "type", &type);
	if (rc == 0 || rc == -ENOENT)
		rc = text_file_part(b, i->ids[0]);
	if (rc == 0)
		rc = buf_add_str(b, "_");
	if (rc == 0)
		rc = put_kind(b, i, buf_span(&type));
	buf_free(&type);
	if (rc == 0)
		rc = put_id(b, i->ids[2]);
	if (rc == 0)
		rc = put_id(b, i->ids[3]);
	if (rc == 0)
		rc = buf_add_str(b, "_");
	if (rc == 0)
		rc = put_field(b, i, "version");
	if (rc == 0)
		rc = buf_add_str(b, ".");
	if (rc == 0)
		rc = put_field(b, i, "minor");
	return rc < 0 ? rc : buf_add_str(b, TEMPLATE_ENDING);
}

/* ---- reading ---- */

static bool ends_with(struct span s, const char *end)
{
	size_t len = strlen(end);
	return s.len >= len && memcmp(s.ptr + s.len - len, end, len) == 0;
}

/* Takes what is behind the last `sep` off. */
static bool take_last(struct span *rest, char sep, struct span *ret)
{
	for (size_t at = rest->len; at > 0; at--)
		if (rest->ptr[at - 1] == sep) {
			*ret = span_from(*rest, at);
			rest->len = at - 1;
			return true;
		}
	return false;
}

static bool is_kind(struct span kind)
{
	return span_is(kind, "finger") || span_is(kind, "face") ||
	       (span_starts(kind, "bio") && is_number(span_from(kind, 3)));
}

int template_get_name(struct span path, struct template_name *ret)
{
	struct template_name n;
	struct span name = path, version;
	(void)take_last(&path, '/', &name);
	if (!ends_with(name, TEMPLATE_ENDING))
		return -EINVAL;
	name.len -= strlen(TEMPLATE_ENDING);
	if (!take_last(&name, '_', &version) || !take_last(&name, '_', &n.index) ||
		!take_last(&name, '_', &n.number) || !take_last(&name, '_', &n.kind))
		return -EINVAL;
	n.pin = name;
	n.major = version;
	n.minor = span_str("0");
	if (take_last(&version, '.', &n.minor))
		n.major = version;
	if (n.pin.len == 0 || !is_kind(n.kind) || !is_number(n.number) || !is_number(n.index) ||
		!is_number(n.major) || !is_number(n.minor))
		return -EINVAL;
	*ret = n;
	return 0;
}

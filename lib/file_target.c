/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file_target: the address of a file that a terminal was told to fetch. */
#include "lib/file_target.h"

#include <errno.h>
#include <inttypes.h>

#include "lib/num.h"
#include "lib/serial.h"

#define NAME_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-"

static bool is_made_of(struct span text, const char *bytes)
{
	for (size_t i = 0; i < text.len; i++)
		if (!span_has(span_str(bytes), text.ptr[i]))
			return false;
	return true;
}

bool file_name_valid(struct span name)
{
	return name.len > 0 && name.len <= FILE_NAME_MAX && name.ptr[0] != '.' &&
	       is_made_of(name, NAME_BYTES);
}

bool file_hex_valid(struct span text, size_t bytes)
{
	return text.len == bytes && is_made_of(text, "0123456789abcdef");
}

/* "/iclock/file" with whatever follows but a letter: "/iclock/file?url=" is meant for a file too.
 */
bool file_target_is(struct span target)
{
	static const char page[] = "/iclock/file";
	struct span rest = span_from(target, sizeof(page) - 1);

	return span_starts(target, page) &&
	       (rest.len == 0 || rest.ptr[0] == '/' || rest.ptr[0] == '?');
}

static bool read_serial(struct span query, struct span *ret)
{
	if (!span_starts(query, "SN="))
		return false;
	*ret = span_from(query, strlen("SN="));
	return serial_valid(*ret);
}

int file_target_read(struct span target, struct file_target *ret)
{
	struct file_target t = {.serial = span_of(NULL, 0)};
	struct span query = span_from(target, strlen(FILE_TARGET_PATH)), path;

	if (!span_starts(target, FILE_TARGET_PATH) || !span_next(&query, '?', &path))
		return -EINVAL;
	if (query.ptr && !read_serial(query, &t.serial))
		return -EINVAL;
	if (!span_next(&path, '/', &t.token) || !path.ptr)
		return -EINVAL;
	t.name = path;
	if (!file_hex_valid(t.token, FILE_TOKEN_BYTES) || !file_name_valid(t.name))
		return -EINVAL;
	*ret = t;
	return 0;
}

int file_grant_put(struct buf *b, const struct file_grant *grant)
{
	return buf_printf(b, "%.*s %" PRIu64, SPAN_ARG(grant->sha256), grant->bytes);
}

int file_grant_read(struct span text, struct file_grant *ret)
{
	struct file_grant g;

	if (!span_next(&text, ' ', &g.sha256) || !file_hex_valid(g.sha256, FILE_SHA256_BYTES) ||
		num_u64(text, 0, INT64_MAX, &g.bytes) < 0)
		return -EBADMSG;
	*ret = g;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* body_parsers: what body.c chooses from. Pure. All: as body_parse. */
#ifndef PUNCHD_PARSERD_BODY_PARSERS_H
#define PUNCHD_PARSERD_BODY_PARSERS_H

#include "parserd/body.h"
#include "parserd/row_fill.h"

/* Lines, each with its keyword; one that has none is of `table`'s kind when it has one. */
must_check int body_lines_parse(
	struct span body, const struct body_source *source, const struct body_visitor *visitor);
/* ATTPHOTO: one photo, or lines that hold one each in base64. */
must_check int body_photo_parse(
	struct span body, const struct body_source *source, const struct body_visitor *visitor);
/* FPImag: the body is the picture. */
must_check int body_image_parse(
	struct span body, const struct body_source *source, const struct body_visitor *visitor);
/* k=v,k=v: a comma ends a value only where a key follows. */
must_check int body_options_parse(
	struct span body, const struct body_source *source, const struct body_visitor *visitor);

/* What a photo's head says: its name becomes time and PIN, and then as row_fill_end. */
must_check const char *body_photo_end(struct row_filling *f);

#endif

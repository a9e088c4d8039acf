/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Orders to erase, and the names of templates' files: what is taken is beyond doubt. */
#include <errno.h>

#include "ctl/template.h"
#include "parserd/erase_order.h"
#include "store/lines.h"
#include "tests/fuzz/fuzz.h"

/* The order that punchctl would write means the same PIN. */
static void check_again(const char *pin)
{
	struct erase_order o;
	struct buf body = buf_with_max(1024);
	const char *why = NULL;

	CHECK(punch_pin_valid(span_str(pin)));
	CHECK(buf_add_str(&body, "erase: pin\npin: ") == 0);
	CHECK(lines_put_value(&body, span_str(pin)) == 0 && buf_add_str(&body, "\n") == 0);
	CHECK(erase_order_parse(buf_span(&body), &o, &why) == 0 && strcmp(o.pin, pin) == 0);
	buf_free(&body);
}

static void check_order(struct span body)
{
	struct erase_order o = {.what = ERASE_WHATS};
	const char *why = NULL;
	int rc = erase_order_parse(body, &o, &why);

	if (rc != 0) {
		CHECK(rc == -EBADMSG && why != NULL && o.what == ERASE_WHATS);
		return;
	}
	CHECK(span_starts(body, "erase: "));
	if (o.what == ERASE_PIN)
		check_again(o.pin);
	else
		CHECK(o.what < ERASE_WHATS && clock_local_exists(&o.before));
}

static void check_name(struct span path)
{
	struct template_name n;

	if (template_get_name(path, &n) != 0)
		return;
	CHECK(n.pin.len > 0 && !span_has(n.pin, '/') && fuzz_inside(n.pin, path));
	CHECK(fuzz_inside(n.kind, path) && fuzz_inside(n.number, path));
	CHECK(n.number.len > 0 && n.index.len > 0 && n.major.len > 0 && n.minor.len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_order(span_of(data, size));
	check_name(span_of(data, size));
	return 0;
}

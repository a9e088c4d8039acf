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

/* The input as "pin|modality|number|index|text of an item": its file's name says the same again. */
static void check_named(struct span input)
{
	struct item i = {.kind = ITEM_TEMPLATE, .id_count = 4};
	struct buf b = buf_with_max(4 * input.len + 64);
	struct template_name n;

	for (size_t k = 0; k < i.id_count; k++)
		i.ids[k] = fuzz_piece(&input);
	i.text = input;
	int rc = template_put_name(&b, &i);
	CHECK(rc == 0 || rc == -EUCLEAN || rc == -EMSGSIZE);
	CHECK(!span_has(buf_span(&b), '/') && !fuzz_has_control(buf_span(&b)));
	if (rc == 0 && template_get_name(buf_span(&b), &n) == 0)
		CHECK(fuzz_inside(n.pin, buf_span(&b)) && fuzz_inside(n.minor, buf_span(&b)));
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_order(span_of(data, size));
	check_name(span_of(data, size));
	check_named(span_of(data, size));
	return 0;
}

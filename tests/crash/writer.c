/* SPDX-License-Identifier: GPL-2.0-or-later */
/* writer SPOOLS N: posts N entries and says "NUMBER NAME" for each, once it may. */
#include "tests/crash/made.h"

#ifndef POST
#define POST(s, bytes, name, number) spool_post((s), (bytes), (name))
#endif

int main(int argc, char **argv)
{
	struct spool s;

	if (argc != 3)
		return 64;
	made_or_die(spool_open(argv[1], "upload", SPOOL_FOR_WRITING, &s), argv[1]);
	for (unsigned i = 0; i < (unsigned)atoi(argv[2]); i++) {
		char name[SPOOL_NAME_BYTES] = "-";
		struct buf b = made_entry(i);
		made_or_die(POST(&s, buf_span(&b), name, i), "post");
		made_acknowledge(i, name);
		buf_free(&b);
	}
	spool_close(&s);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* progress: drawn over itself, a few times a second at most. */
#include "ctl/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/clock.h"

#define BAR_COLUMNS 30
#define EVERY_MS    200

void progress_text(uint64_t done, uint64_t all, char ret_text[static PROGRESS_BYTES])
{
	char bar[BAR_COLUMNS + 1];
	done = done < all ? done : all;
	double part = all > 0 ? (double)done / (double)all : 1;
	size_t filled = (size_t)(part * BAR_COLUMNS);
	memset(bar, '.', BAR_COLUMNS);
	memset(bar, '#', filled);
	bar[BAR_COLUMNS] = '\0';
	snprintf(ret_text, PROGRESS_BYTES, "[%s] %3u%%  %" PRIu64 " of %" PRIu64, bar,
		(unsigned)(part * 100), done, all);
}

struct progress progress_begin(void)
{
	return (struct progress){.on = isatty(STDERR_FILENO)};
}

void progress_show(struct progress *p, uint64_t done, uint64_t all)
{
	char text[PROGRESS_BYTES];
	uint64_t now_ms = clock_mono_ms();
	if (!p->on || (p->shown_ms != 0 && now_ms - p->shown_ms < EVERY_MS))
		return;
	p->shown_ms = now_ms;
	progress_text(done, all, text);
	fprintf(stderr, "\r%s\033[K", text);
}

void progress_end(struct progress *p)
{
	if (p->on && p->shown_ms != 0)
		fprintf(stderr, "\r\033[K");
	p->on = false;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lost_page: see the header. */
#include "ctl/lost_page.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "ctl/fail.h"
#include "lib/io.h"
#include "lib/num.h"

#define MAPS_MAX_BYTES ((size_t)1 << 20)

/* "begin-end …": is the address within? */
static bool holds(struct span line, uint64_t address)
{
	struct span begins, ends;
	uint64_t begin, end;

	return span_next(&line, '-', &begins) && span_next(&line, ' ', &ends) &&
	       num_hex(begins, (unsigned)begins.len, &begin) == 0 &&
	       num_hex(ends, (unsigned)ends.len, &end) == 0 && begin <= address && address < end;
}

/* The file that is mapped there; empty when there is none, or it cannot be told. */
static struct span file_at(struct span maps, uint64_t address)
{
	struct span line;

	while (span_next_line(&maps, &line)) {
		const char *path = memchr(line.ptr, '/', line.len);
		if (path && holds(line, address))
			return span_from(line, (size_t)(path - line.ptr));
	}
	return span_str("");
}

/* It comes of an access to the map: neither the heap nor a stream is in the midst of a change. */
static void on_lost_page(int number, siginfo_t *info, void *context)
{
	struct buf maps = buf_with_max(MAPS_MAX_BYTES);
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	bool read = fd >= 0 && io_read_all(fd, &maps) == 0;
	struct span file = file_at(buf_span(&maps), (uintptr_t)info->si_addr);
	(void)number, (void)context;

	/* NOLINTBEGIN(bugprone-signal-handler) */
	_exit(fail(EX_IOERR, "the disk does not give back a part of %.*s",
		SPAN_ARG(read && file.len > 0 ? file : span_str("what is read"))));
	/* NOLINTEND(bugprone-signal-handler) */
}

void lost_page_watch(void)
{
	const struct sigaction action = {.sa_sigaction = on_lost_page, .sa_flags = SA_SIGINFO};

	(void)sigaction(SIGBUS, &action, NULL);
}

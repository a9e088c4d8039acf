/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow: made in memory, written in between. */
#include "ctl/flow.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int flow_begin(struct flow *f, enum out_format format, const struct out_column *columns,
	size_t column_count, bool at_once)
{
	*f = (struct flow){.memory = NULL};
	f->memory = open_memstream(&f->bytes, &f->byte_count);
	if (!f->memory)
		return -ENOMEM;
	out_begin(&f->out, f->memory, format, columns, column_count);
	f->out.at_once = at_once;
	f->out.ascii = isatty(STDOUT_FILENO);
	return 0;
}

int flow_write(struct flow *f)
{
	int rc = out_flushed(f->memory);
	errno = 0;
	if (rc == 0 && fwrite(f->bytes, 1, f->byte_count, stdout) != f->byte_count)
		rc = errno ? -errno : -EIO;
	if (rc == 0)
		rc = out_flushed(stdout);
	if (fseeko(f->memory, 0, SEEK_SET) < 0)
		rc = rc < 0 ? rc : -errno;
	return rc;
}

int flow_end(struct flow *f)
{
	int rc = out_end(&f->out);
	int write_rc = flow_write(f);
	fclose(f->memory);
	free(f->bytes);
	*f = (struct flow){.memory = NULL};
	return rc < 0 ? rc : write_rc;
}

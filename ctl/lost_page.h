/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lost_page: a store is read through a map; what the disk does not give back of it is SIGBUS and no
 * errno. */
#ifndef PUNCHD_CTL_LOST_PAGE_H
#define PUNCHD_CTL_LOST_PAGE_H

/* From now on punchctl ends with EX_IOERR then, and a line that names the file. */
void lost_page_watch(void);

#endif

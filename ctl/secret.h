/* SPDX-License-Identifier: GPL-2.0-or-later */
/* secret: a word that must not stand on the command line, where all users of the machine see it. */
#ifndef PUNCHD_CTL_SECRET_H
#define PUNCHD_CTL_SECRET_H

#include "lib/buf.h"

/* Asks for it on the terminal, twice and without echo; or takes the next line of standard input
 * when that is no terminal. Appended without its end of line. An exit code, said. */
int secret_ask(const char *what, struct buf *b);

#endif

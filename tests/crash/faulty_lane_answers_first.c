/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wrong on purpose: it says that the entry is safe when it is handed to the committer. */
#define ACKNOWLEDGES_EARLY 1
#include "tests/crash/lane.c"

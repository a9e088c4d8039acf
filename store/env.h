/* SPDX-License-Identifier: GPL-2.0-or-later */
/* env: an LMDB environment that survives its birth, grows by itself, and speaks errno. */
#ifndef PUNCHD_STORE_ENV_H
#define PUNCHD_STORE_ENV_H

#include <lmdb.h>
#include <stdint.h>

#include "lib/span.h"

/* LMDB's code as a negative errno: MDB_NOTFOUND -ENOENT, MDB_KEYEXIST -EEXIST, MDB_MAP_FULL
 * -EXFULL, MDB_MAP_RESIZED -ESTALE, MDB_READERS_FULL -EUSERS, damage -EUCLEAN, a fault after which
 * the environment has to be opened anew -ENOTRECOVERABLE, another format -EPROTONOSUPPORT, any
 * other fault -EIO; 0 as 0 and a system error as itself. */
int env_errno(int mdb_code);

/* Makes the environment PATH/ (with data.mdb and lock.mdb) if it is missing: aside, committed,
 * synced, renamed in, the directory synced, because an environment made in place can be
 * unreadable for ever after a power cut (docs/ARCHITECTURE.md "Birth"). It holds an empty
 * database "meta". lock.mdb gets 0660, data.mdb 0640, PATH 2750, so that the directory's group
 * may read. PATH may be there already, when it is empty. What an earlier birth left behind
 * ("PATH.birth-…") is removed; so only the store's one writer may call this. 0 or a negative
 * errno. */
must_check int env_make(const char *path);

/* Opens it to write (one process only) or to read. The map has at least `map_bytes`, and at least
 * the size that it has grown to. -ENOENT when it was never made. On
 * success `*ret` is the caller's to close with mdb_env_close. A reader's transactions belong to
 * nobody's thread (MDB_NOTLS), and it needs write access to lock.mdb. */
must_check int env_open_writer(
	const char *path, uint64_t map_bytes, unsigned databases, MDB_env **ret);
must_check int env_open_reader(const char *path, unsigned databases, MDB_env **ret);

/* Is it still what its path names? It may have been moved away, and another one made: what is read
 * in it then is nobody's any more. */
bool env_is_current(MDB_env *env);

/* Doubles the map; no transaction may be open. 0 or a negative errno. */
must_check int env_grow(MDB_env *env);

/* Begins a read transaction, following a map that the writer has grown; no other transaction
 * may be open in this process. 0 or a negative errno. */
must_check int env_begin_read(MDB_env *env, MDB_txn **ret);

static inline MDB_val env_val(struct span s)
{
	return (MDB_val){.mv_size = s.len, .mv_data = (void *)(uintptr_t)s.ptr};
}

static inline struct span env_span(MDB_val v)
{
	return span_of(v.mv_data, v.mv_size);
}

#endif

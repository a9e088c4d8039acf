/* SPDX-License-Identifier: GPL-2.0-or-later */
/* env: see the header. */
#include "store/env.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/io.h"

#define BIRTH_MARK ".birth-"
#define DIR_MODE   02750 /* the group reads, and what is made in it later is the group's too */
#define DATA_FILE  "data.mdb"
#define LOCK_FILE  "lock.mdb"

int env_errno(int mdb_code)
{
	switch (mdb_code) {
	case MDB_NOTFOUND:
		return -ENOENT;
	case MDB_KEYEXIST:
		return -EEXIST;
	case MDB_MAP_FULL:
		return -EXFULL;
	case MDB_MAP_RESIZED:
		return -ESTALE;
	case MDB_READERS_FULL:
		return -EUSERS;
	case MDB_INVALID:
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
		return -EUCLEAN;
	case MDB_PANIC:
		return -ENOTRECOVERABLE;
	case MDB_VERSION_MISMATCH:
	case MDB_INCOMPATIBLE:
		return -EPROTONOSUPPORT;
	default:
		return mdb_code < 0 ? -EIO : -mdb_code;
	}
}

/* ---- birth ---- */

static int sync_file(int dir_fd, const char *name, mode_t mode)
{
	int fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	/* Durability: LMDB writes both meta pages of a new file without a sync; here they get
	 * it, before anything bears the name that is looked for. */
	int rc = fchmod(fd, mode) < 0 || fsync(fd) < 0 ? -errno : 0;
	io_close(fd);
	return rc;
}

static int sync_birth(const char *aside)
{
	int dir_fd = io_open_dir(AT_FDCWD, aside);
	if (dir_fd < 0)
		return dir_fd;

	int rc = io_set_dir_mode(dir_fd, DIR_MODE);
	if (rc == 0)
		rc = sync_file(dir_fd, DATA_FILE, 0640);
	if (rc == 0)
		rc = sync_file(dir_fd, LOCK_FILE, 0660);
	/* Durability: the two names must not be lost when the directory gets its own name. */
	if (rc == 0 && fsync(dir_fd) < 0)
		rc = -errno;
	io_close(dir_fd);
	return rc;
}

/* A transaction that writes nothing leaves the file as it was born, so it makes "meta". */
static int first_transaction(MDB_env *env)
{
	MDB_txn *txn;
	MDB_dbi meta;
	int rc = mdb_txn_begin(env, NULL, 0, &txn);

	if (rc != 0)
		return env_errno(rc);
	rc = mdb_dbi_open(txn, "meta", MDB_CREATE, &meta);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return env_errno(rc);
	}
	return env_errno(mdb_txn_commit(txn));
}

static int open_env(const char *path, unsigned databases, unsigned flags, MDB_env **ret)
{
	MDB_env *env;
	int rc = mdb_env_create(&env);

	if (rc != 0)
		return env_errno(rc);
	rc = mdb_env_set_maxdbs(env, databases);
	if (rc == 0)
		rc = mdb_env_open(env, path, flags, 0640);
	if (rc != 0) {
		mdb_env_close(env);
		return env_errno(rc);
	}
	*ret = env;
	return 0;
}

static int bear(const char *aside)
{
	MDB_env *env = NULL;
	int rc = open_env(aside, 1, 0, &env);

	if (rc != 0)
		return rc;
	rc = first_transaction(env);
	mdb_env_close(env);
	return rc == 0 ? sync_birth(aside) : rc;
}

static void remove_birth(int parent_fd, const char *name)
{
	int dir_fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir_fd >= 0) {
		(void)unlinkat(dir_fd, DATA_FILE, 0);
		(void)unlinkat(dir_fd, LOCK_FILE, 0);
		io_close(dir_fd);
	}
	(void)unlinkat(parent_fd, name, AT_REMOVEDIR);
}

/* Leftovers are in nobody's way, so one that cannot be removed is no error. */
static void remove_leftovers(int parent_fd, const char *base)
{
	char prefix[NAME_MAX + 1];
	int len = snprintf(prefix, sizeof(prefix), "%s" BIRTH_MARK, base);
	int fd = len < 0 || (size_t)len >= sizeof(prefix) ? -1 : io_open_dir(parent_fd, ".");
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir == NULL) {
		io_close(fd);
		return;
	}
	for (const struct dirent *d; (d = readdir(dir)) != NULL;)
		if (strncmp(d->d_name, prefix, (size_t)len) == 0)
			remove_birth(parent_fd, d->d_name);
	(void)closedir(dir);
}

static bool has_file(const char *path, const char *name)
{
	char file[PATH_MAX];
	int len = snprintf(file, sizeof(file), "%s/%s", path, name);

	return len > 0 && (size_t)len < sizeof(file) && access(file, F_OK) == 0;
}

static bool has_data(const char *path)
{
	return has_file(path, DATA_FILE);
}

/* A copy of a store holds no lock.mdb, and LMDB makes it with data.mdb's mode; but the group's
 * readers write it. Somebody else's is left as it is. */
static int share_lock(const char *path)
{
	char lock[PATH_MAX];
	int len = snprintf(lock, sizeof(lock), "%s/" LOCK_FILE, path);

	if (len < 0 || (size_t)len >= sizeof(lock))
		return -ENAMETOOLONG;
	return chmod(lock, 0660) < 0 && errno != EPERM ? -errno : 0;
}

static int make_aside(int parent_fd, const char *path)
{
	char aside[PATH_MAX];
	int len = snprintf(aside, sizeof(aside), "%s" BIRTH_MARK "%d", path, (int)getpid());

	if (len < 0 || (size_t)len >= sizeof(aside))
		return -ENAMETOOLONG;
	if (mkdir(aside, DIR_MODE & 0777) < 0)
		return -errno;
	int rc = bear(aside);
	/* Durability: all of the environment is on the disk, so the name may say so. The rename
	 * also replaces an empty directory, and nothing else. */
	if (rc == 0 && rename(aside, path) < 0)
		rc = -errno;
	if (rc != 0)
		remove_birth(parent_fd, strrchr(aside, '/') + 1);
	return rc;
}

int env_make(const char *path)
{
	char whole[PATH_MAX];
	int len = snprintf(whole, sizeof(whole), "%s%s", strchr(path, '/') ? "" : "./", path);

	if (len < 0 || (size_t)len >= sizeof(whole))
		return -ENAMETOOLONG;
	while (len > 1 && whole[len - 1] == '/')
		whole[--len] = '\0';

	char *base = strrchr(whole, '/');
	*base = '\0';
	int parent_fd = io_open_dir(AT_FDCWD, base == whole ? "/" : whole);
	*base = '/';
	if (parent_fd < 0)
		return parent_fd;
	remove_leftovers(parent_fd, base + 1);
	bool made = !has_data(whole);
	int rc = made ? make_aside(parent_fd, whole) : 0;
	/* Durability: without it a power cut takes the name back, and with it every transaction
	 * that was committed into the environment since. Of one that is there too: who made it may
	 * have ended before this. */
	if (rc == 0 && fsync(parent_fd) < 0) {
		rc = -errno;
		/* A second fsync would prove nothing: the next try begins anew. */
		if (made)
			remove_birth(parent_fd, base + 1);
	}
	io_close(parent_fd);
	return rc;
}

/* ---- use ---- */

/* The size that is in the file stands when it is larger: the map has grown once. */
static int widen(MDB_env *env, uint64_t map_bytes)
{
	MDB_envinfo info;
	int rc = mdb_env_info(env, &info);

	if (rc == 0 && info.me_mapsize < map_bytes)
		rc = mdb_env_set_mapsize(env, map_bytes);
	return env_errno(rc);
}

static bool has_bytes(const char *path)
{
	char file[PATH_MAX];
	struct stat st;
	int len = snprintf(file, sizeof(file), "%s/" DATA_FILE, path);

	return len > 0 && (size_t)len < sizeof(file) && stat(file, &st) == 0 && st.st_size > 0;
}

/* LMDB makes a new environment of an empty file, in which ids would be given out again and nobody
 * is approved; and it reads a shortened one until SIGBUS. What the last transaction used must be
 * there: first it is asked, then the file, which only grows. */
static int check_whole(MDB_env *env, const char *path)
{
	MDB_envinfo info;
	MDB_stat pages;
	char file[PATH_MAX];
	struct stat st;
	int len = snprintf(file, sizeof(file), "%s/" DATA_FILE, path);

	if (len < 0 || (size_t)len >= sizeof(file))
		return -ENAMETOOLONG;
	int rc = mdb_env_info(env, &info);
	if (rc == 0)
		rc = mdb_env_stat(env, &pages);
	if (rc != 0)
		return env_errno(rc);
	if (stat(file, &st) < 0)
		return -errno;
	uint64_t used = ((uint64_t)info.me_last_pgno + 1) * pages.ms_psize;
	return (uint64_t)st.st_size < used ? -EUCLEAN : 0;
}

/* Opens what is there and whole. */
static int open_whole(const char *path, unsigned databases, unsigned flags, MDB_env **ret)
{
	MDB_env *env = NULL;
	int rc = has_bytes(path) ? open_env(path, databases, flags, &env) : -EUCLEAN;

	if (rc == 0)
		rc = check_whole(env, path);
	if (rc != 0) {
		if (env != NULL)
			mdb_env_close(env);
		return rc;
	}
	*ret = env;
	return 0;
}

bool env_is_current(MDB_env *env)
{
	char file[PATH_MAX];
	struct stat open, named;
	const char *path;
	mdb_filehandle_t fd;

	if (mdb_env_get_path(env, &path) != 0 || mdb_env_get_fd(env, &fd) != 0)
		return false;
	int len = snprintf(file, sizeof(file), "%s/" DATA_FILE, path);
	return len > 0 && (size_t)len < sizeof(file) && fstat(fd, &open) == 0 &&
	       stat(file, &named) == 0 && open.st_dev == named.st_dev &&
	       open.st_ino == named.st_ino;
}

int env_open_writer(const char *path, uint64_t map_bytes, unsigned databases, MDB_env **ret)
{
	MDB_env *env = NULL;
	int dead;

	/* LMDB would make what is missing, in place. */
	if (!has_data(path))
		return errno == EACCES ? -EACCES : -ENOENT;
	int rc = open_whole(path, databases, 0, &env);
	if (rc != 0)
		return rc;
	/* A reader that was killed would keep pages from being used again for ever. */
	(void)mdb_reader_check(env, &dead);
	rc = share_lock(path);
	if (rc == 0)
		rc = widen(env, map_bytes);
	if (rc != 0) {
		mdb_env_close(env);
		return rc;
	}
	*ret = env;
	return 0;
}

int env_open_reader(const char *path, unsigned databases, MDB_env **ret)
{
	if (!has_data(path))
		return errno == EACCES ? -EACCES : -ENOENT;
	/* LMDB would make it with this reader's owner, and lock out the writer. */
	if (!has_file(path, LOCK_FILE))
		return -ENOLCK;
	return open_whole(path, databases, MDB_RDONLY | MDB_NOTLS, ret);
}

int env_grow(MDB_env *env)
{
	MDB_envinfo info;
	int dead;

	(void)mdb_reader_check(env, &dead);
	int rc = mdb_env_info(env, &info);
	if (rc != 0)
		return env_errno(rc);
	if (info.me_mapsize > SIZE_MAX / 4)
		return -ENOMEM;
	return env_errno(mdb_env_set_mapsize(env, info.me_mapsize * 2));
}

int env_begin_read(MDB_env *env, MDB_txn **ret)
{
	int rc = mdb_txn_begin(env, NULL, MDB_RDONLY, ret);

	/* The writer may grow it again between the two calls. */
	while (rc == MDB_MAP_RESIZED) {
		rc = mdb_env_set_mapsize(env, 0);
		if (rc == 0)
			rc = mdb_txn_begin(env, NULL, MDB_RDONLY, ret);
	}
	return env_errno(rc);
}

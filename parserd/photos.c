/* SPDX-License-Identifier: GPL-2.0-or-later */
/* photos: see the header. SERIAL/YYYY-MM-DD/HHMMSS-<hash>.jpg, each step opened beneath the one
 * before. */
#include "parserd/photos.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/io.h"
#include "lib/serial.h"
#include "parserd/records.h"

#define DIR_MODE  02750 /* for the group that may read the records */
#define FILE_MODE 0640
#define DAY_BYTES 16

/* ---- opening ---- */

int photos_open(const char *path, struct photos *ret)
{
	int rc = io_make_dir(path, DIR_MODE);

	if (rc < 0)
		return rc;
	int dir = io_open_dir(AT_FDCWD, path);
	if (dir < 0)
		return dir;
	/* Durability: one that was killed may have made directories and renamed files whose names
	 * were not synced yet. From here on, what is found is as good as what is written. */
	rc = syncfs(dir) < 0 ? -errno : 0;
	if (rc < 0)
		io_close(dir);
	else
		*ret = (struct photos){.dir = dir};
	return rc;
}

static void let_go(struct photos *p)
{
	for (size_t i = 0; i < p->day_count; i++)
		io_close(p->days[i]);
	p->day_count = 0;
}

void photos_close(struct photos *p)
{
	let_go(p);
	io_close(p->dir);
	p->dir = -1;
}

/* ---- names ---- */

static void name_day(const struct photo *photo, char day[static DAY_BYTES])
{
	snprintf(day, DAY_BYTES, "%04u-%02u-%02u", photo->time.year, photo->time.month,
		photo->time.day);
}

/* What tells a photo from every other one of the same second: whose it is, and its bytes. */
static void name_file(struct photo *photo)
{
	struct pack identity = {.len = 0};
	unsigned char hash[KEPT_DIGEST_BYTES];
	char hex[KEPT_HEX_BYTES];

	pack_bytes(&identity, span_of(photo->digest, sizeof(photo->digest)));
	pack_bytes(&identity, photo->pin);
	records_digest(pack_span(&identity), hash);
	kept_hex(hash, hex);
	snprintf(photo->name, PHOTO_NAME_BYTES, "%02u%02u%02u-%s.jpg", photo->time.hour,
		photo->time.minute, photo->time.second, hex);
}

/* ---- directories ---- */

static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int make_dir(int at, const char *name)
{
	if (mkdirat(at, name, DIR_MODE & 0777) < 0)
		return errno == EEXIST ? 0 : -errno;
	int dir = open_dir(at, name);
	int rc = dir < 0 ? dir : io_set_dir_mode(dir, DIR_MODE);
	/* Durability: its mode, and its name, before a file in it is promised. */
	if (rc == 0 && (fsync(dir) < 0 || fsync(at) < 0))
		rc = -errno;
	io_close(dir);
	/* Or the next one would find it and take it for durable. */
	if (rc < 0)
		(void)unlinkat(at, name, AT_REMOVEDIR);
	return rc;
}

/* The directory of a photo's day; with `make` what is missing is made. */
static int open_day(const struct photos *p, const struct photo *photo, bool make)
{
	char serial[SERIAL_MAX + 1], day[DAY_BYTES];

	if (!serial_valid(photo->serial))
		return -EINVAL;
	snprintf(serial, sizeof(serial), "%.*s", SPAN_ARG(photo->serial));
	name_day(photo, day);
	int rc = make ? make_dir(p->dir, serial) : 0;
	int device = rc < 0 ? rc : open_dir(p->dir, serial);
	if (device < 0)
		return device;
	rc = make ? make_dir(device, day) : 0;
	if (rc == 0)
		rc = open_dir(device, day);
	io_close(device);
	return rc;
}

/* ---- files ---- */

/* Written aside and renamed, it is never there in part; but a disk may have lost some of it. */
static bool is_there(int day, const struct photo *photo)
{
	struct stat st;

	return fstatat(day, photo->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == photo->bytes;
}

void photos_name(struct photo *photo, struct span bytes)
{
	records_digest(bytes, photo->digest);
	photo->bytes = bytes.len;
	name_file(photo);
}

static bool same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* Takes the descriptor. While it is held its number is no other directory's, even when the last
 * photo in it is removed and it is made anew. */
static int remember_day(struct photos *p, int day)
{
	int rc = p->day_count == PHOTOS_DAYS_MAX ? photos_settle(p) : 0;
	bool known = false;

	for (size_t i = p->day_count; !known && i > 0; i--)
		known = same_file(p->days[i - 1], day);
	if (rc < 0 || known)
		io_close(day);
	else
		p->days[p->day_count++] = day;
	return rc;
}

int photos_put(struct photos *p, struct photo *photo, struct span bytes, bool recorded)
{
	photos_name(photo, bytes);
	int day = open_day(p, photo, true);
	if (day < 0)
		return day;
	/* Durability: what a committed record names is on the disk. Any other file may be of a try
	 * whose sync has failed: to sync it once more would prove nothing, so it is written anew.
	 */
	bool durable = recorded && is_there(day, photo);
	int rc = durable ? 0 : io_place_file(day, photo->name, bytes, FILE_MODE);
	if (rc == 0 && !durable)
		return remember_day(p, day);
	io_close(day);
	return rc;
}

int photos_settle(struct photos *p)
{
	int rc = 0;

	/* Durability: the names of the files, whose bytes are on the disk already, before the
	 * commit of the records that name them. */
	for (size_t i = 0; rc == 0 && i < p->day_count; i++)
		rc = fsync(p->days[i]) < 0 ? -errno : 0;
	let_go(p);
	return rc;
}

/* A directory that is not empty stays. */
static void remove_day(const struct photos *p, const struct photo *photo)
{
	char path[SERIAL_MAX + 1 + DAY_BYTES], day[DAY_BYTES];

	name_day(photo, day);
	snprintf(path, sizeof(path), "%.*s/%s", SPAN_ARG(photo->serial), day);
	(void)unlinkat(p->dir, path, AT_REMOVEDIR);
}

int photos_remove(const struct photos *p, const struct photo *photo)
{
	struct buf path = buf_with_max(PHOTO_NAME_BYTES + SERIAL_MAX + DAY_BYTES);
	int rc = photo_path(photo, &path); /* a name is looked at before it is used */
	int day = rc < 0 ? rc : open_day(p, photo, false);

	buf_free(&path);
	if (day < 0)
		return day == -ENOENT ? 0 : day;
	rc = unlinkat(day, photo->name, 0) < 0 && errno != ENOENT ? -errno : 0;
	/* Durability: what was erased does not come back with the power. */
	if (rc == 0 && fsync(day) < 0)
		rc = -errno;
	io_close(day);
	if (rc == 0)
		remove_day(p, photo);
	return rc;
}

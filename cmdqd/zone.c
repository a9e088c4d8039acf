/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zone: how far a time zone is from GMT at a given moment, by libc's own reading of the tz
 * database. */
#include "cmdqd/zone.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lib/io.h"
#include "lib/zone_name.h"
#include "store/control.h"

#define ZONE_DIR "/usr/share/zoneinfo"

const char *zone_dir(void)
{
	const char *dir = getenv("TZDIR");

	return dir ? dir : ZONE_DIR;
}

/* libc takes GMT for a zone that it cannot read and says nothing. So look first: the file must be
 * there and be a compiled zone; zone1970.tab and its neighbours are not. */
static int check_exists(const char *name)
{
	char path[PATH_MAX];
	char magic[4];

	if (!zone_name_valid(span_str(name)))
		return -ENOENT;
	if (snprintf(path, sizeof(path), "%s/%s", zone_dir(), name) >= (int)sizeof(path))
		return -ENOENT;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOTDIR ? -ENOENT : -errno;
	ssize_t got = read(fd, magic, sizeof(magic));
	io_close(fd);
	return got == sizeof(magic) && memcmp(magic, "TZif", sizeof(magic)) == 0 ? 0 : -ENOENT;
}

static int use_zone(const char *tz)
{
	int rc = tz ? setenv("TZ", tz, 1) : unsetenv("TZ");

	if (rc < 0)
		return -errno;
	tzset();
	return 0;
}

static int offset_now(const char *name, time_t at, int *ret_minutes)
{
	char tz[PATH_MAX];
	struct tm local;

	/* The colon says that a file is meant, never a rule like "EST5EDT". */
	if (snprintf(tz, sizeof(tz), ":%s", name) >= (int)sizeof(tz))
		return -ENAMETOOLONG;
	int rc = use_zone(tz);
	if (rc < 0)
		return rc;
	if (!localtime_r(&at, &local))
		return -errno;
	*ret_minutes = (int)(local.tm_gmtoff / 60);
	return 0;
}

int zone_offset(const char *name, int64_t seconds, int *ret_minutes)
{
	int rc = check_exists(name);
	if (rc < 0)
		return rc;

	const char *was = getenv("TZ");
	char *saved = was ? strdup(was) : NULL;
	if (was && !saved)
		return -ENOMEM;
	rc = offset_now(name, (time_t)seconds, ret_minutes);
	int restored = use_zone(saved);
	free(saved);
	return rc < 0 ? rc : restored;
}

/* ---- remembered ---- */

static_assert(ZONE_CACHE_NAME_BYTES == sizeof(((struct device_settings *)NULL)->time_zone),
	"each device's zone is remembered");

static struct zone_known *find_known(struct zone_cache *cache, const char *name)
{
	for (unsigned i = 0; i < cache->count; i++)
		if (strcmp(cache->known[i].name, name) == 0)
			return &cache->known[i];
	return NULL;
}

/* A place for one more: an empty one, else that of the oldest. */
static struct zone_known *make_place(struct zone_cache *cache, const char *name)
{
	struct zone_known *z = &cache->known[cache->next];

	cache->next = (cache->next + 1) % ZONE_CACHE_MAX;
	if (cache->count < ZONE_CACHE_MAX)
		cache->count++;
	memset(z->name, 0, sizeof(z->name));
	memcpy(z->name, name, strlen(name));
	z->minute = INT64_MIN;
	return z;
}

static int64_t minute_of(int64_t seconds)
{
	return seconds / 60 - (seconds % 60 < 0);
}

int zone_offset_cached(
	struct zone_cache *cache, const char *name, int64_t seconds, int *ret_minutes)
{
	if (strlen(name) >= ZONE_CACHE_NAME_BYTES)
		return zone_offset(name, seconds, ret_minutes);
	struct zone_known *z = find_known(cache, name);
	if (!z)
		z = make_place(cache, name);
	if (z->minute != minute_of(seconds)) {
		z->rc = zone_offset(name, seconds, &z->minutes);
		/* Only an answer is one; what failed for another reason is tried again. */
		z->minute = z->rc == 0 || z->rc == -ENOENT ? minute_of(seconds) : INT64_MIN;
	}
	if (z->rc == 0)
		*ret_minutes = z->minutes;
	return z->rc;
}

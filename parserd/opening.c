/* SPDX-License-Identifier: GPL-2.0-or-later */
/* opening: see the header. */
#include "parserd/opening.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "lib/charset.h"
#include "lib/daemon.h"
#include "lib/io.h"
#include "lib/log.h"

#define SPOOL_KIND "upload"
#define HIDE_MAX   1024  /* bodies and lines of a transaction */
#define KNOW_MAX   16384 /* versions of items, which are short */

static int exit_code(int rc)
{
	switch (rc) {
	case -EACCES:
	case -EPERM:
		return EX_NOPERM;
	case -EUCLEAN:
	case -EPROTONOSUPPORT:
		return EX_DATAERR;
	case -EBUSY:
		return EX_TEMPFAIL;
	case -ENOENT:
	case -ENOTDIR:
		return EX_CANTCREAT;
	default:
		return EX_IOERR;
	}
}

int opening_fail(const char *event, const char *path, int rc)
{
	log_error(event, LOG_TEXT("path", path), LOG_ERR(rc));
	return exit_code(rc);
}

/* The watch comes first: its library wants a low descriptor. */
static int open_watch(struct parserd *p)
{
	char path[4096];

	int rc = spool_make(p->conf.spool_dir, SPOOL_KIND);
	if (rc < 0)
		return opening_fail("cannot make the spool", p->conf.spool_dir, rc);
	snprintf(path, sizeof(path), "%s/" SPOOL_KIND "/new", p->conf.spool_dir);
	p->watch_fd = spool_watch_open(path);
	if (p->watch_fd < 0)
		return opening_fail("cannot watch the spool", path, p->watch_fd);
	return EX_OK;
}

static int open_spool(struct parserd *p)
{
	int rc = spool_open(p->conf.spool_dir, SPOOL_KIND, SPOOL_FOR_CONSUMING, &p->spool);

	if (rc == -EBUSY)
		return opening_fail(
			"another parserd is at work on the spool", p->conf.spool_dir, rc);
	return rc < 0 ? opening_fail("cannot open the spool", p->conf.spool_dir, rc) : EX_OK;
}

/* Makes the directory below STATE that the store at STATE/`name` is in. */
static int make_around(const struct parserd *p, const char *dir, const char *name, char **ret_path)
{
	char *around = conf_join(p->conf.state_dir, dir);
	int rc = around == NULL ? -ENOMEM : io_make_dir(around, 02750);

	free(around);
	if (rc != 0)
		return rc;
	*ret_path = conf_join(p->conf.state_dir, name);
	return *ret_path == NULL ? -ENOMEM : 0;
}

static int open_records(struct parserd *p)
{
	char *path = NULL;
	char *private_path = NULL;
	int rc = make_around(p, CONF_PARSERD_DIR, CONF_RECORDS, &path);

	if (rc == 0)
		rc = make_around(p, CONF_PRIVATE_DIR, CONF_PRIVATE, &private_path);
	if (rc == 0)
		rc = records_writer_open(
			path, private_path, p->conf.records_map_bytes, &p->records);
	free(path);
	free(private_path);
	return rc < 0 ? opening_fail("cannot open the records", p->conf.state_dir, rc) : EX_OK;
}

static int open_photos(struct parserd *p)
{
	char *path = conf_join(p->conf.state_dir, CONF_PHOTOS);
	int rc = path == NULL ? -ENOMEM : photos_open(path, &p->photos);

	free(path);
	return rc < 0 ? opening_fail("cannot open the photos", p->conf.state_dir, rc) : EX_OK;
}

/* What is to be done with all that an older version kept, so many at a time. */
struct old {
	int (*work)(struct records_writer *w, unsigned most);
	unsigned most; /* of a transaction */
	const char *done, *failed;
};

/* Where that fails it is tried anew at the next start: uploads do not wait for it. */
static int mend_old(struct parserd *p, const struct old *old)
{
	uint64_t count = 0;
	int rc;

	do {
		daemon_alive();
		rc = old->work(p->records, old->most);
		count += rc > 0 ? (uint64_t)rc : 0;
		if (rc == -EXFULL && (rc = records_grow(p->records)) == 0)
			rc = 1;
	} while (rc > 0);
	if (count > 0)
		log_notice(old->done, LOG_NUM("records", count));
	if (records_is_broken(rc))
		return opening_fail("records are damaged", p->conf.state_dir, rc);
	if (rc < 0)
		log_error(old->failed, LOG_ERR(rc));
	return EX_OK;
}

static int mend_records(struct parserd *p)
{
	static const struct old hide = {records_hide_old, HIDE_MAX,
		"bodies and lines of an older version are private now",
		"what an older version kept is not private yet"};
	static const struct old know = {records_know_old, KNOW_MAX,
		"users, cards and templates of an older version are in the index of who is known "
		"now",
		"what an older version kept is not in the index of who is known yet"};
	int code = mend_old(p, &hide);

	return code == EX_OK ? mend_old(p, &know) : code;
}

static int open_batch(struct parserd *p)
{
	int rc = batch_open(&p->batch, &p->spool, p->records, &p->photos, p->conf.file_max_bytes);

	p->inbox = (struct inbox){.spool = &p->spool, .batch = &p->batch};
	return rc < 0 ? opening_fail("cannot begin", "", rc) : EX_OK;
}

/* Uploads are taken even where nobody made the directory for orders to erase. */
static int open_erase(struct parserd *p)
{
	int rc = erase_open(&p->erase, &p->conf, p->records, &p->photos);

	if (rc == -EBUSY || rc == -ENOMEM || rc == -EIO)
		return opening_fail(
			"cannot open the spool of orders to erase", p->conf.spool_dir, rc);
	if (rc < 0)
		log_warning("no orders to erase are taken: the spool cannot be opened",
			LOG_TEXT("path", p->conf.spool_dir), LOG_ERR(rc));
	return EX_OK;
}

/* Names in GB18030: the C library reads files for it. */
static int open_charset(void)
{
	int rc = charset_open();

	return rc < 0 ? opening_fail("the C library does not know GB18030", "", rc) : EX_OK;
}

static int open_signals(struct parserd *p)
{
	p->signal_fd = daemon_signals();
	return p->signal_fd < 0 ? opening_fail("cannot take signals", "", p->signal_fd) : EX_OK;
}

int opening_all(struct parserd *p)
{
	int code = open_watch(p);

	if (code == EX_OK)
		code = open_signals(p);
	if (code == EX_OK)
		code = open_spool(p);
	if (code == EX_OK)
		code = open_charset();
	if (code == EX_OK)
		code = open_records(p);
	if (code == EX_OK)
		code = mend_records(p);
	if (code == EX_OK)
		code = open_photos(p);
	if (code == EX_OK)
		code = open_batch(p);
	if (code == EX_OK)
		code = open_erase(p);
	return code;
}

void opening_close(struct parserd *p)
{
	erase_close(&p->erase);
	inbox_close(&p->inbox);
	batch_close(&p->batch);
	records_writer_close(p->records);
	photos_close(&p->photos);
	spool_close(&p->spool);
	spool_watch_close();
	conf_free(&p->conf);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* batch_file: see the header. */
#include "parserd/batch_file.h"

#include "lib/log.h"

struct walk {
	const struct batch_file *file;
	size_t offset;
	unsigned number;
	struct span part; /* the bytes of the entry that the last step met */
	const char *why;
};

/* An entry that is whole but no upload is as bad as one that is not whole. */
static enum spool_verdict walk_next(struct walk *w, struct upload *ret)
{
	struct spool_entry entry;
	enum spool_verdict verdict = spool_entry_next(buf_span(&w->file->bytes), span_str("upload"),
		&w->offset, &w->number, &entry, &w->part, &w->why);

	if (verdict == SPOOL_ENTRY && upload_read(&entry, w->file->name, ret, &w->why) < 0)
		verdict = SPOOL_ENTRY_BAD;
	return verdict;
}

int batch_file_store(struct batch_file *f, struct records_writer *records, struct photos *photos,
	uint64_t now_us, struct stored *stored)
{
	struct walk w = {.file = f};
	struct upload u;
	enum spool_verdict verdict;

	f->good = f->bad = 0;
	f->why = "no entry in it";
	while ((verdict = walk_next(&w, &u)) != SPOOL_FILE_ENDED) {
		struct tally t = {.punches = 0};
		if (verdict != SPOOL_ENTRY) {
			f->bad++;
			f->why = w.why;
			continue;
		}
		int rc = upload_store(records, photos, &u, now_us, &t);
		if (rc != 0)
			return rc;
		f->good++;
		stored_add(stored, &u, &t);
	}
	stored->files += f->good > 0;
	return 0;
}

/* A second walk, in the rare file that needs it, so that the first one has no effect but in the
 * transaction. */
int batch_file_refuse_parts(const struct batch_file *f, const struct spool *spool)
{
	struct walk w = {.file = f};
	struct upload u;
	enum spool_verdict verdict;

	while ((verdict = walk_next(&w, &u)) != SPOOL_FILE_ENDED) {
		char id[SPOOL_ENTRY_ID_BYTES];
		if (verdict == SPOOL_ENTRY)
			continue;
		int rc = spool_refuse_part(spool, f->name, w.number, w.part, w.why);
		if (rc != 0)
			return rc;
		spool_entry_id(f->name, w.number, id);
		log_warning("entry refused", LOG_TEXT("entry", id), LOG_TEXT("kind", "upload"),
			LOG_TEXT("reason", w.why));
	}
	return 0;
}

/* Each entry by itself: one of them is at fault. Where its directory is none, no file is in it. */
void batch_file_give_up(
	const struct batch_file *f, struct records_writer *records, struct photos *photos)
{
	struct walk w = {.file = f};
	struct upload u;
	enum spool_verdict verdict;
	int rc = records_begin(records);

	while (rc == 0 && (verdict = walk_next(&w, &u)) != SPOOL_FILE_ENDED) {
		int given = verdict == SPOOL_ENTRY ? upload_give_up(records, photos, &u) : 0;
		if (given < 0 && !photos_obstructed(given))
			log_warning("a photo's file may be left that no record names",
				LOG_TEXT("entry", f->name), LOG_ERR(given));
	}
	if (rc < 0)
		log_warning("files of photos may be left that no record names",
			LOG_TEXT("entry", f->name), LOG_ERR(rc));
	records_abort(records);
}

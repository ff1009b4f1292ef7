/*
 * blob - the inputs themselves, compressed, addressed by the SHA-256 of their bytes.
 *
 *     as_blobs *b = NULL;
 *     if (as_blobs_open(folder, true, &b, &err)) ...
 *     if (as_blob_put(b, source, &info, &err)) ...       reads the source to its end
 *     if (as_blob_open(b, info.sha256, &source, &err)) ...   and gives it back
 *     if (as_blob_read(b, sha256, begin, dst, n, &err)) ...  bytes out of its middle
 *
 * A blob is a zstd file: frames of AS_BLOB_FRAME bytes, so that any range costs at most
 * two frames, and the table of the "zstd seekable format" (a skippable frame) at its end.
 * `zstd -d` reads it. It is written under another name, synced and renamed: a blob that has
 * its name is whole.
 *
 * Depends on: base; zstd.  Threads: re-entrant; one folder may be written by many.
 */
#ifndef AS_BLOB_H
#define AS_BLOB_H

#include "base/hash.h"
#include "base/source.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_BLOB_FRAME ((size_t)256 << 10)
#define AS_BLOB_LEVEL 3

typedef struct as_blobs as_blobs;

typedef struct as_blob_info {
    uint8_t sha256[AS_SHA256_SIZE];
    uint64_t size;   /* unpacked */
    uint64_t stored; /* on disk */
    bool was_there;
} as_blob_info;

/* `create`: the folder is made if it is missing. */
as_code as_blobs_open(const char *folder, bool create, as_blobs **ret, as_err *err) AS_CHECKED;
void as_blobs_close(as_blobs *b);

/*
 * Keeps what `source` gives. Durable on return unless `later` is set: then
 * as_blobs_sync() makes all such durable. Fails as the source does, or AS_IO.
 */
as_code as_blob_put(as_blobs *b, as_source *source, bool later, as_blob_info *ret,
                    as_err *err) AS_CHECKED;
as_code as_blobs_sync(as_blobs *b, as_err *err) AS_CHECKED;

/* AS_NOT_FOUND: it is not there. AS_INVALID: it is damaged. */
as_code as_blob_open(as_blobs *b, const uint8_t sha256[AS_SHA256_SIZE], as_source **ret,
                     as_err *err) AS_CHECKED;
as_code as_blob_read(as_blobs *b, const uint8_t sha256[AS_SHA256_SIZE], uint64_t begin,
                     uint8_t *dst, size_t n, as_err *err) AS_CHECKED;

/* Unpacks and hashes it all. AS_OK, AS_NOT_FOUND, AS_INVALID. */
as_code as_blob_check(as_blobs *b, const uint8_t sha256[AS_SHA256_SIZE], as_blob_info *ret,
                      as_err *err) AS_CHECKED;
as_code as_blob_remove(as_blobs *b, const uint8_t sha256[AS_SHA256_SIZE], as_err *err) AS_CHECKED;

/* Each blob of the folder, and what a killed writer left there (`sha256` NULL, removed). */
typedef as_code as_blob_fn(void *ctx, const uint8_t *sha256, uint64_t stored, as_err *err);
as_code as_blobs_each(as_blobs *b, as_blob_fn *fn, void *ctx, as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif

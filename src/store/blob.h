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
 * `zstd -d` reads it. It lies at ab/<64 hex digits>.zst ("ab" being the first two of them),
 * and is written under another name, synced and renamed: a blob that has its name is whole.
 *
 * A damaged or foreign file is AS_INVALID, whatever is in it, and putting its content
 * again mends it.
 *
 * Depends on: base; zstd.  Threads: one as_blobs, one thread; many may write to one folder.
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

/* `create`: to write too; the folder is made if it is missing. Else AS_NOT_FOUND, AS_IO. */
as_code as_blobs_open(const char *folder, bool create, as_blobs **ret, as_err *err) AS_CHECKED;
void as_blobs_close(as_blobs *b);

/*
 * Keeps what `source` gives, from its first byte on: nobody may have read from it, but it
 * may have been peeked at. In memory is one frame. Durable on return unless `later` is set:
 * then as_blobs_sync() makes all such durable, and until then a crash of the machine (not
 * of the process) may damage them. One that is there stays, once it is seen to be whole.
 * Fails as the source does, or AS_IO.
 */
as_code as_blob_put(as_blobs *b, as_source *source, bool later, as_blob_info *ret,
                    as_err *err) AS_CHECKED;
as_code as_blobs_sync(as_blobs *b, as_err *err) AS_CHECKED;

/* What another as_blobs of the same folder put with `later` is this one's to sync. AS_NOMEM. */
as_code as_blobs_adopt(as_blobs *b, const uint8_t sha256[AS_SHA256_SIZE], as_err *err) AS_CHECKED;

/*
 * AS_NOT_FOUND: it is not there. AS_INVALID: it is damaged, or the range runs past its end.
 * A source outlives the blobs it is from. as_blob_read() keeps the last frame of the last
 * blob, so what lies side by side costs one.
 */
as_code as_blob_open(as_blobs *b, const uint8_t sha256[AS_SHA256_SIZE], as_source **ret,
                     as_err *err) AS_CHECKED;
as_code as_blob_read(as_blobs *b, const uint8_t sha256[AS_SHA256_SIZE], uint64_t begin,
                     uint8_t *dst, size_t n, as_err *err) AS_CHECKED;

/* Unpacks and hashes it all. AS_OK, AS_NOT_FOUND, AS_INVALID. */
as_code as_blob_check(as_blobs *b, const uint8_t sha256[AS_SHA256_SIZE], as_blob_info *ret,
                      as_err *err) AS_CHECKED;
as_code as_blob_remove(as_blobs *b, const uint8_t sha256[AS_SHA256_SIZE], as_err *err) AS_CHECKED;

/*
 * Each blob of the folder (`stored` bytes on disk; not looked into), after what killed writers
 * left there: `sha256` NULL, and removed by this, if the folder was opened with `create`. What
 * a living writer is at is let be, and so is what is none of ours. fn may remove the blob.
 */
typedef as_code as_blob_fn(void *ctx, const uint8_t *sha256, uint64_t stored, as_err *err);
as_code as_blobs_each(as_blobs *b, as_blob_fn *fn, void *ctx, as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif

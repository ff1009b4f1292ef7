/*
 * blob_priv - the form of a blob's file: zstd frames and the table that finds them.
 *
 * The "zstd seekable format" 0.1.0: independent frames, then a skippable frame with eight
 * bytes for each (packed and unpacked size) and a footer of nine (count, flags, magic), all
 * little endian. Checksums are those of the zstd frames themselves, so the table has none.
 *
 * Depends on: base; zstd.  Threads: one object, one thread.
 * Limits: AS_FRAMES_MAX frames, AS_FRAME_MAX bytes in one; more is AS_INVALID.
 */
#ifndef AS_BLOB_PRIV_H
#define AS_BLOB_PRIV_H

#include "store/blob.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_FRAMES_MAX (1u << 20)
#define AS_FRAME_MAX  ((size_t)8 << 20)

/* --- writing ---------------------------------------------------------------------------- */

typedef struct as_packer as_packer;

as_code as_packer_new(as_packer **ret, as_err *err) AS_CHECKED;
void as_packer_free(as_packer *p);

/*
 * All of `source` into `fd`, from where that stands. Fails as the source does; AS_IO: cannot
 * be written (`where` says so in the message).
 */
as_code as_packer_run(as_packer *p, int fd, const char *where, as_source *source,
                      uint64_t *ret_size, uint64_t *ret_stored, as_err *err) AS_CHECKED;

/* --- reading ---------------------------------------------------------------------------- */

typedef struct as_frames as_frames;

/*
 * Reads the table of what `fd` has; the result owns `fd`, but not on failure. `name` is for
 * messages. AS_INVALID: no whole blob, AS_IO, AS_NOMEM.
 */
as_code as_frames_open(int fd, const char *name, as_frames **ret, as_err *err) AS_CHECKED;
void as_frames_free(as_frames *f);

/* Takes over the memory of one that is not read any more, which stays whole but reads anew. */
void as_frames_inherit(as_frames *f, as_frames *from);

uint64_t as_frames_size(const as_frames *f);   /* unpacked */
uint64_t as_frames_stored(const as_frames *f); /* of the file */

/*
 * `n` unpacked bytes from `at` on. The last frame is kept, so neighbours cost nothing.
 * AS_INVALID: a frame is damaged, or the range runs past the end.
 */
as_code as_frames_read(as_frames *f, uint64_t at, uint8_t *dst, size_t n, as_err *err) AS_CHECKED;

/* Frames unpacked so far: what a read costs. */
uint64_t as_frames_unpacked(const as_frames *f);

#ifdef __cplusplus
}
#endif
#endif

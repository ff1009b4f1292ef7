/*
 * source - bytes from a file, standard input, memory or a stream, unpacked as they come.
 *
 *     as_source *s = NULL;
 *     if (as_source_open("report.json.gz", NULL, &s, &err)) ...
 *     while (!(rc = as_source_read(s, buf, sizeof buf, &got, &err)) && got)
 *         ...
 *     as_source_sha256(s, digest);         of the unpacked bytes read so far
 *     as_source_free(s);
 *
 * gzip is recognised by its magic 1f 8b, never by the name; several members
 * one after the other are one input (RFC 1952 section 2.2).
 *
 * Depends on: base, hash; zlib.  Threads: one source, one thread.
 * Limits: as_source_limits. A FIFO, a directory, a device and an unreadable
 * file are AS_REFUSED; standard input ("-") may be a pipe.
 */
#ifndef AS_SOURCE_H
#define AS_SOURCE_H

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct as_source as_source;

typedef struct as_source_limits {
    uint64_t unpacked_max; /* bytes delivered in all */
    uint32_t ratio_max;    /* unpacked / packed, once more than 64 MiB came out */
} as_source_limits;

/* 8 GiB and 400: DEFLATE itself ends at 1032, real reports stay under 60. */
#define AS_SOURCE_LIMITS_DEFAULT ((as_source_limits){(uint64_t)8 << 30, 400})

/* Opens `path`; "-" is standard input. NULL limits: the default. */
as_code as_source_open(const char *path, const as_source_limits *limits, as_source **ret,
                       as_err *err) AS_CHECKED;

/* Reads from memory (gzip too). `bytes` must live as long as the source. */
as_code as_source_open_bytes(as_bytes bytes, const as_source_limits *limits, as_source **ret,
                             as_err *err) AS_CHECKED;

/*
 * Up to `cap` raw bytes into dst, at least one unless the input is at its end. A
 * failure is the failure of the as_source_read() that led to it.
 */
typedef as_code as_read_fn(void *ctx, uint8_t *dst, size_t cap, size_t *ret_n, as_err *err);

/*
 * Reads what `read` gives (gzip too), for what is neither a file nor in memory.
 * `name` is copied; `ctx` must live as long as the source. `size` is that of the raw
 * bytes, for progress alone; 0: unknown. `read` is called here already.
 */
as_code as_source_open_stream(const char *name, as_read_fn *read, void *ctx, uint64_t size,
                              const as_source_limits *limits, as_source **ret,
                              as_err *err) AS_CHECKED;

/*
 * The same, but bytes that look like gzip stay as they are, and `done` (or NULL) is called
 * with `ctx` when the source is freed. On failure it is not.
 */
typedef void as_done_fn(void *ctx);
as_code as_source_open_plain(const char *name, as_read_fn *read, as_done_fn *done, void *ctx,
                             uint64_t size, as_source **ret, as_err *err) AS_CHECKED;

/*
 * Up to `cap` bytes into dst; *ret_n is 0 only at the end of the input. A gzip
 * stream that breaks off or fails its checksum is AS_INVALID (err->offset is the
 * byte of the unpacked input), one that grows too far AS_LIMIT.
 */
as_code as_source_read(as_source *s, uint8_t *dst, size_t cap, size_t *ret_n,
                       as_err *err) AS_CHECKED;

/*
 * All that is left, behind what *ret holds; of more than `most` bytes it stops when `ret` holds
 * more, and ret->n > most says so.
 */
as_code as_source_all(as_source *s, uint64_t most, as_buf *ret, as_err *err) AS_CHECKED;

/*
 * The first `want` bytes, or all if there are fewer, without taking them: they will
 * be read again. Only before the first read; the view lives until then. Peeked bytes
 * count as delivered for as_source_at() and the digest.
 */
as_code as_source_peek(as_source *s, size_t want, as_bytes *ret, as_err *err) AS_CHECKED;

void as_source_free(as_source *s);

/* Another name for messages and for who reads it: what a stream was called at first. AS_NOMEM. */
as_code as_source_rename(as_source *s, const char *name, as_err *err) AS_CHECKED;

const char *as_source_name(const as_source *s);   /* path, "-", "(memory)", a stream's own */
bool as_source_packed(const as_source *s);        /* true if it is gzip */
uint64_t as_source_at(const as_source *s);        /* unpacked bytes delivered */
uint64_t as_source_at_packed(const as_source *s); /* raw bytes consumed */
uint64_t as_source_size(const as_source *s);      /* raw size, 0 if unknown */

/*
 * Whether the delivered bytes are hashed (they are unless this says no). Hashing
 * takes about as long as parsing, so who needs no digest says so before reading.
 */
void as_source_hash(as_source *s, bool on);

/* SHA-256 of all bytes delivered so far; only of a source that hashes. */
void as_source_sha256(const as_source *s, uint8_t digest[32]);

#ifdef __cplusplus
}
#endif
#endif

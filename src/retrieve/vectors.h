/*
 * vectors - which of many vectors are nearest to one: exact, or by a graph (HNSW).
 *
 *     as_vectors *v = NULL;
 *     as_vectors_options o = {.dim = 384, .exact_max = 200000};
 *     if (as_vectors_open(folder, "all-MiniLM-L6-v2", &o, &v, &err)) ...
 *     if (as_vectors_put(v, chunk_id, vector, tags, &err)) ...
 *     if (as_vectors_commit(v, &err)) ...                  on disk from here on
 *     if (as_vectors_search(v, query, 10, &filter, hits, &n, &err)) ...
 *     as_vectors_close(v);
 *
 * Vectors are normalised when they are put (cosine is the inner product). Each is kept as
 * f32 (the truth) and as int8 with a scale of its own; the exact scan reads the int8 codes
 * with the widest SIMD of the machine, and the best candidates are ranked again in f32.
 * Above `exact_max` vectors an HNSW graph answers (built by hnswlib, searched here); vectors
 * that came after it are scanned. It is a cache: used only if its checksum and stamp are
 * right, and built by as_vectors_commit() when it is missing, damaged or lags too far behind.
 * Until then the exact scan answers. A filter that leaves few vectors is answered by the
 * exact scan over these.
 *
 * Depends on: base; hnswlib behind hnsw.h.
 * Threads: one handle for writing; searches may run in several threads beside each other,
 * not beside a put. Other processes may read beside the writer: they see what was committed
 * when they opened. On disk: docs/retrieval.md. What was committed survives kill -9 and a
 * torn write: records carry checksums, and the rest of a broken tail is cut off at the next
 * open.
 * Memory: 50 to 110 bytes a vector, and the files mapped; while a graph is built, another
 * dim + 300 bytes a vector.
 */
#ifndef AS_VECTORS_H
#define AS_VECTORS_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_VECTORS_DIM_MAX   4096u
#define AS_VECTORS_MAX       ((size_t)1 << 28)
#define AS_VECTORS_EXACT_MAX 200000u /* default of exact_max */
#define AS_VECTORS_HITS_MAX  10000u  /* k */

typedef struct as_vectors as_vectors;

/* What a vector can be filtered by; 0 in a filter is any. */
typedef struct as_vector_tags {
    int64_t sample;
    uint32_t tool, section; /* section: as_section + 1 */
    uint32_t lang;          /* as_lang + 1 */
} as_vector_tags;

typedef struct as_vectors_options {
    size_t dim;                      /* 0 when opening what is there already */
    size_t exact_max;                /* 0: the default */
    unsigned m, ef_construction, ef; /* of HNSW; 0: 16, 200, 128 */
    unsigned threads;                /* to build the graph with; 0: all processors */
    bool read_only;
} as_vectors_options;

typedef struct as_hit {
    int64_t id;
    float score; /* cosine */
} as_hit;

/*
 * `model` names the encoder; vectors of two are never mixed: another name or dimension
 * than what the folder has is AS_UNAVAILABLE, and so is a second writer. AS_NOT_FOUND:
 * read_only, and there is nothing. AS_INVALID: damaged, and what to do. AS_USAGE: no `dim`
 * for a new folder, or options out of range.
 */
as_code as_vectors_open(const char *folder, const char *model, const as_vectors_options *options,
                        as_vectors **ret, as_err *err) AS_CHECKED;
void as_vectors_close(as_vectors *v); /* what was not committed is dropped */

/* An id that is there already is replaced. AS_INVALID: not finite, or zero. */
as_code as_vectors_put(as_vectors *v, int64_t id, const float *vector, const as_vector_tags *tags,
                       as_err *err) AS_CHECKED;
as_code as_vectors_delete(as_vectors *v, int64_t id, as_err *err) AS_CHECKED; /* absent: AS_OK */

/*
 * On disk from AS_OK on. May take long: it rewrites the files when a third of the rows is
 * of deleted vectors, and builds or extends the graph when as_vectors_index() would. What
 * fails of these two leaves the commit as it is.
 */
as_code as_vectors_commit(as_vectors *v, as_err *err) AS_CHECKED;

/* Builds or extends the graph now, if there are more than exact_max; of what is committed. */
as_code as_vectors_index(as_vectors *v, as_err *err) AS_CHECKED;

/* Reads everything and compares it with its checksums. AS_INVALID: what is damaged. */
as_code as_vectors_check(const as_vectors *v, as_err *err) AS_CHECKED;

bool as_vectors_has(const as_vectors *v, int64_t id);
size_t as_vectors_count(const as_vectors *v);
size_t as_vectors_dim(const as_vectors *v);

/*
 * The k nearest, best first; ties by id. hits has room for k. NULL filter: all. AS_INVALID:
 * the query is not finite or zero, or a vector that was found is damaged on disk.
 */
as_code as_vectors_search(as_vectors *v, const float *query, size_t k, const as_vector_tags *filter,
                          as_hit *hits, size_t *ret_n, as_err *err) AS_CHECKED;

/* Exactly the k nearest in f32, whatever the size: what recall is measured against. */
as_code as_vectors_search_exact(as_vectors *v, const float *query, size_t k,
                                const as_vector_tags *filter, as_hit *hits, size_t *ret_n,
                                as_err *err) AS_CHECKED;

/* "exact" or "hnsw": what as_vectors_search() would use now without a filter. */
const char *as_vectors_engine(const as_vectors *v);

#ifdef __cplusplus
}
#endif
#endif

/*
 * peer_hnswlib - hnswlib as it comes, on f32: what bench_vectors compares with.
 *
 * Depends on: hnswlib.  Threads: one.
 */
#ifndef PEER_HNSWLIB_H
#define PEER_HNSWLIB_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct peer;

/* `n` vectors of length 1, built in `threads` (0: all). NULL: not for this processor. */
struct peer *peer_build(const float *all, size_t dim, size_t n, unsigned m,
                        unsigned ef_construction, unsigned threads);
size_t peer_search(struct peer *p, const float *query, size_t k, size_t ef, int64_t *ids);
void peer_free(struct peer *p);

#ifdef __cplusplus
}
#endif
#endif

/*
 * hnsw - makes the graph that graph.h searches, by hnswlib; private to retrieve.
 *
 *     as_hnsw_rows rows = {codes, scales, stride, scan->dot};
 *     if (as_hnsw_build(&rows, old, n, dead, m, ef, threads, &image, &err)) ...
 *     as_graph_image_free(&image);
 *
 * The shim around the one C++ library of the tree. hnswlib serves as a builder alone: its
 * own file is a memory image that must not be loaded unless it is trusted, its searches
 * know no filter, and deleted elements can leave an insertion without neighbours. So the
 * links come out as a plain table (graph.h), and go in again to be added to.
 *
 * No exception leaves. Depends on: base, graph; hnswlib.
 * Threads: one build, `threads` of its own; the rows must not change meanwhile.
 */
#ifndef AS_HNSW_H
#define AS_HNSW_H

#include "retrieve/graph.h"
#include "retrieve/scan.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct as_hnsw_rows {
    const int8_t *codes;
    const float *scales;
    size_t stride;
    as_dot_fn *dot;
} as_hnsw_rows;

/*
 * A graph of the rows below `n` that are not dead (dead: a byte for each row). `old`, if
 * any, is one of the first of them: its links are kept, what it lacks is added. AS_NOMEM;
 * AS_UNAVAILABLE: no thread.
 */
as_code as_hnsw_build(const as_hnsw_rows *rows, const as_graph *old, size_t n, const uint8_t *dead,
                      unsigned m, unsigned ef_construction, unsigned threads, as_graph_image *ret,
                      as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif

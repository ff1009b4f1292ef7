/*
 * graph - a navigable graph of rows (HNSW) as tables of numbers, and the search in it;
 * private to retrieve.
 *
 * `base` has for each row how many neighbours it has and room for 2 * m of them. The rows
 * of the upper levels are in `upper`, at upper_at[row] (0: on the base level alone): how
 * many levels, then for each of them, from the lowest, a count and room for m. All links
 * are checked when they are followed, so a damaged graph gives wrong neighbours at worst.
 *
 * Depends on: base, scan.  Threads: searches run beside each other.
 */
#ifndef AS_GRAPH_H
#define AS_GRAPH_H

#include "retrieve/scan.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_GRAPH_M_MAX     128u
#define AS_GRAPH_LEVEL_MAX 30u

typedef struct as_graph {
    const uint32_t *base;     /* (n, 1 + 2m) */
    const uint32_t *upper_at; /* (n) */
    const uint32_t *upper;    /* (upper_n); the first is not used */
    size_t n, upper_n;
    uint32_t m, entry, top; /* the row to begin with, and its highest level */
} as_graph;

/* A graph in memory of its own. */
typedef struct as_graph_image {
    as_graph graph;
    uint32_t *base, *upper_at, *upper;
} as_graph_image;

void as_graph_image_free(as_graph_image *image);

/* Words in a row of the base level, and of one upper level. */
static inline size_t as_graph_base_words(const as_graph *g)
{
    return 1 + (size_t)2 * g->m;
}

static inline size_t as_graph_upper_words(const as_graph *g)
{
    return 1 + (size_t)g->m;
}

/* The neighbours of a row on a level; NULL (n 0) if there are none or the table lies. */
const uint32_t *as_graph_links(const as_graph *g, size_t row, uint32_t level, uint32_t *ret_n);

/* How many levels above the base a row is on. */
uint32_t as_graph_levels(const as_graph *g, size_t row);

/* A row that was found. */
typedef struct as_near {
    float score;
    uint32_t row;
} as_near;

typedef bool as_admit_fn(const void *ctx, uint32_t row);

typedef struct as_graph_query {
    const int8_t *codes; /* of all rows */
    const float *scales;
    size_t stride;
    const as_scan *scan;
    const int8_t *query; /* a code */
    float query_scale;
    as_admit_fn *admit; /* what may be found; all are walked over */
    const void *admit_ctx;
    size_t ef;
    size_t visits_max; /* rows looked at before it gives up; 0: no limit */
} as_graph_query;

/*
 * The `ef` nearest that the graph leads to, in no order, in `found` (room for ef).
 * *ret_whole is false if it gave up. AS_NOMEM.
 */
as_code as_graph_search(const as_graph *g, const as_graph_query *q, as_near *found, size_t *ret_n,
                        bool *ret_whole, as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif

/*
 * vectors_priv - what the parts of vectors share: the log and the files of rows
 * (vectors_file.c), the handle and its tables (vectors.c), the search (vectors_search.c),
 * the file of the graph (vectors_graph.c).
 *
 * A row is a place in the files of vectors; rows are given out in order and never used
 * again, so a deleted or replaced vector leaves a dead row until the store is rewritten.
 */
#ifndef AS_VECTORS_PRIV_H
#define AS_VECTORS_PRIV_H

#include "base/buf.h"
#include "base/hash.h"
#include "retrieve/graph.h"
#include "retrieve/scan.h"
#include "retrieve/vectors.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_VECTORS_NONE UINT32_MAX

/* Vectors of the rows and the graph are used as they lie in the files. */
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the files of vectors are little-endian"
#endif

/* --- the log ------------------------------------------------------------------------------ */

#define AS_VLOG_HEADER    512u
#define AS_VLOG_ENTRY     64u
#define AS_VLOG_MODEL_MAX 400u

typedef struct as_vlog_header {
    uint64_t stamp; /* of this generation: names its files of rows */
    uint32_t dim;
    as_bytes model;
} as_vlog_header;

typedef enum as_vlog_op { AS_VLOG_PUT = 1, AS_VLOG_DELETE = 2, AS_VLOG_COMMIT = 3 } as_vlog_op;

typedef struct as_vlog_entry {
    as_vlog_op op;
    uint32_t row;
    int64_t id;
    as_vector_tags tags;
    float scale, error; /* of the code; the length of what it differs by */
    uint64_t sum;       /* of the f32 row */
} as_vlog_entry;

void as_vlog_header_put(const as_vlog_header *h, uint8_t to[AS_VLOG_HEADER]);
as_code as_vlog_header_get(as_bytes file, as_vlog_header *ret, as_err *err) AS_CHECKED;

/* Writes an entry and moves the chain on. A commit does not move it: it holds it. */
void as_vlog_entry_put(const as_vlog_entry *e, uint64_t *chain, uint8_t to[AS_VLOG_ENTRY]);
void as_vlog_commit_put(uint64_t stamp, uint64_t number, uint64_t chain, unsigned copy,
                        uint8_t to[AS_VLOG_ENTRY]);

typedef as_code as_vlog_fn(void *ctx, const as_vlog_entry *e, as_err *err);

typedef struct as_vlog_end {
    uint64_t bytes; /* of the file, up to and with the last commit */
    uint64_t chain;
    uint64_t puts; /* rows */
} as_vlog_end;

/* Looks for the last commit. AS_INVALID: broken before it. */
as_code as_vlog_check(as_bytes file, const as_vlog_header *h, as_vlog_end *ret,
                      as_err *err) AS_CHECKED;

/* Calls fn with each entry but commits of a log that was checked. */
as_code as_vlog_walk(as_bytes file, uint64_t stamp, const as_vlog_end *end, as_vlog_fn *fn,
                     void *ctx, as_err *err) AS_CHECKED;

/* Whether the entry is commit `number` of this log, and left this chain. */
bool as_vlog_committed(const uint8_t entry[AS_VLOG_ENTRY], uint64_t stamp, uint64_t number,
                       uint64_t chain);

/* --- rows in memory ----------------------------------------------------------------------- */

typedef struct as_vrow {
    int64_t id;
    uint64_t sum;
    uint32_t sample, kind;           /* groups */
    uint32_t sample_next, kind_next; /* the row before of the same group, or NONE */
    float error;
} as_vrow;

/* Rows with the same sample, or with the same tool, section and language. */
typedef struct as_vgroup {
    as_vector_tags tags; /* of a sample: the rest is 0; of a kind: sample is 0 */
    uint32_t last;       /* row, or NONE */
    uint32_t live;
} as_vgroup;

typedef struct as_vgroups {
    as_vgroup *p;
    size_t n, cap;
    uint32_t *slots; /* open addressing: group + 1 */
    size_t n_slots;  /* a power of two, or 0 */
} as_vgroups;

typedef struct as_vmap {
    int fd;
    const uint8_t *p;
    size_t mapped; /* address space; the file may be shorter */
    uint64_t size; /* bytes of the file that are ours */
} as_vmap;

/* One generation: what a log and its two files of rows say. */
typedef struct as_vset {
    uint64_t stamp;
    size_t dim, stride;
    int log_fd;
    uint64_t log_bytes; /* committed */
    uint64_t chain;     /* with what is pending */
    as_buf pending;     /* entries since the last commit */
    bool broken;        /* the disk failed: what it has is not known any more */
    as_vmap f32, i8;
    as_vrow *rows;
    float *scales;
    uint8_t *dead;
    size_t n, cap, live;
    float error_max;
    uint32_t *ids; /* open addressing: row + 1, of live rows */
    size_t n_ids;
    as_vgroups samples, kinds;
} as_vset;

typedef struct as_vgraph {
    as_vmap map;
    as_graph graph; /* n 0: there is none */
} as_vgraph;

struct as_vectors {
    as_vectors_options options; /* with the defaults filled in */
    bool m_given;               /* a graph of another m will not do */
    bool no_rewrite, no_graph;  /* it failed once: a commit does not try again */
    char model[AS_VLOG_MODEL_MAX + 1];
    int dir_fd, lock_fd;
    const as_scan *scan;
    as_vset set;
    as_vgraph graph;
};

/* --- vectors_file.c ------------------------------------------------------------------------ */

/* ".f32" and ".i8" files of a generation. */
#define AS_VNAME_MAX 32u
void as_vset_name(uint64_t stamp, const char *ending, char name[AS_VNAME_MAX]);

as_code as_vfile_write(int fd, uint64_t at, as_bytes bytes, as_err *err) AS_CHECKED;

/* Maps `size` bytes and room to grow. */
as_code as_vmap_open(int dir_fd, const char *name, uint64_t size, bool write, as_vmap *ret,
                     as_err *err) AS_CHECKED;
as_code as_vmap_grow(as_vmap *m, uint64_t size, as_err *err) AS_CHECKED; /* the mapping alone */
void as_vmap_close(as_vmap *m);

/* Makes an empty log and its files of rows under `name`, on disk. */
as_code as_vset_create(int dir_fd, const char *name, const as_vlog_header *h,
                       as_err *err) AS_CHECKED;

/* Opens the log called `name`. AS_NOT_FOUND: there is none. *ret_model lives as `model`. */
as_code as_vset_open(int dir_fd, const char *name, bool write, as_vset *ret,
                     char model[AS_VLOG_MODEL_MAX + 1], as_err *err) AS_CHECKED;
void as_vset_close(as_vset *s);

/* Writes what is pending and the mark that makes it count. */
as_code as_vset_commit(as_vset *s, as_err *err) AS_CHECKED;

/* A copy of the live rows as the log called `name`, on disk. */
as_code as_vset_rewrite(const as_vset *s, int dir_fd, const char *name, as_bytes model,
                        as_err *err) AS_CHECKED;

/* Removes files of rows of other generations and halves of files. */
void as_vset_sweep(int dir_fd, uint64_t keep);

/* --- vectors.c ---------------------------------------------------------------------------- */

/* Room for one more row, so that applying it cannot fail. */
as_code as_vset_room(as_vset *s, as_err *err) AS_CHECKED;
void as_vset_apply_put(as_vset *s, const as_vlog_entry *e);
void as_vset_apply_delete(as_vset *s, int64_t id);
uint32_t as_vset_find(const as_vset *s, int64_t id); /* row or NONE */
const as_vgroup *as_vgroups_find(const as_vgroups *g, const as_vector_tags *tags);

static inline const float *as_vset_f32(const as_vset *s, size_t row)
{
    return (const float *)(const void *)(s->f32.p + row * s->dim * sizeof(float));
}

static inline const int8_t *as_vset_codes(const as_vset *s, size_t row)
{
    return (const int8_t *)s->i8.p + row * s->stride;
}

/* A vector of length 1 in `unit`; false: not finite, or zero. */
bool as_vector_unit(const float *vector, size_t dim, float *unit);

/* The code of a unit vector; its scale and the length of what it differs by. */
void as_vector_quantize(const float *unit, size_t dim, size_t stride, int8_t *code,
                        float *ret_scale, float *ret_error);

/* In double, in one order on every machine. */
double as_vector_dot(const float *a, const float *b, size_t dim);

/* --- vectors_graph.c ------------------------------------------------------------------------ */

/* The graph on disk if it is whole and of these rows; else none. Never a failure. */
void as_vgraph_open(as_vectors *v);
void as_vgraph_close(as_vgraph *g);

/* Whether the graph is missing, or lags too far behind the rows. */
bool as_vgraph_due(const as_vectors *v);
as_code as_vgraph_build(as_vectors *v, as_err *err) AS_CHECKED;

/* The checksum of the whole file. AS_INVALID. */
as_code as_vgraph_check(const as_vectors *v, as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif

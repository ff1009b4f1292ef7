/*
 * eval_priv - private to cli: what the kinds of 'assay eval' share.
 *
 * Depends on: cli_priv.h, retrieve.  Threads: the main thread alone.
 */
#ifndef AS_EVAL_PRIV_H
#define AS_EVAL_PRIV_H

#include "cli/cli_priv.h"
#include "retrieve/judged.h"
#include "retrieve/metrics.h"
#include "retrieve/retrieve.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- stores (eval_store.c) ----------------------------------------------------------------- */

/* The folder `below` of --data or ASSAY_DATA, "/" behind it and a NUL that does not count. */
as_code as_eval_folder(const as_args *args, const char *below, as_buf *ret, as_err *err) AS_CHECKED;

/* The files that questions are about, each once, in the order in which they are named. */
typedef struct as_eval_paths {
    as_bytes *names;
    char **full; /* below the folder of reports, with a NUL */
    size_t n;
} as_eval_paths;

/* Finds p->full; what is missing is told before anything is added. */
as_code as_eval_paths_look(as_eval_paths *p, as_arena *a, as_bytes reports, as_err *err) AS_CHECKED;

/*
 * A store of these reports: below `folder`, where it stays and serves again, or (NULL) in the
 * temporary folder. *ret_status: what adding ended with, which has been told already.
 */
as_code as_eval_store_make(const char *folder, const char *file, as_eval_paths *p, as_buf *ret_home,
                           int *ret_status, as_err *err) AS_CHECKED;

/* A folder of its own in the temporary folder. */
as_code as_eval_store_temporary(as_buf *ret_home, as_err *err) AS_CHECKED;

/* Frees the name; a store that is not kept is gone. */
void as_eval_store_drop(const char *folder, as_buf *home);

/* --- retrieval (eval_retrieval.c) ---------------------------------------------------------- */

/* 'assay eval retrieval' with this encoder, or (NULL) none: the exit status. */
int as_eval_retrieval(const as_args *args, const as_encoder *encoder);

/* A question, what of the store is relevant to it, and where it may look. */
typedef struct as_eval_asked {
    as_bytes id, split, lang, kind, text;
    int64_t sample; /* 0: the whole store */
    size_t per_sample;
    size_t first, n; /* of as_eval_set.relevant */
} as_eval_asked;

/* A passage in one or two languages. */
typedef struct as_eval_relevant {
    int64_t chunk, twin; /* 0: none */
    double gain;
} as_eval_relevant;

/* Questions with the store they are asked of; all of it lives in the arena but the lists. */
typedef struct as_eval_set {
    const char *name; /* "judged", "cranfield" */
    as_arena *arena;
    const char *folder; /* --store: where the store is kept; NULL: nowhere */
    as_buf home;
    as_store *store;
    as_eval_asked *asked;
    size_t n_asked, cap_asked;
    as_eval_relevant *relevant; /* of each question, largest gain first */
    size_t n_relevant, cap_relevant;
} as_eval_set;

/*
 * Judged questions on descriptions (eval_judged.c), and a plain collection (eval_cranfield.c).
 * *ret_status: what has been told already.
 */
as_code as_eval_judged(const as_args *args, as_eval_set *ret, int *ret_status,
                       as_err *err) AS_CHECKED;
as_code as_eval_cranfield(const as_args *args, as_eval_set *ret, as_err *err) AS_CHECKED;

/* Appends to the lists. */
as_code as_eval_ask(as_eval_set *set, const as_eval_asked *asked, as_err *err) AS_CHECKED;
as_code as_eval_judge(as_eval_set *set, const as_eval_relevant *relevant, as_err *err) AS_CHECKED;

/* --- what came of it (eval_tell.c) ----------------------------------------------------------- */

/* id, name, exact, bm25, dense, child: which routes take part, with their weights */
#define AS_EVAL_RUN_MAP(X)                                                                         \
    X(EXACT, "exact", 1, 0, 0, 0)                                                                  \
    X(BM25, "bm25", 0, 1, 0, 0)                                                                    \
    X(DENSE, "dense", 0, 0, 1, 0)                                                                  \
    X(CHILD, "child", 0, 0, 0, 1)                                                                  \
    X(SPARSE, "all but dense", 1, 1, 0, 1)                                                         \
    X(ALL, "all", 1, 1, 1, 1)

typedef enum as_eval_run {
#define AS_X(id, name, exact, bm25, dense, child) AS_EVAL_##id,
    AS_EVAL_RUN_MAP(AS_X)
#undef AS_X
        AS_EVAL_RUN_COUNT
} as_eval_run;

#define AS_EVAL_DEPTH 100u /* passages of a list that are looked at */

/* What one run found of one question: relevant ones only. */
typedef struct as_eval_found {
    as_judged_hit *hits; /* best rank first */
    size_t n;
} as_eval_found;

typedef struct as_eval_results {
    const as_eval_set *set;
    const as_encoder *encoder;
    double weights[AS_ROUTE_COUNT];          /* of the fusions */
    as_eval_found *found[AS_EVAL_RUN_COUNT]; /* one of each question; NULL: it was not run */
} as_eval_results;

const char *as_eval_run_name(as_eval_run run);

as_code as_eval_tell(const as_eval_results *r, bool json, as_buf *out, as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif

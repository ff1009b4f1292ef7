/*
 * retrieve - what a description says, in pieces that can be found again.
 *
 *     options.chunks = as_chunks_make;                  pieces are made when a report is added
 *     if (as_store_add(store, source, &options, &added, &err)) ...
 *
 *     as_retriever_query q = {.text = question, .k = 8};
 *     as_retrieved *r = NULL;
 *     if (as_retrieve(store, &q, arena, &r, &err)) ...
 *     for (size_t i = 0; i < r->n; i++)
 *         ... r->passages[i].body, .marks, .evidence
 *
 * Several routes look for the question side by side, each in its own way, and their lists
 * are joined by rank. `trace` says which routes there were, what each found and how long
 * it took. The rules for pieces, routes and ranks are in docs/retrieval.md.
 *
 * Depends on: base, evidence, formats, describe, store.  Threads: as the store.
 * All texts are well-formed UTF-8 without hidden characters, but their words may be the
 * sample's own: they are shown, never obeyed.
 */
#ifndef AS_RETRIEVE_H
#define AS_RETRIEVE_H

#include "describe/describe.h"
#include "encode/encoder.h"
#include "retrieve/vectors.h"
#include "store/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- chunks ------------------------------------------------------------------------------ */

#define AS_CHUNK_TOKENS_AIM 350u /* a chunk is closed before the sentence that would pass it */
#define AS_CHUNK_OVERLAP    40u  /* tokens of the sentence before, where prose goes on */

/* What a description folds or cuts goes into rows. Beyond these it is counted and told. */
#define AS_CHUNK_ROW_MAX    8192u   /* bytes of one, rounded up; the rest is cut and says so */
#define AS_CHUNK_ROWS_MAX   100000u /* of one report */
#define AS_CHUNK_ROWS_BYTES ((uint64_t)16 << 20)

/* as_chunk.lang beside as_lang: rows and keywords, which are of no language. */
#define AS_CHUNK_LANG_ANY 2

/* as_chunk.trust: whose words the text is made of. */
#define AS_TRUST_OWN    0 /* our words and numbers */
#define AS_TRUST_TOOL   1 /* with names that the tool gave: signatures, families */
#define AS_TRUST_SAMPLE 2 /* with values that the sample chose */

/*
 * What a chunk is measured in, near what encoders count: a CJK character, a begun eight of
 * letters or digits, a run of other signs. No chunk is longer than twice the aim unless one
 * sentence or row alone is.
 */
size_t as_chunk_tokens(as_bytes text);

/* An as_chunks_fn of store.h; ctx is not used. AS_NOMEM, AS_LIMIT or what `put` says. */
as_code as_chunks_make(void *ctx, const as_analysis *a, as_chunk_put_fn *put, void *sink,
                       as_err *err) AS_CHECKED;

/* --- vectors ----------------------------------------------------------------------------- */

/* `made` of `all` vectors that were missing; called now and then. */
typedef void as_fill_tick_fn(void *ctx, size_t made, size_t all);

typedef struct as_fill_options {
    as_fill_tick_fn *on_tick; /* NULL: nobody watches */
    void *tick_ctx;
} as_fill_options;

/*
 * Gives a vector to every chunk of prose that has none; rows and keywords get none. `vectors`
 * is open for writing. What was made is committed now and then, so who is interrupted goes on
 * from there. options may be NULL. *ret_n (or NULL): how many were made.
 */
as_code as_retrieve_fill(as_store *s, const as_encoder *encoder, as_vectors *vectors,
                         const as_fill_options *options, size_t *ret_n, as_err *err) AS_CHECKED;

/* An encoder and the vectors that it made of the store; NULL: there is none. */
typedef struct as_dense {
    const as_encoder *encoder;
    as_vectors *vectors;
} as_dense;

/* Opens them when a search needs them: loading a model takes longer than many an answer. */
typedef as_code as_dense_fn(void *ctx, as_dense *ret, as_err *err);

/* The number by which a tool is filtered in vectors: never 0. */
uint32_t as_retrieve_tool_tag(as_bytes tool);

/* --- routes ------------------------------------------------------------------------------ */

/* id, name, weight in the fusion */
#define AS_ROUTE_MAP(X)                                                                            \
    X(EXACT, "exact", 3.0) /* a hash, an address, a path ... of the question stands in it */       \
    X(BM25, "bm25", 1.0)   /* words */                                                             \
    X(DENSE, "dense", 1.0) /* meaning: where there is an encoder */                                \
    X(CHILD, "child", 0.7) /* a summary or keywords that point at it */

typedef enum as_route {
#define AS_X(id, name, weight) AS_ROUTE_##id,
    AS_ROUTE_MAP(AS_X)
#undef AS_X
        AS_ROUTE_COUNT
} as_route;

const char *as_route_name(as_route route);
double as_route_weight(as_route route); /* in the fusion, unless a question has its own */

#define AS_RETRIEVE_K          8u
#define AS_RETRIEVE_K_MAX      1000u
#define AS_RETRIEVE_PER_SAMPLE 3u
#define AS_RETRIEVE_TEXT_MAX   ((size_t)64 << 10) /* bytes of a question: over it AS_LIMIT */

/* What is 0 or empty filters nothing. */
typedef struct as_retriever_query {
    as_bytes text;
    int64_t sample;
    as_bytes tool;    /* case folded */
    unsigned section; /* as_section + 1 */
    unsigned lang;    /* as_lang + 1; what is of no language passes */
    int64_t since_us; /* documents that were added since */
    size_t k;         /* passages; 0: AS_RETRIEVE_K */
    /* Of one sample, before all others had theirs; no bound if `sample` names it. 0: the default.
     */
    size_t per_sample;
    const as_encoder *encoder; /* NULL: no dense route */
    as_vectors *vectors;
    /* AS_ROUTE_COUNT, in place of the routes' own; a route of weight 0 does not run. NULL: none. */
    const double *weights;
} as_retriever_query;

typedef struct as_route_hit {
    uint32_t rank; /* from 1; 0: the route did not find it */
    double score;  /* the route's own: only the order means something */
} as_route_hit;

/* One base chunk. Ranges are bytes: of `body`, of the document. */
typedef struct as_passage {
    int64_t chunk, sample, doc;
    as_section section;
    uint8_t lang, trust;
    uint8_t doc_sha256[AS_SHA256_SIZE]; /* for as_evidence_id() */
    as_bytes tool, context, body;
    const as_range *marks; /* where words of the question stand; from left to right */
    size_t n_marks;
    as_range snippet;         /* the part of the body to show where there is little room */
    const as_range *evidence; /* in the order of the document, but */
    size_t n_evidence;
    size_t n_first; /* so many come first: of facts that have a value of the question */
    as_route_hit routes[AS_ROUTE_COUNT];
    double score;    /* fused */
    bool pinned;     /* the question's own value stands in it: before all others */
    as_bytes reason; /* one line, for a person: "exact: evil.example.com; bm25 #2" */
} as_passage;

typedef struct as_route_trace {
    bool ran;
    as_bytes note;     /* why not; or what it looked for */
    size_t candidates; /* that it looked at */
    size_t found;      /* that it handed to the fusion */
    uint64_t us;
} as_route_trace;

typedef struct as_retrieved {
    const as_passage *passages; /* best first */
    size_t n;
    size_t left_out; /* found, and not among them */
    as_bytes scope;  /* what was searched: "12 samples, 340 chunks" */
    as_route_trace routes[AS_ROUTE_COUNT];
    uint64_t us; /* all of it */
} as_retrieved;

/* Everything lives in the arena. Nothing found is AS_OK with n 0. */
as_code as_retrieve(as_store *s, const as_retriever_query *q, as_arena *arena, as_retrieved **ret,
                    as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif

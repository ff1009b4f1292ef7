/*
 * retrieve_priv - private to retrieve: one search on its way through the routes.
 *
 * Depends on: retrieve.h; search.h of store.  Threads: as the store.
 */
#ifndef AS_RETRIEVE_PRIV_H
#define AS_RETRIEVE_PRIV_H

#include "retrieve/retrieve.h"
#include "store/ioc.h"
#include "store/search.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_LIST_MAX   100u /* that a route hands to the fusion */
#define AS_CHILD_MAX  50u
#define AS_EXACT_MAX  32u   /* values of a question that are looked for exactly */
#define AS_EXACT_RARE 500.0 /* chunks: a value in more of them names nothing by itself */
#define AS_RRF_K      60.0

/* A value of the question. */
typedef struct as_wanted {
    as_bytes text; /* as the question has it */
    as_bytes norm; /* as terms are compared; {0}: only its words are known */
    bool looked;   /* up: then terms[] are its terms */
    int64_t terms[AS_TERM_COUNT];
    size_t n_terms;
    bool pins; /* it names one thing, so what holds it comes first; if it is rare */
} as_wanted;

/* One base chunk on its way; of twins, the one that will be shown. */
typedef struct as_lead {
    as_search_hit meta;
    as_route_hit routes[AS_ROUTE_COUNT];
    uint64_t wanted; /* bits of the wanted values that it has */
    uint8_t via;     /* role of the child that the child route came by */
    bool pinned, gone;
    double score;
    uint64_t ranks; /* sum: parts equal scores */
} as_lead;

typedef struct as_hunt {
    as_store *s;
    const as_retriever_query *q;
    as_arena *arena;
    as_err *err;
    as_search_filter filter;
    as_search_words words, exact;
    as_wanted wanted[AS_EXACT_MAX]; /* of each exact word */
    bool whole;                     /* the question is one value and nothing else */
    unsigned prefers;               /* as_lang that twins are shown in */
    as_lead *leads;
    size_t n_leads, cap_leads;
    void *tokens; /* room of passage.c */
    as_route_trace trace[AS_ROUTE_COUNT];
} as_hunt;

/* What the question says of the route, or else the route's own. */
double as_hunt_weight(const as_hunt *h, as_route route);

/* Values in `text` that are looked for exactly: h->exact, h->wanted, h->whole. In exact.c. */
as_code as_hunt_values(as_hunt *h) AS_CHECKED;

/* The routes that there are; each puts what it finds among the leads. In routes.c. */
as_code as_hunt_routes(as_hunt *h) AS_CHECKED;

/* Leads in the order in which they are shown, twins and near duplicates gone. In fuse.c. */
as_code as_hunt_fuse(as_hunt *h) AS_CHECKED;

/* The lead in full, with marks, a snippet and a reason. In passage.c. */
as_code as_hunt_passage(as_hunt *h, const as_lead *lead, as_passage *ret) AS_CHECKED;

/* Evidence of facts that have a value of the question comes first. In cite.c. */
as_code as_hunt_cite(as_hunt *h, const as_lead *lead, as_passage *p) AS_CHECKED;

/* Text and evidence alone; *ret_there false: it is gone. */
as_code as_hunt_load(as_hunt *h, int64_t id, as_passage *ret, bool *ret_there) AS_CHECKED;

/* printf into the arena; {0} without memory. */
as_bytes as_arena_printf(as_arena *a, const char *fmt, ...) AS_PRINTF(2, 3);

/* Monotonic microseconds. */
uint64_t as_hunt_now(void);

#ifdef __cplusplus
}
#endif
#endif

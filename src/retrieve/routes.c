#include "retrieve/retrieve_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

static const struct route_row {
    const char *name;
    double weight;
} rows[] = {
#define AS_X(id, name, weight) {name, weight},
    AS_ROUTE_MAP(AS_X)
#undef AS_X
};

const char *as_route_name(as_route route)
{
    return rows[route].name;
}

double as_route_weight(as_route route)
{
    return rows[route].weight;
}

double as_hunt_weight(const as_hunt *h, as_route route)
{
    return h->q->weights ? h->q->weights[route] : rows[route].weight;
}

/* False: the question wants nothing of it, and the trace says so. */
static bool is_wanted(as_hunt *h, as_route route)
{
    bool wanted = as_hunt_weight(h, route) > 0;

    if (!wanted)
        h->trace[route].note = AS_LITERAL("its weight is 0");
    return wanted;
}

uint64_t as_hunt_now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

as_bytes as_arena_printf(as_arena *a, const char *fmt, ...)
{
    char text[1024];
    as_bytes ret = {0};
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(text, sizeof(text), fmt, args); /* NOLINT(clang-analyzer-valist.*) */
    va_end(args);
    if (n < 0)
        return ret;
    if ((size_t)n >= sizeof(text))
        n = sizeof(text) - 1;
    if (as_arena_copy(a, (as_bytes){(const uint8_t *)text, (size_t)n}, &ret))
        ret = (as_bytes){0};
    return ret;
}

/* --- leads ---------------------------------------------------------------------------------- */

static as_lead *find_lead(as_hunt *h, int64_t id)
{
    for (size_t i = 0; i < h->n_leads; i++) {
        if (h->leads[i].meta.id == id)
            return &h->leads[i];
    }
    return NULL;
}

/* A lead that a route found already keeps its better rank. NULL: no memory. */
static as_lead *add_lead(as_hunt *h, const as_search_hit *meta, as_route route, double score)
{
    as_lead *lead = find_lead(h, meta->id);
    uint32_t rank = (uint32_t)++h->trace[route].found;

    if (!lead) {
        if (h->n_leads == h->cap_leads)
            return NULL;
        lead = &h->leads[h->n_leads++];
        lead->meta = *meta;
    }
    if (lead->routes[route].rank == 0)
        lead->routes[route] = (as_route_hit){rank, score};
    else
        h->trace[route].found--;
    return lead;
}

static as_code no_room(const as_hunt *h)
{
    return as_fail_nomem(h->err, "what a search found");
}

/* --- words ------------------------------------------------------------------------------------ */

static bool passes(const as_hunt *h, const as_search_hit *m)
{
    const as_search_filter *f = &h->filter;

    return (!f->sample || m->sample == f->sample) &&
           (!f->section || (unsigned)m->section + 1 == f->section);
}

/*
 * A child of no language points at the English chunk; fusion shows its Chinese twin where
 * that is wanted.
 */
static as_code add_child(as_hunt *h, const as_search_hit *child, as_route route, double score)
{
    as_search_hit parent;
    as_lead *lead;
    bool there = false;
    as_code rc;

    if (find_lead(h, child->parent) && find_lead(h, child->parent)->routes[route].rank)
        return AS_OK;
    rc = as_search_meta(h->s, child->parent, &parent, &there, h->err);
    if (rc || !there || parent.role != AS_CHUNK_BASE || !passes(h, &parent))
        return rc;
    lead = add_lead(h, &parent, route, score);
    if (!lead)
        return no_room(h);
    lead->via = child->role;
    return AS_OK;
}

static void note_found(as_hunt *h, as_route route, const as_search_found *found)
{
    h->trace[route].ran = true;
    h->trace[route].candidates = found->candidates;
}

static as_code take_words(as_hunt *h, const as_search_found *found)
{
    note_found(h, AS_ROUTE_BM25, found);
    for (size_t i = 0; i < found->n_base; i++) {
        if (!add_lead(h, &found->base[i], AS_ROUTE_BM25, found->base[i].score))
            return no_room(h);
    }
    h->trace[AS_ROUTE_BM25].note = as_arena_printf(
        h->arena, "%zu words%s", h->words.n,
        found->cut ? "; common words: not every chunk that has one was ranked" : "");
    return AS_OK;
}

static as_code take_children(as_hunt *h, const as_search_found *found)
{
    uint64_t begin = as_hunt_now();
    as_code rc = AS_OK;

    note_found(h, AS_ROUTE_CHILD, found);
    h->trace[AS_ROUTE_CHILD].candidates = found->n_child;
    for (size_t i = 0; !rc && i < found->n_child; i++)
        rc = add_child(h, &found->child[i], AS_ROUTE_CHILD, found->child[i].score);
    h->trace[AS_ROUTE_CHILD].us = as_hunt_now() - begin;
    h->trace[AS_ROUTE_CHILD].note = AS_LITERAL("found by the words above");
    return rc;
}

static as_code run_words(as_hunt *h)
{
    bool base = is_wanted(h, AS_ROUTE_BM25), child = is_wanted(h, AS_ROUTE_CHILD);
    as_search_limits limits = {.base = AS_LIST_MAX, .child = AS_CHILD_MAX};
    as_search_found found = {0};
    uint64_t begin = as_hunt_now();
    as_code rc = as_search_parse(h->q->text, h->arena, &h->words, h->err);

    if (rc || (!base && !child))
        return rc;
    if (h->words.n == 0) {
        h->trace[AS_ROUTE_BM25].note = h->trace[AS_ROUTE_CHILD].note =
            AS_LITERAL("the question has no words");
        return AS_OK;
    }
    rc = as_search_run(h->s, h->words.p, h->words.n, &h->filter, &limits, h->arena, &found, h->err);
    if (rc)
        return rc;
    rc = base ? take_words(h, &found) : AS_OK;
    if (base)
        h->trace[AS_ROUTE_BM25].us = as_hunt_now() - begin;
    return rc || !child ? rc : take_children(h, &found);
}

/* --- exact ----------------------------------------------------------------------------------- */

static bool pins(const as_hunt *h, uint64_t wanted)
{
    for (size_t i = 0; i < h->exact.n; i++) {
        if ((wanted >> i & 1) && h->wanted[i].pins &&
            (h->whole || h->filter.sample || h->exact.p[i].df <= AS_EXACT_RARE))
            return true;
    }
    return false;
}

/* More of the values first, then by score: insertion keeps equal ones in order. */
static void sort_exact(as_search_hit *p, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        as_search_hit hit = p[i];
        size_t at = i;

        while (at > 0 && __builtin_popcountll(p[at - 1].words) < __builtin_popcountll(hit.words)) {
            p[at] = p[at - 1];
            at--;
        }
        p[at] = hit;
    }
}

static as_code take_exact(as_hunt *h, as_search_found *found)
{
    as_code rc = AS_OK;

    sort_exact(found->base, found->n_base);
    for (size_t i = 0; i < found->n_base; i++) {
        as_lead *lead = add_lead(h, &found->base[i], AS_ROUTE_EXACT, found->base[i].score);

        if (!lead)
            return no_room(h);
        lead->wanted |= found->base[i].words;
        lead->pinned = lead->pinned || pins(h, found->base[i].words);
    }
    for (size_t i = 0; !rc && i < found->n_child; i++)
        rc = add_child(h, &found->child[i], AS_ROUTE_EXACT, found->child[i].score);
    return rc;
}

static as_code run_exact(as_hunt *h)
{
    as_search_limits limits = {.base = AS_LIST_MAX, .child = AS_CHILD_MAX};
    as_search_found found = {0};
    as_buf note = {0};
    as_code rc;

    if (!is_wanted(h, AS_ROUTE_EXACT))
        return AS_OK;
    if (h->exact.n == 0) {
        h->trace[AS_ROUTE_EXACT].note = AS_LITERAL("the question names no value");
        return AS_OK;
    }
    rc = as_search_run(h->s, h->exact.p, h->exact.n, &h->filter, &limits, h->arena, &found, h->err);
    if (rc)
        return rc;
    note_found(h, AS_ROUTE_EXACT, &found);
    for (size_t i = 0; i < h->exact.n; i++) {
        as_buf_text(&note, i > 0 ? ", " : "");
        as_buf_add(&note, h->wanted[i].text);
        as_buf_printf(&note, " (%s%.0f chunks)", h->exact.p[i].many ? "about " : "",
                      h->exact.p[i].df);
    }
    rc = note.failed ? AS_NOMEM
                     : as_arena_copy(h->arena, as_buf_bytes(&note), &h->trace[AS_ROUTE_EXACT].note);
    as_buf_done(&note);
    return rc ? no_room(h) : take_exact(h, &found);
}

/* --- dense ------------------------------------------------------------------------------------ */

static as_code dense_hit(as_hunt *h, const as_hit *hit)
{
    as_search_hit meta;
    bool there = false, may = true;
    as_code rc = as_search_meta(h->s, hit->id, &meta, &there, h->err);

    if (!rc && there && (h->filter.since_us || h->filter.tool.n))
        rc = as_search_passes(h->s, meta.doc, &h->filter, &may, h->err);
    if (rc || !there || !may || !passes(h, &meta))
        return rc;
    if (meta.role != AS_CHUNK_BASE)
        return add_child(h, &meta, AS_ROUTE_DENSE, (double)hit->score);
    return add_lead(h, &meta, AS_ROUTE_DENSE, (double)hit->score) ? AS_OK : no_room(h);
}

static as_code ask_vectors(as_hunt *h, as_hit *hits, size_t *ret_n)
{
    const as_encoder *e = h->q->encoder;
    float *vector = as_arena_take(h->arena, e->dim, sizeof(*vector));
    as_vector_tags tags = {.sample = h->filter.sample,
                           .section = h->filter.section,
                           .lang = h->filter.lang,
                           .tool = h->filter.tool.n ? as_retrieve_tool_tag(h->filter.tool) : 0};
    as_code rc;

    if (!vector)
        return no_room(h);
    rc = e->queries(e->ctx, &h->q->text, 1, vector, h->err);
    return rc ? rc
              : as_vectors_search(h->q->vectors, vector, AS_LIST_MAX, &tags, hits, ret_n, h->err);
}

static as_code run_dense(as_hunt *h)
{
    as_route_trace *t = &h->trace[AS_ROUTE_DENSE];
    as_hit *hits = as_arena_take(h->arena, AS_LIST_MAX, sizeof(*hits));
    size_t n = 0;
    as_code rc;

    if (!is_wanted(h, AS_ROUTE_DENSE))
        return AS_OK;
    if (!h->q->encoder || !h->q->vectors) {
        t->note = h->q->encoder ? AS_LITERAL("no vectors were made yet")
                                : AS_LITERAL("no text encoder is configured");
        return AS_OK;
    }
    if (!hits)
        return no_room(h);
    rc = ask_vectors(h, hits, &n);
    if (rc == AS_UNAVAILABLE) { /* the other routes still answer */
        t->note =
            as_arena_printf(h->arena, "the encoder does not answer: %s", h->err ? h->err->msg : "");
        return AS_OK;
    }
    t->ran = true;
    t->candidates = n;
    t->note =
        as_arena_printf(h->arena, "%s, %s", h->q->encoder->name, as_vectors_engine(h->q->vectors));
    for (size_t i = 0; !rc && i < n; i++) {
        if (hits[i].score >= h->q->encoder->floor)
            rc = dense_hit(h, &hits[i]);
    }
    return rc;
}

/* --- all ----------------------------------------------------------------------------------------
 */

static as_code timed(as_hunt *h, as_route route, as_code (*run)(as_hunt *h))
{
    uint64_t begin = as_hunt_now();
    as_code rc = run(h);

    h->trace[route].us = as_hunt_now() - begin;
    return rc;
}

as_code as_hunt_routes(as_hunt *h)
{
    static const as_route others[] = {AS_ROUTE_BM25, AS_ROUTE_CHILD, AS_ROUTE_DENSE};
    as_code rc;

    h->cap_leads = 3 * (size_t)AS_LIST_MAX + 2 * (size_t)AS_CHILD_MAX;
    h->leads = as_arena_take(h->arena, h->cap_leads, sizeof(*h->leads));
    if (!h->leads)
        return no_room(h);
    rc = timed(h, AS_ROUTE_EXACT, run_exact);
    if (!rc && h->whole && h->n_leads > 0) {
        for (size_t i = 0; i < AS_COUNT(others); i++)
            h->trace[others[i]].note = AS_LITERAL("the question is one value, and it was found");
        return AS_OK;
    }
    if (!rc)
        rc = run_words(h);
    return rc ? rc : timed(h, AS_ROUTE_DENSE, run_dense);
}

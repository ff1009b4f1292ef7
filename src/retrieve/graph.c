#include "retrieve/graph.h"

#include <string.h>

#include "base/banned.h"

/* Rows whose codes are fetched ahead of the one that is looked at. */
#define AHEAD 4u

void as_graph_image_free(as_graph_image *image)
{
    as_mem_free(image->base);
    as_mem_free(image->upper_at);
    as_mem_free(image->upper);
    *image = (as_graph_image){0};
}

uint32_t as_graph_levels(const as_graph *g, size_t row)
{
    size_t at = row < g->n ? g->upper_at[row] : 0;

    if (at == 0 || at >= g->upper_n || g->upper[at] > AS_GRAPH_LEVEL_MAX ||
        g->upper[at] * as_graph_upper_words(g) >= g->upper_n - at)
        return 0;
    return g->upper[at];
}

const uint32_t *as_graph_links(const as_graph *g, size_t row, uint32_t level, uint32_t *ret_n)
{
    const uint32_t *links;
    uint32_t most = level ? g->m : 2 * g->m;

    *ret_n = 0;
    if (row >= g->n || (level && level > as_graph_levels(g, row)))
        return NULL;
    if (level)
        links = g->upper + g->upper_at[row] + 1 + (level - 1) * as_graph_upper_words(g);
    else
        links = g->base + row * as_graph_base_words(g);
    *ret_n = links[0] < most ? links[0] : most;
    return *ret_n ? links + 1 : NULL;
}

/* --- two heaps: the worst of what was found, the best of what is to be followed --------- */

struct heap {
    as_near *p;
    size_t n, cap;
    float sign; /* the least of sign * score is on top */
};

static bool before(const struct heap *h, as_near a, as_near b)
{
    return h->sign * a.score < h->sign * b.score;
}

static void sift_up(struct heap *h, size_t at)
{
    as_near x = h->p[at];

    while (at > 0 && before(h, x, h->p[(at - 1) / 2])) {
        h->p[at] = h->p[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    h->p[at] = x;
}

/* Puts x where the top was. */
static void replace_top(struct heap *h, as_near x)
{
    size_t at = 0, child;

    while ((child = 2 * at + 1) < h->n) {
        if (child + 1 < h->n && before(h, h->p[child + 1], h->p[child]))
            child++;
        if (!before(h, h->p[child], x))
            break;
        h->p[at] = h->p[child];
        at = child;
    }
    h->p[at] = x;
}

static void push(struct heap *h, as_near x)
{
    h->p[h->n++] = x;
    sift_up(h, h->n - 1);
}

static as_near pop(struct heap *h)
{
    as_near top = h->p[0];

    h->n--;
    if (h->n)
        replace_top(h, h->p[h->n]);
    return top;
}

/* --- the walk ----------------------------------------------------------------------------- */

struct walk {
    const as_graph *g;
    const as_graph_query *q;
    uint64_t *seen; /* a bit for each row */
    size_t visits;
    struct heap found, open;
};

static float score_of(const as_graph_query *q, uint32_t row)
{
    int32_t dot = q->scan->dot(q->codes + row * q->stride, q->query, q->stride);

    return (float)dot * q->scales[row] * q->query_scale;
}

static void fetch(const as_graph_query *q, uint32_t row)
{
    const int8_t *code = q->codes + row * q->stride;

    for (size_t i = 0; i < q->stride; i += 64)
        __builtin_prefetch(code + i);
}

/* From the top to the level above the base, always to the nearest neighbour. */
static as_near descend(const as_graph *g, const as_graph_query *q)
{
    as_near best = {score_of(q, g->entry), g->entry};

    for (uint32_t level = g->top; level > 0; level--) {
        for (uint32_t from = UINT32_MAX; from != best.row;) {
            uint32_t n = 0;
            const uint32_t *links = as_graph_links(g, best.row, level, &n);

            from = best.row;
            for (uint32_t i = 0; i < n; i++) {
                as_near next = {0, links[i]};

                if (next.row >= g->n)
                    continue;
                next.score = score_of(q, next.row);
                if (next.score > best.score)
                    best = next;
            }
        }
    }
    return best;
}

static bool see(struct walk *w, uint32_t row)
{
    uint64_t bit = (uint64_t)1 << (row & 63);

    if (w->seen[row >> 6] & bit)
        return false;
    w->seen[row >> 6] |= bit;
    w->visits++;
    return true;
}

static as_code take(struct walk *w, as_near x, as_err *err)
{
    const as_graph_query *q = w->q;
    bool full = w->found.n == q->ef;

    if (full && !(x.score > w->found.p[0].score))
        return AS_OK;
    if (!as_mem_room((void **)&w->open.p, &w->open.cap, w->open.n, sizeof(as_near)))
        return as_fail_nomem(err, "a search");
    push(&w->open, x);
    if (!q->admit(q->admit_ctx, x.row))
        return AS_OK;
    if (full)
        replace_top(&w->found, x);
    else
        push(&w->found, x);
    return AS_OK;
}

static as_code follow(struct walk *w, uint32_t row, as_err *err)
{
    uint32_t fresh[2 * AS_GRAPH_M_MAX], n_fresh = 0, n = 0;
    const uint32_t *links = as_graph_links(w->g, row, 0, &n);
    as_code rc = AS_OK;

    for (uint32_t i = 0; i < n; i++)
        if (links[i] < w->g->n && see(w, links[i]))
            fresh[n_fresh++] = links[i];
    for (uint32_t i = 0; i < n_fresh && i < AHEAD; i++)
        fetch(w->q, fresh[i]);
    for (uint32_t i = 0; !rc && i < n_fresh; i++) {
        if (i + AHEAD < n_fresh)
            fetch(w->q, fresh[i + AHEAD]);
        rc = take(w, (as_near){score_of(w->q, fresh[i]), fresh[i]}, err);
    }
    return rc;
}

as_code as_graph_search(const as_graph *g, const as_graph_query *q, as_near *found, size_t *ret_n,
                        bool *ret_whole, as_err *err)
{
    struct walk w = {.g = g, .q = q, .found = {found, 0, q->ef, 1}, .open = {.sign = -1}};
    bool whole = true;
    as_near first;
    as_code rc;

    w.seen = as_mem_zero((g->n + 63) / 64, sizeof(*w.seen));
    if (!w.seen)
        return as_fail_nomem(err, "a search");
    first = descend(g, q);
    (void)see(&w, first.row);
    rc = take(&w, first, err);
    while (!rc && w.open.n) {
        as_near next = pop(&w.open);

        if (w.found.n == q->ef && next.score < w.found.p[0].score)
            break;
        if (q->visits_max && w.visits > q->visits_max) {
            whole = false;
            break;
        }
        rc = follow(&w, next.row, err);
    }
    as_mem_free(w.seen);
    as_mem_free(w.open.p);
    if (rc)
        return rc;
    *ret_n = w.found.n;
    *ret_whole = whole;
    return AS_OK;
}

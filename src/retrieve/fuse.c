#include "base/hash.h"
#include "retrieve/retrieve_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Reciprocal ranks, twins as one, near duplicates and too many of one sample left out. */

#define TWINS_MAX   64u /* leads, from the best, whose twins are looked for */
#define SHINGLE_MAX 512u
#define NEAR        0.9 /* of the words of two passages of one sample: they say the same */

/* --- ranks ---------------------------------------------------------------------------------- */

static void score_lead(const as_hunt *h, as_lead *lead)
{
    lead->score = 0;
    lead->ranks = 0;
    for (unsigned r = 0; r < AS_ROUTE_COUNT; r++) {
        uint32_t rank = lead->routes[r].rank;

        if (rank)
            lead->score += as_hunt_weight(h, (as_route)r) / (AS_RRF_K + rank);
        lead->ranks += rank ? rank : AS_LIST_MAX + 1;
    }
}

static int by_rank(const void *x, const void *y)
{
    const as_lead *a = x, *b = y;
    int more;

    if (a->gone != b->gone)
        return a->gone ? 1 : -1;
    if (a->pinned != b->pinned)
        return a->pinned ? -1 : 1;
    more = a->pinned ? __builtin_popcountll(b->wanted) - __builtin_popcountll(a->wanted) : 0;
    if (more)
        return more;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (a->ranks != b->ranks)
        return a->ranks < b->ranks ? -1 : 1;
    return (a->meta.id > b->meta.id) - (a->meta.id < b->meta.id);
}

static void rank_leads(as_hunt *h)
{
    for (size_t i = 0; i < h->n_leads; i++)
        score_lead(h, &h->leads[i]);
    if (h->n_leads > 1)
        qsort(h->leads, h->n_leads, sizeof(*h->leads), by_rank);
}

/* --- twins --------------------------------------------------------------------------------- */

/* The same in the other language is written next to it. */
static int64_t twin_id(const as_search_hit *meta)
{
    return meta->lang == AS_LANG_EN ? meta->id + 1 : meta->id - 1;
}

static as_lead *lead_of(as_hunt *h, int64_t id)
{
    for (size_t i = 0; i < h->n_leads; i++) {
        if (h->leads[i].meta.id == id && !h->leads[i].gone)
            return &h->leads[i];
    }
    return NULL;
}

static void merge(as_lead *into, as_lead *from)
{
    for (unsigned r = 0; r < AS_ROUTE_COUNT; r++) {
        as_route_hit *a = &into->routes[r], b = from->routes[r];

        if (b.rank && (!a->rank || b.rank < a->rank))
            *a = b;
    }
    into->wanted |= from->wanted;
    into->pinned = into->pinned || from->pinned;
    into->via = into->via ? into->via : from->via;
    from->gone = true;
}

static as_code join_twin(as_hunt *h, as_lead *lead)
{
    unsigned wants = h->filter.lang ? h->filter.lang - 1 : h->prefers;
    as_search_hit meta = lead->meta;
    as_lead *other = lead_of(h, twin_id(&meta));
    bool twins = false, there = false;
    as_code rc = AS_OK;

    if (other || meta.lang != wants)
        rc = as_search_twins(h->s, meta.id, twin_id(&meta), &twins, h->err);
    if (!rc && twins && other && meta.lang == wants)
        merge(lead, other);
    else if (!rc && twins && other)
        merge(other, lead);
    else if (!rc && twins && meta.lang != wants)
        rc = as_search_meta(h->s, twin_id(&lead->meta), &lead->meta, &there, h->err);
    else if (!rc && h->filter.lang && meta.lang != wants)
        lead->gone = true; /* there is none in that language */
    return rc;
}

static as_code join_twins(as_hunt *h)
{
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < h->n_leads && i < TWINS_MAX; i++) {
        as_lead *lead = &h->leads[i];

        if (!lead->gone && lead->meta.lang != AS_CHUNK_LANG_ANY)
            rc = join_twin(h, lead);
    }
    return rc;
}

/* --- near duplicates ------------------------------------------------------------------------- */

/* Hashes of the words of a passage, each once, in order. */
typedef struct shingle {
    uint64_t *p;
    size_t n;
    int64_t sample;
} shingle;

static int by_value(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

    return (a > b) - (a < b);
}

static bool parts_words(uint8_t c)
{
    return c <= ' ' || (c < 0x80 && strchr(".,;:()[]\"'", c) != NULL);
}

static as_code make_shingle(as_hunt *h, as_bytes body, shingle *ret)
{
    size_t n = 0, kept = 0;

    ret->p = as_arena_take(h->arena, SHINGLE_MAX, sizeof(*ret->p));
    if (!ret->p)
        return as_fail_nomem(h->err, "what a search found");
    for (size_t from = 0, at = 0; at <= body.n && n < SHINGLE_MAX; at++) {
        if (at < body.n && !parts_words(body.p[at]))
            continue;
        if (at > from)
            ret->p[n++] = as_hash64((as_bytes){body.p + from, at - from}, 0);
        from = at + 1;
    }
    if (n > 1)
        qsort(ret->p, n, sizeof(*ret->p), by_value);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || ret->p[kept - 1] != ret->p[i])
            ret->p[kept++] = ret->p[i];
    }
    ret->n = kept;
    return AS_OK;
}

static double alike(const shingle *a, const shingle *b)
{
    size_t i = 0, j = 0, both = 0;

    while (i < a->n && j < b->n) {
        both += a->p[i] == b->p[j];
        if (a->p[i] == b->p[j]) {
            i++;
            j++;
        } else if (a->p[i] < b->p[j]) {
            i++;
        } else {
            j++;
        }
    }
    return a->n + b->n > both ? (double)both / (double)(a->n + b->n - both) : 1.0;
}

/* Of another sample, what reads the same is another finding where the question names it. */
static bool says_nothing_new(const as_lead *lead, const shingle *one, const shingle *kept, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double share = alike(one, &kept[i]);

        if (kept[i].sample == one->sample ? share >= NEAR : share >= 1.0 && !lead->pinned)
            return true;
    }
    return false;
}

/* --- what is shown -------------------------------------------------------------------------------
 */

static size_t of_sample(const shingle *kept, size_t n, int64_t sample)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += kept[i].sample == sample;
    return count;
}

typedef struct choice {
    shingle *kept;
    size_t n, k, per_sample; /* per_sample 0: any number */
    bool *chosen;            /* by place among the leads */
} choice;

static as_code consider(as_hunt *h, choice *c, size_t i)
{
    const as_lead *lead = &h->leads[i];
    as_passage text = {0};
    shingle one = {0};
    bool there = false;
    as_code rc;

    if (lead->gone || c->chosen[i] || c->n == c->k ||
        (c->per_sample && of_sample(c->kept, c->n, lead->meta.sample) >= c->per_sample))
        return AS_OK;
    rc = as_hunt_load(h, lead->meta.id, &text, &there);
    if (rc || !there)
        return rc;
    rc = make_shingle(h, text.body, &one);
    one.sample = lead->meta.sample;
    if (rc || says_nothing_new(lead, &one, c->kept, c->n))
        return rc;
    c->kept[c->n++] = one;
    c->chosen[i] = true;
    return AS_OK;
}

/*
 * Leads that are not to be shown are gone. A sample has a few places; what the others leave
 * empty it may fill with more.
 */
static as_code choose(as_hunt *h, size_t k, size_t per_sample)
{
    choice c = {as_arena_take(h->arena, k, sizeof(*c.kept)), 0, k, per_sample,
                as_arena_take(h->arena, h->n_leads + 1, sizeof(*c.chosen))};
    as_code rc = c.kept && c.chosen ? AS_OK : as_fail_nomem(h->err, "what a search found");

    for (size_t i = 0; !rc && i < h->n_leads; i++)
        rc = consider(h, &c, i);
    c.per_sample = 0;
    for (size_t i = 0; !rc && i < h->n_leads && c.n < k; i++)
        rc = consider(h, &c, i);
    for (size_t i = 0; !rc && i < h->n_leads; i++)
        h->leads[i].gone = !c.chosen[i];
    return rc;
}

as_code as_hunt_fuse(as_hunt *h)
{
    size_t k = h->q->k ? h->q->k : AS_RETRIEVE_K;
    size_t per = h->q->per_sample ? h->q->per_sample : AS_RETRIEVE_PER_SAMPLE;
    as_code rc;

    if (k > AS_RETRIEVE_K_MAX)
        k = AS_RETRIEVE_K_MAX;
    rank_leads(h);
    rc = join_twins(h);
    if (rc)
        return rc;
    rank_leads(h);
    rc = choose(h, k, h->filter.sample ? 0 : per);
    rank_leads(h);
    return rc;
}

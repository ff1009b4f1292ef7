#include "formats/formats_priv.h"

#include "base/hash.h"

#include <string.h>

#include "base/banned.h"

/*
 * API calls counted by process and by API; the counts become facts. Where a report
 * has one list of calls for each process there is one group at a time; where the calls
 * of all processes come mixed there are many.
 */

#define APIS_MAX 4096 /* distinct ones in one process; Windows has them, malware does not */
#define ROWS_MAX ((size_t)1 << 20) /* of all processes together; beyond, only the totals go on */

/* Of every call another, so only the last becomes a text of the facts. */
#define TIME_MAX 48

struct row {
    uint32_t group;
    uint32_t next; /* of the same group: 1 + index */
    as_str api, category;
    uint64_t count, failed;
    as_evidence first; /* the first call */
};

struct group {
    uint32_t process;
    uint32_t head, tail; /* rows in the order of their first calls: 1 + index */
    uint32_t n;
    uint64_t calls, failed;
    as_str first_time, last_long; /* last_long: of a time that is longer than TIME_MAX */
    uint8_t last_time[TIME_MAX];
    size_t last_time_n;
    as_evidence first, last;
};

/* Open addressing: 1 + index, 0 is free. */
struct index {
    uint32_t *slots;
    size_t mask;
};

struct as_counts {
    struct row *rows;
    struct group *groups;
    size_t n_rows, cap_rows, n_groups, cap_groups;
    struct index by_api, by_process;
};

void as_counts_free(struct as_counts *c)
{
    if (!c)
        return;
    as_mem_free(c->rows);
    as_mem_free(c->groups);
    as_mem_free(c->by_api.slots);
    as_mem_free(c->by_process.slots);
    as_mem_free(c);
}

static void clear(struct index *x)
{
    if (x->slots)
        memset(x->slots, 0, (x->mask + 1) * sizeof(*x->slots));
}

static void reset(struct as_counts *c)
{
    c->n_rows = c->n_groups = 0;
    clear(&c->by_api);
    clear(&c->by_process);
}

/* All bits of both must reach the lowest, which choose the slot. */
static size_t hash(uint32_t a, uint32_t b)
{
    uint64_t key = (uint64_t)a << 32 | b;

    return (size_t)as_hash64((as_bytes){(const uint8_t *)&key, sizeof(key)}, 0);
}

static void put_slot(struct index *x, size_t at, uint32_t value)
{
    for (at &= x->mask; x->slots[at]; at = (at + 1) & x->mask)
        ;
    x->slots[at] = value;
}

/* Room for one more of `n` entries at half load. False: no memory. */
static bool grow_index(struct index *x, size_t n, bool *ret_moved)
{
    size_t size = x->slots ? x->mask + 1 : 0;
    uint32_t *slots;

    *ret_moved = false;
    if ((n + 1) * 2 <= size)
        return true;
    size = size ? size * 2 : 256;
    slots = as_mem_zero(size, sizeof(*slots));
    if (!slots)
        return false;
    as_mem_free(x->slots);
    *x = (struct index){slots, size - 1};
    *ret_moved = true;
    return true;
}

static struct group *group_of(struct as_counts *c, uint32_t process)
{
    size_t at = hash(process, 0);
    void *groups = c->groups;
    bool moved;

    for (; c->by_process.slots && c->by_process.slots[at & c->by_process.mask]; at++) {
        struct group *g = &c->groups[c->by_process.slots[at & c->by_process.mask] - 1];

        if (g->process == process)
            return g;
    }
    if (!as_mem_room(&groups, &c->cap_groups, c->n_groups, sizeof(*c->groups)))
        return NULL;
    c->groups = groups;
    if (!grow_index(&c->by_process, c->n_groups, &moved))
        return NULL;
    for (size_t i = 0; moved && i < c->n_groups; i++)
        put_slot(&c->by_process, hash(c->groups[i].process, 0), (uint32_t)i + 1);
    c->groups[c->n_groups] = (struct group){.process = process};
    put_slot(&c->by_process, hash(process, 0), (uint32_t)++c->n_groups);
    return &c->groups[c->n_groups - 1];
}

static struct row *find_row(const struct as_counts *c, uint32_t group, as_str api)
{
    size_t at = hash(group + 1, api);

    for (; c->by_api.slots && c->by_api.slots[at & c->by_api.mask]; at++) {
        struct row *r = &c->rows[c->by_api.slots[at & c->by_api.mask] - 1];

        if (r->api == api && r->group == group)
            return r;
    }
    return NULL;
}

/* NULL: no memory. Only for an API that the group has not got. */
static struct row *add_row(struct as_counts *c, struct group *g, as_str api)
{
    uint32_t group = (uint32_t)(g - c->groups);
    void *rows = c->rows;
    bool moved;

    if (!as_mem_room(&rows, &c->cap_rows, c->n_rows, sizeof(*c->rows)))
        return NULL;
    c->rows = rows;
    if (!grow_index(&c->by_api, c->n_rows, &moved))
        return NULL;
    for (size_t i = 0; moved && i < c->n_rows; i++)
        put_slot(&c->by_api, hash(c->rows[i].group + 1, c->rows[i].api), (uint32_t)i + 1);
    c->rows[c->n_rows] = (struct row){.group = group, .api = api};
    put_slot(&c->by_api, hash(group + 1, api), (uint32_t)++c->n_rows);
    if (g->tail)
        c->rows[g->tail - 1].next = (uint32_t)c->n_rows;
    else
        g->head = (uint32_t)c->n_rows;
    g->tail = (uint32_t)c->n_rows;
    g->n++;
    return &c->rows[c->n_rows - 1];
}

as_code as_counts_flush(as_walk *w, size_t max, as_err *err)
{
    as_code rc;

    if (w->counts->n_groups <= max)
        return AS_OK;
    rc = as_counts_put(w, NULL, err);
    return rc ? rc : as_counts_begin(w, err);
}

as_code as_counts_begin(as_walk *w, as_err *err)
{
    if (!w->counts)
        w->counts = as_mem_zero(1, sizeof(*w->counts));
    if (!w->counts)
        return as_fail_nomem(err, "the API calls of a report");
    reset(w->counts);
    return AS_OK;
}

static as_code count_row(struct as_counts *c, struct group *g, const as_call *call, as_str api,
                         as_str category, const as_evidence *e, as_err *err)
{
    struct row *r = find_row(c, (uint32_t)(g - c->groups), api);

    if (!r && (g->n >= APIS_MAX || c->n_rows >= ROWS_MAX))
        return AS_OK; /* the call still counts in the total */
    if (!r) {
        r = add_row(c, g, api);
        if (!r)
            return as_fail_nomem(err, "the API calls of a report");
        r->category = category;
        r->first = *e;
    }
    r->count += 1 + call->repeated;
    r->failed += call->failed ? 1 + call->repeated : 0;
    return AS_OK;
}

as_code as_counts_add(as_walk *w, const as_call *call, const as_evidence *e, as_err *err)
{
    struct group *g = group_of(w->counts, call->process);
    as_str api = 0, category = 0;
    as_code rc;

    if (!g)
        return as_fail_nomem(err, "the API calls of a report");
    rc = as_facts_intern(w->facts, call->api, &api);
    if (!rc)
        rc = as_facts_intern(w->facts, call->category, &category);
    if (!rc && !g->calls)
        rc = as_facts_intern(w->facts, call->time, &g->first_time);
    g->last_long = 0;
    if (!rc && call->time.n > TIME_MAX)
        rc = as_facts_intern(w->facts, call->time, &g->last_long);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    if (!g->calls)
        g->first = *e;
    g->last_time_n = call->time.n <= TIME_MAX ? call->time.n : 0;
    if (g->last_time_n)
        memcpy(g->last_time, call->time.p, g->last_time_n);
    g->last = *e;
    g->calls += 1 + call->repeated;
    g->failed += call->failed ? 1 + call->repeated : 0;
    return count_row(w->counts, g, call, api, category, e, err);
}

static as_code put_number(as_walk *w, as_draft *d, as_attr_name name, uint64_t value)
{
    as_buf_reset(&w->text);
    as_buf_u64(&w->text, value);
    return w->text.failed
               ? AS_NOMEM
               : as_draft_text(d, w->facts, name, AS_FORM_NUMBER, as_buf_bytes(&w->text));
}

static as_code put_str(as_walk *w, as_draft *d, as_attr_name name, as_str str)
{
    return str ? as_draft_text(d, w->facts, name, AS_FORM_TEXT, as_facts_text(w->facts, str))
               : AS_OK;
}

static as_code put_whose(as_walk *w, as_draft *d)
{
    return w->system_calls
               ? as_draft_text(d, w->facts, AS_ATTR_SYSTEM_CALL, AS_FORM_TRUE, AS_LITERAL("true"))
               : AS_OK;
}

static as_code put_last_time(as_walk *w, as_draft *d, const struct group *g)
{
    as_bytes time = {g->last_time, g->last_time_n};

    if (g->last_long)
        return put_str(w, d, AS_ATTR_ENDED, g->last_long);
    return time.n ? as_draft_text(d, w->facts, AS_ATTR_ENDED, AS_FORM_TEXT, time) : AS_OK;
}

static void add_evidence(as_draft *d, const as_evidence *e)
{
    if (d->n_evidence && d->evidence[0].begin == e->begin && d->evidence[0].end == e->end)
        return;
    d->evidence[d->n_evidence++] = *e;
}

/* All calls of a process, as one fact: the list of them, or the first and the last. */
static as_code put_trace(as_walk *w, const struct group *g, const as_evidence *list)
{
    as_draft d;
    as_code rc;

    as_draft_init(&d, AS_KIND_API_TRACE);
    d.parent = g->process;
    add_evidence(&d, list ? list : &g->first);
    if (!list)
        add_evidence(&d, &g->last);
    rc = put_number(w, &d, AS_ATTR_COUNT, g->calls);
    if (!rc)
        rc = put_whose(w, &d);
    if (!rc && g->failed)
        rc = put_number(w, &d, AS_ATTR_FAILED, g->failed);
    if (!rc)
        rc = put_str(w, &d, AS_ATTR_STARTED, g->first_time);
    if (!rc)
        rc = put_last_time(w, &d, g);
    return rc ? rc : as_facts_add(w->facts, &d, NULL);
}

/* One API: the first call that used it, and the list it was counted in. */
static as_code put_use(as_walk *w, const struct group *g, const struct row *row,
                       const as_evidence *list)
{
    as_draft d;
    as_code rc;

    as_draft_init(&d, AS_KIND_API_USE);
    d.parent = g->process;
    add_evidence(&d, &row->first);
    if (list)
        add_evidence(&d, list);
    rc = put_str(w, &d, AS_ATTR_API, row->api);
    if (!rc)
        rc = put_str(w, &d, AS_ATTR_CATEGORY, row->category);
    if (!rc)
        rc = put_number(w, &d, AS_ATTR_COUNT, row->count);
    if (!rc)
        rc = put_whose(w, &d);
    if (!rc && row->failed)
        rc = put_number(w, &d, AS_ATTR_FAILED, row->failed);
    return rc ? rc : as_facts_add(w->facts, &d, NULL);
}

as_code as_counts_put(as_walk *w, const as_evidence *list, as_err *err)
{
    const struct as_counts *c = w->counts;
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < c->n_groups; i++) {
        const struct group *g = &c->groups[i];

        rc = put_trace(w, g, list);
        for (uint32_t at = g->head; !rc && at; at = c->rows[at - 1].next)
            rc = put_use(w, g, &c->rows[at - 1], list);
    }
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

static as_code carry_group(struct group *g, as_copier *copier, as_counts_fn *fn, void *ctx)
{
    as_code rc = fn(ctx, &g->process);

    if (!rc)
        rc = as_copier_text(copier, g->first_time, &g->first_time);
    if (!rc)
        rc = as_copier_text(copier, g->last_long, &g->last_long);
    if (!rc && g->calls)
        rc = as_copier_evidence(copier, &g->first, &g->first);
    return rc || !g->calls ? rc : as_copier_evidence(copier, &g->last, &g->last);
}

static as_code carry_row(struct row *r, as_copier *copier)
{
    as_code rc = as_copier_text(copier, r->api, &r->api);

    if (!rc)
        rc = as_copier_text(copier, r->category, &r->category);
    return rc ? rc : as_copier_evidence(copier, &r->first, &r->first);
}

as_code as_counts_carry(struct as_counts *c, as_copier *copier, as_counts_fn *fn, void *ctx)
{
    as_code rc = AS_OK;

    clear(&c->by_process);
    clear(&c->by_api);
    for (size_t i = 0; !rc && i < c->n_groups; i++) {
        rc = carry_group(&c->groups[i], copier, fn, ctx);
        put_slot(&c->by_process, hash(c->groups[i].process, 0), (uint32_t)i + 1);
    }
    for (size_t i = 0; !rc && i < c->n_rows; i++) {
        rc = carry_row(&c->rows[i], copier);
        put_slot(&c->by_api, hash(c->rows[i].group + 1, c->rows[i].api), (uint32_t)i + 1);
    }
    return rc;
}

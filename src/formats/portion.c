#include "formats/formats_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * A log's facts leave in portions. Those that later ones may name are carried over into
 * the next as_facts; which of them that is knows the reader.
 */

#define ABOVE_MAX 64u /* facts above a carried one that are carried with it */

struct carry {
    as_facts *old, *new;
    as_copier *copier;
    uint32_t *now; /* new number of each old fact, or AS_NO_FACT */
};

bool as_walk_portion_due(const as_walk *w)
{
    return w->portion_at && as_facts_memory(w->facts) >= w->portion_at;
}

static as_code carry_fact(struct carry *c, uint32_t fact, uint32_t *ret)
{
    uint32_t chain[ABOVE_MAX], up = AS_NO_FACT;
    size_t n = 0;
    as_code rc = AS_OK;

    while (fact != AS_NO_FACT && n < ABOVE_MAX && c->now[fact] == AS_NO_FACT) {
        chain[n++] = fact;
        fact = as_fact_parent(c->old, as_facts_get(c->old, fact));
    }
    if (fact != AS_NO_FACT)
        up = c->now[fact];
    while (!rc && n-- > 0) {
        if (as_facts_get(c->old, chain[n])->flags & AS_FACT_GONE)
            continue; /* the one that stands for it is above */
        rc = as_copier_fact(c->copier, chain[n], up, AS_FACT_CARRIED, &c->now[chain[n]]);
        up = c->now[chain[n]];
    }
    *ret = up;
    return rc;
}

static as_code carry_process(void *ctx, uint32_t *process)
{
    return *process == AS_NO_FACT ? AS_OK : carry_fact(ctx, *process, process);
}

static as_code carry_all(as_walk *w, struct carry *c, uint32_t *keep, size_t n)
{
    as_analysis *a = w->analysis;
    as_code rc = carry_process(c, &a->sample);

    for (size_t i = 0; !rc && i < n; i++)
        rc = carry_process(c, &keep[i]);
    if (!rc)
        rc = as_copier_text(c->copier, a->tool_version, &a->tool_version);
    if (!rc)
        rc = as_paths_carry(w, c->copier);
    return rc || !w->counts ? rc : as_counts_carry(w->counts, c->copier, carry_process, c);
}

/* Who was handed the portion finds in the next what it has seen already. */
static as_code note_carried(as_walk *w, const struct carry *c)
{
    size_t n = as_facts_count(c->new);
    uint32_t *carried = as_mem_get(n * sizeof(*carried));

    if (!carried)
        return AS_NOMEM;
    for (uint32_t i = 0; i < as_facts_count(c->old); i++) {
        if (c->now[i] != AS_NO_FACT && !(as_facts_get(c->old, i)->flags & AS_FACT_GONE))
            carried[c->now[i]] = i;
    }
    as_mem_free(w->analysis->carried);
    w->analysis->carried = carried;
    w->analysis->n_carried = n;
    return AS_OK;
}

static as_code renew(as_walk *w, uint32_t *keep, size_t n, as_err *err)
{
    size_t count = as_facts_count(w->facts), size = (count > 0 ? count : 1) * sizeof(uint32_t);
    struct carry c = {
        .old = w->facts, .new = as_facts_new(w->options->memory), .now = as_mem_get(size)};
    as_code rc = AS_NOMEM;

    c.copier = c.new ? as_copier_new(c.new, c.old, 0) : NULL;
    if (c.copier && c.now) {
        memset(c.now, 0xff, size);
        rc = carry_all(w, &c, keep, n);
    }
    if (!rc)
        rc = note_carried(w, &c);
    if (!rc) {
        as_facts_number_records(c.new);
        as_facts_swap(c.old, c.new);
    }
    as_copier_free(c.copier);
    as_facts_free(c.new);
    as_mem_free(c.now);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

as_code as_walk_portion(as_walk *w, uint32_t *keep, size_t n, as_err *err)
{
    as_code rc = w->options->on_portion(w->options->portion_ctx, w->analysis, err);

    if (rc)
        return rc;
    w->analysis->portions++;
    rc = renew(w, keep, n, err);
    if (!rc) /* what was carried is no reason to hand out again at once */
        w->portion_at = as_facts_memory(w->facts) +
                        (w->options->portion ? w->options->portion : AS_PORTION_MEMORY);
    return rc;
}

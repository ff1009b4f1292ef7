#include "evidence/evidence_priv.h"

#include <assert.h>
#include <string.h>

#include "base/banned.h"

static as_fact *fact_at(const as_facts *f, uint32_t i)
{
    assert(i < f->facts.n);
    return (as_fact *)f->facts.p + i;
}

/* `fact`, or what it was joined into; one that was never put has nothing to join. */
static uint32_t present(const as_facts *f, uint32_t fact)
{
    uint32_t up;

    if (!(fact_at(f, fact)->flags & AS_FACT_GONE))
        return fact;
    up = as_fact_parent(f, fact_at(f, fact));
    assert(up != AS_NO_FACT);
    return up;
}

/* --- what `into` has not got ---------------------------------------------------- */

static bool is_pair(const as_attr *attrs, size_t n, size_t i)
{
    return i + 1 < n && attrs[i].name == AS_ATTR_FIELD && attrs[i + 1].name == AS_ATTR_FIELD_VALUE;
}

static bool lacks_pair(const as_attr *have, size_t n, const as_attr *pair)
{
    for (size_t i = 0; i + 1 < n; i++) {
        if (is_pair(have, n, i) && have[i].str == pair[0].str && have[i + 1].str == pair[1].str)
            return false;
    }
    return true;
}

/*
 * Whether `have` lacks attribute `i` of `more`. `values`: another value of a name that is
 * there is lacking too. Of FIELD and FIELD_VALUE none stands without the other.
 */
static bool lacks_attr(const as_attr *have, size_t n, const as_attr *more, size_t n_more, size_t i,
                       bool values)
{
    if (is_pair(more, n_more, i))
        return lacks_pair(have, n, &more[i]);
    if (i > 0 && is_pair(more, n_more, i - 1))
        return lacks_pair(have, n, &more[i - 1]);
    for (size_t k = 0; k < n; k++) {
        if (have[k].name == more[i].name && (!values || have[k].str == more[i].str))
            return false;
    }
    return true;
}

/* The range says it all: a value has one pointer, under whatever number its node is known. */
static bool lacks_evidence(const as_evidence *have, size_t n, const as_evidence *e)
{
    for (size_t i = 0; i < n; i++) {
        if (have[i].begin == e->begin && have[i].end == e->end)
            return false;
    }
    return true;
}

static size_t count_attrs(const as_facts *f, const as_fact *into, const as_fact *from, bool values)
{
    const as_attr *have = as_fact_attrs(f, into), *more = as_fact_attrs(f, from);
    size_t n = 0;

    for (size_t i = 0; i < from->n_attrs; i++)
        n += lacks_attr(have, into->n_attrs, more, from->n_attrs, i, values);
    return n;
}

static size_t count_evidence(const as_facts *f, const as_fact *into, const as_fact *from,
                             bool *ret_open)
{
    const as_evidence *have = as_fact_evidence(f, into), *more = as_fact_evidence(f, from);
    size_t n = 0;

    *ret_open = false;
    for (size_t i = 0; i < from->n_evidence; i++) {
        n += lacks_evidence(have, into->n_evidence, &more[i]);
        *ret_open = *ret_open || more[i].end == 0;
    }
    return n;
}

/* --- room for it ---------------------------------------------------------------- */

static size_t wide(size_t n)
{
    size_t w = 1;

    while (w < n)
        w *= 2;
    return w;
}

/*
 * Moves `n` rows from *first to the array's end, where room for `total` follows, up
 * to a power of two: a fact that many others are joined into must not move each time.
 */
static as_code move_range(as_facts *f, as_rows *r, size_t size, uint32_t *first, size_t n,
                          size_t total)
{
    size_t room = wide(total);
    as_code rc = as_rows_room(f, r, size, room, AS_ROWS_MAX);
    uint8_t *p = r->p;

    if (rc)
        return rc;
    memset(p + r->n * size, 0, room * size);
    if (n > 0)
        memcpy(p + r->n * size, p + *first * size, n * size);
    *first = (uint32_t)r->n;
    r->n += room;
    return AS_OK;
}

static as_code attrs_room(as_facts *f, as_fact *into, size_t more)
{
    size_t n = into->n_attrs;
    as_code rc;

    if (more > UINT16_MAX - n)
        return AS_LIMIT;
    if (more == 0 || ((into->flags & AS_FACT_WIDE_ATTRS) && n + more <= wide(n)))
        return AS_OK;
    rc = move_range(f, &f->attrs, sizeof(as_attr), &into->attrs, n, n + more);
    if (!rc)
        into->flags |= AS_FACT_WIDE_ATTRS;
    return rc;
}

/*
 * Evidence whose end is not known yet must stay where as_facts_close_evidence()
 * looks for it, behind all that was stored before; so it never fills old room.
 */
static as_code evidence_room(as_facts *f, as_fact *into, size_t more, bool open)
{
    size_t n = into->n_evidence;
    as_code rc;

    if (more > UINT16_MAX - n)
        return AS_LIMIT;
    if (more == 0 || (!open && (into->flags & AS_FACT_WIDE_EVIDENCE) && n + more <= wide(n)))
        return AS_OK;
    rc = move_range(f, &f->evidence, sizeof(as_evidence), &into->evidence, n, n + more);
    if (!rc)
        into->flags |= AS_FACT_WIDE_EVIDENCE;
    return rc;
}

/* --- moving it over --------------------------------------------------------------- */

static void take_attrs(as_facts *f, as_fact *into, const as_fact *from, bool values)
{
    as_attr *all = f->attrs.p;
    size_t had = into->n_attrs; /* a name that `from` has twice comes over twice */

    for (size_t i = 0; i < from->n_attrs; i++) {
        const as_attr *more = &all[from->attrs];

        if (lacks_attr(all + into->attrs, had, more, from->n_attrs, i, values))
            all[into->attrs + into->n_attrs++] = more[i];
    }
}

static void take_evidence(as_facts *f, as_fact *into, const as_fact *from)
{
    as_evidence *all = f->evidence.p;

    for (size_t i = 0; i < from->n_evidence; i++) {
        const as_evidence *e = &all[from->evidence + i];

        if (lacks_evidence(all + into->evidence, into->n_evidence, e))
            all[into->evidence + into->n_evidence++] = *e;
    }
}

/* If `from` is above `into`, its place there goes to `into`, or `into` would be its own parent. */
static void take_place(const as_facts *f, as_fact *into, uint32_t from)
{
    uint32_t up = as_fact_parent(f, into);

    while (up != AS_NO_FACT && up != from)
        up = as_fact_parent(f, fact_at(f, up));
    if (up == from)
        into->parent = as_fact_parent(f, fact_at(f, from));
}

static as_code join(as_facts *f, uint32_t into, uint32_t from, bool values)
{
    as_fact *to, *old;
    size_t n_attrs, n_evidence;
    bool open;
    as_code rc;

    into = present(f, into);
    from = present(f, from);
    if (into == from)
        return AS_OK;
    to = fact_at(f, into);
    old = fact_at(f, from);
    n_attrs = count_attrs(f, to, old, values);
    n_evidence = count_evidence(f, to, old, &open);
    rc = attrs_room(f, to, n_attrs);
    if (!rc)
        rc = evidence_room(f, to, n_evidence, open);
    if (rc)
        return rc;
    take_attrs(f, to, old, values);
    take_evidence(f, to, old);
    take_place(f, to, from);
    old->flags |= AS_FACT_GONE;
    old->parent = into;
    return AS_OK;
}

as_code as_facts_join(as_facts *f, uint32_t into, uint32_t from)
{
    return join(f, into, from, false);
}

as_code as_facts_join_values(as_facts *f, uint32_t into, uint32_t from)
{
    return join(f, into, from, true);
}

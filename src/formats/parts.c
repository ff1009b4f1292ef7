#include "formats/formats_priv.h"

#include "base/banned.h"

/* What hooks are made of that read an object or a list themselves. */

as_code as_part_begin(as_walk *w, as_draft *d, as_kind kind, uint32_t parent, uint32_t *ret,
                      as_err *err)
{
    as_code rc = as_facts_reserve(w->facts, ret);

    as_draft_init(d, kind);
    d->parent = parent;
    d->n_evidence = 1;
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

as_code as_part_end(as_walk *w, as_draft *d, uint32_t fact, const as_place *place, uint64_t end,
                    as_err *err)
{
    as_code rc;

    if (!d->n_attrs) {
        as_facts_drop(w->facts, fact, d->parent);
        return AS_OK;
    }
    rc = as_walk_evidence(w, place, end, &d->evidence[0], err);
    if (rc)
        return rc;
    rc = as_facts_put(w->facts, fact, d);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

bool as_walk_element(as_walk *w, as_place *child, as_json_tok *t, as_code *ret, as_err *err)
{
    as_step i = child->step == AS_STEP_NONE ? 0 : child->step + 1;

    *ret = as_walk_next(w, t, err);
    if (*ret || t->type == AS_JSON_ARRAY_END)
        return false;
    if (i == AS_STEP_NONE)
        *ret = as_fail(err, AS_LIMIT, (size_t)t->begin, "an array has too many elements");
    *child = (as_place){.up = child->up, .step = i, .begin = t->begin};
    return *ret == AS_OK;
}

as_code as_walk_each(as_walk *w, as_place *place, uint32_t fact, as_element *fn, void *ctx,
                     as_json_tok *t, as_err *err)
{
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    if (t->type != AS_JSON_ARRAY)
        return as_walk_pass(w, place, t, false, err);
    while (!rc && as_walk_element(w, &child, t, &rc, err)) {
        as_walk_tick(w);
        rc = fn(w, &child, fact, ctx, t, err);
    }
    return rc;
}

as_code as_walk_value(as_walk *w, as_place *place, as_place *child, as_json_tok *t, as_err *err)
{
    as_code rc;

    *child = (as_place){.up = place};
    rc = as_walk_key(w, t, &child->step, err);
    if (!rc)
        rc = as_walk_next(w, t, err);
    child->begin = t->begin;
    return rc;
}

as_form as_form_of(as_json_type type)
{
    switch (type) {
    case AS_JSON_NUMBER:
        return AS_FORM_NUMBER;
    case AS_JSON_TRUE:
        return AS_FORM_TRUE;
    case AS_JSON_FALSE:
        return AS_FORM_FALSE;
    default:
        return AS_FORM_TEXT;
    }
}

/* --- gathering ---------------------------------------------------------------------------- */

/* What an attribute is gathered into, and as what. */
struct into {
    as_draft *d;
    as_attr_name name;
};

static as_code gather_scalar(as_walk *w, as_place *place, uint32_t fact, void *ctx, as_json_tok *t,
                             as_err *err)
{
    const struct into *in = ctx;
    as_bytes text = {0};
    as_code rc;

    (void)fact;
    if (t->type == AS_JSON_NULL || (t->type == AS_JSON_STRING && !t->raw.n))
        return AS_OK;
    if (t->type < AS_JSON_STRING || in->d->n_attrs == AS_DRAFT_ATTRS)
        return as_walk_pass(w, place, t, false, err);
    rc = as_walk_text(w, t, &text, err);
    if (rc)
        return rc;
    rc = as_draft_text(in->d, w->facts, in->name, as_form_of(t->type), text);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

as_code as_part_gather(as_walk *w, as_place *place, as_draft *d, as_attr_name name, as_json_tok *t,
                       as_err *err)
{
    struct into in = {d, name};
    size_t before = d->n_attrs;
    as_code rc;

    if (d->n_evidence == AS_DRAFT_EVIDENCE)
        return as_walk_pass(w, place, t, false, err);
    rc = t->type == AS_JSON_ARRAY ? as_walk_each(w, place, AS_NO_FACT, gather_scalar, &in, t, err)
                                  : gather_scalar(w, place, AS_NO_FACT, &in, t, err);
    if (rc || d->n_attrs == before)
        return rc;
    return as_walk_evidence(w, place, t->end, &d->evidence[d->n_evidence++], err);
}

as_code as_part_gathered(as_walk *w, as_draft *d, uint32_t fact, as_err *err)
{
    as_code rc;

    if (!d->n_attrs) {
        as_facts_drop(w->facts, fact, d->parent);
        return AS_OK;
    }
    rc = as_facts_put(w->facts, fact, d);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* --- facts that are there already ----------------------------------------------------------- */

/* A draft that brings an attribute and a place to the fact `into`. */
as_code as_part_bring(as_walk *w, uint32_t into, as_attr_name name, as_bytes text,
                      const as_evidence *e, as_err *err)
{
    uint32_t fact = AS_NO_FACT;
    as_draft d;
    as_code rc;

    as_draft_init(&d, (as_kind)as_facts_get(w->facts, into)->kind);
    d.evidence[d.n_evidence++] = *e;
    rc = as_draft_text(&d, w->facts, name, AS_FORM_TEXT, text);
    if (!rc)
        rc = as_facts_add(w->facts, &d, &fact);
    if (!rc)
        rc = as_facts_join(w->facts, into, fact);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

static bool says(const as_facts *f, uint32_t fact, const as_attr *a, bool *ret_other)
{
    const as_fact *x = as_facts_get(f, fact);
    const as_attr *have = as_fact_attrs(f, x);

    *ret_other = false;
    for (size_t i = 0; i < x->n_attrs; i++) {
        if (have[i].name == a->name && have[i].str == a->str)
            return true;
        *ret_other = *ret_other || have[i].name == a->name;
    }
    return false;
}

/* Of two things that are one, what only the other says under the same name is told beside it. */
as_code as_part_keep_other(as_walk *w, uint32_t into, uint32_t from, as_err *err)
{
    const as_facts *f = w->facts;

    for (size_t i = 0; i < as_facts_get(f, from)->n_attrs; i++) {
        as_attr a = as_fact_attrs(f, as_facts_get(f, from))[i];
        bool other;
        as_draft d;
        as_code rc;

        if (says(f, into, &a, &other) || !other)
            continue;
        as_draft_init(&d, AS_KIND_DETAIL);
        d.parent = into;
        d.evidence[d.n_evidence++] = *as_fact_evidence(f, as_facts_get(f, from));
        rc = as_draft_text(&d, w->facts, AS_ATTR_VALUE, (as_form)a.form, as_facts_text(f, a.str));
        if (!rc)
            rc = as_facts_add(w->facts, &d, NULL);
        if (rc)
            return as_walk_facts_failed(w, rc, err);
    }
    return AS_OK;
}

as_code as_part_join(as_walk *w, uint32_t into, uint32_t from, as_err *err)
{
    as_code rc;

    if (as_facts_get(w->facts, into)->n_evidence >= AS_TOLD_MAX)
        return AS_OK;
    rc = as_part_keep_other(w, into, from, err);
    if (rc)
        return rc;
    rc = as_facts_join(w->facts, into, from);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

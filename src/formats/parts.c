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

as_code as_walk_each(as_walk *w, as_place *place, uint32_t fact, as_element *fn, void *ctx,
                     as_json_tok *t, as_err *err)
{
    if (t->type != AS_JSON_ARRAY)
        return as_walk_pass(w, place, t, false, err);
    for (as_step i = 0;; i++) {
        as_place child = {.up = place, .step = i};
        as_code rc = as_walk_next(w, t, err);

        if (rc || t->type == AS_JSON_ARRAY_END)
            return rc;
        if (i >= AS_STEP_KEY - 1)
            return as_fail(err, AS_LIMIT, (size_t)t->begin, "an array has too many elements");
        child.begin = t->begin;
        as_walk_tick(w);
        rc = fn(w, &child, fact, ctx, t, err);
        if (rc)
            return rc;
    }
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

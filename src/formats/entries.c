#include "formats/entries_priv.h"

#include <string.h>

#include "base/banned.h"

as_code as_entry_begin(as_walk *w, as_entry *e, const as_shape *const shapes[AS_ENTRY_PARTS],
                       as_kind more, as_err *err)
{
    const as_kind kinds[AS_ENTRY_PARTS] = {AS_KIND_SAMPLE, AS_KIND_ANALYSIS, more, AS_KIND_DETAIL};

    e->known = 0;
    e->ran = false;
    for (unsigned i = 0; i < AS_ENTRY_PARTS; i++) {
        as_code rc = as_facts_reserve(w->facts, &e->fact[i]);

        if (rc)
            return as_walk_facts_failed(w, rc, err);
        as_draft_init(&e->draft[i], kinds[i]);
        e->shape[i] = shapes[i];
        if (i == AS_ENTRY_RUN || i == AS_ENTRY_MORE)
            e->draft[i].parent = e->fact[AS_ENTRY_SAMPLE];
    }
    return AS_OK;
}

static bool names(const as_shape *shape, as_bytes key)
{
    for (size_t i = 0; i < shape->n; i++) {
        if (shape->rows[i].key && shape->rows[i].key_len && as_bytes_is(key, shape->rows[i].key))
            return true;
    }
    return false;
}

static unsigned part_of(as_entry *e, as_bytes key)
{
    unsigned i = 0;

    while (i < AS_ENTRY_REST && !names(e->shape[i], key))
        i++;
    e->known += i < AS_ENTRY_REST;
    e->ran |= i == AS_ENTRY_RUN;
    return i;
}

as_code as_entry_members(as_walk *w, as_place *place, as_entry *e, uint64_t *ret_end, as_err *err)
{
    size_t from = as_facts_evidence_count(w->facts);
    as_json_tok t;

    as_walk_tick(w);
    for (;;) {
        as_code rc = as_walk_next(w, &t, err);
        unsigned part;

        if (rc)
            return rc;
        if (t.type == AS_JSON_OBJECT_END)
            break;
        part = part_of(e, t.raw);
        rc = as_walk_member(w, place, e->shape[part], e->fact[part], &e->draft[part], &t, err);
        if (rc)
            return rc;
    }
    as_facts_close_evidence(w->facts, from, t.begin, t.end);
    *ret_end = t.end;
    return AS_OK;
}

/* --- single values --------------------------------------------------------------------------- */

static size_t count_attr(const as_draft *d, as_attr_name name)
{
    size_t n = 0;

    for (size_t i = 0; i < d->n_attrs; i++)
        n += d->attrs[i].name == name;
    return n;
}

static bool has_value(const as_attr *attrs, size_t n, unsigned name, as_str str)
{
    for (size_t i = 0; i < n; i++) {
        if (attrs[i].name == name && attrs[i].str == str)
            return true;
    }
    return false;
}

static as_code put_some(as_walk *w, as_place *place, as_entry *e, unsigned part, as_attr_name name,
                        as_json_tok *t, as_err *err)
{
    as_draft *d = &e->draft[part];
    as_form form = t->type == AS_JSON_NUMBER ? AS_FORM_NUMBER : AS_FORM_TEXT;
    as_bytes text = {0};
    as_str str = 0;
    as_code rc;

    if (t->type != AS_JSON_STRING && t->type != AS_JSON_NUMBER)
        return as_walk_pass(w, place, t, false, err);
    rc = as_walk_text(w, t, &text, err);
    if (rc || !text.n)
        return rc;
    rc = as_facts_intern(w->facts, text, &str);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    if (has_value(d->attrs, d->n_attrs, name, str))
        return AS_OK;
    if (count_attr(d, name) >= AS_ENTRY_SOME || d->n_attrs == AS_DRAFT_ATTRS)
        return as_walk_detail(w, place, e->fact[part], form, t, text, err);
    rc = as_draft_text(d, w->facts, name, form, text);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

as_code as_entry_some(as_walk *w, as_place *place, as_entry *e, unsigned part, as_attr_name name,
                      as_json_tok *t, as_err *err)
{
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    if (t->type != AS_JSON_ARRAY)
        return put_some(w, place, e, part, name, t, err);
    while (!rc && as_walk_element(w, &child, t, &rc, err))
        rc = put_some(w, &child, e, part, name, t, err);
    return rc;
}

/* --- the end of an entry -----------------------------------------------------------------------
 */

/* The hash by which it is known, or 0. */
static as_str identity_of(const as_draft *sample)
{
    static const as_attr_name hashes[] = {AS_ATTR_SHA256, AS_ATTR_SHA1, AS_ATTR_MD5};

    for (size_t k = 0; k < AS_COUNT(hashes); k++) {
        for (size_t i = 0; i < sample->n_attrs; i++) {
            if (sample->attrs[i].name == hashes[k])
                return sample->attrs[i].str;
        }
    }
    return 0;
}

static bool has_name(const as_attr *attrs, size_t n, unsigned name)
{
    for (size_t i = 0; i < n; i++) {
        if (attrs[i].name == name)
            return true;
    }
    return false;
}

/*
 * What the earlier fact of the same sample says otherwise becomes an attribute of the run.
 * False if there is no run or no room: the two stay apart, and nothing is lost.
 */
static bool give_to_run(const as_facts *f, as_entry *e, uint32_t earlier)
{
    const as_fact *fact = as_facts_get(f, earlier);
    const as_attr *have = as_fact_attrs(f, fact);
    const as_draft *sample = &e->draft[AS_ENTRY_SAMPLE];
    as_draft *run = &e->draft[AS_ENTRY_RUN];
    size_t n = run->n_attrs;

    for (size_t i = 0; i < sample->n_attrs; i++) {
        const as_attr *a = &sample->attrs[i];

        if (has_value(have, fact->n_attrs, a->name, a->str) ||
            !has_name(have, fact->n_attrs, a->name))
            continue;
        if (!e->ran || run->n_attrs == 0 || n == AS_DRAFT_ATTRS)
            return false;
        run->attrs[n++] = *a;
    }
    run->n_attrs = n;
    return true;
}

/* Stores a part, or gives up its number if nothing was said of it. */
static as_code put_part(as_walk *w, const as_place *place, uint64_t end, as_entry *e, unsigned part,
                        uint32_t instead, as_err *err)
{
    as_draft *d = &e->draft[part];
    as_code rc = AS_OK;

    if (!d->n_attrs) {
        as_facts_drop(w->facts, e->fact[part], instead);
        return AS_OK;
    }
    if (!d->n_evidence) {
        d->n_evidence = 1;
        rc = as_walk_evidence(w, place, end, &d->evidence[0], err);
    }
    if (rc)
        return rc;
    rc = as_facts_put(w->facts, e->fact[part], d);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* A sample told of more often is told of by a second fact. */
#define SEEN_MAX 1000

static as_code put_sample(as_walk *w, const as_place *place, uint64_t end, as_entry *e,
                          as_ids *samples, as_err *err)
{
    as_str identity = identity_of(&e->draft[AS_ENTRY_SAMPLE]);
    uint32_t earlier = identity ? as_ids_get(samples, identity) : AS_NO_FACT;
    bool full = earlier != AS_NO_FACT && as_facts_get(w->facts, earlier)->n_evidence >= SEEN_MAX;
    bool same = earlier != AS_NO_FACT && !full && give_to_run(w->facts, e, earlier);
    as_code rc = put_part(w, place, end, e, AS_ENTRY_SAMPLE, AS_NO_FACT, err);

    if (rc || !identity)
        return rc;
    if (earlier == AS_NO_FACT || full)
        return as_ids_put(samples, identity, e->fact[AS_ENTRY_SAMPLE])
                   ? as_fail_nomem(err, "the facts of a report")
                   : AS_OK;
    rc = same ? as_facts_join(w->facts, earlier, e->fact[AS_ENTRY_SAMPLE]) : AS_OK;
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/*
 * What the rest says goes where its parts go. A draft may be full; and of what nothing
 * else is said, that it is a sample is not known.
 */
static void give_rest(as_entry *e, unsigned to)
{
    as_draft *d = &e->draft[to], *rest = &e->draft[AS_ENTRY_REST];

    rest->parent = e->fact[to];
    if ((!d->n_attrs && !e->ran) || d->n_attrs + rest->n_attrs > AS_DRAFT_ATTRS)
        return;
    memcpy(&d->attrs[d->n_attrs], rest->attrs, rest->n_attrs * sizeof(*rest->attrs));
    d->n_attrs += rest->n_attrs;
    rest->n_attrs = 0;
}

as_code as_entry_end(as_walk *w, const as_place *place, uint64_t end, as_entry *e, as_ids *samples,
                     as_err *err)
{
    unsigned to = e->ran ? AS_ENTRY_RUN : AS_ENTRY_SAMPLE;
    as_code rc;

    give_rest(e, to);
    rc = put_sample(w, place, end, e, samples, err);
    if (!rc)
        rc = put_part(w, place, end, e, AS_ENTRY_RUN, e->fact[AS_ENTRY_SAMPLE], err);
    if (!rc)
        rc = put_part(w, place, end, e, AS_ENTRY_MORE, e->fact[AS_ENTRY_SAMPLE], err);
    if (!rc)
        rc = put_part(w, place, end, e, AS_ENTRY_REST, e->fact[to], err);
    return rc;
}

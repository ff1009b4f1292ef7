#include "formats/vmray_priv.h"

#include <string.h>

#include "base/banned.h"

/* References between the entries of summary_v2.json, noted on the way and resolved at the end. */

/* --- references ------------------------------------------------------------------------- */

/* The two last steps of "path", from behind its bracket to its end. */
static as_code read_path(as_walk *w, as_json_tok *t, uint64_t *ret, as_err *err)
{
    as_str last[2] = {0, 0};

    for (;;) {
        as_bytes text = {0};
        as_code rc = as_walk_next(w, t, err);

        if (rc)
            return rc;
        if (t->type == AS_JSON_ARRAY_END)
            break;
        if (t->type != AS_JSON_STRING) {
            rc = as_json_skip(w->json, t, err);
        } else {
            rc = as_walk_text(w, t, &text, err);
            last[0] = last[1];
            if (!rc && as_facts_intern(w->facts, text, &last[1]))
                rc = as_fail_nomem(err, "the facts of a report");
        }
        if (rc)
            return rc;
    }
    *ret = as_vmray_target(last[0], last[1]);
    return AS_OK;
}

/*
 * A reference, its bracket read; it counts as left out on purpose, for no fact repeats
 * it. *ret is 0 if it names nothing.
 */
static as_code read_ref(as_walk *w, as_place *place, as_json_tok *t, uint64_t *ret, as_err *err)
{
    *ret = 0;
    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    for (;;) {
        bool path;
        as_code rc = as_walk_next(w, t, err);

        if (rc)
            return rc;
        if (t->type == AS_JSON_OBJECT_END)
            break;
        path = as_bytes_is(t->raw, "path");
        rc = as_walk_next(w, t, err);
        if (!rc)
            rc = path && t->type == AS_JSON_ARRAY ? read_path(w, t, ret, err)
                                                  : as_json_skip(w->json, t, err);
        if (rc)
            return rc;
    }
    return t->end - t->begin > 2 ? as_paths_add(w, place, t->end - t->begin, true, err) : AS_OK;
}

static as_code add_ref(as_walk *w, const struct as_vmray_ref *ref, as_err *err)
{
    struct as_vmray *s = as_vmray_of(w);
    void *refs = s->refs;

    if (!as_mem_room(&refs, &s->cap_refs, s->n_refs, sizeof(*s->refs)))
        return as_fail_nomem(err, "the references of a report");
    s->refs = refs;
    s->refs[s->n_refs++] = *ref;
    return AS_OK;
}

/* Calls `one` for a reference or for each of a list. */
typedef as_code ref_fn(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err);

static as_code each_ref(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, ref_fn *one,
                        as_err *err)
{
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    if (t->type != AS_JSON_ARRAY)
        return one(w, place, fact, t, err);
    while (!rc && as_walk_element(w, &child, t, &rc, err))
        rc = one(w, &child, fact, t, err);
    return rc;
}

static as_code noted_ref(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                         enum as_vmray_role role, as_err *err)
{
    struct as_vmray_ref ref = {.fact = fact, .role = role};
    as_code rc = read_ref(w, place, t, &ref.target, err);

    if (rc || !ref.target || fact == AS_NO_FACT)
        return rc;
    rc = as_walk_evidence(w, place, t->end, &ref.place, err);
    return rc ? rc : add_ref(w, &ref, err);
}

#define REF_HOOK(name, role)                                                                       \
    static as_code name##_one(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,          \
                              as_err *err)                                                         \
    {                                                                                              \
        return noted_ref(w, place, fact, t, role, err);                                            \
    }                                                                                              \
    as_code name(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)          \
    {                                                                                              \
        return each_ref(w, place, fact, t, name##_one, err);                                       \
    }

REF_HOOK(as_vmray_src, AS_VMRAY_SRC)
REF_HOOK(as_vmray_dst, AS_VMRAY_DST)
REF_HOOK(as_vmray_mark, AS_VMRAY_MARK)
REF_HOOK(as_vmray_owner, AS_VMRAY_OWNER)
REF_HOOK(as_vmray_same, AS_VMRAY_SAME)

/* The number that stands for what is named until that is known. */
static as_code number_for(as_walk *w, uint64_t target, uint32_t *ret, as_err *err)
{
    struct as_vmray *s = as_vmray_of(w);
    void *targets = s->targets, *numbers = s->numbers;
    size_t cap = s->cap_numbers;
    as_code rc;

    *ret = as_ids_get(&s->mentioned, target);
    if (*ret != AS_NO_FACT)
        return AS_OK;
    if (!as_mem_room(&targets, &cap, s->n_numbers, sizeof(*s->targets)))
        return as_fail_nomem(err, "the references of a report");
    s->targets = targets;
    if (!as_mem_room(&numbers, &s->cap_numbers, s->n_numbers, sizeof(*s->numbers)))
        return as_fail_nomem(err, "the references of a report");
    s->numbers = numbers;
    rc = as_facts_reserve(w->facts, ret);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    s->targets[s->n_numbers] = target;
    s->numbers[s->n_numbers++] = *ret;
    return as_ids_put(&s->mentioned, target, *ret)
               ? as_fail_nomem(err, "the references of a report")
               : AS_OK;
}

static as_code read_actor(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    struct as_vmray *s = as_vmray_of(w);
    uint64_t target = 0;
    uint32_t number = AS_NO_FACT;
    as_code rc = read_ref(w, place, t, &target, err);

    (void)fact;
    if (rc || !target)
        return rc;
    rc = number_for(w, target, &number, err);
    if (!rc && s->entry.actor != number) {
        s->entry.actor = number;
        s->entry.n_actors++;
    }
    return rc;
}

as_code as_vmray_actors(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    return each_ref(w, place, fact, t, read_actor, err);
}

/* --- the end -----------------------------------------------------------------------------------
 */

static bool is_there(const as_walk *w, uint32_t fact)
{
    return fact != AS_NO_FACT && !(as_facts_get(w->facts, fact)->flags & AS_FACT_GONE);
}

static as_bytes identity(const as_walk *w, uint32_t fact)
{
    const as_fact *x = as_facts_get(w->facts, fact);
    as_bytes text = as_fact_text(w->facts, x, as_kind_get((as_kind)x->kind)->ident);

    return text.n ? text : as_fact_text(w->facts, x, AS_ATTR_VALUE);
}

static as_code put_mark(as_walk *w, const struct as_vmray_ref *ref, uint32_t target, as_err *err)
{
    as_draft d;
    as_code rc;

    as_draft_init(&d, AS_KIND_MARK);
    d.parent = ref->fact;
    d.evidence[d.n_evidence++] = *as_fact_evidence(w->facts, as_facts_get(w->facts, target));
    d.evidence[d.n_evidence++] = ref->place;
    rc = as_draft_text(&d, w->facts, AS_ATTR_VALUE, AS_FORM_TEXT, identity(w, target));
    if (!rc)
        rc = as_facts_add(w->facts, &d, NULL);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* Before anything is joined: what is named still stands under its own number. */
static as_code resolve_value(as_walk *w, const struct as_vmray_ref *ref, uint32_t target,
                             as_err *err)
{
    as_evidence e;

    if (!is_there(w, target) || !identity(w, target).n)
        return AS_OK;
    e = *as_fact_evidence(w->facts, as_facts_get(w->facts, target));
    switch (ref->role) {
    case AS_VMRAY_SRC:
    case AS_VMRAY_DST:
        if (!is_there(w, ref->fact))
            return AS_OK;
        return as_part_bring(w, ref->fact, ref->role == AS_VMRAY_SRC ? AS_ATTR_SRC : AS_ATTR_DST,
                             identity(w, target), &e, err);
    case AS_VMRAY_MARK:
        return put_mark(w, ref, target, err);
    default:
        return AS_OK;
    }
}

/* A file that VMRay kept, other than the sample. */
static bool is_stored(as_kind kind)
{
    return kind == AS_KIND_EXTRACTED || kind == AS_KIND_DROPPED || kind == AS_KIND_CAPTURE;
}

static as_code resolve_thing(as_walk *w, const struct as_vmray_ref *ref, uint32_t target,
                             as_err *err)
{
    as_code rc;

    if (ref->role == AS_VMRAY_OWNER && target != AS_NO_FACT && target != ref->fact &&
        (as_facts_get(w->facts, ref->fact)->flags & AS_FACT_GONE) &&
        !as_facts_get(w->facts, ref->fact)->n_evidence)
        as_facts_drop(w->facts, ref->fact, target);
    if (ref->role != AS_VMRAY_SAME || target == ref->fact || !is_there(w, target) ||
        !is_there(w, ref->fact) || !is_stored((as_kind)as_facts_get(w->facts, target)->kind))
        return AS_OK;
    rc = as_part_keep_other(w, ref->fact, target, err);
    if (rc)
        return rc;
    rc = as_facts_join(w->facts, ref->fact, target);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

as_code as_vmray_resolve(as_walk *w, as_err *err)
{
    struct as_vmray *s = as_vmray_of(w);
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < s->n_refs; i++)
        rc = resolve_value(w, &s->refs[i], as_ids_get(&s->objects, s->refs[i].target), err);
    for (size_t i = 0; !rc && i < s->n_refs; i++)
        rc = resolve_thing(w, &s->refs[i], as_ids_get(&s->objects, s->refs[i].target), err);
    for (size_t i = 0; !rc && i < s->n_numbers; i++) {
        uint32_t process = as_ids_get(&s->objects, s->targets[i]);

        /* Only processes act, and no process is a part of what it did. */
        if (process != AS_NO_FACT && as_facts_get(w->facts, process)->kind == AS_KIND_PROCESS)
            as_facts_drop(w->facts, s->numbers[i], process);
    }
    return rc;
}

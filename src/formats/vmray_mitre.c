#include "formats/vmray_priv.h"

#include <string.h>

#include "base/banned.h"

/* The older of two ATT&CK versions is given up as a whole, so a technique has no parts. */
#define TECHNIQUES_MAX 4096 /* of one version */

/* clang-format off */

static const as_row technique_rows[] = {
    ATTR("id", TECHNIQUE),
    ATTR("technique_id", TECHNIQUE),
    ATTR("description", NAME),
    ATTR("name", NAME),
    ATTR("tactics", TACTIC),
    { .key_attr = AS_NO_ATTR, .act = AS_ACT_SKIP },
};
static const as_shape as_shape_technique = { technique_rows, AS_COUNT(technique_rows) };

/* clang-format on */

void as_vmray_forget_techniques(struct as_vmray *s)
{
    for (size_t i = 0; i < s->n_techniques; i++)
        as_mem_free(s->techniques[i].draft);
    s->n_techniques = 0;
}

static __attribute__((noinline)) as_code read_technique(as_walk *w, as_place *place, as_json_tok *t,
                                                        as_err *err)
{
    struct as_vmray *s = as_vmray_of(w);
    struct as_vmray_technique *x;
    uint64_t end = 0;
    as_code rc;

    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    if (s->n_techniques == TECHNIQUES_MAX)
        return as_fail(err, AS_LIMIT, (size_t)t->begin, "more than %d techniques of one version",
                       TECHNIQUES_MAX);
    if (!s->techniques)
        s->techniques = as_mem_zero(TECHNIQUES_MAX, sizeof(*s->techniques));
    x = s->techniques ? &s->techniques[s->n_techniques] : NULL;
    if (x)
        x->draft = as_mem_get(sizeof(*x->draft));
    if (!x || !x->draft)
        return as_fail_nomem(err, "the techniques of a report");
    s->n_techniques++;
    as_draft_init(x->draft, AS_KIND_TECHNIQUE);
    x->draft->n_evidence = 1;
    rc = as_facts_reserve(w->facts, &x->fact);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    rc = as_walk_object(w, place, &as_shape_technique, x->fact, x->draft, &end, err);
    return rc ? rc : as_walk_evidence(w, place, end, &x->draft->evidence[0], err);
}

/* An object of techniques or a list of them. */
static as_code read_techniques(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                               as_err *err)
{
    bool object = t->type == AS_JSON_OBJECT;

    (void)fact;
    if (!object && t->type != AS_JSON_ARRAY)
        return as_walk_pass(w, place, t, false, err);
    for (as_step i = 0;; i++) {
        as_place child = {.up = place, .step = i};
        as_code rc = as_walk_next(w, t, err);

        if (rc || t->type == AS_JSON_OBJECT_END || t->type == AS_JSON_ARRAY_END)
            return rc;
        if (object) {
            rc = as_walk_key(w, t, &child.step, err);
            if (!rc)
                rc = as_walk_next(w, t, err);
        }
        child.begin = t->begin;
        if (!rc)
            rc = read_technique(w, &child, t, err);
        if (rc)
            return rc;
    }
}

/* "v14_1" as 14 * 2^32 + 1; 0 if it is none. */
static uint64_t version_of(as_bytes key)
{
    uint64_t major = 0, minor = 0;
    size_t dot = 1;

    if (key.n < 2 || key.p[0] != 'v')
        return 0;
    while (dot < key.n && key.p[dot] != '_')
        dot++;
    if (!as_bytes_u64((as_bytes){key.p + 1, dot - 1}, &major) || major > UINT32_MAX)
        return 0;
    if (dot < key.n &&
        (!as_bytes_u64((as_bytes){key.p + dot + 1, key.n - dot - 1}, &minor) || minor > UINT32_MAX))
        return 0;
    return major << 32 | minor;
}

LOCAL_SHAPE(matrix, SKIP("_type"), SKIP("matrix_version"), HOOK("techniques", read_techniques));

/* One version of ATT&CK. What was kept of an older one is given up. */
static as_code read_matrix(as_walk *w, as_place *place, as_json_tok *t, as_err *err)
{
    struct as_vmray *s = as_vmray_of(w);
    uint64_t version = version_of(as_facts_text(w->facts, place->step & ~AS_STEP_KEY)), end = 0;
    as_place old = {.up = place->up, .step = s->version_step};
    uint64_t bytes = 0;

    if (!version || version <= s->version || t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, version != 0, err);
    for (size_t i = 0; i < s->n_techniques; i++) {
        const as_evidence *e = &s->techniques[i].draft->evidence[0];

        bytes += e->end - e->begin;
    }
    if (bytes) {
        as_code rc = as_paths_add(w, &old, bytes, true, err);

        if (rc)
            return rc;
    }
    as_vmray_forget_techniques(s);
    s->version = version;
    s->version_step = place->step;
    return as_walk_object(w, place, &as_shape_matrix, AS_NO_FACT, NULL, &end, err);
}

as_code as_vmray_mitre(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    (void)fact;
    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    for (;;) {
        as_place child = {.up = place};
        bool type;
        as_code rc = as_walk_next(w, t, err);

        if (rc || t->type == AS_JSON_OBJECT_END)
            return rc;
        type = as_bytes_is(t->raw, "_type");
        rc = as_walk_key(w, t, &child.step, err);
        if (!rc)
            rc = as_walk_next(w, t, err);
        child.begin = t->begin;
        if (!rc)
            rc = type ? as_walk_pass(w, &child, t, true, err) : read_matrix(w, &child, t, err);
        if (rc)
            return rc;
    }
}

as_code as_vmray_put_techniques(as_walk *w, as_err *err)
{
    const struct as_vmray *s = as_vmray_of(w);

    for (size_t i = 0; i < s->n_techniques; i++) {
        const struct as_vmray_technique *x = &s->techniques[i];
        as_code rc = x->draft->n_attrs ? as_facts_put(w->facts, x->fact, x->draft) : AS_OK;

        if (rc)
            return as_walk_facts_failed(w, rc, err);
    }
    return AS_OK;
}

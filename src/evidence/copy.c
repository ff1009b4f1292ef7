#include "evidence/evidence_priv.h"

#include <string.h>

#include "base/banned.h"

/* Facts of one as_facts, told again in another; its numbers of texts and nodes are others. */

#define NOT_YET UINT32_MAX

struct as_copier {
    as_facts *to;
    const as_facts *from;
    uint64_t shift;
    size_t n_texts, n_nodes; /* of `from`, when it was looked at */
    as_str *texts;           /* by number in `from`, less 1; NOT_YET */
    as_node *nodes;
};

static uint32_t *numbers(size_t n)
{
    uint32_t *p = as_mem_get((n > 0 ? n : 1) * sizeof(*p));

    if (p)
        memset(p, 0xff, n * sizeof(*p));
    return p;
}

as_copier *as_copier_new(as_facts *to, const as_facts *from, uint64_t shift)
{
    as_copier *c = as_mem_zero(1, sizeof(*c));

    if (!c)
        return NULL;
    *c = (as_copier){to, from, shift, from->pool.texts.n, from->nodes.n, NULL, NULL};
    c->texts = numbers(c->n_texts);
    c->nodes = numbers(c->n_nodes);
    if (!c->texts || !c->nodes) {
        as_copier_free(c);
        return NULL;
    }
    return c;
}

void as_copier_free(as_copier *c)
{
    if (!c)
        return;
    as_mem_free(c->texts);
    as_mem_free(c->nodes);
    as_mem_free(c);
}

as_code as_copier_text(as_copier *c, as_str str, as_str *ret)
{
    as_code rc = AS_OK;

    if (!str || str > c->n_texts)
        return as_facts_intern(c->to, as_facts_text(c->from, str), ret);
    if (c->texts[str - 1] == NOT_YET)
        rc = as_facts_intern(c->to, as_facts_text(c->from, str), &c->texts[str - 1]);
    if (!rc)
        *ret = c->texts[str - 1];
    return rc;
}

static as_code copy_step(as_copier *c, as_step step, as_step *ret)
{
    as_str str = 0;
    as_code rc = AS_OK;

    *ret = step;
    if (step & AS_STEP_KEY) {
        rc = as_copier_text(c, step & ~AS_STEP_KEY, &str);
        *ret = str | AS_STEP_KEY;
    }
    return rc;
}

/* A node is made after the one above it, so what is missing is made from the top down. */
static as_code copy_node(as_copier *c, as_node node, as_node *ret)
{
    const as_link *links = c->from->nodes.p;
    as_code rc = AS_OK;

    while (!rc && node > 0 && c->nodes[node - 1] == NOT_YET) {
        as_node top = node, up;
        as_step step = 0;

        while ((up = links[top - 1].up) > 0 && c->nodes[up - 1] == NOT_YET)
            top = up;
        rc = copy_step(c, links[top - 1].step, &step);
        if (!rc)
            rc = as_facts_node(c->to, up > 0 ? c->nodes[up - 1] : 0, step, &c->nodes[top - 1]);
        if (rc)
            c->nodes[top - 1] = NOT_YET;
    }
    if (!rc)
        *ret = node > 0 ? c->nodes[node - 1] : 0;
    return rc;
}

as_code as_copier_evidence(as_copier *c, const as_evidence *e, as_evidence *ret)
{
    as_evidence copy = {e->begin + c->shift, e->end + c->shift, 0, e->last};
    as_code rc = copy_node(c, e->node, &copy.node);

    if (!rc && e->last != AS_STEP_NONE)
        rc = copy_step(c, e->last, &copy.last);
    if (!rc)
        *ret = copy;
    return rc;
}

static as_code copy_rows(as_copier *c, const as_fact *old, as_fact *fact)
{
    const as_attr *attrs = as_fact_attrs(c->from, old);
    const as_evidence *evidence = as_fact_evidence(c->from, old);
    as_facts *to = c->to;
    as_code rc = as_rows_room(to, &to->attrs, sizeof(as_attr), old->n_attrs, AS_ROWS_MAX);

    if (!rc)
        rc = as_rows_room(to, &to->evidence, sizeof(as_evidence), old->n_evidence, AS_ROWS_MAX);
    fact->attrs = (uint32_t)to->attrs.n;
    fact->evidence = (uint32_t)to->evidence.n;
    for (size_t i = 0; !rc && i < old->n_attrs; i++) {
        as_attr attr = attrs[i];

        rc = as_copier_text(c, attrs[i].str, &attr.str);
        if (!rc)
            ((as_attr *)to->attrs.p)[to->attrs.n++] = attr;
    }
    for (size_t i = 0; !rc && i < old->n_evidence; i++) {
        as_evidence e = {0};

        rc = as_copier_evidence(c, &evidence[i], &e);
        if (!rc)
            ((as_evidence *)to->evidence.p)[to->evidence.n++] = e;
    }
    return rc;
}

as_code as_copier_fact(as_copier *c, uint32_t fact, uint32_t parent, unsigned flags, uint32_t *ret)
{
    const as_fact *old = as_facts_get(c->from, fact);
    as_facts *to = c->to;
    as_mark mark = as_facts_mark(to);
    as_fact copy = {.kind = old->kind,
                    .n_attrs = old->n_attrs,
                    .n_evidence = old->n_evidence,
                    .flags = (uint8_t)flags,
                    .parent = parent};
    as_code rc = as_rows_room(to, &to->facts, sizeof(as_fact), 1, AS_FACTS_MAX);

    if (!rc)
        rc = copy_rows(c, old, &copy);
    if (rc) { /* nodes stay: the copier knows them */
        mark.nodes = to->nodes.n;
        as_facts_rewind(to, &mark);
        return rc;
    }
    *ret = (uint32_t)to->facts.n;
    ((as_fact *)to->facts.p)[to->facts.n++] = copy;
    return AS_OK;
}

void as_facts_swap(as_facts *a, as_facts *b)
{
    as_facts kept = *a;

    *a = *b;
    *b = kept;
}

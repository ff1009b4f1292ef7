#include "retrieve/retrieve_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * A chunk rests on many facts; the question asked for one value. The facts of the document
 * that have the value are known to the store by its term, so their evidence can come first.
 */

#define FACTS_MAX 256u /* of a document, that have one term */

struct citing {
    as_passage *p;
    as_range *evidence;
};

static as_code take_term(void *ctx, const as_term *term, as_err *err)
{
    as_wanted *w = ctx;

    (void)err;
    if (w->n_terms < AS_TERM_COUNT)
        w->terms[w->n_terms++] = term->id;
    return AS_OK;
}

/* A value may be a term of several types: a file that is also a process. */
static as_code look_up(as_hunt *h, as_wanted *w)
{
    as_code rc = AS_OK;

    w->looked = true;
    for (int type = 0; !rc && type < AS_TERM_COUNT && w->norm.n > 0; type++) {
        as_terms_query q = {.type = type, .norm = w->norm, .limit = 1};

        rc = as_store_terms(h->s, &q, take_term, w, h->err);
    }
    return rc;
}

/* Moves the range behind those that came first already. */
static void put_first(struct citing *c, size_t at)
{
    as_range r = c->evidence[at];

    memmove(&c->evidence[c->p->n_first + 1], &c->evidence[c->p->n_first],
            (at - c->p->n_first) * sizeof(r));
    c->evidence[c->p->n_first++] = r;
}

static as_code take_row(void *ctx, const as_row *row, as_err *err)
{
    struct citing *c = ctx;

    (void)err;
    for (size_t i = 0; i < row->n_evidence; i++) {
        for (size_t k = c->p->n_first; k < c->p->n_evidence; k++) {
            if (row->evidence[i].begin == c->evidence[k].begin &&
                row->evidence[i].end == c->evidence[k].end) {
                put_first(c, k);
                break;
            }
        }
    }
    return AS_OK;
}

as_code as_hunt_cite(as_hunt *h, const as_lead *lead, as_passage *p)
{
    struct citing c = {p, as_arena_take(h->arena, p->n_evidence + 1, sizeof(*c.evidence))};
    as_code rc = AS_OK;

    if (!c.evidence)
        return as_fail_nomem(h->err, "a passage");
    if (p->n_evidence > 0)
        memcpy(c.evidence, p->evidence, p->n_evidence * sizeof(*c.evidence));
    for (size_t i = 0; !rc && i < h->exact.n; i++) {
        as_wanted *w = &h->wanted[i];

        if (!(lead->wanted >> i & 1))
            continue;
        if (!w->looked)
            rc = look_up(h, w);
        for (size_t k = 0; !rc && k < w->n_terms; k++) {
            as_rows_query q = {
                .sample = p->sample, .doc = p->doc, .term = w->terms[k], .limit = FACTS_MAX};

            rc = as_store_rows(h->s, &q, take_row, &c, h->err);
        }
    }
    p->evidence = c.evidence;
    return rc;
}

#include "base/utf8.h"
#include "retrieve/retrieve_priv.h"

#include <string.h>

#include "base/banned.h"

/* A question with CJK in it is answered in Chinese where both languages say the same. */
static unsigned language_of(as_bytes text)
{
    for (size_t i = 0; i < text.n;) {
        size_t n;
        int32_t cp = as_utf8_next((as_bytes){text.p + i, text.n - i}, &n);

        if (cp >= 0x3400 && cp <= 0x9fff)
            return AS_LANG_ZH;
        i += n;
    }
    return AS_LANG_EN;
}

static as_code take_passages(as_hunt *h, as_retrieved *r)
{
    as_passage *passages;
    size_t n = 0;
    as_code rc = AS_OK;

    while (n < h->n_leads && !h->leads[n].gone)
        n++;
    passages = as_arena_take(h->arena, n + 1, sizeof(*passages));
    if (!passages)
        return as_fail_nomem(h->err, "what a search found");
    for (size_t i = 0; !rc && i < n; i++)
        rc = as_hunt_passage(h, &h->leads[i], &passages[i]);
    r->passages = passages;
    r->n = n;
    r->left_out = h->n_leads - n;
    return rc;
}

/* Counting is slow, so it is done for who finds nothing. */
static as_code say_scope(as_hunt *h, as_retrieved *r)
{
    uint64_t samples = 0, chunks = 0;
    as_code rc = AS_OK;

    if (r->n > 0)
        return AS_OK;
    rc = as_search_scope(h->s, &h->filter, &samples, &chunks, h->err);
    if (!rc)
        r->scope = as_arena_printf(h->arena, "%llu sample%s, %llu passage%s",
                                   (unsigned long long)samples, samples == 1 ? "" : "s",
                                   (unsigned long long)chunks, chunks == 1 ? "" : "s");
    return rc;
}

static as_code hunt(as_hunt *h, as_retrieved *r)
{
    bool begun = false;
    as_code rc = as_search_begin(h->s, &begun, h->err);

    if (!rc)
        rc = as_hunt_values(h);
    if (!rc)
        rc = as_hunt_routes(h);
    if (!rc)
        rc = as_hunt_fuse(h);
    if (!rc)
        rc = take_passages(h, r);
    if (!rc)
        rc = say_scope(h, r);
    as_search_end(h->s, begun);
    memcpy(r->routes, h->trace, sizeof(r->routes));
    return rc;
}

as_code as_retrieve(as_store *s, const as_retriever_query *q, as_arena *arena, as_retrieved **ret,
                    as_err *err)
{
    as_hunt *h = as_arena_take(arena, 1, sizeof(*h));
    as_retrieved *r = as_arena_take(arena, 1, sizeof(*r));
    uint64_t begin = as_hunt_now();
    as_code rc;

    if (!h || !r)
        return as_fail_nomem(err, "a search");
    if (q->text.n > AS_RETRIEVE_TEXT_MAX)
        return as_fail(err, AS_LIMIT, AS_RETRIEVE_TEXT_MAX, "the question has %zu bytes, limit %zu",
                       q->text.n, AS_RETRIEVE_TEXT_MAX);
    *h = (as_hunt){.s = s, .q = q, .arena = arena, .err = err};
    h->filter = (as_search_filter){.sample = q->sample,
                                   .since_us = q->since_us,
                                   .tool = q->tool,
                                   .section = q->section,
                                   .lang = q->lang};
    h->prefers = q->lang ? q->lang - 1 : language_of(q->text);
    rc = hunt(h, r);
    r->us = as_hunt_now() - begin;
    if (!rc)
        *ret = r;
    return rc;
}

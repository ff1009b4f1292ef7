#include "query/query_priv.h"

#include "retrieve/retrieve.h"

#include "base/banned.h"

#define PASSAGES_MAX 8u

static as_code put_passage(job *j, const as_passage *p, as_citation *c, as_answer_item *item,
                           size_t at)
{
    size_t *list = as_arena_take(j->arena, 1, sizeof(*list));
    as_bytes body = {p->body.p + p->snippet.begin, (size_t)(p->snippet.end - p->snippet.begin)};

    if (!list || as_arena_copy(j->arena, body, &c->quote))
        return as_fail_nomem(j->err, "passages");
    if (p->n_evidence > 0)
        as_evidence_id(p->doc_sha256, p->evidence[0].begin, p->evidence[0].end, c->evidence);
    c->cut = body.n < p->body.n;
    list[0] = at;
    *item = (as_answer_item){
        .value = p->context, .text = c->quote, .count = 1, .citations = list, .n_citations = 1};
    return AS_OK;
}

/* The best passages stand for themselves: nothing is concluded from them. */
as_code answer_search(job *j)
{
    as_retriever_query q = {
        .text = j->question, .sample = j->sample, .k = PASSAGES_MAX, .lang = (unsigned)j->lang + 1};
    as_retrieved *r = NULL;
    as_answer_item *items;
    as_citation *citations;
    as_buf out = {0};
    bool zh = j->lang == AS_LANG_ZH;
    as_dense dense = {0};
    as_code rc = j->dense ? j->dense(j->dense_ctx, &dense, j->err) : AS_OK;

    q.encoder = dense.encoder;
    q.vectors = dense.vectors;
    if (!rc)
        rc = as_retrieve(j->store, &q, j->arena, &r, j->err);
    if (rc)
        return rc;
    if (r->routes[AS_ROUTE_DENSE].ran)
        j->answer->tier = "encoder";
    items = as_arena_take(j->arena, r->n + 1, sizeof(*items));
    citations = as_arena_take(j->arena, r->n + 1, sizeof(*citations));
    if (!items || !citations)
        return as_fail_nomem(j->err, "passages");
    for (size_t i = 0; !rc && i < r->n; i++)
        rc = put_passage(j, &r->passages[i], &citations[i], &items[i], i);
    if (rc)
        return rc;
    j->answer->intent = want_name(WANT_SEARCH);
    j->answer->answerable = false;
    j->answer->extractive = r->n > 0;
    j->answer->complete = false;
    j->answer->items = items;
    j->answer->n_items = r->n;
    j->answer->citations = citations;
    j->answer->n_citations = r->n;
    if (r->n == 0)
        as_buf_text(&out, zh ? "没有找到：没有一段文字与问题相关。"
                             : "Nothing was found: no passage has to do with the question.");
    else
        as_buf_printf(&out,
                      zh ? "这个问题无法由事实直接回答。下面是最相关的 %zu 段原文（摘录，非结论）："
                         : "The facts do not answer this directly. The %zu passages that are "
                           "nearest to it (extracts, not conclusions):",
                      r->n);
    for (size_t i = 0; i < r->n; i++) {
        as_buf_printf(&out, "\n[%zu] ", i + 1);
        as_buf_add(&out, items[i].text);
    }
    j->answer->text = say_done(j, &out);
    return AS_OK;
}

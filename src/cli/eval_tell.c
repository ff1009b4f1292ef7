#include "cli/eval_priv.h"

#include "base/jsonw.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* --- figures --------------------------------------------------------------------------------- */

/* id, key, title, of, at */
#define METRIC_MAP(X)                                                                              \
    X(RECALL_1, "recall_1", "R@1", as_recall_at, 1)                                                \
    X(RECALL_5, "recall_5", "R@5", as_recall_at, 5)                                                \
    X(RECALL_10, "recall_10", "R@10", as_recall_at, 10)                                            \
    X(RECALL_20, "recall_20", "R@20", as_recall_at, 20)                                            \
    X(RECALL_100, "recall_100", "R@100", as_recall_at, 100)                                        \
    X(MRR_10, "mrr_10", "MRR@10", as_reciprocal_rank_at, 10)                                       \
    X(NDCG_10, "ndcg_10", "nDCG@10", as_ndcg_at, 10)

enum metric {
#define AS_X(id, key, title, of, at) METRIC_##id,
    METRIC_MAP(AS_X)
#undef AS_X
        METRIC_COUNT
};

static const struct metric_row {
    const char *key, *title;
    double (*of)(const as_judged_list *list, size_t k);
    size_t at;
} metrics[] = {
#define AS_X(id, key, title, of, at) {key, title, of, at},
    METRIC_MAP(AS_X)
#undef AS_X
};

struct figure {
    double mean, low, high;
};

/* Questions of one language, one kind, or any (NULL). */
static const struct group {
    const char *lang, *kind, *title;
} groups[] = {
    {NULL, NULL, "All questions"},
    {"en", NULL, "English"},
    {"zh", NULL, "Chinese"},
    {NULL, "lexical", "Lexical"},
    {NULL, "paraphrase", "Paraphrased"},
    {"en", "lexical", "English, lexical"},
    {"en", "paraphrase", "English, paraphrased"},
    {"zh", "lexical", "Chinese, lexical"},
    {"zh", "paraphrase", "Chinese, paraphrased"},
};

static bool is_of(const struct group *g, const as_eval_asked *asked)
{
    return (!g->lang || as_bytes_is(asked->lang, g->lang)) &&
           (!g->kind || as_bytes_is(asked->kind, g->kind));
}

static size_t count_of(const as_eval_results *r, const struct group *g)
{
    size_t n = 0;

    for (size_t i = 0; i < r->set->n_asked; i++)
        n += is_of(g, &r->set->asked[i]);
    return n;
}

/* A group is worth a table if it is all, or some and not all. */
static bool is_shown(const as_eval_results *r, const struct group *g)
{
    size_t n = count_of(r, g);

    return n > 0 && (n < r->set->n_asked || (!g->lang && !g->kind));
}

static double value_of(const as_eval_results *r, as_eval_run run, size_t question,
                       const struct metric_row *m, double *gains)
{
    const as_eval_asked *asked = &r->set->asked[question];
    const as_eval_found *found = &r->found[run][question];
    as_judged_list list = {found->hits, found->n, gains, asked->n};

    for (size_t i = 0; i < asked->n; i++)
        gains[i] = r->set->relevant[asked->first + i].gain;
    return m->of(&list, m->at);
}

static as_code figure_of(const as_eval_results *r, const struct group *g, as_eval_run run,
                         const struct metric_row *m, struct figure *ret, as_err *err)
{
    double *values = as_mem_zero(r->set->n_asked + 1, sizeof(*values));
    double *gains = as_mem_zero(r->set->n_relevant + 1, sizeof(*gains));
    size_t n = 0;
    as_code rc = values && gains ? AS_OK : as_fail_nomem(err, "the figures");

    for (size_t i = 0; !rc && i < r->set->n_asked; i++) {
        if (is_of(g, &r->set->asked[i]))
            values[n++] = value_of(r, run, i, m, gains);
    }
    if (!rc) {
        ret->mean = as_mean_of(values, n);
        rc = as_interval_of(values, n, &ret->low, &ret->high, err);
    }
    as_mem_free(values);
    as_mem_free(gains);
    return rc;
}

static as_code figures_of(const as_eval_results *r, const struct group *g, as_eval_run run,
                          struct figure ret[METRIC_COUNT], as_err *err)
{
    as_code rc = AS_OK;

    for (unsigned i = 0; !rc && i < METRIC_COUNT; i++)
        rc = figure_of(r, g, run, &metrics[i], &ret[i], err);
    return rc;
}

/* --- a text ---------------------------------------------------------------------------------- */

static void add_row(as_table *t, as_eval_run run, const struct figure f[METRIC_COUNT])
{
    char text[48];

    as_table_text(t, as_eval_run_name(run));
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        if (i == METRIC_MRR_10 || i == METRIC_NDCG_10)
            (void)snprintf(text, sizeof(text), "%.3f (%.3f-%.3f)", f[i].mean, f[i].low, f[i].high);
        else
            (void)snprintf(text, sizeof(text), "%.3f", f[i].mean);
        as_table_text(t, text);
    }
}

static as_code tell_group(const as_eval_results *r, const struct group *g, as_buf *out, as_err *err)
{
    as_table table = {.columns = METRIC_COUNT + 1, .right = 0xfe};
    struct figure figures[METRIC_COUNT];
    as_code rc = AS_OK;

    as_table_text(&table, "");
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        as_table_text(&table, metrics[i].title);
    for (unsigned run = 0; !rc && run < AS_EVAL_RUN_COUNT; run++) {
        if (!r->found[run])
            continue;
        rc = figures_of(r, g, (as_eval_run)run, figures, err);
        if (!rc)
            add_row(&table, (as_eval_run)run, figures);
    }
    as_buf_printf(out, "%s (%zu)\n", g->title, count_of(r, g));
    as_table_print(&table, out);
    as_buf_byte(out, '\n');
    as_table_done(&table);
    return rc;
}

static as_code tell_text(const as_eval_results *r, as_buf *out, as_err *err)
{
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < AS_COUNT(groups); i++) {
        if (is_shown(r, &groups[i]))
            rc = tell_group(r, &groups[i], out, err);
    }
    as_buf_printf(out,
                  "%zu questions, %zu relevant passages; encoder: %s; weights:", r->set->n_asked,
                  r->set->n_relevant, r->encoder ? r->encoder->name : "none");
    for (unsigned i = 0; i < AS_ROUTE_COUNT; i++)
        as_buf_printf(out, "%s %s %g", i > 0 ? "," : "", as_route_name((as_route)i), r->weights[i]);
    as_buf_text(out, "\nin parentheses: 95 % of the means of as many questions drawn from these\n");
    return rc;
}

/* --- a document ------------------------------------------------------------------------------ */

static void put_real(as_jsonw *w, const char *key, double value)
{
    char text[32];
    int n = snprintf(text, sizeof(text), "%.4f", value);

    as_jsonw_key(w, key);
    as_jsonw_number(w, (as_bytes){(const uint8_t *)text, n > 0 ? (size_t)n : 0});
}

static void put_text(as_jsonw *w, const char *key, const char *text)
{
    as_jsonw_key(w, key);
    if (text)
        as_jsonw_text(w, text);
    else
        as_jsonw_null(w);
}

static void put_bytes(as_jsonw *w, const char *key, as_bytes text)
{
    as_jsonw_key(w, key);
    as_jsonw_str(w, text);
}

static void put_route(as_jsonw *w, as_eval_run run, const struct figure f[METRIC_COUNT])
{
    as_jsonw_object(w);
    put_text(w, "routes", as_eval_run_name(run));
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        as_jsonw_key(w, metrics[i].key);
        as_jsonw_object(w);
        put_real(w, "mean", f[i].mean);
        put_real(w, "low", f[i].low);
        put_real(w, "high", f[i].high);
        as_jsonw_end(w);
    }
    as_jsonw_end(w);
}

static as_code put_group(const as_eval_results *r, const struct group *g, as_jsonw *w, as_err *err)
{
    struct figure figures[METRIC_COUNT];
    as_code rc = AS_OK;

    as_jsonw_object(w);
    put_text(w, "lang", g->lang);
    put_text(w, "kind", g->kind);
    as_jsonw_key(w, "questions");
    as_jsonw_u64(w, count_of(r, g));
    as_jsonw_key(w, "figures");
    as_jsonw_array(w);
    for (unsigned run = 0; !rc && run < AS_EVAL_RUN_COUNT; run++) {
        if (!r->found[run])
            continue;
        rc = figures_of(r, g, (as_eval_run)run, figures, err);
        if (!rc)
            put_route(w, (as_eval_run)run, figures);
    }
    as_jsonw_end(w);
    as_jsonw_end(w);
    return rc;
}

static void put_ranks(const as_eval_results *r, size_t question, as_jsonw *w)
{
    as_jsonw_key(w, "ranks");
    as_jsonw_object(w);
    for (unsigned run = 0; run < AS_EVAL_RUN_COUNT; run++) {
        if (!r->found[run])
            continue;
        as_jsonw_key(w, as_eval_run_name((as_eval_run)run));
        as_jsonw_array(w);
        for (size_t i = 0; i < r->found[run][question].n; i++)
            as_jsonw_u64(w, r->found[run][question].hits[i].rank);
        as_jsonw_end(w);
    }
    as_jsonw_end(w);
}

static void put_question(const as_eval_results *r, size_t question, as_jsonw *w)
{
    const as_eval_asked *asked = &r->set->asked[question];

    as_jsonw_object(w);
    put_bytes(w, "id", asked->id);
    put_bytes(w, "split", asked->split);
    put_bytes(w, "lang", asked->lang);
    put_bytes(w, "kind", asked->kind);
    put_bytes(w, "question", asked->text);
    as_jsonw_key(w, "relevant");
    as_jsonw_u64(w, asked->n);
    put_ranks(r, question, w);
    as_jsonw_end(w);
}

static as_code tell_json(const as_eval_results *r, as_buf *out, as_err *err)
{
    as_jsonw writer = as_jsonw_to(out, 0), *w = &writer;
    as_code rc = AS_OK;

    as_jsonw_object(w);
    put_text(w, "schema", "assay/eval-retrieval/1");
    put_text(w, "set", r->set->name);
    put_text(w, "encoder", r->encoder ? r->encoder->name : NULL);
    as_jsonw_key(w, "weights");
    as_jsonw_object(w);
    for (unsigned i = 0; i < AS_ROUTE_COUNT; i++)
        put_real(w, as_route_name((as_route)i), r->weights[i]);
    as_jsonw_end(w);
    as_jsonw_key(w, "questions");
    as_jsonw_u64(w, r->set->n_asked);
    as_jsonw_key(w, "relevant");
    as_jsonw_u64(w, r->set->n_relevant);
    as_jsonw_key(w, "groups");
    as_jsonw_array(w);
    for (size_t i = 0; !rc && i < AS_COUNT(groups); i++) {
        if (is_shown(r, &groups[i]))
            rc = put_group(r, &groups[i], w, err);
    }
    as_jsonw_end(w);
    as_jsonw_key(w, "results");
    as_jsonw_array(w);
    for (size_t i = 0; i < r->set->n_asked; i++)
        put_question(r, i, w);
    as_jsonw_end(w);
    as_jsonw_end(w);
    as_buf_byte(out, '\n');
    return rc;
}

as_code as_eval_tell(const as_eval_results *r, bool json, as_buf *out, as_err *err)
{
    as_code rc = json ? tell_json(r, out, err) : tell_text(r, out, err);

    if (!rc && out->failed)
        rc = as_fail_nomem(err, "the figures");
    return rc;
}

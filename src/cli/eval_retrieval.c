#include "cli/eval_priv.h"

#include "base/hash.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

#define EVAL_MEMORY   ((size_t)1 << 30)
#define SEARCH_MEMORY ((size_t)64 << 20) /* of one question */
#define WEIGHT_MAX    1000.0

/* --- the questions -----------------------------------------------------------------------------
 */

as_code as_eval_ask(as_eval_set *set, const as_eval_asked *asked, as_err *err)
{
    if (!as_mem_room((void **)&set->asked, &set->cap_asked, set->n_asked, sizeof(*set->asked)))
        return as_fail_nomem(err, "the questions");
    set->asked[set->n_asked++] = *asked;
    return AS_OK;
}

as_code as_eval_judge(as_eval_set *set, const as_eval_relevant *relevant, as_err *err)
{
    if (!as_mem_room((void **)&set->relevant, &set->cap_relevant, set->n_relevant,
                     sizeof(*set->relevant)))
        return as_fail_nomem(err, "what is relevant");
    set->relevant[set->n_relevant++] = *relevant;
    return AS_OK;
}

static void set_done(as_eval_set *set)
{
    as_store_close(set->store);
    as_eval_store_drop(set->folder, &set->home);
    as_mem_free(set->asked);
    as_mem_free(set->relevant);
    as_arena_free(set->arena);
}

/* --- the runs ------------------------------------------------------------------------------------
 */

static const struct run_row {
    const char *name;
    double weights[AS_ROUTE_COUNT]; /* 1: takes part */
} runs[] = {
#define AS_X(id, name, exact, bm25, dense, child) {name, {exact, bm25, dense, child}},
    AS_EVAL_RUN_MAP(AS_X)
#undef AS_X
};

const char *as_eval_run_name(as_eval_run run)
{
    return runs[run].name;
}

struct running {
    as_eval_results *results;
    as_vectors *vectors;
    as_arena *arena; /* of the results */
};

/* The relevant passage that a chunk is; n: none. */
static size_t relevant_at(const as_eval_relevant *p, size_t n, int64_t chunk)
{
    size_t i = 0;

    while (i < n && p[i].chunk != chunk && p[i].twin != chunk)
        i++;
    return i;
}

static as_code take_hits(const struct running *r, const as_eval_asked *asked,
                         const as_retrieved *got, as_eval_found *ret, as_err *err)
{
    const as_eval_relevant *relevant = r->results->set->relevant + asked->first;
    bool *seen = as_arena_take(r->arena, asked->n + 1, sizeof(*seen));

    ret->hits = as_arena_take(r->arena, asked->n + 1, sizeof(*ret->hits));
    if (!ret->hits || !seen)
        return as_fail_nomem(err, "what was found");
    for (size_t i = 0; i < got->n; i++) {
        size_t at = relevant_at(relevant, asked->n, got->passages[i].chunk);

        if (at == asked->n || seen[at])
            continue;
        seen[at] = true;
        ret->hits[ret->n++] = (as_judged_hit){(uint32_t)i + 1, relevant[at].gain};
    }
    return AS_OK;
}

static as_code run_question(const struct running *r, const double *weights,
                            const as_eval_asked *asked, as_eval_found *ret, as_err *err)
{
    as_retriever_query q = {.text = asked->text,
                            .sample = asked->sample,
                            .per_sample = asked->per_sample,
                            .k = AS_EVAL_DEPTH,
                            .encoder = r->results->encoder,
                            .vectors = r->vectors,
                            .weights = weights};
    as_arena *arena = as_arena_new(SEARCH_MEMORY);
    as_retrieved *got = NULL;
    as_code rc = arena ? as_retrieve(r->results->set->store, &q, arena, &got, err)
                       : as_fail_nomem(err, "a search");

    rc = rc ? rc : take_hits(r, asked, got, ret, err);
    as_arena_free(arena);
    return rc;
}

/* A route alone counts 1; a fusion has the weights that are asked for. */
static void weigh(const as_eval_results *r, as_eval_run run, double weights[AS_ROUTE_COUNT])
{
    bool fused = run == AS_EVAL_ALL || run == AS_EVAL_SPARSE;

    for (unsigned i = 0; i < AS_ROUTE_COUNT; i++)
        weights[i] = runs[run].weights[i] * (fused ? r->weights[i] : 1.0);
}

static as_code run_one(const struct running *r, as_eval_run run, as_err *err)
{
    const as_eval_set *set = r->results->set;
    as_eval_found *found = as_arena_take(r->arena, set->n_asked + 1, sizeof(*found));
    double weights[AS_ROUTE_COUNT];
    as_code rc = found ? AS_OK : as_fail_nomem(err, "what was found");

    weigh(r->results, run, weights);
    for (size_t i = 0; !rc && i < set->n_asked; i++)
        rc = run_question(r, weights, &set->asked[i], &found[i], err);
    r->results->found[run] = found;
    return rc;
}

/* Without an encoder there is no dense route, and nothing to leave it out of. */
static bool takes_part(const as_eval_results *r, as_eval_run run)
{
    return r->encoder || (run != AS_EVAL_DENSE && run != AS_EVAL_ALL);
}

static as_code run_all(const struct running *r, as_err *err)
{
    as_code rc = AS_OK;

    for (unsigned i = 0; !rc && i < AS_EVAL_RUN_COUNT; i++) {
        if (takes_part(r->results, (as_eval_run)i))
            rc = run_one(r, (as_eval_run)i, err);
    }
    return rc;
}

/* --- vectors -----------------------------------------------------------------------------------
 */

/* Vectors of two encoders have two folders in a store that is kept. */
static as_code open_vectors(const as_eval_set *set, const as_encoder *encoder, as_vectors **ret,
                            as_err *err)
{
    as_vectors_options options = {.dim = encoder->dim};
    as_buf folder = {0};
    as_code rc;

    as_buf_printf(&folder, "%s/vectors-%016llx", (const char *)set->home.p,
                  (unsigned long long)as_hash64(as_bytes_of(encoder->name), 0));
    as_buf_byte(&folder, '\0');
    if (folder.failed)
        return as_fail_nomem(err, "the name of a folder");
    (void)mkdir((const char *)folder.p, 0777); /* what is wrong with it, opening says */
    rc = as_vectors_open((const char *)folder.p, encoder->name, &options, ret, err);
    as_buf_done(&folder);
    return rc ? rc : as_retrieve_fill(set->store, encoder, *ret, NULL, NULL, err);
}

static as_code measure(as_eval_results *r, as_eval_set *set, as_err *err)
{
    struct running running = {.results = r, .arena = set->arena};
    as_code rc = AS_OK;

    if (r->encoder)
        rc = open_vectors(set, r->encoder, &running.vectors, err);
    rc = rc ? rc : run_all(&running, err);
    as_vectors_close(running.vectors);
    return rc;
}

/* --- options --------------------------------------------------------------------------------- */

/* "bm25=1.5", up to a comma or the end. */
static bool read_weight(const char *text, size_t n, double weights[AS_ROUTE_COUNT])
{
    for (unsigned i = 0; i < AS_ROUTE_COUNT; i++) {
        const char *name = as_route_name((as_route)i);
        size_t m = strlen(name);
        char *end = NULL;
        double value;

        if (n <= m + 1 || strncmp(text, name, m) != 0 || text[m] != '=')
            continue;
        value = strtod(text + m + 1, &end);
        if (end != text + n || !isfinite(value) || value < 0 || value > WEIGHT_MAX)
            return false;
        weights[i] = value;
        return true;
    }
    return false;
}

static as_code read_weights(const as_args *args, double weights[AS_ROUTE_COUNT], as_err *err)
{
    const char *at = as_args_get(args, AS_OPT_WEIGHTS);

    for (unsigned i = 0; i < AS_ROUTE_COUNT; i++)
        weights[i] = as_route_weight((as_route)i);
    while (at) {
        size_t n = strcspn(at, ",");

        if (!read_weight(at, n, weights))
            return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                           "--weights wants ROUTE=NUMBER,... with routes exact, bm25, dense and "
                           "child, and numbers from 0 to 1000, not '%.40s'",
                           at);
        at = at[n] == ',' ? at + n + 1 : NULL;
    }
    return AS_OK;
}

static as_code check_options(const as_args *args, as_err *err)
{
    static const as_option_id others[] = {AS_OPT_NO_VARIANTS, AS_OPT_FAIL_UNDER};

    for (size_t i = 0; i < AS_COUNT(others); i++) {
        if (as_args_has(args, others[i]))
            return as_fail(err, AS_USAGE, AS_NO_OFFSET, "'eval retrieval' has no option '--%s'",
                           as_option_get(others[i])->name);
    }
    if (as_args_has(args, AS_OPT_CORPUS) && args->n_operands > 1)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "--corpus has its own questions, and no FILE beside it");
    return AS_OK;
}

int as_eval_retrieval(const as_args *args, const as_encoder *encoder)
{
    as_eval_set set = {.arena = as_arena_new(EVAL_MEMORY)};
    as_eval_results results = {.set = &set, .encoder = encoder};
    as_buf out = {0};
    as_err err = {0};
    int status = 0;
    as_code rc = set.arena ? AS_OK : as_fail_nomem(&err, "the questions");

    rc = rc ? rc : check_options(args, &err);
    rc = rc ? rc : read_weights(args, results.weights, &err);
    if (!rc)
        rc = as_args_has(args, AS_OPT_CORPUS) ? as_eval_cranfield(args, &set, &err)
                                              : as_eval_judged(args, &set, &status, &err);
    if (!rc && status == 0)
        rc = measure(&results, &set, &err);
    if (!rc && status == 0)
        rc = as_eval_tell(&results, as_args_has(args, AS_OPT_JSON), &out, &err);
    if (rc)
        status = as_say_error(&err);
    else if (status == 0)
        status = as_out_print(&out);
    as_buf_done(&out);
    set_done(&set);
    return status;
}

#include "cli/encoder.h"
#include "cli/eval_priv.h"

#include "base/escape.h"
#include "base/hash.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "query/score.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define EVAL_MEMORY  ((size_t)1 << 30) /* questions, and what is told of their answers */
#define EVAL_DEFAULT "tests/questions/*.jsonl"
#define QUEST_SHOWN  160u
#define KEY_DIGITS   12u /* of a hash, in the name of a store that is kept */

/* --- figures ----------------------------------------------------------------------------- */

#define TABLE_MAP(X)                                                                               \
    X(CATEGORY, "categories", "Questions by category")                                             \
    X(SPLIT, "splits", "Questions by split")                                                       \
    X(LANG, "languages", "Questions by language")                                                  \
    X(VARIANT, "variants", "Variants by split")

enum table {
#define AS_X(id, name, title) TABLE_##id,
    TABLE_MAP(AS_X)
#undef AS_X
        TABLE_COUNT
};

static const char *const table_names[] = {
#define AS_X(id, name, title) name,
    TABLE_MAP(AS_X)
#undef AS_X
};

static const char *const table_titles[] = {
#define AS_X(id, name, title) title,
    TABLE_MAP(AS_X)
#undef AS_X
};

struct tally {
    as_bytes name;
    uint64_t right, all;
};

struct tallies {
    struct tally *p;
    size_t n, cap;
};

struct eval {
    const as_args *args;
    as_arena *arena;
    as_buf reports; /* the folder, "/" behind it */
    as_buf out;
    as_jsonw json;
    bool is_json;
    bool wrong_told; /* a first one */
    struct tallies tables[TABLE_COUNT];
    uint64_t faults[AS_FAULT_COUNT_OF];
    uint64_t *took_us;
    size_t asked, cap;
    uint64_t right;
};

static uint64_t now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static as_code count_in(struct tallies *t, as_bytes name, bool right, as_err *err)
{
    size_t i = 0;

    while (i < t->n && !as_bytes_eq(t->p[i].name, name))
        i++;
    if (i == t->n) {
        if (!as_mem_room((void **)&t->p, &t->cap, t->n, sizeof(*t->p)))
            return as_fail_nomem(err, "the figures");
        t->p[t->n++] = (struct tally){.name = name};
    }
    t->p[i].right += right;
    t->p[i].all++;
    return AS_OK;
}

static int by_name(const void *a, const void *b)
{
    return as_bytes_cmp(((const struct tally *)a)->name, ((const struct tally *)b)->name);
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static double percent(uint64_t right, uint64_t all)
{
    return all > 0 ? 100.0 * (double)right / (double)all : 0.0;
}

/* The middle one; of an even number, between the two. `took_us` is sorted. */
static double median_ms(const struct eval *e)
{
    size_t half = e->asked / 2;

    if (e->asked % 2 == 1)
        return (double)e->took_us[half] / 1000.0;
    return (double)(e->took_us[half - 1] + e->took_us[half]) / 2000.0;
}

/* --- one answer -------------------------------------------------------------------------- */

/* A question in one of its wordings, what came of it, and what is to be said of that. */
struct asked {
    const char *file;
    const as_question *q;
    as_bytes text;
    size_t variant; /* 0: the question itself */
    as_fault fault;
    as_bytes why;
    const as_answer *answer; /* NULL: failed */
    uint64_t us;
};

static void put_real(as_jsonw *w, const char *key, double value)
{
    char text[32];
    int n = snprintf(text, sizeof(text), "%.3f", value);

    as_jsonw_key(w, key);
    as_jsonw_number(w, (as_bytes){(const uint8_t *)text, n > 0 ? (size_t)n : 0});
}

static void put_text(as_jsonw *w, const char *key, as_bytes text)
{
    as_jsonw_key(w, key);
    as_jsonw_str(w, text);
}

static void put_truth(as_jsonw *w, as_truth truth)
{
    as_jsonw_key(w, "truth");
    if (truth == AS_TRUTH_NONE)
        as_jsonw_null(w);
    else
        as_jsonw_bool(w, truth == AS_TRUTH_YES);
}

static void put_count(as_jsonw *w, bool has, uint64_t count)
{
    as_jsonw_key(w, "count");
    if (has)
        as_jsonw_u64(w, count);
    else
        as_jsonw_null(w);
}

static void put_expected(as_jsonw *w, const as_question *q)
{
    as_jsonw_key(w, "expected");
    as_jsonw_object(w);
    as_jsonw_key(w, "answerable");
    as_jsonw_bool(w, q->answerable);
    put_truth(w, q->truth);
    put_count(w, q->has_count, q->count);
    as_jsonw_key(w, "items");
    if (!q->has_items)
        as_jsonw_null(w);
    else
        as_jsonw_array(w);
    for (size_t i = 0; i < q->n_items; i++) {
        as_jsonw_array(w);
        for (size_t k = 0; k < q->items[i].n; k++)
            as_jsonw_str(w, q->items[i].p[k]);
        as_jsonw_end(w);
    }
    if (q->has_items)
        as_jsonw_end(w);
    as_jsonw_end(w);
}

static void put_got(as_jsonw *w, const as_answer *a)
{
    as_jsonw_key(w, "got");
    if (!a) {
        as_jsonw_null(w);
        return;
    }
    as_jsonw_object(w);
    as_jsonw_key(w, "intent");
    as_jsonw_text(w, a->intent);
    as_jsonw_key(w, "answerable");
    as_jsonw_bool(w, a->answerable);
    put_truth(w, a->truth);
    put_count(w, a->has_count, a->count);
    put_text(w, "answer", a->text);
    as_jsonw_key(w, "items");
    as_jsonw_array(w);
    for (size_t i = 0; i < a->n_items; i++)
        as_jsonw_str(w, a->items[i].value);
    as_jsonw_end(w);
    as_jsonw_end(w);
}

static void put_result(as_jsonw *w, const struct asked *r)
{
    as_jsonw_object(w);
    as_jsonw_key(w, "file");
    as_jsonw_text(w, r->file);
    put_text(w, "id", r->q->id);
    as_jsonw_key(w, "variant");
    as_jsonw_u64(w, r->variant);
    put_text(w, "split", r->q->split);
    put_text(w, "category", r->q->category);
    put_text(w, "lang", r->q->lang);
    put_text(w, "question", r->text);
    as_jsonw_key(w, "right");
    as_jsonw_bool(w, r->fault == AS_FAULT_NONE);
    as_jsonw_key(w, "fault");
    if (r->fault == AS_FAULT_NONE)
        as_jsonw_null(w);
    else
        as_jsonw_text(w, as_fault_name(r->fault));
    put_text(w, "why", r->why);
    put_real(w, "ms", (double)r->us / 1000.0);
    put_expected(w, r->q);
    put_got(w, r->answer);
    as_jsonw_end(w);
}

/*
 * cuckoo-005v1 [run] analysis duration?
 *     lacks '112'; intent attribute
 */
static void tell_wrong(struct eval *e, const struct asked *r)
{
    if (!e->wrong_told)
        as_buf_text(&e->out, "Wrong\n");
    e->wrong_told = true;
    as_buf_text(&e->out, "  ");
    as_escape_visible(&e->out, r->q->id);
    if (r->variant > 0)
        as_buf_printf(&e->out, "v%zu", r->variant);
    as_buf_text(&e->out, " [");
    as_escape_visible(&e->out, r->q->category);
    as_buf_text(&e->out, "] ");
    as_escape_visible_cut(&e->out, r->text, QUEST_SHOWN);
    as_buf_text(&e->out, "\n      ");
    as_buf_add(&e->out, r->why);
    if (r->answer)
        as_buf_printf(&e->out, "; intent %s", r->answer->intent);
    as_buf_byte(&e->out, '\n');
}

static as_code count_result(struct eval *e, const struct asked *r, as_err *err)
{
    bool right = r->fault == AS_FAULT_NONE;
    as_code rc;

    if (!as_mem_room((void **)&e->took_us, &e->cap, e->asked, sizeof(*e->took_us)))
        return as_fail_nomem(err, "the figures");
    e->took_us[e->asked++] = r->us;
    e->right += right;
    e->faults[r->fault]++;
    if (r->variant > 0)
        return count_in(&e->tables[TABLE_VARIANT], r->q->split, right, err);
    rc = count_in(&e->tables[TABLE_CATEGORY], r->q->category, right, err);
    rc = rc ? rc : count_in(&e->tables[TABLE_SPLIT], r->q->split, right, err);
    return rc ? rc : count_in(&e->tables[TABLE_LANG], r->q->lang, right, err);
}

static as_code ask_one(struct eval *e, as_store *s, struct asked *r, as_err *err)
{
    as_ask_options options = {.question = r->text, .sample = r->q->sample, .lang = -1};
    as_answer *answer = NULL;
    as_buf why = {0};
    as_err fault = {0};
    uint64_t begin = now_us();
    as_code rc = as_ask(s, &options, &answer, &fault);

    r->us = now_us() - begin;
    r->answer = answer;
    if (rc) {
        r->fault = AS_FAULT_FAILED;
        as_buf_text(&why, fault.msg);
        rc = AS_OK;
    } else {
        rc = as_answer_judge(r->q, r->text, answer, &why, &r->fault, err);
    }
    r->why = as_buf_bytes(&why);
    rc = rc ? rc : count_result(e, r, err);
    if (!rc && e->is_json)
        put_result(&e->json, r);
    else if (!rc && r->fault != AS_FAULT_NONE)
        tell_wrong(e, r);
    as_answer_free(answer);
    as_buf_done(&why);
    return rc;
}

static bool is_wanted(const struct eval *e, const as_question *q)
{
    const char *split = as_args_get(e->args, AS_OPT_SPLIT);
    as_bytes only = as_bytes_of(as_args_get(e->args, AS_OPT_ONLY));

    return (!split || as_bytes_is(q->split, split)) && q->id.n >= only.n &&
           as_bytes_eq((as_bytes){q->id.p, only.n}, only);
}

static as_code ask_all(struct eval *e, as_store *s, const char *file, const as_questions *all,
                       as_err *err)
{
    bool variants = !as_args_has(e->args, AS_OPT_NO_VARIANTS);
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < all->n; i++) {
        const as_question *q = &all->p[i];
        size_t n = variants ? q->n_variants : 0;

        if (!is_wanted(e, q))
            continue;
        for (size_t k = 0; !rc && k <= n; k++) {
            struct asked r = {.file = file, .q = q, .variant = k};

            r.text = k == 0 ? q->text : q->variants[k - 1];
            rc = ask_one(e, s, &r, err);
        }
    }
    return rc;
}

/* --- its store --------------------------------------------------------------------------- */

static as_code find_paths(struct eval *e, const as_questions *all, as_eval_paths *ret, as_err *err)
{
    size_t most = 0;

    for (size_t i = 0; i < all->n; i++)
        most += all->p[i].n_reports;
    *ret = (as_eval_paths){.names = as_arena_take(e->arena, most + 1, sizeof(as_bytes)),
                           .full = as_arena_take(e->arena, most + 1, sizeof(char *))};
    if (!ret->names || !ret->full)
        return as_fail_nomem(err, "the names of the reports");
    for (size_t i = 0; i < all->n; i++) {
        for (size_t k = 0; k < all->p[i].n_reports; k++) {
            as_bytes name = all->p[i].reports[k];
            size_t m = 0;

            while (m < ret->n && !as_bytes_eq(ret->names[m], name))
                m++;
            if (m == ret->n)
                ret->names[ret->n++] = name;
        }
    }
    return AS_OK;
}

/* --- one file of questions --------------------------------------------------------------- */

static as_code ask_in(struct eval *e, const char *home, const char *file, const as_questions *all,
                      as_err *err)
{
    as_store *s = NULL;
    as_code rc = as_store_open(home, AS_STORE_READ, &s, err);

    rc = rc ? rc : ask_all(e, s, file, all, err);
    as_store_close(s);
    return rc;
}

static as_code eval_questions(struct eval *e, const char *file, const as_questions *all,
                              int *ret_status, as_err *err)
{
    const char *folder = as_args_get(e->args, AS_OPT_STORE);
    as_eval_paths p = {0};
    as_buf home = {0};
    as_code rc = find_paths(e, all, &p, err);

    rc = rc ? rc : as_eval_paths_look(&p, e->arena, as_buf_bytes(&e->reports), err);
    rc = rc ? rc : as_eval_store_make(folder, file, &p, &home, ret_status, err);
    if (!rc && *ret_status == 0)
        rc = ask_in(e, (const char *)home.p, file, all, err);
    as_eval_store_drop(folder, &home);
    return rc;
}

/* 0, or the exit status of what has been told. */
static int eval_file(struct eval *e, const char *file)
{
    as_source *source = NULL;
    as_questions all = {0};
    as_err err = {0};
    int status = 0;
    as_code rc = as_source_open(file, NULL, &source, &err);

    rc = rc ? rc : as_questions_read(source, e->arena, &all, &err);
    as_source_free(source);
    if (rc)
        return as_say_input(file, &err);
    rc = eval_questions(e, file, &all, &status, &err);
    return rc ? as_say_error(&err) : status;
}

static int eval_files(struct eval *e)
{
    glob_t found = {0};
    char **files = e->args->operands + 1;
    size_t n = (size_t)e->args->n_operands - 1;
    as_err err = {0};
    int status = 0;

    if (n == 0) {
        if (glob(EVAL_DEFAULT, 0, NULL, &found)) {
            (void)as_fail(&err, AS_USAGE, AS_NO_OFFSET,
                          "no file of questions is named, and there is no " EVAL_DEFAULT
                          " here; try 'assay help eval'");
            return as_say_error(&err);
        }
        files = found.gl_pathv;
        n = found.gl_pathc;
    }
    for (size_t i = 0; i < n && status == 0; i++)
        status = eval_file(e, files[i]);
    globfree(&found);
    return status;
}

/* --- the end ----------------------------------------------------------------------------- */

static void sum_json(struct eval *e)
{
    as_jsonw *w = &e->json;

    as_jsonw_end(w); /* results */
    as_jsonw_key(w, "asked");
    as_jsonw_u64(w, e->asked);
    as_jsonw_key(w, "right");
    as_jsonw_u64(w, e->right);
    put_real(w, "percent", percent(e->right, e->asked));
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        as_jsonw_key(w, table_names[t]);
        as_jsonw_array(w);
        for (size_t i = 0; i < e->tables[t].n; i++) {
            const struct tally *row = &e->tables[t].p[i];

            as_jsonw_object(w);
            put_text(w, "name", row->name);
            as_jsonw_key(w, "right");
            as_jsonw_u64(w, row->right);
            as_jsonw_key(w, "asked");
            as_jsonw_u64(w, row->all);
            as_jsonw_end(w);
        }
        as_jsonw_end(w);
    }
    as_jsonw_key(w, "faults");
    as_jsonw_object(w);
    for (unsigned i = AS_FAULT_NONE + 1; i < AS_FAULT_COUNT_OF; i++) {
        as_jsonw_key(w, as_fault_name((as_fault)i));
        as_jsonw_u64(w, e->faults[i]);
    }
    as_jsonw_end(w);
    put_real(w, "median_ms", median_ms(e));
    put_real(w, "worst_ms", (double)e->took_us[e->asked - 1] / 1000.0);
    as_jsonw_end(w);
    as_buf_byte(&e->out, '\n');
}

static void sum_table(const struct eval *e, unsigned t, as_buf *out)
{
    as_table table = {.columns = 4, .right = 0x0e};
    char text[32];

    for (size_t i = 0; i < e->tables[t].n; i++) {
        const struct tally *row = &e->tables[t].p[i];

        as_table_cell(&table, row->name);
        (void)snprintf(text, sizeof(text), "%llu of", (unsigned long long)row->right);
        as_table_text(&table, text);
        as_table_u64(&table, row->all);
        (void)snprintf(text, sizeof(text), "%.1f %%", percent(row->right, row->all));
        as_table_text(&table, text);
    }
    as_buf_printf(out, "%s\n", table_titles[t]);
    as_table_print(&table, out);
    as_buf_byte(out, '\n');
    as_table_done(&table);
}

static void sum_text(struct eval *e)
{
    const char *comma = "; faults: ";

    if (e->wrong_told)
        as_buf_byte(&e->out, '\n');
    for (unsigned t = 0; t < TABLE_COUNT; t++)
        if (e->tables[t].n > 0)
            sum_table(e, t, &e->out);
    as_buf_printf(&e->out, "%zu asked, %llu right, %.1f %%", e->asked, (unsigned long long)e->right,
                  percent(e->right, e->asked));
    for (unsigned i = AS_FAULT_NONE + 1; i < AS_FAULT_COUNT_OF; i++) {
        if (e->faults[i] == 0)
            continue;
        as_buf_printf(&e->out, "%s%s %llu", comma, as_fault_name((as_fault)i),
                      (unsigned long long)e->faults[i]);
        comma = ", ";
    }
    as_buf_printf(&e->out, "\na question took %.1f ms (median), %.1f ms at most\n", median_ms(e),
                  (double)e->took_us[e->asked - 1] / 1000.0);
}

static int finish(struct eval *e, uint64_t least)
{
    as_err err = {0};
    int status;

    if (e->asked == 0) {
        (void)as_fail(&err, AS_NOT_FOUND, AS_NO_OFFSET, "there is no such question");
        return as_say_error(&err);
    }
    qsort(e->took_us, e->asked, sizeof(*e->took_us), by_number);
    for (unsigned t = 0; t < TABLE_COUNT; t++)
        if (e->tables[t].n > 0)
            qsort(e->tables[t].p, e->tables[t].n, sizeof(struct tally), by_name);
    if (e->is_json)
        sum_json(e);
    else
        sum_text(e);
    status = as_out_print(&e->out);
    if (status == 0 && e->right * 100 < least * e->asked) {
        (void)as_fail(&err, AS_NOT_FOUND, AS_NO_OFFSET,
                      "%.1f %% are right, and --fail-under wants %llu", percent(e->right, e->asked),
                      (unsigned long long)least);
        return as_say_error(&err);
    }
    return status;
}

static as_code begin(struct eval *e, as_err *err)
{
    as_code rc;

    e->arena = as_arena_new(EVAL_MEMORY);
    if (!e->arena)
        return as_fail_nomem(err, "the questions");
    rc = as_eval_folder(e->args, "reports", &e->reports, err);
    if (rc)
        return rc;
    e->is_json = as_args_has(e->args, AS_OPT_JSON);
    e->json = as_jsonw_to(&e->out, 0);
    if (e->is_json) {
        as_jsonw_object(&e->json);
        as_jsonw_key(&e->json, "schema");
        as_jsonw_text(&e->json, "assay/eval-ask/1");
        as_jsonw_key(&e->json, "results");
        as_jsonw_array(&e->json);
    }
    return AS_OK;
}

static int eval_asked(const as_args *args)
{
    struct eval e = {.args = args};
    uint64_t least = 0;
    as_err err = {0};
    int status = 0;

    if (as_number_option(args, AS_OPT_FAIL_UNDER, 0, 100, &least, &err) || begin(&e, &err))
        status = as_say_error(&err);
    status = status ? status : eval_files(&e);
    status = status ? status : finish(&e, least);
    for (unsigned t = 0; t < TABLE_COUNT; t++)
        as_mem_free(e.tables[t].p);
    as_mem_free(e.took_us);
    as_buf_done(&e.reports);
    as_buf_done(&e.out);
    as_arena_free(e.arena);
    return status;
}

static int eval_retrieval(const as_args *args)
{
    as_embedder by = {0};
    as_err err = {0};
    int status;

    if (as_embedder_open(args, &by, &err))
        return as_say_error(&err);
    status = as_eval_retrieval(args, by.encoder);
    as_embedder_close(&by);
    return status;
}

int as_cmd_eval(const as_args *args)
{
    as_signals_install();
    return strcmp(args->operands[0], "retrieval") == 0 ? eval_retrieval(args) : eval_asked(args);
}

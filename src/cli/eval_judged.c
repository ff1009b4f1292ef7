#include "cli/eval_priv.h"

#include "store/search.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Judged questions on descriptions: which chunks of their store answer them. */

#define JUDGED_DEFAULT "tests/retrieval/*.jsonl"

/* A question, where its report is, and a chunk that answers a question. */
struct wanted {
    const as_judged_question *q;
    int64_t doc, sample;
};

struct match {
    size_t question;
    int64_t chunk;
    uint8_t lang;
};

struct judging {
    const as_args *args;
    as_eval_set *set;
    as_judged_set *files; /* of each file; a question stays where it was read */
    size_t n_files;
    as_eval_paths paths;
    struct wanted *wanted;
    size_t n_wanted, cap_wanted;
    struct match *matches;
    size_t n_matches, cap_matches;
};

/* --- questions -------------------------------------------------------------------------------- */

static as_code read_file(const char *file, as_arena *arena, as_judged_set *ret, int *ret_status)
{
    as_source *source = NULL;
    as_err err = {0};
    as_code rc = as_source_open(file, NULL, &source, &err);

    rc = rc ? rc : as_judged_read(source, arena, ret, &err);
    as_source_free(source);
    if (rc)
        *ret_status = as_say_input(file, &err);
    return rc;
}

/* *ret_status: a file that cannot be read has been told. */
static as_code read_files(struct judging *j, char **files, size_t n, int *ret_status, as_err *err)
{
    j->files = as_arena_take(j->set->arena, n + 1, sizeof(*j->files));
    if (!j->files)
        return as_fail_nomem(err, "the judged questions");
    for (size_t i = 0; i < n && *ret_status == 0; i++) {
        if (!read_file(files[i], j->set->arena, &j->files[i], ret_status))
            j->n_files++;
    }
    return AS_OK;
}

static as_code find_files(struct judging *j, int *ret_status, as_err *err)
{
    char **named = j->args->operands + 1;
    size_t n = (size_t)j->args->n_operands - 1;
    glob_t found = {0};
    as_code rc;

    if (n > 0)
        return read_files(j, named, n, ret_status, err);
    if (glob(JUDGED_DEFAULT, 0, NULL, &found))
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "no file of questions is named, and there is no " JUDGED_DEFAULT
                       " here; try 'assay help eval'");
    rc = read_files(j, found.gl_pathv, found.gl_pathc, ret_status, err);
    globfree(&found);
    return rc;
}

/* All that the files name, whatever is asked: so the store stays the same. */
static as_code find_paths(struct judging *j, as_err *err)
{
    as_eval_paths *p = &j->paths;
    size_t most = 0;

    for (size_t f = 0; f < j->n_files; f++)
        most += j->files[f].n;
    p->names = as_arena_take(j->set->arena, most + 1, sizeof(*p->names));
    p->full = as_arena_take(j->set->arena, most + 1, sizeof(*p->full));
    if (!p->names || !p->full)
        return as_fail_nomem(err, "the names of the reports");
    for (size_t f = 0; f < j->n_files; f++) {
        for (size_t i = 0; i < j->files[f].n; i++) {
            as_bytes name = j->files[f].p[i].report;
            size_t k = 0;

            while (k < p->n && !as_bytes_eq(p->names[k], name))
                k++;
            if (k == p->n)
                p->names[p->n++] = name;
        }
    }
    return AS_OK;
}

static bool is_wanted(const as_args *args, const as_judged_question *q)
{
    const char *split = as_args_get(args, AS_OPT_SPLIT);
    as_bytes only = as_bytes_of(as_args_get(args, AS_OPT_ONLY));

    return (!split || as_bytes_is(q->split, split)) && q->id.n >= only.n &&
           as_bytes_eq((as_bytes){q->id.p, only.n}, only);
}

static as_code choose(struct judging *j, as_err *err)
{
    for (size_t f = 0; f < j->n_files; f++) {
        for (size_t i = 0; i < j->files[f].n; i++) {
            if (!is_wanted(j->args, &j->files[f].p[i]))
                continue;
            if (!as_mem_room((void **)&j->wanted, &j->cap_wanted, j->n_wanted, sizeof(*j->wanted)))
                return as_fail_nomem(err, "the judged questions");
            j->wanted[j->n_wanted++] = (struct wanted){.q = &j->files[f].p[i]};
        }
    }
    return j->n_wanted > 0 ? AS_OK
                           : as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "there is no such question");
}

/* --- their passages ------------------------------------------------------------------------------
 */

struct placing {
    struct judging *j;
    as_bytes reports;
};

/* "…/reports/x.zip" or a member of it, "…/reports/x.zip!y.json". */
static bool is_of(as_bytes name, as_bytes reports, as_bytes report)
{
    size_t n = reports.n + report.n;

    return name.n >= n && memcmp(name.p, reports.p, reports.n) == 0 &&
           memcmp(name.p + reports.n, report.p, report.n) == 0 && (name.n == n || name.p[n] == '!');
}

static as_code place(void *ctx, const as_document *doc, as_err *err)
{
    const struct placing *p = ctx;

    (void)err;
    for (size_t i = 0; i < p->j->n_wanted; i++) {
        struct wanted *w = &p->j->wanted[i];

        if (w->doc == 0 && is_of(doc->name, p->reports, w->q->report)) {
            w->doc = doc->id;
            w->sample = doc->sample;
        }
    }
    return AS_OK;
}

static as_code match_chunk(void *ctx, const as_stored_chunk *c, as_err *err)
{
    struct judging *j = ctx;

    if (c->role != AS_CHUNK_BASE)
        return AS_OK;
    for (size_t i = 0; i < j->n_wanted; i++) {
        const struct wanted *w = &j->wanted[i];

        if (w->doc != c->doc || !as_judged_fits(w->q, c->section, c->lang, c->body))
            continue;
        if (!as_mem_room((void **)&j->matches, &j->cap_matches, j->n_matches, sizeof(*j->matches)))
            return as_fail_nomem(err, "the passages that answer");
        j->matches[j->n_matches++] = (struct match){i, c->id, c->lang};
    }
    return AS_OK;
}

static int by_question(const void *a, const void *b)
{
    const struct match *x = a, *y = b;

    if (x->question != y->question)
        return x->question < y->question ? -1 : 1;
    return (x->chunk > y->chunk) - (x->chunk < y->chunk);
}

/* The same in the other language is written next to it. */
static as_code take_match(struct judging *j, const struct match *m, size_t first, as_err *err)
{
    as_eval_set *set = j->set;
    as_eval_relevant r = {m->chunk, m->chunk + (m->lang == AS_LANG_EN ? 1 : -1), 1.0};
    bool twins = false;
    as_code rc = AS_OK;

    for (size_t i = first; i < set->n_relevant; i++) {
        if (set->relevant[i].twin == m->chunk)
            return AS_OK;
    }
    if (m->lang != AS_CHUNK_LANG_ANY)
        rc = as_search_twins(set->store, r.chunk, r.twin, &twins, err);
    if (!twins)
        r.twin = 0;
    return rc ? rc : as_eval_judge(set, &r, err);
}

static as_code take_question(struct judging *j, size_t at, size_t *next, as_err *err)
{
    const struct wanted *w = &j->wanted[at];
    as_eval_asked asked = {.id = w->q->id,
                           .split = w->q->split,
                           .lang = w->q->lang,
                           .kind = w->q->kind,
                           .text = w->q->text,
                           .sample = w->q->whole_store ? 0 : w->sample,
                           .first = j->set->n_relevant};
    as_code rc = AS_OK;

    for (; !rc && *next < j->n_matches && j->matches[*next].question == at; (*next)++)
        rc = take_match(j, &j->matches[*next], asked.first, err);
    asked.n = j->set->n_relevant - asked.first;
    if (!rc && asked.n == 0)
        rc = as_fail(err, AS_INVALID, AS_NO_OFFSET,
                     "no passage fits what is judged relevant to question '%.*s'",
                     (int)(w->q->id.n < 64 ? w->q->id.n : 64), (const char *)w->q->id.p);
    return rc ? rc : as_eval_ask(j->set, &asked, err);
}

static as_code judge(struct judging *j, as_bytes reports, as_err *err)
{
    struct placing p = {j, reports};
    size_t next = 0;
    as_code rc = as_store_documents(j->set->store, 0, place, &p, err);

    rc = rc ? rc : as_search_each(j->set->store, 0, match_chunk, j, err);
    if (!rc && j->n_matches > 1)
        qsort(j->matches, j->n_matches, sizeof(*j->matches), by_question);
    for (size_t i = 0; !rc && i < j->n_wanted; i++)
        rc = take_question(j, i, &next, err);
    return rc;
}

as_code as_eval_judged(const as_args *args, as_eval_set *ret, int *ret_status, as_err *err)
{
    struct judging j = {.args = args, .set = ret};
    as_buf reports = {0};
    as_code rc = as_eval_folder(args, "reports", &reports, err);

    ret->name = "judged";
    ret->folder = as_args_get(args, AS_OPT_STORE);
    rc = rc ? rc : find_files(&j, ret_status, err);
    if (!rc && *ret_status == 0)
        rc = find_paths(&j, err);
    if (!rc && *ret_status == 0)
        rc = choose(&j, err);
    if (!rc && *ret_status == 0)
        rc = as_eval_paths_look(&j.paths, ret->arena, as_buf_bytes(&reports), err);
    if (!rc && *ret_status == 0)
        rc = as_eval_store_make(ret->folder, "retrieval", &j.paths, &ret->home, ret_status, err);
    if (!rc && *ret_status == 0)
        rc = as_store_open((const char *)ret->home.p, AS_STORE_READ, &ret->store, err);
    if (!rc && *ret_status == 0)
        rc = judge(&j, as_buf_bytes(&reports), err);
    as_mem_free(j.wanted);
    as_mem_free(j.matches);
    as_buf_done(&reports);
    return rc;
}

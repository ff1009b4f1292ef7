#include "formats/formats_priv.h"

#include <string.h>

#include "base/banned.h"

/* JSON values one after the other, or the elements of one array. */

#define NOT_ONE "JSON, but no record of this format"

struct records {
    as_walk *w;
    as_record_fn *fn;
    as_between_fn *between;
    void *ctx;
};

void as_walk_bad(as_walk *w, bool is_record, uint64_t number, const as_err *why)
{
    as_analysis *a = w->analysis;

    if (!a->bad_lines++)
        a->first_bad_line = number;
    a->has_records = is_record;
    if (w->options->on_bad)
        w->options->on_bad(w->options->bad_ctx, is_record, number, why);
}

static void told_bad(as_walk *w, bool is_record, uint64_t number, const char *why)
{
    as_err err = {0};

    (void)as_fail(&err, AS_INVALID, AS_NO_OFFSET, "%s", why);
    as_walk_bad(w, is_record, number, &err);
}

/* What is left of a record that was given up. */
static as_code pass_rest(as_walk *w, size_t depth, as_json_tok *t, as_err *err)
{
    as_code rc = AS_OK;

    while (!rc && as_json_depth(w->json) > depth)
        rc = as_walk_next(w, t, err);
    return rc;
}

/*
 * One record, which `t` begins, to its end. *ret_broken: the parser failed within it, and
 * `err` says why.
 */
static as_code read_record(struct records *r, as_place *place, as_json_tok *t, bool *ret_kept,
                           bool *ret_broken, as_err *err)
{
    as_walk *w = r->w;
    bool opens = t->type == AS_JSON_OBJECT || t->type == AS_JSON_ARRAY;
    size_t depth = as_json_depth(w->json) - opens;
    as_mark mark = as_facts_mark(w->facts);
    as_code rc;

    *ret_kept = *ret_broken = false;
    as_walk_tick(w);
    as_paths_mark(w);
    w->n_context = w->context_base = 0;
    rc = r->fn(w, r->ctx, place, t, ret_kept, err);
    if (!rc && *ret_kept)
        return AS_OK;
    if (rc && rc != AS_INVALID && rc != AS_LIMIT)
        return rc;
    *ret_kept = false;
    *ret_broken = as_json_failed(w->json);
    if (rc == AS_LIMIT && !*ret_broken)
        return rc;
    as_facts_rewind(w->facts, &mark);
    as_paths_undo(w);
    return *ret_broken ? rc : pass_rest(w, depth, t, err);
}

/* It ends where the next one begins. */
static as_code count_lost(as_walk *w, uint64_t begin, uint64_t end, as_err *err)
{
    as_place root = {0}, place = {.up = &root};

    return end > begin ? as_paths_add(w, &place, end - begin, false, err) : AS_OK;
}

static as_code go_on(struct records *r, as_err *err)
{
    return r->between && as_walk_portion_due(r->w) ? r->between(r->w, r->ctx, err) : AS_OK;
}

/*
 * The value that `t` begins, or the end. After a value that broke off, all up to the next
 * one is lost: *done is how far the bytes are accounted for.
 */
static as_code one_value(struct records *r, as_json_tok *t, uint64_t *done, bool *lost, as_err *err)
{
    as_walk *w = r->w;
    as_place root = {0}, place = {.up = &root, .begin = t->begin};
    bool kept, broken;
    as_code rc = AS_OK;

    if (*lost) {
        *lost = false;
        rc = count_lost(w, *done, t->begin, err);
        if (rc)
            return rc;
        *done = t->begin;
    }
    if (as_json_line(w->json) >= AS_STEP_NONE)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "the input has too many lines");
    place.step = (as_step)as_json_line(w->json);
    rc = read_record(r, &place, t, &kept, &broken, err);
    if (broken)
        return rc;
    if (!rc && !kept) {
        told_bad(w, false, place.step, NOT_ONE);
        rc = count_lost(w, place.begin, t->end, err);
    }
    *done = t->end;
    return rc ? rc : go_on(r, err);
}

static as_code read_values(struct records *r, as_err *err)
{
    as_walk *w = r->w;
    uint64_t done = 0;
    bool lost = false;

    for (;;) {
        as_err bad = {0};
        as_json_tok t = {0};
        as_code rc = as_walk_next(w, &t, &bad);

        if (!rc && t.type == AS_JSON_END)
            return lost ? count_lost(w, done, as_source_at(w->source), err) : AS_OK;
        if (!rc)
            rc = one_value(r, &t, &done, &lost, &bad);
        if (!rc)
            continue;
        if (!as_json_failed(w->json) || (rc != AS_INVALID && rc != AS_LIMIT)) {
            if (err)
                *err = bad;
            return rc;
        }
        lost = true;
        as_walk_bad(w, false, as_json_line(w->json), &bad);
        rc = as_json_resync(w->json, err);
        if (rc)
            return rc;
    }
}

static as_code read_array(struct records *r, as_err *err)
{
    as_walk *w = r->w;
    as_place root = {0};
    as_json_tok t;
    as_code rc = as_walk_next(w, &t, err);

    root.begin = t.begin;
    for (as_step i = 0; !rc; i++) {
        as_place place = {.up = &root, .step = i};
        bool kept, broken;

        rc = as_walk_next(w, &t, err);
        if (rc || t.type == AS_JSON_ARRAY_END)
            break;
        if (i >= AS_STEP_NONE - 1)
            return as_fail(err, AS_LIMIT, (size_t)t.begin, "an array has too many elements");
        place.begin = t.begin;
        rc = read_record(r, &place, &t, &kept, &broken, err);
        if (!rc && !kept) {
            told_bad(w, true, i + 1, NOT_ONE);
            rc = count_lost(w, place.begin, t.end, err);
        }
    }
    return rc ? rc : as_walk_next(w, &t, err); /* the end: nothing may follow */
}

static as_code begins_with_array(as_walk *w, bool *ret, as_err *err)
{
    as_bytes head;
    size_t i = 0;
    as_code rc = as_source_peek(w->source, 4096, &head, err);

    if (rc)
        return rc;
    if (head.n >= 3 && !memcmp(head.p, "\xef\xbb\xbf", 3))
        i = 3;
    while (i < head.n &&
           (head.p[i] == ' ' || head.p[i] == '\t' || head.p[i] == '\r' || head.p[i] == '\n'))
        i++;
    *ret = i < head.n && head.p[i] == '[';
    return AS_OK;
}

as_code as_walk_records(as_walk *w, as_record_fn *fn, as_between_fn *between, void *ctx,
                        as_err *err)
{
    struct records r = {w, fn, between, ctx};
    as_json_limits limits = AS_JSON_LIMITS_DEFAULT;
    bool array = false;
    as_code rc = begins_with_array(w, &array, err);

    if (rc)
        return rc;
    if (array)
        return read_array(&r, err);
    limits.many = true;
    as_json_free(w->json);
    w->json = NULL;
    rc = as_json_new(w->source, &limits, &w->json, err);
    if (rc)
        return rc;
    as_facts_number_records(w->facts);
    return read_values(&r, err);
}

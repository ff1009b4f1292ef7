#include "retrieve/judged.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Cranfield's three files: records of texts and of queries, and a table of judgements. */

#define GRADE_MAX 4u /* 1 is best */

/* --- lines --------------------------------------------------------------------------------------
 */

static bool take_line(as_bytes file, size_t *at, as_bytes *ret)
{
    const uint8_t *end;

    if (*at >= file.n)
        return false;
    end = memchr(file.p + *at, '\n', file.n - *at);
    ret->p = file.p + *at;
    ret->n = end ? (size_t)(end - ret->p) : file.n - *at;
    *at += ret->n + 1;
    if (ret->n > 0 && ret->p[ret->n - 1] == '\r')
        ret->n--;
    return true;
}

static bool begins_record(as_bytes line)
{
    return line.n > 3 && memcmp(line.p, ".I ", 3) == 0;
}

/* ".T", ".A", ".B", ".W": a field of a record. */
static bool is_field(as_bytes line)
{
    return line.n == 2 && line.p[0] == '.' && line.p[1] >= 'A' && line.p[1] <= 'Z';
}

static as_bytes trimmed(as_bytes text)
{
    while (text.n > 0 && text.p[0] <= ' ') {
        text.p++;
        text.n--;
    }
    while (text.n > 0 && text.p[text.n - 1] <= ' ')
        text.n--;
    return text;
}

/* --- records
 * -------------------------------------------------------------------------------------- */

struct texts {
    as_bytes *p;
    size_t n, cap;
};

static as_code open_record(struct texts *t, size_t at, as_err *err)
{
    if (t->n == AS_COLLECTION_MAX)
        return as_fail(err, AS_LIMIT, at, "more than %u records", AS_COLLECTION_MAX);
    if (!as_mem_room((void **)&t->p, &t->cap, t->n, sizeof(*t->p)))
        return as_fail_nomem(err, "the texts of a collection");
    t->p[t->n++] = (as_bytes){0};
    return AS_OK;
}

/* What stands behind ".W", up to the next record or field: views into the file. */
static as_code read_records(as_bytes file, struct texts *t, as_err *err)
{
    bool inside = false;
    as_bytes line;
    as_code rc = AS_OK;

    for (size_t at = 0, from = 0; !rc && take_line(file, &at, &line);) {
        from = (size_t)(line.p - file.p);
        if (begins_record(line)) {
            rc = open_record(t, from, err);
            inside = false;
        } else if (t->n == 0) {
            rc = as_fail(err, AS_INVALID, from, "a record begins with a line '.I n'");
        } else if (is_field(line)) {
            inside = line.p[1] == 'W';
            if (inside)
                t->p[t->n - 1] = (as_bytes){line.p + line.n, 0};
        } else if (inside) {
            t->p[t->n - 1].n = (size_t)(line.p + line.n - t->p[t->n - 1].p);
        }
    }
    return rc;
}

/* Its texts in the arena, each on its own. */
static as_code settle_texts(const struct texts *t, as_arena *a, as_bytes **ret, as_err *err)
{
    as_bytes *p = as_arena_take(a, t->n + 1, sizeof(*p));

    if (!p)
        return as_fail_nomem(err, "the texts of a collection");
    for (size_t i = 0; i < t->n; i++) {
        if (as_arena_copy(a, trimmed(t->p[i]), &p[i]))
            return as_fail_nomem(err, "the texts of a collection");
    }
    *ret = p;
    return AS_OK;
}

static as_code read_texts(as_bytes file, as_arena *a, as_bytes **ret, size_t *ret_n, as_err *err)
{
    struct texts t = {0};
    as_code rc = file.n > AS_COLLECTION_BYTES
                     ? as_fail(err, AS_LIMIT, AS_COLLECTION_BYTES, "a file of %zu bytes", file.n)
                     : read_records(file, &t, err);

    rc = rc ? rc : settle_texts(&t, a, ret, err);
    if (!rc)
        *ret_n = t.n;
    as_mem_free(t.p);
    return rc;
}

/* --- judgements
 * ------------------------------------------------------------------------------------- */

struct qrel {
    size_t query, text;
    unsigned gain;
};

struct qrels {
    struct qrel *p;
    size_t n, cap;
};

static bool take_number(as_bytes *line, uint64_t *ret)
{
    size_t n = 0;

    *line = trimmed(*line);
    while (n < line->n && line->p[n] > ' ')
        n++;
    if (!as_bytes_u64((as_bytes){line->p, n}, ret))
        return false;
    *line = (as_bytes){line->p + n, line->n - n};
    return true;
}

static as_code add_qrel(struct qrels *r, as_bytes line, size_t at, const as_collection *c,
                        as_err *err)
{
    uint64_t query = 0, text = 0, grade = 0;

    if (!take_number(&line, &query) || !take_number(&line, &text))
        return as_fail(err, AS_INVALID, at, "a judgement is 'query text grade'");
    if (query < 1 || query > c->n_queries || text < 1 || text > c->n_texts)
        return as_fail(err, AS_INVALID, at, "there is no query %llu or no text %llu",
                       (unsigned long long)query, (unsigned long long)text);
    if (!take_number(&line, &grade) || grade < 1 || grade > GRADE_MAX)
        return AS_OK; /* -1, 5: of no interest */
    if (r->n == AS_COLLECTION_MAX)
        return as_fail(err, AS_LIMIT, at, "more than %u judgements", AS_COLLECTION_MAX);
    if (!as_mem_room((void **)&r->p, &r->cap, r->n, sizeof(*r->p)))
        return as_fail_nomem(err, "the judgements");
    r->p[r->n++] =
        (struct qrel){(size_t)query - 1, (size_t)text - 1, (unsigned)(GRADE_MAX + 1 - grade)};
    return AS_OK;
}

/* By query; a text once, with its larger gain; the largest first. */
static int by_text(const void *a, const void *b)
{
    const struct qrel *x = a, *y = b;

    if (x->query != y->query)
        return x->query < y->query ? -1 : 1;
    if (x->text != y->text)
        return x->text < y->text ? -1 : 1;
    return (x->gain < y->gain) - (x->gain > y->gain);
}

static int by_gain(const void *a, const void *b)
{
    const struct qrel *x = a, *y = b;

    if (x->query != y->query)
        return x->query < y->query ? -1 : 1;
    if (x->gain != y->gain)
        return x->gain > y->gain ? -1 : 1;
    return (x->text > y->text) - (x->text < y->text);
}

static void order(struct qrels *r)
{
    size_t kept = 0;

    if (r->n > 1)
        qsort(r->p, r->n, sizeof(*r->p), by_text);
    for (size_t i = 0; i < r->n; i++) {
        if (kept == 0 || r->p[kept - 1].query != r->p[i].query ||
            r->p[kept - 1].text != r->p[i].text)
            r->p[kept++] = r->p[i];
    }
    r->n = kept;
    if (r->n > 1)
        qsort(r->p, r->n, sizeof(*r->p), by_gain);
}

static as_code settle_qrels(const struct qrels *r, as_arena *a, as_collection_query *queries,
                            as_err *err)
{
    as_qrel *all = as_arena_take(a, r->n + 1, sizeof(*all));

    if (!all)
        return as_fail_nomem(err, "the judgements");
    for (size_t i = 0; i < r->n; i++) {
        as_collection_query *q = &queries[r->p[i].query];

        all[i] = (as_qrel){r->p[i].text, r->p[i].gain};
        if (q->n_relevant++ == 0)
            q->relevant = &all[i];
    }
    return AS_OK;
}

static as_code read_qrels(as_bytes file, as_arena *a, const as_collection *c,
                          as_collection_query *queries, as_err *err)
{
    struct qrels r = {0};
    as_bytes line;
    as_code rc = AS_OK;

    for (size_t at = 0; !rc && take_line(file, &at, &line);) {
        if (trimmed(line).n > 0)
            rc = add_qrel(&r, line, (size_t)(line.p - file.p), c, err);
    }
    if (!rc)
        order(&r);
    rc = rc ? rc : settle_qrels(&r, a, queries, err);
    as_mem_free(r.p);
    return rc;
}

as_code as_cranfield_read(as_bytes texts, as_bytes queries, as_bytes judgements, as_arena *a,
                          as_collection *ret, as_err *err)
{
    as_collection c = {0};
    as_collection_query *list = NULL;
    as_bytes *p = NULL, *asked = NULL;
    as_code rc = read_texts(texts, a, &p, &c.n_texts, err);

    rc = rc ? rc : read_texts(queries, a, &asked, &c.n_queries, err);
    if (rc)
        return rc;
    list = as_arena_take(a, c.n_queries + 1, sizeof(*list));
    if (!list)
        return as_fail_nomem(err, "the queries");
    for (size_t i = 0; i < c.n_queries; i++)
        list[i].text = asked[i];
    c.texts = p;
    c.queries = list;
    rc = read_qrels(judgements, a, &c, list, err);
    if (!rc)
        *ret = c;
    return rc;
}

#include "store/store_priv.h"

#include <string.h>

#include "base/banned.h"

/* --- a row ---------------------------------------------------------------------------------- */

bool as_row_attr_get(const as_row *row, as_attr_name name, as_row_attr *ret)
{
    for (size_t i = 0; i < row->n_attrs; i++) {
        if (row->attrs[i].name == name) {
            *ret = row->attrs[i];
            return true;
        }
    }
    return false;
}

as_bytes as_row_text(const as_row *row, as_attr_name name)
{
    as_row_attr attr;

    return as_row_attr_get(row, name, &attr) ? attr.text : (as_bytes){0};
}

as_code as_row_copy(as_arena *a, const as_row *row, as_row *ret)
{
    as_row_attr *attrs = as_arena_take(a, row->n_attrs, sizeof(*attrs));
    as_range *evidence = as_arena_take(a, row->n_evidence, sizeof(*evidence));
    as_row copy = *row;
    as_code rc = attrs && evidence ? AS_OK : AS_NOMEM;

    copy.value = (as_bytes){0};
    for (size_t i = 0; !rc && i < row->n_attrs; i++) {
        attrs[i] = row->attrs[i];
        rc = as_arena_copy(a, row->attrs[i].text, &attrs[i].text);
        if (!rc && row->attrs[i].text.p == row->value.p && row->value.p)
            copy.value = attrs[i].text;
    }
    if (rc)
        return rc;
    if (row->n_evidence > 0)
        memcpy(evidence, row->evidence, row->n_evidence * sizeof(*evidence));
    copy.attrs = attrs;
    copy.evidence = evidence;
    *ret = copy;
    return AS_OK;
}

/* --- reading one ---------------------------------------------------------------------------- */

#define COLUMNS "id, doc, sample, kind, parent, process, run, time_us, evidence, attrs"

struct reader {
    as_store *s;
    as_row_attr *attrs;
    size_t n_attrs, cap_attrs;
    as_ranges evidence;
};

static void reader_done(struct reader *r)
{
    as_mem_free(r->attrs);
    as_mem_free(r->evidence.p);
}

static as_code unpack_attrs(struct reader *r, as_bytes in, as_err *err)
{
    uint64_t head, n;

    r->n_attrs = 0;
    while (in.n > 0) {
        void *p = r->attrs;
        uint16_t name;

        if (!as_take_varint(&in, &head) || !as_take_varint(&in, &n) || n > in.n)
            return as_sql_damaged(r->s, "the attributes of a fact", err);
        name = as_word_ours(r->s, AS_WORD_ATTR, head >> 2);
        if (name == AS_NO_WORD)
            return as_sql_damaged(r->s, "the attributes of a fact", err);
        if (!as_mem_room(&p, &r->cap_attrs, r->n_attrs, sizeof(*r->attrs)))
            return as_fail_nomem(err, "a row");
        r->attrs = p;
        r->attrs[r->n_attrs++] =
            (as_row_attr){(as_attr_name)name, (as_form)(head & 3), {in.p, (size_t)n}};
        in.p += n;
        in.n -= (size_t)n;
    }
    return AS_OK;
}

static as_code read_row(struct reader *r, sqlite3_stmt *st, as_row *row, as_err *err)
{
    uint16_t kind = as_word_ours(r->s, AS_WORD_KIND, (uint64_t)sqlite3_column_int64(st, 3));
    as_code rc = as_unpack_ranges(as_column_bytes(st, 8), &r->evidence);

    if (rc == AS_NOMEM)
        return as_fail_nomem(err, "a row");
    if (rc || kind == AS_NO_WORD || r->evidence.n == 0)
        return as_sql_damaged(r->s, "a fact", err);
    rc = unpack_attrs(r, as_column_bytes(st, 9), err);
    if (rc)
        return rc;
    *row = (as_row){.id = sqlite3_column_int64(st, 0),
                    .doc = sqlite3_column_int64(st, 1),
                    .sample = sqlite3_column_int64(st, 2),
                    .kind = (as_kind)kind,
                    .parent = sqlite3_column_int64(st, 4),
                    .process = sqlite3_column_int64(st, 5),
                    .run = sqlite3_column_int64(st, 6),
                    .has_time = sqlite3_column_type(st, 7) != SQLITE_NULL,
                    .time_us = sqlite3_column_int64(st, 7),
                    .attrs = r->attrs,
                    .n_attrs = r->n_attrs,
                    .evidence = r->evidence.p,
                    .n_evidence = r->evidence.n};
    row->value = as_row_text(row, as_kind_get(row->kind)->ident);
    return AS_OK;
}

/* --- by what they are ----------------------------------------------------------------------- */

/* Kinds as "(1,2,3)": numbers of our own making, and a text that is prepared but once. */
static void put_kinds(const as_store *s, const as_kind *kinds, size_t n, as_buf *sql)
{
    as_buf_text(sql, " IN (");
    for (size_t i = 0; i < n; i++) {
        as_buf_text(sql, i ? "," : "");
        as_buf_u64(sql, as_word_stored(s, AS_WORD_KIND, kinds[i]));
    }
    as_buf_byte(sql, ')');
}

#define RANGE_OF(doc)                                                                              \
    " AND id BETWEEN (SELECT first_fact FROM document WHERE id = " doc                             \
    ") AND (SELECT last_fact FROM document WHERE id = " doc ")"

/*
 * How the rows are reached: by number or parent; by sample and kind, where kinds are given;
 * by the range of ids that a document has. Whatever else is asked is then looked at, behind a
 * `+` where an index would lead astray.
 */
static void put_way(const as_store *s, const as_rows_query *q, as_buf *sql)
{
    bool known = q->sample || q->doc || q->process;

    if (q->id)
        as_buf_text(sql, " AND id = ?1");
    else if (q->parent)
        as_buf_text(sql, " AND parent = ?4");
    else if (q->n_kinds > 0 && known)
        as_buf_text(sql, q->sample ? " AND sample = ?3"
                         : q->doc  ? " AND sample = (SELECT sample FROM document WHERE id = ?2)"
                                   : " AND sample = (SELECT sample FROM fact WHERE id = ?5)");
    else if (q->n_kinds > 0)
        as_buf_text(sql, " AND id IN (SELECT f.id FROM sample_kind k CROSS JOIN fact f ON f.sample "
                         "= k.sample AND f.kind = k.kind WHERE k.kind");
    else if (q->doc)
        as_buf_text(sql, RANGE_OF("?2"));
    else if (q->process)
        as_buf_text(sql, RANGE_OF("(SELECT doc FROM fact WHERE id = ?5)"));
    else if (q->sample)
        as_buf_text(sql, " AND sample = ?3");
    if (q->n_kinds > 0 && !q->id && !q->parent) {
        as_buf_text(sql, known ? " AND kind" : "");
        put_kinds(s, q->kinds, q->n_kinds, sql);
        as_buf_text(sql, known ? "" : ")");
    }
}

static void put_conditions(const as_store *s, const as_rows_query *q, as_buf *sql)
{
    put_way(s, q, sql);
    if (q->parent)
        as_buf_text(sql, " AND +parent = ?4");
    if (q->doc)
        as_buf_text(sql, " AND +doc = ?2");
    if (q->sample)
        as_buf_text(sql, " AND +sample = ?3");
    if (q->process)
        as_buf_text(sql, " AND +process = ?5");
    if (q->n_kinds > 0 && (q->id || q->parent)) {
        as_buf_text(sql, " AND +kind");
        put_kinds(s, q->kinds, q->n_kinds, sql);
    }
}

static as_code prepare_rows(as_store *s, const as_rows_query *q, sqlite3_stmt **ret, as_err *err)
{
    as_buf sql = {0};
    as_code rc;

    as_buf_text(&sql, "SELECT " COLUMNS " FROM fact WHERE 1");
    put_conditions(s, q, &sql);
    as_buf_text(&sql, " ORDER BY id LIMIT ?6");
    as_buf_byte(&sql, '\0');
    rc = sql.failed ? as_fail_nomem(err, "a query") : as_sql_get(s, (const char *)sql.p, ret, err);
    as_buf_done(&sql);
    if (rc)
        return rc;
    (void)sqlite3_bind_int64(*ret, 1, q->id);
    (void)sqlite3_bind_int64(*ret, 2, q->doc);
    (void)sqlite3_bind_int64(*ret, 3, q->sample);
    (void)sqlite3_bind_int64(*ret, 4, q->parent);
    (void)sqlite3_bind_int64(*ret, 5, q->process);
    (void)sqlite3_bind_int64(*ret, 6, q->limit ? (int64_t)q->limit : -1);
    return AS_OK;
}

static as_code rows_by_condition(struct reader *r, const as_rows_query *q, as_row_fn *fn, void *ctx,
                                 as_err *err)
{
    sqlite3_stmt *st = NULL;
    bool more = false;
    as_row row;
    as_code rc = prepare_rows(r->s, q, &st, err);

    while (!rc && !(rc = as_sql_step(r->s, st, &more, err)) && more) {
        rc = read_row(r, st, &row, err);
        if (!rc)
            rc = fn(ctx, &row, err);
    }
    as_sql_put(r->s, st);
    return rc;
}

/* --- by a term ------------------------------------------------------------------------------ */

struct by_term {
    struct reader *r;
    const as_rows_query *q;
    as_row_fn *fn;
    void *ctx;
    sqlite3_stmt *row;
    size_t told;
};

static bool is_asked(const as_rows_query *q, const as_row *row)
{
    bool kind = q->n_kinds == 0;

    for (size_t i = 0; i < q->n_kinds && !kind; i++)
        kind = q->kinds[i] == row->kind;
    return kind && (!q->id || q->id == row->id) && (!q->sample || q->sample == row->sample) &&
           (!q->doc || q->doc == row->doc) && (!q->parent || q->parent == row->parent) &&
           (!q->process || q->process == row->process);
}

static as_code one_of_term(void *ctx, int64_t fact, as_err *err)
{
    struct by_term *t = ctx;
    bool there = false;
    as_row row = {0};
    as_code rc;

    (void)sqlite3_reset(t->row);
    (void)sqlite3_bind_int64(t->row, 1, fact);
    rc = as_sql_step(t->r->s, t->row, &there, err);
    if (!rc && !there)
        rc = as_sql_damaged(t->r->s, "a term of a fact that is not there", err);
    if (!rc)
        rc = read_row(t->r, t->row, &row, err);
    if (rc || !is_asked(t->q, &row))
        return rc;
    rc = t->fn(t->ctx, &row, err);
    t->told++;
    return !rc && t->q->limit && t->told >= t->q->limit ? AS_STORE_STOP : rc;
}

static as_code rows_by_term(struct reader *r, const as_rows_query *q, as_row_fn *fn, void *ctx,
                            as_err *err)
{
    static const char sql[] = "SELECT first, list FROM posting WHERE term = ?1 AND (?2 = 0 OR "
                              "sample = ?2) AND (?3 = 0 OR doc = ?3) ORDER BY first";
    struct by_term t = {.r = r, .q = q, .fn = fn, .ctx = ctx};
    sqlite3_stmt *st = NULL;
    bool more = false;
    as_code rc = as_sql_get(r->s, sql, &st, err);

    if (!rc)
        rc = as_sql_get(r->s, "SELECT " COLUMNS " FROM fact WHERE id = ?1", &t.row, err);
    if (!rc) {
        (void)sqlite3_bind_int64(st, 1, q->term);
        (void)sqlite3_bind_int64(st, 2, q->sample);
        (void)sqlite3_bind_int64(st, 3, q->doc);
    }
    while (!rc && !(rc = as_sql_step(r->s, st, &more, err)) && more)
        rc = as_posting_each(r->s, sqlite3_column_int64(st, 0), as_column_bytes(st, 1), one_of_term,
                             &t, err);
    as_sql_put(r->s, t.row);
    as_sql_put(r->s, st);
    return rc;
}

as_code as_store_rows(as_store *s, const as_rows_query *q, as_row_fn *fn, void *ctx, as_err *err)
{
    struct reader r = {.s = s};
    as_code rc =
        q->term ? rows_by_term(&r, q, fn, ctx, err) : rows_by_condition(&r, q, fn, ctx, err);

    reader_done(&r);
    return rc == AS_STORE_STOP ? AS_OK : rc;
}

/* --- how many ------------------------------------------------------------------------------- */

as_code as_store_kinds(as_store *s, int64_t sample, as_kind_count counts[AS_KIND_COUNT],
                       as_err *err)
{
    sqlite3_stmt *st = NULL;
    bool more = false;
    as_code rc = as_sql_get(s,
                            sample ? "SELECT kind, facts, 1 FROM sample_kind WHERE sample = ?1"
                                   : "SELECT kind, facts, samples FROM kind_total WHERE ?1 = 0",
                            &st, err);

    if (rc)
        return rc;
    memset(counts, 0, AS_KIND_COUNT * sizeof(*counts));
    (void)sqlite3_bind_int64(st, 1, sample);
    while (!(rc = as_sql_step(s, st, &more, err)) && more) {
        uint16_t kind = as_word_ours(s, AS_WORD_KIND, (uint64_t)sqlite3_column_int64(st, 0));

        if (kind != AS_NO_WORD)
            counts[kind] = (as_kind_count){(uint64_t)sqlite3_column_int64(st, 1),
                                           (uint64_t)sqlite3_column_int64(st, 2)};
    }
    as_sql_put(s, st);
    return rc;
}

as_code as_store_samples_of_kinds(as_store *s, const as_kind *kinds, size_t n, as_tally_fn *fn,
                                  void *ctx, as_err *err)
{
    as_buf sql = {0};
    sqlite3_stmt *st = NULL;
    bool more = false;
    as_code rc;

    as_buf_text(&sql, "SELECT sample, sum(facts), min(first) FROM sample_kind WHERE kind");
    put_kinds(s, kinds, n, &sql);
    as_buf_text(&sql, " GROUP BY sample ORDER BY sample");
    as_buf_byte(&sql, '\0');
    rc = sql.failed ? as_fail_nomem(err, "a query") : as_sql_get(s, (const char *)sql.p, &st, err);
    as_buf_done(&sql);
    while (!rc && !(rc = as_sql_step(s, st, &more, err)) && more)
        rc = fn(ctx, sqlite3_column_int64(st, 0), (uint64_t)sqlite3_column_int64(st, 1),
                sqlite3_column_int64(st, 2), err);
    as_sql_put(s, st);
    return rc == AS_STORE_STOP ? AS_OK : rc;
}

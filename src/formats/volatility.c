#include "formats/volatility_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * What Volatility's renderers of JSON write. The third version: an array of rows, or a row
 * on each line; a row is an object, and the rows below it in a tree stand in its member
 * "__children". The second: {"columns": [..], "rows": [[..], ..]}, in either order, without
 * the tree.
 */

#define HEAD_SIZE ((size_t)1 << 20)

/* --- version 3 ------------------------------------------------------------------------- */

static as_code read_row(as_rows *r, as_walk *w, as_place *place, as_row_place *at, as_json_tok *t,
                        as_err *err);

/* The rows below the one that stands in `above`, whose number they need before it ends. */
static as_code read_children(as_rows *r, as_walk *w, as_place *place, as_row_place *above,
                             as_json_tok *t, as_err *err)
{
    for (as_step i = 0;; i++) {
        as_place child = {.up = place, .step = i};
        as_row_place at = {.number = AS_NO_FACT, .nested = true};
        as_code rc = as_walk_next(w, t, err);

        if (rc || t->type == AS_JSON_ARRAY_END)
            return rc;
        if (i >= AS_STEP_NONE - 1)
            return as_fail(err, AS_LIMIT, (size_t)t->begin, "a row has too many rows below it");
        child.begin = t->begin;
        as_walk_tick(w);
        if (t->type == AS_JSON_OBJECT && above->number == AS_NO_FACT) {
            rc = as_facts_reserve(w->facts, &above->number);
            if (rc)
                return as_walk_facts_failed(w, rc, err);
        }
        at.parent = above->number;
        rc = t->type == AS_JSON_OBJECT ? read_row(r, w, &child, &at, t, err)
                                       : as_walk_pass(w, &child, t, false, err);
        if (rc)
            return rc;
    }
}

/* The form and the pool's text of a scalar; 0 if it says nothing. */
static as_code scalar_of(as_walk *w, const as_json_tok *t, as_form *ret_form, as_str *ret,
                         as_err *err)
{
    as_bytes text = {0};
    as_code rc;

    *ret = 0;
    *ret_form = AS_FORM_TEXT;
    if (t->type == AS_JSON_NUMBER)
        *ret_form = AS_FORM_NUMBER;
    else if (t->type == AS_JSON_TRUE || t->type == AS_JSON_FALSE)
        *ret_form = t->type == AS_JSON_TRUE ? AS_FORM_TRUE : AS_FORM_FALSE;
    if (t->type == AS_JSON_NULL)
        return AS_OK;
    rc = as_walk_text(w, t, &text, err);
    if (rc)
        return rc;
    rc = as_facts_intern(w->facts, text, ret);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* One member of a row, its KEY in `t`. */
static as_code read_member(as_rows *r, as_walk *w, as_place *place, as_row_place *at,
                           as_json_tok *t, as_err *err)
{
    as_place child = {.up = place};
    as_form form = AS_FORM_TEXT;
    as_str column, value = 0;
    as_code rc = as_walk_key(w, t, &child.step, err);

    if (!rc)
        rc = as_walk_next(w, t, err);
    if (rc)
        return rc;
    child.begin = t->begin;
    column = child.step & ~AS_STEP_KEY;
    if (as_bytes_is(as_facts_text(w->facts, column), "__children") && t->type == AS_JSON_ARRAY)
        return read_children(r, w, &child, at, t, err);
    if (t->type == AS_JSON_OBJECT || t->type == AS_JSON_ARRAY)
        return as_walk_pass(w, &child, t, false, err);
    rc = scalar_of(w, t, &form, &value, err);
    return rc ? rc : as_rows_cell(r, column, form, value, err);
}

/* The row whose bracket is in `t`, up to its end. */
static as_code read_row(as_rows *r, as_walk *w, as_place *place, as_row_place *at, as_json_tok *t,
                        as_err *err)
{
    size_t mark = as_rows_begin(r);
    as_code rc;

    for (;;) {
        rc = as_walk_next(w, t, err);
        if (rc || t->type == AS_JSON_OBJECT_END)
            break;
        rc = read_member(r, w, place, at, t, err);
        if (rc)
            break;
    }
    if (!rc)
        rc = as_walk_evidence(w, place, t->end, &at->evidence[0], err);
    at->n_evidence = 1;
    return rc ? rc : as_rows_end(r, mark, at, err);
}

static as_code read_record(as_walk *w, void *ctx, as_place *place, as_json_tok *t, bool *ret_kept,
                           as_err *err)
{
    as_row_place at = {.parent = AS_NO_FACT, .number = AS_NO_FACT};
    as_rows *r = ctx;
    as_code rc = AS_OK;

    as_rows_settle(r, false); /* had the record before been kept, this would find nothing */
    if (t->type != AS_JSON_OBJECT)
        return AS_OK;
    rc = read_row(r, w, place, &at, t, err);
    *ret_kept = !rc;
    if (!rc)
        as_rows_settle(r, true);
    return rc;
}

static as_code between_records(as_walk *w, void *ctx, as_err *err)
{
    (void)w;
    return as_rows_portion(ctx, err);
}

/* One array of several, each with the line on which it begins for a number. */
static as_code read_table(as_rows *r, as_walk *w, as_json_tok *t, as_err *err)
{
    as_place root = {0};
    as_place table = {.up = &root, .step = (as_step)as_json_line(w->json), .begin = t->begin};
    bool kept;
    as_code rc = AS_OK;

    if (t->type != AS_JSON_ARRAY)
        return as_walk_pass(w, &table, t, false, err);
    for (as_step i = 0; !rc; i++) {
        as_place place = {.up = &table, .step = i};

        rc = as_walk_next(w, t, err);
        if (rc || t->type == AS_JSON_ARRAY_END)
            return rc;
        if (i >= AS_STEP_NONE - 1)
            return as_fail(err, AS_LIMIT, (size_t)t->begin, "an array has too many elements");
        place.begin = t->begin;
        as_walk_tick(w);
        rc = t->type == AS_JSON_OBJECT ? read_record(w, r, &place, t, &kept, err)
                                       : as_walk_pass(w, &place, t, false, err);
    }
    return rc;
}

/* The outputs of several runs, one after the other in one file. */
static as_code read_tables(as_rows *r, as_walk *w, as_err *err)
{
    as_json_limits limits = AS_JSON_LIMITS_DEFAULT;
    as_json_tok t;
    as_code rc;

    limits.many = true;
    as_json_free(w->json);
    w->json = NULL;
    as_facts_number_records(w->facts);
    rc = as_json_new(w->source, &limits, &w->json, err);
    while (!rc) {
        rc = as_walk_next(w, &t, err);
        if (rc || t.type == AS_JSON_END)
            break;
        if (as_json_line(w->json) >= AS_STEP_NONE)
            return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "the input has too many lines");
        rc = read_table(r, w, &t, err);
    }
    return rc;
}

static as_code is_several(as_walk *w, bool *ret, as_err *err)
{
    as_head *h = as_mem_get(sizeof(*h));
    as_code rc;

    if (!h)
        return as_fail_nomem(err, "the first bytes of the input");
    rc = as_head_look(w->source, HEAD_SIZE, h, err);
    if (!rc)
        *ret = h->is_lines && h->root == AS_JSON_ARRAY;
    as_mem_free(h);
    return rc;
}

static as_code read_volatility3(as_walk *w, as_err *err)
{
    as_rows *r = as_rows_new(w, 3);
    bool several = false;
    as_code rc;

    if (!r)
        return as_fail_nomem(err, "a table of Volatility");
    w->analysis->tool = "Volatility 3";
    rc = is_several(w, &several, err);
    if (!rc)
        rc = several ? read_tables(r, w, err)
                     : as_walk_records(w, read_record, between_records, r, err);
    if (!rc && !as_rows_count(r) && w->analysis->bad_lines)
        rc = as_fail(err, AS_UNKNOWN, AS_NO_OFFSET, "no row of Volatility in the input");
    if (!rc && !as_rows_count(r))
        w->analysis->gaps |= AS_GAP_EMPTY;
    as_rows_free(r);
    return rc;
}

/* All that is there of the columns: the first row has them all. */
static const as_plugin *plugin_of_head(const as_head *h)
{
    const char *prefix = h->root == AS_JSON_ARRAY ? "*/" : "";
    size_t n = strlen(prefix);
    as_columns columns = {0};

    for (size_t i = 0; i < h->n; i++) {
        const char *path = h->entries[i].path;

        if (!strncmp(path, prefix, n) && !strchr(path + n, '/'))
            as_columns_add(&columns, as_volatility_column_of(as_bytes_of(path + n)));
    }
    return as_plugin_of(3, &columns);
}

/* Nothing but an array without elements, behind the empty line that the tool begins with. */
static bool is_empty_table(const as_head *h)
{
    return h->n == 0 && h->bytes.n >= 4 && !memcmp(h->bytes.p, "\n[]\n", 4);
}

static as_sure probe_volatility3(const as_head *h)
{
    const as_plugin *plugin;

    if (!h->is_json || (h->root != AS_JSON_ARRAY && h->root != AS_JSON_OBJECT))
        return AS_SURE_NO;
    if (as_head_has(h, h->root == AS_JSON_ARRAY ? "*/__children" : "__children"))
        return AS_SURE_YES;
    if (h->root == AS_JSON_ARRAY && is_empty_table(h))
        return AS_SURE_MAYBE;
    plugin = plugin_of_head(h);
    return plugin && as_plugin_needs(plugin) >= 3 ? AS_SURE_MAYBE : AS_SURE_NO;
}

const as_reader as_reader_volatility3 = {
    .about = {.id = "volatility3",
              .name = "Volatility 3",
              .versions = "-r json and -r jsonl of 2.x; on real files windows.pstree and malfind, "
                          "the columns of other plugins from their documentation",
              .maps = "processes with their tree, modules, handles, sockets, services, memory "
                      "regions and findings, kernel entries, registry, credentials; every row of "
                      "every other plugin",
              .seen = true},
    .probe = probe_volatility3,
    .read = read_volatility3,
};

/* --- version 2 ------------------------------------------------------------------------- */

/* A row that came before the names of its columns. */
struct held_row {
    size_t first, n; /* of its cells */
    as_evidence at;
};

struct held_cell {
    as_str value;
    uint8_t form;
};

struct table {
    as_walk *w;
    as_rows *rows;
    as_buf columns; /* as_str */
    as_evidence columns_at;
    bool has_columns, has_rows;
    as_buf held, held_cells;
    uint64_t seen; /* rows */
};

static as_code held_failed(as_err *err)
{
    return as_fail_nomem(err, "a table of Volatility");
}

static as_code read_columns(struct table *b, as_place *place, as_json_tok *t, as_err *err)
{
    as_code rc;

    as_buf_reset(&b->columns);
    for (as_step i = 0;; i++) {
        as_place child = {.up = place, .step = i};
        as_form form;
        as_str name = 0;

        rc = as_walk_next(b->w, t, err);
        if (rc || t->type == AS_JSON_ARRAY_END)
            break;
        child.begin = t->begin;
        rc = t->type == AS_JSON_STRING ? scalar_of(b->w, t, &form, &name, err)
                                       : as_walk_pass(b->w, &child, t, false, err);
        if (rc)
            return rc;
        as_buf_add(&b->columns, (as_bytes){(const uint8_t *)&name, sizeof(name)});
        if (b->columns.failed)
            return held_failed(err);
    }
    b->has_columns = true;
    return rc ? rc : as_walk_evidence(b->w, place, t->end, &b->columns_at, err);
}

static as_str column_at(const struct table *b, size_t i)
{
    const as_str *columns = (const as_str *)(const void *)b->columns.p;

    return i < b->columns.n / sizeof(*columns) ? columns[i] : 0;
}

static as_code hold_cell(struct table *b, as_form form, as_str value, as_err *err)
{
    struct held_cell cell = {value, (uint8_t)form};

    if (b->held_cells.n / sizeof(cell) >= AS_VOLATILITY_HELD_MAX)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET,
                       "the table has too many rows before the names of its columns");
    as_buf_add(&b->held_cells, (as_bytes){(const uint8_t *)&cell, sizeof(cell)});
    return b->held_cells.failed ? held_failed(err) : AS_OK;
}

static as_code end_row(struct table *b, size_t mark, const as_evidence *at, as_err *err)
{
    as_row_place place = {.evidence = {*at, b->columns_at},
                          .n_evidence = 2,
                          .parent = AS_NO_FACT,
                          .number = AS_NO_FACT};
    as_code rc = as_rows_end(b->rows, mark, &place, err);

    as_rows_settle(b->rows, true); /* the document comes out whole or not at all */
    return rc;
}

/* One row, its bracket in `t`. */
static as_code read_cells(struct table *b, as_place *place, as_json_tok *t, as_err *err)
{
    size_t mark = as_rows_begin(b->rows);
    struct held_row row = {.first = b->held_cells.n / sizeof(struct held_cell)};
    as_code rc;

    for (as_step i = 0;; i++) {
        as_place child = {.up = place, .step = i};
        as_form form = AS_FORM_TEXT;
        as_str value = 0;

        rc = as_walk_next(b->w, t, err);
        if (rc || t->type == AS_JSON_ARRAY_END)
            break;
        child.begin = t->begin;
        rc = t->type == AS_JSON_OBJECT || t->type == AS_JSON_ARRAY
                 ? as_walk_pass(b->w, &child, t, false, err)
                 : scalar_of(b->w, t, &form, &value, err);
        if (!rc)
            rc = b->has_columns ? as_rows_cell(b->rows, column_at(b, i), form, value, err)
                                : hold_cell(b, form, value, err);
        if (rc)
            return rc;
        row.n++;
    }
    if (!rc)
        rc = as_walk_evidence(b->w, place, t->end, &row.at, err);
    if (rc)
        return rc;
    if (b->has_columns)
        return end_row(b, mark, &row.at, err);
    as_buf_add(&b->held, (as_bytes){(const uint8_t *)&row, sizeof(row)});
    return b->held.failed ? held_failed(err) : AS_OK;
}

static as_code read_rows(struct table *b, as_place *place, as_json_tok *t, as_err *err)
{
    b->has_rows = true;
    for (as_step i = 0;; i++) {
        as_place child = {.up = place, .step = i};
        as_code rc = as_walk_next(b->w, t, err);

        if (rc || t->type == AS_JSON_ARRAY_END)
            return rc;
        if (i >= AS_STEP_NONE - 1)
            return as_fail(err, AS_LIMIT, (size_t)t->begin, "the table has too many rows");
        child.begin = t->begin;
        as_walk_tick(b->w);
        b->seen++;
        rc = t->type == AS_JSON_ARRAY ? read_cells(b, &child, t, err)
                                      : as_walk_pass(b->w, &child, t, false, err);
        if (rc)
            return rc;
    }
}

static as_code release(struct table *b, as_err *err)
{
    const struct held_row *rows = (const struct held_row *)(const void *)b->held.p;
    const struct held_cell *cells = (const struct held_cell *)(const void *)b->held_cells.p;
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < b->held.n / sizeof(*rows); i++) {
        size_t mark = as_rows_begin(b->rows);

        for (size_t k = 0; !rc && k < rows[i].n; k++) {
            const struct held_cell *cell = &cells[rows[i].first + k];

            rc = as_rows_cell(b->rows, column_at(b, k), (as_form)cell->form, cell->value, err);
        }
        if (!rc)
            rc = end_row(b, mark, &rows[i].at, err);
    }
    return rc;
}

static as_code read_table2(struct table *b, as_err *err)
{
    as_place root = {0};
    as_json_tok t;
    as_code rc = as_walk_next(b->w, &t, err);

    if (!rc && t.type != AS_JSON_OBJECT)
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET, "no table of Volatility 2: no object");
    root.begin = t.begin;
    while (!rc) {
        as_place child = {.up = &root};
        as_bytes key;

        rc = as_walk_next(b->w, &t, err);
        if (rc || t.type == AS_JSON_OBJECT_END)
            break;
        rc = as_walk_key(b->w, &t, &child.step, err);
        if (!rc)
            rc = as_walk_next(b->w, &t, err);
        if (rc)
            return rc;
        child.begin = t.begin;
        key = as_facts_text(b->w->facts, child.step & ~AS_STEP_KEY);
        if (as_bytes_is(key, "columns") && t.type == AS_JSON_ARRAY)
            rc = read_columns(b, &child, &t, err);
        else if (as_bytes_is(key, "rows") && t.type == AS_JSON_ARRAY)
            rc = read_rows(b, &child, &t, err);
        else
            rc = as_walk_pass(b->w, &child, &t, false, err);
    }
    return rc ? rc : as_walk_next(b->w, &t, err); /* the end: nothing may follow */
}

static as_code read_volatility2(as_walk *w, as_err *err)
{
    struct table b = {.w = w, .rows = as_rows_new(w, 2)};
    as_code rc;

    if (!b.rows)
        return held_failed(err);
    w->analysis->tool = "Volatility 2";
    rc = read_table2(&b, err);
    if (!rc && (!b.has_columns || !b.has_rows))
        rc = as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                     "no table of Volatility 2: it needs 'columns' and 'rows'");
    if (!rc)
        rc = release(&b, err);
    if (!rc && !b.seen)
        w->analysis->gaps |= AS_GAP_EMPTY;
    as_rows_free(b.rows);
    as_buf_done(&b.columns);
    as_buf_done(&b.held);
    as_buf_done(&b.held_cells);
    return rc;
}

/* The columns may come late, behind all rows. */
static as_sure probe_volatility2(const as_head *h)
{
    if (!h->is_json || h->root != AS_JSON_OBJECT || h->n == 0)
        return AS_SURE_NO;
    if (as_head_has(h, "columns/*") && as_head_has(h, "rows"))
        return AS_SURE_YES;
    return !strcmp(h->entries[0].path, "rows") && as_head_has(h, "rows/*/*") ? AS_SURE_MAYBE
                                                                             : AS_SURE_NO;
}

const as_reader as_reader_volatility2 = {
    .about = {.id = "volatility2",
              .name = "Volatility 2",
              .versions = "--output=json of 2.5 and 2.6",
              .maps = "as for Volatility 3, without the tree",
              .seen = false},
    .probe = probe_volatility2,
    .read = read_volatility2,
};

#include "formats/formats_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/*
 * What no row named, counted by path. A path is a pattern: indexes, numbers and
 * hashes become "*", so that ten thousand list elements are one row.
 */

#define SLOTS 4096 /* a power of two, twice AS_COVERAGE_PATHS_MAX at least */

_Static_assert(SLOTS >= 2 * AS_COVERAGE_PATHS_MAX, "the table never fills up");

struct as_paths {
    uint16_t slots[SLOTS]; /* 1 + index of a row; 0 is free */
    size_t n;
    as_unmapped rows[AS_COVERAGE_PATHS_MAX + 1]; /* the last is for all the others */
    bool marked;
    as_buf since; /* struct counted: what was counted since the mark */
};

struct counted {
    size_t row;
    uint64_t bytes;
};

struct as_paths *as_paths_new(void)
{
    return as_mem_zero(1, sizeof(struct as_paths));
}

void as_paths_free(struct as_paths *p)
{
    if (p)
        as_buf_done(&p->since);
    as_mem_free(p);
}

/* A key that names one thing among many: a number or a hash. */
static bool is_variable(as_bytes key)
{
    bool digits = key.n > 0, hex = key.n >= 32;

    for (size_t i = 0; i < key.n && (digits || hex); i++) {
        uint8_t c = key.p[i];
        bool digit = c >= '0' && c <= '9';

        digits = digits && digit;
        hex = hex && (digit || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'));
    }
    return digits || hex;
}

/* "file_12" */
static bool is_numbered(as_bytes key)
{
    size_t n = key.n;

    while (n > 0 && key.p[n - 1] >= '0' && key.p[n - 1] <= '9')
        n--;
    return n < key.n && n > 1 && key.p[n - 1] == '_';
}

static void put_path(as_walk *w, const as_place *place)
{
    as_bytes key;

    if (!place->up)
        return;
    put_path(w, place->up);
    as_buf_byte(&w->path, '/');
    if (place->any || !(place->step & AS_STEP_KEY)) {
        as_buf_byte(&w->path, '*');
        return;
    }
    key = as_facts_text(w->facts, place->step & ~AS_STEP_KEY);
    if (is_variable(key) || (w->numbered_keys && is_numbered(key))) {
        as_buf_byte(&w->path, '*');
        return;
    }
    for (size_t i = 0; i < key.n; i++) {
        if (key.p[i] == '~' || key.p[i] == '/')
            as_buf_text(&w->path, key.p[i] == '~' ? "~0" : "~1");
        else
            as_buf_byte(&w->path, key.p[i]);
    }
}

static size_t slot_of(as_str path)
{
    return (path * 2654435761u) & (SLOTS - 1);
}

/* The row of `path`, a new one, or once the table is full the one for all others. */
static as_unmapped *find_or_add(struct as_paths *p, as_str path, bool known)
{
    size_t slot = slot_of(path);

    for (; p->slots[slot]; slot = (slot + 1) & (SLOTS - 1)) {
        as_unmapped *row = &p->rows[p->slots[slot] - 1];

        if (row->path == path && row->known == known)
            return row;
    }
    if (p->n >= AS_COVERAGE_PATHS_MAX)
        return &p->rows[AS_COVERAGE_PATHS_MAX];
    p->rows[p->n] = (as_unmapped){.path = path, .known = known};
    p->slots[slot] = (uint16_t)++p->n;
    return &p->rows[p->n - 1];
}

as_code as_paths_add(as_walk *w, const as_place *place, uint64_t bytes, bool known, as_err *err)
{
    as_unmapped *row;
    as_str path = 0;
    as_code rc;

    as_buf_reset(&w->path);
    put_path(w, place);
    if (w->path.failed)
        return as_fail_nomem(err, "the coverage of a report");
    if (w->paths->n < AS_COVERAGE_PATHS_MAX) {
        rc = as_facts_intern(w->facts, as_buf_bytes(&w->path), &path);
        if (rc)
            return as_walk_facts_failed(w, rc, err);
        row = find_or_add(w->paths, path, known);
    } else {
        row = &w->paths->rows[AS_COVERAGE_PATHS_MAX];
    }
    row->count++;
    row->bytes += bytes;
    if (w->paths->marked) {
        struct counted c = {(size_t)(row - w->paths->rows), bytes};

        as_buf_add(&w->paths->since, (as_bytes){(const uint8_t *)&c, sizeof(c)});
    }
    return w->paths->since.failed ? as_fail_nomem(err, "the coverage of a report") : AS_OK;
}

void as_paths_mark(as_walk *w)
{
    w->paths->marked = true;
    as_buf_reset(&w->paths->since);
}

void as_paths_undo(as_walk *w)
{
    struct as_paths *p = w->paths;
    struct counted c;

    for (size_t at = 0; at + sizeof(c) <= p->since.n; at += sizeof(c)) {
        memcpy(&c, p->since.p + at, sizeof(c));
        p->rows[c.row].count--;
        p->rows[c.row].bytes -= c.bytes;
    }
    p->marked = false;
    as_buf_reset(&p->since);
}

as_code as_paths_carry(as_walk *w, as_copier *c)
{
    struct as_paths *p = w->paths;
    as_code rc = AS_OK;

    memset(p->slots, 0, sizeof(p->slots));
    for (size_t i = 0; !rc && i < p->n; i++) {
        size_t slot;

        rc = as_copier_text(c, p->rows[i].path, &p->rows[i].path);
        if (rc)
            break;
        slot = slot_of(p->rows[i].path);
        while (p->slots[slot])
            slot = (slot + 1) & (SLOTS - 1);
        p->slots[slot] = (uint16_t)(i + 1);
    }
    return rc;
}

static int by_bytes(const void *a, const void *b)
{
    const as_unmapped *x = a, *y = b;

    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->path < y->path ? -1 : x->path > y->path;
}

as_code as_paths_finish(as_walk *w, as_err *err)
{
    as_unmapped *other = &w->paths->rows[AS_COVERAGE_PATHS_MAX];
    as_coverage *c = &w->analysis->coverage;
    size_t n = w->paths->n;
    uint64_t unmapped = 0;
    as_code rc;

    if (other->count) {
        rc = as_facts_intern(w->facts, AS_LITERAL("*"), &other->path);
        if (rc)
            return as_walk_facts_failed(w, rc, err);
        w->paths->rows[n++] = *other; /* n is AS_COVERAGE_PATHS_MAX: the same place */
    }
    c->rows = as_mem_zero(n + 1, sizeof(*c->rows));
    if (!c->rows)
        return as_fail_nomem(err, "the coverage of a report");
    for (size_t i = 0; i < n; i++) {
        if (w->paths->rows[i].count)
            c->rows[c->n++] = w->paths->rows[i];
    }
    n = c->n;
    qsort(c->rows, n, sizeof(*c->rows), by_bytes);
    for (size_t i = 0; i < n; i++)
        unmapped += c->rows[i].bytes;
    c->total_bytes = w->analysis->size;
    c->mapped_bytes = unmapped < c->total_bytes ? c->total_bytes - unmapped : 0;
    return AS_OK;
}

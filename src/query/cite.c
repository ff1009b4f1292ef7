#include "query/query_priv.h"

#include "base/escape.h"

#include <string.h>

#include "base/banned.h"

/* A citation is of a range of a document; the same range is cited once. */
typedef struct cited {
    int64_t doc;
    as_range range;
} cited;

typedef struct citer {
    job *j;
    as_citation *citations;
    cited *where;
    size_t n;
} citer;

typedef struct hash_of {
    uint8_t sha256[AS_SHA256_SIZE];
} hash_of;

static as_code take_hash(void *ctx, const as_document *doc, as_err *err)
{
    hash_of *h = ctx;

    (void)err;
    memcpy(h->sha256, doc->sha256, sizeof(h->sha256));
    return AS_OK;
}

#define LOOK_MAX ((size_t)64 << 10) /* bytes of an evidence in which the value is looked for */

/* Where the value stands in the bytes, as it is or as JSON writes it (\\ for a back slash). */
static size_t find_value(as_bytes bytes, as_bytes value_)
{
    as_buf escaped = {0};
    const uint8_t *at;
    size_t ret = 0;

    if (value_.n == 0 || value_.n > bytes.n)
        return 0;
    at = memmem(bytes.p, bytes.n, value_.p, value_.n);
    for (size_t i = 0; !at && i < value_.n; i++) {
        if (value_.p[i] == '\\' || value_.p[i] == '"')
            as_buf_byte(&escaped, '\\');
        as_buf_byte(&escaped, value_.p[i]);
    }
    if (!at && escaped.n > 0 && escaped.n <= bytes.n)
        at = memmem(bytes.p, bytes.n, escaped.p, escaped.n);
    as_buf_done(&escaped);
    if (at)
        ret = (size_t)(at - bytes.p);
    return ret;
}

/* No half character at either end. */
static as_bytes whole_characters(as_bytes b)
{
    while (b.n > 0 && (b.p[0] & 0xc0) == 0x80) {
        b.p++;
        b.n--;
    }
    for (size_t back = 0; b.n > 0 && back < 3 && (b.p[b.n - 1] & 0x80); back++) {
        b.n--;
        if ((b.p[b.n] & 0xc0) == 0xc0)
            break;
    }
    return b;
}

/* The bytes as they are stored: what is quoted was read, not remembered. */
static as_code quote(job *j, int64_t doc, as_range r, as_bytes value_, as_citation *c)
{
    uint64_t length = r.end - r.begin;
    size_t n = length < LOOK_MAX ? (size_t)length : LOOK_MAX, at;
    uint8_t *bytes = as_mem_get(n + 1);
    as_buf text = {0};
    as_bytes part;
    as_err why = {0};
    as_code rc;

    if (!bytes)
        return as_fail_nomem(j->err, "a quote");
    rc = as_store_bytes(j->store, doc, r.begin, bytes, n, &why);
    c->cut = length > AS_ASK_QUOTE;
    if (!rc) {
        at = c->cut ? find_value((as_bytes){bytes, n}, value_) : 0;
        at = at > AS_ASK_QUOTE / 4 ? at - AS_ASK_QUOTE / 4 : 0;
        part = (as_bytes){bytes + at, n - at > AS_ASK_QUOTE ? AS_ASK_QUOTE : n - at};
        as_escape_visible(&text, c->cut ? whole_characters(part) : part);
        c->quote = say_done(j, &text);
    }
    as_mem_free(bytes);
    if (rc == AS_NOT_FOUND || rc == AS_INVALID) {
        /* The fact stands; who doubts it is told that its proof is gone. */
        job_trace(j, "the stored bytes of a citation cannot be read: %s", why.msg);
        j->answer->complete = false;
        c->quote = (as_bytes){0};
        return AS_OK;
    }
    if (rc)
        *j->err = why;
    return rc;
}

static as_code cite(citer *c, const as_row *row, as_bytes value_, size_t *ret)
{
    cited where = {row->doc, row->evidence[0]};
    hash_of h = {{0}};
    as_code rc;

    for (size_t i = c->n > 64 ? c->n - 64 : 0; i < c->n; i++) {
        if (c->where[i].doc == where.doc && c->where[i].range.begin == where.range.begin &&
            c->where[i].range.end == where.range.end) {
            *ret = i;
            return AS_OK;
        }
    }
    rc = as_store_document(c->j->store, row->doc, take_hash, &h, c->j->err);
    if (rc)
        return rc;
    c->where[c->n] = where;
    as_evidence_id(h.sha256, where.range.begin, where.range.end, c->citations[c->n].evidence);
    rc = quote(c->j, row->doc, where.range, value_, &c->citations[c->n]);
    if (rc)
        return rc;
    *ret = c->n++;
    return AS_OK;
}

static as_code cite_find(citer *c, const find *f, as_answer_item *item)
{
    size_t *list = as_arena_take(c->j->arena, f->n_rows + 1, sizeof(*list));
    size_t n = 0;

    if (!list)
        return as_fail_nomem(c->j->err, "citations");
    for (size_t i = 0; i < f->n_rows; i++) {
        size_t at = 0;
        bool there = false;
        as_code rc;

        if (f->rows[i]->n_evidence == 0)
            continue;
        rc = cite(c, f->rows[i], f->value, &at);
        if (rc)
            return rc;
        for (size_t k = 0; k < n && !there; k++)
            there = list[k] == at;
        if (!there)
            list[n++] = at;
    }
    *item = (as_answer_item){
        .value = f->value, .text = f->text, .count = f->count, .citations = list, .n_citations = n};
    return AS_OK;
}

as_code cite_finds(job *j, const finds *f)
{
    size_t most = f->n * AS_ASK_CITATIONS;
    citer c = {.j = j,
               .citations = as_arena_take(j->arena, most + 1, sizeof(as_citation)),
               .where = as_arena_take(j->arena, most + 1, sizeof(cited))};
    as_answer_item *items = as_arena_take(j->arena, f->n + 1, sizeof(*items));
    as_code rc = AS_OK;

    if (!c.citations || !c.where || !items)
        return as_fail_nomem(j->err, "citations");
    for (size_t i = 0; !rc && i < f->n; i++)
        rc = cite_find(&c, &f->p[i], &items[i]);
    if (rc)
        return rc;
    j->answer->items = items;
    j->answer->n_items = f->n;
    j->answer->citations = c.citations;
    j->answer->n_citations = c.n;
    return AS_OK;
}

#include "store/add_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* What is told of an analysis, in pieces. Who makes them is above this module. */

#define EVIDENCE_MAX 4096u /* ranges of one chunk: beyond, they are the first of them */

struct sink {
    as_store *s;
    int64_t doc, sample;
    const as_facts *facts;
    sqlite3_stmt *chunk, *words;
    int64_t *ids; /* of the chunks of this call */
    size_t n, cap;
    as_ranges ranges;
    as_buf evidence;
};

static int by_begin(const void *x, const void *y)
{
    const as_range *a = x, *b = y;

    return a->begin != b->begin ? (a->begin < b->begin ? -1 : 1)
                                : (a->end > b->end) - (a->end < b->end);
}

/* Each range once, in order. */
static as_code gather_evidence(struct sink *k, const as_chunk *c, as_err *err)
{
    as_ranges *r = &k->ranges;
    size_t kept = 0;

    r->n = 0;
    for (size_t i = 0; i < c->n_facts; i++) {
        const as_evidence *e;
        void *p = r->p;

        if (c->facts[i] >= as_facts_count(k->facts))
            return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                           "a chunk rests on a fact that is not there");
        e = as_fact_evidence(k->facts, as_facts_get(k->facts, c->facts[i]));
        if (!e || r->n >= EVIDENCE_MAX)
            continue;
        if (!as_mem_room(&p, &r->cap, r->n, sizeof(*r->p)))
            return as_fail_nomem(err, "a chunk");
        r->p = p;
        r->p[r->n++] = (as_range){e->begin, e->end};
    }
    if (r->n > 1)
        qsort(r->p, r->n, sizeof(*r->p), by_begin);
    for (size_t i = 0; i < r->n; i++) {
        if (kept == 0 || by_begin(&r->p[kept - 1], &r->p[i]))
            r->p[kept++] = r->p[i];
    }
    r->n = kept;
    as_buf_reset(&k->evidence);
    as_pack_ranges(&k->evidence, r->p, r->n);
    return k->evidence.failed ? as_fail_nomem(err, "a chunk") : AS_OK;
}

static void bind_texts(sqlite3_stmt *st, int at, const as_chunk *c)
{
    const as_bytes texts[] = {c->context, c->body};

    for (size_t i = 0; i < AS_COUNT(texts); i++)
        (void)sqlite3_bind_text64(st, at + (int)i, texts[i].n ? (const char *)texts[i].p : "",
                                  texts[i].n, SQLITE_STATIC, SQLITE_UTF8);
}

static void bind_chunk(const struct sink *k, const as_chunk *c)
{
    sqlite3_stmt *st = k->chunk;

    as_bind_bytes(st, 1, (as_bytes){c->uid, sizeof(c->uid)});
    (void)sqlite3_bind_int64(st, 2, k->doc);
    (void)sqlite3_bind_int64(st, 3, k->sample);
    if (c->parent >= 0)
        (void)sqlite3_bind_int64(st, 4, k->ids[c->parent]);
    else
        (void)sqlite3_bind_null(st, 4);
    (void)sqlite3_bind_int64(st, 5, as_word_stored(k->s, AS_WORD_SECTION, c->section));
    (void)sqlite3_bind_int64(st, 6, c->lang);
    (void)sqlite3_bind_int64(st, 7, c->role);
    (void)sqlite3_bind_int64(st, 8, c->trust);
    bind_texts(st, 9, c);
    (void)sqlite3_bind_blob64(st, 11, k->evidence.n ? k->evidence.p : (const uint8_t *)"",
                              k->evidence.n, SQLITE_STATIC);
}

static as_code put_chunk(void *sink, const as_chunk *c, as_err *err)
{
    struct sink *k = sink;
    void *p = k->ids;
    as_code rc;

    if (c->parent >= 0 && (size_t)c->parent >= k->n)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "a chunk comes before its parent");
    if (!as_mem_room(&p, &k->cap, k->n, sizeof(*k->ids)))
        return as_fail_nomem(err, "the chunks of a report");
    k->ids = p;
    rc = gather_evidence(k, c, err);
    if (rc)
        return rc;
    bind_chunk(k, c);
    rc = as_sql_do(k->s, k->chunk, err);
    if (rc)
        return rc;
    k->ids[k->n] = sqlite3_last_insert_rowid(k->s->db);
    (void)sqlite3_bind_int64(k->words, 1, k->ids[k->n++]);
    bind_texts(k->words, 2, c);
    rc = as_sql_do(k->s, k->words, err);
    /* A passage without its words could not be taken back: the index would lose others'. */
    if (rc && as_sql_int(k->s, "DELETE FROM chunk WHERE id = ?1", &k->ids[k->n - 1], 1, NULL, NULL))
        k->s->lost = true;
    return rc;
}

as_code as_chunks_put(as_store *s, int64_t doc, int64_t sample, const as_analysis *a,
                      const as_store_add_options *options, uint64_t *ret_n, as_err *err)
{
    struct sink k = {.s = s, .doc = doc, .sample = sample, .facts = a->facts};
    as_code rc = as_sql_get(s,
                            "INSERT INTO chunk(uid, doc, sample, parent, section, lang, role, "
                            "trust, context, body, evidence) "
                            "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                            &k.chunk, err);

    if (!rc)
        rc = as_sql_get(s, "INSERT INTO chunk_words(rowid, context, body) VALUES(?1, ?2, ?3)",
                        &k.words, err);
    if (!rc)
        rc = options->chunks(options->chunks_ctx, a, put_chunk, &k, err);
    if (!rc)
        *ret_n = k.n;
    as_sql_put(s, k.chunk);
    as_sql_put(s, k.words);
    as_mem_free(k.ids);
    as_mem_free(k.ranges.p);
    as_buf_done(&k.evidence);
    return rc;
}

as_code as_store_chunk(as_store *s, int64_t id, as_stored_chunk_fn *fn, void *ctx, as_err *err)
{
    static const char sql[] =
        "SELECT c.id, c.sample, c.doc, c.parent, c.section, c.lang, c.role, c.trust, d.tool, "
        "c.context, c.body, c.evidence FROM chunk c JOIN document d ON d.id = c.doc WHERE c.id = "
        "?1";
    sqlite3_stmt *st = NULL;
    as_ranges ranges = {0};
    as_stored_chunk chunk;
    uint16_t section;
    bool there = false;
    as_code rc = as_sql_get(s, sql, &st, err);

    if (!rc) {
        (void)sqlite3_bind_int64(st, 1, id);
        rc = as_sql_step(s, st, &there, err);
    }
    if (!rc && !there)
        rc = as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "no passage has the number %lld",
                     (long long)id);
    if (!rc) {
        rc = as_unpack_ranges(as_column_bytes(st, 11), &ranges);
        if (rc)
            rc = rc == AS_NOMEM ? as_fail_nomem(err, "a passage")
                                : as_sql_damaged(s, "a passage", err);
    }
    if (!rc) {
        section = as_word_ours(s, AS_WORD_SECTION, (uint64_t)sqlite3_column_int64(st, 4));
        chunk = (as_stored_chunk){.id = id,
                                  .sample = sqlite3_column_int64(st, 1),
                                  .doc = sqlite3_column_int64(st, 2),
                                  .parent = sqlite3_column_int64(st, 3),
                                  .section =
                                      section == AS_NO_WORD ? AS_SECTION_RUN : (as_section)section,
                                  .lang = (uint8_t)sqlite3_column_int(st, 5),
                                  .role = (uint8_t)sqlite3_column_int(st, 6),
                                  .trust = (uint8_t)sqlite3_column_int(st, 7),
                                  .tool = as_column_bytes(st, 8),
                                  .context = as_column_bytes(st, 9),
                                  .body = as_column_bytes(st, 10),
                                  .evidence = ranges.p,
                                  .n_evidence = ranges.n};
        rc = fn(ctx, &chunk, err);
    }
    as_sql_put(s, st);
    as_mem_free(ranges.p);
    return rc == AS_STORE_STOP ? AS_OK : rc;
}

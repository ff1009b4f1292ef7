#include "base/hash.h"
#include "store/terms_priv.h"

#include <string.h>
#include <sys/random.h>

#include "base/banned.h"

/*
 * Which facts have a term. The terms of a document are gathered in memory first, so that
 * each costs the index one visit, however many facts have it.
 */

struct entry {
    uint64_t hash;
    size_t at; /* of the norm in `texts` */
    uint32_t n, type;
    int64_t first, last; /* facts; first 0: a free place */
    uint64_t facts;
    as_buf list; /* steps from fact to fact behind the first */
};

struct as_gather {
    as_term_teller teller;
    struct entry *entries; /* in the order of their coming */
    size_t n, cap;
    uint32_t *slots; /* 1 + index */
    size_t mask;
    as_buf texts;
    uint64_t seed;
    int64_t fact; /* in hand */
};

static as_code take_term(void *ctx, as_term_type type, as_bytes norm, as_err *err);

as_gather *as_gather_new(void)
{
    as_gather *g = as_mem_zero(1, sizeof(*g));

    if (!g)
        return NULL;
    if (getrandom(&g->seed, sizeof(g->seed), GRND_NONBLOCK) != sizeof(g->seed))
        g->seed = (uint64_t)(uintptr_t)g;
    g->teller.fn = take_term;
    g->teller.ctx = g;
    return g;
}

static void reset(as_gather *g)
{
    for (size_t i = 0; i < g->n; i++)
        as_buf_done(&g->entries[i].list);
    g->n = 0;
    if (g->slots)
        memset(g->slots, 0, (g->mask + 1) * sizeof(*g->slots));
    as_buf_reset(&g->texts);
}

void as_gather_free(as_gather *g)
{
    if (!g)
        return;
    reset(g);
    as_mem_free(g->entries);
    as_mem_free(g->slots);
    as_buf_done(&g->texts);
    as_buf_done(&g->teller.norm);
    as_mem_free(g);
}

static uint32_t *slot_of(const as_gather *g, uint64_t hash, as_term_type type, as_bytes norm)
{
    size_t at = (size_t)hash & g->mask;

    for (; g->slots[at]; at = (at + 1) & g->mask) {
        const struct entry *e = &g->entries[g->slots[at] - 1];

        if (e->hash == hash && e->type == type && e->n == norm.n &&
            !memcmp(g->texts.p + e->at, norm.p, norm.n))
            break;
    }
    return &g->slots[at];
}

static bool grow(as_gather *g)
{
    size_t size = g->slots ? 2 * (g->mask + 1) : 1024;
    uint32_t *slots = as_mem_zero(size, sizeof(*slots));

    if (!slots)
        return false;
    as_mem_free(g->slots);
    g->slots = slots;
    g->mask = size - 1;
    for (size_t i = 0; i < g->n; i++) {
        size_t at = (size_t)g->entries[i].hash & g->mask;

        while (slots[at])
            at = (at + 1) & g->mask;
        slots[at] = (uint32_t)i + 1;
    }
    return true;
}

static struct entry *add_entry(as_gather *g, uint64_t hash, as_term_type type, as_bytes norm)
{
    void *p = g->entries;

    if (!as_mem_room(&p, &g->cap, g->n, sizeof(*g->entries)))
        return NULL;
    g->entries = p;
    g->entries[g->n] = (struct entry){
        .hash = hash, .at = g->texts.n, .n = (uint32_t)norm.n, .type = (uint32_t)type};
    as_buf_add(&g->texts, norm);
    return g->texts.failed ? NULL : &g->entries[g->n];
}

static as_code take_term(void *ctx, as_term_type type, as_bytes norm, as_err *err)
{
    as_gather *g = ctx;
    uint64_t hash = as_hash64(norm, g->seed + (uint64_t)type);
    uint32_t *slot;
    struct entry *e;

    if ((!g->slots || 2 * (g->n + 1) > g->mask) && !grow(g))
        return as_fail_nomem(err, "the terms of a report");
    slot = slot_of(g, hash, type, norm);
    if (!*slot) {
        e = add_entry(g, hash, type, norm);
        if (!e)
            return as_fail_nomem(err, "the terms of a report");
        *slot = (uint32_t)++g->n;
        e->first = e->last = g->fact;
        e->facts = 1;
        return AS_OK;
    }
    e = &g->entries[*slot - 1];
    if (e->last == g->fact)
        return AS_OK;
    as_put_varint(&e->list, (uint64_t)(g->fact - e->last));
    e->last = g->fact;
    e->facts++;
    return e->list.failed ? as_fail_nomem(err, "the terms of a report") : AS_OK;
}

as_code as_gather_fact(as_gather *g, const as_facts *f, const as_fact *fact, int64_t id,
                       as_err *err)
{
    g->fact = id;
    return as_term_teller_fact(&g->teller, f, fact, err);
}

/* --- storing them --------------------------------------------------------------------------- */

struct flush {
    as_store *s;
    int64_t doc, sample;
    bool fresh; /* nothing of the sample has a term yet */
    sqlite3_stmt *posting;
};

/* Whether the sample has the term already: then it counts no sample more. */
static as_code sample_has(const struct flush *w, int64_t term, bool *ret, as_err *err)
{
    static const char has[] = "SELECT 1 FROM posting WHERE term = ?1 AND sample = ?2 LIMIT 1";
    const int64_t args[] = {term, w->sample};
    int64_t there = 0;
    as_code rc = w->fresh ? AS_OK : as_sql_int(w->s, has, args, 2, &there, err);

    *ret = there != 0;
    return rc;
}

static as_code put_entry(const struct flush *w, const as_gather *g, const struct entry *e,
                         as_err *err)
{
    as_bytes norm = {g->texts.p + e->at, e->n};
    int64_t term = 0;
    size_t cached = 0;
    bool has = false;
    as_code rc = as_term_cache_get(w->s, (as_term_type)e->type, norm, &cached, &term, err);

    if (!rc)
        rc = sample_has(w, term, &has, err);
    if (rc)
        return rc;
    (void)sqlite3_bind_int64(w->posting, 1, term);
    (void)sqlite3_bind_int64(w->posting, 2, w->sample);
    (void)sqlite3_bind_int64(w->posting, 3, e->first);
    (void)sqlite3_bind_int64(w->posting, 4, w->doc);
    (void)sqlite3_bind_int64(w->posting, 5, (int64_t)e->facts);
    if (e->list.n > 0)
        (void)sqlite3_bind_blob64(w->posting, 6, e->list.p, e->list.n, SQLITE_STATIC);
    else
        (void)sqlite3_bind_null(w->posting, 6);
    rc = as_sql_do(w->s, w->posting, err);
    if (!rc)
        as_term_cache_count(w->s, cached, !has, e->facts);
    return rc;
}

as_code as_gather_flush(as_gather *g, as_store *s, int64_t doc, int64_t sample, as_err *err)
{
    struct flush w = {.s = s, .doc = doc, .sample = sample};
    int64_t known = 0;
    as_code rc = as_sql_int(s,
                            "SELECT 1 FROM document d CROSS JOIN posting p ON p.doc = d.id WHERE "
                            "d.sample = ?1 LIMIT 1",
                            &sample, 1, &known, err);

    w.fresh = !known;
    if (!rc)
        rc = as_sql_get(s,
                        "INSERT INTO posting(term, sample, first, doc, facts, list) "
                        "VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
                        &w.posting, err);
    for (size_t i = 0; !rc && i < g->n; i++)
        rc = put_entry(&w, g, &g->entries[i], err);
    as_sql_put(s, w.posting);
    reset(g);
    return rc;
}

as_code as_terms_remove(as_store *s, int64_t doc, as_err *err)
{
    static const char *const sql[] = {
        "UPDATE term SET facts = facts - (SELECT sum(p.facts) FROM posting p WHERE p.doc = ?1 AND "
        "p.term = term.id) WHERE id IN (SELECT term FROM posting WHERE doc = ?1)",
        "UPDATE term SET samples = samples - 1 WHERE id IN (SELECT term FROM posting WHERE doc = "
        "?1) AND NOT EXISTS (SELECT 1 FROM posting q WHERE q.term = term.id AND q.sample = (SELECT "
        "sample FROM document WHERE id = ?1) AND q.doc <> ?1)",
        "DELETE FROM term WHERE facts = 0 AND id IN (SELECT term FROM posting WHERE doc = ?1)",
        "DELETE FROM posting WHERE doc = ?1",
    };
    as_code rc = as_term_cache_flush(s, err);

    as_term_cache_forget(s); /* some are gone afterwards */
    return rc ? rc : as_sql_all(s, sql, AS_COUNT(sql), &doc, 1, err);
}

/* --- reading -------------------------------------------------------------------------------- */

as_code as_posting_each(as_store *s, int64_t first, as_bytes list,
                        as_code (*fn)(void *ctx, int64_t fact, as_err *err), void *ctx, as_err *err)
{
    as_code rc = fn(ctx, first, err);
    uint64_t step;

    while (!rc && list.n > 0) {
        if (!as_take_varint(&list, &step) || step == 0 || step > (uint64_t)(INT64_MAX - first))
            return as_sql_damaged(s, "the facts of a term", err);
        first += (int64_t)step;
        rc = fn(ctx, first, err);
    }
    return rc;
}

/* By a value it is found at once, under each type in turn; else by type or by sample. */
static void put_conditions(const as_terms_query *q, as_buf *sql)
{
    bool scan = q->sample && !q->norm.p;

    if (scan)
        as_buf_text(sql, " AND id IN (SELECT p.term FROM document d CROSS JOIN posting p ON p.doc "
                         "= d.id WHERE d.sample = ?3)");
    else if (q->sample)
        as_buf_text(sql, " AND EXISTS (SELECT 1 FROM posting p WHERE p.term = term.id AND "
                         "p.sample = ?3)");
    if (q->type >= 0)
        as_buf_text(sql, scan ? " AND +type = ?1" : " AND type = ?1");
    else if (q->norm.p)
        as_buf_printf(sql, " AND type IN (SELECT id FROM word WHERE space = %d)",
                      (int)AS_WORD_TERM);
    if (q->norm.p)
        as_buf_text(sql, " AND norm = ?2");
    if (q->least > 1)
        as_buf_text(sql, q->sample || q->norm.p ? " AND +samples >= ?4 AND samples > 1"
                                                : " AND samples >= ?4 AND samples > 1");
    if (q->most)
        as_buf_text(sql, " AND samples <= ?5");
    as_buf_text(sql, q->by_samples ? " ORDER BY samples DESC, norm, type LIMIT ?6"
                                   : " ORDER BY norm, type LIMIT ?6");
}

static as_code prepare_terms(as_store *s, const as_terms_query *q, sqlite3_stmt **ret, as_err *err)
{
    as_buf sql = {0};
    as_code rc;

    as_buf_text(&sql, "SELECT id, type, norm, samples, facts FROM term WHERE 1");
    put_conditions(q, &sql);
    as_buf_byte(&sql, '\0');
    rc = sql.failed ? as_fail_nomem(err, "a query") : as_sql_get(s, (const char *)sql.p, ret, err);
    as_buf_done(&sql);
    if (rc)
        return rc;
    if (q->type >= 0)
        (void)sqlite3_bind_int64(*ret, 1, as_word_stored(s, AS_WORD_TERM, (unsigned)q->type));
    as_bind_bytes(*ret, 2, q->norm);
    (void)sqlite3_bind_int64(*ret, 3, q->sample);
    (void)sqlite3_bind_int64(*ret, 4, (int64_t)q->least);
    (void)sqlite3_bind_int64(*ret, 5, (int64_t)q->most);
    (void)sqlite3_bind_int64(*ret, 6, q->limit ? (int64_t)q->limit : -1);
    return AS_OK;
}

as_code as_store_terms(as_store *s, const as_terms_query *q, as_term_fn *fn, void *ctx, as_err *err)
{
    sqlite3_stmt *st = NULL;
    bool more = false;
    as_code rc;

    if (q->type >= AS_TERM_COUNT)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "no term has the type %d", q->type);
    rc = s->batch ? as_term_cache_flush(s, err) : AS_OK;
    if (!rc)
        rc = prepare_terms(s, q, &st, err);
    while (!rc && !(rc = as_sql_step(s, st, &more, err)) && more) {
        uint16_t type = as_word_ours(s, AS_WORD_TERM, (uint64_t)sqlite3_column_int64(st, 1));
        as_term term = {.id = sqlite3_column_int64(st, 0),
                        .type = (as_term_type)type,
                        .norm = as_column_bytes(st, 2),
                        .samples = (uint64_t)sqlite3_column_int64(st, 3),
                        .facts = (uint64_t)sqlite3_column_int64(st, 4)};

        rc = type == AS_NO_WORD ? as_sql_damaged(s, "a term", err) : fn(ctx, &term, err);
    }
    as_sql_put(s, st);
    return rc == AS_STORE_STOP ? AS_OK : rc;
}

as_code as_store_samples_of_term(as_store *s, int64_t term, as_tally_fn *fn, void *ctx, as_err *err)
{
    sqlite3_stmt *st = NULL;
    bool more = false;
    as_code rc = as_sql_get(s,
                            "SELECT sample, sum(facts), min(first) FROM posting WHERE term = ?1 "
                            "GROUP BY sample ORDER BY sample",
                            &st, err);

    if (!rc)
        (void)sqlite3_bind_int64(st, 1, term);
    while (!rc && !(rc = as_sql_step(s, st, &more, err)) && more)
        rc = fn(ctx, sqlite3_column_int64(st, 0), (uint64_t)sqlite3_column_int64(st, 1),
                sqlite3_column_int64(st, 2), err);
    as_sql_put(s, st);
    return rc == AS_STORE_STOP ? AS_OK : rc;
}

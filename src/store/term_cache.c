#include "base/hash.h"
#include "store/terms_priv.h"

#include <string.h>
#include <sys/random.h>

#include "base/banned.h"

/*
 * The numbers of terms that were met lately, and what the documents of a batch add to their
 * counts. A term of a thousand documents costs its row and its place in the index of shared
 * terms one change for each batch, not for each document.
 */

#define ENTRIES_MAX ((size_t)1 << 18)
#define TEXTS_MAX   ((size_t)32 << 20)

struct entry {
    uint64_t hash;
    int64_t id;
    int64_t samples, facts; /* to be added */
    size_t at;              /* of the norm in `texts` */
    uint32_t n, type;
};

struct as_term_cache {
    struct entry *entries;
    size_t n, cap;
    uint32_t *slots; /* 1 + index */
    size_t mask;
    as_buf texts;
    uint64_t seed;
};

void as_term_cache_free(as_term_cache *c)
{
    if (!c)
        return;
    as_mem_free(c->entries);
    as_mem_free(c->slots);
    as_buf_done(&c->texts);
    as_mem_free(c);
}

void as_term_cache_forget(as_store *s)
{
    as_term_cache_free(s->terms);
    s->terms = NULL;
}

static as_term_cache *cache_of(as_store *s)
{
    as_term_cache *c = s->terms;

    if (c)
        return c;
    c = as_mem_zero(1, sizeof(*c));
    if (c && getrandom(&c->seed, sizeof(c->seed), GRND_NONBLOCK) != sizeof(c->seed))
        c->seed = (uint64_t)(uintptr_t)c;
    s->terms = c;
    return c;
}

static bool grow(as_term_cache *c)
{
    size_t size = c->slots ? 2 * (c->mask + 1) : 4096;
    uint32_t *slots = as_mem_zero(size, sizeof(*slots));

    if (!slots)
        return false;
    as_mem_free(c->slots);
    c->slots = slots;
    c->mask = size - 1;
    for (size_t i = 0; i < c->n; i++) {
        size_t at = (size_t)c->entries[i].hash & c->mask;

        while (slots[at])
            at = (at + 1) & c->mask;
        slots[at] = (uint32_t)i + 1;
    }
    return true;
}

static uint32_t *slot_of(const as_term_cache *c, uint64_t hash, as_term_type type, as_bytes norm)
{
    size_t at = (size_t)hash & c->mask;

    for (; c->slots[at]; at = (at + 1) & c->mask) {
        const struct entry *e = &c->entries[c->slots[at] - 1];

        if (e->hash == hash && e->type == type && e->n == norm.n &&
            !memcmp(c->texts.p + e->at, norm.p, norm.n))
            break;
    }
    return &c->slots[at];
}

static as_code add_term(as_store *s, as_term_type type, as_bytes norm, int64_t *ret, as_err *err)
{
    sqlite3_stmt *st = NULL;
    as_code rc = as_sql_get(s, "INSERT INTO term(type, norm, samples, facts) VALUES(?1, ?2, 0, 0)",
                            &st, err);

    if (!rc) {
        (void)sqlite3_bind_int64(st, 1, as_word_stored(s, AS_WORD_TERM, type));
        as_bind_bytes(st, 2, norm);
        rc = as_sql_do(s, st, err);
        *ret = sqlite3_last_insert_rowid(s->db);
    }
    as_sql_put(s, st);
    return rc;
}

static as_code stored_term(as_store *s, as_term_type type, as_bytes norm, int64_t *ret, as_err *err)
{
    sqlite3_stmt *st = NULL;
    bool row = false;
    as_code rc = as_sql_get(s, "SELECT id FROM term WHERE type = ?1 AND norm = ?2", &st, err);

    if (!rc) {
        (void)sqlite3_bind_int64(st, 1, as_word_stored(s, AS_WORD_TERM, type));
        as_bind_bytes(st, 2, norm);
        rc = as_sql_step(s, st, &row, err);
    }
    if (!rc && row)
        *ret = sqlite3_column_int64(st, 0);
    as_sql_put(s, st);
    return rc || row ? rc : add_term(s, type, norm, ret, err);
}

static as_code make_room(as_store *s, as_err *err)
{
    const as_term_cache *c = s->terms;
    as_code rc = AS_OK;

    if (c && (c->n >= ENTRIES_MAX || c->texts.n >= TEXTS_MAX)) {
        rc = as_term_cache_flush(s, err);
        as_term_cache_forget(s);
    }
    return rc;
}

as_code as_term_cache_get(as_store *s, as_term_type type, as_bytes norm, size_t *ret_entry,
                          int64_t *ret_id, as_err *err)
{
    as_term_cache *c;
    uint64_t hash;
    uint32_t *slot;
    void *p;
    as_code rc = make_room(s, err);

    if (rc)
        return rc;
    c = cache_of(s);
    if (!c || ((!c->slots || 2 * (c->n + 1) > c->mask) && !grow(c)))
        return as_fail_nomem(err, "the terms of a report");
    hash = as_hash64(norm, c->seed + (uint64_t)type);
    slot = slot_of(c, hash, type, norm);
    if (!*slot) {
        p = c->entries;
        if (!as_mem_room(&p, &c->cap, c->n, sizeof(*c->entries)))
            return as_fail_nomem(err, "the terms of a report");
        c->entries = p;
        c->entries[c->n] = (struct entry){
            .hash = hash, .at = c->texts.n, .n = (uint32_t)norm.n, .type = (uint32_t)type};
        as_buf_add(&c->texts, norm);
        if (c->texts.failed) {
            c->texts.failed = false;
            return as_fail_nomem(err, "the terms of a report");
        }
        rc = stored_term(s, type, norm, &c->entries[c->n].id, err);
        if (rc)
            return rc;
        *slot = (uint32_t)++c->n;
    }
    *ret_entry = *slot - 1;
    *ret_id = c->entries[*ret_entry].id;
    return AS_OK;
}

void as_term_cache_count(as_store *s, size_t entry, bool sample, uint64_t facts)
{
    s->terms->entries[entry].samples += sample;
    s->terms->entries[entry].facts += (int64_t)facts;
}

as_code as_term_cache_flush(as_store *s, as_err *err)
{
    sqlite3_stmt *st = NULL;
    as_term_cache *c = s->terms;
    as_code rc;

    if (!c)
        return AS_OK;
    rc = as_sql_get(s, "UPDATE term SET samples = samples + ?2, facts = facts + ?3 WHERE id = ?1",
                    &st, err);
    for (size_t i = 0; !rc && i < c->n; i++) {
        struct entry *e = &c->entries[i];

        if (!e->samples && !e->facts)
            continue;
        (void)sqlite3_bind_int64(st, 1, e->id);
        (void)sqlite3_bind_int64(st, 2, e->samples);
        (void)sqlite3_bind_int64(st, 3, e->facts);
        rc = as_sql_do(s, st, err);
        if (!rc)
            e->samples = e->facts = 0;
    }
    as_sql_put(s, st);
    return rc;
}

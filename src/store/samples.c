#include "store/ioc.h"
#include "store/store_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * Which documents are about one sample: their targets agree in the strongest hash that both
 * give. A name never joins. What a sample's row says is made from its documents, so that
 * adding, merging and removing need no rules of their own.
 */

enum { SHA256, SHA1, MD5, HASHES };

static const as_attr_name hash_attrs[HASHES] = {AS_ATTR_SHA256, AS_ATTR_SHA1, AS_ATTR_MD5};
static const size_t hash_digits[HASHES] = {64, 40, 32};

/* --- the target of a document --------------------------------------------------------------- */

static as_bytes take_hash(as_bytes text, size_t digits, char *dst)
{
    if (text.n != digits)
        return (as_bytes){0};
    for (size_t i = 0; i < digits; i++) {
        uint8_t c = text.p[i];

        if (c >= 'A' && c <= 'F')
            c = (uint8_t)(c - 'A' + 'a');
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return (as_bytes){0};
        dst[i] = (char)c;
    }
    return (as_bytes){(const uint8_t *)dst, digits};
}

static const char *type_of(const as_target *t, const as_facts *f, const as_fact *fact)
{
    bool hashed = t->sha256.n || t->sha1.n || t->md5.n;

    if (hashed)
        return "file";
    return as_fact_text(f, fact, AS_ATTR_URL).n > 0 ||
                   as_bytes_eq_nocase(as_fact_text(f, fact, AS_ATTR_CATEGORY), AS_LITERAL("url"))
               ? "url"
               : "file";
}

static as_bytes name_of(const as_facts *f, const as_fact *fact)
{
    static const as_attr_name names[] = {AS_ATTR_NAME, AS_ATTR_URL};
    as_bytes name = {0};

    for (size_t i = 0; i < AS_COUNT(names) && !name.n; i++)
        name = as_fact_text(f, fact, names[i]);
    return name.n ? name : as_path_file(as_fact_text(f, fact, AS_ATTR_PATH));
}

void as_target_of(const as_analysis *a, const char *doc_name, as_target *ret)
{
    as_bytes *hashes[HASHES] = {&ret->sha256, &ret->sha1, &ret->md5};
    const as_facts *f = a->facts;
    const as_fact *fact;

    *ret = (as_target){.type = "log"};
    if (a->sample == AS_NO_FACT) {
        ret->name = as_path_file(as_bytes_of(doc_name));
        if (as_bytes_has_nocase(as_bytes_of(a->format), "volatility"))
            ret->type = "memory";
        return;
    }
    fact = as_facts_get(f, a->sample);
    for (size_t i = 0; i < HASHES; i++)
        *hashes[i] = take_hash(as_fact_text(f, fact, hash_attrs[i]), hash_digits[i], ret->hex[i]);
    ret->type = type_of(ret, f, fact);
    ret->name = name_of(f, fact);
    if (!as_bytes_u64(as_fact_text(f, fact, AS_ATTR_SIZE), &ret->size) ||
        ret->size > (uint64_t)INT64_MAX)
        ret->size = 0;
}

/* --- which sample --------------------------------------------------------------------------- */

/* -1: they differ in the strongest hash that both give; 1: they agree in it; 0: there is none. */
static int agree(const as_bytes a[HASHES], const as_bytes b[HASHES])
{
    for (size_t i = 0; i < HASHES; i++) {
        if (a[i].n && b[i].n)
            return as_bytes_eq(a[i], b[i]) ? 1 : -1;
    }
    return 0;
}

static void hashes_of(const as_target *t, as_bytes ret[HASHES])
{
    ret[SHA256] = t->sha256;
    ret[SHA1] = t->sha1;
    ret[MD5] = t->md5;
}

#define MATCHES_MAX 16u /* samples that one target shows to be one; three hashes find no more */

struct matches {
    int64_t ids[MATCHES_MAX];
    size_t n;
};

/* Samples that share a hash with the target, the oldest first. */
static as_code find_matches(as_store *s, const as_target *t, int64_t but, struct matches *m,
                            as_err *err)
{
    static const char sql[] =
        "SELECT id, sha256, sha1, md5 FROM sample WHERE sha256 = ?1 "
        "UNION SELECT id, sha256, sha1, md5 FROM sample WHERE sha1 = ?2 "
        "UNION SELECT id, sha256, sha1, md5 FROM sample WHERE md5 = ?3 ORDER BY 1";
    as_bytes ours[HASHES];
    sqlite3_stmt *st = NULL;
    bool row = false;
    as_code rc = AS_OK;

    hashes_of(t, ours);
    m->n = 0;
    if (!t->sha256.n && !t->sha1.n && !t->md5.n)
        return AS_OK;
    rc = as_sql_get(s, sql, &st, err);
    for (size_t i = 0; !rc && i < HASHES; i++)
        as_bind_text(st, (int)i + 1, ours[i]);
    while (!rc && !(rc = as_sql_step(s, st, &row, err)) && row && m->n < MATCHES_MAX) {
        as_bytes theirs[HASHES] = {as_column_bytes(st, 1), as_column_bytes(st, 2),
                                   as_column_bytes(st, 3)};
        int64_t id = sqlite3_column_int64(st, 0);

        if (id != but && agree(ours, theirs) > 0)
            m->ids[m->n++] = id;
    }
    as_sql_put(s, st);
    return rc;
}

/* Whether two samples may be one: not if a hash stronger than the common one tells them apart. */
static as_code may_join(as_store *s, int64_t a, int64_t b, bool *ret, as_err *err)
{
    static const char sql[] =
        "SELECT coalesce(a.sha256 = b.sha256, a.sha1 = b.sha1, a.md5 = b.md5, 1) "
        "FROM sample a, sample b WHERE a.id = ?1 AND b.id = ?2";
    const int64_t args[] = {a, b};
    int64_t yes = 0;
    as_code rc = as_sql_int(s, sql, args, 2, &yes, err);

    *ret = yes != 0;
    return rc;
}

as_code as_sample_find(as_store *s, const as_target *t, int64_t but, int64_t *ret, as_err *err)
{
    struct matches m;
    as_code rc = find_matches(s, t, but, &m, err);

    for (size_t i = 1; !rc && i < m.n; i++) {
        bool yes = false;

        rc = may_join(s, m.ids[0], m.ids[i], &yes, err);
        if (!rc && yes)
            rc = as_sample_merge(s, m.ids[i], m.ids[0], err);
    }
    if (!rc)
        *ret = m.n > 0 ? m.ids[0] : 0;
    return rc;
}

as_code as_sample_new(as_store *s, int64_t *ret, as_err *err)
{
    as_code rc = as_sql_run(s, "INSERT INTO sample DEFAULT VALUES", err);

    if (!rc)
        *ret = sqlite3_last_insert_rowid(s->db);
    return rc;
}

/* --- what follows from the documents -------------------------------------------------------- */

as_code as_sample_refresh(as_store *s, int64_t sample, as_err *err)
{
#define FIRST(column)                                                                              \
#column " = (SELECT target_" #column " FROM document WHERE sample = ?1 AND target_" #column    \
            " IS NOT NULL ORDER BY id LIMIT 1)"
    static const char update[] =
        "UPDATE sample SET " FIRST(sha256) ", " FIRST(sha1) ", " FIRST(md5) ", " FIRST(
            name) ", "
                  "type = coalesce((SELECT target_type FROM document WHERE sample = ?1 ORDER BY "
                  "target_type <> 'file', id LIMIT 1), 'log'), "
                  "size = coalesce((SELECT target_size FROM document WHERE sample = ?1 AND "
                  "target_size > 0 "
                  "ORDER BY id LIMIT 1), 0), "
                  "(docs, facts, added_us, seen_us) = (SELECT count(*), coalesce(sum(facts), 0), "
                  "coalesce(min(added_us), 0), coalesce(min(nullif(seen_us, 0)), 0) FROM document "
                  "WHERE "
                  "sample = ?1) WHERE id = ?1";
#undef FIRST
    as_code rc = as_sql_int(s, update, &sample, 1, NULL, err);

    return rc ? rc
              : as_sql_int(s, "DELETE FROM sample WHERE id = ?1 AND docs = 0", &sample, 1, NULL,
                           err);
}

/* --- names ---------------------------------------------------------------------------------- */

static as_code put_name(as_store *s, sqlite3_stmt *st, as_bytes name, as_buf *norm, as_err *err)
{
    as_buf_reset(norm);
    as_fold(name, norm);
    if (norm->failed)
        return as_fail_nomem(err, "a name");
    if (norm->n == 0)
        return AS_OK;
    (void)sqlite3_bind_blob64(st, 1, norm->p, norm->n, SQLITE_STATIC);
    return as_sql_do(s, st, err);
}

/* The archive "a.zip" and the member "m.json" of "/x/a.zip!d/m.json"; {0}: it is of none. */
static void names_in_archive(as_bytes name, as_bytes *archive, as_bytes *member)
{
    size_t first = 0, last = name.n;

    while (first < name.n && name.p[first] != '!')
        first++;
    while (last > 0 && name.p[last - 1] != '!')
        last--;
    *archive = *member = (as_bytes){0};
    if (last == 0)
        return;
    *archive = as_path_file((as_bytes){name.p, first});
    *member = as_path_file((as_bytes){name.p + last, name.n - last});
}

as_code as_sample_names_put(as_store *s, int64_t doc, int64_t sample, const as_target *t,
                            as_bytes doc_name, as_err *err)
{
    as_bytes names[] = {t->name, as_path_file(t->name), as_path_file(doc_name), {0}, {0}};
    /* What a report's own file is called says nothing of a sample that has a hash. */
    size_t n = t->sha256.n || t->sha1.n || t->md5.n ? 2 : AS_COUNT(names);
    sqlite3_stmt *st = NULL;
    as_buf norm = {0};
    as_code rc = as_sql_get(
        s, "INSERT OR IGNORE INTO sample_name(norm, sample, doc) VALUES(?1, ?2, ?3)", &st, err);

    names_in_archive(doc_name, &names[3], &names[4]);
    if (!rc) {
        (void)sqlite3_bind_int64(st, 2, sample);
        (void)sqlite3_bind_int64(st, 3, doc);
    }
    for (size_t i = 0; !rc && i < n; i++)
        rc = put_name(s, st, names[i], &norm, err);
    as_buf_done(&norm);
    as_sql_put(s, st);
    return rc;
}

/* --- merging -------------------------------------------------------------------------------- */

/* A document with all that was made of it becomes of another sample. */
static as_code move_document(as_store *s, int64_t doc, int64_t into, as_err *err)
{
    static const char *const sql[] = {
        "UPDATE fact SET sample = ?2 WHERE doc = ?1 AND id BETWEEN (SELECT first_fact FROM "
        "document WHERE id = ?1) AND (SELECT last_fact FROM document WHERE id = ?1)",
        "UPDATE posting SET sample = ?2 WHERE doc = ?1",
        "UPDATE chunk SET sample = ?2 WHERE doc = ?1",
        "UPDATE sample_name SET sample = ?2 WHERE doc = ?1",
        "UPDATE document SET sample = ?2 WHERE id = ?1",
        "UPDATE term SET samples = (SELECT count(DISTINCT p.sample) FROM posting p WHERE p.term = "
        "term.id) WHERE id IN (SELECT term FROM posting WHERE doc = ?1) AND ?2 = ?2",
    };
    const int64_t args[] = {doc, into};
    as_code rc = as_term_cache_flush(s, err);

    return rc ? rc : as_sql_all(s, sql, AS_COUNT(sql), args, 2, err);
}

/* A document of a sample, and what its target says. */
struct member {
    int64_t doc;
    as_bytes hashes[HASHES];
    char hex[HASHES][64 + 1];
    size_t group;
};

struct members {
    struct member *p;
    size_t n, cap;
};

static as_code add_member(struct members *m, sqlite3_stmt *st, as_err *err)
{
    void *p = m->p;
    struct member *one;

    if (!as_mem_room(&p, &m->cap, m->n, sizeof(*m->p)))
        return as_fail_nomem(err, "the documents of a sample");
    m->p = p;
    one = &m->p[m->n];
    *one = (struct member){.doc = sqlite3_column_int64(st, 0), .group = m->n};
    m->n++;
    for (int i = 0; i < HASHES; i++)
        one->hashes[i].n = take_hash(as_column_bytes(st, i + 1), hash_digits[i], one->hex[i]).n;
    return AS_OK;
}

static as_code load_members(as_store *s, int64_t sample, struct members *m, as_err *err)
{
    static const char sql[] = "SELECT id, target_sha256, target_sha1, target_md5 FROM document "
                              "WHERE sample = ?1 ORDER BY id";
    sqlite3_stmt *st = NULL;
    bool row = false;
    as_code rc = as_sql_get(s, sql, &st, err);

    if (!rc)
        (void)sqlite3_bind_int64(st, 1, sample);
    while (!rc && !(rc = as_sql_step(s, st, &row, err)) && row)
        rc = add_member(m, st, err);
    as_sql_put(s, st);
    for (size_t i = 0; i < m->n; i++) { /* now that they stay where they are */
        for (size_t k = 0; k < HASHES; k++)
            m->p[i].hashes[k].p = (const uint8_t *)m->p[i].hex[k];
    }
    return rc;
}

as_code as_sample_merge(as_store *s, int64_t from, int64_t into, as_err *err)
{
    struct members m = {0};
    as_code rc = load_members(s, from, &m, err);

    if (!rc)
        rc = as_kinds_take(s, from, err);
    if (!rc)
        rc = as_kinds_take(s, into, err);
    for (size_t i = 0; !rc && i < m.n; i++)
        rc = move_document(s, m.p[i].doc, into, err);
    if (!rc)
        rc = as_kinds_give(s, into, err);
    if (!rc)
        rc = as_sample_refresh(s, from, err);
    as_mem_free(m.p);
    return rc ? rc : as_sample_refresh(s, into, err);
}

as_code as_document_move(as_store *s, int64_t doc, int64_t from, int64_t into, as_err *err)
{
    as_code rc = as_kinds_take(s, from, err);

    if (!rc)
        rc = as_kinds_take(s, into, err);
    if (!rc)
        rc = move_document(s, doc, into, err);
    if (!rc)
        rc = as_kinds_give(s, from, err);
    if (!rc)
        rc = as_kinds_give(s, into, err);
    if (!rc)
        rc = as_sample_refresh(s, from, err);
    return rc ? rc : as_sample_refresh(s, into, err);
}

/* --- splitting ------------------------------------------------------------------------------ */

#define MEMBERS_MAX 2048u /* documents of one sample that are compared in pairs */

static void join_groups(struct members *m, size_t n, size_t a, size_t b)
{
    size_t to = a < b ? a : b, from = a < b ? b : a;

    for (size_t i = 0; i < n; i++) {
        if (m->p[i].group == from)
            m->p[i].group = to;
    }
}

/* Who agrees with whom, directly or through others, gets the number of the first. */
static void group_members(struct members *m)
{
    for (size_t i = 1; i < m->n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (m->p[k].group != m->p[i].group && agree(m->p[i].hashes, m->p[k].hashes) > 0)
                join_groups(m, i + 1, m->p[k].group, m->p[i].group);
        }
    }
}

static as_code move_group(as_store *s, const struct members *m, size_t group, as_err *err)
{
    int64_t into = 0;
    as_code rc = as_sample_new(s, &into, err);

    for (size_t i = group; !rc && i < m->n; i++) {
        if (m->p[i].group == group)
            rc = move_document(s, m->p[i].doc, into, err);
    }
    if (!rc)
        rc = as_kinds_give(s, into, err);
    return rc ? rc : as_sample_refresh(s, into, err);
}

static as_code move_groups(as_store *s, int64_t sample, const struct members *m, as_err *err)
{
    as_code rc = as_kinds_take(s, sample, err);

    for (size_t i = 1; !rc && i < m->n; i++) {
        if (m->p[i].group == i)
            rc = move_group(s, m, i, err);
    }
    return rc ? rc : as_kinds_give(s, sample, err);
}

as_code as_sample_split(as_store *s, int64_t sample, as_err *err)
{
    struct members m = {0};
    bool apart = false;
    as_code rc = load_members(s, sample, &m, err);

    if (!rc && m.n > 1 && m.n <= MEMBERS_MAX) {
        group_members(&m);
        for (size_t i = 1; i < m.n; i++)
            apart = apart || m.p[i].group != 0;
    }
    if (apart)
        rc = move_groups(s, sample, &m, err);
    as_mem_free(m.p);
    return rc;
}

/* --- reading -------------------------------------------------------------------------------- */

#define COLUMNS "id, sha256, sha1, md5, name, type, size, docs, facts, added_us, seen_us"

static void read_sample(sqlite3_stmt *st, as_sample *ret)
{
    *ret = (as_sample){.id = sqlite3_column_int64(st, 0),
                       .sha256 = as_column_bytes(st, 1),
                       .sha1 = as_column_bytes(st, 2),
                       .md5 = as_column_bytes(st, 3),
                       .name = as_column_bytes(st, 4),
                       .type = as_column_bytes(st, 5),
                       .size = (uint64_t)sqlite3_column_int64(st, 6),
                       .docs = (uint64_t)sqlite3_column_int64(st, 7),
                       .facts = (uint64_t)sqlite3_column_int64(st, 8),
                       .added_us = sqlite3_column_int64(st, 9),
                       .seen_us = sqlite3_column_int64(st, 10)};
}

#define PREFIX_MIN 6u

/* "#12"; 0: it is none. */
static int64_t number_named(as_bytes named)
{
    uint64_t id;

    if (named.n < 2 || named.p[0] != '#' ||
        !as_bytes_u64((as_bytes){named.p + 1, named.n - 1}, &id) || id > (uint64_t)INT64_MAX)
        return 0;
    return (int64_t)id;
}

/* What is named and how: a hash (or the beginning of one) in lower case, a name folded. */
struct named {
    bool given;
    int64_t id;
    char low[64 + 1], high[64 + 2];
    as_buf norm;
};

static as_code read_named(const as_samples_query *q, struct named *ret, as_err *err)
{
    as_bytes hex;

    ret->id = q->id;
    ret->given = q->named.n > 0;
    if (!ret->given)
        return AS_OK;
    if (!ret->id)
        ret->id = number_named(q->named);
    hex = q->named.n >= PREFIX_MIN && q->named.n <= 64 ? take_hash(q->named, q->named.n, ret->low)
                                                       : (as_bytes){0};
    if (hex.n > 0) {
        memcpy(ret->high, ret->low, hex.n);
        ret->high[hex.n] = 'g'; /* behind every digit */
    }
    as_fold(q->named, &ret->norm);
    return ret->norm.failed ? as_fail_nomem(err, "a name") : AS_OK;
}

static void bind_query(sqlite3_stmt *st, const as_samples_query *q, const struct named *named)
{
    as_bind_text(st, 1, as_bytes_of(named->low));
    as_bind_text(st, 2, as_bytes_of(named->high));
    as_bind_bytes(st, 3, as_buf_bytes(&named->norm));
    if (named->id)
        (void)sqlite3_bind_int64(st, 4, named->id);
    (void)sqlite3_bind_int64(st, 5, q->since_us);
    (void)sqlite3_bind_int64(st, 6, q->until_us);
    (void)sqlite3_bind_int64(st, 7, q->limit ? (int64_t)q->limit : -1);
}

as_code as_store_samples(as_store *s, const as_samples_query *q, as_sample_fn *fn, void *ctx,
                         as_err *err)
{
#define REST                                                                                       \
    " AND (?5 = 0 OR added_us >= ?5) AND (?6 = 0 OR added_us < ?6) AND ?1 IS ?1 AND ?2 IS ?2 AND " \
    "?3 IS ?3 AND ?4 IS ?4 ORDER BY id LIMIT ?7"
    static const char all[] = "SELECT " COLUMNS " FROM sample WHERE 1" REST;
    static const char one[] = "SELECT " COLUMNS " FROM sample WHERE id = ?4" REST;
    static const char some[] = "SELECT " COLUMNS " FROM sample WHERE id IN ("
                               "SELECT id FROM sample WHERE sha256 >= ?1 AND sha256 < ?2 "
                               "UNION SELECT id FROM sample WHERE sha1 >= ?1 AND sha1 < ?2 "
                               "UNION SELECT id FROM sample WHERE md5 >= ?1 AND md5 < ?2 "
                               "UNION SELECT sample FROM sample_name WHERE norm = ?3)" REST;
#undef REST
    struct named named = {0};
    sqlite3_stmt *st = NULL;
    bool row = false;
    as_code rc = read_named(q, &named, err);

    if (!rc)
        rc = as_sql_get(s, named.id ? one : named.given ? some : all, &st, err);
    if (!rc)
        bind_query(st, q, &named);
    while (!rc && !(rc = as_sql_step(s, st, &row, err)) && row) {
        as_sample sample;

        read_sample(st, &sample);
        rc = fn(ctx, &sample, err);
    }
    as_sql_put(s, st);
    as_buf_done(&named.norm);
    return rc == AS_STORE_STOP ? AS_OK : rc;
}

#include "store/store_priv.h"
#include "store/tokenizer.h"

#include <string.h>

#include "base/banned.h"

/*
 * The tables, version by version: a new database runs all of them, an old one those behind
 * its own. What a table is for, and which of them can be made again from the blobs, stands
 * in docs/store.md.
 */
static const char *const versions[] = {
    /* 1 */
    "CREATE TABLE word("
    "  space INTEGER NOT NULL, id INTEGER NOT NULL, text TEXT NOT NULL,"
    "  PRIMARY KEY(space, id)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "INSERT INTO counter VALUES('fact', 0);"

    "CREATE TABLE sample("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  sha256 TEXT, sha1 TEXT, md5 TEXT, name BLOB, type TEXT NOT NULL DEFAULT 'log',"
    "  size INTEGER NOT NULL DEFAULT 0, docs INTEGER NOT NULL DEFAULT 0,"
    "  facts INTEGER NOT NULL DEFAULT 0, added_us INTEGER NOT NULL DEFAULT 0,"
    "  seen_us INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX sample_sha256 ON sample(sha256) WHERE sha256 IS NOT NULL;"
    "CREATE INDEX sample_sha1 ON sample(sha1) WHERE sha1 IS NOT NULL;"
    "CREATE INDEX sample_md5 ON sample(md5) WHERE md5 IS NOT NULL;"

    /* target_*: what this document says of its sample; the sample's row follows from them. */
    "CREATE TABLE document("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  sample INTEGER NOT NULL REFERENCES sample(id),"
    "  sha256 BLOB NOT NULL UNIQUE, name BLOB NOT NULL, asked_format TEXT,"
    "  format TEXT NOT NULL, tool TEXT NOT NULL, tool_version BLOB,"
    "  size INTEGER NOT NULL, facts INTEGER NOT NULL DEFAULT 0, calls INTEGER NOT NULL DEFAULT 0,"
    "  bad_lines INTEGER NOT NULL DEFAULT 0, gaps INTEGER NOT NULL DEFAULT 0,"
    "  added_us INTEGER NOT NULL, seen_us INTEGER NOT NULL DEFAULT 0,"
    "  first_fact INTEGER NOT NULL DEFAULT 0, last_fact INTEGER NOT NULL DEFAULT 0,"
    "  target_sha256 TEXT, target_sha1 TEXT, target_md5 TEXT, target_name BLOB,"
    "  target_type TEXT NOT NULL DEFAULT 'log', target_size INTEGER NOT NULL DEFAULT 0,"
    "  outline BLOB) STRICT;"
    "CREATE INDEX document_sample ON document(sample);"

    "CREATE TABLE sample_name("
    "  norm BLOB NOT NULL, sample INTEGER NOT NULL, doc INTEGER NOT NULL,"
    "  PRIMARY KEY(norm, sample, doc)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX sample_name_doc ON sample_name(doc);"

    /* The value of a fact is one of its attributes: which one, its kind says. */
    "CREATE TABLE fact("
    "  id INTEGER PRIMARY KEY, doc INTEGER NOT NULL, sample INTEGER NOT NULL,"
    "  kind INTEGER NOT NULL, parent INTEGER, process INTEGER, run INTEGER, time_us INTEGER,"
    "  evidence BLOB NOT NULL, attrs BLOB NOT NULL) STRICT;"
    "CREATE INDEX fact_sample ON fact(sample, kind);"
    "CREATE INDEX fact_parent ON fact(parent) WHERE parent IS NOT NULL;"

    "CREATE TABLE sample_kind("
    "  kind INTEGER NOT NULL, sample INTEGER NOT NULL, facts INTEGER NOT NULL,"
    "  first INTEGER NOT NULL, PRIMARY KEY(kind, sample)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX sample_kind_sample ON sample_kind(sample);"
    "CREATE TABLE kind_total("
    "  kind INTEGER PRIMARY KEY, facts INTEGER NOT NULL, samples INTEGER NOT NULL) STRICT;"

    "CREATE TABLE term("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT, type INTEGER NOT NULL, norm BLOB NOT NULL,"
    "  samples INTEGER NOT NULL, facts INTEGER NOT NULL, UNIQUE(type, norm)) STRICT;"
    "CREATE INDEX term_shared ON term(type, samples) WHERE samples > 1;"

    /* One row for a document, or for each portion of a long one; list: the facts behind first. */
    "CREATE TABLE posting("
    "  term INTEGER NOT NULL, sample INTEGER NOT NULL, first INTEGER NOT NULL,"
    "  doc INTEGER NOT NULL, facts INTEGER NOT NULL, list BLOB,"
    "  PRIMARY KEY(term, sample, first)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX posting_doc ON posting(doc);"

    "CREATE TABLE chunk("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT, uid BLOB NOT NULL, doc INTEGER NOT NULL,"
    "  sample INTEGER NOT NULL, parent INTEGER, section INTEGER NOT NULL, lang INTEGER NOT NULL,"
    "  role INTEGER NOT NULL, trust INTEGER NOT NULL, context TEXT NOT NULL, body TEXT NOT NULL,"
    "  evidence BLOB NOT NULL) STRICT;"
    "CREATE INDEX chunk_doc ON chunk(doc);"
    "CREATE INDEX chunk_sample ON chunk(sample);"

    "CREATE VIRTUAL TABLE chunk_words USING fts5("
    "  context, body, content='chunk', content_rowid='id', tokenize='" AS_TOKENIZER_NAME "');"

    "CREATE TABLE api(id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE calls("
    "  doc INTEGER NOT NULL, process INTEGER NOT NULL, part INTEGER NOT NULL,"
    "  calls INTEGER NOT NULL, size INTEGER NOT NULL, data BLOB NOT NULL,"
    "  PRIMARY KEY(doc, process, part)) STRICT, WITHOUT ROWID;",
};

_Static_assert(AS_COUNT(versions) == AS_STORE_VERSION, "each version has its tables");

/* --- words ---------------------------------------------------------------------------------- */

static size_t word_count(as_word_space space)
{
    switch (space) {
    case AS_WORD_KIND:
        return AS_KIND_COUNT;
    case AS_WORD_ATTR:
        return AS_ATTR_NAME_COUNT;
    case AS_WORD_SECTION:
        return AS_SECTION_COUNT;
    case AS_WORD_TERM:
        return AS_TERM_COUNT;
    }
    return 0;
}

static const char *word_text(as_word_space space, unsigned i)
{
    switch (space) {
    case AS_WORD_KIND:
        return as_kind_get((as_kind)i)->name;
    case AS_WORD_ATTR:
        return as_attr_get((as_attr_name)i)->name;
    case AS_WORD_SECTION:
        return as_section_name((as_section)i);
    case AS_WORD_TERM:
        return as_term_name((as_term_type)i);
    }
    return "";
}

_Static_assert(AS_KIND_COUNT < AS_WORDS_MAX && AS_ATTR_NAME_COUNT < AS_WORDS_MAX, "they fit");

static as_code word_found(as_store *s, as_word_space space, int64_t id, as_bytes text, as_err *err)
{
    as_words *w = &s->words[space];

    if (id < 0 || id >= (int64_t)AS_WORDS_MAX)
        return as_sql_damaged(s, "a word's number", err);
    for (unsigned i = 0; i < word_count(space); i++) {
        if (as_bytes_is(text, word_text(space, i))) {
            w->stored[i] = (uint16_t)id;
            w->ours[id] = (uint16_t)i;
            return AS_OK;
        }
    }
    return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET,
                   "the store '%s' was written by a newer assay: use that one", s->home);
}

/* What a store does not know yet has no rows in it; a writer tells it. */
static as_code add_words(as_store *s, as_word_space space, int64_t next, as_err *err)
{
    as_words *w = &s->words[space];
    sqlite3_stmt *st = NULL;
    as_code rc = as_sql_get(s, "INSERT INTO word(space, id, text) VALUES(?1, ?2, ?3)", &st, err);

    for (unsigned i = 0; !rc && i < word_count(space); i++) {
        if (w->stored[i] != AS_NO_WORD)
            continue;
        if (next >= (int64_t)AS_WORDS_MAX) {
            rc = as_sql_damaged(s, "too many words", err);
            break;
        }
        (void)sqlite3_bind_int64(st, 1, space);
        (void)sqlite3_bind_int64(st, 2, next);
        as_bind_text(st, 3, as_bytes_of(word_text(space, i)));
        rc = as_sql_do(s, st, err);
        w->stored[i] = (uint16_t)next;
        w->ours[next++] = (uint16_t)i;
    }
    as_sql_put(s, st);
    return rc;
}

static as_code load_space(as_store *s, as_word_space space, as_err *err)
{
    sqlite3_stmt *st = NULL;
    int64_t next = 0;
    bool row = false;
    as_code rc = as_sql_get(s, "SELECT id, text FROM word WHERE space = ?1 ORDER BY id", &st, err);

    memset(&s->words[space], 0xff, sizeof(s->words[space]));
    if (!rc)
        (void)sqlite3_bind_int64(st, 1, space);
    while (!rc && !(rc = as_sql_step(s, st, &row, err)) && row) {
        int64_t id = sqlite3_column_int64(st, 0);

        rc = word_found(s, space, id, as_column_bytes(st, 1), err);
        next = id + 1;
    }
    as_sql_put(s, st);
    return rc || !s->write ? rc : add_words(s, space, next, err);
}

as_code as_words_load(as_store *s, as_err *err)
{
    as_code rc = AS_OK;

    for (unsigned i = 0; !rc && i < AS_WORD_SPACES; i++)
        rc = load_space(s, (as_word_space)i, err);
    return rc;
}

/* --- versions ------------------------------------------------------------------------------- */

static as_code check_version(as_store *s, int64_t application, int64_t version, as_err *err)
{
    if (application != AS_STORE_APPLICATION && (application != 0 || version != 0))
        return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                       "'%s/assay.db' is a database of another program", s->home);
    if (version > AS_STORE_VERSION)
        return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET,
                       "the store '%s' has version %lld and this assay reads up to %d: use a "
                       "newer assay",
                       s->home, (long long)version, AS_STORE_VERSION);
    return AS_OK;
}

static as_code migrate(as_store *s, int64_t version, as_err *err)
{
    char text[64];
    as_code rc = AS_OK;

    for (; !rc && version < AS_STORE_VERSION; version++)
        rc = as_sql_run(s, versions[version], err);
    (void)snprintf(text, sizeof(text), "PRAGMA user_version = %d", AS_STORE_VERSION);
    if (!rc)
        rc = as_sql_run(s, text, err);
    (void)snprintf(text, sizeof(text), "PRAGMA application_id = %d", AS_STORE_APPLICATION);
    return rc ? rc : as_sql_run(s, text, err);
}

/* Somebody else's tables are not to be written among. */
static as_code check_empty(as_store *s, as_err *err)
{
    int64_t tables = 0;
    as_code rc = as_sql_int(s, "SELECT count(*) FROM sqlite_schema", NULL, 0, &tables, err);

    if (!rc && tables > 0)
        rc = as_fail(err, AS_INVALID, AS_NO_OFFSET,
                     "'%s/assay.db' is a database of another program", s->home);
    return rc;
}

as_code as_schema_prepare(as_store *s, as_err *err)
{
    int64_t application = 0, version = 0;
    as_code rc = s->write ? as_sql_run(s, "BEGIN IMMEDIATE", err) : AS_OK;

    if (rc)
        return rc;
    rc = as_sql_int(s, "PRAGMA application_id", NULL, 0, &application, err);
    if (!rc)
        rc = as_sql_int(s, "PRAGMA user_version", NULL, 0, &version, err);
    if (!rc)
        rc = check_version(s, application, version, err);
    if (!rc && application == 0)
        rc = check_empty(s, err);
    if (!rc && !s->write && version < AS_STORE_VERSION)
        rc = version == 0 ? as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET,
                                    "no store at '%s': run 'assay add'", s->home)
                          : as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET,
                                    "the store '%s' is of an older version: 'assay check --repair' "
                                    "brings it up to this one",
                                    s->home);
    if (!rc && version < AS_STORE_VERSION)
        rc = migrate(s, version, err);
    if (!rc)
        rc = as_words_load(s, err);
    as_sql_done(s); /* nothing may be prepared across a change of the tables */
    if (s->write && !rc)
        rc = as_sql_run(s, "COMMIT", err);
    else if (s->write)
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

/*
 * store_priv - the inside of an as_store: its connection, its statements, how rows are packed.
 *
 *     sqlite3_stmt *st = NULL;
 *     if (as_sql_get(s, "SELECT name FROM document WHERE id = ?1", &st, err)) ...
 *     sqlite3_bind_int64(st, 1, id);
 *     while (!(rc = as_sql_step(s, st, &more, err)) && more) ...
 *     as_sql_put(s, st);
 *
 * Depends on: base, evidence, formats; SQLite.  Threads: as as_store.
 */
#ifndef AS_STORE_PRIV_H
#define AS_STORE_PRIV_H

#include "store/blob.h"
#include "store/store.h"

#include <sqlite3.h>

/* "asay": file(1) and as_store_open() know the database by it. */
#define AS_STORE_APPLICATION 0x61736179

#define AS_STATEMENTS_MAX 96u

typedef struct as_statement {
    sqlite3_stmt *st;
    uint64_t hash; /* of its text */
    bool busy;
} as_statement;

/* Numbers of kinds, attributes .. move when the tables in the code grow; a store keeps its own. */
typedef enum as_word_space {
    AS_WORD_KIND,
    AS_WORD_ATTR,
    AS_WORD_SECTION,
    AS_WORD_TERM
} as_word_space;

#define AS_WORD_SPACES 4
#define AS_WORDS_MAX   1024u
#define AS_NO_WORD     UINT16_MAX

typedef struct as_words {
    uint16_t stored[AS_WORDS_MAX]; /* by our number */
    uint16_t ours[AS_WORDS_MAX];   /* by the stored number */
} as_words;

typedef struct as_term_cache as_term_cache;

struct as_store {
    sqlite3 *db;
    char *home;
    as_blobs *blobs;
    int lock; /* descriptor of the writer's lock; -1: a reader */
    unsigned wait_ms;
    bool write, batch;
    bool ranks; /* assay_rank() is known to the connection: rank.c */
    bool lost;  /* the batch was rolled back by the engine: nothing of it may be confirmed */
    as_statement statements[AS_STATEMENTS_MAX];
    size_t n_statements, next_victim;
    as_words words[AS_WORD_SPACES];
    as_buf fresh;                /* SHA-256 of blobs that no committed document needs yet */
    struct as_term_cache *terms; /* or NULL */
    size_t portion;              /* as as_read_options; 0 but in tests */
    as_buf stale;                /* and of those that none may need once the batch is committed */
};

/* as_store_open(), but that another writer is waited for so long. */
as_code as_store_open_within(const char *home, as_store_mode mode, unsigned wait_ms, as_store **ret,
                             as_err *err) AS_CHECKED;

/* A blob that no document needs; what cannot be removed now, 'assay check' removes. */
void as_blob_forget(as_store *s, const uint8_t sha256[AS_SHA256_SIZE]);

/* The batch with all that was added in it, and its blobs, is given up. */
void as_store_undo(as_store *s);

/* A batch of one's own where none is open; *ret_own says so to as_txn_end(). */
as_code as_txn_begin(as_store *s, bool *ret_own, as_err *err) AS_CHECKED;

/* Commits or, if `rc` is a failure, undoes an own batch. Returns `rc`, or why it failed here. */
as_code as_txn_end(as_store *s, bool own, as_code rc, as_err *err) AS_CHECKED;

/*
 * Counts of terms wait in memory: they are written before they are read and before a
 * commit, and forgotten when rows of terms go or a batch is taken back.
 */
as_code as_term_cache_flush(as_store *s, as_err *err) AS_CHECKED;
void as_term_cache_forget(as_store *s);
void as_term_cache_free(as_term_cache *c);

/* Takes a savepoint back; the engine may have taken the whole batch back already. */
void as_savepoint_undo(as_store *s, const char *sql);

/* --- schema.c ------------------------------------------------------------------------------- */

/* Makes a new database, or brings an old one up to AS_STORE_VERSION. */
as_code as_schema_prepare(as_store *s, as_err *err) AS_CHECKED;
as_code as_words_load(as_store *s, as_err *err) AS_CHECKED;

static inline uint16_t as_word_stored(const as_store *s, as_word_space space, unsigned ours)
{
    return s->words[space].stored[ours];
}

/* AS_NO_WORD: damaged. */
static inline uint16_t as_word_ours(const as_store *s, as_word_space space, uint64_t stored)
{
    return stored < AS_WORDS_MAX ? s->words[space].ours[stored] : AS_NO_WORD;
}

/* --- sql.c ---------------------------------------------------------------------------------- */

/* What SQLite's result code means for whoever asked, with the path and what to do. */
as_code as_sql_fail(as_store *s, int rc, as_err *err);
as_code as_sql_damaged(const as_store *s, const char *what, as_err *err);

/* One or more statements without parameters or results. */
as_code as_sql_run(as_store *s, const char *sql, as_err *err) AS_CHECKED;

as_code as_sql_get(as_store *s, const char *sql, sqlite3_stmt **ret, as_err *err) AS_CHECKED;
void as_sql_put(as_store *s, sqlite3_stmt *st); /* NULL is accepted */
void as_sql_done(as_store *s);                  /* finalizes all */
as_code as_sql_step(as_store *s, sqlite3_stmt *st, bool *ret_row, as_err *err) AS_CHECKED;

/* Steps a statement that gives no rows, and makes it ready to be bound again. */
as_code as_sql_do(as_store *s, sqlite3_stmt *st, as_err *err) AS_CHECKED;

/* With up to three integers bound; the first column of the first row, or 0. ret: or NULL. */
as_code as_sql_int(as_store *s, const char *sql, const int64_t *args, size_t n, int64_t *ret,
                   as_err *err) AS_CHECKED;

/* Several statements, each with the same integers bound. */
as_code as_sql_all(as_store *s, const char *const *sql, size_t n_sql, const int64_t *args, size_t n,
                   as_err *err) AS_CHECKED;

void as_bind_bytes(sqlite3_stmt *st, int at, as_bytes b); /* {0}: NULL; not copied */
void as_bind_text(sqlite3_stmt *st, int at, as_bytes b);  /* ASCII; empty: NULL */
as_bytes as_column_bytes(sqlite3_stmt *st, int at);       /* as the engine has them */

/* --- packing -------------------------------------------------------------------------------- */

void as_put_varint(as_buf *out, uint64_t v);
bool as_take_varint(as_bytes *in, uint64_t *ret); /* false: it ends or overflows */

static inline uint64_t as_zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}

static inline int64_t as_unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

void as_pack_ranges(as_buf *out, const as_range *r, size_t n);

/* Of a row being read; grows as needed. */
typedef struct as_ranges {
    as_range *p;
    size_t n, cap;
} as_ranges;

/* AS_INVALID: damaged; AS_NOMEM. */
as_code as_unpack_ranges(as_bytes in, as_ranges *ret) AS_CHECKED;

/* Attributes of a fact. */
void as_pack_attrs(const as_store *s, const as_facts *f, const as_fact *fact, as_buf *out);

/* --- samples.c ------------------------------------------------------------------------------ */

/* What a document says it is about. */
typedef struct as_target {
    as_bytes sha256, sha1, md5; /* well formed, or {0}; lower case */
    as_bytes name;
    const char *type;
    uint64_t size;
    char hex[3][2 * 32 + 1];
} as_target;

void as_target_of(const as_analysis *a, const char *doc_name, as_target *ret);

/*
 * The sample of a target, joined with others that it shows to be the same; 0: there is none.
 * The sample `but` is out of the question.
 */
as_code as_sample_find(as_store *s, const as_target *t, int64_t but, int64_t *ret,
                       as_err *err) AS_CHECKED;

/* The names under which a document's sample can be asked for. */
as_code as_sample_names_put(as_store *s, int64_t doc, int64_t sample, const as_target *t,
                            as_bytes doc_name, as_err *err) AS_CHECKED;
as_code as_sample_new(as_store *s, int64_t *ret, as_err *err) AS_CHECKED;

/* All of `from` becomes of `into`, and `from` is gone. */
as_code as_sample_merge(as_store *s, int64_t from, int64_t into, as_err *err) AS_CHECKED;

/* Documents of a sample that nothing links any more become samples of their own. */
as_code as_sample_split(as_store *s, int64_t sample, as_err *err) AS_CHECKED;

/* A document becomes of another sample; the rows of both samples follow. */
as_code as_document_move(as_store *s, int64_t doc, int64_t from, int64_t into,
                         as_err *err) AS_CHECKED;

/* What a sample's row says follows from its documents; without any it goes. */
as_code as_sample_refresh(as_store *s, int64_t sample, as_err *err) AS_CHECKED;

/* --- terms.c: the terms of a document, gathered before they are stored ---------------------- */

typedef struct as_gather as_gather;

as_gather *as_gather_new(void) AS_CHECKED;
void as_gather_free(as_gather *g);
as_code as_gather_fact(as_gather *g, const as_facts *f, const as_fact *fact, int64_t id,
                       as_err *err) AS_CHECKED;

/* Stores what was gathered and empties it. */
as_code as_gather_flush(as_gather *g, as_store *s, int64_t doc, int64_t sample,
                        as_err *err) AS_CHECKED;
size_t as_gather_memory(const as_gather *g);

/* Takes back what the document's postings say. */
as_code as_terms_remove(as_store *s, int64_t doc, as_err *err) AS_CHECKED;

/* Fact ids of a posting: `first`, then those packed behind it. */
as_code as_posting_each(as_store *s, int64_t first, as_bytes list,
                        as_code (*fn)(void *ctx, int64_t fact, as_err *err), void *ctx,
                        as_err *err) AS_CHECKED;

/* --- calls.c -------------------------------------------------------------------------------- */

typedef struct as_callbook as_callbook;

as_callbook *as_callbook_new(as_store *s) AS_CHECKED;
void as_callbook_free(as_callbook *b);
as_code as_callbook_add(as_callbook *b, const as_call *call, as_err *err) AS_CHECKED;

/* Stores them; ids[] are the rows of the facts by number. Afterwards it is empty. */
as_code as_callbook_flush(as_callbook *b, int64_t doc, const int64_t *ids, size_t n,
                          as_err *err) AS_CHECKED;

/* --- add.c ---------------------------------------------------------------------------------- */

/* as_store_add() of what has another name than its source, and was added before. */
as_code as_store_add_as(as_store *s, as_source *source, const char *name, int64_t added_us,
                        const as_store_add_options *options, as_added *ret, as_err *err) AS_CHECKED;

/* --- outline.c ------------------------------------------------------------------------------ */

/* as_document.outline of what the source holds; empty if it is no JSON object. */
as_code as_outline_read(as_source *source, as_buf *out, as_err *err) AS_CHECKED;

/* --- remove.c ------------------------------------------------------------------------------- */

/* Takes a sample's facts out of the counts of kinds, and counts what it has now. */
as_code as_kinds_take(as_store *s, int64_t sample, as_err *err) AS_CHECKED;
as_code as_kinds_give(as_store *s, int64_t sample, as_err *err) AS_CHECKED;

/*
 * The document and all that was made of it, not its blob. Within a transaction. `keep`: its
 * sample's row stays as it is, for who puts the document back.
 */
as_code as_document_drop(as_store *s, int64_t doc, bool keep, as_err *err) AS_CHECKED;

#endif

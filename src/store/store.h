/*
 * store - samples, their documents and facts, kept in one folder.
 *
 *     as_store *s = NULL;
 *     if (as_store_open(home, AS_STORE_WRITE, &s, &err)) ...
 *     if (as_store_add(s, source, &options, &added, &err)) ...
 *     as_store_close(s);                       what was reported as added is there
 *
 *     as_rows_query q = {.sample = id, .kinds = kinds, .n_kinds = 2};
 *     if (as_store_rows(s, &q, each_row, ctx, &err)) ...
 *
 * A document is one input that a tool wrote, named by the SHA-256 of its unpacked
 * bytes, which are kept (blob.h). A sample is what documents are about: those whose
 * targets share a hash are of one sample; a log that names no target is a sample of its
 * own. Facts become rows with typed columns; what they can be asked for by is a term
 * (a hash, an address, a path ...: ioc.h).
 *
 * Nothing above this module writes SQL: a question is a typed query (as_rows_query,
 * as_terms_query, as_samples_query), and this module turns it into its engine's language.
 *
 * Depends on: base, evidence, formats; SQLite >= 3.40, zstd.
 * Threads: one as_store, one thread; open as many for reading as there are readers. One
 * writer at a time: a second waits AS_STORE_BUSY_MS and is then AS_UNAVAILABLE.
 * On disk: `assay.db` (SQLite, WAL) and `blobs/`; see docs/store.md.
 */
#ifndef AS_STORE_H
#define AS_STORE_H

#include "base/source.h"
#include "formats/formats.h"
#include "store/blob.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_STORE_VERSION 1 /* of the schema; a newer store is refused, an older one migrated */
#define AS_STORE_BUSY_MS 30000

typedef struct as_store as_store;

/* READ never creates and never writes; WRITE creates what is missing and migrates. */
typedef enum as_store_mode { AS_STORE_READ, AS_STORE_WRITE } as_store_mode;

/* $ASSAY_HOME, else $XDG_DATA_HOME/assay, else ~/.local/share/assay. With a NUL; appended. */
as_code as_store_home(as_buf *ret, as_err *err) AS_CHECKED;

/*
 * AS_NOT_FOUND: READ, and there is none ("no store at 'x': run 'assay add'"). AS_UNAVAILABLE:
 * held by another writer, or of a newer version. AS_INVALID: damaged. AS_IO.
 */
as_code as_store_open(const char *home, as_store_mode mode, as_store **ret, as_err *err) AS_CHECKED;
void as_store_close(as_store *s);

/* --- what a sample, a document and a row are ---------------------------------------- */

/* Ids are positive; 0 is none. They are the store's own and mean nothing in another. */

/* Texts of what a callback is given die with the callback. */
typedef struct as_sample {
    int64_t id;
    as_bytes sha256, sha1, md5; /* lower-case hex, or {0} */
    as_bytes name;              /* as the first document has it */
    as_bytes type;              /* "file", "url", "log", "memory" */
    uint64_t size;              /* of the sample itself; 0: unknown */
    uint64_t docs, facts;
    int64_t added_us, seen_us; /* first document added; earliest run (0: unknown) */
} as_sample;

typedef struct as_document {
    int64_t id, sample;
    uint8_t sha256[AS_SHA256_SIZE]; /* of the unpacked bytes: the blob */
    as_bytes name;                  /* as it was given */
    as_bytes format, tool, tool_version;
    as_bytes asked; /* the format that it was to be read as, or {0}: by content */
    uint64_t size, facts, calls, bad_lines;
    uint32_t gaps; /* AS_GAP_* */
    int64_t added_us;
    /*
     * What the report has room for, filled or empty: one "path count\n" for each object or
     * array at most two levels below the root of a JSON document ("/dropped 0",
     * "/network/dns 4"). What is not listed, the tool did not record.
     */
    as_bytes outline;
} as_document;

typedef struct as_row_attr {
    as_attr_name name;
    as_form form;
    as_bytes text;
} as_row_attr;

typedef struct as_range {
    uint64_t begin, end;
} as_range;

/* A fact as it is stored. */
typedef struct as_row {
    int64_t id, doc, sample;
    int64_t parent;  /* the fact it belongs to, or 0 */
    int64_t process; /* the process it is of (itself for a process), or 0 */
    int64_t run;     /* the fact of kind ANALYSIS that it belongs to, or 0 */
    as_kind kind;
    as_bytes value; /* of the kind's identifying attribute, or {0} */
    bool has_time;
    int64_t time_us; /* since 1970, where the fact's time could be read */
    const as_row_attr *attrs;
    size_t n_attrs;
    const as_range *evidence; /* at least one: bytes of the document */
    size_t n_evidence;
} as_row;

/* First attribute of that name; false if there is none. */
bool as_row_attr_get(const as_row *row, as_attr_name name, as_row_attr *ret);
as_bytes as_row_text(const as_row *row, as_attr_name name); /* {0}: none */

/* A copy whose texts live in the arena. */
as_code as_row_copy(as_arena *a, const as_row *row, as_row *ret) AS_CHECKED;

/* --- adding and removing -------------------------------------------------------------- */

/*
 * What is told of an analysis in pieces that can be searched: given by the caller, since
 * it is made above this module (retrieve.h).
 */
typedef struct as_chunk {
    uint8_t uid[16]; /* stable: of sample, tool, section, ordinal and text */
    int parent;      /* index among the chunks of this call; -1: a base chunk */
    as_section section;
    uint8_t lang;          /* as_lang of describe.h */
    uint8_t role;          /* AS_CHUNK_* */
    uint8_t trust;         /* 0 own words .. as docs/retrieval.md */
    as_bytes context;      /* one line: sample, tool, section, process */
    as_bytes body;         /* plain UTF-8 */
    const uint32_t *facts; /* numbers in the analysis that it rests on */
    size_t n_facts;
} as_chunk;

#define AS_CHUNK_BASE     0
#define AS_CHUNK_SUMMARY  1
#define AS_CHUNK_KEYWORDS 2

typedef as_code as_chunk_put_fn(void *sink, const as_chunk *chunk, as_err *err);
typedef as_code as_chunks_fn(void *ctx, const as_analysis *a, as_chunk_put_fn *put, void *sink,
                             as_err *err);

typedef struct as_store_add_options {
    const char *format; /* as as_read_options */
    bool found;
    as_chunks_fn *chunks; /* NULL: none are made */
    void *chunks_ctx;
    as_tick_fn *on_tick;
    void *tick_ctx;
    as_bad_fn *on_bad;
    void *bad_ctx;
} as_store_add_options;

typedef struct as_added {
    int64_t doc, sample;
    uint8_t sha256[AS_SHA256_SIZE];
    bool was_there; /* nothing was done */
    uint64_t size, facts, calls, chunks;
} as_added;

/*
 * Reads `source` to its end and keeps it: blob, document, rows, terms, calls and chunks,
 * all or none. On AS_OK it is on disk, whatever happens next, unless a batch is open.
 * Fails as as_analysis_read() does, and with AS_IO, AS_UNAVAILABLE.
 */
as_code as_store_add(as_store *s, as_source *source, const as_store_add_options *options,
                     as_added *ret, as_err *err) AS_CHECKED;

/*
 * Preparing documents on other threads: each has an as_blobs of the store's own folder, puts
 * documents with `later`, and the thread of the store adds them from there, in place of
 * as_store_add(). AS_NOT_FOUND: it is gone again, because a document of the same bytes
 * could not be read. What is not added after all is to be forgotten.
 */
as_code as_store_open_blobs(const as_store *s, as_blobs **ret, as_err *err) AS_CHECKED;
as_code as_store_add_kept(as_store *s, const as_blob_info *kept, const char *name,
                          const as_store_add_options *options, as_added *ret,
                          as_err *err) AS_CHECKED;
void as_store_forget_kept(as_store *s, const as_blob_info *kept);

/* Additions between the two are made durable together, by the second: cheaper when many. */
as_code as_store_batch(as_store *s, as_err *err) AS_CHECKED;
as_code as_store_commit(as_store *s, as_err *err) AS_CHECKED;

/* With all its documents, and the blobs that nothing else needs. AS_NOT_FOUND. */
as_code as_store_remove_sample(as_store *s, int64_t sample, as_err *err) AS_CHECKED;
as_code as_store_remove_document(as_store *s, int64_t doc, as_err *err) AS_CHECKED;

/* --- reading ---------------------------------------------------------------------------- */

/* Anything but AS_OK ends a walk and is its result, but AS_STORE_STOP ends it well. */
#define AS_STORE_STOP ((as_code)-1)

typedef as_code as_sample_fn(void *ctx, const as_sample *sample, as_err *err);
typedef as_code as_document_fn(void *ctx, const as_document *doc, as_err *err);
typedef as_code as_row_fn(void *ctx, const as_row *row, as_err *err);

typedef struct as_samples_query {
    int64_t id;     /* this one */
    as_bytes named; /* a whole hash, the beginning of one (>= 6 digits), a name (case folded,
                       whole or its last component, of a log in an archive also the archive's or
                       the member's) or an id "#12"; {0}: all */
    int64_t since_us, until_us; /* by added_us; 0: open */
    size_t limit;               /* 0: none */
} as_samples_query;

/* In the order of their ids. */
as_code as_store_samples(as_store *s, const as_samples_query *q, as_sample_fn *fn, void *ctx,
                         as_err *err) AS_CHECKED;

/* The documents of a sample (0: of all), in the order of their ids. */
as_code as_store_documents(as_store *s, int64_t sample, as_document_fn *fn, void *ctx,
                           as_err *err) AS_CHECKED;
as_code as_store_document(as_store *s, int64_t doc, as_document_fn *fn, void *ctx,
                          as_err *err) AS_CHECKED; /* AS_NOT_FOUND */

/* Facts: all conditions that are given hold. */
typedef struct as_rows_query {
    int64_t id, sample, doc, parent, process; /* 0: any */
    const as_kind *kinds;                     /* n_kinds 0: any */
    size_t n_kinds;
    int64_t term; /* a term's id: rows that have it */
    size_t limit;
} as_rows_query;

/* In the order of their ids: of one document, that of its facts. */
as_code as_store_rows(as_store *s, const as_rows_query *q, as_row_fn *fn, void *ctx,
                      as_err *err) AS_CHECKED;

/* How many facts of each kind: of one sample, or (0) of all. */
typedef struct as_kind_count {
    uint64_t facts, samples;
} as_kind_count;

as_code as_store_kinds(as_store *s, int64_t sample, as_kind_count counts[AS_KIND_COUNT],
                       as_err *err) AS_CHECKED;

/* Calls fn with each sample that has a fact of one of the kinds, and how many. By id. */
typedef as_code as_tally_fn(void *ctx, int64_t sample, uint64_t facts, int64_t first_fact,
                            as_err *err);
as_code as_store_samples_of_kinds(as_store *s, const as_kind *kinds, size_t n, as_tally_fn *fn,
                                  void *ctx, as_err *err) AS_CHECKED;

/* --- terms: what a fact can be asked for by --------------------------------------------- */

/* id, name */
#define AS_TERM_MAP(X)                                                                             \
    X(IP, "ip")                                                                                    \
    X(DOMAIN, "domain")                                                                            \
    X(URL, "url")                                                                                  \
    X(HASH, "hash")                                                                                \
    X(PATH, "path")           /* of a file; back slashes, folded */                                \
    X(FILE, "file")           /* the last component of a path */                                   \
    X(EXTENSION, "extension") /* of a file that was written, created or dropped */                 \
    X(KEY, "key")                                                                                  \
    X(MUTEX, "mutex")                                                                              \
    X(PROCESS, "process") /* name of its file */                                                   \
    X(COMMAND, "command")                                                                          \
    X(API, "api")                                                                                  \
    X(TECHNIQUE, "technique")                                                                      \
    X(SIGNATURE, "signature") /* of the tool */                                                    \
    X(YARA, "yara")                                                                                \
    X(IDS, "ids")                                                                                  \
    X(FAMILY, "family")                                                                            \
    X(SERVICE, "service")                                                                          \
    X(TASK, "task")                                                                                \
    X(PORT, "port")                                                                                \
    X(USER, "user")                                                                                \
    X(CAPABILITY, "capability")                                                                    \
    X(OTHER, "other") /* the identifying value of any other kind */

typedef enum as_term_type {
#define AS_X(id, name) AS_TERM_##id,
    AS_TERM_MAP(AS_X)
#undef AS_X
        AS_TERM_COUNT
} as_term_type;

const char *as_term_name(as_term_type type);

typedef struct as_term {
    int64_t id;
    as_term_type type;
    as_bytes norm;           /* as compared: see ioc.h */
    uint64_t samples, facts; /* in the whole store */
} as_term;

typedef as_code as_term_fn(void *ctx, const as_term *term, as_err *err);

/* Calls fn for each term that a fact of these facts has, the same term once. In terms.c. */
typedef as_code as_term_of_fn(void *ctx, as_term_type type, as_bytes norm, as_err *err);
as_code as_terms_of(const as_facts *f, const as_fact *fact, as_term_of_fn *fn, void *ctx,
                    as_err *err) AS_CHECKED;

typedef struct as_terms_query {
    int type;        /* as_term_type, or -1: any */
    as_bytes norm;   /* exactly; {0}: any */
    int64_t sample;  /* that this sample has; 0: any */
    uint64_t least;  /* in at least so many samples */
    uint64_t most;   /* in at most so many; 0: any */
    bool by_samples; /* most samples first; else by norm */
    size_t limit;
} as_terms_query;

as_code as_store_terms(as_store *s, const as_terms_query *q, as_term_fn *fn, void *ctx,
                       as_err *err) AS_CHECKED;

/* Each sample that has the term, how many facts, the first of them. By id. */
as_code as_store_samples_of_term(as_store *s, int64_t term, as_tally_fn *fn, void *ctx,
                                 as_err *err) AS_CHECKED;

/* --- chunks ---------------------------------------------------------------------------- */

typedef struct as_stored_chunk {
    int64_t id, sample, doc, parent; /* parent 0: a base chunk */
    as_section section;
    uint8_t lang, role, trust;
    as_bytes tool, context, body;
    const as_range *evidence;
    size_t n_evidence;
} as_stored_chunk;

typedef as_code as_stored_chunk_fn(void *ctx, const as_stored_chunk *chunk, as_err *err);

as_code as_store_chunk(as_store *s, int64_t id, as_stored_chunk_fn *fn, void *ctx,
                       as_err *err) AS_CHECKED;

/* --- the bytes themselves ------------------------------------------------------------------ */

/* Bytes [begin, begin + n) of a document, as its tool wrote them. AS_NOT_FOUND: no blob. */
as_code as_store_bytes(as_store *s, int64_t doc, uint64_t begin, uint8_t *dst, size_t n,
                       as_err *err) AS_CHECKED;

/* A document from its first byte; the caller frees the source before the store. */
as_code as_store_open_document(as_store *s, int64_t doc, as_source **ret, as_err *err) AS_CHECKED;

/* --- calls ------------------------------------------------------------------------------ */

/* One stored API call; `repeated` identical ones followed. */
typedef struct as_stored_call {
    as_bytes api;
    bool failed;
    uint64_t repeated;
    as_range evidence;
} as_stored_call;

typedef as_code as_stored_call_fn(void *ctx, int64_t process, const as_stored_call *call,
                                  as_err *err);

/* The calls of a document, process by process, in order. */
as_code as_store_calls(as_store *s, int64_t doc, as_stored_call_fn *fn, void *ctx,
                       as_err *err) AS_CHECKED;

/* --- how much there is ------------------------------------------------------------------ */

typedef struct as_store_stats {
    uint64_t samples, documents, facts, terms, chunks, calls;
    uint64_t bytes;          /* of the documents, unpacked */
    uint64_t blob_bytes;     /* on disk */
    uint64_t database_bytes; /* on disk, with its log */
} as_store_stats;

as_code as_store_stats_get(as_store *s, as_store_stats *ret, as_err *err) AS_CHECKED;

/* --- keeping it whole ------------------------------------------------------------------- */

/*
 * Makes a document's rows anew from its blob: after a reader has learned more, or to mend
 * them. Its id, name and time of adding stay; facts and chunks get new ids.
 */
as_code as_store_reindex(as_store *s, int64_t doc, const as_store_add_options *options,
                         as_err *err) AS_CHECKED;

/* One line for a person: what is wrong, and whether it is mended now. */
typedef as_code as_finding_fn(void *ctx, const char *what, bool repaired, as_err *err);

typedef struct as_check_options {
    bool repair;
    bool deep;                       /* unpack and hash every blob */
    const as_store_add_options *add; /* how documents are read again, or NULL */
    as_finding_fn *on_finding;       /* or NULL */
    void *ctx;
} as_check_options;

typedef struct as_check_summary {
    uint64_t documents, blobs; /* looked at */
    uint64_t found, repaired;
    bool rebuilt; /* the database was beyond repair and was made again from the blobs */
} as_check_summary;

/*
 * Looks at everything: the database's own structure, what its tables say of each other,
 * the full-text index, that each document has its blob and each blob its document. AS_OK
 * whatever was found; fails as as_store_open() does, or if a repair fails.
 */
as_code as_store_check(const char *home, const as_check_options *options, as_check_summary *ret,
                       as_err *err) AS_CHECKED;

/* --- from one store to another ------------------------------------------------------------ */

/*
 * A whole store as one stream: a zstd-compressed tar of a manifest and the documents
 * (docs/store.md), from which rows are made anew where it is imported.
 */
typedef as_code as_store_write_fn(void *ctx, as_bytes bytes, as_err *err);

as_code as_store_export(as_store *s, as_store_write_fn *write, void *ctx, uint64_t *ret_documents,
                        as_err *err) AS_CHECKED;

typedef struct as_import_summary {
    uint64_t documents, added, bytes;
} as_import_summary;

/*
 * Adds the documents of an export that are not there yet, each as as_store_add() does.
 * AS_INVALID: it is no export, or what it holds is not what its manifest says; documents
 * that came before stay. `read` gives the bytes, 0 at their end.
 */
as_code as_store_import(as_store *s, as_read_fn *read, void *ctx,
                        const as_store_add_options *options, as_import_summary *ret,
                        as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif

#include "store/store_priv.h"
#include "store/tokenizer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define LOCK_STEP_MS 50
#define CACHE_KIB    65536
#define WAL_PAGES    16384 /* 64 MiB: a large document costs one checkpoint, not a hundred */
#define FOLDER_MODE  0700  /* reports tell of victims and of credentials */
#define PID_TEXT     32

/* --- where it is ---------------------------------------------------------------------------- */

as_code as_store_home(as_buf *ret, as_err *err)
{
    const char *own = getenv("ASSAY_HOME"), *data = getenv("XDG_DATA_HOME"), *user = getenv("HOME");

    if (own && *own) {
        as_buf_text(ret, own);
    } else if (data && *data) {
        as_buf_text(ret, data);
        as_buf_text(ret, "/assay");
    } else if (user && *user) {
        as_buf_text(ret, user);
        as_buf_text(ret, "/.local/share/assay");
    } else {
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "no place for a store: neither ASSAY_HOME nor HOME is set");
    }
    as_buf_byte(ret, '\0');
    return ret->failed ? as_fail_nomem(err, "the store's path") : AS_OK;
}

/* home, '/', name, NUL in a buffer; NULL: no memory. */
static const char *path_in(const char *home, const char *name, as_buf *out)
{
    as_buf_reset(out);
    as_buf_text(out, home);
    as_buf_byte(out, '/');
    as_buf_text(out, name);
    as_buf_byte(out, '\0');
    return out->failed ? NULL : (const char *)out->p;
}

/* The folder with all above it. */
static as_code make_folder(const char *home, as_err *err)
{
    as_buf path = {0};
    as_code rc = AS_OK;

    as_buf_text(&path, home);
    as_buf_byte(&path, '\0');
    if (path.failed)
        rc = as_fail_nomem(err, "the store's path");
    for (size_t i = 1; !rc && i < path.n; i++) {
        if (path.p[i] != '/' && path.p[i] != '\0')
            continue;
        uint8_t kept = path.p[i];

        path.p[i] = '\0';
        if (mkdir((const char *)path.p, FOLDER_MODE) && errno != EEXIST)
            rc = as_fail(err, AS_IO, AS_NO_OFFSET, "cannot make the folder '%s': %s",
                         (const char *)path.p, strerror(errno));
        path.p[i] = kept;
    }
    as_buf_done(&path);
    return rc;
}

/* --- one writer ----------------------------------------------------------------------------- */

static as_code say_held(const as_store *s, as_err *err)
{
    char text[PID_TEXT] = {0};
    ssize_t n = pread(s->lock, text, sizeof(text) - 1, 0);
    uint64_t pid;

    for (ssize_t i = 0; i < n; i++) {
        if (text[i] == '\n')
            text[i] = '\0';
    }
    if (n > 0 && as_bytes_u64(as_bytes_of(text), &pid))
        return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET,
                       "the store '%s' is being written by process %llu: try again when it has "
                       "ended",
                       s->home, (unsigned long long)pid);
    return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET,
                   "the store '%s' is being written by another program: try again later", s->home);
}

static void write_pid(const as_store *s)
{
    char text[PID_TEXT];
    int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

    /* Only for the message above: without it the other writer has no name. */
    if (ftruncate(s->lock, 0) == 0 && pwrite(s->lock, text, (size_t)n, 0) != n &&
        ftruncate(s->lock, 0) != 0)
        return;
}

/* The kernel lets it go with the process, however that ends. */
static as_code take_lock(as_store *s, as_buf *path, as_err *err)
{
    const struct timespec step = {0, LOCK_STEP_MS * 1000000L};
    const char *file = path_in(s->home, "assay.lock", path);

    if (!file)
        return as_fail_nomem(err, "the store's path");
    s->lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock < 0)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write the store '%s': %s", s->home,
                       strerror(errno));
    for (unsigned waited = 0; flock(s->lock, LOCK_EX | LOCK_NB); waited += LOCK_STEP_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot lock '%s': %s", file, strerror(errno));
        if (waited >= s->wait_ms)
            return say_held(s, err);
        (void)nanosleep(&step, NULL);
    }
    write_pid(s);
    return AS_OK;
}

/* --- the connection ------------------------------------------------------------------------- */

static as_code connect_db(as_store *s, const char *file, int flags, as_err *err)
{
    int rc = sqlite3_open_v2(file, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL);

    if (rc != SQLITE_OK)
        return as_sql_fail(s, rc, err);
    (void)sqlite3_extended_result_codes(s->db, 1);
    (void)sqlite3_busy_timeout(s->db, (int)s->wait_ms);
    rc = as_tokenizer_register(s->db);
    if (rc != SQLITE_OK)
        return as_sql_fail(s, rc, err);
    /* A view or a trigger that somebody planted in the file runs nothing. */
    (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return AS_OK;
}

/*
 * temp_store stays what it is, a file: the journal of a savepoint in memory is a list that
 * is walked from its head for every statement (a third of an ingest, with SQLite 3.40).
 */
static as_code set_up(as_store *s, as_err *err)
{
    char text[256];
    as_code rc;

    (void)snprintf(text, sizeof(text),
                   "PRAGMA cache_size = -%d; PRAGMA foreign_keys = ON; PRAGMA mmap_size = "
                   "268435456;%s",
                   CACHE_KIB, s->write ? "" : " PRAGMA query_only = ON;");
    rc = as_sql_run(s, text, err);
    if (rc || !s->write)
        return rc;
    (void)snprintf(text, sizeof(text),
                   "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
                   "PRAGMA wal_autocheckpoint = %d; PRAGMA journal_size_limit = 67108864;",
                   WAL_PAGES);
    return as_sql_run(s, text, err);
}

/*
 * A folder that may not be written has no place for the index of the log (-shm). If there
 * is no log either, the file is all there is and can be read as it stands.
 */
static as_code connect_reader(as_store *s, const char *file, as_buf *path, as_err *err)
{
    as_err first = {0};
    struct stat st;
    as_buf uri = {0};
    as_code rc = connect_db(s, file, SQLITE_OPEN_READONLY, &first);

    if (!rc)
        rc = as_sql_int(s, "SELECT count(*) FROM sqlite_schema", NULL, 0, NULL, &first);
    if (!rc || rc != AS_IO || !path_in(s->home, "assay.db-wal", path) ||
        (stat((const char *)path->p, &st) == 0 && st.st_size > 0)) {
        if (rc && err)
            *err = first;
        return rc;
    }
    as_sql_done(s);
    (void)sqlite3_close(s->db);
    s->db = NULL;
    as_buf_text(&uri, "file:");
    for (const char *c = file; *c; c++) {
        if (strchr("?#%", *c))
            as_buf_printf(&uri, "%%%02x", (unsigned)(uint8_t)*c);
        else
            as_buf_byte(&uri, (uint8_t)*c);
    }
    as_buf_text(&uri, "?immutable=1");
    as_buf_byte(&uri, '\0');
    rc = uri.failed
             ? as_fail_nomem(err, "the store's path")
             : connect_db(s, (const char *)uri.p, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
    as_buf_done(&uri);
    return rc;
}

static as_code open_db(as_store *s, as_buf *path, as_err *err)
{
    const char *name = path_in(s->home, "assay.db", path);
    as_buf file = {0};
    as_code rc;

    if (!name)
        return as_fail_nomem(err, "the store's path");
    as_buf_text(&file, name);
    as_buf_byte(&file, '\0');
    if (file.failed)
        rc = as_fail_nomem(err, "the store's path");
    else if (s->write)
        rc = connect_db(s, (const char *)file.p, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
    else if (access((const char *)file.p, F_OK))
        rc = as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "no store at '%s': run 'assay add'", s->home);
    else
        rc = connect_reader(s, (const char *)file.p, path, err);
    as_buf_done(&file);
    if (!rc)
        rc = set_up(s, err);
    return rc ? rc : as_schema_prepare(s, err);
}

static as_code open_blobs(as_store *s, as_buf *path, as_err *err)
{
    if (!path_in(s->home, "blobs", path))
        return as_fail_nomem(err, "the store's path");
    return as_blobs_open((const char *)path->p, s->write, &s->blobs, err);
}

/* The database comes last: where there is one, the store was made to its end. */
static as_code open_all(as_store *s, as_buf *path, as_err *err)
{
    as_code rc = AS_OK;

    if (!s->write) {
        rc = open_db(s, path, err);
        return rc ? rc : open_blobs(s, path, err);
    }
    rc = make_folder(s->home, err);
    rc = rc ? rc : take_lock(s, path, err);
    rc = rc ? rc : open_blobs(s, path, err);
    return rc ? rc : open_db(s, path, err);
}

as_code as_store_open_within(const char *home, as_store_mode mode, unsigned wait_ms, as_store **ret,
                             as_err *err)
{
    as_store *s = as_mem_zero(1, sizeof(*s));
    size_t n = strlen(home) + 1;
    as_buf path = {0};
    as_code rc;

    if (!s)
        return as_fail_nomem(err, "the store");
    s->lock = -1;
    s->wait_ms = wait_ms;
    s->write = mode == AS_STORE_WRITE;
    s->home = as_mem_get(n);
    if (!s->home) {
        rc = as_fail_nomem(err, "the store");
    } else {
        memcpy(s->home, home, n);
        rc = open_all(s, &path, err);
    }
    as_buf_done(&path);
    if (rc)
        as_store_close(s);
    else
        *ret = s;
    return rc;
}

as_code as_store_open_blobs(const as_store *s, as_blobs **ret, as_err *err)
{
    as_buf path = {0};
    as_code rc;

    if (!path_in(s->home, "blobs", &path))
        rc = as_fail_nomem(err, "the store's path");
    else
        rc = as_blobs_open((const char *)path.p, s->write, ret, err);
    as_buf_done(&path);
    return rc;
}

as_code as_store_open(const char *home, as_store_mode mode, as_store **ret, as_err *err)
{
    return as_store_open_within(home, mode, AS_STORE_BUSY_MS, ret, err);
}

void as_store_close(as_store *s)
{
    if (!s)
        return;
    if (s->batch)
        as_store_undo(s);
    as_sql_done(s);
    if (s->db)
        (void)sqlite3_close(s->db);
    as_blobs_close(s->blobs);
    if (s->lock >= 0)
        (void)close(s->lock);
    as_term_cache_free(s->terms);
    as_buf_done(&s->fresh);
    as_buf_done(&s->stale);
    as_mem_free(s->home);
    as_mem_free(s);
}

/* --- batches -------------------------------------------------------------------------------- */

as_code as_store_batch(as_store *s, as_err *err)
{
    as_code rc;

    if (!s->write)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "the store '%s' is open for reading", s->home);
    if (s->batch)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "a batch is open already");
    rc = as_sql_run(s, "BEGIN IMMEDIATE", err);
    if (rc)
        return rc;
    s->batch = true;
    s->lost = false;
    as_buf_reset(&s->fresh);
    as_buf_reset(&s->stale);
    return AS_OK;
}

void as_blob_forget(as_store *s, const uint8_t sha256[AS_SHA256_SIZE])
{
    as_code ignored = as_blob_remove(s->blobs, sha256, NULL);

    (void)ignored;
}

void as_store_undo(as_store *s)
{
    if (!sqlite3_get_autocommit(s->db))
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    as_term_cache_forget(s);
    for (size_t i = 0; i + AS_SHA256_SIZE <= s->fresh.n; i += AS_SHA256_SIZE)
        as_blob_forget(s, s->fresh.p + i);
    as_buf_reset(&s->fresh);
    as_buf_reset(&s->stale);
    s->batch = s->lost = false;
}

/* A batch may have added again what it removed. */
static void remove_stale(as_store *s)
{
    sqlite3_stmt *st = NULL;

    if (s->stale.n == 0 || as_sql_get(s, "SELECT 1 FROM document WHERE sha256 = ?1", &st, NULL))
        return;
    for (size_t i = 0; i + AS_SHA256_SIZE <= s->stale.n; i += AS_SHA256_SIZE) {
        as_bind_bytes(st, 1, (as_bytes){s->stale.p + i, AS_SHA256_SIZE});
        if (sqlite3_step(st) == SQLITE_DONE)
            as_blob_forget(s, s->stale.p + i);
        (void)sqlite3_reset(st);
    }
    as_sql_put(s, st);
}

static as_code commit(as_store *s, as_err *err)
{
    as_code rc;

    if (s->lost)
        return as_fail(err, AS_IO, AS_NO_OFFSET,
                       "the store '%s' took back what was being added: add it again", s->home);
    /* The blobs first: a row never names one that a failing machine could still lose. */
    rc = as_term_cache_flush(s, err);
    if (!rc)
        rc = as_blobs_sync(s->blobs, err);
    return rc ? rc : as_sql_run(s, "COMMIT", err);
}

as_code as_store_commit(as_store *s, as_err *err)
{
    as_code rc;

    if (!s->batch)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "no batch is open");
    rc = commit(s, err);
    if (rc) {
        as_store_undo(s);
        return rc;
    }
    s->batch = false;
    remove_stale(s);
    as_buf_reset(&s->stale);
    as_buf_reset(&s->fresh);
    return AS_OK;
}

as_code as_txn_begin(as_store *s, bool *ret_own, as_err *err)
{
    *ret_own = !s->batch;
    if (!s->batch)
        return as_store_batch(s, err);
    if (s->lost)
        return as_fail(err, AS_IO, AS_NO_OFFSET,
                       "the store '%s' took back what was being added: see the failure before",
                       s->home);
    return AS_OK;
}

as_code as_txn_end(as_store *s, bool own, as_code rc, as_err *err)
{
    if (!own)
        return rc;
    if (!rc)
        return as_store_commit(s, err);
    as_store_undo(s);
    return rc;
}

void as_savepoint_undo(as_store *s, const char *sql)
{
    (void)sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    as_term_cache_forget(s);
    s->lost = s->lost || sqlite3_get_autocommit(s->db);
}

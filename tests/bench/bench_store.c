/*
 * How fast reports go into a store, and questions are answered from it. Prints one JSON
 * document.
 *
 *     bench_store [--samples N] [--rounds N] [--home DIR] [--reports]
 *
 * Reports of N samples (10,000; about 2 million facts) are generated as CAPE writes them,
 * always the same ones: domains, addresses, mutexes, keys, signatures and families are
 * drawn from pools in which few are common and many are rare, and each sample has some of
 * its own. They are added as `assay add` adds them, with chunks, a hundred to a commit.
 *
 * "ingest" is that; then, of the first tenth, the same without chunks, with chunks, and with
 * vectors of 384 numbers (of an encoder that costs next to nothing); and two peers over the
 * same bytes: "plain_zstd_sqlite" compresses each report at the same level and inserts it
 * into a table, which is the least that keeping it costs, and "plain_unicode61" inserts the
 * texts of the chunks into an FTS5 table with SQLite's own tokenizer.
 *
 * "ask" is as_ask() for questions that code answers: about one sample, drawn anew each time,
 * and across all. "search" is as_retrieve(), of which "bm25" is the route's own time;
 * "search_unicode61" is the peer: FTS5 alone, unicode61, `ORDER BY bm25() LIMIT 100`, the same
 * words. Milliseconds of the wall clock; "cpu" those of the processor, which a busy machine
 * does not blur. "cold" starts the program named by $ASSAY_BIN for each question.
 *
 * DIR is kept, and used if there is a store in it already; without it, a temporary folder is
 * made and removed. --reports writes the reports into DIR/reports and ends.
 */
#include "base/hash.h"
#include "base/jsonw.h"
#include "bench/store_reports.h"
#include "query/query.h"
#include "retrieve/retrieve.h"
#include "store/tokenizer.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "base/banned.h"

#define BATCH     100u
#define DIM       384u
#define TIMES_MAX 20000u
#define PATH_SIZE 1024u

extern char **environ;

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_store: %s\n", what);
    exit(4);
}

static double clock_s(clockid_t id)
{
    struct timespec t;

    (void)clock_gettime(id, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double wall(void)
{
    return clock_s(CLOCK_MONOTONIC);
}

static double cpu(void)
{
    return clock_s(CLOCK_PROCESS_CPUTIME_ID);
}

/* --- folders -------------------------------------------------------------------------------- */

static void path_of(char *dst, const char *folder, const char *name)
{
    int n = snprintf(dst, PATH_SIZE, "%s/%s", folder, name);

    if (n < 0 || n >= (int)PATH_SIZE)
        die("the path is too long");
}

static uint64_t total; /* nftw() has no argument of its own */

static int add_size(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)path;
    (void)ftw;
    if (type == FTW_F)
        total += (uint64_t)st->st_blocks * 512;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* On disk, with all below it. */
static uint64_t size_of(const char *folder, const char *name)
{
    char path[PATH_SIZE];

    path_of(path, folder, name);
    total = 0;
    (void)nftw(path, add_size, 16, FTW_PHYS);
    return total;
}

static void remove_tree(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_PHYS | FTW_DEPTH);
}

static bool there_is(const char *folder, const char *name)
{
    char path[PATH_SIZE];
    struct stat st;

    path_of(path, folder, name);
    return stat(path, &st) == 0;
}

/* --- what is told ---------------------------------------------------------------------------- */

static void put_number(as_jsonw *w, const char *key, double value)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%.4g", value);
    as_jsonw_key(w, key);
    as_jsonw_number(w, as_bytes_of(text));
}

static void put_count(as_jsonw *w, const char *key, uint64_t value)
{
    as_jsonw_key(w, key);
    as_jsonw_u64(w, value);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

typedef struct times {
    double *wall, *cpu; /* milliseconds */
    size_t n;
    bool has_cpu;
    double from_wall, from_cpu;
} times;

static times times_new(void)
{
    times t = {.wall = calloc(TIMES_MAX, sizeof(double)), .cpu = calloc(TIMES_MAX, sizeof(double))};

    if (!t.wall || !t.cpu)
        die("no memory");
    return t;
}

static void begin(times *t)
{
    t->from_wall = wall();
    t->from_cpu = cpu();
}

static void end(times *t)
{
    if (t->n == TIMES_MAX)
        return;
    t->wall[t->n] = (wall() - t->from_wall) * 1e3;
    t->cpu[t->n++] = (cpu() - t->from_cpu) * 1e3;
    t->has_cpu = true;
}

static void put_times(as_jsonw *w, const char *key, times *t)
{
    as_jsonw_key(w, key);
    as_jsonw_object(w);
    put_count(w, "n", t->n);
    if (t->n) {
        qsort(t->wall, t->n, sizeof(double), by_value);
        put_number(w, "p50_ms", t->wall[t->n / 2]);
        put_number(w, "p95_ms", t->wall[t->n * 95 / 100]);
        put_number(w, "max_ms", t->wall[t->n - 1]);
    }
    if (t->n && t->has_cpu) {
        qsort(t->cpu, t->n, sizeof(double), by_value);
        put_number(w, "cpu_p50_ms", t->cpu[t->n / 2]);
        put_number(w, "cpu_p95_ms", t->cpu[t->n * 95 / 100]);
    }
    as_jsonw_end(w);
    free(t->wall);
    free(t->cpu);
}

static void put_rss(as_jsonw *w)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    put_count(w, "peak_rss_kb", (uint64_t)usage.ru_maxrss);
}

/* --- ingest ------------------------------------------------------------------------------------
 */

/* What a cheap encoder would give: a vector of the words, so that equal texts are near. */
static as_code encode(void *ctx, const as_bytes *texts, size_t n, float *ret, as_err *err)
{
    (void)ctx;
    (void)err;
    for (size_t i = 0; i < n; i++, ret += DIM) {
        uint64_t seed = 1;

        for (size_t k = 0; k < DIM; k++)
            ret[k] = 0.01f;
        for (size_t k = 0; k < texts[i].n; k++) {
            seed = texts[i].p[k] == ' ' ? 1 : seed * 31 + texts[i].p[k];
            ret[seed * 0x9e3779b97f4a7c15u >> 33 & 255] += 1.0f;
        }
    }
    return AS_OK;
}

static const as_encoder encoder = {"bench", DIM, 0.2f, encode, encode, NULL};

static as_store *open_store(const char *home, as_store_mode mode)
{
    as_store *s = NULL;
    as_err err = {0};

    if (as_store_open(home, mode, &s, &err))
        die(err.msg);
    return s;
}

static void fill_vectors(as_store *s, const char *home, size_t *n)
{
    as_vectors_options o = {.dim = DIM};
    as_vectors *v = NULL;
    as_err err = {0};
    char path[PATH_SIZE];

    path_of(path, home, "vectors");
    if (as_vectors_open(path, encoder.name, &o, &v, &err) ||
        as_retrieve_fill(s, &encoder, v, NULL, n, &err) || as_vectors_commit(v, &err))
        die(err.msg);
    as_vectors_close(v);
}

static void add_one(as_store *s, as_bytes report, const as_store_add_options *o, as_added *ret)
{
    as_source *source = NULL;
    as_err err = {0};

    if (as_source_open_bytes(report, NULL, &source, &err) || as_store_add(s, source, o, ret, &err))
        die(err.msg);
    as_source_free(source);
}

/* Samples 0 .. n-1 into a store at `home`. Generating them does not count. */
static void ingest(as_jsonw *w, const char *key, const char *home, unsigned n, bool chunks,
                   bool vectors)
{
    as_store_add_options o = {.chunks = chunks ? as_chunks_make : NULL};
    as_store *s = open_store(home, AS_STORE_WRITE);
    uint64_t bytes = 0, facts = 0, calls = 0, made = 0;
    double t_wall = 0, t_cpu = 0, from;
    size_t filled = 0;
    as_buf report = {0};
    as_err err = {0};

    for (unsigned i = 0; i < n; i++) {
        as_added added = {0};
        double from_cpu;

        generate(i, &report);
        if (report.failed)
            die("no memory");
        from = wall();
        from_cpu = cpu();
        if (i % BATCH == 0 && as_store_batch(s, &err))
            die(err.msg);
        add_one(s, as_buf_bytes(&report), &o, &added);
        if ((i % BATCH == BATCH - 1 || i + 1 == n) && as_store_commit(s, &err))
            die(err.msg);
        t_wall += wall() - from;
        t_cpu += cpu() - from_cpu;
        bytes += report.n;
        facts += added.facts;
        calls += added.calls;
        made += added.chunks;
        if (i % 1000 == 999)
            (void)fprintf(stderr, "%s: %u of %u, %.0f s\n", key, i + 1, n, t_wall);
    }
    from = wall();
    t_cpu -= cpu();
    if (vectors)
        fill_vectors(s, home, &filled);
    t_wall += wall() - from;
    t_cpu += cpu();
    as_store_close(s);
    as_buf_done(&report);
    as_jsonw_key(w, key);
    as_jsonw_object(w);
    put_count(w, "documents", n);
    put_count(w, "bytes", bytes);
    put_count(w, "facts", facts);
    put_count(w, "calls", calls);
    put_count(w, "chunks", made);
    if (vectors)
        put_count(w, "vectors", filled);
    put_number(w, "seconds", t_wall);
    put_number(w, "cpu_seconds", t_cpu);
    put_number(w, "mb_per_s", (double)bytes / 1e6 / t_wall);
    put_number(w, "documents_per_s", n / t_wall);
    put_number(w, "documents_per_cpu_s", n / t_cpu);
    put_count(w, "disk_database", size_of(home, "assay.db"));
    put_count(w, "disk_blobs", size_of(home, "blobs"));
    put_count(w, "disk_vectors", size_of(home, "vectors"));
    put_rss(w);
    as_jsonw_end(w);
}

static sqlite3 *open_peer(const char *path, const char *sql)
{
    sqlite3 *db = NULL;

    (void)unlink(path);
    if (sqlite3_open(path, &db) || as_tokenizer_register(db) ||
        sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;", NULL, NULL, NULL) ||
        sqlite3_exec(db, sql, NULL, NULL, NULL))
        die(db ? sqlite3_errmsg(db) : "no memory");
    return db;
}

static void hash_of(as_bytes b, uint8_t digest[AS_SHA256_SIZE])
{
    as_sha256 *h = as_sha256_new();

    if (!h)
        die("no memory");
    as_sha256_add(h, b);
    as_sha256_get(h, digest);
    as_sha256_free(h);
}

/* The least that keeping these bytes costs. */
static void plain(as_jsonw *w, const char *folder, unsigned n)
{
    char path[PATH_SIZE];
    sqlite3_stmt *stmt = NULL;
    as_buf report = {0}, packed = {0};
    double t_wall = 0, t_cpu = 0;
    uint64_t bytes = 0;
    sqlite3 *db;

    path_of(path, folder, "plain.db");
    db = open_peer(path, "CREATE TABLE t(sha256 BLOB PRIMARY KEY, data BLOB)");
    if (sqlite3_prepare_v2(db, "INSERT INTO t VALUES(?1, ?2)", -1, &stmt, NULL))
        die(sqlite3_errmsg(db));
    for (unsigned i = 0; i < n; i++) {
        double from, from_cpu;
        uint8_t digest[AS_SHA256_SIZE];
        size_t size;

        generate(i, &report);
        from = wall();
        from_cpu = cpu();
        if (i % BATCH == 0)
            (void)sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        as_buf_reset(&packed);
        if (!as_buf_room(&packed, ZSTD_compressBound(report.n)))
            die("no memory");
        size = ZSTD_compress(packed.p, packed.cap, report.p, report.n, 3);
        if (ZSTD_isError(size))
            die("cannot compress");
        hash_of(as_buf_bytes(&report), digest);
        if (sqlite3_bind_blob(stmt, 1, digest, sizeof(digest), SQLITE_STATIC) ||
            sqlite3_bind_blob(stmt, 2, packed.p, (int)size, SQLITE_STATIC) ||
            sqlite3_step(stmt) != SQLITE_DONE || sqlite3_reset(stmt))
            die(sqlite3_errmsg(db));
        if (i % BATCH == BATCH - 1 || i + 1 == n)
            (void)sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
        t_wall += wall() - from;
        t_cpu += cpu() - from_cpu;
        bytes += report.n;
    }
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    as_jsonw_key(w, "plain_zstd_sqlite");
    as_jsonw_object(w);
    put_number(w, "mb_per_s", (double)bytes / 1e6 / t_wall);
    put_number(w, "documents_per_s", n / t_wall);
    put_number(w, "documents_per_cpu_s", n / t_cpu);
    put_count(w, "disk_database", size_of(folder, "plain.db"));
    as_jsonw_end(w);
    as_buf_done(&report);
    as_buf_done(&packed);
    (void)unlink(path);
}

/* --- questions ----------------------------------------------------------------------------------
 */

/* %s: a sample's name. Of these, code answers each. */
static const char *const of_one[] = {
    "Which domains did %s query?",
    "%s 访问了哪些域名？",
    "%s 释放了哪些文件？",
    "How many processes did %s start?",
    "Did %s create a mutex?",
    "%s 的 SHA256 是什么？",
    "What is the file size of %s?",
    "%s 是否修改了注册表？",
    "Which signatures of %s are high risk?",
    "%s 连接了哪些 IP 地址？",
    "Which ATT&CK techniques does %s use?",
    "%s 运行了多长时间？",
};

static const char *const of_all[] = {
    "which samples contacted panel5.gate-40.com?",
    "哪些样本访问了 update0.update-0.com？",
    "how many samples contacted 11.0.48.154?",
    "which mutexes are shared by several samples?",
    "哪些样本使用了 T1055？",
    "how many samples are there?",
    "有多少个样本？",
    "which samples use T1003?",
    "which samples are of the malware family \"Family3\"?",
    "which samples dropped drop7.vbs?",
    "哪些样本创建了互斥体？",
    "which domains are common to all samples?",
};

static const char *const searches[] = {
    "injection persistence",
    "恶意文件",
    "which process wrote a file into the temp folder",
    "样本释放了哪些可执行文件并且建立了持久化",
    "powershell bypass",
    "WriteProcessMemory",
    "createremotethread injection",
    "CurrentVersion\\Run",
    "C:\\Windows\\System32\\cmd.exe",
    "invoice_00042.exe",
    "网络连接 域名 解析",
    "ransomware number 4",
    "registry key winlogon",
    "注册表",
    "T1055",
    "gate7.php",
    "antivm_rule_2",
    "rundll32 setup120.exe",
    "进程",
    "stealer evasion packer",
};

#define COLD_QUESTIONS 6u

static void put_question(char *dst, size_t cap, unsigned q, unsigned sample)
{
    char name[64];

    name_of(sample, name, sizeof(name));
    if (q < AS_COUNT(of_one)) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(dst, cap, of_one[q], name);
#pragma GCC diagnostic pop
    } else {
        (void)snprintf(dst, cap, "%s", of_all[q - AS_COUNT(of_one)]);
    }
}

static void put_asked(as_jsonw *w, const char *question, const as_answer *a, double ms,
                      double cpu_ms)
{
    as_jsonw_object(w);
    as_jsonw_key(w, "question");
    as_jsonw_text(w, question);
    as_jsonw_key(w, "intent");
    as_jsonw_text(w, a->intent ? a->intent : "");
    as_jsonw_key(w, "answerable");
    as_jsonw_bool(w, a->answerable);
    as_jsonw_key(w, "extractive");
    as_jsonw_bool(w, a->extractive);
    put_count(w, "items", a->n_items);
    as_jsonw_key(w, "answer");
    as_jsonw_str(w, (as_bytes){a->text.p, a->text.n < 160 ? a->text.n : 160});
    put_number(w, "ms", ms);
    put_number(w, "cpu_ms", cpu_ms);
    as_jsonw_end(w);
}

static void ask(as_jsonw *w, const char *home, unsigned samples, unsigned rounds)
{
    as_store *s = open_store(home, AS_STORE_READ);
    times one = times_new(), all = times_new();
    uint64_t seed = 3, extractive = 0;
    as_err err = {0};

    as_jsonw_key(w, "ask");
    as_jsonw_object(w);
    as_jsonw_key(w, "last_round");
    as_jsonw_array(w);
    for (unsigned r = 0; r < rounds; r++) {
        for (unsigned q = 0; q < AS_COUNT(of_one) + AS_COUNT(of_all); q++) {
            times *t = q < AS_COUNT(of_one) ? &one : &all;
            unsigned sample = upto(&seed, samples);
            char question[256], name[64];
            as_ask_options o = {.lang = -1};
            as_answer *a = NULL;

            put_question(question, sizeof(question), q, sample);
            o.question = as_bytes_of(question);
            if (q < AS_COUNT(of_one)) {
                name_of(sample, name, sizeof(name));
                o.sample = as_bytes_of(name);
            }
            begin(t);
            if (as_ask(s, &o, &a, &err))
                die(err.msg);
            end(t);
            extractive += a->extractive;
            if (r + 1 == rounds)
                put_asked(w, question, a, t->wall[t->n - 1], t->cpu[t->n - 1]);
            as_answer_free(a);
        }
    }
    as_jsonw_end(w);
    put_count(w, "extractive", extractive);
    put_times(w, "of_one_sample", &one);
    put_times(w, "across_samples", &all);
    put_rss(w);
    as_jsonw_end(w);
    as_store_close(s);
}

/* --- search
 * ----------------------------------------------------------------------------------------- */

static void search(as_jsonw *w, const char *home, unsigned rounds)
{
    as_store *s = open_store(home, AS_STORE_READ);
    times all = times_new(), bm25 = times_new();
    as_err err = {0};

    as_jsonw_key(w, "search");
    as_jsonw_object(w);
    as_jsonw_key(w, "last_round");
    as_jsonw_array(w);
    for (unsigned r = 0; r < rounds; r++) {
        for (unsigned q = 0; q < AS_COUNT(searches); q++) {
            as_retriever_query query = {.text = as_bytes_of(searches[q])};
            as_arena *a = as_arena_new((size_t)256 << 20);
            as_retrieved *found = NULL;

            if (!a)
                die("no memory");
            begin(&all);
            if (as_retrieve(s, &query, a, &found, &err))
                die(err.msg);
            end(&all);
            if (found->routes[AS_ROUTE_BM25].ran && bm25.n < TIMES_MAX) {
                bm25.wall[bm25.n++] = (double)found->routes[AS_ROUTE_BM25].us / 1e3;
            }
            if (r + 1 == rounds) {
                as_jsonw_object(w);
                as_jsonw_key(w, "text");
                as_jsonw_text(w, searches[q]);
                put_count(w, "passages", found->n);
                put_count(w, "candidates", found->routes[AS_ROUTE_BM25].candidates);
                put_number(w, "bm25_ms", (double)found->routes[AS_ROUTE_BM25].us / 1e3);
                put_number(w, "ms", all.wall[all.n - 1]);
                as_jsonw_end(w);
            }
            as_arena_free(a);
        }
    }
    as_jsonw_end(w);
    put_times(w, "whole", &all);
    put_times(w, "bm25", &bm25);
    put_rss(w);
    as_jsonw_end(w);
    as_store_close(s);
}

/* The words of a search as unicode61 has them, joined by OR. */
static void put_words(const char *text, char *dst, size_t cap)
{
    size_t n = 0;
    bool in = false;

    for (; *text && n + 8 < cap; text++) {
        uint8_t c = (uint8_t)*text;
        bool word =
            c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (word && !in)
            n += (size_t)snprintf(dst + n, cap - n, "%s\"", n ? " OR " : "");
        if (!word && in)
            dst[n++] = '"';
        if (word)
            dst[n++] = *text;
        in = word;
    }
    if (in)
        dst[n++] = '"';
    dst[n] = 0;
}

/* The same texts in FTS5 alone, with SQLite's own tokenizer. */
static void search_peer(as_jsonw *w, const char *home, unsigned rounds)
{
    char path[PATH_SIZE], match[512];
    times t = times_new();
    sqlite3_stmt *stmt = NULL;
    double from, t_wall, from_cpu;
    sqlite3 *db;

    path_of(path, home, "peer.db");
    db = open_peer(path, "CREATE VIRTUAL TABLE t USING fts5(x, content='', tokenize='unicode61')");
    path_of(match, home, "assay.db");
    if (sqlite3_prepare_v2(db, "ATTACH ?1 AS a", -1, &stmt, NULL) ||
        sqlite3_bind_text(stmt, 1, match, -1, SQLITE_STATIC) || sqlite3_step(stmt) != SQLITE_DONE)
        die(sqlite3_errmsg(db));
    (void)sqlite3_finalize(stmt);
    from = wall();
    from_cpu = cpu();
    if (sqlite3_exec(db, "INSERT INTO t(rowid, x) SELECT id, body FROM a.chunk", NULL, NULL, NULL))
        die(sqlite3_errmsg(db));
    t_wall = wall() - from;
    as_jsonw_key(w, "search_unicode61");
    as_jsonw_object(w);
    put_number(w, "index_seconds", t_wall);
    put_number(w, "index_cpu_seconds", cpu() - from_cpu);
    put_count(w, "disk_database", size_of(home, "peer.db"));
    if (sqlite3_prepare_v2(db, "SELECT rowid FROM t WHERE t MATCH ?1 ORDER BY bm25(t) LIMIT 100",
                           -1, &stmt, NULL))
        die(sqlite3_errmsg(db));
    for (unsigned r = 0; r < rounds; r++) {
        for (unsigned q = 0; q < AS_COUNT(searches); q++) {
            int rc;

            put_words(searches[q], match, sizeof(match));
            begin(&t);
            (void)sqlite3_bind_text(stmt, 1, match, -1, SQLITE_STATIC);
            while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
                ;
            if (rc != SQLITE_DONE)
                die(sqlite3_errmsg(db));
            (void)sqlite3_reset(stmt);
            end(&t);
        }
    }
    (void)sqlite3_finalize(stmt);
    put_times(w, "bm25", &t);
    as_jsonw_end(w);
    (void)sqlite3_close(db);
    (void)unlink(path);
}

/* --- the whole program
 * ------------------------------------------------------------------------------ */

/* The exit status; its time goes to *t and its memory to *kb. */
static int run_program(const char *bin, const char *const args[], times *t, long *kb)
{
    posix_spawn_file_actions_t actions;
    struct rusage usage;
    int status = -1;
    pid_t pid;

    if (posix_spawn_file_actions_init(&actions) ||
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0))
        die("no memory");
    begin(t);
    if (posix_spawn(&pid, bin, &actions, NULL, (char *const *)(uintptr_t)args, environ))
        die("cannot start the program");
    if (wait4(pid, &status, 0, &usage) < 0)
        die("cannot wait for the program");
    end(t);
    t->cpu[t->n - 1] = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
                       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
    if (usage.ru_maxrss > *kb)
        *kb = usage.ru_maxrss;
    (void)posix_spawn_file_actions_destroy(&actions);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static void cold(as_jsonw *w, const char *bin, const char *home, unsigned samples, unsigned rounds)
{
    times t = times_new();
    uint64_t seed = 4, failed = 0;
    long kb = 0;

    (void)setenv("ASSAY_HOME", home, 1);
    for (unsigned r = 0; r < rounds; r++) {
        for (unsigned q = 0; q < AS_COUNT(of_one) + AS_COUNT(of_all); q += 4) {
            char question[256];
            const char *const args[] = {bin, "ask", question, NULL};

            put_question(question, sizeof(question), q, upto(&seed, samples));
            failed += run_program(bin, args, &t, &kb) > 1;
        }
    }
    as_jsonw_key(w, "cold");
    as_jsonw_object(w);
    put_count(w, "failed", failed);
    put_times(w, "ask", &t);
    /* A process inherits the peak of the one that started it: no less than ours. */
    put_count(w, "peak_rss_kb_at_most", (uint64_t)kb);
    as_jsonw_end(w);
}

/* --- main
 * ------------------------------------------------------------------------------------------- */

static uint64_t number_of(const char *text, uint64_t most)
{
    uint64_t n = 0;

    if (!text || !as_bytes_u64(as_bytes_of(text), &n) || n == 0 || n > most)
        die("usage: bench_store [--samples N] [--rounds N] [--home DIR] [--reports]");
    return n;
}

static void write_reports(const char *home, unsigned n)
{
    char folder[PATH_SIZE], path[PATH_SIZE], name[64];
    as_buf report = {0};

    path_of(folder, home, "reports");
    if (mkdir(folder, 0777) && errno != EEXIST)
        die(strerror(errno));
    for (unsigned i = 0; i < n; i++) {
        FILE *f;

        generate(i, &report);
        (void)snprintf(name, sizeof(name), "%05u.json", i);
        path_of(path, folder, name);
        f = fopen(path, "wb");
        if (!f || fwrite(report.p, 1, report.n, f) != report.n || fclose(f))
            die(strerror(errno));
    }
    as_buf_done(&report);
}

/* Each in a folder of its own, that goes when it was measured. */
static void ingest_aside(as_jsonw *w, const char *home, unsigned n)
{
    static const struct {
        const char *key;
        bool chunks, vectors;
    } ways[] = {{"without_chunks", false, false},
                {"with_chunks", true, false},
                {"with_vectors", true, true}};
    char folder[PATH_SIZE];

    path_of(folder, home, "aside");
    for (size_t i = 0; i < AS_COUNT(ways); i++) {
        remove_tree(folder);
        if (mkdir(folder, 0777))
            die(strerror(errno));
        ingest(w, ways[i].key, folder, n, ways[i].chunks, ways[i].vectors);
    }
    remove_tree(folder);
    plain(w, home, n);
}

static void run_all(as_jsonw *w, const char *home, unsigned samples, unsigned rounds)
{
    const char *bin = getenv("ASSAY_BIN");

    as_jsonw_object(w);
    as_jsonw_key(w, "bench");
    as_jsonw_text(w, "store");
    put_count(w, "samples", samples);
    put_count(w, "rounds", rounds);
    if (!there_is(home, "assay.db")) {
        ingest(w, "ingest", home, samples, true, false);
        as_jsonw_key(w, "ingest_tenth");
        as_jsonw_object(w);
        ingest_aside(w, home, samples / 10 + 1);
        as_jsonw_end(w);
    }
    ask(w, home, samples, rounds);
    search(w, home, rounds);
    search_peer(w, home, rounds);
    if (bin)
        cold(w, bin, home, samples, rounds);
    put_rss(w);
    as_jsonw_end(w);
}

int main(int argc, char **argv)
{
    unsigned samples = 10000, rounds = 20;
    char made[] = "/tmp/assay-bench-XXXXXX";
    const char *home = NULL;
    bool reports = false;
    as_buf out = {0};
    as_jsonw w = as_jsonw_to(&out, 2);

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--reports")) {
            reports = true;
        } else if (!strcmp(argv[i], "--samples")) {
            samples = (unsigned)number_of(argv[++i], 1000000);
        } else if (!strcmp(argv[i], "--rounds")) {
            rounds = (unsigned)number_of(argv[++i], 500);
        } else if (!strcmp(argv[i], "--home") && i + 1 < argc) {
            home = argv[++i];
        } else {
            die("usage: bench_store [--samples N] [--rounds N] [--home DIR] [--reports]");
        }
    }
    if (reports) {
        if (!home)
            die("--reports wants --home");
        write_reports(home, samples);
        return 0;
    }
    if (home && mkdir(home, 0777) && errno != EEXIST)
        die(strerror(errno));
    if (!home && !mkdtemp(made))
        die(strerror(errno));
    run_all(&w, home ? home : made, samples, rounds);
    if (!home)
        remove_tree(made);
    if (out.failed)
        die("no memory");
    (void)printf("%.*s\n", (int)out.n, (const char *)out.p);
    as_buf_done(&out);
    return 0;
}

/*
 * How fast a text falls into words, and how fast names and addresses are found in it.
 * Prints one JSON document.
 *
 *     bench_tokenizer [--rounds N] [--megabytes N]
 *
 * Each tokenizer is called as FTS5 calls it, with a callback that counts, on generated text:
 * English, Chinese, rows full of paths and addresses, and a mixture. The peer is SQLite's own
 * unicode61, in turn, in the same run; it makes one word of a whole Chinese run and does no
 * more than that. "ioc" is as_ioc_find() over the same text in pieces of 64 kB. "index" is an
 * FTS5 table in memory filled with the text in rows of about 400 bytes, with either tokenizer.
 * "hostile" is a megabyte of one thing over and over: seconds for all of it and for a quarter,
 * which is a quarter of the time if the work is linear.
 */
#include "base/jsonw.h"
#include "store/ioc.h"
#include "store/tokenizer.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

#define ROUNDS_MAX 99u
#define PIECE      ((size_t)64 << 10)
#define ROW        400u

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_tokenizer: %s\n", what);
    exit(4);
}

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t draw(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u; /* splitmix64 */

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* --- texts -------------------------------------------------------------------------------- */

static const char *const english[] = {
    "The process",   "wrote",     "a file",        "and started", "another process", "with",
    "the registry",  "value",     "was set",       "by",          "a network",       "connection",
    "to the server", "which",     "was refused.",  "It",          "injected code",   "into",
    "memory of",     "the shell", "and persisted", "as a",        "service.",        "Later",
};
static const char *const chinese[] = {
    "样本", "释放了",   "恶意文件",   "，并",   "启动", "进程",     "注入",   "远程线程", "。",
    "该",   "网络连接", "指向服务器", "，域名", "解析", "为地址",   "注册表", "键值",     "被修改",
    "，",   "实现",     "持久化",     "。随后", "删除", "卷影副本", "并退出", "。",       "检测到",
};
static const char *const rich[] = {
    "C:\\Users\\admin\\AppData\\Local\\Temp\\%x.exe",
    "%u.%u.%u.%u:443",
    "host%u.example%u.com",
    "hxxps://cdn%u[.]evil[.]cn/gate.php?id=%u",
    "NtCreateUserProcess",
    "CreateFileW",
    "HKLM\\Software\\Microsoft\\Windows NT\\CurrentVersion\\Run\\v%u",
    "T1059.001",
    "d41d8cd98f00b204e9800998%08x",
    "kernel32.dll",
    "{0002DF01-0000-0000-C000-0000%08x}",
};

static void put_rich(as_buf *b, uint64_t pick)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    as_buf_printf(b, rich[pick % AS_COUNT(rich)], (unsigned)(pick >> 8) % 250,
                  (unsigned)(pick >> 16) % 250, (unsigned)(pick >> 24) % 250,
                  (unsigned)(pick >> 32) % 250);
#pragma GCC diagnostic pop
    as_buf_byte(b, ' ');
}

enum kind { ENGLISH, CHINESE, RICH, MIXED, KINDS };

static const char *const kind_names[] = {"english", "chinese", "names", "mixed"};

static as_bytes generate(enum kind kind, size_t size)
{
    as_buf b = {0};
    uint64_t seed = 7;

    while (b.n < size && !b.failed) {
        uint64_t pick = draw(&seed);
        enum kind k = kind == MIXED ? (enum kind)((pick >> 40) % 3) : kind;

        if (k == ENGLISH) {
            as_buf_text(&b, english[pick % AS_COUNT(english)]);
            as_buf_byte(&b, ' ');
        } else if (k == CHINESE) {
            as_buf_text(&b, chinese[pick % AS_COUNT(chinese)]);
        } else {
            put_rich(&b, pick);
        }
    }
    if (b.failed)
        die("no memory");
    return as_buf_bytes(&b);
}

/* --- the tokenizers ------------------------------------------------------------------------ */

typedef struct engine {
    fts5_tokenizer f;
    Fts5Tokenizer *t;
    const char *name;
} engine;

static sqlite3 *open_db(void)
{
    sqlite3 *db = NULL;

    if (sqlite3_open(":memory:", &db) || as_tokenizer_register(db))
        die("cannot open a database");
    return db;
}

static engine engine_of(sqlite3 *db, const char *name)
{
    engine e = {.name = name};
    fts5_api *api = NULL;
    sqlite3_stmt *stmt = NULL;
    void *ctx = NULL;

    if (sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &stmt, NULL) ||
        sqlite3_bind_pointer(stmt, 1, &api, "fts5_api_ptr", NULL) ||
        sqlite3_step(stmt) != SQLITE_ROW || sqlite3_finalize(stmt) || !api ||
        api->xFindTokenizer(api, name, &ctx, &e.f) || e.f.xCreate(ctx, NULL, 0, &e.t))
        die("no such tokenizer");
    return e;
}

static int count(void *ctx, int flags, const char *token, int n, int begin, int end)
{
    (void)flags;
    (void)token;
    (void)begin;
    (void)end;
    *(uint64_t *)ctx += (uint64_t)n > 0;
    return SQLITE_OK;
}

static double tokenize(const engine *e, as_bytes text, uint64_t *tokens)
{
    double from = now();

    *tokens = 0;
    if (e->f.xTokenize(e->t, tokens, FTS5_TOKENIZE_DOCUMENT, (const char *)text.p, (int)text.n,
                       count))
        die("a tokenizer failed");
    return now() - from;
}

/* A piece ends where a character does. */
static size_t piece_of(as_bytes text, size_t at, size_t size)
{
    size_t n = text.n - at < size ? text.n - at : size;

    while (at + n < text.n && (text.p[at + n] & 0xc0) == 0x80)
        n++;
    return n;
}

static double find(as_bytes text, uint64_t *found)
{
    double from = now();

    *found = 0;
    for (size_t at = 0; at < text.n;) {
        as_bytes piece = {text.p + at, piece_of(text, at, PIECE)};
        as_arena *a = as_arena_new((size_t)64 << 20);
        as_iocs iocs = {0};
        as_err err = {0};

        if (!a)
            die("no memory");
        if (as_ioc_find(piece, a, &iocs, &err) && err.code != AS_LIMIT)
            die(err.msg);
        *found += iocs.n;
        as_arena_free(a);
        at += piece.n;
    }
    return now() - from;
}

static double fill(const char *sql, as_bytes text, uint64_t *bytes)
{
    sqlite3 *db = open_db();
    sqlite3_stmt *stmt = NULL;
    double from;

    if (sqlite3_exec(db, sql, NULL, NULL, NULL) || sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) ||
        sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?1)", -1, &stmt, NULL))
        die(sqlite3_errmsg(db));
    from = now();
    for (size_t at = 0; at < text.n;) {
        size_t n = piece_of(text, at, ROW);

        if (sqlite3_bind_text(stmt, 1, (const char *)text.p + at, (int)n, SQLITE_STATIC) ||
            sqlite3_step(stmt) != SQLITE_DONE || sqlite3_reset(stmt))
            die(sqlite3_errmsg(db));
        at += n;
    }
    if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL))
        die(sqlite3_errmsg(db));
    from = now() - from;
    (void)sqlite3_finalize(stmt);
    if (sqlite3_prepare_v2(db, "SELECT sum(length(block)) FROM t_data", -1, &stmt, NULL) ||
        sqlite3_step(stmt) != SQLITE_ROW)
        die(sqlite3_errmsg(db));
    *bytes = (uint64_t)sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    return from;
}

/* --- what is told --------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void put_number(as_jsonw *w, const char *key, double value)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%.4g", value);
    as_jsonw_key(w, key);
    as_jsonw_number(w, as_bytes_of(text));
}

static double put_speed(as_jsonw *w, const char *name, double *seconds, unsigned rounds,
                        size_t bytes, const char *unit, uint64_t units)
{
    double median;

    qsort(seconds, rounds, sizeof(*seconds), by_value);
    median = (double)bytes / 1e6 / seconds[rounds / 2];
    as_jsonw_key(w, name);
    as_jsonw_object(w);
    put_number(w, "mb_per_s", median);
    put_number(w, "best", (double)bytes / 1e6 / seconds[0]);
    as_jsonw_key(w, unit);
    as_jsonw_u64(w, units);
    as_jsonw_end(w);
    return median;
}

static void run_kind(as_jsonw *w, const engine e[2], enum kind kind, unsigned rounds, size_t size)
{
    as_bytes text = generate(kind, size);
    double seconds[3][ROUNDS_MAX], speed[2];
    uint64_t units[3];

    for (unsigned i = 0; i < rounds; i++) {
        seconds[0][i] = tokenize(&e[0], text, &units[0]);
        seconds[1][i] = tokenize(&e[1], text, &units[1]);
        seconds[2][i] = find(text, &units[2]);
    }
    as_jsonw_key(w, kind_names[kind]);
    as_jsonw_object(w);
    as_jsonw_key(w, "bytes");
    as_jsonw_u64(w, text.n);
    for (unsigned i = 0; i < 2; i++)
        speed[i] = put_speed(w, e[i].name, seconds[i], rounds, text.n, "tokens", units[i]);
    put_number(w, "ratio_to_unicode61", speed[0] / speed[1]);
    (void)put_speed(w, "ioc", seconds[2], rounds, text.n, "found", units[2]);
    as_jsonw_end(w);
    free((void *)(uintptr_t)text.p);
}

static void run_index(as_jsonw *w, size_t size)
{
    static const struct {
        const char *name, *sql;
    } tables[] = {
        {"assay", "CREATE VIRTUAL TABLE t USING fts5(x, content='', tokenize='assay')"},
        {"unicode61", "CREATE VIRTUAL TABLE t USING fts5(x, content='', tokenize='unicode61')"},
        {"trigram", "CREATE VIRTUAL TABLE t USING fts5(x, content='', tokenize='trigram')"},
    };

    as_jsonw_key(w, "index");
    as_jsonw_object(w);
    for (enum kind k = ENGLISH; k < KINDS; k++) {
        as_bytes text = generate(k, size);

        as_jsonw_key(w, kind_names[k]);
        as_jsonw_object(w);
        for (size_t i = 0; i < AS_COUNT(tables); i++) {
            uint64_t bytes = 0;
            double s = fill(tables[i].sql, text, &bytes);

            as_jsonw_key(w, tables[i].name);
            as_jsonw_object(w);
            put_number(w, "mb_per_s", (double)text.n / 1e6 / s);
            put_number(w, "index_bytes_per_byte", (double)bytes / (double)text.n);
            as_jsonw_end(w);
        }
        as_jsonw_end(w);
        free((void *)(uintptr_t)text.p);
    }
    as_jsonw_end(w);
}

static void run_hostile(as_jsonw *w, const engine *e)
{
    static const char *const units[] = {
        "a",      "A",     "1",  "_",    ".",       "a.",       "1.",
        "a.b-",   "-",     "\\", "C:\\", "C:\\ ",   "\\\\",     "\"C:\\",
        "“C:\\",  "/",     "/a", "[",    "[.",      "a[.]",     "(",
        ")",      "{",     ":",  "a:",   "http://", "http://(", "http://)))((",
        "%a%\\",  "~",     "恶", "恶.",  "恶a",     "é",        "é.",
        "\xff",   "\xe6",  " ",  "aB",   "aB1_",    "T1059.",   "CVE-",
        "HKLM\\", "a b\\", "@",  "a@",   "a@b.c",   "$+",       "0a:",
        "％",
    };

    as_jsonw_key(w, "hostile");
    as_jsonw_array(w);
    for (size_t i = 0; i < AS_COUNT(units); i++) {
        as_buf b = {0};
        uint64_t n;
        double t[4];
        as_bytes all, quarter;

        while (b.n + strlen(units[i]) <= (size_t)1 << 20)
            as_buf_text(&b, units[i]);
        if (b.failed)
            die("no memory");
        all = as_buf_bytes(&b);
        quarter = (as_bytes){all.p, all.n / 4};
        t[0] = tokenize(e, all, &n);
        t[1] = tokenize(e, quarter, &n);
        /* In one piece: the limit of as_ioc_find() is this size. */
        for (unsigned k = 0; k < 2; k++) {
            as_arena *a = as_arena_new((size_t)64 << 20);
            as_iocs iocs = {0};
            double from = now();

            (void)!as_ioc_find(k ? quarter : all, a, &iocs, NULL);
            t[2 + k] = now() - from;
            as_arena_free(a);
        }
        as_jsonw_object(w);
        as_jsonw_key(w, "of");
        as_jsonw_str(w, as_bytes_of(units[i]));
        put_number(w, "tokenize_s", t[0]);
        put_number(w, "tokenize_quarter_s", t[1]);
        put_number(w, "ioc_s", t[2]);
        put_number(w, "ioc_quarter_s", t[3]);
        as_jsonw_end(w);
        as_buf_done(&b);
    }
    as_jsonw_end(w);
}

static uint64_t number_of(const char *text, uint64_t most)
{
    uint64_t n = 0;

    if (!text || !as_bytes_u64(as_bytes_of(text), &n) || n == 0 || n > most)
        die("usage: bench_tokenizer [--rounds N] [--megabytes N]");
    return n;
}

int main(int argc, char **argv)
{
    unsigned rounds = 7;
    uint64_t megabytes = 20;
    sqlite3 *db = open_db();
    engine e[2] = {engine_of(db, AS_TOKENIZER_NAME), engine_of(db, "unicode61")};
    as_buf out = {0};
    as_jsonw w = as_jsonw_to(&out, 2);

    for (int i = 1; i < argc; i += 2) {
        if (!strcmp(argv[i], "--rounds"))
            rounds = (unsigned)number_of(argv[i + 1], ROUNDS_MAX);
        else if (!strcmp(argv[i], "--megabytes"))
            megabytes = number_of(argv[i + 1], 1000);
        else
            die("usage: bench_tokenizer [--rounds N] [--megabytes N]");
    }
    as_jsonw_object(&w);
    as_jsonw_key(&w, "bench");
    as_jsonw_text(&w, "tokenizer");
    as_jsonw_key(&w, "rounds");
    as_jsonw_u64(&w, rounds);
    for (enum kind k = ENGLISH; k < KINDS; k++)
        run_kind(&w, e, k, rounds, megabytes * 1000000);
    run_index(&w, megabytes * 1000000);
    run_hostile(&w, &e[0]);
    as_jsonw_end(&w);
    e[0].f.xDelete(e[0].t);
    e[1].f.xDelete(e[1].t);
    (void)sqlite3_close(db);
    if (out.failed)
        die("no memory");
    (void)printf("%.*s\n", (int)out.n, (const char *)out.p);
    as_buf_done(&out);
    return 0;
}

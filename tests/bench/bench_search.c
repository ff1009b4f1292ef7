/*
 * How long a search takes over many chunks: words, values, meaning, and all of them joined.
 * Prints one JSON text.
 *
 *     bench_search [--n N] [--full] [--queries N] [--dir DIR] [--vectors DIR] [--ef N]
 *                  [--cpu]
 *
 * Chunks and vectors are generated and seeded, so that every run has the same: bodies of about
 * forty words whose frequencies fall as 1/rank, an address and a domain in each, Chinese words
 * in one of four; a vector of 384 numbers each, around one centre for 100. --full is a million
 * chunks in 10,000 samples; the default is 20,000. DIR (default: a temporary one that goes) is
 * kept and used again. --vectors names a folder that bench_vectors left: its vectors are the
 * same. The encoder costs nothing here: a question comes with its vector.
 *
 * Times are of whole calls in milliseconds, after one round that warms the cache; with --cpu
 * of the processor alone, for a machine that has other work.
 * "recall_at_10" of "dense" is against the exact scan; "same_at_10" of "words" against BM25
 * over every chunk that has one of the words, "score_at_10" the sum of scores against that.
 */
#include "retrieve/retrieve.h"
#include "store/search.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define DIM        384u
#define K          10u
#define FULL       1000000u
#define EACH       100u /* chunks of a sample */
#define WORDS      40u
#define VOCABULARY 50000u
#define BATCH      200u

struct options {
    size_t n, queries;
    const char *dir, *vectors;
    unsigned ef;
};

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_search: %s\n", what);
    exit(4);
}

static clockid_t of_queries = CLOCK_MONOTONIC;

static double read_clock(clockid_t id)
{
    struct timespec t;

    (void)clock_gettime(id, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* --- data ----------------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15u;

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* About normal, of variance 1: the sum of four uniform ones. */
static float normal(uint64_t *state)
{
    uint64_t x = next_random(state);
    uint32_t sum = (uint32_t)(x & 0xffff) + (uint32_t)(x >> 16 & 0xffff) +
                   (uint32_t)(x >> 32 & 0xffff) + (uint32_t)(x >> 48);

    return ((float)sum - 131070.0F) / 37837.0F;
}

/* As bench_vectors has it: its centre, and 0.7 as much noise; of length 1. */
static void make_vector(size_t n, uint64_t number, float *v)
{
    uint64_t of_cluster = number, of_vector = number * 0x2545f4914f6cdd1du + 1;
    double sum = 0;

    of_cluster = next_random(&of_cluster) % (n / 100 + 1) * 0x9e3779b97f4a7c15u + 7;
    for (size_t i = 0; i < DIM; i++) {
        v[i] = normal(&of_cluster) + 0.7F * normal(&of_vector);
        sum += (double)v[i] * v[i];
    }
    for (size_t i = 0; i < DIM; i++)
        v[i] = (float)(v[i] / sqrt(sum));
}

/* Word number `rank`, from 0: letters alone, so that it is no name. */
static void put_word(as_buf *out, uint64_t rank)
{
    static const char *const first[] = {"ba", "co", "di", "fu", "ge", "ha", "jo", "ki",
                                        "lu", "me", "na", "po", "ri", "su", "te", "vo"};

    do {
        as_buf_text(out, first[rank % 16]);
        rank /= 16;
    } while (rank > 0);
    as_buf_byte(out, 'n');
}

/* Ranks fall as 1/rank: the exponential of a uniform number. */
static uint64_t pick_rank(uint64_t *state)
{
    double u = (double)(next_random(state) >> 11) / 9007199254740992.0;

    return (uint64_t)exp(u * log((double)VOCABULARY)) - 1;
}

static const char *const chinese[] = {"文件",   "进程", "注册表", "网络连接", "互斥体",
                                      "持久化", "加密", "下载",   "窃取密码", "恶意软件"};

static void put_values(as_buf *out, uint64_t number)
{
    as_buf_printf(out, " 10.%llu.%llu.%llu host%llu.example.com",
                  (unsigned long long)(number >> 16 & 255), (unsigned long long)(number >> 8 & 255),
                  (unsigned long long)(number & 255), (unsigned long long)number);
}

static void make_body(uint64_t number, as_buf *out)
{
    uint64_t state = number * 0x2545f4914f6cdd1du + 11;

    as_buf_reset(out);
    for (unsigned i = 0; i < WORDS; i++) {
        put_word(out, pick_rank(&state));
        as_buf_byte(out, i % 10 == 9 ? '.' : ' ');
    }
    if (number % 4 == 0)
        as_buf_text(out, chinese[next_random(&state) % AS_COUNT(chinese)]);
    put_values(out, number);
}

/* --- store ---------------------------------------------------------------------------------- */

struct maker {
    uint64_t number; /* of the next chunk */
    as_buf body;
};

static as_code make_chunks(void *ctx, const as_analysis *a, as_chunk_put_fn *put, void *sink,
                           as_err *err)
{
    struct maker *m = ctx;
    char context[64];
    as_code rc = AS_OK;

    (void)a;
    for (unsigned i = 0; !rc && i < EACH; i++) {
        uint32_t fact = 0;
        as_chunk c = {.parent = -1,
                      .section = (as_section)(i % AS_SECTION_COUNT),
                      .lang = AS_LANG_EN,
                      .trust = AS_TRUST_SAMPLE,
                      .facts = &fact,
                      .n_facts = 1};

        (void)snprintf(context, sizeof(context), "sample%llu.exe | Cuckoo | %s",
                       (unsigned long long)(m->number / EACH), as_section_name(c.section));
        make_body(++m->number, &m->body);
        memcpy(c.uid, &m->number, sizeof(m->number));
        c.context = as_bytes_of(context);
        c.body = as_buf_bytes(&m->body);
        rc = put(sink, &c, err);
    }
    return rc;
}

static void add_sample(as_store *s, size_t number, struct maker *m)
{
    as_store_add_options options = {.chunks = make_chunks, .chunks_ctx = m};
    as_source *source = NULL;
    as_added added = {0};
    as_err err = {0};
    char report[512];

    (void)snprintf(report, sizeof(report),
                   "{\"info\":{\"version\":\"2.0.7\",\"id\":%zu,\"started\":1483610523.5},"
                   "\"target\":{\"category\":\"file\",\"file\":{\"name\":\"sample%zu.exe\","
                   "\"sha256\":\"%064zu\"}},\"behavior\":{\"processes\":[]}}",
                   number, number, number);
    if (as_source_open_bytes(as_bytes_of(report), NULL, &source, &err) ||
        as_store_add(s, source, &options, &added, &err))
        die(err.msg);
    as_source_free(source);
}

static double fill_store(const struct options *o, as_store *s)
{
    struct maker m = {0};
    double start = now();
    as_err err = {0};

    for (size_t i = 0; i < o->n / EACH; i++) {
        if (i % BATCH == 0 && as_store_batch(s, &err))
            die(err.msg);
        add_sample(s, i, &m);
        if ((i % BATCH == BATCH - 1 || i + 1 == o->n / EACH) && as_store_commit(s, &err))
            die(err.msg);
    }
    as_buf_done(&m.body);
    return now() - start;
}

static as_store *open_store(const struct options *o, double *ret_seconds)
{
    as_search_filter none = {0};
    uint64_t samples = 0, chunks = 0;
    as_store *s = NULL;
    as_err err = {0};

    if (as_store_open(o->dir, AS_STORE_WRITE, &s, &err) ||
        as_search_scope(s, &none, &samples, &chunks, &err))
        die(err.msg);
    *ret_seconds = 0;
    if (chunks == 0)
        *ret_seconds = fill_store(o, s);
    else if (chunks != o->n)
        die("the folder holds another number of chunks");
    as_store_close(s);
    if (as_store_open(o->dir, AS_STORE_READ, &s, &err))
        die(err.msg);
    return s;
}

static as_vectors *open_vectors(const struct options *o, double *ret_seconds)
{
    as_vectors_options options = {.dim = DIM, .ef = o->ef};
    char folder[4096];
    as_vectors *v = NULL;
    as_err err = {0};
    float vector[DIM];
    double start = now();

    (void)snprintf(folder, sizeof(folder), "%s/vectors", o->dir);
    (void)mkdir(folder, 0700);
    if (as_vectors_open(o->vectors ? o->vectors : folder, "bench", &options, &v, &err))
        die(err.msg);
    if (as_vectors_count(v) == 0) {
        for (size_t i = 0; i < o->n; i++) {
            as_vector_tags tags = {(int64_t)(i / EACH) + 1, 1,
                                   1 + (uint32_t)(i % EACH % AS_SECTION_COUNT), 1};

            make_vector(o->n, i, vector);
            if (as_vectors_put(v, (int64_t)i + 1, vector, &tags, &err))
                die(err.msg);
        }
        if (as_vectors_commit(v, &err))
            die(err.msg);
    }
    if (as_vectors_count(v) != o->n)
        die("the folder holds another number of vectors");
    *ret_seconds = now() - start;
    return v;
}

/* --- questions ------------------------------------------------------------------------------- */

typedef enum kind { COMMON, MIXED, RARE, VALUE, CHINESE, KINDS } kind;

static const char *const kind_names[] = {"common_words", "mixed_words", "rare_words", "value",
                                         "chinese"};

static void put_question(const struct options *o, kind k, size_t i, as_buf *out)
{
    uint64_t state = i * 7919 + (uint64_t)k * 104729 + 3, host;

    as_buf_reset(out);
    if (k == VALUE) {
        as_buf_text(out, "which samples spoke to");
        host = next_random(&state) % o->n + 1;
        as_buf_printf(out, " host%llu[.]example[.]com", (unsigned long long)host);
        return;
    }
    for (unsigned w = 0; w < 4; w++) {
        bool rare = k == RARE || (k == MIXED && w == 0);
        uint64_t rank = rare ? 2000 + next_random(&state) % 30000 : next_random(&state) % 60;

        if (k == CHINESE && w < 2)
            as_buf_text(out, chinese[next_random(&state) % AS_COUNT(chinese)]);
        else
            put_word(out, rank);
        as_buf_byte(out, ' ');
    }
}

/* --- timing ------------------------------------------------------------------------------------
 */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print_times(const char *name, double *ms, size_t n)
{
    qsort(ms, n, sizeof(*ms), by_value);
    printf("\"%s\": {\"queries\": %zu, \"p50_ms\": %.3f, \"p95_ms\": %.3f, \"p99_ms\": %.3f", name,
           n, ms[n / 2], ms[n * 95 / 100], ms[n * 99 / 100]);
}

struct run {
    const struct options *o;
    as_store *s;
    as_vectors *v;
    float vector[DIM];
    double *ms;
    as_buf text;
};

static as_code no_cost(void *ctx, const as_bytes *texts, size_t n, float *ret, as_err *err)
{
    const struct run *r = ctx;

    (void)texts;
    (void)n;
    (void)err;
    memcpy(ret, r->vector, sizeof(r->vector));
    return AS_OK;
}

/* One question; how many passages. */
static size_t ask(struct run *r, bool dense, double *ret_ms)
{
    as_encoder encoder = {"bench", DIM, 0, no_cost, no_cost, r};
    as_retriever_query q = {.text = as_buf_bytes(&r->text), .k = K};
    as_arena *a = as_arena_new((size_t)256 << 20);
    as_retrieved *found = NULL;
    as_err err = {0};
    double start;
    size_t n;

    if (dense) {
        q.encoder = &encoder;
        q.vectors = r->v;
    }
    start = read_clock(of_queries);
    if (!a || as_retrieve(r->s, &q, a, &found, &err))
        die(err.msg);
    *ret_ms = (read_clock(of_queries) - start) * 1e3;
    n = found->n;
    as_arena_free(a);
    return n;
}

static void time_kind(struct run *r, kind k, bool dense)
{
    size_t found = 0;

    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < r->o->queries; i++) {
            put_question(r->o, k, i, &r->text);
            make_vector(r->o->n, r->o->n + i, r->vector);
            found += ask(r, dense, &r->ms[i]) > 0;
        }
    }
    print_times(kind_names[k], r->ms, r->o->queries);
    printf(", \"answered\": %.3f}", (double)found / (double)(2 * r->o->queries));
}

static void time_kinds(struct run *r, const char *name, bool dense)
{
    double *all = r->ms;

    printf("\"%s\": {", name);
    for (unsigned k = 0; k < KINDS; k++) {
        r->ms = all + k * r->o->queries;
        time_kind(r, (kind)k, dense);
        printf(", ");
    }
    r->ms = all;
    print_times("all", all, KINDS * r->o->queries);
    printf("}}, ");
    (void)fflush(stdout);
}

/* The words alone, and how they compare with ranking every row. */
static void compare_words(struct run *r)
{
    size_t most_of = r->o->n > 200000 ? 10 : 40; /* every row of a million takes seconds */
    size_t same = 0, most = 0, n = r->o->queries < most_of ? r->o->queries : most_of;
    double *slow = r->ms + n, got = 0, best = 0;

    for (size_t i = 0; i < n; i++) {
        as_search_limits limits = {.base = K, .child = K};
        as_arena *a = as_arena_new((size_t)1 << 30);
        as_search_filter none = {0};
        as_search_words words = {0};
        as_search_found fast = {0}, all = {0};
        as_err err = {0};
        double start;

        put_question(r->o, i % 2 ? COMMON : MIXED, i, &r->text);
        if (!a || as_search_parse(as_buf_bytes(&r->text), a, &words, &err))
            die(err.msg);
        start = read_clock(of_queries);
        if (as_search_run(r->s, words.p, words.n, &none, &limits, a, &fast, &err))
            die(err.msg);
        r->ms[i] = (read_clock(of_queries) - start) * 1e3;
        limits.all = true;
        start = read_clock(of_queries);
        if (as_search_run(r->s, words.p, words.n, &none, &limits, a, &all, &err))
            die(err.msg);
        slow[i] = (read_clock(of_queries) - start) * 1e3;
        most += all.n_base;
        for (size_t y = 0; y < all.n_base; y++)
            best += all.base[y].score;
        for (size_t x = 0; x < fast.n_base; x++) {
            got += fast.base[x].score;
            for (size_t y = 0; y < all.n_base; y++)
                same += fast.base[x].id == all.base[y].id;
        }
        as_arena_free(a);
    }
    printf("\"words\": {");
    print_times("two_phases", r->ms, n);
    printf("}, ");
    print_times("every_row", slow, n);
    printf("}, \"same_at_10\": %.3f, \"score_at_10\": %.3f}, ",
           most ? (double)same / (double)most : 1.0, best > 0 ? got / best : 1.0);
}

static void compare_dense(struct run *r)
{
    size_t same = 0, most = 0, n = r->o->queries < 100 ? r->o->queries : 100;

    for (size_t i = 0; i < n; i++) {
        as_hit fast[100], exact[K];
        size_t n_fast = 0, n_exact = 0;
        as_err err = {0};
        double start;

        make_vector(r->o->n, r->o->n + i, r->vector);
        start = read_clock(of_queries);
        if (as_vectors_search(r->v, r->vector, 100, NULL, fast, &n_fast, &err))
            die(err.msg);
        r->ms[i] = (read_clock(of_queries) - start) * 1e3;
        if (as_vectors_search_exact(r->v, r->vector, K, NULL, exact, &n_exact, &err))
            die(err.msg);
        for (size_t x = 0; x < n_fast && x < K; x++) {
            for (size_t y = 0; y < n_exact; y++)
                same += fast[x].id == exact[y].id;
        }
        most += n_exact;
    }
    printf("\"dense\": {\"engine\": \"%s\", ", as_vectors_engine(r->v));
    print_times("hundred_nearest", r->ms, n);
    printf("}, \"recall_at_10\": %.4f}, ", most ? (double)same / (double)most : 1.0);
}

static long long size_of(const char *dir, const char *name)
{
    char path[4096];
    struct stat st;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return stat(path, &st) ? -1 : (long long)st.st_size;
}

static void bench(const struct options *o)
{
    struct run r = {.o = o};
    double store_s, vectors_s;
    struct rusage u;

    r.ms = malloc((KINDS + 2) * (o->queries + 100) * sizeof(*r.ms));
    if (!r.ms)
        die("no memory");
    r.s = open_store(o, &store_s);
    r.v = open_vectors(o, &vectors_s);
    printf("{\"benchmark\": \"search\", \"n\": %zu, \"dim\": %u, \"store_s\": %.1f, "
           "\"vectors_s\": %.1f, \"db_bytes\": %lld, \"clock\": \"%s\", ",
           o->n, DIM, store_s, vectors_s, size_of(o->dir, "assay.db"),
           of_queries == CLOCK_MONOTONIC ? "wall" : "cpu");
    compare_dense(&r);
    time_kinds(&r, "lexical", false);
    time_kinds(&r, "hybrid", true);
    compare_words(&r);
    (void)getrusage(RUSAGE_SELF, &u);
    printf("\"peak_mb\": %.0f}\n", (double)u.ru_maxrss * 1024 / 1e6);
    as_vectors_close(r.v);
    as_store_close(r.s);
    as_buf_done(&r.text);
    free(r.ms);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st;
    (void)type;
    (void)f;
    return remove(path);
}

static size_t number(const char *text)
{
    uint64_t n;

    if (!text || !as_bytes_u64(as_bytes_of(text), &n))
        die("a number is missing");
    return (size_t)n;
}

int main(int argc, char **argv)
{
    struct options o = {.n = 20000, .queries = 200};
    char temp[] = "/tmp/bench_search.XXXXXX";

    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;

        if (!strcmp(name, "--full")) {
            o.n = FULL;
            continue;
        }
        if (!strcmp(name, "--cpu")) {
            of_queries = CLOCK_THREAD_CPUTIME_ID;
            continue;
        }
        if (!strcmp(name, "--n"))
            o.n = number(value) / EACH * EACH;
        else if (!strcmp(name, "--queries"))
            o.queries = number(value);
        else if (!strcmp(name, "--ef"))
            o.ef = (unsigned)number(value);
        else if (!strcmp(name, "--dir") && value)
            o.dir = value;
        else if (!strcmp(name, "--vectors") && value)
            o.vectors = value;
        else
            die("usage: bench_search [--n N] [--full] [--queries N] [--dir DIR] [--vectors DIR] "
                "[--ef N] [--cpu]");
        i++;
    }
    if (o.n == 0 || o.queries == 0)
        die("there is nothing to measure");
    if (o.dir) {
        bench(&o);
        return 0;
    }
    o.dir = mkdtemp(temp);
    if (!o.dir)
        die("no temporary folder");
    bench(&o);
    (void)nftw(temp, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}

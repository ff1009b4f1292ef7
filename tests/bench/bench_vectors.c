/*
 * How fast and how right as_vectors is, next to a plain f32 loop and to hnswlib as it comes,
 * in the same run. Prints one JSON text.
 *
 *     bench_vectors [--n N] [--full] [--dim N] [--clusters N] [--queries N] [--m N] [--efc N]
 *                   [--ef N] [--exact-max N] [--threads N] [--peer-n N] [--scan-n N] [--dir DIR]
 *
 * Vectors are generated: points around `clusters` centres (default: one for 100 vectors),
 * seeded, so that every run has the same; queries are further points of the same kind.
 * --full is a million; the default is 60,000. The peer gets the first --peer-n of them
 * (default 60,000; 0: none), with the same m and ef_construction; it is compiled for AVX-512
 * and left out where that is absent. "scan" is the exact int8 scan of the first --scan-n.
 * Times are per query, one thread, in milliseconds; cpu_ is the processor's own time. Recall is
 * that of 10, against as_vectors_search_exact(), which is itself checked against the plain loop.
 */
#include "base/base.h"
#include "bench/peer_hnswlib.h"
#include "retrieve/vectors.h"

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

#define K         10u
#define FULL      1000000u
#define NAIVE_MAX 20u /* queries of the plain loop: it is slow */

struct options {
    size_t n, dim, clusters, queries, peer_n, scan_n;
    as_vectors_options vectors;
    const char *dir;
};

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_vectors: %s\n", what);
    exit(4);
}

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *get(size_t size)
{
    void *p = malloc(size ? size : 1);

    if (!p)
        die("no memory");
    return p;
}

/* --- data ------------------------------------------------------------------------------------- */

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

/* Vector `number`: its centre, and 0.7 as much noise; of length 1. */
static void generate(const struct options *o, uint64_t number, float *v)
{
    uint64_t of_cluster = number, of_vector = number * 0x2545f4914f6cdd1du + 1;
    double sum = 0;

    of_cluster = next_random(&of_cluster) % o->clusters * 0x9e3779b97f4a7c15u + 7;
    for (size_t i = 0; i < o->dim; i++) {
        v[i] = normal(&of_cluster) + 0.7F * normal(&of_vector);
        sum += (double)v[i] * v[i];
    }
    for (size_t i = 0; i < o->dim; i++)
        v[i] = (float)(v[i] / sqrt(sum));
}

/* --- timing ------------------------------------------------------------------------------------
 */

/* Of each query: on the clock, and of the processor (what others on the machine took is out). */
struct times {
    double *ms, *cpu;
    size_t n;
};

static double cpu_now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct times times_new(size_t n)
{
    return (struct times){get(n * sizeof(double)), get(n * sizeof(double)), n};
}

static void times_free(struct times t)
{
    free(t.ms);
    free(t.cpu);
}

static void times_begin(struct times *t, size_t i)
{
    t->ms[i] = now();
    t->cpu[i] = cpu_now();
}

static void times_end(struct times *t, size_t i)
{
    t->cpu[i] = 1e3 * (cpu_now() - t->cpu[i]);
    t->ms[i] = 1e3 * (now() - t->ms[i]);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double part(double *ms, size_t n, double share)
{
    qsort(ms, n, sizeof(double), by_value);
    return ms[(size_t)(share * (double)(n - 1))];
}

static void print_times(const char *name, struct times *t)
{
    printf("\"%s\": {\"queries\": %zu, \"p50_ms\": %.4f, \"p95_ms\": %.4f, \"p99_ms\": %.4f, "
           "\"cpu_p50_ms\": %.4f",
           name, t->n, part(t->ms, t->n, .5), part(t->ms, t->n, .95), part(t->ms, t->n, .99),
           part(t->cpu, t->n, .5));
}

static size_t common(const as_hit *a, const as_hit *b, size_t n)
{
    size_t same = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            same += a[i].id == b[k].id;
    return same;
}

/* --- contenders ----------------------------------------------------------------------------------
 */

typedef as_code search_fn(as_vectors *v, const float *query, size_t k, const as_vector_tags *filter,
                          as_hit *hits, size_t *ret_n, as_err *err);

static struct times run(const struct options *o, search_fn *search, as_vectors *v,
                        const float *queries, const as_vector_tags *filter, as_hit *hits)
{
    struct times t = times_new(o->queries);
    as_err err = {0};
    size_t n = 0;

    for (size_t i = 0; i < o->queries; i++) {
        memset(hits + i * K, 0xff, K * sizeof(*hits));
        times_begin(&t, i);
        if (search(v, queries + i * o->dim, K, filter, hits + i * K, &n, &err))
            die(err.msg);
        times_end(&t, i);
    }
    return t;
}

static float plain_dot(const float *a, const float *b, size_t dim)
{
    float sum = 0;

    for (size_t i = 0; i < dim; i++)
        sum += a[i] * b[i];
    return sum;
}

/* The plain loop over all vectors; hits by insertion. */
static struct times run_plain(const struct options *o, const float *all, size_t n, size_t n_queries,
                              const float *queries, as_hit *hits)
{
    struct times t = times_new(n_queries);

    for (size_t q = 0; q < n_queries; q++) {
        as_hit *best = hits + q * K;

        times_begin(&t, q);
        for (size_t i = 0; i < K; i++)
            best[i] = (as_hit){-1, -2};
        for (size_t i = 0; i < n; i++) {
            as_hit x = {(int64_t)i + 1, plain_dot(all + i * o->dim, queries + q * o->dim, o->dim)};

            for (size_t k = 0; k < K && x.score > best[K - 1].score; k++) {
                if (x.score > best[k].score) {
                    as_hit last = best[k];

                    best[k] = x;
                    x = last;
                }
            }
        }
        times_end(&t, q);
    }
    return t;
}

/* --- the parts of a run
 * ---------------------------------------------------------------------------- */

static as_vectors *open_at(const struct options *o, const char *folder, size_t exact_max)
{
    as_vectors_options options = o->vectors;
    as_vectors *v = NULL;
    as_err err = {0};

    options.exact_max = exact_max;
    if (as_vectors_open(folder, "bench", &options, &v, &err))
        die(err.msg);
    return v;
}

/* A kind of one in eight has tool 1; a sample has 50 vectors. */
static void fill(const struct options *o, as_vectors *v, size_t n, const float *all)
{
    as_err err = {0};

    for (size_t i = 0; i < n; i++) {
        as_vector_tags tags = {(int64_t)i / 50 + 1, i % 8 == 0 ? 1 : 2, 1 + (uint32_t)(i % 11), 1};

        if (as_vectors_put(v, (int64_t)i + 1, all + i * o->dim, &tags, &err))
            die(err.msg);
    }
}

static void print_recall(const as_hit *a, const as_hit *truth, size_t n)
{
    size_t same = 0, most = 0;

    for (size_t i = 0; i < n; i++) {
        same += common(a + i * K, truth + i * K, K);
        most += K;
    }
    printf(", \"recall_at_10\": %.4f}", (double)same / (double)most);
}

static void part_scan(const struct options *o, const char *folder, const float *all,
                      const float *queries)
{
    as_hit *fast = get(o->queries * K * sizeof(as_hit)),
           *exact = get(o->queries * K * sizeof(as_hit));
    as_hit *plain = get(o->queries * K * sizeof(as_hit));
    size_t n_plain = o->queries < NAIVE_MAX ? o->queries : NAIVE_MAX;
    as_vectors *v = open_at(o, folder, SIZE_MAX);
    as_err err = {0};
    struct times t;

    fill(o, v, o->scan_n, all);
    if (as_vectors_commit(v, &err))
        die(err.msg);
    printf("\"scan\": {\"n\": %zu, ", o->scan_n);
    times_free(run(o, as_vectors_search, v, queries, NULL, fast));
    t = run(o, as_vectors_search, v, queries, NULL, fast); /* the pages are there now */
    print_times("int8", &t);
    times_free(t);
    t = run(o, as_vectors_search_exact, v, queries, NULL, exact);
    print_recall(fast, exact, o->queries);
    printf(", ");
    print_times("exact", &t);
    times_free(t);
    t = run_plain(o, all, o->scan_n, n_plain, queries, plain);
    print_recall(exact, plain, n_plain);
    printf(", ");
    print_times("plain_f32", &t);
    times_free(t);
    printf("}}");
    as_vectors_close(v);
    free(fast);
    free(exact);
    free(plain);
}

/* The second of two rounds is measured: the pages are there then. */
static void print_query(const struct options *o, const char *name, as_vectors *v,
                        const float *queries, const as_vector_tags *filter)
{
    as_hit *fast = get(o->queries * K * sizeof(as_hit));
    as_hit *exact = get(o->queries * K * sizeof(as_hit));
    struct times t;

    times_free(run(o, as_vectors_search, v, queries, filter, fast));
    t = run(o, as_vectors_search, v, queries, filter, fast);
    printf(", ");
    print_times(name, &t);
    times_free(t);
    times_free(run(o, as_vectors_search_exact, v, queries, filter, exact));
    print_recall(fast, exact, o->queries);
    (void)fflush(stdout);
    free(fast);
    free(exact);
}

/* The same graph, searched less and more widely. */
static void print_efs(const struct options *o, const char *folder, const float *queries)
{
    static const unsigned efs[] = {32, 64, 96, 128, 192, 256, 384, 512};

    for (size_t i = 0; i < AS_COUNT(efs); i++) {
        struct options with = *o;
        as_vectors *v;
        char name[16];

        with.vectors.ef = efs[i];
        v = open_at(&with, folder, o->vectors.exact_max);
        (void)snprintf(name, sizeof(name), "ef%u", efs[i]);
        print_query(o, name, v, queries, NULL);
        as_vectors_close(v);
    }
}

static long long size_of(const char *folder, const char *name)
{
    char path[4096];
    struct stat st;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return stat(path, &st) ? -1 : (long long)st.st_size;
}

static double peak_mb(void)
{
    struct rusage u;

    (void)getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_maxrss * 1024 / 1e6;
}

static void part_graph(const struct options *o, const char *folder, const float *all,
                       const float *queries)
{
    const as_vector_tags tool = {.tool = 1}, sample = {.sample = 7},
                         both = {.tool = 1, .section = 3};
    as_vectors *v = open_at(o, folder, SIZE_MAX);
    double start = now(), put, commit;
    as_err err = {0};

    fill(o, v, o->n, all);
    put = now() - start;
    start = now();
    if (as_vectors_commit(v, &err))
        die(err.msg);
    commit = now() - start;
    as_vectors_close(v);
    v = open_at(o, folder, o->vectors.exact_max);
    start = now();
    if (as_vectors_index(v, &err))
        die(err.msg);
    printf("\"graph\": {\"n\": %zu, \"put_s\": %.2f, \"commit_s\": %.2f, \"build_s\": %.1f, ", o->n,
           put, commit, now() - start);
    as_vectors_close(v);
    start = now();
    v = open_at(o, folder, o->vectors.exact_max);
    printf("\"open_ms\": %.1f, \"engine\": \"%s\", \"graph_bytes\": %lld, \"log_bytes\": %lld",
           1e3 * (now() - start), as_vectors_engine(v), size_of(folder, "graph"),
           size_of(folder, "log"));
    print_query(o, "all", v, queries, NULL);
    print_query(o, "tool_1_in_8", v, queries, &tool);
    print_query(o, "tool_and_section_1_in_88", v, queries, &both);
    print_query(o, "sample_of_50", v, queries, &sample);
    as_vectors_close(v);
    print_efs(o, folder, queries);
    printf(", \"peak_rss_mb\": %.0f}", peak_mb());
}

static void part_peer(const struct options *o, const float *all, const float *queries)
{
    static const size_t efs[] = {16, 32, 64, 128};
    as_hit *plain = get(NAIVE_MAX * K * sizeof(as_hit)),
           *found = get(NAIVE_MAX * K * sizeof(as_hit));
    size_t n_plain = o->queries < NAIVE_MAX ? o->queries : NAIVE_MAX;
    double start = now();
    struct peer *p = peer_build(all, o->dim, o->peer_n, o->vectors.m ? o->vectors.m : 16,
                                o->vectors.ef_construction ? o->vectors.ef_construction : 200,
                                o->vectors.threads);

    if (!p) {
        printf("\"hnswlib_f32\": null");
        free(plain);
        free(found);
        return;
    }
    printf("\"hnswlib_f32\": {\"n\": %zu, \"build_s\": %.1f, ", o->peer_n, now() - start);
    times_free(run_plain(o, all, o->peer_n, n_plain, queries, plain));
    for (size_t e = 0; e < AS_COUNT(efs); e++) {
        struct times t = times_new(o->queries);
        int64_t ids[K];
        char name[16];

        for (size_t i = 0; i < o->queries; i++) {
            size_t n;

            times_begin(&t, i);
            n = peer_search(p, queries + i * o->dim, K, efs[e], ids);
            times_end(&t, i);
            for (size_t k = 0; i < n_plain && k < K; k++)
                found[i * K + k] = (as_hit){k < n ? ids[k] + 1 : -1, 0};
        }
        (void)snprintf(name, sizeof(name), "ef%zu", efs[e]);
        print_times(name, &t);
        print_recall(found, plain, n_plain);
        printf("%s", e + 1 < AS_COUNT(efs) ? ", " : "}");
        times_free(t);
    }
    peer_free(p);
    free(plain);
    free(found);
}

/* --- main
 * ------------------------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static size_t number(const char *text)
{
    uint64_t x = 0;

    if (!text || !as_bytes_u64(as_bytes_of(text), &x))
        die("a number is missing");
    return (size_t)x;
}

static void take_option(struct options *o, const char *name, const char *value)
{
    if (!strcmp(name, "--n"))
        o->n = number(value);
    else if (!strcmp(name, "--dim"))
        o->dim = number(value);
    else if (!strcmp(name, "--clusters"))
        o->clusters = number(value);
    else if (!strcmp(name, "--queries"))
        o->queries = number(value);
    else if (!strcmp(name, "--m"))
        o->vectors.m = (unsigned)number(value);
    else if (!strcmp(name, "--efc"))
        o->vectors.ef_construction = (unsigned)number(value);
    else if (!strcmp(name, "--ef"))
        o->vectors.ef = (unsigned)number(value);
    else if (!strcmp(name, "--exact-max"))
        o->vectors.exact_max = number(value);
    else if (!strcmp(name, "--threads"))
        o->vectors.threads = (unsigned)number(value);
    else if (!strcmp(name, "--peer-n"))
        o->peer_n = number(value);
    else if (!strcmp(name, "--scan-n"))
        o->scan_n = number(value);
    else if (!strcmp(name, "--dir") && value)
        o->dir = value;
    else
        die("unknown option");
}

static void measure(const struct options *o, const char *folder)
{
    size_t most = o->n > o->scan_n ? o->n : o->scan_n;
    float *all, *queries = get(o->queries * o->dim * sizeof(float));
    char path[4096];

    most = most > o->peer_n ? most : o->peer_n;
    all = get(most * o->dim * sizeof(float));
    for (size_t i = 0; i < most; i++)
        generate(o, i, all + i * o->dim);
    for (size_t i = 0; i < o->queries; i++)
        generate(o, ((uint64_t)1 << 40) + i, queries + i * o->dim);
    printf("{\"benchmark\": \"vectors\", \"dim\": %zu, \"clusters\": %zu, ", o->dim, o->clusters);
    if (o->scan_n) {
        (void)snprintf(path, sizeof(path), "%s/scan", folder);
        part_scan(o, path, all, queries);
        printf(", ");
    }
    (void)fflush(stdout);
    (void)snprintf(path, sizeof(path), "%s/graph", folder);
    part_graph(o, path, all, queries);
    (void)fflush(stdout);
    printf(", ");
    if (o->peer_n)
        part_peer(o, all, queries);
    else
        printf("\"hnswlib_f32\": null");
    printf("}\n");
    free(all);
    free(queries);
}

int main(int argc, char **argv)
{
    struct options o = {.n = 60000, .dim = 384, .queries = 500, .peer_n = 60000, .scan_n = 60000};
    const char *tmp = getenv("TMPDIR");
    char folder[2048];

    o.vectors.exact_max = 50000;
    o.dir = tmp ? tmp : "/tmp";
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--full")) {
            o.n = FULL;
            o.scan_n = 200000;
            o.vectors.exact_max = 0;
        } else {
            take_option(&o, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
            i++;
        }
    }
    o.vectors.dim = o.dim;
    if (!o.clusters)
        o.clusters = o.n / 100 + 1;
    if (!o.queries || !o.dim)
        die("nothing to do");
    (void)snprintf(folder, sizeof(folder), "%s/bench_vectors.XXXXXX", o.dir);
    if (!mkdtemp(folder))
        die("cannot make a folder");
    measure(&o, folder);
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}

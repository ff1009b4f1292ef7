/*
 * How fast the JSON parser is, next to yajl in the same run. Prints one JSON text.
 *
 *     bench_json [--rounds N] [--megabytes N] [FILE...]
 *
 * FILEs may be gzip. Without any: a generated report of 200 MB, indented, the same
 * without blanks, and the 75 MB report of the data set where that is present. Each
 * round runs every contender once, in turn, so that a slow minute hits them all.
 * The scanners' figures are the parser's alone, reading from memory without a digest,
 * as yajl does; "file" is what the program does: from the file, with its SHA-256.
 * "source_alone" is the reading and the SHA-256 without the parser. yajl gets 64 KiB at
 * a time, once without callbacks, once with empty ones. The memory figure is that of a
 * process of its own that parses the file once.
 */
#include "base/buf.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "base/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <yajl/yajl_parse.h>

#include "base/banned.h"

#define ROUNDS_MIN 7u
#define ROUNDS_MAX 99u
#define FEED       ((size_t)64 << 10)
#define REAL_REPORT                                                                                \
    "reports/capa-testfiles/dynamic/cape/v2.4/capesandbox_com/"                                    \
    "f5c93ac768c8206e87544ddd76b3277c.json.gz"

enum contender { PLAIN, AVX2, AVX512, FILE_AUTO, SOURCE, YAJL, CONTENDERS };

static const char *const names[CONTENDERS] = {"plain", "avx2",         "avx512",
                                              "file",  "source_alone", "yajl"};

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_json: %s\n", what);
    exit(4);
}

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Reads `s` to its end; frees it. False: the scanner is not for this processor. */
static bool parse(as_source *s, as_json_simd simd)
{
    as_json *j = NULL;
    as_json_tok t = {0};
    as_err err = {0};
    bool can;

    if (as_json_new(s, NULL, &j, &err))
        die(err.msg);
    can = as_json_use(j, simd) == AS_OK;
    while (can) {
        if (as_json_next(j, &t, &err))
            die(err.msg);
        if (t.type == AS_JSON_END)
            break;
    }
    as_json_free(j);
    as_source_free(s);
    return can;
}

static bool parse_bytes(as_bytes in, as_json_simd simd)
{
    as_source *s = NULL;
    as_err err = {0};

    if (as_source_open_bytes(in, NULL, &s, &err))
        die(err.msg);
    as_source_hash(s, false);
    return parse(s, simd);
}

static void drain(as_bytes in)
{
    static uint8_t chunk[FEED];
    as_source *s = NULL;
    as_err err = {0};
    size_t got = 1;

    if (as_source_open_bytes(in, NULL, &s, &err))
        die(err.msg);
    while (got) {
        if (as_source_read(s, chunk, sizeof(chunk), &got, &err))
            die(err.msg);
    }
    as_source_free(s);
}

static bool parse_file(const char *path)
{
    as_source *s = NULL;
    as_err err = {0};

    if (as_source_open(path, NULL, &s, &err))
        die(err.msg);
    return parse(s, AS_JSON_AUTO);
}

static int ignore(void *ctx)
{
    (void)ctx;
    return 1;
}

static int ignore_boolean(void *ctx, int value)
{
    (void)ctx;
    (void)value;
    return 1;
}

static int ignore_number(void *ctx, const char *text, size_t n)
{
    (void)ctx;
    (void)text;
    (void)n;
    return 1;
}

static int ignore_text(void *ctx, const unsigned char *text, size_t n)
{
    (void)ctx;
    (void)text;
    (void)n;
    return 1;
}

/* With `calls` every event reaches a callback that does nothing; without, none does. */
static void parse_yajl(as_bytes in, const yajl_callbacks *calls)
{
    yajl_handle h = yajl_alloc(calls, NULL, NULL);

    if (!h)
        die("no memory for yajl");
    for (size_t at = 0; at < in.n; at += FEED) {
        if (yajl_parse(h, in.p + at, in.n - at < FEED ? in.n - at : FEED) != yajl_status_ok)
            die("yajl refuses the input");
    }
    if (yajl_complete_parse(h) != yajl_status_ok)
        die("yajl refuses the input");
    yajl_free(h);
}

static bool run_once(enum contender c, const char *path, as_bytes in)
{
    switch (c) {
    case PLAIN:
        return parse_bytes(in, AS_JSON_PLAIN);
    case AVX2:
        return parse_bytes(in, AS_JSON_AVX2);
    case AVX512:
        return parse_bytes(in, AS_JSON_AVX512);
    case FILE_AUTO:
        return parse_file(path);
    case SOURCE:
        drain(in);
        return true;
    default:
        parse_yajl(in, NULL);
        return true;
    }
}

/* Peak resident set of a child that parses the file once, in kB. */
static long peak_rss(const char *path)
{
    struct rusage use = {0};
    int status = 0;
    pid_t child;

    (void)fflush(stdout);
    child = fork();
    if (child < 0)
        die("cannot fork");
    if (child == 0) {
        (void)parse_file(path);
        _exit(0);
    }
    if (wait4(child, &status, 0, &use) != child || status)
        die("the measuring child failed");
    return use.ru_maxrss;
}

static int by_value(const void *a, const void *b)
{
    double x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

static void put_number(as_jsonw *w, const char *key, double value)
{
    char text[40];
    int n = snprintf(text, sizeof(text), "%.2f", value);

    as_jsonw_key(w, key);
    as_jsonw_number(w, (as_bytes){(const uint8_t *)text, (size_t)n});
}

/* Sorts `mbs` and writes median, least and most; returns the median. */
static double put_speed(as_jsonw *w, const char *name, double *mbs, size_t rounds)
{
    double median;

    qsort(mbs, rounds, sizeof(*mbs), by_value);
    median = rounds % 2 ? mbs[rounds / 2] : (mbs[rounds / 2 - 1] + mbs[rounds / 2]) / 2;
    as_jsonw_key(w, name);
    as_jsonw_object(w);
    put_number(w, "median", median);
    put_number(w, "min", mbs[0]);
    put_number(w, "max", mbs[rounds - 1]);
    as_jsonw_end(w);
    return median;
}

static as_bytes map_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    void *p;

    if (fd < 0 || fstat(fd, &st) || st.st_size <= 0)
        die("cannot read an input file");
    p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (p == MAP_FAILED)
        die("cannot map an input file");
    (void)close(fd);
    return (as_bytes){p, (size_t)st.st_size};
}

static void unmap(as_bytes b)
{
    union {
        const uint8_t *view;
        void *own;
    } p = {.view = b.p};

    (void)munmap(p.own, b.n);
}

static void bench_file(as_jsonw *w, const char *label, const char *path, size_t rounds)
{
    static const yajl_callbacks calls = {ignore,        ignore_boolean, NULL,   NULL,
                                         ignore_number, ignore_text,    ignore, ignore_text,
                                         ignore,        ignore,         ignore};
    static double mbs[CONTENDERS + 1][ROUNDS_MAX];
    long rss = peak_rss(path);
    as_bytes in = map_file(path);
    double mega = (double)in.n / 1e6, best = 0, yajl;
    bool can[CONTENDERS];

    for (size_t round = 0; round <= rounds; round++) { /* the first one only warms up */
        size_t slot = round ? round - 1 : 0;
        double from;

        for (enum contender c = PLAIN; c < CONTENDERS; c++) {
            from = now();
            can[c] = run_once(c, path, in);
            mbs[c][slot] = mega / (now() - from);
        }
        from = now();
        parse_yajl(in, &calls);
        mbs[CONTENDERS][slot] = mega / (now() - from);
    }
    unmap(in);

    as_jsonw_object(w);
    as_jsonw_key(w, "input");
    as_jsonw_text(w, label);
    as_jsonw_key(w, "bytes");
    as_jsonw_u64(w, in.n);
    as_jsonw_key(w, "peak_rss_kb");
    as_jsonw_u64(w, (uint64_t)rss);
    as_jsonw_key(w, "mb_per_s");
    as_jsonw_object(w);
    for (enum contender c = PLAIN; c < YAJL; c++) {
        double median = can[c] ? put_speed(w, names[c], mbs[c], rounds) : 0;

        if (c < FILE_AUTO && median > best)
            best = median;
    }
    yajl = put_speed(w, names[YAJL], mbs[YAJL], rounds);
    (void)put_speed(w, "yajl_empty_callbacks", mbs[CONTENDERS], rounds);
    as_jsonw_end(w);
    put_number(w, "ratio_to_yajl", best / yajl);
    put_number(w, "file_ratio_to_yajl", mbs[FILE_AUTO][rounds / 2] / yajl);
    as_jsonw_end(w);
}

static char *scratch_file(int *ret_fd)
{
    const char *dir = getenv("TMPDIR");
    size_t n;
    char *path;

    if (!dir || !*dir)
        dir = P_tmpdir;
    n = strlen(dir) + sizeof("/assay-bench-XXXXXX");
    path = malloc(n);
    if (!path)
        die("no memory");
    (void)snprintf(path, n, "%s/assay-bench-XXXXXX", dir);
    *ret_fd = mkstemp(path);
    if (*ret_fd < 0)
        die("cannot make a scratch file");
    return path;
}

static void write_all(int fd, as_bytes b)
{
    while (b.n) {
        ssize_t n = write(fd, b.p, b.n);

        if (n <= 0)
            die("cannot write a scratch file");
        b = (as_bytes){b.p + n, b.n - (size_t)n};
    }
}

static uint64_t draw(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u; /* splitmix64 */

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void put_hex(as_jsonw *w, const char *key, uint64_t value, int digits)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "0x%0*llx", digits, (unsigned long long)value);
    as_jsonw_key(w, key);
    as_jsonw_text(w, text);
}

static void put_argument(as_jsonw *w, uint64_t *seed)
{
    static const char *const known[] = {"FileName", "Handle", "BaseAddress", "FullName", "Buffer"};
    static const char *const values[] = {
        "C:\\Users\\analyst\\AppData\\Local\\Temp\\\xe6\x96\x87\xe4\xbb\xb6.exe",
        "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run",
        "MZ\\x90\\x00\\x03\\x00\\x00\\x00\\x04\\x00\\x00\\x00\\xff\\xff", "DesiredAccess", "1"};
    uint64_t pick = draw(seed);

    as_jsonw_object(w);
    as_jsonw_key(w, "name");
    as_jsonw_text(w, known[pick % 5]);
    if (pick & 0x100) {
        put_hex(w, "value", pick >> 32, 8);
    } else {
        as_jsonw_key(w, "value");
        as_jsonw_text(w, values[(pick >> 16) % 5]);
    }
    if (pick & 0x200) {
        as_jsonw_key(w, "pretty_value");
        as_jsonw_text(w, "PAGE_EXECUTE_READWRITE");
    }
    as_jsonw_end(w);
}

static void put_call(as_jsonw *w, uint64_t id, uint64_t *seed)
{
    static const char *const apis[] = {"NtCreateFile", "NtReadFile", "RegQueryValueExW",
                                       "NtAllocateVirtualMemory", "LdrGetProcedureAddress"};
    static const char *const groups[] = {"filesystem", "filesystem", "registry", "process",
                                         "system"};
    uint64_t pick = draw(seed);
    char when[40];

    (void)snprintf(when, sizeof(when), "2024-05-01 %02u:%02u:%02u,%03u",
                   (unsigned)(id / 36000 % 24), (unsigned)(id / 600 % 60), (unsigned)(id / 10 % 60),
                   (unsigned)(pick % 1000));
    as_jsonw_object(w);
    as_jsonw_key(w, "timestamp");
    as_jsonw_text(w, when);
    as_jsonw_key(w, "thread_id");
    as_jsonw_text(w, pick & 1 ? "4060" : "1284");
    put_hex(w, "caller", 0x00400000u + (pick & 0xffff), 8);
    as_jsonw_key(w, "category");
    as_jsonw_text(w, groups[pick % 5]);
    as_jsonw_key(w, "api");
    as_jsonw_text(w, apis[pick % 5]);
    as_jsonw_key(w, "status");
    as_jsonw_bool(w, pick & 2);
    put_hex(w, "return", pick & 2 ? 0 : 0xc0000034u, 8);
    as_jsonw_key(w, "arguments");
    as_jsonw_array(w);
    for (uint64_t i = 0; i < 2 + pick % 4; i++)
        put_argument(w, seed);
    as_jsonw_end(w);
    as_jsonw_key(w, "repeated");
    as_jsonw_u64(w, pick >> 60);
    as_jsonw_key(w, "id");
    as_jsonw_u64(w, id);
    as_jsonw_end(w);
}

/* The calls of a CAPE report, of about `size` bytes; always the same. */
static char *generate(uint64_t size, unsigned indent)
{
    as_buf b = {0};
    as_jsonw w = as_jsonw_to(&b, indent);
    uint64_t written = 0, seed = 3;
    int fd = -1;
    char *path = scratch_file(&fd);

    as_jsonw_object(&w);
    as_jsonw_key(&w, "behavior");
    as_jsonw_object(&w);
    as_jsonw_key(&w, "calls");
    as_jsonw_array(&w);
    for (uint64_t id = 0; written + b.n < size; id++) {
        put_call(&w, id, &seed);
        if (b.n > FEED) {
            if (b.failed)
                die("no memory");
            write_all(fd, as_buf_bytes(&b));
            written += b.n;
            as_buf_reset(&b);
        }
    }
    while (w.depth)
        as_jsonw_end(&w);
    if (b.failed)
        die("no memory");
    write_all(fd, as_buf_bytes(&b));
    as_buf_done(&b);
    (void)close(fd);
    return path;
}

/* `path` unpacked into a scratch file, since the figures are for the bytes themselves. */
static char *unpack(const char *path)
{
    static uint8_t chunk[FEED];
    as_source *s = NULL;
    as_err err = {0};
    size_t got = 1;
    int fd = -1;
    char *to;

    if (as_source_open(path, NULL, &s, &err))
        die(err.msg);
    to = scratch_file(&fd);
    while (got) {
        if (as_source_read(s, chunk, sizeof(chunk), &got, &err))
            die(err.msg);
        write_all(fd, (as_bytes){chunk, got});
    }
    (void)close(fd);
    as_source_free(s);
    return to;
}

static void bench_scratch(as_jsonw *w, const char *label, char *path, size_t rounds)
{
    bench_file(w, label, path, rounds);
    (void)unlink(path);
    free(path);
}

static void bench_default(as_jsonw *w, uint64_t megabytes, size_t rounds)
{
    const char *data = getenv("ASSAY_DATA");
    as_buf real = {0};

    bench_scratch(w, "generated, indent 4", generate(megabytes * 1000000, 4), rounds);
    bench_scratch(w, "generated, compact", generate(megabytes * 1000000, 0), rounds);
    as_buf_printf(&real, "%s/%s", data ? data : "../shared/data", REAL_REPORT);
    as_buf_byte(&real, 0);
    if (real.failed)
        die("no memory");
    if (!access((const char *)real.p, R_OK))
        bench_scratch(w, "f5c93ac768c8206e87544ddd76b3277c.json", unpack((const char *)real.p),
                      rounds);
    else
        (void)fprintf(stderr, "bench_json: the real report is not there, left out\n");
    as_buf_done(&real);
}

static void put_machine(as_jsonw *w)
{
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "re");
    const char *model = "unknown", *colon;

    while (f && fgets(line, sizeof(line), f)) {
        colon = strchr(line, ':');
        if (!strncmp(line, "model name", 10) && colon) {
            line[strcspn(line, "\n")] = '\0';
            model = colon + 2;
            break;
        }
    }
    as_jsonw_key(w, "cpu");
    as_jsonw_text(w, model);
    if (f)
        (void)fclose(f);
    as_jsonw_key(w, "cores");
    as_jsonw_u64(w, (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
}

/* The value of an option, at least `least`; dies on anything else. */
static uint64_t option(const char *text, uint64_t least, uint64_t most)
{
    uint64_t value = 0;

    if (!text || !as_bytes_u64(as_bytes_of(text), &value) || value < least || value > most)
        die("usage: bench_json [--rounds 7..99] [--megabytes 1..4000] [FILE...]");
    return value;
}

int main(int argc, char **argv)
{
    uint64_t rounds = ROUNDS_MIN, megabytes = 200;
    as_buf out = {0};
    as_jsonw w = as_jsonw_to(&out, 2);
    int at = 1;

    for (; at < argc && !strncmp(argv[at], "--", 2); at += 2) {
        if (!strcmp(argv[at], "--rounds"))
            rounds = option(argv[at + 1], ROUNDS_MIN, ROUNDS_MAX);
        else if (!strcmp(argv[at], "--megabytes"))
            megabytes = option(argv[at + 1], 1, 4000);
        else
            (void)option(NULL, 1, 1);
    }
    as_jsonw_object(&w);
    as_jsonw_key(&w, "benchmark");
    as_jsonw_text(&w, "json");
    put_machine(&w);
    as_jsonw_key(&w, "rounds");
    as_jsonw_u64(&w, rounds);
    as_jsonw_key(&w, "inputs");
    as_jsonw_array(&w);
    if (at == argc)
        bench_default(&w, megabytes, (size_t)rounds);
    for (; at < argc; at++)
        bench_scratch(&w, argv[at], unpack(argv[at]), (size_t)rounds);
    as_jsonw_end(&w);
    as_jsonw_end(&w);
    as_buf_byte(&out, '\n');
    if (out.failed || fwrite(out.p, 1, out.n, stdout) != out.n || fflush(stdout))
        die("cannot write the result");
    as_buf_done(&out);
    return 0;
}

/*
 * How fast event logs become facts. Prints one JSON document.
 *
 *     bench_events [--rounds N] [--megabytes N] [FILE...]
 *
 * Without FILEs: a generated log, once as JSON lines and once as EVTX, of the kinds of
 * event that fill real logs (most are accesses to processes, registry writes and loaded
 * modules). All is read from memory, without a digest, on one core: "mb_per_s" is the
 * best round, "median" the one in the middle. "json_parse" passes over the same lines with
 * the parser alone, which is the ceiling. "strace" is a log of threads and children as -f -tt
 * writes it; its plain peer, "strace_scan", only finds the name and the result of each line
 * and counts the names. "facts_mb" is what the facts of the log take.
 */
#include "base/hash.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "formats/formats.h"
#include "unit/formats/evtx_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/banned.h"

#define ROUNDS_MAX 99u
#define FIELDS_MAX 16u

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_events: %s\n", what);
    exit(4);
}

/* Of this process alone: a hashing thread or a busy neighbour does not count. */
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

/* --- the log ------------------------------------------------------------------------- */

enum shape { ACCESS, KEY, MODULE, PROCESS, OBJECT, SHAPES };

static const struct {
    uint16_t id;
    const char *provider, *channel;
    const char *fields[FIELDS_MAX + 1];
} shapes[SHAPES] = {
    [ACCESS] = {10,
                "Microsoft-Windows-Sysmon",
                "Microsoft-Windows-Sysmon/Operational",
                {"RuleName", "UtcTime", "SourceProcessGUID", "SourceProcessId", "SourceThreadId",
                 "SourceImage", "TargetProcessGUID", "TargetProcessId", "TargetImage",
                 "GrantedAccess", "CallTrace", NULL}},
    [KEY] = {13,
             "Microsoft-Windows-Sysmon",
             "Microsoft-Windows-Sysmon/Operational",
             {"RuleName", "EventType", "UtcTime", "ProcessGuid", "ProcessId", "Image",
              "TargetObject", "Details", NULL}},
    [MODULE] = {7,
                "Microsoft-Windows-Sysmon",
                "Microsoft-Windows-Sysmon/Operational",
                {"RuleName", "UtcTime", "ProcessGuid", "ProcessId", "Image", "ImageLoaded",
                 "FileVersion", "Description", "Product", "Company", "OriginalFileName", "Hashes",
                 "Signed", "Signature", "SignatureStatus", NULL}},
    [PROCESS] = {1,
                 "Microsoft-Windows-Sysmon",
                 "Microsoft-Windows-Sysmon/Operational",
                 {"RuleName", "UtcTime", "ProcessGuid", "ProcessId", "Image", "CommandLine",
                  "CurrentDirectory", "User", "LogonId", "IntegrityLevel", "Hashes",
                  "ParentProcessGuid", "ParentProcessId", "ParentImage", "ParentCommandLine",
                  NULL}},
    [OBJECT] = {4663,
                "Microsoft-Windows-Security-Auditing",
                "Security",
                {"SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId",
                 "ObjectServer", "ObjectType", "ObjectName", "HandleId", "AccessList", "AccessMask",
                 "ProcessId", "ProcessName", NULL}},
};

static const struct {
    const char *part; /* of the field's name */
    const char *form; /* %u: a small number, %x a larger one */
} values[] = {
    {"UtcTime", "2026-03-04 05:06:%02u.%03u"},
    {"Guid", "{b34bc01c-2f95-5f69-5f01-0000000%05x}"},
    {"GUID", "{b34bc01c-2f95-5f69-5f01-0000000%05x}"},
    {"ThreadId", "%u"},
    {"ProcessId", "%u"},
    {"Hashes", "SHA1=5E4F2C531C549BB72A658ED9DD16D491EDD%05X,MD5=FAB4B30C1C4F0A9202A7B42DCF1729DC,"
               "SHA256=1B48A4F8D20026E6C56E3AB4CC4788FA6425C8A75F8D91C2869FA533DE6B209E"},
    {"ImageLoaded", "C:\\Windows\\System32\\library%u.dll"},
    {"Image", "C:\\Program Files\\Vendor\\program%u.exe"},
    {"ProcessName", "C:\\Windows\\System32\\service%u.exe"},
    {"CommandLine", "\"C:\\Program Files\\Vendor\\program%u.exe\" --serve --port %u --quiet"},
    {"TargetObject", "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\Item%u\\Name"},
    {"CallTrace",
     "C:\\Windows\\SYSTEM32\\ntdll.dll+9c534|C:\\Windows\\System32\\KERNELBASE.dll+"
     "2%04x|C:\\Windows\\System32\\svc.dll+222a3|C:\\Windows\\SYSTEM32\\ntdll.dll+3081d"},
    {"ObjectName", "\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services\\Service%u"},
    {"HandleId", "0x%x"},
    {"", "value %u of a field"},
};

static void put_value(char *text, size_t cap, const char *field, uint64_t pick)
{
    size_t i = 0;

    while (!strstr(field, values[i].part))
        i++;
        /* A format of the table above; what it does not use is left over. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(text, cap, values[i].form, (unsigned)(pick % 60), (unsigned)(pick >> 32) % 1000);
#pragma GCC diagnostic pop
}

static enum shape shape_of(uint64_t pick)
{
    unsigned n = (unsigned)(pick >> 8) % 100;

    return n < 45 ? ACCESS : n < 65 ? KEY : n < 80 ? MODULE : n < 83 ? PROCESS : OBJECT;
}

static void put_member(as_jsonw *w, const char *key, const char *text)
{
    as_jsonw_key(w, key);
    as_jsonw_text(w, text);
}

static void put_line(as_buf *out, uint64_t record, uint64_t *seed)
{
    as_jsonw w = as_jsonw_to(out, 0);
    enum shape s = shape_of(draw(seed));
    char text[400];

    as_jsonw_object(&w);
    put_member(&w, "SourceName", shapes[s].provider);
    put_member(&w, "ProviderGuid", "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}");
    put_member(&w, "Level", "4");
    put_member(&w, "Keywords", "0x8000000000000000");
    put_member(&w, "Channel", shapes[s].channel);
    put_member(&w, "Hostname", "ws1.example.org");
    (void)snprintf(text, sizeof(text), "2026-03-04T05:06:%02u.%03uZ", (unsigned)(record % 60),
                   (unsigned)(record / 60 % 1000));
    put_member(&w, "@timestamp", text);
    as_jsonw_key(&w, "EventID");
    as_jsonw_u64(&w, shapes[s].id);
    as_jsonw_key(&w, "RecordNumber");
    as_jsonw_u64(&w, record);
    for (size_t i = 0; shapes[s].fields[i]; i++) {
        put_value(text, sizeof(text), shapes[s].fields[i], draw(seed));
        put_member(&w, shapes[s].fields[i], text);
    }
    as_jsonw_end(&w);
    as_buf_byte(out, '\n');
}

static as_bytes generate_json(uint64_t size)
{
    as_buf b = {0};
    uint64_t seed = 5;

    for (uint64_t i = 1; b.n < size && !b.failed; i++)
        put_line(&b, i, &seed);
    if (b.failed)
        die("no memory");
    return as_buf_bytes(&b);
}

static as_bytes generate_evtx(uint64_t size)
{
    static struct build b;
    static struct build_event events[SHAPES];
    uint64_t seed = 5;
    char text[400];

    build_begin(&b);
    while (b.n < size) {
        enum shape s = shape_of(draw(&seed));
        struct build_event *e = &events[s];

        e->provider = shapes[s].provider;
        e->channel = shapes[s].channel;
        e->computer = "ws1.example.org";
        e->id = shapes[s].id;
        e->fields = shapes[s].fields;
        for (size_t i = 0; e->fields[i]; i++) {
            put_value(text, sizeof(text), e->fields[i], draw(&seed));
            build_value_text(&e->values[i], text);
        }
        build_record(&b, e);
    }
    return build_end(&b);
}

/* The calls of real programs: much reading and waiting, some files, few processes. */
static const char *const strace_calls[] = {
    "read(%u, "
    "\"\\177ELF\\2\\1\\1\\3\\0\\0\\0\\0\\0\\0\\0\\0\\3\\0>\\0\\1\\0\\0\\0\\20t\\2\\0\"..., 832) = "
    "832",
    "futex(0x7f07eb1%05x, FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME, 15470, NULL, "
    "FUTEX_BITSET_MATCH_ANY) = -1 EAGAIN (Resource temporarily unavailable)",
    "openat(AT_FDCWD, \"/usr/lib/x86_64-linux-gnu/library%u.so.6\", O_RDONLY|O_CLOEXEC) = %u",
    "close(%u) = 0",
    "newfstatat(AT_FDCWD, \"/usr/share/zoneinfo/Region%u/City%u\", {st_mode=S_IFREG|0644, "
    "st_size=3519, ...}, 0) = 0",
    "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f09124%05x",
    "epoll_wait(%u, [{events=EPOLLIN, data={u32=7, u64=7}}], 1024, -1) = 1",
    "write(%u, \"{\\\"level\\\":\\\"info\\\",\\\"msg\\\":\\\"request\\\"}\\n\"..., %u) = 512",
    "rt_sigprocmask(SIG_BLOCK, ~[RTMIN RT_1], [], 8) = 0",
    "recvmsg(%u, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"\\1\\2\\3\", "
    "iov_len=4096}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, 0) = 3",
    "access(\"/etc/ld.so.preload%u\", R_OK) = -1 ENOENT (No such file or directory)",
    "connect(%u, {sa_family=AF_INET, sin_port=htons(%u), sin_addr=inet_addr(\"192.0.2.7\")}, 16) "
    "= -1 EINPROGRESS (Operation now in progress)",
};

static as_bytes generate_strace(uint64_t size)
{
    as_buf b = {0};
    uint64_t seed = 5;
    unsigned second = 0;

    while (b.n < size && !b.failed) {
        uint64_t pick = draw(&seed);
        unsigned tid = 4000 + (unsigned)(pick >> 40) % 8;
        const char *call = strace_calls[(pick >> 8) % AS_COUNT(strace_calls)];
        char text[400];

        (void)snprintf(text, sizeof(text), "%u 12:%02u:%02u.%06u ", tid, second / 60000 % 60,
                       second / 1000 % 60, second % 1000 * 1000);
        as_buf_text(&b, text);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(text, sizeof(text), call, 3 + (unsigned)(pick >> 16) % 60,
                       (unsigned)(pick >> 24) % 1000);
#pragma GCC diagnostic pop
        as_buf_text(&b, text);
        as_buf_byte(&b, '\n');
        second++;
    }
    if (b.failed)
        die("no memory");
    return as_buf_bytes(&b);
}

/* --- reading it -------------------------------------------------------------------------- */

struct figure {
    double seconds[ROUNDS_MAX];
    unsigned rounds;
    size_t facts, memory;
    uint64_t bad;
};

static as_source *open_bytes(as_bytes in)
{
    as_source *s = NULL;
    as_err err = {0};

    if (as_source_open_bytes(in, NULL, &s, &err))
        die(err.msg);
    as_source_hash(s, false);
    return s;
}

static void read_once(as_bytes in, struct figure *f)
{
    as_source *s = open_bytes(in);
    as_analysis *a = NULL;
    as_err err = {0};
    double from = now();

    if (as_analysis_read(s, NULL, &a, &err))
        die(err.msg);
    f->seconds[f->rounds++] = now() - from;
    f->facts = as_facts_count(a->facts);
    f->memory = as_facts_memory(a->facts);
    f->bad = a->bad_lines;
    as_analysis_free(a);
    as_source_free(s);
}

static void parse_once(as_bytes in, struct figure *f)
{
    as_json_limits limits = AS_JSON_LIMITS_DEFAULT;
    as_source *s = open_bytes(in);
    as_json *j = NULL;
    as_json_tok t;
    double from = now();

    limits.many = true;
    if (as_json_new(s, &limits, &j, NULL))
        die("no memory");
    do {
        if (as_json_next(j, &t, NULL))
            die("the generated lines are no JSON");
    } while (t.type != AS_JSON_END);
    f->seconds[f->rounds++] = now() - from;
    as_json_free(j);
    as_source_free(s);
}

/* What the least of a reader would do. */
static void scan_once(as_bytes in, struct figure *f)
{
    static uint64_t counts[4096];
    double from = now();

    while (in.n) {
        const uint8_t *end = memchr(in.p, '\n', in.n);
        size_t n = end ? (size_t)(end - in.p) : in.n;
        const uint8_t *open = memchr(in.p, '(', n), *name = open;
        const uint8_t *ret = open ? memmem(open, n - (size_t)(open - in.p), ") = ", 4) : NULL;

        while (name && name > in.p && name[-1] != ' ')
            name--;
        if (ret)
            counts[as_hash64((as_bytes){name, (size_t)(open - name)}, 0) & 4095]++;
        in = (as_bytes){in.p + n + (end != NULL), in.n - n - (end != NULL)};
    }
    f->seconds[f->rounds++] = now() - from;
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void put_rate(as_jsonw *w, const char *key, size_t bytes, double seconds)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%.1f", (double)bytes / seconds / 1e6);
    as_jsonw_key(w, key);
    as_jsonw_number(w, as_bytes_of(text));
}

static void put_figure(as_jsonw *w, const char *name, as_bytes in, struct figure *f, bool facts)
{
    qsort(f->seconds, f->rounds, sizeof(*f->seconds), by_size);
    as_jsonw_key(w, name);
    as_jsonw_object(w);
    as_jsonw_key(w, "bytes");
    as_jsonw_u64(w, in.n);
    put_rate(w, "mb_per_s", in.n, f->seconds[0]);
    put_rate(w, "median", in.n, f->seconds[f->rounds / 2]);
    if (facts) {
        as_jsonw_key(w, "facts");
        as_jsonw_u64(w, f->facts);
        as_jsonw_key(w, "facts_mb");
        as_jsonw_u64(w, f->memory / 1000000);
        as_jsonw_key(w, "bad");
        as_jsonw_u64(w, f->bad);
    }
    as_jsonw_end(w);
}

static void run_generated(as_jsonw *w, unsigned rounds, uint64_t size)
{
    static struct figure lines, parse, evtx, strace, scan;
    as_bytes calls = generate_strace(size);
    as_bytes json = generate_json(size), log = generate_evtx(size);

    for (unsigned i = 0; i < rounds; i++) {
        read_once(json, &lines);
        parse_once(json, &parse);
        read_once(log, &evtx);
        read_once(calls, &strace);
        scan_once(calls, &scan);
    }
    put_figure(w, "json_lines", json, &lines, true);
    put_figure(w, "json_parse", json, &parse, false);
    put_figure(w, "evtx", log, &evtx, true);
    put_figure(w, "strace", calls, &strace, true);
    put_figure(w, "strace_scan", calls, &scan, false);
    as_mem_free((void *)(uintptr_t)calls.p);
    as_mem_free((void *)(uintptr_t)json.p);
    free((void *)(uintptr_t)log.p);
}

static void run_file(as_jsonw *w, unsigned rounds, const char *path)
{
    struct figure f = {0};
    as_source *s = NULL;
    as_buf b = {0};
    as_err err = {0};
    size_t got = 1;

    if (as_source_open(path, NULL, &s, &err))
        die(err.msg);
    while (got) {
        uint8_t *room = as_buf_room(&b, (size_t)1 << 20);

        if (!room || as_source_read(s, room, (size_t)1 << 20, &got, &err))
            die(room ? err.msg : "no memory");
        b.n += got;
    }
    as_source_free(s);
    for (unsigned i = 0; i < rounds; i++)
        read_once(as_buf_bytes(&b), &f);
    put_figure(w, path, as_buf_bytes(&b), &f, true);
    as_buf_done(&b);
}

static uint64_t number_of(const char *text, uint64_t max)
{
    uint64_t n = 0;

    if (!text || !as_bytes_u64(as_bytes_of(text), &n) || n == 0 || n > max)
        die("usage: bench_events [--rounds N] [--megabytes N] [FILE...]");
    return n;
}

int main(int argc, char **argv)
{
    unsigned rounds = 7;
    uint64_t megabytes = 200;
    struct rusage usage;
    as_buf out = {0};
    as_jsonw w = as_jsonw_to(&out, 2);
    int i = 1;

    for (; i < argc && argv[i][0] == '-'; i += 2) {
        if (!strcmp(argv[i], "--rounds"))
            rounds = (unsigned)number_of(argv[i + 1], ROUNDS_MAX);
        else if (!strcmp(argv[i], "--megabytes"))
            megabytes = number_of(argv[i + 1], 4000);
        else
            die("usage: bench_events [--rounds N] [--megabytes N] [FILE...]");
    }
    as_jsonw_object(&w);
    put_member(&w, "bench", "events");
    as_jsonw_key(&w, "rounds");
    as_jsonw_u64(&w, rounds);
    if (i == argc)
        run_generated(&w, rounds, megabytes * 1000000);
    for (; i < argc; i++)
        run_file(&w, rounds, argv[i]);
    (void)getrusage(RUSAGE_SELF, &usage);
    as_jsonw_key(&w, "peak_rss_kb");
    as_jsonw_u64(&w, (uint64_t)usage.ru_maxrss);
    as_jsonw_end(&w);
    if (out.failed)
        die("no memory");
    (void)printf("%.*s\n", (int)out.n, (const char *)out.p);
    as_buf_done(&out);
    return 0;
}

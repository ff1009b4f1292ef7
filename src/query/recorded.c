#include "query/query_priv.h"

#include <string.h>

#include "base/banned.h"

/* clang-format off */

#define X(id) (1u << AREA_##id)

#define BASIC    (X(IDENTITY) | X(RUN) | X(VERDICT))
#define DYNAMIC  (X(PROCESSES) | X(FILES) | X(REGISTRY) | X(NETWORK) | X(SYSTEM))
#define RULES    (X(SIGNATURES) | X(TECHNIQUES))

/* What each tool can record at all. */
static const struct {
    const char *format;
    uint32_t areas;
} formats[] = {
    { "cape", ~0u & ~X(LOGONS) & ~X(CAPABILITIES) },
    { "cuckoo", ~0u & ~X(LOGONS) & ~X(CAPABILITIES) },
    { "cuckoo3", BASIC | DYNAMIC | RULES | X(IDS) | X(ANTIVIRUS) | X(STATIC) | X(CONFIG) | X(SCREENSHOTS) | X(DROPPED) },
    { "vmray", BASIC | DYNAMIC | RULES | X(YARA) | X(MEMORY) | X(STATIC) | X(DROPPED) | X(ANTIVIRUS) },
    { "vmray-flog", X(RUN) | X(PROCESSES) | X(CALLS) | X(MEMORY) | X(FILES) | X(REGISTRY) | X(SYSTEM) },
    { "drakvuf", X(RUN) | X(PROCESSES) | X(CALLS) } /* the rest is for plugins that may not run */,
    { "drakvuf-report", BASIC | X(PROCESSES) | X(TECHNIQUES) | X(NETWORK) | X(FILES) | X(MEMORY) },
    { "speakeasy", BASIC | DYNAMIC | X(CALLS) | X(DROPPED) | X(MEMORY) | X(STRINGS) },
    { "triage", BASIC | DYNAMIC | RULES | X(MEMORY) | X(CONFIG) | X(STATIC) | X(DROPPED) },
    { "joe", BASIC | DYNAMIC | RULES | X(CALLS) | X(DROPPED) | X(YARA) | X(SIGMA) | X(CONFIG) | X(STATIC) | X(IDS) },
    { "virustotal", BASIC | DYNAMIC | RULES | X(ANTIVIRUS) | X(YARA) | X(SIGMA) | X(IDS) | X(STATIC) | X(DROPPED) },
    { "hybrid-analysis", BASIC | X(PROCESSES) | X(NETWORK) | RULES | X(STATIC) | X(DROPPED) | X(ANTIVIRUS) },
    { "assemblyline", BASIC | RULES | X(PROCESSES) | X(NETWORK) | X(STATIC) | X(CONFIG) | X(SYSTEM) | X(FILES) | X(REGISTRY) | X(YARA) | X(IDS) },
    { "capa", X(IDENTITY) | X(RUN) | X(CAPABILITIES) | X(TECHNIQUES) },
    { "floss", X(IDENTITY) | X(STRINGS) },
    { "malwarebazaar", BASIC | X(YARA) | X(ANTIVIRUS) | X(STATIC) },
    { "yara", X(YARA) },
    { "yara-x", X(YARA) },
    { "volatility3", 0 },
    { "volatility2", 0 },
    { "winevent", X(PROCESSES) | X(FILES) | X(REGISTRY) | X(NETWORK) | X(SYSTEM) | X(LOGONS) },
    { "evtx", X(PROCESSES) | X(FILES) | X(REGISTRY) | X(NETWORK) | X(SYSTEM) | X(LOGONS) },
    { "strace", X(PROCESSES) | X(CALLS) | X(FILES) | X(NETWORK) },
    { "auditd", X(PROCESSES) | X(CALLS) | X(FILES) | X(NETWORK) | X(LOGONS) | X(SYSTEM) },
};

/*
 * Where a report of the Cuckoo family has room for it: without one of these the module that
 * would have recorded it did not run. An IDS runs over the traffic, so a report with
 * traffic and no alert says that there was none.
 */
static const struct {
    topic_area area;
    const char *paths; /* blanks between */
} outlines[] = {
    { AREA_SIGNATURES, "/signatures" },
    { AREA_TECHNIQUES, "/signatures /ttps /mitre_attck" },
    { AREA_YARA, "/target /static" },
    { AREA_IDS, "/network /suricata /snort" },
    { AREA_SIGMA, "/sigma" },
    { AREA_ANTIVIRUS, "/virustotal /target/virustotal" },
    { AREA_PROCESSES, "/behavior" },
    { AREA_CALLS, "/behavior" },
    { AREA_FILES, "/behavior" },
    { AREA_REGISTRY, "/behavior" },
    { AREA_SYSTEM, "/behavior" },
    { AREA_DROPPED, "/dropped" },
    { AREA_NETWORK, "/network" },
    { AREA_MEMORY, "/CAPE /procmemory /procdump /memory" },
    { AREA_CONFIG, "/CAPE /malconf /tsmam /malfamily" },
    { AREA_STATIC, "/static /target" },
    { AREA_STRINGS, "/strings /target" },
    { AREA_SCREENSHOTS, "/screenshots /shots" },
    { AREA_VERDICT, "/info" },
    { AREA_IDENTITY, "/target" },
    { AREA_RUN, "/info" },
};

/* clang-format on */

static bool line_starts(as_bytes text, const char *path, size_t n)
{
    for (size_t at = 0; at < text.n;) {
        const uint8_t *end = memchr(text.p + at, '\n', text.n - at);
        size_t length = end ? (size_t)(end - text.p) - at : text.n - at;

        if (length > n && text.p[at + n] == ' ' && memcmp(text.p + at, path, n) == 0)
            return true;
        at += length + 1;
    }
    return false;
}

static bool outline_has(as_bytes outline, const char *paths)
{
    while (*paths) {
        size_t n = strcspn(paths, " ");

        if (line_starts(outline, paths, n))
            return true;
        paths += n + (paths[n] == ' ');
    }
    return false;
}

static recorded doc_records(const as_document *d, topic_area a)
{
    bool family = as_bytes_is(d->format, "cape") || as_bytes_is(d->format, "cuckoo");

    for (size_t i = 0; i < AS_COUNT(formats); i++) {
        if (as_bytes_is(d->format, formats[i].format) && !(formats[i].areas >> a & 1u))
            return RECORDED_NO_TOOL;
    }
    for (size_t i = 0; family && i < AS_COUNT(outlines); i++) {
        if (outlines[i].area == a && !outline_has(d->outline, outlines[i].paths))
            return RECORDED_NO_SECTION;
    }
    return RECORDED_YES;
}

recorded recorded_in(const as_document *docs, size_t n, topic_area a)
{
    recorded best = RECORDED_NO_TOOL;

    for (size_t i = 0; i < n; i++) {
        recorded r = doc_records(&docs[i], a);

        best = r > best ? r : best;
    }
    return best;
}

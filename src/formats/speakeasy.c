#include "formats/speakeasy_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * Reports of the Windows emulator Speakeasy: one object, several in an array, or a bare list
 * of entry points. Written from the tool's documentation and its report classes:
 *
 *     1      a list for each sort of event below an entry point; `path`, `emu_version`
 *     2, 3   one list of all events in their order; `filepath`
 *     4, 5   events name the process they act on; names and types of arguments
 *
 * An entry point (the module's own, an export, a thread, a callback) is what acts here, as a
 * process does elsewhere; speakeasy_events.c reads what it did. One that ends in an error,
 * an API that is not emulated above all, has shown only part of its code.
 */

/* clang-format off */

LOCAL_SHAPE(stop,
    ATTR("", ERROR),
    ATTR("type", ERROR),
    ATTR("pc", CALLER),
    ATTR("address", ADDRESS),
    ATTR("instr", INSTRUCTION),
    ATTR("api_name", API),
    ATTR("traceback", TEXT),
    OTHER_LEAVES(DETAIL)); /* registers, stack */

LOCAL_SHAPE(error,
    ATTR("", TEXT),
    ATTR("type", TEXT),
    ATTR("pc", CALLER),
    ATTR("address", ADDRESS),
    ATTR("instr", INSTRUCTION),
    ATTR("api_name", API),
    ATTR("traceback", CONTENT),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(accesses,
    ATTR("reads", READS),
    ATTR("writes", WRITES),
    ATTR("execs", EXECS),
    OTHER_LEAVES(DETAIL));

static const as_shape as_shape_region;
/* A region of the layout, a traced one (report 1, 2), a module and a segment of it. */
static const as_row region_rows[] = {
    ATTR("tag", NAME),
    ATTR("name", NAME),
    ATTR("path", PATH),
    ATTR("address", ADDRESS),
    ATTR("base", ADDRESS),
    ATTR("size", RAW_SIZE),
    ATTR("prot", ACCESS),
    ATTR("is_free", FREED),
    ATTR("reads", READS),
    ATTR("writes", WRITES),
    ATTR("execs", EXECS),
    ATTR("data_ref", REFERENCE),
    ATTR("data", CONTENT),
    INTO("accesses", accesses),
    FACT("segments", MEMORY_REGION, region),
    OTHER_LEAVES(DETAIL),
};
static const as_shape as_shape_region = { region_rows, AS_COUNT(region_rows) };

LOCAL_SHAPE(memory,
    FACT("layout", MEMORY_REGION, region),
    FACT("modules", MEMORY_REGION, region),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(symbol,
    ATTR("symbol", NAME),
    ATTR("reads", READS),
    ATTR("writes", WRITES),
    ATTR("execs", EXECS),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(code,
    ATTR("tag", NAME),
    ATTR("base", ADDRESS),
    ATTR("size", RAW_SIZE),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(dropped,
    ATTR("path", PATH),
    ATTR("size", SIZE),
    ATTR("sha256", SHA256),
    ATTR("data_ref", REFERENCE),
    ATTR("data", CONTENT),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(traffic,
    HOOK("dns", as_speakeasy_dns),
    HOOK("traffic", as_speakeasy_traffic),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(entry,
    ATTR("ep_type", TYPE),
    ATTR("start_addr", ENTRYPOINT),
    ATTR("ep_args", ARGUMENT),
    ATTR("pid", PID),
    ATTR("tid", TID),
    ATTR("instr_count", INSTRUCTIONS),
    ATTR("apihash", FINGERPRINT),
    ATTR("ret_val", RESULT),
    FACT("error", EMULATION_STOP, stop),
    HOOK("events", as_speakeasy_events),
    HOOK("apis", as_speakeasy_apis),
    HOOK("process_events", as_speakeasy_processes),
    HOOK("file_access", as_speakeasy_files),
    HOOK("registry_access", as_speakeasy_registry),
    HOOK("handled_exceptions", as_speakeasy_exceptions),
    INTO("network_events", traffic),
    FACT("mem_access", MEMORY_REGION, region),
    FACT("sym_accesses", SYMBOL_ACCESS, symbol),
    FACT("dynamic_code_segments", DYNAMIC_CODE, code),
    FACT("dropped_files", DROPPED, dropped),
    INTO("memory", memory),
    SKIP("coverage"), /* the address of each instruction that ran */
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(string, ATTR("", VALUE));
LOCAL_SHAPE(encodings, OTHER_FACT(ENCODING, STRING, string));
LOCAL_SHAPE(strings, OTHER_INTO(SOURCE, encodings));

LOCAL_SHAPE(blob,
    ATTR("", CONTENT),
    ATTR("compression", METHOD),
    ATTR("encoding", ENCODING),
    ATTR("size", SIZE),
    ATTR("data", CONTENT),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(blobs, OTHER_FACT(ID, CAPTURED_DATA, blob));

static as_hook read_strings;
LOCAL_SHAPE(report,
    FACT("errors", TOOL_ERROR, error),
    HOOK("strings", read_strings),
    INTO("data", blobs),
    FACT("entry_points", ENTRY_POINT, entry),
    OTHER_LEAVES(DETAIL));

/* clang-format on */

/* Strings of the memory are not the sample's, so none is told as a part of it. */
static as_code read_strings(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    uint64_t end;

    (void)fact;
    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    return as_walk_object(w, place, &as_shape_strings, AS_NO_FACT, NULL, &end, err);
}

/* --- one report --------------------------------------------------------------------------- */

/* The sample, the run and an entry point that no report is around. */
struct heads {
    as_draft sample, run, entry;
    uint32_t sample_fact, run_fact, entry_fact;
};

/* Members of the report that tell the sample or the run. */
static const struct head {
    const char *key;
    bool run;
    as_attr_name attr;
} head_keys[] = {
    {"path", false, AS_ATTR_PATH},
    {"filepath", false, AS_ATTR_PATH},
    {"md5", false, AS_ATTR_MD5},
    {"sha1", false, AS_ATTR_SHA1},
    {"sha256", false, AS_ATTR_SHA256},
    {"size", false, AS_ATTR_SIZE},
    {"filetype", false, AS_ATTR_TYPE},
    {"arch", false, AS_ATTR_ARCH},
    {"image_base", false, AS_ATTR_IMAGEBASE},
    {"emu_version", true, AS_ATTR_VERSION},
    {"os_run", true, AS_ATTR_PLATFORM},
    {"timestamp", true, AS_ATTR_STARTED},
    {"emulation_total_runtime", true, AS_ATTR_DURATION},
};

static const struct head *find_head(as_bytes key)
{
    for (size_t i = 0; i < AS_COUNT(head_keys); i++) {
        if (as_bytes_is(key, head_keys[i].key))
            return &head_keys[i];
    }
    return NULL;
}

static bool is_entry_key(as_bytes key)
{
    for (size_t i = 0; i < as_shape_entry.n && as_shape_entry.rows[i].key; i++) {
        if (as_bytes_is(key, as_shape_entry.rows[i].key))
            return true;
    }
    return false;
}

/* Keys by which a report is known; see also probe_speakeasy(). */
static bool is_known_key(as_bytes key)
{
    static const char *const known[] = {"report_version", "entry_points", "ep_type", "apihash",
                                        "emulation_total_runtime"};

    for (size_t i = 0; i < AS_COUNT(known); i++) {
        if (as_bytes_is(key, known[i]))
            return true;
    }
    return false;
}

static as_code read_member(as_walk *w, as_place *place, struct heads *h, as_json_tok *t,
                           as_err *err)
{
    struct as_speakeasy *s = w->own;
    const struct head *head = find_head(t->raw);
    as_place child;
    as_code rc;

    s->known |= is_known_key(t->raw);
    if (is_entry_key(t->raw))
        return as_walk_member(w, place, &as_shape_entry, h->entry_fact, &h->entry, t, err);
    if (!head)
        return as_walk_member(w, place, &as_shape_report, h->sample_fact, NULL, t, err);
    rc = as_walk_value(w, place, &child, t, err);
    return rc ? rc
              : as_part_gather(w, &child, head->run ? &h->run : &h->sample, head->attr, t, err);
}

static as_code heads_begin(as_walk *w, struct heads *h, as_err *err)
{
    as_code rc = as_facts_reserve(w->facts, &h->sample_fact);

    as_draft_init(&h->sample, AS_KIND_SAMPLE);
    as_draft_init(&h->run, AS_KIND_ANALYSIS);
    if (!rc)
        rc = as_facts_reserve(w->facts, &h->run_fact);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    return as_part_begin(w, &h->entry, AS_KIND_ENTRY_POINT, AS_NO_FACT, &h->entry_fact, err);
}

/* The members of one report or of one entry point. */
static as_code read_one(as_walk *w, as_place *place, uint32_t fact, void *ctx, as_json_tok *t,
                        as_err *err)
{
    size_t from = as_facts_evidence_count(w->facts);
    struct heads *h = ctx;
    as_code rc;

    (void)fact;
    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    rc = heads_begin(w, h, err);
    while (!rc) {
        rc = as_walk_next(w, t, err);
        if (rc || t->type == AS_JSON_OBJECT_END)
            break;
        rc = read_member(w, place, h, t, err);
    }
    if (rc)
        return rc;
    as_facts_close_evidence(w->facts, from, t->begin, t->end);
    rc = as_part_gathered(w, &h->sample, h->sample_fact, err);
    if (!rc)
        rc = as_part_gathered(w, &h->run, h->run_fact, err);
    return rc ? rc : as_part_end(w, &h->entry, h->entry_fact, place, t->end, err);
}

static as_code read_root(as_walk *w, struct heads *h, as_err *err)
{
    as_place root = {0};
    as_json_tok t;
    as_code rc = as_walk_next(w, &t, err);

    if (rc)
        return rc;
    root.begin = t.begin;
    if (t.type == AS_JSON_ARRAY)
        rc = as_walk_each(w, &root, AS_NO_FACT, read_one, h, &t, err);
    else
        rc = read_one(w, &root, AS_NO_FACT, h, &t, err);
    return rc ? rc : as_walk_next(w, &t, err); /* the end: nothing may follow */
}

/* --- the reader --------------------------------------------------------------------------- */

static uint32_t find_gaps(const as_facts *f)
{
    uint32_t gaps = 0;

    if (as_facts_first(f, AS_KIND_EMULATION_STOP) != AS_NO_FACT ||
        as_facts_first(f, AS_KIND_TOOL_ERROR) != AS_NO_FACT)
        gaps |= AS_GAP_ERRORS;
    if (as_facts_first(f, AS_KIND_ENTRY_POINT) == AS_NO_FACT)
        gaps |= AS_GAP_NOTHING;
    return gaps;
}

static as_code recognise(as_walk *w, as_err *err)
{
    const struct as_speakeasy *s = w->own;
    as_analysis *a = w->analysis;
    uint32_t run = as_facts_first(w->facts, AS_KIND_ANALYSIS);
    as_value version = {0};

    if (!s->known)
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                       "not a Speakeasy report: no 'report_version' and no entry point");
    if (run != AS_NO_FACT &&
        as_fact_attr(w->facts, as_facts_get(w->facts, run), AS_ATTR_VERSION, &version))
        a->tool_version = version.str;
    a->tool = "Speakeasy";
    a->sample = as_facts_first(w->facts, AS_KIND_SAMPLE);
    a->gaps = find_gaps(w->facts);
    return AS_OK;
}

static as_code read_speakeasy(as_walk *w, as_err *err)
{
    struct as_speakeasy *s = as_mem_zero(1, sizeof(*s));
    struct heads *h = as_mem_zero(1, sizeof(*h));
    as_code rc;

    w->own = s;
    if (!s || !h)
        rc = as_fail_nomem(err, "reading a Speakeasy report");
    else
        rc = read_root(w, h, err);
    if (!rc)
        rc = recognise(w, err);
    w->own = NULL;
    as_mem_free(s);
    as_mem_free(h);
    return rc;
}

static bool has_either(const as_head *h, const char *of_object, const char *of_array)
{
    return as_head_has(h, h->root == AS_JSON_ARRAY ? of_array : of_object);
}

static as_sure probe_speakeasy(const as_head *h)
{
    unsigned of_report, of_entry;

    if (h->root != AS_JSON_OBJECT && h->root != AS_JSON_ARRAY)
        return AS_SURE_NO;
    of_report = (unsigned)has_either(h, "report_version", "*/report_version") +
                has_either(h, "emulation_total_runtime", "*/emulation_total_runtime") +
                has_either(h, "entry_points", "*/entry_points");
    of_entry = (unsigned)has_either(h, "ep_type", "*/ep_type") +
               has_either(h, "start_addr", "*/start_addr") + has_either(h, "apihash", "*/apihash");
    if (of_report >= 2 || of_entry >= 2)
        return AS_SURE_YES;
    /* The strings of a long report may come before all else. */
    return of_report == 1 && (as_head_has(h, "strings/static") || as_head_has(h, "emu_version"))
               ? AS_SURE_MAYBE
               : AS_SURE_NO;
}

const as_reader as_reader_speakeasy = {
    .about = {.id = "speakeasy",
              .name = "Speakeasy",
              .versions = "report_version 1 to 5",
              .maps = "sample, entry points with what they did: API calls, events of every type, "
                      "dropped files, code made at run time, memory, strings, errors that broke "
                      "the emulation off",
              .seen = false},
    .probe = probe_speakeasy,
    .read = read_speakeasy,
};

#include "formats/formats_priv.h"

#include <string.h>

#include "base/banned.h"

/* A report from its first byte to its last; what makes it a CAPE or a Cuckoo report. */

/* Top-level keys that, with an `info` object, make a report of this family. */
static const char *const family_keys[] = {"behavior", "target",  "signatures", "network",
                                          "CAPE",     "dropped", "suricata"};

struct seen {
    bool info, family, cape;
};

static void note_key(struct seen *seen, as_bytes key)
{
    seen->info |= as_bytes_is(key, "info");
    seen->cape |= as_bytes_is(key, "CAPE");
    for (size_t i = 0; i < AS_COUNT(family_keys); i++)
        seen->family |= as_bytes_is(key, family_keys[i]);
}

static as_code fail_unknown(as_err *err, const char *why)
{
    return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET, "not a CAPE or Cuckoo report: %s", why);
}

/* The root object's members; `seen` says what they were. */
static as_code read_root(as_walk *w, struct seen *seen, as_err *err)
{
    size_t from = as_facts_evidence_count(w->facts);
    as_place root = {0};
    as_json_tok t;
    as_code rc = as_walk_next(w, &t, err);

    if (rc)
        return rc;
    if (t.type != AS_JSON_OBJECT)
        return fail_unknown(err, "it is no JSON object");
    root.begin = t.begin;
    for (;;) {
        rc = as_walk_next(w, &t, err);
        if (rc)
            return rc;
        if (t.type == AS_JSON_OBJECT_END)
            break;
        note_key(seen, t.raw);
        rc = as_walk_member(w, &root, &as_shape_sandbox, AS_NO_FACT, NULL, &t, err);
        if (rc)
            return rc;
    }
    as_facts_close_evidence(w->facts, from, t.begin, t.end);
    return as_walk_next(w, &t, err); /* the end: nothing may follow */
}

static uint32_t first_of_kind(const as_facts *f, as_kind kind)
{
    for (uint32_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);

        if (fact->kind == kind && !(fact->flags & AS_FACT_GONE))
            return i;
    }
    return AS_NO_FACT;
}

static bool says_failed(as_bytes status)
{
    return as_bytes_has_nocase(status, "fail") || as_bytes_has_nocase(status, "abort") ||
           as_bytes_has_nocase(status, "error");
}

/* What the report itself says is missing. */
static uint32_t find_gaps(const as_facts *f, const as_fact *run)
{
    uint32_t gaps = 0;

    if (first_of_kind(f, AS_KIND_TOOL_ERROR) != AS_NO_FACT)
        gaps |= AS_GAP_ERRORS;
    if (first_of_kind(f, AS_KIND_PROCESS) == AS_NO_FACT)
        gaps |= AS_GAP_NOTHING;
    if (!as_fact_text(f, run, AS_ATTR_ENDED).n)
        gaps |= AS_GAP_NO_END;
    if (says_failed(as_fact_text(f, run, AS_ATTR_STATUS)) ||
        says_failed(as_fact_text(f, run, AS_ATTR_MACHINE_STATUS)))
        gaps |= AS_GAP_STATUS;
    return gaps;
}

static as_code recognise(as_walk *w, const struct seen *seen, as_err *err)
{
    as_analysis *a = w->analysis;
    uint32_t run = first_of_kind(w->facts, AS_KIND_ANALYSIS);
    as_value version = {0};

    if (!seen->info || run == AS_NO_FACT)
        return fail_unknown(err, "no 'info' object that says which run it is");
    if (!seen->family)
        return fail_unknown(err, "no 'behavior', 'target' or 'signatures' beside 'info'");
    if (as_fact_attr(w->facts, as_facts_get(w->facts, run), AS_ATTR_VERSION, &version))
        a->tool_version = version.str;
    a->tool = seen->cape || as_bytes_has_nocase(version.text, "CAPE") ? "CAPE" : "Cuckoo";
    a->sample = first_of_kind(w->facts, AS_KIND_SAMPLE);
    a->gaps = find_gaps(w->facts, as_facts_get(w->facts, run));
    return AS_OK;
}

static as_code read_all(as_walk *w, as_source *source, as_err *err)
{
    struct seen seen = {0};
    as_code rc = read_root(w, &seen, err);

    if (!rc)
        rc = as_join_facts(w->facts, err);
    if (!rc)
        rc = recognise(w, &seen, err);
    if (rc)
        return rc;
    w->analysis->doubts = as_json_doubts_so_far(w->json);
    w->analysis->size = as_source_at(source);
    as_source_sha256(source, w->analysis->sha256);
    return as_paths_finish(w, err);
}

static void walk_done(as_walk *w)
{
    as_json_free(w->json);
    as_tally_free(w->tally);
    as_paths_free(w->paths);
    as_buf_done(&w->text);
    as_buf_done(&w->path);
    as_buf_done(&w->call);
}

static as_analysis *analysis_new(as_source *source, const as_read_options *options)
{
    as_analysis *a = as_mem_zero(1, sizeof(*a));
    const char *name = as_source_name(source);
    size_t n = strlen(name) + 1;
    char *copy;

    if (!a)
        return NULL;
    copy = as_mem_get(n);
    a->source = copy;
    a->facts = as_facts_new(options->memory);
    a->sample = AS_NO_FACT;
    a->packed = as_source_packed(source);
    if (!copy || !a->facts) {
        as_analysis_free(a);
        return NULL;
    }
    memcpy(copy, name, n);
    return a;
}

as_code as_analysis_read(as_source *source, const as_read_options *options, as_analysis **ret,
                         as_err *err)
{
    static const as_read_options none = {0};
    as_walk w = {.options = options ? options : &none, .source = source};
    as_code rc;

    w.analysis = analysis_new(source, w.options);
    w.tally = as_tally_new();
    w.paths = as_paths_new();
    rc = as_json_new(source, NULL, &w.json, err);
    if (!rc && (!w.analysis || !w.tally || !w.paths))
        rc = as_fail_nomem(err, "reading a report");
    if (!rc) {
        w.facts = w.analysis->facts;
        rc = read_all(&w, source, err);
    }
    walk_done(&w);
    if (rc) {
        as_analysis_free(w.analysis);
        return rc;
    }
    *ret = w.analysis;
    return AS_OK;
}

void as_analysis_free(as_analysis *a)
{
    if (!a)
        return;
    as_facts_free(a->facts);
    as_mem_free(a->coverage.rows);
    as_mem_free((void *)(uintptr_t)a->source);
    as_mem_free(a);
}

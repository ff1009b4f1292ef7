#include "formats/formats_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * Which of the two wrote a report, and what the report says is missing from it. Both
 * are read with the same shapes (sandbox.c), and a large report may name its tool
 * only after megabytes, so this is settled at the end.
 */

/* Top-level keys that, with an `info` object, make a report of this family. */
static const char *const family_keys[] = {"behavior", "target",  "signatures", "network",
                                          "CAPE",     "dropped", "suricata"};

struct seen {
    bool info, family, cape;
};

static void note_key(void *ctx, as_bytes key)
{
    struct seen *seen = ctx;

    seen->info |= as_bytes_is(key, "info");
    seen->cape |= as_bytes_is(key, "CAPE");
    for (size_t i = 0; i < AS_COUNT(family_keys); i++)
        seen->family |= as_bytes_is(key, family_keys[i]);
}

static as_code fail_unknown(as_err *err, const char *why)
{
    return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET, "not a CAPE or Cuckoo report: %s", why);
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

    if (as_facts_first(f, AS_KIND_TOOL_ERROR) != AS_NO_FACT)
        gaps |= AS_GAP_ERRORS;
    if (as_facts_first(f, AS_KIND_PROCESS) == AS_NO_FACT)
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
    uint32_t run = as_facts_first(w->facts, AS_KIND_ANALYSIS);
    as_value version = {0};

    if (!seen->info || run == AS_NO_FACT)
        return fail_unknown(err, "no 'info' object that says which run it is");
    if (!seen->family)
        return fail_unknown(err, "no 'behavior', 'target' or 'signatures' beside 'info'");
    if (as_fact_attr(w->facts, as_facts_get(w->facts, run), AS_ATTR_VERSION, &version))
        a->tool_version = version.str;
    a->tool = seen->cape || as_bytes_has_nocase(version.text, "CAPE") ? "CAPE" : "Cuckoo";
    a->sample = as_facts_first(w->facts, AS_KIND_SAMPLE);
    a->gaps = find_gaps(w->facts, as_facts_get(w->facts, run));
    return AS_OK;
}

static as_code read_sandbox(as_walk *w, as_err *err)
{
    struct seen seen = {0};
    as_code rc = as_walk_document(w, &as_shape_sandbox, note_key, &seen, err);

    if (!rc)
        rc = as_join_facts(w->facts, err);
    return rc ? rc : recognise(w, &seen, err);
}

static bool names_cape(const as_head *h)
{
    return strstr(as_head_text(h, "info/version"), "CAPE") || as_head_has(h, "CAPE");
}

static as_sure probe_cape(const as_head *h)
{
    if (h->root != AS_JSON_OBJECT)
        return AS_SURE_NO;
    if (as_head_has(h, "info") && names_cape(h))
        return AS_SURE_YES;
    /* CAPE writes its statistics first, and they can be long. */
    return as_head_has(h, "statistics/processing") ? AS_SURE_MAYBE : AS_SURE_NO;
}

static as_sure probe_cuckoo(const as_head *h)
{
    if (h->root != AS_JSON_OBJECT || names_cape(h) || !as_head_has(h, "info"))
        return AS_SURE_NO;
    for (size_t i = 0; i < AS_COUNT(family_keys); i++) {
        if (as_head_has(h, family_keys[i]))
            return AS_SURE_YES;
    }
    return AS_SURE_MAYBE;
}

const as_reader as_reader_cape = {
    .about = {.id = "cape",
              .name = "CAPE",
              .versions = "2.2, 2.4",
              .maps = "target, static parts, signatures, "
                      "processes, API calls, files, registry, network, payloads, configurations",
              .seen = true},
    .probe = probe_cape,
    .read = read_sandbox,
};

const as_reader as_reader_cuckoo = {
    .about = {.id = "cuckoo",
              .name = "Cuckoo",
              .versions = "2.0",
              .maps = "target, static parts, signatures with every mark, processes, API calls, "
                      "files, registry, network, dropped files, Sigma",
              .seen = true},
    .probe = probe_cuckoo,
    .read = read_sandbox,
};

#include "formats/formats_priv.h"

#include "base/banned.h"

/*
 * FLOSS: strings as they stand in a file, and those that only its code puts together.
 * Written from the tool's documentation and result classes, versions 2 and 3.
 */

/* clang-format off */

LOCAL_SHAPE(string,
    ATTR("", VALUE),
    ATTR("string", VALUE),
    ATTR("encoding", ENCODING),
    ATTR("offset", OFFSET),
    ATTR("address", ADDRESS),
    ATTR("address_type", ADDRESS_TYPE),
    ATTR("function", FUNCTION),
    ATTR("decoding_routine", FUNCTION),
    ATTR("decoded_at", CALLER),
    ATTR("program_counter", ADDRESS),
    ATTR("section", SECTION),
    ATTR("structure", CLASS),
    ATTR("tags", TAG),
    SKIP("stack_pointer"), /* of the emulation, of no use without it */
    SKIP("original_stack_pointer"),
    SKIP("frame_offset"),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(strings,
    KEYED_FACT("static_strings", SOURCE, STRING, string),
    KEYED_FACT("stack_strings", SOURCE, STRING, string),
    KEYED_FACT("tight_strings", SOURCE, STRING, string),
    KEYED_FACT("decoded_strings", SOURCE, STRING, string),
    KEYED_FACT("language_strings", SOURCE, STRING, string),
    KEYED_FACT("language_strings_missed", SOURCE, STRING, string),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(sample,
    ATTR("", PATH));
LOCAL_SHAPE(md5, ATTR("", MD5));
LOCAL_SHAPE(sha1, ATTR("", SHA1));
LOCAL_SHAPE(sha256, ATTR("", SHA256));

LOCAL_SHAPE(runtime,
    ATTR("start_date", STARTED),
    ATTR("total", DURATION),
    OTHER_LEAVES(DETAIL));

/* The run and the sample in one object: the sample's members become a fact of their own. */
LOCAL_SHAPE(metadata,
    FACT("file_path", SAMPLE, sample),
    FACT("md5", SAMPLE, md5),
    FACT("sha1", SAMPLE, sha1),
    FACT("sha256", SAMPLE, sha256),
    ATTR("version", VERSION),
    ATTR("imagebase", IMAGEBASE),
    ATTR("language", LANGUAGE),
    INTO("runtime", runtime),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(analysis, LEAVES("functions", DETAIL), OTHER_LEAVES(OPTION));

static const as_shape as_shape_layout;
static const as_row layout_rows[] = {
    ATTR("name", NAME),
    ATTR("offset", OFFSET),
    ATTR("length", RAW_SIZE),
    FACT("children", FILE_PART, layout),
    SKIP("strings"), /* those of strings.static_strings, by place */
    OTHER_LEAVES(STATIC_DETAIL),
};
static const as_shape as_shape_layout = { layout_rows, AS_COUNT(layout_rows) };

LOCAL_SHAPE(document,
    FACT("metadata", ANALYSIS, metadata),
    INTO("analysis", analysis),
    INTO("strings", strings),
    FACT("layout", FILE_PART, layout),
    OTHER_LEAVES(DETAIL));

/* clang-format on */

/* The path and each hash of the one sample. */
static as_code join_samples(as_facts *f, uint32_t *ret)
{
    uint32_t first = as_facts_first(f, AS_KIND_SAMPLE);

    *ret = first;
    for (uint32_t i = first; first != AS_NO_FACT && i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);
        as_code rc;

        if (i == first || fact->kind != AS_KIND_SAMPLE || (fact->flags & AS_FACT_GONE))
            continue;
        rc = as_facts_join(f, first, i);
        if (rc)
            return rc;
    }
    return AS_OK;
}

struct seen {
    bool metadata, strings;
};

static void note_key(void *ctx, as_bytes key)
{
    struct seen *seen = ctx;

    seen->metadata |= as_bytes_is(key, "metadata");
    seen->strings |= as_bytes_is(key, "strings");
}

static as_code read_floss(as_walk *w, as_err *err)
{
    struct seen seen = {0};
    as_analysis *a = w->analysis;
    as_value version = {0};
    uint32_t run;
    as_code rc = as_walk_document(w, &as_shape_document, note_key, &seen, err);

    if (rc)
        return rc;
    if (!seen.metadata || !seen.strings)
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                       "not a FLOSS result document: no 'metadata' beside 'strings'");
    rc = join_samples(w->facts, &a->sample);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    run = as_facts_first(w->facts, AS_KIND_ANALYSIS);
    if (run != AS_NO_FACT &&
        as_fact_attr(w->facts, as_facts_get(w->facts, run), AS_ATTR_VERSION, &version))
        a->tool_version = version.str;
    a->tool = "FLOSS";
    return AS_OK;
}

static as_sure probe_floss(const as_head *h)
{
    if (h->root != AS_JSON_OBJECT || !as_head_has(h, "metadata/file_path"))
        return AS_SURE_NO;
    if (as_head_has(h, "strings/static_strings") || as_head_has(h, "analysis/functions") ||
        as_head_has(h, "analysis/enable_static_strings") || as_head_has(h, "metadata/min_length"))
        return AS_SURE_YES;
    return AS_SURE_MAYBE;
}

const as_reader as_reader_floss = {
    .about = {.id = "floss",
              .name = "FLOSS",
              .versions = "2, 3 (-j)",
              .maps = "sample, static, stack, tight, decoded and language strings with place and "
                      "encoding, layout of the file",
              .seen = false},
    .probe = probe_floss,
    .read = read_floss,
};

#include "formats/formats_priv.h"

#include "base/banned.h"

/*
 * What yr (YARA-X) writes with --output-format: json is {"version","matches":[{"rule",
 * "file",..}]}, ndjson one {"path","rules":[{"identifier",..}]} a line. Written from
 * the program's documentation and source.
 */

/* clang-format off */

static as_hook read_meta;

LOCAL_SHAPE(meta, OTHER_LEAVES(YARA_META));

LOCAL_SHAPE(string,
    ATTR("identifier", NAME),
    ATTR("offset", OFFSET),
    ATTR("match", VALUE),
    ATTR("xor_key", KEY),
    ATTR("plaintext", CONTENT),
    OTHER_LEAVES(YARA_META));

LOCAL_SHAPE(rule,
    ATTR("", RULE),
    ATTR("identifier", RULE),
    ATTR("rule", RULE),
    ATTR("namespace", NAMESPACE),
    ATTR("file", PATH),
    ATTR("tags", TAG),
    HOOK("meta", read_meta),
    FACT("strings", YARA_STRING, string),
    OTHER_LEAVES(YARA_META));

LOCAL_SHAPE(version, ATTR("", VERSION));
LOCAL_SHAPE(document,
    FACT("version", ANALYSIS, version),
    FACT("matches", YARA, rule),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(scanned,
    ATTR("path", NAME),
    ATTR("count", COUNT),
    FACT("rules", YARA, rule),
    OTHER_LEAVES(STATIC_DETAIL));

/* clang-format on */

/* --- metadata: an object, or [name, value] pairs, since a name may come twice -------------- */

static as_code put_scalar(as_walk *w, as_draft *d, as_attr_name name, const as_json_tok *t,
                          as_err *err)
{
    static const as_form forms[] = {[AS_JSON_STRING] = AS_FORM_TEXT,
                                    [AS_JSON_NUMBER] = AS_FORM_NUMBER,
                                    [AS_JSON_TRUE] = AS_FORM_TRUE,
                                    [AS_JSON_FALSE] = AS_FORM_FALSE};
    as_bytes text = {0};
    as_code rc;

    if (t->type == AS_JSON_NULL || (t->type == AS_JSON_STRING && !t->raw.n))
        return AS_OK;
    rc = as_walk_text(w, t, &text, err);
    if (rc)
        return rc;
    rc = as_draft_text(d, w->facts, name, forms[t->type], text);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

static as_code read_pair(as_walk *w, as_place *place, uint32_t rule, as_json_tok *t, as_err *err)
{
    as_draft d;
    as_code rc = AS_OK;

    as_draft_init(&d, AS_KIND_YARA_META);
    d.parent = rule;
    for (as_step i = 0; !rc; i++) {
        as_place child = {.up = place, .step = i};

        rc = as_walk_next(w, t, err);
        if (rc || t->type == AS_JSON_ARRAY_END)
            break;
        child.begin = t->begin;
        if (i > 1 || t->type < AS_JSON_STRING)
            rc = as_walk_pass(w, &child, t, false, err);
        else
            rc = put_scalar(w, &d, i ? AS_ATTR_VALUE : AS_ATTR_NAME, t, err);
    }
    if (rc || !d.n_attrs)
        return rc;
    rc = as_walk_evidence(w, place, t->end, &d.evidence[0], err);
    if (rc)
        return rc;
    d.n_evidence = 1;
    rc = as_facts_add(w->facts, &d, NULL);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

static as_code read_meta(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    uint64_t end;
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    if (t->type == AS_JSON_OBJECT)
        return as_walk_object(w, place, &as_shape_meta, fact, NULL, &end, err);
    if (t->type != AS_JSON_ARRAY)
        return as_walk_pass(w, place, t, false, err);
    while (!rc && as_walk_element(w, &child, t, &rc, err))
        rc = t->type == AS_JSON_ARRAY ? read_pair(w, &child, fact, t, err)
                                      : as_walk_pass(w, &child, t, false, err);
    return rc;
}

/* --- lines ---------------------------------------------------------------------------------- */

/* The file that a line is about is a fact, and its matches belong to it. */
static as_code read_file(as_walk *w, as_place *place, as_json_tok *t, as_err *err)
{
    uint32_t fact = AS_NO_FACT;
    uint64_t end = 0;
    as_draft d;
    as_code rc = as_facts_reserve(w->facts, &fact);

    if (rc)
        return as_walk_facts_failed(w, rc, err);
    as_draft_init(&d, AS_KIND_SAMPLE);
    rc = as_walk_object(w, place, &as_shape_scanned, fact, &d, &end, err);
    t->end = end; /* of the record */
    if (rc || !d.n_attrs)
        return rc;
    rc = as_walk_evidence(w, place, end, &d.evidence[0], err);
    if (rc)
        return rc;
    d.n_evidence = 1;
    rc = as_facts_put(w->facts, fact, &d);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

static as_code read_record(as_walk *w, void *ctx, as_place *place, as_json_tok *t, bool *ret_kept,
                           as_err *err)
{
    (void)ctx;
    *ret_kept = true;
    return t->type == AS_JSON_OBJECT ? read_file(w, place, t, err)
                                     : as_walk_pass(w, place, t, false, err);
}

/* --- both ----------------------------------------------------------------------------------- */

/* If every match is in one file, that is the sample. */
static as_code find_sample(as_walk *w, as_err *err)
{
    as_value path = {0}, other;
    as_draft d;
    as_code rc;

    as_draft_init(&d, AS_KIND_SAMPLE);
    for (uint32_t i = 0; i < as_facts_count(w->facts); i++) {
        const as_fact *fact = as_facts_get(w->facts, i);

        if (fact->kind != AS_KIND_YARA || (fact->flags & AS_FACT_GONE))
            continue;
        if (!as_fact_attr(w->facts, fact, AS_ATTR_PATH, &other) ||
            (d.n_evidence && other.str != path.str))
            return AS_OK;
        path = other;
        d.evidence[0] = as_fact_evidence(w->facts, fact)[0];
        d.n_evidence = 1;
    }
    if (!d.n_evidence)
        return AS_OK;
    rc = as_draft_text(&d, w->facts, AS_ATTR_NAME, AS_FORM_TEXT, path.text);
    if (!rc)
        rc = as_facts_add(w->facts, &d, NULL);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

struct seen {
    bool matches;
};

static void note_key(void *ctx, as_bytes key)
{
    struct seen *seen = ctx;

    seen->matches |= as_bytes_is(key, "matches");
}

static as_code read_document(as_walk *w, as_err *err)
{
    struct seen seen = {0};
    as_value version = {0};
    as_code rc = as_walk_document(w, &as_shape_document, note_key, &seen, err);
    uint32_t run = as_facts_first(w->facts, AS_KIND_ANALYSIS);

    if (rc)
        return rc;
    if (!seen.matches)
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET, "not an output of YARA-X: no 'matches'");
    if (run != AS_NO_FACT &&
        as_fact_attr(w->facts, as_facts_get(w->facts, run), AS_ATTR_VERSION, &version))
        w->analysis->tool_version = version.str;
    return find_sample(w, err);
}

static bool is_line(const as_head *h)
{
    return as_head_has(h, "path") && (as_head_has(h, "rules") || as_head_has(h, "count"));
}

static as_code read_yara_x(as_walk *w, as_err *err)
{
    as_head *h = as_mem_get(sizeof(*h));
    bool lines = false;
    as_code rc;

    if (!h)
        return as_fail_nomem(err, "the first bytes of the input");
    rc = as_head_look(w->source, (size_t)1 << 20, h, err);
    lines = !rc && is_line(h);
    as_mem_free(h);
    if (!rc)
        rc = lines ? as_walk_records(w, read_record, NULL, NULL, err) : read_document(w, err);
    if (rc)
        return rc;
    w->analysis->sample = as_facts_first(w->facts, AS_KIND_SAMPLE);
    w->analysis->tool = "YARA-X";
    return AS_OK;
}

static as_sure probe_yara_x(const as_head *h)
{
    if (h->root != AS_JSON_OBJECT)
        return AS_SURE_NO;
    if (is_line(h))
        return as_head_has(h, "rules/*/identifier") ? AS_SURE_YES : AS_SURE_MAYBE;
    if (as_head_has(h, "matches/*/rule") && as_head_has(h, "matches/*/file"))
        return AS_SURE_YES;
    return as_head_has(h, "version") && as_head_has(h, "matches") ? AS_SURE_MAYBE : AS_SURE_NO;
}

const as_reader as_reader_yara_x = {
    .about = {.id = "yara-x",
              .name = "YARA-X",
              .versions = "1 (--output-format json, ndjson)",
              .maps =
                  "rules with name space, tags and metadata, strings with offset and text, files",
              .seen = false},
    .probe = probe_yara_x,
    .read = read_yara_x,
};

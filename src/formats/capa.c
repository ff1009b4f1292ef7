#include "formats/formats_priv.h"

#include "base/banned.h"

/*
 * capa's result document: which rules matched, where, and on what each match rests.
 * A rule is a capability; the tree below each of its matches is read for its leaves
 * that were found. What was tried in vain is left out, as is the text of the rules.
 */

#define TUPLE_MAX     4 /* parent, process, thread, call */
#define ADDRESS_ATTRS (TUPLE_MAX + 1)

/* clang-format off */

/* --- rules -------------------------------------------------------------------------------- */

LOCAL_SHAPE(attack,
    ATTR("id", TECHNIQUE),
    ATTR("technique", NAME),
    ATTR("subtechnique", NAME),
    ATTR("tactic", TACTIC),
    SKIP("parts"), /* the same once more */
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(mbc,
    ATTR("id", ID),
    ATTR("behavior", NAME),
    ATTR("method", METHOD),
    ATTR("objective", TACTIC),
    SKIP("parts"),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(scopes, ATTR("", SCOPE), ATTR("static", SCOPE), ATTR("dynamic", SCOPE),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(rule_meta,
    ATTR("name", NAME),
    ATTR("namespace", NAMESPACE),
    ATTR("description", DESCRIPTION),
    ATTR("authors", AUTHOR),
    ATTR("author", AUTHOR),
    ATTR("references", REFERENCE),
    INTO("scopes", scopes),
    INTO("scope", scopes),
    FACT("attack", TECHNIQUE, attack),
    FACT("att&ck", TECHNIQUE, attack),
    FACT("mbc", MBC, mbc),
    ATTR("lib", LIBRARY),
    SKIP("is_subscope_rule"),
    SKIP("capa/subscope"),
    SKIP("examples"), /* files that the rule was tried on */
    OTHER_LEAVES(DETAIL));

/* --- features ----------------------------------------------------------------------------- */

/* {"type":"api","api":"CreateMutex"}: the value's key is the type, now and then spelt otherwise. */
static const as_row feature_rows[] = {
    ATTR("type", TYPE),
    ATTR("description", DESCRIPTION),
    ATTR("access", OPERATION),
    ATTR("index", ORDINAL),
    { .key_attr = AS_NO_ATTR, .act = AS_ACT_ATTR, .what = AS_ATTR_VALUE },
};
static const as_shape as_shape_feature = { feature_rows, AS_COUNT(feature_rows) };

/* One statement names a feature itself and how often it must be there, one the part of the
 * code in which all below it was found together. */
static const as_row statement_rows[] = {
    ATTR("scope", SCOPE),
    ATTR("min", AT_LEAST),
    ATTR("max", AT_MOST),
    INTO("child", feature),
    { .key_attr = AS_NO_ATTR, .act = AS_ACT_SKIP },
};
static const as_shape as_shape_statement = { statement_rows, AS_COUNT(statement_rows) };

LOCAL_SHAPE(node, SKIP("type"), INTO("feature", feature), INTO("statement", statement));

static as_hook read_matches, read_counts, read_libraries, read_processes;

LOCAL_SHAPE(rule,
    INTO("meta", rule_meta),
    SKIP("source"),
    HOOK("matches", read_matches),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(rules, ANY_FACT(CAPABILITY, rule));

/* --- the run ------------------------------------------------------------------------------ */

LOCAL_SHAPE(sample,
    ATTR("md5", MD5),
    ATTR("sha1", SHA1),
    ATTR("sha256", SHA256),
    ATTR("path", PATH),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(argument, ATTR("", VALUE));
LOCAL_SHAPE(base_address, ATTR("type", ADDRESS_TYPE), ATTR("value", IMAGEBASE));
LOCAL_SHAPE(feature_counts,
    ATTR("file", COUNT),
    HOOK("functions", read_counts),
    HOOK("processes", read_processes));
/* Static: where the rules matched, which the matches say themselves. */
LOCAL_SHAPE(layout, SKIP("functions"), HOOK("processes", read_processes));

LOCAL_SHAPE(analysis,
    ATTR("format", TYPE),
    ATTR("arch", ARCH),
    ATTR("os", PLATFORM),
    ATTR("extractor", METHOD),
    ATTR("rules", SOURCE),
    INTO("base_address", base_address),
    INTO("layout", layout),
    INTO("feature_counts", feature_counts),
    HOOK("library_functions", read_libraries),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(meta,
    ATTR("version", VERSION),
    ATTR("timestamp", TIME),
    ATTR("flavor", CATEGORY),
    FACT("argv", OPTION, argument),
    FACT("sample", SAMPLE, sample),
    INTO("analysis", analysis),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(document, FACT("meta", ANALYSIS, meta), INTO("rules", rules), OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(counted, ATTR("count", COUNT), ATTR("name", NAME), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(called, ATTR("name", OPERATION), OTHER_LEAVES(DETAIL));

/* clang-format on */

/* --- addresses ----------------------------------------------------------------------------- */

/* What stands in an address: {"type":"thread","value":[800,1204,1208]}. */
struct address {
    as_str type;
    as_str values[TUPLE_MAX];
    as_form forms[TUPLE_MAX];
    size_t n;
};

static as_code keep_scalar(as_walk *w, as_place *place, struct address *a, bool type,
                           as_json_tok *t, as_err *err)
{
    as_bytes text = {0};
    as_str str = 0;
    as_code rc;

    if (t->type < AS_JSON_STRING || t->type == AS_JSON_NULL || (!type && a->n == TUPLE_MAX))
        return as_walk_pass(w, place, t, false, err);
    rc = as_walk_text(w, t, &text, err);
    if (rc)
        return rc;
    rc = as_facts_intern(w->facts, text, &str);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    if (!str)
        return AS_OK;
    if (type) {
        a->type = str;
    } else {
        a->forms[a->n] = t->type == AS_JSON_NUMBER ? AS_FORM_NUMBER : AS_FORM_TEXT;
        a->values[a->n++] = str;
    }
    return AS_OK;
}

static as_code keep_type(as_walk *w, as_place *place, struct address *a, bool known, as_json_tok *t,
                         as_err *err)
{
    as_code rc = keep_scalar(w, place, a, true, t, err);

    if (!rc && known && a->type)
        rc = as_paths_add(w, place, t->end - t->begin, true, err);
    return rc;
}

static as_code keep_values(as_walk *w, as_place *place, struct address *a, as_json_tok *t,
                           as_err *err)
{
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    if (t->type != AS_JSON_ARRAY)
        return keep_scalar(w, place, a, false, t, err);
    while (!rc && as_walk_element(w, &child, t, &rc, err))
        rc = keep_scalar(w, &child, a, false, t, err);
    return rc;
}

/* `known`: the type is told by which attributes the values become. */
static as_code parse_address(as_walk *w, as_place *place, struct address *a, bool known,
                             as_json_tok *t, as_err *err)
{
    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    for (;;) {
        as_place child = {.up = place};
        as_code rc = as_walk_next(w, t, err);
        bool type, value;

        if (rc || t->type == AS_JSON_OBJECT_END)
            return rc;
        type = as_bytes_is(t->raw, "type");
        value = as_bytes_is(t->raw, "value");
        rc = as_walk_key(w, t, &child.step, err);
        if (!rc)
            rc = as_walk_next(w, t, err);
        if (rc)
            return rc;
        child.begin = t->begin;
        if (type)
            rc = keep_type(w, &child, a, known, t, err);
        else if (value)
            rc = keep_values(w, &child, a, t, err);
        else
            rc = as_walk_pass(w, &child, t, false, err);
        if (rc)
            return rc;
    }
}

/* Each value is said once: the same address stands under a feature and under its captures. */
static as_code put_once(as_walk *w, as_draft *d, as_attr_name name, as_form form, as_str str,
                        as_err *err)
{
    as_code rc;

    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == name && d->attrs[i].str == str)
            return AS_OK;
    }
    rc = as_draft_text(d, w->facts, name, form, as_facts_text(w->facts, str));
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* In memory, in the file, in a .NET method; or, of a run, the process, thread and call. */
static as_code put_address(as_walk *w, as_draft *d, const struct address *a, as_err *err)
{
    static const as_attr_name of_code[TUPLE_MAX] = {AS_ATTR_ADDRESS, AS_ATTR_OFFSET, AS_ATTR_VALUE,
                                                    AS_ATTR_VALUE};
    static const as_attr_name of_run[TUPLE_MAX] = {AS_ATTR_PPID, AS_ATTR_PID, AS_ATTR_TID,
                                                   AS_ATTR_CALL_ID};
    as_bytes type = as_facts_text(w->facts, a->type);
    bool run =
        as_bytes_is(type, "process") || as_bytes_is(type, "thread") || as_bytes_is(type, "call");
    as_code rc = AS_OK;

    if (a->type && d->kind != AS_KIND_PROCESS)
        rc = put_once(w, d, AS_ATTR_ADDRESS_TYPE, AS_FORM_TEXT, a->type, err);
    for (size_t i = 0; !rc && i < a->n; i++)
        rc = put_once(w, d, run ? of_run[i] : of_code[i], a->forms[i], a->values[i], err);
    return rc;
}

static as_code read_address(as_walk *w, as_place *place, as_draft *d, as_json_tok *t, as_err *err)
{
    struct address a = {0};
    as_code rc;

    if (d->n_attrs > AS_DRAFT_ATTRS - ADDRESS_ATTRS)
        return as_walk_pass(w, place, t, false, err);
    rc = parse_address(w, place, &a, d->kind == AS_KIND_PROCESS, t, err);
    return rc ? rc : put_address(w, d, &a, err);
}

/* --- facts at an address ------------------------------------------------------------------ */

static as_element read_thread;

/* One member of an object at an address, its key in `t`. */
static as_code read_member(as_walk *w, as_place *place, const as_shape *shape, uint32_t fact,
                           as_draft *d, as_json_tok *t, as_err *err)
{
    bool address = as_bytes_is(t->raw, "address"), threads = as_bytes_is(t->raw, "matched_threads");
    as_place child;
    as_code rc;

    if (!address && !threads)
        return as_walk_member(w, place, shape, fact, d, t, err);
    rc = as_walk_value(w, place, &child, t, err);
    if (rc)
        return rc;
    return address ? read_address(w, &child, d, t, err)
                   : as_walk_each(w, &child, fact, read_thread, d, t, err);
}

/* {"address":..., ...} as a fact of its own. */
static as_code read_at(as_walk *w, as_place *place, as_kind kind, const as_shape *shape,
                       uint32_t parent, as_json_tok *t, as_err *err)
{
    size_t from = as_facts_evidence_count(w->facts);
    uint32_t fact = AS_NO_FACT;
    as_draft d;
    as_code rc;

    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    rc = as_part_begin(w, &d, kind, parent, &fact, err);
    while (!rc) {
        rc = as_walk_next(w, t, err);
        if (rc || t->type == AS_JSON_OBJECT_END)
            break;
        rc = read_member(w, place, shape, fact, &d, t, err);
    }
    if (rc)
        return rc;
    as_facts_close_evidence(w->facts, from, t->begin, t->end); /* of details, for their keys */
    return as_part_end(w, &d, fact, place, t->end, err);
}

static as_code read_counted(as_walk *w, as_place *place, uint32_t fact, void *ctx, as_json_tok *t,
                            as_err *err)
{
    const as_kind *kind = ctx;

    (void)fact;
    return read_at(w, place, *kind, &as_shape_counted, AS_NO_FACT, t, err);
}

static as_code read_call(as_walk *w, as_place *place, uint32_t fact, void *ctx, as_json_tok *t,
                         as_err *err)
{
    (void)ctx;
    return read_at(w, place, AS_KIND_EVENT, &as_shape_called, fact, t, err);
}

static as_code read_counts(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    as_kind kind = AS_KIND_FUNCTION;

    return as_walk_each(w, place, fact, read_counted, &kind, t, err);
}

static as_code read_libraries(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                              as_err *err)
{
    as_kind kind = AS_KIND_LIBRARY_FUNCTION;

    return as_walk_each(w, place, fact, read_counted, &kind, t, err);
}

static as_code read_processes(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                              as_err *err)
{
    as_kind kind = AS_KIND_PROCESS;

    return as_walk_each(w, place, fact, read_counted, &kind, t, err);
}

/* {"address":..,"matched_calls":[..]} of a process: its thread number and its calls. */
static as_code read_thread(as_walk *w, as_place *place, uint32_t fact, void *ctx, as_json_tok *t,
                           as_err *err)
{
    as_draft *d = ctx;

    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    for (;;) {
        as_place child;
        as_code rc = as_walk_next(w, t, err);
        bool address, calls;

        if (rc || t->type == AS_JSON_OBJECT_END)
            return rc;
        address = as_bytes_is(t->raw, "address");
        calls = as_bytes_is(t->raw, "matched_calls");
        rc = as_walk_value(w, place, &child, t, err);
        if (rc)
            return rc;
        if (address)
            rc = read_address(w, &child, d, t, err);
        else if (calls)
            rc = as_walk_each(w, &child, fact, read_call, NULL, t, err);
        else
            rc = as_walk_pass(w, &child, t, false, err);
        if (rc)
            return rc;
    }
}

/* --- matches -------------------------------------------------------------------------------- */

/*
 * One node of the tree below a match. capa writes first whether it was found; were
 * that written last, the parts of a node not found would be told by then.
 */
struct node {
    const as_place *place;
    as_draft d;
    size_t n_head; /* attributes that the node itself gave; its places follow */
    bool failed, split;
};

/* A feature found in more places than a draft holds goes on in another fact. */
static as_code make_room(as_walk *w, struct node *n, as_err *err)
{
    as_code rc;

    if (n->d.n_attrs <= AS_DRAFT_ATTRS - ADDRESS_ATTRS || n->n_head == n->d.n_attrs)
        return AS_OK;
    rc = as_walk_evidence(w, n->place, 0, &n->d.evidence[0], err); /* its end comes later */
    if (rc)
        return rc;
    rc = as_facts_add(w->facts, &n->d, NULL);
    n->d.n_attrs = n->n_head;
    n->split = true;
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

static as_code read_location(as_walk *w, as_place *place, uint32_t fact, void *ctx, as_json_tok *t,
                             as_err *err)
{
    struct node *n = ctx;
    as_code rc = make_room(w, n, err);

    (void)fact;
    return rc ? rc : read_address(w, place, &n->d, t, err);
}

/* {"text that the expression found": [where, ...], ...} */
static as_code read_captures(as_walk *w, as_place *place, struct node *n, as_json_tok *t,
                             as_err *err)
{
    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    for (;;) {
        as_place child;
        as_code rc = as_walk_next(w, t, err);

        if (rc || t->type == AS_JSON_OBJECT_END)
            return rc;
        rc = as_walk_value(w, place, &child, t, err);
        if (!rc)
            rc = make_room(w, n, err);
        if (!rc && n->d.n_attrs < AS_DRAFT_ATTRS)
            rc = put_once(w, &n->d, AS_ATTR_CONTENT, AS_FORM_TEXT, child.step & ~AS_STEP_KEY, err);
        if (!rc)
            rc = as_walk_each(w, &child, AS_NO_FACT, read_location, n, t, err);
        if (rc)
            return rc;
    }
}

static as_code read_node(as_walk *w, as_place *place, struct node *n, as_json_tok *t, as_err *err)
{
    uint64_t end;
    as_code rc;

    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    rc = as_walk_object(w, place, &as_shape_node, n->d.parent, &n->d, &end, err);
    n->n_head = n->d.n_attrs;
    return rc;
}

static as_element read_tree;

/* One member of a node, its key in `t`. */
static as_code read_tree_member(as_walk *w, as_place *place, uint32_t rule, struct node *n,
                                as_json_tok *t, as_err *err)
{
    static const char *const keys[] = {"success", "node", "children", "locations", "captures"};
    as_place child;
    size_t key = 0;
    as_code rc;

    while (key < AS_COUNT(keys) && !as_bytes_is(t->raw, keys[key]))
        key++;
    rc = as_walk_value(w, place, &child, t, err);
    if (rc)
        return rc;
    if (key == 0)
        n->failed = t->type == AS_JSON_FALSE;
    if (key == 0 || (n->failed && key < AS_COUNT(keys)))
        return as_walk_pass(w, &child, t, true, err);
    switch (key) {
    case 1:
        return read_node(w, &child, n, t, err);
    case 2:
        return as_walk_each(w, &child, rule, read_tree, NULL, t, err);
    case 3:
        return as_walk_each(w, &child, rule, read_location, n, t, err);
    case 4:
        return read_captures(w, &child, n, t, err);
    default:
        return as_walk_pass(w, &child, t, false, err);
    }
}

static as_code read_tree(as_walk *w, as_place *place, uint32_t rule, void *ctx, as_json_tok *t,
                         as_err *err)
{
    struct node n = {.place = place};
    size_t from = as_facts_evidence_count(w->facts);
    uint32_t fact = AS_NO_FACT;
    as_code rc;

    (void)ctx;
    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    rc = as_part_begin(w, &n.d, AS_KIND_CAPABILITY_FEATURE, rule, &fact, err);
    while (!rc) {
        rc = as_walk_next(w, t, err);
        if (rc || t->type == AS_JSON_OBJECT_END)
            break;
        rc = read_tree_member(w, place, rule, &n, t, err);
    }
    if (rc)
        return rc;
    if (n.split)
        as_facts_close_evidence(w->facts, from, t->begin, t->end);
    if (n.failed)
        n.d.n_attrs = 0;
    return as_part_end(w, &n.d, fact, place, t->end, err);
}

/* [where, what it rests on] */
static as_code read_match(as_walk *w, as_place *place, uint32_t rule, void *ctx, as_json_tok *t,
                          as_err *err)
{
    uint32_t fact = AS_NO_FACT;
    as_draft d;
    as_code rc;

    (void)ctx;
    if (t->type != AS_JSON_ARRAY)
        return as_walk_pass(w, place, t, false, err);
    rc = as_part_begin(w, &d, AS_KIND_CAPABILITY_MATCH, rule, &fact, err);
    for (as_step i = 0; !rc; i++) {
        as_place child = {.up = place, .step = i};

        rc = as_walk_next(w, t, err);
        if (rc || t->type == AS_JSON_ARRAY_END)
            break;
        child.begin = t->begin;
        if (i == 0)
            rc = read_address(w, &child, &d, t, err);
        else if (i == 1)
            rc = read_tree(w, &child, rule, NULL, t, err);
        else
            rc = as_walk_pass(w, &child, t, false, err);
    }
    return rc ? rc : as_part_end(w, &d, fact, place, t->end, err);
}

static as_code read_matches(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    return as_walk_each(w, place, fact, read_match, NULL, t, err);
}

/* --- the document ------------------------------------------------------------------------------
 */

static as_code read_capa(as_walk *w, as_err *err)
{
    as_code rc = as_walk_document(w, &as_shape_document, NULL, NULL, err);
    as_analysis *a = w->analysis;
    as_value version = {0};
    uint32_t run;

    if (!rc)
        rc = as_join_facts(w->facts, err);
    if (rc)
        return rc;
    run = as_facts_first(w->facts, AS_KIND_ANALYSIS);
    a->sample = as_facts_first(w->facts, AS_KIND_SAMPLE);
    if (run == AS_NO_FACT || a->sample == AS_NO_FACT)
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                       "not a capa result document: no 'meta' that names run and sample");
    if (as_fact_attr(w->facts, as_facts_get(w->facts, run), AS_ATTR_VERSION, &version))
        a->tool_version = version.str;
    a->tool = "capa";
    return AS_OK;
}

static as_sure probe_capa(const as_head *h)
{
    if (h->root != AS_JSON_OBJECT || !as_head_has(h, "meta/analysis"))
        return AS_SURE_NO;
    if (as_head_has(h, "meta/flavor") || as_head_has(h, "meta/analysis/feature_counts") ||
        as_head_has(h, "meta/analysis/extractor"))
        return AS_SURE_YES;
    return AS_SURE_MAYBE;
}

const as_reader as_reader_capa = {
    .about = {.id = "capa",
              .name = "capa",
              .versions = "6 to 9 (-j), static and dynamic; checked on 7.0",
              .maps = "sample, capabilities with name space, ATT&CK and MBC, where they matched "
                      "and on which features, functions, libraries, processes",
              .seen = true},
    .probe = probe_capa,
    .read = read_capa,
};

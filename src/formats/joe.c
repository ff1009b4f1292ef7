#include "formats/joe_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * Joe Sandbox: the JSON forms of its XML report (json, jsonfixed, lightjson) and of the short
 * incident report (irjson). Element names are those of the vendor's own client code and of
 * importers of other projects; no report of the tool itself was at hand. The conversion
 * writes an attribute as "@name" or plainly, a single child as an object and several as an
 * array, and an element's text as "$", "#text" or as the element itself: all forms are read.
 *
 * Reports may be hundreds of megabytes, most of it disassembly, strings and pictures, which
 * are passed over; what is kept are facts.
 */

/* --- values that belong to a fact elsewhere -------------------------------------------------- */

/* Adds the scalar `t` to the fact *into, or begins it. */
static as_code bring(as_walk *w, as_place *place, uint32_t *into, as_kind kind, as_attr_name name,
                     const as_json_tok *t, as_err *err)
{
    uint32_t fact = AS_NO_FACT;
    as_draft d;
    as_code rc;

    as_draft_init(&d, kind);
    rc = as_walk_attr(w, place, AS_NO_FACT, &d, name, t, err);
    if (!rc && d.n_attrs)
        rc = as_walk_evidence(w, place, t->end, &d.evidence[d.n_evidence++], err);
    if (rc || !d.n_attrs)
        return rc;
    rc = as_facts_add(w->facts, &d, &fact);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    if (*into != AS_NO_FACT)
        rc = as_part_join(w, *into, fact, err);
    if (!rc && !(as_facts_get(w->facts, fact)->flags & AS_FACT_GONE))
        *into = fact; /* the first, or the one before was told too often */
    return rc;
}

#define BRING_HOOK(name, field, kind, attr)                                                        \
    static as_code name(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)   \
    {                                                                                              \
        (void)fact;                                                                                \
        if (t->type < AS_JSON_STRING)                                                              \
            return as_walk_pass(w, place, t, false, err);                                          \
        return bring(w, place, &as_joe_of(w)->field, AS_KIND_##kind, AS_ATTR_##attr, t, err);      \
    }

BRING_HOOK(run_id, run, ANALYSIS, ID)
BRING_HOOK(run_version, run, ANALYSIS, VERSION)
BRING_HOOK(run_date, run, ANALYSIS, STARTED)
BRING_HOOK(run_time, run, ANALYSIS, TIME)
BRING_HOOK(run_system, run, ANALYSIS, MACHINE)
BRING_HOOK(run_arch, run, ANALYSIS, PLATFORM)
BRING_HOOK(run_cookbook, run, ANALYSIS, PACKAGE)
BRING_HOOK(run_product, run, ANALYSIS, MACHINE_LABEL)
BRING_HOOK(run_form, run, ANALYSIS, CATEGORY)
BRING_HOOK(sample_name, sample, SAMPLE, NAME)
BRING_HOOK(sample_url, sample, SAMPLE, URL)
BRING_HOOK(sample_type, sample, SAMPLE, TYPE)

/* --- verdicts -------------------------------------------------------------------------------- */

static bool is_set(const as_json_tok *t)
{
    return t->type == AS_JSON_TRUE || (t->type == AS_JSON_STRING && as_bytes_is(t->raw, "true"));
}

/* "malicious": true. Where a word is given as well, that is the verdict. */
static as_code read_flag(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    (void)fact;
    if (is_set(t))
        as_joe_of(w)->verdict = place->step & ~AS_STEP_KEY;
    return as_walk_pass(w, place, t, true, err);
}

/* A way of judging that gives no score is no more than a detail. */
static as_code finish_score(as_walk *w, as_place *place, uint32_t fact, uint64_t end, as_draft *d,
                            as_err *err)
{
    struct as_joe *s = as_joe_of(w);
    as_bytes word = as_facts_text(w->facts, s->verdict);
    as_code rc = AS_OK;

    (void)place;
    (void)fact;
    (void)end;
    if (word.n > 1 && word.p[0] == '@')
        word = (as_bytes){word.p + 1, word.n - 1};
    if (s->verdict && !as_joe_attr(d, AS_ATTR_VERDICT) && d->n_attrs < AS_DRAFT_ATTRS)
        rc = as_draft_text(d, w->facts, AS_ATTR_VERDICT, AS_FORM_TEXT, word);
    s->verdict = 0;
    if (!as_joe_attr(d, AS_ATTR_SCORE))
        d->kind = AS_KIND_DETAIL;
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* --- hashes ---------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    as_attr_name attr;
    size_t digits;
} hashes[] = {
    {"MD5", AS_ATTR_MD5, 32},        {"SHA", AS_ATTR_SHA1, 40},
    {"SHA1", AS_ATTR_SHA1, 40},      {"SHA-1", AS_ATTR_SHA1, 40},
    {"SHA256", AS_ATTR_SHA256, 64},  {"SHA-256", AS_ATTR_SHA256, 64},
    {"SHA512", AS_ATTR_SHA512, 128}, {"SHA-512", AS_ATTR_SHA512, 128},
    {"SSDEEP", AS_ATTR_SSDEEP, 0},   {"TLSH", AS_ATTR_TLSH, 0},
};

/* By its name or, where that is not given, by its length. */
static as_attr_name hash_name(as_bytes algorithm, as_bytes text)
{
    for (size_t i = 0; i < AS_COUNT(hashes); i++) {
        if (algorithm.n ? as_bytes_eq_nocase(algorithm, as_bytes_of(hashes[i].name))
                        : text.n == hashes[i].digits)
            return hashes[i].attr;
    }
    return AS_ATTR_FINGERPRINT;
}

static as_code put_hash(as_walk *w, as_draft *d, as_str algorithm, as_str value, as_err *err)
{
    as_bytes text = as_facts_text(w->facts, value);
    as_code rc;

    if (!value || d->n_attrs == AS_DRAFT_ATTRS)
        return AS_OK;
    rc = as_draft_text(d, w->facts, hash_name(as_facts_text(w->facts, algorithm), text),
                       AS_FORM_TEXT, text);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

static as_code intern(as_walk *w, const as_json_tok *t, as_str *ret, as_err *err)
{
    as_bytes text = {0};
    as_code rc = as_walk_text(w, t, &text, err);

    if (rc)
        return rc;
    rc = as_facts_intern(w->facts, text, ret);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* One member of {algo, $}, its KEY in `t`. */
static as_code read_hash_member(as_walk *w, as_place *place, as_str *algorithm, as_str *value,
                                as_json_tok *t, as_err *err)
{
    bool named = as_bytes_is(t->raw, "@algo") || as_bytes_is(t->raw, "algo");
    bool text = as_bytes_is(t->raw, "$") || as_bytes_is(t->raw, "#text");
    as_place child = {.up = place};
    as_code rc = as_walk_key(w, t, &child.step, err);

    if (!rc)
        rc = as_walk_next(w, t, err);
    if (rc)
        return rc;
    child.begin = t->begin;
    if (t->type == AS_JSON_STRING && text && t->raw.n)
        return intern(w, t, value, err);
    if (t->type == AS_JSON_STRING && named && t->raw.n)
        rc = intern(w, t, algorithm, err);
    return rc ? rc : as_walk_pass(w, &child, t, named, err);
}

static as_code read_hash(as_walk *w, as_place *place, as_draft *d, as_json_tok *t, as_err *err)
{
    as_str algorithm = 0, value = 0;
    as_code rc;

    if (t->type == AS_JSON_STRING) {
        rc = intern(w, t, &value, err);
        return rc ? rc : put_hash(w, d, 0, value, err);
    }
    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    for (;;) {
        rc = as_walk_next(w, t, err);
        if (rc)
            return rc;
        if (t->type == AS_JSON_OBJECT_END)
            return put_hash(w, d, algorithm, value, err);
        rc = read_hash_member(w, place, &algorithm, &value, t, err);
        if (rc)
            return rc;
    }
}

static as_code read_hashes(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    as_draft *d = w->draft;
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    (void)fact;
    if (!d)
        return as_walk_pass(w, place, t, false, err);
    if (t->type != AS_JSON_ARRAY)
        return read_hash(w, place, d, t, err);
    while (!rc && as_walk_element(w, &child, t, &rc, err))
        rc = read_hash(w, &child, d, t, err);
    return rc;
}

/* --- addresses and techniques ------------------------------------------------------------------
 */

/* A name that did not resolve has the address "unknown". */
static as_code read_ip(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    as_draft *d = w->draft;
    bool unknown = t->type == AS_JSON_STRING && as_bytes_is(t->raw, "unknown");

    if (!d || t->type < AS_JSON_STRING || unknown)
        return as_walk_pass(w, place, t, unknown, err);
    return as_walk_attr(w, place, fact, d, AS_ATTR_IP, t, err);
}

static as_code read_tactic_name(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                                as_err *err)
{
    struct as_joe *s = as_joe_of(w);
    as_code rc;

    (void)fact;
    if (t->type != AS_JSON_STRING || !t->raw.n)
        return as_walk_pass(w, place, t, false, err);
    rc = intern(w, t, &s->tactic, err);
    return rc ? rc : as_walk_evidence(w, place, t->end, &s->tactic_at, err);
}

static as_code name_tactics(as_walk *w, uint32_t from, as_err *err)
{
    const struct as_joe *s = as_joe_of(w);
    uint32_t to = (uint32_t)as_facts_count(w->facts);
    as_code rc = AS_OK;

    for (uint32_t i = from; !rc && s->tactic && i < to; i++) {
        const as_fact *fact = as_facts_get(w->facts, i);

        if (fact->kind == AS_KIND_TECHNIQUE && !(fact->flags & AS_FACT_GONE))
            rc = as_part_bring(w, i, AS_ATTR_TACTIC, as_facts_text(w->facts, s->tactic),
                               &s->tactic_at, err);
    }
    return rc;
}

/* clang-format off */

LOCAL_SHAPE(technique,
    ATTR("", NAME),
    ATTR("id", TECHNIQUE),
    ATTR("name", NAME),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(tactic,
    HOOK("name", read_tactic_name),
    FACT("technique", TECHNIQUE, technique),
    OTHER_LEAVES(DETAIL));

/* clang-format on */

/* A tactic without techniques is a heading of the matrix and no more. */
static as_code read_tactic(as_walk *w, as_place *place, as_json_tok *t, as_err *err)
{
    uint32_t from = (uint32_t)as_facts_count(w->facts);
    struct as_joe *s = as_joe_of(w);
    uint64_t end;
    as_code rc;

    s->tactic = 0;
    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    rc = as_walk_object(w, place, &as_shape_tactic, AS_NO_FACT, NULL, &end, err);
    if (rc || !s->tactic)
        return rc;
    if (as_facts_count(w->facts) == from)
        return as_paths_add(w, place, s->tactic_at.end - s->tactic_at.begin, true, err);
    return name_tactics(w, from, err);
}

static as_code read_tactics(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    (void)fact;
    if (t->type != AS_JSON_ARRAY)
        return read_tactic(w, place, t, err);
    while (!rc && as_walk_element(w, &child, t, &rc, err))
        rc = read_tactic(w, &child, t, err);
    return rc;
}

static as_code read_behavior(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                             as_err *err)
{
    uint64_t end;

    (void)fact;
    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    as_joe_of(w)->behavior = true;
    return as_walk_object(w, place, &as_shape_joe_behavior, AS_NO_FACT, NULL, &end, err);
}

/* --- shapes --------------------------------------------------------------------------------------
 */

/* clang-format off */

LOCAL_SHAPE(target,
    HOOK("sample", sample_name),
    HOOK("url", sample_url),
    HOOK("cookbook", run_cookbook),
    OTHER_LEAVES(DETAIL));

/* Of the full report in an object of its own, of the short one in the root. */
#define RUN_OF_ROOT                                                                            \
    HOOK("version", run_version), HOOK("id", run_id), HOOK("startdate", run_date),             \
    HOOK("starttime", run_time), HOOK("system", run_system),                                     \
    HOOK("arch", run_arch), HOOK("cookbook", run_cookbook), HOOK("product", run_product),      \
    HOOK("reporttype", run_form), HOOK("sample", sample_name), HOOK("url", sample_url),        \
    HOOK("filetype", sample_type)

LOCAL_SHAPE(generalinfo,
    ATTR("id", ID),
    ATTR("version", VERSION),
    ATTR("startdate", STARTED),
    ATTR("starttime", STARTED),
    ATTR("systemdescription", MACHINE),
    ATTR("arch", PLATFORM),
    ATTR("product", MACHINE_LABEL),
    ATTR("reporttype", CATEGORY),
    INTO("target", target),
    JOE_TEXT_LEAVES(DETAIL),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(hash_set,
    ATTR("md5", MD5),
    ATTR("sha1", SHA1),
    ATTR("sha256", SHA256),
    ATTR("sha512", SHA512),
    ATTR("ssdeep", SSDEEP),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(score,
    ATTR("", VALUE),
    ATTR("name", NAME),
    ATTR("count", COUNT),
    ATTR("score", SCORE),
    ATTR("detection", VERDICT),
    HOOK("malicious", read_flag),
    HOOK("suspicious", read_flag),
    HOOK("clean", read_flag),
    HOOK("unknown", read_flag),
    ATTR("minscore", AT_LEAST),
    ATTR("minScore", AT_LEAST),
    ATTR("maxscore", AT_MOST),
    ATTR("maxScore", AT_MOST),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(detections, FACT_DONE("strategy", SCORE, score, finish_score), JOE_TEXT_LEAVES(DETAIL),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(source,
    ATTR("", VALUE),
    ATTR("text", VALUE),
    ATTR("op", DESCRIPTION),
    ATTR("process", PROCESS_NAME),
    ATTR("pid", PID),
    ATTR("id", ID),
    OTHER_LEAVES(MARK));
LOCAL_SHAPE(sources, FACT("source", MARK, source), JOE_TEXT_LEAVES(MARK), OTHER_LEAVES(MARK));
LOCAL_SHAPE(one_signature,
    ATTR("", NAME),
    ATTR("desc", NAME),
    ATTR("name", NAME),
    ATTR("id", ID),
    ATTR("impact", SEVERITY),
    ATTR("types", CATEGORY),
    LEAVES("basedoncode", DETAIL),
    INTO("sources", sources),
    OTHER_LEAVES(MARK));
LOCAL_SHAPE(signatures,
    FACT("sig", SIGNATURE, one_signature),
    FACT("signature", SIGNATURE, one_signature),
    FACT("signare", SIGNATURE, one_signature),
    JOE_TEXT_LEAVES(DETAIL),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(hit,
    ATTR("", NAME),
    ATTR("desc", NAME),
    ATTR("data", DESCRIPTION),
    ATTR("source", SOURCE),
    ATTR("impact", SEVERITY),
    OTHER_LEAVES(MARK));
SHAPE(joe_hits, FACT("sig", SIGNATURE, hit), JOE_TEXT_LEAVES(DETAIL), OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(dropped,
    ATTR("file", PATH),
    ATTR("name", PATH),
    ATTR("type", TYPE),
    ATTR("size", SIZE),
    ATTR("entropy", ENTROPY),
    ATTR("process", PROCESS_PATH),
    HOOK("targetid", as_joe_target),
    ATTR("dump", HOST_PATH),
    ATTR("category", CATEGORY),
    ATTR("md5", MD5),
    ATTR("sha1", SHA1),
    ATTR("sha256", SHA256),
    ATTR("sha512", SHA512),
    HOOK("value", read_hashes),
    INTO("sighits", joe_hits),
    JOE_MALICIOUS,
    OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(droppedinfo,
    FACT("hash", DROPPED, dropped),
    FACT("file", DROPPED, dropped),
    JOE_TEXT_LEAVES(DETAIL),
    OTHER_LEAVES(DETAIL));

#define CONTACT                                                                               \
    HOOK("targetid", as_joe_target), ATTR("currentpath", PROCESS_PATH), JOE_MALICIOUS,        \
    INTO("sighits", joe_hits), OTHER_LEAVES(NETWORK_DETAIL)

LOCAL_SHAPE(one_domain,
    ATTR("", DOMAIN),
    ATTR("name", DOMAIN),
    HOOK("ip", read_ip),
    ATTR("active", STATUS),
    CONTACT);
LOCAL_SHAPE(domaininfo, FACT("domain", DOMAIN, one_domain), JOE_TEXT_LEAVES(NETWORK_DETAIL),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(one_ip,
    ATTR("", IP),
    ATTR("ip", IP),
    ATTR("country", COUNTRY),
    ATTR("domain", HOSTNAME),
    ATTR("pingable", STATUS),
    CONTACT);
LOCAL_SHAPE(ipinfo, FACT("ip", HOST, one_ip), JOE_TEXT_LEAVES(NETWORK_DETAIL),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(one_url,
    ATTR("", VALUE),
    ATTR("name", VALUE),
    ATTR("url", VALUE),
    HOOK("ip", read_ip),
    ATTR("source", SOURCE),
    CONTACT);
LOCAL_SHAPE(urlinfo, FACT("url", NETWORK_DETAIL, one_url), JOE_TEXT_LEAVES(NETWORK_DETAIL),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(contacted,
    INTO("domains", domaininfo),
    INTO("ips", ipinfo),
    INTO("urls", urlinfo),
    OTHER_LEAVES(NETWORK_DETAIL));

/* By where it was searched: the sample, memory, dropped files, the traffic. */
LOCAL_SHAPE(yara_hit,
    ATTR("", RULE),
    ATTR("rule", RULE),
    ATTR("name", RULE),
    ATTR("author", AUTHOR),
    ATTR("description", DESCRIPTION),
    ATTR("desc", DESCRIPTION),
    ATTR("source", SOURCE),
    ATTR("file", SOURCE),
    OTHER_LEAVES(YARA_META));
LOCAL_SHAPE(yara_hits, FACT("hit", YARA, yara_hit), FACT("yara", YARA, yara_hit),
    FACT("match", YARA, yara_hit), JOE_TEXT_LEAVES(DETAIL), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(yara_part, FACT("hit", YARA, yara_hit), FACT("yara", YARA, yara_hit),
    JOE_TEXT_LEAVES(DETAIL), ANY_INTO(yara_hits));

LOCAL_SHAPE(sigma_hit,
    ATTR("", TITLE),
    ATTR("title", TITLE),
    ATTR("name", TITLE),
    ATTR("desc", TITLE),
    ATTR("id", ID),
    ATTR("author", AUTHOR),
    ATTR("level", LEVEL),
    ATTR("severity", LEVEL),
    ATTR("description", DESCRIPTION),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(sigma_part, FACT("hit", SIGMA, sigma_hit), FACT("rule", SIGMA, sigma_hit),
    FACT("sigma", SIGMA, sigma_hit), JOE_TEXT_LEAVES(DETAIL), OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(ids_hit,
    ATTR("", SIGNATURE),
    ATTR("message", SIGNATURE),
    ATTR("msg", SIGNATURE),
    ATTR("desc", SIGNATURE),
    ATTR("sid", SID),
    ATTR("severity", SEVERITY),
    ATTR("timestamp", TIME),
    ATTR("protocol", PROTOCOL),
    ATTR("srcip", SRC), ATTR("srcport", SPORT), ATTR("dstip", DST), ATTR("dstport", DPORT),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(ids_part, FACT("alert", IDS_ALERT, ids_hit), FACT("hit", IDS_ALERT, ids_hit),
    FACT("packet", IDS_ALERT, ids_hit), JOE_TEXT_LEAVES(DETAIL), OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(mitre, HOOK("tactic", read_tactics), JOE_TEXT_LEAVES(DETAIL), OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(family, ATTR("", FAMILY), ATTR("name", FAMILY), ATTR("threatname", FAMILY),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(config_file,
    JOE_TEXT_LEAVES(CONFIG),
    FACT("threatname", FAMILY, family),
    FACT("malware", FAMILY, family),
    FACT("family", FAMILY, family),
    OTHER_LEAVES(CONFIG));
LOCAL_SHAPE(configs,
    INTO("config", config_file),
    INTO("malwareconfig", config_file),
    JOE_TEXT_LEAVES(CONFIG),
    OTHER_LEAVES(CONFIG));
LOCAL_SHAPE(names, FACT("threatname", FAMILY, family), FACT("name", FAMILY, family),
    JOE_TEXT_LEAVES(DETAIL), OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(reasoning,
    ATTR("", TEXT),
    ATTR("text", TEXT),
    ATTR("name", NAME),
    ATTR("title", NAME),
    ATTR("type", NAME),
    ATTR("risk", LEVEL),
    ATTR("confidence", CONFIDENCE),
    ATTR("id", ID),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(reasonings, FACT("reasoning", ASSESSMENT, reasoning), JOE_TEXT_LEAVES(DETAIL),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(llm, INTO("reasonings", reasonings), JOE_TEXT_LEAVES(DETAIL), OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(message, ATTR("", TEXT), ATTR("text", TEXT), ATTR("message", TEXT), ATTR("name", NAME),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(errors, ATTR("", TEXT), FACT("error", TOOL_ERROR, message), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(errorinfo, FACT("error", TOOL_ERROR, message), FACT("", TOOL_ERROR, errors),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(warninginfo, FACT("warning", TOOL_LOG, message), FACT("", TOOL_LOG, errors),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(report,
    FACT("generalinfo", ANALYSIS, generalinfo),
    RUN_OF_ROOT,
    FACT("fileinfo", SAMPLE, joe_file),
    FACT("hashes", SAMPLE, hash_set),
    INTO("signaturedetections", detections),
    FACT_DONE("detection", SCORE, score, finish_score),
    INTO("signatureinfo", signatures),
    INTO("signatures", signatures),
    HOOK("behavior", read_behavior),
    INTO("droppedinfo", droppedinfo),
    INTO("dropped", droppedinfo),
    INTO("domaininfo", domaininfo),
    INTO("ipinfo", ipinfo),
    INTO("urlinfo", urlinfo),
    INTO("contacted", contacted),
    INTO("yara", yara_part),
    INTO("sigma", sigma_part),
    INTO("snort", ids_part),
    INTO("suricata", ids_part),
    INTO("mitreattack", mitre),
    INTO("malwareconfigs", configs),
    INTO("threatnames", names),
    INTO("llm", llm),
    INTO("errorinfo", errorinfo),
    INTO("errors", errorinfo),
    INTO("warninginfo", warninginfo),
    /* Code, strings and pictures: most of a full report, and nothing that was seen to happen. */
    SKIP("disassembly"), SKIP("code"), SKIP("codeanalysis"), SKIP("hca"), SKIP("graphs"),
    SKIP("behaviorgraph"), SKIP("executiongraph"), SKIP("memstrings"), SKIP("binstrings"),
    JOE_TEXT_LEAVES(DETAIL),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(root, INTO("analysis", report), OTHER_LEAVES(DETAIL));

/* clang-format on */

/* --- the end --------------------------------------------------------------------------------- */

/* What was told in several places of the one sample, or of the one run, becomes one fact. */
static as_code join_kind(as_walk *w, as_kind kind, as_err *err)
{
    uint32_t first = as_facts_first(w->facts, kind);
    as_code rc = AS_OK;

    for (uint32_t i = first; !rc && first != AS_NO_FACT && ++i < as_facts_count(w->facts);) {
        const as_fact *fact = as_facts_get(w->facts, i);

        if (fact->kind != (uint16_t)kind || (fact->flags & AS_FACT_GONE))
            continue;
        rc = as_part_join(w, first, i, err);
    }
    return rc;
}

static as_code recognise(as_walk *w, as_err *err)
{
    const as_facts *f = w->facts;
    as_analysis *a = w->analysis;
    uint32_t run = as_facts_first(f, AS_KIND_ANALYSIS);
    as_value version;

    if (run == AS_NO_FACT && as_facts_first(f, AS_KIND_SAMPLE) == AS_NO_FACT)
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                       "not a report of Joe Sandbox: 'analysis' has no 'generalinfo', 'fileinfo' "
                       "or 'hashes'");
    a->tool = "Joe Sandbox";
    if (run != AS_NO_FACT && as_fact_attr(f, as_facts_get(f, run), AS_ATTR_VERSION, &version))
        a->tool_version = version.str;
    a->sample = as_facts_first(f, AS_KIND_SAMPLE);
    if (as_facts_first(f, AS_KIND_TOOL_ERROR) != AS_NO_FACT)
        a->gaps |= AS_GAP_ERRORS;
    /* The short report never tells what ran. */
    if (as_joe_of(w)->behavior && as_facts_first(f, AS_KIND_PROCESS) == AS_NO_FACT)
        a->gaps |= AS_GAP_NOTHING;
    return AS_OK;
}

static as_code read_all(as_walk *w, as_err *err)
{
    as_code rc = as_counts_begin(w, err);

    if (!rc)
        rc = as_walk_document(w, &as_shape_root, NULL, NULL, err);
    if (rc)
        return rc;
    rc = as_counts_put(w, NULL, err);
    as_actors_settle(w, &as_joe_of(w)->actors);
    if (!rc)
        rc = join_kind(w, AS_KIND_ANALYSIS, err);
    if (!rc)
        rc = join_kind(w, AS_KIND_SAMPLE, err);
    if (!rc)
        rc = as_join_facts(w->facts, err);
    return rc ? rc : recognise(w, err);
}

static as_code read_joe(as_walk *w, as_err *err)
{
    struct as_joe s = {.run = AS_NO_FACT, .sample = AS_NO_FACT};
    as_code rc;

    w->own = &s;
    w->xml_keys = true;
    rc = read_all(w, err);
    w->own = NULL;
    as_actors_done(&s.actors);
    as_mem_free(s.flows);
    as_mem_free(s.flow_slots);
    return rc;
}

/* The root holds `analysis` and nothing else so far: its sections may be larger than what a
 * probe sees. */
static bool is_alone(const as_head *h)
{
    size_t n = 0;

    for (size_t i = 0; i < h->n; i++)
        n += !strchr(h->entries[i].path, '/');
    return n == 1 && !strcmp(h->entries[0].path, "analysis") &&
           h->entries[0].type == AS_JSON_OBJECT;
}

/* Sections of the report; `analysis` beside others is a key of many tools. */
static as_sure probe_joe(const as_head *h)
{
    static const char *const keys[] = {
        "analysis/generalinfo",     "analysis/fileinfo",    "analysis/signaturedetections",
        "analysis/signatureinfo",   "analysis/droppedinfo", "analysis/domaininfo",
        "analysis/mitreattack",     "analysis/reporttype",  "analysis/cookbook",
        "analysis/contacted",       "analysis/sigscore",    "analysis/patterninfo",
        "analysis/behavior/system", "analysis/urlinfo",     "analysis/ipinfo",
    };
    size_t seen = 0;

    for (size_t i = 0; i < AS_COUNT(keys); i++)
        seen += as_head_has(h, keys[i]);
    if (h->root != AS_JSON_OBJECT || (!seen && !is_alone(h)))
        return AS_SURE_NO;
    return seen > 1 ? AS_SURE_YES : AS_SURE_MAYBE;
}

const as_reader as_reader_joe = {
    .about = {.id = "joe",
              .name = "Joe Sandbox",
              .versions = "json, jsonfixed, lightjson and irjson, of version 26 and later",
              .maps =
                  "sample with its PE parts, scores and verdict, signatures with their sources, "
                  "processes with their file, registry, mutex and other activities, API calls, "
                  "dropped files, domains, addresses, URLs, packets, YARA, Sigma, ATT&CK, "
                  "malware configurations, the language model's reasonings",
              .seen = false},
    .probe = probe_joe,
    .read = read_joe,
};

#include "formats/entries_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/*
 * The summary of Hybrid Analysis, which is that of CrowdStrike's Falcon Sandbox: one object
 * for each environment that the sample ran in, alone or in a list, or in the `data` or
 * `result` of a feed or a search. Any value may be null. Processes name their parents by a
 * number of the sandbox's own (`uid`), for their process ids are mostly not given.
 */

/* --- processes ----------------------------------------------------------------------------------
 */

struct process {
    as_str parent; /* its uid; 0: none */
};

/* Stands for a process until all of the run are known. */
struct stand_in {
    as_str uid;
    uint32_t number;
};

struct hybrid {
    as_entry *entry;
    as_ids samples;
    as_draft *process; /* in hand */
    as_str uid, parent;
    /* Of the run in hand. */
    as_ids by_uid;   /* to the index in `processes` + 1 in the low half */
    as_ids facts;    /* uid to fact */
    as_ids mentions; /* uid to the number that stands in for it */
    struct process *processes;
    size_t n_processes, cap_processes;
    struct stand_in *stand_ins;
    size_t n_stand_ins, cap_stand_ins;
    size_t known;
};

static struct hybrid *hybrid_of(as_walk *w)
{
    return w->own;
}

static as_code no_memory(as_err *err)
{
    return as_fail_nomem(err, "the processes of a report");
}

static as_code read_uid_text(as_walk *w, as_json_tok *t, as_str *ret, as_err *err)
{
    as_bytes text = {0};
    as_code rc = as_walk_text(w, t, &text, err);

    if (rc)
        return rc;
    rc = as_facts_intern(w->facts, text, ret);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

static as_code read_uid(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    struct hybrid *s = hybrid_of(w);
    as_draft *d = s->process;
    as_code rc;

    (void)fact;
    if (t->type != AS_JSON_STRING || s->uid || d->n_attrs == AS_DRAFT_ATTRS)
        return as_walk_pass(w, place, t, false, err);
    rc = read_uid_text(w, t, &s->uid, err);
    if (rc || !s->uid)
        return rc;
    rc = as_draft_text(d, w->facts, AS_ATTR_ID, AS_FORM_TEXT, as_facts_text(w->facts, s->uid));
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* Which process started it says the place of its fact. */
static as_code read_parent(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    struct hybrid *s = hybrid_of(w);
    as_code rc;

    (void)fact;
    if (t->type != AS_JSON_STRING || s->parent)
        return as_walk_pass(w, place, t, false, err);
    rc = read_uid_text(w, t, &s->parent, err);
    return rc ? rc : as_walk_pass(w, place, t, true, err);
}

/* The number that stands in for the process of that uid. */
static as_code stand_in_for(as_walk *w, as_str uid, uint32_t *ret, as_err *err)
{
    struct hybrid *s = hybrid_of(w);
    void *all = s->stand_ins;
    as_code rc;

    *ret = as_ids_get(&s->mentions, uid);
    if (*ret != AS_NO_FACT)
        return AS_OK;
    if (!as_mem_room(&all, &s->cap_stand_ins, s->n_stand_ins, sizeof(*s->stand_ins)))
        return no_memory(err);
    s->stand_ins = all;
    rc = as_facts_reserve(w->facts, ret);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    s->stand_ins[s->n_stand_ins++] = (struct stand_in){uid, *ret};
    return as_ids_put(&s->mentions, uid, *ret) ? no_memory(err) : AS_OK;
}

static as_code note_process(as_walk *w, uint32_t fact, as_err *err)
{
    struct hybrid *s = hybrid_of(w);
    void *all = s->processes;

    if (!s->uid)
        return AS_OK;
    if (!as_mem_room(&all, &s->cap_processes, s->n_processes, sizeof(*s->processes)))
        return no_memory(err);
    s->processes = all;
    s->processes[s->n_processes++] = (struct process){s->parent};
    if (as_ids_put(&s->by_uid, s->uid, (uint32_t)s->n_processes) ||
        as_ids_put(&s->facts, s->uid, fact))
        return no_memory(err);
    return AS_OK;
}

#define STARTED_MAX 200 /* processes that started one another; more, or a ring, is no report */

/* Whether the process of that uid can be the parent of those that name it. */
static bool leads_up(const struct hybrid *s, as_str uid)
{
    as_str at = uid;

    for (size_t i = 0; i < STARTED_MAX; i++) {
        uint32_t index = as_ids_get(&s->by_uid, at);

        at = index == AS_NO_FACT ? 0 : s->processes[index - 1].parent;
        if (!at)
            return true;
        if (at == uid)
            return false;
    }
    return false;
}

/* A parent that is not listed is none; then the process belongs to the run alone. */
static void resolve_parents(as_walk *w)
{
    struct hybrid *s = hybrid_of(w);

    for (size_t i = 0; i < s->n_stand_ins; i++) {
        uint32_t fact = as_ids_get(&s->facts, s->stand_ins[i].uid);

        if (fact == AS_NO_FACT || !leads_up(s, s->stand_ins[i].uid))
            fact = s->entry->fact[AS_ENTRY_RUN];
        as_facts_drop(w->facts, s->stand_ins[i].number, fact);
    }
    as_ids_done(&s->by_uid);
    as_ids_done(&s->facts);
    as_ids_done(&s->mentions);
    s->by_uid = s->facts = s->mentions = (as_ids){0};
    s->n_processes = s->n_stand_ins = 0;
}

static as_hook read_processes;

/* --- shapes --------------------------------------------------------------------------------------
 */

/* What could not be computed is the word "Unknown", which is no hash. */
static as_code read_hash(as_walk *w, as_place *place, as_attr_name name, as_json_tok *t,
                         as_err *err)
{
    if (t->type == AS_JSON_STRING && as_bytes_is(t->raw, "Unknown"))
        return as_walk_pass(w, place, t, true, err);
    return as_entry_some(w, place, hybrid_of(w)->entry, AS_ENTRY_SAMPLE, name, t, err);
}

#define HASH_HOOK(name, attr)                                                                      \
    static as_code name(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)   \
    {                                                                                              \
        (void)fact;                                                                                \
        return read_hash(w, place, AS_ATTR_##attr, t, err);                                        \
    }
HASH_HOOK(read_imphash, IMPHASH)
HASH_HOOK(read_ssdeep, SSDEEP)
HASH_HOOK(read_md5, MD5)
HASH_HOOK(read_sha1, SHA1)
HASH_HOOK(read_sha256, SHA256)
HASH_HOOK(read_sha512, SHA512)

#define TAG_HOOK(name, part, attr)                                                                 \
    static as_code name(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)   \
    {                                                                                              \
        (void)fact;                                                                                \
        return as_entry_some(w, place, hybrid_of(w)->entry, AS_ENTRY_##part, AS_ATTR_##attr, t,    \
                             err);                                                                 \
    }
TAG_HOOK(read_run_tags, RUN, TAG)
TAG_HOOK(read_types, SAMPLE, CATEGORY)

/* clang-format off */

LOCAL_SHAPE(path, ATTR("", PATH), ATTR("file", PATH), ATTR("path", PATH), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(named, ATTR("", NAME), ATTR("name", NAME), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(module, ATTR("", PATH), ATTR("path", PATH), ATTR("base", ADDRESS),
    OTHER_LEAVES(DETAIL));

/* What was done is a word whose list is nowhere written down, so it is told as it stands. */
LOCAL_SHAPE(file_access,
    ATTR("", PATH),
    ATTR("type", OPERATION),
    ATTR("path", PATH),
    ATTR("mask", ACCESS),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(registry,
    ATTR("", KEY),
    ATTR("operation", OPERATION),
    ATTR("path", KEY),
    ATTR("key", NAME),
    ATTR("value", VALUE),
    ATTR("status_human_readable", STATUS),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(process,
    HOOK("uid", read_uid),
    HOOK("parentuid", read_parent),
    ATTR("pid", PID),
    ATTR("name", NAME),
    ATTR("normalized_path", PATH),
    ATTR("command_line", COMMAND_LINE),
    ATTR("sha256", SHA256),
    ATTR("av_label", RESULT),
    ATTR("av_matched", POSITIVES),
    ATTR("av_total", TOTAL),
    SKIP("icon"), /* a picture */
    FACT("mutants", MUTEX, named),
    FACT("created_files", FILE_CREATED, path),
    FACT("file_accesses", EVENT, file_access),
    FACT("registry", EVENT, registry),
    FACT("modules", MODULE, module),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(domain_only, ATTR("", DOMAIN), ATTR("domain", DOMAIN), OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(host_only,
    ATTR("", IP),
    ATTR("ip", IP),
    ATTR("country", COUNTRY),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(certificate,
    ATTR("", SUBJECT),
    ATTR("owner", SUBJECT),
    ATTR("issuer", ISSUER),
    ATTR("serial_number", SERIAL),
    ATTR("valid_from", NOT_BEFORE),
    ATTR("valid_until", NOT_AFTER),
    ATTR("md5", MD5),
    ATTR("sha1", SHA1),
    OTHER_LEAVES(CERTIFICATE_FIELD));

LOCAL_SHAPE(extracted_file,
    ATTR("", NAME),
    ATTR("name", NAME),
    ATTR("file_path", PATH),
    ATTR("file_size", SIZE),
    ATTR("md5", MD5),
    ATTR("sha1", SHA1),
    ATTR("sha256", SHA256),
    ATTR("description", TYPE),
    ATTR("type_tags", CATEGORY),
    ATTR("runtime_process", PROCESS_NAME),
    ATTR("threat_level", SEVERITY),
    ATTR("threat_level_readable", VERDICT),
    ATTR("av_label", RESULT),
    ATTR("av_matched", POSITIVES),
    ATTR("av_total", TOTAL),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(technique,
    ATTR("", TECHNIQUE),
    ATTR("attck_id", TECHNIQUE),
    ATTR("technique", NAME),
    ATTR("tactic", TACTIC),
    ATTR("attck_id_wiki", REFERENCE),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(signature,
    ATTR("", NAME),
    ATTR("name", NAME),
    ATTR("description", DESCRIPTION),
    ATTR("category", CATEGORY),
    ATTR("identifier", ID),
    ATTR("origin", SOURCE),
    ATTR("type", TYPE),
    ATTR("relevance", WEIGHT),
    ATTR("threat_level", SEVERITY),
    ATTR("threat_level_human", LEVEL),
    ATTR("attck_id", TECHNIQUE),
    ATTR("attck_id_wiki", REFERENCE),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(family, ATTR("", FAMILY));

LOCAL_SHAPE(submission,
    ATTR("", VALUE),
    ATTR("filename", VALUE),
    ATTR("url", URL),
    ATTR("submission_id", ID),
    ATTR("created_at", ADDED),
    OTHER_LEAVES(DETAIL));

/* Memory of processes, as the vendor's models judge it. */
LOCAL_SHAPE(process_memory,
    ATTR("filename", NAME),
    ATTR("address", ADDRESS),
    ATTR("file_process", PROCESS_NAME),
    ATTR("file_process_pid", PID),
    ATTR("file_process_disc_pathway", PROCESS_PATH),
    ATTR("file_process_sha256", SHA256),
    ATTR("verdict", VERDICT),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(crowdstrike_ai,
    FACT("executable_process_memory_analysis", MEMORY_DUMP, process_memory),
    LEAVES("analysis_related_urls", NETWORK_DETAIL),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(sample,
    ATTR("submit_name", NAME),
    ATTR("target_url", URL),
    ATTR("size", SIZE),
    ATTR("type", TYPE),
    HOOK("type_short", read_types),
    HOOK("md5", read_md5),
    HOOK("sha1", read_sha1),
    HOOK("sha256", read_sha256),
    HOOK("sha512", read_sha512),
    HOOK("ssdeep", read_ssdeep),
    HOOK("imphash", read_imphash),
    ATTR("architecture", ARCH),
    LEAVES("file_metadata", STATIC_DETAIL),
    KEYED_FACT("submissions", NAME, DETAIL, submission));

LOCAL_SHAPE(run,
    ATTR("job_id", ID),
    ATTR("environment_id", MACHINE_LABEL),
    ATTR("environment_description", ENVIRONMENT),
    ATTR("state", STATUS),
    ATTR("analysis_start_time", STARTED),
    ATTR("verdict", VERDICT),
    ATTR("threat_score", SCORE),
    ATTR("threat_level", SEVERITY),
    ATTR("threat_level_human", LEVEL),
    ATTR("error_type", ERROR),
    ATTR("network_mode", ROUTE),
    ATTR("report_url", URL),
    HOOK("tags", read_run_tags),
    HOOK("classification_tags", read_run_tags),
    FACT("vx_family", FAMILY, family),
    LEAVES("av_detect", DETAIL), LEAVES("error_origin", DETAIL),
    LEAVES("url_analysis", DETAIL), LEAVES("interesting", DETAIL),
    LEAVES("total_network_connections", DETAIL), LEAVES("total_processes", DETAIL),
    LEAVES("total_signatures", DETAIL), LEAVES("machine_learning_models", DETAIL),
    FACT("domains", DOMAIN, domain_only),
    FACT("hosts", HOST, host_only),
    FACT("hosts_geolocation", HOST, host_only),
    KEYED_FACT("compromised_hosts", CATEGORY, HOST, host_only),
    FACT("certificates", CERTIFICATE, certificate),
    FACT("extracted_files", EXTRACTED, extracted_file),
    HOOK("processes", read_processes),
    FACT("mitre_attcks", TECHNIQUE, technique),
    FACT("signatures", SIGNATURE, signature),
    INTO("crowdstrike_ai", crowdstrike_ai));

LOCAL_SHAPE(version_info, ATTR("", VALUE), ATTR("id", NAME), ATTR("value", VALUE),
    OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(pe_section,
    ATTR("name", NAME),
    ATTR("virtual_address", VIRTUAL_ADDRESS),
    ATTR("virtual_size", VIRTUAL_SIZE),
    ATTR("raw_size", RAW_SIZE),
    ATTR("entropy", ENTROPY),
    ATTR("md5", MD5),
    OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(pe_import, ATTR("", DLL), ATTR("module", DLL),
    FACT("functions", PE_IMPORT, named), OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(pe,
    ATTR("entrypoint", ENTRYPOINT),
    ATTR("image_base", IMAGEBASE),
    ATTR("packer", PEID),
    FACT("version_info", PE_VERSION, version_info),
    FACT("sections", PE_SECTION, pe_section),
    FACT("file_imports", PE_IMPORT, pe_import),
    LEAVES("entrypoint_section", STATIC_DETAIL), LEAVES("subsystem", STATIC_DETAIL),
    LEAVES("dll_characteristics", STATIC_DETAIL),
    LEAVES("image_file_characteristics", STATIC_DETAIL),
    LEAVES("major_os_version", STATIC_DETAIL), LEAVES("minor_os_version", STATIC_DETAIL));

static as_hook read_results;
LOCAL_SHAPE(rest, OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(answer, HOOK("data", read_results), HOOK("result", read_results),
    OTHER_LEAVES(DETAIL));

/* clang-format on */

/* --- objects --------------------------------------------------------------------------------- */

/* One process, its bracket read. */
static __attribute__((noinline)) as_code read_process(as_walk *w, as_place *place, as_err *err)
{
    struct hybrid *s = hybrid_of(w);
    uint32_t fact = AS_NO_FACT;
    uint64_t end = 0;
    as_draft d;
    as_code rc = as_facts_reserve(w->facts, &fact);

    if (rc)
        return as_walk_facts_failed(w, rc, err);
    as_draft_init(&d, AS_KIND_PROCESS);
    d.parent = s->entry->fact[AS_ENTRY_RUN];
    d.n_evidence = 1;
    s->process = &d;
    s->uid = s->parent = 0;
    rc = as_walk_object(w, place, &as_shape_process, fact, &d, &end, err);
    s->process = NULL;
    if (rc)
        return rc;
    if (!d.n_attrs) {
        as_facts_drop(w->facts, fact, d.parent);
        return AS_OK;
    }
    if (s->parent)
        rc = stand_in_for(w, s->parent, &d.parent, err);
    if (!rc)
        rc = as_walk_evidence(w, place, end, &d.evidence[0], err);
    if (rc)
        return rc;
    rc = as_facts_put(w->facts, fact, &d);
    return rc ? as_walk_facts_failed(w, rc, err) : note_process(w, fact, err);
}

typedef as_code object_fn(as_walk *w, as_place *place, as_err *err);

static as_code each_object(as_walk *w, as_place *place, as_json_tok *t, object_fn *one, as_err *err)
{
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    if (t->type == AS_JSON_OBJECT)
        return one(w, place, err);
    if (t->type != AS_JSON_ARRAY)
        return as_walk_pass(w, place, t, false, err);
    while (!rc && as_walk_element(w, &child, t, &rc, err))
        rc = t->type == AS_JSON_OBJECT ? one(w, &child, err)
                                       : as_walk_pass(w, &child, t, false, err);
    return rc;
}

static as_code read_processes(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                              as_err *err)
{
    (void)fact;
    return each_object(w, place, t, read_process, err);
}

static __attribute__((noinline)) as_code read_entry(as_walk *w, as_place *place,
                                                    const as_shape *around, as_err *err)
{
    const as_shape *const shapes[AS_ENTRY_PARTS] = {&as_shape_sample, &as_shape_run, &as_shape_pe,
                                                    around};
    struct hybrid *s = hybrid_of(w);
    as_entry e, *outer = s->entry;
    uint64_t end = 0;
    as_code rc = as_entry_begin(w, &e, shapes, AS_KIND_PE, err);

    s->entry = &e;
    if (!rc)
        rc = as_entry_members(w, place, &e, &end, err);
    if (!rc)
        resolve_parents(w);
    s->entry = outer;
    if (rc)
        return rc;
    s->known += e.ran ? e.known : 0;
    return as_entry_end(w, place, end, &e, &s->samples, err);
}

static as_code read_result(as_walk *w, as_place *place, as_err *err)
{
    return read_entry(w, place, &as_shape_rest, err);
}

static as_code read_results(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    (void)fact;
    resolve_parents(w); /* of what the object around them told itself */
    return each_object(w, place, t, read_result, err);
}

static as_code read_answer(as_walk *w, as_place *place, as_err *err)
{
    return read_entry(w, place, &as_shape_answer, err);
}

/* --- the report ----------------------------------------------------------------------------------
 */

/* Runs that failed, and such as had not ended when the report was asked for. */
static uint32_t find_gaps(const as_facts *f)
{
    uint32_t gaps = as_facts_first(f, AS_KIND_PROCESS) == AS_NO_FACT ? AS_GAP_NOTHING : 0;

    for (uint32_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);
        as_bytes state;

        if (fact->kind != AS_KIND_ANALYSIS || (fact->flags & AS_FACT_GONE))
            continue;
        state = as_fact_text(f, fact, AS_ATTR_STATUS);
        if (as_bytes_has_nocase(state, "ERROR") || as_fact_text(f, fact, AS_ATTR_ERROR).n)
            gaps |= AS_GAP_STATUS;
        else if (as_bytes_has_nocase(state, "IN_"))
            gaps |= AS_GAP_NO_END;
    }
    return gaps;
}

static as_code recognise(as_walk *w, const struct hybrid *s, as_err *err)
{
    as_analysis *a = w->analysis;

    if (s->known < 3)
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                       "not a summary of Hybrid Analysis: no 'environment_id', 'threat_score' "
                       "and the like");
    a->tool = "Hybrid Analysis";
    a->sample = as_facts_first(w->facts, AS_KIND_SAMPLE);
    a->gaps = find_gaps(w->facts);
    return AS_OK;
}

static as_code read_all(as_walk *w, as_err *err)
{
    as_place root = {0};
    as_json_tok t;
    as_code rc = as_walk_next(w, &t, err);

    if (rc)
        return rc;
    root.begin = t.begin;
    if (t.type != AS_JSON_OBJECT && t.type != AS_JSON_ARRAY)
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET, "no report: the JSON value is a bare scalar");
    rc = each_object(w, &root, &t, read_answer, err);
    if (!rc)
        rc = as_walk_next(w, &t, err); /* the end: nothing may follow */
    return rc ? rc : as_join_facts(w->facts, err);
}

static as_code read_hybrid(as_walk *w, as_err *err)
{
    struct hybrid s = {0};
    as_code rc;

    w->own = &s;
    rc = read_all(w, err);
    w->own = NULL;
    as_ids_done(&s.samples);
    as_ids_done(&s.by_uid);
    as_ids_done(&s.facts);
    as_ids_done(&s.mentions);
    as_mem_free(s.processes);
    as_mem_free(s.stand_ins);
    return rc ? rc : recognise(w, &s, err);
}

/* One of these, and three of those below. */
static const char *const environment_keys[] = {"environment_id", "environment_description"};
static const char *const keys[] = {"threat_score", "threat_level",        "vx_family",
                                   "av_detect",    "submit_name",         "compromised_hosts",
                                   "mitre_attcks", "analysis_start_time", "classification_tags",
                                   "job_id",       "type_short",          "total_signatures",
                                   "verdict",      "url_analysis"};

static size_t count_keys(const as_head *h, const char *below, const char *const *all, size_t n)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++) {
        char path[sizeof(h->entries->path)];

        (void)snprintf(path, sizeof(path), "%s%s", below, all[i]);
        found += as_head_has(h, path);
    }
    return found;
}

static as_sure probe_hybrid(const as_head *h)
{
    static const char *const places[] = {"", "*/", "data/*/", "result/*/"};

    for (size_t i = 0; i < AS_COUNT(places); i++) {
        if (count_keys(h, places[i], environment_keys, AS_COUNT(environment_keys)) &&
            count_keys(h, places[i], keys, AS_COUNT(keys)) >= 3)
            return AS_SURE_YES;
    }
    return AS_SURE_NO;
}

const as_reader as_reader_hybrid = {
    .about = {.id = "hybrid-analysis",
              .name = "Hybrid Analysis (Falcon Sandbox)",
              .versions = "summary of API v2, one environment or a list of them",
              .maps = "sample with hashes; of each environment: verdict and score, family, "
                      "signatures, ATT&CK, processes, extracted files, domains, hosts, "
                      "certificates",
              .seen = false},
    .probe = probe_hybrid,
    .read = read_hybrid,
};

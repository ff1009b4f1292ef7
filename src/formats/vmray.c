#include "formats/vmray_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * VMRay's summary_v2.json. Most of it is maps of numbered things ("file_0", "process_1")
 * that name each other by reference objects: {"path":["processes","process_1"]}. A
 * reference may come before what it names, and what it names may be in a file that
 * was not delivered, so references are noted on the way and resolved at the end:
 *
 *   - what a process did belongs to that process: its parent is a number that is
 *     reserved at the first mention and given up for the process when that is known;
 *   - a dump, a screenshot or an extracted file and the file that holds it are one fact;
 *   - the ends of a connection and the artifacts of a VTI match take the value of what
 *     they name, and its place as further evidence.
 */
/* --- entries of the maps -------------------------------------------------------------------- */

struct map {
    const as_shape *shape;
    uint16_t kind;
    bool keyed; /* the name of the map is the PROTOCOL of its facts */
    /* Which kinds the fact is of, once it was read; NULL: the map's. */
    size_t (*kinds)(as_walk *w, as_draft *d, as_kind ret[4]);
};

static const as_attr *attr_of(const as_draft *d, as_attr_name name)
{
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == name)
            return &d->attrs[i];
    }
    return NULL;
}

static bool has_text(as_walk *w, const as_draft *d, as_attr_name name, const char *text)
{
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == name && as_bytes_is(as_facts_text(w->facts, d->attrs[i].str), text))
            return true;
    }
    return false;
}

/* Puts the draft under its number as the first kind, then once for each other. */
static as_code put_all(as_walk *w, const struct map *m, uint32_t fact, as_draft *d, as_err *err)
{
    struct as_vmray *s = as_vmray_of(w);
    as_kind kinds[4] = {(as_kind)m->kind};
    size_t n = m->kinds ? m->kinds(w, d, kinds) : 1;
    as_code rc = AS_OK;

    if (s->entry.n_actors == 1)
        d->parent = s->entry.actor;
    for (size_t i = 0; !rc && i < n; i++) {
        d->kind = kinds[i];
        rc = i ? as_facts_add(w->facts, d, NULL) : as_facts_put(w->facts, fact, d);
    }
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

static as_code begin_entry(as_walk *w, as_place *map, const struct map *m, as_draft *d, as_err *err)
{
    as_code rc;

    d->n_evidence = 1;
    if (!m->keyed || !map->up)
        return AS_OK;
    rc = as_draft_text(d, w->facts, AS_ATTR_PROTOCOL, AS_FORM_TEXT,
                       as_facts_text(w->facts, map->step & ~AS_STEP_KEY));
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    d->n_evidence = 2; /* what holds the key */
    return as_walk_evidence(w, map->up, 0, &d->evidence[1], err);
}

/* Notes under which names the fact may be referred to. */
static as_code name_entry(as_walk *w, const as_place *place, uint32_t fact, const as_draft *d,
                          as_err *err)
{
    struct as_vmray *s = as_vmray_of(w);
    const as_attr *id = d->kind == AS_KIND_PROCESS ? attr_of(d, AS_ATTR_ID) : NULL;
    uint64_t target = as_vmray_target(place->up->step & ~AS_STEP_KEY, place->step & ~AS_STEP_KEY);
    uint64_t monitor = 0;
    as_code rc = as_ids_put(&s->objects, target, fact);

    if (!rc && id && as_bytes_u64(as_facts_text(w->facts, id->str), &monitor))
        rc = as_ids_put(&s->monitors, monitor, fact);
    return rc ? as_fail_nomem(err, "the facts of a report") : AS_OK;
}

/* One entry, its bracket already read. */
static __attribute__((noinline)) as_code
read_entry(as_walk *w, as_place *place, const struct map *m, uint32_t parent, as_err *err)
{
    struct as_vmray *s = as_vmray_of(w);
    struct as_vmray_entry outer = s->entry;
    uint32_t fact = AS_NO_FACT;
    uint64_t end = 0;
    size_t own;
    as_draft d;
    as_code rc = as_facts_reserve(w->facts, &fact);

    if (rc)
        return as_walk_facts_failed(w, rc, err);
    as_draft_init(&d, (as_kind)m->kind);
    d.parent = parent;
    s->entry = (struct as_vmray_entry){.actor = AS_NO_FACT};
    rc = begin_entry(w, place->up, m, &d, err);
    own = d.n_attrs;
    if (!rc)
        rc = as_walk_object(w, place, m->shape, fact, &d, &end, err);
    if (rc || d.n_attrs == own)
        return rc; /* what says nothing itself may still own what is below: see AS_VMRAY_OWNER */
    rc = as_walk_evidence(w, place, end, &d.evidence[0], err);
    if (!rc)
        rc = put_all(w, m, fact, &d, err);
    s->entry = outer;
    return rc ? rc : name_entry(w, place, fact, &d, err);
}

static as_code read_map(as_walk *w, as_place *place, const struct map *m, uint32_t parent,
                        as_json_tok *t, as_err *err)
{
    size_t from = as_facts_evidence_count(w->facts);

    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    for (;;) {
        as_place child = {.up = place};
        bool type;
        as_code rc = as_walk_next(w, t, err);

        if (rc)
            return rc;
        if (t->type == AS_JSON_OBJECT_END)
            break;
        type = as_bytes_is(t->raw, "_type");
        rc = as_walk_key(w, t, &child.step, err);
        if (!rc)
            rc = as_walk_next(w, t, err);
        if (rc)
            return rc;
        child.begin = t->begin;
        rc = t->type == AS_JSON_OBJECT ? read_entry(w, &child, m, parent, err)
                                       : as_walk_pass(w, &child, t, type, err);
        if (rc)
            return rc;
    }
    as_facts_close_evidence(w->facts, from, t->begin, t->end);
    return AS_OK;
}

#define MAP_HOOK(name, ...)                                                                        \
    static as_code read_##name(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,         \
                               as_err *err)                                                        \
    {                                                                                              \
        static const struct map m = {__VA_ARGS__};                                                 \
                                                                                                   \
        return read_map(w, place, &m, fact, t, err);                                               \
    }

/* --- kinds that depend on what was done
 * ----------------------------------------------------------- */

struct operation {
    const char *name;
    as_kind kind;
};

/* "access" says less than any other word, so it counts only where it is alone. */
static size_t kinds_by_operation(as_walk *w, as_draft *d, const struct operation *all, size_t n,
                                 as_kind ret[4])
{
    size_t found = 0;

    for (size_t i = 0; i < n && found < 4; i++) {
        bool known = false;

        for (size_t k = 0; k < found; k++)
            known = known || ret[k] == all[i].kind;
        if (!known && has_text(w, d, AS_ATTR_OPERATION, all[i].name))
            ret[found++] = all[i].kind;
    }
    return found;
}

/* A name that nothing was done with is a name and no more. */
static size_t only_named(as_draft *d, as_attr_name name, as_kind ret[4])
{
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == name)
            d->attrs[i].name = AS_ATTR_VALUE;
    }
    ret[0] = AS_KIND_SUMMARY_ITEM;
    return 1;
}

static size_t file_kinds(as_walk *w, as_draft *d, as_kind ret[4])
{
    static const struct operation all[] = {
        {"create", AS_KIND_FILE_CREATED}, {"write", AS_KIND_FILE_WRITTEN},
        {"modify", AS_KIND_FILE_WRITTEN}, {"delete", AS_KIND_FILE_DELETED},
        {"read", AS_KIND_FILE_READ},
    };
    size_t n = kinds_by_operation(w, d, all, AS_COUNT(all), ret);

    if (n)
        return n;
    if (!attr_of(d, AS_ATTR_OPERATION))
        return only_named(d, AS_ATTR_PATH, ret);
    ret[0] = AS_KIND_FILE_OPENED;
    return 1;
}

static size_t registry_kinds(as_walk *w, as_draft *d, as_kind ret[4])
{
    static const struct operation all[] = {
        {"write", AS_KIND_KEY_WRITTEN},
        {"create", AS_KIND_KEY_WRITTEN},
        {"delete", AS_KIND_KEY_DELETED},
        {"read", AS_KIND_KEY_READ},
    };
    size_t n = kinds_by_operation(w, d, all, AS_COUNT(all), ret);

    if (n)
        return n;
    if (!attr_of(d, AS_ATTR_OPERATION))
        return only_named(d, AS_ATTR_KEY, ret);
    ret[0] = AS_KIND_KEY_OPENED;
    return 1;
}

static size_t stored_kinds(as_walk *w, as_draft *d, as_kind ret[4])
{
    static const struct operation all[] = {
        {"dropped", AS_KIND_DROPPED},         {"dropped_file", AS_KIND_DROPPED},
        {"modified_file", AS_KIND_DROPPED},   {"downloaded", AS_KIND_DROPPED},
        {"downloaded_file", AS_KIND_DROPPED}, {"pcap", AS_KIND_CAPTURE},
    };

    ret[0] = AS_KIND_EXTRACTED;
    if (as_vmray_of(w)->entry.is_sample) {
        ret[0] = AS_KIND_SAMPLE;
        return 1;
    }
    for (size_t i = 0; i < AS_COUNT(all); i++) {
        if (has_text(w, d, AS_ATTR_CATEGORY, all[i].name))
            ret[0] = all[i].kind;
    }
    return 1;
}

/* The process that started it, if that was told before. Nothing else belongs to a process here. */
static size_t process_kinds(as_walk *w, as_draft *d, as_kind ret[4])
{
    struct as_vmray *s = as_vmray_of(w);

    if (s->entry.has_origin)
        d->parent = as_ids_get(&s->monitors, s->entry.origin);
    ret[0] = AS_KIND_PROCESS;
    return 1;
}

/* --- single values
 * -------------------------------------------------------------------------------- */

static as_code read_is_sample(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                              as_err *err)
{
    (void)fact;
    if (t->type == AS_JSON_TRUE)
        as_vmray_of(w)->entry.is_sample = true;
    return as_walk_pass(w, place, t, true, err);
}

static as_code read_origin(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    struct as_vmray *s = as_vmray_of(w);

    (void)fact;
    s->entry.has_origin = t->type == AS_JSON_NUMBER && as_bytes_u64(t->raw, &s->entry.origin);
    return as_walk_pass(w, place, t, true, err);
}

/* The sample is told elsewhere, so its name goes there at the end. */
static as_code read_submitted(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                              as_err *err)
{
    struct as_vmray *s = as_vmray_of(w);
    as_bytes text = {0};
    as_code rc;

    (void)fact;
    if (t->type != AS_JSON_STRING || !t->raw.n)
        return as_walk_pass(w, place, t, false, err);
    rc = as_walk_text(w, t, &text, err);
    if (!rc && as_facts_intern(w->facts, text, &s->submitted))
        rc = as_fail_nomem(err, "the facts of a report");
    return rc ? rc : as_walk_evidence(w, place, t->end, &s->submitted_at, err);
}

/* --- shapes
 * ------------------------------------------------------------------------------------------ */

/* clang-format off */

/* What every object says of itself and what points elsewhere. */
#define COMMON                                                                                     \
    SKIP("_type"), SKIP("is_ioc"), SKIP("is_artifact"), SKIP("ref_gfncalls"),                      \
    SKIP("ref_vti_matches"), SKIP("ref_domains"), SKIP("ref_ip_addresses"), SKIP("ref_urls"),      \
    SKIP("ref_files"), SKIP("ref_filenames"), SKIP("ref_static_data"),                             \
    SKIP("ref_lower_protocol_entries"), SKIP("ref_upper_protocol_entries"),                        \
    ATTR("verdict", VERDICT)
#define ACTORS HOOK("ref_processes", as_vmray_actors), HOOK("ref_process", as_vmray_actors)

LOCAL_SHAPE(hashes,
    SKIP("_type"),
    ATTR("md5", MD5),
    ATTR("sha1", SHA1),
    ATTR("sha256", SHA256),
    ATTR("sha512", SHA512),
    ATTR("ssdeep", SSDEEP),
    ATTR("imphash", IMPHASH),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(stored,
    COMMON, ACTORS,
    HOOK("is_sample", read_is_sample),
    SKIP("is_truncated"),
    INTO("hash_values", hashes),
    ATTR("size", SIZE),
    ATTR("mime_type", TYPE),
    ATTR("archive_path", HOST_PATH),
    ATTR("categories", CATEGORY),
    ATTR("operations", OPERATION),
    OTHER_LEAVES(STATIC_DETAIL));
MAP_HOOK(files, &as_shape_stored, AS_KIND_EXTRACTED, false, stored_kinds)

LOCAL_SHAPE(original_name, SKIP("_type"), ACTORS, LEAVES("filename", DETAIL), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(filename,
    COMMON, ACTORS,
    ATTR("filename", PATH),
    ATTR("categories", CATEGORY),
    ATTR("operations", OPERATION),
    INTO("original_filenames", original_name),
    OTHER_LEAVES(DETAIL));
MAP_HOOK(filenames, &as_shape_filename, AS_KIND_FILE_OPENED, false, file_kinds)

LOCAL_SHAPE(registry,
    COMMON, ACTORS,
    ATTR("reg_key_name", KEY),
    ATTR("value_name", NAME),
    ATTR("reg_key_value", VALUE),
    ATTR("value", VALUE),
    ATTR("operations", OPERATION),
    SKIP("original_reg_key_names"), /* the same in the case that the sample used */
    OTHER_LEAVES(DETAIL));
MAP_HOOK(registry, &as_shape_registry, AS_KIND_KEY_OPENED, false, registry_kinds)

LOCAL_SHAPE(mutex,
    COMMON, ACTORS,
    ATTR("mutex_name", NAME),
    ATTR("name", NAME),
    ATTR("operations", OPERATION),
    OTHER_LEAVES(DETAIL));
MAP_HOOK(mutexes, &as_shape_mutex, AS_KIND_MUTEX, false, NULL)

LOCAL_SHAPE(vm_domain,
    COMMON, ACTORS,
    ATTR("domain", DOMAIN),
    ATTR("protocols", PROTOCOL),
    ATTR("sources", SOURCE),
    ATTR("country", COUNTRY),
    SKIP("original_domains"),
    OTHER_LEAVES(NETWORK_DETAIL));
MAP_HOOK(domains, &as_shape_vm_domain, AS_KIND_DOMAIN, false, NULL)

LOCAL_SHAPE(address,
    COMMON, ACTORS,
    ATTR("ip_address", IP),
    ATTR("protocols", PROTOCOL),
    ATTR("sources", SOURCE),
    ATTR("country", COUNTRY),
    OTHER_LEAVES(NETWORK_DETAIL));
MAP_HOOK(addresses, &as_shape_address, AS_KIND_HOST, false, NULL)

LOCAL_SHAPE(vm_url,
    COMMON, ACTORS,
    SKIP("ref_domain"), SKIP("is_sample"), SKIP("original_urls"),
    ATTR("url", VALUE),
    ATTR("categories", CATEGORY),
    ATTR("sources", SOURCE),
    OTHER_LEAVES(NETWORK_DETAIL));
MAP_HOOK(urls, &as_shape_vm_url, AS_KIND_NETWORK_DETAIL, false, NULL)

/* --- network --- */

LOCAL_SHAPE(query,
    COMMON, ACTORS,
    ATTR("name", REQUEST),
    ATTR("type", TYPE),
    ATTR("timestamp", TIME),
    OTHER_LEAVES(NETWORK_DETAIL));
MAP_HOOK(dns, &as_shape_query, AS_KIND_DNS, false, NULL)

LOCAL_SHAPE(ends,
    SKIP("_type"),
    HOOK("ref_local_ip_address", as_vmray_src),
    ATTR("local_port", SPORT),
    HOOK("ref_remote_ip_address", as_vmray_dst),
    ATTR("remote_port", DPORT),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(session,
    COMMON, ACTORS,
    INTO("connection", ends),
    ATTR("timestamp", TIME),
    SKIP("is_client"),
    OTHER_LEAVES(NETWORK_DETAIL));
MAP_HOOK(sessions, &as_shape_session, AS_KIND_CONNECTION, true, NULL)

LOCAL_SHAPE(request,
    COMMON, ACTORS,
    SKIP("ref_url"),
    ATTR("url", URI),
    ATTR("method", METHOD),
    ATTR("user_agent", USER_AGENT),
    ATTR("status_code", STATUS),
    ATTR("timestamp", TIME),
    OTHER_LEAVES(NETWORK_DETAIL));
MAP_HOOK(requests, &as_shape_request, AS_KIND_HTTP, false, NULL)

LOCAL_SHAPE(vm_network,
    SKIP("_type"),
    HOOK("dns", read_dns),
    HOOK("tcp", read_sessions),
    HOOK("udp", read_sessions),
    HOOK("http", read_requests),
    OTHER_LEAVES(NETWORK_DETAIL));

/* --- processes and memory --- */

LOCAL_SHAPE(region,
    SKIP("_type"),
    ATTR("start_va", ADDRESS),
    ATTR("end_va", TO),
    ATTR("name", NAME),
    ATTR("timedelta", TIME),
    ATTR("type", TYPE),
    ATTR("entry_point", ENTRYPOINT),
    ATTR("filename", PATH),
    SKIP("monitored"),
    OTHER_LEAVES(DETAIL));
MAP_HOOK(regions, &as_shape_region, AS_KIND_MEMORY_REGION, false, NULL)

LOCAL_SHAPE(vm_process,
    COMMON,
    SKIP("ref_memory_dumps"), SKIP("ref_cmd_line_file"), SKIP("ref_extracted_function_strings_file"),
    ATTR("monitor_id", ID),
    HOOK("origin_monitor_id", read_origin),
    ATTR("os_pid", PID),
    ATTR("image_name", NAME),
    ATTR("filename", PATH),
    ATTR("cmd_line", COMMAND_LINE),
    ATTR("monitor_reason", DESCRIPTION),
    HOOK("regions", read_regions),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(dump,
    COMMON, ACTORS,
    HOOK("ref_file", as_vmray_same),
    ATTR("start_va", ADDRESS),
    ATTR("end_va", TO),
    ATTR("entry_point", ENTRYPOINT),
    ATTR("filename", NAME),
    ATTR("dump_type", CLASS), /* TYPE is that of the file */
    ATTR("dump_reason", DESCRIPTION),
    OTHER_LEAVES(DETAIL));
MAP_HOOK(process_map, &as_shape_vm_process, AS_KIND_PROCESS, false, process_kinds)
MAP_HOOK(dumps, &as_shape_dump, AS_KIND_PROCESS_DUMP, false, NULL)

LOCAL_SHAPE(vm_extracted,
    COMMON, ACTORS,
    HOOK("ref_file", as_vmray_same),
    SKIP("ref_parent_file"),
    ATTR("categories", CATEGORY),
    OTHER_LEAVES(DETAIL));
MAP_HOOK(extracted, &as_shape_vm_extracted, AS_KIND_EXTRACTED, false, NULL)

LOCAL_SHAPE(vm_screenshot,
    SKIP("_type"),
    HOOK("ref_file", as_vmray_same),
    ATTR("timedelta", TIME),
    OTHER_LEAVES(DETAIL));

/* --- detections --- */

LOCAL_SHAPE(artifact, SKIP("_type"), HOOK("ref_artifact", as_vmray_mark), SKIP("artifact_score"),
    OTHER_LEAVES(MARK));
static const as_row artifacts_rows[] = {
    SKIP("_type"),
    { .key_attr = AS_NO_ATTR, .act = AS_ACT_INTO, .sub = &as_shape_artifact },
};
static const as_shape as_shape_artifacts = { artifacts_rows, AS_COUNT(artifacts_rows) };

LOCAL_SHAPE(match,
    COMMON,
    ATTR("operation_desc", NAME),
    ATTR("technique_desc", DESCRIPTION),
    ATTR("analysis_score", SEVERITY),
    ATTR("category_desc", CATEGORY),
    ATTR("technique", ID),
    ATTR("classifications", TAG),
    ATTR("threat_names", FAMILY),
    INTO("artifacts", artifacts),
    LEAVES("technique_meta_info", MARK),
    SKIP("category"), SKIP("category_id"), SKIP("operation"), SKIP("operation_id"),
    SKIP("technique_id"), SKIP("technique_type"), SKIP("technique_version"),
    OTHER_LEAVES(DETAIL));
MAP_HOOK(matches, &as_shape_match, AS_KIND_SIGNATURE, false, NULL)
LOCAL_SHAPE(vti, SKIP("_type"), HOOK("matches", read_matches), OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(vm_yara,
    COMMON, ACTORS,
    ATTR("rule_name", RULE),
    ATTR("rule", RULE),
    ATTR("name", RULE),
    ATTR("description", DESCRIPTION),
    ATTR("author", AUTHOR),
    ATTR("ruleset_name", SOURCE),
    ATTR("classifications", TAG),
    ATTR("threat_names", FAMILY),
    SKIP("ref_file"), SKIP("ref_memory_dump"),
    OTHER_LEAVES(YARA_META));
MAP_HOOK(yara, &as_shape_vm_yara, AS_KIND_YARA, false, NULL)
LOCAL_SHAPE(yara_part, SKIP("_type"), HOOK("matches", read_yara), OTHER_LEAVES(DETAIL));

/* --- the file without running it --- */

LOCAL_SHAPE(static_data, SKIP("_type"), HOOK("ref_file", as_vmray_owner),
    FACT("pe", PE, vmray_pe), OTHER_LEAVES(STATIC_DETAIL));
MAP_HOOK(static_data, &as_shape_static_data, AS_KIND_STATIC_DETAIL, false, NULL)

/* --- the run --- */

LOCAL_SHAPE(platform,
    SKIP("_type"),
    ATTR("dynamic_analysis_engine_version", VERSION),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(threat, ATTR("", FAMILY));
LOCAL_SHAPE(metadata,
    SKIP("_type"),
    ATTR("analysis_id", ID),
    ATTR("creation_time", STARTED),
    ATTR("analysis_duration", DURATION),
    ATTR("sample_type", PACKAGE),
    ATTR("verdict", VERDICT),
    ATTR("result_str", STATUS),
    ATTR("classifications", TAG),
    FACT("threat_names", FAMILY, threat),
    HOOK("submission_filename", read_submitted),
    INTO("platform_information", platform),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(remark, SKIP("_type"), ATTR("name", NAME), ATTR("message", TEXT), ATTR("code", CODE),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(remarks,
    SKIP("_type"),
    FACT("infos", TOOL_LOG, remark),
    FACT("warnings", TOOL_ERROR, remark),
    FACT("errors", TOOL_ERROR, remark),
    OTHER_LEAVES(DETAIL));

/* The files and programs that VMRay itself puts there for malware to find are left out. */
LOCAL_SHAPE(machine, SKIP("_type"), SKIP("custom_created_artifacts"),
    SKIP("randomly_created_artifacts"), OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(engine, SKIP("_type"), SKIP("is_built_in"), OTHER_LEAVES(DETAIL));
static const as_row engines_rows[] = {
    SKIP("_type"),
    { .key_attr = AS_NO_ATTR, .act = AS_ACT_INTO, .sub = &as_shape_engine },
};
static const as_shape as_shape_engines = { engines_rows, AS_COUNT(engines_rows) };

LOCAL_SHAPE(summary,
    SKIP("_type"),
    FACT("analysis_metadata", ANALYSIS, metadata),
    HOOK("files", read_files),
    HOOK("filenames", read_filenames),
    HOOK("registry_records", read_registry),
    HOOK("mutexes", read_mutexes),
    HOOK("domains", read_domains),
    HOOK("ip_addresses", read_addresses),
    HOOK("urls", read_urls),
    INTO("network", vm_network),
    HOOK("processes", read_process_map),
    HOOK("memory_dumps", read_dumps),
    HOOK("extracted_files", read_extracted),
    FACT("screenshots", SCREENSHOT, vm_screenshot),
    HOOK("static_data", read_static_data),
    INTO("vti", vti),
    INTO("yara", yara_part),
    HOOK("mitre_attack", as_vmray_mitre),
    INTO("remarks", remarks),
    INTO("virtual_machine", machine),
    INTO("anti_virus", engines),
    INTO("reputation", engines),
    SKIP("artifacts"), /* references to what is told elsewhere */
    LEAVES("version", DETAIL));

/* clang-format on */
/* The tool says so in a detail of its own. */
static bool failed(const as_facts *f)
{
    for (uint32_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);
        as_value value;

        if (fact->kind == AS_KIND_DETAIL && !(fact->flags & AS_FACT_GONE) &&
            as_bytes_is(as_fact_text(f, fact, AS_ATTR_NAME), "is_execution_successful") &&
            as_fact_attr(f, fact, AS_ATTR_VALUE, &value) && value.form == AS_FORM_FALSE)
            return true;
    }
    return false;
}

/* Top-level keys of which two make a summary of VMRay. */
static const char *const keys[] = {"analysis_metadata", "vti",          "virtual_machine",
                                   "registry_records",  "memory_dumps", "ip_addresses",
                                   "static_data",       "mitre_attack", "remarks"};

static void note_key(void *ctx, as_bytes key)
{
    size_t *seen = ctx;

    for (size_t i = 0; i < AS_COUNT(keys); i++)
        *seen += as_bytes_is(key, keys[i]);
}

static as_code recognise(as_walk *w, size_t seen, as_err *err)
{
    const as_facts *f = w->facts;
    as_analysis *a = w->analysis;
    uint32_t run = as_facts_first(f, AS_KIND_ANALYSIS);
    as_value version;

    if (seen < 2)
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                       "not a summary_v2.json of VMRay: no 'analysis_metadata' beside 'vti' and "
                       "the like");
    a->tool = "VMRay";
    if (run != AS_NO_FACT && as_fact_attr(f, as_facts_get(f, run), AS_ATTR_VERSION, &version))
        a->tool_version = version.str;
    a->sample = as_facts_first(f, AS_KIND_SAMPLE);
    a->gaps = as_facts_first(f, AS_KIND_TOOL_ERROR) != AS_NO_FACT ? AS_GAP_ERRORS : 0;
    if (as_facts_first(f, AS_KIND_PROCESS) == AS_NO_FACT)
        a->gaps |= AS_GAP_NOTHING;
    if (failed(f))
        a->gaps |= AS_GAP_STATUS;
    return AS_OK;
}

static as_code read_all(as_walk *w, as_err *err)
{
    struct as_vmray *s = as_vmray_of(w);
    uint32_t sample;
    size_t seen = 0;
    as_code rc = as_walk_document(w, &as_shape_summary, note_key, &seen, err);

    if (!rc)
        rc = as_vmray_resolve(w, err);
    sample = rc ? AS_NO_FACT : as_facts_first(w->facts, AS_KIND_SAMPLE);
    if (!rc)
        rc = as_vmray_put_techniques(w, err);
    if (!rc && s->submitted && sample != AS_NO_FACT)
        rc = as_part_bring(w, sample, AS_ATTR_NAME, as_facts_text(w->facts, s->submitted),
                           &s->submitted_at, err);
    if (!rc)
        rc = as_join_facts(w->facts, err);
    return rc ? rc : recognise(w, seen, err);
}

static as_code read_summary(as_walk *w, as_err *err)
{
    struct as_vmray s = {0};
    as_code rc;

    w->own = &s;
    w->numbered_keys = true;
    rc = read_all(w, err);
    w->own = NULL;
    as_vmray_forget_techniques(&s);
    as_mem_free(s.techniques);
    as_mem_free(s.refs);
    as_mem_free(s.targets);
    as_mem_free(s.numbers);
    as_ids_done(&s.objects);
    as_ids_done(&s.mentioned);
    as_ids_done(&s.monitors);
    return rc;
}

static as_sure probe_summary(const as_head *h)
{
    bool named = strcmp(as_head_text(h, "_type"), "summary") == 0;
    size_t seen = named;

    if (h->root != AS_JSON_OBJECT)
        return AS_SURE_NO;
    for (size_t i = 0; i < AS_COUNT(keys); i++)
        seen += as_head_has(h, keys[i]);
    return seen >= 2 ? AS_SURE_YES : AS_SURE_NO;
}

const as_reader as_reader_vmray = {
    .about = {.id = "vmray",
              .name = "VMRay summary (summary_v2.json)",
              .versions = "2.5",
              .maps = "sample, VTI matches, YARA, ATT&CK, processes with their regions, files, "
                      "registry, mutexes, network, memory dumps, extracted files, PE headers, "
                      "remarks",
              .seen = true},
    .probe = probe_summary,
    .read = read_summary,
};

#include "formats/assemblyline_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * Assemblyline: the result of one service (sections), the ontology that the service
 * wrote of the same file, and the sandbox section by itself. A section's body is often
 * JSON in a text, and stands before the key that says what it is; so it is kept until
 * the section ends. Sandbox services tell processes, signatures and connections in one
 * shape, wherever it stands.
 */

#define HEAD_SIZE ((size_t)1 << 20)

struct reader {
    as_same same;
    as_draft *section; /* of the section in hand, while its body is read */
    bool heuristic;    /* it has one: what its body lists is what set it off */
    as_buf body;
    uint64_t end; /* of the object read last */
    bool known;   /* something of Assemblyline was met */
    bool any;     /* in a line before this one */
    bool ran;     /* a sandbox made the result */
};

static struct reader *own(as_walk *w)
{
    return w->own;
}

/* clang-format off */

static as_hook read_processes, read_children, read_connections, read_signatures, read_sections,
    read_heuristics, read_sandboxes, read_tags, read_type;

/* --- parts of the ontology ------------------------------------------------------------------ */

LOCAL_SHAPE(objectid, ATTR("time_observed", TIME), OTHER_FIELDS);

LOCAL_SHAPE(machine,
    ATTR("hostname", MACHINE),
    ATTR("hypervisor", MACHINE_MANAGER),
    ATTR("platform", PLATFORM),
    ATTR("version", OS_VERSION),
    ATTR("architecture", ARCH),
    ATTR("ip", IP),
    OTHER_FIELDS);

LOCAL_SHAPE(run,
    ATTR("task_id", ID),
    ATTR("start_time", STARTED),
    ATTR("end_time", ENDED),
    ATTR("routing", ROUTE),
    INTO("machine_metadata", machine),
    OTHER_FIELDS);

LOCAL_SHAPE(sandbox_run,
    ATTR("sandbox_name", ENGINE),
    ATTR("sandbox_version", VERSION),
    INTO("analysis_metadata", run),
    INTO("objectid", objectid),
    OTHER_FIELDS);

LOCAL_SHAPE(module, ATTR("", NAME), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(score_of, OTHER_LEAVES(MARK));

/* In the ontology, in the sandbox section, and (process_*) in a PROCESS_TREE. */
LOCAL_SHAPE(process,
    ATTR("pid", PID),
    ATTR("process_pid", PID),
    ATTR("ppid", PPID),
    ATTR("image", PATH),
    ATTR("process_name", PROCESS_NAME),
    ATTR("command_line", COMMAND_LINE),
    ATTR("start_time", FIRST_SEEN),
    ATTR("end_time", ENDED),
    ATTR("image_hash", SHA256),
    ATTR("sources", SOURCE),
    INTO("objectid", objectid),
    LEAVES("pobjectid", DETAIL),
    FACT("loaded_modules", MODULE, module),
    HOOK("children", read_children),
    INTO("signatures", score_of),
    OTHER_FIELDS);

LOCAL_SHAPE(answer, ATTR("", ANSWER), OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(dns,
    ATTR("domain", REQUEST),
    ATTR("lookup_type", TYPE),
    FACT("resolved_ips", DNS_ANSWER, answer),
    FACT("resolved_domains", DNS_ANSWER, answer),
    OTHER_FIELDS);

LOCAL_SHAPE(headers,
    ATTR("Host", HOSTNAME), ATTR("host", HOSTNAME), ATTR("HOST", HOSTNAME),
    ATTR("User-Agent", USER_AGENT), ATTR("user-agent", USER_AGENT), ATTR("USER_AGENT", USER_AGENT),
    ATTR("UserAgent", USER_AGENT), ATTR("Referer", REFERRER), ATTR("referer", REFERRER),
    OTHER_FIELDS);
LOCAL_SHAPE(http,
    ATTR("request_uri", URL),
    ATTR("request_method", METHOD),
    ATTR("request_body", REQUEST),
    ATTR("response_status_code", STATUS),
    ATTR("response_body", RESPONSE),
    INTO("request_headers", headers),
    LEAVES("response_headers", NETWORK_DETAIL),
    OTHER_FIELDS);

LOCAL_SHAPE(actor, ATTR("", PROCESS_PATH), ATTR("pid", PID), ATTR("image", PROCESS_PATH),
    OTHER_FIELDS);

/* Of the ontology, and the rows of the tables that sandbox services make of traffic. */
LOCAL_SHAPE(connection,
    ATTR("source_ip", SRC), ATTR("src_ip", SRC),
    ATTR("source_port", SPORT), ATTR("src_port", SPORT),
    ATTR("destination_ip", DST), ATTR("dest_ip", DST),
    ATTR("destination_port", DPORT), ATTR("dest_port", DPORT),
    ATTR("transport_layer_protocol", PROTOCOL), ATTR("protocol", PROTOCOL),
    ATTR("time_observed", TIME), ATTR("timestamp", TIME),
    ATTR("connection_type", CATEGORY),
    ATTR("sources", SOURCE),
    ATTR("pid", PID),
    ATTR("image", PROCESS_PATH),
    ATTR("domain", REQUEST),
    ATTR("lookup_type", TYPE),
    ATTR("answer", ANSWER),
    ATTR("uri", URL), ATTR("request_uri", URL),
    ATTR("method", METHOD), ATTR("request_method", METHOD),
    ATTR("host", HOSTNAME),
    FACT("resolved_ips", DNS_ANSWER, answer),
    FACT("resolved_domains", DNS_ANSWER, answer),
    INTO("dns_details", dns),
    INTO("http_details", http),
    INTO("request_headers", headers),
    INTO("process", actor),
    INTO("objectid", objectid),
    OTHER_FIELDS);

LOCAL_SHAPE(attack,
    ATTR("", TECHNIQUE),
    ATTR("attack_id", TECHNIQUE),
    ATTR("pattern", NAME),
    ATTR("categories", TACTIC),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(done_by, ATTR("tag", VALUE), ATTR("time_observed", TIME), OTHER_FIELDS);
LOCAL_SHAPE(attribute,
    ATTR("action", OPERATION),
    ATTR("domain", DOMAIN),
    ATTR("uri", URL),
    ATTR("file_hash", FILE),
    INTO("source", done_by),
    OTHER_FIELDS);

LOCAL_SHAPE(signature,
    ATTR("name", NAME),
    ATTR("type", TYPE),
    ATTR("classification", TLP),
    ATTR("description", DESCRIPTION),
    ATTR("score", SCORE),
    ATTR("pid", PID),
    ATTR("sources", SOURCE),
    ATTR("malware_families", FAMILY),
    ATTR("signature_id", ID),
    FACT("attacks", TECHNIQUE, attack),
    LEAVES("data", MARK),
    FACT("attributes", MARK, attribute),
    INTO("objectid", objectid),
    OTHER_FIELDS);

LOCAL_SHAPE(antivirus,
    ATTR("engine_name", ENGINE),
    ATTR("engine_version", VERSION),
    ATTR("virus_name", RESULT),
    ATTR("category", CATEGORY),
    INTO("objectid", objectid),
    OTHER_FIELDS);

/* --- tags ----------------------------------------------------------------------------------- */

LOCAL_SHAPE(contacted, ATTR("", IP), OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(domain_seen, ATTR("", DOMAIN), OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(ip_inside, ATTR("", IP), OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(domain_inside, ATTR("", DOMAIN), OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(url_inside, ATTR("", URL), OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(mutex, ATTR("", NAME), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(family, ATTR("", FAMILY), OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(tags_dynamic_net,
    FACT("ip", HOST, contacted),
    FACT("domain", DOMAIN, domain_seen),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(tags_static_net,
    FACT("ip", SAMPLE_ADDRESS, ip_inside),
    FACT("domain", SAMPLE_ADDRESS, domain_inside),
    FACT("uri", SAMPLE_ADDRESS, url_inside),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(tags_network,
    INTO("dynamic", tags_dynamic_net),
    INTO("static", tags_static_net),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(tags_dynamic, FACT("mutex", MUTEX, mutex), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(tags_attribution, FACT("family", FAMILY, family), OTHER_LEAVES(DETAIL));

/* {"network":{"dynamic":{"ip":[..]}}}, or {"network.dynamic.ip":[..]}. */
LOCAL_SHAPE(tags,
    INTO("network", tags_network),
    INTO("dynamic", tags_dynamic),
    INTO("attribution", tags_attribution),
    FACT("network.dynamic.ip", HOST, contacted),
    FACT("network.dynamic.domain", DOMAIN, domain_seen),
    FACT("network.static.ip", SAMPLE_ADDRESS, ip_inside),
    FACT("network.static.domain", SAMPLE_ADDRESS, domain_inside),
    FACT("network.static.uri", SAMPLE_ADDRESS, url_inside),
    FACT("dynamic.mutex", MUTEX, mutex),
    FACT("attribution.family", FAMILY, family),
    OTHER_LEAVES(DETAIL));

/* --- sections ------------------------------------------------------------------------------- */

LOCAL_SHAPE(raised, ATTR("", NAME), ATTR("name", NAME), ATTR("frequency", COUNT), OTHER_FIELDS);
LOCAL_SHAPE(heuristic,
    ATTR("heur_id", ID),
    ATTR("name", RULE),
    ATTR("score", SCORE),
    FACT("attack", TECHNIQUE, attack),
    FACT("attack_ids", TECHNIQUE, attack),
    FACT("signature", MARK, raised),
    LEAVES("signatures", MARK), /* {name: how often}, as services send it */
    OTHER_FIELDS);

LOCAL_SHAPE(section,
    ATTR("title_text", TITLE),
    ATTR("classification", TLP),
    ATTR("depth", LEVEL),
    INTO("heuristic", heuristic),
    HOOK("tags", read_tags),
    OTHER_FIELDS);

LOCAL_SHAPE(sandbox_body,
    HOOK("analysis_information", read_sandboxes),
    HOOK("processes", read_processes),
    HOOK("network_connections", read_connections),
    HOOK("signatures", read_signatures),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(result, ATTR("score", SCORE), HOOK("sections", read_sections), OTHER_FIELDS);

/* Of the ontology: the same heuristic, counted over all sections. */
LOCAL_SHAPE(heuristic_told,
    ATTR("name", NAME),
    ATTR("heur_id", ID),
    ATTR("score", SCORE),
    ATTR("times_raised", MARK_COUNT),
    FACT("attack", TECHNIQUE, attack),
    HOOK("tags", read_tags),
    OTHER_FIELDS);

/* --- the document --------------------------------------------------------------------------- */

LOCAL_SHAPE(file_told,
    ATTR("md5", MD5),
    ATTR("sha1", SHA1),
    ATTR("sha256", SHA256),
    ATTR("ssdeep", SSDEEP),
    ATTR("tlsh", TLSH),
    ATTR("size", SIZE),
    ATTR("type", TYPE),
    ATTR("names", NAME),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(service,
    ATTR("name", ENGINE),
    ATTR("version", VERSION),
    OTHER_FIELDS);

LOCAL_SHAPE(extracted,
    ATTR("name", NAME),
    ATTR("sha256", SHA256),
    ATTR("description", DESCRIPTION),
    ATTR("classification", TLP),
    OTHER_FIELDS);
LOCAL_SHAPE(log_entry, ATTR("", TEXT), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(milestones,
    ATTR("service_started", STARTED),
    ATTR("service_completed", ENDED),
    OTHER_FIELDS);
LOCAL_SHAPE(response,
    ATTR("service_name", ENGINE),
    ATTR("service_version", VERSION),
    INTO("milestones", milestones),
    FACT("extracted", EXTRACTED, extracted),
    FACT("supplementary", EXTRACTED, extracted),
    FACT("service_debug_info", TOOL_LOG, log_entry),
    OTHER_FIELDS);

LOCAL_SHAPE(total, ATTR("", SCORE), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(submission, ATTR("sid", ID), ATTR("date", ADDED), OTHER_FIELDS);

/* The lists of the ontology stand at the root or below `results`. */
#define ONTOLOGY                                                                                   \
    HOOK("sandboxes", read_sandboxes), HOOK("sandbox", read_sandboxes),                            \
    HOOK("analysis_information", read_sandboxes), HOOK("processes", read_processes),               \
    HOOK("network_connections", read_connections), HOOK("network", read_connections),              \
    HOOK("network_dns", read_connections), HOOK("network_http", read_connections),                 \
    HOOK("dns", read_connections), HOOK("http", read_connections),                                 \
    HOOK("signatures", read_signatures), HOOK("heuristics", read_heuristics),                      \
    HOOK("tags", read_tags), FACT("antivirus", ANTIVIRUS, antivirus),                              \
    LEAVES("malware_config", CONFIG)

LOCAL_SHAPE(ontology, ONTOLOGY, FACT("score", SCORE, total), OTHER_LEAVES(DETAIL));

static const as_shape as_shape_document;
LOCAL_SHAPE(document,
    FACT("result", ANALYSIS, result),
    FACT("response", ANALYSIS, response),
    FACT("service", ANALYSIS, service),
    FACT("submission", ANALYSIS, submission),
    FACT("file", SAMPLE, file_told),
    HOOK("odm_type", read_type),
    INTO("results", ontology),
    INTO("api_response", document),
    FACT("api_error_message", TOOL_ERROR, log_entry),
    ONTOLOGY,
    /* Of the file itself, in a result as the server keeps it. */
    ATTR("md5", MD5),
    ATTR("sha1", SHA1),
    ATTR("sha256", SHA256),
    ATTR("size", SIZE),
    ATTR("type", TYPE),
    ATTR("names", NAME),
    OTHER_LEAVES(DETAIL));

/* clang-format on */

/* --- lists ---------------------------------------------------------------------------------- */

typedef void fix_fn(as_walk *w, as_draft *d);

struct list {
    as_kind kind;
    const as_shape *shape;
    uint32_t parent;
    fix_fn *fix; /* once all of a fact has been read; may be NULL */
    bool noted;  /* other lists may tell the same */
};

static as_attr *attr_of(as_draft *d, as_attr_name name)
{
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == name)
            return &d->attrs[i];
    }
    return NULL;
}

static as_bytes text_of(as_walk *w, as_draft *d, as_attr_name name)
{
    const as_attr *a = attr_of(d, name);

    return a ? as_facts_text(w->facts, a->str) : (as_bytes){0};
}

/* What stands where something else is expected. */
static as_code read_stray(as_walk *w, as_place *place, uint32_t parent, as_json_tok *t, as_err *err)
{
    static const as_row leaves = OTHER_LEAVES(DETAIL);

    return as_walk_apply(w, place, &leaves, parent, NULL, t, err);
}

static as_code put(as_walk *w, as_place *place, uint64_t end, uint32_t fact, as_draft *d,
                   as_err *err)
{
    as_code rc = as_walk_evidence(w, place, end, &d->evidence[0], err);

    if (rc)
        return rc;
    d->n_evidence = 1;
    rc = as_facts_put(w->facts, fact, d);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* A draft is too large for every level of recursion to hold one it does not need. */
static __attribute__((noinline)) as_code read_one(as_walk *w, as_place *place, const struct list *l,
                                                  as_err *err)
{
    uint32_t fact = AS_NO_FACT;
    uint64_t end = 0;
    as_draft d;
    as_code rc = as_facts_reserve(w->facts, &fact);

    if (rc)
        return as_walk_facts_failed(w, rc, err);
    as_draft_init(&d, l->kind);
    d.parent = l->parent;
    rc = as_walk_object(w, place, l->shape, fact, &d, &end, err);
    if (rc)
        return rc;
    own(w)->end = end;
    if (!d.n_attrs) {
        as_facts_drop(w->facts, fact, l->parent);
        return AS_OK;
    }
    if (l->fix)
        l->fix(w, &d);
    rc = put(w, place, end, fact, &d, err);
    return rc || !l->noted ? rc : as_same_note(&own(w)->same, fact, err);
}

static as_code read_list(as_walk *w, as_place *place, const struct list *l, as_json_tok *t,
                         as_err *err)
{
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    own(w)->same.list += l->noted;
    if (t->type == AS_JSON_OBJECT)
        return read_one(w, place, l, err);
    if (t->type != AS_JSON_ARRAY)
        return read_stray(w, place, l->parent, t, err);
    while (!rc && as_walk_element(w, &child, t, &rc, err))
        rc = t->type == AS_JSON_OBJECT ? read_one(w, &child, l, err)
                                       : read_stray(w, &child, l->parent, t, err);
    return rc;
}

/* --- processes, connections, signatures ------------------------------------------------------ */

/* The end of time is the end of a process that had none. */
static void fix_process(as_walk *w, as_draft *d)
{
    as_attr *ended = attr_of(d, AS_ATTR_ENDED), *hash = attr_of(d, AS_ATTR_SHA256);
    as_bytes end = text_of(w, d, AS_ATTR_ENDED);

    if (ended && end.n >= 10 && !memcmp(end.p, "9999-12-31", 10))
        ended->name = AS_ATTR_OPEN_END;
    if (hash && as_facts_text(w->facts, hash->str).n == 32)
        hash->name = AS_ATTR_MD5;
    else if (hash && as_facts_text(w->facts, hash->str).n == 40)
        hash->name = AS_ATTR_SHA1;
}

static as_code read_process_list(as_walk *w, as_place *place, uint32_t parent, as_json_tok *t,
                                 as_err *err)
{
    struct list l = {AS_KIND_PROCESS, &as_shape_process, parent, fix_process, false};

    own(w)->known = true;
    return read_list(w, place, &l, t, err);
}

static as_code read_processes(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                              as_err *err)
{
    (void)fact;
    return read_process_list(w, place, AS_NO_FACT, t, err);
}

/* Of a process tree: `fact` started them. */
static as_code read_children(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                             as_err *err)
{
    return read_process_list(w, place, fact, t, err);
}

/* What a flow is can be seen from what is said of it. */
static void fix_connection(as_walk *w, as_draft *d)
{
    as_bytes category = text_of(w, d, AS_ATTR_CATEGORY);
    as_attr *name = attr_of(d, AS_ATTR_REQUEST);

    if (as_bytes_is(category, "dns") ||
        (name && (attr_of(d, AS_ATTR_TYPE) || attr_of(d, AS_ATTR_ANSWER))))
        d->kind = AS_KIND_DNS;
    else if (as_bytes_is(category, "http") || attr_of(d, AS_ATTR_URL) || attr_of(d, AS_ATTR_METHOD))
        d->kind = AS_KIND_HTTP;
    else if (name)
        name->name = AS_ATTR_HOSTNAME;
}

/* A row of a table: of traffic, or of whatever the service lists. */
static void fix_row(as_walk *w, as_draft *d)
{
    bool flow =
        attr_of(d, AS_ATTR_DST) && (attr_of(d, AS_ATTR_DPORT) || attr_of(d, AS_ATTR_PROTOCOL));

    fix_connection(w, d);
    if (d->kind == AS_KIND_CONNECTION && !flow)
        d->kind = AS_KIND_TABLE_ROW;
}

static as_code read_connections(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                                as_err *err)
{
    struct list l = {AS_KIND_CONNECTION, &as_shape_connection, AS_NO_FACT, fix_connection, true};

    (void)fact;
    own(w)->known = true;
    return read_list(w, place, &l, t, err);
}

static as_code read_signatures(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                               as_err *err)
{
    struct list l = {AS_KIND_SIGNATURE, &as_shape_signature, AS_NO_FACT, NULL, true};

    (void)fact;
    own(w)->known = true;
    return read_list(w, place, &l, t, err);
}

static as_code read_heuristics(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                               as_err *err)
{
    struct list l = {AS_KIND_SIGNATURE, &as_shape_heuristic_told, AS_NO_FACT, NULL, false};

    (void)fact;
    own(w)->known = true;
    return read_list(w, place, &l, t, err);
}

static void note_run(as_walk *w, as_draft *d)
{
    (void)d;
    own(w)->ran = true;
}

static as_code read_sandboxes(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                              as_err *err)
{
    struct list l = {AS_KIND_ANALYSIS, &as_shape_sandbox_run, AS_NO_FACT, note_run, false};

    (void)fact;
    own(w)->known = true;
    return read_list(w, place, &l, t, err);
}

static as_code read_tags(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    uint64_t end;

    return t->type == AS_JSON_OBJECT
               ? as_walk_object(w, place, &as_shape_tags, fact, NULL, &end, err)
               : read_stray(w, place, fact, t, err);
}

/* What the document calls itself. */
static as_code read_type(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    own(w)->known = true;
    return read_stray(w, place, fact, t, err);
}

/* --- what stands in a section ---------------------------------------------------------------- */

LOCAL_SHAPE(marks, OTHER_LEAVES(MARK));
LOCAL_SHAPE(details, OTHER_LEAVES(DETAIL));

static as_code read_content(as_walk *w, as_place *place, uint32_t fact, as_bytes format,
                            as_json_tok *t, as_err *err);

/* [what, body, how to show it], its bracket read. */
static as_code read_part(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    static const as_row fields = OTHER_FIELDS;
    uint8_t format[32];
    size_t n = 0;
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    while (!rc && as_walk_element(w, &child, t, &rc, err)) {
        if (child.step == 0 && t->type == AS_JSON_STRING && t->raw.n <= sizeof(format)) {
            n = t->raw.n;
            memcpy(format, t->raw.p, n);
        } else if (child.step == 1) {
            rc = read_content(w, &child, fact, (as_bytes){format, n}, t, err);
        } else {
            rc = as_walk_apply(w, &child, &fields, fact, own(w)->section, t, err);
        }
    }
    return rc;
}

/* [[name, value], ...], its bracket read. */
static as_code read_pair(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    static const as_row parts[] = {ATTR("", NAME), ATTR("", VALUE)};
    uint32_t pair = AS_NO_FACT;
    as_draft d;
    as_code rc = as_facts_reserve(w->facts, &pair);

    if (rc)
        return as_walk_facts_failed(w, rc, err);
    as_draft_init(&d, own(w)->heuristic ? AS_KIND_MARK : AS_KIND_DETAIL);
    d.parent = fact;
    for (as_step i = 0;; i++) {
        as_place child = {.up = place, .step = i};

        rc = as_walk_next(w, t, err);
        if (rc || t->type == AS_JSON_ARRAY_END)
            break;
        child.begin = t->begin;
        rc = i < 2 && t->type >= AS_JSON_STRING
                 ? as_walk_apply(w, &child, &parts[i], pair, &d, t, err)
                 : read_stray(w, &child, fact, t, err);
        if (rc)
            break;
    }
    if (!rc && !d.n_attrs)
        as_facts_drop(w->facts, pair, fact);
    return rc || !d.n_attrs ? rc : put(w, place, t->end, pair, &d, err);
}

typedef as_code part_fn(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err);

static as_code each_array(as_walk *w, as_place *place, uint32_t fact, part_fn *fn, as_json_tok *t,
                          as_err *err)
{
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    while (!rc && as_walk_element(w, &child, t, &rc, err))
        rc = t->type == AS_JSON_ARRAY ? fn(w, &child, fact, t, err)
                                      : read_stray(w, &child, fact, t, err);
    return rc;
}

static as_code read_values(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    static const as_row mark = OTHER_LEAVES(MARK), detail = OTHER_LEAVES(DETAIL),
                        text = ATTR("", DESCRIPTION);
    bool heuristic = own(w)->heuristic;
    uint64_t end;

    if (t->type == AS_JSON_OBJECT)
        return as_walk_object(w, place, heuristic ? &as_shape_marks : &as_shape_details, fact, NULL,
                              &end, err);
    if (t->type == AS_JSON_ARRAY)
        return as_walk_apply(w, place, heuristic ? &mark : &detail, fact, NULL, t, err);
    return as_walk_apply(w, place, &text, fact, own(w)->section, t, err);
}

static as_code read_content(as_walk *w, as_place *place, uint32_t fact, as_bytes format,
                            as_json_tok *t, as_err *err)
{
    struct list rows = {AS_KIND_CONNECTION, &as_shape_connection, AS_NO_FACT, fix_row, true};
    uint64_t end;

    if (t->type == AS_JSON_OBJECT && as_bytes_is(format, "SANDBOX"))
        return as_walk_object(w, place, &as_shape_sandbox_body, fact, NULL, &end, err);
    if (t->type != AS_JSON_ARRAY)
        return read_values(w, place, fact, t, err);
    if (as_bytes_is(format, "PROCESS_TREE"))
        return read_processes(w, place, fact, t, err);
    if (as_bytes_is(format, "TABLE"))
        return read_list(w, place, &rows, t, err);
    if (as_bytes_is(format, "MULTI"))
        return each_array(w, place, fact, read_part, t, err);
    if (as_bytes_is(format, "ORDERED_KEY_VALUE"))
        return each_array(w, place, fact, read_pair, t, err);
    return read_values(w, place, fact, t, err);
}

/* --- sections --------------------------------------------------------------------------------- */

struct body {
    as_place place;
    uint64_t end;
    bool there;
};

/* A field that the draft keeps under its own name. */
static as_bytes field_of(as_walk *w, const as_draft *d, const char *name)
{
    for (size_t i = 0; i + 1 < d->n_attrs; i++) {
        if (d->attrs[i].name == AS_ATTR_FIELD &&
            as_bytes_is(as_facts_text(w->facts, d->attrs[i].str), name))
            return as_facts_text(w->facts, d->attrs[i + 1].str);
    }
    return (as_bytes){0};
}

static as_code read_kept(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    as_bytes format = field_of(w, own(w)->section, "body_format");

    return read_content(w, place, fact, format, t, err);
}

/* Text that is no JSON says what the section found. */
static as_code put_body_text(as_walk *w, struct body *b, uint32_t fact, as_draft *d, as_bytes text,
                             as_err *err)
{
    as_draft part;
    as_code rc;

    if (d->n_attrs < AS_DRAFT_ATTRS) {
        rc = as_draft_text(d, w->facts, AS_ATTR_DESCRIPTION, AS_FORM_TEXT, text);
        return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
    }
    as_draft_init(&part, AS_KIND_DETAIL);
    part.parent = fact;
    rc = as_draft_text(&part, w->facts, AS_ATTR_VALUE, AS_FORM_TEXT, text);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    rc = as_walk_evidence(w, &b->place, b->end, &part.evidence[0], err);
    if (rc)
        return rc;
    part.n_evidence = 1;
    rc = as_facts_add(w->facts, &part, NULL);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

static as_code read_body(as_walk *w, struct body *b, uint32_t fact, as_draft *d, as_err *err)
{
    static const as_row kept = HOOK("", read_kept);
    struct reader *r = own(w);
    as_bytes text = as_buf_bytes(&r->body);
    bool json = false;
    as_code rc;

    if (!b->there || !text.n)
        return AS_OK;
    b->there = false;
    r->section = d;
    r->heuristic = attr_of(d, AS_ATTR_ID) || attr_of(d, AS_ATTR_RULE);
    rc = as_walk_is_json(text, &json, err);
    if (!rc)
        rc = json ? as_walk_inside(w, &b->place, b->end, text, &kept, fact, d, err)
                  : put_body_text(w, b, fact, d, text, err);
    r->section = NULL;
    return rc;
}

static as_code keep_body(as_walk *w, as_place *place, struct body *b, as_json_tok *t, as_err *err)
{
    as_code rc;

    b->place = (as_place){.up = place};
    rc = as_walk_key(w, t, &b->place.step, err);
    if (!rc)
        rc = as_walk_next(w, t, err);
    if (rc)
        return rc;
    b->place.begin = t->begin;
    as_buf_reset(&own(w)->body);
    rc = as_walk_copy(w, t, &own(w)->body, err);
    b->end = t->end;
    b->there = true;
    return rc;
}

static as_code read_section(as_walk *w, as_place *place, as_json_tok *t, as_err *err)
{
    size_t from = as_facts_evidence_count(w->facts);
    struct body body = {0};
    uint32_t fact = AS_NO_FACT;
    as_draft d;
    as_code rc = as_facts_reserve(w->facts, &fact);

    if (rc)
        return as_walk_facts_failed(w, rc, err);
    as_draft_init(&d, AS_KIND_RESULT_SECTION);
    as_walk_tick(w);
    for (;;) {
        rc = as_walk_next(w, t, err);
        if (rc || t->type == AS_JSON_OBJECT_END)
            break;
        if (!as_bytes_is(t->raw, "body")) {
            rc = as_walk_member(w, place, &as_shape_section, fact, &d, t, err);
        } else {
            rc = read_body(w, &body, fact, &d, err); /* of a key that stands twice */
            if (!rc)
                rc = keep_body(w, place, &body, t, err);
        }
        if (rc)
            break;
    }
    if (rc)
        return rc;
    as_facts_close_evidence(w->facts, from, t->begin, t->end); /* of details, for their keys */
    rc = read_body(w, &body, fact, &d, err);
    if (rc)
        return rc;
    if (!d.n_attrs) {
        as_facts_drop(w->facts, fact, AS_NO_FACT);
        return AS_OK;
    }
    if (attr_of(&d, AS_ATTR_ID) || attr_of(&d, AS_ATTR_RULE))
        d.kind = AS_KIND_SIGNATURE;
    rc = put(w, place, t->end, fact, &d, err);
    return rc || d.kind != AS_KIND_SIGNATURE ? rc : as_same_note(&own(w)->same, fact, err);
}

static as_code read_sections(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                             as_err *err)
{
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    own(w)->known = true;
    if (t->type != AS_JSON_ARRAY)
        return read_stray(w, place, fact, t, err);
    while (!rc && as_walk_element(w, &child, t, &rc, err)) {
        own(w)->same.list++;
        rc = t->type == AS_JSON_OBJECT ? read_section(w, &child, t, err)
                                       : read_stray(w, &child, fact, t, err);
    }
    return rc;
}

/* --- the document ------------------------------------------------------------------------------
 */

static as_code read_root(as_walk *w, as_err *err)
{
    struct list root = {AS_KIND_SAMPLE, &as_shape_document, AS_NO_FACT, NULL, false};
    as_place place = {0};
    as_json_tok t;
    as_code rc = as_walk_next(w, &t, err);

    if (rc)
        return rc;
    if (t.type != AS_JSON_OBJECT)
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                       "not a result of Assemblyline: it is no JSON object");
    place.begin = t.begin;
    rc = read_one(w, &place, &root, err);
    return rc ? rc : as_walk_next(w, &t, err); /* the end: nothing may follow */
}

/* One document a line, each of a file of its own: what the server gives of a submission. */
static as_code read_line(as_walk *w, void *ctx, as_place *place, as_json_tok *t, bool *ret_kept,
                         as_err *err)
{
    struct list root = {AS_KIND_SAMPLE, &as_shape_document, AS_NO_FACT, NULL, false};
    struct reader *r = ctx;
    as_code rc;

    r->same.n = 0;
    if (t->type != AS_JSON_OBJECT)
        return as_json_skip(w->json, t, err);
    r->known = false;
    rc = read_one(w, place, &root, err);
    if (rc)
        return rc;
    t->end = r->end;
    *ret_kept = r->known;
    r->any |= r->known;
    return r->known ? as_same_join(&r->same, w, err) : AS_OK;
}

static as_code read_lines(as_walk *w, struct reader *r, as_err *err)
{
    as_code rc = as_walk_records(w, read_line, NULL, r, err);

    r->known = r->any;
    return rc;
}

static as_code read_document(as_walk *w, struct reader *r, as_err *err)
{
    as_code rc = read_root(w, err);

    if (!rc && r->known)
        rc = as_same_join(&r->same, w, err);
    return rc ? rc : as_join_facts(w->facts, err);
}

static as_code has_lines(as_walk *w, bool *ret, as_err *err)
{
    as_head *h = as_mem_get(sizeof(*h));
    as_code rc;

    if (!h)
        return as_fail_nomem(err, "the first bytes of the input");
    rc = as_head_look(w->source, HEAD_SIZE, h, err);
    *ret = !rc && h->is_lines;
    as_mem_free(h);
    return rc;
}

static uint32_t find_gaps(const as_walk *w)
{
    const as_facts *f = w->facts;
    const struct reader *r = w->own;
    uint32_t gaps = 0;
    bool ended = false;

    if (as_facts_first(f, AS_KIND_TOOL_ERROR) != AS_NO_FACT)
        gaps |= AS_GAP_ERRORS;
    if (!r->ran)
        return gaps;
    for (size_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);

        ended |= fact->kind == AS_KIND_ANALYSIS && !(fact->flags & AS_FACT_GONE) &&
                 as_fact_text(f, fact, AS_ATTR_ENDED).n > 0;
    }
    if (!ended)
        gaps |= AS_GAP_NO_END;
    if (as_facts_first(f, AS_KIND_PROCESS) == AS_NO_FACT)
        gaps |= AS_GAP_NOTHING;
    return gaps;
}

/* The first file that has a hash. */
static uint32_t find_sample(const as_facts *f)
{
    for (uint32_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);

        if (fact->kind == AS_KIND_SAMPLE && !(fact->flags & AS_FACT_GONE) &&
            (as_fact_text(f, fact, AS_ATTR_SHA256).n || as_fact_text(f, fact, AS_ATTR_MD5).n))
            return i;
    }
    return as_facts_first(f, AS_KIND_SAMPLE);
}

static as_code read_assemblyline(as_walk *w, as_err *err)
{
    struct reader r = {0};
    bool lines = false;
    as_code rc = has_lines(w, &lines, err);

    w->own = &r;
    if (!rc)
        rc = lines ? read_lines(w, &r, err) : read_document(w, &r, err);
    if (!rc && !r.known)
        rc = as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                     "not a result of Assemblyline: no sections and no lists of its ontology");
    if (!rc) {
        w->analysis->tool = "Assemblyline";
        w->analysis->sample = find_sample(w->facts);
        w->analysis->gaps = find_gaps(w);
    }
    as_same_done(&r.same);
    as_buf_done(&r.body);
    w->own = NULL;
    return rc;
}

static as_sure probe_assemblyline(const as_head *h)
{
    static const char *const lists[] = {"network_connections", "network_dns", "network_http",
                                        "processes", "signatures"};
    size_t n = 0;

    if (h->root != AS_JSON_OBJECT)
        return AS_SURE_NO;
    if (as_head_has(h, "result/sections") || as_head_has(h, "api_response/result/sections") ||
        !strncmp(as_head_text(h, "odm_type"), "Assemblyline", 12) ||
        !strncmp(as_head_text(h, "api_response/odm_type"), "Assemblyline", 12))
        return AS_SURE_YES;
    for (size_t i = 0; i < AS_COUNT(lists); i++)
        n += as_head_has(h, lists[i]);
    if (as_head_has(h, "sandboxes") || as_head_has(h, "analysis_information"))
        return n > 0 ? AS_SURE_YES : AS_SURE_MAYBE;
    return as_head_has(h, lists[0]) && n >= 3 ? AS_SURE_YES : AS_SURE_NO;
}

const as_reader as_reader_assemblyline = {
    .about = {.id = "assemblyline",
              .name = "Assemblyline",
              .versions = "4: result of a service, ontology (also one a line), sandbox section",
              .maps = "sections with heuristics, tags and bodies, signatures, processes, "
                      "connections, DNS, HTTP, the sandbox's run, the file",
              .seen = true},
    .probe = probe_assemblyline,
    .read = read_assemblyline,
};

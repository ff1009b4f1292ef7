#include "formats/formats_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * Cuckoo 3 writes several small reports where Cuckoo 2 wrote one: analysis.json (what was
 * submitted, and its tasks), identification.json, pre.json (the target without running it),
 * and for each task task.json and post.json (what ran, and the traffic). All are read with
 * one shape. Written from the tool's reporting module and the examples of its documentation.
 *
 * Pids are used again, so the tool numbers processes itself (`procid`), and an indicator of
 * a signature names a process by that number, before the list of processes has come.
 */

/* clang-format off */

LOCAL_SHAPE(value, ATTR("", VALUE), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(ip, ATTR("", IP));
LOCAL_SHAPE(domain3, ATTR("", DOMAIN));
LOCAL_SHAPE(family_name, ATTR("", FAMILY));

/* --- the sample --------------------------------------------------------------------------- */

LOCAL_SHAPE(target,
    ATTR("filename", NAME),
    ATTR("orig_filename", NAME),
    ATTR("url", URL),
    ATTR("size", SIZE),
    ATTR("filetype", TYPE),
    ATTR("type", TYPE),
    ATTR("media_type", CATEGORY),
    ATTR("md5", MD5),
    ATTR("sha1", SHA1),
    ATTR("sha256", SHA256),
    ATTR("sha512", SHA512),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(static_parts, FACT("pe", PE, static), OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(engine,
    ATTR("", RESULT),
    ATTR("result", RESULT),
    ATTR("category", VERDICT),
    ATTR("method", METHOD),
    ATTR("engine_name", NAME),
    ATTR("engine_version", VERSION),
    ATTR("engine_update", TIME),
    OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(engines, OTHER_FACT(ENGINE, ANTIVIRUS, engine));
LOCAL_SHAPE(engine_stats, ATTR("malicious", POSITIVES), OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(virustotal,
    INTO("stats", engine_stats),
    INTO("avs", engines),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(known,
    ATTR("", VALUE),
    ATTR("ioc", VALUE),
    ATTR("id", ID),
    ATTR("description", DESCRIPTION),
    ATTR("datetime", TIME),
    ATTR("time_source", TIME),
    ATTR("url", URL),
    ATTR("feed_name", NAME),
    OTHER_LEAVES(DETAIL));

/* --- signatures --------------------------------------------------------------------------- */

static as_hook read_iocs, read_processes, read_truncated, read_submitted;

static const as_shape as_shape_ioc;
static const as_row ioc_rows[] = {
    ATTR("process", PROCESS_NAME),
    ATTR("process_id", PROCID),
    ATTR("source_process", PROCESS_NAME),
    ATTR("source_procid", PROCID),
    ATTR("target_process", TARGET_PROCESS),
    ATTR("target_process_id", TARGET_PROCID),
    ATTR("destination_process", TARGET_PROCESS),
    ATTR("destination_procid", TARGET_PROCID),
    ATTR("value", VALUE),
    ATTR("description", DESCRIPTION),
    ATTR("technique", METHOD),
    ATTR("antivirus", ENGINE),
    ATTR("result", RESULT),
    ATTR("dump", HOST_PATH),
    ATTR("signature", SIGNATURE),
    ATTR("signature_id", SID),
    ATTR("category", CATEGORY),
    ATTR("app_proto", PROTOCOL),
    ATTR("src", SRC),
    ATTR("dst", DST),
    INTO("ioc", ioc), /* later versions put it behind whether it was cut */
    HOOK("truncated", read_truncated),
    OTHER_LEAVES(MARK),
};
static const as_shape as_shape_ioc = { ioc_rows, AS_COUNT(ioc_rows) };

LOCAL_SHAPE(signature,
    ATTR("name", NAME),
    ATTR("short_description", TITLE),
    ATTR("description", DESCRIPTION),
    ATTR("score", SCORE),
    ATTR("family", FAMILY),
    ATTR("ttps", TECHNIQUE),
    ATTR("tags", TAG),
    HOOK("iocs", read_iocs),
    OTHER_LEAVES(MARK));

/* What else MITRE lists below a technique was not seen: `subtechniques` is no finding. */
LOCAL_SHAPE(technique,
    ATTR("", TECHNIQUE),
    ATTR("id", TECHNIQUE),
    ATTR("name", NAME),
    ATTR("tactics", TACTIC),
    ATTR("reference", REFERENCE),
    OTHER_LEAVES(DETAIL));

/* --- configurations ----------------------------------------------------------------------- */

LOCAL_SHAPE(config,
    ATTR("family", FAMILY),
    ATTR("sources", HOST_PATH),
    OTHER_LEAVES(CONFIG));

/* --- traffic ------------------------------------------------------------------------------ */

#define FLOW3                                                                                 \
    ATTR("ts", TIME), ATTR("srcip", SRC), ATTR("srcport", SPORT), ATTR("dstip", DST),         \
    ATTR("dstport", DPORT)

LOCAL_SHAPE(header, ATTR("key", NAME), ATTR("value", VALUE), OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(http_request,
    ATTR("method", METHOD),
    ATTR("url", URL),
    ATTR("protocol", PROTOCOL),
    ATTR("version", VERSION),
    ATTR("length", SENT),
    FACT("headers", NETWORK_DETAIL, header),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(http_response,
    ATTR("status", STATUS),
    ATTR("protocol", PROTOCOL),
    ATTR("version", VERSION),
    ATTR("length", RECEIVED),
    FACT("headers", NETWORK_DETAIL, header),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(http,
    FLOW3,
    INTO("request", http_request),
    INTO("response", http_response),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(connection,
    FLOW3,
    ATTR("size", SIZE),
    ATTR("tx_size", SENT),
    ATTR("rx_size", RECEIVED),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(dns_query,
    FLOW3,
    ATTR("name", REQUEST),
    ATTR("type", TYPE),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(dns_answer,
    FLOW3,
    ATTR("data", ANSWER),
    ATTR("type", TYPE),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(dns,
    FACT("query", DNS, dns_query),
    FACT("response", DNS_ANSWER, dns_answer),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(smtp_request,
    ATTR("hostname", HOSTNAME),
    ATTR("mail_from", FROM),
    ATTR("mail_to", TO),
    ATTR("username", USER),
    ATTR("mail_body", CONTENT),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(smtp_response, ATTR("banner", RESPONSE), OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(smtp,
    FLOW3,
    INTO("request", smtp_request),
    INTO("response", smtp_response),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(network3,
    FACT("host", HOST, ip),
    FACT("domain", DOMAIN, domain3),
    FACT("http", HTTP, http),
    INTO("dns", dns),
    KEYED_FACT("tcp", PROTOCOL, CONNECTION, connection),
    KEYED_FACT("udp", PROTOCOL, CONNECTION, connection),
    FACT("smtp", SMTP, smtp),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(alert,
    FLOW3,
    ATTR("proto", PROTOCOL),
    ATTR("app_proto", CLASS),
    ATTR("signature", SIGNATURE),
    ATTR("signature_id", SID),
    ATTR("gid", GID),
    ATTR("rev", REVISION),
    ATTR("category", CATEGORY),
    ATTR("malware_families", FAMILY),
    OTHER_LEAVES(NETWORK_DETAIL));

/* --- the run ------------------------------------------------------------------------------ */

LOCAL_SHAPE(process,
    ATTR("pid", PID),
    ATTR("ppid", PPID),
    ATTR("procid", PROCID),
    ATTR("parent_procid", PARENT_PROCID),
    ATTR("name", NAME),
    ATTR("image", PATH),
    ATTR("commandline", COMMAND_LINE),
    ATTR("start_ts", STARTED), /* milliseconds since the task began */
    ATTR("end_ts", ENDED),
    ATTR("state", STATUS),
    ATTR("tracked", TRACKED),
    ATTR("injected", INJECTED),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(screenshot, ATTR("", NAME), ATTR("name", NAME), OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(message,
    ATTR("", TEXT),
    ATTR("error", TEXT),
    ATTR("message", TEXT),
    ATTR("traceback", CONTENT),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(errors,
    FACT("", TOOL_ERROR, message),
    FACT("errors", TOOL_ERROR, message),
    KEYED_FACT("fatal", LEVEL, TOOL_ERROR, message),
    OTHER_LEAVES(TOOL_ERROR));

LOCAL_SHAPE(task,
    ATTR("", ID),
    ATTR("id", ID),
    ATTR("state", STATUS),
    ATTR("score", SCORE),
    ATTR("platform", PLATFORM),
    ATTR("os_version", OS_VERSION),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(document,
    FACT("target", SAMPLE, target),
    HOOK("submitted", read_submitted),
    INTO("static", static_parts),
    FACT("virustotal", ANTIVIRUS_SUMMARY, virustotal),
    LEAVES("irma", STATIC_DETAIL),
    LEAVES("mhr", STATIC_DETAIL),
    KEYED_FACT("misp", SOURCE, INTELLIGENCE, known),
    KEYED_FACT("intelmq", SOURCE, INTELLIGENCE, known),
    FACT("signatures", SIGNATURE, signature),
    FACT("families", FAMILY, family_name),
    FACT("ttps", TECHNIQUE, technique),
    FACT("cfgextr", FAMILY, config),
    HOOK("processes", read_processes),
    INTO("network", network3),
    FACT("suricata", IDS_ALERT, alert),
    FACT("screenshot", SCREENSHOT, screenshot),
    FACT("tasks", TASK, task),
    INTO("errors", errors),
    LEAVES("settings", OPTION),
    LEAVES("command", OPTION),
    LEAVES("platforms", OPTION),
    LEAVES("machine_tags", OPTION),
    FACT("ignored", DETAIL, value),
    OTHER_LEAVES(DETAIL));

/* clang-format on */

/* --- numbers of processes ----------------------------------------------------------------- */

/* A fact that names a process by the tool's own number. */
struct ref {
    uint32_t fact;
    bool target; /* the process acted upon, not who acts */
    uint64_t procid;
};

/* The number that stands for a process until it has come. */
struct stand_in {
    uint64_t procid;
    uint32_t fact;
};

struct own {
    as_draft run, submitted;
    uint32_t run_fact, submitted_fact;
    bool has_submitted;
    bool known;       /* a key of one of the reports was seen */
    bool of_task;     /* post.json: behaviour is to be expected */
    as_ids processes; /* by procid: the fact */
    as_ids wanted;    /* by procid: the number that stands in for it */
    struct ref *refs;
    struct stand_in *stand_ins;
    size_t n_refs, cap_refs, n_stand_ins, cap_stand_ins;
};

static bool number_in(as_walk *w, const as_draft *d, as_attr_name name, uint64_t *ret)
{
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == name)
            return as_bytes_u64(as_facts_text(w->facts, d->attrs[i].str), ret);
    }
    return false;
}

static as_code add_ref(as_walk *w, const as_draft *d, uint32_t fact, bool target, as_err *err)
{
    struct own *o = w->own;
    void *refs = o->refs;
    uint64_t procid;

    if (!number_in(w, d, target ? AS_ATTR_TARGET_PROCID : AS_ATTR_PROCID, &procid))
        return AS_OK;
    if (!as_mem_room(&refs, &o->cap_refs, o->n_refs, sizeof(*o->refs)))
        return as_fail_nomem(err, "the indicators of signatures");
    o->refs = refs;
    o->refs[o->n_refs++] = (struct ref){fact, target, procid};
    return AS_OK;
}

/* The number that will be the process `procid`. */
static as_code stand_in(as_walk *w, uint64_t procid, uint32_t *ret, as_err *err)
{
    struct own *o = w->own;
    void *all = o->stand_ins;
    as_code rc;

    *ret = as_ids_get(&o->wanted, procid);
    if (*ret != AS_NO_FACT)
        return AS_OK;
    rc = as_facts_reserve(w->facts, ret);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    if (!as_mem_room(&all, &o->cap_stand_ins, o->n_stand_ins, sizeof(*o->stand_ins)))
        return as_fail_nomem(err, "the processes of a report");
    o->stand_ins = all;
    o->stand_ins[o->n_stand_ins++] = (struct stand_in){procid, *ret};
    return as_ids_put(&o->wanted, procid, *ret) ? as_fail_nomem(err, "the processes of a report")
                                                : AS_OK;
}

/* --- hooks -------------------------------------------------------------------------------- */

/* Whether a list or an indicator was cut is worth a word only if it was. */
static as_code read_truncated(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                              as_err *err)
{
    as_draft d;
    as_code rc;

    if (t->type != AS_JSON_TRUE)
        return as_walk_pass(w, place, t, t->type == AS_JSON_FALSE, err);
    as_draft_init(&d, fact == AS_NO_FACT ? AS_KIND_DETAIL : AS_KIND_MARK);
    d.parent = fact;
    rc = as_draft_text(&d, w->facts, AS_ATTR_NAME, AS_FORM_TEXT,
                       as_facts_text(w->facts, place->step & ~AS_STEP_KEY));
    if (!rc)
        rc = as_draft_text(&d, w->facts, AS_ATTR_VALUE, AS_FORM_TRUE, AS_LITERAL("true"));
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    rc = as_walk_evidence(w, place->up, 0, &d.evidence[1], err); /* for the key */
    if (!rc)
        rc = as_walk_evidence(w, place, t->end, &d.evidence[0], err);
    if (rc)
        return rc;
    d.n_evidence = 2;
    rc = as_facts_add(w->facts, &d, NULL);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* Kept until the target is known: it may be another file, out of what was submitted. */
static as_code read_submitted(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                              as_err *err)
{
    struct own *o = w->own;
    uint64_t end;
    as_code rc;

    if (t->type != AS_JSON_OBJECT || o->has_submitted)
        return as_walk_pass(w, place, t, false, err);
    rc = as_part_begin(w, &o->submitted, AS_KIND_SUBMITTED, fact, &o->submitted_fact, err);
    if (!rc)
        rc =
            as_walk_object(w, place, &as_shape_target, o->submitted_fact, &o->submitted, &end, err);
    o->has_submitted = true;
    return rc ? rc : as_walk_evidence(w, place, end, &o->submitted.evidence[0], err);
}

static as_code read_ioc(as_walk *w, as_place *place, uint32_t signature, void *ctx, as_json_tok *t,
                        as_err *err)
{
    uint32_t fact = AS_NO_FACT;
    uint64_t end;
    as_draft d;
    as_code rc;

    (void)ctx;
    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    rc = as_part_begin(w, &d, AS_KIND_MARK, signature, &fact, err);
    if (!rc)
        rc = as_walk_object(w, place, &as_shape_ioc, fact, &d, &end, err);
    if (!rc)
        rc = as_part_end(w, &d, fact, place, end, err);
    if (!rc)
        rc = add_ref(w, &d, fact, false, err);
    return rc ? rc : add_ref(w, &d, fact, true, err);
}

/*
 * A list, or from later versions {"truncated":..,"count":..,`list`:[..]}: `one` reads the
 * elements of the list.
 */
static as_code read_counted(as_walk *w, as_place *place, uint32_t fact, const char *list,
                            as_element *one, as_json_tok *t, as_err *err)
{
    static const as_row of_signature[] = {HOOK("truncated", read_truncated), LEAVES("count", MARK),
                                          OTHER_LEAVES(DETAIL)};
    static const as_row of_run[] = {HOOK("truncated", read_truncated), OTHER_LEAVES(DETAIL)};
    const as_shape shape = fact == AS_NO_FACT ? (as_shape){of_run, AS_COUNT(of_run)}
                                              : (as_shape){of_signature, AS_COUNT(of_signature)};
    size_t from = as_facts_evidence_count(w->facts);

    if (t->type != AS_JSON_OBJECT)
        return as_walk_each(w, place, fact, one, NULL, t, err);
    for (;;) {
        as_place child;
        as_code rc = as_walk_next(w, t, err);

        if (rc)
            return rc;
        if (t->type == AS_JSON_OBJECT_END)
            break;
        if (!as_bytes_is(t->raw, list)) {
            rc = as_walk_member(w, place, &shape, fact, NULL, t, err);
        } else {
            rc = as_walk_value(w, place, &child, t, err);
            if (!rc)
                rc = as_walk_each(w, &child, fact, one, NULL, t, err);
        }
        if (rc)
            return rc;
    }
    as_facts_close_evidence(w->facts, from, t->begin, t->end);
    return AS_OK;
}

static as_code read_iocs(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    return read_counted(w, place, fact, "iocs", read_ioc, t, err);
}

static as_code read_process(as_walk *w, as_place *place, uint32_t parent, void *ctx, as_json_tok *t,
                            as_err *err)
{
    struct own *o = w->own;
    uint32_t fact = AS_NO_FACT;
    uint64_t end, procid, up;
    as_draft d;
    as_code rc;

    (void)ctx;
    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    rc = as_part_begin(w, &d, AS_KIND_PROCESS, parent, &fact, err);
    if (!rc)
        rc = as_walk_object(w, place, &as_shape_process, fact, &d, &end, err);
    /* Numbers are given in order: no process is older than its parent, so none is above itself. */
    if (!rc && number_in(w, &d, AS_ATTR_PARENT_PROCID, &up) &&
        !(number_in(w, &d, AS_ATTR_PROCID, &procid) && procid <= up))
        rc = stand_in(w, up, &d.parent, err);
    if (!rc)
        rc = as_part_end(w, &d, fact, place, end, err);
    if (!rc && number_in(w, &d, AS_ATTR_PROCID, &procid) &&
        as_ids_get(&o->processes, procid) == AS_NO_FACT && as_ids_put(&o->processes, procid, fact))
        return as_fail_nomem(err, "the processes of a report");
    return rc;
}

static as_code read_processes(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                              as_err *err)
{
    return read_counted(w, place, fact, "process_list", read_process, t, err);
}

/* --- the end ------------------------------------------------------------------------------ */

/* Gives the fact the pid of the process that it names, with the process as evidence. */
static as_code bring_pid(as_walk *w, const struct ref *ref, uint32_t process, as_err *err)
{
    const as_fact *p = as_facts_get(w->facts, process);
    uint32_t fact = AS_NO_FACT;
    as_value pid;
    as_draft d;
    as_code rc;

    if (!as_fact_attr(w->facts, p, AS_ATTR_PID, &pid))
        return AS_OK;
    as_draft_init(&d, AS_KIND_MARK);
    d.evidence[d.n_evidence++] = *as_fact_evidence(w->facts, p);
    rc = as_draft_text(&d, w->facts, ref->target ? AS_ATTR_TARGET_PID : AS_ATTR_PID, pid.form,
                       pid.text);
    if (!rc)
        rc = as_facts_add(w->facts, &d, &fact);
    if (!rc)
        rc = as_facts_join(w->facts, ref->fact, fact);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

static as_code resolve(as_walk *w, as_err *err)
{
    struct own *o = w->own;
    as_code rc = AS_OK;

    for (size_t i = 0; i < o->n_stand_ins; i++) {
        const struct stand_in *s = &o->stand_ins[i];
        uint32_t process = as_ids_get(&o->processes, s->procid);

        if (process != AS_NO_FACT && (as_facts_get(w->facts, process)->flags & AS_FACT_GONE))
            process = AS_NO_FACT;
        as_facts_drop(w->facts, s->fact, process);
    }
    for (size_t i = 0; !rc && i < o->n_refs; i++) {
        uint32_t process = as_ids_get(&o->processes, o->refs[i].procid);

        if (process != AS_NO_FACT && !(as_facts_get(w->facts, process)->flags & AS_FACT_GONE) &&
            !(as_facts_get(w->facts, o->refs[i].fact)->flags & AS_FACT_GONE))
            rc = bring_pid(w, &o->refs[i], process, err);
    }
    return rc;
}

/* --- the sample --------------------------------------------------------------------------- */

static as_bytes text_of(const as_facts *f, const as_draft *d, as_attr_name name)
{
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == name)
            return as_facts_text(f, d->attrs[i].str);
    }
    return (as_bytes){0};
}

/* Everything that the draft says under a name that the fact knows, the fact says too. */
static bool agrees(const as_facts *f, const as_fact *fact, const as_draft *d)
{
    const as_attr *x = as_fact_attrs(f, fact);

    for (size_t i = 0; i < d->n_attrs; i++) {
        bool same = false, other = false;

        for (size_t k = 0; k < fact->n_attrs; k++) {
            same |= x[k].name == d->attrs[i].name && x[k].str == d->attrs[i].str;
            other |= x[k].name == d->attrs[i].name;
        }
        if (other && !same)
            return false;
    }
    return true;
}

/* What was submitted is the sample, unless it is known to be another file than the target. */
static as_code put_samples(as_walk *w, as_err *err)
{
    struct own *o = w->own;
    uint32_t target = as_facts_first(w->facts, AS_KIND_SAMPLE);
    const as_fact *fact = target == AS_NO_FACT ? NULL : as_facts_get(w->facts, target);
    as_bytes of_target = fact ? as_fact_text(w->facts, fact, AS_ATTR_SHA256) : (as_bytes){0};
    as_bytes hash = text_of(w->facts, &o->submitted, AS_ATTR_SHA256);
    bool other = hash.n && of_target.n && !as_bytes_eq(hash, of_target);
    bool same = fact && !other && agrees(w->facts, fact, &o->submitted);
    as_code rc;

    w->analysis->sample = target;
    if (!o->has_submitted)
        return AS_OK;
    o->submitted.kind = other ? AS_KIND_SUBMITTED : AS_KIND_SAMPLE;
    rc = as_part_gathered(w, &o->submitted, o->submitted_fact, err);
    if (rc || !o->submitted.n_attrs)
        return rc;
    if (!fact)
        w->analysis->sample = o->submitted_fact;
    if (same)
        rc = as_facts_join(w->facts, target, o->submitted_fact);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* --- gaps --------------------------------------------------------------------------------- */

static bool is_fatal(const as_facts *f)
{
    for (uint32_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);

        if (fact->kind == AS_KIND_TOOL_ERROR && !(fact->flags & AS_FACT_GONE) &&
            as_fact_text(f, fact, AS_ATTR_LEVEL).n)
            return true;
    }
    return false;
}

static uint32_t find_gaps(const as_walk *w)
{
    const struct own *o = w->own;
    const as_facts *f = w->facts;
    uint32_t run = as_facts_first(f, AS_KIND_ANALYSIS), gaps = 0;
    as_bytes status = {0};

    if (run != AS_NO_FACT)
        status = as_fact_text(f, as_facts_get(f, run), AS_ATTR_STATUS);
    if (as_facts_first(f, AS_KIND_TOOL_ERROR) != AS_NO_FACT)
        gaps |= AS_GAP_ERRORS;
    if (o->of_task && as_facts_first(f, AS_KIND_PROCESS) == AS_NO_FACT)
        gaps |= AS_GAP_NOTHING;
    if (is_fatal(f) || as_bytes_has_nocase(status, "fatal") || as_bytes_has_nocase(status, "fail"))
        gaps |= AS_GAP_STATUS;
    return gaps;
}

/* --- the reader --------------------------------------------------------------------------- */

/* Members of the root that tell the run. */
static const struct {
    const char *key;
    as_attr_name attr;
    bool known; /* of no other tool's report */
} run_keys[] = {
    {"task_id", AS_ATTR_ID, true},
    {"analysis_id", AS_ATTR_ID, true},
    {"id", AS_ATTR_ID, false},
    {"score", AS_ATTR_SCORE, false},
    {"category", AS_ATTR_CATEGORY, false},
    {"kind", AS_ATTR_TYPE, false},
    {"state", AS_ATTR_STATUS, false},
    {"created_on", AS_ATTR_ADDED, true},
    {"platform", AS_ATTR_PLATFORM, false},
    {"os_version", AS_ATTR_OS_VERSION, false},
    {"machine", AS_ATTR_MACHINE, false},
    {"tags", AS_ATTR_TAG, false},
};

/* On disk a time is {"__isodt__":"2021-07-07T16:01:11"}, from the interface a text. */
static as_code read_run(as_walk *w, as_place *place, as_attr_name attr, as_json_tok *t, as_err *err)
{
    struct own *o = w->own;

    if (t->type != AS_JSON_OBJECT)
        return as_part_gather(w, place, &o->run, attr, t, err);
    for (;;) {
        as_place child;
        as_code rc = as_walk_next(w, t, err);

        if (rc || t->type == AS_JSON_OBJECT_END)
            return rc;
        rc = as_walk_value(w, place, &child, t, err);
        if (!rc)
            rc = as_part_gather(w, &child, &o->run, attr, t, err);
        if (rc)
            return rc;
    }
}

static as_code read_member(as_walk *w, as_place *place, as_json_tok *t, as_err *err)
{
    struct own *o = w->own;
    as_place child;
    size_t k = 0;
    as_code rc;

    while (k < AS_COUNT(run_keys) && !as_bytes_is(t->raw, run_keys[k].key))
        k++;
    o->of_task |= as_bytes_is(t->raw, "task_id");
    o->known |= as_bytes_is(t->raw, "identified");
    if (k == AS_COUNT(run_keys))
        return as_walk_member(w, place, &as_shape_document, AS_NO_FACT, NULL, t, err);
    o->known |= run_keys[k].known;
    rc = as_walk_value(w, place, &child, t, err);
    return rc ? rc : read_run(w, &child, run_keys[k].attr, t, err);
}

static as_code read_document(as_walk *w, as_err *err)
{
    struct own *o = w->own;
    size_t from = as_facts_evidence_count(w->facts);
    as_place root = {0};
    as_json_tok t;
    as_code rc = as_facts_reserve(w->facts, &o->run_fact);

    as_draft_init(&o->run, AS_KIND_ANALYSIS);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    rc = as_walk_next(w, &t, err);
    root.begin = t.begin;
    if (!rc && t.type != AS_JSON_OBJECT)
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                       "not a Cuckoo 3 report: the JSON value is no object");
    while (!rc) {
        rc = as_walk_next(w, &t, err);
        if (rc || t.type == AS_JSON_OBJECT_END)
            break;
        rc = read_member(w, &root, &t, err);
    }
    if (rc)
        return rc;
    as_facts_close_evidence(w->facts, from, t.begin, t.end);
    rc = as_part_gathered(w, &o->run, o->run_fact, err);
    return rc ? rc : as_walk_next(w, &t, err); /* the end: nothing may follow */
}

static as_code read_all(as_walk *w, as_err *err)
{
    const struct own *o = w->own;
    as_code rc = read_document(w, err);

    if (!rc && !o->known)
        rc = as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                     "not a Cuckoo 3 report: no 'task_id' and no 'analysis_id'");
    if (!rc)
        rc = resolve(w, err);
    if (!rc)
        rc = put_samples(w, err);
    if (!rc)
        rc = as_join_facts(w->facts, err);
    return rc;
}

static as_code read_cuckoo3(as_walk *w, as_err *err)
{
    struct own *o = as_mem_zero(1, sizeof(*o));
    as_code rc;

    if (!o)
        return as_fail_nomem(err, "reading a Cuckoo 3 report");
    w->own = o;
    rc = read_all(w, err);
    if (!rc) {
        w->analysis->tool = "Cuckoo 3";
        w->analysis->gaps = find_gaps(w);
    }
    w->own = NULL;
    as_ids_done(&o->processes);
    as_ids_done(&o->wanted);
    as_mem_free(o->refs);
    as_mem_free(o->stand_ins);
    as_mem_free(o);
    return rc;
}

static unsigned count_keys(const as_head *h, const char *const *keys, size_t n)
{
    unsigned found = 0;

    for (size_t i = 0; i < n; i++)
        found += as_head_has(h, keys[i]);
    return found;
}

static as_sure probe_cuckoo3(const as_head *h)
{
    static const char *const of_post[] = {"processes", "signatures", "ttps", "families",
                                          "network",   "score",      "tags", "screenshot"};
    static const char *const of_pre[] = {"target", "category",   "signatures", "ttps",
                                         "tags",   "virustotal", "static",     "families"};
    static const char *const of_analysis[] = {"settings", "submitted", "created_on", "category",
                                              "kind",     "target",    "tasks",      "state"};
    static const char *const of_task[] = {"kind", "number", "platform", "machine", "os_version"};
    static const char *const of_identification[] = {"identified", "selected", "target", "category"};

    if (h->root != AS_JSON_OBJECT || as_head_has(h, "info"))
        return AS_SURE_NO;
    if (as_head_has(h, "task_id") && count_keys(h, of_post, AS_COUNT(of_post)) >= 3)
        return AS_SURE_YES;
    if (as_head_has(h, "analysis_id") && (count_keys(h, of_pre, AS_COUNT(of_pre)) >= 3 ||
                                          count_keys(h, of_task, AS_COUNT(of_task)) >= 3))
        return AS_SURE_YES;
    if (as_head_has(h, "created_on") && count_keys(h, of_analysis, AS_COUNT(of_analysis)) >= 4)
        return AS_SURE_YES;
    return count_keys(h, of_identification, AS_COUNT(of_identification)) == 4 ? AS_SURE_YES
                                                                              : AS_SURE_NO;
}

const as_reader as_reader_cuckoo3 = {
    .about = {.id = "cuckoo3",
              .name = "Cuckoo 3",
              .versions = "3: analysis, identification, pre, task and post",
              .maps = "target, PE headers, results of VirusTotal, signatures with every indicator, "
                      "families, techniques, processes by procid, network, Suricata alerts, "
                      "extracted configurations, MISP events, tasks",
              .seen = false},
    .probe = probe_cuckoo3,
    .read = read_cuckoo3,
};

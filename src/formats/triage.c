#include "formats/actors_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * Hatching Triage, now Recorded Future Sandbox: the report of one behavioural task
 * (report_triage.json), of the static task, and the overview of all tasks. Written from the
 * published structure of the reports; no report of the tool itself was at hand.
 *
 * Numbers of processes ("procid") are the tool's own and name one process; the guest's
 * ("pid") are used again. Flows and requests are numbered too: what was asked and what came
 * back are two entries with the same numbers, and become one fact.
 */

/* A fact that is the same thing as another, joined once all is read. */
struct same {
    uint32_t into, from;
};

enum request { REQUEST_NONE, REQUEST_DNS, REQUEST_HTTP };

/* The entry of `requests` in hand. */
struct entry {
    uint64_t flow, index;
    enum request what;
    bool answer;
};

struct triage {
    as_actors actors;
    as_ids flows; /* number to whose flow it is */
    as_ids asked; /* flow, index and what was asked to the fact */
    struct same *same;
    size_t n_same, cap_same;
    struct entry entry;
    bool has_flow, has_depth; /* of the flow, or the file, in hand */
    uint64_t flow_id, depth;
    as_str version;
    as_evidence version_at;
    bool sample, task, tasks, files, analysis; /* keys of the root that were there */
};

static struct triage *triage_of(as_walk *w)
{
    return w->own;
}

static bool number_of(const as_json_tok *t, uint64_t *ret)
{
    return (t->type == AS_JSON_NUMBER || t->type == AS_JSON_STRING) && as_bytes_u64(t->raw, ret);
}

static as_code note_same(as_walk *w, uint32_t into, uint32_t from, as_err *err)
{
    struct triage *s = triage_of(w);
    void *p = s->same;

    if (!as_mem_room(&p, &s->cap_same, s->n_same, sizeof(*s->same)))
        return as_fail_nomem(err, "the parts of a report");
    s->same = p;
    s->same[s->n_same++] = (struct same){into, from};
    return AS_OK;
}

/* --- processes --------------------------------------------------------------------------- */

static as_code read_procid(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    as_draft *d = w->draft;
    uint64_t id;
    as_code rc;

    if (!d || !number_of(t, &id))
        return as_walk_pass(w, place, t, false, err);
    rc = as_actors_tell(&triage_of(w)->actors, id, fact, err);
    return rc ? rc : as_walk_attr(w, place, fact, d, AS_ATTR_ID, t, err);
}

/* The list is in the order in which processes started, so that a parent was told before. */
static as_code read_parent(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    as_draft *d = w->draft;
    uint64_t id;
    uint32_t parent;

    if (d && number_of(t, &id)) {
        parent = as_ids_get(&triage_of(w)->actors.told, id);
        if (parent != AS_NO_FACT && parent < fact)
            d->parent = parent;
    }
    return as_walk_pass(w, place, t, true, err);
}

/* Who did it. */
static as_code read_actor(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    as_draft *d = w->draft;
    uint64_t id;
    as_code rc = AS_OK;

    (void)fact;
    if (d && number_of(t, &id))
        rc = as_actors_number(w, &triage_of(w)->actors, id, &d->parent, err);
    return rc ? rc : as_walk_pass(w, place, t, true, err);
}

/* --- network ----------------------------------------------------------------------------- */

static as_code read_flow_id(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    struct triage *s = triage_of(w);
    as_draft *d = w->draft;

    s->has_flow = number_of(t, &s->flow_id);
    if (!d || t->type < AS_JSON_STRING)
        return as_walk_pass(w, place, t, false, err);
    return as_walk_attr(w, place, fact, d, AS_ATTR_ID, t, err);
}

static as_str draft_str(const as_draft *d, as_attr_name name)
{
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == name)
            return d->attrs[i].str;
    }
    return 0;
}

static bool is_of_tls(unsigned name)
{
    return name == AS_ATTR_SNI || name == AS_ATTR_JA3 || name == AS_ATTR_JA3S;
}

/* A flow that was dissected as TLS is two facts: its traffic and its handshake. */
static as_code part_handshake(as_walk *w, as_draft *d, const as_evidence *e, as_err *err)
{
    as_draft tls;
    size_t kept = 0;
    bool any = false;
    as_code rc;

    as_draft_init(&tls, AS_KIND_TLS);
    tls.parent = d->parent;
    tls.evidence[tls.n_evidence++] = *e;
    for (size_t i = 0; i < d->n_attrs; i++) {
        const as_attr *a = &d->attrs[i];

        any = any || is_of_tls(a->name);
        if (is_of_tls(a->name) || a->name == AS_ATTR_SRC || a->name == AS_ATTR_DST)
            tls.attrs[tls.n_attrs++] = *a;
        if (!is_of_tls(a->name))
            d->attrs[kept++] = *a;
    }
    d->n_attrs = kept;
    if (!any)
        return AS_OK;
    rc = as_facts_add(w->facts, &tls, NULL);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* What speaks of nothing but TLS leaves the flow itself without a word. */
static as_code finish_flow(as_walk *w, as_place *place, uint32_t fact, uint64_t end, as_draft *d,
                           as_err *err)
{
    struct triage *s = triage_of(w);
    as_evidence e;
    as_code rc = as_walk_evidence(w, place, end, &e, err);

    (void)fact;
    if (!rc && s->has_flow && d->parent != AS_NO_FACT &&
        as_ids_put(&s->flows, s->flow_id, d->parent))
        rc = as_fail_nomem(err, "the flows of a report");
    s->has_flow = false;
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (!is_of_tls(d->attrs[i].name))
            return rc ? rc : part_handshake(w, d, &e, err);
    }
    d->kind = AS_KIND_TLS;
    return rc;
}

/* A match that names no indicator is told by its description. */
static as_code finish_mark(as_walk *w, as_place *place, uint32_t fact, uint64_t end, as_draft *d,
                           as_err *err)
{
    (void)w;
    (void)place;
    (void)fact;
    (void)end;
    (void)err;
    for (size_t i = 0; i < d->n_attrs && !draft_str(d, AS_ATTR_VALUE); i++) {
        if (d->attrs[i].name == AS_ATTR_DESCRIPTION)
            d->attrs[i].name = AS_ATTR_VALUE;
    }
    return AS_OK;
}

static as_code read_request_flow(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                                 as_err *err)
{
    (void)fact;
    (void)number_of(t, &triage_of(w)->entry.flow);
    return as_walk_pass(w, place, t, true, err);
}

static as_code read_request_index(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                                  as_err *err)
{
    (void)fact;
    (void)number_of(t, &triage_of(w)->entry.index);
    return as_walk_pass(w, place, t, true, err);
}

static uint64_t request_key(const struct entry *e)
{
    return (e->flow << 32 ^ e->index) * 4 + (uint64_t)e->what;
}

/* The names that a query lists beside its questions say the same. */
static void drop_repeated(as_draft *d)
{
    size_t kept = 0;

    for (size_t i = 0; i < d->n_attrs; i++) {
        bool again = false;

        for (size_t k = 0; k < kept && !again; k++)
            again = d->attrs[k].name == d->attrs[i].name && d->attrs[k].str == d->attrs[i].str;
        if (!again)
            d->attrs[kept++] = d->attrs[i];
    }
    d->n_attrs = kept;
}

static as_code finish_request(as_walk *w, as_place *place, uint32_t fact, uint64_t end, as_draft *d,
                              as_err *err)
{
    static const as_kind kinds[] = {AS_KIND_NETWORK_DETAIL, AS_KIND_DNS, AS_KIND_HTTP};
    struct triage *s = triage_of(w);
    struct entry e = s->entry;
    uint64_t key = request_key(&e);
    uint32_t asked = as_ids_get(&s->asked, key);

    (void)place;
    (void)end;
    s->entry = (struct entry){0};
    drop_repeated(d);
    d->kind = kinds[e.what];
    if (e.what == REQUEST_DNS && !draft_str(d, AS_ATTR_REQUEST))
        d->kind = draft_str(d, AS_ATTR_DOMAIN) ? AS_KIND_DOMAIN : AS_KIND_NETWORK_DETAIL;
    if (d->parent == AS_NO_FACT)
        d->parent = as_ids_get(&s->flows, e.flow);
    if (e.what == REQUEST_NONE)
        return AS_OK;
    if (e.answer && asked != AS_NO_FACT)
        return note_same(w, asked, fact, err);
    if (!e.answer && asked == AS_NO_FACT && as_ids_put(&s->asked, key, fact))
        return as_fail_nomem(err, "the requests of a report");
    return AS_OK;
}

#define REQUEST_HOOK(name, shape_, what_, answer_)                                                 \
    static as_code name(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)   \
    {                                                                                              \
        struct triage *s = triage_of(w);                                                           \
        uint64_t end;                                                                              \
                                                                                                   \
        if (t->type != AS_JSON_OBJECT || !w->draft)                                                \
            return as_walk_pass(w, place, t, false, err);                                          \
        s->entry.what = (what_);                                                                   \
        s->entry.answer = (answer_);                                                               \
        return as_walk_object(w, place, &as_shape_##shape_, fact, w->draft, &end, err);            \
    }

/* --- what was extracted ------------------------------------------------------------------ */

/* Each value of a configuration says of which family it is, once that is known. */
static as_code read_family(as_walk *w, as_place *config, as_place *place, uint32_t parent,
                           const as_json_tok *t, as_err *err)
{
    as_context *c = &w->context[w->n_context];
    as_evidence holder;
    as_bytes text = {0};
    as_str str = 0;
    as_draft d;
    as_code rc = as_walk_text(w, t, &text, err);

    if (!rc && as_facts_intern(w->facts, text, &str))
        rc = as_fail_nomem(err, "the facts of a report");
    if (!rc)
        rc = as_walk_evidence(w, config, 0, &holder, err);
    if (rc)
        return rc;
    if (w->n_context < AS_CONTEXT_MAX) {
        *c = (as_context){AS_ATTR_FAMILY, str, holder.begin, holder.node, holder.last};
        w->n_context++;
    }
    as_draft_init(&d, AS_KIND_FAMILY);
    d.parent = parent;
    rc = as_walk_evidence(w, place, t->end, &d.evidence[d.n_evidence++], err);
    if (!rc)
        rc = as_walk_attr(w, place, AS_NO_FACT, &d, AS_ATTR_FAMILY, t, err);
    if (rc)
        return rc;
    rc = as_facts_add(w->facts, &d, NULL);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* One member of a configuration, its KEY in `t`. */
static as_code read_setting(as_walk *w, as_place *place, const as_shape *shape, uint32_t fact,
                            as_json_tok *t, as_err *err)
{
    as_place child = {.up = place};
    as_code rc;

    if (!as_bytes_is(t->raw, "family"))
        return as_walk_member(w, place, shape, fact, NULL, t, err);
    rc = as_walk_key(w, t, &child.step, err);
    if (!rc)
        rc = as_walk_next(w, t, err);
    if (rc)
        return rc;
    child.begin = t->begin;
    if (t->type != AS_JSON_STRING || !t->raw.n)
        return as_walk_pass(w, &child, t, false, err);
    return read_family(w, place, &child, fact, t, err);
}

static as_code read_config(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err);

/* "family:redline" among the tags of a run. */
static as_code read_tag(as_walk *w, as_place *place, uint32_t fact, as_draft *d,
                        const as_json_tok *t, as_err *err)
{
    static const char mark[] = "family:";
    as_bytes text = {0};
    as_draft family;
    as_code rc = as_walk_attr(w, place, fact, d, AS_ATTR_TAG, t, err);

    if (!rc)
        rc = as_walk_text(w, t, &text, err);
    if (rc || text.n < sizeof(mark) || memcmp(text.p, mark, sizeof(mark) - 1) != 0)
        return rc;
    as_draft_init(&family, AS_KIND_FAMILY);
    rc = as_walk_evidence(w, place, t->end, &family.evidence[family.n_evidence++], err);
    if (rc)
        return rc;
    rc = as_draft_text(&family, w->facts, AS_ATTR_FAMILY, AS_FORM_TEXT,
                       (as_bytes){text.p + sizeof(mark) - 1, text.n - sizeof(mark) + 1});
    if (!rc)
        rc = as_facts_add(w->facts, &family, NULL);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

static as_code read_tags(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    as_draft *d = w->draft;
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    if (!d || t->type != AS_JSON_ARRAY)
        return as_walk_pass(w, place, t, false, err);
    while (!rc && as_walk_element(w, &child, t, &rc, err))
        rc = t->type == AS_JSON_STRING ? read_tag(w, &child, fact, d, t, err)
                                       : as_walk_pass(w, &child, t, false, err);
    return rc;
}

/* --- files ------------------------------------------------------------------------------- */

/* A file that was new to the machine was dropped; all else is memory. */
static as_code finish_dump(as_walk *w, as_place *place, uint32_t fact, uint64_t end, as_draft *d,
                           as_err *err)
{
    (void)place;
    (void)fact;
    (void)end;
    (void)err;
    if (as_bytes_is(as_facts_text(w->facts, draft_str(d, AS_ATTR_CLASS)), "martian") ||
        (draft_str(d, AS_ATTR_PATH) && !draft_str(d, AS_ATTR_ADDRESS)))
        d->kind = AS_KIND_DROPPED;
    return AS_OK;
}

static as_code read_depth(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    struct triage *s = triage_of(w);

    (void)fact;
    s->has_depth = number_of(t, &s->depth);
    return as_walk_pass(w, place, t, true, err);
}

/* The outermost file of the static task is the sample. */
static as_code finish_file(as_walk *w, as_place *place, uint32_t fact, uint64_t end, as_draft *d,
                           as_err *err)
{
    struct triage *s = triage_of(w);
    bool outermost = s->has_depth && !s->depth;

    (void)place;
    (void)end;
    (void)d;
    s->has_depth = false;
    return outermost ? note_same(w, AS_NO_FACT, fact, err) : AS_OK;
}

/* What a task ran, and what the overview calls a target, may be the sample itself. */
static as_code finish_target(as_walk *w, as_place *place, uint32_t fact, uint64_t end, as_draft *d,
                             as_err *err)
{
    (void)place;
    (void)end;
    (void)d;
    return note_same(w, AS_NO_FACT, fact, err);
}

static as_code read_version(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    struct triage *s = triage_of(w);
    as_bytes text = {0};
    as_code rc;

    (void)fact;
    if (t->type != AS_JSON_STRING || !t->raw.n)
        return as_walk_pass(w, place, t, false, err);
    rc = as_walk_text(w, t, &text, err);
    if (!rc && as_facts_intern(w->facts, text, &s->version))
        rc = as_fail_nomem(err, "the facts of a report");
    return rc ? rc : as_walk_evidence(w, place, t->end, &s->version_at, err);
}

/* --- shapes ------------------------------------------------------------------------------ */

/* clang-format off */

#define HASHES \
    ATTR("md5", MD5), ATTR("sha1", SHA1), ATTR("sha256", SHA256), ATTR("sha512", SHA512), \
    ATTR("ssdeep", SSDEEP)

LOCAL_SHAPE(family, ATTR("", FAMILY));
LOCAL_SHAPE(technique, ATTR("", TECHNIQUE));
LOCAL_SHAPE(address, ATTR("", DOMAIN));

LOCAL_SHAPE(iocs, FACT("domains", DOMAIN, address), OTHER_LEAVES(NETWORK_DETAIL));

/* `kind` and `sample` are names of the static report. */
LOCAL_SHAPE(sample,
    ATTR("id", ID),
    ATTR("sample", ID),
    ATTR("target", NAME),
    ATTR("kind", CATEGORY),
    ATTR("type", CATEGORY),
    ATTR("size", SIZE),
    HASHES,
    ATTR("filetype", TYPE),
    ATTR("score", SCORE),
    ATTR("submitted", ADDED),
    ATTR("created", ADDED),
    ATTR("completed", ENDED),
    ATTR("static_tags", TAG),
    INTO("iocs", iocs),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(mark,
    ATTR("ioc", VALUE),
    ATTR("description", DESCRIPTION),
    ATTR("at", TIME),
    ATTR("pid", PID),
    SKIP("procid"),
    ATTR("pid_target", TARGET_PID),
    SKIP("procid_target"),
    SKIP("flow"),
    ATTR("dump_file", HOST_PATH),
    ATTR("resource", HOST_PATH),
    ATTR("yara_rule", RULE),
    OTHER_LEAVES(MARK));

LOCAL_SHAPE(signature,
    ATTR("name", NAME),
    ATTR("label", ID),
    ATTR("score", SEVERITY),
    ATTR("ttp", TECHNIQUE),
    ATTR("tags", TAG),
    ATTR("desc", DESCRIPTION),
    ATTR("url", REFERENCE),
    ATTR("yara_rule", RULE),
    FACT_DONE("indicators", MARK, mark, finish_mark),
    OTHER_LEAVES(MARK));

/* What a task ran, or a target of the overview: the sample, or a file inside it. */
LOCAL_SHAPE(target,
    ATTR("id", ID),
    ATTR("target", PATH),
    ATTR("type", CATEGORY),
    ATTR("size", SIZE),
    HASHES,
    ATTR("filetype", TYPE),
    ATTR("submitted", ADDED),
    ATTR("completed", ENDED),
    ATTR("static_tags", TAG),
    ATTR("tags", TAG),
    ATTR("tasks", SOURCE),
    FACT("family", FAMILY, family),
    FACT("signatures", SIGNATURE, signature),
    INTO("iocs", iocs),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(failure,
    ATTR("", TEXT),
    ATTR("reason", TEXT),
    ATTR("task", NAME),
    ATTR("backend", MACHINE_LABEL),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(analysis,
    ATTR("score", SCORE),
    FACT("family", FAMILY, family),
    HOOK("tags", read_tags),
    FACT("ttp", TECHNIQUE, technique),
    ATTR("submitted", ADDED),
    ATTR("reported", ENDED),
    ATTR("backend", MACHINE_LABEL),
    ATTR("resource", MACHINE),
    ATTR("platform", PLATFORM),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(one_task,
    ATTR("", ID),
    ATTR("name", NAME),
    ATTR("sample", ID),
    ATTR("kind", CATEGORY),
    ATTR("status", STATUS),
    ATTR("score", SCORE),
    ATTR("tags", TAG),
    ATTR("target", PATH),
    ATTR("backend", MACHINE_LABEL),
    ATTR("resource", MACHINE),
    ATTR("platform", PLATFORM),
    ATTR("task_name", TITLE),
    ATTR("failure", ERROR),
    FACT("ttp", TECHNIQUE, technique),
    OTHER_LEAVES(DETAIL));

/* One text on Windows, one for each argument on Linux. */
LOCAL_SHAPE(process,
    HOOK("procid", read_procid),
    HOOK("procid_parent", read_parent),
    ATTR("pid", PID),
    ATTR("ppid", PPID),
    ATTR("image", PATH),
    ATTR("cmd", COMMAND_LINE),
    ATTR("started", STARTED),
    ATTR("terminated", ENDED),
    ATTR("orig", PREINSTALLED),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(flow,
    HOOK("id", read_flow_id),
    HOOK("procid", read_actor),
    ATTR("pid", PID),
    ATTR("src", SRC),
    ATTR("dst", DST),
    ATTR("proto", PROTOCOL),
    ATTR("protocols", CATEGORY),
    ATTR("domain", HOSTNAME),
    ATTR("sni", SNI),
    ATTR("tls_sni", SNI),
    ATTR("ja3", JA3),
    ATTR("tls_ja3", JA3),
    ATTR("ja3s", JA3S),
    ATTR("tls_ja3s", JA3S),
    ATTR("country", COUNTRY),
    ATTR("first_seen", STARTED),
    ATTR("last_seen", ENDED),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(question, ATTR("name", REQUEST), ATTR("type", TYPE), OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(dns_request,
    ATTR("domains", REQUEST),
    INTO("questions", question),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(answer,
    ATTR("name", REQUEST),
    ATTR("type", TYPE),
    ATTR("value", ANSWER),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(dns_response,
    ATTR("domains", DOMAIN),
    ATTR("ip", IP),
    FACT("answers", DNS_ANSWER, answer),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(http_request,
    ATTR("method", METHOD),
    ATTR("url", URL),
    ATTR("request", REQUEST),
    LEAVES("headers", NETWORK_DETAIL),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(http_response,
    ATTR("status", STATUS),
    ATTR("response", RESPONSE),
    LEAVES("headers", NETWORK_DETAIL),
    OTHER_LEAVES(NETWORK_DETAIL));

/* clang-format on */
REQUEST_HOOK(read_dns_request, dns_request, REQUEST_DNS, false)
REQUEST_HOOK(read_dns_response, dns_response, REQUEST_DNS, true)
REQUEST_HOOK(read_http_request, http_request, REQUEST_HTTP, false)
REQUEST_HOOK(read_http_response, http_response, REQUEST_HTTP, true)
/* clang-format off */

LOCAL_SHAPE(request,
    HOOK("flow", read_request_flow),
    HOOK("index", read_request_index),
    ATTR("at", TIME),
    HOOK("dns_request", read_dns_request),
    HOOK("dns_response", read_dns_response),
    HOOK("http_request", read_http_request),
    HOOK("http_response", read_http_response),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(traffic,
    FACT_DONE("flows", CONNECTION, flow, finish_flow),
    FACT_DONE("requests", NETWORK_DETAIL, request, finish_request),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(dump,
    HOOK("procid", read_actor),
    ATTR("pid", PID),
    ATTR("at", TIME),
    ATTR("path", PATH),
    ATTR("name", HOST_PATH),
    ATTR("kind", CLASS),
    ATTR("addr", ADDRESS),
    ATTR("length", SIZE),
    HASHES,
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(key_value, ATTR("", VALUE), OTHER_LEAVES(CONFIG));
LOCAL_SHAPE(config_key,
    ATTR("key", NAME),
    ATTR("kind", CATEGORY),
    INTO("value", key_value),
    OTHER_LEAVES(CONFIG));
LOCAL_SHAPE(credential,
    ATTR("protocol", PROTOCOL),
    ATTR("host", HOSTNAME),
    ATTR("port", DPORT),
    ATTR("username", USER),
    ATTR("password", PASSWORD),
    ATTR("email_to", TO),
    SKIP("flow"),
    OTHER_LEAVES(CONFIG));
LOCAL_SHAPE(config,
    FACT("keys", CONFIG, config_key),
    FACT("credentials", CREDENTIAL, credential),
    OTHER_LEAVES(CONFIG));
LOCAL_SHAPE(ransom_note,
    ATTR("note", TEXT),
    ATTR("family", FAMILY),
    ATTR("target", TITLE),
    ATTR("emails", MAIL),
    ATTR("wallets", WALLET),
    ATTR("urls", URL),
    ATTR("contact", VALUE),
    OTHER_LEAVES(CONFIG));
LOCAL_SHAPE(dropper_url, ATTR("url", URL), ATTR("", URL), SKIP("type"), OTHER_LEAVES(CONFIG));
LOCAL_SHAPE(dropper,
    ATTR("family", FAMILY),
    ATTR("language", LANGUAGE),
    ATTR("source", TEXT),
    ATTR("deobfuscated", CONTENT),
    INTO("urls", dropper_url),
    OTHER_LEAVES(CONFIG));
LOCAL_SHAPE(extraction,
    ATTR("tasks", SOURCE),
    ATTR("path", PATH),
    ATTR("dumped_file", HOST_PATH),
    ATTR("resource", HOST_PATH),
    HOOK("config", read_config),
    FACT("ransom_note", RANSOM_NOTE, ransom_note),
    FACT("dropper", DROPPER, dropper),
    FACT("credentials", CREDENTIAL, credential),
    OTHER_LEAVES(CONFIG));

LOCAL_SHAPE(one_file,
    ATTR("filename", PATH),
    ATTR("filesize", SIZE),
    HASHES,
    ATTR("filetype", TYPE),
    ATTR("mime", JUDGED_TYPE),
    ATTR("kind", CLASS),
    ATTR("tags", TAG),
    ATTR("error", ERROR),
    HOOK("depth", read_depth),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(report,
    HOOK("version", read_version),
    FACT("sample", SAMPLE, sample),
    FACT_DONE("task", EXTRACTED, target, finish_target),
    FACT_DONE("targets", EXTRACTED, target, finish_target),
    FACT("tasks", TASK, one_task),
    FACT("errors", TOOL_ERROR, failure),
    FACT("analysis", ANALYSIS, analysis),
    FACT("processes", PROCESS, process),
    FACT("signatures", SIGNATURE, signature),
    INTO("network", traffic),
    FACT_DONE("dumped", PROCESS_DUMP, dump, finish_dump),
    FACT("extracted", EXTRACTION, extraction),
    FACT_DONE("files", EXTRACTED, one_file, finish_file),
    OTHER_LEAVES(DETAIL));

/* clang-format on */

static as_code read_config(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    size_t from = as_facts_evidence_count(w->facts), contexts = w->n_context;
    size_t base = w->context_base;

    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    w->context_base = contexts;
    for (;;) {
        as_code rc = as_walk_next(w, t, err);

        if (rc)
            return rc;
        if (t->type == AS_JSON_OBJECT_END)
            break;
        rc = read_setting(w, place, &as_shape_config, fact, t, err);
        if (rc)
            return rc;
    }
    as_facts_close_evidence(w->facts, from, t->begin, t->end);
    w->n_context = contexts;
    w->context_base = base;
    return AS_OK;
}

/* --- the end ----------------------------------------------------------------------------- */

static bool is_there(const as_facts *f, uint32_t fact)
{
    return fact != AS_NO_FACT && !(as_facts_get(f, fact)->flags & AS_FACT_GONE);
}

/* False if a hash that both have differs; *ret_any: they have one in common. */
static bool same_hashes(const as_facts *f, uint32_t a, uint32_t b, bool *ret_any)
{
    static const as_attr_name names[] = {AS_ATTR_SHA256, AS_ATTR_SHA1, AS_ATTR_MD5};

    *ret_any = false;
    for (size_t i = 0; i < AS_COUNT(names); i++) {
        as_bytes x = as_fact_text(f, as_facts_get(f, a), names[i]);
        as_bytes y = as_fact_text(f, as_facts_get(f, b), names[i]);

        if (x.n && y.n && !as_bytes_eq_nocase(x, y))
            return false;
        *ret_any = *ret_any || (x.n && y.n);
    }
    return true;
}

static bool has_hash(const as_facts *f, uint32_t fact)
{
    const as_fact *x = as_facts_get(f, fact);

    return as_fact_text(f, x, AS_ATTR_SHA256).n || as_fact_text(f, x, AS_ATTR_SHA1).n ||
           as_fact_text(f, x, AS_ATTR_MD5).n;
}

/* A file of the static task, or what a task ran. Without hashes it is the sample's address. */
static bool is_sample(const as_facts *f, uint32_t sample, uint32_t fact)
{
    bool any;

    return same_hashes(f, sample, fact, &any) &&
           (any || !has_hash(f, sample) || !has_hash(f, fact));
}

static as_code join_same(as_walk *w, as_err *err)
{
    const struct triage *s = triage_of(w);
    uint32_t sample = as_facts_first(w->facts, AS_KIND_SAMPLE);
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < s->n_same; i++) {
        uint32_t into = s->same[i].into, from = s->same[i].from;
        bool of_sample = into == AS_NO_FACT;

        if (of_sample)
            into = sample;
        if (!is_there(w->facts, into) || !is_there(w->facts, from) || into == from ||
            (of_sample && !is_sample(w->facts, sample, from)))
            continue;
        rc = as_part_join(w, into, from, err);
    }
    return rc;
}

static void note_key(void *ctx, as_bytes key)
{
    struct triage *s = ctx;

    s->sample |= as_bytes_is(key, "sample");
    s->task |= as_bytes_is(key, "task");
    s->tasks |= as_bytes_is(key, "tasks") || as_bytes_is(key, "targets");
    s->files |= as_bytes_is(key, "files");
    s->analysis |= as_bytes_is(key, "analysis");
}

static bool says_failed(as_bytes status)
{
    return as_bytes_has_nocase(status, "fail") || as_bytes_has_nocase(status, "error");
}

static bool any_task_failed(const as_facts *f)
{
    for (uint32_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);

        if (fact->kind == AS_KIND_TASK && !(fact->flags & AS_FACT_GONE) &&
            (says_failed(as_fact_text(f, fact, AS_ATTR_STATUS)) ||
             as_fact_text(f, fact, AS_ATTR_ERROR).n))
            return true;
    }
    return false;
}

static uint32_t find_gaps(const as_facts *f, const struct triage *s)
{
    uint32_t run = as_facts_first(f, s->tasks ? AS_KIND_SAMPLE : AS_KIND_ANALYSIS), gaps = 0;

    if (as_facts_first(f, AS_KIND_TOOL_ERROR) != AS_NO_FACT)
        gaps |= AS_GAP_ERRORS;
    if (s->task && !s->files && as_facts_first(f, AS_KIND_PROCESS) == AS_NO_FACT)
        gaps |= AS_GAP_NOTHING;
    if (run == AS_NO_FACT || !as_fact_text(f, as_facts_get(f, run), AS_ATTR_ENDED).n)
        gaps |= AS_GAP_NO_END;
    if (any_task_failed(f))
        gaps |= AS_GAP_STATUS;
    return gaps;
}

static as_code read_all(as_walk *w, as_err *err)
{
    struct triage *s = triage_of(w);
    as_analysis *a = w->analysis;
    uint32_t run;
    as_code rc = as_walk_document(w, &as_shape_report, note_key, s, err);

    if (rc)
        return rc;
    if (!s->sample || !(s->task || s->tasks || s->files || s->analysis))
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                       "not a report of Triage: no 'sample' beside 'task', 'tasks' or 'targets'");
    as_actors_settle(w, &s->actors);
    rc = join_same(w, err);
    run = as_facts_first(w->facts, AS_KIND_ANALYSIS);
    if (!rc && s->version && run != AS_NO_FACT)
        rc = as_part_bring(w, run, AS_ATTR_VERSION, as_facts_text(w->facts, s->version),
                           &s->version_at, err);
    if (!rc)
        rc = as_join_facts(w->facts, err);
    a->tool = "Triage";
    a->tool_version = s->version;
    a->sample = as_facts_first(w->facts, AS_KIND_SAMPLE);
    a->gaps = find_gaps(w->facts, s);
    return rc;
}

static as_code read_triage(as_walk *w, as_err *err)
{
    struct triage s = {0};
    as_code rc;

    w->own = &s;
    rc = read_all(w, err);
    w->own = NULL;
    as_actors_done(&s.actors);
    as_ids_done(&s.flows);
    as_ids_done(&s.asked);
    as_mem_free(s.same);
    return rc;
}

static as_sure probe_triage(const as_head *h)
{
    bool more = as_head_has(h, "task/target") || as_head_has(h, "task/task") ||
                as_head_has(h, "task/sha256") || as_head_has(h, "task/md5") ||
                as_head_has(h, "targets") || as_head_has(h, "tasks/*");

    if (h->root != AS_JSON_OBJECT || !as_head_has(h, "version") || as_head_has(h, "info") ||
        !(as_head_has(h, "sample/id") || as_head_has(h, "sample/sample") ||
          as_head_has(h, "sample/target") || as_head_has(h, "sample/sha256")))
        return AS_SURE_NO;
    return more && as_head_has(h, "analysis") ? AS_SURE_YES : AS_SURE_MAYBE;
}

const as_reader as_reader_triage = {
    .about = {.id = "triage",
              .name = "Hatching Triage (Recorded Future Sandbox)",
              .versions = "0.2, 0.3: report_triage.json, the static report, overview.json",
              .maps = "sample, tasks, signatures with their indicators, ATT&CK, families, "
                      "processes, flows, DNS, HTTP and TLS, dumped files and memory, extracted "
                      "configurations, credentials, ransom notes and droppers",
              .seen = false},
    .probe = probe_triage,
    .read = read_triage,
};

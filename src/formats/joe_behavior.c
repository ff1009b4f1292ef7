#include "formats/joe_priv.h"

#include <string.h>
#include <sys/random.h>

#include "base/banned.h"

/*
 * `behavior` of a Joe Sandbox report. Each process has groups of activities, each group
 * elements named by what was done ("fileCreated"), each of these its calls, with the API's
 * name as `symbol`. A call becomes a fact of its kind, or an event where there is none or
 * where it failed, and is counted as an API call.
 */

as_str as_joe_attr(const as_draft *d, as_attr_name name)
{
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == name)
            return d->attrs[i].str;
    }
    return 0;
}

void as_joe_rename(as_draft *d, as_attr_name from, as_attr_name to)
{
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == from)
            d->attrs[i].name = (uint16_t)to;
    }
}

static bool target_of(const as_json_tok *t, uint64_t *ret)
{
    return (t->type == AS_JSON_NUMBER || t->type == AS_JSON_STRING) && as_bytes_u64(t->raw, ret);
}

/* "-1": of no process that is known. */
as_code as_joe_target(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    as_draft *d = w->draft;
    uint64_t id;
    as_code rc = AS_OK;

    (void)fact;
    if (d && target_of(t, &id))
        rc = as_actors_number(w, &as_joe_of(w)->actors, id, &d->parent, err);
    return rc ? rc : as_walk_pass(w, place, t, true, err);
}

/* A process in the tree or in the list: its own number. */
static as_code read_self(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    as_draft *d = w->draft;
    uint64_t id;
    as_code rc;

    if (!d || !target_of(t, &id))
        return as_walk_pass(w, place, t, false, err);
    rc = as_actors_tell(&as_joe_of(w)->actors, id, fact, err);
    if (rc || d->n_attrs == AS_DRAFT_ATTRS)
        return rc ? rc : as_walk_pass(w, place, t, false, err);
    /* A text in the tree and a number in the list: one form, so that both agree. */
    rc = as_draft_text(d, w->facts, AS_ATTR_ID, AS_FORM_NUMBER, t->raw);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* --- calls --------------------------------------------------------------------------------- */

/* What an element's name says was done; `failed` where it was tried in vain. */
static const struct deed {
    const char *name;
    uint16_t kind, failed;
} deeds[] = {
    {"fileopened", AS_KIND_FILE_OPENED, AS_KIND_FILE_FAILED},
    {"filecreated", AS_KIND_FILE_CREATED, AS_KIND_EVENT},
    {"filewritten", AS_KIND_FILE_WRITTEN, AS_KIND_EVENT},
    {"fileread", AS_KIND_FILE_READ, AS_KIND_EVENT},
    {"filedeleted", AS_KIND_FILE_DELETED, AS_KIND_EVENT},
    {"filemoved", AS_KIND_FILE_MOVED, AS_KIND_EVENT},
    {"filecopied", AS_KIND_FILE_COPIED, AS_KIND_EVENT},
    {"directorycreated", AS_KIND_DIR_CREATED, AS_KIND_EVENT},
    {"directoryenumerated", AS_KIND_DIR_LISTED, AS_KIND_EVENT},
    {"sectionloaded", AS_KIND_MODULE, AS_KIND_EVENT},
    {"keyopened", AS_KIND_KEY_OPENED, AS_KIND_EVENT},
    {"keycreated", AS_KIND_KEY_WRITTEN, AS_KIND_EVENT},
    {"keyvaluecreated", AS_KIND_KEY_WRITTEN, AS_KIND_EVENT},
    {"keyvaluemodified", AS_KIND_KEY_WRITTEN, AS_KIND_EVENT},
    {"keydeleted", AS_KIND_KEY_DELETED, AS_KIND_EVENT},
    {"keyvaluedeleted", AS_KIND_KEY_DELETED, AS_KIND_EVENT},
    {"keyvaluequeried", AS_KIND_KEY_READ, AS_KIND_EVENT},
    {"keyenumerated", AS_KIND_KEY_READ, AS_KIND_EVENT},
    {"mutantcreated", AS_KIND_MUTEX, AS_KIND_EVENT},
    {"mutantopened", AS_KIND_MUTEX, AS_KIND_EVENT},
    {"mutexcreated", AS_KIND_MUTEX, AS_KIND_EVENT},
    {"mutexopened", AS_KIND_MUTEX, AS_KIND_EVENT},
    {"processcreated", AS_KIND_COMMAND, AS_KIND_EVENT},
};

/* The attribute without which a fact of that kind says nothing. */
static as_attr_name needed(as_kind kind)
{
    switch (kind) {
    case AS_KIND_FILE_MOVED:
    case AS_KIND_FILE_COPIED:
        return AS_ATTR_FROM;
    case AS_KIND_KEY_OPENED:
    case AS_KIND_KEY_WRITTEN:
    case AS_KIND_KEY_DELETED:
    case AS_KIND_KEY_READ:
        return AS_ATTR_KEY;
    case AS_KIND_MUTEX:
        return AS_ATTR_NAME;
    case AS_KIND_COMMAND:
        return AS_ATTR_COMMAND;
    default:
        return AS_ATTR_PATH;
    }
}

/* The place of the n-th key on the way up, from 0; NULL if there are fewer. */
static const as_place *key_above(const as_place *place, unsigned n)
{
    for (; place; place = place->up) {
        if (place->up && (place->step & AS_STEP_KEY) && !n--)
            return place;
    }
    return NULL;
}

static as_bytes key_text(const as_walk *w, const as_place *place)
{
    return place ? as_facts_text(w->facts, place->step & ~AS_STEP_KEY) : (as_bytes){0};
}

static bool succeeded(const as_walk *w, const as_draft *d)
{
    as_bytes status = as_facts_text(w->facts, as_joe_attr(d, AS_ATTR_STATUS));

    return !status.n ||
           (as_bytes_has_nocase(status, "success") && !as_bytes_has_nocase(status, "unsuccess"));
}

static void choose_kind(const as_walk *w, as_draft *d, as_bytes operation)
{
    d->kind = AS_KIND_EVENT;
    for (size_t i = 0; i < AS_COUNT(deeds); i++) {
        if (as_bytes_eq_nocase(operation, as_bytes_of(deeds[i].name)))
            d->kind = (as_kind)(succeeded(w, d) ? deeds[i].kind : deeds[i].failed);
    }
    if (d->kind == AS_KIND_EVENT)
        return;
    if (needed(d->kind) == AS_ATTR_KEY)
        as_joe_rename(d, AS_ATTR_PATH, AS_ATTR_KEY);
    if (d->kind == AS_KIND_COMMAND)
        as_joe_rename(d, AS_ATTR_COMMAND_LINE, AS_ATTR_COMMAND);
    if (d->kind == AS_KIND_MUTEX && !as_joe_attr(d, AS_ATTR_NAME))
        as_joe_rename(d, AS_ATTR_PATH, AS_ATTR_NAME);
    if (!as_joe_attr(d, needed(d->kind)))
        d->kind = AS_KIND_EVENT;
}

/* What was done stands in the report as the key above the call. */
static as_code name_event(as_walk *w, const as_place *operation, as_draft *d, as_err *err)
{
    as_code rc;

    if (!operation || !operation->up || d->n_evidence == AS_DRAFT_EVIDENCE ||
        d->n_attrs == AS_DRAFT_ATTRS)
        return AS_OK;
    rc = as_walk_evidence(w, operation->up, 0, &d->evidence[d->n_evidence++], err);
    if (rc)
        return rc;
    rc = as_draft_text(d, w->facts, AS_ATTR_OPERATION, AS_FORM_TEXT, key_text(w, operation));
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

static bool is_argument(unsigned name)
{
    return name != AS_ATTR_API && name != AS_ATTR_COUNT && name != AS_ATTR_STATUS &&
           name != AS_ATTR_CALLER && name != AS_ATTR_TIME && name != AS_ATTR_TID;
}

static void make_call(const as_walk *w, const as_draft *d, as_call *call)
{
    const as_facts *f = w->facts;
    uint64_t count = 0;

    call->process = d->parent;
    call->index = w->analysis->calls;
    call->api = as_facts_text(f, as_joe_attr(d, AS_ATTR_API));
    call->status = as_facts_text(f, as_joe_attr(d, AS_ATTR_STATUS));
    call->caller = as_facts_text(f, as_joe_attr(d, AS_ATTR_CALLER));
    call->time = as_facts_text(f, as_joe_attr(d, AS_ATTR_TIME));
    call->thread = as_facts_text(f, as_joe_attr(d, AS_ATTR_TID));
    call->failed = !succeeded(w, d);
    (void)as_bytes_u64(as_facts_text(f, as_joe_attr(d, AS_ATTR_COUNT)), &count);
    call->repeated = count > 1 && count <= UINT32_MAX ? count - 1 : 0;
    for (size_t i = 0; i < d->n_attrs; i++) {
        const as_attr *a = &d->attrs[i];

        if (!is_argument(a->name))
            continue;
        if (call->n_args == AS_CALL_ARGS_MAX) {
            call->args_left_out++;
            continue;
        }
        call->args[call->n_args++] =
            (as_call_arg){.name = as_bytes_of(as_attr_get((as_attr_name)a->name)->name),
                          .value = as_facts_text(f, a->str)};
    }
}

static __attribute__((noinline)) as_code tell_call(as_walk *w, as_place *place, uint64_t end,
                                                   const as_draft *d, as_bytes group, as_err *err)
{
    as_call call = {.begin = place->begin, .end = end, .category = group};
    as_evidence e;
    as_code rc = as_walk_evidence(w, place, end, &e, err);

    if (rc)
        return rc;
    make_call(w, d, &call);
    w->analysis->calls++;
    if (w->options->on_call)
        rc = w->options->on_call(w->options->call_ctx, &call, err);
    return rc ? rc : as_counts_add(w, &call, &e, err);
}

static as_code finish_call(as_walk *w, as_place *place, uint32_t fact, uint64_t end, as_draft *d,
                           as_err *err)
{
    const as_place *operation = key_above(place, 1);
    as_bytes group = key_text(w, key_above(place, 2));
    as_code rc = AS_OK;

    (void)fact;
    if (as_joe_attr(d, AS_ATTR_API) && d->parent != AS_NO_FACT)
        rc = tell_call(w, place, end, d, group, err);
    if (rc)
        return rc;
    choose_kind(w, d, key_text(w, operation));
    return d->kind == AS_KIND_EVENT ? name_event(w, operation, d, err) : AS_OK;
}

/* --- packets ------------------------------------------------------------------------------- */

static const as_attr_name ends[] = {AS_ATTR_PROTOCOL, AS_ATTR_SRC, AS_ATTR_SPORT, AS_ATTR_DST,
                                    AS_ATTR_DPORT};

static size_t slot_of(const struct as_joe *s, const as_str key[5])
{
    uint64_t h = as_hash64((as_bytes){(const uint8_t *)key, 5 * sizeof(*key)}, s->flow_seed);
    size_t at = (size_t)h & s->flow_mask;

    while (s->flow_slots[at] &&
           memcmp(s->flows[s->flow_slots[at] - 1].ends, key, 5 * sizeof(*key)) != 0)
        at = (at + 1) & s->flow_mask;
    return at;
}

static bool grow_flows(struct as_joe *s)
{
    size_t cap = s->cap_flows ? s->cap_flows * 2 : 64;
    uint32_t *slots;
    void *p;

    if (s->n_flows < s->cap_flows)
        return true;
    if (!s->flow_slots && getrandom(&s->flow_seed, sizeof(s->flow_seed), GRND_NONBLOCK) < 0)
        s->flow_seed = (uint64_t)(uintptr_t)s;
    p = as_mem_resize(s->flows, cap * sizeof(*s->flows));
    if (!p)
        return false;
    s->flows = p;
    slots = as_mem_zero(cap * 2, sizeof(*slots));
    if (!slots)
        return false;
    as_mem_free(s->flow_slots);
    s->flow_slots = slots;
    s->flow_mask = cap * 2 - 1;
    s->cap_flows = cap;
    for (size_t i = 0; i < s->n_flows; i++)
        s->flow_slots[slot_of(s, s->flows[i].ends)] = (uint32_t)i + 1;
    return true;
}

/*
 * Of packets between the same two ends the first and the last are told, and how many there
 * were; the rest says nothing more.
 */
static as_code count_packet(as_walk *w, const as_place *place, const as_draft *d,
                            const as_evidence *e, as_err *err)
{
    struct as_joe *s = as_joe_of(w);
    struct as_joe_flow flow = {.n = 1, .place = *e, .last_place = *e};
    size_t at;

    for (size_t i = 0; i < AS_COUNT(ends); i++)
        flow.ends[i] = as_joe_attr(d, ends[i]);
    flow.first = flow.last = as_joe_attr(d, AS_ATTR_TIME);
    if (!grow_flows(s))
        return as_fail_nomem(err, "the packets of a report");
    at = slot_of(s, flow.ends);
    if (s->flow_slots[at]) {
        struct as_joe_flow *have = &s->flows[s->flow_slots[at] - 1];

        uint64_t untold = have->last_place.end - have->last_place.begin;

        have->last = flow.last;
        have->last_place = *e;
        return ++have->n > 2 ? as_paths_add(w, place, untold, true, err) : AS_OK;
    }
    s->flows[s->n_flows++] = flow;
    s->flow_slots[at] = (uint32_t)s->n_flows;
    return AS_OK;
}

static as_code put_flow(as_walk *w, const struct as_joe_flow *flow, const as_evidence *holder)
{
    as_draft d;
    as_code rc = AS_OK;

    as_draft_init(&d, AS_KIND_CONNECTION);
    d.evidence[d.n_evidence++] = flow->place;
    if (flow->n > 1)
        d.evidence[d.n_evidence++] = flow->last_place;
    d.evidence[d.n_evidence++] = *holder; /* of the key that names the protocol */
    for (size_t i = 0; !rc && i < AS_COUNT(ends); i++) {
        if (flow->ends[i])
            rc = as_draft_text(&d, w->facts, ends[i], AS_FORM_TEXT,
                               as_facts_text(w->facts, flow->ends[i]));
    }
    if (!rc && flow->first)
        rc = as_draft_text(&d, w->facts, AS_ATTR_FIRST_SEEN, AS_FORM_TEXT,
                           as_facts_text(w->facts, flow->first));
    if (!rc && flow->last && flow->last != flow->first)
        rc = as_draft_text(&d, w->facts, AS_ATTR_LAST_SEEN, AS_FORM_TEXT,
                           as_facts_text(w->facts, flow->last));
    return rc ? rc : as_facts_add(w->facts, &d, NULL);
}

static as_code put_flows(as_walk *w, const as_evidence *holder, as_err *err)
{
    struct as_joe *s = as_joe_of(w);

    for (size_t i = 0; i < s->n_flows; i++) {
        const struct as_joe_flow *flow = &s->flows[i];
        as_code rc = flow->ends[1] || flow->ends[3] ? put_flow(w, flow, holder) : AS_OK;

        if (rc)
            return as_walk_facts_failed(w, rc, err);
    }
    /* A table as large as the packets before would be cleared for every few that come. */
    as_mem_free(s->flows);
    as_mem_free(s->flow_slots);
    s->flows = NULL;
    s->flow_slots = NULL;
    s->n_flows = s->cap_flows = 0;
    return AS_OK;
}

/* --- shapes -------------------------------------------------------------------------------- */

/* clang-format off */

#define PACKET                                                                                \
    ATTR("timestamp", TIME), ATTR("srcip", SRC), ATTR("srcport", SPORT), ATTR("dstip", DST),  \
    ATTR("dstport", DPORT)

LOCAL_SHAPE(packet, PACKET);

/* clang-format on */

static as_code read_packet(as_walk *w, as_place *place, as_json_tok *t, as_err *err)
{
    const as_place *protocol = key_above(place, 1);
    uint64_t end = 0;
    as_evidence e;
    as_draft d;
    as_code rc;

    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    as_draft_init(&d, AS_KIND_CONNECTION);
    rc = as_draft_text(&d, w->facts, AS_ATTR_PROTOCOL, AS_FORM_TEXT, key_text(w, protocol));
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    rc = as_walk_object(w, place, &as_shape_packet, AS_NO_FACT, &d, &end, err);
    if (!rc)
        rc = as_walk_evidence(w, place, end, &e, err);
    return rc ? rc : count_packet(w, place, &d, &e, err);
}

static as_code read_packets(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    (void)fact;
    if (t->type != AS_JSON_ARRAY)
        return read_packet(w, place, t, err);
    while (!rc && as_walk_element(w, &child, t, &rc, err))
        rc = read_packet(w, &child, t, err);
    return rc;
}

/* clang-format off */

LOCAL_SHAPE(packets, HOOK("packet", read_packets), OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(http,
    PACKET,
    ATTR("method", METHOD),
    ATTR("host", HOSTNAME),
    ATTR("url", URL),
    ATTR("uri", URI),
    ATTR("header", REQUEST),
    ATTR("data", BODY),
    ATTR("useragent", USER_AGENT),
    ATTR("status", STATUS),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(https, FACT("packet", HTTP, http), OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(dns,
    PACKET,
    ATTR("name", REQUEST),
    ATTR("query", REQUEST),
    ATTR("type", TYPE),
    ATTR("address", ANSWER),
    ATTR("cname", ANSWER),
    ATTR("replycode", CODE),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(queries, FACT("packet", DNS, dns), OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(mail, PACKET, ATTR("command", CONTENT), ATTR("data", CONTENT), ATTR("", CONTENT),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(mails, FACT("packet", SMTP, mail), OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(traffic,
    INTO("tcp", packets),
    INTO("udp", packets),
    INTO("icmp", packets),
    INTO("http", https),
    INTO("https", https),
    INTO("dns", queries),
    INTO("smtp", mails),
    OTHER_LEAVES(NETWORK_DETAIL));

/* clang-format on */

static as_code read_network(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    as_evidence holder;
    uint64_t end = 0;
    as_code rc;

    (void)fact;
    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    rc = as_walk_object(w, place, &as_shape_traffic, AS_NO_FACT, NULL, &end, err);
    if (!rc)
        rc = as_walk_evidence(w, place, end, &holder, err);
    return rc ? rc : put_flows(w, &holder, err);
}

/* clang-format off */

LOCAL_SHAPE(call,
    ATTR("path", PATH),
    ATTR("filepath", PATH),
    ATTR("name", NAME),
    ATTR("oldpath", FROM),
    ATTR("newpath", TO),
    ATTR("olddata", FROM),
    ATTR("data", VALUE),
    ATTR("newdata", VALUE),
    ATTR("type", TYPE),
    ATTR("access", ACCESS),
    ATTR("attributes", CHARACTERISTICS),
    ATTR("options", METHOD),
    ATTR("cmdline", COMMAND_LINE),
    ATTR("pid", TARGET_PID),
    ATTR("targetpid", TARGET_PID),
    ATTR("targetpath", TARGET_PATH),
    ATTR("tid", TID),
    ATTR("address", ADDRESS),
    ATTR("base", ADDRESS),
    ATTR("size", SIZE),
    ATTR("length", SIZE),
    ATTR("completion", STATUS),
    ATTR("count", COUNT),
    ATTR("sourceaddress", CALLER),
    ATTR("symbol", API),
    ATTR("time", TIME),
    ATTR("timestamp", TIME),
    ATTR("", CONTENT),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(operation, FACT_DONE("call", EVENT, call, finish_call), JOE_TEXT_LEAVES(DETAIL),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(activities, JOE_TEXT_LEAVES(DETAIL), ANY_INTO(operation));

LOCAL_SHAPE(general,
    HOOK("targetid", read_self),
    ATTR("pid", PID),
    ATTR("parentpid", PPID),
    ATTR("name", NAME),
    ATTR("path", PATH),
    ATTR("cmdline", COMMAND_LINE),
    ATTR("date", STARTED),
    ATTR("time", STARTED),
    ATTR("user", USER),
    ATTR("filesize", SIZE),
    ATTR("md5", MD5),
    OTHER_LEAVES(DETAIL));

/* All that is not general is a group of activities. */
LOCAL_SHAPE(one_process, INTO("general", general), JOE_TEXT_LEAVES(DETAIL), ANY_INTO(activities));
LOCAL_SHAPE(processes, FACT("process", PROCESS, one_process), OTHER_LEAVES(DETAIL));

static const as_shape as_shape_started;
/* Of the tree: a process with those that it started. */
static const as_row started_rows[] = {
    HOOK("targetid", read_self),
    ATTR("pid", PID),
    ATTR("name", NAME),
    ATTR("path", PATH),
    ATTR("cmdline", COMMAND_LINE),
    ATTR("md5", MD5),
    ATTR("user", USER),
    ATTR("hasexited", EXITED),
    FACT("process", PROCESS, started),
    OTHER_LEAVES(DETAIL),
};
static const as_shape as_shape_started = { started_rows, AS_COUNT(started_rows) };
LOCAL_SHAPE(startup, FACT("process", PROCESS, started), OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(guest,
    INTO("startupoverview", startup),
    INTO("processes", processes),
    OTHER_LEAVES(DETAIL));

/* The pictures of a run are in the report itself; their bytes say nothing here. */
SHAPE(joe_behavior,
    INTO("system", guest),
    HOOK("network", read_network),
    SKIP("screenshotdata"),
    OTHER_LEAVES(DETAIL));

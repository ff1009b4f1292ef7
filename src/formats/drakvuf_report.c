#include "formats/formats_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * report.json of drakvuf-sandbox, which it makes of the log. It numbers processes itself
 * (seqid), since the guest uses a PID again; lists of what was done name processes by
 * that number. Written from the program's documentation.
 */

#define ACTORS_MAX 64u  /* of one entry; more stay a list of numbers */
#define ABOVE_MAX  512u /* processes above one; a longer line of them is cut there */

struct reader {
    as_ids processes; /* seqid to the number of its fact, reserved once it is named */
    as_ids parents;   /* of those facts */
    /* Of the entry in hand: its draft, and who is meant. */
    as_draft *draft;
    uint32_t actors[ACTORS_MAX];
    size_t n_actors;
    uint32_t self; /* of a process: the number reserved for it */
    bool known;
};

static struct reader *own(as_walk *w)
{
    return w->own;
}

/* clang-format off */

static as_hook read_processes, read_ttps, read_connections, read_dns, read_http, read_written,
    read_deleted, read_created, read_dumps, read_seqid, read_parent, read_actors;

LOCAL_SHAPE(hash, ATTR("", SHA256), OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(target,
    ATTR("", NAME),
    ATTR("name", NAME), ATTR("file_name", NAME), ATTR("filename", NAME),
    ATTR("type", TYPE), ATTR("magic", TYPE),
    ATTR("size", SIZE),
    ATTR("md5", MD5), ATTR("sha1", SHA1), ATTR("sha256", SHA256), ATTR("sha512", SHA512),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(option_list, OTHER_LEAVES(OPTION));
LOCAL_SHAPE(info,
    ATTR("id", ID), ATTR("uid", ID), ATTR("analysis_id", ID),
    ATTR("started_at", STARTED), ATTR("time_started", STARTED),
    ATTR("time_execution_started", STARTED),
    ATTR("ended_at", ENDED), ATTR("finished_at", ENDED), ATTR("time_finished", ENDED),
    ATTR("duration", DURATION),
    ATTR("version", VERSION), ATTR("vm_id", MACHINE),
    ATTR("status", STATUS),
    FACT("file", SAMPLE, target), FACT("target", SAMPLE, target), FACT("sample", SAMPLE, target),
    FACT("sha256", SAMPLE, hash),
    INTO("options", option_list),
    OTHER_FIELDS);

LOCAL_SHAPE(error, ATTR("", TEXT), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(startup,
    ATTR("status", STATUS),
    ATTR("pid", PID),
    FACT("error", TOOL_ERROR, error),
    OTHER_FIELDS);

LOCAL_SHAPE(process,
    HOOK("seqid", read_seqid),
    HOOK("parent_seqid", read_parent),
    ATTR("pid", PID),
    ATTR("ppid", PPID),
    ATTR("name", PATH),
    ATTR("args", COMMAND_LINE),
    ATTR("started_at", FIRST_SEEN),
    ATTR("exited_at", ENDED),
    ATTR("exit_code", CODE),
    ATTR("exit_code_str", STATUS),
    OTHER_FIELDS);

LOCAL_SHAPE(ttp,
    ATTR("", NAME),
    ATTR("name", NAME),
    ATTR("description", DESCRIPTION),
    ATTR("att&ck", TECHNIQUE), ATTR("attck", TECHNIQUE),
    HOOK("process_seqids", read_actors), HOOK("process_seqid", read_actors),
    OTHER_FIELDS);

LOCAL_SHAPE(connection,
    ATTR("protocol", PROTOCOL),
    ATTR("local_ip", SRC), ATTR("local_port", SPORT),
    ATTR("remote_ip", DST), ATTR("remote_port", DPORT),
    HOOK("process_seqids", read_actors), HOOK("process_seqid", read_actors),
    OTHER_FIELDS);

LOCAL_SHAPE(query,
    ATTR("", REQUEST),
    ATTR("domain", REQUEST), ATTR("type", TYPE),
    HOOK("process_seqids", read_actors), HOOK("process_seqid", read_actors),
    OTHER_FIELDS);

LOCAL_SHAPE(http,
    ATTR("", URL),
    ATTR("url", URL), ATTR("method", METHOD), ATTR("host", HOSTNAME),
    HOOK("process_seqids", read_actors), HOOK("process_seqid", read_actors),
    OTHER_FIELDS);

LOCAL_SHAPE(touched,
    ATTR("", PATH),
    ATTR("path", PATH), ATTR("file_path", PATH), ATTR("filepath", PATH), ATTR("filename", PATH),
    ATTR("name", PATH), ATTR("size", SIZE),
    HOOK("process_seqids", read_actors), HOOK("process_seqid", read_actors),
    OTHER_FIELDS);

LOCAL_SHAPE(dump,
    ATTR("", HOST_PATH),
    ATTR("name", NAME), ATTR("filename", HOST_PATH), ATTR("path", HOST_PATH),
    ATTR("size", SIZE), ATTR("sha256", SHA256), ATTR("md5", MD5),
    ATTR("base", ADDRESS), ATTR("address", ADDRESS), ATTR("reason", DESCRIPTION),
    ATTR("pid", PID),
    HOOK("process_seqids", read_actors), HOOK("process_seqid", read_actors),
    OTHER_FIELDS);

LOCAL_SHAPE(document,
    FACT("info", ANALYSIS, info),
    FACT("startup", ANALYSIS, startup),
    HOOK("processes", read_processes),
    HOOK("ttps", read_ttps),
    HOOK("connections", read_connections),
    HOOK("dns_queries", read_dns),
    HOOK("http_requests", read_http),
    HOOK("created_files", read_created),
    HOOK("modified_files", read_written),
    HOOK("deleted_files", read_deleted),
    HOOK("memdumps", read_dumps),
    OTHER_LEAVES(DETAIL));

/* clang-format on */

/* --- who is meant ---------------------------------------------------------------------------- */

/* The number of a process's fact, whether it was read already or not. */
static as_code process_of(as_walk *w, as_bytes seqid, uint32_t *ret, as_err *err)
{
    as_ids *ids = &own(w)->processes;
    as_str str = 0;
    as_code rc = as_facts_intern(w->facts, seqid, &str);

    *ret = AS_NO_FACT;
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    *ret = as_ids_get(ids, str);
    if (*ret != AS_NO_FACT)
        return AS_OK;
    rc = as_facts_reserve(w->facts, ret);
    if (!rc)
        rc = as_ids_put(ids, str, *ret);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* A number of the tool's own, which is `attr` of the draft in hand; FIELD: under its key. */
static as_code take_number(as_walk *w, as_place *place, as_attr_name attr, as_json_tok *t,
                           uint32_t *ret, as_err *err)
{
    static const as_row id = ATTR("", ID), fields = OTHER_FIELDS;
    as_bytes text = {0};
    as_code rc;

    *ret = AS_NO_FACT;
    rc = as_walk_apply(w, place, attr == AS_ATTR_ID ? &id : &fields, AS_NO_FACT, own(w)->draft, t,
                       err);
    if (rc || (t->type != AS_JSON_NUMBER && (t->type != AS_JSON_STRING || !t->raw.n)))
        return rc;
    rc = as_walk_text(w, t, &text, err);
    return rc ? rc : process_of(w, text, ret, err);
}

static as_code read_seqid(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    (void)fact;
    return take_number(w, place, AS_ATTR_ID, t, &own(w)->self, err);
}

static as_code add_actor(as_walk *w, as_place *place, as_json_tok *t, as_err *err)
{
    struct reader *r = own(w);
    uint32_t process = AS_NO_FACT;
    as_code rc = take_number(w, place, AS_ATTR_FIELD, t, &process, err);

    if (rc || process == AS_NO_FACT)
        return rc;
    for (size_t i = 0; i < r->n_actors; i++) {
        if (r->actors[i] == process)
            return AS_OK;
    }
    if (r->n_actors < ACTORS_MAX)
        r->actors[r->n_actors++] = process;
    return AS_OK;
}

static as_code read_actors(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    (void)fact;
    if (t->type != AS_JSON_ARRAY)
        return add_actor(w, place, t, err);
    while (!rc && as_walk_element(w, &child, t, &rc, err))
        rc = add_actor(w, &child, t, err);
    return rc;
}

static as_code read_parent(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    return read_actors(w, place, fact, t, err);
}

/* --- entries of lists --------------------------------------------------------------------------
 */

struct list {
    as_kind kind;
    const as_shape *shape; /* its first row is for an entry that is no object */
    as_code (*put)(as_walk *w, as_place *place, uint64_t end, as_draft *d, as_err *err);
};

static as_code put(as_walk *w, as_place *place, uint64_t end, uint32_t fact, as_draft *d,
                   as_err *err)
{
    as_code rc = as_walk_evidence(w, place, end, &d->evidence[0], err);

    if (rc)
        return rc;
    d->n_evidence = 1;
    rc = fact == AS_NO_FACT ? as_facts_add(w->facts, d, NULL) : as_facts_put(w->facts, fact, d);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* What each of the processes named did. */
static as_code put_deed(as_walk *w, as_place *place, uint64_t end, as_draft *d, as_err *err)
{
    struct reader *r = own(w);
    as_code rc = AS_OK;

    if (!r->n_actors)
        return put(w, place, end, AS_NO_FACT, d, err);
    for (size_t i = 0; !rc && i < r->n_actors; i++) {
        d->parent = r->actors[i];
        rc = put(w, place, end, AS_NO_FACT, d, err);
    }
    return rc;
}

/* What was found once, in one process or in several together. */
static as_code put_once(as_walk *w, as_place *place, uint64_t end, as_draft *d, as_err *err)
{
    struct reader *r = own(w);

    if (r->n_actors == 1)
        d->parent = r->actors[0];
    return put(w, place, end, AS_NO_FACT, d, err);
}

/* Whether `fact` is among those above `from`, or they are too many to tell. */
static bool is_above(const struct reader *r, uint32_t from, uint32_t fact)
{
    unsigned n = 0;

    while (from != AS_NO_FACT && from != fact && n++ < ABOVE_MAX)
        from = as_ids_get(&r->parents, from);
    return from != AS_NO_FACT;
}

static as_code put_process(as_walk *w, as_place *place, uint64_t end, as_draft *d, as_err *err)
{
    struct reader *r = own(w);
    uint32_t fact = r->self;
    as_code rc = AS_OK;

    for (size_t i = 0; i < d->n_attrs; i++) {
        as_bytes text = as_facts_text(w->facts, d->attrs[i].str);

        if (d->attrs[i].name == AS_ATTR_PATH && !memchr(text.p, '\\', text.n) &&
            !memchr(text.p, '/', text.n))
            d->attrs[i].name = AS_ATTR_NAME;
    }
    /* A number that stands twice names the first. */
    if (fact == AS_NO_FACT || !(as_facts_get(w->facts, fact)->flags & AS_FACT_GONE))
        rc = as_facts_reserve(w->facts, &fact);
    if (!rc && r->n_actors && !is_above(r, r->actors[0], fact)) {
        d->parent = r->actors[0];
        rc = as_ids_put(&r->parents, fact, d->parent);
    }
    return rc ? as_walk_facts_failed(w, rc, err) : put(w, place, end, fact, d, err);
}

static __attribute__((noinline)) as_code
read_entry(as_walk *w, as_place *place, const struct list *l, as_json_tok *t, as_err *err)
{
    struct reader *r = own(w);
    uint64_t end = t->end;
    as_draft d;
    as_code rc;

    as_draft_init(&d, l->kind);
    r->draft = &d;
    r->n_actors = 0;
    r->self = AS_NO_FACT;
    as_walk_tick(w);
    if (t->type == AS_JSON_OBJECT)
        rc = as_walk_object(w, place, l->shape, AS_NO_FACT, &d, &end, err);
    else
        rc = as_walk_apply(w, place, &l->shape->rows[0], AS_NO_FACT, &d, t, err);
    r->draft = NULL;
    return rc || !d.n_attrs ? rc : l->put(w, place, end, &d, err);
}

static as_code read_list(as_walk *w, as_place *place, const struct list *l, as_json_tok *t,
                         as_err *err)
{
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    if (t->type != AS_JSON_ARRAY)
        return read_entry(w, place, l, t, err);
    while (!rc && as_walk_element(w, &child, t, &rc, err))
        rc = read_entry(w, &child, l, t, err);
    return rc;
}

static as_code read_processes(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                              as_err *err)
{
    static const struct list l = {AS_KIND_PROCESS, &as_shape_process, put_process};

    (void)fact;
    own(w)->known = true;
    return read_list(w, place, &l, t, err);
}

/* The hooks of the lists that name who did it. */
#define LIST_HOOK(hook, kind_, shape_, put_)                                                       \
    static as_code hook(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)   \
    {                                                                                              \
        static const struct list l = {AS_KIND_##kind_, &as_shape_##shape_, put_};                  \
                                                                                                   \
        (void)fact;                                                                                \
        return read_list(w, place, &l, t, err);                                                    \
    }

LIST_HOOK(read_ttps, SIGNATURE, ttp, put_once)
LIST_HOOK(read_connections, CONNECTION, connection, put_deed)
LIST_HOOK(read_dns, DNS, query, put_deed)
LIST_HOOK(read_http, HTTP, http, put_deed)
LIST_HOOK(read_created, FILE_CREATED, touched, put_deed)
LIST_HOOK(read_written, FILE_WRITTEN, touched, put_deed)
LIST_HOOK(read_deleted, FILE_DELETED, touched, put_deed)
LIST_HOOK(read_dumps, MEMORY_DUMP, dump, put_once)

/* --- the report ----------------------------------------------------------------------------------
 */

static bool says_failed(as_bytes status)
{
    return as_bytes_has_nocase(status, "fail") || as_bytes_has_nocase(status, "abort") ||
           as_bytes_has_nocase(status, "error");
}

static uint32_t find_gaps(const as_facts *f)
{
    uint32_t gaps = 0;

    for (size_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);

        if (fact->kind == AS_KIND_ANALYSIS && !(fact->flags & AS_FACT_GONE) &&
            says_failed(as_fact_text(f, fact, AS_ATTR_STATUS)))
            gaps |= AS_GAP_STATUS;
    }
    if (as_facts_first(f, AS_KIND_TOOL_ERROR) != AS_NO_FACT)
        gaps |= AS_GAP_ERRORS;
    if (as_facts_first(f, AS_KIND_PROCESS) == AS_NO_FACT)
        gaps |= AS_GAP_NOTHING;
    return gaps;
}

static as_code read_report(as_walk *w, as_err *err)
{
    struct reader r = {0};
    as_code rc;

    w->own = &r;
    rc = as_walk_document(w, &as_shape_document, NULL, NULL, err);
    if (!rc && !r.known)
        rc = as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                     "not a report of DRAKVUF Sandbox: no 'processes'");
    if (!rc) {
        w->analysis->tool = "DRAKVUF Sandbox";
        w->analysis->sample = as_facts_first(w->facts, AS_KIND_SAMPLE);
        w->analysis->gaps = find_gaps(w->facts);
    }
    as_ids_done(&r.processes);
    as_ids_done(&r.parents);
    w->own = NULL;
    return rc;
}

static as_sure probe_report(const as_head *h)
{
    if (h->root != AS_JSON_OBJECT || !as_head_has(h, "startup"))
        return AS_SURE_NO;
    return as_head_has(h, "processes") ? AS_SURE_YES : AS_SURE_NO;
}

const as_reader as_reader_drakvuf_report = {
    .about = {.id = "drakvuf-report",
              .name = "DRAKVUF Sandbox report",
              .versions = "report.json, as documented",
              .maps = "the run and its start, processes by seqid, techniques, connections, DNS, "
                      "files, memory dumps",
              .seen = false},
    .probe = probe_report,
    .read = read_report,
};

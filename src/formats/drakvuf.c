#include "formats/drakvuf_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * DRAKVUF's log: one JSON object a line, each written by one of its plugins. Calls of
 * the API (apimon) and of the system (syscall, sysret) go out as calls; what the rows
 * below name becomes facts of its own kind; everything else of every plugin, known or
 * not, becomes an event that keeps each field under its own name.
 */

#define SEEN_MAX     ((size_t)16384) /* modules that are remembered as told */
#define EVIDENCE_MAX 256u            /* a module told more often is told by another fact */

struct seen {
    as_str path, base, event; /* 0, 0, 0: free */
    uint64_t pid;
    uint32_t fact;
};

struct reader {
    as_walk *w;
    as_drak_record r;
    as_drak_processes processes;
    as_drak_calls *calls;
    struct seen *seen;
    size_t n_seen;
    as_drak_process *actor; /* of the record in hand, or NULL; good until one is added */
    as_buf number;
    uint64_t good;
    uint32_t sample;
    bool failed; /* the sample could not be started */
};

struct map {
    const char *key; /* NULL: the end */
    uint16_t attr;
};

/* What every record may have. */
static const struct map common[] = {
    {"TimeStamp", AS_ATTR_TIME},  {"TID", AS_ATTR_TID},          {"EventUID", AS_ATTR_ID},
    {"Plugin", AS_ATTR_CATEGORY}, {"Method", AS_ATTR_OPERATION}, {NULL, 0},
};

static const struct map of_file[] = {
    {"FileName", AS_ATTR_PATH},      {"DesiredAccess", AS_ATTR_ACCESS},
    {"SrcFileName", AS_ATTR_FROM},   {"DstFileName", AS_ATTR_TO},
    {"FileSize", AS_ATTR_SIZE},      {"Size", AS_ATTR_SIZE},
    {"Reason", AS_ATTR_DESCRIPTION}, {NULL, 0},
};
static const struct map of_key[] = {
    {"Key", AS_ATTR_KEY},
    {"ValueName", AS_ATTR_NAME},
    {"Value", AS_ATTR_VALUE},
    {NULL, 0},
};
static const struct map of_flow[] = {
    {"LocalIp", AS_ATTR_SRC},       {"LocalPort", AS_ATTR_SPORT},
    {"RemoteIp", AS_ATTR_DST},      {"RemotePort", AS_ATTR_DPORT},
    {"Protocol", AS_ATTR_PROTOCOL}, {"DnsName", AS_ATTR_REQUEST},
    {"QueryName", AS_ATTR_REQUEST}, {NULL, 0},
};
static const struct map of_access[] = {
    {"ClientID", AS_ATTR_TARGET_PID},
    {"ClientName", AS_ATTR_TARGET_PATH},
    {"DesiredAccess", AS_ATTR_ACCESS},
    {NULL, 0},
};
static const struct map of_end[] = {
    {"ExitPid", AS_ATTR_PID},
    {"ExitStatus", AS_ATTR_CODE},
    {NULL, 0},
};
static const struct map of_dump[] = {
    {"DumpFilename", AS_ATTR_HOST_PATH}, {"DumpSize", AS_ATTR_SIZE},
    {"DumpAddress", AS_ATTR_ADDRESS},    {"DumpReason", AS_ATTR_DESCRIPTION},
    {"DumpPID", AS_ATTR_TARGET_PID},     {NULL, 0},
};
static const struct map of_module[] = {
    {"DllName", AS_ATTR_PATH},
    {"DllBase", AS_ATTR_ADDRESS},
    {"Event", AS_ATTR_OPERATION},
    {NULL, 0},
};
static const struct map of_running[] = {
    {"RunningProcess", AS_ATTR_PATH},
    {"PID", AS_ATTR_PID},
    {"PPID", AS_ATTR_PPID},
    {NULL, 0},
};
static const struct map of_event[] = {
    {"Event", AS_ATTR_OPERATION},
    {"FileName", AS_ATTR_PATH},
    {"Key", AS_ATTR_KEY},
    {"CommandLine", AS_ATTR_COMMAND_LINE},
    {"NewProtectWin32", AS_ATTR_OBJECT},
    {"ClientName", AS_ATTR_OBJECT},
    {NULL, 0},
};

/* The first row that fits. NULL: any. `needs`: a member that the record must have. */
static const struct rule {
    const char *plugin, *method, *needs;
    uint16_t kind;
    const struct map *map;
} rules[] = {
    {"procmon", NULL, "RunningProcess", AS_KIND_PROCESS_RUNNING, of_running},
    {"procmon", "NtOpenProcess", "ClientID", AS_KIND_PROCESS_ACCESS, of_access},
    {"procmon", NULL, "ExitPid", AS_KIND_PROCESS_ENDED, of_end},
    {"filetracer", NULL, "DstFileName", AS_KIND_FILE_MOVED, of_file},
    {"filetracer", "NtCreateFile", "FileName", AS_KIND_FILE_OPENED, of_file},
    {"filetracer", "NtOpenFile", "FileName", AS_KIND_FILE_OPENED, of_file},
    {"filetracer", "NtReadFile", "FileName", AS_KIND_FILE_READ, of_file},
    {"filetracer", "NtWriteFile", "FileName", AS_KIND_FILE_WRITTEN, of_file},
    {"filetracer", "NtDeleteFile", "FileName", AS_KIND_FILE_DELETED, of_file},
    {"filetracer", "NtQueryAttributesFile", "FileName", AS_KIND_FILE_EXISTS, of_file},
    {"filetracer", "NtQueryFullAttributesFile", "FileName", AS_KIND_FILE_EXISTS, of_file},
    {"filedelete", NULL, "FileName", AS_KIND_FILE_DELETED, of_file},
    {"fileextractor", NULL, "FileName", AS_KIND_EXTRACTED, of_file},
    {"regmon", "NtSetValueKey", "Key", AS_KIND_KEY_WRITTEN, of_key},
    {"regmon", "NtCreateKey", "Key", AS_KIND_KEY_OPENED, of_key},
    {"regmon", "NtOpenKey", "Key", AS_KIND_KEY_OPENED, of_key},
    {"regmon", "NtOpenKeyEx", "Key", AS_KIND_KEY_OPENED, of_key},
    {"regmon", "NtDeleteKey", "Key", AS_KIND_KEY_DELETED, of_key},
    {"regmon", "NtDeleteValueKey", "Key", AS_KIND_KEY_DELETED, of_key},
    {"regmon", "NtQueryKey", "Key", AS_KIND_KEY_READ, of_key},
    {"regmon", "NtQueryValueKey", "Key", AS_KIND_KEY_READ, of_key},
    {"regmon", "NtQueryMultipleValueKey", "Key", AS_KIND_KEY_READ, of_key},
    {"regmon", "NtEnumerateKey", "Key", AS_KIND_KEY_READ, of_key},
    {"regmon", "NtEnumerateValueKey", "Key", AS_KIND_KEY_READ, of_key},
    {"socketmon", NULL, "RemoteIp", AS_KIND_CONNECTION, of_flow},
    {"socketmon", NULL, "DnsName", AS_KIND_DNS, of_flow},
    {"socketmon", NULL, "QueryName", AS_KIND_DNS, of_flow},
    {"memdump", NULL, "DumpReason", AS_KIND_MEMORY_DUMP, of_dump},
    {NULL, NULL, NULL, AS_KIND_EVENT, of_event},
};

static bool fits(const char *want, as_bytes have)
{
    return !want || as_bytes_is(have, want);
}

static const struct rule *rule_of(as_drak_record *r)
{
    as_bytes plugin = as_drak_text(r, "Plugin"), method = as_drak_text(r, "Method");
    size_t i = 0;

    while (!fits(rules[i].plugin, plugin) || !fits(rules[i].method, method) ||
           (rules[i].needs && !as_drak_has(r, rules[i].needs)))
        i++;
    return &rules[i];
}

/* --- facts ---------------------------------------------------------------------------------- */

static as_code put(struct reader *x, as_draft *d, as_attr_name name, as_form form, as_bytes text,
                   as_err *err)
{
    as_code rc = text.n ? as_draft_text(d, x->w->facts, name, form, text) : AS_OK;

    return rc ? as_walk_facts_failed(x->w, rc, err) : AS_OK;
}

static void begin(struct reader *x, as_draft *d, as_kind kind, uint32_t parent)
{
    as_draft_init(d, kind);
    d->parent = parent;
    d->evidence[0] = x->r.at;
    d->n_evidence = 1;
}

static as_code add(struct reader *x, const as_draft *d, uint32_t *ret, as_err *err)
{
    as_code rc = as_facts_add(x->w->facts, d, ret);

    return rc ? as_walk_facts_failed(x->w, rc, err) : AS_OK;
}

static as_code put_map(struct reader *x, as_draft *d, const struct map *map, as_err *err)
{
    as_code rc = AS_OK;

    for (; !rc && map->key; map++) {
        const as_drak_entry *e = as_drak_take(&x->r, map->key);

        if (e)
            rc = put(x, d, (as_attr_name)map->attr, e->form, e->value, err);
    }
    return rc;
}

/* One that the draft has no room for. */
static as_code put_detail(struct reader *x, const as_drak_entry *e, uint32_t fact, as_err *err)
{
    as_draft d;
    as_code rc;

    begin(x, &d, AS_KIND_DETAIL, fact);
    rc = put(x, &d, AS_ATTR_NAME, AS_FORM_TEXT, e->key, err);
    if (!rc)
        rc = put(x, &d, AS_ATTR_VALUE, e->form, e->value, err);
    return rc ? rc : add(x, &d, NULL, err);
}

/* All that no row named, under their own names, and the draft as a fact. */
static as_code put_fact(struct reader *x, as_draft *d, uint32_t *ret, as_err *err)
{
    uint32_t fact = AS_NO_FACT;
    as_code rc = as_facts_reserve(x->w->facts, &fact);

    if (rc)
        return as_walk_facts_failed(x->w, rc, err);
    for (size_t i = 0; !rc && i < x->r.n; i++) {
        as_drak_entry *e = &x->r.entries[i];

        if (e->used)
            continue;
        e->used = true;
        if (d->n_attrs + 2 > AS_DRAFT_ATTRS) {
            rc = put_detail(x, e, fact, err);
            continue;
        }
        rc = as_draft_text(d, x->w->facts, AS_ATTR_FIELD, AS_FORM_TEXT, e->key);
        if (!rc)
            rc = as_draft_text(d, x->w->facts, AS_ATTR_FIELD_VALUE, e->form, e->value);
        rc = rc ? as_walk_facts_failed(x->w, rc, err) : AS_OK;
    }
    if (!rc) {
        rc = as_facts_put(x->w->facts, fact, d);
        rc = rc ? as_walk_facts_failed(x->w, rc, err) : AS_OK;
    }
    *ret = fact;
    return rc;
}

/* --- processes ------------------------------------------------------------------------------ */

static bool number_of(const as_drak_entry *e, uint64_t *ret)
{
    return e && as_bytes_u64(e->value, ret);
}

static bool is_path(as_bytes text)
{
    return text.n && (memchr(text.p, '\\', text.n) || memchr(text.p, '/', text.n));
}

/* What a record that names its process says of it. */
static as_code put_named(struct reader *x, as_draft *d, as_err *err)
{
    static const struct {
        const char *key;
        uint16_t attr;
    } numbers[] = {{"PID", AS_ATTR_PID}, {"PPID", AS_ATTR_PPID}};
    as_bytes path = as_drak_text(&x->r, "ProcessName");
    as_code rc = AS_OK;

    begin(x, d, AS_KIND_PROCESS, AS_NO_FACT);
    for (size_t i = 0; !rc && i < AS_COUNT(numbers); i++) {
        const as_drak_entry *e = as_drak_take(&x->r, numbers[i].key);

        if (e)
            rc = put(x, d, (as_attr_name)numbers[i].attr, e->form, e->value, err);
    }
    if (!rc)
        rc = put(x, d, is_path(path) ? AS_ATTR_PATH : AS_ATTR_NAME, AS_FORM_TEXT, path, err);
    return rc ? rc
              : put(x, d, AS_ATTR_FIRST_SEEN, AS_FORM_TEXT, as_drak_text(&x->r, "TimeStamp"), err);
}

static const char *const of_user[] = {"UserName", "UserId"};

/* A process that was not seen to start: the record that names it first is its evidence. */
static as_code add_named(struct reader *x, uint64_t pid, const uint64_t *ppid, as_err *err)
{
    uint32_t fact = AS_NO_FACT;
    as_draft d;
    as_code rc = put_named(x, &d, err);

    for (size_t i = 0; !rc && i < AS_COUNT(of_user); i++) {
        const as_drak_entry *e = as_drak_take(&x->r, of_user[i]);

        if (e)
            rc = put(x, &d, AS_ATTR_FIELD, AS_FORM_TEXT, e->key, err);
        if (!rc && e)
            rc = put(x, &d, AS_ATTR_FIELD_VALUE, e->form, e->value, err);
    }
    if (!rc)
        rc = add(x, &d, &fact, err);
    if (!rc)
        rc = as_drak_process_add(&x->processes, pid, ppid, as_drak_text(&x->r, "ProcessName"), fact,
                                 err);
    return rc;
}

/* Its start was told, which says less of it than a record that names it. */
static as_code join_named(struct reader *x, uint32_t process, as_err *err)
{
    uint32_t fact = AS_NO_FACT;
    as_draft d;
    as_code rc = put_named(x, &d, err);

    if (!rc)
        rc = add(x, &d, &fact, err);
    if (rc)
        return rc;
    rc = as_facts_join(x->w->facts, process, fact);
    if (rc)
        return as_walk_facts_failed(x->w, rc, err);
    for (size_t i = 0; !rc && i < AS_COUNT(of_user); i++) {
        const as_drak_entry *e = as_drak_take(&x->r, of_user[i]);

        if (e)
            rc = put_detail(x, e, process, err);
    }
    return rc;
}

/* Whom the record is about; what it says of the process itself is the process's. */
static as_code find_actor(struct reader *x, as_err *err)
{
    as_bytes name = as_drak_text(&x->r, "ProcessName");
    uint64_t pid, ppid = 0;
    bool has_ppid;
    as_code rc = AS_OK;

    x->actor = NULL;
    if (!number_of(as_drak_take(&x->r, "PID"), &pid))
        return AS_OK;
    has_ppid = number_of(as_drak_take(&x->r, "PPID"), &ppid);
    if (!name.n) {
        x->actor = as_drak_process_get(&x->processes, pid);
        return AS_OK;
    }
    x->actor = as_drak_process_find(&x->processes, pid, has_ppid ? &ppid : NULL, name);
    if (!x->actor) {
        rc = add_named(x, pid, has_ppid ? &ppid : NULL, err);
        x->actor = as_drak_process_get(&x->processes, pid);
    } else if (!x->actor->named) {
        rc = join_named(x, x->actor->fact, err);
    }
    if (x->actor)
        x->actor->named = true;
    for (size_t i = 0; i < AS_COUNT(of_user); i++)
        (void)as_drak_take(&x->r, of_user[i]);
    return rc;
}

static uint32_t actor_fact(const struct reader *x)
{
    return x->actor ? x->actor->fact : AS_NO_FACT;
}

/* A process whose start the record tells. One that acted before its start was logged, or whose
 * start two plugins tell, is the same. */
static as_code put_started(struct reader *x, as_draft *d, uint64_t pid, const uint64_t *ppid,
                           as_bytes path, as_err *err)
{
    const as_drak_process *known = as_drak_process_find(&x->processes, pid, ppid, path);
    uint32_t fact = AS_NO_FACT, old = AS_NO_FACT;
    as_code rc = put_fact(x, d, &fact, err);

    if (known && !known->ended && as_facts_get(x->w->facts, known->fact)->n_evidence < EVIDENCE_MAX)
        old = known->fact;
    if (rc)
        return rc;
    if (old == AS_NO_FACT)
        return as_drak_process_add(&x->processes, pid, ppid, path, fact, err);
    rc = as_facts_join(x->w->facts, old, fact);
    return rc ? as_walk_facts_failed(x->w, rc, err) : AS_OK;
}

static const struct map of_started[] = {
    {"NewPid", AS_ATTR_PID},
    {"ImagePathName", AS_ATTR_PATH},
    {"CommandLine", AS_ATTR_COMMAND_LINE},
    {"TimeStamp", AS_ATTR_FIRST_SEEN},
    {"Status", AS_ATTR_STATUS},
    {"NewTid", AS_ATTR_TID},
    {"EventUID", AS_ATTR_ID},
    {"Plugin", AS_ATTR_CATEGORY},
    {"Method", AS_ATTR_OPERATION},
    {NULL, 0},
};

/* NtCreateUserProcess that went well. */
static as_code read_started(struct reader *x, as_err *err)
{
    as_bytes path = as_drak_text(&x->r, "ImagePathName");
    const as_drak_entry *ppid = as_drak_take(&x->r, "PID");
    uint64_t pid = 0, up = 0;
    bool has_up = number_of(ppid, &up);
    as_draft d;
    as_code rc;

    (void)number_of(as_drak_take(&x->r, "NewPid"), &pid);
    begin(x, &d, AS_KIND_PROCESS, actor_fact(x));
    rc = put_map(x, &d, of_started, err);
    if (!rc && has_up)
        rc = put(x, &d, AS_ATTR_PPID, ppid->form, ppid->value, err);
    return rc ? rc : put_started(x, &d, pid, has_up ? &up : NULL, path, err);
}

static bool starts_process(const as_drak_record *r, as_bytes status)
{
    return as_drak_has(r, "NewPid") &&
           (!status.n || as_bytes_is(status, "0x0") || as_bytes_is(status, "0"));
}

static const struct map of_injected[] = {
    {"InjectedPid", AS_ATTR_PID},
    {"ProcessName", AS_ATTR_PATH},
    {"Arguments", AS_ATTR_COMMAND_LINE},
    {"TimeStamp", AS_ATTR_FIRST_SEEN},
    {"Status", AS_ATTR_STATUS},
    {"InjectedTid", AS_ATTR_TID},
    {"Plugin", AS_ATTR_CATEGORY},
    {"Method", AS_ATTR_OPERATION},
    {NULL, 0},
};

/* DRAKVUF starts the sample by making a process of the guest do it. */
static as_code read_inject(struct reader *x, as_err *err)
{
    as_bytes path = as_drak_text(&x->r, "ProcessName");
    bool good = as_bytes_is(as_drak_text(&x->r, "Status"), "Success");
    uint64_t pid = 0;
    bool has_pid = number_of(as_drak_take(&x->r, "InjectedPid"), &pid);
    uint32_t fact = AS_NO_FACT;
    as_draft d;
    as_code rc = AS_OK;

    if (path.n && x->w->analysis->sample == AS_NO_FACT) {
        begin(x, &d, AS_KIND_SAMPLE, AS_NO_FACT);
        rc = put(x, &d, AS_ATTR_PATH, AS_FORM_TEXT, path, err);
        if (!rc)
            rc = add(x, &d, &x->w->analysis->sample, err);
        if (rc)
            return rc;
    }
    begin(x, &d, good && has_pid ? AS_KIND_PROCESS : AS_KIND_EVENT, AS_NO_FACT);
    rc = put_map(x, &d, of_injected, err);
    if (rc)
        return rc;
    if (good && has_pid)
        return put_started(x, &d, pid, NULL, path, err);
    x->failed |= !good;
    return put_fact(x, &d, &fact, err);
}

/* --- modules --------------------------------------------------------------------------------- */

static as_str intern(struct reader *x, as_bytes text)
{
    as_str str = 0;

    return text.n && !as_facts_intern(x->w->facts, text, &str) ? str : 0;
}

static void forget_seen(struct reader *x)
{
    if (x->seen)
        memset(x->seen, 0, 2 * SEEN_MAX * sizeof(*x->seen));
    x->n_seen = 0;
}

/* The place of that module of that process: with its fact, or free. The log chooses the
 * numbers, so where they fall must not be its choice. */
static struct seen *seen_slot(struct reader *x, const struct seen *want)
{
    uint64_t key[] = {want->pid, (uint64_t)want->path << 32 | want->base, want->event};
    uint64_t h = as_hash64((as_bytes){(const uint8_t *)key, sizeof(key)}, x->processes.seed);

    for (size_t at = (size_t)h;; at++) {
        struct seen *s = &x->seen[at & (2 * SEEN_MAX - 1)];

        if (!s->event || (s->pid == want->pid && s->path == want->path && s->base == want->base &&
                          s->event == want->event))
            return s;
    }
}

/* apimon tells the same module of the same process over and over. */
static as_code join_module(struct reader *x, const struct seen *want, uint32_t fact, as_err *err)
{
    struct seen *s;
    as_code rc;

    if (!want->path || !want->event)
        return AS_OK;
    if (!x->seen)
        x->seen = as_mem_zero(2 * SEEN_MAX, sizeof(*x->seen));
    if (!x->seen)
        return as_fail_nomem(err, "the modules of a log");
    if (x->n_seen == SEEN_MAX)
        forget_seen(x);
    s = seen_slot(x, want);
    if (s->event && as_facts_get(x->w->facts, s->fact)->n_evidence < EVIDENCE_MAX) {
        rc = as_facts_join(x->w->facts, s->fact, fact);
        return rc ? as_walk_facts_failed(x->w, rc, err) : AS_OK;
    }
    x->n_seen += !s->event;
    *s = *want;
    s->fact = fact;
    return AS_OK;
}

/* The functions that apimon hooked in a module: {name: offset in it}. */
static as_code add_watched(struct reader *x, uint32_t module, as_err *err)
{
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < x->r.n; i++) {
        as_drak_entry *e = &x->r.entries[i];
        as_draft d;

        if (!e->nested || !as_bytes_is(e->top, "Rva"))
            continue;
        e->used = true;
        begin(x, &d, AS_KIND_API_WATCHED, module);
        rc = put(x, &d, AS_ATTR_NAME, AS_FORM_TEXT, e->key, err);
        if (!rc)
            rc = put(x, &d, AS_ATTR_OFFSET, e->form, e->value, err);
        if (!rc)
            rc = add(x, &d, NULL, err);
    }
    return rc;
}

static as_code read_module(struct reader *x, as_err *err)
{
    const as_drak_entry *pid = as_drak_take(&x->r, "PID");
    as_bytes event = as_drak_text(&x->r, "Event");
    bool loaded = as_bytes_is(event, "dll_loaded");
    struct seen want = {.path = intern(x, as_drak_text(&x->r, "DllName")),
                        .base = intern(x, as_drak_text(&x->r, "DllBase")),
                        .event = intern(x, event)};
    uint32_t fact = AS_NO_FACT;
    as_draft d;
    as_code rc;

    begin(x, &d, loaded ? AS_KIND_MODULE : AS_KIND_MODULE_MAPPED, actor_fact(x));
    rc = put_map(x, &d, of_module, err);
    if (!rc)
        rc = put_map(x, &d, common, err);
    if (!rc && pid)
        rc = put(x, &d, AS_ATTR_PID, pid->form, pid->value, err);
    for (size_t i = 0; i < x->r.n; i++)
        x->r.entries[i].used |= x->r.entries[i].nested && as_bytes_is(x->r.entries[i].top, "Rva");
    if (!rc)
        rc = put_fact(x, &d, &fact, err);
    if (!rc)
        rc = add_watched(x, fact, err);
    if (rc || (pid && !as_bytes_u64(pid->value, &want.pid)))
        return rc;
    return join_module(x, &want, fact, err);
}

/* --- records --------------------------------------------------------------------------------- */

/* The process that ended another is named by fields of the end, which is a part of the other. */
static void give_back_actor(struct reader *x)
{
    for (size_t i = 0; i < x->r.n; i++) {
        as_drak_entry *e = &x->r.entries[i];

        if (!e->nested && (as_bytes_is(e->key, "PID") || as_bytes_is(e->key, "ProcessName")))
            e->used = false;
    }
}

/* Some plugins give no method. */
static as_code name_event(struct reader *x, as_draft *d, as_err *err)
{
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == AS_ATTR_OPERATION)
            return AS_OK;
    }
    return put(x, d, AS_ATTR_OPERATION, AS_FORM_TEXT, as_drak_text(&x->r, "Plugin"), err);
}

/* What tells the kind of a record apart from all that is alike: kept where the rows say. */
static as_code read_other(struct reader *x, as_err *err)
{
    const struct rule *rule = rule_of(&x->r);
    const as_drak_entry *pid = as_drak_take(&x->r, "PID");
    as_drak_process *ended = NULL;
    uint64_t number = 0;
    uint32_t fact = AS_NO_FACT;
    as_draft d;
    as_code rc;

    begin(x, &d, (as_kind)rule->kind, actor_fact(x));
    if (rule->kind == AS_KIND_PROCESS_ENDED && number_of(as_drak_take(&x->r, "ExitPid"), &number))
        ended = as_drak_process_get(&x->processes, number);
    if (ended) {
        d.parent = ended->fact;
        give_back_actor(x);
    }
    rc = put_map(x, &d, rule->map, err);
    if (!rc)
        rc = put_map(x, &d, common, err);
    if (!rc && rule->kind == AS_KIND_EVENT)
        rc = name_event(x, &d, err);
    if (!rc && pid && !x->actor && rule->map != of_running && !ended)
        rc = put(x, &d, AS_ATTR_PID, pid->form, pid->value, err);
    if (!rc)
        rc = put_fact(x, &d, &fact, err);
    if (ended)
        ended->ended = true;
    return rc;
}

/* Of a call that went out, what has no place in it. */
static as_code leave_out(struct reader *x, as_place *place, as_err *err)
{
    static const char *const names[] = {"vCPU", "VCPU", "CR3", "Syscall", "NArgs"};
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < AS_COUNT(names); i++) {
        const as_drak_entry *e = as_drak_take(&x->r, names[i]);
        as_place child = {.up = place};
        as_str str = 0;

        if (!e)
            continue;
        rc = as_facts_intern(x->w->facts, e->key, &str);
        if (rc)
            return as_walk_facts_failed(x->w, rc, err);
        child.step = str | AS_STEP_KEY;
        rc = as_paths_add(x->w, &child, e->end - e->begin, true, err);
    }
    return rc;
}

static as_code read_call(struct reader *x, as_place *place, as_err *err)
{
    as_code rc = leave_out(x, place, err);

    return rc ? rc : as_drak_call(x->calls, &x->r, x->actor, err);
}

static as_code read_return(struct reader *x, as_place *place, as_err *err)
{
    bool found = false;
    as_code rc = as_drak_return(x->calls, &x->r, &found, err);

    for (size_t i = 0; !found && i < x->r.n; i++) /* a look took them */
        x->r.entries[i].used = as_bytes_is(x->r.entries[i].key, "PPID") ||
                               as_bytes_is(x->r.entries[i].key, "ProcessName") ||
                               as_bytes_is(x->r.entries[i].key, "UserName") ||
                               as_bytes_is(x->r.entries[i].key, "UserId");
    if (rc)
        return rc;
    return found ? leave_out(x, place, err) : read_other(x, err);
}

static as_code read_kept(struct reader *x, as_place *place, as_bytes plugin, as_err *err)
{
    as_bytes event = as_drak_text(&x->r, "Event");
    as_code rc;

    if (as_bytes_is(plugin, "inject"))
        return read_inject(x, err);
    rc = find_actor(x, err);
    if (rc)
        return rc;
    if (as_bytes_is(plugin, "apimon") && as_bytes_is(event, "api_called"))
        return read_call(x, place, err);
    if (as_bytes_is(plugin, "apimon") && as_drak_has(&x->r, "DllName"))
        return read_module(x, err);
    if (as_bytes_is(plugin, "syscall"))
        return read_call(x, place, err);
    if (as_bytes_is(plugin, "sysret"))
        return read_return(x, place, err);
    if (as_bytes_is(plugin, "procmon") && starts_process(&x->r, as_drak_text(&x->r, "Status")))
        return read_started(x, err);
    return read_other(x, err);
}

static as_code read_record(as_walk *w, void *ctx, as_place *place, as_json_tok *t, bool *ret_kept,
                           as_err *err)
{
    struct reader *x = ctx;
    as_bytes plugin;
    as_code rc;

    if (t->type != AS_JSON_OBJECT)
        return as_json_skip(w->json, t, err);
    rc = as_drak_record_read(w, &x->r, place, t, err);
    if (rc)
        return rc;
    plugin = as_drak_text(&x->r, "Plugin");
    if (!plugin.n)
        return AS_OK;
    rc = read_kept(x, place, plugin, err);
    *ret_kept = !rc;
    x->good += !rc;
    return rc;
}

static as_code between(as_walk *w, void *ctx, as_err *err)
{
    struct reader *x = ctx;
    as_code rc = as_drak_calls_flush(x->calls, err);

    forget_seen(x);
    return rc ? rc : as_drak_processes_portion(&x->processes, w, err);
}

/* --- the log -----------------------------------------------------------------------------------
 */

static as_code read_all(struct reader *x, as_err *err)
{
    as_walk *w = x->w;
    as_code rc = as_counts_begin(w, err);

    if (!rc)
        rc = as_walk_records(w, read_record, between, x, err);
    if (!rc && !x->good)
        rc = as_fail(err, AS_UNKNOWN, AS_NO_OFFSET, "no record of DRAKVUF in the input");
    if (!rc)
        rc = as_drak_calls_flush(x->calls, err);
    if (!rc)
        rc = as_counts_put(w, NULL, err);
    if (rc)
        return rc;
    w->analysis->tool = "DRAKVUF";
    if (x->failed)
        w->analysis->gaps |= AS_GAP_STATUS;
    if (!x->processes.n)
        w->analysis->gaps |= AS_GAP_NOTHING;
    return AS_OK;
}

static as_code read_drakvuf(as_walk *w, as_err *err)
{
    struct reader *x = as_mem_zero(1, sizeof(*x));
    as_code rc = AS_OK;

    if (!x)
        return as_fail_nomem(err, "a log of DRAKVUF");
    x->w = w;
    as_drak_processes_init(&x->processes);
    x->calls = as_drak_calls_new(w);
    if (!x->calls)
        rc = as_fail_nomem(err, "a log of DRAKVUF");
    if (!rc)
        rc = read_all(x, err);
    as_drak_calls_free(x->calls);
    as_drak_processes_done(&x->processes);
    as_drak_record_done(&x->r);
    as_mem_free(x->seen);
    as_mem_free(x);
    return rc;
}

static as_sure probe_drakvuf(const as_head *h)
{
    if (!h->is_json || !as_head_has(h, "Plugin"))
        return AS_SURE_NO;
    if (as_head_has(h, "TimeStamp") || as_head_has(h, "Event") || as_head_has(h, "PID"))
        return AS_SURE_YES;
    return AS_SURE_MAYBE;
}

const as_reader as_reader_drakvuf = {
    .about = {.id = "drakvuf",
              .name = "DRAKVUF log",
              .versions = "1.x: JSON lines; apimon, syscall, sysret, procmon and inject seen",
              .maps = "processes, API and system calls with what they returned, modules, opened "
                      "processes, files, registry, connections, dumps; every field of every other "
                      "plugin",
              .seen = true},
    .probe = probe_drakvuf,
    .read = read_drakvuf,
};

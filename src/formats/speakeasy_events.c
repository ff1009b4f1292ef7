#include "formats/speakeasy_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * What an entry point did. From report version 2 on all of it is one list, in which most
 * are API calls; these go out one by one and are counted (counts.c). Report version 1 has
 * a list for each sort, so a name such as "create" means what its list says.
 */

enum list {
    LIST_EVENTS,
    LIST_APIS,
    LIST_PROCESS,
    LIST_FILE,
    LIST_REGISTRY,
    LIST_TRAFFIC,
    LIST_EXCEPTION
};

/* clang-format off */

/* Attributes as most kinds have them; fit_kind() gives them the names of the others. */
LOCAL_SHAPE(event,
    ATTR("path", PATH),
    ATTR("name", NAME),
    ATTR("cmdline", COMMAND_LINE),
    ATTR("pid", TARGET_PID), /* of the process acted upon; who acts is in `pos` */
    ATTR("tid", THREAD),
    ATTR("base", ADDRESS),
    ATTR("start_addr", ADDRESS),
    ATTR("buffer", ADDRESS),
    ATTR("handler_address", ADDRESS),
    ATTR("size", RAW_SIZE),
    ATTR("protect", ACCESS),
    ATTR("access_flags", ACCESS),
    ATTR("open_flags", METHOD),
    ATTR("param", ARGUMENT),
    ATTR("handle", ID),
    ATTR("value_name", NAME),
    ATTR("data_ref", REFERENCE),
    ATTR("body_ref", REFERENCE),
    ATTR("data", CONTENT),
    ATTR("body", BODY),
    ATTR("query", REQUEST),
    ATTR("response", ANSWER),
    ATTR("server", HOSTNAME),
    ATTR("port", DPORT),
    ATTR("proto", PROTOCOL),
    ATTR("type", TYPE),
    ATTR("method", METHOD),
    ATTR("headers", REQUEST),
    ATTR("instr", INSTRUCTION),
    ATTR("exception_code", CODE),
    ATTR("faulting_address", VALUE),
    ATTR("pc_module", MODULE_PATH),
    LEAVES("registers", DETAIL),
    LEAVES("stack_trace", DETAIL),
    OTHER_LEAVES(DETAIL));

/* clang-format on */

/* --- keeping ------------------------------------------------------------------------------ */

static as_bytes view(const as_walk *w, const struct as_kept *k)
{
    return (as_bytes){k->n ? w->call.p + k->at : NULL, k->n};
}

/* A scalar; anything else is passed over, and null records nothing. */
static as_code keep(as_walk *w, as_place *place, struct as_kept *ret, as_json_tok *t, as_err *err)
{
    as_bytes text = {0};
    as_code rc;

    if (t->type == AS_JSON_NULL)
        return AS_OK;
    if (t->type < AS_JSON_STRING || ret->there)
        return as_walk_pass(w, place, t, false, err);
    rc = as_walk_text(w, t, &text, err);
    if (rc)
        return rc;
    *ret = (struct as_kept){w->call.n, text.n, as_form_of(t->type), true};
    as_buf_add(&w->call, text);
    return w->call.failed ? as_fail_nomem(err, "an API call") : AS_OK;
}

static as_code keep_value(as_walk *w, as_place *place, struct as_kept *ret, as_json_tok *t,
                          as_err *err)
{
    as_place child;
    as_code rc = as_walk_value(w, place, &child, t, err);

    return rc ? rc : keep(w, &child, ret, t, err);
}

/* Of an argument: whatever it is, it is part of the call and nothing that was not mapped. */
static as_code keep_any(as_walk *w, struct as_kept *ret, as_json_tok *t, as_err *err)
{
    *ret = (struct as_kept){.form = as_form_of(t->type), .there = t->type != AS_JSON_NULL};
    return as_call_keep(w, t, &ret->at, &ret->n, err);
}

/* {"name":..,"type":..,"display":..,"value":..}, from report version 5 on. */
static as_code read_argument(as_walk *w, as_place *place, struct as_kept *name,
                             struct as_kept *value, as_json_tok *t, as_err *err)
{
    for (;;) {
        bool is_name, is_display;
        as_place child;
        as_code rc = as_walk_next(w, t, err);

        if (rc || t->type == AS_JSON_OBJECT_END)
            return rc;
        is_name = as_bytes_is(t->raw, "name");
        is_display = as_bytes_is(t->raw, "display");
        rc = as_walk_value(w, place, &child, t, err);
        if (!rc && (is_name || is_display))
            rc = keep_any(w, is_name ? name : value, t, err);
        else if (!rc)
            rc = as_json_skip(w->json, t, err); /* its type, and the number that was passed */
        if (rc)
            return rc;
    }
}

static as_code read_arg_element(as_walk *w, as_place *place, uint32_t fact, void *ctx,
                                as_json_tok *t, as_err *err)
{
    struct as_kept left_out[2] = {{0}}, *name = &left_out[0], *value = &left_out[1];
    struct as_speakeasy *s = w->own;

    (void)fact;
    (void)ctx;
    if (s->n_values == AS_CALL_ARGS_MAX) {
        s->values_left_out++;
    } else {
        name = &s->names[s->n_values];
        value = &s->values[s->n_values++];
        *value = (struct as_kept){0};
    }
    if (t->type != AS_JSON_OBJECT)
        return keep_any(w, value, t, err);
    while (s->n_names < s->n_values)
        s->names[s->n_names++] = (struct as_kept){0};
    return read_argument(w, place, name, value, t, err);
}

static as_code read_name_element(as_walk *w, as_place *place, uint32_t fact, void *ctx,
                                 as_json_tok *t, as_err *err)
{
    struct as_kept left_out = {0}, *name = &left_out;
    struct as_speakeasy *s = w->own;

    (void)place;
    (void)fact;
    (void)ctx;
    if (s->n_names < AS_CALL_ARGS_MAX) {
        name = &s->names[s->n_names++];
        *name = (struct as_kept){0};
    }
    return keep_any(w, name, t, err);
}

static as_code read_pos(as_walk *w, as_place *place, as_json_tok *t, as_err *err)
{
    static const struct {
        const char *key;
        as_speakeasy_field field;
    } keys[] = {{"tick", AS_SPEAKEASY_TICK},
                {"tid", AS_SPEAKEASY_TID},
                {"pid", AS_SPEAKEASY_PID},
                {"pc", AS_SPEAKEASY_PC}};
    struct as_speakeasy *s = w->own;

    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    for (;;) {
        as_place child;
        size_t k = 0;
        as_code rc = as_walk_next(w, t, err);

        if (rc || t->type == AS_JSON_OBJECT_END)
            return rc;
        while (k < AS_COUNT(keys) && !as_bytes_is(t->raw, keys[k].key))
            k++;
        rc = as_walk_value(w, place, &child, t, err);
        if (rc)
            return rc;
        rc = k < AS_COUNT(keys) ? keep(w, &child, &s->fields[keys[k].field], t, err)
                                : as_walk_pass(w, &child, t, false, err);
        if (rc)
            return rc;
    }
}

/* --- one event ---------------------------------------------------------------------------- */

/* Of a call only, its name read: arguments and what came back. False: the key is another. */
static bool is_call_key(const struct as_speakeasy *s, as_bytes key)
{
    static const char *const keys[] = {"args", "arg_names", "arg_types", "arg_values", "ret_val"};

    for (size_t i = 0; s->fields[AS_SPEAKEASY_API].there && i < AS_COUNT(keys); i++) {
        if (as_bytes_is(key, keys[i]))
            return true;
    }
    return false;
}

static as_code read_call_member(as_walk *w, as_place *place, as_json_tok *t, as_err *err)
{
    struct as_speakeasy *s = w->own;
    bool args = as_bytes_is(t->raw, "args"), names = as_bytes_is(t->raw, "arg_names");
    bool ret = as_bytes_is(t->raw, "ret_val");
    as_place child;
    as_code rc;

    if (ret)
        return keep_value(w, place, &s->fields[AS_SPEAKEASY_RET], t, err);
    rc = as_walk_value(w, place, &child, t, err);
    if (rc)
        return rc;
    if ((args || names) && w->options->on_call && t->type == AS_JSON_ARRAY)
        return as_walk_each(w, &child, AS_NO_FACT, args ? read_arg_element : read_name_element,
                            NULL, t, err);
    return as_json_skip(w->json, t, err);
}

/* One member of an event, its key in `t`. */
static as_code read_member(as_walk *w, as_place *place, enum list list, as_json_tok *t, as_err *err)
{
    struct as_speakeasy *s = w->own;
    as_place child;
    as_code rc;

    if (as_bytes_is(t->raw, "api_name"))
        return keep_value(w, place, &s->fields[AS_SPEAKEASY_API], t, err);
    if (is_call_key(s, t->raw))
        return read_call_member(w, place, t, err);
    if (as_bytes_is(t->raw, "event"))
        return keep_value(w, place, &s->fields[AS_SPEAKEASY_EVENT], t, err);
    if (as_bytes_is(t->raw, "pc"))
        return keep_value(w, place, &s->fields[AS_SPEAKEASY_PC], t, err);
    if (list == LIST_EVENTS && as_bytes_is(t->raw, "pos")) {
        rc = as_walk_value(w, place, &child, t, err);
        return rc ? rc : read_pos(w, &child, t, err);
    }
    if (s->fact == AS_NO_FACT) {
        rc = as_facts_reserve(w->facts, &s->fact);
        if (rc)
            return as_walk_facts_failed(w, rc, err);
    }
    return as_walk_member(w, place, &as_shape_event, s->fact, &s->draft, t, err);
}

static const as_attr *find_attr(const as_draft *d, as_attr_name name)
{
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == name)
            return &d->attrs[i];
    }
    return NULL;
}

static void rename_attr(as_draft *d, as_attr_name from, as_attr_name to)
{
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == from)
            d->attrs[i].name = (uint16_t)to;
    }
}

/* `list` LIST_EVENTS: the name alone tells, as it does from report version 2 on. */
static const struct {
    const char *name;
    enum list list;
    as_kind kind;
} kinds[] = {
    {"process_create", LIST_EVENTS, AS_KIND_PROCESS},
    {"mem_alloc", LIST_EVENTS, AS_KIND_MEMORY_OPERATION},
    {"mem_free", LIST_EVENTS, AS_KIND_MEMORY_OPERATION},
    {"mem_protect", LIST_EVENTS, AS_KIND_MEMORY_OPERATION},
    {"mem_read", LIST_EVENTS, AS_KIND_MEMORY_OPERATION},
    {"mem_write", LIST_EVENTS, AS_KIND_MEMORY_OPERATION},
    {"module_load", LIST_EVENTS, AS_KIND_MODULE},
    {"thread_inject", LIST_EVENTS, AS_KIND_REMOTE_THREAD},
    {"file_create", LIST_EVENTS, AS_KIND_FILE_CREATED},
    {"file_open", LIST_EVENTS, AS_KIND_FILE_OPENED},
    {"file_read", LIST_EVENTS, AS_KIND_FILE_READ},
    {"file_write", LIST_EVENTS, AS_KIND_FILE_WRITTEN},
    {"reg_open_key", LIST_EVENTS, AS_KIND_KEY_OPENED},
    {"reg_create_key", LIST_EVENTS, AS_KIND_KEY_WRITTEN},
    {"reg_read_value", LIST_EVENTS, AS_KIND_KEY_READ},
    {"reg_write_value", LIST_EVENTS, AS_KIND_KEY_WRITTEN},
    {"reg_list_subkeys", LIST_EVENTS, AS_KIND_KEY_OPENED},
    {"net_dns", LIST_EVENTS, AS_KIND_DNS},
    {"net_traffic", LIST_EVENTS, AS_KIND_CONNECTION},
    {"net_http", LIST_EVENTS, AS_KIND_HTTP},
    {"exception", LIST_EVENTS, AS_KIND_EXCEPTION},
    {"create", LIST_PROCESS, AS_KIND_PROCESS},
    {"create", LIST_FILE, AS_KIND_FILE_CREATED},
    {"open", LIST_FILE, AS_KIND_FILE_OPENED},
    {"read", LIST_FILE, AS_KIND_FILE_READ},
    {"write", LIST_FILE, AS_KIND_FILE_WRITTEN},
    {"open_key", LIST_REGISTRY, AS_KIND_KEY_OPENED},
    {"create_key", LIST_REGISTRY, AS_KIND_KEY_WRITTEN},
    {"read_value", LIST_REGISTRY, AS_KIND_KEY_READ},
    {"write_value", LIST_REGISTRY, AS_KIND_KEY_WRITTEN},
    {"list_subkeys", LIST_REGISTRY, AS_KIND_KEY_OPENED},
};

/* A name that none of these is stays an event by that name. */
static as_kind kind_of(const as_draft *d, enum list list, as_bytes name)
{
    for (size_t i = 0; i < AS_COUNT(kinds); i++) {
        if ((kinds[i].list == LIST_EVENTS || kinds[i].list == list) &&
            as_bytes_is(name, kinds[i].name))
            return kinds[i].kind;
    }
    if (list == LIST_TRAFFIC && find_attr(d, AS_ATTR_HOSTNAME))
        return find_attr(d, AS_ATTR_REQUEST) ? AS_KIND_HTTP : AS_KIND_CONNECTION;
    if (list == LIST_TRAFFIC && find_attr(d, AS_ATTR_REQUEST))
        return AS_KIND_DNS;
    if (list == LIST_EXCEPTION)
        return AS_KIND_EXCEPTION;
    /* From version 4 on a thread created in another process names that process. */
    if (list == LIST_EVENTS && as_bytes_is(name, "thread_create") &&
        find_attr(d, AS_ATTR_TARGET_PID))
        return AS_KIND_REMOTE_THREAD;
    return AS_KIND_EVENT;
}

static void fit_kind(as_draft *d)
{
    switch (d->kind) {
    case AS_KIND_PROCESS:
        rename_attr(d, AS_ATTR_PID, AS_ATTR_PPID); /* who acts has started it */
        rename_attr(d, AS_ATTR_TARGET_PID, AS_ATTR_PID);
        return;
    case AS_KIND_MEMORY_OPERATION:
    case AS_KIND_REMOTE_THREAD:
        rename_attr(d, AS_ATTR_PATH, AS_ATTR_TARGET_PATH);
        return;
    case AS_KIND_FILE_READ:
    case AS_KIND_FILE_WRITTEN:
        rename_attr(d, AS_ATTR_RAW_SIZE, AS_ATTR_SIZE);
        return;
    case AS_KIND_KEY_OPENED:
    case AS_KIND_KEY_READ:
    case AS_KIND_KEY_WRITTEN:
        rename_attr(d, AS_ATTR_PATH, AS_ATTR_KEY);
        return;
    case AS_KIND_CONNECTION:
        rename_attr(d, AS_ATTR_HOSTNAME, AS_ATTR_DST);
        return;
    default:
        return;
    }
}

static as_code put_kept(as_walk *w, as_draft *d, as_attr_name name, const struct as_kept *k)
{
    as_bytes text = view(w, k);

    return k->there && text.n ? as_draft_text(d, w->facts, name, k->form, text) : AS_OK;
}

/* What was kept of its place and name, and then the kind. */
static as_code end_fact(as_walk *w, as_place *place, uint32_t parent, enum list list, uint64_t end,
                        as_err *err)
{
    static const as_attr_name names[] = {AS_ATTR_OPERATION, AS_ATTR_INSTRUCTIONS, AS_ATTR_TID,
                                         AS_ATTR_PID, AS_ATTR_CALLER};
    struct as_speakeasy *s = w->own;
    as_code rc = AS_OK;

    if (s->fact == AS_NO_FACT)
        rc = as_facts_reserve(w->facts, &s->fact);
    for (size_t i = 0; !rc && i < AS_COUNT(names) && s->draft.n_attrs < AS_DRAFT_ATTRS; i++)
        rc = put_kept(w, &s->draft, names[i], &s->fields[i]);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    s->draft.parent = parent;
    s->draft.kind = kind_of(&s->draft, list, view(w, &s->fields[AS_SPEAKEASY_EVENT]));
    fit_kind(&s->draft);
    return as_part_end(w, &s->draft, s->fact, place, end, err);
}

static as_code tell_call(as_walk *w, as_err *err)
{
    struct as_speakeasy *s = w->own;
    as_call *call = &s->call;

    call->n_args = s->n_values;
    call->args_left_out = s->values_left_out;
    for (size_t i = 0; i < call->n_args; i++) {
        call->args[i] = (as_call_arg){.value = view(w, &s->values[i])};
        if (i < s->n_names)
            call->args[i].name = view(w, &s->names[i]);
    }
    return w->options->on_call(w->options->call_ctx, call, err);
}

static as_code end_call(as_walk *w, as_place *place, uint32_t parent, as_json_tok *t, as_err *err)
{
    struct as_speakeasy *s = w->own;
    as_call *call = &s->call;
    as_evidence e;
    as_code rc;

    call->process = parent;
    call->index = place->step;
    call->begin = t->begin;
    call->end = t->end;
    call->api = view(w, &s->fields[AS_SPEAKEASY_API]);
    call->thread = view(w, &s->fields[AS_SPEAKEASY_TID]);
    call->caller = view(w, &s->fields[AS_SPEAKEASY_PC]);
    call->ret = view(w, &s->fields[AS_SPEAKEASY_RET]);
    w->analysis->calls++;
    if (w->options->on_call) {
        rc = tell_call(w, err);
        if (rc)
            return rc;
    }
    rc = as_walk_evidence(w, place, t->end, &e, err);
    return rc ? rc : as_counts_add(w, call, &e, err);
}

static as_code read_event(as_walk *w, as_place *place, uint32_t parent, void *ctx, as_json_tok *t,
                          as_err *err)
{
    const enum list *list = ctx;
    size_t from = as_facts_evidence_count(w->facts);
    struct as_speakeasy *s = w->own;
    as_code rc;

    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    memset(s->fields, 0, sizeof(s->fields));
    s->n_names = s->n_values = s->values_left_out = 0;
    s->fact = AS_NO_FACT;
    as_draft_init(&s->draft, AS_KIND_EVENT);
    s->draft.n_evidence = 1;
    as_buf_reset(&w->call);
    do {
        rc = as_walk_next(w, t, err);
        if (rc)
            return rc;
        if (t->type == AS_JSON_KEY)
            rc = read_member(w, place, *list, t, err);
        if (rc)
            return rc;
    } while (t->type != AS_JSON_OBJECT_END || t->begin != place->begin);
    as_facts_close_evidence(w->facts, from, t->begin, t->end);
    if (s->fields[AS_SPEAKEASY_API].there) {
        rc = end_call(w, place, parent, t, err);
        if (rc || s->fact == AS_NO_FACT)
            return rc;
    }
    /* No call, or one with more to it than a call has. */
    return end_fact(w, place, parent, *list, t->end, err);
}

/* --- lists -------------------------------------------------------------------------------- */

static as_code read_list(as_walk *w, as_place *place, uint32_t fact, enum list list, as_json_tok *t,
                         as_err *err)
{
    as_evidence e;
    as_code rc = as_counts_begin(w, err);

    if (!rc)
        rc = as_walk_each(w, place, fact, read_event, &list, t, err);
    if (!rc)
        rc = as_walk_evidence(w, place, t->end, &e, err);
    return rc ? rc : as_counts_put(w, &e, err);
}

#define LIST(name, which)                                                                          \
    as_code as_speakeasy_##name(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,        \
                                as_err *err)                                                       \
    {                                                                                              \
        return read_list(w, place, fact, which, t, err);                                           \
    }

LIST(events, LIST_EVENTS)
LIST(apis, LIST_APIS)
LIST(processes, LIST_PROCESS)
LIST(files, LIST_FILE)
LIST(registry, LIST_REGISTRY)
LIST(exceptions, LIST_EXCEPTION)
LIST(dns, LIST_TRAFFIC)
LIST(traffic, LIST_TRAFFIC)

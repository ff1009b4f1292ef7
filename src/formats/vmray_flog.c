#include "formats/vmray_priv.h"

#include "base/xml.h"

#include <string.h>

#include "base/banned.h"

/*
 * VMRay's flog.xml: one element below the root for each thing that happened. A fact's
 * evidence is the whole element, its pointer '#' and the element's number under the
 * root. VMRay numbers processes, threads and regions itself; what they are in the guest
 * stands in the element that began each. `fnret` says only when a call came back: what
 * came back stands in the call, as `ret_val` of its `out`.
 */

#define DEPTH_MAX 64 /* of derefs and members within a call */

struct arg_span {
    size_t name, name_n, value, value_n, pretty, pretty_n;
    bool out;
};

struct flog {
    as_walk *w;
    as_xml *x;
    as_xml_tok t;
    as_ids processes, threads, regions; /* VMRay's numbers to facts; of a thread its process */
    as_buf resolved;                    /* XML's references undone, VMRay's escapes not */
    as_place root;
    uint64_t begin; /* of the element under the root in hand */
    uint64_t index;
    bool ran;
    uint32_t run; /* the fact of the analysis */
    /* The call in hand; its texts are in w->call. */
    as_call call;
    struct arg_span args[AS_CALL_ARGS_MAX], left_out, ret;
};

/* --- what the elements under the root hold -------------------------------------------- */

enum how {
    HOW_TEXT,    /* an attribute of the fact */
    HOW_NUMBER,  /* 0x.. as the decimal number that other tools write */
    HOW_NONZERO, /* as HOW_NUMBER; 0 says nothing */
    HOW_ADDRESS, /* as text; 0x0 says nothing */
    HOW_PART,    /* a detail of the fact */
    HOW_PROCESS, /* the fact belongs to that process */
    HOW_THREAD,  /* or to that of this thread, and it is an attribute */
    HOW_SKIP
};

struct field {
    const char *name;
    uint8_t how;
    uint16_t attr;
};

static const struct field analysis_fields[] = {
    {"analyzer_version", HOW_TEXT, AS_ATTR_VERSION},
    {"analysis_date", HOW_TEXT, AS_ATTR_STARTED},
    {"log_version", HOW_PART, 0},
};

static const struct field process_fields[] = {
    {"ts", HOW_TEXT, AS_ATTR_FIRST_SEEN},
    {"process_id", HOW_TEXT, AS_ATTR_ID},
    {"image_name", HOW_TEXT, AS_ATTR_NAME},
    {"filename", HOW_TEXT, AS_ATTR_PATH},
    {"os_pid", HOW_NUMBER, AS_ATTR_PID},
    {"os_parent_pid", HOW_NONZERO, AS_ATTR_PPID},
    {"cmd_line", HOW_TEXT, AS_ATTR_COMMAND_LINE},
    {"os_username", HOW_TEXT, AS_ATTR_USER},
    {"monitor_reason", HOW_TEXT, AS_ATTR_DESCRIPTION},
    {"parent_id", HOW_PROCESS, 0},
    {"cur_dir", HOW_PART, 0},
    {"bitness", HOW_PART, 0},
    {"os_integrity_level", HOW_PART, 0},
    {"os_privileges", HOW_PART, 0},
    {"os_groups", HOW_PART, 0},
    {"page_root", HOW_SKIP, 0},
};

static const struct field end_fields[] = {
    {"ts", HOW_TEXT, AS_ATTR_ENDED},
    {"process_id", HOW_TEXT, AS_ATTR_ID},
};

static const struct field thread_fields[] = {
    {"ts", HOW_TEXT, AS_ATTR_TIME},
    {"thread_id", HOW_THREAD, AS_ATTR_OBJECT},
    {"process_id", HOW_PROCESS, 0},
    {"os_tid", HOW_NUMBER, AS_ATTR_TID},
};

static const struct field region_fields[] = {
    {"ts", HOW_TEXT, AS_ATTR_TIME},
    {"region_id", HOW_TEXT, AS_ATTR_ID},
    {"process_id", HOW_PROCESS, 0},
    {"start_va", HOW_TEXT, AS_ATTR_ADDRESS},
    {"end_va", HOW_TEXT, AS_ATTR_TO},
    {"entry_point", HOW_ADDRESS, AS_ATTR_ENTRYPOINT},
    {"region_type", HOW_TEXT, AS_ATTR_TYPE},
    {"name", HOW_TEXT, AS_ATTR_NAME},
    {"normalized_filename", HOW_TEXT, AS_ATTR_PATH},
    {"filename", HOW_SKIP, 0}, /* the same without its drive */
    {"monitored", HOW_SKIP, 0},
};

static const struct field region_end_fields[] = {
    {"ts", HOW_TEXT, AS_ATTR_ENDED},
    {"region_id", HOW_TEXT, AS_ATTR_ID},
};

/* --- texts ------------------------------------------------------------------------------ */

/* The value of an attribute as an analyst needs it; in w->text, f->resolved or the window. */
static as_code decode(struct flog *f, as_bytes raw, as_bytes *ret, as_err *err)
{
    as_bytes text = {0};

    if (as_xml_value(raw, &f->resolved, &text) || as_vmray_unescape(text, &f->w->text, ret))
        return as_fail_nomem(err, "a text of the report");
    return AS_OK;
}

/* "0xb74" and "2932". */
static bool number_of(as_bytes text, uint64_t *ret)
{
    uint64_t v = 0;

    if (text.n < 3 || text.n > 18 || text.p[0] != '0' || text.p[1] != 'x')
        return as_bytes_u64(text, ret);
    for (size_t i = 2; i < text.n; i++) {
        uint8_t c = text.p[i] | 0x20;

        if (text.p[i] >= '0' && text.p[i] <= '9')
            v = v << 4 | (uint64_t)(text.p[i] - '0');
        else if (c >= 'a' && c <= 'f')
            v = v << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *ret = v;
    return true;
}

/* The number in an attribute of the tag in hand. */
static bool id_of(const struct flog *f, const char *name, uint64_t *ret)
{
    as_bytes raw;

    return as_xml_attr_of(&f->t, name, &raw) && number_of(raw, ret);
}

static as_code note(as_ids *ids, uint64_t id, uint32_t value, as_err *err)
{
    return as_ids_put(ids, id, value) ? as_fail_nomem(err, "the numbers of a report") : AS_OK;
}

/* --- coverage ----------------------------------------------------------------------------- */

/* Counts `bytes` of what is called `name` below `up`. */
static as_code pass(struct flog *f, as_place *up, as_bytes name, uint64_t bytes, bool known,
                    as_err *err)
{
    as_place place = {.up = up};
    as_str str = 0;
    as_code rc = as_facts_intern(f->w->facts, name, &str);

    if (rc)
        return as_walk_facts_failed(f->w, rc, err);
    place.step = str | AS_STEP_KEY;
    return as_paths_add(f->w, &place, bytes, known, err);
}

static as_code place_of(struct flog *f, as_bytes name, as_place *ret, as_err *err)
{
    as_str str = 0;
    as_code rc = as_facts_intern(f->w->facts, name, &str);

    if (rc)
        return as_walk_facts_failed(f->w, rc, err);
    *ret = (as_place){.up = &f->root, .step = str | AS_STEP_KEY};
    return AS_OK;
}

/* Passes over the element that was opened, to its end, and counts it. */
static as_code pass_element(struct flog *f, as_place *up, bool known, as_err *err)
{
    as_place place = {.up = up};
    as_str name = 0;
    as_code rc = as_facts_intern(f->w->facts, f->t.name, &name);

    if (rc)
        return as_walk_facts_failed(f->w, rc, err);
    place.step = name | AS_STEP_KEY;
    rc = as_xml_skip(f->x, &f->t, err);
    return rc ? rc : as_paths_add(f->w, &place, f->t.end - f->t.begin, known, err);
}

/* --- facts --------------------------------------------------------------------------------- */

static as_code put_value(struct flog *f, as_draft *d, const struct field *field, as_bytes text)
{
    uint64_t n = 0;

    if (field->how == HOW_ADDRESS && as_bytes_is(text, "0x0"))
        return AS_OK;
    if ((field->how == HOW_NUMBER || field->how == HOW_NONZERO) && number_of(text, &n)) {
        uint8_t digits[20];
        size_t at = sizeof(digits);

        if (!n && field->how == HOW_NONZERO)
            return AS_OK;
        do {
            digits[--at] = (uint8_t)('0' + n % 10);
            n /= 10;
        } while (n);
        return as_draft_text(d, f->w->facts, (as_attr_name)field->attr, AS_FORM_NUMBER,
                             (as_bytes){digits + at, sizeof(digits) - at});
    }
    return as_draft_text(d, f->w->facts, (as_attr_name)field->attr, AS_FORM_TEXT, text);
}

/* A part that is told under the name the log gives it; its evidence is that of its fact. */
static as_code put_part(struct flog *f, uint32_t fact, const as_evidence *e, as_bytes name,
                        as_bytes text)
{
    as_draft d;
    as_code rc;

    as_draft_init(&d, AS_KIND_DETAIL);
    d.parent = fact;
    d.evidence[d.n_evidence++] = *e;
    rc = as_draft_text(&d, f->w->facts, AS_ATTR_NAME, AS_FORM_TEXT, name);
    if (!rc)
        rc = as_draft_text(&d, f->w->facts, AS_ATTR_VALUE, AS_FORM_TEXT, text);
    return rc ? rc : as_facts_add(f->w->facts, &d, NULL);
}

static void belong(as_draft *d, const as_ids *ids, as_bytes text)
{
    uint64_t id = 0;
    uint32_t process = number_of(text, &id) ? as_ids_get(ids, id) : AS_NO_FACT;

    if (process != AS_NO_FACT)
        d->parent = process;
}

static const struct field *find_field(const struct field *fields, size_t n, as_bytes name)
{
    for (size_t i = 0; i < n; i++) {
        if (as_bytes_is(name, fields[i].name))
            return &fields[i];
    }
    return NULL;
}

/* One attribute of the element's tag. */
static as_code take(struct flog *f, as_place *place, const struct field *field,
                    const as_xml_attr *a, uint32_t fact, as_draft *d, as_err *err)
{
    as_bytes text = {0};
    as_code rc;

    if (!a->raw.n)
        return AS_OK;
    if (!field || field->how == HOW_SKIP)
        return pass(f, place, a->name, a->end - a->begin, field != NULL, err);
    rc = decode(f, a->raw, &text, err);
    if (rc)
        return rc;
    if (field->how == HOW_PROCESS)
        belong(d, &f->processes, text);
    else if (field->how == HOW_PART)
        rc = put_part(f, fact, &d->evidence[0], a->name, text);
    else
        rc = put_value(f, d, field, text);
    if (field->how == HOW_THREAD)
        belong(d, &f->threads, text);
    return rc ? as_walk_facts_failed(f->w, rc, err) : AS_OK;
}

/*
 * The fact `fact` (reserved) of the tag in hand. The element's end is not known yet:
 * as_facts_close_evidence() fills it in.
 */
static as_code put_fact(struct flog *f, as_kind kind, const struct field *fields, size_t n,
                        as_place *place, uint32_t fact, as_draft *d, as_err *err)
{
    as_code rc = AS_OK;

    as_draft_init(d, kind);
    d->evidence[d->n_evidence++] = (as_evidence){f->begin, 0, 0, (as_step)f->index};
    if (kind == AS_KIND_EVENT)
        rc = as_draft_text(d, f->w->facts, AS_ATTR_OPERATION, AS_FORM_TEXT, f->t.name);
    if (rc)
        return as_walk_facts_failed(f->w, rc, err);
    for (size_t i = 0; !rc && i < f->t.n_attrs; i++)
        rc =
            take(f, place, find_field(fields, n, f->t.attrs[i].name), &f->t.attrs[i], fact, d, err);
    if (rc)
        return rc;
    if (!d->n_attrs) {
        as_facts_drop(f->w->facts, fact, AS_NO_FACT);
        return AS_OK;
    }
    rc = as_facts_put(f->w->facts, fact, d);
    return rc ? as_walk_facts_failed(f->w, rc, err) : AS_OK;
}

/* To the end of an element that holds nothing more that we know. */
static as_code finish(struct flog *f, as_place *place, size_t evidence, as_err *err)
{
    for (;;) {
        as_code rc = as_xml_next(f->x, &f->t, err);

        if (rc)
            return rc;
        if (f->t.type == AS_XML_CLOSE)
            break;
        if (f->t.type == AS_XML_OPEN)
            rc = pass_element(f, place, false, err);
        if (rc)
            return rc;
    }
    as_facts_close_evidence(f->w->facts, evidence, f->t.begin, f->t.end);
    return AS_OK;
}

/* --- processes, threads, regions -------------------------------------------------------------- */

struct element {
    const char *name;
    const struct field *fields;
    size_t n;
    const char *own; /* the attribute that numbers what the element begins, or ends */
    size_t ids;      /* where in struct flog the number belongs, or 0 */
    uint16_t kind;
    bool ends;           /* joins what it says to the fact that bears the number */
    bool numbers_parent; /* what bears the number is told by the fact's parent */
};

#define FIELDS(list) list, AS_COUNT(list)

static const struct element elements[] = {
    {"monitor_process", FIELDS(process_fields), "process_id", offsetof(struct flog, processes),
     AS_KIND_PROCESS, false, false},
    {"unmonitor_process", FIELDS(end_fields), "process_id", offsetof(struct flog, processes),
     AS_KIND_PROCESS, true, false},
    {"monitor_thread", FIELDS(thread_fields), "thread_id", offsetof(struct flog, threads),
     AS_KIND_EVENT, false, true},
    {"unmonitor_thread", FIELDS(thread_fields), "thread_id", 0, AS_KIND_EVENT, false, false},
    {"new_region", FIELDS(region_fields), "region_id", offsetof(struct flog, regions),
     AS_KIND_MEMORY_REGION, false, false},
    {"remove_region", FIELDS(region_end_fields), "region_id", offsetof(struct flog, regions),
     AS_KIND_MEMORY_REGION, true, false},
};

static as_ids *ids_at(struct flog *f, size_t offset)
{
    return offset ? (as_ids *)(void *)((uint8_t *)f + offset) : NULL;
}

/* After the element's end, when the places of both are known. */
static as_code join_end(struct flog *f, as_ids *ids, uint64_t id, uint32_t fact, as_err *err)
{
    uint32_t begun = as_ids_get(ids, id);
    as_code rc;

    if (begun == AS_NO_FACT || (as_facts_get(f->w->facts, fact)->flags & AS_FACT_GONE))
        return AS_OK; /* what began before the log did keeps a fact of its own */
    rc = as_facts_join(f->w->facts, begun, fact);
    return rc ? as_walk_facts_failed(f->w, rc, err) : AS_OK;
}

static as_code read_element(struct flog *f, const struct element *e, as_err *err)
{
    size_t evidence = as_facts_evidence_count(f->w->facts);
    as_ids *ids = ids_at(f, e->ids);
    as_place place = {0};
    uint32_t fact = AS_NO_FACT;
    uint64_t id = 0;
    bool numbered = id_of(f, e->own, &id);
    as_draft d;
    as_code rc = place_of(f, f->t.name, &place, err);

    if (rc)
        return rc;
    rc = as_facts_reserve(f->w->facts, &fact);
    if (rc)
        return as_walk_facts_failed(f->w, rc, err);
    rc = put_fact(f, (as_kind)e->kind, e->fields, e->n, &place, fact, &d, err);
    if (!rc && ids && numbered && !e->ends && d.n_attrs)
        rc = note(ids, id, e->numbers_parent ? d.parent : fact, err);
    if (!rc)
        rc = finish(f, &place, evidence, err);
    if (!rc && ids && numbered && e->ends)
        rc = join_end(f, ids, id, fact, err);
    if (e->kind == AS_KIND_PROCESS && !e->ends)
        f->ran = true;
    return rc;
}

/* --- calls ---------------------------------------------------------------------------------------
 */

/* Appends the decoded value to w->call. */
static as_code keep(struct flog *f, as_bytes raw, size_t *ret_at, size_t *ret_n, as_err *err)
{
    as_bytes text = {0};
    as_code rc = decode(f, raw, &text, err);

    if (rc)
        return rc;
    *ret_at = f->w->call.n;
    *ret_n = text.n;
    as_buf_add(&f->w->call, text);
    return f->w->call.failed ? as_fail_nomem(err, "an API call") : AS_OK;
}

static as_bytes view(const struct flog *f, size_t at, size_t n)
{
    return (as_bytes){n ? f->w->call.p + at : NULL, n};
}

/* The name of a member is that of what holds it, a dot, and its own. */
static as_code name_arg(struct flog *f, struct arg_span *arg, const struct arg_span *of,
                        as_bytes raw, as_err *err)
{
    size_t at = 0, n = 0;
    as_code rc;

    if (!of || !of->name_n)
        return keep(f, raw, &arg->name, &arg->name_n, err);
    arg->name = f->w->call.n;
    if (as_buf_room(&f->w->call, of->name_n + 1)) {
        memmove(f->w->call.p + f->w->call.n, f->w->call.p + of->name, of->name_n);
        f->w->call.n += of->name_n;
        as_buf_byte(&f->w->call, '.');
    }
    rc = keep(f, raw, &at, &n, err);
    arg->name_n = of->name_n + 1 + n;
    return rc;
}

static struct arg_span *new_arg(struct flog *f, bool out)
{
    struct arg_span *arg = &f->left_out;

    if (f->call.n_args < AS_CALL_ARGS_MAX)
        arg = &f->args[f->call.n_args++];
    else
        f->call.args_left_out++;
    *arg = (struct arg_span){.out = out};
    return arg;
}

/* What a tag within a call says about itself; true if it has a place there. */
enum part { PART_NONE, PART_IN, PART_OUT, PART_PARAM, PART_DEREF, PART_MEMBER };

static enum part part_of(as_bytes name, enum part up)
{
    if (up == PART_NONE)
        return as_bytes_is(name, "in") ? PART_IN : as_bytes_is(name, "out") ? PART_OUT : PART_NONE;
    if (up == PART_IN || up == PART_OUT)
        return as_bytes_is(name, "param") ? PART_PARAM : PART_NONE;
    if (up == PART_DEREF)
        return as_bytes_is(name, "member") ? PART_MEMBER : PART_NONE;
    return as_bytes_is(name, "deref") ? PART_DEREF : PART_NONE;
}

struct level {
    enum part part;
    bool out;
    struct arg_span *arg;
};

/* Attributes that a part has besides its name and value: what the value is, not what it says. */
static bool is_of_part(as_bytes name)
{
    static const char *const names[] = {"name", "type", "value", "norm_value", "len", "offset"};

    for (size_t i = 0; i < AS_COUNT(names); i++) {
        if (as_bytes_is(name, names[i]))
            return true;
    }
    return false;
}

static as_code cover_part(struct flog *f, as_place *place, as_err *err)
{
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < f->t.n_attrs; i++) {
        if (!is_of_part(f->t.attrs[i].name))
            rc = pass(f, place, f->t.attrs[i].name, f->t.attrs[i].end - f->t.attrs[i].begin, false,
                      err);
    }
    return rc;
}

/* The tag of a param, member or deref; *self becomes what its own children belong to. */
static as_code take_part(struct flog *f, const struct level *up, struct level *self, as_err *err)
{
    as_bytes name = {0}, value = {0};
    bool named = as_xml_attr_of(&f->t, "name", &name);
    as_code rc = AS_OK;

    if (!f->w->options->on_call || self->part == PART_IN || self->part == PART_OUT)
        return AS_OK; /* nobody hears of it */
    (void)as_xml_attr_of(&f->t, "value", &value);
    self->arg = up->arg;
    if (self->part == PART_DEREF)
        return value.n && up->arg ? keep(f, value, &up->arg->pretty, &up->arg->pretty_n, err)
                                  : AS_OK;
    if (self->part == PART_PARAM && self->out && as_bytes_is(name, "ret_val")) {
        self->arg = &f->ret;
    } else {
        struct arg_span of = up->arg ? *up->arg : (struct arg_span){0};

        self->arg = new_arg(f, self->out);
        if (named)
            rc = name_arg(f, self->arg, self->part == PART_MEMBER ? &of : NULL, name, err);
    }
    if (!rc && value.n)
        rc = keep(f, value, &self->arg->value, &self->arg->value_n, err);
    return rc;
}

/* From behind the tag of a call to its end. */
static as_code read_parts(struct flog *f, as_place *place, as_err *err)
{
    struct level levels[DEPTH_MAX] = {0};
    size_t depth = 0;

    for (;;) {
        as_code rc = as_xml_next(f->x, &f->t, err);
        struct level *up = &levels[depth];

        if (rc)
            return rc;
        if (f->t.type == AS_XML_CLOSE) {
            if (!depth--)
                return AS_OK;
        } else if (f->t.type == AS_XML_OPEN) {
            enum part part = part_of(f->t.name, up->part);

            if (part == PART_NONE || depth + 1 == DEPTH_MAX) {
                rc = pass_element(f, place, false, err);
            } else {
                levels[++depth] = (struct level){.part = part, .out = up->out || part == PART_OUT};
                rc = cover_part(f, place, err);
                if (!rc)
                    rc = take_part(f, up, &levels[depth], err);
            }
        }
        if (rc)
            return rc;
    }
}

struct call_spans {
    size_t id, id_n, api, api_n, time, time_n, thread, thread_n, caller, caller_n;
};

static as_code take_call(struct flog *f, as_place *place, struct call_spans *s, as_err *err)
{
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < f->t.n_attrs; i++) {
        const as_xml_attr *a = &f->t.attrs[i];
        uint64_t id = 0;

        if (as_bytes_is(a->name, "ts"))
            rc = keep(f, a->raw, &s->time, &s->time_n, err);
        else if (as_bytes_is(a->name, "fncall_id"))
            rc = keep(f, a->raw, &s->id, &s->id_n, err);
        else if (as_bytes_is(a->name, "thread_id"))
            rc = keep(f, a->raw, &s->thread, &s->thread_n, err);
        else if (as_bytes_is(a->name, "name"))
            rc = keep(f, a->raw, &s->api, &s->api_n, err);
        else if (as_bytes_is(a->name, "from"))
            rc = keep(f, a->raw, &s->caller, &s->caller_n, err);
        else if (as_bytes_is(a->name, "process_id"))
            f->call.process = number_of(a->raw, &id) ? as_ids_get(&f->processes, id) : AS_NO_FACT;
        else
            rc = pass(f, place, a->name, a->end - a->begin, as_bytes_is(a->name, "addr"), err);
    }
    return rc;
}

static as_code tell(struct flog *f, as_err *err)
{
    as_call *c = &f->call;

    c->ret = view(f, f->ret.value, f->ret.value_n);
    c->pretty_ret = view(f, f->ret.pretty, f->ret.pretty_n);
    for (size_t i = 0; i < c->n_args; i++) {
        const struct arg_span *a = &f->args[i];

        c->args[i] = (as_call_arg){.name = view(f, a->name, a->name_n),
                                   .value = view(f, a->value, a->value_n),
                                   .pretty = view(f, a->pretty, a->pretty_n),
                                   .out = a->out};
    }
    return f->w->options->on_call(f->w->options->call_ctx, c, err);
}

static as_code read_call(struct flog *f, as_err *err)
{
    as_call *c = &f->call;
    struct call_spans s = {0};
    as_evidence e;
    as_place place = {0};
    as_code rc = place_of(f, f->t.name, &place, err);

    if (rc)
        return rc;
    as_buf_reset(&f->w->call);
    c->process = AS_NO_FACT;
    c->n_args = c->args_left_out = 0;
    f->ret = (struct arg_span){0};
    rc = take_call(f, &place, &s, err);
    if (!rc)
        rc = read_parts(f, &place, err);
    if (rc)
        return rc;
    c->index = f->index;
    c->begin = f->t.begin;
    c->end = f->t.end;
    c->id = view(f, s.id, s.id_n);
    c->api = view(f, s.api, s.api_n);
    c->time = view(f, s.time, s.time_n);
    c->thread = view(f, s.thread, s.thread_n);
    c->caller = view(f, s.caller, s.caller_n);
    f->w->analysis->calls++;
    if (f->w->options->on_call)
        rc = tell(f, err);
    e = (as_evidence){c->begin, c->end, 0, (as_step)f->index};
    return rc ? rc : as_counts_add(f->w, c, &e, err);
}

/* --- the log ------------------------------------------------------------------------------------
 */

static as_code read_child(struct flog *f, as_err *err)
{
    f->begin = f->t.begin;
    f->index = f->t.index;
    if (f->index >= AS_STEP_NONE)
        return as_fail(err, AS_LIMIT, (size_t)f->begin, "the log has too many elements");
    as_walk_tick(f->w);
    if (as_bytes_is(f->t.name, "fncall"))
        return read_call(f, err);
    for (size_t i = 0; i < AS_COUNT(elements); i++) {
        if (as_bytes_is(f->t.name, elements[i].name))
            return read_element(f, &elements[i], err);
    }
    return pass_element(f, &f->root, as_bytes_is(f->t.name, "fnret"), err);
}

static as_code read_root(struct flog *f, as_err *err)
{
    const struct field *fields = analysis_fields;
    as_place place = {0};
    as_draft d;
    as_code rc;

    if (f->t.type != AS_XML_OPEN || !as_bytes_is(f->t.name, "analysis"))
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                       "not a flog.xml of VMRay: the root element "
                       "is not 'analysis'");
    rc = place_of(f, f->t.name, &place, err);
    if (!rc)
        rc = as_facts_reserve(f->w->facts, &f->run) ? as_fail_nomem(err, "the facts of a report")
                                                    : AS_OK;
    if (rc)
        return rc;
    f->begin = f->t.begin;
    f->index = AS_STEP_NONE; /* the root itself */
    return put_fact(f, AS_KIND_ANALYSIS, fields, AS_COUNT(analysis_fields), &f->root, f->run, &d,
                    err);
}

static as_code read_log(struct flog *f, as_err *err)
{
    as_code rc = as_xml_next(f->x, &f->t, err);
    size_t depth;

    if (!rc)
        rc = read_root(f, err);
    depth = as_xml_depth(f->x);
    while (!rc) {
        rc = as_xml_next(f->x, &f->t, err);
        if (rc)
            return rc;
        if (f->t.type == AS_XML_OPEN)
            rc = read_child(f, err);
        else if (f->t.type == AS_XML_CLOSE && as_xml_depth(f->x) < depth)
            break;
    }
    if (rc)
        return rc;
    as_facts_close_evidence(f->w->facts, 0, f->t.begin, f->t.end);
    return as_xml_next(f->x, &f->t, err); /* the end: nothing may follow */
}

static as_code read_flog(as_walk *w, as_err *err)
{
    struct flog *f = as_mem_zero(1, sizeof(*f));
    as_analysis *a = w->analysis;
    as_value version;
    as_code rc;

    if (!f)
        return as_fail_nomem(err, "reading a report");
    f->w = w;
    as_facts_number_records(w->facts);
    rc = as_counts_begin(w, err);
    if (!rc)
        rc = as_xml_new(w->source, NULL, &f->x, err);
    if (!rc)
        rc = read_log(f, err);
    if (!rc)
        rc = as_counts_put(w, NULL, err);
    if (!rc) {
        a->tool = "VMRay";
        if (as_fact_attr(w->facts, as_facts_get(w->facts, f->run), AS_ATTR_VERSION, &version))
            a->tool_version = version.str;
        a->gaps = f->ran ? 0 : AS_GAP_NOTHING;
    }
    as_xml_free(f->x);
    as_ids_done(&f->processes);
    as_ids_done(&f->threads);
    as_ids_done(&f->regions);
    as_buf_done(&f->resolved);
    as_mem_free(f);
    return rc;
}

static as_sure probe_flog(const as_head *h)
{
    as_bytes head = {h->bytes.p, h->bytes.n < 4096 ? h->bytes.n : 4096};
    const uint8_t *at;

    if (h->is_json || !head.n)
        return AS_SURE_NO;
    at = memmem(head.p, head.n, "<analysis", strlen("<analysis"));
    if (!at)
        return AS_SURE_NO;
    return memmem(at, head.n - (size_t)(at - head.p), "log_version", strlen("log_version"))
               ? AS_SURE_YES
               : AS_SURE_NO;
}

const as_reader as_reader_vmray_flog = {
    .about = {.id = "vmray-flog",
              .name = "VMRay function log (flog.xml)",
              .versions = "log version 2",
              .maps = "processes and their numbers in the guest, threads, memory regions, API "
                      "calls with their parameters before and after and what they point to",
              .seen = true},
    .probe = probe_flog,
    .read = read_flog,
};

#include "formats/formats_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * API calls: by far the most of a report, so they are read without the walker.
 * They go out one by one to whoever asked, and are counted by API (counts.c). Both
 * layouts are read: CAPE's (arguments as a list of names and values) and Cuckoo's (an
 * object).
 */

enum field {
    FIELD_ID,
    FIELD_API,
    FIELD_CATEGORY,
    FIELD_TIME,
    FIELD_THREAD,
    FIELD_CALLER,
    FIELD_PARENT_CALLER,
    FIELD_STATUS,
    FIELD_RETURN,
    FIELD_PRETTY_RETURN,
    FIELD_REPEATED,
    FIELD_TEXTS, /* so many hold a text; what follows holds more */
    FIELD_ARGUMENTS = FIELD_TEXTS,
    FIELD_UNKNOWN
};

static const struct {
    const char *key;
    uint8_t len;
    uint8_t field;
} keys[] = {
#define KEY(text, field)                                                                           \
    {                                                                                              \
        text, sizeof(text) - 1, field                                                              \
    }
    KEY("timestamp", FIELD_TIME),
    KEY("thread_id", FIELD_THREAD),
    KEY("caller", FIELD_CALLER),
    KEY("parentcaller", FIELD_PARENT_CALLER),
    KEY("category", FIELD_CATEGORY),
    KEY("api", FIELD_API),
    KEY("status", FIELD_STATUS),
    KEY("return", FIELD_RETURN),
    KEY("pretty_return", FIELD_PRETTY_RETURN),
    KEY("arguments", FIELD_ARGUMENTS),
    KEY("repeated", FIELD_REPEATED),
    KEY("id", FIELD_ID),
    KEY("time", FIELD_TIME),
    KEY("tid", FIELD_THREAD),
    KEY("return_value", FIELD_RETURN),
#undef KEY
};

/* A text in w->call, which may move while the call is still being read. */
struct span {
    size_t at, n;
};

struct arg_spans {
    struct span name, value, pretty;
};

/* The call in hand. */
struct as_tally {
    size_t hint; /* keys come in the same order in every call */
    struct span texts[FIELD_TEXTS];
    struct arg_spans args[AS_CALL_ARGS_MAX];
    as_call out;
};

struct as_tally *as_tally_new(void)
{
    return as_mem_zero(1, sizeof(struct as_tally));
}

void as_tally_free(struct as_tally *t)
{
    as_mem_free(t);
}

static enum field field_of(struct as_tally *t, as_bytes key)
{
    for (size_t i = 0; i < AS_COUNT(keys); i++) {
        size_t k = (t->hint + i) % AS_COUNT(keys);

        if (keys[k].len == key.n && !memcmp(keys[k].key, key.p, key.n)) {
            t->hint = k + 1;
            return (enum field)keys[k].field;
        }
    }
    return FIELD_UNKNOWN;
}

static as_code keep(as_walk *w, const as_json_tok *t, struct span *ret, as_err *err)
{
    as_bytes text = {0};
    as_code rc;

    if (t->type == AS_JSON_NULL)
        return AS_OK;
    rc = as_walk_text(w, t, &text, err);
    if (rc)
        return rc;
    *ret = (struct span){w->call.n, text.n};
    as_buf_add(&w->call, text);
    return w->call.failed ? as_fail_nomem(err, "an API call") : AS_OK;
}

/* A value that is no scalar is kept as it was written. */
static as_code keep_any(as_walk *w, as_json_tok *t, struct span *ret, as_err *err)
{
    size_t at = w->call.n;
    as_code rc = as_walk_copy(w, t, &w->call, err);

    if (!rc)
        *ret = (struct span){at, w->call.n - at};
    return rc;
}

as_code as_call_keep(as_walk *w, as_json_tok *t, size_t *ret_at, size_t *ret_n, as_err *err)
{
    struct span s = {0};
    as_code rc = keep_any(w, t, &s, err);

    *ret_at = s.at;
    *ret_n = s.n;
    return rc;
}

static struct arg_spans *new_arg(struct as_tally *t)
{
    if (t->out.n_args == AS_CALL_ARGS_MAX) {
        t->out.args_left_out++;
        return NULL;
    }
    t->args[t->out.n_args] = (struct arg_spans){0};
    return &t->args[t->out.n_args++];
}

/* {"name":..,"value":..,"pretty_value":..}, its bracket already read. */
static as_code read_listed_arg(as_walk *w, as_json_tok *t, as_err *err)
{
    struct arg_spans left_out, *arg = new_arg(w->tally);
    as_code rc;

    if (!arg)
        arg = &left_out;
    for (;;) {
        struct span ignored, *to = &ignored;

        rc = as_walk_next(w, t, err);
        if (rc || t->type == AS_JSON_OBJECT_END)
            return rc;
        if (as_bytes_is(t->raw, "name"))
            to = &arg->name;
        else if (as_bytes_is(t->raw, "value"))
            to = &arg->value;
        else if (as_bytes_is(t->raw, "pretty_value"))
            to = &arg->pretty;
        rc = as_walk_next(w, t, err);
        if (!rc)
            rc = keep_any(w, t, to, err);
        if (rc)
            return rc;
    }
}

static as_code read_args(as_walk *w, as_json_tok *t, as_err *err)
{
    bool object = t->type == AS_JSON_OBJECT;
    as_code rc;

    if (!w->options->on_call || (!object && t->type != AS_JSON_ARRAY))
        return as_json_skip(w->json, t, err);
    for (;;) {
        struct arg_spans left_out, *arg;

        rc = as_walk_next(w, t, err);
        if (rc || t->type == AS_JSON_OBJECT_END || t->type == AS_JSON_ARRAY_END)
            return rc;
        if (t->type == AS_JSON_OBJECT) {
            rc = read_listed_arg(w, t, err);
        } else {
            arg = new_arg(w->tally);
            if (!arg)
                arg = &left_out;
            if (object) {
                rc = keep(w, t, &arg->name, err);
                if (!rc)
                    rc = as_walk_next(w, t, err);
            }
            if (!rc)
                rc = keep_any(w, t, &arg->value, err);
        }
        if (rc)
            return rc;
    }
}

static as_code pass_unknown(as_walk *w, as_place *call, as_step key, as_json_tok *t, as_err *err)
{
    as_place child = {.up = call, .step = key, .begin = t->begin};

    return as_walk_pass(w, &child, t, false, err);
}

static as_code read_member(as_walk *w, as_place *call, as_json_tok *t, as_err *err)
{
    enum field field = field_of(w->tally, t->raw);
    as_step key = 0;
    as_code rc;

    if (field == FIELD_UNKNOWN) {
        rc = as_walk_key(w, t, &key, err);
        if (rc)
            return rc;
    }
    rc = as_walk_next(w, t, err);
    if (rc)
        return rc;
    if (field == FIELD_ARGUMENTS)
        return read_args(w, t, err);
    if (field != FIELD_UNKNOWN && t->type < AS_JSON_STRING) {
        as_bytes name = {0};
        uint64_t index;

        (void)as_json_step(w->json, &name, &index); /* a value of another type than expected */
        rc = as_facts_intern(w->facts, name, &key);
        if (rc)
            return as_walk_facts_failed(w, rc, err);
        key |= AS_STEP_KEY;
        field = FIELD_UNKNOWN;
    }
    if (field == FIELD_UNKNOWN)
        return pass_unknown(w, call, key, t, err);
    if (w->options->on_call || field == FIELD_API || field == FIELD_CATEGORY ||
        field == FIELD_TIME || field == FIELD_STATUS || field == FIELD_REPEATED)
        return keep(w, t, &w->tally->texts[field], err);
    return AS_OK;
}

static as_bytes view(const as_walk *w, struct span s)
{
    return (as_bytes){s.n ? w->call.p + s.at : NULL, s.n};
}

/* One call, its bracket already read in `t`. */
static as_code read_call(as_walk *w, as_place *place, uint32_t fact, as_node list, as_json_tok *t,
                         as_err *err)
{
    struct as_tally *tally = w->tally;
    as_call *call = &tally->out;
    as_evidence e;
    as_code rc;

    as_walk_tick(w);
    memset(tally->texts, 0, sizeof(tally->texts));
    as_buf_reset(&w->call);
    call->n_args = call->args_left_out = 0;
    tally->hint = 0;
    do {
        rc = as_walk_next(w, t, err);
        if (rc)
            return rc;
        if (t->type == AS_JSON_KEY)
            rc = read_member(w, place, t, err);
        if (rc)
            return rc;
    } while (t->type != AS_JSON_OBJECT_END || t->begin != place->begin);
    call->process = fact;
    call->index = place->step;
    call->begin = t->begin;
    call->end = t->end;
    call->id = view(w, tally->texts[FIELD_ID]);
    call->api = view(w, tally->texts[FIELD_API]);
    call->category = view(w, tally->texts[FIELD_CATEGORY]);
    call->time = view(w, tally->texts[FIELD_TIME]);
    call->thread = view(w, tally->texts[FIELD_THREAD]);
    call->caller = view(w, tally->texts[FIELD_CALLER]);
    call->parent_caller = view(w, tally->texts[FIELD_PARENT_CALLER]);
    call->status = view(w, tally->texts[FIELD_STATUS]);
    call->ret = view(w, tally->texts[FIELD_RETURN]);
    call->pretty_ret = view(w, tally->texts[FIELD_PRETTY_RETURN]);
    call->failed = as_bytes_is(call->status, "false") || as_bytes_is(call->status, "0");
    if (!as_bytes_u64(view(w, tally->texts[FIELD_REPEATED]), &call->repeated) ||
        call->repeated > UINT32_MAX)
        call->repeated = 0;
    w->analysis->calls++;
    if (w->options->on_call) {
        for (size_t i = 0; i < call->n_args; i++) {
            call->args[i].name = view(w, tally->args[i].name);
            call->args[i].value = view(w, tally->args[i].value);
            call->args[i].pretty = view(w, tally->args[i].pretty);
        }
        rc = w->options->on_call(w->options->call_ctx, call, err);
        if (rc)
            return rc;
    }
    e = (as_evidence){call->begin, call->end, list, place->step};
    return as_counts_add(w, call, &e, err);
}

/* Calls are many: the node of their list is made once. */
static as_code list_node(as_walk *w, as_place *place, as_node *ret, as_err *err)
{
    as_place child = {.up = place};
    as_evidence e = {0};
    as_code rc = as_walk_evidence(w, &child, 0, &e, err);

    *ret = e.node;
    return rc;
}

as_code as_read_calls(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    uint64_t before = w->analysis->calls;
    as_evidence list = {0};
    as_node node = 0;
    as_code rc;

    if (t->type != AS_JSON_ARRAY)
        return as_walk_pass(w, place, t, false, err);
    rc = as_counts_begin(w, err);
    for (as_step i = 0; !rc; i++) {
        as_place child = {.up = place, .step = i};

        rc = as_walk_next(w, t, err);
        if (rc || t->type == AS_JSON_ARRAY_END)
            break;
        if (i >= AS_STEP_KEY - 1)
            return as_fail(err, AS_LIMIT, (size_t)t->begin, "an array has too many elements");
        child.begin = t->begin;
        if (t->type == AS_JSON_OBJECT && before == w->analysis->calls)
            rc = list_node(w, place, &node, err);
        if (rc)
            break;
        rc = t->type == AS_JSON_OBJECT ? read_call(w, &child, fact, node, t, err)
                                       : as_walk_pass(w, &child, t, false, err);
    }
    if (rc || before == w->analysis->calls)
        return rc;
    rc = as_walk_evidence(w, place, t->end, &list, err);
    return rc ? rc : as_counts_put(w, &list, err);
}

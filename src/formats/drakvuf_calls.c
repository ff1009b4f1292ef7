#include "formats/drakvuf_priv.h"

#include "base/hash.h"

#include <string.h>

#include "base/banned.h"

/*
 * Calls of a DRAKVUF log. apimon writes a call when it has come back. Of a system call
 * one record is written as it begins and another (sysret, with a number of its own) as
 * it returns, so a call waits in the order of the log for its return: the last call of
 * that number, in the same thread, that began no later. Calls that never come back
 * would hold up all behind them, so only so many wait.
 */

#define WAIT_MAX       ((size_t)8192)
#define WAIT_BYTES_MAX ((size_t)16 << 20)
#define KEPT_MAX       ((size_t)2048) /* bytes of text that a place keeps for its next call */

struct arg {
    size_t name, name_n, value, value_n, pretty, pretty_n;
};

struct text {
    size_t at, n;
};

struct waiting {
    as_buf text;
    struct arg *args;
    size_t n_args, cap_args, args_left_out;
    struct text id, api, category, time, thread, caller, ret, pretty_ret;
    uint64_t key;  /* of the return that it waits for, or 0 */
    uint64_t when; /* microseconds, or 0 */
    uint64_t index;
    uint32_t process;
    bool failed;
    as_evidence at;
};

struct as_drak_calls {
    as_walk *w;
    struct waiting *ring;
    size_t cap, head, n, bytes;
    as_call call;
};

as_drak_calls *as_drak_calls_new(as_walk *w)
{
    as_drak_calls *c = as_mem_zero(1, sizeof(*c));

    if (!c)
        return NULL;
    c->w = w;
    return c;
}

void as_drak_calls_free(as_drak_calls *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->cap; i++) {
        as_buf_done(&c->ring[i].text);
        as_mem_free(c->ring[i].args);
    }
    as_mem_free(c->ring);
    as_mem_free(c);
}

static as_code fail_nomem(as_err *err)
{
    return as_fail_nomem(err, "an API call");
}

/* --- telling ------------------------------------------------------------------------------- */

static as_bytes view(const struct waiting *x, size_t at, size_t n)
{
    return (as_bytes){n ? x->text.p + at : NULL, n};
}

static as_bytes view_text(const struct waiting *x, struct text t)
{
    return view(x, t.at, t.n);
}

static void fill_call(as_call *c, const struct waiting *x)
{
    c->process = x->process;
    c->index = x->index;
    c->id = view_text(x, x->id);
    c->api = view_text(x, x->api);
    c->category = view_text(x, x->category);
    c->time = view_text(x, x->time);
    c->thread = view_text(x, x->thread);
    c->caller = view_text(x, x->caller);
    c->ret = view_text(x, x->ret);
    c->pretty_ret = view_text(x, x->pretty_ret);
    c->failed = x->failed;
    c->begin = x->at.begin;
    c->end = x->at.end;
    c->n_args = x->n_args;
    c->args_left_out = x->args_left_out;
    for (size_t i = 0; i < x->n_args; i++)
        c->args[i] = (as_call_arg){.name = view(x, x->args[i].name, x->args[i].name_n),
                                   .value = view(x, x->args[i].value, x->args[i].value_n),
                                   .pretty = view(x, x->args[i].pretty, x->args[i].pretty_n)};
}

/* The oldest that waits. */
static as_code tell_head(as_drak_calls *c, as_err *err)
{
    struct waiting *x = &c->ring[c->head];
    as_code rc = AS_OK;

    fill_call(&c->call, x);
    c->w->analysis->calls++;
    if (c->w->options->on_call)
        rc = c->w->options->on_call(c->w->options->call_ctx, &c->call, err);
    if (!rc)
        rc = as_counts_add(c->w, &c->call, &x->at, err);
    c->bytes -= x->text.n;
    if (x->text.cap > KEPT_MAX)
        as_buf_done(&x->text);
    c->head = (c->head + 1) % c->cap;
    c->n--;
    return rc;
}

/* Whatever need not wait any more. */
static as_code tell_ready(as_drak_calls *c, as_err *err)
{
    as_code rc = AS_OK;

    while (!rc && c->n > 0 &&
           (!c->ring[c->head].key || c->n == WAIT_MAX || c->bytes > WAIT_BYTES_MAX))
        rc = tell_head(c, err);
    return rc;
}

as_code as_drak_calls_flush(as_drak_calls *c, as_err *err)
{
    as_code rc = AS_OK;

    while (!rc && c->n > 0)
        rc = tell_head(c, err);
    return rc;
}

/* --- taking -------------------------------------------------------------------------------- */

static struct text keep(struct waiting *x, as_bytes text)
{
    struct text t = {x->text.n, text.n};

    as_buf_add(&x->text, text);
    return t;
}

static as_code new_arg(struct waiting *x, struct arg **ret, as_err *err)
{
    *ret = NULL;
    if (x->n_args == AS_CALL_ARGS_MAX) {
        x->args_left_out++;
        return AS_OK;
    }
    if (x->n_args == x->cap_args) {
        size_t cap = x->cap_args ? x->cap_args * 2 : 8;
        void *moved = as_mem_resize(x->args, cap * sizeof(*x->args));

        if (!moved)
            return fail_nomem(err);
        x->args = moved;
        x->cap_args = cap;
    }
    *ret = &x->args[x->n_args++];
    **ret = (struct arg){0};
    return AS_OK;
}

static as_code put_arg(struct waiting *x, as_bytes name, as_bytes value, as_bytes pretty,
                       as_err *err)
{
    struct arg *arg = NULL;
    as_code rc = new_arg(x, &arg, err);
    struct text t;

    if (rc || !arg)
        return rc;
    t = keep(x, name);
    arg->name = t.at;
    arg->name_n = t.n;
    t = keep(x, value);
    arg->value = t.at;
    arg->value_n = t.n;
    t = keep(x, pretty);
    arg->pretty = t.at;
    arg->pretty_n = t.n;
    return AS_OK;
}

/* "Arg2=0x66b40:\"ntdll\"": a name, a value, and what the value points at. */
static as_code put_written_arg(struct waiting *x, as_bytes written, as_err *err)
{
    as_bytes name = {0}, value = written, pretty = {0};
    const uint8_t *sign = memchr(written.p, '=', written.n), *quote;

    if (sign) {
        name = (as_bytes){written.p, (size_t)(sign - written.p)};
        value = (as_bytes){sign + 1, written.n - name.n - 1};
    }
    quote = value.n ? memchr(value.p, '"', value.n) : NULL;
    if (quote && quote > value.p && quote[-1] == ':' && value.p[value.n - 1] == '"' &&
        quote < value.p + value.n - 1)
        pretty = (as_bytes){quote + 1, (size_t)(value.p + value.n - 1 - (quote + 1))};
    return put_arg(x, name, value, pretty, err);
}

/* Seconds with a fraction, as microseconds; 0 if it is none. */
static uint64_t time_of(as_bytes text)
{
    uint64_t n = 0;
    size_t i = 0, digits = 0;

    for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9' && i < 12; i++)
        n = n * 10 + (uint64_t)(text.p[i] - '0');
    if (i < text.n && text.p[i] != '.')
        return 0;
    for (i++; digits < 6; digits++, i++) {
        n *= 10;
        if (i < text.n && text.p[i] >= '0' && text.p[i] <= '9')
            n += (uint64_t)(text.p[i] - '0');
    }
    return n;
}

static uint64_t key_of(as_drak_record *r)
{
    static const char *const parts[] = {"PID", "TID", "Module", "Syscall", "Method"};
    uint64_t h = 1;

    for (size_t i = 0; i < AS_COUNT(parts); i++)
        h = as_hash64(as_drak_text(r, parts[i]), h);
    return h | 1;
}

/* What is of the call or of its process, and no argument. */
static bool is_of_call(const as_drak_entry *e)
{
    static const char *const names[] = {
        "Plugin",      "TimeStamp",  "PID",         "PPID",   "TID",  "UserName", "UserId",
        "ProcessName", "Method",     "EventUID",    "Module", "vCPU", "CR3",      "Syscall",
        "NArgs",       "CalledFrom", "ReturnValue", "Ret",    "Info", "VCPU"};

    for (size_t i = 0; i < AS_COUNT(names); i++) {
        if (as_bytes_is(e->top, names[i]))
            return true;
    }
    return false;
}

static as_code put_args(as_drak_calls *c, as_drak_record *r, struct waiting *x, bool api,
                        as_err *err)
{
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && c->w->options->on_call && i < r->n; i++) {
        const as_drak_entry *e = &r->entries[i];

        if (is_of_call(e) || (api && as_bytes_is(e->top, "Event")))
            continue;
        rc = api && as_bytes_is(e->top, "Arguments")
                 ? put_written_arg(x, e->value, err)
                 : put_arg(x, e->key, e->value, (as_bytes){0}, err);
    }
    return rc;
}

/* Room for one more, which tell_ready() leaves at WAIT_MAX. The oldest comes first then. */
static as_code grow(as_drak_calls *c, as_err *err)
{
    size_t cap = c->cap ? c->cap * 2 : 16;
    struct waiting *ring;

    if (c->n < c->cap)
        return AS_OK;
    ring = as_mem_zero(cap, sizeof(*ring));
    if (!ring)
        return fail_nomem(err);
    for (size_t i = 0, at = c->head; i < c->n; i++) {
        ring[i] = c->ring[at];
        at = at + 1 < c->cap ? at + 1 : 0;
    }
    as_mem_free(c->ring);
    c->ring = ring;
    c->cap = cap;
    c->head = 0;
    return AS_OK;
}

as_code as_drak_call(as_drak_calls *c, as_drak_record *r, as_drak_process *process, as_err *err)
{
    bool api = as_bytes_is(as_drak_text(r, "Plugin"), "apimon");
    as_code rc = grow(c, err);
    struct waiting *x;

    if (rc)
        return rc;
    x = &c->ring[(c->head + c->n) % c->cap];

    as_buf_reset(&x->text);
    x->n_args = x->args_left_out = 0;
    x->api = keep(x, as_drak_text(r, "Method"));
    x->category = keep(x, as_drak_text(r, api ? "Plugin" : "Module"));
    x->time = keep(x, as_drak_text(r, "TimeStamp"));
    x->id = keep(x, as_drak_text(r, "EventUID"));
    x->thread = keep(x, as_drak_text(r, "TID"));
    x->caller = keep(x, as_drak_text(r, "CalledFrom"));
    x->ret = keep(x, as_drak_text(r, "ReturnValue"));
    x->pretty_ret = (struct text){0};
    x->key = api ? 0 : key_of(r);
    x->when = time_of(as_drak_text(r, "TimeStamp"));
    x->process = process ? process->fact : AS_NO_FACT;
    x->index = process ? process->calls++ : c->w->analysis->calls + c->n;
    x->failed = false;
    x->at = r->at;
    rc = put_args(c, r, x, api, err);
    if (!rc && x->text.failed)
        rc = fail_nomem(err);
    if (rc)
        return rc;
    c->bytes += x->text.n;
    c->n++;
    return tell_ready(c, err);
}

/* Of an NTSTATUS the two highest bits say that it is an error. */
static bool says_failed(as_bytes ret, as_bytes info)
{
    uint64_t n = 0;

    return info.n > 7 && !memcmp(info.p, "STATUS_", 7) && as_bytes_u64(ret, &n) &&
           n >= 0xc0000000u && n <= 0xffffffffu;
}

as_code as_drak_return(as_drak_calls *c, as_drak_record *r, bool *ret_found, as_err *err)
{
    uint64_t key = key_of(r), when = time_of(as_drak_text(r, "TimeStamp"));
    as_bytes ret = as_drak_text(r, "Ret"), info = as_drak_text(r, "Info");

    *ret_found = false;
    for (size_t i = c->n; i-- > 0 && !*ret_found;) {
        struct waiting *x = &c->ring[(c->head + i) % c->cap];
        size_t before = x->text.n;

        if (x->key != key || (when && x->when > when))
            continue;
        *ret_found = true;
        x->key = 0;
        x->ret = keep(x, ret);
        x->pretty_ret = keep(x, info);
        x->failed = says_failed(ret, info);
        if (x->text.failed)
            return fail_nomem(err);
        c->bytes += x->text.n - before;
    }
    return tell_ready(c, err);
}

/*
 * Logs of strace and of the audit system. A line taken apart stays within itself; facts and
 * calls lie on whole lines; in portions and without, the same calls are told.
 */
#include "report_checks.h"

#include "formats/strace_priv.h"

#include "base/banned.h"

struct calls {
    as_bytes in;
    uint64_t n;
};

static bool inside(as_bytes part, as_bytes whole)
{
    return !part.n || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void check_line(as_bytes line)
{
    as_strace_line l;

    as_strace_parse(line, &l);
    MUST(inside(l.pid, line) && inside(l.comm, line) && inside(l.time, line));
    MUST(inside(l.address, line) && inside(l.name, line) && inside(l.text, line));
    MUST(inside(l.ret, line) && inside(l.ret_path, line) && inside(l.ret_text, line));
    MUST(l.n_args <= AS_CALL_ARGS_MAX);
    for (size_t i = 0; i < l.n_args; i++) {
        as_bytes name, value, path;
        as_buf out = {0};
        bool cut = false;
        uint32_t fd;

        MUST(inside(l.args[i], line));
        (void)as_strace_named(l.args[i], &name, &value);
        MUST(inside(name, l.args[i]) && inside(value, l.args[i]));
        MUST(inside(as_strace_field(l.args[i], "sa_family"), l.args[i]));
        MUST(as_strace_string_length(l.args[i]) <= l.args[i].n);
        (void)as_strace_string(l.args[i], &out, &cut);
        MUST(out.n <= l.args[i].n);
        if (as_strace_fd(l.args[i], &fd, &path))
            MUST(inside(path, l.args[i]));
        as_buf_done(&out);
    }
}

/* Of whole lines, without the end of the last. */
static void check_lines_of(as_bytes in, uint64_t begin, uint64_t end)
{
    MUST(begin < end && end <= in.n);
    MUST(begin == 0 || in.p[begin - 1] == '\n');
    MUST(end == in.n || in.p[end] == '\n' || in.p[end] == '\r');
    MUST(!memchr(in.p + begin, '\n', end - begin));
}

static as_code check_one_call(void *ctx, const as_call *call, as_err *err)
{
    struct calls *c = ctx;

    (void)err;
    check_lines_of(c->in, call->begin, call->end);
    MUST(call->index == c->n++);
    MUST(call->n_args <= AS_CALL_ARGS_MAX);
    return AS_OK;
}

static void check_facts_of(const as_analysis *a, as_bytes in)
{
    for (uint32_t i = 0; i < as_facts_count(a->facts); i++) {
        const as_fact *fact = as_facts_get(a->facts, i);
        const as_evidence *e = as_fact_evidence(a->facts, fact);
        uint32_t up = as_fact_parent(a->facts, fact);

        if (fact->flags & AS_FACT_GONE)
            continue;
        MUST(fact->n_attrs > 0 && fact->n_evidence > 0);
        for (size_t k = 0; k < fact->n_evidence; k++)
            check_lines_of(in, e[k].begin, e[k].end);
        for (size_t k = 0; k < fact->n_attrs; k++) {
            as_bytes text = as_facts_text(a->facts, as_fact_attrs(a->facts, fact)[k].str);

            MUST(as_utf8_check(text) == text.n);
        }
        for (size_t steps = 0; up != AS_NO_FACT; steps++) {
            MUST(up < as_facts_count(a->facts) && up != i && steps < 100000);
            up = as_fact_parent(a->facts, as_facts_get(a->facts, up));
        }
    }
}

static as_code take_portion(void *ctx, const as_analysis *a, as_err *err)
{
    (void)err;
    check_facts_of(a, *(const as_bytes *)ctx);
    return AS_OK;
}

static as_code read_as(as_bytes in, as_read_options *options, as_analysis **ret)
{
    as_err err = {0};
    as_source *s = NULL;
    as_code rc;

    MUST(!as_source_open_bytes(in, NULL, &s, NULL));
    rc = as_analysis_read(s, options, ret, &err);
    as_source_free(s);
    MUST(rc == AS_OK || rc == AS_UNKNOWN || rc == AS_LIMIT);
    MUST((rc == AS_OK) == (*ret != NULL));
    return rc;
}

/* Portions are as good as whole for one input in eight: they take most of the time. */
static void check_log(as_bytes in, const char *format)
{
    bool parted = in.n % 8 == 0;
    struct calls told = {.in = in}, untold = {.in = in};
    as_read_options whole = {.format = format, .on_call = check_one_call, .call_ctx = &told};
    as_read_options parts = {.format = format,
                             .on_call = check_one_call,
                             .call_ctx = &untold,
                             .on_portion = take_portion,
                             .portion_ctx = &in,
                             .portion = 2000};
    as_analysis *a = NULL, *b = NULL;
    as_code rc = read_as(in, &whole, &a);

    MUST(!parted || read_as(in, &parts, &b) == rc);
    if (!rc) {
        uint64_t sum = a->coverage.mapped_bytes;

        for (size_t i = 0; i < a->coverage.n; i++)
            sum += a->coverage.rows[i].bytes;
        MUST(sum == a->size && a->size == in.n);
        MUST((a->bad_lines == 0) == (a->first_bad_line == 0));
        MUST(a->calls == told.n);
        check_facts_of(a, in);
    }
    if (b) {
        MUST(b->calls == a->calls && a->bad_lines == b->bad_lines);
        check_facts_of(b, in);
    }
    as_analysis_free(a);
    as_analysis_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy;
    as_bytes rest;

    if (size > REPORT_MAX / 64 || (size >= 2 && data[0] == 0x1f && data[1] == 0x8b))
        return 0;
    copy = malloc(size ? size : 1);
    MUST(copy);
    if (size)
        memcpy(copy, data, size);
    rest = (as_bytes){copy, size};
    while (rest.n) {
        const uint8_t *end = memchr(rest.p, '\n', rest.n);
        size_t n = end ? (size_t)(end - rest.p) : rest.n;

        check_line((as_bytes){rest.p, n});
        rest = (as_bytes){rest.p + n + (end != NULL), rest.n - n - (end != NULL)};
    }
    check_log((as_bytes){copy, size}, "strace");
    if (size && memmem(copy, size, "audit(", 6))
        check_log((as_bytes){copy, size}, "auditd");
    free(copy);
    return 0;
}

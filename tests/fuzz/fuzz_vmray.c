/*
 * VMRay: flog.xml as it stands and as the inside of a log; summary_v2.json as it stands
 * and as further members of a summary.
 */
#include "report_checks.h"

#include "base/banned.h"

#define LOG     "<analysis log_version=\"2\">"
#define LOG_END "</analysis>"

/* Whole elements, each named by its number below the root. */
static void check_log_fact(const as_facts *f, uint32_t number, as_bytes in)
{
    const as_fact *fact = as_facts_get(f, number);
    const as_evidence *e = as_fact_evidence(f, fact);
    uint32_t up = as_fact_parent(f, fact);
    as_buf pointer = {0};

    MUST(fact->n_attrs > 0 && fact->n_evidence > 0);
    for (size_t i = 0; i < fact->n_evidence; i++) {
        MUST(e[i].begin < e[i].end && e[i].end <= in.n);
        MUST(in.p[e[i].begin] == '<' && in.p[e[i].end - 1] == '>');
        as_buf_reset(&pointer);
        as_facts_pointer(f, &e[i], &pointer);
        MUST(!pointer.n || pointer.p[0] == '#');
    }
    as_buf_done(&pointer);
    for (size_t i = 0; i < fact->n_attrs; i++) {
        as_bytes text = as_facts_text(f, as_fact_attrs(f, fact)[i].str);

        MUST(as_utf8_check(text) == text.n);
    }
    for (size_t steps = 0; up != AS_NO_FACT; steps++) {
        MUST(up < as_facts_count(f) && up != number && steps < 1000000);
        up = as_fact_parent(f, as_facts_get(f, up));
    }
}

static as_code check_log_call(void *ctx, const as_call *call, as_err *err)
{
    struct told *t = ctx;

    (void)err;
    MUST(call->begin >= t->last && call->end <= t->in.n);
    MUST(t->in.p[call->begin] == '<' && t->in.p[call->end - 1] == '>');
    MUST(call->n_args <= AS_CALL_ARGS_MAX);
    MUST(as_utf8_check(call->api) == call->api.n && as_utf8_check(call->ret) == call->ret.n);
    for (size_t i = 0; i < call->n_args; i++) {
        MUST(as_utf8_check(call->args[i].name) == call->args[i].name.n);
        MUST(as_utf8_check(call->args[i].value) == call->args[i].value.n);
        MUST(as_utf8_check(call->args[i].pretty) == call->args[i].pretty.n);
    }
    t->last = call->end;
    t->calls++;
    return AS_OK;
}

static void check_log_analysis(const as_analysis *a, const struct told *t)
{
    uint64_t sum = a->coverage.mapped_bytes;

    MUST(a->calls == t->calls && a->size == t->in.n);
    for (size_t i = 0; i < a->coverage.n; i++)
        sum += a->coverage.rows[i].bytes;
    MUST(sum == a->size);
    for (uint32_t i = 0; i < as_facts_count(a->facts); i++) {
        if (!(as_facts_get(a->facts, i)->flags & AS_FACT_GONE))
            check_log_fact(a->facts, i, t->in);
    }
}

static void check_log(as_bytes in)
{
    struct told t = {.in = in};
    as_read_options told = {.format = "vmray-flog", .on_call = check_log_call, .call_ctx = &t};
    as_read_options untold = {.format = "vmray-flog"};
    as_analysis *a = NULL, *b = NULL;
    as_source *s = NULL;
    as_err err = {0};
    as_code rc;

    MUST(!as_source_open_bytes(in, NULL, &s, NULL));
    rc = as_analysis_read(s, &told, &a, &err);
    as_source_free(s);
    MUST(!rc || ((rc == AS_INVALID || rc == AS_UNKNOWN || rc == AS_LIMIT || rc == AS_REFUSED) &&
                 err.code == rc && err.msg[0] && !a));
    MUST(!as_source_open_bytes(in, NULL, &s, NULL));
    MUST(as_analysis_read(s, &untold, &b, NULL) == rc);
    as_source_free(s);
    if (!rc) {
        check_log_analysis(a, &t);
        MUST(as_facts_count(a->facts) == as_facts_count(b->facts));
        MUST(a->coverage.mapped_bytes == b->coverage.mapped_bytes && a->calls == b->calls);
    }
    as_analysis_free(a);
    as_analysis_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool inside = size && data[0] == '>';
    size_t n = inside ? sizeof(LOG) - 1 : 0, k = inside ? sizeof(LOG_END) - 1 : 0;
    uint8_t *copy;

    if (size > REPORT_MAX || (size >= 2 && data[0] == 0x1f && data[1] == 0x8b))
        return 0;
    if (size && data[0] == ',') {
        check_data("vmray", "{\"_type\":\"summary\",\"analysis_metadata\":{\"analysis_id\":1}",
                   data, size, "}");
        return 0;
    }
    if (size && data[0] == '{') {
        check_data("vmray", "", data, size, "");
        return 0;
    }
    copy = malloc(n + size + k ? n + size + k : 1);
    MUST(copy);
    if (n)
        memcpy(copy, LOG, n);
    if (size > inside)
        memcpy(copy + n, data + inside, size - inside);
    memcpy(copy + n + size - inside, LOG_END, k);
    check_log((as_bytes){copy, n + size - inside + k});
    free(copy);
    return 0;
}

/*
 * report_checks - private to the fuzz targets of formats: what must hold for
 * whatever a reader made of an input.
 */
#ifndef AS_FUZZ_REPORT_CHECKS_H
#define AS_FUZZ_REPORT_CHECKS_H

#include "base/utf8.h"
#include "formats/formats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);              \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define REPORT_MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
    as_bytes in;
    uint64_t calls, last;
};

/* Begins and ends as a JSON value does. */
static inline void check_range(as_bytes in, uint64_t begin, uint64_t end)
{
    uint8_t first, last;

    MUST(begin < end && end <= in.n);
    first = in.p[begin];
    last = in.p[end - 1];
    if (first == '{' || first == '[' || first == '"') {
        MUST(end - begin >= 2);
        MUST(last == (first == '{' ? '}' : first == '[' ? ']' : '"'));
    } else if (first == '-' || (first >= '0' && first <= '9')) {
        MUST(last >= '0' && last <= '9');
    } else {
        MUST((first == 't' || first == 'f' || first == 'n') && (last == 'e' || last == 'l'));
    }
}

/* A JSON Pointer; of an input of many records, "#" and the number of one before it. */
static inline void check_pointer(as_bytes p)
{
    if (p.n && p.p[0] == '#') {
        size_t n = 1;

        while (n < p.n && p.p[n] >= '0' && p.p[n] <= '9')
            n++;
        MUST(n > 1);
        p = (as_bytes){p.p + n, p.n - n};
    }
    MUST(!p.n || p.p[0] == '/');
    MUST(as_utf8_check(p) == p.n);
    for (size_t i = 0; i < p.n; i++)
        MUST(p.p[i] != '~' || (i + 1 < p.n && (p.p[i + 1] == '0' || p.p[i + 1] == '1')));
}

static inline as_code check_call(void *ctx, const as_call *call, as_err *err)
{
    struct told *t = ctx;
    const as_bytes texts[] = {call->api, call->category, call->time, call->ret, call->id};

    (void)err;
    MUST(call->begin >= t->last && call->end <= t->in.n);
    MUST(t->in.p[call->begin] == '{' && t->in.p[call->end - 1] == '}');
    MUST(call->n_args <= AS_CALL_ARGS_MAX);
    for (size_t i = 0; i < AS_COUNT(texts); i++)
        MUST(as_utf8_check(texts[i]) == texts[i].n);
    for (size_t i = 0; i < call->n_args; i++) {
        MUST(as_utf8_check(call->args[i].name) == call->args[i].name.n);
        MUST(as_utf8_check(call->args[i].value) == call->args[i].value.n);
    }
    t->last = call->end;
    t->calls++;
    return AS_OK;
}

static inline void check_fact(const as_facts *f, uint32_t number, as_bytes in)
{
    const as_fact *fact = as_facts_get(f, number);
    const as_evidence *e = as_fact_evidence(f, fact);
    const as_attr *attrs = as_fact_attrs(f, fact);
    uint32_t up = as_fact_parent(f, fact);
    as_buf pointer = {0};

    MUST(fact->kind < AS_KIND_COUNT && fact->n_attrs > 0 && fact->n_evidence > 0);
    for (size_t i = 0; i < fact->n_evidence; i++) {
        check_range(in, e[i].begin, e[i].end);
        as_buf_reset(&pointer);
        as_facts_pointer(f, &e[i], &pointer);
        check_pointer(as_buf_bytes(&pointer));
    }
    as_buf_done(&pointer);
    for (size_t i = 0; i < fact->n_attrs; i++) {
        as_bytes text = as_facts_text(f, attrs[i].str);

        MUST(attrs[i].name < AS_ATTR_NAME_COUNT && attrs[i].form <= AS_FORM_FALSE);
        MUST(as_utf8_check(text) == text.n);
        MUST(attrs[i].name != AS_ATTR_FIELD ||
             (i + 1 < fact->n_attrs && attrs[i + 1].name == AS_ATTR_FIELD_VALUE));
    }
    for (size_t steps = 0; up != AS_NO_FACT; steps++) {
        MUST(up < as_facts_count(f) && up != number && steps < 1000);
        MUST(!(as_facts_get(f, up)->flags & AS_FACT_GONE));
        up = as_fact_parent(f, as_facts_get(f, up));
    }
}

static inline void check_analysis(const as_analysis *a, const struct told *t)
{
    uint64_t sum = a->coverage.mapped_bytes;

    MUST(a->calls == t->calls);
    MUST(a->size == t->in.n && a->coverage.total_bytes == a->size);
    for (size_t i = 0; i < a->coverage.n; i++)
        sum += a->coverage.rows[i].bytes;
    MUST(sum == a->size);
    for (uint32_t i = 0; i < as_facts_count(a->facts); i++) {
        if (!(as_facts_get(a->facts, i)->flags & AS_FACT_GONE))
            check_fact(a->facts, i, t->in);
    }
    MUST(a->sample == AS_NO_FACT || a->sample < as_facts_count(a->facts));
}

static inline bool is_answer(as_code rc)
{
    return rc == AS_OK || rc == AS_INVALID || rc == AS_UNKNOWN || rc == AS_LIMIT;
}

/*
 * Read as the format that its content calls for, whichever that is: each has properties of
 * its own, which its own target checks.
 */
static inline void check_chosen(as_bytes in)
{
    as_analysis *a = NULL;
    as_source *s = NULL;
    as_err err = {0};
    as_code rc;

    MUST(!as_source_open_bytes(in, NULL, &s, NULL));
    rc = as_analysis_read(s, NULL, &a, &err);
    MUST(is_answer(rc) && (rc == AS_OK) == (a != NULL));
    as_source_free(s);
    as_analysis_free(a);
}

/* Reads `in` as `format`; the facts with calls told and without must be the same. */
static inline void check_report(const char *format, as_bytes in)
{
    struct told t = {.in = in};
    as_read_options options = {.format = format, .on_call = check_call, .call_ctx = &t};
    as_read_options silent = {.format = format};
    as_analysis *told = NULL, *untold = NULL;
    as_err err = {0};
    as_source *s = NULL;
    as_code rc;

    MUST(!as_source_open_bytes(in, NULL, &s, NULL));
    rc = as_analysis_read(s, &options, &told, &err);
    as_source_free(s);
    MUST(is_answer(rc));
    MUST(rc == AS_OK || (err.code == rc && err.msg[0] && !told));
    MUST(rc != AS_INVALID || err.offset <= in.n);

    MUST(!as_source_open_bytes(in, NULL, &s, NULL));
    MUST(as_analysis_read(s, &silent, &untold, NULL) == rc);
    as_source_free(s);
    if (!rc) {
        check_analysis(told, &t);
        MUST(as_facts_count(told->facts) == as_facts_count(untold->facts));
        MUST(told->coverage.n == untold->coverage.n && told->calls == untold->calls);
    }
    as_analysis_free(told);
    as_analysis_free(untold);
}

/* `data` in an envelope of `format`, in a block that ends where it ends. */
static inline void check_data(const char *format, const char *before, const uint8_t *data,
                              size_t size, const char *behind)
{
    as_bytes parts[] = {as_bytes_of(before), {data, size}, as_bytes_of(behind)};
    size_t total = parts[0].n + size + parts[2].n, at = 0;
    uint8_t *copy = malloc(total ? total : 1);

    MUST(copy);
    for (size_t i = 0; i < AS_COUNT(parts); at += parts[i++].n) {
        if (parts[i].n)
            memcpy(copy + at, parts[i].p, parts[i].n);
    }
    check_report(format, (as_bytes){copy, total});
    check_chosen((as_bytes){copy, total});
    free(copy);
}

#endif

/*
 * logs - private to the tests of formats: logs of text, written down in the test.
 */
#ifndef AS_TEST_LOGS_H
#define AS_TEST_LOGS_H

#include "unit/formats/told.h"

static inline as_analysis *read_text(as_bytes in, const as_read_options *options)
{
    as_analysis *a = NULL;
    as_err err = {0};

    if (read_report(in, options, &a, &err))
        fail_msg("%s", err.msg);
    return a;
}

/* What it belongs to says so. */
static inline void is_of(const as_facts *f, const as_fact *fact, as_attr_name attr,
                         const char *text)
{
    assert_attr(f, parent_of(f, fact), attr, text);
}

/* Its own evidence is line `line`, whole. */
static inline void stands_on(const as_facts *f, const as_fact *fact, as_bytes in, uint32_t line)
{
    const as_evidence *e;
    uint32_t at = 1;
    size_t begin = 0;

    assert_non_null(fact);
    e = as_fact_evidence(f, fact);
    assert_int_equal(e->last, line);
    for (; at < line; begin++)
        at += in.p[begin] == '\n';
    assert_int_equal(e->begin, begin);
    assert_true(e->end <= in.n && (e->end == in.n || in.p[e->end] == '\n'));
}

/* Of every length: facts, or "no log at all"; never anything else. */
static inline void cut_everywhere(const char *path, const char *format)
{
    as_read_options options = {.format = format};
    as_bytes in = load(path);

    for (size_t n = 0; n <= in.n; n++) {
        uint8_t *copy;
        as_analysis *a = NULL;
        as_err err = {0};
        as_code rc;

        if (n > 400 && n % 7 && in.p[n - 1] != '\n')
            continue;
        copy = as_mem_get(n ? n : 1);
        assert_non_null(copy);
        if (n)
            memcpy(copy, in.p, n);
        rc = read_report((as_bytes){copy, n}, &options, &a, &err);
        if (rc != AS_OK && rc != AS_UNKNOWN)
            fail_msg("%s cut to %zu bytes: %s", path, n, err.msg);
        assert_true(!a || a->bad_lines <= 8);
        as_analysis_free(a);
        as_mem_free(copy);
    }
    unload(in);
}

static inline as_code drop_call(void *ctx, const as_call *call, as_err *err)
{
    (void)ctx;
    (void)call;
    (void)err;
    return AS_OK;
}

/* Each allocation in turn. */
static inline void starve(const char *path, const char *format)
{
    as_bytes in = load(path);
    as_code rc = AS_NOMEM;

    for (uint64_t n = 1; rc; n++) {
        as_read_options options = {.format = format, .on_call = drop_call};
        as_analysis *a = NULL;
        as_err err = {0};
        as_source *s = NULL;

        assert_int_equal(as_source_open_bytes(in, NULL, &s, &err), AS_OK);
        as_mem_fail_at(n);
        rc = as_analysis_read(s, &options, &a, &err);
        as_mem_fail_at(0);
        if (rc && rc != AS_NOMEM)
            fail_msg("%s, allocation %llu: %s", path, (unsigned long long)n, err.msg);
        as_analysis_free(a);
        as_source_free(s);
    }
    unload(in);
}

struct handed {
    size_t facts, carried, portions;
};

static inline size_t count_facts(const as_facts *f, size_t *carried)
{
    size_t n = 0;

    for (size_t i = 0; i < as_facts_count(f); i++) {
        unsigned flags = as_facts_get(f, i)->flags;

        n += !(flags & (AS_FACT_GONE | AS_FACT_CARRIED));
        *carried += (flags & AS_FACT_CARRIED) != 0;
    }
    return n;
}

static inline as_code take_portion(void *ctx, const as_analysis *a, as_err *err)
{
    struct handed *h = ctx;

    (void)err;
    h->portions++;
    h->facts += count_facts(a->facts, &h->carried);
    return AS_OK;
}

#endif

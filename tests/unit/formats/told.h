/*
 * told - private to the tests of formats: the facts that a report gave, by kind and text.
 */
#ifndef AS_TEST_TOLD_H
#define AS_TEST_TOLD_H

#include "unit/formats/reports.h"

#include "evidence/evidence.h"

/* The n-th fact of the kind, from 0; NULL: there are not that many. */
static inline const as_fact *nth(const as_facts *f, as_kind kind, size_t n)
{
    for (size_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);

        if (fact->kind == (uint16_t)kind && !(fact->flags & AS_FACT_GONE) && !n--)
            return fact;
    }
    return NULL;
}

static inline size_t count_of(const as_facts *f, as_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);

        n += fact->kind == (uint16_t)kind && !(fact->flags & AS_FACT_GONE);
    }
    return n;
}

/* The first fact of the kind whose attribute is `text`, of which there must be one. */
static inline const as_fact *with(const as_facts *f, as_kind kind, as_attr_name name,
                                  const char *text)
{
    for (size_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);

        if (fact->kind == (uint16_t)kind && !(fact->flags & AS_FACT_GONE) &&
            as_bytes_is(as_fact_text(f, fact, name), text))
            return fact;
    }
    fail_msg("no %s with %s %s", as_kind_get(kind)->name, as_attr_get(name)->name, text);
    return NULL;
}

static inline const as_fact *parent_of(const as_facts *f, const as_fact *fact)
{
    uint32_t up;

    assert_non_null(fact);
    up = as_fact_parent(f, fact);
    return up == AS_NO_FACT ? NULL : as_facts_get(f, up);
}

static inline void assert_attr(const as_facts *f, const as_fact *fact, as_attr_name name,
                               const char *text)
{
    as_bytes have;

    assert_non_null(fact);
    have = as_fact_text(f, fact, name);
    if (!as_bytes_is(have, text))
        fail_msg("%s is '%.*s', not '%s'", as_attr_get(name)->name, (int)have.n,
                 (const char *)have.p, text);
}

#endif

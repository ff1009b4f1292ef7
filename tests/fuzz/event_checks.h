/*
 * event_checks - private to the fuzz targets of event logs: what must hold for whatever
 * a reader made of an input of records.
 */
#ifndef AS_FUZZ_EVENT_CHECKS_H
#define AS_FUZZ_EVENT_CHECKS_H

#include "report_checks.h"

/* A record's own bytes, and a number that says which it is. */
static inline void check_event(const as_facts *f, uint32_t number, as_bytes in, bool binary)
{
    const as_fact *fact = as_facts_get(f, number);
    const as_evidence *e = as_fact_evidence(f, fact);
    const as_attr *attrs = as_fact_attrs(f, fact);
    uint32_t up = as_fact_parent(f, fact);
    as_buf pointer = {0};

    MUST(fact->kind < AS_KIND_COUNT && fact->n_attrs > 0 && fact->n_evidence > 0);
    for (size_t i = 0; i < fact->n_evidence; i++) {
        MUST(e[i].begin < e[i].end && e[i].end <= in.n);
        if (binary)
            MUST(e[i].end - e[i].begin >= 28 && !memcmp(in.p + e[i].begin, "**\0\0", 4));
        else
            check_range(in, e[i].begin, e[i].end);
        as_buf_reset(&pointer);
        as_facts_pointer(f, &e[i], &pointer);
        MUST(pointer.n >= 2 && (pointer.p[0] == '#' || (!binary && pointer.p[0] == '/')));
        MUST(pointer.p[1] >= '0' && pointer.p[1] <= '9');
    }
    as_buf_done(&pointer);
    for (size_t i = 0; i < fact->n_attrs; i++) {
        as_bytes text = as_facts_text(f, attrs[i].str);
        as_value v;

        MUST(attrs[i].name < AS_ATTR_NAME_COUNT && attrs[i].form <= AS_FORM_FALSE);
        MUST(as_utf8_check(text) == text.n);
        MUST(attrs[i].name != AS_ATTR_FIELD ||
             (i + 1 < fact->n_attrs && attrs[i + 1].name == AS_ATTR_FIELD_VALUE));
        if (attrs[i].name == AS_ATTR_FIELD && as_fact_text(f, fact, AS_ATTR_EVENT_ID).n)
            MUST(as_winevent_value(f, fact, text, &v));
    }
    for (size_t steps = 0; up != AS_NO_FACT; steps++) {
        MUST(up < as_facts_count(f) && up != number && steps <= as_facts_count(f));
        MUST(!(as_facts_get(f, up)->flags & AS_FACT_GONE));
        up = as_fact_parent(f, as_facts_get(f, up));
    }
}

static inline void check_events(const as_analysis *a, as_bytes in, bool binary)
{
    uint64_t sum = a->coverage.mapped_bytes;

    MUST(a->size == in.n && a->coverage.total_bytes == a->size);
    for (size_t i = 0; i < a->coverage.n; i++)
        sum += a->coverage.rows[i].bytes;
    MUST(sum == a->size);
    MUST(!a->bad_lines || a->first_bad_line);
    MUST(a->sample == AS_NO_FACT && a->calls == 0);
    for (uint32_t i = 0; i < as_facts_count(a->facts); i++) {
        if (!(as_facts_get(a->facts, i)->flags & AS_FACT_GONE))
            check_event(a->facts, i, in, binary);
    }
}

/* The block ends where the input ends. */
static inline void check_log(const char *format, as_bytes in, bool binary)
{
    as_read_options options = {.format = format};
    as_analysis *a = NULL;
    as_source *s = NULL;
    as_err err = {0};
    as_code rc;

    MUST(!as_source_open_bytes(in, NULL, &s, NULL));
    rc = as_analysis_read(s, &options, &a, &err);
    as_source_free(s);
    MUST(rc == AS_OK || rc == AS_INVALID || rc == AS_UNKNOWN || rc == AS_LIMIT);
    MUST(rc == AS_OK || (err.code == rc && err.msg[0] && !a));
    if (!rc)
        check_events(a, in, binary);
    as_analysis_free(a);
}

#endif

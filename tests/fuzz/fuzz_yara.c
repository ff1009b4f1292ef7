/*
 * Matches of YARA: lines of text, and records of YARA-X. Facts lie within one line
 * each, in order, whatever the lines are.
 */
#include "report_checks.h"

#include "base/banned.h"

static uint64_t line_of(as_bytes in, uint64_t at)
{
    uint64_t line = 1;

    for (uint64_t i = 0; i < at; i++)
        line += in.p[i] == '\n';
    return line;
}

static void check_line_fact(const as_facts *f, const as_fact *fact, as_bytes in, bool text)
{
    const as_evidence *e = as_fact_evidence(f, fact);
    const as_attr *attrs = as_fact_attrs(f, fact);

    MUST(fact->n_attrs > 0 && fact->n_evidence > 0);
    MUST(e->begin < e->end && e->end <= in.n);
    MUST(!text || (e->node == 0 && e->last == line_of(in, e->begin)));
    MUST(!text || !memchr(in.p + e->begin, '\n', e->end - e->begin));
    for (size_t i = 0; i < fact->n_attrs; i++) {
        as_bytes value = as_facts_text(f, attrs[i].str);

        MUST(as_utf8_check(value) == value.n);
    }
}

static void check_lines(as_bytes in, const char *format)
{
    as_read_options options = {.format = format};
    as_analysis *a = NULL;
    as_err err = {0};
    as_source *s = NULL;
    as_code rc;

    MUST(!as_source_open_bytes(in, NULL, &s, NULL));
    rc = as_analysis_read(s, &options, &a, &err);
    as_source_free(s);
    MUST(rc == AS_OK || rc == AS_INVALID || rc == AS_UNKNOWN || rc == AS_LIMIT);
    MUST((rc == AS_OK) == (a != NULL));
    if (a) {
        uint64_t sum = a->coverage.mapped_bytes;

        for (size_t i = 0; i < a->coverage.n; i++)
            sum += a->coverage.rows[i].bytes;
        MUST(sum == a->size && a->size == in.n);
        MUST((a->bad_lines == 0) == (a->first_bad_line == 0));
        for (uint32_t i = 0; i < as_facts_count(a->facts); i++) {
            const as_fact *fact = as_facts_get(a->facts, i);

            if (!(fact->flags & AS_FACT_GONE))
                check_line_fact(a->facts, fact, in, !strcmp(format, "yara"));
        }
    }
    as_analysis_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy;

    if (size > REPORT_MAX / 16 || (size >= 2 && data[0] == 0x1f && data[1] == 0x8b))
        return 0;
    copy = malloc(size ? size : 1);
    MUST(copy);
    if (size)
        memcpy(copy, data, size);
    check_lines((as_bytes){copy, size}, "yara");
    check_lines((as_bytes){copy, size}, "yara-x");
    free(copy);
    return 0;
}

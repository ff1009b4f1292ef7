/*
 * The log of DRAKVUF, in one piece and in portions, and, behind '1' to '3', the report of
 * DRAKVUF Sandbox.
 */
#include "report_checks.h"

#include "base/banned.h"

static const struct {
    const char *before, *behind;
} envelopes[] = {
    {"{\"startup\":{},\"processes\":[{\"seqid\":1,\"pid\":4}", "]}"},
    {"{\"startup\":{},\"processes\":[{\"seqid\":1},{\"seqid\":2,\"parent_seqid\":1}],\"ttps\":[",
     "]}"},
    {"{\"processes\":[{\"seqid\":1}],\"connections\":[{\"process_seqids\":[1,2]}]", "}"},
};

struct portions {
    uint64_t n, facts;
};

static uint64_t new_facts(const as_facts *f)
{
    uint64_t n = 0;

    for (size_t i = 0; i < as_facts_count(f); i++)
        n += !(as_facts_get(f, i)->flags & (AS_FACT_GONE | AS_FACT_CARRIED));
    return n;
}

static as_code take(void *ctx, const as_analysis *a, as_err *err)
{
    struct portions *p = ctx;

    (void)err;
    p->n++;
    p->facts += new_facts(a->facts);
    return AS_OK;
}

/* Memory for a few records at a time. What is joined in one piece may be two in portions. */
static void check_portions(const uint8_t *data, size_t size)
{
    struct portions p = {0};
    as_read_options parts = {
        .format = "drakvuf", .on_portion = take, .portion_ctx = &p, .portion = 4096};
    as_read_options whole = {.format = "drakvuf"};
    as_analysis *a = NULL, *b = NULL;
    as_source *s = NULL;
    as_code rc;

    MUST(!as_source_open_bytes((as_bytes){data, size}, NULL, &s, NULL));
    rc = as_analysis_read(s, &parts, &a, NULL);
    as_source_free(s);
    MUST(!as_source_open_bytes((as_bytes){data, size}, NULL, &s, NULL));
    MUST(as_analysis_read(s, &whole, &b, NULL) == rc);
    as_source_free(s);
    if (!rc) {
        MUST(a->portions == p.n && a->calls == b->calls && a->bad_lines == b->bad_lines);
        MUST(p.facts + new_facts(a->facts) >= new_facts(b->facts));
        MUST(a->coverage.total_bytes == b->coverage.total_bytes);
    }
    as_analysis_free(a);
    as_analysis_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t which = size ? (size_t)(data[0] - '1') : AS_COUNT(envelopes);

    if (size > REPORT_MAX || (size >= 2 && data[0] == 0x1f && data[1] == 0x8b))
        return 0;
    if (which < AS_COUNT(envelopes)) {
        check_data("drakvuf-report", envelopes[which].before, data + 1, size - 1,
                   envelopes[which].behind);
        return 0;
    }
    check_data("drakvuf", "", data, size, "");
    check_portions(data, size);
    return 0;
}

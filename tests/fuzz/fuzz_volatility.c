/*
 * Tables of Volatility 3 and 2. The first byte says in which envelope the rest stands; read
 * in portions, the rows are those that they are in one piece.
 */
#include "report_checks.h"

#include "base/banned.h"

static const struct {
    const char *format, *before, *behind;
} envelopes[] = {
    {"volatility3", "\n[{\"PID\":1,\"Process\":\"a\",\"__children\":[", "]}]\n"},
    {"volatility3",
     "[{\"Hexdump\":\"90\",\"PID\":1,\"Process\":\"a\",\"Protection\":\"rwx\",\"Start VPN\":1",
     "}]"},
    {"volatility3", "{\"PID\":1,\"Process\":\"a\",\"SID\":\"S\",\"Name\":\"n\"}\n", "\n"},
    {"volatility3", "[]\n\n[{\"PID\":1,\"Process\":\"a\",\"Args\":\"b\"", "}]\n"},
    {"volatility2", "{\"columns\":[\"PID\",\"Process\",\"CommandLine\"],\"rows\":[[", "]]}"},
    {"volatility2", "{\"rows\":[[",
     "]],\"columns\":[\"Name\",\"PID\",\"PPID\",\"Thds\",\"Start\"]}"},
};

static const char *const formats[] = {"volatility3", "volatility2"};

struct sum {
    uint64_t kinds[AS_KIND_COUNT];
};

static void add_facts(struct sum *s, const as_facts *f)
{
    for (size_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);
        const as_attr *a = as_fact_attrs(f, fact);

        if (fact->flags & (AS_FACT_GONE | AS_FACT_CARRIED))
            continue;
        s->kinds[fact->kind]++;
        for (size_t k = 0; k < fact->n_attrs; k++)
            MUST(a[k].name != AS_ATTR_FIELD ||
                 (k + 1 < fact->n_attrs && a[k + 1].name == AS_ATTR_FIELD_VALUE));
    }
}

static as_code add_portion(void *ctx, const as_analysis *a, as_err *err)
{
    (void)err;
    add_facts(ctx, a->facts);
    return AS_OK;
}

/* A process may be named in one portion and have its own row in the next. */
static void compare(const struct sum *whole, const struct sum *parts)
{
    for (size_t k = 0; k < AS_KIND_COUNT; k++)
        MUST(k == AS_KIND_PROCESS || whole->kinds[k] == parts->kinds[k]);
}

static void check_portions(as_bytes in)
{
    struct sum whole = {0}, parts = {0};
    as_read_options options = {.format = "volatility3"};
    as_analysis *a = NULL, *b = NULL;
    as_source *s = NULL;
    as_code rc;

    MUST(!as_source_open_bytes(in, NULL, &s, NULL));
    rc = as_analysis_read(s, &options, &a, NULL);
    as_source_free(s);
    options.on_portion = add_portion;
    options.portion_ctx = &parts;
    options.portion = 2048;
    MUST(!as_source_open_bytes(in, NULL, &s, NULL));
    MUST(as_analysis_read(s, &options, &b, NULL) == rc);
    as_source_free(s);
    if (!rc) {
        add_facts(&whole, a->facts);
        add_facts(&parts, b->facts);
        compare(&whole, &parts);
        MUST(a->bad_lines == b->bad_lines && a->first_bad_line == b->first_bad_line);
        MUST(a->coverage.mapped_bytes == b->coverage.mapped_bytes && a->gaps == b->gaps);
        MUST(!strcmp(a->tool, b->tool));
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
        check_data(envelopes[which].format, envelopes[which].before, data + 1, size - 1,
                   envelopes[which].behind);
        return 0;
    }
    for (size_t i = 0; i < AS_COUNT(formats); i++)
        check_data(formats[i], "", data, size, "");
    check_portions((as_bytes){data, size});
    return 0;
}

#include "cli/cli_priv.h"

#include "report/report.h"

#include "base/banned.h"

static as_code print_facts(const as_analysis *a, as_out *out, as_err *err)
{
    as_code rc = AS_OK;
    size_t n = as_facts_count(a->facts);

    for (size_t i = 0; !rc && i < n; i++) {
        const as_fact *fact = as_facts_get(a->facts, i);

        if (fact->flags & AS_FACT_GONE)
            continue;
        as_report_fact(a, fact, &out->buf);
        as_buf_byte(&out->buf, '\n');
        rc = as_out_relieve(out, err);
    }
    return rc;
}

static as_code facts_of(void *ctx, const as_input *input, as_out *out, as_err *err)
{
    const as_args *args = ctx;
    as_analysis *a = NULL;
    as_code rc = as_report_read(args, input, NULL, NULL, &a, err);

    if (rc)
        return rc;
    rc = print_facts(a, out, err);
    as_analysis_free(a);
    return rc;
}

int as_cmd_facts(const as_args *args)
{
    as_args copy = *args;
    as_job job = {.each = facts_of, .ctx = &copy};

    return as_each_report(args, &job);
}

#include "cli/cli_priv.h"

#include "report/report.h"

#include "base/banned.h"

static as_code print_facts(void *ctx, const as_analysis *a, as_err *err)
{
    as_lines_out *lines = ctx;
    as_code rc = AS_OK;
    size_t n = as_facts_count(a->facts);

    for (size_t i = 0; !rc && i < n; i++) {
        const as_fact *fact = as_facts_get(a->facts, i);

        if (fact->flags & (AS_FACT_GONE | AS_FACT_CARRIED))
            continue;
        as_report_fact(a, fact, &lines->buf);
        as_buf_byte(&lines->buf, '\n');
        rc = as_lines_out_relieve(lines, a, err);
    }
    return rc;
}

static as_code facts_of(void *ctx, const as_input *input, as_out *out, as_err *err)
{
    const as_args *args = ctx;
    as_lines_out lines = {.out = out};
    as_read_options options = {.on_portion = print_facts, .portion_ctx = &lines};
    as_analysis *a = NULL;
    as_code rc = as_report_read(args, input, &options, &a, err);

    if (!rc)
        rc = print_facts(&lines, a, err);
    if (!rc)
        rc = as_lines_out_end(&lines, a, err);
    as_lines_out_done(&lines);
    as_analysis_free(a);
    return rc;
}

int as_cmd_facts(const as_args *args)
{
    as_args copy = *args;
    as_job job = {.each = facts_of, .ctx = &copy};

    return as_each_report(args, &job);
}

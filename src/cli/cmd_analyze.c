#include "cli/cli_priv.h"

#include "base/banned.h"

struct analyze {
    const as_args *args;
    as_telling *telling;
};

static as_code read_one(void *ctx, const as_input *input, as_out *out, as_err *err)
{
    const struct analyze *job = ctx;
    as_read_options options = {.digest = true};
    as_analysis *a = NULL;
    as_code rc = as_report_read(job->args, input, &options, &a, err);

    return rc ? rc : as_telling_add(job->telling, a, out, err);
}

static as_code finish(void *ctx, as_out *out, as_err *err)
{
    const struct analyze *job = ctx;

    return as_telling_finish(job->telling, out, err);
}

int as_cmd_analyze(const as_args *args)
{
    struct analyze analyze = {.args = args};
    as_job job = {.each = read_one, .finish = finish, .ctx = &analyze};
    as_err err = {0};
    int status, worst;

    if (as_telling_new(args, &analyze.telling, &err))
        return as_say_error(&err);
    status = as_each_report(args, &job);
    worst = as_telling_worst(analyze.telling);
    as_telling_free(analyze.telling);
    return worst > status ? worst : status;
}

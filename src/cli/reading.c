#include "cli/cli_priv.h"

#include "base/log.h"
#include "base/source.h"

#include "base/banned.h"

static void tick(void *ctx, uint64_t done)
{
    as_progress_at(ctx, done);
}

as_code as_report_read(const char *path, bool quiet, as_call_fn *on_call, void *call_ctx,
                       as_analysis **ret, as_err *err)
{
    as_read_options options = {.on_call = on_call, .call_ctx = call_ctx, .on_tick = tick};
    as_source *source = NULL;
    as_progress progress;
    as_code rc = as_source_open(path, NULL, &source, err);

    if (rc)
        return rc;
    progress = as_progress_start(as_input_name(path), as_source_size(source), quiet);
    options.tick_ctx = &progress;
    rc = as_analysis_read(source, &options, ret, err);
    as_progress_end(&progress);
    as_source_free(source);
    return rc;
}

/* One report into `out`, which holds whole reports only afterwards, and is empty. */
static as_code one_report(const as_job *job, const char *path, as_out *out, as_err *err)
{
    as_code rc = job->each(job->ctx, path, out, err);

    if (!rc)
        return as_out_flush(out, err);
    as_buf_reset(&out->buf);
    return rc;
}

/* The exit status of the worst; *ret_good: how many were done. AS_IO ends it all. */
static int all_reports(const as_args *args, const as_job *job, as_out *out, int *ret_good)
{
    int worst = 0;

    for (int i = 0; i < args->n_operands; i++) {
        const char *path = args->operands[i];
        as_err err = {0};
        as_code rc = one_report(job, path, out, &err);
        int status;

        *ret_good += !rc;
        if (rc == AS_IO) {
            *ret_good = 0; /* nothing is whole */
            return as_say_error(&err);
        }
        status = rc ? as_say_input(path, &err) : 0;
        worst = status > worst ? status : worst;
    }
    return worst;
}

int as_each_report(const as_args *args, const as_job *job)
{
    const char *path = as_args_get(args, AS_OPT_OUTPUT);
    int status, good = 0;
    as_err err = {0};
    as_code rc;
    as_out out;

    as_signals_install();
    if (as_out_check_inputs(path, args->operands, args->n_operands, &err) ||
        as_out_open(&out, path, &err))
        return as_say_error(&err);
    status = all_reports(args, job, &out, &good);
    if (good == 0) {
        as_out_abort(&out);
        return status;
    }
    rc = job->finish ? job->finish(job->ctx, &out, &err) : AS_OK;
    if (rc)
        as_out_abort(&out);
    else
        rc = as_out_commit(&out, &err);
    return rc ? as_say_error(&err) : status;
}

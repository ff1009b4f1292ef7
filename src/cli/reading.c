#include "cli/cli_priv.h"

#include "base/log.h"
#include "base/source.h"

#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

/* The walk over all operands. */
struct round {
    const as_args *args;
    const as_job *job;
    as_out *out;
    struct stat target; /* of --output, as it was */
    bool has_target;
    const char *operand;
    bool told;     /* an error of this operand was */
    int good_here; /* reports of this operand */
    int good, worst;
    bool told_once[AS_SKIP_COUNT];
    uint64_t skipped[AS_SKIP_COUNT], here[AS_SKIP_COUNT]; /* in all, of this operand */
};

static void tick(void *ctx, uint64_t done)
{
    as_progress_at(ctx, done);
}

#define BAD_TOLD 10 /* lines of one input; the rest is a number */

void as_bad_tell(void *ctx, bool is_record, uint64_t number, const as_err *why)
{
    as_bad_told *bad = ctx;

    if (bad->told == BAD_TOLD)
        return;
    bad->told++;
    bad->records = is_record;
    as_say_bad(bad->name, is_record, number, why);
}

void as_bad_rest(const as_bad_told *bad, uint64_t all)
{
    uint64_t more = all - bad->told;

    if (more > 0)
        as_log(AS_LOG_WARN, "%s: %llu more %s cannot be read", bad->name, (unsigned long long)more,
               bad->records ? (more == 1 ? "record" : "records") : (more == 1 ? "line" : "lines"));
}

as_code as_report_read(const as_args *args, const as_input *input, const as_read_options *options,
                       as_analysis **ret, as_err *err)
{
    as_read_options all = options ? *options : (as_read_options){0};
    as_source *source = input->source;
    as_bad_told bad = {.name = as_input_name(as_source_name(source))};
    as_progress progress;
    as_code rc;

    if (as_args_has(args, AS_OPT_AS))
        all.format = as_args_get(args, AS_OPT_AS);
    all.found = input->found;
    all.on_tick = tick;
    all.tick_ctx = &progress;
    all.on_bad = as_bad_tell;
    all.bad_ctx = &bad;
    progress = as_progress_start(bad.name, as_source_size(source), as_args_has(args, AS_OPT_QUIET));
    rc = as_analysis_read(source, &all, ret, err);
    as_progress_end(&progress);
    if (!rc)
        as_bad_rest(&bad, (*ret)->bad_lines);
    return rc;
}

static void say_failed(struct round *r, const char *name, const as_err *err)
{
    int status = as_say_input(name, err);

    r->told = true;
    r->worst = status > r->worst ? status : r->worst;
}

/*
 * What cannot be read is told at once, and what somebody could do about, though once in
 * all; the rest waits for the note at the end.
 */
static void skipped(void *ctx, as_skip why, const char *name, const as_err *err)
{
    struct round *r = ctx;
    bool mendable = why == AS_SKIP_PASSWORD || why == AS_SKIP_UNSUPPORTED;

    r->here[why]++;
    if (why == AS_SKIP_FAILED)
        say_failed(r, name, err);
    else if (mendable && !r->told_once[why])
        as_log(AS_LOG_WARN, "%s", err->msg);
    else
        as_log(AS_LOG_INFO, "skipped, %s: %s", as_skip_text(why), name);
    r->told_once[why] = true;
}

/* The output must not become one of its own inputs, nor replace it. */
static as_code check_target(const struct round *r, const char *file, as_err *err)
{
    struct stat st;

    if (!r->has_target || stat(file, &st) || st.st_dev != r->target.st_dev ||
        st.st_ino != r->target.st_ino)
        return AS_OK;
    (void)as_fail(err, AS_USAGE, AS_NO_OFFSET,
                  "'%s' is one of the reports: --output would overwrite it", file);
    return AS_IO; /* it is about the output, so the walk ends */
}

/* One report into `out`, which holds whole reports only afterwards, and is empty. */
static as_code one_report(void *ctx, as_input *input, as_err *err)
{
    struct round *r = ctx;
    as_code rc = check_target(r, input->file, err);

    if (!rc)
        rc = r->job->each(r->job->ctx, input, r->out, err);
    if (!rc) {
        rc = as_out_flush(r->out, err);
        r->good_here += !rc;
        return rc;
    }
    as_buf_reset(&r->out->buf);
    return rc;
}

/* "of an unknown format 2, hidden 1", with a NUL behind it; the number of them all. */
static uint64_t list_skipped(const uint64_t counts[AS_SKIP_COUNT], as_buf *out)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < AS_SKIP_COUNT; i++) {
        if (i == AS_SKIP_FAILED || counts[i] == 0)
            continue;
        as_buf_printf(out, "%s%s %llu", n > 0 ? ", " : "", as_skip_text((as_skip)i),
                      (unsigned long long)counts[i]);
        n += counts[i];
    }
    as_buf_byte(out, '\0');
    return n;
}

static void say_nothing_read(struct round *r, as_err *err)
{
    as_buf list = {0};
    uint64_t n = list_skipped(r->here, &list);

    (void)as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                  n > 0 && !list.failed ? "it holds no report that assay can read; skipped: %s"
                                        : "it is empty%s",
                  n > 0 && !list.failed ? (const char *)list.p : "");
    say_failed(r, r->operand, err);
    as_buf_done(&list);
}

static as_code one_operand(struct round *r, const as_inputs_options *options, as_err *err)
{
    as_code rc = as_inputs_each(r->operand, options, one_report, r, err);

    if (rc == AS_IO)
        return rc;
    if (rc)
        say_failed(r, r->operand, err);
    else if (r->good_here == 0 && !r->told) {
        say_nothing_read(r, err);
        return AS_OK; /* with all that was skipped */
    }
    for (unsigned i = 0; i < AS_SKIP_COUNT; i++)
        r->skipped[i] += r->here[i];
    return AS_OK;
}

static void say_skipped(const struct round *r)
{
    as_buf list = {0};
    uint64_t n = list_skipped(r->skipped, &list);

    if (n > 0 && !list.failed)
        as_log(AS_LOG_WARN, "%llu %s skipped: %s%s", (unsigned long long)n,
               n == 1 ? "file was" : "files were", (const char *)list.p,
               as_args_has(r->args, AS_OPT_VERBOSE) ? "" : " (--verbose lists them)");
    as_buf_done(&list);
}

/* AS_IO ends it all; other failures are told and the worst is kept. */
static as_code all_operands(struct round *r, as_err *err)
{
    as_inputs_options options = {.on_skip = skipped, .skip_ctx = r};
    as_passwords passwords;
    as_code rc = as_passwords_find(r->args, &passwords, err);

    if (rc)
        return rc;
    options.passwords = passwords.p;
    options.n_passwords = passwords.n;
    for (int i = 0; !rc && i < r->args->n_operands; i++) {
        as_err fault = {0};

        r->operand = r->args->operands[i];
        r->told = false;
        r->good_here = 0;
        memset(r->here, 0, sizeof(r->here));
        rc = one_operand(r, &options, &fault);
        if (rc)
            *err = fault;
        r->good += r->good_here;
    }
    as_passwords_done(&passwords);
    if (!rc)
        say_skipped(r);
    return rc;
}

int as_each_report(const as_args *args, const as_job *job)
{
    const char *path = as_args_get(args, AS_OPT_OUTPUT);
    struct round r = {.args = args, .job = job};
    as_err err = {0};
    as_code rc;
    as_out out;

    as_signals_install();
    if (as_args_has(args, AS_OPT_VERBOSE))
        as_log_set(AS_LOG_INFO);
    r.has_target = path && stat(path, &r.target) == 0 && S_ISREG(r.target.st_mode);
    if (as_out_check_inputs(path, args->operands, args->n_operands, &err) ||
        as_out_open(&out, path, &err))
        return as_say_error(&err);
    r.out = &out;
    rc = all_operands(&r, &err);
    if (rc || r.good == 0) {
        as_out_abort(&out); /* nothing is whole */
        return rc ? as_say_error(&err) : r.worst;
    }
    rc = job->finish ? job->finish(job->ctx, &out, &err) : AS_OK;
    if (rc)
        as_out_abort(&out);
    else
        rc = as_out_commit(&out, &err);
    return rc ? as_say_error(&err) : r.worst;
}

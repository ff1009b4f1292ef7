#include "cli/cli_priv.h"

#include "report/report.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/banned.h"

#define WIDTH_LEAST    20u
#define WIDTH_MOST     1000u
#define WIDTH_TERMINAL 80u  /* of one that does not tell */
#define WIDTH_ELSE     100u /* a file, a pipe */

/* A report that waits for the others of its document. */
struct kept {
    as_analysis *analysis;
    as_doc *doc;
};

struct analyze {
    const as_args *args;
    as_report_format format;
    as_doc_options doc;
    as_report_options report;
    struct kept *kept; /* in the order that they were met in */
    size_t n, cap;
    bool started; /* a report was already written */
};

static as_lang locale_lang(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < AS_COUNT(names); i++) {
        const char *value = getenv(names[i]);

        if (value && *value)
            return strncmp(value, "zh", 2) == 0 ? AS_LANG_ZH : AS_LANG_EN;
    }
    return AS_LANG_EN;
}

static as_lang choose_lang(const as_args *args)
{
    const char *lang = as_args_get(args, AS_OPT_LANG);

    if (!lang)
        return locale_lang();
    return strcmp(lang, "zh") == 0 ? AS_LANG_ZH : AS_LANG_EN;
}

static as_report_format choose_format(const as_args *args)
{
    const char *format = as_args_get(args, AS_OPT_FORMAT);

    if (as_args_has(args, AS_OPT_JSON) || (format && strcmp(format, "json") == 0))
        return AS_REPORT_JSON;
    if (format && strcmp(format, "md") == 0)
        return AS_REPORT_MD;
    if (format && strcmp(format, "html") == 0)
        return AS_REPORT_HTML;
    return AS_REPORT_TEXT;
}

static bool to_terminal(const as_args *args)
{
    return !as_args_has(args, AS_OPT_OUTPUT) && isatty(STDOUT_FILENO);
}

static bool choose_colour(const as_args *args)
{
    const char *when = as_args_get(args, AS_OPT_COLOR);
    const char *never = getenv("NO_COLOR"), *term = getenv("TERM");

    if (when && strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    return to_terminal(args) && !(never && *never) && term && strcmp(term, "dumb") != 0;
}

static unsigned clamp_width(uint64_t width)
{
    if (width < WIDTH_LEAST)
        return WIDTH_LEAST;
    return width > WIDTH_MOST ? WIDTH_MOST : (unsigned)width;
}

static unsigned default_width(const as_args *args)
{
    const char *columns = getenv("COLUMNS");
    bool terminal = to_terminal(args);
    struct winsize size = {0};
    uint64_t n;

    if (terminal && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col > 0)
        return clamp_width(size.ws_col);
    if (columns && as_bytes_u64(as_bytes_of(columns), &n) && n > 0)
        return clamp_width(n);
    return terminal ? WIDTH_TERMINAL : WIDTH_ELSE;
}

static as_code choose_width(const as_args *args, unsigned *ret, as_err *err)
{
    const char *text = as_args_get(args, AS_OPT_WIDTH);
    uint64_t n;

    if (!text) {
        *ret = default_width(args);
        return AS_OK;
    }
    if (!as_bytes_u64(as_bytes_of(text), &n) || (n > 0 && (n < WIDTH_LEAST || n > WIDTH_MOST)))
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "option '--width' takes 0 or a number from %u to %u, not '%s'; "
                       "try 'assay help analyze'",
                       WIDTH_LEAST, WIDTH_MOST, text);
    *ret = (unsigned)n;
    return AS_OK;
}

static as_code choose(const as_args *args, struct analyze *job, as_err *err)
{
    const char *format = as_args_get(args, AS_OPT_FORMAT);

    if (as_args_has(args, AS_OPT_JSON) && format && strcmp(format, "json") != 0)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "'--json' and '--format %s' contradict each other; "
                       "try 'assay help analyze'",
                       format);
    *job = (struct analyze){
        .args = args,
        .format = choose_format(args),
        .doc = {.lang = choose_lang(args), .full = as_args_has(args, AS_OPT_FULL)},
        .report = {.colour = choose_colour(args), .coverage = as_args_has(args, AS_OPT_COVERAGE)},
    };
    return choose_width(args, &job->report.width, err);
}

static as_code build(const struct analyze *job, const as_input *input, struct kept *ret,
                     as_err *err)
{
    as_read_options options = {.digest = true};
    struct kept k = {0};
    as_code rc = as_report_read(job->args, input, &options, &k.analysis, err);

    if (!rc)
        rc = as_doc_build(k.analysis, &job->doc, &k.doc, err);
    if (rc)
        as_analysis_free(k.analysis);
    else
        *ret = k;
    return rc;
}

static void kept_done(const struct kept *k)
{
    as_doc_free(k->doc);
    as_analysis_free(k->analysis);
}

/* Text and Markdown: one report after the other, so that memory holds only one. */
static as_code write_one(void *ctx, const as_input *input, as_out *out, as_err *err)
{
    struct analyze *job = ctx;
    struct kept k = {0};
    const as_doc *one;
    as_code rc = build(job, input, &k, err);

    if (rc)
        return rc;
    if (job->started)
        as_buf_byte(&out->buf, '\n');
    one = k.doc;
    rc = as_report_write(job->format, &one, 1, &job->report, &out->buf, err);
    job->started = job->started || !rc;
    kept_done(&k);
    return rc;
}

static as_code keep_one(void *ctx, const as_input *input, as_out *out, as_err *err)
{
    struct analyze *job = ctx;
    as_code rc;

    (void)out;
    if (job->n == job->cap) {
        size_t cap = job->cap > 0 ? job->cap * 2 : 8;
        struct kept *kept = as_mem_resize(job->kept, cap * sizeof(*kept));

        if (!kept)
            return as_fail_nomem(err, "the reports");
        job->kept = kept;
        job->cap = cap;
    }
    rc = build(job, input, &job->kept[job->n], err);
    if (!rc)
        job->n++;
    return rc;
}

static as_code write_all(void *ctx, as_out *out, as_err *err)
{
    struct analyze *job = ctx;
    const as_doc **docs = as_mem_zero(job->n, sizeof(void *)); /* all object pointers are alike */
    as_code rc;

    if (!docs)
        return as_fail_nomem(err, "the reports");
    for (size_t i = 0; i < job->n; i++)
        docs[i] = job->kept[i].doc;
    rc = as_report_write(job->format, docs, job->n, &job->report, &out->buf, err);
    as_mem_free(docs);
    return rc;
}

static void analyze_done(struct analyze *job)
{
    for (size_t i = 0; i < job->n; i++)
        kept_done(&job->kept[i]);
    as_mem_free(job->kept);
}

int as_cmd_analyze(const as_args *args)
{
    struct analyze analyze = {0};
    as_job job = {.each = write_one, .ctx = &analyze};
    as_err err = {0};
    int status;

    if (choose(args, &analyze, &err))
        return as_say_error(&err);
    if (analyze.format == AS_REPORT_HTML || analyze.format == AS_REPORT_JSON) {
        job.each = keep_one;
        job.finish = write_all;
    }
    status = as_each_report(args, &job);
    analyze_done(&analyze);
    return status;
}

#include "cli/cli_priv.h"

#include "base/log.h"
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

/* The reports of one sample, or the one report of whatever it is. */
struct group {
    as_analysis *parts[AS_PARTS_MAX];
    size_t n;
    as_analysis *joined; /* once there are several */
    as_doc *doc;
};

struct as_telling {
    const as_args *args;
    as_report_format format;
    as_doc_options doc;
    as_report_options report;
    struct group *groups; /* in the order that they were met in */
    size_t n, cap;
    size_t memory; /* of the facts of all */
    bool started;  /* a report was already written */
    int worst;     /* exit status of those that could not be told */
};

/* Reports wait for others of the same sample until their facts fill this much. */
#define WAITING_MEMORY ((size_t)1 << 30)

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

bool as_wants_colour(const as_args *args)
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
    char hint[64];
    uint64_t n;

    if (!text) {
        *ret = default_width(args);
        return AS_OK;
    }
    as_help_hint(args->command, hint, sizeof(hint));
    if (!as_bytes_u64(as_bytes_of(text), &n) || (n > 0 && (n < WIDTH_LEAST || n > WIDTH_MOST)))
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "option '--width' takes 0 or a number from %u to %u, not '%s'; %s",
                       WIDTH_LEAST, WIDTH_MOST, text, hint);
    *ret = (unsigned)n;
    return AS_OK;
}

static as_code choose(const as_args *args, as_telling *t, as_err *err)
{
    const char *format = as_args_get(args, AS_OPT_FORMAT);
    char hint[64];

    as_help_hint(args->command, hint, sizeof(hint));
    if (as_args_has(args, AS_OPT_JSON) && format && strcmp(format, "json") != 0)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "'--json' and '--format %s' contradict each other; %s", format, hint);
    *t = (as_telling){
        .args = args,
        .format = choose_format(args),
        .doc = {.lang = choose_lang(args), .full = as_args_has(args, AS_OPT_FULL)},
        .report = {.colour = as_wants_colour(args), .coverage = as_args_has(args, AS_OPT_COVERAGE)},
    };
    return choose_width(args, &t->report.width, err);
}

static void group_done(struct group *g)
{
    as_doc_free(g->doc);
    as_analysis_free(g->joined);
    for (size_t i = 0; i < g->n; i++)
        as_analysis_free(g->parts[i]);
    *g = (struct group){0};
}

static void groups_done(as_telling *t)
{
    for (size_t i = 0; i < t->n; i++)
        group_done(&t->groups[i]);
    t->n = 0;
    t->memory = 0;
}

/* A sample that cannot be told (it holds too much) costs itself alone. */
static bool tell(as_telling *t, struct group *g)
{
    const as_analysis *parts[AS_PARTS_MAX] = {g->parts[0]};
    as_err err = {0};
    as_code rc = AS_OK;
    int status;

    for (size_t i = 0; i < g->n; i++)
        parts[i] = g->parts[i];
    if (g->n > 1)
        rc = as_analyses_join(parts, g->n, &g->joined, &err);
    if (!rc)
        rc = as_doc_build(g->joined ? g->joined : parts[0], &t->doc, &g->doc, &err);
    if (!rc)
        return true;
    status = as_say_input(parts[0]->source, &err);
    t->worst = status > t->worst ? status : t->worst;
    return false;
}

/* Text and Markdown: one document after the other. */
static as_code write_each(as_telling *t, as_out *out, as_err *err)
{
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < t->n; i++) {
        struct group *g = &t->groups[i];
        const as_doc *one;

        if (!tell(t, g))
            continue;
        if (t->started)
            as_buf_byte(&out->buf, '\n');
        one = g->doc;
        rc = as_report_write(t->format, &one, 1, &t->report, &out->buf, err);
        t->started = true;
        if (!rc)
            rc = as_out_relieve(out, err);
        group_done(g);
    }
    groups_done(t);
    return rc;
}

/* HTML and JSON: all in one document. */
static as_code write_all(as_telling *t, as_out *out, as_err *err)
{
    const as_doc **docs = as_mem_zero(t->n, sizeof(void *)); /* all object pointers are alike */
    as_code rc = AS_OK;
    size_t n = 0;

    if (!docs)
        return as_fail_nomem(err, "the reports");
    for (size_t i = 0; i < t->n; i++) {
        if (tell(t, &t->groups[i]))
            docs[n++] = t->groups[i].doc;
    }
    if (n > 0)
        rc = as_report_write(t->format, docs, n, &t->report, &out->buf, err);
    as_mem_free(docs);
    return rc;
}

static bool is_one_document(const as_telling *t)
{
    return t->format == AS_REPORT_HTML || t->format == AS_REPORT_JSON;
}

/* The group of the sample that `a` is about, if it has room. */
static struct group *find_group(const as_telling *t, const as_analysis *a)
{
    for (size_t i = 0; i < t->n; i++) {
        struct group *g = &t->groups[i];

        for (size_t k = 0; k < g->n && g->n < AS_PARTS_MAX; k++) {
            if (as_analysis_same_sample(g->parts[k], a))
                return g;
        }
    }
    return NULL;
}

static as_code add_group(as_telling *t, struct group **ret, as_err *err)
{
    if (t->n == t->cap) {
        size_t cap = t->cap > 0 ? t->cap * 2 : 8;
        struct group *groups = as_mem_resize(t->groups, cap * sizeof(*groups));

        if (!groups)
            return as_fail_nomem(err, "the reports");
        t->groups = groups;
        t->cap = cap;
    }
    *ret = &t->groups[t->n++];
    **ret = (struct group){0};
    return AS_OK;
}

/* The same bytes twice are one report. */
static bool is_there(const struct group *g, const as_analysis *a)
{
    for (size_t i = 0; i < g->n; i++) {
        if (memcmp(g->parts[i]->sha256, a->sha256, AS_SHA256_SIZE) != 0)
            continue;
        as_log(AS_LOG_WARN, "%s is the same report as %s and is told once", a->source,
               g->parts[i]->source);
        return true;
    }
    return false;
}

static as_code keep(as_telling *t, as_analysis *a, as_err *err)
{
    struct group *g = find_group(t, a);
    as_code rc = g ? AS_OK : add_group(t, &g, err);

    if (rc || is_there(g, a)) {
        as_analysis_free(a);
        return rc;
    }
    g->parts[g->n++] = a;
    t->memory += as_facts_memory(a->facts);
    return AS_OK;
}

as_code as_telling_new(const as_args *args, as_telling **ret, as_err *err)
{
    as_telling *t = as_mem_zero(1, sizeof(*t));
    as_code rc = t ? choose(args, t, err) : as_fail_nomem(err, "the reports");

    if (rc) {
        as_telling_free(t);
        return rc;
    }
    *ret = t;
    return AS_OK;
}

void as_telling_free(as_telling *t)
{
    if (!t)
        return;
    groups_done(t);
    as_mem_free(t->groups);
    as_mem_free(t);
}

/*
 * Each report waits for others of its sample. What waits is told early where memory is
 * short and the format is one of many documents.
 */
as_code as_telling_add(as_telling *t, as_analysis *a, as_out *out, as_err *err)
{
    as_code rc = keep(t, a, err);

    if (rc || is_one_document(t) || t->memory < WAITING_MEMORY)
        return rc;
    if (t->n > 1)
        as_log(AS_LOG_WARN,
               "the facts so far fill %zu MiB and are told now: a later report of one of these "
               "samples is told by itself",
               WAITING_MEMORY >> 20);
    return write_each(t, out, err);
}

as_code as_telling_finish(as_telling *t, as_out *out, as_err *err)
{
    return is_one_document(t) ? write_all(t, out, err) : write_each(t, out, err);
}

int as_telling_worst(const as_telling *t)
{
    return t->worst;
}

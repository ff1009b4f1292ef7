#include "cli/cli_priv.h"

#include "base/escape.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "base/time.h"
#include "retrieve/retrieve.h"

#include <fts.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

/*
 * What is added waits in a batch, which is made durable once it holds so many documents or
 * bytes or is so old. A line is printed only then: who reads it may rely on it.
 */
#define BATCH_DOCS  64u
#define BATCH_BYTES ((uint64_t)64 << 20)
#define BATCH_US    (AS_TIME_SECOND / 5)

#define JOBS_DEFAULT_MAX 4u

struct adding {
    const as_args *args;
    as_store *store;
    bool json;
    as_ahead *ahead; /* NULL: one thread does all */
    as_buf lines;    /* of the batch */
    bool open;
    unsigned docs;
    uint64_t bytes;
    int64_t since_us;

    uint64_t added, known, facts, size; /* in all */
    int64_t started_us;

    as_progress progress;
    as_buf file;         /* on disk, that is being read; with a NUL */
    uint64_t file_bytes; /* its size */
    uint64_t done_bytes; /* of the files before it */
};

/* --- progress --------------------------------------------------------------------------- */

/* Bytes of all regular files that the operands name or hold. */
static uint64_t count_bytes(const as_args *args)
{
    char **paths = as_mem_zero((size_t)args->n_operands + 1, sizeof(char *));
    uint64_t bytes = 0;
    FTSENT *entry;
    FTS *walk;

    if (!paths)
        return 0;
    for (int i = 0; i < args->n_operands; i++)
        paths[i] = args->operands[i];
    walk = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
    while (walk && (entry = fts_read(walk)) != NULL)
        if (entry->fts_info == FTS_F && entry->fts_statp->st_size > 0)
            bytes += (uint64_t)entry->fts_statp->st_size;
    if (walk)
        (void)fts_close(walk);
    as_mem_free(paths);
    return bytes;
}

/* The walk gives files one after the other: another one means that the last is done. */
static void begin_file(struct adding *a, const as_input *input)
{
    struct stat st;

    if (a->file.n > 0 && strcmp((const char *)a->file.p, input->file) == 0)
        return;
    a->done_bytes += a->file_bytes;
    a->file_bytes = 0;
    as_buf_reset(&a->file);
    as_buf_text(&a->file, input->file);
    as_buf_byte(&a->file, '\0');
    if (!stat(input->file, &st) && S_ISREG(st.st_mode))
        a->file_bytes = (uint64_t)st.st_size;
}

static void tick(void *ctx, uint64_t done)
{
    struct adding *a = ctx;

    as_progress_at(&a->progress, a->done_bytes + (done < a->file_bytes ? done : a->file_bytes));
}

/* --- lines ------------------------------------------------------------------------------ */

struct line {
    const struct adding *adding;
    as_buf *out;
    const as_added *added;
    const as_bad_told *bad;
};

static void put_json(const struct line *l, const as_document *doc, const char *hex)
{
    as_jsonw w = as_jsonw_to(l->out, 0);

    as_jsonw_object(&w);
    as_jsonw_key(&w, "schema");
    as_jsonw_text(&w, "assay/added/1");
    as_jsonw_key(&w, "state");
    as_jsonw_text(&w, l->added->was_there ? "known" : "added");
    as_jsonw_key(&w, "report");
    as_jsonw_text(&w, hex);
    as_jsonw_key(&w, "sample");
    as_jsonw_u64(&w, (uint64_t)doc->sample);
    as_jsonw_key(&w, "tool");
    as_jsonw_str(&w, doc->tool);
    as_jsonw_key(&w, "format");
    as_jsonw_str(&w, doc->format);
    as_jsonw_key(&w, "size");
    as_jsonw_u64(&w, doc->size);
    as_jsonw_key(&w, "facts");
    as_jsonw_u64(&w, doc->facts);
    as_jsonw_key(&w, "calls");
    as_jsonw_u64(&w, doc->calls);
    as_jsonw_key(&w, "bad_lines");
    as_jsonw_u64(&w, doc->bad_lines);
    as_jsonw_key(&w, "name");
    as_jsonw_text(&w, l->bad->name);
    as_jsonw_end(&w);
    as_buf_byte(l->out, '\n');
}

/* "added  3391c4e3bafe  CAPE         #1      1234 facts  reports/a.json" */
static void put_text(const struct line *l, const as_document *doc, const char *hex)
{
    as_buf tool = {0};

    as_escape_visible(&tool, doc->tool);
    as_buf_fill(&tool, ' ', tool.n < 12 ? 12 - tool.n : 0);
    as_buf_printf(l->out, "%s  %.12s  ", l->added->was_there ? "known" : "added", hex);
    as_buf_add(l->out, as_buf_bytes(&tool));
    l->out->failed |= tool.failed;
    as_buf_done(&tool);
    as_buf_printf(l->out, "  #%-5" PRId64 " %8llu facts  ", doc->sample,
                  (unsigned long long)doc->facts);
    as_escape_visible(l->out, as_bytes_of(l->bad->name));
    as_buf_byte(l->out, '\n');
}

static as_code put_line(void *ctx, const as_document *doc, as_err *err)
{
    const struct line *l = ctx;
    char hex[AS_SHA256_HEX + 1];

    (void)err;
    as_sha256_text(doc->sha256, hex);
    if (!l->added->was_there)
        as_bad_rest(l->bad, doc->bad_lines);
    if (l->adding->json)
        put_json(l, doc, hex);
    else
        put_text(l, doc, hex);
    return AS_OK;
}

/* --- adding ----------------------------------------------------------------------------- */

/*
 * A failure of the store is one of all that follows, so it ends the walk: AS_IO does, and
 * what it was stays in *err.
 */
static as_code end_walk(as_code rc)
{
    return rc == AS_UNAVAILABLE || rc == AS_NOMEM ? AS_IO : rc;
}

static as_code begin_batch(struct adding *a, as_err *err)
{
    as_code rc;

    if (a->open)
        return AS_OK;
    rc = as_store_batch(a->store, err);
    if (rc)
        return rc;
    a->open = true;
    a->docs = 0;
    a->bytes = 0;
    a->since_us = as_time_now();
    return AS_OK;
}

static as_code end_batch(struct adding *a, as_out *out, as_err *err)
{
    as_code rc;

    if (!a->open)
        return AS_OK;
    rc = as_store_commit(a->store, err);
    if (rc)
        return rc;
    a->open = false;
    as_buf_add(&out->buf, as_buf_bytes(&a->lines));
    out->buf.failed |= a->lines.failed;
    as_buf_reset(&a->lines);
    as_progress_end(&a->progress); /* a line on the terminal must not follow it */
    return as_out_flush(out, err);
}

static bool is_batch_full(const struct adding *a)
{
    return a->docs >= BATCH_DOCS || a->bytes >= BATCH_BYTES ||
           as_time_now() - a->since_us >= BATCH_US;
}

/* What was put aside and is gone again was bad in another file; it is read, to say so here. */
static as_code add_kept_or_read(struct adding *a, const as_input *input,
                                const as_store_add_options *options, as_added *ret, as_err *err)
{
    as_blob_info kept;
    as_err fault = {0};
    as_code rc = AS_NOT_FOUND;

    if (a->ahead && input->direct && as_ahead_take(a->ahead, input->file, &kept))
        rc =
            as_store_add_kept(a->store, &kept, as_source_name(input->source), options, ret, &fault);
    if (rc == AS_NOT_FOUND)
        return as_store_add(a->store, input->source, options, ret, err);
    if (rc && err)
        *err = fault;
    return rc;
}

static as_code add_source(struct adding *a, const as_input *input, as_err *err)
{
    as_bad_told bad = {.name = as_input_name(as_source_name(input->source))};
    as_added added = {0};
    struct line line = {a, &a->lines, &added, &bad};
    as_store_add_options options = {
        .format = as_args_get(a->args, AS_OPT_AS),
        .found = input->found,
        .chunks = as_chunks_make,
        .on_tick = tick,
        .tick_ctx = a,
        .on_bad = as_bad_tell,
        .bad_ctx = &bad,
    };
    as_code rc = add_kept_or_read(a, input, &options, &added, err);

    if (!rc)
        rc = as_store_document(a->store, added.doc, put_line, &line, err);
    if (rc)
        return rc;
    a->docs++;
    a->bytes += added.size;
    a->size += added.size;
    a->added += !added.was_there;
    a->known += added.was_there;
    a->facts += added.was_there ? 0 : added.facts;
    return AS_OK;
}

static as_code add_one(void *ctx, const as_input *input, as_out *out, as_err *err)
{
    struct adding *a = ctx;
    as_code rc = AS_OK;

    begin_file(a, input);
    /* Who feeds standard input may take his time, and nobody waits for him. */
    if (strcmp(input->file, "-") == 0)
        rc = end_batch(a, out, err);
    else
        rc = begin_batch(a, err);
    if (!rc)
        rc = add_source(a, input, err);
    if (!rc && !a->open) {
        as_buf_add(&out->buf, as_buf_bytes(&a->lines));
        as_buf_reset(&a->lines);
    } else if (!rc && is_batch_full(a)) {
        rc = end_batch(a, out, err);
    }
    rc = end_walk(rc);
    /* What was good before the store failed may still be kept; if not, it was not told. */
    if (rc == AS_IO && end_batch(a, out, NULL))
        as_buf_reset(&a->lines);
    return rc;
}

/* --- the end ---------------------------------------------------------------------------- */

static void put_summary_json(const struct adding *a, double seconds, as_buf *out)
{
    as_jsonw w = as_jsonw_to(out, 0);
    char text[32];
    int n = snprintf(text, sizeof(text), "%.3f", seconds);

    as_jsonw_object(&w);
    as_jsonw_key(&w, "schema");
    as_jsonw_text(&w, "assay/added/1");
    as_jsonw_key(&w, "state");
    as_jsonw_text(&w, "summary");
    as_jsonw_key(&w, "added");
    as_jsonw_u64(&w, a->added);
    as_jsonw_key(&w, "known");
    as_jsonw_u64(&w, a->known);
    as_jsonw_key(&w, "facts");
    as_jsonw_u64(&w, a->facts);
    as_jsonw_key(&w, "size");
    as_jsonw_u64(&w, a->size);
    as_jsonw_key(&w, "seconds");
    as_jsonw_number(&w, (as_bytes){(const uint8_t *)text, n > 0 ? (size_t)n : 0});
    as_jsonw_end(&w);
    as_buf_byte(out, '\n');
}

static as_code finish(void *ctx, as_out *out, as_err *err)
{
    struct adding *a = ctx;
    double seconds, mib = (double)a->size / (1 << 20);
    as_code rc = end_batch(a, out, err);

    as_progress_end(&a->progress);
    if (rc)
        return rc;
    seconds = (double)(as_time_now() - a->started_us) / (double)AS_TIME_SECOND;
    if (a->json)
        put_summary_json(a, seconds, &out->buf);
    else
        as_buf_printf(&out->buf, "%llu added, %llu known; %llu new facts; %.1f MiB in %.1f s\n",
                      (unsigned long long)a->added, (unsigned long long)a->known,
                      (unsigned long long)a->facts, mib, seconds);
    return AS_OK;
}

static uint64_t processors(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) ? 1 : (uint64_t)CPU_COUNT(&set);
}

static as_code prepare(struct adding *a, as_err *err)
{
    uint64_t jobs = processors();
    as_code rc;

    jobs = jobs < JOBS_DEFAULT_MAX ? jobs : JOBS_DEFAULT_MAX;
    rc = as_number_option(a->args, AS_OPT_JOBS, 1, AS_AHEAD_WORKERS, &jobs, err);
    if (!rc)
        rc = as_store_here(a->args, AS_STORE_WRITE, &a->store, err);
    if (!rc && jobs > 1)
        rc = as_ahead_new(a->store, a->args->operands, a->args->n_operands, (unsigned)jobs - 1,
                          &a->ahead, err);
    if (rc)
        as_store_close(a->store);
    return rc;
}

int as_cmd_add(const as_args *args)
{
    struct adding a = {.args = args, .json = as_args_has(args, AS_OPT_JSON)};
    as_job job = {.each = add_one, .finish = finish, .ctx = &a};
    as_err err = {0};
    int status;

    if (prepare(&a, &err))
        return as_say_error(&err);
    a.started_us = as_time_now();
    a.progress = as_progress_start("adding", count_bytes(args), as_args_has(args, AS_OPT_QUIET));
    a.progress.rate = true;
    status = as_each_report(args, &job);
    as_progress_end(&a.progress);
    as_ahead_free(a.ahead);
    as_store_close(a.store);
    as_buf_done(&a.lines);
    as_buf_done(&a.file);
    return status;
}

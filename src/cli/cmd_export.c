#include "cli/cli_priv.h"

#include "base/log.h"
#include "base/source.h"
#include "retrieve/retrieve.h"

#include <string.h>
#include <unistd.h>

#include "base/banned.h"

/* --- export ----------------------------------------------------------------------------- */

struct exporting {
    as_out out;
    as_progress progress;
    uint64_t bytes;
};

static as_code write_piece(void *ctx, as_bytes bytes, as_err *err)
{
    struct exporting *e = ctx;

    as_buf_add(&e->out.buf, bytes);
    e->bytes += bytes.n;
    as_progress_at(&e->progress, e->bytes);
    return as_out_relieve(&e->out, err);
}

static as_code export_all(struct exporting *e, as_store *s, const char *path, uint64_t *ret_n,
                          as_err *err)
{
    as_code rc = as_out_open(&e->out, path, err);

    if (rc)
        return rc;
    rc = as_store_export(s, write_piece, e, ret_n, err);
    as_progress_end(&e->progress);
    if (!rc)
        return as_out_commit(&e->out, err);
    as_out_abort(&e->out);
    return rc;
}

int as_cmd_export(const as_args *args)
{
    const char *path = args->operands[0];
    bool to_stdout = strcmp(path, "-") == 0;
    struct exporting e = {.out = {.fd = -1}};
    as_store *s = NULL;
    as_buf line = {0};
    as_err err = {0};
    uint64_t n = 0;
    as_code rc = as_store_here(args, AS_STORE_READ, &s, &err);

    as_signals_install();
    e.progress = as_progress_start("exporting", 0, as_args_has(args, AS_OPT_QUIET));
    e.progress.rate = true;
    if (!rc && to_stdout && isatty(STDOUT_FILENO))
        rc = as_fail(&err, AS_USAGE, AS_NO_OFFSET,
                     "an export is not for a terminal; name a file, or send it on");
    if (!rc)
        rc = export_all(&e, s, to_stdout ? NULL : path, &n, &err);
    as_store_close(s);
    if (rc)
        return as_say_error(&err);
    if (to_stdout)
        return 0;
    as_buf_printf(&line, "%llu %s exported, %llu bytes\n", (unsigned long long)n,
                  n == 1 ? "report" : "reports", (unsigned long long)e.bytes);
    return as_out_print(&line);
}

/* --- import ----------------------------------------------------------------------------- */

struct importing {
    as_source *source;
    as_progress progress;
};

static as_code read_piece(void *ctx, uint8_t *dst, size_t cap, size_t *ret_n, as_err *err)
{
    struct importing *i = ctx;
    as_code rc = as_source_read(i->source, dst, cap, ret_n, err);

    as_progress_at(&i->progress, as_source_at_packed(i->source));
    return rc;
}

int as_cmd_import(const as_args *args)
{
    as_store_add_options options = {.chunks = as_chunks_make};
    as_import_summary sum = {0};
    struct importing i = {0};
    as_store *s = NULL;
    as_buf line = {0};
    as_err err = {0};
    as_code rc = as_source_open(args->operands[0], NULL, &i.source, &err);

    as_signals_install();
    if (!rc)
        rc = as_store_here(args, AS_STORE_WRITE, &s, &err);
    if (!rc) {
        as_source_hash(i.source, false);
        i.progress = as_progress_start("importing", as_source_size(i.source),
                                       as_args_has(args, AS_OPT_QUIET));
        i.progress.rate = true;
        rc = as_store_import(s, read_piece, &i, &options, &sum, &err);
        as_progress_end(&i.progress);
    }
    as_store_close(s);
    as_source_free(i.source);
    if (rc)
        return as_say_input(args->operands[0], &err);
    as_buf_printf(&line, "%llu %s in the export, %llu added\n", (unsigned long long)sum.documents,
                  sum.documents == 1 ? "report" : "reports", (unsigned long long)sum.added);
    return as_out_print(&line);
}

#include "cli/cli_priv.h"

#include "base/escape.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "encode/hub.h"
#include "encode/models.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

/* What the subcommands share. */
struct models {
    const as_args *args;
    const char *folder; /* of all models */
    const char *active; /* encoder.model, or NULL */
    bool json;
    as_buf out;
    as_jsonw w;
    as_table table;
    uint64_t n;
};

static void put_text(as_jsonw *w, const char *key, as_bytes text)
{
    as_jsonw_key(w, key);
    if (text.n > 0)
        as_jsonw_str(w, text);
    else
        as_jsonw_null(w);
}

static void put_u64(as_jsonw *w, const char *key, uint64_t value)
{
    as_jsonw_key(w, key);
    as_jsonw_u64(w, value);
}

static void begin(struct models *m, const char *schema)
{
    m->w = as_jsonw_to(&m->out, 0);
    as_jsonw_object(&m->w);
    as_jsonw_key(&m->w, "schema");
    as_jsonw_text(&m->w, schema);
}

static void end(struct models *m)
{
    as_jsonw_end(&m->w);
    as_buf_byte(&m->out, '\n');
}

/* --- list ---------------------------------------------------------------------------------- */

static const char *state_name(as_model_state state)
{
    switch (state) {
    case AS_MODEL_WHOLE:
        return "whole";
    case AS_MODEL_DAMAGED:
        return "damaged";
    case AS_MODEL_PARTIAL:
        return "partial";
    case AS_MODEL_FOREIGN:
        break;
    }
    return "no manifest";
}

/* The configuration names a model by its name or by its folder. */
static bool is_active(const struct models *m, const as_model_row *row)
{
    char path[PATH_MAX], own[PATH_MAX], active[PATH_MAX];

    if (!m->active || row->state == AS_MODEL_PARTIAL)
        return false;
    if (as_bytes_is(row->manifest.name, m->active))
        return true;
    (void)snprintf(path, sizeof(path), "%s/%.*s", m->folder, (int)row->manifest.name.n,
                   (const char *)row->manifest.name.p);
    return strchr(m->active, '/') && realpath(m->active, active) && realpath(path, own) &&
           strcmp(active, own) == 0;
}

static void put_size(as_table *t, uint64_t bytes)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%.1f MB", (double)bytes / 1e6);
    as_table_text(t, text);
}

static void put_dim(as_table *t, unsigned dim)
{
    if (dim > 0)
        as_table_u64(t, dim);
    else
        as_table_text(t, "-");
}

static void put_row(struct models *m, const as_model_row *row)
{
    as_bytes licence = row->manifest.licence;

    as_table_text(&m->table, is_active(m, row) ? "*" : "");
    as_table_cell(&m->table, row->manifest.name);
    put_size(&m->table, row->bytes);
    put_dim(&m->table, row->dim);
    as_table_text(&m->table, row->profile ? row->profile->languages : "-");
    as_table_cell(&m->table, licence.n > 0 ? licence : AS_LITERAL("-"));
    as_table_text(&m->table, row->format ? row->format : "-");
    as_table_text(&m->table, state_name(row->state));
}

static void put_json_row(struct models *m, const as_model_row *row)
{
    as_jsonw *w = &m->w;

    as_jsonw_object(w);
    put_text(w, "name", row->manifest.name);
    as_jsonw_key(w, "state");
    as_jsonw_text(w, state_name(row->state));
    as_jsonw_key(w, "in_force");
    as_jsonw_bool(w, is_active(m, row));
    put_u64(w, "bytes", row->bytes);
    put_u64(w, "dim", row->dim);
    put_text(w, "type", row->type);
    put_text(w, "format", as_bytes_of(row->format));
    put_text(w, "languages", as_bytes_of(row->profile ? row->profile->languages : NULL));
    put_text(w, "licence", row->manifest.licence);
    put_text(w, "source", row->manifest.source);
    put_text(w, "revision", row->manifest.revision);
    put_text(w, "profile", as_bytes_of(row->profile ? row->profile->name : NULL));
    as_jsonw_end(w);
}

static as_code each_model(void *ctx, const as_model_row *row, as_err *err)
{
    struct models *m = ctx;

    (void)err;
    m->n++;
    if (m->json)
        put_json_row(m, row);
    else
        put_row(m, row);
    return AS_OK;
}

static void put_known_json(struct models *m)
{
    size_t n;
    const as_profile *p = as_profile_all(&n);

    as_jsonw_key(&m->w, "known");
    as_jsonw_array(&m->w);
    for (size_t i = 0; i < n; i++) {
        as_jsonw_object(&m->w);
        put_text(&m->w, "name", as_bytes_of(p[i].name));
        put_text(&m->w, "hub", as_bytes_of(p[i].hub));
        put_u64(&m->w, "megabytes", p[i].mbytes);
        put_u64(&m->w, "dim", p[i].dim);
        put_u64(&m->w, "max_tokens", p[i].max_tokens);
        put_text(&m->w, "languages", as_bytes_of(p[i].languages));
        put_text(&m->w, "licence", as_bytes_of(p[i].licence));
        put_text(&m->w, "good_for", as_bytes_of(p[i].good_for));
        as_jsonw_end(&m->w);
    }
    as_jsonw_end(&m->w);
}

static void put_known(as_buf *out)
{
    static const char *const titles[] = {"NAME", "MB", "DIM", "LANGUAGES", "LICENCE", "GOOD FOR"};
    as_table t = {.columns = AS_COUNT(titles), .right = 1u << 1 | 1u << 2};
    size_t n;
    const as_profile *p = as_profile_all(&n);

    as_buf_text(out, "\nKnown, and to be had with 'assay model pull NAME':\n");
    for (size_t i = 0; i < AS_COUNT(titles); i++)
        as_table_text(&t, titles[i]);
    for (size_t i = 0; i < n; i++) {
        as_table_text(&t, p[i].name);
        as_table_u64(&t, p[i].mbytes);
        put_dim(&t, p[i].dim);
        as_table_text(&t, p[i].languages);
        as_table_text(&t, p[i].licence);
        as_table_text(&t, p[i].good_for);
    }
    as_table_print(&t, out);
    as_table_done(&t);
}

static as_code list(struct models *m, as_err *err)
{
    static const char *const titles[] = {"",          "NAME",    "SIZE",   "DIM",
                                         "LANGUAGES", "LICENCE", "FORMAT", "STATE"};
    as_code rc;

    m->table = (as_table){.columns = AS_COUNT(titles), .right = 1u << 2 | 1u << 3};
    if (m->json) {
        begin(m, "assay/model-list/1");
        as_jsonw_key(&m->w, "installed");
        as_jsonw_array(&m->w);
    }
    for (size_t i = 0; !m->json && i < AS_COUNT(titles); i++)
        as_table_text(&m->table, titles[i]);
    rc = as_models_each(m->folder, each_model, m, err);
    if (m->json) {
        as_jsonw_end(&m->w);
        put_known_json(m);
        end(m);
    } else {
        if (m->n > 0) {
            as_buf_text(&m->out, "Installed (*: in force):\n");
            as_table_print(&m->table, &m->out);
        } else {
            as_buf_text(&m->out, "No model is installed.\n");
        }
        put_known(&m->out);
    }
    as_table_done(&m->table);
    return rc;
}

/* --- pull and import ------------------------------------------------------------------------ */

struct moving {
    as_progress progress;
    bool started;
};

static void at(void *ctx, uint64_t done, uint64_t total)
{
    struct moving *mv = ctx;

    mv->progress.total = total;
    as_progress_at(&mv->progress, done);
}

static void put_added_json(struct models *m, const as_manifest *made, const char *action)
{
    as_jsonw *w = &m->w;

    begin(m, "assay/model-added/1");
    as_jsonw_key(w, "action");
    as_jsonw_text(w, action);
    put_text(w, "name", made->name);
    put_text(w, "source", made->source);
    put_text(w, "revision", made->revision);
    put_text(w, "licence", made->licence);
    put_text(w, "profile", made->profile);
    as_jsonw_key(w, "files");
    as_jsonw_array(w);
    for (size_t i = 0; i < made->n_files; i++) {
        as_jsonw_object(w);
        put_text(w, "path", made->files[i].path);
        put_text(w, "from", made->files[i].from);
        put_u64(w, "size", made->files[i].size);
        put_text(w, "sha256", as_bytes_of(made->files[i].sha256));
        as_jsonw_end(w);
    }
    as_jsonw_end(w);
    end(m);
}

/* "pulled  bge-small-zh-v1.5: 3 files, 95.3 MB, licence mit, as bge-small-zh-v1.5" */
static void put_added(struct models *m, const as_manifest *made, const char *action)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < made->n_files; i++)
        bytes += made->files[i].size;
    as_buf_printf(&m->out, "%s  ", action);
    as_escape_visible_cut(&m->out, made->name, AS_TABLE_CELL);
    as_buf_printf(&m->out, ": %zu files, %.1f MB, ", made->n_files, (double)bytes / 1e6);
    if (made->licence.n > 0) {
        as_buf_text(&m->out, "licence ");
        as_escape_visible_cut(&m->out, made->licence, AS_TABLE_CELL);
    } else {
        as_buf_text(&m->out, "licence not known");
    }
    if (made->profile.n > 0) {
        as_buf_text(&m->out, ", read as ");
        as_escape_visible_cut(&m->out, made->profile, AS_TABLE_CELL);
    }
    as_buf_byte(&m->out, '\n');
}

static void say_notes(const as_buf *notes)
{
    as_bytes left = as_buf_bytes(notes);

    while (left.n > 0) {
        const uint8_t *stop = memchr(left.p, '\n', left.n);
        size_t n = stop ? (size_t)(stop - left.p) : left.n;

        (void)fprintf(stderr, "assay: %.*s\n", (int)n, (const char *)left.p);
        left.p += n + (stop ? 1 : 0);
        left.n -= n + (stop ? 1 : 0);
    }
}

static as_code bring(struct models *m, const char *what, bool pull, as_err *err)
{
    bool quiet = as_args_has(m->args, AS_OPT_QUIET), known = false;
    struct moving mv = {.progress = as_progress_start(pull ? "pulling" : "importing", 0, quiet)};
    as_buf notes = {0};
    as_model_job job = {.folder = m->folder,
                        .name = as_args_get(m->args, AS_OPT_NAME),
                        .notes = quiet ? NULL : &notes,
                        .at = at,
                        .ctx = &mv};
    as_arena *a = as_arena_new(AS_MODEL_ARENA_MAX);
    as_manifest made = {0};
    as_code rc = !a     ? as_fail_nomem(err, "a model")
                 : pull ? as_model_pull(&job, what, a, &made, &known, err)
                        : as_model_import(&job, what, a, &made, err);
    const char *action = known ? "known" : pull ? "pulled" : "imported";

    as_progress_end(&mv.progress);
    say_notes(&notes);
    if (!rc && m->json)
        put_added_json(m, &made, action);
    else if (!rc)
        put_added(m, &made, action);
    as_buf_done(&notes);
    as_arena_free(a);
    return rc;
}

/* --- verify and rm -----------------------------------------------------------------------------
 */

static void each_file(void *ctx, as_bytes path, const char *why)
{
    struct models *m = ctx;

    m->n++;
    if (m->json) {
        as_jsonw_object(&m->w);
        put_text(&m->w, "path", path);
        as_jsonw_key(&m->w, "state");
        as_jsonw_text(&m->w, why ? why : "whole");
        as_jsonw_end(&m->w);
        return;
    }
    as_buf_printf(&m->out, "%-10s  ", why ? why : "whole");
    as_escape_visible_cut(&m->out, path, AS_TABLE_CELL);
    as_buf_byte(&m->out, '\n');
}

static as_code verify(struct models *m, const char *name, as_err *err)
{
    as_code rc;

    if (m->json) {
        begin(m, "assay/model-verify/1");
        put_text(&m->w, "name", as_bytes_of(name));
        as_jsonw_key(&m->w, "files");
        as_jsonw_array(&m->w);
    }
    rc = as_model_verify(m->folder, name, each_file, m, err);
    if (m->json && (!rc || rc == AS_INVALID)) {
        as_jsonw_end(&m->w);
        as_jsonw_key(&m->w, "whole");
        as_jsonw_bool(&m->w, rc == AS_OK);
        end(m);
    } else if (m->json) {
        as_buf_reset(&m->out);
    }
    return rc;
}

static as_code forget(struct models *m, const char *name, as_err *err)
{
    as_code rc = as_model_remove(m->folder, name, err);

    if (rc)
        return rc;
    if (m->json) {
        begin(m, "assay/model-removed/1");
        put_text(&m->w, "name", as_bytes_of(name));
        end(m);
    } else {
        as_buf_printf(&m->out, "removed  %s\n", name);
    }
    if (m->active && strcmp(m->active, name) == 0)
        as_log(AS_LOG_WARN, "'%s' was the encoder.model of the configuration", name);
    return AS_OK;
}

static as_code run(struct models *m, as_err *err)
{
    const char *what = m->args->operands[0];
    const char *operand = m->args->n_operands > 1 ? m->args->operands[1] : NULL;
    char hint[64];

    as_help_hint(m->args->command, hint, sizeof(hint));
    if (strcmp(what, "list") == 0 && operand)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "'model list' takes no '%s'; %s", operand,
                       hint);
    if (strcmp(what, "list") == 0)
        return list(m, err);
    if (!operand)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "'model %s' needs a %s; %s", what,
                       strcmp(what, "import") == 0 ? "path" : "name", hint);
    if (strcmp(what, "verify") == 0)
        return verify(m, operand, err);
    if (strcmp(what, "rm") == 0)
        return forget(m, operand, err);
    return bring(m, operand, strcmp(what, "pull") == 0, err);
}

int as_cmd_model(const as_args *args)
{
    struct models m = {.args = args, .json = as_args_has(args, AS_OPT_JSON)};
    as_encoder_config config = {0};
    as_buf home = {0};
    as_err err = {0};
    as_code rc = as_home_of(args, &home, &err);
    int status = 0, printed;

    as_signals_install();
    if (!rc)
        rc = as_encoder_config_find(&config, &err);
    if (!rc) {
        home.n--; /* its NUL */
        as_buf_text(&home, "/models");
        as_buf_byte(&home, '\0');
        rc = home.failed ? as_fail_nomem(&err, "a path") : AS_OK;
    }
    m.folder = (const char *)home.p;
    m.active = config.model;
    if (!rc)
        rc = run(&m, &err);
    printed = m.out.n > 0 ? as_out_print(&m.out) : 0;
    if (rc)
        status = as_say_error(&err);
    as_buf_done(&home);
    as_encoder_config_done(&config);
    return status ? status : printed;
}

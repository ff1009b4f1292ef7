#include "cli/cli_priv.h"

#include "base/escape.h"
#include "base/jsonw.h"
#include "retrieve/retrieve.h"

#include <unistd.h>

#include "base/banned.h"

struct checking {
    as_out out;
    bool json;
    as_jsonw w;
};

/* A line as soon as it is found: a check of a large store takes its time. */
static as_code put_finding(void *ctx, const char *what, bool repaired, as_err *err)
{
    struct checking *c = ctx;

    if (c->json) {
        as_jsonw_object(&c->w);
        as_jsonw_key(&c->w, "what");
        as_jsonw_text(&c->w, what);
        as_jsonw_key(&c->w, "repaired");
        as_jsonw_bool(&c->w, repaired);
        as_jsonw_end(&c->w);
        return as_out_relieve(&c->out, err);
    }
    as_buf_text(&c->out.buf, repaired ? "repaired  " : "found     ");
    as_escape_visible(&c->out.buf, as_bytes_of(what));
    as_buf_byte(&c->out.buf, '\n');
    return as_out_flush(&c->out, err);
}

static void begin(struct checking *c)
{
    if (!c->json)
        return;
    c->w = as_jsonw_to(&c->out.buf, 0);
    as_jsonw_object(&c->w);
    as_jsonw_key(&c->w, "schema");
    as_jsonw_text(&c->w, "assay/check/1");
    as_jsonw_key(&c->w, "findings");
    as_jsonw_array(&c->w);
}

static void end_json(struct checking *c, const as_check_summary *sum)
{
    as_jsonw_end(&c->w);
    as_jsonw_key(&c->w, "reports");
    as_jsonw_u64(&c->w, sum->documents);
    as_jsonw_key(&c->w, "blobs");
    as_jsonw_u64(&c->w, sum->blobs);
    as_jsonw_key(&c->w, "found");
    as_jsonw_u64(&c->w, sum->found);
    as_jsonw_key(&c->w, "repaired");
    as_jsonw_u64(&c->w, sum->repaired);
    as_jsonw_key(&c->w, "rebuilt");
    as_jsonw_bool(&c->w, sum->rebuilt);
    as_jsonw_end(&c->w);
    as_buf_byte(&c->out.buf, '\n');
}

static void end_text(struct checking *c, const as_check_summary *sum, bool repair)
{
    as_buf *out = &c->out.buf;

    as_buf_printf(out, "%llu %s and %llu %s looked at: ", (unsigned long long)sum->documents,
                  sum->documents == 1 ? "report" : "reports", (unsigned long long)sum->blobs,
                  sum->blobs == 1 ? "blob" : "blobs");
    if (sum->found == 0)
        as_buf_text(out, "all is well\n");
    else
        as_buf_printf(out, "%llu found, %llu repaired%s\n", (unsigned long long)sum->found,
                      (unsigned long long)sum->repaired,
                      repair || sum->repaired == sum->found
                          ? ""
                          : "; 'assay check --repair' mends what it can");
    if (sum->rebuilt)
        as_buf_text(out, "the database was made again from the blobs\n");
}

int as_cmd_check(const as_args *args)
{
    struct checking c = {.out = {.fd = STDOUT_FILENO}, .json = as_args_has(args, AS_OPT_JSON)};
    as_store_add_options add = {.chunks = as_chunks_make};
    as_check_options options = {.repair = as_args_has(args, AS_OPT_REPAIR),
                                .deep = as_args_has(args, AS_OPT_DEEP),
                                .add = &add,
                                .on_finding = put_finding,
                                .ctx = &c};
    as_check_summary sum = {0};
    as_buf home = {0};
    as_err err = {0};
    as_code rc = as_home_of(args, &home, &err);

    as_signals_install();
    begin(&c);
    if (!rc)
        rc = as_store_check((const char *)home.p, &options, &sum, &err);
    as_buf_done(&home);
    if (!rc && c.json)
        end_json(&c, &sum);
    else if (!rc)
        end_text(&c, &sum, options.repair);
    if (rc)
        as_out_abort(&c.out);
    else
        rc = as_out_commit(&c.out, &err);
    if (rc)
        return as_say_error(&err);
    return sum.found > sum.repaired ? as_code_exit(AS_INVALID) : 0;
}

#include "cli/cli_priv.h"

#include "base/jsonw.h"

#include "base/banned.h"

static void put_json(const as_store_stats *stats, as_buf *out)
{
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {{"samples", stats->samples},
                {"reports", stats->documents},
                {"facts", stats->facts},
                {"terms", stats->terms},
                {"chunks", stats->chunks},
                {"calls", stats->calls},
                {"bytes", stats->bytes},
                {"blob_bytes", stats->blob_bytes},
                {"database_bytes", stats->database_bytes}};
    as_jsonw w = as_jsonw_to(out, 0);

    as_jsonw_object(&w);
    as_jsonw_key(&w, "schema");
    as_jsonw_text(&w, "assay/stats/1");
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        as_jsonw_key(&w, rows[i].key);
        as_jsonw_u64(&w, rows[i].value);
    }
    as_jsonw_end(&w);
    as_buf_byte(out, '\n');
}

static void put_row(as_table *t, const char *name, uint64_t value, const char *unit)
{
    as_table_text(t, name);
    as_table_u64(t, value);
    as_table_text(t, unit);
}

static void put_text(const as_store_stats *stats, as_buf *out)
{
    as_table t = {.columns = 3, .right = 1u << 1};

    put_row(&t, "samples", stats->samples, "");
    put_row(&t, "reports", stats->documents, "");
    put_row(&t, "facts", stats->facts, "");
    put_row(&t, "API calls", stats->calls, "");
    put_row(&t, "terms", stats->terms, "");
    put_row(&t, "chunks", stats->chunks, "");
    put_row(&t, "reports, unpacked", stats->bytes, "bytes");
    put_row(&t, "reports, as kept", stats->blob_bytes, "bytes");
    put_row(&t, "database", stats->database_bytes, "bytes");
    as_table_print(&t, out);
    as_table_done(&t);
}

int as_cmd_stats(const as_args *args)
{
    as_store_stats stats = {0};
    as_store *s = NULL;
    as_buf out = {0};
    as_err err = {0};
    as_code rc = as_store_here(args, AS_STORE_READ, &s, &err);

    if (!rc)
        rc = as_store_stats_get(s, &stats, &err);
    as_store_close(s);
    if (rc)
        return as_say_error(&err);
    if (as_args_has(args, AS_OPT_JSON))
        put_json(&stats, &out);
    else
        put_text(&stats, &out);
    return as_out_print(&out);
}

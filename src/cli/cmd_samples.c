#include "cli/cli_priv.h"

#include "base/jsonw.h"
#include "base/time.h"

#include <stdint.h>
#include <unistd.h>

#include "base/banned.h"

struct listing {
    as_out out;
    as_table table;
    as_jsonw json;
    uint64_t n;
};

static void put_moment(as_jsonw *w, const char *key, int64_t us)
{
    char text[AS_TIME_SIZE];

    as_jsonw_key(w, key);
    as_jsonw_text(w, as_time_text(us, text));
}

static void put_text(as_jsonw *w, const char *key, as_bytes text)
{
    if (text.n == 0)
        return;
    as_jsonw_key(w, key);
    as_jsonw_str(w, text);
}

static as_code put_json(void *ctx, const as_sample *sample, as_err *err)
{
    struct listing *l = ctx;
    as_jsonw *w = &l->json;

    l->n++;
    as_jsonw_object(w);
    as_jsonw_key(w, "id");
    as_jsonw_u64(w, (uint64_t)sample->id);
    put_text(w, "sha256", sample->sha256);
    put_text(w, "sha1", sample->sha1);
    put_text(w, "md5", sample->md5);
    put_text(w, "name", sample->name);
    put_text(w, "type", sample->type);
    if (sample->size > 0) {
        as_jsonw_key(w, "size");
        as_jsonw_u64(w, sample->size);
    }
    as_jsonw_key(w, "reports");
    as_jsonw_u64(w, sample->docs);
    as_jsonw_key(w, "facts");
    as_jsonw_u64(w, sample->facts);
    put_moment(w, "added", sample->added_us);
    if (sample->seen_us)
        put_moment(w, "seen", sample->seen_us);
    as_jsonw_end(w);
    return as_out_relieve(&l->out, err);
}

static as_code put_row(void *ctx, const as_sample *sample, as_err *err)
{
    struct listing *l = ctx;

    (void)err;
    l->n++;
    as_sample_row(&l->table, sample);
    return AS_OK;
}

static as_code list_json(as_store *s, const as_samples_query *q, struct listing *l, as_err *err)
{
    as_code rc;

    l->json = as_jsonw_to(&l->out.buf, 0);
    as_jsonw_object(&l->json);
    as_jsonw_key(&l->json, "schema");
    as_jsonw_text(&l->json, "assay/samples/1");
    as_jsonw_key(&l->json, "samples");
    as_jsonw_array(&l->json);
    rc = as_store_samples(s, q, put_json, l, err);
    as_jsonw_end(&l->json);
    as_jsonw_end(&l->json);
    as_buf_byte(&l->out.buf, '\n');
    return rc;
}

/* Nothing at all for nothing: a program that counts lines counts samples and the titles. */
static as_code list_table(as_store *s, const as_samples_query *q, struct listing *l, as_err *err)
{
    as_code rc;

    as_sample_titles(&l->table);
    rc = as_store_samples(s, q, put_row, l, err);
    if (!rc && l->n > 0)
        as_table_print(&l->table, &l->out.buf);
    as_table_done(&l->table);
    return rc;
}

static as_code read_query(const as_args *args, as_samples_query *q, as_err *err)
{
    const char *since = as_args_get(args, AS_OPT_SINCE);
    uint64_t limit = 0;
    as_code rc = as_number_option(args, AS_OPT_LIMIT, 1, UINT32_MAX, &limit, err);

    if (rc)
        return rc;
    q->limit = (size_t)limit;
    if (args->n_operands > 0)
        q->named = as_bytes_of(args->operands[0]);
    if (!since)
        return AS_OK;
    return as_since_read(args, since, &q->since_us, err);
}

int as_cmd_samples(const as_args *args)
{
    struct listing l = {.out = {.fd = STDOUT_FILENO}};
    as_samples_query q = {0};
    as_store *s = NULL;
    as_err err = {0};
    as_code rc = read_query(args, &q, &err);

    if (!rc)
        rc = as_store_here(args, AS_STORE_READ, &s, &err);
    if (!rc && as_args_has(args, AS_OPT_JSON))
        rc = list_json(s, &q, &l, &err);
    else if (!rc)
        rc = list_table(s, &q, &l, &err);
    as_store_close(s);
    if (rc)
        as_out_abort(&l.out);
    else
        rc = as_out_commit(&l.out, &err);
    if (rc)
        return as_say_error(&err);
    return l.n > 0 ? 0 : as_code_exit(AS_NOT_FOUND);
}

#include "encode/remote.h"

#include "base/jsonw.h"
#include "encode/http.h"
#include "encode/profile.h"

#include <string.h>

#include "base/banned.h"

#define NAME_MAX_BYTES ((size_t)400)

struct as_remote {
    as_encoder encoder;
    as_remote_api api;
    unsigned batch;
    as_http *http;
    as_http_reply reply;
    as_buf url, model, query, passage, name, body;
};

static void set(as_buf *out, const char *text)
{
    as_buf_text(out, text ? text : "");
    as_buf_byte(out, '\0');
}

/* "http://host", "http://host/v1", the whole address: all of them are found in manuals. */
static void set_url(as_remote *r, const char *endpoint)
{
    const char *path = r->api == AS_REMOTE_OPENAI ? "/v1/embeddings" : "/api/embed";
    as_bytes base = as_bytes_of(endpoint);

    while (base.n > 0 && base.p[base.n - 1] == '/')
        base.n--;
    as_buf_add(&r->url, base);
    if (as_bytes_ends_nocase(base, path))
        path = "";
    else if (r->api == AS_REMOTE_OPENAI && as_bytes_ends_nocase(base, "/v1"))
        path = "/embeddings";
    set(&r->url, path);
}

/* --- asking ------------------------------------------------------------------------------------
 */

static void put_texts(as_remote *r, const char *before, const as_bytes *texts, size_t n)
{
    as_jsonw w = as_jsonw_to(&r->body, 0);
    as_buf one = {0};

    as_buf_reset(&r->body);
    as_jsonw_object(&w);
    as_jsonw_key(&w, "model");
    as_jsonw_text(&w, (const char *)r->model.p);
    as_jsonw_key(&w, "input");
    as_jsonw_array(&w);
    for (size_t i = 0; i < n; i++) {
        as_buf_reset(&one);
        as_buf_text(&one, before);
        as_buf_add(&one, texts[i]);
        as_jsonw_str(&w, as_buf_bytes(&one));
        r->body.failed |= one.failed;
    }
    as_jsonw_end(&w);
    if (r->api == AS_REMOTE_OPENAI) {
        as_jsonw_key(&w, "encoding_format");
        as_jsonw_text(&w, "float");
    } else {
        as_jsonw_key(&w, "truncate");
        as_jsonw_bool(&w, true);
    }
    as_jsonw_end(&w);
    as_buf_done(&one);
}

static as_code ask(as_remote *r, const char *before, const as_bytes *texts, size_t n, size_t *dim,
                   float *ret, as_err *err)
{
    uint64_t most = AS_REMOTE_ANSWER_MAX;
    as_http_request q = {.url = (const char *)r->url.p, .type = "application/json"};
    as_code rc;

    put_texts(r, before, texts, n);
    if (r->body.failed)
        return as_fail_nomem(err, "a question to the encoder");
    /* A number has at most some 25 digits; blanks and usage are on top. */
    if (*dim > 0 && n * (*dim * 40 + 4096) + 65536 < most)
        most = n * (*dim * 40 + 4096) + 65536;
    q.body = as_buf_bytes(&r->body);
    q.body_max = most;
    rc = as_http_send(r->http, &q, &r->reply, err);
    if (rc)
        return rc;
    return as_remote_answer(as_buf_bytes(&r->reply.body), r->api, n, dim, ret, err);
}

/* How many of the texts go in one question. */
static size_t batch_of(const as_remote *r, const as_bytes *texts, size_t n)
{
    size_t size = 0, i = 0;

    for (; i < n && i < r->batch; i++) {
        if (i > 0 && texts[i].n > AS_REMOTE_BATCH_SIZE - size)
            break;
        size += texts[i].n < AS_REMOTE_BATCH_SIZE - size ? texts[i].n : AS_REMOTE_BATCH_SIZE - size;
    }
    return i;
}

static as_code encode(as_remote *r, const as_buf *before, const as_bytes *texts, size_t n,
                      float *ret, as_err *err)
{
    size_t dim = r->encoder.dim;

    for (size_t done = 0; done < n;) {
        size_t batch = batch_of(r, texts + done, n - done);
        as_code rc =
            ask(r, (const char *)before->p, texts + done, batch, &dim, ret + done * dim, err);

        if (rc)
            return rc;
        done += batch;
    }
    return AS_OK;
}

static as_code passages(void *ctx, const as_bytes *texts, size_t n, float *ret, as_err *err)
{
    as_remote *r = ctx;

    return encode(r, &r->passage, texts, n, ret, err);
}

static as_code queries(void *ctx, const as_bytes *texts, size_t n, float *ret, as_err *err)
{
    as_remote *r = ctx;

    return encode(r, &r->query, texts, n, ret, err);
}

/* --- the handle
 * ------------------------------------------------------------------------------------ */

static as_code connect_to(as_remote *r, const as_remote_options *o, as_err *err)
{
    as_http_options http = {
        .stall_s = o->timeout_s ? o->timeout_s : 120, .tries = o->tries, .pause_ms = o->pause_ms};
    as_buf key = {0};
    as_code rc = as_http_secret("ASSAY_ENCODER_KEY", "ASSAY_ENCODER_KEY_FILE", &key, err);

    http.bearer = key.n > 0 ? (const char *)key.p : NULL;
    if (!rc)
        rc = as_http_new(&http, &r->http, err);
    as_http_secret_done(&key);
    return rc;
}

/* "remote/openai/bge-m3": what stands before a passage is part of what its vector means. */
static as_code name_it(as_remote *r, as_err *err)
{
    const char *before = (const char *)r->passage.p;

    as_buf_printf(&r->name, "remote/%s/%s%s%s", r->api == AS_REMOTE_OPENAI ? "openai" : "ollama",
                  (const char *)r->model.p, *before ? "/" : "", before);
    as_buf_byte(&r->name, '\0');
    if (r->name.failed)
        return as_fail_nomem(err, "the name of an encoder");
    if (r->name.n > NAME_MAX_BYTES)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "the name of the remote model is too long");
    return AS_OK;
}

static as_code set_up(as_remote *r, const as_remote_options *o, as_err *err)
{
    as_bytes base = as_bytes_of(o->model), plain = base, probe = AS_LITERAL("dimension");
    const uint8_t *colon = base.n > 0 ? memchr(base.p, ':', base.n) : NULL;
    const as_profile *profile;
    as_code rc;

    plain.n = colon ? (size_t)(colon - base.p) : base.n; /* "bge-m3:latest" */
    profile = as_profile_find(plain);
    set_url(r, o->endpoint);
    set(&r->model, o->model);
    set(&r->query, o->query || !profile ? o->query : profile->query);
    set(&r->passage, o->passage || !profile ? o->passage : profile->passage);
    if (r->url.failed || r->model.failed || r->query.failed || r->passage.failed)
        return as_fail_nomem(err, "an encoder");
    r->batch = o->batch ? o->batch : AS_REMOTE_BATCH;
    r->batch = r->batch < AS_REMOTE_BATCH_MAX ? r->batch : AS_REMOTE_BATCH_MAX;
    rc = name_it(r, err);
    if (!rc)
        rc = connect_to(r, o, err);
    r->encoder = (as_encoder){.name = (const char *)r->name.p,
                              .dim = o->dim,
                              .floor = o->floor > 0 || !profile ? o->floor : profile->floor,
                              .passages = passages,
                              .queries = queries,
                              .ctx = r};
    if (!rc && o->dim > AS_REMOTE_DIM_MAX)
        rc = as_fail(err, AS_USAGE, AS_NO_OFFSET, "vectors of more than %zu numbers",
                     AS_REMOTE_DIM_MAX);
    if (!rc && o->dim == 0)
        rc = ask(r, "", &probe, 1, &r->encoder.dim, NULL, err);
    return rc;
}

as_code as_remote_new(const as_remote_options *options, as_remote **ret, as_err *err)
{
    as_remote *r;
    as_code rc;

    if (!options->endpoint || !*options->endpoint || !options->model || !*options->model)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "a remote encoder needs an endpoint and the name of its model");
    r = as_mem_zero(1, sizeof(*r));
    if (!r)
        return as_fail_nomem(err, "an encoder");
    r->api = options->api;
    rc = set_up(r, options, err);
    if (rc) {
        as_remote_free(r);
        return rc;
    }
    *ret = r;
    return AS_OK;
}

void as_remote_free(as_remote *r)
{
    as_buf *const bufs[] = {r ? &r->url : NULL,     r ? &r->model : NULL, r ? &r->query : NULL,
                            r ? &r->passage : NULL, r ? &r->name : NULL,  r ? &r->body : NULL};

    if (!r)
        return;
    for (size_t i = 0; i < AS_COUNT(bufs); i++)
        as_buf_done(bufs[i]);
    as_http_reply_done(&r->reply);
    as_http_free(r->http);
    as_mem_free(r);
}

const as_encoder *as_remote_encoder(const as_remote *r)
{
    return &r->encoder;
}

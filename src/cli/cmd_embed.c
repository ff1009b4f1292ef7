#include "cli/encoder.h"

#include "base/jsonw.h"
#include "base/log.h"
#include "base/time.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define EMBED_MEMORY  ((size_t)4 << 30)
#define EMBED_INPUT   ((uint64_t)1 << 30)
#define NPY_HEAD      128u
#define TEXTS_AT_ONCE 1024u /* encoded together, and printed before the next are read */

struct embedding {
    const as_args *args;
    as_embedder by;
    as_arena *arena;
    as_buf input; /* of standard input */
    as_bytes *texts;
    size_t n, cap;
    as_encode_as as;
    as_out out;
};

/* --- texts ------------------------------------------------------------------------------ */

static as_code push(struct embedding *e, as_bytes text, as_err *err)
{
    void *p = e->texts;
    bool ok = as_mem_room(&p, &e->cap, e->n, sizeof(*e->texts));

    e->texts = p;
    if (!ok)
        return as_fail_nomem(err, "the texts");
    e->texts[e->n++] = text;
    return AS_OK;
}

static as_code read_lines(struct embedding *e, as_err *err)
{
    as_source *source = NULL;
    as_code rc = as_source_open("-", NULL, &source, err);
    size_t from = 0;

    if (!rc)
        rc = as_source_all(source, EMBED_INPUT, &e->input, err);
    if (!rc && e->input.n > EMBED_INPUT)
        rc = as_fail(err, AS_LIMIT, (size_t)EMBED_INPUT, "more than %llu bytes of text",
                     (unsigned long long)EMBED_INPUT);
    as_source_free(source);
    for (size_t i = 0; !rc && i <= e->input.n; i++) {
        if (i < e->input.n && e->input.p[i] != '\n')
            continue;
        if (i < e->input.n || i > from)
            rc = push(e, (as_bytes){e->input.p + from, i - from}, err);
        from = i + 1;
    }
    return rc;
}

static as_code read_texts(struct embedding *e, as_err *err)
{
    as_code rc = AS_OK;

    if (e->args->n_operands == 0)
        return read_lines(e, err);
    for (int i = 0; !rc && i < e->args->n_operands; i++)
        rc = push(e, as_bytes_of(e->args->operands[i]), err);
    return rc;
}

/* --- JSON ------------------------------------------------------------------------------- */

static void put_vector(as_jsonw *w, const float *v, size_t n)
{
    char text[32];

    as_jsonw_key(w, "vector");
    as_jsonw_array(w);
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(text, sizeof(text), "%.9g", (double)v[i]);
        as_jsonw_number(w, as_bytes_of(text));
    }
    as_jsonw_end(w);
}

/* What stands in the text may be no UTF-8; JSON is. */
static void put_text(as_jsonw *w, as_bytes text)
{
    as_buf clean = {0};

    for (size_t at = 0; at < text.n;) {
        size_t n;
        int32_t cp = as_utf8_next((as_bytes){text.p + at, text.n - at}, &n);
        uint8_t spelt[4];

        as_buf_add(&clean, (as_bytes){spelt, as_utf8_put(cp < 0 ? 0xfffd : (uint32_t)cp, spelt)});
        at += n;
    }
    as_jsonw_key(w, "text");
    as_jsonw_str(w, as_buf_bytes(&clean));
    as_buf_done(&clean);
}

static void put_tokens(const struct embedding *e, as_jsonw *w, const as_model_tokens *t)
{
    size_t dim = e->by.encoder->dim;

    as_jsonw_key(w, "tokens");
    as_jsonw_array(w);
    for (size_t i = 0; i < t->n; i++) {
        as_jsonw_object(w);
        as_jsonw_key(w, "id");
        as_jsonw_u64(w, t->tokens[i].id);
        as_jsonw_key(w, "piece");
        as_jsonw_str(w, as_tokenizer_piece(as_model_tokenizer(e->by.model), t->tokens[i].id));
        as_jsonw_key(w, "begin");
        as_jsonw_u64(w, t->tokens[i].begin);
        as_jsonw_key(w, "end");
        as_jsonw_u64(w, t->tokens[i].end);
        put_vector(w, t->rows + i * dim, dim);
        as_jsonw_end(w);
    }
    as_jsonw_end(w);
}

static as_jsonw begin_line(struct embedding *e, as_bytes text)
{
    as_jsonw w = as_jsonw_to(&e->out.buf, 0);

    as_jsonw_object(&w);
    as_jsonw_key(&w, "schema");
    as_jsonw_text(&w, "assay/embed/1");
    as_jsonw_key(&w, "model");
    as_jsonw_text(&w, e->by.encoder->name);
    put_text(&w, text);
    return w;
}

static as_code end_line(struct embedding *e, as_jsonw *w, as_err *err)
{
    as_jsonw_end(w);
    as_buf_byte(&e->out.buf, '\n');
    return e->out.buf.n >= AS_OUT_CHUNK ? as_out_flush(&e->out, err) : AS_OK;
}

/* --- npy -------------------------------------------------------------------------------- */

/* The format's version 1.0: magic, length of the head, the head padded to a multiple of 64. */
static void put_npy_head(as_buf *out, size_t rows, size_t dim)
{
    char head[NPY_HEAD];
    int n = snprintf(head, sizeof(head),
                     "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", rows, dim);

    as_buf_add(out, (as_bytes){(const uint8_t *)"\x93NUMPY\x01\x00", 8});
    as_buf_byte(out, NPY_HEAD - 10);
    as_buf_byte(out, 0);
    as_buf_add(out, (as_bytes){(const uint8_t *)head, n > 0 ? (size_t)n : 0});
    as_buf_fill(out, ' ', NPY_HEAD - 11 - (size_t)n);
    as_buf_byte(out, '\n');
}

static as_code put_rows(struct embedding *e, const float *rows, size_t n, as_err *err)
{
    as_buf_add(&e->out.buf, (as_bytes){(const uint8_t *)rows, n * sizeof(*rows)});
    return as_out_flush(&e->out, err);
}

/* --- texts to vectors ------------------------------------------------------------------- */

/* A server is told nothing of windows, and puts its prefixes before all texts. */
static as_code encode(const struct embedding *e, const as_bytes *texts, size_t n, float *rows,
                      as_model_stats *stats, as_err *err)
{
    const as_encoder *encoder = e->by.encoder;

    if (e->by.model)
        return as_model_encode(e->by.model, e->as, texts, n, rows, stats, err);
    return e->as == AS_ENCODE_QUERY ? encoder->queries(encoder->ctx, texts, n, rows, err)
                                    : encoder->passages(encoder->ctx, texts, n, rows, err);
}

static as_code put_all_vectors(struct embedding *e, as_model_stats *stats, as_err *err)
{
    size_t dim = e->by.encoder->dim;
    float *rows = as_arena_take(e->arena, TEXTS_AT_ONCE * dim, sizeof(*rows));
    bool npy = as_args_has(e->args, AS_OPT_NPY);
    as_code rc = rows ? AS_OK : as_fail_nomem(err, "the vectors");

    if (!rc && npy)
        put_npy_head(&e->out.buf, e->n, dim);
    for (size_t from = 0; !rc && from < e->n; from += TEXTS_AT_ONCE) {
        size_t n = e->n - from < TEXTS_AT_ONCE ? e->n - from : TEXTS_AT_ONCE;

        rc = encode(e, e->texts + from, n, rows, stats, err);
        if (!rc && npy)
            rc = put_rows(e, rows, n * dim, err);
        for (size_t i = 0; !rc && !npy && i < n; i++) {
            as_jsonw w = begin_line(e, e->texts[from + i]);

            put_vector(&w, rows + i * dim, dim);
            rc = end_line(e, &w, err);
        }
    }
    return rc;
}

static as_code put_all_tokens(struct embedding *e, as_err *err)
{
    bool npy = as_args_has(e->args, AS_OPT_NPY);
    size_t dim = e->by.encoder->dim;
    as_code rc = AS_OK;

    if (!e->by.model)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "a server gives no vectors of tokens: name a model that is here");
    if (npy && e->n != 1)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "an npy file holds the tokens of one text, and here are %zu", e->n);
    for (size_t i = 0; !rc && i < e->n; i++) {
        as_arena *arena = as_arena_new(EMBED_MEMORY);
        as_model_tokens t = {0};

        rc = arena ? as_model_tokens_of(e->by.model, e->texts[i], arena, &t, err)
                   : as_fail_nomem(err, "the tokens of a text");
        if (!rc && npy) {
            put_npy_head(&e->out.buf, t.n, dim);
            rc = put_rows(e, t.rows, t.n * dim, err);
        } else if (!rc) {
            as_jsonw w = begin_line(e, e->texts[i]);

            put_tokens(e, &w, &t);
            rc = end_line(e, &w, err);
        }
        as_arena_free(arena);
    }
    return rc;
}

static as_encode_as kind_of(const char *kind)
{
    if (kind && strcmp(kind, "query") == 0)
        return AS_ENCODE_QUERY;
    return kind && strcmp(kind, "passage") == 0 ? AS_ENCODE_PASSAGE : AS_ENCODE_PLAIN;
}

static as_code embed_texts(struct embedding *e, as_err *err)
{
    as_model_stats stats = {0};
    as_code rc = read_texts(e, err);

    if (!rc)
        rc = as_out_open(&e->out, as_args_get(e->args, AS_OPT_OUTPUT), err);
    if (rc)
        return rc;
    if (as_args_has(e->args, AS_OPT_TOKENS))
        rc = put_all_tokens(e, err);
    else
        rc = put_all_vectors(e, &stats, err);
    if (rc) {
        as_out_abort(&e->out);
        return rc;
    }
    if (stats.split > 0)
        as_log(AS_LOG_WARN, "%zu of %zu texts were longer than %zu tokens and read in windows",
               stats.split, e->n, as_model_window(e->by.model));
    return as_out_commit(&e->out, err);
}

/* --- the store -------------------------------------------------------------------------- */

struct filling {
    as_progress progress;
};

static void tick(void *ctx, size_t made, size_t all)
{
    struct filling *f = ctx;

    f->progress.total = all;
    as_progress_at(&f->progress, made);
}

static as_code fill_store(struct embedding *e, as_err *err)
{
    const as_encoder *encoder = e->by.encoder;
    struct filling f = {0};
    as_fill_options options = {.on_tick = tick, .tick_ctx = &f};
    int64_t begun = as_time_now();
    as_vectors *vectors = NULL;
    as_store *store = NULL;
    size_t made = 0;
    as_code rc = as_store_here(e->args, AS_STORE_READ, &store, err);

    if (!rc)
        rc = as_vectors_here(e->args, encoder, false, &vectors, err);
    if (!rc) {
        f.progress = as_progress_start("encoding", 0, as_args_has(e->args, AS_OPT_QUIET));
        f.progress.unit = "passages";
        rc = as_retrieve_fill(store, encoder, vectors, &options, &made, err);
        as_progress_end(&f.progress);
    }
    if (!rc) {
        as_buf_printf(&e->out.buf,
                      "%zu passages got a vector in %.1f s; the store has %zu of '%s'\n", made,
                      (double)(as_time_now() - begun) / (double)AS_TIME_SECOND,
                      as_vectors_count(vectors), encoder->name);
        e->out.fd = STDOUT_FILENO;
        rc = as_out_commit(&e->out, err);
    }
    as_vectors_close(vectors);
    as_store_close(store);
    return rc;
}

int as_cmd_embed(const as_args *args)
{
    struct embedding e = {.args = args,
                          .arena = as_arena_new(EMBED_MEMORY),
                          .as = kind_of(as_args_get(args, AS_OPT_KIND))};
    as_err err = {0};
    as_code rc = e.arena ? AS_OK : as_fail_nomem(&err, "vectors");

    if (!rc && as_args_has(args, AS_OPT_FILL) && args->n_operands > 0)
        rc = as_fail(&err, AS_USAGE, AS_NO_OFFSET, "--fill reads the store, not a TEXT");
    if (!rc)
        rc = as_embedder_open(args, &e.by, &err);
    if (!rc && !e.by.encoder)
        rc = as_fail(&err, AS_USAGE, AS_NO_OFFSET,
                     e.by.model ? "a model that judges pairs of texts makes no vectors"
                                : "no text encoder is named: give --encoder MODEL, or configure "
                                  "encoder.model (see 'assay model list')");
    if (!rc)
        rc = as_args_has(args, AS_OPT_FILL) ? fill_store(&e, &err) : embed_texts(&e, &err);
    as_embedder_close(&e.by);
    as_arena_free(e.arena);
    as_buf_done(&e.input);
    as_mem_free(e.texts);
    return rc ? as_say_error(&err) : 0;
}

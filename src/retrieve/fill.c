#include "base/hash.h"
#include "retrieve/retrieve_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * Vectors are for prose: chunks in a language, and their summaries. Rows and keywords are
 * values, which the other routes find by what they are.
 */

#define BATCH       256u /* texts: the encoder sorts them by length */
#define COMMIT_EACH 4096u

typedef struct filling {
    as_store *s;
    const as_encoder *encoder;
    as_vectors *vectors;
    as_arena *arena; /* of a batch */
    as_bytes texts[BATCH];
    int64_t ids[BATCH];
    as_vector_tags tags[BATCH];
    size_t n, made, uncommitted, all;
    const as_fill_options *options; /* NULL: nobody watches */
} filling;

/* FNV-1a: a number that stays the same between versions. */
uint32_t as_retrieve_tool_tag(as_bytes tool)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < tool.n; i++) {
        uint8_t c = tool.p[i];

        hash = (hash ^ (c >= 'A' && c <= 'Z' ? c + 32u : c)) * 16777619u;
    }
    return hash ? hash : 1;
}

static as_code renew_arena(filling *f, as_err *err)
{
    as_arena_free(f->arena);
    f->arena = as_arena_new((size_t)64 << 20);
    f->n = 0;
    return f->arena ? AS_OK : as_fail_nomem(err, "vectors");
}

static as_code flush(filling *f, as_err *err)
{
    float *vectors;
    as_code rc;

    if (f->n == 0)
        return AS_OK;
    vectors = as_arena_take(f->arena, f->n * f->encoder->dim, sizeof(*vectors));
    if (!vectors)
        return as_fail_nomem(err, "vectors");
    rc = f->encoder->passages(f->encoder->ctx, f->texts, f->n, vectors, err);
    for (size_t i = 0; !rc && i < f->n; i++)
        rc = as_vectors_put(f->vectors, f->ids[i], vectors + i * f->encoder->dim, &f->tags[i], err);
    if (rc)
        return rc;
    f->made += f->n;
    f->uncommitted += f->n;
    if (f->options && f->options->on_tick)
        f->options->on_tick(f->options->tick_ctx, f->made, f->all);
    if (f->uncommitted >= COMMIT_EACH) {
        rc = as_vectors_commit(f->vectors, err);
        f->uncommitted = 0;
    }
    return rc ? rc : renew_arena(f, err);
}

static bool wants(const filling *f, const as_stored_chunk *c)
{
    return c->lang != AS_CHUNK_LANG_ANY && c->role != AS_CHUNK_KEYWORDS &&
           !as_vectors_has(f->vectors, c->id);
}

static as_code count_chunk(void *ctx, const as_stored_chunk *c, as_err *err)
{
    filling *f = ctx;

    (void)err;
    f->all += wants(f, c);
    return AS_OK;
}

static as_code take_chunk(void *ctx, const as_stored_chunk *c, as_err *err)
{
    filling *f = ctx;
    as_buf text = {0};
    as_code rc;

    if (!wants(f, c))
        return AS_OK;
    as_buf_add(&text, c->context);
    as_buf_byte(&text, '\n');
    as_buf_add(&text, c->body);
    rc = text.failed ? AS_NOMEM : as_arena_copy(f->arena, as_buf_bytes(&text), &f->texts[f->n]);
    as_buf_done(&text);
    if (rc)
        return as_fail_nomem(err, "vectors");
    f->ids[f->n] = c->id;
    f->tags[f->n++] = (as_vector_tags){.sample = c->sample,
                                       .tool = as_retrieve_tool_tag(c->tool),
                                       .section = (uint32_t)c->section + 1,
                                       .lang = c->lang + 1u};
    return f->n == BATCH ? flush(f, err) : AS_OK;
}

as_code as_retrieve_fill(as_store *s, const as_encoder *encoder, as_vectors *vectors,
                         const as_fill_options *options, size_t *ret_n, as_err *err)
{
    filling f = {.s = s, .encoder = encoder, .vectors = vectors, .options = options};
    as_code rc = renew_arena(&f, err);

    if (!rc && encoder->dim != as_vectors_dim(vectors))
        rc = as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET,
                     "the encoder '%s' makes vectors of %zu numbers, and the store's have %zu",
                     encoder->name, encoder->dim, as_vectors_dim(vectors));
    if (!rc && options && options->on_tick)
        rc = as_search_each(s, 0, count_chunk, &f, err);
    if (!rc)
        rc = as_search_each(s, 0, take_chunk, &f, err);
    if (!rc)
        rc = flush(&f, err);
    if (!rc)
        rc = as_vectors_commit(vectors, err);
    as_arena_free(f.arena);
    if (!rc && ret_n)
        *ret_n = f.made;
    return rc;
}

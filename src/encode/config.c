#include "encode/config.h"

#include "base/json.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

typedef struct reader {
    as_json *json;
    as_buf scratch;
    as_model_config c;
    unsigned seen; /* bits of `numbers` */
    bool has_family, has_pad, has_labels, has_eps;
} reader;

/* Counts that every config.json has. */
static const struct {
    const char *key;
    size_t offset;
    unsigned max;
} numbers[] = {
    {"hidden_size", offsetof(as_model_config, hidden), AS_MODEL_WIDTH_MAX},
    {"num_hidden_layers", offsetof(as_model_config, layers), AS_MODEL_LAYERS_MAX},
    {"num_attention_heads", offsetof(as_model_config, heads), AS_MODEL_HEADS_MAX},
    {"intermediate_size", offsetof(as_model_config, ffn), AS_MODEL_WIDTH_MAX},
    {"max_position_embeddings", offsetof(as_model_config, positions), AS_MODEL_POSITIONS_MAX},
    {"type_vocab_size", offsetof(as_model_config, types), 64},
    {"vocab_size", offsetof(as_model_config, vocab), AS_MODEL_VOCAB_MAX},
};

static as_code read_count(const as_json_tok *t, const char *key, unsigned max, unsigned *ret,
                          as_err *err)
{
    uint64_t n;

    if (t->type != AS_JSON_NUMBER || !as_bytes_u64(t->raw, &n) || n == 0)
        return as_fail(err, AS_INVALID, (size_t)t->begin, "%s is no count", key);
    if (n > max)
        return as_fail(err, AS_LIMIT, (size_t)t->begin, "%s is %llu, at most %u is read", key,
                       (unsigned long long)n, max);
    *ret = (unsigned)n;
    return AS_OK;
}

static as_code read_text(reader *r, const as_json_tok *t, const char *key, as_bytes *ret,
                         as_err *err)
{
    if (t->type != AS_JSON_STRING)
        return as_fail(err, AS_INVALID, (size_t)t->begin, "%s is no string", key);
    return as_json_text(t->raw, &r->scratch, ret) ? as_fail_nomem(err, "a string") : AS_OK;
}

static as_code unknown(const as_json_tok *t, const char *key, as_bytes text, const char *known,
                       as_err *err)
{
    char shown[64];

    return as_fail(err, AS_UNKNOWN, (size_t)t->begin, "%s is '%s'; known are %s", key,
                   as_bytes_show(text, shown, sizeof(shown)), known);
}

static as_code read_family(reader *r, as_json_tok *t, as_err *err)
{
    as_bytes text = {0};
    as_code rc = read_text(r, t, "model_type", &text, err);

    if (rc)
        return rc;
    if (!as_bytes_is(text, "bert") && !as_bytes_is(text, "xlm-roberta"))
        return unknown(t, "model_type", text, "bert and xlm-roberta", err);
    r->c.family = as_bytes_is(text, "bert") ? AS_MODEL_BERT : AS_MODEL_XLMR;
    r->has_family = true;
    return AS_OK;
}

static as_code read_act(reader *r, as_json_tok *t, as_err *err)
{
    as_bytes text = {0};
    as_code rc = read_text(r, t, "hidden_act", &text, err);

    if (rc)
        return rc;
    r->c.gelu_tanh = as_bytes_is(text, "gelu_new") || as_bytes_is(text, "gelu_pytorch_tanh");
    if (!r->c.gelu_tanh && !as_bytes_is(text, "gelu") && !as_bytes_is(text, "gelu_python"))
        return unknown(t, "hidden_act", text, "gelu, gelu_new and gelu_pytorch_tanh", err);
    return AS_OK;
}

static as_code read_positions_kind(reader *r, as_json_tok *t, as_err *err)
{
    as_bytes text = {0};
    as_code rc = read_text(r, t, "position_embedding_type", &text, err);

    if (!rc && !as_bytes_is(text, "absolute"))
        return unknown(t, "position_embedding_type", text, "absolute ones", err);
    return rc;
}

static as_code read_eps(reader *r, as_json_tok *t, as_err *err)
{
    char text[64];

    if (t->type != AS_JSON_NUMBER || t->raw.n >= sizeof(text))
        return as_fail(err, AS_INVALID, (size_t)t->begin, "layer_norm_eps is no number");
    memcpy(text, t->raw.p, t->raw.n);
    text[t->raw.n] = 0;
    r->c.eps = strtod(text, NULL);
    if (!(r->c.eps > 0 && r->c.eps <= 0.1))
        return as_fail(err, AS_INVALID, (size_t)t->begin, "layer_norm_eps is %s", text);
    r->has_eps = true;
    return AS_OK;
}

static as_code read_pad(reader *r, as_json_tok *t, as_err *err)
{
    uint64_t n;

    r->has_pad = true;
    r->c.pad = -1;
    if (t->type == AS_JSON_NULL)
        return AS_OK;
    if (t->type != AS_JSON_NUMBER || !as_bytes_u64(t->raw, &n) || n >= AS_MODEL_VOCAB_MAX)
        return as_fail(err, AS_INVALID, (size_t)t->begin, "pad_token_id is no token");
    r->c.pad = (int32_t)n;
    return AS_OK;
}

static as_code read_architectures(reader *r, as_json_tok *t, as_err *err)
{
    as_code rc = AS_OK;
    as_bytes text = {0};

    if (t->type == AS_JSON_NULL)
        return AS_OK;
    if (t->type != AS_JSON_ARRAY)
        return as_fail(err, AS_INVALID, (size_t)t->begin, "architectures is no list");
    while (!rc && !(rc = as_json_next(r->json, t, err)) && t->type != AS_JSON_ARRAY_END) {
        rc = read_text(r, t, "a name in architectures", &text, err);
        if (!rc && as_bytes_ends_nocase(text, "ForSequenceClassification"))
            r->c.reranker = true;
    }
    return rc;
}

/* transformers writes the labels' names, and seldom their number. */
static as_code read_labels(reader *r, as_json_tok *t, as_err *err)
{
    as_code rc = AS_OK;
    unsigned n = 0;

    if (t->type == AS_JSON_NULL)
        return AS_OK;
    if (t->type != AS_JSON_OBJECT)
        return as_fail(err, AS_INVALID, (size_t)t->begin, "id2label is no object");
    while (!rc && !(rc = as_json_next(r->json, t, err)) && t->type != AS_JSON_OBJECT_END) {
        if (t->type == AS_JSON_KEY && n++ == AS_MODEL_LABELS_MAX)
            return as_fail(err, AS_LIMIT, (size_t)t->begin, "more than %u labels",
                           AS_MODEL_LABELS_MAX);
        if (!(rc = as_json_next(r->json, t, err)))
            rc = as_json_skip(r->json, t, err);
    }
    if (!rc && n && !r->has_labels)
        r->c.labels = n;
    return rc;
}

/* What makes another model of the same tensors. */
static as_code read_decoder(const as_json_tok *t, as_err *err)
{
    if (t->type == AS_JSON_TRUE)
        return as_fail(err, AS_UNKNOWN, (size_t)t->begin, "a decoder (is_decoder), no encoder");
    return AS_OK;
}

static as_code read_value(reader *r, as_bytes key, as_json_tok *t, as_err *err)
{
    for (size_t i = 0; i < AS_COUNT(numbers); i++) {
        if (as_bytes_is(key, numbers[i].key)) {
            r->seen |= 1u << i;
            return read_count(t, numbers[i].key, numbers[i].max,
                              (unsigned *)(void *)((char *)&r->c + numbers[i].offset), err);
        }
    }
    if (as_bytes_is(key, "model_type"))
        return read_family(r, t, err);
    if (as_bytes_is(key, "hidden_act"))
        return read_act(r, t, err);
    if (as_bytes_is(key, "position_embedding_type") && t->type != AS_JSON_NULL)
        return read_positions_kind(r, t, err);
    if (as_bytes_is(key, "layer_norm_eps"))
        return read_eps(r, t, err);
    if (as_bytes_is(key, "pad_token_id"))
        return read_pad(r, t, err);
    if (as_bytes_is(key, "architectures"))
        return read_architectures(r, t, err);
    if (as_bytes_is(key, "id2label"))
        return read_labels(r, t, err);
    if (as_bytes_is(key, "is_decoder"))
        return read_decoder(t, err);
    if (as_bytes_is(key, "num_labels")) {
        r->has_labels = true;
        return read_count(t, "num_labels", AS_MODEL_LABELS_MAX, &r->c.labels, err);
    }
    return as_json_skip(r->json, t, err);
}

static as_code read_all(reader *r, as_err *err)
{
    as_json_doubts doubts;
    char key[64];
    as_json_tok t;
    as_code rc = as_json_next(r->json, &t, err);

    if (!rc && t.type != AS_JSON_OBJECT)
        return as_fail(err, AS_INVALID, (size_t)t.begin, "no object");
    while (!rc && !(rc = as_json_next(r->json, &t, err)) && t.type != AS_JSON_OBJECT_END) {
        size_t n = t.raw.n < sizeof(key) ? t.raw.n : 0; /* the next token takes its memory */

        memcpy(key, t.raw.p, n);
        if (!(rc = as_json_next(r->json, &t, err)))
            rc = read_value(r, (as_bytes){(const uint8_t *)key, n}, &t, err);
    }
    if (!rc)
        rc = as_json_next(r->json, &t, err); /* only blanks behind it */
    if (rc)
        return rc;
    doubts = as_json_doubts_so_far(r->json);
    if (doubts.duplicate_keys)
        return as_fail(err, AS_INVALID, (size_t)doubts.first_duplicate, "a key comes twice");
    return AS_OK;
}

/* What must hold between the numbers, from wherever they are. */
static as_code check(const as_model_config *c, as_err *err)
{
    if (c->hidden % c->heads)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "%u heads do not divide a width of %u",
                       c->heads, c->hidden);
    if (c->pad >= 0 && (unsigned)c->pad >= c->vocab)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "pad token %d of a vocabulary of %u", c->pad,
                       c->vocab);
    if (c->family == AS_MODEL_XLMR && (c->pad < 0 || (unsigned)c->pad + 1 >= c->positions))
        return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                       "positions begin behind pad token %d, and there are %u", c->pad,
                       c->positions);
    return AS_OK;
}

static as_code finish(reader *r, as_err *err)
{
    if (!r->has_family)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "no model_type in it");
    for (size_t i = 0; i < AS_COUNT(numbers); i++) {
        if (!(r->seen >> i & 1))
            return as_fail(err, AS_INVALID, AS_NO_OFFSET, "no %s in it", numbers[i].key);
    }
    /* transformers' own defaults for what it leaves out. */
    if (!r->has_eps)
        r->c.eps = 1e-12;
    if (!r->has_pad)
        r->c.pad = r->c.family == AS_MODEL_XLMR ? 1 : 0;
    if (!r->c.reranker)
        r->c.labels = 0;
    else if (!r->c.labels)
        r->c.labels = 2;
    return check(&r->c, err);
}

as_code as_model_config_read(as_bytes json, as_model_config *ret, as_err *err)
{
    reader r = {0};
    as_source *source = NULL;
    as_err why = {0};
    as_code rc;

    if (json.n > AS_MODEL_CONFIG_MAX)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "config.json has %zu bytes, at most %zu",
                       json.n, AS_MODEL_CONFIG_MAX);
    rc = as_source_open_bytes(json, NULL, &source, err);
    if (rc)
        return rc;
    as_source_hash(source, false);
    rc = as_json_new(source, NULL, &r.json, &why);
    if (!rc)
        rc = read_all(&r, &why);
    if (!rc)
        rc = finish(&r, &why);
    if (rc)
        (void)as_fail(err, rc, why.offset, "config.json: %s", why.msg);
    else
        *ret = r.c;
    as_json_free(r.json);
    as_source_free(source);
    as_buf_done(&r.scratch);
    return rc;
}

/* --- from the tensors ---------------------------------------------------------------------- */

/* The shape of a matrix as [out, in], whichever way it lies. */
static bool matrix(const as_weights *w, const char *name, unsigned rows_max, unsigned cols_max,
                   unsigned *ret_rows, unsigned *ret_cols)
{
    const as_weight *t = as_weights_find(w, as_bytes_of(name));
    uint64_t rows, cols;

    if (!t || t->tensor.rank != 2)
        return false;
    rows = t->tensor.shape[t->transposed ? 1 : 0];
    cols = t->tensor.shape[t->transposed ? 0 : 1];
    if (rows == 0 || rows > rows_max || cols == 0 || cols > cols_max)
        return false;
    *ret_rows = (unsigned)rows;
    *ret_cols = (unsigned)cols;
    return true;
}

static unsigned count_layers(const as_weights *w)
{
    char name[64];
    unsigned n = 0;

    for (; n <= AS_MODEL_LAYERS_MAX; n++) {
        (void)snprintf(name, sizeof(name), "encoder.layer.%u.output.dense.weight", n);
        if (!as_weights_find(w, as_bytes_of(name)))
            break;
    }
    return n;
}

static void guess_head(const as_weights *w, as_model_config *c)
{
    unsigned in;
    const char *name =
        c->family == AS_MODEL_XLMR ? "classifier.out_proj.weight" : "classifier.weight";

    c->reranker = matrix(w, name, AS_MODEL_LABELS_MAX, AS_MODEL_WIDTH_MAX, &c->labels, &in);
    if (!c->reranker)
        c->labels = 0;
}

as_code as_model_config_guess(const as_weights *w, as_model_config *ret, as_err *err)
{
    as_weights_hints hints = as_weights_hint(w);
    as_model_config c = {0};
    unsigned same[3];
    as_code rc;

    c.layers = count_layers(w);
    if (c.layers == 0 || c.layers > AS_MODEL_LAYERS_MAX ||
        !matrix(w, "embeddings.word_embeddings.weight", AS_MODEL_VOCAB_MAX, AS_MODEL_WIDTH_MAX,
                &c.vocab, &c.hidden) ||
        !matrix(w, "embeddings.position_embeddings.weight", AS_MODEL_POSITIONS_MAX,
                AS_MODEL_WIDTH_MAX, &c.positions, &same[0]) ||
        !matrix(w, "embeddings.token_type_embeddings.weight", 64, AS_MODEL_WIDTH_MAX, &c.types,
                &same[1]) ||
        !matrix(w, "encoder.layer.0.intermediate.dense.weight", AS_MODEL_WIDTH_MAX,
                AS_MODEL_WIDTH_MAX, &c.ffn, &same[2]))
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                       "no BERT encoder: not all of its tensors are there");
    if (same[0] != c.hidden || same[1] != c.hidden || same[2] != c.hidden)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                       "the tensors are %u, %u, %u and %u wide, and should be alike", c.hidden,
                       same[0], same[1], same[2]);
    if (!hints.heads || !(hints.layer_norm_eps > 0) || !hints.hidden_act)
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                       "the file does not show %s: a config.json is needed",
                       !hints.heads        ? "the number of heads"
                       : !hints.hidden_act ? "the activation"
                                           : "the layer norms' epsilon");
    c.heads = hints.heads;
    c.eps = hints.layer_norm_eps;
    c.gelu_tanh = !strcmp(hints.hidden_act, "gelu_new");
    /* RoBERTas have no use for a second type; theirs is a table of one row. */
    c.family = c.types == 1 ? AS_MODEL_XLMR : AS_MODEL_BERT;
    c.pad = c.family == AS_MODEL_XLMR ? 1 : 0;
    guess_head(w, &c);
    rc = check(&c, err);
    if (!rc)
        *ret = c;
    return rc;
}

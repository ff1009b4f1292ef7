#include "encode/model_priv.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

/* --- which files ---------------------------------------------------------------------------- */

static bool has(const char *folder, const char *name, char path[PATH_MAX])
{
    int n = snprintf(path, PATH_MAX, "%s/%s", folder, name);

    return n > 0 && n < PATH_MAX && access(path, F_OK) == 0;
}

/* The folder's only file with this ending; *ret_n says how many there are. */
static size_t count_ending(const char *folder, const char *ending, char path[PATH_MAX])
{
    DIR *d = opendir(folder);
    const struct dirent *e;
    size_t n = 0;

    while (d && (e = readdir(d))) {
        if (!as_bytes_ends_nocase(as_bytes_of(e->d_name), ending))
            continue;
        n++;
        (void)snprintf(path, PATH_MAX, "%.1023s/%.255s", folder, e->d_name);
    }
    if (d)
        (void)closedir(d);
    return n;
}

static as_code find_weights(const char *folder, char path[PATH_MAX], as_err *err)
{
    static const char *const names[] = {"model.safetensors", "model.safetensors.index.json",
                                        "pytorch_model.bin", "model.onnx", "onnx/model.onnx"};
    static const char *const endings[] = {".safetensors", ".onnx"};

    for (size_t i = 0; i < AS_COUNT(names); i++) {
        if (has(folder, names[i], path))
            return AS_OK;
    }
    for (size_t i = 0; i < AS_COUNT(endings); i++) {
        size_t n = count_ending(folder, endings[i], path);

        if (n > 1)
            return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                           "'%s' holds %zu files *%s: which is the model?", folder, n, endings[i]);
        if (n == 1)
            return AS_OK;
    }
    return as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET,
                   "'%s' holds no model: no model.safetensors, pytorch_model.bin or *.onnx",
                   folder);
}

static as_code find_tokenizer(const char *folder, char path[PATH_MAX], as_err *err)
{
    static const char *const names[] = {"tokenizer.json", "vocab.txt", "sentencepiece.bpe.model",
                                        "spiece.model", "tokenizer.model"};

    for (size_t i = 0; i < AS_COUNT(names); i++) {
        if (has(folder, names[i], path))
            return AS_OK;
    }
    if (count_ending(folder, "tokenizer.json", path) == 1)
        return AS_OK;
    return as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET,
                   "'%s' holds no tokenizer: no tokenizer.json, vocab.txt or sentencepiece model",
                   folder);
}

/* --- opening -------------------------------------------------------------------------------- */

static as_code take_case(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    as_tokenizer_options *o = ctx;
    as_bytes text = {0};

    if (as_bytes_is(key, "tokenizer_class")) {
        as_code rc = as_jread_text(r, t, &text, err);

        if (as_bytes_is(text, "XLMRobertaTokenizer") ||
            as_bytes_is(text, "XLMRobertaTokenizerFast"))
            o->xlmr_ids = 1;
        return rc;
    }
    if (as_bytes_is(key, "do_lower_case"))
        o->keep_case = t->type == AS_JSON_FALSE;
    else if (as_bytes_is(key, "tokenize_chinese_chars"))
        o->keep_chinese = t->type == AS_JSON_FALSE;
    else if (as_bytes_is(key, "strip_accents"))
        o->strip_accents = t->type == AS_JSON_TRUE ? 1 : t->type == AS_JSON_FALSE ? -1 : 0;
    return AS_OK;
}

static as_code open_tokenizer(as_model *m, const char *folder, as_err *err)
{
    as_tokenizer_options o = {0};
    char path[PATH_MAX];
    as_err why = {0};
    as_code rc = find_tokenizer(folder, path, err);

    if (!rc)
        rc = as_model_side(folder, "tokenizer_config.json", take_case, &o, err);
    if (rc)
        return rc;
    rc = as_tokenizer_open(path, &o, &m->tokenizer, &why);
    return rc ? as_fail(err, rc, why.offset, "'%s': %s", path, why.msg) : AS_OK;
}

static as_code open_weights(as_model *m, const char *folder, as_err *err)
{
    as_buf json = {0};
    char path[PATH_MAX];
    as_err why = {0};
    as_code rc = find_weights(folder, path, err);

    if (rc)
        return rc;
    rc = as_weights_open(path, &m->weights, err);
    if (rc)
        return rc;
    rc = as_model_file(folder, "config.json", AS_MODEL_JSON_MAX, &json, err);
    if (rc == AS_NOT_FOUND)
        rc = as_model_config_guess(m->weights, &m->c, &why);
    else if (!rc)
        rc = as_model_config_read(as_buf_bytes(&json), &m->c, &why);
    as_buf_done(&json);
    return rc ? as_fail(err, rc, why.offset, "'%s': %s", folder, why.msg) : AS_OK;
}

static as_code fit(const as_model *m, const char *folder, as_err *err)
{
    as_specials s = as_tokenizer_specials(m->tokenizer);
    size_t words = as_tokenizer_vocab(m->tokenizer);

    if (words > m->c.vocab)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                       "'%s': the tokenizer has %zu words and the model %u: not of one model",
                       folder, words, m->c.vocab);
    if (s.bos < 0 || s.eos < 0)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                       "'%s': the tokenizer has no token to begin or end a text with", folder);
    if (m->c.reranker)
        return AS_OK;
    if (m->pooling == AS_POOL_UNSET)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                       "'%s': neither its files nor what is known of it say how tokens become one "
                       "vector: give --pooling cls or mean",
                       folder);
    return AS_OK;
}

static void name_it(as_model *m, const char *folder, const as_model_options *o)
{
    size_t n = strlen(folder), from;
    const char *name = o->name;

    while (n > 1 && folder[n - 1] == '/')
        n--;
    for (from = n; from > 0 && folder[from - 1] != '/';)
        from--;
    if (name)
        (void)snprintf(m->name, sizeof(m->name), "%s", name);
    else
        (void)snprintf(m->name, sizeof(m->name), "%.*s", (int)(n - from), folder + from);
}

static as_code encode_passages(void *ctx, const as_bytes *texts, size_t n, float *ret, as_err *err)
{
    return as_model_encode(ctx, AS_ENCODE_PASSAGE, texts, n, ret, NULL, err);
}

static as_code encode_queries(void *ctx, const as_bytes *texts, size_t n, float *ret, as_err *err)
{
    return as_model_encode(ctx, AS_ENCODE_QUERY, texts, n, ret, NULL, err);
}

/* How long a window may be, and the model under the name that its vectors are kept by. */
static void finish(as_model *m)
{
    const as_profile *p = as_profile_find(as_bytes_of(m->name));
    size_t room = as_bert_room(&m->c);
    size_t n = strlen(m->name);

    if (m->max_tokens == 0 || m->max_tokens > room)
        m->max_tokens = (unsigned)room;
    if (as_nn_precision(m->nn) != AS_PRECISION_F32)
        (void)snprintf(m->name + n, sizeof(m->name) - n, "%s",
                       as_nn_precision(m->nn) == AS_PRECISION_BF16 ? "+bf16" : "+bf16x3");
    m->encoder = (as_encoder){.name = m->name,
                              .dim = m->c.hidden,
                              .floor = p ? p->floor : 0,
                              .passages = encode_passages,
                              .queries = encode_queries,
                              .ctx = m};
}

static as_code open_all(as_model *m, const char *folder, const as_model_options *o, as_err *err)
{
    as_nn_options nn = {.threads = o->threads, .precision = o->precision};
    struct stat st;
    as_code rc;

    if (stat(folder, &st) || !S_ISDIR(st.st_mode))
        return as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "there is no folder '%s'", folder);
    name_it(m, folder, o);
    rc = open_weights(m, folder, err);
    if (!rc)
        rc = open_tokenizer(m, folder, err);
    if (!rc)
        rc = as_model_settings(m, folder, o, err);
    if (!rc)
        rc = fit(m, folder, err);
    if (!rc)
        rc = as_nn_new(&nn, &m->nn, err);
    if (!rc)
        rc = as_bert_new(m->weights, &m->c, m->nn, &m->bert, err);
    if (rc)
        return rc;
    finish(m);
    if (m->max_tokens <= 2 + m->query.n || m->max_tokens <= 2 + m->passage.n)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                       "'%s': %u tokens at a time leave none for the text", folder, m->max_tokens);
    return AS_OK;
}

as_code as_model_open(const char *folder, const as_model_options *options, as_model **ret,
                      as_err *err)
{
    as_model *m = as_mem_zero(1, sizeof(*m));
    as_code rc;

    if (!m)
        return as_fail_nomem(err, "a model");
    rc = open_all(m, folder, options, err);
    if (rc)
        as_model_close(m);
    else
        *ret = m;
    return rc;
}

void as_model_close(as_model *m)
{
    if (!m)
        return;
    as_bert_free(m->bert);
    as_nn_free(m->nn);
    as_weights_close(m->weights);
    as_tokenizer_free(m->tokenizer);
    as_buf_done(&m->query.text);
    as_buf_done(&m->passage.text);
    as_mem_free(m);
}

const char *as_model_name(const as_model *m)
{
    return m->name;
}

size_t as_model_dim(const as_model *m)
{
    return m->c.hidden;
}

size_t as_model_window(const as_model *m)
{
    size_t prefix = m->query.n > m->passage.n ? m->query.n : m->passage.n;

    return m->max_tokens - 2 - prefix;
}

const as_model_config *as_model_shape(const as_model *m)
{
    return &m->c;
}

const as_tokenizer *as_model_tokenizer(const as_model *m)
{
    return m->tokenizer;
}

as_pooling as_model_pooling(const as_model *m)
{
    return m->pooling;
}

const char *as_model_prefix(const as_model *m, bool query)
{
    return (const char *)(query ? m->query.text.p : m->passage.text.p);
}

const as_encoder *as_model_encoder(as_model *m)
{
    return &m->encoder;
}

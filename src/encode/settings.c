/* What a model's side files say beyond its architecture. */
#include "encode/model_priv.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

as_code as_model_file(const char *folder, const char *name, size_t most, as_buf *ret, as_err *err)
{
    char path[PATH_MAX];
    as_source *source = NULL;
    as_code rc;
    int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

    if (n < 0 || (size_t)n >= sizeof(path) || access(path, F_OK))
        return AS_NOT_FOUND;
    rc = as_source_open(path, NULL, &source, err);
    if (rc)
        return rc;
    as_source_hash(source, false);
    rc = as_source_all(source, most, ret, err);
    if (!rc && ret->n > most)
        rc = as_fail(err, AS_LIMIT, most, "'%s' has more than %zu bytes", path, most);
    as_source_free(source);
    return rc;
}

typedef struct taking {
    as_model *m;
    bool cls, mean, other;
} taking;

static as_code take_pooling(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    taking *k = ctx;

    (void)r;
    (void)err;
    if (t->type != AS_JSON_TRUE)
        return AS_OK;
    if (as_bytes_is(key, "pooling_mode_cls_token"))
        k->cls = true;
    else if (as_bytes_is(key, "pooling_mode_mean_tokens"))
        k->mean = true;
    else if (as_bytes_has_nocase(key, "pooling_mode_"))
        k->other = true;
    return AS_OK;
}

static as_code take_length(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    taking *k = ctx;
    uint64_t n;

    (void)r;
    (void)err;
    if (as_bytes_is(key, "max_seq_length") && as_jread_u64(t, &n) && n > 2 &&
        n <= AS_MODEL_POSITIONS_MAX)
        k->m->max_tokens = (unsigned)n;
    return AS_OK;
}

static void set_prefix(as_prefix *p, as_bytes text)
{
    as_buf_reset(&p->text);
    as_buf_add(&p->text, text);
}

static as_code take_prompt(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    taking *k = ctx;
    as_prefix *p = as_bytes_is(key, "query")                                     ? &k->m->query
                   : as_bytes_is(key, "passage") || as_bytes_is(key, "document") ? &k->m->passage
                                                                                 : NULL;
    as_bytes text = {0};
    as_code rc;

    if (!p || t->type != AS_JSON_STRING)
        return AS_OK;
    rc = as_jread_text(r, t, &text, err);
    if (!rc)
        set_prefix(p, text);
    return rc;
}

static as_code take_prompts(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    return as_bytes_is(key, "prompts") && t->type == AS_JSON_OBJECT
               ? as_jread_members(r, take_prompt, ctx, err)
               : AS_OK;
}

as_code as_model_side(const char *folder, const char *name, as_member_fn *take, void *ctx,
                      as_err *err)
{
    as_buf json = {0};
    as_err why = {0};
    as_arena *a = as_arena_new(8 * AS_MODEL_JSON_MAX);
    as_code rc = a ? as_model_file(folder, name, AS_MODEL_JSON_MAX, &json, err)
                   : as_fail_nomem(err, "a model's settings");

    if (!rc)
        rc = as_jread_object(as_buf_bytes(&json), a, take, ctx, &why);
    else if (rc == AS_NOT_FOUND)
        rc = AS_OK;
    as_buf_done(&json);
    as_arena_free(a);
    return rc && why.code ? as_fail(err, rc, why.offset, "'%s': %s", name, why.msg) : rc;
}

static void from_profile(as_model *m, const as_profile *p)
{
    if (!p)
        return;
    m->pooling = p->pooling;
    m->max_tokens = p->max_tokens;
    set_prefix(&m->query, as_bytes_of(p->query));
    set_prefix(&m->passage, as_bytes_of(p->passage));
}

/* The prefix's own tokens; blanks at its end part it from the text, which begins a word anyway. */
static as_code encode_prefix(as_model *m, as_prefix *p, as_err *err)
{
    as_bytes text = as_buf_bytes(&p->text);
    as_tokens tokens = {0};
    as_code rc;

    while (text.n > 0 && text.p[text.n - 1] == ' ')
        text.n--;
    rc = as_tokens_read(m->tokenizer, text, &tokens, err);
    if (!rc && tokens.n > AS_PREFIX_TOKENS)
        rc = as_fail(err, AS_LIMIT, AS_NO_OFFSET, "a prefix of %zu tokens, at most %u", tokens.n,
                     AS_PREFIX_TOKENS);
    for (size_t i = 0; !rc && i < tokens.n; i++)
        p->ids[p->n++] = tokens.p[i].id;
    as_tokens_done(&tokens);
    as_buf_byte(&p->text, 0);
    return !rc && p->text.failed ? as_fail_nomem(err, "a prefix") : rc;
}

as_code as_model_settings(as_model *m, const char *folder, const as_model_options *o, as_err *err)
{
    taking k = {.m = m};
    as_code rc;

    from_profile(m, as_profile_find(as_bytes_of(m->name)));
    rc = as_model_side(folder, "1_Pooling/config.json", take_pooling, &k, err);
    if (!rc && (k.other || (k.cls && k.mean)) && o->pooling == AS_POOL_UNSET)
        rc = as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                     "'%s/1_Pooling/config.json' asks for a pooling that is not built here (the "
                     "first token's, and the mean of all, are)",
                     folder);
    if (!rc && (k.cls || k.mean))
        m->pooling = k.cls ? AS_POOL_CLS : AS_POOL_MEAN;
    if (!rc)
        rc = as_model_side(folder, "sentence_bert_config.json", take_length, &k, err);
    if (!rc)
        rc = as_model_side(folder, "config_sentence_transformers.json", take_prompts, &k, err);
    if (rc)
        return rc;
    if (o->pooling != AS_POOL_UNSET)
        m->pooling = o->pooling;
    if (o->query)
        set_prefix(&m->query, as_bytes_of(o->query));
    if (o->passage)
        set_prefix(&m->passage, as_bytes_of(o->passage));
    if (o->max_tokens)
        m->max_tokens = o->max_tokens;
    rc = encode_prefix(m, &m->query, err);
    return rc ? rc : encode_prefix(m, &m->passage, err);
}

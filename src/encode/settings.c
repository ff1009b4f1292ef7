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
    as_code rc = AS_OK;
    int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

    if (n < 0 || (size_t)n >= sizeof(path) || access(path, F_OK))
        return AS_NOT_FOUND;
    rc = as_source_open(path, NULL, &source, err);
    for (size_t got = 1; !rc && got > 0;) {
        uint8_t *room = as_buf_room(ret, (size_t)64 << 10);

        rc = room ? as_source_read(source, room, (size_t)64 << 10, &got, err)
                  : as_fail_nomem(err, "a model's settings");
        ret->n += rc ? 0 : got;
        if (!rc && ret->n > most)
            rc = as_fail(err, AS_LIMIT, most, "'%s' has more than %zu bytes", path, most);
    }
    as_source_free(source);
    return rc;
}

/* --- values of a JSON document --------------------------------------------------------------- */

typedef struct walk {
    as_setting_fn *take;
    void *ctx;
    as_buf pointer, scratch;
} walk;

static as_code take_value(walk *w, const as_json *j, const as_json_tok *t, as_err *err)
{
    as_bytes text = t->raw;

    as_buf_reset(&w->pointer);
    as_json_pointer(j, &w->pointer);
    if (w->pointer.failed ||
        (t->type == AS_JSON_STRING && as_json_text(t->raw, &w->scratch, &text)))
        return as_fail_nomem(err, "a model's settings");
    return w->take(w->ctx, as_buf_bytes(&w->pointer), t, text, err);
}

as_code as_settings_each(as_bytes json, as_setting_fn *take, void *ctx, as_err *err)
{
    walk w = {.take = take, .ctx = ctx};
    as_source *source = NULL;
    as_json *j = NULL;
    as_json_tok t = {0};
    as_code rc = as_source_open_bytes(json, NULL, &source, err);

    if (!rc)
        rc = as_json_new(source, NULL, &j, err);
    while (!rc) {
        rc = as_json_next(j, &t, err);
        if (rc || t.type == AS_JSON_END)
            break;
        if (t.type >= AS_JSON_STRING)
            rc = take_value(&w, j, &t, err);
    }
    as_json_free(j);
    as_source_free(source);
    as_buf_done(&w.pointer);
    as_buf_done(&w.scratch);
    return rc;
}

/* --- side files ------------------------------------------------------------------------------ */

typedef struct taking {
    as_model *m;
    bool cls, mean, other;
} taking;

static as_code take_pooling(void *ctx, as_bytes pointer, const as_json_tok *t, as_bytes text,
                            as_err *err)
{
    taking *k = ctx;

    (void)text;
    (void)err;
    if (t->type != AS_JSON_TRUE)
        return AS_OK;
    if (as_bytes_is(pointer, "/pooling_mode_cls_token"))
        k->cls = true;
    else if (as_bytes_is(pointer, "/pooling_mode_mean_tokens"))
        k->mean = true;
    else if (as_bytes_has_nocase(pointer, "pooling_mode_"))
        k->other = true;
    return AS_OK;
}

static as_code take_length(void *ctx, as_bytes pointer, const as_json_tok *t, as_bytes text,
                           as_err *err)
{
    taking *k = ctx;
    uint64_t n;

    (void)text;
    (void)err;
    if (as_bytes_is(pointer, "/max_seq_length") && t->type == AS_JSON_NUMBER &&
        as_bytes_u64(t->raw, &n) && n > 2 && n <= AS_MODEL_POSITIONS_MAX)
        k->m->max_tokens = (unsigned)n;
    return AS_OK;
}

static void set_prefix(as_prefix *p, as_bytes text)
{
    as_buf_reset(&p->text);
    as_buf_add(&p->text, text);
}

static as_code take_prompt(void *ctx, as_bytes pointer, const as_json_tok *t, as_bytes text,
                           as_err *err)
{
    taking *k = ctx;

    (void)err;
    if (t->type != AS_JSON_STRING)
        return AS_OK;
    if (as_bytes_is(pointer, "/prompts/query"))
        set_prefix(&k->m->query, text);
    else if (as_bytes_is(pointer, "/prompts/passage") || as_bytes_is(pointer, "/prompts/document"))
        set_prefix(&k->m->passage, text);
    return AS_OK;
}

static as_code read_side(taking *k, const char *folder, const char *name, as_setting_fn *take,
                         as_err *err)
{
    as_buf json = {0};
    as_err why = {0};
    as_code rc = as_model_file(folder, name, AS_MODEL_JSON_MAX, &json, err);

    if (!rc)
        rc = as_settings_each(as_buf_bytes(&json), take, k, &why);
    else if (rc == AS_NOT_FOUND)
        rc = AS_OK;
    as_buf_done(&json);
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
    rc = read_side(&k, folder, "1_Pooling/config.json", take_pooling, err);
    if (!rc && (k.other || (k.cls && k.mean)) && o->pooling == AS_POOL_UNSET)
        rc = as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                     "'%s/1_Pooling/config.json' asks for a pooling that is not built here (the "
                     "first token's, and the mean of all, are)",
                     folder);
    if (!rc && (k.cls || k.mean))
        m->pooling = k.cls ? AS_POOL_CLS : AS_POOL_MEAN;
    if (!rc)
        rc = read_side(&k, folder, "sentence_bert_config.json", take_length, err);
    if (!rc)
        rc = read_side(&k, folder, "config_sentence_transformers.json", take_prompt, err);
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

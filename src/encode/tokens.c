#include "base/hash.h"
#include "encode/unigram_priv.h"

#include <string.h>

#include "base/banned.h"

static as_code read_all(const char *path, as_buf *ret, as_err *err)
{
    as_source *source = NULL;
    as_code rc = as_source_open(path, NULL, &source, err);

    if (rc)
        return rc;
    as_source_hash(source, false);
    rc = as_source_all(source, AS_TOKENIZER_FILE_MAX, ret, err);
    if (!rc && ret->n > AS_TOKENIZER_FILE_MAX)
        rc = as_fail(err, AS_LIMIT, AS_TOKENIZER_FILE_MAX, "more than %zu bytes",
                     AS_TOKENIZER_FILE_MAX);
    as_source_free(source);
    return rc;
}

as_code as_tokenizer_open(const char *path, const as_tokenizer_options *options, as_tokenizer **ret,
                          as_err *err)
{
    as_buf bytes = {0};
    as_code rc = read_all(path, &bytes, err);

    if (!rc)
        rc = as_tokenizer_open_bytes(as_buf_bytes(&bytes), options, ret, err);
    as_buf_done(&bytes);
    return rc;
}

static bool is_json(as_bytes b)
{
    size_t i = 0;

    while (i < b.n && (b.p[i] == ' ' || b.p[i] == '\n' || b.p[i] == '\r' || b.p[i] == '\t'))
        i++;
    return i < b.n && b.p[i] == '{';
}

int32_t as_tokenizer_id(const as_tokenizer *t, const char *piece)
{
    as_bytes wanted = as_bytes_of(piece);

    for (size_t i = 0; i < t->vocab; i++) {
        if (as_bytes_eq(as_tokenizer_piece(t, (uint32_t)i), wanted))
            return (int32_t)i;
    }
    return -1;
}

as_code as_tokenizer_put(as_tokenizer *t, as_bytes piece, as_err *err)
{
    void *pieces = t->pieces;
    bool ok;

    if (t->vocab == AS_TOKENIZER_VOCAB_MAX)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "more than %u pieces", AS_TOKENIZER_VOCAB_MAX);
    ok = as_mem_room(&pieces, &t->cap_pieces, t->vocab + 1, sizeof(*t->pieces));
    t->pieces = pieces;
    as_buf_add(&t->text, piece);
    if (!ok || t->text.failed)
        return as_fail_nomem(err, "a vocabulary");
    if (t->vocab == 0)
        t->pieces[0] = 0;
    t->pieces[++t->vocab] = (uint32_t)t->text.n;
    return AS_OK;
}

static as_specials specials_of(const as_tokenizer *t)
{
    if (!t->unigram)
        return (as_specials){.bos = as_tokenizer_id(t, "[CLS]"),
                             .eos = as_tokenizer_id(t, "[SEP]"),
                             .sep = as_tokenizer_id(t, "[SEP]"),
                             .pad = as_tokenizer_id(t, "[PAD]"),
                             .unk = as_tokenizer_id(t, "[UNK]"),
                             .mask = as_tokenizer_id(t, "[MASK]")};
    return (as_specials){.bos = as_tokenizer_id(t, "<s>"),
                         .eos = as_tokenizer_id(t, "</s>"),
                         .sep = as_tokenizer_id(t, "</s>"),
                         .pad = as_tokenizer_id(t, "<pad>"),
                         .unk = (int32_t)t->unigram->unk,
                         .mask = as_tokenizer_id(t, "<mask>")};
}

static as_code open_json(as_bytes bytes, as_tokenizer *t, as_err *err)
{
    bool unigram = false;
    as_code rc = as_unigram_probe(bytes, &unigram, err);

    if (rc)
        return rc;
    return unigram ? as_unigram_json(bytes, t, err) : as_wordpiece_json(bytes, t, err);
}

static as_code fill(as_bytes bytes, const as_tokenizer_options *o, as_tokenizer *t, as_err *err)
{
    as_code rc;

    if (bytes.n > AS_TOKENIZER_FILE_MAX)
        return as_fail(err, AS_LIMIT, AS_TOKENIZER_FILE_MAX, "more than %zu bytes",
                       AS_TOKENIZER_FILE_MAX);
    if (as_unigram_is_model(bytes))
        rc = as_unigram_model(bytes, o, t, err);
    else if (is_json(bytes))
        rc = open_json(bytes, t, err);
    else
        rc = as_wordpiece_vocab(bytes, o, t, err);
    if (rc)
        return rc;
    t->sum = as_hash64(bytes, as_hash64((as_bytes){(const uint8_t *)o, sizeof(*o)}, 0));
    t->specials = specials_of(t);
    if (t->specials.unk < 0)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "the vocabulary has no [UNK]");
    return AS_OK;
}

as_code as_tokenizer_open_bytes(as_bytes bytes, const as_tokenizer_options *options,
                                as_tokenizer **ret, as_err *err)
{
    static const as_tokenizer_options none;
    as_tokenizer *t = as_mem_zero(1, sizeof(*t));
    as_code rc;

    if (!t)
        return as_fail_nomem(err, "a tokenizer");
    rc = fill(bytes, options ? options : &none, t, err);
    if (rc)
        as_tokenizer_free(t);
    else
        *ret = t;
    return rc;
}

void as_tokenizer_free(as_tokenizer *t)
{
    if (!t)
        return;
    as_buf_done(&t->text);
    as_buf_done(&t->prefix);
    as_mem_free(t->pieces);
    as_trie_done(&t->trie);
    as_trie_done(&t->more);
    as_unigram_free(t->unigram);
    as_mem_free(t);
}

as_code as_tokens_read(const as_tokenizer *t, as_bytes text, as_tokens *ret, as_err *err)
{
    ret->n = 0;
    if (text.n > AS_TOKENIZE_TEXT_MAX)
        return as_fail(err, AS_LIMIT, AS_TOKENIZE_TEXT_MAX, "a text of %zu bytes, limit %zu",
                       text.n, AS_TOKENIZE_TEXT_MAX);
    return t->unigram ? as_unigram_run(t, text, ret, err) : as_wordpiece_run(t, text, ret, err);
}

size_t as_tokenizer_vocab(const as_tokenizer *t)
{
    return t->vocab;
}

const char *as_tokenizer_kind(const as_tokenizer *t)
{
    return t->unigram ? "unigram" : "wordpiece";
}

as_specials as_tokenizer_specials(const as_tokenizer *t)
{
    return t->specials;
}

as_bytes as_tokenizer_piece(const as_tokenizer *t, uint32_t id)
{
    if (id >= t->vocab)
        return (as_bytes){0};
    return (as_bytes){t->text.p + t->pieces[id], t->pieces[id + 1] - t->pieces[id]};
}

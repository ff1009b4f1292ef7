#include "encode/tokens_priv.h"

#include <string.h>

#include "base/banned.h"

static as_code read_all(const char *path, as_buf *ret, as_err *err)
{
    as_source *source = NULL;
    as_code rc = as_source_open(path, NULL, &source, err);

    for (size_t got = 1; !rc && got > 0;) {
        uint8_t *room = as_buf_room(ret, (size_t)256 << 10);

        rc = room ? as_source_read(source, room, (size_t)256 << 10, &got, err)
                  : as_fail_nomem(err, "a tokenizer");
        ret->n += rc ? 0 : got;
        if (!rc && ret->n > AS_TOKENIZER_FILE_MAX)
            rc = as_fail(err, AS_LIMIT, AS_TOKENIZER_FILE_MAX, "more than %zu bytes",
                         AS_TOKENIZER_FILE_MAX);
    }
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

/* A SentencePiece model is a message whose first field is a piece: 0a, a length, 0a ... */
static bool is_sentencepiece(as_bytes b)
{
    return b.n > 4 && b.p[0] == 0x0a && b.p[2] == 0x0a && b.p[1] > 2;
}

static int32_t id_of(const as_tokenizer *t, const char *piece)
{
    as_bytes wanted = as_bytes_of(piece);

    for (size_t i = 0; i < t->vocab; i++) {
        if (as_bytes_eq(as_tokenizer_piece(t, (uint32_t)i), wanted))
            return (int32_t)i;
    }
    return -1;
}

static void find_specials(as_tokenizer *t)
{
    t->specials = (as_specials){.bos = id_of(t, "[CLS]"),
                                .eos = id_of(t, "[SEP]"),
                                .sep = id_of(t, "[SEP]"),
                                .pad = id_of(t, "[PAD]"),
                                .unk = id_of(t, "[UNK]"),
                                .mask = id_of(t, "[MASK]")};
}

as_code as_tokenizer_open_bytes(as_bytes bytes, const as_tokenizer_options *options,
                                as_tokenizer **ret, as_err *err)
{
    as_tokenizer_options none = {0};
    as_tokenizer *t = as_mem_zero(1, sizeof(*t));
    as_code rc;

    if (!t)
        return as_fail_nomem(err, "a tokenizer");
    if (bytes.n > AS_TOKENIZER_FILE_MAX)
        rc = as_fail(err, AS_LIMIT, AS_TOKENIZER_FILE_MAX, "more than %zu bytes",
                     AS_TOKENIZER_FILE_MAX);
    else if (is_sentencepiece(bytes))
        rc = as_fail(err, AS_UNKNOWN, 0, "a SentencePiece model is not read yet");
    else if (is_json(bytes))
        rc = as_wordpiece_json(bytes, t, err);
    else
        rc = as_wordpiece_vocab(bytes, options ? options : &none, t, err);
    if (!rc)
        find_specials(t);
    if (!rc && t->specials.unk < 0)
        rc = as_fail(err, AS_INVALID, AS_NO_OFFSET, "the vocabulary has no [UNK]");
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
    as_mem_free(t);
}

as_code as_tokens_read(const as_tokenizer *t, as_bytes text, as_tokens *ret, as_err *err)
{
    ret->n = 0;
    if (text.n > AS_TOKENIZE_TEXT_MAX)
        return as_fail(err, AS_LIMIT, AS_TOKENIZE_TEXT_MAX, "a text of %zu bytes, limit %zu",
                       text.n, AS_TOKENIZE_TEXT_MAX);
    return as_wordpiece_run(t, text, ret, err);
}

void as_tokens_done(as_tokens *tokens)
{
    as_mem_free(tokens->p);
    as_wordpiece_scratch_free(tokens->scratch);
    *tokens = (as_tokens){0};
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

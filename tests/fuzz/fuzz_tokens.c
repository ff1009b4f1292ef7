/*
 * A tokenizer's file, and a text over a vocabulary of ours: ids are below the vocabulary, and
 * tokens lie in the text from left to right. The first byte says which it is: 'v' a file, 'u' a
 * text for a Unigram tokenizer.json, 's' one for a SentencePiece model, any other for WordPiece.
 */
#include "encode/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/encode/tokens_files.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "fuzz_tokens: not so: %s\n", #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static const char vocab[] =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\n##a\n##b\nab\n##ab\n恶\n意\n!\n1\n##1\n";

static void check(const as_tokenizer *t, as_bytes text)
{
    as_tokens tokens = {0};
    uint32_t at = 0;

    MUST(as_tokens_read(t, text, &tokens, NULL) == AS_OK);
    for (size_t i = 0; i < tokens.n; i++) {
        MUST(tokens.p[i].id < as_tokenizer_vocab(t));
        MUST(tokens.p[i].begin >= at);
        MUST(tokens.p[i].begin <= tokens.p[i].end && tokens.p[i].end <= text.n);
        at = tokens.p[i].begin;
    }
    as_tokens_done(&tokens);
}

#define SPACE "\xe2\x96\x81"

static as_buf some_map(void)
{
    static map_file m;

    map_start(&m);
    map_put(&m, "\xef\xac\x81", "fi");
    map_put(&m, "\xc2\xa0", " ");
    map_put(&m, "\xe2\x80\x8b", "");
    map_put(&m, "a\xcc\x81", "b");
    map_put(&m, "\xe3\x8e\x8f", "a b");
    return map_bytes(&m);
}

static as_tokenizer *open_unigram(void)
{
    as_buf map = some_map(), text = base64_of(as_buf_bytes(&map)), json = {0};
    as_tokenizer *t = NULL;

    as_buf_printf(&json,
                  "{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":"
                  "\"Precompiled\",\"precompiled_charsmap\":\"%.*s\"},{\"type\":\"Replace\","
                  "\"pattern\":{\"Regex\":\" {2,}\"},\"content\":\" \"}]},\"pre_tokenizer\":{"
                  "\"type\":\"Metaspace\",\"replacement\":\"\\u2581\"},\"model\":{\"unk_id\":0,"
                  "\"vocab\":[[\"<unk>\",0],[\"\\u2581\",-2],[\"a\",-3],[\"\\u2581a\",-4],"
                  "[\"ab\",-4],[\"b\",-3.5],[\"aab\",-6],[\"\\u6076\",-5]]}}",
                  (int)text.n, (const char *)text.p);
    MUST(as_tokenizer_open_bytes(as_buf_bytes(&json), NULL, &t, NULL) == AS_OK);
    as_buf_done(&map);
    as_buf_done(&text);
    as_buf_done(&json);
    return t;
}

static as_tokenizer *open_model(void)
{
    as_buf map = some_map(), normalizer = {0}, b = {0};
    as_tokenizer *t = NULL;

    put_piece(&b, AS_LITERAL("<unk>"), 0, PIECE_UNKNOWN);
    put_piece(&b, AS_LITERAL(SPACE), -2, PIECE_NORMAL);
    put_piece(&b, AS_LITERAL(SPACE "a"), -4, PIECE_NORMAL);
    put_piece(&b, AS_LITERAL("ab"), -4, PIECE_NORMAL);
    put_piece(&b, AS_LITERAL("a"), -3, PIECE_NORMAL);
    put_piece(&b, AS_LITERAL("f"), -3, PIECE_NORMAL);
    put_piece(&b, AS_LITERAL("b\xff"), -3, PIECE_OWN);
    put_field(&normalizer, 2, as_buf_bytes(&map));
    put_field(&b, 3, as_buf_bytes(&normalizer));
    MUST(as_tokenizer_open_bytes(as_buf_bytes(&b), NULL, &t, NULL) == AS_OK);
    as_buf_done(&map);
    as_buf_done(&normalizer);
    as_buf_done(&b);
    return t;
}

static void check_file(as_bytes file)
{
    static const uint8_t sample[] = "ab a1! \xe6\x81\xb6 zz  <s>\xff \xef\xac\x81\xe2\x80\x8b"
                                    "e\xcc\x81\xcc\xa3 " SPACE SPACE;
    as_tokenizer *t = NULL;

    if (as_tokenizer_open_bytes(file, NULL, &t, NULL) == AS_OK)
        check(t, (as_bytes){sample, sizeof(sample) - 1});
    as_tokenizer_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static as_tokenizer *words, *unigram, *model;
    uint8_t *copy = malloc(size ? size : 1);
    as_bytes rest;

    MUST(copy);
    if (size)
        memcpy(copy, data, size);
    rest = (as_bytes){copy + (size > 0), size > 0 ? size - 1 : 0};
    if (!words) {
        MUST(as_tokenizer_open_bytes(AS_LITERAL(vocab), NULL, &words, NULL) == AS_OK);
        unigram = open_unigram();
        model = open_model();
    }
    if (size > 0 && copy[0] == 'v')
        check_file(rest);
    else if (size > 0 && copy[0] == 'u')
        check(unigram, rest);
    else if (size > 0 && copy[0] == 's')
        check(model, rest);
    else
        check(words, rest);
    free(copy);
    return 0;
}

/*
 * A tokenizer's file, and a text over a vocabulary of ours: ids are below the vocabulary, and
 * tokens lie in the text from left to right. The first byte says which of the two it is.
 */
#include "encode/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t sample[] = "ab a1! \xe6\x81\xb6 zz";
    as_tokenizer *t = NULL;
    uint8_t *copy = malloc(size ? size : 1);
    as_bytes rest;

    MUST(copy);
    if (size)
        memcpy(copy, data, size);
    rest = (as_bytes){copy + (size > 0), size > 0 ? size - 1 : 0};
    if (size > 0 && copy[0] == 'v') {
        if (as_tokenizer_open_bytes(rest, NULL, &t, NULL) == AS_OK)
            check(t, (as_bytes){sample, sizeof(sample) - 1});
    } else {
        MUST(as_tokenizer_open_bytes(AS_LITERAL(vocab), NULL, &t, NULL) == AS_OK);
        check(t, rest);
    }
    as_tokenizer_free(t);
    free(copy);
    return 0;
}

/*
 * The token ids of texts, for a script that compares them with another tokenizer's.
 *
 *     tokens_dump TOKENIZER <texts >ids
 *
 * Both are binary, little-endian: of each text its length in bytes (4 bytes) and the bytes; of
 * each answer the number of tokens and, for each, id, begin and end (4 bytes each).
 */
#include "encode/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static int dump(const as_tokenizer *t)
{
    as_tokens tokens = {0};
    uint8_t *text = NULL;
    uint32_t n;

    while (fread(&n, sizeof(n), 1, stdin) == 1) {
        uint32_t found;

        text = as_mem_resize(text, (size_t)n + 1);
        if (!text || fread(text, 1, n, stdin) != n)
            return 3;
        if (as_tokens_read(t, (as_bytes){text, n}, &tokens, NULL))
            return 4;
        found = (uint32_t)tokens.n;
        if (fwrite(&found, sizeof(found), 1, stdout) != 1 ||
            (found > 0 && fwrite(tokens.p, sizeof(*tokens.p), found, stdout) != found))
            return 4;
    }
    as_mem_free(text);
    as_tokens_done(&tokens);
    return 0;
}

int main(int argc, char **argv)
{
    as_tokenizer *t = NULL;
    as_err err = {0};
    int status;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: tokens_dump TOKENIZER\n");
        return 2;
    }
    if (as_tokenizer_open(argv[1], NULL, &t, &err)) {
        (void)fprintf(stderr, "%s: %s\n", argv[1], err.msg);
        return 3;
    }
    status = dump(t);
    as_tokenizer_free(t);
    return status;
}

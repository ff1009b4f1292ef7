/*
 * How fast text becomes tokens. Prints one JSON document.
 *
 *     bench_tokens TOKENIZER TEXTS [--rounds N]
 *
 * Each line of the file TEXTS is a text, one after the other on one thread. A round is all of the
 * file, into tokens that remember nothing of the round before; the first warms up, not counted.
 * bench_tokens.py makes files of real text and asks the peers for the same.
 */
#include "base/buf.h"
#include "encode/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

#define ROUNDS_MAX 99u

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_tokens: %s\n", what);
    exit(4);
}

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static as_bytes read_file(const char *path, as_buf *ret)
{
    FILE *f = fopen(path, "rb");
    size_t got = 1;

    if (!f)
        die("cannot open the texts");
    while (got > 0) {
        uint8_t *room = as_buf_room(ret, (size_t)1 << 20);

        if (!room)
            die("no memory");
        got = fread(room, 1, (size_t)1 << 20, f);
        ret->n += got;
    }
    (void)fclose(f);
    return as_buf_bytes(ret);
}

static size_t pass(const as_tokenizer *t, as_bytes all, as_tokens *tokens)
{
    size_t found = 0;

    for (size_t from = 0; from < all.n;) {
        const uint8_t *end = memchr(all.p + from, '\n', all.n - from);
        size_t n = end ? (size_t)(end - all.p) - from : all.n - from;

        if (as_tokens_read(t, (as_bytes){all.p + from, n}, tokens, NULL))
            die("a text is refused");
        found += tokens->n;
        from += n + 1;
    }
    return found;
}

static void print(const as_tokenizer *t, as_bytes all, size_t found, double opened, double *took,
                  size_t rounds)
{
    double mb = (double)all.n / 1e6;

    qsort(took, rounds, sizeof(*took), by_size);
    (void)printf("{\"kind\": \"%s\", \"vocab\": %zu, \"bytes\": %zu, \"tokens\": %zu, "
                 "\"open_ms\": %.1f, \"rounds\": %zu, \"mb_per_s\": {\"median\": %.1f, "
                 "\"slowest\": %.1f, \"fastest\": %.1f}}\n",
                 as_tokenizer_kind(t), as_tokenizer_vocab(t), all.n, found, 1e3 * opened, rounds,
                 mb / took[rounds / 2], mb / took[rounds - 1], mb / took[0]);
}

int main(int argc, char **argv)
{
    as_tokenizer *t = NULL;
    as_tokens tokens = {0};
    as_buf file = {0};
    as_err err = {0};
    as_bytes all;
    double took[ROUNDS_MAX], start, opened;
    uint64_t rounds = 9;
    size_t found;

    if (argc != 3 &&
        (argc != 5 || strcmp(argv[3], "--rounds") != 0 ||
         !as_bytes_u64(as_bytes_of(argv[4]), &rounds) || rounds == 0 || rounds > ROUNDS_MAX))
        die("usage: bench_tokens TOKENIZER TEXTS [--rounds N]");
    all = read_file(argv[2], &file);
    start = now();
    if (as_tokenizer_open(argv[1], NULL, &t, &err))
        die(err.msg);
    opened = now() - start;
    found = pass(t, all, &tokens);
    for (size_t i = 0; i < rounds; i++) {
        as_tokens_done(&tokens);
        start = now();
        (void)pass(t, all, &tokens);
        took[i] = now() - start;
    }
    print(t, all, found, opened, took, rounds);
    as_tokens_done(&tokens);
    as_tokenizer_free(t);
    as_buf_done(&file);
    return 0;
}

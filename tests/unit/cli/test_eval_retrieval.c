/*
 * 'assay eval retrieval' with an encoder that is made for the test: a word is a direction, told
 * by its hash, so a text is near another that has its words.
 */
#include "cli/eval_priv.h"

#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define DIM 256u

static char folder[64];

static void encode_one(as_bytes text, float *vector)
{
    memset(vector, 0, DIM * sizeof(*vector));
    vector[0] = 0.01F; /* never zero */
    for (size_t from = 0, at = 0; at <= text.n; at++) {
        if (at < text.n && text.p[at] > ' ')
            continue;
        if (at > from)
            vector[as_hash64((as_bytes){text.p + from, at - from}, 0) % DIM] += 1.0F;
        from = at + 1;
    }
}

static as_code encode(void *ctx, const as_bytes *texts, size_t n, float *ret, as_err *err)
{
    (void)ctx;
    (void)err;
    for (size_t i = 0; i < n; i++)
        encode_one(texts[i], ret + i * DIM);
    return AS_OK;
}

static as_code encode_never(void *ctx, const as_bytes *texts, size_t n, float *ret, as_err *err)
{
    (void)ctx;
    (void)texts;
    (void)n;
    (void)ret;
    return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET, "the model is broken");
}

static void write_file(const char *name, const char *text)
{
    char path[160];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/benchmarks/cranfield/%s", folder, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st;
    (void)type;
    (void)f;
    return remove(path);
}

static int enter(void **state)
{
    char path[96];

    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/as-eval-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(path, sizeof(path), "%s/benchmarks", folder);
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof(path), "%s/benchmarks/cranfield", folder);
    (void)mkdir(path, 0700);
    write_file("cran.all.1400", ".I 1\n.W\nwing flutter\n.I 2\n.W\nheat in slabs\n"
                                ".I 3\n.W\nheat of a wing\n");
    write_file("cran.qry", ".I 1\n.W\nheat in slabs\n");
    write_file("cranqrel", "1 2 1\n");
    return 0;
}

static int leave(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* What the command prints on standard output, up to `cap` - 1 bytes; its status. */
static int run(const as_encoder *encoder, char *dst, size_t cap)
{
    char operand[] = "retrieval", *operands[] = {operand}, path[96];
    as_args args = {.command = AS_COMMAND_EVAL, .operands = operands, .n_operands = 1};
    int fd, kept = dup(STDOUT_FILENO), status;
    ssize_t n;

    args.values[AS_OPT_DATA] = folder;
    args.values[AS_OPT_CORPUS] = "cranfield";
    args.values[AS_OPT_JSON] = "";
    (void)snprintf(path, sizeof(path), "%s/out", folder);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && kept >= 0);
    (void)fflush(stdout);
    assert_true(dup2(fd, STDOUT_FILENO) >= 0);
    status = as_eval_retrieval(&args, encoder);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    n = pread(fd, dst, cap - 1, 0);
    dst[n > 0 ? n : 0] = '\0';
    (void)close(fd);
    (void)close(kept);
    return status;
}

static void the_dense_route_is_measured_where_there_is_an_encoder(void **state)
{
    const as_encoder words = {"words", DIM, 0.1F, encode, encode, NULL};
    char out[16384];

    (void)state;
    assert_int_equal(run(&words, out, sizeof(out)), 0);
    assert_non_null(strstr(out, "\"encoder\":\"words\""));
    assert_non_null(strstr(out, "\"ranks\":{\"exact\":[],\"bm25\":[1],\"dense\":[1],\"child\":[],"
                                "\"all but dense\":[1],\"all\":[1]}"));
}

static void without_an_encoder_there_is_neither_it_nor_a_fusion_with_it(void **state)
{
    char out[16384];

    (void)state;
    assert_int_equal(run(NULL, out, sizeof(out)), 0);
    assert_non_null(strstr(out, "\"encoder\":null"));
    assert_non_null(
        strstr(out, "\"ranks\":{\"exact\":[],\"bm25\":[1],\"child\":[],\"all but dense\":[1]}"));
}

static void an_encoder_that_fails_ends_the_measuring(void **state)
{
    const as_encoder broken = {"broken", DIM, 0.1F, encode_never, encode, NULL};
    char out[16384];

    (void)state;
    assert_int_equal(run(&broken, out, sizeof(out)), 4);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_dense_route_is_measured_where_there_is_an_encoder),
        cmocka_unit_test(without_an_encoder_there_is_neither_it_nor_a_fusion_with_it),
        cmocka_unit_test(an_encoder_that_fails_ends_the_measuring),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}

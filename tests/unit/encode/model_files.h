/*
 * model_files - private to the tests of encode: what every test of a reader of model files does.
 */
#ifndef AS_TEST_MODEL_FILES_H
#define AS_TEST_MODEL_FILES_H

#include "base/buf.h"
#include "encode/weights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static inline void put_le(as_buf *b, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        as_buf_byte(b, (uint8_t)(v >> 8 * i));
}

/* The bytes in a block of just their size, opened and closed. */
static inline as_code open_exact(as_bytes bytes, as_err *err)
{
    uint8_t *copy = malloc(bytes.n ? bytes.n : 1);
    as_weights *w = NULL;
    as_code rc;

    assert_non_null(copy);
    if (bytes.n)
        memcpy(copy, bytes.p, bytes.n);
    rc = as_weights_open_bytes((as_bytes){copy, bytes.n}, &w, err);
    assert_true(!rc == !!w);
    as_weights_close(w);
    free(copy);
    return rc;
}

/* The file must be refused with that code, and the message must hold the word. */
static inline void refused(as_bytes bytes, as_code code, const char *word)
{
    as_err err = {0};
    as_code rc = open_exact(bytes, &err);

    if (rc != code || err.code != code || !strstr(err.msg, word))
        fail_msg("wanted %s with '%s', got %s: %s", as_code_name(code), word, as_code_name(rc),
                 err.msg);
}

static inline void all_truncations_are_refused(as_bytes good)
{
    assert_int_equal(open_exact(good, NULL), AS_OK);
    for (size_t n = 0; n < good.n; n++) {
        as_err err = {0};

        if (!open_exact((as_bytes){good.p, n}, &err))
            fail_msg("%zu of %zu bytes opened", n, good.n);
        assert_true(err.msg[0]);
    }
}

static inline void each_allocation_may_fail(as_bytes good)
{
    as_code rc = AS_NOMEM;
    uint64_t n = 0;

    while (rc) {
        as_mem_fail_at(++n);
        rc = open_exact(good, NULL);
        as_mem_fail_at(0);
        assert_true(!rc || rc == AS_NOMEM);
        assert_true(n < 10000);
    }
    assert_true(n > 3);
}

static inline const as_weight *find(const as_weights *w, const char *name)
{
    const as_weight *found = as_weights_find(w, as_bytes_of(name));

    if (!found)
        fail_msg("no '%s'", name);
    return found;
}

/* A folder of the test's own; its files go with folder_done(). */
typedef struct folder {
    char path[64], file[160];
    char made[16][160];
    size_t n;
} folder;

static inline void folder_init(folder *f)
{
    *f = (folder){.path = "/tmp/assay-model-XXXXXX"};
    assert_non_null(mkdtemp(f->path));
}

static inline const char *in_folder(folder *f, const char *name)
{
    size_t n = strlen(f->path);

    assert_true(n + 1 + strlen(name) < sizeof(f->file));
    memcpy(f->file, f->path, n);
    f->file[n] = '/';
    memcpy(f->file + n + 1, name, strlen(name) + 1);
    return f->file;
}

static inline void remember(folder *f, const char *name)
{
    assert_true(f->n < 16);
    (void)in_folder(f, name);
    memcpy(f->made[f->n++], f->file, sizeof(f->file));
}

static inline void put_file(folder *f, const char *name, as_bytes bytes)
{
    FILE *out = fopen(in_folder(f, name), "wb");

    assert_non_null(out);
    assert_int_equal(fwrite(bytes.p, 1, bytes.n, out), bytes.n);
    assert_int_equal(fclose(out), 0);
    remember(f, name);
}

static inline void folder_done(folder *f)
{
    for (size_t i = f->n; i-- > 0;)
        (void)remove(f->made[i]);
    assert_int_equal(rmdir(f->path), 0);
}

static inline void refused_at(const char *path, as_code code, const char *word)
{
    as_weights *w = NULL;
    as_err err = {0};
    as_code rc = as_weights_open(path, &w, &err);

    assert_null(w);
    if (rc != code || err.code != code || !strstr(err.msg, word))
        fail_msg("wanted %s with '%s', got %s: %s", as_code_name(code), word, as_code_name(rc),
                 err.msg);
}

#endif

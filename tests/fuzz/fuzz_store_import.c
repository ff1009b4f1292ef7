/*
 * An export of a store, from somebody who wishes it ill: whatever it holds, what was refused
 * leaves the store sound and what was taken is what its hash says.
 */
#include "store/store.h"

#include <assert.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static as_store *store;
static char home[] = "/tmp/assay-fuzz-XXXXXX";

struct input {
    const uint8_t *p;
    size_t n;
};

static as_code give(void *ctx, uint8_t *dst, size_t cap, size_t *ret_n, as_err *err)
{
    struct input *in = ctx;
    size_t n = in->n < cap ? in->n : cap;

    (void)err;
    if (n > 0)
        memcpy(dst, in->p, n);
    in->p += n;
    in->n -= n;
    *ret_n = n;
    return AS_OK;
}

static as_code keep_id(void *ctx, const as_document *doc, as_err *err)
{
    (void)err;
    *(int64_t *)ctx = doc->id;
    return AS_OK;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st;
    (void)type;
    (void)f;
    return remove(path);
}

static void remove_store(void)
{
    as_store_close(store);
    (void)nftw(home, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_store(void)
{
    as_err err = {0};

    if (!mkdtemp(home) || as_store_open(home, AS_STORE_WRITE, &store, &err) || atexit(remove_store))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {.n = size};
    as_import_summary summary = {0};
    as_err err = {0};
    uint8_t *copy = as_mem_get(size); /* exactly as long as it is */
    as_code rc;

    if (!store)
        make_store();
    assert(copy);
    if (size > 0)
        memcpy(copy, data, size);
    in.p = copy;
    rc = as_store_import(store, give, &in, NULL, &summary, &err);
    assert(!rc || (err.msg[0] && !strchr(err.msg, '\n')));
    for (;;) { /* the next input finds it empty */
        int64_t id = 0;

        rc = as_store_documents(store, 0, keep_id, &id, &err);
        assert(!rc);
        if (!id)
            break;
        rc = as_store_remove_document(store, id, &err);
        assert(!rc);
    }
    as_mem_free(copy);
    return 0;
}

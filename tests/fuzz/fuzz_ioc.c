/*
 * Names and addresses in any bytes: they lie in the text from left to right, the normal
 * form of each is that of its own bytes, and of itself. What defanged spellings mean depends
 * on what stands around them, so those may lose it when cut out.
 */
#include "base/utf8.h"
#include "store/ioc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "fuzz_ioc: not so: %s\n", #condition);                           \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static bool may_be_defanged(as_bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] == '[' || b.p[i] == '(' || b.p[i] == '{' || b.p[i] == 0xef)
            return true;
    }
    return false;
}

static void check_norm(const as_ioc *ioc, as_bytes raw, bool defanged)
{
    as_buf once = {0}, twice = {0};
    as_bytes extension = as_path_extension(raw), file = as_path_file(raw);

    as_ioc_norm(ioc->type, raw, &once);
    MUST(defanged || as_bytes_eq(as_buf_bytes(&once), ioc->norm));
    as_ioc_norm(ioc->type, as_buf_bytes(&once), &twice);
    if (may_be_defanged(as_buf_bytes(&once))) {
        as_buf_done(&once);
        as_buf_done(&twice);
        return;
    }
    if (!as_bytes_eq(as_buf_bytes(&once), as_buf_bytes(&twice)))
        (void)fprintf(stderr, "type %d: %.*s | %.*s | %.*s\n", (int)ioc->type, (int)raw.n,
                      (const char *)raw.p, (int)once.n, (const char *)once.p, (int)twice.n,
                      (const char *)twice.p);
    MUST(as_bytes_eq(as_buf_bytes(&once), as_buf_bytes(&twice)));
    MUST(file.n <= raw.n && extension.n <= file.n && extension.n <= 16);
    as_buf_done(&once);
    as_buf_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_arena *a = as_arena_new((size_t)256 << 20);
    as_iocs found = {0};
    as_err err = {0};
    size_t at = 0;
    uint8_t *copy = malloc(size ? size : 1);
    bool defanged = may_be_defanged((as_bytes){data, size});
    as_code rc;

    MUST(a && copy);
    if (size)
        memcpy(copy, data, size);
    rc = as_ioc_find((as_bytes){copy, size}, a, &found, &err);
    MUST(rc == AS_OK || rc == AS_LIMIT);
    for (size_t i = 0; i < found.n; i++) {
        const as_ioc *ioc = &found.p[i];

        MUST(ioc->begin >= at && ioc->begin < ioc->end && ioc->end <= size);
        MUST(ioc->norm.n > 0);
        MUST(as_utf8_check((as_bytes){copy, size}) != size ||
             as_utf8_check(ioc->norm) == ioc->norm.n);
        check_norm(ioc, (as_bytes){copy + ioc->begin, ioc->end - ioc->begin}, defanged);
        at = ioc->end;
    }
    as_arena_free(a);
    free(copy);
    return 0;
}

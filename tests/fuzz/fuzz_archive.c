#include "formats/inputs.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/*
 * A walk over any bytes. What must hold: no input is larger than the limit on what may
 * come out, no more come than entries are allowed, names are whole texts of visible
 * characters, a failure says what it is, and two walks give the same.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ENTRIES  64u
#define UNPACKED ((uint64_t)1 << 20)

struct told {
    uint64_t inputs, bytes, skipped, sum;
};

static void must(bool good)
{
    if (!good)
        abort();
}

static void check_name(const char *name)
{
    size_t n = strlen(name);

    must(n > 0);
    for (size_t i = 0; i < n; i++)
        must((uint8_t)name[i] >= 0x20 && name[i] != 0x7f);
}

static as_code one(void *ctx, as_input *input, as_err *err)
{
    struct told *told = ctx;
    uint8_t chunk[4096];
    size_t n = 0;
    as_code rc;

    check_name(as_source_name(input->source));
    told->inputs++;
    do {
        rc = as_source_read(input->source, chunk, sizeof(chunk), &n, err);
        if (rc)
            break;
        told->bytes += n;
        for (size_t i = 0; i < n; i++)
            told->sum = told->sum * 31 + chunk[i];
    } while (n > 0);
    return rc;
}

static void skipped(void *ctx, as_skip why, const char *name, const as_err *err)
{
    struct told *told = ctx;

    check_name(name);
    must(why < AS_SKIP_COUNT && *as_skip_text(why));
    must(why < AS_SKIP_PASSWORD || (err && err->code && *err->msg));
    told->skipped++;
}

static as_code walk(as_bytes bytes, struct told *told)
{
    static const char *const passwords[] = {"sesame"};
    const as_inputs_options options = {
        .passwords = passwords,
        .n_passwords = AS_COUNT(passwords),
        .on_skip = skipped,
        .skip_ctx = told,
        .limits = {.entries = ENTRIES, .unpacked = UNPACKED, .held = (size_t)UNPACKED},
    };
    as_source *source = NULL;
    as_err err = {0};
    as_code rc = as_source_open_bytes(bytes, NULL, &source, &err);

    if (!rc)
        rc = as_inputs_each_in(source, &options, one, told, &err);
    as_source_free(source);
    must(!rc || (err.code == rc && *err.msg));
    must(told->inputs + told->skipped <= ENTRIES + 1);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    struct told first = {0}, second = {0};
    as_code rc;

    must(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    rc = walk((as_bytes){copy, size}, &first);
    must(walk((as_bytes){copy, size}, &second) == rc);
    must(memcmp(&first, &second, sizeof(first)) == 0);
    free(copy);
    return 0;
}

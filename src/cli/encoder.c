/* The text encoder that the command line or the environment names, and the store's vectors. */
#include "cli/encoder.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

/* A folder by its path, or the name of one below the store's models. */
static as_code folder_of(const char *name, const char *home, char path[PATH_MAX], as_err *err)
{
    struct stat st;
    int n;

    if (strchr(name, '/') || (stat(name, &st) == 0 && S_ISDIR(st.st_mode)))
        n = snprintf(path, PATH_MAX, "%s", name);
    else
        n = snprintf(path, PATH_MAX, "%s/models/%s", home, name);
    if (n < 0 || n >= PATH_MAX)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "the path of the model is too long");
    if (stat(path, &st) || !S_ISDIR(st.st_mode))
        return as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET,
                       "there is no model '%s': neither a folder nor one of %s/models", name, home);
    return AS_OK;
}

static as_code read_options(const as_args *args, as_model_options *o, as_err *err)
{
    const char *precision = as_args_get(args, AS_OPT_PRECISION),
               *pooling = as_args_get(args, AS_OPT_POOLING);
    uint64_t threads = 0;
    as_code rc = as_number_option(args, AS_OPT_THREADS, 1, AS_NN_THREADS_MAX, &threads, err);

    o->threads = (unsigned)threads;
    if (precision && strcmp(precision, "bf16") == 0)
        o->precision = AS_PRECISION_BF16;
    if (pooling)
        o->pooling = strcmp(pooling, "cls") == 0 ? AS_POOL_CLS : AS_POOL_MEAN;
    return rc;
}

const char *as_encoder_named(const as_args *args)
{
    const char *name = as_args_get(args, AS_OPT_ENCODER);

    if (!name)
        name = getenv("ASSAY_ENCODER");
    return name && *name ? name : NULL;
}

as_code as_encoder_here(const as_args *args, as_model **ret, as_err *err)
{
    const char *name = as_encoder_named(args);
    as_model_options o = {0};
    char path[PATH_MAX];
    as_buf home = {0};
    as_code rc;

    if (!name)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "no text encoder is named: give --encoder NAME or set ASSAY_ENCODER");
    rc = as_home_of(args, &home, err);
    if (!rc)
        rc = folder_of(name, (const char *)home.p, path, err);
    if (!rc)
        rc = read_options(args, &o, err);
    if (!rc)
        rc = as_model_open(path, &o, ret, err);
    as_buf_done(&home);
    return rc;
}

as_code as_vectors_here(const as_args *args, const as_encoder *encoder, bool read_only,
                        as_vectors **ret, as_err *err)
{
    as_vectors_options o = {.dim = read_only ? 0 : encoder->dim, .read_only = read_only};
    char path[PATH_MAX];
    as_buf home = {0};
    as_code rc = as_home_of(args, &home, err);
    int n = rc ? 0 : snprintf(path, sizeof(path), "%s/vectors", (const char *)home.p);

    if (!rc && !read_only && n > 0)
        (void)mkdir(path, 0700); /* what fails is told by who opens it */
    if (!rc)
        n = snprintf(path, sizeof(path), "%s/vectors/%s", (const char *)home.p, encoder->name);
    if (!rc && (n < 0 || (size_t)n >= sizeof(path)))
        rc = as_fail(err, AS_USAGE, AS_NO_OFFSET, "the path of the vectors is too long");
    if (!rc)
        rc = as_vectors_open(path, encoder->name, &o, ret, err);
    as_buf_done(&home);
    return rc;
}

as_code as_dense_open(void *ctx, as_dense *ret, as_err *err)
{
    as_dense_here *d = ctx;
    as_code rc = AS_OK;

    if (!as_encoder_named(d->args))
        return AS_OK;
    if (!d->model)
        rc = as_encoder_here(d->args, &d->model, err);
    if (!rc && !d->vectors) {
        rc = as_vectors_here(d->args, as_model_encoder(d->model), true, &d->vectors, err);
        if (rc == AS_NOT_FOUND) /* none were made yet: the trace says so */
            rc = AS_OK;
    }
    if (!rc)
        *ret = (as_dense){as_model_encoder(d->model), d->vectors};
    return rc;
}

void as_dense_done(as_dense_here *d)
{
    as_vectors_close(d->vectors);
    as_model_close(d->model);
    *d = (as_dense_here){0};
}

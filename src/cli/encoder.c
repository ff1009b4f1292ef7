/* The text encoder that the command line or the configuration names, and its vectors. */
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

/* What is configured holds where the command line says nothing. */
static as_code read_options(const as_args *args, const as_encoder_config *c, as_model_options *o,
                            as_err *err)
{
    const char *precision = as_args_get(args, AS_OPT_PRECISION),
               *pooling = as_args_get(args, AS_OPT_POOLING);
    uint64_t threads = c->threads;
    as_code rc = as_number_option(args, AS_OPT_THREADS, 1, AS_NN_THREADS_MAX, &threads, err);

    if (!precision)
        precision = c->precision;
    if (precision && strcmp(precision, "bf16") == 0)
        o->precision = AS_PRECISION_BF16;
    else if (precision &&
             (strcmp(precision, "bf16x3") == 0 || (strcmp(precision, "auto") == 0 && as_nn_amx())))
        o->precision = AS_PRECISION_BF16X3;
    if (pooling)
        o->pooling = strcmp(pooling, "cls") == 0 ? AS_POOL_CLS : AS_POOL_MEAN;
    o->threads = (unsigned)threads;
    return rc;
}

static as_code open_model(const as_args *args, const char *name, const as_encoder_config *c,
                          as_embedder *e, as_err *err)
{
    as_model_options o = {0};
    char path[PATH_MAX];
    as_buf home = {0};
    as_code rc = as_home_of(args, &home, err);

    if (!rc)
        rc = folder_of(name, (const char *)home.p, path, err);
    if (!rc)
        rc = read_options(args, c, &o, err);
    if (!rc)
        rc = as_model_open(path, &o, &e->model, err);
    as_buf_done(&home);
    if (!rc && !as_model_shape(e->model)->reranker)
        e->encoder = as_model_encoder(e->model);
    return rc;
}

static as_code open_remote(const as_encoder_config *c, as_embedder *e, as_err *err)
{
    as_remote_options o = {
        .endpoint = c->endpoint,
        .model = c->remote_model,
        .api = c->api && strcmp(c->api, "ollama") == 0 ? AS_REMOTE_OLLAMA : AS_REMOTE_OPENAI,
    };
    as_code rc = as_remote_new(&o, &e->remote, err);

    if (!rc)
        e->encoder = as_remote_encoder(e->remote);
    return rc;
}

as_code as_embedder_open(const as_args *args, as_embedder *ret, as_err *err)
{
    const char *name = as_args_get(args, AS_OPT_ENCODER);
    as_embedder e = {0};
    as_encoder_config c;
    as_code rc = as_encoder_config_find(&c, err);

    if (rc)
        return rc;
    if (!name)
        name = c.model;
    if (name)
        rc = open_model(args, name, &c, &e, err);
    else if (c.endpoint)
        rc = open_remote(&c, &e, err);
    as_encoder_config_done(&c);
    if (!rc)
        *ret = e;
    return rc;
}

void as_embedder_close(as_embedder *e)
{
    as_model_close(e->model);
    as_remote_free(e->remote);
    *e = (as_embedder){0};
}

/* A name may have slashes, as those of a hub do; a folder's has none. */
static void plain_name(const char *name, char ret[NAME_MAX + 1])
{
    size_t i = 0;

    for (; name[i] && i < NAME_MAX; i++)
        ret[i] = name[i];
    ret[i] = 0;
    for (char *p = ret; *p; p++) {
        if (*p == '/')
            *p = '_';
    }
}

as_code as_vectors_here(const as_args *args, const as_encoder *encoder, bool read_only,
                        as_vectors **ret, as_err *err)
{
    as_vectors_options o = {.dim = read_only ? 0 : encoder->dim, .read_only = read_only};
    char path[PATH_MAX], name[NAME_MAX + 1];
    as_buf home = {0};
    as_code rc = as_home_of(args, &home, err);
    int n = rc ? 0 : snprintf(path, sizeof(path), "%s/vectors", (const char *)home.p);

    if (!rc && !read_only && n > 0)
        (void)mkdir(path, 0700); /* what fails is told by who opens it */
    plain_name(encoder->name, name);
    if (!rc)
        n = snprintf(path, sizeof(path), "%s/vectors/%s", (const char *)home.p, name);
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

    if (!d->embedder.encoder)
        rc = as_embedder_open(d->args, &d->embedder, err);
    if (!rc && d->embedder.encoder && !d->vectors) {
        rc = as_vectors_here(d->args, d->embedder.encoder, true, &d->vectors, err);
        if (rc == AS_NOT_FOUND) /* none were made yet: the trace says so */
            rc = AS_OK;
    }
    if (!rc)
        *ret = (as_dense){d->embedder.encoder, d->vectors};
    return rc;
}

void as_dense_done(as_dense_here *d)
{
    as_vectors_close(d->vectors);
    as_embedder_close(&d->embedder);
    *d = (as_dense_here){0};
}

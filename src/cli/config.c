#include "cli/cli_priv.h"

#include "base/log.h"
#include "base/source.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

/*
 * The configuration is lines "key = value", with "#" or ";" before a comment. A key that
 * is not known, or a section, is told and passed over, so that a later version's file serves
 * this one too. What is set in the environment comes before what stands in the file.
 */
#define CONFIG_MAX ((size_t)64 << 10)

static as_bytes trim(as_bytes b)
{
    while (b.n > 0 && (b.p[0] == ' ' || b.p[0] == '\t')) {
        b.p++;
        b.n--;
    }
    while (b.n > 0 && (b.p[b.n - 1] == ' ' || b.p[b.n - 1] == '\t' || b.p[b.n - 1] == '\r'))
        b.n--;
    return b;
}

/* Takes what stands before the next `mark`, or all. */
static as_bytes cut_at(as_bytes *left, uint8_t mark)
{
    const uint8_t *at = left->n > 0 ? memchr(left->p, mark, left->n) : NULL;
    size_t n = at ? (size_t)(at - left->p) : left->n;
    as_bytes part = {left->p, n};

    left->p += n + (at ? 1 : 0);
    left->n -= n + (at ? 1 : 0);
    return part;
}

/* Each password, and a NUL behind it; they are pointed at once all are there. */
static void add_passwords(as_passwords *p, as_bytes list)
{
    while (list.n > 0) {
        as_bytes one = trim(cut_at(&list, ','));

        if (one.n == 0)
            continue;
        as_buf_add(&p->text, one);
        as_buf_byte(&p->text, '\0');
    }
}

static as_code point_at_them(as_passwords *p, as_err *err)
{
    if (p->text.failed)
        return as_fail_nomem(err, "the passwords");
    for (size_t at = 0; at < p->text.n; at += strlen(p->p[p->n++]) + 1) {
        if (p->n == AS_INPUTS_PASSWORDS)
            return as_fail(err, AS_USAGE, AS_NO_OFFSET, "more than %u passwords are configured",
                           AS_INPUTS_PASSWORDS);
        p->p[p->n] = (const char *)p->text.p + at;
    }
    return AS_OK;
}

/* False: there is no place for a configuration. */
static bool config_path(char dst[PATH_MAX])
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *user = getenv("HOME");
    int n;

    if (xdg && *xdg == '/')
        n = snprintf(dst, PATH_MAX, "%s/assay/config.ini", xdg);
    else if (user && *user)
        n = snprintf(dst, PATH_MAX, "%s/.config/assay/config.ini", user);
    else
        return false;
    return n > 0 && n < PATH_MAX;
}

/* Hears of each key that is known and its value. */
typedef as_code take_fn(void *ctx, as_bytes key, as_bytes value, as_err *err);

static const struct {
    const char *key, *env, *choices;
} encoder_keys[AS_ENCODER_KEYS] = {
    [AS_ENCODER_MODEL] = {"encoder.model", "ASSAY_ENCODER_MODEL", NULL},
    [AS_ENCODER_ENDPOINT] = {"encoder.endpoint", "ASSAY_ENCODER_ENDPOINT", NULL},
    [AS_ENCODER_REMOTE_MODEL] = {"encoder.remote_model", "ASSAY_ENCODER_REMOTE_MODEL", NULL},
    [AS_ENCODER_API] = {"encoder.api", "ASSAY_ENCODER_API", "openai ollama"},
    [AS_ENCODER_THREADS] = {"encoder.threads", "ASSAY_ENCODER_THREADS", NULL},
    [AS_ENCODER_PRECISION] = {"encoder.precision", "ASSAY_ENCODER_PRECISION",
                              "f32 bf16 bf16x3 auto"},
};

static bool is_known(as_bytes key)
{
    for (size_t i = 0; i < AS_COUNT(encoder_keys); i++)
        if (as_bytes_is(key, encoder_keys[i].key))
            return true;
    return as_bytes_is(key, "passwords");
}

struct config {
    take_fn *take;
    void *ctx;
    const char *path;
};

static as_code read_line(const struct config *c, as_bytes line, unsigned number, as_err *err)
{
    as_bytes key, value = trim(line);
    char shown[64];

    if (value.n == 0 || value.p[0] == '#' || value.p[0] == ';')
        return AS_OK;
    if (memchr(value.p, '\0', value.n) || (value.p[0] != '[' && !memchr(value.p, '=', value.n)))
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "'%s', line %u: not 'key = value'", c->path,
                       number);
    key = trim(cut_at(&value, '='));
    if (is_known(key))
        return c->take(c->ctx, key, trim(value), err);
    as_log(AS_LOG_WARN, "'%s', line %u: '%s' means nothing here", c->path, number,
           as_bytes_show(key, shown, sizeof(shown)));
    return AS_OK;
}

/* The file, if there is one. */
static as_code read_config(take_fn *take, void *ctx, as_err *err)
{
    char path[PATH_MAX];
    struct config c = {take, ctx, path};
    as_source *source = NULL;
    as_bytes left;
    as_code rc;

    if (!config_path(path) || access(path, F_OK))
        return AS_OK;
    rc = as_source_open(path, NULL, &source, err);
    if (!rc)
        rc = as_source_peek(source, CONFIG_MAX + 1, &left, err);
    if (!rc && left.n > CONFIG_MAX)
        rc = as_fail(err, AS_USAGE, AS_NO_OFFSET, "'%s' has more than %zu bytes", path, CONFIG_MAX);
    for (unsigned number = 1; !rc && left.n > 0; number++)
        rc = read_line(&c, cut_at(&left, '\n'), number, err);
    as_source_free(source);
    return rc;
}

static as_code take_passwords(void *ctx, as_bytes key, as_bytes value, as_err *err)
{
    (void)err;
    if (as_bytes_is(key, "passwords"))
        add_passwords(ctx, value);
    return AS_OK;
}

as_code as_passwords_find(const as_args *args, as_passwords *ret, as_err *err)
{
    const char *env = getenv("ASSAY_PASSWORDS");
    as_code rc = AS_OK;

    *ret = (as_passwords){0};
    if (as_args_has(args, AS_OPT_PASSWORD)) {
        for (size_t i = 0; i < args->n_list && i < AS_INPUTS_PASSWORDS; i++)
            ret->p[ret->n++] = args->list[i];
        return AS_OK;
    }
    if (env)
        add_passwords(ret, as_bytes_of(env));
    else
        rc = read_config(take_passwords, ret, err);
    if (!rc)
        rc = point_at_them(ret, err);
    if (rc)
        as_passwords_done(ret);
    return rc;
}

void as_passwords_done(as_passwords *p)
{
    as_buf_done(&p->text);
    *p = (as_passwords){0};
}

/* --- the text encoder ------------------------------------------------------------------------ */

static as_code take_encoder(void *ctx, as_bytes key, as_bytes value, as_err *err)
{
    as_encoder_config *c = ctx;

    for (size_t i = 0; i < AS_COUNT(encoder_keys); i++) {
        if (!as_bytes_is(key, encoder_keys[i].key) || value.n == 0)
            continue;
        as_buf_reset(&c->text[i]);
        as_buf_add(&c->text[i], value);
        as_buf_byte(&c->text[i], '\0');
        if (c->text[i].failed)
            return as_fail_nomem(err, "the configuration");
    }
    return AS_OK;
}

static bool is_one_of(const char *choices, const char *value)
{
    size_t n = strlen(value);

    for (const char *at = choices; *at; at += strcspn(at, " "), at += strspn(at, " "))
        if (strcspn(at, " ") == n && memcmp(at, value, n) == 0)
            return true;
    return false;
}

static as_code check_encoder(const as_encoder_config *c, as_err *err)
{
    for (size_t i = 0; i < AS_COUNT(encoder_keys); i++) {
        const char *value = (const char *)c->text[i].p;

        if (value && encoder_keys[i].choices && !is_one_of(encoder_keys[i].choices, value))
            return as_fail(err, AS_USAGE, AS_NO_OFFSET, "'%s' (or %s) is one of: %s; not '%.40s'",
                           encoder_keys[i].key, encoder_keys[i].env, encoder_keys[i].choices,
                           value);
    }
    return AS_OK;
}

as_code as_encoder_config_find(as_encoder_config *ret, as_err *err)
{
    as_encoder_config c = {0};
    uint64_t threads = 0;
    as_code rc = read_config(take_encoder, &c, err);

    for (size_t i = 0; !rc && i < AS_COUNT(encoder_keys); i++)
        rc = take_encoder(&c, as_bytes_of(encoder_keys[i].key),
                          as_bytes_of(getenv(encoder_keys[i].env)), err);
    if (!rc)
        rc = check_encoder(&c, err);
    if (!rc && c.text[AS_ENCODER_THREADS].n > 0 &&
        (!as_bytes_u64(as_bytes_of((const char *)c.text[AS_ENCODER_THREADS].p), &threads) ||
         threads > 1024))
        rc = as_fail(err, AS_USAGE, AS_NO_OFFSET,
                     "'encoder.threads' (or ASSAY_ENCODER_THREADS) is a number up to 1024");
    if (rc) {
        as_encoder_config_done(&c);
        return rc;
    }
    c.model = (const char *)c.text[AS_ENCODER_MODEL].p;
    c.endpoint = (const char *)c.text[AS_ENCODER_ENDPOINT].p;
    c.remote_model = (const char *)c.text[AS_ENCODER_REMOTE_MODEL].p;
    c.api = c.text[AS_ENCODER_API].p ? (const char *)c.text[AS_ENCODER_API].p : "openai";
    c.precision =
        c.text[AS_ENCODER_PRECISION].p ? (const char *)c.text[AS_ENCODER_PRECISION].p : "auto";
    c.threads = (unsigned)threads;
    *ret = c;
    return AS_OK;
}

void as_encoder_config_done(as_encoder_config *c)
{
    for (size_t i = 0; i < AS_COUNT(c->text); i++)
        as_buf_done(&c->text[i]);
    *c = (as_encoder_config){0};
}

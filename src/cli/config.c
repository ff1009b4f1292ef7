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
 * The configuration is lines "key = value", with "#" or ";" before a comment. There is
 * one key so far; another one, or a section, is told and passed over, so that a later
 * version's file serves this one too.
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

static as_code read_line(as_passwords *p, as_bytes line, const char *path, unsigned number,
                         as_err *err)
{
    as_bytes key, value = trim(line);
    char shown[64];

    if (value.n == 0 || value.p[0] == '#' || value.p[0] == ';')
        return AS_OK;
    if (memchr(value.p, '\0', value.n) || (value.p[0] != '[' && !memchr(value.p, '=', value.n)))
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "'%s', line %u: not 'key = value'", path,
                       number);
    key = trim(cut_at(&value, '='));
    if (as_bytes_is(key, "passwords"))
        add_passwords(p, value);
    else
        as_log(AS_LOG_WARN, "'%s', line %u: '%s' means nothing here", path, number,
               as_bytes_show(key, shown, sizeof(shown)));
    return AS_OK;
}

static as_code read_config(as_passwords *p, const char *path, as_err *err)
{
    as_source *source = NULL;
    as_bytes left;
    as_code rc = as_source_open(path, NULL, &source, err);

    if (!rc)
        rc = as_source_peek(source, CONFIG_MAX + 1, &left, err);
    if (!rc && left.n > CONFIG_MAX)
        rc = as_fail(err, AS_USAGE, AS_NO_OFFSET, "'%s' has more than %zu bytes", path, CONFIG_MAX);
    for (unsigned number = 1; !rc && left.n > 0; number++)
        rc = read_line(p, cut_at(&left, '\n'), path, number, err);
    as_source_free(source);
    return rc;
}

as_code as_passwords_find(const as_args *args, as_passwords *ret, as_err *err)
{
    const char *env = getenv("ASSAY_PASSWORDS");
    char path[PATH_MAX];
    as_code rc = AS_OK;

    *ret = (as_passwords){0};
    if (as_args_has(args, AS_OPT_PASSWORD)) {
        for (size_t i = 0; i < args->n_list && i < AS_INPUTS_PASSWORDS; i++)
            ret->p[ret->n++] = args->list[i];
        return AS_OK;
    }
    if (env)
        add_passwords(ret, as_bytes_of(env));
    else if (config_path(path) && access(path, F_OK) == 0)
        rc = read_config(ret, path, err);
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

#include "encode/http_priv.h"

#include "base/escape.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

/* --- addresses ----------------------------------------------------------------------------- */

static bool has_part(CURLU *parts, CURLUPart what)
{
    char *text = NULL;
    bool has = curl_url_get(parts, what, &text, 0) == CURLUE_OK && text && *text;

    curl_free(text);
    return has;
}

/* "https://host:443": scheme and host in lower case, the port told. */
static bool find_origin(as_address *a)
{
    char *scheme = NULL, *host = NULL, *port = NULL;
    bool fine = curl_url_get(a->parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                curl_url_get(a->parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                curl_url_get(a->parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;

    if (fine) {
        int n = snprintf(a->origin, sizeof(a->origin), "%s://%s:%s", scheme, host, port);

        fine = n > 0 && (size_t)n < sizeof(a->origin);
        a->https = strcmp(scheme, "https") == 0;
        fine = fine && (a->https || strcmp(scheme, "http") == 0);
    }
    for (char *c = a->origin; fine && *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    return fine;
}

as_code as_address_set(as_address *a, const char *text, as_code code, as_err *err)
{
    char shown[128];

    as_http_show(text, shown, sizeof(shown));
    if (!a->parts)
        a->parts = curl_url();
    if (!a->parts)
        return as_fail_nomem(err, "an address");
    if (strlen(text) > AS_HTTP_URL_MAX)
        return as_fail(err, code, AS_NO_OFFSET, "an address of more than %zu bytes",
                       AS_HTTP_URL_MAX);
    if (curl_url_set(a->parts, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) || !find_origin(a))
        return as_fail(err, code, AS_NO_OFFSET, "'%s' is no http or https address", shown);
    if (has_part(a->parts, CURLUPART_USER) || has_part(a->parts, CURLUPART_PASSWORD))
        return as_fail(err, code, AS_NO_OFFSET, "an address with a name or password in it");
    curl_free(a->url);
    a->url = NULL;
    if (curl_url_get(a->parts, CURLUPART_URL, &a->url, 0))
        return as_fail_nomem(err, "an address");
    return AS_OK;
}

void as_address_done(as_address *a)
{
    curl_free(a->url);
    curl_url_cleanup(a->parts);
    *a = (as_address){0};
}

void as_http_escape(as_buf *out, as_bytes text, bool slash)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~' || (slash && c == '/');

        if (!plain) {
            as_buf_byte(out, '%');
            as_buf_byte(out, (uint8_t)digits[c >> 4]);
        }
        as_buf_byte(out, plain ? c : (uint8_t)digits[c & 15]);
    }
}

const char *as_http_show(const char *url, char *dst, size_t cap)
{
    const char *host = strstr(url, "://");
    size_t n = strcspn(url, "?#"), at;

    host = host ? host + 3 : url;
    at = strcspn(host, "/?#@");
    /* A password that somebody put into an address does not come into a log either. */
    if (host[at] == '@')
        return as_bytes_show(AS_LITERAL("(an address with a password)"), dst, cap);
    return as_bytes_show((as_bytes){(const uint8_t *)url, n}, dst, cap);
}

/* --- secrets ---------------------------------------------------------------------------------- */

static as_code take_secret(as_bytes text, const char *where, as_buf *ret, as_err *err)
{
    while (text.n > 0 && text.p[0] <= ' ') {
        text.p++;
        text.n--;
    }
    while (text.n > 0 && text.p[text.n - 1] <= ' ')
        text.n--;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < 0x21 || text.p[i] > 0x7e)
            return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                           "what '%s' holds is no word of printable ASCII", where);
    if (text.n == 0)
        return AS_OK;
    as_buf_add(ret, text);
    as_buf_byte(ret, '\0');
    return ret->failed ? as_fail_nomem(err, "a secret") : AS_OK;
}

as_code as_http_secret_file(const char *path, as_buf *ret, as_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    uint8_t text[AS_HTTP_SECRET_MAX + 1];
    as_code rc = AS_OK;
    struct stat st;
    ssize_t n = 0;

    if (fd < 0)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "cannot open '%s': %s", path, strerror(errno));
    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        rc = as_fail(err, AS_USAGE, AS_NO_OFFSET, "'%s' is not a regular file", path);
    else if (st.st_mode & 077)
        rc = as_fail(err, AS_USAGE, AS_NO_OFFSET,
                     "'%s' holds a secret, and others may read it: chmod 600", path);
    if (!rc)
        n = read(fd, text, sizeof(text));
    if (n < 0 || (size_t)n > AS_HTTP_SECRET_MAX)
        rc = as_fail(err, AS_USAGE, AS_NO_OFFSET, "cannot read a secret from '%s'", path);
    if (!rc)
        rc = take_secret((as_bytes){text, (size_t)n}, path, ret, err);
    explicit_bzero(text, sizeof(text));
    (void)close(fd);
    return rc;
}

as_code as_http_secret(const char *env, const char *file_env, as_buf *ret, as_err *err)
{
    const char *value = env ? getenv(env) : NULL;
    const char *file = file_env ? getenv(file_env) : NULL;

    if (value && *value)
        return take_secret(as_bytes_of(value), env, ret, err);
    if (file && *file)
        return as_http_secret_file(file, ret, err);
    return AS_OK;
}

void as_http_secret_done(as_buf *secret)
{
    if (secret->p)
        explicit_bzero(secret->p, secret->cap);
    as_buf_done(secret);
}

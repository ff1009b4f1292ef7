/*
 * http - ask a web server for something, and get all of it or an error.
 *
 *     as_http *h = NULL;
 *     as_http_reply reply = {0};
 *     as_http_request r = {.url = "https://example.org/api", .body_max = 1 << 20};
 *     if (as_http_new(NULL, &h, &err)) ...
 *     if (as_http_send(h, &r, &reply, &err)) ...      reply.status says why, if a server did
 *     as_http_reply_done(&reply);
 *     as_http_free(h);
 *
 * http and https alone; certificates are verified (with CURL_CA_BUNDLE or SSL_CERT_FILE in
 * place of the system's, if they are set), proxies are those of the environment. A GET
 * follows redirects, but never from https to http; the bearer token goes to the origin
 * (scheme, host, port) of the first address and to no other. What may pass (429, 5xx,
 * timeouts, a connection that breaks) is tried again after a pause that doubles, or that
 * Retry-After asks for. Addresses stand in messages without their query, which may be a
 * signature.
 *
 * With ASSAY_OFFLINE or HF_HUB_OFFLINE set to anything but 0, as_http_new() is
 * AS_UNAVAILABLE, and nothing is looked up or sent.
 *
 * Depends on: base; libcurl.  Threads: one as_http, one thread.
 * Limits: below, and those of each request.
 */
#ifndef AS_HTTP_H
#define AS_HTTP_H

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_HTTP_HOPS_MAX    10u
#define AS_HTTP_HEADERS_MAX ((size_t)64 << 10) /* bytes of all headers of an answer */
#define AS_HTTP_URL_MAX     ((size_t)8 << 10)
#define AS_HTTP_TEXT_MAX    ((size_t)4 << 10) /* kept of what comes with a failure */
#define AS_HTTP_SECRET_MAX  ((size_t)4 << 10)

typedef struct as_http as_http;

typedef struct as_http_options { /* 0: the default, in brackets */
    const char *bearer;          /* copied; NULL: none */
    unsigned connect_s;          /* [20] */
    unsigned stall_s;            /* [60] without a byte is a timeout */
    unsigned total_s;            /* of one try [no end] */
    unsigned tries;              /* [5] */
    unsigned pause_ms;           /* [500] before the second try; doubles */
    unsigned pause_max_ms;       /* [60000]; a Retry-After over it is a failure at once */
} as_http_options;

/* Takes a piece of an answer. A failure ends the transfer, and is that of the call. */
typedef as_code as_http_eat_fn(void *ctx, as_bytes bytes, as_err *err);

typedef struct as_http_request {
    const char *url;
    const char *type; /* of `body`: "application/json"; NULL: a GET without body */
    as_bytes body;
    const char *const *headers; /* "Name: value" */
    size_t n_headers;
    uint64_t body_max;   /* of the answer: over it AS_LIMIT; 0: no end, with `eat` alone */
    as_http_eat_fn *eat; /* NULL: into reply->body. Once it was called nothing is tried again */
    void *ctx;
} as_http_request;

typedef struct as_http_reply { /* {0} is ready; reused, it is emptied first */
    unsigned status;           /* of the last answer; 0: there was none */
    as_buf headers;            /* of all answers on the way, see as_http_header() */
    as_buf body;               /* of a failure: its beginning */
} as_http_reply;

/* Whether the environment forbids the network. */
bool as_http_offline(void);

/* AS_UNAVAILABLE: offline. AS_USAGE: a token that cannot be sent. AS_NOMEM. NULL: defaults. */
as_code as_http_new(const as_http_options *options, as_http **ret, as_err *err) AS_CHECKED;
void as_http_free(as_http *h); /* NULL is accepted */

/*
 * AS_OK: a status of 2xx. Else reply->status and reply->body are what the server said:
 * AS_NOT_FOUND 404 and 410; AS_REFUSED other 4xx; AS_UNAVAILABLE 429, 5xx, no connection, a
 * timeout; AS_LIMIT over body_max; AS_INVALID no HTTP, a redirect that is not followed;
 * AS_USAGE an address that is none; or what `eat` said.
 */
as_code as_http_send(as_http *h, const as_http_request *r, as_http_reply *reply,
                     as_err *err) AS_CHECKED;

/* Value of the header in the last answer that had it (or the first), else empty. */
as_bytes as_http_header(const as_http_reply *reply, const char *name);
as_bytes as_http_header_first(const as_http_reply *reply, const char *name);
void as_http_reply_done(as_http_reply *reply);

/* A file to be had: what is at `path` already is its beginning, and is gone on with. */
typedef struct as_http_download {
    const char *url, *path; /* beside it, PATH.etag says of what version the beginning is */
    uint64_t size;          /* that it must have, or UINT64_MAX: not known */
    uint64_t size_max;
    void (*at)(void *ctx, uint64_t done); /* now and then; or NULL */
    void *ctx;
} as_http_download;

/*
 * Until the file is there with all its bytes, on disk; tries count anew after each MiB that
 * came. On failure the beginning stays for a later call, unless it is of no use. AS_IO: it
 * cannot be written; AS_INVALID: a size that is not the one announced.
 */
as_code as_http_get_file(as_http *h, const as_http_download *d, as_http_reply *reply,
                         as_err *err) AS_CHECKED;

/* Percent-encodes all but letters, digits and "-._~" (and "/" if `slash`). */
void as_http_escape(as_buf *out, as_bytes text, bool slash);

/* The address as messages show it: visible, without query, cut. `cap` >= 16. Returns dst. */
const char *as_http_show(const char *url, char *dst, size_t cap);

/*
 * A secret: the value of the variable `env`, else the content of the file that `file_env`
 * names, which only its owner may read (0600). Blanks around it do not count. *ret gets it
 * with a NUL, and stays empty if there is none. Wipe with as_http_secret_done(). AS_USAGE:
 * others may read the file, or it holds no line of printable ASCII.
 */
as_code as_http_secret(const char *env, const char *file_env, as_buf *ret, as_err *err) AS_CHECKED;
as_code as_http_secret_file(const char *path, as_buf *ret, as_err *err) AS_CHECKED;
void as_http_secret_done(as_buf *secret);

#ifdef __cplusplus
}
#endif
#endif

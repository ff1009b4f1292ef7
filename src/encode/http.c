#include "encode/http_priv.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

bool as_http_offline(void)
{
    static const char *const names[] = {"ASSAY_OFFLINE", "HF_HUB_OFFLINE"};

    for (size_t i = 0; i < AS_COUNT(names); i++) {
        const char *value = getenv(names[i]);

        if (value && *value && strcmp(value, "0") != 0 && strcasecmp(value, "off") != 0 &&
            strcasecmp(value, "no") != 0 && strcasecmp(value, "false") != 0)
            return true;
    }
    return false;
}

/* --- the handle -------------------------------------------------------------------------- */

static void start_library(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool printable(const char *text)
{
    for (; *text; text++)
        if (*text < 0x21 || *text > 0x7e)
            return false;
    return true;
}

static as_code set_bearer(as_http *h, const char *bearer, as_err *err)
{
    if (!bearer || !*bearer)
        return AS_OK;
    if (!printable(bearer) || strlen(bearer) > AS_HTTP_SECRET_MAX)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "a token that is no word of printable ASCII");
    as_buf_printf(&h->bearer, "Authorization: Bearer %s", bearer);
    as_buf_byte(&h->bearer, '\0');
    return h->bearer.failed ? as_fail_nomem(err, "a token") : AS_OK;
}

static unsigned or_default(unsigned value, unsigned by_default)
{
    return value ? value : by_default;
}

as_code as_http_new(const as_http_options *options, as_http **ret, as_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    as_http_options o = options ? *options : (as_http_options){0};
    as_http *h;
    as_code rc;

    if (as_http_offline())
        return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET,
                       "offline: ASSAY_OFFLINE or HF_HUB_OFFLINE is set");
    (void)pthread_once(&once, start_library);
    h = as_mem_zero(1, sizeof(*h));
    if (!h)
        return as_fail_nomem(err, "a connection");
    h->connect_s = or_default(o.connect_s, 20);
    h->stall_s = or_default(o.stall_s, 60);
    h->total_s = o.total_s;
    h->tries = or_default(o.tries, 5);
    h->pause_ms = or_default(o.pause_ms, 500);
    h->pause_max_ms = or_default(o.pause_max_ms, 60000);
    h->curl = curl_easy_init();
    rc = h->curl ? set_bearer(h, o.bearer, err) : as_fail_nomem(err, "a connection");
    if (rc) {
        as_http_free(h);
        return rc;
    }
    *ret = h;
    return AS_OK;
}

void as_http_free(as_http *h)
{
    if (!h)
        return;
    if (h->curl)
        curl_easy_cleanup(h->curl);
    as_http_secret_done(&h->bearer);
    as_mem_free(h);
}

/* --- headers of an answer --------------------------------------------------------------- */

static as_bytes trim(as_bytes b)
{
    while (b.n > 0 && (b.p[0] == ' ' || b.p[0] == '\t')) {
        b.p++;
        b.n--;
    }
    while (b.n > 0 && (b.p[b.n - 1] == ' ' || b.p[b.n - 1] == '\t' || b.p[b.n - 1] == '\r' ||
                       b.p[b.n - 1] == '\n'))
        b.n--;
    return b;
}

static as_bytes find_header(const as_http_reply *reply, const char *name, bool last)
{
    as_bytes left = as_buf_bytes(&reply->headers), found = {0};
    size_t n = strlen(name);

    while (left.n > 0) {
        const uint8_t *end = memchr(left.p, '\n', left.n);
        as_bytes line = {left.p, end ? (size_t)(end - left.p) : left.n};
        size_t used = line.n + (end ? 1 : 0);

        if (line.n > n && line.p[n] == ':' && strncasecmp((const char *)line.p, name, n) == 0) {
            found = trim((as_bytes){line.p + n + 1, line.n - n - 1});
            if (!last)
                return found;
        }
        left.p += used;
        left.n -= used;
    }
    return found;
}

as_bytes as_http_header(const as_http_reply *reply, const char *name)
{
    return find_header(reply, name, true);
}

as_bytes as_http_header_first(const as_http_reply *reply, const char *name)
{
    return find_header(reply, name, false);
}

void as_http_reply_done(as_http_reply *reply)
{
    as_buf_done(&reply->headers);
    as_buf_done(&reply->body);
    *reply = (as_http_reply){0};
}

/* --- one answer --------------------------------------------------------------------------- */

/* One hop: what is asked of one server, and what came of it. */
struct hop {
    as_http *h;
    const as_http_request *r;
    as_http_reply *reply;
    as_err *err;
    uint64_t got; /* bytes of the body */
    as_code rc;   /* of ours, not of the transfer */
    bool ate;
};

static size_t take_header(char *p, size_t size, size_t n, void *ctx)
{
    struct hop *hop = ctx;
    as_bytes line = trim((as_bytes){(const uint8_t *)p, size * n});

    if (hop->reply->headers.n + line.n > AS_HTTP_HEADERS_MAX) {
        hop->rc = as_fail(hop->err, AS_LIMIT, AS_NO_OFFSET, "headers of more than %zu bytes",
                          AS_HTTP_HEADERS_MAX);
        return 0;
    }
    as_buf_add(&hop->reply->headers, line);
    as_buf_byte(&hop->reply->headers, '\n');
    if (!hop->reply->headers.failed)
        return size * n;
    hop->rc = as_fail_nomem(hop->err, "headers");
    return 0;
}

static as_code eat_piece(struct hop *hop, as_bytes piece)
{
    if (hop->r->body_max > 0 && piece.n > hop->r->body_max - hop->got)
        return as_fail(hop->err, AS_LIMIT, (size_t)hop->got, "an answer of more than %llu bytes",
                       (unsigned long long)hop->r->body_max);
    hop->got += piece.n;
    if (hop->r->eat) {
        hop->ate = true;
        return hop->r->eat(hop->r->ctx, piece, hop->err);
    }
    as_buf_add(&hop->reply->body, piece);
    return hop->reply->body.failed ? as_fail_nomem(hop->err, "an answer") : AS_OK;
}

static size_t take_body(char *p, size_t size, size_t n, void *ctx)
{
    struct hop *hop = ctx;
    as_bytes piece = {(const uint8_t *)p, size * n};
    long status = 0;

    (void)curl_easy_getinfo(hop->h->curl, CURLINFO_RESPONSE_CODE, &status);
    hop->reply->status = (unsigned)status;
    if (status / 100 == 2) {
        hop->rc = eat_piece(hop, piece);
        return hop->rc ? 0 : piece.n;
    }
    /* Of a failure the beginning, of a redirect nothing. The rest is read and dropped. */
    if (status / 100 != 3 && hop->reply->body.n < AS_HTTP_TEXT_MAX) {
        size_t room = AS_HTTP_TEXT_MAX - hop->reply->body.n;

        as_buf_add(&hop->reply->body, (as_bytes){piece.p, piece.n < room ? piece.n : room});
    }
    hop->got += piece.n;
    return hop->got > (64u << 20) ? 0 : piece.n;
}

static struct curl_slist *add_line(struct curl_slist *list, const char *line, bool *failed)
{
    struct curl_slist *longer = curl_slist_append(list, line);

    *failed |= !longer;
    return longer ? longer : list;
}

static as_code make_headers(as_http *h, const as_http_request *r, bool own, struct curl_slist **ret,
                            as_err *err)
{
    struct curl_slist *list = NULL;
    char type[128];
    bool failed = false;

    list = add_line(list, "Expect:", &failed);
    if (r->type) {
        (void)snprintf(type, sizeof(type), "Content-Type: %s", r->type);
        list = add_line(list, type, &failed);
    }
    for (size_t i = 0; i < r->n_headers; i++)
        list = add_line(list, r->headers[i], &failed);
    if (own && h->bearer.n > 0)
        list = add_line(list, (const char *)h->bearer.p, &failed);
    if (failed) {
        curl_slist_free_all(list);
        return as_fail_nomem(err, "headers");
    }
    *ret = list;
    return AS_OK;
}

static void set_safety(CURL *c)
{
    const char *bundle = getenv("CURL_CA_BUNDLE");

    if (!bundle || !*bundle)
        bundle = getenv("SSL_CERT_FILE");
    if (bundle && *bundle)
        (void)curl_easy_setopt(c, CURLOPT_CAINFO, bundle);
#if LIBCURL_VERSION_NUM >= 0x075500
    (void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    (void)curl_easy_setopt(c, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    (void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
    (void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    /* Redirects are followed here, where it is seen what goes to whom. */
    (void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    (void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
}

static void set_request(as_http *h, const as_http_request *r, const char *url, struct hop *hop)
{
    CURL *c = h->curl;

    curl_easy_reset(c); /* connections stay open */
    set_safety(c);
    (void)curl_easy_setopt(c, CURLOPT_URL, url);
    (void)curl_easy_setopt(c, CURLOPT_USERAGENT, "assay/" AS_VERSION);
    (void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)h->connect_s);
    (void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)h->stall_s);
    (void)curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)h->total_s);
    (void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
    (void)curl_easy_setopt(c, CURLOPT_HEADERDATA, hop);
    (void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(c, CURLOPT_WRITEDATA, hop);
    if (r->type) {
        (void)curl_easy_setopt(c, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, r->body.n > 0 ? (const void *)r->body.p : "");
        (void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n);
    }
}

/* A transfer that failed though we did not: whether another try may do better. */
static bool may_pass(CURLcode code)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return true;
    default:
        return false;
    }
}

static as_code transfer_failed(CURLcode code, const char *url, as_err *err)
{
    char shown[128];

    as_http_show(url, shown, sizeof(shown));
    switch (code) {
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "'%s': %s", shown, curl_easy_strerror(code));
    case CURLE_PEER_FAILED_VERIFICATION:
        return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET,
                       "'%s': the server's certificate is not trusted", shown);
    case CURLE_OUT_OF_MEMORY:
        return as_fail_nomem(err, "a transfer");
    default:
        return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET, "'%s': %s", shown,
                       curl_easy_strerror(code));
    }
}

/* Asks one server. *ret_again: it failed, and may pass. */
static as_code ask(struct hop *hop, const char *url, bool own, bool *ret_again)
{
    struct curl_slist *headers = NULL;
    as_code rc = make_headers(hop->h, hop->r, own, &headers, hop->err);
    long status = 0;
    CURLcode code;

    if (rc)
        return rc;
    set_request(hop->h, hop->r, url, hop);
    (void)curl_easy_setopt(hop->h->curl, CURLOPT_HTTPHEADER, headers);
    code = curl_easy_perform(hop->h->curl);
    curl_slist_free_all(headers);
    (void)curl_easy_getinfo(hop->h->curl, CURLINFO_RESPONSE_CODE, &status);
    hop->reply->status = (unsigned)status;
    if (hop->rc)
        return hop->rc;
    if (!code)
        return AS_OK;
    *ret_again = may_pass(code);
    return transfer_failed(code, url, hop->err);
}

/* --- redirects ------------------------------------------------------------------------------ */

static as_code status_failed(const as_http_reply *reply, const char *url, as_err *err)
{
    char shown[112], said[80] = "";
    as_bytes text = trim(as_buf_bytes(&reply->body));
    unsigned s = reply->status;
    as_code code = s == 404 || s == 410                   ? AS_NOT_FOUND
                   : s == 429 || s == 408 || s / 100 == 5 ? AS_UNAVAILABLE
                   : s / 100 == 4                         ? AS_REFUSED
                                                          : AS_INVALID;

    as_http_show(url, shown, sizeof(shown));
    if (text.n > 0)
        as_bytes_show(text, said, sizeof(said));
    return as_fail(err, code, AS_NO_OFFSET, "'%s': the server answers %u%s%s", shown, s,
                   *said ? ": " : "", said);
}

/* The address that the answer names, in place of *at. */
static as_code go_on(const as_http_reply *reply, as_address *at, as_err *err)
{
    as_bytes where = as_http_header(reply, "location");
    bool was_safe = at->https;
    as_buf text = {0};
    as_code rc;

    as_buf_add(&text, where);
    as_buf_byte(&text, '\0');
    if (text.failed)
        return as_fail_nomem(err, "an address");
    if (where.n == 0 || where.n > AS_HTTP_URL_MAX || memchr(where.p, '\0', where.n))
        rc = as_fail(err, AS_INVALID, AS_NO_OFFSET, "a redirect to nowhere");
    else
        rc = as_address_set(at, (const char *)text.p, AS_INVALID, err);
    as_buf_done(&text);
    if (!rc && was_safe && !at->https)
        rc =
            as_fail(err, AS_INVALID, AS_NO_OFFSET, "a redirect from https to http is not followed");
    return rc;
}

static bool is_redirect(unsigned status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

as_code as_http_try(as_http *h, const as_http_request *r, as_http_reply *reply, bool *ret_again,
                    as_err *err)
{
    as_address at = {0};
    char first[AS_ORIGIN_MAX];
    struct hop hop = {.h = h, .r = r, .reply = reply, .err = err};
    bool own = true; /* still where the token belongs */
    as_code rc = as_address_set(&at, r->url, AS_USAGE, err);

    memcpy(first, at.origin, sizeof(first));
    reply->status = 0;
    as_buf_reset(&reply->headers);
    for (unsigned hops = 0; !rc; hops++) {
        as_buf_reset(&reply->body);
        hop.got = 0;
        rc = ask(&hop, at.url, own, ret_again);
        if (rc || !is_redirect(reply->status) || r->type)
            break;
        if (hops == AS_HTTP_HOPS_MAX)
            rc = as_fail(err, AS_INVALID, AS_NO_OFFSET, "more than %u redirects", AS_HTTP_HOPS_MAX);
        if (!rc)
            rc = go_on(reply, &at, err);
        own = own && strcmp(first, at.origin) == 0;
    }
    if (!rc && reply->status / 100 != 2) {
        *ret_again = reply->status == 408 || reply->status == 429 ||
                     (reply->status / 100 == 5 && reply->status != 501);
        rc = status_failed(reply, at.url ? at.url : r->url, err);
    }
    *ret_again = *ret_again && !hop.ate;
    as_address_done(&at);
    return rc;
}

/* --- again and again ---------------------------------------------------------------------------
 */

bool as_http_pause(as_http *h, const as_http_reply *reply, unsigned failures)
{
    uint64_t ms = h->pause_ms, seconds;
    struct timespec left;

    for (unsigned i = 1; i < failures && ms < h->pause_max_ms; i++)
        ms *= 2;
    ms = ms < h->pause_max_ms ? ms : h->pause_max_ms;
    /* A date in its place is not read: the pause that doubles serves as well. */
    if (as_bytes_u64(as_http_header(reply, "retry-after"), &seconds)) {
        if (seconds > h->pause_max_ms / 1000)
            return false;
        ms = seconds * 1000 > ms ? seconds * 1000 : ms;
    }
    left = (struct timespec){(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) && errno == EINTR)
        continue;
    return true;
}

as_code as_http_send(as_http *h, const as_http_request *r, as_http_reply *reply, as_err *err)
{
    as_err why = {0};

    for (unsigned failures = 1;; failures++) {
        bool again = false;
        as_code rc = as_http_try(h, r, reply, &again, &why);

        if (!rc)
            return AS_OK;
        if (!again || failures >= h->tries || !as_http_pause(h, reply, failures)) {
            if (err)
                *err = why;
            return rc;
        }
    }
}

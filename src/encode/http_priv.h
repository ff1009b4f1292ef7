/*
 * http_priv - private to encode: one try of a request, and addresses.
 *
 * Depends on: encode/http.h; libcurl.
 */
#ifndef AS_HTTP_PRIV_H
#define AS_HTTP_PRIV_H

#include "encode/http.h"

#include <curl/curl.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AS_ORIGIN_MAX 320 /* scheme, host and port */

struct as_http {
    CURL *curl;
    as_buf bearer; /* the header line, with a NUL */
    unsigned connect_s, stall_s, total_s, tries, pause_ms, pause_max_ms;
};

/* Where a request goes; {0} before the first as_address_set(). */
typedef struct as_address {
    CURLU *parts;
    char *url; /* of the library's memory */
    char origin[AS_ORIGIN_MAX];
    bool https;
} as_address;

/*
 * Takes `text`, which may be relative to what is there. `code` is that of an address which
 * is none, or not http(s), or has a name and password in it.
 */
as_code as_address_set(as_address *a, const char *text, as_code code, as_err *err) AS_CHECKED;
void as_address_done(as_address *a);

/* One try, redirects and all. *ret_again is set if it failed and may pass. */
as_code as_http_try(as_http *h, const as_http_request *r, as_http_reply *reply, bool *ret_again,
                    as_err *err) AS_CHECKED;

/* Waits before the next try. False: the server asks for more patience than there is. */
bool as_http_pause(as_http *h, const as_http_reply *reply, unsigned failures);

#ifdef __cplusplus
}
#endif
#endif

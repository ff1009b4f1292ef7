/*
 * jsonw - write JSON into a buffer: commas, quotes and nesting are its business.
 *
 *     as_jsonw w = as_jsonw_to(&buf, 0);
 *     as_jsonw_object(&w);
 *     as_jsonw_key(&w, "pid");
 *     as_jsonw_u64(&w, 4060);
 *     as_jsonw_end(&w);
 *     if (buf.failed) ...
 *
 * Strings are written as well-formed UTF-8: ill-formed bytes become U+FFFD; every
 * hidden character (utf8.h: controls, bidi overrides, zero-width, tags ...) is escaped,
 * so that a line of output stays one line and a terminal is never spoken to. A reader
 * of JSON gets the same text.
 *
 * Depends on: base, buf, utf8.  Threads: one writer, one thread.
 * Limits: AS_JSONW_DEPTH_MAX levels (a caller's bug beyond it: asserted).
 */
#ifndef AS_JSONW_H
#define AS_JSONW_H

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_JSONW_DEPTH_MAX 64

typedef struct as_jsonw {
    as_buf *out;
    unsigned indent; /* blanks a level; 0 writes one line without blanks */
    unsigned depth;
    uint8_t state[AS_JSONW_DEPTH_MAX + 1];
} as_jsonw;

as_jsonw as_jsonw_to(as_buf *out, unsigned indent);

void as_jsonw_object(as_jsonw *w);
void as_jsonw_array(as_jsonw *w);
void as_jsonw_end(as_jsonw *w); /* of the innermost object or array */
void as_jsonw_key(as_jsonw *w, const char *key);
void as_jsonw_key_bytes(as_jsonw *w, as_bytes key);

void as_jsonw_str(as_jsonw *w, as_bytes text);
void as_jsonw_text(as_jsonw *w, const char *text);
void as_jsonw_u64(as_jsonw *w, uint64_t value);
void as_jsonw_bool(as_jsonw *w, bool value);
void as_jsonw_null(as_jsonw *w);

/* A JSON number as its text stands; the caller vouches for its grammar. */
void as_jsonw_number(as_jsonw *w, as_bytes lexeme);

#ifdef __cplusplus
}
#endif
#endif

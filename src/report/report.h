/*
 * report - a description goes out: terminal text, Markdown, one HTML page, JSON.
 *
 *     as_buf out = { 0 };
 *     if (as_report_write(AS_REPORT_MD, docs, 1, &options, &out, &err)) ...
 *     fwrite(out.p, 1, out.n, stdout);
 *     as_buf_done(&out);
 *
 * Depends on: base, evidence, formats, describe.  Threads: re-entrant.
 * Nothing from a report reaches a screen or a page alive: see escape.h.
 */
#ifndef AS_REPORT_H
#define AS_REPORT_H

#include "describe/describe.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum as_report_format {
    AS_REPORT_TEXT,
    AS_REPORT_MD,
    AS_REPORT_HTML,
    AS_REPORT_JSON
} as_report_format;

typedef struct as_report_options {
    unsigned width; /* TEXT: columns; 0: do not wrap */
    bool colour;    /* TEXT: SGR sequences of our own */
    bool coverage;  /* list what was not mapped */
} as_report_options;

/* All docs of one call, in order. JSON and HTML make one document of them. */
as_code as_report_write(as_report_format format, const as_doc *const *docs, size_t n,
                        const as_report_options *options, as_buf *out, as_err *err) AS_CHECKED;

/* One line of JSON for a fact: {"kind":..,"attrs":{..},"evidence":{..},"also":[..]}. No newline. */
void as_report_fact(const as_analysis *a, const as_fact *fact, as_buf *out);

/*
 * In the ids of an analysis whose hash is not known yet (a portion of a log), the 16 digits
 * of the hash are this byte, which stands nowhere else in a line of JSON. as_report_hash()
 * puts `a`'s own in their places.
 */
#define AS_REPORT_NO_HASH 0x01

void as_report_hash(const as_analysis *a, uint8_t *text, size_t n);

#ifdef __cplusplus
}
#endif
#endif

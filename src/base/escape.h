/*
 * escape - make hostile text harmless for where it goes.
 *
 * as_escape_visible() comes first and once: it turns any bytes into well-formed
 * UTF-8 without hidden characters (utf8.h), so that nothing in a report can move
 * a cursor, reverse a line or hide a letter. What it replaced stays readable:
 * \n \r \t, \x1b for other bytes (ill-formed UTF-8 included), \u{202e} for
 * characters. A backslash that was there stays a single backslash: the result is
 * for reading, the evidence holds the exact bytes.
 *
 * The others take text that is already visible and protect the syntax around it.
 *
 * Depends on: base, buf, utf8.  Threads: re-entrant.
 */
#ifndef AS_ESCAPE_H
#define AS_ESCAPE_H

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

void as_escape_visible(as_buf *out, as_bytes raw);

/* As above, at most `max` characters; a cut ends in "…" and the count of bytes left out. */
void as_escape_visible_cut(as_buf *out, as_bytes raw, size_t max);

/* & < > " ' as entities: for element content and quoted attributes. */
void as_escape_html(as_buf *out, as_bytes visible);

/* CommonMark: backslash before every ASCII punctuation that could be markup; a
 * URL or address cannot become a link (the "." of "www." and ":" of a scheme are
 * escaped too); leading digits of a list and leading blanks are protected. */
void as_escape_markdown(as_buf *out, as_bytes visible);

/* CommonMark code span: fences one backtick longer than the longest run inside. */
void as_escape_markdown_code(as_buf *out, as_bytes visible);

#ifdef __cplusplus
}
#endif
#endif

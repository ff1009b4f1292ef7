/*
 * tokenizer - the words of a text as the full-text index knows them.
 *
 *     static int word(void *ctx, unsigned flags, as_bytes token, size_t begin, size_t end);
 *     if (as_tokenize(text, AS_TOKENIZE_INDEX, word, ctx)) ...
 *
 * CJK runs give single characters with bigrams beside them; an identifier is one token, with
 * its pieces beside it (NtCreateUserProcess: create, createuser, ...); what has separators (a
 * path, a domain, an address, T1059.001) is a run of tokens, found whole or by any part of it
 * as a phrase; case is folded and defanged spellings (hxxp, [.]) are made whole. The rules,
 * with examples, are in docs/retrieval.md.
 *
 * Registered in SQLite as the FTS5 tokenizer "assay" (AS_TOKENIZER_NAME): highlight() and
 * snippet() get the byte ranges of the text as it stands.
 *
 * Depends on: base; utf8proc, SQLite.  Threads: re-entrant.
 */
#ifndef AS_TOKENIZER_H
#define AS_TOKENIZER_H

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_TOKENIZER_NAME "assay"
#define AS_TOKEN_MAX      512u /* bytes of one; what is longer goes by a prefix */

typedef enum as_tokenize_for { AS_TOKENIZE_INDEX, AS_TOKENIZE_QUERY } as_tokenize_for;

/* It stands where the token before it stands. */
#define AS_TOKEN_COLOCATED 1u

/* Bounds of what becomes a MATCH expression; what a question has beyond does not count. */
#define AS_MATCH_TEXT_MAX    ((size_t)16 << 10)
#define AS_MATCH_PHRASES_MAX 128u

/* Anything but 0 ends it and is the result. */
typedef int as_token_fn(void *ctx, unsigned flags, as_bytes token, size_t begin, size_t end);

int as_tokenize(as_bytes text, as_tokenize_for what, as_token_fn *fn, void *ctx);

/*
 * Appends the FTS5 MATCH expression for what a person typed: every word quoted, so that
 * nothing in it is syntax. Words are joined by OR (`all`: AND); the parts of one name are a
 * phrase, and so is text in double quotes. A run of three or more CJK characters is also
 * looked for pair by pair. Words like "the" and 的 are dropped where others remain. Empty if
 * there is no word in it.
 */
void as_match_expression(as_bytes query, bool all, as_buf *out);

struct sqlite3;
/* Makes the tokenizer known to a connection; an SQLite result code. */
int as_tokenizer_register(struct sqlite3 *db);

#ifdef __cplusplus
}
#endif
#endif

/*
 * tokenizer_priv - where words begin and end: for the tokenizer and for what is asked of it.
 *
 * Depends on: base; utf8proc.  Threads: re-entrant.
 */
#ifndef AS_TOKENIZER_PRIV_H
#define AS_TOKENIZER_PRIV_H

#include "store/ioc_priv.h"
#include "store/tokenizer.h"

/* What a word is made of. */
#define AS_WORD_LOWER 1u
#define AS_WORD_UPPER 2u
#define AS_WORD_DIGIT 4u
#define AS_WORD_UNDER 8u
#define AS_WORD_WIDE  16u /* something above U+007F */

/* The end of the word at `at`, or `at` if none begins there; *bits what it is made of. */
size_t as_word_end(as_bytes s, size_t at, unsigned *bits);

/* Behind the run of CJK characters at `at`, or `at`. */
size_t as_cjk_end(as_bytes s, size_t at);

/*
 * The length of a spelling of a dot (". [.] (dot) ..."), or of "[at]", that stands between
 * two words at `at`; *dot: which of them. 0: there is none.
 */
size_t as_dot_at(as_bytes s, size_t at, bool *dot);

#endif

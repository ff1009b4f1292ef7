/*
 * charsmap_priv - private to encode: the map by which SentencePiece normalises text.
 *
 * Four bytes of length, a double array (Darts: a tree of bytes in units of four bytes), and
 * replacements that end with NUL, which the tree's leaves address by byte. Whoever wrote the
 * file wrote all of these numbers: what can be reached from the root is checked on opening.
 *
 * Depends on: tokens_priv.h.
 */
#ifndef AS_CHARSMAP_PRIV_H
#define AS_CHARSMAP_PRIV_H

#include "encode/tokens_priv.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct as_charsmap {
    uint32_t *units;
    size_t n_units;  /* 0: every character stays */
    as_buf text;     /* of the replacements */
    bool stays[128]; /* a character of ASCII that stays where no other than ASCII follows */
} as_charsmap;

/* `raw` empty: a map that changes nothing. AS_INVALID: an offset leaves the map. */
as_code as_charsmap_read(as_bytes raw, as_charsmap *ret, as_err *err) AS_CHECKED;
as_code as_charsmap_base64(as_bytes text, as_charsmap *ret, as_err *err) AS_CHECKED;
void as_charsmap_done(as_charsmap *m);

/*
 * The replacement of the shortest, or longest, start of `text` that has one, and how much of
 * `text` that is. False: none has.
 */
bool as_charsmap_shortest(const as_charsmap *m, as_bytes text, as_bytes *ret);
bool as_charsmap_longest(const as_charsmap *m, as_bytes text, as_bytes *ret, size_t *ret_n);

#ifdef __cplusplus
}
#endif
#endif

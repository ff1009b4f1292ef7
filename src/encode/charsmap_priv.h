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
    uint8_t *still;  /* a bit for each of U+0000..U+FFFF that is Other and has no replacement */
} as_charsmap;

/* Of the class Other: between two of them there is always a boundary. The most usual are enough. */
static inline bool as_char_is_other(uint32_t c)
{
    return (c >= 0x20 && c < 0x7f) || (c >= 0x4e00 && c <= 0x9fff) ||
           (c >= 0x3041 && c <= 0x3096) || (c >= 0x30a1 && c <= 0x30fa) ||
           (c >= 0x3000 && c <= 0x3029) || (c >= 0xff01 && c <= 0xff5e) ||
           (c >= 0x410 && c <= 0x44f);
}

static inline bool as_charsmap_still(const as_charsmap *m, uint32_t c)
{
    return c < 0x10000 && (m->still[c >> 3] >> (c & 7) & 1) != 0;
}

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

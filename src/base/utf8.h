/*
 * utf8 - decoding, checking and measuring text.
 *
 * Depends on: base; libutf8proc (character widths and categories).
 * Threads: re-entrant.
 */
#ifndef AS_UTF8_H
#define AS_UTF8_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The code point at the start of `b` and in *ret_n its length in bytes (1..4).
 * An ill-formed byte gives -1 and length 1 (Unicode 15, table 3-7: no overlong
 * form, no surrogate, nothing above U+10FFFF). `b` must not be empty.
 */
int32_t as_utf8_next(as_bytes b, size_t *ret_n);

/* Length of `cp` written to dst: 1..4. `cp` must be a scalar value. */
size_t as_utf8_put(uint32_t cp, uint8_t dst[4]);

/* Offset of the first ill-formed byte, or b.n if all is well. */
size_t as_utf8_check(as_bytes b);

/* The property White_Space (Unicode 15, PropList.txt). */
static inline bool as_utf8_is_blank(uint32_t cp)
{
    if (cp < 0x80)
        return cp == ' ' || (cp >= 9 && cp <= 13);
    return cp == 0x85 || cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) ||
           cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f || cp == 0x3000;
}

/* Terminal columns of a code point: 0 (combining, format), 1, or 2 (wide CJK, emoji). */
int as_utf8_width_of(uint32_t cp);

/* Terminal columns of well-formed text without control characters. */
size_t as_utf8_width(as_bytes b);

/*
 * True for characters that must not reach a screen or a page as they are: C0 and
 * C1 controls, DEL, bidi controls and overrides (U+061C, U+200E-200F, U+202A-202E,
 * U+2066-2069), zero-width and other default-ignorable format characters, line and
 * paragraph separators, tag characters (U+E0000-E007F), private use, unassigned.
 */
bool as_utf8_is_hidden(uint32_t cp);

#ifdef __cplusplus
}
#endif
#endif

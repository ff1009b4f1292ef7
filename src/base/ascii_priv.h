/*
 * ascii_priv - skip over plain printable ASCII eight bytes at a time.
 *
 *     at = as_ascii_run(bytes, at, '"', '\\');     first byte that is not plain
 *
 * Plain is 0x20..0x7e. The two bytes named are not plain either; a caller that
 * has none to name gives 0x7f twice.
 *
 * Depends on: base.  Threads: re-entrant.
 */
#ifndef AS_ASCII_PRIV_H
#define AS_ASCII_PRIV_H

#include "base/base.h"

#include <string.h>

#define AS_ASCII_ONES  UINT64_C(0x0101010101010101)
#define AS_ASCII_HIGHS UINT64_C(0x8080808080808080)

/* High bit set in some byte of the result if and only if some byte of `word` is zero. */
static inline uint64_t as_ascii_zero(uint64_t word)
{
    return (word - AS_ASCII_ONES) & ~word & AS_ASCII_HIGHS;
}

/* True if no byte of `word` needs a closer look. Only "is there one", so no byte order. */
static inline bool as_ascii_plain8(uint64_t word, uint8_t stop1, uint8_t stop2)
{
    uint64_t low = (word - AS_ASCII_ONES * 0x20) & ~word;

    return ((low | word) & AS_ASCII_HIGHS) == 0 &&
           as_ascii_zero(word ^ AS_ASCII_ONES * 0x7f) == 0 &&
           as_ascii_zero(word ^ AS_ASCII_ONES * stop1) == 0 &&
           as_ascii_zero(word ^ AS_ASCII_ONES * stop2) == 0;
}

/* Offset of the first byte at or after `at` that is not plain, or b.n. */
static inline size_t as_ascii_run(as_bytes b, size_t at, uint8_t stop1, uint8_t stop2)
{
    uint64_t word;

    while (b.n - at >= sizeof(word)) {
        memcpy(&word, b.p + at, sizeof(word));
        if (!as_ascii_plain8(word, stop1, stop2))
            break;
        at += sizeof(word);
    }
    while (at < b.n && b.p[at] >= 0x20 && b.p[at] < 0x7f && b.p[at] != stop1 && b.p[at] != stop2)
        at++;
    return at;
}

#endif

/*
 * json_scan - private to base: find what is structural in a run of JSON bytes.
 *
 * A scanner walks whole 64-byte blocks and writes down the position of every
 * unescaped quote, of every bracket, comma and colon outside strings, and of
 * the first byte of every bare word (number or literal). The parser then never
 * looks at the bytes between. What only a scanner sees on its way it checks: UTF-8, control
 * characters in strings, escapes. It stops at the first fault.
 *
 * The three scanners differ in `classify` alone; json_scan_body.h is the rest.
 */
#ifndef AS_JSON_SCAN_H
#define AS_JSON_SCAN_H

#include "base/base.h"

#define AS_JSON_BLOCK 64

/* A scanner may look this far past the last block it was given: \uXXXX\uXXXX. */
#define AS_JSON_LOOKAHEAD 16

/* Positions that a scanner may write past those it counts. */
#define AS_JSON_SPILL 64

typedef enum as_json_fault {
    AS_JSON_FAULT_NONE,
    AS_JSON_FAULT_CONTROL,
    AS_JSON_FAULT_ESCAPE,
    AS_JSON_FAULT_UTF8
} as_json_fault;

/* Carried from block to block; zero at the start of the input. */
typedef struct as_json_scan {
    uint64_t in_string; /* all ones inside a string */
    uint64_t escaped;   /* 1: the next byte is escaped */
    uint64_t in_word;   /* 1: the last byte belonged to a bare word */
    uint32_t utf8;      /* state of the UTF-8 automaton, 0 between characters */
    as_json_fault fault;
    uint32_t fault_at; /* position in the buffer */
    uint64_t lone;     /* lone surrogates so far */
    uint64_t first_lone;
    uint64_t low_at; /* input offset where the low half of a pair is due */
} as_json_scan;

/*
 * Scans `blocks` blocks from p + at; writes positions relative to p to idx (which
 * has room for one per byte) and returns their number. `base` is the input offset
 * of p.
 */
typedef size_t as_json_scan_fn(as_json_scan *s, const uint8_t *p, uint32_t at, size_t blocks,
                               uint64_t base, uint32_t *idx);

as_json_scan_fn as_json_scan_plain;
#if defined(__x86_64__)
as_json_scan_fn as_json_scan_avx2;
as_json_scan_fn as_json_scan_avx512;
#endif

/* Slow paths shared by all scanners; both return false when they set a fault. */
bool as_json_scan_escapes(as_json_scan *s, const uint8_t *p, uint32_t at, uint64_t escaped,
                          uint64_t base);
bool as_json_scan_utf8(as_json_scan *s, const uint8_t *p, uint32_t at);

/*
 * Writes at + the position of each bit to idx and returns how many there are. Up to
 * seven more are written than that: idx has AS_JSON_SPILL to spare.
 */
static inline size_t as_json_put_positions(uint32_t *idx, uint64_t bits, uint32_t at)
{
    size_t n = (size_t)__builtin_popcountll(bits);

    for (size_t i = 0; i < n; i += 8) {
        for (size_t k = i; k < i + 8; k++) {
            idx[k] = at + (uint32_t)__builtin_ctzll(bits | (uint64_t)1 << 63);
            bits &= bits - 1;
        }
    }
    return n;
}

#endif

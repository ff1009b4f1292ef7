#include "base/json_scan.h"

#include <immintrin.h>

#include "base/banned.h"

struct masks {
    uint64_t quote, backslash, control, structural, blank, high;
};

static inline struct masks classify(const uint8_t *p)
{
    const __m512i blanks = _mm512_broadcast_i32x4(_mm_setr_epi8(
        ' ', 100, 100, 100, 17, 100, 113, 2, 100, '\t', '\n', 112, 100, '\r', 100, 100));
    /* See json_avx2.c for the two false members and why they are harmless. */
    const __m512i structure = _mm512_broadcast_i32x4(
        _mm_setr_epi8(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ':', '{', ',', '}', 1, 1));
    __m512i v = _mm512_loadu_si512(p);
    __m512i folded = _mm512_or_si512(v, _mm512_set1_epi8(0x20));
    struct masks m;

    m.quote = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"'));
    m.backslash = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\\'));
    m.control = _mm512_cmplt_epu8_mask(v, _mm512_set1_epi8(0x20));
    m.structural = _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(structure, v), folded);
    m.blank = _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(blanks, v), v);
    m.high = _mm512_movepi8_mask(v);
    return m;
}

static inline uint64_t prefix_xor(uint64_t bits)
{
    __m128i ones = _mm_set1_epi8((char)0xff);

    return (uint64_t)_mm_cvtsi128_si64(
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), ones, 0));
}

/* Sixteen positions at a time; most blocks have fewer. */
static inline size_t put_positions(uint32_t *idx, uint64_t bits, uint32_t at)
{
    const __m512i iota = _mm512_set_epi8(
        63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41,
        40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18,
        17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    __m512i packed = _mm512_maskz_compress_epi8(bits, iota), from = _mm512_set1_epi32((int)at);
    size_t n = (size_t)__builtin_popcountll(bits);

    for (size_t i = 0; i < n; i += 16) {
        __m512i wide = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed));

        _mm512_storeu_si512(idx + i, _mm512_add_epi32(wide, from));
        packed = _mm512_alignr_epi64(packed, packed, 2);
    }
    return n;
}

#include "base/json_scan_body.h"

size_t as_json_scan_avx512(as_json_scan *s, const uint8_t *p, uint32_t at, size_t blocks,
                           uint64_t base, uint32_t *idx)
{
    return scan_blocks(s, p, at, blocks, base, idx);
}

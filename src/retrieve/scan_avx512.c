#include "retrieve/scan.h"

#include <immintrin.h>

#include "base/banned.h"

/*
 * dpbusd wants one side unsigned: 128 is added to each byte of `a` (the top bit flipped),
 * and 128 times the sum of b taken away at the end.
 */
static inline __m512i load(const int8_t *p)
{
    return _mm512_loadu_si512((const void *)p);
}

static inline __m512i load_high(const int8_t *p)
{
    return _mm512_xor_si512(load(p), _mm512_set1_epi8((char)0x80));
}

static int32_t dot(const int8_t *a, const int8_t *b, size_t stride)
{
    const __m512i high = _mm512_set1_epi8((char)0x80);
    __m512i sum = _mm512_setzero_si512(), extra = sum;

    for (size_t i = 0; i < stride; i += 64) {
        __m512i other = load(b + i);

        sum = _mm512_dpbusd_epi32(sum, load_high(a + i), other);
        extra = _mm512_dpbusd_epi32(extra, high, other);
    }
    return _mm512_reduce_add_epi32(_mm512_sub_epi32(sum, extra));
}

static void dots(const int8_t *codes, size_t stride, size_t n, const int8_t *query, int32_t *ret)
{
    const __m512i high = _mm512_set1_epi8((char)0x80);
    __m512i extra = _mm512_setzero_si512();
    size_t i = 0;

    for (size_t k = 0; k < stride; k += 64)
        extra = _mm512_dpbusd_epi32(extra, high, load(query + k));
    for (; i + 4 <= n; i += 4) {
        const int8_t *row = codes + i * stride;
        __m512i sum[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(),
                          _mm512_setzero_si512()};

        for (size_t k = 0; k < stride; k += 64) {
            __m512i q = load(query + k);

            for (size_t r = 0; r < 4; r++) {
                __builtin_prefetch(row + r * stride + k + AS_SCAN_AHEAD);
                sum[r] = _mm512_dpbusd_epi32(sum[r], load_high(row + r * stride + k), q);
            }
        }
        for (size_t r = 0; r < 4; r++)
            ret[i + r] = _mm512_reduce_add_epi32(_mm512_sub_epi32(sum[r], extra));
    }
    for (; i < n; i++)
        ret[i] = dot(codes + i * stride, query, stride);
}

const as_scan as_scan_avx512 = {"avx512vnni", dot, dots};

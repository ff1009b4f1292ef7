#include "retrieve/scan.h"

#include <immintrin.h>

#include "base/banned.h"

/*
 * Adds the products of 32 pairs. maddubs wants one side unsigned: |a| times b with the sign
 * of a. Two products make at most 2 * 127 * 127, which fits its 16 bits.
 */
static inline __m256i add_products(__m256i sum, __m256i a, __m256i b)
{
    __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(a), _mm256_sign_epi8(b, a));

    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

static inline __m256i load(const int8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static inline int32_t total(__m256i sum)
{
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));

    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, _MM_SHUFFLE(1, 0, 3, 2)));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, _MM_SHUFFLE(2, 3, 0, 1)));
    return _mm_cvtsi128_si32(half);
}

static int32_t dot(const int8_t *a, const int8_t *b, size_t stride)
{
    __m256i even = _mm256_setzero_si256(), odd = even;

    for (size_t i = 0; i < stride; i += 64) {
        even = add_products(even, load(a + i), load(b + i));
        odd = add_products(odd, load(a + i + 32), load(b + i + 32));
    }
    return total(_mm256_add_epi32(even, odd));
}

static void dots(const int8_t *codes, size_t stride, size_t n, const int8_t *query, int32_t *ret)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < stride; k += 64)
            __builtin_prefetch(codes + i * stride + k + AS_SCAN_AHEAD);
        ret[i] = dot(codes + i * stride, query, stride);
    }
}

const as_scan as_scan_avx2 = {"avx2", dot, dots};

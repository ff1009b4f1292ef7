#include "base/json_scan.h"

#include <immintrin.h>

#include "base/banned.h"

struct masks {
    uint64_t quote, backslash, control, structural, blank, high;
};

static inline uint64_t mask_of(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                     << 32;
}

static inline uint64_t equal(__m256i low, __m256i high, char c)
{
    __m256i wanted = _mm256_set1_epi8(c);

    return mask_of(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
}

/* Bytes that stand in `table` at the place of their own low four bits. */
static inline uint64_t member(__m256i low, __m256i high, __m256i table, __m256i fold)
{
    __m256i a = _mm256_or_si256(low, fold), b = _mm256_or_si256(high, fold);

    return mask_of(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, low), a),
                   _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, high), b));
}

static inline struct masks classify(const uint8_t *p)
{
    const __m256i blanks = _mm256_setr_epi8(' ', 100, 100, 100, 17, 100, 113, 2, 100, '\t', '\n',
                                            112, 100, '\r', 100, 100, ' ', 100, 100, 100, 17, 100,
                                            113, 2, 100, '\t', '\n', 112, 100, '\r', 100, 100);
    /* With bit 5 set, [ and ] are { and }. Form feed and 0x1a come in as well: the
     * parser refuses them by their own value. */
    const __m256i structure =
        _mm256_setr_epi8(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ':', '{', ',', '}', 1, 1, 1, 1, 1, 1, 1, 1,
                         1, 1, 1, 1, ':', '{', ',', '}', 1, 1);
    const __m256i zero = _mm256_setzero_si256(), last_control = _mm256_set1_epi8(0x1f);
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)p);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
    struct masks m;

    m.quote = equal(low, high, '"');
    m.backslash = equal(low, high, '\\');
    m.control = mask_of(_mm256_cmpeq_epi8(_mm256_min_epu8(low, last_control), low),
                        _mm256_cmpeq_epi8(_mm256_min_epu8(high, last_control), high));
    m.structural = member(low, high, structure, _mm256_set1_epi8(0x20));
    m.blank = member(low, high, blanks, zero);
    m.high = mask_of(low, high);
    return m;
}

static inline uint64_t prefix_xor(uint64_t bits)
{
    __m128i ones = _mm_set1_epi8((char)0xff);

    return (uint64_t)_mm_cvtsi128_si64(
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), ones, 0));
}

#define put_positions as_json_put_positions
#include "base/json_scan_body.h"

size_t as_json_scan_avx2(as_json_scan *s, const uint8_t *p, uint32_t at, size_t blocks,
                         uint64_t base, uint32_t *idx)
{
    return scan_blocks(s, p, at, blocks, base, idx);
}

#include "base/utf8.h"

#include <string.h>
#include <utf8proc.h>

#include "base/banned.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)

static bool is_tail(uint8_t c)
{
    return (c & 0xc0) == 0x80;
}

/* The second byte decides about overlong forms, surrogates and the ceiling. */
static bool second_fits(uint8_t lead, uint8_t second)
{
    switch (lead) {
    case 0xe0:
        return second >= 0xa0 && second <= 0xbf;
    case 0xed:
        return second >= 0x80 && second <= 0x9f;
    case 0xf0:
        return second >= 0x90 && second <= 0xbf;
    case 0xf4:
        return second >= 0x80 && second <= 0x8f;
    default:
        return is_tail(second);
    }
}

int32_t as_utf8_next(as_bytes b, size_t *ret_n)
{
    const uint8_t *p = b.p;
    uint8_t c = p[0];

    *ret_n = 1;
    if (c < 0x80)
        return c;
    if (c < 0xc2 || c > 0xf4 || b.n < 2 || !second_fits(c, p[1]))
        return -1;
    if (c < 0xe0) {
        *ret_n = 2;
        return (c & 0x1f) << 6 | (p[1] & 0x3f);
    }
    if (b.n < 3 || !is_tail(p[2]))
        return -1;
    if (c < 0xf0) {
        *ret_n = 3;
        return (c & 0x0f) << 12 | (p[1] & 0x3f) << 6 | (p[2] & 0x3f);
    }
    if (b.n < 4 || !is_tail(p[3]))
        return -1;
    *ret_n = 4;
    return (c & 0x07) << 18 | (p[1] & 0x3f) << 12 | (p[2] & 0x3f) << 6 | (p[3] & 0x3f);
}

size_t as_utf8_put(uint32_t cp, uint8_t dst[4])
{
    if (cp < 0x80) {
        dst[0] = (uint8_t)cp;
        return 1;
    }
    if (cp < 0x800) {
        dst[0] = (uint8_t)(0xc0 | cp >> 6);
        dst[1] = (uint8_t)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        dst[0] = (uint8_t)(0xe0 | cp >> 12);
        dst[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
        dst[2] = (uint8_t)(0x80 | (cp & 0x3f));
        return 3;
    }
    dst[0] = (uint8_t)(0xf0 | cp >> 18);
    dst[1] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
    dst[2] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
    dst[3] = (uint8_t)(0x80 | (cp & 0x3f));
    return 4;
}

/* First byte at or after `at` that is not ASCII, in steps of eight while they are. */
static size_t skip_ascii(as_bytes b, size_t at)
{
    uint64_t word;

    while (b.n - at >= sizeof(word)) {
        memcpy(&word, b.p + at, sizeof(word));
        if (word & HIGH_BITS)
            break;
        at += sizeof(word);
    }
    while (at < b.n && b.p[at] < 0x80)
        at++;
    return at;
}

size_t as_utf8_check(as_bytes b)
{
    size_t at = 0;

    while ((at = skip_ascii(b, at)) < b.n) {
        size_t used;

        if (as_utf8_next((as_bytes){b.p + at, b.n - at}, &used) < 0)
            break;
        at += used;
    }
    return at;
}

int as_utf8_width_of(uint32_t cp)
{
    if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp > 0x10ffff)
        return 0;
    if (cp < 0x300)
        return cp == 0xad ? 0 : 1;
    /* Vowels and finals of Hangul join the syllable before them. */
    if (cp >= 0x1160 && cp <= 0x11ff)
        return 0;
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return 0;
    default:
        return utf8proc_charwidth((utf8proc_int32_t)cp);
    }
}

size_t as_utf8_width(as_bytes b)
{
    size_t columns = 0, at = 0;

    while (at < b.n) {
        size_t next = skip_ascii(b, at), used;
        int32_t cp;

        columns += next - at;
        if (next == b.n)
            break;
        cp = as_utf8_next((as_bytes){b.p + next, b.n - next}, &used);
        columns += cp < 0 ? 1 : (size_t)as_utf8_width_of((uint32_t)cp);
        at = next + used;
    }
    return columns;
}

struct range {
    uint32_t first;
    uint32_t last;
};

static bool in_ranges(uint32_t cp, const struct range *r, size_t n)
{
    for (size_t i = 0; i < n && cp >= r[i].first; i++) {
        if (cp <= r[i].last)
            return true;
    }
    return false;
}

/* Format characters with a glyph of their own (Prepended_Concatenation_Mark). */
static bool is_drawn_format(uint32_t cp)
{
    static const struct range drawn[] = {
        {0x0600, 0x0605}, {0x06dd, 0x06dd},   {0x070f, 0x070f},   {0x0890, 0x0891},
        {0x08e2, 0x08e2}, {0x110bd, 0x110bd}, {0x110cd, 0x110cd},
    };

    return in_ranges(cp, drawn, AS_COUNT(drawn));
}

/*
 * Default_Ignorable_Code_Point among marks and letters: fillers that look like
 * nothing, and variation selectors, which can carry a hidden message byte by byte.
 */
static bool is_ignorable(uint32_t cp)
{
    static const struct range ignorable[] = {
        {0x034f, 0x034f}, {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},
        {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xffa0, 0xffa0}, {0xe0000, 0xe0fff},
    };

    return in_ranges(cp, ignorable, AS_COUNT(ignorable));
}

bool as_utf8_is_hidden(uint32_t cp)
{
    if (cp < 0xa0)
        return cp < 0x20 || cp >= 0x7f;
    if (cp > 0x10ffff)
        return true;
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_CF:
        return !is_drawn_format(cp);
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return true;
    default:
        return is_ignorable(cp);
    }
}

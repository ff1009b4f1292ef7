#include "base/json_scan.h"

#include <string.h>

#include "base/banned.h"

/* Eight bytes at a time in a 64-bit word: the scanner for every other processor. */

struct masks {
    uint64_t quote, backslash, control, structural, blank, high;
};

#define ONES 0x0101010101010101u
#define LOW7 0x7f7f7f7f7f7f7f7fu

/* The top bit of every byte, gathered into eight bits. */
static inline uint64_t gather(uint64_t tops)
{
    return (tops >> 7) * 0x0102040810204080u >> 56;
}

/* Top bit set exactly in the bytes of w that are zero. */
static inline uint64_t zero_bytes(uint64_t w)
{
    return ~(((w & LOW7) + LOW7) | w | LOW7);
}

static inline uint64_t equal_bytes(uint64_t w, uint8_t byte)
{
    return zero_bytes(w ^ ONES * byte);
}

static struct masks classify(const uint8_t *p)
{
    struct masks m = {0};

    for (unsigned i = 0; i < AS_JSON_BLOCK; i += 8) {
        uint64_t w, folded;

        memcpy(&w, p + i, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        w = __builtin_bswap64(w);
#endif
        folded = w | ONES * 0x20; /* [ and ] become { and } */
        m.quote |= gather(equal_bytes(w, '"')) << i;
        m.backslash |= gather(equal_bytes(w, '\\')) << i;
        m.control |= gather(zero_bytes(w & ONES * 0xe0)) << i;
        m.structural |= gather(equal_bytes(folded, '{') | equal_bytes(folded, '}') |
                               equal_bytes(w, ',') | equal_bytes(w, ':'))
                        << i;
        m.blank |= gather(equal_bytes(w, ' ') | equal_bytes(w, '\n') | equal_bytes(w, '\r') |
                          equal_bytes(w, '\t'))
                   << i;
        m.high |= gather(w & ~(uint64_t)LOW7) << i;
    }
    return m;
}

static inline uint64_t prefix_xor(uint64_t bits)
{
    for (unsigned shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

#define put_positions as_json_put_positions
#include "base/json_scan_body.h"

size_t as_json_scan_plain(as_json_scan *s, const uint8_t *p, uint32_t at, size_t blocks,
                          uint64_t base, uint32_t *idx)
{
    return scan_blocks(s, p, at, blocks, base, idx);
}

static bool fail_at(as_json_scan *s, as_json_fault fault, uint32_t at)
{
    s->fault = fault;
    s->fault_at = at;
    return false;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The number of good hex digits at p, up to four; *ret_unit is their value. */
static uint32_t read_unit(const uint8_t *p, uint32_t *ret_unit)
{
    uint32_t unit = 0;

    for (uint32_t i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);

        if (digit < 0)
            return i;
        unit = unit << 4 | (uint32_t)digit;
    }
    *ret_unit = unit;
    return 4;
}

static void note_lone(as_json_scan *s, uint64_t offset)
{
    if (!s->lone++)
        s->first_lone = offset;
}

/* `at` is the position of the u of \uXXXX. */
static bool check_unit(as_json_scan *s, const uint8_t *p, uint32_t at, uint64_t base)
{
    uint64_t offset = base + at - 1;
    uint32_t unit = 0, next = 0, good = read_unit(p + at + 1, &unit);

    if (good < 4)
        return fail_at(s, AS_JSON_FAULT_ESCAPE, at + 1 + good);
    if (unit >= 0xdc00 && unit <= 0xdfff && s->low_at != offset)
        note_lone(s, offset);
    if (unit < 0xd800 || unit > 0xdbff)
        return true;
    if (p[at + 5] == '\\' && p[at + 6] == 'u' && read_unit(p + at + 7, &next) == 4 &&
        next >= 0xdc00 && next <= 0xdfff)
        s->low_at = offset + 6;
    else
        note_lone(s, offset);
    return true;
}

bool as_json_scan_escapes(as_json_scan *s, const uint8_t *p, uint32_t at, uint64_t escaped,
                          uint64_t base)
{
    for (; escaped; escaped &= escaped - 1) {
        uint32_t here = at + (uint32_t)__builtin_ctzll(escaped);

        switch (p[here]) {
        case '"':
        case '\\':
        case '/':
        case 'b':
        case 'f':
        case 'n':
        case 'r':
        case 't':
            break;
        case 'u':
            if (!check_unit(s, p, here, base))
                return false;
            break;
        default:
            return fail_at(s, AS_JSON_FAULT_ESCAPE, here);
        }
    }
    return true;
}

/*
 * Unicode 15, table 3-7. The state packs what is still to come: the number of
 * continuation bytes in bits 0-1 and, for the first of them, its allowed range in
 * bits 8-15 (low) and 16-23 (high).
 */
static uint32_t utf8_lead(uint8_t c)
{
    const uint32_t any = 0xbf8000u;

    if (c >= 0xc2 && c <= 0xdf)
        return any | 1;
    if (c == 0xe0)
        return 0xbfa000u | 2;
    if (c == 0xed)
        return 0x9f8000u | 2;
    if (c >= 0xe1 && c <= 0xef)
        return any | 2;
    if (c == 0xf0)
        return 0xbf9000u | 3;
    if (c >= 0xf1 && c <= 0xf3)
        return any | 3;
    if (c == 0xf4)
        return 0x8f8000u | 3;
    return 0;
}

bool as_json_scan_utf8(as_json_scan *s, const uint8_t *p, uint32_t at)
{
    uint32_t state = s->utf8;

    for (uint32_t i = at; i < at + AS_JSON_BLOCK; i++) {
        uint8_t c = p[i];

        if (state) {
            if (c < (state >> 8 & 0xff) || c > state >> 16)
                return fail_at(s, AS_JSON_FAULT_UTF8, i);
            state = (state & 3) > 1 ? 0xbf8000u | ((state & 3) - 1) : 0;
        } else if (c >= 0x80) {
            state = utf8_lead(c);
            if (!state)
                return fail_at(s, AS_JSON_FAULT_UTF8, i);
        }
    }
    s->utf8 = state;
    return true;
}

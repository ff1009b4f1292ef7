#include "base/utf8.h"
#include "base/xml.h"
#include "base/xml_priv.h"

#include <string.h>

#include "base/banned.h"

#define BLOCK 64

#define S (AS_XML_NAME_START | AS_XML_NAME)
#define N AS_XML_NAME

const uint8_t as_xml_ascii[128] = {
    ['-'] = N, ['.'] = N, ['0'] = N, ['1'] = N, ['2'] = N, ['3'] = N, ['4'] = N, ['5'] = N,
    ['6'] = N, ['7'] = N, ['8'] = N, ['9'] = N, [':'] = S, ['_'] = S, ['A'] = S, ['B'] = S,
    ['C'] = S, ['D'] = S, ['E'] = S, ['F'] = S, ['G'] = S, ['H'] = S, ['I'] = S, ['J'] = S,
    ['K'] = S, ['L'] = S, ['M'] = S, ['N'] = S, ['O'] = S, ['P'] = S, ['Q'] = S, ['R'] = S,
    ['S'] = S, ['T'] = S, ['U'] = S, ['V'] = S, ['W'] = S, ['X'] = S, ['Y'] = S, ['Z'] = S,
    ['a'] = S, ['b'] = S, ['c'] = S, ['d'] = S, ['e'] = S, ['f'] = S, ['g'] = S, ['h'] = S,
    ['i'] = S, ['j'] = S, ['k'] = S, ['l'] = S, ['m'] = S, ['n'] = S, ['o'] = S, ['p'] = S,
    ['q'] = S, ['r'] = S, ['s'] = S, ['t'] = S, ['u'] = S, ['v'] = S, ['w'] = S, ['x'] = S,
    ['y'] = S, ['z'] = S,
};

#undef S
#undef N

bool as_xml_is_char(uint32_t cp)
{
    if (cp < 0x20)
        return cp == '\t' || cp == '\n' || cp == '\r';
    return cp <= 0xd7ff || (cp >= 0xe000 && cp <= 0xfffd) || (cp >= 0x10000 && cp <= 0x10ffff);
}

struct range {
    uint32_t first, last;
};

static bool is_within(uint32_t cp, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (cp >= ranges[i].first && cp <= ranges[i].last)
            return true;
    }
    return false;
}

bool as_xml_starts_name(uint32_t cp)
{
    static const struct range ranges[] = {
        {0xc0, 0xd6},     {0xd8, 0xf6},     {0xf8, 0x2ff},    {0x370, 0x37d},
        {0x37f, 0x1fff},  {0x200c, 0x200d}, {0x2070, 0x218f}, {0x2c00, 0x2fef},
        {0x3001, 0xd7ff}, {0xf900, 0xfdcf}, {0xfdf0, 0xfffd}, {0x10000, 0xeffff},
    };

    return is_within(cp, ranges, AS_COUNT(ranges));
}

bool as_xml_is_in_name(uint32_t cp)
{
    static const struct range ranges[] = {{0xb7, 0xb7}, {0x300, 0x36f}, {0x203f, 0x2040}};

    return as_xml_starts_name(cp) || is_within(cp, ranges, AS_COUNT(ranges));
}

/* One fixed round number, so that compilers turn the loop into a few wide compares. */
static bool is_plain_block(const uint8_t *p)
{
    uint8_t odd = 0;

    for (size_t i = 0; i < BLOCK; i++) {
        uint8_t c = p[i];

        odd |= (uint8_t)((c > 0x7f) | ((c < 0x20) & (c != '\t') & (c != '\n') & (c != '\r')));
    }
    return !odd;
}

size_t as_xml_plain_run(const uint8_t *p, size_t n)
{
    size_t at = 0;

    while (n - at >= BLOCK && is_plain_block(p + at))
        at += BLOCK;
    while (at < n && p[at] <= 0x7f && as_xml_is_char(p[at]))
        at++;
    return at;
}

/* --- references ------------------------------------------------------------------ */

static const struct {
    const char *name;
    uint8_t c;
} entities[] = {{"lt;", '<'}, {"gt;", '>'}, {"amp;", '&'}, {"quot;", '"'}, {"apos;", '\''}};

static int digit_of(uint8_t c, uint32_t base)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return base == 16 && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "&#60;" or "&#x3c;"; leading zeros are the grammar's, within the length limit. */
static size_t number(as_bytes b, uint32_t *ret)
{
    uint32_t base = 10, cp = 0;
    size_t at = 2, first;

    if (b.n < 3)
        return SIZE_MAX;
    if (b.p[at] == 'x') {
        base = 16;
        at++;
    }
    for (first = at; at < b.n && at < AS_XML_REFERENCE_MAX; at++) {
        int digit = digit_of(b.p[at], base);

        if (digit < 0) {
            if (b.p[at] != ';' || at == first || !as_xml_is_char(cp))
                return 0;
            *ret = cp;
            return at + 1;
        }
        cp = cp * base + (uint32_t)digit;
        if (cp > 0x10ffff)
            return 0;
    }
    return b.n < AS_XML_REFERENCE_MAX ? SIZE_MAX : 0;
}

size_t as_xml_reference(as_bytes b, uint32_t *ret)
{
    if (b.n < 2)
        return SIZE_MAX;
    if (b.p[1] == '#')
        return number(b, ret);
    for (size_t i = 0; i < AS_COUNT(entities); i++) {
        size_t n = strlen(entities[i].name), have = b.n - 1 < n ? b.n - 1 : n;

        if (memcmp(b.p + 1, entities[i].name, have) != 0)
            continue;
        if (have < n)
            return SIZE_MAX;
        *ret = entities[i].c;
        return n + 1;
    }
    return 0;
}

/* --- texts ------------------------------------------------------------------------- */

static bool is_plain_text(as_bytes raw, bool references, bool blanks)
{
    for (size_t i = 0; i < raw.n; i++) {
        uint8_t c = raw.p[i];

        if (c == '\r' || (c == '&' && references) || (blanks && (c == '\t' || c == '\n')))
            return false;
    }
    return true;
}

/* Undoes what is written at `at`, which is not plain; returns how much of `raw` that was. */
static size_t undo_one(as_bytes raw, size_t at, bool references, bool blanks, as_buf *out)
{
    uint8_t c = raw.p[at], utf8[4];
    uint32_t cp = 0;

    if (c == '&' && references) {
        size_t n = as_xml_reference((as_bytes){raw.p + at, raw.n - at}, &cp);

        if (n == 0 || n > raw.n - at) { /* a parser's tokens never hold such */
            as_buf_byte(out, c);
            return 1;
        }
        as_buf_add(out, (as_bytes){utf8, as_utf8_put(cp, utf8)});
        return n;
    }
    if (c == '\r') {
        as_buf_byte(out, blanks ? ' ' : '\n');
        return at + 1 < raw.n && raw.p[at + 1] == '\n' ? 2 : 1;
    }
    as_buf_byte(out, blanks && as_xml_is_blank(c) ? ' ' : c);
    return 1;
}

static as_code undo(as_bytes raw, bool references, bool blanks, as_buf *scratch, as_bytes *ret)
{
    size_t at = 0;

    if (is_plain_text(raw, references, blanks)) {
        *ret = raw;
        return AS_OK;
    }
    as_buf_reset(scratch);
    while (at < raw.n) {
        size_t from = at;

        while (at < raw.n && raw.p[at] != '&' && raw.p[at] >= 0x20)
            at++;
        as_buf_add(scratch, (as_bytes){raw.p + from, at - from});
        if (at < raw.n)
            at += undo_one(raw, at, references, blanks, scratch);
    }
    if (scratch->failed)
        return AS_NOMEM;
    *ret = as_buf_bytes(scratch);
    return AS_OK;
}

as_code as_xml_text(const as_xml_tok *t, as_buf *scratch, as_bytes *ret)
{
    return undo(t->raw, !t->cdata, false, scratch, ret);
}

as_code as_xml_value(as_bytes raw, as_buf *scratch, as_bytes *ret)
{
    return undo(raw, true, true, scratch, ret);
}

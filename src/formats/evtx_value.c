#include "formats/winevent_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#include "base/banned.h"

/*
 * Values of binary XML as text (MS-EVEN6 section 2.2.12, and what real files hold):
 * the spelling of the tools that write events as JSON, so that both forms of one
 * event say the same.
 */

static uint64_t le(const uint8_t *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = n; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

void as_evtx_utf16(as_bytes utf16, as_buf *out)
{
    uint8_t *room = as_buf_room(out, utf16.n / 2 * 3);
    size_t n = 0;

    if (!room)
        return;
    for (size_t i = 0; i + 1 < utf16.n; i += 2) {
        uint32_t c = (uint32_t)le(utf16.p + i, 2);

        if (c < 0x80) {
            room[n++] = (uint8_t)c;
            continue;
        }
        if (c >= 0xd800 && c < 0xdc00 && i + 3 < utf16.n) {
            uint32_t low = (uint32_t)le(utf16.p + i + 2, 2);

            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                i += 2;
            }
        }
        if (c >= 0xd800 && c < 0xe000)
            c = 0xfffd;
        n += as_utf8_put(c, room + n);
    }
    out->n += n;
}

/* Unsigned decimal; signed ones give their magnitude. */
static void put_int(as_buf *out, const uint8_t *p, size_t n, bool is_signed)
{
    uint64_t v = le(p, n);

    if (is_signed && (p[n - 1] & 0x80)) {
        if (n < 8)
            v |= ~(uint64_t)0 << (8 * n);
        as_buf_byte(out, '-');
        v = 0 - v;
    }
    as_buf_u64(out, v);
}

static void put_hex(as_buf *out, uint64_t v)
{
    uint8_t digits[16];
    size_t n = 0;

    do {
        digits[n++] = (uint8_t) "0123456789abcdef"[v & 15];
        v >>= 4;
    } while (v);
    as_buf_text(out, "0x");
    while (n > 0)
        as_buf_byte(out, digits[--n]);
}

static void put_hex_bytes(as_buf *out, const uint8_t *p, size_t n)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < n; i++) {
        as_buf_byte(out, (uint8_t)digits[p[i] >> 4]);
        as_buf_byte(out, (uint8_t)digits[p[i] & 15]);
    }
}

static void put_guid(as_buf *out, const uint8_t *p)
{
    static const uint8_t order[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

    for (size_t i = 0; i < sizeof(order); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            as_buf_byte(out, '-');
        put_hex_bytes(out, p + order[i], 1);
    }
}

/* The shortest text that reads back as the same number. */
static as_form put_real(as_buf *out, double v, int digits_min, int digits_max)
{
    if (!isfinite(v)) {
        as_buf_text(out, isnan(v) ? "NaN" : v < 0 ? "-inf" : "inf");
        return AS_FORM_TEXT;
    }
    for (int digits = digits_min; digits <= digits_max; digits++) {
        size_t at = out->n;
        double back = 0;
        char text[40] = "";

        as_buf_printf(out, "%.*g", digits, v);
        if (out->failed || out->n - at >= sizeof(text))
            break;
        memcpy(text, out->p + at, out->n - at);
        if (sscanf(text, "%lf", &back) == 1 &&
            (digits_max < 10 ? (float)back == (float)v : back == v))
            break;
        if (digits < digits_max)
            out->n = at;
    }
    return AS_FORM_NUMBER;
}

/* Days since 1970-01-01 to a date of the Gregorian calendar. */
static void put_date(as_buf *out, uint64_t days)
{
    uint64_t z = days + 719468, era = z / 146097, of_era = z % 146097;
    uint64_t year_of = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint64_t day_of = of_era - (365 * year_of + year_of / 4 - year_of / 100);
    uint64_t m = (5 * day_of + 2) / 153, month = m < 10 ? m + 3 : m - 9;

    as_buf_printf(out, "%04u-%02u-%02u", (unsigned)(year_of + era * 400 + (month <= 2)),
                  (unsigned)month, (unsigned)(day_of - (153 * m + 2) / 5 + 1));
}

#define FILETIME_1970 116444736000000000u /* in units of 100 ns since 1601 */

/* Times before 1970 are no times of events: those are told as the number they are. */
static void put_filetime(as_buf *out, uint64_t v)
{
    uint64_t us, s;

    if (v < FILETIME_1970) {
        as_buf_u64(out, v);
        return;
    }
    us = (v - FILETIME_1970) / 10;
    s = us / 1000000;
    put_date(out, s / 86400);
    as_buf_printf(out, "T%02u:%02u:%02u.%06uZ", (unsigned)(s / 3600 % 24), (unsigned)(s / 60 % 60),
                  (unsigned)(s % 60), (unsigned)(us % 1000000));
}

static void put_systemtime(as_buf *out, const uint8_t *p)
{
    as_buf_printf(out, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ", (unsigned)le(p, 2),
                  (unsigned)le(p + 2, 2), (unsigned)le(p + 6, 2), (unsigned)le(p + 8, 2),
                  (unsigned)le(p + 10, 2), (unsigned)le(p + 12, 2),
                  (unsigned)le(p + 14, 2) * 1000u);
}

/* Revision, count, authority (big-endian), and `count` numbers. */
static size_t put_sid(as_buf *out, as_bytes b)
{
    uint64_t authority = 0;
    size_t n = b.n >= 8 ? 8 + 4 * (size_t)b.p[1] : 0;

    if (!n || n > b.n || b.p[1] > 15)
        return 0;
    for (size_t i = 2; i < 8; i++)
        authority = authority << 8 | b.p[i];
    as_buf_text(out, "S-");
    as_buf_u64(out, b.p[0]);
    as_buf_byte(out, '-');
    as_buf_u64(out, authority);
    for (size_t i = 8; i < n; i += 4) {
        as_buf_byte(out, '-');
        as_buf_u64(out, le(b.p + i, 4));
    }
    return n;
}

/* The system's code page is not in the file; bytes above 7F are taken as Latin-1. */
static void put_ansi(as_buf *out, as_bytes b)
{
    uint8_t utf8[4];

    for (size_t i = 0; i < b.n; i++)
        as_buf_add(out, (as_bytes){utf8, as_utf8_put(b.p[i], utf8)});
}

/* Bytes of a text, the NUL that ends it in a list included. */
static size_t text_size(as_bytes b, size_t unit, bool list)
{
    size_t n = 0;

    if (!list)
        return b.n - b.n % unit;
    while (n + unit <= b.n && le(b.p + n, unit))
        n += unit;
    return n + unit <= b.n ? n + unit : b.n;
}

static size_t put_text(as_buf *out, as_bytes b, size_t unit, bool list)
{
    size_t used = text_size(b, unit, list), n = used - used % unit;

    while (n >= unit && !le(b.p + n - unit, unit))
        n -= unit;
    if (unit == 2)
        as_evtx_utf16((as_bytes){b.p, n}, out);
    else
        put_ansi(out, (as_bytes){b.p, n});
    return used;
}

/* Bytes of one value of a type of fixed size; 0: of none. */
static size_t size_of(unsigned type, size_t n)
{
    static const uint8_t sizes[] = {
        [0x03] = 1, [0x04] = 1,  [0x05] = 2, [0x06] = 2, [0x07] = 4, [0x08] = 4,
        [0x09] = 8, [0x0a] = 8,  [0x0b] = 4, [0x0c] = 8, [0x0d] = 4, [0x0f] = 16,
        [0x11] = 8, [0x12] = 16, [0x14] = 4, [0x15] = 8,
    };

    if (type == 0x10)
        return n % 8 == 0 ? 8 : 4;
    return type < AS_COUNT(sizes) ? sizes[type] : 0;
}

static as_form put_fixed(as_buf *out, unsigned type, const uint8_t *p, size_t n)
{
    double real;
    float single;

    switch (type) {
    case 0x03:
    case 0x05:
    case 0x07:
    case 0x09:
    case 0x04:
    case 0x06:
    case 0x08:
    case 0x0a:
        put_int(out, p, n, type & 1);
        return AS_FORM_NUMBER;
    case 0x0b:
        memcpy(&single, p, sizeof(single));
        return put_real(out, (double)single, 6, 9);
    case 0x0c:
        memcpy(&real, p, sizeof(real));
        return put_real(out, real, 15, 17);
    case 0x0d:
        as_buf_text(out, le(p, n) ? "true" : "false");
        return le(p, n) ? AS_FORM_TRUE : AS_FORM_FALSE;
    case 0x0f:
        put_guid(out, p);
        return AS_FORM_TEXT;
    case 0x11:
        put_filetime(out, le(p, n));
        return AS_FORM_TEXT;
    case 0x12:
        put_systemtime(out, p);
        return AS_FORM_TEXT;
    default: /* sizes and what is to be shown in hex */
        put_hex(out, le(p, n));
        return AS_FORM_TEXT;
    }
}

size_t as_evtx_value(unsigned type, as_bytes bytes, as_buf *out, as_form *ret_form)
{
    bool list = type & AS_EVTX_LIST;
    unsigned base = type & ~AS_EVTX_LIST;
    size_t n = size_of(base, bytes.n);

    *ret_form = AS_FORM_TEXT;
    if (!bytes.n)
        return 0;
    if (n) {
        if (n > bytes.n)
            return 0;
        *ret_form = put_fixed(out, base, bytes.p, n);
        return list ? n : bytes.n;
    }
    switch (base) {
    case 0x00:
        return bytes.n;
    case 0x01:
    case 0x23: /* XML as text */
        return put_text(out, bytes, 2, list);
    case 0x02:
        return put_text(out, bytes, 1, list);
    case 0x13:
        n = put_sid(out, bytes);
        return list || !n ? n : bytes.n;
    default: /* binary, handles, and what nobody has described */
        put_hex_bytes(out, bytes.p, bytes.n);
        return bytes.n;
    }
}

#include "formats/vmray_priv.h"

#include "base/utf8.h"

#include <string.h>

#include "base/banned.h"

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What the backslash at `at` stands for; returns how much of `text` that was. */
static size_t unescape_one(as_bytes text, size_t at, as_buf *out)
{
    size_t left = text.n - at;
    uint8_t utf8[4];

    if (left >= 2 && text.p[at + 1] == '\\') {
        as_buf_byte(out, '\\');
        return 2;
    }
    if (left >= 4 && text.p[at + 1] == 'x') {
        int high = hex_digit(text.p[at + 2]), low = hex_digit(text.p[at + 3]);

        if (high >= 0 && low >= 0) {
            as_buf_add(out, (as_bytes){utf8, as_utf8_put((uint32_t)(high * 16 + low), utf8)});
            return 4;
        }
    }
    as_buf_byte(out, '\\');
    return 1;
}

as_code as_vmray_unescape(as_bytes text, as_buf *scratch, as_bytes *ret)
{
    const uint8_t *hit = text.n ? memchr(text.p, '\\', text.n) : NULL;
    size_t at = 0;

    if (!hit) {
        *ret = text;
        return AS_OK;
    }
    as_buf_reset(scratch);
    while (hit) {
        size_t to = (size_t)(hit - text.p);

        as_buf_add(scratch, (as_bytes){text.p + at, to - at});
        at = to + unescape_one(text, to, scratch);
        hit = at < text.n ? memchr(text.p + at, '\\', text.n - at) : NULL;
    }
    as_buf_add(scratch, (as_bytes){text.p + at, text.n - at});
    if (scratch->failed)
        return AS_NOMEM;
    *ret = as_buf_bytes(scratch);
    return AS_OK;
}

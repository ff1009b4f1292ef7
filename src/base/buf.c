#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

#define BUF_FIRST ((size_t)256)

void as_buf_done(as_buf *b)
{
    if (!b)
        return;
    as_mem_free(b->p);
    *b = (as_buf){0};
}

void as_buf_reset(as_buf *b)
{
    b->n = 0;
    b->failed = false;
}

static bool buf_grow(as_buf *b, size_t need)
{
    size_t cap = b->cap > 0 ? b->cap : BUF_FIRST;
    uint8_t *p;

    while (cap < need)
        cap = cap > AS_BUF_MAX / 2 ? AS_BUF_MAX : cap * 2;
    p = as_mem_resize(b->p, cap);
    if (!p)
        return false;
    b->p = p;
    b->cap = cap;
    return true;
}

uint8_t *as_buf_room(as_buf *b, size_t n)
{
    if (b->failed)
        return NULL;
    if (n > AS_BUF_MAX - b->n) {
        b->failed = true;
        return NULL;
    }
    /* `!b->p`: room for nothing at all is still a pointer. */
    if ((!b->p || n > b->cap - b->n) && !buf_grow(b, b->n + n)) {
        b->failed = true;
        return NULL;
    }
    return b->p + b->n;
}

void as_buf_add(as_buf *b, as_bytes bytes)
{
    uint8_t *at = as_buf_room(b, bytes.n);

    if (!at || bytes.n == 0)
        return;
    memcpy(at, bytes.p, bytes.n);
    b->n += bytes.n;
}

void as_buf_byte(as_buf *b, uint8_t byte)
{
    uint8_t *at = as_buf_room(b, 1);

    if (!at)
        return;
    *at = byte;
    b->n++;
}

void as_buf_text(as_buf *b, const char *text)
{
    as_buf_add(b, as_bytes_of(text));
}

void as_buf_fill(as_buf *b, uint8_t byte, size_t count)
{
    uint8_t *at = as_buf_room(b, count);

    if (!at)
        return;
    memset(at, byte, count);
    b->n += count;
}

void as_buf_u64(as_buf *b, uint64_t value)
{
    uint8_t digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    as_buf_add(b, (as_bytes){digits + at, sizeof(digits) - at});
}

void as_buf_hex(as_buf *b, as_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *at;

    if (bytes.n > AS_BUF_MAX / 2) {
        b->failed = true;
        return;
    }
    at = as_buf_room(b, bytes.n * 2);
    if (!at)
        return;
    for (size_t i = 0; i < bytes.n; i++) {
        *at++ = (uint8_t)digits[bytes.p[i] >> 4];
        *at++ = (uint8_t)digits[bytes.p[i] & 15];
    }
    b->n += bytes.n * 2;
}

void as_buf_printf(as_buf *b, const char *fmt, ...)
{
    char small[256];
    uint8_t *at;
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(small, sizeof(small), fmt, args);
    va_end(args);
    if (n < 0) {
        b->failed = true;
        return;
    }
    at = as_buf_room(b, (size_t)n + 1); /* the NUL that vsnprintf insists on */
    if (!at)
        return;
    if ((size_t)n < sizeof(small)) {
        memcpy(at, small, (size_t)n);
    } else {
        va_start(args, fmt);
        (void)vsnprintf((char *)at, (size_t)n + 1, fmt, args);
        va_end(args);
    }
    b->n += (size_t)n;
}

as_bytes as_buf_bytes(const as_buf *b)
{
    return b->n > 0 ? (as_bytes){b->p, b->n} : AS_LITERAL("");
}

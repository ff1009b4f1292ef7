#include "base/base.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static const char *const code_names[] = {
    [AS_OK] = "ok",           [AS_NOT_FOUND] = "not_found",     [AS_USAGE] = "usage",
    [AS_REFUSED] = "refused", [AS_INVALID] = "invalid",         [AS_UNKNOWN] = "unknown",
    [AS_LIMIT] = "limit",     [AS_UNAVAILABLE] = "unavailable", [AS_IO] = "io",
    [AS_NOMEM] = "nomem",
};

static const int code_exits[] = {
#define AS_X(name, exit_status, http_status) [AS_##name] = (exit_status),
    AS_CODE_MAP(AS_X)
#undef AS_X
};

_Static_assert(AS_COUNT(code_names) == AS_COUNT(code_exits), "each code has a name");

int as_code_exit(as_code code)
{
    /* A value that is no code is our bug: the environment's status is the safe guess. */
    return (size_t)code < AS_COUNT(code_exits) ? code_exits[code] : 4;
}

const char *as_code_name(as_code code)
{
    return (size_t)code < AS_COUNT(code_names) ? code_names[code] : "no_code";
}

/* The one character at the start of `text` as it may stand in a message; its length in `out`. */
static size_t message_char(as_bytes text, size_t *ret_used, char out[16])
{
    int32_t cp = as_utf8_next(text, ret_used);
    int n;

    if (cp >= 0 && !as_utf8_is_hidden((uint32_t)cp)) {
        memcpy(out, text.p, *ret_used);
        return *ret_used;
    }
    if (cp < 0x80)
        n = snprintf(out, 16, "\\x%02x", text.p[0]);
    else
        n = snprintf(out, 16, "\\u{%x}", (unsigned)cp);
    return (size_t)n;
}

/*
 * Paths and messages of libraries come in here as they are, so the line is made
 * safe at this one place. No heap: this is also the way out of an empty heap.
 */
static void message_set(char *dst, size_t cap, as_bytes text)
{
    const size_t dots = 3;
    size_t n = 0, fits = 0;

    while (text.n > 0) {
        char piece[16];
        size_t used, len = message_char(text, &used, piece);

        if (n + len >= cap) {
            memcpy(dst + fits, "...", dots);
            n = fits + dots;
            break;
        }
        memcpy(dst + n, piece, len);
        n += len;
        if (n + dots < cap)
            fits = n;
        text.p += used;
        text.n -= used;
    }
    dst[n] = '\0';
}

as_code as_fail(as_err *err, as_code code, size_t offset, const char *fmt, ...)
{
    char line[1024];
    va_list args;
    int n;

    if (!err)
        return code;
    va_start(args, fmt);
    n = vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    err->code = code;
    err->offset = offset;
    if (n < 0)
        line[0] = '\0';
    message_set(err->msg, sizeof(err->msg), as_bytes_of(line));
    return code;
}

as_code as_fail_nomem(as_err *err, const char *what)
{
    return as_fail(err, AS_NOMEM, AS_NO_OFFSET, "no memory for %s", what);
}

as_bytes as_bytes_of(const char *text)
{
    if (!text)
        text = "";
    return (as_bytes){(const uint8_t *)text, strlen(text)};
}

bool as_bytes_eq(as_bytes a, as_bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool as_bytes_is(as_bytes a, const char *text)
{
    return as_bytes_eq(a, as_bytes_of(text));
}

int as_bytes_cmp(as_bytes a, as_bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

    if (order != 0)
        return order;
    return (a.n > b.n) - (a.n < b.n);
}

static uint8_t fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static bool same_folded(const uint8_t *a, const uint8_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (fold(a[i]) != fold(b[i]))
            return false;
    }
    return true;
}

bool as_bytes_eq_nocase(as_bytes a, as_bytes b)
{
    return a.n == b.n && same_folded(a.p, b.p, a.n);
}

bool as_bytes_has_nocase(as_bytes hay, const char *needle)
{
    as_bytes want = as_bytes_of(needle);

    if (want.n == 0)
        return true;
    for (size_t at = 0; want.n <= hay.n - at; at++) {
        if (fold(hay.p[at]) == fold(want.p[0]) && same_folded(hay.p + at, want.p, want.n))
            return true;
    }
    return false;
}

bool as_bytes_ends_nocase(as_bytes hay, const char *tail)
{
    as_bytes want = as_bytes_of(tail);

    return want.n == 0 ||
           (want.n <= hay.n && same_folded(hay.p + (hay.n - want.n), want.p, want.n));
}

/* Two-letter escapes where C has a common one, \xNN for the rest. */
static size_t show_byte(uint8_t c, char out[5])
{
    if (c >= 0x20 && c < 0x7f) {
        out[0] = (char)c;
        return 1;
    }
    if (c == '\n' || c == '\r' || c == '\t') {
        out[0] = '\\';
        out[1] = c == '\n' ? 'n' : c == '\r' ? 'r' : 't';
        return 2;
    }
    return (size_t)snprintf(out, 5, "\\x%02x", c);
}

const char *as_bytes_show(as_bytes b, char *dst, size_t cap)
{
    const size_t dots = 3;
    size_t n = 0, fits = 0;

    for (size_t i = 0; i < b.n; i++) {
        char piece[5];
        size_t len = show_byte(b.p[i], piece);

        if (n + len >= cap) {
            memcpy(dst + fits, "...", dots);
            n = fits + dots;
            break;
        }
        memcpy(dst + n, piece, len);
        n += len;
        if (n + dots < cap)
            fits = n;
    }
    dst[n] = '\0';
    return dst;
}

bool as_bytes_u64(as_bytes b, uint64_t *ret)
{
    uint64_t value = 0;

    if (b.n == 0)
        return false;
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] < '0' || b.p[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(b.p[i] - '0'), &value))
            return false;
    }
    *ret = value;
    return true;
}

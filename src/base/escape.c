#include "base/escape.h"
#include "base/ascii_priv.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static as_bytes part(as_bytes b, size_t from, size_t to)
{
    /* An empty view may be NULL, and NULL + 0 is not defined. */
    return (as_bytes){from > 0 ? b.p + from : b.p, to - from};
}

/*
 * Offset of the next byte at or after `at` that begins something to replace, or
 * raw.n; its code point (-1: ill-formed) and length. At most *max characters are
 * passed over, and *max is lowered by their number.
 */
static size_t visible_run(as_bytes raw, size_t at, size_t *max, int32_t *ret_cp, size_t *ret_n)
{
    *ret_n = 0;
    while (at<raw.n && * max> 0) {
        as_bytes rest = part(raw, at, raw.n);
        size_t plain;

        if (rest.n > *max)
            rest.n = *max;
        plain = as_ascii_run(rest, 0, 0x7f, 0x7f);
        at += plain;
        *max -= plain;
        if (at == raw.n || *max == 0)
            break;
        *ret_cp = as_utf8_next(part(raw, at, raw.n), ret_n);
        if (*ret_cp < 0 || as_utf8_is_hidden((uint32_t)*ret_cp))
            break;
        at += *ret_n;
        *ret_n = 0;
        --*max;
    }
    return at;
}

/* How a replaced character is written; returns the length (the text is ASCII). */
static size_t replacement(int32_t cp, uint8_t byte, char out[16])
{
    int n;

    if (cp == '\n' || cp == '\r' || cp == '\t')
        n = snprintf(out, 16, "\\%c", cp == '\n' ? 'n' : cp == '\r' ? 'r' : 't');
    else if (cp < 0x80)
        n = snprintf(out, 16, "\\x%02x", byte);
    else
        n = snprintf(out, 16, "\\u{%x}", (unsigned)cp);
    return (size_t)n;
}

/* Returns the offset of the first byte that did not fit into `max` characters. */
static size_t visible_until(as_buf *out, as_bytes raw, size_t max)
{
    size_t at = 0;

    while (at < raw.n) {
        int32_t cp = 0;
        size_t used = 0, len;
        size_t stop = visible_run(raw, at, &max, &cp, &used);
        char text[16];

        as_buf_add(out, part(raw, at, stop));
        at = stop;
        if (used == 0)
            break;
        len = replacement(cp, raw.p[at], text);
        if (len > max)
            break;
        as_buf_add(out, (as_bytes){(const uint8_t *)text, len});
        max -= len;
        at += used;
    }
    return at;
}

void as_escape_visible(as_buf *out, as_bytes raw)
{
    (void)visible_until(out, raw, SIZE_MAX);
}

void as_escape_visible_cut(as_buf *out, as_bytes raw, size_t max)
{
    size_t at = visible_until(out, raw, max);

    if (at < raw.n)
        as_buf_printf(out, "\xe2\x80\xa6(+%zu B)", raw.n - at);
}

static const char *html_entity(uint8_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void as_escape_html(as_buf *out, as_bytes visible)
{
    size_t from = 0;

    for (size_t at = 0; at < visible.n; at++) {
        const char *entity = html_entity(visible.p[at]);

        if (!entity)
            continue;
        as_buf_add(out, part(visible, from, at));
        as_buf_text(out, entity);
        from = at + 1;
    }
    as_buf_add(out, part(visible, from, visible.n));
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* A byte outside ASCII counts: domains may have such letters. */
static bool is_word(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/*
 * Whether the byte at `at` gets a backslash. '.' and ':' only where they could
 * hold a domain, a scheme or an emoji code together; the rest of the punctuation
 * only at the start of the text, where it could open a list or underline a
 * heading (`start`: nothing but digits came before).
 */
static bool markdown_escapes(as_bytes b, size_t at, bool start)
{
    uint8_t c = b.p[at];
    uint8_t next = at + 1 < b.n ? b.p[at + 1] : ' ';

    if (strchr("\\`*_{}[]#!|<>~&@$^", c) && c != '\0')
        return true;
    if (c == '.')
        return start || is_word(next) || next == '-' || next == '_';
    if (c == ':')
        return !is_blank(next);
    if (c == ')')
        return start && at > 0;
    return at == 0 && (c == '-' || c == '+' || c == '=');
}

/* A blank at an end of the line would be syntax (code block, hard break) or be lost. */
static void markdown_blank(as_buf *out, uint8_t c)
{
    as_buf_text(out, c == '\t' ? "&#9;" : "&#32;");
}

void as_escape_markdown(as_buf *out, as_bytes visible)
{
    bool start = true;
    size_t at = 0, end = visible.n;

    while (at < end && is_blank(visible.p[at]))
        markdown_blank(out, visible.p[at++]);
    while (end > at && is_blank(visible.p[end - 1]))
        end--;
    visible = part(visible, at, visible.n);
    end -= at;
    for (at = 0; at < end; at++) {
        uint8_t c = visible.p[at];

        if (markdown_escapes(visible, at, start))
            as_buf_byte(out, '\\');
        as_buf_byte(out, c);
        start = start && is_digit(c);
    }
    while (at < visible.n)
        markdown_blank(out, visible.p[at++]);
}

static size_t longest_ticks(as_bytes b)
{
    size_t most = 0, run = 0;

    for (size_t i = 0; i < b.n; i++) {
        run = b.p[i] == '`' ? run + 1 : 0;
        if (run > most)
            most = run;
    }
    return most;
}

void as_escape_markdown_code(as_buf *out, as_bytes visible)
{
    size_t fence = longest_ticks(visible) + 1;
    uint8_t first = visible.n > 0 ? visible.p[0] : '`';
    uint8_t last = visible.n > 0 ? visible.p[visible.n - 1] : ' ';
    /* CommonMark takes one blank off each end if both ends have one. */
    bool pad = first == '`' || last == '`' || (first == ' ' && last == ' ');

    as_buf_fill(out, '`', fence);
    if (pad)
        as_buf_byte(out, ' ');
    as_buf_add(out, visible);
    if (pad && visible.n > 0)
        as_buf_byte(out, ' ');
    as_buf_fill(out, '`', fence);
}

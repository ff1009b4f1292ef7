#include "base/jsonw.h"
#include "base/ascii_priv.h"
#include "base/utf8.h"

#include <assert.h>
#include <stdio.h>

#include "base/banned.h"

#define IS_OBJECT 1u /* else an array */
#define HAS_ITEM  2u /* the next one needs a comma */
#define HAS_KEY   4u /* a value must follow */

as_jsonw as_jsonw_to(as_buf *out, unsigned indent)
{
    return (as_jsonw){.out = out, .indent = indent};
}

static void new_line(as_jsonw *w)
{
    if (w->indent == 0)
        return;
    as_buf_byte(w->out, '\n');
    as_buf_fill(w->out, ' ', (size_t)w->indent * w->depth);
}

/* The comma and the line break before a key or an element. */
static void before_item(as_jsonw *w)
{
    uint8_t *state = &w->state[w->depth];

    if (*state & HAS_ITEM)
        as_buf_byte(w->out, ',');
    *state |= HAS_ITEM;
    new_line(w);
}

static void before_value(as_jsonw *w)
{
    uint8_t *state = &w->state[w->depth];

    if (w->depth == 0)
        return;
    if (*state & IS_OBJECT) {
        assert(*state & HAS_KEY);
        *state &= (uint8_t)~HAS_KEY;
    } else {
        before_item(w);
    }
}

static void open_level(as_jsonw *w, uint8_t state, uint8_t bracket)
{
    assert(w->depth < AS_JSONW_DEPTH_MAX);
    /* Without the assertion the document is lost, but nothing is overwritten. */
    if (w->depth >= AS_JSONW_DEPTH_MAX) {
        w->out->failed = true;
        return;
    }
    before_value(w);
    as_buf_byte(w->out, bracket);
    w->depth++;
    w->state[w->depth] = state;
}

void as_jsonw_object(as_jsonw *w)
{
    open_level(w, IS_OBJECT, '{');
}

void as_jsonw_array(as_jsonw *w)
{
    open_level(w, 0, '[');
}

void as_jsonw_end(as_jsonw *w)
{
    uint8_t state = w->state[w->depth];

    assert(w->depth > 0 && !(state & HAS_KEY));
    if (w->depth == 0) {
        w->out->failed = true;
        return;
    }
    w->depth--;
    if (state & HAS_ITEM)
        new_line(w);
    as_buf_byte(w->out, state & IS_OBJECT ? '}' : ']');
}

/* The two-letter escapes of RFC 8259 section 7, else NULL. */
static const char *short_escape(int32_t cp)
{
    switch (cp) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\b':
        return "\\b";
    case '\f':
        return "\\f";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

static bool stands_as_it_is(int32_t cp)
{
    return cp >= 0xa0 && !as_utf8_is_hidden((uint32_t)cp);
}

static void put_escape(as_buf *out, int32_t cp)
{
    const char *two = short_escape(cp);

    if (cp < 0)
        as_buf_text(out, "\xef\xbf\xbd");
    else if (two)
        as_buf_text(out, two);
    else if (cp < 0x10000)
        as_buf_printf(out, "\\u%04x", (unsigned)cp);
    else
        as_buf_printf(out, "\\u%04x\\u%04x", 0xd7c0u + ((unsigned)cp >> 10),
                      0xdc00u + ((unsigned)cp & 0x3ffu));
}

static void put_string(as_buf *out, as_bytes text)
{
    size_t from = 0, at = 0;

    as_buf_byte(out, '"');
    while ((at = as_ascii_run(text, at, '"', '\\')) < text.n) {
        size_t used;
        int32_t cp = as_utf8_next((as_bytes){text.p + at, text.n - at}, &used);

        if (!stands_as_it_is(cp)) {
            as_buf_add(out, (as_bytes){text.p + from, at - from});
            put_escape(out, cp);
            from = at + used;
        }
        at += used;
    }
    if (from < text.n)
        as_buf_add(out, (as_bytes){text.p + from, text.n - from});
    as_buf_byte(out, '"');
}

void as_jsonw_key_bytes(as_jsonw *w, as_bytes key)
{
    uint8_t *state = &w->state[w->depth];

    assert((*state & (IS_OBJECT | HAS_KEY)) == IS_OBJECT);
    before_item(w);
    *state |= HAS_KEY;
    put_string(w->out, key);
    as_buf_byte(w->out, ':');
    if (w->indent > 0)
        as_buf_byte(w->out, ' ');
}

void as_jsonw_key(as_jsonw *w, const char *key)
{
    as_jsonw_key_bytes(w, as_bytes_of(key));
}

void as_jsonw_str(as_jsonw *w, as_bytes text)
{
    before_value(w);
    put_string(w->out, text);
}

void as_jsonw_text(as_jsonw *w, const char *text)
{
    as_jsonw_str(w, as_bytes_of(text));
}

void as_jsonw_u64(as_jsonw *w, uint64_t value)
{
    before_value(w);
    as_buf_u64(w->out, value);
}

void as_jsonw_bool(as_jsonw *w, bool value)
{
    before_value(w);
    as_buf_text(w->out, value ? "true" : "false");
}

void as_jsonw_null(as_jsonw *w)
{
    before_value(w);
    as_buf_text(w->out, "null");
}

void as_jsonw_number(as_jsonw *w, as_bytes lexeme)
{
    before_value(w);
    as_buf_add(w->out, lexeme);
}

#include "encode/charsmap_priv.h"

#include "base/utf8.h"

#include <string.h>

#include "base/banned.h"

#define NOWHERE UINT32_MAX

/* --- one unit ------------------------------------------------------------------------------- */

static uint32_t offset_of(uint32_t unit)
{
    return (unit >> 10) << ((unit & 512) >> 6);
}

static uint32_t label_of(uint32_t unit)
{
    return unit & 0x800000ff; /* the highest bit: a leaf, which is nobody's child by a byte */
}

static bool has_leaf(uint32_t unit)
{
    return (unit >> 8 & 1) != 0;
}

static uint32_t value_of(uint32_t unit)
{
    return unit & 0x7fffffff;
}

/* --- looking up ----------------------------------------------------------------------------- */

static bool replacement(const as_charsmap *m, uint32_t at, as_bytes *ret)
{
    const uint8_t *from, *end;

    if (at >= m->text.n)
        return false;
    from = m->text.p + at;
    end = memchr(from, 0, m->text.n - at);
    *ret = (as_bytes){from, end ? (size_t)(end - from) : m->text.n - at};
    return true;
}

static bool search(const as_charsmap *m, as_bytes text, bool first, as_bytes *ret, size_t *ret_n)
{
    size_t pos = m->n_units > 0 ? offset_of(m->units[0]) : 0;
    uint32_t leaf = NOWHERE;

    for (size_t i = 0; i < text.n && m->n_units > 0 && text.p[i]; i++) {
        uint32_t unit;

        pos ^= text.p[i];
        if (pos >= m->n_units)
            break;
        unit = m->units[pos];
        if (label_of(unit) != text.p[i])
            break;
        pos ^= offset_of(unit);
        if (has_leaf(unit) && pos < m->n_units) {
            leaf = value_of(m->units[pos]);
            *ret_n = i + 1;
            if (first)
                break;
        }
    }
    return leaf != NOWHERE && replacement(m, leaf, ret);
}

bool as_charsmap_shortest(const as_charsmap *m, as_bytes text, as_bytes *ret)
{
    size_t n = 0;

    return search(m, text, true, ret, &n);
}

bool as_charsmap_longest(const as_charsmap *m, as_bytes text, as_bytes *ret, size_t *ret_n)
{
    return search(m, text, false, ret, ret_n);
}

/* --- checking ------------------------------------------------------------------------------- */

/*
 * A unit at `pos` with the label c can only be the child of a unit whose offset is pos ^ c. So
 * units are kept in lists by that number, and a walk from the root that marks what it has seen
 * takes one step a unit, however the units point at one another.
 */
typedef struct walk {
    const as_charsmap *m;
    uint32_t *heads, *next; /* by offset; by unit */
    uint32_t *todo;
    uint8_t *seen;
    size_t n_todo;
    as_err *err;
} walk;

static as_code bad(const walk *w, size_t unit, const char *what)
{
    return as_fail(w->err, AS_INVALID, 4 + 4 * unit, "the map of characters: unit %zu %s", unit,
                   what);
}

static as_code check_leaf(const walk *w, size_t pos)
{
    uint32_t at = value_of(w->m->units[pos]);

    if (at >= w->m->text.n || (w->m->text.p[at] & 0xc0) == 0x80)
        return bad(w, pos, "names no replacement");
    return AS_OK;
}

static as_code visit(walk *w, uint32_t pos)
{
    uint32_t unit = w->m->units[pos], base = pos ^ offset_of(unit);

    if ((base | 0xff) >= w->m->n_units)
        return bad(w, pos, "points outside");
    for (uint32_t child = w->heads[base]; child != NOWHERE; child = w->next[child]) {
        if (!w->seen[child]) {
            w->seen[child] = 1;
            w->todo[w->n_todo++] = child;
        }
    }
    return has_leaf(unit) ? check_leaf(w, base) : AS_OK;
}

static as_code walk_all(walk *w)
{
    size_t n = w->m->n_units;
    as_code rc = AS_OK;

    for (size_t i = 0; i < n; i++)
        w->heads[i] = NOWHERE;
    for (size_t i = 1; i < n; i++) {
        uint32_t label = label_of(w->m->units[i]);
        uint32_t base = (uint32_t)i ^ label;

        if (label == 0 || label > 0xff || base >= n)
            continue;
        w->next[i] = w->heads[base];
        w->heads[base] = (uint32_t)i;
    }
    w->todo[w->n_todo++] = 0;
    w->seen[0] = 1;
    while (!rc && w->n_todo > 0)
        rc = visit(w, w->todo[--w->n_todo]);
    return rc;
}

static as_code check(const as_charsmap *m, as_err *err)
{
    walk w = {.m = m, .err = err};
    as_code rc;

    w.heads = as_mem_zero(m->n_units, sizeof(*w.heads));
    w.next = as_mem_zero(m->n_units, sizeof(*w.next));
    w.todo = as_mem_zero(m->n_units, sizeof(*w.todo));
    w.seen = as_mem_zero(m->n_units, 1);
    rc = w.heads && w.next && w.todo && w.seen ? walk_all(&w) : as_fail_nomem(err, "a map");
    as_mem_free(w.heads);
    as_mem_free(w.next);
    as_mem_free(w.todo);
    as_mem_free(w.seen);
    return rc;
}

/* --- reading -------------------------------------------------------------------------------- */

/* Whether a key begins with `c` and goes on with a character of ASCII. */
static bool goes_on(const as_charsmap *m, uint8_t c)
{
    uint32_t pos = m->n_units > 0 ? offset_of(m->units[0]) ^ c : 0;

    if (pos >= m->n_units || label_of(m->units[pos]) != c)
        return false;
    pos ^= offset_of(m->units[pos]);
    for (uint32_t d = 1; d < 128; d++) {
        if ((pos ^ d) < m->n_units && label_of(m->units[pos ^ d]) == d)
            return true;
    }
    return false;
}

static void note_ascii(as_charsmap *m)
{
    for (uint8_t c = 0; c < 128; c++) {
        as_bytes found;

        m->stays[c] =
            c != '\r' && !goes_on(m, c) && !as_charsmap_shortest(m, (as_bytes){&c, 1}, &found);
    }
}

static bool note_others(as_charsmap *m)
{
    m->still = as_mem_zero(0x10000 / 8, 1);
    for (uint32_t c = 0x80; m->still && c < 0x10000; c++) {
        uint8_t spelt[4];
        as_bytes found;

        if (as_char_is_other(c) &&
            !as_charsmap_shortest(m, (as_bytes){spelt, as_utf8_put(c, spelt)}, &found))
            m->still[c >> 3] |= (uint8_t)(1u << (c & 7));
    }
    return m->still != NULL;
}

static as_code fill(as_bytes raw, as_charsmap *m, as_err *err)
{
    size_t size, bad_text;

    if (raw.n < 4)
        return as_fail(err, AS_INVALID, raw.n, "the map of characters is cut short");
    size =
        (size_t)raw.p[0] | (size_t)raw.p[1] << 8 | (size_t)raw.p[2] << 16 | (size_t)raw.p[3] << 24;
    if (size < 1024 || size % 4 != 0 || size > raw.n - 4)
        return as_fail(err, AS_INVALID, 0, "the map of characters has %zu bytes, its tree %zu",
                       raw.n, size);
    m->units = as_mem_zero(size / 4, sizeof(*m->units));
    as_buf_add(&m->text, (as_bytes){raw.p + 4 + size, raw.n - 4 - size});
    if (!m->units || m->text.failed)
        return as_fail_nomem(err, "a map of characters");
    m->n_units = size / 4;
    for (size_t i = 0; i < m->n_units; i++) {
        const uint8_t *p = raw.p + 4 + 4 * i;

        m->units[i] =
            (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    }
    bad_text = as_utf8_check(as_buf_bytes(&m->text));
    if (bad_text < m->text.n)
        return as_fail(err, AS_INVALID, 4 + size + bad_text,
                       "the map of characters: a replacement is no UTF-8");
    return check(m, err);
}

as_code as_charsmap_read(as_bytes raw, as_charsmap *ret, as_err *err)
{
    as_charsmap m = {0};
    as_code rc = raw.n > 0 ? fill(raw, &m, err) : AS_OK;

    if (!rc && !note_others(&m))
        rc = as_fail_nomem(err, "a map of characters");
    if (rc) {
        as_charsmap_done(&m);
        return rc;
    }
    note_ascii(&m);
    *ret = m;
    return AS_OK;
}

static int digit_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

as_code as_charsmap_base64(as_bytes text, as_charsmap *ret, as_err *err)
{
    as_buf raw = {0};
    as_code rc = AS_OK;
    uint32_t word = 0;
    size_t n = text.n;

    while (n > 0 && text.n - n < 2 && text.p[n - 1] == '=')
        n--;
    if (text.n % 4 != 0)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "the map of characters is no base64");
    for (size_t i = 0; !rc && i < n; i++) {
        int digit = digit_of(text.p[i]);

        if (digit < 0)
            rc = as_fail(err, AS_INVALID, AS_NO_OFFSET, "the map of characters is no base64");
        word = word << 6 | (uint32_t)(digit & 63);
        if (i % 4 != 0)
            as_buf_byte(&raw, (uint8_t)(word >> (6 - 2 * (i % 4))));
    }
    if (!rc && raw.failed)
        rc = as_fail_nomem(err, "a map of characters");
    if (!rc)
        rc = as_charsmap_read(as_buf_bytes(&raw), ret, err);
    as_buf_done(&raw);
    return rc;
}

void as_charsmap_done(as_charsmap *m)
{
    as_mem_free(m->units);
    as_mem_free(m->still);
    as_buf_done(&m->text);
    *m = (as_charsmap){0};
}

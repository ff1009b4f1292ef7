/*
 * dom - private to the tests of formats: a JSON document as a tree over its bytes.
 *
 * An oracle: written without the parser under test and in another way, for input
 * that is known to be well formed. Nodes name each other by index.
 */
#ifndef AS_TEST_DOM_H
#define AS_TEST_DOM_H

#include "unit/formats/reports.h"

struct dom_node {
    uint32_t begin, end;   /* of the value */
    uint32_t key, key_end; /* of what stands between the quotes of its key; 0: no key */
    uint32_t child, next;  /* 0: none */
    uint32_t n;            /* children */
    uint32_t hint, hint_i; /* the child asked for last, and its index */
    char type;             /* { [ " 0 t f n */
};

struct dom {
    as_bytes in;
    struct dom_node *nodes; /* 1 is the root */
    uint32_t n, cap;
    uint32_t at;
};

static inline uint32_t dom_add(struct dom *d)
{
    if (d->n + 1 >= d->cap) {
        d->cap = d->cap ? d->cap * 2 : 1024;
        d->nodes = as_mem_resize(d->nodes, d->cap * sizeof(*d->nodes));
        assert_non_null(d->nodes);
    }
    d->nodes[++d->n] = (struct dom_node){0};
    return d->n;
}

static inline uint8_t dom_peek(const struct dom *d)
{
    assert_true(d->at < d->in.n);
    return d->in.p[d->at];
}

static inline void dom_blanks(struct dom *d)
{
    while (d->at < d->in.n && strchr(" \t\r\n", d->in.p[d->at]) && d->in.p[d->at])
        d->at++;
}

/* To after the closing quote; `at` stands on the opening one. */
static inline void dom_string(struct dom *d)
{
    assert_int_equal(dom_peek(d), '"');
    for (d->at++; dom_peek(d) != '"'; d->at++)
        d->at += dom_peek(d) == '\\';
    d->at++;
}

static inline uint32_t dom_value(struct dom *d);

static inline void dom_members(struct dom *d, uint32_t self, uint8_t close)
{
    uint32_t last = 0;

    d->at++;
    dom_blanks(d);
    while (dom_peek(d) != close) {
        uint32_t key = 0, key_end = 0, child;

        if (close == '}') {
            key = d->at + 1;
            dom_string(d);
            key_end = d->at - 1;
            dom_blanks(d);
            assert_int_equal(dom_peek(d), ':');
            d->at++;
            dom_blanks(d);
        }
        child = dom_value(d);
        d->nodes[child].key = key;
        d->nodes[child].key_end = key_end;
        if (last)
            d->nodes[last].next = child;
        else
            d->nodes[self].child = child;
        last = child;
        d->nodes[self].n++;
        dom_blanks(d);
        if (dom_peek(d) == ',') {
            d->at++;
            dom_blanks(d);
        }
    }
    d->at++;
}

static inline uint32_t dom_value(struct dom *d)
{
    uint32_t self = dom_add(d);
    uint8_t c = dom_peek(d);

    d->nodes[self].begin = d->at;
    d->nodes[self].type = (char)c;
    if (c == '{' || c == '[') {
        dom_members(d, self, c == '{' ? '}' : ']');
    } else if (c == '"') {
        dom_string(d);
    } else {
        while (d->at < d->in.n && !strchr(",]} \t\r\n", d->in.p[d->at]))
            d->at++;
        if (c == '-' || (c >= '0' && c <= '9'))
            d->nodes[self].type = '0';
    }
    d->nodes[self].end = d->at;
    return self;
}

static inline struct dom dom_of(as_bytes in)
{
    struct dom d = {.in = in};

    if (in.n >= 3 && !memcmp(in.p, "\xef\xbb\xbf", 3))
        d.at = 3;
    dom_blanks(&d);
    assert_int_equal(dom_value(&d), 1);
    return d;
}

static inline void dom_done(struct dom *d)
{
    as_mem_free(d->nodes);
}

static inline uint32_t dom_hex4(const uint8_t *p)
{
    uint32_t v = 0;

    for (int i = 0; i < 4; i++)
        v = v << 4 | (uint32_t)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
    return v;
}

static inline size_t dom_utf8(uint32_t c, uint8_t *out)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (uint8_t)(0x80 | (c & 0x3f));
    out[0] = (uint8_t)(first[n] | c);
    return n;
}

/* One character of a text as written, its escape undone; returns what it took. */
static inline size_t dom_unescape(const uint8_t *p, size_t left, uint8_t *out, size_t *ret_n)
{
    static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    uint32_t c, low;

    *ret_n = 1;
    *out = p[0];
    if (p[0] != '\\')
        return 1;
    if (p[1] != 'u') {
        *out = (uint8_t)meant[strchr(plain, p[1]) - plain];
        return 2;
    }
    c = dom_hex4(p + 2);
    if (c < 0xd800 || c > 0xdfff) {
        *ret_n = dom_utf8(c, out);
        return 6;
    }
    low = c < 0xdc00 && left >= 12 && p[6] == '\\' && p[7] == 'u' ? dom_hex4(p + 8) : 0;
    if (low >= 0xdc00 && low <= 0xdfff) {
        *ret_n = dom_utf8(0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00), out);
        return 12;
    }
    *ret_n = dom_utf8(0xfffd, out);
    return 6;
}

/* Does the text as written in [begin, end) mean `text`? */
static inline bool dom_means(const struct dom *d, uint32_t begin, uint32_t end, as_bytes text)
{
    const uint8_t *p = d->in.p + begin;
    size_t left = end - begin, at = 0;

    if (text.n > left)
        return false;
    if (text.n == left && !memcmp(p, text.p, left) && !memchr(p, '\\', left))
        return true;
    if (!memchr(p, '\\', left))
        return false;
    while (left) {
        uint8_t c[4] = {0};
        size_t n, took = dom_unescape(p, left, c, &n);

        if (n > text.n - at || memcmp(c, text.p + at, n) != 0)
            return false;
        at += n;
        p += took;
        left -= took;
    }
    return at == text.n;
}

static inline bool dom_key_is(const struct dom *d, uint32_t node, as_bytes key)
{
    const struct dom_node *x = &d->nodes[node];

    return x->key && dom_means(d, x->key, x->key_end, key);
}

static inline uint32_t dom_element(struct dom *d, uint32_t array, uint32_t index)
{
    struct dom_node *a = &d->nodes[array];

    if (!a->hint || a->hint_i > index) {
        a->hint = a->child;
        a->hint_i = 0;
    }
    for (; a->hint && a->hint_i < index; a->hint_i++)
        a->hint = d->nodes[a->hint].next;
    return a->hint;
}

/* The first member of that key, or 0. */
static inline uint32_t dom_member(const struct dom *d, uint32_t object, const char *key)
{
    uint32_t x = d->nodes[object].type == '{' ? d->nodes[object].child : 0;

    while (x && !dom_key_is(d, x, as_bytes_of(key)))
        x = d->nodes[x].next;
    return x;
}

/* One step of a JSON Pointer, without its slash: is that the key of `node`? */
static inline bool dom_pointer_key_is(const struct dom *d, uint32_t node, as_bytes step)
{
    uint8_t key[4096];
    size_t n = 0;

    for (size_t i = 0; i < step.n; i++) {
        assert_true(n < sizeof(key));
        key[n++] = step.p[i];
        if (step.p[i] == '~') {
            assert_true(i + 1 < step.n && (step.p[i + 1] | 1) == '1');
            key[n - 1] = step.p[++i] == '0' ? '~' : '/';
        }
    }
    return dom_key_is(d, node, (as_bytes){key, n});
}

/* The value [begin, end) if `pointer`, from `node` on, leads to it, else 0. Keys may repeat. */
static inline uint32_t dom_resolve(struct dom *d, uint32_t node, as_bytes pointer, uint64_t begin,
                                   uint64_t end)
{
    uint32_t found = 0;
    size_t n = 1;
    as_bytes step, rest;

    if (!pointer.n)
        return d->nodes[node].begin == begin && d->nodes[node].end == end ? node : 0;
    assert_int_equal(pointer.p[0], '/');
    while (n < pointer.n && pointer.p[n] != '/')
        n++;
    step = (as_bytes){pointer.p + 1, n - 1};
    rest = (as_bytes){pointer.p + n, pointer.n - n};
    if (d->nodes[node].type == '[') {
        uint64_t index = 0;

        assert_true(as_bytes_u64(step, &index));
        node = dom_element(d, node, (uint32_t)index);
        return node ? dom_resolve(d, node, rest, begin, end) : 0;
    }
    for (uint32_t x = d->nodes[node].child; x && !found; x = d->nodes[x].next) {
        if (d->nodes[x].begin <= begin && end <= d->nodes[x].end && dom_pointer_key_is(d, x, step))
            found = dom_resolve(d, x, rest, begin, end);
    }
    return found;
}

/* Is the scalar at `node` what an attribute of that form and text says? */
static inline bool dom_is_digits(as_bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
    }
    return text.n > 0;
}

static inline bool dom_scalar_is(const struct dom *d, uint32_t node, as_form form, as_bytes text)
{
    const struct dom_node *x = &d->nodes[node];

    switch (x->type) {
    case '"':
        return (form == AS_FORM_TEXT || (form == AS_FORM_NUMBER && dom_is_digits(text))) &&
               dom_means(d, x->begin + 1, x->end - 1, text);
    case '0':
        return form == AS_FORM_NUMBER && dom_means(d, x->begin, x->end, text);
    case 't':
        return form == AS_FORM_TRUE && as_bytes_is(text, "true");
    case 'f':
        return form == AS_FORM_FALSE && as_bytes_is(text, "false");
    default:
        return false;
    }
}

/* --- JSON in a text ---------------------------------------------------------------- */

static inline bool dom_is_json(as_bytes text)
{
    as_source *s = NULL;
    as_json *j = NULL;
    as_json_tok t;
    bool is;

    assert_int_equal(as_source_open_bytes(text, NULL, &s, NULL), AS_OK);
    assert_int_equal(as_json_new(s, NULL, &j, NULL), AS_OK);
    is = !as_json_next(j, &t, NULL) && !as_json_skip(j, &t, NULL) && !as_json_next(j, &t, NULL);
    as_json_free(j);
    as_source_free(s);
    return is;
}

/* The tree of the object or array that the text at `node` is; for dom_inner_done(). */
static inline bool dom_inner(const struct dom *d, uint32_t node, struct dom *ret)
{
    const struct dom_node *x = &d->nodes[node];
    const uint8_t *p = d->in.p + x->begin + 1;
    size_t left = x->type == '"' ? x->end - x->begin - 2 : 0, n = 0;
    uint8_t *text;

    if (left < 2 || (*p != '{' && *p != '['))
        return false;
    text = as_mem_get(left);
    assert_non_null(text);
    while (left) {
        uint8_t c[4] = {0};
        size_t made, took = dom_unescape(p, left, c, &made);

        memcpy(text + n, c, made);
        n += made;
        p += took;
        left -= took;
    }
    if (!dom_is_json((as_bytes){text, n})) {
        as_mem_free(text);
        return false;
    }
    *ret = dom_of((as_bytes){text, n});
    return true;
}

static inline void dom_inner_done(struct dom *inner)
{
    as_mem_free((void *)(uintptr_t)inner->in.p);
    dom_done(inner);
}

#endif

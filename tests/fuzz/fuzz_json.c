/*
 * The JSON parser under libFuzzer. Properties, not just survival:
 *
 *   - every token lies inside the input, behind the one before it and inside its
 *     container; raw bytes are the input's own; an END spans bracket to bracket;
 *   - all scanners give the same tokens and the same error at the same byte, and
 *     so does the same text further on, across the end of a read;
 *   - the verdict and the bad byte are those of the recursive-descent validator
 *     below, which shares nothing with the parser but RFC 8259;
 *   - what was parsed, printed and parsed again is what was parsed.
 */
#include "base/buf.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "base/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define READ_SIZE ((size_t)64 << 10)
#define INPUT_MAX ((size_t)48 << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* The independent validator: at the first bad byte it stops for good. */
struct check {
    const uint8_t *p;
    size_t n, at;
    unsigned depth;
    bool limit;
};

static int peek(const struct check *c)
{
    return c->at < c->n ? c->p[c->at] : -1;
}

static bool eat(struct check *c, int wanted)
{
    if (peek(c) != wanted)
        return false;
    c->at++;
    return true;
}

static bool eat_between(struct check *c, int low, int high)
{
    if (peek(c) < low || peek(c) > high)
        return false;
    c->at++;
    return true;
}

static void blanks(struct check *c)
{
    while (eat(c, ' ') || eat(c, '\t') || eat(c, '\n') || eat(c, '\r'))
        ;
}

static bool hex4(struct check *c)
{
    for (int i = 0; i < 4; i++) {
        if (!eat_between(c, '0', '9') && !eat_between(c, 'a', 'f') && !eat_between(c, 'A', 'F'))
            return false;
    }
    return true;
}

/* The rows of Unicode table 3-7, one by one. */
static bool wide_character(struct check *c)
{
    if (eat_between(c, 0xc2, 0xdf))
        return eat_between(c, 0x80, 0xbf);
    if (eat(c, 0xe0))
        return eat_between(c, 0xa0, 0xbf) && eat_between(c, 0x80, 0xbf);
    if (eat(c, 0xed))
        return eat_between(c, 0x80, 0x9f) && eat_between(c, 0x80, 0xbf);
    if (eat_between(c, 0xe1, 0xef))
        return eat_between(c, 0x80, 0xbf) && eat_between(c, 0x80, 0xbf);
    if (eat(c, 0xf0))
        return eat_between(c, 0x90, 0xbf) && eat_between(c, 0x80, 0xbf) &&
               eat_between(c, 0x80, 0xbf);
    if (eat_between(c, 0xf1, 0xf3))
        return eat_between(c, 0x80, 0xbf) && eat_between(c, 0x80, 0xbf) &&
               eat_between(c, 0x80, 0xbf);
    return eat(c, 0xf4) && eat_between(c, 0x80, 0x8f) && eat_between(c, 0x80, 0xbf) &&
           eat_between(c, 0x80, 0xbf);
}

static bool string(struct check *c)
{
    if (!eat(c, '"'))
        return false;
    for (;;) {
        if (eat(c, '"'))
            return true;
        if (eat(c, '\\')) {
            if (eat(c, 'u')) {
                if (!hex4(c))
                    return false;
            } else if (peek(c) <= 0 || !strchr("\"\\/bfnrt", peek(c))) {
                return false;
            } else {
                c->at++;
            }
        } else if (!eat_between(c, 0x20, 0x7f) && !wide_character(c)) {
            return false;
        }
    }
}

static bool digits(struct check *c)
{
    if (!eat_between(c, '0', '9'))
        return false;
    while (eat_between(c, '0', '9'))
        ;
    return true;
}

static bool number(struct check *c)
{
    size_t from = c->at;
    bool ok;

    (void)eat(c, '-');
    ok = eat(c, '0') || digits(c);
    if (ok && eat(c, '.'))
        ok = digits(c);
    if (ok && (eat(c, 'e') || eat(c, 'E'))) {
        if (!eat(c, '+'))
            (void)eat(c, '-');
        ok = digits(c);
    }
    c->limit |= c->at - from > AS_JSON_LIMITS_DEFAULT.number_max;
    return ok;
}

static bool literal(struct check *c, const char *text)
{
    for (; *text; text++) {
        if (!eat(c, *text))
            return false;
    }
    return true;
}

static bool value(struct check *c);

static bool members(struct check *c, bool object)
{
    int end = object ? '}' : ']';

    blanks(c);
    if (eat(c, end))
        return true;
    do {
        blanks(c);
        if (object) {
            if (!string(c))
                return false;
            blanks(c);
            if (!eat(c, ':'))
                return false;
            blanks(c);
        }
        if (!value(c) || c->limit)
            return false;
        blanks(c);
    } while (eat(c, ','));
    return eat(c, end);
}

static bool value(struct check *c)
{
    bool object = peek(c) == '{', ok;

    switch (peek(c)) {
    case '{':
    case '[':
        if (c->depth >= AS_JSON_LIMITS_DEFAULT.depth_max) {
            c->limit = true;
            return false;
        }
        c->at++;
        c->depth++;
        ok = members(c, object);
        c->depth--;
        return ok;
    case '"':
        return string(c);
    case 't':
        return literal(c, "true");
    case 'f':
        return literal(c, "false");
    case 'n':
        return literal(c, "null");
    default:
        return (peek(c) == '-' || (peek(c) >= '0' && peek(c) <= '9')) && number(c);
    }
}

static bool document(struct check *c)
{
    if (c->n >= 3 && !memcmp(c->p, "\xef\xbb\xbf", 3))
        c->at = 3;
    blanks(c);
    if (!value(c))
        return false;
    blanks(c);
    return c->at == c->n;
}

/* What a parse told: tokens as text, and its end. */
struct run {
    as_buf log;
    as_buf text; /* types and decoded texts alone */
    as_buf print;
    as_code rc;
    size_t offset;
    unsigned deepest;
    bool missing;
};

static void run_done(struct run *r)
{
    as_buf_done(&r->log);
    as_buf_done(&r->text);
    as_buf_done(&r->print);
}

struct nest {
    uint64_t begin[AS_JSON_DEPTH_CEILING + 1];
    uint64_t last; /* end of the token before */
    size_t depth;
};

static void check_place(struct nest *n, const as_json *j, const as_json_tok *t, as_bytes in)
{
    bool quoted = t->type == AS_JSON_KEY || t->type == AS_JSON_STRING;
    bool open = t->type == AS_JSON_OBJECT || t->type == AS_JSON_ARRAY;
    bool close = t->type == AS_JSON_OBJECT_END || t->type == AS_JSON_ARRAY_END;

    MUST(t->begin <= t->end && t->end <= in.n);
    MUST(t->end >= n->last);
    MUST(close || t->begin >= n->last);
    if (quoted) {
        MUST(t->end - t->begin == t->raw.n + 2);
        MUST(in.p[t->begin] == '"' && in.p[t->end - 1] == '"');
        MUST(!memcmp(in.p + t->begin + 1, t->raw.p, t->raw.n));
    } else if (t->type == AS_JSON_NUMBER) {
        MUST(as_bytes_eq(t->raw, (as_bytes){in.p + t->begin, (size_t)(t->end - t->begin)}));
    }
    if (open) {
        MUST(t->end == t->begin + 1);
        MUST(in.p[t->begin] == (t->type == AS_JSON_OBJECT ? '{' : '['));
        n->begin[n->depth++] = t->begin;
    }
    if (close) {
        MUST(n->depth > 0 && n->begin[--n->depth] == t->begin);
        MUST(in.p[t->begin] == (t->type == AS_JSON_OBJECT_END ? '{' : '['));
        MUST(in.p[t->end - 1] == (t->type == AS_JSON_OBJECT_END ? '}' : ']'));
    }
    MUST(as_json_depth(j) == n->depth);
    n->last = t->end;
}

static void print_token(as_jsonw *w, as_json_type type, as_bytes text)
{
    switch (type) {
    case AS_JSON_OBJECT:
        as_jsonw_object(w);
        break;
    case AS_JSON_ARRAY:
        as_jsonw_array(w);
        break;
    case AS_JSON_OBJECT_END:
    case AS_JSON_ARRAY_END:
        as_jsonw_end(w);
        break;
    case AS_JSON_KEY:
        as_jsonw_key_bytes(w, text);
        break;
    case AS_JSON_STRING:
        as_jsonw_str(w, text);
        break;
    case AS_JSON_NUMBER:
        as_jsonw_number(w, text);
        break;
    case AS_JSON_TRUE:
    case AS_JSON_FALSE:
        as_jsonw_bool(w, type == AS_JSON_TRUE);
        break;
    case AS_JSON_NULL:
        as_jsonw_null(w);
        break;
    case AS_JSON_END:
        break;
    }
}

static void take_token(struct run *r, as_json *j, const as_json_tok *t, as_jsonw *w, uint64_t shift)
{
    bool quoted = t->type == AS_JSON_KEY || t->type == AS_JSON_STRING;
    as_buf scratch = {0};
    as_bytes text = {0};

    if (quoted)
        MUST(!as_json_text(t->raw, &scratch, &text));
    else if (t->type == AS_JSON_NUMBER)
        text = t->raw;
    as_buf_printf(&r->log, "%d %llu %llu ", (int)t->type, (unsigned long long)(t->begin - shift),
                  (unsigned long long)(t->end - shift));
    as_json_pointer(j, &r->log);
    as_buf_printf(&r->text, "%d %zu ", (int)t->type, text.n);
    as_buf_add(&r->text, text);
    if (as_json_depth(j) > r->deepest)
        r->deepest = (unsigned)as_json_depth(j);
    if (r->deepest <= AS_JSONW_DEPTH_MAX)
        print_token(w, t->type, text);
    as_buf_done(&scratch);
}

static void parse(struct run *r, as_bytes in, as_json_simd simd, uint64_t shift, unsigned indent)
{
    as_jsonw w = as_jsonw_to(&r->print, indent);
    as_err err = {0};
    as_source *s = NULL;
    as_json *j = NULL;
    as_json_tok t = {0};
    struct nest nest;

    nest.depth = 0;
    nest.last = 0;
    MUST(!as_source_open_bytes(in, NULL, &s, NULL));
    MUST(!as_source_packed(s));
    MUST(!as_json_new(s, NULL, &j, NULL));
    r->missing = as_json_use(j, simd) != AS_OK;
    while (!r->missing) {
        r->rc = as_json_next(j, &t, &err);
        if (r->rc)
            break;
        check_place(&nest, j, &t, in);
        take_token(r, j, &t, &w, shift);
        if (t.type == AS_JSON_END)
            break;
    }
    if (r->rc) {
        MUST(r->rc == err.code && err.offset <= in.n && err.offset >= nest.last);
        r->offset = err.offset - (size_t)shift;
    }
    as_json_free(j);
    as_source_free(s);
}

static void check_same(const struct run *a, const struct run *b)
{
    MUST(a->rc == b->rc && a->offset == b->offset);
    MUST(as_bytes_eq(as_buf_bytes(&a->log), as_buf_bytes(&b->log)));
    MUST(as_bytes_eq(as_buf_bytes(&a->text), as_buf_bytes(&b->text)));
}

static void check_verdict(const struct run *r, as_bytes in)
{
    struct check c = {.p = in.p, .n = in.n};
    bool good = document(&c);

    if (r->rc == AS_LIMIT) {
        MUST(c.limit || !good);
        return;
    }
    MUST(r->rc == AS_OK || r->rc == AS_INVALID);
    MUST(c.limit || good == (r->rc == AS_OK));
    /* A mark that breaks off is reported where it begins. */
    if (r->rc && !c.limit && in.p[0] != 0xef)
        MUST(r->offset == c.at);
}

static void check_print(const struct run *r, unsigned indent)
{
    struct run again = {0};

    parse(&again, as_buf_bytes(&r->print), AS_JSON_AUTO, 0, indent);
    MUST(again.rc == AS_OK);
    MUST(as_bytes_eq(as_buf_bytes(&r->text), as_buf_bytes(&again.text)));
    if (r->deepest <= AS_JSONW_DEPTH_MAX)
        MUST(as_bytes_eq(as_buf_bytes(&r->print), as_buf_bytes(&again.print)));
    run_done(&again);
}

/* The same text behind so many blanks that it lies across the end of a read. */
static void check_moved(const struct run *r, as_bytes in)
{
    size_t shift = 2 * READ_SIZE - 80 + in.p[0] % 64 - (in.n > 40 ? in.n / 2 : 0);
    uint8_t *p = malloc(shift + in.n);
    struct run moved = {0};

    MUST(p);
    memset(p, ' ', shift);
    memcpy(p + shift, in.p, in.n);
    parse(&moved, (as_bytes){p, shift + in.n}, (as_json_simd)(1 + in.n % 3), shift, 0);
    if (!moved.missing)
        check_same(r, &moved);
    run_done(&moved);
    free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run first = {0};
    uint8_t *copy;
    as_bytes in;

    /* gzip's magic would make it another test: of the source. */
    if (size == 0 || size > INPUT_MAX || (size >= 2 && data[0] == 0x1f && data[1] == 0x8b))
        return 0;
    copy = malloc(size);
    MUST(copy);
    memcpy(copy, data, size);
    in = (as_bytes){copy, size};

    parse(&first, in, AS_JSON_PLAIN, 0, size % 4);
    for (int simd = AS_JSON_AVX2; simd <= AS_JSON_AVX512; simd++) {
        struct run other = {0};

        parse(&other, in, (as_json_simd)simd, 0, size % 4);
        if (!other.missing)
            check_same(&first, &other);
        run_done(&other);
    }
    check_verdict(&first, in);
    if (!first.rc && first.deepest <= AS_JSONW_DEPTH_MAX)
        check_print(&first, size % 4);
    if (copy[0] != 0xef && copy[size / 2] % 4 == 0)
        check_moved(&first, in);

    run_done(&first);
    free(copy);
    return 0;
}

#include "base/xml.h"

#include "base/utf8.h"
#include "base/xml_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * The window holds the token in hand from its first byte, so every position below is
 * counted from there and stays right when the window moves or grows. A byte gets into
 * view only once its character was checked; where one is ill-formed the view ends, and
 * who wants to see beyond is told so. So nothing below looks at characters again.
 */

#define CHUNK         ((size_t)128 << 10)
#define DEPTH_CEILING 4096u

struct frame {
    uint32_t name, name_n; /* in `names` */
    uint64_t begin;
    uint64_t index, children;
};

/* Counted from the token's first byte. */
struct attr_span {
    size_t name, name_n, raw, raw_n;
};

struct as_xml {
    as_source *source;
    as_xml_limits limits;
    uint8_t *win;
    size_t cap, n; /* bytes in the window */
    size_t tok;    /* where the token in hand begins */
    size_t seen;   /* bytes in view, from win on */
    uint64_t base; /* input offset of win[0] */
    bool eof, ill; /* the byte behind the view is ill-formed */
    bool started, rooted;
    bool closing; /* an empty element was opened: its CLOSE is due */
    as_err failure;
    as_buf names;
    size_t depth;
    uint64_t empty_end;
    size_t n_attrs, cap_attrs;
    struct attr_span *spans;
    as_xml_attr *attrs;
    struct frame frames[];
};

as_code as_xml_new(as_source *source, const as_xml_limits *limits, as_xml **ret, as_err *err)
{
    as_xml_limits use = limits ? *limits : AS_XML_LIMITS_DEFAULT;
    as_xml *x;

    if (use.depth_max > DEPTH_CEILING)
        use.depth_max = DEPTH_CEILING;
    x = as_mem_zero(1, sizeof(*x) + (use.depth_max + 1u) * sizeof(struct frame));
    if (!x)
        return as_fail_nomem(err, "an XML parser");
    x->source = source;
    x->limits = use;
    x->cap = 2 * CHUNK;
    x->win = as_mem_get(x->cap);
    if (!x->win) {
        as_xml_free(x);
        return as_fail_nomem(err, "an XML parser");
    }
    *ret = x;
    return AS_OK;
}

void as_xml_free(as_xml *x)
{
    if (!x)
        return;
    as_mem_free(x->win);
    as_mem_free(x->spans);
    as_mem_free(x->attrs);
    as_buf_done(&x->names);
    as_mem_free(x);
}

size_t as_xml_depth(const as_xml *x)
{
    return x->depth;
}

/* --- the window ------------------------------------------------------------------------ */

static const uint8_t *token(const as_xml *x)
{
    return x->win + x->tok;
}

/* Bytes in view from the token's first on. */
static size_t in_view(const as_xml *x)
{
    return x->seen - x->tok;
}

static uint64_t offset(const as_xml *x, size_t at)
{
    return x->base + x->tok + at;
}

static as_code fault(const as_xml *x, size_t at, as_err *err, const char *what)
{
    return as_fail(err, AS_INVALID, (size_t)offset(x, at), "not well-formed XML: %s", what);
}

/* Extends the view over the characters that are whole and allowed. */
static void check_characters(as_xml *x)
{
    while (x->seen < x->n) {
        as_bytes rest;
        size_t n, lead;
        int32_t cp;

        x->seen += as_xml_plain_run(x->win + x->seen, x->n - x->seen);
        if (x->seen == x->n)
            return;
        rest = (as_bytes){x->win + x->seen, x->n - x->seen};
        lead = rest.p[0] >= 0xf0 ? 4 : rest.p[0] >= 0xe0 ? 3 : rest.p[0] >= 0xc0 ? 2 : 1;
        if (rest.n < lead && !x->eof)
            return;
        cp = as_utf8_next(rest, &n);
        if (cp < 0 || !as_xml_is_char((uint32_t)cp)) {
            x->ill = true;
            return;
        }
        x->seen += n;
    }
}

/* Drops what is before the token and reads more behind it. */
static as_code read_more(as_xml *x, as_err *err)
{
    size_t got = 0;
    as_code rc;

    if (x->tok) {
        memmove(x->win, x->win + x->tok, x->n - x->tok);
        x->base += x->tok;
        x->n -= x->tok;
        x->seen -= x->tok;
        x->tok = 0;
    }
    if (x->cap - x->n < CHUNK) {
        uint8_t *grown = as_mem_resize(x->win, 2 * x->cap);

        if (!grown)
            return as_fail_nomem(err, "a long piece of XML");
        x->win = grown;
        x->cap *= 2;
    }
    rc = as_source_read(x->source, x->win + x->n, x->cap - x->n, &got, err);
    if (rc)
        return rc;
    x->n += got;
    x->eof = got == 0;
    check_characters(x);
    return AS_OK;
}

/* Brings the byte `at` into view, unless the input ends before it. */
static as_code look(as_xml *x, size_t at, as_err *err)
{
    while (in_view(x) <= at) {
        as_code rc;

        if (x->ill)
            return fault(x, in_view(x), err, "a byte or character that XML does not allow");
        if (x->eof)
            return AS_OK;
        rc = read_more(x, err);
        if (rc)
            return rc;
    }
    return AS_OK;
}

/* The byte `at`, or -1 at the end of the input. */
static inline as_code peek(as_xml *x, size_t at, int *ret, as_err *err)
{
    if (at >= in_view(x)) {
        as_code rc = look(x, at, err);

        if (rc)
            return rc;
    }
    *ret = at < in_view(x) ? token(x)[at] : -1;
    return AS_OK;
}

static as_code cut_off(const as_xml *x, as_err *err, const char *within)
{
    return as_fail(err, AS_INVALID, (size_t)offset(x, in_view(x)),
                   "not well-formed XML: the input ends within %s", within);
}

/* Whether `word` stands at `at`; short of input it does not. */
static as_code is_word(as_xml *x, size_t at, const char *word, bool *ret, as_err *err)
{
    size_t n = strlen(word);

    *ret = false;
    for (size_t i = 0; i < n; i++) {
        int c = -1;
        as_code rc = peek(x, at + i, &c, err);

        if (rc)
            return rc;
        if (c != (uint8_t)word[i])
            return AS_OK;
    }
    *ret = true;
    return AS_OK;
}

static as_code skip_blanks(as_xml *x, size_t *at, as_err *err)
{
    int c = -1;
    as_code rc = peek(x, *at, &c, err);

    while (!rc && as_xml_is_blank(c))
        rc = peek(x, ++*at, &c, err);
    return rc;
}

/*
 * Finds `end` from *at on, and *at becomes its first byte; `max` bytes may stand before
 * it. `what` is the thing that it ends.
 */
static as_code find(as_xml *x, size_t *at, const char *end, uint64_t max, const char *what,
                    as_err *err)
{
    size_t from = *at;

    for (;;) {
        size_t have = in_view(x);
        const uint8_t *hit = *at < have ? memchr(token(x) + *at, end[0], have - *at) : NULL;
        bool found = false;
        as_code rc = AS_OK;

        *at = hit ? (size_t)(hit - token(x)) : have > *at ? have : *at;
        if (*at - from > max)
            return as_fail(err, AS_LIMIT, (size_t)offset(x, from), "%s has more than %llu bytes",
                           what, (unsigned long long)max);
        if (hit)
            rc = is_word(x, *at, end, &found, err);
        else
            rc = look(x, *at, err);
        if (rc || found)
            return rc;
        if (in_view(x) <= *at)
            return cut_off(x, err, what);
        *at += hit != NULL;
    }
}

/* --- names and references ---------------------------------------------------------------- */

/* Where a run of ASCII that may stand in a name ends. */
static size_t name_run(const uint8_t *p, size_t at, size_t n)
{
    while (at < n && p[at] < 0x80 && as_xml_ascii[p[at]])
        at++;
    return at;
}

/* A name at *at, which becomes the byte behind it. */
static as_code read_name(as_xml *x, size_t *at, as_err *err)
{
    size_t from = *at;
    uint8_t class = AS_XML_NAME_START;

    for (;;) {
        int c = -1;
        as_code rc;

        if (class == AS_XML_NAME)
            *at = name_run(token(x), *at, in_view(x));
        if (*at - from > x->limits.name_max)
            return as_fail(err, AS_LIMIT, (size_t)offset(x, from), "a name has more than %u bytes",
                           x->limits.name_max);
        rc = peek(x, *at, &c, err);
        if (rc)
            return rc;
        if (c >= 0 && c < 0x80) {
            if (!(as_xml_ascii[c] & class))
                break;
            ++*at;
        } else if (c >= 0x80) {
            size_t n = 1;
            int32_t cp = as_utf8_next((as_bytes){token(x) + *at, in_view(x) - *at}, &n);

            if (class == AS_XML_NAME ? !as_xml_is_in_name((uint32_t)cp)
                                     : !as_xml_starts_name((uint32_t)cp))
                break;
            *at += n;
        } else {
            return cut_off(x, err, "a name");
        }
        class = AS_XML_NAME;
    }
    return *at > from ? AS_OK : fault(x, from, err, "a name should stand here");
}

/* Checks the reference whose '&' is at *at, and passes over it. */
static as_code pass_reference(as_xml *x, size_t *at, as_err *err)
{
    uint32_t cp;
    size_t n;
    as_code rc = AS_OK;

    for (size_t want = 2;; want++) {
        n = as_xml_reference((as_bytes){token(x) + *at, in_view(x) - *at}, &cp);
        if (n != SIZE_MAX)
            break;
        rc = look(x, *at + want - 1, err);
        if (rc)
            return rc;
        if (in_view(x) - *at < want)
            return cut_off(x, err, "a reference");
    }
    if (!n)
        return fault(x, *at, err,
                     "a reference to an entity that is none of the five, or to no character");
    *at += n;
    return AS_OK;
}

/* --- tags -------------------------------------------------------------------------------- */

static as_code add_span(as_xml *x, size_t name, size_t name_n, as_err *err)
{
    const uint8_t *p = token(x);

    if (x->n_attrs == x->limits.attrs_max)
        return as_fail(err, AS_LIMIT, (size_t)offset(x, name),
                       "an element has more than %u attributes", x->limits.attrs_max);
    for (size_t i = 0; i < x->n_attrs; i++) {
        const struct attr_span *s = &x->spans[i];

        if (s->name_n == name_n && p[s->name] == p[name] && !memcmp(p + s->name, p + name, name_n))
            return fault(x, name, err, "an attribute for the second time");
    }
    if (x->n_attrs == x->cap_attrs) {
        size_t cap = x->cap_attrs ? 2 * x->cap_attrs : 32;
        struct attr_span *spans = as_mem_resize(x->spans, cap * sizeof(*spans));
        as_xml_attr *attrs;

        if (spans)
            x->spans = spans;
        attrs = spans ? as_mem_resize(x->attrs, cap * sizeof(*attrs)) : NULL;
        if (!attrs)
            return as_fail_nomem(err, "the attributes of an element");
        x->attrs = attrs;
        x->cap_attrs = cap;
    }
    x->spans[x->n_attrs++] = (struct attr_span){.name = name, .name_n = name_n};
    return AS_OK;
}

/* What may be passed over in a value: all but quotes, '<' and '&'. */
static size_t value_run(const uint8_t *p, size_t at, size_t n, uint8_t quote)
{
    while (at < n && p[at] != quote && p[at] != '<' && p[at] != '&')
        at++;
    return at;
}

/* The quoted value at *at, which becomes the byte behind the closing quote. */
static as_code read_value(as_xml *x, size_t *at, struct attr_span *ret, as_err *err)
{
    int quote = -1;
    as_code rc = peek(x, *at, &quote, err);

    if (rc)
        return rc;
    if (quote < 0)
        return cut_off(x, err, "a tag");
    if (quote != '"' && quote != '\'')
        return fault(x, *at, err, "a value without quotes");
    ret->raw = ++*at;
    for (;;) {
        int c = -1;

        *at = value_run(token(x), *at, in_view(x), (uint8_t)quote);
        if (*at - ret->raw > x->limits.value_max)
            return as_fail(err, AS_LIMIT, (size_t)offset(x, ret->raw),
                           "an attribute has more than %llu bytes",
                           (unsigned long long)x->limits.value_max);
        rc = peek(x, *at, &c, err);
        if (rc)
            return rc;
        if (c < 0)
            return cut_off(x, err, "an attribute");
        if (c == quote)
            break;
        if (c == '<')
            return fault(x, *at, err, "'<' in an attribute");
        if (c == '&')
            rc = pass_reference(x, at, err);
        if (rc)
            return rc;
    }
    ret->raw_n = *at - ret->raw;
    ++*at;
    return AS_OK;
}

/* name = "value" at *at. */
static as_code read_attr(as_xml *x, size_t *at, as_err *err)
{
    size_t name = *at, name_n;
    struct attr_span *span;
    int c = -1;
    as_code rc = read_name(x, at, err);

    if (rc)
        return rc;
    name_n = *at - name;
    rc = skip_blanks(x, at, err);
    if (!rc)
        rc = peek(x, *at, &c, err);
    if (rc)
        return rc;
    if (c < 0)
        return cut_off(x, err, "a tag");
    if (c != '=')
        return fault(x, *at, err, "an attribute without '='");
    ++*at;
    rc = skip_blanks(x, at, err);
    if (!rc)
        rc = add_span(x, name, name_n, err);
    if (rc)
        return rc;
    span = &x->spans[x->n_attrs - 1];
    return read_value(x, at, span, err);
}

/* To after the '>' of a start tag whose name was read. */
static as_code read_attrs(as_xml *x, size_t *at, bool *ret_empty, as_err *err)
{
    x->n_attrs = 0;
    for (;;) {
        size_t blanks = *at;
        int c = -1;
        as_code rc = skip_blanks(x, at, err);

        if (!rc)
            rc = peek(x, *at, &c, err);
        if (rc)
            return rc;
        if (c == '>' || c == '/')
            break;
        if (c >= 0 && blanks == *at)
            return fault(x, *at, err, "a character that has no place in a tag");
        if (c < 0)
            return cut_off(x, err, "a tag");
        rc = read_attr(x, at, err);
        if (rc)
            return rc;
    }
    *ret_empty = token(x)[*at] == '/';
    if (*ret_empty) {
        int c = -1;
        as_code rc = peek(x, ++*at, &c, err);

        if (rc)
            return rc;
        if (c != '>')
            return c < 0 ? cut_off(x, err, "a tag") : fault(x, *at, err, "'/' within a tag");
    }
    ++*at;
    return AS_OK;
}

static as_bytes frame_name(const as_xml *x, const struct frame *f)
{
    return (as_bytes){x->names.p + f->name, f->name_n};
}

static as_code push(as_xml *x, size_t name_n, as_err *err)
{
    struct frame *f = &x->frames[x->depth], *up = x->depth ? f - 1 : NULL;

    if (x->depth == x->limits.depth_max)
        return as_fail(err, AS_LIMIT, (size_t)offset(x, 0), "elements nest deeper than %u levels",
                       x->limits.depth_max);
    x->names.n = up ? up->name + up->name_n : 0;
    *f = (struct frame){.name = (uint32_t)x->names.n,
                        .name_n = (uint32_t)name_n,
                        .begin = offset(x, 0),
                        .index = up ? ++up->children : 1};
    as_buf_add(&x->names, (as_bytes){token(x) + 1, name_n});
    if (x->names.failed)
        return as_fail_nomem(err, "the names of open elements");
    x->depth++;
    x->rooted = true;
    return AS_OK;
}

/* The element on top is closed; its name stays readable until the next is opened. */
static void pop(as_xml *x, uint64_t end, as_xml_tok *ret)
{
    const struct frame *f = &x->frames[--x->depth];

    *ret = (as_xml_tok){.type = AS_XML_CLOSE,
                        .begin = f->begin,
                        .end = end,
                        .index = f->index,
                        .name = frame_name(x, f)};
}

static as_code read_open(as_xml *x, as_xml_tok *ret, as_err *err)
{
    size_t at = 1, name_n;
    bool empty = false;
    as_code rc;

    if (!x->depth && x->rooted)
        return fault(x, 0, err, "a second root element");
    rc = read_name(x, &at, err);
    if (rc)
        return rc;
    name_n = at - 1;
    rc = read_attrs(x, &at, &empty, err);
    if (!rc)
        rc = push(x, name_n, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < x->n_attrs; i++) {
        const struct attr_span *s = &x->spans[i];

        x->attrs[i] = (as_xml_attr){.name = {token(x) + s->name, s->name_n},
                                    .raw = {token(x) + s->raw, s->raw_n},
                                    .begin = offset(x, s->name),
                                    .end = offset(x, s->raw + s->raw_n + 1)};
    }
    *ret = (as_xml_tok){.type = AS_XML_OPEN,
                        .begin = offset(x, 0),
                        .end = offset(x, at),
                        .index = x->frames[x->depth - 1].index,
                        .name = {token(x) + 1, name_n},
                        .attrs = x->attrs,
                        .n_attrs = x->n_attrs};
    x->closing = empty;
    x->empty_end = ret->end;
    x->tok += at;
    return AS_OK;
}

static as_code read_close(as_xml *x, as_xml_tok *ret, as_err *err)
{
    size_t at = 2, name_n;
    as_bytes open;
    int c = -1;
    as_code rc;

    if (!x->depth)
        return fault(x, 0, err, "an end tag without its start tag");
    rc = read_name(x, &at, err);
    if (rc)
        return rc;
    name_n = at - 2;
    rc = skip_blanks(x, &at, err);
    if (!rc)
        rc = peek(x, at, &c, err);
    if (rc)
        return rc;
    if (c != '>')
        return c < 0 ? cut_off(x, err, "a tag")
                     : fault(x, at, err, "a character that has no place in an end tag");
    open = frame_name(x, &x->frames[x->depth - 1]);
    if (!as_bytes_eq(open, (as_bytes){token(x) + 2, name_n})) {
        char shown[64];

        return as_fail(err, AS_INVALID, (size_t)offset(x, 0),
                       "not well-formed XML: another end tag than that of '%s'",
                       as_bytes_show(open, shown, sizeof(shown)));
    }
    pop(x, offset(x, at + 1), ret);
    x->tok += at + 1;
    return AS_OK;
}

/* --- what stands between tags --------------------------------------------------------------- */

/* "]]>" may stand in no text, and every '&' begins a reference. */
static as_code check_text(as_xml *x, size_t n, as_err *err)
{
    const uint8_t *p = token(x);
    size_t at = 0;

    for (const uint8_t *hit = p; (hit = memchr(hit, ']', n - (size_t)(hit - p))); hit++) {
        if ((size_t)(hit - p) + 2 < n && hit[1] == ']' && hit[2] == '>')
            return fault(x, (size_t)(hit - p), err, "']]>' in a text");
    }
    while (at < n && (p = memchr(token(x) + at, '&', n - at))) {
        as_code rc;

        at = (size_t)(p - token(x));
        rc = pass_reference(x, &at, err);
        if (rc)
            return rc;
    }
    return AS_OK;
}

/* Up to the next '<'. */
static as_code read_text(as_xml *x, as_xml_tok *ret, as_err *err)
{
    size_t at = 0;
    as_code rc = find(x, &at, "<", x->limits.text_max, "an element", err);

    if (!rc)
        rc = check_text(x, at, err);
    if (rc)
        return rc;
    *ret = (as_xml_tok){
        .type = AS_XML_TEXT, .begin = offset(x, 0), .end = offset(x, at), .raw = {token(x), at}};
    x->tok += at;
    return AS_OK;
}

static as_code read_cdata(as_xml *x, as_xml_tok *ret, as_err *err)
{
    const size_t mark = strlen("<![CDATA[");
    size_t at = mark;
    as_code rc = find(x, &at, "]]>", x->limits.text_max, "a CDATA section", err);

    if (rc)
        return rc;
    *ret = (as_xml_tok){.type = AS_XML_TEXT,
                        .cdata = true,
                        .begin = offset(x, 0),
                        .end = offset(x, at + 3),
                        .raw = {token(x) + mark, at - mark}};
    x->tok += at + 3;
    return AS_OK;
}

static as_code pass_comment(as_xml *x, as_err *err)
{
    size_t at = strlen("<!--");
    int c = -1;
    as_code rc = find(x, &at, "--", x->limits.text_max, "a comment", err);

    if (!rc)
        rc = peek(x, at + 2, &c, err);
    if (rc)
        return rc;
    if (c < 0)
        return cut_off(x, err, "a comment");
    if (c != '>')
        return fault(x, at, err, "'--' within a comment");
    x->tok += at + 3;
    return AS_OK;
}

static as_code pass_instruction(as_xml *x, as_err *err)
{
    size_t at = 2, name_n;
    int c = -1;
    as_code rc = read_name(x, &at, err);

    if (rc)
        return rc;
    name_n = at - 2;
    if (as_bytes_eq_nocase((as_bytes){token(x) + 2, name_n}, AS_LITERAL("xml")))
        return fault(x, 0, err, "an XML declaration that is not at the very beginning");
    rc = peek(x, at, &c, err);
    if (rc)
        return rc;
    if (c >= 0 && c != '?' && !as_xml_is_blank(c))
        return fault(x, at, err, "a character that has no place in a name");
    if (c == '?') { /* then nothing may stand between the name and the end */
        rc = peek(x, at + 1, &c, err);
        if (rc)
            return rc;
        if (c >= 0 && c != '>')
            return fault(x, at, err, "'?' behind the name of an instruction");
    }
    rc = find(x, &at, "?>", x->limits.text_max, "a processing instruction", err);
    if (rc)
        return rc;
    x->tok += at + 2;
    return AS_OK;
}

/* --- the declaration ---------------------------------------------------------------------------
 */

static bool is_version(as_bytes v)
{
    if (v.n < 3 || memcmp(v.p, "1.", 2) != 0)
        return false;
    for (size_t i = 2; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return false;
    }
    return true;
}

/* The pseudo-attributes, in their order: version, then encoding, then standalone. */
static as_code check_declaration(as_xml *x, as_err *err)
{
    static const char *const names[] = {"version", "encoding", "standalone"};
    const uint8_t *p = token(x);
    size_t order = 0;

    for (size_t i = 0; i < x->n_attrs; i++) {
        const struct attr_span *s = &x->spans[i];
        as_bytes value = {p + s->raw, s->raw_n};

        while (order < AS_COUNT(names) &&
               !as_bytes_is((as_bytes){p + s->name, s->name_n}, names[order]))
            order++;
        if (order == AS_COUNT(names) || (i == 0 && order != 0))
            return fault(x, s->name, err, "an XML declaration of another form");
        if (order == 0 && !is_version(value))
            return fault(x, s->raw, err, "an XML version other than 1.x");
        if (order == 1 && !as_bytes_eq_nocase(value, AS_LITERAL("UTF-8")) &&
            !as_bytes_eq_nocase(value, AS_LITERAL("US-ASCII")))
            return as_fail(err, AS_INVALID, (size_t)offset(x, s->raw),
                           "the XML declares an encoding other than UTF-8");
        if (order == 2 && !as_bytes_is(value, "yes") && !as_bytes_is(value, "no"))
            return fault(x, s->raw, err, "'standalone' that is neither yes nor no");
        order++;
    }
    return x->n_attrs ? AS_OK : fault(x, 0, err, "an XML declaration without a version");
}

static as_code read_declaration(as_xml *x, as_err *err)
{
    size_t at = strlen("<?xml");

    x->n_attrs = 0;
    for (;;) {
        size_t blanks = at;
        int c = -1;
        as_code rc = skip_blanks(x, &at, err);

        if (!rc)
            rc = peek(x, at, &c, err);
        if (rc)
            return rc;
        if (c < 0)
            return cut_off(x, err, "the XML declaration");
        if (c == '?')
            break;
        rc = blanks == at ? fault(x, at, err, "an XML declaration of another form")
                          : read_attr(x, &at, err);
        if (rc)
            return rc;
    }
    {
        int c = -1;
        as_code rc = peek(x, at + 1, &c, err);

        if (rc)
            return rc;
        if (c != '>')
            return c < 0 ? cut_off(x, err, "the XML declaration")
                         : fault(x, at, err, "an XML declaration of another form");
        rc = check_declaration(x, err);
        if (rc)
            return rc;
    }
    x->tok += at + 2;
    return AS_OK;
}

/* A byte-order mark, and the declaration if there is one. */
static as_code begin(as_xml *x, as_err *err)
{
    bool is_it = false;
    int c = -1;
    as_code rc = is_word(x, 0, "\xef\xbb\xbf", &is_it, err);

    x->started = true;
    if (rc)
        return rc;
    if (is_it)
        x->tok += 3;
    rc = is_word(x, 0, "<?xml", &is_it, err);
    if (!rc && is_it)
        rc = peek(x, strlen("<?xml"), &c, err);
    if (rc || !is_it || (c >= 0 && !as_xml_is_blank(c) && c != '?'))
        return rc; /* "<?xml-stylesheet" is an instruction */
    return read_declaration(x, err);
}

/* --- tokens ----------------------------------------------------------------------------------- */

/* Behind "<!". */
static as_code read_marked(as_xml *x, as_xml_tok *ret, bool *ret_done, as_err *err)
{
    bool comment = false, cdata = false, doctype = false;
    as_code rc = is_word(x, 2, "--", &comment, err);

    if (!rc)
        rc = is_word(x, 2, "[CDATA[", &cdata, err);
    if (!rc)
        rc = is_word(x, 2, "DOCTYPE", &doctype, err);
    if (rc)
        return rc;
    if (comment)
        return pass_comment(x, err);
    if (doctype)
        return as_fail(err, AS_REFUSED, (size_t)offset(x, 0),
                       "a document type declaration: assay reads no XML that has one");
    if (!cdata || !x->depth) {
        if (in_view(x) < strlen("<![CDATA[") && x->eof)
            return cut_off(x, err, "a mark-up declaration");
        return fault(x, 0, err, "a mark-up declaration that has no place here");
    }
    *ret_done = true;
    return read_cdata(x, ret, err);
}

/* Outside the root element. */
static as_code pass_blanks(as_xml *x, bool *ret_end, as_err *err)
{
    size_t at = 0;
    int c = -1;
    as_code rc = skip_blanks(x, &at, err);

    x->tok += at;
    if (!rc)
        rc = peek(x, 0, &c, err);
    if (rc)
        return rc;
    *ret_end = c < 0;
    if (c < 0 && !x->rooted)
        return fault(x, 0, err, "the input has no element");
    return c < 0 || c == '<' ? AS_OK : fault(x, 0, err, "text outside the root element");
}

/* One token, or something that is passed over and leaves *ret_done false. */
static as_code step(as_xml *x, as_xml_tok *ret, bool *ret_done, as_err *err)
{
    bool end = false;
    int c = -1;
    as_code rc = x->depth ? AS_OK : pass_blanks(x, &end, err);

    if (!rc && end) {
        *ret = (as_xml_tok){.type = AS_XML_END, .begin = offset(x, 0), .end = offset(x, 0)};
        *ret_done = true;
    }
    if (rc || end)
        return rc;
    rc = peek(x, 0, &c, err);
    if (rc)
        return rc;
    if (c < 0)
        return cut_off(x, err, "an element");
    *ret_done = true;
    if (c != '<')
        return read_text(x, ret, err);
    rc = peek(x, 1, &c, err);
    if (rc)
        return rc;
    if (c == '/')
        return read_close(x, ret, err);
    if (c != '!' && c != '?')
        return read_open(x, ret, err);
    *ret_done = false;
    return c == '?' ? pass_instruction(x, err) : read_marked(x, ret, ret_done, err);
}

as_code as_xml_next(as_xml *x, as_xml_tok *ret, as_err *err)
{
    bool done = false;
    as_err e = {0};
    as_code rc = x->failure.code;

    if (rc) {
        if (err)
            *err = x->failure;
        return rc;
    }
    if (x->closing) {
        x->closing = false;
        pop(x, x->empty_end, ret);
        return AS_OK;
    }
    rc = x->started ? AS_OK : begin(x, &e);
    while (!rc && !done)
        rc = step(x, ret, &done, &e);
    if (rc) {
        x->failure = e;
        x->failure.code = rc;
        if (err)
            *err = e;
    }
    return rc;
}

as_code as_xml_skip(as_xml *x, as_xml_tok *t, as_err *err)
{
    uint64_t begin_at = t->begin;
    as_code rc = AS_OK;

    if (t->type != AS_XML_OPEN)
        return AS_OK;
    do {
        rc = as_xml_next(x, t, err);
    } while (!rc && (t->type != AS_XML_CLOSE || t->begin != begin_at));
    return rc;
}

bool as_xml_attr_of(const as_xml_tok *t, const char *name, as_bytes *ret)
{
    for (size_t i = 0; i < t->n_attrs; i++) {
        if (as_bytes_is(t->attrs[i].name, name)) {
            *ret = t->attrs[i].raw;
            return true;
        }
    }
    return false;
}

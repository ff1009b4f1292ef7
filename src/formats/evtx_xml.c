#include "formats/winevent_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * Binary XML (MS-EVEN6 section 2.2.12): tokens of which most text is given by offset
 * into the chunk, because the records of one chunk share their names and templates.
 * A template is the event's tree with holes; a record is a template and what to put
 * into the holes. Offsets may point anywhere and templates may hold themselves, so
 * tokens, nesting and text of one record are limited.
 */

#define TOKEN_END          0x00
#define TOKEN_OPEN         0x01
#define TOKEN_CLOSE_START  0x02
#define TOKEN_CLOSE_EMPTY  0x03
#define TOKEN_END_ELEMENT  0x04
#define TOKEN_VALUE        0x05
#define TOKEN_ATTRIBUTE    0x06
#define TOKEN_CDATA        0x07
#define TOKEN_CHAR         0x08
#define TOKEN_ENTITY       0x09
#define TOKEN_PI_TARGET    0x0a
#define TOKEN_PI_DATA      0x0b
#define TOKEN_TEMPLATE     0x0c
#define TOKEN_PUT          0x0d
#define TOKEN_PUT_OPTIONAL 0x0e
#define TOKEN_FRAGMENT     0x0f
#define TOKEN_MORE         0x40

#define NAMES         256u
#define NAME_MAX_CHAR 512u
#define NAMES_KEPT    ((size_t)256 << 10) /* bytes of their text; a real chunk has 4 KiB */
#define VALUES_MAX    4096u               /* holes of one template; the largest real one has 100 */

struct name {
    uint32_t offset; /* 0: free */
    uint32_t at, n;  /* in `text` */
};

struct value {
    uint32_t at;
    uint16_t size;
    uint8_t type;
};

/* What fills the holes of a template in hand. */
struct frame {
    size_t first, n; /* in `values` */
    unsigned nested;
    bool in_value; /* elements that stand in a value have no dependency number */
};

struct as_evtx_chunk {
    as_bytes bytes;
    as_wintree tree;
    struct name names[NAMES];
    as_buf text;   /* of the names */
    as_buf values; /* struct value */
    as_buf value;  /* text of the value in hand */
    as_buf attr_text;
    bool in_attr;
    struct name attr; /* of the attribute in hand */
    as_form attr_form;
    unsigned attr_pieces;
    unsigned steps;
    size_t told; /* bytes of text of this record */
    bool bad;    /* the record's own fault */
};

as_evtx_chunk *as_evtx_chunk_new(as_winevents *events)
{
    as_evtx_chunk *c = as_mem_zero(1, sizeof(*c));

    if (c)
        c->tree.events = events;
    return c;
}

void as_evtx_chunk_free(as_evtx_chunk *c)
{
    if (!c)
        return;
    as_wintree_done(&c->tree);
    as_buf_done(&c->text);
    as_buf_done(&c->values);
    as_buf_done(&c->value);
    as_buf_done(&c->attr_text);
    as_mem_free(c);
}

void as_evtx_chunk_set(as_evtx_chunk *c, as_bytes bytes)
{
    c->bytes = bytes;
    memset(c->names, 0, sizeof(c->names));
    as_buf_reset(&c->text);
}

static as_code fail_bad(as_evtx_chunk *c, size_t at, const char *what, as_err *err)
{
    c->bad = true;
    return as_fail(err, AS_INVALID, at, "binary XML: %s", what);
}

static as_code fail_cut(as_evtx_chunk *c, size_t at, as_err *err)
{
    return fail_bad(c, at, "a token is cut short", err);
}

static as_code fail_nomem(as_err *err)
{
    return as_fail_nomem(err, "an event");
}

static const char too_much_text[] = "a record has too much text";

/* --- numbers and names ------------------------------------------------------------- */

/* What is left of a fragment. */
struct cursor {
    size_t at, end;
};

static bool take(const as_evtx_chunk *c, struct cursor *p, size_t n, uint32_t *ret)
{
    uint32_t v = 0;

    if (n > p->end - p->at)
        return false;
    for (size_t i = n; i-- > 0;)
        v = v << 8 | c->bytes.p[p->at + i];
    p->at += n;
    *ret = v;
    return true;
}

static bool skip(struct cursor *p, size_t n)
{
    if (n > p->end - p->at)
        return false;
    p->at += n;
    return true;
}

/* Link to the next, hash, count, characters, NUL. */
static as_code read_name(as_evtx_chunk *c, uint32_t offset, struct name *ret, as_err *err)
{
    struct cursor p = {offset, c->bytes.n};
    uint32_t chars = 0;

    if (offset > c->bytes.n || !skip(&p, 6) || !take(c, &p, 2, &chars) ||
        (size_t)chars * 2 > p.end - p.at)
        return fail_bad(c, offset, "a name lies outside the chunk", err);
    if (chars > NAME_MAX_CHAR)
        return fail_bad(c, offset, "a name is too long", err);
    *ret = (struct name){.offset = offset, .at = (uint32_t)c->text.n};
    as_evtx_utf16((as_bytes){c->bytes.p + p.at, (size_t)chars * 2}, &c->text);
    if (c->text.failed)
        return fail_nomem(err);
    ret->n = (uint32_t)c->text.n - ret->at;
    c->told += ret->n;
    return c->told <= AS_EVTX_TEXT_MAX ? AS_OK : fail_bad(c, offset, too_much_text, err);
}

static as_code find_name(as_evtx_chunk *c, uint32_t offset, struct name *ret, as_err *err)
{
    struct name *n = &c->names[(offset * 2654435761u) >> 24 & (NAMES - 1)];
    as_code rc = AS_OK;

    if (n->offset != offset || !offset) {
        rc = read_name(c, offset, n, err);
        if (rc)
            n->offset = 0;
    }
    if (!rc)
        *ret = *n;
    return rc;
}

static as_bytes name_text(const as_evtx_chunk *c, struct name n)
{
    return (as_bytes){c->text.p + n.at, n.n};
}

/* The view holds until another name is read. */
static as_code name_at(as_evtx_chunk *c, uint32_t offset, as_bytes *ret, as_err *err)
{
    struct name n = {0};
    as_code rc = find_name(c, offset, &n, err);

    if (!rc)
        *ret = name_text(c, n);
    return rc;
}

/* The offset of a name; where it is first used, the name itself follows. */
static as_code take_name(as_evtx_chunk *c, struct cursor *p, uint32_t *ret, as_err *err)
{
    uint32_t offset = 0, chars = 0;

    if (!take(c, p, 4, &offset))
        return fail_cut(c, p->at, err);
    if (offset == p->at &&
        (!skip(p, 6) || !take(c, p, 2, &chars) || !skip(p, (size_t)chars * 2 + 2)))
        return fail_cut(c, p->at, err);
    *ret = offset;
    return AS_OK;
}

/* --- text ----------------------------------------------------------------------------- */

static as_code end_attr(as_evtx_chunk *c, as_err *err)
{
    bool had = c->in_attr && c->attr_pieces;

    c->in_attr = false;
    return had ? as_wintree_attr(&c->tree, name_text(c, c->attr), c->attr_form,
                                 as_buf_bytes(&c->attr_text), err)
               : AS_OK;
}

/* To the attribute in hand, else to the element. */
static as_code put_text(as_evtx_chunk *c, as_form form, as_bytes text, bool of_list, as_err *err)
{
    c->told += text.n;
    if (c->told > AS_EVTX_TEXT_MAX)
        return fail_bad(c, AS_NO_OFFSET, too_much_text, err);
    if (c->in_attr) {
        c->attr_form = c->attr_pieces++ ? AS_FORM_TEXT : form;
        as_buf_add(&c->attr_text, text);
        return c->attr_text.failed ? fail_nomem(err) : AS_OK;
    }
    return of_list ? as_wintree_value(&c->tree, form, text, err)
                   : as_wintree_text(&c->tree, form, text, err);
}

static as_code put_value(as_evtx_chunk *c, unsigned type, size_t at, size_t size, as_err *err)
{
    bool list = type & AS_EVTX_LIST;

    while (size > 0) {
        as_form form;
        size_t used;
        as_code rc;

        as_buf_reset(&c->value);
        used = as_evtx_value(type, (as_bytes){c->bytes.p + at, size}, &c->value, &form);
        if (c->value.failed)
            return fail_nomem(err);
        if (!used || used > size)
            return fail_bad(c, at, "a value does not have the size of its type", err);
        if (++c->steps > AS_EVTX_STEPS)
            return fail_bad(c, at, "a record has too many parts", err);
        rc = c->value.n ? put_text(c, form, as_buf_bytes(&c->value), list, err) : AS_OK;
        if (rc)
            return rc;
        at += used;
        size -= used;
    }
    return AS_OK;
}

/* A count of UTF-16 units, and those. */
static as_code take_text(as_evtx_chunk *c, struct cursor *p, bool tell, as_err *err)
{
    uint32_t chars = 0;
    size_t at;

    if (!take(c, p, 2, &chars))
        return fail_cut(c, p->at, err);
    at = p->at;
    if (!skip(p, (size_t)chars * 2))
        return fail_cut(c, at, err);
    return tell ? put_value(c, AS_EVTX_STRING, at, (size_t)chars * 2, err) : AS_OK;
}

static as_code take_entity(as_evtx_chunk *c, struct cursor *p, as_err *err)
{
    static const struct {
        const char *name, *text;
    } entities[] = {{"lt", "<"}, {"gt", ">"}, {"amp", "&"}, {"quot", "\""}, {"apos", "'"}};
    uint32_t offset = 0;
    as_bytes name = {0};
    as_code rc = take_name(c, p, &offset, err);

    if (!rc)
        rc = name_at(c, offset, &name, err);
    for (size_t i = 0; !rc && i < AS_COUNT(entities); i++) {
        if (as_bytes_is(name, entities[i].name))
            return put_text(c, AS_FORM_TEXT, as_bytes_of(entities[i].text), false, err);
    }
    return rc;
}

static as_code take_char(as_evtx_chunk *c, struct cursor *p, as_err *err)
{
    size_t at = p->at;

    return skip(p, 2) ? put_value(c, AS_EVTX_STRING, at, 2, err) : fail_cut(c, at, err);
}

/* --- elements --------------------------------------------------------------------------- */

static as_code open_element(as_evtx_chunk *c, struct cursor *p, const struct frame *f, bool more,
                            as_err *err)
{
    uint32_t offset = 0, ignored;
    as_bytes name = {0};
    as_code rc;

    if ((!f->in_value && !skip(p, 2)) || !take(c, p, 4, &ignored))
        return fail_cut(c, p->at, err);
    rc = take_name(c, p, &offset, err);
    if (!rc && more && !take(c, p, 4, &ignored))
        rc = fail_cut(c, p->at, err);
    if (!rc)
        rc = name_at(c, offset, &name, err);
    return rc ? rc : as_wintree_open(&c->tree, name, err);
}

static as_code begin_attr(as_evtx_chunk *c, struct cursor *p, as_err *err)
{
    uint32_t offset = 0;
    as_code rc = end_attr(c, err);

    if (!rc)
        rc = take_name(c, p, &offset, err);
    if (!rc)
        rc = find_name(c, offset, &c->attr, err);
    as_buf_reset(&c->attr_text);
    c->attr_pieces = 0;
    c->in_attr = !rc;
    return rc;
}

static as_code read_fragment(as_evtx_chunk *c, struct cursor p, const struct frame *f, as_err *err);

static as_code put_hole(as_evtx_chunk *c, struct cursor *p, const struct frame *f, as_err *err)
{
    const struct value *all = (const struct value *)(const void *)c->values.p;
    uint32_t id = 0, type = 0;
    struct value v;

    if (!take(c, p, 2, &id) || !take(c, p, 1, &type))
        return fail_cut(c, p->at, err);
    if (id >= f->n)
        return AS_OK;
    v = all[f->first + id];
    if (!v.size || v.type == 0)
        return AS_OK;
    if (v.type == AS_EVTX_BINXML) {
        struct frame inside = {.nested = f->nested + 1, .in_value = true};

        if (c->in_attr)
            return fail_bad(c, p->at, "elements inside an attribute", err);
        return read_fragment(c, (struct cursor){v.at, (size_t)v.at + v.size}, &inside, err);
    }
    return put_value(c, v.type, v.at, v.size, err);
}

/* Count, then size and type of each, then their bytes. */
static as_code take_values(as_evtx_chunk *c, struct cursor *p, struct frame *f, as_err *err)
{
    struct cursor list;
    uint32_t n = 0, size = 0, type = 0;

    if (!take(c, p, 4, &n))
        return fail_cut(c, p->at, err);
    if (n > VALUES_MAX || n > (p->end - p->at) / 4)
        return fail_bad(c, p->at, "a record has too many values", err);
    list = (struct cursor){p->at, p->at + (size_t)n * 4};
    p->at = list.end;
    f->first = c->values.n / sizeof(struct value);
    f->n = n;
    for (uint32_t i = 0; i < n; i++) {
        struct value v;
        uint8_t *room = as_buf_room(&c->values, sizeof(v));

        if (!room)
            return fail_nomem(err);
        if (!take(c, &list, 2, &size) || !take(c, &list, 2, &type))
            return fail_cut(c, list.at, err);
        v = (struct value){(uint32_t)p->at, (uint16_t)size, (uint8_t)type};
        memcpy(room, &v, sizeof(v));
        c->values.n += sizeof(v);
        if (!skip(p, size))
            return fail_bad(c, p->at, "a value runs past the record", err);
    }
    return AS_OK;
}

/* The template, by its offset; where it is first used it stands right here. */
static as_code read_template(as_evtx_chunk *c, struct cursor *p, const struct frame *outer,
                             as_err *err)
{
    struct frame f = {.nested = outer->nested + 1};
    size_t had = c->values.n;
    uint32_t offset = 0, size = 0;
    struct cursor body;
    as_code rc;

    if (!skip(p, 5) || !take(c, p, 4, &offset))
        return fail_cut(c, p->at, err);
    body = (struct cursor){offset, c->bytes.n};
    if (offset > c->bytes.n || !skip(&body, 20) || !take(c, &body, 4, &size) ||
        size > body.end - body.at)
        return fail_bad(c, p->at, "a template lies outside the chunk", err);
    body.end = body.at + size;
    if (offset == p->at && !skip(p, (size_t)24 + size))
        return fail_cut(c, p->at, err);
    rc = take_values(c, p, &f, err);
    if (!rc)
        rc = read_fragment(c, body, &f, err);
    c->values.n = had;
    return rc;
}

static as_code read_token(as_evtx_chunk *c, struct cursor *p, const struct frame *f, unsigned token,
                          as_err *err)
{
    unsigned kind = token & ~(unsigned)TOKEN_MORE;
    uint32_t ignored;
    as_code rc = AS_OK;

    if (kind != TOKEN_VALUE && kind != TOKEN_CHAR && kind != TOKEN_ENTITY && kind != TOKEN_PUT &&
        kind != TOKEN_PUT_OPTIONAL && kind != TOKEN_ATTRIBUTE)
        rc = end_attr(c, err);
    if (rc)
        return rc;
    switch (kind) {
    case TOKEN_OPEN:
        return open_element(c, p, f, token & TOKEN_MORE, err);
    case TOKEN_CLOSE_START:
        return AS_OK;
    case TOKEN_CLOSE_EMPTY:
    case TOKEN_END_ELEMENT:
        return as_wintree_close(&c->tree, err);
    case TOKEN_VALUE:
        if (!take(c, p, 1, &ignored) || ignored != AS_EVTX_STRING)
            return fail_bad(c, p->at, "a value in the text is no string", err);
        return take_text(c, p, true, err);
    case TOKEN_ATTRIBUTE:
        return begin_attr(c, p, err);
    case TOKEN_CDATA:
        return take_text(c, p, true, err);
    case TOKEN_CHAR:
        return take_char(c, p, err);
    case TOKEN_ENTITY:
        return take_entity(c, p, err);
    case TOKEN_PI_TARGET:
        return take_name(c, p, &ignored, err);
    case TOKEN_PI_DATA:
        return take_text(c, p, false, err);
    case TOKEN_TEMPLATE:
        return read_template(c, p, f, err);
    case TOKEN_PUT:
    case TOKEN_PUT_OPTIONAL:
        return put_hole(c, p, f, err);
    case TOKEN_FRAGMENT:
        return skip(p, 3) ? AS_OK : fail_cut(c, p->at, err);
    default:
        return fail_bad(c, p->at - 1, "an unknown token", err);
    }
}

/* What a fragment opens it must close. */
static as_code read_fragment(as_evtx_chunk *c, struct cursor p, const struct frame *f, as_err *err)
{
    size_t depth = c->tree.depth;
    as_code rc = AS_OK;

    if (f->nested > AS_EVTX_NESTED)
        return fail_bad(c, p.at, "nested too deep", err);
    while (!rc && p.at < p.end) {
        uint32_t token = 0;

        if (++c->steps > AS_EVTX_STEPS)
            return fail_bad(c, p.at, "a record has too many parts", err);
        if (!take(c, &p, 1, &token) || token == TOKEN_END)
            break;
        if (token == TOKEN_END_ELEMENT && c->tree.depth == depth)
            return fail_bad(c, p.at, "an element ends that never began", err);
        rc = read_token(c, &p, f, token, err);
    }
    if (!rc)
        rc = end_attr(c, err);
    if (!rc && c->tree.depth != depth)
        rc = fail_bad(c, p.at, "an element never ends", err);
    return rc;
}

as_code as_evtx_record(as_evtx_chunk *c, size_t from, size_t to, bool *ret_fatal, as_err *err)
{
    struct frame f = {0};
    as_code rc;

    as_wintree_begin(&c->tree);
    as_buf_reset(&c->values);
    /* Names that push each other out of the table pile up. */
    if (c->text.n > NAMES_KEPT)
        as_evtx_chunk_set(c, c->bytes);
    c->in_attr = false;
    c->steps = 0;
    c->told = 0;
    c->bad = false;
    rc = read_fragment(c, (struct cursor){from, to}, &f, err);
    *ret_fatal = rc && !c->bad && !c->tree.malformed;
    return rc;
}

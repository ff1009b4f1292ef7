#include "formats/winevent_priv.h"

#include <string.h>

#include "base/utf8.h"

#include "base/banned.h"

/*
 * The tree of one event. Its first two levels say what the rest means:
 *
 *     Event / System / Provider      a field of the frame, "Provider" or "Provider.Name"
 *     Event / EventData / Data       a field by its attribute Name, or "Data"
 *     Event / UserData / any / Leaf  a field "Leaf"; `any` is the value of "UserData"
 */

#define LEVEL_SECTION 1
#define LEVEL_FIELD   2

/* --- the tree --------------------------------------------------------------------- */

void as_wintree_begin(as_wintree *x)
{
    as_buf_reset(&x->names);
    as_buf_reset(&x->text);
    x->depth = x->pieces = 0;
    x->where = AS_WINEVENT_DATA;
    x->user = false;
    x->malformed = false;
}

void as_wintree_done(as_wintree *x)
{
    as_buf_done(&x->names);
    as_buf_done(&x->text);
}

static as_code fail_nomem(as_err *err)
{
    return as_fail_nomem(err, "an event");
}

static as_code fail_event(as_wintree *x, as_code code, const char *what, as_err *err)
{
    x->malformed = true;
    return as_fail(err, code, AS_NO_OFFSET, "%s", what);
}

static as_bytes path_of(const as_wintree *x)
{
    size_t at = x->open[x->depth - 1].path;

    return (as_bytes){x->names.p + at, x->names.n - at};
}

static bool is_blank(as_bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != ' ' && text.p[i] != '\t' && text.p[i] != '\r' && text.p[i] != '\n')
            return false;
    }
    return true;
}

static as_code flush(as_wintree *x, as_err *err)
{
    as_bytes text = as_buf_bytes(&x->text);
    as_code rc = AS_OK;

    if (x->text.failed || x->names.failed)
        return fail_nomem(err);
    if (x->depth && x->pieces && !(x->open[x->depth - 1].had_elements && is_blank(text)))
        rc = as_winevents_field(x->events, x->where, path_of(x), x->form, text, err);
    as_buf_reset(&x->text);
    x->pieces = 0;
    return rc;
}

static void enter_section(as_wintree *x, as_bytes name)
{
    x->where = as_bytes_is(name, "System") ? AS_WINEVENT_SYSTEM : AS_WINEVENT_DATA;
    x->user = as_bytes_is(name, "UserData");
}

/* In the frame a name is a path: "Security.UserID" must not be taken for a field of the data. */
static void push_name(as_wintree *x, as_bytes name)
{
    size_t at = x->names.n, n = 0;
    uint8_t *room;

    if (x->where == AS_WINEVENT_SYSTEM && x->depth > LEVEL_FIELD)
        n = path_of(x).n;
    room = as_buf_room(&x->names, n + 1);
    if (room && n) {
        memcpy(room, x->names.p + x->open[x->depth - 1].path, n);
        room[n] = '.';
        x->names.n += n + 1;
    }
    x->open[x->depth].path = at;
    x->open[x->depth].name = x->names.n;
    as_buf_add(&x->names, name);
}

as_code as_wintree_open(as_wintree *x, as_bytes name, as_err *err)
{
    as_code rc;

    if (x->depth == AS_WINEVENT_DEPTH_MAX)
        return fail_event(x, AS_LIMIT, "the elements of an event are nested too deep", err);
    if (x->depth)
        x->open[x->depth - 1].had_elements = true;
    rc = flush(x, err);
    if (rc)
        return rc;
    if (x->depth == LEVEL_SECTION)
        enter_section(x, name);
    push_name(x, name);
    x->open[x->depth].data = x->open[x->depth].had_elements = false;
    x->depth++;
    if (x->names.failed)
        return fail_nomem(err);
    if (x->user && x->depth == LEVEL_FIELD + 1)
        return as_winevents_field(x->events, x->where, AS_LITERAL("UserData"), AS_FORM_TEXT, name,
                                  err);
    return AS_OK;
}

as_code as_wintree_attr(as_wintree *x, as_bytes name, as_form form, as_bytes value, as_err *err)
{
    size_t at = x->names.n;
    as_code rc;

    if (!x->depth || !value.n || (name.n >= 5 && !memcmp(name.p, "xmlns", 5)))
        return AS_OK;
    if (x->where == AS_WINEVENT_DATA && x->depth > LEVEL_FIELD && as_bytes_is(name, "Name") &&
        !x->open[x->depth - 1].data) {
        x->names.n = x->open[x->depth - 1].path;
        as_buf_add(&x->names, value);
        x->open[x->depth - 1].data = true;
        return x->names.failed ? fail_nomem(err) : AS_OK;
    }
    as_buf_byte(&x->names, '.');
    as_buf_add(&x->names, name);
    if (x->names.failed)
        return fail_nomem(err);
    rc = as_winevents_field(x->events, x->where, path_of(x), form, value, err);
    x->names.n = at;
    return rc;
}

as_code as_wintree_text(as_wintree *x, as_form form, as_bytes text, as_err *err)
{
    x->form = x->pieces++ ? AS_FORM_TEXT : form;
    as_buf_add(&x->text, text);
    return x->text.failed ? fail_nomem(err) : AS_OK;
}

/* One of several values of one element. */
as_code as_wintree_value(as_wintree *x, as_form form, as_bytes text, as_err *err)
{
    as_code rc = flush(x, err);

    if (!rc)
        rc = as_wintree_text(x, form, text, err);
    return rc ? rc : flush(x, err);
}

as_code as_wintree_close(as_wintree *x, as_err *err)
{
    as_code rc;

    if (!x->depth)
        return fail_event(x, AS_INVALID, "an element ends that never began", err);
    rc = flush(x, err);
    x->depth--;
    x->names.n = x->open[x->depth].path;
    if (x->depth <= LEVEL_SECTION)
        x->where = AS_WINEVENT_DATA;
    return rc;
}

/* --- its text ----------------------------------------------------------------------- */

struct cursor {
    const uint8_t *p, *end;
    as_buf text; /* a value with its references undone */
};

static as_code fail_xml(as_wintree *x, as_err *err)
{
    return fail_event(x, AS_INVALID, "an event's XML is malformed", err);
}

static bool starts(const struct cursor *c, const char *what)
{
    size_t n = strlen(what);

    return (size_t)(c->end - c->p) >= n && !memcmp(c->p, what, n);
}

/* The bytes before `mark`, which is passed over too. */
static bool take_until(struct cursor *c, const char *mark, as_bytes *ret)
{
    const uint8_t *at = memmem(c->p, (size_t)(c->end - c->p), mark, strlen(mark));

    if (!at)
        return false;
    *ret = (as_bytes){c->p, (size_t)(at - c->p)};
    c->p = at + strlen(mark);
    return true;
}

static void skip_blanks(struct cursor *c)
{
    while (c->p < c->end && is_blank((as_bytes){c->p, 1}))
        c->p++;
}

static as_bytes take_name(struct cursor *c)
{
    const uint8_t *from = c->p;

    while (c->p < c->end && !is_blank((as_bytes){c->p, 1}) && *c->p != '>' && *c->p != '/' &&
           *c->p != '=' && *c->p != '<')
        c->p++;
    return (as_bytes){from, (size_t)(c->p - from)};
}

/* "#x41" or "#65" to a code point that XML allows; false for anything else. */
static bool char_reference(as_bytes name, uint32_t *ret)
{
    uint32_t cp = 0, base = 10;
    size_t i = 1;

    if (name.n > 1 && (name.p[1] | 0x20) == 'x') {
        base = 16;
        i = 2;
    }
    if (i == name.n || name.n > 10)
        return false;
    for (; i < name.n; i++) {
        uint32_t d = (uint32_t)(name.p[i] | 0x20);

        d = d >= 'a' ? d - 'a' + 10 : (uint32_t)name.p[i] - '0';
        if (d >= base)
            return false;
        cp = cp * base + d;
        if (cp > 0x10ffff)
            return false;
    }
    *ret = cp;
    return cp < 0xd800 || cp > 0xdfff;
}

static bool put_reference(as_buf *out, as_bytes name)
{
    static const struct {
        const char *name;
        uint8_t c;
    } entities[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
    uint8_t utf8[4];
    uint32_t cp;

    if (name.n && name.p[0] == '#') {
        if (!char_reference(name, &cp))
            return false;
        as_buf_add(out, (as_bytes){utf8, as_utf8_put(cp, utf8)});
        return true;
    }
    for (size_t i = 0; i < AS_COUNT(entities); i++) {
        if (as_bytes_is(name, entities[i].name)) {
            as_buf_byte(out, entities[i].c);
            return true;
        }
    }
    return false;
}

/* A reference that XML does not know is kept as it stands. */
static as_bytes unescape(struct cursor *c, as_bytes raw)
{
    const uint8_t *p = raw.p, *end = raw.p + raw.n;

    if (!raw.n || !memchr(p, '&', raw.n))
        return raw;
    as_buf_reset(&c->text);
    while (p < end) {
        const uint8_t *amp = memchr(p, '&', (size_t)(end - p)), *semi;

        if (!amp)
            amp = end;
        as_buf_add(&c->text, (as_bytes){p, (size_t)(amp - p)});
        p = amp;
        if (p == end)
            break;
        semi = memchr(p, ';', (size_t)(end - p));
        if (semi && put_reference(&c->text, (as_bytes){p + 1, (size_t)(semi - p) - 1})) {
            p = semi + 1;
        } else {
            as_buf_byte(&c->text, '&');
            p++;
        }
    }
    return as_buf_bytes(&c->text);
}

static as_code read_attr(as_wintree *x, struct cursor *c, as_err *err)
{
    as_bytes name = take_name(c), raw, value;
    char quote[2] = "";

    skip_blanks(c);
    if (!name.n || c->p == c->end || *c->p++ != '=')
        return fail_xml(x, err);
    skip_blanks(c);
    if (c->p == c->end || (*c->p != '"' && *c->p != '\''))
        return fail_xml(x, err);
    quote[0] = (char)*c->p++;
    if (!take_until(c, quote, &raw))
        return fail_xml(x, err);
    value = unescape(c, raw);
    if (c->text.failed)
        return fail_nomem(err);
    return as_wintree_attr(x, name, AS_FORM_TEXT, value, err);
}

static as_code read_start(as_wintree *x, struct cursor *c, as_err *err)
{
    as_bytes name;
    as_code rc;

    c->p++;
    name = take_name(c);
    if (!name.n)
        return fail_xml(x, err);
    rc = as_wintree_open(x, name, err);
    while (!rc) {
        skip_blanks(c);
        if (c->p == c->end)
            return fail_xml(x, err);
        if (*c->p == '>') {
            c->p++;
            return AS_OK;
        }
        if (starts(c, "/>")) {
            c->p += 2;
            return as_wintree_close(x, err);
        }
        rc = read_attr(x, c, err);
    }
    return rc;
}

static as_code read_end(as_wintree *x, struct cursor *c, as_err *err)
{
    as_bytes name;

    if (!take_until(c, ">", &name))
        return fail_xml(x, err);
    return as_wintree_close(x, err);
}

static as_code read_text(as_wintree *x, struct cursor *c, as_err *err)
{
    const uint8_t *less = memchr(c->p, '<', (size_t)(c->end - c->p));
    as_bytes raw = {c->p, (size_t)((less ? less : c->end) - c->p)};
    as_bytes text;

    c->p += raw.n;
    if (is_blank(raw))
        return AS_OK;
    text = unescape(c, raw);
    return c->text.failed ? fail_nomem(err) : as_wintree_text(x, AS_FORM_TEXT, text, err);
}

static as_code read_markup(as_wintree *x, struct cursor *c, as_err *err)
{
    as_bytes inside;

    if (starts(c, "</"))
        return read_end(x, c, err);
    if (starts(c, "<![CDATA[")) {
        c->p += 9;
        return take_until(c, "]]>", &inside) ? as_wintree_text(x, AS_FORM_TEXT, inside, err)
                                             : fail_xml(x, err);
    }
    if (starts(c, "<!--"))
        return take_until(c, "-->", &inside) ? AS_OK : fail_xml(x, err);
    if (starts(c, "<?") || starts(c, "<!"))
        return take_until(c, ">", &inside) ? AS_OK : fail_xml(x, err);
    return read_start(x, c, err);
}

as_code as_winevent_xml(as_wintree *x, as_bytes xml, as_err *err)
{
    struct cursor c = {.p = xml.p, .end = xml.p + xml.n};
    as_code rc = AS_OK;

    as_wintree_begin(x);
    while (!rc && c.p < c.end)
        rc = *c.p == '<' ? read_markup(x, &c, err) : read_text(x, &c, err);
    if (!rc && x->depth)
        rc = fail_event(x, AS_INVALID, "an event's XML ends inside an element", err);
    as_buf_done(&c.text);
    return rc;
}

bool as_winevent_is_xml(as_bytes text)
{
    while (text.n && is_blank((as_bytes){text.p, 1})) {
        text.p++;
        text.n--;
    }
    return text.n > 7 && !memcmp(text.p, "<Event", 6) &&
           (text.p[6] == ' ' || text.p[6] == '>' || text.p[6] == '\n' || text.p[6] == '\r');
}

#include "report/report_priv.h"

#include "base/jsonw.h"

#include <string.h>

#include "base/banned.h"

static void put_str(as_buf *out, as_bytes text)
{
    as_jsonw w = as_jsonw_to(out, 0);

    as_jsonw_str(&w, text);
}

static size_t skip_digits(as_bytes b, size_t at)
{
    while (at < b.n && b.p[at] >= '0' && b.p[at] <= '9')
        at++;
    return at;
}

/* RFC 8259 section 6. A tool may have written "007" where a number belongs. */
static bool is_json_number(as_bytes b)
{
    size_t at = b.n > 0 && b.p[0] == '-' ? 1 : 0;
    size_t from = at;

    at = skip_digits(b, at);
    if (at == from || (b.p[from] == '0' && at > from + 1))
        return false;
    if (at < b.n && b.p[at] == '.') {
        from = ++at;
        at = skip_digits(b, at);
        if (at == from)
            return false;
    }
    if (at < b.n && (b.p[at] == 'e' || b.p[at] == 'E')) {
        at++;
        if (at < b.n && (b.p[at] == '+' || b.p[at] == '-'))
            at++;
        from = at;
        at = skip_digits(b, at);
        if (at == from)
            return false;
    }
    return at == b.n;
}

static void put_value(as_buf *out, as_form form, as_bytes text)
{
    if (form == AS_FORM_TRUE)
        as_buf_add(out, AS_LITERAL("true"));
    else if (form == AS_FORM_FALSE)
        as_buf_add(out, AS_LITERAL("false"));
    else if (form == AS_FORM_NUMBER && is_json_number(text))
        as_buf_add(out, text);
    else
        put_str(out, text);
}

/* Names in the tables are plain letters: nothing to escape. */
static void put_key(as_buf *out, const char *name, bool comma)
{
    if (comma)
        as_buf_byte(out, ',');
    as_buf_byte(out, '"');
    as_buf_text(out, name);
    as_buf_add(out, AS_LITERAL("\":"));
}

static bool is_plain(as_bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] < 0x20 || b.p[i] >= 0x7f || b.p[i] == '"' || b.p[i] == '\\')
            return false;
    }
    return true;
}

/* Written in place; only a pointer with something to escape takes the long way. */
static void put_pointer(as_buf *out, const as_facts *f, const as_evidence *e)
{
    size_t from = out->n;
    as_bytes pointer;
    as_buf copy = {0};

    as_buf_byte(out, '"');
    as_facts_pointer(f, e, out);
    if (out->failed)
        return;
    pointer = (as_bytes){out->p + from + 1, out->n - from - 1};
    if (is_plain(pointer)) {
        as_buf_byte(out, '"');
        return;
    }
    as_buf_add(&copy, pointer);
    out->n = from;
    put_str(out, as_buf_bytes(&copy));
    out->failed |= copy.failed;
    as_buf_done(&copy);
}

static void put_evidence(as_buf *out, const as_analysis *a, const as_evidence *e)
{
    char id[AS_EVIDENCE_ID_MAX];
    size_t n = as_part_id(a, e, id);

    as_buf_add(out, AS_LITERAL("{\"id\":\""));
    as_buf_add(out, (as_bytes){(const uint8_t *)id, n});
    as_buf_add(out, AS_LITERAL("\",\"pointer\":"));
    put_pointer(out, a->facts, e);
    as_buf_add(out, AS_LITERAL(",\"begin\":"));
    as_buf_u64(out, e->begin);
    as_buf_add(out, AS_LITERAL(",\"end\":"));
    as_buf_u64(out, e->end);
    as_buf_byte(out, '}');
}

/* All values of the attribute that stands at `first`, as an array if `many`. */
static void put_attr(as_buf *out, const as_facts *f, const as_attr *attrs, size_t n, size_t first,
                     bool many)
{
    if (many)
        as_buf_byte(out, '[');
    for (size_t i = first; i < n; i++) {
        if (attrs[i].name != attrs[first].name)
            continue;
        if (i > first)
            as_buf_byte(out, ',');
        put_value(out, (as_form)attrs[i].form, as_facts_text(f, attrs[i].str));
        if (!many)
            break;
    }
    if (many)
        as_buf_byte(out, ']');
}

static void put_attrs(as_buf *out, const as_facts *f, const as_fact *fact, const as_heirloom *h)
{
    const as_attr *attrs = as_fact_attrs(f, fact);
    uint8_t met[AS_ATTR_NAME_COUNT] = {0}; /* how often: 0, 1, 2 for more */
    bool comma = false;

    for (size_t i = 0; i < fact->n_attrs; i++)
        met[attrs[i].name] = met[attrs[i].name] ? 2 : 1;
    as_buf_byte(out, '{');
    for (size_t i = 0; i < fact->n_attrs; i++) {
        uint8_t *times = &met[attrs[i].name];

        if (*times == 0)
            continue;
        put_key(out, as_attr_get((as_attr_name)attrs[i].name)->name, comma);
        put_attr(out, f, attrs, fact->n_attrs, i, *times > 1);
        *times = 0;
        comma = true;
    }
    for (size_t i = 0; i < AS_HEIRLOOMS; i++) {
        if (!h[i].evidence)
            continue;
        put_key(out, as_attr_get(h[i].name)->name, comma);
        put_value(out, h[i].value.form, h[i].value.text);
        comma = true;
    }
    as_buf_byte(out, '}');
}

/* Of joined facts, and of those from which attributes were taken. */
static void put_also(as_buf *out, const as_analysis *a, const as_fact *fact, const as_heirloom *h)
{
    const as_evidence *e = as_fact_evidence(a->facts, fact);
    const char *before = ",\"also\":[";

    for (size_t i = 1; i < fact->n_evidence; i++, before = ",") {
        as_buf_text(out, before);
        put_evidence(out, a, &e[i]);
    }
    for (size_t i = 0; i < AS_HEIRLOOMS; i++) {
        if (!h[i].evidence)
            continue;
        as_buf_text(out, before);
        put_evidence(out, a, h[i].evidence);
        before = ",";
    }
    if (*before == ',' && !before[1])
        as_buf_byte(out, ']');
}

void as_report_fact(const as_analysis *a, const as_fact *fact, as_buf *out)
{
    as_heirloom h[AS_HEIRLOOMS] = {{0}};

    for (unsigned i = 0; i < AS_HEIRLOOMS; i++)
        (void)as_fact_inherits(a->facts, fact, i, &h[i]);
    as_buf_add(out, AS_LITERAL("{\"kind\":\""));
    as_buf_text(out, as_kind_get((as_kind)fact->kind)->name);
    as_buf_add(out, AS_LITERAL("\",\"attrs\":"));
    put_attrs(out, a->facts, fact, h);
    as_buf_add(out, AS_LITERAL(",\"evidence\":"));
    put_evidence(out, a, as_fact_evidence(a->facts, fact));
    put_also(out, a, fact, h);
    as_buf_byte(out, '}');
}

/*
 * The XML parser: places lie inside the input and nest, and what was read, written
 * anew and read again, is the same.
 */
#include "base/utf8.h"
#include "base/xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);              \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_escaped(as_buf *out, as_bytes text)
{
    MUST(as_utf8_check(text) == text.n);
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];

        if (c == '&' || c == '<' || c == '>' || c == '"' || c < 0x20)
            as_buf_printf(out, "&#%u;", c);
        else
            as_buf_byte(out, c);
    }
}

static void check_open(as_bytes in, const as_xml_tok *t)
{
    uint64_t at = t->begin;

    MUST(in.p[t->begin] == '<' && in.p[t->end - 1] == '>');
    MUST(!memcmp(in.p + t->begin + 1, t->name.p, t->name.n));
    for (size_t i = 0; i < t->n_attrs; i++) {
        const as_xml_attr *a = &t->attrs[i];

        MUST(a->begin > at && a->begin < a->end && a->end < t->end);
        MUST(!memcmp(in.p + a->begin, a->name.p, a->name.n));
        MUST(!memcmp(in.p + a->end - 1 - a->raw.n, a->raw.p, a->raw.n));
        at = a->end - 1;
    }
}

static void put_token(as_buf *out, const as_xml_tok *t)
{
    as_buf scratch = {0};
    as_bytes text = {0};

    if (t->type == AS_XML_OPEN) {
        as_buf_byte(out, '<');
        as_buf_add(out, t->name);
        for (size_t i = 0; i < t->n_attrs; i++) {
            as_buf_byte(out, ' ');
            as_buf_add(out, t->attrs[i].name);
            as_buf_text(out, "=\"");
            MUST(!as_xml_value(t->attrs[i].raw, &scratch, &text));
            put_escaped(out, text);
            as_buf_byte(out, '"');
        }
        as_buf_byte(out, '>');
    } else if (t->type == AS_XML_CLOSE) {
        as_buf_text(out, "</");
        as_buf_add(out, t->name);
        as_buf_byte(out, '>');
    } else if (t->type == AS_XML_TEXT) {
        MUST(!as_xml_text(t, &scratch, &text));
        put_escaped(out, text);
    }
    as_buf_done(&scratch);
}

static as_code read_all(as_bytes in, as_buf *out)
{
    uint64_t at = 0, begins[300];
    size_t depth = 0;
    as_source *s = NULL;
    as_xml *x = NULL;
    as_err err = {0};
    as_xml_tok t;
    as_code rc;

    MUST(!as_source_open_bytes(in, NULL, &s, NULL));
    as_source_hash(s, false);
    MUST(!as_xml_new(s, NULL, &x, NULL));
    do {
        rc = as_xml_next(x, &t, &err);
        if (rc)
            break;
        MUST(t.begin <= t.end && t.end <= in.n);
        put_token(out, &t);
        if (t.type == AS_XML_OPEN) {
            MUST(t.begin >= at && depth < 256);
            check_open(in, &t);
            begins[depth++] = t.begin;
        } else if (t.type == AS_XML_CLOSE) {
            MUST(depth > 0 && t.begin == begins[--depth] && t.end >= at);
            MUST(in.p[t.end - 1] == '>');
        } else {
            MUST(t.begin >= at && (t.type == AS_XML_TEXT) == (depth > 0));
        }
        MUST(as_xml_depth(x) == depth);
        at = t.end;
    } while (t.type != AS_XML_END);
    if (rc) {
        MUST(rc == AS_INVALID || rc == AS_REFUSED || rc == AS_LIMIT);
        MUST(err.code == rc && err.msg[0] && err.offset <= in.n);
        MUST(as_xml_next(x, &t, NULL) == rc);
    }
    as_xml_free(x);
    as_source_free(s);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    as_buf first = {0}, second = {0};

    MUST(copy);
    if (size)
        memcpy(copy, data, size);
    /* A source unpacks gzip; that is fuzzed elsewhere. */
    if (!(size >= 2 && data[0] == 0x1f && data[1] == 0x8b) &&
        !read_all((as_bytes){copy, size}, &first)) {
        MUST(!read_all(as_buf_bytes(&first), &second));
        MUST(as_bytes_eq(as_buf_bytes(&first), as_buf_bytes(&second)));
    }
    as_buf_done(&first);
    as_buf_done(&second);
    free(copy);
    return 0;
}

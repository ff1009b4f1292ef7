/*
 * xml - a pull parser for XML 1.0 that knows where every element lies.
 *
 *     as_xml *x = NULL;
 *     as_xml_tok t;
 *
 *     if (as_xml_new(source, NULL, &x, &err)) ...
 *     do {
 *         if (as_xml_next(x, &t, &err)) ...       err.offset is the bad byte
 *     } while (t.type != AS_XML_END);
 *     as_xml_free(x);
 *
 * The input is checked for well-formedness (XML 1.0, fifth edition): characters,
 * names, tags that match, no attribute twice in one tag, one root element, nothing
 * but blanks, comments and processing instructions beside it. It must be UTF-8; a
 * byte-order mark is passed over, a declaration of another encoding is refused.
 *
 * There are no entities but the five that XML itself defines, and numeric character
 * references. A document type declaration is refused where it stands, so nothing is
 * ever expanded, opened or fetched. Comments and processing instructions are checked
 * and passed over. Names are taken as written: a prefix is part of the name.
 *
 * Memory is bounded by the limits, never by the size of the input.
 *
 * Depends on: base, buf, source, utf8.  Threads: one parser, one thread.
 * Limits: as_xml_limits; over one of them is AS_LIMIT.
 */
#ifndef AS_XML_H
#define AS_XML_H

#include "base/buf.h"
#include "base/source.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct as_xml as_xml;

typedef struct as_xml_limits {
    uint32_t depth_max; /* open elements */
    uint32_t name_max;  /* bytes of a name */
    uint32_t attrs_max; /* attributes of one element */
    uint64_t value_max; /* bytes of an attribute's value as written */
    uint64_t text_max;  /* bytes of a text, a comment or a processing instruction */
} as_xml_limits;

#define AS_XML_LIMITS_DEFAULT                                                                      \
    ((as_xml_limits){256, 1u << 10, 256, (uint64_t)64 << 20, (uint64_t)64 << 20})

typedef enum as_xml_type {
    AS_XML_END,   /* the root element is closed and only what may follow it did */
    AS_XML_OPEN,  /* a start tag, or a tag of an empty element: then a CLOSE follows */
    AS_XML_CLOSE, /* the end of an element */
    AS_XML_TEXT   /* a run of text or one CDATA section inside an element */
} as_xml_type;

typedef struct as_xml_attr {
    as_bytes name;
    as_bytes raw;        /* what stands between the quotes, references as written */
    uint64_t begin, end; /* from the name to after the closing quote */
} as_xml_attr;

typedef struct as_xml_tok {
    as_xml_type type;
    bool cdata; /* TEXT: of a CDATA section, where nothing is a reference */
    /*
     * The token's bytes are [begin, end) of the unpacked input. OPEN: the tag. CLOSE:
     * the whole element, from the `<` of its start tag to after the `>` of its end
     * tag. TEXT: what stands between the tags, for CDATA with its marks.
     */
    uint64_t begin, end;
    uint64_t index;           /* OPEN, CLOSE: number of the element under its parent, from 1 */
    as_bytes name;            /* OPEN, CLOSE */
    as_bytes raw;             /* TEXT: as written, without the marks of CDATA */
    const as_xml_attr *attrs; /* OPEN, in the order of the tag */
    size_t n_attrs;
} as_xml_tok; /* all views are valid until the next call */

/* Reads from `source`, which must outlive the parser. NULL limits: the default. */
as_code as_xml_new(as_source *source, const as_xml_limits *limits, as_xml **ret,
                   as_err *err) AS_CHECKED;
void as_xml_free(as_xml *x);

/*
 * The next token. AS_INVALID: not well-formed, or not UTF-8; AS_REFUSED: a document type
 * declaration; AS_LIMIT; AS_NOMEM; or what the source says. After a failure every
 * further call fails in the same way.
 */
as_code as_xml_next(as_xml *x, as_xml_tok *ret, as_err *err) AS_CHECKED;

/* Passes over the rest of the element that `t` opened; *t becomes its CLOSE token. */
as_code as_xml_skip(as_xml *x, as_xml_tok *t, as_err *err) AS_CHECKED;

/* Open elements: 0 before the first and after the last token. */
size_t as_xml_depth(const as_xml *x);

/* The value of that attribute as written; false if the OPEN token has none. */
bool as_xml_attr_of(const as_xml_tok *t, const char *name, as_bytes *ret);

/*
 * The text of a TEXT token: references resolved, line ends made one line feed (section
 * 2.11). If nothing had to be done *ret is t->raw itself, else it is in `scratch`,
 * which is emptied first.
 */
as_code as_xml_text(const as_xml_tok *t, as_buf *scratch, as_bytes *ret) AS_CHECKED;

/* The same for the `raw` of an attribute, whose blanks become spaces (section 3.3.3). */
as_code as_xml_value(as_bytes raw, as_buf *scratch, as_bytes *ret) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif

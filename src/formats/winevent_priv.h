/*
 * winevent_priv - private to formats: Windows events, whatever form they came in.
 *
 * EVTX, XML and three layouts of JSON all end here: a reader tells the fields of one
 * event by name, and winevent.c makes a fact of them. What kind of fact, and which
 * field is which attribute, stands in the tables of winevent_map.c; every field that
 * no row names is kept under its own name (attributes FIELD and FIELD_VALUE, in pairs).
 */
#ifndef AS_WINEVENT_PRIV_H
#define AS_WINEVENT_PRIV_H

#include "formats/formats_priv.h"

#define AS_WINEVENT_FIELDS_MAX 65536 /* of one event; the largest real one has 120 */
#define AS_WINEVENT_DEPTH_MAX  64    /* elements inside each other; real ones: 8 */

/* --- the tables (winevent_map.c) -------------------------------------------------- */

typedef enum as_winevent_source {
    AS_WINEVENT_OTHER,
    AS_WINEVENT_SYSMON,
    AS_WINEVENT_SECURITY,
    AS_WINEVENT_SERVICES,
    AS_WINEVENT_EVENTLOG,
    AS_WINEVENT_POWERSHELL,
    AS_WINEVENT_TASKS,
    AS_WINEVENT_WMI,
    AS_WINEVENT_DEFENDER,
    AS_WINEVENT_BITS
} as_winevent_source;

typedef struct as_winevent_map {
    const char *field; /* NULL: the end */
    uint16_t attr;
} as_winevent_map;

typedef struct as_winevent_row {
    uint8_t source;
    uint16_t id;
    uint16_t kind;
    const as_winevent_map *map; /* NULL: the common one alone */
} as_winevent_row;

/* Fields that mean the same in every event where a row does not say otherwise. */
extern const as_winevent_map as_winevent_common[];

as_winevent_source as_winevent_source_of(as_bytes provider, as_bytes channel);
const as_winevent_row *as_winevent_row_of(as_winevent_source source, as_bytes id); /* or NULL */
const as_winevent_row *as_winevent_row_get(size_t i);                              /* NULL: end */

/* What a field of the frame around the data is. */
typedef enum as_winevent_role {
    AS_WINEVENT_PLAIN,
    AS_WINEVENT_PROVIDER,
    AS_WINEVENT_ID,
    AS_WINEVENT_CHANNEL,
    AS_WINEVENT_COMPUTER,
    AS_WINEVENT_RECORD,
    AS_WINEVENT_LEVEL,
    AS_WINEVENT_VERSION,
    AS_WINEVENT_TIME, /* the event's own clock first, then the log's, then the collector's */
    AS_WINEVENT_TIME_LOGGED,
    AS_WINEVENT_TIME_LOCAL,
    AS_WINEVENT_TIME_SENT,
    AS_WINEVENT_GUID, /* of the acting process */
    AS_WINEVENT_PARENT_GUID,
    AS_WINEVENT_HASHES,
    AS_WINEVENT_ROLES
} as_winevent_role;

/* Where a field stands: names mean different things in the frame and in the data. */
typedef enum as_winevent_where {
    AS_WINEVENT_FLAT, /* frame and data are one object */
    AS_WINEVENT_SYSTEM,
    AS_WINEVENT_DATA
} as_winevent_where;

/* "winlog.event_data.Image" in one object is "Image" in the data; else the name itself. */
as_bytes as_winevent_data_name(as_bytes name);

as_winevent_role as_winevent_role_of(as_winevent_where where, as_bytes name);

/* --- from fields to facts (winevent.c) ---------------------------------------------- */

typedef struct as_winevents as_winevents;

as_winevents *as_winevents_new(as_walk *w) AS_CHECKED;
void as_winevents_free(as_winevents *e);

/* Forgets the event in hand, if any. */
void as_winevents_begin(as_winevents *e);

/* One more field of it. Empty values say nothing and are left out. */
as_code as_winevents_field(as_winevents *e, as_winevent_where where, as_bytes name, as_form form,
                           as_bytes value, as_err *err) AS_CHECKED;

/* Makes the fact, unless it was no event (no event number, or too many fields). */
as_code as_winevents_end(as_winevents *e, const as_evidence *at, bool *ret_kept,
                         as_err *err) AS_CHECKED;

/* As as_walk_portion(), between two events. */
as_code as_winevents_portion(as_winevents *e, as_err *err) AS_CHECKED;

/* --- elements (winevent_xml.c) ------------------------------------------------------- */

/*
 * The tree of one <Event>, told in the order of its text, becomes fields: the names
 * are the same whether the tree was XML, binary XML or nested JSON.
 */
typedef struct as_wintree {
    as_winevents *events;
    size_t depth;
    struct {
        size_t name;       /* offset in `names`, where the element's own name begins */
        size_t path;       /* and where the name that its text goes by begins */
        bool data;         /* <Data Name=..>: the attribute is the name */
        bool had_elements; /* its text is mere layout */
    } open[AS_WINEVENT_DEPTH_MAX];
    as_buf names; /* names of the open elements, each behind the one above */
    as_buf text;  /* of the innermost */
    as_form form; /* of `text`, while that is one piece */
    unsigned pieces;
    as_winevent_where where;
    bool user;
    bool malformed; /* what failed is the event's own fault */
} as_wintree;

void as_wintree_begin(as_wintree *x); /* before <Event> */
void as_wintree_done(as_wintree *x);

/* AS_INVALID: the tree is no tree, or too deep. `err` may say why. */
as_code as_wintree_open(as_wintree *x, as_bytes name, as_err *err) AS_CHECKED;
as_code as_wintree_attr(as_wintree *x, as_bytes name, as_form form, as_bytes value,
                        as_err *err) AS_CHECKED;
as_code as_wintree_text(as_wintree *x, as_form form, as_bytes text, as_err *err) AS_CHECKED;
as_code as_wintree_value(as_wintree *x, as_form form, as_bytes text, as_err *err) AS_CHECKED;
as_code as_wintree_close(as_wintree *x, as_err *err) AS_CHECKED;

/* The text of one <Event>. */
as_code as_winevent_xml(as_wintree *x, as_bytes xml, as_err *err) AS_CHECKED;
bool as_winevent_is_xml(as_bytes text);

/* --- binary XML (evtx_xml.c, evtx_value.c) ------------------------------------------- */

#define AS_EVTX_CHUNK    65536u
#define AS_EVTX_NESTED   8u      /* binary XML inside a value inside binary XML ..: real 2 */
#define AS_EVTX_STEPS    100000u /* tokens of one record */
#define AS_EVTX_TEXT_MAX ((size_t)4 << 20) /* bytes of all values of one record */

typedef struct as_evtx_chunk as_evtx_chunk;

as_evtx_chunk *as_evtx_chunk_new(as_winevents *events) AS_CHECKED;
void as_evtx_chunk_free(as_evtx_chunk *c);

/* Another chunk: names and templates lie in its bytes. */
void as_evtx_chunk_set(as_evtx_chunk *c, as_bytes bytes);

/* The binary XML at [from, to) of the chunk. AS_INVALID, AS_LIMIT: this record is bad. */
as_code as_evtx_record(as_evtx_chunk *c, size_t from, size_t to, bool *ret_fatal,
                       as_err *err) AS_CHECKED;

/* Types of value, and the flag of a list of them. */
#define AS_EVTX_STRING 0x01u
#define AS_EVTX_BINXML 0x21u
#define AS_EVTX_LIST   0x80u

/*
 * The text of the value in `bytes`, or of the first of a list, appended to `out`.
 * Returns the bytes used, 0 if the value is malformed.
 */
size_t as_evtx_value(unsigned type, as_bytes bytes, as_buf *out, as_form *ret_form);

/* UTF-16LE to UTF-8; a lone surrogate becomes U+FFFD. */
void as_evtx_utf16(as_bytes utf16, as_buf *out);

#endif

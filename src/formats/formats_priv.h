/*
 * formats_priv - private to formats: what a reader is made of.
 *
 * A reader is a set of shapes. A shape says, for each key that an object may have,
 * what its value means: an attribute of the fact in hand, a new fact, or more of
 * the same. One walker (walk.c) goes through the JSON with a shape in hand; what no
 * row names is counted by path and passed over. So a reader is a table, and reading
 * a new tool means writing one.
 *
 *     static const as_row mutex_rows[] = { ATTR("", NAME), ATTR("name", NAME) };
 *     ...
 *     FACT("mutexes", MUTEX, mutex),     a list of texts or of objects: both read
 */
#ifndef AS_FORMATS_PRIV_H
#define AS_FORMATS_PRIV_H

#include "formats/formats.h"

typedef struct as_walk as_walk;
typedef struct as_place as_place;
typedef struct as_row as_row;

typedef struct as_shape {
    const as_row *rows;
    size_t n;
} as_shape;

typedef enum as_act {
    /* A scalar, or each scalar of an array, is attribute `what` of the current fact. */
    AS_ACT_ATTR,
    /* An object, or each element of an array, is a new fact of kind `what`, read with
     * `sub`; a scalar goes to the row of `sub` whose key is "". */
    AS_ACT_FACT,
    /* An object, or each object of an array, is more of the current fact. */
    AS_ACT_INTO,
    /* Every scalar at any depth is a new fact of kind `what`: VALUE the scalar, NAME its
     * key, GROUP the keys above that, from this one on. */
    AS_ACT_LEAVES,
    /* Every scalar at any depth is an attribute of the current fact under its own name: FIELD
     * the nearest key, FIELD_VALUE the scalar. */
    AS_ACT_FIELDS,
    /* Each [a, b] of an array is a new fact of kind `what` with two attributes. */
    AS_ACT_PAIRS,
    /* `hook` reads the value itself. */
    AS_ACT_HOOK,
    /* Known and left out on purpose. */
    AS_ACT_SKIP
} as_act;

/*
 * Reads the value that `t` begins, to its end. `place` is the value's own place,
 * `fact` the number of the current fact or AS_NO_FACT.
 */
typedef as_code as_hook(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err);

/*
 * Has the last word on a fact that was read, and ends at byte `end`, before it is stored:
 * its kind, its parent, its attributes, further facts beside it.
 */
typedef as_code as_finish(as_walk *w, as_place *place, uint32_t fact, uint64_t end, as_draft *d,
                          as_err *err);

struct as_row {
    const char *key; /* NULL: every other key; must be the last row */
    uint8_t key_len;
    uint8_t act;
    uint16_t what;     /* as_kind or as_attr_name */
    uint16_t key_attr; /* attribute of the facts below that receives the key, or AS_NO_ATTR */
    const as_shape *sub;
    as_hook *hook;
    as_finish *finish; /* of facts; may be NULL */
};

#define AS_NO_ATTR AS_ATTR_NAME_COUNT

#define ROW_KEY(text) .key = (text), .key_len = sizeof(text) - 1, .key_attr = AS_NO_ATTR
#define ATTR(text, attr)                                                                           \
    {                                                                                              \
        ROW_KEY(text), .act = AS_ACT_ATTR, .what = AS_ATTR_##attr                                  \
    }
#define FACT(text, kind, shape)                                                                    \
    {                                                                                              \
        ROW_KEY(text), .act = AS_ACT_FACT, .what = AS_KIND_##kind, .sub = &as_shape_##shape        \
    }
#define FACT_DONE(text, kind, shape, function)                                                     \
    {                                                                                              \
        ROW_KEY(text), .act = AS_ACT_FACT, .what = AS_KIND_##kind, .sub = &as_shape_##shape,       \
                       .finish = (function)                                                        \
    }
#define INTO(text, shape)                                                                          \
    {                                                                                              \
        ROW_KEY(text), .act = AS_ACT_INTO, .sub = &as_shape_##shape                                \
    }
#define LEAVES(text, kind)                                                                         \
    {                                                                                              \
        ROW_KEY(text), .act = AS_ACT_LEAVES, .what = AS_KIND_##kind                                \
    }
#define HOOK(text, function)                                                                       \
    {                                                                                              \
        ROW_KEY(text), .act = AS_ACT_HOOK, .hook = (function)                                      \
    }
#define SKIP(text)                                                                                 \
    {                                                                                              \
        ROW_KEY(text), .act = AS_ACT_SKIP                                                          \
    }
/* As FACT, and the key itself is attribute `attr` of the facts. */
#define KEYED_FACT(text, attr, kind, shape)                                                        \
    {                                                                                              \
        .key = (text), .key_len = sizeof(text) - 1, .key_attr = AS_ATTR_##attr,                    \
        .act = AS_ACT_FACT, .what = AS_KIND_##kind, .sub = &as_shape_##shape                       \
    }
/* An array of two-element arrays, each a fact of kind `kind` (see pair_attrs()). */
#define PAIRS(text, kind)                                                                          \
    {                                                                                              \
        ROW_KEY(text), .act = AS_ACT_PAIRS, .what = AS_KIND_##kind                                 \
    }
/* For every other key, which is NAME of the facts. */
#define OTHER_PAIRS(kind)                                                                          \
    {                                                                                              \
        .key_attr = AS_ATTR_NAME, .act = AS_ACT_PAIRS, .what = AS_KIND_##kind                      \
    }
/* For every other key; the key itself becomes attribute `attr` of the facts below. */
#define OTHER_FACT(attr, kind, shape)                                                              \
    {                                                                                              \
        .key_attr = AS_ATTR_##attr, .act = AS_ACT_FACT, .what = AS_KIND_##kind,                    \
        .sub = &as_shape_##shape                                                                   \
    }
#define OTHER_INTO(attr, shape)                                                                    \
    {                                                                                              \
        .key_attr = AS_ATTR_##attr, .act = AS_ACT_INTO, .sub = &as_shape_##shape                   \
    }
#define ANY_FACT(kind, shape)                                                                      \
    {                                                                                              \
        .key_attr = AS_NO_ATTR, .act = AS_ACT_FACT, .what = AS_KIND_##kind,                        \
        .sub = &as_shape_##shape                                                                   \
    }
#define ANY_INTO(shape)                                                                            \
    {                                                                                              \
        .key_attr = AS_NO_ATTR, .act = AS_ACT_INTO, .sub = &as_shape_##shape                       \
    }
/* For every other key. */
#define OTHER_LEAVES(kind)                                                                         \
    {                                                                                              \
        .key_attr = AS_NO_ATTR, .act = AS_ACT_LEAVES, .what = AS_KIND_##kind                       \
    }

#define OTHER_FIELDS                                                                               \
    {                                                                                              \
        .key_attr = AS_NO_ATTR, .act = AS_ACT_FIELDS                                               \
    }

#define SHAPE(name, ...)                                                                           \
    static const as_row name##_rows[] = {__VA_ARGS__};                                             \
    const as_shape as_shape_##name = {name##_rows, AS_COUNT(name##_rows)}
/* Of one file only. A shape that names itself is declared before its rows. */
#define LOCAL_SHAPE(name, ...)                                                                     \
    static const as_row name##_rows[] = {__VA_ARGS__};                                             \
    static const as_shape as_shape_##name = {name##_rows, AS_COUNT(name##_rows)}

/* Where in the input a value lies; lives on the stack of the walker. */
struct as_place {
    as_place *up; /* NULL at the root */
    as_step step; /* of this value in `up` */
    uint64_t begin;
    bool any; /* one of many alike: "*" in the coverage */
    bool has_node;
    as_node node; /* once something below was pointed at */
};

/* A key that was read as a value, for the facts below it. */
typedef struct as_context {
    as_attr_name attr;
    as_str str;
    uint64_t begin; /* the object that holds the key; its end is not known yet */
    as_node node;   /* and where that object lies */
    as_step last;
} as_context;

#define AS_CONTEXT_MAX 16

struct as_walk {
    as_source *source;
    as_json *json;
    as_facts *facts;
    const as_read_options *options;
    as_analysis *analysis;
    as_context context[AS_CONTEXT_MAX];
    size_t n_context, context_base; /* from context_base on they belong to the fact in hand */
    as_buf text;                    /* decoded value in hand */
    as_buf path;                    /* pattern of an unmapped value */
    as_buf call;                    /* bytes of the call in hand */
    struct as_tally *tally;
    const as_evidence *inside; /* the text in whose JSON the walker is: see as_walk_inside() */
    struct as_counts *counts;  /* once as_counts_begin() was called */
    struct as_paths *paths;
    void *own;          /* what the hooks of one reader share */
    as_draft *draft;    /* of the fact that a hook's value belongs to, when the hook is called */
    bool numbered_keys; /* "file_12" names one of many, as a bare number does */
    /* JSON made of XML: "@name" is read as "name", and an element's text, under "$" or
     * "#text", as if it stood there alone. */
    bool xml_keys;
    bool system_calls; /* what is counted is calls of the kernel */
    uint64_t ticks;
    size_t portion_at;        /* facts of as many bytes are a portion; 0: none is handed out */
    struct as_digest *digest; /* or NULL */
};

/* probe.c: what the first bytes of an input say about it. */
#define AS_HEAD_ENTRIES 512
#define AS_HEAD_DEPTH   3

typedef struct as_head_entry {
    char path[96]; /* keys joined by "/"; the first element of an array is "*" */
    char text[64]; /* of a scalar: its text, cut */
    as_json_type type;
} as_head_entry;

typedef struct as_head {
    as_bytes bytes; /* the first bytes, unpacked */
    bool is_json;   /* they begin a JSON value; the entries say what is in it */
    bool is_lines;  /* after it, on another line, another JSON value begins */
    as_json_type root;
    size_t n;
    as_head_entry entries[AS_HEAD_ENTRIES];
    uint16_t slots[2 * AS_HEAD_ENTRIES]; /* by path: 1 + index of the first entry; 0: free */
} as_head;

as_code as_head_look(as_source *source, size_t want, as_head *ret, as_err *err) AS_CHECKED;
bool as_head_has(const as_head *h, const char *path);
const char *as_head_text(const as_head *h, const char *path); /* "" if there is none */

/* How sure a probe is. */
typedef enum as_sure { AS_SURE_NO, AS_SURE_MAYBE, AS_SURE_YES } as_sure;

/*
 * One reader. `read` takes w->source to its end, fills w->facts and of w->analysis
 * the tool, its version, the sample and the gaps.
 */
typedef struct as_reader {
    as_format about;
    as_sure (*probe)(const as_head *h);
    as_code (*read)(as_walk *w, as_err *err);
} as_reader;

extern const as_reader as_reader_cape, as_reader_cuckoo, as_reader_cuckoo3;
extern const as_reader as_reader_vmray, as_reader_vmray_flog;
extern const as_reader as_reader_drakvuf, as_reader_drakvuf_report;
extern const as_reader as_reader_speakeasy, as_reader_triage, as_reader_joe;
extern const as_reader as_reader_virustotal, as_reader_hybrid, as_reader_assemblyline;
extern const as_reader as_reader_capa, as_reader_floss, as_reader_bazaar;
extern const as_reader as_reader_yara, as_reader_yara_x;
extern const as_reader as_reader_volatility3, as_reader_volatility2;
extern const as_reader as_reader_winevent, as_reader_evtx;
extern const as_reader as_reader_strace, as_reader_auditd;

/*
 * For readers that are one JSON document and one shape: the root object's members, or
 * those of each object of a root array, belong to no fact. `on_key` (may be NULL) hears
 * of each top-level key.
 */
as_code as_walk_document(as_walk *w, const as_shape *shape, void (*on_key)(void *ctx, as_bytes key),
                         void *ctx, as_err *err) AS_CHECKED;

/* First fact of that kind that is not gone, or AS_NO_FACT. */
uint32_t as_facts_first(const as_facts *f, as_kind kind);

/* walk.c */
void as_walk_tick(as_walk *w);
as_code as_walk_object(as_walk *w, as_place *place, const as_shape *shape, uint32_t fact,
                       as_draft *draft, uint64_t *ret_end, as_err *err) AS_CHECKED;
as_code as_walk_member(as_walk *w, as_place *place, const as_shape *shape, uint32_t fact,
                       as_draft *draft, as_json_tok *t, as_err *err) AS_CHECKED;
/* The scalar `t` at `place` as an attribute of the draft. */
as_code as_walk_attr(as_walk *w, as_place *place, uint32_t fact, as_draft *draft, as_attr_name name,
                     const as_json_tok *t, as_err *err) AS_CHECKED;
as_code as_walk_next(as_walk *w, as_json_tok *t, as_err *err) AS_CHECKED;
as_code as_walk_text(as_walk *w, const as_json_tok *t, as_bytes *ret, as_err *err) AS_CHECKED;
as_code as_walk_evidence(as_walk *w, const as_place *place, uint64_t end, as_evidence *ret,
                         as_err *err) AS_CHECKED;
as_code as_walk_key(as_walk *w, const as_json_tok *t, as_step *ret, as_err *err) AS_CHECKED;
as_code as_walk_facts_failed(as_walk *w, as_code rc, as_err *err);

/* The scalar `t`, whose text is `text`, as a detail of `fact` under the nearest key above it. */
as_code as_walk_detail(as_walk *w, as_place *place, uint32_t fact, as_form form,
                       const as_json_tok *t, as_bytes text, as_err *err) AS_CHECKED;

/* Counts the value that `t` begins as unmapped, after passing over it. */
as_code as_walk_pass(as_walk *w, const as_place *place, as_json_tok *t, bool known,
                     as_err *err) AS_CHECKED;

/*
 * parts.c: for hooks that read an object or a list themselves. as_part_begin() reserves a
 * number, so that parts can name the fact; as_part_end() stores the draft with the value at
 * `place` as evidence, or gives the number up for the parent if nothing was said.
 */
as_code as_part_begin(as_walk *w, as_draft *d, as_kind kind, uint32_t parent, uint32_t *ret,
                      as_err *err) AS_CHECKED;
as_code as_part_end(as_walk *w, as_draft *d, uint32_t fact, const as_place *place, uint64_t end,
                    as_err *err) AS_CHECKED;

/* Adds an attribute, and the place where it stands, to a fact that is there already. */
as_code as_part_bring(as_walk *w, uint32_t into, as_attr_name name, as_bytes text,
                      const as_evidence *e, as_err *err) AS_CHECKED;
/* Before `from` is joined into `into`: details for what would be lost. */
as_code as_part_keep_other(as_walk *w, uint32_t into, uint32_t from, as_err *err) AS_CHECKED;
/* A thing told more often than this is told by a second fact. */
#define AS_TOLD_MAX 256

/* Both, unless `into` was told too often already: then `from` stays, and is not gone. */
as_code as_part_join(as_walk *w, uint32_t into, uint32_t from, as_err *err) AS_CHECKED;

/*
 * For a fact whose attributes are members scattered over an object that tells more: each
 * value is its own evidence. Begin with as_draft_init() and a reserved number;
 * as_part_gathered() stores what was gathered or gives the number up.
 */
as_code as_part_gather(as_walk *w, as_place *place, as_draft *d, as_attr_name name, as_json_tok *t,
                       as_err *err) AS_CHECKED;
as_code as_part_gathered(as_walk *w, as_draft *d, uint32_t fact, as_err *err) AS_CHECKED;
as_form as_form_of(as_json_type type); /* of a scalar */

/*
 * The next element of an array, its beginning in `t` and its place in `child`, which begins
 * as {.up = the array's place, .step = AS_STEP_NONE}. False: the array has ended, or reading
 * has, and `*ret` says why.
 */
bool as_walk_element(as_walk *w, as_place *child, as_json_tok *t, as_code *ret, as_err *err);
/* Reads one element of an array, its beginning in `t`, to its end. */
typedef as_code as_element(as_walk *w, as_place *place, uint32_t fact, void *ctx, as_json_tok *t,
                           as_err *err);
as_code as_walk_each(as_walk *w, as_place *place, uint32_t fact, as_element *fn, void *ctx,
                     as_json_tok *t, as_err *err) AS_CHECKED;
/* From a key to its value: `child` becomes the value's place. */
as_code as_walk_value(as_walk *w, as_place *place, as_place *child, as_json_tok *t,
                      as_err *err) AS_CHECKED;

/*
 * One member's value as `row` says, its beginning in `t`: what as_walk_member() does once it
 * has found the row.
 */
as_code as_walk_apply(as_walk *w, as_place *place, const as_row *row, uint32_t fact,
                      as_draft *draft, as_json_tok *t, as_err *err) AS_CHECKED;

/* embed.c: JSON in a text of the report. */

/* Whether `text` is one whole JSON object or array. */
as_code as_walk_is_json(as_bytes text, bool *ret, as_err *err) AS_CHECKED;

/*
 * Reads `text`, which as_walk_is_json(), as `row` says. It stands at `place`, up to `end`:
 * that value of the report is the evidence of whatever it tells.
 */
as_code as_walk_inside(as_walk *w, as_place *place, uint64_t end, as_bytes text, const as_row *row,
                       uint32_t fact, as_draft *draft, as_err *err) AS_CHECKED;

/* Appends the value that `t` begins, written anew: of a text its content, else JSON. */
as_code as_walk_copy(as_walk *w, as_json_tok *t, as_buf *out, as_err *err) AS_CHECKED;

/* coverage.c */
struct as_paths *as_paths_new(void) AS_CHECKED;
void as_paths_free(struct as_paths *p);
as_code as_paths_add(as_walk *w, const as_place *place, uint64_t bytes, bool known,
                     as_err *err) AS_CHECKED;
as_code as_paths_finish(as_walk *w, as_err *err) AS_CHECKED;

/* What was counted since the mark is taken back with as_paths_undo(). */
void as_paths_mark(as_walk *w);
void as_paths_undo(as_walk *w);
/* The paths are told again in the facts that `c` copies to. */
as_code as_paths_carry(as_walk *w, as_copier *c) AS_CHECKED;

/* records.c: an input of many records. */

/* Another line or, of an input that has none, record is unreadable: `number`, from 1. */
void as_walk_bad(as_walk *w, bool is_record, uint64_t number, const as_err *why);

/*
 * Reads one record, which `t` begins, to its end, which is t->end then, and sets *ret_kept if
 * it was one; if not, it is counted as bad and its bytes as unmapped. AS_INVALID while the
 * parser goes on well means the same. What was stored of a bad record is taken back: until
 * its end a record may join or put only facts of its own.
 */
typedef as_code as_record_fn(as_walk *w, void *ctx, as_place *place, as_json_tok *t, bool *ret_kept,
                             as_err *err);

/* Between two records. The reader lets go what it knows of texts and fact numbers, but for
 * what it has as_walk_portion() keep. */
typedef as_code as_between_fn(as_walk *w, void *ctx, as_err *err);

/*
 * All records of the input: values one after the other, each on a line of its own or on
 * several ("#12" is the number of the line on which one begins), or the elements of one
 * array. A value that is no JSON costs itself alone, but an array comes out whole or
 * not at all. `between` may be NULL: then all facts are kept.
 */
as_code as_walk_records(as_walk *w, as_record_fn *fn, as_between_fn *between, void *ctx,
                        as_err *err) AS_CHECKED;

/* lines.c: an input of lines of text. Zero it, and set `source`. */
#define AS_LINE_MAX ((size_t)16 << 20) /* beyond it: AS_LIMIT */

typedef struct as_lines {
    as_source *source;
    as_buf buf;
    size_t at;      /* the rest of `buf` from here on is not read yet */
    uint64_t begin; /* of the line in hand, in the input */
    uint64_t next;  /* of the line behind it */
    as_step number; /* of the line in hand, from 1 */
    bool ended;
} as_lines;

/*
 * The next line without its end, good until the next call; *ret_n is its length with
 * it, 0 at the end of the input.
 */
as_code as_lines_next(as_lines *l, as_bytes *ret, size_t *ret_n, as_err *err) AS_CHECKED;
void as_lines_done(as_lines *l);

/* Takes the first line off bytes in memory, for probes. False: no end of it was seen. */
bool as_line_of(as_bytes *rest, as_bytes *ret);

/* The line in hand, of which `n` bytes are meant, as evidence; or as a bad one, and why. */
as_evidence as_lines_evidence(const as_lines *l, size_t n);
as_code as_lines_bad(as_walk *w, const as_lines *l, size_t n, const char *why,
                     as_err *err) AS_CHECKED;

/* ids.c */
/* A number of the tool's own, or a text of the pool, and what it stands for. Zero it. */
typedef struct as_ids {
    struct as_id_slot *slots;
    size_t n, mask;
    uint64_t seed;
} as_ids;

/* The latest of equal ids counts. AS_OK or AS_NOMEM. */
as_code as_ids_put(as_ids *ids, uint64_t id, uint32_t value) AS_CHECKED;
uint32_t as_ids_get(const as_ids *ids, uint64_t id); /* AS_NO_FACT if there is none */
void as_ids_done(as_ids *ids);

/* portion.c: logs in bounded memory. To be asked between two records. */
bool as_walk_portion_due(const as_walk *w);

/*
 * Hands all facts out and lets them go, with all texts; but the `n` facts `keep` (AS_NO_FACT
 * among them is nothing), those above them, the processes of calls counted so far and the
 * sample stay. keep[i] becomes the number it has now. Texts that the reader knows by number
 * must be looked up anew.
 */
as_code as_walk_portion(as_walk *w, uint32_t *keep, size_t n, as_err *err) AS_CHECKED;

/* digest.c: what the portions of one log have in common. */
typedef struct as_digest as_digest;

as_digest *as_digest_new(size_t memory) AS_CHECKED; /* 0: AS_DIGEST_MEMORY */
void as_digest_free(as_digest *d);
as_portion_fn as_digest_add;
/* Adds the last portion, and makes the facts of the analysis those of the digest. */
as_code as_digest_finish(as_digest *d, as_walk *w, as_err *err) AS_CHECKED;

/* calls.c */
as_hook as_read_calls;
/* Appends a value to w->call: a scalar's text; anything else as it was written. Null: nothing. */
as_code as_call_keep(as_walk *w, as_json_tok *t, size_t *ret_at, size_t *ret_n,
                     as_err *err) AS_CHECKED;
struct as_tally *as_tally_new(void) AS_CHECKED;
void as_tally_free(struct as_tally *t);

/*
 * counts.c: for readers of API calls. as_counts_begin() before the first call of a list
 * or of the whole report; as_counts_add() counts one under call->process, `e` being the
 * call's own place; as_counts_put() makes facts of the counts. `list` is what holds all the
 * calls counted, or NULL where no one value of the report does.
 */
as_code as_counts_begin(as_walk *w, as_err *err) AS_CHECKED;
as_code as_counts_add(as_walk *w, const as_call *call, const as_evidence *e,
                      as_err *err) AS_CHECKED;
as_code as_counts_put(as_walk *w, const as_evidence *list, as_err *err) AS_CHECKED;
/*
 * Before a portion of a log of more than `max` processes: what was counted so far is told, and
 * counting begins anew. Of what goes on, the counts are those of its parts.
 */
as_code as_counts_flush(as_walk *w, size_t max, as_err *err) AS_CHECKED;
void as_counts_free(struct as_counts *c);
/* The processes counted under, for as_walk_portion(); `fn` may give each another number. */
typedef as_code as_counts_fn(void *ctx, uint32_t *process);
as_code as_counts_carry(struct as_counts *c, as_copier *copier, as_counts_fn *fn,
                        void *ctx) AS_CHECKED;

/* join.c: makes one fact of what the report told in several places. */
as_code as_join_facts(as_facts *f, as_err *err) AS_CHECKED;

/* sandbox*.c: the shapes of CAPE and Cuckoo reports. */
extern const as_shape as_shape_sandbox, as_shape_behavior, as_shape_network, as_shape_suricata;
extern const as_shape as_shape_file, as_shape_static, as_shape_antivirus_summary;
extern const as_shape as_shape_yara, as_shape_detail, as_shape_host, as_shape_domain;

#endif

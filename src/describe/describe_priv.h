/*
 * describe_priv - private to describe: the row of a kind, templates, and the teller
 * that turns rows and facts into sentences.
 *
 * A template is text with
 *
 *     {attr}          every value of an attribute, by its name in kinds.h; {a|b}: the
 *                     first of these that the fact has
 *     {#attr}         a number with thousands separators; {#attr:time:times} with a noun
 *     {+attr} {-attr} nothing; there if the flag is true, if it is false
 *     {!attr} {?attr} nothing; there if the fact lacks, has the attribute
 *     {=a|b} {/a|b}   nothing; there if both would read alike, if not
 *     {n} {n:file:files}  how many facts the sentence folds
 *     {items}         the first few of them, and how many more there are
 *     {most} {dir}    their most common groups; the directory that all lie in
 *     {who} {process} the acting process; who is always there, at least as a pronoun
 *     {starter}       the parent process;  {owner} the file that the fact belongs to
 *     {parent}        the fact that it belongs to, by its identifying attribute
 *     {tool}          the tool whose report this is
 *     {run}           ", tool" where several tools had a run each; else nothing
 *     {called}        the name of the process that the fact is, else the last step of its path
 *     {fields}        names and values that no attribute stands for, the first few
 *     [ ... ]         an optional part: left out when anything in it is missing
 *     ~               a comma, if something stands before and after it
 *
 * A line break begins another sentence; a sentence in which every placeholder came
 * out empty is left out. In Chinese a blank parts an ideograph from a Latin letter,
 * a figure or a value next to it; templates do without.
 *
 * Depends on: describe.h.  Threads: one teller, one thread.
 */
#ifndef AS_DESCRIBE_PRIV_H
#define AS_DESCRIBE_PRIV_H

#include "describe/describe.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_SAY_LANGS      2
#define AS_SAY_CUT        160 /* characters of a value in a sentence */
#define AS_SAY_LIST_MAX   4   /* as many are listed whole */
#define AS_SAY_SHOWN      3   /* of more than that, these are shown */
#define AS_SAY_EACH_MAX   40  /* sentences of one kind; what comes after them is folded */
#define AS_SAY_WIDE_MAX   24  /* of an AS_SAY_WIDE kind, as many are listed whole or shown */
#define AS_SAY_VALUES_MAX 4   /* values of one attribute in a sentence */

/* How facts of a kind are put together. */
#define AS_SAY_EACH       1u   /* one sentence each */
#define AS_SAY_BY_PROCESS 2u   /* a fold for each process */
#define AS_SAY_BY_OWNER   4u   /* a fold for each file they belong to */
#define AS_SAY_LONG       8u   /* items are long: parted by semicolons */
#define AS_SAY_PATHS      16u  /* what can run is shown first */
#define AS_SAY_MERGE      32u  /* facts that agree in the group attributes are one thing */
#define AS_SAY_TAILED     128u /* a fold tells the parts of all its facts */
#define AS_SAY_WIDE       256u /* every single one counts: long lists */
#define AS_SAY_THINGS     512u /* one thing may come in many facts: it counts once */
#define AS_SAY_SAMPLE     64u  /* BY_OWNER: the sample's own one by one, other files' folded */

typedef enum as_most { AS_MOST_NONE, AS_MOST_EXTENSION, AS_MOST_KEY, AS_MOST_ATTRS } as_most;

typedef enum as_form_of {
    AS_SAY_ONE,
    AS_SAY_FOLD,
    AS_SAY_TAIL,
    AS_SAY_ITEM,
    AS_SAY_FORMS
} as_form_of;

typedef struct as_say_row {
    as_kind kind;
    uint16_t flags;
    uint8_t most;    /* as_most: what {most} counts */
    uint8_t n_group; /* a fold for each combination of these attributes */
    as_attr_name group[3];
    as_attr_name most_by[2]; /* for AS_MOST_ATTRS; NAME as the second: only the first */
    const char *unit;        /* Chinese measure word of the folded things; NULL: 个 */
    const char *noun[AS_SAY_LANGS];
    /* [AS_SAY_TAIL]: behind the sentence of the fact they belong to. NULL in Chinese: as in
     * English. */
    const char *form[AS_SAY_FORMS][AS_SAY_LANGS];
} as_say_row;

const as_say_row *as_say_row_get(as_kind kind);

/* --- words.c ------------------------------------------------------------------- */

const char *as_attr_label(as_lang lang, as_attr_name attr);

/* --- template.c ---------------------------------------------------------------- */

typedef struct as_op {
    uint8_t type;
    uint8_t n_attrs;
    as_attr_name attrs[6];
    as_bytes text;      /* literal */
    as_bytes one, many; /* nouns behind a number */
    uint32_t end;       /* of an optional part: index of its closing op */
} as_op;

typedef struct as_template {
    const as_op *ops;
    size_t n;
    bool ready;
    bool has_items, has_most, has_dir;
} as_template;

#define AS_TOLD_WORDS ((AS_ATTR_NAME_COUNT + 63) / 64)

/* What {n}, {items} and their kin stand for. */
typedef struct as_fold {
    const uint32_t *facts;
    size_t n;
    uint32_t shown[AS_SAY_WIDE_MAX];
    size_t alike[AS_SAY_WIDE_MAX]; /* how many facts read as the shown one does */
    size_t n_shown;
    size_t n_left; /* neither shown nor alike */
    /* Of AS_SAY_THINGS, the first of those that read alike; else all facts. */
    const uint32_t *things;
    size_t n_things;
    as_bytes most, dir; /* rendered, or {0} */
} as_fold;

typedef struct as_teller as_teller;

typedef struct as_render {
    as_teller *t;
    as_buf *out;
    uint32_t fact;
    const as_fold *fold;          /* NULL: about one fact */
    size_t max;                   /* characters of a value */
    uint64_t told[AS_TOLD_WORDS]; /* attributes whose every value stands there whole */
    size_t filled, empty;         /* placeholders that came out with and without a value */
    size_t list;                  /* 1 + where the list of the last ~ began; 0: none */
    bool comma;                   /* a comma is due */
    bool shows_items;
} as_render;

/* The process or the file of the fact; of a fold, only if all its facts have the same. */
uint32_t as_render_actor(const as_render *r);
uint32_t as_render_owner(const as_render *r);

as_code as_template_compile(as_arena *arena, as_bytes text, as_template *ret) AS_CHECKED;
void as_template_run(as_render *r, const as_template *tpl); /* its first line that says something */

/* The next such line from op *at on (0 first); false: there is none. */
bool as_template_line(as_render *r, const as_template *tpl, size_t *at);

/* True if the template says the same of both facts. */
bool as_template_alike(const as_teller *t, const as_template *tpl, uint32_t a, uint32_t b);

/* --- value.c: pieces of text, all appended to r->out ------------------------------ */

void as_put_text(as_render *r, as_bytes literal);
void as_put_number(as_render *r, uint64_t n);
void as_put_value(as_render *r, as_bytes raw);
bool as_put_attr(as_render *r, as_attr_name attr); /* false: the fact has no such value */
void as_put_process(as_render *r, uint32_t process);
bool as_is_called(const as_render *r); /* the process of the sentence has a name or a path */
void as_put_called(as_render *r);      /* that name, else the last step of the path */
void as_put_run(as_render *r, uint32_t process); /* ", CAPE": of a joined analysis alone */
/*
 * Whose report says so: of a joined analysis maybe several, of its sample those that give one
 * of the attributes.
 */
void as_put_tools(as_render *r, const as_attr_name *attrs, size_t n_attrs);
void as_put_rest(as_render *r);   /* "; key: value" for what was not told whole */
void as_put_fields(as_render *r); /* "Task = 1, Opcode = 0", the first few */
bool as_all_told(const as_render *r);
void as_put_times(as_render *r); /* " (1,234 times, last at ..)" */
void as_render_told(as_render *r, as_attr_name attr);
bool as_has_attr(const as_render *r, as_attr_name attr);
size_t as_count_attr(const as_render *r, as_attr_name attr); /* values that are not empty */
size_t as_thousands(uint64_t n, char out[32]);
bool as_epoch_text(as_bytes number, char out[40]); /* "2023-05-18 00:33:37 UTC" */

/* --- teller ------------------------------------------------------------------------- */

struct as_teller {
    const as_analysis *analysis;
    const as_facts *facts;
    as_doc_options options;
    as_arena *arena;
    size_t n;
    uint32_t *list; /* facts by kind, in order */
    size_t list_at[AS_KIND_COUNT + 1];
    uint32_t *child, *sibling; /* first child and next of the same parent */
    uint32_t *actor;           /* process or entry point of each fact, or AS_NO_FACT */
    uint32_t *owner;           /* file of each fact, or AS_NO_FACT */
    uint32_t *starter;         /* parent process of each process */
    uint32_t *run;             /* run of each fact, or AS_NO_FACT; all of them unless many_runs */
    bool many_runs;            /* the report holds several, each with a name */
    bool like_runs;            /* some of them have the same name */
    uint8_t *covered;          /* stands in a sentence */
    bool processes_told;
    uint32_t topic; /* process that the text is about just now */
    as_template forms[AS_KIND_COUNT][AS_SAY_FORMS];
    as_buf sentences; /* of the section in hand: as_sentence */
    as_buf text, line, item;
    as_buf used; /* facts of the sentence in hand: uint32_t */
    as_code rc;  /* sticky */
};

/* index.c */
size_t as_teller_part(const as_teller *t, uint32_t fact); /* that its first evidence lies in */
as_code as_teller_index(as_teller *t) AS_CHECKED;
uint32_t as_teller_parent(const as_teller *t, uint32_t fact); /* or AS_NO_FACT */
bool as_teller_is(const as_teller *t, uint32_t fact, as_kind kind);
bool as_teller_acts(const as_teller *t, uint32_t fact);
as_bytes as_teller_text(const as_teller *t, uint32_t fact, as_attr_name attr);
uint64_t as_teller_u64(const as_teller *t, uint32_t fact, as_attr_name attr);
as_bytes as_run_name(const as_teller *t, uint32_t run); /* where it was, else its number */

/* A table from a hash to a number; `eq` says whether `value` is what `key` asks for. */
typedef bool as_map_eq(const void *ctx, uint32_t value, const void *key);

typedef struct as_map {
    uint32_t *slots;
    size_t mask;
    as_map_eq *eq;
    const void *ctx;
} as_map;

as_code as_map_init(as_map *m, size_t n, as_map_eq *eq, const void *ctx) AS_CHECKED;
void as_map_done(as_map *m);
uint32_t *as_map_slot(as_map *m, uint64_t hash, const void *key); /* AS_NO_FACT in it: new */

/* say.c: one sentence */
const as_template *as_say_form(as_teller *t, as_kind kind, as_form_of form); /* NULL: none */
as_render as_say_render(as_teller *t, uint32_t fact, const as_fold *fold);
void as_say_run_of(as_render *r, const uint32_t *facts, size_t n); /* "Sandbox A: ", if several */
void as_say_use(as_teller *t, uint32_t fact); /* the sentence in hand rests on it */
size_t as_say_use_parts(as_teller *t, const uint32_t *facts, size_t n); /* and on their parts */
void as_say_close(as_teller *t, as_sentence head, bool whole); /* t->text becomes a sentence */
void as_say_tails(as_teller *t, const uint32_t *facts, size_t n, size_t *folded); /* parts of all */
void as_say_one(as_teller *t, uint32_t fact);
void as_say_merged(as_teller *t, const uint32_t *facts, size_t n); /* one thing, seen n times */
as_bytes as_kind_noun(const as_teller *t, as_kind kind);
as_emphasis as_say_weight(const as_teller *t, uint32_t fact);
void as_say_fail(as_teller *t, as_code rc);

/* fold.c: many facts */
void as_fold_init(as_teller *t, as_fold *fold, const uint32_t *facts, size_t n);
void as_put_items(as_render *r, const as_fold *fold);
void as_say_fold(as_teller *t, const uint32_t *facts, size_t n);
void as_say_list(as_teller *t, as_kind kind, const uint32_t *facts, size_t n);
void as_say_kind(as_teller *t, as_kind kind);

/* Sections with a tale of their own; what they leave is told kind by kind. */
void as_say_identity(as_teller *t);
void as_say_detections(as_teller *t);
void as_say_processes(as_teller *t);
void as_say_persistence(as_teller *t);
void as_say_run(as_teller *t);

/* A full stop, if the text does not end in one. */
void as_put_stop(as_render *r);

#ifdef __cplusplus
}
#endif
#endif

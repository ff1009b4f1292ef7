/*
 * evidence - the facts of one analysis, each pointing at the bytes it came from.
 *
 *     as_facts *f = as_facts_new(0);
 *     as_draft d;
 *
 *     as_draft_init(&d, AS_KIND_MUTEX);
 *     if (as_draft_text(&d, f, AS_ATTR_NAME, AS_FORM_TEXT, name)) ...    decoded text
 *     d.evidence[d.n_evidence++] = (as_evidence){ begin, end, node, last };
 *     if (as_facts_add(f, &d, NULL)) ...
 *     ...
 *     for (size_t i = 0; i < as_facts_count(f); i++) {
 *         const as_fact *fact = as_facts_get(f, i);
 *         as_value v;
 *         if (as_fact_attr(f, fact, AS_ATTR_NAME, &v)) ...
 *     }
 *
 * A fact has a kind and attributes; the kinds and attributes are rows of the two
 * tables in kinds.h. Texts are stored once, however many facts hold them; a
 * pointer is stored as a step below its parent's node, so a million facts of one
 * list cost one path.
 *
 * Depends on: base.  Threads: one as_facts, one thread.
 * Limits: AS_FACTS_MAX facts, AS_FACTS_MEMORY bytes unless given otherwise, texts of
 * AS_TEXT_MAX bytes, 65535 attributes and evidence of one (joined) fact. A call that
 * fails with AS_LIMIT or AS_NOMEM leaves the facts as they were.
 */
#ifndef AS_EVIDENCE_H
#define AS_EVIDENCE_H

#include "base/buf.h"
#include "base/hash.h"
#include "evidence/kinds.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_FACTS_MAX    ((size_t)16 << 20)
#define AS_FACTS_MEMORY ((size_t)2 << 30)
#define AS_TEXT_MAX     ((size_t)UINT32_MAX)

typedef struct as_facts as_facts;

/* A text in the pool of one as_facts. 0 is the empty text. */
typedef uint32_t as_str;

/* A container of the input, as a chain of steps up to the root. 0 is the root. */
typedef uint32_t as_node;

/* One step: an array index, or a text with AS_STEP_KEY set. */
typedef uint32_t as_step;
#define AS_STEP_KEY 0x80000000u

/* As `last` of an evidence: the node itself. With node 0, that is the whole document. */
#define AS_STEP_NONE 0x7fffffffu

/*
 * Bytes [begin, end) of the unpacked input: exactly the JSON value that the
 * pointer (the steps of `node`, then `last`) resolves to.
 */
typedef struct as_evidence {
    uint64_t begin, end;
    as_node node;
    as_step last;
} as_evidence;

typedef enum as_form { AS_FORM_TEXT, AS_FORM_NUMBER, AS_FORM_TRUE, AS_FORM_FALSE } as_form;

/* One attribute of a fact. NUMBER: `str` is the number as written. */
typedef struct as_attr {
    uint16_t name; /* as_attr_name */
    uint8_t form;  /* as_form */
    as_str str;
} as_attr;

typedef struct as_value {
    as_form form;
    as_str str;
    as_bytes text; /* decoded; valid as long as the as_facts */
} as_value;

typedef struct as_fact {
    uint16_t kind; /* as_kind */
    uint16_t n_attrs;
    uint16_t n_evidence; /* at least 1; the first is the fact's own, the rest "also" */
    uint8_t flags;       /* AS_FACT_* */
    uint32_t attrs;      /* index of the first attribute */
    uint32_t evidence;   /* index of the first evidence */
    uint32_t parent;     /* as stored: read it with as_fact_parent() */
} as_fact;

#define AS_NO_FACT UINT32_MAX

#define AS_FACT_GONE    1u /* joined into another fact; readers pass over it */
#define AS_FACT_CARRIED 2u /* was handed out before and is here for its parts: see formats.h */

/* What a reader fills before a fact is stored. Begin with as_draft_init(). */
#define AS_DRAFT_ATTRS    96
#define AS_DRAFT_EVIDENCE 8

typedef struct as_draft {
    as_kind kind;
    uint32_t parent;
    size_t n_attrs, n_evidence;
    as_attr attrs[AS_DRAFT_ATTRS];
    as_evidence evidence[AS_DRAFT_EVIDENCE];
} as_draft;

as_facts *as_facts_new(size_t memory_limit) AS_CHECKED; /* 0: AS_FACTS_MEMORY */
void as_facts_free(as_facts *f);

/* --- texts and pointers ------------------------------------------------------ */

/* The pool's copy of `text`. AS_OK, AS_NOMEM or AS_LIMIT. Equal texts have equal ids. */
as_code as_facts_intern(as_facts *f, as_bytes text, as_str *ret) AS_CHECKED;
as_bytes as_facts_text(const as_facts *f, as_str str);

/* A new node for the container that `last` below `parent` names; each call makes one. */
as_code as_facts_node(as_facts *f, as_node parent, as_step last, as_node *ret) AS_CHECKED;

/*
 * The input is a sequence of records, and the first index of every pointer is the
 * number of one, from 1: written "#12", with a JSON Pointer into the record behind it.
 */
void as_facts_number_records(as_facts *f);
bool as_facts_has_records(const as_facts *f);

/*
 * The input is several, one behind the other: the next begins at offset `base`, and is or is
 * not a sequence of records.
 */
as_code as_facts_next_input(as_facts *f, uint64_t base, bool records) AS_CHECKED;

/* JSON Pointer (RFC 6901) of an evidence, appended to `out`. */
void as_facts_pointer(const as_facts *f, const as_evidence *e, as_buf *out);

/* --- writing ------------------------------------------------------------------ */

/* A draft of no attributes, no evidence and no parent. */
void as_draft_init(as_draft *d, as_kind kind);

/*
 * Appends an attribute. Text that is a plain decimal number becomes a NUMBER where
 * the attribute's type is INT or SIZE. AS_LIMIT: AS_DRAFT_ATTRS are there already,
 * or the memory limit is reached.
 */
as_code as_draft_text(as_draft *d, as_facts *f, as_attr_name name, as_form form,
                      as_bytes text) AS_CHECKED;

/*
 * Reserves the number of a fact whose parts come before itself, so that they can
 * name it as their parent. Without as_facts_put() it stays gone.
 */
as_code as_facts_reserve(as_facts *f, uint32_t *ret) AS_CHECKED;

/* Stores the draft, which has an evidence, under a reserved number or a new one (ret or NULL). */
as_code as_facts_put(as_facts *f, uint32_t fact, const as_draft *d) AS_CHECKED;
as_code as_facts_add(as_facts *f, const as_draft *d, uint32_t *ret) AS_CHECKED;

/*
 * Gives up a reserved number: parts that name it as their parent belong to
 * `parent` instead.
 */
void as_facts_drop(as_facts *f, uint32_t fact, uint32_t parent);

/*
 * Joins fact `from` into `into`: attributes that `into` lacks (by name; of FIELD and
 * FIELD_VALUE the pairs) and all evidence that it lacks move over, and `from` is gone.
 * `into` keeps its own kind and parent; as_fact_parent() gives it as the parent of the
 * children of `from`. A number that was joined already stands for the fact it was joined
 * into.
 */
as_code as_facts_join(as_facts *f, uint32_t into, uint32_t from) AS_CHECKED;

/* The same, but only a value that `into` has already is left behind: it may have two names. */
as_code as_facts_join_values(as_facts *f, uint32_t into, uint32_t from) AS_CHECKED;

/*
 * A container may be taken as evidence before its end is known, with end 0. This
 * fills in the end of every such evidence stored since `from` (an earlier
 * as_facts_evidence_count()) that begins at `begin`.
 */
size_t as_facts_evidence_count(const as_facts *f);
void as_facts_close_evidence(as_facts *f, size_t from, uint64_t begin, uint64_t end);

/*
 * What was stored since a mark is taken back; texts stay. Nothing older may have been put
 * or joined in between.
 */
typedef struct as_mark {
    size_t facts, attrs, evidence, nodes;
} as_mark;

as_mark as_facts_mark(const as_facts *f);
void as_facts_rewind(as_facts *f, const as_mark *mark);

/* --- from one as_facts to another ------------------------------------------------ */

/* Knows which texts and nodes of `from` are in `to` already. */
typedef struct as_copier as_copier;

/* Evidence moves up by `shift` bytes. NULL: no memory. Both must outlive it. */
as_copier *as_copier_new(as_facts *to, const as_facts *from, uint64_t shift) AS_CHECKED;
void as_copier_free(as_copier *c);

/* `to`'s own of a text of `from`. */
as_code as_copier_text(as_copier *c, as_str str, as_str *ret) AS_CHECKED;
as_code as_copier_evidence(as_copier *c, const as_evidence *e, as_evidence *ret) AS_CHECKED;

/* Stores in `to` what fact number `fact` of `from` says, as a part of `parent`, with `flags`. */
as_code as_copier_fact(as_copier *c, uint32_t fact, uint32_t parent, unsigned flags,
                       uint32_t *ret) AS_CHECKED;

/* The two change places; numbers, texts and views go with the facts that they are of. */
void as_facts_swap(as_facts *a, as_facts *b);

/* --- reading ------------------------------------------------------------------ */

/* What is pointed to here stays put until the next fact is reserved, stored or joined. */

size_t as_facts_count(const as_facts *f); /* gone ones included */
const as_fact *as_facts_get(const as_facts *f, size_t i);

/*
 * The fact it belongs to, or AS_NO_FACT. A parent that was joined into another fact
 * is that other fact, one that was dropped is the fact it was dropped for, and one
 * that was reserved and never put is none. So the result is never gone.
 */
uint32_t as_fact_parent(const as_facts *f, const as_fact *fact);

/*
 * The run (a fact of kind ANALYSIS) that a fact is or belongs to, or AS_NO_FACT. A report
 * that holds several sandboxes' runs of one sample has one for each: the same process
 * number or path in two of them is not the same process or event.
 */
uint32_t as_fact_run(const as_facts *f, uint32_t fact);

/* NULL if there are none. */
const as_attr *as_fact_attrs(const as_facts *f, const as_fact *fact); /* n_attrs of them */
const as_evidence *as_fact_evidence(const as_facts *f, const as_fact *fact);

/* First attribute of that name; false if the fact has none. */
bool as_fact_attr(const as_facts *f, const as_fact *fact, as_attr_name name, as_value *ret);

/* Its text, or {0}. */
as_bytes as_fact_text(const as_facts *f, const as_fact *fact, as_attr_name name);

/*
 * What a part takes from facts above it and has not got itself: 0 is the identity of the
 * nearest fact whose kind lends one (kinds.h), 1 the environment of its run. False: nothing.
 */
#define AS_HEIRLOOMS 2u

typedef struct as_heirloom {
    as_attr_name name;
    as_value value;
    const as_evidence *evidence; /* of the fact that lends it */
} as_heirloom;

bool as_fact_inherits(const as_facts *f, const as_fact *fact, unsigned which, as_heirloom *ret);

size_t as_facts_memory(const as_facts *f); /* bytes in use */

/* --- evidence ids --------------------------------------------------------------- */

/*
 * "3391c4e3bafe761a-4f3a21-2c": the first 16 hex digits of the SHA-256 of the
 * unpacked input, the offset of the value and its length, both in hex. An id is
 * therefore the same on every machine and needs no index to resolve. See
 * docs/evidence.md.
 */
#define AS_EVIDENCE_ID_MAX 52 /* with NUL */

void as_evidence_id(const uint8_t sha256[AS_SHA256_SIZE], uint64_t begin, uint64_t end,
                    char id[AS_EVIDENCE_ID_MAX]);

typedef struct as_evidence_ref {
    bool has_input; /* false for the short form "4f3a21-2c" */
    uint64_t input; /* first 8 bytes of the SHA-256, big-endian */
    uint64_t begin, end;
} as_evidence_ref;

/*
 * Reads an id, whole or short, spelt exactly as as_evidence_id() spells it. AS_USAGE
 * if it is none. It says nothing about the input's size: end may lie beyond it.
 */
as_code as_evidence_parse(as_bytes id, as_evidence_ref *ret) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif

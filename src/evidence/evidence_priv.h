/*
 * evidence_priv - the inside of an as_facts.
 *
 * Everything stands in arrays of small rows that name each other by index, so a
 * fact is 20 bytes, an attribute 8, an evidence 24 and a node 8, and growing an
 * array breaks nothing. Texts are the exception: views of them are handed out, so
 * their bytes stand in blocks that never move.
 *
 * Depends on: base.  Threads: as as_facts.
 */
#ifndef AS_EVIDENCE_PRIV_H
#define AS_EVIDENCE_PRIV_H

#include "evidence/evidence.h"

/* A text's id shares its 32 bits with AS_STEP_KEY. */
#define AS_TEXTS_MAX ((size_t)AS_STEP_KEY - 1)

/* Rows of any other array: their indexes are 32 bits. */
#define AS_ROWS_MAX ((size_t)UINT32_MAX - 1)

/*
 * Flags of a fact that only the join reads: the range of its attributes (its
 * evidence) has room up to the next power of two.
 */
#define AS_FACT_WIDE_ATTRS    0x40u
#define AS_FACT_WIDE_EVIDENCE 0x80u

typedef struct as_rows {
    void *p;
    size_t n, cap;
} as_rows;

typedef struct as_link {
    as_node up;
    as_step step;
} as_link;

typedef struct as_span {
    uint64_t base;
    bool records;
} as_span;

typedef struct as_block as_block;

/* One place of the table. `tag` is the text's hash: its low bits are also where it looks first. */
typedef struct as_slot {
    as_str id; /* 0: free */
    uint32_t tag;
} as_slot;

typedef struct as_pool {
    as_rows texts;  /* const uint8_t *: the bytes, behind their length in 4 bytes; id 1 first */
    as_slot *slots; /* open addressing, a power of two of them */
    size_t n_slots;
    uint64_t seed;
    as_block *blocks; /* all of them, for the end */
    uint8_t *at;      /* the free rest of the block in use */
    size_t left;
} as_pool;

struct as_facts {
    size_t limit, used;
    bool records;   /* pointers begin with a record's number */
    as_rows inputs; /* as_span, rising, of several inputs one behind the other */
    as_pool pool;
    as_rows nodes;    /* as_link; node 1 first */
    as_rows facts;    /* as_fact */
    as_rows attrs;    /* as_attr */
    as_rows evidence; /* as_evidence */
};

/* Takes `bytes` from the limit; false if they are not left. */
bool as_facts_charge(as_facts *f, size_t bytes) AS_CHECKED;

/* Room for `more` rows of `size` bytes behind the last; at most `max` in all. */
as_code as_rows_room(as_facts *f, as_rows *r, size_t size, size_t more, size_t max) AS_CHECKED;

void as_pool_init(as_pool *pool);
void as_pool_done(as_pool *pool);

#endif

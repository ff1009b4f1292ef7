/*
 * torch_priv - private to encode: what torch.save() writes, read and never run.
 *
 * A zip holds one folder: data.pkl, a pickle that builds the state dict, and data/<key>, the
 * numbers of one storage each. The pickle is a program; of its language we know the words that
 * a state dict needs, and their values are tags and views: no word of it calls anything.
 */
#ifndef AS_TORCH_PRIV_H
#define AS_TORCH_PRIV_H

#include "encode/weights_priv.h"

#define AS_PICKLE_MAX       ((size_t)16 << 20)
#define AS_PICKLE_STACK_MAX ((size_t)1 << 20)

typedef struct as_zip_entry {
    as_bytes name, data;
    uint64_t header; /* offset of its local header */
} as_zip_entry;

/* All entries, sorted by name, none twice, none packed; as_mem_free() them. */
as_code as_zip_read(as_bytes file, as_zip_entry **ret, size_t *ret_n, as_err *err) AS_CHECKED;
const as_zip_entry *as_zip_find(const as_zip_entry *entries, size_t n, as_bytes name);

/* What the pickle may name: collections.OrderedDict, the function that makes a tensor ... */
typedef enum as_pickle_global {
    AS_PICKLE_ORDERED_DICT,
    AS_PICKLE_REBUILD_TENSOR,
    AS_PICKLE_STORAGE /* and on: the storages of each type */
} as_pickle_global;

typedef enum as_pickle_type {
    AS_PICKLE_MARK,
    AS_PICKLE_NONE,
    AS_PICKLE_BOOL,
    AS_PICKLE_INT,
    AS_PICKLE_TEXT,
    AS_PICKLE_TUPLE,
    AS_PICKLE_DICT,
    AS_PICKLE_GLOBAL,
    AS_PICKLE_STORED, /* a storage */
    AS_PICKLE_TENSOR
} as_pickle_type;

typedef struct as_pickle_value {
    as_pickle_type type;
    uint32_t n; /* items of a tuple */
    union {
        int64_t number; /* INT, BOOL; GLOBAL: which; DICT: which of the machine's */
        as_bytes text;
        const struct as_pickle_value *items; /* TUPLE */
        const struct as_pickle_stored *stored;
        const as_tensor *tensor;
    } u;
} as_pickle_value;

typedef struct as_pickle_stored {
    as_dtype dtype;
    as_bytes data;
} as_pickle_stored;

/* A key and a value put into a dict, in the order of the program. */
typedef struct as_pickle_item {
    int64_t dict;
    as_pickle_value key, value;
    size_t at;
} as_pickle_item;

typedef struct as_pickle {
    as_arena *arena;
    as_bytes program;
    size_t at, op; /* op: where the instruction in hand begins */
    as_bytes folder;
    const as_zip_entry *entries;
    size_t entries_n;
    as_pickle_value *stack, *memo;
    size_t stack_n, stack_cap, memo_n, memo_cap;
    as_pickle_item *items;
    size_t items_n, items_cap;
    int64_t dicts;
} as_pickle;

/* Runs the program to its end. *ret is what it leaves: the rest is in `items`. */
as_code as_pickle_run(as_pickle *p, as_pickle_value *ret, as_err *err) AS_CHECKED;
void as_pickle_done(as_pickle *p);

/* "pickle: <what> at byte N" of data.pkl. */
as_code as_pickle_fail(const as_pickle *p, as_code code, const char *what, as_err *err);

/* The global of that name. AS_UNKNOWN: none that a state dict needs. */
as_code as_pickle_find_global(const as_pickle *p, as_bytes module, as_bytes name,
                              as_pickle_value *ret, as_err *err) AS_CHECKED;

/* BINPERSID: ("storage", type, key, device, count) to a storage. */
as_code as_pickle_storage(as_pickle *p, as_pickle_value *v, as_err *err) AS_CHECKED;

/* REDUCE: what a global makes of its arguments; *v is the global, and becomes what it makes. */
as_code as_pickle_reduce(as_pickle *p, as_pickle_value *v, const as_pickle_value *arguments,
                         as_err *err) AS_CHECKED;

#endif

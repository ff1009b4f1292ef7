/*
 * drakvuf_priv - private to formats: what the parts of the reader of DRAKVUF's log share.
 *
 * One record is taken apart into entries (name, value) before anything is made of it; a
 * call waits until its return is met; and each record that names its process is checked
 * against the processes known.
 */
#ifndef AS_DRAKVUF_PRIV_H
#define AS_DRAKVUF_PRIV_H

#include "formats/formats_priv.h"

/* --- one record (drakvuf_record.c) ------------------------------------------------ */

/* A scalar of the record at any depth: `top` is the member it lies in, `key` the nearest. */
typedef struct as_drak_entry {
    as_bytes top, key, value;
    uint64_t begin, end; /* of the value in the input */
    as_form form;
    bool nested; /* not itself the member's value */
    bool used;
} as_drak_entry;

typedef struct as_drak_record {
    as_drak_entry *entries;
    size_t n, cap;
    struct as_drak_spans *spans; /* of the same number, while the record is read */
    as_buf text;
    as_evidence at;
} as_drak_record;

/* Reads the object that `t` began, to its end. Views live until the next record. */
as_code as_drak_record_read(as_walk *w, as_drak_record *r, as_place *place, as_json_tok *t,
                            as_err *err) AS_CHECKED;
void as_drak_record_done(as_drak_record *r);

/* The member's own scalar, or NULL; it counts as used from here on. */
const as_drak_entry *as_drak_take(as_drak_record *r, const char *key);
as_bytes as_drak_text(as_drak_record *r, const char *key); /* taken; {0} if there is none */
bool as_drak_has(const as_drak_record *r, const char *key);

/* --- processes (drakvuf_process.c) ------------------------------------------------- */

typedef struct as_drak_process {
    uint64_t pid, ppid;
    uint64_t name; /* a hash of the program's name without its folder, or 0 */
    uint64_t calls;
    uint32_t fact;
    uint32_t older; /* with the same number: 1 + index */
    bool has_ppid, ended;
    bool named; /* a record that names it was met, beside the one of its start */
} as_drak_process;

typedef struct as_drak_processes {
    as_drak_process *all;
    uint32_t *slots; /* by number: 1 + index of the newest */
    size_t n, cap, mask;
    uint64_t seed;
} as_drak_processes;

void as_drak_processes_init(as_drak_processes *p);
void as_drak_processes_done(as_drak_processes *p);

/* The newest of that number that is not known to have ended, or NULL. */
as_drak_process *as_drak_process_get(const as_drak_processes *p, uint64_t pid);

/*
 * The one that the number, its starter's number (NULL: not told) and the program's path or
 * name (empty: not told) mean, or NULL.
 */
as_drak_process *as_drak_process_find(const as_drak_processes *p, uint64_t pid,
                                      const uint64_t *ppid, as_bytes path);
as_code as_drak_process_add(as_drak_processes *p, uint64_t pid, const uint64_t *ppid, as_bytes path,
                            uint32_t fact, as_err *err) AS_CHECKED;

/* Hands the facts so far out and goes on with the newest processes that have not ended. */
as_code as_drak_processes_portion(as_drak_processes *p, as_walk *w, as_err *err) AS_CHECKED;

/* --- calls (drakvuf_calls.c) ------------------------------------------------------- */

/* Calls in the order of the log, each held until its return is met or too many wait. */
typedef struct as_drak_calls as_drak_calls;

as_drak_calls *as_drak_calls_new(as_walk *w) AS_CHECKED;
void as_drak_calls_free(as_drak_calls *c);

as_code as_drak_call(as_drak_calls *c, as_drak_record *r, as_drak_process *process,
                     as_err *err) AS_CHECKED;
/* *ret_found: the call that it is the return of was waiting. */
as_code as_drak_return(as_drak_calls *c, as_drak_record *r, bool *ret_found,
                       as_err *err) AS_CHECKED;
/* All that wait are told, with or without a return. */
as_code as_drak_calls_flush(as_drak_calls *c, as_err *err) AS_CHECKED;

#endif

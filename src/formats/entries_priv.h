/*
 * entries_priv - private to the readers of VirusTotal and Hybrid Analysis: a report that is
 * one object, or a list of them, each of which tells of a sample and of a run of it side by
 * side.
 *
 * The keys of such an object go to several facts. Each part of an entry has a shape; a key
 * goes to the part whose shape names it, any other to the last, AS_ENTRY_REST, which is no
 * fact: what belongs to it belongs to the run where there is one, else to the sample.
 *
 *     as_entry e;
 *
 *     as_entry_begin(w, &e, shapes, AS_KIND_PE, err);
 *     as_entry_members(w, place, &e, &end, err);      the object's bracket is read already
 *     as_entry_end(w, place, end, &e, &samples, err);
 */
#ifndef AS_ENTRIES_PRIV_H
#define AS_ENTRIES_PRIV_H

#include "formats/formats_priv.h"

enum { AS_ENTRY_SAMPLE, AS_ENTRY_RUN, AS_ENTRY_MORE, AS_ENTRY_REST, AS_ENTRY_PARTS };

typedef struct as_entry {
    as_draft draft[AS_ENTRY_PARTS]; /* a draft that has its evidence already keeps it */
    uint32_t fact[AS_ENTRY_PARTS];
    const as_shape *shape[AS_ENTRY_PARTS];
    size_t known; /* keys that a shape names */
    bool ran;     /* it tells of a run */
} as_entry;

/* Reserves the numbers of its facts. `more` is the kind of AS_ENTRY_MORE, a part of the sample. */
as_code as_entry_begin(as_walk *w, as_entry *e, const as_shape *const shapes[AS_ENTRY_PARTS],
                       as_kind more, as_err *err) AS_CHECKED;

/* The members of an object up to its end. */
as_code as_entry_members(as_walk *w, as_place *place, as_entry *e, uint64_t *ret_end,
                         as_err *err) AS_CHECKED;

/*
 * Stores the facts. A sample that an earlier entry told of (by SHA-256, else SHA-1, else
 * MD5; `samples`) is the same fact; what this entry says otherwise of it stays with the run.
 */
as_code as_entry_end(as_walk *w, const as_place *place, uint64_t end, as_entry *e, as_ids *samples,
                     as_err *err) AS_CHECKED;

/*
 * A scalar, or each of a list, as attribute `name` of a part: the first AS_ENTRY_SOME of them,
 * the others as details of it, for a draft has no room for a thousand names.
 */
#define AS_ENTRY_SOME 16
as_code as_entry_some(as_walk *w, as_place *place, as_entry *e, unsigned part, as_attr_name name,
                      as_json_tok *t, as_err *err) AS_CHECKED;

#endif

/*
 * vmray_priv - private to the readers of VMRay.
 */
#ifndef AS_VMRAY_PRIV_H
#define AS_VMRAY_PRIV_H

#include "formats/formats_priv.h"

/*
 * What VMRay writes into the attributes of flog.xml, once XML's own references are
 * resolved: a backslash is doubled, and a character that is no printable text is
 * \xNN, the code point. Anything else behind a backslash stays as it is. If nothing
 * is escaped *ret is `text` itself, else it is in `scratch`, which is emptied first.
 */
as_code as_vmray_unescape(as_bytes text, as_buf *scratch, as_bytes *ret) AS_CHECKED;

/* --- summary_v2.json ----------------------------------------------------------------------- */

/* What a reference is to the fact that has it. */
enum as_vmray_role {
    AS_VMRAY_SRC,   /* an address: where the connection came from */
    AS_VMRAY_DST,   /* where it went */
    AS_VMRAY_MARK,  /* what a signature rests on */
    AS_VMRAY_OWNER, /* parts of the fact belong to what is named; the fact itself says nothing */
    AS_VMRAY_SAME   /* what is named is the same thing */
};

struct as_vmray_ref {
    uint32_t fact;
    enum as_vmray_role role;
    uint64_t target;
    as_evidence place; /* of the reference itself */
};

struct as_vmray_technique {
    uint32_t fact;
    as_draft *draft;
};

/* What is known of the entry in hand beside its draft. */
struct as_vmray_entry {
    /* Where several processes are named, which of them did what is not told. */
    uint32_t actor;
    size_t n_actors;
    bool is_sample, has_origin;
    uint64_t origin; /* VMRay's number of the process that started this one */
};

struct as_vmray {
    as_ids objects;   /* group and key to the fact */
    as_ids mentioned; /* to the number reserved for it */
    as_ids monitors;  /* VMRay's numbers of processes to facts */
    struct as_vmray_ref *refs;
    size_t n_refs, cap_refs;
    uint64_t *targets; /* of the numbers reserved, in the order of `numbers` */
    uint32_t *numbers;
    size_t n_numbers, cap_numbers;
    struct as_vmray_entry entry;
    /* Of the newest ATT&CK version so far. */
    struct as_vmray_technique *techniques;
    size_t n_techniques;
    uint64_t version;
    as_step version_step;
    as_str submitted; /* the sample's name */
    as_evidence submitted_at;
};

static inline struct as_vmray *as_vmray_of(as_walk *w)
{
    return (struct as_vmray *)w->own;
}

/* The name of an entry: its map's key and its own, texts of the pool. */
static inline uint64_t as_vmray_target(as_str group, as_str key)
{
    return (uint64_t)group << 32 | key;
}

/* vmray_refs.c: hooks for references, by what they are; and what is done at the end. */
as_hook as_vmray_src, as_vmray_dst, as_vmray_mark, as_vmray_owner, as_vmray_same;
as_hook as_vmray_actors;

as_code as_vmray_resolve(as_walk *w, as_err *err) AS_CHECKED;

/* vmray_mitre.c: of several versions of ATT&CK the newest becomes facts. */
as_hook as_vmray_mitre;
as_code as_vmray_put_techniques(as_walk *w, as_err *err) AS_CHECKED;
void as_vmray_forget_techniques(struct as_vmray *s);

/* What a static_data entry says of a PE file. */
extern const as_shape as_shape_vmray_pe;

#endif

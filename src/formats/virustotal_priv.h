/*
 * virustotal_priv - private to the reader of VirusTotal.
 */
#ifndef AS_VIRUSTOTAL_PRIV_H
#define AS_VIRUSTOTAL_PRIV_H

#include "formats/entries_priv.h"

/* What is known of the object in hand beside its parts. */
struct as_vt_object {
    as_entry entry;
    as_str id;
    as_evidence id_at;
    as_evidence stats_at, date_at; /* of the antivirus summary; end 0: not there */
    bool behaviour;                /* by its type */
};

struct as_vt {
    struct as_vt_object *object;
    as_ids samples;
    size_t known;      /* keys that only VirusTotal has, in all objects */
    size_t behaviours; /* objects that tell of a run */
};

static inline struct as_vt *as_vt_of(as_walk *w)
{
    return (struct as_vt *)w->own;
}

/* virustotal_file.c, virustotal_run.c: attributes of a file and of its behaviour. */
extern const as_shape as_shape_vt_file, as_shape_vt_run, as_shape_vt_antivirus;
extern const as_shape as_shape_vt_sigma, as_shape_vt_ids, as_shape_vt_mbc, as_shape_vt_technique;

#endif

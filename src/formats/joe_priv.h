/*
 * joe_priv - private to the reader of Joe Sandbox.
 */
#ifndef AS_JOE_PRIV_H
#define AS_JOE_PRIV_H

#include "formats/actors_priv.h"

/* A packet's ends and protocol, counted. */
struct as_joe_flow {
    as_str ends[5]; /* protocol, from, port, to, port */
    as_str first, last;
    uint64_t n;
    as_evidence place, last_place;
};

struct as_joe {
    as_actors actors;
    struct as_joe_flow *flows;
    size_t n_flows, cap_flows;
    uint32_t *flow_slots; /* open addressing: 1 + index */
    size_t flow_mask;
    uint64_t flow_seed;   /* a report must not choose what falls together */
    uint32_t run, sample; /* facts put together from values of the root, or AS_NO_FACT */
    as_str verdict;       /* the flag that is set in the object in hand */
    as_str tactic;
    as_evidence tactic_at;
    bool behavior; /* what ran was told, or that nothing did */
};

static inline struct as_joe *as_joe_of(as_walk *w)
{
    return (struct as_joe *)w->own;
}

as_str as_joe_attr(const as_draft *d, as_attr_name name);
void as_joe_rename(as_draft *d, as_attr_name from, as_attr_name to);

/* An element whose text is given where others have members. */
#define JOE_TEXT_LEAVES(kind_)                                                                     \
    {                                                                                              \
        ROW_KEY(""), .act = AS_ACT_LEAVES, .what = AS_KIND_##kind_                                 \
    }

/* joe_behavior.c: behavior.system and behavior.network. */
extern const as_shape as_shape_joe_behavior;

/* The process that a "targetid" names is the parent of the fact in hand. */
as_hook as_joe_target;

/* joe_static.c */
extern const as_shape as_shape_joe_file;

/* "true" or true: what the tool takes for malicious. */
#define JOE_MALICIOUS ATTR("malicious", DETECTED)

/* Signatures that a file, domain, address or URL set off. */
extern const as_shape as_shape_joe_hits;

#endif

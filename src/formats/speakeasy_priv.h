/*
 * speakeasy_priv - private to the reader of Speakeasy reports.
 *
 * Depends on: formats_priv.h.  Threads: one walk, one thread.
 */
#ifndef AS_SPEAKEASY_PRIV_H
#define AS_SPEAKEASY_PRIV_H

#include "formats/formats_priv.h"

/* A scalar, kept in w->call until the event that holds it is known. */
struct as_kept {
    size_t at, n;
    as_form form;
    bool there;
};

/* Where an event stands, and what it is. */
typedef enum as_speakeasy_field {
    AS_SPEAKEASY_EVENT,
    AS_SPEAKEASY_TICK,
    AS_SPEAKEASY_TID,
    AS_SPEAKEASY_PID,
    AS_SPEAKEASY_PC,
    AS_SPEAKEASY_API,
    AS_SPEAKEASY_RET,
    AS_SPEAKEASY_FIELDS
} as_speakeasy_field;

/* What the hooks share: w->own. */
struct as_speakeasy {
    bool known; /* a key was seen that only this tool writes */
    /* The event in hand. */
    struct as_kept fields[AS_SPEAKEASY_FIELDS];
    struct as_kept names[AS_CALL_ARGS_MAX], values[AS_CALL_ARGS_MAX];
    size_t n_names, n_values, values_left_out;
    as_draft draft; /* of what is no API call */
    uint32_t fact;  /* reserved for it, or AS_NO_FACT */
    as_call call;
};

/* speakeasy_events.c: lists of events below an entry point. */
as_hook as_speakeasy_events, as_speakeasy_apis, as_speakeasy_processes, as_speakeasy_files;
as_hook as_speakeasy_registry, as_speakeasy_exceptions, as_speakeasy_dns, as_speakeasy_traffic;

#endif

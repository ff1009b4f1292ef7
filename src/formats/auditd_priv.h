/*
 * auditd_priv - private to formats: what the files of the reader of audit logs share.
 *
 *     auditd_record.c  one line taken apart
 *     auditd.c         the records of one event brought together
 *     auditd_facts.c   what an event says
 */
#ifndef AS_AUDITD_PRIV_H
#define AS_AUDITD_PRIV_H

#include "formats/formats_priv.h"
#include "formats/linux_calls_priv.h"

/* A line: who wrote it, of what type, of which event, and its fields as they stand. */
typedef struct as_audit_line {
    as_bytes node, type;
    as_bytes stamp; /* "1700000000.123:456", the event's name */
    as_bytes time;  /* without the number of the event */
    as_bytes fields;
    bool told; /* by ausearch -i: names for numbers, texts without quotes */
} as_audit_line;

bool as_audit_parse(as_bytes line, as_audit_line *ret);

/* The next "key=value" of `*fields`, which it leaves behind; false at the end. */
bool as_audit_next(as_bytes *fields, bool told, as_bytes *ret_key, as_bytes *ret_value);

/* The value of `key`; {0}: it has none, or it is (none), (null) or ?. */
as_bytes as_audit_field(as_bytes fields, bool told, const char *key);

/*
 * What the value of `key` says, appended to `out`: without quotes, and out of hexadecimal
 * where the kernel writes texts so. NUL becomes a blank.
 */
void as_audit_text(as_bytes key, as_bytes value, bool told, as_buf *out);

/* Text of saddr=, raw or interpreted. */
typedef struct as_audit_address {
    uint8_t ip[46];
    size_t ip_n;
    uint32_t port;
    bool has_port;
    as_bytes path; /* into the buffer */
} as_audit_address;

bool as_audit_address_of(as_bytes saddr, bool told, as_buf *buf, as_audit_address *ret);

/* --- one event ------------------------------------------------------------------------- */

#define AS_AUDIT_RECORDS 64u /* of one event; what is beyond is told by itself */

typedef struct as_audit_record {
    as_audit_line l; /* views into the event's text */
    as_evidence at;
} as_audit_record;

typedef struct as_audit_event {
    as_buf text;
    size_t n;
    size_t at[AS_AUDIT_RECORDS]; /* where each record begins in `text` */
    size_t len[AS_AUDIT_RECORDS];
    as_evidence evidence[AS_AUDIT_RECORDS];
    uint64_t name; /* hash of node and stamp */
    bool used, ended;
} as_audit_event;

/* A process that records name. */
typedef struct as_audit_actor {
    uint64_t key; /* 0: free */
    uint64_t exe; /* hash of its program: another one is another process */
    uint32_t fact;
} as_audit_actor;

typedef struct as_audit {
    as_walk *w;
    uint64_t seed; /* so that whoever wrote the log cannot choose names that collide */
    as_audit_actor *actors;
    size_t n_actors, n_slots;
    as_buf text, other, flags;
    as_audit_record records[AS_AUDIT_RECORDS]; /* of the event in hand */
    size_t n;
    as_call call;
} as_audit;

as_code as_audit_tell(as_audit *a, as_err *err) AS_CHECKED;
as_code as_audit_portion(as_audit *a, as_err *err) AS_CHECKED;

#endif

#include "formats/auditd_priv.h"

#include "base/hash.h"

#include <string.h>
#include <sys/random.h>

#include "base/banned.h"

/*
 * The audit log of Linux. One event is several lines, those of other events may stand
 * between them, and nothing says which is the last: an event is told when its end is
 * marked, or when enough others have begun since.
 */

#define OPEN_MAX 32u               /* events that wait for more lines */
#define TEXT_MAX ((size_t)1 << 20) /* bytes of one event; further lines are events of their own */

struct reader {
    as_audit a;
    as_lines lines;
    as_buf clean;
    as_audit_event events[OPEN_MAX];
    size_t oldest; /* they are told in the order in which they began */
    bool any;
};

static as_audit_event *event_at(struct reader *r, size_t i)
{
    return &r->events[(r->oldest + i) % OPEN_MAX];
}

/* Its lines once more in hand, and what they say. */
static as_code tell_event(struct reader *r, as_audit_event *e, as_err *err)
{
    if (!e->used)
        return AS_OK;
    e->used = false;
    r->a.n = 0;
    for (size_t i = 0; i < e->n; i++) {
        as_audit_record *record = &r->a.records[r->a.n];

        if (as_audit_parse((as_bytes){e->text.p + e->at[i], e->len[i]}, &record->l)) {
            record->at = e->evidence[i];
            r->a.n++;
        }
    }
    return as_audit_tell(&r->a, err);
}

static as_code tell_all(struct reader *r, as_err *err)
{
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < OPEN_MAX; i++)
        rc = tell_event(r, event_at(r, i), err);
    return rc;
}

/* Those whose end is marked, as far as none that began before them still waits. */
static as_code tell_ended(struct reader *r, as_err *err)
{
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < OPEN_MAX; i++) {
        as_audit_event *e = event_at(r, i);

        if (e->used && !e->ended)
            break;
        rc = tell_event(r, e, err);
    }
    return rc;
}

/* `line` is what is read of the `n` bytes that stand there. */
static as_code add_line(struct reader *r, as_audit_event *e, as_bytes line, size_t n, as_err *err)
{
    e->at[e->n] = e->text.n;
    e->len[e->n] = line.n;
    e->evidence[e->n++] = as_lines_evidence(&r->lines, n);
    as_buf_add(&e->text, line);
    return e->text.failed ? as_fail_nomem(err, "an audit event") : AS_OK;
}

/* The event of that name that is open, or the place of the oldest, which is told first. */
static as_code event_of(struct reader *r, uint64_t name, size_t more, as_audit_event **ret,
                        as_err *err)
{
    as_audit_event *e;
    as_code rc;

    for (size_t i = 0; i < OPEN_MAX; i++) {
        e = event_at(r, i);
        if (e->used && e->name == name && e->n < AS_AUDIT_RECORDS && e->text.n + more <= TEXT_MAX) {
            *ret = e;
            return AS_OK;
        }
    }
    e = event_at(r, 0);
    rc = tell_event(r, e, err);
    if (rc)
        return rc;
    r->oldest = (r->oldest + 1) % OPEN_MAX;
    as_buf_reset(&e->text);
    e->n = 0;
    e->name = name;
    e->used = true;
    e->ended = false;
    *ret = e;
    return AS_OK;
}

static bool begins(as_bytes line, const char *text)
{
    size_t n = strlen(text);

    return line.n >= n && !memcmp(line.p, text, n);
}

static as_code read_line(struct reader *r, as_bytes line, as_err *err)
{
    as_audit_event *e = NULL;
    as_audit_line l;
    size_t n;
    as_code rc;

    as_walk_tick(r->a.w);
    if (!line.n)
        return AS_OK;
    if (as_bytes_is(line, "----"))
        return tell_all(r, err); /* of ausearch: between two events */
    if (begins(line, "time->") || begins(line, "<no matches>"))
        return AS_OK; /* of ausearch: what the next lines say as well */
    n = line.n;
    line = as_linux_clean(line, &r->clean);
    if (r->clean.failed)
        return as_fail_nomem(err, "a line");
    if (!as_audit_parse(line, &l))
        return as_lines_bad(r->a.w, &r->lines, n, "no audit record", err);
    r->any = true;
    rc = event_of(r, as_hash64(l.stamp, as_hash64(l.node, r->a.seed)), line.n, &e, err);
    if (!rc)
        rc = add_line(r, e, line, n, err);
    if (rc || !as_bytes_is(l.type, "EOE"))
        return rc;
    e->ended = true;
    return tell_ended(r, err);
}

static as_code read_lines(struct reader *r, as_err *err)
{
    for (;;) {
        as_bytes line;
        size_t n = 0;
        as_code rc = as_lines_next(&r->lines, &line, &n, err);

        if (rc || !n)
            return rc ? rc : tell_all(r, err);
        rc = read_line(r, line, err);
        if (!rc && as_walk_portion_due(r->a.w))
            rc = as_audit_portion(&r->a, err);
        if (rc)
            return rc;
    }
}

static as_code read_auditd(as_walk *w, as_err *err)
{
    struct reader *r = as_mem_zero(1, sizeof(*r));
    as_code rc;

    if (!r)
        return as_fail_nomem(err, "an audit log");
    r->a.w = w;
    if (getrandom(&r->a.seed, sizeof(r->a.seed), GRND_NONBLOCK) != sizeof(r->a.seed))
        r->a.seed = (uint64_t)(uintptr_t)r;
    r->lines.source = w->source;
    w->analysis->tool = "auditd";
    as_facts_number_records(w->facts);
    w->system_calls = true;
    rc = as_counts_begin(w, err);
    if (!rc)
        rc = read_lines(r, err);
    if (!rc && !r->any)
        rc = as_fail(err, AS_UNKNOWN, AS_NO_OFFSET, "no line of the input is an audit record");
    if (!rc)
        rc = as_counts_put(w, NULL, err);
    for (size_t i = 0; i < OPEN_MAX; i++)
        as_buf_done(&r->events[i].text);
    as_buf_done(&r->a.text);
    as_buf_done(&r->a.other);
    as_buf_done(&r->a.flags);
    as_buf_done(&r->clean);
    as_mem_free(r->a.actors);
    as_lines_done(&r->lines);
    as_mem_free(r);
    return rc;
}

#define PROBED_LINES 64u

static as_sure probe_auditd(const as_head *h)
{
    as_bytes rest = h->bytes;
    size_t records = 0, others = 0;
    as_audit_line l;

    for (size_t i = 0; i < PROBED_LINES && rest.n; i++) {
        as_bytes line;

        (void)as_line_of(&rest, &line);
        if (!line.n || begins(line, "----") || begins(line, "time->"))
            continue;
        if (as_audit_parse(line, &l))
            records++;
        else
            others++;
    }
    if (!records)
        return AS_SURE_NO;
    return records > others ? AS_SURE_YES : AS_SURE_MAYBE;
}

const as_reader as_reader_auditd = {
    .about = {.id = "auditd",
              .name = "Linux audit log",
              .versions = "audit.log of auditd 2 to 4, also enriched, output of ausearch raw and "
                          "with -i, audit lines of the kernel's log",
              .maps = "audited system calls with their processes, command lines, files and "
                      "addresses, logons, services, every other record with all its fields",
              .seen = false},
    .probe = probe_auditd,
    .read = read_auditd,
};

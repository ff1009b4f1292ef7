#include "formats/formats_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * A sandbox tells the same thing in several places: a process in its list and in
 * its tree, a file under the process that wrote it and in the summary. Two facts
 * are joined when one says nothing that the other does not say as well; the one
 * that says more stays, with the evidence of both.
 */

/* Kinds whose facts are one thing seen twice if all their attributes agree. */
static bool is_joinable(as_kind kind)
{
    switch (kind) {
    case AS_KIND_ENVIRONMENT:
    case AS_KIND_COMMAND:
    case AS_KIND_MODULE:
    case AS_KIND_API_RESOLVED:
    case AS_KIND_API_USE:
    case AS_KIND_FILE_WRITTEN:
    case AS_KIND_FILE_CREATED:
    case AS_KIND_FILE_RECREATED:
    case AS_KIND_FILE_DELETED:
    case AS_KIND_FILE_MOVED:
    case AS_KIND_FILE_COPIED:
    case AS_KIND_FILE_READ:
    case AS_KIND_FILE_OPENED:
    case AS_KIND_FILE_EXISTS:
    case AS_KIND_FILE_FAILED:
    case AS_KIND_DIR_CREATED:
    case AS_KIND_DIR_REMOVED:
    case AS_KIND_DIR_LISTED:
    case AS_KIND_KEY_WRITTEN:
    case AS_KIND_KEY_DELETED:
    case AS_KIND_KEY_READ:
    case AS_KIND_KEY_OPENED:
    case AS_KIND_DOMAIN:
    case AS_KIND_HOST:
    case AS_KIND_DNS_SERVER:
    case AS_KIND_DEAD_HOST:
    case AS_KIND_MUTEX:
    case AS_KIND_SERVICE_CREATED:
    case AS_KIND_SERVICE_STARTED:
    case AS_KIND_COM_OBJECT:
    case AS_KIND_WMI_QUERY:
    case AS_KIND_SUMMARY_ITEM:
    case AS_KIND_FAMILY:
    case AS_KIND_DROPPED:
    case AS_KIND_EXTRACTED:
    case AS_KIND_SIGNATURE:
    case AS_KIND_CAPTURE:
    case AS_KIND_SCREENSHOT:
    case AS_KIND_SAMPLE_ADDRESS:
        return true;
    default:
        return false;
    }
}

/* Thousands that differ under one identity are not worth comparing in pairs. */
#define CHAIN_MAX 32

/* Facts by kind and identity; chains of equal ones, oldest first, none longer than what is
 * compared. */
struct table {
    bool runs;       /* of several runs: only facts of one are compared */
    uint32_t *slots; /* 1 + fact */
    uint32_t *next;  /* by fact: 1 + the next with the same slot */
    size_t mask;
};

static as_code table_init(struct table *t, size_t n)
{
    size_t slots = 64;

    while (slots < n * 2)
        slots *= 2;
    t->mask = slots - 1;
    t->slots = as_mem_zero(slots, sizeof(*t->slots));
    t->next = as_mem_zero(n + 1, sizeof(*t->next));
    return t->slots && t->next ? AS_OK : AS_NOMEM;
}

static void table_done(struct table *t)
{
    as_mem_free(t->slots);
    as_mem_free(t->next);
}

static bool same_value(const as_attr *a, const as_attr *b)
{
    return a->name == b->name && a->str == b->str;
}

/* The acting process, which the attributes of a part do not repeat. */
static uint32_t actor(const as_facts *f, const as_fact *fact)
{
    uint32_t parent = as_fact_parent(f, fact);

    return parent != AS_NO_FACT && as_facts_get(f, parent)->kind == AS_KIND_PROCESS ? parent
                                                                                    : AS_NO_FACT;
}

/* A number of a process, of which `fact` is a part without repeating it. */
static bool is_actors_pid(const as_facts *f, const as_fact *fact, const as_attr *attr)
{
    uint32_t process = actor(f, fact);
    as_value pid;

    return attr->name == AS_ATTR_PID && process != AS_NO_FACT &&
           as_fact_attr(f, as_facts_get(f, process), AS_ATTR_PID, &pid) && pid.str == attr->str;
}

/* Everything that `b` says, `a` says too. */
static bool covers(const as_facts *f, const as_fact *a, const as_fact *b)
{
    const as_attr *x = as_fact_attrs(f, a), *y = as_fact_attrs(f, b);

    for (size_t i = 0; i < b->n_attrs; i++) {
        bool found = is_actors_pid(f, a, &y[i]);

        for (size_t k = 0; k < a->n_attrs && !found; k++)
            found = same_value(&x[k], &y[i]);
        if (!found)
            return false;
    }
    return true;
}

/* Whether `b` may go into `a`: known to be of another process, it may not. */
static bool same_actor(const as_facts *f, const as_fact *a, const as_fact *b)
{
    uint32_t of_b = actor(f, b);

    return of_b == AS_NO_FACT || of_b == actor(f, a);
}

/* A report of one run may tell some of its facts outside of it. */
static bool has_runs(const as_facts *f)
{
    size_t n = 0;

    for (uint32_t i = 0; n < 2 && i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);

        n += fact->kind == AS_KIND_ANALYSIS && !(fact->flags & AS_FACT_GONE);
    }
    return n > 1;
}

/* What two sandboxes saw is two things, however alike. */
static uint32_t run_of(const as_facts *f, const struct table *t, uint32_t fact)
{
    return t->runs ? as_fact_run(f, fact) : AS_NO_FACT;
}

static size_t slot_of(const struct table *t, as_kind kind, as_str ident, uint32_t run)
{
    uint64_t key = (uint64_t)kind << 32 | ident;

    key = (key ^ (uint64_t)run << 17) * 0x9e3779b97f4a7c15u;
    return (size_t)(key >> 20) & t->mask;
}

/* Joins `i` with an earlier fact of its slot, or appends it there. */
static as_code place(as_facts *f, struct table *t, uint32_t i, as_str ident)
{
    const as_fact *fact = as_facts_get(f, i);
    uint32_t *link = &t->slots[slot_of(t, (as_kind)fact->kind, ident, run_of(f, t, i))];
    size_t tried = 0;

    for (; *link; link = &t->next[*link - 1]) {
        uint32_t other = *link - 1;
        const as_fact *o = as_facts_get(f, other);

        if (o->flags & AS_FACT_GONE)
            continue;
        if (tried++ >= CHAIN_MAX)
            return AS_OK;
        if (o->kind != fact->kind || run_of(f, t, other) != run_of(f, t, i) ||
            o->n_evidence >= AS_TOLD_MAX)
            continue;
        if (covers(f, o, fact) && same_actor(f, o, fact))
            return as_facts_join(f, other, i);
        if (covers(f, fact, o) && same_actor(f, fact, o)) {
            as_code rc = as_facts_join(f, i, other);

            if (rc)
                return rc;
        }
    }
    *link = i + 1;
    return AS_OK;
}

static as_code join_alike(as_facts *f)
{
    size_t n = as_facts_count(f);
    struct table t = {.runs = has_runs(f)};
    as_code rc = table_init(&t, n);

    /* Facts of a process first, so that the summary's go to them and not the reverse. */
    for (unsigned pass = 0; !rc && pass < 2; pass++) {
        for (uint32_t i = 0; !rc && i < n; i++) {
            const as_fact *fact = as_facts_get(f, i);
            as_value ident;

            if ((fact->flags & AS_FACT_GONE) || !is_joinable((as_kind)fact->kind) ||
                (actor(f, fact) == AS_NO_FACT) != (pass == 1) ||
                !as_fact_attr(f, fact, as_kind_get((as_kind)fact->kind)->ident, &ident))
                continue;
            rc = place(f, &t, i, ident.str);
        }
    }
    table_done(&t);
    return rc;
}

/* --- processes ------------------------------------------------------------------ */

static bool agrees(const as_facts *f, const as_fact *a, const as_fact *b, as_attr_name name,
                   bool nocase)
{
    as_value x, y;

    if (!as_fact_attr(f, a, name, &x) || !as_fact_attr(f, b, name, &y))
        return true;
    return nocase ? as_bytes_eq_nocase(x.text, y.text) : as_bytes_eq(x.text, y.text);
}

static as_bytes file_name(as_bytes path)
{
    size_t from = path.n;

    while (from > 0 && path.p[from - 1] != '\\' && path.p[from - 1] != '/')
        from--;
    return (as_bytes){path.p + from, path.n - from};
}

/* A program has one path for the file system and another for the loader: their ends agree. */
static bool same_program(const as_facts *f, const as_fact *a, const as_fact *b)
{
    as_bytes x = as_fact_text(f, a, AS_ATTR_PATH), y = as_fact_text(f, b, AS_ATTR_PATH);

    return !x.n || !y.n || as_bytes_eq_nocase(file_name(x), file_name(y));
}

/*
 * One process told twice: the same number, and nothing that tells them apart. A
 * number is used again after its process has ended, so start times must agree too, and
 * the tool's own number for the process where it has one.
 */
static bool same_process(const as_facts *f, const as_fact *a, const as_fact *b)
{
    as_value x, y;

    return as_fact_attr(f, a, AS_ATTR_PID, &x) && as_fact_attr(f, b, AS_ATTR_PID, &y) &&
           as_bytes_eq(x.text, y.text) && agrees(f, a, b, AS_ATTR_ID, false) &&
           agrees(f, a, b, AS_ATTR_PPID, false) && agrees(f, a, b, AS_ATTR_FIRST_SEEN, false) &&
           agrees(f, a, b, AS_ATTR_PROCID, false) && agrees(f, a, b, AS_ATTR_NAME, true) &&
           same_program(f, a, b);
}

/*
 * Which of the two stays: the one that knows who started it, else the smaller
 * value, which is the better evidence to read: a node of the process tree rather
 * than the object that holds fifty thousand calls.
 */
static bool better(const as_facts *f, uint32_t a, uint32_t b)
{
    bool tree_a = actor(f, as_facts_get(f, a)) != AS_NO_FACT;
    bool tree_b = actor(f, as_facts_get(f, b)) != AS_NO_FACT;
    const as_evidence *x = as_fact_evidence(f, as_facts_get(f, a));
    const as_evidence *y = as_fact_evidence(f, as_facts_get(f, b));

    return tree_a != tree_b ? tree_a : x->end - x->begin <= y->end - y->begin;
}

/* Joins process `i` with an earlier one of its number, or appends it there. */
static as_code place_process(as_facts *f, struct table *t, uint32_t i, as_str pid)
{
    uint32_t run = run_of(f, t, i), *link = &t->slots[slot_of(t, AS_KIND_PROCESS, pid, run)];
    size_t tried = 0;
    as_code rc;

    for (; *link; link = &t->next[*link - 1]) {
        uint32_t other = *link - 1;

        if (tried++ >= CHAIN_MAX)
            return AS_OK;
        if (run_of(f, t, other) != run || as_facts_get(f, other)->n_evidence >= AS_TOLD_MAX ||
            !same_process(f, as_facts_get(f, other), as_facts_get(f, i)))
            continue;
        if (better(f, other, i))
            return as_facts_join(f, other, i);
        rc = as_facts_join(f, i, other);
        t->next[i] = t->next[other];
        *link = i + 1;
        return rc;
    }
    *link = i + 1;
    return AS_OK;
}

static as_code join_processes(as_facts *f)
{
    size_t n = as_facts_count(f);
    struct table t = {.runs = has_runs(f)};
    as_code rc = table_init(&t, n);

    for (uint32_t i = 0; !rc && i < n; i++) {
        const as_fact *fact = as_facts_get(f, i);
        as_value pid;

        if (fact->kind == AS_KIND_PROCESS && !(fact->flags & AS_FACT_GONE) &&
            as_fact_attr(f, fact, AS_ATTR_PID, &pid))
            rc = place_process(f, &t, i, pid.str);
    }
    table_done(&t);
    return rc;
}

as_code as_join_facts(as_facts *f, as_err *err)
{
    as_code rc = join_processes(f);

    if (!rc)
        rc = join_alike(f);
    if (rc == AS_LIMIT)
        return as_fail(err, rc, AS_NO_OFFSET, "the report holds more facts than the memory limit");
    return rc ? as_fail_nomem(err, "joining the facts of a report") : AS_OK;
}

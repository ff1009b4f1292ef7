#include "formats/formats_priv.h"

#include "base/hash.h"

#include <string.h>
#include <sys/random.h>

#include "base/banned.h"

/*
 * Several tools looked at one sample. Their facts come together in one as_facts, and what
 * two of them both saw becomes one fact. Each tool had a run of its own: another machine,
 * other numbers of processes, another clock. So a process of one run is never one of
 * another, and a fact that names its process is the same only where the processes have one
 * name. Within one part nothing is joined: its reader did what can be done there.
 */

#define CHAIN_MAX 64 /* facts of one identity that are compared with another */

bool as_analysis_same_sample(const as_analysis *a, const as_analysis *b)
{
    static const as_attr_name hashes[] = {AS_ATTR_SHA256, AS_ATTR_SHA1, AS_ATTR_MD5};

    if (a->sample == AS_NO_FACT || b->sample == AS_NO_FACT)
        return false;
    for (size_t i = 0; i < AS_COUNT(hashes); i++) {
        as_bytes x = as_fact_text(a->facts, as_facts_get(a->facts, a->sample), hashes[i]);
        as_bytes y = as_fact_text(b->facts, as_facts_get(b->facts, b->sample), hashes[i]);

        if (x.n > 0 && y.n > 0)
            return as_bytes_eq_nocase(x, y);
    }
    return false;
}

size_t as_analysis_part(const as_analysis *a, uint64_t offset)
{
    size_t n = a->n_parts;

    while (n > 1 && a->parts[n - 1].base > offset)
        n--;
    return n > 0 ? n - 1 : 0;
}

/* --- all facts of all ---------------------------------------------------------------------- */

/* Parents first: a part may have a lower number than the fact that it belongs to. */
static as_code copy_fact(as_copier *c, const as_facts *from, uint32_t i, uint32_t *now)
{
    uint32_t chain[64], up;
    size_t n = 0;
    as_code rc = AS_OK;

    for (up = i; up != AS_NO_FACT && n < AS_COUNT(chain) && now[up] == AS_NO_FACT;
         up = as_fact_parent(from, as_facts_get(from, up)))
        chain[n++] = up;
    up = up != AS_NO_FACT ? now[up] : AS_NO_FACT;
    while (!rc && n-- > 0) {
        rc = as_copier_fact(c, chain[n], up, 0, &now[chain[n]]);
        up = now[chain[n]];
    }
    return rc;
}

static as_code copy_part(as_analysis *a, const as_part *part)
{
    const as_facts *from = part->analysis->facts;
    size_t n = as_facts_count(from);
    uint32_t *now = as_mem_get((n + 1) * sizeof(*now));
    as_copier *c = as_copier_new(a->facts, from, part->base);
    as_code rc =
        now && c ? as_facts_next_input(a->facts, part->base, as_facts_has_records(from)) : AS_NOMEM;

    if (!rc)
        memset(now, 0xff, (n + 1) * sizeof(*now));
    for (uint32_t i = 0; !rc && i < n; i++) {
        if (!(as_facts_get(from, i)->flags & AS_FACT_GONE) && now[i] == AS_NO_FACT)
            rc = copy_fact(c, from, i, now);
    }
    if (!rc) {
        uint32_t sample = now[part->analysis->sample];

        if (a->sample == AS_NO_FACT)
            a->sample = sample;
        else
            rc = as_facts_join_values(a->facts, a->sample, sample);
    }
    as_copier_free(c);
    as_mem_free(now);
    return rc;
}

/* --- what two of them saw ------------------------------------------------------------------ */

/* What belongs to one run, or is a tool's own word on itself. */
static bool is_of_run(as_kind kind)
{
    switch (kind) {
    case AS_KIND_SAMPLE:
    case AS_KIND_ANALYSIS:
    case AS_KIND_TASK:
    case AS_KIND_OPTION:
    case AS_KIND_SCORE:
    case AS_KIND_MARK:
    case AS_KIND_MARK_CALL:
    case AS_KIND_ANTIVIRUS_SUMMARY:
    case AS_KIND_PROCESS:
    case AS_KIND_PROCESS_ENDED:
    case AS_KIND_ENVIRONMENT:
    case AS_KIND_API_TRACE:
    case AS_KIND_API_USE:
    case AS_KIND_SYSCALL:
    case AS_KIND_SIGNAL:
    case AS_KIND_EVENT:
    case AS_KIND_ANOMALY:
    case AS_KIND_ENTRY_POINT:
    case AS_KIND_EMULATION_STOP:
    case AS_KIND_MEMORY_OPERATION:
    case AS_KIND_EXCEPTION:
    case AS_KIND_SYMBOL_ACCESS:
    case AS_KIND_PRIVILEGE:
    case AS_KIND_HANDLE:
    case AS_KIND_MEMORY_REGION:
    case AS_KIND_MEMORY_DUMP:
    case AS_KIND_MEMORY_FINDING:
    case AS_KIND_PLAINTEXT:
    case AS_KIND_CAPTURE:
    case AS_KIND_SCREENSHOT:
    case AS_KIND_SUMMARY_ITEM:
    case AS_KIND_TOOL_ERROR:
    case AS_KIND_TOOL_LOG:
    case AS_KIND_TOOL_MODULE:
    case AS_KIND_DETAIL:
        return true;
    default:
        return false;
    }
}

/* Each run has its own of these: two that differ are no contradiction. */
static bool differs_by_run(as_attr_name name)
{
    switch (name) {
    case AS_ATTR_TIME:
    case AS_ATTR_FIRST_SEEN:
    case AS_ATTR_LAST_SEEN:
    case AS_ATTR_STARTED:
    case AS_ATTR_ENDED:
    case AS_ATTR_DURATION:
    case AS_ATTR_RECORD:
    case AS_ATTR_PID:
    case AS_ATTR_PPID:
    case AS_ATTR_TID:
    case AS_ATTR_TARGET_PID:
    case AS_ATTR_CALL_ID:
    case AS_ATTR_SRC:
    case AS_ATTR_SPORT:
    case AS_ATTR_TTL:
    case AS_ATTR_HOST_PATH:
        return true;
    default:
        return false;
    }
}

struct table {
    const as_analysis *a;
    as_facts *facts;
    uint32_t *slots; /* 1 + fact; 0 is the end */
    uint32_t *next;
    size_t mask;
    uint64_t seed; /* a report must not choose what falls together */
};

static as_bytes text_of(const struct table *t, const as_attr *attr)
{
    return as_facts_text(t->facts, attr->str);
}

static bool same_text(const struct table *t, const as_attr *x, const as_attr *y)
{
    return x->str == y->str || as_bytes_eq_nocase(text_of(t, x), text_of(t, y));
}

/* A name that both have, without one value in common. */
static bool contradicts(const struct table *t, const as_fact *a, const as_fact *b)
{
    const as_attr *x = as_fact_attrs(t->facts, a), *y = as_fact_attrs(t->facts, b);

    for (size_t i = 0; i < a->n_attrs; i++) {
        bool both = false, same = false;

        if (differs_by_run((as_attr_name)x[i].name))
            continue;
        for (size_t k = 0; k < b->n_attrs && !same; k++) {
            both |= y[k].name == x[i].name;
            same = y[k].name == x[i].name && same_text(t, &x[i], &y[k]);
        }
        if (both && !same)
            return true;
    }
    return false;
}

static as_bytes name_of_process(const struct table *t, const as_fact *fact)
{
    static const as_attr_name names[] = {AS_ATTR_PROCESS_NAME, AS_ATTR_NAME};
    as_bytes name = {0};

    for (size_t i = 0; i < AS_COUNT(names) && !name.n; i++)
        name = as_fact_text(t->facts, fact, names[i]);
    return name;
}

/* Both belong to nothing, to the same, or to processes of one name. */
static bool same_owner(const struct table *t, const as_fact *a, const as_fact *b)
{
    uint32_t x = as_fact_parent(t->facts, a), y = as_fact_parent(t->facts, b);
    const as_fact *p, *q;
    as_bytes name;

    if (x == y)
        return true;
    p = x != AS_NO_FACT ? as_facts_get(t->facts, x) : NULL;
    q = y != AS_NO_FACT ? as_facts_get(t->facts, y) : NULL;
    if (!p || !q) /* one tool says whose it was, the other does not say */
        return (!p || p->kind == AS_KIND_PROCESS) && (!q || q->kind == AS_KIND_PROCESS);
    if (p->kind != AS_KIND_PROCESS || q->kind != AS_KIND_PROCESS)
        return false;
    name = name_of_process(t, p);
    return name.n > 0 && as_bytes_eq_nocase(name, name_of_process(t, q));
}

static uint32_t first_part(const struct table *t, const as_fact *fact)
{
    return (uint32_t)as_analysis_part(t->a, as_fact_evidence(t->facts, fact)->begin);
}

/* Whether a fact rests on `part` already. */
static bool is_of_part(const struct table *t, const as_fact *fact, uint32_t part)
{
    const as_evidence *e = as_fact_evidence(t->facts, fact);

    for (size_t i = 0; i < fact->n_evidence; i++) {
        if (as_analysis_part(t->a, e[i].begin) == part)
            return true;
    }
    return false;
}

/* Whether it is known, or can be looked up in its own run, which process did it. */
static bool says_who(const struct table *t, const as_fact *fact)
{
    uint32_t up = as_fact_parent(t->facts, fact);
    as_value pid;

    return (up != AS_NO_FACT && as_facts_get(t->facts, up)->kind == AS_KIND_PROCESS) ||
           as_fact_attr(t->facts, fact, AS_ATTR_PID, &pid);
}

/* Letters of one case, so that one identity has one slot however a tool spells it. */
static size_t slot_of(const struct table *t, const as_fact *fact, as_bytes ident)
{
    uint64_t key = t->seed ^ fact->kind;
    uint8_t part[64];

    for (size_t i = 0, n; i < ident.n; i += n) {
        n = ident.n - i < sizeof(part) ? ident.n - i : sizeof(part);
        for (size_t k = 0; k < n; k++) {
            uint8_t c = ident.p[i + k];

            part[k] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
        }
        key = as_hash64((as_bytes){part, n}, key);
    }
    return (size_t)key & t->mask;
}

static bool same_identity(const struct table *t, const as_fact *a, as_bytes ident)
{
    as_value v;

    return as_fact_attr(t->facts, a, as_kind_get((as_kind)a->kind)->ident, &v) &&
           as_bytes_eq_nocase(v.text, ident);
}

/*
 * The fact at `link` and fact `i` are one. The earlier stays, unless the other alone says
 * which process it was: that goes with the fact itself, and a pid means a process of the run
 * that the fact's first evidence is of.
 */
static as_code merge(struct table *t, uint32_t *link, uint32_t i)
{
    uint32_t other = *link - 1;

    if (says_who(t, as_facts_get(t->facts, other)) || !says_who(t, as_facts_get(t->facts, i)))
        return as_facts_join(t->facts, other, i);
    t->next[i] = t->next[other];
    *link = i + 1;
    return as_facts_join(t->facts, i, other);
}

/* Joins fact `i` with one of another part that saw the same, or gives it a place of its own. */
static as_code place(struct table *t, uint32_t i)
{
    const as_fact *fact = as_facts_get(t->facts, i);
    uint32_t part = first_part(t, fact), *link;
    size_t tried = 0;
    as_value ident;

    if ((fact->flags & AS_FACT_GONE) || is_of_run((as_kind)fact->kind) ||
        !as_fact_attr(t->facts, fact, as_kind_get((as_kind)fact->kind)->ident, &ident) ||
        !ident.text.n)
        return AS_OK;
    link = &t->slots[slot_of(t, fact, ident.text)];
    for (; *link && tried < CHAIN_MAX; link = &t->next[*link - 1]) {
        const as_fact *other = as_facts_get(t->facts, *link - 1);

        if (other->kind != fact->kind || !same_identity(t, other, ident.text))
            continue;
        tried++;
        if (!is_of_part(t, other, part) && same_owner(t, other, fact) &&
            !contradicts(t, other, fact))
            return merge(t, link, i);
    }
    t->next[i] = *link;
    *link = i + 1;
    return AS_OK;
}

/* A part of a fact is looked at after the fact: what belonged to two may belong to one by then. */
static as_code join_alike(as_analysis *a)
{
    size_t n = as_facts_count(a->facts), size = 16;
    struct table t = {.a = a, .facts = a->facts};
    as_code rc = AS_OK;

    while (size < n)
        size *= 2;
    t.slots = as_mem_zero(size, sizeof(*t.slots));
    t.next = as_mem_zero(n + 1, sizeof(*t.next));
    t.mask = size - 1;
    if (!t.slots || !t.next)
        rc = AS_NOMEM;
    if (getrandom(&t.seed, sizeof(t.seed), GRND_NONBLOCK) != sizeof(t.seed))
        t.seed = (uint64_t)(uintptr_t)t.slots;
    for (uint32_t i = 0; !rc && i < n; i++)
        rc = place(&t, i);
    as_mem_free(t.slots);
    as_mem_free(t.next);
    return rc;
}

/* --- the whole ------------------------------------------------------------------------------ */

static as_code begin(const as_analysis *const *all, size_t n, as_analysis *a)
{
    uint64_t base = 0;

    a->facts = as_facts_new(0);
    a->parts = as_mem_zero(n, sizeof(*a->parts));
    a->source = as_mem_zero(1, 1);
    a->sample = AS_NO_FACT;
    a->tool = all[0]->tool;
    if (!a->facts || !a->parts || !a->source)
        return AS_NOMEM;
    for (size_t i = 0; i < n; i++) {
        a->parts[a->n_parts++] = (as_part){all[i], base};
        if (__builtin_add_overflow(base, all[i]->size + 1, &base))
            return AS_LIMIT;
        a->gaps |= all[i]->gaps;
        a->calls += all[i]->calls;
    }
    return AS_OK;
}

as_code as_analyses_join(const as_analysis *const *all, size_t n, as_analysis **ret, as_err *err)
{
    as_analysis *a = as_mem_zero(1, sizeof(*a));
    as_code rc;

    if (n > AS_PARTS_MAX) {
        as_mem_free(a);
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET,
                       "%zu reports of one sample; at most %u are joined", n, AS_PARTS_MAX);
    }
    rc = a ? begin(all, n, a) : AS_NOMEM;
    for (size_t i = 0; !rc && i < n; i++)
        rc = copy_part(a, &a->parts[i]);
    if (!rc)
        rc = join_alike(a);
    if (rc) {
        as_analysis_free(a);
        return as_walk_facts_failed(NULL, rc, err);
    }
    *ret = a;
    return AS_OK;
}

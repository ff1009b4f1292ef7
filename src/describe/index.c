#include "describe/describe_priv.h"

#include <string.h>

#include "base/banned.h"

/* A chain of parents longer than this is a loop or nonsense. */
#define PARENTS_MAX 16

as_code as_map_init(as_map *m, size_t n, as_map_eq *eq, const void *ctx)
{
    size_t cap = 16;

    while (cap < n * 2)
        cap *= 2;
    m->slots = as_mem_get(cap * sizeof(*m->slots));
    if (!m->slots)
        return AS_NOMEM;
    memset(m->slots, 0xff, cap * sizeof(*m->slots));
    m->mask = cap - 1;
    m->eq = eq;
    m->ctx = ctx;
    return AS_OK;
}

void as_map_done(as_map *m)
{
    as_mem_free(m->slots);
    m->slots = NULL;
}

uint32_t *as_map_slot(as_map *m, uint64_t hash, const void *key)
{
    size_t at = (size_t)hash & m->mask;

    while (m->slots[at] != AS_NO_FACT && !m->eq(m->ctx, m->slots[at], key))
        at = (at + 1) & m->mask;
    return &m->slots[at];
}

static const as_fact *fact_at(const as_teller *t, uint32_t i)
{
    return as_facts_get(t->facts, i);
}

bool as_teller_is(const as_teller *t, uint32_t fact, as_kind kind)
{
    return fact < t->n && fact_at(t, fact)->kind == (uint16_t)kind &&
           !(fact_at(t, fact)->flags & AS_FACT_GONE);
}

/* Who can do things: a process, or the entry point of an emulation. */
bool as_teller_acts(const as_teller *t, uint32_t fact)
{
    return as_teller_is(t, fact, AS_KIND_PROCESS) || as_teller_is(t, fact, AS_KIND_ENTRY_POINT);
}

as_bytes as_teller_text(const as_teller *t, uint32_t fact, as_attr_name attr)
{
    return as_fact_text(t->facts, fact_at(t, fact), attr);
}

uint64_t as_teller_u64(const as_teller *t, uint32_t fact, as_attr_name attr)
{
    uint64_t n = 0;

    return as_bytes_u64(as_teller_text(t, fact, attr), &n) ? n : 0;
}

uint32_t as_teller_parent(const as_teller *t, uint32_t fact)
{
    uint32_t parent = as_fact_parent(t->facts, fact_at(t, fact));

    if (parent >= t->n || parent == fact || (fact_at(t, parent)->flags & AS_FACT_GONE))
        return AS_NO_FACT;
    return parent;
}

size_t as_teller_part(const as_teller *t, uint32_t fact)
{
    const as_evidence *e = as_fact_evidence(t->facts, fact_at(t, fact));

    return e && t->analysis->n_parts > 1 ? as_analysis_part(t->analysis, e->begin) : 0;
}

static bool is_gone(const as_teller *t, size_t i)
{
    const as_fact *f = as_facts_get(t->facts, i);

    return (f->flags & AS_FACT_GONE) || f->kind >= AS_KIND_COUNT;
}

static void sort_by_kind(as_teller *t)
{
    size_t next[AS_KIND_COUNT];

    for (size_t i = 0; i < t->n; i++) {
        if (!is_gone(t, i))
            t->list_at[as_facts_get(t->facts, i)->kind + 1]++;
    }
    for (size_t k = 0; k < AS_KIND_COUNT; k++) {
        t->list_at[k + 1] += t->list_at[k];
        next[k] = t->list_at[k];
    }
    for (size_t i = 0; i < t->n; i++) {
        if (!is_gone(t, i))
            t->list[next[as_facts_get(t->facts, i)->kind]++] = (uint32_t)i;
    }
}

/* Backwards, so that each chain of children comes out in the order of the report. */
static void link_children(as_teller *t)
{
    for (size_t i = t->n; i-- > 0;) {
        uint32_t parent = as_teller_parent(t, (uint32_t)i);

        if (is_gone(t, i) || parent == AS_NO_FACT)
            continue;
        t->sibling[i] = t->child[parent];
        t->child[parent] = (uint32_t)i;
    }
}

/* True for kinds that parts name as their file. */
static bool is_file(as_kind kind)
{
    return as_kind_get(kind)->under == AS_ATTR_FILE;
}

static void find_owners(as_teller *t, uint32_t i)
{
    uint32_t at = as_teller_parent(t, i);

    for (unsigned step = 0; step < PARENTS_MAX && at != AS_NO_FACT; step++) {
        const as_fact *f = fact_at(t, at);

        if (as_teller_acts(t, at) && t->actor[i] == AS_NO_FACT)
            t->actor[i] = at;
        if (is_file((as_kind)f->kind) && t->owner[i] == AS_NO_FACT)
            t->owner[i] = at;
        at = as_teller_parent(t, at);
    }
}

/*
 * A process number means a process of one run, and each part of a joined analysis is at
 * least one.
 */
typedef struct pid_key {
    as_str pid;
    uint32_t run;
} pid_key;

/* Facts have at most AS_FACTS_MAX numbers; parts count down from above them. */
static uint32_t run_key(const as_teller *t, uint32_t fact)
{
    return t->run[fact] != AS_NO_FACT ? t->run[fact]
                                      : AS_NO_FACT - 1 - (uint32_t)as_teller_part(t, fact);
}

/* Texts are stored once: two facts name the same process if their `pid` is one as_str. */
static bool same_pid(const void *ctx, uint32_t value, const void *key)
{
    const as_teller *t = ctx;
    const pid_key *want = key;
    as_value v;

    return as_fact_attr(t->facts, fact_at(t, value), AS_ATTR_PID, &v) && v.str == want->pid &&
           run_key(t, value) == want->run;
}

static uint32_t *pid_slot(const as_teller *t, as_map *map, uint32_t fact, as_attr_name attr)
{
    pid_key key = {.run = run_key(t, fact)};
    as_value v;

    if (!as_fact_attr(t->facts, fact_at(t, fact), attr, &v))
        return NULL;
    key.pid = v.str;
    return as_map_slot(map, as_hash64((as_bytes){(const uint8_t *)&key, sizeof(key)}, 0), &key);
}

/* The number of a process that ended may be another's by then: who came later started nobody. */
static bool born_later(const as_teller *t, uint32_t starter, uint32_t fact)
{
    as_bytes a = as_teller_text(t, starter, AS_ATTR_FIRST_SEEN);
    as_bytes b = as_teller_text(t, fact, AS_ATTR_FIRST_SEEN);

    return a.n > 0 && a.n == b.n && memcmp(a.p, b.p, a.n) > 0;
}

/*
 * The report lists processes as they came: of two with the number that a process
 * gives as its parent's, the last one before it is meant. `twice` marks numbers
 * that two processes had.
 */
static void find_starters(as_teller *t, as_map *map, uint8_t *twice)
{
    size_t from = t->list_at[AS_KIND_PROCESS], to = t->list_at[AS_KIND_PROCESS + 1];
    uint32_t *slot;

    for (size_t i = from; i < to; i++) {
        uint32_t at = t->list[i], parent = as_teller_parent(t, at);

        slot = pid_slot(t, map, at, AS_ATTR_PPID);
        if (parent != AS_NO_FACT && as_teller_acts(t, parent))
            t->starter[at] = parent;
        else if (slot && *slot != AS_NO_FACT && !born_later(t, *slot, at))
            t->starter[at] = *slot;
        slot = pid_slot(t, map, at, AS_ATTR_PID);
        if (!slot)
            continue;
        twice[at] = *slot != AS_NO_FACT;
        *slot = at;
    }
    for (size_t i = from; i < to; i++) {
        uint32_t at = t->list[i];

        slot = t->starter[at] == AS_NO_FACT ? pid_slot(t, map, at, AS_ATTR_PPID) : NULL;
        if (slot && *slot != AS_NO_FACT && *slot != at && !born_later(t, *slot, at))
            t->starter[at] = *slot;
    }
}

/*
 * The process of a fact that names one by its number alone. A number that two
 * processes had at different times names neither of them.
 */
static as_code find_by_pid(as_teller *t)
{
    as_map map;
    uint8_t *twice;
    as_code rc = as_map_init(&map, t->list_at[AS_KIND_PROCESS + 1] - t->list_at[AS_KIND_PROCESS],
                             same_pid, t);

    if (rc)
        return rc;
    twice = as_arena_take(t->arena, t->n, 1);
    if (!twice) {
        as_map_done(&map);
        return AS_NOMEM;
    }
    find_starters(t, &map, twice);
    for (uint32_t i = 0; i < t->n; i++) {
        uint32_t *slot;

        if (is_gone(t, i) || t->actor[i] != AS_NO_FACT || as_teller_acts(t, i))
            continue;
        slot = pid_slot(t, &map, i, AS_ATTR_PID);
        if (slot && *slot != AS_NO_FACT && !twice[*slot])
            t->actor[i] = *slot;
    }
    as_map_done(&map);
    return AS_OK;
}

#define RUNS_COMPARED 100 /* of more, some are taken to have one name */

static bool has_like_runs(const as_teller *t)
{
    size_t from = t->list_at[AS_KIND_ANALYSIS], to = t->list_at[AS_KIND_ANALYSIS + 1];

    if (to - from > RUNS_COMPARED)
        return true;
    for (size_t i = from; i < to; i++) {
        for (size_t k = from; k < i; k++) {
            if (as_bytes_eq(as_run_name(t, t->list[i]), as_run_name(t, t->list[k])))
                return true;
        }
    }
    return false;
}

/*
 * A report of one run says so once. Where it holds several, each with a name, every fact
 * of one is told as of that one.
 */
static void find_runs(as_teller *t)
{
    size_t n[AS_PARTS_MAX] = {0}; /* runs of each part */

    for (size_t i = t->list_at[AS_KIND_ANALYSIS]; i < t->list_at[AS_KIND_ANALYSIS + 1]; i++) {
        if (t->child[t->list[i]] != AS_NO_FACT && as_run_name(t, t->list[i]).n > 0)
            t->many_runs |= ++n[as_teller_part(t, t->list[i])] > 1;
    }
    t->like_runs = t->many_runs && has_like_runs(t);
    for (uint32_t i = 0; t->many_runs && i < t->n; i++) {
        if (!is_gone(t, i) && n[as_teller_part(t, i)] > 1)
            t->run[i] = as_fact_run(t->facts, i);
    }
}

as_bytes as_run_name(const as_teller *t, uint32_t run)
{
    as_bytes name = as_teller_text(t, run, AS_ATTR_ENVIRONMENT);

    return name.n > 0 ? name : as_teller_text(t, run, AS_ATTR_ID);
}

static uint32_t *take_links(as_teller *t)
{
    uint32_t *p = as_arena_take(t->arena, t->n, sizeof(*p));

    if (p)
        memset(p, 0xff, t->n * sizeof(*p));
    return p;
}

as_code as_teller_index(as_teller *t)
{
    t->list = take_links(t);
    t->child = take_links(t);
    t->sibling = take_links(t);
    t->actor = take_links(t);
    t->owner = take_links(t);
    t->starter = take_links(t);
    t->run = take_links(t);
    t->covered = as_arena_take(t->arena, t->n, 1);
    if (!t->list || !t->child || !t->sibling || !t->actor || !t->owner || !t->starter || !t->run ||
        !t->covered)
        return AS_NOMEM;
    sort_by_kind(t);
    link_children(t);
    find_runs(t);
    for (size_t i = 0; i < t->n; i++) {
        if (!is_gone(t, i))
            find_owners(t, (uint32_t)i);
    }
    return find_by_pid(t);
}

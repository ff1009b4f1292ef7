#include "describe/describe_priv.h"

#include <string.h>

#include "base/banned.h"

/* What a process did that is told right behind it; the rest has a section of its own. */
static const as_kind deeds[] = {
    AS_KIND_EMULATION_STOP,   AS_KIND_COMMAND,   AS_KIND_SCRIPT,       AS_KIND_SCRIPT_BEHAVIOUR,
    AS_KIND_API_TRACE,        AS_KIND_API_USE,   AS_KIND_API_RESOLVED, AS_KIND_MODULE,
    AS_KIND_MEMORY_OPERATION, AS_KIND_EXCEPTION, AS_KIND_EVENT,        AS_KIND_INJECTION,
    AS_KIND_ANOMALY,          AS_KIND_MARK,      AS_KIND_SYSCALL,      AS_KIND_SIGNAL,
};

/* Facts of the kinds above by process: a chain for each process and kind. */
typedef struct ledger {
    uint32_t *first; /* by process, then by deed */
    uint32_t *last;
    uint32_t *next;  /* by fact */
    uint32_t *place; /* by fact: which process of the list it is */
    size_t n;        /* processes */
} ledger;

/* Kinds that act; see as_teller_acts(). */
static const as_kind actors[] = {AS_KIND_PROCESS, AS_KIND_ENTRY_POINT};

static size_t count_actors(const as_teller *t)
{
    size_t n = 0;

    for (size_t k = 0; k < AS_COUNT(actors); k++)
        n += t->list_at[actors[k] + 1] - t->list_at[actors[k]];
    return n;
}

static bool ledger_init(as_teller *t, ledger *l)
{
    size_t n = count_actors(t), at = 0;
    size_t cells = n * AS_COUNT(deeds);

    l->n = n;
    l->first = as_arena_take(t->arena, cells, sizeof(*l->first));
    l->last = as_arena_take(t->arena, cells, sizeof(*l->last));
    l->next = as_arena_take(t->arena, t->n, sizeof(*l->next));
    l->place = as_arena_take(t->arena, t->n, sizeof(*l->place));
    if (!l->first || !l->last || !l->next || !l->place)
        return false;
    memset(l->first, 0xff, cells * sizeof(*l->first));
    memset(l->next, 0xff, t->n * sizeof(*l->next));
    for (size_t k = 0; k < AS_COUNT(actors); k++) {
        for (size_t i = t->list_at[actors[k]]; i < t->list_at[actors[k] + 1]; i++)
            l->place[t->list[i]] = (uint32_t)at++;
    }
    return true;
}

static void ledger_add(const as_teller *t, ledger *l, uint32_t fact, size_t deed)
{
    size_t cell = l->place[t->actor[fact]] * AS_COUNT(deeds) + deed;

    if (l->first[cell] == AS_NO_FACT)
        l->first[cell] = fact;
    else
        l->next[l->last[cell]] = fact;
    l->last[cell] = fact;
}

static bool ledger_fill(as_teller *t, ledger *l)
{
    if (!ledger_init(t, l))
        return false;
    for (size_t d = 0; d < AS_COUNT(deeds); d++) {
        for (size_t i = t->list_at[deeds[d]]; i < t->list_at[deeds[d] + 1]; i++) {
            uint32_t fact = t->list[i];

            if (!t->covered[fact] && t->actor[fact] != AS_NO_FACT)
                ledger_add(t, l, fact, d);
        }
    }
    return true;
}

static void say_deeds(as_teller *t, const ledger *l, uint32_t process)
{
    as_buf facts = {0};

    for (size_t d = 0; d < AS_COUNT(deeds) && !t->rc; d++) {
        as_buf_reset(&facts);
        for (uint32_t i = l->first[l->place[process] * AS_COUNT(deeds) + d]; i != AS_NO_FACT;
             i = l->next[i])
            as_buf_add(&facts, (as_bytes){(const uint8_t *)&i, sizeof(i)});
        if (facts.failed)
            as_say_fail(t, AS_NOMEM);
        else
            as_say_list(t, deeds[d], (const uint32_t *)(const void *)facts.p,
                        facts.n / sizeof(uint32_t));
    }
    as_buf_done(&facts);
}

static void say_process(as_teller *t, const ledger *l, uint32_t process)
{
    as_say_one(t, process);
    t->topic = process;
    say_deeds(t, l, process);
    t->topic = AS_NO_FACT;
}

/* The tree as chains of children, filled backwards so that they keep their order. */
typedef struct tree {
    uint32_t *child, *sibling; /* by fact */
    uint32_t root;
} tree;

static bool tree_fill(as_teller *t, tree *tr)
{
    size_t bytes = t->n * sizeof(*tr->child);

    tr->root = AS_NO_FACT;
    tr->child = as_arena_take(t->arena, t->n, sizeof(*tr->child));
    tr->sibling = as_arena_take(t->arena, t->n, sizeof(*tr->sibling));
    if (!tr->child || !tr->sibling)
        return false;
    memset(tr->child, 0xff, bytes);
    memset(tr->sibling, 0xff, bytes);
    for (size_t i = t->list_at[AS_KIND_PROCESS + 1]; i-- > t->list_at[AS_KIND_PROCESS];) {
        uint32_t at = t->list[i], up = t->starter[at];
        bool root = up == AS_NO_FACT || !as_teller_is(t, up, AS_KIND_PROCESS);
        uint32_t *head = root ? &tr->root : &tr->child[up];

        tr->sibling[at] = *head;
        *head = at;
    }
    return true;
}

/* Parents before children. A process told already (a loop of parents) is passed over. */
static void say_tree(as_teller *t, const ledger *l, const tree *tr, uint32_t from)
{
    uint32_t at = from;

    while (at != AS_NO_FACT && !t->rc) {
        bool is_new = !t->covered[at];

        if (is_new)
            say_process(t, l, at);
        if (is_new && tr->child[at] != AS_NO_FACT) {
            at = tr->child[at];
            continue;
        }
        while (at != from && tr->sibling[at] == AS_NO_FACT && t->starter[at] != AS_NO_FACT)
            at = t->starter[at];
        if (at == from)
            return;
        at = tr->sibling[at];
    }
}

void as_say_processes(as_teller *t)
{
    ledger l;
    tree tr;

    if (!ledger_fill(t, &l) || !tree_fill(t, &tr)) {
        as_say_fail(t, AS_NOMEM);
        return;
    }
    for (size_t i = t->list_at[AS_KIND_ENTRY_POINT]; i < t->list_at[AS_KIND_ENTRY_POINT + 1]; i++)
        say_process(t, &l, t->list[i]);
    for (uint32_t root = tr.root; root != AS_NO_FACT; root = tr.sibling[root])
        say_tree(t, &l, &tr, root);
    /* Processes that are each other's parents hang from no root. */
    for (size_t i = t->list_at[AS_KIND_PROCESS]; i < t->list_at[AS_KIND_PROCESS + 1]; i++) {
        if (!t->covered[t->list[i]])
            say_process(t, &l, t->list[i]);
    }
    t->processes_told = true;
    as_say_kind(t, AS_KIND_MARK);
}

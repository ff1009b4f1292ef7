#include "report/report_priv.h"

#include <stdlib.h>

#include "base/banned.h"

/*
 * A process while its place is looked for; links are indexes of the list, which is in
 * order of the first time that a process was seen, and of fact where no time is known.
 */
struct item {
    int64_t ms;
    uint64_t pid;
    uint32_t run;
    uint32_t fact;
    uint32_t parent, child, sibling; /* first child; next sibling */
    uint32_t node;
    bool has_pid;
    uint8_t seen; /* 1: on the way up, 2: done */
};

/* An item by a number of its own: its process id in its run, or its fact. */
struct key {
    uint64_t number;
    uint32_t run, item;
};

/* The run that a process is of; where the report names none, the part of a joined analysis. */
static uint32_t run_of(const as_analysis *a, uint32_t fact)
{
    uint32_t run = as_fact_run(a->facts, fact);
    const as_evidence *e = as_fact_evidence(a->facts, as_facts_get(a->facts, fact));

    return run != AS_NO_FACT ? run : AS_NO_FACT - 1 - (uint32_t)as_analysis_part(a, e->begin);
}

static bool number_of(const as_facts *f, const as_fact *fact, as_attr_name name, uint64_t *ret)
{
    return as_bytes_u64(as_fact_text(f, fact, name), ret);
}

static bool is_process(const as_facts *f, uint32_t fact)
{
    const as_fact *p;

    if (fact >= as_facts_count(f))
        return false;
    p = as_facts_get(f, fact);
    return p->kind == AS_KIND_PROCESS && !(p->flags & AS_FACT_GONE);
}

static int cmp_key(const void *left, const void *right)
{
    const struct key *a = left, *b = right;

    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    if (a->run != b->run)
        return a->run < b->run ? -1 : 1;
    return a->item < b->item ? -1 : a->item > b->item;
}

/* Index of the first entry that is not below {number, run, item}. */
static size_t lower_bound(const struct key *index, size_t n, uint64_t number, uint32_t run,
                          uint32_t item)
{
    const struct key key = {number, run, item};
    size_t low = 0;

    while (n > 0) {
        size_t half = n / 2;

        if (cmp_key(&index[low + half], &key) < 0) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

/*
 * The parent of item `i` by process id. Ids are used again, so the latest process
 * before it is meant; a later one only where a report lists children first.
 */
static uint32_t parent_of(const struct key *index, size_t n, uint64_t ppid, uint32_t run,
                          uint32_t i)
{
    size_t at = lower_bound(index, n, ppid, run, i);

    if (at > 0 && index[at - 1].number == ppid && index[at - 1].run == run)
        return index[at - 1].item;
    if (at < n && index[at].item == i)
        at++;
    return at < n && index[at].number == ppid && index[at].run == run ? index[at].item
                                                                      : AS_TREE_NONE;
}

static uint32_t item_of(const struct key *by_fact, size_t n, uint32_t fact)
{
    size_t at = lower_bound(by_fact, n, fact, 0, 0);

    return at < n && by_fact[at].number == fact ? by_fact[at].item : AS_TREE_NONE;
}

static void find_parents(const as_analysis *a, struct item *items, size_t n,
                         const struct key *by_pid, size_t n_pids, const struct key *by_fact)
{
    const as_facts *f = a->facts;

    for (uint32_t i = 0; i < n; i++) {
        const as_fact *fact = as_facts_get(f, items[i].fact);
        uint64_t ppid;

        if (number_of(f, fact, AS_ATTR_PPID, &ppid))
            items[i].parent = parent_of(by_pid, n_pids, ppid, items[i].run, i);
        else
            items[i].parent = item_of(by_fact, n, as_fact_parent(f, fact));
        if (items[i].parent == i)
            items[i].parent = AS_TREE_NONE;
    }
}

/* A report can name A as the parent of B and B as that of A: the last link is cut. */
static void cut_cycles(struct item *items, size_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = i;

        while (at != AS_TREE_NONE && items[at].seen == 0) {
            uint32_t up = items[at].parent;

            items[at].seen = 1;
            if (up != AS_TREE_NONE && items[up].seen == 1)
                items[at].parent = AS_TREE_NONE;
            at = items[at].parent;
        }
        for (at = i; at != AS_TREE_NONE && items[at].seen == 1; at = items[at].parent)
            items[at].seen = 2;
    }
}

/* Returns the first root. From the back, so that siblings stay in order. */
static uint32_t link_children(struct item *items, size_t n)
{
    uint32_t root = AS_TREE_NONE;

    for (size_t i = 0; i < n; i++)
        items[i].child = AS_TREE_NONE;
    for (uint32_t i = (uint32_t)n; i-- > 0;) {
        uint32_t *head = items[i].parent == AS_TREE_NONE ? &root : &items[items[i].parent].child;

        items[i].sibling = *head;
        *head = i;
    }
    return root;
}

/* Depth first, without recursion: how deep a tree grows is the report's choice. */
static void lay_out(as_tree *t, struct item *items, uint32_t root)
{
    uint32_t at = root, depth = 0, n = 0;

    while (at != AS_TREE_NONE) {
        struct item *item = &items[at];

        item->node = n;
        t->nodes[n++] = (as_tree_node){
            .fact = item->fact,
            .parent = item->parent == AS_TREE_NONE ? AS_TREE_NONE : items[item->parent].node,
            .depth = depth,
            .last = item->sibling == AS_TREE_NONE,
        };
        if (item->child != AS_TREE_NONE) {
            at = item->child;
            depth++;
            continue;
        }
        while (at != AS_TREE_NONE && items[at].sibling == AS_TREE_NONE) {
            at = items[at].parent;
            depth -= at != AS_TREE_NONE;
        }
        if (at != AS_TREE_NONE)
            at = items[at].sibling;
    }
}

uint32_t as_tree_find(const as_tree *t, uint32_t fact)
{
    size_t low = 0, high = t->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (t->nodes[t->by_fact[middle]].fact < fact)
            low = middle + 1;
        else
            high = middle;
    }
    return low < t->n && t->nodes[t->by_fact[low]].fact == fact ? t->by_fact[low] : AS_TREE_NONE;
}

static void weigh(as_tree *t, const as_doc *doc)
{
    for (size_t i = 0; i < doc->n; i++) {
        for (size_t k = 0; k < doc->sections[i].n; k++) {
            const as_sentence *s = &doc->sections[i].sentences[k];
            uint32_t node;

            if (s->process == AS_NO_FACT || s->weight == AS_EMPHASIS_PLAIN)
                continue;
            node = as_tree_find(t, s->process);
            if (node != AS_TREE_NONE && t->nodes[node].weight < s->weight)
                t->nodes[node].weight = s->weight;
        }
    }
}

static size_t count_processes(const as_facts *f)
{
    size_t n = 0;

    for (size_t i = 0; i < as_facts_count(f); i++)
        n += is_process(f, (uint32_t)i);
    return n;
}

static bool has_many_runs(const as_facts *f)
{
    size_t n = 0;

    for (size_t i = 0; i < as_facts_count(f) && n < 2; i++) {
        const as_fact *fact = as_facts_get(f, i);

        n += fact->kind == AS_KIND_ANALYSIS && !(fact->flags & AS_FACT_GONE);
    }
    return n > 1;
}

static int cmp_item(const void *left, const void *right)
{
    const struct item *a = left, *b = right;

    if (a->ms != b->ms)
        return a->ms < b->ms ? -1 : 1;
    return a->fact < b->fact ? -1 : a->fact > b->fact;
}

static void collect(const as_analysis *a, struct item *items)
{
    const as_facts *f = a->facts;
    size_t n = 0;

    for (uint32_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);
        struct item *item = &items[n];

        if (!is_process(f, i))
            continue;
        item->fact = i;
        item->run = run_of(a, i);
        item->has_pid = number_of(f, fact, AS_ATTR_PID, &item->pid);
        if (!as_when(as_fact_text(f, fact, AS_ATTR_FIRST_SEEN), &item->ms))
            item->ms = INT64_MAX;
        n++;
    }
    if (n > 1)
        qsort(items, n, sizeof(*items), cmp_item);
}

/* Fills and sorts both; returns the length of `by_pid`. */
static size_t make_keys(const struct item *items, size_t n, struct key *by_pid, struct key *by_fact)
{
    size_t n_pids = 0;

    for (uint32_t i = 0; i < n; i++) {
        by_fact[i] = (struct key){items[i].fact, 0, i};
        if (items[i].has_pid)
            by_pid[n_pids++] = (struct key){items[i].pid, items[i].run, i};
    }
    if (n > 1)
        qsort(by_fact, n, sizeof(*by_fact), cmp_key);
    if (n_pids > 1)
        qsort(by_pid, n_pids, sizeof(*by_pid), cmp_key);
    return n_pids;
}

as_code as_tree_build(const as_doc *doc, as_tree *ret, as_err *err)
{
    const as_facts *f = doc->analysis->facts;
    size_t n = count_processes(f);
    as_tree t = {.n = n, .many_runs = has_many_runs(f)};
    struct item *items = as_mem_zero(n + 1, sizeof(*items));
    struct key *by_pid = as_mem_zero(n + 1, sizeof(*by_pid));
    struct key *by_fact = as_mem_zero(n + 1, sizeof(*by_fact));
    as_code rc = AS_OK;

    t.nodes = as_mem_zero(n + 1, sizeof(*t.nodes));
    t.by_fact = as_mem_zero(n + 1, sizeof(*t.by_fact));
    if (!items || !by_pid || !by_fact || !t.nodes || !t.by_fact) {
        as_tree_done(&t);
        rc = as_fail_nomem(err, "the process tree");
        goto out;
    }
    collect(doc->analysis, items);
    find_parents(doc->analysis, items, n, by_pid, make_keys(items, n, by_pid, by_fact), by_fact);
    cut_cycles(items, n);
    lay_out(&t, items, link_children(items, n));
    for (size_t i = 0; i < n; i++)
        t.by_fact[i] = items[by_fact[i].item].node;
    weigh(&t, doc);
    *ret = t;
out:
    as_mem_free(items);
    as_mem_free(by_pid);
    as_mem_free(by_fact);
    return rc;
}

void as_tree_done(as_tree *t)
{
    as_mem_free(t->nodes);
    as_mem_free(t->by_fact);
    *t = (as_tree){0};
}

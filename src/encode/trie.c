#include "encode/tokens_priv.h"

#include <string.h>

#include "base/banned.h"

static void put_edge(as_trie *t, uint64_t edge, uint32_t to)
{
    size_t at = (size_t)(edge * 0x9e3779b97f4a7c15u >> 20) & (t->slots - 1);

    while (t->edges[at])
        at = (at + 1) & (t->slots - 1);
    t->edges[at] = edge;
    t->to[at] = to;
}

/* At most half full. */
static bool room_for_edge(as_trie *t)
{
    as_trie old = *t;

    if (t->slots > 0 && t->n_edges + 1 <= t->slots / 2)
        return true;
    t->slots = t->slots ? t->slots * 2 : 1024;
    t->edges = as_mem_zero(t->slots, sizeof(*t->edges));
    t->to = as_mem_zero(t->slots, sizeof(*t->to));
    if (!t->edges || !t->to) {
        as_mem_free(t->edges);
        as_mem_free(t->to);
        *t = old;
        return false;
    }
    for (size_t i = 0; i < old.slots; i++) {
        if (old.edges[i])
            put_edge(t, old.edges[i], old.to[i]);
    }
    as_mem_free(old.edges);
    as_mem_free(old.to);
    return true;
}

bool as_trie_root(as_trie *t, uint32_t *ret)
{
    void *values = t->values;
    bool ok;

    if (t->n_nodes == 0) { /* node 0 is nothing */
        t->n_nodes = 1;
        t->cap_nodes = 1024;
        t->values = as_mem_zero(t->cap_nodes, sizeof(*t->values));
        if (!t->values) {
            t->n_nodes = t->cap_nodes = 0;
            return false;
        }
        values = t->values;
    }
    ok = t->n_nodes < UINT32_MAX &&
         as_mem_room(&values, &t->cap_nodes, t->n_nodes, sizeof(*t->values));
    t->values = values;
    if (!ok || !room_for_edge(t))
        return false;
    t->values[t->n_nodes] = 0;
    *ret = (uint32_t)t->n_nodes++;
    return true;
}

bool as_trie_add(as_trie *t, uint32_t root, as_bytes piece, uint32_t id)
{
    uint32_t node = root;

    for (size_t i = 0; i < piece.n; i++) {
        uint32_t next = as_trie_step(t, node, piece.p[i]);

        if (!next) {
            if (!as_trie_root(t, &next))
                return false;
            put_edge(t, ((uint64_t)node << 8 | piece.p[i]) + 1, next);
            t->n_edges++;
        }
        node = next;
    }
    if (t->values[node] == 0)
        t->values[node] = id + 1;
    return true;
}

void as_trie_done(as_trie *t)
{
    as_mem_free(t->edges);
    as_mem_free(t->to);
    as_mem_free(t->values);
    *t = (as_trie){0};
}

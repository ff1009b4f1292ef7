#include "encode/tokens_priv.h"

#include "base/banned.h"

static void put(as_trie *t, as_edge edge)
{
    size_t at = (size_t)(edge.key * 0x9e3779b97f4a7c15u >> 20) & (t->slots - 1);

    while (t->edges[at].key)
        at = (at + 1) & (t->slots - 1);
    t->edges[at] = edge;
}

/* At most half full. */
static bool room(as_trie *t)
{
    as_trie old = *t;

    if (t->slots > 0 && t->n_edges + 1 <= t->slots / 2)
        return true;
    t->slots = t->slots ? t->slots * 2 : 1024;
    t->edges = as_mem_zero(t->slots, sizeof(*t->edges));
    if (!t->edges) {
        *t = old;
        return false;
    }
    for (size_t i = 0; i < old.slots; i++) {
        if (old.edges[i].key)
            put(t, old.edges[i]);
    }
    as_mem_free(old.edges);
    return true;
}

bool as_trie_root(as_trie *t, uint32_t *ret)
{
    if (t->n_nodes == UINT32_MAX || !room(t))
        return false;
    *ret = ++t->n_nodes;
    return true;
}

bool as_trie_add(as_trie *t, uint32_t root, as_bytes piece, uint32_t id)
{
    uint32_t node = root;

    for (size_t i = 0; i < piece.n; i++) {
        const as_edge *found = as_trie_step(t, node, piece.p[i]);
        bool last = i + 1 == piece.n;

        if (!found) {
            as_edge edge = {.key = ((uint64_t)node << 8 | piece.p[i]) + 1};

            if (!as_trie_root(t, &edge.to))
                return false;
            put(t, edge);
            t->n_edges++;
            found = as_trie_step(t, node, piece.p[i]);
        }
        if (last)
            t->edges[found - t->edges].value = id + 1;
        node = found->to;
    }
    return true;
}

uint32_t as_trie_find(const as_trie *t, uint32_t root, as_bytes piece)
{
    uint32_t node = root, value = 0;

    for (size_t i = 0; i < piece.n; i++) {
        const as_edge *edge = as_trie_step(t, node, piece.p[i]);

        if (!edge)
            return 0;
        node = edge->to;
        value = edge->value;
    }
    return value;
}

void as_trie_done(as_trie *t)
{
    as_mem_free(t->edges);
    *t = (as_trie){0};
}

#include "encode/tokens_priv.h"

#include <stdlib.h>

#include "base/banned.h"

#define BLOCK   256u
#define WINDOW  16u /* the last blocks, in which free places are looked for */
#define TRIES   32u /* free places that are tried before there is a new block */
#define NOWHERE UINT32_MAX

typedef struct span { /* keys [from, end) are alike up to `depth`, which is the unit at `at` */
    size_t from, end, depth;
    uint32_t at;
} span;

typedef struct build {
    as_trie *t;
    const as_trie_key *keys;
    uint32_t *next, *before; /* free places, a ring through place 0 */
    uint8_t *based;          /* whether a unit has this base */
    size_t cap_units, cap_next, cap_before, cap_based;
    span *todo;
    size_t n_todo, cap_todo;
    as_err *err;
} build;

/* --- keys in order -------------------------------------------------------------------------- */

static uint64_t head_of(as_bytes text)
{
    uint64_t head = 0;

    for (size_t i = 0; i < 8; i++)
        head = head << 8 | (i < text.n ? text.p[i] : 0);
    return head;
}

static int by_text(const void *a, const void *b)
{
    const as_trie_key *x = a, *y = b;
    int order;

    if (x->head != y->head)
        return x->head < y->head ? -1 : 1;
    order = as_bytes_cmp(x->text, y->text);
    return order != 0 ? order : (x->id > y->id) - (x->id < y->id);
}

/* --- places --------------------------------------------------------------------------------- */

static bool room_for_block(build *b, size_t n)
{
    void *units = b->t->units, *next = b->next, *before = b->before, *based = b->based;
    bool ok = true;

    while (ok && b->cap_units < n)
        ok = as_mem_room(&units, &b->cap_units, b->cap_units, sizeof(*b->t->units));
    while (ok && b->cap_next < n)
        ok = as_mem_room(&next, &b->cap_next, b->cap_next, sizeof(*b->next));
    while (ok && b->cap_before < n)
        ok = as_mem_room(&before, &b->cap_before, b->cap_before, sizeof(*b->before));
    while (ok && b->cap_based < n)
        ok = as_mem_room(&based, &b->cap_based, b->cap_based, 1);
    b->t->units = units;
    b->next = next;
    b->before = before;
    b->based = based;
    return ok;
}

static void take(build *b, uint32_t place)
{
    b->next[b->before[place]] = b->next[place];
    b->before[b->next[place]] = b->before[place];
}

static bool is_free(const build *b, uint32_t place)
{
    return b->t->units[place] == 0;
}

/* Places in old blocks that nothing has fitted so far are given up. */
static void close_block(build *b, size_t from)
{
    for (size_t i = from; i < from + BLOCK; i++) {
        if (i > 0 && is_free(b, (uint32_t)i))
            take(b, (uint32_t)i);
    }
}

static as_code add_block(build *b)
{
    size_t from = b->t->n_units;

    if (from >= AS_TRIE_UNITS_MAX)
        return as_fail(b->err, AS_LIMIT, AS_NO_OFFSET, "a vocabulary of more than %zu places",
                       AS_TRIE_UNITS_MAX);
    if (!room_for_block(b, from + BLOCK))
        return as_fail_nomem(b->err, "a vocabulary");
    if (from >= (size_t)WINDOW * BLOCK)
        close_block(b, from - (size_t)WINDOW * BLOCK);
    for (size_t i = from; i < from + BLOCK; i++) {
        uint32_t last = i == 0 ? 0 : b->before[0];

        b->t->units[i] = 0;
        b->based[i] = i == 0; /* base 0: nothing follows */
        b->next[i] = 0;
        b->before[i] = last;
        b->next[last] = (uint32_t)i;
        b->before[0] = (uint32_t)i;
    }
    b->t->n_units = from + BLOCK;
    return AS_OK;
}

static bool fits(const build *b, uint32_t base, const uint8_t *bytes, size_t n)
{
    if (b->based[base])
        return false;
    for (size_t i = 0; i < n; i++) {
        if ((base ^ bytes[i]) == 0 || !is_free(b, base ^ bytes[i]))
            return false;
    }
    return true;
}

static as_code find_base(build *b, const uint8_t *bytes, size_t n, uint32_t *ret)
{
    uint32_t tries = n > 1 ? TRIES * 8 : TRIES;
    as_code rc;

    for (uint32_t at = b->next[0]; at != 0 && tries > 0; at = b->next[at], tries--) {
        if (fits(b, at ^ bytes[0], bytes, n)) {
            *ret = at ^ bytes[0];
            return AS_OK;
        }
    }
    do { /* the very first block has no place 0: then there is a second */
        rc = add_block(b);
        *ret = (uint32_t)(b->t->n_units - BLOCK);
    } while (!rc && !fits(b, *ret, bytes, n));
    return rc;
}

/* --- from the root down --------------------------------------------------------------------- */

static bool push(build *b, span s)
{
    void *todo = b->todo;
    bool ok = as_mem_room(&todo, &b->cap_todo, b->n_todo, sizeof(*b->todo));

    b->todo = todo;
    if (ok)
        b->todo[b->n_todo++] = s;
    return ok;
}

/* The bytes that follow in a span, each once. */
static size_t bytes_of(const build *b, const span *s, uint8_t bytes[BLOCK])
{
    size_t n = 0;

    for (size_t i = s->from; i < s->end; i++) {
        uint8_t c = b->keys[i].text.p[s->depth];

        if (n == 0 || bytes[n - 1] != c)
            bytes[n++] = c;
    }
    return n;
}

static as_code push_child(build *b, const span *s, size_t from, size_t end, uint32_t base)
{
    uint8_t c = b->keys[from].text.p[s->depth];
    uint64_t *unit = &b->t->units[base ^ c];

    while (from < end && b->keys[from].text.n == s->depth + 1) {
        *unit = 0x100u | c | (uint64_t)(b->keys[from].id + 1) << 9;
        from++;
    }
    if (from < end && !push(b, (span){from, end, s->depth + 1, base ^ c}))
        return as_fail_nomem(b->err, "a vocabulary");
    return AS_OK;
}

static as_code grow(build *b, span s, bool root)
{
    uint8_t bytes[BLOCK];
    size_t n = bytes_of(b, &s, bytes), from = s.from;
    uint32_t base = 0;
    as_code rc = find_base(b, bytes, n, &base);

    if (rc)
        return rc;
    b->based[base] = 1;
    if (root)
        b->t->root = base;
    else
        b->t->units[s.at] |= (uint64_t)base << 32;
    for (size_t i = 0; i < n; i++) { /* all are taken before one of them has children */
        take(b, base ^ bytes[i]);
        b->t->units[base ^ bytes[i]] = 0x100u | bytes[i];
    }
    for (size_t i = 0, end; !rc && i < n; i++, from = end) {
        for (end = from + 1; end < s.end && b->keys[end].text.p[s.depth] == bytes[i];)
            end++;
        rc = push_child(b, &s, from, end, base);
    }
    return rc;
}

static as_code grow_all(build *b, size_t n)
{
    size_t empty = 0;
    as_code rc = add_block(b);

    while (empty < n && b->keys[empty].text.n == 0)
        empty++;
    if (!rc && empty < n)
        rc = grow(b, (span){empty, n, 0, NOWHERE}, true);
    while (!rc && b->n_todo > 0)
        rc = grow(b, b->todo[--b->n_todo], false);
    return rc;
}

as_code as_trie_build(as_trie *t, as_trie_key *keys, size_t n, as_err *err)
{
    build b = {.t = t, .keys = keys, .err = err};
    as_code rc;

    for (size_t i = 0; i < n; i++) {
        if (keys[i].text.n > AS_TOKENIZER_PIECE_MAX)
            return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "piece %u has %zu bytes, at most %zu",
                           keys[i].id, keys[i].text.n, AS_TOKENIZER_PIECE_MAX);
        keys[i].head = head_of(keys[i].text);
    }
    if (n > 0)
        qsort(keys, n, sizeof(*keys), by_text);
    rc = grow_all(&b, n);
    as_mem_free(b.next);
    as_mem_free(b.before);
    as_mem_free(b.based);
    as_mem_free(b.todo);
    return rc;
}

uint32_t as_trie_find(const as_trie *t, as_bytes piece)
{
    uint32_t base = t->root, value = 0;

    for (size_t i = 0; i < piece.n; i++) {
        uint64_t unit = as_trie_step(t, base, piece.p[i]);

        if (!unit)
            return 0;
        base = as_trie_base(unit);
        value = as_trie_value(unit);
    }
    return value;
}

void as_trie_done(as_trie *t)
{
    as_mem_free(t->units);
    *t = (as_trie){0};
}

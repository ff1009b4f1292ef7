#include "evidence/evidence_priv.h"

#include <string.h>
#include <sys/random.h>

#include "base/banned.h"

#define BLOCK_SIZE  ((size_t)256 << 10)
#define SLOTS_MIN   ((size_t)256)
#define SLOTS_ROOMY ((size_t)256 << 10)
#define ROWS_MIN    ((size_t)32)

/* Up to here an array doubles; beyond, a quarter at a time, or the slack would cost megabytes. */
#define DOUBLING_MAX ((size_t)4 << 20)

struct as_block {
    as_block *next;
    uint8_t data[];
};

/* --- memory ------------------------------------------------------------------- */

bool as_facts_charge(as_facts *f, size_t bytes)
{
    if (bytes > f->limit - f->used)
        return false;
    f->used += bytes;
    return true;
}

/* How many rows to add where `need` are needed. */
static size_t growth(const as_rows *r, size_t size, size_t need, size_t max)
{
    size_t more = r->cap * size < DOUBLING_MAX ? r->cap : r->cap / 4;

    if (more < ROWS_MIN)
        more = ROWS_MIN;
    if (more > max - r->cap)
        more = max - r->cap;
    return more < need ? need : more;
}

as_code as_rows_room(as_facts *f, as_rows *r, size_t size, size_t more, size_t max)
{
    size_t left = (f->limit - f->used) / size, need, add;
    void *p;

    if (more <= r->cap - r->n)
        return AS_OK;
    if (more > max - r->n)
        return AS_LIMIT;
    need = r->n + more - r->cap;
    if (need > left)
        return AS_LIMIT;
    add = growth(r, size, need, max);
    /* Near the limit no array may take at once what the others need to go on. */
    if (add > left / 2)
        add = need > left / 4 ? need : left / 4;
    p = as_mem_resize(r->p, (r->cap + add) * size);
    if (!p)
        return AS_NOMEM;
    f->used += add * size;
    r->p = p;
    r->cap += add;
    return AS_OK;
}

/* --- texts -------------------------------------------------------------------- */

/*
 * The seed keeps the author of a report from choosing texts that all collide.
 * Ids count up in the order of arrival, so nothing else depends on it.
 */
void as_pool_init(as_pool *pool)
{
    if (getrandom(&pool->seed, sizeof(pool->seed), GRND_NONBLOCK) != sizeof(pool->seed))
        pool->seed = (uint64_t)(uintptr_t)pool;
}

void as_pool_done(as_pool *pool)
{
    while (pool->blocks) {
        as_block *b = pool->blocks;

        pool->blocks = b->next;
        as_mem_free(b);
    }
    as_mem_free(pool->slots);
    as_mem_free(pool->texts.p);
}

static as_bytes text_at(const as_pool *pool, as_str str)
{
    const uint8_t *p = ((const uint8_t *const *)pool->texts.p)[str - 1];
    uint32_t n;

    memcpy(&n, p - sizeof(n), sizeof(n));
    return (as_bytes){p, n};
}

static as_code block_add(as_facts *f, size_t size, uint8_t **ret)
{
    as_block *b;

    if (!as_facts_charge(f, sizeof(*b) + size))
        return AS_LIMIT;
    b = as_mem_get(sizeof(*b) + size);
    if (!b) {
        f->used -= sizeof(*b) + size;
        return AS_NOMEM;
    }
    b->next = f->pool.blocks;
    f->pool.blocks = b;
    *ret = b->data;
    return AS_OK;
}

/* A copy behind its length. What is long, or all that the limit leaves, has a block of its own. */
static as_code text_copy(as_facts *f, as_bytes text, const uint8_t **ret)
{
    as_pool *pool = &f->pool;
    uint32_t n = (uint32_t)text.n;
    size_t need = sizeof(n) + text.n;
    uint8_t *at;
    as_code rc;

    if (need > pool->left) {
        if (need > BLOCK_SIZE / 4 || sizeof(as_block) + BLOCK_SIZE > f->limit - f->used) {
            rc = block_add(f, need, &at);
        } else {
            rc = block_add(f, BLOCK_SIZE, &at);
            if (!rc) {
                pool->at = at + need;
                pool->left = BLOCK_SIZE - need;
            }
        }
        if (rc)
            return rc;
    } else {
        at = pool->at;
        pool->at += need;
        pool->left -= need;
    }
    memcpy(at, &n, sizeof(n));
    memcpy(at + sizeof(n), text.p, text.n);
    *ret = at + sizeof(n);
    return AS_OK;
}

static void slot_put(as_slot *slots, size_t n_slots, as_slot slot)
{
    size_t i = slot.tag & (n_slots - 1);

    while (slots[i].id)
        i = (i + 1) & (n_slots - 1);
    slots[i] = slot;
}

/*
 * Looking for a text that is new ends at a free slot, so a table of which half is free
 * is quick. From a size on, memory matters more: there, a fifth is.
 */
static size_t slots_usable(size_t n)
{
    return n <= SLOTS_ROOMY ? n / 2 : n - n / 5;
}

static as_code slots_room(as_facts *f)
{
    as_pool *pool = &f->pool;
    size_t old = pool->n_slots, n = old < SLOTS_ROOMY / 4 ? old * 4 : old * 2;
    as_slot *slots;

    if (pool->texts.n < slots_usable(old))
        return AS_OK;
    if (n < SLOTS_MIN)
        n = SLOTS_MIN;
    if (!as_facts_charge(f, (n - old) * sizeof(*slots)))
        return AS_LIMIT;
    slots = as_mem_zero(n, sizeof(*slots));
    if (!slots) {
        f->used -= (n - old) * sizeof(*slots);
        return AS_NOMEM;
    }
    for (size_t i = 0; i < old; i++) {
        if (pool->slots[i].id)
            slot_put(slots, n, pool->slots[i]);
    }
    as_mem_free(pool->slots);
    pool->slots = slots;
    pool->n_slots = n;
    return AS_OK;
}

/* All the room first, so that a failure leaves nothing half stored. */
static as_code text_add(as_facts *f, as_bytes text, uint32_t tag, as_str *ret)
{
    as_pool *pool = &f->pool;
    const uint8_t *copy = NULL;
    as_code rc = as_rows_room(f, &pool->texts, sizeof(copy), 1, AS_TEXTS_MAX);

    if (!rc)
        rc = slots_room(f);
    if (!rc)
        rc = text_copy(f, text, &copy);
    if (rc)
        return rc;
    ((const uint8_t **)pool->texts.p)[pool->texts.n++] = copy;
    *ret = (as_str)pool->texts.n;
    slot_put(pool->slots, pool->n_slots, (as_slot){*ret, tag});
    return AS_OK;
}

as_code as_facts_intern(as_facts *f, as_bytes text, as_str *ret)
{
    const as_pool *pool = &f->pool;
    size_t mask = pool->n_slots - 1;
    uint32_t tag;

    if (text.n == 0) {
        *ret = 0;
        return AS_OK;
    }
    if (text.n > AS_TEXT_MAX)
        return AS_LIMIT;
    tag = (uint32_t)as_hash64(text, pool->seed);
    if (!pool->slots)
        return text_add(f, text, tag, ret);
    for (size_t i = tag & mask; pool->slots[i].id; i = (i + 1) & mask) {
        const as_slot *slot = &pool->slots[i];

        if (slot->tag == tag && as_bytes_eq(text_at(pool, slot->id), text)) {
            *ret = slot->id;
            return AS_OK;
        }
    }
    return text_add(f, text, tag, ret);
}

as_bytes as_facts_text(const as_facts *f, as_str str)
{
    return str > 0 ? text_at(&f->pool, str) : AS_LITERAL("");
}

#include "formats/formats_priv.h"

#include <sys/random.h>

#include "base/banned.h"

/* Numbers of the tool's own (of processes, flows, objects) and what each stands for. */

struct as_id_slot {
    uint64_t id;
    uint32_t value;
    bool used;
};

/* The report chooses the numbers, so where they fall must not be its choice. */
static size_t slot_of(const as_ids *ids, uint64_t id)
{
    uint64_t hash = as_hash64((as_bytes){(const uint8_t *)&id, sizeof(id)}, ids->seed);
    size_t at = (size_t)hash & ids->mask;

    while (ids->slots[at].used && ids->slots[at].id != id)
        at = (at + 1) & ids->mask;
    return at;
}

static as_code grow(as_ids *ids)
{
    size_t size = ids->slots ? 2 * (ids->mask + 1) : 64;
    as_ids wide = {.slots = as_mem_zero(size, sizeof(struct as_id_slot)),
                   .n = ids->n,
                   .mask = size - 1,
                   .seed = ids->seed};

    if (!wide.slots)
        return AS_NOMEM;
    if (!ids->slots && getrandom(&wide.seed, sizeof(wide.seed), GRND_NONBLOCK) < 0)
        wide.seed = (uint64_t)(uintptr_t)wide.slots;
    for (size_t i = 0; ids->slots && i <= ids->mask; i++) {
        if (ids->slots[i].used)
            wide.slots[slot_of(&wide, ids->slots[i].id)] = ids->slots[i];
    }
    as_mem_free(ids->slots);
    *ids = wide;
    return AS_OK;
}

as_code as_ids_put(as_ids *ids, uint64_t id, uint32_t value)
{
    struct as_id_slot *slot;

    if (!ids->slots || 2 * ids->n > ids->mask) {
        as_code rc = grow(ids);

        if (rc)
            return rc;
    }
    slot = &ids->slots[slot_of(ids, id)];
    ids->n += !slot->used;
    *slot = (struct as_id_slot){id, value, true};
    return AS_OK;
}

uint32_t as_ids_get(const as_ids *ids, uint64_t id)
{
    const struct as_id_slot *slot = ids->slots ? &ids->slots[slot_of(ids, id)] : NULL;

    return slot && slot->used ? slot->value : AS_NO_FACT;
}

void as_ids_done(as_ids *ids)
{
    as_mem_free(ids->slots);
    *ids = (as_ids){0};
}

#include "formats/actors_priv.h"

#include "base/banned.h"

as_code as_actors_tell(as_actors *a, uint64_t id, uint32_t fact, as_err *err)
{
    if (as_ids_get(&a->told, id) != AS_NO_FACT)
        return AS_OK;
    return as_ids_put(&a->told, id, fact) ? as_fail_nomem(err, "the processes of a report") : AS_OK;
}

static bool make_room(as_actors *a)
{
    size_t cap = a->cap ? a->cap * 2 : 64;
    void *p;

    if (a->n < a->cap)
        return true;
    p = as_mem_resize(a->ids, cap * sizeof(*a->ids));
    if (!p)
        return false;
    a->ids = p;
    p = as_mem_resize(a->numbers, cap * sizeof(*a->numbers));
    if (!p)
        return false;
    a->numbers = p;
    a->cap = cap;
    return true;
}

as_code as_actors_number(as_walk *w, as_actors *a, uint64_t id, uint32_t *ret, as_err *err)
{
    uint32_t number = as_ids_get(&a->mentioned, id);
    as_code rc;

    if (number != AS_NO_FACT) {
        *ret = number;
        return AS_OK;
    }
    if (!make_room(a))
        return as_fail_nomem(err, "the processes of a report");
    rc = as_facts_reserve(w->facts, &number);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    a->ids[a->n] = id;
    a->numbers[a->n++] = number;
    *ret = number;
    return as_ids_put(&a->mentioned, id, number) ? as_fail_nomem(err, "the processes of a report")
                                                 : AS_OK;
}

void as_actors_settle(as_walk *w, const as_actors *a)
{
    for (size_t i = 0; i < a->n; i++)
        as_facts_drop(w->facts, a->numbers[i], as_ids_get(&a->told, a->ids[i]));
}

void as_actors_done(as_actors *a)
{
    as_ids_done(&a->told);
    as_ids_done(&a->mentioned);
    as_mem_free(a->ids);
    as_mem_free(a->numbers);
    *a = (as_actors){0};
}

#include "formats/drakvuf_priv.h"

#include "base/hash.h"

#include <string.h>
#include <sys/random.h>

#include "base/banned.h"

/*
 * The processes of a log. Nearly every record names its process anew: by number, by the
 * number of its starter and by its program. A number is used again once it is free, and
 * a program has one path for the file system and another for the loader; so one process
 * is meant if what both tell agrees, of a path the last part.
 */

#define NAME_END  256u            /* of a longer one the end alone */
#define CARRY_MAX ((size_t)65536) /* processes that the next portion knows, the newest */
#define CHAIN_MAX 64u             /* with one number */

void as_drak_processes_init(as_drak_processes *p)
{
    *p = (as_drak_processes){0};
    if (getrandom(&p->seed, sizeof(p->seed), GRND_NONBLOCK) != sizeof(p->seed))
        p->seed = (uint64_t)(uintptr_t)p;
}

void as_drak_processes_done(as_drak_processes *p)
{
    as_mem_free(p->all);
    as_mem_free(p->slots);
    *p = (as_drak_processes){0};
}

static uint64_t name_of(const as_drak_processes *p, as_bytes path)
{
    uint8_t low[NAME_END];
    size_t from = path.n;

    while (from > 0 && path.p[from - 1] != '\\' && path.p[from - 1] != '/')
        from--;
    if (path.n - from > sizeof(low))
        from = path.n - sizeof(low);
    if (from == path.n)
        return 0;
    for (size_t i = from; i < path.n; i++) {
        uint8_t c = path.p[i];

        low[i - from] = c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
    }
    return as_hash64((as_bytes){low, path.n - from}, p->seed) | 1;
}

static uint32_t *slot_of(const as_drak_processes *p, uint64_t pid)
{
    size_t at = (size_t)as_hash64((as_bytes){(const uint8_t *)&pid, sizeof(pid)}, p->seed);

    for (;; at++) {
        uint32_t *slot = &p->slots[at & p->mask];

        if (!*slot || p->all[*slot - 1].pid == pid)
            return slot;
    }
}

as_drak_process *as_drak_process_get(const as_drak_processes *p, uint64_t pid)
{
    uint32_t at = p->slots ? *slot_of(p, pid) : 0;

    return at && !p->all[at - 1].ended ? &p->all[at - 1] : NULL;
}

as_drak_process *as_drak_process_find(const as_drak_processes *p, uint64_t pid,
                                      const uint64_t *ppid, as_bytes path)
{
    uint64_t name = name_of(p, path);
    uint32_t at = p->slots ? *slot_of(p, pid) : 0;

    for (unsigned n = 0; at && n < CHAIN_MAX; n++) {
        as_drak_process *x = &p->all[at - 1];

        if ((!ppid || !x->has_ppid || *ppid == x->ppid) && (!name || !x->name || name == x->name)) {
            if (ppid && !x->has_ppid) {
                x->ppid = *ppid;
                x->has_ppid = true;
            }
            x->name = x->name ? x->name : name;
            return x;
        }
        at = x->older;
    }
    return NULL;
}

/* Half of the slots at most are taken. */
static as_code grow(as_drak_processes *p, as_err *err)
{
    size_t cap = p->cap ? p->cap * 2 : 256;
    void *moved = as_mem_resize(p->all, cap * sizeof(*p->all));
    uint32_t *slots;

    if (!moved)
        return as_fail_nomem(err, "the processes of a log");
    p->all = moved;
    slots = as_mem_zero(cap * 2, sizeof(*slots));
    if (!slots)
        return as_fail_nomem(err, "the processes of a log");
    as_mem_free(p->slots);
    p->slots = slots;
    p->mask = cap * 2 - 1;
    p->cap = cap;
    for (size_t i = 0; i < p->n; i++)
        *slot_of(p, p->all[i].pid) = (uint32_t)i + 1; /* the newest is the last */
    return AS_OK;
}

as_code as_drak_process_add(as_drak_processes *p, uint64_t pid, const uint64_t *ppid, as_bytes path,
                            uint32_t fact, as_err *err)
{
    as_code rc = p->n < p->cap ? AS_OK : grow(p, err);
    uint32_t *slot;

    if (rc)
        return rc;
    slot = slot_of(p, pid);
    p->all[p->n] = (as_drak_process){.pid = pid,
                                     .ppid = ppid ? *ppid : 0,
                                     .has_ppid = ppid != NULL,
                                     .name = name_of(p, path),
                                     .fact = fact,
                                     .older = *slot};
    *slot = (uint32_t)++p->n;
    return AS_OK;
}

/* The first of the newest CARRY_MAX that have not ended; *ret_n is how many those are. */
static size_t first_living(const as_drak_processes *p, size_t *ret_n)
{
    size_t i = p->n, n = 0;

    while (i > 0 && n < CARRY_MAX)
        n += !p->all[--i].ended;
    *ret_n = n;
    return i;
}

/* Those from `from` on that live, under the numbers that their facts have now. */
static as_code rebuild(as_drak_processes *p, size_t from, const uint32_t *facts, as_err *err)
{
    as_drak_processes next = {.seed = p->seed};
    size_t k = 0;

    for (size_t i = from; i < p->n; i++) {
        as_drak_process x = p->all[i];
        uint32_t *slot;

        if (x.ended)
            continue;
        if (next.n == next.cap && grow(&next, err)) {
            as_drak_processes_done(&next);
            return AS_NOMEM;
        }
        slot = slot_of(&next, x.pid);
        x.fact = facts[k++];
        x.older = *slot;
        next.all[next.n] = x;
        *slot = (uint32_t)++next.n;
    }
    as_drak_processes_done(p);
    *p = next;
    return AS_OK;
}

as_code as_drak_processes_portion(as_drak_processes *p, as_walk *w, as_err *err)
{
    size_t n, from = first_living(p, &n), k = 0;
    uint32_t *facts = as_mem_get((n + 1) * sizeof(*facts));
    as_code rc;

    if (!facts)
        return as_fail_nomem(err, "the processes of a log");
    for (size_t i = from; i < p->n; i++) {
        if (!p->all[i].ended)
            facts[k++] = p->all[i].fact;
    }
    rc = as_counts_flush(w, CARRY_MAX, err);
    if (!rc)
        rc = as_walk_portion(w, facts, n, err);
    if (!rc)
        rc = rebuild(p, from, facts, err);
    as_mem_free(facts);
    return rc;
}

#include "formats/formats_priv.h"

#include <string.h>
#include <sys/random.h>

#include "base/banned.h"

/*
 * A log of millions of events says few different things. Facts are alike if they agree in
 * everything but when they happened and in numbers that are given at random; the first of
 * them stays, with how often and where last. What then still finds no room is counted.
 */

#define SLOTS_MIN ((size_t)4096)
#define TIME_MAX  40
#define UP_MAX    64 /* facts above one; a longer chain is nonsense */

/* A fact of the digest. */
struct entry {
    uint64_t key;
    uint64_t n; /* facts alike */
    uint64_t begin, end;
    as_step last; /* evidence of the last of them; AS_STEP_NONE: there is but the first */
    uint8_t time_n;
    uint8_t time[TIME_MAX]; /* of the last of them */
};

struct place {
    uint64_t begin;
    uint32_t fact; /* of the digest */
};

struct as_digest {
    as_facts *facts;
    uint64_t seed;
    size_t memory;
    struct entry *entries; /* by fact number */
    size_t cap_entries;
    uint32_t *slots; /* 1 + fact, by key; a power of two of them */
    size_t n_slots;
    as_buf places; /* struct place, rising: processes, which later portions may carry */
    uint64_t folded, untold;
};

as_digest *as_digest_new(size_t memory)
{
    as_digest *d = as_mem_zero(1, sizeof(*d));

    if (!d)
        return NULL;
    d->memory = memory ? memory : AS_DIGEST_MEMORY;
    d->facts = as_facts_new(2 * d->memory); /* the limit here is to be met first */
    if (getrandom(&d->seed, sizeof(d->seed), GRND_NONBLOCK) != sizeof(d->seed))
        d->seed = (uint64_t)(uintptr_t)d;
    if (!d->facts) {
        as_digest_free(d);
        return NULL;
    }
    as_facts_number_records(d->facts);
    return d;
}

void as_digest_free(as_digest *d)
{
    if (!d)
        return;
    as_facts_free(d->facts);
    as_mem_free(d->entries);
    as_mem_free(d->slots);
    as_buf_done(&d->places);
    as_mem_free(d);
}

/* --- what is alike ---------------------------------------------------------------------- */

static bool is_volatile(as_attr_name name)
{
    switch (name) {
    case AS_ATTR_TIME:
    case AS_ATTR_FIRST_SEEN:
    case AS_ATTR_LAST_SEEN:
    case AS_ATTR_STARTED:
    case AS_ATTR_ENDED:
    case AS_ATTR_DURATION:
    case AS_ATTR_RECORD:
    case AS_ATTR_PID:
    case AS_ATTR_PPID:
    case AS_ATTR_TID:
    case AS_ATTR_TARGET_PID:
    case AS_ATTR_SPORT:
    case AS_ATTR_CALL_ID:
    case AS_ATTR_FIELD:
    case AS_ATTR_FIELD_VALUE:
        return true;
    default:
        return false;
    }
}

/* 64 bits with a seed that nobody knows: two facts that differ agree in them by no one's will. */
static uint64_t key_of(const as_digest *d, const as_facts *f, const as_fact *fact, uint32_t up)
{
    const as_attr *a = as_fact_attrs(f, fact);
    uint64_t key = d->seed ^ ((uint64_t)fact->kind << 32 | up);

    for (size_t i = 0; i < fact->n_attrs; i++) {
        if (is_volatile((as_attr_name)a[i].name))
            continue;
        key = (key ^ a[i].name) * 0x9e3779b97f4a7c15u;
        key = as_hash64(as_facts_text(f, a[i].str), key ^ key >> 29);
    }
    return key;
}

static size_t slot_of(const as_digest *d, uint64_t key)
{
    size_t at = (size_t)key & (d->n_slots - 1);

    while (d->slots[at] && d->entries[d->slots[at] - 1].key != key)
        at = (at + 1) & (d->n_slots - 1);
    return at;
}

/* Room for one more fact, of which as many are there as there are entries. */
static as_code room(as_digest *d)
{
    size_t n = as_facts_count(d->facts);

    if (n == d->cap_entries) {
        size_t cap = n > 0 ? n * 2 : SLOTS_MIN;
        struct entry *entries = as_mem_resize(d->entries, cap * sizeof(*entries));

        if (!entries)
            return AS_NOMEM;
        d->entries = entries;
        d->cap_entries = cap;
    }
    if (n * 2 >= d->n_slots) {
        size_t size = d->n_slots > 0 ? d->n_slots * 2 : SLOTS_MIN;
        uint32_t *slots = as_mem_zero(size, sizeof(*slots));

        if (!slots)
            return AS_NOMEM;
        as_mem_free(d->slots);
        d->slots = slots;
        d->n_slots = size;
        for (uint32_t i = 0; i < n; i++)
            d->slots[slot_of(d, d->entries[i].key)] = i + 1;
    }
    return AS_OK;
}

/* --- one portion ------------------------------------------------------------------------- */

/* Numbers that the portion's facts have in the digest. */
struct portion {
    as_digest *d;
    const as_facts *facts;
    as_copier *copier;
    uint32_t *now; /* AS_NO_FACT: none yet */
};

static as_bytes time_of(const as_facts *f, const as_fact *fact)
{
    static const as_attr_name names[] = {AS_ATTR_TIME, AS_ATTR_FIRST_SEEN};
    as_bytes time = {0};

    for (size_t i = 0; i < AS_COUNT(names) && !time.n; i++)
        time = as_fact_text(f, fact, names[i]);
    return time;
}

static void note_again(struct portion *p, const as_fact *fact, uint32_t at)
{
    struct entry *entry = &p->d->entries[at];
    const as_evidence *e = as_fact_evidence(p->facts, fact);
    as_bytes time = time_of(p->facts, fact);

    entry->n++;
    p->d->folded++;
    entry->time_n = time.n <= TIME_MAX ? (uint8_t)time.n : 0;
    if (entry->time_n)
        memcpy(entry->time, time.p, entry->time_n);
    entry->begin = e->begin;
    entry->end = e->end;
    entry->last = e->node ? AS_STEP_NONE : e->last; /* the place of a line needs no node */
}

/* What was carried into this portion is found by where its first evidence begins. */
static uint32_t find_carried(const as_digest *d, const as_evidence *e)
{
    const struct place *places = (const struct place *)(const void *)d->places.p;
    size_t low = 0, high = d->places.n / sizeof(*places);

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (places[mid].begin < e->begin)
            low = mid + 1;
        else
            high = mid;
    }
    if (low < d->places.n / sizeof(*places) && places[low].begin == e->begin)
        return places[low].fact;
    return AS_NO_FACT;
}

/* Facts come in the order of the log, but one that was joined may be older. */
static as_code note_place(as_digest *d, uint64_t begin, uint32_t fact)
{
    struct place new = {begin, fact}, *places;
    size_t n = d->places.n / sizeof(new);

    as_buf_add(&d->places, (as_bytes){(const uint8_t *)&new, sizeof(new)});
    if (d->places.failed)
        return AS_NOMEM;
    places = (struct place *)(void *)d->places.p;
    for (; n > 0 && places[n - 1].begin > begin; n--) {
        places[n] = places[n - 1];
        places[n - 1] = new;
    }
    return AS_OK;
}

/* `up` is the number in the digest of the fact above it. */
static as_code add_one(struct portion *p, uint32_t i, uint32_t up)
{
    as_digest *d = p->d;
    const as_fact *fact = as_facts_get(p->facts, i);
    uint64_t key = key_of(d, p->facts, fact, up);
    uint32_t *slot;
    as_code rc = room(d);

    if (rc)
        return rc;
    slot = &d->slots[slot_of(d, key)];
    if (*slot) {
        p->now[i] = *slot - 1;
        note_again(p, fact, p->now[i]);
    } else if (as_facts_memory(d->facts) >= d->memory) {
        d->untold++;
        p->now[i] = up;
        return AS_OK;
    } else {
        rc = as_copier_fact(p->copier, i, up, 0, &p->now[i]);
        if (rc)
            return rc;
        d->entries[p->now[i]] = (struct entry){.key = key, .n = 1, .last = AS_STEP_NONE};
        *slot = p->now[i] + 1;
    }
    if (fact->kind == AS_KIND_PROCESS)
        rc = note_place(d, as_fact_evidence(p->facts, fact)->begin, p->now[i]);
    return rc;
}

/* Those above a fact first. */
static as_code add_chain(struct portion *p, uint32_t i)
{
    uint32_t chain[UP_MAX], up;
    size_t n = 0;
    as_code rc = AS_OK;

    for (up = i; up != AS_NO_FACT && n < UP_MAX && p->now[up] == AS_NO_FACT;
         up = as_fact_parent(p->facts, as_facts_get(p->facts, up)))
        chain[n++] = up;
    up = up != AS_NO_FACT ? p->now[up] : AS_NO_FACT;
    while (!rc && n-- > 0) {
        const as_fact *fact = as_facts_get(p->facts, chain[n]);

        if (fact->flags & AS_FACT_CARRIED)
            p->now[chain[n]] = find_carried(p->d, as_fact_evidence(p->facts, fact));
        else
            rc = add_one(p, chain[n], up);
        up = p->now[chain[n]];
    }
    return rc;
}

static as_code add_all(struct portion *p)
{
    as_code rc = AS_OK;

    for (uint32_t i = 0; !rc && i < as_facts_count(p->facts); i++) {
        const as_fact *fact = as_facts_get(p->facts, i);

        if (!(fact->flags & AS_FACT_GONE) && p->now[i] == AS_NO_FACT)
            rc = add_chain(p, i);
    }
    return rc;
}

as_code as_digest_add(void *ctx, const as_analysis *a, as_err *err)
{
    as_digest *d = ctx;
    size_t n = as_facts_count(a->facts) + 1;
    struct portion p = {.d = d, .facts = a->facts, .now = as_mem_get(n * sizeof(*p.now))};
    as_code rc = AS_NOMEM;

    p.copier = p.now ? as_copier_new(d->facts, a->facts, 0) : NULL;
    if (p.copier) {
        memset(p.now, 0xff, n * sizeof(*p.now));
        rc = add_all(&p);
    }
    as_copier_free(p.copier);
    as_mem_free(p.now);
    return rc ? as_walk_facts_failed(NULL, rc, err) : AS_OK;
}

/* --- the end ------------------------------------------------------------------------------- */

/* The fact of the first takes over how often, and when and where last. */
static as_code note_times(as_digest *d, uint32_t fact)
{
    const struct entry *entry = &d->entries[fact];
    uint32_t last = AS_NO_FACT;
    as_buf number = {0};
    as_draft draft;
    as_code rc;

    as_draft_init(&draft, (as_kind)as_facts_get(d->facts, fact)->kind);
    draft.evidence[0] = *as_fact_evidence(d->facts, as_facts_get(d->facts, fact));
    draft.n_evidence = 1;
    if (entry->last != AS_STEP_NONE)
        draft.evidence[0] = (as_evidence){entry->begin, entry->end, 0, entry->last};
    as_buf_u64(&number, entry->n);
    rc = number.failed ? AS_NOMEM
                       : as_draft_text(&draft, d->facts, AS_ATTR_REPEATED, AS_FORM_NUMBER,
                                       as_buf_bytes(&number));
    as_buf_done(&number);
    if (!rc && entry->time_n)
        rc = as_draft_text(&draft, d->facts, AS_ATTR_LAST_SEEN, AS_FORM_TEXT,
                           (as_bytes){entry->time, entry->time_n});
    if (!rc)
        rc = as_facts_add(d->facts, &draft, &last);
    return rc ? rc : as_facts_join(d->facts, fact, last);
}

/* Of what the analysis itself knows by number, the texts are told again in the digest. */
static as_code take_over(as_digest *d, as_walk *w)
{
    as_analysis *a = w->analysis;
    as_copier *c = as_copier_new(d->facts, a->facts, 0);
    as_code rc = c ? as_copier_text(c, a->tool_version, &a->tool_version) : AS_NOMEM;

    if (!rc)
        rc = as_paths_carry(w, c);
    as_copier_free(c);
    if (rc)
        return rc;
    as_facts_swap(a->facts, d->facts);
    a->sample = as_facts_first(a->facts, AS_KIND_SAMPLE);
    a->digested = d->folded;
    a->untold = d->untold;
    a->gaps |= d->untold ? AS_GAP_UNTOLD : 0;
    return AS_OK;
}

as_code as_digest_finish(as_digest *d, as_walk *w, as_err *err)
{
    size_t n;
    as_code rc = as_digest_add(d, w->analysis, err);

    if (rc)
        return rc;
    n = as_facts_count(d->facts);
    for (uint32_t i = 0; !rc && i < n; i++) {
        if (d->entries[i].n > 1)
            rc = note_times(d, i);
    }
    if (!rc)
        rc = take_over(d, w);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

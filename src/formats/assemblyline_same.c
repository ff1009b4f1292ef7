#include "formats/assemblyline_priv.h"

#include "base/hash.h"

#include <string.h>

#include "base/banned.h"

/* Facts that several lists of one result tell, by what identifies each kind. */

#define CHAIN_MAX 64 /* more that differ under one key are not worth comparing in pairs */

void as_same_done(as_same *s)
{
    as_mem_free(s->entries);
    *s = (as_same){0};
}

as_code as_same_note(as_same *s, uint32_t fact, as_err *err)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 64;
        void *moved = as_mem_resize(s->entries, cap * sizeof(*s->entries));

        if (!moved)
            return as_fail_nomem(err, "the facts of a report");
        s->entries = moved;
        s->cap = cap;
    }
    s->entries[s->n++] = (struct as_same_entry){fact, s->list};
    return AS_OK;
}

/* Every attribute of `b` that `a` has under the same name has the same value there. */
static bool agrees(const as_facts *f, const as_fact *a, const as_fact *b)
{
    const as_attr *x = as_fact_attrs(f, a), *y = as_fact_attrs(f, b);

    for (size_t i = 0; i < b->n_attrs; i++) {
        bool named = false, found = false;

        if (y[i].name == AS_ATTR_FIELD || y[i].name == AS_ATTR_FIELD_VALUE)
            continue; /* both keep theirs */
        for (size_t k = 0; k < a->n_attrs && !found; k++) {
            named |= x[k].name == y[i].name;
            found = x[k].name == y[i].name && x[k].str == y[i].str;
        }
        if (named && !found)
            return false;
    }
    return true;
}

/* "Signature: creates_exe" of a section is the signature "creates_exe". */
static as_bytes last_word(as_bytes title)
{
    for (size_t i = title.n; i-- > 1;) {
        if (title.p[i - 1] == ':' && title.p[i] == ' ')
            return (as_bytes){title.p + i + 1, title.n - i - 1};
    }
    return title;
}

#define KEY_TEXTS 3

/* What one thing is known by in every list that tells it. */
static void key_of(const as_facts *f, const as_fact *fact, as_bytes key[KEY_TEXTS])
{
    static const as_attr_name of_flow[KEY_TEXTS] = {AS_ATTR_DST, AS_ATTR_SPORT, AS_ATTR_TIME};

    memset(key, 0, KEY_TEXTS * sizeof(*key));
    switch ((int)fact->kind) {
    case AS_KIND_SIGNATURE:
        key[0] = as_fact_text(f, fact, AS_ATTR_NAME);
        if (!key[0].n)
            key[0] = last_word(as_fact_text(f, fact, AS_ATTR_TITLE));
        break;
    case AS_KIND_DNS:
        key[0] = as_fact_text(f, fact, AS_ATTR_REQUEST);
        break;
    case AS_KIND_HTTP:
        key[0] = as_fact_text(f, fact, AS_ATTR_URL);
        break;
    default:
        for (size_t i = 0; i < KEY_TEXTS; i++)
            key[i] = as_fact_text(f, fact, of_flow[i]);
    }
}

static bool same_key(const as_facts *f, const as_fact *a, const as_fact *b)
{
    as_bytes x[KEY_TEXTS], y[KEY_TEXTS];

    if (a->kind != b->kind)
        return false;
    key_of(f, a, x);
    key_of(f, b, y);
    for (size_t i = 0; i < KEY_TEXTS; i++) {
        if (!as_bytes_eq(x[i], y[i]))
            return false;
    }
    return true;
}

static uint64_t hash_of(const as_facts *f, const as_fact *fact)
{
    as_bytes key[KEY_TEXTS];
    uint64_t h = fact->kind;

    key_of(f, fact, key);
    for (size_t i = 0; i < KEY_TEXTS; i++)
        h = as_hash64(key[i], h);
    return h;
}

struct chains {
    uint32_t *slots; /* 1 + index of the first entry */
    uint32_t *next;  /* by entry: 1 + index */
    size_t mask;
};

/* Joins entry `i` into the first that is the same, or appends it to its chain. */
static as_code place(const as_same *s, as_facts *f, struct chains *c, uint32_t i)
{
    const as_fact *fact = as_facts_get(f, s->entries[i].fact);
    uint32_t *link = &c->slots[hash_of(f, fact) & c->mask];
    size_t tried = 0;
    as_bytes key[KEY_TEXTS];

    key_of(f, fact, key);
    if (!key[0].n)
        return AS_OK; /* of a table that is not of traffic, or without an address */
    for (; *link; link = &c->next[*link - 1]) {
        const struct as_same_entry *e = &s->entries[*link - 1];
        const as_fact *other = as_facts_get(f, e->fact);

        if (tried++ == CHAIN_MAX)
            return AS_OK;
        if (e->list != s->entries[i].list && same_key(f, other, fact) &&
            other->n_evidence < AS_TOLD_MAX && agrees(f, other, fact))
            return as_facts_join(f, e->fact, s->entries[i].fact);
    }
    *link = i + 1;
    return AS_OK;
}

/* A section that is a signature says less of it than the list of signatures does. */
static bool comes_last(const as_facts *f, const as_fact *fact)
{
    return fact->kind == AS_KIND_SIGNATURE && !as_fact_text(f, fact, AS_ATTR_NAME).n;
}

as_code as_same_join(as_same *s, as_walk *w, as_err *err)
{
    as_facts *f = w->facts;
    struct chains c = {0};
    size_t slots = 64;
    as_code rc = AS_OK;

    while (slots < s->n * 2)
        slots *= 2;
    c.mask = slots - 1;
    c.slots = as_mem_zero(slots, sizeof(*c.slots));
    c.next = as_mem_zero(s->n + 1, sizeof(*c.next));
    if (!c.slots || !c.next)
        rc = AS_NOMEM;
    for (unsigned pass = 0; !rc && pass < 2; pass++) {
        for (size_t i = 0; !rc && i < s->n; i++) {
            const as_fact *fact = as_facts_get(f, s->entries[i].fact);

            if (!(fact->flags & AS_FACT_GONE) && comes_last(f, fact) == (pass == 1))
                rc = place(s, f, &c, (uint32_t)i);
        }
    }
    as_mem_free(c.slots);
    as_mem_free(c.next);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

#include "describe/describe_priv.h"

#include <stdlib.h>

#include "base/banned.h"

/* --- signatures, the gravest first ---------------------------------------------------- */

typedef struct ranked {
    uint64_t severity;
    uint32_t fact;
} ranked;

static int by_severity(const void *a, const void *b)
{
    const ranked *x = a, *y = b;

    if (x->severity != y->severity)
        return x->severity > y->severity ? -1 : 1;
    return x->fact < y->fact ? -1 : x->fact > y->fact;
}

static void say_signatures(as_teller *t)
{
    const uint32_t *list = t->list + t->list_at[AS_KIND_SIGNATURE];
    size_t n = t->list_at[AS_KIND_SIGNATURE + 1] - t->list_at[AS_KIND_SIGNATURE];
    ranked *order = as_arena_take(t->arena, n, sizeof(*order));
    uint32_t *facts = as_arena_take(t->arena, n, sizeof(*facts));

    if (!order || !facts) {
        as_say_fail(t, AS_NOMEM);
        return;
    }
    for (size_t i = 0; i < n; i++)
        order[i] = (ranked){as_teller_u64(t, list[i], AS_ATTR_SEVERITY), list[i]};
    qsort(order, n, sizeof(*order), by_severity);
    for (size_t i = 0; i < n; i++)
        facts[i] = order[i].fact;
    as_say_list(t, AS_KIND_SIGNATURE, facts, n);
}

/* --- techniques, each once, with all the signatures that gave it ------------------------- */

typedef struct mention {
    as_str technique;
    uint32_t fact;
    uint32_t next; /* of the same technique: 1 + its number; 0: none */
} mention;

typedef struct mentions {
    mention *all;
    size_t n;
    uint32_t *first; /* of each technique, in order */
    uint32_t *last;
    size_t n_techniques;
} mentions;

static bool same_technique(const void *ctx, uint32_t value, const void *key)
{
    const mentions *m = ctx;
    const as_str *technique = key;

    return m->all[m->first[value]].technique == *technique;
}

static void add_mention(mentions *m, as_map *map, as_str technique, uint32_t fact)
{
    uint32_t *slot = as_map_slot(
        map, as_hash64((as_bytes){(const uint8_t *)&technique, sizeof(technique)}, 0), &technique);
    uint32_t at = (uint32_t)m->n++;

    m->all[at] = (mention){technique, fact, 0};
    if (*slot == AS_NO_FACT) {
        *slot = (uint32_t)m->n_techniques;
        m->first[m->n_techniques++] = at;
    } else {
        m->all[m->last[*slot]].next = at + 1;
    }
    m->last[*slot] = at;
}

/* One fact may name several techniques. */
static size_t each_technique(const as_teller *t, uint32_t fact, mentions *m, as_map *map)
{
    const as_fact *f = as_facts_get(t->facts, fact);
    const as_attr *a = as_fact_attrs(t->facts, f);
    size_t n = 0;

    for (size_t i = 0; i < f->n_attrs; i++) {
        if (a[i].name != AS_ATTR_TECHNIQUE || as_facts_text(t->facts, a[i].str).n == 0)
            continue;
        n++;
        if (m)
            add_mention(m, map, a[i].str, fact);
    }
    return n;
}

static as_code find_mentions(as_teller *t, mentions *m)
{
    size_t from = t->list_at[AS_KIND_TECHNIQUE], to = t->list_at[AS_KIND_TECHNIQUE + 1], n = 0;
    as_map map;

    for (size_t i = from; i < to; i++)
        n += each_technique(t, t->list[i], NULL, NULL);
    m->all = as_arena_take(t->arena, n, sizeof(*m->all));
    m->first = as_arena_take(t->arena, n, sizeof(*m->first));
    m->last = as_arena_take(t->arena, n, sizeof(*m->last));
    if (!m->all || !m->first || !m->last || as_map_init(&map, n, same_technique, m))
        return AS_NOMEM;
    for (size_t i = from; i < to; i++)
        (void)each_technique(t, t->list[i], m, &map);
    as_map_done(&map);
    return AS_OK;
}

/* ATT&CK ids are T and digits; CAPE has ids of its own, such as U0102. */
static bool is_attck(as_bytes id)
{
    return id.n >= 5 && id.p[0] == 'T' && id.p[1] >= '0' && id.p[1] <= '9';
}

/* First value that any mention of the technique has. */
static as_bytes first_text(const as_teller *t, const mentions *m, uint32_t first, as_attr_name attr)
{
    for (uint32_t i = first + 1; i != 0; i = m->all[i - 1].next) {
        as_bytes text = as_teller_text(t, m->all[i - 1].fact, attr);

        if (text.n > 0)
            return text;
    }
    return (as_bytes){0};
}

static void put_aside(as_render *r, as_bytes name, as_bytes tactic)
{
    bool zh = r->t->options.lang == AS_LANG_ZH;

    if (name.n == 0 && tactic.n == 0)
        return;
    as_put_text(r, zh ? AS_LITERAL("（") : AS_LITERAL(" ("));
    if (name.n > 0)
        as_put_value(r, name);
    if (name.n > 0 && tactic.n > 0)
        as_put_text(r, zh ? AS_LITERAL("，") : AS_LITERAL(", "));
    if (tactic.n > 0) {
        as_put_text(r, zh ? AS_LITERAL("战术：") : AS_LITERAL("tactic "));
        as_put_value(r, tactic);
    }
    as_put_text(r, zh ? AS_LITERAL("）") : AS_LITERAL(")"));
}

/* Who named it: the fact itself, or the signature it is a part of. */
static as_bytes signature_of(const as_teller *t, uint32_t fact)
{
    as_bytes name = as_teller_text(t, fact, AS_ATTR_SIGNATURE);
    uint32_t parent = as_teller_parent(t, fact);

    if (name.n == 0 && parent != AS_NO_FACT && as_teller_is(t, parent, AS_KIND_SIGNATURE))
        name = as_teller_text(t, parent, AS_ATTR_NAME);
    return name;
}

static bool named_before(const as_bytes *shown, size_t n, as_bytes name)
{
    for (size_t i = 0; i < n; i++) {
        if (as_bytes_eq(shown[i], name))
            return true;
    }
    return false;
}

static bool has_two(const as_teller *t, const mentions *m, uint32_t first)
{
    as_bytes name = {0};

    for (uint32_t i = first + 1; i != 0; i = m->all[i - 1].next) {
        as_bytes next = signature_of(t, m->all[i - 1].fact);

        if (name.n > 0 && next.n > 0 && !as_bytes_eq(name, next))
            return true;
        name = next.n > 0 ? next : name;
    }
    return false;
}

/* Returns how many signatures were left out. */
static size_t put_signatures(as_render *r, const mentions *m, uint32_t first)
{
    bool zh = r->t->options.lang == AS_LANG_ZH;
    as_bytes shown[AS_SAY_LIST_MAX];
    size_t n = 0, left = 0;

    for (uint32_t i = first + 1; i != 0; i = m->all[i - 1].next) {
        as_bytes name = signature_of(r->t, m->all[i - 1].fact);

        if (name.n == 0 || named_before(shown, n, name))
            continue;
        if (n == AS_COUNT(shown)) {
            left++;
            continue;
        }
        if (n == 0)
            as_put_text(r, zh                        ? AS_LITERAL("，依据行为特征")
                           : has_two(r->t, m, first) ? AS_LITERAL(", given by the signatures ")
                                                     : AS_LITERAL(", given by the signature "));
        else
            as_put_text(r, zh ? AS_LITERAL("、") : AS_LITERAL(", "));
        as_put_value(r, name);
        shown[n++] = name;
    }
    if (left > 0) {
        as_put_text(r, zh ? AS_LITERAL("，另有") : AS_LITERAL(" and "));
        as_put_number(r, left);
        as_put_text(r, zh ? AS_LITERAL("条") : AS_LITERAL(" more"));
    }
    return left;
}

static void put_technique(as_render *r, as_bytes id)
{
    bool zh = r->t->options.lang == AS_LANG_ZH;
    bool attck = is_attck(id);

    as_put_text(r, zh ? AS_LITERAL("报告给出") : AS_LITERAL("The report names the "));
    if (attck)
        as_put_text(r, AS_LITERAL("ATT&CK"));
    else
        as_put_tools(r, NULL, 0);
    if (attck)
        as_put_text(r, zh ? AS_LITERAL("技术") : AS_LITERAL(" technique "));
    else
        as_put_text(r, zh ? AS_LITERAL("内部编号") : AS_LITERAL("-internal id "));
    as_put_value(r, id);
    if (!attck)
        as_put_text(r, zh ? AS_LITERAL("（并非 ATT&CK 技术编号）")
                          : AS_LITERAL(" (not an ATT&CK id)"));
}

/* True if one run alone gave the technique. */
static bool of_one_run(const as_teller *t, const mentions *m, uint32_t first)
{
    uint32_t run = t->run[m->all[first].fact];

    for (uint32_t i = first + 1; i != 0; i = m->all[i - 1].next) {
        if (t->run[m->all[i - 1].fact] != run)
            return false;
    }
    return true;
}

static void say_technique(as_teller *t, const mentions *m, uint32_t first)
{
    as_sentence head = {.fact = AS_NO_FACT, .process = AS_NO_FACT};
    as_render r = as_say_render(t, m->all[first].fact, NULL);

    as_buf_reset(&t->text);
    if (of_one_run(t, m, first))
        as_say_run_of(&r, &r.fact, 1);
    put_technique(&r, as_facts_text(t->facts, m->all[first].technique));
    put_aside(&r, first_text(t, m, first, AS_ATTR_NAME), first_text(t, m, first, AS_ATTR_TACTIC));
    head.folded = put_signatures(&r, m, first);
    as_put_stop(&r);
    for (uint32_t i = first + 1; i != 0; i = m->all[i - 1].next)
        as_say_use(t, m->all[i - 1].fact);
    if (t->used.n == sizeof(uint32_t))
        head.fact = m->all[first].fact;
    as_say_close(t, head, false);
}

static void say_techniques(as_teller *t)
{
    mentions m = {0};
    as_code rc = find_mentions(t, &m);

    as_say_fail(t, rc);
    for (size_t i = 0; !t->rc && i < m.n_techniques; i++)
        say_technique(t, &m, m.first[i]);
}

void as_say_detections(as_teller *t)
{
    say_signatures(t);
    say_techniques(t);
}

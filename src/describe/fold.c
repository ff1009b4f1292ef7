#include "describe/describe_priv.h"

#include <string.h>

#include "base/banned.h"

#define MOST_SHOWN    3
#define MOST_SHARE    5 /* a group below a fifth of all is not what most of them are */
#define KEY_STEPS     3 /* of a registry key: hive and two keys */
#define EXTENSION_MAX 10
#define ALIKE_MAX     20000 /* of more it is not counted what reads alike */
#define DIR_MIN       5     /* facts that a common directory is worth telling for */

/* --- what is shown ---------------------------------------------------------------- */

static bool ends_with_any(as_bytes path, const char *const *tails, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (as_bytes_ends_nocase(path, tails[i]))
            return true;
    }
    return false;
}

/* Smaller is shown earlier: what starts by itself, what runs, what is read as a script. */
static unsigned path_rank(as_bytes path)
{
    static const char *const programs[] = {".exe", ".dll", ".sys", ".scr", ".com", ".cpl", ".ocx"};
    static const char *const scripts[] = {".ps1", ".vbs", ".vbe", ".js",  ".jse", ".bat", ".cmd",
                                          ".hta", ".lnk", ".wsf", ".jar", ".py",  ".url"};

    if (as_bytes_has_nocase(path, "\\start menu\\programs\\startup") ||
        as_bytes_has_nocase(path, "\\currentversion\\run"))
        return 0;
    if (ends_with_any(path, programs, AS_COUNT(programs)))
        return 1;
    return ends_with_any(path, scripts, AS_COUNT(scripts)) ? 2 : 3;
}

static const as_say_row *row_of(const as_teller *t, uint32_t fact)
{
    return as_say_row_get((as_kind)as_facts_get(t->facts, fact)->kind);
}

static as_bytes identity_of(const as_teller *t, uint32_t fact)
{
    as_kind kind = (as_kind)as_facts_get(t->facts, fact)->kind;

    return as_teller_text(t, fact, as_kind_get(kind)->ident);
}

static bool rank_is_used(const as_teller *t, uint32_t fact)
{
    as_kind kind = (as_kind)as_facts_get(t->facts, fact)->kind;

    return kind == AS_KIND_MARK || kind == AS_KIND_API_USE ||
           (row_of(t, fact)->flags & AS_SAY_PATHS);
}

/* Of marks, what a signature saw says more than where; of functions, the busiest come first. */
static unsigned rank_of(const as_teller *t, uint32_t fact)
{
    uint64_t n;

    switch ((int)as_facts_get(t->facts, fact)->kind) {
    case AS_KIND_MARK:
        return as_teller_text(t, fact, AS_ATTR_CALL_ID).n > 0 ||
               as_teller_text(t, fact, AS_ATTR_API).n > 0;
    case AS_KIND_API_USE:
        n = as_teller_u64(t, fact, AS_ATTR_COUNT);
        return n > UINT32_MAX ? 0 : UINT32_MAX - (unsigned)n;
    default:
        return path_rank(identity_of(t, fact));
    }
}

/* Puts `fact` where its rank belongs among the shown ones; equals keep their order. */
static void show(as_fold *fold, unsigned *ranks, uint32_t fact, unsigned rank, size_t max)
{
    size_t at = fold->n_shown;

    while (at > 0 && ranks[at - 1] > rank)
        at--;
    if (at == max)
        return;
    if (fold->n_shown < max)
        fold->n_shown++;
    for (size_t i = fold->n_shown - 1; i > at; i--) {
        fold->shown[i] = fold->shown[i - 1];
        ranks[i] = ranks[i - 1];
    }
    fold->shown[at] = fact;
    ranks[at] = rank;
}

static bool is_feature(const as_teller *t, uint32_t fact)
{
    uint16_t kind = as_facts_get(t->facts, fact)->kind;

    return kind == AS_KIND_CAPABILITY_FEATURE || kind == AS_KIND_MBC;
}

/* A rule rests on one feature in many places, many rules on one behaviour: shown once. */
static bool feature_is_shown(const as_teller *t, const as_fold *fold, uint32_t fact)
{
    static const as_attr_name said[] = {AS_ATTR_TYPE, AS_ATTR_VALUE, AS_ATTR_CONTENT, AS_ATTR_ID,
                                        AS_ATTR_METHOD};

    for (size_t i = 0; i < fold->n_shown; i++) {
        size_t same = 0;

        while (same < AS_COUNT(said) && as_bytes_eq(as_teller_text(t, fact, said[same]),
                                                    as_teller_text(t, fold->shown[i], said[same])))
            same++;
        if (same == AS_COUNT(said))
            return true;
    }
    return false;
}

/* Where the shown one that reads as the fact does stands, or n_shown. */
static size_t find_alike(const as_teller *t, const as_template *tpl, const as_fold *fold,
                         uint32_t fact)
{
    size_t i = 0;

    while (i < fold->n_shown && !as_template_alike(t, tpl, fold->shown[i], fact))
        i++;
    return i;
}

static bool is_shown(const as_teller *t, const as_template *tpl, const as_fold *fold, uint32_t fact)
{
    if (is_feature(t, fact))
        return feature_is_shown(t, fold, fact);
    return tpl && find_alike(t, tpl, fold, fact) < fold->n_shown;
}

static void choose_shown(const as_teller *t, const as_template *tpl, as_fold *fold)
{
    bool wide = row_of(t, fold->facts[0])->flags & AS_SAY_WIDE;
    bool few = fold->n_things <= (wide ? AS_SAY_WIDE_MAX : AS_SAY_LIST_MAX);
    size_t max = few ? fold->n_things : wide ? AS_SAY_WIDE_MAX : AS_SAY_SHOWN;
    bool busiest = as_facts_get(t->facts, fold->facts[0])->kind == AS_KIND_API_USE;
    bool ranked = busiest || (rank_is_used(t, fold->facts[0]) && !few);
    unsigned ranks[AS_SAY_WIDE_MAX] = {0};

    for (size_t i = 0; i < fold->n; i++) {
        uint32_t fact = fold->facts[i];

        if (!ranked && fold->n_shown == max)
            break;
        if (!is_shown(t, tpl, fold, fact))
            show(fold, ranks, fact, ranked ? rank_of(t, fact) : 0, max);
    }
}

/* --- what most of them are ------------------------------------------------------------ */

/* Of "libc.so.6" it is ".so.6": a number alone is none. */
static as_bytes extension_of(as_bytes path)
{
    bool digits = true;

    for (size_t i = path.n; i-- > 0 && path.n - i <= EXTENSION_MAX;) {
        if (path.p[i] == '\\' || path.p[i] == '/')
            break;
        if (path.p[i] == '.' && !digits)
            return (as_bytes){path.p + i, path.n - i};
        digits &= path.p[i] == '.' || (path.p[i] >= '0' && path.p[i] <= '9');
    }
    return (as_bytes){0};
}

static as_bytes key_of(as_bytes key)
{
    unsigned steps = 0;

    for (size_t i = 0; i < key.n; i++) {
        if (key.p[i] == '\\' && ++steps == KEY_STEPS)
            return (as_bytes){key.p, i};
    }
    return key;
}

typedef struct group {
    as_bytes a, b; /* b: of AS_MOST_ATTRS */
    uint64_t n;
} group;

/* Functions count as often as they were called. */
static uint64_t weight_of(const as_teller *t, uint32_t fact)
{
    bool counted = as_facts_get(t->facts, fact)->kind == AS_KIND_API_USE;

    return counted ? as_teller_u64(t, fact, AS_ATTR_COUNT) : 1;
}

static group group_of(const as_teller *t, const as_say_row *row, uint32_t fact)
{
    as_bytes id = identity_of(t, fact);

    switch (row->most) {
    case AS_MOST_EXTENSION:
        return (group){extension_of(id), {0}, 0};
    case AS_MOST_KEY:
        return (group){key_of(id), {0}, 0};
    default:
        return (group){as_teller_text(t, fact, row->most_by[0]),
                       row->most_by[1] ? as_teller_text(t, fact, row->most_by[1]) : (as_bytes){0},
                       0};
    }
}

static bool same_group(const void *ctx, uint32_t value, const void *key)
{
    const group *have = (const group *)ctx + value, *want = key;

    return as_bytes_eq_nocase(have->a, want->a) && as_bytes_eq(have->b, want->b);
}

/* Case is folded in what is compared, so it must be in what is hashed. */
static uint64_t hash_group(const group *g)
{
    uint8_t low[256];
    size_t n = g->a.n < sizeof(low) ? g->a.n : sizeof(low);

    for (size_t i = 0; i < n; i++)
        low[i] = g->a.p[i] >= 'A' && g->a.p[i] <= 'Z' ? (uint8_t)(g->a.p[i] | 0x20) : g->a.p[i];
    return as_hash64(g->b, as_hash64((as_bytes){low, n}, g->a.n));
}

static as_code count_groups(const as_teller *t, const as_fold *fold, group *groups, size_t *ret_n)
{
    const as_say_row *row = row_of(t, fold->things[0]);
    size_t n = 0;
    as_map map;
    as_code rc = as_map_init(&map, fold->n_things, same_group, groups);

    if (rc)
        return rc;
    for (size_t i = 0; i < fold->n_things; i++) {
        group g = group_of(t, row, fold->things[i]);
        uint32_t *slot;

        if (g.a.n == 0)
            continue;
        slot = as_map_slot(&map, hash_group(&g), &g);
        if (*slot == AS_NO_FACT) {
            *slot = (uint32_t)n;
            groups[n++] = g;
        }
        groups[*slot].n += weight_of(t, fold->things[i]);
    }
    as_map_done(&map);
    *ret_n = n;
    return AS_OK;
}

static void put_group(as_render *r, const group *g)
{
    bool zh = r->t->options.lang == AS_LANG_ZH;
    const as_say_row *row = row_of(r->t, r->fact);
    const char *unit = row->kind == AS_KIND_API_USE ? "次" : row->unit;

    as_put_value(r, g->a);
    if (g->b.n > 0) {
        as_buf_byte(r->out, ' ');
        as_put_value(r, g->b);
    }
    as_put_text(r, zh ? AS_LITERAL("（") : AS_LITERAL(" ("));
    as_put_number(r, g->n);
    if (zh)
        as_put_text(r, as_bytes_of(unit ? unit : "个"));
    as_put_text(r, zh ? AS_LITERAL("）") : AS_LITERAL(")"));
}

/* The largest groups, if any is large enough to be worth telling. */
static void put_most(as_render *r, group *groups, size_t n, uint64_t total)
{
    for (size_t shown = 0; shown < MOST_SHOWN; shown++) {
        group *best = NULL;

        for (size_t i = 0; i < n; i++) {
            if (groups[i].n > total / MOST_SHARE && (!best || groups[i].n > best->n))
                best = &groups[i];
        }
        if (!best)
            break;
        if (shown > 0)
            as_buf_text(r->out, r->t->options.lang == AS_LANG_ZH ? "、" : ", ");
        put_group(r, best);
        best->n = 0;
    }
}

static as_code find_most(as_teller *t, as_fold *fold)
{
    as_buf out = {0};
    as_render r = as_say_render(t, fold->facts[0], NULL);
    group *groups = as_mem_get(fold->n_things * sizeof(*groups));
    uint64_t total = 0;
    size_t n = 0;
    as_code rc = groups ? count_groups(t, fold, groups, &n) : AS_NOMEM;

    r.out = &out;
    for (size_t i = 0; i < fold->n_things; i++)
        total += weight_of(t, fold->things[i]);
    if (!rc && n > 0 && n < fold->n_things)
        put_most(&r, groups, n, total);
    if (!rc)
        rc = out.failed ? AS_NOMEM : as_arena_copy(t->arena, as_buf_bytes(&out), &fold->most);
    as_mem_free(groups);
    as_buf_done(&out);
    return rc;
}

/* Length of the path up to the last separator within its first `n` bytes. */
static size_t dir_end(as_bytes path, size_t n)
{
    while (n > 0 && path.p[n - 1] != '\\' && path.p[n - 1] != '/')
        n--;
    return n;
}

static as_code find_dir(as_teller *t, as_fold *fold)
{
    as_bytes common = identity_of(t, fold->facts[0]);
    as_buf out = {0};
    as_render r = as_say_render(t, fold->facts[0], NULL);
    as_code rc;

    for (size_t i = 0; i < fold->n && common.n > 0; i++) {
        as_bytes path = identity_of(t, fold->facts[i]);
        size_t k = 0;

        while (k < common.n && k < path.n && common.p[k] == path.p[k])
            k++;
        common.n = k;
    }
    common.n = dir_end(common, common.n);
    if (common.n <= sizeof("C:\\") || fold->n < DIR_MIN)
        return AS_OK;
    common.n--;
    r.out = &out;
    as_put_value(&r, common);
    rc = out.failed ? AS_NOMEM : as_arena_copy(t->arena, as_buf_bytes(&out), &fold->dir);
    as_buf_done(&out);
    return rc;
}

typedef struct things {
    const as_teller *t;
    const as_template *tpl;
    const uint32_t *facts;
} things;

static bool same_thing(const void *ctx, uint32_t value, const void *key)
{
    const things *c = ctx;

    return as_template_alike(c->t, c->tpl, c->facts[value], *(const uint32_t *)key);
}

/* A file that two processes read is one file. */
static as_code find_things(as_teller *t, const as_template *tpl, as_fold *fold)
{
    things ctx = {t, tpl, fold->facts};
    uint32_t *first = as_arena_take(t->arena, fold->n, sizeof(*first));
    as_map map;
    size_t n = 0;

    if (!first || as_map_init(&map, fold->n, same_thing, &ctx))
        return AS_NOMEM;
    for (size_t i = 0; i < fold->n; i++) {
        uint32_t *slot =
            as_map_slot(&map, as_hash64(identity_of(t, fold->facts[i]), 0), &fold->facts[i]);

        if (*slot != AS_NO_FACT)
            continue;
        *slot = (uint32_t)i;
        first[n++] = fold->facts[i];
    }
    as_map_done(&map);
    fold->things = first;
    fold->n_things = n;
    return AS_OK;
}

static void count_alike(const as_teller *t, const as_template *tpl, as_fold *fold)
{
    for (size_t i = 0; i < fold->n; i++) {
        size_t at = find_alike(t, tpl, fold, fold->facts[i]);

        if (at == fold->n_shown)
            continue;
        fold->n_left -= fold->alike[at] > 0;
        fold->alike[at]++;
    }
}

void as_fold_init(as_teller *t, as_fold *fold, const uint32_t *facts, size_t n)
{
    const as_template *tpl =
        as_say_form(t, (as_kind)as_facts_get(t->facts, facts[0])->kind, AS_SAY_ITEM);

    *fold = (as_fold){.facts = facts, .n = n, .things = facts, .n_things = n};
    if (tpl && (row_of(t, facts[0])->flags & AS_SAY_THINGS))
        as_say_fail(t, find_things(t, tpl, fold));
    choose_shown(t, tpl, fold);
    fold->n_left = n - fold->n_shown;
    if (tpl && !is_feature(t, facts[0]) && n <= ALIKE_MAX)
        count_alike(t, tpl, fold);
    if (fold->things != facts)
        fold->n_left = fold->n_things - fold->n_shown;
}

/* --- telling a fold --------------------------------------------------------------------- */

static void put_item(as_render *outer, uint32_t fact)
{
    as_teller *t = outer->t;
    as_kind kind = (as_kind)as_facts_get(t->facts, fact)->kind;
    const as_template *tpl = as_say_form(t, kind, AS_SAY_ITEM);
    as_render r = as_say_render(t, fact, NULL);
    size_t at = outer->out->n;

    r.out = outer->out;
    if (tpl)
        as_template_run(&r, tpl);
    if (outer->out->n == at)
        as_put_rest(&r);
    as_put_times(&r);
}

static void put_alike(as_render *r, size_t n)
{
    bool zh = r->t->options.lang == AS_LANG_ZH;

    as_put_text(r, zh ? AS_LITERAL("（共") : AS_LITERAL(" ("));
    as_put_number(r, n);
    as_put_text(r, zh ? AS_LITERAL("次）") : AS_LITERAL(" times)"));
}

static const char *between(const as_fold *fold, const as_teller *t, size_t i)
{
    bool last = i + 1 == fold->n_shown && fold->n_left == 0; /* of a whole list */
    bool is_long = row_of(t, fold->facts[0])->flags & AS_SAY_LONG;

    if (t->options.lang == AS_LANG_ZH)
        return is_long ? "；" : "、";
    if (!last)
        return is_long ? "; " : ", ";
    return is_long ? "; and " : fold->n_shown == 2 ? " and " : ", and ";
}

void as_put_items(as_render *r, const as_fold *fold)
{
    const as_teller *t = r->t;
    bool zh = t->options.lang == AS_LANG_ZH;
    const char *unit = row_of(t, fold->facts[0])->unit;

    for (size_t i = 0; i < fold->n_shown; i++) {
        if (i > 0)
            as_put_text(r, as_bytes_of(between(fold, t, i)));
        put_item(r, fold->shown[i]);
        if (fold->alike[i] > 1)
            put_alike(r, fold->alike[i]);
    }
    if (fold->n_left == 0)
        return;
    as_put_text(r, zh ? AS_LITERAL("，另有") : AS_LITERAL(", and "));
    as_put_number(r, fold->n_left);
    as_put_text(r, zh ? as_bytes_of(unit ? unit : "个") : AS_LITERAL(" more"));
}

/* For facts that no fold template fits: "3 more: a, b, c". */
static void put_list(as_render *r, as_kind kind)
{
    bool zh = r->t->options.lang == AS_LANG_ZH;
    const char *unit = as_say_row_get(kind)->unit;

    as_put_text(r, zh ? AS_LITERAL("另有") : AS_LITERAL("Further "));
    if (!zh) {
        as_put_text(r, as_kind_noun(r->t, kind));
        as_put_text(r, AS_LITERAL(" ("));
    }
    as_put_number(r, r->fold->n);
    if (zh) {
        as_put_text(r, as_bytes_of(unit ? unit : "个"));
        as_put_text(r, as_kind_noun(r->t, kind));
    }
    as_put_text(r, zh ? AS_LITERAL("：") : AS_LITERAL("): "));
    as_put_items(r, r->fold);
}

static void close_fold(as_teller *t, as_render *r, const uint32_t *facts, size_t n)
{
    as_sentence head = {.fact = AS_NO_FACT, .process = as_render_actor(r)};
    size_t parts = 0;

    for (size_t i = 0; i < n; i++) {
        as_emphasis w = as_say_weight(t, facts[i]);

        head.weight = w > head.weight ? w : head.weight;
        as_say_use(t, facts[i]);
    }
    if (row_of(t, facts[0])->flags & AS_SAY_TAILED)
        as_say_tails(t, facts, n, &parts);
    else
        parts = as_say_use_parts(t, facts, n);
    as_put_stop(r);
    head.folded = parts + (r->shows_items ? n - r->fold->n_shown : 0);
    as_say_close(t, head, false);
}

/* One sentence for all of them, by the kind's fold template if `tpl`. */
static void say_many(as_teller *t, const uint32_t *facts, size_t n, const as_template *tpl)
{
    as_kind kind = (as_kind)as_facts_get(t->facts, facts[0])->kind;
    as_fold fold;
    as_render r = as_say_render(t, facts[0], &fold);

    r.shows_items = !tpl || tpl->has_items;
    as_buf_reset(&t->text);
    as_fold_init(t, &fold, facts, n);
    /* A list that tells all needs no word on what most of them are. */
    if (tpl && !t->rc && tpl->has_most && (fold.n_left > 0 || !tpl->has_items))
        as_say_fail(t, find_most(t, &fold));
    if (tpl && !t->rc && tpl->has_dir)
        as_say_fail(t, find_dir(t, &fold));
    as_say_run_of(&r, facts, n);
    if (tpl)
        as_template_run(&r, tpl);
    else
        put_list(&r, kind);
    close_fold(t, &r, facts, n);
}

void as_say_fold(as_teller *t, const uint32_t *facts, size_t n)
{
    as_kind kind;

    if (n == 0 || t->rc)
        return;
    kind = (as_kind)as_facts_get(t->facts, facts[0])->kind;
    if (n == 1)
        as_say_one(t, facts[0]);
    else
        say_many(t, facts, n, as_say_form(t, kind, AS_SAY_FOLD));
}

/* --- grouping ---------------------------------------------------------------------------- */

typedef struct grouper {
    const as_teller *t;
    const as_say_row *row;
    uint32_t *next; /* of the same group, by position */
    const uint32_t *facts;
    size_t n;
} grouper;

typedef struct group_key {
    uint32_t process, owner, run;
    as_str attrs[3];
} group_key;

static group_key key_of_fact(const as_teller *t, const as_say_row *row, uint32_t fact)
{
    group_key k = {AS_NO_FACT, AS_NO_FACT, t->run[fact], {0}};
    const as_fact *f = as_facts_get(t->facts, fact);
    as_value v;

    if (row->flags & AS_SAY_BY_PROCESS)
        k.process = t->actor[fact];
    if (row->flags & AS_SAY_BY_OWNER)
        k.owner = t->owner[fact];
    if (row->flags & AS_SAY_MERGE)
        k.owner = fact; /* one of its own, unless the group attribute says otherwise */
    for (size_t i = 0; i < row->n_group; i++) {
        if (as_fact_attr(t->facts, f, row->group[i], &v))
            k.attrs[i] = v.str;
        if (k.attrs[i] != 0 && (row->flags & AS_SAY_MERGE))
            k.owner = AS_NO_FACT;
    }
    return k;
}

static bool same_key(const void *ctx, uint32_t value, const void *key)
{
    const grouper *g = ctx;
    group_key have = key_of_fact(g->t, g->row, g->facts[value]);

    return memcmp(&have, key, sizeof(have)) == 0;
}

/* Sorts facts[] so that groups lie together, in the order of their first members;
 * sizes[] gets the size of each. */
static as_code sort_groups(grouper *g, uint32_t *sorted, uint32_t *group_no, uint32_t *sizes,
                           size_t *ret_n)
{
    as_map map;
    as_code rc = as_map_init(&map, g->n, same_key, g);
    size_t n = 0, at = 0;

    if (rc)
        return rc;
    for (size_t i = 0; i < g->n; i++) {
        group_key k = key_of_fact(g->t, g->row, g->facts[i]);
        uint32_t *slot =
            as_map_slot(&map, as_hash64((as_bytes){(const uint8_t *)&k, sizeof(k)}, 0), &k);

        if (*slot == AS_NO_FACT) {
            *slot = (uint32_t)i;
            sizes[n] = 0;
            group_no[i] = (uint32_t)n++;
        }
        group_no[i] = group_no[*slot];
        sizes[group_no[i]]++;
    }
    as_map_done(&map);
    for (size_t i = 0; i < n; i++) { /* g->next: where each group goes on */
        g->next[i] = (uint32_t)at;
        at += sizes[i];
    }
    for (size_t i = 0; i < g->n; i++)
        sorted[g->next[group_no[i]]++] = g->facts[i];
    *ret_n = n;
    return AS_OK;
}

static void say_rest(as_teller *t, const uint32_t *facts, size_t n)
{
    if (n == 1)
        as_say_one(t, facts[0]);
    else if (n > 1 && !t->rc)
        say_many(t, facts, n, NULL);
}

static void say_each(as_teller *t, const uint32_t *facts, size_t n)
{
    size_t at = 0;

    while (at < n && at < AS_SAY_EACH_MAX)
        as_say_one(t, facts[at++]);
    say_rest(t, facts + at, n - at);
}

static void say_group(as_teller *t, const as_say_row *row, const uint32_t *facts, size_t n)
{
    uint32_t owner = t->owner[facts[0]];

    if ((row->flags & AS_SAY_MERGE) && n > 1)
        as_say_merged(t, facts, n);
    else if ((row->flags & AS_SAY_SAMPLE) &&
             (owner == AS_NO_FACT || as_teller_is(t, owner, AS_KIND_SAMPLE)))
        say_each(t, facts, n);
    else
        as_say_fold(t, facts, n);
}

static void say_groups(as_teller *t, const as_say_row *row, const uint32_t *facts, size_t n)
{
    uint32_t *room = as_mem_get(4 * n * sizeof(*room));
    uint32_t *sorted = room, *sizes;
    grouper g = {t, row, NULL, facts, n};
    size_t groups = 0, at = 0;
    as_code rc = AS_NOMEM;

    if (room) {
        sizes = room + 2 * n;
        g.next = room + 3 * n;
        rc = sort_groups(&g, sorted, room + n, sizes, &groups);
        for (size_t i = 0; !rc && i < groups && i < AS_SAY_EACH_MAX; i++) {
            say_group(t, row, sorted + at, sizes[i]);
            at += sizes[i];
        }
        if (!rc)
            say_rest(t, sorted + at, n - at);
    }
    as_say_fail(t, rc);
    as_mem_free(room);
}

void as_say_list(as_teller *t, as_kind kind, const uint32_t *facts, size_t n)
{
    const as_say_row *row = as_say_row_get(kind);

    if (n == 0 || t->rc)
        return;
    if (row->flags & AS_SAY_EACH) {
        say_each(t, facts, n);
    } else if (row->n_group > 0 || t->many_runs ||
               (row->flags & (AS_SAY_BY_PROCESS | AS_SAY_BY_OWNER))) {
        say_groups(t, row, facts, n);
    } else {
        as_say_fold(t, facts, n);
    }
}

/*
 * What a process set off is told with the process, what a rule matched with the rule, a
 * part of a part with the latter.
 */
static bool waits(const as_teller *t, as_kind kind, uint32_t fact)
{
    uint32_t parent = as_teller_parent(t, fact);

    if (parent == AS_NO_FACT || t->covered[parent])
        return false;
    if (kind == AS_KIND_MARK &&
        (as_teller_is(t, parent, AS_KIND_PROCESS) || as_teller_is(t, parent, AS_KIND_SIGMA)))
        return true;
    return as_teller_is(t, parent, kind) && as_say_row_get(kind)->form[AS_SAY_TAIL][0];
}

static void say_untold(as_teller *t, as_kind kind, bool waiting_too)
{
    as_buf left = {0};
    size_t n;

    for (size_t i = t->list_at[kind]; i < t->list_at[kind + 1]; i++) {
        uint32_t fact = t->list[i];

        if (!t->covered[fact] && (waiting_too || !waits(t, kind, fact)))
            as_buf_add(&left, (as_bytes){(const uint8_t *)&fact, sizeof(fact)});
    }
    n = left.n / sizeof(uint32_t);
    if (left.failed)
        as_say_fail(t, AS_NOMEM);
    else
        as_say_list(t, kind, (const uint32_t *)(const void *)left.p, n);
    as_buf_done(&left);
}

/* Those that no sentence has told yet; the marks of processes wait for their section. */
void as_say_kind(as_teller *t, as_kind kind)
{
    say_untold(t, kind, false);
    if (kind != AS_KIND_MARK || t->processes_told)
        say_untold(t, kind, true);
}

#include "describe/describe_priv.h"

#include <string.h>

#include "base/banned.h"

void as_say_fail(as_teller *t, as_code rc)
{
    if (!t->rc)
        t->rc = rc;
}

const as_template *as_say_form(as_teller *t, as_kind kind, as_form_of form)
{
    const as_say_row *row = as_say_row_get(kind);
    as_template *tpl = &t->forms[kind][form];
    const char *text = row->form[form][t->options.lang];

    if (!text)
        text = row->form[form][AS_LANG_EN];
    if (!text)
        return NULL;
    if (!tpl->ready) {
        as_code rc = as_template_compile(t->arena, as_bytes_of(text), tpl);

        if (rc) {
            as_say_fail(t, rc);
            return NULL;
        }
    }
    return tpl;
}

as_render as_say_render(as_teller *t, uint32_t fact, const as_fold *fold)
{
    return (as_render){.t = t, .out = &t->text, .fact = fact, .fold = fold, .max = AS_SAY_CUT};
}

void as_say_run_of(as_render *r, const uint32_t *facts, size_t n)
{
    const as_teller *t = r->t;
    uint32_t run = t->many_runs ? t->run[facts[0]] : AS_NO_FACT;
    bool zh = t->options.lang == AS_LANG_ZH;
    as_bytes name, id;

    for (size_t i = 1; i < n; i++) {
        if (t->run[facts[i]] != run)
            return;
    }
    if (run == AS_NO_FACT)
        return;
    name = as_run_name(t, run);
    id = as_teller_text(t, run, AS_ATTR_ID);
    if (name.n == 0)
        return;
    as_put_value(r, name);
    if (t->like_runs && id.n > 0 && !as_bytes_eq(id, name)) {
        as_put_text(r, zh ? AS_LITERAL("（") : AS_LITERAL(" ("));
        as_put_value(r, id);
        as_put_text(r, zh ? AS_LITERAL("）") : AS_LITERAL(")"));
    }
    as_put_text(r, zh ? AS_LITERAL("：") : AS_LITERAL(": "));
}

void as_say_use(as_teller *t, uint32_t fact)
{
    as_buf_add(&t->used, (as_bytes){(const uint8_t *)&fact, sizeof(fact)});
    t->covered[fact] = 1;
}

/* Parts of parts: a mark's own values. Deeper ones are told by their kind. */
#define PARTS_DEPTH 4

/* A part that is told behind what it belongs to; behind a process it has its own sentence. */
static bool is_tail(const as_teller *t, uint32_t fact, uint32_t part)
{
    /* A function stands behind its library, a library not behind the PE header. */
    if (as_teller_is(t, part, AS_KIND_PE_IMPORT) && !as_teller_is(t, fact, AS_KIND_PE_IMPORT))
        return false;
    return !t->covered[part] && !as_teller_acts(t, fact) &&
           as_say_row_get((as_kind)as_facts_get(t->facts, part)->kind)->form[AS_SAY_TAIL][0];
}

/* Appends the parts of `fact` that are told behind it, and theirs. */
static void find_parts(const as_teller *t, uint32_t fact, unsigned depth, as_buf *parts)
{
    for (uint32_t i = t->child[fact]; depth > 0 && i != AS_NO_FACT; i = t->sibling[i]) {
        if (!is_tail(t, fact, i))
            continue;
        as_buf_add(parts, (as_bytes){(const uint8_t *)&i, sizeof(i)});
        find_parts(t, i, depth - 1, parts);
    }
}

size_t as_say_use_parts(as_teller *t, const uint32_t *facts, size_t n)
{
    as_buf parts = {0};

    for (size_t i = 0; i < n; i++)
        find_parts(t, facts[i], PARTS_DEPTH, &parts);
    n = parts.n / sizeof(*facts);
    for (size_t i = 0; i < n; i++)
        as_say_use(t, ((const uint32_t *)(const void *)parts.p)[i]);
    if (parts.failed)
        as_say_fail(t, AS_NOMEM);
    as_buf_done(&parts);
    return n;
}

static as_kind kind_of(const as_teller *t, uint32_t fact)
{
    return (as_kind)as_facts_get(t->facts, fact)->kind;
}

/* The fact with every attribute, uncut: what `full` promises. */
static void put_whole(as_teller *t, uint32_t fact, bool with_actor)
{
    const as_template *tpl = as_say_form(t, kind_of(t, fact), AS_SAY_ITEM);
    as_render r = as_say_render(t, fact, NULL);

    r.out = &t->item;
    r.max = SIZE_MAX;
    if (tpl)
        as_template_run(&r, tpl);
    as_put_rest(&r);
    if (!with_actor || t->actor[fact] == AS_NO_FACT)
        return;
    as_put_text(&r,
                t->options.lang == AS_LANG_ZH ? AS_LITERAL("；进程：") : AS_LITERAL("; process: "));
    as_put_process(&r, t->actor[fact]);
}

static as_code make_items(as_teller *t, as_sentence *s)
{
    as_item *items = as_arena_take(t->arena, s->n_facts, sizeof(*items));

    if (!items)
        return AS_NOMEM;
    for (size_t i = 0; i < s->n_facts; i++) {
        as_code rc;

        as_buf_reset(&t->item);
        put_whole(t, s->facts[i], s->process == AS_NO_FACT);
        rc = t->item.failed ? AS_NOMEM : AS_OK;
        if (!rc)
            rc = as_arena_copy(t->arena, as_buf_bytes(&t->item), &items[i].text);
        if (rc)
            return rc;
        items[i].fact = s->facts[i];
    }
    s->items = items;
    s->n_items = s->n_facts;
    return AS_OK;
}

/* The name of a tool is written as the tool writes it. */
static bool begins_with_tool(const as_teller *t)
{
    for (size_t i = 0; i < as_analysis_n_parts(t->analysis); i++) {
        const char *tool = as_analysis_part_get(t->analysis, i)->tool;
        size_t n = strlen(tool);

        if (t->text.n > n && !memcmp(t->text.p, tool, n))
            return true;
    }
    return false;
}

static void capitalise(const as_teller *t)
{
    uint8_t *p = t->text.p;

    if (begins_with_tool(t))
        return;
    if (t->options.lang == AS_LANG_EN && t->text.n > 0 && p[0] >= 'a' && p[0] <= 'z')
        p[0] = (uint8_t)(p[0] - 'a' + 'A');
}

static as_code close_sentence(as_teller *t, as_sentence *s, bool whole)
{
    as_bytes used = as_buf_bytes(&t->used);
    uint32_t *facts;
    as_code rc;

    if (t->text.failed || t->used.failed)
        return AS_NOMEM;
    capitalise(t);
    s->n_facts = used.n / sizeof(*facts);
    facts = as_arena_take(t->arena, s->n_facts, sizeof(*facts));
    if (!facts)
        return AS_NOMEM;
    if (used.n > 0)
        memcpy(facts, used.p, used.n);
    s->facts = facts;
    rc = as_arena_copy(t->arena, as_buf_bytes(&t->text), &s->text);
    if (!rc && t->options.full && !whole)
        rc = make_items(t, s);
    if (rc)
        return rc;
    as_buf_add(&t->sentences, (as_bytes){(const uint8_t *)s, sizeof(*s)});
    return t->sentences.failed ? AS_NOMEM : AS_OK;
}

void as_say_close(as_teller *t, as_sentence head, bool whole)
{
    if (!t->rc && t->text.n > 0)
        as_say_fail(t, close_sentence(t, &head, whole));
    as_buf_reset(&t->text);
    as_buf_reset(&t->used);
}

/* How grave the tool itself calls it. Suricata counts the other way: 1 is the gravest. */
static as_emphasis weight_of_level(as_bytes level)
{
    static const char *const names[] = {"low", "medium", "high", "critical"};
    static const as_emphasis weights[] = {AS_EMPHASIS_LOW, AS_EMPHASIS_MEDIUM, AS_EMPHASIS_HIGH,
                                          AS_EMPHASIS_HIGH};

    for (size_t i = 0; i < AS_COUNT(names); i++) {
        if (as_bytes_ends_nocase(level, names[i])) /* also "IMPACT_SEVERITY_HIGH" */
            return weights[i];
    }
    return AS_EMPHASIS_PLAIN;
}

static as_emphasis of_level(const as_teller *t, uint32_t fact)
{
    return weight_of_level(as_teller_text(t, fact, AS_ATTR_LEVEL));
}

as_emphasis as_say_weight(const as_teller *t, uint32_t fact)
{
    uint64_t n = as_teller_u64(t, fact, AS_ATTR_SEVERITY);

    switch ((int)kind_of(t, fact)) {
    case AS_KIND_SIGNATURE:
        return n > 2 ? AS_EMPHASIS_HIGH : n > 0 ? (as_emphasis)n : of_level(t, fact);
    case AS_KIND_IDS_ALERT:
        return n >= 1 && n <= 3 ? (as_emphasis)(4 - n) : of_level(t, fact);
    case AS_KIND_SIGMA:
        return of_level(t, fact);
    default:
        return AS_EMPHASIS_PLAIN;
    }
}

/* A part that says nothing itself and only holds what says it. */
static bool is_holder(const as_teller *t, uint32_t part)
{
    as_bytes id = as_teller_text(t, part, as_kind_get(kind_of(t, part))->ident);

    if (as_facts_get(t->facts, part)->n_attrs == 0)
        return true;
    return id.n == 0 && t->child[part] != AS_NO_FACT &&
           as_teller_text(t, part, AS_ATTR_VALUE).n == 0 &&
           as_teller_text(t, part, AS_ATTR_CALL_ID).n == 0 &&
           as_teller_text(t, part, AS_ATTR_API).n == 0;
}

/* An answer that came several times is one answer. */
static bool said_before(const as_teller *t, const uint32_t *parts, size_t n, uint32_t part)
{
    if (kind_of(t, part) != AS_KIND_DNS_ANSWER)
        return false;
    for (size_t i = n > 64 ? n - 64 : 0; i < n; i++) {
        if (as_bytes_eq(as_teller_text(t, parts[i], AS_ATTR_ANSWER),
                        as_teller_text(t, part, AS_ATTR_ANSWER)))
            return true;
    }
    return false;
}

/* One tail: the parts of one kind, behind what t->text says by now. */
static void put_tail(as_teller *t, as_kind kind, uint32_t *parts, size_t n, size_t *folded)
{
    const as_template *tpl = as_say_form(t, kind, AS_SAY_TAIL);
    size_t told = 0;
    as_fold fold;
    as_render r;

    for (size_t i = 0; i < n; i++) {
        as_say_use(t, parts[i]);
        if (!is_holder(t, parts[i]) && !said_before(t, parts, told, parts[i]))
            parts[told++] = parts[i];
    }
    if (!tpl || told == 0)
        return;
    as_fold_init(t, &fold, parts, told);
    r = as_say_render(t, parts[0], &fold);
    as_template_run(&r, tpl);
    *folded += tpl->has_items ? told - fold.n_shown : told;
}

/* Moves those of the first one's kind to the front, in order; returns their number. */
static size_t gather_kind(const as_teller *t, uint32_t *parts, size_t n, uint32_t *room)
{
    as_kind kind = kind_of(t, parts[0]);
    size_t same = 0, other = 0;

    for (size_t i = 0; i < n; i++) {
        if (kind_of(t, parts[i]) == kind)
            parts[same++] = parts[i];
        else
            room[other++] = parts[i];
    }
    memcpy(parts + same, room, other * sizeof(*room));
    return same;
}

/* Parts come by kind, each kind as one list. */
void as_say_tails(as_teller *t, const uint32_t *facts, size_t n_facts, size_t *folded)
{
    as_buf found = {0};
    uint32_t *parts, *room;
    size_t n, same;

    for (size_t i = 0; i < n_facts; i++)
        find_parts(t, facts[i], PARTS_DEPTH, &found);
    n = found.n / sizeof(*parts);
    if (n > 0) {
        room = (uint32_t *)(void *)as_buf_room(&found, found.n);
        parts = (uint32_t *)(void *)found.p;
        for (size_t at = 0; room && at < n; at += same) {
            same = gather_kind(t, parts + at, n - at, room);
            put_tail(t, kind_of(t, parts[at]), parts + at, same, folded);
        }
    }
    if (found.failed)
        as_say_fail(t, AS_NOMEM);
    as_buf_done(&found);
}

void as_put_stop(as_render *r)
{
    static const char *const stops[] = {".", "!", "?", "。", "！", "？"};
    as_bytes text = as_buf_bytes(r->out);

    while (text.n > 0 && text.p[text.n - 1] == AS_VALUE_CLOSE)
        text.n--;
    for (size_t i = 0; i < AS_COUNT(stops); i++) {
        if (as_bytes_ends_nocase(text, stops[i]))
            return;
    }
    as_put_text(r, r->t->options.lang == AS_LANG_ZH ? AS_LITERAL("。") : AS_LITERAL("."));
}

/* A template had nothing to say: the fact is told by its attributes alone. */
static void put_plainly(as_render *r)
{
    as_kind kind = kind_of(r->t, r->fact);

    as_put_text(r, as_kind_noun(r->t, kind));
    as_put_text(r, r->t->options.lang == AS_LANG_ZH ? AS_LITERAL("：") : AS_LITERAL(": "));
    as_put_rest(r);
}

const char *as_describe_noun(as_lang lang, as_kind kind)
{
    const char *noun = as_say_row_get(kind)->noun[lang];

    return noun ? noun : as_kind_get(kind)->name;
}

as_bytes as_kind_noun(const as_teller *t, as_kind kind)
{
    return as_bytes_of(as_describe_noun(t->options.lang, kind));
}

static as_sentence head_of(const as_teller *t, uint32_t fact)
{
    as_sentence s = {.weight = as_say_weight(t, fact), .fact = fact, .process = t->actor[fact]};

    if (as_teller_acts(t, fact))
        s.process = fact;
    return s;
}

static size_t attrs_of(const as_teller *t, uint32_t fact)
{
    return as_facts_get(t->facts, fact)->n_attrs;
}

/* The fact that says the most stands for all. */
void as_say_merged(as_teller *t, const uint32_t *facts, size_t n)
{
    const as_template *tpl = as_say_form(t, kind_of(t, facts[0]), AS_SAY_ONE);
    uint32_t best = facts[0];
    as_sentence head;
    as_render r;

    for (size_t i = 1; i < n; i++)
        best = attrs_of(t, facts[i]) > attrs_of(t, best) ? facts[i] : best;
    head = head_of(t, best);
    r = as_say_render(t, best, NULL);
    as_buf_reset(&t->text);
    as_say_run_of(&r, facts, n);
    if (tpl)
        as_template_run(&r, tpl);
    for (size_t i = 0; i < n; i++)
        as_say_use(t, facts[i]);
    as_say_tails(t, facts, n, &head.folded);
    as_put_stop(&r);
    as_say_close(t, head, false);
}

/* The next sentence of a fact, into the line. */
static bool next_line(as_render *r, const as_template *tpl, size_t *at)
{
    as_buf_reset(r->out);
    as_say_run_of(r, &r->fact, 1);
    return as_template_line(r, tpl, at);
}

void as_say_one(as_teller *t, uint32_t fact)
{
    const as_template *tpl = as_say_form(t, kind_of(t, fact), AS_SAY_ONE);
    as_render r = as_say_render(t, fact, NULL);
    as_sentence head = head_of(t, fact);
    size_t at = 0;

    as_buf_reset(&t->text);
    as_say_run_of(&r, &fact, 1);
    if (!tpl || !as_template_line(&r, tpl, &at))
        put_plainly(&r);
    r.out = &t->line;
    while (tpl && next_line(&r, tpl, &at)) {
        as_buf next = t->line;

        r.out = &t->text;
        as_put_stop(&r);
        r.out = &t->line;
        as_say_use(t, fact);
        as_say_close(t, head, true); /* what it lacks comes with the last one */
        t->line = t->text;
        t->text = next;
    }
    r.out = &t->text;
    as_put_times(&r);
    as_say_use(t, fact);
    as_say_tails(t, &fact, 1, &head.folded);
    as_put_stop(&r);
    as_say_close(t, head, t->used.n == sizeof(fact) && as_all_told(&r));
}

#include "describe/describe_priv.h"

#include <string.h>

#include "base/banned.h"

enum {
    OP_TEXT,
    OP_ATTR,
    OP_COUNT, /* {#attr} */
    OP_TRUE,
    OP_FALSE,
    OP_LACKS,
    OP_HAS,
    OP_SAME,
    OP_OTHER,
    OP_OPEN,
    OP_CLOSE,
    OP_LINE,
    OP_COMMA,
    OP_N,
    OP_ITEMS,
    OP_MOST,
    OP_DIR,
    OP_WHO,
    OP_PROCESS,
    OP_STARTER,
    OP_OWNER,
    OP_PARENT,
    OP_TOOL,
    OP_RUN,
    OP_FIELDS,
    OP_CALLED
};

static const struct word {
    const char *name;
    uint8_t op;
} words[] = {
    {"n", OP_N},           {"items", OP_ITEMS},     {"most", OP_MOST},   {"dir", OP_DIR},
    {"who", OP_WHO},       {"process", OP_PROCESS}, {"owner", OP_OWNER}, {"starter", OP_STARTER},
    {"parent", OP_PARENT}, {"tool", OP_TOOL},       {"run", OP_RUN},     {"fields", OP_FIELDS},
    {"called", OP_CALLED},
};

static as_bytes cut_at(as_bytes *rest, char sep)
{
    const uint8_t *at = rest->n > 0 ? memchr(rest->p, sep, rest->n) : NULL;
    as_bytes head = *rest;

    if (!at) {
        *rest = (as_bytes){rest->p + rest->n, 0};
        return head;
    }
    head.n = (size_t)(at - rest->p);
    *rest = (as_bytes){at + 1, rest->n - head.n - 1};
    return head;
}

static as_code find_attr(as_bytes name, as_attr_name *ret)
{
    for (unsigned i = 0; i < AS_ATTR_NAME_COUNT; i++) {
        if (as_bytes_is(name, as_attr_get((as_attr_name)i)->name)) {
            *ret = (as_attr_name)i;
            return AS_OK;
        }
    }
    return AS_INVALID;
}

static as_code compile_attrs(as_bytes names, as_op *op)
{
    while (names.n > 0) {
        as_bytes name = cut_at(&names, '|');
        as_code rc;

        if (op->n_attrs == AS_COUNT(op->attrs))
            return AS_INVALID;
        rc = find_attr(name, &op->attrs[op->n_attrs]);
        if (rc)
            return rc;
        op->n_attrs++;
    }
    return op->n_attrs > 0 ? AS_OK : AS_INVALID;
}

/* What stands between braces. */
static as_code compile_name(as_bytes inner, as_op *op)
{
    static const char marks[] = "#+-!?=/";
    static const uint8_t ops[] = {OP_COUNT, OP_TRUE, OP_FALSE, OP_LACKS, OP_HAS, OP_SAME, OP_OTHER};
    const char *mark = inner.n > 0 ? memchr(marks, inner.p[0], sizeof(marks) - 1) : NULL;
    as_bytes name;

    op->type = OP_ATTR;
    if (mark) {
        op->type = ops[mark - marks];
        inner.p++;
        inner.n--;
    }
    name = cut_at(&inner, ':');
    op->one = cut_at(&inner, ':');
    op->many = inner;
    for (size_t i = 0; i < AS_COUNT(words); i++) {
        if (as_bytes_is(name, words[i].name)) {
            if (op->type == OP_LACKS)
                op->end = words[i].op; /* {!starter}: the op whose lack is meant */
            else
                op->type = words[i].op;
            return AS_OK;
        }
    }
    return compile_attrs(name, op);
}

/* What one character means, or OP_TEXT. */
static uint8_t single_op(uint8_t c)
{
    switch (c) {
    case '[':
        return OP_OPEN;
    case ']':
        return OP_CLOSE;
    case '\n':
        return OP_LINE;
    case '~':
        return OP_COMMA;
    default:
        return OP_TEXT;
    }
}

static as_code compile_one(as_bytes *text, as_op *op)
{
    size_t n = 0;

    *op = (as_op){0};
    if (text->p[0] == '{') {
        (void)cut_at(text, '{');
        return compile_name(cut_at(text, '}'), op);
    }
    op->type = single_op(text->p[0]);
    if (op->type != OP_TEXT) {
        n = 1;
    } else {
        while (n < text->n && text->p[n] != '{' && single_op(text->p[n]) == OP_TEXT)
            n++;
        op->text = (as_bytes){text->p, n};
    }
    text->p += n;
    text->n -= n;
    return AS_OK;
}

/* Tells each part where it ends; parts do not nest. */
static as_code close_parts(as_op *ops, size_t n)
{
    size_t open = SIZE_MAX;

    for (size_t i = 0; i < n; i++) {
        if (ops[i].type == OP_OPEN) {
            if (open != SIZE_MAX)
                return AS_INVALID;
            open = i;
        } else if (ops[i].type == OP_CLOSE) {
            if (open == SIZE_MAX)
                return AS_INVALID;
            ops[open].end = (uint32_t)i;
            open = SIZE_MAX;
        }
    }
    return open == SIZE_MAX ? AS_OK : AS_INVALID;
}

/* What the tool at `at` says is the attribute that follows in the sentence. */
static void find_said(as_op *ops, size_t at, size_t n)
{
    for (size_t i = at + 1; i < n && ops[i].type != OP_LINE; i++) {
        if (ops[i].type != OP_ATTR)
            continue;
        memcpy(ops[at].attrs, ops[i].attrs, sizeof(ops[at].attrs));
        ops[at].n_attrs = ops[i].n_attrs;
        return;
    }
}

as_code as_template_compile(as_arena *arena, as_bytes text, as_template *ret)
{
    as_template tpl = {.ready = true};
    /* Each op takes at least one byte of the template. */
    as_op *ops = as_arena_take(arena, text.n + 1, sizeof(*ops));

    if (!ops)
        return AS_NOMEM;
    while (text.n > 0) {
        as_code rc = compile_one(&text, &ops[tpl.n]);

        if (rc)
            return rc;
        tpl.has_items |= ops[tpl.n].type == OP_ITEMS;
        tpl.has_most |= ops[tpl.n].type == OP_MOST;
        tpl.has_dir |= ops[tpl.n].type == OP_DIR;
        tpl.n++;
    }
    for (size_t i = 0; i < tpl.n; i++) {
        if (ops[i].type == OP_TOOL)
            find_said(ops, i, tpl.n);
    }
    tpl.ops = ops;
    *ret = tpl;
    return close_parts(ops, tpl.n);
}

static bool flag_is(const as_render *r, const as_op *op, as_form form)
{
    as_value v;

    return as_fact_attr(r->t->facts, as_facts_get(r->t->facts, r->fact), op->attrs[0], &v) &&
           v.form == form;
}

static uint32_t common(const as_render *r, const uint32_t *of)
{
    for (size_t i = 1; r->fold && i < r->fold->n; i++) {
        if (of[r->fold->facts[i]] != of[r->fold->facts[0]])
            return AS_NO_FACT;
    }
    return of[r->fact];
}

uint32_t as_render_actor(const as_render *r)
{
    return common(r, r->t->actor);
}

uint32_t as_render_owner(const as_render *r)
{
    return common(r, r->t->owner);
}

static bool names_process(const as_render *r)
{
    return as_has_attr(r, AS_ATTR_PROCESS_NAME) || as_has_attr(r, AS_ATTR_PID);
}

/* A fact may name a process that has no fact of its own; of a fold, that is no one process. */
static bool has_process(const as_render *r)
{
    if (as_render_actor(r) != AS_NO_FACT)
        return true;
    return (!r->fold || r->fold->n == 1) && r->t->actor[r->fact] == AS_NO_FACT && names_process(r);
}

/* The sample and the run hold everything: neither is worth a name as a parent. */
static bool has_parent(const as_teller *t, uint32_t fact)
{
    uint32_t parent = as_teller_parent(t, fact);

    return parent != AS_NO_FACT && !as_teller_is(t, parent, AS_KIND_SAMPLE) &&
           !as_teller_is(t, parent, AS_KIND_ANALYSIS);
}

static bool has_word(const as_render *r, unsigned op)
{
    const as_teller *t = r->t;

    switch (op) {
    case OP_PROCESS:
        return has_process(r);
    case OP_STARTER:
        /* What was there from the start of the system has 0 for a parent. */
        return t->starter[r->fact] != AS_NO_FACT ||
               (as_has_attr(r, AS_ATTR_PPID) &&
                !as_bytes_is(as_teller_text(t, r->fact, AS_ATTR_PPID), "0"));
    case OP_OWNER:
        return as_render_owner(r) != AS_NO_FACT || (!r->fold && as_has_attr(r, AS_ATTR_FILE));
    case OP_PARENT:
        return has_parent(t, r->fact);
    case OP_FIELDS:
        return as_has_attr(r, AS_ATTR_FIELD);
    case OP_CALLED:
        return as_is_called(r);
    case OP_MOST:
        return r->fold && r->fold->most.n > 0;
    case OP_DIR:
        return r->fold && r->fold->dir.n > 0;
    default:
        return true;
    }
}

static bool has_any(const as_render *r, const as_op *op)
{
    for (size_t i = 0; i < op->n_attrs; i++) {
        if (as_has_attr(r, op->attrs[i]))
            return true;
    }
    return false;
}

/* True if both would be written alike: of two moments within a second one is enough. */
static bool reads_alike(const as_render *r, const as_op *op)
{
    as_bytes a = as_teller_text(r->t, r->fact, op->attrs[0]);
    as_bytes b = as_teller_text(r->t, r->fact, op->attrs[op->n_attrs - 1]);
    char date[40], other[40];

    if (as_attr_get(op->attrs[0])->type == AS_TYPE_TIME && as_epoch_text(a, date) &&
        as_epoch_text(b, other))
        return strcmp(date, other) == 0;
    return as_bytes_eq_nocase(a, b);
}

static bool is_there(const as_render *r, const as_op *op)
{
    switch (op->type) {
    case OP_ATTR:
    case OP_HAS:
        return has_any(r, op);
    case OP_SAME:
        return reads_alike(r, op);
    case OP_OTHER:
        return !reads_alike(r, op);
    case OP_COUNT: /* "none of them" is not worth a word */
        return has_any(r, op) && !as_bytes_is(as_teller_text(r->t, r->fact, op->attrs[0]), "0");
    case OP_TRUE:
        return flag_is(r, op, AS_FORM_TRUE);
    case OP_FALSE:
        return flag_is(r, op, AS_FORM_FALSE);
    case OP_LACKS:
        return op->n_attrs > 0 ? !has_any(r, op) : !has_word(r, op->end);
    default:
        return has_word(r, op->type);
    }
}

static void put_noun(as_render *r, const as_op *op, uint64_t n)
{
    if (op->one.n == 0)
        return;
    as_put_text(r, AS_LITERAL(" "));
    as_put_text(r, n == 1 ? op->one : op->many);
}

static void put_attr_op(as_render *r, const as_op *op)
{
    uint64_t n;

    for (size_t i = 0; i < op->n_attrs; i++) {
        as_attr_name attr = op->attrs[i];

        if (!as_has_attr(r, attr))
            continue;
        if (op->type == OP_COUNT && as_bytes_u64(as_teller_text(r->t, r->fact, attr), &n)) {
            as_put_number(r, n);
            put_noun(r, op, n);
            as_render_told(r, attr);
        } else {
            (void)as_put_attr(r, attr);
        }
        r->filled++;
        return;
    }
    r->empty++;
}

/* The actor's name and number also tell the fact's own attributes that say the same. */
static void told_as_process(as_render *r, uint32_t process)
{
    as_bytes pid = as_teller_text(r->t, r->fact, AS_ATTR_PID);

    if (as_count_attr(r, AS_ATTR_PID) == 1 &&
        as_bytes_eq(pid, as_teller_text(r->t, process, AS_ATTR_PID)))
        as_render_told(r, AS_ATTR_PID);
}

static void put_process_op(as_render *r)
{
    uint32_t process = as_render_actor(r);

    if (process == AS_NO_FACT)
        process = r->fact; /* it names a process that has no fact of its own */
    as_put_process(r, process);
    told_as_process(r, process);
    r->filled++;
}

static void put_who(as_render *r)
{
    bool zh = r->t->options.lang == AS_LANG_ZH;
    uint32_t process = as_render_actor(r);

    if (process != AS_NO_FACT && process == r->t->topic) {
        told_as_process(r, process);
        if (zh)
            as_put_text(r, as_teller_is(r->t, process, AS_KIND_ENTRY_POINT) ? AS_LITERAL("该入口点")
                                                                            : AS_LITERAL("该进程"));
        else
            as_put_text(r, AS_LITERAL("It"));
    } else if (has_process(r)) {
        put_process_op(r);
    } else if (!zh) {
        as_put_text(r, AS_LITERAL("The monitored processes"));
    }
}

static void put_starter(as_render *r)
{
    uint32_t starter = r->t->starter[r->fact];

    r->filled++;
    if (starter == AS_NO_FACT) {
        as_put_text(r,
                    r->t->options.lang == AS_LANG_ZH ? AS_LITERAL("PID 为") : AS_LITERAL("PID "));
        (void)as_put_attr(r, AS_ATTR_PPID);
        if (r->t->options.lang == AS_LANG_ZH)
            as_put_text(r, AS_LITERAL("的进程"));
        return;
    }
    as_put_process(r, starter);
    if (as_bytes_eq(as_teller_text(r->t, starter, AS_ATTR_PID),
                    as_teller_text(r->t, r->fact, AS_ATTR_PPID)))
        as_render_told(r, AS_ATTR_PPID);
}

static void put_owner(as_render *r)
{
    static const as_attr_name names[] = {AS_ATTR_NAME, AS_ATTR_PATH, AS_ATTR_SHA256, AS_ATTR_MD5};
    const as_teller *t = r->t;
    uint32_t owner = as_render_owner(r);
    as_bytes name = {0};

    r->filled++;
    if (owner == AS_NO_FACT) {
        (void)as_put_attr(r, AS_ATTR_FILE);
        return;
    }
    /* Of several samples each has a name. */
    if (as_teller_is(t, owner, AS_KIND_SAMPLE) &&
        t->list_at[AS_KIND_SAMPLE + 1] - t->list_at[AS_KIND_SAMPLE] == 1) {
        as_put_text(r,
                    t->options.lang == AS_LANG_ZH ? AS_LITERAL("样本") : AS_LITERAL("the sample"));
        return;
    }
    for (size_t i = 0; i < AS_COUNT(names) && name.n == 0; i++)
        name = as_teller_text(t, owner, names[i]);
    as_put_value(r, name);
}

static void put_parent(as_render *r)
{
    uint32_t parent = as_teller_parent(r->t, r->fact);

    if (parent == AS_NO_FACT)
        return;
    r->filled++;
    if (as_teller_acts(r->t, parent))
        as_put_process(r, parent);
    else
        as_put_value(r, as_teller_text(
                            r->t, parent,
                            as_kind_get((as_kind)as_facts_get(r->t->facts, parent)->kind)->ident));
}

/*
 * How many there are; of what happens again and again, and is counted by times, how often
 * it did.
 */
static uint64_t times_of(const as_render *r)
{
    const as_say_row *row =
        as_say_row_get((as_kind)as_facts_get(r->t->facts, r->fold->facts[0])->kind);
    uint64_t n = r->fold->n_things;

    for (size_t i = 0; row->unit && !strcmp(row->unit, "次") && i < r->fold->n; i++) {
        uint64_t times = as_teller_u64(r->t, r->fold->facts[i], AS_ATTR_REPEATED);

        n += times > 1 ? times - 1 : 0;
    }
    return n;
}

/* Every value, in order; *some is set if there is one. */
static bool same_values(const as_teller *t, as_attr_name name, uint32_t a, uint32_t b, bool *some)
{
    const as_fact *x = as_facts_get(t->facts, a), *y = as_facts_get(t->facts, b);
    const as_attr *of_x = as_fact_attrs(t->facts, x), *of_y = as_fact_attrs(t->facts, y);
    size_t i = 0, k = 0;

    for (;; i++, k++) {
        while (i < x->n_attrs && of_x[i].name != (uint16_t)name)
            i++;
        while (k < y->n_attrs && of_y[k].name != (uint16_t)name)
            k++;
        if (i == x->n_attrs || k == y->n_attrs)
            return i == x->n_attrs && k == y->n_attrs;
        if (of_x[i].str != of_y[k].str || of_x[i].form != of_y[k].form)
            return false;
        *some = true;
    }
}

/* Of {a|b} only the one that stands there counts. */
static bool same_attrs(const as_teller *t, const as_op *op, uint32_t a, uint32_t b, bool *some)
{
    for (size_t i = 0; i < op->n_attrs; i++) {
        bool has = false;

        if (!same_values(t, op->attrs[i], a, b, &has))
            return false;
        *some |= has;
        if (has && (op->type == OP_ATTR || op->type == OP_COUNT))
            break;
    }
    return true;
}

static bool same_process(const as_teller *t, uint32_t a, uint32_t b, bool *some)
{
    static const as_attr_name names[] = {AS_ATTR_PID, AS_ATTR_PROCESS_NAME, AS_ATTR_PROCESS_PATH};
    bool same = t->actor[a] == t->actor[b];

    *some |= t->actor[a] != AS_NO_FACT;
    for (size_t i = 0; same && i < AS_COUNT(names); i++)
        same = same_values(t, names[i], a, b, some);
    return same;
}

static bool op_alike(const as_teller *t, const as_op *op, uint32_t a, uint32_t b, bool *some)
{
    switch (op->type) {
    case OP_PROCESS:
    case OP_WHO:
        return same_process(t, a, b, some);
    case OP_OWNER:
        return t->owner[a] == t->owner[b] && same_values(t, AS_ATTR_FILE, a, b, some);
    case OP_FIELDS:
        return same_values(t, AS_ATTR_FIELD, a, b, some) &&
               same_values(t, AS_ATTR_FIELD_VALUE, a, b, some);
    case OP_STARTER:
    case OP_PARENT:
    case OP_CALLED:
    case OP_RUN:
        return false;
    default:
        return same_attrs(t, op, a, b, some);
    }
}

bool as_template_alike(const as_teller *t, const as_template *tpl, uint32_t a, uint32_t b)
{
    bool some = false;

    /* What stands for many of a log says itself how often. */
    if (as_teller_text(t, a, AS_ATTR_REPEATED).n > 0 ||
        as_teller_text(t, b, AS_ATTR_REPEATED).n > 0)
        return a == b;
    for (size_t i = 0; i < tpl->n; i++) {
        if (!op_alike(t, &tpl->ops[i], a, b, &some))
            return a == b;
    }
    return some || a == b;
}

static void put_fold_op(as_render *r, const as_op *op)
{
    if (!r->fold)
        return;
    if (op->type == OP_ITEMS) {
        as_put_items(r, r->fold);
    } else if (op->type == OP_N) {
        uint64_t n = times_of(r);

        as_put_number(r, n);
        put_noun(r, op, n);
    } else {
        as_put_text(r, op->type == OP_MOST ? r->fold->most : r->fold->dir);
    }
    r->filled++;
}

/* A comma is due at every ~ but the first, once something stands after the last one. */
static void run_comma(as_render *r)
{
    if (r->list == 0)
        r->list = r->out->n + 1;
    else if (r->out->n + 1 > r->list)
        r->comma = true;
}

static void run_op(as_render *r, const as_op *op)
{
    switch (op->type) {
    case OP_TEXT:
        as_put_text(r, op->text);
        break;
    case OP_ATTR:
    case OP_COUNT:
        put_attr_op(r, op);
        break;
    case OP_TRUE:
    case OP_FALSE:
        as_render_told(r, op->attrs[0]);
        r->filled++;
        break;
    case OP_COMMA:
        run_comma(r);
        break;
    case OP_WHO:
        put_who(r);
        break;
    case OP_PROCESS:
        put_process_op(r);
        break;
    case OP_STARTER:
        put_starter(r);
        break;
    case OP_OWNER:
        put_owner(r);
        break;
    case OP_PARENT:
        put_parent(r);
        break;
    case OP_TOOL:
        as_put_tools(r, op->attrs, op->n_attrs);
        break;
    case OP_RUN:
        as_put_run(r, r->fact);
        break;
    case OP_FIELDS:
        as_put_fields(r);
        break;
    case OP_CALLED:
        as_put_called(r);
        r->filled++;
        break;
    case OP_N:
    case OP_ITEMS:
    case OP_MOST:
    case OP_DIR:
        put_fold_op(r, op);
        break;
    default:
        break;
    }
}

static bool part_is_there(const as_render *r, const as_op *from, const as_op *to)
{
    for (; from < to; from++) {
        if (!is_there(r, from))
            return false;
    }
    return true;
}

/* From op *at to the next line break or the end; *at moves behind it. */
static void run_line(as_render *r, const as_template *tpl, size_t *at)
{
    for (; *at < tpl->n && tpl->ops[*at].type != OP_LINE; ++*at) {
        const as_op *op = &tpl->ops[*at];

        if (op->type != OP_OPEN) {
            run_op(r, op);
        } else if (!part_is_there(r, op + 1, &tpl->ops[op->end])) {
            r->empty++;
            *at = op->end;
        }
    }
    ++*at;
    r->list = 0;
    r->comma = false;
}

bool as_template_line(as_render *r, const as_template *tpl, size_t *at)
{
    while (*at < tpl->n) {
        size_t from = r->out->n, filled = r->filled, empty = r->empty;

        run_line(r, tpl, at);
        if (r->filled > filled || (r->empty == empty && r->out->n > from))
            return true;
        r->out->n = from;
    }
    return false;
}

void as_template_run(as_render *r, const as_template *tpl)
{
    size_t at = 0;

    (void)as_template_line(r, tpl, &at);
}

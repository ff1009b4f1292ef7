#include "formats/formats_priv.h"

#include <string.h>

#include "base/banned.h"

#define TICK_EVERY 1024 /* objects and elements */

void as_walk_tick(as_walk *w)
{
    if (++w->ticks % TICK_EVERY == 0 && w->options->on_tick)
        w->options->on_tick(w->options->tick_ctx, as_source_at_packed(w->source));
}

as_code as_walk_facts_failed(as_walk *w, as_code rc, as_err *err)
{
    (void)w;
    if (rc == AS_LIMIT)
        return as_fail(err, rc, AS_NO_OFFSET, "the report holds more facts than the memory limit");
    return as_fail_nomem(err, "the facts of a report");
}

as_code as_walk_next(as_walk *w, as_json_tok *t, as_err *err)
{
    return as_json_next(w->json, t, err);
}

/* The decoded text of a scalar: of a string its content, of the others what was written. */
as_code as_walk_text(as_walk *w, const as_json_tok *t, as_bytes *ret, as_err *err)
{
    if (t->type == AS_JSON_TRUE)
        *ret = AS_LITERAL("true");
    else if (t->type == AS_JSON_FALSE)
        *ret = AS_LITERAL("false");
    else if (t->type == AS_JSON_NUMBER)
        *ret = t->raw;
    else if (as_json_text(t->raw, &w->text, ret))
        return as_fail_nomem(err, "a text of the report");
    return AS_OK;
}

as_code as_walk_key(as_walk *w, const as_json_tok *t, as_step *ret, as_err *err)
{
    as_bytes text;
    as_str str = 0;
    as_code rc;

    if (as_json_text(t->raw, &w->text, &text))
        return as_fail_nomem(err, "a key of the report");
    rc = as_facts_intern(w->facts, text, &str);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    *ret = str | AS_STEP_KEY;
    return AS_OK;
}

static as_code node_of(as_walk *w, as_place *place, as_node *ret, as_err *err)
{
    as_node up = 0;
    as_code rc;

    if (!place->up) {
        *ret = 0;
        return AS_OK;
    }
    if (!place->has_node) {
        rc = node_of(w, place->up, &up, err);
        if (rc)
            return rc;
        rc = as_facts_node(w->facts, up, place->step, &place->node);
        if (rc)
            return as_walk_facts_failed(w, rc, err);
        place->has_node = true;
    }
    *ret = place->node;
    return AS_OK;
}

as_code as_walk_evidence(as_walk *w, const as_place *place, uint64_t end, as_evidence *ret,
                         as_err *err)
{
    as_node node = 0;
    as_code rc;

    if (w->inside) {
        *ret = *w->inside;
        return AS_OK;
    }
    rc = place->up ? node_of(w, place->up, &node, err) : AS_OK;
    if (rc)
        return rc;
    *ret = (as_evidence){place->begin, end, node, place->up ? place->step : AS_STEP_NONE};
    return AS_OK;
}

static bool is_scalar(as_json_type type)
{
    return type >= AS_JSON_STRING;
}

/* null and "" record nothing; neither does an empty container. */
static bool says_nothing(const as_json_tok *t)
{
    return t->type == AS_JSON_NULL || (t->type == AS_JSON_STRING && !t->raw.n);
}

as_code as_walk_pass(as_walk *w, const as_place *place, as_json_tok *t, bool known, as_err *err)
{
    bool container = !is_scalar(t->type);
    as_code rc;

    if (says_nothing(t))
        return AS_OK;
    rc = as_json_skip(w->json, t, err);
    if (rc || (container && t->end - t->begin <= 2))
        return rc;
    return as_paths_add(w, place, t->end - t->begin, known, err);
}

/* --- drafts ------------------------------------------------------------------- */

/* The nearest key on the way up: what a value is called in the report. */
static as_place *named_place(as_place *place)
{
    while (place->up && !(place->step & AS_STEP_KEY))
        place = place->up;
    return place;
}

/* What does not fit into a draft is told beside it, as a detail of the same fact. */
as_code as_walk_detail(as_walk *w, as_place *place, uint32_t fact, as_form form,
                       const as_json_tok *t, as_bytes text, as_err *err)
{
    as_place *named = named_place(place);
    as_draft d;
    as_code rc;

    as_draft_init(&d, AS_KIND_DETAIL);
    d.parent = fact;
    rc = as_draft_text(&d, w->facts, AS_ATTR_VALUE, form, text);
    if (!rc && named->up)
        rc = as_draft_text(&d, w->facts, AS_ATTR_NAME, AS_FORM_TEXT,
                           as_facts_text(w->facts, named->step & ~AS_STEP_KEY));
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    rc = as_walk_evidence(w, place, t->end, &d.evidence[0], err);
    if (!rc && named->up)
        rc = as_walk_evidence(w, named->up, 0, &d.evidence[1], err);
    if (rc)
        return rc;
    d.n_evidence = named->up && !w->inside ? 2 : 1;
    rc = as_facts_add(w->facts, &d, NULL);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

as_code as_walk_attr(as_walk *w, as_place *place, uint32_t fact, as_draft *draft, as_attr_name name,
                     const as_json_tok *t, as_err *err)
{
    as_bytes text = {0};
    as_code rc;

    if (says_nothing(t))
        return AS_OK;
    rc = as_walk_text(w, t, &text, err);
    if (rc)
        return rc;
    if (draft->n_attrs == AS_DRAFT_ATTRS)
        return as_walk_detail(w, place, fact, as_form_of(t->type), t, text, err);
    rc = as_draft_text(draft, w->facts, name, as_form_of(t->type), text);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* Under its own name, which is the nearest key. */
static as_code put_field(as_walk *w, as_place *place, uint32_t fact, as_draft *draft,
                         const as_json_tok *t, as_err *err)
{
    as_step named = named_place(place)->step;
    as_bytes text = {0};
    as_code rc;

    if (says_nothing(t))
        return AS_OK;
    if (draft->n_attrs + 2 > AS_DRAFT_ATTRS) {
        rc = as_walk_text(w, t, &text, err);
        return rc ? rc : as_walk_detail(w, place, fact, as_form_of(t->type), t, text, err);
    }
    if (named & AS_STEP_KEY)
        text = as_facts_text(w->facts, named & ~AS_STEP_KEY);
    rc = as_draft_text(draft, w->facts, AS_ATTR_FIELD, AS_FORM_TEXT, text);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    return as_walk_attr(w, place, fact, draft, AS_ATTR_FIELD_VALUE, t, err);
}

/* A new draft of `kind` whose evidence is the value at `place`, with the keys around it. */
static as_code begin_fact(as_walk *w, as_kind kind, uint32_t parent, as_draft *d, as_err *err)
{
    as_draft_init(d, kind);
    d->parent = parent;
    d->n_evidence = 1; /* filled by end_fact() */
    for (size_t i = w->context_base; i < w->n_context; i++) {
        const as_context *c = &w->context[i];
        as_code rc =
            as_draft_text(d, w->facts, c->attr, AS_FORM_TEXT, as_facts_text(w->facts, c->str));

        if (rc)
            return as_walk_facts_failed(w, rc, err);
        if (d->n_evidence < AS_DRAFT_EVIDENCE && !w->inside) /* else it is the fact's own */
            d->evidence[d->n_evidence++] = (as_evidence){c->begin, 0, c->node, c->last};
    }
    return AS_OK;
}

static as_code end_fact(as_walk *w, const as_place *place, uint64_t end, uint32_t fact, as_draft *d,
                        as_err *err)
{
    as_code rc = as_walk_evidence(w, place, end, &d->evidence[0], err);

    if (rc)
        return rc;
    rc = as_facts_put(w->facts, fact, d);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* --- actions ------------------------------------------------------------------- */

/* What a key is in the rows of a shape: see as_walk.xml_keys. */
static as_bytes row_key(const as_walk *w, as_bytes key)
{
    if (!w->xml_keys)
        return key;
    if (as_bytes_is(key, "$") || as_bytes_is(key, "#text"))
        return (as_bytes){0};
    return key.n > 1 && key.p[0] == '@' ? (as_bytes){key.p + 1, key.n - 1} : key;
}

static const as_row *find_row(const as_shape *shape, as_bytes key)
{
    for (size_t i = 0; i < shape->n; i++) {
        const as_row *row = &shape->rows[i];

        if (!row->key || (row->key_len == key.n && (!key.n || !memcmp(row->key, key.p, key.n))))
            return row;
    }
    return NULL;
}

static as_code apply(as_walk *w, as_place *place, const as_row *row, uint32_t fact, as_draft *draft,
                     as_json_tok *t, as_err *err);

/* Applies `row` to each element of the array that `t` opened. */
static as_code each_element(as_walk *w, as_place *place, const as_row *row, uint32_t fact,
                            as_draft *draft, as_json_tok *t, as_err *err)
{
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    while (!rc && as_walk_element(w, &child, t, &rc, err)) {
        as_walk_tick(w);
        rc = apply(w, &child, row, fact, draft, t, err);
    }
    return rc;
}

/* The members of an object or the one scalar of a fact whose number is reserved. */
static as_code fill_fact(as_walk *w, as_place *place, const as_row *row, const as_row *self,
                         uint32_t fact, as_draft *d, const as_json_tok *t, uint64_t *ret_end,
                         as_err *err)
{
    size_t base = w->context_base;
    as_code rc;

    *ret_end = t->end;
    if (self)
        return as_walk_attr(w, place, fact, d, (as_attr_name)self->what, t, err);
    if (is_scalar(t->type))
        return AS_OK;               /* null under a key that says something by itself */
    w->context_base = w->n_context; /* the parts name their fact, not the keys around it */
    rc = as_walk_object(w, place, row->sub, fact, d, ret_end, err);
    w->context_base = base;
    return rc;
}

/* {"operate":"deleted","value":path}: what happened is a value, not a key. */
static const struct {
    const char *operation;
    as_kind file, key;
} operations[] = {
    {"opened", AS_KIND_FILE_OPENED, AS_KIND_KEY_OPENED},
    {"read", AS_KIND_FILE_READ, AS_KIND_KEY_READ},
    {"written", AS_KIND_FILE_WRITTEN, AS_KIND_KEY_WRITTEN},
    {"deleted", AS_KIND_FILE_DELETED, AS_KIND_KEY_DELETED},
    {"created", AS_KIND_FILE_CREATED, AS_KIND_KEY_WRITTEN},
    {"recreated", AS_KIND_FILE_RECREATED, AS_KIND_KEY_OPENED},
    {"enumerated", AS_KIND_DIR_LISTED, AS_KIND_KEY_OPENED},
    {"exists", AS_KIND_FILE_EXISTS, AS_KIND_KEY_OPENED},
    {"failed", AS_KIND_FILE_FAILED, AS_KIND_KEY_OPENED},
};

static const as_attr *draft_attr(const as_draft *d, as_attr_name name)
{
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == name)
            return &d->attrs[i];
    }
    return NULL;
}

/* CAPE's "8;?C:\\x.exe;?C:\\x.exe;?" of dumped memory stands where others have a path. */
static void part_metadata(as_walk *w, as_draft *d)
{
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == AS_ATTR_PATH &&
            as_bytes_has_nocase(as_facts_text(w->facts, d->attrs[i].str), ";?"))
            d->attrs[i].name = AS_ATTR_METADATA;
    }
}

/* Some kinds are known only when the whole object has been read. */
static void refine_kind(as_walk *w, as_draft *d)
{
    const as_attr *operation = draft_attr(d, AS_ATTR_OPERATION);

    if (d->kind == AS_KIND_MARK && draft_attr(d, AS_ATTR_CALL_ID))
        d->kind = AS_KIND_MARK_CALL;
    for (size_t i = 0; d->kind == AS_KIND_CAPABILITY && i < d->n_attrs; i++) {
        if (d->attrs[i].name == AS_ATTR_LIBRARY && d->attrs[i].form == AS_FORM_TRUE)
            d->kind = AS_KIND_HELPER_RULE;
    }
    if (d->kind == AS_KIND_PAYLOAD || d->kind == AS_KIND_PROCESS_DUMP)
        part_metadata(w, d);
    if (!operation || (d->kind != AS_KIND_FILE_OPENED && d->kind != AS_KIND_KEY_OPENED))
        return;
    for (size_t i = 0; i < AS_COUNT(operations); i++) {
        if (!as_bytes_is(as_facts_text(w->facts, operation->str), operations[i].operation))
            continue;
        d->kind = d->kind == AS_KIND_FILE_OPENED ? operations[i].file : operations[i].key;
        return;
    }
}

/* A draft is too large for every level of recursion to hold one it does not need. */
static __attribute__((noinline)) as_code read_fact(as_walk *w, as_place *place, const as_row *row,
                                                   uint32_t parent, as_json_tok *t, as_err *err)
{
    size_t n_keys = w->n_context - w->context_base;
    const as_row *self = NULL;
    uint32_t fact = AS_NO_FACT;
    uint64_t end = 0;
    as_draft d;
    as_code rc;

    if (says_nothing(t) && (!n_keys || (row->key && row->key_attr != AS_NO_ATTR)))
        return AS_OK; /* a key that is only known by its row says nothing by itself */
    if (is_scalar(t->type) && !says_nothing(t)) {
        self = find_row(row->sub, (as_bytes){0});
        if (!self || self->act != AS_ACT_ATTR || !self->key)
            return as_walk_pass(w, place, t, false, err);
    }
    rc = as_facts_reserve(w->facts, &fact);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    rc = begin_fact(w, (as_kind)row->what, parent, &d, err);
    if (!rc)
        rc = fill_fact(w, place, row, self, fact, &d, t, &end, err);
    if (rc)
        return rc;
    if (!d.n_attrs) { /* only parts, or nothing: the parts belong to what it belongs to */
        as_facts_drop(w->facts, fact, parent);
        return AS_OK;
    }
    refine_kind(w, &d);
    rc = row->finish ? row->finish(w, place, fact, end, &d, err) : AS_OK;
    return rc ? rc : end_fact(w, place, end, fact, &d, err);
}

static as_code push_context(as_walk *w, as_place *holder, as_attr_name attr, as_str str,
                            as_err *err)
{
    as_context *c = &w->context[w->n_context];
    as_evidence e;
    as_code rc;

    if (w->n_context == AS_CONTEXT_MAX)
        return AS_OK; /* no shape nests its wildcard keys that deep */
    rc = as_walk_evidence(w, holder, 0, &e, err);
    if (rc)
        return rc;
    *c = (as_context){attr, str, e.begin, e.node, e.last};
    w->n_context++;
    return AS_OK;
}

#define LEAF_KEYS 16 /* of a deeper leaf the pointer alone tells the rest */

/* What the leaves of one value have in common, and the keys on the way to the next. */
struct leaves {
    as_kind kind;
    uint32_t parent;
    bool has_holder;
    as_evidence holder; /* the value that holds all those keys; its end comes later */
    as_str keys[LEAF_KEYS];
    size_t n_keys;
};

static __attribute__((noinline)) as_code
read_leaf(as_walk *w, as_place *place, const struct leaves *in, const as_json_tok *t, as_err *err)
{
    uint32_t fact = AS_NO_FACT;
    as_draft d;
    as_code rc;

    if (says_nothing(t))
        return AS_OK;
    rc = begin_fact(w, in->kind, in->parent, &d, err);
    if (rc)
        return rc;
    if (in->has_holder && d.n_evidence < AS_DRAFT_EVIDENCE && !w->inside)
        d.evidence[d.n_evidence++] = in->holder;
    for (size_t i = 0; !rc && i < in->n_keys; i++)
        rc = as_draft_text(&d, w->facts, i + 1 < in->n_keys ? AS_ATTR_GROUP : AS_ATTR_NAME,
                           AS_FORM_TEXT, as_facts_text(w->facts, in->keys[i]));
    if (!rc)
        rc = as_facts_reserve(w->facts, &fact);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    rc = as_walk_attr(w, place, fact, &d, AS_ATTR_VALUE, t, err);
    return rc ? rc : end_fact(w, place, t->end, fact, &d, err);
}

/* The text of an XML element has no name but the element's. */
static as_code push_key(as_walk *w, struct leaves *in, as_step step, as_err *err)
{
    as_bytes key = as_facts_text(w->facts, step & ~AS_STEP_KEY), name = row_key(w, key);
    as_str str = step & ~AS_STEP_KEY;
    as_code rc = AS_OK;

    if (in->n_keys == LEAF_KEYS || (!name.n && key.n))
        return AS_OK;
    if (name.n != key.n)
        rc = as_facts_intern(w->facts, name, &str);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    in->keys[in->n_keys++] = str;
    return AS_OK;
}

static as_code read_leaves(as_walk *w, as_place *place, struct leaves *in, as_json_tok *t,
                           as_err *err)
{
    as_json_type open = t->type;
    size_t n_keys = in->n_keys;

    if (is_scalar(open))
        return read_leaf(w, place, in, t, err);
    for (as_step i = 0;; i++) {
        as_place child = {.up = place, .step = i};
        as_code rc = as_walk_next(w, t, err);

        if (rc || t->type == AS_JSON_OBJECT_END || t->type == AS_JSON_ARRAY_END)
            return rc;
        if (open == AS_JSON_OBJECT) {
            rc = as_walk_key(w, t, &child.step, err);
            if (!rc)
                rc = push_key(w, in, child.step, err);
            if (!rc)
                rc = as_walk_next(w, t, err);
            if (rc)
                return rc;
        }
        child.begin = t->begin;
        rc = read_leaves(w, &child, in, t, err);
        if (rc)
            return rc;
        in->n_keys = n_keys;
    }
}

/*
 * The names of leaves are keys, which lie in no leaf's own bytes: the value that
 * holds those keys is further evidence of each. The first is the key that named
 * this value, or the array that it is an element of.
 */
static as_code all_leaves(as_walk *w, as_place *place, const as_row *row, uint32_t fact,
                          as_json_tok *t, as_err *err)
{
    struct leaves in = {.kind = (as_kind)row->what, .parent = fact};
    as_place *named = named_place(place);
    as_code rc;

    if (w->xml_keys && named->up &&
        !row_key(w, as_facts_text(w->facts, named->step & ~AS_STEP_KEY)).n)
        named = named_place(named->up);
    if (named->up) {
        rc = push_key(w, &in, named->step, err);
        if (!rc)
            rc = as_walk_evidence(w, named->up, 0, &in.holder, err);
        if (rc)
            return rc;
        in.has_holder = true;
    }
    return read_leaves(w, place, &in, t, err);
}

/* The two attributes of a pair. */
static void pair_attrs(as_kind kind, as_attr_name ret[2])
{
    switch (kind) {
    case AS_KIND_DEAD_HOST:
        ret[0] = AS_ATTR_IP;
        ret[1] = AS_ATTR_DPORT;
        break;
    case AS_KIND_YARA_STRING: /* Cuckoo: where, and which of the rule's matched texts */
        ret[0] = AS_ATTR_OFFSET;
        ret[1] = AS_ATTR_ORDINAL;
        break;
    default: /* moved and copied files */
        ret[0] = AS_ATTR_FROM;
        ret[1] = AS_ATTR_TO;
    }
}

/* One [a, b], its bracket already read in `t`; longer ones leave their rest unmapped. */
static as_code read_pair(as_walk *w, as_place *place, as_kind kind, uint32_t parent, as_json_tok *t,
                         as_err *err)
{
    as_attr_name attrs[2];
    uint32_t fact = AS_NO_FACT;
    as_draft d;
    as_code rc;

    pair_attrs(kind, attrs);
    rc = begin_fact(w, kind, parent, &d, err);
    if (!rc) {
        rc = as_facts_reserve(w->facts, &fact);
        rc = rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
    }
    for (as_step i = 0; !rc; i++) {
        as_place child = {.up = place, .step = i};

        rc = as_walk_next(w, t, err);
        if (rc || t->type == AS_JSON_ARRAY_END)
            break;
        child.begin = t->begin;
        rc = i < 2 && is_scalar(t->type) ? as_walk_attr(w, &child, fact, &d, attrs[i], t, err)
                                         : as_walk_pass(w, &child, t, false, err);
    }
    return rc || !d.n_attrs ? rc : end_fact(w, place, t->end, fact, &d, err);
}

static as_code read_pairs(as_walk *w, as_place *place, const as_row *row, uint32_t fact,
                          as_json_tok *t, as_err *err)
{
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    if (t->type != AS_JSON_ARRAY)
        return as_walk_pass(w, place, t, false, err);
    while (!rc && as_walk_element(w, &child, t, &rc, err))
        rc = t->type == AS_JSON_ARRAY ? read_pair(w, &child, (as_kind)row->what, fact, t, err)
                                      : as_walk_pass(w, &child, t, false, err);
    return rc;
}

static as_code read_into(as_walk *w, as_place *place, const as_row *row, uint32_t fact,
                         as_draft *draft, as_json_tok *t, as_err *err)
{
    const as_row *self;
    uint64_t end;

    if (t->type == AS_JSON_OBJECT)
        return as_walk_object(w, place, row->sub, fact, draft, &end, err);
    self = find_row(row->sub, (as_bytes){0});
    if (self && self->key)
        return apply(w, place, self, fact, draft, t, err);
    return as_walk_pass(w, place, t, false, err);
}

/* Every scalar of the value that `t` begins. */
static as_code all_fields(as_walk *w, as_place *place, uint32_t fact, as_draft *draft,
                          as_json_tok *t, as_err *err)
{
    as_json_type open = t->type;

    if (!draft)
        return as_walk_pass(w, place, t, false, err);
    if (is_scalar(open))
        return put_field(w, place, fact, draft, t, err);
    for (as_step i = 0;; i++) {
        as_place child = {.up = place, .step = i};
        as_code rc = as_walk_next(w, t, err);

        if (rc || t->type == AS_JSON_OBJECT_END || t->type == AS_JSON_ARRAY_END)
            return rc;
        if (open == AS_JSON_OBJECT) {
            rc = as_walk_key(w, t, &child.step, err);
            if (!rc)
                rc = as_walk_next(w, t, err);
        }
        child.begin = t->begin;
        if (!rc)
            rc = all_fields(w, &child, fact, draft, t, err);
        if (rc)
            return rc;
    }
}

static as_code apply(as_walk *w, as_place *place, const as_row *row, uint32_t fact, as_draft *draft,
                     as_json_tok *t, as_err *err)
{
    switch ((as_act)row->act) {
    case AS_ACT_FIELDS:
        return all_fields(w, place, fact, draft, t, err);
    case AS_ACT_SKIP:
        return as_walk_pass(w, place, t, true, err);
    case AS_ACT_HOOK:
        w->draft = draft;
        return row->hook(w, place, fact, t, err);
    case AS_ACT_LEAVES:
        return all_leaves(w, place, row, fact, t, err);
    case AS_ACT_PAIRS:
        return read_pairs(w, place, row, fact, t, err);
    default:
        break;
    }
    if (t->type == AS_JSON_ARRAY)
        return each_element(w, place, row, fact, draft, t, err);
    switch ((as_act)row->act) {
    case AS_ACT_ATTR:
        if (!is_scalar(t->type) || !draft)
            return as_walk_pass(w, place, t, false, err);
        return as_walk_attr(w, place, fact, draft, (as_attr_name)row->what, t, err);
    case AS_ACT_FACT:
        return read_fact(w, place, row, fact, t, err);
    default:
        return read_into(w, place, row, fact, draft, t, err);
    }
}

as_code as_walk_apply(as_walk *w, as_place *place, const as_row *row, uint32_t fact,
                      as_draft *draft, as_json_tok *t, as_err *err)
{
    return apply(w, place, row, fact, draft, t, err);
}

/* One member, its KEY in `t`. */
as_code as_walk_member(as_walk *w, as_place *place, const as_shape *shape, uint32_t fact,
                       as_draft *draft, as_json_tok *t, as_err *err)
{
    as_place child = {.up = place};
    size_t contexts = w->n_context;
    const as_row *row;
    as_code rc = as_walk_key(w, t, &child.step, err);

    if (rc)
        return rc;
    row = find_row(shape, row_key(w, as_facts_text(w->facts, child.step & ~AS_STEP_KEY)));
    rc = as_walk_next(w, t, err);
    if (rc)
        return rc;
    child.begin = t->begin;
    if (!row)
        return as_walk_pass(w, &child, t, false, err);
    child.any = !row->key && row->act == AS_ACT_FACT;
    if (row->key_attr != AS_NO_ATTR) {
        rc = push_context(w, place, (as_attr_name)row->key_attr, child.step & ~AS_STEP_KEY, err);
        if (rc)
            return rc;
    }
    rc = apply(w, &child, row, fact, draft, t, err);
    w->n_context = contexts;
    return rc;
}

/* The members of an object up to its end; `on_key` (may be NULL) hears of each. */
static as_code read_members(as_walk *w, as_place *place, const as_shape *shape, uint32_t fact,
                            as_draft *draft, void (*on_key)(void *ctx, as_bytes key), void *ctx,
                            uint64_t *ret_end, as_err *err)
{
    size_t from = as_facts_evidence_count(w->facts);
    as_json_tok t;
    as_code rc;

    as_walk_tick(w);
    for (;;) {
        rc = as_walk_next(w, &t, err);
        if (rc)
            return rc;
        if (t.type == AS_JSON_OBJECT_END)
            break;
        if (on_key)
            on_key(ctx, t.raw);
        rc = as_walk_member(w, place, shape, fact, draft, &t, err);
        if (rc)
            return rc;
    }
    /* Facts below took this object as evidence of a key before its end was known. */
    if (!w->inside)
        as_facts_close_evidence(w->facts, from, t.begin, t.end);
    *ret_end = t.end;
    return AS_OK;
}

as_code as_walk_object(as_walk *w, as_place *place, const as_shape *shape, uint32_t fact,
                       as_draft *draft, uint64_t *ret_end, as_err *err)
{
    return read_members(w, place, shape, fact, draft, NULL, NULL, ret_end, err);
}

as_code as_walk_document(as_walk *w, const as_shape *shape, void (*on_key)(void *ctx, as_bytes key),
                         void *ctx, as_err *err)
{
    as_place root = {0};
    uint64_t end;
    as_json_tok t;
    as_code rc = as_walk_next(w, &t, err);

    if (rc)
        return rc;
    root.begin = t.begin;
    if (t.type == AS_JSON_OBJECT) {
        rc = read_members(w, &root, shape, AS_NO_FACT, NULL, on_key, ctx, &end, err);
    } else if (t.type == AS_JSON_ARRAY) {
        for (as_step i = 0; !rc; i++) {
            as_place child = {.up = &root, .step = i};

            rc = as_walk_next(w, &t, err);
            if (rc || t.type == AS_JSON_ARRAY_END)
                break;
            child.begin = t.begin;
            rc = t.type == AS_JSON_OBJECT
                     ? read_members(w, &child, shape, AS_NO_FACT, NULL, on_key, ctx, &end, err)
                     : as_walk_pass(w, &child, &t, false, err);
        }
    } else {
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET, "no report: the JSON value is a bare scalar");
    }
    return rc ? rc : as_walk_next(w, &t, err); /* the end: nothing may follow */
}

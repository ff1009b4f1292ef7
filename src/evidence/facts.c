#include "evidence/evidence_priv.h"

#include <assert.h>
#include <string.h>

#include "base/banned.h"

static_assert(AS_KIND_COUNT <= UINT16_MAX && AS_ATTR_NAME_COUNT <= UINT16_MAX, "16 bits name them");
static_assert(AS_DRAFT_ATTRS <= UINT16_MAX && AS_DRAFT_EVIDENCE <= UINT16_MAX, "16 bits count");
static_assert(sizeof(as_fact) == 20 && sizeof(as_attr) == 8 && sizeof(as_evidence) == 24,
              "these sizes are the budget of a large report");

as_facts *as_facts_new(size_t memory_limit)
{
    as_facts *f = as_mem_zero(1, sizeof(*f));

    if (!f)
        return NULL;
    f->limit = memory_limit > 0 ? memory_limit : AS_FACTS_MEMORY;
    f->used = sizeof(*f) < f->limit ? sizeof(*f) : f->limit;
    as_pool_init(&f->pool);
    return f;
}

void as_facts_free(as_facts *f)
{
    if (!f)
        return;
    as_pool_done(&f->pool);
    as_mem_free(f->nodes.p);
    as_mem_free(f->facts.p);
    as_mem_free(f->attrs.p);
    as_mem_free(f->evidence.p);
    as_mem_free(f->inputs.p);
    as_mem_free(f);
}

size_t as_facts_memory(const as_facts *f)
{
    return f->used;
}

static as_fact *fact_at(const as_facts *f, size_t i)
{
    assert(i < f->facts.n);
    return (as_fact *)f->facts.p + i;
}

static as_attr *attrs_of(const as_facts *f, const as_fact *fact)
{
    return fact->n_attrs > 0 ? (as_attr *)f->attrs.p + fact->attrs : NULL;
}

static as_evidence *evidence_of(const as_facts *f, const as_fact *fact)
{
    return fact->n_evidence > 0 ? (as_evidence *)f->evidence.p + fact->evidence : NULL;
}

/* --- drafts ------------------------------------------------------------------- */

/* The arrays stay as they are: only what is counted is ever read. */
void as_draft_init(as_draft *d, as_kind kind)
{
    d->kind = kind;
    d->parent = AS_NO_FACT;
    d->n_attrs = 0;
    d->n_evidence = 0;
}

/* Would JSON write this number the same way? Only then may it lose its quotes. */
static bool is_plain_decimal(as_bytes text)
{
    if (text.n == 0 || (text.n > 1 && text.p[0] == '0'))
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
    }
    return true;
}

as_code as_draft_text(as_draft *d, as_facts *f, as_attr_name name, as_form form, as_bytes text)
{
    as_attr_type type = as_attr_get(name)->type;
    as_str str;
    as_code rc;

    if (d->n_attrs >= AS_DRAFT_ATTRS)
        return AS_LIMIT;
    rc = as_facts_intern(f, text, &str);
    if (rc)
        return rc;
    if (form == AS_FORM_TEXT && (type == AS_TYPE_INT || type == AS_TYPE_SIZE) &&
        is_plain_decimal(text))
        form = AS_FORM_NUMBER;
    d->attrs[d->n_attrs++] = (as_attr){(uint16_t)name, (uint8_t)form, str};
    return AS_OK;
}

/* --- storing ------------------------------------------------------------------ */

static as_code fact_room(as_facts *f)
{
    return as_rows_room(f, &f->facts, sizeof(as_fact), 1, AS_FACTS_MAX);
}

static as_code parts_room(as_facts *f, size_t n_attrs, size_t n_evidence)
{
    as_code rc = as_rows_room(f, &f->attrs, sizeof(as_attr), n_attrs, AS_ROWS_MAX);

    return rc ? rc : as_rows_room(f, &f->evidence, sizeof(as_evidence), n_evidence, AS_ROWS_MAX);
}

/* Copies `n` rows behind the last; the room is there. Returns the index of the first. */
static uint32_t append(as_rows *r, size_t size, const void *rows, size_t n)
{
    uint32_t first = (uint32_t)r->n;

    if (n > 0)
        memcpy((uint8_t *)r->p + r->n * size, rows, n * size);
    r->n += n;
    return first;
}

/* The room is there. */
static void fill(as_facts *f, uint32_t at, const as_draft *d)
{
    assert(d->n_attrs <= AS_DRAFT_ATTRS && d->n_evidence >= 1);
    assert(d->n_evidence <= AS_DRAFT_EVIDENCE);
    assert(d->parent == AS_NO_FACT || (d->parent < f->facts.n && d->parent != at));
    *fact_at(f, at) = (as_fact){
        .kind = (uint16_t)d->kind,
        .n_attrs = (uint16_t)d->n_attrs,
        .n_evidence = (uint16_t)d->n_evidence,
        .attrs = append(&f->attrs, sizeof(as_attr), d->attrs, d->n_attrs),
        .evidence = append(&f->evidence, sizeof(as_evidence), d->evidence, d->n_evidence),
        .parent = d->parent,
    };
}

/* Room for a fact must be there. Empty, gone and of no parent until it is filled. */
static uint32_t push_fact(as_facts *f)
{
    static const as_fact reserved = {.flags = AS_FACT_GONE, .parent = AS_NO_FACT};

    return append(&f->facts, sizeof(as_fact), &reserved, 1);
}

as_code as_facts_reserve(as_facts *f, uint32_t *ret)
{
    as_code rc = fact_room(f);

    if (rc)
        return rc;
    *ret = push_fact(f);
    return AS_OK;
}

as_code as_facts_put(as_facts *f, uint32_t fact, const as_draft *d)
{
    as_code rc;

    assert((fact_at(f, fact)->flags & AS_FACT_GONE) && fact_at(f, fact)->n_evidence == 0);
    rc = parts_room(f, d->n_attrs, d->n_evidence);
    if (rc)
        return rc;
    fill(f, fact, d);
    return AS_OK;
}

as_code as_facts_add(as_facts *f, const as_draft *d, uint32_t *ret)
{
    as_code rc = fact_room(f);
    uint32_t fact;

    if (!rc)
        rc = parts_room(f, d->n_attrs, d->n_evidence);
    if (rc)
        return rc;
    fact = push_fact(f);
    fill(f, fact, d);
    if (ret)
        *ret = fact;
    return AS_OK;
}

/* A gone fact's parent is the fact that stands for it: see present(). */
void as_facts_drop(as_facts *f, uint32_t fact, uint32_t parent)
{
    assert((fact_at(f, fact)->flags & AS_FACT_GONE) && fact_at(f, fact)->n_evidence == 0);
    assert(parent == AS_NO_FACT || (parent < f->facts.n && parent != fact));
    fact_at(f, fact)->parent = parent;
}

size_t as_facts_evidence_count(const as_facts *f)
{
    return f->evidence.n;
}

void as_facts_close_evidence(as_facts *f, size_t from, uint64_t begin, uint64_t end)
{
    as_evidence *e = f->evidence.p;

    for (size_t i = from; i < f->evidence.n; i++) {
        if (e[i].begin == begin && e[i].end == 0)
            e[i].end = end;
    }
}

as_mark as_facts_mark(const as_facts *f)
{
    return (as_mark){f->facts.n, f->attrs.n, f->evidence.n, f->nodes.n};
}

void as_facts_rewind(as_facts *f, const as_mark *mark)
{
    assert(mark->facts <= f->facts.n && mark->attrs <= f->attrs.n);
    assert(mark->evidence <= f->evidence.n && mark->nodes <= f->nodes.n);
    f->facts.n = mark->facts;
    f->attrs.n = mark->attrs;
    f->evidence.n = mark->evidence;
    f->nodes.n = mark->nodes;
}

/* --- reading ------------------------------------------------------------------ */

size_t as_facts_count(const as_facts *f)
{
    return f->facts.n;
}

const as_fact *as_facts_get(const as_facts *f, size_t i)
{
    return fact_at(f, i);
}

/* A joined fact stands for the one it went into; one that was never put stands for none. */
static uint32_t present(const as_facts *f, uint32_t fact)
{
    while (fact != AS_NO_FACT && (fact_at(f, fact)->flags & AS_FACT_GONE))
        fact = fact_at(f, fact)->parent;
    return fact;
}

uint32_t as_fact_parent(const as_facts *f, const as_fact *fact)
{
    return present(f, fact->parent);
}

/* Processes nest as deep as JSON does; deeper is no report. */
#define RUN_STEPS_MAX 1024

uint32_t as_fact_run(const as_facts *f, uint32_t fact)
{
    uint32_t at = present(f, fact);

    for (size_t i = 0; at != AS_NO_FACT && i < RUN_STEPS_MAX; i++) {
        if (fact_at(f, at)->kind == AS_KIND_ANALYSIS)
            return at;
        at = present(f, fact_at(f, at)->parent);
    }
    return AS_NO_FACT;
}

const as_attr *as_fact_attrs(const as_facts *f, const as_fact *fact)
{
    return attrs_of(f, fact);
}

const as_evidence *as_fact_evidence(const as_facts *f, const as_fact *fact)
{
    return evidence_of(f, fact);
}

static const as_attr *find_attr(const as_attr *attrs, size_t n, unsigned name)
{
    for (size_t i = 0; i < n; i++) {
        if (attrs[i].name == name)
            return &attrs[i];
    }
    return NULL;
}

bool as_fact_attr(const as_facts *f, const as_fact *fact, as_attr_name name, as_value *ret)
{
    const as_attr *a = find_attr(attrs_of(f, fact), fact->n_attrs, name);

    if (!a)
        return false;
    *ret = (as_value){(as_form)a->form, a->str, as_facts_text(f, a->str)};
    return true;
}

as_bytes as_fact_text(const as_facts *f, const as_fact *fact, as_attr_name name)
{
    as_value v;

    return as_fact_attr(f, fact, name, &v) ? v.text : (as_bytes){0};
}

/* --- what parts take from facts above them -------------------------------------------------- */

#define ANCESTRY_MAX 16 /* steps up to the fact that lends its identity */

static bool takes(const as_facts *f, const as_fact *fact, const as_fact *from, as_heirloom *ret)
{
    as_value own;

    if (as_fact_attr(f, fact, ret->name, &own))
        return false;
    ret->evidence = as_fact_evidence(f, from);
    return true;
}

static bool inherits_identity(const as_facts *f, const as_fact *fact, as_heirloom *ret)
{
    uint32_t above = as_fact_parent(f, fact);

    for (unsigned step = 0; step < ANCESTRY_MAX && above != AS_NO_FACT; step++) {
        const as_fact *up = as_facts_get(f, above);
        const as_kind_row *row = as_kind_get((as_kind)up->kind);

        above = as_fact_parent(f, up);
        if (row->under == AS_ATTR_NAME || !as_fact_attr(f, up, row->ident, &ret->value))
            continue;
        ret->name = row->under;
        return takes(f, fact, up, ret);
    }
    return false;
}

/* Two runs of one report may say the same. */
static bool inherits_environment(const as_facts *f, const as_fact *fact, as_heirloom *ret)
{
    uint32_t run = as_fact_run(f, as_fact_parent(f, fact));

    ret->name = AS_ATTR_ENVIRONMENT;
    return run != AS_NO_FACT && as_fact_attr(f, as_facts_get(f, run), ret->name, &ret->value) &&
           takes(f, fact, as_facts_get(f, run), ret);
}

bool as_fact_inherits(const as_facts *f, const as_fact *fact, unsigned which, as_heirloom *ret)
{
    as_heirloom h = {0};
    bool found = which == 0 ? inherits_identity(f, fact, &h) : inherits_environment(f, fact, &h);

    if (found)
        *ret = h;
    return found;
}

#include "formats/volatility_priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/banned.h"

/*
 * The cells of one row become one fact. Rows of one table have the same columns, so what a
 * column means is looked up once for each sequence of columns; rows name their process over
 * and over, so a table of processes leads to the one fact of each.
 */

#define CLASSES   32u
#define SLOTS_MIN ((size_t)256)
#define CARRY_MAX ((size_t)65536) /* processes that the next portion knows, the newest */

#define PLACES_MAX                                                                                 \
    64u /* rows of one process that are one fact, or it would grow with the table                  \
         */

struct cell {
    as_str column, value; /* value 0: empty */
    uint8_t form;
};

struct class
{
    size_t n; /* 0: free */
    const as_plugin *plugin;
    as_str column[AS_VOLATILITY_COLUMNS_MAX];
    uint16_t attr[AS_VOLATILITY_COLUMNS_MAX];
};

struct process {
    uint64_t key;  /* hash of number and name; 0: free */
    uint32_t fact; /* AS_NO_FACT: taken back */
    bool has_row;  /* of its own; else the fact stands on a row that merely names it */
};

struct as_rows {
    as_walk *w;
    unsigned version;
    as_buf cells; /* struct cell */
    size_t n;
    struct class classes[CLASSES];
    size_t next_class, last_class;
    /* The first plugin known: rows that lack some of its columns are its rows, too. */
    const as_plugin *main;
    as_columns main_columns;
    bool named; /* the analysis knows its tool, by what wrote the first row */
    const as_plugin *named_as;
    uint64_t seed, count;
    uint64_t settled; /* of `count`, those that stay */
    struct process *processes;
    size_t n_processes, n_slots;
    as_buf fresh; /* keys put in since the last record */
};

as_rows *as_rows_new(as_walk *w, unsigned version)
{
    as_rows *r = as_mem_zero(1, sizeof(*r));

    if (!r)
        return NULL;
    r->w = w;
    r->version = version;
    if (getrandom(&r->seed, sizeof(r->seed), GRND_NONBLOCK) != sizeof(r->seed))
        r->seed = (uint64_t)(uintptr_t)r;
    return r;
}

void as_rows_free(as_rows *r)
{
    if (!r)
        return;
    as_buf_done(&r->cells);
    as_buf_done(&r->fresh);
    as_mem_free(r->processes);
    as_mem_free(r);
}

uint64_t as_rows_count(const as_rows *r)
{
    return r->count;
}

/* --- cells ---------------------------------------------------------------------------- */

size_t as_rows_begin(as_rows *r)
{
    return r->n;
}

as_code as_rows_cell(as_rows *r, as_str column, as_form form, as_str value, as_err *err)
{
    struct cell cell = {.column = column, .value = value, .form = (uint8_t)form};

    as_buf_add(&r->cells, (as_bytes){(const uint8_t *)&cell, sizeof(cell)});
    if (r->cells.failed)
        return as_fail_nomem(err, "a row of a table");
    r->n++;
    return AS_OK;
}

static struct cell *cells_of(const as_rows *r, size_t mark)
{
    return r->cells.p ? (struct cell *)(void *)r->cells.p + mark : NULL;
}

/* --- classes --------------------------------------------------------------------------- */

static bool is_class(const struct class *c, const struct cell *cells, size_t n)
{
    if (c->n != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (c->column[i] != cells[i].column)
            return false;
    }
    return true;
}

/* One plugin's output is told as such; of several in one input none is named. */
static void name_tool(as_rows *r, const as_plugin *plugin)
{
    if (!r->named && plugin)
        r->w->analysis->tool = plugin->tool;
    else if (r->named && plugin != r->named_as)
        r->w->analysis->tool = r->version == 3 ? "Volatility 3" : "Volatility 2";
    if (!r->named)
        r->named_as = plugin;
    r->named = true;
}

/* What was learnt without it is to be learnt anew: the columns of its rows may lack some. */
static void set_main(as_rows *r, const as_plugin *plugin, const as_columns *columns)
{
    r->main = plugin;
    r->main_columns = *columns;
    for (size_t i = 0; i < CLASSES; i++) {
        if (!r->classes[i].plugin)
            r->classes[i].n = 0;
    }
}

static struct class *learn_class(as_rows *r, const struct cell *cells, size_t n)
{
    struct class *c = &r->classes[r->next_class];
    uint8_t known[AS_VOLATILITY_COLUMNS_MAX];
    as_columns columns = {0};

    r->last_class = r->next_class;
    r->next_class = (r->next_class + 1) % CLASSES;
    c->n = n;
    for (size_t i = 0; i < n; i++) {
        as_volatility_column column =
            as_volatility_column_of(as_facts_text(r->w->facts, cells[i].column));

        c->column[i] = cells[i].column;
        known[i] = (uint8_t)column;
        as_columns_add(&columns, column);
    }
    c->plugin = as_plugin_of(r->version, &columns);
    if (!r->main && c->plugin)
        set_main(r, c->plugin, &columns);
    if (!c->plugin && r->main && as_columns_within(&columns, &r->main_columns))
        c->plugin = r->main;
    for (size_t i = 0; i < n; i++)
        c->attr[i] = (uint16_t)as_volatility_attr(c->plugin, (as_volatility_column)known[i]);
    name_tool(r, c->plugin);
    return c;
}

static const struct class *class_of(as_rows *r, const struct cell *cells, size_t n)
{
    n = n < AS_VOLATILITY_COLUMNS_MAX ? n : AS_VOLATILITY_COLUMNS_MAX;
    if (is_class(&r->classes[r->last_class], cells, n))
        return &r->classes[r->last_class];
    for (size_t i = 0; i < CLASSES; i++) {
        if (is_class(&r->classes[i], cells, n)) {
            r->last_class = i;
            return &r->classes[i];
        }
    }
    return learn_class(r, cells, n);
}

/* --- processes -------------------------------------------------------------------------- */

static uint64_t process_key(const as_rows *r, as_str pid, as_str name)
{
    uint64_t seed = as_hash64(as_facts_text(r->w->facts, name), r->seed);

    return as_hash64(as_facts_text(r->w->facts, pid), seed) | 1;
}

static size_t slot_of(const struct process *p, size_t n_slots, uint64_t key)
{
    size_t i = (size_t)(key * 0x9e3779b97f4a7c15u >> 24) & (n_slots - 1);

    while (p[i].key && p[i].key != key)
        i = (i + 1) & (n_slots - 1);
    return i;
}

static as_code processes_room(as_rows *r, as_err *err)
{
    size_t n = r->n_slots ? r->n_slots * 2 : SLOTS_MIN;
    struct process *more;

    if (r->n_processes < r->n_slots / 2)
        return AS_OK;
    more = as_mem_zero(n, sizeof(*more));
    if (!more)
        return as_fail_nomem(err, "the processes of a memory image");
    for (size_t i = 0; i < r->n_slots; i++) {
        if (r->processes[i].key)
            more[slot_of(more, n, r->processes[i].key)] = r->processes[i];
    }
    as_mem_free(r->processes);
    r->processes = more;
    r->n_slots = n;
    return AS_OK;
}

/* NULL if that process is not known. */
static struct process *find_process(as_rows *r, uint64_t key)
{
    struct process *p = r->n_slots ? &r->processes[slot_of(r->processes, r->n_slots, key)] : NULL;

    return p && p->key && p->fact != AS_NO_FACT ? p : NULL;
}

static as_code put_process(as_rows *r, struct process process, as_err *err)
{
    as_code rc = processes_room(r, err);
    struct process *p;

    if (rc)
        return rc;
    as_buf_add(&r->fresh, (as_bytes){(const uint8_t *)&process.key, sizeof(process.key)});
    if (r->fresh.failed)
        return as_fail_nomem(err, "the processes of a memory image");
    p = &r->processes[slot_of(r->processes, r->n_slots, process.key)];
    r->n_processes += !p->key;
    *p = process;
    return AS_OK;
}

void as_rows_settle(as_rows *r, bool kept)
{
    const uint64_t *keys = (const uint64_t *)(const void *)r->fresh.p;

    for (size_t i = 0; !kept && i < r->fresh.n / sizeof(*keys); i++)
        r->processes[slot_of(r->processes, r->n_slots, keys[i])].fact = AS_NO_FACT;
    as_buf_reset(&r->fresh);
    if (kept) {
        r->settled = r->count;
    } else {
        r->count = r->settled;
        as_buf_reset(&r->cells);
        r->n = 0;
    }
}

/* --- facts ------------------------------------------------------------------------------ */

static as_code add_fact(as_rows *r, uint32_t number, const as_draft *d, uint32_t *ret, as_err *err)
{
    as_code rc = number == AS_NO_FACT ? as_facts_add(r->w->facts, d, ret)
                                      : as_facts_put(r->w->facts, number, d);

    if (rc)
        return as_walk_facts_failed(r->w, rc, err);
    if (number != AS_NO_FACT)
        *ret = number;
    return AS_OK;
}

/* As as_draft_text(), of a text that the pool has. The draft has room. */
static void put_str(const as_rows *r, as_draft *d, as_attr_name name, as_form form, as_str str)
{
    as_attr_type type = as_attr_get(name)->type;
    uint64_t number;

    if (form == AS_FORM_TEXT && (type == AS_TYPE_INT || type == AS_TYPE_SIZE)) {
        as_bytes text = as_facts_text(r->w->facts, str);

        if (as_bytes_u64(text, &number) && (text.n == 1 || text.p[0] != '0'))
            form = AS_FORM_NUMBER;
    }
    d->attrs[d->n_attrs++] = (as_attr){(uint16_t)name, (uint8_t)form, str};
}

static const as_attr *draft_attr(const as_draft *d, as_attr_name name)
{
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == name)
            return &d->attrs[i];
    }
    return NULL;
}

/* What a column holds where there is nothing to tell. No process has a number below 0. */
static bool says_nothing(as_attr_name attr, as_bytes text)
{
    return as_bytes_is(text, "-") || as_bytes_is(text, "N/A") ||
           (attr == AS_ATTR_PID && text.n > 0 && text.p[0] == '-');
}

static as_code put_part(as_rows *r, const struct cell *cell, uint32_t fact, const as_row_place *at,
                        as_err *err)
{
    as_draft d;

    as_draft_init(&d, AS_KIND_DETAIL);
    d.parent = fact;
    d.n_evidence = at->n_evidence;
    memcpy(d.evidence, at->evidence, at->n_evidence * sizeof(*at->evidence));
    if (cell->column)
        put_str(r, &d, AS_ATTR_NAME, AS_FORM_TEXT, cell->column);
    put_str(r, &d, AS_ATTR_VALUE, (as_form)cell->form, cell->value);
    return add_fact(r, AS_NO_FACT, &d, &fact, err);
}

/* Appends the cell, unless the draft is full. */
static void put_cell(const as_rows *r, as_draft *d, struct cell *cell, as_attr_name attr)
{
    if (d->n_attrs + 2 > AS_DRAFT_ATTRS)
        return;
    if (attr == AS_NO_ATTR && cell->column)
        put_str(r, d, AS_ATTR_FIELD, AS_FORM_TEXT, cell->column);
    if (attr == AS_NO_ATTR)
        attr = cell->column ? AS_ATTR_FIELD_VALUE : AS_ATTR_VALUE;
    put_str(r, d, attr, (as_form)cell->form, cell->value);
    cell->value = 0;
}

/*
 * Attributes first, then names and values in pairs. What finds no room in the draft keeps
 * its value, for parts of the fact.
 */
static void put_cells(const as_rows *r, const struct class *c, struct cell *cells, size_t n,
                      as_draft *d)
{
    for (size_t i = 0; i < n && i < c->n; i++) {
        if (cells[i].value && c->attr[i] != AS_NO_ATTR &&
            !says_nothing((as_attr_name)c->attr[i], as_facts_text(r->w->facts, cells[i].value)))
            put_cell(r, d, &cells[i], (as_attr_name)c->attr[i]);
    }
    for (size_t i = 0; i < n; i++) {
        if (cells[i].value)
            put_cell(r, d, &cells[i], AS_NO_ATTR);
    }
}

/* Why the plugin could not read a command line stands where the command line would. */
static void refine(const as_rows *r, as_draft *d)
{
    static const char excuse[] = "Required memory at ";
    size_t n = sizeof(excuse) - 1;

    for (size_t i = 0; i < d->n_attrs; i++) {
        as_bytes text = as_facts_text(r->w->facts, d->attrs[i].str);

        if (d->attrs[i].name == AS_ATTR_COMMAND_LINE && text.n > n && !memcmp(text.p, excuse, n))
            d->attrs[i].name = AS_ATTR_ERROR;
    }
}

/* --- whose row it is --------------------------------------------------------------------- */

/* Facts below a row have later numbers than the one that was reserved for it. */
static bool is_below(uint32_t fact, const as_row_place *row)
{
    return row->number != AS_NO_FACT && fact > row->number;
}

/* The process that a row of something else names, by number and, if it can, by name. */
static as_code find_owner(as_rows *r, const as_row_place *at, as_draft *d, as_err *err)
{
    const as_attr *pid = draft_attr(d, AS_ATTR_PID), *name = draft_attr(d, AS_ATTR_PROCESS_NAME);
    struct process new = {0};
    const struct process *p;
    as_draft process;
    as_code rc;

    if (!pid || (d->kind == AS_KIND_SERVICE && !name))
        return AS_OK;
    new.key = process_key(r, pid->str, name ? name->str : 0);
    p = find_process(r, new.key);
    if (p) {
        d->parent = is_below(p->fact, at) ? AS_NO_FACT : p->fact;
        return AS_OK;
    }
    as_draft_init(&process, AS_KIND_PROCESS);
    process.n_evidence = d->n_evidence;
    memcpy(process.evidence, d->evidence, d->n_evidence * sizeof(*d->evidence));
    put_str(r, &process, AS_ATTR_PID, (as_form)pid->form, pid->str);
    if (name)
        put_str(r, &process, AS_ATTR_NAME, (as_form)name->form, name->str);
    rc = add_fact(r, AS_NO_FACT, &process, &new.fact, err);
    d->parent = rc ? AS_NO_FACT : new.fact;
    return rc ? rc : put_process(r, new, err);
}

/* All that the row says of the process, `fact` says too or does not know yet. */
static bool adds_to(const as_facts *f, uint32_t fact, const as_draft *d)
{
    if (as_facts_get(f, fact)->n_evidence >= PLACES_MAX)
        return false;
    for (size_t i = 0; i < d->n_attrs; i++) {
        as_value v;

        /* Of values under names of their own, joining would keep those of one fact alone. */
        if (d->attrs[i].name == AS_ATTR_FIELD ||
            (as_fact_attr(f, as_facts_get(f, fact), (as_attr_name)d->attrs[i].name, &v) &&
             v.str != d->attrs[i].str))
            return false;
    }
    return true;
}

/*
 * A process that rows of others named before is one fact with its own row, and so is one of
 * which another table adds something, its command line. Other rows of one process stay facts
 * of their own: a scan finds what is left of processes that a list lost.
 */
static as_code note_process(as_rows *r, const as_row_place *at, const as_draft *d, uint32_t fact,
                            as_err *err)
{
    const as_attr *pid = draft_attr(d, AS_ATTR_PID), *name = draft_attr(d, AS_ATTR_NAME);
    struct process new = {.fact = fact, .has_row = true};
    struct process *p;
    as_code rc;

    if (!pid || !name)
        return AS_OK;
    new.key = process_key(r, pid->str, name->str);
    p = find_process(r, new.key);
    if (!p)
        return put_process(r, new, err);
    /* What stands in a record that may turn out bad joins nothing. */
    if (at->nested || is_below(p->fact, at))
        return AS_OK;
    if (!p->has_row) {
        rc = as_facts_join(r->w->facts, fact, p->fact);
        *p = new;
    } else {
        rc = adds_to(r->w->facts, p->fact, d) ? as_facts_join(r->w->facts, p->fact, fact) : AS_OK;
    }
    return rc ? as_walk_facts_failed(r->w, rc, err) : AS_OK;
}

static as_code put_row(as_rows *r, struct cell *cells, size_t n, const as_row_place *at,
                       as_err *err)
{
    const struct class *c = class_of(r, cells, n);
    uint32_t fact = AS_NO_FACT;
    as_draft d;
    as_code rc = AS_OK;

    as_draft_init(&d, c->plugin ? (as_kind)c->plugin->kind : AS_KIND_MEMORY_ROW);
    d.parent = at->parent;
    d.n_evidence = at->n_evidence;
    memcpy(d.evidence, at->evidence, at->n_evidence * sizeof(*at->evidence));
    put_cells(r, c, cells, n, &d);
    if (!d.n_attrs) {
        if (at->number != AS_NO_FACT)
            as_facts_drop(r->w->facts, at->number, at->parent);
        return AS_OK;
    }
    refine(r, &d);
    if (d.kind != AS_KIND_PROCESS && d.parent == AS_NO_FACT)
        rc = find_owner(r, at, &d, err);
    if (!rc)
        rc = add_fact(r, at->number, &d, &fact, err);
    if (!rc && d.kind == AS_KIND_PROCESS)
        rc = note_process(r, at, &d, fact, err);
    for (size_t i = 0; !rc && i < n; i++) {
        if (cells[i].value)
            rc = put_part(r, &cells[i], fact, at, err);
    }
    r->count += !rc;
    return rc;
}

as_code as_rows_end(as_rows *r, size_t mark, const as_row_place *at, as_err *err)
{
    as_code rc = put_row(r, cells_of(r, mark), r->n - mark, at, err);

    r->n = mark;
    r->cells.n = mark * sizeof(struct cell);
    return rc;
}

/* --- portions ---------------------------------------------------------------------------- */

static int newest_first(const void *a, const void *b)
{
    const struct process *x = a, *y = b;

    return x->fact > y->fact ? -1 : x->fact < y->fact;
}

static size_t living(const as_rows *r, struct process *out)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n_slots; i++) {
        if (r->processes[i].key && r->processes[i].fact != AS_NO_FACT)
            out[n++] = r->processes[i];
    }
    qsort(out, n, sizeof(*out), newest_first);
    return n < CARRY_MAX ? n : CARRY_MAX;
}

/* Numbers of texts are forgotten; they are learnt again as they come. */
static as_code renew(as_rows *r, struct process *alive, const uint32_t *facts, size_t n,
                     as_err *err)
{
    as_code rc = AS_OK;

    memset(r->classes, 0, sizeof(r->classes));
    if (r->processes)
        memset(r->processes, 0, r->n_slots * sizeof(*r->processes));
    r->n_processes = 0;
    for (size_t i = 0; !rc && i < n; i++) {
        alive[i].fact = facts[i];
        rc = put_process(r, alive[i], err);
    }
    as_buf_reset(&r->fresh);
    return rc;
}

as_code as_rows_portion(as_rows *r, as_err *err)
{
    struct process *alive = as_mem_get((r->n_processes + 1) * sizeof(*alive));
    uint32_t *facts = as_mem_get((r->n_processes + 1) * sizeof(*facts));
    size_t n = alive && facts ? living(r, alive) : 0;
    as_code rc;

    for (size_t i = 0; i < n; i++)
        facts[i] = alive[i].fact;
    if (!alive || !facts)
        rc = as_fail_nomem(err, "the processes of a memory image");
    else
        rc = as_walk_portion(r->w, facts, n, err);
    if (!rc)
        rc = renew(r, alive, facts, n, err);
    as_mem_free(alive);
    as_mem_free(facts);
    return rc;
}

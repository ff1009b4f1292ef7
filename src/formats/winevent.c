#include "formats/winevent_priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/banned.h"

/*
 * The fields of one event become one fact. Names and kinds of event repeat without
 * end, so both are looked up once: a field's name in a table of names, the meaning
 * of all fields in a class for each provider, channel and event number.
 */

#define NAMES     4096u /* places; the names of all events of one log fill few of them */
#define NAME_LOOK 8u    /* places where a name may stand */
#define RECENT    8u    /* values of a name that are told again and again */
#define CLASSES   256u
#define KNOWN_MAX 160u /* distinct names in the tables, and 0 for all others */
#define SLOTS_MIN ((size_t)1024)
#define CARRY_MAX ((size_t)16384) /* processes that the next portion knows */

struct name {
    as_str key;   /* as it is written; 0: free */
    as_str field; /* as it is kept */
    uint32_t tag;
    uint8_t where, role, known;
    as_str recent[RECENT];
};

struct class
{
    as_str provider, channel, id;
    bool used;
    as_winevent_source source;
    as_kind kind;
    uint16_t attr[KNOWN_MAX]; /* by `known`; AS_NO_ATTR: kept under its own name */
};

struct field {
    as_str name, value;
    uint8_t form, role, known;
};

/* A process that later events name. */
struct actor {
    uint64_t key; /* 0: free */
    uint32_t fact;
    bool seen_start; /* else the fact stands on an event that merely names the process */
    bool ended;      /* its own end was seen */
};

struct as_winevents {
    as_walk *w;
    as_buf fields; /* struct field */
    size_t n;
    bool too_many;
    as_str nothing; /* "-": the field has no value */
    size_t known_names;
    const char *known[KNOWN_MAX];
    struct name names[NAMES];
    struct class classes[CLASSES];
    uint64_t seed;
    struct actor *actors;
    size_t n_actors, n_slots;
};

/* --- the tables, indexed ------------------------------------------------------------ */

static uint8_t known_of(const as_winevents *e, as_bytes name)
{
    for (size_t i = 1; i < e->known_names; i++) {
        if (as_bytes_is(name, e->known[i]))
            return (uint8_t)i;
    }
    return 0;
}

static void learn(as_winevents *e, const as_winevent_map *map)
{
    for (; map && map->field; map++) {
        if (!known_of(e, as_bytes_of(map->field)) && e->known_names < KNOWN_MAX)
            e->known[e->known_names++] = map->field;
    }
}

as_winevents *as_winevents_new(as_walk *w)
{
    as_winevents *e = as_mem_zero(1, sizeof(*e));
    const as_winevent_row *row;

    if (!e)
        return NULL;
    e->w = w;
    if (getrandom(&e->seed, sizeof(e->seed), GRND_NONBLOCK) != sizeof(e->seed))
        e->seed = (uint64_t)(uintptr_t)e;
    e->known_names = 1;
    learn(e, as_winevent_common);
    for (size_t i = 0; (row = as_winevent_row_get(i)); i++)
        learn(e, row->map);
    return e;
}

void as_winevents_free(as_winevents *e)
{
    if (!e)
        return;
    as_buf_done(&e->fields);
    as_mem_free(e->actors);
    as_mem_free(e);
}

/* --- fields ----------------------------------------------------------------------- */

void as_winevents_begin(as_winevents *e)
{
    as_buf_reset(&e->fields);
    e->n = 0;
    e->too_many = false;
}

static __attribute__((noinline)) as_code learn_name(as_winevents *e, as_winevent_where where,
                                                    as_bytes name, struct name *at, as_err *err)
{
    as_bytes data = where == AS_WINEVENT_FLAT ? as_winevent_data_name(name) : name;
    struct name new = {.where = (uint8_t)where, .tag = at->tag};
    as_code rc = as_facts_intern(e->w->facts, name, &new.key);

    if (!rc)
        rc = as_facts_intern(e->w->facts, data, &new.field);
    if (rc)
        return as_walk_facts_failed(e->w, rc, err);
    if (data.n < name.n)
        where = AS_WINEVENT_DATA;
    new.role = (uint8_t)as_winevent_role_of(where, data);
    new.known = where != AS_WINEVENT_SYSTEM ? known_of(e, data) : (uint8_t)0;
    *at = new;
    return AS_OK;
}

/* A name whose places are all taken takes the first: whoever was there is looked up anew. */
static as_code name_of(as_winevents *e, as_winevent_where where, as_bytes name, struct name **ret,
                       as_err *err)
{
    uint32_t tag = (uint32_t)as_hash64(name, where);
    struct name *at = &e->names[tag & (NAMES - 1)];
    as_code rc = AS_OK;

    for (size_t i = 0; i < NAME_LOOK; i++) {
        struct name *n = &e->names[(tag + i) & (NAMES - 1)];

        if (n->tag == tag && n->where == where && n->key &&
            as_bytes_eq(as_facts_text(e->w->facts, n->key), name)) {
            *ret = n;
            return AS_OK;
        }
        if (!n->key) {
            at = n;
            break;
        }
    }
    at->tag = tag;
    rc = learn_name(e, where, name, at, err);
    *ret = at;
    return rc;
}

/*
 * The pool's copy of a value. Most fields have few values, and a glance at those that the
 * field had lately costs less than a search among a million texts.
 */
static as_code value_of(as_winevents *e, struct name *name, as_bytes value, as_str *ret,
                        as_err *err)
{
    as_str *recent = &name->recent[(value.n + value.p[value.n - 1]) & (RECENT - 1)];
    as_code rc;

    if (*recent && as_bytes_eq(as_facts_text(e->w->facts, *recent), value)) {
        *ret = *recent;
        return AS_OK;
    }
    rc = as_facts_intern(e->w->facts, value, ret);
    if (rc)
        return as_walk_facts_failed(e->w, rc, err);
    *recent = *ret;
    return AS_OK;
}

as_code as_winevents_field(as_winevents *e, as_winevent_where where, as_bytes name, as_form form,
                           as_bytes value, as_err *err)
{
    struct name *known = NULL;
    struct field field = {.form = (uint8_t)form};
    as_code rc;

    if (!value.n || !name.n)
        return AS_OK;
    if (e->n == AS_WINEVENT_FIELDS_MAX) {
        e->too_many = true;
        return AS_OK;
    }
    rc = name_of(e, where, name, &known, err);
    if (rc)
        return rc;
    rc = value_of(e, known, value, &field.value, err);
    if (rc)
        return rc;
    field.name = known->field;
    field.role = known->role;
    field.known = known->known;
    if (e->fields.cap - e->fields.n < sizeof(field) && !as_buf_room(&e->fields, sizeof(field)))
        return as_fail_nomem(err, "the fields of an event");
    memcpy(e->fields.p + e->fields.n, &field, sizeof(field));
    e->fields.n += sizeof(field);
    e->n++;
    return AS_OK;
}

static const struct field *fields_of(const as_winevents *e)
{
    return (const struct field *)(const void *)e->fields.p;
}

/* --- classes ------------------------------------------------------------------------ */

/* The place of the field that has the role, or e->n. */
static size_t role_at(const as_winevents *e, as_winevent_role role)
{
    const struct field *fields = fields_of(e);
    size_t i = 0;

    while (i < e->n && fields[i].role != role)
        i++;
    return i;
}

static as_str role_str(const as_winevents *e, const size_t at[AS_WINEVENT_ROLES],
                       as_winevent_role role)
{
    return at[role] < e->n ? fields_of(e)[at[role]].value : 0;
}

static void fill_class(as_winevents *e, struct class *c, as_str provider, as_str channel, as_str id)
{
    const as_facts *f = e->w->facts;
    const as_winevent_row *row;

    *c = (struct class){.provider = provider, .channel = channel, .id = id, .used = true};
    c->source = as_winevent_source_of(as_facts_text(f, provider), as_facts_text(f, channel));
    row = as_winevent_row_of(c->source, as_facts_text(f, id));
    c->kind = row ? (as_kind)row->kind : AS_KIND_WINDOWS_EVENT;
    for (size_t i = 0; i < KNOWN_MAX; i++)
        c->attr[i] = AS_NO_ATTR;
    for (const as_winevent_map *m = as_winevent_common; m->field; m++)
        c->attr[known_of(e, as_bytes_of(m->field))] = m->attr;
    for (const as_winevent_map *m = row ? row->map : NULL; m && m->field; m++)
        c->attr[known_of(e, as_bytes_of(m->field))] = m->attr;
    c->attr[0] = AS_NO_ATTR;
}

static const struct class *class_of(as_winevents *e, as_str provider, as_str channel, as_str id)
{
    uint32_t hash = (provider * 31u + channel) * 31u + id * 2654435761u;
    struct class *c = &e->classes[(hash ^ hash >> 12) & (CLASSES - 1)];

    if (!c->used || c->provider != provider || c->channel != channel || c->id != id)
        fill_class(e, c, provider, channel, id);
    return c;
}

/* --- processes ------------------------------------------------------------------------ */

/*
 * Keys are hashes of what names the process: texts have other numbers in the next portion.
 * The seed keeps whoever wrote the log from choosing two that agree.
 */
static uint64_t guid_key(const as_winevents *e, as_str guid)
{
    return guid ? as_hash64(as_facts_text(e->w->facts, guid), e->seed) | 1 : 0;
}

static uint64_t pid_key(const as_winevents *e, as_str computer, as_str pid)
{
    uint64_t seed = e->seed + 1;

    if (!pid)
        return 0;
    if (computer)
        seed = as_hash64(as_facts_text(e->w->facts, computer), seed);
    return as_hash64(as_facts_text(e->w->facts, pid), seed) | 1;
}

static size_t slot_of(const struct actor *actors, size_t n_slots, uint64_t key)
{
    size_t i = (size_t)(key * 0x9e3779b97f4a7c15u >> 24) & (n_slots - 1);

    while (actors[i].key && actors[i].key != key)
        i = (i + 1) & (n_slots - 1);
    return i;
}

static as_code actors_room(as_winevents *e, as_err *err)
{
    size_t n = e->n_slots ? e->n_slots * 2 : SLOTS_MIN;
    struct actor *more;

    if (e->n_actors < e->n_slots / 2)
        return AS_OK;
    more = as_mem_zero(n, sizeof(*more));
    if (!more)
        return as_fail_nomem(err, "the processes of an event log");
    for (size_t i = 0; i < e->n_slots; i++) {
        if (e->actors[i].key)
            more[slot_of(more, n, e->actors[i].key)] = e->actors[i];
    }
    as_mem_free(e->actors);
    e->actors = more;
    e->n_slots = n;
    return AS_OK;
}

/* NULL if that process is not known. */
static struct actor *find_actor(as_winevents *e, uint64_t key)
{
    struct actor *a = e->n_slots && key ? &e->actors[slot_of(e->actors, e->n_slots, key)] : NULL;

    return a && a->key && a->fact != AS_NO_FACT ? a : NULL;
}

static as_code put_actor(as_winevents *e, uint64_t key, uint32_t fact, bool seen_start, as_err *err)
{
    struct actor *a;
    as_code rc = key ? actors_room(e, err) : AS_OK;

    if (rc || !key)
        return rc;
    a = &e->actors[slot_of(e->actors, e->n_slots, key)];
    e->n_actors += !a->key;
    *a = (struct actor){key, fact, seen_start, false};
    return AS_OK;
}

/* --- the fact ------------------------------------------------------------------------- */

static const as_attr *draft_attr(const as_draft *d, as_attr_name name)
{
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == name)
            return &d->attrs[i];
    }
    return NULL;
}

static as_str draft_str(const as_draft *d, as_attr_name name)
{
    const as_attr *a = draft_attr(d, name);

    return a ? a->str : 0;
}

/* As as_draft_text(), of a text that the pool has. The draft has room. */
static void put_str(as_winevents *e, as_draft *d, as_attr_name name, as_form form, as_str str)
{
    uint64_t number;

    if (form == AS_FORM_TEXT && as_attr_get(name)->type == AS_TYPE_INT) {
        as_bytes text = as_facts_text(e->w->facts, str);

        if (as_bytes_u64(text, &number) && (text.n == 1 || text.p[0] != '0'))
            form = AS_FORM_NUMBER;
    }
    d->attrs[d->n_attrs++] = (as_attr){(uint16_t)name, (uint8_t)form, str};
}

/* "SHA1=..,MD5=..": each by itself, beside the whole. */
static as_code put_hashes(as_winevents *e, as_draft *d, as_str str, as_err *err)
{
    static const struct {
        const char *name;
        as_attr_name attr;
    } kinds[] = {{"MD5=", AS_ATTR_MD5},
                 {"SHA1=", AS_ATTR_SHA1},
                 {"SHA256=", AS_ATTR_SHA256},
                 {"IMPHASH=", AS_ATTR_IMPHASH}};
    as_bytes left = as_facts_text(e->w->facts, str);

    while (left.n) {
        const uint8_t *comma = memchr(left.p, ',', left.n);
        size_t n = comma ? (size_t)(comma - left.p) : left.n;

        for (size_t i = 0; i < AS_COUNT(kinds); i++) {
            size_t k = strlen(kinds[i].name);
            as_code rc;

            if (n <= k || memcmp(left.p, kinds[i].name, k) != 0 || draft_attr(d, kinds[i].attr))
                continue;
            rc = as_draft_text(d, e->w->facts, kinds[i].attr, AS_FORM_TEXT,
                               (as_bytes){left.p + k, n - k});
            if (rc)
                return as_walk_facts_failed(e->w, rc, err);
        }
        left.p += n + (comma != NULL);
        left.n -= n + (comma != NULL);
    }
    return AS_OK;
}

/* The last step of the path is what a process is called. */
static as_code put_base_name(as_winevents *e, as_draft *d, as_err *err)
{
    as_bytes path = as_facts_text(e->w->facts, draft_str(d, AS_ATTR_PATH));
    size_t from = path.n;
    as_code rc;

    while (from > 0 && path.p[from - 1] != '\\' && path.p[from - 1] != '/')
        from--;
    if (from == path.n)
        return AS_OK;
    rc = as_draft_text(d, e->w->facts, AS_ATTR_NAME, AS_FORM_TEXT,
                       (as_bytes){path.p + from, path.n - from});
    return rc ? as_walk_facts_failed(e->w, rc, err) : AS_OK;
}

/* What a field of the frame is told as. The best clock is the time, the others are kept. */
static as_attr_name frame_attr(const struct field *field, size_t i,
                               const size_t at[AS_WINEVENT_ROLES])
{
    static const uint16_t attrs[AS_WINEVENT_ROLES] = {
        [AS_WINEVENT_PROVIDER] = AS_ATTR_SOURCE,  [AS_WINEVENT_ID] = AS_ATTR_EVENT_ID,
        [AS_WINEVENT_CHANNEL] = AS_ATTR_CHANNEL,  [AS_WINEVENT_COMPUTER] = AS_ATTR_COMPUTER,
        [AS_WINEVENT_RECORD] = AS_ATTR_RECORD,    [AS_WINEVENT_LEVEL] = AS_ATTR_LEVEL,
        [AS_WINEVENT_VERSION] = AS_ATTR_VERSION,  [AS_WINEVENT_TIME] = AS_ATTR_TIME,
        [AS_WINEVENT_TIME_LOGGED] = AS_ATTR_TIME, [AS_WINEVENT_TIME_LOCAL] = AS_ATTR_TIME,
        [AS_WINEVENT_TIME_SENT] = AS_ATTR_TIME,   [AS_WINEVENT_GUID] = AS_NO_ATTR,
        [AS_WINEVENT_PARENT_GUID] = AS_NO_ATTR,   [AS_WINEVENT_HASHES] = AS_NO_ATTR,
        [AS_WINEVENT_PLAIN] = AS_NO_ATTR,
    };

    return at[field->role] == i ? (as_attr_name)attrs[field->role] : AS_NO_ATTR;
}

/* Room that is kept for hashes and a name. */
#define LATE_ATTRS 8

/*
 * Attributes first, then names and values in pairs. What finds no room in the draft
 * is left in the list, for parts of the fact: returns how many there are.
 */
static size_t put_fields(as_winevents *e, const struct class *c, const size_t at[AS_WINEVENT_ROLES],
                         as_draft *d)
{
    struct field *fields = (struct field *)(void *)e->fields.p;
    size_t left = 0, kept = 0;

    for (size_t i = 0; i < e->n; i++) {
        as_attr_name attr = fields[i].role ? frame_attr(&fields[i], i, at) : AS_NO_ATTR;

        if (attr == AS_NO_ATTR && fields[i].known)
            attr = (as_attr_name)c->attr[fields[i].known];
        if (fields[i].value == e->nothing && !fields[i].role)
            attr = AS_NO_ATTR;
        if (attr != AS_NO_ATTR && d->n_attrs + LATE_ATTRS < AS_DRAFT_ATTRS)
            put_str(e, d, attr, (as_form)fields[i].form, fields[i].value);
        else
            fields[left++] = fields[i];
    }
    for (size_t i = 0; i < left; i++) {
        if (d->n_attrs + 2 + LATE_ATTRS > AS_DRAFT_ATTRS) {
            fields[kept++] = fields[i];
            continue;
        }
        put_str(e, d, AS_ATTR_FIELD, AS_FORM_TEXT, fields[i].name);
        put_str(e, d, AS_ATTR_FIELD_VALUE, (as_form)fields[i].form, fields[i].value);
    }
    return kept;
}

static as_code add_fact(as_winevents *e, const as_draft *d, uint32_t *ret, as_err *err)
{
    as_code rc = as_facts_add(e->w->facts, d, ret);

    return rc ? as_walk_facts_failed(e->w, rc, err) : AS_OK;
}

static as_code put_parts(as_winevents *e, size_t n, uint32_t fact, const as_evidence *at,
                         as_err *err)
{
    const struct field *fields = fields_of(e);
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < n; i++) {
        as_draft d;

        as_draft_init(&d, AS_KIND_DETAIL);
        d.parent = fact;
        d.n_evidence = 1;
        d.evidence[0] = *at;
        put_str(e, &d, AS_ATTR_NAME, AS_FORM_TEXT, fields[i].name);
        put_str(e, &d, AS_ATTR_VALUE, (as_form)fields[i].form, fields[i].value);
        rc = add_fact(e, &d, NULL, err);
    }
    return rc;
}

/* --- who did it ------------------------------------------------------------------------ */

/*
 * A process of which only the name is known so far. Its start may yet come: lines are
 * not always in the order of time.
 */
static as_code add_named_process(as_winevents *e, const as_draft *event, as_str guid, uint32_t *ret,
                                 as_err *err)
{
    as_str path = draft_str(event, AS_ATTR_PROCESS_PATH);
    const as_attr *pid = draft_attr(event, AS_ATTR_PID);
    as_draft d;
    as_code rc;

    as_draft_init(&d, AS_KIND_PROCESS);
    d.n_evidence = 1;
    d.evidence[0] = event->evidence[0];
    if (!path || as_bytes_is(as_facts_text(e->w->facts, path), "<unknown process>"))
        return AS_OK;
    put_str(e, &d, AS_ATTR_PATH, AS_FORM_TEXT, path);
    rc = put_base_name(e, &d, err);
    if (rc)
        return rc;
    if (pid)
        put_str(e, &d, AS_ATTR_PID, (as_form)pid->form, pid->str);
    rc = add_fact(e, &d, ret, err);
    return rc ? rc : put_actor(e, guid_key(e, guid), *ret, false, err);
}

/* Sysmon gives each process a number of its own; the Security log has but the PID. */
static as_code find_parent(as_winevents *e, const struct class *c, as_str guid, as_str above,
                           as_draft *d, as_err *err)
{
    as_str computer = draft_str(d, AS_ATTR_COMPUTER);
    bool starts = d->kind == AS_KIND_PROCESS;
    const struct actor *a;

    if (c->source == AS_WINEVENT_SECURITY)
        a = find_actor(e, pid_key(e, computer, draft_str(d, starts ? AS_ATTR_PPID : AS_ATTR_PID)));
    else
        a = find_actor(e, guid_key(e, starts ? above : guid));
    if (a)
        d->parent = a->fact;
    else if (!starts && guid)
        return add_named_process(e, d, guid, &d->parent, err);
    return AS_OK;
}

/* A process that was named before it was seen to start is one fact with this one. */
static as_code note_start(as_winevents *e, as_str guid, uint32_t fact, as_err *err)
{
    const struct actor *known = find_actor(e, guid_key(e, guid));
    as_code rc = AS_OK;

    if (known && !known->seen_start)
        rc = as_facts_join(e->w->facts, fact, known->fact);
    if (rc)
        return as_walk_facts_failed(e->w, rc, err);
    return put_actor(e, guid_key(e, guid), fact, true, err);
}

static as_code note_process(as_winevents *e, const struct class *c, as_str guid, const as_draft *d,
                            uint32_t fact, as_err *err)
{
    uint64_t key = 0;

    if (d->kind == AS_KIND_PROCESS && guid)
        return note_start(e, guid, fact, err);
    if (c->source == AS_WINEVENT_SECURITY)
        key = pid_key(e, draft_str(d, AS_ATTR_COMPUTER), draft_str(d, AS_ATTR_PID));
    if (d->kind == AS_KIND_PROCESS)
        return put_actor(e, key, fact, true, err);
    /* Its number is free for another process now; a number of Sysmon's own never is. */
    if (d->kind == AS_KIND_PROCESS_ENDED && find_actor(e, key))
        return put_actor(e, key, AS_NO_FACT, false, err);
    if (d->kind == AS_KIND_PROCESS_ENDED && find_actor(e, guid_key(e, guid)))
        find_actor(e, guid_key(e, guid))->ended = true;
    return AS_OK;
}

/* --- portions --------------------------------------------------------------------------- */

static int by_use(const void *a, const void *b)
{
    const struct actor *x = a, *y = b;

    if (x->ended != y->ended)
        return x->ended ? 1 : -1;
    return x->fact > y->fact ? -1 : x->fact < y->fact;
}

/*
 * Those that later events may name: the living, then the ended (records are not always in
 * the order of time), the newest first. Returns how many.
 */
static size_t worth_carrying(const as_winevents *e, struct actor *out)
{
    size_t n = 0;

    for (size_t i = 0; i < e->n_slots; i++) {
        const struct actor *a = &e->actors[i];

        if (a->key && a->fact != AS_NO_FACT)
            out[n++] = *a;
    }
    qsort(out, n, sizeof(*out), by_use);
    return n < CARRY_MAX ? n : CARRY_MAX;
}

/* Everything that is a number of a text is forgotten; it is learnt again as it comes. */
static as_code forget_texts(as_winevents *e, const struct actor *actors, const uint32_t *facts,
                            size_t n, as_err *err)
{
    as_code rc = AS_OK;

    memset(e->names, 0, sizeof(e->names));
    memset(e->classes, 0, sizeof(e->classes));
    if (e->actors)
        memset(e->actors, 0, e->n_slots * sizeof(*e->actors));
    e->n_actors = 0;
    for (size_t i = n; !rc && i-- > 0;) {
        struct actor *a;

        rc = put_actor(e, actors[i].key, facts[i], actors[i].seen_start, err);
        a = rc ? NULL : find_actor(e, actors[i].key);
        if (a)
            a->ended = actors[i].ended;
    }
    return rc;
}

as_code as_winevents_portion(as_winevents *e, as_err *err)
{
    struct actor *actors = as_mem_get((e->n_actors + 1) * sizeof(*actors));
    uint32_t *facts = as_mem_get((e->n_actors + 1) * sizeof(*facts));
    size_t n = actors && facts ? worth_carrying(e, actors) : 0;
    as_code rc;

    for (size_t i = 0; i < n; i++)
        facts[i] = actors[i].fact;
    if (!actors || !facts)
        rc = as_fail_nomem(err, "the processes of an event log");
    else
        rc = as_walk_portion(e->w, facts, n, err);
    if (!rc)
        rc = forget_texts(e, actors, facts, n, err);
    as_mem_free(actors);
    as_mem_free(facts);
    return rc;
}

/* What happened to a key is a value. The time of a start is when the process was first seen. */
static void refine(const as_winevents *e, as_draft *d)
{
    as_bytes what = as_facts_text(e->w->facts, draft_str(d, AS_ATTR_OPERATION));

    for (size_t i = 0; d->kind == AS_KIND_PROCESS && i < d->n_attrs; i++) {
        if (d->attrs[i].name == AS_ATTR_TIME)
            d->attrs[i].name = AS_ATTR_FIRST_SEEN;
    }
    if (d->kind == AS_KIND_KEY_WRITTEN && what.n >= 6 && !memcmp(what.p, "Delete", 6))
        d->kind = AS_KIND_KEY_DELETED;
}

/* Only the best of the clocks is the time. */
static void find_roles(const as_winevents *e, size_t at[AS_WINEVENT_ROLES])
{
    for (size_t role = 0; role < AS_WINEVENT_ROLES; role++)
        at[role] = e->n;
    for (size_t i = e->n; i-- > 0;)
        at[fields_of(e)[i].role] = i;
    for (size_t role = AS_WINEVENT_TIME, found = 0; role <= AS_WINEVENT_TIME_SENT; role++) {
        if (found)
            at[role] = e->n;
        found |= at[role] < e->n;
    }
}

as_code as_winevents_end(as_winevents *e, const as_evidence *at, bool *ret_kept, as_err *err)
{
    size_t roles[AS_WINEVENT_ROLES], left;
    as_str guid, above, hashes;
    uint32_t fact = AS_NO_FACT;
    const struct class *c;
    as_draft d;
    as_code rc = as_facts_intern(e->w->facts, AS_LITERAL("-"), &e->nothing);

    if (rc)
        return as_walk_facts_failed(e->w, rc, err);
    *ret_kept = !e->too_many && role_at(e, AS_WINEVENT_ID) < e->n;
    if (!*ret_kept)
        return AS_OK;
    find_roles(e, roles);
    guid = role_str(e, roles, AS_WINEVENT_GUID);
    above = role_str(e, roles, AS_WINEVENT_PARENT_GUID);
    hashes = role_str(e, roles, AS_WINEVENT_HASHES);
    c = class_of(e, role_str(e, roles, AS_WINEVENT_PROVIDER),
                 role_str(e, roles, AS_WINEVENT_CHANNEL), role_str(e, roles, AS_WINEVENT_ID));
    as_draft_init(&d, c->kind);
    d.n_evidence = 1;
    d.evidence[0] = *at;
    left = put_fields(e, c, roles, &d);
    refine(e, &d);
    if (hashes)
        rc = put_hashes(e, &d, hashes, err);
    if (!rc && d.kind == AS_KIND_PROCESS)
        rc = put_base_name(e, &d, err);
    if (!rc)
        rc = find_parent(e, c, guid, above, &d, err);
    if (!rc)
        rc = add_fact(e, &d, &fact, err);
    if (!rc)
        rc = note_process(e, c, guid, &d, fact, err);
    return rc ? rc : put_parts(e, left, fact, at, err);
}

#include "retrieve/judged.h"

#include "base/json.h"

#include <string.h>

#include "base/banned.h"

/* --- what fits ------------------------------------------------------------------------------ */

static bool stands_in(as_bytes needle, as_bytes line)
{
    return needle.n == 0 || (line.n > 0 && memmem(line.p, line.n, needle.p, needle.n) != NULL);
}

static bool line_fits(const as_judgement *j, as_bytes line)
{
    size_t i = 0;

    while (i < j->n && stands_in(j->contains[i], line))
        i++;
    return i == j->n;
}

/* The sentences above rows stand there for each of them, and are not what a row says. */
static bool is_row(as_bytes line)
{
    return line.n >= 2 && line.p[0] == '-' && line.p[1] == ' ';
}

static bool body_fits(const as_judgement *j, bool prose, as_bytes body)
{
    for (size_t at = 0; at < body.n;) {
        const uint8_t *end = memchr(body.p + at, '\n', body.n - at);
        size_t n = end ? (size_t)(end - (body.p + at)) : body.n - at;
        as_bytes line = {body.p + at, n};

        if ((prose || is_row(line)) && line_fits(j, line))
            return true;
        at += n + 1;
    }
    return false;
}

bool as_judged_fits(const as_judged_question *q, as_section section, uint8_t lang, as_bytes body)
{
    bool prose = lang < 2; /* as_lang: rows are of no language */

    for (size_t i = 0; i < q->n_relevant; i++) {
        if (q->relevant[i].section == section && body_fits(&q->relevant[i], prose, body))
            return true;
    }
    return false;
}

/* --- reading ---------------------------------------------------------------------------------- */

#define KEY_MAP(X)                                                                                 \
    X(ID, "id")                                                                                    \
    X(SPLIT, "split")                                                                              \
    X(LANG, "lang")                                                                                \
    X(KIND, "kind")                                                                                \
    X(SCOPE, "scope")                                                                              \
    X(REPORT, "report")                                                                            \
    X(QUESTION, "question")                                                                        \
    X(RELEVANT, "relevant")                                                                        \
    X(SECTION, "section")                                                                          \
    X(CONTAINS, "contains")

enum key {
#define AS_X(id, name) KEY_##id,
    KEY_MAP(AS_X)
#undef AS_X
        KEY_COUNT
};

static const char *const key_names[] = {
#define AS_X(id, name) name,
    KEY_MAP(AS_X)
#undef AS_X
};

static const char *const section_names[] = {
#define AS_X(id, name) name,
    AS_SECTION_MAP(AS_X)
#undef AS_X
};

#define OF_JUDGEMENT (1u << KEY_SECTION | 1u << KEY_CONTAINS)
#define OF_QUESTION  ((1u << KEY_COUNT) - 1 - OF_JUDGEMENT)

struct reader {
    as_json *json;
    as_json_tok t;
    as_arena *arena;
    as_buf scratch;
    enum key key; /* in hand */
    as_err *err;
};

static as_code next(struct reader *r)
{
    return as_json_next(r->json, &r->t, r->err);
}

static as_code no_room(struct reader *r)
{
    return as_fail_nomem(r->err, "the judged questions");
}

static as_code fail_type(struct reader *r, const char *what)
{
    return as_fail(r->err, AS_INVALID, (size_t)r->t.begin, "'%s' is not %s", key_names[r->key],
                   what);
}

static as_code take_text(struct reader *r, as_bytes *ret)
{
    as_bytes text;

    if (r->t.type != AS_JSON_STRING)
        return fail_type(r, "a text");
    if (as_json_text(r->t.raw, &r->scratch, &text) || as_arena_copy(r->arena, text, ret))
        return no_room(r);
    return AS_OK;
}

/* What was collected on the heap lies in the arena afterwards, whatever happened before. */
static as_code settle(struct reader *r, as_code rc, void *p, size_t n, size_t size,
                      const void **ret)
{
    void *kept;

    if (rc) {
        as_mem_free(p);
        return rc;
    }
    kept = as_arena_keep(r->arena, p, n, size);
    if (!kept)
        return no_room(r);
    *ret = kept;
    return AS_OK;
}

/* The key in hand among those of `known`; KEY_COUNT for another. */
static as_code take_key(struct reader *r, unsigned known, unsigned *seen, enum key *ret)
{
    as_bytes name;

    *ret = KEY_COUNT;
    if (as_json_text(r->t.raw, &r->scratch, &name))
        return no_room(r);
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        if (!(known >> i & 1u) || !as_bytes_is(name, key_names[i]))
            continue;
        if (*seen >> i & 1u)
            return as_fail(r->err, AS_INVALID, (size_t)r->t.begin, "'%s' stands there twice",
                           key_names[i]);
        *seen |= 1u << i;
        *ret = r->key = (enum key)i;
        return AS_OK;
    }
    return AS_OK;
}

typedef as_code value_fn(struct reader *r, enum key key, void *ret);

/* An object with all of `keys`; the token in hand is its brace, and then its other one. */
static as_code read_object(struct reader *r, unsigned keys, value_fn *value, void *ret)
{
    unsigned seen = 0;
    as_code rc;

    if (r->t.type != AS_JSON_OBJECT)
        return as_fail(r->err, AS_INVALID, (size_t)r->t.begin,
                       "a question or a judgement is an object");
    rc = next(r);
    while (!rc && r->t.type == AS_JSON_KEY) {
        enum key key = KEY_COUNT;

        rc = take_key(r, keys, &seen, &key);
        rc = rc ? rc : next(r);
        if (!rc)
            rc = key == KEY_COUNT ? as_json_skip(r->json, &r->t, r->err) : value(r, key, ret);
        rc = rc ? rc : next(r);
    }
    for (unsigned i = 0; !rc && i < KEY_COUNT; i++) {
        if (keys >> i & ~seen >> i & 1u)
            rc = as_fail(r->err, AS_INVALID, (size_t)r->t.begin, "'%s' is missing", key_names[i]);
    }
    return rc;
}

static as_code read_section(struct reader *r, as_section *ret)
{
    as_bytes text = {0};
    as_code rc = take_text(r, &text);

    if (rc)
        return rc;
    for (unsigned i = 0; i < AS_SECTION_COUNT; i++) {
        if (as_bytes_is(text, section_names[i])) {
            *ret = (as_section)i;
            return AS_OK;
        }
    }
    return fail_type(r, "the name of a section");
}

static as_code read_contains(struct reader *r, as_judgement *j)
{
    as_bytes *p = NULL;
    size_t n = 0, cap = 0;
    const void *list = NULL;
    as_code rc = r->t.type == AS_JSON_ARRAY ? next(r) : fail_type(r, "a list of texts");

    while (!rc && r->t.type != AS_JSON_ARRAY_END) {
        if (!as_mem_room((void **)&p, &cap, n, sizeof(*p)))
            rc = no_room(r);
        rc = rc ? rc : take_text(r, &p[n]);
        if (!rc && p[n].n == 0)
            rc = fail_type(r, "a list of texts with something in them");
        n++;
        rc = rc ? rc : next(r);
    }
    if (!rc && n == 0)
        rc = fail_type(r, "a list with anything in it");
    rc = settle(r, rc, p, n, sizeof(*p), &list);
    if (!rc) {
        j->contains = list;
        j->n = n;
    }
    return rc;
}

static as_code read_of_judgement(struct reader *r, enum key key, void *ret)
{
    as_judgement *j = ret;

    return key == KEY_SECTION ? read_section(r, &j->section) : read_contains(r, j);
}

static as_code read_relevant(struct reader *r, as_judged_question *q)
{
    as_judgement *p = NULL;
    size_t n = 0, cap = 0;
    const void *list = NULL;
    as_code rc = r->t.type == AS_JSON_ARRAY ? next(r) : fail_type(r, "a list of judgements");

    while (!rc && r->t.type != AS_JSON_ARRAY_END) {
        if (!as_mem_room((void **)&p, &cap, n, sizeof(*p)))
            rc = no_room(r);
        if (!rc)
            p[n] = (as_judgement){0};
        rc = rc ? rc : read_object(r, OF_JUDGEMENT, read_of_judgement, &p[n]);
        n++;
        rc = rc ? rc : next(r);
    }
    r->key = KEY_RELEVANT;
    if (!rc && n == 0)
        rc = fail_type(r, "a list with anything in it");
    rc = settle(r, rc, p, n, sizeof(*p), &list);
    if (!rc) {
        q->relevant = list;
        q->n_relevant = n;
    }
    return rc;
}

static as_code read_scope(struct reader *r, bool *ret)
{
    as_bytes text = {0};
    as_code rc = take_text(r, &text);

    if (rc)
        return rc;
    *ret = as_bytes_is(text, "store");
    return *ret || as_bytes_is(text, "report") ? AS_OK : fail_type(r, "'report' or 'store'");
}

static as_code read_of_question(struct reader *r, enum key key, void *ret)
{
    as_judged_question *q = ret;

    switch (key) {
    case KEY_ID:
        return take_text(r, &q->id);
    case KEY_SPLIT:
        return take_text(r, &q->split);
    case KEY_LANG:
        return take_text(r, &q->lang);
    case KEY_KIND:
        return take_text(r, &q->kind);
    case KEY_SCOPE:
        return read_scope(r, &q->whole_store);
    case KEY_REPORT:
        return take_text(r, &q->report);
    case KEY_QUESTION:
        return take_text(r, &q->text);
    case KEY_RELEVANT:
        return read_relevant(r, q);
    case KEY_SECTION:
    case KEY_CONTAINS:
    case KEY_COUNT:
        break;
    }
    return as_json_skip(r->json, &r->t, r->err);
}

as_code as_judged_read(as_source *source, as_arena *a, as_judged_set *ret, as_err *err)
{
    as_json_limits limits = AS_JSON_LIMITS_DEFAULT;
    struct reader r = {.arena = a, .err = err};
    as_judged_question *p = NULL;
    size_t n = 0, cap = 0;
    const void *list = NULL;
    as_code rc;

    limits.many = true;
    rc = as_json_new(source, &limits, &r.json, err);
    if (rc)
        return rc;
    rc = next(&r);
    while (!rc && r.t.type != AS_JSON_END) {
        if (!as_mem_room((void **)&p, &cap, n, sizeof(*p)))
            rc = no_room(&r);
        if (!rc)
            p[n] = (as_judged_question){0};
        rc = rc ? rc : read_object(&r, OF_QUESTION, read_of_question, &p[n]);
        n++;
        rc = rc ? rc : next(&r);
    }
    rc = settle(&r, rc, p, n, sizeof(*p), &list);
    if (!rc)
        *ret = (as_judged_set){list, n};
    as_json_free(r.json);
    as_buf_done(&r.scratch);
    return rc;
}

#include "query/score.h"

#include "base/escape.h"
#include "base/json.h"
#include "base/utf8.h"
#include "store/ioc.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* --- reading ----------------------------------------------------------------------------- */

/* Those that a question must have come first. */
#define KEY_MAP(X)                                                                                 \
    X(ID, "id")                                                                                    \
    X(SPLIT, "split")                                                                              \
    X(REPORTS, "reports")                                                                          \
    X(SAMPLE, "sample")                                                                            \
    X(LANG, "lang")                                                                                \
    X(QUESTION, "question")                                                                        \
    X(VARIANTS, "variants")                                                                        \
    X(ANSWERABLE, "answerable")                                                                    \
    X(TRUTH, "truth")                                                                              \
    X(COUNT, "count")                                                                              \
    X(ITEMS, "items")                                                                              \
    X(MATCH, "match")                                                                              \
    X(CATEGORY, "category")                                                                        \
    X(OPTIONAL, "optional")

enum key {
#define AS_X(id, name) KEY_##id,
    KEY_MAP(AS_X)
#undef AS_X
        KEY_COUNT_OF
};

#define KEYS_NEEDED ((1u << KEY_CATEGORY) - 1)

static const char *const key_names[] = {
#define AS_X(id, name) name,
    KEY_MAP(AS_X)
#undef AS_X
};

struct reader {
    as_json *json;
    as_json_tok t;
    as_arena *arena;
    as_buf scratch;
    const char *key; /* in hand */
    as_err *err;
};

static as_code next(struct reader *r)
{
    return as_json_next(r->json, &r->t, r->err);
}

static as_code fail_type(struct reader *r, const char *what)
{
    return as_fail(r->err, AS_INVALID, (size_t)r->t.begin, "'%s' is not %s", r->key, what);
}

/* The text of the token in hand. */
static as_code take_text(struct reader *r, as_bytes *ret)
{
    as_bytes text;

    if (r->t.type != AS_JSON_STRING)
        return fail_type(r, "a text");
    if (as_json_text(r->t.raw, &r->scratch, &text) || as_arena_copy(r->arena, text, ret))
        return as_fail_nomem(r->err, "the questions");
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
        return as_fail_nomem(r->err, "the questions");
    *ret = kept;
    return AS_OK;
}

static as_code read_texts(struct reader *r, const as_bytes **ret, size_t *ret_n)
{
    as_bytes *p = NULL;
    size_t n = 0, cap = 0;
    const void *list = NULL;
    as_code rc = r->t.type == AS_JSON_ARRAY ? next(r) : fail_type(r, "a list of texts");

    while (!rc && r->t.type != AS_JSON_ARRAY_END) {
        if (!as_mem_room((void **)&p, &cap, n, sizeof(*p)))
            rc = as_fail_nomem(r->err, "the questions");
        rc = rc ? rc : take_text(r, &p[n]);
        n++;
        rc = rc ? rc : next(r);
    }
    rc = settle(r, rc, p, n, sizeof(*p), &list);
    if (!rc) {
        *ret = list;
        *ret_n = n;
    }
    return rc;
}

static as_code read_items(struct reader *r, const as_spellings **ret, size_t *ret_n)
{
    as_spellings *p = NULL;
    size_t n = 0, cap = 0;
    const void *list = NULL;
    as_code rc = r->t.type == AS_JSON_ARRAY ? next(r) : fail_type(r, "a list of lists of texts");

    while (!rc && r->t.type != AS_JSON_ARRAY_END) {
        if (!as_mem_room((void **)&p, &cap, n, sizeof(*p)))
            rc = as_fail_nomem(r->err, "the questions");
        rc = rc ? rc : read_texts(r, &p[n].p, &p[n].n);
        if (!rc && p[n].n == 0)
            rc = fail_type(r, "a list of values with a spelling each");
        n++;
        rc = rc ? rc : next(r);
    }
    rc = settle(r, rc, p, n, sizeof(*p), &list);
    if (!rc) {
        *ret = list;
        *ret_n = n;
    }
    return rc;
}

static as_code read_bool(struct reader *r, bool *ret)
{
    if (r->t.type != AS_JSON_TRUE && r->t.type != AS_JSON_FALSE)
        return fail_type(r, "true or false");
    *ret = r->t.type == AS_JSON_TRUE;
    return AS_OK;
}

static as_code read_match(struct reader *r, bool *ret)
{
    as_bytes text = {0};
    as_code rc = take_text(r, &text);

    if (rc)
        return rc;
    *ret = as_bytes_is(text, "contains");
    return *ret || as_bytes_is(text, "exact") ? AS_OK : fail_type(r, "'exact' or 'contains'");
}

static as_code read_truth(struct reader *r, as_truth *ret)
{
    bool yes = false;
    as_code rc = read_bool(r, &yes);

    if (!rc)
        *ret = yes ? AS_TRUTH_YES : AS_TRUTH_NO;
    return rc;
}

static as_code read_count(struct reader *r, as_question *q)
{
    if (r->t.type != AS_JSON_NUMBER || !as_bytes_u64(r->t.raw, &q->count))
        return fail_type(r, "a number of things");
    q->has_count = true;
    return AS_OK;
}

/* The value of a key that a question has. */
static as_code read_value(struct reader *r, enum key key, as_question *q)
{
    bool null = r->t.type == AS_JSON_NULL;

    if (null && (key == KEY_SAMPLE || key == KEY_TRUTH || key == KEY_COUNT || key == KEY_ITEMS))
        return AS_OK;
    switch (key) {
    case KEY_ID:
        return take_text(r, &q->id);
    case KEY_SPLIT:
        return take_text(r, &q->split);
    case KEY_CATEGORY:
        return take_text(r, &q->category);
    case KEY_LANG:
        return take_text(r, &q->lang);
    case KEY_SAMPLE:
        return take_text(r, &q->sample);
    case KEY_QUESTION:
        return take_text(r, &q->text);
    case KEY_REPORTS:
        return read_texts(r, &q->reports, &q->n_reports);
    case KEY_VARIANTS:
        return read_texts(r, &q->variants, &q->n_variants);
    case KEY_ANSWERABLE:
        return read_bool(r, &q->answerable);
    case KEY_TRUTH:
        return read_truth(r, &q->truth);
    case KEY_COUNT:
        return read_count(r, q);
    case KEY_ITEMS:
        q->has_items = true;
        return read_items(r, &q->items, &q->n_items);
    case KEY_OPTIONAL:
        return read_items(r, &q->optional, &q->n_optional);
    case KEY_MATCH:
        return read_match(r, &q->contains);
    case KEY_COUNT_OF:
        break;
    }
    return as_json_skip(r->json, &r->t, r->err);
}

/* The key in hand, or KEY_COUNT_OF. */
static as_code find_key(struct reader *r, unsigned *seen, enum key *ret)
{
    as_bytes name;

    if (as_json_text(r->t.raw, &r->scratch, &name))
        return as_fail_nomem(r->err, "the questions");
    for (unsigned i = 0; i < KEY_COUNT_OF; i++) {
        if (!as_bytes_is(name, key_names[i]))
            continue;
        if (*seen >> i & 1u)
            return as_fail(r->err, AS_INVALID, (size_t)r->t.begin, "'%s' stands there twice",
                           key_names[i]);
        *seen |= 1u << i;
        *ret = (enum key)i;
        r->key = key_names[i];
        return AS_OK;
    }
    *ret = KEY_COUNT_OF;
    return AS_OK;
}

static as_code read_question(struct reader *r, as_question *q)
{
    unsigned seen = 0;
    as_code rc;

    *q = (as_question){.truth = AS_TRUTH_NONE, .category = AS_LITERAL("-")};
    if (r->t.type != AS_JSON_OBJECT)
        return as_fail(r->err, AS_INVALID, (size_t)r->t.begin, "a question is an object");
    rc = next(r);
    while (!rc && r->t.type == AS_JSON_KEY) {
        enum key key = KEY_COUNT_OF;

        rc = find_key(r, &seen, &key);
        rc = rc ? rc : next(r);
        rc = rc ? rc : read_value(r, key, q);
        rc = rc ? rc : next(r);
    }
    for (unsigned i = 0; !rc && i < KEY_COUNT_OF; i++) {
        if (KEYS_NEEDED >> i & ~seen >> i & 1u)
            rc = as_fail(r->err, AS_INVALID, (size_t)r->t.begin, "a question without '%s'",
                         key_names[i]);
    }
    return rc;
}

as_code as_questions_read(as_source *source, as_arena *a, as_questions *ret, as_err *err)
{
    as_json_limits limits = AS_JSON_LIMITS_DEFAULT;
    struct reader r = {.arena = a, .err = err};
    as_question *p = NULL;
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
            rc = as_fail_nomem(err, "the questions");
        rc = rc ? rc : read_question(&r, &p[n]);
        n++;
        rc = rc ? rc : next(&r);
    }
    rc = settle(&r, rc, p, n, sizeof(*p), &list);
    if (!rc)
        *ret = (as_questions){list, n};
    as_json_free(r.json);
    as_buf_done(&r.scratch);
    return rc;
}

/* --- words and numbers ------------------------------------------------------------------- */

static bool is_word(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* `needle` is in it, not as part of a longer word or number; both are folded. */
static bool stands_in(as_bytes needle, as_bytes hay)
{
    if (needle.n == 0)
        return true;
    for (size_t at = 0; needle.n <= hay.n - at; at++) {
        size_t end = at + needle.n;

        if (memcmp(hay.p + at, needle.p, needle.n) != 0)
            continue;
        if (is_word(needle.p[0]) && at > 0 && is_word(hay.p[at - 1]))
            continue;
        if (is_word(needle.p[needle.n - 1]) && end < hay.n && is_word(hay.p[end]))
            continue;
        return true;
    }
    return false;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_word_any(uint8_t c)
{
    return is_word(c) || (c >= 'A' && c <= 'Z');
}

/* A number may end before `at`: no word goes on there, and no decimal fraction. */
static bool ends_number(as_bytes text, size_t at)
{
    if (at == text.n)
        return true;
    if (is_word_any(text.p[at]))
        return false;
    return text.p[at] != '.' || at + 1 == text.n || !is_digit(text.p[at + 1]);
}

static bool begins_number(as_bytes text, size_t at)
{
    uint8_t before = at > 0 ? text.p[at - 1] : ' ';

    return is_digit(text.p[at]) && !is_word_any(before) && before != '.' && before != '-';
}

/* Digits with commas among them. */
static bool number_is(as_bytes text, uint64_t number)
{
    uint64_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == ',')
            continue;
        if (__builtin_mul_overflow(n, (uint64_t)10, &n) ||
            __builtin_add_overflow(n, (uint64_t)(text.p[i] - '0'), &n))
            return false;
    }
    return n == number;
}

/* "1,234" and "7" are numbers in a text; "1.5", "x64", "10.0.0.1" and "T1059" are not. */
static bool has_number(as_bytes text, uint64_t number)
{
    for (size_t at = 0; at < text.n; at++) {
        size_t end = at;

        if (!begins_number(text, at))
            continue;
        while (end < text.n && (is_digit(text.p[end]) || text.p[end] == ','))
            end++;
        while (end > at && !ends_number(text, end))
            end--;
        if (end == at)
            continue;
        if (number_is((as_bytes){text.p + at, end - at}, number))
            return true;
        at = end - 1;
    }
    return false;
}

static bool is_blank(int32_t cp)
{
    return cp >= 0 && (as_utf8_is_blank((uint32_t)cp) || (cp >= 0x1c && cp <= 0x1f));
}

/* One or two words ("yara?"), which ask for a yes or for a list alike. */
static bool is_catchword(as_bytes text)
{
    size_t words = 0, han = 0, n;
    bool in_word = false;

    for (; text.n > 0; text = (as_bytes){text.p + n, text.n - n}) {
        int32_t cp = as_utf8_next(text, &n);
        bool blank = is_blank(cp);

        words += !blank && !in_word;
        in_word = !blank;
        han += cp >= 0x4e00 && cp <= 0x9fff;
    }
    return words <= 2 && han <= 2;
}

/* --- judging ----------------------------------------------------------------------------- */

/* An item that came: its value and its text, those that are not empty. */
struct got {
    as_bytes folded[2];
    size_t n;
    as_bytes shown;
};

struct judge {
    const as_question *q;
    const as_answer *a;
    as_arena *arena; /* what is folded */
    as_buf scratch;
    as_buf *why;
    struct got *got;
};

static as_code fold(struct judge *j, as_bytes text, as_bytes *ret)
{
    as_buf_reset(&j->scratch);
    as_fold(text, &j->scratch);
    if (j->scratch.failed)
        return AS_NOMEM;
    return as_arena_copy(j->arena, as_buf_bytes(&j->scratch), ret);
}

static as_code fold_items(struct judge *j)
{
    j->got = as_arena_take(j->arena, j->a->n_items + 1, sizeof(*j->got));
    if (!j->got)
        return AS_NOMEM;
    for (size_t i = 0; i < j->a->n_items; i++) {
        const as_bytes texts[] = {j->a->items[i].value, j->a->items[i].text};
        struct got *g = &j->got[i];

        for (size_t k = 0; k < AS_COUNT(texts); k++) {
            if (texts[k].n == 0)
                continue;
            if (fold(j, texts[k], &g->folded[g->n]))
                return AS_NOMEM;
            if (g->n++ == 0)
                g->shown = texts[k];
        }
    }
    return AS_OK;
}

/* The items, their spellings folded. */
static as_code fold_spellings(struct judge *j, const as_spellings *list, size_t n,
                              as_spellings **ret)
{
    as_spellings *copy = as_arena_take(j->arena, n + 1, sizeof(*copy));

    for (size_t i = 0; copy && i < n; i++) {
        as_bytes *p = as_arena_take(j->arena, list[i].n, sizeof(*p));

        if (!p)
            return AS_NOMEM;
        for (size_t k = 0; k < list[i].n; k++)
            if (fold(j, list[i].p[k], &p[k]))
                return AS_NOMEM;
        copy[i] = (as_spellings){p, list[i].n};
    }
    *ret = copy;
    return copy ? AS_OK : AS_NOMEM;
}

static bool is_one(const struct got *g, const as_spellings *s)
{
    for (size_t i = 0; i < g->n; i++)
        for (size_t k = 0; k < s->n; k++)
            if (as_bytes_eq(g->folded[i], s->p[k]))
                return true;
    return false;
}

static bool stands_in_answer(const struct judge *j, as_bytes answer, const as_spellings *s)
{
    for (size_t k = 0; k < s->n; k++) {
        if (stands_in(s->p[k], answer))
            return true;
        for (size_t i = 0; i < j->a->n_items; i++)
            for (size_t m = 0; m < j->got[i].n; m++)
                if (stands_in(s->p[k], j->got[i].folded[m]))
                    return true;
    }
    return false;
}

#define SHOWN_MAX 200u /* characters of an answer or a value that are told */

/* "lacks 'a', 'b'" and "has besides 'c'" */
static void tell_one(as_buf *why, const char *head, bool first, as_bytes value)
{
    as_buf_text(why, first ? head : ", ");
    as_buf_byte(why, '\'');
    as_escape_visible_cut(why, value, SHOWN_MAX);
    as_buf_byte(why, '\'');
}

static as_code judge_contained(struct judge *j, const as_spellings *items, bool *ret)
{
    as_bytes answer;
    size_t missing = 0;

    if (fold(j, j->a->text, &answer))
        return AS_NOMEM;
    for (size_t i = 0; i < j->q->n_items; i++)
        if (!stands_in_answer(j, answer, &items[i]))
            tell_one(j->why, "lacks ", missing++ == 0, j->q->items[i].p[0]);
    *ret = missing == 0;
    return AS_OK;
}

static as_code judge_exact(struct judge *j, const as_spellings *items, bool *ret)
{
    as_spellings *optional = NULL;
    size_t missing = 0, extra = 0;

    if (fold_spellings(j, j->q->optional, j->q->n_optional, &optional))
        return AS_NOMEM;
    for (size_t i = 0; i < j->q->n_items; i++) {
        bool there = false;

        for (size_t k = 0; k < j->a->n_items && !there; k++)
            there = is_one(&j->got[k], &items[i]);
        if (!there)
            tell_one(j->why, "lacks ", missing++ == 0, j->q->items[i].p[0]);
    }
    for (size_t k = 0; k < j->a->n_items; k++) {
        bool allowed = false;

        for (size_t i = 0; i < j->q->n_items && !allowed; i++)
            allowed = is_one(&j->got[k], &items[i]);
        for (size_t i = 0; i < j->q->n_optional && !allowed; i++)
            allowed = is_one(&j->got[k], &optional[i]);
        if (!allowed)
            tell_one(j->why, missing > 0 ? "; has besides " : "has besides ", extra++ == 0,
                     j->got[k].shown);
    }
    *ret = missing == 0 && extra == 0;
    return AS_OK;
}

static as_code judge_items(struct judge *j, bool *ret)
{
    as_spellings *items = NULL;

    if (fold_items(j) || fold_spellings(j, j->q->items, j->q->n_items, &items))
        return AS_NOMEM;
    return j->q->contains ? judge_contained(j, items, ret) : judge_exact(j, items, ret);
}

static bool count_is_told(const struct judge *j)
{
    const as_answer *a = j->a;
    uint64_t n = j->q->count;

    if ((a->has_count && a->count == n) || a->n_items == n || has_number(a->text, n))
        return true;
    return a->n_items == 1 && (has_number(a->items[0].value, n) || has_number(a->items[0].text, n));
}

static const char *truth_name(as_truth truth)
{
    return truth == AS_TRUTH_YES ? "yes" : truth == AS_TRUTH_NO ? "no" : "neither yes nor no";
}

static void tell(struct judge *j, const char *what, const char *expected, const char *got)
{
    as_buf_printf(j->why, "%s: expected %s, got %s: ", what, expected, got);
    as_escape_visible_cut(j->why, j->a->text, SHOWN_MAX);
}

static as_code judge(struct judge *j, as_bytes asked, as_fault *ret)
{
    const as_question *q = j->q;
    const as_answer *a = j->a;
    as_truth truth = a->truth;
    bool right = true;

    *ret = AS_FAULT_NONE;
    if (a->answerable != q->answerable) {
        *ret = AS_FAULT_ANSWERABLE;
        tell(j, "answerable", q->answerable ? "yes" : "no", a->answerable ? "yes" : "no");
        return AS_OK;
    }
    if (!q->answerable)
        return AS_OK;
    if (truth == AS_TRUTH_NONE && is_catchword(asked))
        truth = a->n_items > 0 ? AS_TRUTH_YES : AS_TRUTH_NO;
    if (q->truth != AS_TRUTH_NONE && truth != q->truth) {
        *ret = AS_FAULT_TRUTH;
        tell(j, "truth", truth_name(q->truth), truth_name(a->truth));
        return AS_OK;
    }
    if (q->has_count && !count_is_told(j)) {
        char expected[24], got[24] = "no number";

        (void)snprintf(expected, sizeof(expected), "%llu", (unsigned long long)q->count);
        if (a->has_count)
            (void)snprintf(got, sizeof(got), "%llu", (unsigned long long)a->count);
        *ret = AS_FAULT_COUNT;
        tell(j, "count", expected, got);
        return AS_OK;
    }
    if (q->has_items && judge_items(j, &right))
        return AS_NOMEM;
    if (!right)
        *ret = AS_FAULT_ITEMS;
    return AS_OK;
}

as_code as_answer_judge(const as_question *q, as_bytes asked, const as_answer *a, as_buf *why,
                        as_fault *ret, as_err *err)
{
    struct judge j = {.q = q, .a = a, .why = why, .arena = as_arena_new(AS_ASK_MEMORY)};
    as_fault fault = AS_FAULT_NONE;
    as_code rc = j.arena ? judge(&j, asked, &fault) : AS_NOMEM;

    as_arena_free(j.arena);
    as_buf_done(&j.scratch);
    if (rc || why->failed)
        return as_fail_nomem(err, "the judging of an answer");
    *ret = fault;
    return AS_OK;
}

const char *as_fault_name(as_fault fault)
{
    static const char *const names[] = {
#define AS_X(id, name) name,
        AS_FAULT_MAP(AS_X)
#undef AS_X
    };

    return names[fault];
}

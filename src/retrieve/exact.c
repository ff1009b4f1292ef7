#include "retrieve/retrieve_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * What of a question is looked for exactly: what ioc.h finds, text in quotes, and words that
 * are the whole name of something in the store (a family, a mutex, a signature ...).
 */

#define NAME_WORDS_MAX 24u /* of a question, that are looked up as names */
#define NAME_LEN_MAX   4u  /* words of one name */
#define NAME_BYTES_MIN 3u

typedef struct values {
    as_hunt *h;
    as_iocs iocs;
    size_t n;
} values;

static as_code add_value(values *v, size_t begin, size_t end, bool pins, bool prefix, as_bytes norm)
{
    as_hunt *h = v->h;
    as_bytes text = {h->q->text.p + begin, end - begin};
    as_search_word word = {0};
    as_code rc;

    for (size_t i = 0; i < v->n; i++) {
        if (as_bytes_eq_nocase(h->wanted[i].text, text))
            return AS_OK;
    }
    if (v->n == AS_EXACT_MAX)
        return AS_OK;
    rc = as_search_phrase(text, h->arena, &word, h->err);
    if (rc || word.match.n == 0)
        return rc;
    if (prefix) {
        word.match = as_arena_printf(h->arena, "%.*s*", (int)word.match.n, word.match.p);
        if (!word.match.p)
            return as_fail_nomem(h->err, "a phrase");
    }
    h->wanted[v->n] = (as_wanted){.text = text, .pins = pins, .norm = norm};
    h->exact.p[v->n++] = word;
    return AS_OK;
}

/* APIs and bare file names are of many samples; the others name one thing. */
static bool ioc_pins(as_ioc_type type)
{
    return type != AS_IOC_API && type != AS_IOC_FILE;
}

static as_code add_iocs(values *v)
{
    as_code rc = as_ioc_find(v->h->q->text, v->h->arena, &v->iocs, v->h->err);

    for (size_t i = 0; !rc && i < v->iocs.n; i++) {
        const as_ioc *at = &v->iocs.p[i];

        rc = add_value(v, at->begin, at->end, ioc_pins(at->type), at->type == AS_IOC_HEX,
                       at->type == AS_IOC_HEX ? (as_bytes){0} : at->norm);
    }
    return rc;
}

/* --- quotes ------------------------------------------------------------------------------- */

static const struct quotes {
    const char *open, *close;
} quotes[] = {{"\"", "\""}, {"“", "”"}, {"「", "」"}, {"『", "』"}, {"`", "`"}};

static bool starts(as_bytes text, size_t at, const char *with)
{
    size_t n = strlen(with);

    return text.n - at >= n && memcmp(text.p + at, with, n) == 0;
}

static as_code add_quoted(values *v)
{
    as_bytes text = v->h->q->text;
    as_code rc = AS_OK;

    for (size_t at = 0; !rc && at < text.n; at++) {
        for (size_t k = 0; k < AS_COUNT(quotes); k++) {
            size_t from, to;

            if (!starts(text, at, quotes[k].open))
                continue;
            from = to = at + strlen(quotes[k].open);
            while (to < text.n && !starts(text, to, quotes[k].close))
                to++;
            if (to == text.n || to == from)
                continue;
            rc = add_value(v, from, to, true, false, (as_bytes){0});
            at = to + strlen(quotes[k].close) - 1;
            break;
        }
    }
    return rc;
}

/* --- names --------------------------------------------------------------------------------- */

typedef struct word_range {
    size_t begin, end;
    bool odd; /* a digit, an underscore, a capital inside: no word of prose */
} word_range;

static bool is_sign(uint8_t c)
{
    return c <= ' ' || strchr(",;:?!()[]{}<>\"'`", c) != NULL;
}

static bool is_odd(as_bytes w)
{
    for (size_t i = 0; i < w.n; i++) {
        uint8_t c = w.p[i];

        if ((c >= '0' && c <= '9') || c == '_' || c == '\\' || c == '/' || c == '.' || c == '-' ||
            (i > 0 && c >= 'A' && c <= 'Z'))
            return true;
    }
    return false;
}

/* Words between blanks, signs and CJK text. */
static size_t split_words(as_bytes text, word_range *words)
{
    size_t n = 0, at = 0;

    while (at < text.n && n < NAME_WORDS_MAX) {
        size_t from, to;

        while (at < text.n && (is_sign(text.p[at]) || text.p[at] >= 0x80))
            at++;
        from = at;
        while (at < text.n && !is_sign(text.p[at]) && text.p[at] < 0x80)
            at++;
        to = at;
        while (to > from && text.p[to - 1] == '.')
            to--;
        if (to - from >= NAME_BYTES_MIN)
            words[n++] = (word_range){from, to, is_odd((as_bytes){text.p + from, to - from})};
    }
    return n;
}

/* Names that are words, too ("start"), count only for kinds that analysts call by name. */
static as_code is_name(as_hunt *h, as_bytes norm, bool odd, bool *ret)
{
    static const as_term_type types[] = {AS_TERM_FAMILY, AS_TERM_SIGNATURE, AS_TERM_YARA,
                                         AS_TERM_MUTEX,  AS_TERM_SERVICE,   AS_TERM_PROCESS,
                                         AS_TERM_API,    AS_TERM_TASK,      AS_TERM_CAPABILITY,
                                         AS_TERM_IDS,    AS_TERM_USER};

    return as_search_named(h->s, norm, types, odd ? AS_COUNT(types) : 4, ret, h->err);
}

static bool inside_value(const values *v, size_t begin, size_t end)
{
    const uint8_t *p = v->h->q->text.p;

    for (size_t i = 0; i < v->n; i++) {
        as_bytes w = v->h->wanted[i].text;

        if (p + begin >= w.p && p + end <= w.p + w.n)
            return true;
    }
    return false;
}

static as_code keep_name(values *v, size_t begin, size_t end, bool odd, as_bytes norm)
{
    as_bytes copy = {0};

    if (as_arena_copy(v->h->arena, norm, &copy))
        return as_fail_nomem(v->h->err, "a name");
    return add_value(v, begin, end, odd, false, copy);
}

/* The longest names first, so that a part of one is not looked up again. */
static as_code add_names(values *v)
{
    word_range words[NAME_WORDS_MAX];
    size_t n = split_words(v->h->q->text, words);
    as_buf norm = {0};
    as_code rc = AS_OK;

    for (size_t len = NAME_LEN_MAX; !rc && len > 0; len--) {
        for (size_t i = 0; !rc && i + len <= n; i++) {
            size_t begin = words[i].begin, end = words[i + len - 1].end;
            bool found = false, odd = len > 1 || words[i].odd;

            if (inside_value(v, begin, end))
                continue;
            as_buf_reset(&norm);
            as_fold((as_bytes){v->h->q->text.p + begin, end - begin}, &norm);
            rc = norm.failed ? as_fail_nomem(v->h->err, "a name")
                             : is_name(v->h, as_buf_bytes(&norm), odd, &found);
            if (!rc && found)
                rc = keep_name(v, begin, end, odd, as_buf_bytes(&norm));
        }
    }
    as_buf_done(&norm);
    return rc;
}

/* Nothing but one value, maybe with a question mark or quotes around it. */
static bool is_whole(const values *v)
{
    as_bytes text = v->h->q->text;
    const as_ioc *one = v->iocs.p;

    if (v->iocs.n != 1 || v->n != 1 || !ioc_pins(one->type))
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if ((i < one->begin || i >= one->end) && !is_sign(text.p[i]))
            return false;
    }
    return true;
}

as_code as_hunt_values(as_hunt *h)
{
    values v = {.h = h};
    as_code rc;

    h->exact.p = as_arena_take(h->arena, AS_EXACT_MAX, sizeof(*h->exact.p));
    if (!h->exact.p)
        return as_fail_nomem(h->err, "a search");
    rc = add_iocs(&v);
    if (!rc)
        rc = add_quoted(&v);
    if (!rc)
        rc = add_names(&v);
    h->exact.n = v.n;
    h->whole = !rc && is_whole(&v);
    return rc;
}

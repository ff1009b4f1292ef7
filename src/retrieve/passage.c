#include "base/hash.h"
#include "retrieve/retrieve_priv.h"
#include "store/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* A passage as it is shown: where words of the question stand, and why it was found. */

#define TOKENS_MAX  8192u /* of a body: a chunk has far fewer */
#define PHRASE_MAX  32u
#define MARKS_MAX   256u
#define SNIPPET     360u /* bytes, about */
#define SNIPPET_ALL 480u /* a body that is no longer is its own snippet */

/* --- text ------------------------------------------------------------------------------------- */

struct load {
    as_arena *arena;
    as_passage *to;
};

static as_code copy_chunk(void *ctx, const as_stored_chunk *c, as_err *err)
{
    struct load *l = ctx;
    as_passage *p = l->to;
    as_range *ranges = as_arena_take(l->arena, c->n_evidence + 1, sizeof(*ranges));

    p->chunk = c->id;
    p->sample = c->sample;
    p->doc = c->doc;
    p->section = c->section;
    p->lang = c->lang;
    p->trust = c->trust;
    if (!ranges || as_arena_copy(l->arena, c->tool, &p->tool) ||
        as_arena_copy(l->arena, c->context, &p->context) ||
        as_arena_copy(l->arena, c->body, &p->body))
        return as_fail_nomem(err, "a passage");
    if (c->n_evidence > 0)
        memcpy(ranges, c->evidence, c->n_evidence * sizeof(*ranges));
    p->evidence = ranges;
    p->n_evidence = c->n_evidence;
    return AS_OK;
}

as_code as_hunt_load(as_hunt *h, int64_t id, as_passage *ret, bool *ret_there)
{
    struct load l = {h->arena, ret};
    as_code rc = as_store_chunk(h->s, id, copy_chunk, &l, h->err);

    *ret_there = rc == AS_OK;
    return rc == AS_NOT_FOUND ? AS_OK : rc;
}

static as_code take_sha256(void *ctx, const as_document *doc, as_err *err)
{
    (void)err;
    memcpy(((as_passage *)ctx)->doc_sha256, doc->sha256, AS_SHA256_SIZE);
    return AS_OK;
}

/* --- marks -------------------------------------------------------------------------------------
 */

/* A token of the body; those of one place lie together. */
typedef struct token {
    uint64_t hash;
    uint32_t place;
} token;

typedef struct tokens {
    token *p;
    as_range *places; /* where each place stands in the body */
    size_t n, n_places;
} tokens;

static int add_token(void *ctx, unsigned flags, as_bytes text, size_t begin, size_t end)
{
    tokens *t = ctx;

    if (t->n == TOKENS_MAX)
        return 1;
    if (!(flags & AS_TOKEN_COLOCATED) || t->n_places == 0)
        t->places[t->n_places++] = (as_range){begin, end};
    t->p[t->n++] = (token){as_hash64(text, 0), (uint32_t)t->n_places - 1};
    return 0;
}

typedef struct phrase {
    uint64_t hashes[PHRASE_MAX];
    size_t n;
} phrase;

static int add_hash(void *ctx, unsigned flags, as_bytes text, size_t begin, size_t end)
{
    phrase *p = ctx;

    (void)begin;
    (void)end;
    if (flags & AS_TOKEN_COLOCATED)
        return 0;
    if (p->n == PHRASE_MAX)
        return 1;
    p->hashes[p->n++] = as_hash64(text, 0);
    return 0;
}

/* Some token at the place has the hash; *at is the first token of the place or before it. */
static bool has_at(const tokens *t, size_t place, uint64_t hash, size_t at)
{
    while (at < t->n && t->p[at].place < place)
        at++;
    for (; at < t->n && t->p[at].place == place; at++) {
        if (t->p[at].hash == hash)
            return true;
    }
    return false;
}

typedef struct marks {
    as_range p[MARKS_MAX];
    uint8_t word[MARKS_MAX]; /* which word of the question */
    size_t n;
} marks;

static void add_mark(marks *m, size_t begin, size_t end, size_t word)
{
    if (m->n == MARKS_MAX || begin >= end)
        return;
    m->word[m->n] = (uint8_t)word;
    m->p[m->n++] = (as_range){begin, end};
}

/* As the index finds a phrase: its tokens at places that follow each other. */
static void mark_phrase(const tokens *t, const phrase *p, size_t word, marks *m)
{
    for (size_t i = 0; p->n > 0 && i < t->n; i++) {
        size_t place = t->p[i].place, k = 1;

        if (t->p[i].hash != p->hashes[0])
            continue;
        while (k < p->n && has_at(t, place + k, p->hashes[k], i))
            k++;
        if (k == p->n)
            add_mark(m, t->places[place].begin, t->places[place + k - 1].end, word);
    }
}

/* The start of a hash is no token of its own. */
static void mark_prefix(as_bytes body, as_bytes text, size_t word, marks *m)
{
    for (size_t at = 0; text.n > 0 && at + text.n <= body.n; at++) {
        if (as_bytes_eq_nocase((as_bytes){body.p + at, text.n}, text)) {
            add_mark(m, at, at + text.n, word);
            at += text.n - 1;
        }
    }
}

/* "a ""b""" in quotes, maybe with a star behind, as the text it stands for. */
static void mark_word(const tokens *t, as_bytes body, as_bytes match, size_t word, marks *m)
{
    phrase p = {.n = 0};
    as_buf text = {0};
    size_t end = match.n;

    if (end > 0 && match.p[end - 1] == '*')
        end--;
    for (size_t i = 1; i + 1 < end; i++) {
        as_buf_byte(&text, match.p[i]);
        i += match.p[i] == '"';
    }
    if (end < match.n) {
        mark_prefix(body, as_buf_bytes(&text), word, m);
    } else {
        (void)as_tokenize(as_buf_bytes(&text), AS_TOKENIZE_QUERY, add_hash, &p);
        mark_phrase(t, &p, word, m);
    }
    as_buf_done(&text);
}

static int by_begin(const void *x, const void *y)
{
    const as_range *a = x, *b = y;

    return a->begin != b->begin ? (a->begin < b->begin ? -1 : 1)
                                : (a->end < b->end) - (a->end > b->end);
}

/* Sorted, and none inside another. */
static size_t flatten(as_range *p, size_t n)
{
    size_t kept = 0;

    if (n > 1)
        qsort(p, n, sizeof(*p), by_begin);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && p[i].begin <= p[kept - 1].end) {
            if (p[i].end > p[kept - 1].end)
                p[kept - 1].end = p[i].end;
        } else {
            p[kept++] = p[i];
        }
    }
    return kept;
}

/* --- snippet ---------------------------------------------------------------------------------- */

static size_t line_begin(as_bytes body, size_t at, size_t most)
{
    size_t from = at;

    while (from > 0 && at - from < most && body.p[from - 1] != '\n')
        from--;
    if (from > 0 && body.p[from - 1] != '\n') /* a long line: between words or characters */
        from = at;
    while (from > 0 && (body.p[from] & 0xc0) == 0x80)
        from--;
    return from;
}

static size_t line_end(as_bytes body, size_t at)
{
    size_t to = at;

    if (to >= body.n)
        return body.n;
    while (to < body.n && to - at < SNIPPET / 3 && body.p[to] != '\n')
        to++;
    if (to < body.n && body.p[to] != '\n')
        to = at;
    while (to < body.n && (body.p[to] & 0xc0) == 0x80)
        to++;
    return to;
}

/* Where most words of the question stand together. */
static as_range find_snippet(as_bytes body, const marks *m)
{
    as_range best = {0, 0};
    size_t most = 0, begin = 0;

    if (body.n <= SNIPPET_ALL)
        return (as_range){0, body.n};
    for (size_t i = 0; i < m->n; i++) {
        uint64_t words = 0;
        size_t n = 0;

        for (size_t k = 0; k < m->n; k++) {
            if (m->p[k].begin >= m->p[i].begin && m->p[k].end <= m->p[i].begin + SNIPPET &&
                !(words >> (m->word[k] % 64) & 1)) {
                words |= (uint64_t)1 << (m->word[k] % 64);
                n++;
            }
        }
        if (n > most) {
            most = n;
            begin = m->p[i].begin;
        }
    }
    best.begin = line_begin(body, begin, SNIPPET / 2);
    best.end = line_end(body, best.begin + SNIPPET);
    return best;
}

static as_code mark_body(as_hunt *h, as_passage *p)
{
    marks *m = as_arena_take(h->arena, 1, sizeof(*m));
    tokens t = {NULL, NULL, 0, 0};

    if (!m)
        return as_fail_nomem(h->err, "a passage");
    if (!h->tokens) /* one room for all passages */
        h->tokens = as_arena_take(h->arena, TOKENS_MAX, sizeof(*t.p) + sizeof(*t.places));
    if (!h->tokens)
        return as_fail_nomem(h->err, "a passage");
    t.p = h->tokens;
    t.places = (as_range *)(void *)(t.p + TOKENS_MAX);
    (void)as_tokenize(p->body, AS_TOKENIZE_INDEX, add_token, &t);
    for (size_t i = 0; i < h->exact.n; i++)
        mark_word(&t, p->body, h->exact.p[i].match, i, m);
    for (size_t i = 0; i < h->words.n; i++)
        mark_word(&t, p->body, h->words.p[i].match, h->exact.n + i, m);
    p->snippet = find_snippet(p->body, m);
    p->n_marks = flatten(m->p, m->n);
    p->marks = m->p;
    return AS_OK;
}

/* --- reason --------------------------------------------------------------------------------------
 */

static void add_reason(as_buf *out, const as_hunt *h, const as_lead *lead, as_route route)
{
    static const char *const roles[] = {"", " (summary)", " (keywords)"};
    bool any = false;

    if (!lead->routes[route].rank)
        return;
    as_buf_printf(out, "%s%s #%u", out->n > 0 ? "; " : "", as_route_name(route),
                  lead->routes[route].rank);
    if (route == AS_ROUTE_CHILD && lead->via < AS_COUNT(roles))
        as_buf_text(out, roles[lead->via]);
    for (size_t i = 0; route == AS_ROUTE_EXACT && i < h->exact.n; i++) {
        if (!(lead->wanted >> i & 1))
            continue;
        as_buf_text(out, any ? ", " : ": ");
        as_buf_add(out, h->wanted[i].text);
        any = true;
    }
}

as_code as_hunt_passage(as_hunt *h, const as_lead *lead, as_passage *ret)
{
    as_buf reason = {0};
    bool there = false;
    as_code rc = as_hunt_load(h, lead->meta.id, ret, &there);

    if (!rc && !there)
        rc = as_fail(h->err, AS_NOT_FOUND, AS_NO_OFFSET, "a passage is gone");
    if (!rc)
        rc = as_store_document(h->s, ret->doc, take_sha256, ret, h->err);
    if (!rc)
        rc = mark_body(h, ret);
    if (!rc)
        rc = as_hunt_cite(h, lead, ret);
    if (rc)
        return rc;
    memcpy(ret->routes, lead->routes, sizeof(ret->routes));
    ret->score = lead->score;
    ret->pinned = lead->pinned;
    for (unsigned r = 0; r < AS_ROUTE_COUNT; r++)
        add_reason(&reason, h, lead, (as_route)r);
    rc = reason.failed ? AS_NOMEM : as_arena_copy(h->arena, as_buf_bytes(&reason), &ret->reason);
    as_buf_done(&reason);
    return rc ? as_fail_nomem(h->err, "a passage") : AS_OK;
}

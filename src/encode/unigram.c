/*
 * Of all ways to cut a word into pieces the one whose scores (logarithms of probabilities) have
 * the greatest sum: Viterbi's search over the places in the word (Kudo 2018). A character that
 * no piece is alone may be an unknown one, at a score below every piece's.
 */
#include "base/hash.h"
#include "encode/unigram_priv.h"

#include <string.h>

#include "base/banned.h"

#define NOWHERE UINT32_MAX

static as_code no_room(const as_uni_run *r)
{
    return as_fail_nomem(r->err, "the tokens of a text");
}

/* --- the best way --------------------------------------------------------------------------- */

static size_t char_bytes(uint8_t first)
{
    return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static bool room_for_best(as_scratch *s, size_t n)
{
    void *best = s->best;
    bool ok = true;

    while (ok && s->cap_best < n) {
        ok = as_mem_room(&best, &s->cap_best, s->cap_best, sizeof(*s->best));
        s->best = best;
    }
    return ok;
}

static double score_of(const as_unigram *u, uint32_t id, size_t n)
{
    if (u->own && u->own[id])
        return (double)((float)n * (float)u->own_score) - 0.1;
    return u->scores[id];
}

/* Sums of a .model are floats wherever they are kept: so they are rounded alike. */
static void offer(const as_unigram *u, as_best *to, double score, uint32_t from, uint32_t id)
{
    double sum = u->sentencepiece ? (double)(float)score : score;

    if (to->from == NOWHERE || sum > to->score)
        *to = (as_best){sum, from, id};
}

static void search(const as_uni_run *r, as_best *best, as_bytes word)
{
    const as_unigram *u = r->u;
    const as_trie *trie = &r->t->trie;

    for (size_t at = 0; at < word.n;) {
        double here = best[at].score, unknown;
        size_t left = word.n - at, step = char_bytes(word.p[at]);
        uint32_t base = trie->root;
        bool single = false;

        step = step < left ? step : left;
        for (size_t i = at; i < word.n; i++) {
            uint64_t unit = as_trie_step(trie, base, word.p[i]);
            uint32_t value = as_trie_value(unit);

            if (!unit)
                break;
            base = as_trie_base(unit);
            if (value == 0)
                continue;
            offer(u, &best[i + 1], score_of(u, value - 1, i + 1 - at) + here, (uint32_t)at,
                  value - 1);
            single = single || i + 1 - at == step;
        }
        unknown = u->unk_score + here;
        if (!single)
            offer(u, &best[at + step], unknown, (uint32_t)at, u->unk);
        at += step;
    }
}

static as_code push_path(as_uni_run *r, as_token token)
{
    as_scratch *s = r->s;
    void *path = s->path;
    bool ok =
        s->n_path < s->cap_path || as_mem_room(&path, &s->cap_path, s->n_path, sizeof(*s->path));

    s->path = path;
    if (!ok)
        return no_room(r);
    s->path[s->n_path++] = token;
    return AS_OK;
}

/* The way back, turned round; unknown characters side by side are one. */
static as_code trace(as_uni_run *r, size_t end)
{
    as_scratch *s = r->s;
    as_code rc = AS_OK;
    size_t n = 0;

    s->n_path = 0;
    for (size_t at = end; !rc && at > 0; at = s->best[at].from) {
        as_token token = {s->best[at].id, s->best[at].from, (uint32_t)at};
        bool joins =
            token.id == r->u->unk && s->n_path > 0 && s->path[s->n_path - 1].id == token.id;

        if (joins)
            s->path[s->n_path - 1].begin = token.begin;
        else
            rc = push_path(r, token);
    }
    n = s->n_path;
    for (size_t i = 0; i < n / 2; i++) {
        as_token t = s->path[i];

        s->path[i] = s->path[n - 1 - i];
        s->path[n - 1 - i] = t;
    }
    return rc;
}

static as_code find_path(as_uni_run *r, as_bytes word)
{
    as_scratch *s = r->s;

    if (!room_for_best(s, word.n + 1))
        return no_room(r);
    for (size_t i = 0; i <= word.n; i++)
        s->best[i].from = NOWHERE;
    s->best[0].score = (double)r->sum;
    search(r, s->best, word);
    r->sum = r->u->sentencepiece ? (float)s->best[word.n].score : 0;
    return trace(r, word.n);
}

/* --- unknown characters --------------------------------------------------------------------- */

static as_code put(as_uni_run *r, uint32_t id, as_token place)
{
    const as_mark *marks = r->s->word.marks;

    return as_tokens_push(
        r->out, (as_token){id, marks[place.begin].begin, marks[place.end - 1].end}, r->err);
}

/* Whether each of its bytes has a piece. */
static bool has_bytes(const as_unigram *u, as_bytes word)
{
    bool all = u->bytes;

    for (size_t i = 0; all && i < word.n; i++)
        all = u->byte_ids[word.p[i]] != NOWHERE;
    return all;
}

static as_code put_unknown(as_uni_run *r, as_token token)
{
    as_bytes word = {r->s->word.bytes + token.begin, token.end - token.begin};
    uint32_t found = r->u->sentencepiece ? 0 : as_trie_find(&r->t->trie, word);
    as_code rc = AS_OK;

    if (found || !has_bytes(r->u, word))
        return put(r, found ? found - 1 : r->u->unk, token);
    for (size_t i = 0; !rc && i < word.n; i++)
        rc = put(r, r->u->byte_ids[word.p[i]], token);
    return rc;
}

static as_code put_path(as_uni_run *r)
{
    const as_scratch *s = r->s;
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < s->n_path; i++) {
        bool unknown = s->path[i].id == r->u->unk;

        if (unknown && r->unknown) /* of the word before, in a .model */
            r->out->p[r->out->n - 1].end = s->word.marks[s->path[i].end - 1].end;
        else if (unknown)
            rc = put_unknown(r, s->path[i]);
        else
            rc = put(r, s->path[i].id, s->path[i]);
        r->unknown = unknown && r->u->sentencepiece && !r->u->bytes;
    }
    return rc;
}

/* --- words that come again ------------------------------------------------------------------ */

static void remember(const as_uni_run *r, as_memo *m, as_bytes word, uint64_t hash)
{
    const as_scratch *s = r->s;

    if (s->n_path > AS_MEMO_TOKENS)
        return;
    for (size_t i = 0; i < s->n_path; i++) {
        if (s->path[i].id == r->u->unk) /* may be several tokens */
            return;
    }
    for (size_t i = 0; i < s->n_path; i++) {
        m->ids[i] = s->path[i].id;
        m->ends[i] = (uint8_t)s->path[i].end;
    }
    m->hash = hash;
    m->n = (uint8_t)s->n_path;
    m->n_bytes = (uint8_t)word.n;
    memcpy(m->bytes, word.p, word.n);
}

static as_code recall(as_uni_run *r, const as_memo *m)
{
    as_code rc = AS_OK;
    uint32_t at = 0;

    for (size_t i = 0; !rc && i < m->n; i++) {
        rc = put(r, m->ids[i], (as_token){0, at, m->ends[i]});
        at = m->ends[i];
    }
    return rc;
}

static as_code short_word(as_uni_run *r, as_bytes word)
{
    uint64_t hash = as_hash64(word, 0);
    as_memo *m = &r->s->memo[hash % AS_MEMO_SLOTS];
    as_code rc;

    if (m->n_bytes == word.n && m->hash == hash && memcmp(m->bytes, word.p, word.n) == 0)
        return recall(r, m);
    rc = find_path(r, word);
    if (!rc)
        remember(r, m, word, hash);
    return rc ? rc : put_path(r);
}

/* What a word of a .model falls into depends on the rounding of all before it: no memo. */
as_code as_unigram_word(as_uni_run *r)
{
    as_bytes word = {r->s->word.bytes, r->s->word.n};
    as_code rc;

    if (word.n == 0)
        return AS_OK;
    if (!r->u->sentencepiece && word.n <= AS_MEMO_BYTES) {
        rc = short_word(r, word);
    } else {
        rc = find_path(r, word);
        if (!rc)
            rc = put_path(r);
    }
    r->s->word.n = 0;
    return rc;
}

/* --- a text --------------------------------------------------------------------------------- */

/* Words of another tokenizer are forgotten. */
static bool room_for_memo(as_scratch *s, const as_tokenizer *t)
{
    if (!s->memo)
        s->memo = as_mem_zero(AS_MEMO_SLOTS, sizeof(*s->memo));
    else if (s->memo_of != t->sum)
        memset(s->memo, 0, AS_MEMO_SLOTS * sizeof(*s->memo));
    s->memo_of = t->sum;
    return s->memo != NULL;
}

/*
 * A text is worked on in portions, so that a long one needs little memory: they end between a
 * letter or digit and a blank, where no rule sees more than the one or the other.
 */
#define PORTION ((size_t)16 << 10)

static bool is_plain(uint8_t c)
{
    return (c | 32u) - 'a' < 26u || c - (unsigned)'0' < 10u;
}

static bool may_end_at(as_bytes text, size_t at)
{
    return text.p[at] == ' ' && is_plain(text.p[at - 1]);
}

static bool map_keeps_ends(const as_charsmap *m)
{
    bool keeps = m->stays[' '];

    for (unsigned c = '0'; c <= 'z'; c++)
        keeps = keeps && (m->stays[c] || !is_plain((uint8_t)c));
    return keeps;
}

static bool may_cut(const as_unigram *u)
{
    for (size_t i = 0; i < u->n_steps; i++) {
        const as_step *s = &u->steps[i];
        bool of_blanks = s->kind == AS_STEP_RUN && as_bytes_is(as_buf_bytes(&s->from), " ");

        if (s->kind != AS_STEP_CHARSMAP && s->kind != AS_STEP_STRIP && !of_blanks)
            return false;
        if (s->kind == AS_STEP_CHARSMAP && !map_keeps_ends(&s->map))
            return false;
    }
    return u->by_blanks || (u->metaspace && u->split);
}

static as_code run_json(as_uni_run *r, as_bytes text)
{
    bool cut = may_cut(r->u);
    as_code rc = AS_OK;
    size_t from = 0;

    while (!rc && from < text.n) {
        size_t end = cut && text.n - from > PORTION ? from + PORTION : text.n;

        while (end < text.n && !may_end_at(text, end))
            end++;
        rc = as_unigram_normalize(r, text, from, end);
        from = end;
    }
    return rc;
}

as_code as_unigram_run(const as_tokenizer *t, as_bytes text, as_tokens *ret, as_err *err)
{
    as_uni_run r = {.t = t, .u = t->unigram, .out = ret, .err = err, .s = as_scratch_of(ret)};

    if (!r.s || (!r.u->sentencepiece && !room_for_memo(r.s, t)))
        return no_room(&r);
    r.s->word.n = 0;
    return r.u->sentencepiece ? as_unigram_run_model(&r, text) : run_json(&r, text);
}

as_unigram *as_unigram_of(as_tokenizer *t, as_err *err)
{
    t->unigram = as_mem_zero(1, sizeof(*t->unigram));
    if (!t->unigram)
        (void)as_fail_nomem(err, "a tokenizer");
    return t->unigram;
}

void as_unigram_free(as_unigram *u)
{
    if (!u)
        return;
    for (size_t i = 0; i < u->n_steps; i++) {
        as_charsmap_done(&u->steps[i].map);
        as_buf_done(&u->steps[i].from);
        as_buf_done(&u->steps[i].to);
    }
    as_charsmap_done(&u->map);
    as_buf_done(&u->space);
    as_mem_free(u->scores);
    as_mem_free(u->own);
    as_trie_done(&u->own_trie);
    as_mem_free(u);
}

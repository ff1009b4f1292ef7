/* A SentencePiece .model: its message, and from text to words by its rules. */
#include "base/utf8.h"
#include "encode/protobuf_priv.h"
#include "encode/unigram_priv.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/banned.h"

#define UNK_PENALTY 10.0f
#define XLMR_PIECES 250000u
#define SPACE       "\xe2\x96\x81"
#define SPACE_BYTES 3u

enum { NORMAL = 1, UNKNOWN = 2, CONTROL = 3, OWN = 4, UNUSED = 5, BYTE = 6 };
enum { MODEL_UNIGRAM = 1, MODEL_BPE, MODEL_WORD, MODEL_CHAR };

typedef struct piece {
    as_bytes text;
    float score;
    uint8_t kind;
} piece;

typedef struct reading {
    as_tokenizer *t;
    as_unigram *u;
    piece *pieces;
    size_t n, cap;
    uint64_t model, own;
    bool bytes, suffix, escape, dummy_prefix, trim;
    as_bytes map;
    const uint8_t *from; /* of the file: where it is broken is told by the byte */
    as_err *err;
} reading;

static as_code no_room(const reading *x)
{
    return as_fail_nomem(x->err, "a tokenizer");
}

static as_code broken(const reading *x, const uint8_t *at, const char *what)
{
    return as_fail(x->err, AS_INVALID, (size_t)(at - x->from),
                   "%s of the SentencePiece model is broken", what);
}

/* --- the message ---------------------------------------------------------------------------- */

static float float_of(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float f;

    memcpy(&f, &low, sizeof(f));
    return f;
}

static as_code read_piece(reading *x, as_bytes b)
{
    as_pb pb = {b, 0};
    as_pb_field f;
    as_pb_state state;
    piece p = {.kind = NORMAL};
    void *pieces = x->pieces;

    while ((state = as_pb_next(&pb, &f)) == AS_PB_FIELD) {
        if (f.number == 1 && f.wire == AS_PB_LEN)
            p.text = f.bytes;
        else if (f.number == 2 && f.wire == AS_PB_I32)
            p.score = float_of(f.v);
        else if (f.number == 3 && f.wire == AS_PB_VARINT)
            p.kind = f.v >= NORMAL && f.v <= BYTE ? (uint8_t)f.v : 0;
    }
    if (state == AS_PB_BROKEN || p.text.n == 0 || p.kind == 0 || !isfinite(p.score))
        return broken(x, b.p, "a piece");
    if (x->n == AS_TOKENIZER_VOCAB_MAX - 2)
        return as_fail(x->err, AS_LIMIT, (size_t)(b.p - x->from), "more than %u pieces",
                       AS_TOKENIZER_VOCAB_MAX - 2);
    if (!as_mem_room(&pieces, &x->cap, x->n, sizeof(*x->pieces)))
        return no_room(x);
    x->pieces = pieces;
    x->pieces[x->n++] = p;
    return AS_OK;
}

static as_code read_trainer(reading *x, as_bytes b)
{
    as_pb pb = {b, 0};
    as_pb_field f;
    as_pb_state state;

    while ((state = as_pb_next(&pb, &f)) == AS_PB_FIELD) {
        if (f.wire != AS_PB_VARINT)
            continue;
        if (f.number == 3)
            x->model = f.v;
        else if (f.number == 24)
            x->suffix = f.v != 0;
        else if (f.number == 35)
            x->bytes = f.v != 0;
    }
    return state == AS_PB_BROKEN ? broken(x, b.p, "the training's part") : AS_OK;
}

static as_code read_normalizer(reading *x, as_bytes b)
{
    as_pb pb = {b, 0};
    as_pb_field f;
    as_pb_state state;

    while ((state = as_pb_next(&pb, &f)) == AS_PB_FIELD) {
        if (f.number == 2 && f.wire == AS_PB_LEN)
            x->map = f.bytes;
        else if (f.number == 3 && f.wire == AS_PB_VARINT)
            x->dummy_prefix = f.v != 0;
        else if (f.number == 4 && f.wire == AS_PB_VARINT)
            x->trim = f.v != 0;
        else if (f.number == 5 && f.wire == AS_PB_VARINT)
            x->escape = f.v != 0;
    }
    return state == AS_PB_BROKEN ? broken(x, b.p, "the normalizer") : AS_OK;
}

static as_code read_message(reading *x, as_bytes b)
{
    as_pb pb = {b, 0};
    as_pb_field f;
    as_pb_state state;
    as_code rc = AS_OK;

    while (!rc && (state = as_pb_next(&pb, &f)) != AS_PB_END) {
        if (state == AS_PB_BROKEN)
            return broken(x, f.at, "a field");
        if (f.wire != AS_PB_LEN)
            continue;
        if (f.number == 1)
            rc = read_piece(x, f.bytes);
        else if (f.number == 2)
            rc = read_trainer(x, f.bytes);
        else if (f.number == 3)
            rc = read_normalizer(x, f.bytes);
    }
    return rc;
}

/* A file that begins with a piece: a text, and then its score, or its kind if that is 0. */
bool as_unigram_is_model(as_bytes bytes)
{
    as_pb pb = {bytes, 0}, inner;
    as_pb_field f;

    if (as_pb_next(&pb, &f) != AS_PB_FIELD || f.number != 1 || f.wire != AS_PB_LEN)
        return false;
    inner = (as_pb){f.bytes, 0};
    if (as_pb_next(&inner, &f) != AS_PB_FIELD || f.number != 1 || f.wire != AS_PB_LEN)
        return false;
    if (as_pb_next(&inner, &f) != AS_PB_FIELD)
        return false;
    return (f.number == 2 && f.wire == AS_PB_I32) || (f.number == 3 && f.wire == AS_PB_VARINT);
}

/* --- what it says --------------------------------------------------------------------------- */

static as_code check_kind(const reading *x)
{
    static const char *const names[] = {"BPE", "WORD", "CHAR"};

    if (x->model >= MODEL_BPE && x->model <= MODEL_CHAR)
        return as_fail(x->err, AS_UNKNOWN, AS_NO_OFFSET,
                       "a SentencePiece model of type %s is not read (Unigram is)",
                       names[x->model - MODEL_BPE]);
    if (x->model != MODEL_UNIGRAM || x->suffix || !x->escape)
        return as_fail(x->err, AS_UNKNOWN, AS_NO_OFFSET, "a SentencePiece model %s is not read",
                       x->suffix    ? "with treat_whitespace_as_suffix"
                       : !x->escape ? "without escape_whitespaces"
                                    : "of an unknown type");
    return AS_OK;
}

static as_code check_pieces(const reading *x, size_t *ret_unk)
{
    size_t unknown = 0;

    for (size_t i = 0; i < x->n; i++) {
        if (x->pieces[i].kind == UNKNOWN) {
            unknown++;
            *ret_unk = i;
        }
    }
    if (unknown != 1)
        return as_fail(x->err, AS_INVALID, AS_NO_OFFSET,
                       "the SentencePiece model has %zu pieces for the unknown", unknown);
    return AS_OK;
}

static bool is_piece(const reading *x, size_t i, const char *text, int kind)
{
    return i < x->n && x->pieces[i].kind == kind && as_bytes_is(x->pieces[i].text, text);
}

static as_code wants_xlmr(const reading *x, int option, bool *ret)
{
    bool could = is_piece(x, 0, "<unk>", UNKNOWN) && is_piece(x, 1, "<s>", CONTROL) &&
                 is_piece(x, 2, "</s>", CONTROL);

    if (option > 0 && !could)
        return as_fail(x->err, AS_INVALID, AS_NO_OFFSET,
                       "ids as XLM-R has them need a model that begins with <unk> <s> </s>");
    *ret = could && option >= 0 && (option > 0 || x->n == XLMR_PIECES);
    return AS_OK;
}

static as_code put_scored(reading *x, const char *text, size_t i)
{
    return as_tokenizer_put(x->t, text ? as_bytes_of(text) : x->pieces[i].text, x->err);
}

/* Ids as the file has them, or XLM-R's; *ret_shift is what an id is more than its place. */
static as_code put_pieces(reading *x, bool xlmr)
{
    static const char *const first[] = {"<s>", "<pad>", "</s>", "<unk>"};
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && xlmr && i < AS_COUNT(first); i++)
        rc = put_scored(x, first[i], 0);
    for (size_t i = xlmr ? 3 : 0; !rc && i < x->n; i++)
        rc = put_scored(x, NULL, i);
    if (!rc && xlmr)
        rc = put_scored(x, "<mask>", 0);
    return rc;
}

static bool has_space_within(as_bytes text)
{
    bool other = false;

    for (size_t i = 0; i < text.n;) {
        bool space = text.n - i >= SPACE_BYTES && memcmp(text.p + i, SPACE, SPACE_BYTES) == 0;

        if (space && other)
            return true;
        other = other || !space;
        i += space ? SPACE_BYTES : 1;
    }
    return false;
}

static void note_byte(reading *x, const piece *p, uint32_t id)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *high, *low;

    if (p->kind != BYTE || p->text.n != 6 || p->text.p[3] == 0 || p->text.p[4] == 0)
        return;
    high = strchr(digits, p->text.p[3]);
    low = strchr(digits, p->text.p[4]);
    if (high && low)
        x->u->byte_ids[(high - digits) * 16 + (low - digits)] = id;
}

/* Those that text may become first, a user's own behind them once more. */
static size_t list_keys(reading *x, uint32_t shift, as_trie_key *keys, size_t *ret_own)
{
    as_unigram *u = x->u;
    size_t n = 0, own = 0;

    for (size_t i = 0; i < x->n; i++) {
        const piece *p = &x->pieces[i];
        uint32_t id = (uint32_t)i + shift;

        note_byte(x, p, id);
        u->scores[id] = (double)p->score;
        if (p->kind != NORMAL && p->kind != OWN)
            continue;
        u->whole = u->whole || has_space_within(p->text);
        keys[n++] = (as_trie_key){.text = p->text, .id = id};
        if (p->kind == OWN) {
            u->own[id] = true;
            keys[x->n + own++] = (as_trie_key){.text = p->text, .id = id};
        }
    }
    *ret_own = own;
    return n;
}

static as_code check_twice(const reading *x, const as_trie_key *keys, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (as_bytes_eq(keys[i - 1].text, keys[i].text))
            return broken(x, keys[i].text.p, "a piece, which stands there twice,");
    }
    return AS_OK;
}

static void note_scores(reading *x)
{
    float least = FLT_MAX, most = FLT_MIN;

    for (size_t i = 0; i < x->n; i++) {
        if (x->pieces[i].kind != NORMAL)
            continue;
        least = x->pieces[i].score < least ? x->pieces[i].score : least;
        most = x->pieces[i].score > most ? x->pieces[i].score : most;
    }
    x->u->unk_score = (double)(least - UNK_PENALTY);
    x->u->own_score = (double)most;
}

static as_code plant(reading *x, uint32_t shift)
{
    as_trie_key *keys = as_mem_zero(2 * x->n, sizeof(*keys));
    size_t n, own = 0;
    as_code rc;

    if (!keys)
        return no_room(x);
    note_scores(x);
    n = list_keys(x, shift, keys, &own);
    rc = as_trie_build(&x->t->trie, keys, n, x->err);
    if (!rc)
        rc = check_twice(x, keys, n);
    if (!rc && own > 0)
        rc = as_trie_build(&x->u->own_trie, keys + x->n, own, x->err);
    as_mem_free(keys);
    return rc;
}

static as_code set_up(reading *x, const as_tokenizer_options *o)
{
    as_unigram *u = x->u;
    size_t unk = 0;
    bool xlmr = false, own = false;
    as_code rc = check_kind(x);

    if (!rc)
        rc = check_pieces(x, &unk);
    if (!rc)
        rc = wants_xlmr(x, o->xlmr_ids, &xlmr);
    if (!rc)
        rc = put_pieces(x, xlmr);
    if (!rc)
        rc = as_charsmap_read(x->map, &u->map, x->err);
    if (rc)
        return rc;
    u->scores = as_mem_zero(x->t->vocab, sizeof(*u->scores));
    for (size_t i = 0; i < x->n; i++)
        own = own || x->pieces[i].kind == OWN;
    if (own)
        u->own = as_mem_zero(x->t->vocab, sizeof(*u->own));
    if (!u->scores || (own && !u->own))
        return no_room(x);
    u->sentencepiece = true;
    u->bytes = x->bytes;
    u->dummy_prefix = x->dummy_prefix;
    u->trim = x->trim;
    u->unk = xlmr ? 3 : (uint32_t)unk;
    memset(u->byte_ids, 0xff, sizeof(u->byte_ids));
    return plant(x, xlmr ? 1 : 0);
}

as_code as_unigram_model(as_bytes bytes, const as_tokenizer_options *o, as_tokenizer *t,
                         as_err *err)
{
    reading x = {.t = t,
                 .u = as_unigram_of(t, err),
                 .model = MODEL_UNIGRAM,
                 .escape = true,
                 .dummy_prefix = true,
                 .trim = true,
                 .from = bytes.p,
                 .err = err};
    as_code rc = x.u ? read_message(&x, bytes) : AS_NOMEM;

    if (!rc)
        rc = set_up(&x, o);
    as_mem_free(x.pieces);
    return rc;
}

/* --- text to words -------------------------------------------------------------------------- */

/* What the text at `at` becomes; *ret_n is how much of it that is. */
static as_bytes prefix(const as_unigram *u, as_bytes text, size_t at, size_t *ret_n)
{
    as_bytes rest = {text.p + at, text.n - at}, by;
    uint32_t base = u->own_trie.root;
    size_t own = 0;

    for (size_t i = 0; u->own && i < rest.n; i++) {
        uint64_t unit = as_trie_step(&u->own_trie, base, rest.p[i]);

        if (!unit)
            break;
        base = as_trie_base(unit);
        own = as_trie_value(unit) ? i + 1 : own;
    }
    if (own > 0) {
        *ret_n = own;
        return (as_bytes){rest.p, own};
    }
    if (as_charsmap_longest(&u->map, rest, &by, ret_n))
        return by;
    if (as_utf8_next(rest, ret_n) < 0)
        return AS_LITERAL("\xef\xbf\xbd");
    return (as_bytes){rest.p, *ret_n};
}

static bool ends_in_space(const as_marked *w)
{
    return w->n >= SPACE_BYTES && memcmp(w->bytes + w->n - SPACE_BYTES, SPACE, SPACE_BYTES) == 0;
}

static as_code put(as_uni_run *r, as_bytes bytes, as_mark mark)
{
    return as_marked_add(&r->s->word, bytes, mark) ? AS_OK
                                                   : as_fail_nomem(r->err, "the tokens of a text");
}

/* A word begins with all of its spaces, as those at the end of the text go. */
static as_code put_space(as_uni_run *r, as_mark mark)
{
    as_code rc = AS_OK;

    if (!r->u->whole && r->s->word.n > 0 && !ends_in_space(&r->s->word))
        rc = as_unigram_word(r);
    return rc ? rc : put(r, AS_LITERAL(SPACE), mark);
}

/* Bytes of the text from `at` that stay: each comes from itself. */
static as_code put_plain(as_uni_run *r, as_bytes text, size_t at, size_t n)
{
    as_marked *w = &r->s->word;

    if (!as_marked_room(w, n))
        return as_fail_nomem(r->err, "the tokens of a text");
    memcpy(w->bytes + w->n, text.p + at, n);
    for (size_t i = at; i < at + n; i++)
        w->marks[w->n++] = (as_mark){(uint32_t)i, (uint32_t)i + 1};
    return AS_OK;
}

/* `by` stands for the bytes of `mark`; or is them. */
static as_code put_normal(as_uni_run *r, as_bytes text, as_bytes by, as_mark mark)
{
    bool stays = by.p == text.p + mark.begin;
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < by.n;) {
        const uint8_t *blank = memchr(by.p + i, ' ', by.n - i);
        size_t n = blank ? (size_t)(blank - by.p) - i : by.n - i;
        uint32_t at = mark.begin + (uint32_t)(i + n);

        rc = stays ? put_plain(r, text, mark.begin + i, n) : put(r, (as_bytes){by.p + i, n}, mark);
        if (!rc && blank)
            rc = put_space(r, stays ? (as_mark){at, at + 1} : mark);
        i += n + (blank ? 1 : 0);
    }
    return rc;
}

static bool is_literal_space(as_bytes by)
{
    return by.n == SPACE_BYTES && memcmp(by.p, SPACE, SPACE_BYTES) == 0;
}

static size_t skip_blanks(const as_uni_run *r, as_bytes text)
{
    size_t at = 0, n = 0;

    while (at < text.n && as_bytes_is(prefix(r->u, text, at, &n), " "))
        at += n;
    return at;
}

/* Characters that stay, and are no blank: nothing has to be looked up. */
static size_t staying(const as_unigram *u, as_bytes text, size_t at)
{
    size_t i = at;

    if (u->own)
        return 0;
    while (i < text.n && text.p[i] < 0x80 && text.p[i] != ' ' && u->map.stays[text.p[i]])
        i++;
    if (i > at && i < text.n && text.p[i] >= 0x80)
        i--;
    return i - at;
}

static as_code put_all(as_uni_run *r, as_bytes text, size_t at)
{
    bool after_blank = r->u->trim;
    as_code rc = AS_OK;

    for (size_t n = 0; !rc && at < text.n; at += n) {
        as_mark mark;
        as_bytes by;

        n = staying(r->u, text, at);
        if (n > 0) {
            rc = put_plain(r, text, at, n);
            after_blank = false;
            continue;
        }
        by = prefix(r->u, text, at, &n);
        mark = (as_mark){(uint32_t)at, (uint32_t)(at + n)};
        while (after_blank && by.n > 0 && by.p[0] == ' ')
            by = (as_bytes){by.p + 1, by.n - 1};
        if (by.n > 0)
            after_blank = by.p[by.n - 1] == ' ' && r->u->trim;
        rc = is_literal_space(by) ? put_space(r, mark) : put_normal(r, text, by, mark);
    }
    return rc;
}

as_code as_unigram_run_model(as_uni_run *r, as_bytes text)
{
    as_marked *w = &r->s->word;
    size_t at = r->u->trim ? skip_blanks(r, text) : 0;
    as_code rc = AS_OK;

    if (at == text.n)
        return AS_OK;
    if (r->u->dummy_prefix)
        rc = put(r, AS_LITERAL(SPACE), (as_mark){(uint32_t)at, (uint32_t)at});
    if (!rc)
        rc = put_all(r, text, at);
    while (!rc && r->u->trim && ends_in_space(w))
        w->n -= SPACE_BYTES;
    return rc ? rc : as_unigram_word(r);
}

/*
 * WordPiece as BERT has it (Devlin et al. 2019; the rules are those of the reference
 * implementation's BertNormalizer and BertPreTokenizer): text is cleaned, Chinese characters
 * stand alone, accents go, case folds; words are what blanks and punctuation leave; of a word
 * the longest piece is taken, again and again.
 */
#include "base/utf8.h"
#include "encode/tokens_priv.h"

#include <string.h>
#include <utf8proc.h>

#include "base/banned.h"

typedef struct run {
    const as_tokenizer *t;
    as_tokens *out;
    as_scratch *s; /* s->word is the word in hand */
    as_err *err;
} run;

/* --- kinds of characters --------------------------------------------------------------------- */

static bool is_chinese(uint32_t c)
{
    return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) ||
           (c >= 0x20000 && c <= 0x2a6df) || (c >= 0x2a700 && c <= 0x2b73f) ||
           (c >= 0x2b740 && c <= 0x2b81f) || (c >= 0x2b920 && c <= 0x2ceaf) ||
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

static bool is_ascii_sign(uint32_t c)
{
    return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) ||
           (c >= 123 && c <= 126);
}

static bool is_sign(uint32_t c)
{
    utf8proc_category_t kind;
    int other;

    if (c < 0x80)
        return is_ascii_sign(c);
    other = as_wordpiece_other(c);
    if (other >= 0)
        return other == AS_CHAR_SIGN;
    kind = utf8proc_category((utf8proc_int32_t)c);
    return kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO;
}

/* What cleaning drops: tab and line ends are blanks, though their category is Cc. */
static bool is_dropped(uint32_t c)
{
    utf8proc_category_t kind;
    int other;

    if (c < 0x80)
        return (c < 32 && c != '\t' && c != '\n' && c != '\r') || c == 127;
    if (c == 0xfffd)
        return true;
    other = as_wordpiece_other(c);
    if (other >= 0)
        return other == AS_CHAR_DROPPED;
    kind = utf8proc_category((utf8proc_int32_t)c);
    return kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CF ||
           kind == UTF8PROC_CATEGORY_CO;
}

static bool is_accent(uint32_t c)
{
    int other = c < 0x300 ? AS_CHAR_LETTER : as_wordpiece_other(c);

    if (other >= 0)
        return other == AS_CHAR_DROPPED;
    return utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_MN;
}

/* --- words to pieces ------------------------------------------------------------------------- */

static as_code no_room(const run *r)
{
    return as_fail_nomem(r->err, "the tokens of a text");
}

static as_code push(run *r, uint32_t id, uint32_t begin, uint32_t end)
{
    return as_tokens_push(r->out, (as_token){id, begin, end}, r->err);
}

/* The longest piece at `at`; *ret_end is where it ends. False: there is none. */
static bool longest(const run *r, size_t at, uint32_t *ret_id, size_t *ret_end)
{
    const as_trie *trie = at == 0 || r->t->prefix.n == 0 ? &r->t->trie : &r->t->more;
    uint32_t base = trie->root, value = 0;

    for (size_t i = at; i < r->s->word.n; i++) {
        uint64_t unit = as_trie_step(trie, base, r->s->word.bytes[i]);

        if (!unit)
            break;
        base = as_trie_base(unit);
        if (as_trie_value(unit)) {
            value = as_trie_value(unit);
            *ret_end = i + 1;
        }
    }
    *ret_id = value - 1;
    return value > 0;
}

static as_code end_word(run *r)
{
    as_marked *w = &r->s->word;
    size_t before = r->out->n, at = 0, end = 0;
    uint32_t id, begin, last;
    as_code rc = AS_OK;

    if (w->n == 0)
        return AS_OK;
    begin = w->marks[0].begin;
    last = w->marks[w->n - 1].end;
    while (!rc && at < w->n) {
        if (r->s->chars > r->t->word_max || !longest(r, at, &id, &end)) {
            r->out->n = before;
            rc = push(r, (uint32_t)r->t->specials.unk, begin, last);
            break;
        }
        rc = push(r, id, w->marks[at].begin, w->marks[end - 1].end);
        at = end;
    }
    w->n = 0;
    r->s->chars = 0;
    return rc;
}

/* --- characters to words --------------------------------------------------------------------- */

static as_code add(run *r, uint32_t c, as_mark m)
{
    uint8_t spelt[4];
    size_t n = as_utf8_put(c, spelt);

    if (!as_marked_add(&r->s->word, (as_bytes){spelt, n}, m))
        return no_room(r);
    r->s->chars++;
    return AS_OK;
}

/* A character that is normalised already. */
static as_code put(run *r, uint32_t c, as_mark m)
{
    as_code rc;

    if (as_utf8_is_blank(c))
        return end_word(r);
    if (!is_sign(c))
        return add(r, c, m);
    rc = end_word(r);
    if (!rc)
        rc = add(r, c, m);
    return rc ? rc : end_word(r);
}

static as_code put_lower(run *r, uint32_t c, as_mark m)
{
    as_code rc;

    if (!r->t->lower)
        return put(r, c, m);
    if (c == 0x130) { /* the one character whose lower case is two */
        rc = put(r, 'i', m);
        return rc ? rc : put(r, 0x307, m);
    }
    return put(r, (uint32_t)utf8proc_tolower((utf8proc_int32_t)c), m);
}

static as_code put_parts(run *r, uint32_t c, as_mark m)
{
    utf8proc_int32_t parts[16];
    int boundary = 0;
    utf8proc_ssize_t n;
    as_code rc = AS_OK;

    if (!r->t->accents)
        return put_lower(r, c, m);
    n = utf8proc_decompose_char((utf8proc_int32_t)c, parts, AS_COUNT(parts), UTF8PROC_DECOMPOSE,
                                &boundary);
    if (n < 0 || n > (utf8proc_ssize_t)AS_COUNT(parts))
        return put_lower(r, c, m);
    for (utf8proc_ssize_t i = 0; !rc && i < n; i++) {
        if (!is_accent((uint32_t)parts[i]))
            rc = put_lower(r, (uint32_t)parts[i], m);
    }
    return rc;
}

static as_code take(run *r, uint32_t c, as_mark m)
{
    as_code rc;

    if (r->t->clean && is_dropped(c))
        return AS_OK;
    if (r->t->clean && as_utf8_is_blank(c))
        return end_word(r);
    if (!r->t->chinese || !is_chinese(c))
        return put_parts(r, c, m);
    rc = end_word(r);
    if (!rc)
        rc = put_parts(r, c, m);
    return rc ? rc : end_word(r);
}

/* Letters and digits of ASCII, as most text is: they need no table. */
static as_code take_plain(run *r, as_bytes text, size_t *at)
{
    size_t i = *at, n;
    as_marked *w = &r->s->word;

    while (i < text.n && ((text.p[i] | 32u) - 'a' < 26u || text.p[i] - (unsigned)'0' < 10u))
        i++;
    n = i - *at;
    if (!as_marked_room(w, n))
        return no_room(r);
    for (size_t k = *at; k < i; k++) {
        uint8_t c = text.p[k];

        w->bytes[w->n] = r->t->lower && c >= 'A' && c <= 'Z' ? (uint8_t)(c | 32) : c;
        w->marks[w->n++] = (as_mark){(uint32_t)k, (uint32_t)k + 1};
    }
    r->s->chars += (uint32_t)n;
    *at = i;
    return AS_OK;
}

as_code as_wordpiece_run(const as_tokenizer *t, as_bytes text, as_tokens *ret, as_err *err)
{
    run r = {.t = t, .out = ret, .err = err, .s = as_scratch_of(ret)};
    as_code rc = AS_OK;

    if (!r.s)
        return no_room(&r);
    r.s->word.n = 0;
    r.s->chars = 0;
    for (size_t at = 0; !rc && at < text.n;) {
        size_t before = at, n = 1;
        int32_t c;

        rc = take_plain(&r, text, &at);
        if (rc || at > before)
            continue;
        c = as_utf8_next((as_bytes){text.p + at, text.n - at}, &n);
        rc = take(&r, c < 0 ? 0xfffd : (uint32_t)c, (as_mark){(uint32_t)at, (uint32_t)(at + n)});
        at += n;
    }
    return rc ? rc : end_word(&r);
}

/* From text to words by the rules of a tokenizer.json: its normalizers, then its pre-tokenizers. */
#include "base/utf8.h"
#include "encode/unigram_priv.h"

#include <string.h>
#include <utf8proc.h>

#include "base/banned.h"

static as_code no_room(const as_uni_run *r)
{
    return as_fail_nomem(r->err, "the tokens of a text");
}

/* --- the text as it is ---------------------------------------------------------------------- */

static size_t plain_run(const uint8_t *p, size_t n)
{
    size_t i = 0;

    while (i < n && p[i] < 0x80)
        i++;
    return i;
}

/* Of characters of three bytes that need no second look: all but those that begin e0 or ed. */
static size_t wide_run(const uint8_t *p, size_t n)
{
    size_t i = 0;

    while (n - i >= 3 && p[i] > 0xe0 && p[i] < 0xf0 && p[i] != 0xed && (p[i + 1] & 0xc0) == 0x80 &&
           (p[i + 2] & 0xc0) == 0x80)
        i += 3;
    return i;
}

/* Characters of `size` bytes each. */
static inline void copy_run(as_marked *to, const uint8_t *p, size_t n, size_t at, uint32_t size)
{
    as_mark *mark = to->marks + to->n;

    memcpy(to->bytes + to->n, p, n);
    for (size_t i = 0; i < n; i += size) {
        for (size_t k = 0; k < size; k++)
            *mark++ = (as_mark){(uint32_t)(at + i), (uint32_t)(at + i) + size};
    }
    to->n += n;
}

static as_code load(as_uni_run *r, as_bytes text, size_t from, size_t end)
{
    as_marked *to = &r->s->a;

    to->n = 0;
    for (size_t at = from; at < end;) {
        size_t n = plain_run(text.p + at, end - at), wide;
        int32_t c;

        wide = wide_run(text.p + at + n, end - at - n);
        if (!as_marked_room(to, n + wide + 4))
            return no_room(r);
        copy_run(to, text.p + at, n, at, 1);
        copy_run(to, text.p + at + n, wide, at + n, 3);
        at += n + wide;
        if (at == end || n + wide > 0)
            continue;
        c = as_utf8_next((as_bytes){text.p + at, end - at}, &n);
        if (!as_marked_add(to, c < 0 ? AS_LITERAL("\xef\xbf\xbd") : (as_bytes){text.p + at, n},
                           (as_mark){(uint32_t)at, (uint32_t)(at + n)}))
            return no_room(r);
        at += n;
    }
    return AS_OK;
}

/* --- the map of characters ------------------------------------------------------------------ */

/* Normalised text is valid. */
static inline uint32_t char_at(const as_marked *in, size_t at, size_t *ret_n)
{
    const uint8_t *p = in->bytes + at;

    *ret_n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    switch (*ret_n) {
    case 1:
        return p[0];
    case 2:
        return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
    case 3:
        return (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    default:
        return (p[0] & 7u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
    }
}

/*
 * Replaces in[at .. at + n): the first character by the first, and so on; the last of either
 * side has all that is over on the other.
 */
static bool replace(as_marked *out, const as_marked *in, size_t at, size_t n, as_bytes by)
{
    size_t from = at, end = at + n, size, k;
    bool ok = true;

    for (size_t i = 0; ok && i < by.n; i += k) {
        (void)as_utf8_next((as_bytes){by.p + i, by.n - i}, &k);
        (void)char_at(in, from, &size);
        ok = as_marked_add(out, (as_bytes){by.p + i, k},
                           (as_mark){in->marks[from].begin,
                                     in->marks[(i + k < by.n ? from + size : end) - 1].end});
        from += from + size < end ? size : 0;
    }
    return ok;
}

static bool keep(as_marked *out, const as_marked *in, size_t at, size_t n)
{
    if (!as_marked_room(out, n))
        return false;
    memcpy(out->bytes + out->n, in->bytes + at, n);
    memcpy(out->marks + out->n, in->marks + at, n * sizeof(*in->marks));
    out->n += n;
    return true;
}

/* What vanishes before anything is there belongs to what follows. */
static void claim_start(as_marked *out, const as_marked *in)
{
    uint32_t was = out->n > 0 ? out->marks[0].begin : 0;

    for (size_t i = 0; i < out->n && out->marks[i].begin == was; i++)
        out->marks[i].begin = in->marks[0].begin;
}

/*
 * Characters that join what is before them in the reference implementation, whose tables are of
 * Unicode 17, and are not assigned yet in those of utf8proc 2.8 (Unicode 15). Found by asking both
 * for every code point. What else the newer rules join is longer than CLUSTER_MOST, and so makes
 * no difference.
 */
static bool joins(uint32_t c)
{
    static const uint32_t rows[][2] = {
        {0x897, 0x897},     {0x1acf, 0x1add},   {0x1ae0, 0x1aeb},   {0x10d69, 0x10d6d},
        {0x10efa, 0x10efc}, {0x113b8, 0x113c0}, {0x113c2, 0x113c2}, {0x113c5, 0x113c5},
        {0x113c7, 0x113ca}, {0x113cc, 0x113d0}, {0x113d2, 0x113d2}, {0x113e1, 0x113e2},
        {0x11b60, 0x11b67}, {0x11f5a, 0x11f5a}, {0x1611e, 0x1612f}, {0x1e5ee, 0x1e5ef},
        {0x1e6e3, 0x1e6e3}, {0x1e6e6, 0x1e6e6}, {0x1e6ee, 0x1e6ef}, {0x1e6f5, 0x1e6f5},
    };

    if (c < rows[0][0])
        return false;
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        if (c >= rows[i][0] && c <= rows[i][1])
            return true;
    }
    return false;
}

/* Controls of at most two bytes: nothing joins them. */
static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x61c;
}

static bool breaks(uint32_t before, uint32_t c, utf8proc_int32_t *state)
{
    if (as_char_is_other(before) && as_char_is_other(c))
        return true;
    return utf8proc_grapheme_break_stateful((utf8proc_int32_t)before, (utf8proc_int32_t)c, state) &&
           (!joins(c) || is_control(before));
}

/* The grapheme cluster at `at` (UAX 29), but no more of it than shows that it is long. */
static size_t cluster_bytes(const as_marked *in, size_t at, size_t most)
{
    size_t n, end;
    utf8proc_int32_t state = 0;
    uint32_t c = char_at(in, at, &n);

    for (end = at + n; end < in->n && end - at < most; end += n) {
        uint32_t next = char_at(in, end, &n);

        if (breaks(c, next, &state))
            break;
        c = next;
    }
    return end - at;
}

#define CLUSTER_MOST 6u /* bytes: a longer one is looked up by characters */

static bool map_chars(const as_charsmap *m, const as_marked *in, size_t at, size_t n,
                      as_marked *out)
{
    bool ok = true;

    for (size_t i = 0, k; ok && i < n; i += k) {
        as_bytes by;

        (void)char_at(in, at + i, &k);
        ok = as_charsmap_shortest(m, (as_bytes){in->bytes + at + i, k}, &by)
                 ? replace(out, in, at + i, k, by)
                 : keep(out, in, at + i, k);
    }
    return ok;
}

/*
 * The rest of a long cluster has to be passed over as well, as its characters do not begin one:
 * its end is found by the same rule from its start, so a cluster costs its own length, once.
 */
static size_t whole_cluster(const as_marked *in, size_t at)
{
    size_t n = cluster_bytes(in, at, CLUSTER_MOST);

    return n < CLUSTER_MOST ? n : cluster_bytes(in, at, SIZE_MAX);
}

static size_t last_char(const as_marked *in, size_t end)
{
    size_t at = end - 1;

    while (at > 0 && (in->bytes[at] & 0xc0) == 0x80)
        at--;
    return at;
}

/* Characters of which each is a cluster and stays: nothing has to be looked up. */
static size_t staying(const as_charsmap *m, const as_marked *in, size_t at)
{
    size_t i = at, n = 0;

    while (i < in->n) {
        uint32_t c = char_at(in, i, &n);

        if (c < 0x80 ? !m->stays[c] : !as_charsmap_still(m, c))
            break;
        i += n;
    }
    if (i > at && i < in->n && in->bytes[i] >= 0x80)
        i = last_char(in, i); /* what follows may be of its cluster */
    return i - at;
}

static bool map_text(const as_charsmap *m, const as_marked *in, as_marked *out)
{
    bool ok = true;

    for (size_t at = 0, n; ok && at < in->n; at += n) {
        as_bytes by;

        n = staying(m, in, at);
        if (n > 0) {
            ok = keep(out, in, at, n);
            continue;
        }
        n = whole_cluster(in, at);
        if (n < CLUSTER_MOST && as_charsmap_shortest(m, (as_bytes){in->bytes + at, n}, &by))
            ok = replace(out, in, at, n, by);
        else
            ok = map_chars(m, in, at, n, out);
    }
    claim_start(out, in);
    return ok;
}

/* --- the other normalizers ------------------------------------------------------------------ */

/* Bytes at `at` that the step replaces. */
static size_t matched(const as_step *s, const as_marked *in, size_t at)
{
    size_t n = 0, times = 0, size = s->from.n;

    while (in->n - at - n >= size && memcmp(in->bytes + at + n, s->from.p, size) == 0) {
        n += size;
        times++;
        if (s->kind == AS_STEP_REPLACE)
            return n;
    }
    return times >= s->least ? n : 0;
}

static bool replace_all(const as_step *s, const as_marked *in, as_marked *out)
{
    bool ok = true;

    for (size_t at = 0, n; ok && at < in->n; at += n) {
        const uint8_t *hit = memchr(in->bytes + at, s->from.p[0], in->n - at);

        n = hit ? (size_t)(hit - in->bytes) - at : in->n - at;
        ok = n == 0 || keep(out, in, at, n);
        at += n;
        if (!ok || at == in->n)
            break;
        n = matched(s, in, at);
        if (n > 0)
            ok = replace(out, in, at, n, as_buf_bytes(&s->to));
        else
            ok = keep(out, in, at, n = 1);
    }
    return ok;
}

static bool strip(bool left, bool right, const as_marked *in, as_marked *out)
{
    size_t from = 0, end = in->n, n;

    while (left && from < end && as_utf8_is_blank(char_at(in, from, &n)))
        from += n;
    while (right && end > from && as_utf8_is_blank(char_at(in, last_char(in, end), &n)))
        end = last_char(in, end);
    if (!as_marked_room(out, end - from))
        return false;
    memcpy(out->bytes, in->bytes + from, end - from);
    memcpy(out->marks, in->marks + from, (end - from) * sizeof(*in->marks));
    out->n = end - from;
    return true;
}

static bool prepend(const as_step *s, const as_marked *in, as_marked *out)
{
    as_mark none;

    if (in->n == 0)
        return true;
    none = (as_mark){in->marks[0].begin, in->marks[0].begin};
    return as_marked_add(out, as_buf_bytes(&s->to), none) && keep(out, in, 0, in->n);
}

static bool take_step(const as_step *s, bool first, bool last, const as_marked *in, as_marked *out)
{
    switch (s->kind) {
    case AS_STEP_CHARSMAP:
        return map_text(&s->map, in, out);
    case AS_STEP_REPLACE:
    case AS_STEP_RUN:
        return replace_all(s, in, out);
    case AS_STEP_STRIP:
        return strip(s->left && first, s->right && last, in, out);
    case AS_STEP_PREPEND:
        break;
    }
    return prepend(s, in, out);
}

/* --- words ---------------------------------------------------------------------------------- */

static bool is_space(const as_unigram *u, const as_marked *in, size_t at)
{
    return in->n - at >= u->space.n && memcmp(in->bytes + at, u->space.p, u->space.n) == 0;
}

static as_code add_char(as_uni_run *r, as_bytes bytes, as_mark mark)
{
    return as_marked_add(&r->s->word, bytes, mark) ? AS_OK : no_room(r);
}

static as_code lead(as_uni_run *r, const as_marked *in, size_t at, bool first)
{
    const as_unigram *u = r->u;
    bool wanted = u->prepend == AS_PREPEND_ALWAYS || (u->prepend == AS_PREPEND_FIRST && first);

    if (!wanted || in->bytes[at] == ' ' || is_space(u, in, at))
        return AS_OK;
    return add_char(r, as_buf_bytes(&u->space),
                    (as_mark){in->marks[at].begin, in->marks[at].begin});
}

/* Where the next blank or `space` is: between them nothing happens. */
static size_t quiet(const as_unigram *u, const as_marked *in, size_t at, size_t end)
{
    while (at < end && in->bytes[at] != ' ' && in->bytes[at] != u->space.p[0])
        at++;
    return at;
}

/* in[at .. end) is what WhitespaceSplit leaves, or all there is. */
static as_code metaspace(as_uni_run *r, const as_marked *in, size_t at, size_t end, bool first)
{
    const as_unigram *u = r->u;
    as_code rc = lead(r, in, at, first);

    while (!rc && at < end) {
        size_t to = quiet(u, in, at, end);
        bool blank;

        if (!(to == at || keep(&r->s->word, in, at, to - at)))
            return no_room(r);
        at = to;
        if (at == end)
            break;
        blank = in->bytes[at] == ' ';
        if (!blank && !is_space(u, in, at)) {
            rc = add_char(r, (as_bytes){in->bytes + at, 1}, in->marks[at]);
            at++;
            continue;
        }
        if (u->split)
            rc = as_unigram_word(r);
        if (!rc)
            rc = add_char(r, as_buf_bytes(&u->space), in->marks[at]);
        at += blank ? 1 : u->space.n;
    }
    return rc ? rc : as_unigram_word(r);
}

static as_code one_word(as_uni_run *r, const as_marked *in, size_t at, size_t end, bool first)
{
    if (at == end)
        return AS_OK;
    if (r->u->metaspace)
        return metaspace(r, in, at, end, first);
    if (!keep(&r->s->word, in, at, end - at))
        return no_room(r);
    return as_unigram_word(r);
}

/* Bytes of the blank at `at`; 0: it is none. */
static size_t blank_bytes(const as_marked *in, size_t at)
{
    uint8_t c = in->bytes[at];
    size_t n = 1;

    if (c < 0x80)
        return as_utf8_is_blank(c) ? 1 : 0;
    if (c != 0xc2 && (c < 0xe1 || c > 0xe3)) /* no blank begins otherwise */
        return 0;
    return as_utf8_is_blank(char_at(in, at, &n)) ? n : 0;
}

static as_code words(as_uni_run *r, const as_marked *in, bool first)
{
    size_t from = 0;
    as_code rc = AS_OK;

    if (!r->u->by_blanks)
        return one_word(r, in, 0, in->n, first);
    for (size_t at = 0; !rc && at < in->n;) {
        size_t n = blank_bytes(in, at);

        if (n > 0) {
            rc = one_word(r, in, from, at, in->marks[from].begin == 0);
            from = at + n;
        }
        at += n > 0 ? n : 1;
    }
    return rc || from >= in->n ? rc : one_word(r, in, from, in->n, in->marks[from].begin == 0);
}

as_code as_unigram_normalize(as_uni_run *r, as_bytes text, size_t from, size_t end)
{
    as_marked *in = &r->s->a, *out = &r->s->b;
    as_code rc = load(r, text, from, end);

    for (size_t i = 0; !rc && i < r->u->n_steps; i++) {
        as_marked *was = in;

        out->n = 0;
        if (!take_step(&r->u->steps[i], from == 0, end == text.n, in, out))
            return no_room(r);
        in = out;
        out = was;
    }
    return rc ? rc : words(r, in, from == 0);
}

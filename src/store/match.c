/*
 * What a person typed, as an FTS5 expression: nothing but quoted strings and one operator
 * between them, so that no input is syntax.
 */
#include "base/utf8.h"
#include "store/tokenizer_priv.h"

#include <string.h>

#include "base/banned.h"

#define BETWEEN_MAX 6u /* bytes between two words of one name: "://" and less */
#define PHRASE_MAX  8u /* CJK characters that are tried as one phrase */
#define QUOTED_MAX  1024u
#define BIGRAMS_MIN 3u /* from so many on, also pair by pair */

typedef struct match {
    as_bytes s;
    as_buf *out;
    bool all, keep; /* keep: stop words too */
    size_t n;       /* phrases so far */
    size_t first;   /* of out, where this expression begins */
} match;

/* Words of a sentence, never of a name: dropped where others remain. */
static const char *const stop_words[] = {
    "a",     "about", "all",  "also",  "an",    "and",  "any",  "are",   "as",    "at",   "be",
    "been",  "but",   "by",   "can",   "did",   "do",   "does", "for",   "from",  "had",  "has",
    "have",  "how",   "i",    "if",    "in",    "into", "is",   "it",    "its",   "many", "me",
    "much",  "of",    "on",   "or",    "so",    "some", "that", "the",   "their", "them", "then",
    "there", "these", "they", "this",  "those", "to",   "was",  "were",  "what",  "when", "where",
    "which", "who",   "whom", "whose", "why",   "will", "with", "would", "you",   "your", "please",
};

/* The longer first where one begins another. */
static const char *const wide_stop_words[] = {
    "为什么", "有没有", "是不是", "能不能", "会不会", "是否", "什么", "哪些",
    "哪个",   "哪种",   "哪里",   "怎么",   "怎样",   "如何", "为何", "多少",
    "几个",   "请问",   "以及",   "或者",   "并且",   "这个", "那个", "这些",
    "那些",   "一下",   "的",     "了",     "吗",     "呢",   "吧",   "啊",
};

/* Where one of those is a part of a word. */
static const char *const wide_words[] = {"目的", "了解", "的确", "标的"};

/* --- phrases ------------------------------------------------------------------------------- */

/* The phrase [begin, end), unless it is there already. */
static void put(match *m, size_t begin, size_t end)
{
    size_t from = m->out->n, quote;

    if (m->n == AS_MATCH_PHRASES_MAX || begin == end)
        return;
    if (m->n)
        as_buf_text(m->out, m->all ? " AND " : " OR ");
    quote = m->out->n;
    as_buf_byte(m->out, '"');
    for (size_t i = begin; i < end; i++) {
        uint8_t c = m->s.p[i];

        as_buf_byte(m->out, c ? c : ' ');
        if (c == '"')
            as_buf_byte(m->out, '"');
    }
    as_buf_byte(m->out, '"');
    if (m->out->failed)
        return;
    if (m->n) {
        as_bytes phrase = {m->out->p + quote, m->out->n - quote};

        for (size_t i = m->first; i + phrase.n <= from; i++) {
            if ((i == m->first || m->out->p[i - 1] == ' ') &&
                !memcmp(m->out->p + i, phrase.p, phrase.n) &&
                (i + phrase.n == from || m->out->p[i + phrase.n] == ' ')) {
                m->out->n = from;
                return;
            }
        }
    }
    m->n++;
}

static int seen(void *ctx, unsigned flags, as_bytes token, size_t begin, size_t end)
{
    (void)flags;
    (void)token;
    (void)begin;
    (void)end;
    *(bool *)ctx = true;
    return 1;
}

/* A phrase without a word in it would be none to FTS5. */
static bool has_words(const match *m, size_t begin, size_t end)
{
    bool any = false;

    (void)as_tokenize((as_bytes){m->s.p + begin, end - begin}, AS_TOKENIZE_QUERY, seen, &any);
    return any;
}

/* --- Chinese, Japanese, Korean ---------------------------------------------------------------- */

static size_t begins_with(const match *m, size_t at, size_t end, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(list[i]);

        if (end - at >= length && !memcmp(m->s.p + at, list[i], length))
            return length;
    }
    return 0;
}

static size_t char_n(const match *m, size_t at)
{
    size_t n;

    (void)as_utf8_next((as_bytes){m->s.p + at, m->s.n - at}, &n);
    return n;
}

static void put_piece(match *m, size_t begin, size_t end, bool alone)
{
    size_t chars = 0;

    for (size_t at = begin; at < end; at += char_n(m, at))
        chars++;
    /* One character that stop words left over says nothing. */
    if (chars == 1 && !alone && !m->keep)
        return;
    if (chars <= PHRASE_MAX && (!m->all || chars <= 4))
        put(m, begin, end);
    if (chars < BIGRAMS_MIN || (m->all && chars <= 4))
        return;
    for (size_t at = begin; at < end; at += char_n(m, at)) {
        size_t next = at + char_n(m, at);

        if (next < end)
            put(m, at, next + char_n(m, next));
    }
}

static void put_cjk(match *m, size_t begin, size_t end)
{
    size_t from = begin, at = begin;

    while (at < end) {
        size_t word = begins_with(m, at, end, wide_words, AS_COUNT(wide_words)), stop = 0;

        if (!word && !m->keep)
            stop = begins_with(m, at, end, wide_stop_words, AS_COUNT(wide_stop_words));
        if (stop) {
            if (at > from)
                put_piece(m, from, at, false);
            from = at + stop;
        }
        at += stop ? stop : word ? word : char_n(m, at);
    }
    if (end > from)
        put_piece(m, from, end, from == begin);
}

/* --- names and words -------------------------------------------------------------------------- */

/* What may stand between two words of one name: not a blank, no quote, no comma. */
static bool is_between(uint8_t c)
{
    return c > ' ' && c < 0x7f && as_one_of(c, ".\\/:@-%&=?#~+$![]{}'");
}

/* Words with nothing but such between them, from `at`: its end. *single: there is one. */
static size_t name_end(const match *m, size_t at, bool *single)
{
    unsigned bits;
    size_t end = as_word_end(m->s, at, &bits);

    *single = true;
    for (;;) {
        bool dot;
        size_t next = end, n = as_dot_at(m->s, end, &dot), word;

        if (n) {
            next = end + n;
        } else {
            while (next < m->s.n && next - end < BETWEEN_MAX && is_between(m->s.p[next]))
                next++;
        }
        word = as_word_end(m->s, next, &bits);
        if (next == end || word == next)
            return end;
        *single = false;
        end = word;
    }
}

/* "is", "Which"; but not "IS" nor anything with a digit. */
static bool is_stop_word(const match *m, size_t begin, size_t end)
{
    as_bytes word = {m->s.p + begin, end - begin};
    bool capitals = word.n > 1;

    for (size_t i = 0; i < word.n; i++)
        capitals = capitals && as_is_upper(word.p[i]);
    if (capitals)
        return false;
    for (size_t i = 0; i < AS_COUNT(stop_words); i++) {
        if (as_bytes_eq_nocase(word, as_bytes_of(stop_words[i])))
            return true;
    }
    return false;
}

/* Text in double quotes of either kind is one phrase. Returns its end, behind the quote. */
static size_t put_quoted(match *m, size_t at)
{
    static const struct {
        const char *open, *close;
    } quotes[] = {{"\"", "\""}, {"“", "”"}, {"「", "」"}, {"『", "』"}};

    for (size_t q = 0; q < AS_COUNT(quotes); q++) {
        size_t open = strlen(quotes[q].open), close = strlen(quotes[q].close);

        if (m->s.n - at < open || memcmp(m->s.p + at, quotes[q].open, open) != 0)
            continue;
        for (size_t i = at + open; i + close <= m->s.n && i - at < QUOTED_MAX; i++) {
            if (memcmp(m->s.p + i, quotes[q].close, close) != 0)
                continue;
            if (has_words(m, at + open, i))
                put(m, at + open, i);
            return i + close;
        }
    }
    return 0;
}

static void put_all(match *m)
{
    size_t at = 0, n;
    bool single;

    while (at < m->s.n) {
        size_t end = put_quoted(m, at);

        if (!end) {
            unsigned bits;

            end = as_cjk_end(m->s, at);
            if (end > at) {
                put_cjk(m, at, end);
            } else if (as_word_end(m->s, at, &bits) > at) {
                end = name_end(m, at, &single);
                if (m->keep || !single || !is_stop_word(m, at, end))
                    put(m, at, end);
            } else {
                (void)as_utf8_next((as_bytes){m->s.p + at, m->s.n - at}, &n);
                end = at + n;
            }
        }
        at = end;
    }
}

void as_match_expression(as_bytes query, bool all, as_buf *out)
{
    match m = {.s = query, .out = out, .all = all, .first = out->n};

    if (m.s.n > AS_MATCH_TEXT_MAX)
        m.s.n = AS_MATCH_TEXT_MAX;
    put_all(&m);
    if (m.n == 0) {
        m.keep = true;
        put_all(&m);
    }
}

/*
 * Words, with their places. The rules are in docs/retrieval.md ("Words"); the ones that
 * shape this file:
 *
 * - highlight() marks from the first to the last place of a phrase, and of each place the
 *   range of the token that is not colocated. So those ranges never overlap and are what a
 *   person would mark, and all else is colocated.
 * - What is asked for stands on as many places as it has in the text: 文件 is the phrase
 *   "文件" + "件", a.ps1 the phrase "a.ps1" + "a.ps1". So the mark is exact, and the rare
 *   token of the phrase keeps the search short.
 *
 * Nothing here allocates.
 */
#include "base/utf8.h"
#include "store/tokenizer_priv.h"

#include <sqlite3.h>
#include <string.h>
#include <utf8proc.h>

#include "base/banned.h"

#define PARTS_MAX     64u /* of one run with dots; the next begins a new one */
#define PIECES_MAX    12u /* of one identifier; what has more is no name */
#define PIECES_ALL    6u  /* so many are joined in every way */
#define FOLD_MAX      2048u
#define NUMBERS_MIN   3u
#define CJK_BYTES_MAX 16u

typedef struct part {
    size_t begin, end;
    unsigned bits;
    bool joined; /* with the part before it: "a.ps1", "example.com" */
    bool address;
} part;

typedef struct words {
    as_bytes s;
    as_tokenize_for what;
    as_token_fn *fn;
    void *ctx;
    uint8_t token[AS_TOKEN_MAX + 8];
} words;

/* --- where words are ----------------------------------------------------------------- */

#define L AS_WORD_LOWER
#define U AS_WORD_UPPER
#define D AS_WORD_DIGIT
static const uint8_t kinds[128] = {
    ['0'] = D, ['1'] = D, ['2'] = D, ['3'] = D, ['4'] = D, ['5'] = D, ['6'] = D,
    ['7'] = D, ['8'] = D, ['9'] = D, ['A'] = U, ['B'] = U, ['C'] = U, ['D'] = U,
    ['E'] = U, ['F'] = U, ['G'] = U, ['H'] = U, ['I'] = U, ['J'] = U, ['K'] = U,
    ['L'] = U, ['M'] = U, ['N'] = U, ['O'] = U, ['P'] = U, ['Q'] = U, ['R'] = U,
    ['S'] = U, ['T'] = U, ['U'] = U, ['V'] = U, ['W'] = U, ['X'] = U, ['Y'] = U,
    ['Z'] = U, ['a'] = L, ['b'] = L, ['c'] = L, ['d'] = L, ['e'] = L, ['f'] = L,
    ['g'] = L, ['h'] = L, ['i'] = L, ['j'] = L, ['k'] = L, ['l'] = L, ['m'] = L,
    ['n'] = L, ['o'] = L, ['p'] = L, ['q'] = L, ['r'] = L, ['s'] = L, ['t'] = L,
    ['u'] = L, ['v'] = L, ['w'] = L, ['x'] = L, ['y'] = L, ['z'] = L, ['_'] = AS_WORD_UNDER,
};
#undef L
#undef U
#undef D

static as_letter letter_at(as_bytes s, size_t at, size_t *n)
{
    return as_letter_of(as_utf8_next((as_bytes){s.p + at, s.n - at}, n));
}

size_t as_word_end(as_bytes s, size_t at, unsigned *bits)
{
    size_t n;

    *bits = 0;
    while (at < s.n) {
        uint8_t c = s.p[at];

        if (c < 0x80) {
            if (!kinds[c])
                break;
            *bits |= kinds[c];
            at++;
        } else {
            if (letter_at(s, at, &n) != AS_LETTER_WORD)
                break;
            *bits |= AS_WORD_WIDE;
            at += n;
        }
    }
    return at;
}

size_t as_cjk_end(as_bytes s, size_t at)
{
    size_t n;

    while (at < s.n && s.p[at] >= 0x80 && letter_at(s, at, &n) == AS_LETTER_CJK)
        at += n;
    return at;
}

static bool word_begins(as_bytes s, size_t at)
{
    size_t n;

    if (at >= s.n)
        return false;
    return s.p[at] < 0x80 ? kinds[s.p[at]] != 0 : letter_at(s, at, &n) == AS_LETTER_WORD;
}

size_t as_dot_at(as_bytes s, size_t at, bool *dot)
{
    static const struct {
        const char *text;
        bool dot;
    } forms[] = {{"[.]", true},   {"(.)", true},   {"{.}", true},  {"[dot]", true},
                 {"(dot)", true}, {"{dot}", true}, {"[.", true},   {"\xef\xbc\x8e", true},
                 {"[at]", false}, {"(at)", false}, {"{at}", false}};

    if (at >= s.n)
        return 0;
    if (s.p[at] == '.') {
        *dot = true;
        return word_begins(s, at + 1) ? 1 : 0;
    }
    if (s.p[at] != '[' && s.p[at] != '(' && s.p[at] != '{' && s.p[at] != 0xef)
        return 0;
    for (size_t i = 0; i < AS_COUNT(forms); i++) {
        as_bytes form = as_bytes_of(forms[i].text);

        if (s.n - at > form.n && as_bytes_eq_nocase((as_bytes){s.p + at, form.n}, form) &&
            word_begins(s, at + form.n)) {
            *dot = forms[i].dot;
            return form.n;
        }
    }
    return 0;
}

/* --- one token ------------------------------------------------------------------------- */

/* Bytes of `b` that are whole characters and at most `max`. */
static size_t whole_chars(as_bytes b, size_t max)
{
    if (b.n <= max)
        return b.n;
    while (max > 0 && (b.p[max] & 0xc0) == 0x80)
        max--;
    return max;
}

/* NFKC with full case folding; what that cannot take stays as it is. */
static size_t fold_wide(as_bytes b, uint8_t *dst, size_t cap)
{
    utf8proc_int32_t points[FOLD_MAX];
    const utf8proc_option_t options =
        UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
    utf8proc_ssize_t n =
        utf8proc_decompose(b.p, (utf8proc_ssize_t)b.n, points, FOLD_MAX - 1, options);

    if (n > 0 && n < (utf8proc_ssize_t)FOLD_MAX) {
        n = utf8proc_reencode(points, n, options);
        if (n > 0) {
            size_t used = whole_chars((as_bytes){(const uint8_t *)points, (size_t)n}, cap);

            memcpy(dst, points, used);
            return used;
        }
    }
    memcpy(dst, b.p, b.n);
    return b.n;
}

/* The folded form of [begin, end), cut to AS_TOKEN_MAX. */
static size_t fold_word(const words *w, size_t begin, size_t end, unsigned bits, uint8_t *dst)
{
    as_bytes b = {w->s.p + begin, end - begin};

    b.n = whole_chars(b, AS_TOKEN_MAX);
    if (bits & AS_WORD_WIDE)
        return fold_wide(b, dst, AS_TOKEN_MAX);
    for (size_t i = 0; i < b.n; i++)
        dst[i] = as_lower(b.p[i]);
    /* Whoever writes hxxp and whoever writes http mean one thing. */
    if ((b.n == 4 || (b.n == 5 && dst[4] == 's')) && !memcmp(dst, "hxxp", 4))
        dst[1] = dst[2] = 't';
    return b.n;
}

static int emit(words *w, unsigned flags, size_t n, size_t begin, size_t end)
{
    return w->fn(w->ctx, flags, (as_bytes){w->token, n}, begin, end);
}

/* --- identifiers ------------------------------------------------------------------------- */

typedef struct piece {
    size_t begin, end;
} piece;

static bool piece_ends(const uint8_t *p, size_t at, size_t end)
{
    uint8_t a = kinds[p[at - 1]], b = kinds[p[at]];

    if (a == AS_WORD_UPPER && b == AS_WORD_UPPER) /* HTTPServer: HTTP, Server */
        return at + 1 < end && kinds[p[at + 1]] == AS_WORD_LOWER;
    return a != b && !(a == AS_WORD_UPPER && b == AS_WORD_LOWER);
}

/* Of camel case, digits and underscores. 0: more than a name has, or it is a number. */
static size_t split(const words *w, const part *p, piece pieces[PIECES_MAX])
{
    const uint8_t *s = w->s.p;
    size_t n = 0, from = p->begin, numbers = 0, hex = 0;

    if (as_is_digit(s[p->begin]) && !(p->bits & AS_WORD_UNDER))
        return 0;
    for (size_t at = p->begin + 1; at <= p->end; at++) {
        hex += as_is_hex(s[at - 1]);
        if (at < p->end && !piece_ends(s, at, p->end))
            continue;
        if (s[from] != '_') {
            if (n == PIECES_MAX)
                return 0;
            numbers += as_is_digit(s[from]);
            pieces[n++] = (piece){from, at};
        }
        from = at;
    }
    /* A hash or the like falls into many pieces, none of which means anything. */
    return numbers >= NUMBERS_MIN || (hex == p->end - p->begin && (p->bits & AS_WORD_DIGIT)) ? 0
                                                                                             : n;
}

/* Pieces i .. j are asked for as one word. */
static bool is_joined(size_t i, size_t j, size_t n)
{
    if (n <= PIECES_ALL || j - i <= 2)
        return true;
    return (i == 0 && j + 2 == n) || (i == 1 && j + 1 == n) || (i == 0 && j + 1 == n);
}

static int emit_pieces(words *w, const part *p)
{
    piece pieces[PIECES_MAX];
    size_t n = split(w, p, pieces);
    int rc = 0;

    for (size_t i = 0; i < n && !rc; i++) {
        for (size_t j = i; j < n && !rc; j++) {
            size_t begin = pieces[i].begin, end = pieces[j].end;

            /* The whole is there, and a letter alone says nothing. */
            if ((begin == p->begin && end == p->end) || end - begin < 2 || !is_joined(i, j, n))
                continue;
            rc = emit(w, AS_TOKEN_COLOCATED, fold_word(w, begin, end, 0, w->token), p->begin,
                      p->end);
        }
    }
    return rc;
}

static bool is_identifier(const words *w, const part *p)
{
    unsigned bits = p->bits;

    if ((bits & AS_WORD_WIDE) || p->end - p->begin < 3 || p->end - p->begin > AS_TOKEN_MAX ||
        !(bits & (bits - 1)))
        return false;
    if (bits == (AS_WORD_LOWER | AS_WORD_UPPER)) {
        for (size_t i = p->begin + 1; i < p->end; i++) {
            if (as_is_upper(w->s.p[i]))
                return true;
        }
        return false;
    }
    return true;
}

/* --- words with dots between ------------------------------------------------------------- */

static bool is_octet(const words *w, const part *p)
{
    unsigned value = 0;

    if (p->bits != AS_WORD_DIGIT || p->end - p->begin > 3)
        return false;
    for (size_t i = p->begin; i < p->end; i++)
        value = value * 10 + (w->s.p[i] - '0');
    return value < 256;
}

static void join_parts(const words *w, part *parts, size_t n)
{
    size_t octets = 0;

    for (size_t i = 0; i < n; i++) {
        as_bytes text = {w->s.p + parts[i].begin, parts[i].end - parts[i].begin};

        parts[i].joined = i > 0 && parts[i].begin > parts[i - 1].end && text.n <= 24 &&
                          !(parts[i].bits & (AS_WORD_UNDER | AS_WORD_WIDE)) &&
                          parts[i].end - parts[i - 1].begin < AS_TOKEN_MAX &&
                          (as_known_extension(text) || as_known_tld(text));
        octets = is_octet(w, &parts[i]) ? octets + 1 : 0;
        if (octets == 4 && (i + 1 == n || !(parts[i + 1].bits == AS_WORD_DIGIT))) {
            for (size_t k = i - 3; k <= i; k++)
                parts[k].address = true;
            octets = 0;
        }
    }
}

/* Folded parts [from, to] with dots; each place in it has the same token. */
static size_t fold_joined(words *w, const part *parts, size_t from, size_t to)
{
    uint8_t folded[AS_TOKEN_MAX + 8];
    size_t n = 0;

    for (size_t i = from; i <= to; i++) {
        size_t used = fold_word(w, parts[i].begin, parts[i].end, parts[i].bits, folded);

        if (n + used + 1 > AS_TOKEN_MAX)
            break;
        if (i > from)
            w->token[n++] = '.';
        memcpy(w->token + n, folded, used);
        n += used;
    }
    return n;
}

static size_t address_begin(const part *parts, size_t i)
{
    size_t from = i;

    while (from > 0 && parts[from - 1].address && i - from < 3)
        from--;
    return from;
}

static int index_part(words *w, const part *parts, size_t n, size_t i)
{
    const part *p = &parts[i];
    int rc = emit(w, 0, fold_word(w, p->begin, p->end, p->bits, w->token), p->begin, p->end);

    if (!rc && !p->joined && is_identifier(w, p))
        rc = emit_pieces(w, p);
    if (!rc && p->address) {
        size_t from = address_begin(parts, i);

        rc = emit(w, AS_TOKEN_COLOCATED, fold_joined(w, parts, from, from + 3), p->begin, p->end);
    }
    if (!rc && p->joined)
        rc = emit(w, AS_TOKEN_COLOCATED, fold_joined(w, parts, i - 1, i), p->begin, p->end);
    if (!rc && i + 1 < n && parts[i + 1].joined)
        rc = emit(w, AS_TOKEN_COLOCATED, fold_joined(w, parts, i, i + 1), p->begin, p->end);
    return rc;
}

static int query_part(words *w, const part *parts, size_t n, size_t i)
{
    const part *p = &parts[i];
    size_t used;

    if (p->address) {
        size_t from = address_begin(parts, i);

        used = fold_joined(w, parts, from, from + 3);
    } else if (p->joined) {
        used = fold_joined(w, parts, i - 1, i);
    } else if (i + 1 < n && parts[i + 1].joined) {
        used = fold_joined(w, parts, i, i + 1);
    } else {
        used = fold_word(w, p->begin, p->end, p->bits, w->token);
    }
    return emit(w, 0, used, p->begin, p->end);
}

/* The words from *at on that have dots between. Leaves *at behind them. */
static int run_of_words(words *w, size_t *at)
{
    part parts[PARTS_MAX];
    size_t n = 0, skip;
    int rc = 0;

    do {
        bool dot = false;
        part *p = &parts[n++];

        *p = (part){.begin = *at};
        p->end = as_word_end(w->s, *at, &p->bits);
        *at = p->end;
        skip = as_dot_at(w->s, *at, &dot);
        *at += skip;
        if (!dot)
            break;
    } while (skip && n < PARTS_MAX);
    if (n > 1)
        join_parts(w, parts, n);
    for (size_t i = 0; i < n && !rc; i++)
        rc = w->what == AS_TOKENIZE_QUERY ? query_part(w, parts, n, i) : index_part(w, parts, n, i);
    return rc;
}

/* --- CJK --------------------------------------------------------------------------------- */

/* One character at the end of w->token; compatibility forms as what they stand for. */
static size_t put_char(words *w, size_t n, as_bytes c, int32_t cp)
{
    bool compat = (cp >= 0xf900 && cp <= 0xfad9) || (cp >= 0xff66 && cp <= 0xff9d) ||
                  (cp >= 0x2e80 && cp <= 0x2fd5) || (cp >= 0x2f800 && cp <= 0x2fa1d);

    if (compat)
        return n + fold_wide(c, w->token + n, CJK_BYTES_MAX);
    memcpy(w->token + n, c.p, c.n);
    return n + c.n;
}

/*
 * In a text: each character, with the pair that it begins beside it. In a question: the
 * pairs, and the last character, so that the phrase is as long as the run.
 */
static int cjk_run(words *w, size_t *at, size_t first_n, int32_t first)
{
    size_t here = *at, here_n = first_n, n;
    int32_t cp = first;
    bool pairs = w->what == AS_TOKENIZE_QUERY;
    int rc = 0;

    while (!rc) {
        size_t next = here + here_n, next_n = 0;
        int32_t follows =
            next < w->s.n ? as_utf8_next((as_bytes){w->s.p + next, w->s.n - next}, &next_n) : -1;
        bool more = as_is_cjk(follows);

        n = put_char(w, 0, (as_bytes){w->s.p + here, here_n}, cp);
        if (!pairs || !more)
            rc = emit(w, 0, n, here, next);
        if (!rc && more) {
            n = put_char(w, n, (as_bytes){w->s.p + next, next_n}, follows);
            rc = emit(w, pairs ? 0 : AS_TOKEN_COLOCATED, n, here, next);
        }
        here = next;
        if (!more)
            break;
        here_n = next_n;
        cp = follows;
    }
    *at = here;
    return rc;
}

int as_tokenize(as_bytes text, as_tokenize_for what, as_token_fn *fn, void *ctx)
{
    words w = {.s = text, .what = what, .fn = fn, .ctx = ctx};
    size_t at = 0;
    int rc = 0;

    while (at < text.n && !rc) {
        uint8_t c = text.p[at];

        if (c < 0x80) {
            if (kinds[c])
                rc = run_of_words(&w, &at);
            else
                at++;
        } else {
            size_t n;
            int32_t cp = as_utf8_next((as_bytes){text.p + at, text.n - at}, &n);
            as_letter letter = as_letter_of(cp);

            if (letter == AS_LETTER_CJK)
                rc = cjk_run(&w, &at, n, cp);
            else if (letter == AS_LETTER_WORD)
                rc = run_of_words(&w, &at);
            else
                at += n;
        }
    }
    return rc;
}

/* --- SQLite -------------------------------------------------------------------------------- */

typedef int fts5_token_fn(void *ctx, int flags, const char *token, int n, int begin, int end);

typedef struct fts5_sink {
    fts5_token_fn *fn;
    void *ctx;
} fts5_sink;

static int give(void *ctx, unsigned flags, as_bytes token, size_t begin, size_t end)
{
    const fts5_sink *sink = ctx;

    return sink->fn(sink->ctx, flags & AS_TOKEN_COLOCATED ? FTS5_TOKEN_COLOCATED : 0,
                    (const char *)token.p, (int)token.n, (int)begin, (int)end);
}

/* There is nothing to make: one of them serves all. */
static int make(void *ctx, const char **args, int n, Fts5Tokenizer **ret)
{
    (void)args;
    if (n != 0)
        return SQLITE_ERROR;
    *ret = ctx;
    return SQLITE_OK;
}

static void unmake(Fts5Tokenizer *t)
{
    (void)t;
}

static int tokenize(Fts5Tokenizer *t, void *ctx, int flags, const char *text, int n,
                    fts5_token_fn *fn)
{
    fts5_sink sink = {fn, ctx};

    (void)t;
    if (!text || n <= 0)
        return SQLITE_OK;
    return as_tokenize((as_bytes){(const uint8_t *)text, (size_t)n},
                       flags & FTS5_TOKENIZE_QUERY ? AS_TOKENIZE_QUERY : AS_TOKENIZE_INDEX, give,
                       &sink);
}

int as_tokenizer_register(struct sqlite3 *db)
{
    static int self; /* an address that is not NULL */
    fts5_tokenizer functions = {make, unmake, tokenize};
    fts5_api *api = NULL;
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &stmt, NULL);

    if (rc)
        return rc;
    rc = sqlite3_bind_pointer(stmt, 1, &api, "fts5_api_ptr", NULL);
    if (!rc) {
        (void)sqlite3_step(stmt);
        rc = sqlite3_finalize(stmt);
    } else {
        (void)sqlite3_finalize(stmt);
    }
    if (rc)
        return rc;
    if (!api || api->iVersion < 2)
        return SQLITE_ERROR;
    return api->xCreateTokenizer(api, AS_TOKENIZER_NAME, &self, &functions, NULL);
}

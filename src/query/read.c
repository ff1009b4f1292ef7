#include "query/query_priv.h"

#include "base/utf8.h"

#include <string.h>

#include "base/banned.h"

#define WORDS_MAX 1024u

/*
 * Lower case of ASCII alone, so that offsets stay those of the question. Full-width letters
 * and other scripts' cases are of no word in the lexicon.
 */
static as_code fold(as_bytes text, as_arena *a, as_bytes *ret)
{
    uint8_t *p = as_arena_take(a, text.n + 1, 1);

    if (!p)
        return AS_NOMEM;
    for (size_t i = 0; i < text.n; i++)
        p[i] = text.p[i] >= 'A' && text.p[i] <= 'Z' ? (uint8_t)(text.p[i] + 32) : text.p[i];
    *ret = (as_bytes){p, text.n};
    return AS_OK;
}

static bool has_cjk(as_bytes text)
{
    for (size_t at = 0, n; at < text.n; at += n) {
        int32_t cp = as_utf8_next((as_bytes){text.p + at, text.n - at}, &n);

        if (cp >= 0x3400 && cp <= 0x9fff)
            return true;
    }
    return false;
}

/* --- what stands for itself -------------------------------------------------------------- */

static value *add_value(as_reading *r, value_how how, size_t begin, size_t end)
{
    value *v;

    if (r->n_values == VALUES_MAX || end <= begin)
        return NULL;
    v = &r->values[r->n_values++];
    *v =
        (value){.how = how, .text = {r->folded.p + begin, end - begin}, .begin = begin, .end = end};
    v->norm = v->text;
    return v;
}

/* What opens a quotation and what closes it. */
static const struct {
    const char *open, *close;
} quotes[] = {
    {"\"", "\""},
    {"\xe2\x80\x9c", "\xe2\x80\x9d"},
    {"\xe2\x80\x98", "\xe2\x80\x99"},
    {"\xe3\x80\x8c", "\xe3\x80\x8d"},
    {"\xe3\x80\x8e", "\xe3\x80\x8f"},
    {"\xe3\x80\x8a", "\xe3\x80\x8b"},
    {"`", "`"},
    {"'", "'"},
};

static bool at_text(as_bytes b, size_t at, const char *text)
{
    size_t n = strlen(text);

    return n <= b.n - at && memcmp(b.p + at, text, n) == 0;
}

/* An apostrophe inside a word quotes nothing. */
static bool is_quote(as_bytes b, size_t at, size_t which, bool closing)
{
    const char *mark = closing ? quotes[which].close : quotes[which].open;
    size_t behind = at + strlen(mark);

    if (!at_text(b, at, mark))
        return false;
    if (strcmp(mark, "'") != 0)
        return true;
    if (closing)
        return behind >= b.n || !((b.p[behind] >= 'a' && b.p[behind] <= 'z'));
    return at == 0 || b.p[at - 1] == ' ' || b.p[at - 1] >= 0x80;
}

static void find_quoted(as_reading *r)
{
    as_bytes b = r->folded;

    for (size_t at = 0; at < b.n; at++) {
        for (size_t q = 0; q < AS_COUNT(quotes); q++) {
            size_t begin = at + strlen(quotes[q].open), end = begin;

            if (!is_quote(b, at, q, false))
                continue;
            while (end < b.n && !is_quote(b, end, q, true))
                end++;
            if (end >= b.n || end == begin)
                continue;
            (void)add_value(r, VALUE_QUOTED, begin, end);
            at = end + strlen(quotes[q].close) - 1;
            break;
        }
    }
}

static value *value_over(as_reading *r, size_t begin, size_t end)
{
    for (size_t i = 0; i < r->n_values; i++) {
        if (begin < r->values[i].end && end > r->values[i].begin)
            return &r->values[i];
    }
    return NULL;
}

/* "PowerShell" looks like an API and "added" like hex; the lexicon knows better. */
static bool is_word(const as_reading *r, const as_ioc *ioc, const lexicon *l)
{
    word words[2];
    size_t n;

    if (ioc->type != AS_IOC_API && ioc->type != AS_IOC_HEX && ioc->type != AS_IOC_DOMAIN &&
        ioc->type != AS_IOC_FILE)
        return false;
    n = words_cut((as_bytes){r->folded.p + ioc->begin, ioc->end - ioc->begin}, words, 2);
    return n == 1 && lexicon_knows(l, words[0].text);
}

static bool in_identifier(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("_\\{}-.", c) != NULL);
}

/* "create_guard_page" is the name of something, and no three words. */
static void find_identifiers(as_reading *r)
{
    as_bytes b = r->folded;

    for (size_t at = 0, n; at < b.n; at += n ? n : 1) {
        bool joined = false;
        value *v;

        for (n = 0; at + n < b.n && in_identifier(b.p[at + n]); n++)
            joined = joined || ((b.p[at + n] == '_' || b.p[at + n] == '\\') && n > 0);
        while (joined && strchr(".-", b.p[at + n - 1]))
            n--;
        if (!joined || (at > 0 && strchr("\\/.:%", b.p[at - 1])) ||
            (at + n < b.n && b.p[at + n] && strchr("\\/.:%", b.p[at + n])) ||
            value_over(r, at, at + n))
            continue;
        v = add_value(r, VALUE_QUOTED, at, at + n);
        if (v)
            v->firm = true;
    }
}

static as_code find_iocs(as_reading *r, as_bytes question, const lexicon *l, as_arena *a,
                         as_err *err)
{
    as_iocs iocs = {0};
    as_code rc = as_ioc_find(question, a, &iocs, err);

    for (size_t i = 0; !rc && i < iocs.n; i++) {
        value *v = value_over(r, iocs.p[i].begin, iocs.p[i].end);

        if (is_word(r, &iocs.p[i], l))
            continue;
        if (v && (v->how != VALUE_QUOTED || v->begin < iocs.p[i].begin || v->end > iocs.p[i].end))
            continue; /* a part of what is quoted */
        if (!v)
            v = add_value(r, VALUE_IOC, iocs.p[i].begin, iocs.p[i].end);
        if (!v)
            break;
        v->how = VALUE_IOC;
        v->type = iocs.p[i].type;
        v->norm = iocs.p[i].norm;
        v->port = iocs.p[i].port;
    }
    return rc;
}

/* --- signs ------------------------------------------------------------------------------- */

static bool all_digits(as_bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
    }
    return text.n > 0;
}

static bool starts(as_bytes text, const char *head)
{
    size_t n = strlen(head);

    return text.n >= n && memcmp(text.p, head, n) == 0;
}

/* Words are compared by stems, and here the plural says it: "the sample", "the samples". */
static sign_id one_or_many(const as_reading *r, const sign *s)
{
    static const char *const all[] = {"which", "what", "each", "every", "any",     "all",
                                      "other", "more", "one",  "only",  "exactly", "a single"};
    as_bytes text = {r->folded.p + s->begin, s->end - s->begin};

    if (s->id != SIGN_SAMPLES && s->id != SIGN_SAMPLE)
        return s->id;
    if (text.p[0] >= 0x80)
        return s->id;
    for (size_t i = 0; i < AS_COUNT(all); i++) {
        if (starts(text, all[i]) && s->id == SIGN_SAMPLES)
            return SIGN_SAMPLES;
    }
    if (as_bytes_ends_nocase(text, "samples") || as_bytes_ends_nocase(text, "reports") ||
        as_bytes_ends_nocase(text, "logs") || as_bytes_ends_nocase(text, "analyses"))
        return SIGN_SAMPLES;
    return as_bytes_ends_nocase(text, "store") ? SIGN_SAMPLES : SIGN_SAMPLE;
}

static void add_sign(as_reading *r, sign *s)
{
    s->id = one_or_many(r, s);
    if (s->id != SIGN_NONE && r->n_signs < SIGNS_MAX)
        r->signs[r->n_signs++] = *s;
}

/* A digit in it, or capitals inside: "Family3", "LowDiskOnM". */
static bool looks_like_name(const as_reading *r, size_t begin, size_t end)
{
    bool inside = false, small = false;

    for (size_t i = begin; i < end; i++) {
        uint8_t c = r->question.p[i];

        inside = inside || (c >= '0' && c <= '9') || (i > begin && c >= 'A' && c <= 'Z');
        small = small || (c >= 'a' && c <= 'z');
    }
    return inside && small;
}

/* "exe files": the endings that analysts speak of. */
static bool is_extension(as_bytes w)
{
    static const char *const all[] = {
        "exe", "dll", "sys",  "ps1",  "vbs", "vbe",  "bat",  "cmd", "jse", "wsf", "hta",
        "lnk", "doc", "docx", "docm", "xls", "xlsx", "xlsm", "pdf", "zip", "rar", "iso",
        "img", "msi", "jar",  "scr",  "tmp", "dat",  "txt",  "log", "ini", "xml", "html",
        "php", "asp", "aspx", "jsp",  "elf", "apk",  "png",  "jpg"};

    for (size_t i = 0; i < AS_COUNT(all); i++) {
        if (as_bytes_is(w, all[i]))
            return true;
    }
    return false;
}

/* "called x", "named x", or written as names are: a digit in it, capitals inside. */
static bool is_name(const as_reading *r, const value *v)
{
    static const char *const heads[] = {"called ", "named ", "\xe5\x90\x8d\xe4\xb8\xba",
                                        "\xe5\x8f\xab"};

    for (size_t i = 0; i < AS_COUNT(heads); i++) {
        size_t n = strlen(heads[i]);

        if (v->begin >= n && memcmp(r->folded.p + v->begin - n, heads[i], n) == 0)
            return true;
    }
    return looks_like_name(r, v->begin, v->end);
}

/* A word that the lexicon does not have is a typing error of one, or a name. */
static size_t unknown_word(as_reading *r, const lexicon *l, word *words, size_t n)
{
    sign s;
    size_t used;

    if (all_digits(words[0].text)) {
        (void)add_value(r, VALUE_NUMBER, words[0].begin, words[0].end);
        return 1;
    }
    if (!words[0].latin)
        return 1;
    if (lexicon_knows(l, words[0].text) && !words[0].mended)
        return 1; /* a part of phrases, and alone it says nothing */
    if (!looks_like_name(r, words[0].begin, words[0].end) && lexicon_mend(l, &words[0])) {
        used = lexicon_match(l, words, n, &s);
        if (used > 0) {
            add_sign(r, &s);
            return used;
        }
    }
    if (words[0].end - words[0].begin >= 3) {
        value *v = add_value(r, VALUE_WORD, words[0].begin, words[0].end);

        if (v && is_extension(v->norm))
            v->how = VALUE_EXTENSION;
        else if (v)
            v->firm = is_name(r, v);
    }
    return 1;
}

/* A phrase may hold misspelt words behind its first, so they are mended before it is sought. */
static void mend_ahead(const lexicon *l, word *words, size_t n)
{
    for (size_t i = 1; i < n && i < 4; i++) {
        if (words[i].latin && !words[i].mended && !lexicon_knows(l, words[i].text))
            (void)lexicon_mend(l, &words[i]);
    }
}

/* The words between two values; a phrase does not reach over one. */
static void read_words(as_reading *r, const lexicon *l, word *words, size_t n)
{
    for (size_t i = 0; i < n;) {
        sign s;
        size_t used;

        mend_ahead(l, words + i, n - i);
        used = lexicon_match(l, words + i, n - i, &s);
        if (used > 0) {
            add_sign(r, &s);
            i += used;
        } else {
            i += unknown_word(r, l, words + i, n - i);
        }
    }
}

static size_t next_value(const as_reading *r, size_t n_fixed, size_t at)
{
    size_t best = r->folded.n;

    for (size_t i = 0; i < n_fixed; i++) {
        if (r->values[i].begin >= at && r->values[i].begin < best)
            best = r->values[i].begin;
    }
    return best;
}

static size_t end_of_value(const as_reading *r, size_t n_fixed, size_t begin)
{
    for (size_t i = 0; i < n_fixed; i++) {
        if (r->values[i].begin == begin)
            return r->values[i].end;
    }
    return r->folded.n;
}

static void read_gaps(as_reading *r, const lexicon *l, word *words)
{
    size_t n_fixed = r->n_values;

    for (size_t at = 0; at < r->folded.n;) {
        size_t end = next_value(r, n_fixed, at);
        size_t n = words_cut((as_bytes){r->folded.p + at, end - at}, words, WORDS_MAX);

        for (size_t i = 0; i < n; i++) {
            words[i].begin += at;
            words[i].end += at;
        }
        read_words(r, l, words, n);
        at = end < r->folded.n ? end_of_value(r, n_fixed, end) : end;
    }
}

/* "... de yangben" at the end, and "samples with ...": those of all that are so. */
static void read_tail(as_reading *r)
{
    static const char tail[] = "\xe7\x9a\x84\xe6\xa0\xb7\xe6\x9c\xac";
    as_bytes b = r->folded;

    while (b.n > 0 && (b.p[b.n - 1] == '?' || b.p[b.n - 1] == ' ' || b.p[b.n - 1] == '.'))
        b.n--;
    if (b.n > sizeof(tail) + 3 && as_bytes_ends_nocase(b, tail) && r->n_signs > 0 &&
        r->signs[r->n_signs - 1].id == SIGN_SAMPLE) {
        r->signs[r->n_signs - 1].id = SIGN_SAMPLES;
        r->signs[r->n_signs - 1].arg = 1;
    }
    /* "the samples that ...": what stands before "de" tells which. */
    for (size_t i = 0; i < r->n_signs; i++) {
        sign *s = &r->signs[i];

        if (s->id == SIGN_SAMPLE && s->end - s->begin == 6 && s->begin > 6 &&
            memcmp(r->folded.p + s->begin, tail + 3, 6) == 0 &&
            memcmp(r->folded.p + s->begin - 3, tail, 3) == 0) {
            s->id = SIGN_SAMPLES;
            s->arg = 1;
        }
    }
    if (r->n_signs > 0 && r->signs[0].id == SIGN_SAMPLES && starts(r->folded, "samples"))
        r->signs[0].arg = 1;
}

as_code reading_make(as_bytes question, as_arena *a, as_reading *ret, as_err *err)
{
    const lexicon *l = lexicon_make(a);
    word *words = as_arena_take(a, WORDS_MAX, sizeof(*words));
    as_code rc;

    memset(ret, 0, sizeof(*ret));
    ret->question = question;
    if (!l || !words || fold(question, a, &ret->folded))
        return as_fail_nomem(err, "the question");
    ret->lang = has_cjk(question) ? AS_LANG_ZH : AS_LANG_EN;
    find_quoted(ret);
    find_identifiers(ret);
    rc = find_iocs(ret, question, l, a, err);
    if (!rc) {
        read_gaps(ret, l, words);
        read_tail(ret);
    }
    return rc;
}

const sign *reading_find(const as_reading *r, sign_id id)
{
    for (size_t i = 0; i < r->n_signs; i++) {
        if (r->signs[i].id == id)
            return &r->signs[i];
    }
    return NULL;
}

const sign *reading_find_arg(const as_reading *r, sign_id id, int arg)
{
    for (size_t i = 0; i < r->n_signs; i++) {
        if (r->signs[i].id == id && r->signs[i].arg == arg)
            return &r->signs[i];
    }
    return NULL;
}

bool reading_has_arg(const as_reading *r, sign_id id, int arg)
{
    return reading_find_arg(r, id, arg) != NULL;
}

bool reading_has(const as_reading *r, sign_id id)
{
    return reading_find(r, id) != NULL;
}

#include "base/escape.h"
#include "base/utf8.h"
#include "retrieve/retrieve.h"

#include <string.h>

#include "base/banned.h"

/*
 * How a description is cut (docs/retrieval.md): sections apart, processes apart in the
 * section of processes; prose in both languages, cut between the same sentences where the
 * two tell in step; what a sentence folds or cuts as rows, once for both languages.
 */

#define LANGS         2
#define FACTS_MAX     64u /* of one sentence of prose: its rows carry the others */
#define SUMMARY_FROM  150u
#define SUMMARY_MAX   80u
#define KEYWORDS_FROM 100u
#define KEYWORDS_MAX  48u
#define HEADER_MAX    200u /* bytes of a sentence above its rows */
#define HEADER_FROM   4u   /* rows of a sentence that get it above them from the start */
#define LINE_BYTES    800u /* of a row; the rest goes on in the next line */
#define NAME_CHARS    80u  /* of a name in a context line */

typedef struct maker {
    const as_analysis *a;
    const as_doc *doc[LANGS];
    as_chunk_put_fn *put;
    void *sink;
    as_err *err;
    as_code rc; /* sticky */

    /* what is cut just now */
    as_section section;
    const as_doc_section *in[LANGS]; /* NULL: that language has no such section */
    uint32_t process;
    uint32_t ordinal; /* in the section */
    int n_put;

    as_buf name, who; /* of the context line */
    as_buf context, text, facts;
    as_buf rows, row, row_facts, seen; /* rows in the making */
    size_t row_tokens, n_rows;
    uint64_t row_bytes, rows_left_out;
    bool sample_rows; /* one of the rows holds the sample's own words */
} maker;

static bool failed(const maker *m)
{
    return m->rc || m->name.failed || m->who.failed || m->context.failed || m->text.failed ||
           m->facts.failed || m->rows.failed || m->row.failed || m->row_facts.failed ||
           m->seen.failed;
}

/* --- measure ---------------------------------------------------------------------------- */

static bool is_word_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_cjk(uint32_t cp)
{
    return (cp >= 0x2e80 && cp <= 0x9fff) || (cp >= 0xac00 && cp <= 0xd7af) ||
           (cp >= 0xf900 && cp <= 0xfaff) || (cp >= 0xff00 && cp <= 0xffef) ||
           (cp >= 0x20000 && cp <= 0x3ffff);
}

/* Letters and digits count by eights, as an encoder's word pieces do; CJK by one. */
size_t as_chunk_tokens(as_bytes text)
{
    size_t tokens = 0, run = 0;
    bool sign = false;

    for (size_t i = 0; i < text.n;) {
        size_t n = 1;
        int32_t cp = text.p[i];

        if (is_word_byte(text.p[i])) {
            tokens += run++ % 8 == 0;
            sign = false;
        } else if (cp < 0x80) {
            tokens += cp > ' ' && !sign;
            sign = cp > ' ';
            run = 0;
        } else {
            cp = as_utf8_next((as_bytes){text.p + i, text.n - i}, &n);
            if (cp >= 0 && is_cjk((uint32_t)cp)) {
                tokens++;
                run = 0;
            } else {
                tokens += run % 8 < 2;
                run += 2;
            }
            sign = false;
        }
        i += n;
    }
    return tokens;
}

static size_t tokens_of(const as_sentence *s)
{
    return as_chunk_tokens(s->text);
}

/* --- one chunk ----------------------------------------------------------------------------- */

static void stable_uid(const maker *m, const as_chunk *c, uint8_t uid[16])
{
    as_sha256 *h = as_sha256_new();
    uint8_t digest[AS_SHA256_SIZE] = {0};
    uint8_t head[] = {(uint8_t)c->section,
                      c->lang,
                      c->role,
                      (uint8_t)m->ordinal,
                      (uint8_t)(m->ordinal >> 8),
                      (uint8_t)(m->ordinal >> 16),
                      (uint8_t)(m->ordinal >> 24),
                      (uint8_t)m->a->portions};

    if (!h)
        return;
    if (m->a->unhashed) /* a part of a log: its name stands for it */
        as_sha256_add(h, as_bytes_of(m->a->source));
    else
        as_sha256_add(h, (as_bytes){m->a->sha256, AS_SHA256_SIZE});
    as_sha256_add(h, as_bytes_of(m->a->tool));
    as_sha256_add(h, (as_bytes){head, sizeof(head)});
    as_sha256_add(h, c->body);
    as_sha256_get(h, digest);
    as_sha256_free(h);
    memcpy(uid, digest, 16);
}

static void put_title(maker *m, unsigned lang)
{
    if (lang == AS_CHUNK_LANG_ANY) {
        as_buf_text(&m->context, as_section_title(AS_LANG_EN, m->section));
        as_buf_text(&m->context, " / ");
        as_buf_text(&m->context, as_section_title(AS_LANG_ZH, m->section));
    } else {
        as_buf_text(&m->context, as_section_title((as_lang)lang, m->section));
    }
}

/* "invoice.js 3391c4e3bafe | CAPE | Process behaviour | powershell.exe (PID 3080)" */
static as_bytes context_line(maker *m, unsigned lang)
{
    as_buf_reset(&m->context);
    as_buf_add(&m->context, as_buf_bytes(&m->name));
    as_buf_text(&m->context, " | ");
    as_buf_text(&m->context, m->a->tool);
    as_buf_text(&m->context, " | ");
    put_title(m, lang);
    if (m->who.n > 0) {
        as_buf_text(&m->context, " | ");
        as_buf_add(&m->context, as_buf_bytes(&m->who));
    }
    return as_buf_bytes(&m->context);
}

/* Its index among those of this call, or -1. */
static int put_chunk(maker *m, as_chunk *c, as_bytes body, const as_buf *facts)
{
    if (failed(m) || body.n == 0)
        return -1;
    c->section = m->section;
    c->context = context_line(m, c->lang);
    c->body = body;
    if (facts) {
        c->facts = (const uint32_t *)(const void *)facts->p;
        c->n_facts = facts->n / sizeof(uint32_t);
    }
    if (failed(m))
        return -1;
    stable_uid(m, c, c->uid);
    m->rc = m->put(m->sink, c, m->err);
    return m->rc ? -1 : m->n_put++;
}

/* --- prose ----------------------------------------------------------------------------- */

/* Sentences of the section in hand that one chunk holds; `languages` as bits. */
typedef struct span {
    unsigned languages;
    size_t from, to;
    bool overlaps; /* the sentence before `from` stands above */
} span;

static const as_sentence *sentence_of(const maker *m, unsigned lang, size_t i)
{
    return &m->in[lang]->sentences[i];
}

/* The language whose facts and values stand for all of the span. */
static unsigned first_lang(const span *s)
{
    return s->languages & 1u << AS_LANG_EN ? AS_LANG_EN : AS_LANG_ZH;
}

static void add_fact(as_buf *facts, uint32_t fact)
{
    as_buf_add(facts, (as_bytes){(const uint8_t *)&fact, sizeof(fact)});
}

static void take_facts(maker *m, const span *s)
{
    as_buf_reset(&m->facts);
    for (size_t i = s->from; i < s->to; i++) {
        const as_sentence *one = sentence_of(m, first_lang(s), i);

        for (size_t k = 0; k < one->n_facts && k < FACTS_MAX; k++)
            add_fact(&m->facts, one->facts[k]);
    }
}

static void add_line(as_buf *out, as_bytes marked)
{
    if (out->n > 0)
        as_buf_byte(out, '\n');
    as_doc_plain(out, marked);
}

static bool has_value(as_bytes text)
{
    return text.n > 0 && memchr(text.p, AS_VALUE_OPEN, text.n);
}

/* Names that a tool's own rules have, not the sample. */
static bool is_tools_word(const maker *m, const as_sentence *s)
{
    static const as_kind kinds[] = {AS_KIND_SIGNATURE,  AS_KIND_TECHNIQUE, AS_KIND_MBC,
                                    AS_KIND_CAPABILITY, AS_KIND_SCORE,     AS_KIND_SIGMA_SOURCE};

    for (size_t i = 0; i < s->n_facts; i++) {
        as_kind kind = (as_kind)as_facts_get(m->a->facts, s->facts[i])->kind;
        bool is = false;

        for (size_t k = 0; k < AS_COUNT(kinds) && !is; k++)
            is = kinds[k] == kind;
        if (!is)
            return false;
    }
    return true;
}

static uint8_t trust_of(const maker *m, const span *s, unsigned lang)
{
    uint8_t trust = AS_TRUST_OWN;

    for (size_t i = s->from - s->overlaps; i < s->to && trust < AS_TRUST_SAMPLE; i++) {
        const as_sentence *one = sentence_of(m, lang, i);

        if (has_value(one->text))
            trust = is_tools_word(m, one) ? AS_TRUST_TOOL : AS_TRUST_SAMPLE;
    }
    return trust;
}

static size_t span_tokens(const maker *m, const span *s, unsigned lang)
{
    size_t tokens = 0;

    for (size_t i = s->from; i < s->to; i++)
        tokens += tokens_of(sentence_of(m, lang, i));
    return tokens;
}

static int put_base(maker *m, const span *s, unsigned lang)
{
    as_chunk c = {
        .parent = -1, .lang = (uint8_t)lang, .role = AS_CHUNK_BASE, .trust = trust_of(m, s, lang)};

    as_buf_reset(&m->text);
    for (size_t i = s->from - s->overlaps; i < s->to; i++)
        add_line(&m->text, sentence_of(m, lang, i)->text);
    return put_chunk(m, &c, as_buf_bytes(&m->text), &m->facts);
}

/* The heaviest sentences, in their order, as many as fit. */
static void put_summary(maker *m, const span *s, unsigned lang, int parent)
{
    as_chunk c = {.parent = parent,
                  .lang = (uint8_t)lang,
                  .role = AS_CHUNK_SUMMARY,
                  .trust = trust_of(m, s, lang)};
    size_t room = SUMMARY_MAX;
    int least = AS_EMPHASIS_HIGH;

    if (parent < 0 || s->to - s->from < 3 || span_tokens(m, s, lang) < SUMMARY_FROM)
        return;
    for (; least > AS_EMPHASIS_PLAIN; least--) { /* the lightest that still fit */
        size_t tokens = 0;

        for (size_t i = s->from; i < s->to; i++) {
            const as_sentence *one = sentence_of(m, lang, i);

            tokens += (int)one->weight >= least ? tokens_of(one) : 0;
        }
        if (tokens > SUMMARY_MAX)
            break;
    }
    as_buf_reset(&m->text);
    for (size_t i = s->from; i < s->to; i++) {
        const as_sentence *one = sentence_of(m, lang, i);
        size_t n = tokens_of(one);

        if ((int)one->weight < least || n > room)
            continue;
        room -= n;
        add_line(&m->text, one->text);
    }
    (void)put_chunk(m, &c, as_buf_bytes(&m->text), NULL);
}

/* Appends a keyword unless it is there, too short or a small number. */
static void add_keyword(maker *m, as_bytes word, as_bytes *have, size_t *n_have)
{
    uint64_t number;
    size_t at = m->text.n;

    if (word.n < 3 || word.n > 200 || *n_have == KEYWORDS_MAX ||
        (word.n < 5 && as_bytes_u64(word, &number)))
        return;
    for (size_t i = 0; i < *n_have; i++) {
        if (as_bytes_eq(have[i], word))
            return;
    }
    if (at > 0)
        as_buf_byte(&m->text, '\n');
    as_buf_add(&m->text, word);
    have[(*n_have)++] = word;
}

static void add_values(maker *m, as_bytes text, as_bytes *have, size_t *n_have)
{
    const uint8_t *at = text.p, *end = text.p + text.n;

    while (at < end) {
        const uint8_t *open = memchr(at, AS_VALUE_OPEN, (size_t)(end - at));
        const uint8_t *close = open ? memchr(open, AS_VALUE_CLOSE, (size_t)(end - open)) : NULL;

        if (!close)
            return;
        add_keyword(m, (as_bytes){open + 1, (size_t)(close - open - 1)}, have, n_have);
        at = close + 1;
    }
}

/* The kinds of what is told and its values: once, in no language. */
static void put_keywords(maker *m, const span *s, int parent)
{
    as_chunk c = {.parent = parent,
                  .lang = AS_CHUNK_LANG_ANY,
                  .role = AS_CHUNK_KEYWORDS,
                  .trust = AS_TRUST_SAMPLE};
    as_bytes have[KEYWORDS_MAX];
    size_t n = 0;

    if (parent < 0 || span_tokens(m, s, first_lang(s)) < KEYWORDS_FROM)
        return;
    as_buf_reset(&m->text);
    for (size_t i = s->from; i < s->to; i++) {
        const as_sentence *one = sentence_of(m, first_lang(s), i);

        if (one->n_facts > 0) {
            as_kind kind = (as_kind)as_facts_get(m->a->facts, one->facts[0])->kind;

            add_keyword(m, as_bytes_of(as_kind_get(kind)->name), have, &n);
        }
        add_values(m, one->text, have, &n);
    }
    if (n >= 3)
        (void)put_chunk(m, &c, as_buf_bytes(&m->text), NULL);
}

/* The twins of a span stand one behind the other, so that each is found from the other. */
static void put_span(maker *m, const span *s)
{
    int base[LANGS] = {-1, -1};

    take_facts(m, s);
    for (unsigned lang = 0; lang < LANGS; lang++) {
        if (s->languages & 1u << lang)
            base[lang] = put_base(m, s, lang);
    }
    for (unsigned lang = 0; lang < LANGS; lang++)
        put_summary(m, s, lang, base[lang]);
    if (s->languages & 1u << AS_LANG_EN || !m->in[AS_LANG_EN])
        put_keywords(m, s, base[first_lang(s)]);
    m->ordinal++;
}

/* Of the languages of a span, what the longest of them needs. */
static size_t need(const maker *m, unsigned languages, size_t i)
{
    size_t most = 0;

    for (unsigned lang = 0; lang < LANGS; lang++) {
        size_t n = languages & 1u << lang ? tokens_of(sentence_of(m, lang, i)) : 0;

        most = n > most ? n : most;
    }
    return most;
}

/* Sentences [from, to) are of one section and one process. */
static void cut_prose(maker *m, unsigned languages, size_t from, size_t to)
{
    span s = {languages, from, from, false};
    size_t tokens = 0;

    while (s.to < to && !failed(m)) {
        size_t n = need(m, languages, s.to);

        if (s.to > s.from && tokens + n > AS_CHUNK_TOKENS_AIM) {
            size_t last = need(m, languages, s.to - 1);

            put_span(m, &s);
            s.from = s.to;
            s.overlaps = last <= AS_CHUNK_OVERLAP;
            tokens = s.overlaps ? last : 0;
        }
        tokens += n;
        s.to++;
    }
    put_span(m, &s);
}

/* --- rows -------------------------------------------------------------------------------- */

/* At most `max` bytes of well-formed text, cut between characters. */
static as_bytes cut_text(as_bytes text, size_t max)
{
    if (text.n <= max)
        return text;
    while (max > 0 && (text.p[max] & 0xc0) == 0x80)
        max--;
    return (as_bytes){text.p, max};
}

static void add_cut(as_buf *out, as_bytes text, size_t max)
{
    as_bytes some = cut_text(text, max);

    as_buf_add(out, some);
    if (some.n < text.n)
        as_buf_printf(out, "…(+%zu B)", text.n - some.n);
}

/* The beginning of `text` that one line holds; between words where there are any. */
static as_bytes cut_line(as_bytes text)
{
    as_bytes line = cut_text(text, LINE_BYTES);

    if (line.n == text.n)
        return line;
    for (size_t n = line.n; n > line.n - LINE_BYTES / 4; n--) {
        if (line.p[n - 1] == ' ')
            return (as_bytes){line.p, n};
    }
    return line;
}

static void flush_rows(maker *m)
{
    as_chunk c = {.parent = -1,
                  .lang = AS_CHUNK_LANG_ANY,
                  .role = AS_CHUNK_BASE,
                  .trust = m->sample_rows ? AS_TRUST_SAMPLE : AS_TRUST_OWN};

    if (m->rows.n > 0) {
        (void)put_chunk(m, &c, as_buf_bytes(&m->rows), &m->row_facts);
        m->ordinal++;
    }
    as_buf_reset(&m->rows);
    as_buf_reset(&m->row_facts);
    m->row_tokens = 0;
    m->sample_rows = false;
}

/* The sentence, in each language that has it, above its rows. */
static void put_header(maker *m, size_t i, bool aligned)
{
    for (unsigned lang = 0; lang < LANGS; lang++) {
        as_bytes plain;

        if (!m->in[lang] || (lang != AS_LANG_EN && !aligned))
            continue;
        as_buf_reset(&m->text);
        as_doc_plain(&m->text, sentence_of(m, lang, i)->text);
        plain = as_buf_bytes(&m->text);
        if (m->rows.n > 0)
            as_buf_byte(&m->rows, '\n');
        add_cut(&m->rows, plain, HEADER_MAX);
        m->row_tokens += as_chunk_tokens(cut_text(plain, HEADER_MAX));
    }
}

/* True the first time that a sentence has this row. The table has room for all of them. */
static bool is_new_row(maker *m, as_bytes row)
{
    uint64_t *slots = (uint64_t *)(void *)m->seen.p;
    size_t mask = m->seen.n / sizeof(*slots) - 1;
    uint64_t hash = as_hash64(row, 0) | 1u;
    size_t at = (size_t)(hash >> 1) & mask;

    while (slots[at] != 0 && slots[at] != hash)
        at = (at + 1) & mask;
    if (slots[at] == hash)
        return false;
    slots[at] = hash;
    return true;
}

static bool begin_seen(maker *m, size_t n)
{
    size_t room = 16;

    while (room < 2 * n)
        room *= 2;
    as_buf_reset(&m->seen);
    as_buf_fill(&m->seen, 0, room * sizeof(uint64_t));
    return !m->seen.failed;
}

/* One line; where the chunk is full, in the next one, below the header again. */
static void put_line(maker *m, size_t i, bool aligned, bool first, as_bytes line)
{
    size_t tokens = as_chunk_tokens(line);

    if (m->row_tokens > 0 && m->row_tokens + tokens > AS_CHUNK_TOKENS_AIM) {
        flush_rows(m);
        put_header(m, i, aligned);
    }
    if (m->rows.n > 0)
        as_buf_byte(&m->rows, '\n');
    as_buf_text(&m->rows, first ? "- " : "  … ");
    as_buf_add(&m->rows, line);
    m->row_tokens += tokens;
    m->row_bytes += line.n;
}

/* A row that is long goes on in further lines, each with the row's fact behind it. */
static void put_row(maker *m, size_t i, bool aligned, const as_item *item)
{
    as_bytes row;

    as_buf_reset(&m->row);
    as_doc_plain(&m->row, item->text);
    row = as_buf_bytes(&m->row);
    if (m->row.failed || !is_new_row(m, row))
        return;
    if (m->n_rows >= AS_CHUNK_ROWS_MAX || m->row_bytes > AS_CHUNK_ROWS_BYTES) {
        m->rows_left_out++;
        return;
    }
    for (size_t at = 0; at < row.n && at < AS_CHUNK_ROW_MAX;) {
        as_bytes line = cut_line((as_bytes){row.p + at, row.n - at});

        put_line(m, i, aligned, at == 0, line);
        add_fact(&m->row_facts, item->fact);
        m->sample_rows = m->sample_rows || has_value(item->text);
        at += line.n;
        if (at < row.n && at >= AS_CHUNK_ROW_MAX)
            as_buf_printf(&m->rows, "…(+%zu B)", row.n - at);
    }
    m->n_rows++;
}

/* Of the language that was built in full: English. */
static void cut_rows(maker *m, bool aligned, size_t from, size_t to)
{
    for (size_t i = from; i < to && !failed(m); i++) {
        const as_sentence *s = sentence_of(m, AS_LANG_EN, i);

        if (s->n_items == 0 || !begin_seen(m, s->n_items))
            continue;
        if (s->n_items >= HEADER_FROM) {
            if (m->row_tokens > AS_CHUNK_TOKENS_AIM / 2)
                flush_rows(m);
            put_header(m, i, aligned);
        }
        for (size_t k = 0; k < s->n_items; k++)
            put_row(m, i, aligned, &s->items[k]);
    }
    flush_rows(m);
}

/* --- sections ----------------------------------------------------------------------------- */

static void name_process(maker *m, uint32_t process)
{
    const as_facts *f = m->a->facts;
    as_bytes name = {0}, pid;

    m->process = process;
    as_buf_reset(&m->who);
    if (process == AS_NO_FACT)
        return;
    name = as_fact_text(f, as_facts_get(f, process), AS_ATTR_NAME);
    if (name.n == 0) {
        name = as_fact_text(f, as_facts_get(f, process), AS_ATTR_PATH);
        for (size_t i = name.n; i > 0; i--) {
            if (name.p[i - 1] == '\\' || name.p[i - 1] == '/') {
                name = (as_bytes){name.p + i, name.n - i};
                break;
            }
        }
    }
    pid = as_fact_text(f, as_facts_get(f, process), AS_ATTR_PID);
    as_escape_visible_cut(&m->who, name, NAME_CHARS);
    if (pid.n > 0) {
        as_buf_text(&m->who, m->who.n > 0 ? " (PID " : "PID ");
        as_escape_visible_cut(&m->who, pid, NAME_CHARS);
        if (name.n > 0)
            as_buf_byte(&m->who, ')');
    }
}

/* Where the sentences about the same process end. */
static size_t run_end(const maker *m, const as_doc_section *in, size_t from)
{
    size_t to = from + 1;

    if (m->section != AS_SECTION_PROCESSES)
        return in->n;
    while (to < in->n && in->sentences[to].process == in->sentences[from].process)
        to++;
    return to;
}

/* Both languages tell the same of the same, sentence by sentence. */
static bool in_step(const maker *m)
{
    const as_doc_section *en = m->in[AS_LANG_EN], *zh = m->in[AS_LANG_ZH];

    if (!en || !zh || en->n != zh->n)
        return false;
    for (size_t i = 0; i < en->n; i++) {
        const as_sentence *a = &en->sentences[i], *b = &zh->sentences[i];

        if (a->process != b->process || a->n_facts != b->n_facts ||
            (a->n_facts > 0 && a->facts[0] != b->facts[0]))
            return false;
    }
    return true;
}

static void cut_section(maker *m, unsigned languages, bool with_rows)
{
    unsigned lang = languages & 1u << AS_LANG_EN ? AS_LANG_EN : AS_LANG_ZH;
    const as_doc_section *in = m->in[lang];

    for (size_t from = 0; from < in->n && !failed(m);) {
        size_t to = run_end(m, in, from);
        bool apart = m->section == AS_SECTION_PROCESSES;

        name_process(m, apart ? in->sentences[from].process : AS_NO_FACT);
        cut_prose(m, languages, from, to);
        if (with_rows)
            cut_rows(m, languages == 3u, from, to);
        from = to;
    }
}

static const as_doc_section *find_section(const as_doc *d, as_section section)
{
    for (size_t i = 0; i < d->n; i++) {
        if (d->sections[i].section == section)
            return &d->sections[i];
    }
    return NULL;
}

static void make_section(maker *m, as_section section)
{
    m->section = section;
    m->ordinal = 0;
    for (unsigned lang = 0; lang < LANGS; lang++)
        m->in[lang] = find_section(m->doc[lang], section);
    if (in_step(m)) {
        cut_section(m, 3u, true);
        return;
    }
    for (unsigned lang = 0; lang < LANGS; lang++) {
        if (m->in[lang])
            cut_section(m, 1u << lang, lang == AS_LANG_EN);
    }
}

/* What had no room is said where an analyst would look for it. */
static void say_left_out(maker *m)
{
    as_chunk c = {.parent = -1, .lang = AS_CHUNK_LANG_ANY, .trust = AS_TRUST_OWN};

    if (m->rows_left_out == 0)
        return;
    m->section = AS_SECTION_RUN;
    as_buf_reset(&m->who);
    as_buf_reset(&m->text);
    as_buf_printf(&m->text,
                  "%llu values of this report are not in the search index, which has room for "
                  "%u of one report; 'assay facts' lists them all.\n"
                  "该报告有 %llu 个值未收入检索索引（每份报告最多 %u 个）；用 assay facts "
                  "可逐条列出。",
                  (unsigned long long)m->rows_left_out, AS_CHUNK_ROWS_MAX,
                  (unsigned long long)m->rows_left_out, AS_CHUNK_ROWS_MAX);
    (void)put_chunk(m, &c, as_buf_bytes(&m->text), NULL);
}

/* --- all ------------------------------------------------------------------------------------ */

/* "invoice.js 3391c4e3bafe": the name as the description has it, and the start of a hash. */
static void name_sample(maker *m)
{
    static const as_attr_name hashes[] = {AS_ATTR_SHA256, AS_ATTR_SHA1, AS_ATTR_MD5};
    const as_facts *f = m->a->facts;
    as_bytes title = m->doc[AS_LANG_EN]->title, hash = {0};
    const uint8_t *close = title.n > 0 ? memchr(title.p, AS_VALUE_CLOSE, title.n) : NULL;

    if (title.n > 0 && title.p[0] == AS_VALUE_OPEN && close)
        as_escape_visible_cut(&m->name, (as_bytes){title.p + 1, (size_t)(close - title.p - 1)},
                              NAME_CHARS);
    if (m->a->sample < as_facts_count(f)) {
        for (size_t i = 0; i < AS_COUNT(hashes) && hash.n == 0; i++)
            hash = as_fact_text(f, as_facts_get(f, m->a->sample), hashes[i]);
    }
    if (hash.n < 12)
        return;
    if (m->name.n > 0)
        as_buf_byte(&m->name, ' ');
    as_escape_visible(&m->name, (as_bytes){hash.p, 12});
}

static void maker_done(maker *m)
{
    as_buf *const all[] = {&m->name, &m->who, &m->context, &m->text,     &m->facts,
                           &m->rows, &m->row, &m->seen,    &m->row_facts};

    for (size_t i = 0; i < AS_COUNT(all); i++)
        as_buf_done(all[i]);
}

static as_code make_all(maker *m)
{
    name_sample(m);
    for (unsigned s = 0; s < AS_SECTION_COUNT && !failed(m); s++)
        make_section(m, (as_section)s);
    say_left_out(m);
    if (!m->rc && failed(m))
        m->rc = as_fail_nomem(m->err, "chunks");
    return m->rc;
}

as_code as_chunks_make(void *ctx, const as_analysis *a, as_chunk_put_fn *put, void *sink,
                       as_err *err)
{
    as_doc_options en = {.lang = AS_LANG_EN, .full = true}, zh = {.lang = AS_LANG_ZH};
    as_doc *docs[LANGS] = {NULL, NULL};
    as_code rc = as_doc_build(a, &en, &docs[AS_LANG_EN], err);

    (void)ctx;
    if (!rc)
        rc = as_doc_build(a, &zh, &docs[AS_LANG_ZH], err);
    if (!rc) {
        maker m = {.a = a, .doc = {docs[0], docs[1]}, .put = put, .sink = sink, .err = err};

        rc = make_all(&m);
        maker_done(&m);
    }
    as_doc_free(docs[AS_LANG_EN]);
    as_doc_free(docs[AS_LANG_ZH]);
    return rc;
}

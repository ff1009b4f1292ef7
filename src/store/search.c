#include "store/search.h"
#include "store/search_priv.h"
#include "store/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* --- words ------------------------------------------------------------------------------ */

/* The next string in quotes of an expression; an inner quote is doubled. */
static bool next_quoted(as_bytes in, size_t *at, as_bytes *ret)
{
    size_t from;

    while (*at < in.n && in.p[*at] != '"')
        (*at)++;
    from = *at;
    for (size_t i = from + 1; i < in.n; i++) {
        if (in.p[i] != '"')
            continue;
        if (i + 1 < in.n && in.p[i + 1] == '"') {
            i++;
            continue;
        }
        *ret = (as_bytes){in.p + from, i + 1 - from};
        *at = i + 1;
        return true;
    }
    return false;
}

static bool has_word(const as_search_words *w, as_bytes match)
{
    for (size_t i = 0; i < w->n; i++) {
        if (as_bytes_eq(w->p[i].match, match))
            return true;
    }
    return false;
}

as_code as_search_parse(as_bytes text, as_arena *arena, as_search_words *ret, as_err *err)
{
    as_buf expression = {0};
    as_search_words w = {as_arena_take(arena, AS_SEARCH_WORDS_MAX, sizeof(*w.p)), 0};
    as_bytes all = {0}, match;
    size_t at = 0;
    as_code rc = AS_NOMEM;

    as_match_expression(text, false, &expression);
    if (w.p && !expression.failed)
        rc = as_arena_copy(arena, as_buf_bytes(&expression), &all);
    as_buf_done(&expression);
    if (rc)
        return as_fail_nomem(err, "the words of a question");
    while (w.n < AS_SEARCH_WORDS_MAX && next_quoted(all, &at, &match)) {
        if (!has_word(&w, match))
            w.p[w.n++] = (as_search_word){.match = match};
    }
    *ret = w;
    return AS_OK;
}

static int count_token(void *ctx, unsigned flags, as_bytes token, size_t begin, size_t end)
{
    size_t *n = ctx;

    (void)token;
    (void)begin;
    (void)end;
    *n += !(flags & AS_TOKEN_COLOCATED);
    return 0;
}

as_code as_search_phrase(as_bytes text, as_arena *arena, as_search_word *ret, as_err *err)
{
    as_buf quoted = {0};
    as_search_word word = {0};
    size_t tokens = 0;
    as_code rc = AS_OK;

    (void)as_tokenize(text, AS_TOKENIZE_QUERY, count_token, &tokens);
    if (tokens > 0) {
        as_buf_byte(&quoted, '"');
        for (size_t i = 0; i < text.n; i++) {
            if (text.p[i] == '"')
                as_buf_byte(&quoted, '"');
            as_buf_byte(&quoted, text.p[i] ? text.p[i] : ' ');
        }
        as_buf_byte(&quoted, '"');
        rc = quoted.failed ? AS_NOMEM : as_arena_copy(arena, as_buf_bytes(&quoted), &word.match);
    }
    as_buf_done(&quoted);
    if (rc)
        return as_fail_nomem(err, "a phrase");
    *ret = word;
    return AS_OK;
}

/* --- how many chunks have a word ------------------------------------------------------------ */

/* The ids of chunks up to which a word was counted say how many there are in all. */
static as_code count_word(as_store *s, as_search_word *w, int64_t last, as_err *err)
{
    static const char sql[] = "SELECT count(*), max(id) FROM (SELECT rowid AS id FROM chunk_words "
                              "WHERE chunk_words MATCH ?1 "
                              "LIMIT ?2)";
    sqlite3_stmt *st = NULL;
    bool row = false;
    as_code rc = as_sql_get(s, sql, &st, err);

    if (rc)
        return rc;
    as_bind_text(st, 1, w->match);
    (void)sqlite3_bind_int64(st, 2, AS_SEARCH_COUNT_MAX + 1);
    rc = as_sql_step(s, st, &row, err);
    if (!rc && row) {
        int64_t n = sqlite3_column_int64(st, 0), at = sqlite3_column_int64(st, 1);

        w->many = n > AS_SEARCH_COUNT_MAX;
        w->df = (double)n;
        if (w->many && at > 0 && at < last)
            w->df = (double)n * (double)last / (double)at;
    }
    as_sql_put(s, st);
    return rc;
}

/* --- rows ------------------------------------------------------------------------------------ */

/* Ids of chunks that a sample has: those of a document lie together. */
typedef struct id_range {
    int64_t from, to;
} id_range;

typedef struct search {
    as_store *s;
    as_search_word *words;
    size_t n;
    const as_search_filter *filter;
    as_arena *arena;
    as_err *err;
    as_rank rank;
    size_t
        order[AS_SEARCH_WORDS_MAX]; /* words, the rarest first; those in no chunk are not in it */
    size_t n_order;
    id_range *ranges; /* NULL: all */
    size_t n_ranges;
    as_buf match, rows; /* rows: as_search_hit */
    int64_t last;       /* id of a chunk */
    bool all, cut;
} search;

static bool has_joins(const as_search_filter *f)
{
    return f->since_us != 0 || f->tool.n > 0 || f->section != 0 || f->lang != 0;
}

static const char *rows_sql(const as_search_filter *f)
{
    if (!has_joins(f))
        return "SELECT rowid, assay_rank(chunk_words, ?2) FROM chunk_words WHERE chunk_words MATCH "
               "?1 "
               "AND rowid BETWEEN ?3 AND ?4 ORDER BY rowid DESC LIMIT ?5";
    return "SELECT chunk_words.rowid, assay_rank(chunk_words, ?2) FROM chunk_words "
           "CROSS JOIN chunk c ON c.id = chunk_words.rowid CROSS JOIN document d ON d.id = c.doc "
           "WHERE chunk_words MATCH ?1 AND chunk_words.rowid BETWEEN ?3 AND ?4 "
           "AND (?6 IS NULL OR c.section = ?6) AND (?7 IS NULL OR c.lang IN (?7, 2)) "
           "AND (?8 IS NULL OR lower(d.tool) = ?8) AND d.added_us >= ?9 "
           "ORDER BY chunk_words.rowid DESC LIMIT ?5";
}

/* The tool's name as it is compared; in the arena. */
static as_bytes lower_tool(const search *q)
{
    uint8_t *p = as_arena_take(q->arena, q->filter->tool.n, 1);

    for (size_t i = 0; p && i < q->filter->tool.n; i++) {
        uint8_t c = q->filter->tool.p[i];

        p[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
    }
    return (as_bytes){p, p ? q->filter->tool.n : 0};
}

static void bind_filter(const search *q, sqlite3_stmt *st)
{
    const as_search_filter *f = q->filter;

    if (f->section)
        (void)sqlite3_bind_int64(st, 6, as_word_stored(q->s, AS_WORD_SECTION, f->section - 1));
    if (f->lang)
        (void)sqlite3_bind_int64(st, 7, f->lang - 1);
    if (f->tool.n)
        as_bind_text(st, 8, lower_tool(q));
    (void)sqlite3_bind_int64(st, 9, f->since_us);
}

static as_code read_rows(search *q, id_range range, size_t limit, size_t *ret_n)
{
    sqlite3_stmt *st = NULL;
    bool row = false;
    size_t n = 0;
    as_code rc = as_sql_get(q->s, rows_sql(q->filter), &st, q->err);

    if (rc)
        return rc;
    as_bind_text(st, 1, as_buf_bytes(&q->match));
    (void)sqlite3_bind_pointer(st, 2, &q->rank, AS_RANK_POINTER, NULL);
    (void)sqlite3_bind_int64(st, 3, range.from);
    (void)sqlite3_bind_int64(st, 4, range.to);
    (void)sqlite3_bind_int64(st, 5, (int64_t)limit);
    if (has_joins(q->filter))
        bind_filter(q, st);
    while (!(rc = as_sql_step(q->s, st, &row, q->err)) && row) {
        as_search_hit hit = {.id = sqlite3_column_int64(st, 0),
                             .score = sqlite3_column_double(st, 1)};

        hit.words = q->rank.words;
        as_buf_add(&q->rows, (as_bytes){(const uint8_t *)&hit, sizeof(hit)});
        n++;
    }
    as_sql_put(q->s, st);
    *ret_n = n;
    q->cut = q->cut || n == limit;
    if (!rc && q->rows.failed)
        rc = as_fail_nomem(q->err, "a search");
    return rc;
}

static as_code read_match(search *q, size_t limit, size_t *ret_n)
{
    as_code rc = AS_OK;

    *ret_n = 0;
    if (q->match.failed)
        return as_fail_nomem(q->err, "a search");
    if (!q->ranges)
        return read_rows(q, (id_range){1, INT64_MAX}, limit, ret_n);
    for (size_t i = 0; !rc && i < q->n_ranges; i++) {
        size_t n = 0;

        rc = read_rows(q, q->ranges[i], limit, &n);
        *ret_n += n;
    }
    return rc;
}

/* --- which rows to look at -------------------------------------------------------------------- */

/* Appends words[order[from .. to)]; `ranked`: the phrases count. */
static void add_words(search *q, size_t from, size_t to, const char *between, bool ranked)
{
    as_buf_byte(&q->match, '(');
    for (size_t i = from; i < to; i++) {
        if (i > from)
            as_buf_text(&q->match, between);
        as_buf_add(&q->match, q->words[q->order[i]].match);
        q->rank.of_phrase[q->rank.n_phrases++] = ranked ? (int)q->order[i] : -1;
    }
    as_buf_byte(&q->match, ')');
}

static void begin_match(search *q)
{
    as_buf_reset(&q->match);
    q->rank.n_phrases = 0;
}

/* Behind words that choose: those behind them only count. */
static void add_others(search *q, size_t from, size_t to, const char *between)
{
    if (to == q->n_order)
        return;
    as_buf_text(&q->match, " OR (");
    add_words(q, from, to, between, false);
    as_buf_text(&q->match, " AND ");
    add_words(q, to, q->n_order, " OR ", true);
    as_buf_byte(&q->match, ')');
}

/* Rows with a rare word. */
static as_code match_rare(search *q, size_t rare, size_t *ret_n)
{
    begin_match(q);
    add_words(q, 0, rare, " OR ", true);
    add_others(q, 0, rare, " OR ");
    return read_match(q, 2 * (size_t)AS_SEARCH_RARE, ret_n);
}

/* Rows that have words[order[from .. to)], if the words had nothing to do with each other. */
static double expected(const search *q, size_t from, size_t to)
{
    double rows = (double)q->last;

    for (size_t i = from; i < to; i++)
        rows *= q->words[q->order[i]].df / (double)q->last;
    return rows;
}

/*
 * Rows with all of the common words; then with the rarer half of them; and so on. Words that
 * hardly ever meet would be looked for through the whole index.
 */
static as_code match_common(search *q, size_t from, size_t have)
{
    bool few = q->words[q->order[from]].df <= AS_SEARCH_SCAN;
    as_code rc = AS_OK;

    for (size_t to = q->n_order; !rc && have < AS_SEARCH_ENOUGH; to = from + (to - from) / 2) {
        size_t n = 0;

        if (few || to - from == 1 || expected(q, from, to) >= AS_SEARCH_COMMON * 8.0) {
            begin_match(q);
            add_words(q, from, to, " AND ", true);
            add_others(q, from, to, " AND ");
            rc = read_match(q, AS_SEARCH_COMMON, &n);
            have += n;
        }
        if (to - from == 1)
            break;
    }
    return rc;
}

static as_code match_all(search *q)
{
    size_t n;

    begin_match(q);
    add_words(q, 0, q->n_order, " OR ", true);
    if (q->all)
        return read_match(q, INT64_MAX, &n);
    return read_match(q, q->ranges ? 16 * (size_t)AS_SEARCH_FULL : AS_SEARCH_FULL, &n);
}

static as_code match(search *q)
{
    double rows = 0;
    size_t rare = 0, have = 0;
    as_code rc = AS_OK;

    if (q->n_order == 0)
        return AS_OK;
    for (size_t i = 0; i < q->n_order; i++)
        rows += q->words[q->order[i]].df;
    if (q->all || q->ranges || rows <= AS_SEARCH_FULL)
        return match_all(q);
    rows = 0;
    if (!q->words[q->order[0]].many) /* one that was counted is always looked at whole */
        rows = q->words[q->order[rare++]].df;
    while (rare < q->n_order && rows + q->words[q->order[rare]].df <= AS_SEARCH_RARE)
        rows += q->words[q->order[rare++]].df;
    if (rare > 0)
        rc = match_rare(q, rare, &have);
    if (!rc && have < AS_SEARCH_ENOUGH && rare < q->n_order) {
        q->cut = true;
        rc = match_common(q, rare, have);
    }
    return rc;
}

/* --- what was found ----------------------------------------------------------------------------
 */

static int by_id(const void *x, const void *y)
{
    const as_search_hit *a = x, *b = y;

    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return (a->score < b->score) - (a->score > b->score);
}

static int by_score(const void *x, const void *y)
{
    const as_search_hit *a = x, *b = y;

    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

/* A row may have been found by two matches: the better score knows more of its words. */
static size_t each_once(as_search_hit *p, size_t n)
{
    size_t kept = 0;

    if (n > 1)
        qsort(p, n, sizeof(*p), by_id);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || p[kept - 1].id != p[i].id)
            p[kept++] = p[i];
    }
    return kept;
}

as_code as_search_meta(as_store *s, int64_t id, as_search_hit *ret, bool *ret_there, as_err *err)
{
    sqlite3_stmt *st = NULL;
    uint16_t section;
    as_code rc = as_sql_get(
        s, "SELECT parent, sample, doc, role, lang, section FROM chunk WHERE id = ?1", &st, err);

    *ret_there = false;
    if (rc)
        return rc;
    (void)sqlite3_bind_int64(st, 1, id);
    rc = as_sql_step(s, st, ret_there, err);
    if (!rc && *ret_there) {
        section = as_word_ours(s, AS_WORD_SECTION, (uint64_t)sqlite3_column_int64(st, 5));
        ret->id = id;
        ret->parent = sqlite3_column_int64(st, 0);
        ret->sample = sqlite3_column_int64(st, 1);
        ret->doc = sqlite3_column_int64(st, 2);
        ret->role = (uint8_t)sqlite3_column_int(st, 3);
        ret->lang = (uint8_t)sqlite3_column_int(st, 4);
        ret->section = section == AS_NO_WORD ? AS_SECTION_RUN : (as_section)section;
    }
    as_sql_put(s, st);
    return rc;
}

static as_code take_hits(search *q, const as_search_limits *limits, as_search_found *found)
{
    as_search_hit *rows = (as_search_hit *)(void *)q->rows.p;
    size_t n = each_once(rows, q->rows.n / sizeof(*rows));

    found->candidates = n;
    found->cut = q->cut;
    found->base = as_arena_take(q->arena, limits->base + 1, sizeof(*rows));
    found->child = as_arena_take(q->arena, limits->child + 1, sizeof(*rows));
    if (!found->base || !found->child)
        return as_fail_nomem(q->err, "a search");
    if (n > 1)
        qsort(rows, n, sizeof(*rows), by_score);
    for (size_t i = 0; i < n; i++) {
        bool there = false;
        as_code rc;

        if (found->n_base == limits->base && found->n_child == limits->child)
            break;
        rc = as_search_meta(q->s, rows[i].id, &rows[i], &there, q->err);
        if (rc)
            return rc;
        if (there && rows[i].role == AS_CHUNK_BASE && found->n_base < limits->base)
            found->base[found->n_base++] = rows[i];
        else if (there && rows[i].role != AS_CHUNK_BASE && found->n_child < limits->child)
            found->child[found->n_child++] = rows[i];
    }
    return AS_OK;
}

/* --- a search -----------------------------------------------------------------------------------
 */

static as_code find_ranges(search *q)
{
    static const char sql[] =
        "SELECT min(c.id), max(c.id) FROM document d CROSS JOIN chunk c ON c.doc = d.id "
        "WHERE d.sample = ?1 GROUP BY d.id";
    as_buf found = {0};
    as_bytes all = {0};
    sqlite3_stmt *st = NULL;
    bool row = false;
    as_code rc = as_sql_get(q->s, sql, &st, q->err);

    if (rc)
        return rc;
    (void)sqlite3_bind_int64(st, 1, q->filter->sample);
    while (!(rc = as_sql_step(q->s, st, &row, q->err)) && row) {
        id_range r = {sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1)};

        as_buf_add(&found, (as_bytes){(const uint8_t *)&r, sizeof(r)});
    }
    as_sql_put(q->s, st);
    q->n_ranges = found.n / sizeof(id_range);
    q->ranges = as_arena_take(q->arena, q->n_ranges + 1, sizeof(*q->ranges));
    all = as_buf_bytes(&found);
    if (q->ranges && all.n > 0)
        memcpy(q->ranges, all.p, all.n);
    as_buf_done(&found);
    return rc || q->ranges ? rc : as_fail_nomem(q->err, "a search");
}

static as_code count_words(search *q)
{
    as_code rc = as_sql_int(q->s, "SELECT max(id) FROM chunk", NULL, 0, &q->last, q->err);

    for (size_t i = 0; !rc && i < q->n; i++) {
        as_search_word *w = &q->words[i];
        size_t at = q->n_order;

        rc = count_word(q->s, w, q->last, q->err);
        q->rank.idf[i] = as_rank_idf((double)q->last, w->df);
        if (w->df == 0)
            continue;
        while (at > 0 && q->words[q->order[at - 1]].df > w->df) {
            q->order[at] = q->order[at - 1];
            at--;
        }
        q->order[at] = i;
        q->n_order++;
    }
    return rc;
}

as_code as_search_run(as_store *s, as_search_word *words, size_t n, const as_search_filter *filter,
                      const as_search_limits *limits, as_arena *arena, as_search_found *ret,
                      as_err *err)
{
    search *q = as_arena_take(arena, 1, sizeof(*q));
    as_search_found found = {0};
    as_code rc = as_rank_register(s, err);

    if (!q)
        return as_fail_nomem(err, "a search");
    q->s = s;
    q->words = words;
    q->n = n < AS_SEARCH_WORDS_MAX ? n : AS_SEARCH_WORDS_MAX;
    q->filter = filter;
    q->all = limits->all;
    q->arena = arena;
    q->err = err;
    if (!rc && filter->sample)
        rc = find_ranges(q);
    if (!rc)
        rc = count_words(q);
    if (!rc)
        rc = match(q);
    if (!rc)
        rc = take_hits(q, limits, &found);
    as_buf_done(&q->match);
    as_buf_done(&q->rows);
    if (!rc)
        *ret = found;
    return rc;
}

/*
 * The words of any bytes: ranges lie in the text and go from left to right, tokens are
 * UTF-8 of a bounded length, and the expression made of a text is one that a real FTS5
 * table takes and by which it finds that text again, with every phrase in it.
 */
#include "base/utf8.h"
#include "store/tokenizer.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define TEXT_MAX 4096u /* less than AS_MATCH_TEXT_MAX: the whole text is asked for */
#define DOTS_MAX 60u   /* a run of more parts than the tokenizer joins is cut */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "fuzz_tokenizer: not so: %s\n", #condition);                     \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

typedef struct seen {
    size_t n, words, begin, end;
    size_t size;
} seen;

static int check(void *ctx, unsigned flags, as_bytes token, size_t begin, size_t end)
{
    seen *s = ctx;

    MUST(token.n > 0 && token.n <= AS_TOKEN_MAX && as_utf8_check(token) == token.n);
    MUST(!memchr(token.p, 0, token.n));
    MUST(begin < end && end <= s->size);
    if (flags & AS_TOKEN_COLOCATED) {
        MUST(s->words > 0 && begin == s->begin && end == s->end);
    } else {
        MUST(begin >= s->end);
        s->words++;
    }
    s->begin = begin;
    s->end = end;
    s->n++;
    return 0;
}

static sqlite3 *db;
static sqlite3_stmt *insert, *find;

static void open_table(void)
{
    if (db)
        return;
    MUST(!sqlite3_open(":memory:", &db) && !as_tokenizer_register(db));
    MUST(!sqlite3_exec(db, "CREATE VIRTUAL TABLE t USING fts5(x, tokenize='assay')", 0, 0, 0));
    MUST(!sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?1)", -1, &insert, NULL));
    MUST(!sqlite3_prepare_v2(db, "SELECT length(highlight(t, 0, '', '')) FROM t WHERE t MATCH ?1",
                             -1, &find, NULL));
}

static int asked(as_bytes expression)
{
    int rc;

    MUST(!sqlite3_bind_text(find, 1, (const char *)expression.p, (int)expression.n, NULL));
    rc = sqlite3_step(find);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        (void)fprintf(stderr, "%.*s: %s\n", (int)expression.n, (const char *)expression.p,
                      sqlite3_errmsg(db));
    (void)sqlite3_reset(find);
    return rc;
}

static void check_expression(as_bytes text, bool all, const seen *index)
{
    as_buf out = {0};
    size_t dots = 0;

    as_match_expression(text, all, &out);
    MUST(!out.failed && (out.n > 0) == (index->n > 0));
    if (out.n) {
        int rc = asked(as_buf_bytes(&out));

        for (size_t i = 0; i < text.n; i++)
            dots += text.p[i] == '.';
        MUST(rc == SQLITE_ROW || (rc == SQLITE_DONE && dots > DOTS_MAX));
    }
    as_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    seen index = {.size = size}, query = {.size = size};
    as_bytes text;
    uint8_t *copy;

    if (size > TEXT_MAX)
        return 0;
    copy = malloc(size ? size : 1);
    MUST(copy);
    if (size)
        memcpy(copy, data, size);
    text = (as_bytes){copy, size};
    MUST(as_tokenize(text, AS_TOKENIZE_INDEX, check, &index) == 0);
    MUST(as_tokenize(text, AS_TOKENIZE_QUERY, check, &query) == 0);
    /* A phrase must stand on as many places as the text it was taken from. */
    MUST(index.words == query.words && query.n == query.words);
    open_table();
    MUST(!sqlite3_exec(db, "BEGIN", 0, 0, 0));
    MUST(!sqlite3_bind_text(insert, 1, (const char *)copy, (int)size, NULL));
    MUST(sqlite3_step(insert) == SQLITE_DONE);
    (void)sqlite3_reset(insert);
    check_expression(text, false, &index);
    check_expression(text, true, &index);
    MUST(!sqlite3_exec(db, "ROLLBACK", 0, 0, 0));
    free(copy);
    return 0;
}

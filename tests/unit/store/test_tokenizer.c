#include "store/tokenizer.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

/* "a/b c": two places, the first with a token beside it. */
static int list(void *ctx, unsigned flags, as_bytes token, size_t begin, size_t end)
{
    as_buf *out = ctx;

    assert_true(begin < end);
    if (out->n)
        as_buf_byte(out, flags & AS_TOKEN_COLOCATED ? '/' : ' ');
    as_buf_add(out, token);
    return 0;
}

static const struct {
    const char *text, *index, *query;
} cases[] = {
    {"", "", ""},
    {" .,;! ", "", ""},
    {"The quick Fox", "the quick fox", "the quick fox"},
    {"意", "意", "意"},
    {"恶意", "恶/恶意 意", "恶意 意"},
    {"恶意软件", "恶/恶意 意/意软 软/软件 件", "恶意 意软 软件 件"},
    {"NtCreateUserProcess",
     "ntcreateuserprocess/nt/ntcreate/ntcreateuser/create/createuser/createuserprocess/user/"
     "userprocess/process",
     "ntcreateuserprocess"},
    {"CreateFileW", "createfilew/create/createfile/file/filew", "createfilew"},
    {"URLDownload HTTPServer", "urldownload/url/download httpserver/http/server",
     "urldownload httpserver"},
    {"keybd_event kernel32", "keybd_event/keybd/event kernel32/kernel/32", "keybd_event kernel32"},
    {"T1059.001", "t1059/1059 001", "t1059 001"},
    {"a.ps1", "a/a.ps1 ps1/a.ps1", "a.ps1 a.ps1"},
    {"evil.domain.com", "evil domain/domain.com com/domain.com", "evil domain.com domain.com"},
    {"C:\\Users\\x\\a.ps1", "c users x a/a.ps1 ps1/a.ps1", "c users x a.ps1 a.ps1"},
    {"45[.]154.98(.)194", "45/45.154.98.194 154/45.154.98.194 98/45.154.98.194 194/45.154.98.194",
     "45.154.98.194 45.154.98.194 45.154.98.194 45.154.98.194"},
    {"45.154", "45 154", "45 154"},
    {"hxxps[:]//Evil[dot]com", "https evil/evil.com com/evil.com", "https evil.com evil.com"},
    {"me[at]x.com", "me x/x.com com/x.com", "me x.com x.com"},
    {"d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e",
     "d41d8cd98f00b204e9800998ecf8427e"},
    {"ＥＶＩＬ．ｃｏｍ Straße ÀB", "evil com strasse àb", "evil com strasse àb"},
    {"样本45.1的a", "样/样本 本 45 1 的 a", "样本 本 45 1 的 a"},
};

static void words_are_as_the_rules_say(void **state)
{
    as_buf out = {0};
    int bad = 0;

    (void)state;
    for (size_t i = 0; i < 2 * AS_COUNT(cases); i++) {
        as_tokenize_for what = i % 2 ? AS_TOKENIZE_QUERY : AS_TOKENIZE_INDEX;
        const char *wanted = i % 2 ? cases[i / 2].query : cases[i / 2].index;

        as_buf_reset(&out);
        assert_int_equal(as_tokenize(as_bytes_of(cases[i / 2].text), what, list, &out), 0);
        if (!as_bytes_is(as_buf_bytes(&out), wanted)) {
            print_message("%s\n  gives  %.*s\n  wanted %s\n", cases[i / 2].text, (int)out.n,
                          (const char *)out.p, wanted);
            bad++;
        }
    }
    as_buf_done(&out);
    assert_int_equal(bad, 0);
}

static const struct {
    const char *query, *any, *all;
} expressions[] = {
    {"", "", NULL},
    {"  ? ", "", NULL},
    {"恶意", "\"恶意\"", NULL},
    {"恶意文件", "\"恶意文件\" OR \"恶意\" OR \"意文\" OR \"文件\"", "\"恶意文件\""},
    {"样本是否访问了什么域名？", "\"样本\" OR \"访问\" OR \"域名\"",
     "\"样本\" AND \"访问\" AND \"域名\""},
    {"是什么", "\"是什么\" OR \"是什\" OR \"什么\"", NULL},
    {"which of the files", "\"files\"", NULL},
    {"what is it", "\"what\" OR \"is\" OR \"it\"", "\"what\" AND \"is\" AND \"it\""},
    {"a OR b NOT c*", "\"OR\" OR \"b\" OR \"NOT\" OR \"c\"", NULL},
    {"col:x ^y NEAR(a b)", "\"col:x\" OR \"y\" OR \"NEAR\" OR \"b\"", NULL},
    {"\"create remote thread\" x", "\"create remote thread\" OR \"x\"", NULL},
    {"“恶意 文件”", "\"恶意 文件\"", NULL},
    {"un\"closed", "\"un\" OR \"closed\"", NULL},
    {"“a\"b”", "\"a\"\"b\"", NULL},
    {"C:\\Users\\x\\a.ps1, 45[.]154.98.194", "\"C:\\Users\\x\\a.ps1\" OR \"45[.]154.98.194\"",
     NULL},
    {"访问evil.com的样本", "\"访问\" OR \"evil.com\" OR \"样本\"", NULL},
    {"目的", "\"目的\"", NULL},
    {"x x x", "\"x\"", NULL},
};

static void what_is_typed_becomes_quoted_words(void **state)
{
    as_buf out = {0};
    int bad = 0;

    (void)state;
    for (size_t i = 0; i < 2 * AS_COUNT(expressions); i++) {
        const char *wanted = i % 2 ? expressions[i / 2].all : expressions[i / 2].any;

        if (!wanted)
            continue;
        as_buf_reset(&out);
        as_match_expression(as_bytes_of(expressions[i / 2].query), i % 2, &out);
        if (!as_bytes_is(as_buf_bytes(&out), wanted)) {
            print_message("%s\n  gives  %.*s\n  wanted %s\n", expressions[i / 2].query, (int)out.n,
                          (const char *)out.p, wanted);
            bad++;
        }
    }
    as_buf_done(&out);
    assert_int_equal(bad, 0);
}

/* --- in a real table ------------------------------------------------------------------- */

static sqlite3 *table(const char *text)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(as_tokenizer_register(db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE VIRTUAL TABLE t USING fts5(x, tokenize='assay')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?1)", -1, &stmt, NULL), 0);
    assert_int_equal(sqlite3_bind_text(stmt, 1, text, -1, SQLITE_STATIC), 0);
    assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
    sqlite3_finalize(stmt);
    return db;
}

/* The text with marks where the query is found, "" if it is not. */
static void ask(const char *text, const char *query, const char *sql, as_buf *out)
{
    sqlite3 *db = table(text);
    sqlite3_stmt *stmt = NULL;
    as_buf match = {0};

    as_buf_reset(out);
    as_match_expression(as_bytes_of(query), false, &match);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_bind_text(stmt, 1, (const char *)match.p, (int)match.n, NULL), 0);
    switch (sqlite3_step(stmt)) {
    case SQLITE_ROW:
        as_buf_add(out, as_bytes_of((const char *)sqlite3_column_text(stmt, 0)));
        break;
    case SQLITE_DONE:
        break;
    default:
        fail_msg("%s: %s", query, sqlite3_errmsg(db));
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    as_buf_done(&match);
}

/* clang-format off */
#define TEXT                                                                                       \
    "样本释放了恶意文件 C:\\Users\\x\\a.ps1，调用 NtCreateUserProcess 并连接 evil.example.com "    \
    "(45[.]154.98.194:443), hxxp://bad[.]cn/Gate.php; T1059.001, CreateFileW, mail me@x.org, "     \
    "HKLM\\Software\\Run, it wrote a file."
/* clang-format on */

static const struct {
    const char *query, *marked; /* NULL: it is not found */
} marks[] = {
    {"恶", "[恶]"},
    {"恶意", "[恶意]"},
    {"意文", "[意文]"},
    {"恶意文件", "[恶意文件]"},
    {"释放了恶意文件", "[释放]了[恶意文件]"},
    {"文意", NULL},
    {"恶件", NULL},
    {"createuser", "[NtCreateUserProcess]"},
    {"createuserprocess", "[NtCreateUserProcess]"},
    {"userprocess", "[NtCreateUserProcess]"},
    {"NtCreateUserProcess", "[NtCreateUserProcess]"},
    {"NTCREATEUSERPROCESS", "[NtCreateUserProcess]"},
    {"createfile", "[CreateFileW]"},
    {"CreateFileW", "[CreateFileW]"},
    {"CreateFileA", NULL},
    {"a.ps1", "[a.ps1]"},
    {"A.PS1", "[a.ps1]"},
    {"x\\a.ps1", "[x\\a.ps1]"},
    {"Users\\x", "[Users\\x]"},
    {"C:\\Users\\x\\a.ps1", "[C:\\Users\\x\\a.ps1]"},
    {"c:/users/x/a.ps1", "[C:\\Users\\x\\a.ps1]"},
    {"b.ps1", NULL},
    {"example.com", "[example.com]"},
    {"evil.example.com", "[evil.example.com]"},
    {"evil[.]example[.]com", "[evil.example.com]"},
    {"evil.com", NULL},
    {"45[.]154.98.194", "[45[.]154.98.194]"},
    {"45.154.98.194", "[45[.]154.98.194]"},
    {"45.154.98.194:443", "[45[.]154.98.194:443]"},
    {"45.154.98", "[45[.]154.98]"},
    {"45.154.98.19", NULL},
    {"http://bad.cn/gate.php", "[hxxp://bad[.]cn/Gate.php]"},
    {"hxxp://bad[.]cn", "[hxxp://bad[.]cn]"},
    {"bad.cn", "[bad[.]cn]"},
    {"t1059", "[T1059]"},
    {"T1059.001", "[T1059.001]"},
    {"T1059.003", NULL},
    {"me@x.org", "[me@x.org]"},
    {"hklm\\software\\run", "[HKLM\\Software\\Run]"},
    {"it wrote", "[wrote]"},
};

static void what_an_analyst_means_is_found_and_marked(void **state)
{
    as_buf out = {0}, plain = {0};
    int bad = 0;

    (void)state;
    for (size_t i = 0; i < AS_COUNT(marks); i++) {
        const char *wanted = marks[i].marked;
        bool good;

        ask(TEXT, marks[i].query, "SELECT highlight(t, 0, '[[', ']]') FROM t WHERE t MATCH ?1",
            &out);
        /* Only the part with marks in it is compared: from the first to the last. */
        as_buf_reset(&plain);
        for (size_t k = 0; k < out.n; k++) {
            if (k + 1 < out.n && out.p[k] == out.p[k + 1] && (out.p[k] == '[' || out.p[k] == ']'))
                k++;
            as_buf_byte(&plain, out.p[k]);
        }
        as_buf_byte(&plain, 0);
        good = wanted ? out.n && strstr((const char *)plain.p, wanted) &&
                            plain.n == strlen(TEXT) + 3 + (strstr(wanted, "]了") ? 2 : 0)
                      : out.n == 0;
        if (!good) {
            print_message("%s\n  gives  %.*s\n  wanted %s\n", marks[i].query, (int)out.n,
                          (const char *)out.p, wanted ? wanted : "nothing");
            bad++;
        }
    }
    as_buf_done(&out);
    as_buf_done(&plain);
    assert_int_equal(bad, 0);
}

static void a_snippet_is_cut_between_characters(void **state)
{
    as_buf out = {0};

    (void)state;
    ask("样本在启动之后的很长时间里什么都不做，然后释放了一个恶意文件并且运行它，最后退出。",
        "恶意", "SELECT snippet(t, 0, '<', '>', '..', 8) FROM t WHERE t MATCH ?1", &out);
    assert_non_null(memmem(out.p, out.n, "<恶意>", 8));
    assert_true(out.n < 60);
    as_buf_done(&out);
}

static int stop_at_third(void *ctx, unsigned flags, as_bytes token, size_t begin, size_t end)
{
    (void)flags;
    (void)token;
    (void)begin;
    (void)end;
    return ++*(int *)ctx == 3 ? 77 : 0;
}

static void what_the_callback_says_ends_it(void **state)
{
    static const char *const texts[] = {"a b c d", "恶意软件样本", "NtCreateUserProcess", "1.2.3.4",
                                        "a.b.c.d.com"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(texts); i++) {
        int n = 0;

        assert_int_equal(as_tokenize(as_bytes_of(texts[i]), AS_TOKENIZE_INDEX, stop_at_third, &n),
                         77);
        assert_int_equal(n, 3);
    }
}

static int longest(void *ctx, unsigned flags, as_bytes token, size_t begin, size_t end)
{
    (void)flags;
    assert_true(token.n <= AS_TOKEN_MAX);
    assert_true(end - begin == 3000 || token.n < AS_TOKEN_MAX);
    *(size_t *)ctx += token.n;
    return 0;
}

static void a_long_word_goes_by_its_beginning(void **state)
{
    as_buf text = {0};
    size_t sum = 0;

    (void)state;
    as_buf_fill(&text, 'x', 3000);
    assert_int_equal(as_tokenize(as_buf_bytes(&text), AS_TOKENIZE_INDEX, longest, &sum), 0);
    assert_int_equal(sum, AS_TOKEN_MAX);
    as_buf_reset(&text);
    for (unsigned i = 0; i < 1000; i++)
        as_buf_text(&text, "\xe0\xb8\x81"); /* a letter of three bytes: 512 is no multiple */
    sum = 0;
    assert_int_equal(as_tokenize(as_buf_bytes(&text), AS_TOKENIZE_QUERY, longest, &sum), 0);
    assert_int_equal(sum, AS_TOKEN_MAX - AS_TOKEN_MAX % 3);
    as_buf_done(&text);
}

static void an_expression_without_memory_says_so(void **state)
{
    as_buf out = {0};

    (void)state;
    as_mem_fail_at(1);
    as_match_expression(AS_LITERAL("恶意 file"), false, &out);
    as_mem_fail_at(0);
    assert_true(out.failed);
    as_buf_done(&out);
}

static void an_expression_has_a_bounded_number_of_phrases(void **state)
{
    as_buf text = {0}, out = {0};
    size_t phrases = 1;
    sqlite3 *db = table("x");
    sqlite3_stmt *stmt = NULL;

    (void)state;
    for (unsigned i = 0; i < 5000; i++)
        as_buf_printf(&text, "w%u ", i);
    as_match_expression(as_buf_bytes(&text), true, &out);
    for (size_t i = 0; i + 5 < out.n; i++)
        phrases += !memcmp(out.p + i, " AND ", 5);
    assert_int_equal(phrases, AS_MATCH_PHRASES_MAX);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT * FROM t WHERE t MATCH ?1", -1, &stmt, NULL),
                     0);
    assert_int_equal(sqlite3_bind_text(stmt, 1, (const char *)out.p, (int)out.n, NULL), 0);
    assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    as_buf_done(&text);
    as_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_callback_says_ends_it),
        cmocka_unit_test(a_long_word_goes_by_its_beginning),
        cmocka_unit_test(an_expression_without_memory_says_so),
        cmocka_unit_test(an_expression_has_a_bounded_number_of_phrases),
        cmocka_unit_test(words_are_as_the_rules_say),
        cmocka_unit_test(what_is_typed_becomes_quoted_words),
        cmocka_unit_test(what_an_analyst_means_is_found_and_marked),
        cmocka_unit_test(a_snippet_is_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

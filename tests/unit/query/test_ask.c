/*
 * Questions of each kind, in both languages, over a store whose reports stand in asked.h:
 * what is answered is looked at, never how it is worded.
 */
#include "unit/query/asked.h"

#include "base/json.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/banned.h"

typedef enum { NEITHER = AS_TRUTH_NONE, NO = AS_TRUTH_NO, YES = AS_TRUTH_YES } truth;

#define UNANSWERABLE (-2)
#define UNCOUNTED    (-1)

/* What must come of a question. */
typedef struct expected {
    const char *sample; /* NULL: none is given */
    const char *question;
    const char *intent;
    truth truth;
    int count;         /* UNANSWERABLE, UNCOUNTED, or a number */
    const char *items; /* values, ", " between; NULL: not looked at */
} expected;

static int make_store(void **state)
{
    asked_store *a = as_mem_zero(1, sizeof(*a));
    as_err err = {0};

    assert_non_null(a);
    if (asked_make(a, AS_COUNT(asked_reports), &err))
        fail_msg("%s", err.msg);
    *state = a;
    return 0;
}

static int drop_store(void **state)
{
    as_mem_fail_at(0);
    asked_drop(*state);
    as_mem_free(*state);
    return 0;
}

static as_answer *ask(as_store *s, const char *sample, const char *question)
{
    as_ask_options o = {
        .question = as_bytes_of(question), .sample = as_bytes_of(sample), .lang = -1};
    as_answer *a = NULL;
    as_err err = {0};

    if (as_ask(s, &o, &a, &err))
        fail_msg("%s: %s", question, err.msg);
    return a;
}

/* Values, ", " between, with a NUL. */
static const char *items_of(const as_answer *a, as_buf *out)
{
    for (size_t i = 0; i < a->n_items; i++) {
        if (i > 0)
            as_buf_text(out, ", ");
        as_buf_add(out, a->items[i].value);
    }
    as_buf_byte(out, '\0');
    assert_false(out->failed);
    return (const char *)out->p;
}

static bool stands_in(as_bytes hay, as_bytes needle)
{
    return needle.n == 0 || memmem(hay.p, hay.n, needle.p, needle.n) != NULL;
}

/* What a citation quotes stands in one of the reports, and it is used by an item. */
static void check_citations(const as_answer *a)
{
    for (size_t i = 0; i < a->n_citations; i++) {
        bool there = false, used = false;

        assert_true(a->citations[i].evidence[0] != '\0' && a->citations[i].quote.n > 0);
        for (size_t k = 0; k < AS_COUNT(asked_reports); k++)
            there |= stands_in(as_bytes_of(asked_reports[k]), a->citations[i].quote);
        for (size_t k = 0; k < a->n_items; k++)
            for (size_t m = 0; m < a->items[k].n_citations; m++)
                used |= a->items[k].citations[m] == i;
        assert_true(there && used);
    }
    for (size_t k = 0; k < a->n_items; k++)
        for (size_t m = 0; m < a->items[k].n_citations; m++)
            assert_true(a->items[k].citations[m] < a->n_citations);
}

static void check(as_store *s, const expected *e)
{
    as_answer *a = ask(s, e->sample, e->question);
    as_buf items = {0};
    const char *got = items_of(a, &items);
    bool answerable = e->count != UNANSWERABLE;

    if (strcmp(a->intent, e->intent) != 0 || a->answerable != answerable ||
        (int)a->truth != (int)e->truth || (e->items && strcmp(got, e->items) != 0) ||
        (e->count >= 0 && (!a->has_count || a->count != (uint64_t)e->count)))
        fail_msg("%s: %s, answerable %d, truth %d, count %lld, items '%s': %.*s", e->question,
                 a->intent, a->answerable, (int)a->truth, a->has_count ? (long long)a->count : -1,
                 got, (int)a->text.n, (const char *)a->text.p);
    assert_true(a->text.n > 0 && as_utf8_check(a->text) == a->text.n);
    assert_string_equal(a->tier, "none");
    if (!a->extractive)
        check_citations(a);
    as_buf_done(&items);
    as_answer_free(a);
}

static void check_all(void **state, const expected *e, size_t n)
{
    const asked_store *a = *state;

    for (size_t i = 0; i < n; i++)
        check(a->s, &e[i]);
}

#define CHECK(...)                                                                                 \
    do {                                                                                           \
        static const expected all[] = {__VA_ARGS__};                                               \
        check_all(state, all, AS_COUNT(all));                                                      \
    } while (0)

#define FILES "C:\\t\\one.ps1, C:\\t\\two.ps1, C:\\t\\three.txt, C:\\t\\four.txt, C:\\t\\恶意.ps1"

/* --- one sample ------------------------------------------------------------------------------ */

static void what_is_there_is_listed(void **state)
{
    CHECK(
        {ALPHA, "Which files did it drop?", "list", NEITHER, UNCOUNTED, FILES},
        {ALPHA, "释放了哪些文件？", "list", NEITHER, UNCOUNTED, FILES},
        {ALPHA, "Which domains were queried?", "list", NEITHER, UNCOUNTED,
         "c2.example.net, cdn.example.org"},
        {ALPHA, "查询了哪些域名？", "list", NEITHER, UNCOUNTED, "c2.example.net, cdn.example.org"},
        {ALPHA, "Which mutexes were created?", "list", NEITHER, UNCOUNTED,
         "Global\\mx_one, Local\\mx_two"},
        {ALPHA, "有哪些互斥体？", "list", NEITHER, UNCOUNTED, "Global\\mx_one, Local\\mx_two"},
        {ALPHA, "Which Yara rules does this sample hit?", "list", NEITHER, UNCOUNTED,
         "powershell_loader"},
        {ALPHA, "命中了哪些 YARA 规则？", "list", NEITHER, UNCOUNTED, "powershell_loader"});
}

static void what_is_there_is_counted(void **state)
{
    CHECK({ALPHA, "How many files were dropped?", "count", NEITHER, 5, NULL},
          {ALPHA, "释放了多少个文件？", "count", NEITHER, 5, NULL},
          {BETA, "How many files were dropped?", "count", NEITHER, 0, ""},
          {BETA, "释放了多少个文件？", "count", NEITHER, 0, ""});
}

/* An empty list is "no", a missing one is no answer. */
static void none_is_no_and_unrecorded_is_no_answer(void **state)
{
    CHECK({ALPHA, "Did it drop any files?", "exists", YES, UNCOUNTED, FILES},
          {ALPHA, "有没有释放文件？", "exists", YES, UNCOUNTED, FILES},
          {BETA, "Did it drop any files?", "exists", NO, UNCOUNTED, ""},
          {BETA, "有没有释放文件？", "exists", NO, UNCOUNTED, ""},
          {OTHER, "Did it drop any files?", "exists", NEITHER, UNANSWERABLE, ""},
          {OTHER, "有没有释放文件？", "exists", NEITHER, UNANSWERABLE, ""},
          {OTHER, "How many files were dropped?", "count", NEITHER, UNANSWERABLE, ""},
          {OTHER, "释放了多少个文件？", "count", NEITHER, UNANSWERABLE, ""},
          {OTHER, "Which files did it drop?", "list", NEITHER, UNANSWERABLE, ""});
}

static void a_question_may_deny(void **state)
{
    CHECK({ALPHA, "Was there no network traffic?", "exists", NO, UNCOUNTED, NULL},
          {ALPHA, "它没有释放 three.txt 吗？", "exists", NO, UNCOUNTED, "C:\\t\\three.txt"},
          {BETA, "Did it not drop any files?", "exists", YES, UNCOUNTED, ""},
          {BETA, "它没有释放任何文件吗？", "exists", YES, UNCOUNTED, ""});
}

static void an_attribute_is_told(void **state)
{
    CHECK({ALPHA, "What is the MD5 of this sample?", "attribute", NEITHER, UNCOUNTED, MD5_A},
          {ALPHA, "这个样本的 MD5 是什么？", "attribute", NEITHER, UNCOUNTED, MD5_A},
          {ALPHA, "How long did the analysis take?", "attribute", NEITHER, UNCOUNTED, "124"},
          {ALPHA, "分析耗时多久？", "attribute", NEITHER, UNCOUNTED, "124"});
}

static void severities_are_classes(void **state)
{
    CHECK({ALPHA, "What are the high-risk behaviours?", "list", NEITHER, UNCOUNTED,
           "persistence_autorun"},
          {ALPHA, "高危行为有哪些？", "list", NEITHER, UNCOUNTED, "persistence_autorun"},
          {ALPHA, "What are the suspicious behaviours?", "list", NEITHER, UNCOUNTED,
           "hidden_window, guard_page"},
          {ALPHA, "可疑行为有哪些？", "list", NEITHER, UNCOUNTED, "hidden_window, guard_page"},
          {BETA, "Does it have high-risk behaviors?", "exists", NO, UNCOUNTED, ""},
          {BETA, "有高危行为吗？", "exists", NO, UNCOUNTED, ""});
}

static void the_most_is_found_with_its_equals(void **state)
{
    CHECK({ALPHA, "Which dropped file is the biggest?", "superlative", NEITHER, UNCOUNTED,
           "C:\\t\\two.ps1"},
          {ALPHA, "释放的文件中哪个最大？", "superlative", NEITHER, UNCOUNTED, "C:\\t\\two.ps1"},
          {ALPHA, "What is the most common extension of the dropped files?", "superlative", NEITHER,
           UNCOUNTED, "ps1"},
          {ALPHA, "释放的文件中最常见的扩展名是什么？", "superlative", NEITHER, UNCOUNTED, "ps1"},
          {ALPHA, "Which dropped file is the smallest?", "superlative", NEITHER, UNCOUNTED,
           "C:\\t\\three.txt, C:\\t\\four.txt"},
          {ALPHA, "释放的文件中哪个最小？", "superlative", NEITHER, UNCOUNTED,
           "C:\\t\\three.txt, C:\\t\\four.txt"},
          {ALPHA, "Which was the first process?", "superlative", NEITHER, UNCOUNTED, "alpha.exe"});
}

static void processes_are_joined(void **state)
{
    CHECK(
        {ALPHA, "Which process dropped one.ps1?", "actor", NEITHER, UNCOUNTED, "powershell.exe"},
        {ALPHA, "one.ps1 是哪个进程释放的？", "actor", NEITHER, UNCOUNTED, "powershell.exe"},
        {ALPHA, "What is the parent process of powershell.exe?", "parent", NEITHER, UNCOUNTED,
         "alpha.exe"},
        {ALPHA, "powershell.exe 的父进程是什么？", "parent", NEITHER, UNCOUNTED, "alpha.exe"},
        {ALPHA, "Which processes did alpha.exe start?", "children", NEITHER, UNCOUNTED,
         "powershell.exe"},
        {ALPHA, "alpha.exe 启动了哪些子进程？", "children", NEITHER, UNCOUNTED, "powershell.exe"});
}

static void names_are_joined_to_addresses(void **state)
{
    CHECK(
        {ALPHA, "What does c2.example.net resolve to?", "list", NEITHER, UNCOUNTED, "198.51.100.7"},
        {ALPHA, "c2[.]example[.]net 解析到哪个地址？", "list", NEITHER, UNCOUNTED, "198.51.100.7"},
        {ALPHA, "What does cdn.example.org resolve to?", "list", NEITHER, UNCOUNTED, "203.0.113.9"},
        {ALPHA, "Which address was finally connected?", "list", NEITHER, UNCOUNTED, "198.51.100.7"},
        {ALPHA, "最终连接了哪个 IP？", "list", NEITHER, UNCOUNTED, "198.51.100.7"});
}

static void stories_are_told(void **state)
{
    CHECK({ALPHA, "Summarize what the sample does", "summary", NEITHER, UNCOUNTED, NULL},
          {ALPHA, "概括一下这个样本的行为", "summary", NEITHER, UNCOUNTED, NULL},
          {ALPHA, "Give a timeline of the run", "timeline", NEITHER, UNCOUNTED, NULL},
          {ALPHA, "给出时间线", "timeline", NEITHER, UNCOUNTED, NULL});
}

static void typing_errors_are_mended(void **state)
{
    CHECK({ALPHA, "whcih domians were quereid?", "list", NEITHER, UNCOUNTED,
           "c2.example.net, cdn.example.org"},
          {ALPHA, "how many mutxes are there", "count", NEITHER, 2, NULL},
          {ALPHA, "Is there any persistance?", "exists", YES, UNCOUNTED, "persistence_autorun"},
          {ALPHA, "Which yara ruels matched?", "list", NEITHER, UNCOUNTED, "powershell_loader"},
          {ALPHA, "有哪些 YARA 规责命中", "list", NEITHER, UNCOUNTED, "powershell_loader"});
}

static void what_is_no_known_question_gets_extracts(void **state)
{
    const asked_store *s = *state;
    static const char *const questions[] = {"Why is the monitored sky so blue?", "首次出现于何故"};

    for (size_t i = 0; i < AS_COUNT(questions); i++) {
        as_answer *a = ask(s->s, ALPHA, questions[i]);

        assert_string_equal(a->intent, "search");
        assert_true(a->extractive && !a->answerable && a->truth == AS_TRUTH_NONE);
        assert_true(a->n_items > 0 && a->n_citations > 0);
        as_answer_free(a);
    }
}

/* --- which sample ------------------------------------------------------------------------------
 */

static void an_ambiguous_sample_is_asked_back(void **state)
{
    CHECK(
        {NULL, "Which files did it drop?", "which_sample", NEITHER, UNANSWERABLE, NULL},
        {NULL, "释放了哪些文件？", "which_sample", NEITHER, UNANSWERABLE, NULL},
        {"alpha.exe", "Which files did it drop?", "which_sample", NEITHER, UNANSWERABLE,
         ALPHA ", " OTHER},
        {"alpha.exe", "释放了哪些文件？", "which_sample", NEITHER, UNANSWERABLE, ALPHA ", " OTHER},
        {"gamma.exe", "Which files did it drop?", "no_sample", NEITHER, UNANSWERABLE, ""},
        {"gamma.exe", "释放了哪些文件？", "no_sample", NEITHER, UNANSWERABLE, ""});
}

static void a_sample_is_named_in_the_question(void **state)
{
    CHECK(
        {NULL, "Which mutexes did " BETA " create?", "list", NEITHER, UNCOUNTED, "Global\\mx_one"},
        {NULL, BETA " 释放了多少个文件？", "count", NEITHER, 0, ""},
        {NULL, "How many files did " MD5_A " drop?", "count", NEITHER, 5, NULL},
        {"#2", "How many files were dropped?", "count", NEITHER, 0, ""},
        {"b2b2b2b2", "How many files were dropped?", "count", NEITHER, 0, ""},
        {"BETA.DLL", "How many files were dropped?", "count", NEITHER, 0, ""});
}

static void the_only_sample_need_not_be_named(void **state)
{
    asked_store one;
    as_err err = {0};

    (void)state;
    if (asked_make(&one, 1, &err))
        fail_msg("%s", err.msg);
    check(one.s, &(expected){NULL, "How many files were dropped?", "count", NEITHER, 5, NULL});
    check(one.s, &(expected){NULL, "释放了多少个文件？", "count", NEITHER, 5, NULL});
    asked_drop(&one);
}

static void an_empty_store_says_so(void **state)
{
    asked_store none;
    as_err err = {0};

    (void)state;
    if (asked_make(&none, 0, &err))
        fail_msg("%s", err.msg);
    check(none.s,
          &(expected){NULL, "Which files did it drop?", "no_sample", NEITHER, UNANSWERABLE, ""});
    check(none.s, &(expected){NULL, "释放了哪些文件？", "no_sample", NEITHER, UNANSWERABLE, ""});
    asked_drop(&none);
}

/* --- all samples -------------------------------------------------------------------------------
 */

static void samples_that_have_something(void **state)
{
    CHECK({NULL, "Which samples queried c2.example.net?", "samples_with", NEITHER, 2,
           ALPHA ", " BETA},
          {NULL, "哪些样本查询了 c2.example.net？", "samples_with", NEITHER, 2, ALPHA ", " BETA},
          {NULL, "Which samples dropped files?", "samples_with", NEITHER, 1, ALPHA},
          {NULL, "How many samples dropped files?", "samples_count", NEITHER, 1, ALPHA},
          {NULL, "多少个样本释放了文件？", "samples_count", NEITHER, 1, ALPHA},
          {NULL, "Which samples contacted c2.example.net?", "samples_with", NEITHER, 2,
           ALPHA ", " BETA},
          {NULL, "哪些样本访问了 c2.example.net？", "samples_with", NEITHER, 2, ALPHA ", " BETA},
          {NULL, "Which samples have the mutex Local\\mx_two?", "samples_with", NEITHER, 1, ALPHA},
          {NULL, "哪些样本创建了互斥体 Global\\mx_one？", "samples_with", NEITHER, 2,
           ALPHA ", " BETA},
          {NULL, "Which samples have the mutex Global\\nowhere?", "samples_with", NEITHER, 0, ""},
          {NULL, "Which samples queried nowhere.example.com?", "samples_with", NEITHER, 0, ""});
}

static void samples_that_lack_something(void **state)
{
    const asked_store *s = *state;
    static const char *const questions[] = {"Which samples did not drop any files?",
                                            "哪些样本没有释放文件？"};

    for (size_t i = 0; i < AS_COUNT(questions); i++) {
        as_answer *a = ask(s->s, NULL, questions[i]);
        as_buf items = {0};

        /* Not the one whose report does not say. */
        assert_string_equal(items_of(a, &items), BETA);
        assert_true(a->answerable);
        as_buf_done(&items);
        as_answer_free(a);
    }
}

static void samples_are_listed_and_compared(void **state)
{
    CHECK({NULL, "Which samples are in the store?", "samples", NEITHER, 3,
           ALPHA ", " BETA ", " OTHER},
          {NULL, "库中有哪些样本？", "samples", NEITHER, 3, ALPHA ", " BETA ", " OTHER},
          {NULL, "Which sample has the most signatures?", "superlative_sample", NEITHER, UNCOUNTED,
           ALPHA},
          {NULL, "哪个样本的行为特征最多？", "superlative_sample", NEITHER, UNCOUNTED, ALPHA},
          {NULL, "What is the most common domain across all samples?", "superlative_value", NEITHER,
           UNCOUNTED, "c2.example.net"},
          {NULL, "所有样本中最常见的域名是什么？", "superlative_value", NEITHER, UNCOUNTED,
           "c2.example.net"},
          {NULL, "Which mutexes are common to all samples?", "shared", NEITHER, UNCOUNTED, ""},
          {NULL, "哪些互斥体是多个样本共有的？", "shared", NEITHER, 1, "global\\mx_one"},
          {NULL, "Which domains are seen in only one sample?", "unique", NEITHER, 1,
           "cdn.example.org"},
          {NULL, "只在一个样本中出现的域名有哪些？", "unique", NEITHER, UNCOUNTED,
           "cdn.example.org"});
}

/* --- hostile and unlucky ------------------------------------------------------------------------
 */

static void no_question_and_a_long_one_are_refused(void **state)
{
    const asked_store *s = *state;
    static uint8_t text[AS_ASK_QUESTION_MAX + 1];
    as_ask_options o = {.question = {text, sizeof(text)}, .lang = -1};
    as_answer *a = NULL;
    as_err err = {0};

    memset(text, 'a', sizeof(text));
    assert_int_equal(as_ask(s->s, &o, &a, &err), AS_USAGE);
    o.question.n = 0;
    assert_int_equal(as_ask(s->s, &o, &a, &err), AS_USAGE);
    assert_null(a);
    o.question.n = AS_ASK_QUESTION_MAX;
    assert_int_equal(as_ask(s->s, &o, &a, &err), AS_OK);
    as_answer_free(a);
}

static void any_bytes_are_a_question(void **state)
{
    const asked_store *s = *state;
    const as_bytes questions[] = {
        AS_LITERAL("\0"),
        AS_LITERAL("Which files\0 did it drop?\0"),
        AS_LITERAL("\xff\xfe\xc0\x80 which \xed\xa0\x80 files?"),
        AS_LITERAL("\x1b[31m\x9b files \xe2\x80\xae?"),
        AS_LITERAL("NEAR(\"a\" b*) OR title:x AND (\" ^ - "),
        AS_LITERAL(" \t\r\n"),
        AS_LITERAL("\xe9\x87"),
    };

    for (size_t i = 0; i < AS_COUNT(questions); i++) {
        as_ask_options o = {.question = questions[i], .sample = AS_LITERAL(ALPHA), .lang = -1};
        as_answer *a = NULL;
        as_buf out = {0};
        as_err err = {0};

        assert_int_equal(as_ask(s->s, &o, &a, &err), AS_OK);
        as_answer_json(a, &out);
        as_answer_text(a, &out, true);
        assert_false(out.failed);
        assert_int_equal(as_utf8_check(as_buf_bytes(&out)), out.n);
        for (size_t k = 0; k < out.n; k++)
            assert_true(out.p[k] >= ' ' || out.p[k] == '\n');
        as_buf_done(&out);
        as_answer_free(a);
    }
}

static void the_language_may_be_chosen(void **state)
{
    const asked_store *s = *state;
    as_ask_options o = {.question = AS_LITERAL("Did it drop any files?"),
                        .sample = AS_LITERAL(BETA),
                        .lang = AS_LANG_ZH};
    as_answer *a = NULL;
    as_err err = {0};

    assert_int_equal(as_ask(s->s, &o, &a, &err), AS_OK);
    assert_int_equal(a->lang, AS_LANG_ZH);
    assert_true(stands_in(a->text, AS_LITERAL("否")));
    as_answer_free(a);
    a = ask(s->s, BETA, "有没有释放文件？");
    assert_int_equal(a->lang, AS_LANG_ZH);
    as_answer_free(a);
}

/* The answer and its JSON; AS_OK or AS_NOMEM. */
static as_code ask_and_print(as_store *s, const char *sample, const char *question, as_buf *out)
{
    as_ask_options o = {
        .question = as_bytes_of(question), .sample = as_bytes_of(sample), .lang = -1};
    as_answer *a = NULL;
    as_err err = {0};
    as_code rc = as_ask(s, &o, &a, &err);

    if (rc) {
        assert_null(a);
        if (err.code != rc || !err.msg[0])
            fail_msg("%s: no message", question);
        return rc;
    }
    as_answer_json(a, out);
    as_answer_text(a, out, true);
    as_answer_free(a);
    return out->failed ? AS_NOMEM : AS_OK;
}

/*
 * With each allocation failing in turn there is no memory, or the answer is the one that
 * there always was: none is short of something.
 */
static void each_allocation_may_fail(void **state)
{
    const asked_store *s = *state;
    static const struct {
        const char *sample, *question;
    } cases[] = {
        {ALPHA, "Which files did it drop?"},
        {ALPHA, "释放的文件中最常见的扩展名是什么？"},
        {ALPHA, "Which process dropped one.ps1?"},
        {ALPHA, "Give a timeline of the run"},
        {NULL, "哪些样本没有释放文件？"},
        {"alpha.exe", "释放了哪些文件？"},
        {ALPHA, "Why lunch?"},
    };

    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        as_buf whole = {0}, out = {0};
        uint64_t n = 1;
        as_code rc;

        assert_int_equal(ask_and_print(s->s, cases[i].sample, cases[i].question, &whole), AS_OK);
        /* Room beforehand, so that the last allocation is one of the answer's. */
        assert_non_null(as_buf_room(&out, 2 * whole.n));
        do {
            as_buf_reset(&out);
            as_mem_fail_at(n++);
            rc = ask_and_print(s->s, cases[i].sample, cases[i].question, &out);
            as_mem_fail_at(0);
            if (rc != AS_OK && rc != AS_NOMEM)
                fail_msg("%s: allocation %llu: %s", cases[i].question, (unsigned long long)n - 1,
                         as_code_name(rc));
            if (!rc && !as_bytes_eq(as_buf_bytes(&out), as_buf_bytes(&whole)))
                fail_msg("%s: allocation %llu: another answer", cases[i].question,
                         (unsigned long long)n - 1);
        } while (rc);
        assert_true(n > 20);
        as_buf_done(&whole);
        as_buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_is_listed),
        cmocka_unit_test(what_is_there_is_counted),
        cmocka_unit_test(none_is_no_and_unrecorded_is_no_answer),
        cmocka_unit_test(a_question_may_deny),
        cmocka_unit_test(an_attribute_is_told),
        cmocka_unit_test(severities_are_classes),
        cmocka_unit_test(the_most_is_found_with_its_equals),
        cmocka_unit_test(processes_are_joined),
        cmocka_unit_test(names_are_joined_to_addresses),
        cmocka_unit_test(stories_are_told),
        cmocka_unit_test(typing_errors_are_mended),
        cmocka_unit_test(what_is_no_known_question_gets_extracts),
        cmocka_unit_test(an_ambiguous_sample_is_asked_back),
        cmocka_unit_test(a_sample_is_named_in_the_question),
        cmocka_unit_test(the_only_sample_need_not_be_named),
        cmocka_unit_test(an_empty_store_says_so),
        cmocka_unit_test(samples_that_have_something),
        cmocka_unit_test(samples_that_lack_something),
        cmocka_unit_test(samples_are_listed_and_compared),
        cmocka_unit_test(no_question_and_a_long_one_are_refused),
        cmocka_unit_test(any_bytes_are_a_question),
        cmocka_unit_test(the_language_may_be_chosen),
        cmocka_unit_test(each_allocation_may_fail),
    };

    return cmocka_run_group_tests_name("query: ask", tests, make_store, drop_store);
}

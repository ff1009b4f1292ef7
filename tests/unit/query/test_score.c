/* Questions are read as they are written, and an answer is right by the rules and no others. */
#include "query/score.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define HEAD                                                                                       \
    "{\"id\":\"a-1\",\"split\":\"dev\",\"reports\":[\"x/a.json\"],\"sample\":null,"                \
    "\"lang\":\"en\",\"question\":\"which files?\",\"variants\":[\"files?\",\"\\u6587\\u4ef6\"],"

static as_code read_text(as_arena *a, const char *text, as_questions *ret, as_err *err)
{
    as_source *source = NULL;
    as_code rc = as_source_open_bytes(as_bytes_of(text), NULL, &source, err);

    rc = rc ? rc : as_questions_read(source, a, ret, err);
    as_source_free(source);
    return rc;
}

/* One question whose expectation is `rest`; it is asked in the words `asked`. */
static as_fault judged_as(const char *asked, const char *rest, const as_answer *answer, char *why,
                          size_t cap)
{
    as_arena *a = as_arena_new((size_t)1 << 20);
    as_questions all = {0};
    as_buf text = {0}, said = {0};
    as_fault fault = AS_FAULT_COUNT_OF;
    as_err err = {0};

    assert_non_null(a);
    as_buf_printf(&text, HEAD "%s}", rest);
    as_buf_byte(&text, '\0');
    if (read_text(a, (const char *)text.p, &all, &err))
        fail_msg("%s: byte %zu: %s", rest, err.offset, err.msg);
    assert_int_equal(all.n, 1);
    if (as_answer_judge(&all.p[0], as_bytes_of(asked), answer, &said, &fault, &err))
        fail_msg("%s", err.msg);
    (void)snprintf(why, cap, "%.*s", (int)said.n, said.n ? (const char *)said.p : "");
    assert_true((fault == AS_FAULT_NONE) == (said.n == 0));
    as_buf_done(&text);
    as_buf_done(&said);
    as_arena_free(a);
    return fault;
}

static void expect(as_fault fault, const char *why, const char *rest, const as_answer *answer)
{
    char said[600];
    as_fault got = judged_as("which files were written there?", rest, answer, said, sizeof(said));

    if (got != fault || strcmp(said, why) != 0)
        fail_msg("%s: %s '%s', not %s '%s'", rest, as_fault_name(got), said, as_fault_name(fault),
                 why);
}

static as_answer says(const char *text, const as_answer_item *items, size_t n)
{
    return (as_answer){.answerable = true,
                       .truth = AS_TRUTH_NONE,
                       .text = as_bytes_of(text),
                       .items = items,
                       .n_items = n};
}

static as_answer_item item(const char *value, const char *text)
{
    return (as_answer_item){.value = as_bytes_of(value), .text = as_bytes_of(text)};
}

#define OPEN "\"answerable\":true,\"truth\":null,\"count\":null,"

static void questions_are_read_as_they_are_written(void **state)
{
    as_arena *a = as_arena_new((size_t)1 << 20);
    as_questions all = {0};
    const as_question *q;
    as_err err = {0};

    (void)state;
    assert_int_equal(
        read_text(a,
                  HEAD OPEN "\"items\":[[\"a\",\"b\"],[\"c\"]],\"optional\":[[\"d\"]],"
                            "\"match\":\"exact\",\"how\":{\"x\":[1,null]},\"category\":\"list\"}\n"
                            "\n" HEAD "\"answerable\":false,\"truth\":true,\"count\":7,\"items\":"
                            "null,\"match\":\"contains\"}\n",
                  &all, &err),
        AS_OK);
    assert_int_equal(all.n, 2);
    q = &all.p[0];
    assert_true(as_bytes_is(q->id, "a-1") && as_bytes_is(q->split, "dev"));
    assert_true(as_bytes_is(q->lang, "en") && as_bytes_is(q->category, "list"));
    assert_true(as_bytes_is(q->text, "which files?") && q->sample.n == 0);
    assert_int_equal(q->n_variants, 2);
    assert_true(as_bytes_is(q->variants[1], "文件"));
    assert_int_equal(q->n_reports, 1);
    assert_true(as_bytes_is(q->reports[0], "x/a.json"));
    assert_true(q->answerable && q->has_items && !q->has_count && !q->contains);
    assert_int_equal(q->truth, AS_TRUTH_NONE);
    assert_int_equal(q->n_items, 2);
    assert_int_equal(q->items[0].n, 2);
    assert_true(as_bytes_is(q->items[0].p[1], "b") && as_bytes_is(q->items[1].p[0], "c"));
    assert_true(q->n_optional == 1 && as_bytes_is(q->optional[0].p[0], "d"));
    q = &all.p[1];
    assert_true(!q->answerable && !q->has_items && q->has_count && q->contains);
    assert_int_equal(q->truth, AS_TRUTH_YES);
    assert_int_equal(q->count, 7);
    assert_true(as_bytes_is(q->category, "-"));
    as_arena_free(a);
}

static void a_question_that_lacks_something_is_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"[]", "a question is an object"},
        {"{}", "a question without 'id'"},
        {HEAD OPEN "\"items\":null}", "a question without 'match'"},
        {HEAD OPEN "\"items\":null,\"match\":\"nearly\"}", "'match' is not 'exact' or 'contains'"},
        {HEAD OPEN "\"items\":[\"a\"],\"match\":\"exact\"}", "'items' is not a list of texts"},
        {HEAD OPEN "\"items\":[[]],\"match\":\"exact\"}",
         "'items' is not a list of values with a spelling each"},
        {HEAD OPEN "\"items\":[[1]],\"match\":\"exact\"}", "'items' is not a text"},
        {HEAD OPEN "\"items\":null,\"items\":null,\"match\":\"exact\"}",
         "'items' stands there twice"},
        {HEAD "\"answerable\":1}", "'answerable' is not true or false"},
        {HEAD "\"answerable\":true,\"truth\":\"yes\"}", "'truth' is not true or false"},
        {HEAD "\"answerable\":true,\"count\":-1}", "'count' is not a number of things"},
        {HEAD "\"answerable\":true,\"count\":1.5}", "'count' is not a number of things"},
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        as_arena *a = as_arena_new((size_t)1 << 20);
        as_questions all = {0};
        as_err err = {0};

        assert_int_equal(read_text(a, bad[i].text, &all, &err), AS_INVALID);
        assert_string_equal(err.msg, bad[i].why);
        assert_true(err.offset <= strlen(bad[i].text));
        assert_null(all.p);
        as_arena_free(a);
    }
}

static void every_cut_of_a_question_is_refused(void **state)
{
    static const char whole[] = HEAD OPEN "\"items\":[[\"a\"]],\"match\":\"exact\"}";
    char text[sizeof(whole)];

    (void)state;
    for (size_t n = 1; n < sizeof(whole) - 1; n++) {
        as_arena *a = as_arena_new((size_t)1 << 20);
        as_questions all = {0};
        as_err err = {0};

        memcpy(text, whole, n);
        text[n] = '\0';
        assert_int_equal(read_text(a, text, &all, &err), AS_INVALID);
        as_arena_free(a);
    }
}

static void exact_items_are_these_and_no_others(void **state)
{
    as_answer_item items[] = {item("C:\\A.TXT", "C:\\A.TXT (4 bytes)"), item("b", "")};
    as_answer a = says("two files", items, 2);

    (void)state;
    expect(AS_FAULT_NONE, "",
           OPEN "\"items\":[[\"x\",\"c:\\\\a.txt\"],[\" B \"]],\"match\":\"exact\"", &a);
    expect(AS_FAULT_NONE, "",
           OPEN "\"items\":[[\"c:\\\\a.txt (4 BYTES)\"],[\"b\"]],\"match\":\"exact\"", &a);
    expect(AS_FAULT_NONE, "",
           OPEN "\"items\":[[\"b\"]],\"optional\":[[\"C:\\\\a.txt\"]],\"match\":\"exact\"", &a);
    expect(AS_FAULT_ITEMS, "has besides 'C:\\A.TXT'",
           OPEN "\"items\":[[\"b\"]],\"match\":\"exact\"", &a);
    expect(AS_FAULT_ITEMS, "lacks 'c'; has besides 'C:\\A.TXT', 'b'",
           OPEN "\"items\":[[\"c\",\"d\"]],\"match\":\"exact\"", &a);
    expect(AS_FAULT_ITEMS, "has besides 'C:\\A.TXT', 'b'", OPEN "\"items\":[],\"match\":\"exact\"",
           &a);
    expect(AS_FAULT_NONE, "", OPEN "\"items\":null,\"match\":\"exact\"", &a);
    a.n_items = 0;
    expect(AS_FAULT_NONE, "", OPEN "\"items\":[],\"match\":\"exact\"", &a);
}

static void contained_items_are_whole_words(void **state)
{
    as_answer_item items[] = {item("198.51.100.7", "198.51.100.7:443 (3 times)")};
    as_answer a = says("It contacted Straße.example; 112 s, 写入 a.txt_", items, 1);

    (void)state;
#define CONTAINS(word) OPEN "\"items\":[[\"" word "\"]],\"match\":\"contains\""
    expect(AS_FAULT_NONE, "", CONTAINS("112"), &a);
    expect(AS_FAULT_NONE, "", CONTAINS("443"), &a);
    expect(AS_FAULT_NONE, "", CONTAINS("STRASSE.example"), &a);
    expect(AS_FAULT_NONE, "", CONTAINS("写"), &a);
    expect(AS_FAULT_NONE, "", CONTAINS("51.100"), &a);
    expect(AS_FAULT_NONE, "", CONTAINS(".100"), &a);
    expect(AS_FAULT_ITEMS, "lacks '11'", CONTAINS("11"), &a);
    expect(AS_FAULT_ITEMS, "lacks '12'", CONTAINS("12"), &a);
    expect(AS_FAULT_ITEMS, "lacks 'a.txt'", CONTAINS("a.txt"), &a);
    expect(AS_FAULT_ITEMS, "lacks 'example.com'", CONTAINS("example.com"), &a);
    expect(AS_FAULT_NONE, "", CONTAINS("no\",\"s"), &a);
    expect(AS_FAULT_ITEMS, "lacks 'x', 'y'",
           OPEN "\"items\":[[\"x\"],[\"112\"],[\"y\"]],\"match\":\"contains\"", &a);
#undef CONTAINS
}

static void a_count_is_told_in_some_way(void **state)
{
    as_answer_item items[] = {item("12 files", ""), item("2", "")};
    as_answer a = says("1,234 of 7x: 5.5, v6, -8, 10.0.0.9 and 00031.", items, 2);

    (void)state;
#define COUNT(n)                                                                                   \
    "\"answerable\":true,\"truth\":null,\"count\":" n ",\"items\":null,\"match\":\"exact\""
#define SAID " 1,234 of 7x: 5.5, v6, -8, 10.0.0.9 and 00031."
    expect(AS_FAULT_NONE, "", COUNT("1234"), &a);
    expect(AS_FAULT_NONE, "", COUNT("31"), &a);
    expect(AS_FAULT_NONE, "", COUNT("2"), &a); /* items */
    expect(AS_FAULT_COUNT, "count: expected 7, got no number:" SAID, COUNT("7"), &a);
    expect(AS_FAULT_COUNT, "count: expected 5, got no number:" SAID, COUNT("5"), &a);
    expect(AS_FAULT_COUNT, "count: expected 6, got no number:" SAID, COUNT("6"), &a);
    expect(AS_FAULT_COUNT, "count: expected 8, got no number:" SAID, COUNT("8"), &a);
    expect(AS_FAULT_COUNT, "count: expected 10, got no number:" SAID, COUNT("10"), &a);
    expect(AS_FAULT_COUNT, "count: expected 12, got no number:" SAID, COUNT("12"), &a);
    a.has_count = true;
    a.count = 99;
    expect(AS_FAULT_NONE, "", COUNT("99"), &a);
    expect(AS_FAULT_COUNT, "count: expected 7, got 99:" SAID, COUNT("7"), &a);
    a.n_items = 1;
    expect(AS_FAULT_NONE, "", COUNT("12"), &a);
#undef COUNT
#undef SAID
}

static void truth_is_yes_no_or_neither(void **state)
{
    static const char yes[] =
        "\"answerable\":true,\"truth\":true,\"count\":null,\"items\":null,\"match\":\"exact\"";
    as_answer_item items[] = {item("a", "")};
    as_answer a = says("Yes\x1b", items, 1);
    char why[200];

    (void)state;
    expect(AS_FAULT_TRUTH, "truth: expected yes, got neither yes nor no: Yes\\x1b", yes, &a);
    assert_int_equal(judged_as("yara?", yes, &a, why, sizeof(why)), AS_FAULT_NONE);
    assert_int_equal(judged_as("yara rules", yes, &a, why, sizeof(why)), AS_FAULT_NONE);
    assert_int_equal(judged_as("any yara rules", yes, &a, why, sizeof(why)), AS_FAULT_TRUTH);
    assert_int_equal(judged_as("告警？", yes, &a, why, sizeof(why)), AS_FAULT_NONE);
    assert_int_equal(judged_as("有告警？", yes, &a, why, sizeof(why)), AS_FAULT_TRUTH);
    a.n_items = 0;
    assert_int_equal(judged_as("yara?", yes, &a, why, sizeof(why)), AS_FAULT_TRUTH);
    a.truth = AS_TRUTH_NO;
    expect(AS_FAULT_TRUTH, "truth: expected yes, got no: Yes\\x1b", yes, &a);
    a.truth = AS_TRUTH_YES;
    expect(AS_FAULT_NONE, "", yes, &a);
}

static void what_cannot_be_answered_must_not_be(void **state)
{
    static const char no[] = "\"answerable\":false,\"truth\":true,\"count\":3,\"items\":[[\"x\"]],"
                             "\"match\":\"exact\"";
    as_answer a = says("Well", NULL, 0);

    (void)state;
    expect(AS_FAULT_ANSWERABLE, "answerable: expected no, got yes: Well", no, &a);
    a.answerable = false;
    expect(AS_FAULT_NONE, "", no, &a);
    expect(AS_FAULT_ANSWERABLE, "answerable: expected yes, got no: Well",
           OPEN "\"items\":null,\"match\":\"exact\"", &a);
}

/* Reading and judging once; AS_OK or AS_NOMEM. */
static as_code whole(void)
{
    static const char text[] = HEAD OPEN "\"items\":[[\"a\",\"b\"],[\"c\"]],\"optional\":"
                                         "[[\"d\"]],\"match\":\"exact\"}";
    as_answer_item items[] = {item("a", "a "), item("D", "")};
    as_answer answer = says("a and D", items, 2);
    as_arena *a = as_arena_new((size_t)1 << 20);
    as_questions all = {0};
    as_buf why = {0};
    as_fault fault = AS_FAULT_NONE;
    as_err err = {0};
    as_code rc = a ? read_text(a, text, &all, &err) : AS_NOMEM;

    if (!rc)
        rc = as_answer_judge(&all.p[0], AS_LITERAL("which of the files?"), &answer, &why, &fault,
                             &err);
    if (!rc)
        assert_int_equal(fault, AS_FAULT_ITEMS);
    as_buf_done(&why);
    as_arena_free(a);
    return rc;
}

static void each_allocation_may_fail(void **state)
{
    uint64_t n = 1;
    as_code rc;

    (void)state;
    do {
        as_mem_fail_at(n++);
        rc = whole();
        as_mem_fail_at(0);
        assert_true(rc == AS_OK || rc == AS_NOMEM);
    } while (rc);
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_are_read_as_they_are_written),
        cmocka_unit_test(a_question_that_lacks_something_is_refused),
        cmocka_unit_test(every_cut_of_a_question_is_refused),
        cmocka_unit_test(exact_items_are_these_and_no_others),
        cmocka_unit_test(contained_items_are_whole_words),
        cmocka_unit_test(a_count_is_told_in_some_way),
        cmocka_unit_test(truth_is_yes_no_or_neither),
        cmocka_unit_test(what_cannot_be_answered_must_not_be),
        cmocka_unit_test(each_allocation_may_fail),
    };

    return cmocka_run_group_tests_name("query: score", tests, NULL, NULL);
}

#include "unit/report/sample_doc.h"

#include "base/banned.h"

static as_tree built(const struct sample *s)
{
    as_tree tree;

    assert_int_equal(as_tree_build(&s->doc, &tree, NULL), AS_OK);
    for (size_t i = 0; i < tree.n; i++) {
        const as_tree_node *node = &tree.nodes[i];

        assert_true(node->parent == AS_TREE_NONE || node->parent < i);
        assert_int_equal(as_tree_find(&tree, node->fact), i);
        assert_int_equal(node->depth,
                         node->parent == AS_TREE_NONE ? 0 : tree.nodes[node->parent].depth + 1);
    }
    return tree;
}

static void children_follow_their_parent(void **state)
{
    struct sample s;
    as_tree tree;

    (void)state;
    sample_init(&s);
    (void)sample_process(&s, 1, 0, "a", NULL);
    (void)sample_process(&s, 2, 0, "b", NULL);
    (void)sample_process(&s, 3, 1, "c", NULL);
    (void)sample_process(&s, 4, 3, "d", NULL);
    (void)sample_process(&s, 5, 1, "e", NULL);
    tree = built(&s);
    assert_int_equal(tree.n, 5);
    assert_int_equal(tree.nodes[1].fact, 2);
    assert_int_equal(tree.nodes[2].fact, 3);
    assert_int_equal(tree.nodes[2].depth, 2);
    assert_int_equal(tree.nodes[3].fact, 4);
    assert_true(tree.nodes[3].last);
    assert_false(tree.nodes[1].last);
    assert_int_equal(tree.nodes[4].fact, 1);
    as_tree_done(&tree);
    sample_done(&s);
}

static void a_process_id_used_twice_means_the_latest_before(void **state)
{
    struct sample s;
    as_tree tree;

    (void)state;
    sample_init(&s);
    (void)sample_process(&s, 7, 0, "first", NULL);
    (void)sample_process(&s, 8, 7, "of the first", NULL);
    (void)sample_process(&s, 7, 0, "second", NULL);
    (void)sample_process(&s, 9, 7, "of the second", NULL);
    tree = built(&s);
    assert_int_equal(tree.nodes[as_tree_find(&tree, 1)].parent, as_tree_find(&tree, 0));
    assert_int_equal(tree.nodes[as_tree_find(&tree, 3)].parent, as_tree_find(&tree, 2));
    as_tree_done(&tree);
    sample_done(&s);
}

/* A process of the run that `run` is, with its number and its parent's. */
static uint32_t process_of(struct sample *s, uint32_t run, const char *pid, const char *ppid)
{
    uint32_t fact = AS_NO_FACT;
    as_draft d;

    sample_draft(s, &d, AS_KIND_PROCESS, pid);
    d.parent = run;
    sample_attr(s, &d, AS_ATTR_PID, AS_FORM_TEXT, as_bytes_of(pid));
    sample_attr(s, &d, AS_ATTR_PPID, AS_FORM_TEXT, as_bytes_of(ppid));
    assert_int_equal(as_facts_add(s->facts, &d, &fact), AS_OK);
    return fact;
}

static void processes_of_two_runs_are_not_linked_by_their_numbers(void **state)
{
    struct sample s;
    uint32_t runs[2] = {0}, first, second, orphan, child;
    as_tree tree;

    (void)state;
    sample_init(&s);
    for (unsigned i = 0; i < 2; i++) {
        as_draft d;

        sample_draft(&s, &d, AS_KIND_ANALYSIS, "run");
        sample_attr(&s, &d, AS_ATTR_ENVIRONMENT, AS_FORM_TEXT, as_bytes_of(i ? "B" : "A"));
        assert_int_equal(as_facts_add(s.facts, &d, &runs[i]), AS_OK);
    }
    first = process_of(&s, runs[0], "7", "1");
    second = process_of(&s, runs[1], "8", "7");
    orphan = process_of(&s, runs[1], "7", "1");
    child = process_of(&s, runs[0], "8", "7");
    tree = built(&s);
    assert_int_equal(tree.nodes[as_tree_find(&tree, first)].parent, AS_TREE_NONE);
    assert_int_equal(tree.nodes[as_tree_find(&tree, orphan)].parent, AS_TREE_NONE);
    assert_int_equal(tree.nodes[as_tree_find(&tree, child)].parent, as_tree_find(&tree, first));
    assert_int_equal(tree.nodes[as_tree_find(&tree, second)].parent, as_tree_find(&tree, orphan));
    assert_true(tree.many_runs);
    assert_true(as_bytes_is(as_part_run_name(s.facts, first), "A"));
    assert_true(as_bytes_is(as_part_run_name(s.facts, second), "B"));
    as_tree_done(&tree);
    sample_done(&s);
}

static void a_child_may_come_before_its_parent(void **state)
{
    struct sample s;
    as_tree tree;

    (void)state;
    sample_init(&s);
    (void)sample_process(&s, 2, 1, "child", NULL);
    (void)sample_process(&s, 1, 0, "parent", NULL);
    tree = built(&s);
    assert_false(tree.many_runs);
    assert_int_equal(tree.nodes[0].fact, 1);
    assert_int_equal(tree.nodes[1].parent, 0);
    as_tree_done(&tree);
    sample_done(&s);
}

static void siblings_stand_in_order_of_time(void **state)
{
    struct sample s;
    as_tree tree;

    (void)state;
    sample_init(&s);
    (void)sample_process(&s, 1, 0, "parent", "2017-01-05 10:00:00");
    (void)sample_process(&s, 2, 1, "unknown", NULL);
    (void)sample_process(&s, 3, 1, "late", "2017-01-05 10:00:09");
    (void)sample_process(&s, 4, 1, "early", "2017-01-05 10:00:08");
    tree = built(&s);
    assert_int_equal(tree.nodes[1].fact, 3);
    assert_int_equal(tree.nodes[2].fact, 2);
    assert_int_equal(tree.nodes[3].fact, 1);
    as_tree_done(&tree);
    sample_done(&s);
}

static void a_circle_of_parents_is_cut(void **state)
{
    struct sample s;
    as_tree tree;

    (void)state;
    sample_init(&s);
    (void)sample_process(&s, 1, 3, "a", NULL);
    (void)sample_process(&s, 2, 1, "b", NULL);
    (void)sample_process(&s, 3, 2, "c", NULL);
    (void)sample_process(&s, 4, 4, "itself", NULL);
    (void)sample_process(&s, 5, 3, "below", NULL);
    tree = built(&s);
    assert_int_equal(tree.n, 5);
    assert_int_not_equal(as_tree_find(&tree, 4), AS_TREE_NONE);
    as_tree_done(&tree);
    sample_done(&s);
}

static void a_process_weighs_as_its_heaviest_sentence(void **state)
{
    struct sample s;
    as_tree tree;
    uint32_t process;

    (void)state;
    sample_init(&s);
    process = sample_process(&s, 1, 0, "a", NULL);
    (void)sample_say(&s, AS_SECTION_FILES, AS_EMPHASIS_LOW, "x", process);
    (void)sample_say(&s, AS_SECTION_FILES, AS_EMPHASIS_HIGH, "x", process);
    (void)sample_say(&s, AS_SECTION_FILES, AS_EMPHASIS_MEDIUM, "x", process);
    tree = built(&s);
    assert_int_equal(tree.nodes[0].weight, AS_EMPHASIS_HIGH);
    as_tree_done(&tree);
    sample_done(&s);
}

static void times_of_many_forms_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"1970-01-01 00:00:00", 0},
        {"2017-01-05 10:02:03,515", INT64_C(1483610523515)},
        {"2017-01-05T10:02:03.515999Z", INT64_C(1483610523515)},
        {"2000-02-29 23:59:60", INT64_C(951868800000)},
        {"1483610523.5154", INT64_C(1483610523515)},
        {"1483610523", INT64_C(1483610523000)},
    };
    static const char *const bad[] = {"",
                                      "12.5",
                                      "2017-13-05 10:02:03",
                                      "2017-01-05 24:02:03",
                                      "2017-01-05",
                                      "2017-01-05 10:02:03 ",
                                      "2017-01-05 10:02:03,5x",
                                      "99999999999999999999",
                                      "148361052x",
                                      "-1483610523"};
    int64_t ms = 7;

    (void)state;
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        if (as_when(as_bytes_of(bad[i]), &ms))
            fail_msg("'%s' is a time", bad[i]);
    }
    assert_int_equal(ms, 7);
    for (size_t i = 0; i < AS_COUNT(good); i++) {
        assert_true(as_when(as_bytes_of(good[i].text), &ms));
        assert_int_equal(ms, good[i].ms);
    }
}

static void a_lane_spans_what_is_known_of_its_process(void **state)
{
    struct sample s;
    as_tree tree;
    as_timeline t;
    uint32_t a, b;

    (void)state;
    sample_init(&s);
    b = sample_process(&s, 2, 1, "b", "2017-01-05 10:00:05,000");
    a = sample_process(&s, 1, 0, "a", "2017-01-05 10:00:00,000");
    (void)sample_fact(&s, AS_KIND_EVENT, b, AS_ATTR_TIME, AS_LITERAL("2017-01-05 10:00:09,000"));
    (void)sample_fact(&s, AS_KIND_EVENT, b, AS_ATTR_TIME, AS_LITERAL("2017-01-05 10:00:10,000"));
    (void)sample_fact(&s, AS_KIND_EVENT, b, AS_ATTR_TIME, AS_LITERAL("2037-01-05 10:00:10,000"));
    (void)sample_fact(&s, AS_KIND_API_TRACE, a, AS_ATTR_ENDED, AS_LITERAL("1483610402.5"));
    (void)sample_fact(&s, AS_KIND_API_TRACE, a, AS_ATTR_COUNT, AS_LITERAL("40"));
    (void)sample_fact(&s, AS_KIND_EVENT, AS_NO_FACT, AS_ATTR_TIME, AS_LITERAL("1483610407"));
    (void)sample_fact(&s, AS_KIND_MUTEX, AS_NO_FACT, AS_ATTR_TIME, AS_LITERAL("1483619999"));
    tree = built(&s);
    assert_int_equal(as_timeline_build(&s.doc, 0, &tree, &t, NULL), AS_OK);
    assert_int_equal(t.n, 3);
    assert_int_equal(t.timed, 2);
    assert_int_equal(t.lanes[0].node, tree.n);
    assert_int_equal(t.lanes[1].calls, 40);
    assert_int_equal(t.outside, 1);
    assert_int_equal(tree.nodes[t.lanes[1].node].fact, a);
    assert_int_equal(t.lanes[1].end - t.lanes[1].begin, 2500);
    assert_int_equal(t.lanes[2].end - t.lanes[2].begin, 5000);
    assert_int_equal(t.lanes[2].events, 2);
    assert_int_equal(t.lanes[2].bins[AS_LANE_BINS - 1], 1);
    assert_int_equal(t.end - t.begin, 10000);
    as_timeline_done(&t);
    as_tree_done(&tree);
    sample_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_follow_their_parent),
        cmocka_unit_test(a_process_id_used_twice_means_the_latest_before),
        cmocka_unit_test(processes_of_two_runs_are_not_linked_by_their_numbers),
        cmocka_unit_test(a_child_may_come_before_its_parent),
        cmocka_unit_test(siblings_stand_in_order_of_time),
        cmocka_unit_test(a_circle_of_parents_is_cut),
        cmocka_unit_test(a_process_weighs_as_its_heaviest_sentence),
        cmocka_unit_test(times_of_many_forms_are_read),
        cmocka_unit_test(a_lane_spans_what_is_known_of_its_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

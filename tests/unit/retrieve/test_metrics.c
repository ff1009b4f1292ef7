/* Recall, MRR and nDCG against values worked out by hand, and intervals that hold them. */
#include "retrieve/metrics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/banned.h"

#define TINY 1e-12

static void near(double got, double wanted)
{
    if (!(fabs(got - wanted) <= TINY))
        fail_msg("%.15f, not %.15f", got, wanted);
}

static void recall_is_the_share_of_all_that_is_relevant(void **state)
{
    const as_judged_hit found[] = {{1, 1}, {5, 1}, {11, 1}};
    const double gains[] = {1, 1, 1, 1};
    const as_judged_list list = {found, 3, gains, 4};

    (void)state;
    near(as_recall_at(&list, 1), 0.25);
    near(as_recall_at(&list, 4), 0.25);
    near(as_recall_at(&list, 5), 0.5);
    near(as_recall_at(&list, 10), 0.5);
    near(as_recall_at(&list, 100), 0.75);
}

static void the_reciprocal_rank_is_of_the_first_one(void **state)
{
    const as_judged_hit found[] = {{4, 1}, {5, 1}};
    const double gains[] = {1, 1};
    const as_judged_list list = {found, 2, gains, 2};

    (void)state;
    near(as_reciprocal_rank_at(&list, 10), 0.25);
    near(as_reciprocal_rank_at(&list, 4), 0.25);
    near(as_reciprocal_rank_at(&list, 3), 0);
}

/* DCG 3/log2(2) + 2/log2(4) + 1/log2(7); at best 3/log2(2) + 3/log2(3) + 2/log2(4) + 1/log2(5). */
static void ndcg_weighs_gains_by_their_place(void **state)
{
    const as_judged_hit found[] = {{1, 3}, {3, 2}, {6, 1}};
    const double gains[] = {3, 3, 2, 1};
    const as_judged_list list = {found, 3, gains, 4};
    double best = 3 + 3 / log2(3) + 2 / log2(4) + 1 / log2(5);

    (void)state;
    near(as_ndcg_at(&list, 10), (3 + 1 + 1 / log2(7)) / best);
    near(as_ndcg_at(&list, 5), (3 + 1) / best);
    near(as_ndcg_at(&list, 1), 1);
    near(as_ndcg_at(&list, 2), 3 / (3 + 3 / log2(3)));
}

static void the_best_order_is_one_and_nothing_found_is_nothing(void **state)
{
    const as_judged_hit found[] = {{1, 4}, {2, 2}, {3, 1}};
    const double gains[] = {4, 2, 1};
    const as_judged_list best = {found, 3, gains, 3}, none = {found, 0, gains, 3}, empty = {0};

    (void)state;
    near(as_ndcg_at(&best, 10), 1);
    near(as_recall_at(&best, 3), 1);
    near(as_reciprocal_rank_at(&best, 1), 1);
    near(as_ndcg_at(&none, 10), 0);
    near(as_recall_at(&none, 10), 0);
    near(as_reciprocal_rank_at(&none, 10), 0);
    near(as_ndcg_at(&empty, 10), 0);
    near(as_recall_at(&empty, 10), 0);
}

/* Of 400 values of which 30 % are 1, the mean's error is 0.023: 95 % lie within twice that. */
static void an_interval_is_as_wide_as_the_sample_allows(void **state)
{
    double values[400], low = 0, high = 0, again_low = 0, again_high = 0;

    (void)state;
    for (size_t i = 0; i < 400; i++)
        values[i] = i % 10 < 3;
    near(as_mean_of(values, 400), 0.3);
    assert_int_equal(as_interval_of(values, 400, &low, &high, NULL), AS_OK);
    assert_true(low > 0.3 - 0.06 && low < 0.3 - 0.03);
    assert_true(high < 0.3 + 0.06 && high > 0.3 + 0.03);
    assert_int_equal(as_interval_of(values, 400, &again_low, &again_high, NULL), AS_OK);
    near(again_low, low);
    near(again_high, high);
}

static void an_interval_of_one_value_or_none_is_a_point(void **state)
{
    const double value = 0.25;
    double low = 1, high = 1;

    (void)state;
    assert_int_equal(as_interval_of(&value, 1, &low, &high, NULL), AS_OK);
    near(low, 0.25);
    near(high, 0.25);
    assert_int_equal(as_interval_of(&value, 0, &low, &high, NULL), AS_OK);
    near(low, 0);
    near(high, 0);
    near(as_mean_of(&value, 0), 0);
}

static void without_memory_an_interval_fails_and_changes_nothing(void **state)
{
    const double value = 0.25;
    double low = 7, high = 8;
    as_err err = {0};

    (void)state;
    as_mem_fail_at(1);
    assert_int_equal(as_interval_of(&value, 1, &low, &high, &err), AS_NOMEM);
    as_mem_fail_at(0);
    near(low, 7);
    near(high, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recall_is_the_share_of_all_that_is_relevant),
        cmocka_unit_test(the_reciprocal_rank_is_of_the_first_one),
        cmocka_unit_test(ndcg_weighs_gains_by_their_place),
        cmocka_unit_test(the_best_order_is_one_and_nothing_found_is_nothing),
        cmocka_unit_test(an_interval_is_as_wide_as_the_sample_allows),
        cmocka_unit_test(an_interval_of_one_value_or_none_is_a_point),
        cmocka_unit_test(without_memory_an_interval_fails_and_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

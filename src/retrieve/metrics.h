/*
 * metrics - how well a ranking found what is relevant, and how sure that is.
 *
 *     as_judged_list list = {.found = ranks, .n_found = 2, .gains = gains, .n_gains = 3};
 *     as_recall_at(&list, 10)                             2 of 3, if both ranks are <= 10
 *     as_interval_of(values, n, &low, &high, &err)        95 % of the mean
 *
 * Recall is the share of all that is relevant among the first k. MRR is 1 / rank of the first
 * relevant one, 0 if it is not among the first k. nDCG weighs each by its gain and 1 / log2(rank +
 * 1), over what the best order would have. All are 0 for a question with nothing relevant.
 *
 * Depends on: base.  Threads: re-entrant.
 */
#ifndef AS_METRICS_H
#define AS_METRICS_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A relevant passage that was found. */
typedef struct as_judged_hit {
    uint32_t rank; /* from 1 */
    double gain;   /* over 0 */
} as_judged_hit;

typedef struct as_judged_list {
    const as_judged_hit *found; /* each relevant passage once, best rank first */
    size_t n_found;
    const double *gains; /* of all that is relevant, found or not, largest first */
    size_t n_gains;
} as_judged_list;

double as_recall_at(const as_judged_list *list, size_t k);
double as_reciprocal_rank_at(const as_judged_list *list, size_t k);
double as_ndcg_at(const as_judged_list *list, size_t k);

double as_mean_of(const double *values, size_t n); /* 0 of none */

#define AS_INTERVAL_DRAWS 2000u

/*
 * Percentile bootstrap over questions: between which values 95 % of the means of n values lie
 * that are drawn from these with replacement. The draws are the same each time. AS_NOMEM.
 */
as_code as_interval_of(const double *values, size_t n, double *ret_low, double *ret_high,
                       as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif

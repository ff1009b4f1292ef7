#include "retrieve/metrics.h"

#include <math.h>
#include <stdlib.h>

#include "base/banned.h"

#define TAIL 0.025 /* on either side of an interval */

double as_recall_at(const as_judged_list *list, size_t k)
{
    size_t n = 0;

    while (n < list->n_found && list->found[n].rank <= k)
        n++;
    return list->n_gains > 0 ? (double)n / (double)list->n_gains : 0;
}

double as_reciprocal_rank_at(const as_judged_list *list, size_t k)
{
    return list->n_found > 0 && list->found[0].rank <= k ? 1.0 / list->found[0].rank : 0;
}

static double discounted(double gain, double rank)
{
    return gain / log2(rank + 1);
}

double as_ndcg_at(const as_judged_list *list, size_t k)
{
    double got = 0, best = 0;

    for (size_t i = 0; i < list->n_found && list->found[i].rank <= k; i++)
        got += discounted(list->found[i].gain, list->found[i].rank);
    for (size_t i = 0; i < list->n_gains && i < k; i++)
        best += discounted(list->gains[i], (double)(i + 1));
    return best > 0 ? got / best : 0;
}

double as_mean_of(const double *values, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return n > 0 ? sum / (double)n : 0;
}

/* --- the interval ------------------------------------------------------------------------ */

/* splitmix64: small, and the same everywhere. */
static uint64_t draw(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15u;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

as_code as_interval_of(const double *values, size_t n, double *ret_low, double *ret_high,
                       as_err *err)
{
    double *means = as_mem_zero(AS_INTERVAL_DRAWS, sizeof(*means));
    uint64_t state = 1;
    size_t tail = (size_t)(TAIL * AS_INTERVAL_DRAWS);

    if (!means)
        return as_fail_nomem(err, "an interval");
    for (size_t d = 0; d < AS_INTERVAL_DRAWS && n > 0; d++) {
        for (size_t i = 0; i < n; i++)
            means[d] += values[draw(&state) % n];
        means[d] /= (double)n;
    }
    qsort(means, AS_INTERVAL_DRAWS, sizeof(*means), by_size);
    *ret_low = means[tail];
    *ret_high = means[AS_INTERVAL_DRAWS - 1 - tail];
    as_mem_free(means);
    return AS_OK;
}

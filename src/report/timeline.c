#include "report/report_priv.h"

#include <stdlib.h>

#include "base/banned.h"

#define DAY_MS       INT64_C(86400000)
#define ANCESTRY_MAX 16 /* steps from a fact up to its process */

/* --- reading times -------------------------------------------------------------------- */

/* Exactly `n` digits from *at on. */
static bool take_digits(as_bytes b, size_t *at, size_t n, int64_t *ret)
{
    int64_t value = 0;

    if (b.n - *at < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = b.p[*at + i];

        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *at += n;
    *ret = value;
    return true;
}

static bool take_byte(as_bytes b, size_t *at, const char *any)
{
    if (*at >= b.n)
        return false;
    for (; *any; any++) {
        if (b.p[*at] == (uint8_t)*any) {
            ++*at;
            return true;
        }
    }
    return false;
}

/* Up to three digits of a fraction count, the rest is passed over. */
static int64_t take_fraction(as_bytes b, size_t *at)
{
    int64_t ms = 0, unit = 100, digit;

    while (take_digits(b, at, 1, &digit)) {
        ms += digit * unit;
        unit /= 10;
    }
    return ms;
}

/* Days since 1970-01-01 in the Gregorian calendar; the year begins in March here. */
static int64_t days_from(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t m = month <= 2 ? month + 9 : month - 3;
    int64_t era = y / 400, of_era = y % 400;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * m + 2) / 5 + day - 1 -
           719468;
}

static bool read_calendar(as_bytes b, int64_t *ret_ms)
{
    int64_t year, month, day, hour, minute, second, ms = 0;
    size_t at = 0;

    if (!take_digits(b, &at, 4, &year) || !take_byte(b, &at, "-") ||
        !take_digits(b, &at, 2, &month) || !take_byte(b, &at, "-") ||
        !take_digits(b, &at, 2, &day) || !take_byte(b, &at, " T") ||
        !take_digits(b, &at, 2, &hour) || !take_byte(b, &at, ":") ||
        !take_digits(b, &at, 2, &minute) || !take_byte(b, &at, ":") ||
        !take_digits(b, &at, 2, &second))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
        return false;
    if (take_byte(b, &at, ",."))
        ms = take_fraction(b, &at);
    (void)take_byte(b, &at, "Z");
    if (at != b.n)
        return false;
    *ret_ms =
        ((days_from(year, month, day) * 24 + hour) * 60 + minute) * 60000 + second * 1000 + ms;
    return true;
}

/* From 1973 on: a smaller number is seconds into the run, of another clock. */
static bool read_epoch(as_bytes b, int64_t *ret_ms)
{
    int64_t seconds = 0, digit, ms = 0;
    size_t at = 0;

    while (at < 11 && take_digits(b, &at, 1, &digit))
        seconds = seconds * 10 + digit;
    if (take_byte(b, &at, "."))
        ms = take_fraction(b, &at);
    if (at != b.n || seconds < 100000000 || seconds > INT64_C(10000000000))
        return false;
    *ret_ms = seconds * 1000 + ms;
    return true;
}

bool as_when(as_bytes text, int64_t *ret_ms)
{
    return read_calendar(text, ret_ms) || read_epoch(text, ret_ms);
}

/* --- lanes ----------------------------------------------------------------------------- */

/* One moment of a process. */
struct moment {
    int64_t ms;
    uint32_t node;
    bool event; /* else only the extent of the lane */
};

static void add_moment(as_buf *moments, const as_facts *f, const as_fact *fact, as_attr_name name,
                       uint32_t node, bool event)
{
    struct moment m = {.node = node, .event = event};

    if (as_when(as_fact_text(f, fact, name), &m.ms))
        as_buf_add(moments, (as_bytes){(const uint8_t *)&m, sizeof(m)});
}

static uint32_t process_above(const as_facts *f, const as_tree *tree, const as_fact *fact)
{
    uint32_t above = as_fact_parent(f, fact);

    for (unsigned step = 0; step < ANCESTRY_MAX && above != AS_NO_FACT; step++) {
        uint32_t node = as_tree_find(tree, above);

        if (node != AS_TREE_NONE)
            return node;
        above = as_fact_parent(f, as_facts_get(f, above));
    }
    return AS_TREE_NONE;
}

static bool is_of(const as_analysis *a, const as_fact *fact, size_t part)
{
    return a->n_parts < 2 || as_analysis_part(a, as_fact_evidence(a->facts, fact)->begin) == part;
}

static void collect(const as_analysis *a, size_t part, const as_tree *tree, as_buf *moments)
{
    const as_facts *f = a->facts;

    for (uint32_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);
        uint32_t node;

        if (fact->flags & AS_FACT_GONE || !is_of(a, fact, part))
            continue;
        node = fact->kind == AS_KIND_PROCESS ? as_tree_find(tree, i) : AS_TREE_NONE;
        if (node != AS_TREE_NONE) {
            add_moment(moments, f, fact, AS_ATTR_FIRST_SEEN, node, false);
            continue;
        }
        node = process_above(f, tree, fact);
        /* Some tools do not say whose an event was: those share a lane. */
        if (node == AS_TREE_NONE && fact->kind == AS_KIND_EVENT)
            node = (uint32_t)tree->n;
        if (node == AS_TREE_NONE)
            continue;
        add_moment(moments, f, fact, AS_ATTR_TIME, node, true);
        add_moment(moments, f, fact, AS_ATTR_STARTED, node, false);
        add_moment(moments, f, fact, AS_ATTR_ENDED, node, false);
    }
}

static int cmp_ms(const void *left, const void *right)
{
    const struct moment *a = left, *b = right;

    if (a->ms != b->ms)
        return a->ms < b->ms ? -1 : 1;
    return a->node < b->node ? -1 : a->node > b->node;
}

/* Sorts, and drops what no run can span: a day on either side of the middle. */
static size_t keep_likely(struct moment *m, size_t n, size_t *ret_outside)
{
    size_t from = 0, to = n;
    int64_t middle;

    if (n == 0)
        return 0;
    qsort(m, n, sizeof(*m), cmp_ms);
    middle = m[n / 2].ms;
    while (m[from].ms < middle - DAY_MS)
        from++;
    while (m[to - 1].ms > middle + DAY_MS)
        to--;
    for (size_t i = from; i < to; i++)
        m[i - from] = m[i];
    *ret_outside = n - (to - from);
    return to - from;
}

static void give_lane(as_timeline *t, const struct moment *m, uint32_t *lane_of, uint32_t *given)
{
    lane_of[m->node] = ++*given;
    if (*given <= AS_LANES_MAX)
        t->lanes[t->n++] = (as_lane){.node = m->node, .begin = m->ms};
}

/*
 * Which lane a node has: 1 + its index, or 0. The first is for events of no process;
 * the others go to the processes in the order in which they were first seen.
 */
static void give_lanes(as_timeline *t, const struct moment *m, size_t n, size_t n_nodes,
                       uint32_t *lane_of)
{
    uint32_t given = 0;

    for (size_t i = 0; i < n && given == 0; i++) {
        if (m[i].node == n_nodes)
            give_lane(t, &m[i], lane_of, &given);
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t *lane = &lane_of[m[i].node];

        if (*lane == 0) {
            give_lane(t, &m[i], lane_of, &given);
            t->timed++;
        }
        if (*lane > AS_LANES_MAX)
            continue;
        t->lanes[*lane - 1].end = m[i].ms;
        t->lanes[*lane - 1].events += m[i].event;
    }
}

static void count_calls(as_timeline *t, const as_facts *f, const as_tree *tree,
                        const uint32_t *lane_of)
{
    for (uint32_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);
        uint32_t node;
        uint64_t calls;

        if (fact->kind != AS_KIND_API_TRACE || fact->flags & AS_FACT_GONE)
            continue;
        node = process_above(f, tree, fact);
        if (node != AS_TREE_NONE && lane_of[node] > 0 && lane_of[node] <= AS_LANES_MAX &&
            as_bytes_u64(as_fact_text(f, fact, AS_ATTR_COUNT), &calls))
            t->lanes[lane_of[node] - 1].calls += calls;
    }
}

static void fill_bins(as_timeline *t, const struct moment *m, size_t n, const uint32_t *lane_of)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t lane = lane_of[m[i].node];
        int64_t bin;

        if (!m[i].event || lane > AS_LANES_MAX)
            continue;
        bin = (m[i].ms - t->begin) * AS_LANE_BINS / (t->end - t->begin + 1);
        t->lanes[lane - 1].bins[bin]++;
    }
}

/* From the first to the last moment of what is drawn. */
static void set_extent(as_timeline *t)
{
    t->begin = t->lanes[0].begin;
    t->end = t->begin + 1000;
    for (size_t i = 0; i < t->n; i++) {
        if (t->lanes[i].begin < t->begin)
            t->begin = t->lanes[i].begin;
        if (t->lanes[i].end > t->end)
            t->end = t->lanes[i].end;
    }
}

as_code as_timeline_build(const as_doc *doc, size_t part, const as_tree *tree, as_timeline *ret,
                          as_err *err)
{
    as_timeline t = {0};
    as_buf moments = {0};
    uint32_t *lane_of = as_mem_zero(tree->n + 1, sizeof(*lane_of));
    as_code rc = AS_OK;
    struct moment *m;
    size_t n;

    t.lanes = as_mem_zero(AS_LANES_MAX, sizeof(*t.lanes));
    collect(doc->analysis, part, tree, &moments);
    if (!t.lanes || !lane_of || moments.failed) {
        as_timeline_done(&t);
        rc = as_fail_nomem(err, "the timeline");
        goto out;
    }
    m = (struct moment *)(void *)moments.p;
    n = keep_likely(m, moments.n / sizeof(*m), &t.outside);
    if (n > 0) {
        give_lanes(&t, m, n, tree->n, lane_of);
        set_extent(&t);
        count_calls(&t, doc->analysis->facts, tree, lane_of);
        fill_bins(&t, m, n, lane_of);
    }
    *ret = t;
out:
    as_mem_free(lane_of);
    as_buf_done(&moments);
    return rc;
}

void as_timeline_done(as_timeline *t)
{
    as_mem_free(t->lanes);
    *t = (as_timeline){0};
}

/*
 * Nothing is lost in silence: every value of a report is said by a fact whose
 * evidence holds it, or stands in the coverage. API calls go out one by one and are
 * checked elsewhere; null and "" say nothing.
 */
#include "unit/formats/dom.h"

#include "base/banned.h"

#define DEPTH_MAX 300

/* The facts that point at one node of the tree, as a list. */
struct pointing {
    uint32_t fact, next;
};

struct loss {
    const char *path;
    struct dom dom;
    const as_analysis *a;
    uint32_t *heads; /* by node: 1 + index of the first */
    struct pointing *all;
    size_t n, cap;
    uint32_t stack[DEPTH_MAX]; /* from the root down */
    size_t depth;
    uint64_t values, unmapped;
};

static void point(struct loss *l, uint32_t node, uint32_t fact)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 1024;
        l->all = as_mem_resize(l->all, l->cap * sizeof(*l->all));
        assert_non_null(l->all);
    }
    l->all[l->n++] = (struct pointing){fact, l->heads[node]};
    l->heads[node] = (uint32_t)l->n;
}

static void point_all(struct loss *l)
{
    const as_facts *f = l->a->facts;
    as_buf pointer = {0};

    l->heads = as_mem_zero(l->dom.n + 1, sizeof(*l->heads));
    assert_non_null(l->heads);
    for (uint32_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);
        const as_evidence *e = as_fact_evidence(f, fact);

        for (size_t k = 0; k < fact->n_evidence && !(fact->flags & AS_FACT_GONE); k++) {
            as_buf_reset(&pointer);
            as_facts_pointer(f, &e[k], &pointer);
            point(l, dom_resolve(&l->dom, 1, as_buf_bytes(&pointer), e[k].begin, e[k].end), i);
        }
    }
    as_buf_done(&pointer);
}

static bool says(const struct loss *l, uint32_t number, const struct dom *d, uint32_t node)
{
    const as_facts *f = l->a->facts;
    const as_fact *fact = as_facts_get(f, number);
    const as_attr *attrs = as_fact_attrs(f, fact);

    for (size_t i = 0; i < fact->n_attrs; i++) {
        if (dom_scalar_is(d, node, (as_form)attrs[i].form, as_facts_text(f, attrs[i].str)))
            return true;
    }
    return false;
}

/* Names of columns stand where other reports have keys. */
static bool is_column_names(const struct loss *l, uint32_t node)
{
    return l->depth == 2 && dom_key_is(&l->dom, node, AS_LITERAL("columns")) &&
           dom_member(&l->dom, l->stack[0], "rows");
}

/* From the value itself upwards; `node` of `d`, which is the report or the JSON in a text of it. */
static bool is_said_in(const struct loss *l, const struct dom *d, uint32_t node)
{
    for (size_t i = l->depth; i-- > 0;) {
        for (uint32_t at = l->heads[l->stack[i]]; at; at = l->all[at - 1].next) {
            if (says(l, l->all[at - 1].fact, d, node))
                return true;
        }
    }
    return false;
}

/* In Assemblyline's lists of parts: what the part beside it is, which shows in what it became. */
static bool is_name_of_part(const struct dom *d, uint32_t node)
{
    static const char *const names[] = {"TEXT", "KEY_VALUE", "TABLE", "DIVIDER",
                                        "ORDERED_KEY_VALUE"};

    for (size_t i = 0; i < AS_COUNT(names); i++) {
        if (dom_scalar_is(d, node, AS_FORM_TEXT, as_bytes_of(names[i])))
            return true;
    }
    return false;
}

static bool all_said_in(const struct loss *l, const struct dom *d, uint32_t node)
{
    const struct dom_node *self = &d->nodes[node];
    bool silent = self->type == 'n' || (self->type == '"' && self->end - self->begin == 2) ||
                  self->type == '{' || self->type == '[';

    if (!silent && !is_said_in(l, d, node) && !is_name_of_part(d, node))
        return false;
    for (uint32_t x = self->child; x; x = d->nodes[x].next) {
        if (!all_said_in(l, d, x))
            return false;
    }
    return true;
}

static bool is_said(const struct loss *l, uint32_t node)
{
    struct dom inner;
    bool said = is_said_in(l, &l->dom, node);

    if (!said && dom_inner(&l->dom, node, &inner)) {
        said = all_said_in(l, &inner, 1);
        dom_inner_done(&inner);
    }
    return said;
}

/* Whether a row of the coverage names the value or what it lies in. */
static bool is_unmapped(const struct loss *l)
{
    for (size_t i = 0; i < l->a->coverage.n; i++) {
        as_bytes path = as_facts_text(l->a->facts, l->a->coverage.rows[i].path);
        size_t k = 1;

        while (path.n && k < l->depth) {
            size_t n = 1;
            bool any;

            while (n < path.n && path.p[n] != '/')
                n++;
            any = n == 2 && path.p[1] == '*';
            if (!any && !dom_pointer_key_is(&l->dom, l->stack[k], (as_bytes){path.p + 1, n - 1}))
                break;
            path = (as_bytes){path.p + n, path.n - n};
            k++;
        }
        if (!path.n)
            return true;
    }
    return false;
}

/* Lists of calls, and of Speakeasy each call among other events. */
static bool is_calls(const struct loss *l, uint32_t node)
{
    if (l->depth > 4 && dom_key_is(&l->dom, l->stack[1], AS_LITERAL("entry_points")) &&
        dom_member(&l->dom, node, "api_name"))
        return true;
    return l->depth > 3 && dom_key_is(&l->dom, node, AS_LITERAL("calls")) &&
           dom_key_is(&l->dom, l->stack[1], AS_LITERAL("behavior"));
}

static void check_below(struct loss *l, uint32_t node)
{
    const struct dom_node *self = &l->dom.nodes[node];

    assert_true(l->depth < DEPTH_MAX);
    l->stack[l->depth++] = node;
    if (self->child && is_column_names(l, node)) {
        l->values++;
    } else if (self->child && !is_calls(l, node)) {
        for (uint32_t x = self->child; x; x = l->dom.nodes[x].next)
            check_below(l, x);
    } else if (self->type == '0' || self->type == 't' || self->type == 'f' ||
               (self->type == '"' && self->end - self->begin > 2)) {
        l->values++;
        if (!is_said(l, node)) {
            l->unmapped++;
            if (!is_unmapped(l))
                fail_msg("%s: bytes %u to %u are said by no fact and not counted", l->path,
                         self->begin, self->end);
        }
    }
    l->depth--;
}

static void check_report(void *ctx, const char *path)
{
    struct loss l = {.path = path};
    uint64_t *values = ctx;
    as_analysis *a = NULL;
    as_err err = {0};
    as_bytes in;

    if (is_bad_case(path))
        return;
    in = load(path);
    l.dom = dom_of(in);
    if (read_report(in, NULL, &a, &err))
        fail_msg("%s: %s", path, err.msg);
    l.a = a;
    point_all(&l);
    check_below(&l, 1);
    assert_true(l.unmapped < l.values || !l.values); /* a table may have no row */
    *values += l.values;
    as_mem_free(l.heads);
    as_mem_free(l.all);
    as_analysis_free(a);
    dom_done(&l.dom);
    unload(in);
}

static void no_value_of_the_golden_cases_is_lost(void **state)
{
    uint64_t values = 0;

    (void)state;
    each_report(GOLDEN_FOLDER, check_report, &values);
    assert_true(values > 100);
}

static void no_value_of_the_examples_is_lost(void **state)
{
    uint64_t values = 0;

    (void)state;
    check_report(&values, CAPE_EXAMPLE);
    check_report(&values, CUCKOO_EXAMPLE);
    assert_true(values > 100);
}

static void no_value_of_a_real_report_is_lost(void **state)
{
    uint64_t values = 0;

    (void)state;
    each_real_report(check_report, &values);
    assert_true(values > 100);
}

static void no_value_of_a_result_of_assemblyline_is_lost(void **state)
{
    uint64_t n = 0;

    (void)state;
    each_assemblyline_result(check_report, &n);
    assert_true(n > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_value_of_the_golden_cases_is_lost),
        cmocka_unit_test(no_value_of_the_examples_is_lost),
        cmocka_unit_test(no_value_of_a_real_report_is_lost),
        cmocka_unit_test(no_value_of_a_result_of_assemblyline_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

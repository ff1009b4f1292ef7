/*
 * What must hold for every fact of every report, checked against a tree of the
 * same bytes that another parser made: a fact's evidence is where it says, and
 * holds what the fact says.
 */
#include "unit/formats/dom.h"

#include "base/base.h"

#include "base/banned.h"

#define FACTS_MIN 100 /* an oracle that finds nothing to check is none */

struct check {
    const char *path;
    struct dom dom;
    uint64_t calls;
    uint32_t call; /* the node where the next call is looked for */
    uint64_t facts, values;
};

/* --- does a value hold a text? ---------------------------------------------------- */

/* "@name", the key of what was an XML attribute, names it. */
static bool is_xml_name(const struct dom *d, uint32_t node, as_bytes text)
{
    uint32_t key = d->nodes[node].key;

    return key && d->in.p[key] == '@' && dom_means(d, key + 1, d->nodes[node].key_end, text);
}

/* A family stands among a run's tags as "family:name". */
static bool is_family_tag(const struct dom *d, uint32_t node, as_bytes text)
{
    const struct dom_node *x = &d->nodes[node];

    return x->type == '"' && x->end - x->begin > 9 && !memcmp(d->in.p + x->begin, "\"family:", 8) &&
           dom_means(d, x->begin + 8, x->end - 1, text);
}

static bool holds(const struct dom *d, uint32_t node, as_form form, as_bytes text, unsigned depth)
{
    bool key_may = form == AS_FORM_TEXT || (form == AS_FORM_NUMBER && dom_is_digits(text));

    struct dom inner;

    if (dom_scalar_is(d, node, form, text))
        return true;
    if (!depth)
        return false;
    if (dom_inner(d, node, &inner)) {
        bool found = holds(&inner, 1, form, text, depth);

        dom_inner_done(&inner);
        return found;
    }
    for (uint32_t x = d->nodes[node].child; x; x = d->nodes[x].next) {
        if ((key_may && (dom_key_is(d, x, text) || is_xml_name(d, x, text))) ||
            holds(d, x, form, text, depth - 1))
            return true;
    }
    return false;
}

static bool evidence_holds(struct check *c, const as_facts *f, const as_fact *fact, as_form form,
                           as_bytes text, unsigned depth)
{
    const as_evidence *e = as_fact_evidence(f, fact);
    as_buf pointer = {0};
    bool found = false;

    for (size_t i = 0; i < fact->n_evidence && !found; i++) {
        uint32_t node;

        as_buf_reset(&pointer);
        as_facts_pointer(f, &e[i], &pointer);
        node = dom_resolve(&c->dom, 1, as_buf_bytes(&pointer), e[i].begin, e[i].end);
        found = node && (holds(&c->dom, node, form, text, depth) ||
                         (fact->kind == AS_KIND_FAMILY && is_family_tag(&c->dom, node, text)));
    }
    as_buf_done(&pointer);
    return found;
}

/* The members of a value first: what a fact says is seldom deep below. */
static bool is_held(struct check *c, const as_facts *f, uint32_t number, as_form form,
                    as_bytes text)
{
    static const unsigned depths[] = {1, 2, 300};

    for (size_t i = 0; i < AS_COUNT(depths); i++) {
        uint32_t at = number;

        for (; at != AS_NO_FACT; at = as_fact_parent(f, as_facts_get(f, at))) {
            if (evidence_holds(c, f, as_facts_get(f, at), form, text, depths[i]))
                return true;
        }
    }
    return false;
}

/* --- facts ------------------------------------------------------------------------ */

/* Counted by the reader, so in no evidence. */
static bool is_counted(const as_fact *fact, unsigned name)
{
    if (fact->kind != AS_KIND_API_TRACE && fact->kind != AS_KIND_API_USE)
        return false;
    return name == AS_ATTR_COUNT || name == AS_ATTR_FAILED || name == AS_ATTR_STARTED ||
           name == AS_ATTR_ENDED || name == AS_ATTR_CATEGORY;
}

/* "<sha256>_<sandbox>", the id of a run, is where VirusTotal names the file. */
static bool is_hash_in_id(const struct check *c, const as_facts *f, const as_fact *fact,
                          unsigned name, as_bytes text)
{
    const as_evidence *e = as_fact_evidence(f, fact);

    if (fact->kind != AS_KIND_SAMPLE || name != AS_ATTR_SHA256 || text.n != 64)
        return false;
    for (size_t i = 0; i < fact->n_evidence; i++) {
        as_bytes value = {c->dom.in.p + e[i].begin, (size_t)(e[i].end - e[i].begin)};

        if (value.n > 66 && value.p[0] == '"' && value.p[65] == '_' &&
            !memcmp(value.p + 1, text.p, text.n))
            return true;
    }
    return false;
}

static void check_evidence(struct check *c, const as_facts *f, uint32_t number)
{
    const as_fact *fact = as_facts_get(f, number);
    const as_evidence *e = as_fact_evidence(f, fact);
    as_buf pointer = {0};

    assert_true(fact->n_evidence >= 1);
    for (size_t i = 0; i < fact->n_evidence; i++) {
        as_buf_reset(&pointer);
        as_facts_pointer(f, &e[i], &pointer);
        assert_false(pointer.failed);
        if (!dom_resolve(&c->dom, 1, as_buf_bytes(&pointer), e[i].begin, e[i].end))
            fail_msg("%s: fact %u (%s): '%.*s' is not bytes %llu to %llu", c->path, number,
                     as_kind_get((as_kind)fact->kind)->name, (int)pointer.n,
                     (const char *)pointer.p, (unsigned long long)e[i].begin,
                     (unsigned long long)e[i].end);
    }
    as_buf_done(&pointer);
}

static void check_attrs(struct check *c, const as_facts *f, uint32_t number)
{
    const as_fact *fact = as_facts_get(f, number);
    const as_attr *attrs = as_fact_attrs(f, fact);

    for (size_t i = 0; i < fact->n_attrs; i++) {
        as_bytes text = as_facts_text(f, attrs[i].str);
        char shown[100];

        c->values++;
        if (is_counted(fact, attrs[i].name) || is_hash_in_id(c, f, fact, attrs[i].name, text) ||
            is_held(c, f, number, (as_form)attrs[i].form, text))
            continue;
        fail_msg("%s: fact %u (%s): no evidence holds its %s '%s'", c->path, number,
                 as_kind_get((as_kind)fact->kind)->name,
                 as_attr_get((as_attr_name)attrs[i].name)->name,
                 as_bytes_show(text, shown, sizeof(shown)));
    }
}

static void check_parent(const as_facts *f, uint32_t number)
{
    size_t steps = 0;

    for (uint32_t at = as_fact_parent(f, as_facts_get(f, number)); at != AS_NO_FACT;
         at = as_fact_parent(f, as_facts_get(f, at))) {
        assert_true(at < as_facts_count(f) && at != number);
        assert_false(as_facts_get(f, at)->flags & AS_FACT_GONE);
        assert_true(++steps < 1000);
    }
}

/* What of the tree a row of the coverage may mean: "*" is any index or key. */
static void sum_matches(struct dom *d, uint32_t node, as_bytes path, uint64_t *ret_n,
                        uint64_t *ret_bytes)
{
    size_t n = 1;
    as_bytes rest;
    bool any;

    if (!path.n) {
        ++*ret_n;
        *ret_bytes += d->nodes[node].end - d->nodes[node].begin;
        return;
    }
    while (n < path.n && path.p[n] != '/')
        n++;
    rest = (as_bytes){path.p + n, path.n - n};
    any = n == 2 && path.p[1] == '*';
    for (uint32_t x = d->nodes[node].child; x; x = d->nodes[x].next) {
        if (any || dom_pointer_key_is(d, x, (as_bytes){path.p + 1, n - 1}))
            sum_matches(d, x, rest, ret_n, ret_bytes);
    }
}

static void check_coverage(struct check *c, const as_analysis *a, as_bytes in)
{
    uint64_t sum = a->coverage.mapped_bytes;

    for (size_t i = 0; i < a->coverage.n; i++) {
        const as_unmapped *row = &a->coverage.rows[i];
        uint64_t n = 0, bytes = 0;

        sum_matches(&c->dom, 1, as_facts_text(a->facts, row->path), &n, &bytes);
        assert_true(row->count > 0 && row->count <= n);
        assert_true(row->bytes >= row->count && row->bytes <= bytes);
        sum += row->bytes;
    }
    assert_int_equal(sum, a->coverage.total_bytes);
    assert_int_equal(a->coverage.total_bytes, in.n);
}

/* --- API calls ---------------------------------------------------------------------- */

static uint64_t count_calls(const struct dom *d, uint32_t process)
{
    uint32_t calls = dom_member(d, process, "calls"), children;
    uint64_t n = 0;

    if (calls && d->nodes[calls].type == '[') {
        for (uint32_t x = d->nodes[calls].child; x; x = d->nodes[x].next)
            n += d->nodes[x].type == '{';
    }
    children = dom_member(d, process, "children");
    for (uint32_t x = children ? d->nodes[children].child : 0; x; x = d->nodes[x].next)
        n += count_calls(d, x);
    return n;
}

/* Joe Sandbox: objects under "call" that name an API, below the list of processes. */
static uint64_t count_symbols(const struct dom *d, uint32_t node)
{
    uint64_t n = d->nodes[node].type == '{' && dom_member(d, node, "symbol");

    for (uint32_t x = d->nodes[node].child; x; x = d->nodes[x].next)
        n += count_symbols(d, x);
    return n;
}

/* Speakeasy: every event that names an API. */
static uint64_t count_emulated(const struct dom *d)
{
    static const char *const lists[] = {"apis", "events"};
    uint32_t points = dom_member(d, 1, "entry_points");
    uint64_t n = 0;

    for (uint32_t x = points ? d->nodes[points].child : 0; x; x = d->nodes[x].next) {
        for (size_t i = 0; i < AS_COUNT(lists); i++) {
            uint32_t list = dom_member(d, x, lists[i]);

            for (uint32_t e = list ? d->nodes[list].child : 0; e; e = d->nodes[e].next)
                n += dom_member(d, e, "api_name") != 0;
        }
    }
    return n;
}

static uint64_t count_all_calls(const struct dom *d)
{
    static const char *const lists[] = {"processes", "processtree", "generic"};
    uint32_t behavior = dom_member(d, 1, "behavior"), analysis = dom_member(d, 1, "analysis"), list;
    uint64_t n = count_emulated(d);

    if (analysis && dom_member(d, analysis, "generalinfo"))
        return count_symbols(d, analysis);

    for (size_t i = 0; behavior && i < AS_COUNT(lists); i++) {
        list = dom_member(d, behavior, lists[i]);
        if (list && d->nodes[list].type == '{')
            n += count_calls(d, list);
        for (uint32_t x = list ? d->nodes[list].child : 0; x; x = d->nodes[x].next)
            n += count_calls(d, x);
    }
    return n;
}

static bool member_is(const struct dom *d, uint32_t object, const char *key, as_bytes text)
{
    uint32_t x = dom_member(d, object, key);

    return x &&
           (d->nodes[x].type == '"' ? dom_means(d, d->nodes[x].begin + 1, d->nodes[x].end - 1, text)
                                    : dom_means(d, d->nodes[x].begin, d->nodes[x].end, text));
}

/* Calls come in the order of the input, so the tree's nodes are gone through once. */
static as_code check_call(void *ctx, const as_call *call, as_err *err)
{
    struct check *c = ctx;
    const struct dom *d = &c->dom;

    (void)err;
    c->calls++;
    while (c->call < d->n && d->nodes[c->call].begin < call->begin)
        c->call++;
    assert_int_equal(d->nodes[c->call].begin, call->begin);
    assert_int_equal(d->nodes[c->call].end, call->end);
    assert_int_equal(d->nodes[c->call].type, '{');
    if (call->api.n)
        assert_true(member_is(d, c->call, "api", call->api) ||
                    member_is(d, c->call, "symbol", call->api) ||
                    member_is(d, c->call, "api_name", call->api));
    if (call->time.n)
        assert_true(member_is(d, c->call, "timestamp", call->time) ||
                    member_is(d, c->call, "time", call->time));
    if (call->ret.n)
        assert_true(member_is(d, c->call, "return", call->ret) ||
                    member_is(d, c->call, "return_value", call->ret) ||
                    member_is(d, c->call, "ret_val", call->ret));
    return AS_OK;
}

/* --- the reports ---------------------------------------------------------------------- */

static void check_report(void *ctx, const char *path)
{
    struct check c = {.path = path, .call = 1};
    as_read_options options = {.on_call = check_call, .call_ctx = &c};
    as_analysis *a = NULL;
    uint64_t *facts = ctx;
    as_err err = {0};
    as_bytes in;

    if (is_bad_case(path))
        return;
    in = load(path);
    c.dom = dom_of(in);
    if (read_report(in, &options, &a, &err))
        fail_msg("%s: %s", path, err.msg);
    for (uint32_t i = 0; i < as_facts_count(a->facts); i++) {
        if (as_facts_get(a->facts, i)->flags & AS_FACT_GONE)
            continue;
        check_evidence(&c, a->facts, i);
        check_parent(a->facts, i);
        check_attrs(&c, a->facts, i);
        c.facts++;
    }
    check_coverage(&c, a, in);
    assert_int_equal(c.calls, count_all_calls(&c.dom));
    assert_int_equal(c.calls, a->calls);
    *facts += c.facts;
    as_analysis_free(a);
    dom_done(&c.dom);
    unload(in);
}

static void evidence_of_the_golden_cases_holds_their_facts(void **state)
{
    uint64_t facts = 0;

    (void)state;
    each_report(GOLDEN_FOLDER, check_report, &facts);
    assert_true(facts > FACTS_MIN);
}

static void evidence_of_the_examples_holds_their_facts(void **state)
{
    uint64_t facts = 0;

    (void)state;
    check_report(&facts, CAPE_EXAMPLE);
    check_report(&facts, CUCKOO_EXAMPLE);
    assert_true(facts > FACTS_MIN);
}

static void evidence_of_real_reports_holds_their_facts(void **state)
{
    uint64_t facts = 0;

    (void)state;
    each_real_report(check_report, &facts);
    assert_true(facts > FACTS_MIN);
}

static void evidence_of_the_results_of_assemblyline_holds_their_facts(void **state)
{
    uint64_t n = 0;

    (void)state;
    each_assemblyline_result(check_report, &n);
    assert_true(n > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_of_the_golden_cases_holds_their_facts),
        cmocka_unit_test(evidence_of_the_examples_holds_their_facts),
        cmocka_unit_test(evidence_of_real_reports_holds_their_facts),
        cmocka_unit_test(evidence_of_the_results_of_assemblyline_holds_their_facts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

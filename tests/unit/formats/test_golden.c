/*
 * Each report in tests/golden/formats against the facts that stand beside it.
 * ASSAY_GOLDEN=write writes them anew.
 */
#include "unit/formats/reports.h"

#include "base/jsonw.h"

#include <inttypes.h>

#include "base/banned.h"

/* Inputs of many records: their pointers begin with a record's number. */
#define LOG_FOLDER "tests/golden/logs"

struct totals {
    bool kinds[AS_KIND_COUNT];
    size_t cases;
};

static void put_evidence(as_buf *out, const as_facts *f, const as_evidence *e)
{
    as_buf_byte(out, ' ');
    if (e->node == 0 && e->last == AS_STEP_NONE)
        as_buf_text(out, "\"\"");
    as_facts_pointer(f, e, out);
    as_buf_printf(out, " %" PRIu64 "-%" PRIu64, e->begin, e->end);
}

static void put_attrs(as_buf *out, const as_facts *f, const as_fact *fact)
{
    const as_attr *attrs = as_fact_attrs(f, fact);

    for (size_t i = 0; i < fact->n_attrs; i++) {
        as_jsonw w = as_jsonw_to(out, 0);
        as_bytes text = as_facts_text(f, attrs[i].str);

        as_buf_printf(out, "\n    %s ", as_attr_get((as_attr_name)attrs[i].name)->name);
        if (attrs[i].form == AS_FORM_TEXT)
            as_jsonw_str(&w, text);
        else
            as_buf_add(out, text);
    }
}

static void put_fact(as_buf *out, const as_facts *f, uint32_t number)
{
    const as_fact *fact = as_facts_get(f, number);
    const as_evidence *e = as_fact_evidence(f, fact);
    uint32_t parent = as_fact_parent(f, fact);

    as_buf_printf(out, "%" PRIu32 " %s", number, as_kind_get((as_kind)fact->kind)->name);
    if (parent != AS_NO_FACT)
        as_buf_printf(out, " of %" PRIu32, parent);
    for (size_t i = 0; i < fact->n_evidence; i++) {
        as_buf_text(out, i ? "\n    also" : "");
        put_evidence(out, f, &e[i]);
    }
    put_attrs(out, f, fact);
    as_buf_byte(out, '\n');
}

static void put_named(as_buf *out, const char *name, as_bytes text)
{
    as_jsonw w = as_jsonw_to(out, 0);

    if (!text.n)
        return;
    as_buf_printf(out, " %s ", name);
    as_jsonw_str(&w, text);
}

static as_code put_call(void *ctx, const as_call *c, as_err *err)
{
    as_buf *out = ctx;

    (void)err;
    as_buf_printf(out, "call %" PRIu64 " of %" PRIu32 " %" PRIu64 "-%" PRIu64 "%s x%" PRIu64,
                  c->index, c->process, c->begin, c->end, c->failed ? " failed" : "",
                  c->repeated + 1);
    put_named(out, "id", c->id);
    put_named(out, "api", c->api);
    put_named(out, "category", c->category);
    put_named(out, "time", c->time);
    put_named(out, "thread", c->thread);
    put_named(out, "caller", c->caller);
    put_named(out, "parent_caller", c->parent_caller);
    put_named(out, "status", c->status);
    put_named(out, "return", c->ret);
    put_named(out, "pretty", c->pretty_ret);
    for (size_t i = 0; i < c->n_args; i++) {
        as_buf_text(out, "\n   ");
        put_named(out, "argument", c->args[i].name);
        put_named(out, "value", c->args[i].value);
        put_named(out, "pretty", c->args[i].pretty);
    }
    as_buf_byte(out, '\n');
    return AS_OK;
}

static void put_analysis(as_buf *out, const as_analysis *a, struct totals *t)
{
    as_jsonw w = as_jsonw_to(out, 0);

    as_buf_printf(out, "%s ", a->tool);
    as_jsonw_str(&w, as_facts_text(a->facts, a->tool_version));
    as_buf_printf(out, " gaps %" PRIu32 " calls %" PRIu64 " repeated keys %" PRIu64, a->gaps,
                  a->calls, a->doubts.duplicate_keys);
    as_buf_printf(out, " lone surrogates %" PRIu64 " mapped %" PRIu64 " of %" PRIu64 "\n",
                  a->doubts.lone_surrogates, a->coverage.mapped_bytes, a->coverage.total_bytes);
    if (a->bad_lines)
        as_buf_printf(out, "bad records %" PRIu64 ", the first %" PRIu64 "\n", a->bad_lines,
                      a->first_bad_line);
    for (uint32_t i = 0; i < as_facts_count(a->facts); i++) {
        const as_fact *fact = as_facts_get(a->facts, i);

        if (fact->flags & AS_FACT_GONE)
            continue;
        t->kinds[fact->kind] = true;
        put_fact(out, a->facts, i);
    }
    for (size_t i = 0; i < a->coverage.n; i++) {
        const as_unmapped *row = &a->coverage.rows[i];

        as_buf_printf(out, "%s ", row->known ? "left out" : "unmapped");
        w = as_jsonw_to(out, 0);
        as_jsonw_str(&w, as_facts_text(a->facts, row->path));
        as_buf_printf(out, " %" PRIu64 " times %" PRIu64 " bytes\n", row->count, row->bytes);
    }
}

static void compare(const char *path, as_bytes have)
{
    const char *write = getenv("ASSAY_GOLDEN");
    as_bytes want;

    if (write && !strcmp(write, "write")) {
        FILE *out = fopen(path, "wb");

        assert_non_null(out);
        assert_int_equal(fwrite(have.p, 1, have.n, out), have.n);
        assert_int_equal(fclose(out), 0);
        return;
    }
    want = load(path);
    for (size_t i = 0, line = 1; i < have.n || i < want.n; i++) {
        if (i >= have.n || i >= want.n || have.p[i] != want.p[i])
            fail_msg("%s, line %zu: not what was read now", path, line);
        line += have.p[i] == '\n';
    }
    unload(want);
}

static void check_case(void *ctx, const char *path)
{
    struct totals *t = ctx;
    as_buf out = {0};
    as_read_options options = {.on_call = put_call, .call_ctx = &out};
    as_bytes in = load(path);
    as_analysis *a = NULL;
    as_err err = {0};
    char facts[PATH_MAX];
    as_code rc = read_report(in, &options, &a, &err);

    if (rc)
        as_buf_reset(&out); /* calls go out before the end of the report is known */
    if (strstr(path, "(limit)"))
        assert_int_equal(rc, AS_LIMIT);
    else if (strstr(path, "(fail)"))
        assert_true(rc == AS_INVALID || rc == AS_UNKNOWN);
    else if (rc)
        fail_msg("%s: %s", path, err.msg);
    if (rc && err.offset == AS_NO_OFFSET)
        as_buf_printf(&out, "%s: %s\n", as_code_name(rc), err.msg);
    else if (rc)
        as_buf_printf(&out, "%s at byte %zu: %s\n", as_code_name(rc), err.offset, err.msg);
    else
        put_analysis(&out, a, t);
    assert_false(out.failed);
    (void)snprintf(facts, sizeof(facts), "%.*s.facts", (int)(strrchr(path, '.') - path), path);
    compare(facts, as_buf_bytes(&out));
    t->cases++;
    as_analysis_free(a);
    as_buf_done(&out);
    unload(in);
}

static void every_case_gives_the_facts_beside_it(void **state)
{
    struct totals t = {0};

    (void)state;
    each_report(GOLDEN_FOLDER, check_case, &t);
    each_report(LOG_FOLDER, check_case, &t);
    each_log(LOG_FOLDER, check_case, &t);
    assert_true(t.cases >= 20);
    for (int k = 0; k < AS_KIND_COUNT; k++) {
        if (!t.kinds[k])
            fail_msg("no case has a fact of kind %s", as_kind_get((as_kind)k)->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_gives_the_facts_beside_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

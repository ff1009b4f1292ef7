/*
 * Assemblyline: what a result tells, JSON in texts included, and that one thing told in
 * several lists is one fact. The real results are counted by a tree of the same bytes.
 */
#include "unit/formats/dom.h"
#include "unit/formats/told.h"

#include "base/base.h"

#include "base/banned.h"

#define SECTION(rest)  "{\"title_text\":\"T\",\"body_format\":" rest "}"
#define RESULT(inside) "{\"result\":{\"score\":7,\"sections\":[" inside "]}}"
#define FLOW                                                                                       \
    "\\\"src_ip\\\":\\\"10.0.0.2\\\",\\\"src_port\\\":5,\\\"dest_ip\\\":\\\"10.0.0.9\\\","         \
    "\\\"dest_port\\\":80"

static as_analysis *read_text(const char *text)
{
    as_analysis *a = NULL;
    as_err err = {0};

    if (read_report(as_bytes_of(text), NULL, &a, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(a->tool, "Assemblyline");
    return a;
}

static void assert_at(const as_analysis *a, const as_fact *fact, const char *pointer)
{
    as_buf b = {0};

    assert_non_null(fact);
    as_facts_pointer(a->facts, as_fact_evidence(a->facts, fact), &b);
    if (!as_bytes_is(as_buf_bytes(&b), pointer))
        fail_msg("'%.*s' is not '%s'", (int)b.n, (const char *)b.p, pointer);
    as_buf_done(&b);
}

/* --- bodies ---------------------------------------------------------------------------------- */

static void a_table_in_a_text_is_connections_whose_evidence_is_the_text(void **state)
{
    as_analysis *a = read_text(RESULT(
        SECTION("\"TABLE\",\"body\":\"[{" FLOW ",\\\"protocol\\\":\\\"tcp\\\"},{\\\"x\\\":1}]\"")));
    const as_fact *flow = nth(a->facts, AS_KIND_CONNECTION, 0);
    const as_evidence *e;

    (void)state;
    assert_int_equal(count_of(a->facts, AS_KIND_CONNECTION), 1);
    assert_attr(a->facts, flow, AS_ATTR_SRC, "10.0.0.2");
    assert_attr(a->facts, flow, AS_ATTR_SPORT, "5");
    assert_attr(a->facts, flow, AS_ATTR_DST, "10.0.0.9");
    assert_attr(a->facts, flow, AS_ATTR_DPORT, "80");
    assert_at(a, flow, "/result/sections/0/body");
    e = as_fact_evidence(a->facts, flow);
    assert_int_equal(flow->n_evidence, 1);
    assert_true(e->end - e->begin > 80);
    assert_attr(a->facts, nth(a->facts, AS_KIND_TABLE_ROW, 0), AS_ATTR_FIELD, "x");
    assert_attr(a->facts, nth(a->facts, AS_KIND_TABLE_ROW, 0), AS_ATTR_FIELD_VALUE, "1");
    assert_int_equal(a->coverage.mapped_bytes, a->coverage.total_bytes);
    as_analysis_free(a);
}

static void the_end_of_time_is_no_end(void **state)
{
    as_analysis *a = read_text(
        "{\"analysis_information\":{\"sandbox_name\":\"CAPE\"},\"processes\":["
        "{\"pid\":1,\"image\":\"C:\\\\a.exe\",\"end_time\":\"9999-12-31 23:59:59.999999\"},"
        "{\"pid\":2,\"ppid\":1,\"image\":\"C:\\\\b.exe\",\"end_time\":\"2026-01-01 00:00:00\"}]}");
    const as_fact *first = nth(a->facts, AS_KIND_PROCESS, 0),
                  *second = nth(a->facts, AS_KIND_PROCESS, 1);

    (void)state;
    assert_attr(a->facts, first, AS_ATTR_OPEN_END, "9999-12-31 23:59:59.999999");
    assert_attr(a->facts, first, AS_ATTR_ENDED, "");
    assert_attr(a->facts, second, AS_ATTR_ENDED, "2026-01-01 00:00:00");
    assert_attr(a->facts, second, AS_ATTR_OPEN_END, "");
    assert_int_equal(a->gaps, AS_GAP_NO_END); /* of the run */
    as_analysis_free(a);
}

static void a_tree_of_processes_keeps_who_started_whom(void **state)
{
    as_analysis *a = read_text(RESULT(SECTION(
        "\"PROCESS_TREE\",\"body\":\"[{\\\"process_pid\\\":10,\\\"process_name\\\":\\\"a\\\","
        "\\\"children\\\":[{\\\"process_pid\\\":11,\\\"process_name\\\":\\\"b\\\","
        "\\\"children\\\":[{\\\"process_pid\\\":12}]}]}]\"")));

    (void)state;
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), 3);
    for (size_t i = 1; i < 3; i++) {
        const as_fact *child = NULL, *parent = NULL;

        for (size_t k = 0; k < 3; k++) {
            const as_fact *p = nth(a->facts, AS_KIND_PROCESS, k);
            as_bytes pid = as_fact_text(a->facts, p, AS_ATTR_PID);

            child = as_bytes_is(pid, i == 1 ? "11" : "12") ? p : child;
            parent = as_bytes_is(pid, i == 1 ? "10" : "11") ? p : parent;
        }
        assert_non_null(child);
        assert_ptr_equal(as_facts_get(a->facts, as_fact_parent(a->facts, child)), parent);
    }
    as_analysis_free(a);
}

static void one_number_of_two_programs_is_two_processes(void **state)
{
    as_analysis *a = read_text("{\"odm_type\":\"Assemblyline Result Ontology\",\"processes\":["
                               "{\"pid\":7,\"image\":\"C:\\\\a\\\\one.exe\"},"
                               "{\"pid\":7,\"image\":\"C:\\\\a\\\\two.exe\"},"
                               "{\"pid\":7,\"image\":\"\\\\Device\\\\D1\\\\a\\\\ONE.exe\"}]}");

    (void)state;
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), 2);
    assert_int_equal(nth(a->facts, AS_KIND_PROCESS, 0)->n_evidence, 2);
    assert_attr(a->facts, nth(a->facts, AS_KIND_PROCESS, 1), AS_ATTR_PATH, "C:\\a\\two.exe");
    as_analysis_free(a);
}

static void what_is_no_json_stays_a_text(void **state)
{
    as_analysis *a = read_text(RESULT(SECTION("\"TABLE\",\"body\":\"[{\\\"cut\\\":\"") "," SECTION(
        "\"TEXT\",\"body\":\"plain\"") "," SECTION("\"TEXT\",\"body\":\"[1] first\"")));

    (void)state;
    assert_int_equal(count_of(a->facts, AS_KIND_RESULT_SECTION), 3);
    assert_attr(a->facts, nth(a->facts, AS_KIND_RESULT_SECTION, 0), AS_ATTR_DESCRIPTION,
                "[{\"cut\":");
    assert_attr(a->facts, nth(a->facts, AS_KIND_RESULT_SECTION, 1), AS_ATTR_DESCRIPTION, "plain");
    assert_attr(a->facts, nth(a->facts, AS_KIND_RESULT_SECTION, 2), AS_ATTR_DESCRIPTION,
                "[1] first");
    as_analysis_free(a);
}

static void a_body_that_is_no_text_is_read_alike(void **state)
{
    as_analysis *a = read_text(
        RESULT("{\"body\":[{\"src_ip\":\"10.0.0.2\",\"dest_ip\":\"10.0.0.9\",\"dest_port\":80,"
               "\"up\":true,\"down\":false,\"none\":null,\"list\":[1,[2,{}],\"x\\\"y\"]}],"
               "\"body_format\":\"TABLE\"}"));
    const as_fact *flow = nth(a->facts, AS_KIND_CONNECTION, 0);
    static const char *const values[] = {"true", "false", "1", "2", "x\"y"};
    size_t n = 0;

    (void)state;
    assert_attr(a->facts, flow, AS_ATTR_DPORT, "80");
    assert_at(a, flow, "/result/sections/0/body");
    for (size_t i = 0; i < flow->n_attrs; i++) {
        const as_attr *attr = &as_fact_attrs(a->facts, flow)[i];

        if (attr->name != AS_ATTR_FIELD_VALUE)
            continue;
        assert_true(n < AS_COUNT(values));
        assert_true(as_bytes_is(as_facts_text(a->facts, attr->str), values[n++]));
    }
    assert_int_equal(n, AS_COUNT(values));
    as_analysis_free(a);
}

/* --- one thing, several lists ------------------------------------------------------------------
 */

#define SANDBOX                                                                                    \
    SECTION(                                                                                       \
        "\"SANDBOX\",\"body\":\"{\\\"signatures\\\":[{\\\"name\\\":\\\"drops\\\","                 \
        "\\\"score\\\":30,\\\"description\\\":\\\"Drops\\\"},{\\\"name\\\":\\\"other\\\"}],"       \
        "\\\"network_connections\\\":[{\\\"source_ip\\\":\\\"10.0.0.2\\\",\\\"source_port\\\":5,"  \
        "\\\"destination_ip\\\":\\\"10.0.0.9\\\",\\\"destination_port\\\":80,"                     \
        "\\\"time_observed\\\":\\\"t1\\\"},{\\\"source_ip\\\":\\\"10.0.0.2\\\","                   \
        "\\\"source_port\\\":5,\\\"destination_ip\\\":\\\"10.0.0.9\\\","                           \
        "\\\"destination_port\\\":80,\\\"time_observed\\\":\\\"t2\\\"}]}\"")

static void one_connection_in_two_lists_is_one_fact(void **state)
{
    as_analysis *a = read_text(RESULT(SANDBOX "," SECTION("\"TABLE\",\"body\":\"[{" FLOW
                                                          ",\\\"timestamp\\\":\\\"t1\\\"},{" FLOW
                                                          ",\\\"timestamp\\\":\\\"t3\\\"}]\"")));

    (void)state;
    assert_int_equal(count_of(a->facts, AS_KIND_CONNECTION), 3); /* t1 once, t2, t3 */
    assert_int_equal(nth(a->facts, AS_KIND_CONNECTION, 0)->n_evidence, 2);
    assert_int_equal(nth(a->facts, AS_KIND_CONNECTION, 1)->n_evidence, 1);
    as_analysis_free(a);
}

static void a_section_that_is_a_signature_joins_it_unless_they_differ(void **state)
{
    static const char section[] = RESULT(
        "{\"title_text\":\"Signature: drops\",\"body\":null,\"heuristic\":{\"heur_id\":1,"
        "\"score\":30,\"name\":\"H\",\"signature\":[{\"name\":\"X:drops\",\"frequency\":1}]}},"
        "{\"title_text\":\"Signature: other\",\"heuristic\":{\"heur_id\":1,\"name\":\"H\"},"
        "\"body_format\":\"MULTI\",\"body\":\"[[\\\"TEXT\\\",\\\"Another\\\"],[\\\"KEY_VALUE\\\","
        "{\\\"ip\\\":\\\"10.0.0.9\\\"}]]\"}," SANDBOX);
    as_analysis *a = read_text(section);
    const as_fact *drops = nth(a->facts, AS_KIND_SIGNATURE, 0),
                  *other = nth(a->facts, AS_KIND_SIGNATURE, 1);

    (void)state;
    assert_int_equal(count_of(a->facts, AS_KIND_SIGNATURE), 2);
    assert_attr(a->facts, drops, AS_ATTR_NAME, "drops");
    assert_attr(a->facts, drops, AS_ATTR_TITLE, "Signature: drops");
    assert_attr(a->facts, drops, AS_ATTR_DESCRIPTION, "Drops");
    assert_attr(a->facts, other, AS_ATTR_NAME, "other");
    assert_attr(a->facts, other, AS_ATTR_DESCRIPTION, "Another");
    assert_int_equal(count_of(a->facts, AS_KIND_MARK), 2);
    assert_ptr_equal(
        as_facts_get(a->facts, as_fact_parent(a->facts, nth(a->facts, AS_KIND_MARK, 1))), other);
    as_analysis_free(a);

    a = read_text(RESULT("{\"title_text\":\"Signature: drops\",\"heuristic\":{\"heur_id\":1,"
                         "\"score\":99}}," SANDBOX));
    assert_int_equal(count_of(a->facts, AS_KIND_SIGNATURE), 3);
    as_analysis_free(a);
}

/* --- documents -----------------------------------------------------------------------------------
 */

static void the_file_is_the_sample(void **state)
{
    as_analysis *a = read_text("{\"sha256\":\""
                               "ab\",\"size\":3,\"result\":{\"sections\":[]}}");

    (void)state;
    assert_attr(a->facts, as_facts_get(a->facts, a->sample), AS_ATTR_SHA256, "ab");
    assert_at(a, as_facts_get(a->facts, a->sample), "");
    assert_int_equal(a->gaps, 0); /* no sandbox, so nothing had to run */
    as_analysis_free(a);

    a = read_text("{\"odm_type\":\"Assemblyline Result Ontology\",\"file\":{\"md5\":\"12\","
                  "\"sha1\":\"34\",\"sha256\":\"56\"},\"results\":{\"tags\":{}}}");
    assert_attr(a->facts, as_facts_get(a->facts, a->sample), AS_ATTR_MD5, "12");
    assert_attr(a->facts, as_facts_get(a->facts, a->sample), AS_ATTR_SHA256, "56");
    as_analysis_free(a);
}

static void documents_on_lines_are_told_apart(void **state)
{
    as_analysis *a =
        read_text("{\"odm_type\":\"Assemblyline Result Ontology\",\"file\":{"
                  "\"sha256\":\"01\"},\"signatures\":[{\"name\":\"s\"}]}\n"
                  "{\"signatures\":[{\"name\":\"lost\"},\n"
                  "{\"file\":{\"sha256\":\"02\"},\"signatures\":[{\"name\":\"s\"}]}\n");

    (void)state;
    assert_int_equal(a->bad_lines, 1);
    assert_int_equal(a->first_bad_line, 2);
    assert_int_equal(count_of(a->facts, AS_KIND_SAMPLE), 2);
    assert_int_equal(count_of(a->facts, AS_KIND_SIGNATURE), 2);
    assert_at(a, nth(a->facts, AS_KIND_SIGNATURE, 1), "#3/signatures/0");
    as_analysis_free(a);
}

static void a_run_without_processes_or_end_has_gaps(void **state)
{
    as_analysis *a = read_text("{\"sandboxes\":[{\"sandbox_name\":\"CAPE\"}],\"processes\":[],"
                               "\"api_error_message\":\"timed out\"}");

    (void)state;
    assert_int_equal(a->gaps, AS_GAP_NO_END | AS_GAP_NOTHING | AS_GAP_ERRORS);
    as_analysis_free(a);
}

static void what_has_no_section_and_no_list_is_refused(void **state)
{
    static const char *const texts[] = {"{}", "{\"result\":{}}", "[]", "3", "{\"file\":{}}"};
    as_read_options options = {.format = "assemblyline"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(texts); i++) {
        as_analysis *a = NULL;
        as_err err = {0};

        assert_int_equal(read_report(as_bytes_of(texts[i]), &options, &a, &err), AS_UNKNOWN);
        assert_null(a);
        assert_true(strstr(err.msg, "Assemblyline") != NULL);
    }
}

/* --- real results
 * ---------------------------------------------------------------------------------- */

struct totals {
    size_t results, sections, processes;
};

static uint32_t length(const struct dom *d, uint32_t object, const char *key)
{
    uint32_t list = dom_member(d, object, key);

    return list && d->nodes[list].type == '[' ? d->nodes[list].n : 0;
}

static void check_lists(const as_analysis *a, const struct dom *d, uint32_t object)
{
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), length(d, object, "processes"));
    assert_int_equal(count_of(a->facts, AS_KIND_CONNECTION) + count_of(a->facts, AS_KIND_DNS),
                     length(d, object, "network_connections"));
}

/* Of all processes, those whose end is the end of time. */
static size_t open_ends(const as_analysis *a)
{
    size_t n = 0;

    for (size_t i = 0; nth(a->facts, AS_KIND_PROCESS, i); i++)
        n += as_fact_text(a->facts, nth(a->facts, AS_KIND_PROCESS, i), AS_ATTR_OPEN_END).n > 0;
    return n;
}

static size_t times_in(as_bytes in, const char *what)
{
    size_t n = 0, len = strlen(what);

    for (size_t i = 0; i + len <= in.n; i++)
        n += !memcmp(in.p + i, what, len);
    return n;
}

static void check_real(void *ctx, const char *path)
{
    struct totals *t = ctx;
    as_bytes in = load(path);
    struct dom d = dom_of(in), inner = {0};
    uint32_t result = dom_member(&d, 1, "result");
    as_analysis *a = NULL;
    as_err err = {0};

    if (read_report(in, NULL, &a, &err))
        fail_msg("%s: %s", path, err.msg);
    assert_string_equal(a->tool, "Assemblyline");
    assert_int_equal(a->coverage.n, 0);
    assert_int_equal(a->coverage.mapped_bytes, in.n);
    assert_int_equal(open_ends(a), times_in(in, "9999-12-31"));
    assert_int_equal(a->gaps, 0);
    if (!result) {
        check_lists(a, &d, 1);
    } else {
        uint32_t sections = dom_member(&d, result, "sections");

        t->sections += d.nodes[sections].n;
        for (uint32_t x = d.nodes[sections].child; x; x = d.nodes[x].next) {
            uint32_t format = dom_member(&d, x, "body_format");

            if (!dom_scalar_is(&d, format, AS_FORM_TEXT, AS_LITERAL("SANDBOX")))
                continue;
            assert_true(dom_inner(&d, dom_member(&d, x, "body"), &inner));
            check_lists(a, &inner, 1); /* the tables repeat what stands there */
            dom_inner_done(&inner);
        }
    }
    t->results++;
    t->processes += count_of(a->facts, AS_KIND_PROCESS);
    as_analysis_free(a);
    dom_done(&d);
    unload(in);
}

static void real_results_are_read_whole(void **state)
{
    struct totals t = {0};

    (void)state;
    each_assemblyline_result(check_real, &t);
    assert_true(t.results >= 15 && t.sections >= 60 && t.processes > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_in_a_text_is_connections_whose_evidence_is_the_text),
        cmocka_unit_test(the_end_of_time_is_no_end),
        cmocka_unit_test(a_tree_of_processes_keeps_who_started_whom),
        cmocka_unit_test(what_is_no_json_stays_a_text),
        cmocka_unit_test(a_body_that_is_no_text_is_read_alike),
        cmocka_unit_test(one_connection_in_two_lists_is_one_fact),
        cmocka_unit_test(a_section_that_is_a_signature_joins_it_unless_they_differ),
        cmocka_unit_test(the_file_is_the_sample),
        cmocka_unit_test(documents_on_lines_are_told_apart),
        cmocka_unit_test(a_run_without_processes_or_end_has_gaps),
        cmocka_unit_test(what_has_no_section_and_no_list_is_refused),
        cmocka_unit_test(real_results_are_read_whole),
        cmocka_unit_test(one_number_of_two_programs_is_two_processes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

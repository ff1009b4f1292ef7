/*
 * Matches of YARA as lines, which are no JSON document and may be bad one by one, and
 * capa's real documents against counts that a tree of the same bytes gives.
 */
#include "unit/formats/dom.h"
#include "unit/formats/told.h"

#include "base/base.h"

#include "base/banned.h"

/* As yara 4.2 -g -m -s -e printed it, with the file's name changed. */
static const char full_lines[] =
    "default:Plain [one,two] [author=\"A, \\\"q\\\" ] x\",n =5,b=true] /samples/my file.bin\n"
    "0x3:$a: hello\n"
    "0x8:$h: 01 02 03 04\n"
    "0xd:$w: w\\x00i\\x00d\\x00e\\x00\n"
    "warning: rule \"Slow\" in a.yar(3): string \"$x\" may slow down scanning\n"
    "default:NoTags [] [] /samples/my file.bin\n";

/* -L, and what yr writes of a string that was found under an exclusive or. */
static const char length_lines[] = "Plain a.bin\r\n"
                                   "0x3:5:$a\r\n"
                                   "0x16:5:$a: he: llo\r\n"
                                   "0x20:5:$x xor(0x1,hello): idmmn\r\n"
                                   "\r\n"
                                   "Plain b.bin\r\n"
                                   "0x40:5:$: last";

static const char records[] =
    "{\"path\":\"/samples/a.exe\",\"rules\":[{\"identifier\":\"Plain\",\"namespace\":\"default\","
    "\"meta\":[[\"author\",\"someone\"],[\"author\",\"else\"],[\"n\",5],[1],7],\"tags\":[\"one\"],"
    "\"strings\":[{\"identifier\":\"$a\",\"offset\":3,\"match\":\"hello\"}]}]}\n"
    "no record\n"
    "{\"path\":\"/samples/b.exe\",\"rules\":[{\"identifier\":\"Cut\",\n"
    "{\"path\":\"/samples/c.exe\",\"rules\":[]}\n"
    "{\"path\":\"/samples/d.exe\",\"count\":3}\n";

static as_analysis *read_all(as_bytes in)
{
    as_analysis *a = NULL;
    as_err err = {0};

    if (read_report(in, NULL, &a, &err))
        fail_msg("%s", err.msg);
    return a;
}

/* --- lines of yara --------------------------------------------------------------------------- */

static void a_match_has_its_tags_metadata_and_strings(void **state)
{
    as_analysis *a = read_all(as_bytes_of(full_lines));
    const as_facts *f = a->facts;
    const as_fact *rule = nth(f, AS_KIND_YARA, 0);

    (void)state;
    assert_string_equal(a->tool, "YARA");
    assert_int_equal(count_of(f, AS_KIND_SAMPLE), 1);
    assert_attr(f, as_facts_get(f, a->sample), AS_ATTR_NAME, "/samples/my file.bin");
    assert_int_equal(count_of(f, AS_KIND_YARA), 2);
    assert_attr(f, rule, AS_ATTR_RULE, "Plain");
    assert_attr(f, rule, AS_ATTR_NAMESPACE, "default");
    assert_attr(f, rule, AS_ATTR_TAG, "one");
    assert_int_equal(count_of(f, AS_KIND_YARA_META), 3);
    assert_attr(f, nth(f, AS_KIND_YARA_META, 0), AS_ATTR_VALUE, "A, \\\"q\\\" ] x");
    assert_attr(f, nth(f, AS_KIND_YARA_META, 1), AS_ATTR_NAME, "n");
    assert_attr(f, nth(f, AS_KIND_YARA_META, 1), AS_ATTR_VALUE, "5");
    assert_int_equal(count_of(f, AS_KIND_YARA_STRING), 3);
    assert_attr(f, nth(f, AS_KIND_YARA_STRING, 1), AS_ATTR_NAME, "$h");
    assert_attr(f, nth(f, AS_KIND_YARA_STRING, 1), AS_ATTR_OFFSET, "0x8");
    assert_attr(f, nth(f, AS_KIND_YARA_STRING, 1), AS_ATTR_VALUE, "01 02 03 04");
    assert_ptr_equal(as_facts_get(f, as_fact_parent(f, nth(f, AS_KIND_YARA_STRING, 2))), rule);
    assert_int_equal(count_of(f, AS_KIND_TOOL_LOG), 1);
    assert_int_equal(a->bad_lines, 0);
    assert_int_equal(a->gaps, 0);
    as_analysis_free(a);
}

static void lengths_and_exclusive_ors_are_read_and_each_file_is_a_sample(void **state)
{
    as_analysis *a = read_all(as_bytes_of(length_lines));
    const as_facts *f = a->facts;

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_SAMPLE), 2);
    assert_int_equal(count_of(f, AS_KIND_YARA_STRING), 4);
    assert_attr(f, nth(f, AS_KIND_YARA_STRING, 0), AS_ATTR_RAW_SIZE, "5");
    assert_attr(f, nth(f, AS_KIND_YARA_STRING, 0), AS_ATTR_VALUE, "");
    assert_attr(f, nth(f, AS_KIND_YARA_STRING, 1), AS_ATTR_VALUE, "he: llo");
    assert_attr(f, nth(f, AS_KIND_YARA_STRING, 2), AS_ATTR_METHOD, "xor(0x1,hello)");
    assert_attr(f, nth(f, AS_KIND_YARA_STRING, 2), AS_ATTR_VALUE, "idmmn");
    assert_attr(f, nth(f, AS_KIND_YARA_STRING, 3), AS_ATTR_NAME, "$");
    as_analysis_free(a);
}

static void a_line_that_is_no_match_is_counted_and_the_rest_is_read(void **state)
{
    as_analysis *a = read_all(as_bytes_of("Plain [a] x.bin\n0x3:$a: hello\n"
                                          "?? what is this\n0xZZ:$a: no\nOther y.bin\n"));

    (void)state;
    assert_int_equal(a->bad_lines, 2);
    assert_int_equal(a->first_bad_line, 3);
    assert_int_equal(count_of(a->facts, AS_KIND_YARA), 2);
    assert_int_equal(a->coverage.total_bytes - a->coverage.mapped_bytes, 15 + 11);
    as_analysis_free(a);
}

static void a_path_that_is_no_text_is_told_by_its_bytes(void **state)
{
    as_analysis *a = read_all(as_bytes_of("Plain [a] /x\xff\xc3\xa9.bin\n"));

    (void)state;
    assert_attr(a->facts, as_facts_get(a->facts, a->sample), AS_ATTR_NAME, "/x\\xff\xc3\xa9.bin");
    as_analysis_free(a);
}

static void errors_of_the_tool_are_a_gap(void **state)
{
    as_analysis *a =
        read_all(as_bytes_of("error: rule \"a\" in b.yar(1): syntax error\nR [] x.bin\n"));

    (void)state;
    assert_int_equal(a->gaps, AS_GAP_ERRORS);
    assert_int_equal(count_of(a->facts, AS_KIND_TOOL_ERROR), 1);
    as_analysis_free(a);
}

static void other_text_is_not_taken_for_matches(void **state)
{
    static const char *const texts[] = {"hello world\n",
                                        "execve(\"/bin/sh\") = 0\n",
                                        "0x1:$a: x\n",
                                        "a: b\nc: d\n",
                                        "two words\nand more words\n",
                                        "not json.\n",
                                        "a sentence.\nfile a.bin\n"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(texts); i++) {
        as_analysis *a = NULL;
        as_err err = {0};
        as_code rc = read_report(as_bytes_of(texts[i]), NULL, &a, &err);

        if (!rc && !strcmp(a->tool, "YARA"))
            fail_msg("taken for matches: %s", texts[i]);
        as_analysis_free(a);
    }
}

/* The whole lines of evidence hold what facts say of them: nothing is read across lines. */
static void check_lines(const as_analysis *a, as_bytes in)
{
    for (uint32_t i = 0; i < as_facts_count(a->facts); i++) {
        const as_fact *fact = as_facts_get(a->facts, i);
        const as_evidence *e = as_fact_evidence(a->facts, fact);
        const as_attr *attrs = as_fact_attrs(a->facts, fact);
        uint32_t line = 1;

        assert_true(e->begin < e->end && e->end <= in.n);
        for (uint64_t k = 0; k < e->begin; k++)
            line += in.p[k] == '\n';
        assert_int_equal(e->last, line);
        for (size_t k = 0; k < fact->n_attrs; k++) {
            as_bytes text = as_facts_text(a->facts, attrs[k].str);

            assert_non_null(memmem(in.p + e->begin, e->end - e->begin, text.p, text.n));
        }
    }
}

static void matches_cut_at_any_byte_are_read_as_far_as_they_go(void **state)
{
    static const char *const texts[] = {full_lines, length_lines};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(texts); i++) {
        for (size_t n = 0; n <= strlen(texts[i]); n++) {
            as_read_options options = {.format = "yara"};
            uint8_t *copy = as_mem_get(n);
            as_analysis *a = NULL;
            as_err err = {0};
            as_code rc;

            assert_non_null(copy);
            memcpy(copy, texts[i], n);
            rc = read_report((as_bytes){copy, n}, &options, &a, &err);
            assert_true(rc == AS_OK || rc == AS_UNKNOWN);
            assert_true(rc == AS_OK || n < 90);
            if (!rc)
                check_lines(a, (as_bytes){copy, n});
            as_analysis_free(a);
            as_mem_free(copy);
        }
    }
}

/* --- records of YARA-X ----------------------------------------------------------------------- */

static void a_bad_record_costs_no_other(void **state)
{
    as_analysis *a = read_all(as_bytes_of(records));
    const as_facts *f = a->facts;
    as_buf pointer = {0};

    (void)state;
    assert_string_equal(a->tool, "YARA-X");
    assert_int_equal(a->first_bad_line, 2);
    assert_true(a->bad_lines >= 2);
    assert_int_equal(count_of(f, AS_KIND_SAMPLE), 3);
    assert_int_equal(count_of(f, AS_KIND_YARA_META), 4);
    assert_attr(f, nth(f, AS_KIND_YARA_META, 1), AS_ATTR_VALUE, "else");
    assert_attr(f, nth(f, AS_KIND_SAMPLE, 1), AS_ATTR_NAME, "/samples/c.exe");
    as_facts_pointer(f, as_fact_evidence(f, nth(f, AS_KIND_YARA_STRING, 0)), &pointer);
    assert_true(as_bytes_is(as_buf_bytes(&pointer), "#1/rules/0/strings/0"));
    as_buf_done(&pointer);
    as_analysis_free(a);
}

static void records_cut_at_any_byte_are_read_as_far_as_they_go(void **state)
{
    (void)state;
    for (size_t n = 0; n <= strlen(records); n++) {
        as_read_options options = {.format = "yara-x"};
        uint8_t *copy = as_mem_get(n);
        as_analysis *a = NULL;
        as_err err = {0};
        as_code rc;

        assert_non_null(copy);
        memcpy(copy, records, n);
        rc = read_report((as_bytes){copy, n}, &options, &a, &err);
        assert_true(rc == AS_OK || rc == AS_UNKNOWN || rc == AS_INVALID);
        assert_true(rc == AS_OK || n < 120);
        as_analysis_free(a);
        as_mem_free(copy);
    }
}

static void each_allocation_that_fails_is_no_memory(void **state)
{
    static const char *const texts[] = {full_lines, length_lines, records};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(texts); i++) {
        size_t failures = 0;

        for (uint64_t n = 1;; n++) {
            as_analysis *a = NULL;
            as_err err = {0};
            as_code rc;

            as_mem_fail_at(n);
            rc = read_report(as_bytes_of(texts[i]), NULL, &a, &err);
            as_mem_fail_at(0);
            as_analysis_free(a);
            if (!rc)
                break;
            if (rc != AS_NOMEM)
                fail_msg("without allocation %llu: %s", (unsigned long long)n, err.msg);
            failures++;
        }
        assert_true(failures > 10);
    }
}

/* --- capa's real documents ------------------------------------------------------------------- */

struct expected {
    size_t rules, helpers, matches, attack, mbc, features;
};

static bool member_is_true(const struct dom *d, uint32_t object, const char *key)
{
    uint32_t x = dom_member(d, object, key);

    return x && d->nodes[x].type == 't';
}

static size_t children_of(const struct dom *d, uint32_t object, const char *key)
{
    uint32_t x = object ? dom_member(d, object, key) : 0;
    size_t n = 0;

    for (uint32_t y = x ? d->nodes[x].child : 0; y; y = d->nodes[y].next)
        n++;
    return n;
}

/* What was found: features, statements that count one, and parts of code with all below. */
static size_t found_below(const struct dom *d, uint32_t node)
{
    uint32_t children = dom_member(d, node, "children"), inner = dom_member(d, node, "node");
    uint32_t statement = dom_member(d, inner, "statement");
    size_t n = 0;

    if (!member_is_true(d, node, "success"))
        return 0;
    n += dom_member(d, inner, "feature") ||
         (statement && (dom_member(d, statement, "child") || dom_member(d, statement, "scope")));
    for (uint32_t x = d->nodes[children].child; x; x = d->nodes[x].next)
        n += found_below(d, x);
    return n;
}

static void expect_rule(const struct dom *d, uint32_t rule, struct expected *e)
{
    uint32_t meta = dom_member(d, rule, "meta"), matches = dom_member(d, rule, "matches");

    e->helpers += member_is_true(d, meta, "lib");
    e->rules++;
    e->attack += children_of(d, meta, "attack");
    e->mbc += children_of(d, meta, "mbc");
    for (uint32_t x = d->nodes[matches].child; x; x = d->nodes[x].next) {
        uint32_t tree = d->nodes[d->nodes[x].child].next;

        e->matches++;
        e->features += found_below(d, tree);
    }
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* A feature found in very many places goes on in further facts: counted, it is one. */
static size_t feature_count(const as_facts *f)
{
    uint64_t *begins = as_mem_zero(as_facts_count(f) + 1, sizeof(*begins));
    size_t n = 0, distinct = 0;

    assert_non_null(begins);
    for (size_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);

        if (fact->kind == AS_KIND_CAPABILITY_FEATURE && !(fact->flags & AS_FACT_GONE))
            begins[n++] = as_fact_evidence(f, fact)->begin;
    }
    qsort(begins, n, sizeof(*begins), by_number);
    for (size_t i = 0; i < n; i++)
        distinct += !i || begins[i] != begins[i - 1];
    as_mem_free(begins);
    return distinct;
}

static void check_capa(void *ctx, const char *path)
{
    struct expected e = {0};
    as_bytes in = load(path);
    struct dom d = dom_of(in);
    as_analysis *a = read_all(in);
    const as_facts *f = a->facts;
    uint64_t known = 0, *documents = ctx;

    for (uint32_t x = d.nodes[dom_member(&d, 1, "rules")].child; x; x = d.nodes[x].next)
        expect_rule(&d, x, &e);
    assert_string_equal(a->tool, "capa");
    assert_true(a->sample != AS_NO_FACT);
    assert_int_equal(count_of(f, AS_KIND_HELPER_RULE), e.helpers);
    assert_int_equal(count_of(f, AS_KIND_CAPABILITY), e.rules - e.helpers);
    assert_int_equal(count_of(f, AS_KIND_CAPABILITY_MATCH), e.matches);
    assert_int_equal(count_of(f, AS_KIND_TECHNIQUE), e.attack);
    assert_int_equal(count_of(f, AS_KIND_MBC), e.mbc);
    assert_int_equal(feature_count(f), e.features);
    for (size_t i = 0; i < a->coverage.n; i++) {
        if (!a->coverage.rows[i].known)
            fail_msg("%s: not mapped: %.*s", path,
                     (int)as_facts_text(f, a->coverage.rows[i].path).n,
                     (const char *)as_facts_text(f, a->coverage.rows[i].path).p);
        known += a->coverage.rows[i].bytes;
    }
    print_message("%s: %zu facts, %.1f %% mapped, %.1f %% left out on purpose\n", path,
                  as_facts_count(f),
                  100.0 * (double)a->coverage.mapped_bytes / (double)a->coverage.total_bytes,
                  100.0 * (double)known / (double)a->coverage.total_bytes);
    ++*documents;
    as_analysis_free(a);
    dom_done(&d);
    unload(in);
}

static void the_facts_of_real_capa_documents_are_as_many_as_their_rules_say(void **state)
{
    const char *data = getenv("ASSAY_DATA");
    char folder[PATH_MAX];
    uint64_t documents = 0;
    DIR *there;

    (void)state;
    (void)snprintf(folder, sizeof(folder), "%s/reports/capa-testfiles/rd",
                   data ? data : "../shared/data");
    there = opendir(folder);
    if (!there) {
        print_message("no real documents of capa under '%s'\n", folder);
        skip();
        return; /* skip() does not come back, which its header does not say */
    }
    (void)closedir(there);
    each_report(folder, check_capa, &documents);
    assert_true(documents >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_match_has_its_tags_metadata_and_strings),
        cmocka_unit_test(lengths_and_exclusive_ors_are_read_and_each_file_is_a_sample),
        cmocka_unit_test(a_line_that_is_no_match_is_counted_and_the_rest_is_read),
        cmocka_unit_test(a_path_that_is_no_text_is_told_by_its_bytes),
        cmocka_unit_test(errors_of_the_tool_are_a_gap),
        cmocka_unit_test(other_text_is_not_taken_for_matches),
        cmocka_unit_test(matches_cut_at_any_byte_are_read_as_far_as_they_go),
        cmocka_unit_test(a_bad_record_costs_no_other),
        cmocka_unit_test(records_cut_at_any_byte_are_read_as_far_as_they_go),
        cmocka_unit_test(each_allocation_that_fails_is_no_memory),
        cmocka_unit_test(the_facts_of_real_capa_documents_are_as_many_as_their_rules_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * One sample seen by several tools: what joins reports, and what in them is one thing.
 */
#include "unit/formats/reports.h"

#include "base/banned.h"

#define SHA256 "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define OTHER  "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
#define SHA1   "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"
#define MD5    "098f6bcd4621d373cade4e832627b4f6"

/* A CAPE report whose target has these members, and this behaviour and network. */
#define CAPE(target, behaviour, network)                                                           \
    "{\"info\":{\"version\":\"2.4-CAPE\",\"id\":1},\"target\":{\"category\":\"file\",\"file\":{"   \
    "\"name\":\"a.exe\"," target "}},\"behavior\":{" behaviour "},\"network\":{" network "}}"

#define PROCESS(pid, name)                                                                         \
    "{\"process_id\":" pid ",\"process_name\":\"" name "\",\"parent_id\":1,\"calls\":[]}"

#define MAX_PARTS 30

struct reports {
    as_analysis *all[MAX_PARTS];
    size_t n;
};

static void read_one(struct reports *r, const char *text)
{
    as_err err = {0};

    if (read_report(as_bytes_of(text), NULL, &r->all[r->n], &err))
        fail_msg("%s\nin %s", err.msg, text);
    r->n++;
}

static as_analysis *join(const struct reports *r)
{
    const as_analysis *all[MAX_PARTS];
    as_analysis *a = NULL;
    as_err err = {0};

    for (size_t i = 0; i < r->n; i++)
        all[i] = r->all[i];
    if (as_analyses_join(all, r->n, &a, &err))
        fail_msg("%s", err.msg);
    return a;
}

static void done(struct reports *r, as_analysis *joined)
{
    as_analysis_free(joined);
    for (size_t i = 0; i < r->n; i++)
        as_analysis_free(r->all[i]);
    r->n = 0;
}

static bool same(const char *a, const char *b)
{
    struct reports r = {0};
    bool same;

    read_one(&r, a);
    read_one(&r, b);
    same = as_analysis_same_sample(r.all[0], r.all[1]);
    assert_int_equal(as_analysis_same_sample(r.all[1], r.all[0]), same);
    done(&r, NULL);
    return same;
}

#define TARGET(members) CAPE(members, "", "")

static void the_strongest_common_hash_decides(void **state)
{
    (void)state;
    assert_true(same(TARGET("\"sha256\":\"" SHA256 "\""), TARGET("\"sha256\":\"" SHA256 "\"")));
    assert_true(same(TARGET("\"sha256\":\"" SHA256 "\",\"md5\":\"" MD5 "\""),
                     TARGET("\"md5\":\"" MD5 "\"")));
    assert_true(same(TARGET("\"sha1\":\"" SHA1 "\""),
                     TARGET("\"sha256\":\"" SHA256 "\",\"sha1\":\"" SHA1 "\"")));
    /* Two files that share an MD5 are two files. */
    assert_false(same(TARGET("\"sha256\":\"" SHA256 "\",\"md5\":\"" MD5 "\""),
                      TARGET("\"sha256\":\"" OTHER "\",\"md5\":\"" MD5 "\"")));
    assert_false(same(TARGET("\"sha256\":\"" SHA256 "\""), TARGET("\"md5\":\"" MD5 "\"")));
    assert_false(same(TARGET("\"size\":4"), TARGET("\"size\":4")));
}

static void letter_case_does_not_matter(void **state)
{
    (void)state;
    assert_true(same(TARGET("\"md5\":\"098F6BCD4621D373CADE4E832627B4F6\""),
                     TARGET("\"md5\":\"" MD5 "\"")));
}

/* Facts of a kind; *ret_last is the last of them. */
static size_t count(const as_analysis *a, as_kind kind, const as_fact **ret_last)
{
    size_t n = 0;

    for (size_t i = 0; i < as_facts_count(a->facts); i++) {
        const as_fact *fact = as_facts_get(a->facts, i);

        if (fact->kind != kind || (fact->flags & AS_FACT_GONE))
            continue;
        *ret_last = fact;
        n++;
    }
    return n;
}

static void what_both_saw_is_one_fact_with_both_evidences(void **state)
{
    static const char first[] =
        CAPE("\"sha256\":\"" SHA256 "\",\"type\":\"PE32\"",
             "\"processes\":[" PROCESS(
                 "100", "a.exe") "],\"summary\":{\"mutexes\":[\"Global\\\\m\"],"
                                 "\"write_files\":[\"C:\\\\x.bin\",\"C:\\\\only.first\"]}",
             "\"domains\":[{\"domain\":\"evil.example\",\"ip\":\"198.51.100.7\"}]");
    static const char second[] =
        CAPE("\"sha256\":\"" SHA256 "\",\"type\":\"exe\"",
             "\"processes\":[" PROCESS(
                 "2200", "A.EXE") "],\"summary\":{\"mutexes\":[\"Global\\\\M\"],"
                                  "\"write_files\":[\"c:\\\\X.bin\",\"C:\\\\only.second\"]}",
             "\"domains\":[{\"domain\":\"EVIL.example\",\"ip\":\"198.51.100.7\"},"
             "{\"domain\":\"other.example\",\"ip\":\"198.51.100.8\"}]");
    struct reports r = {0};
    const as_fact *fact = NULL;
    const as_evidence *e;
    as_analysis *a;
    as_buf pointer = {0};

    (void)state;
    read_one(&r, first);
    read_one(&r, second);
    a = join(&r);
    assert_int_equal(a->n_parts, 2);
    assert_int_equal(count(a, AS_KIND_MUTEX, &fact), 1);
    assert_int_equal(fact->n_evidence, 2);
    e = as_fact_evidence(a->facts, fact);
    assert_int_equal(as_analysis_part(a, e[0].begin), 0);
    assert_int_equal(as_analysis_part(a, e[1].begin), 1);
    assert_memory_equal(first + e[0].begin, "\"Global\\\\m\"", 11);
    assert_memory_equal(second + e[1].begin - a->parts[1].base, "\"Global\\\\M\"", 11);
    as_facts_pointer(a->facts, &e[1], &pointer);
    assert_true(as_bytes_is(as_buf_bytes(&pointer), "/behavior/summary/mutexes/0"));
    as_buf_done(&pointer);
    assert_int_equal(count(a, AS_KIND_FILE_WRITTEN, &fact), 3);
    assert_int_equal(count(a, AS_KIND_DOMAIN, &fact), 2);
    assert_int_equal(count(a, AS_KIND_PROCESS, &fact), 2);
    assert_int_equal(count(a, AS_KIND_ANALYSIS, &fact), 2);
    /* The sample keeps what each tool calls it. */
    assert_int_equal(count(a, AS_KIND_SAMPLE, &fact), 1);
    assert_ptr_equal(fact, as_facts_get(a->facts, a->sample));
    assert_int_equal(fact->n_evidence, 2);
    assert_true(as_bytes_is(as_fact_text(a->facts, fact, AS_ATTR_TYPE), "PE32"));
    done(&r, a);
}

#define DROPPED(members)                                                                           \
    "\"x\":1},\"dropped\":[{\"guest_paths\":[\"C:\\\\d.bin\"],\"sha256\":\"" OTHER "\"" members    \
    "}],\"y\":{"
#define WRITES(process)                                                                            \
    "{\"data\":{\"type\":\"file_behaviour\",\"id\":\"" SHA256 "_Box\",\"attributes\":{"            \
    "\"sandbox_name\":\"Box\",\"processes_tree\":[{\"process_id\":\"50\",\"name\":\"" process      \
    "\",\"files_written\":[\"C:\\\\w.bin\"]}]}}}"

/* The parts in that order; the evidence that comes first is of `part`. */
static void check_who(const char *first, const char *second, size_t part, as_kind kind)
{
    struct reports r = {0};
    const as_fact *fact = NULL;
    uint32_t up;
    as_analysis *a;

    read_one(&r, first);
    read_one(&r, second);
    a = join(&r);
    assert_int_equal(count(a, kind, &fact), 1);
    assert_int_equal(fact->n_evidence, 2);
    assert_int_equal(as_analysis_part(a, as_fact_evidence(a->facts, fact)->begin), part);
    up = as_fact_parent(a->facts, fact);
    if (kind == AS_KIND_FILE_WRITTEN)
        assert_true(as_bytes_is(as_fact_text(a->facts, as_facts_get(a->facts, up), AS_ATTR_NAME),
                                "other.exe"));
    else
        assert_true(as_bytes_is(as_fact_text(a->facts, fact, AS_ATTR_PID), "999"));
    done(&r, a);
}

/* Who did it is known from one of two: in either order it is that one's process. */
static void the_run_that_knows_the_process_tells_it(void **state)
{
    static const char evil[] = CAPE("\"sha256\":\"" SHA256 "\"",
                                    "\"processes\":[" PROCESS("999", "evil.exe") "]", DROPPED(""));
    static const char good[] =
        CAPE("\"sha256\":\"" SHA256 "\"", "\"processes\":[" PROCESS("999", "good.exe") "]",
             DROPPED(",\"pids\":[999]"));
    static const char summary[] =
        CAPE("\"sha256\":\"" SHA256 "\"", "\"summary\":{\"write_files\":[\"C:\\\\w.bin\"]}", "");

    (void)state;
    check_who(evil, good, 1, AS_KIND_DROPPED);
    check_who(good, evil, 0, AS_KIND_DROPPED);
    check_who(summary, WRITES("other.exe"), 1, AS_KIND_FILE_WRITTEN);
    check_who(WRITES("other.exe"), summary, 0, AS_KIND_FILE_WRITTEN);
}

static void what_contradicts_stays_apart(void **state)
{
    static const char format[] = CAPE("\"sha256\":\"" SHA256 "\"", "",
                                      "\"domains\":[{\"domain\":\"evil.example\",\"ip\":\"%s\"}]");
    char first[1024], second[1024];
    struct reports r = {0};
    const as_fact *fact = NULL;
    as_analysis *a;

    (void)state;
    (void)snprintf(first, sizeof(first), format, "198.51.100.7");
    (void)snprintf(second, sizeof(second), format, "203.0.113.9");
    read_one(&r, first);
    read_one(&r, second);
    a = join(&r);
    assert_int_equal(count(a, AS_KIND_DOMAIN, &fact), 2);
    done(&r, a);
}

static bool has_value(const as_facts *f, as_kind kind, as_attr_name name, as_bytes text)
{
    for (size_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);
        const as_attr *a = as_fact_attrs(f, fact);

        for (size_t k = 0; fact->kind == kind && k < fact->n_attrs; k++) {
            if (!(fact->flags & AS_FACT_GONE) && a[k].name == name &&
                as_bytes_eq_nocase(as_facts_text(f, a[k].str), text))
                return true;
        }
    }
    return false;
}

static void assert_all_there(const as_facts *f, const as_facts *joined)
{
    for (size_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);
        as_kind kind = (as_kind)fact->kind;
        as_attr_name ident = as_kind_get(kind)->ident;
        as_value v;

        if ((fact->flags & AS_FACT_GONE) || !as_fact_attr(f, fact, ident, &v))
            continue;
        if (!has_value(joined, kind, ident, v.text))
            fail_msg("%s '%.*s' is gone", as_kind_get(kind)->name, (int)v.text.n,
                     (const char *)v.text.p);
    }
}

/* Nothing may get lost by joining. */
static void every_value_of_every_part_is_there(void **state)
{
    struct reports r = {0};
    as_analysis *a;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        as_bytes in = load(i == 1 ? CUCKOO_EXAMPLE : CAPE_EXAMPLE);
        as_err err = {0};

        assert_int_equal(read_report(in, NULL, &r.all[r.n++], &err), AS_OK);
        unload(in);
    }
    a = join(&r);
    for (size_t i = 0; i < r.n; i++)
        assert_all_there(r.all[i]->facts, a->facts);
    done(&r, a);
}

static void too_many_reports_are_refused(void **state)
{
    const as_analysis *all[MAX_PARTS];
    struct reports r = {0};
    as_analysis *a = NULL;
    as_err err = {0};

    (void)state;
    read_one(&r, TARGET("\"sha256\":\"" SHA256 "\""));
    for (size_t i = 0; i < MAX_PARTS; i++)
        all[i] = r.all[0];
    assert_int_equal(as_analyses_join(all, AS_PARTS_MAX + 1, &a, &err), AS_LIMIT);
    assert_null(a);
    done(&r, NULL);
}

static void each_allocation_that_fails_is_no_memory(void **state)
{
    const as_analysis *all[2];
    struct reports r = {0};
    size_t failures = 0;

    (void)state;
    read_one(&r, CAPE("\"sha256\":\"" SHA256 "\"", "\"summary\":{\"mutexes\":[\"m\"]}", ""));
    read_one(&r, CAPE("\"sha256\":\"" SHA256 "\"", "\"summary\":{\"mutexes\":[\"m\",\"n\"]}", ""));
    all[0] = r.all[0];
    all[1] = r.all[1];
    for (uint64_t n = 1;; n++) {
        as_analysis *a = NULL;
        as_code rc;

        as_mem_fail_at(n);
        rc = as_analyses_join(all, 2, &a, NULL);
        as_mem_fail_at(0);
        as_analysis_free(a);
        if (!rc)
            break;
        assert_int_equal(rc, AS_NOMEM);
        failures++;
    }
    assert_true(failures > 8);
    done(&r, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_strongest_common_hash_decides),
        cmocka_unit_test(letter_case_does_not_matter),
        cmocka_unit_test(what_both_saw_is_one_fact_with_both_evidences),
        cmocka_unit_test(the_run_that_knows_the_process_tells_it),
        cmocka_unit_test(what_contradicts_stays_apart),
        cmocka_unit_test(every_value_of_every_part_is_there),
        cmocka_unit_test(too_many_reports_are_refused),
        cmocka_unit_test(each_allocation_that_fails_is_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

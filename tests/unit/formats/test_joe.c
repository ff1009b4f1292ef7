/*
 * What the reader of Joe Sandbox makes of the forms of its reports: one XML document is
 * converted in several ways, and all of them must give the same facts.
 */
#include "unit/formats/told.h"

#include "base/base.h"

#include "base/banned.h"

static as_analysis *read_bytes(as_bytes in, const as_read_options *options)
{
    as_analysis *a = NULL;
    as_err err = {0};

    if (read_report(in, options, &a, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(a->tool, "Joe Sandbox");
    return a;
}

static as_analysis *read_golden(const char *name)
{
    char path[PATH_MAX];
    as_analysis *a;
    as_bytes in;

    (void)snprintf(path, sizeof(path), GOLDEN_FOLDER "/%s.json", name);
    in = load(path);
    a = read_bytes(in, NULL);
    unload(in);
    return a;
}

/* The process of that number, of which there must be one. */
static const as_fact *process(const as_facts *f, const char *pid)
{
    const as_fact *found = NULL;

    for (size_t i = 0; nth(f, AS_KIND_PROCESS, i); i++) {
        if (as_bytes_is(as_fact_text(f, nth(f, AS_KIND_PROCESS, i), AS_ATTR_PID), pid)) {
            assert_null(found);
            found = nth(f, AS_KIND_PROCESS, i);
        }
    }
    assert_non_null(found);
    return found;
}

static void the_tree_and_the_list_are_the_same_processes(void **state)
{
    as_analysis *a = read_golden("joe_full");
    const as_facts *f = a->facts;

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_PROCESS), 2);
    assert_ptr_equal(parent_of(f, process(f, "3512")), process(f, "3404"));
    assert_attr(f, process(f, "3404"), AS_ATTR_PPID, "1028");   /* of the list */
    assert_attr(f, process(f, "3404"), AS_ATTR_EXITED, "true"); /* of the tree */
    assert_attr(f, process(f, "3512"), AS_ATTR_COMMAND_LINE, "cmd /c whoami");
    as_analysis_free(a);
}

static void a_call_becomes_what_it_did(void **state)
{
    as_analysis *a = read_golden("joe_full");
    const as_facts *f = a->facts;
    const as_fact *run_key = nth(f, AS_KIND_KEY_WRITTEN, 0);

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_FILE_CREATED), 1);
    assert_attr(f, nth(f, AS_KIND_FILE_CREATED, 0), AS_ATTR_PATH,
                "C:\\Users\\user\\AppData\\Roaming\\svc.exe");
    assert_ptr_equal(parent_of(f, nth(f, AS_KIND_FILE_CREATED, 0)), process(f, "3404"));
    assert_attr(f, nth(f, AS_KIND_FILE_MOVED, 0), AS_ATTR_FROM, "C:\\a.tmp");
    assert_attr(f, nth(f, AS_KIND_FILE_MOVED, 0), AS_ATTR_TO, "C:\\b.exe");
    assert_attr(f, run_key, AS_ATTR_KEY,
                "HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Run");
    assert_attr(f, run_key, AS_ATTR_NAME, "svc");
    assert_attr(f, nth(f, AS_KIND_MUTEX, 0), AS_ATTR_NAME, "\\Sessions\\1\\BaseNamedObjects\\jx1");
    assert_attr(f, nth(f, AS_KIND_COMMAND, 0), AS_ATTR_COMMAND, "cmd /c whoami");
    assert_attr(f, nth(f, AS_KIND_MODULE, 0), AS_ATTR_PATH, "C:\\Windows\\System32\\ntdll.dll");
    as_analysis_free(a);
}

/* "created the file" must not be said of a file that could not be created. */
static void what_failed_is_never_told_as_done(void **state)
{
    as_analysis *a = read_golden("joe_full");
    const as_facts *f = a->facts;
    const as_fact *failed = nth(f, AS_KIND_EVENT, 0);

    (void)state;
    assert_attr(f, failed, AS_ATTR_OPERATION, "fileCreated");
    assert_attr(f, failed, AS_ATTR_PATH, "C:\\Windows\\x.sys");
    assert_attr(f, failed, AS_ATTR_STATUS, "access denied");
    assert_attr(f, nth(f, AS_KIND_FILE_FAILED, 0), AS_ATTR_PATH, "C:\\secret.txt");
    assert_int_equal(count_of(f, AS_KIND_FILE_OPENED), 0);
    as_analysis_free(a);
}

struct heard {
    size_t calls, failed, args;
    uint64_t times;
    char first[32];
};

static void unsuccessful_is_no_success(void **state)
{
    as_analysis *a = read_bytes(
        as_bytes_of("{\"analysis\":{\"generalinfo\":{\"id\":1},\"behavior\":{\"system\":{"
                    "\"processes\":{\"process\":{\"general\":{\"targetid\":1,\"pid\":2},"
                    "\"fileActivities\":{\"fileDeleted\":{\"call\":[{\"path\":\"a\","
                    "\"completion\":\"unsuccessful\"},{\"path\":\"b\",\"completion\":"
                    "\"success or wait\"}]}}}}}}}}"),
        NULL);

    (void)state;
    assert_int_equal(count_of(a->facts, AS_KIND_FILE_DELETED), 1);
    assert_attr(a->facts, nth(a->facts, AS_KIND_FILE_DELETED, 0), AS_ATTR_PATH, "b");
    assert_attr(a->facts, nth(a->facts, AS_KIND_EVENT, 0), AS_ATTR_PATH, "a");
    as_analysis_free(a);
}

/* A fact has room for 65535 places, and each further one was compared with all of them. */
static void more_hashes_and_numbers_than_a_fact_has_room_for_are_read(void **state)
{
    as_buf text = {0};
    as_analysis *a;

    (void)state;
    as_buf_text(&text, "{\"analysis\":{\"reporttype\":\"ir\",\"hashes\":[{\"md5\":\"1\"}");
    for (unsigned i = 0; i < 70000; i++)
        as_buf_text(&text, ",{\"md5\":\"2\"}");
    as_buf_text(&text, "]");
    for (unsigned i = 0; i < 70000; i++)
        as_buf_text(&text, ",\"id\":1");
    as_buf_text(&text, "}}");
    a = read_bytes(as_buf_bytes(&text), NULL);
    assert_attr(a->facts, as_facts_get(a->facts, a->sample), AS_ATTR_MD5, "1");
    assert_attr(a->facts, nth(a->facts, AS_KIND_ANALYSIS, 0), AS_ATTR_ID, "1");
    assert_true(count_of(a->facts, AS_KIND_ANALYSIS) > 1);
    as_analysis_free(a);
    as_buf_done(&text);
}

static void packets_of_each_network_are_counted_anew(void **state)
{
    static const char packet[] = "{\"srcip\":\"1\",\"dstip\":\"2\"}";
    as_buf text = {0};
    as_analysis *a;

    (void)state;
    as_buf_text(&text, "{\"analysis\":{\"generalinfo\":{\"id\":1},\"behavior\":{");
    for (unsigned i = 0; i < 3; i++) {
        as_buf_text(&text,
                    i ? ",\"network\":{\"tcp\":{\"packet\":" : "\"network\":{\"tcp\":{\"packet\":");
        as_buf_text(&text, packet);
        as_buf_text(&text, "}}");
    }
    as_buf_text(&text, "}}}");
    a = read_bytes(as_buf_bytes(&text), NULL);
    assert_int_equal(count_of(a->facts, AS_KIND_CONNECTION), 3);
    as_analysis_free(a);
    as_buf_done(&text);
}

static as_code hear(void *ctx, const as_call *call, as_err *err)
{
    struct heard *h = ctx;

    (void)err;
    if (!h->calls++)
        (void)snprintf(h->first, sizeof(h->first), "%.*s", (int)call->api.n,
                       (const char *)call->api.p);
    h->failed += call->failed;
    h->times += 1 + call->repeated;
    h->args += call->n_args;
    return AS_OK;
}

static void calls_go_out_and_are_counted(void **state)
{
    struct heard h = {0};
    as_read_options options = {.on_call = hear, .call_ctx = &h};
    as_bytes in = load(GOLDEN_FOLDER "/joe_full.json");
    as_analysis *a = read_bytes(in, &options);

    (void)state;
    assert_int_equal(a->calls, 8); /* sectionLoaded names no API */
    assert_int_equal(h.calls, 8);
    assert_int_equal(h.times, 9);
    assert_int_equal(h.failed, 2);
    assert_true(h.args > 8);
    assert_string_equal(h.first, "CreateFileW");
    assert_attr(a->facts, nth(a->facts, AS_KIND_API_TRACE, 0), AS_ATTR_COUNT, "9");
    assert_int_equal(count_of(a->facts, AS_KIND_API_USE), 7);
    as_analysis_free(a);
    unload(in);
}

static void packets_are_counted_by_their_ends(void **state)
{
    as_analysis *a = read_golden("joe_full");
    const as_facts *f = a->facts;
    const as_fact *first = nth(f, AS_KIND_CONNECTION, 0);

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_CONNECTION), 3);
    assert_attr(f, first, AS_ATTR_PROTOCOL, "tcp");
    assert_attr(f, first, AS_ATTR_DST, "198.51.100.20");
    assert_attr(f, first, AS_ATTR_DPORT, "443");
    assert_attr(f, first, AS_ATTR_FIRST_SEEN, "Mar 11, 2024 09:13:30.1 CET");
    assert_attr(f, first, AS_ATTR_LAST_SEEN, "Mar 11, 2024 09:13:30.4 CET");
    as_analysis_free(a);
}

static void hashes_are_known_by_name_or_by_length(void **state)
{
    as_analysis *a = read_golden("joe_full"), *b = read_golden("joe_light_single");
    const as_fact *dropped = nth(a->facts, AS_KIND_DROPPED, 0);

    (void)state;
    assert_attr(a->facts, dropped, AS_ATTR_MD5, "28EC7E2756C3D5924867E42A341D2A78");
    assert_attr(a->facts, dropped, AS_ATTR_SHA1, "7F35FEA72B5A2B0D312F010DF7A66E1E3338217D");
    assert_attr(a->facts, dropped, AS_ATTR_SHA256,
                "615B097BC60DDDACCF4664A308DEFE84609FA7BF48D0A5E8F357943373020AAE");
    assert_ptr_equal(parent_of(a->facts, dropped), process(a->facts, "3404"));
    assert_attr(b->facts, nth(b->facts, AS_KIND_DROPPED, 0), AS_ATTR_MD5,
                "d41d8cd98f00b204e9800998ecf8427e");
    as_analysis_free(a);
    as_analysis_free(b);
}

static void the_verdict_is_the_word_or_the_flag(void **state)
{
    static const struct {
        const char *golden, *score, *verdict;
    } cases[] = {{"joe_full", "84", "MAL"},
                 {"joe_light_single", "12", "clean"},
                 {"joe_ir", "88", "malicious"}};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        as_analysis *a = read_golden(cases[i].golden);
        const as_fact *score = nth(a->facts, AS_KIND_SCORE, 0);

        assert_int_equal(count_of(a->facts, AS_KIND_SCORE), 1);
        assert_attr(a->facts, score, AS_ATTR_SCORE, cases[i].score);
        assert_attr(a->facts, score, AS_ATTR_VERDICT, cases[i].verdict);
        as_analysis_free(a);
    }
}

static void tactics_reach_their_techniques_in_any_order(void **state)
{
    as_analysis *a = read_golden("joe_full");
    const as_facts *f = a->facts;

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_TECHNIQUE), 3);
    assert_attr(f, nth(f, AS_KIND_TECHNIQUE, 0), AS_ATTR_TACTIC, "Persistence");
    assert_attr(f, nth(f, AS_KIND_TECHNIQUE, 1), AS_ATTR_TACTIC, "Defense Evasion");
    assert_attr(f, nth(f, AS_KIND_TECHNIQUE, 2), AS_ATTR_TECHNIQUE, "T1036");
    assert_attr(f, nth(f, AS_KIND_TECHNIQUE, 2), AS_ATTR_TACTIC, "Defense Evasion");
    as_analysis_free(a);
}

static void the_sample_and_the_run_are_each_one_fact(void **state)
{
    static const char *const goldens[] = {"joe_full", "joe_light_single", "joe_ir"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(goldens); i++) {
        as_analysis *a = read_golden(goldens[i]);
        const as_fact *sample = as_facts_get(a->facts, a->sample);

        assert_int_equal(count_of(a->facts, AS_KIND_SAMPLE), 1);
        assert_int_equal(count_of(a->facts, AS_KIND_ANALYSIS), 1);
        assert_true(as_facts_text(a->facts, a->tool_version).n > 0);
        if (i == 1) {
            assert_attr(a->facts, sample, AS_ATTR_URL, "http://bad.example.org/");
        } else {
            assert_attr(a->facts, sample, AS_ATTR_NAME, "order.exe");
            assert_attr(a->facts, sample, AS_ATTR_SHA256,
                        "1be7d8c964c4d7a5cd1a6ae306445c13d175a0eb9ff92150e7940a3ed0b75810");
        }
        as_analysis_free(a);
    }
}

/* --- one document in several forms -------------------------------------------------------------
 */

static void assert_same(const as_facts *x, const as_facts *y)
{
    assert_int_equal(as_facts_count(x), as_facts_count(y));
    for (size_t i = 0; i < as_facts_count(x); i++) {
        const as_fact *a = as_facts_get(x, i), *b = as_facts_get(y, i);

        assert_int_equal(a->kind, b->kind);
        assert_int_equal(a->n_attrs, b->n_attrs);
        for (size_t k = 0; k < a->n_attrs; k++) {
            assert_int_equal(as_fact_attrs(x, a)[k].name, as_fact_attrs(y, b)[k].name);
            assert_true(as_bytes_eq(as_facts_text(x, as_fact_attrs(x, a)[k].str),
                                    as_facts_text(y, as_fact_attrs(y, b)[k].str)));
        }
    }
}

/* In a template `'` is a quote, `~` begins an attribute's name, `T` names an element's text and
 * `<` and `>` enclose a single child. */
static as_bytes form_of(const char *template, const char *attribute, const char *text,
                        const char *open, const char *close, as_buf *out)
{
    as_buf_reset(out);
    for (const char *p = template; *p; p++) {
        if (*p == '\'')
            as_buf_byte(out, '"');
        else if (*p == '~')
            as_buf_text(out, attribute);
        else if (*p == 'T')
            as_buf_text(out, text);
        else if (*p == '<' || *p == '>')
            as_buf_text(out, *p == '<' ? open : close);
        else
            as_buf_byte(out, (uint8_t)*p);
    }
    assert_false(out->failed);
    return as_buf_bytes(out);
}

static void all_conversions_give_the_same_facts(void **state)
{
    static const char template[] =
        "{'analysis':{'generalinfo':{'id':1,'version':'30','target':{'sample':'a.exe'}},"
        "'signatureinfo':{'sig':<{'~desc':'s','~impact':'1','sources':{'source':<{'~op':'o',"
        "'T':'text'}>}}>},'droppedinfo':{'hash':<{'~file':'f','~novel':'n','value':<{'~algo':'MD5',"
        "'T':'00'}>}>},'domaininfo':{'domain':<{'~name':'d'}>},'llm':{'reasonings':{'reasoning':"
        "<{'T':'why'}>}},'unheard':{'of':<{'~x':'1','T':'2'}>}}}";
    static const struct {
        const char *attribute, *text, *open, *close;
    } forms[] = {{"@", "$", "", ""},
                 {"@", "$", "[", "]"},
                 {"", "$", "", ""},
                 {"", "#text", "[", "]"},
                 {"@", "#text", "", ""}};
    as_analysis *first = NULL;
    as_buf b = {0};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(forms); i++) {
        as_analysis *a = read_bytes(
            form_of(template, forms[i].attribute, forms[i].text, forms[i].open, forms[i].close, &b),
            NULL);

        if (first)
            assert_same(first->facts, a->facts);
        else
            assert_attr(a->facts, nth(a->facts, AS_KIND_MARK, 0), AS_ATTR_VALUE, "text");
        if (first)
            as_analysis_free(a);
        else
            first = a;
    }
    as_analysis_free(first);
    as_buf_done(&b);
}

/* A process that is its own child by number, and groups that are no objects. */
static void what_makes_no_sense_is_read_as_far_as_it_goes(void **state)
{
    as_analysis *a = read_bytes(
        as_bytes_of(
            "{\"analysis\":{\"fileinfo\":{\"md5\":\"00\"},\"behavior\":{\"system\":{"
            "\"processes\":{\"process\":[{\"general\":{\"targetid\":1,\"pid\":5},"
            "\"fileactivities\":[{\"fileRead\":{\"call\":[7,{\"symbol\":\"NtReadFile\"},"
            "{\"path\":\"C:\\\\x\",\"symbol\":3,\"count\":\"many\"}]}},\"y\"]},"
            "{\"general\":{\"targetid\":1,\"pid\":5,\"name\":\"n\"}},null,3]}},"
            "\"network\":[1]},\"droppedinfo\":{\"hash\":{\"@targetid\":\"9\",\"@file\":\"f\","
            "\"value\":[{\"@algo\":7,\"$\":\"zz\"},{\"$\":null},[]]}}}}"),
        NULL);
    const as_facts *f = a->facts;

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_PROCESS), 1);
    assert_int_equal(a->calls, 2);
    assert_attr(f, nth(f, AS_KIND_EVENT, 0), AS_ATTR_OPERATION, "fileRead"); /* of no file */
    assert_attr(f, nth(f, AS_KIND_FILE_READ, 0), AS_ATTR_PATH, "C:\\x");
    assert_null(parent_of(f, nth(f, AS_KIND_DROPPED, 0)));
    as_analysis_free(a);
}

static void a_run_that_nothing_ran_in_says_so(void **state)
{
    as_analysis *a = read_bytes(as_bytes_of("{\"analysis\":{\"fileinfo\":{\"md5\":\"00\"},"
                                            "\"behavior\":{},\"errorinfo\":{\"error\":\"e\"}}}"),
                                NULL);

    (void)state;
    assert_int_equal(a->gaps, AS_GAP_NOTHING | AS_GAP_ERRORS);
    as_analysis_free(a);
}

static void an_analysis_of_another_tool_is_not_joes(void **state)
{
    static const char *const inputs[] = {
        "{\"analysis\":{\"general\":{\"sample\":\"a\"}}}",
        "{\"analysis\":{\"score\":1},\"metadata\":{\"version\":\"2\"},\"strings\":{}}",
        "{\"analysis\":7}",
        "{\"analysis\":{}}",
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(inputs); i++) {
        as_analysis *a = NULL;
        as_err err = {0};
        as_code rc = read_report(as_bytes_of(inputs[i]), NULL, &a, &err);

        assert_true(rc == AS_UNKNOWN || (!rc && strcmp(a->tool, "Joe Sandbox") != 0));
        as_analysis_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tree_and_the_list_are_the_same_processes),
        cmocka_unit_test(a_call_becomes_what_it_did),
        cmocka_unit_test(what_failed_is_never_told_as_done),
        cmocka_unit_test(calls_go_out_and_are_counted),
        cmocka_unit_test(packets_are_counted_by_their_ends),
        cmocka_unit_test(hashes_are_known_by_name_or_by_length),
        cmocka_unit_test(the_verdict_is_the_word_or_the_flag),
        cmocka_unit_test(tactics_reach_their_techniques_in_any_order),
        cmocka_unit_test(the_sample_and_the_run_are_each_one_fact),
        cmocka_unit_test(all_conversions_give_the_same_facts),
        cmocka_unit_test(what_makes_no_sense_is_read_as_far_as_it_goes),
        cmocka_unit_test(a_run_that_nothing_ran_in_says_so),
        cmocka_unit_test(an_analysis_of_another_tool_is_not_joes),
        cmocka_unit_test(unsuccessful_is_no_success),
        cmocka_unit_test(more_hashes_and_numbers_than_a_fact_has_room_for_are_read),
        cmocka_unit_test(packets_of_each_network_are_counted_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A report that holds several runs says of each sentence which run it is about. */
#include "lossless.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/banned.h"

#define RUN(id, box)                                                                               \
    "{\"id\":\"" id "\",\"type\":\"file_behaviour\",\"attributes\":{\"sandbox_name\":\"" box       \
    "\",\"processes_tree\":[{\"process_id\":\"7\",\"name\":\"x.exe\"}],"                           \
    "\"processes_list\":[{\"process_id\":\"9\",\"parent_process_id\":\"7\",\"name\":\"y.exe\"}],"  \
    "\"files_written\":[\"a\",\"b\"],\"mutexes_created\":[\"m\"],\"windows_searched\":[\"w\"]}}"

struct told_doc {
    as_source *source;
    as_analysis *analysis;
    as_doc *doc;
};

static struct told_doc tell(const char *text, as_lang lang)
{
    struct told_doc t = {0};
    as_err err = {0};

    if (as_source_open_bytes(as_bytes_of(text), NULL, &t.source, &err) ||
        as_analysis_read(t.source, NULL, &t.analysis, &err) ||
        as_doc_build(t.analysis, &(as_doc_options){lang, true}, &t.doc, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(count_untold(t.doc), 0);
    assert_int_equal(count_faults(t.doc), 0);
    return t;
}

static void done(struct told_doc *t)
{
    as_doc_free(t->doc);
    as_analysis_free(t->analysis);
    as_source_free(t->source);
}

/* The sentence without the marks around its values. */
static void plain(as_bytes text, as_buf *out)
{
    as_buf_reset(out);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != AS_VALUE_OPEN && text.p[i] != AS_VALUE_CLOSE)
            as_buf_byte(out, text.p[i]);
    }
}

static size_t count_said(const as_doc *d, const char *wanted)
{
    as_buf b = {0};
    size_t n = 0;

    for (size_t i = 0; i < d->n; i++) {
        for (size_t k = 0; k < d->sections[i].n; k++) {
            plain(d->sections[i].sentences[k].text, &b);
            n += as_bytes_is(as_buf_bytes(&b), wanted);
        }
    }
    as_buf_done(&b);
    return n;
}

static void each_sentence_names_its_run(void **state)
{
    static const char text[] = "{\"data\":[" RUN("1_A", "Box A") "," RUN("1_B", "Box B") "]}";
    struct told_doc en = tell(text, AS_LANG_EN), zh = tell(text, AS_LANG_ZH);

    (void)state;
    assert_int_equal(count_said(en.doc, "Box A: The monitored processes wrote 2 files: a and b."),
                     1);
    assert_int_equal(count_said(en.doc, "Box B: The monitored processes wrote 2 files: a and b."),
                     1);
    assert_int_equal(count_said(en.doc, "Box B: y.exe (PID 9) was started by x.exe (PID 7)."), 1);
    assert_int_equal(count_said(en.doc, "Box A: The monitored processes used the mutex m."), 1);
    assert_int_equal(
        count_said(en.doc, "Box A: VirusTotal's summary lists under windows_searched: w."), 1);
    assert_int_equal(count_said(zh.doc, "Box A：写入了 2 个文件：a、b。"), 1);
    assert_int_equal(count_said(zh.doc, "Box B：x.exe（PID 7）启动了 y.exe（PID 9）。"), 1);
    done(&en);
    done(&zh);
}

static void runs_of_one_name_are_told_by_their_numbers(void **state)
{
    struct told_doc en = tell("{\"data\":[" RUN("1", "Box") "," RUN("2", "Box") "]}", AS_LANG_EN);

    (void)state;
    assert_int_equal(count_said(en.doc, "Box (1): The monitored processes used the mutex m."), 1);
    assert_int_equal(count_said(en.doc, "Box (2): The monitored processes used the mutex m."), 1);
    done(&en);
}

static void one_run_is_not_named_in_every_sentence(void **state)
{
    struct told_doc en = tell("{\"data\":[" RUN("1", "Box") "]}", AS_LANG_EN);

    (void)state;
    assert_int_equal(count_said(en.doc, "The monitored processes used the mutex m."), 1);
    done(&en);
}

/* What a Sigma rule matched stands behind the rule, not alone. */
static void the_events_of_a_sigma_rule_stand_with_it(void **state)
{
    struct told_doc en =
        tell("{\"data\":{\"type\":\"file\",\"attributes\":{\"times_submitted\":1,"
             "\"sigma_analysis_results\":[{\"rule_title\":\"T\",\"rule_level\":\"high\","
             "\"match_context\":[{\"values\":{\"EventID\":\"1\"}}]}]}}}",
             AS_LANG_EN);

    (void)state;
    assert_int_equal(
        count_said(en.doc, "The Sigma rule T matched (level high); marks: EventID: 1."), 1);
    done(&en);
}

static void antivirus_summaries_need_no_total(void **state)
{
    struct told_doc en = tell("{\"data\":{\"type\":\"file\",\"attributes\":{\"times_submitted\":1,"
                              "\"md5\":\"d\",\"last_analysis_stats\":{\"malicious\":3}}}}",
                              AS_LANG_EN);
    struct told_doc cape = tell("{\"info\":{\"version\":\"2.4-CAPE\"},\"target\":{\"file\":{"
                                "\"name\":\"f\",\"virustotal\":{\"positives\":3,\"total\":5}}}}",
                                AS_LANG_EN);

    (void)state;
    assert_int_equal(count_said(en.doc, "3 of the antivirus engines detected the sample."), 1);
    assert_int_equal(count_said(cape.doc, "3 of 5 antivirus engines detected the sample."), 1);
    done(&en);
    done(&cape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sentence_names_its_run),
        cmocka_unit_test(runs_of_one_name_are_told_by_their_numbers),
        cmocka_unit_test(one_run_is_not_named_in_every_sentence),
        cmocka_unit_test(the_events_of_a_sigma_rule_stand_with_it),
        cmocka_unit_test(antivirus_summaries_need_no_total),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

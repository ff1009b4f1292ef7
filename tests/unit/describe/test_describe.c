#include "lossless.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/banned.h"

typedef struct bench {
    as_facts *facts;
    as_analysis analysis;
    as_doc *doc;
    uint64_t at; /* offset of the next fact's evidence */
} bench;

static bench begin(void)
{
    bench b = {.facts = as_facts_new(0)};

    assert_non_null(b.facts);
    b.analysis.tool = "CAPE";
    b.analysis.sample = AS_NO_FACT;
    b.analysis.facts = b.facts;
    return b;
}

static void end(bench *b)
{
    as_doc_free(b->doc);
    as_facts_free(b->facts);
}

typedef struct pair {
    as_attr_name name;
    const char *text;
} pair;

static as_draft draft_of(bench *b, as_kind kind, uint32_t parent)
{
    as_draft d;

    as_draft_init(&d, kind);
    d.parent = parent;
    d.evidence[d.n_evidence++] = (as_evidence){.begin = b->at, .end = b->at + 1};
    b->at += 2;
    return d;
}

static uint32_t add(bench *b, as_kind kind, uint32_t parent, const pair *pairs, size_t n)
{
    as_draft d = draft_of(b, kind, parent);
    uint32_t fact;

    for (size_t i = 0; i < n; i++)
        assert_int_equal(
            as_draft_text(&d, b->facts, pairs[i].name, AS_FORM_TEXT, as_bytes_of(pairs[i].text)),
            AS_OK);
    assert_int_equal(as_facts_add(b->facts, &d, &fact), AS_OK);
    return fact;
}

#define LIST(...)                 ((const pair[]){__VA_ARGS__})
#define PAIRS(...)                LIST(__VA_ARGS__), AS_COUNT(LIST(__VA_ARGS__))
#define ADD(b, kind, parent, ...) add(b, AS_KIND_##kind, parent, PAIRS(__VA_ARGS__))
#define A(attr, text)                                                                              \
    {                                                                                              \
        AS_ATTR_##attr, text                                                                       \
    }

static void describe(bench *b, as_lang lang, bool full)
{
    as_err err = {0};

    as_doc_free(b->doc);
    b->doc = NULL;
    assert_int_equal(as_doc_build(&b->analysis, &(as_doc_options){lang, full}, &b->doc, &err),
                     AS_OK);
}

/* Whether the plain text of some sentence holds `want`. */
static bool says(const bench *b, const char *want)
{
    as_buf plain = {0};
    bool found;

    for (size_t i = 0; i < b->doc->n; i++) {
        for (size_t k = 0; k < b->doc->sections[i].n; k++) {
            as_doc_plain(&plain, b->doc->sections[i].sentences[k].text);
            as_buf_byte(&plain, '\n');
        }
    }
    as_buf_byte(&plain, 0);
    assert_false(plain.failed);
    found = strstr((const char *)plain.p, want) != NULL;
    if (!found)
        print_message("missing '%s' in:\n%s\n", want, (const char *)plain.p);
    as_buf_done(&plain);
    return found;
}

static const as_sentence *find(const bench *b, as_section section, size_t at)
{
    for (size_t i = 0; i < b->doc->n; i++) {
        if (b->doc->sections[i].section == section && at < b->doc->sections[i].n)
            return &b->doc->sections[i].sentences[at];
    }
    fail_msg("no sentence %zu in section %d", at, (int)section);
    return NULL;
}

static void the_rows_stand_in_the_order_of_the_kinds(void **state)
{
    (void)state;
    for (unsigned k = 0; k < AS_KIND_COUNT; k++)
        assert_int_equal(as_say_row_get((as_kind)k)->kind, k);
}

static void every_template_compiles_in_both_languages(void **state)
{
    (void)state;
    for (unsigned k = 0; k < AS_KIND_COUNT; k++) {
        const as_say_row *row = as_say_row_get((as_kind)k);
        as_arena *a = as_arena_new((size_t)1 << 20);

        assert_non_null(a);
        assert_non_null(row->form[AS_SAY_ONE][AS_LANG_EN]);
        assert_non_null(row->form[AS_SAY_ONE][AS_LANG_ZH]);
        assert_non_null(row->form[AS_SAY_ITEM][AS_LANG_EN]);
        assert_non_null(row->noun[AS_LANG_EN]);
        assert_non_null(row->noun[AS_LANG_ZH]);
        for (unsigned i = 0; i < AS_SAY_FORMS * AS_SAY_LANGS; i++) {
            const char *text = row->form[i / AS_SAY_LANGS][i % AS_SAY_LANGS];
            as_template tpl;

            if (text && as_template_compile(a, as_bytes_of(text), &tpl))
                fail_msg("%s: %s", as_kind_get((as_kind)k)->name, text);
        }
        as_arena_free(a);
    }
}

static void a_broken_template_is_refused(void **state)
{
    static const char *const broken[] = {"{nothing}", "[a", "a]",
                                         "[a[b]]",    "{}", "{name|path|key|id|ip|url|sid}"};
    as_arena *a = as_arena_new((size_t)1 << 20);
    as_template tpl;

    (void)state;
    for (size_t i = 0; i < AS_COUNT(broken); i++)
        assert_int_equal(as_template_compile(a, as_bytes_of(broken[i]), &tpl), AS_INVALID);
    as_arena_free(a);
}

/* A fact of each kind with every attribute; a draft takes only so many at once. */
static void fill_every_kind(bench *b, unsigned copies, const uint32_t *parents, size_t n_parents)
{
    char text[64];
    size_t share = AS_ATTR_NAME_COUNT / 4 + 1;

    for (unsigned k = 0; k < AS_KIND_COUNT * copies; k++) {
        for (size_t from = 0; from < AS_ATTR_NAME_COUNT; from += share) {
            as_draft d =
                draft_of(b, (as_kind)(k / copies), n_parents ? parents[k % n_parents] : AS_NO_FACT);

            for (size_t i = from; i < from + share && i < AS_ATTR_NAME_COUNT; i++) {
                (void)snprintf(text, sizeof(text), "<%u-%zu>%s", k, i,
                               i % 3 ? "" : "\x1b[31m and \xe2\x80\xae long");
                assert_int_equal(
                    as_draft_text(&d, b->facts, (as_attr_name)i, AS_FORM_TEXT, as_bytes_of(text)),
                    AS_OK);
            }
            assert_int_equal(as_facts_add(b->facts, &d, NULL), AS_OK);
        }
    }
}

static void check_lossless(bench *b)
{
    for (unsigned lang = 0; lang < AS_SAY_LANGS; lang++) {
        describe(b, (as_lang)lang, true);
        assert_int_equal(count_untold(b->doc), 0);
        assert_int_equal(count_faults(b->doc), 0);
    }
}

static void full_tells_every_attribute_of_every_kind(void **state)
{
    bench b = begin();

    (void)state;
    fill_every_kind(&b, 1, NULL, 0);
    check_lossless(&b);
    end(&b);
}

static void full_tells_every_attribute_of_folded_facts(void **state)
{
    bench b = begin();

    (void)state;
    fill_every_kind(&b, 50, NULL, 0);
    check_lossless(&b);
    end(&b);
}

static void full_tells_every_attribute_below_every_parent(void **state)
{
    bench b = begin();
    uint32_t parents[AS_KIND_COUNT];

    (void)state;
    for (unsigned k = 0; k < AS_KIND_COUNT; k++)
        parents[k] = add(&b, (as_kind)k, k ? parents[k / 2] : AS_NO_FACT, PAIRS(A(NAME, "parent")));
    fill_every_kind(&b, 3, parents, AS_KIND_COUNT);
    check_lossless(&b);
    end(&b);
}

static void a_joined_fact_is_passed_over(void **state)
{
    bench b = begin();
    uint32_t gone;

    (void)state;
    assert_int_equal(as_facts_reserve(b.facts, &gone), AS_OK); /* never put: it stays gone */
    ADD(&b, MUTEX, gone, A(NAME, "m"));
    describe(&b, AS_LANG_EN, true);
    assert_int_equal(find(&b, AS_SECTION_SYSTEM, 0)->fact, gone + 1);
    assert_int_equal(count_faults(b.doc), 0);
    end(&b);
}

static void a_long_value_is_cut_in_the_text_and_whole_in_the_item(void **state)
{
    bench b = begin();
    char text[1001];

    (void)state;
    memset(text, 'x', 1000);
    text[1000] = 0;
    ADD(&b, MUTEX, AS_NO_FACT, A(NAME, text));
    describe(&b, AS_LANG_EN, true);
    assert_true(find(&b, AS_SECTION_SYSTEM, 0)->text.n < 300);
    assert_int_equal(find(&b, AS_SECTION_SYSTEM, 0)->n_items, 1);
    assert_int_equal(count_untold(b.doc), 0);
    end(&b);
}

static void add_files(bench *b, unsigned n, unsigned scripts)
{
    char path[64];

    for (unsigned i = 0; i < n; i++) {
        (void)snprintf(path, sizeof(path), "C:\\Users\\x\\f%u%s", i, i < scripts ? ".ps1" : ".txt");
        ADD(b, FILE_WRITTEN, AS_NO_FACT, A(PATH, path));
    }
}

static void many_files_fold_into_one_sentence_that_says_how_many(void **state)
{
    bench b = begin();
    const as_sentence *s;

    (void)state;
    add_files(&b, 1214, 1200);
    describe(&b, AS_LANG_EN, true);
    assert_true(says(&b, "The monitored processes wrote 1,214 files under C:\\Users\\x, most often "
                         ".ps1 (1,200): "));
    assert_true(says(&b, ", and 1,211 more."));
    s = find(&b, AS_SECTION_FILES, 0);
    assert_int_equal(s->n_facts, 1214);
    assert_int_equal(s->n_items, 1214);
    assert_int_equal(s->folded, 1211);
    describe(&b, AS_LANG_ZH, false);
    assert_true(says(&b, "写入了 1,214 个文件，均位于 C:\\Users\\x 下，以 .ps1（1,200 个）为主："));
    assert_true(says(&b, "，另有 1,211 个。"));
    s = find(&b, AS_SECTION_FILES, 0);
    assert_int_equal(s->n_facts, 1214);
    assert_int_equal(s->n_items, 0);
    end(&b);
}

static void what_reads_alike_is_told_once(void **state)
{
    bench b = begin();

    (void)state;
    for (int i = 0; i < 5; i++)
        ADD(&b, EVENT, AS_NO_FACT, A(OPERATION, "NtClose"), A(TIME, i ? "1.5" : "2.5"));
    ADD(&b, EVENT, AS_NO_FACT, A(OPERATION, "NtOpenKey"));
    ADD(&b, PROCESS, AS_NO_FACT, A(NAME, "\"C:\\x\\cmd.exe\" /c a.bat"), A(PID, "7"),
        A(ENDED, "61125"));
    ADD(&b, PROCESS, AS_NO_FACT, A(NAME, "reg.exe"), A(PID, "8"), A(PPID, "7"));
    ADD(&b, API_TRACE, AS_NO_FACT, A(COUNT, "2"), A(STARTED, "1700000020.1"),
        A(ENDED, "1700000020.9"));
    ADD(&b, CONNECTION, AS_NO_FACT, A(SRC, "2001:db8::5"), A(SPORT, "51234"));
    ADD(&b, ANALYSIS, AS_NO_FACT, A(VERSION, "2.4"));
    describe(&b, AS_LANG_EN, false);
    assert_true(says(&b, "CAPE noted 6 events: NtClose (5 times) and NtOpenKey."));
    assert_true(says(&b, "it ended at 61125 (by the tool's own clock)."));
    assert_true(says(&b, "reg.exe (PID 8) was started by cmd.exe (PID 7)."));
    assert_true(says(&b, "made 2 API calls, at 2023-11-14 22:13:40 UTC."));
    assert_true(says(&b, "Traffic was seen from [2001:db8::5]:51234."));
    assert_false(says(&b, "Its results come from"));
    end(&b);
}

static void few_are_listed_whole(void **state)
{
    bench b = begin();

    (void)state;
    add_files(&b, 4, 0);
    describe(&b, AS_LANG_EN, false);
    assert_true(says(&b, "wrote 4 files: C:\\Users\\x\\f0.txt, C:\\Users\\x\\f1.txt, "
                         "C:\\Users\\x\\f2.txt, and C:\\Users\\x\\f3.txt."));
    assert_int_equal(find(&b, AS_SECTION_FILES, 0)->folded, 0);
    add_files(&b, 1, 0); /* f0.txt again: five facts, four files */
    describe(&b, AS_LANG_EN, false);
    assert_true(says(&b, "wrote 4 files under C:\\Users\\x: C:\\Users\\x\\f0.txt (2 times), "
                         "C:\\Users\\x\\f1.txt, "));
    end(&b);
}

static void configuration_values_are_listed_whole_far_longer(void **state)
{
    bench b = begin();
    char value[16];

    (void)state;
    for (unsigned i = 0; i < 30; i++) {
        (void)snprintf(value, sizeof(value), "v%u", i);
        ADD(&b, CONFIG, AS_NO_FACT, A(FAMILY, "X"), A(NAME, "c2"), A(VALUE, value));
        describe(&b, AS_LANG_EN, false);
        assert_int_equal(find(&b, AS_SECTION_CONFIGURATION, 0)->folded,
                         i < AS_SAY_WIDE_MAX ? 0 : i + 1 - AS_SAY_WIDE_MAX);
    }
    assert_true(says(&b, ", c2 = v23, and 6 more."));
    end(&b);
}

static void what_can_run_is_shown_first(void **state)
{
    bench b = begin();

    (void)state;
    add_files(&b, 20, 0);
    ADD(&b, FILE_WRITTEN, AS_NO_FACT, A(PATH, "C:\\Temp\\a.exe"));
    describe(&b, AS_LANG_EN, false);
    assert_true(says(&b, ": C:\\Temp\\a.exe, "));
    end(&b);
}

static void a_fold_over_processes_names_none_of_them(void **state)
{
    bench b = begin();
    uint32_t p = ADD(&b, PROCESS, AS_NO_FACT, A(NAME, "a.exe"), A(PID, "10"));
    uint32_t q = ADD(&b, PROCESS, p, A(NAME, "b.exe"), A(PID, "11"), A(PPID, "10"));

    (void)state;
    ADD(&b, FILE_READ, p, A(PATH, "C:\\1"));
    ADD(&b, FILE_READ, q, A(PATH, "C:\\2"));
    ADD(&b, FILE_WRITTEN, p, A(PATH, "C:\\3"));
    ADD(&b, FILE_WRITTEN, q, A(PATH, "C:\\4"));
    describe(&b, AS_LANG_EN, false);
    assert_true(says(&b, "The monitored processes read 2 files"));
    assert_true(says(&b, "a.exe (PID 10) wrote the file C:\\3."));
    assert_true(says(&b, "b.exe (PID 11) wrote the file C:\\4."));
    end(&b);
}

static void parents_come_before_children_in_either_language(void **state)
{
    bench b = begin();

    (void)state;
    ADD(&b, PROCESS, AS_NO_FACT, A(NAME, "wscript.exe"), A(PID, "2140"), A(PPID, "4060"),
        A(COMMAND_LINE, "wscript a.vbs"));
    ADD(&b, PROCESS, AS_NO_FACT, A(NAME, "powershell.exe"), A(PID, "4060"), A(PPID, "1"));
    describe(&b, AS_LANG_EN, false);
    assert_true(says(&b,
                     "powershell.exe (PID 4060) was started by PID 1.\nwscript.exe (PID 2140) was "
                     "started by powershell.exe (PID 4060) with the command line wscript a.vbs."));
    describe(&b, AS_LANG_ZH, false);
    assert_true(says(&b, "powershell.exe（PID 4060）启动了 wscript.exe（PID 2140），命令行："
                         "wscript a.vbs。"));
    end(&b);
}

static void processes_that_are_each_others_parents_are_told_once(void **state)
{
    bench b = begin();

    (void)state;
    ADD(&b, PROCESS, AS_NO_FACT, A(NAME, "a.exe"), A(PID, "1"), A(PPID, "2"));
    ADD(&b, PROCESS, AS_NO_FACT, A(NAME, "b.exe"), A(PID, "2"), A(PPID, "1"));
    ADD(&b, PROCESS, AS_NO_FACT, A(NAME, "c.exe"), A(PID, "3"), A(PPID, "3"));
    describe(&b, AS_LANG_EN, false);
    assert_int_equal(b.doc->sections[0].n, 3);
    end(&b);
}

static void an_entry_point_acts_and_says_where_its_emulation_stopped(void **state)
{
    bench b = begin();
    uint32_t entry;

    (void)state;
    entry = ADD(&b, ENTRY_POINT, AS_NO_FACT, A(TYPE, "thread"), A(ENTRYPOINT, "0x401500"));
    ADD(&b, EMULATION_STOP, entry, A(ERROR, "unsupported_api"), A(API, "a.F"));
    ADD(&b, MODULE, entry, A(PATH, "ws2_32.dll"));
    ADD(&b, PROCESS, entry, A(NAME, "cmd.exe"), A(PID, "4"));
    ADD(&b, FILE_WRITTEN, entry, A(PATH, "C:\\x"));
    describe(&b, AS_LANG_EN, false);
    assert_true(says(&b, "emulated the entry point thread at 0x401500."));
    assert_true(says(&b,
                     "The emulation of the entry point thread (0x401500) stopped with the error "
                     "unsupported_api: a.F; what the code would have done after that was not "
                     "seen."));
    assert_true(says(&b, "It loaded ws2_32.dll."));
    assert_true(says(&b, "cmd.exe (PID 4) was started by the entry point thread (0x401500)."));
    assert_true(says(&b, "The entry point thread (0x401500) wrote the file C:\\x."));
    describe(&b, AS_LANG_ZH, false);
    assert_true(says(&b, "入口点 thread（0x401500）的模拟执行因错误 unsupported_api 而中断：a.F；"
                         "此后的代码行为未被观察到。"));
    assert_true(says(&b, "该入口点加载了模块 ws2_32.dll。"));
    assert_true(says(&b, "入口点 thread（0x401500）启动了 cmd.exe（PID 4）。"));
    end(&b);
}

static void number_0_and_who_came_later_started_nobody(void **state)
{
    bench b = begin();

    (void)state;
    ADD(&b, PROCESS, AS_NO_FACT, A(NAME, "System"), A(PID, "4"), A(PPID, "0"));
    ADD(&b, PROCESS, AS_NO_FACT, A(NAME, "late.exe"), A(PID, "50"),
        A(FIRST_SEEN, "2024-03-05T09:30:00+00:00"));
    ADD(&b, PROCESS, AS_NO_FACT, A(NAME, "early.exe"), A(PID, "60"), A(PPID, "50"),
        A(FIRST_SEEN, "2024-03-05T09:00:00+00:00"));
    ADD(&b, PROCESS, AS_NO_FACT, A(NAME, "child.exe"), A(PID, "70"), A(PPID, "60"),
        A(FIRST_SEEN, "2024-03-05T09:00:01+00:00"), A(ENDED, "2024-03-05T09:00:02+00:00"));
    ADD(&b, PROCESS, AS_NO_FACT, A(PID, "80"), A(PPID, "0"));
    describe(&b, AS_LANG_EN, false);
    assert_true(says(&b, "System (PID 4) was recorded."));
    assert_true(says(&b, "early.exe (PID 60) was started by PID 50;"));
    assert_true(says(&b, "child.exe (PID 70) was started by early.exe (PID 60);"));
    assert_true(says(&b, "it ended at 2024-03-05T09:00:02+00:00."));
    assert_true(says(&b, "A process of unknown name (PID 80) was recorded."));
    end(&b);
}

static void a_reused_number_names_no_process(void **state)
{
    bench b = begin();

    (void)state;
    ADD(&b, PROCESS, AS_NO_FACT, A(NAME, "a.exe"), A(PID, "5"));
    ADD(&b, PROCESS, AS_NO_FACT, A(NAME, "b.exe"), A(PID, "5"));
    ADD(&b, PLAINTEXT, AS_NO_FACT, A(PID, "5"), A(API, "SslEncryptPacket"), A(CONTENT, "GET /"));
    describe(&b, AS_LANG_EN, false);
    assert_true(says(&b, "PID 5 handed the following to SslEncryptPacket: GET /."));
    end(&b);
}

static void signatures_come_gravest_first_with_their_marks(void **state)
{
    bench b = begin();
    uint32_t low = ADD(&b, SIGNATURE, AS_NO_FACT, A(NAME, "mild"), A(SEVERITY, "1"));
    uint32_t high = ADD(&b, SIGNATURE, AS_NO_FACT, A(NAME, "grave"), A(SEVERITY, "3"));

    (void)state;
    ADD(&b, MARK, high, A(NAME, "url"), A(VALUE, "http://a.example/"));
    ADD(&b, MARK, low, A(NAME, "file"), A(VALUE, "C:\\a"));
    describe(&b, AS_LANG_EN, false);
    assert_int_equal(find(&b, AS_SECTION_DETECTIONS, 0)->weight, AS_EMPHASIS_HIGH);
    assert_int_equal(find(&b, AS_SECTION_DETECTIONS, 1)->weight, AS_EMPHASIS_LOW);
    assert_true(
        says(&b, "The signature grave matched (severity 3); marks: url: http://a.example/."));
    describe(&b, AS_LANG_ZH, false);
    assert_true(says(&b, "命中行为特征 grave（严重程度 3）；依据：url：http://a.example/。"));
    end(&b);
}

static void a_technique_is_told_once_and_an_internal_id_as_such(void **state)
{
    bench b = begin();

    (void)state;
    ADD(&b, TECHNIQUE, AS_NO_FACT, A(TECHNIQUE, "T1116"), A(SIGNATURE, "one"));
    ADD(&b, TECHNIQUE, AS_NO_FACT, A(TECHNIQUE, "T1116"), A(SIGNATURE, "two"),
        A(NAME, "Code Signing"));
    ADD(&b, TECHNIQUE, AS_NO_FACT, A(TECHNIQUE, "U0102"), A(SIGNATURE, "one"));
    describe(&b, AS_LANG_EN, false);
    assert_true(says(&b, "The report names the ATT&CK technique T1116 (Code Signing), given by "
                         "the signatures one, two."));
    assert_true(says(&b, "The report names the CAPE-internal id U0102 (not an ATT&CK id), given by "
                         "the signature one."));
    assert_int_equal(b.doc->sections[0].n, 2);
    end(&b);
}

static void places_that_windows_starts_programs_from_are_told(void **state)
{
    bench b = begin();

    (void)state;
    ADD(&b, KEY_WRITTEN, AS_NO_FACT,
        A(KEY, "HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\x"));
    ADD(&b, KEY_READ, AS_NO_FACT, A(KEY, "HKLM\\SYSTEM\\Services\\x\\ImagePath"));
    ADD(&b, COMMAND, AS_NO_FACT, A(COMMAND, "SCHTASKS.exe /Create /tn t /tr a.exe"));
    ADD(&b, COMMAND, AS_NO_FACT, A(COMMAND, "C:\\disc create x"));
    describe(&b, AS_LANG_EN, false);
    assert_int_equal(find(&b, AS_SECTION_PERSISTENCE, 0)->n_facts, 1);
    assert_true(says(&b, "Written to a Run key: HKEY_CURRENT_USER"));
    assert_true(says(&b, "A command to create a scheduled task: SCHTASKS.exe"));
    for (size_t i = 0; i < b.doc->n; i++) {
        if (b.doc->sections[i].section == AS_SECTION_PERSISTENCE)
            assert_int_equal(b.doc->sections[i].n, 2);
    }
    end(&b);
}

static void hostile_text_comes_out_visible(void **state)
{
    bench b = begin();

    (void)state;
    ADD(&b, MUTEX, AS_NO_FACT, A(NAME, "a\x01\x02\x1b[31m\xe2\x80\xae\xff"));
    describe(&b, AS_LANG_EN, false);
    assert_int_equal(count_faults(b.doc), 0);
    assert_true(says(&b, "used the mutex a\\x01\\x02\\x1b[31m\\u{202e}\\xff."));
    end(&b);
}

static void numbers_and_times_are_written_for_people(void **state)
{
    char text[40];

    (void)state;
    (void)as_thousands(53357, text);
    assert_string_equal(text, "53,357");
    (void)as_thousands(UINT64_MAX, text);
    assert_string_equal(text, "18,446,744,073,709,551,615");
    assert_true(as_epoch_text(as_bytes_of("1684370017.195312"), text));
    assert_string_equal(text, "2023-05-18 00:33:37 UTC");
    assert_false(as_epoch_text(as_bytes_of("85.72"), text));
    assert_false(as_epoch_text(as_bytes_of("2023-05-18"), text));
    assert_false(as_epoch_text(as_bytes_of("nan"), text));
}

static void a_report_without_facts_still_tells_of_the_run(void **state)
{
    bench b = begin();

    (void)state;
    b.analysis.gaps = AS_GAP_NOTHING | AS_GAP_NO_END | AS_GAP_STATUS | AS_GAP_ERRORS;
    b.analysis.doubts.duplicate_keys = 2;
    b.analysis.doubts.lone_surrogates = 1;
    b.analysis.coverage.total_bytes = 1000;
    b.analysis.coverage.mapped_bytes = 987;
    describe(&b, AS_LANG_EN, true);
    assert_int_equal(b.doc->n, 1);
    assert_int_equal(b.doc->sections[0].section, AS_SECTION_RUN);
    assert_int_equal(b.doc->sections[0].n, 7);
    assert_true(says(&b, "98.7 %"));
    describe(&b, AS_LANG_ZH, true);
    assert_true(says(&b, "未观察到任何进程"));
    end(&b);
}

static void what_is_not_whole_does_not_read_as_whole(void **state)
{
    bench b = begin();

    (void)state;
    b.analysis.coverage.total_bytes = 1000000;
    b.analysis.coverage.mapped_bytes = 999999;
    describe(&b, AS_LANG_EN, false);
    assert_true(says(&b, "99.9 %"));
    end(&b);
}

static void each_failed_allocation_is_an_error_and_leaks_nothing(void **state)
{
    bench b = begin();
    as_code rc = AS_NOMEM;

    (void)state;
    fill_every_kind(&b, 1, NULL, 0);
    for (uint64_t n = 1; rc; n++) {
        as_err err = {0};

        as_mem_fail_at(n);
        rc = as_doc_build(&b.analysis, &(as_doc_options){AS_LANG_ZH, true}, &b.doc, &err);
        as_mem_fail_at(0);
        if (rc) {
            assert_int_equal(rc, AS_NOMEM);
            assert_null(b.doc);
        }
    }
    end(&b);
}

static void every_word_and_title_is_there_in_both_languages(void **state)
{
    (void)state;
    for (unsigned lang = 0; lang < AS_SAY_LANGS; lang++) {
        for (unsigned i = 0; i < AS_WORD_COUNT; i++)
            assert_non_null(as_doc_word((as_lang)lang, (as_word)i));
        for (unsigned i = 0; i < AS_SECTION_COUNT; i++)
            assert_non_null(as_section_title((as_lang)lang, (as_section)i));
        for (unsigned i = 0; i < AS_ATTR_NAME_COUNT; i++)
            assert_non_null(as_attr_label((as_lang)lang, (as_attr_name)i));
    }
    for (unsigned i = 0; i < AS_ATTR_NAME_COUNT; i++) {
        if (strcmp(as_attr_label(AS_LANG_ZH, (as_attr_name)i),
                   as_attr_get((as_attr_name)i)->name) == 0)
            assert_true(i == AS_ATTR_IMPHASH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rows_stand_in_the_order_of_the_kinds),
        cmocka_unit_test(every_template_compiles_in_both_languages),
        cmocka_unit_test(a_broken_template_is_refused),
        cmocka_unit_test(full_tells_every_attribute_of_every_kind),
        cmocka_unit_test(full_tells_every_attribute_of_folded_facts),
        cmocka_unit_test(full_tells_every_attribute_below_every_parent),
        cmocka_unit_test(a_joined_fact_is_passed_over),
        cmocka_unit_test(a_long_value_is_cut_in_the_text_and_whole_in_the_item),
        cmocka_unit_test(many_files_fold_into_one_sentence_that_says_how_many),
        cmocka_unit_test(few_are_listed_whole),
        cmocka_unit_test(what_reads_alike_is_told_once),
        cmocka_unit_test(configuration_values_are_listed_whole_far_longer),
        cmocka_unit_test(what_can_run_is_shown_first),
        cmocka_unit_test(a_fold_over_processes_names_none_of_them),
        cmocka_unit_test(parents_come_before_children_in_either_language),
        cmocka_unit_test(processes_that_are_each_others_parents_are_told_once),
        cmocka_unit_test(an_entry_point_acts_and_says_where_its_emulation_stopped),
        cmocka_unit_test(number_0_and_who_came_later_started_nobody),
        cmocka_unit_test(a_reused_number_names_no_process),
        cmocka_unit_test(signatures_come_gravest_first_with_their_marks),
        cmocka_unit_test(a_technique_is_told_once_and_an_internal_id_as_such),
        cmocka_unit_test(places_that_windows_starts_programs_from_are_told),
        cmocka_unit_test(hostile_text_comes_out_visible),
        cmocka_unit_test(numbers_and_times_are_written_for_people),
        cmocka_unit_test(a_report_without_facts_still_tells_of_the_run),
        cmocka_unit_test(what_is_not_whole_does_not_read_as_whole),
        cmocka_unit_test(each_failed_allocation_is_an_error_and_leaks_nothing),
        cmocka_unit_test(every_word_and_title_is_there_in_both_languages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a description is cut into: of the examples, of real reports where there are any. */
#include "base/escape.h"
#include "base/utf8.h"
#include "retrieve/retrieve.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

/* Room for what a report of a few megabytes gives. */
#define CHUNKS_MAX 20000u

typedef struct kept {
    as_chunk *p;
    size_t n;
    as_arena *arena;
    as_buf rows, prose; /* all bodies, one behind the other; lines of one row joined */
    size_t fail_at;     /* put fails for this one, from 1 */
} kept;

static as_code keep(void *sink, const as_chunk *c, as_err *err)
{
    kept *k = sink;
    as_chunk *to = &k->p[k->n];
    uint32_t *facts = as_arena_take(k->arena, c->n_facts + 1, sizeof(*facts));

    if (++k->n == k->fail_at)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "the sink is full");
    assert_true(k->n < CHUNKS_MAX);
    assert_non_null(facts);
    *to = *c;
    assert_int_equal(as_arena_copy(k->arena, c->body, &to->body), AS_OK);
    assert_int_equal(as_arena_copy(k->arena, c->context, &to->context), AS_OK);
    if (c->n_facts > 0)
        memcpy(facts, c->facts, c->n_facts * sizeof(*facts));
    to->facts = facts;
    return AS_OK;
}

static void keep_init(kept *k)
{
    *k = (kept){.p = as_mem_zero(CHUNKS_MAX, sizeof(*k->p)), .arena = as_arena_new(1u << 30)};
    assert_non_null(k->p);
    assert_non_null(k->arena);
}

static void keep_done(kept *k)
{
    as_buf_done(&k->rows);
    as_buf_done(&k->prose);
    as_arena_free(k->arena);
    as_mem_free(k->p);
}

static void make(const as_analysis *a, kept *k)
{
    as_err err = {0};

    keep_init(k);
    if (as_chunks_make(NULL, a, keep, k, &err))
        fail_msg("%s", err.msg);
}

static bool holds(as_bytes hay, as_bytes needle)
{
    return needle.n <= hay.n && (needle.n == 0 || memmem(hay.p, hay.n, needle.p, needle.n));
}

/* True if the line goes on with the row of the line before it, maybe in the chunk before. */
static bool goes_on(as_bytes line)
{
    static const char mark[] = "  … ";

    return line.n >= sizeof(mark) - 1 && memcmp(line.p, mark, sizeof(mark) - 1) == 0;
}

/* The lines of a body, the parts of a long row as one; headers are not needed here. */
static void join_lines(as_bytes body, as_buf *out)
{
    static const size_t mark = sizeof("  … ") - 1;
    bool any = false;

    for (size_t from = 0, at = 0; at <= body.n; at++) {
        as_bytes line = {body.p + from, at - from};

        if (at < body.n && body.p[at] != '\n')
            continue;
        if (goes_on(line)) {
            as_buf_add(out, (as_bytes){line.p + mark, line.n - mark});
            any = true;
        } else if (any || (line.n > 1 && line.p[0] == '-' && line.p[1] == ' ')) {
            as_buf_byte(out, '\n');
            as_buf_add(out, line);
            any = true;
        }
        from = at + 1;
    }
}

static void add_body(as_bytes body, as_buf *out)
{
    as_buf_add(out, body);
    as_buf_byte(out, '\n');
}

/* --- what must hold of every chunk --------------------------------------------------------- */

static void check_text(as_bytes text, bool lines)
{
    assert_int_equal(as_utf8_check(text), text.n);
    for (size_t i = 0; i < text.n;) {
        size_t n;
        int32_t cp = as_utf8_next((as_bytes){text.p + i, text.n - i}, &n);

        if (!(lines && cp == '\n') && as_utf8_is_hidden((uint32_t)cp))
            fail_msg("a hidden character U+%04X at byte %zu", (unsigned)cp, i);
        i += n;
    }
}

static void check_shape(const kept *k, size_t i)
{
    const as_chunk *c = &k->p[i];
    size_t lines = 0;

    check_text(c->context, false);
    check_text(c->body, true);
    assert_true(c->body.n > 0 && c->context.n > 0);
    for (size_t at = 0; at < c->body.n; at++)
        lines += c->body.p[at] == '\n';
    if (lines > 0 && as_chunk_tokens(c->body) > 2 * (size_t)AS_CHUNK_TOKENS_AIM)
        fail_msg("%zu tokens: %.*s", as_chunk_tokens(c->body), 200, (const char *)c->body.p);
    if (c->role == AS_CHUNK_BASE) {
        assert_int_equal(c->parent, -1);
        return;
    }
    assert_true(c->parent >= 0 && (size_t)c->parent < i);
    assert_int_equal(k->p[c->parent].role, AS_CHUNK_BASE);
    assert_int_equal(k->p[c->parent].section, c->section);
    assert_true(c->lang == AS_CHUNK_LANG_ANY || c->lang == k->p[c->parent].lang);
}

static void check_uids(const kept *k)
{
    for (size_t i = 0; i < k->n; i++) {
        for (size_t j = i + 1; j < k->n && k->n < 3000; j++)
            assert_memory_not_equal(k->p[i].uid, k->p[j].uid, sizeof(k->p[i].uid));
    }
}

/* The sentence of the section whose text is the line, or NULL. */
static const as_sentence *sentence_of(const as_doc *d, as_section section, as_bytes line,
                                      uint32_t process)
{
    as_buf plain = {0};
    const as_sentence *found = NULL;

    for (size_t i = 0; i < d->n; i++) {
        for (size_t k = 0; d->sections[i].section == section && k < d->sections[i].n; k++) {
            const as_sentence *s = &d->sections[i].sentences[k];

            as_buf_reset(&plain);
            as_doc_plain(&plain, s->text);
            if (as_bytes_eq(as_buf_bytes(&plain), line) &&
                (!found || s->process == process)) /* two may say the same */
                found = s;
        }
    }
    as_buf_done(&plain);
    return found;
}

/* All lines are sentences of one section, and of one process where that is the section. */
static void check_prose(const as_doc *d, const as_chunk *c)
{
    uint32_t process = AS_NO_FACT;
    size_t from = 0, line = 0;

    for (size_t at = 0; at <= c->body.n; at++) {
        const as_sentence *s;

        if (at < c->body.n && c->body.p[at] != '\n')
            continue;
        s = sentence_of(d, c->section, (as_bytes){c->body.p + from, at - from}, process);
        if (!s)
            fail_msg("no sentence: %.*s", (int)(at - from), (const char *)c->body.p + from);
        if (c->section == AS_SECTION_PROCESSES && line++ > 0)
            assert_int_equal(s->process, process);
        process = s->process;
        from = at + 1;
    }
}

static void check_chunks(const as_analysis *a, kept *k)
{
    as_doc *docs[2] = {NULL, NULL};
    as_err err = {0};

    for (unsigned lang = 0; lang < 2; lang++)
        assert_int_equal(
            as_doc_build(a, &(as_doc_options){.lang = (as_lang)lang}, &docs[lang], &err), AS_OK);
    for (size_t i = 0; i < k->n; i++) {
        const as_chunk *c = &k->p[i];

        check_shape(k, i);
        if (c->role != AS_CHUNK_KEYWORDS && c->lang != AS_CHUNK_LANG_ANY)
            check_prose(docs[c->lang], c);
    }
    check_uids(k);
    as_doc_free(docs[0]);
    as_doc_free(docs[1]);
}

/* --- every value is found ------------------------------------------------------------------ */

static void with_thousands(uint64_t n, char out[32])
{
    char plain[24];
    size_t len = (size_t)snprintf(plain, sizeof(plain), "%llu", (unsigned long long)n), at = 0;

    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = plain[i];
    }
    out[at] = '\0';
}

static bool is_found(const kept *k, as_bytes value)
{
    char number[32] = "";
    uint64_t n;

    if (holds(as_buf_bytes(&k->rows), value) || holds(as_buf_bytes(&k->prose), value))
        return true;
    if (!as_bytes_u64(value, &n))
        return false;
    with_thousands(n, number);
    return holds(as_buf_bytes(&k->prose), as_bytes_of(number)) ||
           holds(as_buf_bytes(&k->rows), as_bytes_of(number));
}

/* Of a fact that is longer than a row may be, not all is there. */
static bool has_room(const as_facts *f, const as_fact *fact)
{
    const as_attr *a = as_fact_attrs(f, fact);
    size_t bytes = 0;

    for (size_t i = 0; i < fact->n_attrs; i++)
        bytes += 4 * as_facts_text(f, a[i].str).n + 24;
    return bytes < AS_CHUNK_ROW_MAX;
}

static void check_values(const as_analysis *a, kept *k)
{
    const as_facts *f = a->facts;
    as_buf want = {0};
    size_t lost = 0;

    for (size_t i = 0; i < k->n; i++) {
        if (k->p[i].lang == AS_CHUNK_LANG_ANY)
            join_lines(k->p[i].body, &k->rows);
        else
            add_body(k->p[i].body, &k->prose);
    }
    for (size_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);
        const as_attr *attr = as_fact_attrs(f, fact);

        for (size_t j = 0; j < fact->n_attrs; j++) {
            if ((fact->flags & AS_FACT_GONE) || attr[j].form == AS_FORM_TRUE ||
                attr[j].form == AS_FORM_FALSE || !has_room(f, fact))
                continue;
            as_buf_reset(&want);
            as_escape_visible(&want, as_facts_text(f, attr[j].str));
            if (!is_found(k, as_buf_bytes(&want)) && lost++ < 5)
                fprintf(stderr, "not found: fact %zu (%s) %s: %.*s\n", i,
                        as_kind_get((as_kind)fact->kind)->name,
                        as_attr_get((as_attr_name)attr[j].name)->name,
                        want.n < 100 ? (int)want.n : 100, (const char *)want.p);
        }
    }
    as_buf_done(&want);
    assert_int_equal(lost, 0);
}

/* Each fact stands behind some chunk, unless another row reads exactly as its own. */
static void check_facts(const as_analysis *a, const kept *k)
{
    size_t n = as_facts_count(a->facts), have = 0, live = 0;
    uint8_t *seen = as_mem_zero(n + 1, 1);

    assert_non_null(seen);
    for (size_t i = 0; i < k->n; i++) {
        for (size_t j = 0; j < k->p[i].n_facts; j++) {
            assert_true(k->p[i].facts[j] < n);
            seen[k->p[i].facts[j]] = 1;
        }
    }
    for (size_t i = 0; i < n; i++) {
        live += !(as_facts_get(a->facts, i)->flags & AS_FACT_GONE);
        have += seen[i];
    }
    assert_true(have > live / 2 && have <= live);
    as_mem_free(seen);
}

static as_analysis *read_report(const char *path)
{
    as_source *source = NULL;
    as_analysis *a = NULL;
    as_err err = {0};

    if (as_source_open(path, NULL, &source, &err) || as_analysis_read(source, NULL, &a, &err))
        fail_msg("%s: %s", path, err.msg);
    as_source_free(source);
    return a;
}

static void check_report(const char *path)
{
    as_analysis *a = read_report(path);
    kept k;

    make(a, &k);
    assert_true(k.n > 0);
    check_chunks(a, &k);
    check_values(a, &k);
    check_facts(a, &k);
    keep_done(&k);
    as_analysis_free(a);
}

static void every_value_of_the_examples_is_in_a_chunk_of_one_section(void **state)
{
    (void)state;
    check_report("examples/cape-report.json");
    check_report("examples/cuckoo-report.json");
}

static void every_value_of_real_reports_is_in_a_chunk_of_one_section(void **state)
{
    const char *data = getenv("ASSAY_DATA");
    char pattern[4096];
    glob_t found = {0};

    (void)state;
    (void)snprintf(pattern, sizeof(pattern), "%s/reports/sandboxllm/*.json",
                   data ? data : "../shared/data");
    if (glob(pattern, 0, NULL, &found) != 0)
        skip();
    for (size_t i = 0; i < found.gl_pathc; i++)
        check_report(found.gl_pathv[i]);
    globfree(&found);
}

static void the_same_report_gives_the_same_chunks(void **state)
{
    as_analysis *one = read_report("examples/cape-report.json"),
                *two = read_report("examples/cape-report.json");
    kept a, b;

    (void)state;
    make(one, &a);
    make(two, &b);
    assert_int_equal(a.n, b.n);
    for (size_t i = 0; i < a.n; i++)
        assert_memory_equal(a.p[i].uid, b.p[i].uid, sizeof(a.p[i].uid));
    keep_done(&a);
    keep_done(&b);
    as_analysis_free(one);
    as_analysis_free(two);
}

/* --- reports made by hand ------------------------------------------------------------------- */

typedef struct bench {
    as_analysis analysis;
    uint64_t at;
} bench;

static bench begin(void)
{
    bench b = {.analysis = {.tool = "CAPE", .source = "made.json", .sample = AS_NO_FACT}};

    b.analysis.facts = as_facts_new(0);
    assert_non_null(b.analysis.facts);
    return b;
}

static uint32_t add(bench *b, as_kind kind, uint32_t parent, as_attr_name name, as_bytes text)
{
    as_draft d;
    uint32_t fact;

    as_draft_init(&d, kind);
    d.parent = parent;
    d.evidence[d.n_evidence++] = (as_evidence){.begin = b->at, .end = b->at + 1};
    b->at += 2;
    assert_int_equal(as_draft_text(&d, b->analysis.facts, name, AS_FORM_TEXT, text), AS_OK);
    assert_int_equal(as_facts_add(b->analysis.facts, &d, &fact), AS_OK);
    return fact;
}

static void a_long_list_is_cut_between_rows_with_its_header_above_each(void **state)
{
    bench b = begin();
    size_t chunks = 0, rows = 0;
    char path[64];
    kept k;

    (void)state;
    for (unsigned i = 0; i < 400; i++) {
        (void)snprintf(path, sizeof(path), "C:\\Users\\x\\file-%u.ps1", i);
        (void)add(&b, AS_KIND_FILE_WRITTEN, AS_NO_FACT, AS_ATTR_PATH, as_bytes_of(path));
    }
    make(&b.analysis, &k);
    check_chunks(&b.analysis, &k);
    check_values(&b.analysis, &k);
    for (size_t i = 0; i < k.n; i++) {
        if (k.p[i].lang != AS_CHUNK_LANG_ANY || k.p[i].role != AS_CHUNK_BASE)
            continue;
        chunks++;
        rows += k.p[i].n_facts;
        assert_true(holds(k.p[i].body, AS_LITERAL("400")));
        assert_true(k.p[i].body.p[0] != '-');
    }
    assert_int_equal(rows, 400);
    assert_true(chunks > 5 && chunks < 40);
    keep_done(&k);
    as_facts_free(b.analysis.facts);
}

static void rows_that_read_alike_stand_once(void **state)
{
    bench b = begin();
    size_t bytes = 0;
    kept k;

    (void)state;
    for (unsigned i = 0; i < 5000; i++)
        (void)add(&b, AS_KIND_MUTEX, AS_NO_FACT, AS_ATTR_NAME,
                  i % 2 ? AS_LITERAL("Global\\one") : AS_LITERAL("Global\\two"));
    make(&b.analysis, &k);
    for (size_t i = 0; i < k.n; i++)
        bytes += k.p[i].body.n;
    assert_true(bytes < 4000);
    keep_done(&k);
    as_facts_free(b.analysis.facts);
}

static void a_very_long_value_goes_on_in_further_lines_and_is_cut_in_the_end(void **state)
{
    bench b = begin();
    as_buf text = {0};
    bool start = false, middle = false, end = false, said = false;
    kept k;

    (void)state;
    for (unsigned i = 0; i < 4000; i++)
        as_buf_printf(&text, "word%u ", i);
    (void)add(&b, AS_KIND_SCRIPT, AS_NO_FACT, AS_ATTR_CONTENT, as_buf_bytes(&text));
    make(&b.analysis, &k);
    check_chunks(&b.analysis, &k);
    for (size_t i = 0; i < k.n; i++) {
        start = start || holds(k.p[i].body, AS_LITERAL("word1 "));
        middle = middle || holds(k.p[i].body, AS_LITERAL("word800 "));
        end = end || holds(k.p[i].body, AS_LITERAL("word3999 "));
        said = said || holds(k.p[i].body, AS_LITERAL("…(+"));
    }
    assert_true(start && middle && !end && said);
    keep_done(&k);
    as_buf_done(&text);
    as_facts_free(b.analysis.facts);
}

static void what_has_no_room_is_counted_and_told(void **state)
{
    bench b = begin();
    bool said = false;
    char name[40];
    as_err err = {0};
    kept k;

    (void)state;
    for (unsigned i = 0; i < AS_CHUNK_ROWS_MAX + 7; i++) {
        (void)snprintf(name, sizeof(name), "n%u", i);
        (void)add(&b, AS_KIND_MUTEX, AS_NO_FACT, AS_ATTR_NAME, as_bytes_of(name));
    }
    keep_init(&k);
    assert_int_equal(as_chunks_make(NULL, &b.analysis, keep, &k, &err), AS_OK);
    for (size_t i = 0; i < k.n; i++)
        said = said || (k.p[i].section == AS_SECTION_RUN &&
                        holds(k.p[i].body, AS_LITERAL("7 values of this report are not")));
    assert_true(said);
    keep_done(&k);
    as_facts_free(b.analysis.facts);
}

static void hostile_text_is_harmless_and_never_called_our_own(void **state)
{
    static const char evil[] = "a\x1b[2J\xe2\x80\xae"
                               "b\xff\n- fake row\x01\x02 end";
    bench b = begin();
    size_t with = 0;
    kept k;

    (void)state;
    (void)add(&b, AS_KIND_MUTEX, AS_NO_FACT, AS_ATTR_NAME, AS_LITERAL(evil));
    make(&b.analysis, &k);
    check_chunks(&b.analysis, &k);
    for (size_t i = 0; i < k.n; i++) {
        if (!holds(k.p[i].body, AS_LITERAL("fake row")))
            continue;
        assert_false(holds(k.p[i].body, AS_LITERAL("\n- fake row")));
        assert_int_equal(k.p[i].trust, AS_TRUST_SAMPLE);
        with++;
    }
    assert_true(with > 0);
    keep_done(&k);
    as_facts_free(b.analysis.facts);
}

static void an_analysis_without_facts_gives_chunks_about_the_run_alone(void **state)
{
    bench b = begin();
    kept k;

    (void)state;
    make(&b.analysis, &k);
    for (size_t i = 0; i < k.n; i++)
        assert_int_equal(k.p[i].section, AS_SECTION_RUN);
    keep_done(&k);
    as_facts_free(b.analysis.facts);
}

static void the_sinks_failure_ends_it_and_is_told(void **state)
{
    as_analysis *a = read_report("examples/cuckoo-report.json");
    as_err err = {0};
    kept k;

    (void)state;
    for (size_t at = 1; at < 6; at++) {
        keep_init(&k);
        k.fail_at = at;
        assert_int_equal(as_chunks_make(NULL, a, keep, &k, &err), AS_IO);
        assert_string_equal(err.msg, "the sink is full");
        assert_int_equal(k.n, at);
        keep_done(&k);
    }
    as_analysis_free(a);
}

static as_code drop(void *sink, const as_chunk *c, as_err *err)
{
    (void)sink;
    (void)c;
    (void)err;
    return AS_OK;
}

static void each_allocation_may_fail(void **state)
{
    bench b = begin();
    as_code rc = AS_NOMEM;

    (void)state;
    (void)add(&b, AS_KIND_MUTEX, AS_NO_FACT, AS_ATTR_NAME, AS_LITERAL("Global\\one"));
    (void)add(&b, AS_KIND_FILE_WRITTEN, AS_NO_FACT, AS_ATTR_PATH, AS_LITERAL("C:\\a.ps1"));
    for (uint64_t n = 1; rc != AS_OK; n++) {
        as_err err = {0};

        assert_true(n < 10000);
        as_mem_fail_at(n);
        rc = as_chunks_make(NULL, &b.analysis, drop, NULL, &err);
        as_mem_fail_at(0);
        assert_true(rc == AS_OK || rc == AS_NOMEM);
    }
    as_facts_free(b.analysis.facts);
}

static void tokens_count_words_and_chinese_characters(void **state)
{
    (void)state;
    assert_int_equal(as_chunk_tokens(AS_LITERAL("")), 0);
    assert_int_equal(as_chunk_tokens(AS_LITERAL("one two")), 2);
    assert_int_equal(as_chunk_tokens(AS_LITERAL("恶意软件")), 4);
    assert_int_equal(as_chunk_tokens(AS_LITERAL("C:\\a.ps1")), 5);
    assert_int_equal(as_chunk_tokens(AS_LITERAL("0123456789abcdef")), 2);
    assert_int_equal(as_chunk_tokens(AS_LITERAL("...")), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_of_the_examples_is_in_a_chunk_of_one_section),
        cmocka_unit_test(every_value_of_real_reports_is_in_a_chunk_of_one_section),
        cmocka_unit_test(the_same_report_gives_the_same_chunks),
        cmocka_unit_test(a_long_list_is_cut_between_rows_with_its_header_above_each),
        cmocka_unit_test(rows_that_read_alike_stand_once),
        cmocka_unit_test(a_very_long_value_goes_on_in_further_lines_and_is_cut_in_the_end),
        cmocka_unit_test(what_has_no_room_is_counted_and_told),
        cmocka_unit_test(hostile_text_is_harmless_and_never_called_our_own),
        cmocka_unit_test(an_analysis_without_facts_gives_chunks_about_the_run_alone),
        cmocka_unit_test(the_sinks_failure_ends_it_and_is_told),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(tokens_count_words_and_chinese_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

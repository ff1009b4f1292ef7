/*
 * sample_doc - an analysis and its description, built by hand for the tests of report.
 *
 *     struct sample s;
 *     sample_init(&s);
 *     uint32_t p = sample_process(&s, 100, 4, "a.exe", "2017-01-05 10:02:03,515");
 *     sample_say(&s, AS_SECTION_PROCESSES, AS_EMPHASIS_HIGH, "It \x01ran\x02.", p);
 *     const as_doc *doc = sample_doc(&s);
 *     sample_done(&s);
 *
 * Depends on: cmocka, report.  Threads: one.
 */
#ifndef AS_SAMPLE_DOC_H
#define AS_SAMPLE_DOC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "report/report_priv.h"

#define SAMPLE_SENTENCES 64
#define SAMPLE_FACTS_OF  8

struct sample {
    as_facts *facts;
    as_analysis analysis;
    as_doc doc;
    as_doc_section sections[AS_SECTION_COUNT];
    as_sentence sentences[AS_SECTION_COUNT][SAMPLE_SENTENCES];
    uint32_t facts_of[AS_SECTION_COUNT][SAMPLE_SENTENCES][SAMPLE_FACTS_OF];
    as_unmapped rows[4];
    uint64_t offset; /* of the next fact's value */
};

static inline void sample_init(struct sample *s)
{
    memset(s, 0, sizeof(*s));
    s->facts = as_facts_new(0);
    assert_non_null(s->facts);
    s->analysis.tool = "CAPE";
    s->analysis.source = "report.json";
    s->analysis.size = 100000;
    s->analysis.sample = AS_NO_FACT;
    s->analysis.facts = s->facts;
    s->analysis.coverage.total_bytes = 100000;
    s->analysis.coverage.mapped_bytes = 100000;
    s->analysis.coverage.rows = s->rows;
    for (size_t i = 0; i < AS_SHA256_SIZE; i++)
        s->analysis.sha256[i] = (uint8_t)(0x33 + 7 * i);
    s->doc.analysis = &s->analysis;
    s->doc.sections = s->sections;
    s->doc.title = AS_LITERAL("A title about \x01x.exe\x02");
    s->offset = 0x1000;
}

static inline void sample_done(struct sample *s)
{
    as_facts_free(s->facts);
}

static inline as_str sample_text(struct sample *s, as_bytes text)
{
    as_str str;

    assert_int_equal(as_facts_intern(s->facts, text, &str), AS_OK);
    return str;
}

/* A draft with one evidence: 16 bytes at /things/<key>, further on with each call. */
static inline void sample_draft(struct sample *s, as_draft *d, as_kind kind, const char *key)
{
    as_node things;
    as_str step = sample_text(s, AS_LITERAL("things"));

    as_draft_init(d, kind);
    assert_int_equal(as_facts_node(s->facts, 0, step | AS_STEP_KEY, &things), AS_OK);
    step = sample_text(s, as_bytes_of(key));
    d->evidence[0] = (as_evidence){s->offset, s->offset + 16, things, step | AS_STEP_KEY};
    d->n_evidence = 1;
    s->offset += 0x100;
}

static inline void sample_attr(struct sample *s, as_draft *d, as_attr_name name, as_form form,
                               as_bytes text)
{
    as_attr *attr = &d->attrs[d->n_attrs++];

    *attr = (as_attr){(uint16_t)name, (uint8_t)form, sample_text(s, text)};
}

static inline uint32_t sample_add(struct sample *s, const as_draft *d)
{
    uint32_t fact;

    assert_int_equal(as_facts_add(s->facts, d, &fact), AS_OK);
    return fact;
}

/* A fact with one text. */
static inline uint32_t sample_fact(struct sample *s, as_kind kind, uint32_t parent,
                                   as_attr_name name, as_bytes text)
{
    as_draft d;

    sample_draft(s, &d, kind, "x");
    d.parent = parent;
    sample_attr(s, &d, name, AS_FORM_TEXT, text);
    return sample_add(s, &d);
}

static inline as_bytes sample_number(char text[32], uint64_t value)
{
    size_t at = 32;

    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return (as_bytes){(const uint8_t *)text + at, 32 - at};
}

/* `seen` may be NULL. */
static inline uint32_t sample_process(struct sample *s, uint64_t pid, uint64_t ppid,
                                      const char *name, const char *seen)
{
    char digits[32];
    as_draft d;

    sample_draft(s, &d, AS_KIND_PROCESS, "process");
    sample_attr(s, &d, AS_ATTR_PID, AS_FORM_NUMBER, sample_number(digits, pid));
    sample_attr(s, &d, AS_ATTR_PPID, AS_FORM_NUMBER, sample_number(digits, ppid));
    sample_attr(s, &d, AS_ATTR_PROCESS_NAME, AS_FORM_TEXT, as_bytes_of(name));
    if (seen)
        sample_attr(s, &d, AS_ATTR_FIRST_SEEN, AS_FORM_TEXT, as_bytes_of(seen));
    return sample_add(s, &d);
}

/* Sections must be begun in the order of the document. */
static inline as_sentence *sample_say(struct sample *s, as_section section, as_emphasis weight,
                                      const char *text, uint32_t fact)
{
    as_doc_section *sec = NULL;
    as_sentence *sentence;
    size_t at;

    for (at = 0; at < s->doc.n && !sec; at++)
        sec = s->sections[at].section == section ? &s->sections[at] : NULL;
    if (!sec) {
        at = ++s->doc.n;
        sec = &s->sections[at - 1];
        *sec = (as_doc_section){.section = section, .title = as_bytes_of(as_section_name(section))};
        sec->sentences = s->sentences[at - 1];
    }
    assert_true(sec->n < SAMPLE_SENTENCES);
    sentence = &s->sentences[at - 1][sec->n];
    s->facts_of[at - 1][sec->n][0] = fact;
    *sentence = (as_sentence){.text = as_bytes_of(text),
                              .weight = weight,
                              .fact = fact,
                              .process = fact,
                              .facts = s->facts_of[at - 1][sec->n],
                              .n_facts = 1};
    sec->n++;
    return sentence;
}

/* One more fact that the sentence rests on. */
static inline void sample_more(struct sample *s, as_sentence *sentence, uint32_t fact)
{
    size_t at = (size_t)(sentence - &s->sentences[0][0]);
    uint32_t *facts = s->facts_of[at / SAMPLE_SENTENCES][at % SAMPLE_SENTENCES];

    assert_true(sentence->n_facts < SAMPLE_FACTS_OF);
    facts[sentence->n_facts++] = fact;
}

/* The report as one NUL-terminated string in `out`. */
static inline const char *sample_write(struct sample *s, as_report_format format,
                                       const as_report_options *options, as_buf *out)
{
    const as_doc *docs[] = {&s->doc};
    as_err err = {0};

    assert_int_equal(as_report_write(format, docs, 1, options, out, &err), AS_OK);
    as_buf_byte(out, '\0');
    assert_false(out->failed);
    assert_int_equal(strlen((const char *)out->p), out->n - 1);
    return (const char *)out->p;
}

static inline void sample_expect(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in:\n%s", part, text);
}

static inline void sample_expect_not(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("'%s' is in:\n%s", part, text);
}

/* True if the whole of `text` is one JSON value, without a repeated key. */
static inline bool sample_is_json(as_bytes text)
{
    as_source *source = NULL;
    as_json *json = NULL;
    as_json_tok tok = {0};
    as_err err = {0};
    as_code rc;

    assert_int_equal(as_source_open_bytes(text, NULL, &source, &err), AS_OK);
    assert_int_equal(as_json_new(source, NULL, &json, &err), AS_OK);
    do {
        rc = as_json_next(json, &tok, &err);
    } while (!rc && tok.type != AS_JSON_END);
    if (!rc && as_json_doubts_so_far(json).duplicate_keys > 0)
        rc = AS_INVALID;
    as_json_free(json);
    as_source_free(source);
    return rc == AS_OK;
}

/* Each allocation in turn fails: a plain error, and nothing in `out`. */
static inline void sample_starve(struct sample *s, as_report_format format,
                                 const as_report_options *options)
{
    const as_doc *docs[] = {&s->doc};
    uint64_t n = 1;

    for (;; n++) {
        as_buf out = {0};
        as_err err = {0};
        as_code rc;

        as_mem_fail_at(n);
        rc = as_report_write(format, docs, 1, options, &out, &err);
        as_mem_fail_at(0);
        assert_true(rc == AS_OK || rc == AS_NOMEM);
        assert_int_equal(rc, err.code);
        if (rc)
            assert_int_equal(out.n, 0);
        as_buf_done(&out);
        if (rc == AS_OK)
            break;
        assert_true(n < 100000);
    }
    assert_true(n > 1);
}

/* What a report can hold to harm a reader, and texts of a doc that name it. */
#define HOSTILE_RAW                                                                                \
    AS_LITERAL("\x1b[31m<script>\xe2\x80\xae"                                                      \
               "x`*_|](http://e.vil)\"'\0z\r\n\x9b")
#define HOSTILE_VISIBLE                                                                            \
    "<script>alert(1)</script> & \"q\" 'r' `tick` *star* [a](http://e.vil) <img src=x> | "         \
    "www.e.vil"

/* A document with all that the writers draw: severities, folded items, processes, gaps. */
static inline void sample_rich(struct sample *s, as_item items[2])
{
    uint32_t process, child, file, other;
    as_sentence *sentence;
    as_draft d;

    sample_init(s);
    sample_draft(s, &d, AS_KIND_SAMPLE, "target");
    sample_attr(s, &d, AS_ATTR_NAME, AS_FORM_TEXT, HOSTILE_RAW);
    sample_attr(s, &d, AS_ATTR_SIZE, AS_FORM_NUMBER, AS_LITERAL("1234567"));
    sample_attr(s, &d, AS_ATTR_SHA256, AS_FORM_TEXT, AS_LITERAL("ab12"));
    s->analysis.sample = sample_add(s, &d);
    process = sample_process(s, 100, 4, "parent.exe", "2017-01-05 10:02:03,515");
    child = sample_process(s, 104, 100, HOSTILE_VISIBLE, "2017-01-05 10:02:05,000");
    (void)sample_fact(s, AS_KIND_EVENT, child, AS_ATTR_TIME, AS_LITERAL("2017-01-05 10:02:09,000"));
    file = sample_fact(s, AS_KIND_FILE_WRITTEN, child, AS_ATTR_PATH, AS_LITERAL("C:\\a"));
    other = sample_fact(s, AS_KIND_FILE_WRITTEN, child, AS_ATTR_PATH, AS_LITERAL("C:\\b"));
    (void)sample_say(s, AS_SECTION_DETECTIONS, AS_EMPHASIS_HIGH,
                     "Rule \x01" HOSTILE_VISIBLE "\x02 matched " HOSTILE_VISIBLE ".", child);
    (void)sample_say(s, AS_SECTION_DETECTIONS, AS_EMPHASIS_MEDIUM, "Something \x01odd\x02.", child);
    (void)sample_say(s, AS_SECTION_PROCESSES, AS_EMPHASIS_PLAIN, "It started \x01x.exe\x02.",
                     process);
    sentence = sample_say(s, AS_SECTION_FILES, AS_EMPHASIS_LOW, "It wrote 2 files.", file);
    sample_more(s, sentence, other);
    items[0] = (as_item){as_bytes_of("\x01" HOSTILE_VISIBLE "\x02"), file};
    items[1] = (as_item){as_bytes_of("\x01"
                                     "C:\\b"
                                     "\x02"),
                         other};
    sentence->folded = 2;
    sentence->items = items;
    sentence->n_items = 2;
    s->doc.options.full = true;
    s->analysis.gaps = AS_GAP_ERRORS | AS_GAP_NO_END;
    s->analysis.doubts.duplicate_keys = 3;
    s->analysis.doubts.first_duplicate = 77;
    s->rows[0] = (as_unmapped){sample_text(s, AS_LITERAL("/a|b/*/<i>")), 12, 34000, false};
    s->rows[1] = (as_unmapped){sample_text(s, AS_LITERAL("/known")), 1, 6000, true};
    s->analysis.coverage.mapped_bytes = 60000;
    s->analysis.coverage.n = 2;
}

#endif

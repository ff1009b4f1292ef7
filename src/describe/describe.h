/*
 * describe - facts become sentences, Chinese or English, each with its evidence.
 *
 *     as_doc *d = NULL;
 *     if (as_doc_build(analysis, &(as_doc_options){ .lang = AS_LANG_ZH }, &d, &err)) ...
 *     for (size_t i = 0; i < d->n; i++)           sections, in order
 *         for (size_t k = 0; k < d->sections[i].n; k++)
 *             ... d->sections[i].sentences[k].text
 *     as_doc_free(d);
 *
 * A sentence cuts long values and folds what is many (`folded` says how much); with
 * `full` its items hold every attribute of every fact that it rests on, uncut.
 *
 * A text is well-formed UTF-8 without hidden characters (escape.h): safe on a
 * screen once the target's own syntax is escaped. Values from the report stand
 * between AS_VALUE_OPEN and AS_VALUE_CLOSE, so that a page can set them in
 * another face; as_doc_plain() drops those marks.
 *
 * Depends on: base, evidence, formats.  Threads: re-entrant; one doc, one thread.
 */
#ifndef AS_DESCRIBE_H
#define AS_DESCRIBE_H

#include "formats/formats.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum as_lang { AS_LANG_EN, AS_LANG_ZH } as_lang;

#define AS_VALUE_OPEN  '\x01'
#define AS_VALUE_CLOSE '\x02'

typedef struct as_doc_options {
    as_lang lang;
    bool full; /* keep every folded item in `items`, values uncut */
} as_doc_options;

/* How much a sentence should weigh on an analyst's eye; from the tool's own severity. */
typedef enum as_emphasis {
    AS_EMPHASIS_PLAIN,
    AS_EMPHASIS_LOW,
    AS_EMPHASIS_MEDIUM,
    AS_EMPHASIS_HIGH
} as_emphasis;

/* One fact of a sentence with all its attributes, uncut; made only with `full`. */
typedef struct as_item {
    as_bytes text;
    uint32_t fact;
} as_item;

typedef struct as_sentence {
    as_bytes text;
    as_emphasis weight;
    uint32_t fact;         /* what it is about, if it is about one fact, else AS_NO_FACT */
    uint32_t process;      /* fact number of the acting process, or AS_NO_FACT */
    const uint32_t *facts; /* every fact it rests on; at least one,
                              unless the analysis holds no fact at all */
    size_t n_facts;
    size_t folded;        /* values that the text does not spell out; 0: none */
    const as_item *items; /* with full: one for each of `facts`; none if the text says all */
    size_t n_items;
} as_sentence;

typedef struct as_doc_section {
    as_section section;
    as_bytes title; /* in the doc's language */
    const as_sentence *sentences;
    size_t n;
} as_doc_section;

typedef struct as_doc {
    const as_analysis *analysis;
    as_doc_options options;
    as_bytes title;                 /* one line: what the sample is, by which tool's report */
    const as_doc_section *sections; /* only those with sentences */
    size_t n;
    as_arena *arena; /* owns everything here */
} as_doc;

#define AS_DOC_MEMORY ((size_t)2 << 30) /* of one doc; over it: AS_LIMIT */

/* `analysis` must outlive the doc. AS_NOMEM or AS_LIMIT. */
as_code as_doc_build(const as_analysis *analysis, const as_doc_options *options, as_doc **ret,
                     as_err *err) AS_CHECKED;
void as_doc_free(as_doc *d);

/*
 * What a part of a joined analysis is called: its tool, and its letter where two parts are
 * of one tool.
 */
void as_doc_part_name(as_buf *out, const as_analysis *a, size_t part);

/* Appends a moment as the report has it, seconds since 1970 as a date; cut to `max` characters. */
void as_doc_moment(as_buf *out, as_bytes moment, size_t max);

/* Appends `text` without its value marks. */
void as_doc_plain(as_buf *out, as_bytes text);

/* A word or phrase of the frame around the sentences, in the doc's language. */
typedef enum as_word {
    AS_WORD_EVIDENCE,
    AS_WORD_MORE,
    AS_WORD_TOOL,
    AS_WORD_SAMPLE,
    AS_WORD_FACTS,
    AS_WORD_COVERAGE,
    AS_WORD_UNMAPPED,
    AS_WORD_PARTIAL,
    AS_WORD_COMPLETE,
    AS_WORD_PROCESS_TREE,
    AS_WORD_TIMELINE,
    AS_WORD_REPORT,
    AS_WORD_PATH,
    AS_WORD_COUNT_OF,
    AS_WORD_BYTES,
    AS_WORD_LEFT_OUT,
    AS_WORD_CONTENTS,
    AS_WORD_EVIDENCE_HINT,
    AS_WORD_COUNT
} as_word;

const char *as_doc_word(as_lang lang, as_word word);
const char *as_section_title(as_lang lang, as_section section);

/* What facts of a kind are called, in the plural where the language has one. */
const char *as_describe_noun(as_lang lang, as_kind kind);

#ifdef __cplusplus
}
#endif
#endif

/*
 * report_priv - what the writers of the four formats share; private to report.
 *
 * Depends on: base, evidence, formats, describe.  Threads: re-entrant.
 */
#ifndef AS_REPORT_PRIV_H
#define AS_REPORT_PRIV_H

#include "report/report.h"

/* --- words of the frame (words.c) ------------------------------------------------ */

typedef enum as_frame {
    AS_FRAME_LANG_TAG,
    AS_FRAME_SAMPLE,
    AS_FRAME_TYPE,
    AS_FRAME_SIZE,
    AS_FRAME_REPORT,
    AS_FRAME_INPUT_HASH,
    AS_FRAME_BYTES_N,
    AS_FRAME_EVIDENCE_PREFIX,
    AS_FRAME_INCOMPLETE,
    AS_FRAME_GAP_ERRORS,
    AS_FRAME_GAP_NOTHING,
    AS_FRAME_GAP_NO_END,
    AS_FRAME_GAP_EMPTY,
    AS_FRAME_GAP_STATUS,
    AS_FRAME_COLON,
    AS_FRAME_SEMICOLON,
    AS_FRAME_STOP,
    AS_FRAME_CONTENTS,
    AS_FRAME_TREE,
    AS_FRAME_TREE_CUT,
    AS_FRAME_TIMELINE,
    AS_FRAME_LANES_CUT,
    AS_FRAME_NO_TIMES,
    AS_FRAME_OUTSIDE,
    AS_FRAME_TIMELINE_HINT,
    AS_FRAME_NO_PROCESSES,
    AS_FRAME_EVENTS_N,
    AS_FRAME_CALLS_N,
    AS_FRAME_UNOWNED,
    AS_FRAME_ITEMS_N,
    AS_FRAME_COVERAGE,
    AS_FRAME_MAPPED,
    AS_FRAME_ALL_MAPPED,
    AS_FRAME_PATH,
    AS_FRAME_COUNT,
    AS_FRAME_BYTES,
    AS_FRAME_PERCENT,
    AS_FRAME_KNOWN,
    AS_FRAME_DUPLICATES,
    AS_FRAME_SURROGATES,
    AS_FRAME_LOW,
    AS_FRAME_MEDIUM,
    AS_FRAME_HIGH,
    AS_FRAME_EVIDENCE,
    AS_FRAME_WRITTEN_BY,
    AS_FRAME_WORDS
} as_frame;

const char *as_frame_word(as_lang lang, as_frame word);

/* The phrase with each '#' replaced by the next of `n` numbers, digits in groups of three. */
void as_frame_say(as_buf *out, as_lang lang, as_frame word, const uint64_t *numbers, size_t n);

/* "Incomplete run: ...; ..." of an analysis with gaps. */
void as_frame_gaps(as_buf *out, as_lang lang, uint32_t gaps);

/* "high" and its kin; NULL for a plain sentence. */
const char *as_frame_weight(as_lang lang, as_emphasis weight);

/* 1234567 as "1,234,567". */
void as_frame_grouped(as_buf *out, uint64_t value);

/* --- pieces of a document (parts.c) ------------------------------------------------ */

#define AS_PREFIX_SIZE 17 /* "3391c4e3bafe761a-" */

/* The same as as_evidence_id(), for documents with a hundred thousand ids. */
size_t as_part_id(const as_analysis *a, const as_evidence *e, char id[AS_EVIDENCE_ID_MAX]);
void as_part_prefix(const as_analysis *a, char prefix[AS_PREFIX_SIZE + 1]);

/* "4f3a21-2c"; "B:4f3a21-2c" of the second part of a joined analysis. */
void as_part_short_id(as_buf *out, const as_analysis *a, const as_evidence *e);

/* The evidence with the offsets of its own input. */
as_evidence as_part_local(const as_analysis *a, const as_evidence *e);

/*
 * First evidence of each fact that a sentence rests on (of a joined analysis: of each part
 * that tells the fact); none twice in a row.
 */
typedef struct as_proofs {
    const as_analysis *analysis;
    const as_sentence *sentence;
    size_t at, in_fact;
    uint32_t parts; /* of which the fact in hand has given one */
    const as_evidence *last;
} as_proofs;

#define AS_PROOFS_SHOWN 3

/* Those that stand in a margin: the first of each part. Returns how many more there are. */
size_t as_proofs_pick(const as_analysis *a, const as_sentence *s,
                      const as_evidence *shown[AS_PROOFS_SHOWN], size_t *ret_shown);

as_proofs as_proofs_of(const as_analysis *a, const as_sentence *s);
const as_evidence *as_proofs_next(as_proofs *p); /* NULL: no more */
size_t as_proofs_count(const as_analysis *a, const as_sentence *s);

/* A text without its value marks, one run after the other. */
typedef struct as_runs {
    as_bytes rest;
    bool in_value;
} as_runs;

typedef struct as_run {
    as_bytes text; /* never empty */
    bool value;
} as_run;

bool as_runs_next(as_runs *runs, as_run *ret);

/* Visible text of an attribute of the sample; false if there is none. */
bool as_part_sample(as_buf *out, const as_analysis *a, as_attr_name name);

/* What a process is called: the first of its names that the report has. */
as_bytes as_part_process_name(const as_facts *f, const as_fact *process);

/* Where the run of a process was, as is worth telling of a tree of several; else {0}. */
as_bytes as_part_run_name(const as_facts *f, uint32_t process);

/* Longest beginning of visible text with at most `columns`, a cut marked by an ellipsis. */
void as_part_fit(as_buf *out, as_bytes visible, size_t columns, bool *ret_cut);

/* Tenths of a percent. */
uint64_t as_part_permille(uint64_t part, uint64_t whole);
void as_part_percent(as_buf *out, uint64_t part, uint64_t whole);

/* --- processes (tree.c, timeline.c) ------------------------------------------------- */

#define AS_TREE_NONE UINT32_MAX

typedef struct as_tree_node {
    uint32_t fact;
    uint32_t parent; /* a node before this one, or AS_TREE_NONE */
    uint32_t depth;
    as_emphasis weight; /* heaviest sentence about it */
    bool last;          /* no sibling follows */
} as_tree_node;

typedef struct as_tree {
    as_tree_node *nodes; /* parents before children */
    uint32_t *by_fact;   /* nodes, by ascending fact number */
    size_t n;
    bool many_runs; /* the report holds several */
} as_tree;

/* AS_OK or AS_NOMEM. Two processes that name each other as parent become two roots. */
as_code as_tree_build(const as_doc *doc, as_tree *ret, as_err *err) AS_CHECKED;
void as_tree_done(as_tree *t);

/* Node of a process, or AS_TREE_NONE. */
uint32_t as_tree_find(const as_tree *t, uint32_t fact);

/*
 * Milliseconds since 1970 of "2017-01-05 10:02:03,515", of the same with T, dot or Z,
 * or of seconds since 1970 with a fraction.
 */
bool as_when(as_bytes text, int64_t *ret_ms);

#define AS_LANES_MAX 60
#define AS_LANE_BINS 240

typedef struct as_lane {
    uint32_t node; /* the tree's n: events that name no process */
    int64_t begin, end;
    uint64_t events, calls;
    uint32_t bins[AS_LANE_BINS];
} as_lane;

typedef struct as_timeline {
    int64_t begin, end; /* begin < end if there is a lane */
    as_lane *lanes;
    size_t n;       /* at most AS_LANES_MAX */
    size_t timed;   /* processes that have a time */
    size_t outside; /* times left out as impossible */
} as_timeline;

/* Of one part of a joined analysis, else of all (part 0). */
as_code as_timeline_build(const as_doc *doc, size_t part, const as_tree *tree, as_timeline *ret,
                          as_err *err) AS_CHECKED;
void as_timeline_done(as_timeline *t);

/* --- wrapping (wrap.c) ---------------------------------------------------------------- */

typedef enum as_style {
    AS_STYLE_PLAIN,
    AS_STYLE_VALUE,
    AS_STYLE_DIM,
    AS_STYLE_BOLD,
    AS_STYLE_HIGH,
    AS_STYLE_MEDIUM
} as_style;

/* One paragraph: indented, styled, wrapped. Zero it, set the first four, add, end. */
typedef struct as_wrap {
    as_buf *out;
    unsigned width; /* 0: one line, whatever its length */
    unsigned hang;  /* blanks before every line but the first */
    bool colour;
    unsigned column; /* of the first line: what its beginning has used already */
    as_buf text;
    as_buf glyphs;
    as_style style;
    bool begun; /* a line was put out */
} as_wrap;

void as_wrap_add(as_wrap *w, as_bytes visible, as_style style);

/* Is not torn apart while it fits a line. */
void as_wrap_add_whole(as_wrap *w, as_bytes visible, as_style style);

/* The line break; the paragraph is empty after it and its memory is kept. */
void as_wrap_end(as_wrap *w);
void as_wrap_done(as_wrap *w);

/* Turns a style on or off where nothing is wrapped. */
void as_style_begin(as_buf *out, bool colour, as_style style);
void as_style_end(as_buf *out, bool colour, as_style style);

/* --- the formats ------------------------------------------------------------------------ */

typedef struct as_report_job {
    const as_doc *const *docs;
    size_t n;
    const as_report_options *options;
    as_buf *out;
    as_err *err;
} as_report_job;

as_code as_report_text(const as_report_job *job) AS_CHECKED;
as_code as_report_md(const as_report_job *job) AS_CHECKED;
as_code as_report_html(const as_report_job *job) AS_CHECKED;
as_code as_report_json(const as_report_job *job) AS_CHECKED;

/* Figures of one document; `tree` may be empty. */
void as_svg_tree(as_buf *out, const as_doc *doc, const as_tree *tree);
void as_svg_timeline(as_buf *out, const as_doc *doc, const as_tree *tree,
                     const as_timeline *timeline);

/* Style sheet of the page. */
const char *as_html_css(void);

#endif

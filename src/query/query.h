/*
 * query - a question in Chinese or English, answered by code from the facts of the store.
 *
 *     as_ask_options o = {.question = as_bytes_of("which domains were queried?"),
 *                         .sample = as_bytes_of("24c94559b2c3"), .lang = AS_LANG_EN};
 *     as_answer *a = NULL;
 *     if (as_ask(store, &o, &a, &err)) ...
 *     a->text                                  a sentence, with every item in it or counted
 *     a->items[i].value, .citations            the complete list
 *     as_answer_free(a);
 *
 * The question is read by a lexicon of both languages and a small grammar: what it is
 * about (a topic: rows of certain kinds), what is wanted of it (is there any, which, how
 * many, the most .., an attribute, who did it), and which conditions hold (values, a
 * process, a severity). That is a plan, which is run over as_store_rows(): no model, no
 * guess. What the rows cannot say is said: no such rows, or a tool that does not record
 * them. A question of no known form falls to retrieval and is marked extractive.
 *
 * Every item cites the evidence that it stands in, and the quote is of the stored bytes; of an
 * answer over many samples the first hundred do, and the trace says so.
 *
 * Depends on: base, evidence, formats, describe, store, retrieve.
 * Threads: one store, one thread.  Source of the grammar: docs/asking.md.
 * Limits: AS_ASK_QUESTION_MAX bytes of question, AS_ASK_MEMORY of one answer.
 */
#ifndef AS_QUERY_H
#define AS_QUERY_H

#include "base/jsonw.h"
#include "describe/describe.h"
#include "retrieve/retrieve.h"
#include "store/store.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_ASK_QUESTION_MAX ((size_t)4096)
#define AS_ASK_MEMORY       ((size_t)2 << 30)
#define AS_ASK_CITATIONS    4u   /* of one item; further ones are counted */
#define AS_ASK_QUOTE        240u /* bytes of a quote: those about the value, if there are more */

typedef struct as_ask_options {
    as_bytes question;
    as_bytes sample; /* as as_samples_query.named; {0}: what the question says, or the only one */
    int lang;        /* as_lang of the answer; -1: the question's */
    as_dense_fn *dense; /* what finds passages by meaning, if code has no answer; NULL: nothing */
    void *dense_ctx;
} as_ask_options;

typedef struct as_citation {
    char evidence[AS_EVIDENCE_ID_MAX];
    as_bytes quote; /* visible text, read from the stored bytes */
    bool cut;       /* the evidence is longer */
} as_citation;

typedef struct as_answer_item {
    as_bytes value;          /* the value alone, as the report has it */
    as_bytes text;           /* the value with what else is to be known of it */
    uint64_t count;          /* facts behind it */
    const size_t *citations; /* indexes into as_answer.citations */
    size_t n_citations;
} as_answer_item;

typedef struct as_slot {
    const char *name;
    as_bytes value;
} as_slot;

typedef enum as_truth { AS_TRUTH_NONE = -1, AS_TRUTH_NO, AS_TRUTH_YES } as_truth;

typedef struct as_answer {
    const char *tier;   /* "none": by code alone; "encoder": recognised or recalled by one */
    const char *intent; /* "exists", "list", "count", ...; docs/asking.md has them all */
    as_lang lang;
    bool answerable;
    bool extractive; /* passages that may hold the answer, not an answer */
    as_truth truth;
    bool has_count;
    uint64_t count;
    bool complete; /* all that the documents hold, and the documents are whole */
    as_bytes text;
    const as_slot *slots;
    size_t n_slots;
    const as_answer_item *items;
    size_t n_items;
    const as_citation *citations;
    size_t n_citations;
    const as_bytes *trace; /* what was understood and done, a line each */
    size_t n_trace;
    as_arena *arena; /* owns everything here */
} as_answer;

/*
 * Answers; what cannot be answered is an answer too (answerable false). AS_USAGE: no
 * question, or one that is too long. AS_NOMEM, AS_LIMIT, and what the store says.
 */
as_code as_ask(as_store *s, const as_ask_options *options, as_answer **ret, as_err *err) AS_CHECKED;
void as_answer_free(as_answer *a);

/* One document of docs/schema/ask.schema.json, no newline at its end. */
void as_answer_json(const as_answer *a, as_buf *out);

/* For a terminal: the text, its citations, and with `trace` how it came about. */
void as_answer_text(const as_answer *a, as_buf *out, bool trace);

#ifdef __cplusplus
}
#endif
#endif

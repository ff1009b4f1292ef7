/*
 * judged - questions whose relevant passages are known, as they are kept in files.
 *
 *     as_judged_set set = {0};
 *     if (as_judged_read(source, arena, &set, &err)) ...
 *     as_judged_fits(&set.p[0], AS_SECTION_NETWORK, AS_LANG_EN, body)
 *
 *     as_collection c = {0};
 *     if (as_cranfield_read(texts, queries, judgements, arena, &c, &err)) ...
 *
 * Two kinds: questions on our own descriptions (tests/retrieval/README.md), judged by what a
 * passage says and not by its id; and a plain collection of texts as Cranfield's files have it.
 *
 * Depends on: base, evidence (sections).  Threads: re-entrant.
 */
#ifndef AS_JUDGED_H
#define AS_JUDGED_H

#include "base/source.h"
#include "evidence/kinds.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- questions on descriptions -------------------------------------------------------------- */

/* A passage of this section with a line in which all of these stand is relevant. */
typedef struct as_judgement {
    as_section section;
    const as_bytes *contains;
    size_t n; /* at least one */
} as_judgement;

typedef struct as_judged_question {
    as_bytes id, split, lang, kind, report, text;
    bool whole_store; /* else it is asked of the report's sample */
    const as_judgement *relevant;
    size_t n_relevant; /* at least one */
} as_judged_question;

typedef struct as_judged_set {
    const as_judged_question *p;
    size_t n;
} as_judged_set;

/*
 * All questions of a file of JSON Lines; they live in the arena. AS_INVALID with the byte;
 * a key that is missing, twice there or of another type is that too, an unknown one is not.
 */
as_code as_judged_read(as_source *source, as_arena *a, as_judged_set *ret, as_err *err) AS_CHECKED;

/* Whether a passage of the question's report, `lang` as as_chunk.lang, answers it. */
bool as_judged_fits(const as_judged_question *q, as_section section, uint8_t lang, as_bytes body);

/* --- a plain collection ------------------------------------------------------------------------
 */

#define AS_COLLECTION_MAX   100000u /* texts, queries or judgements */
#define AS_COLLECTION_BYTES ((size_t)64 << 20)

typedef struct as_qrel {
    size_t text; /* index among the texts */
    double gain; /* over 0 */
} as_qrel;

typedef struct as_collection_query {
    as_bytes text;
    const as_qrel *relevant; /* largest gain first */
    size_t n_relevant;
} as_collection_query;

typedef struct as_collection {
    const as_bytes *texts; /* blanks at the ends off; may be empty */
    size_t n_texts;
    const as_collection_query *queries;
    size_t n_queries;
} as_collection;

/*
 * Files as Cranfield has them: records that begin with a line ".I n", the text behind a line
 * ".W"; judgements are lines "query text grade". A text's number is its place, from 1, and so
 * is a query's: what stands behind ".I" of a query is not looked at. Grades 1 (a complete
 * answer) to 4 (of minimum interest) become gains 4 to 1; others are of nothing relevant.
 */
as_code as_cranfield_read(as_bytes texts, as_bytes queries, as_bytes judgements, as_arena *a,
                          as_collection *ret, as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif

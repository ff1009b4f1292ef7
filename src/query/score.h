/*
 * score - questions whose answers are known, and whether an answer is right.
 *
 *     as_questions all = {0};
 *     if (as_questions_read(source, arena, &all, &err)) ...
 *     if (as_ask(store, &options, &answer, &err)) ...
 *     if (as_answer_judge(&all.p[0], all.p[0].text, answer, &why, &fault, &err)) ...
 *     fault == AS_FAULT_NONE                   right; otherwise `why` says what is wrong
 *
 * The format, and what makes an answer right: tests/questions/README.md.
 *
 * Depends on: base, store (folding), query.  Threads: re-entrant.
 */
#ifndef AS_QUERY_SCORE_H
#define AS_QUERY_SCORE_H

#include "base/source.h"
#include "query/query.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One value of an answer: each spelling of it is right. */
typedef struct as_spellings {
    const as_bytes *p;
    size_t n; /* at least one */
} as_spellings;

typedef struct as_question {
    as_bytes id, split, category, lang;
    as_bytes sample; /* {0}: the question says which, or means all */
    as_bytes text;
    const as_bytes *variants; /* the same in other words */
    size_t n_variants;
    const as_bytes *reports;
    size_t n_reports;
    bool answerable;
    as_truth truth;
    bool has_count, has_items; /* false: not looked at */
    uint64_t count;
    const as_spellings *items;
    size_t n_items;
    const as_spellings *optional; /* that may stand there besides */
    size_t n_optional;
    bool contains; /* the items stand in the answer; else they are all of it */
} as_question;

typedef struct as_questions {
    const as_question *p;
    size_t n;
} as_questions;

/*
 * All questions of a file of JSON Lines; they live in the arena. AS_INVALID with the byte;
 * a key that is missing, twice there or of another type is that too, an unknown one is not.
 */
as_code as_questions_read(as_source *source, as_arena *a, as_questions *ret,
                          as_err *err) AS_CHECKED;

/* What an answer is judged by, in the order in which it is. */
#define AS_FAULT_MAP(X)                                                                            \
    X(NONE, "none")                                                                                \
    X(FAILED, "failed") /* no answer at all; never of as_answer_judge() */                         \
    X(ANSWERABLE, "answerable")                                                                    \
    X(TRUTH, "truth")                                                                              \
    X(COUNT, "count")                                                                              \
    X(ITEMS, "items")

typedef enum as_fault {
#define AS_X(id, name) AS_FAULT_##id,
    AS_FAULT_MAP(AS_X)
#undef AS_X
        AS_FAULT_COUNT_OF /* how many there are */
} as_fault;

const char *as_fault_name(as_fault fault);

/*
 * Whether `a` is right as the answer to `asked`, which is the question or a variant of it.
 * Of a wrong one what was expected and what came is appended to `why`, as visible text.
 * AS_NOMEM.
 */
as_code as_answer_judge(const as_question *q, as_bytes asked, const as_answer *a, as_buf *why,
                        as_fault *ret, as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif

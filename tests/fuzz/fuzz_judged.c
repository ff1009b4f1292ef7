/*
 * Judged questions, and the files of a collection. The first byte says which: 'q' and
 * questions follow; anything else, and three files follow with NUL between them.
 */
#include "retrieve/judged.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define MEMORY ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(bool good)
{
    if (!good)
        abort();
}

static void try_questions(as_bytes text, as_arena *a)
{
    as_judged_set set = {0};
    as_source *source = NULL;
    as_err err = {0};

    if (as_source_open_bytes(text, NULL, &source, &err))
        return;
    if (as_judged_read(source, a, &set, &err))
        hold(set.n == 0 && err.msg[0]);
    for (size_t i = 0; i < set.n; i++) {
        const as_judged_question *q = &set.p[i];

        hold(q->n_relevant > 0 && q->relevant[0].n > 0 && q->relevant[0].contains[0].n > 0);
        hold(q->relevant[0].section < AS_SECTION_COUNT);
        (void)as_judged_fits(q, q->relevant[0].section, 0, text);
        (void)as_judged_fits(q, q->relevant[0].section, 2, text);
    }
    as_source_free(source);
}

static as_bytes take_part(as_bytes *rest)
{
    const uint8_t *end = rest->n > 0 ? memchr(rest->p, '\0', rest->n) : NULL;
    as_bytes part = {rest->p, end ? (size_t)(end - rest->p) : rest->n};

    *rest = end ? (as_bytes){end + 1, rest->n - part.n - 1} : (as_bytes){rest->p + part.n, 0};
    return part;
}

static void try_collection(as_bytes text, as_arena *a)
{
    as_bytes texts = take_part(&text), queries = take_part(&text);
    as_collection c = {0};
    as_err err = {0};

    if (as_cranfield_read(texts, queries, text, a, &c, &err)) {
        hold(c.n_texts == 0 && err.msg[0]);
        return;
    }
    for (size_t i = 0; i < c.n_queries; i++) {
        const as_collection_query *q = &c.queries[i];

        for (size_t k = 0; k < q->n_relevant; k++) {
            hold(q->relevant[k].text < c.n_texts && q->relevant[k].gain > 0);
            hold(k == 0 || q->relevant[k - 1].gain >= q->relevant[k].gain);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_arena *a = as_arena_new(MEMORY);
    uint8_t *copy = malloc(size > 0 ? size : 1); /* exactly as large, for the sanitizer */

    hold(a && copy);
    if (size > 0) {
        memcpy(copy, data, size);
        if (copy[0] == 'q')
            try_questions((as_bytes){copy + 1, size - 1}, a);
        else
            try_collection((as_bytes){copy + 1, size - 1}, a);
    }
    free(copy);
    as_arena_free(a);
    return 0;
}

/*
 * lossless - checks what `full` promises: every attribute value of every fact that is
 * not gone stands, uncut, in an item of that fact, or in a sentence that is about it
 * alone and needed no item. Shared by the tests of describe.
 */
#ifndef AS_TEST_LOSSLESS_H
#define AS_TEST_LOSSLESS_H

#include "base/escape.h"
#include "describe/describe_priv.h"

#include <stdio.h>
#include <string.h>

typedef struct told {
    as_bytes *texts; /* by fact: its item, else its sentence */
    size_t n;
} told;

static void told_add(told *t, uint32_t fact, as_bytes text)
{
    if (fact < t->n && t->texts[fact].n < text.n)
        t->texts[fact] = text;
}

static void told_fill(told *t, const as_doc *d)
{
    for (size_t i = 0; i < d->n; i++) {
        for (size_t k = 0; k < d->sections[i].n; k++) {
            const as_sentence *s = &d->sections[i].sentences[k];

            for (size_t j = 0; j < s->n_items; j++)
                told_add(t, s->items[j].fact, s->items[j].text);
        }
    }
}

/* A sentence without items must say everything by itself; several may share one fact. */
static bool told_in_sentences(const as_doc *d, uint32_t fact, as_bytes value)
{
    for (size_t i = 0; i < d->n; i++) {
        for (size_t k = 0; k < d->sections[i].n; k++) {
            const as_sentence *s = &d->sections[i].sentences[k];

            if (s->n_facts > 0 && s->facts[0] == fact && value.n <= s->text.n &&
                memmem(s->text.p, s->text.n, value.p, value.n))
                return true;
        }
    }
    return false;
}

/* What stands for the value in a text; nothing for a flag, which is told in words. */
static void expected(const as_attr *a, as_bytes text, as_buf *out)
{
    as_buf_reset(out);
    if (as_attr_get((as_attr_name)a->name)->type == AS_TYPE_FLAG || a->form == AS_FORM_TRUE ||
        a->form == AS_FORM_FALSE)
        return;
    as_escape_visible(out, text);
}

static bool told_in_item(const told *t, uint32_t fact, as_bytes value)
{
    as_bytes item = t->texts[fact];

    return item.n >= value.n && memmem(item.p, item.n, value.p, value.n);
}

static bool value_is_told(const as_doc *d, const told *t, uint32_t fact, const as_attr *a,
                          as_buf *want)
{
    as_bytes text = as_facts_text(d->analysis->facts, a->str);
    char number[32] = "";
    uint64_t n;

    expected(a, text, want);
    if (want->n == 0)
        return true;
    if (told_in_item(t, fact, as_buf_bytes(want)) || told_in_sentences(d, fact, as_buf_bytes(want)))
        return true;
    if (!as_bytes_u64(text, &n)) /* sizes and counts are told with separators */
        return false;
    (void)as_thousands(n, number);
    return told_in_item(t, fact, as_bytes_of(number)) ||
           told_in_sentences(d, fact, as_bytes_of(number));
}

/* The number of values that are not told; the first few are printed. */
static size_t count_untold(const as_doc *d)
{
    const as_facts *f = d->analysis->facts;
    told t = {as_mem_zero(as_facts_count(f) + 1, sizeof(as_bytes)), as_facts_count(f)};
    as_buf want = {0};
    size_t untold = 0;

    if (!t.texts)
        return SIZE_MAX;
    told_fill(&t, d);
    for (uint32_t i = 0; i < t.n; i++) {
        const as_fact *fact = as_facts_get(f, i);
        const as_attr *a = as_fact_attrs(f, fact);

        for (size_t k = 0; !(fact->flags & AS_FACT_GONE) && k < fact->n_attrs; k++) {
            if (value_is_told(d, &t, i, &a[k], &want))
                continue;
            if (untold++ < 10)
                fprintf(stderr, "untold: fact %u (%s), %s: %.*s\n", i,
                        as_kind_get((as_kind)fact->kind)->name,
                        as_attr_get((as_attr_name)a[k].name)->name,
                        want.n < 100 ? (int)want.n : 100, (const char *)want.p);
        }
    }
    as_buf_done(&want);
    as_mem_free(t.texts);
    return untold;
}

/* Every fact that is not gone stands in some sentence; every sentence is clean text. */
static size_t count_faults(const as_doc *d)
{
    const as_facts *f = d->analysis->facts;
    size_t n = as_facts_count(f), faults = 0;
    uint8_t *seen = as_mem_zero(n + 1, 1);

    for (size_t i = 0; seen && i < d->n; i++) {
        for (size_t k = 0; k < d->sections[i].n; k++) {
            const as_sentence *s = &d->sections[i].sentences[k];
            bool open = false;

            for (size_t j = 0; j < s->n_facts; j++)
                seen[s->facts[j]] = 1;
            for (size_t j = 0; j < s->text.n; j++) {
                uint8_t c = s->text.p[j];

                if (c == AS_VALUE_OPEN || c == AS_VALUE_CLOSE) {
                    faults += open == (c == AS_VALUE_OPEN);
                    open = c == AS_VALUE_OPEN;
                } else {
                    faults += c < 0x20 || c == 0x7f;
                }
            }
            faults += open || s->text.n == 0;
        }
    }
    for (size_t i = 0; seen && i < n; i++) {
        if (seen[i] || (as_facts_get(f, i)->flags & AS_FACT_GONE))
            continue;
        if (faults++ < 10)
            fprintf(stderr, "in no sentence: fact %zu (%s)\n", i,
                    as_kind_get((as_kind)as_facts_get(f, i)->kind)->name);
    }
    faults += !seen;
    as_mem_free(seen);
    return faults;
}

#endif

#include "base/escape.h"
#include "describe/describe_priv.h"

#include <string.h>

#include "base/banned.h"

/* Sections with a tale of their own tell it first; then every kind of the section
 * in the order of the table, so that nothing is left untold. */
static void say_section(as_teller *t, as_section section)
{
    static void (*const tales[AS_SECTION_COUNT])(as_teller *) = {
        [AS_SECTION_IDENTITY] = as_say_identity,
        [AS_SECTION_DETECTIONS] = as_say_detections,
        [AS_SECTION_PROCESSES] = as_say_processes,
        [AS_SECTION_PERSISTENCE] = as_say_persistence,
        [AS_SECTION_RUN] = as_say_run,
    };

    if (tales[section])
        tales[section](t);
    for (unsigned kind = 0; kind < AS_KIND_COUNT && !t->rc; kind++) {
        if (as_kind_get((as_kind)kind)->section == section)
            as_say_kind(t, (as_kind)kind);
    }
}

static as_code take_section(as_teller *t, as_section section, as_doc_section *ret)
{
    as_bytes said = as_buf_bytes(&t->sentences);
    as_sentence *sentences;

    ret->section = section;
    ret->title = as_bytes_of(as_section_title(t->options.lang, section));
    ret->n = said.n / sizeof(*sentences);
    sentences = as_arena_take(t->arena, ret->n, sizeof(*sentences));
    if (!sentences)
        return AS_NOMEM;
    if (said.n > 0)
        memcpy(sentences, said.p, said.n);
    ret->sentences = sentences;
    return AS_OK;
}

static as_code build_sections(as_teller *t, as_doc *d)
{
    as_doc_section *sections = as_arena_take(t->arena, AS_SECTION_COUNT, sizeof(*sections));

    if (!sections)
        return AS_NOMEM;
    d->sections = sections;
    for (unsigned s = 0; s < AS_SECTION_COUNT; s++) {
        as_buf_reset(&t->sentences);
        say_section(t, (as_section)s);
        if (!t->rc)
            t->rc = take_section(t, (as_section)s, &sections[d->n]);
        if (t->rc)
            return t->rc;
        if (sections[d->n].n > 0)
            d->n++;
    }
    return AS_OK;
}

/* What stands behind the last slash of a path. */
static as_bytes file_name(as_bytes path, bool of_guest)
{
    size_t skip = path.n;

    while (skip > 0 && path.p[skip - 1] != '/' && !(of_guest && path.p[skip - 1] == '\\'))
        skip--;
    return (as_bytes){path.p + skip, path.n - skip};
}

static void put_tool(as_render *r, const as_analysis *part)
{
    as_bytes version = as_facts_text(part->facts, part->tool_version);

    as_put_text(r, as_bytes_of(part->tool));
    if (version.n > 0) {
        as_buf_byte(r->out, ' ');
        as_put_value(r, version);
    }
}

/* "invoice.js: CAPE 2.4-CAPE report" */
static as_code build_title(as_teller *t, as_doc *d)
{
    const as_analysis *a = t->analysis;
    bool zh = t->options.lang == AS_LANG_ZH;
    as_bytes name = {0};
    as_render r = as_say_render(t, 0, NULL);

    as_buf_reset(&t->text);
    if (a->sample < t->n) {
        static const as_attr_name names[] = {AS_ATTR_NAME, AS_ATTR_URL};

        for (size_t i = 0; i < AS_COUNT(names) && name.n == 0; i++)
            name = as_teller_text(t, a->sample, names[i]);
        if (name.n == 0)
            name = file_name(as_teller_text(t, a->sample, AS_ATTR_PATH), true);
        if (name.n == 0)
            name = as_teller_text(t, a->sample, AS_ATTR_SHA256);
    }
    if (a->sample >= t->n)
        name = file_name(as_bytes_of(a->source), false); /* a log has no sample */
    if (name.n > 0)
        as_put_value(&r, name);
    else
        as_put_text(&r, zh ? AS_LITERAL("未命名样本") : AS_LITERAL("A sample without a name"));
    as_put_text(&r, zh ? AS_LITERAL("：") : AS_LITERAL(": "));
    for (size_t i = 0; i < as_analysis_n_parts(a); i++) {
        if (i > 0)
            as_put_text(&r, zh ? AS_LITERAL("、") : AS_LITERAL(", "));
        put_tool(&r, as_analysis_part_get(a, i));
    }
    if (a->n_parts > 1)
        as_put_text(&r, zh ? AS_LITERAL("分析报告汇总") : AS_LITERAL(" reports, joined"));
    else
        as_put_text(&r, zh ? AS_LITERAL("分析报告") : AS_LITERAL(" report"));
    if (t->text.failed)
        return AS_NOMEM;
    return as_arena_copy(t->arena, as_buf_bytes(&t->text), &d->title);
}

static void teller_done(as_teller *t)
{
    as_buf_done(&t->sentences);
    as_buf_done(&t->text);
    as_buf_done(&t->line);
    as_buf_done(&t->item);
    as_buf_done(&t->used);
}

static as_code build(as_doc *d)
{
    as_teller *t = as_arena_take(d->arena, 1, sizeof(*t));
    as_code rc;

    if (!t)
        return AS_NOMEM;
    t->analysis = d->analysis;
    t->facts = d->analysis->facts;
    t->options = d->options;
    t->arena = d->arena;
    t->n = as_facts_count(t->facts);
    t->topic = AS_NO_FACT;
    rc = as_teller_index(t);
    if (!rc)
        rc = build_title(t, d);
    if (!rc)
        rc = build_sections(t, d);
    teller_done(t);
    return rc;
}

as_code as_doc_build(const as_analysis *analysis, const as_doc_options *options, as_doc **ret,
                     as_err *err)
{
    as_arena *arena = as_arena_new(AS_DOC_MEMORY);
    as_doc *d = arena ? as_arena_take(arena, 1, sizeof(*d)) : NULL;
    as_code rc = AS_NOMEM;

    if (d) {
        d->analysis = analysis;
        d->options = *options;
        d->arena = arena;
        rc = build(d);
    }
    if (rc) {
        bool full = arena && as_arena_used(arena) > AS_DOC_MEMORY / 2;

        as_arena_free(arena);
        if (full && rc == AS_NOMEM)
            return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "the description needs more than %zu bytes",
                           AS_DOC_MEMORY);
        return rc == AS_NOMEM ? as_fail_nomem(err, "the description")
                              : as_fail(err, rc, AS_NO_OFFSET, "a sentence template is broken");
    }
    *ret = d;
    return AS_OK;
}

void as_doc_free(as_doc *d)
{
    if (d)
        as_arena_free(d->arena); /* the doc itself lies in it */
}

void as_doc_plain(as_buf *out, as_bytes text)
{
    size_t from = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != AS_VALUE_OPEN && text.p[i] != AS_VALUE_CLOSE)
            continue;
        as_buf_add(out, (as_bytes){text.p + from, i - from});
        from = i + 1;
    }
    as_buf_add(out, (as_bytes){text.p + from, text.n - from});
}

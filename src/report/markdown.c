#include "report/report_priv.h"

#include "base/escape.h"

#include "base/banned.h"

#define TREE_DEPTH_MAX 12 /* deeper lists are drawn at this depth */

struct page {
    as_buf *out;
    const as_doc *doc;
    const as_analysis *a;
    const as_report_options *options;
    as_lang lang;
    as_buf scratch; /* a text, visible */
};

static const char *word(const struct page *p, as_frame name)
{
    return as_frame_word(p->lang, name);
}

/*
 * Prose between values. Its blanks are those of our own sentence: they stay blanks,
 * where as_escape_markdown() would protect them as if they began a line.
 */
static void put_prose(struct page *p, as_bytes text, bool first)
{
    size_t from = 0, to = text.n;

    while (from < to && text.p[from] == ' ')
        from++;
    while (to > from && text.p[to - 1] == ' ')
        to--;
    if (from > 0 && !first)
        as_buf_byte(p->out, ' ');
    as_escape_markdown(p->out, (as_bytes){text.p + from, to - from});
    if (to < text.n)
        as_buf_byte(p->out, ' ');
}

static void put_marked(struct page *p, as_bytes marked)
{
    as_runs runs = {.rest = marked};
    as_run run;
    bool first = true, after_value = false;

    while (as_runs_next(&runs, &run)) {
        if (!run.value) {
            put_prose(p, run.text, first);
        } else {
            /* Two code spans side by side would be read as one. */
            if (after_value)
                as_buf_byte(p->out, ' ');
            as_escape_markdown_code(p->out, run.text);
        }
        after_value = run.value;
        first = false;
    }
}

/* The scratch buffer as a code span. */
static void put_code(struct page *p)
{
    p->out->failed |= p->scratch.failed;
    as_escape_markdown_code(p->out, as_buf_bytes(&p->scratch));
    as_buf_reset(&p->scratch);
}

/* The scratch buffer as prose. */
static void put_scratch(struct page *p)
{
    p->out->failed |= p->scratch.failed;
    as_escape_markdown(p->out, as_buf_bytes(&p->scratch));
    as_buf_reset(&p->scratch);
}

static void put_label(struct page *p, const char *label)
{
    as_buf_text(p->out, "- **");
    as_buf_text(p->out, label);
    as_buf_text(p->out, "**");
    as_buf_text(p->out, word(p, AS_FRAME_COLON));
}

static void put_sample(struct page *p)
{
    const struct {
        as_attr_name name;
        const char *label;
    } rows[] = {
        {AS_ATTR_NAME, word(p, AS_FRAME_SAMPLE)},
        {AS_ATTR_TYPE, word(p, AS_FRAME_TYPE)},
        {AS_ATTR_SIZE, word(p, AS_FRAME_SIZE)},
        {AS_ATTR_MD5, "MD5"},
        {AS_ATTR_SHA1, "SHA-1"},
        {AS_ATTR_SHA256, "SHA-256"},
    };

    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        uint64_t size;

        if (!as_part_sample(&p->scratch, p->a, rows[i].name))
            continue;
        put_label(p, rows[i].label);
        if (rows[i].name == AS_ATTR_SIZE && as_bytes_u64(as_buf_bytes(&p->scratch), &size)) {
            as_buf_reset(&p->scratch);
            as_frame_say(p->out, p->lang, AS_FRAME_BYTES_N, &size, 1);
        } else {
            put_code(p);
        }
        as_buf_byte(p->out, '\n');
    }
}

/* Of a joined analysis, with the letter that its evidence begins with. */
static void put_part_label(struct page *p, as_frame name, size_t part)
{
    as_buf_text(p->out, "- **");
    as_buf_text(p->out, word(p, name));
    if (p->a->n_parts > 1) {
        as_buf_byte(p->out, ' ');
        as_buf_byte(p->out, (uint8_t)('A' + part));
    }
    as_buf_text(p->out, "**");
    as_buf_text(p->out, word(p, AS_FRAME_COLON));
}

static void put_report_line(struct page *p, size_t part)
{
    const as_analysis *a = as_analysis_part_get(p->a, part);
    char prefix[AS_PREFIX_SIZE + 1];

    put_part_label(p, AS_FRAME_REPORT, part);
    as_buf_text(p->out, a->tool);
    if (a->tool_version) {
        as_buf_byte(p->out, ' ');
        as_escape_visible(&p->scratch, as_facts_text(a->facts, a->tool_version));
        put_code(p);
    }
    as_buf_text(p->out, ", ");
    as_escape_visible(&p->scratch, as_bytes_of(a->source));
    put_code(p);
    as_buf_text(p->out, ", ");
    as_frame_say(p->out, p->lang, AS_FRAME_BYTES_N, &a->size, 1);
    as_buf_byte(p->out, '\n');
    put_part_label(p, AS_FRAME_EVIDENCE, part);
    as_part_prefix(a, prefix);
    as_buf_text(p->out, word(p, AS_FRAME_EVIDENCE_PREFIX));
    as_buf_text(p->out, " `");
    as_buf_text(p->out, prefix);
    as_buf_text(p->out, "`\n");
}

/* What is to be said of one report alone begins with whose it is. */
static void put_whose(struct page *p, size_t part)
{
    if (p->a->n_parts < 2)
        return;
    as_doc_part_name(p->out, p->a, part);
    as_buf_text(p->out, word(p, AS_FRAME_COLON));
}

static void put_notes(struct page *p, size_t part)
{
    const as_analysis *a = as_analysis_part_get(p->a, part);
    const as_json_doubts *d = &a->doubts;

    if (as_analysis_partial(a)) {
        as_buf_text(p->out, "> **");
        put_whose(p, part);
        as_frame_gaps(p->out, p->lang, a->gaps);
        as_buf_text(p->out, "**\n\n");
    }
    if (d->duplicate_keys > 0) {
        as_buf_text(p->out, "> ");
        put_whose(p, part);
        as_frame_say(p->out, p->lang, AS_FRAME_DUPLICATES,
                     (uint64_t[]){d->duplicate_keys, d->first_duplicate}, 2);
        as_buf_text(p->out, "\n\n");
    }
    if (d->lone_surrogates > 0) {
        as_buf_text(p->out, "> ");
        put_whose(p, part);
        as_frame_say(p->out, p->lang, AS_FRAME_SURROGATES,
                     (uint64_t[]){d->lone_surrogates, d->first_surrogate}, 2);
        as_buf_text(p->out, "\n\n");
    }
}

/* Nested lists: a code block could be closed by the name of a process. */
static void put_tree(struct page *p, const as_tree *tree)
{
    const as_facts *f = p->a->facts;

    for (size_t i = 0; i < tree->n; i++) {
        const as_tree_node *node = &tree->nodes[i];
        const as_fact *fact = as_facts_get(f, node->fact);
        uint32_t depth = node->depth < TREE_DEPTH_MAX ? node->depth : TREE_DEPTH_MAX;
        as_bytes pid = as_fact_text(f, fact, AS_ATTR_PID);
        as_bytes run = {0};

        if (tree->many_runs && node->depth == 0)
            run = as_part_run_name(f, node->fact);
        as_buf_fill(p->out, ' ', 2 * (size_t)depth);
        as_buf_text(p->out, "- ");
        as_escape_visible(&p->scratch, as_part_process_name(f, fact));
        put_code(p);
        if (pid.n > 0) {
            as_buf_text(p->out, " PID ");
            as_escape_visible(&p->scratch, pid);
            put_scratch(p);
        }
        if (p->a->n_parts > 1 && node->depth == 0) {
            as_buf_text(p->out, ", ");
            as_doc_part_name(p->out, p->a,
                             as_analysis_part(p->a, as_fact_evidence(f, fact)->begin));
        }
        if (run.n > 0) {
            as_buf_text(p->out, " ");
            as_escape_visible(&p->scratch, run);
            put_scratch(p);
        }
        as_buf_byte(p->out, '\n');
    }
    if (tree->n > 0)
        as_buf_byte(p->out, '\n');
}

static void put_evidence(struct page *p, const as_evidence *const *shown, size_t n, size_t more)
{
    as_buf_text(p->out, " \\[");
    for (size_t i = 0; i < n; i++) {
        as_buf_text(p->out, i > 0 ? " `" : "`");
        as_part_short_id(p->out, p->a, shown[i]);
        as_buf_byte(p->out, '`');
    }
    if (more > 0) {
        as_buf_text(p->out, " +");
        as_buf_u64(p->out, more);
    }
    as_buf_text(p->out, "\\]\n");
}

static void put_sentence(struct page *p, const as_sentence *s)
{
    const as_evidence *shown[AS_PROOFS_SHOWN];
    size_t n, more = as_proofs_pick(p->a, s, shown, &n);
    const char *weight =
        s->weight >= AS_EMPHASIS_MEDIUM ? as_frame_weight(p->lang, s->weight) : NULL;

    as_buf_text(p->out, "- ");
    if (weight) {
        as_buf_text(p->out, "**\\[");
        as_buf_text(p->out, weight);
        as_buf_text(p->out, "\\]** ");
    }
    put_marked(p, s->text);
    if (n > 0)
        put_evidence(p, shown, n, more);
    else
        as_buf_byte(p->out, '\n');
    for (size_t i = 0; p->doc->options.full && i < s->n_items; i++) {
        const as_fact *fact = as_facts_get(p->a->facts, s->items[i].fact);
        const as_evidence *first = as_fact_evidence(p->a->facts, fact);

        as_buf_text(p->out, "  - ");
        put_marked(p, s->items[i].text);
        put_evidence(p, &first, 1, fact->n_evidence - 1u);
    }
}

static void put_section(struct page *p, const as_doc_section *section, const as_tree *tree)
{
    as_buf_text(p->out, "\n## ");
    as_escape_markdown(p->out, section->title);
    as_buf_text(p->out, "\n\n");
    if (section->section == AS_SECTION_PROCESSES)
        put_tree(p, tree);
    for (size_t i = 0; i < section->n; i++)
        put_sentence(p, &section->sentences[i]);
}

static void put_coverage(struct page *p, size_t part)
{
    const as_analysis *a = as_analysis_part_get(p->a, part);
    const as_coverage *c = &a->coverage;

    as_buf_byte(p->out, '\n');
    put_whose(p, part);
    as_frame_say(p->out, p->lang, AS_FRAME_MAPPED, (uint64_t[]){c->mapped_bytes, c->total_bytes},
                 2);
    as_buf_text(p->out, word(p, AS_FRAME_STOP));
    as_buf_text(p->out, "\n\n");
    if (c->n == 0) {
        as_buf_text(p->out, word(p, AS_FRAME_ALL_MAPPED));
        as_buf_byte(p->out, '\n');
        return;
    }
    as_buf_printf(p->out, "| %s | %s | %s | %s | |\n| --- | ---: | ---: | ---: | --- |\n",
                  word(p, AS_FRAME_PATH), word(p, AS_FRAME_COUNT), word(p, AS_FRAME_BYTES),
                  word(p, AS_FRAME_PERCENT));
    for (size_t i = 0; i < c->n; i++) {
        as_buf_text(p->out, "| ");
        as_escape_visible(&p->scratch, as_facts_text(a->facts, c->rows[i].path));
        put_scratch(p); /* a code span cannot hold the '|' of a table */
        as_buf_text(p->out, " | ");
        as_frame_grouped(p->out, c->rows[i].count);
        as_buf_text(p->out, " | ");
        as_frame_grouped(p->out, c->rows[i].bytes);
        as_buf_text(p->out, " | ");
        as_part_percent(p->out, c->rows[i].bytes, c->total_bytes);
        as_buf_text(p->out, " | ");
        as_buf_text(p->out, c->rows[i].known ? word(p, AS_FRAME_KNOWN) : "");
        as_buf_text(p->out, " |\n");
    }
}

static as_code put_doc(struct page *p, as_err *err)
{
    as_tree tree = {0};
    as_code rc = as_tree_build(p->doc, &tree, err);

    if (rc)
        return rc;
    as_buf_text(p->out, "# ");
    put_marked(p, p->doc->title);
    as_buf_text(p->out, "\n\n");
    for (size_t i = 0; i < as_analysis_n_parts(p->a); i++)
        put_notes(p, i);
    put_sample(p);
    for (size_t i = 0; i < as_analysis_n_parts(p->a); i++)
        put_report_line(p, i);
    for (size_t i = 0; i < p->doc->n; i++)
        put_section(p, &p->doc->sections[i], &tree);
    if (p->options->coverage)
        as_buf_printf(p->out, "\n## %s\n", word(p, AS_FRAME_COVERAGE));
    for (size_t i = 0; p->options->coverage && i < as_analysis_n_parts(p->a); i++)
        put_coverage(p, i);
    as_tree_done(&tree);
    return AS_OK;
}

as_code as_report_md(const as_report_job *job)
{
    struct page p = {.out = job->out, .options = job->options};
    as_code rc = AS_OK;

    for (size_t i = 0; i < job->n && !rc; i++) {
        p.doc = job->docs[i];
        p.a = p.doc->analysis;
        p.lang = p.doc->options.lang;
        if (i > 0)
            as_buf_text(p.out, "\n---\n\n");
        rc = put_doc(&p, job->err);
    }
    as_buf_done(&p.scratch);
    return rc;
}

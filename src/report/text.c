#include "report/report_priv.h"

#include "base/escape.h"
#include "base/utf8.h"

#include <stdio.h>

#include "base/banned.h"

#define TREE_DEPTH_MAX 16  /* deeper processes are drawn at this depth */
#define TREE_ROWS_MAX  400 /* the sentences name every process */
#define NAME_COLUMNS   48
#define LABEL_COLUMNS  10

/* One document on its way to a terminal. */
struct page {
    as_buf *out;
    const as_doc *doc;
    const as_analysis *a;
    const as_report_options *options;
    as_lang lang;
    as_wrap wrap;
    as_buf scratch; /* a text, visible */
};

static const char *word(const struct page *p, as_frame name)
{
    return as_frame_word(p->lang, name);
}

static void styled(const struct page *p, const char *text, as_style style)
{
    as_style_begin(p->out, p->options->colour, style);
    as_buf_text(p->out, text);
    as_style_end(p->out, p->options->colour, style);
}

/* A paragraph that begins after what stands in the line, `hang` columns wide. */
static void begin(struct page *p, unsigned hang)
{
    p->wrap.hang = hang;
    p->wrap.column = hang;
}

static void add_runs(struct page *p, as_bytes marked, as_style plain)
{
    as_runs runs = {.rest = marked};
    as_run run;

    while (as_runs_next(&runs, &run))
        as_wrap_add(&p->wrap, run.text, run.value ? AS_STYLE_VALUE : plain);
}

/* The scratch buffer as a paragraph; its failure is the report's. */
static void add_scratch(struct page *p, as_style style)
{
    p->out->failed |= p->scratch.failed;
    as_wrap_add(&p->wrap, as_buf_bytes(&p->scratch), style);
    as_buf_reset(&p->scratch);
}

/* " [4f3a21-2c +3]", " [A:4f3a21-2c B:1e-30]" */
static void add_evidence(struct page *p, const as_evidence *const *shown, size_t n, size_t more)
{
    as_buf_byte(&p->scratch, '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            as_buf_byte(&p->scratch, ' ');
        as_part_short_id(&p->scratch, p->a, shown[i]);
    }
    if (more > 0) {
        as_buf_text(&p->scratch, " +");
        as_buf_u64(&p->scratch, more);
    }
    as_buf_byte(&p->scratch, ']');
    p->out->failed |= p->scratch.failed;
    as_wrap_add(&p->wrap, AS_LITERAL(" "), AS_STYLE_PLAIN);
    as_wrap_add_whole(&p->wrap, as_buf_bytes(&p->scratch), AS_STYLE_DIM);
    as_buf_reset(&p->scratch);
}

/* "  Type      " and then the scratch buffer. */
static void put_field(struct page *p, const char *label)
{
    size_t columns = as_utf8_width(as_bytes_of(label));
    unsigned hang = LABEL_COLUMNS;

    as_style_begin(p->out, p->options->colour, AS_STYLE_DIM);
    as_buf_text(p->out, label);
    as_style_end(p->out, p->options->colour, AS_STYLE_DIM);
    if (columns + 1 > hang)
        hang = (unsigned)columns + 1;
    as_buf_fill(p->out, ' ', hang - columns);
    begin(p, hang);
    add_scratch(p, AS_STYLE_PLAIN);
    as_wrap_end(&p->wrap);
}

static void put_sample_field(struct page *p, as_attr_name name, const char *label)
{
    if (as_part_sample(&p->scratch, p->a, name))
        put_field(p, label);
}

static void put_sample(struct page *p)
{
    uint64_t size;

    put_sample_field(p, AS_ATTR_NAME, word(p, AS_FRAME_SAMPLE));
    put_sample_field(p, AS_ATTR_TYPE, word(p, AS_FRAME_TYPE));
    if (p->a->sample != AS_NO_FACT &&
        as_bytes_u64(
            as_fact_text(p->a->facts, as_facts_get(p->a->facts, p->a->sample), AS_ATTR_SIZE),
            &size)) {
        as_frame_say(&p->scratch, p->lang, AS_FRAME_BYTES_N, &size, 1);
        put_field(p, word(p, AS_FRAME_SIZE));
    }
    put_sample_field(p, AS_ATTR_MD5, "MD5");
    put_sample_field(p, AS_ATTR_SHA1, "SHA-1");
    put_sample_field(p, AS_ATTR_SHA256, "SHA-256");
}

/* Of a joined analysis, the letter that its evidence begins with. */
static void put_report_field(struct page *p, size_t part)
{
    char label[LABEL_COLUMNS + 64];

    if (p->a->n_parts > 1) {
        (void)snprintf(label, sizeof(label), "%s %c", word(p, AS_FRAME_REPORT), (char)('A' + part));
        put_field(p, label);
    } else {
        put_field(p, word(p, AS_FRAME_REPORT));
    }
}

static void put_report_line(struct page *p, size_t part)
{
    const as_analysis *a = as_analysis_part_get(p->a, part);
    char prefix[AS_PREFIX_SIZE + 1];

    as_buf_text(&p->scratch, a->tool);
    if (a->tool_version) {
        as_buf_byte(&p->scratch, ' ');
        as_escape_visible(&p->scratch, as_facts_text(a->facts, a->tool_version));
    }
    as_buf_text(&p->scratch, ", ");
    as_escape_visible(&p->scratch, as_bytes_of(a->source));
    as_buf_text(&p->scratch, ", ");
    as_frame_say(&p->scratch, p->lang, AS_FRAME_BYTES_N, &a->size, 1);
    put_report_field(p, part);
    as_part_prefix(a, prefix);
    as_style_begin(p->out, p->options->colour, AS_STYLE_DIM);
    as_buf_text(p->out, word(p, AS_FRAME_EVIDENCE_PREFIX));
    as_buf_byte(p->out, ' ');
    as_buf_text(p->out, prefix);
    as_style_end(p->out, p->options->colour, AS_STYLE_DIM);
    as_buf_byte(p->out, '\n');
}

static void put_note(struct page *p, const char *mark, as_style style)
{
    styled(p, mark, style);
    begin(p, 2);
    add_scratch(p, style);
    as_wrap_end(&p->wrap);
}

/* What is to be said of one report alone begins with whose it is. */
static void put_whose(struct page *p, size_t part)
{
    if (p->a->n_parts < 2)
        return;
    as_doc_part_name(&p->scratch, p->a, part);
    as_buf_text(&p->scratch, word(p, AS_FRAME_COLON));
}

static void put_notes(struct page *p, size_t part)
{
    const as_analysis *a = as_analysis_part_get(p->a, part);
    const as_json_doubts *d = &a->doubts;

    if (as_analysis_partial(a)) {
        put_whose(p, part);
        as_frame_gaps(&p->scratch, p->lang, a->gaps);
        put_note(p, "! ", AS_STYLE_MEDIUM);
    }

    if (d->duplicate_keys > 0) {
        put_whose(p, part);
        as_frame_say(&p->scratch, p->lang, AS_FRAME_DUPLICATES,
                     (uint64_t[]){d->duplicate_keys, d->first_duplicate}, 2);
        put_note(p, "! ", AS_STYLE_MEDIUM);
    }
    if (d->lone_surrogates > 0) {
        put_whose(p, part);
        as_frame_say(&p->scratch, p->lang, AS_FRAME_SURROGATES,
                     (uint64_t[]){d->lone_surrogates, d->first_surrogate}, 2);
        put_note(p, "! ", AS_STYLE_MEDIUM);
    }
}

static void put_header(struct page *p)
{
    begin(p, 0);
    add_runs(p, p->doc->title, AS_STYLE_BOLD);
    as_wrap_end(&p->wrap);
    for (size_t i = 0; i < as_analysis_n_parts(p->a); i++)
        put_notes(p, i);
    as_buf_byte(p->out, '\n');
    put_sample(p);
    for (size_t i = 0; i < as_analysis_n_parts(p->a); i++)
        put_report_line(p, i);
}

/* --- process tree ------------------------------------------------------------------------ */

static void put_branches(struct page *p, const as_tree_node *node, const bool *more)
{
    as_buf_text(p->out, "  ");
    for (uint32_t d = 1; d < node->depth && d < TREE_DEPTH_MAX; d++)
        as_buf_text(p->out, more[d] ? "│  " : "   ");
    if (node->depth > 0)
        as_buf_text(p->out, node->last ? "└─ " : "├─ ");
    if (node->depth > TREE_DEPTH_MAX)
        as_buf_text(p->out, "… ");
}

static void put_process(struct page *p, const as_tree *tree, const as_tree_node *node)
{
    const as_facts *f = p->a->facts;
    const as_fact *fact = as_facts_get(f, node->fact);
    as_style style = node->weight == AS_EMPHASIS_HIGH     ? AS_STYLE_HIGH
                     : node->weight == AS_EMPHASIS_MEDIUM ? AS_STYLE_MEDIUM
                                                          : AS_STYLE_VALUE;
    as_bytes seen = as_fact_text(f, fact, AS_ATTR_FIRST_SEEN);
    as_bytes run = {0};
    as_bytes pid = as_fact_text(f, fact, AS_ATTR_PID);
    size_t part = as_analysis_part(p->a, as_fact_evidence(f, fact)->begin);
    bool cut;

    if (tree->many_runs && node->depth == 0)
        run = as_part_run_name(f, node->fact);
    as_escape_visible(&p->scratch, as_part_process_name(f, fact));
    p->out->failed |= p->scratch.failed;
    as_style_begin(p->out, p->options->colour, style);
    as_part_fit(p->out, as_buf_bytes(&p->scratch), NAME_COLUMNS, &cut);
    as_style_end(p->out, p->options->colour, style);
    as_buf_reset(&p->scratch);
    if (pid.n > 0) {
        as_buf_byte(p->out, ' ');
        as_escape_visible_cut(p->out, pid, NAME_COLUMNS);
    }
    if (p->a->n_parts > 1 && node->depth == 0) {
        as_buf_text(p->out, "  ");
        as_doc_part_name(p->out, p->a, part);
    }
    if (seen.n > 0) {
        as_buf_text(p->out, "  ");
        as_style_begin(p->out, p->options->colour, AS_STYLE_DIM);
        as_doc_moment(p->out, seen, NAME_COLUMNS);
        as_style_end(p->out, p->options->colour, AS_STYLE_DIM);
    }
    if (run.n > 0) {
        as_buf_text(p->out, "  (");
        as_escape_visible_cut(p->out, run, NAME_COLUMNS);
        as_buf_byte(p->out, ')');
    }
    as_buf_byte(p->out, '\n');
}

static void put_tree(struct page *p, const as_tree *tree)
{
    bool more[TREE_DEPTH_MAX + 1] = {false}; /* a sibling follows at that depth */

    for (size_t i = 0; i < tree->n && i < TREE_ROWS_MAX; i++) {
        const as_tree_node *node = &tree->nodes[i];

        put_branches(p, node, more);
        if (node->depth <= TREE_DEPTH_MAX)
            more[node->depth] = !node->last;
        put_process(p, tree, node);
    }
    if (tree->n > TREE_ROWS_MAX) {
        as_buf_text(p->out, "  ");
        as_frame_say(p->out, p->lang, AS_FRAME_TREE_CUT, (uint64_t[]){TREE_ROWS_MAX, tree->n}, 2);
        as_buf_byte(p->out, '\n');
    }
    if (tree->n > 0)
        as_buf_byte(p->out, '\n');
}

/* --- sections ------------------------------------------------------------------------------ */

/* Without colour, too, a severity is seen. */
static void put_bullet(struct page *p, as_emphasis weight)
{
    if (weight == AS_EMPHASIS_HIGH)
        styled(p, "!! ", AS_STYLE_HIGH);
    else if (weight == AS_EMPHASIS_MEDIUM)
        styled(p, " ! ", AS_STYLE_MEDIUM);
    else
        as_buf_text(p->out, " \xe2\x80\xa2 ");
}

static void put_item(struct page *p, const as_item *item)
{
    const as_fact *fact = as_facts_get(p->a->facts, item->fact);
    const as_evidence *first = as_fact_evidence(p->a->facts, fact);

    as_buf_text(p->out, "     - ");
    begin(p, 7);
    add_runs(p, item->text, AS_STYLE_PLAIN);
    add_evidence(p, &first, 1, fact->n_evidence - 1u);
    as_wrap_end(&p->wrap);
}

static void put_sentence(struct page *p, const as_sentence *s)
{
    const as_evidence *shown[AS_PROOFS_SHOWN];
    size_t n, more = as_proofs_pick(p->a, s, shown, &n);

    put_bullet(p, s->weight);
    begin(p, 3);
    add_runs(p, s->text, AS_STYLE_PLAIN);
    if (n > 0)
        add_evidence(p, shown, n, more);
    as_wrap_end(&p->wrap);
    for (size_t i = 0; p->doc->options.full && i < s->n_items; i++)
        put_item(p, &s->items[i]);
}

static void put_heading(struct page *p, const char *text)
{
    as_buf_byte(p->out, '\n');
    styled(p, text, AS_STYLE_BOLD);
    as_buf_byte(p->out, '\n');
}

static void put_section(struct page *p, const as_doc_section *section, const as_tree *tree)
{
    as_buf_byte(p->out, '\n');
    as_style_begin(p->out, p->options->colour, AS_STYLE_BOLD);
    as_buf_add(p->out, section->title);
    as_style_end(p->out, p->options->colour, AS_STYLE_BOLD);
    as_buf_byte(p->out, '\n');
    if (section->section == AS_SECTION_PROCESSES)
        put_tree(p, tree);
    for (size_t i = 0; i < section->n; i++)
        put_sentence(p, &section->sentences[i]);
}

/* --- coverage -------------------------------------------------------------------------------- */

/* `text` against the right edge of a column. */
static void put_cell(struct page *p, size_t columns)
{
    size_t used = as_utf8_width(as_buf_bytes(&p->scratch));

    as_buf_fill(p->out, ' ', used < columns ? columns - used : 1);
    p->out->failed |= p->scratch.failed;
    as_buf_add(p->out, as_buf_bytes(&p->scratch));
    as_buf_reset(&p->scratch);
}

static void put_word_cell(struct page *p, as_frame name, size_t columns)
{
    as_buf_text(&p->scratch, word(p, name));
    put_cell(p, columns);
}

static void put_coverage_row(struct page *p, const as_analysis *a, const as_unmapped *row)
{
    as_frame_grouped(&p->scratch, row->count);
    put_cell(p, 12);
    as_frame_grouped(&p->scratch, row->bytes);
    put_cell(p, 15);
    as_part_percent(&p->scratch, row->bytes, a->coverage.total_bytes);
    put_cell(p, 9);
    as_buf_text(p->out, "  ");
    begin(p, 38);
    as_escape_visible(&p->scratch, as_facts_text(a->facts, row->path));
    add_scratch(p, AS_STYLE_PLAIN);
    if (row->known) {
        as_wrap_add(&p->wrap, AS_LITERAL(" ("), AS_STYLE_DIM);
        as_wrap_add(&p->wrap, as_bytes_of(word(p, AS_FRAME_KNOWN)), AS_STYLE_DIM);
        as_wrap_add(&p->wrap, AS_LITERAL(")"), AS_STYLE_DIM);
    }
    as_wrap_end(&p->wrap);
}

static void put_coverage(struct page *p, size_t part)
{
    const as_analysis *a = as_analysis_part_get(p->a, part);
    const as_coverage *c = &a->coverage;

    put_whose(p, part);
    as_frame_say(&p->scratch, p->lang, AS_FRAME_MAPPED,
                 (uint64_t[]){c->mapped_bytes, c->total_bytes}, 2);
    as_buf_text(&p->scratch, " (");
    as_part_percent(&p->scratch, c->mapped_bytes, c->total_bytes);
    as_buf_text(&p->scratch, ")");
    as_buf_text(&p->scratch, word(p, AS_FRAME_STOP));
    put_note(p, "  ", AS_STYLE_PLAIN);
    if (c->n == 0) {
        as_buf_text(&p->scratch, word(p, AS_FRAME_ALL_MAPPED));
        put_note(p, "  ", AS_STYLE_PLAIN);
        return;
    }
    put_word_cell(p, AS_FRAME_COUNT, 12);
    put_word_cell(p, AS_FRAME_BYTES, 15);
    put_word_cell(p, AS_FRAME_PERCENT, 9);
    as_buf_text(p->out, "  ");
    as_buf_text(p->out, word(p, AS_FRAME_PATH));
    as_buf_byte(p->out, '\n');
    for (size_t i = 0; i < c->n; i++)
        put_coverage_row(p, a, &c->rows[i]);
}

static as_code put_doc(struct page *p, as_err *err)
{
    as_tree tree = {0};
    as_code rc = as_tree_build(p->doc, &tree, err);

    if (rc)
        return rc;
    put_header(p);
    for (size_t i = 0; i < p->doc->n; i++)
        put_section(p, &p->doc->sections[i], &tree);
    if (p->options->coverage)
        put_heading(p, word(p, AS_FRAME_COVERAGE));
    for (size_t i = 0; p->options->coverage && i < as_analysis_n_parts(p->a); i++)
        put_coverage(p, i);
    as_tree_done(&tree);
    return AS_OK;
}

as_code as_report_text(const as_report_job *job)
{
    struct page p = {.out = job->out, .options = job->options};
    as_code rc = AS_OK;

    p.wrap =
        (as_wrap){.out = job->out, .width = job->options->width, .colour = job->options->colour};
    for (size_t i = 0; i < job->n && !rc; i++) {
        p.doc = job->docs[i];
        p.a = p.doc->analysis;
        p.lang = p.doc->options.lang;
        if (i > 0)
            as_buf_text(p.out, "\n\n");
        rc = put_doc(&p, job->err);
    }
    as_wrap_done(&p.wrap);
    as_buf_done(&p.scratch);
    return rc;
}

#include "report/report_priv.h"

#include "base/escape.h"

#include <string.h>

#include "base/banned.h"

#define MORE_IDS_MAX 12 /* further evidence that a tooltip names */

struct page {
    as_buf *out;
    const as_doc *doc;
    const as_analysis *a;
    const as_report_options *options;
    as_lang lang;
    size_t number;  /* of the document, for anchors */
    as_buf scratch; /* a text, visible */
    as_buf raw;     /* a pointer as it is */
    as_code rc;     /* of what is drawn */
    as_err *err;
};

static const char *word(const struct page *p, as_frame name)
{
    return as_frame_word(p->lang, name);
}

static void put(const struct page *p, const char *markup)
{
    as_buf_text(p->out, markup);
}

/* The scratch buffer, escaped. */
static void put_scratch(struct page *p)
{
    p->out->failed |= p->scratch.failed;
    as_escape_html(p->out, as_buf_bytes(&p->scratch));
    as_buf_reset(&p->scratch);
}

/* Bytes of a report, shown and escaped. */
static void put_hostile(struct page *p, as_bytes raw)
{
    as_escape_visible(&p->scratch, raw);
    put_scratch(p);
}

static void put_marked(const struct page *p, as_bytes marked)
{
    as_runs runs = {.rest = marked};
    as_run run;

    while (as_runs_next(&runs, &run)) {
        if (run.value)
            put(p, "<span class=\"v\">");
        as_escape_html(p->out, run.text);
        if (run.value)
            put(p, "</span>");
    }
}

static void put_plain(const struct page *p, as_bytes marked)
{
    as_runs runs = {.rest = marked};
    as_run run;

    while (as_runs_next(&runs, &run))
        as_escape_html(p->out, run.text);
}

/* --- evidence ------------------------------------------------------------------------------ */

static void put_evidence(struct page *p, const as_evidence *e)
{
    as_evidence local = as_part_local(p->a, e);

    put(p, " <span class=\"e\" title=\"");
    as_buf_reset(&p->raw);
    as_facts_pointer(p->a->facts, e, &p->raw);
    p->out->failed |= p->raw.failed;
    put_hostile(p, as_buf_bytes(&p->raw));
    put(p, " [");
    as_buf_u64(p->out, local.begin);
    put(p, ", ");
    as_buf_u64(p->out, local.end);
    put(p, ")\">");
    as_part_short_id(p->out, p->a, e);
    put(p, "</span>");
}

static bool is_shown(const as_evidence *e, const as_evidence *const *shown, size_t n)
{
    while (n > 0 && shown[n - 1] != e)
        n--;
    return n > 0;
}

/* What follows those in the margin: "+3", with the ids in its tooltip. */
static void put_more(struct page *p, const as_sentence *s, const as_evidence *const *shown,
                     size_t n_shown, size_t more)
{
    as_proofs proofs = as_proofs_of(p->a, s);
    const as_evidence *e;
    size_t n = 0;

    if (more == 0)
        return;
    put(p, " <span class=\"e\" title=\"");
    while (n < MORE_IDS_MAX && (e = as_proofs_next(&proofs)) != NULL) {
        if (is_shown(e, shown, n_shown))
            continue;
        if (n++ > 0)
            as_buf_byte(p->out, ' ');
        as_part_short_id(p->out, p->a, e);
    }
    if (more > MORE_IDS_MAX)
        put(p, " \xe2\x80\xa6");
    put(p, "\">+");
    as_buf_u64(p->out, more);
    put(p, "</span>");
}

/* --- head of a document ----------------------------------------------------------------------- */

static void put_term(struct page *p, const char *label)
{
    put(p, "<dt>");
    put(p, label);
    put(p, "</dt><dd>");
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
        put_term(p, rows[i].label);
        if (rows[i].name == AS_ATTR_SIZE && as_bytes_u64(as_buf_bytes(&p->scratch), &size)) {
            as_buf_reset(&p->scratch);
            as_frame_say(p->out, p->lang, AS_FRAME_BYTES_N, &size, 1);
        } else {
            put(p, "<span class=\"v\">");
            put_scratch(p);
            put(p, "</span>");
        }
        put(p, "</dd>");
    }
}

/* Of a joined analysis, with the letter that its evidence begins with. */
static void put_part_term(struct page *p, as_frame name, size_t part)
{
    put(p, "<dt>");
    put(p, word(p, name));
    if (p->a->n_parts > 1) {
        as_buf_byte(p->out, ' ');
        as_buf_byte(p->out, (uint8_t)('A' + part));
    }
    put(p, "</dt><dd>");
}

static void put_report(struct page *p, size_t part)
{
    const as_analysis *a = as_analysis_part_get(p->a, part);
    char digest[AS_SHA256_HEX + 1], prefix[AS_PREFIX_SIZE + 1];

    put_part_term(p, AS_FRAME_REPORT, part);
    put(p, a->tool);
    if (a->tool_version) {
        as_buf_byte(p->out, ' ');
        put_hostile(p, as_facts_text(a->facts, a->tool_version));
    }
    put(p, ", <span class=\"v\">");
    put_hostile(p, as_bytes_of(a->source));
    put(p, "</span>, ");
    as_frame_say(p->out, p->lang, AS_FRAME_BYTES_N, &a->size, 1);
    put(p, "</dd>");
    as_sha256_text(a->sha256, digest);
    put_part_term(p, AS_FRAME_INPUT_HASH, part);
    put(p, "<span class=\"v\">");
    put(p, digest);
    put(p, "</span></dd>");
    as_part_prefix(a, prefix);
    put_part_term(p, AS_FRAME_EVIDENCE, part);
    put(p, word(p, AS_FRAME_EVIDENCE_PREFIX));
    put(p, " <span class=\"v\">");
    put(p, prefix);
    put(p, "</span></dd>");
}

static void put_head(struct page *p)
{
    put(p, "<dl>");
    put_sample(p);
    for (size_t i = 0; i < as_analysis_n_parts(p->a); i++)
        put_report(p, i);
    put(p, "</dl>\n");
}

/* What is to be said of one report alone begins with whose it is. */
static void put_whose(struct page *p, size_t part)
{
    if (p->a->n_parts < 2)
        return;
    as_doc_part_name(p->out, p->a, part);
    put(p, word(p, AS_FRAME_COLON));
}

static void put_doubt(struct page *p, size_t part, as_frame phrase, uint64_t count, uint64_t first)
{
    if (count == 0)
        return;
    put(p, "<p class=\"note\">");
    put_whose(p, part);
    as_frame_say(p->out, p->lang, phrase, (uint64_t[]){count, first}, 2);
    put(p, "</p>\n");
}

static void put_notes(struct page *p, size_t part)
{
    const as_analysis *a = as_analysis_part_get(p->a, part);
    const as_json_doubts *d = &a->doubts;

    if (as_analysis_partial(a)) {
        put(p, "<p class=\"note\"><strong>");
        put_whose(p, part);
        as_frame_gaps(p->out, p->lang, a->gaps);
        put(p, "</strong></p>\n");
    }
    put_doubt(p, part, AS_FRAME_DUPLICATES, d->duplicate_keys, d->first_duplicate);
    put_doubt(p, part, AS_FRAME_SURROGATES, d->lone_surrogates, d->first_surrogate);
}

static void put_anchor(struct page *p, const char *name)
{
    as_buf_printf(p->out, "d%zu-%s", p->number, name);
}

static void put_link(struct page *p, const char *anchor, as_bytes title, size_t n)
{
    put(p, "<li><a href=\"#");
    put_anchor(p, anchor);
    put(p, "\">");
    as_escape_html(p->out, title);
    put(p, "</a>");
    if (n > 0) {
        put(p, " <span>");
        as_frame_grouped(p->out, n);
        put(p, "</span>");
    }
    put(p, "</li>");
}

static void put_contents(struct page *p)
{
    put(p, "<nav><h3>");
    put(p, word(p, AS_FRAME_CONTENTS));
    put(p, "</h3><ol>");
    for (size_t i = 0; i < p->doc->n; i++) {
        const as_doc_section *section = &p->doc->sections[i];

        put_link(p, as_section_name(section->section), section->title, section->n);
    }
    if (p->options->coverage)
        put_link(p, "coverage", as_bytes_of(word(p, AS_FRAME_COVERAGE)), 0);
    put(p, "</ol></nav>\n");
}

/* --- body
 * ------------------------------------------------------------------------------------------ */

static void put_items(struct page *p, const as_sentence *s)
{
    uint64_t n = s->n_items;

    put(p, "<details><summary>");
    as_frame_say(p->out, p->lang, AS_FRAME_ITEMS_N, &n, 1);
    put(p, "</summary><ul>");
    for (size_t i = 0; i < s->n_items; i++) {
        const as_fact *fact = as_facts_get(p->a->facts, s->items[i].fact);

        put(p, "<li>");
        put_marked(p, s->items[i].text);
        put_evidence(p, as_fact_evidence(p->a->facts, fact));
        put(p, "</li>\n");
    }
    put(p, "</ul></details>");
}

static void put_sentence(struct page *p, const as_sentence *s)
{
    const as_evidence *shown[AS_PROOFS_SHOWN];
    size_t n, more = as_proofs_pick(p->a, s, shown, &n);
    const char *weight = as_frame_weight(p->lang, s->weight);

    if (weight)
        as_buf_printf(p->out, "<li class=\"w%d\"><span class=\"w\">%s</span>", (int)s->weight,
                      weight);
    else
        put(p, "<li>");
    put_marked(p, s->text);
    for (size_t i = 0; i < n; i++)
        put_evidence(p, shown[i]);
    put_more(p, s, shown, n, more);
    if (p->doc->options.full && s->n_items > 0)
        put_items(p, s);
    put(p, "</li>\n");
}

/* Each run has a clock of its own, and so a timeline. */
static void put_timelines(struct page *p, const as_tree *tree)
{
    size_t drawn = 0, n = as_analysis_n_parts(p->a);

    for (size_t i = 0; i < n && !p->rc; i++) {
        as_timeline timeline = {0};

        p->rc = as_timeline_build(p->doc, i, tree, &timeline, p->err);
        if (!p->rc && (timeline.n > 0 || (i + 1 == n && drawn == 0))) {
            put(p, "<figure>");
            if (n > 1 && timeline.n > 0) {
                put(p, "<figcaption>");
                as_doc_part_name(p->out, p->a, i);
                put(p, "</figcaption>");
            }
            as_svg_timeline(p->out, p->doc, tree, &timeline);
            put(p, "</figure>\n");
            drawn++;
        }
        as_timeline_done(&timeline);
    }
}

static void put_figures(struct page *p, const as_tree *tree)
{
    put(p, "<h3>");
    put(p, word(p, AS_FRAME_TREE));
    put(p, "</h3><figure>");
    as_svg_tree(p->out, p->doc, tree);
    put(p, "</figure>\n<h3>");
    put(p, word(p, AS_FRAME_TIMELINE));
    put(p, "</h3>");
    put_timelines(p, tree);
}

static void put_section(struct page *p, const as_doc_section *section, const as_tree *tree)
{
    put(p, "<section><h2 id=\"");
    put_anchor(p, as_section_name(section->section));
    put(p, "\">");
    as_escape_html(p->out, section->title);
    put(p, "</h2>\n");
    if (section->section == AS_SECTION_PROCESSES)
        put_figures(p, tree);
    put(p, "<ul class=\"s\">\n");
    for (size_t i = 0; i < section->n; i++)
        put_sentence(p, &section->sentences[i]);
    put(p, "</ul></section>\n");
}

static void put_coverage_row(struct page *p, const as_analysis *a, const as_unmapped *row)
{
    put(p, "<tr><td><span class=\"v\">");
    put_hostile(p, as_facts_text(a->facts, row->path));
    put(p, "</span>");
    if (row->known)
        as_buf_printf(p->out, " (%s)", word(p, AS_FRAME_KNOWN));
    put(p, "</td><td class=\"n\">");
    as_frame_grouped(p->out, row->count);
    put(p, "</td><td class=\"n\">");
    as_frame_grouped(p->out, row->bytes);
    put(p, "</td><td class=\"n\">");
    as_part_percent(p->out, row->bytes, a->coverage.total_bytes);
    put(p, "</td></tr>\n");
}

static void put_coverage_of(struct page *p, size_t part)
{
    const as_analysis *a = as_analysis_part_get(p->a, part);
    const as_coverage *c = &a->coverage;

    put(p, "<p>");
    put_whose(p, part);
    as_frame_say(p->out, p->lang, AS_FRAME_MAPPED, (uint64_t[]){c->mapped_bytes, c->total_bytes},
                 2);
    put(p, " (");
    as_part_percent(p->out, c->mapped_bytes, c->total_bytes);
    as_buf_printf(p->out, ")%s</p>", word(p, AS_FRAME_STOP));
    if (c->n == 0)
        as_buf_printf(p->out, "<p>%s</p>", word(p, AS_FRAME_ALL_MAPPED));
    else
        as_buf_printf(p->out,
                      "<div class=\"t\"><table><thead><tr><th>%s</th><th class=\"n\">%s</th>"
                      "<th class=\"n\">%s</th><th class=\"n\">%s</th></tr></thead><tbody>\n",
                      word(p, AS_FRAME_PATH), word(p, AS_FRAME_COUNT), word(p, AS_FRAME_BYTES),
                      word(p, AS_FRAME_PERCENT));
    for (size_t i = 0; i < c->n; i++)
        put_coverage_row(p, a, &c->rows[i]);
    put(p, c->n == 0 ? "" : "</tbody></table></div>");
}

static void put_coverage(struct page *p)
{
    put(p, "<section><h2 id=\"");
    put_anchor(p, "coverage");
    as_buf_printf(p->out, "\">%s</h2>", word(p, AS_FRAME_COVERAGE));
    for (size_t i = 0; i < as_analysis_n_parts(p->a); i++)
        put_coverage_of(p, i);
    put(p, "</section>\n");
}

static as_code put_doc(struct page *p)
{
    as_tree tree = {0};

    p->rc = as_tree_build(p->doc, &tree, p->err);
    if (p->rc)
        return p->rc;
    as_buf_printf(p->out, "<article id=\"d%zu\"><h1>", p->number);
    put_marked(p, p->doc->title);
    put(p, "</h1>\n");
    for (size_t i = 0; i < as_analysis_n_parts(p->a); i++)
        put_notes(p, i);
    put_head(p);
    put_contents(p);
    for (size_t i = 0; i < p->doc->n; i++)
        put_section(p, &p->doc->sections[i], &tree);
    if (p->options->coverage)
        put_coverage(p);
    put(p, "</article>\n");
    as_tree_done(&tree);
    return p->rc;
}

static void put_top(struct page *p, const as_report_job *job)
{
    put(p, "<!doctype html>\n<html lang=\"");
    put(p, word(p, AS_FRAME_LANG_TAG));
    put(p, "\"><head><meta charset=\"utf-8\">\n"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
           "style-src 'unsafe-inline'; img-src data:\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
           "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    if (job->n > 0)
        put_plain(p, job->docs[0]->title);
    else
        put(p, "assay");
    put(p, "</title>\n<style>");
    put(p, as_html_css());
    put(p, "</style></head>\n<body>\n");
}

/* More than one document: where each begins. */
static void put_documents(struct page *p, const as_report_job *job)
{
    if (job->n < 2)
        return;
    put(p, "<nav><ol>");
    for (size_t i = 0; i < job->n; i++) {
        as_buf_printf(p->out, "<li><a href=\"#d%zu\">", i);
        put_plain(p, job->docs[i]->title);
        put(p, "</a></li>");
    }
    put(p, "</ol></nav>\n");
}

as_code as_report_html(const as_report_job *job)
{
    struct page p = {.out = job->out, .options = job->options, .err = job->err};
    as_code rc = AS_OK;

    p.lang = job->n > 0 ? job->docs[0]->options.lang : AS_LANG_EN;
    put_top(&p, job);
    put_documents(&p, job);
    for (size_t i = 0; i < job->n && !rc; i++) {
        p.doc = job->docs[i];
        p.a = p.doc->analysis;
        p.number = i;
        rc = put_doc(&p);
    }
    as_buf_printf(p.out, "<footer>%s %s</footer>\n</body></html>\n", word(&p, AS_FRAME_WRITTEN_BY),
                  AS_VERSION);
    as_buf_done(&p.scratch);
    as_buf_done(&p.raw);
    return rc;
}

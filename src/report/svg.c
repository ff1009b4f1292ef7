#include "report/report_priv.h"

#include "base/escape.h"
#include "base/utf8.h"

#include "base/banned.h"

/* 12 px monospace type, in tenths of a pixel. */
#define GLYPH_TENTHS 73
#define WIDE_TENTHS  121

/* Tree: a row a process, a step to the right a generation. */
#define TREE_ROWS_MAX  200
#define TREE_DEPTH_MAX 14 /* deeper processes are drawn at this depth */
#define ROW            28
#define BOX            22
#define STEP           26
#define NAME_COLUMNS   42

/* Timeline: names on the left, the plot on the right. */
#define LANE          22
#define LANE_TOP      30
#define LABEL_WIDTH   250
#define LABEL_COLUMNS 25
#define PLOT_WIDTH    600
#define CALLS_WIDTH   130
#define TICKS         7

struct label {
    as_buf full; /* visible */
    as_buf shown;
    as_buf pid; /* visible, cut */
    bool cut;
};

/* An ideograph is drawn in a square, not in two columns of Latin type. */
static unsigned text_width(const as_buf *text)
{
    as_bytes rest = as_buf_bytes(text);
    unsigned tenths = 0;

    while (rest.n > 0) {
        size_t n;
        int32_t cp = as_utf8_next(rest, &n);
        int columns = cp < 0 ? 1 : as_utf8_width_of((uint32_t)cp);

        tenths += columns == 2 ? WIDE_TENTHS : (unsigned)columns * GLYPH_TENTHS;
        rest = (as_bytes){rest.p + n, rest.n - n};
    }
    return tenths / 10;
}

/* "name PID" of a process, its name cut to `columns`. */
static void read_label(struct label *l, const as_facts *f, uint32_t fact, size_t columns,
                       as_buf *out)
{
    const as_fact *process = as_facts_get(f, fact);

    as_buf_reset(&l->full);
    as_buf_reset(&l->shown);
    as_buf_reset(&l->pid);
    as_escape_visible(&l->full, as_part_process_name(f, process));
    as_part_fit(&l->shown, as_buf_bytes(&l->full), columns, &l->cut);
    as_escape_visible_cut(&l->pid, as_fact_text(f, process, AS_ATTR_PID), 12);
    out->failed |= l->full.failed || l->shown.failed || l->pid.failed;
}

static void word_label(struct label *l, const char *text, as_buf *out)
{
    as_buf_reset(&l->full);
    as_buf_reset(&l->pid);
    as_buf_reset(&l->shown);
    as_buf_text(&l->full, text);
    as_buf_text(&l->shown, text);
    out->failed |= l->full.failed || l->shown.failed;
}

static void label_done(struct label *l)
{
    as_buf_done(&l->full);
    as_buf_done(&l->shown);
    as_buf_done(&l->pid);
}

/* The text itself and, behind it, the process id in a softer tone. */
static void put_label(as_buf *out, const struct label *l, unsigned x, unsigned y)
{
    as_buf_printf(out, "<text x=\"%u\" y=\"%u\">", x, y);
    as_escape_html(out, as_buf_bytes(&l->shown));
    if (l->pid.n > 0) {
        as_buf_text(out, " <tspan class=\"d\">");
        as_escape_html(out, as_buf_bytes(&l->pid));
        as_buf_text(out, "</tspan>");
    }
    as_buf_text(out, "</text>");
}

static void put_title(as_buf *out, as_bytes visible)
{
    as_buf_text(out, "<title>");
    as_escape_html(out, visible);
    as_buf_text(out, "</title>");
}

static void put_paragraph(as_buf *out, as_lang lang, as_frame word, const uint64_t *numbers,
                          size_t n)
{
    as_buf_text(out, "<p>");
    as_frame_say(out, lang, word, numbers, n);
    as_buf_text(out, "</p>");
}

static void open_svg(as_buf *out, unsigned width, unsigned height, const char *label)
{
    as_buf_printf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
                  "viewBox=\"0 0 %u %u\" role=\"img\" aria-label=\"%s\">\n",
                  width, height, width, height, label);
}

/* --- tree ---------------------------------------------------------------------------------- */

static unsigned tree_x(const as_tree_node *node)
{
    return 4 + STEP * (node->depth < TREE_DEPTH_MAX ? node->depth : TREE_DEPTH_MAX);
}

/* From the parent's lower edge down and to the right. */
static void put_branch(as_buf *out, const as_tree *tree, size_t row)
{
    const as_tree_node *node = &tree->nodes[row];
    const as_tree_node *up;
    unsigned x, y = (unsigned)row * ROW + BOX / 2 + 2;

    if (node->parent == AS_TREE_NONE)
        return;
    up = &tree->nodes[node->parent];
    if (node->depth > TREE_DEPTH_MAX)
        return; /* parent and child stand one above the other */
    x = tree_x(up) + 10;
    as_buf_printf(out, "<path class=\"k\" d=\"M%u %uV%uH%u\"/>", x,
                  (unsigned)node->parent * ROW + BOX + 2, y, tree_x(node));
}

/* When it was first seen and, at the root of a tree of a joined analysis, by which tool. */
static void read_seen(struct label *l, const as_analysis *a, const as_tree_node *node, as_buf *out)
{
    const as_fact *fact = as_facts_get(a->facts, node->fact);

    as_buf_reset(&l->shown);
    as_doc_moment(&l->shown, as_fact_text(a->facts, fact, AS_ATTR_FIRST_SEEN), 28);
    if (a->n_parts > 1 && node->depth == 0) {
        as_buf_text(&l->shown, l->shown.n > 0 ? "  " : "");
        as_doc_part_name(&l->shown, a,
                         as_analysis_part(a, as_fact_evidence(a->facts, fact)->begin));
    }
    out->failed |= l->shown.failed;
}

static unsigned put_box(as_buf *out, const as_analysis *a, const as_tree_node *node, size_t row,
                        struct label *l)
{
    unsigned x = tree_x(node), y = (unsigned)row * ROW + 2, width;

    read_label(l, a->facts, node->fact, NAME_COLUMNS, out);
    width = text_width(&l->shown) + text_width(&l->pid) + (l->pid.n > 0 ? 24 : 16);
    as_buf_printf(out,
                  "<g><rect class=\"b b%d\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%d\" "
                  "rx=\"4\"/>",
                  (int)node->weight, x, y, width, BOX);
    put_label(out, l, x + 8, y + 15);
    if (l->cut)
        put_title(out, as_buf_bytes(&l->full));
    as_buf_text(out, "</g>");
    width += x;
    read_seen(l, a, node, out);
    if (l->shown.n > 0) {
        as_buf_printf(out, "<text class=\"d\" x=\"%u\" y=\"%u\">", width + 10, y + 15);
        as_escape_html(out, as_buf_bytes(&l->shown));
        as_buf_text(out, "</text>");
        width += 10 + text_width(&l->shown);
    }
    as_buf_byte(out, '\n');
    return width;
}

void as_svg_tree(as_buf *out, const as_doc *doc, const as_tree *tree)
{
    as_lang lang = doc->options.lang;
    size_t rows = tree->n < TREE_ROWS_MAX ? tree->n : TREE_ROWS_MAX;
    unsigned width = 200;
    as_buf body = {0};
    struct label l = {0};

    if (tree->n == 0) {
        put_paragraph(out, lang, AS_FRAME_NO_PROCESSES, NULL, 0);
        return;
    }
    for (size_t i = 0; i < rows; i++)
        put_branch(&body, tree, i);
    for (size_t i = 0; i < rows; i++) {
        unsigned right = put_box(&body, doc->analysis, &tree->nodes[i], i, &l);

        width = right > width ? right : width;
    }
    open_svg(out, width + 8, (unsigned)rows * ROW + 4, as_frame_word(lang, AS_FRAME_TREE));
    out->failed |= body.failed;
    as_buf_add(out, as_buf_bytes(&body));
    as_buf_text(out, "</svg>");
    if (rows < tree->n)
        put_paragraph(out, lang, AS_FRAME_TREE_CUT, (uint64_t[]){rows, tree->n}, 2);
    as_buf_done(&body);
    label_done(&l);
}

/* --- timeline --------------------------------------------------------------------------------- */

/* The smallest round step that needs at most TICKS of them. */
static int64_t tick_step(int64_t span_ms)
{
    static const int64_t seconds[] = {1,   2,   5,    10,   15,   30,    60,    120,  300,
                                      600, 900, 1800, 3600, 7200, 14400, 28800, 86400};

    for (size_t i = 0; i < AS_COUNT(seconds); i++) {
        if (span_ms / (seconds[i] * 1000) <= TICKS)
            return seconds[i] * 1000;
    }
    return span_ms / TICKS;
}

static unsigned plot_x(const as_timeline *t, int64_t ms)
{
    return LABEL_WIDTH + (unsigned)((ms - t->begin) * PLOT_WIDTH / (t->end - t->begin));
}

/* "0:05", "1:02:00": since the first moment. */
static void put_clock(as_buf *out, int64_t ms)
{
    unsigned s = (unsigned)(ms / 1000);

    if (s >= 3600)
        as_buf_printf(out, "%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    else
        as_buf_printf(out, "%u:%02u", s / 60, s % 60);
}

/* "2017-01-05 10:02:03" of the first moment (days to a date as in as_when(), backwards). */
static void put_date(as_buf *out, int64_t ms)
{
    int64_t days = ms / 86400000 + 719468, second = ms / 1000 % 86400;
    int64_t era = days / 146097, of_era = days % 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    int64_t day = of_year - (153 * month + 2) / 5 + 1;

    year += era * 400 + (month >= 10);
    month = month < 10 ? month + 3 : month - 9;
    as_buf_printf(out, "%04d-%02d-%02d %02d:%02d:%02d", (int)year, (int)month, (int)day,
                  (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60));
}

static void put_axis(as_buf *out, const as_timeline *t, unsigned height)
{
    int64_t step = tick_step(t->end - t->begin);

    as_buf_text(out, "<text class=\"d\" x=\"4\" y=\"16\">");
    put_date(out, t->begin);
    as_buf_text(out, "</text>");
    for (int64_t at = t->begin; at <= t->end; at += step) {
        unsigned x = plot_x(t, at);

        as_buf_printf(out,
                      "<path class=\"g\" d=\"M%u %dV%u\"/><text class=\"d\" x=\"%u\" y=\"16\">", x,
                      LANE_TOP - 8, height, x + 3);
        put_clock(out, at - t->begin);
        as_buf_text(out, "</text>");
    }
    as_buf_byte(out, '\n');
}

/* Height of a column for `count` events: one is seen, a thousand is not a thousand times it. */
static unsigned bin_height(uint32_t count)
{
    unsigned height = 4;

    for (; count > 1 && height < LANE - 8; count /= 2)
        height++;
    return height;
}

static void put_bins(as_buf *out, const as_lane *lane, unsigned bottom)
{
    as_buf_text(out, "<path class=\"m\" d=\"");
    for (unsigned b = 0; b < AS_LANE_BINS; b++) {
        unsigned x = LABEL_WIDTH + b * PLOT_WIDTH / AS_LANE_BINS;
        unsigned height;

        if (lane->bins[b] == 0)
            continue;
        height = bin_height(lane->bins[b]);
        as_buf_printf(out, "M%u %uv-%uh2v%uz", x, bottom, height, height);
    }
    as_buf_text(out, "\"/>");
}

/* "name PID, 0:05 – 1:10, 12 events" */
static void put_lane_title(as_buf *out, as_lang lang, const as_timeline *t, const as_lane *lane,
                           const struct label *l)
{
    as_buf_text(out, "<title>");
    as_escape_html(out, as_buf_bytes(&l->full));
    as_buf_byte(out, ' ');
    as_escape_html(out, as_buf_bytes(&l->pid));
    as_buf_text(out, ", ");
    put_clock(out, lane->begin - t->begin);
    as_buf_text(out, " \xe2\x80\x93 ");
    put_clock(out, lane->end - t->begin);
    as_buf_text(out, ", ");
    as_frame_say(out, lang, AS_FRAME_EVENTS_N, &lane->events, 1);
    as_buf_text(out, "</title>");
}

static void put_lane(as_buf *out, const as_doc *doc, const as_tree *tree, const as_timeline *t,
                     size_t i, struct label *l)
{
    const as_lane *lane = &t->lanes[i];
    as_lang lang = doc->options.lang;
    unsigned y = LANE_TOP + (unsigned)i * LANE;
    unsigned from = plot_x(t, lane->begin), to = plot_x(t, lane->end);

    if (lane->node < tree->n)
        read_label(l, doc->analysis->facts, tree->nodes[lane->node].fact, LABEL_COLUMNS, out);
    else
        word_label(l, as_frame_word(lang, AS_FRAME_UNOWNED), out);
    as_buf_text(out, "<g>");
    put_label(out, l, 4, y + 15);
    as_buf_printf(out, "<rect class=\"l\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%d\" rx=\"2\"/>",
                  from, y + 3, to > from + 3 ? to - from : 3, LANE - 6);
    put_bins(out, lane, y + LANE - 3);
    put_lane_title(out, lang, t, lane, l);
    as_buf_text(out, "</g>");
    if (lane->calls > 0) {
        as_buf_printf(out, "<text class=\"d\" x=\"%d\" y=\"%u\">", LABEL_WIDTH + PLOT_WIDTH + 12,
                      y + 15);
        as_frame_say(out, lang, AS_FRAME_CALLS_N, &lane->calls, 1);
        as_buf_text(out, "</text>");
    }
    as_buf_byte(out, '\n');
}

void as_svg_timeline(as_buf *out, const as_doc *doc, const as_tree *tree, const as_timeline *t)
{
    as_lang lang = doc->options.lang;
    unsigned height = LANE_TOP + (unsigned)t->n * LANE + 4;
    size_t drawn = t->n - (t->n > 0 && t->lanes[0].node == tree->n);
    struct label l = {0};

    if (t->n == 0) {
        put_paragraph(out, lang, tree->n ? AS_FRAME_NO_TIMES : AS_FRAME_NO_PROCESSES, NULL, 0);
        return;
    }
    open_svg(out, LABEL_WIDTH + PLOT_WIDTH + CALLS_WIDTH, height,
             as_frame_word(lang, AS_FRAME_TIMELINE));
    put_axis(out, t, height);
    for (size_t i = 0; i < t->n; i++)
        put_lane(out, doc, tree, t, i, &l);
    as_buf_text(out, "</svg>");
    put_paragraph(out, lang, AS_FRAME_TIMELINE_HINT, NULL, 0);
    if (drawn < t->timed)
        put_paragraph(out, lang, AS_FRAME_LANES_CUT, (uint64_t[]){drawn, t->timed}, 2);
    if (t->outside > 0)
        put_paragraph(out, lang, AS_FRAME_OUTSIDE, (uint64_t[]){t->outside}, 1);
    label_done(&l);
}

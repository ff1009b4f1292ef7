#include "report/report_priv.h"

#include "base/utf8.h"

#include <string.h>

#include "base/banned.h"

/* What a character means for the place of a line break. */
#define IS_SPACE 1u
#define IS_WIDE  2u  /* a break may stand on either side */
#define IS_OPEN  4u  /* not at the end of a line */
#define IS_CLOSE 8u  /* not at the beginning of a line */
#define IS_GLUED 16u /* to the character before it */

#define GLYPHS_HELD 65536 /* before whole lines are put out early */
#define NARROWEST   12u

/* One character as a reader sees it, with the marks that belong to it. */
struct glyph {
    uint32_t at, n; /* in wrap.text */
    uint16_t columns;
    uint8_t style; /* as_style */
    uint8_t flags;
};

static const char *sgr(as_style style)
{
    switch (style) {
    case AS_STYLE_PLAIN:
        break;
    case AS_STYLE_VALUE:
        return "\x1b[36m";
    case AS_STYLE_DIM:
        return "\x1b[2m";
    case AS_STYLE_BOLD:
        return "\x1b[1m";
    case AS_STYLE_HIGH:
        return "\x1b[1;31m";
    case AS_STYLE_MEDIUM:
        return "\x1b[1;33m";
    }
    return "";
}

void as_style_begin(as_buf *out, bool colour, as_style style)
{
    if (colour && style != AS_STYLE_PLAIN)
        as_buf_text(out, sgr(style));
}

void as_style_end(as_buf *out, bool colour, as_style style)
{
    if (colour && style != AS_STYLE_PLAIN)
        as_buf_text(out, "\x1b[0m");
}

static bool is_among(uint32_t cp, const uint32_t *set, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (set[i] == cp)
            return true;
    }
    return false;
}

static bool opens(uint32_t cp)
{
    static const uint32_t set[] = {'(',    '[',    '{',    0x2018, 0x201c, 0x3008, 0x300a,
                                   0x300c, 0x300e, 0x3010, 0x3014, 0xff08, 0xff3b, 0xff5b};

    return is_among(cp, set, AS_COUNT(set));
}

static bool closes(uint32_t cp)
{
    static const uint32_t set[] = {')',    ']',    '}',    ',',    '.',    ';',    ':',
                                   '!',    '?',    0x2019, 0x201d, 0x2026, 0x3001, 0x3002,
                                   0x3009, 0x300b, 0x300d, 0x300f, 0x3011, 0x3015, 0xff01,
                                   0xff09, 0xff0c, 0xff1a, 0xff1b, 0xff1f, 0xff3d, 0xff5d};

    return is_among(cp, set, AS_COUNT(set));
}

static uint8_t flags_of(uint32_t cp, int columns)
{
    uint8_t flags = 0;

    if (cp == ' ')
        return IS_SPACE;
    if (columns == 2 || cp == 0x201c || cp == 0x201d)
        flags |= IS_WIDE;
    if (opens(cp))
        flags |= IS_OPEN;
    if (closes(cp))
        flags |= IS_CLOSE;
    return flags;
}

static struct glyph *glyphs_of(const as_wrap *w, size_t *ret_n)
{
    *ret_n = w->glyphs.n / sizeof(struct glyph);
    return (struct glyph *)(void *)w->glyphs.p;
}

/* Marks, the second half of a flag and skin tones belong to the character before them. */
static bool joins(const struct glyph *before, const uint8_t *text, uint32_t cp, int columns)
{
    size_t used;
    int32_t last;

    if (columns == 0)
        return true;
    if (cp >= 0x1f3fb && cp <= 0x1f3ff)
        return before->columns == 2;
    if (cp < 0x1f1e6 || cp > 0x1f1ff || before->n != 4)
        return false;
    last = as_utf8_next((as_bytes){text + before->at, before->n}, &used);
    return last >= 0x1f1e6 && last <= 0x1f1ff;
}

static bool breaks_between(const struct glyph *a, const struct glyph *b)
{
    if ((b->flags & (IS_GLUED | IS_SPACE)) != 0)
        return false;
    if (a->flags & IS_SPACE)
        return true;
    if ((a->flags & IS_OPEN) != 0 || (b->flags & IS_CLOSE) != 0)
        return false;
    return ((a->flags | b->flags) & IS_WIDE) != 0;
}

static unsigned room(const as_wrap *w)
{
    unsigned used = w->begun ? w->hang : w->column;

    return w->width > used + NARROWEST ? w->width - used : NARROWEST;
}

/* True if what begins at glyph `from` cannot stand on one line of its own. */
static bool is_long(const as_wrap *w, const struct glyph *g, size_t n, size_t from)
{
    unsigned whole = w->width > w->hang + NARROWEST ? w->width - w->hang : NARROWEST;
    unsigned columns = 0;

    for (size_t k = from; k < n && (k == from || !breaks_between(&g[k - 1], &g[k])); k++) {
        columns += g[k].columns;
        if (columns > whole)
            return true;
    }
    return false;
}

/* Where a word that is too long for any line is cut: before glyph `k` or a little earlier. */
static size_t forced_cut(const struct glyph *g, size_t from, size_t k)
{
    size_t end = k;

    while (end > from + 1 &&
           ((g[end].flags & (IS_CLOSE | IS_GLUED)) != 0 || (g[end - 1].flags & IS_OPEN) != 0))
        end--;
    return end > from + 1 ? end : k;
}

/* End of the line that begins at `from`; *ret_full is false if the glyphs ran out. */
static size_t line_end(const as_wrap *w, const struct glyph *g, size_t n, size_t from,
                       bool *ret_full)
{
    unsigned left = room(w), columns = 0, at_break = 0;
    size_t last = from;

    *ret_full = true;
    for (size_t k = from; k < n; k++) {
        if (k > from && breaks_between(&g[k - 1], &g[k])) {
            last = k;
            at_break = columns;
        }
        if (columns + g[k].columns > left && !(g[k].flags & IS_SPACE) && k > from) {
            bool worth = last == from || left - at_break >= left / 3;

            if (worth && is_long(w, g, n, last))
                return forced_cut(g, last, k);
            /* Nothing fits beside what the first line holds already: an empty rest of it. */
            return last;
        }
        columns += g[k].columns;
    }
    *ret_full = false;
    return n;
}

static void put_line(as_wrap *w, const struct glyph *g, size_t from, size_t end)
{
    as_style style = AS_STYLE_PLAIN;

    while (end > from && (g[end - 1].flags & IS_SPACE) != 0)
        end--;
    if (w->begun) {
        as_buf_byte(w->out, '\n');
        as_buf_fill(w->out, ' ', w->hang);
    }
    for (size_t i = from; i < end; i++) {
        if (g[i].style != style) {
            as_style_end(w->out, w->colour, style);
            style = (as_style)g[i].style;
            as_style_begin(w->out, w->colour, style);
        }
        as_buf_add(w->out, (as_bytes){w->text.p + g[i].at, g[i].n});
    }
    as_style_end(w->out, w->colour, style);
    w->begun = true;
}

/* Moves the glyphs from `from` on to the front. */
static void keep_from(as_wrap *w, struct glyph *g, size_t n, size_t from)
{
    uint32_t base = from < n ? g[from].at : (uint32_t)w->text.n;

    for (size_t i = from; i < n; i++) {
        g[i - from] = g[i];
        g[i - from].at -= base;
    }
    if (w->text.n > base)
        memmove(w->text.p, w->text.p + base, w->text.n - base);
    w->text.n -= base;
    w->glyphs.n = (n - from) * sizeof(*g);
}

/* Puts out all lines, or (not `final`) those that no later character can change. */
static void drain(as_wrap *w, bool final)
{
    size_t n, from = 0;
    struct glyph *g = glyphs_of(w, &n);
    size_t margin = 4 * (size_t)w->width;

    while (from < n && (final || n - from > margin)) {
        bool full;
        size_t end;

        while (w->begun && from < n && (g[from].flags & IS_SPACE) != 0)
            from++;
        if (from == n)
            break;
        end = line_end(w, g, n, from, &full);
        put_line(w, g, from, end);
        from = end;
        if (!full)
            break;
    }
    if (n > 0)
        keep_from(w, g, n, from);
}

static void add_glyph(as_wrap *w, uint32_t cp, as_bytes bytes, as_style style, bool glued)
{
    int columns = as_utf8_width_of(cp);
    size_t n;
    struct glyph *g = glyphs_of(w, &n);
    struct glyph fresh = {(uint32_t)w->text.n, (uint32_t)bytes.n, (uint16_t)columns, (uint8_t)style,
                          flags_of(cp, columns)};

    as_buf_add(&w->text, bytes);
    if (w->text.failed)
        return;
    if (n > 0 && joins(&g[n - 1], w->text.p, cp, columns)) {
        g[n - 1].n += (uint32_t)bytes.n;
        return;
    }
    if (glued)
        fresh.flags = IS_GLUED;
    as_buf_add(&w->glyphs, (as_bytes){(const uint8_t *)&fresh, sizeof(fresh)});
}

static void add(as_wrap *w, as_bytes visible, as_style style, bool whole)
{
    for (size_t at = 0, n; at < visible.n; at += n) {
        as_bytes rest = {visible.p + at, visible.n - at};
        int32_t cp = as_utf8_next(rest, &n);

        add_glyph(w, cp < 0 ? 0xfffd : (uint32_t)cp, (as_bytes){rest.p, n}, style, whole && at > 0);
        if (w->glyphs.n >= GLYPHS_HELD * sizeof(struct glyph))
            drain(w, false);
    }
    if (w->text.failed || w->glyphs.failed)
        w->out->failed = true;
}

void as_wrap_add(as_wrap *w, as_bytes visible, as_style style)
{
    if (w->width > 0) {
        add(w, visible, style, false);
        return;
    }
    as_style_begin(w->out, w->colour, style);
    as_buf_add(w->out, visible);
    as_style_end(w->out, w->colour, style);
}

void as_wrap_add_whole(as_wrap *w, as_bytes visible, as_style style)
{
    if (w->width > 0)
        add(w, visible, style, true);
    else
        as_wrap_add(w, visible, style);
}

void as_wrap_end(as_wrap *w)
{
    if (w->width > 0)
        drain(w, true);
    as_buf_byte(w->out, '\n');
    as_buf_reset(&w->text);
    as_buf_reset(&w->glyphs);
    w->begun = false;
}

void as_wrap_done(as_wrap *w)
{
    as_buf_done(&w->text);
    as_buf_done(&w->glyphs);
}

#include "cli/cli_priv.h"

#include "base/escape.h"
#include "base/utf8.h"

#include "base/banned.h"

/* What stands between two columns. */
#define GAP 2u

void as_table_cell(as_table *t, as_bytes text)
{
    as_buf visible = {0};

    as_escape_visible_cut(&visible, text, AS_TABLE_CELL);
    as_buf_add(&t->text, as_buf_bytes(&visible));
    t->failed |= visible.failed;
    as_buf_done(&visible);
    as_buf_byte(&t->text, '\0');
    t->n++;
}

void as_table_text(as_table *t, const char *text)
{
    as_table_cell(t, as_bytes_of(text));
}

void as_table_u64(as_table *t, uint64_t value)
{
    as_buf_u64(&t->text, value);
    as_buf_byte(&t->text, '\0');
    t->n++;
}

/* The next cell of `*left`, which always has one. */
static as_bytes next_cell(as_bytes *left)
{
    as_bytes cell = as_bytes_of((const char *)left->p);

    left->p += cell.n + 1;
    left->n -= cell.n + 1;
    return cell;
}

static void measure(const as_table *t, size_t width[AS_TABLE_COLUMNS])
{
    as_bytes left = as_buf_bytes(&t->text);

    for (size_t i = 0; i < t->n; i++) {
        size_t n = as_utf8_width(next_cell(&left)), column = i % t->columns;

        width[column] = n > width[column] ? n : width[column];
    }
}

void as_table_print(as_table *t, as_buf *out)
{
    size_t width[AS_TABLE_COLUMNS] = {0};
    as_bytes left = as_buf_bytes(&t->text);

    if (t->failed || t->text.failed) {
        out->failed = true;
        return;
    }
    measure(t, width);
    for (size_t i = 0; i < t->n; i++) {
        size_t column = i % t->columns;
        as_bytes cell = next_cell(&left);
        size_t blanks = width[column] - as_utf8_width(cell);
        bool right = t->right >> column & 1u, last = column + 1 == t->columns;

        if (right)
            as_buf_fill(out, ' ', blanks);
        as_buf_add(out, cell);
        if (!right && !last)
            as_buf_fill(out, ' ', blanks);
        if (last)
            as_buf_byte(out, '\n');
        else
            as_buf_fill(out, ' ', GAP);
    }
}

void as_table_done(as_table *t)
{
    as_buf_done(&t->text);
    t->n = 0;
}

#include "query/query_priv.h"

#include "base/jsonw.h"

#include "base/banned.h"

static void write_items(as_jsonw *w, const as_answer *a)
{
    as_jsonw_key(w, "items");
    as_jsonw_array(w);
    for (size_t i = 0; i < a->n_items; i++) {
        const as_answer_item *item = &a->items[i];

        as_jsonw_object(w);
        as_jsonw_key(w, "value");
        as_jsonw_str(w, item->value);
        as_jsonw_key(w, "text");
        as_jsonw_str(w, item->text);
        as_jsonw_key(w, "count");
        as_jsonw_u64(w, item->count);
        as_jsonw_key(w, "citations");
        as_jsonw_array(w);
        for (size_t k = 0; k < item->n_citations; k++)
            as_jsonw_u64(w, item->citations[k] + 1);
        as_jsonw_end(w);
        as_jsonw_end(w);
    }
    as_jsonw_end(w);
}

static void write_citations(as_jsonw *w, const as_answer *a)
{
    as_jsonw_key(w, "citations");
    as_jsonw_array(w);
    for (size_t i = 0; i < a->n_citations; i++) {
        as_jsonw_object(w);
        as_jsonw_key(w, "n");
        as_jsonw_u64(w, i + 1);
        as_jsonw_key(w, "evidence");
        as_jsonw_text(w, a->citations[i].evidence);
        as_jsonw_key(w, "quote");
        as_jsonw_str(w, a->citations[i].quote);
        as_jsonw_key(w, "cut");
        as_jsonw_bool(w, a->citations[i].cut);
        as_jsonw_end(w);
    }
    as_jsonw_end(w);
}

static void write_head(as_jsonw *w, const as_answer *a)
{
    as_jsonw_key(w, "tier");
    as_jsonw_text(w, a->tier);
    as_jsonw_key(w, "intent");
    as_jsonw_text(w, a->intent);
    as_jsonw_key(w, "lang");
    as_jsonw_text(w, a->lang == AS_LANG_ZH ? "zh" : "en");
    as_jsonw_key(w, "slots");
    as_jsonw_array(w);
    for (size_t i = 0; i < a->n_slots; i++) {
        as_jsonw_object(w);
        as_jsonw_key(w, "name");
        as_jsonw_text(w, a->slots[i].name);
        as_jsonw_key(w, "value");
        as_jsonw_str(w, a->slots[i].value);
        as_jsonw_end(w);
    }
    as_jsonw_end(w);
    as_jsonw_key(w, "answerable");
    as_jsonw_bool(w, a->answerable);
    as_jsonw_key(w, "extractive");
    as_jsonw_bool(w, a->extractive);
    as_jsonw_key(w, "truth");
    if (a->truth == AS_TRUTH_NONE)
        as_jsonw_null(w);
    else
        as_jsonw_bool(w, a->truth == AS_TRUTH_YES);
    as_jsonw_key(w, "count");
    if (a->has_count)
        as_jsonw_u64(w, a->count);
    else
        as_jsonw_null(w);
}

void as_answer_json(const as_answer *a, as_buf *out)
{
    as_jsonw w = as_jsonw_to(out, 2);

    as_jsonw_object(&w);
    as_jsonw_key(&w, "schema");
    as_jsonw_text(&w, "assay/ask/1");
    write_head(&w, a);
    as_jsonw_key(&w, "answer");
    as_jsonw_str(&w, a->text);
    write_items(&w, a);
    as_jsonw_key(&w, "complete");
    as_jsonw_bool(&w, a->complete);
    write_citations(&w, a);
    as_jsonw_key(&w, "trace");
    as_jsonw_array(&w);
    for (size_t i = 0; i < a->n_trace; i++)
        as_jsonw_str(&w, a->trace[i]);
    as_jsonw_end(&w);
    as_jsonw_end(&w);
}

#define SHOWN_MAX   40u  /* citations on a terminal */
#define QUOTE_SHOWN 100u /* bytes of one */

/* At most `max` bytes, and no half character. */
static as_bytes head_of(as_bytes text, size_t max)
{
    if (text.n <= max)
        return text;
    while (max > 0 && (text.p[max] & 0xc0) == 0x80)
        max--;
    return (as_bytes){text.p, max};
}

void as_answer_text(const as_answer *a, as_buf *out, bool trace)
{
    bool zh = a->lang == AS_LANG_ZH;
    size_t n = a->n_citations < SHOWN_MAX ? a->n_citations : SHOWN_MAX;

    as_buf_add(out, a->text);
    as_buf_byte(out, '\n');
    if (n > 0 && !a->extractive)
        as_buf_text(out, zh ? "\n证据：\n" : "\nEvidence:\n");
    for (size_t i = 0; i < n; i++) {
        const as_citation *c = &a->citations[i];
        as_bytes shown = head_of(c->quote, QUOTE_SHOWN);

        as_buf_printf(out, "  [%zu] %s", i + 1, c->evidence);
        if (!a->extractive) {
            as_buf_text(out, "  ");
            as_buf_add(out, shown);
            as_buf_text(out, c->cut || shown.n < c->quote.n ? "..." : "");
        }
        as_buf_byte(out, '\n');
    }
    if (n < a->n_citations)
        as_buf_printf(
            out, zh ? "  （共 %zu 条；--json 列出全部）\n" : "  (%zu in all; --json lists them)\n",
            a->n_citations);
    if (!a->complete && a->answerable)
        as_buf_text(out, zh ? "（可能不完整）\n" : "(may be incomplete)\n");
    for (size_t i = 0; trace && i < a->n_trace; i++) {
        as_buf_text(out, i == 0 ? (zh ? "\n过程：\n  " : "\nTrace:\n  ") : "  ");
        as_buf_add(out, a->trace[i]);
        as_buf_byte(out, '\n');
    }
}

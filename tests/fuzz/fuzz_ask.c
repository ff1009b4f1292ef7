/*
 * Any bytes as a question over a small store, which is made once. The first byte chooses the
 * sample that is given (none, one, an ambiguous name, none of the store) and the language.
 *
 * Whatever is asked: there is an answer, or the question is refused; the answer is
 * well-formed, its JSON is JSON, its citations are there, and asked again it is the same.
 */
#include "base/json.h"
#include "base/utf8.h"
#include "unit/query/asked.h"

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);              \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static asked_store store;

static void drop_store(void)
{
    asked_drop(&store);
}

static void make_store(void)
{
    as_err err = {0};

    if (store.s)
        return;
    if (asked_make(&store, AS_COUNT(asked_reports), &err)) {
        fprintf(stderr, "%s\n", err.msg);
        abort();
    }
    (void)atexit(drop_store);
}

/* Text that may be shown: well-formed, and nothing in it but line breaks speaks to a terminal. */
static void check_text(as_bytes text)
{
    for (size_t at = 0, n; at < text.n; at += n) {
        int32_t cp = as_utf8_next((as_bytes){text.p + at, text.n - at}, &n);

        MUST(cp >= 0 && (cp == '\n' || !as_utf8_is_hidden((uint32_t)cp)));
    }
}

static void check_items(const as_answer *a)
{
    for (size_t i = 0; i < a->n_items; i++) {
        const as_answer_item *item = &a->items[i];

        check_text(item->value);
        check_text(item->text);
        for (size_t k = 0; k < item->n_citations; k++)
            MUST(item->citations[k] < a->n_citations);
    }
    for (size_t i = 0; i < a->n_citations; i++) {
        check_text(a->citations[i].quote);
        MUST(a->citations[i].quote.n > 0 && strlen(a->citations[i].evidence) > 16);
    }
}

static void check_answer(const as_answer *a)
{
    MUST(a->tier && a->intent && a->arena);
    MUST(a->lang == AS_LANG_ZH || a->lang == AS_LANG_EN);
    MUST(a->truth >= AS_TRUTH_NONE && a->truth <= AS_TRUTH_YES);
    MUST(a->text.n > 0);
    check_text(a->text);
    check_items(a);
    MUST(!a->extractive || (!a->answerable && a->truth == AS_TRUTH_NONE));
    MUST(a->answerable || a->truth == AS_TRUTH_NONE);
    for (size_t i = 0; i < a->n_slots; i++)
        MUST(a->slots[i].name && a->slots[i].value.n > 0);
    for (size_t i = 0; i < a->n_trace; i++)
        check_text(a->trace[i]);
}

static void check_json(as_bytes json)
{
    as_source *source = NULL;
    as_json *j = NULL;
    as_json_tok t;
    as_err err = {0};

    MUST(!as_source_open_bytes(json, NULL, &source, NULL));
    MUST(!as_json_new(source, NULL, &j, NULL));
    do {
        MUST(!as_json_next(j, &t, &err));
    } while (t.type != AS_JSON_END);
    MUST(as_json_doubts_so_far(j).duplicate_keys == 0);
    as_json_free(j);
    as_source_free(source);
}

/* Appends the answer in both forms; false if the question is refused. */
static bool ask(const as_ask_options *o, as_buf *out)
{
    as_answer *a = NULL;
    as_buf text = {0};
    as_err err = {0};
    as_code rc = as_ask(store.s, o, &a, &err);

    if (rc) {
        MUST(rc == AS_USAGE && err.code == rc && err.msg[0] && !a);
        MUST(o->question.n == 0 || o->question.n > AS_ASK_QUESTION_MAX);
        return false;
    }
    MUST(o->question.n > 0 && o->question.n <= AS_ASK_QUESTION_MAX);
    check_answer(a);
    as_answer_json(a, out);
    check_json(as_buf_bytes(out));
    as_answer_text(a, &text, true);
    check_text(as_buf_bytes(&text));
    MUST(!text.failed && !out->failed);
    as_buf_add(out, as_buf_bytes(&text));
    as_buf_done(&text);
    as_answer_free(a);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const samples[] = {"", ALPHA, BETA, OTHER, "alpha.exe", "nowhere.exe"};
    as_ask_options o = {.lang = -1};
    as_buf once = {0}, again = {0};
    uint8_t *copy;

    if (size == 0)
        return 0;
    make_store();
    copy = malloc(size > 1 ? size - 1 : 1); /* a block that ends where the question ends */
    MUST(copy);
    memcpy(copy, data + 1, size - 1);
    o.question = (as_bytes){copy, size - 1};
    o.sample = as_bytes_of(samples[data[0] % AS_COUNT(samples)]);
    o.lang = data[0] & 0x80 ? AS_LANG_ZH : data[0] & 0x40 ? AS_LANG_EN : -1;
    if (ask(&o, &once)) {
        MUST(ask(&o, &again));
        MUST(as_bytes_eq(as_buf_bytes(&once), as_buf_bytes(&again)));
    }
    as_buf_done(&once);
    as_buf_done(&again);
    free(copy);
    return 0;
}

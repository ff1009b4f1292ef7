#include "cli/eval_priv.h"

#include "store/search.h"

#include <string.h>

#include "base/banned.h"

/*
 * A plain collection in a store: one small report is added as any other, but its chunks are
 * the collection's texts, each one chunk. So words are cut, indexed and ranked, and vectors
 * made and searched, by what does it for descriptions.
 */

#define FOLDER "benchmarks/cranfield"
#define REPORT                                                                                     \
    "{\"info\":{\"version\":\"2.4-CAPE\",\"id\":1,\"category\":\"file\"},"                         \
    "\"target\":{\"category\":\"file\",\"file\":{\"name\":\"collection\"}},"                       \
    "\"behavior\":{\"processes\":[]},\"signatures\":[]}"

/* --- its files -----------------------------------------------------------------------------------
 */

static as_code read_whole(const char *path, as_arena *a, as_bytes *ret, as_err *err)
{
    uint8_t *p = as_arena_take(a, AS_COLLECTION_BYTES / 8, 1);
    size_t n = 0, got = 1;
    as_source *source = NULL;
    as_code rc = p ? as_source_open(path, NULL, &source, err)
                   : as_fail_nomem(err, "the texts of a collection");

    while (!rc && got > 0) {
        if (n == AS_COLLECTION_BYTES / 8)
            rc = as_fail(err, AS_LIMIT, n, "'%s' is larger than any of its kind", path);
        rc = rc ? rc : as_source_read(source, p + n, AS_COLLECTION_BYTES / 8 - n, &got, err);
        n += rc ? 0 : got;
    }
    as_source_free(source);
    if (!rc)
        *ret = (as_bytes){p, n};
    return rc;
}

static as_code read_named(const as_buf *folder, const char *name, as_arena *a, as_bytes *ret,
                          as_err *err)
{
    as_buf path = {0};
    as_code rc;

    as_buf_add(&path, as_buf_bytes(folder));
    as_buf_text(&path, name);
    as_buf_byte(&path, '\0');
    rc = path.failed ? as_fail_nomem(err, "the name of a file")
                     : read_whole((const char *)path.p, a, ret, err);
    as_buf_done(&path);
    return rc;
}

static as_code read_collection(const as_args *args, as_arena *a, as_collection *ret, as_err *err)
{
    as_bytes texts = {0}, queries = {0}, judgements = {0};
    as_buf folder = {0};
    as_code rc = as_eval_folder(args, FOLDER, &folder, err);

    rc = rc ? rc : read_named(&folder, "cran.all.1400", a, &texts, err);
    rc = rc ? rc : read_named(&folder, "cran.qry", a, &queries, err);
    rc = rc ? rc : read_named(&folder, "cranqrel", a, &judgements, err);
    rc = rc ? rc : as_cranfield_read(texts, queries, judgements, a, ret, err);
    as_buf_done(&folder);
    return rc;
}

/* --- its store
 * --------------------------------------------------------------------------------------- */

static as_code put_texts(void *ctx, const as_analysis *a, as_chunk_put_fn *put, void *sink,
                         as_err *err)
{
    const as_collection *c = ctx;
    as_code rc = AS_OK;

    (void)a;
    for (uint64_t i = 0; !rc && i < c->n_texts; i++) {
        as_chunk chunk = {.parent = -1,
                          .section = AS_SECTION_STATIC,
                          .lang = AS_LANG_EN,
                          .role = AS_CHUNK_BASE,
                          .trust = AS_TRUST_SAMPLE,
                          .context = AS_LITERAL(""),
                          .body = c->texts[i]};

        memcpy(chunk.uid, &i, sizeof(i));
        rc = put(sink, &chunk, err);
    }
    return rc;
}

static as_code add_texts(as_store *s, as_collection *c, as_err *err)
{
    as_store_add_options options = {.chunks = put_texts, .chunks_ctx = c};
    as_source *source = NULL;
    as_added added = {0};
    as_code rc = as_source_open_bytes(AS_LITERAL(REPORT), NULL, &source, err);

    rc = rc ? rc : as_store_add(s, source, &options, &added, err);
    as_source_free(source);
    return rc;
}

/* The chunks of the texts, in their order: they are the only ones. */
struct numbering {
    int64_t *ids;
    size_t n, most;
};

static as_code number(void *ctx, const as_stored_chunk *chunk, as_err *err)
{
    struct numbering *to = ctx;

    if (to->n == to->most)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "the store has more chunks than texts");
    to->ids[to->n++] = chunk->id;
    return AS_OK;
}

static as_code ask_all(as_eval_set *set, const as_collection *c, const int64_t *ids, as_err *err)
{
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < c->n_queries; i++) {
        const as_collection_query *q = &c->queries[i];
        as_buf id = {0};
        as_eval_asked asked = {.split = AS_LITERAL("test"),
                               .lang = AS_LITERAL("en"),
                               .kind = AS_LITERAL("query"),
                               .text = q->text,
                               .per_sample = AS_EVAL_DEPTH, /* all texts are of one "sample" */
                               .first = set->n_relevant,
                               .n = q->n_relevant};

        if (q->n_relevant == 0)
            continue;
        as_buf_printf(&id, "cranfield-%zu", i + 1);
        if (id.failed || as_arena_copy(set->arena, as_buf_bytes(&id), &asked.id))
            rc = as_fail_nomem(err, "the queries");
        as_buf_done(&id);
        for (size_t k = 0; !rc && k < q->n_relevant; k++) {
            as_eval_relevant r = {ids[q->relevant[k].text], 0, q->relevant[k].gain};

            rc = as_eval_judge(set, &r, err);
        }
        rc = rc ? rc : as_eval_ask(set, &asked, err);
    }
    return rc;
}

static as_code make_store(as_eval_set *set, as_collection *c, int64_t *ids, as_err *err)
{
    struct numbering to = {.ids = ids, .most = c->n_texts};
    as_code rc = as_eval_store_temporary(&set->home, err);

    rc = rc ? rc : as_store_open((const char *)set->home.p, AS_STORE_WRITE, &set->store, err);
    rc = rc ? rc : add_texts(set->store, c, err);
    rc = rc ? rc : as_search_each(set->store, 0, number, &to, err);
    if (!rc && to.n != c->n_texts)
        rc = as_fail(err, AS_INVALID, AS_NO_OFFSET, "%zu of %zu texts are in the store", to.n,
                     c->n_texts);
    return rc;
}

as_code as_eval_cranfield(const as_args *args, as_eval_set *ret, as_err *err)
{
    as_collection c = {0};
    int64_t *ids = NULL;
    as_code rc = read_collection(args, ret->arena, &c, err);

    ret->name = "cranfield";
    if (!rc)
        ids = as_arena_take(ret->arena, c.n_texts + 1, sizeof(*ids));
    if (!rc && !ids)
        rc = as_fail_nomem(err, "the texts of a collection");
    rc = rc ? rc : make_store(ret, &c, ids, err);
    return rc ? rc : ask_all(ret, &c, ids, err);
}

#include "encode/models_priv.h"

#include <string.h>

#include "base/banned.h"

/* What a model's folder may have beside its weights, under these names. */
static const struct {
    const char *name;
    uint64_t most;
} beside[] = {
    {"config.json", AS_MODEL_SMALL_MAX},
    {"tokenizer.json", AS_MODEL_TOKENIZER_MAX},
    {"tokenizer_config.json", AS_MODEL_SMALL_MAX},
    {"special_tokens_map.json", AS_MODEL_SMALL_MAX},
    {"vocab.txt", AS_MODEL_TOKENIZER_MAX},
    {"sentencepiece.bpe.model", AS_MODEL_TOKENIZER_MAX},
    {"spiece.model", AS_MODEL_TOKENIZER_MAX},
    {"tokenizer.model", AS_MODEL_TOKENIZER_MAX},
    {"modules.json", AS_MODEL_SMALL_MAX},
    {"sentence_bert_config.json", AS_MODEL_SMALL_MAX},
    {"config_sentence_transformers.json", AS_MODEL_SMALL_MAX},
    {"1_Pooling/config.json", AS_MODEL_SMALL_MAX},
    {"sparse_linear.pt", AS_MODEL_TOKENIZER_MAX},
    {"colbert_linear.pt", AS_MODEL_TOKENIZER_MAX},
    {"README.md", AS_MODEL_SMALL_MAX},
    {"LICENSE", AS_MODEL_SMALL_MAX},
};
static const char *const tokenizers[] = {"tokenizer.json", "vocab.txt", "sentencepiece.bpe.model",
                                         "spiece.model", "tokenizer.model"};

/* More are no model, and looking for what belongs to each of them would take for ever. */
#define WEIGHTS_MAX 256u

#define SHARDS "model.safetensors.index.json"

/* --- paths ------------------------------------------------------------------------------------ */

as_bytes as_path_base(as_bytes path)
{
    const uint8_t *slash = path.n > 0 ? memrchr(path.p, '/', path.n) : NULL;
    size_t skip = slash ? (size_t)(slash - path.p) + 1 : 0;

    return (as_bytes){path.p + skip, path.n - skip};
}

as_bytes as_path_folder(as_bytes path)
{
    const uint8_t *slash = path.n > 0 ? memrchr(path.p, '/', path.n) : NULL;

    return (as_bytes){path.p, slash ? (size_t)(slash - path.p) : 0};
}

bool as_path_plain(as_bytes path)
{
    bool starts = true;

    if (path.n == 0 || path.n > 1024 || path.p[path.n - 1] == '/')
        return false;
    for (size_t i = 0; i < path.n; i++) {
        uint8_t c = path.p[i];

        if (c < ' ' || c == 0x7f || c == '\\' || c == ':')
            return false;
        if (starts && (c == '/' || c == '.'))
            return false;
        starts = c == '/';
    }
    return true;
}

/* "a/b" + "name": is that the item's path? */
static bool is_at(as_bytes path, as_bytes folder, const char *name)
{
    size_t n = strlen(name), skip = folder.n > 0 ? folder.n + 1 : 0;

    return path.n == skip + n && memcmp(path.p + skip, name, n) == 0 &&
           (skip == 0 || (memcmp(path.p, folder.p, folder.n) == 0 && path.p[folder.n] == '/'));
}

/* --- candidates ----------------------------------------------------------------------------------
 */

enum format { SAFETENSORS, SHARDED, TORCH, ONNX, NO_WEIGHTS };

/* Weights, and where the rest of their model would be. */
struct candidate {
    size_t item;
    enum format format;
    as_bytes root;
    as_bytes stem;       /* of the weights' name */
    size_t own;          /* the tokenizer that is named like the weights, or SIZE_MAX */
    bool usual;          /* named as exports name it */
    const char *lacking; /* NULL: the model is complete */
};

struct picking {
    const as_listed *items;
    size_t n;
    as_arena *a;
    struct candidate *found;
    size_t n_found, cap;
};

static size_t item_at(const struct picking *p, as_bytes folder, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (is_at(p->items[i].path, folder, name))
            return i;
    return SIZE_MAX;
}

static bool ends(as_bytes text, const char *tail)
{
    size_t n = strlen(tail);

    return text.n > n && memcmp(text.p + text.n - n, tail, n) == 0;
}

/* "model-00001-of-00003.safetensors": a part that its index stands for. */
static bool is_shard(as_bytes base)
{
    const size_t tail = strlen("-00001-of-00003.safetensors");
    const uint8_t *p = base.p + base.n - tail;

    if (!ends(base, ".safetensors") || base.n <= tail || p[0] != '-' ||
        memcmp(p + 6, "-of-", 4) != 0)
        return false;
    for (size_t i = 1; i < 15; i++)
        if ((i < 6 || i > 9) && (p[i] < '0' || p[i] > '9'))
            return false;
    return true;
}

static enum format format_of(as_bytes base)
{
    if (as_bytes_is(base, SHARDS))
        return SHARDED;
    if (as_bytes_is(base, "pytorch_model.bin"))
        return TORCH;
    if (ends(base, ".onnx"))
        return ONNX;
    /* An adapter is a change to a model, and none itself. */
    if (!ends(base, ".safetensors") || is_shard(base) ||
        (base.n > 8 && memcmp(base.p, "adapter_", 8) == 0))
        return NO_WEIGHTS;
    return SAFETENSORS;
}

static bool has_tokenizer(const struct picking *p, as_bytes folder)
{
    for (size_t i = 0; i < AS_COUNT(tokenizers); i++)
        if (item_at(p, folder, tokenizers[i]) != SIZE_MAX)
            return true;
    return false;
}

/* "bge-small-zh-v1.5.onnx" and "bge-small-zh-v1.5-tokenizer.json" */
static size_t own_tokenizer(const struct picking *p, as_bytes folder, as_bytes stem)
{
    static const char tail[] = "-tokenizer.json";

    for (size_t i = 0; i < p->n; i++) {
        as_bytes base = as_path_base(p->items[i].path);

        if (base.n == stem.n + sizeof(tail) - 1 && ends(base, tail) &&
            memcmp(base.p, stem.p, stem.n) == 0 &&
            as_bytes_eq(as_path_folder(p->items[i].path), folder))
            return i;
    }
    return SIZE_MAX;
}

static as_code look_at(struct picking *p, size_t item, as_err *err)
{
    as_bytes path = p->items[item].path, base = as_path_base(path), stem = base;
    struct candidate c = {.item = item, .format = format_of(base), .root = as_path_folder(path)};
    const uint8_t *dot = memrchr(base.p, '.', base.n);

    if (c.format == NO_WEIGHTS || !as_path_plain(path))
        return AS_OK;
    if (p->n_found == WEIGHTS_MAX)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "more than %u files of weights", WEIGHTS_MAX);
    stem.n = dot ? (size_t)(dot - base.p) : base.n;
    c.stem = stem;
    c.own = own_tokenizer(p, c.root, stem);
    c.usual = c.format == SHARDED || c.format == TORCH || as_bytes_is(stem, "model");
    if (c.own == SIZE_MAX && as_bytes_is(as_path_base(c.root), "onnx") && !has_tokenizer(p, c.root))
        c.root = as_path_folder(c.root);
    if (c.own == SIZE_MAX && !has_tokenizer(p, c.root))
        c.lacking = "tokenizer.json, vocab.txt or sentencepiece.bpe.model";
    else if (c.format != ONNX && item_at(p, c.root, "config.json") == SIZE_MAX)
        c.lacking = "config.json";
    if (!as_mem_room((void **)&p->found, &p->cap, p->n_found, sizeof(*p->found)))
        return as_fail_nomem(err, "a list of models");
    p->found[p->n_found++] = c;
    return AS_OK;
}

/* Two forms of one model: beside each other, and no tokenizer of their own keeps them apart. */
static bool same_model(const struct candidate *x, const struct candidate *y)
{
    if (!as_bytes_eq(x->root, y->root))
        return false;
    if (x->own != SIZE_MAX || y->own != SIZE_MAX)
        return x->own == y->own;
    return x->format != y->format || x->usual || y->usual;
}

static bool better(const struct candidate *x, const struct candidate *y)
{
    if (x->usual != y->usual)
        return x->usual;
    return x->format < y->format;
}

/* Of the forms of one model the best is left, first found first. */
static void join_forms(struct picking *p)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->n_found; i++) {
        size_t at = 0;

        if (p->found[i].lacking)
            continue;
        while (at < kept && !same_model(&p->found[at], &p->found[i]))
            at++;
        if (at == kept)
            p->found[kept++] = p->found[i];
        else if (better(&p->found[i], &p->found[at]))
            p->found[at] = p->found[i];
    }
    p->n_found = kept;
}

static void top_alone(struct picking *p)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->n_found; i++)
        if (p->found[i].root.n == 0)
            p->found[kept++] = p->found[i];
    p->n_found = kept > 0 ? kept : p->n_found;
}

/* --- what is said where there is not one -------------------------------------------------------
 */

static as_code fail_none(const struct picking *p, as_err *err)
{
    char shown[64];

    for (size_t i = 0; i < p->n_found; i++)
        if (p->found[i].lacking)
            return as_fail(err, AS_REFUSED, AS_NO_OFFSET,
                           "'%s' has no model beside it: %s is missing",
                           as_bytes_show(p->items[p->found[i].item].path, shown, sizeof(shown)),
                           p->found[i].lacking);
    return as_fail(err, AS_REFUSED, AS_NO_OFFSET,
                   "no model in it: looked for *.safetensors, pytorch_model.bin or *.onnx, and "
                   "for tokenizer.json, vocab.txt or sentencepiece.bpe.model beside it");
}

static as_code fail_many(const struct picking *p, as_err *err)
{
    as_buf list = {0};
    as_code rc;
    char shown[48];

    for (size_t i = 0; i < p->n_found && i < 3; i++)
        as_buf_printf(&list, "%s'%s'", i > 0 ? ", " : "",
                      as_bytes_show(p->items[p->found[i].item].path, shown, sizeof(shown)));
    if (p->n_found > 3)
        as_buf_text(&list, ", ...");
    as_buf_byte(&list, '\0');
    rc = as_fail(err, AS_REFUSED, AS_NO_OFFSET, "%zu models in it, and one is taken: %s",
                 p->n_found, list.failed ? "" : (const char *)list.p);
    as_buf_done(&list);
    return rc;
}

/* --- the files
 * ------------------------------------------------------------------------------------ */

static void put(as_pick *pick, size_t item, as_bytes target, uint64_t most)
{
    pick->files[pick->n++] = (as_picked){item, target, most};
}

static size_t shards_of(const struct picking *p, as_bytes root, as_pick *pick)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n; i++) {
        as_bytes base = as_path_base(p->items[i].path);

        if (!is_shard(base) || !as_bytes_eq(as_path_folder(p->items[i].path), root) ||
            memcmp(base.p, "model-", 6) != 0)
            continue;
        if (pick && n < AS_MODEL_FILES_MAX - 2 * AS_COUNT(beside))
            put(pick, i, base, AS_MODEL_WEIGHTS_MAX);
        n++;
    }
    return n;
}

/* "model.onnx_data" keeps its name, by which the graph calls it. */
static void put_onnx(const struct picking *p, const struct candidate *c, as_pick *pick)
{
    as_bytes path = p->items[c->item].path;

    put(pick, c->item, AS_LITERAL("model.onnx"), AS_MODEL_WEIGHTS_MAX);
    for (size_t i = 0; i < p->n; i++) {
        as_bytes other = p->items[i].path;

        if (other.n == path.n + 5 && memcmp(other.p, path.p, path.n) == 0 &&
            (ends(other, "_data") || ends(other, ".data")))
            put(pick, i, as_path_base(other), AS_MODEL_WEIGHTS_MAX);
    }
}

static as_code put_weights(const struct picking *p, const struct candidate *c, as_pick *pick,
                           as_err *err)
{
    size_t shards = c->format == SHARDED ? shards_of(p, c->root, NULL) : 0;

    if (c->format == SHARDED && (shards == 0 || shards > AS_MODEL_FILES_MAX - 64))
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "%zu shards beside '" SHARDS "'", shards);
    pick->files = as_arena_take(p->a, shards + 8 + AS_COUNT(beside), sizeof(*pick->files));
    if (!pick->files)
        return as_fail_nomem(err, "a list of files");
    if (c->format == SAFETENSORS)
        put(pick, c->item, AS_LITERAL("model.safetensors"), AS_MODEL_WEIGHTS_MAX);
    else if (c->format == TORCH)
        put(pick, c->item, AS_LITERAL("pytorch_model.bin"), AS_MODEL_WEIGHTS_MAX);
    else if (c->format == ONNX)
        put_onnx(p, c, pick);
    else {
        put(pick, c->item, AS_LITERAL(SHARDS), AS_MODEL_TOKENIZER_MAX);
        (void)shards_of(p, c->root, pick);
    }
    return AS_OK;
}

static as_code put_files(const struct picking *p, const struct candidate *c, as_pick *ret,
                         as_err *err)
{
    as_pick pick = {.weights = c->item, .root = c->root};
    as_code rc = put_weights(p, c, &pick, err);

    if (rc)
        return rc;
    if (c->own != SIZE_MAX)
        put(&pick, c->own, AS_LITERAL("tokenizer.json"), AS_MODEL_TOKENIZER_MAX);
    for (size_t i = 0; i < AS_COUNT(beside); i++) {
        size_t item = item_at(p, c->root, beside[i].name);

        if (item == SIZE_MAX || (c->own != SIZE_MAX && i == 1))
            continue;
        put(&pick, item, as_bytes_of(beside[i].name), beside[i].most);
    }
    *ret = pick;
    return AS_OK;
}

as_code as_model_pick(const as_listed *items, size_t n, const as_pick_rules *rules, as_arena *a,
                      as_pick *ret, as_err *err)
{
    struct picking p = {.items = items, .n = n, .a = a};
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < n; i++)
        if (rules->only == SIZE_MAX || rules->only == i)
            rc = look_at(&p, i, err);
    if (!rc) {
        size_t all = p.n_found;

        join_forms(&p);
        if (rules->top_wins)
            top_alone(&p);
        if (p.n_found == 0) {
            p.n_found = all;
            rc = fail_none(&p, err);
        } else if (p.n_found > 1) {
            rc = fail_many(&p, err);
        } else {
            rc = put_files(&p, &p.found[0], ret, err);
        }
    }
    as_mem_free(p.found);
    return rc;
}

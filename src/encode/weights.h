/*
 * weights - the tensors of a model file, by name.
 *
 *     as_weights *w = NULL;
 *     if (as_weights_open("model.safetensors", &w, &err)) ...
 *     const as_weight *q = as_weights_find(w, AS_LITERAL("encoder.layer.0.output.dense.weight"));
 *     as_weights_close(w);                 all views end here
 *
 * Reads, by content and not by name: safetensors (one file, or the shards that a
 * model.safetensors.index.json names), what torch.save() writes (a zip of storages and a
 * pickle of which we know just the words that a state dict needs), and ONNX exports of BERT
 * encoders, whose initialisers get the names of the Hugging Face layout by the node that
 * uses them. Files are mapped, checked whole before anything is handed out, and never run.
 *
 * Names are those of a bare encoder: wrappers' prefixes ("bert.", "roberta.", "model.",
 * "0.auto_model." ..., or whatever stands before ".embeddings.word_embeddings.weight") go, and
 * LayerNorm's old gamma and beta are weight and bias. Numbers lie where the file has them: who
 * shortens a file that is mapped here gets a SIGBUS, as with any mapping.
 *
 * Depends on: base, nn/tensor.h.  Threads: read-only after open.
 * Limits: below. Bytes of the file are the attacker's.
 */
#ifndef AS_WEIGHTS_H
#define AS_WEIGHTS_H

#include "nn/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_WEIGHTS_HEADER_MAX  ((uint64_t)100000000) /* bytes of a safetensors header */
#define AS_WEIGHTS_TENSORS_MAX ((size_t)100000)
#define AS_WEIGHTS_SHARDS_MAX  ((size_t)1000)

typedef struct as_weights as_weights;

typedef struct as_weight {
    as_bytes name;
    as_tensor tensor;
    bool transposed; /* a linear layer's weight that lies as [in, out], as ONNX has it */
} as_weight;

/* What a graph says that a state dict leaves to config.json; 0 or NULL: it does not. */
typedef struct as_weights_hints {
    unsigned heads;
    double layer_norm_eps;
    const char *hidden_act; /* "gelu" (erf) or "gelu_new" (tanh) */
} as_weights_hints;

/*
 * AS_REFUSED: not to be opened. AS_INVALID: of no kind that is read here, or broken, and
 * where. AS_UNKNOWN: in order, but nothing that is read: a quantised graph, a pickle that names
 * more than a state dict does, another type of numbers. AS_LIMIT: over a limit. The message
 * names file and tensor; err->offset is a byte of the file (of data.pkl, where it says so).
 */
as_code as_weights_open(const char *path, as_weights **ret, as_err *err) AS_CHECKED;
void as_weights_close(as_weights *w); /* NULL is accepted */

/* The same from memory, for one file that has no others beside it. `bytes` must live as long. */
as_code as_weights_open_bytes(as_bytes bytes, as_weights **ret, as_err *err) AS_CHECKED;

const char *as_weights_format(const as_weights *w); /* "safetensors", "torch", "onnx" */

/* In the order of their names, no name twice. */
const as_weight *as_weights_all(const as_weights *w, size_t *ret_n);
const as_weight *as_weights_find(const as_weights *w, as_bytes name); /* NULL: not there */
as_weights_hints as_weights_hint(const as_weights *w);

/*
 * Opening reads no number. These do, at the speed of memory: AS_INVALID names the first
 * element that is NaN or infinite. Integers are always fine.
 */
as_code as_weights_finite(const as_weights *w, as_err *err) AS_CHECKED;
as_code as_weight_finite(const as_weight *w, as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif

#include "encode/onnx_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/*
 * An exporter keeps the names of some parameters and folds others into constants of its own:
 * a linear layer's weight is transposed for MatMul and then called onnx::MatMul_885. But the
 * node that uses it stands under its module's path, /encoder/layer.0/.../query/MatMul, or, in
 * graphs without paths, feeds an Add whose other input is the layer's bias under its own name.
 * Equal tensors that an exporter has merged are found under every name so derived.
 */

/* --- what a name looks like ---------------------------------------------------------------- */

static bool is_name_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

/* As a state dict has it: words with dots between. */
static bool is_parameter(as_bytes name)
{
    if (name.n == 0 || name.n > AS_WEIGHTS_NAME_MAX || !memchr(name.p, '.', name.n))
        return false;
    for (size_t i = 0; i < name.n; i++) {
        if (!is_name_byte(name.p[i]))
            return false;
    }
    return true;
}

static bool ends(as_bytes b, const char *tail)
{
    size_t n = strlen(tail);

    return b.n >= n && !memcmp(b.p + b.n - n, tail, n);
}

static bool is_floats(const as_onnx_value *v, unsigned rank)
{
    as_dtype type = v->t.dtype;

    return v->t.rank == rank &&
           (type == AS_F32 || type == AS_F16 || type == AS_BF16 || type == AS_F64);
}

/* --- names from nodes ---------------------------------------------------------------------- */

typedef struct path {
    uint8_t text[AS_WEIGHTS_NAME_MAX]; /* "encoder.layer.0.output.dense", room for ".weight" */
    size_t n;
} path;

/* The module that a node belongs to. False: its name is no path. */
static bool module_of(const as_onnx_node *node, path *ret)
{
    as_bytes name = node->name;
    size_t n = name.n;

    if (name.n < 4 || name.n > AS_WEIGHTS_NAME_MAX - 16 || name.p[0] != '/')
        return false;
    while (n > 0 && name.p[n - 1] != '/')
        n--;
    if (n < 3)
        return false;
    ret->n = n - 2; /* without the slashes at both ends */
    for (size_t i = 0; i < ret->n; i++) {
        uint8_t c = name.p[i + 1];

        if (c != '/' && !is_name_byte(c))
            return false;
        ret->text[i] = c == '/' ? '.' : c;
    }
    return true;
}

static bool is_norm(const path *module)
{
    as_bytes b = {module->text, module->n};

    return ends(b, "LayerNorm") || ends(b, "layer_norm") || ends(b, "norm");
}

/* `name` is a module's path, to which the parameter's own word is added. */
static as_code give(as_onnx *o, path *name, const char *word, as_onnx_value *v, bool transposed,
                    as_err *err)
{
    size_t n = strlen(word);

    memcpy(name->text + name->n, word, n);
    if (!v->used) {
        v->used = true;
        v->transposed = transposed;
    }
    return as_weights_add(o->w, (as_bytes){name->text, name->n + n}, &v->t, transposed, v->at, err);
}

/* Gemm is a linear layer only as A B + C, B either way round. */
static bool gemm_form(const as_onnx_node *node, bool *ret_transposed)
{
    as_pb_field f;
    const uint32_t one = 0x3f800000;

    if (as_onnx_attribute(node, "transA", 3, &f) && f.v)
        return false;
    if ((as_onnx_attribute(node, "alpha", 2, &f) && f.v != one) ||
        (as_onnx_attribute(node, "beta", 2, &f) && f.v != one))
        return false;
    *ret_transposed = !as_onnx_attribute(node, "transB", 3, &f) || !f.v;
    return true;
}

static bool is_matmul(const as_onnx *o, as_bytes value)
{
    const as_onnx_node *node = as_onnx_producer(o, value);

    return node && as_bytes_is(node->op, "MatMul");
}

/* What input `k` of the node is to its module; NULL: no parameter of it. */
static const char *word_of(const as_onnx *o, const as_onnx_node *node, size_t k,
                           const as_onnx_value *v, const path *module, bool *ret_transposed)
{
    bool vector = is_floats(v, 1), many = vector && v->t.shape[0] > 1;

    *ret_transposed = false;
    if (as_bytes_is(node->op, "MatMul")) {
        *ret_transposed = true;
        return k == 1 && is_floats(v, 2) ? ".weight" : NULL;
    }
    if (as_bytes_is(node->op, "Gemm")) {
        if (k == 0 || !gemm_form(node, ret_transposed))
            return NULL;
        return k == 1 && is_floats(v, 2) ? ".weight" : k == 2 && vector ? ".bias" : NULL;
    }
    if (as_bytes_is(node->op, "Gather"))
        return k == 0 && is_floats(v, 2) ? ".weight" : NULL;
    if (as_bytes_is(node->op, "LayerNormalization"))
        return !vector ? NULL : k == 1 ? ".weight" : k == 2 ? ".bias" : NULL;
    if (as_bytes_is(node->op, "Mul"))
        return many && is_norm(module) ? ".weight" : NULL;
    if (as_bytes_is(node->op, "Add") && k < 2)
        return (many && is_norm(module)) || (vector && is_matmul(o, node->in[1 - k])) ? ".bias"
                                                                                      : NULL;
    return NULL;
}

/* How a value with a name of its own is used says which way round it lies. */
static void note_use(const as_onnx_node *node, size_t k, as_onnx_value *v)
{
    bool transposed = true;

    if (v->used || v->t.rank != 2 || k != 1)
        return;
    if (as_bytes_is(node->op, "MatMul") ||
        (as_bytes_is(node->op, "Gemm") && gemm_form(node, &transposed))) {
        v->used = true;
        v->transposed = transposed;
    }
}

/* A graph without paths: MatMul by a nameless tensor, then Add of "x.bias". */
static as_code name_by_bias(as_onnx *o, const as_onnx_node *add, size_t k, as_bytes bias,
                            as_err *err)
{
    const as_onnx_node *node = as_onnx_producer(o, add->in[1 - k]);
    as_onnx_value *v = NULL;
    path module;

    if (!node || !as_bytes_is(node->op, "MatMul") || node->in_n != 2 || !is_parameter(bias) ||
        !ends(bias, ".bias") || bias.n > AS_WEIGHTS_NAME_MAX - 16)
        return AS_OK;
    v = as_onnx_value_of(o, node->in[1]);
    if (!v || !is_floats(v, 2) || is_parameter(node->in[1]))
        return AS_OK;
    module.n = bias.n - 5;
    memcpy(module.text, bias.p, module.n);
    return give(o, &module, ".weight", v, true, err);
}

static as_code name_inputs(as_onnx *o, const as_onnx_node *node, as_err *err)
{
    size_t n = node->in_n < AS_ONNX_INPUTS_MAX ? node->in_n : AS_ONNX_INPUTS_MAX;
    path module;
    bool has_path = module_of(node, &module);
    as_code rc = AS_OK;

    for (size_t k = 0; !rc && k < n; k++) {
        as_onnx_value *v = as_onnx_value_of(o, node->in[k]);
        bool transposed;
        const char *word;

        if (!v)
            continue;
        note_use(node, k, v);
        word = has_path ? word_of(o, node, k, v, &module, &transposed) : NULL;
        if (word)
            rc = give(o, &module, word, v, transposed, err);
        /* Where paths tell, a bias does not: it may be shared by many. */
        if (!rc && !has_path && node->in_n == 2 && as_bytes_is(node->op, "Add"))
            rc = name_by_bias(o, node, k, node->in[k], err);
    }
    return rc;
}

/* --- all names ----------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    const as_weight *x = a, *y = b;
    int c = as_bytes_cmp(x->name, y->name);

    if (c)
        return c;
    if (x->tensor.data != y->tensor.data)
        return x->tensor.data < y->tensor.data ? -1 : 1;
    return x->transposed - y->transposed;
}

/* One tensor under one name from several nodes is one; two are left for who looks for that. */
static void drop_repeated(as_weights *w)
{
    size_t n = 0;

    if (w->n)
        qsort(w->all, w->n, sizeof(*w->all), by_name);
    for (size_t i = 0; i < w->n; i++) {
        if (n && !by_name(&w->all[n - 1], &w->all[i]))
            continue;
        w->all[n++] = w->all[i];
    }
    w->n = n;
}

as_code as_onnx_names(as_onnx *o, as_err *err)
{
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < o->nodes_n; i++)
        rc = name_inputs(o, &o->nodes[i], err);
    for (size_t i = 0; !rc && i < o->values_n; i++) {
        const as_onnx_value *v = as_onnx_value_of(o, o->values[i].name);

        if (v && is_parameter(o->values[i].name))
            rc = as_weights_add(o->w, o->values[i].name, &v->t, v->used && v->transposed, v->at,
                                err);
    }
    if (rc)
        return rc;
    as_weights_unwrap(o->w);
    drop_repeated(o->w);
    return AS_OK;
}

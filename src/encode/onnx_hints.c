#include "encode/onnx_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

bool as_onnx_integer(const as_onnx_value *v, uint64_t index, int64_t *ret)
{
    if (!v || v->t.dtype != AS_I64 || index >= v->t.size / 8)
        return false;
    *ret = (int64_t)as_le(v->t.data + index * 8, 8);
    return true;
}

bool as_onnx_float(const as_onnx_value *v, double *ret)
{
    float f;

    if (!v || v->t.size != as_dtype_size(v->t.dtype) || !as_tensor_floats(&v->t, 0, 1, &f))
        return false;
    *ret = (double)f;
    return true;
}

/* 9.99999996e-13 was written as 1e-12: seven digits are what a float was made of. */
static double as_written(double d)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%.7g", d);
    return strtod(text, NULL);
}

/*
 * [batch, tokens, heads, width of one] is what attention is reshaped to: as one constant, or
 * joined from four values of which the last two are.
 */
static bool head_shape(const as_onnx *o, const as_onnx_node *reshape, int64_t *ret_heads,
                       int64_t *ret_width)
{
    const as_onnx_value *shape = as_onnx_value_of(o, reshape->in[1]);
    const as_onnx_node *node = shape ? NULL : as_onnx_producer(o, reshape->in[1]);

    if (shape)
        return shape->t.size == 32 && as_onnx_integer(shape, 2, ret_heads) &&
               as_onnx_integer(shape, 3, ret_width);
    return node && as_bytes_is(node->op, "Concat") && node->in_n == 4 &&
           as_onnx_integer(as_onnx_value_of(o, node->in[2]), 0, ret_heads) &&
           as_onnx_integer(as_onnx_value_of(o, node->in[3]), 0, ret_width);
}

/* One of the two may be left to be computed (-1). */
static void note_heads(as_onnx *o, const as_onnx_node *reshape, uint64_t hidden, bool *conflict)
{
    unsigned *heads = &o->w->hints.heads;
    int64_t n = 0, width = 0;

    if (reshape->in_n != 2 || hidden == 0 || hidden > UINT32_MAX ||
        !head_shape(o, reshape, &n, &width))
        return;
    if (n == -1 && width > 0)
        n = (int64_t)hidden / width;
    if (width == -1 && n > 0)
        width = (int64_t)hidden / n;
    if (n <= 0 || width <= 0 || n > (int64_t)hidden || width > (int64_t)hidden ||
        n * width != (int64_t)hidden)
        return;
    *conflict = *conflict || (*heads && *heads != (unsigned)n);
    *heads = (unsigned)n;
}

static void note_epsilon(as_onnx *o, double eps, bool *conflict)
{
    double *known = &o->w->hints.layer_norm_eps;

    eps = as_written(eps);
    if (!(eps > 0 && eps < 0.1))
        return;
    *conflict = *conflict || (*known > 0 && *known != eps);
    *known = eps;
}

/* sqrt(variance + eps), as it is written where LayerNormalization is no operator yet. */
static void epsilon_below_root(as_onnx *o, const as_onnx_node *root, bool *conflict)
{
    const as_onnx_node *add = root->in_n == 1 ? as_onnx_producer(o, root->in[0]) : NULL;
    double eps;

    if (!add || !as_bytes_is(add->op, "Add") || add->in_n != 2)
        return;
    for (size_t k = 0; k < 2; k++) {
        if (as_onnx_float(as_onnx_value_of(o, add->in[k]), &eps))
            note_epsilon(o, eps, conflict);
    }
}

static void epsilon_of_operator(as_onnx *o, const as_onnx_node *node, bool *conflict)
{
    as_pb_field f;
    uint32_t bits;
    float eps = 1e-5f; /* the operator's default */

    if (as_onnx_attribute(node, "epsilon", 2, &f)) {
        bits = (uint32_t)f.v;
        memcpy(&eps, &bits, sizeof(eps));
    }
    note_epsilon(o, (double)eps, conflict);
}

enum { EXACT = 1, TANH = 2 };

/* 0.044715 is a coefficient of the tanh form, and of nothing else. */
static unsigned gelu_of(const as_onnx *o, const as_onnx_node *node)
{
    as_pb_field f;
    double d;

    if (as_bytes_is(node->op, "Erf") || as_bytes_is(node->op, "BiasGelu"))
        return EXACT;
    if (as_bytes_is(node->op, "FastGelu"))
        return TANH;
    if (as_bytes_is(node->op, "Gelu"))
        return as_onnx_attribute(node, "approximate", 4, &f) && as_bytes_is(f.bytes, "tanh")
                   ? TANH
                   : EXACT;
    for (size_t k = 0; as_bytes_is(node->op, "Mul") && k < 2; k++) {
        if (as_onnx_float(as_onnx_value_of(o, node->in[k]), &d) && fabs(d - 0.044715) < 1e-5)
            return TANH;
    }
    return 0;
}

void as_onnx_hints(as_onnx *o)
{
    const as_bytes table = AS_LITERAL("embeddings.word_embeddings.weight");
    bool heads = false, epsilon = false;
    uint64_t hidden = 0;
    unsigned gelu = 0;

    for (size_t i = 0; i < o->w->n; i++) {
        const as_weight *one = &o->w->all[i];

        if (as_bytes_eq(one->name, table) && one->tensor.rank == 2)
            hidden = one->tensor.shape[1];
    }
    for (size_t i = 0; i < o->nodes_n; i++) {
        const as_onnx_node *node = &o->nodes[i];

        if (as_bytes_is(node->op, "Reshape"))
            note_heads(o, node, hidden, &heads);
        else if (as_bytes_is(node->op, "Sqrt"))
            epsilon_below_root(o, node, &epsilon);
        else if (as_bytes_is(node->op, "LayerNormalization"))
            epsilon_of_operator(o, node, &epsilon);
        gelu |= gelu_of(o, node);
    }
    /* What the graph says in two ways it does not say. */
    if (heads)
        o->w->hints.heads = 0;
    if (epsilon)
        o->w->hints.layer_norm_eps = 0;
    o->w->hints.hidden_act = gelu == EXACT ? "gelu" : gelu == TANH ? "gelu_new" : NULL;
}

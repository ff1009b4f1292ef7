#include "encode/onnx_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Fields of ModelProto, GraphProto, NodeProto and AttributeProto. */
enum { MODEL_GRAPH = 7 };
enum { GRAPH_NODE = 1, GRAPH_INITIALIZER = 5, GRAPH_SPARSE = 15 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP = 4, NODE_ATTRIBUTE = 5 };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_F = 2, ATTRIBUTE_I = 3, ATTRIBUTE_T = 5 };

/* --- nodes --------------------------------------------------------------------------------- */

/* Operators whose weights are not those that the model was trained with. */
static const char *const quantised[] = {
    "DynamicQuantizeLinear", "MatMulInteger", "QLinearMatMul",       "DequantizeLinear",
    "QuantizeLinear",        "QGemm",         "MatMulNBits",         "QAttention",
    "DynamicQuantizeMatMul", "ConvInteger",   "MatMulIntegerToFloat"};
static const char *const fused[] = {"Attention", "MultiHeadAttention", "EmbedLayerNormalization",
                                    "SkipLayerNormalization", "PackedAttention"};

static as_code check_op(const as_onnx *o, const as_onnx_node *node, as_err *err)
{
    for (size_t i = 0; i < AS_COUNT(quantised); i++) {
        if (as_bytes_is(node->op, quantised[i]))
            return as_fail(err, AS_UNKNOWN, as_onnx_at(o, node->body.p),
                           "onnx: a quantised model (%s); take its float export", quantised[i]);
    }
    for (size_t i = 0; i < AS_COUNT(fused); i++) {
        if (as_bytes_is(node->op, fused[i]))
            return as_fail(err, AS_UNKNOWN, as_onnx_at(o, node->body.p),
                           "onnx: a graph optimised for one runtime (%s); take the plain export",
                           fused[i]);
    }
    return AS_OK;
}

static as_code add_node(as_onnx *o, as_bytes body, as_err *err)
{
    as_pb pb = {.b = body};
    as_onnx_node *node;
    as_pb_state s;
    as_pb_field f;
    bool has_out = false;

    if (o->nodes_n >= AS_ONNX_NODES_MAX)
        return as_fail(err, AS_LIMIT, as_onnx_at(o, body.p), "onnx: more than %zu nodes",
                       AS_ONNX_NODES_MAX);
    if (!as_mem_room((void **)&o->nodes, &o->nodes_cap, o->nodes_n, sizeof(*o->nodes)))
        return as_fail_nomem(err, "the nodes of a graph");
    node = &o->nodes[o->nodes_n];
    *node = (as_onnx_node){.body = body};
    while ((s = as_pb_next(&pb, &f)) == AS_PB_FIELD) {
        if (f.number <= NODE_ATTRIBUTE && f.wire != AS_PB_LEN)
            return as_onnx_broken(o, f.at, err);
        if (f.number == NODE_INPUT && node->in_n < AS_ONNX_INPUTS_MAX)
            node->in[node->in_n] = f.bytes;
        if (f.number == NODE_INPUT)
            node->in_n++;
        else if (f.number == NODE_OUTPUT && !has_out)
            node->out = f.bytes;
        else if (f.number == NODE_NAME)
            node->name = f.bytes;
        else if (f.number == NODE_OP)
            node->op = f.bytes;
        has_out = has_out || f.number == NODE_OUTPUT;
    }
    if (s == AS_PB_BROKEN)
        return as_onnx_broken(o, f.at, err);
    o->nodes_n++;
    return check_op(o, node, err);
}

bool as_onnx_attribute(const as_onnx_node *node, const char *name, unsigned field, as_pb_field *ret)
{
    as_pb pb = {.b = node->body};
    as_pb_field f;

    while (as_pb_next(&pb, &f) == AS_PB_FIELD) {
        as_pb inner = {.b = f.bytes};
        as_pb_field g, found = {0};
        bool named = false, has = false;

        if (f.number != NODE_ATTRIBUTE)
            continue;
        while (as_pb_next(&inner, &g) == AS_PB_FIELD) {
            named = named || (g.number == ATTRIBUTE_NAME && as_bytes_is(g.bytes, name));
            if (g.number == field) {
                found = g;
                has = true;
            }
        }
        if (named && has) {
            *ret = found;
            return true;
        }
    }
    return false;
}

/* --- values -------------------------------------------------------------------------------- */

static as_onnx_value *add_value(as_onnx *o)
{
    if (!as_mem_room((void **)&o->values, &o->values_cap, o->values_n, sizeof(*o->values)))
        return NULL;
    o->values[o->values_n] = (as_onnx_value){0};
    return &o->values[o->values_n++];
}

static as_code add_initializer(as_onnx *o, as_bytes body, as_err *err)
{
    char shown[96];
    uint64_t type = 0;
    as_onnx_value *v;
    as_code rc;

    if (o->values_n >= AS_WEIGHTS_TENSORS_MAX)
        return as_fail(err, AS_LIMIT, as_onnx_at(o, body.p), "onnx: more than %zu tensors",
                       AS_WEIGHTS_TENSORS_MAX);
    v = add_value(o);
    if (!v)
        return as_fail_nomem(err, "the tensors of a graph");
    rc = as_onnx_tensor(o, body, v, &type, err);
    if (rc)
        return rc;
    if (!v->has)
        return as_fail(err, AS_UNKNOWN, v->at,
                       "onnx: tensor '%s' is of type %llu, which is not read",
                       as_bytes_show(v->name, shown, sizeof(shown)), (unsigned long long)type);
    return AS_OK;
}

/* A number that stands in the node itself becomes a tensor without dimensions. */
static as_code scalar(as_onnx *o, as_onnx_value *v, as_dtype type, uint64_t bits, as_err *err)
{
    uint8_t *p = as_arena_take(o->w->arena, 8, 1);

    if (!p)
        return as_fail_nomem(err, "a number");
    for (size_t i = 0; i < 8; i++)
        p[i] = (uint8_t)(bits >> 8 * i);
    v->t = (as_tensor){.dtype = type, .data = p, .size = as_dtype_size(type)};
    v->has = true;
    return AS_OK;
}

static as_code add_constant(as_onnx *o, const as_onnx_node *node, as_err *err)
{
    as_onnx_value *v = add_value(o);
    as_pb_field f;
    uint64_t type;
    as_code rc = AS_OK;

    if (!v)
        return as_fail_nomem(err, "the constants of a graph");
    if (as_onnx_attribute(node, "value", ATTRIBUTE_T, &f))
        rc = as_onnx_tensor(o, f.bytes, v, &type, err);
    else if (as_onnx_attribute(node, "value_float", ATTRIBUTE_F, &f))
        rc = scalar(o, v, AS_F32, f.v, err);
    else if (as_onnx_attribute(node, "value_int", ATTRIBUTE_I, &f))
        rc = scalar(o, v, AS_I64, f.v, err);
    v->name = node->out;
    v->at = as_onnx_at(o, node->body.p);
    return rc;
}

static as_code add_node_values(as_onnx *o, as_err *err)
{
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < o->nodes_n; i++) {
        const as_onnx_node *node = &o->nodes[i];

        if (as_bytes_is(node->op, "Constant")) {
            rc = add_constant(o, node, err);
        } else if (as_bytes_is(node->op, "Identity") && node->in_n == 1) {
            as_onnx_value *v = add_value(o);

            if (!v)
                return as_fail_nomem(err, "the values of a graph");
            v->name = node->out;
            v->same_as = node->in[0];
            v->at = as_onnx_at(o, node->body.p);
        }
    }
    return rc;
}

static int by_name(const void *a, const void *b)
{
    const as_onnx_value *x = a, *y = b;

    return as_bytes_cmp(x->name, y->name);
}

static as_code sort_values(as_onnx *o, as_err *err)
{
    char shown[96];

    if (o->values_n)
        qsort(o->values, o->values_n, sizeof(*o->values), by_name);
    for (size_t i = 1; i < o->values_n; i++) {
        if (as_bytes_eq(o->values[i - 1].name, o->values[i].name))
            return as_fail(err, AS_INVALID, o->values[i].at, "onnx: two values are '%s'",
                           as_bytes_show(o->values[i].name, shown, sizeof(shown)));
    }
    return AS_OK;
}

as_onnx_value *as_onnx_value_of(const as_onnx *o, as_bytes name)
{
    as_onnx_value key = {.name = name}, *v = NULL;

    for (unsigned hops = 0; hops < AS_ONNX_IDENTITY_HOPS && o->values_n; hops++) {
        v = bsearch(&key, o->values, o->values_n, sizeof(key), by_name);
        if (!v || v->has)
            return v;
        if (!v->same_as.n)
            return NULL;
        key.name = v->same_as;
    }
    return NULL;
}

/* --- producers ----------------------------------------------------------------------------- */

static int by_output(const void *a, const void *b, void *ctx)
{
    const as_onnx_node *nodes = ctx;

    return as_bytes_cmp(nodes[*(const size_t *)a].out, nodes[*(const size_t *)b].out);
}

static as_code sort_producers(as_onnx *o, as_err *err)
{
    o->producers = as_mem_zero(o->nodes_n, sizeof(*o->producers));
    if (!o->producers)
        return as_fail_nomem(err, "the nodes of a graph");
    for (size_t i = 0; i < o->nodes_n; i++)
        o->producers[i] = i;
    if (o->nodes_n)
        qsort_r(o->producers, o->nodes_n, sizeof(*o->producers), by_output, o->nodes);
    return AS_OK;
}

const as_onnx_node *as_onnx_producer(const as_onnx *o, as_bytes name)
{
    size_t low = 0, high = o->nodes_n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const as_onnx_node *node = &o->nodes[o->producers[mid]];
        int c = as_bytes_cmp(node->out, name);

        if (c == 0)
            return node;
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

/* --- the file ------------------------------------------------------------------------------ */

static as_code read_graph(as_onnx *o, as_bytes graph, as_err *err)
{
    as_pb pb = {.b = graph};
    as_pb_state s;
    as_pb_field f;
    as_code rc = AS_OK;

    while (!rc && (s = as_pb_next(&pb, &f)) != AS_PB_END) {
        if (s == AS_PB_BROKEN)
            return as_onnx_broken(o, f.at, err);
        if (f.number == GRAPH_SPARSE)
            return as_fail(err, AS_UNKNOWN, as_onnx_at(o, f.at),
                           "onnx: sparse tensors are not read");
        if (f.number != GRAPH_NODE && f.number != GRAPH_INITIALIZER)
            continue;
        if (f.wire != AS_PB_LEN)
            return as_onnx_broken(o, f.at, err);
        rc = f.number == GRAPH_NODE ? add_node(o, f.bytes, err) : add_initializer(o, f.bytes, err);
    }
    if (!rc)
        rc = add_node_values(o, err);
    if (!rc)
        rc = sort_values(o, err);
    if (!rc)
        rc = sort_producers(o, err);
    if (!rc)
        rc = as_onnx_names(o, err);
    if (!rc)
        as_onnx_hints(o);
    return rc;
}

/* The whole outer message first: a file that is cut short says so whatever is in it. */
static as_code find_graph(const as_onnx *o, as_bytes *ret, as_err *err)
{
    as_pb pb = {.b = o->file};
    as_pb_state s;
    as_pb_field f;
    unsigned n = 0;

    while ((s = as_pb_next(&pb, &f)) == AS_PB_FIELD) {
        if (f.number != MODEL_GRAPH)
            continue;
        if (f.wire != AS_PB_LEN || n++)
            return as_fail(err, AS_INVALID, as_onnx_at(o, f.at), "onnx: not one graph");
        *ret = f.bytes;
    }
    if (s == AS_PB_BROKEN)
        return as_onnx_broken(o, f.at, err);
    if (!n)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                       "no safetensors, torch or ONNX file: protobuf at best, without a graph");
    return AS_OK;
}

as_code as_onnx_read(as_weights *w, as_bytes file, int dir, as_err *err)
{
    as_onnx o = {.w = w, .file = file, .dir = dir};
    as_bytes graph = {0};
    as_code rc = find_graph(&o, &graph, err);

    if (!rc)
        rc = read_graph(&o, graph, err);
    as_mem_free(o.nodes);
    as_mem_free(o.values);
    as_mem_free(o.producers);
    as_mem_free(o.files);
    return rc;
}

/*
 * onnx_priv - private to encode: an ONNX file as far as a reader of weights cares.
 *
 * The model is protobuf; nothing here recurses, since what is wanted lies at fixed depths:
 * model, graph, node or tensor, attribute. Numbers of fields are those of onnx.proto.
 */
#ifndef AS_ONNX_PRIV_H
#define AS_ONNX_PRIV_H

#include "encode/protobuf_priv.h"
#include "encode/weights_priv.h"

#define AS_ONNX_NODES_MAX     ((size_t)200000)
#define AS_ONNX_FILES_MAX     ((size_t)1000) /* of external data */
#define AS_ONNX_INPUTS_MAX    8u             /* of a node; those behind them are counted only */
#define AS_ONNX_LOCATION_MAX  ((size_t)1024)
#define AS_ONNX_IDENTITY_HOPS 16u

typedef struct as_onnx_node {
    as_bytes name, op, out, body;
    as_bytes in[AS_ONNX_INPUTS_MAX];
    size_t in_n;
} as_onnx_node;

/* What has a name in the graph and is known before it runs. */
typedef struct as_onnx_value {
    as_bytes name;
    as_bytes same_as; /* the input of an Identity node */
    as_tensor t;
    bool has;        /* a tensor of a type that is read */
    bool used;       /* by a node that was understood */
    bool transposed; /* as that node uses it */
    size_t at;
} as_onnx_value;

typedef struct as_onnx_file {
    as_bytes location, bytes;
} as_onnx_file;

typedef struct as_onnx {
    as_weights *w;
    as_bytes file;
    int dir;
    as_onnx_node *nodes;
    size_t nodes_n, nodes_cap;
    as_onnx_value *values; /* sorted by name once all are in */
    size_t values_n, values_cap;
    size_t *producers; /* nodes by the name of their output */
    as_onnx_file *files;
    size_t files_n, files_cap;
} as_onnx;

/* Offset of a byte of the file. */
static inline size_t as_onnx_at(const as_onnx *o, const uint8_t *p)
{
    return (size_t)(p - o->file.p);
}

as_code as_onnx_broken(const as_onnx *o, const uint8_t *p, as_err *err);

/*
 * A TensorProto. *ret->has is false for a type that is not read (its number is *ret_type).
 * Data in other files are mapped.
 */
as_code as_onnx_tensor(as_onnx *o, as_bytes body, as_onnx_value *ret, uint64_t *ret_type,
                       as_err *err) AS_CHECKED;

/* The value of that name, Identity nodes followed; NULL: it is computed, or unknown. */
as_onnx_value *as_onnx_value_of(const as_onnx *o, as_bytes name);
const as_onnx_node *as_onnx_producer(const as_onnx *o, as_bytes name);

/* An attribute by name. False: the node has none. */
bool as_onnx_attribute(const as_onnx_node *node, const char *name, unsigned field,
                       as_pb_field *ret);

/* One number, as an integer or a float; false: it is no such constant. */
bool as_onnx_integer(const as_onnx_value *v, uint64_t index, int64_t *ret);
bool as_onnx_float(const as_onnx_value *v, double *ret);

/* Hands the tensors to `w` under the names of the Hugging Face layout. */
as_code as_onnx_names(as_onnx *o, as_err *err) AS_CHECKED;

/* Heads, epsilon, activation, from how the graph computes; after the names. */
void as_onnx_hints(as_onnx *o);

#endif

/*
 * The only file that calls oneDNN: 2.x as Debian 12 has it, and 3.x, told apart by the
 * version of its header.
 *
 * A primitive is made for one shape and kept by the thread that made it, with the objects
 * that describe its memory: in oneDNN what a primitive scribbles on may belong to the thread
 * that created it, and a thread's own list needs no lock. Its weights lie packed, in the
 * order that oneDNN chose when the layer was made.
 */
#include "nn/nn_priv.h"

#include <dnnl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* OpenMP's, which oneDNN runs on. clang has no omp.h without a runtime of its own. */
extern void omp_set_num_threads(int n);

#define SLOTS 4096u /* primitives of one thread; a power of two */

#if DNNL_VERSION_MAJOR >= 3
#define DESC(d) (d)
typedef const_dnnl_memory_desc_t desc_ref;
#else
#define DESC(d) (&(d))
typedef const dnnl_memory_desc_t *desc_ref;
#endif

/* --- descriptions of memory ---------------------------------------------------------------- */

static dnnl_status_t desc_tag(dnnl_memory_desc_t *ret, int rank, const dnnl_dims_t dims,
                              dnnl_data_type_t type, dnnl_format_tag_t tag)
{
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_memory_desc_create_with_tag(ret, rank, dims, type, tag);
#else
    return dnnl_memory_desc_init_by_tag(ret, rank, dims, type, tag);
#endif
}

static void desc_drop(dnnl_memory_desc_t *d)
{
#if DNNL_VERSION_MAJOR >= 3
    (void)dnnl_memory_desc_destroy(*d);
#else
    (void)d;
#endif
}

static dnnl_status_t desc_copy(dnnl_memory_desc_t *ret, desc_ref d)
{
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_memory_desc_clone(ret, d);
#else
    *ret = *d;
    return dnnl_success;
#endif
}

/* --- a primitive of one shape --------------------------------------------------------------- */

typedef struct shape {
    uint32_t batch, m, n, k;
    uint8_t type, out;    /* as_dtype */
    uint8_t b;            /* how the right side lies */
    uint8_t act;          /* as_activation */
    uint8_t biased, rank; /* rank 2: batch is 1 */
} shape;

enum { B_ROWS, B_COLUMNS, B_ANY };

enum { SRC, WEIGHTS, DST, BIAS, SCRATCH, SLOTS_OF_ARGS };

typedef struct kernel {
    shape shape;
    const void *packed; /* the layer whose weights it takes; NULL: any memory */
    dnnl_primitive_t primitive;
    dnnl_memory_t memory[SLOTS_OF_ARGS];
    dnnl_exec_arg_t args[SLOTS_OF_ARGS];
    int n_args;
    size_t scratch;
} kernel;

typedef struct station { /* of one thread */
    dnnl_stream_t stream;
    kernel *kernels[SLOTS];
    size_t n;
    void *scratch;
    size_t scratch_size;
} station;

struct as_nn {
    dnnl_engine_t engine;
    as_precision precision;
    unsigned threads;
    station *stations;
    as_pool *pool;
};

struct as_linear {
    size_t in, out;
    as_dtype type, out_type;
    as_activation act;
    float *bias;
    void *packed;
    dnnl_memory_desc_t desc;
};

static as_code said(dnnl_status_t s, const char *what, as_err *err)
{
    if (s == dnnl_success)
        return AS_OK;
    if (s == dnnl_out_of_memory)
        return as_fail_nomem(err, what);
    return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET, "oneDNN refuses %s (status %d)", what,
                   (int)s);
}

static dnnl_data_type_t type_of(as_dtype type)
{
    return type == AS_BF16 ? dnnl_bf16 : dnnl_f32;
}

typedef struct descs {
    dnnl_memory_desc_t src, weights, bias, dst;
    bool has_src, has_weights, has_bias, has_dst;
} descs;

static void descs_drop(descs *d)
{
    if (d->has_src)
        desc_drop(&d->src);
    if (d->has_weights)
        desc_drop(&d->weights);
    if (d->has_bias)
        desc_drop(&d->bias);
    if (d->has_dst)
        desc_drop(&d->dst);
}

static dnnl_status_t descs_of(const shape *s, const as_linear *l, descs *d)
{
    int rank = s->rank;
    dnnl_dims_t src = {s->batch, s->m, s->k}, weights = {s->batch, s->k, s->n};
    dnnl_dims_t dst = {s->batch, s->m, s->n}, bias = {1, s->n};
    const int64_t *first = rank == 2 ? src + 1 : src, *second = rank == 2 ? weights + 1 : weights;
    const int64_t *third = rank == 2 ? dst + 1 : dst;
    dnnl_format_tag_t rows = rank == 2 ? dnnl_ab : dnnl_abc;
    dnnl_format_tag_t right = s->b == B_ANY    ? dnnl_format_tag_any
                              : s->b == B_ROWS ? rows
                              : rank == 2      ? dnnl_ba
                                               : dnnl_acb;
    dnnl_status_t st = desc_tag(&d->src, rank, first, type_of((as_dtype)s->type), rows);

    d->has_src = st == dnnl_success;
    if (!st)
        st = l && l->packed
                 ? desc_copy(&d->weights, DESC(l->desc))
                 : desc_tag(&d->weights, rank, second, type_of((as_dtype)s->type), right);
    d->has_weights = d->has_src && st == dnnl_success;
    if (!st)
        st = desc_tag(&d->dst, rank, third, type_of((as_dtype)s->out), rows);
    d->has_dst = d->has_weights && st == dnnl_success;
    if (!st && s->biased) {
        st = desc_tag(&d->bias, 2, bias, dnnl_f32, dnnl_ab);
        d->has_bias = st == dnnl_success;
    }
    return st;
}

static dnnl_status_t attr_of(const shape *s, dnnl_primitive_attr_t *ret)
{
    dnnl_alg_kind_t kind =
        s->act == AS_ACT_GELU_TANH ? dnnl_eltwise_gelu_tanh : dnnl_eltwise_gelu_erf;
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t st = dnnl_primitive_attr_create(ret);

    if (st)
        return st;
    st = dnnl_primitive_attr_set_scratchpad_mode(*ret, dnnl_scratchpad_mode_user);
    if (!st && s->act != AS_ACT_NONE) {
        st = dnnl_post_ops_create(&ops);
        if (!st)
#if DNNL_VERSION_MAJOR >= 3
            st = dnnl_post_ops_append_eltwise(ops, kind, 0, 0);
#else
            st = dnnl_post_ops_append_eltwise(ops, 1.0f, kind, 0, 0);
#endif
        if (!st)
            st = dnnl_primitive_attr_set_post_ops(*ret, ops);
        if (ops)
            (void)dnnl_post_ops_destroy(ops);
    }
    if (st)
        (void)dnnl_primitive_attr_destroy(*ret);
    return st;
}

static dnnl_status_t matmul_of(dnnl_engine_t engine, const shape *s, descs *d,
                               dnnl_primitive_desc_t *ret)
{
    dnnl_primitive_attr_t attr;
    dnnl_status_t st = attr_of(s, &attr);

    if (st)
        return st;
#if DNNL_VERSION_MAJOR >= 3
    st = dnnl_matmul_primitive_desc_create(ret, engine, d->src, d->weights,
                                           d->has_bias ? d->bias : NULL, d->dst, attr);
#else
    dnnl_matmul_desc_t op;

    st = dnnl_matmul_desc_init(&op, &d->src, &d->weights, d->has_bias ? &d->bias : NULL, &d->dst);
    if (!st)
        st = dnnl_primitive_desc_create(ret, &op, attr, engine, NULL);
#endif
    (void)dnnl_primitive_attr_destroy(attr);
    return st;
}

static void kernel_free(kernel *k)
{
    if (!k)
        return;
    for (unsigned i = 0; i < SLOTS_OF_ARGS; i++) {
        if (k->memory[i])
            (void)dnnl_memory_destroy(k->memory[i]);
    }
    if (k->primitive)
        (void)dnnl_primitive_destroy(k->primitive);
    as_mem_free(k);
}

static dnnl_status_t add_arg(kernel *k, unsigned slot, int arg, dnnl_engine_t engine, desc_ref desc)
{
    dnnl_status_t st = dnnl_memory_create(&k->memory[slot], desc, engine, DNNL_MEMORY_NONE);

    if (!st)
        k->args[k->n_args++] = (dnnl_exec_arg_t){arg, k->memory[slot]};
    return st;
}

static dnnl_status_t add_args(kernel *k, dnnl_engine_t engine, const_dnnl_primitive_desc_t pd)
{
    desc_ref scratch = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    dnnl_status_t st = add_arg(k, SRC, DNNL_ARG_SRC, engine,
                               dnnl_primitive_desc_query_md(pd, dnnl_query_src_md, 0));

    if (!st)
        st = add_arg(k, WEIGHTS, DNNL_ARG_WEIGHTS, engine,
                     dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0));
    if (!st)
        st = add_arg(k, DST, DNNL_ARG_DST, engine,
                     dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0));
    if (!st && k->shape.biased)
        st = add_arg(k, BIAS, DNNL_ARG_BIAS, engine,
                     dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 1));
    k->scratch = scratch ? dnnl_memory_desc_get_size(scratch) : 0;
    if (!st && k->scratch > 0)
        st = add_arg(k, SCRATCH, DNNL_ARG_SCRATCHPAD, engine, scratch);
    return st;
}

static as_code kernel_new(as_nn *nn, const shape *s, const as_linear *l, kernel **ret, as_err *err)
{
    kernel *k = as_mem_zero(1, sizeof(*k));
    dnnl_primitive_desc_t pd = NULL;
    descs d = {0};
    dnnl_status_t st;

    if (!k)
        return as_fail_nomem(err, "a product of matrices");
    k->shape = *s;
    k->packed = l;
    st = descs_of(s, l, &d);
    if (!st)
        st = matmul_of(nn->engine, s, &d, &pd);
    if (!st)
        st = dnnl_primitive_create(&k->primitive, pd);
    if (!st)
        st = add_args(k, nn->engine, pd);
    if (pd)
        (void)dnnl_primitive_desc_destroy(pd);
    descs_drop(&d);
    if (st) {
        kernel_free(k);
        return said(st, "a product of matrices", err);
    }
    *ret = k;
    return AS_OK;
}

/* --- a thread's list ------------------------------------------------------------------------ */

static size_t slot_of(const shape *s, const as_linear *l)
{
    uint64_t h = (uint64_t)(uintptr_t)l;
    const uint32_t parts[] = {s->batch, s->m, s->n, s->k,
                              (uint32_t)(s->type | s->out << 4 | s->b << 8 | s->act << 12)};

    for (size_t i = 0; i < AS_COUNT(parts); i++)
        h = (h ^ parts[i]) * 0x9e3779b97f4a7c15u;
    return (size_t)(h >> 32) & (SLOTS - 1);
}

static bool same(const shape *a, const shape *b)
{
    return a->batch == b->batch && a->m == b->m && a->n == b->n && a->k == b->k &&
           a->type == b->type && a->out == b->out && a->b == b->b && a->act == b->act &&
           a->biased == b->biased && a->rank == b->rank;
}

static void forget(station *st)
{
    for (size_t i = 0; i < SLOTS; i++) {
        kernel_free(st->kernels[i]);
        st->kernels[i] = NULL;
    }
    st->n = 0;
}

static as_code find(as_nn *nn, station *st, const shape *s, const as_linear *l, kernel **ret,
                    as_err *err)
{
    size_t at = slot_of(s, l);
    as_code rc;

    for (; st->kernels[at]; at = (at + 1) & (SLOTS - 1)) {
        if (st->kernels[at]->packed == l && same(&st->kernels[at]->shape, s)) {
            *ret = st->kernels[at];
            return AS_OK;
        }
    }
    if (st->n >= SLOTS / 2) { /* texts of every length and then some: begin again */
        forget(st);
        at = slot_of(s, l);
    }
    rc = kernel_new(nn, s, l, &st->kernels[at], err);
    if (rc)
        return rc;
    st->n++;
    *ret = st->kernels[at];
    return AS_OK;
}

static as_code scratch_for(station *st, size_t size, as_err *err)
{
    if (size <= st->scratch_size)
        return AS_OK;
    as_nn_drop(st->scratch);
    st->scratch_size = 0;
    st->scratch = as_nn_take(size);
    if (!st->scratch)
        return as_fail_nomem(err, "a product of matrices");
    st->scratch_size = size;
    return AS_OK;
}

static void hold(kernel *k, unsigned slot, const void *p)
{
    /* oneDNN writes to what it is told to write to alone; its C API has no const. */
    if (k->memory[slot])
        (void)dnnl_memory_set_data_handle(k->memory[slot], (void *)(uintptr_t)p);
}

static as_code execute(as_nn *nn, unsigned thread, const shape *s, const as_linear *l,
                       const void *a, const void *b, void *c, as_err *err)
{
    station *st = &nn->stations[thread];
    kernel *k = NULL;
    as_code rc = find(nn, st, s, l, &k, err);

    if (!rc)
        rc = scratch_for(st, k->scratch, err);
    if (rc)
        return rc;
    hold(k, SRC, a);
    hold(k, WEIGHTS, b);
    hold(k, DST, c);
    hold(k, BIAS, l ? l->bias : NULL);
    hold(k, SCRATCH, st->scratch);
    return said(dnnl_primitive_execute(k->primitive, st->stream, k->n_args, k->args),
                "a product of matrices", err);
}

as_code as_product_run(as_nn *nn, unsigned thread, const as_product *p, const void *a,
                       const void *b, float *c, as_err *err)
{
    shape s = {.batch = (uint32_t)p->batch,
               .m = (uint32_t)p->m,
               .n = (uint32_t)p->n,
               .k = (uint32_t)p->k,
               .type = (uint8_t)as_nn_dtype(nn),
               .out = AS_F32,
               .b = p->b_transposed ? B_COLUMNS : B_ROWS,
               .rank = 3};

    return execute(nn, thread, &s, NULL, a, b, c, err);
}

/* --- layers --------------------------------------------------------------------------------- */

static shape layer_shape(const as_linear *l, size_t rows)
{
    return (shape){.batch = 1,
                   .m = (uint32_t)rows,
                   .n = (uint32_t)l->out,
                   .k = (uint32_t)l->in,
                   .type = (uint8_t)l->type,
                   .out = (uint8_t)l->out_type,
                   .b = B_ANY,
                   .act = (uint8_t)l->act,
                   .biased = l->bias != NULL,
                   .rank = 2};
}

as_code as_linear_run(as_nn *nn, unsigned thread, const as_linear *l, size_t rows, const void *x,
                      void *y, as_err *err)
{
    shape s = layer_shape(l, rows);

    return execute(nn, thread, &s, l, x, l->packed, y, err);
}

size_t as_linear_in(const as_linear *l)
{
    return l->in;
}

size_t as_linear_out(const as_linear *l)
{
    return l->out;
}

void as_linear_free(as_linear *l)
{
    if (!l)
        return;
    if (l->packed)
        desc_drop(&l->desc);
    as_nn_drop(l->packed);
    as_nn_drop(l->bias);
    as_mem_free(l);
}

static as_code measure(const as_linear_part *parts, size_t n, as_linear *l, as_err *err)
{
    for (size_t i = 0; i < n; i++) {
        const as_tensor *w = parts[i].weight, *b = parts[i].bias;
        uint64_t in, out;

        if (w->rank != 2)
            return as_fail(err, AS_INVALID, AS_NO_OFFSET, "a layer's weight has %u dimensions",
                           w->rank);
        in = w->shape[parts[i].transposed ? 0 : 1];
        out = w->shape[parts[i].transposed ? 1 : 0];
        if (in == 0 || out == 0 || in > AS_NN_DIM_MAX || out > AS_NN_DIM_MAX)
            return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "a layer of %llu to %llu numbers",
                           (unsigned long long)in, (unsigned long long)out);
        if ((i > 0 && in != l->in) || (b && (b->rank != 1 || b->shape[0] != out)) ||
            (!b != !parts[0].bias))
            return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                           "a layer's weight and bias do not fit together");
        l->in = (size_t)in;
        l->out += (size_t)out;
    }
    return AS_OK;
}

/* One part as [out, in] floats behind those before it. */
static bool lay_out(const as_linear_part *part, size_t in, size_t out, float *rows, float *column)
{
    if (!part->transposed)
        return as_tensor_floats(part->weight, 0, in * out, rows);
    for (size_t i = 0; i < in; i++) {
        if (!as_tensor_floats(part->weight, i * out, out, column))
            return false;
        for (size_t o = 0; o < out; o++)
            rows[o * in + i] = column[o];
    }
    return true;
}

static as_code gather(const as_linear_part *parts, size_t n, as_linear *l, float *rows,
                      float *column, as_err *err)
{
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        size_t out = (size_t)parts[i].weight->shape[parts[i].transposed ? 1 : 0];
        bool ok = lay_out(&parts[i], l->in, out, rows + at * l->in, column);

        if (ok && l->bias)
            ok = as_tensor_floats(parts[i].bias, 0, out, l->bias + at);
        if (!ok)
            return as_fail(err, AS_INVALID, AS_NO_OFFSET, "a layer's weights are of type %s",
                           as_dtype_name(parts[i].weight->dtype));
        at += out;
    }
    if (!as_row_finite(rows, l->in * l->out) || (l->bias && !as_row_finite(l->bias, l->out)))
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "a layer's weights are not all finite");
    return AS_OK;
}

/* The inner length becomes three: (high, low, high), in floats that bfloat16 has exactly. */
static as_code split(float **rows, as_linear *l, as_err *err)
{
    float *parts = as_nn_take(3 * l->in * l->out * sizeof(*parts));

    if (!parts)
        return as_fail_nomem(err, "a layer");
    for (size_t o = 0; o < l->out; o++) {
        const float *from = *rows + o * l->in;
        float *to = parts + o * 3 * l->in;

        for (size_t i = 0; i < l->in; i++) {
            float high = as_float_of_half(as_half_of_float(from[i]));

            to[i] = to[2 * l->in + i] = high;
            to[l->in + i] = from[i] - high;
        }
    }
    as_nn_drop(*rows);
    *rows = parts;
    l->in *= 3;
    return AS_OK;
}

static dnnl_status_t reorder(as_nn *nn, const float *rows, as_linear *l)
{
    dnnl_dims_t dims = {(int64_t)l->in, (int64_t)l->out};
    dnnl_memory_desc_t plain;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_t p = NULL;
    dnnl_memory_t from = NULL, to = NULL;
    dnnl_status_t st = desc_tag(&plain, 2, dims, dnnl_f32, dnnl_ba);

    if (st)
        return st;
    st = dnnl_reorder_primitive_desc_create(&pd, DESC(plain), nn->engine, DESC(l->desc), nn->engine,
                                            NULL);
    if (!st)
        st = dnnl_primitive_create(&p, pd);
    if (!st)
        st = dnnl_memory_create(&from, DESC(plain), nn->engine, (void *)(uintptr_t)rows);
    if (!st)
        st = dnnl_memory_create(&to, DESC(l->desc), nn->engine, l->packed);
    if (!st) {
        dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};

        st = dnnl_primitive_execute(p, nn->stations[0].stream, 2, args);
    }
    if (from)
        (void)dnnl_memory_destroy(from);
    if (to)
        (void)dnnl_memory_destroy(to);
    if (p)
        (void)dnnl_primitive_destroy(p);
    if (pd)
        (void)dnnl_primitive_desc_destroy(pd);
    desc_drop(&plain);
    return st;
}

/* The order that oneDNN wants for blocks of this size; all sizes that we use get it. */
static as_code pack(as_nn *nn, const float *rows, as_linear *l, as_err *err)
{
    shape s = layer_shape(l, 64);
    dnnl_primitive_desc_t pd = NULL;
    descs d = {0};
    void *packed = NULL;
    dnnl_status_t st = descs_of(&s, l, &d);

    if (!st)
        st = matmul_of(nn->engine, &s, &d, &pd);
    if (!st)
        st = desc_copy(&l->desc, dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0));
    if (!st) {
        packed = as_nn_take(dnnl_memory_desc_get_size(DESC(l->desc)));
        if (!packed) {
            desc_drop(&l->desc);
            st = dnnl_out_of_memory;
        }
    }
    if (pd)
        (void)dnnl_primitive_desc_destroy(pd);
    descs_drop(&d);
    l->packed = packed;
    if (!st)
        st = reorder(nn, rows, l);
    return said(st, "a layer", err);
}

as_code as_linear_new(as_nn *nn, const as_linear_part *parts, size_t n, as_activation act,
                      as_dtype out, as_linear **ret, as_err *err)
{
    as_linear *l = as_mem_zero(1, sizeof(*l));
    float *rows = NULL, *column = NULL;
    as_code rc;

    if (!l)
        return as_fail_nomem(err, "a layer");
    l->act = act;
    l->type = as_nn_dtype(nn);
    l->out_type = out;
    rc = measure(parts, n, l, err);
    if (!rc) {
        rows = as_nn_take(l->in * l->out * sizeof(*rows));
        column = as_nn_take(l->out * sizeof(*column));
        l->bias = parts[0].bias ? as_nn_take(l->out * sizeof(*l->bias)) : NULL;
        if (!rows || !column || (parts[0].bias && !l->bias))
            rc = as_fail_nomem(err, "a layer");
    }
    if (!rc)
        rc = gather(parts, n, l, rows, column, err);
    if (!rc && as_nn_parts(nn) > 1)
        rc = split(&rows, l, err);
    if (!rc)
        rc = pack(nn, rows, l, err);
    as_nn_drop(rows);
    as_nn_drop(column);
    if (rc)
        as_linear_free(l);
    else
        *ret = l;
    return rc;
}

/* --- the whole ------------------------------------------------------------------------------ */

/* The threads are ours, so a product is one thread's. */
static void one_thread(void)
{
    omp_set_num_threads(1);
}

static unsigned processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

    return n < 1 ? 1u : (unsigned)n;
}

void as_nn_free(as_nn *nn)
{
    if (!nn)
        return;
    as_pool_free(nn->pool);
    for (unsigned i = 0; nn->stations && i < nn->threads; i++) {
        forget(&nn->stations[i]);
        if (nn->stations[i].stream)
            (void)dnnl_stream_destroy(nn->stations[i].stream);
        as_nn_drop(nn->stations[i].scratch);
    }
    as_mem_free(nn->stations);
    if (nn->engine)
        (void)dnnl_engine_destroy(nn->engine);
    as_mem_free(nn);
}

static as_code begin(as_nn *nn, as_err *err)
{
    dnnl_status_t st;

    nn->stations = as_mem_zero(nn->threads, sizeof(*nn->stations));
    if (!nn->stations)
        return as_fail_nomem(err, "the encoder");
    one_thread();
    st = dnnl_engine_create(&nn->engine, dnnl_cpu, 0);
    for (unsigned i = 0; !st && i < nn->threads; i++)
        st = dnnl_stream_create(&nn->stations[i].stream, nn->engine, dnnl_stream_default_flags);
    if (st)
        return said(st, "this processor", err);
    return as_pool_new(nn->threads, one_thread, &nn->pool, err);
}

as_code as_nn_new(const as_nn_options *options, as_nn **ret, as_err *err)
{
    as_nn *nn;
    as_code rc;

    if (options->threads > AS_NN_THREADS_MAX)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "%u threads, at most %u", options->threads,
                       AS_NN_THREADS_MAX);
    nn = as_mem_zero(1, sizeof(*nn));
    if (!nn)
        return as_fail_nomem(err, "the encoder");
    nn->threads = options->threads ? options->threads : processors();
    nn->precision = options->precision;
    rc = begin(nn, err);
    if (rc)
        as_nn_free(nn);
    else
        *ret = nn;
    return rc;
}

as_code as_nn_run(as_nn *nn, size_t n, as_nn_task *task, void *ctx, as_err *err)
{
    return as_pool_run(nn->pool, n, task, ctx, err);
}

unsigned as_nn_threads(const as_nn *nn)
{
    return nn->threads;
}

as_precision as_nn_precision(const as_nn *nn)
{
    return nn->precision;
}

as_dtype as_nn_dtype(const as_nn *nn)
{
    return nn->precision == AS_PRECISION_F32 ? AS_F32 : AS_BF16;
}

size_t as_nn_parts(const as_nn *nn)
{
    return nn->precision == AS_PRECISION_BF16X3 ? 3 : 1;
}

static bool runs(dnnl_cpu_isa_t wanted)
{
    return (dnnl_get_effective_cpu_isa() & wanted) == wanted;
}

bool as_nn_bf16_fast(void)
{
    return runs(dnnl_cpu_isa_avx512_core_bf16);
}

bool as_nn_amx(void)
{
    return runs(dnnl_cpu_isa_avx512_core_amx);
}

const char *as_nn_engine(void)
{
    static char text[32];
    const dnnl_version_t *v = dnnl_version();

    (void)snprintf(text, sizeof(text), "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
    return text;
}

void *as_nn_take(size_t size)
{
    size_t whole;
    uint8_t *p;
    uintptr_t at;

    if (__builtin_add_overflow(size, AS_NN_ALIGN + sizeof(void *), &whole))
        return NULL;
    p = as_mem_zero(1, whole);
    if (!p)
        return NULL;
    at = ((uintptr_t)p + sizeof(void *) + AS_NN_ALIGN - 1) & ~(uintptr_t)(AS_NN_ALIGN - 1);
    memcpy((uint8_t *)at - sizeof(void *), &p, sizeof(p));
    return (uint8_t *)at;
}

void as_nn_drop(void *p)
{
    void *whole;

    if (!p)
        return;
    memcpy(&whole, (uint8_t *)p - sizeof(void *), sizeof(whole));
    as_mem_free(whole);
}

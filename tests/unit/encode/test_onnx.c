#include "unit/encode/model_files.h"

#include "base/banned.h"

/* --- a writer of protobuf ------------------------------------------------------------------ */

static void varint(as_buf *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        as_buf_byte(b, (uint8_t)(v | 0x80));
    as_buf_byte(b, (uint8_t)v);
}

static void number(as_buf *b, unsigned field, uint64_t v)
{
    varint(b, (uint64_t)field << 3);
    varint(b, v);
}

static void bytes(as_buf *b, unsigned field, as_bytes v)
{
    varint(b, (uint64_t)field << 3 | 2);
    varint(b, v.n);
    as_buf_add(b, v);
}

static void text(as_buf *b, unsigned field, const char *v)
{
    bytes(b, field, as_bytes_of(v));
}

/* Puts what was written into `inner` as a field of `b`. */
static void nested(as_buf *b, unsigned field, as_buf *inner)
{
    bytes(b, field, as_buf_bytes(inner));
    as_buf_done(inner);
}

/* Words apart by blanks: "MatMul /a/dense/MatMul x,w y". */
static void node(as_buf *graph, const char *words)
{
    char op[64], name[96], in[96], out[64];
    as_buf b = {0};

    assert_int_equal(sscanf(words, "%63s %95s %95s %63s", op, name, in, out), 4);
    for (char *at = in, *end; at; at = end) {
        end = strchr(at, ',');
        if (end)
            *end++ = 0;
        text(&b, 1, at);
    }
    text(&b, 2, out);
    text(&b, 3, name);
    text(&b, 4, op);
    nested(graph, 1, &b);
}

/* The start of a tensor of floats; its data follow. */
static void head(as_buf *b, const char *name, uint64_t type, uint64_t rows, uint64_t cols)
{
    if (rows)
        number(b, 1, rows);
    number(b, 1, cols);
    number(b, 2, type);
    text(b, 8, name);
}

static const uint8_t zeros[4096];

static void tensor(as_buf *graph, const char *name, uint64_t rows, uint64_t cols)
{
    as_buf b = {0};

    head(&b, name, 1, rows, cols);
    bytes(&b, 9, (as_bytes){zeros, (size_t)((rows ? rows : 1) * cols * 4)});
    nested(graph, 5, &b);
}

static as_bytes model(as_buf *file, as_buf *graph)
{
    as_buf_reset(file);
    number(file, 1, 8);
    nested(file, 7, graph);
    return as_buf_bytes(file);
}

/* A graph of one layer, named by paths. */
static void small_graph(as_buf *g)
{
    tensor(g, "embeddings.word_embeddings.weight", 3, 4);
    tensor(g, "onnx::MatMul_1", 4, 2);
    tensor(g, "dense.bias", 0, 2);
    tensor(g, "norm", 0, 4);
    node(g, "Gather /embeddings/word_embeddings/Gather "
            "embeddings.word_embeddings.weight,ids e");
    node(g, "Identity Identity_0 norm other.LayerNorm.bias");
    node(g, "Mul /embeddings/LayerNorm/Mul e,other.LayerNorm.bias l");
    node(g, "Add /embeddings/LayerNorm/Add_1 l,norm n");
    node(g, "MatMul /dense/MatMul n,onnx::MatMul_1 m");
    node(g, "Add /dense/Add dense.bias,m out");
}

static void opens(as_buf *graph, as_weights **w, as_buf *file)
{
    as_err err = {0};

    if (as_weights_open_bytes(model(file, graph), w, &err))
        fail_msg("%s", err.msg);
}

static void refused_graph(as_buf *graph, as_code code, const char *word)
{
    as_buf file = {0};

    refused(model(&file, graph), code, word);
    as_buf_done(&file);
}

/* --- names --------------------------------------------------------------------------------- */

static void initialisers_are_named_by_who_uses_them(void **state)
{
    as_buf g = {0}, file = {0};
    as_weights *w = NULL;
    const as_weight *t;
    size_t n;

    (void)state;
    small_graph(&g);
    opens(&g, &w, &file);
    assert_string_equal(as_weights_format(w), "onnx");
    (void)as_weights_all(w, &n);
    assert_int_equal(n, 6);
    t = find(w, "dense.weight");
    assert_true(t->transposed && t->tensor.shape[0] == 4 && t->tensor.shape[1] == 2);
    assert_false(find(w, "dense.bias")->transposed);
    assert_false(find(w, "embeddings.word_embeddings.weight")->transposed);
    t = find(w, "embeddings.LayerNorm.weight"); /* one tensor, three names */
    assert_ptr_equal(t->tensor.data, find(w, "embeddings.LayerNorm.bias")->tensor.data);
    assert_ptr_equal(t->tensor.data, find(w, "other.LayerNorm.bias")->tensor.data);
    as_weights_close(w);
    as_buf_done(&file);
}

static void a_bias_names_its_weight_where_nodes_have_no_paths(void **state)
{
    as_buf g = {0}, file = {0};
    as_weights *w = NULL;
    size_t n;

    (void)state;
    tensor(&g, "1234", 4, 2);
    tensor(&g, "bert.pooler.dense.bias", 0, 2);
    node(&g, "MatMul MatMul_7 x,1234 m");
    node(&g, "Add Add_8 m,bert.pooler.dense.bias out");
    tensor(&g, "own.weight", 2, 3);
    tensor(&g, "kept.weight", 3, 2);
    node(&g, "MatMul MatMul_9 out,own.weight m2");
    node(&g, "Transpose Transpose_10 kept.weight k");
    opens(&g, &w, &file);
    (void)as_weights_all(w, &n);
    assert_int_equal(n, 4);
    assert_true(find(w, "own.weight")->transposed);
    assert_false(find(w, "kept.weight")->transposed);
    assert_true(find(w, "pooler.dense.weight")->transposed);
    as_weights_close(w);
    as_buf_done(&file);
}

/* Two layers whose biases were equal share one, which is the first one's by name. */
static void a_shared_bias_names_no_other_layer_s_weight(void **state)
{
    as_buf g = {0}, file = {0};
    as_weights *w = NULL;

    (void)state;
    tensor(&g, "onnx::MatMul_1", 4, 4);
    tensor(&g, "onnx::MatMul_2", 4, 4);
    tensor(&g, "a.dense.bias", 0, 4);
    node(&g, "MatMul /a/dense/MatMul x,onnx::MatMul_1 m");
    node(&g, "Add /a/dense/Add a.dense.bias,m n");
    node(&g, "MatMul /b/dense/MatMul n,onnx::MatMul_2 o");
    node(&g, "Add /b/dense/Add a.dense.bias,o p");
    opens(&g, &w, &file);
    assert_ptr_equal(find(w, "a.dense.bias")->tensor.data, find(w, "b.dense.bias")->tensor.data);
    assert_ptr_not_equal(find(w, "a.dense.weight")->tensor.data,
                         find(w, "b.dense.weight")->tensor.data);
    as_weights_close(w);
    as_buf_done(&file);
}

static void attribute(as_buf *n, const char *name, unsigned field, uint64_t v)
{
    as_buf a = {0};

    text(&a, 1, name);
    number(&a, field, v);
    nested(n, 5, &a);
}

static void a_gemm_says_how_its_weight_lies(void **state)
{
    (void)state;
    for (unsigned trans = 0; trans < 3; trans++) {
        as_buf g = {0}, file = {0}, b = {0};
        as_weights *w = NULL;

        tensor(&g, "onnx::Gemm_1", 4, 2);
        tensor(&g, "x.weight", 4, 2);
        text(&b, 1, "in");
        text(&b, 1, "onnx::Gemm_1");
        text(&b, 2, "out");
        text(&b, 3, "/head/Gemm");
        text(&b, 4, "Gemm");
        if (trans < 2)
            attribute(&b, "transB", 3, trans);
        else
            attribute(&b, "transA", 3, 1); /* no linear layer */
        nested(&g, 1, &b);
        opens(&g, &w, &file);
        if (trans < 2)
            assert_int_equal(find(w, "head.weight")->transposed, !trans);
        else
            assert_null(as_weights_find(w, AS_LITERAL("head.weight")));
        as_weights_close(w);
        as_buf_done(&file);
    }
}

static void two_tensors_for_one_name_are_refused(void **state)
{
    as_buf g = {0};

    (void)state;
    small_graph(&g);
    tensor(&g, "another", 4, 2);
    node(&g, "MatMul /dense/MatMul_1 n,another m2");
    refused_graph(&g, AS_INVALID, "two tensors are 'dense.weight'");

    tensor(&g, "bert.a.b", 0, 2);
    tensor(&g, "model.a.b", 0, 2);
    refused_graph(&g, AS_INVALID, "two tensors are 'a.b'");

    tensor(&g, "a.b", 0, 2);
    tensor(&g, "a.b", 0, 2);
    refused_graph(&g, AS_INVALID, "two values are 'a.b'");
}

static void identities_in_a_ring_end(void **state)
{
    as_buf g = {0}, file = {0};
    as_weights *w = NULL;
    size_t n;

    (void)state;
    tensor(&g, "a.b", 0, 2);
    node(&g, "Identity i x.x y.y");
    node(&g, "Identity i y.y x.x");
    opens(&g, &w, &file);
    (void)as_weights_all(w, &n);
    assert_int_equal(n, 1);
    as_weights_close(w);
    as_buf_done(&file);
}

/* --- data ---------------------------------------------------------------------------------- */

static void packed_floats(as_buf *b, const float *v, size_t n)
{
    bytes(b, 4, (as_bytes){(const uint8_t *)v, n * 4});
}

static void numbers_may_stand_in_fields_of_their_type(void **state)
{
    static const float v[4] = {1.5f, -2, 3, 4};
    as_buf g = {0}, file = {0}, b = {0}, packed = {0};
    as_weights *w = NULL;
    float got[4];

    (void)state;
    head(&b, "one.run", 1, 2, 2);
    packed_floats(&b, v, 4);
    nested(&g, 5, &b);
    head(&b, "two.runs", 1, 2, 2);
    packed_floats(&b, v, 1);
    packed_floats(&b, v + 1, 3);
    nested(&g, 5, &b);
    head(&b, "one.by-one", 1, 0, 2);
    for (int i = 0; i < 2; i++) {
        uint32_t bits;

        memcpy(&bits, &v[i], 4);
        varint(&b, 4 << 3 | 5);
        put_le(&b, bits, 4);
    }
    nested(&g, 5, &b);
    head(&b, "half.s", 10, 0, 2);
    varint(&packed, 0x3c00);
    varint(&packed, 0xc000);
    bytes(&b, 5, as_buf_bytes(&packed));
    as_buf_done(&packed);
    nested(&g, 5, &b);
    head(&b, "long.s", 7, 0, 2);
    number(&b, 7, UINT64_MAX);
    number(&b, 7, 300);
    nested(&g, 5, &b);
    opens(&g, &w, &file);
    assert_true(as_tensor_floats(&find(w, "one.run")->tensor, 0, 4, got));
    assert_memory_equal(got, v, sizeof(v));
    assert_true(as_tensor_floats(&find(w, "two.runs")->tensor, 0, 4, got));
    assert_memory_equal(got, v, sizeof(v));
    assert_true(as_tensor_floats(&find(w, "one.by-one")->tensor, 0, 2, got));
    assert_memory_equal(got, v, 8);
    assert_true(as_tensor_floats(&find(w, "half.s")->tensor, 0, 2, got));
    assert_true(got[0] == 1 && got[1] == -2);
    assert_memory_equal(find(w, "long.s")->tensor.data,
                        "\xff\xff\xff\xff\xff\xff\xff\xff\x2c\x01\0\0\0\0\0\0", 16);
    as_weights_close(w);
    as_buf_done(&file);
}

static void refused_tensor(as_buf *b, as_code code, const char *word)
{
    as_buf g = {0};

    nested(&g, 5, b);
    refused_graph(&g, code, word);
}

static void tensors_that_lie_are_refused(void **state)
{
    as_buf b = {0};

    (void)state;
    head(&b, "a.b", 1, 2, 2);
    bytes(&b, 9, (as_bytes){zeros, 15});
    refused_tensor(&b, AS_INVALID, "'a.b': its data are not as long");
    head(&b, "a.b", 1, 2, 2);
    refused_tensor(&b, AS_INVALID, "not as long");
    head(&b, "a.b", 1, (uint64_t)1 << 62, 8);
    refused_tensor(&b, AS_INVALID, "too large");
    head(&b, "a.b", 1, UINT64_MAX, 1);
    refused_tensor(&b, AS_INVALID, "a field of it");
    head(&b, "a.b", 8, 1, 1);
    refused_tensor(&b, AS_UNKNOWN, "type 8");
    head(&b, "a.b", 17, 1, 1);
    refused_tensor(&b, AS_UNKNOWN, "type 17");
    head(&b, "a.b", 1, 1, 1);
    bytes(&b, 9, (as_bytes){zeros, 4});
    bytes(&b, 9, (as_bytes){zeros, 4});
    refused_tensor(&b, AS_INVALID, "a field of it");
    head(&b, "a.b", 1, 1, 1);
    bytes(&b, 9, (as_bytes){zeros, 4});
    bytes(&b, 4, (as_bytes){zeros, 4});
    refused_tensor(&b, AS_INVALID, "two places");
    head(&b, "a.b", 1, 1, 1);
    bytes(&b, 4, (as_bytes){zeros, 8});
    refused_tensor(&b, AS_INVALID, "not as many");
    head(&b, "a.b", 1, 1, 1);
    bytes(&b, 4, (as_bytes){zeros, 3});
    refused_tensor(&b, AS_INVALID, "a field of it");
    head(&b, "a.b", 1, 1, 1);
    number(&b, 5, 1); /* integers for a tensor of floats */
    refused_tensor(&b, AS_INVALID, "not as many");
    head(&b, "a.b", 7, 0, 1);
    bytes(&b, 7, AS_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"));
    refused_tensor(&b, AS_INVALID, "broken");
    head(&b, "a.b", 1, 1, 1);
    for (int i = 0; i < 7; i++)
        number(&b, 1, 1);
    bytes(&b, 9, (as_bytes){zeros, 4});
    refused_tensor(&b, AS_LIMIT, "a field of it");
}

/* --- data in other files ------------------------------------------------------------------- */

static void outside(as_buf *graph, const char *location, const char *offset, const char *length)
{
    const char *const pairs[][2] = {{"location", location}, {"offset", offset}, {"length", length}};
    as_buf b = {0};

    head(&b, "a.b", 1, 2, 2);
    for (size_t i = 0; i < 3; i++) {
        as_buf e = {0};

        if (!pairs[i][1])
            continue;
        text(&e, 1, pairs[i][0]);
        text(&e, 2, pairs[i][1]);
        nested(&b, 13, &e);
    }
    number(&b, 14, 1);
    nested(graph, 5, &b);
}

static void put_outside(folder *f, const char *location, const char *offset, const char *length)
{
    as_buf g = {0}, file = {0};

    folder_init(f);
    put_file(f, "data.bin", AS_LITERAL("0123456789abcdefghij"));
    assert_int_equal(mkdir(in_folder(f, "sub"), 0700), 0);
    remember(f, "sub");
    put_file(f, "sub/data.bin", AS_LITERAL("0123456789ABCDEF"));
    assert_int_equal(symlink("data.bin", in_folder(f, "link")), 0);
    remember(f, "link");
    assert_int_equal(symlink("..", in_folder(f, "up")), 0);
    remember(f, "up");
    assert_int_equal(mkfifo(in_folder(f, "fifo"), 0600), 0);
    remember(f, "fifo");
    outside(&g, location, offset, length);
    put_file(f, "model.onnx", model(&file, &g));
    as_buf_done(&file);
    (void)in_folder(f, "model.onnx");
}

static void external_data_beside_the_model_are_read(void **state)
{
    static const char *const good[][4] = {{"data.bin", NULL, NULL, "0123456789abcdef"},
                                          {"data.bin", "4", "16", "456789abcdefghij"},
                                          {"sub/data.bin", "0", "16", "0123456789ABCDEF"}};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(good); i++) {
        as_weights *w = NULL;
        as_err err = {0};
        folder f;

        put_outside(&f, good[i][0], good[i][1], good[i][2]);
        if (as_weights_open(f.file, &w, &err))
            fail_msg("%s", err.msg);
        assert_memory_equal(find(w, "a.b")->tensor.data, good[i][3], 16);
        as_weights_close(w);
        folder_done(&f);
    }
}

static const struct {
    const char *location, *offset, *length;
    as_code code;
    const char *word;
} bad_outside[] = {
    {"../data.bin", NULL, NULL, AS_INVALID, "model's folder"},
    {"sub/../../x", NULL, NULL, AS_INVALID, "model's folder"},
    {"/etc/passwd", NULL, NULL, AS_INVALID, "model's folder"},
    {"sub//data.bin", NULL, NULL, AS_INVALID, "model's folder"},
    {"./data.bin", NULL, NULL, AS_INVALID, "model's folder"},
    {"..", NULL, NULL, AS_INVALID, "model's folder"},
    {"sub/", NULL, NULL, AS_INVALID, "model's folder"},
    {"", NULL, NULL, AS_INVALID, "model's folder"},
    {NULL, NULL, NULL, AS_INVALID, "model's folder"},
    {"a\\b", NULL, NULL, AS_INVALID, "model's folder"},
    {"absent.bin", NULL, NULL, AS_REFUSED, "absent.bin"},
    {"link", NULL, NULL, AS_REFUSED, "a link"},
    {"up/data.bin", NULL, NULL, AS_REFUSED, "up/data.bin"},
    {"sub", NULL, NULL, AS_REFUSED, "not a regular file"},
    {"fifo", NULL, NULL, AS_REFUSED, "not a regular file"},
    {"data.bin/x", NULL, NULL, AS_REFUSED, "data.bin/x"},
    {"data.bin", "5", NULL, AS_INVALID, "end behind"},
    {"data.bin", "18446744073709551615", NULL, AS_INVALID, "end behind"},
    {"data.bin", "-1", NULL, AS_INVALID, "offset or length"},
    {"data.bin", "0", "15", AS_INVALID, "offset or length"},
    {"data.bin", "0", "x", AS_INVALID, "offset or length"},
};

static void external_data_stay_in_the_model_s_folder(void **state)
{
    as_buf g = {0};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(bad_outside); i++) {
        folder f;

        put_outside(&f, bad_outside[i].location, bad_outside[i].offset, bad_outside[i].length);
        refused_at(f.file, bad_outside[i].code, bad_outside[i].word);
        folder_done(&f);
    }
    outside(&g, "data.bin", NULL, NULL);
    refused_graph(&g, AS_REFUSED, "in another file");
}

/* --- graphs -------------------------------------------------------------------------------- */

static void other_graphs_are_called_what_they_are(void **state)
{
    as_buf g = {0}, file = {0};

    (void)state;
    small_graph(&g);
    node(&g, "MatMulInteger x a,b c");
    refused_graph(&g, AS_UNKNOWN, "quantised model (MatMulInteger)");
    small_graph(&g);
    node(&g, "DynamicQuantizeLinear x a b");
    refused_graph(&g, AS_UNKNOWN, "quantised");
    small_graph(&g);
    node(&g, "SkipLayerNormalization x a b");
    refused_graph(&g, AS_UNKNOWN, "SkipLayerNormalization");
    bytes(&g, 15, AS_LITERAL(""));
    refused_graph(&g, AS_UNKNOWN, "sparse");
    refused_graph(&g, AS_INVALID, "no tensor");

    number(&file, 1, 8);
    refused(as_buf_bytes(&file), AS_INVALID, "without a graph");
    bytes(&file, 7, AS_LITERAL(""));
    bytes(&file, 7, AS_LITERAL(""));
    refused(as_buf_bytes(&file), AS_INVALID, "not one graph");
    as_buf_reset(&file);
    number(&file, 1, 8);
    number(&file, 7, 8);
    refused(as_buf_bytes(&file), AS_INVALID, "not one graph");
    as_buf_reset(&file);
    number(&file, 1, 8);
    as_buf_byte(&file, 7 << 3 | 3); /* a group */
    refused(as_buf_bytes(&file), AS_INVALID, "broken");
    as_buf_reset(&file);
    number(&file, 1, 8);
    as_buf_add(&file, AS_LITERAL("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
    refused(as_buf_bytes(&file), AS_INVALID, "broken");
    as_buf_done(&file);
}

static void truncations_are_refused_and_memory_may_fail(void **state)
{
    as_buf g = {0}, file = {0};

    (void)state;
    small_graph(&g);
    (void)model(&file, &g);
    all_truncations_are_refused(as_buf_bytes(&file));
    each_allocation_may_fail(as_buf_bytes(&file));
    as_buf_done(&file);
}

static void hints_that_differ_are_no_hints(void **state)
{
    (void)state;
    for (int second = 0; second < 2; second++) {
        static const uint8_t shape[2][32] = {{1, [8] = 1, [16] = 2, [24] = 2},
                                             {1, [8] = 1, [16] = 4, [24] = 1}};
        as_buf g = {0}, file = {0};
        as_weights *w = NULL;

        small_graph(&g);
        for (int i = 0; i <= second; i++) {
            as_buf b = {0};

            number(&b, 1, 4);
            number(&b, 2, 7);
            text(&b, 8, i ? "s1" : "s0");
            bytes(&b, 9, (as_bytes){shape[i], 32});
            nested(&g, 5, &b);
            node(&g, i ? "Reshape r out,s1 y" : "Reshape r out,s0 x");
            node(&g, i ? "Gelu g x y1" : "Erf e x y0");
        }
        opens(&g, &w, &file);
        assert_int_equal(as_weights_hint(w).heads, second ? 0 : 2);
        assert_string_equal(as_weights_hint(w).hidden_act, "gelu");
        assert_true(as_weights_hint(w).layer_norm_eps == 0);
        as_weights_close(w);
        as_buf_done(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(initialisers_are_named_by_who_uses_them),
        cmocka_unit_test(a_bias_names_its_weight_where_nodes_have_no_paths),
        cmocka_unit_test(a_shared_bias_names_no_other_layer_s_weight),
        cmocka_unit_test(a_gemm_says_how_its_weight_lies),
        cmocka_unit_test(two_tensors_for_one_name_are_refused),
        cmocka_unit_test(identities_in_a_ring_end),
        cmocka_unit_test(numbers_may_stand_in_fields_of_their_type),
        cmocka_unit_test(tensors_that_lie_are_refused),
        cmocka_unit_test(external_data_beside_the_model_are_read),
        cmocka_unit_test(external_data_stay_in_the_model_s_folder),
        cmocka_unit_test(other_graphs_are_called_what_they_are),
        cmocka_unit_test(truncations_are_refused_and_memory_may_fail),
        cmocka_unit_test(hints_that_differ_are_no_hints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

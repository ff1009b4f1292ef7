#include "unit/encode/model_files.h"

#include <fcntl.h>

#include "base/banned.h"

/* A file of that header and `n` bytes 0, 1, 2 ... of data. */
static void write_file(as_buf *b, const char *header, size_t n)
{
    as_buf_reset(b);
    put_le(b, strlen(header), 8);
    as_buf_text(b, header);
    for (size_t i = 0; i < n; i++)
        as_buf_byte(b, (uint8_t)i);
}

static const char good[] = "{\"__metadata__\":{\"format\":\"pt\"},"
                           "\"bert.b\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[4,12]},"
                           "\"\\u0061\":{\"data_offsets\":[0,4],\"shape\":[2],\"dtype\":\"BF16\"},"
                           "\"empty\":{\"dtype\":\"I64\",\"shape\":[0,9],\"data_offsets\":[12,12]},"
                           "\"one\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[12,13]}}   ";

static void tensors_are_found_by_name_where_they_lie(void **state)
{
    as_weights *w = NULL;
    as_buf b = {0};
    const as_weight *t;
    size_t n;

    (void)state;
    write_file(&b, good, 13);
    assert_int_equal(as_weights_open_bytes(as_buf_bytes(&b), &w, NULL), AS_OK);
    assert_string_equal(as_weights_format(w), "safetensors");
    assert_true(as_bytes_is(as_weights_all(w, &n)[0].name, "a"));
    assert_int_equal(n, 4);
    t = find(w, "b");
    assert_true(t->tensor.dtype == AS_F32 && t->tensor.rank == 2 && !t->transposed);
    assert_true(t->tensor.shape[0] == 2 && t->tensor.shape[1] == 1 && t->tensor.size == 8);
    assert_ptr_equal(t->tensor.data, b.p + 8 + strlen(good) + 4);
    assert_true(find(w, "one")->tensor.rank == 0 && *find(w, "one")->tensor.data == 12);
    assert_true(find(w, "empty")->tensor.size == 0);
    assert_null(as_weights_find(w, AS_LITERAL("bert.b")));
    assert_null(as_weights_find(w, AS_LITERAL("c")));
    assert_int_equal(as_weights_hint(w).heads, 0);
    as_weights_close(w);
    as_buf_done(&b);
}

#define T(name, dtype, shape, from, to)                                                            \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" from "," to   \
    "]}"

static const struct {
    const char *header;
    size_t data;
    as_code code;
    const char *word;
} bad[] = {
    {"{}", 0, AS_INVALID, "no tensor"},
    {"{" T("a", "U8", "4", "0", "4"), 4, AS_INVALID, "safetensors"},
    {"{" T("a", "U8", "4", "0", "4") "}x", 4, AS_INVALID, "safetensors"},
    {"{" T("a", "U8", "4", "0", "4") "}", 5, AS_INVALID, "1 bytes behind"},
    {"{" T("a", "U8", "4", "0", "4") "}", 3, AS_INVALID, "ends at byte 4"},
    {"{" T("a", "U8", "4", "1", "5") "}", 5, AS_INVALID, "hole"},
    {"{" T("a", "U8", "4", "0", "4") "," T("b", "U8", "4", "2", "6") "}", 6, AS_INVALID,
     "'b' overlaps"},
    {"{" T("a", "U8", "4", "0", "4") "," T("b", "U8", "4", "0", "4") "}", 4, AS_INVALID,
     "overlaps"},
    {"{" T("a", "U8", "4", "0", "4") "," T("a", "U8", "4", "4", "8") "}", 8, AS_INVALID, "twice"},
    {"{" T("a", "U8", "4", "0", "4") "," T("\\u0061", "U8", "4", "4", "8") "}", 8, AS_INVALID,
     "twice"},
    {"{" T("bert.a", "U8", "4", "0", "4") "," T("model.a", "U8", "4", "4", "8") "}", 8, AS_INVALID,
     "two tensors are 'a'"},
    {"{" T("LayerNorm.gamma", "U8", "4", "0", "4") "," T("LayerNorm.weight", "U8", "4", "4",
                                                         "8") "}",
     8, AS_INVALID, "two tensors"},
    {"{" T("", "U8", "4", "0", "4") "}", 4, AS_INVALID, "without a name"},
    {"{" T("a", "F8_E4M3", "4", "0", "4") "}", 4, AS_UNKNOWN, "F8_E4M3"},
    {"{" T("a", "F33", "4", "0", "4") "}", 4, AS_INVALID, "'F33'"},
    {"{" T("a", "F32", "4", "0", "4") "}", 4, AS_INVALID, "takes 16 bytes"},
    {"{" T("a", "U8", "4", "4", "0") "}", 4, AS_INVALID, "offsets 4 to 0"},
    {"{" T("a", "U8", "-4", "0", "4") "}", 4, AS_INVALID, "no whole number"},
    {"{" T("a", "U8", "4.0", "0", "4") "}", 4, AS_INVALID, "no whole number"},
    {"{" T("a", "U8", "18446744073709551616", "0", "4") "}", 4, AS_INVALID, "no whole number"},
    {"{" T("a", "F32", "4294967296,4294967296", "0", "0") "}", 0, AS_INVALID, "too large"},
    {"{" T("a", "U8", "4611686018427387904,4", "0", "0") "}", 0, AS_INVALID, "too large"},
    {"{" T("a", "U8", "1,1,1,1,1,1,1,1,1", "0", "1") "}", 1, AS_LIMIT, "dimensions"},
    {"{" T("a", "U8", "4", "0", "4,4") "}", 4, AS_INVALID, "two offsets"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4]}}", 4, AS_INVALID, "lacks its data_offsets"},
    {"{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,4]}}", 4, AS_INVALID, "lacks its shape"},
    {"{\"a\":{\"shape\":[4],\"data_offsets\":[0,4]}}", 4, AS_INVALID, "lacks its dtype"},
    {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4,
     AS_INVALID, "twice"},
    {"{\"a\":{\"x\":1}}", 0, AS_INVALID, "no other key"},
    {"{\"a\":[]}", 0, AS_INVALID, "expected"},
    {"{\"__metadata__\":{\"a\":1}}", 0, AS_INVALID, "metadata"},
};

static void what_lies_is_refused(void **state)
{
    as_buf b = {0};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        write_file(&b, bad[i].header, bad[i].data);
        refused(as_buf_bytes(&b), bad[i].code, bad[i].word);
    }
    as_buf_done(&b);
}

static void the_size_of_the_header_is_checked(void **state)
{
    as_buf b = {0};

    (void)state;
    put_le(&b, AS_WEIGHTS_HEADER_MAX + 1, 8);
    as_buf_byte(&b, '{');
    refused(as_buf_bytes(&b), AS_LIMIT, "header of 100000001 bytes");
    as_buf_reset(&b);
    put_le(&b, 3, 8);
    as_buf_text(&b, "{}");
    refused(as_buf_bytes(&b), AS_INVALID, "cut short");
    as_buf_done(&b);
}

static void a_bad_tensor_has_its_byte(void **state)
{
    as_err err = {0};
    as_buf b = {0};

    (void)state;
    write_file(&b, "{\"a\":{\"dtype\":7}}", 0);
    assert_int_equal(open_exact(as_buf_bytes(&b), &err), AS_INVALID);
    assert_int_equal(err.offset, 8 + strlen("{\"a\":{\"dtype\":"));
    as_buf_done(&b);
}

static void truncations_are_refused_and_memory_may_fail(void **state)
{
    as_buf b = {0};

    (void)state;
    write_file(&b, good, 13);
    all_truncations_are_refused(as_buf_bytes(&b));
    each_allocation_may_fail(as_buf_bytes(&b));
    as_buf_done(&b);
}

static void prefixes_go_and_old_names_change(void **state)
{
    as_weights *w = NULL;
    as_buf b = {0};

    (void)state;
    write_file(&b,
               "{" T("0.auto_model.model.x", "U8", "1", "0",
                     "1") "," T("roberta.LayerNorm.gamma", "U8", "1", "1",
                                "2") "," T("LayerNorm.beta", "U8", "1", "2",
                                           "3") "," T("bert.", "U8", "1", "3", "4") "}",
               4);
    assert_int_equal(as_weights_open_bytes(as_buf_bytes(&b), &w, NULL), AS_OK);
    assert_int_equal(*find(w, "x")->tensor.data, 0);
    assert_int_equal(*find(w, "LayerNorm.weight")->tensor.data, 1);
    assert_int_equal(*find(w, "LayerNorm.bias")->tensor.data, 2);
    assert_int_equal(*find(w, "bert.")->tensor.data, 3);
    as_weights_close(w);
    as_buf_done(&b);
}

static void a_wrapper_of_any_name_goes(void **state)
{
    as_weights *w = NULL;
    as_buf b = {0};

    (void)state;
    write_file(&b,
               "{" T("my.net.embeddings.word_embeddings.weight", "U8", "1", "0", "1") "," T(
                   "my.net.x", "U8", "1", "1", "2") "," T("y", "U8", "1", "2", "3") "}",
               3);
    assert_int_equal(as_weights_open_bytes(as_buf_bytes(&b), &w, NULL), AS_OK);
    assert_int_equal(*find(w, "embeddings.word_embeddings.weight")->tensor.data, 0);
    assert_int_equal(*find(w, "x")->tensor.data, 1);
    assert_int_equal(*find(w, "y")->tensor.data, 2);
    as_weights_close(w);

    write_file(&b,
               "{" T("a.embeddings.word_embeddings.weight", "U8", "1", "0",
                     "1") "," T("b.embeddings.word_embeddings.weight", "U8", "1", "1", "2") "}",
               2);
    assert_int_equal(as_weights_open_bytes(as_buf_bytes(&b), &w, NULL), AS_OK);
    assert_null(as_weights_find(w, AS_LITERAL("embeddings.word_embeddings.weight")));
    as_weights_close(w);

    write_file(&b,
               "{" T("a.embeddings.word_embeddings.weight", "U8", "1", "0",
                     "1") "," T("a.x", "U8", "1", "1", "2") "," T("x", "U8", "1", "2", "3") "}",
               3);
    refused(as_buf_bytes(&b), AS_INVALID, "two tensors are 'x'");
    as_buf_done(&b);
}

static void other_files_are_called_what_they_are(void **state)
{
    (void)state;
    refused(AS_LITERAL(""), AS_INVALID, "no safetensors");
    refused(AS_LITERAL("GGUF\3\0\0\0"), AS_UNKNOWN, "GGUF");
    refused(AS_LITERAL("\x80\x02}q"), AS_UNKNOWN, "pickle");
    refused(AS_LITERAL("version https://git-lfs.github.com/spec/v1\n"), AS_INVALID, "LFS");
    refused(AS_LITERAL("something else"), AS_INVALID, "no safetensors");
    refused(AS_LITERAL("{\"weight_map\":{\"a\":\"b.safetensors\"}}"), AS_REFUSED, "no shard");
}

/* --- files --------------------------------------------------------------------------------- */

static void what_is_no_file_is_refused(void **state)
{
    folder f;

    (void)state;
    folder_init(&f);
    refused_at(in_folder(&f, "absent"), AS_REFUSED, "cannot open");
    refused_at(f.path, AS_REFUSED, "not a regular file");
    assert_int_equal(mkfifo(in_folder(&f, "fifo"), 0600), 0);
    refused_at(f.file, AS_REFUSED, "not a regular file");
    remember(&f, "fifo");
    put_file(&f, "empty", AS_LITERAL(""));
    refused_at(in_folder(&f, "empty"), AS_INVALID, "'");
    put_file(&f, "text", AS_LITERAL("text"));
    refused_at(in_folder(&f, "text"), AS_INVALID, "'text': no safetensors");
    folder_done(&f);
}

static const char index_text[] = "{\"metadata\":{\"total_size\":8},\"weight_map\":{"
                                 "\"bert.a\":\"1.safetensors\",\"b\":\"2.safetensors\"}}";

static void put_shards(folder *f, const char *index, const char *first, const char *second)
{
    as_buf b = {0};

    folder_init(f);
    write_file(&b, first, 4);
    put_file(f, "1.safetensors", as_buf_bytes(&b));
    write_file(&b, second, 4);
    put_file(f, "2.safetensors", as_buf_bytes(&b));
    put_file(f, "model.safetensors.index.json", as_bytes_of(index));
    as_buf_done(&b);
    (void)in_folder(f, "model.safetensors.index.json");
}

#define FIRST  "{" T("bert.a", "U8", "4", "0", "4") "}"
#define SECOND "{" T("b", "U8", "4", "0", "4") "}"

static void shards_are_one_model(void **state)
{
    as_weights *w = NULL;
    as_code rc = AS_NOMEM;
    folder f;
    size_t n;

    (void)state;
    put_shards(&f, index_text, FIRST, SECOND);
    assert_int_equal(as_weights_open(f.file, &w, NULL), AS_OK);
    (void)as_weights_all(w, &n);
    assert_int_equal(n, 2);
    assert_int_equal(find(w, "a")->tensor.data[3], 3);
    assert_int_equal(find(w, "b")->tensor.size, 4);
    as_weights_close(w);
    for (uint64_t i = 1; rc; i++) {
        w = NULL;
        as_mem_fail_at(i);
        rc = as_weights_open(f.file, &w, NULL);
        as_mem_fail_at(0);
        assert_true(!rc || (rc == AS_NOMEM && !w));
        assert_true(i < 1000);
    }
    as_weights_close(w);
    folder_done(&f);
}

static const struct {
    const char *index, *first, *second;
    as_code code;
    const char *word;
} bad_shards[] = {
    {"{\"weight_map\":{\"bert.a\":\"1.safetensors\",\"b\":\"3.safetensors\"}}", FIRST, SECOND,
     AS_REFUSED, "3.safetensors"},
    {"{\"weight_map\":{\"bert.a\":\"2.safetensors\",\"b\":\"1.safetensors\"}}", FIRST, SECOND,
     AS_INVALID, "the index says otherwise"},
    {"{\"weight_map\":{\"bert.a\":\"1.safetensors\"}}", "{" T("c", "U8", "4", "0", "4") "}", SECOND,
     AS_INVALID, "the index says otherwise"},
    {"{\"weight_map\":{\"bert.a\":\"1.safetensors\",\"c\":\"1.safetensors\"}}", FIRST, SECOND,
     AS_INVALID, "'c' is not in its shard '1.safetensors'"},
    {"{\"weight_map\":{\"a\":\"../1.safetensors\"}}", FIRST, SECOND, AS_INVALID, "plain name"},
    {"{\"weight_map\":{\"a\":\"/etc/passwd\"}}", FIRST, SECOND, AS_INVALID, "plain name"},
    {"{\"weight_map\":{\"a\":\"..\"}}", FIRST, SECOND, AS_INVALID, "plain name"},
    {"{\"weight_map\":{\"a\":\"1\\u0000\"}}", FIRST, SECOND, AS_INVALID, "plain name"},
    {"{\"weight_map\":{\"a\":\"\"}}", FIRST, SECOND, AS_INVALID, "plain name"},
    {"{\"weight_map\":{\"a\":1}}", FIRST, SECOND, AS_INVALID, "plain name"},
    {"{\"weight_map\":[]}", FIRST, SECOND, AS_INVALID, "weight_map"},
    {"{\"weight_map\":{\"a\":\"model.safetensors.index.json\"}}", FIRST, SECOND, AS_INVALID,
     "no safetensors"},
    {"{\"weight_map\":{\"bert.a\":\"1.safetensors\",\"bert.a\":\"1.safetensors\"}}", FIRST, SECOND,
     AS_INVALID, "twice"},
    {"{\"weight_map\":{\"bert.a\":\"1.safetensors\",\"b\":\"2.safetensors\"}}", FIRST,
     "{" T("b", "U8", "5", "0", "5") "}", AS_INVALID, "shard '2.safetensors'"},
    {"{\"model_type\":\"bert\"}", FIRST, SECOND, AS_INVALID, "no weight_map"},
    {"{\"weight_map\":{}}", FIRST, SECOND, AS_INVALID, "no tensor"},
    {"{\"weight_map\":{}", FIRST, SECOND, AS_INVALID, "index.json"},
};

static void shards_must_agree_with_their_index(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(bad_shards); i++) {
        folder f;

        put_shards(&f, bad_shards[i].index, bad_shards[i].first, bad_shards[i].second);
        refused_at(f.file, bad_shards[i].code, bad_shards[i].word);
        folder_done(&f);
    }
}

/* --- numbers ------------------------------------------------------------------------------- */

#define MANY 2500u /* two whole blocks of the scan, and a rest */

static void check_finite(as_dtype type, const uint8_t *nan, const uint8_t *fine)
{
    size_t each = as_dtype_size(type);
    static const unsigned places[] = {0, 1, 1023, 1024, 2047, 2048, MANY - 1};
    uint8_t *data = malloc(MANY * each);
    as_weight w = {.name = AS_LITERAL("t"),
                   .tensor = {.dtype = type, .rank = 1, .shape = {MANY}, .data = data}};

    assert_non_null(data);
    w.tensor.size = MANY * each;
    for (size_t i = 0; i < MANY; i++)
        memcpy(data + i * each, fine, each);
    assert_int_equal(as_weight_finite(&w, NULL), AS_OK);
    for (size_t i = 0; i < AS_COUNT(places); i++) {
        char wanted[64];
        as_err err = {0};

        memcpy(data + places[i] * each, nan, each);
        assert_int_equal(as_weight_finite(&w, &err), AS_INVALID);
        (void)snprintf(wanted, sizeof(wanted), "'t': element %u is", places[i]);
        if (!strstr(err.msg, wanted))
            fail_msg("%s: %s", wanted, err.msg);
        memcpy(data + places[i] * each, fine, each);
    }
    free(data);
}

static void the_first_number_that_is_none_is_named(void **state)
{
    static const uint8_t f32[][4] = {{0, 0, 0xc0, 0x7f}, {0xff, 0xff, 0x7f, 0x7f}},
                         inf[][4] = {{0, 0, 0x80, 0xff}, {1, 0, 0, 0}},
                         f16[][2] = {{0, 0xfc}, {0xff, 0x7b}},
                         bnan[][2] = {{0x80, 0xff}, {0x7f, 0x7f}};
    static const uint8_t f64[][8] = {{0, 0, 0, 0, 0, 0, 0xf0, 0x7f},
                                     {255, 255, 255, 255, 255, 255, 0xef, 0x7f}};
    as_weight integers = {.tensor = {.dtype = AS_I32, .size = 4, .data = f32[0]}};

    (void)state;
    check_finite(AS_F32, f32[0], f32[1]);
    check_finite(AS_F32, inf[0], inf[1]);
    check_finite(AS_F16, f16[0], f16[1]);
    check_finite(AS_BF16, bnan[0], bnan[1]);
    check_finite(AS_F64, f64[0], f64[1]);
    assert_int_equal(as_weight_finite(&integers, NULL), AS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_are_found_by_name_where_they_lie),
        cmocka_unit_test(what_lies_is_refused),
        cmocka_unit_test(the_size_of_the_header_is_checked),
        cmocka_unit_test(a_bad_tensor_has_its_byte),
        cmocka_unit_test(truncations_are_refused_and_memory_may_fail),
        cmocka_unit_test(prefixes_go_and_old_names_change),
        cmocka_unit_test(a_wrapper_of_any_name_goes),
        cmocka_unit_test(other_files_are_called_what_they_are),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(shards_are_one_model),
        cmocka_unit_test(shards_must_agree_with_their_index),
        cmocka_unit_test(the_first_number_that_is_none_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

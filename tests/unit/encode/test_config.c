#include "encode/config.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

#define COUNTS                                                                                     \
    "\"hidden_size\":384,\"num_hidden_layers\":6,\"num_attention_heads\":12,"                      \
    "\"intermediate_size\":1536,\"max_position_embeddings\":512,\"type_vocab_size\":2,"            \
    "\"vocab_size\":30522"

static const char bert[] =
    "{\"architectures\":[\"BertModel\"],\"model_type\":\"bert\"," COUNTS
    ",\"hidden_act\":\"gelu\",\"layer_norm_eps\":1e-12,\"pad_token_id\":0,"
    "\"position_embedding_type\":\"absolute\",\"gradient_checkpointing\":false,\"x\":[{}]}";

static const char reranker[] =
    "{\"architectures\":[\"XLMRobertaForSequenceClassification\"],\"model_type\":\"xlm-roberta\","
    "\"id2label\":{\"0\":\"LABEL_0\"},\"label2id\":{\"LABEL_0\":0},"
    "\"hidden_size\":1024,\"num_hidden_layers\":24,\"num_attention_heads\":16,"
    "\"intermediate_size\":4096,\"max_position_embeddings\":8194,\"type_vocab_size\":1,"
    "\"vocab_size\":250002,\"hidden_act\":\"gelu_new\",\"layer_norm_eps\":1e-05,"
    "\"pad_token_id\":1}";

static as_code read_config(const char *text, as_model_config *ret, as_err *err)
{
    return as_model_config_read(as_bytes_of(text), ret, err);
}

static void a_bert_is_read(void **state)
{
    as_model_config c;

    (void)state;
    assert_int_equal(read_config(bert, &c, NULL), AS_OK);
    assert_int_equal(c.family, AS_MODEL_BERT);
    assert_true(c.hidden == 384 && c.layers == 6 && c.heads == 12 && c.ffn == 1536);
    assert_true(c.positions == 512 && c.types == 2 && c.vocab == 30522 && c.labels == 0);
    assert_true(c.pad == 0 && c.eps == 1e-12 && !c.gelu_tanh && !c.reranker);
}

static void a_reranker_is_read(void **state)
{
    as_model_config c;

    (void)state;
    assert_int_equal(read_config(reranker, &c, NULL), AS_OK);
    assert_int_equal(c.family, AS_MODEL_XLMR);
    assert_true(c.hidden == 1024 && c.layers == 24 && c.heads == 16 && c.ffn == 4096);
    assert_true(c.positions == 8194 && c.types == 1 && c.vocab == 250002 && c.labels == 1);
    assert_true(c.pad == 1 && c.eps == 1e-5 && c.gelu_tanh && c.reranker);
}

static void what_is_left_out_has_the_library_s_defaults(void **state)
{
    as_model_config c;

    (void)state;
    assert_int_equal(read_config("{\"model_type\":\"xlm-roberta\"," COUNTS "}", &c, NULL), AS_OK);
    assert_true(c.pad == 1 && c.eps == 1e-12 && !c.gelu_tanh && !c.reranker && c.labels == 0);
    assert_int_equal(read_config("{\"model_type\":\"bert\",\"architectures\":"
                                 "[\"BertForSequenceClassification\"]," COUNTS "}",
                                 &c, NULL),
                     AS_OK);
    assert_true(c.pad == 0 && c.reranker && c.labels == 2);
}

static const struct {
    const char *text;
    as_code code;
    const char *word; /* in the message */
} bad[] = {
    {"", AS_INVALID, "config.json"},
    {"[]", AS_INVALID, "no object"},
    {"{}", AS_INVALID, "model_type"},
    {"{\"model_type\":\"mpnet\"}", AS_UNKNOWN, "'mpnet'"},
    {"{\"model_type\":7}", AS_INVALID, "no string"},
    {"{\"model_type\":\"bert\"}", AS_INVALID, "hidden_size"},
    {"{\"model_type\":\"bert\",\"model_type\":\"bert\"," COUNTS "}", AS_INVALID, "twice"},
    {"{\"hidden_size\":0}", AS_INVALID, "no count"},
    {"{\"hidden_size\":-1}", AS_INVALID, "no count"},
    {"{\"hidden_size\":1.5}", AS_INVALID, "no count"},
    {"{\"hidden_size\":99999999999}", AS_LIMIT, "hidden_size"},
    {"{\"num_hidden_layers\":257}", AS_LIMIT, "num_hidden_layers"},
    {"{\"hidden_act\":\"relu\"}", AS_UNKNOWN, "'relu'"},
    {"{\"layer_norm_eps\":-1}", AS_INVALID, "layer_norm_eps"},
    {"{\"layer_norm_eps\":null}", AS_INVALID, "layer_norm_eps"},
    {"{\"position_embedding_type\":\"relative_key\"}", AS_UNKNOWN, "relative_key"},
    {"{\"is_decoder\":true}", AS_UNKNOWN, "decoder"},
    {"{\"architectures\":{}}", AS_INVALID, "no list"},
    {"{\"architectures\":[1]}", AS_INVALID, "no string"},
    {"{\"id2label\":[]}", AS_INVALID, "no object"},
    {"{\"pad_token_id\":-5}", AS_INVALID, "pad_token_id"},
    {"{\"model_type\":\"bert\"," COUNTS ",\"pad_token_id\":30522}", AS_INVALID, "pad token"},
    {"{\"model_type\":\"xlm-roberta\"," COUNTS ",\"pad_token_id\":511}", AS_INVALID, "positions"},
    {"{\"model_type\":\"xlm-roberta\"," COUNTS ",\"pad_token_id\":null}", AS_INVALID, "positions"},
    {"{\"model_type\":\"bert\"," COUNTS ",\"num_attention_heads\":12} x", AS_INVALID,
     "config.json"},
};

static void what_cannot_be_is_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        as_model_config c = {.hidden = 7};
        as_err err = {0};

        if (read_config(bad[i].text, &c, &err) != bad[i].code || !strstr(err.msg, bad[i].word))
            fail_msg("%s: code %d, '%s'", bad[i].text, err.code, err.msg);
        assert_int_equal(c.hidden, 7);
    }
}

static void heads_must_divide_the_width(void **state)
{
    char text[sizeof(bert)];
    as_model_config c;
    as_err err = {0};

    (void)state;
    memcpy(text, bert, sizeof(bert));
    strstr(text, "heads\":12")[8] = '1';
    assert_int_equal(read_config(text, &c, &err), AS_INVALID);
    assert_non_null(strstr(err.msg, "11 heads"));
}

static void every_truncation_is_refused(void **state)
{
    as_model_config c;

    (void)state;
    for (size_t n = 0; n < sizeof(bert) - 1; n++) {
        uint8_t *copy = as_mem_get(n);

        assert_non_null(copy);
        memcpy(copy, bert, n);
        assert_int_not_equal(as_model_config_read((as_bytes){copy, n}, &c, NULL), AS_OK);
        as_mem_free(copy);
    }
}

static void it_fails_cleanly_without_memory(void **state)
{
    as_model_config c;
    as_code rc = AS_NOMEM;
    uint64_t n = 0;

    (void)state;
    while (rc) {
        as_mem_fail_at(++n);
        rc = read_config(reranker, &c, NULL);
        as_mem_fail_at(0);
        assert_true(!rc || rc == AS_NOMEM);
        assert_true(n < 1000);
    }
    assert_true(n > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bert_is_read),
        cmocka_unit_test(a_reranker_is_read),
        cmocka_unit_test(what_is_left_out_has_the_library_s_defaults),
        cmocka_unit_test(what_cannot_be_is_refused_by_name),
        cmocka_unit_test(heads_must_divide_the_width),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(it_fails_cleanly_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

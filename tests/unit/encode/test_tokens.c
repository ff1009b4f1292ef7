#include "encode/tokens.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

/* Ids are the lines: 0 [PAD], 1 [UNK], 2 [CLS], 3 [SEP], 4 [MASK] ... */
static const char vocab[] =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nmal\n##ware\n##w\n##are\nwrites\na\nrun\n"
    "key\n恶\n意\n!\n.\n##1\n[\n]\nse\n##p\nunk\ne\n##e\nstrasse\nß\n##ss\n";

static as_tokenizer *open_vocab(const as_tokenizer_options *o)
{
    as_tokenizer *t = NULL;

    assert_int_equal(as_tokenizer_open_bytes(AS_LITERAL(vocab), o, &t, NULL), AS_OK);
    return t;
}

static void expect_text(const as_tokenizer *t, as_bytes text, const char *expected)
{
    as_tokens tokens = {0};
    char got[512] = "";
    size_t n = 0;

    assert_int_equal(as_tokens_read(t, text, &tokens, NULL), AS_OK);
    for (size_t i = 0; i < tokens.n; i++)
        n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%u@%u-%u", i > 0 ? " " : "",
                              tokens.p[i].id, tokens.p[i].begin, tokens.p[i].end);
    assert_string_equal(got, expected);
    as_tokens_done(&tokens);
}

#define EXPECT(t, text, expected) expect_text(t, AS_LITERAL(text), expected)

static void the_longest_piece_is_taken(void **state)
{
    as_tokenizer *t = open_vocab(NULL);

    (void)state;
    EXPECT(t, "malware writes a run key", "5@0-3 6@3-7 9@8-14 10@15-16 11@17-20 12@21-24");
    EXPECT(t, "malw", "5@0-3 7@3-4");
    EXPECT(t, "malware1", "5@0-3 6@3-7 17@7-8");
    EXPECT(t, "", "");
    EXPECT(t, "  \t\n ", "");
    as_tokenizer_free(t);
}

static void a_word_that_no_pieces_make_is_unknown_as_a_whole(void **state)
{
    as_tokenizer *t = open_vocab(NULL);

    (void)state;
    EXPECT(t, "malx key", "1@0-4 12@5-8");
    EXPECT(t, "x", "1@0-1");
    as_tokenizer_free(t);
}

static void chinese_characters_and_signs_stand_alone(void **state)
{
    as_tokenizer *t = open_vocab(NULL);

    (void)state;
    EXPECT(t, "恶意a!key.", "13@0-3 14@3-6 10@6-7 15@7-8 12@8-11 16@11-12");
    as_tokenizer_free(t);
}

static void case_and_accents_go(void **state)
{
    static const as_tokenizer_options keep = {.keep_case = true};
    as_tokenizer *t = open_vocab(NULL), *cased = open_vocab(&keep);

    (void)state;
    EXPECT(t, "KEY \xc3\x89", "12@0-3 23@4-6");
    EXPECT(t, "e\xcc\x81", "23@0-1");
    EXPECT(cased, "KEY key", "1@0-3 12@4-7");
    EXPECT(t, "\xc3\x9f", "26@0-2"); /* lower case, no folding to ss */
    as_tokenizer_free(t);
    as_tokenizer_free(cased);
}

static void special_words_in_a_text_are_text(void **state)
{
    as_tokenizer *t = open_vocab(NULL);
    as_specials s = as_tokenizer_specials(t);

    (void)state;
    EXPECT(t, "[SEP]", "18@0-1 20@1-3 21@3-4 19@4-5");
    assert_true(s.pad == 0 && s.unk == 1 && s.bos == 2 && s.eos == 3 && s.sep == 3 && s.mask == 4);
    assert_true(as_bytes_is(as_tokenizer_piece(t, 6), "##ware"));
    assert_true(as_tokenizer_piece(t, 28).n == 0);
    assert_int_equal(as_tokenizer_vocab(t), 28);
    as_tokenizer_free(t);
}

static void bytes_that_are_no_text_are_dropped(void **state)
{
    as_tokenizer *t = open_vocab(NULL);

    (void)state;
    EXPECT(t,
           "k\xff"
           "ey\x00",
           "12@0-4");
    EXPECT(t,
           "k\xe2\x80\x8b"
           "ey",
           "12@0-6");
    as_tokenizer_free(t);
}

static void a_word_of_101_characters_is_unknown(void **state)
{
    as_tokenizer *t = open_vocab(NULL);
    char text[128];

    (void)state;
    memset(text, 'e', sizeof(text));
    {
        as_tokens tokens = {0};

        assert_int_equal(as_tokens_read(t, (as_bytes){(uint8_t *)text, 100}, &tokens, NULL), AS_OK);
        assert_int_equal(tokens.n, 100);
        assert_int_equal(as_tokens_read(t, (as_bytes){(uint8_t *)text, 101}, &tokens, NULL), AS_OK);
        assert_true(tokens.n == 1 && tokens.p[0].id == 1 && tokens.p[0].end == 101);
        as_tokens_done(&tokens);
    }
    as_tokenizer_free(t);
}

#define BERT                                                                                       \
    "\"normalizer\":{\"type\":\"BertNormalizer\",\"clean_text\":true,"                             \
    "\"handle_chinese_chars\":true,\"strip_accents\":null,\"lowercase\":true},"                    \
    "\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},"

static const char json[] = "{" BERT "\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\","
                           "\"continuing_subword_prefix\":\"##\",\"max_input_chars_per_word\":3,"
                           "\"vocab\":{\"[UNK]\":1,\"a\":0,\"\\u6076\":2,\"##b\":3,\"/~\":4}}}";

static as_code open_json(const char *text, as_tokenizer **ret, as_err *err)
{
    return as_tokenizer_open_bytes(as_bytes_of(text), NULL, ret, err);
}

static void tokenizer_json_says_how(void **state)
{
    as_tokenizer *t = NULL;

    (void)state;
    assert_int_equal(open_json(json, &t, NULL), AS_OK);
    EXPECT(t, "AB abbb \xe6\x81\xb6", "0@0-1 3@1-2 1@3-7 2@8-11");
    assert_true(as_bytes_is(as_tokenizer_piece(t, 4), "/~"));
    as_tokenizer_free(t);
}

static void what_is_no_wordpiece_is_refused(void **state)
{
    static const struct {
        const char *text;
        as_code code;
    } cases[] = {
        {"{}", AS_UNKNOWN},
        {"{\"model\":", AS_INVALID},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0}}}", AS_UNKNOWN},
        {"{\"model\":{\"vocab\":{\"a\":\"x\"}}}", AS_INVALID},
        {"{\"model\":{\"vocab\":{\"a\":4000000}}}", AS_LIMIT},
        {"{" BERT "\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"[UNK]\":0,\"a\":0}}}",
         AS_INVALID},
        {"{" BERT "\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0}}}", AS_INVALID},
        {"{" BERT "\"model\":{\"max_input_chars_per_word\":0,\"vocab\":{\"[UNK]\":0}}}",
         AS_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        as_tokenizer *t = NULL;
        as_err err = {0};

        assert_int_equal(open_json(cases[i].text, &t, &err), cases[i].code);
        assert_null(t);
        assert_true(err.msg[0] != 0);
    }
    {
        as_tokenizer *t = NULL;

        assert_int_equal(open_json("a\nb\n", &t, NULL), AS_INVALID); /* no [UNK] */
        assert_int_equal(open_json("", &t, NULL), AS_INVALID);
        assert_int_equal(as_tokenizer_open("/nowhere/vocab.txt", NULL, &t, NULL), AS_REFUSED);
    }
}

static void a_file_cut_anywhere_is_refused_or_read(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof(json) - 1; n++) {
        as_tokenizer *t = NULL;

        assert_int_not_equal(
            as_tokenizer_open_bytes((as_bytes){(const uint8_t *)json, n}, NULL, &t, NULL), AS_OK);
        assert_null(t);
    }
}

static void every_failed_allocation_is_told(void **state)
{
    bool done = false;

    (void)state;
    for (uint64_t at = 1; !done; at++) {
        as_tokenizer *t = NULL;
        as_tokens tokens = {0};
        as_code rc;

        as_mem_fail_at(at);
        rc = open_json(json, &t, NULL);
        if (!rc)
            rc = as_tokens_read(t, AS_LITERAL("ab ab"), &tokens, NULL);
        as_mem_fail_at(0);
        assert_true(rc == AS_OK || rc == AS_NOMEM);
        done = rc == AS_OK;
        as_tokens_done(&tokens);
        as_tokenizer_free(t);
        assert_true(at < 500);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_piece_is_taken),
        cmocka_unit_test(a_word_that_no_pieces_make_is_unknown_as_a_whole),
        cmocka_unit_test(chinese_characters_and_signs_stand_alone),
        cmocka_unit_test(case_and_accents_go),
        cmocka_unit_test(special_words_in_a_text_are_text),
        cmocka_unit_test(bytes_that_are_no_text_are_dropped),
        cmocka_unit_test(a_word_of_101_characters_is_unknown),
        cmocka_unit_test(tokenizer_json_says_how),
        cmocka_unit_test(what_is_no_wordpiece_is_refused),
        cmocka_unit_test(a_file_cut_anywhere_is_refused_or_read),
        cmocka_unit_test(every_failed_allocation_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

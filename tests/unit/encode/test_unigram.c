#include "encode/tokens.h"

#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/encode/tokens_files.h"

#include "base/banned.h"

#define SPACE "\xe2\x96\x81"

/* What texts become was asked of the packages `tokenizers` and `sentencepiece` with these files. */

static void expect_text(const as_tokenizer *t, as_bytes text, const char *expected)
{
    as_tokens tokens = {0};
    char got[1024] = "";
    size_t n = 0;

    assert_int_equal(as_tokens_read(t, text, &tokens, NULL), AS_OK);
    for (size_t i = 0; i < tokens.n; i++)
        n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%u@%u-%u", i > 0 ? " " : "",
                              tokens.p[i].id, tokens.p[i].begin, tokens.p[i].end);
    assert_string_equal(got, expected);
    as_tokens_done(&tokens);
}

#define EXPECT(t, text, expected) expect_text(t, AS_LITERAL(text), expected)

/* --- files ---------------------------------------------------------------------------------- */

static as_buf some_map(void)
{
    static map_file m;

    map_start(&m);
    map_put(&m, "\xef\xac\x81", "fi");    /* ligature */
    map_put(&m, "\xc2\xa0", " ");         /* no-break space */
    map_put(&m, "\xe2\x80\x8b", "");      /* zero width space */
    map_put(&m, "e\xcc\x81", "\xc3\xa9"); /* e, acute */
    map_put(&m, "\xef\xbc\xa1", "A");     /* full-width A */
    return map_bytes(&m);
}

#define METASPACE(scheme)                                                                          \
    "{\"type\":\"Metaspace\",\"replacement\":\"\\u2581\",\"prepend_scheme\":\"" scheme "\"}"
#define WORDS(scheme)                                                                              \
    "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"WhitespaceSplit\"}," METASPACE(         \
        scheme) "]}"
#define OLD "{\"type\":\"Metaspace\",\"replacement\":\"\\u2581\",\"add_prefix_space\":false}"
#define RUNS                                                                                       \
    "{\"type\":\"Strip\",\"strip_left\":false,\"strip_right\":true},{\"type\":\"Replace\","        \
    "\"pattern\":{\"Regex\":\" {2,}\"},\"content\":\" \"}"
#define PIECES                                                                                     \
    "[\"<s>\",0.0],[\"<pad>\",0.0],[\"</s>\",0.0],[\"<unk>\",0.0],[\"\\u2581\",-2.0],"             \
    "[\"\\u2581mal\",-3.0],[\"ware\",-3.5],[\"\\u2581f\",-4.5],[\"i\",-5.0],[\"\\u00e9\",-4.0],"   \
    "[\"A\",-4.25],[\"a\",-4.5],[\"aa\",-7],[\"<\",-9],[\"s\",-9.5],[\">\",-9],[\"e\",-6e0]"

static as_tokenizer *open_json(const char *more, const char *before, const char *model)
{
    as_buf map = some_map(), text = base64_of(as_buf_bytes(&map)), json = {0};
    as_tokenizer *t = NULL;
    as_err err = {0};

    as_buf_printf(&json,
                  "{\"added_tokens\":[{\"id\":2,\"content\":\"</s>\",\"special\":true},"
                  "{\"id\":20,\"content\":\"<mask>\",\"special\":true}],\"normalizer\":"
                  "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Precompiled\","
                  "\"precompiled_charsmap\":\"%.*s\"}%s%s]},\"pre_tokenizer\":%s,"
                  "\"model\":{\"unk_id\":3,\"vocab\":[" PIECES "%s]}}",
                  (int)text.n, (const char *)text.p, *more ? "," : "", more, before, model);
    if (as_tokenizer_open_bytes(as_buf_bytes(&json), NULL, &t, &err))
        fail_msg("%s", err.msg);
    as_buf_done(&map);
    as_buf_done(&text);
    as_buf_done(&json);
    return t;
}

static void start_model(as_buf *b)
{
    put_piece(b, AS_LITERAL("<unk>"), 0, PIECE_UNKNOWN);
    put_piece(b, AS_LITERAL("<s>"), 0, PIECE_CONTROL);
    put_piece(b, AS_LITERAL("</s>"), 0, PIECE_CONTROL);
    put_piece(b, AS_LITERAL(SPACE), -2, PIECE_NORMAL);
    put_piece(b, AS_LITERAL(SPACE "mal"), -3, PIECE_NORMAL);
    put_piece(b, AS_LITERAL("ware"), -3.5f, PIECE_NORMAL);
    put_piece(b, AS_LITERAL("fi"), -5, PIECE_NORMAL);
    put_piece(b, AS_LITERAL("\xc3\xa9"), -4, PIECE_NORMAL);
    put_piece(b, AS_LITERAL("a"), -4.5f, PIECE_NORMAL);
    put_piece(b, AS_LITERAL("b"), -4.5f, PIECE_UNUSED);
}

static as_tokenizer *open_model(as_buf *b, uint64_t type, const as_tokenizer_options *o)
{
    as_buf trainer = {0}, normalizer = {0}, map = some_map();
    as_tokenizer *t = NULL;
    as_err err = {0};

    put_number(&trainer, 3, type);
    put_field(b, 2, as_buf_bytes(&trainer));
    put_field(&normalizer, 2, as_buf_bytes(&map));
    put_field(b, 3, as_buf_bytes(&normalizer));
    if (as_tokenizer_open_bytes(as_buf_bytes(b), o, &t, &err))
        fail_msg("%s", err.msg);
    as_buf_done(&trainer);
    as_buf_done(&normalizer);
    as_buf_done(&map);
    return t;
}

/* --- tokenizer.json ------------------------------------------------------------------------- */

static void the_best_sum_is_taken(void **state)
{
    as_tokenizer *t = open_json("", WORDS("always"), "");

    (void)state;
    assert_string_equal(as_tokenizer_kind(t), "unigram");
    EXPECT(t, "malware", "5@0-3 6@3-7");
    EXPECT(t, " malware  mal", "5@1-4 6@4-8 5@10-13");
    EXPECT(t, "aaa", "4@0-0 11@0-1 12@1-3"); /* both orders sum up alike: the first found stays */
    EXPECT(t, "", "");
    EXPECT(t, " \t\n", "");
    as_tokenizer_free(t);
}

static void unknown_characters_side_by_side_are_one(void **state)
{
    as_tokenizer *t = open_json("", WORDS("always"), "");

    (void)state;
    EXPECT(t, "xyz", "4@0-0 3@0-3");
    EXPECT(t, "xya x", "4@0-0 3@0-2 11@2-3 4@4-4 3@4-5");
    EXPECT(t,
           "\xff\xfe"
           "a",
           "4@0-0 3@0-2 11@2-3");
    as_tokenizer_free(t);
}

static void offsets_are_those_before_normalisation(void **state)
{
    as_tokenizer *t = open_json("", WORDS("always"), "");

    (void)state;
    EXPECT(t, "\xef\xac\x81", "7@0-3 8@0-3");
    EXPECT(t,
           "ae\xcc\x81"
           "a",
           "4@0-0 11@0-1 9@1-4 11@4-5");
    EXPECT(t, "mal\xc2\xa0\xef\xbc\xa1", "5@0-3 4@5-5 10@5-8");
    EXPECT(t, "\xe2\x80\x8bmal\xe2\x80\x8bware", "5@0-6 6@9-13");
    as_tokenizer_free(t);
}

/* e, acute, dot below: five bytes, so the shortest replacement stands for all of them. */
static void a_short_cluster_is_looked_up_whole(void **state)
{
    as_tokenizer *t = open_json("", WORDS("always"), "");

    (void)state;
    EXPECT(t,
           "e\xcc\x81\xcc\xa3"
           "a",
           "4@0-0 9@0-5 11@5-6");
    EXPECT(t,
           "e\xcc\x81\xcc\xa3\xcc\xa3"
           "a",
           "4@0-0 16@0-1 3@1-7 11@7-8");
    as_tokenizer_free(t);
}

static void names_of_special_tokens_are_text(void **state)
{
    as_tokenizer *t = open_json("", WORDS("always"), "");
    as_specials s = as_tokenizer_specials(t);

    (void)state;
    EXPECT(t, "<s>", "4@0-0 13@0-1 14@1-2 15@2-3");
    EXPECT(t, "</s>", "4@0-0 13@0-1 3@1-2 14@2-3 15@3-4");
    assert_true(s.bos == 0 && s.pad == 1 && s.eos == 2 && s.sep == 2 && s.unk == 3 && s.mask == 20);
    assert_int_equal(as_tokenizer_vocab(t), 21);
    assert_true(as_bytes_is(as_tokenizer_piece(t, 5), SPACE "mal"));
    assert_int_equal(as_tokenizer_piece(t, 18).n, 0);
    as_tokenizer_free(t);
}

static void the_rules_of_a_file_are_followed(void **state)
{
    as_tokenizer *first = open_json("", WORDS("first"), "");
    as_tokenizer *never = open_json("", OLD, "");
    as_tokenizer *runs = open_json(RUNS, METASPACE("always"), "");

    (void)state;
    EXPECT(first, "mal a", "5@0-3 11@4-5");
    EXPECT(first, " mal", "3@1-2 11@2-3 3@3-4");
    EXPECT(never, "a mal", "11@0-1 5@1-5");
    EXPECT(runs, "a   mal  ", "4@0-0 11@0-1 5@1-7");
    EXPECT(runs, "  a", "4@0-2 11@2-3");
    as_tokenizer_free(first);
    as_tokenizer_free(never);
    as_tokenizer_free(runs);
}

static void a_word_that_comes_again_falls_apart_alike(void **state)
{
    as_tokenizer *t = open_json("", WORDS("always"), "");
    as_tokenizer *other = open_json("", WORDS("never"), "");
    as_tokens tokens = {0};

    (void)state;
    for (int i = 0; i < 4; i++) { /* one memory for two tokenizers */
        const as_tokenizer *k = i % 2 ? other : t;

        assert_int_equal(as_tokens_read(k, AS_LITERAL("a a xa mal a"), &tokens, NULL), AS_OK);
        assert_int_equal(tokens.n, i % 2 ? 8 : 10);
        assert_int_equal(tokens.p[0].id, i % 2 ? 11 : 4);
    }
    as_tokens_done(&tokens);
    as_tokenizer_free(t);
    as_tokenizer_free(other);
}

/* Portions end between a letter and a blank: nothing may show where. */
static void a_long_text_is_as_its_parts(void **state)
{
    as_tokenizer *t = open_json(RUNS, METASPACE("always"), "");
    as_tokens tokens = {0};
    as_buf text = {0};

    (void)state;
    for (int i = 0; i < 20000; i++)
        as_buf_text(&text, "malware    ");
    assert_int_equal(as_tokens_read(t, as_buf_bytes(&text), &tokens, NULL), AS_OK);
    assert_int_equal(tokens.n, 40000);
    for (uint32_t i = 1; i < 20000; i++) {
        assert_true(tokens.p[2 * i].id == 5 && tokens.p[2 * i + 1].id == 6);
        assert_int_equal(tokens.p[2 * i].begin, 11 * i - 4);
        assert_int_equal(tokens.p[2 * i + 1].end, 11 * i + 7);
    }
    as_tokens_done(&tokens);
    as_buf_done(&text);
    as_tokenizer_free(t);
}

/* --- SentencePiece -------------------------------------------------------------------------- */

static void a_model_gives_ids_as_it_has_them(void **state)
{
    as_buf b = {0};
    as_tokenizer *t;

    (void)state;
    start_model(&b);
    t = open_model(&b, 1, NULL);
    EXPECT(t, "  malware  mal ", "4@2-5 5@5-9 4@9-14");
    EXPECT(t, "x\xffy a", "3@0-0 0@0-3 3@3-4 8@4-5");
    EXPECT(t, "\xef\xac\x81", "3@0-0 6@0-3");
    EXPECT(t,
           "e\xcc\x81\xcc\xa3"
           "a",
           "3@0-0 7@0-3 0@3-5 8@5-6"); /* the longest, no clusters */
    EXPECT(t, "</s>b", "3@0-0 0@0-5");
    EXPECT(t, "   ", "");
    assert_true(as_tokenizer_specials(t).unk == 0 && as_tokenizer_specials(t).bos == 1);
    assert_int_equal(as_tokenizer_vocab(t), 10);
    as_tokenizer_free(t);
    as_buf_done(&b);
}

static void ids_of_xlmr_are_one_higher(void **state)
{
    static const as_tokenizer_options xlmr = {.xlmr_ids = 1};
    as_buf b = {0};
    as_tokenizer *t;
    as_specials s;

    (void)state;
    start_model(&b);
    t = open_model(&b, 1, &xlmr);
    s = as_tokenizer_specials(t);
    EXPECT(t, "malware x", "5@0-3 6@3-7 4@7-8 3@8-9");
    assert_true(s.bos == 0 && s.pad == 1 && s.eos == 2 && s.unk == 3 && s.mask == 11);
    assert_int_equal(as_tokenizer_vocab(t), 12);
    assert_true(as_bytes_is(as_tokenizer_piece(t, 5), SPACE "mal"));
    as_tokenizer_free(t);
    as_buf_done(&b);
}

static void a_users_own_piece_always_wins(void **state)
{
    as_buf b = {0};
    as_tokenizer *t;

    (void)state;
    start_model(&b);
    put_piece(&b, AS_LITERAL("lw"), 0, PIECE_OWN);
    put_piece(&b, AS_LITERAL("\xef\xac\x81"), 0, PIECE_OWN); /* and is not normalised */
    t = open_model(&b, 1, NULL);
    EXPECT(t, "alwa", "3@0-0 8@0-1 10@1-3 8@3-4");
    EXPECT(t, "malware", "4@0-3 5@3-7");
    EXPECT(t, "\xef\xac\x81", "3@0-0 11@0-3");
    as_tokenizer_free(t);
    as_buf_done(&b);
}

/* --- what is refused ------------------------------------------------------------------------ */

static void expect_refused(as_bytes file, as_code code, const char *part)
{
    as_tokenizer *t = NULL;
    as_err err = {0};

    assert_int_equal(as_tokenizer_open_bytes(file, NULL, &t, &err), code);
    assert_null(t);
    if (!strstr(err.msg, part))
        fail_msg("'%s' says nothing of '%s'", err.msg, part);
}

static void what_is_not_read_is_named(void **state)
{
    static const struct {
        const char *json;
        as_code code;
        const char *part;
    } cases[] = {
        {"{\"model\":{\"type\":\"Unigram\"}}", AS_INVALID, "empty"},
        {"{\"model\":{\"vocab\":[[\"a\",1]]}}", AS_INVALID, "unk_id"},
        {"{\"model\":{\"unk_id\":1,\"vocab\":[[\"a\",1]]}}", AS_INVALID, "unk_id"},
        {"{\"model\":{\"unk_id\":0,\"vocab\":[[\"a\"]]}}", AS_INVALID, "score"},
        {"{\"model\":{\"unk_id\":0,\"vocab\":[[1,\"a\"]]}}", AS_INVALID, "pair"},
        {"{\"model\":{\"unk_id\":0,\"vocab\":[[\"a\",1,2]]}}", AS_INVALID, "more"},
        {"{\"model\":{\"unk_id\":0,\"vocab\":[[\"a\",1e999]]}}", AS_INVALID, "score"},
        {"{\"normalizer\":{\"type\":\"Lowercase\"},\"model\":{\"vocab\":[[\"a\",1]]}}", AS_UNKNOWN,
         "Lowercase"},
        {"{\"pre_tokenizer\":{\"type\":\"ByteLevel\"},\"model\":{\"vocab\":[]}}", AS_UNKNOWN,
         "ByteLevel"},
        {"{\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"[a-z]+\"}},"
         "\"model\":{\"vocab\":[]}}",
         AS_UNKNOWN, "[a-z]+"},
        {"{\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAA\"},"
         "\"model\":{\"vocab\":[]}}",
         AS_INVALID, "base64"},
        {"{\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAAA\"},"
         "\"model\":{\"vocab\":[]}}",
         AS_INVALID, "cut short"},
        {"{\"added_tokens\":[{\"id\":4000000}],\"model\":{\"vocab\":[]}}", AS_LIMIT, "id"},
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++)
        expect_refused(as_bytes_of(cases[i].json), cases[i].code, cases[i].part);
}

static void a_piece_longer_than_any_real_one_is_refused(void **state)
{
    as_buf b = {0}, text = {0};

    (void)state;
    as_buf_fill(&text, 'a', AS_TOKENIZER_PIECE_MAX + 1);
    start_model(&b);
    put_piece(&b, as_buf_bytes(&text), -1, PIECE_NORMAL);
    expect_refused(as_buf_bytes(&b), AS_LIMIT, "4097 bytes");
    as_buf_done(&b);
    as_buf_done(&text);
}

static void a_model_of_another_type_is_named(void **state)
{
    static const char *const names[] = {"BPE", "WORD", "CHAR", "unknown"};

    (void)state;
    for (uint64_t type = 2; type < 6; type++) {
        as_buf b = {0}, trainer = {0};

        start_model(&b);
        put_number(&trainer, 3, type);
        put_field(&b, 2, as_buf_bytes(&trainer));
        expect_refused(as_buf_bytes(&b), AS_UNKNOWN, names[type - 2]);
        as_buf_done(&b);
        as_buf_done(&trainer);
    }
}

static void a_model_that_contradicts_itself_is_refused(void **state)
{
    as_buf b = {0};

    (void)state;
    start_model(&b);
    put_piece(&b, AS_LITERAL("a"), -1, PIECE_NORMAL);
    expect_refused(as_buf_bytes(&b), AS_INVALID, "twice");
    as_buf_reset(&b);
    put_piece(&b, AS_LITERAL("a"), -1, PIECE_NORMAL);
    expect_refused(as_buf_bytes(&b), AS_INVALID, "0 pieces for the unknown");
    start_model(&b);
    put_piece(&b, AS_LITERAL("b"), 0, PIECE_UNKNOWN);
    expect_refused(as_buf_bytes(&b), AS_INVALID, "2 pieces for the unknown");
    as_buf_done(&b);
}

/* One unit or the length set to something else: a place outside, a leaf that names nothing. */
static void a_map_that_points_outside_is_refused(void **state)
{
    static const struct {
        size_t unit;
        uint32_t v;
        const char *part;
    } cases[] = {
        {0, 0x1fffffu << 10, "points outside"},
        {0, 0xffffffffu, "points outside"},
        {256 ^ 0xc2, 0xc2 | 0x100000u << 10, "points outside"},
        {256 ^ 'e', 'e' | 1u << 8, "names no replacement"}, /* its leaf is a unit that is none */
    };
    as_buf good = some_map();

    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        as_buf b = {0}, map = {0}, normalizer = {0};
        uint32_t v = cases[i].v;

        as_buf_add(&map, as_buf_bytes(&good));
        for (size_t k = 0; k < 4; k++)
            map.p[4 + 4 * cases[i].unit + k] = (uint8_t)(v >> 8 * k);
        start_model(&b);
        put_field(&normalizer, 2, as_buf_bytes(&map));
        put_field(&b, 3, as_buf_bytes(&normalizer));
        if (i < 3)
            expect_refused(as_buf_bytes(&b), AS_INVALID, cases[i].part);
        as_buf_done(&b);
        as_buf_done(&map);
        as_buf_done(&normalizer);
    }
    as_buf_done(&good);
}

/* --- damage --------------------------------------------------------------------------------- */

static as_buf whole_model(void)
{
    as_buf b = {0};

    start_model(&b);
    as_tokenizer_free(open_model(&b, 1, NULL));
    return b;
}

static void a_model_cut_anywhere_is_refused_or_read(void **state)
{
    as_buf b = whole_model();

    (void)state;
    for (size_t n = 0; n < b.n; n += n < 400 ? 1 : 61) {
        uint8_t *copy = malloc(n > 0 ? n : 1);
        as_tokenizer *t = NULL;

        assert_non_null(copy);
        memcpy(copy, b.p, n);
        if (as_tokenizer_open_bytes((as_bytes){copy, n}, NULL, &t, NULL) == AS_OK)
            expect_text(t, AS_LITERAL(""), "");
        as_tokenizer_free(t);
        free(copy);
    }
    as_buf_done(&b);
}

static void fail_each_allocation(as_bytes file)
{
    bool done = false;

    for (uint64_t at = 1; !done; at++) {
        as_tokenizer *t = NULL;
        as_tokens tokens = {0};
        as_err err = {0};
        as_code rc;

        as_mem_fail_at(at);
        rc = as_tokenizer_open_bytes(file, NULL, &t, &err);
        if (!rc)
            rc = as_tokens_read(t, AS_LITERAL("a malware x \xef\xac\x81"), &tokens, NULL);
        as_mem_fail_at(0);
        if (rc != AS_OK && rc != AS_NOMEM)
            fail_msg("allocation %llu: %s", (unsigned long long)at, err.msg);
        done = rc == AS_OK;
        as_tokens_done(&tokens);
        as_tokenizer_free(t);
        assert_true(at < 2000);
    }
}

static void every_failed_allocation_is_told(void **state)
{
    static const char json[] =
        "{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[" RUNS
        "]},\"pre_tokenizer\":" WORDS(
            "always") ",\"model\":{\"unk_id\":3,\"byte_fallback\":true,\"vocab\":[" PIECES "]}}";
    as_buf b = whole_model();

    (void)state;
    fail_each_allocation(as_buf_bytes(&b));
    fail_each_allocation(AS_LITERAL(json));
    as_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_sum_is_taken),
        cmocka_unit_test(unknown_characters_side_by_side_are_one),
        cmocka_unit_test(offsets_are_those_before_normalisation),
        cmocka_unit_test(a_short_cluster_is_looked_up_whole),
        cmocka_unit_test(names_of_special_tokens_are_text),
        cmocka_unit_test(the_rules_of_a_file_are_followed),
        cmocka_unit_test(a_word_that_comes_again_falls_apart_alike),
        cmocka_unit_test(a_long_text_is_as_its_parts),
        cmocka_unit_test(a_model_gives_ids_as_it_has_them),
        cmocka_unit_test(ids_of_xlmr_are_one_higher),
        cmocka_unit_test(a_users_own_piece_always_wins),
        cmocka_unit_test(what_is_not_read_is_named),
        cmocka_unit_test(a_piece_longer_than_any_real_one_is_refused),
        cmocka_unit_test(a_model_of_another_type_is_named),
        cmocka_unit_test(a_model_that_contradicts_itself_is_refused),
        cmocka_unit_test(a_map_that_points_outside_is_refused),
        cmocka_unit_test(a_model_cut_anywhere_is_refused_or_read),
        cmocka_unit_test(every_failed_allocation_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

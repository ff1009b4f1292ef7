/*
 * Real vocabularies, where $ASSAY_DATA (or ../shared/data) has them: what the texts of a known
 * set become, as others published it, and a few of our own as the reference libraries answered.
 */
#include "encode/tokens.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/encode/tokens_files.h"

#include "base/banned.h"

#define SPACE "\xe2\x96\x81"
#define GGML  "ggml-vocab.tar.xz"
#define BERT  "ggml-vocab/models/ggml-vocab-bert-bge.gguf"

/* --- files in archives ---------------------------------------------------------------------- */

static bool read_entry(struct archive *a, as_bytes name, as_buf *ret)
{
    struct archive_entry *entry;

    while (archive_read_next_header(a, &entry) == ARCHIVE_OK) {
        la_ssize_t got = 1;

        if (!as_bytes_is(name, archive_entry_pathname(entry)))
            continue;
        while (got > 0) {
            uint8_t *room = as_buf_room(ret, 65536);

            assert_non_null(room);
            got = archive_read_data(a, room, 65536);
            assert_true(got >= 0);
            ret->n += (size_t)got;
        }
        return true;
    }
    return false;
}

static struct archive *new_reader(void)
{
    struct archive *a = archive_read_new();

    assert_non_null(a);
    (void)archive_read_support_filter_all(a);
    (void)archive_read_support_format_all(a);
    return a;
}

static const char *tokenizers(const char *name, char path[512])
{
    const char *data = getenv("ASSAY_DATA");

    (void)snprintf(path, 512, "%s/tokenizers/%s", data ? data : "../shared/data", name);
    return path;
}

static as_buf member(const char *archive, const char *name)
{
    struct archive *a = new_reader();
    char path[512];
    as_buf b = {0};

    if (archive_read_open_filename(a, tokenizers(archive, path), 65536) != ARCHIVE_OK ||
        !read_entry(a, as_bytes_of(name), &b)) {
        (void)archive_read_free(a);
        print_message("skipped: %s with %s is not there\n", path, name);
        skip();
    }
    (void)archive_read_free(a);
    return b;
}

static as_buf unzipped(as_bytes zip, const char *name)
{
    struct archive *a = new_reader();
    as_buf b = {0};

    assert_int_equal(archive_read_open_memory(a, zip.p, zip.n), ARCHIVE_OK);
    assert_true(read_entry(a, as_bytes_of(name), &b));
    (void)archive_read_free(a);
    return b;
}

/* --- helpers -------------------------------------------------------------------------------- */

static as_tokenizer *open_bytes(as_bytes bytes)
{
    as_tokenizer *t = NULL;
    as_err err = {0};

    if (as_tokenizer_open_bytes(bytes, NULL, &t, &err))
        fail_msg("%s", err.msg);
    return t;
}

static void expect_ids(const as_tokenizer *t, as_bytes text, as_bytes expected)
{
    as_tokens tokens = {0};
    as_buf got = {0};

    assert_int_equal(as_tokens_read(t, text, &tokens, NULL), AS_OK);
    for (size_t i = 0; i < tokens.n; i++)
        as_buf_printf(&got, "%s%u", i > 0 ? " " : "", tokens.p[i].id);
    if (!as_bytes_eq(as_buf_bytes(&got), expected))
        fail_msg("'%.*s': %.*s, not %.*s", (int)text.n, (const char *)text.p, (int)got.n,
                 (const char *)got.p, (int)expected.n, (const char *)expected.p);
    as_tokens_done(&tokens);
    as_buf_done(&got);
}

#define EXPECT(t, text, ids) expect_ids(t, AS_LITERAL(text), AS_LITERAL(ids))

static const uint8_t *find(as_bytes hay, const char *needle)
{
    return hay.n > 0 ? memmem(hay.p, hay.n, needle, strlen(needle)) : NULL;
}

/* --- bert-bge of llama.cpp ------------------------------------------------------------------ */

static uint64_t le64(const uint8_t *p)
{
    uint64_t v = 0;

    for (unsigned i = 8; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

static void put_bert_piece(as_buf *vocab, as_bytes piece)
{
    bool special = piece.n > 2 && piece.p[0] == '[' && piece.p[piece.n - 1] == ']';

    if (piece.n > 3 && memcmp(piece.p, SPACE, 3) == 0) {
        as_buf_add(vocab, (as_bytes){piece.p + 3, piece.n - 3});
    } else {
        as_buf_text(vocab, special ? "" : "##");
        as_buf_add(vocab, piece);
    }
    as_buf_byte(vocab, '\n');
}

/*
 * A GGUF file's words as a vocab.txt: there ## is dropped and a word's beginning marked. The copy
 * has gone through a reader of text that put U+FFFD for bytes of numbers; the words and their
 * lengths, below 128, are whole, so they are looked for by their key.
 */
static as_buf bert_vocab(as_bytes gguf)
{
    static const char key[] = "tokenizer.ggml.tokens";
    const uint8_t *p = find(gguf, key), *end = gguf.p + gguf.n;
    as_buf vocab = {0};
    uint64_t count;

    assert_non_null(p);
    p += sizeof(key) - 1 + 8;
    assert_true(end - p > 8);
    count = le64(p);
    p += 8;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t n;

        assert_true(end - p > 8);
        n = le64(p);
        p += 8;
        assert_true(n < 128 && n <= (uint64_t)(end - p));
        put_bert_piece(&vocab, (as_bytes){p, (size_t)n});
        p += n;
    }
    return vocab;
}

static as_bytes next_part(as_bytes *rest, const char *between)
{
    const uint8_t *at = find(*rest, between);
    size_t n = at ? (size_t)(at - rest->p) : rest->n;
    size_t skipped = at ? n + strlen(between) : n;
    as_bytes part = {rest->p, n};

    *rest = (as_bytes){rest->p + skipped, rest->n - skipped};
    return part;
}

static as_bytes trimmed(as_bytes b)
{
    while (b.n > 0 && (b.p[0] == ' ' || b.p[0] == '\r'))
        b = (as_bytes){b.p + 1, b.n - 1};
    while (b.n > 0 && (b.p[b.n - 1] == ' ' || b.p[b.n - 1] == '\r'))
        b.n--;
    return b;
}

static void bert_bge_gives_the_published_ids(void **state)
{
    as_buf gguf = member(GGML, BERT), in = member(GGML, BERT ".inp"),
           out = member(GGML, BERT ".out");
    as_buf vocab = bert_vocab(as_buf_bytes(&gguf));
    as_bytes texts = as_buf_bytes(&in), ids = as_buf_bytes(&out);
    as_tokenizer *t = open_bytes(as_buf_bytes(&vocab));
    size_t n = 0;

    (void)state;
    assert_int_equal(as_tokenizer_vocab(t), 30522);
    for (; texts.n > 0; n++) {
        as_bytes text = next_part(&texts, "\n__ggml_vocab_test__\n");

        expect_ids(t, text, trimmed(next_part(&ids, "\n")));
    }
    print_message("%zu texts of bert-bge\n", n);
    assert_true(n > 40);
    as_tokenizer_free(t);
    as_buf_done(&gguf);
    as_buf_done(&in);
    as_buf_done(&out);
    as_buf_done(&vocab);
}

/* --- the others ----------------------------------------------------------------------------- */

static as_buf xlmr_model(void)
{
    as_buf zip = member("blingfire_xlmr_bert.tar.xz",
                        "blingfire_xlmr_bert/ldbsrc/xlm_roberta_base/pos.dict.utf8.zip");
    as_buf list = unzipped(as_buf_bytes(&zip), "pos.dict.utf8"), b = {0};
    as_bytes rest = as_buf_bytes(&list);
    size_t n = 0;

    put_piece(&b, AS_LITERAL("<unk>"), 0, PIECE_UNKNOWN);
    put_piece(&b, AS_LITERAL("<s>"), 0, PIECE_CONTROL);
    put_piece(&b, AS_LITERAL("</s>"), 0, PIECE_CONTROL);
    for (; rest.n > 0; n++) { /* <pad> </s> <unk> first, <mask> last: ids of XLM-R, but for <s> */
        as_bytes line = next_part(&rest, "\n"), piece = next_part(&line, "\tWORD_ID_");
        char score[32];

        (void)next_part(&line, "\t");
        (void)snprintf(score, sizeof(score), "%.*s", (int)line.n, (const char *)line.p);
        if (n >= 3 && n < 250000)
            put_piece(&b, piece, strtof(score, NULL), PIECE_NORMAL);
    }
    as_buf_done(&zip);
    as_buf_done(&list);
    return b;
}

static void xlmr_gives_the_ids_of_fairseq(void **state)
{
    as_buf b = xlmr_model();
    as_tokenizer *t = open_bytes(as_buf_bytes(&b));
    as_specials s = as_tokenizer_specials(t);

    (void)state;
    assert_true(s.bos == 0 && s.pad == 1 && s.eos == 2 && s.unk == 3 && s.mask == 250001);
    EXPECT(t, "Hello World!", "35378 6661 38");
    EXPECT(t, "CreateRemoteThread", "151313 4332 432 67 20800 39116");
    EXPECT(t, "恶意软件通过注册表实现持久化",
           "6 30966 4671 24888 4511 26264 5873 10725 173448 1988");
    as_tokenizer_free(t);
    as_buf_done(&b);
}

static void t5_small_gives_the_ids_of_its_library(void **state)
{
    char path[512];
    as_tokenizer *t = NULL;
    as_err err = {0};

    (void)state;
    if (as_tokenizer_open(tokenizers("onnxruntime-extensions/t5-small/tokenizer.json", path), NULL,
                          &t, &err)) {
        print_message("skipped: %s is not there\n", path);
        skip();
    }
    assert_int_equal(as_tokenizer_vocab(t), 32100);
    EXPECT(t, "Hello World!", "8774 1150 55");
    EXPECT(t, "CreateRemoteThread writes C:\\Users\\x\\a.ps1",
           "6357 1649 8888 15 8991 5236 11858 205 10 2 1265 7 277 2 226 2 9 5 102 7 536");
    EXPECT(t, "\xef\xac\x81nance na\xc3\xafve \xe6\x81\xb6\xe6\x84\x8f", "4747 3 29 9 2 162 3 2");
    as_tokenizer_free(t);
}

static void models_of_sentencepiece_give_the_ids_of_its_library(void **state)
{
    as_buf en = member("sentencepiece.tar.xz", "sentencepiece/python/test/test_model.model");
    as_buf ja = member("sentencepiece.tar.xz", "sentencepiece/python/test/test_ja_model.model");
    as_tokenizer *t = open_bytes(as_buf_bytes(&en)), *j = open_bytes(as_buf_bytes(&ja));

    (void)state;
    EXPECT(t, "Hello World!", "151 88 21 4 321 54 31 17 147");
    EXPECT(t, "  malware   writes a file ", "239 31 63 48 16 858 8 11 74 25 82");
    EXPECT(j, "吾輩は猫である。名前はまだ無い。", "6 3973 6019 9 6022 24 5 1606 9 2206 2441 5");
    EXPECT(j, "ｶﾞ１２３", "6 878 166 33");
    as_tokenizer_free(t);
    as_tokenizer_free(j);
    as_buf_done(&en);
    as_buf_done(&ja);
}

static void a_model_of_byte_pairs_is_refused_by_name(void **state)
{
    as_buf b = member("chatglm_sentencepiece.tar.xz",
                      "chatglm_sentencepiece/models/chatglm2/peft/instruction/checkpoint-8000/"
                      "tokenizer.model");
    as_tokenizer *t = NULL;
    as_err err = {0};

    (void)state;
    assert_int_equal(as_tokenizer_open_bytes(as_buf_bytes(&b), NULL, &t, &err), AS_UNKNOWN);
    assert_non_null(strstr(err.msg, "BPE"));
    as_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bert_bge_gives_the_published_ids),
        cmocka_unit_test(xlmr_gives_the_ids_of_fairseq),
        cmocka_unit_test(t5_small_gives_the_ids_of_its_library),
        cmocka_unit_test(models_of_sentencepiece_give_the_ids_of_its_library),
        cmocka_unit_test(a_model_of_byte_pairs_is_refused_by_name),
    };
    char path[512];

    if (access(tokenizers("", path), R_OK) != 0) {
        (void)printf("skipped: %s is not there\n", path);
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

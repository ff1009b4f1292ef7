/*
 * Our parser against libyajl: the same verdict and the same events for every JSON
 * file of the data set, for each line of those that hold one text a line, and for
 * mutations of small documents. Where yajl is known to differ:
 *
 *   - it takes \v and \f for blanks: mutations do not use them;
 *   - it checks UTF-8 by bit patterns only (overlong forms and surrogates pass):
 *     as_utf8_check() has the last word there;
 *   - it decodes lone surrogates in its own ways: then only types are compared;
 *   - it lets a token that is cut short follow the complete value: ours sees the
 *     same events first and then refuses;
 *   - it knows no byte-order mark: it is not shown one;
 *   - it has no limit of depth: no input here is that deep.
 */
#include "base/buf.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/source.h"
#include "base/utf8.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <yajl/yajl_parse.h>

#include <cmocka.h>

#include "base/banned.h"

#define SKIPPED    77
#define YAJL_CHUNK ((size_t)64 << 10)
#define FILES_MAX  4096u
#define LINES_MAX  3000u /* of one file */
#define MUTATIONS  60000u

struct events {
    bool valid;
    uint64_t count;
    uint64_t hash;  /* of types and texts */
    uint64_t types; /* of types alone */
    uint64_t lone;
    bool complete; /* the value has ended */
    size_t offset;
    as_code code;
};

static void note(struct events *e, as_json_type type, as_bytes text)
{
    e->count++;
    e->types = e->types * 0x9e3779b97f4a7c15u + (uint64_t)type + 1;
    e->hash = as_hash64(text, e->hash * 0x9e3779b97f4a7c15u + (uint64_t)type + 1);
}

static int on_null(void *ctx)
{
    note(ctx, AS_JSON_NULL, (as_bytes){0});
    return 1;
}

static int on_boolean(void *ctx, int value)
{
    note(ctx, value ? AS_JSON_TRUE : AS_JSON_FALSE, (as_bytes){0});
    return 1;
}

static int on_number(void *ctx, const char *text, size_t n)
{
    note(ctx, AS_JSON_NUMBER, (as_bytes){(const uint8_t *)text, n});
    return 1;
}

static int on_string(void *ctx, const unsigned char *text, size_t n)
{
    note(ctx, AS_JSON_STRING, (as_bytes){text, n});
    return 1;
}

static int on_key(void *ctx, const unsigned char *text, size_t n)
{
    note(ctx, AS_JSON_KEY, (as_bytes){text, n});
    return 1;
}

static int on_object(void *ctx)
{
    note(ctx, AS_JSON_OBJECT, (as_bytes){0});
    return 1;
}

static int on_object_end(void *ctx)
{
    note(ctx, AS_JSON_OBJECT_END, (as_bytes){0});
    return 1;
}

static int on_array(void *ctx)
{
    note(ctx, AS_JSON_ARRAY, (as_bytes){0});
    return 1;
}

static int on_array_end(void *ctx)
{
    note(ctx, AS_JSON_ARRAY_END, (as_bytes){0});
    return 1;
}

static const yajl_callbacks callbacks = {on_null,       on_boolean, NULL,        NULL,
                                         on_number,     on_string,  on_object,   on_key,
                                         on_object_end, on_array,   on_array_end};

static struct events by_yajl(as_bytes in)
{
    struct events e = {0};
    yajl_handle h = yajl_alloc(&callbacks, NULL, &e);
    yajl_status status = yajl_status_ok;

    assert_non_null(h);
    if (in.n >= 3 && !memcmp(in.p, "\xef\xbb\xbf", 3))
        in = (as_bytes){in.p + 3, in.n - 3};
    for (size_t at = 0; at < in.n && status == yajl_status_ok; at += YAJL_CHUNK)
        status = yajl_parse(h, in.p + at, in.n - at < YAJL_CHUNK ? in.n - at : YAJL_CHUNK);
    if (status == yajl_status_ok)
        status = yajl_complete_parse(h);
    e.valid = status == yajl_status_ok;
    yajl_free(h);
    return e;
}

static struct events by_us(as_bytes in, as_json_simd simd)
{
    struct events e = {0};
    as_buf scratch = {0};
    as_source *s = NULL;
    as_json *j = NULL;
    as_json_tok t = {0};
    as_err err = {0};
    as_code rc;

    assert_int_equal(as_source_open_bytes(in, NULL, &s, NULL), AS_OK);
    assert_int_equal(as_json_new(s, NULL, &j, NULL), AS_OK);
    if (as_json_use(j, simd))
        assert_int_equal(as_json_use(j, AS_JSON_PLAIN), AS_OK);
    while ((rc = as_json_next(j, &t, &err)) == AS_OK && t.type != AS_JSON_END) {
        as_bytes text = {0};

        if (t.type == AS_JSON_NUMBER)
            text = t.raw;
        if (t.type == AS_JSON_KEY || t.type == AS_JSON_STRING)
            assert_int_equal(as_json_text(t.raw, &scratch, &text), AS_OK);
        note(&e, t.type, text);
    }
    e.valid = rc == AS_OK;
    e.complete = e.count && as_json_depth(j) == 0;
    e.code = rc;
    e.offset = rc ? err.offset : 0;
    e.lone = as_json_doubts_so_far(j).lone_surrogates;
    as_buf_done(&scratch);
    as_json_free(j);
    as_source_free(s);
    return e;
}

static bool agree(const struct events *a, const struct events *y, as_bytes in)
{
    bool same = a->count == y->count && a->types == y->types && (a->lone || a->hash == y->hash);

    if (!a->valid && y->valid)
        return a->code == AS_INVALID && (as_utf8_check(in) < in.n || (a->complete && same));
    return a->valid == y->valid && (!a->valid || same);
}

static void compare(const char *name, as_bytes in, as_json_simd simd)
{
    struct events a = by_us(in, simd), y = by_yajl(in);
    char shown[160];

    if (!agree(&a, &y, in))
        fail_msg("%s: ours %s at %zu, %llu events; yajl %s, %llu events: %s", name,
                 as_code_name(a.code), a.offset, (unsigned long long)a.count,
                 y.valid ? "valid" : "invalid", (unsigned long long)y.count,
                 as_bytes_show(in, shown, sizeof(shown)));
}

static char *files[FILES_MAX];
static size_t file_count;

static int collect(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    as_bytes name = as_bytes_of(path);

    (void)st;
    (void)ftw;
    if (flag == FTW_F && file_count < FILES_MAX &&
        (as_bytes_ends_nocase(name, ".json") || as_bytes_ends_nocase(name, ".json.gz"))) {
        files[file_count] = strdup(path);
        assert_non_null(files[file_count]);
        file_count++;
    }
    return 0;
}

static bool read_whole(const char *path, as_buf *out)
{
    as_source *s = NULL;
    size_t got = 1;
    as_code rc = as_source_open(path, NULL, &s, NULL);

    as_buf_reset(out);
    while (!rc && got) {
        uint8_t *room = as_buf_room(out, (size_t)1 << 20);

        assert_non_null(room);
        rc = as_source_read(s, room, (size_t)1 << 20, &got, NULL);
        out->n += rc ? 0 : got;
    }
    as_source_free(s);
    return rc == AS_OK;
}

static void compare_lines(const char *name, as_bytes in)
{
    for (size_t n = 0; n < LINES_MAX && in.n; n++) {
        const uint8_t *end = memchr(in.p, '\n', in.n);
        size_t len = end ? (size_t)(end - in.p) : in.n;

        compare(name, (as_bytes){in.p, len}, AS_JSON_AUTO);
        len += end != NULL;
        in = (as_bytes){in.p + len, in.n - len};
    }
}

static void every_json_file_of_the_data_set_reads_as_in_yajl(void **state)
{
    as_buf in = {0};
    size_t valid = 0;

    (void)state;
    for (size_t i = 0; i < file_count; i++) {
        struct events e;

        assert_true(read_whole(files[i], &in));
        compare(files[i], as_buf_bytes(&in), AS_JSON_AUTO);
        compare(files[i], as_buf_bytes(&in), AS_JSON_PLAIN);
        e = by_us(as_buf_bytes(&in), AS_JSON_AVX2);
        valid += e.valid;
        if (!e.valid)
            compare_lines(files[i], as_buf_bytes(&in));
    }
    print_message("%zu files, %zu of them one JSON text each\n", file_count, valid);
    assert_true(valid > file_count / 2);
    as_buf_done(&in);
}

static uint64_t draw(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u; /* splitmix64 */

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static const char *const seeds[] = {
    "{\"a\":[1,2.5e3,-0],\"b\":{\"c\":null,\"d\":true},\"e\":\"x\\u00e9\\n\"}",
    "[\"\\ud83d\\ude00\",\"\xe4\xb8\xad\xe6\x96\x87\",[],{},[[false]]]",
    " { \"key with \\\"quotes\\\"\" : \"C:\\\\dir\\\\file\" , \"n\" : 0.125 }\r\n",
    "[0,-1,1e9,1E+2,12.75e-3,true,false,null,\"\"]",
    "{\"pid\":4060,\"api\":\"NtOpenFile\",\"args\":[{\"name\":\"h\",\"value\":\"0x0f4c\"}]}",
    "{\"ret\":\"0x00000000\",\"time\":\"2024-01-02 03:04:05,678\",\"tags\":[[],[]]}",
    "\"\\b\\f\\r\\t\\/\\u0000\\uABCD\"",
    "-12.5E-7"};

/* One to four edits: a byte set, put in, taken out, or a stretch copied elsewhere. */
static void mutate(as_buf *b, uint64_t *seed)
{
    static const char alphabet[] =
        "{}[],:\"\\ \n\t0123456789-+.eEu/tfnrabdlsDd8C\x01\x1f\x7f\x80\xbf\xc3"
        "\xe4\xed\xf0\xf4\xff";

    for (uint64_t edits = 1 + draw(seed) % 4; edits && b->n > 1 && b->n < 4000; edits--) {
        size_t at = draw(seed) % b->n, from = draw(seed) % b->n, n = draw(seed) % 12;
        uint8_t c = (uint8_t)alphabet[draw(seed) % (sizeof(alphabet) - 1)];

        switch (draw(seed) % 4) {
        case 0:
            b->p[at] = c;
            break;
        case 1:
            as_buf_byte(b, 0);
            memmove(b->p + at + 1, b->p + at, b->n - 1 - at);
            b->p[at] = c;
            break;
        case 2:
            memmove(b->p + at, b->p + at + 1, b->n - 1 - at);
            b->n--;
            break;
        default:
            n = n < b->n - from ? n : b->n - from;
            n = n < b->n - at ? n : b->n - at;
            memmove(b->p + at, b->p + from, n);
        }
    }
}

static void mutated_documents_read_as_in_yajl(void **state)
{
    static const as_json_simd scanners[] = {AS_JSON_PLAIN, AS_JSON_AVX2, AS_JSON_AVX512};
    uint64_t seed = 20240607, valid = 0;
    as_buf b = {0};

    (void)state;
    for (unsigned i = 0; i < MUTATIONS; i++) {
        as_buf_reset(&b);
        as_buf_fill(&b, ' ', draw(&seed) % 70);
        as_buf_text(&b, seeds[i % AS_COUNT(seeds)]);
        mutate(&b, &seed);
        assert_false(b.failed);
        compare("mutation", as_buf_bytes(&b), scanners[i % 3]);
        valid += by_us(as_buf_bytes(&b), AS_JSON_AUTO).valid;
    }
    /* Both verdicts must be well represented, or the comparison says little. */
    assert_true(valid > MUTATIONS / 10 && valid < MUTATIONS * 9 / 10);
    as_buf_done(&b);
}

int main(void)
{
    static const struct CMUnitTest always[] = {
        cmocka_unit_test(mutated_documents_read_as_in_yajl),
    };
    static const struct CMUnitTest with_data[] = {
        cmocka_unit_test(every_json_file_of_the_data_set_reads_as_in_yajl),
    };
    const char *data = getenv("ASSAY_DATA");
    int failed = cmocka_run_group_tests_name("mutations", always, NULL, NULL);

    if (!data)
        data = "../shared/data";
    if (nftw(data, collect, 32, 0) || !file_count) {
        (void)fprintf(stderr, "skipped: no JSON files under ASSAY_DATA (%s)\n", data);
        return failed ? failed : SKIPPED;
    }
    failed += cmocka_run_group_tests_name("data set", with_data, NULL, NULL);
    for (size_t i = 0; i < file_count; i++)
        free(files[i]);
    return failed;
}

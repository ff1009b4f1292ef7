#include "base/buf.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "base/source.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "json_cases.h"

#include "base/banned.h"

#define READ_SIZE ((size_t)64 << 10) /* what the parser asks its source for at a time */

static const as_json_simd scanners[] = {AS_JSON_PLAIN, AS_JSON_AVX2, AS_JSON_AVX512, AS_JSON_AUTO};

static const char *const type_names[] = {"end", "{",      "}",    "[",     "]",   "key",
                                         "str", "number", "true", "false", "null"};

/* All that a parse can tell: every token with its place, and how it ended. */
struct run {
    as_buf log;
    as_code rc;
    size_t offset;
    as_json_doubts doubts;
    bool missing; /* this processor lacks the scanner */
};

static void run_done(struct run *r)
{
    as_buf_done(&r->log);
}

static void log_token(struct run *r, const as_json *j, const as_json_tok *t, uint64_t shift)
{
    as_bytes key = {0};
    uint64_t index = 0;

    as_buf_printf(&r->log, "%s %llu %llu %zu ", type_names[t->type],
                  (unsigned long long)(t->begin - shift), (unsigned long long)(t->end - shift),
                  as_json_depth(j));
    as_buf_hex(&r->log, t->raw);
    as_buf_byte(&r->log, ' ');
    as_json_pointer(j, &r->log);
    if (as_json_step(j, &key, &index))
        as_buf_hex(&r->log, key);
    else
        as_buf_u64(&r->log, index);
    as_buf_byte(&r->log, '\n');
}

static struct run run_source(as_source *s, as_json_simd simd, const as_json_limits *limits,
                             uint64_t shift)
{
    struct run r = {.offset = 12345};
    as_err err = {.offset = 12345};
    as_json_tok t = {0};
    as_json *j = NULL;

    assert_int_equal(as_json_new(s, limits, &j, &err), AS_OK);
    r.missing = as_json_use(j, simd) != AS_OK;
    while (!r.missing) {
        r.rc = as_json_next(j, &t, &err);
        if (r.rc)
            break;
        log_token(&r, j, &t, shift);
        if (t.type == AS_JSON_END)
            break;
    }
    if (r.rc) {
        assert_int_equal(err.code, r.rc);
        assert_true(err.msg[0] != '\0');
        r.offset = err.offset - (size_t)shift;
        memset(&err, 0, sizeof(err));
        assert_int_equal(as_json_next(j, &t, &err), r.rc);
        assert_int_equal(err.offset - shift, r.offset);
    } else {
        r.doubts = as_json_doubts_so_far(j);
        assert_int_equal(err.offset, 12345);
    }
    as_json_free(j);
    assert_false(r.log.failed);
    return r;
}

static struct run run_bytes(as_bytes in, as_json_simd simd, const as_json_limits *limits,
                            uint64_t shift)
{
    as_source *s = NULL;
    struct run r;

    assert_int_equal(as_source_open_bytes(in, NULL, &s, NULL), AS_OK);
    r = run_source(s, simd, limits, shift);
    as_source_free(s);
    return r;
}

static void assert_same_run(const struct run *a, const struct run *b)
{
    assert_int_equal(a->rc, b->rc);
    assert_int_equal(a->offset, b->offset);
    assert_int_equal(a->log.n, b->log.n);
    if (a->log.n)
        assert_memory_equal(a->log.p, b->log.p, a->log.n);
    assert_int_equal(a->doubts.duplicate_keys, b->doubts.duplicate_keys);
    assert_int_equal(a->doubts.lone_surrogates, b->doubts.lone_surrogates);
}

/* Parses with every scanner there is and returns the plain one's run. */
static struct run run_all(as_bytes in, const as_json_limits *limits)
{
    struct run first = run_bytes(in, AS_JSON_PLAIN, limits, 0);

    for (size_t i = 1; i < AS_COUNT(scanners); i++) {
        struct run r = run_bytes(in, scanners[i], limits, 0);

        if (!r.missing)
            assert_same_run(&first, &r);
        run_done(&r);
    }
    return first;
}

static struct run run_text(const char *text)
{
    return run_all(as_bytes_of(text), NULL);
}

/* The log is "type begin end depth raw-in-hex pointer+step"; tests write it without the raw bytes.
 */
static void assert_log(const struct run *r, const char *const *lines, size_t n)
{
    as_buf expect = {0}, got = {0};
    size_t column = 0;

    for (size_t i = 0; i < n; i++) {
        as_buf_text(&expect, lines[i]);
        as_buf_byte(&expect, '\n');
    }
    for (size_t i = 0; i < r->log.n; i++) {
        uint8_t c = r->log.p[i];

        if (column != 4 || c == ' ' || c == '\n')
            as_buf_byte(&got, c);
        column = c == '\n' ? 0 : column + (c == ' ');
    }
    as_buf_byte(&expect, 0);
    as_buf_byte(&got, 0);
    assert_string_equal((const char *)got.p, (const char *)expect.p);
    as_buf_done(&expect);
    as_buf_done(&got);
}

static as_json *open_text(as_bytes text, as_source **ret)
{
    as_json *j = NULL;

    assert_int_equal(as_source_open_bytes(text, NULL, ret, NULL), AS_OK);
    assert_int_equal(as_json_new(*ret, NULL, &j, NULL), AS_OK);
    return j;
}

static void close_text(as_json *j, as_source *s)
{
    as_json_free(j);
    as_source_free(s);
}

static as_json_tok next(as_json *j)
{
    as_json_tok t = {0};

    assert_int_equal(as_json_next(j, &t, NULL), AS_OK);
    return t;
}

static void every_token_has_its_range_depth_pointer_and_step(void **state)
{
    static const char *const lines[] = {
        "{ 0 1 1  0",
        "key 1 4 1  /a61",
        "[ 5 6 2  /a61",
        "number 6 7 2  /a/00",
        "{ 8 9 3  /a/11",
        "} 8 10 2  /a/11",
        "str 11 14 2  /a/22",
        "[ 15 16 3  /a/33",
        "] 15 17 2  /a/33",
        "] 5 18 1  /a61",
        "key 19 24 1  /b~1c622f63",
        "true 25 29 1  /b~1c622f63",
        "key 31 35 1  /~0d7e64",
        "{ 36 37 2  /~0d7e64",
        "key 37 39 2  /~0d/",
        "null 40 44 2  /~0d/",
        "} 36 45 1  /~0d7e64",
        "} 0 46 0  0",
        "end 47 47 0  0",
    };
    struct run r = run_text("{\"a\":[1,{},\"x\",[]],\"b/c\":true, \"~d\":{\"\":null}}\n");

    (void)state;
    assert_int_equal(r.rc, AS_OK);
    assert_log(&r, lines, AS_COUNT(lines));
    run_done(&r);
}

static void a_pointer_holds_the_decoded_key_with_tilde_and_slash_escaped(void **state)
{
    static const char *const lines[] = {
        "{ 0 1 1  0", "key 1 20 1  /~0~1~1A\"7e5c2f5c75303032665c75303034315c22",
        "number 21 22 1  /~0~1~1A\"7e5c2f5c75303032665c75303034315c22", "} 0 23 0  0",
        "end 23 23 0  0"};
    struct run r = run_text("{\"~\\/\\u002f\\u0041\\\"\":1}");

    (void)state;
    assert_int_equal(r.rc, AS_OK);
    assert_log(&r, lines, AS_COUNT(lines));
    run_done(&r);
}

static void raw_is_what_stands_between_the_quotes_or_the_number(void **state)
{
    static const char *const raws[] = {"", "a\\n\xe4\xb8\xad", "-1.50e+3", "", "", "", "", ""};
    static const as_json_type types[] = {AS_JSON_ARRAY,  AS_JSON_STRING, AS_JSON_NUMBER,
                                         AS_JSON_STRING, AS_JSON_TRUE,   AS_JSON_ARRAY_END,
                                         AS_JSON_END,    AS_JSON_END};
    as_source *s = NULL;
    as_json *j = open_text(AS_LITERAL("[\"a\\n\xe4\xb8\xad\",-1.50e+3 ,\"\", true]"), &s);

    (void)state;
    for (size_t i = 0; i < AS_COUNT(types); i++) {
        as_json_tok t = next(j);

        assert_int_equal(t.type, types[i]);
        if (t.type == AS_JSON_STRING || t.type == AS_JSON_NUMBER)
            assert_true(as_bytes_is(t.raw, raws[i]));
    }
    close_text(j, s);
}

static void skip_passes_over_a_whole_value_and_spans_it(void **state)
{
    as_source *s = NULL;
    as_json *j = open_text(AS_LITERAL("{\"a\":{\"b\":[1,{\"c\":2}]},\"d\":[[],[3]],\"e\":4}"), &s);
    as_buf where = {0};
    as_json_tok t;

    (void)state;
    (void)next(j);
    (void)next(j);
    t = next(j);
    assert_int_equal(t.type, AS_JSON_OBJECT);
    assert_int_equal(as_json_skip(j, &t, NULL), AS_OK);
    assert_int_equal(t.type, AS_JSON_OBJECT_END);
    assert_int_equal(t.begin, 5);
    assert_int_equal(t.end, 22);
    as_json_pointer(j, &where);
    assert_true(as_bytes_is(as_buf_bytes(&where), "/a"));
    t = next(j);
    assert_int_equal(as_json_skip(j, &t, NULL), AS_OK); /* nothing to do for a key */
    assert_int_equal(t.type, AS_JSON_KEY);
    t = next(j);
    assert_int_equal(as_json_skip(j, &t, NULL), AS_OK);
    assert_int_equal(t.type, AS_JSON_ARRAY_END);
    assert_int_equal(t.begin, 27);
    assert_int_equal(t.end, 35);
    assert_int_equal(as_json_depth(j), 1);
    (void)next(j);
    assert_true(as_bytes_is(next(j).raw, "4"));
    as_buf_done(&where);
    close_text(j, s);
}

static void skip_validates_what_it_passes_over(void **state)
{
    as_source *s = NULL;
    as_json *j = open_text(AS_LITERAL("[1,{\"a\":[01]}]"), &s);
    as_json_tok t = next(j);
    as_err err = {0};

    (void)state;
    assert_int_equal(as_json_skip(j, &t, &err), AS_INVALID);
    assert_int_equal(err.offset, 10);
    close_text(j, s);
}

static void the_conformance_suite_is_met_by_every_scanner(void **state)
{
    size_t wrong = 0;

    (void)state;
    assert_true(AS_COUNT(json_cases) >= 300);
    for (size_t i = 0; i < AS_COUNT(json_cases); i++) {
        const struct json_case *c = &json_cases[i];
        as_bytes in = {(const uint8_t *)c->text, c->n};
        struct run r = run_all(in, NULL);
        char shown[128];

        if (c->verdict == JSON_NO ? r.rc != AS_INVALID || r.offset != c->offset : r.rc != AS_OK) {
            wrong++;
            print_error("case %zu: %s gives %s at %zu, expected offset %zu\n", i,
                        as_bytes_show(in, shown, sizeof(shown)), as_code_name(r.rc), r.offset,
                        c->offset);
        }
        run_done(&r);
    }
    assert_int_equal(wrong, 0);
}

static bool has_mark(const struct json_case *c)
{
    return c->n && (uint8_t)c->text[0] == 0xef;
}

/* The case behind `before` blanks; the caller releases it. */
static as_bytes padded(const struct json_case *c, size_t before)
{
    uint8_t *p = malloc(before + c->n + 1);

    assert_non_null(p);
    memset(p, ' ', before + c->n);
    memcpy(p + before, c->text, c->n);
    return (as_bytes){p, before + c->n};
}

static void release(as_bytes b)
{
    union {
        const uint8_t *view;
        uint8_t *own;
    } p = {.view = b.p};

    free(p.own);
}

static void check_shifted(size_t i, const struct run *at_zero, as_bytes in, size_t shift,
                          as_json_simd simd)
{
    struct run r = run_bytes(in, simd, NULL, shift);

    if (!r.missing && (r.rc != at_zero->rc || r.offset != at_zero->offset))
        fail_msg("case %zu shifted by %zu, scanner %d: %s at %zu, not %zu", i, shift, (int)simd,
                 as_code_name(r.rc), r.offset, at_zero->offset);
    if (!r.missing)
        assert_same_run(at_zero, &r);
    run_done(&r);
}

static void every_case_gives_the_same_at_every_alignment(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(json_cases); i++) {
        struct run zero;

        if (has_mark(&json_cases[i]))
            continue;
        zero = run_bytes((as_bytes){(const uint8_t *)json_cases[i].text, json_cases[i].n},
                         AS_JSON_PLAIN, NULL, 0);
        /* 64 is 1 modulo 3: over three blocks each scanner meets every alignment. */
        for (size_t shift = 1; shift <= 192; shift++) {
            as_bytes in = padded(&json_cases[i], shift);

            check_shifted(i, &zero, in, shift, scanners[shift % 3]);
            release(in);
        }
        run_done(&zero);
    }
}

/* The parser scans all but the last 16 to 79 bytes of what it has read, unless that is all. */
static void every_case_gives_the_same_across_the_end_of_a_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(json_cases); i++) {
        const struct json_case *c = &json_cases[i];
        struct run zero;

        if (has_mark(c))
            continue;
        zero = run_bytes((as_bytes){(const uint8_t *)c->text, c->n}, AS_JSON_PLAIN, NULL, 0);
        for (size_t back = 0; back <= c->n; back += 1 + c->n / 6) {
            for (size_t border = 2 * READ_SIZE - 64; border <= 2 * READ_SIZE; border += 64) {
                as_bytes in = padded(c, border - back);

                check_shifted(i, &zero, in, border - back, scanners[(i + back) % 3]);
                release(in);
            }
        }
        run_done(&zero);
    }
}

static void every_control_character_in_a_string_is_refused_where_it_stands(void **state)
{
    (void)state;
    for (size_t at = 0; at < 130; at++) {
        for (int c = 0; c < 0x20; c++) {
            uint8_t text[140];
            struct run r;

            memset(text, 'a', sizeof(text));
            text[0] = text[139] = '"';
            text[1 + at] = (uint8_t)c;
            r = run_bytes((as_bytes){text, sizeof(text)}, scanners[(size_t)c % 3], NULL, 0);
            if (!r.missing) {
                assert_int_equal(r.rc, AS_INVALID);
                assert_int_equal(r.offset, 1 + at);
            }
            run_done(&r);
        }
    }
}

/* A string of `n` bytes whose content is a run of backslashes, letters and wide characters. */
static void add_long_string(as_buf *b, size_t n)
{
    static const char *const parts[] = {"\\\\",    "ab", "\\\"",    "\xe4\xb8\xad",
                                        "\\u0041", "{",  "\\\\\\\""};
    size_t from = b->n;

    as_buf_byte(b, '"');
    for (size_t i = 0; b->n - from + 7 < n; i++)
        as_buf_text(b, parts[(i * i + n) % AS_COUNT(parts)]);
    as_buf_fill(b, 'z', n - 1 - (b->n - from));
    as_buf_byte(b, '"');
}

static void long_strings_and_numbers_keep_their_range_around_block_borders(void **state)
{
    static const size_t around[] = {64, 128, 4096, READ_SIZE, 2 * READ_SIZE, 5 * READ_SIZE};
    as_json_limits limits = AS_JSON_LIMITS_DEFAULT;

    (void)state;
    limits.number_max = 1u << 20;
    for (size_t i = 0; i < AS_COUNT(around); i++) {
        for (size_t n = around[i] - 20; n <= around[i] + 20; n += i < 3 ? 1 : 5) {
            as_buf in = {0};
            struct run r;
            char tail[160];

            as_buf_byte(&in, '[');
            add_long_string(&in, n);
            as_buf_text(&in, ",-");
            as_buf_fill(&in, '7', n);
            as_buf_byte(&in, ']');
            r = run_all(as_buf_bytes(&in), &limits);
            assert_int_equal(r.rc, AS_OK);
            (void)snprintf(tail, sizeof(tail), " /11\n] 0 %zu 0  0\nend %zu %zu 0  0\n", 2 * n + 4,
                           2 * n + 4, 2 * n + 4);
            assert_true(r.log.n > strlen(tail));
            assert_memory_equal(r.log.p + r.log.n - strlen(tail), tail, strlen(tail));
            run_done(&r);
            as_buf_done(&in);
        }
    }
}

static void backslash_runs_of_every_length_end_a_string_rightly(void **state)
{
    (void)state;
    for (size_t before = 0; before < 70; before += 3) {
        for (size_t run = 0; run < 140; run++) {
            as_buf in = {0};
            struct run r;

            as_buf_byte(&in, '"');
            as_buf_fill(&in, 'x', before);
            as_buf_fill(&in, '\\', run);
            as_buf_byte(&in, '"');
            r = run_all(as_buf_bytes(&in), NULL);
            assert_int_equal(r.rc, run % 2 ? AS_INVALID : AS_OK);
            if (run % 2)
                assert_int_equal(r.offset, in.n);
            run_done(&r);
            as_buf_done(&in);
        }
    }
}

static void assert_limited(const char *text, as_json_limits limits, as_code rc, size_t offset)
{
    struct run r = run_all(as_bytes_of(text), &limits);

    assert_int_equal(r.rc, rc);
    if (rc)
        assert_int_equal(r.offset, offset);
    run_done(&r);
}

static void each_limit_is_kept_and_names_the_place(void **state)
{
    const as_json_limits d = AS_JSON_LIMITS_DEFAULT;
    as_json_limits depth = d, key = d, number = d, string = d;

    (void)state;
    depth.depth_max = 3;
    assert_limited("[[[]]]", depth, AS_OK, 0);
    assert_limited("[[ [[]]]]", depth, AS_LIMIT, 4);
    assert_limited("{\"a\":[{\"b\":{}}]}", depth, AS_LIMIT, 11);
    depth.depth_max = 0;
    assert_limited("1", depth, AS_OK, 0);
    assert_limited(" []", depth, AS_LIMIT, 1);
    key.key_max = 4;
    assert_limited("{\"abcd\":\"abcdefgh\"}", key, AS_OK, 0);
    assert_limited("{\"a\":1, \"abcde\":1}", key, AS_LIMIT, 8);
    assert_limited("{\"\\u0041\":1}", key, AS_LIMIT, 1); /* as written */
    number.number_max = 5;
    assert_limited("[12345,-1e10]", number, AS_OK, 0);
    assert_limited("[1,123456]", number, AS_LIMIT, 3);
    assert_limited("123456", number, AS_LIMIT, 0);
    assert_limited("\"1234567\"", number, AS_OK, 0);
    string.string_max = 6;
    assert_limited("[\"abcdef\"]", string, AS_OK, 0);
    assert_limited("[\"abcdef\",\"abcdefg\"]", string, AS_LIMIT, 10);
    assert_limited("[\"\\u0041\"]", string, AS_OK, 0);
    assert_limited("[\"\\u0041a\"]", string, AS_LIMIT, 1);
}

static void the_string_limit_counts_no_byte_behind_the_string(void **state)
{
    as_json_limits limits = AS_JSON_LIMITS_DEFAULT;

    (void)state;
    for (size_t n = 1; n < 300; n += 33) {
        for (size_t back = 0; back < 450; back += 9) {
            size_t begin = 2 * READ_SIZE - back;
            as_buf in = {0};
            struct run r;

            as_buf_fill(&in, ' ', begin);
            as_buf_byte(&in, '"');
            as_buf_fill(&in, 'a', n);
            as_buf_byte(&in, '"');
            as_buf_fill(&in, ' ', 500);
            limits.string_max = n;
            r = run_all(as_buf_bytes(&in), &limits);
            assert_int_equal(r.rc, AS_OK);
            run_done(&r);
            limits.string_max = n - 1;
            r = run_all(as_buf_bytes(&in), &limits);
            assert_int_equal(r.rc, AS_LIMIT);
            assert_int_equal(r.offset, begin);
            run_done(&r);
            as_buf_done(&in);
        }
    }
}

static void the_depth_ceiling_cannot_be_raised(void **state)
{
    as_json_limits limits = AS_JSON_LIMITS_DEFAULT;
    as_buf in = {0};
    struct run r;

    (void)state;
    limits.depth_max = UINT32_MAX;
    as_buf_fill(&in, '[', AS_JSON_DEPTH_CEILING);
    as_buf_fill(&in, ']', AS_JSON_DEPTH_CEILING);
    r = run_all(as_buf_bytes(&in), &limits);
    assert_int_equal(r.rc, AS_OK);
    run_done(&r);
    as_buf_reset(&in);
    as_buf_fill(&in, '[', (size_t)1 << 20);
    r = run_all(as_buf_bytes(&in), &limits);
    assert_int_equal(r.rc, AS_LIMIT);
    assert_int_equal(r.offset, AS_JSON_DEPTH_CEILING);
    run_done(&r);
    as_buf_done(&in);
}

static void assert_doubts(const char *text, uint64_t keys, uint64_t first_key, uint64_t lone,
                          uint64_t first_lone)
{
    struct run r = run_text(text);

    assert_int_equal(r.rc, AS_OK);
    assert_int_equal(r.doubts.duplicate_keys, keys);
    if (keys)
        assert_int_equal(r.doubts.first_duplicate, first_key);
    assert_int_equal(r.doubts.lone_surrogates, lone);
    if (lone)
        assert_int_equal(r.doubts.first_surrogate, first_lone);
    run_done(&r);
}

static void repeated_keys_are_counted_by_their_decoded_text(void **state)
{
    (void)state;
    assert_doubts("{\"a\":1,\"b\":2}", 0, 0, 0, 0);
    assert_doubts("{\"a\":1,\"a\":2}", 1, 7, 0, 0);
    assert_doubts("{\"a\":1,\"\\u0061\":2}", 1, 7, 0, 0);
    assert_doubts("{\"\\/\":1,\"/\":2,\"\\u002F\":3}", 2, 8, 0, 0);
    assert_doubts("{\"a\":{\"a\":{\"a\":1}}}", 0, 0, 0, 0);
    assert_doubts("[{\"a\":1},{\"a\":1}]", 0, 0, 0, 0);
    assert_doubts("{\"a\":{\"b\":1},\"c\":{\"b\":1},\"a\":0}", 1, 25, 0, 0);
    assert_doubts("{\"a\":1,\"A\":1,\"a \":1}", 0, 0, 0, 0);
    assert_doubts("{\"\":1,\"\":1}", 1, 6, 0, 0);
    assert_doubts("{\"k\":\"k\",\"v\":\"k\"}", 0, 0, 0, 0);
}

static void repeated_keys_are_found_in_objects_of_any_size(void **state)
{
    (void)state;
    for (unsigned n = 1; n < 3000; n = n * 5 / 4 + 1) {
        as_buf in = {0};
        size_t twice;
        struct run r;

        as_buf_byte(&in, '{');
        for (unsigned i = 0; i < n; i++)
            as_buf_printf(&in, "\"key%u\":{\"key0\":%u,\"key%u\":0},", i, i, i + 1);
        twice = in.n;
        as_buf_printf(&in, "\"key0\":0,\"key%u\":0,\"key%u\":0,\"new\":1}", n / 2, n - 1);
        r = run_bytes(as_buf_bytes(&in), AS_JSON_AUTO, NULL, 0);
        assert_int_equal(r.rc, AS_OK);
        assert_int_equal(r.doubts.duplicate_keys, 3);
        assert_int_equal(r.doubts.first_duplicate, twice);
        run_done(&r);
        as_buf_done(&in);
    }
}

static void lone_surrogates_are_counted_and_pairs_are_not(void **state)
{
    (void)state;
    assert_doubts("\"\\ud83d\\ude00\"", 0, 0, 0, 0);
    assert_doubts("\"\\ud83d\"", 0, 0, 1, 1);
    assert_doubts("[\"ab\\ude00\"]", 0, 0, 1, 4);
    assert_doubts("\"\\ude00\\ud83d\"", 0, 0, 2, 1);
    assert_doubts("\"\\ud83d\\ud83d\\ude00\"", 0, 0, 1, 1);
    assert_doubts("\"\\ud83d\\ude00\\ude00\"", 0, 0, 1, 13);
    assert_doubts("\"\\ud83d\\\\ude00\"", 0, 0, 1, 1);
    assert_doubts("[\"\\ud83d\",\"\\ude00\"]", 0, 0, 2, 2);
    assert_doubts("{\"\\udead\":1}", 0, 0, 1, 2);
    assert_doubts("\"\\\\ud83d\"", 0, 0, 0, 0);
}

static void a_surrogate_pair_may_straddle_any_border(void **state)
{
    (void)state;
    for (size_t from = 0; from < 150; from++) {
        size_t shift = from < 70 ? from : READ_SIZE - 110 + (from - 70) * 2;
        as_buf in = {0};

        as_buf_fill(&in, ' ', shift);
        as_buf_text(&in, "\"\\ud83d\\ude00\\ud83d\"          ");
        for (size_t k = 0; k < 3; k++) {
            struct run r = run_bytes(as_buf_bytes(&in), scanners[k], NULL, 0);

            if (!r.missing) {
                assert_int_equal(r.rc, AS_OK);
                assert_int_equal(r.doubts.lone_surrogates, 1);
                assert_int_equal(r.doubts.first_surrogate, shift + 13);
            }
            run_done(&r);
        }
        as_buf_done(&in);
    }
}

static void a_byte_order_mark_is_passed_over_but_counted_in_offsets(void **state)
{
    static const char *const lines[] = {"[ 3 4 1  0", "number 5 6 1  /00", "] 3 7 0  0",
                                        "end 7 7 0  0"};
    struct run r = run_text("\xef\xbb\xbf[ 1]");

    (void)state;
    assert_int_equal(r.rc, AS_OK);
    assert_log(&r, lines, AS_COUNT(lines));
    run_done(&r);
}

static void assert_text(as_bytes raw, as_bytes expect)
{
    as_buf scratch = {0};
    as_bytes got = {0};

    as_buf_text(&scratch, "left over");
    assert_int_equal(as_json_text(raw, &scratch, &got), AS_OK);
    assert_int_equal(got.n, expect.n);
    if (got.n)
        assert_memory_equal(got.p, expect.p, got.n);
    as_buf_done(&scratch);
}

static void text_undoes_every_escape(void **state)
{
    as_buf scratch = {0};
    as_bytes got = {0}, plain = AS_LITERAL("no escape \xe4\xb8\xad");

    (void)state;
    assert_int_equal(as_json_text(plain, &scratch, &got), AS_OK);
    assert_ptr_equal(got.p, plain.p);
    assert_int_equal(scratch.cap, 0);
    assert_text(AS_LITERAL(""), AS_LITERAL(""));
    assert_text(AS_LITERAL("\\\"\\\\\\/\\b\\f\\n\\r\\t"), AS_LITERAL("\"\\/\b\f\n\r\t"));
    assert_text(AS_LITERAL("a\\u0000b"), AS_LITERAL("a\0b"));
    assert_text(AS_LITERAL("\\u0041\\u00e9\\u20AC"), AS_LITERAL("A\xc3\xa9\xe2\x82\xac"));
    assert_text(AS_LITERAL("x\\ud83d\\ude00y"), AS_LITERAL("x\xf0\x9f\x98\x80y"));
    assert_text(AS_LITERAL("\\uDBFF\\uDFFF"), AS_LITERAL("\xf4\x8f\xbf\xbf"));
    assert_text(AS_LITERAL("\\ud83d"), AS_LITERAL("\xef\xbf\xbd"));
    assert_text(AS_LITERAL("\\ude00."), AS_LITERAL("\xef\xbf\xbd."));
    assert_text(AS_LITERAL("\\ud83d\\u0041"), AS_LITERAL("\xef\xbf\xbd"
                                                         "A"));
    assert_text(AS_LITERAL("\\ud83d\\n"), AS_LITERAL("\xef\xbf\xbd\n"));
    assert_text(AS_LITERAL("\\ud83d\\ud83d\\ude00"), AS_LITERAL("\xef\xbf\xbd\xf0\x9f\x98\x80"));
    assert_text(AS_LITERAL("\\ude00\\ud83d"), AS_LITERAL("\xef\xbf\xbd\xef\xbf\xbd"));
    assert_text(AS_LITERAL("\\\\u0041"), AS_LITERAL("\\u0041"));
    assert_text(AS_LITERAL("\\u005cu0041"), AS_LITERAL("\\u0041"));
    assert_text(AS_LITERAL("\\uffff\\u001b\\u007f"), AS_LITERAL("\xef\xbf\xbf\x1b\x7f"));
}

static const char rich[] =
    "{\"info\":{\"version\":\"2.4\",\"id\":12,\"score\":-1.25e+2,\"ok\":true,\"off\":false},\n"
    "  "
    "\"calls\":[{\"api\":\"NtCreateFile\",\"args\":[{\"n\":\"FileName\",\"v\":\"C:"
    "\\\\Temp\\\\\\u4e2d"
    "\\ud83d\\ude00\\\"x\\\"\"},{}],\"ret\":\"0x0\"},[],[[null]]],\r\n\t"
    "\"text\":\"\xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80 plain\",\"long\":\""
    "0123456789012345678901234567890123456789012345678901234567890123456789\",\"\":\"\"}";

static void every_truncation_of_a_rich_document_is_invalid_at_its_end(void **state)
{
    struct run whole = run_text(rich);

    (void)state;
    assert_int_equal(whole.rc, AS_OK);
    run_done(&whole);
    for (size_t n = 0; n < sizeof(rich) - 1; n++) {
        uint8_t *copy = malloc(n ? n : 1); /* exact size: a sanitizer sees every overrun */
        struct run r;

        assert_non_null(copy);
        memcpy(copy, rich, n);
        r = run_all((as_bytes){copy, n}, NULL);
        assert_int_equal(r.rc, AS_INVALID);
        assert_int_equal(r.offset, n);
        run_done(&r);
        free(copy);
    }
}

struct packets {
    int fd;
    as_bytes bytes;
    size_t size;
};

/* A packet socket gives back exactly one packet per read: that fixes the read sizes. */
static void *send_packets(void *arg)
{
    const struct packets *p = arg;
    size_t at = 0;

    while (at < p->bytes.n) {
        size_t n = at ? p->size : 2; /* the source looks at two bytes for gzip's magic */

        if (n > p->bytes.n - at)
            n = p->bytes.n - at;
        if (send(p->fd, p->bytes.p + at, n, MSG_NOSIGNAL) < 0)
            break;
        at += n;
    }
    (void)close(p->fd);
    return NULL;
}

static struct run run_packets(as_bytes in, size_t size, as_json_simd simd)
{
    int pair[2], saved = dup(STDIN_FILENO);
    struct packets p = {.bytes = in, .size = size};
    as_source *s = NULL;
    pthread_t writer;
    struct run r;

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    assert_int_equal(dup2(pair[0], STDIN_FILENO), STDIN_FILENO);
    (void)close(pair[0]);
    p.fd = pair[1];
    assert_int_equal(pthread_create(&writer, NULL, send_packets, &p), 0);
    assert_int_equal(as_source_open("-", NULL, &s, NULL), AS_OK);
    r = run_source(s, simd, NULL, 0);
    as_source_free(s);
    if (saved >= 0) {
        assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
        (void)close(saved);
    } else {
        (void)close(STDIN_FILENO);
    }
    (void)pthread_join(writer, NULL);
    return r;
}

static void results_do_not_depend_on_the_sizes_of_reads(void **state)
{
    static const size_t sizes[] = {1, 5, 63, 64, 65, 97};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(json_cases); i++) {
        as_bytes in = padded(&json_cases[i], has_mark(&json_cases[i]) ? 0 : i * 7 % 131);
        struct run whole = run_bytes(in, AS_JSON_PLAIN, NULL, 0);
        struct run r = run_packets(in, sizes[i % AS_COUNT(sizes)], scanners[i % 3]);

        if (!r.missing)
            assert_same_run(&whole, &r);
        run_done(&r);
        run_done(&whole);
        release(in);
    }
}

/* Scanning begins once 80 bytes wait, so the document must go on behind each case. */
static void a_long_document_does_not_depend_on_the_sizes_of_reads(void **state)
{
    as_buf in = {0};
    struct run whole;

    (void)state;
    as_buf_byte(&in, '[');
    for (size_t i = 0; i < 40; i++) {
        as_buf_add(&in, AS_LITERAL(rich));
        as_buf_text(&in, ",123456789,false ,");
        add_long_string(&in, 20 + i * i * 3);
        as_buf_byte(&in, i < 39 ? ',' : ']');
    }
    whole = run_all(as_buf_bytes(&in), NULL);
    assert_int_equal(whole.rc, AS_OK);
    for (size_t size = 1; size < 5000; size = size * 4 / 3 + 1) {
        struct run r = run_packets(as_buf_bytes(&in), size, scanners[size % 2]);

        if (!r.missing)
            assert_same_run(&whole, &r);
        run_done(&r);
    }
    run_done(&whole);
    as_buf_done(&in);
}

/* Deep, with long keys, a long string, a repeated key and a set of keys that must grow. */
static void make_hungry(as_buf *b)
{
    for (unsigned i = 0; i < 60; i++) {
        as_buf_printf(b, "{\"\\u0041level%u", i);
        as_buf_fill(b, 'k', 50);
        as_buf_text(b, "\":");
    }
    as_buf_text(b, "{\"s\":");
    add_long_string(b, 5 * READ_SIZE);
    for (unsigned i = 0; i < 2000; i++)
        as_buf_printf(b, ",\"n%u\":%u", i, i);
    as_buf_text(b, ",\"straddle\":");
    as_buf_fill(b, ' ', 3 * READ_SIZE);
    as_buf_byte(b, '1');
    as_buf_fill(b, '}', 61);
}

static as_code parse_all(as_source *s, as_err *err)
{
    as_json *j = NULL;
    as_json_tok t = {.type = AS_JSON_NULL};
    as_code rc = as_json_new(s, NULL, &j, err);

    while (!rc && (rc = as_json_next(j, &t, err)) == AS_OK && t.type != AS_JSON_END)
        ;
    as_json_free(j);
    return rc;
}

static void each_allocation_failed_in_turn_is_no_memory_and_leaks_nothing(void **state)
{
    as_buf in = {0};
    as_code rc = AS_NOMEM;
    uint64_t n = 0;

    (void)state;
    make_hungry(&in);
    while (rc == AS_NOMEM) {
        as_source *s = NULL;
        as_err err = {0};

        assert_int_equal(as_source_open_bytes(as_buf_bytes(&in), NULL, &s, NULL), AS_OK);
        as_mem_fail_at(++n);
        rc = parse_all(s, &err);
        as_mem_fail_at(0);
        assert_int_equal(err.code, rc);
        as_source_free(s);
    }
    assert_int_equal(rc, AS_OK);
    assert_true(n > 8); /* the parser itself, and each thing that grows */
    as_buf_done(&in);
}

static void text_without_memory_is_no_memory(void **state)
{
    as_buf scratch = {0};
    as_bytes got = AS_LITERAL("untouched");

    (void)state;
    as_mem_fail_at(1);
    assert_int_equal(as_json_text(AS_LITERAL("a\\n"), &scratch, &got), AS_NOMEM);
    as_mem_fail_at(0);
    assert_true(as_bytes_is(got, "untouched"));
    as_buf_done(&scratch);
}

static void a_pointer_without_memory_marks_the_buffer_failed(void **state)
{
    as_source *s = NULL;
    as_json *j = open_text(AS_LITERAL("{\"a\\n\":1}"), &s);
    as_buf out = {0};

    (void)state;
    (void)next(j);
    (void)next(j);
    as_mem_fail_at(1);
    as_json_pointer(j, &out);
    as_mem_fail_at(0);
    assert_true(out.failed);
    as_buf_done(&out);
    close_text(j, s);
}

/* gzip of "[1,2,3]" cut before its checksum: the parser must pass the source's word on. */
static void a_failure_of_the_source_is_passed_on_and_stays(void **state)
{
    static const uint8_t cut[] = {0x1f, 0x8b, 8,    0,    0,   0,   0,   0,   0,   3,   1,
                                  7,    0,    0xf8, 0xff, '[', '1', ',', '2', ',', '3', ']'};
    struct run r = run_bytes((as_bytes){cut, sizeof(cut)}, AS_JSON_AUTO, NULL, 0);

    (void)state;
    assert_int_equal(r.rc, AS_INVALID);
    assert_int_equal(r.offset, 7);
    run_done(&r);
}

static void a_scanner_the_processor_lacks_is_unavailable(void **state)
{
    static const bool always[] = {true, true, false, false};
    as_source *s = NULL;
    as_json *j = open_text(AS_LITERAL("1"), &s);

    (void)state;
    for (as_json_simd simd = AS_JSON_AUTO; simd <= AS_JSON_AVX512; simd++) {
        as_code rc = as_json_use(j, simd);

        assert_true(rc == AS_OK || (rc == AS_UNAVAILABLE && !always[simd]));
    }
    as_json_free(NULL);
    close_text(j, s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_token_has_its_range_depth_pointer_and_step),
        cmocka_unit_test(a_pointer_holds_the_decoded_key_with_tilde_and_slash_escaped),
        cmocka_unit_test(raw_is_what_stands_between_the_quotes_or_the_number),
        cmocka_unit_test(skip_passes_over_a_whole_value_and_spans_it),
        cmocka_unit_test(skip_validates_what_it_passes_over),
        cmocka_unit_test(the_conformance_suite_is_met_by_every_scanner),
        cmocka_unit_test(every_case_gives_the_same_at_every_alignment),
        cmocka_unit_test(every_case_gives_the_same_across_the_end_of_a_read),
        cmocka_unit_test(every_control_character_in_a_string_is_refused_where_it_stands),
        cmocka_unit_test(long_strings_and_numbers_keep_their_range_around_block_borders),
        cmocka_unit_test(backslash_runs_of_every_length_end_a_string_rightly),
        cmocka_unit_test(each_limit_is_kept_and_names_the_place),
        cmocka_unit_test(the_string_limit_counts_no_byte_behind_the_string),
        cmocka_unit_test(the_depth_ceiling_cannot_be_raised),
        cmocka_unit_test(repeated_keys_are_counted_by_their_decoded_text),
        cmocka_unit_test(repeated_keys_are_found_in_objects_of_any_size),
        cmocka_unit_test(lone_surrogates_are_counted_and_pairs_are_not),
        cmocka_unit_test(a_surrogate_pair_may_straddle_any_border),
        cmocka_unit_test(a_byte_order_mark_is_passed_over_but_counted_in_offsets),
        cmocka_unit_test(text_undoes_every_escape),
        cmocka_unit_test(every_truncation_of_a_rich_document_is_invalid_at_its_end),
        cmocka_unit_test(results_do_not_depend_on_the_sizes_of_reads),
        cmocka_unit_test(a_long_document_does_not_depend_on_the_sizes_of_reads),
        cmocka_unit_test(each_allocation_failed_in_turn_is_no_memory_and_leaks_nothing),
        cmocka_unit_test(text_without_memory_is_no_memory),
        cmocka_unit_test(a_pointer_without_memory_marks_the_buffer_failed),
        cmocka_unit_test(a_failure_of_the_source_is_passed_on_and_stays),
        cmocka_unit_test(a_scanner_the_processor_lacks_is_unavailable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/json.h"

/* Reads all values; writes "line:type@begin-end " for each token of depth 0, "line:bad " for a
 * fault. */
static void read_many(as_bytes text, as_buf *out)
{
    as_json_limits limits = AS_JSON_LIMITS_DEFAULT;
    as_source *s = NULL;
    as_json *j = NULL;
    as_json_tok t = {.type = AS_JSON_NULL};

    limits.many = true;
    assert_int_equal(as_source_open_bytes(text, NULL, &s, NULL), AS_OK);
    assert_int_equal(as_json_new(s, &limits, &j, NULL), AS_OK);
    while (t.type != AS_JSON_END) {
        as_err err = {0};

        if (as_json_next(j, &t, &err) || as_json_skip(j, &t, &err)) {
            as_buf_printf(out, "%lu:bad@%zu ", (unsigned long)as_json_line(j), err.offset);
            assert_int_equal(as_json_resync(j, &err), AS_OK);
            t.type = AS_JSON_NULL;
            continue;
        }
        if (t.type != AS_JSON_END)
            as_buf_printf(out, "%lu:%lu-%lu ", (unsigned long)as_json_line(j),
                          (unsigned long)t.begin, (unsigned long)t.end);
    }
    as_json_free(j);
    as_source_free(s);
}

static void expect(const char *text, const char *tokens)
{
    as_buf out = {0};

    read_many(as_bytes_of(text), &out);
    as_buf_byte(&out, 0);
    assert_string_equal((const char *)out.p, tokens);
    as_buf_done(&out);
}

static void each_line_is_a_value_with_its_number(void **state)
{
    (void)state;
    expect("", "");
    expect("\n\n", "");
    expect("1\n2", "1:0-1 2:2-3 ");
    expect("{\"a\":1}\n\n[2]\r\n\"x\"\n", "1:0-7 3:9-12 4:14-17 ");
    expect("{}{} []", "1:0-2 1:2-4 1:5-7 ");
    expect("{\n\"a\":\n1}\n2", "1:0-9 4:10-11 ");
}

static void a_bad_line_costs_no_other(void **state)
{
    (void)state;
    expect("1\nx\n3\n", "1:0-1 2:bad@2 3:4-5 ");
    expect("{\"a\":1\n{\"b\":2}\n", "1:bad@7 2:7-14 ");
    expect("\"open\n2\n", "1:bad@5 2:6-7 ");
    expect("[1,]\n[1]\n}\n[2]", "1:bad@3 2:5-8 3:bad@9 4:11-14 ");
    expect("{\"a\":\"\\q\"}\ntrue\n", "1:bad@7 2:11-15 ");
    expect("1\n{\"a\":", "1:0-1 2:bad@7 ");
    expect("\xff\n5\n", "1:bad@0 2:2-3 ");
}

/* Lines of many sizes, so that every border of a read falls inside some line. */
static void long_inputs_keep_count(void **state)
{
    as_buf in = {0}, out = {0}, want = {0};

    (void)state;
    for (unsigned i = 1; i <= 3000; i++) {
        size_t begin = in.n;

        if (i % 7 == 0) {
            as_buf_text(&in, "{\"cut\":\"");
            as_buf_fill(&in, 'y', i % 301);
            as_buf_printf(&want, "%u:bad@%zu ", i, in.n);
        } else {
            as_buf_text(&in, "{\"k\":\"");
            as_buf_fill(&in, 'x', (i * 37) % 500);
            as_buf_text(&in, "\"}");
            as_buf_printf(&want, "%u:%zu-%zu ", i, begin, in.n);
        }
        as_buf_byte(&in, '\n');
    }
    read_many(as_buf_bytes(&in), &out);
    assert_int_equal(out.n, want.n);
    assert_memory_equal(out.p, want.p, out.n);
    as_buf_done(&in);
    as_buf_done(&out);
    as_buf_done(&want);
}

/* One line of a megabyte: it stays in the window, the positions used up must not. */
static void a_long_line_of_many_tokens_is_read(void **state)
{
    as_buf in = {0}, out = {0}, want = {0};

    (void)state;
    as_buf_byte(&in, '[');
    for (unsigned i = 0; i < 500000; i++)
        as_buf_text(&in, "1,");
    as_buf_text(&in, "1]\n2\n");
    as_buf_printf(&want, "1:0-%zu 2:%zu-%zu ", in.n - 3, in.n - 2, in.n - 1);
    read_many(as_buf_bytes(&in), &out);
    assert_int_equal(out.n, want.n);
    assert_memory_equal(out.p, want.p, out.n);
    as_buf_done(&in);
    as_buf_done(&out);
    as_buf_done(&want);
}

static void one_value_is_all_without_many(void **state)
{
    as_source *s = NULL;
    as_json *j = NULL;
    as_json_tok t;

    (void)state;
    assert_int_equal(as_source_open_bytes(AS_LITERAL("1\n2"), NULL, &s, NULL), AS_OK);
    assert_int_equal(as_json_new(s, NULL, &j, NULL), AS_OK);
    assert_int_equal(as_json_next(j, &t, NULL), AS_OK);
    assert_int_equal(as_json_next(j, &t, NULL), AS_INVALID);
    assert_int_equal(as_json_resync(j, NULL), AS_INVALID);
    as_json_free(j);
    as_source_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_is_a_value_with_its_number),
        cmocka_unit_test(a_bad_line_costs_no_other),
        cmocka_unit_test(long_inputs_keep_count),
        cmocka_unit_test(a_long_line_of_many_tokens_is_read),
        cmocka_unit_test(one_value_is_all_without_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

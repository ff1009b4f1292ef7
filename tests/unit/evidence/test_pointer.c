#include "evidence/evidence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

static as_step key(as_facts *f, as_bytes text)
{
    as_str str = 0;

    assert_int_equal(as_facts_intern(f, text, &str), AS_OK);
    return str | AS_STEP_KEY;
}

static as_node below(as_facts *f, as_node up, as_step step)
{
    as_node node = 0;

    assert_int_equal(as_facts_node(f, up, step, &node), AS_OK);
    assert_int_not_equal(node, 0);
    return node;
}

static void expect(const as_facts *f, as_node node, as_step last, as_bytes want)
{
    as_evidence e = {1, 2, node, last};
    as_buf out = {0};

    as_buf_text(&out, "<");
    as_facts_pointer(f, &e, &out);
    as_buf_text(&out, ">");
    assert_false(out.failed);
    assert_int_equal(out.n, want.n + 2);
    assert_memory_equal(out.p + 1, want.p, want.n);
    assert_true(out.p[0] == '<' && out.p[out.n - 1] == '>');
    as_buf_done(&out);
}

static void a_pointer_is_the_steps_from_the_root(void **state)
{
    as_facts *f = as_facts_new(0);
    as_node behavior = below(f, 0, key(f, AS_LITERAL("behavior")));
    as_node list = below(f, behavior, key(f, AS_LITERAL("processes")));
    as_node third = below(f, list, 2);

    (void)state;
    expect(f, third, key(f, AS_LITERAL("pid")), AS_LITERAL("/behavior/processes/2/pid"));
    expect(f, list, 0, AS_LITERAL("/behavior/processes/0"));
    expect(f, list, 10, AS_LITERAL("/behavior/processes/10"));
    expect(f, 0, 2147483646, AS_LITERAL("/2147483646"));
    as_facts_free(f);
}

static void the_node_itself_and_the_document_have_pointers_too(void **state)
{
    as_facts *f = as_facts_new(0);
    as_node info = below(f, 0, key(f, AS_LITERAL("info")));

    (void)state;
    expect(f, info, AS_STEP_NONE, AS_LITERAL("/info"));
    expect(f, 0, AS_STEP_NONE, AS_LITERAL(""));
    expect(f, 0, 0, AS_LITERAL("/0"));
    as_facts_free(f);
}

static void tilde_and_slash_are_escaped_in_keys(void **state)
{
    as_facts *f = as_facts_new(0);
    as_node odd = below(f, 0, key(f, AS_LITERAL("a/b~c")));

    (void)state;
    expect(f, odd, key(f, AS_LITERAL("~1")), AS_LITERAL("/a~1b~0c/~01"));
    expect(f, 0, key(f, AS_LITERAL("/")), AS_LITERAL("/~1"));
    expect(f, 0, key(f, AS_LITERAL("~~//")), AS_LITERAL("/~0~0~1~1"));
    as_facts_free(f);
}

static void a_key_may_be_empty_or_hold_any_byte(void **state)
{
    as_facts *f = as_facts_new(0);
    as_node empty = below(f, 0, key(f, AS_LITERAL("")));

    (void)state;
    expect(f, empty, key(f, AS_LITERAL("")), AS_LITERAL("//"));
    expect(f, 0, key(f, AS_LITERAL("a\0/\n")), AS_LITERAL("/a\0~1\n"));
    expect(f, 0, key(f, AS_LITERAL("12")), AS_LITERAL("/12"));
    as_facts_free(f);
}

static void depth_is_no_trouble(void **state)
{
    as_facts *f = as_facts_new(0);
    as_buf want = {0};
    as_node node = 0;

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        node = below(f, node, i % 10);
        as_buf_byte(&want, '/');
        as_buf_byte(&want, (uint8_t)('0' + i % 10));
    }
    expect(f, node, AS_STEP_NONE, as_buf_bytes(&want));
    as_buf_done(&want);
    as_facts_free(f);
}

static void a_pointer_without_memory_marks_the_buffer(void **state)
{
    as_facts *f = as_facts_new(0);
    as_evidence e = {1, 2, 0, 5};
    as_buf out = {0};

    (void)state;
    as_mem_fail_at(1);
    as_facts_pointer(f, &e, &out);
    as_mem_fail_at(0);
    assert_true(out.failed);
    assert_int_equal(out.n, 0);
    as_buf_done(&out);
    as_facts_free(f);
}

static void a_pointer_over_the_limit_of_a_buffer_marks_it(void **state)
{
    as_facts *f = as_facts_new(0);
    uint8_t *big = as_mem_zero(1, (size_t)8 << 20);
    as_evidence e = {1, 2, 0, AS_STEP_NONE};
    as_buf out = {0};
    as_step step;

    (void)state;
    assert_non_null(big);
    step = key(f, (as_bytes){big, (size_t)8 << 20});
    for (unsigned i = 0; i < 600; i++)
        e.node = below(f, e.node, step);
    as_facts_pointer(f, &e, &out);
    assert_true(out.failed);
    as_buf_done(&out);
    as_mem_free(big);
    as_facts_free(f);
}

static void nodes_obey_limit_and_heap(void **state)
{
    as_facts *f = as_facts_new(20000);
    as_node node = 7;
    as_code rc = AS_OK;
    unsigned n = 0;

    (void)state;
    as_mem_fail_at(1);
    assert_int_equal(as_facts_node(f, 0, 1, &node), AS_NOMEM);
    as_mem_fail_at(0);
    assert_int_equal(node, 7);
    for (node = 0; !rc; n += !rc)
        rc = as_facts_node(f, node, 1, &node);
    assert_int_equal(rc, AS_LIMIT);
    assert_true(n > 1000 && n == node);
    assert_true(as_facts_memory(f) <= 20000);
    as_facts_free(f);
}

static void records_are_numbered_instead_of_pointed_at(void **state)
{
    as_facts *f = as_facts_new(0);
    as_evidence e = {.last = 12};
    as_buf out = {0};
    as_str key = 0;

    (void)state;
    as_facts_number_records(f);
    as_facts_pointer(f, &e, &out);
    assert_true(as_bytes_is(as_buf_bytes(&out), "#12"));
    assert_int_equal(as_facts_node(f, 0, 7, &e.node), AS_OK);
    assert_int_equal(as_facts_intern(f, AS_LITERAL("Event"), &key), AS_OK);
    e.last = key | AS_STEP_KEY;
    as_buf_reset(&out);
    as_facts_pointer(f, &e, &out);
    assert_true(as_bytes_is(as_buf_bytes(&out), "#7/Event"));
    as_buf_done(&out);
    as_facts_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pointer_is_the_steps_from_the_root),
        cmocka_unit_test(the_node_itself_and_the_document_have_pointers_too),
        cmocka_unit_test(tilde_and_slash_are_escaped_in_keys),
        cmocka_unit_test(a_key_may_be_empty_or_hold_any_byte),
        cmocka_unit_test(depth_is_no_trouble),
        cmocka_unit_test(a_pointer_without_memory_marks_the_buffer),
        cmocka_unit_test(a_pointer_over_the_limit_of_a_buffer_marks_it),
        cmocka_unit_test(nodes_obey_limit_and_heap),
        cmocka_unit_test(records_are_numbered_instead_of_pointed_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

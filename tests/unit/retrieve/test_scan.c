#include "retrieve/scan.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

#define ROWS 37u

static uint32_t next_random(uint32_t *state)
{
    return *state = *state * 1664525u + 1013904223u;
}

static int8_t code_of(unsigned fill, uint32_t *state)
{
    if (fill == 0)
        return 127;
    if (fill == 1)
        return -127;
    return (int8_t)((int)(next_random(state) >> 16) % 128 - (int)(next_random(state) >> 31) * 63);
}

static int64_t sum_of(const int8_t *a, const int8_t *b, size_t n)
{
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (int64_t)a[i] * b[i];
    return sum;
}

static void check_variant(const as_scan *s, size_t dim, unsigned fill, unsigned fill_query)
{
    size_t stride = as_scan_stride(dim);
    int8_t *codes = as_mem_zero(ROWS + 1, stride), *query = codes + ROWS * stride;
    uint32_t state = (uint32_t)dim;
    int32_t dots[ROWS];

    assert_non_null(codes);
    for (size_t row = 0; row <= ROWS; row++)
        for (size_t i = 0; i < dim; i++)
            codes[row * stride + i] = code_of(row < ROWS ? fill : fill_query, &state);
    for (size_t n = 0; n <= ROWS; n++) {
        memset(dots, 0x55, sizeof(dots));
        s->dots(codes, stride, n, query, dots);
        for (size_t row = 0; row < n; row++)
            assert_int_equal(dots[row], sum_of(codes + row * stride, query, dim));
        for (size_t row = n; row < ROWS; row++)
            assert_int_equal(dots[row], 0x55555555);
    }
    for (size_t row = 0; row < ROWS; row++)
        assert_int_equal(s->dot(codes + row * stride, query, stride),
                         sum_of(codes + row * stride, query, dim));
    as_mem_free(codes);
}

static void every_variant_gives_the_sums_of_a_plain_loop(void **state)
{
    static const char *const names[] = {"plain", "avx2", "avx512vnni"};
    static const size_t dims[] = {1, 63, 64, 65, 128, 384, 777, 4096};
    unsigned checked = 0;

    (void)state;
    for (size_t i = 0; i < AS_COUNT(names); i++) {
        const as_scan *s = as_scan_named(names[i]);

        if (!s) {
            print_message("%s is not for this processor\n", names[i]);
            continue;
        }
        assert_string_equal(s->name, names[i]);
        for (size_t d = 0; d < AS_COUNT(dims); d++)
            for (unsigned fill = 0; fill < 9; fill++)
                check_variant(s, dims[d], fill % 3, fill / 3);
        checked++;
    }
    assert_true(checked >= 1);
}

static void the_best_variant_has_a_name_that_finds_it(void **state)
{
    (void)state;
    assert_ptr_equal(as_scan_named(as_scan_best()->name), as_scan_best());
    assert_null(as_scan_named("sse9"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_variant_gives_the_sums_of_a_plain_loop),
        cmocka_unit_test(the_best_variant_has_a_name_that_finds_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "evidence/evidence.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

static const uint8_t sha256[AS_SHA256_SIZE] = {0x33, 0x91, 0xc4, 0xe3, 0xba, 0xfe, 0x76, 0x1a,
                                               0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static void expect_refused(as_bytes id)
{
    as_evidence_ref ref = {true, 7, 8, 9};

    assert_int_equal(as_evidence_parse(id, &ref), AS_USAGE);
    assert_true(ref.has_input && ref.input == 7 && ref.begin == 8 && ref.end == 9);
}

static void an_id_names_the_input_and_the_range(void **state)
{
    char id[AS_EVIDENCE_ID_MAX];

    (void)state;
    as_evidence_id(sha256, 0x4f3a21, 0x4f3a4d, id);
    assert_string_equal(id, "3391c4e3bafe761a-4f3a21-2c");
    as_evidence_id((const uint8_t[AS_SHA256_SIZE]){0}, 0, 1, id);
    assert_string_equal(id, "0000000000000000-0-1");
}

static void the_longest_id_fits(void **state)
{
    char id[AS_EVIDENCE_ID_MAX];

    (void)state;
    as_evidence_id(sha256, 0, UINT64_MAX, id);
    assert_string_equal(id, "3391c4e3bafe761a-0-ffffffffffffffff");
    as_evidence_id(sha256, UINT64_MAX, 0, id); /* no range, but no overrun either */
    assert_true(strlen(id) < AS_EVIDENCE_ID_MAX);
}

static void what_was_printed_is_read_back(void **state)
{
    static const uint64_t numbers[] = {
        0, 1, 9, 15, 16, UINT32_MAX, 1ull << 32, 1ull << 63, UINT64_MAX - 1};
    char id[AS_EVIDENCE_ID_MAX];
    as_evidence_ref ref;

    (void)state;
    for (size_t i = 0; i < AS_COUNT(numbers); i++) {
        for (size_t k = 0; k < AS_COUNT(numbers); k++) {
            uint64_t end;

            if (numbers[k] == 0 || __builtin_add_overflow(numbers[i], numbers[k], &end))
                continue;
            as_evidence_id(sha256, numbers[i], end, id);
            assert_int_equal(as_evidence_parse(as_bytes_of(id), &ref), AS_OK);
            assert_true(ref.has_input && ref.input == 0x3391c4e3bafe761a);
            assert_true(ref.begin == numbers[i] && ref.end == end);
            assert_int_equal(as_evidence_parse(as_bytes_of(id + 17), &ref), AS_OK);
            assert_true(!ref.has_input && ref.input == 0);
            assert_true(ref.begin == numbers[i] && ref.end == end);
        }
    }
}

static void no_prefix_of_an_id_without_its_length_is_one(void **state)
{
    static const char id[] = "3391c4e3bafe761a-4f3a21-2c";
    as_evidence_ref ref;

    (void)state;
    for (size_t n = 0; n <= 17; n++)
        expect_refused((as_bytes){(const uint8_t *)id, n});
    /* From here on it is a short form, until a dash ends in nothing. */
    assert_int_equal(as_evidence_parse(AS_LITERAL("3391c4e3bafe761a-4"), &ref), AS_OK);
    assert_false(ref.has_input);
    expect_refused(AS_LITERAL("3391c4e3bafe761a-4f3a21-"));
}

static void an_id_is_spelt_in_one_way(void **state)
{
    static const char *const wrong[] = {
        "-",
        "--",
        "---",
        "4f3a21",
        "4F3A21-2c",
        "4f3a21-2C",
        "0x4f-2c",
        "4f-0x2c",
        " 4f-2c",
        "4f-2c ",
        "4f-2c\n",
        "+4f-2c",
        "4f--2c",
        "04f-2c",
        "4f-02c",
        "00-1",
        "4g-2c",
        "4f:2c",
        "3391C4e3bafe761a-4f-2c",
        "3391c4e3bafe761-4f-2c",
        "03391c4e3bafe761a-4f-2c",
        "-4f-2c",
        "3391c4e3bafe761a--2c",
        "3391c4e3bafe761a-4f-",
        "3391c4e3bafe761a-4f-2c-",
        "3391c4e3bafe761a-4f-2c-1",
        "3391c4e3bafe761z-4f-2c",
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(wrong); i++)
        expect_refused(as_bytes_of(wrong[i]));
    expect_refused((as_bytes){NULL, 0});
    expect_refused(AS_LITERAL("4f-2c\0"));
    expect_refused(AS_LITERAL("4f\0-2c"));
}

static void a_range_that_cannot_be_is_refused(void **state)
{
    as_evidence_ref ref;

    (void)state;
    expect_refused(AS_LITERAL("4f-0"));
    expect_refused(AS_LITERAL("ffffffffffffffff-1"));
    expect_refused(AS_LITERAL("2-ffffffffffffffff"));
    expect_refused(AS_LITERAL("10000000000000000-1"));
    expect_refused(AS_LITERAL("1-10000000000000000"));
    assert_int_equal(as_evidence_parse(AS_LITERAL("fffffffffffffffe-1"), &ref), AS_OK);
    assert_true(ref.end == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_names_the_input_and_the_range),
        cmocka_unit_test(the_longest_id_fits),
        cmocka_unit_test(what_was_printed_is_read_back),
        cmocka_unit_test(no_prefix_of_an_id_without_its_length_is_one),
        cmocka_unit_test(an_id_is_spelt_in_one_way),
        cmocka_unit_test(a_range_that_cannot_be_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

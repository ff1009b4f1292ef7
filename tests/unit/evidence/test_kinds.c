#include "evidence/kinds.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

/* The form that a name has in the lines of `assay facts`. */
static void expect_name(const char *name)
{
    assert_non_null(name);
    assert_true(name[0] >= 'a' && name[0] <= 'z');
    assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name));
}

static void every_kind_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < AS_KIND_COUNT; i++) {
        expect_name(as_kind_get((as_kind)i)->name);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(as_kind_get((as_kind)i)->name, as_kind_get((as_kind)k)->name);
    }
}

static void every_attribute_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < AS_ATTR_NAME_COUNT; i++) {
        expect_name(as_attr_get((as_attr_name)i)->name);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(as_attr_get((as_attr_name)i)->name,
                                    as_attr_get((as_attr_name)k)->name);
    }
}

static void every_section_has_a_name_and_a_kind(void **state)
{
    (void)state;
    for (unsigned i = 0; i < AS_SECTION_COUNT; i++) {
        unsigned kinds = 0;

        expect_name(as_section_name((as_section)i));
        for (unsigned k = 0; k < AS_KIND_COUNT; k++)
            kinds += as_kind_get((as_kind)k)->section == (as_section)i;
        /* persistence is told from the facts of other sections */
        assert_true(kinds > 0 || i == AS_SECTION_PERSISTENCE);
    }
}

static void rows_stand_under_their_own_number(void **state)
{
    const as_kind_row *mutex = as_kind_get(AS_KIND_MUTEX);
    const as_kind_row *dns = as_kind_get(AS_KIND_DNS);

    (void)state;
    assert_string_equal(mutex->name, "mutex");
    assert_int_equal(mutex->section, AS_SECTION_SYSTEM);
    assert_int_equal(mutex->ident, AS_ATTR_NAME);
    assert_int_equal(mutex->under, AS_ATTR_NAME);
    assert_string_equal(dns->name, "dns_query");
    assert_int_equal(dns->ident, AS_ATTR_REQUEST);
    assert_int_equal(dns->under, AS_ATTR_REQUEST);
    assert_string_equal(as_attr_get(AS_ATTR_SIZE)->name, "size");
    assert_int_equal(as_attr_get(AS_ATTR_SIZE)->type, AS_TYPE_SIZE);
    assert_int_equal(as_attr_get(AS_ATTR_PID)->type, AS_TYPE_INT);
    assert_int_equal(as_attr_get(AS_ATTR_TIME)->type, AS_TYPE_TIME);
    assert_int_equal(as_attr_get(AS_ATTR_VALID)->type, AS_TYPE_FLAG);
    assert_string_equal(as_section_name(AS_SECTION_RUN), "run");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_a_name_of_its_own),
        cmocka_unit_test(every_attribute_has_a_name_of_its_own),
        cmocka_unit_test(every_section_has_a_name_and_a_kind),
        cmocka_unit_test(rows_stand_under_their_own_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

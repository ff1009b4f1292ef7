#include "base/hash.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

/* FIPS 180-4's examples: one block, two blocks, a million letters; and nothing at all. */
#define OF_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OF_ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define OF_TWO   "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
#define OF_MANY  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void expect(const as_sha256 *h, const char *want)
{
    uint8_t digest[AS_SHA256_SIZE];
    char text[AS_SHA256_HEX + 1];

    as_sha256_get(h, digest);
    as_sha256_text(digest, text);
    assert_string_equal(text, want);
}

static void sha256_gives_the_known_answers(void **state)
{
    as_sha256 *h = as_sha256_new();

    (void)state;
    assert_non_null(h);
    as_sha256_add(h, (as_bytes){NULL, 0});
    expect(h, OF_EMPTY);
    as_sha256_add(h, AS_LITERAL("abc"));
    expect(h, OF_ABC);
    as_sha256_free(h);

    h = as_sha256_new();
    as_sha256_add(h, AS_LITERAL("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"));
    expect(h, OF_TWO);
    as_sha256_free(h);
}

static void a_digest_may_be_taken_on_the_way(void **state)
{
    as_sha256 *h = as_sha256_new();
    char block[1000];

    (void)state;
    memset(block, 'a', sizeof(block));
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t digest[AS_SHA256_SIZE];

        as_sha256_add(h, (as_bytes){(const uint8_t *)block, sizeof(block)});
        as_sha256_get(h, digest);
    }
    expect(h, OF_MANY);
    expect(h, OF_MANY);
    as_sha256_free(h);
    as_sha256_free(NULL);
}

static void a_new_digest_needs_memory(void **state)
{
    as_sha256 *h;

    (void)state;
    as_mem_fail_at(1);
    h = as_sha256_new();
    as_mem_fail_at(0);
    assert_null(h);
}

static void the_table_hash_depends_on_bytes_and_seed(void **state)
{
    uint64_t a = as_hash64(AS_LITERAL("mutex"), 1);

    (void)state;
    assert_true(a == as_hash64(AS_LITERAL("mutex"), 1));
    assert_true(a != as_hash64(AS_LITERAL("mutey"), 1));
    assert_true(a != as_hash64(AS_LITERAL("mutex"), 2));
    assert_true(as_hash64((as_bytes){NULL, 0}, 3) == as_hash64(AS_LITERAL(""), 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_known_answers),
        cmocka_unit_test(a_digest_may_be_taken_on_the_way),
        cmocka_unit_test(a_new_digest_needs_memory),
        cmocka_unit_test(the_table_hash_depends_on_bytes_and_seed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

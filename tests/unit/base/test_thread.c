#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/source.h"
#include "base/thread.h"

static void append(void *ctx, as_bytes bytes)
{
    as_buf_add(ctx, bytes);
}

/* No second processor: nothing to test, and as_feed_new() says so. */
static as_feed *feed_or_skip(void *ctx)
{
    as_feed *f = as_feed_new(append, ctx);

    if (!f) {
        print_message("skipped: one processor only\n");
        skip();
    }
    return f;
}

static void what_is_fed_is_eaten_in_order(void **state)
{
    uint8_t block[300000];
    as_buf eaten = {0}, fed = {0};
    as_feed *f = feed_or_skip(&eaten);

    (void)state;
    for (size_t i = 0; i < 40; i++) {
        size_t n = (i * 7919) % sizeof(block) + 1;

        memset(block, (int)i, n);
        as_feed_add(f, (as_bytes){block, n});
        as_buf_add(&fed, (as_bytes){block, n});
    }
    as_feed_wait(f);
    assert_true(as_bytes_eq(as_buf_bytes(&eaten), as_buf_bytes(&fed)));
    as_feed_free(f);
    as_buf_done(&eaten);
    as_buf_done(&fed);
}

static void free_finishes_what_was_fed(void **state)
{
    uint8_t block[AS_FEED_CHUNK * 3] = {1};
    as_buf eaten = {0};
    as_feed *f = feed_or_skip(&eaten);

    (void)state;
    as_feed_add(f, (as_bytes){block, sizeof(block)});
    as_feed_free(f);
    assert_int_equal(eaten.n, sizeof(block));
    as_buf_done(&eaten);
}

static void nothing_fed_is_nothing_eaten(void **state)
{
    as_buf eaten = {0};
    as_feed *f = feed_or_skip(&eaten);

    (void)state;
    as_feed_add(f, (as_bytes){0});
    as_feed_wait(f);
    as_feed_free(f);
    as_feed_free(NULL);
    assert_int_equal(eaten.n, 0);
}

/* A source hands its hashing to a feed once it is large: the digest must not depend on that. */
static void a_large_source_has_the_digest_of_its_bytes(void **state)
{
    static uint8_t bytes[5u << 20], read[70001];
    uint8_t expected[AS_SHA256_SIZE], digest[AS_SHA256_SIZE];
    as_sha256 *whole = as_sha256_new();
    as_source *s = NULL;
    size_t got = 1;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    as_sha256_add(whole, (as_bytes){bytes, sizeof(bytes)});
    as_sha256_get(whole, expected);
    as_sha256_free(whole);
    assert_int_equal(as_source_open_bytes((as_bytes){bytes, sizeof(bytes)}, NULL, &s, NULL), AS_OK);
    while (got)
        assert_int_equal(as_source_read(s, read, sizeof(read), &got, NULL), AS_OK);
    as_source_sha256(s, digest);
    as_source_free(s);
    assert_memory_equal(digest, expected, sizeof(digest));
}

static void one_processor_gets_no_second_thread(void **state)
{
    cpu_set_t all, one;
    as_buf eaten = {0};
    size_t first = 0;

    (void)state;
    if (sched_getaffinity(0, sizeof(all), &all))
        skip();
    while (!CPU_ISSET(first, &all))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    assert_null(as_feed_new(append, &eaten));
    assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_fed_is_eaten_in_order),
        cmocka_unit_test(free_finishes_what_was_fed),
        cmocka_unit_test(nothing_fed_is_nothing_eaten),
        cmocka_unit_test(a_large_source_has_the_digest_of_its_bytes),
        cmocka_unit_test(one_processor_gets_no_second_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

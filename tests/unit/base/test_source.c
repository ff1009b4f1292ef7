#include "base/hash.h"
#include "base/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

static char dir[96];

static const char *path_of(const char *name)
{
    static char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static const char *file_with(const char *name, as_bytes content)
{
    const char *path = path_of(name);
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(content.p, 1, content.n, f), content.n);
    assert_int_equal(fclose(f), 0);
    return path;
}

/* One gzip member of `content`, appended at *n. */
static void pack(uint8_t *dst, size_t cap, size_t *n, as_bytes content)
{
    z_stream z = {.next_out = dst + *n, .avail_out = (uInt)(cap - *n)};

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (z_const Bytef *)(uintptr_t)content.p;
    z.avail_in = (uInt)content.n;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    *n += z.total_out;
    (void)deflateEnd(&z);
}

/* Reads to the end or to the first failure, `step` bytes a call; *n is what came out. */
static as_code drain(as_source *s, uint8_t *dst, size_t cap, size_t step, size_t *n, as_err *err)
{
    size_t got = 1;
    as_code rc = AS_OK;

    *n = 0;
    while (!rc && got > 0) {
        got = 99;
        assert_true(*n < cap);
        rc = as_source_read(s, dst + *n, step < cap - *n ? step : cap - *n, &got, err);
        if (rc)
            assert_int_equal(got, 99);
        else
            *n += got;
    }
    return rc;
}

static void expect_digest(const as_source *s, as_bytes content)
{
    uint8_t got[32], want[32];
    as_sha256 *h = as_sha256_new();

    as_sha256_add(h, content);
    as_sha256_get(h, want);
    as_sha256_free(h);
    as_source_sha256(s, got);
    assert_memory_equal(got, want, 32);
}

/* Opens bytes, reads all, compares with `want` and its digest. */
static void expect_content(as_bytes raw, as_bytes want, size_t step)
{
    static uint8_t out[200000];
    as_source *s = NULL;
    as_err err = {0};
    size_t n;

    assert_int_equal(as_source_open_bytes(raw, NULL, &s, &err), AS_OK);
    assert_int_equal(drain(s, out, sizeof(out), step, &n, &err), AS_OK);
    assert_true(as_bytes_eq((as_bytes){out, n}, want));
    assert_int_equal(as_source_at(s), want.n);
    assert_int_equal(as_source_at_packed(s), raw.n);
    assert_int_equal(as_source_size(s), raw.n);
    expect_digest(s, want);
    as_source_free(s);
}

/* Opens bytes and reads until it fails; the code is `want`, `*n` bytes were delivered. */
static as_code read_bytes(as_bytes raw, const as_source_limits *limits, size_t step, size_t *n,
                          as_err *err)
{
    static uint8_t out[200000];
    as_source *s = NULL;
    as_code rc;

    assert_int_equal(as_source_open_bytes(raw, limits, &s, err), AS_OK);
    rc = drain(s, out, sizeof(out), step, n, err);
    if (rc) {
        size_t again;

        assert_int_equal(as_source_read(s, out, 1, &again, NULL), rc);
    }
    assert_int_equal(as_source_at(s), *n);
    expect_digest(s, (as_bytes){out, *n});
    as_source_free(s);
    return rc;
}

static void fill_text(uint8_t *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        text[i] = (uint8_t)("{\"report\": 12345}"[i * 7 % 17] + (int)(i / 1000 % 3));
}

static void a_plain_file_comes_as_it_is(void **state)
{
    static uint8_t text[100000], out[100001];
    as_bytes content = {text, sizeof(text)};
    as_source *s = NULL;
    as_err err = {0};
    const char *path;
    size_t n;

    (void)state;
    fill_text(text, sizeof(text));
    path = file_with("plain.gz", content);
    assert_int_equal(as_source_open(path, NULL, &s, &err), AS_OK);
    assert_string_equal(as_source_name(s), path);
    assert_false(as_source_packed(s));
    assert_int_equal(as_source_size(s), sizeof(text));
    assert_int_equal(drain(s, out, sizeof(out), 777, &n, &err), AS_OK);
    assert_true(as_bytes_eq((as_bytes){out, n}, content));
    assert_int_equal(as_source_at_packed(s), sizeof(text));
    expect_digest(s, content);
    as_source_free(s);
    as_source_free(NULL);
}

static void short_inputs_are_whole(void **state)
{
    static const char *const texts[] = {"", "1", "\x1f", "{}", "\x1fz", "{\"a\":1}"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(texts); i++) {
        for (size_t step = 1; step < 4; step++)
            expect_content(as_bytes_of(texts[i]), as_bytes_of(texts[i]), step);
    }
    expect_content((as_bytes){NULL, 0}, (as_bytes){NULL, 0}, 5);
}

static void gzip_is_known_by_its_magic(void **state)
{
    static uint8_t text[150000], packed[150000];
    as_source *s = NULL;
    as_err err = {0};
    size_t n = 0;

    (void)state;
    fill_text(text, sizeof(text));
    pack(packed, sizeof(packed), &n, (as_bytes){text, sizeof(text)});
    expect_content((as_bytes){packed, n}, (as_bytes){text, sizeof(text)}, 1000);
    expect_content((as_bytes){packed, n}, (as_bytes){text, sizeof(text)}, sizeof(text) + 1);

    assert_int_equal(
        as_source_open(file_with("packed.json", (as_bytes){packed, n}), NULL, &s, &err), AS_OK);
    assert_true(as_source_packed(s));
    assert_int_equal(as_source_size(s), n);
    as_source_free(s);
}

static void members_one_after_the_other_are_one_input(void **state)
{
    static uint8_t packed[4096];
    size_t n = 0;

    (void)state;
    pack(packed, sizeof(packed), &n, AS_LITERAL("first "));
    pack(packed, sizeof(packed), &n, AS_LITERAL(""));
    pack(packed, sizeof(packed), &n, AS_LITERAL("second"));
    for (size_t step = 1; step < 20; step++)
        expect_content((as_bytes){packed, n}, AS_LITERAL("first second"), step);
}

static void every_truncation_of_gzip_is_invalid(void **state)
{
    static uint8_t packed[4096];
    size_t n = 0, first;

    (void)state;
    pack(packed, sizeof(packed), &n, AS_LITERAL("the first member "));
    first = n;
    pack(packed, sizeof(packed), &n, AS_LITERAL("and the second"));
    for (size_t cut = 2; cut < n; cut++) {
        as_err err = {0};
        size_t out;
        as_code rc = read_bytes((as_bytes){packed, cut}, NULL, 5, &out, &err);

        if (cut == first) {
            assert_int_equal(rc, AS_OK);
            continue;
        }
        assert_int_equal(rc, AS_INVALID);
        assert_int_equal(err.offset, out);
        assert_non_null(strstr(err.msg, "cut short"));
    }
}

static void a_wrong_checksum_or_length_is_invalid(void **state)
{
    static uint8_t packed[4096];
    size_t n = 0;

    (void)state;
    pack(packed, sizeof(packed), &n, AS_LITERAL("some text to be sure of"));
    for (size_t i = n - 8; i < n; i++) {
        as_err err = {0};
        size_t out;

        packed[i] ^= 0x10;
        assert_int_equal(read_bytes((as_bytes){packed, n}, NULL, 100, &out, &err), AS_INVALID);
        assert_int_equal(err.offset, 23);
        assert_int_equal(out, 23);
        packed[i] ^= 0x10;
    }
}

static void what_follows_the_stream_must_be_a_member(void **state)
{
    static const char *const tails[] = {"garbage", "\x1f", "\x1f\x8c", "x", "{}"};
    static uint8_t packed[4096];
    size_t n = 0;

    (void)state;
    pack(packed, sizeof(packed), &n, AS_LITERAL("body"));
    for (size_t i = 0; i < AS_COUNT(tails); i++) {
        as_err err = {0};
        size_t out;

        memcpy(packed + n, tails[i], strlen(tails[i]));
        assert_int_equal(
            read_bytes((as_bytes){packed, n + strlen(tails[i])}, NULL, 100, &out, &err),
            AS_INVALID);
        assert_int_equal(out, 4);
        assert_int_equal(err.offset, 4);
    }
    packed[n] = 0;
    assert_int_equal(read_bytes((as_bytes){packed, n + 1}, NULL, 100, &n, NULL), AS_INVALID);
}

static void a_magic_with_nonsense_behind_it_is_invalid(void **state)
{
    as_err err = {0};
    size_t n;

    (void)state;
    assert_int_equal(read_bytes(AS_LITERAL("\x1f\x8b\x07zzzzzzzzzzzzzzzzz"), NULL, 9, &n, &err),
                     AS_INVALID);
    assert_int_equal(n, 0);
    assert_int_equal(err.offset, 0);
    assert_non_null(strstr(err.msg, "(memory)"));
}

static void unpacked_max_is_kept_to_the_byte(void **state)
{
    static uint8_t packed[4096];
    size_t n = 0;

    (void)state;
    pack(packed, sizeof(packed), &n, AS_LITERAL("0123456789"));
    for (size_t step = 1; step < 13; step++) {
        const as_bytes raws[] = {AS_LITERAL("0123456789"), {packed, n}};

        for (size_t i = 0; i < AS_COUNT(raws); i++) {
            as_source_limits limits = {10, 400};
            as_err err = {0};
            size_t out;

            assert_int_equal(read_bytes(raws[i], &limits, step, &out, &err), AS_OK);
            limits.unpacked_max = 9;
            assert_int_equal(read_bytes(raws[i], &limits, step, &out, &err), AS_LIMIT);
            assert_int_equal(out, 9);
            assert_int_equal(err.offset, 9);
        }
    }
}

/* 72 MiB of zeros in one member; the blocks are small, so it is quick. */
static size_t pack_bomb(uint8_t *dst, size_t cap)
{
    static const uint8_t zeros[1 << 16];
    z_stream z = {.next_out = dst, .avail_out = (uInt)cap};

    assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    for (unsigned i = 0; i < 72 * 16; i++) {
        z.next_in = (z_const Bytef *)(uintptr_t)zeros;
        z.avail_in = sizeof(zeros);
        assert_int_equal(deflate(&z, Z_NO_FLUSH), Z_OK);
    }
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    (void)deflateEnd(&z);
    return z.total_out;
}

static as_code read_bomb(as_bytes bomb, uint32_t ratio_max, uint64_t *ret_at)
{
    static uint8_t out[1 << 20];
    as_source_limits limits = {(uint64_t)8 << 30, ratio_max};
    as_source *s = NULL;
    size_t got = 1;
    as_code rc = AS_OK;

    assert_int_equal(as_source_open_bytes(bomb, &limits, &s, NULL), AS_OK);
    while (!rc && got > 0)
        rc = as_source_read(s, out, sizeof(out), &got, NULL);
    *ret_at = as_source_at(s);
    as_source_free(s);
    return rc;
}

static void a_bomb_stops_after_the_free_part(void **state)
{
    static uint8_t bomb[1 << 20];
    as_bytes raw = {bomb, pack_bomb(bomb, sizeof(bomb))};
    uint64_t at;

    (void)state;
    assert_true(((uint64_t)72 << 20) / raw.n > 200);
    assert_int_equal(read_bomb(raw, 100, &at), AS_LIMIT);
    assert_int_equal(at, (uint64_t)64 << 20);
    assert_int_equal(read_bomb(raw, 1032, &at), AS_OK);
    assert_int_equal(at, (uint64_t)72 << 20);
}

static void expect_refused(const char *path, const char *words)
{
    as_source *s = NULL;
    as_err err = {0};

    assert_int_equal(as_source_open(path, NULL, &s, &err), AS_REFUSED);
    assert_null(s);
    assert_non_null(strstr(err.msg, words));
    assert_int_equal(as_source_open(path, NULL, &s, NULL), AS_REFUSED);
}

static void what_is_not_a_file_is_refused_in_one_line(void **state)
{
    (void)state;
    expect_refused(dir, "is a directory; name a report file");
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    expect_refused(path_of("fifo"), "is a FIFO; use - to read standard input");
    expect_refused("/dev/null", "is a device; name a report file");
    expect_refused(path_of("absent"), "cannot open");
    expect_refused("", "cannot open ''");
    expect_refused("no\nsuch\x1b", "no\\x0asuch\\x1b");
}

static void an_unreadable_file_is_refused(void **state)
{
    const char *path = file_with("secret", AS_LITERAL("{}"));
    bool superuser = geteuid() == 0;

    (void)state;
    assert_int_equal(chmod(path, 0), 0);
    /* The superuser may read everything, so the test steps down for a moment. */
    if (superuser)
        assert_int_equal(seteuid(65534), 0);
    expect_refused(path, "Permission denied");
    if (superuser)
        assert_int_equal(seteuid(0), 0);
}

/* Puts `fd` in the place of standard input; returns the old one. */
static int stdin_becomes(int fd)
{
    int old = dup(STDIN_FILENO);

    assert_true(dup2(fd, STDIN_FILENO) == STDIN_FILENO);
    (void)close(fd);
    return old;
}

static void stdin_again(int old)
{
    if (old < 0)
        (void)close(STDIN_FILENO);
    else
        assert_int_equal(stdin_becomes(old) < 0, 0);
}

static void a_pipe_on_standard_input_is_read(void **state)
{
    static uint8_t packed[4096], out[4096];
    as_bytes raws[2] = {AS_LITERAL("piped"), {packed, 0}};

    (void)state;
    pack(packed, sizeof(packed), &raws[1].n, AS_LITERAL("piped"));
    for (size_t i = 0; i < AS_COUNT(raws); i++) {
        as_source *s = NULL;
        as_err err = {0};
        int ends[2], old;
        size_t n;

        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], raws[i].p, raws[i].n), raws[i].n);
        (void)close(ends[1]);
        /* Someone else's flag must not look like an error. */
        assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
        old = stdin_becomes(ends[0]);
        assert_int_equal(as_source_open("-", NULL, &s, &err), AS_OK);
        assert_string_equal(as_source_name(s), "-");
        assert_int_equal(as_source_size(s), 0);
        assert_int_equal(as_source_packed(s), i == 1);
        assert_int_equal(drain(s, out, sizeof(out), 100, &n, &err), AS_OK);
        assert_true(as_bytes_is((as_bytes){out, n}, "piped"));
        as_source_free(s);
        stdin_again(old);
    }
}

static void a_directory_on_standard_input_is_refused(void **state)
{
    int old = stdin_becomes(open(dir, O_RDONLY | O_DIRECTORY));

    (void)state;
    expect_refused("-", "standard input is a directory");
    stdin_again(old);
}

static void each_failed_allocation_is_no_memory(void **state)
{
    static uint8_t packed[4096], out[64];
    as_bytes raw = {packed, 0};
    uint64_t nth = 0;
    as_code rc = AS_NOMEM;

    (void)state;
    pack(packed, sizeof(packed), &raw.n, AS_LITERAL("text"));
    while (rc == AS_NOMEM) {
        as_source *s = NULL;
        size_t n;

        as_mem_fail_at(++nth);
        rc = as_source_open_bytes(raw, NULL, &s, NULL);
        if (rc)
            assert_null(s);
        else
            rc = drain(s, out, sizeof(out), 10, &n, NULL);
        as_mem_fail_at(0);
        as_source_free(s);
        assert_true(nth < 100);
    }
    assert_int_equal(rc, AS_OK);
    assert_true(nth > 4);
}

static int make_dir(void **state)
{
    const char *base = getenv("TMPDIR");

    (void)state;
    (void)snprintf(dir, sizeof(dir), "%s/assay-test-source-XXXXXX", base ? base : P_tmpdir);
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    static const char *const names[] = {"plain.gz", "packed.json", "fifo", "secret"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(names); i++)
        (void)unlink(path_of(names[i]));
    return rmdir(dir);
}

static void what_is_peeked_at_is_read_again(void **state)
{
    uint8_t got[64], digest[32], expected[32];
    as_sha256 *whole = as_sha256_new();
    as_source *s = NULL;
    as_bytes head;
    size_t n = 0, total = 0;

    (void)state;
    assert_int_equal(as_source_open_bytes(AS_LITERAL("one two three"), NULL, &s, NULL), AS_OK);
    assert_int_equal(as_source_peek(s, 4, &head, NULL), AS_OK);
    assert_true(as_bytes_is(head, "one "));
    assert_int_equal(as_source_peek(s, 100, &head, NULL), AS_OK);
    assert_true(as_bytes_is(head, "one two three"));
    do {
        assert_int_equal(as_source_read(s, got + total, 5, &n, NULL), AS_OK);
        total += n;
    } while (n);
    assert_int_equal(total, 13);
    assert_memory_equal(got, "one two three", 13);
    assert_int_equal(as_source_at(s), 13);
    as_sha256_add(whole, AS_LITERAL("one two three"));
    as_sha256_get(whole, expected);
    as_source_sha256(s, digest);
    assert_memory_equal(digest, expected, 32);
    as_sha256_free(whole);
    as_source_free(s);
}

/* A stream that gives `text` in pieces of three bytes, or fails after so many of them. */
struct pieces {
    as_bytes text;
    unsigned left; /* until it fails; 0: never */
};

static as_code give_piece(void *ctx, uint8_t *dst, size_t cap, size_t *ret_n, as_err *err)
{
    struct pieces *p = ctx;
    size_t n = p->text.n < 3 ? p->text.n : 3;

    if (p->left > 0 && --p->left == 0)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "the stream has enough");
    n = n < cap ? n : cap;
    if (n > 0)
        memcpy(dst, p->text.p, n);
    p->text.p += n;
    p->text.n -= n;
    *ret_n = n;
    return AS_OK;
}

static void a_stream_is_read_to_its_end(void **state)
{
    struct pieces p = {.text = AS_LITERAL("one two three")};
    uint8_t got[32];
    as_source *s = NULL;
    size_t n = 0, total = 0;

    (void)state;
    assert_int_equal(as_source_open_stream("a!b", give_piece, &p, 13, NULL, &s, NULL), AS_OK);
    assert_string_equal(as_source_name(s), "a!b");
    assert_int_equal(as_source_size(s), 13);
    assert_false(as_source_packed(s));
    do {
        assert_int_equal(as_source_read(s, got + total, sizeof(got) - total, &n, NULL), AS_OK);
        total += n;
    } while (n);
    assert_int_equal(total, 13);
    assert_memory_equal(got, "one two three", 13);
    assert_int_equal(as_source_at_packed(s), 13);
    as_source_free(s);
}

static void the_failure_of_a_stream_is_the_sources(void **state)
{
    struct pieces at_once = {.text = AS_LITERAL("one"), .left = 1};
    struct pieces later = {.text = AS_LITERAL("one two three"), .left = 4};
    uint8_t got[32];
    as_source *s = NULL;
    as_err err = {0};
    size_t n = 1;
    as_code rc = AS_OK;

    (void)state;
    assert_int_equal(as_source_open_stream("a", give_piece, &at_once, 0, NULL, &s, &err), AS_LIMIT);
    assert_string_equal(err.msg, "the stream has enough");
    err = (as_err){0};
    assert_int_equal(as_source_open_stream("a", give_piece, &later, 0, NULL, &s, &err), AS_OK);
    while (!rc && n > 0)
        rc = as_source_read(s, got, sizeof(got), &n, &err);
    assert_int_equal(rc, AS_LIMIT);
    assert_string_equal(err.msg, "the stream has enough");
    as_source_free(s);
}

static void count_done(void *ctx)
{
    struct pieces *p = ctx;

    p->left = 99;
}

static void a_plain_stream_is_not_unpacked_and_is_told_of_its_end(void **state)
{
    static uint8_t packed[200], out[300];
    struct pieces p = {0};
    as_source *s = NULL;
    as_bytes whole;
    size_t n = 0;

    (void)state;
    pack(packed, sizeof(packed), &n, AS_LITERAL("packed once more"));
    p.text = (as_bytes){packed, n};
    whole = p.text;
    assert_int_equal(as_source_open_plain("abc", give_piece, count_done, &p, n, &s, NULL), AS_OK);
    assert_false(as_source_packed(s));
    assert_int_equal(as_source_size(s), n);
    assert_int_equal(as_source_rename(s, "a.json.gz", NULL), AS_OK);
    assert_string_equal(as_source_name(s), "a.json.gz");
    assert_int_equal(drain(s, out, sizeof(out), 7, &n, NULL), AS_OK);
    assert_true(as_bytes_eq((as_bytes){out, n}, whole));
    expect_digest(s, whole);
    as_source_free(s);
    assert_int_equal(p.left, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_file_comes_as_it_is),
        cmocka_unit_test(short_inputs_are_whole),
        cmocka_unit_test(gzip_is_known_by_its_magic),
        cmocka_unit_test(members_one_after_the_other_are_one_input),
        cmocka_unit_test(every_truncation_of_gzip_is_invalid),
        cmocka_unit_test(a_wrong_checksum_or_length_is_invalid),
        cmocka_unit_test(what_follows_the_stream_must_be_a_member),
        cmocka_unit_test(a_magic_with_nonsense_behind_it_is_invalid),
        cmocka_unit_test(unpacked_max_is_kept_to_the_byte),
        cmocka_unit_test(a_bomb_stops_after_the_free_part),
        cmocka_unit_test(what_is_not_a_file_is_refused_in_one_line),
        cmocka_unit_test(an_unreadable_file_is_refused),
        cmocka_unit_test(a_pipe_on_standard_input_is_read),
        cmocka_unit_test(a_directory_on_standard_input_is_refused),
        cmocka_unit_test(each_failed_allocation_is_no_memory),
        cmocka_unit_test(what_is_peeked_at_is_read_again),
        cmocka_unit_test(a_stream_is_read_to_its_end),
        cmocka_unit_test(a_plain_stream_is_not_unpacked_and_is_told_of_its_end),
        cmocka_unit_test(the_failure_of_a_stream_is_the_sources),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

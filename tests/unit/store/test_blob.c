#include "store/blob_priv.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

#define TEXT_SIZE ((size_t)900 * 1000) /* four frames */

static char dir[64];
static uint8_t text[TEXT_SIZE];

static const char *path_of(const char *name)
{
    static char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static const char *blob_path(const uint8_t sha256[AS_SHA256_SIZE])
{
    static char path[256];
    char hex[AS_SHA256_HEX + 1];

    as_sha256_text(sha256, hex);
    (void)snprintf(path, sizeof(path), "%s/blobs/%.2s/%s.zst", dir, hex, hex);
    return path;
}

/* Lines that differ, a stretch that does not pack, one that packs to nothing. */
static void fill_text(void)
{
    uint32_t seed = 7;

    for (size_t i = 0; i < TEXT_SIZE; i++) {
        seed = seed * 1664525u + 1013904223u;
        text[i] = (uint8_t)("{\"api\": 12345}\n"[i % 15]);
        if (i % 37 == 0 || (i > 300000 && i < 400000))
            text[i] = (uint8_t)(seed >> 24);
        if (i > 600000 && i < 700000)
            text[i] = 0;
    }
}

static void run(const char *command)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0) {
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int group_setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/assay-blob-XXXXXX");
    fill_text();
    return mkdtemp(dir) ? 0 : -1;
}

static int group_done(void **state)
{
    char command[128];

    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    run(command);
    return 0;
}

static int clean(void **state)
{
    char command[128];

    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf '%s'/*", dir);
    run(command);
    return 0;
}

static as_blobs *open_blobs(void)
{
    as_blobs *b = NULL;
    as_err err = {0};

    if (as_blobs_open(path_of("blobs"), true, &b, &err))
        fail_msg("%s", err.msg);
    return b;
}

static as_code put(as_blobs *b, as_bytes content, bool later, as_blob_info *info, as_err *err)
{
    as_source *s = NULL;
    as_code rc = as_source_open_bytes(content, NULL, &s, err);

    if (!rc)
        rc = as_blob_put(b, s, later, info, err);
    as_source_free(s);
    return rc;
}

static as_blob_info put_good(as_blobs *b, as_bytes content, bool later)
{
    as_blob_info info = {0};
    as_err err = {0};

    if (put(b, content, later, &info, &err))
        fail_msg("%s", err.msg);
    return info;
}

static void digest_of(as_bytes content, uint8_t digest[AS_SHA256_SIZE])
{
    as_sha256 *h = as_sha256_new();

    as_sha256_add(h, content);
    as_sha256_get(h, digest);
    as_sha256_free(h);
}

/* All of a blob through a source. */
static as_code drain(as_blobs *b, const uint8_t *sha256, uint8_t *dst, size_t cap, size_t *n,
                     as_err *err)
{
    as_source *s = NULL;
    as_code rc = as_blob_open(b, sha256, &s, err);
    size_t got = 1;

    *n = 0;
    while (!rc && got > 0) {
        assert_true(*n < cap);
        rc = as_source_read(s, dst + *n, cap - *n < 70001 ? cap - *n : 70001, &got, err);
        *n += rc ? 0 : got;
    }
    as_source_free(s);
    return rc;
}

static void expect_content(as_blobs *b, const uint8_t *sha256, as_bytes want)
{
    uint8_t *out = as_mem_get(want.n + 1);
    as_blob_info info;
    as_err err = {0};
    size_t n;

    if (drain(b, sha256, out, want.n + 1, &n, &err))
        fail_msg("%s", err.msg);
    assert_true(as_bytes_eq((as_bytes){out, n}, want));
    assert_int_equal(as_blob_check(b, sha256, &info, &err), AS_OK);
    assert_int_equal(info.size, want.n);
    as_mem_free(out);
}

static size_t read_file(const char *path, uint8_t *dst, size_t cap)
{
    FILE *f = fopen(path, "rb");
    size_t n;

    assert_non_null(f);
    n = fread(dst, 1, cap, f);
    assert_true(n < cap);
    (void)fclose(f);
    return n;
}

static void write_file(const char *path, as_bytes content)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(content.p, 1, content.n, f), content.n);
    assert_int_equal(fclose(f), 0);
}

static void what_is_put_comes_back(void **state)
{
    static const size_t sizes[] = {0,
                                   1,
                                   2,
                                   1000,
                                   AS_BLOB_FRAME - 1,
                                   AS_BLOB_FRAME,
                                   AS_BLOB_FRAME + 1,
                                   2 * AS_BLOB_FRAME,
                                   TEXT_SIZE};
    as_blobs *b = open_blobs();

    (void)state;
    for (size_t i = 0; i < AS_COUNT(sizes); i++) {
        as_bytes content = {text, sizes[i]};
        uint8_t want[AS_SHA256_SIZE];
        struct stat st;
        as_blob_info info = put_good(b, content, i % 2);

        digest_of(content, want);
        assert_memory_equal(info.sha256, want, sizeof(want));
        assert_int_equal(info.size, sizes[i]);
        assert_false(info.was_there);
        assert_int_equal(stat(blob_path(want), &st), 0);
        assert_int_equal(st.st_size, info.stored);
        expect_content(b, want, content);

        info = put_good(b, content, false);
        assert_true(info.was_there);
        assert_memory_equal(info.sha256, want, sizeof(want));
        assert_int_equal(info.size, sizes[i]);
        assert_int_equal(info.stored, st.st_size);
    }
    assert_int_equal(as_blobs_sync(b, NULL), AS_OK);
    as_blobs_close(b);
    as_blobs_close(NULL);
}

static void many_are_made_durable_together(void **state)
{
    as_blobs *b = open_blobs();
    as_blob_info info[40];

    (void)state;
    for (size_t i = 0; i < AS_COUNT(info); i++)
        info[i] = put_good(b, (as_bytes){text + i, 3000}, true);
    assert_int_equal(as_blob_remove(b, info[0].sha256, NULL), AS_OK);
    assert_int_equal(as_blobs_sync(b, NULL), AS_OK);
    assert_int_equal(as_blobs_sync(b, NULL), AS_OK);
    as_blobs_close(b);
    b = open_blobs();
    for (size_t i = 1; i < AS_COUNT(info); i++)
        expect_content(b, info[i].sha256, (as_bytes){text + i, 3000});
    as_blobs_close(b);
}

static void content_that_looks_packed_stays_as_it_is(void **state)
{
    static const uint8_t packed[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 'x'};
    as_bytes content = {packed, sizeof(packed)};
    as_blobs *b = open_blobs();
    char command[256];
    as_blob_info info;
    as_source *s = NULL;
    uint8_t frame[200];
    size_t n;

    (void)state;
    /* Packed once more: the source takes off the outer layer, and keeps the inner. */
    write_file(path_of("inner"), content);
    (void)snprintf(command, sizeof(command), "cd '%s' && gzip -c inner >outer", dir);
    run(command);
    assert_int_equal(as_source_open(path_of("outer"), NULL, &s, NULL), AS_OK);
    assert_int_equal(as_blob_put(b, s, false, &info, NULL), AS_OK);
    as_source_free(s);
    assert_int_equal(drain(b, info.sha256, frame, sizeof(frame), &n, NULL), AS_OK);
    assert_true(as_bytes_eq((as_bytes){frame, n}, content));
    as_blobs_close(b);
}

static void a_source_must_be_fresh_but_may_be_peeked_at(void **state)
{
    as_blobs *b = open_blobs();
    as_source *s = NULL;
    as_blob_info info;
    as_bytes first;
    uint8_t byte;
    as_err err = {0};
    size_t n;

    (void)state;
    assert_int_equal(as_source_open_bytes((as_bytes){text, 5000}, NULL, &s, NULL), AS_OK);
    assert_int_equal(as_source_peek(s, 100, &first, NULL), AS_OK);
    assert_int_equal(as_blob_put(b, s, false, &info, NULL), AS_OK);
    as_source_free(s);
    expect_content(b, info.sha256, (as_bytes){text, 5000});

    assert_int_equal(as_source_open_bytes((as_bytes){text, 5000}, NULL, &s, NULL), AS_OK);
    assert_int_equal(as_source_read(s, &byte, 1, &n, NULL), AS_OK);
    assert_int_equal(as_blob_put(b, s, false, &info, &err), AS_USAGE);
    assert_non_null(strstr(err.msg, "was read before"));
    as_source_free(s);
    as_blobs_close(b);
}

static void any_range_costs_the_frames_it_lies_in(void **state)
{
    as_blobs *b = open_blobs();
    as_blob_info info = put_good(b, (as_bytes){text, TEXT_SIZE}, false);
    static uint8_t out[TEXT_SIZE];
    as_frames *f = NULL;
    uint64_t before;
    as_err err = {0};
    uint32_t seed = 1;
    int fd = open(blob_path(info.sha256), O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_int_equal(as_frames_open(fd, "x", &f, &err), AS_OK);
    assert_int_equal(as_frames_size(f), TEXT_SIZE);
    for (int i = 0; i < 300; i++) {
        size_t at, n;

        seed = seed * 1664525u + 1013904223u;
        at = seed % TEXT_SIZE;
        n = (seed >> 3) % 3000;
        n = n < TEXT_SIZE - at ? n : TEXT_SIZE - at;
        before = as_frames_unpacked(f);
        assert_int_equal(as_frames_read(f, at, out, n, &err), AS_OK);
        assert_memory_equal(out, text + at, n);
        assert_true(as_frames_unpacked(f) - before <= 2);
        assert_int_equal(as_blob_read(b, info.sha256, at, out, n, &err), AS_OK);
        assert_memory_equal(out, text + at, n);
    }
    before = as_frames_unpacked(f);
    for (size_t at = 0; at < AS_BLOB_FRAME; at += 1024)
        assert_int_equal(as_frames_read(f, at, out, 1024, &err), AS_OK);
    assert_true(as_frames_unpacked(f) - before <= 1);
    as_frames_free(f);

    assert_int_equal(as_blob_read(b, info.sha256, TEXT_SIZE, out, 0, &err), AS_OK);
    assert_int_equal(as_blob_read(b, info.sha256, TEXT_SIZE, out, 1, &err), AS_INVALID);
    assert_int_equal(as_blob_read(b, info.sha256, UINT64_MAX, out, 2, &err), AS_INVALID);
    assert_non_null(strstr(err.msg, "900000 bytes"));
    as_blobs_close(b);
}

static void zstd_reads_it(void **state)
{
    as_blobs *b = open_blobs();
    static uint8_t out[TEXT_SIZE + 1];
    as_blob_info info = put_good(b, (as_bytes){text, TEXT_SIZE}, false), empty;
    char command[512];
    size_t n;

    (void)state;
    empty = put_good(b, (as_bytes){text, 0}, false);
    as_blobs_close(b);
    if (access("/usr/bin/zstd", X_OK)) {
        print_message("zstd is not there\n");
        skip();
    }
    n = (size_t)snprintf(command, sizeof(command), "zstd -q -d -c %s >", blob_path(info.sha256));
    (void)snprintf(command + n, sizeof(command) - n, "%s", path_of("out"));
    run(command);
    n = read_file(path_of("out"), out, sizeof(out));
    assert_true(as_bytes_eq((as_bytes){out, n}, (as_bytes){text, TEXT_SIZE}));
    (void)snprintf(command, sizeof(command), "zstd -q -t %s", blob_path(empty.sha256));
    run(command);
}

static void a_missing_blob_is_not_found(void **state)
{
    uint8_t sha256[AS_SHA256_SIZE] = {1, 2, 3}, byte;
    as_blobs *b = NULL;
    as_source *s = NULL;
    as_blob_info info;
    as_err err = {0};

    (void)state;
    assert_int_equal(as_blobs_open(path_of("blobs"), false, &b, &err), AS_NOT_FOUND);
    assert_int_equal(as_blobs_open(path_of("no/such"), true, &b, &err), AS_IO);
    b = open_blobs();
    assert_int_equal(as_blob_open(b, sha256, &s, &err), AS_NOT_FOUND);
    assert_non_null(strstr(err.msg, "'0102030000"));
    assert_non_null(strstr(err.msg, "missing"));
    assert_int_equal(as_blob_read(b, sha256, 0, &byte, 1, &err), AS_NOT_FOUND);
    assert_int_equal(as_blob_check(b, sha256, &info, &err), AS_NOT_FOUND);
    assert_int_equal(as_blob_remove(b, sha256, &err), AS_NOT_FOUND);
    info = put_good(b, (as_bytes){text, 100}, false);
    assert_int_equal(as_blob_read(b, info.sha256, 0, &byte, 1, &err), AS_OK);
    assert_int_equal(as_blob_remove(b, info.sha256, &err), AS_OK);
    assert_int_equal(as_blob_read(b, info.sha256, 0, &byte, 1, &err), AS_NOT_FOUND);
    assert_int_equal(mkdir(blob_path(info.sha256), 0700), 0);
    assert_int_equal(as_blob_open(b, info.sha256, &s, &err), AS_INVALID);
    as_blobs_close(b);
}

/* A blob of 2000 bytes of which the file's content is given. */
static as_code with_file(as_blobs *b, const as_blob_info *info, as_bytes file, as_err *err)
{
    static uint8_t out[4096];
    as_blob_info again;
    as_code rc, other;
    size_t n;

    write_file(blob_path(info->sha256), file);
    rc = drain(b, info->sha256, out, sizeof(out), &n, err);
    other = as_blob_check(b, info->sha256, &again, NULL);
    if (!rc && as_bytes_eq((as_bytes){out, n}, (as_bytes){text, 2000}))
        assert_int_equal(other, AS_OK);
    else
        assert_int_equal(other, AS_INVALID);
    return other;
}

static void every_truncation_is_seen(void **state)
{
    as_blobs *b = open_blobs();
    as_blob_info info = put_good(b, (as_bytes){text, 2000}, false);
    static uint8_t file[4096];
    size_t n = read_file(blob_path(info.sha256), file, sizeof(file));

    (void)state;
    for (size_t cut = 0; cut < n; cut++) {
        as_err err = {0};

        assert_int_equal(with_file(b, &info, (as_bytes){file, cut}, &err), AS_INVALID);
        assert_non_null(strstr(err.msg, "is damaged: "));
    }
    assert_int_equal(with_file(b, &info, (as_bytes){file, n + 1}, NULL), AS_INVALID);
    assert_int_equal(with_file(b, &info, (as_bytes){file, n}, NULL), AS_OK);
    as_blobs_close(b);
}

static void every_flipped_bit_is_seen_or_harmless(void **state)
{
    as_blobs *b = open_blobs();
    as_blob_info info = put_good(b, (as_bytes){text, 2000}, false);
    static uint8_t file[4096];
    size_t n = read_file(blob_path(info.sha256), file, sizeof(file)), harmless = 0;

    (void)state;
    for (size_t bit = 0; bit < 8 * n; bit++) {
        as_err err = {0};

        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        /* with_file() sees to it that no other content is ever called good. */
        harmless += !with_file(b, &info, (as_bytes){file, n}, &err);
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    /* Some bits of the coding tables mean nothing to who unpacks it. */
    assert_true(harmless < 8 * n / 50);
    as_blobs_close(b);
}

static void put_mends_what_is_damaged(void **state)
{
    as_blobs *b = open_blobs();
    as_blob_info info = put_good(b, (as_bytes){text, 2000}, false);
    uint8_t byte;

    (void)state;
    assert_int_equal(as_blob_read(b, info.sha256, 0, &byte, 1, NULL), AS_OK);
    write_file(blob_path(info.sha256), AS_LITERAL(""));
    info = put_good(b, (as_bytes){text, 2000}, false);
    assert_false(info.was_there);
    expect_content(b, info.sha256, (as_bytes){text, 2000});

    /* Whole, but of another content: the hash says so. */
    {
        static uint8_t file[4096];
        as_blob_info other = put_good(b, (as_bytes){text, 1000}, false);
        size_t n = read_file(blob_path(other.sha256), file, sizeof(file));
        as_err err = {0};

        write_file(blob_path(info.sha256), (as_bytes){file, n});
        assert_int_equal(as_blob_check(b, info.sha256, &other, &err), AS_INVALID);
        assert_non_null(strstr(err.msg, "another hash"));
        assert_false(put_good(b, (as_bytes){text, 2000}, false).was_there);
    }
    expect_content(b, info.sha256, (as_bytes){text, 2000});
    as_blobs_close(b);
}

struct seen {
    unsigned blobs, dead;
    uint64_t stored;
};

static as_code see(void *ctx, const uint8_t *sha256, uint64_t stored, as_err *err)
{
    struct seen *seen = ctx;

    (void)err;
    seen->blobs += sha256 != NULL;
    seen->dead += sha256 == NULL;
    seen->stored += sha256 ? stored : 0;
    return AS_OK;
}

static as_code stop_at_once(void *ctx, const uint8_t *sha256, uint64_t stored, as_err *err)
{
    (void)ctx;
    (void)sha256;
    (void)stored;
    return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "enough");
}

/* Gives one frame, and then the process is gone. */
static as_code give_and_die(void *ctx, uint8_t *dst, size_t cap, size_t *ret_n, as_err *err)
{
    size_t *given = ctx;

    (void)err;
    if (*given > 2 * AS_BLOB_FRAME)
        (void)raise(SIGKILL);
    memset(dst, (int)(*given % 251), cap);
    *given += cap;
    *ret_n = cap;
    return AS_OK;
}

static void what_a_killed_writer_left_is_found_and_removed(void **state)
{
    as_blobs *b = open_blobs(), *reader = NULL;
    as_blob_info info = put_good(b, (as_bytes){text, 2000}, false);
    struct seen seen = {0};
    int status = 0;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        size_t given = 0;
        as_source *s = NULL;

        if (!as_source_open_stream("x", give_and_die, &given, 0, NULL, &s, NULL) &&
            !as_blob_put(b, s, false, &info, NULL))
            _exit(1);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    write_file(path_of("blobs/notes.txt"), AS_LITERAL("not ours"));

    /* Who may only read tells of it and leaves it. */
    assert_int_equal(as_blobs_open(path_of("blobs"), false, &reader, NULL), AS_OK);
    for (int i = 0; i < 2; i++) {
        seen = (struct seen){0};
        assert_int_equal(as_blobs_each(reader, see, &seen, NULL), AS_OK);
        assert_int_equal(seen.dead, 1);
    }
    as_blobs_close(reader);
    for (int i = 0; i < 2; i++) {
        seen = (struct seen){0};
        assert_int_equal(as_blobs_each(b, see, &seen, NULL), AS_OK);
        assert_int_equal(seen.dead, i == 0);
        assert_int_equal(seen.blobs, 1);
        assert_int_equal(seen.stored, info.stored);
    }
    assert_int_equal(as_blobs_each(b, stop_at_once, NULL, NULL), AS_LIMIT);
    as_blobs_close(b);
}

/* Looks at the folder while a blob is being written. */
static as_code give_and_look(void *ctx, uint8_t *dst, size_t cap, size_t *ret_n, as_err *err)
{
    size_t *given = ctx;
    struct seen seen = {0};
    as_blobs *other = open_blobs();

    assert_int_equal(as_blobs_each(other, see, &seen, err), AS_OK);
    assert_int_equal(seen.dead, 0);
    assert_int_equal(seen.blobs, 0);
    as_blobs_close(other);
    memset(dst, 'a', cap);
    *ret_n = *given > AS_BLOB_FRAME ? 0 : cap;
    *given += *ret_n;
    return AS_OK;
}

static void what_is_being_written_is_let_be(void **state)
{
    as_blobs *b = open_blobs();
    as_blob_info info;
    as_source *s = NULL;
    struct seen seen = {0};
    size_t given = 0;

    (void)state;
    assert_int_equal(as_source_open_stream("x", give_and_look, &given, 0, NULL, &s, NULL), AS_OK);
    assert_int_equal(as_blob_put(b, s, false, &info, NULL), AS_OK);
    as_source_free(s);
    assert_int_equal(as_blobs_each(b, see, &seen, NULL), AS_OK);
    assert_int_equal(seen.blobs, 1);
    as_blobs_close(b);
}

static as_code give_and_fail(void *ctx, uint8_t *dst, size_t cap, size_t *ret_n, as_err *err)
{
    size_t *given = ctx;

    if (*given > AS_BLOB_FRAME)
        return as_fail(err, AS_INVALID, 7, "the input broke");
    memset(dst, 'b', cap);
    *given += cap;
    *ret_n = cap;
    return AS_OK;
}

static void a_source_that_fails_leaves_nothing(void **state)
{
    as_blobs *b = open_blobs();
    as_blob_info info;
    as_source *s = NULL;
    struct seen seen = {0};
    as_err err = {0};
    size_t given = 0;

    (void)state;
    assert_int_equal(as_source_open_stream("x", give_and_fail, &given, 0, NULL, &s, NULL), AS_OK);
    assert_int_equal(as_blob_put(b, s, false, &info, &err), AS_INVALID);
    assert_string_equal(err.msg, "the input broke");
    as_source_free(s);
    assert_int_equal(as_blobs_each(b, see, &seen, NULL), AS_OK);
    assert_int_equal(seen.blobs + seen.dead, 0);
    as_blobs_close(b);
}

static void a_file_that_cannot_grow_leaves_nothing(void **state)
{
    as_blobs *b = open_blobs();
    struct rlimit old, small;
    struct seen seen = {0};
    as_blob_info info;
    as_err err = {0};

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = (struct rlimit){20000, old.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(put(b, (as_bytes){text, TEXT_SIZE}, false, &info, &err), AS_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, SIG_DFL);
    assert_non_null(strstr(err.msg, "File too large"));
    assert_int_equal(as_blobs_each(b, see, &seen, NULL), AS_OK);
    assert_int_equal(seen.blobs + seen.dead, 0);
    as_blobs_close(b);
}

/* One job: open, keep, read in both ways, check. */
static as_code whole_job(as_err *err)
{
    uint8_t byte, *out = NULL;
    as_blob_info info = {0};
    as_blobs *b = NULL;
    as_code rc = as_blobs_open(path_of("blobs"), true, &b, err);
    size_t n = 0;

    if (!rc)
        rc = put(b, (as_bytes){text, 300000}, true, &info, err);
    if (!rc)
        rc = as_blobs_sync(b, err);
    if (!rc)
        rc = as_blob_read(b, info.sha256, 299999, &byte, 1, err);
    if (!rc) {
        out = malloc(300001);
        assert_non_null(out);
        rc = drain(b, info.sha256, out, 300001, &n, err);
    }
    if (!rc)
        rc = as_blob_check(b, info.sha256, &info, err);
    if (!rc)
        assert_int_equal(n, 300000);
    free(out);
    as_blobs_close(b);
    return rc;
}

static void each_allocation_may_fail(void **state)
{
    as_code rc = AS_NOMEM;
    uint64_t n = 0;

    while (rc) {
        as_err err = {0};
        struct seen seen = {0};
        as_blobs *b;

        (void)clean(state);
        as_mem_fail_at(++n);
        rc = whole_job(&err);
        as_mem_fail_at(0);
        assert_true(rc == AS_OK || rc == AS_NOMEM);
        assert_true(n < 200);
        b = open_blobs();
        assert_int_equal(as_blobs_each(b, see, &seen, NULL), AS_OK);
        assert_int_equal(seen.dead, 0);
        as_blobs_close(b);
    }
    assert_true(n > 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_put_comes_back, clean),
        cmocka_unit_test_setup(many_are_made_durable_together, clean),
        cmocka_unit_test_setup(content_that_looks_packed_stays_as_it_is, clean),
        cmocka_unit_test_setup(a_source_must_be_fresh_but_may_be_peeked_at, clean),
        cmocka_unit_test_setup(any_range_costs_the_frames_it_lies_in, clean),
        cmocka_unit_test_setup(zstd_reads_it, clean),
        cmocka_unit_test_setup(a_missing_blob_is_not_found, clean),
        cmocka_unit_test_setup(every_truncation_is_seen, clean),
        cmocka_unit_test_setup(every_flipped_bit_is_seen_or_harmless, clean),
        cmocka_unit_test_setup(put_mends_what_is_damaged, clean),
        cmocka_unit_test_setup(what_a_killed_writer_left_is_found_and_removed, clean),
        cmocka_unit_test_setup(what_is_being_written_is_let_be, clean),
        cmocka_unit_test_setup(a_source_that_fails_leaves_nothing, clean),
        cmocka_unit_test_setup(a_file_that_cannot_grow_leaves_nothing, clean),
        cmocka_unit_test_setup(each_allocation_may_fail, clean),
    };

    return cmocka_run_group_tests(tests, group_setup, group_done);
}

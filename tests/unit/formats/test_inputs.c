#include "formats/inputs.h"
#include "formats/inputs_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

/* Fixtures are written by libarchive's other half; what it cannot write is made by hand. */

static char dir[64];

/* --- making archives ----------------------------------------------------------------- */

struct file {
    const char *name;
    const char *content;
    size_t n;       /* 0: strlen(content) */
    unsigned type;  /* 0: a regular file */
    const char *to; /* of links */
};

static as_bytes content_of(const struct file *f)
{
    as_bytes b = as_bytes_of(f->content);

    return f->n ? (as_bytes){(const uint8_t *)f->content, f->n} : b;
}

static la_ssize_t to_buf(struct archive *a, void *ctx, const void *p, size_t n)
{
    (void)a;
    as_buf_add(ctx, (as_bytes){p, n});
    return (la_ssize_t)n;
}

static void put_file(struct archive *a, const struct file *f)
{
    struct archive_entry *e = archive_entry_new();
    as_bytes content = content_of(f);

    assert_non_null(e);
    archive_entry_set_pathname(e, f->name);
    archive_entry_set_filetype(e, f->type ? f->type : AE_IFREG);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_size(e, f->type ? 0 : (int64_t)content.n);
    if (f->to && f->type == AE_IFLNK)
        archive_entry_set_symlink(e, f->to);
    else if (f->to)
        archive_entry_set_hardlink(e, f->to);
    assert_true(archive_write_header(a, e) >= ARCHIVE_WARN);
    if (!f->type && content.n > 0)
        assert_int_equal(archive_write_data(a, content.p, content.n), content.n);
    archive_entry_free(e);
}

/* `format`: "zip", "7zip", "pax", "v7tar", "raw"; `filter`: "none", "zstd", ... */
static as_buf make(const char *format, const char *filter, const char *options,
                   const char *password, const struct file *files, size_t n)
{
    struct archive *a = archive_write_new();
    as_buf out = {0};

    assert_non_null(a);
    assert_int_equal(archive_write_set_format_by_name(a, format), ARCHIVE_OK);
    if (strcmp(filter, "none") != 0)
        assert_int_equal(archive_write_add_filter_by_name(a, filter), ARCHIVE_OK);
    if (options)
        assert_int_equal(archive_write_set_options(a, options), ARCHIVE_OK);
    if (password)
        assert_int_equal(archive_write_set_passphrase(a, password), ARCHIVE_OK);
    assert_int_equal(archive_write_set_bytes_per_block(a, 0), ARCHIVE_OK);
    assert_int_equal(archive_write_open(a, &out, NULL, to_buf, NULL), ARCHIVE_OK);
    for (size_t i = 0; i < n; i++)
        put_file(a, &files[i]);
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    assert_false(out.failed);
    return out;
}

#define MAKE(format, filter, ...)                                                                  \
    make(format, filter, NULL, NULL, (const struct file[]){__VA_ARGS__},                           \
         AS_COUNT(((const struct file[]){__VA_ARGS__})))

/* --- walking ---------------------------------------------------------------------------- */

/* What a walk gave: "name=content\n" for each input, "name?reason\n" for what was skipped. */
struct seen {
    as_buf text;
    bool direct, found;
    bool stop_first;
    as_code answer; /* of the callback; 0: AS_OK */
    unsigned inputs, skipped;
};

static as_code read_all(as_source *s, as_buf *ret, as_err *err)
{
    uint8_t chunk[4096];
    size_t n = 0;

    do {
        as_code rc = as_source_read(s, chunk, sizeof(chunk), &n, err);

        if (rc)
            return rc;
        as_buf_add(ret, (as_bytes){chunk, n});
    } while (n > 0);
    return ret->failed ? as_fail_nomem(err, "the content") : AS_OK;
}

static as_code one(void *ctx, as_input *input, as_err *err)
{
    struct seen *seen = ctx;
    as_buf content = {0};
    as_code rc = read_all(input->source, &content, err);

    seen->inputs++;
    seen->direct = input->direct;
    seen->found = input->found;
    input->stop = seen->stop_first;
    if (!rc) {
        as_buf_printf(&seen->text, "%s=", as_source_name(input->source));
        as_buf_add(&seen->text, as_buf_bytes(&content));
        as_buf_byte(&seen->text, '\n');
    }
    as_buf_done(&content);
    if (!rc && seen->answer)
        rc = as_fail(err, seen->answer, AS_NO_OFFSET, "the callback says so");
    return rc;
}

static void passed_over(void *ctx, as_skip why, const char *name, const as_err *err)
{
    struct seen *seen = ctx;

    seen->skipped++;
    as_buf_printf(&seen->text, "%s?%s\n", name, as_skip_text(why));
    if (why == AS_SKIP_PASSWORD || why == AS_SKIP_UNSUPPORTED || why == AS_SKIP_FAILED)
        assert_true(err && err->code && *err->msg);
}

static void seen_done(struct seen *seen)
{
    as_buf_done(&seen->text);
}

static as_code walk_with(as_bytes bytes, const as_inputs_options *given, struct seen *seen,
                         as_err *err)
{
    as_inputs_options options = given ? *given : (as_inputs_options){0};
    as_source *s = NULL;
    as_code rc = as_source_open_bytes(bytes, NULL, &s, err);

    if (rc)
        return rc;
    options.on_skip = passed_over;
    options.skip_ctx = seen;
    rc = as_inputs_each_in(s, &options, one, seen, err);
    as_source_free(s);
    return rc;
}

static void assert_text(const struct seen *seen, const char *expected)
{
    as_bytes got = as_buf_bytes(&seen->text);

    if (!as_bytes_is(got, expected))
        fail_msg("got:\n%.*s\nexpected:\n%s", (int)got.n, (const char *)got.p, expected);
}

/* The walk is well and gives exactly this. Frees the archive. */
static void gives(as_buf archive, const as_inputs_options *options, const char *expected)
{
    struct seen seen = {0};
    as_err err = {0};

    if (walk_with(as_buf_bytes(&archive), options, &seen, &err))
        fail_msg("failed: %s", err.msg);
    assert_text(&seen, expected);
    seen_done(&seen);
    as_buf_done(&archive);
}

static void fails(as_buf archive, const as_inputs_options *options, as_code code, const char *words)
{
    struct seen seen = {0};
    as_err err = {0};

    assert_int_equal(walk_with(as_buf_bytes(&archive), options, &seen, &err), code);
    assert_int_equal(err.code, code);
    if (!strstr(err.msg, words))
        fail_msg("'%s' does not say '%s'", err.msg, words);
    seen_done(&seen);
    as_buf_done(&archive);
}

/* --- tests: archives ------------------------------------------------------------------------ */

static void each_kind_of_archive_gives_its_members(void **state)
{
    static const char *const expected = "(memory)!a.json={1}\n(memory)!d/b.json={2}\n";
    static const char *const formats[] = {"zip", "7zip", "pax", "gnutar", "ustar", "v7tar"};
    static const char *const filters[] = {"gzip", "zstd", "xz", "bzip2"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(formats); i++)
        gives(MAKE(formats[i], "none", {.name = "a.json", .content = "{1}"},
                   {.name = "d", .type = AE_IFDIR, .content = ""},
                   {.name = "d/b.json", .content = "{2}"}),
              NULL, expected);
    for (size_t i = 0; i < AS_COUNT(filters); i++)
        gives(MAKE("pax", filters[i], {.name = "a.json", .content = "{1}"},
                   {.name = "d/b.json", .content = "{2}"}),
              NULL, expected);
}

static void what_is_wrapped_alone_keeps_its_name(void **state)
{
    static const char *const filters[] = {"none", "gzip", "zstd", "xz", "bzip2"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(filters); i++)
        gives(MAKE("raw", filters[i], {.name = "x", .content = "{\"a\": 1}"}), NULL,
              "(memory)={\"a\": 1}\n");
}

static void a_wrapped_member_is_unpacked(void **state)
{
    as_buf gz = MAKE("raw", "gzip", {.name = "x", .content = "{1}"});
    as_buf zst = MAKE("raw", "zstd", {.name = "x", .content = "{2}"});

    (void)state;
    gives(MAKE("zip", "none", {.name = "a.gz", .content = (const char *)gz.p, .n = gz.n},
               {.name = "b.zst", .content = (const char *)zst.p, .n = zst.n}),
          NULL, "(memory)!a.gz={1}\n(memory)!b.zst={2}\n");
    as_buf_done(&gz);
    as_buf_done(&zst);
}

static void archives_in_archives_are_walked_to_the_limit(void **state)
{
    static const char *const formats[] = {"zip", "pax", "7zip", "zip", "pax"};
    const as_inputs_options three = {.limits = {.nested = 3}};
    as_buf inner = MAKE("zip", "none", {.name = "a.json", .content = "{1}"});

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        as_buf outer = MAKE(formats[i + 1], "none",
                            {.name = "in", .content = (const char *)inner.p, .n = inner.n});

        as_buf_done(&inner);
        inner = outer;
    }
    gives(MAKE("pax", "none", {.name = "o", .content = (const char *)inner.p, .n = inner.n}), NULL,
          "(memory)!o!in!in!a.json={1}\n");
    gives(MAKE("pax", "none", {.name = "o", .content = (const char *)inner.p, .n = inner.n}),
          &three, "(memory)!o!in!in?not readable\n");
    as_buf_done(&inner);
}

static void names_are_shown_and_lead_nowhere(void **state)
{
    (void)state;
    gives(MAKE("pax", "none", {.name = "../../etc/passwd", .content = "1"},
               {.name = "/etc/shadow", .content = "2"}, {.name = "C:\\x.json", .content = "3"},
               {.name = "a\x1b[31m\n\xe2\x80\xae.json", .content = "4"},
               {.name = "\xe4\xb8\xad.json", .content = "5"}),
          NULL,
          "(memory)!../../etc/passwd=1\n(memory)!/etc/shadow=2\n(memory)!C:\\x.json=3\n"
          "(memory)!a\\x1b[31m\\n\\u{202e}.json=4\n(memory)!\xe4\xb8\xad.json=5\n");
}

static void a_very_long_name_is_cut(void **state)
{
    char *name = as_mem_zero(1, 4001);
    struct seen seen = {0};
    as_err err = {0};
    as_buf archive;

    (void)state;
    assert_non_null(name);
    memset(name, 'n', 4000);
    archive = MAKE("pax", "none", {.name = name, .content = "1"});
    assert_int_equal(walk_with(as_buf_bytes(&archive), NULL, &seen, &err), AS_OK);
    assert_int_equal(seen.inputs, 1);
    assert_true(seen.text.n < AS_INPUTS_NAME + 64);
    seen_done(&seen);
    as_buf_done(&archive);
    as_mem_free(name);
}

static void junk_links_and_devices_are_skipped_with_a_reason(void **state)
{
    (void)state;
    gives(MAKE("pax", "none", {.name = "./a.json", .content = "1"},
               {.name = "__MACOSX/._a.json", .content = "2"},
               {.name = "x/.DS_Store", .content = "3"}, {.name = ".git/config", .content = "4"},
               {.name = "x/._y", .content = "5"},
               {.name = "l", .type = AE_IFLNK, .to = "/etc/passwd", .content = ""},
               {.name = "h", .to = "./a.json", .content = ""},
               {.name = "dev", .type = AE_IFBLK, .content = ""},
               {.name = "pipe", .type = AE_IFIFO, .content = ""}),
          NULL,
          "(memory)!./a.json=1\n"
          "(memory)!__MACOSX/._a.json?left behind by an operating system\n"
          "(memory)!x/.DS_Store?left behind by an operating system\n"
          "(memory)!.git/config?hidden\n"
          "(memory)!x/._y?left behind by an operating system\n"
          "(memory)!l?links\n(memory)!h?links\n"
          "(memory)!dev?devices or pipes\n(memory)!pipe?devices or pipes\n");
    gives(MAKE("zip", "none", {.name = "l", .type = AE_IFLNK, .to = "/etc/passwd", .content = ""}),
          NULL, "(memory)!l?links\n");
}

static void an_empty_archive_is_no_failure(void **state)
{
    (void)state;
    gives(make("zip", "none", NULL, NULL, NULL, 0), NULL, "");
    gives(make("7zip", "none", NULL, NULL, NULL, 0), NULL, "");
    gives(MAKE("pax", "none", {.name = "d", .type = AE_IFDIR, .content = ""}), NULL, "");
}

static void what_only_looks_like_an_archive_is_a_plain_input(void **state)
{
    static const char *const texts[] = {"PK", "7z", "BZh9", "{\"a\": \"ustar\"}", ""};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(texts); i++) {
        struct seen seen = {0};
        as_buf expected = {0};

        as_buf_printf(&expected, "(memory)=%s\n", texts[i]);
        as_buf_byte(&expected, '\0');
        assert_int_equal(walk_with(as_bytes_of(texts[i]), NULL, &seen, NULL), AS_OK);
        assert_text(&seen, (const char *)expected.p);
        seen_done(&seen);
        as_buf_done(&expected);
    }
}

/* --- tests: passwords --------------------------------------------------------------------------
 */

static as_buf encrypted(const char *options, const char *password)
{
    static const struct file files[] = {{.name = "a.json", .content = "{\"secret\": 1}"},
                                        {.name = "b.json", .content = "{\"secret\": 22}"}};

    return make("zip", "none", options, password, files, AS_COUNT(files));
}

static const char *const both =
    "(memory)!a.json={\"secret\": 1}\n(memory)!b.json={\"secret\": 22}\n";

static void every_encryption_of_zip_opens_with_its_password(void **state)
{
    static const char *const options[] = {"zip:encryption=zipcrypt", "zip:encryption=aes128",
                                          "zip:encryption=aes256"};
    static const char *const given[] = {"wrong", "", "s3cret \xc3\xbc", "other"};
    const as_inputs_options passwords = {.passwords = given, .n_passwords = AS_COUNT(given)};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(options); i++) {
        gives(encrypted(options[i], "infected"), NULL, both);
        gives(encrypted(options[i], "infected"), &passwords, both);
        gives(encrypted(options[i], "s3cret \xc3\xbc"), &passwords, both);
        /* The old encryption lets one wrong password in 256 begin; what comes of it is damage. */
        if (i == 0)
            continue;
        gives(encrypted(options[i], "unknown"), &passwords,
              "(memory)!a.json?encrypted with an unknown password\n"
              "(memory)!b.json?encrypted with an unknown password\n");
    }
}

/* One wrong password in 256 passes the check of the old encryption. */
static void no_wrong_password_is_taken_for_the_right_one(void **state)
{
    char texts[AS_INPUTS_PASSWORDS][8];
    const char *given[AS_INPUTS_PASSWORDS];
    const as_inputs_options passwords = {.passwords = given, .n_passwords = AS_INPUTS_PASSWORDS};

    (void)state;
    for (unsigned round = 0; round < 40; round++) {
        for (unsigned i = 0; i < AS_INPUTS_PASSWORDS; i++) {
            (void)snprintf(texts[i], sizeof(texts[i]), "w%u", round * 100 + i);
            given[i] = texts[i];
        }
        gives(encrypted("zip:encryption=zipcrypt", "infected"), &passwords, both);
    }
}

static void too_many_passwords_are_a_wrong_call(void **state)
{
    static const char *const given[AS_INPUTS_PASSWORDS + 1] = {"a"};
    const as_inputs_options passwords = {.passwords = given,
                                         .n_passwords = AS_INPUTS_PASSWORDS + 1};

    (void)state;
    fails(MAKE("zip", "none", {.name = "a", .content = "1"}), &passwords, AS_USAGE, "33 passwords");
}

/* --- tests: limits -------------------------------------------------------------------------------
 */

static as_buf zeros(size_t n)
{
    as_buf out = {0};

    as_buf_fill(&out, 0, n);
    assert_false(out.failed);
    return out;
}

static void a_bomb_is_refused(void **state)
{
    static const char *const packings[][2] = {{"zip", "none"}, {"7zip", "none"}, {"pax", "gzip"},
                                              {"pax", "zstd"}, {"pax", "xz"},    {"pax", "bzip2"}};
    as_buf content = zeros((size_t)80 << 20);

    (void)state;
    for (size_t i = 0; i < AS_COUNT(packings); i++)
        fails(MAKE(packings[i][0], packings[i][1],
                   {.name = "z", .content = (const char *)content.p, .n = content.n}),
              NULL, AS_LIMIT, "compression bomb");
    as_buf_done(&content);
}

/* Each alone is well below the limit. */
static void a_bomb_of_many_members_is_refused(void **state)
{
    as_buf content = zeros((size_t)20 << 20), inner;
    const struct file f = {.name = "z", .content = (const char *)content.p, .n = content.n};

    (void)state;
    fails(MAKE("zip", "none", f, f, f, f), NULL, AS_LIMIT, "compression bomb");
    inner = MAKE("zip", "none", f, f);
    fails(MAKE("zip", "none", {.name = "1", .content = (const char *)inner.p, .n = inner.n},
               {.name = "2", .content = (const char *)inner.p, .n = inner.n}),
          NULL, AS_LIMIT, "compression bomb");
    as_buf_done(&inner);
    as_buf_done(&content);
}

/* libarchive would hold all of it before the first member came out. */
static void a_zip_that_is_nearly_all_list_is_refused(void **state)
{
    static const char end[22] = "PK\5\6\0\0\0\0\1\0\1\0\0\0\0\4\4";
    as_buf archive = {0};

    (void)state;
    as_buf_text(&archive, "PK\3\4");
    as_buf_fill(&archive, 0, (size_t)AS_INPUTS_LIST);
    as_buf_add(&archive, (as_bytes){(const uint8_t *)end, sizeof(end)});
    fails(archive, NULL, AS_LIMIT, "a list of members of more than");
}

static void limits_are_kept_to_the_byte(void **state)
{
    const struct file ten = {.name = "a", .content = "0123456789"};
    const as_inputs_options enough = {.limits = {.unpacked = 20, .entries = 2}};
    const as_inputs_options bytes = {.limits = {.unpacked = 19}};
    const as_inputs_options entries = {.limits = {.entries = 1}};
    const as_inputs_options held = {.limits = {.held = 10}};

    (void)state;
    gives(MAKE("zip", "none", ten, ten), &enough, "(memory)!a=0123456789\n(memory)!a=0123456789\n");
    fails(MAKE("zip", "none", ten, ten), &bytes, AS_LIMIT, "more than 19 bytes");
    fails(MAKE("zip", "none", ten, ten), &entries, AS_LIMIT, "beyond the 1 files");
    fails(MAKE("zip", "none", ten), &held, AS_LIMIT, "archive of more than 10 bytes");
}

/* --- tests: what the callback says
 * ------------------------------------------------------------------ */

static void the_callback_may_stop_fail_or_end_the_walk(void **state)
{
    as_buf archive =
        MAKE("zip", "none", {.name = "a", .content = "1"}, {.name = "b", .content = "2"});
    struct seen seen = {.stop_first = true};
    as_err err = {0};

    (void)state;
    assert_int_equal(walk_with(as_buf_bytes(&archive), NULL, &seen, &err), AS_OK);
    assert_text(&seen, "(memory)!a=1\n");
    assert_true(seen.found);
    assert_false(seen.direct);
    seen_done(&seen);

    seen = (struct seen){.answer = AS_UNKNOWN};
    assert_int_equal(walk_with(as_buf_bytes(&archive), NULL, &seen, &err), AS_OK);
    assert_int_equal(seen.inputs, 2);
    assert_text(&seen, "(memory)!a=1\n(memory)!a?of an unknown format\n"
                       "(memory)!b=2\n(memory)!b?of an unknown format\n");
    seen_done(&seen);

    seen = (struct seen){.answer = AS_IO};
    assert_int_equal(walk_with(as_buf_bytes(&archive), NULL, &seen, &err), AS_IO);
    assert_int_equal(seen.inputs, 1);
    seen_done(&seen);
    as_buf_done(&archive);

    seen = (struct seen){.answer = AS_UNKNOWN};
    assert_int_equal(walk_with(AS_LITERAL("{}"), NULL, &seen, &err), AS_UNKNOWN);
    assert_false(seen.found);
    seen_done(&seen);
}

/* --- tests: damage
 * ------------------------------------------------------------------------------------ */

/* Whatever is cut off, what is given out is a beginning of the whole. */
static void every_truncation_gives_a_part_or_a_failure(void **state)
{
    static const char *const packings[][2] = {{"zip", "none"}, {"7zip", "none"}, {"pax", "none"},
                                              {"pax", "gzip"}, {"pax", "zstd"},  {"pax", "xz"}};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(packings); i++) {
        as_buf whole = MAKE(packings[i][0], packings[i][1], {.name = "a.json", .content = "{1}"},
                            {.name = "b.json", .content = "{22}"});

        for (size_t n = 0; n < whole.n; n += n < 600 || whole.n - n < 600 ? 1 : 37) {
            uint8_t *copy = as_mem_get(n);
            struct seen seen = {0};
            as_err err = {0};
            as_code rc;

            assert_non_null(copy);
            if (n > 0)
                memcpy(copy, whole.p, n);
            rc = walk_with((as_bytes){copy, n}, NULL, &seen, &err);
            assert_true(rc == AS_OK || (err.code == rc && *err.msg));
            seen_done(&seen);
            as_mem_free(copy);
        }
        as_buf_done(&whole);
    }
}

static void every_flipped_byte_is_survived(void **state)
{
    static const char *const formats[] = {"zip", "7zip", "pax"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(formats); i++) {
        as_buf whole = MAKE(formats[i], "none", {.name = "a.json", .content = "{1}"},
                            {.name = "b.json", .content = "{22}"});

        for (size_t n = 0; n < whole.n; n++) {
            struct seen seen = {0};
            as_err err = {0};
            as_code rc;

            whole.p[n] ^= 0xff;
            rc = walk_with(as_buf_bytes(&whole), NULL, &seen, &err);
            assert_true(rc == AS_OK || (err.code == rc && *err.msg));
            whole.p[n] ^= 0xff;
            seen_done(&seen);
        }
        as_buf_done(&whole);
    }
}

/* The list of a zip is whole, a member is not. */
static void a_damaged_member_costs_itself_alone(void **state)
{
    as_buf archive = make("zip", "none", "zip:compression=store", NULL,
                          (const struct file[]){{.name = "a", .content = "first content"},
                                                {.name = "b", .content = "second"}},
                          2);
    uint8_t *at = memmem(archive.p, archive.n, "first", 5);

    (void)state;
    assert_non_null(at);
    *at = 'F';
    gives(archive, NULL, "(memory)!a?not readable\n(memory)!b=second\n");
}

/* By 7-Zip: one with encrypted content, then one whose list is encrypted too. */
static const char encrypted_7z[] =
    "\x37\x7a\xbc\xaf\x27\x1c\x00\x04\x41\x09\xb0\x35\x10\x00\x00\x00\x00\x00\x00\x00\x6a\x00"
    "\x00\x00\x00\x00\x00\x00\x40\xb5\x42\x56\x7f\xc7\xa5\x5b\x98\x2b\x75\x8b\xd6\xd2\x37\xbf"
    "\x0e\x99\x7a\xfb\x01\x04\x06\x00\x01\x09\x10\x00\x07\x0b\x01\x00\x02\x24\x06\xf1\x07\x01"
    "\x12\x53\x0f\xa4\xe5\xaa\xb6\xf4\x60\x33\x35\xb9\x49\x43\x94\xc4\x43\xec\x3e\x21\x21\x01"
    "\x00\x01\x00\x0c\x0b\x07\x00\x08\x0a\x01\xaf\xac\x1b\x56\x00\x00\x05\x01\x19\x01\x00\x11"
    "\x0f\x00\x61\x00\x2e\x00\x6a\x00\x73\x00\x6f\x00\x6e\x00\x00\x00\x19\x04\x00\x00\x00\x00"
    "\x14\x0a\x01\x00\xd2\x07\xa4\x3a\x9a\x7b\xdd\x01\x15\x06\x01\x00\x20\x80\xa4\x81\x00\x00";
static const char hidden_7z[] =
    "\x37\x7a\xbc\xaf\x27\x1c\x00\x04\xe1\xd3\x87\xe7\x80\x00\x00\x00\x00\x00\x00\x00\x2e\x00"
    "\x00\x00\x00\x00\x00\x00\xd4\xf2\x4d\x38\x18\x7c\xcf\xed\x97\xb7\x2a\xcb\xf8\xfe\xbe\x86"
    "\xba\x52\xf3\x45\xb7\x6b\x26\x2f\x84\x6b\x97\xe3\xca\x38\x81\x3d\xef\xc4\x43\x92\x95\x8a"
    "\xa7\x43\x36\xbf\x54\x85\xa8\xf2\x40\xc2\x68\x10\xbe\x46\xd7\x09\x7b\x28\x9d\x3d\x3e\x3d"
    "\xe7\xd2\x4c\xfc\x95\xcf\x44\x3b\x66\x9c\x12\xd6\x26\x48\x35\x4c\xa4\x15\xd6\x1a\xb6\x99"
    "\x00\x7a\xca\x14\x5a\xc9\xac\x64\x6a\x67\x5f\x73\x30\x1c\x18\x8a\xbc\x37\x73\x96\xdd\x36"
    "\xa2\x42\x37\x61\x33\x51\x79\x14\xd2\x10\xd3\x50\xcd\x69\x31\xa2\x93\x5c\x25\x90\x73\x4b"
    "\xd0\x99\x24\xe3\xfd\x06\x17\x06\x10\x01\x09\x70\x00\x07\x0b\x01\x00\x01\x24\x06\xf1\x07"
    "\x01\x12\x53\x0f\xf1\x26\xa7\x32\x38\x08\xca\x20\x7a\x4f\x5e\x62\x4d\x1c\x2c\x40\x0c\x6a"
    "\x0a\x01\xf4\x0f\x81\x03\x00\x00";

static void encrypted_7z_is_refused_as_what_it_is(void **state)
{
    const as_bytes given[] = {
        {(const uint8_t *)encrypted_7z, sizeof(encrypted_7z) - 1},
        {(const uint8_t *)hidden_7z, sizeof(hidden_7z) - 1},
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(given); i++) {
        struct seen seen = {0};
        as_err err = {0};

        assert_int_equal(walk_with(given[i], NULL, &seen, &err), AS_REFUSED);
        assert_non_null(strstr(err.msg, "cannot decrypt 7z"));
        assert_int_equal(seen.inputs, 0);
        seen_done(&seen);
    }
}

static void each_failed_allocation_is_no_memory(void **state)
{
    as_buf inner = MAKE("zip", "none", {.name = "a.json", .content = "{1}"});
    as_buf archive =
        MAKE("pax", "gzip", {.name = "x", .content = (const char *)inner.p, .n = inner.n});
    bool done = false;

    (void)state;
    for (uint64_t n = 1; !done; n++) {
        struct seen seen = {0};
        as_err err = {0};
        as_code rc;

        assert_true(n < 1000);
        as_mem_fail_at(n);
        rc = walk_with(as_buf_bytes(&archive), NULL, &seen, &err);
        as_mem_fail_at(0);
        done = rc == AS_OK && seen.skipped == 0 && !seen.text.failed;
        if (rc)
            assert_int_equal(rc, AS_NOMEM);
        seen_done(&seen);
    }
    as_buf_done(&inner);
    as_buf_done(&archive);
}

/* --- tests: folders
 * ---------------------------------------------------------------------------------------- */

static char *in_dir(const char *name)
{
    static char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void put(const char *name, as_bytes content)
{
    FILE *f = fopen(in_dir(name), "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(content.p, 1, content.n, f), content.n);
    assert_int_equal(fclose(f), 0);
}

static as_code walk_path(const char *path, const as_inputs_options *given, struct seen *seen,
                         as_err *err)
{
    as_inputs_options options = given ? *given : (as_inputs_options){0};

    options.on_skip = passed_over;
    options.skip_ctx = seen;
    return as_inputs_each(path, &options, one, seen, err);
}

static void fill_dir(void)
{
    as_buf zip = MAKE("zip", "none", {.name = "m", .content = "3"});

    assert_int_equal(mkdir(in_dir("t"), 0700), 0);
    assert_int_equal(mkdir(in_dir("t/B"), 0700), 0);
    assert_int_equal(mkdir(in_dir("t/__MACOSX"), 0700), 0);
    put("t/b", AS_LITERAL("1"));
    put("t/a", AS_LITERAL("2"));
    put("t/.hidden", AS_LITERAL("x"));
    put("t/__MACOSX/._a", AS_LITERAL("x"));
    put("t/B/z.zip", as_buf_bytes(&zip));
    put("t/broken.zip", (as_bytes){zip.p, zip.n / 2});
    assert_int_equal(symlink("/etc/passwd", in_dir("t/link")), 0);
    assert_int_equal(symlink("..", in_dir("t/B/up")), 0);
    assert_int_equal(mkfifo(in_dir("t/pipe"), 0600), 0);
    as_buf_done(&zip);
}

static void a_folder_is_walked_in_order(void **state)
{
    static const char *const expected[] = {"t/.hidden?hidden",
                                           "t/B/up?links",
                                           "t/B/z.zip!m=3",
                                           "t/__MACOSX?left behind by an operating system",
                                           "t/a=2",
                                           "t/b=1",
                                           "t/broken.zip?not readable",
                                           "t/link?links",
                                           "t/pipe?devices or pipes"};
    struct seen seen = {0};
    as_buf text = {0};
    as_err err = {0};

    (void)state;
    fill_dir();
    for (size_t i = 0; i < AS_COUNT(expected); i++)
        as_buf_printf(&text, "%s/%s\n", dir, expected[i]);
    as_buf_byte(&text, '\0');
    assert_int_equal(walk_path(in_dir("t"), NULL, &seen, &err), AS_OK);
    assert_text(&seen, (const char *)text.p);
    seen_done(&seen);
    as_buf_done(&text);
}

static void a_file_on_disk_is_what_it_is(void **state)
{
    struct seen seen = {0};
    as_err err = {0};

    (void)state;
    assert_int_equal(walk_path(in_dir("t/a"), NULL, &seen, &err), AS_OK);
    assert_true(seen.direct && !seen.found);
    seen_done(&seen);
    seen = (struct seen){0};
    assert_int_equal(walk_path(in_dir("t/B/z.zip"), NULL, &seen, &err), AS_OK);
    assert_true(!seen.direct && seen.found);
    seen_done(&seen);
    seen = (struct seen){0};
    assert_int_equal(walk_path(in_dir("t/broken.zip"), NULL, &seen, &err), AS_INVALID);
    assert_int_equal(walk_path(in_dir("t/pipe"), NULL, &seen, &err), AS_REFUSED);
    assert_int_equal(walk_path(in_dir("t/none"), NULL, &seen, &err), AS_REFUSED);
    seen_done(&seen);
}

static void folders_have_limits(void **state)
{
    const as_inputs_options deep = {.limits = {.folders = 2}};
    const as_inputs_options many = {.limits = {.entries = 5}};
    struct seen seen = {0};
    as_err err = {0};
    char path[256];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s", in_dir("deep"));
    for (unsigned i = 0; i < 4; i++) {
        size_t n = strlen(path);

        assert_int_equal(mkdir(path, 0700), 0);
        (void)snprintf(path + n, sizeof(path) - n, "/d");
    }
    assert_int_equal(walk_path(in_dir("deep"), &deep, &seen, &err), AS_OK);
    assert_int_equal(seen.skipped, 1);
    seen_done(&seen);
    seen = (struct seen){0};
    assert_int_equal(walk_path(in_dir("t"), &many, &seen, &err), AS_LIMIT);
    seen_done(&seen);
}

static int make_dir(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/assay-inputs-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

/* Deepest first: what a folder holds goes before it. */
static int remove_dir(void **state)
{
    static const char *const left[] = {
        "t/B/up", "t/B/z.zip", "t/B",        "t/__MACOSX/._a", "t/__MACOSX",
        "t/a",    "t/b",       "t/.hidden",  "t/broken.zip",   "t/link",
        "t/pipe", "t",         "deep/d/d/d", "deep/d/d",       "deep/d",
        "deep",   ""};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(left); i++)
        (void)remove(in_dir(left[i]));
    return access(dir, F_OK) == 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_archive_gives_its_members),
        cmocka_unit_test(what_is_wrapped_alone_keeps_its_name),
        cmocka_unit_test(a_wrapped_member_is_unpacked),
        cmocka_unit_test(archives_in_archives_are_walked_to_the_limit),
        cmocka_unit_test(names_are_shown_and_lead_nowhere),
        cmocka_unit_test(a_very_long_name_is_cut),
        cmocka_unit_test(junk_links_and_devices_are_skipped_with_a_reason),
        cmocka_unit_test(an_empty_archive_is_no_failure),
        cmocka_unit_test(what_only_looks_like_an_archive_is_a_plain_input),
        cmocka_unit_test(every_encryption_of_zip_opens_with_its_password),
        cmocka_unit_test(no_wrong_password_is_taken_for_the_right_one),
        cmocka_unit_test(too_many_passwords_are_a_wrong_call),
        cmocka_unit_test(a_bomb_is_refused),
        cmocka_unit_test(a_bomb_of_many_members_is_refused),
        cmocka_unit_test(a_zip_that_is_nearly_all_list_is_refused),
        cmocka_unit_test(limits_are_kept_to_the_byte),
        cmocka_unit_test(the_callback_may_stop_fail_or_end_the_walk),
        cmocka_unit_test(every_truncation_gives_a_part_or_a_failure),
        cmocka_unit_test(every_flipped_byte_is_survived),
        cmocka_unit_test(a_damaged_member_costs_itself_alone),
        cmocka_unit_test(encrypted_7z_is_refused_as_what_it_is),
        cmocka_unit_test(each_failed_allocation_is_no_memory),
        cmocka_unit_test(a_folder_is_walked_in_order),
        cmocka_unit_test(a_file_on_disk_is_what_it_is),
        cmocka_unit_test(folders_have_limits),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

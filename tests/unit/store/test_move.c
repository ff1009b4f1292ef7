/*
 * A store as one stream: what comes out of it is the same store, and a stream that is not
 * what it says is refused.
 */
#include "unit/store/stores.h"

#include "store/move_priv.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/banned.h"

static as_code take_bytes(void *ctx, as_bytes bytes, as_err *err)
{
    (void)err;
    as_buf_add(ctx, bytes);
    return AS_OK;
}

struct reader {
    as_bytes in;
    size_t fail_at;
};

static as_code give_bytes(void *ctx, uint8_t *dst, size_t cap, size_t *ret_n, as_err *err)
{
    struct reader *r = ctx;
    size_t n = r->in.n < cap ? r->in.n : cap;

    if (r->fail_at && r->in.n < r->fail_at)
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "the line went dead");
    n = n > 1000 ? 1000 : n;
    memcpy(dst, r->in.p, n);
    r->in.p += n;
    r->in.n -= n;
    *ret_n = n;
    return AS_OK;
}

static as_code import_bytes(as_store *s, as_bytes in, as_import_summary *ret, as_err *err)
{
    struct reader r = {in, 0};

    return as_store_import(s, give_bytes, &r, NULL, ret, err);
}

static as_buf export_all(as_store *s)
{
    as_buf out = {0};
    uint64_t n = 0;
    as_err err = {0};

    if (as_store_export(s, take_bytes, &out, &n, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(n, ask(s, "SELECT count(*) FROM document"));
    assert_false(out.failed);
    return out;
}

static void an_imported_store_is_the_exported_one(void **state)
{
    place *p = *state;
    void *other_state = NULL;
    place *other;
    as_import_summary summary = {0};
    as_err err = {0};
    as_buf stream, before, after;
    int64_t added_us;

    (void)add_file(p->s, CAPE_EXAMPLE);
    (void)add_file(p->s, CUCKOO_EXAMPLE);
    added_us = ask(p->s, "SELECT sum(added_us) FROM document");
    before = print_counts(p->s);
    stream = export_all(p->s);
    assert_int_equal(make_place(&other_state), 0);
    other = other_state;
    if (import_bytes(other->s, as_buf_bytes(&stream), &summary, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(summary.documents, 2);
    assert_int_equal(summary.added, 2);
    after = print_counts(other->s);
    assert_string_equal((const char *)after.p, (const char *)before.p);
    assert_int_equal(ask(other->s, "SELECT sum(added_us) FROM document"), added_us);
    assert_int_equal(ask(other->s, "SELECT count(*) FROM document WHERE name IN "
                                   "(CAST('" CAPE_EXAMPLE "' AS BLOB), "
                                   "CAST('" CUCKOO_EXAMPLE "' AS BLOB))"),
                     2);
    /* Again, it changes nothing. */
    assert_int_equal(import_bytes(other->s, as_buf_bytes(&stream), &summary, &err), AS_OK);
    assert_int_equal(summary.added, 0);
    as_buf_done(&before);
    as_buf_done(&after);
    as_buf_done(&stream);
    assert_int_equal(drop_place(&other_state), 0);
}

static void an_empty_store_can_be_moved_too(void **state)
{
    place *p = *state;
    as_buf stream = export_all(p->s);
    as_import_summary summary = {0};
    as_err err = {0};

    assert_int_equal(import_bytes(p->s, as_buf_bytes(&stream), &summary, &err), AS_OK);
    assert_int_equal(summary.documents, 0);
    as_buf_done(&stream);
}

/* Cut anywhere, it is refused with one line, and what it brought so far is whole. */
static void a_cut_export_is_refused(void **state)
{
    place *p = *state;
    as_import_summary summary = {0};
    as_buf stream;
    as_added a;

    a = add_file(p->s, CUCKOO_EXAMPLE);
    stream = export_all(p->s);
    for (size_t n = 0; n < stream.n - 1; n += 1 + stream.n / 60) {
        as_err err = {0};

        if (ask(p->s, "SELECT count(*) FROM document") > 0)
            assert_int_equal(as_store_remove_document(p->s, a.doc, &err), AS_OK);
        assert_int_equal(import_bytes(p->s, (as_bytes){stream.p, n}, &summary, &err), AS_INVALID);
        assert_true(err.msg[0] && !strchr(err.msg, '\n'));
        a.doc = ask(p->s, "SELECT coalesce(max(id), 0) FROM document");
        assert_counts_true(p->s);
    }
    as_buf_done(&stream);
}

static void a_reader_that_fails_is_the_failure(void **state)
{
    place *p = *state;
    as_import_summary summary = {0};
    struct reader r;
    as_err err = {0};
    as_buf stream;

    (void)add_file(p->s, CUCKOO_EXAMPLE);
    stream = export_all(p->s);
    r = (struct reader){as_buf_bytes(&stream), stream.n / 2};
    assert_int_equal(as_store_import(p->s, give_bytes, &r, NULL, &summary, &err), AS_REFUSED);
    assert_string_equal(err.msg, "the line went dead");
    as_buf_done(&stream);
}

/* --- what only looks like an export ------------------------------------------------------------
 */

static la_ssize_t write_bytes(struct archive *a, void *ctx, const void *p, size_t n)
{
    (void)a;
    as_buf_add(ctx, (as_bytes){p, n});
    return (la_ssize_t)n;
}

struct member {
    const char *name, *text;
    unsigned type;
};

static as_buf pack(const struct member *members, size_t n)
{
    struct archive *a = archive_write_new();
    as_buf out = {0};

    assert_int_equal(archive_write_set_format_pax_restricted(a), ARCHIVE_OK);
    assert_int_equal(archive_write_open(a, &out, NULL, write_bytes, NULL), ARCHIVE_OK);
    for (size_t i = 0; i < n; i++) {
        struct archive_entry *e = archive_entry_new();

        archive_entry_set_pathname(e, members[i].name);
        archive_entry_set_size(e, (la_int64_t)strlen(members[i].text));
        archive_entry_set_filetype(e, members[i].type ? members[i].type : AE_IFREG);
        if (members[i].type == AE_IFLNK) {
            archive_entry_set_symlink(e, "/etc/passwd");
            archive_entry_set_size(e, 0);
        }
        archive_entry_set_perm(e, 0600);
        assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
        if (members[i].type != AE_IFLNK)
            (void)archive_write_data(a, members[i].text, strlen(members[i].text));
        archive_entry_free(e);
    }
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    assert_int_equal(archive_write_free(a), ARCHIVE_OK);
    return out;
}

#define FIRST AS_EXPORT_FIRST_LINE "\n"
#define LINE(size)                                                                                 \
    "{\"sha256\":\"" HASH_A "\",\"size\":" size ",\"added_us\":1,\"asked\":\"\",\"name\":\"x\"}\n"

static void a_false_export_is_refused_and_leaves_nothing(void **state)
{
    static const struct {
        struct member members[3];
        size_t n;
    } cases[] = {
        {{{"README", "hello", 0}}, 1},
        {{{"manifest.jsonl", "{\"assay_export\":2}\n", 0}}, 1},
        {{{"manifest.jsonl", FIRST "{\"sha256\":1}\n", 0}}, 1},
        {{{"manifest.jsonl", FIRST "[1]\n", 0}}, 1},
        {{{"manifest.jsonl", FIRST "{\"a\":{\"b\":{}}}\n", 0}}, 1},
        {{{"manifest.jsonl", FIRST LINE("5"), 0}}, 1},
        {{{"manifest.jsonl", FIRST LINE("5"), 0}, {"documents/" HASH_B, "hello", 0}}, 2},
        {{{"manifest.jsonl", FIRST LINE("4"), 0}, {"documents/" HASH_A, "hello", 0}}, 2},
        {{{"manifest.jsonl", FIRST LINE("5"), 0}, {"documents/../../" HASH_A, "hello", 0}}, 2},
        {{{"manifest.jsonl", FIRST LINE("0"), 0}, {"documents/" HASH_A, "", AE_IFLNK}}, 2},
        {{{"manifest.jsonl", FIRST, 0}, {"documents/" HASH_A, "hello", 0}}, 2},
    };
    place *p = *state;

    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        as_buf stream = pack(cases[i].members, cases[i].n);
        as_import_summary summary = {0};
        as_err err = {0};

        assert_int_equal(import_bytes(p->s, as_buf_bytes(&stream), &summary, &err), AS_INVALID);
        assert_true(err.msg[0] != '\0');
        assert_int_equal(ask(p->s, "SELECT count(*) FROM document"), 0);
        assert_int_equal(count_blobs(p->s), 0);
        as_buf_done(&stream);
    }
}

/* A good report under a hash that is not its own. */
static void a_document_of_another_hash_is_not_kept(void **state)
{
    place *p = *state;
    char text[2048], manifest[512], size[16];
    struct member members[2] = {{"manifest.jsonl", manifest, 0}, {"documents/" HASH_A, text, 0}};
    as_import_summary summary = {0};
    as_err err = {0};
    as_buf stream;

    (void)report_of(text, sizeof(text), HASH_B, "", "a", "C:\\\\1", "one.example");
    (void)snprintf(size, sizeof(size), "%zu", strlen(text));
    (void)snprintf(manifest, sizeof(manifest),
                   FIRST "{\"sha256\":\"" HASH_A "\",\"size\":%s,\"added_us\":1,\"asked\":\"\","
                         "\"name\":\"x\"}\n",
                   size);
    stream = pack(members, 2);
    assert_int_equal(import_bytes(p->s, as_buf_bytes(&stream), &summary, &err), AS_INVALID);
    assert_non_null(strstr(err.msg, "not what its manifest says"));
    assert_int_equal(ask(p->s, "SELECT count(*) FROM document"), 0);
    assert_int_equal(count_blobs(p->s), 0);
    as_buf_done(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, make_place, drop_place)
        T(an_imported_store_is_the_exported_one),
        T(an_empty_store_can_be_moved_too),
        T(a_cut_export_is_refused),
        T(a_reader_that_fails_is_the_failure),
        T(a_false_export_is_refused_and_leaves_nothing),
        T(a_document_of_another_hash_is_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

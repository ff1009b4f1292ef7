/*
 * stores - private to the tests of store: a store in a folder of its own, small reports to
 * put into it, and what it holds, as text.
 */
#ifndef AS_TEST_STORES_H
#define AS_TEST_STORES_H

#include "store/store_priv.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define CAPE_EXAMPLE   "examples/cape-report.json"
#define CUCKOO_EXAMPLE "examples/cuckoo-report.json"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define MD5_A  "0123456789abcdef0123456789abcdef"

typedef struct place {
    char home[64];
    as_store *s;
} place;

static inline int remove_entry(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st;
    (void)type;
    (void)f;
    return remove(path);
}

static inline void remove_folder(const char *path)
{
    (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void open_place(place *p, as_store_mode mode)
{
    as_err err = {0};

    if (as_store_open_within(p->home, mode, 0, &p->s, &err))
        fail_msg("%s", err.msg);
}

static inline void close_place(place *p)
{
    as_store_close(p->s);
    p->s = NULL;
}

static inline void reopen_place(place *p, as_store_mode mode)
{
    close_place(p);
    open_place(p, mode);
}

static inline int make_place(void **state)
{
    place *p = as_mem_zero(1, sizeof(*p));

    assert_non_null(p);
    (void)snprintf(p->home, sizeof(p->home), "/tmp/assay-store-XXXXXX");
    assert_non_null(mkdtemp(p->home));
    open_place(p, AS_STORE_WRITE);
    *state = p;
    return 0;
}

static inline int drop_place(void **state)
{
    place *p = *state;

    as_mem_fail_at(0);
    close_place(p);
    remove_folder(p->home);
    as_mem_free(p);
    return 0;
}

/* --- adding ------------------------------------------------------------------------------- */

static inline as_code try_add(as_store *s, as_bytes in, const as_store_add_options *options,
                              as_added *ret, as_err *err)
{
    as_source *source = NULL;
    as_code rc = as_source_open_bytes(in, NULL, &source, err);

    if (!rc)
        rc = as_store_add(s, source, options, ret, err);
    as_source_free(source);
    return rc;
}

static inline as_added add_bytes(as_store *s, as_bytes in)
{
    as_added added = {0};
    as_err err = {0};

    if (try_add(s, in, NULL, &added, &err))
        fail_msg("%s", err.msg);
    return added;
}

static inline as_added add_text(as_store *s, const char *text)
{
    return add_bytes(s, as_bytes_of(text));
}

static inline as_added add_file(as_store *s, const char *path)
{
    as_source *source = NULL;
    as_added added = {0};
    as_err err = {0};

    if (as_source_open(path, NULL, &source, &err) || as_store_add(s, source, NULL, &added, &err))
        fail_msg("%s: %s", path, err.msg);
    as_source_free(source);
    return added;
}

/*
 * A report of the sandbox Cuckoo about a file with those hashes ("": not told) that wrote
 * `path` and asked for `domain`.
 */
static inline const char *report_of(char *dst, size_t cap, const char *sha256, const char *md5,
                                    const char *name, const char *path, const char *domain)
{
    int n =
        snprintf(dst, cap,
                 "{\"info\":{\"version\":\"2.0.7\",\"id\":1,\"category\":\"file\","
                 "\"started\":1684452795.3,\"ended\":1684452919.3,\"duration\":124},"
                 "\"target\":{\"category\":\"file\",\"file\":{\"name\":\"%s\",\"size\":4096%s%s%s"
                 "%s%s%s}},"
                 "\"network\":{\"domains\":[{\"domain\":\"%s\",\"ip\":\"198.51.100.7\"}],"
                 "\"hosts\":[\"198.51.100.7\"]},"
                 "\"dropped\":[],"
                 "\"behavior\":{\"processes\":[{\"pid\":1234,\"ppid\":4,\"process_name\":\"%s\","
                 "\"process_path\":\"C:\\\\%s\",\"first_seen\":1684452796.0,\"calls\":[]}],"
                 "\"summary\":{\"file_written\":[\"%s\"],\"mutex\":[\"m\"]}}}",
                 name, *sha256 ? ",\"sha256\":\"" : "", sha256, *sha256 ? "\"" : "",
                 *md5 ? ",\"md5\":\"" : "", md5, *md5 ? "\"" : "", domain, name, name, path);

    assert_true(n > 0 && (size_t)n < cap);
    return dst;
}

/* --- what is there ---------------------------------------------------------------------------- */

static inline int64_t ask(as_store *s, const char *sql)
{
    int64_t n = 0;
    as_err err = {0};

    if (as_sql_int(s, sql, NULL, 0, &n, &err))
        fail_msg("%s: %s", sql, err.msg);
    return n;
}

static inline as_code print_term(void *ctx, const as_term *term, as_err *err)
{
    as_buf *out = ctx;

    (void)err;
    as_buf_printf(out, "%s ", as_term_name(term->type));
    as_buf_add(out, term->norm);
    as_buf_printf(out, " %llu %llu\n", (unsigned long long)term->samples,
                  (unsigned long long)term->facts);
    return AS_OK;
}

/* Everything that counts something: equal for equal contents, however they came to be. */
static inline as_buf print_counts(as_store *s)
{
    as_terms_query terms = {.type = -1};
    as_kind_count kinds[AS_KIND_COUNT] = {{0}};
    as_buf out = {0};
    as_err err = {0};

    if (as_store_terms(s, &terms, print_term, &out, &err) || as_store_kinds(s, 0, kinds, &err))
        fail_msg("%s", err.msg);
    for (unsigned i = 0; i < AS_KIND_COUNT; i++) {
        if (kinds[i].facts || kinds[i].samples)
            as_buf_printf(&out, "%s %llu %llu\n", as_kind_get((as_kind)i)->name,
                          (unsigned long long)kinds[i].facts, (unsigned long long)kinds[i].samples);
    }
    as_buf_printf(&out, "%lld samples %lld documents %lld facts %lld postings\n",
                  (long long)ask(s, "SELECT count(*) FROM sample"),
                  (long long)ask(s, "SELECT count(*) FROM document"),
                  (long long)ask(s, "SELECT count(*) FROM fact"),
                  (long long)ask(s, "SELECT count(*) FROM posting"));
    as_buf_byte(&out, '\0');
    assert_false(out.failed);
    return out;
}

static inline as_code count_blob(void *ctx, const uint8_t *sha256, uint64_t stored, as_err *err)
{
    size_t *n = ctx;

    (void)stored;
    (void)err;
    *n += sha256 != NULL;
    return AS_OK;
}

static inline size_t count_blobs(as_store *s)
{
    size_t n = 0;
    as_err err = {0};

    if (as_blobs_each(s->blobs, count_blob, &n, &err))
        fail_msg("%s", err.msg);
    return n;
}

/* The counters that the tables keep are what counting gives. */
static inline void assert_counts_true(as_store *s)
{
    assert_int_equal(
        ask(s, "SELECT count(*) FROM term t WHERE facts <> (SELECT sum(facts) FROM posting WHERE "
               "term = t.id) OR samples <> (SELECT count(DISTINCT sample) FROM posting WHERE term "
               "= t.id)"),
        0);
    assert_int_equal(ask(s, "SELECT count(*) FROM term WHERE id NOT IN (SELECT term FROM posting)"),
                     0);
    assert_int_equal(ask(s, "SELECT (SELECT count(*) FROM (SELECT kind, sample, facts, first FROM "
                            "sample_kind EXCEPT SELECT kind, sample, count(*), min(id) FROM fact "
                            "GROUP BY kind, sample)) + (SELECT count(*) FROM (SELECT kind, sample, "
                            "count(*), min(id) FROM fact GROUP BY kind, sample EXCEPT SELECT kind, "
                            "sample, facts, first FROM sample_kind))"),
                     0);
    assert_int_equal(ask(s, "SELECT (SELECT count(*) FROM (SELECT kind, facts, samples FROM "
                            "kind_total EXCEPT SELECT kind, sum(facts), count(*) FROM sample_kind "
                            "GROUP BY kind)) + (SELECT count(DISTINCT kind) FROM sample_kind) - "
                            "(SELECT count(*) FROM kind_total)"),
                     0);
    assert_int_equal(ask(s,
                         "SELECT count(*) FROM document d WHERE facts <> (SELECT count(*) FROM "
                         "fact WHERE doc = d.id) OR facts > 0 AND (first_fact <> (SELECT min(id) "
                         "FROM fact WHERE doc = d.id) OR last_fact <> (SELECT max(id) FROM fact "
                         "WHERE doc = d.id))"),
                     0);
    assert_int_equal(ask(s, "SELECT count(*) FROM fact f WHERE sample <> (SELECT sample FROM "
                            "document WHERE id = f.doc)"),
                     0);
    assert_int_equal(ask(s, "SELECT count(*) FROM posting p WHERE sample <> (SELECT sample FROM "
                            "document WHERE id = p.doc)"),
                     0);
    assert_int_equal(ask(s, "SELECT count(*) FROM sample s WHERE docs <> (SELECT count(*) FROM "
                            "document WHERE sample = s.id) OR facts <> (SELECT sum(facts) FROM "
                            "document WHERE sample = s.id)"),
                     0);
}

#endif

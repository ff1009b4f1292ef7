/*
 * What goes wrong with a store: it says what and what to do, loses nothing that was
 * confirmed, and a check finds and mends it.
 */
#include "unit/store/stores.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/banned.h"

struct findings {
    as_buf text;
    size_t n, repaired;
};

static as_code take_finding(void *ctx, const char *what, bool repaired, as_err *err)
{
    struct findings *f = ctx;

    (void)err;
    as_buf_text(&f->text, what);
    as_buf_byte(&f->text, '\n');
    f->n++;
    f->repaired += repaired;
    return AS_OK;
}

static as_check_summary check(place *p, bool repair, bool deep, const char *says)
{
    struct findings found = {0};
    as_check_options options = {
        .repair = repair, .deep = deep, .on_finding = take_finding, .ctx = &found};
    as_check_summary summary = {0};
    as_err err = {0};
    as_code rc;

    close_place(p);
    rc = as_store_check(p->home, &options, &summary, &err);
    as_buf_byte(&found.text, '\0');
    if (rc)
        fail_msg("%s", err.msg);
    if (says && !strstr((const char *)found.text.p, says))
        fail_msg("said: %s", (const char *)found.text.p);
    if (!says && found.n)
        fail_msg("said: %s", (const char *)found.text.p);
    assert_int_equal(summary.found, found.n);
    assert_int_equal(summary.repaired, found.repaired);
    as_buf_done(&found.text);
    return summary;
}

static void damage(place *p, const char *sql)
{
    as_err err = {0};

    if (as_sql_run(p->s, sql, &err))
        fail_msg("%s", err.msg);
}

/* A small report of sample number `n`. */
static as_added add_numbered(as_store *s, unsigned n)
{
    char text[2048], sha256[65], path[32];

    (void)snprintf(sha256, sizeof(sha256), "%064x", n);
    (void)snprintf(path, sizeof(path), "C:\\\\%u.ps1", n);
    return add_text(s, report_of(text, sizeof(text), sha256, "", "x.exe", path, "x.example"));
}

/* --- what a check finds ---------------------------------------------------------------------- */

static void a_sound_store_has_no_findings(void **state)
{
    place *p = *state;
    as_check_summary summary;

    (void)add_file(p->s, CAPE_EXAMPLE);
    (void)add_file(p->s, CUCKOO_EXAMPLE);
    summary = check(p, false, true, NULL);
    assert_int_equal(summary.documents, 2);
    assert_int_equal(summary.blobs, 2);
    summary = check(p, true, true, NULL);
    assert_int_equal(summary.found, 0);
}

static void wrong_counts_are_found_and_mended(void **state)
{
    static const char *const wrong[] = {
        "UPDATE term SET facts = facts + 1 WHERE id % 3 = 0",
        "UPDATE term SET samples = 7 WHERE id % 5 = 0",
        "DELETE FROM kind_total WHERE kind % 2 = 0",
        "UPDATE kind_total SET samples = 9",
        "DELETE FROM sample_kind WHERE kind % 2 = 0",
        "UPDATE sample_kind SET first = first + 1",
        "UPDATE sample SET docs = 5",
        "UPDATE posting SET sample = sample + 100 WHERE term % 2 = 0",
        "UPDATE fact SET sample = 77 WHERE id % 4 = 0",
    };
    place *p = *state;
    as_buf before, after;

    (void)add_file(p->s, CAPE_EXAMPLE);
    (void)add_file(p->s, CUCKOO_EXAMPLE);
    before = print_counts(p->s);
    for (size_t i = 0; i < AS_COUNT(wrong); i++) {
        as_check_summary summary;

        damage(p, wrong[i]);
        summary = check(p, false, false, "");
        assert_true(summary.found > 0 && summary.repaired == 0);
        summary = check(p, true, false, "");
        assert_int_equal(summary.repaired, summary.found);
        assert_false(summary.rebuilt);
        assert_int_equal(check(p, false, false, NULL).found, 0);
        open_place(p, AS_STORE_WRITE);
        after = print_counts(p->s);
        assert_string_equal((const char *)after.p, (const char *)before.p);
        assert_counts_true(p->s);
        as_buf_done(&after);
    }
    as_buf_done(&before);
}

static void damaged_rows_are_made_anew_from_the_blob(void **state)
{
    static const char *const wrong[] = {
        "UPDATE fact SET attrs = x'ffffff' WHERE id % 7 = 0",
        "UPDATE fact SET evidence = x'80'",
        "UPDATE fact SET kind = 900 WHERE id = (SELECT min(id) FROM fact)",
        "DELETE FROM fact WHERE id % 2 = 0",
        "UPDATE calls SET data = x'00'",
        "UPDATE document SET first_fact = first_fact + 1",
    };
    place *p = *state;
    as_added a = add_file(p->s, CAPE_EXAMPLE);
    as_buf before = print_counts(p->s), after;

    assert_true(a.calls > 0);
    for (size_t i = 0; i < AS_COUNT(wrong); i++) {
        damage(p, wrong[i]);
        assert_true(check(p, false, false, "facts of report").found > 0);
        (void)check(p, true, false, "facts of report");
        assert_int_equal(check(p, false, true, NULL).found, 0);
        open_place(p, AS_STORE_WRITE);
        after = print_counts(p->s);
        assert_string_equal((const char *)after.p, (const char *)before.p);
        assert_int_equal(ask(p->s, "SELECT max(id) FROM document"), a.doc);
        assert_int_equal(ask(p->s, "SELECT max(id) FROM sample"), a.sample);
        as_buf_done(&after);
    }
    as_buf_done(&before);
}

static void blob_path(const place *p, const as_added *a, char *dst, size_t cap)
{
    char hex[AS_SHA256_HEX + 1];
    FILE *pipe;

    /* Where a blob lies is its own module's business: it is looked for. */
    as_sha256_text(a->sha256, hex);
    *dst = '\0';
    for (unsigned i = 0; i < 256 && !*dst; i++) {
        char folder[300];
        DIR *d;

        (void)snprintf(folder, sizeof(folder), "%s/blobs/%02x", p->home, i);
        d = opendir(folder);
        for (struct dirent *e; d && (e = readdir(d));) {
            if (strstr(e->d_name, hex + 2))
                (void)snprintf(dst, cap, "%s/%s", folder, e->d_name);
        }
        if (d)
            (void)closedir(d);
    }
    pipe = fopen(dst, "r");
    assert_non_null(pipe);
    (void)fclose(pipe);
}

static void a_missing_and_a_damaged_blob_are_told(void **state)
{
    place *p = *state;
    char path[600];
    as_added a = add_file(p->s, CAPE_EXAMPLE), b = add_file(p->s, CUCKOO_EXAMPLE), again;
    int fd;

    blob_path(p, &a, path, sizeof(path));
    assert_int_equal(unlink(path), 0);
    blob_path(p, &b, path, sizeof(path));
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "damaged", 7, 100), 7);
    (void)close(fd);
    assert_int_equal(check(p, false, false, "has lost its bytes").found, 1);
    assert_int_equal(check(p, false, true, "are damaged").found, 2);
    /* The same bytes again bring a lost blob back. */
    open_place(p, AS_STORE_WRITE);
    again = add_file(p->s, CAPE_EXAMPLE);
    assert_true(again.was_there && again.doc == a.doc);
    assert_int_equal(check(p, false, true, "are damaged").found, 1);
}

static void blobs_of_no_document_are_removed(void **state)
{
    place *p = *state;
    as_source *source = NULL;
    as_blob_info info;
    as_err err = {0};

    (void)add_file(p->s, CUCKOO_EXAMPLE);
    assert_int_equal(as_source_open_bytes(AS_LITERAL("left over"), NULL, &source, &err), AS_OK);
    assert_int_equal(as_blob_put(p->s->blobs, source, false, &info, &err), AS_OK);
    as_source_free(source);
    assert_int_equal(check(p, false, false, "1 blob is of no document").repaired, 0);
    assert_int_equal(check(p, true, false, "1 blob is of no document").repaired, 1);
    assert_int_equal(check(p, false, true, NULL).blobs, 1);
}

static void a_database_beyond_reading_is_made_again(void **state)
{
    place *p = *state;
    char file[128];
    as_err err = {0};
    as_buf before, after;
    int fd;

    (void)add_file(p->s, CAPE_EXAMPLE);
    (void)add_file(p->s, CUCKOO_EXAMPLE);
    before = print_counts(p->s);
    close_place(p);
    (void)snprintf(file, sizeof(file), "%s/assay.db", p->home);
    fd = open(file, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    for (off_t at = 0; at < 8192; at += 16)
        assert_int_equal(pwrite(fd, "not a database!!", 16, at), 16);
    (void)close(fd);
    assert_int_equal(as_store_open_within(p->home, AS_STORE_READ, 0, &p->s, &err), AS_INVALID);
    assert_non_null(strstr(err.msg, "assay check --repair"));
    assert_int_equal(check(p, false, false, "damaged").repaired, 0);
    assert_true(check(p, true, false, "read again from their blobs").rebuilt);
    assert_int_equal(check(p, false, true, NULL).documents, 2);
    open_place(p, AS_STORE_READ);
    after = print_counts(p->s);
    assert_string_equal((const char *)after.p, (const char *)before.p);
    as_buf_done(&before);
    as_buf_done(&after);
}

/* A page in the middle is overwritten: whatever it was, nothing crashes and the repair mends it. */
static void any_damaged_page_is_found_and_mended(void **state)
{
    place *p = *state;
    char file[128];
    struct stat st;
    as_buf before, after;

    for (unsigned i = 0; i < 6; i++)
        (void)add_numbered(p->s, i + 1);
    before = print_counts(p->s);
    close_place(p);
    (void)snprintf(file, sizeof(file), "%s/assay.db", p->home);
    assert_int_equal(stat(file, &st), 0);
    for (off_t page = 1; page * 8192 < st.st_size; page += 5) {
        int fd = open(file, O_RDWR | O_CLOEXEC);
        as_check_summary summary;

        assert_true(fd >= 0);
        for (off_t at = 0; at < 8192; at += 16)
            assert_int_equal(pwrite(fd, "\xff\xee garbage \x01\x02\x03\x04", 16, page * 8192 + at),
                             16);
        (void)close(fd);
        summary = check(p, true, false, "");
        if (summary.found == 0)
            continue; /* a page that nothing is in */
        (void)check(p, false, true, NULL);
        open_place(p, AS_STORE_READ);
        after = print_counts(p->s);
        assert_string_equal((const char *)after.p, (const char *)before.p);
        as_buf_done(&after);
        close_place(p);
        assert_int_equal(stat(file, &st), 0);
    }
    as_buf_done(&before);
}

/* --- what refuses to open
 * ---------------------------------------------------------------------------- */

static void refused(place *p, as_store_mode mode, as_code code, const char *says)
{
    as_err err = {0};

    assert_int_equal(as_store_open_within(p->home, mode, 0, &p->s, &err), code);
    if (!strstr(err.msg, says))
        fail_msg("said: %s", err.msg);
}

static void a_newer_store_is_refused_untouched(void **state)
{
    place *p = *state;

    (void)add_file(p->s, CUCKOO_EXAMPLE);
    damage(p, "PRAGMA user_version = 99");
    close_place(p);
    refused(p, AS_STORE_READ, AS_UNAVAILABLE, "newer assay");
    refused(p, AS_STORE_WRITE, AS_UNAVAILABLE, "version 99");
}

static void words_of_a_newer_assay_are_refused(void **state)
{
    place *p = *state;

    damage(p, "INSERT INTO word VALUES(0, 900, 'a_kind_to_come')");
    close_place(p);
    refused(p, AS_STORE_READ, AS_UNAVAILABLE, "newer assay");
}

static void a_database_of_another_program_is_left_alone(void **state)
{
    place *p = *state;

    damage(p, "PRAGMA application_id = 77");
    close_place(p);
    refused(p, AS_STORE_READ, AS_INVALID, "another program");
    refused(p, AS_STORE_WRITE, AS_INVALID, "another program");
}

static void reading_what_is_not_there_makes_nothing(void **state)
{
    place *p = *state;
    struct stat st;

    close_place(p);
    remove_folder(p->home);
    refused(p, AS_STORE_READ, AS_NOT_FOUND, "run 'assay add'");
    assert_int_not_equal(stat(p->home, &st), 0);
}

static void a_second_writer_is_told_who_the_first_is(void **state)
{
    place *p = *state, second = *p;
    char pid[32];

    (void)snprintf(pid, sizeof(pid), "process %ld", (long)getpid());
    refused(&second, AS_STORE_WRITE, AS_UNAVAILABLE, pid);
    open_place(&second, AS_STORE_READ);
    close_place(&second);
    close_place(p);
    open_place(&second, AS_STORE_WRITE);
    close_place(&second);
}

static void a_full_disk_loses_nothing_that_was_there(void **state)
{
    place *p = *state;
    char limit[64];
    as_added added = {0};
    as_source *source = NULL;
    as_err err = {0};
    as_buf before, after;
    as_added first;

    first = add_file(p->s, CUCKOO_EXAMPLE);
    before = print_counts(p->s);
    (void)snprintf(limit, sizeof(limit), "PRAGMA max_page_count = %lld",
                   (long long)ask(p->s, "PRAGMA page_count") + 2);
    (void)ask(p->s, limit);
    assert_int_equal(as_source_open(CAPE_EXAMPLE, NULL, &source, &err), AS_OK);
    assert_int_equal(as_store_add(p->s, source, NULL, &added, &err), AS_IO);
    as_source_free(source);
    assert_non_null(strstr(err.msg, "no room left"));
    assert_non_null(strstr(err.msg, p->home));
    after = print_counts(p->s);
    assert_string_equal((const char *)after.p, (const char *)before.p);
    assert_int_equal(count_blobs(p->s), 1);
    (void)ask(p->s, "PRAGMA max_page_count = 1000000");
    assert_int_equal(add_file(p->s, CUCKOO_EXAMPLE).doc, first.doc);
    assert_false(add_file(p->s, CAPE_EXAMPLE).was_there);
    assert_int_equal(check(p, false, true, NULL).documents, 2);
    as_buf_done(&before);
    as_buf_done(&after);
}

static void a_full_disk_ends_a_batch_and_says_so(void **state)
{
    place *p = *state;
    char limit[64];
    as_added added = {0};
    as_source *source = NULL;
    as_err err = {0};

    assert_int_equal(as_store_batch(p->s, &err), AS_OK);
    (void)add_numbered(p->s, 1);
    (void)snprintf(limit, sizeof(limit), "PRAGMA max_page_count = %lld",
                   (long long)ask(p->s, "PRAGMA page_count") + 2);
    (void)ask(p->s, limit);
    assert_int_equal(as_source_open(CAPE_EXAMPLE, NULL, &source, &err), AS_OK);
    assert_int_equal(as_store_add(p->s, source, NULL, &added, &err), AS_IO);
    as_source_free(source);
    (void)ask(p->s, "PRAGMA max_page_count = 1000000");
    /* Either the engine kept the first report or the commit fails: never a silent loss. */
    if (as_store_commit(p->s, &err) == AS_OK)
        assert_int_equal(ask(p->s, "SELECT count(*) FROM document"), 1);
    else
        assert_int_equal(ask(p->s, "SELECT count(*) FROM document"), 0);
    (void)check(p, false, true, NULL);
}

/* --- killed
 * -------------------------------------------------------------------------------------------- */

/* Adds report after report and tells each that was confirmed, until it is killed. */
static void add_until_killed(const char *home, int told)
{
    place p = {0};

    (void)snprintf(p.home, sizeof(p.home), "%s", home);
    open_place(&p, AS_STORE_WRITE);
    for (unsigned n = (unsigned)ask(p.s, "SELECT count(*) FROM document") + 1;; n++) {
        as_added a = add_numbered(p.s, n);

        if (write(told, &a.doc, sizeof(a.doc)) != sizeof(a.doc))
            _exit(1);
    }
}

static void what_was_confirmed_survives_kill_9(void **state)
{
    place *p = *state;
    int64_t last = 0, doc;

    close_place(p);
    for (unsigned round = 0; round < 12; round++) {
        struct timespec pause = {0, 5000000L + 17000000L * (long)(round % 7)};
        int ends[2];
        pid_t pid;

        assert_int_equal(pipe(ends), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            add_until_killed(p->home, ends[1]);
        (void)close(ends[1]);
        (void)nanosleep(&pause, NULL);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        while (read(ends[0], &doc, sizeof(doc)) == sizeof(doc))
            last = doc;
        (void)close(ends[0]);
        open_place(p, AS_STORE_WRITE);
        assert_true(ask(p->s, "SELECT coalesce(max(id), 0) FROM document") >= last);
        assert_int_equal(ask(p->s, "SELECT count(*) FROM document"),
                         ask(p->s, "SELECT coalesce(max(id), 0) FROM document"));
        assert_counts_true(p->s);
        close_place(p);
    }
    assert_true(last > 0);
    (void)check(p, true, true, last ? "" : NULL);
    assert_int_equal(check(p, false, true, NULL).documents, check(p, false, false, NULL).blobs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, make_place, drop_place)
        T(a_sound_store_has_no_findings),
        T(wrong_counts_are_found_and_mended),
        T(damaged_rows_are_made_anew_from_the_blob),
        T(a_missing_and_a_damaged_blob_are_told),
        T(blobs_of_no_document_are_removed),
        T(a_database_beyond_reading_is_made_again),
        T(any_damaged_page_is_found_and_mended),
        T(a_newer_store_is_refused_untouched),
        T(words_of_a_newer_assay_are_refused),
        T(a_database_of_another_program_is_left_alone),
        T(reading_what_is_not_there_makes_nothing),
        T(a_second_writer_is_told_who_the_first_is),
        T(a_full_disk_loses_nothing_that_was_there),
        T(a_full_disk_ends_a_batch_and_says_so),
        T(what_was_confirmed_survives_kill_9),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "cli/cli_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define FOLDER "as-output-XXXXXX"

/* Each test works in a folder of its own and is alone there. */
static char folder[64];

static int enter(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/" FOLDER);
    return mkdtemp(folder) ? chdir(folder) : -1;
}

static size_t files_here(void)
{
    size_t n = 0;
    DIR *d = opendir(".");

    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e; e = readdir(d))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    (void)closedir(d);
    return n;
}

static int leave(void **state)
{
    static const char *const names[] = {"out", "link", "input", "fifo"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(names); i++)
        (void)unlink(names[i]);
    return chdir("/") || rmdir(folder) ? -1 : 0;
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void expect_file(const char *name, const char *text)
{
    char got[64] = {0};
    FILE *f = fopen(name, "r");

    assert_non_null(f);
    assert_int_equal(fread(got, 1, sizeof(got) - 1, f), strlen(text));
    assert_string_equal(got, text);
    assert_int_equal(fclose(f), 0);
}

static void a_file_appears_when_it_is_complete(void **state)
{
    as_out out;

    (void)state;
    assert_int_equal(as_out_open(&out, "out", NULL), AS_OK);
    as_buf_text(&out.buf, "first ");
    assert_int_equal(as_out_flush(&out, NULL), AS_OK);
    assert_int_equal(access("out", F_OK), -1);
    as_buf_text(&out.buf, "second");
    assert_int_equal(as_out_commit(&out, NULL), AS_OK);
    expect_file("out", "first second");
    assert_int_equal(files_here(), 1);
}

static void an_aborted_output_leaves_the_old_file(void **state)
{
    as_out out;

    (void)state;
    write_file("out", "old");
    assert_int_equal(as_out_open(&out, "out", NULL), AS_OK);
    as_buf_text(&out.buf, "new");
    assert_int_equal(as_out_flush(&out, NULL), AS_OK);
    as_out_abort(&out);
    expect_file("out", "old");
    assert_int_equal(files_here(), 1);
}

static void the_mode_of_an_old_file_stays(void **state)
{
    struct stat st;
    as_out out;

    (void)state;
    write_file("out", "old");
    assert_int_equal(chmod("out", 0640), 0);
    assert_int_equal(as_out_open(&out, "out", NULL), AS_OK);
    assert_int_equal(as_out_commit(&out, NULL), AS_OK);
    assert_int_equal(stat("out", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
}

static void a_new_file_has_the_mode_of_the_umask(void **state)
{
    mode_t before = umask(027);
    struct stat st;
    as_out out;

    (void)state;
    assert_int_equal(as_out_open(&out, "out", NULL), AS_OK);
    assert_int_equal(as_out_commit(&out, NULL), AS_OK);
    (void)umask(before);
    assert_int_equal(stat("out", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
}

static void a_symbolic_link_stays_one(void **state)
{
    struct stat st;
    as_out out;

    (void)state;
    write_file("out", "old");
    assert_int_equal(symlink("out", "link"), 0);
    assert_int_equal(as_out_open(&out, "link", NULL), AS_OK);
    as_buf_text(&out.buf, "new");
    assert_int_equal(as_out_commit(&out, NULL), AS_OK);
    expect_file("out", "new");
    assert_int_equal(lstat("link", &st), 0);
    assert_true(S_ISLNK(st.st_mode));
}

static void a_device_is_written_in_place(void **state)
{
    struct stat st;
    as_out out;

    (void)state;
    assert_int_equal(as_out_open(&out, "/dev/null", NULL), AS_OK);
    as_buf_text(&out.buf, "text");
    assert_int_equal(as_out_commit(&out, NULL), AS_OK);
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
}

static void a_full_device_is_an_error(void **state)
{
    as_err err = {0};
    as_out out;

    (void)state;
    if (access("/dev/full", W_OK))
        skip();
    assert_int_equal(as_out_open(&out, "/dev/full", NULL), AS_OK);
    as_buf_text(&out.buf, "text");
    assert_int_equal(as_out_commit(&out, &err), AS_IO);
    assert_non_null(strstr(err.msg, "No space left"));
}

static void a_missing_folder_is_an_error(void **state)
{
    as_err err = {0};
    as_out out;

    (void)state;
    assert_int_equal(as_out_open(&out, "none/out", &err), AS_IO);
    assert_non_null(strstr(err.msg, "'none/out'"));
    assert_int_equal(files_here(), 0);
}

static void a_report_is_never_its_own_output(void **state)
{
    char one[] = "one", input[] = "input", dash[] = "-";
    char *inputs[] = {one, dash, input};

    (void)state;
    write_file("input", "report");
    assert_int_equal(link("input", "link"), 0);
    assert_int_equal(as_out_check_inputs("link", inputs, 3, NULL), AS_USAGE);
    assert_int_equal(as_out_check_inputs("input", inputs, 2, NULL), AS_OK);
    assert_int_equal(as_out_check_inputs("/dev/null", inputs, 3, NULL), AS_OK);
    assert_int_equal(as_out_check_inputs(NULL, inputs, 3, NULL), AS_OK);
}

static void each_allocation_may_fail(void **state)
{
    bool done = false;

    (void)state;
    for (uint64_t n = 1; !done; n++) {
        as_out out;
        as_code rc;

        as_mem_fail_at(n);
        rc = as_out_open(&out, "out", NULL);
        if (!rc) {
            as_buf_text(&out.buf, "text");
            rc = as_out_commit(&out, NULL);
        }
        as_mem_fail_at(0);
        assert_true(rc == AS_OK || rc == AS_NOMEM);
        done = rc == AS_OK;
        assert_int_equal(files_here(), done ? 1 : 0);
        assert_true(n < 100);
    }
}

int main(void)
{
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, enter, leave)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_file_appears_when_it_is_complete),
        IN_FOLDER(an_aborted_output_leaves_the_old_file),
        IN_FOLDER(the_mode_of_an_old_file_stays),
        IN_FOLDER(a_new_file_has_the_mode_of_the_umask),
        IN_FOLDER(a_symbolic_link_stays_one),
        IN_FOLDER(a_device_is_written_in_place),
        IN_FOLDER(a_full_device_is_an_error),
        IN_FOLDER(a_missing_folder_is_an_error),
        IN_FOLDER(a_report_is_never_its_own_output),
        IN_FOLDER(each_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

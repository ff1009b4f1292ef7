#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

#define SECOND UINT64_C(1000000000)

static int keep = -1; /* the real standard error */
static int from = -1; /* where the test reads what was written to it */
static char text[65536];

static void stderr_becomes(int fd)
{
    keep = dup(STDERR_FILENO);
    assert_true(dup2(fd, STDERR_FILENO) == STDERR_FILENO);
    (void)close(fd);
}

static void catch_by_pipe(void)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    from = ends[0];
    stderr_becomes(ends[1]);
}

/* A terminal of `columns`; false where the system gives none. */
static bool catch_by_terminal(unsigned short columns)
{
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    struct termios modes;
    int inner;

    if (openpty(&from, &inner, NULL, NULL, &size))
        return false;
    assert_int_equal(tcgetattr(inner, &modes), 0);
    cfmakeraw(&modes);
    assert_int_equal(tcsetattr(inner, TCSANOW, &modes), 0);
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    stderr_becomes(inner);
    return true;
}

/* What is there to read now, as text. */
static const char *caught(void)
{
    struct pollfd wait = {.fd = from, .events = POLLIN};
    size_t n = 0;

    while (n + 1 < sizeof(text) && poll(&wait, 1, 0) > 0 && (wait.revents & POLLIN)) {
        ssize_t k = read(from, text + n, sizeof(text) - 1 - n);

        if (k <= 0)
            break;
        n += (size_t)k;
    }
    text[n] = '\0';
    return text;
}

static int give_back(void **state)
{
    (void)state;
    if (keep >= 0) {
        (void)dup2(keep, STDERR_FILENO);
        (void)close(keep);
        (void)close(from);
        keep = from = -1;
    }
    as_log_set(AS_LOG_WARN);
    return 0;
}

static void a_line_has_the_name_and_the_level(void **state)
{
    (void)state;
    catch_by_pipe();
    as_log(AS_LOG_ERROR, "cannot open '%s'", "x.json");
    assert_string_equal(caught(), "assay: error: cannot open 'x.json'\n");
    as_log(AS_LOG_WARN, "w");
    assert_string_equal(caught(), "assay: warning: w\n");
}

static void lines_above_the_level_are_dropped(void **state)
{
    (void)state;
    catch_by_pipe();
    as_log(AS_LOG_INFO, "i");
    as_log_set(AS_LOG_DEBUG);
    as_log(AS_LOG_DEBUG, "d");
    as_log_set(AS_LOG_ERROR);
    as_log(AS_LOG_WARN, "w");
    assert_string_equal(caught(), "assay: debug: d\n");
}

static void hostile_text_stays_one_harmless_line(void **state)
{
    (void)state;
    catch_by_pipe();
    as_log(AS_LOG_ERROR, "%s", "a\nassay: fake\x1b[2J\xe2\x80\xae");
    assert_string_equal(caught(), "assay: error: a\\nassay: fake\\x1b[2J\\u{202e}\n");
}

static void a_long_text_is_cut_visibly(void **state)
{
    const char *got;
    size_t n;

    (void)state;
    catch_by_pipe();
    as_log(AS_LOG_ERROR, "%5000d", 1);
    got = caught();
    n = strlen(got);
    assert_in_range(n, 1000, 1100);
    assert_string_equal(got + n - 4, "...\n");
}

static void a_full_heap_still_gives_a_line(void **state)
{
    (void)state;
    catch_by_pipe();
    as_mem_fail_at(1);
    as_log(AS_LOG_ERROR, "x");
    as_mem_fail_at(0);
    assert_string_equal(caught(), "assay: error: no memory for a message\n");
}

static void progress_is_silent_in_the_first_second(void **state)
{
    as_progress p = as_progress_start("reading", 100, false);

    (void)state;
    catch_by_pipe();
    as_progress_at(&p, 50);
    as_progress_end(&p);
    assert_string_equal(caught(), "");
}

static void progress_off_the_terminal_is_a_line_now_and_then(void **state)
{
    as_progress p = as_progress_start("reading x.json", (uint64_t)76 << 20, false);

    (void)state;
    catch_by_pipe();
    p.started_ns -= 2 * SECOND;
    as_progress_at(&p, UINT64_C(35756442));
    assert_string_equal(caught(), "reading x.json  44%  34.1 MiB\n");
    as_progress_at(&p, UINT64_C(35756442));
    p.drawn_ns -= 9 * SECOND;
    as_progress_at(&p, UINT64_C(35756442));
    assert_string_equal(caught(), "");
    p.drawn_ns -= 2 * SECOND;
    as_progress_at(&p, (uint64_t)90 << 20);
    assert_string_equal(caught(), "reading x.json  100%  90.0 MiB\n");
    as_progress_end(&p);
    assert_string_equal(caught(), "");
}

static void progress_with_a_rate_says_how_long_it_will_take(void **state)
{
    static const struct {
        uint64_t seconds, done, total;
        const char *want;
    } cases[] = {
        /* Not quite round, since the clock goes on. */
        {2, (uint64_t)161 << 17, (uint64_t)51 << 20, "x  39%  20.1 MiB  10.0 MiB/s  3 s left\n"},
        {10, (uint64_t)41 << 18, (uint64_t)417 << 18,
         "x  9%  10.2 MiB  1.0 MiB/s  1 min 31 s left\n"},
        {100, (uint64_t)33 << 15, (uint64_t)104 << 20,
         "x  0%  1.0 MiB  10.5 KiB/s  2 h 46 min left\n"},
        {100, 150, (uint64_t)101 << 20, "x  0%  150 B  1 B/s\n"},
        {2, 0, (uint64_t)50 << 20, "x  0%  0 B\n"},
        {2, 5000, 0, "x  4.8 KiB  2.4 KiB/s\n"},
        {2, 5000, 5000, "x  100%  4.8 KiB  2.4 KiB/s\n"},
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        as_progress p = as_progress_start("x", cases[i].total, false);

        catch_by_pipe();
        p.rate = true;
        p.started_ns -= cases[i].seconds * SECOND;
        as_progress_at(&p, cases[i].done);
        assert_string_equal(caught(), cases[i].want);
    }
}

static void quiet_progress_says_nothing(void **state)
{
    as_progress p = as_progress_start("reading", 0, true);

    (void)state;
    catch_by_pipe();
    p.started_ns -= 60 * SECOND;
    as_progress_at(&p, 5);
    as_progress_end(&p);
    assert_string_equal(caught(), "");
}

static void sizes_are_in_human_units(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *line;
    } sizes[] = {
        {0, "x  0 B\n"},
        {1023, "x  1023 B\n"},
        {1024, "x  1.0 KiB\n"},
        {1536, "x  1.5 KiB\n"},
        {(uint64_t)1 << 20, "x  1.0 MiB\n"},
        {(uint64_t)3 << 29, "x  1.5 GiB\n"},
        {UINT64_MAX, "x  15.9 EiB\n"},
    };

    (void)state;
    catch_by_pipe();
    for (size_t i = 0; i < AS_COUNT(sizes); i++) {
        as_progress p = as_progress_start("x", 0, false);

        p.started_ns -= 2 * SECOND;
        as_progress_at(&p, sizes[i].bytes);
        assert_string_equal(caught(), sizes[i].line);
    }
}

static void progress_on_a_terminal_rewrites_one_line_and_erases_it(void **state)
{
    as_progress p = as_progress_start("reading a\x1b[2Jb", 200, false);

    (void)state;
    if (!catch_by_terminal(80)) {
        print_message("[  SKIPPED ] this system gives no pseudo-terminal\n");
        skip();
    }
    p.started_ns -= 2 * SECOND;
    as_progress_at(&p, 100);
    assert_string_equal(caught(), "\r\x1b[Kreading a\\x1b[2Jb  50%  100 B");
    as_progress_at(&p, 101);
    assert_string_equal(caught(), "");
    p.drawn_ns -= SECOND / 4;
    as_progress_at(&p, 102);
    assert_string_equal(caught(), "\r\x1b[Kreading a\\x1b[2Jb  51%  102 B");
    as_log(AS_LOG_WARN, "w");
    assert_string_equal(caught(), "\r\x1b[Kassay: warning: w\n");
    as_progress_end(&p);
    assert_string_equal(caught(), "\r\x1b[K");
    as_progress_end(&p);
    assert_string_equal(caught(), "");
}

static void a_narrow_terminal_gets_a_shorter_label(void **state)
{
    as_progress p = as_progress_start("\xe6\x8a\xa5\xe5\x91\x8a-and-more-and-more", 0, false);

    (void)state;
    if (!catch_by_terminal(29)) {
        print_message("[  SKIPPED ] this system gives no pseudo-terminal\n");
        skip();
    }
    p.started_ns -= 2 * SECOND;
    as_progress_at(&p, 100);
    assert_string_equal(caught(), "\r\x1b[K\xe6\x8a\xa5\xe5\x91\x8a-  100 B");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_line_has_the_name_and_the_level, give_back),
        cmocka_unit_test_teardown(lines_above_the_level_are_dropped, give_back),
        cmocka_unit_test_teardown(hostile_text_stays_one_harmless_line, give_back),
        cmocka_unit_test_teardown(a_long_text_is_cut_visibly, give_back),
        cmocka_unit_test_teardown(a_full_heap_still_gives_a_line, give_back),
        cmocka_unit_test_teardown(progress_is_silent_in_the_first_second, give_back),
        cmocka_unit_test_teardown(progress_off_the_terminal_is_a_line_now_and_then, give_back),
        cmocka_unit_test_teardown(quiet_progress_says_nothing, give_back),
        cmocka_unit_test_teardown(progress_with_a_rate_says_how_long_it_will_take, give_back),
        cmocka_unit_test_teardown(sizes_are_in_human_units, give_back),
        cmocka_unit_test_teardown(progress_on_a_terminal_rewrites_one_line_and_erases_it,
                                  give_back),
        cmocka_unit_test_teardown(a_narrow_terminal_gets_a_shorter_label, give_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

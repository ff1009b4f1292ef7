#include "cli/cli_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "base/banned.h"

#define WORDS_MAX 16

/* What a shell would have made of `line`; the words live in `text`. */
struct words {
    char text[256];
    char *argv[WORDS_MAX];
    int argc;
};

static void split(struct words *w, const char *line)
{
    size_t n = strlen(line);
    char *at = w->text;

    assert_true(n < sizeof(w->text));
    memcpy(w->text, line, n + 1);
    w->argc = 0;
    while (*at) {
        w->argv[w->argc++] = at;
        at += strcspn(at, " ");
        if (*at)
            *at++ = '\0';
    }
}

static as_args read_good(as_command_id command, struct words *w, const char *line)
{
    as_err err = {0};
    as_args args;

    split(w, line);
    if (as_args_read(command, w->argc, w->argv, &args, &err))
        fail_msg("'%s': %s", line, err.msg);
    return args;
}

static void says(as_command_id command, const char *line, const char *message)
{
    struct words w;
    as_err err = {0};
    as_args args;

    split(&w, line);
    assert_int_equal(as_args_read(command, w.argc, w.argv, &args, &err), AS_USAGE);
    assert_string_equal(err.msg, message);
}

static void options_and_operands_may_be_mixed(void **state)
{
    struct words w;
    as_args a = read_good(AS_COMMAND_ANALYZE, &w, "one --lang zh two --full -f md three");

    (void)state;
    assert_int_equal(a.n_operands, 3);
    assert_string_equal(a.operands[0], "one");
    assert_string_equal(a.operands[1], "two");
    assert_string_equal(a.operands[2], "three");
    assert_string_equal(as_args_get(&a, AS_OPT_LANG), "zh");
    assert_string_equal(as_args_get(&a, AS_OPT_FORMAT), "md");
    assert_true(as_args_has(&a, AS_OPT_FULL));
    assert_false(as_args_has(&a, AS_OPT_COVERAGE));
}

static void a_value_may_be_joined(void **state)
{
    struct words w;
    as_args a = read_good(AS_COMMAND_ANALYZE, &w, "--lang=en -fjson -qoout x");

    (void)state;
    assert_string_equal(as_args_get(&a, AS_OPT_LANG), "en");
    assert_string_equal(as_args_get(&a, AS_OPT_FORMAT), "json");
    assert_string_equal(as_args_get(&a, AS_OPT_OUTPUT), "out");
    assert_true(as_args_has(&a, AS_OPT_QUIET));
}

static void two_dashes_end_the_options(void **state)
{
    struct words w;
    as_args a = read_good(AS_COMMAND_FACTS, &w, "-q -- -q --foo --");

    (void)state;
    assert_int_equal(a.n_operands, 3);
    assert_string_equal(a.operands[0], "-q");
    assert_string_equal(a.operands[1], "--foo");
    assert_string_equal(a.operands[2], "--");
}

static void a_single_dash_is_an_operand(void **state)
{
    struct words w;
    as_args a = read_good(AS_COMMAND_FACTS, &w, "-");

    (void)state;
    assert_string_equal(a.operands[0], "-");
}

static void the_last_of_a_repeated_option_counts(void **state)
{
    struct words w;
    as_args a = read_good(AS_COMMAND_ANALYZE, &w, "--lang zh --lang en x");

    (void)state;
    assert_string_equal(as_args_get(&a, AS_OPT_LANG), "en");
}

static void all_of_the_repeated_passwords_count(void **state)
{
    struct words w;
    as_args a = read_good(AS_COMMAND_FACTS, &w, "-p one x --password=two --password three");

    (void)state;
    assert_int_equal(a.n_list, 3);
    assert_string_equal(a.list[0], "one");
    assert_string_equal(a.list[1], "two");
    assert_string_equal(a.list[2], "three");
    assert_string_equal(as_args_get(&a, AS_OPT_PASSWORD), "three");
    assert_int_equal(read_good(AS_COMMAND_FACTS, &w, "x").n_list, 0);
}

static void a_password_may_be_given_so_often_and_no_more(void **state)
{
    char option[] = "-px";
    char *argv[AS_ARGS_LIST + 1];
    as_args args;
    as_err err = {0};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(argv); i++)
        argv[i] = option;
    argv[0] = (char[]){"x"};
    assert_int_equal(as_args_read(AS_COMMAND_FACTS, AS_ARGS_LIST + 1, argv, &args, &err), AS_OK);
    assert_int_equal(args.n_list, AS_ARGS_LIST);
    argv[0] = option;
    assert_int_equal(as_args_read(AS_COMMAND_FACTS, AS_ARGS_LIST + 1, argv, &args, &err), AS_USAGE);
    assert_string_equal(err.msg, "option '--password' may be given 32 times; "
                                 "try 'assay help facts'");
}

static void help_needs_nothing_else(void **state)
{
    struct words w;
    as_args a = read_good(AS_COMMAND_EVIDENCE, &w, "--help");

    (void)state;
    assert_true(as_args_has(&a, AS_OPT_HELP));
}

static void an_unknown_option_is_one_exact_line(void **state)
{
    (void)state;
    says(AS_COMMAND_ANALYZE, "--foo x",
         "unknown option '--foo' for 'analyze'; try 'assay help analyze'");
    says(AS_COMMAND_ANALYZE, "--foo=bar x",
         "unknown option '--foo' for 'analyze'; try 'assay help analyze'");
    says(AS_COMMAND_FACTS, "--lang zh x",
         "unknown option '--lang' for 'facts'; try 'assay help facts'");
    says(AS_COMMAND_FACTS, "-x", "unknown option '-x' for 'facts'; try 'assay help facts'");
    says(AS_COMMAND_FACTS, "-qx", "unknown option '-x' for 'facts'; try 'assay help facts'");
    says(AS_COMMAND_PROGRAM, "--foo", "unknown option '--foo'; try 'assay help'");
}

static void an_option_is_not_known_by_half_its_name(void **state)
{
    (void)state;
    says(AS_COMMAND_ANALYZE, "--ful x",
         "unknown option '--ful' for 'analyze'; try 'assay help analyze'");
}

static void wrong_values_are_one_exact_line(void **state)
{
    (void)state;
    says(AS_COMMAND_ANALYZE, "--lang fr x",
         "option '--lang' takes 'zh' or 'en', not 'fr'; try 'assay help analyze'");
    says(AS_COMMAND_ANALYZE, "--format= x",
         "option '--format' takes 'text', 'md', 'html' or 'json', not ''; "
         "try 'assay help analyze'");
    says(AS_COMMAND_ANALYZE, "x --lang",
         "option '--lang' needs a value, LANG; "
         "try 'assay help analyze'");
    says(AS_COMMAND_ANALYZE, "--full=yes x",
         "option '--full' takes no value; try 'assay help analyze'");
    says(AS_COMMAND_ANALYZE, "--output= x",
         "option '--output' needs a file name; try 'assay help analyze'");
}

static void the_number_of_operands_is_checked(void **state)
{
    (void)state;
    says(AS_COMMAND_ANALYZE, "", "'analyze' needs REPORT...; try 'assay help analyze'");
    says(AS_COMMAND_DOCTOR, "x", "'doctor' takes no 'x'; try 'assay help doctor'");
    says(AS_COMMAND_EVIDENCE, "a b", "'evidence' takes no 'b'; try 'assay help evidence'");
    says(AS_COMMAND_COMPLETION, "tcsh",
         "'completion' takes 'bash', 'zsh' or 'fish', not 'tcsh'; try 'assay help completion'");
}

static void a_failure_leaves_the_result_alone(void **state)
{
    char word[] = "--foo";
    char *argv[] = {word};
    as_args args;

    (void)state;
    memset(&args, 0x5a, sizeof(args));
    assert_int_equal(as_args_read(AS_COMMAND_FACTS, 1, argv, &args, NULL), AS_USAGE);
    for (size_t i = 0; i < sizeof(args); i++)
        assert_int_equal(((const unsigned char *)&args)[i], 0x5a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_operands_may_be_mixed),
        cmocka_unit_test(a_value_may_be_joined),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(a_single_dash_is_an_operand),
        cmocka_unit_test(the_last_of_a_repeated_option_counts),
        cmocka_unit_test(all_of_the_repeated_passwords_count),
        cmocka_unit_test(a_password_may_be_given_so_often_and_no_more),
        cmocka_unit_test(help_needs_nothing_else),
        cmocka_unit_test(an_unknown_option_is_one_exact_line),
        cmocka_unit_test(an_option_is_not_known_by_half_its_name),
        cmocka_unit_test(wrong_values_are_one_exact_line),
        cmocka_unit_test(the_number_of_operands_is_checked),
        cmocka_unit_test(a_failure_leaves_the_result_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "cli/cli_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

typedef void document_fn(as_buf *out, as_command_id command);

static void bash_of(as_buf *out, as_command_id command)
{
    (void)command;
    as_completion_bash(out);
}

static void zsh_of(as_buf *out, as_command_id command)
{
    (void)command;
    as_completion_zsh(out);
}

static void fish_of(as_buf *out, as_command_id command)
{
    (void)command;
    as_completion_fish(out);
}

static void help_of(as_buf *out, as_command_id command)
{
    if (command == AS_COMMAND_PROGRAM)
        as_help_program(out);
    else
        as_help_command(out, command);
}

/* The document as a text; the caller ends it. */
static const char *text_of(document_fn *make, as_command_id command, as_buf *out)
{
    as_buf_reset(out);
    make(out, command);
    as_buf_byte(out, '\0');
    assert_false(out->failed);
    return (const char *)out->p;
}

/* The name as the document has it: roff wants a backslash before each hyphen. */
static void name_in(document_fn *make, const char *dashes, const char *name, char *dst, size_t cap)
{
    size_t n = (size_t)snprintf(dst, cap, "%s", dashes);

    for (; *name && n + 2 < cap; name++) {
        if (*name == '-' && make == as_man_page)
            dst[n++] = '\\';
        dst[n++] = *name;
    }
    dst[n] = '\0';
}

static void each_option_of_each_command_is_in(document_fn *make, const char *dashes)
{
    as_buf out = {0};

    for (unsigned c = 0; c < AS_COMMAND_COUNT; c++) {
        const char *text = text_of(make, (as_command_id)c, &out);

        for (unsigned i = 0; i < AS_OPT_COUNT; i++) {
            const as_option *o = as_option_get((as_option_id)i);
            char name[64];

            if (!as_option_of(o, (as_command_id)c))
                continue;
            name_in(make, dashes, o->name, name, sizeof(name));
            if (!strstr(text, name))
                fail_msg("'%s' of '%s' is not documented", o->name,
                         as_command_get((as_command_id)c)->name);
        }
    }
    as_buf_done(&out);
}

static void help_documents_every_option(void **state)
{
    (void)state;
    each_option_of_each_command_is_in(help_of, "--");
}

static void manual_documents_every_option(void **state)
{
    (void)state;
    each_option_of_each_command_is_in(as_man_page, "\\fB\\-\\-");
}

static void completion_knows_every_option(void **state)
{
    (void)state;
    each_option_of_each_command_is_in(bash_of, "--");
    each_option_of_each_command_is_in(zsh_of, "--");
    each_option_of_each_command_is_in(fish_of, "-l ");
}

static void every_command_is_in_every_document(void **state)
{
    document_fn *const all[] = {help_of, as_man_page, bash_of, zsh_of, fish_of};
    as_buf out = {0};

    (void)state;
    for (size_t d = 0; d < AS_COUNT(all); d++) {
        const char *text = text_of(all[d], AS_COMMAND_PROGRAM, &out);

        for (unsigned c = AS_COMMAND_PROGRAM + 1; c < AS_COMMAND_COUNT; c++)
            assert_non_null(strstr(text, as_command_get((as_command_id)c)->name));
    }
    as_buf_done(&out);
}

static void every_row_says_what_it_is_for(void **state)
{
    (void)state;
    for (unsigned i = 0; i < AS_OPT_COUNT; i++) {
        const as_option *o = as_option_get((as_option_id)i);

        assert_non_null(o->name);
        assert_non_null(o->help);
        assert_true(strlen(o->help) > 5 && o->help[strlen(o->help) - 1] != '.');
        assert_int_not_equal(o->commands, 0);
        assert_int_equal(o->value != NULL, o->takes != AS_TAKES_NOTHING);
        assert_int_equal(o->choices != NULL, o->takes == AS_TAKES_CHOICE);
    }
    for (unsigned c = 0; c < AS_COMMAND_COUNT; c++) {
        const as_command *row = as_command_get((as_command_id)c);

        assert_true(strlen(row->summary) > 5);
        assert_true(strlen(row->text) > 20);
        assert_non_null(row->examples[0].line);
        assert_true(c == AS_COMMAND_PROGRAM || row->run != NULL);
    }
}

static void no_two_options_of_a_command_share_a_letter(void **state)
{
    (void)state;
    for (unsigned i = 0; i < AS_OPT_COUNT; i++)
        for (unsigned k = i + 1; k < AS_OPT_COUNT; k++) {
            const as_option *a = as_option_get((as_option_id)i);
            const as_option *b = as_option_get((as_option_id)k);

            if (a->commands & b->commands) {
                assert_string_not_equal(a->name, b->name);
                assert_true(!a->letter || a->letter != b->letter);
            }
        }
}

static void help_fits_eighty_columns_but_for_examples(void **state)
{
    as_buf out = {0};

    (void)state;
    for (unsigned c = 0; c < AS_COMMAND_COUNT; c++) {
        const char *text = text_of(help_of, (as_command_id)c, &out);

        while (*text) {
            size_t n = strcspn(text, "\n");

            if (n > 80 && strncmp(text, "  assay ", 8) != 0)
                fail_msg("%zu columns: %.*s", n, (int)n, text);
            text += n + (text[n] == '\n');
        }
    }
    as_buf_done(&out);
}

/* A manual page must not lose a paragraph of the text it is made of. */
static void manual_ends_with_the_last_words_of_the_text(void **state)
{
    as_buf out = {0};

    (void)state;
    assert_non_null(
        strstr(text_of(as_man_page, AS_COMMAND_CALLS, &out), "in the temporary folder."));
    assert_non_null(strstr(text_of(help_of, AS_COMMAND_CALLS, &out), "temporary\nfolder."));
    as_buf_done(&out);
}

static void a_typo_finds_the_nearest_command(void **state)
{
    (void)state;
    assert_int_equal(as_command_nearest("analyse"), AS_COMMAND_ANALYZE);
    assert_int_equal(as_command_nearest("anaylze"), AS_COMMAND_ANALYZE);
    assert_int_equal(as_command_nearest("fact"), AS_COMMAND_FACTS);
    assert_int_equal(as_command_nearest("evidnce"), AS_COMMAND_EVIDENCE);
    assert_int_equal(as_command_nearest("comp"), AS_COMMAND_COMPLETION);
    assert_int_equal(as_command_nearest("zzz"), AS_COMMAND_COUNT);
    assert_int_equal(as_command_nearest(""), AS_COMMAND_COUNT);
    assert_int_equal(as_command_nearest("report.json"), AS_COMMAND_COUNT);
    assert_int_equal(as_command_nearest("a_word_that_is_longer_than_any_command"),
                     AS_COMMAND_COUNT);
}

static void a_command_is_found_by_its_whole_name_only(void **state)
{
    (void)state;
    assert_int_equal(as_command_find("facts"), AS_COMMAND_FACTS);
    assert_int_equal(as_command_find("fact"), AS_COMMAND_COUNT);
    assert_int_equal(as_command_find("assay"), AS_COMMAND_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_documents_every_option),
        cmocka_unit_test(manual_documents_every_option),
        cmocka_unit_test(completion_knows_every_option),
        cmocka_unit_test(every_command_is_in_every_document),
        cmocka_unit_test(every_row_says_what_it_is_for),
        cmocka_unit_test(no_two_options_of_a_command_share_a_letter),
        cmocka_unit_test(help_fits_eighty_columns_but_for_examples),
        cmocka_unit_test(manual_ends_with_the_last_words_of_the_text),
        cmocka_unit_test(a_typo_finds_the_nearest_command),
        cmocka_unit_test(a_command_is_found_by_its_whole_name_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

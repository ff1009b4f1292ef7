#include "cli/options.h"

#include <string.h>

#include "base/banned.h"

#define HELP_WIDTH  80u
#define HELP_INDENT 2u

/* "  -o, --output FILE": the left column of an option. */
static void put_option(as_buf *out, const as_option *o)
{
    if (o->letter)
        as_buf_printf(out, "-%c, ", o->letter);
    else
        as_buf_text(out, "    ");
    as_buf_printf(out, "--%s", o->name);
    if (o->value)
        as_buf_printf(out, " %s", o->value);
}

/* `text` filled to HELP_WIDTH, each new line after `indent` blanks; `column` is where we are. */
static void put_filled(as_buf *out, const char *text, size_t indent, size_t column)
{
    bool first = true;

    while (*text) {
        size_t n = strcspn(text, " ");

        if (!first && column + 1 + n > HELP_WIDTH) {
            as_buf_byte(out, '\n');
            as_buf_fill(out, ' ', indent);
            column = indent;
        } else if (!first) {
            as_buf_byte(out, ' ');
            column++;
        }
        as_buf_add(out, (as_bytes){(const uint8_t *)text, n});
        column += n;
        first = false;
        text += n;
        text += strspn(text, " ");
    }
    as_buf_byte(out, '\n');
}

/* Paragraphs of a text of ASCII words; one paragraph has at most PARAGRAPH bytes. */
#define PARAGRAPH 1024

static void put_paragraphs(as_buf *out, const char *text)
{
    char one[PARAGRAPH];

    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t n = end ? (size_t)(end - text) : strlen(text);

        if (n >= sizeof(one))
            n = sizeof(one) - 1;
        memcpy(one, text, n);
        one[n] = '\0';
        put_filled(out, one, 0, 0);
        text += n;
        text += strspn(text, "\n");
        if (*text)
            as_buf_byte(out, '\n');
    }
}

/* A left column of `width` and a filled right one. */
static void put_row(as_buf *out, const as_buf *left, const char *right, size_t width)
{
    size_t indent = HELP_INDENT + width + 2;

    as_buf_fill(out, ' ', HELP_INDENT);
    as_buf_add(out, as_buf_bytes(left));
    as_buf_fill(out, ' ', width - left->n + 2);
    put_filled(out, right, indent, indent);
}

static void put_options(as_buf *out, as_command_id command)
{
    as_buf left = {0};
    size_t width = 0;

    for (unsigned i = 0; i < AS_OPT_COUNT; i++) {
        const as_option *o = as_option_get((as_option_id)i);

        as_buf_reset(&left);
        put_option(&left, o);
        if (as_option_of(o, command) && left.n > width)
            width = left.n;
    }
    as_buf_text(out, "\nOptions:\n");
    for (unsigned i = 0; i < AS_OPT_COUNT; i++) {
        const as_option *o = as_option_get((as_option_id)i);

        if (!as_option_of(o, command))
            continue;
        as_buf_reset(&left);
        put_option(&left, o);
        put_row(out, &left, o->help, width);
    }
    as_buf_done(&left);
}

static void put_examples(as_buf *out, const as_command *c)
{
    if (c->examples[0].line)
        as_buf_text(out, "\nExamples:\n");
    for (size_t i = 0; i < AS_EXAMPLES_MAX && c->examples[i].line; i++)
        as_buf_printf(out, "  %s\n      %s\n", c->examples[i].line, c->examples[i].what);
}

static void put_variables(as_buf *out, as_command_id command)
{
    size_t n;
    const as_variable *v = as_variables(&n);
    bool any = false;

    for (size_t i = 0; i < n; i++) {
        if (!(v[i].commands >> command & 1u))
            continue;
        if (!any)
            as_buf_text(out, "\nEnvironment:\n");
        any = true;
        as_buf_printf(out, "  %s\n      ", v[i].name);
        put_filled(out, v[i].help, 6, 6);
    }
}

static void put_statuses(as_buf *out)
{
    size_t n;
    const as_status *s = as_statuses(&n);

    as_buf_text(out, "\nExit status:\n");
    for (size_t i = 0; i < n; i++)
        as_buf_printf(out, "  %d  %s\n", s[i].status, s[i].help);
}

static void put_usage(as_buf *out, const as_command *c)
{
    as_buf_printf(out, "Usage: assay %s [OPTION]...%s%s\n", c->name, *c->operands ? " " : "",
                  c->operands);
}

void as_help_command(as_buf *out, as_command_id command)
{
    const as_command *c = as_command_get(command);

    put_usage(out, c);
    as_buf_printf(out, "assay %s - %s\n\n", c->name, c->summary);
    put_paragraphs(out, c->text);
    put_options(out, command);
    put_variables(out, command);
    put_examples(out, c);
    put_statuses(out);
}

void as_help_program(as_buf *out)
{
    const as_command *program = as_command_get(AS_COMMAND_PROGRAM);
    as_buf left = {0};
    size_t width = 0;

    as_buf_text(out, "Usage: assay COMMAND [OPTION]... [OPERAND]...\n");
    as_buf_printf(out, "assay - %s\n\n", program->summary);
    put_paragraphs(out, program->text);
    as_buf_text(out, "\nCommands:\n");
    for (unsigned i = AS_COMMAND_PROGRAM + 1; i < AS_COMMAND_COUNT; i++) {
        size_t n = strlen(as_command_get((as_command_id)i)->name);

        width = n > width ? n : width;
    }
    for (unsigned i = AS_COMMAND_PROGRAM + 1; i < AS_COMMAND_COUNT; i++) {
        const as_command *c = as_command_get((as_command_id)i);

        as_buf_reset(&left);
        as_buf_text(&left, c->name);
        put_row(out, &left, c->summary, width);
    }
    as_buf_done(&left);
    put_options(out, AS_COMMAND_PROGRAM);
    put_examples(out, program);
    put_statuses(out);
    as_buf_text(out, "\n'assay help COMMAND' explains one of them.\n");
}

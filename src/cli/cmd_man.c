#include "cli/cli_priv.h"

#include "base/utf8.h"

#include <string.h>

#include "base/banned.h"

/* One character that is not ASCII, which groff reads as Latin-1 unless it is named. */
static size_t put_wide(as_buf *out, const char *text)
{
    size_t n = 1;
    int32_t cp = as_utf8_next(as_bytes_of(text), &n);

    as_buf_printf(out, "\\[u%04X]", cp < 0 ? 0xfffdu : (unsigned)cp);
    return n;
}

/* Running text: a hyphen stays a hyphen-minus, and no line becomes a request. */
static void put_roff(as_buf *out, const char *text)
{
    bool line_start = true;

    for (; *text; text++) {
        if (line_start && (*text == '.' || *text == '\''))
            as_buf_text(out, "\\&");
        line_start = *text == '\n';
        if (*text == '\\')
            as_buf_text(out, "\\e");
        else if (*text == '-')
            as_buf_text(out, "\\-");
        else if (*text == '\'')
            as_buf_text(out, "\\(aq");
        else if (*text == '~')
            as_buf_text(out, "\\(ti");
        else if ((uint8_t)*text >= 0x80)
            text += put_wide(out, text) - 1;
        else
            as_buf_byte(out, (uint8_t)*text);
    }
}

static void put_line(as_buf *out, const char *macro, const char *text)
{
    as_buf_text(out, macro);
    put_roff(out, text);
    as_buf_byte(out, '\n');
}

/* Every sentence on a line of its own, as roff wants it. */
static void put_sentences(as_buf *out, const char *text)
{
    as_buf line = {0};

    for (; *text; text++) {
        bool end = *text == '.' && text[1] == ' ';

        as_buf_byte(&line, (uint8_t)*text);
        if (end)
            text++;
        if (end || text[1] == '\0') {
            as_buf_byte(&line, end ? '\n' : '\0');
            if (end)
                as_buf_byte(&line, '\0');
            if (!line.failed)
                put_roff(out, (const char *)line.p);
            as_buf_reset(&line);
        }
    }
    as_buf_byte(out, '\n');
    as_buf_done(&line);
}

static void put_paragraphs(as_buf *out, const char *text)
{
    char one[1024];

    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t n = end ? (size_t)(end - text) : strlen(text);

        if (n >= sizeof(one))
            n = sizeof(one) - 1;
        memcpy(one, text, n);
        one[n] = '\0';
        put_sentences(out, one);
        text += n;
        text += strspn(text, "\n");
        if (*text)
            as_buf_text(out, ".PP\n");
    }
}

static void put_options(as_buf *out, as_command_id command)
{
    as_buf_text(out, ".SH OPTIONS\n");
    for (unsigned i = 0; i < AS_OPT_COUNT; i++) {
        const as_option *o = as_option_get((as_option_id)i);

        if (!as_option_of(o, command))
            continue;
        as_buf_text(out, ".TP\n");
        if (o->letter)
            as_buf_printf(out, "\\fB\\-%c\\fR, ", o->letter);
        as_buf_text(out, "\\fB\\-\\-");
        put_roff(out, o->name);
        as_buf_text(out, "\\fR");
        if (o->value)
            as_buf_printf(out, " \\fI%s\\fR", o->value);
        as_buf_byte(out, '\n');
        put_roff(out, o->help);
        as_buf_text(out, ".\n");
    }
}

static void put_commands(as_buf *out)
{
    as_buf_text(out, ".SH COMMANDS\n");
    for (unsigned i = AS_COMMAND_PROGRAM + 1; i < AS_COMMAND_COUNT; i++) {
        const as_command *c = as_command_get((as_command_id)i);

        as_buf_printf(out, ".TP\n\\fB%s\\fR", c->name);
        if (*c->operands)
            as_buf_printf(out, " \\fI%s\\fR", c->operands);
        as_buf_byte(out, '\n');
        put_roff(out, c->summary);
        as_buf_text(out, ".\n");
    }
}

static void put_variables(as_buf *out, as_command_id command)
{
    size_t n;
    const as_variable *v = as_variables(&n);
    bool any = false;

    for (size_t i = 0; i < n; i++) {
        if (!(v[i].commands >> command & 1u) && command != AS_COMMAND_PROGRAM)
            continue;
        if (!any)
            as_buf_text(out, ".SH ENVIRONMENT\n");
        any = true;
        put_line(out, ".TP\n.B ", v[i].name);
        put_sentences(out, v[i].help);
    }
}

static void put_statuses(as_buf *out)
{
    size_t n;
    const as_status *s = as_statuses(&n);

    as_buf_text(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < n; i++) {
        as_buf_printf(out, ".TP\n.B %d\n", s[i].status);
        put_line(out, "", s[i].help);
    }
}

static void put_examples(as_buf *out, const as_command *c)
{
    if (c->examples[0].line)
        as_buf_text(out, ".SH EXAMPLES\n");
    for (size_t i = 0; i < AS_EXAMPLES_MAX && c->examples[i].line; i++) {
        as_buf_text(out, ".TP\n");
        put_line(out, "", c->examples[i].what);
        put_line(out, "\\fB", c->examples[i].line);
        out->n -= out->n > 0 ? 1 : 0; /* the font ends on the same line */
        as_buf_text(out, "\\fR\n");
    }
}

/* The other pages: all of them for assay(1), assay(1) for each of them. */
static void put_see_also(as_buf *out, as_command_id command)
{
    const char *comma = "";

    as_buf_text(out, ".SH SEE ALSO\n");
    if (command != AS_COMMAND_PROGRAM) {
        as_buf_text(out, ".BR assay (1)\n");
        return;
    }
    for (unsigned i = AS_COMMAND_PROGRAM + 1; i < AS_COMMAND_COUNT; i++) {
        as_buf_printf(out, "%s.BR assay\\-%s (1)", comma, as_command_get((as_command_id)i)->name);
        comma = ",\n";
    }
    as_buf_byte(out, '\n');
}

static void put_title(as_buf *out, as_command_id command)
{
    const as_command *c = as_command_get(command);
    bool program = command == AS_COMMAND_PROGRAM;
    as_buf name = {0};

    as_buf_text(&name, program ? "ASSAY" : "ASSAY\\-");
    for (const char *p = c->name; !program && *p; p++)
        as_buf_byte(&name, (uint8_t)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p));
    as_buf_byte(&name, '\0');
    as_buf_printf(out, ".TH %s 1 \"\" \"assay " AS_VERSION "\" \"assay manual\"\n",
                  name.failed ? "ASSAY" : (const char *)name.p);
    as_buf_printf(out, ".SH NAME\nassay%s%s \\- ", program ? "" : "\\-", program ? "" : c->name);
    put_line(out, "", c->summary);
    as_buf_done(&name);
}

void as_man_page(as_buf *out, as_command_id command)
{
    const as_command *c = as_command_get(command);
    bool program = command == AS_COMMAND_PROGRAM;

    put_title(out, command);
    as_buf_printf(out, ".SH SYNOPSIS\n\\fBassay%s%s\\fR [\\fIOPTION\\fR]...", program ? "" : " ",
                  program ? "" : c->name);
    if (program)
        as_buf_text(out, "\n.br\n\\fBassay\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]... "
                         "[\\fIOPERAND\\fR]...");
    else if (*c->operands)
        as_buf_printf(out, " \\fI%s\\fR", c->operands);
    as_buf_text(out, "\n.SH DESCRIPTION\n");
    put_paragraphs(out, c->text);
    if (program)
        put_commands(out);
    put_options(out, command);
    put_variables(out, command);
    put_statuses(out);
    put_examples(out, c);
    put_see_also(out, command);
}

int as_cmd_man(const as_args *args)
{
    as_command_id id = AS_COMMAND_PROGRAM;
    as_err err = {0};
    as_buf out = {0};

    if (args->n_operands > 0)
        id = as_command_find(args->operands[0]);
    if (id == AS_COMMAND_COUNT) {
        (void)as_fail(&err, AS_USAGE, AS_NO_OFFSET, "no manual page for '%s'; try 'assay help'",
                      args->operands[0]);
        err.code = AS_USAGE;
        return as_say_error(&err);
    }
    as_man_page(&out, id);
    return as_out_print(&out);
}

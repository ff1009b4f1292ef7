#include "cli/cli_priv.h"

#include <string.h>

#include "base/banned.h"

static void put_command_names(as_buf *out, const char *between)
{
    for (unsigned i = AS_COMMAND_PROGRAM + 1; i < AS_COMMAND_COUNT; i++) {
        if (i > AS_COMMAND_PROGRAM + 1)
            as_buf_text(out, between);
        as_buf_text(out, as_command_get((as_command_id)i)->name);
    }
}

/* A shell word in single quotes: each quote leaves them, is escaped, and enters again. */
static void put_quoted(as_buf *out, const char *text)
{
    as_buf_byte(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            as_buf_text(out, "'\\''");
        else
            as_buf_byte(out, (uint8_t)*text);
    }
    as_buf_byte(out, '\'');
}

/* The only values of an option, with blanks between; nothing if it takes any. */
static void put_values(as_buf *out, const as_option *o)
{
    const as_format *f;

    if (o->choices)
        as_buf_text(out, o->choices);
    for (size_t i = 0; o->takes == AS_TAKES_FORMAT && (f = as_format_get(i)) != NULL; i++)
        as_buf_printf(out, "%s%s", i > 0 ? " " : "", f->id);
}

static bool has_values(const as_option *o)
{
    return o->choices || o->takes == AS_TAKES_FORMAT;
}

/* "ask [FILE...]": the first operand is one of few words, and files come behind it. */
static bool is_choice_and_files(const as_command *c)
{
    return c->choices && c->takes == AS_TAKES_FILE;
}

/* --- bash ------------------------------------------------------------------------- */

static void bash_values(as_buf *out)
{
    as_buf_text(out, "    case $previous in\n");
    for (unsigned i = 0; i < AS_OPT_COUNT; i++) {
        const as_option *o = as_option_get((as_option_id)i);

        if (!o->value)
            continue;
        as_buf_printf(out, "    --%s", o->name);
        if (o->letter)
            as_buf_printf(out, " | -%c", o->letter);
        as_buf_text(out, ")\n");
        if (has_values(o)) {
            as_buf_text(out, "        COMPREPLY=($(compgen -W '");
            put_values(out, o);
            as_buf_text(out, "' -- \"$word\"))\n");
        }
        as_buf_text(out, "        return\n        ;;\n");
    }
    as_buf_text(out, "    esac\n");
}

static void bash_options(as_buf *out)
{
    as_buf_text(out, "    case $command in\n");
    for (unsigned c = 0; c < AS_COMMAND_COUNT; c++) {
        if (c == AS_COMMAND_PROGRAM)
            as_buf_text(out, "    '') options='");
        else
            as_buf_printf(out, "    %s) options='", as_command_get((as_command_id)c)->name);
        for (unsigned i = 0; i < AS_OPT_COUNT; i++) {
            const as_option *o = as_option_get((as_option_id)i);

            if (!as_option_of(o, (as_command_id)c))
                continue;
            as_buf_printf(out, "--%s ", o->name);
            if (o->letter)
                as_buf_printf(out, "-%c ", o->letter);
        }
        as_buf_text(out, "' ;;\n");
    }
    as_buf_text(out, "    esac\n");
}

static void bash_operands(as_buf *out)
{
    as_buf_text(out, "    case $command in\n    ''");
    for (unsigned c = AS_COMMAND_PROGRAM + 1; c < AS_COMMAND_COUNT; c++)
        if (as_command_get((as_command_id)c)->takes == AS_TAKES_COMMAND)
            as_buf_printf(out, " | %s", as_command_get((as_command_id)c)->name);
    as_buf_text(out, ")\n        COMPREPLY=($(compgen -W '");
    put_command_names(out, " ");
    as_buf_text(out, "' -- \"$word\"))\n        ;;\n");
    for (unsigned c = AS_COMMAND_PROGRAM + 1; c < AS_COMMAND_COUNT; c++) {
        const as_command *row = as_command_get((as_command_id)c);

        if (row->choices)
            as_buf_printf(out,
                          "    %s)\n        COMPREPLY=($(compgen -W '%s' -- \"$word\"))\n"
                          "        ;;\n",
                          row->name, row->choices);
    }
    as_buf_text(out, "    esac\n");
}

/* An empty COMPREPLY and "-o default" leave file names to the shell itself. */
void as_completion_bash(as_buf *out)
{
    as_buf_text(out, "# bash completion for assay\n"
                     "_assay()\n{\n"
                     "    local word=${COMP_WORDS[COMP_CWORD]} command='' options=''\n"
                     "    local previous=${COMP_WORDS[COMP_CWORD - 1]} i\n"
                     "    COMPREPLY=()\n"
                     "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                     "        case ${COMP_WORDS[i]} in\n"
                     "        -*) ;;\n"
                     "        *) command=${COMP_WORDS[i]} && break ;;\n"
                     "        esac\n"
                     "    done\n");
    bash_values(out);
    as_buf_text(out, "    if [[ $word == -* ]]; then\n");
    bash_options(out);
    as_buf_text(out, "        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
                     "        return\n"
                     "    fi\n");
    bash_operands(out);
    as_buf_text(out, "}\ncomplete -o default -F _assay assay\n");
}

/* --- zsh --------------------------------------------------------------------------- */

/* Within an _arguments specification brackets and colons have a meaning. */
static void zsh_text(as_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '[' || *text == ']' || *text == ':' || *text == '\\')
            as_buf_byte(out, '\\');
        if (*text == '\'')
            as_buf_text(out, "'\\''");
        else
            as_buf_byte(out, (uint8_t)*text);
    }
}

static void zsh_action(as_buf *out, as_takes takes, const char *choices)
{
    if (choices)
        as_buf_printf(out, "(%s)", choices);
    else if (takes == AS_TAKES_FILE)
        as_buf_text(out, "_files");
    else if (takes == AS_TAKES_COMMAND) {
        as_buf_byte(out, '(');
        put_command_names(out, " ");
        as_buf_byte(out, ')');
    } else
        as_buf_byte(out, ' ');
}

static void zsh_option_action(as_buf *out, const as_option *o)
{
    if (!has_values(o)) {
        zsh_action(out, o->takes, NULL);
        return;
    }
    as_buf_byte(out, '(');
    put_values(out, o);
    as_buf_byte(out, ')');
}

static void zsh_spec(as_buf *out, const as_option *o, const char *dashes, const char *name)
{
    as_buf_printf(out, " \\\n            '%s%s%s%s[", o->takes == AS_TAKES_TEXTS ? "*" : "", dashes,
                  name,
                  !o->value   ? ""
                  : dashes[1] ? "="
                              : "+");
    zsh_text(out, o->help);
    as_buf_byte(out, ']');
    if (o->value) {
        as_buf_printf(out, ":%s:", o->value);
        zsh_option_action(out, o);
    }
    as_buf_byte(out, '\'');
}

static void zsh_option(as_buf *out, const as_option *o)
{
    char letter[2] = {o->letter, '\0'};

    zsh_spec(out, o, "--", o->name);
    if (o->letter)
        zsh_spec(out, o, "-", letter);
}

static void zsh_command(as_buf *out, as_command_id command)
{
    const as_command *c = as_command_get(command);

    as_buf_printf(out, "    %s)\n        _arguments -s", c->name);
    for (unsigned i = 0; i < AS_OPT_COUNT; i++)
        if (as_option_of(as_option_get((as_option_id)i), command))
            zsh_option(out, as_option_get((as_option_id)i));
    if (is_choice_and_files(c))
        as_buf_printf(out, " \\\n            '1:%s:(%s)' \\\n            '*:file:_files'", c->name,
                      c->choices);
    else if (c->most != 0) {
        as_buf_printf(out, " \\\n            '%s:%s:", c->most < 0 ? "*" : "1", c->name);
        zsh_action(out, c->takes, c->choices);
        as_buf_byte(out, '\'');
    }
    as_buf_text(out, "\n        ;;\n");
}

void as_completion_zsh(as_buf *out)
{
    as_buf_text(out, "#compdef assay\n"
                     "_assay() {\n"
                     "    local -a commands\n"
                     "    commands=(\n");
    for (unsigned i = AS_COMMAND_PROGRAM + 1; i < AS_COMMAND_COUNT; i++) {
        const as_command *c = as_command_get((as_command_id)i);

        as_buf_printf(out, "        '%s:", c->name);
        zsh_text(out, c->summary);
        as_buf_text(out, "'\n");
    }
    as_buf_text(out, "    )\n"
                     "    if (( CURRENT == 2 )); then\n"
                     "        if [[ $words[2] == -* ]]; then\n"
                     "            _arguments");
    for (unsigned i = 0; i < AS_OPT_COUNT; i++)
        if (as_option_of(as_option_get((as_option_id)i), AS_COMMAND_PROGRAM))
            zsh_option(out, as_option_get((as_option_id)i));
    as_buf_text(out, "\n        else\n"
                     "            _describe command commands\n"
                     "        fi\n"
                     "        return\n"
                     "    fi\n"
                     "    shift words\n"
                     "    (( CURRENT-- ))\n"
                     "    case $words[1] in\n");
    for (unsigned i = AS_COMMAND_PROGRAM + 1; i < AS_COMMAND_COUNT; i++)
        zsh_command(out, (as_command_id)i);
    as_buf_text(out, "    esac\n}\n"
                     "if [[ $funcstack[1] == _assay ]]; then\n"
                     "    _assay \"$@\"\n"
                     "else\n"
                     "    compdef _assay assay\n"
                     "fi\n");
}

/* --- fish -------------------------------------------------------------------------- */

static void fish_when(as_buf *out, as_command_id command)
{
    if (command == AS_COMMAND_PROGRAM)
        as_buf_text(out, "complete -c assay -n __fish_use_subcommand");
    else
        as_buf_printf(out, "complete -c assay -n '__fish_seen_subcommand_from %s'",
                      as_command_get(command)->name);
}

static void fish_option(as_buf *out, as_command_id command, const as_option *o)
{
    fish_when(out, command);
    as_buf_printf(out, " -l %s", o->name);
    if (o->letter)
        as_buf_printf(out, " -s %c", o->letter);
    if (o->takes == AS_TAKES_FILE)
        as_buf_text(out, " -r -F");
    else if (o->value)
        as_buf_text(out, " -x");
    if (has_values(o)) {
        as_buf_text(out, " -a '");
        put_values(out, o);
        as_buf_byte(out, '\'');
    }
    as_buf_text(out, " -d ");
    put_quoted(out, o->help);
    as_buf_byte(out, '\n');
}

static void fish_operands(as_buf *out, as_command_id command)
{
    const as_command *c = as_command_get(command);

    if (c->takes == AS_TAKES_FILE && !c->choices)
        return; /* what fish does by itself */
    fish_when(out, command);
    if (c->takes != AS_TAKES_FILE)
        as_buf_text(out, " -f");
    if (c->choices)
        as_buf_printf(out, " -a '%s'", c->choices);
    if (c->takes == AS_TAKES_COMMAND) {
        as_buf_text(out, " -a '");
        put_command_names(out, " ");
        as_buf_byte(out, '\'');
    }
    as_buf_byte(out, '\n');
}

void as_completion_fish(as_buf *out)
{
    as_buf_text(out, "# fish completion for assay\n");
    for (unsigned i = AS_COMMAND_PROGRAM + 1; i < AS_COMMAND_COUNT; i++) {
        const as_command *c = as_command_get((as_command_id)i);

        as_buf_printf(out, "complete -c assay -n __fish_use_subcommand -f -a %s -d ", c->name);
        put_quoted(out, c->summary);
        as_buf_byte(out, '\n');
    }
    for (unsigned c = 0; c < AS_COMMAND_COUNT; c++) {
        if (c != AS_COMMAND_PROGRAM)
            fish_operands(out, (as_command_id)c);
        for (unsigned i = 0; i < AS_OPT_COUNT; i++)
            if (as_option_of(as_option_get((as_option_id)i), (as_command_id)c))
                fish_option(out, (as_command_id)c, as_option_get((as_option_id)i));
    }
}

int as_cmd_completion(const as_args *args)
{
    const char *shell = args->operands[0];
    as_buf out = {0};

    if (strcmp(shell, "bash") == 0)
        as_completion_bash(&out);
    else if (strcmp(shell, "zsh") == 0)
        as_completion_zsh(&out);
    else
        as_completion_fish(&out);
    return as_out_print(&out);
}

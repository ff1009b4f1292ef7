#include "cli/options.h"
#include "formats/formats.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* What is being read: where in argv, and how a message ends. */
struct reader {
    as_command_id command;
    int argc;
    char **argv;
    int at;
    as_args *args;
    as_err *err;
    char hint[64];
};

void as_help_hint(as_command_id command, char *dst, size_t cap)
{
    bool program = command == AS_COMMAND_PROGRAM;

    (void)snprintf(dst, cap, "try 'assay help%s%s'", program ? "" : " ",
                   program ? "" : as_command_get(command)->name);
}

bool as_args_has(const as_args *args, as_option_id id)
{
    return args->values[id] != NULL;
}

const char *as_args_get(const as_args *args, as_option_id id)
{
    return args->values[id];
}

/* " for 'analyze'", or nothing for the program itself. */
static void for_command(const struct reader *r, char dst[32])
{
    dst[0] = '\0';
    if (r->command != AS_COMMAND_PROGRAM)
        (void)snprintf(dst, 32, " for '%s'", as_command_get(r->command)->name);
}

static as_code fail_unknown(const struct reader *r, const char *option, int n)
{
    char where[32];

    for_command(r, where);
    return as_fail(r->err, AS_USAGE, AS_NO_OFFSET, "unknown option '%.*s'%s; %s", n, option, where,
                   r->hint);
}

static as_option_id find_long(const struct reader *r, const char *name, size_t n)
{
    for (unsigned i = 0; i < AS_OPT_COUNT; i++) {
        const as_option *o = as_option_get((as_option_id)i);

        if (as_option_of(o, r->command) && strlen(o->name) == n && memcmp(o->name, name, n) == 0)
            return (as_option_id)i;
    }
    return AS_OPT_COUNT;
}

static as_option_id find_letter(const struct reader *r, char letter)
{
    for (unsigned i = 0; i < AS_OPT_COUNT; i++) {
        const as_option *o = as_option_get((as_option_id)i);

        if (as_option_of(o, r->command) && o->letter == letter)
            return (as_option_id)i;
    }
    return AS_OPT_COUNT;
}

/* True if `value` is one of the blank-separated words of `choices`. */
static bool is_choice(const char *choices, const char *value)
{
    size_t n = strlen(value);

    for (const char *at = choices; *at;) {
        size_t word = strcspn(at, " ");

        if (word == n && memcmp(at, value, n) == 0)
            return true;
        at += word;
        at += strspn(at, " ");
    }
    return false;
}

/* "zh en" as "'zh' or 'en'". */
static void name_choices(const char *choices, char *dst, size_t cap)
{
    size_t used = 0;

    dst[0] = '\0';
    for (const char *at = choices; *at;) {
        size_t word = strcspn(at, " ");
        bool last = at[word] == '\0';
        const char *comma = used == 0 ? "" : last ? " or " : ", ";
        int n = snprintf(dst + used, cap - used, "%s'%.*s'", comma, (int)word, at);

        if (n < 0 || (size_t)n >= cap - used)
            return;
        used += (size_t)n;
        at += word;
        at += strspn(at, " ");
    }
}

static as_code take_format(const struct reader *r, as_option_id id, const char *value)
{
    const as_format *f;

    for (size_t i = 0; (f = as_format_get(i)) != NULL; i++)
        if (strcmp(f->id, value) == 0) {
            r->args->values[id] = value;
            return AS_OK;
        }
    return as_fail(r->err, AS_USAGE, AS_NO_OFFSET,
                   "option '--%s' takes a format that 'assay formats' lists, not '%s'; %s",
                   as_option_get(id)->name, value, r->hint);
}

static as_code take_value(const struct reader *r, as_option_id id, const char *value)
{
    const as_option *o = as_option_get(id);
    char choices[96];

    if (o->choices && !is_choice(o->choices, value)) {
        name_choices(o->choices, choices, sizeof(choices));
        return as_fail(r->err, AS_USAGE, AS_NO_OFFSET, "option '--%s' takes %s, not '%s'; %s",
                       o->name, choices, value, r->hint);
    }
    if (o->takes == AS_TAKES_FORMAT)
        return take_format(r, id, value);
    if (o->takes == AS_TAKES_FILE && value[0] == '\0')
        return as_fail(r->err, AS_USAGE, AS_NO_OFFSET, "option '--%s' needs a file name; %s",
                       o->name, r->hint);
    if (o->takes == AS_TAKES_TEXTS && r->args->n_list == AS_ARGS_LIST)
        return as_fail(r->err, AS_USAGE, AS_NO_OFFSET, "option '--%s' may be given %d times; %s",
                       o->name, AS_ARGS_LIST, r->hint);
    if (o->takes == AS_TAKES_TEXTS)
        r->args->list[r->args->n_list++] = value;
    r->args->values[id] = value;
    return AS_OK;
}

/* The value is what follows "=" or the letter, else the next argument. */
static as_code take_option(struct reader *r, as_option_id id, const char *joined)
{
    const as_option *o = as_option_get(id);

    if (!o->value) {
        if (joined)
            return as_fail(r->err, AS_USAGE, AS_NO_OFFSET, "option '--%s' takes no value; %s",
                           o->name, r->hint);
        r->args->values[id] = "";
        return AS_OK;
    }
    if (joined)
        return take_value(r, id, joined);
    if (r->at + 1 >= r->argc)
        return as_fail(r->err, AS_USAGE, AS_NO_OFFSET, "option '--%s' needs a value, %s; %s",
                       o->name, o->value, r->hint);
    return take_value(r, id, r->argv[++r->at]);
}

static as_code read_long(struct reader *r, const char *text)
{
    size_t n = strcspn(text + 2, "=");
    as_option_id id = find_long(r, text + 2, n);
    const char *end = text + 2 + n;

    if (id == AS_OPT_COUNT)
        return fail_unknown(r, text, (int)n + 2);
    return take_option(r, id, *end == '=' ? end + 1 : NULL);
}

/* "-q", "-qo FILE", "-oFILE". */
static as_code read_letters(struct reader *r, const char *text)
{
    for (size_t i = 1; text[i]; i++) {
        as_option_id id = find_letter(r, text[i]);
        char shown[3] = {'-', text[i], '\0'};
        bool valued;
        as_code rc;

        if (id == AS_OPT_COUNT)
            return fail_unknown(r, i == 1 ? text : shown, i == 1 ? 256 : 2);
        valued = as_option_get(id)->value != NULL;
        rc = take_option(r, id, valued && text[i + 1] ? text + i + 1 : NULL);
        if (rc || valued)
            return rc;
    }
    return AS_OK;
}

static as_code check_operands(const struct reader *r)
{
    const as_command *c = as_command_get(r->command);
    const as_args *a = r->args;
    char choices[96];

    if (as_args_has(a, AS_OPT_HELP))
        return AS_OK;
    if (a->n_operands < c->least)
        return as_fail(r->err, AS_USAGE, AS_NO_OFFSET, "'%s' needs %s; %s", c->name, c->operands,
                       r->hint);
    if (c->most >= 0 && a->n_operands > c->most)
        return as_fail(r->err, AS_USAGE, AS_NO_OFFSET, "'%s' takes no '%s'; %s", c->name,
                       a->operands[c->most], r->hint);
    if (c->choices && a->n_operands > 0 && !is_choice(c->choices, a->operands[0])) {
        name_choices(c->choices, choices, sizeof(choices));
        return as_fail(r->err, AS_USAGE, AS_NO_OFFSET, "'%s' takes %s, not '%s'; %s", c->name,
                       choices, a->operands[0], r->hint);
    }
    return AS_OK;
}

as_code as_args_read(as_command_id command, int argc, char **argv, as_args *ret, as_err *err)
{
    as_args args = {.command = command, .operands = argv};
    struct reader r = {.command = command, .argc = argc, .argv = argv, .args = &args, .err = err};
    bool options = true;
    as_code rc = AS_OK;

    as_help_hint(command, r.hint, sizeof(r.hint));
    for (r.at = 0; !rc && r.at < argc; r.at++) {
        char *text = argv[r.at];

        if (options && strcmp(text, "--") == 0)
            options = false;
        else if (options && text[0] == '-' && text[1] == '-')
            rc = read_long(&r, text);
        else if (options && text[0] == '-' && text[1] != '\0')
            rc = read_letters(&r, text);
        else
            argv[args.n_operands++] = text; /* never ahead of what is still to be read */
    }
    if (!rc)
        rc = check_operands(&r);
    if (!rc)
        *ret = args;
    return rc;
}

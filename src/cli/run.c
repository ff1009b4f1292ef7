#include "cli/cli_priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

/*
 * A closed standard stream would give its number to the next file we open, and what
 * is meant for the one would end up in the other. Opened the wrong way round, they
 * still fail as closed ones do.
 */
static void keep_standard_streams(void)
{
    static const int how[] = {O_WRONLY, O_RDONLY, O_WRONLY};

    for (int fd = 0; fd < (int)AS_COUNT(how); fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open("/dev/null", how[fd]);
}

static int usage(as_err *err)
{
    err->code = AS_USAGE;
    return as_say_error(err);
}

static int no_command(const char *name)
{
    as_err err = {0};
    as_command_id near = as_command_nearest(name);

    if (near != AS_COMMAND_COUNT)
        (void)as_fail(&err, AS_USAGE, AS_NO_OFFSET, "unknown command '%s'; did you mean '%s'?",
                      name, as_command_get(near)->name);
    else if (access(name, F_OK) == 0)
        (void)as_fail(&err, AS_USAGE, AS_NO_OFFSET,
                      "unknown command '%s'; to describe that report, 'assay analyze' comes first",
                      name);
    else
        (void)as_fail(&err, AS_USAGE, AS_NO_OFFSET, "unknown command '%s'; try 'assay help'", name);
    return usage(&err);
}

static int show_help(as_command_id command)
{
    as_buf out = {0};

    if (command == AS_COMMAND_PROGRAM)
        as_help_program(&out);
    else
        as_help_command(&out, command);
    return as_out_print(&out);
}

/* Options without a command: --help [COMMAND] and --version. */
static int run_program(int argc, char **argv)
{
    as_err err = {0};
    as_args args;
    as_buf out = {0};

    if (as_args_read(AS_COMMAND_PROGRAM, argc, argv, &args, &err))
        return usage(&err);
    if (as_args_has(&args, AS_OPT_HELP)) {
        as_command_id id = AS_COMMAND_PROGRAM;

        if (args.n_operands > 0)
            id = as_command_find(args.operands[0]);
        return id == AS_COMMAND_COUNT ? no_command(args.operands[0]) : show_help(id);
    }
    if (as_args_has(&args, AS_OPT_VERSION)) {
        as_buf_text(&out, "assay " AS_VERSION "\n");
        return as_out_print(&out);
    }
    (void)as_fail(&err, AS_USAGE, AS_NO_OFFSET, "no command given; try 'assay help'");
    return usage(&err);
}

int as_cli_run(int argc, char **argv)
{
    as_err err = {0};
    as_command_id id;
    as_args args;

    keep_standard_streams();
    if (argc < 2) {
        (void)as_fail(&err, AS_USAGE, AS_NO_OFFSET, "no command given; try 'assay help'");
        return usage(&err);
    }
    if (argv[1][0] == '-')
        return run_program(argc - 1, argv + 1);
    id = as_command_find(argv[1]);
    if (id == AS_COMMAND_COUNT)
        return no_command(argv[1]);
    if (as_args_read(id, argc - 2, argv + 2, &args, &err))
        return usage(&err);
    if (as_args_has(&args, AS_OPT_HELP))
        return show_help(id);
    return as_command_get(id)->run(&args);
}

int as_cmd_help(const as_args *args)
{
    as_command_id id = AS_COMMAND_PROGRAM;

    if (args->n_operands > 0)
        id = as_command_find(args->operands[0]);
    return id == AS_COMMAND_COUNT ? no_command(args->operands[0]) : show_help(id);
}

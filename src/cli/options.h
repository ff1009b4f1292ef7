/*
 * options - the one table of commands and the one table of options.
 *
 *     as_args args;
 *     if (as_args_read(command, argc, argv, &args, &err)) ...
 *     if (as_args_has(&args, AS_OPT_JSON)) ...
 *
 * Parsing, --help, the manual pages and the completion scripts all read these two
 * tables, so an option cannot work without being documented or the other way round.
 *
 * Depends on: base.  Threads: constant data; one as_args, one thread.
 */
#ifndef AS_OPTIONS_H
#define AS_OPTIONS_H

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The program itself is the first row: "assay --version" is an option of no command. */
#define AS_COMMAND_MAP(X)                                                                          \
    X(PROGRAM)                                                                                     \
    X(ANALYZE)                                                                                     \
    X(FACTS)                                                                                       \
    X(CALLS)                                                                                       \
    X(EVIDENCE)                                                                                    \
    X(ADD)                                                                                         \
    X(SAMPLES)                                                                                     \
    X(SHOW)                                                                                        \
    X(RM)                                                                                          \
    X(ASK)                                                                                         \
    X(SEARCH)                                                                                      \
    X(EMBED)                                                                                       \
    X(EXPORT)                                                                                      \
    X(IMPORT)                                                                                      \
    X(CHECK)                                                                                       \
    X(STATS)                                                                                       \
    X(EVAL)                                                                                        \
    X(MODEL)                                                                                       \
    X(FORMATS)                                                                                     \
    X(DOCTOR)                                                                                      \
    X(HELP)                                                                                        \
    X(COMPLETION)                                                                                  \
    X(MAN)

typedef enum as_command_id {
#define AS_X(id) AS_COMMAND_##id,
    AS_COMMAND_MAP(AS_X)
#undef AS_X
        AS_COMMAND_COUNT
} as_command_id;

typedef enum as_option_id {
    AS_OPT_LANG,
    AS_OPT_FORMAT,
    AS_OPT_JSON,
    AS_OPT_FULL,
    AS_OPT_COVERAGE,
    AS_OPT_WIDTH,
    AS_OPT_COLOR,
    AS_OPT_IN,
    AS_OPT_RAW,
    AS_OPT_AS,
    AS_OPT_PASSWORD,
    AS_OPT_STORE,
    AS_OPT_SINCE,
    AS_OPT_SAMPLE,
    AS_OPT_TOOL,
    AS_OPT_SECTION,
    AS_OPT_TRACE,
    AS_OPT_LIMIT,
    AS_OPT_ENCODER,
    AS_OPT_POOLING,
    AS_OPT_PRECISION,
    AS_OPT_THREADS,
    AS_OPT_KIND,
    AS_OPT_TOKENS,
    AS_OPT_NPY,
    AS_OPT_FILL,
    AS_OPT_JOBS,
    AS_OPT_REPAIR,
    AS_OPT_DEEP,
    AS_OPT_MARKDOWN,
    AS_OPT_DATA,
    AS_OPT_SPLIT,
    AS_OPT_ONLY,
    AS_OPT_NO_VARIANTS,
    AS_OPT_FAIL_UNDER,
    AS_OPT_NAME,
    AS_OPT_CORPUS,
    AS_OPT_WEIGHTS,
    AS_OPT_OUTPUT,
    AS_OPT_QUIET,
    AS_OPT_VERBOSE,
    AS_OPT_HELP,
    AS_OPT_VERSION,
    AS_OPT_COUNT
} as_option_id;

/* What stands in the place of a value or an operand, for completion. */
typedef enum as_takes {
    AS_TAKES_NOTHING,
    AS_TAKES_FILE,
    AS_TAKES_CHOICE,
    AS_TAKES_NUMBER,
    AS_TAKES_COMMAND,
    AS_TAKES_FORMAT, /* an id of the table of formats */
    AS_TAKES_TEXT,
    AS_TAKES_TEXTS /* the option may be given again: see as_args.list */
} as_takes;

typedef struct as_option {
    const char *name; /* "lang": written --lang */
    char letter;      /* 'q': written -q; 0: none */
    as_takes takes;
    const char *value;   /* its value in help: "FILE"; NULL: takes none */
    const char *choices; /* "zh en": the only values; NULL: any */
    uint32_t commands;   /* bit 1 << as_command_id for each that has it */
    const char *help;    /* one line, no full stop */
} as_option;

typedef struct as_example {
    const char *line;
    const char *what;
} as_example;

#define AS_EXAMPLES_MAX 4

struct as_args;

typedef struct as_command {
    const char *name;
    const char *operands; /* "REPORT..." or "" */
    as_takes takes;
    const char *choices;
    int least, most;     /* operands; most < 0: any number */
    const char *summary; /* one line, no full stop */
    const char *text;    /* paragraphs, one blank line between */
    as_example examples[AS_EXAMPLES_MAX];
    int (*run)(const struct as_args *args); /* exit status; NULL: the program */
} as_command;

typedef struct as_variable {
    const char *name;
    const char *help;
    uint32_t commands;
} as_variable;

typedef struct as_status {
    int status;
    const char *help;
} as_status;

const as_command *as_command_get(as_command_id id);
const as_option *as_option_get(as_option_id id);
const as_variable *as_variables(size_t *ret_n); /* of the environment */
const as_status *as_statuses(size_t *ret_n);    /* what an exit status means */

static inline bool as_option_of(const as_option *o, as_command_id command)
{
    return (o->commands >> command & 1u) != 0;
}

/* The command of that name, or AS_COMMAND_COUNT. */
as_command_id as_command_find(const char *name);

/* The command that `name` may have been meant to be, or AS_COMMAND_COUNT. */
as_command_id as_command_nearest(const char *name);

#define AS_ARGS_LIST 32 /* times that an option may be repeated */

typedef struct as_args {
    as_command_id command;
    const char *values[AS_OPT_COUNT]; /* "" for an option without value; NULL: not given */
    char **operands;                  /* moved to the front of argv */
    int n_operands;
    const char *list[AS_ARGS_LIST]; /* all values of the one option that may be repeated */
    size_t n_list;
} as_args;

/*
 * Reads what follows the command's name. Options and operands may be mixed; "--"
 * ends the options; the last of a repeated option counts, unless it takes texts. AS_USAGE with the
 * exact line to print. With --help nothing else is demanded.
 */
as_code as_args_read(as_command_id command, int argc, char **argv, as_args *ret,
                     as_err *err) AS_CHECKED;

bool as_args_has(const as_args *args, as_option_id id);

/* Its value, or NULL. */
const char *as_args_get(const as_args *args, as_option_id id);

/* " try 'assay help analyze'" is the end of every usage error; this is the command in it. */
void as_help_hint(as_command_id command, char *dst, size_t cap);

/* The documents made of the tables; appended to `out`. */
void as_help_program(as_buf *out);
void as_help_command(as_buf *out, as_command_id command);
void as_man_page(as_buf *out, as_command_id command); /* AS_COMMAND_PROGRAM: assay(1) */
void as_completion_bash(as_buf *out);
void as_completion_zsh(as_buf *out);
void as_completion_fish(as_buf *out);

#ifdef __cplusplus
}
#endif
#endif

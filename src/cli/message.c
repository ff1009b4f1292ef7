#include "cli/cli_priv.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* A line of the log has room for 1023 bytes, and what went wrong must be among them. */
#define NAME_SHOWN ((size_t)400)

const char *as_input_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

int as_say_error(const as_err *err)
{
    as_log(AS_LOG_ERROR, "%s", err->msg);
    return as_code_exit(err->code);
}

/* True if the message names the input itself: "cannot open 'x.json': ...". */
static bool names_input(const as_err *err, const char *path)
{
    size_t n = strlen(path);

    for (const char *at = strchr(err->msg, '\''); at; at = strchr(at + 1, '\''))
        if (strncmp(at + 1, path, n) == 0 && at[1 + n] == '\'')
            return true;
    return false;
}

int as_say_input(const char *path, const as_err *err)
{
    const char *name = as_input_name(path), *dots = "";
    size_t n = strlen(name);

    if (n > NAME_SHOWN) {
        name += n - NAME_SHOWN;
        dots = "...";
    }
    if (err->offset != AS_NO_OFFSET)
        as_log(AS_LOG_ERROR, "%s%s: byte %zu: %s", dots, name, err->offset, err->msg);
    else if (names_input(err, path))
        as_log(AS_LOG_ERROR, "%s", err->msg);
    else
        as_log(AS_LOG_ERROR, "%s%s: %s", dots, name, err->msg);
    return as_code_exit(err->code);
}
